"""Collects wrong answers as students write them, and right ones, for each exercise."""

import torch
import torch.nn.functional as F
from torch import nn

import ffteach  # first: it sets how torch's threads wait

MUTANTS, VARIANTS = {}, {}  # exercise -> [(name the check must give, answer)] and [(note, answer)]
assert ffteach.__version__


def wrong(exercise, name, *answers):
    """Note an answer to "unit.exercise" and the name of its mistake."""
    MUTANTS.setdefault(exercise, []).append((name, answers))


def right(exercise, note, *answers):
    """Note an honest answer to "unit.exercise"."""
    VARIANTS.setdefault(exercise, []).append((note, answers))


def overlay(images, labels, strength):
    """The overlay, for answers that need one."""
    result = images.clone()
    result[:, :10] = F.one_hot(labels, 10).to(images) * strength
    return result


def goodness(h):
    """The goodness, for answers that need one."""
    return h.square().mean(dim=-1)


def ff_loss(g_pos, g_neg):
    """The loss at threshold 2, for answers that need one."""
    return (F.softplus(2 - g_pos).mean() + F.softplus(g_neg - 2).mean()) / 2


def normalise(x):
    """Rows of mean square 1."""
    return x * x.shape[1] ** 0.5 / (x.norm(dim=1, keepdim=True) + 1e-6)


class Layer(nn.Linear):
    """The layer that the task of 2.3 gives."""

    def forward(self, x):
        return F.relu(super().forward(normalise(x)))


class Always(torch.Tensor):
    """An object that claims to equal everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


class AlwaysEqual:
    """The same without being a tensor."""

    shape, dtype = (7,), torch.float32

    def __eq__(self, other):
        return True

    __hash__ = None
