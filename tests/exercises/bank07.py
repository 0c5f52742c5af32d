"""Answers to unit 7."""

import numpy as np
import torch
import torch.nn.functional as F
from bank import normalise, right, wrong

# ---- 7.1 one layer, a step later

L = "lesson07.later"


def _new(below, above, up, down, bias):
    return (normalise(below) @ up.T + normalise(above) @ down.T + bias).relu()


def _later(h, *rest):
    return 0.3 * h + 0.7 * _new(*rest)


def _linear(h, below, above, up, down, bias):
    z = F.linear(F.normalize(below) * below.shape[1] ** 0.5, up, bias)
    return h.lerp((z + F.linear(normalise(above), down)).clamp(min=0), 0.7)


def _both_at_once(h, below, above, up, down, bias):
    seen = torch.cat([normalise(below), normalise(above)], dim=1)
    return h * 0.3 + (seen @ torch.cat([up, down], dim=1).T + bias).relu() * 0.7


def _means(h, below, above, up, down, bias):
    below, above = (x / x.square().mean(dim=1, keepdim=True).sqrt() for x in (below, above))
    return 0.3 * h + 0.7 * torch.relu(bias + below @ up.T + above @ down.T)


def _row_by_row(h, *rest):
    below, above, *weights = rest
    rows = zip(h.split(1), below.split(1), above.split(1))
    return torch.cat([_later(a, b, c, *weights) for a, b, c in rows])


right(L, "as in the lesson", _later)
right(L, "F.linear and lerp", _linear)
right(L, "both views at once", _both_at_once)
right(L, "root of the mean square", _means)
right(L, "row by row", _row_by_row)
wrong(L, "the wrong way round", lambda h, *rest: 0.7 * h + 0.3 * _new(*rest))
wrong(L, "nothing kept", lambda h, *rest: _new(*rest))
wrong(
    L,
    "not rescaled",
    lambda h, b, a, u, d, bias: 0.3 * h + 0.7 * (b @ u.T + a @ d.T + bias).relu(),
)
wrong(
    L,
    "length 1",
    lambda h, b, a, u, d, bias: (
        0.3 * h + 0.7 * (F.normalize(b) @ u.T + F.normalize(a) @ d.T + bias).relu()
    ),
)
wrong(L, "nothing from above", lambda h, b, a, u, d, bias: _later(h, b, a, u, 0 * d, bias))
wrong(L, "nothing from below", lambda h, b, a, u, d, bias: _later(h, b, a, 0 * u, d, bias))
wrong(
    L,
    "relu too late",
    lambda h, b, a, u, d, bias: (
        0.3 * h + 0.7 * (normalise(b) @ u.T + normalise(a) @ d.T + bias)
    ).relu(),
)
wrong(
    L,
    "no relu",
    lambda h, b, a, u, d, bias: 0.3 * h + 0.7 * (normalise(b) @ u.T + normalise(a) @ d.T + bias),
)
wrong(
    L,
    "two relus",
    lambda h, b, a, u, d, bias: (
        0.3 * h + 0.7 * ((normalise(b) @ u.T + bias).relu() + (normalise(a) @ d.T).relu())
    ),
)
wrong(L, "its own rescaled", lambda h, *rest: _later(normalise(h), *rest))
wrong(L, "no bias", lambda h, b, a, u, d, bias: _later(h, b, a, u, d, 0 * bias))
wrong(L, "error", lambda h, b, a, u, d, bias: _later(h, b, a, u.T, d.T, bias))
wrong(L, "factor", lambda *given: 2 * _later(*given))
wrong(L, "numpy", lambda *given: _later(*given).numpy())
wrong(L, "no return", lambda *given: None)

# ---- 7.2 how fast news travels

N = "lesson07.news"


def _walk(layers, layer):
    step = 1
    while layers > layer:
        layers, step = layers - 1, step + 1
    return step


right(N, "a formula", lambda layers, layer: layers - layer + 1)
right(N, "step by step", _walk)
right(N, "a list", lambda layers, layer: list(range(layers, 0, -1))[layer - 1])
right(N, "a tensor", lambda layers, layer: torch.tensor(layers - layer + 1))
right(N, "NumPy", lambda layers, layer: np.int64(layers + 1 - layer))
wrong(N, "one too few", lambda layers, layer: layers - layer)
wrong(N, "one too many", lambda layers, layer: layers - layer + 2)
wrong(N, "from the bottom", lambda layers, layer: layer)
wrong(N, "always the top", lambda layers, layer: 1)
wrong(N, "the same for all", lambda layers, layer: layers)
wrong(N, "one number", lambda layers, layer: f"step {layers - layer + 1}")
wrong(N, "no return", lambda layers, layer: None)

# ---- 7.3 answers by goodness

A = "lesson07.answers"


def _loops(table):
    total = torch.zeros(table.shape[2:])
    for step in (3, 4, 5):
        for layer in range(table.shape[1]):
            total += table[step - 1, layer]
    return total.max(dim=1).indices


right(A, "sum and argmax", lambda t: t[2:5].sum(dim=(0, 1)).argmax(dim=1))
right(A, "mean and argmax", lambda t: t[2:5].mean(dim=(0, 1)).argmax(1))
right(A, "loops", _loops)
right(A, "einsum", lambda t: torch.einsum("slnk->nk", t[2:5]).argmax(-1))
right(A, "sorted", lambda t: t[2:5].sum((0, 1)).argsort(dim=1)[:, -1])
wrong(A, "a table", lambda t: t[2:5].sum((0, 1)))
wrong(A, "each layer for itself", lambda t: t[2:5].sum(0).argmax(-1))
wrong(A, "each step for itself", lambda t: t[2:5].sum(1).argmax(-1))
wrong(A, "steps from 0", lambda t: t[3:6].sum((0, 1)).argmax(1))
wrong(A, "step 5 is missing", lambda t: t[2:4].sum((0, 1)).argmax(1))
wrong(A, "all steps", lambda t: t.sum((0, 1)).argmax(1))
wrong(A, "last step", lambda t: t[-1].sum(0).argmax(1))
wrong(A, "top layer alone", lambda t: t[2:5, -1].sum(0).argmax(1))
wrong(A, "first layer alone", lambda t: t[2:5, 0].sum(0).argmax(1))
wrong(A, "the least", lambda t: t[2:5].sum((0, 1)).argmin(1))
wrong(A, "the largest of all", lambda t: t[2:5].amax((0, 1)).argmax(1))
wrong(A, "values and indices", lambda t: t[2:5].sum((0, 1)).max(1))
wrong(A, "no return", lambda t: None)
