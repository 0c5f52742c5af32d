"""What lesson 07 claims of a measurement. Run by `scripts/check_claims.py`."""

from contextlib import contextmanager
from functools import cache

import torch

import ffteach
from ffteach import goodness, seeded, train
from ffteach.beyond import recurrent
from ffteach.beyond.recurrent import RECIPE, RecurrentNet, RecurrentTraining

from . import Claim


@cache
def digits():
    return ffteach.load_mnist(validation=2000, device="cpu")


def images():
    return digits().validation.images


def labels():
    return digits().validation.labels


def half():
    covered = images().clone()
    covered[:, 392:] = 0
    return covered


def wrong():
    return ffteach.wrong_labels(labels(), generator=seeded(1))


@cache
def fitted(seed, feedback=True):
    net = RecurrentNet(RECIPE.widths, feedback=feedback, generator=seeded(seed))
    return RecurrentTraining(net, digits(), RECIPE, seed=seed).finish()


@contextmanager
def cut(seed):
    """The trained network, whose first layer does not look up any more."""
    net = fitted(seed)
    net.feedback = False
    yield net
    net.feedback = True


@cache
def table(seed):
    """Goodness of both layers together: (steps, digits, labels)."""
    return recurrent.goodness_of_labels(fitted(seed), images()).sum(dim=1)


def error(scores):
    return 100 * (scores.argmax(dim=1) != labels()).double().mean().item()


def counted(seed):
    return error(table(seed)[2:5].sum(dim=0))


def of_net(net, pictures=None):
    split = digits().validation
    split = split if pictures is None else split._replace(images=pictures)
    return 100 * recurrent.error_rate(net, split)


def cut_error(seed, pictures=None):
    with cut(seed) as net:
        return of_net(net, pictures)


def feedforward(seed):
    net = train(RECIPE.network(seed=seed), digits(), RECIPE, seed=seed).finish()
    return 100 * ffteach.error_rate(net, digits().validation)


def rise(seed, true):
    hot = torch.eye(10)[labels()].bool()
    line = table(seed)[:, hot if true else ~hot].mean(dim=1)
    return (line[-1] - line[0]).item()


def gap(seed, step):
    """Goodness of the true label minus that of the most liked wrong one."""
    hot, now = torch.eye(10)[labels()].bool(), table(seed)[step - 1]
    return (now[hot] - now.masked_fill(hot, 0).amax(dim=1)).mean().item()


@cache
@torch.no_grad()
def track(seed, covered, kinds, steps=8):
    """Both layers' activities, first without a label, then under one kind of label a step."""
    net = fitted(seed)
    tops = {
        "true": net.labels(labels()),
        "wrong": net.labels(wrong()),
        "none": torch.zeros(2000, 10),
    }
    seen = net.look(half() if covered else images())
    shown = [net.begin(seen)]
    for kind in kinds:
        shown.append(net.step(seen, shown[-1], tops[kind])[0])
    return shown


def another():
    """Of each digit another one of its class."""
    places = torch.arange(2000)
    for digit in range(10):
        mine = (labels() == digit).nonzero().flatten()
        places[mine] = mine.roll(1)
    return places


def nearer(seed, kind, goals=None):
    """By how much the cosine with the whole digit's layer 1 grows in eight steps."""
    goal = track(seed, False, ("true",) * 8)[-1][0]
    goal = goal if goals is None else goal[goals]
    ends = [track(seed, True, (kind,) * 8)[step][0] for step in (0, 8)]
    first, last = (torch.cosine_similarity(end, goal).mean().item() for end in ends)
    return last - first


def swapped(seed):
    """Steps after a swap until the goodness is nearer to the wrong label's."""
    kinds = ("true",) * 12, ("wrong",) * 12, ("true",) * 4 + ("wrong",) * 8
    true, other, both = (
        [sum(goodness(layer).mean().item() for layer in h) for h in track(seed, False, kind)[1:]]
        for kind in kinds
    )
    return next(step - 3 for step in range(4, 12) if both[step] < (true[step] + other[step]) / 2)


@torch.no_grad()
def opinions(seed, pictures):
    net = fitted(seed)
    seen = net.look(pictures)
    h, shown = net.begin(seen), []
    for _ in range(9):
        shown.append((net.quick(h) / RECIPE.temperature).softmax(dim=1))
        h, _, _ = net.step(seen, h, 10**0.5 * shown[-1])
    return shown


def certainty(seed, pictures, step):
    return opinions(seed, pictures)[step].amax(dim=1).mean().item()


def blends():
    return (images()[labels() == 4] + images()[labels() == 9]) / 2


def within(seed):
    """Share of the blends whose answer is one of the two."""
    answer = opinions(seed, blends())[-1].argmax(dim=1)
    return ((answer == 4) | (answer == 9)).double().mean().item()


def righter(seed, pictures):
    shown = opinions(seed, pictures)
    return error(shown[0]) - error(shown[-1])


def still(seed):
    """How far the first layer moves that never looks up: its largest change."""
    start = RecurrentNet(RECIPE.widths, generator=seeded(seed)).layers[0].up
    return (fitted(seed, False).layers[0].up - start).abs().max().item()


MEASURED = [
    ("3", "the true label's goodness rises by", lambda s: rise(s, True), 1.4, 1.8),
    ("3", "that of wrong labels rises by", lambda s: rise(s, False), 0.3, 0.7),
    ("3", "gap in step 1", lambda s: gap(s, 1), 0.2, 0.3),
    ("3", "gap in step 5", lambda s: gap(s, 5), 0.8, 1.1),
    ("3", "errors, steps 3 to 5", counted, 4.5, 7),
    ("3", "step 1 minus steps 3 to 5, points", lambda s: error(table(s)[0]) - counted(s), 0, 0.5),
    ("3", "step 8 minus steps 3 to 5, points", lambda s: error(table(s)[7]) - counted(s), -0.5, 1),
    ("4", "never there costs, points", lambda s: of_net(fitted(s, False)) - counted(s), 2.5, 4.5),
    ("4", "never there: the first layer moves", still, 0, 1e-3),
    ("4", "cut afterwards costs, points", lambda s: cut_error(s) - counted(s), 0, 0.8),
    ("4", "label at the bottom costs, points", lambda s: feedforward(s) - counted(s), -0.8, 0.8),
    ("5", "true label: the cosine grows by", lambda s: nearer(s, "true"), 0.11, 0.17),
    ("5", "wrong label: the cosine grows by", lambda s: nearer(s, "wrong"), -0.05, 0),
    ("5", "no label: the cosine grows by", lambda s: nearer(s, "none"), 0, 0.04),
    (
        "5",
        "true label: grows more than with another digit, by",
        lambda s: nearer(s, "true") - nearer(s, "true", another()),
        -0.02,
        0.02,
    ),
    ("5", "lower half covered, % errors", lambda s: of_net(fitted(s), half()), 38, 50),
    (
        "5",
        "covered: cut afterwards costs, points",
        lambda s: cut_error(s, half()) - of_net(fitted(s), half()),
        -2,
        2,
    ),
    ("6", "certainty of blends at first", lambda s: certainty(s, blends(), 0), 0.6, 0.8),
    ("6", "certainty of blends at last", lambda s: certainty(s, blends(), 8), 0.93, 1),
    ("6", "blends settle for one of the two, share", within, 0.95, 1),
    ("6", "certainty of half-covered at first", lambda s: certainty(s, half(), 0), 0.6, 0.8),
    ("6", "certainty of half-covered at last", lambda s: certainty(s, half(), 8), 0.88, 1),
    ("6", "half-covered become right, points", lambda s: righter(s, half()), -2.5, 0.5),
    ("6", "whole become right, points", lambda s: righter(s, images()), -0.5, 1),
    ("6", "steps until a swap has won", swapped, 2, 2),
]
CLAIMS = [Claim(f"07, section {where}", *rest) for where, *rest in MEASURED]
