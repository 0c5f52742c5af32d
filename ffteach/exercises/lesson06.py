"""Unit 6: local receptive fields, and what they cost."""

import torch

from .engine import Exercise, plain

UNIT = "Unit 6: local eyes"


# ---- 6.1


def _patches(images, side, field, stride):
    squares = images.reshape(len(images), side, side)
    seen = squares.unfold(1, field, stride).unfold(2, field, stride)  # (n, g, g, field, field)
    return seen.flatten(3).flatten(1, 2)


def _judge_patches(trial, patches):
    for side, field, stride in ((28, 7, 3), (12, 4, 2), (9, 3, 2)):
        images = trial.rand(5, side * side)
        inputs = f"5 images of {side} x {side}, fields of {field}, stride {stride}"
        seen = trial.call(patches, images, field, stride, inputs=inputs)
        right = _patches(images, side, field, stride)
        seen = trial.tensor(seen)
        n, places, pixels = right.shape
        grid = round(places**0.5)
        trial.require(tuple(seen.shape) != (n, pixels, places), "pixels before places")
        trial.require(tuple(seen.shape) != (places, n, pixels), "places before images")
        trial.require(tuple(seen.shape) != (n, grid, grid, field, field), "not flat")
        trial.require(
            seen.dim() != 3 or seen.shape[1] != (side - field + 1) ** 2 or stride == 1, "stride"
        )
        trial.tensor(seen, right.shape)
        turned = right.reshape(n, grid, grid, pixels).transpose(1, 2).reshape(right.shape)
        inside = right.reshape(n, places, field, field).transpose(2, 3).reshape(right.shape)
        mixed = right.transpose(1, 2).reshape(right.shape)
        wrong = {
            "columns first": [turned, turned.reshape(n, places, field, field).mT.flatten(2)],
            "turned inside": inside,
            "reshaped, not transposed": mixed,
        }
        trial.same(seen, right, wrong)


patches = Exercise(
    "patches",
    "6.1 patches",
    points=4,
    minutes=20,
    judge=_judge_patches,
    errors={"no square": ("invalid for input of size",)},
    says={
        "pixels before places": "You return (n, pixels, places), as F.unfold does. Each place "
        "should be a row: swap the last two dimensions.",
        "places before images": "The places come first. That is the form for the batched product; "
        "the task asks for (n, places, field * field).",
        "not flat": "The result still has five dimensions. Flatten the two of the grid, and the "
        "two of the field.",
        "stride": "There is a patch at every pixel: the stride is not used.",
        "columns first": "The places go down the columns first. They should go row by row, as you "
        "read.",
        "turned inside": "Each patch lies on its side: rows and columns are exchanged within it.",
        "reshaped, not transposed": "The numbers are all there, in the wrong places: reshape keeps "
        "the order of the numbers in memory, transpose exchanges dimensions.",
        "no square": "A reshape does not fit: the images of the check are not all 28 x 28. Their "
        "side is the root of their number of pixels.",
    },
    hints=(
        "Bring the images to (n, side, side). tensor.unfold(dimension, size, step) cuts windows.",
        "Twice, once for the rows and once for the columns: (n, grid, grid, field, field).",
        "squares.unfold(1, field, stride).unfold(2, field, stride).flatten(3).flatten(1, 2).",
    ),
    solution="""
def patches(images, field, stride):
    side = round(images.shape[1] ** 0.5)
    squares = images.reshape(-1, side, side)
    seen = squares.unfold(1, field, stride).unfold(2, field, stride)
    return seen.flatten(3).flatten(1, 2)
""",
)


# ---- 6.2


def _judge_equal_cost(trial, equal_cost):
    for side, field, stride, units in ((28, 7, 3, 16), (28, 13, 3, 16), (32, 9, 2, 10)):
        inputs = f"side {side}, field {field}, stride {stride}, {units} units at a place"
        value = plain(trial.call(equal_cost, side, field, stride, units, inputs=inputs))
        trial.require(type(value) in (int, float), "one number")
        grid = (side - field) // stride + 1
        weights = grid**2 * units * field**2
        right = weights / side**2
        wrong = {
            "the weights": weights,
            "units of the local layer": grid**2 * units,
            "one place too few": ((side - field) // stride) ** 2 * units * field**2 / side**2,
            "places along one side only": grid * units * field**2 / side**2,
            "shared weights": units * field**2 / side**2,
            "stride": (side - field + 1) ** 2 * units * field**2 / side**2,
            "field not squared": grid**2 * units * field / side**2,
            "side not squared": weights / side,
        }
        if abs(value - right) < 1 and (value == int(value) or abs(value - right) < 1e-3):
            continue
        for name, other in wrong.items():
            if abs(value - other) < 1e-3 * other or value in (int(other), round(other)):
                trial.no(name)
        trial.same(torch.tensor(float(value)), torch.tensor(float(right)))


equal_cost = Exercise(
    "equal_cost",
    "6.2 equal cost",
    points=2,
    minutes=10,
    judge=_judge_equal_cost,
    says={
        "one number": "The answer is one number: how many units.",
        "the weights": "This is the number of weights. How many units with `side * side` weights "
        "each can one make of them?",
        "units of the local layer": "This is the number of units of the LOCAL layer. The question "
        "is for a full view with as many weights.",
        "one place too few": "Along one side there is one place more than steps: 10 pixels, field "
        "4, stride 3 has places at 0, 3 and 6.",
        "places along one side only": "The places form a square grid: as many down as across.",
        "shared weights": "You count one place, as if all shared their weights. That would be a "
        "convolution.",
        "stride": "You count a place at every pixel: the stride is missing.",
        "field not squared": "A field of 7 sees 7 x 7 pixels.",
        "side not squared": "A full view has one weight for each pixel: side x side of them.",
    },
    hints=(
        "How many places along one side? How many weights at one place?",
        "grid = (side - field) // stride + 1; a place has units * field ** 2 weights.",
        "A unit with a full view has side ** 2 weights: divide.",
    ),
    solution="""
def equal_cost(side, field, stride, units):
    grid = (side - field) // stride + 1
    return grid**2 * units * field**2 / side**2
""",
)


# ---- 6.3


def _judge_moved(trial, moved):
    for n, h, d in ((6, 5, 12), (3, 4, 30)):
        x, weight = trial.randn(n, d), trial.randn(h, d)
        order = torch.randperm(d, generator=trial.rng)
        inputs = f"weights {(h, d)} and an order of {d} pixels"
        value = trial.call(moved, weight, order, inputs=inputs)
        value = trial.tensor(value, weight.shape, grad=False)
        wrong = {
            "the way back": weight[:, order.argsort()],
            "nothing moved": weight,
            "backwards": weight.flip(1),
        }
        trial.same(value, weight[:, order], wrong)
        trial.require(torch.allclose(x[:, order] @ value.T, x @ weight.T, atol=1e-4), "unknown")


moved = Exercise(
    "moved",
    "6.3 shuffled pixels",
    points=3,
    minutes=10,
    judge=_judge_moved,
    says={
        "the way back": "This shuffles the weights the other way round (argsort turns an order "
        "back). The weight of a pixel has to go where its pixel went.",
        "nothing moved": "The weights are where they were. On shuffled pixels they then meet the "
        "wrong ones.",
        "backwards": "You turn the row round. The order is another one.",
    },
    hints=(
        "Column j of the shuffled images is column order[j] of the images.",
        "So column j of the new weights must be the weight of pixel order[j].",
        "Index the columns of the weights as those of the images.",
    ),
    solution="""
def moved(weight, order):
    return weight[:, order]
""",
)

EXERCISES = (patches, equal_cost, moved)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
