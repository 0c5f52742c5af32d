"""Answers to unit 8."""

import torch
import torch.nn.functional as F
from bank import right, wrong

import ffteach

# ---- 8.1 windows

P = "lesson08.pieces"


def _pieces(codes, size):
    every = codes.unfold(0, size + 1, 1)
    return every[:, :-1], every[:, -1]


def _loop(codes, size):
    places = range(len(codes) - size)
    return torch.stack([codes[i : i + size] for i in places]), codes[size:]


def _columns(codes, size):
    return torch.stack([codes[i : len(codes) - size + i] for i in range(size)], dim=1)


def _indices(codes, size):
    places = torch.arange(len(codes) - size)
    return codes[places[:, None] + torch.arange(size)], codes[places + size]


right(P, "unfold", _pieces)
right(P, "a loop", _loop)
right(P, "indices", _indices)
right(P, "stacked columns", lambda c, s: (_columns(c, s), c[s:]))
right(P, "unfold and drop", lambda c, s: [c.unfold(0, s, 1)[:-1], c[s:]])
wrong(P, "the answer inside", lambda c, s: (c.unfold(0, s + 1, 1), c[s:]))
wrong(P, "the last has none", lambda c, s: (c.unfold(0, s, 1), c[s - 1 :]))
wrong(P, "one too few", lambda c, s: (c.unfold(0, s, 1)[:-2], c[s:-1]))
wrong(P, "side by side", lambda c, s: (c.unfold(0, s, s), c[s::s]))
wrong(P, "a column", lambda c, s: (_pieces(c, s)[0], c[s:, None]))
wrong(P, "backwards", lambda c, s: (_pieces(c, s)[0].flip(1), c[s:]))
wrong(P, "the last one again", lambda c, s: (_pieces(c, s)[0], c[s - 1 : -1]))
wrong(P, "the first one", lambda c, s: (_pieces(c, s)[0], c[:-s]))
wrong(P, "tuple", lambda c, s: _pieces(c, s)[0])
wrong(P, "numpy", lambda c, s: tuple(part.numpy() for part in _pieces(c, s)))
wrong(P, "kind of numbers", lambda c, s: tuple(part.float() for part in _pieces(c, s)))
wrong(P, "no return", lambda c, s: None)

# ---- 8.2 a negative by the teacher

M = "lesson08.made_up"


def _overwrite(batch, drawn):
    result = batch[:, 1:].clone()
    result[:, -1] = drawn
    return result


def _column_stack(batch, drawn):
    return torch.column_stack([batch[:, 1:-1], drawn])


def _row_by_row(batch, drawn):
    return torch.tensor([[*row[1:10], own] for row, own in zip(batch.tolist(), drawn.tolist())])


right(M, "joined", lambda b, d: torch.cat([b[:, 1:10], d[:, None]], dim=1))
right(M, "overwritten", _overwrite)
right(M, "rolled", lambda b, d: torch.cat([b[:, 1:], d.view(-1, 1)], 1)[:, [*range(9), 10]])
right(M, "columns", _column_stack)
right(M, "row by row", _row_by_row)
wrong(M, "eleven", lambda b, d: torch.cat([b[:, :10], d[:, None]], dim=1))
wrong(M, "a real one", lambda b, d: b[:, 1:].clone())
wrong(M, "a gap in time", lambda b, d: torch.cat([b[:, :9], d[:, None]], dim=1))
wrong(M, "at the front", lambda b, d: torch.cat([d[:, None], b[:, 1:10]], dim=1))
wrong(M, "all of them", lambda b, d: d[:, None].repeat(1, 10))
wrong(M, "error", lambda b, d: torch.cat([b[:, 1:10], d], dim=1))
wrong(M, "no return", lambda b, d: None)
wrong(M, "shape", lambda b, d: b[:, 1:10])

# ---- 8.3 the loss of half a day

H = "lesson08.half_loss"


def _half(g, awake, threshold, temperature):
    wrong_by = (threshold - g if awake else g - threshold) / temperature
    return F.softplus(wrong_by).mean() / 2


def _cross_entropy(g, awake, threshold, temperature):
    target = torch.full_like(g, float(awake))
    return F.binary_cross_entropy_with_logits((g - threshold) / temperature, target) / 2


def _half_by_logs(g, threshold, temperature):
    wrong_by = (g - threshold) / temperature
    return torch.logaddexp(torch.zeros_like(g), wrong_by).mean() / 2


def _by_ff_loss(g, awake, threshold, temperature):
    far = torch.full_like(g, 1e6 if not awake else -1e6)  # what is far on its side costs nothing
    pair = (g, far) if awake else (far, g)
    return ffteach.ff_loss(*pair, threshold=threshold, temperature=temperature)


right(H, "softplus", _half)
right(H, "cross-entropy", _cross_entropy)
right(H, "ff_loss, the other side content", _by_ff_loss)
right(H, "logaddexp", lambda g, a, t, T: _half_by_logs(g if not a else 2 * t - g, t, T))
right(H, "logsigmoid", lambda g, a, t, T: -F.logsigmoid((1 if a else -1) * (g - t) / T).mean() / 2)
wrong(H, "the other way round", lambda g, a, t, T: _half(g, not a, t, T))
wrong(H, "always the day's", lambda g, a, t, T: _half(g, True, t, T))
wrong(H, "the whole", lambda g, a, t, T: 2 * _half(g, a, t, T))
wrong(H, "the threshold is missing", lambda g, a, t, T: _half(g, a, 0.0, T))
wrong(H, "the temperature is missing", lambda g, a, t, T: _half(g, a, t, 1.0))
wrong(H, "the mean too early", lambda g, a, t, T: _half(g.mean(), a, t, T))
wrong(H, "a sum", lambda g, a, t, T: _half(g, a, t, T) * len(g))
wrong(H, "shape", lambda g, a, t, T: F.softplus((t - g if a else g - t) / T) / 2)
wrong(H, "python number", lambda g, a, t, T: _half(g, a, t, T).item())
wrong(H, "no return", lambda g, a, t, T: None)
