"""Centring a drawing: MNIST's own digits, moved and enlarged, must come back as they were."""

import numpy as np
import pytest
import torch

from ffteach import predict, train
from ffteach.live.pad.handwriting import BOX, centre_digit
from ffteach.runs.recipes import RECIPES

POSITIONS = np.arange(28)


def as_drawing(image, *, side=150, top=0, left=0, factor=4):
    """A digit `(784,)` cut out, `factor` times as large, on a larger sheet at `top`, `left`."""
    pixels = np.rint(255 * image.reshape(28, 28).numpy()).astype(np.uint8)
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    cut = (
        pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        .repeat(factor, axis=0)
        .repeat(factor, axis=1)
    )
    sheet = np.zeros((side, side), np.uint8)
    sheet[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return sheet


def fills_the_box(image):
    page = image.reshape(28, 28)
    return max(int(page.any(dim=axis).sum()) for axis in (0, 1)) == BOX


def test_mnist_digits_moved_and_enlarged_come_back_as_they_were(digits):
    images = [image for image in digits.test.images if fills_the_box(image)]
    assert len(images) > 90
    same = 0
    for number, image in enumerate(images):
        found = centre_digit(
            as_drawing(image, top=number % 60, left=3 * number % 50, factor=2 + number % 3)
        )
        assert (
            found.shape == (784,)
            and found.dtype == torch.float32
            and found.min() >= 0
            and found.max() <= 1
        )
        near = [
            found.reshape(28, 28).roll((down, right), (0, 1))
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        ]
        errors = [(moved - image.reshape(28, 28)).abs().max() for moved in near]
        assert (
            min(errors) < 1e-6
        )  # a centre of mass on the edge of two pixels may be rounded either way
        same += bool(errors[4] < 1e-6)
    assert same >= 0.95 * len(images)


def test_a_network_gives_the_same_answers(digits):
    recipe = RECIPES["quick"].but(widths=(784, 100), batch_size=20, rate_decay="none")
    training = train(recipe.network(), digits, recipe)
    for _ in range(60):
        next(training)
    back = torch.stack(
        [centre_digit(as_drawing(image, top=31, left=7)) for image in digits.test.images]
    )
    assert (
        predict(training.net, back) == predict(training.net, digits.test.images)
    ).float().mean() >= 0.97


@pytest.mark.parametrize("size", [(3, 40), (40, 3), (17, 17), (100, 60), (1, 1)])
def test_any_stroke_fills_the_box_with_its_shape_kept_and_its_mass_in_the_middle(size):
    height, width = size
    drawing = np.zeros((112, 120), np.uint8)
    drawing[5 : 5 + height, 11 : 11 + width] = 255
    page = centre_digit(drawing).reshape(28, 28).numpy()
    found = [int(page.any(axis=axis).sum()) for axis in (1, 0)]
    assert max(found) == BOX and found == pytest.approx(
        [20 * length / max(size) for length in size], abs=1
    )
    for axis in (0, 1):
        assert abs((page.sum(axis=1 - axis) * POSITIONS).sum() / page.sum() - 14) <= 0.5
    assert page.max() == 1


def test_a_lopsided_drawing_stays_on_the_page():
    drawing = np.zeros((112, 112), np.uint8)
    drawing[:30, :30], drawing[0, :] = (
        255,
        255,
    )  # its mass is at the left, its box reaches far to the right
    page = centre_digit(drawing).reshape(28, 28)
    assert page.any(dim=0).sum() == BOX and page[:, -1].any()


def test_an_empty_drawing_stays_empty_and_the_drawing_is_left_alone(digits):
    assert not centre_digit(np.zeros((112, 112), np.uint8)).any()
    drawing = as_drawing(digits.test.images[0])
    before = drawing.copy()
    centre_digit(drawing)
    assert np.array_equal(drawing, before)


@pytest.mark.parametrize(
    "wrong", [np.zeros((28, 28)), np.zeros(784, np.uint8), torch.zeros(28, 28)]
)
def test_another_type_or_shape_is_named(wrong):
    with pytest.raises(TypeError, match="expected uint8"):
        centre_digit(wrong)
