"""Unit 9: pipelines without a way back."""

import torch

from .engine import Exercise, plain

UNIT = "Unit 9: no way back"


# ---- 9.1


def _judge_idle_share(trial, idle_share):
    for layers, parts in ((4, 1), (4, 4), (8, 3), (2, 10)):
        inputs = f"{layers} layers, {parts} parts"
        value = plain(trial.call(idle_share, layers, parts, inputs=inputs))
        trial.require(type(value) in (int, float), "one number")
        wait = layers - 1
        right = wait / (parts + wait)
        if abs(value - right) < 1e-6:
            continue
        wrong = {
            "busy share": parts / (parts + wait),
            "in percent": 100 * right,
            "against the work": wait / parts,
            "one machine too many": layers / (parts + layers),
            "parts not used": wait / layers,
        }
        for name, other in wrong.items():
            trial.require(abs(value - other) > 1e-6, name)
        trial.same(torch.tensor(float(value)), torch.tensor(right))


idle_share = Exercise(
    "idle_share",
    "9.1 the bubble",
    points=3,
    minutes=15,
    judge=_judge_idle_share,
    says={
        "one number": "The answer is one number between 0 and 1.",
        "busy share": "This is the share of their time in which the machines work. The rest is the "
        "bubble.",
        "in percent": "The share is a number between 0 and 1, not in percent.",
        "against the work": "You divide the wait by the work. A share of all time has wait plus "
        "work below the line: with one part yours is above 1.",
        "one machine too many": "The first part has to travel past layers - 1 machines before the "
        "last one has work: one machine is never waited for.",
        "parts not used": "The number of parts makes no difference here. Draw the time line for "
        "one part and for two.",
    },
    hints=(
        "Count in turns: a turn is one part on one machine. How long does the forward pass take?",
        "The last part leaves the last machine after parts + layers - 1 turns; each machine worked "
        "in `parts` of them. The backward pass is the same picture, mirrored.",
        "Idle turns are layers - 1 of parts + layers - 1.",
    ),
    solution="""
def idle_share(layers, parts):
    return (layers - 1) / (parts + layers - 1)
""",
)


# ---- 9.2


def _starts(seconds, batches):
    starts = torch.zeros(batches, len(seconds))
    for batch in range(batches):
        for layer in range(len(seconds)):
            below = starts[batch, layer - 1] + seconds[layer - 1] if layer else 0.0
            own = starts[batch - 1, layer] + seconds[layer] if batch else 0.0
            starts[batch, layer] = max(below, own)
    return starts


def _judge_starts(trial, starts):
    for seconds, batches in (((2.0, 3.0), 4), ((3.0, 1.0, 2.0), 5), ((1.0, 4.0, 2.0, 3.0), 3)):
        inputs = f"layers that take {seconds} and {batches} batches"
        found = trial.tensor(trial.call(starts, seconds, batches, inputs=inputs), kind=None)
        right, times = _starts(seconds, batches), torch.tensor(seconds)
        layers = len(seconds)
        trial.require(tuple(found.shape) != (layers, batches), "layers before batches")
        found = trial.tensor(found, right.shape, kind=None).double()
        before = times.cumsum(0) - times
        batch = torch.arange(float(batches))[:, None]
        wrong = {
            "ends": right + times,
            "one process": batch * times.sum() + before,
            "in step with the slowest": (batch + torch.arange(layers)) * times.max(),
            "own machine forgotten": before.expand(batches, -1),
            "layer below forgotten": batch * times,
            "sum of both": before + batch * times,
        }
        trial.same(found, right, wrong)


starts = Exercise(
    "starts",
    "9.2 a schedule",
    points=4,
    minutes=20,
    judge=_judge_starts,
    says={
        "layers before batches": "The result has a row for each layer. The task asks for "
        "(batches, layers).",
        "ends": "These are the times at which the tasks END. Take off the time of the layer.",
        "one process": "Each batch waits until the one before has left the last layer. That is one "
        "process: the first machine is free long before.",
        "in step with the slowest": "All machines move in step with the slowest layer. A fast one "
        "may begin as soon as its batch is there.",
        "own machine forgotten": "All batches begin at once: a machine can only do one at a time.",
        "layer below forgotten": "The layers begin together: a layer has to wait for the "
        "activities of the layer below.",
        "sum of both": "You add the two waits. Both run at the same time: the later one counts.",
    },
    hints=(
        "A task waits for two things. Which?",
        "Its machine must have done the batch before, and the layer below this batch. The first "
        "batch and the first layer wait for one of them only.",
        "start = max(start of the batch before + seconds[layer], start below + "
        "seconds[layer - 1]).",
    ),
    solution="""
def starts(seconds, batches):
    result = torch.zeros(batches, len(seconds))
    for batch in range(batches):
        for layer in range(len(seconds)):
            waits = [0.0]
            if batch > 0:
                waits.append(result[batch - 1, layer] + seconds[layer])
            if layer > 0:
                waits.append(result[batch, layer - 1] + seconds[layer - 1])
            result[batch, layer] = max(waits)
    return result
""",
)


# ---- 9.3


def _judge_stale(trial, stale):
    for steps, age in ((6, 2), (6, 0), (4, 5), (3, 9)):
        x, history = trial.randn(7, 12), [trial.randn(5, 12).requires_grad_() for _ in range(steps)]
        inputs = f"{steps} weights and age {age}"
        found = trial.call(stale, history, x, age, inputs=inputs)
        every = [(x @ weight.detach().T).relu() for weight in history]
        found = trial.tensor(found, every[0].shape, grad=False)
        place = max(steps - 1 - age, 0)
        linear = x @ history[place].detach().T
        wrong = {
            "newest": every[-1],
            "off by one": [every[-min(age, steps)], every[max(place - 1, 0)]],
            "from the oldest": every[min(age, steps - 1)],
            "from the end again": every[(steps - 1 - age) % steps],
            "no ReLU": linear,
        }
        trial.same(found, every[place], wrong)


stale = Exercise(
    "stale",
    "9.3 an older layer below",
    points=3,
    minutes=15,
    judge=_judge_stale,
    errors={"too old": ("list index out of range", "deque index out of range")},
    says={
        "newest": "You use the newest weights, whatever the age.",
        "off by one": "The weights are one step too old or too young. Age 0 is the newest, "
        "history[-1]; and history[-0] is history[0], the oldest.",
        "from the oldest": "You count from the oldest. The newest weights are the last of the "
        "list.",
        "from the end again": "The index has become negative, and Python counts from the end "
        "again: an age beyond the oldest must give the oldest.",
        "too old": "The age goes beyond the list: `list index out of range`. Then take the oldest "
        "there is.",
        "no ReLU": "These are the sums before the ReLU. An activity is never negative.",
    },
    hints=(
        "Where in the list are the weights of age 0, 1, 2?",
        "At len(history) - 1 - age, as long as that is not negative.",
        "Take max(len(history) - 1 - age, 0), and compute without a graph: nothing is sent back.",
    ),
    solution="""
def stale(history, x, age):
    weight = history[max(len(history) - 1 - age, 0)].detach()
    return torch.relu(x @ weight.T)
""",
)


# ---- 9.4


def _judge_kept(trial, kept):
    for batch, widths in ((100, (784, 500, 500)), (64, (784, 300, 200, 100)), (10, (50, 80, 20))):
        inputs = f"batches of {batch}, widths {widths}"
        pair = trial.pair(trial.call(kept, batch, widths, inputs=inputs))
        found = [plain(value) for value in pair]
        trial.require(all(type(value) in (int, float) for value in found), "numbers")
        sides = [low + high for low, high in zip(widths, widths[1:])]
        backprop, forward = batch * sum(widths), 2 * batch * max(sides)
        trial.require(found != [forward, backprop], "the other way round")
        trial.require(found != [4 * backprop, 4 * forward], "bytes")
        trial.require(found != [sum(widths), 2 * max(sides)], "one image")
        trial.require(found[0] != batch * sum(widths[1:]), "input forgotten")
        trial.require(found[0] != 2 * batch * sum(widths), "negatives in backprop")
        trial.require(found[0] != batch * sum(sides), "counted twice")
        trial.same(torch.tensor(float(found[0])), torch.tensor(float(backprop)))
        trial.require(found[1] != forward / 2, "negatives forgotten", 0.5)
        trial.require(found[1] != 2 * batch * sum(sides), "all layers", 0.5)
        trial.require(found[1] != 2 * batch * sum(widths), "all layers", 0.5)
        trial.require(found[1] != 2 * batch * max(widths), "one side of the layer", 0.5)
        trial.require(found[1] != 2 * batch * sides[-1], "last layer", 0.5)
        trial.same(torch.tensor(float(found[1])), torch.tensor(float(forward)), points=0.5)


kept = Exercise(
    "kept",
    "9.4 what is kept",
    points=3,
    minutes=15,
    judge=_judge_kept,
    says={
        "numbers": "Both values are plain numbers.",
        "the other way round": "Both are right, in the other order: first backpropagation, then "
        "Forward-Forward.",
        "bytes": "This is the number of bytes. The task asks how many numbers.",
        "one image": "This is what one image needs. A batch is kept as a whole.",
        "input forgotten": "Backpropagation keeps the images, too: the gradient of the first "
        "layer's weights needs its input.",
        "negatives in backprop": "Backpropagation has no negatives: one row for each image.",
        "counted twice": "The output of a layer is the input of the next, and is kept once.",
        "negatives forgotten": "Backpropagation is right. Forward-Forward sees each image twice, "
        "as a positive and as a negative.",
        "all layers": "Backpropagation is right. With Forward-Forward a layer is done before the "
        "next begins: only the largest counts.",
        "one side of the layer": "Backpropagation is right. To update a layer you need its input "
        "AND its activities.",
        "last layer": "Backpropagation is right. With Forward-Forward the largest layer counts, "
        "wherever it stands.",
    },
    hints=(
        "Write down which activities an update needs, layer by layer.",
        "Backpropagation: images and all activities, once each. Forward-Forward: input and "
        "activities of one layer, for positives and negatives.",
        "batch * sum(widths), and the largest 2 * batch * (width below + width).",
    ),
    solution="""
def kept(batch, widths):
    one_layer = [low + high for low, high in zip(widths, widths[1:])]
    return batch * sum(widths), 2 * batch * max(one_layer)
""",
)

EXERCISES = (idle_share, starts, stale, kept)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
