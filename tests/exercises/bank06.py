"""Answers to unit 6."""

import numpy as np
import torch
import torch.nn.functional as F
from bank import right, wrong

# ---- 6.1 patches

P = "lesson06.patches"


def _squares(images):
    side = round(images.shape[1] ** 0.5)
    return images.reshape(-1, side, side)


def _unfold(images, field, stride):
    return F.unfold(_squares(images)[:, None], field, stride=stride)  # (n, pixels, places)


def _windows(images, field, stride):
    return _squares(images).unfold(1, field, stride).unfold(2, field, stride)


def _loops(images, field, stride):
    x, rows = _squares(images), []
    for top in range(0, x.shape[1] - field + 1, stride):
        for left in range(0, x.shape[2] - field + 1, stride):
            rows.append(x[:, top : top + field, left : left + field].flatten(1))
    return torch.stack(rows, dim=1)


def _strided(images, field, stride):
    x = _squares(images).contiguous()
    grid = (x.shape[1] - field) // stride + 1
    n, row, pixel = x.stride()
    shape = (len(x), grid, grid, field, field)
    seen = x.as_strided(shape, (n, stride * row, stride * pixel, row, pixel))
    return seen.reshape(len(x), grid**2, field**2)


def _indices(images, field, stride):
    numbers = _squares(torch.arange(float(images.shape[1]))[None])
    return images[:, _loops(numbers.flatten(1), field, stride)[0].long()]


right(P, "unfold of the tensor", lambda x, f, s: _windows(x, f, s).flatten(3).flatten(1, 2))
right(P, "F.unfold", lambda x, f, s: _unfold(x, f, s).transpose(1, 2))
right(P, "loops", _loops)
right(P, "as_strided", _strided)
right(P, "indices", _indices)
wrong(P, "pixels before places", _unfold)
wrong(P, "places before images", lambda x, f, s: _unfold(x, f, s).permute(2, 0, 1))
wrong(P, "not flat", _windows)
wrong(P, "stride", lambda x, f, s: _loops(x, f, 1))
wrong(
    P, "columns first", lambda x, f, s: _windows(x, f, s).transpose(1, 2).flatten(3).flatten(1, 2)
)
wrong(
    P,
    "columns first",
    lambda x, f, s: _windows(x.clone(), f, s).permute(0, 2, 1, 4, 3).flatten(3).flatten(1, 2),
)
wrong(P, "turned inside", lambda x, f, s: _windows(x, f, s).mT.flatten(3).flatten(1, 2))
wrong(P, "reshaped, not transposed", lambda x, f, s: _unfold(x, f, s).reshape(len(x), -1, f * f))
wrong(P, "no square", lambda x, f, s: _loops(x.reshape(-1, 28, 28).flatten(1), f, s))
wrong(P, "no return", lambda x, f, s: None)
wrong(P, "numpy", lambda x, f, s: _loops(x, f, s).numpy())
wrong(P, "factor", lambda x, f, s: 2 * _loops(x, f, s))

# ---- 6.2 equal cost

E = "lesson06.equal_cost"


def _cost(side, field, stride, units):
    grid = (side - field) // stride + 1
    return grid**2 * units * field**2 / side**2


right(E, "a formula", _cost)
right(E, "rounded", lambda *a: round(_cost(*a)))
right(E, "whole units", lambda *a: int(_cost(*a)))
right(E, "a tensor", lambda *a: torch.tensor(_cost(*a)))
right(E, "NumPy", lambda *a: np.float64(_cost(*a)))
wrong(E, "the weights", lambda side, *a: _cost(side, *a) * side**2)
wrong(E, "units of the local layer", lambda s, f, t, u: ((s - f) // t + 1) ** 2 * u)
wrong(E, "one place too few", lambda s, f, t, u: ((s - f) // t) ** 2 * u * f**2 / s**2)
wrong(E, "places along one side only", lambda s, f, t, u: ((s - f) // t + 1) * u * f**2 / s**2)
wrong(E, "shared weights", lambda s, f, t, u: u * f**2 / s**2)
wrong(E, "stride", lambda s, f, t, u: _cost(s, f, 1, u))
wrong(E, "field not squared", lambda s, f, t, u: _cost(s, f, t, u) / f)
wrong(E, "side not squared", lambda s, *a: _cost(s, *a) * s)
wrong(E, "one number", lambda *a: str(_cost(*a)))
wrong(E, "no return", lambda *a: None)

# ---- 6.3 shuffled pixels

S = "lesson06.moved"


def _columns(weight, order):
    return torch.stack([weight[:, pixel] for pixel in order.tolist()], dim=1)


def _matrix(weight, order):
    return weight @ F.one_hot(order, len(order)).to(weight).T


right(S, "indexing", lambda w, o: w[:, o])
right(S, "column by column", _columns)
right(S, "a matrix of ones and zeros", _matrix)
right(S, "index_select", lambda w, o: w.index_select(1, o))
right(S, "gather", lambda w, o: w.gather(1, o.expand(len(w), -1)))
wrong(S, "the way back", lambda w, o: w[:, o.argsort()])
wrong(S, "nothing moved", lambda w, o: w.clone())
wrong(S, "backwards", lambda w, o: w.flip(1))
wrong(S, "shape", lambda w, o: w[:, o].T)
wrong(S, "error", lambda w, o: w[o])
wrong(S, "no return", lambda w, o: None)
