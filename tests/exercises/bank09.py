"""Answers to unit 9."""

import itertools

import numpy as np
import torch
from bank import right, wrong

# ---- 9.1 the bubble

B = "lesson09.idle_share"


def _bubble(layers, parts):
    return (layers - 1) / (parts + layers - 1)


def _counted(layers, parts):
    """By a table of turns: which machine works when."""
    turns = torch.zeros(parts + layers - 1, layers)
    for part, layer in itertools.product(range(parts), range(layers)):
        turns[part + layer, layer] = 1
    return (turns == 0).double().mean()


right(B, "the formula", _bubble)
right(B, "one minus the busy share", lambda n, m: 1 - m / (m + n - 1))
right(B, "a table of turns", _counted)
right(B, "NumPy", lambda n, m: np.float64(_bubble(n, m)))
right(B, "time with and without", lambda n, m: 1 - n * m / (n * (m + n - 1)))
wrong(B, "busy share", lambda n, m: m / (m + n - 1))
wrong(B, "in percent", lambda n, m: 100 * _bubble(n, m))
wrong(B, "against the work", lambda n, m: (n - 1) / m)
wrong(B, "one machine too many", lambda n, m: n / (m + n))
wrong(B, "parts not used", lambda n, m: (n - 1) / n)
wrong(B, "one number", lambda n, m: str(_bubble(n, m)))
wrong(B, "one number", lambda n, m: (n - 1, m + n - 1))
wrong(B, "no return", lambda n, m: None)

# ---- 9.2 a schedule

S = "lesson09.starts"


def _two_waits(seconds, batches):
    result = torch.zeros(batches, len(seconds))
    for b in range(batches):
        for i in range(len(seconds)):
            own = result[b - 1, i] + seconds[i] if b else torch.tensor(0.0)
            below = result[b, i - 1] + seconds[i - 1] if i else torch.tensor(0.0)
            result[b, i] = torch.maximum(own, below)
    return result


def _by_ends(seconds, batches):
    free, rows = [0.0] * len(seconds), []
    for _ in range(batches):
        there, row = 0.0, []
        for i, time in enumerate(seconds):
            row.append(max(free[i], there))
            there = free[i] = row[-1] + time
        rows.append(row)
    return torch.tensor(rows)


def _by_the_longest_way(seconds, batches):
    """A task begins when the slowest way to it is done: b steps to the right, i steps up."""
    before = torch.tensor(seconds).cumsum(0) - torch.tensor(seconds)
    slowest = torch.tensor(seconds).cummax(0).values
    return before + torch.arange(float(batches))[:, None] * slowest


def _before(seconds):
    return torch.tensor(seconds).cumsum(0) - torch.tensor(seconds)


def _batch(batches):
    return torch.arange(float(batches))[:, None]


right(S, "two waits", _two_waits)
right(S, "ends of machines", _by_ends)
right(S, "the longest way", _by_the_longest_way)
right(S, "float64", lambda s, n: _by_ends(s, n).double())
right(S, "whole numbers", lambda s, n: _by_ends(s, n).long())
wrong(S, "layers before batches", lambda s, n: _by_ends(s, n).T)
wrong(S, "ends", lambda s, n: _by_ends(s, n) + torch.tensor(s))
wrong(S, "one process", lambda s, n: _batch(n) * sum(s) + _before(s))
wrong(S, "in step with the slowest", lambda s, n: (_batch(n) + torch.arange(len(s))) * max(s))
wrong(S, "own machine forgotten", lambda s, n: _before(s).repeat(n, 1))
wrong(S, "layer below forgotten", lambda s, n: _batch(n) * torch.tensor(s))
wrong(S, "sum of both", lambda s, n: _before(s) + _batch(n) * torch.tensor(s))
wrong(S, "shape", lambda s, n: _by_ends(s, n)[:-1])
wrong(S, "numpy", lambda s, n: _by_ends(s, n).numpy())
wrong(S, "not a tensor", lambda s, n: _by_ends(s, n).tolist())
wrong(S, "no return", lambda s, n: None)

# ---- 9.3 an older layer below

A = "lesson09.stale"


def _activities(weight, x):
    return (x @ weight.detach().T).relu()


def _place(history, age):
    return max(len(history) - 1 - age, 0)


@torch.no_grad()
def _no_graph(history, x, age):
    return torch.relu(x @ history[_place(history, age)].T)


def _from_the_end(history, x, age):
    return _activities(history[-min(age + 1, len(history))], x)


def _turned_round(history, x, age):
    return _activities([*history[::-1], *[history[0]] * (age + 1)][age], x)


def _linear(history, x, age):
    weight = history[_place(history, age)]
    return torch.nn.functional.linear(x, weight).clamp(min=0).detach()


def _einsum(history, x, age):
    sums = torch.einsum("ni,ui->nu", x, history[_place(history, age)].detach())
    return torch.where(sums > 0, sums, 0.0)


right(A, "no_grad", _no_graph)
right(A, "from the end", _from_the_end)
right(A, "turned round", _turned_round)
right(A, "linear", _linear)
right(A, "einsum", _einsum)
wrong(A, "newest", lambda w, x, k: _activities(w[-1], x))
wrong(A, "off by one", lambda w, x, k: _activities(w[-min(k, len(w))], x))
wrong(A, "off by one", lambda w, x, k: _activities(w[max(len(w) - 2 - k, 0)], x))
wrong(A, "from the oldest", lambda w, x, k: _activities(w[min(k, len(w) - 1)], x))
wrong(A, "from the end again", lambda w, x, k: _activities(w[(len(w) - 1 - k) % len(w)], x))
wrong(A, "from the end again", lambda w, x, k: _activities(w[len(w) - 1 - k], x))
wrong(A, "too old", lambda w, x, k: _activities(w[-1 - k], x))
wrong(A, "no ReLU", lambda w, x, k: x @ w[_place(w, k)].detach().T)
wrong(A, "requires grad", lambda w, x, k: torch.relu(x @ w[_place(w, k)].T))
wrong(A, "shape", lambda w, x, k: _no_graph(w, x, k).T)
wrong(A, "no return", lambda w, x, k: None)

# ---- 9.4 what is kept

K = "lesson09.kept"


def _sides(widths):
    return [low + high for low, high in zip(widths, widths[1:])]


def _backprop(batch, widths):
    return batch * sum(widths)


def _forward(batch, widths):
    return 2 * batch * max(_sides(widths))


def _loop(batch, widths):
    backprop, largest, below = batch * widths[0], 0, widths[0]
    for width in widths[1:]:
        backprop += batch * width
        largest = max(largest, 2 * batch * (below + width))
        below = width
    return backprop, largest


def _of_tensors(batch, widths):
    rows = [torch.zeros(batch, width) for width in widths]
    pairs = [2 * (a.numel() + b.numel()) for a, b in itertools.pairwise(rows)]
    return sum(row.numel() for row in rows), max(pairs)


right(K, "two formulas", lambda n, w: (_backprop(n, w), _forward(n, w)))
right(K, "a loop", _loop)
right(K, "tensors, counted", _of_tensors)
right(K, "a list", lambda n, w: list(_loop(n, w)))
right(K, "tensors of one number", lambda n, w: tuple(map(torch.tensor, _loop(n, w))))
wrong(K, "numbers", lambda n, w: tuple(map(str, _loop(n, w))))
wrong(K, "the other way round", lambda n, w: (_forward(n, w), _backprop(n, w)))
wrong(K, "bytes", lambda n, w: (4 * _backprop(n, w), 4 * _forward(n, w)))
wrong(K, "one image", lambda n, w: _loop(1, w))
wrong(K, "input forgotten", lambda n, w: (n * sum(w[1:]), _forward(n, w)))
wrong(K, "negatives in backprop", lambda n, w: (2 * _backprop(n, w), _forward(n, w)))
wrong(K, "counted twice", lambda n, w: (n * sum(_sides(w)), _forward(n, w)))
wrong(K, "negatives forgotten", lambda n, w: (_backprop(n, w), _forward(n, w) // 2))
wrong(K, "all layers", lambda n, w: (_backprop(n, w), 2 * n * sum(_sides(w))))
wrong(K, "all layers", lambda n, w: (_backprop(n, w), 2 * n * sum(w)))
wrong(K, "one side of the layer", lambda n, w: (_backprop(n, w), 2 * n * max(w)))
wrong(K, "last layer", lambda n, w: (_backprop(n, w), 2 * n * _sides(w)[-1]))
wrong(K, "tuple", _backprop)
wrong(K, "no return", lambda n, w: None)
