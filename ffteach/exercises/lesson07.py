"""Unit 7: a network that looks back from the top."""

import torch

from .engine import Exercise, plain

UNIT = "Unit 7: looking back"


# ---- 7.1


def _unit(x, scale=None):
    scale = x.shape[1] ** 0.5 if scale is None else scale
    return x * scale / (x.norm(dim=1, keepdim=True) + 1e-6)


def _later(h, below, above, up, down, bias, *, rescale=_unit, kept=0.3):
    new = (rescale(below) @ up.T + rescale(above) @ down.T + bias).relu()
    return kept * h + (1 - kept) * new


def _judge_later(trial, later):
    for n, d, units, top in ((6, 12, 8, 5), (3, 30, 9, 10)):
        h, below, above = (trial.rand(n, width, high=3) for width in (units, d, top))
        up, down = trial.randn(units, d) / d**0.5, trial.randn(units, top) / top**0.5
        given = h, below, above, up, down, 0.1 * trial.randn(units)
        inputs = f"{units} units above {d} and below {top}, {n} rows"
        value = trial.tensor(trial.call(later, *given, inputs=inputs), (n, units))
        z = _unit(below) @ up.T + _unit(above) @ down.T + given[-1]
        only = [_unit(below) @ up.T + given[-1], _unit(above) @ down.T + given[-1]]
        apart = only[0].relu() + (_unit(above) @ down.T).relu()
        wrong = {
            "the wrong way round": _later(*given, kept=0.7),
            "not rescaled": _later(*given, rescale=lambda x: x),
            "length 1": _later(*given, rescale=lambda x: _unit(x, 1)),
            "nothing kept": _later(*given, kept=0),
            "nothing from above": 0.3 * h + 0.7 * only[0].relu(),
            "nothing from below": 0.3 * h + 0.7 * only[1].relu(),
            "relu too late": (0.3 * h + 0.7 * z).relu(),
            "no relu": 0.3 * h + 0.7 * z,
            "two relus": 0.3 * h + 0.7 * apart,
            "its own rescaled": 0.3 * _unit(h) + 0.7 * z.relu(),
            "no bias": _later(*given[:-1], torch.zeros(units)),
        }
        trial.same(value, _later(*given), wrong)


later = Exercise(
    "later",
    "7.1 one layer, a step later",
    points=4,
    minutes=20,
    judge=_judge_later,
    says={
        "the wrong way round": "You keep 0.7 of the old activity and take 0.3 of the new one. It "
        "is the other way round.",
        "not rescaled": "What the layer sees below and above has to be brought to mean square 1 "
        "first: else it sees the goodness of its neighbours.",
        "length 1": "You rescale the rows to length 1. Mean square 1 is a length of sqrt(width).",
        "nothing kept": "This is the new activity alone. 0.3 of the old one stays.",
        "nothing from above": "The layer does not look up: where is `above`?",
        "nothing from below": "The layer sees nothing of what is below it.",
        "relu too late": "The ReLU comes before the mixing: it belongs to the new activity alone.",
        "no relu": "The new activity may not be negative: the ReLU is missing.",
        "two relus": "One ReLU over the SUM of both views: a view from above can also silence.",
        "its own rescaled": "What the layer keeps of its own activity is not rescaled: only what "
        "it sees of others is.",
        "no bias": "The bias is missing.",
    },
    hints=(
        "First what it would be now, from both sides; then the mixture with what it was.",
        "new = relu(unit(below) @ up.T + unit(above) @ down.T + bias), unit: to mean square 1.",
        "Return 0.3 * h + 0.7 * new.",
    ),
    solution="""
def later(h, below, above, up, down, bias):
    def unit(x):
        return x * x.shape[1] ** 0.5 / (x.norm(dim=1, keepdim=True) + 1e-6)

    new = (unit(below) @ up.T + unit(above) @ down.T + bias).relu()
    return 0.3 * h + 0.7 * new
""",
)


# ---- 7.2


def _judge_news(trial, news):
    for layers, layer in ((7, 3), (7, 7), (2, 1), (3, 1), (5, 4)):  # of the first all mistakes show
        inputs = f"layer {layer} of {layers}"
        value = plain(trial.call(news, layers, layer, inputs=inputs))
        trial.require(type(value) in (int, float), "one number")
        right = layers - layer + 1
        wrong = {
            "one too few": right - 1,
            "one too many": right + 1,
            "from the bottom": layer,
            "always the top": 1,
            "the same for all": layers,
        }
        for name, other in wrong.items():
            trial.require(value == right or value != other, name)
        trial.require(value == right, "unknown")


news = Exercise(
    "news",
    "7.2 how fast news travels",
    points=2,
    minutes=10,
    judge=_judge_news,
    says={
        "one number": "The answer is one whole number: a step.",
        "one too few": "The top layer sees the label in step 1, not in step 0: in the first step "
        "it looks up for the first time.",
        "one too many": "You count one step too many: the top layer sees the label in step 1.",
        "from the bottom": "You count from the bottom. The label stands at the top and comes down.",
        "always the top": "In step 1 only the top layer sees the label. All others see a layer "
        "that did not know it yet.",
        "the same for all": "Not all layers learn of it at once: each step goes down one layer.",
    },
    hints=(
        "Which layer sees the label itself? In which step does it look for the first time?",
        "The layer below the top sees the top as it was a step ago.",
        "Layer `layers`: step 1. Layer `layers - 1`: step 2. And so on.",
    ),
    solution="""
def news(layers, layer):
    return layers - layer + 1
""",
)


# ---- 7.3


def _judge_answers(trial, answers):
    for layers, n in ((2, 40), (3, 25)):
        table = trial.rand(8, layers, n, 10)
        inputs = f"goodness (8, {layers}, {n}, 10)"
        value = trial.tensor(trial.call(answers, table, inputs=inputs), None, kind=None)
        trial.require(tuple(value.shape) != (n, 10), "a table")
        trial.require(tuple(value.shape) != (layers, n), "each layer for itself")
        trial.require(tuple(value.shape) != (3, n), "each step for itself")
        trial.tensor(value, (n,), kind="int")
        total = table[2:5].sum(dim=(0, 1))
        wrong = {
            "steps from 0": table[3:6].sum(dim=(0, 1)).argmax(dim=1),
            "step 5 is missing": table[2:4].sum(dim=(0, 1)).argmax(dim=1),
            "all steps": table.sum(dim=(0, 1)).argmax(dim=1),
            "last step": table[-1].sum(dim=0).argmax(dim=1),
            "top layer alone": table[2:5, -1].sum(dim=0).argmax(dim=1),
            "first layer alone": table[2:5, 0].sum(dim=0).argmax(dim=1),
            "the least": total.argmin(dim=1),
            "the largest of all": table[2:5].amax(dim=(0, 1)).argmax(dim=1),
        }
        trial.same(value, total.argmax(dim=1), wrong)


answers = Exercise(
    "answers",
    "7.3 answers by goodness",
    points=3,
    minutes=15,
    judge=_judge_answers,
    says={
        "a table": "This is still a table of ten numbers for each image. Which label has the most?",
        "each layer for itself": "You return an answer for each layer. Their goodness is summed.",
        "each step for itself": "You return an answer for each step. Their goodness is summed.",
        "steps from 0": "These are steps 4 to 6: in Python the first step has number 0.",
        "step 5 is missing": "These are steps 3 and 4 alone: a slice ends before its last number.",
        "all steps": "You sum all eight steps. Only 3, 4 and 5 count.",
        "last step": "You take the last step alone. Steps 3, 4 and 5 count.",
        "top layer alone": "You use the top layer alone. All layers count.",
        "first layer alone": "You use the first layer alone. All layers count.",
        "the least": "You pick the label with the LEAST goodness.",
        "the largest of all": "You take the largest single goodness. It is the sum that counts.",
    },
    hints=(
        "Which entries of the first dimension are steps 3, 4 and 5?",
        "table[2:5], summed over steps and layers, is (n, 10).",
        "table[2:5].sum(dim=(0, 1)).argmax(dim=1).",
    ),
    solution="""
def answers(table):
    return table[2:5].sum(dim=(0, 1)).argmax(dim=1)
""",
)

EXERCISES = (later, news, answers)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
