"""Answers to unit 1."""

import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from bank import Always, AlwaysEqual, right, wrong

# ---- 1.1 goodness

G = "lesson01.goodness"
wrong(G, "sum", lambda h: h.square().sum(dim=-1))
wrong(G, "sum", lambda h: torch.einsum("nh,nh->n", h, h))
wrong(G, "one number per unit", lambda h: h.square().mean(dim=0))
wrong(G, "one number for the batch", lambda h: h.square().mean())
wrong(G, "no mean", lambda h: h**2)
wrong(G, "keepdim", lambda h: (h**2).mean(dim=1, keepdim=True))
wrong(G, "not squared", lambda h: h.mean(dim=1))
wrong(G, "threshold subtracted", lambda h: (h**2).mean(1) - 2.0)
wrong(G, "root", lambda h: h.norm(dim=1))
wrong(G, "root", lambda h: (h**2).mean(1).sqrt())
wrong(G, "variance", lambda h: h.var(dim=1))
wrong(G, "square of the mean", lambda h: h.mean(dim=1) ** 2)
wrong(G, "minus", lambda h: -(h**2).mean(dim=1))
wrong(G, "maximum", lambda h: h.max(dim=1).values)
wrong(G, "graph cut", lambda h: (h.detach() ** 2).mean(1))
wrong(G, "no return", lambda h: print(h.square().mean(1)))
wrong(G, "numpy", lambda h: np.square(h.detach().numpy()).mean(axis=1))
wrong(G, "python number", lambda h: float((h**2).mean()))
wrong(G, "not a tensor", lambda h: [float(row.square().mean()) for row in h])
wrong(G, "not a tensor", lambda h: AlwaysEqual())
wrong(G, "not a tensor", lambda h: h.square().mean(1).as_subclass(Always))
wrong(G, "changes its input", lambda h: h.square_().mean(1) if not h.requires_grad else h)
wrong(G, "not callable", 3.5)
wrong(G, "error", lambda h: h.square().mean(dim=2))
wrong(G, "error", lambda: 3.5)
wrong(G, "exits", lambda h: sys.exit())
wrong(G, "not a number", lambda h: (h.square() / 0).mean(1))


wrong(G, "factor", lambda h: h.square().sum(1) / 4)
wrong(G, "factor", lambda h: h.square().sum(1) / len(h))
wrong(G, "factor", lambda h: h.square().mean(1) / 2)
wrong(G, "one number for the batch", lambda h: h.square().mean().repeat(len(h)))
wrong(G, "values and indices", lambda h: h.square().max(1))
wrong(G, "changes its input", lambda h: h.square_().mean(1))
wrong(G, "changes its input", lambda h: h.mul_(0).sum(1))
wrong(G, "numpy", lambda h: np.float32(3.5))
wrong(G, "unknown", lambda h: (h**3).mean(1))
wrong(G, "error", lambda h, theta: h.square().mean(1) - theta)
wrong(G, "graph cut", torch.no_grad()(lambda h: h.square().mean(1)))


def _seed(h):
    torch.manual_seed(0)
    return h.square().mean(dim=1)


def _forever(h):
    while True:
        pass


def _stubborn(h):
    while True:
        try:
            while True:
                time.sleep(0.01)
        except BaseException:
            pass


def _hard_coded(h):
    return torch.tensor([3.5])


wrong(G, "global seed", _seed)
wrong(G, "never returns", _forever)
wrong(G, "never returns", _stubborn)
wrong(G, "shape", _hard_coded)


def _loop(h):
    return torch.stack([sum(x * x for x in row) / len(row) for row in h])


def _prints(h):
    print("shape", h.shape)
    return (h * h).mean(-1)


right(G, "mean of squares", lambda h: h.square().mean(dim=-1))
right(G, "einsum", lambda h: torch.einsum("nh,nh->n", h, h) / h.shape[-1])
right(G, "a loop", _loop)
right(G, "float64", lambda h: h.double().pow(2).mean(1))
right(G, "squared length", lambda h: h.norm(dim=1) ** 2 / h.shape[1])
right(G, "matrix product", lambda h: (h @ h.T).diagonal() / h.size(1))
right(G, "prints", _prints)

# ---- 1.2 the loss

L = "lesson01.ff_loss"


def _s(g_pos, g_neg, theta, T):
    return (g_pos - theta) / T, (g_neg - theta) / T


def loss(function):
    """Return an answer made from the two logits."""
    return lambda g_pos, g_neg, theta, T: function(*_s(g_pos, g_neg, theta, T))


def _mse(g_pos, g_neg, theta, T):
    p = torch.sigmoid((torch.cat([g_pos, g_neg]) - theta) / T)
    return F.mse_loss(p, torch.cat([torch.ones_like(g_pos), torch.zeros_like(g_neg)]))


def _bce_all(g_pos, g_neg, theta, T):
    s = (torch.cat([g_pos, g_neg]) - theta) / T
    y = torch.cat([torch.ones_like(g_pos), torch.zeros_like(g_neg)])
    return F.binary_cross_entropy_with_logits(s, y)


def _both(a, b):
    return (sp(-a).mean() + sp(b).mean()) / 2


def _bce(p, kind):
    return F.binary_cross_entropy(p, torch.full_like(p, kind)) / 2


sp = F.softplus
wrong(L, "squared error", _mse)
wrong(
    L,
    "squared error",
    loss(lambda a, b: ((1 - a.sigmoid()) ** 2).mean() + (b.sigmoid() ** 2).mean()),
)
wrong(L, "sign of the negative term", loss(lambda a, b: (sp(-a).mean() + sp(-b).mean()) / 2))
wrong(L, "sign of the positive term", loss(lambda a, b: (sp(a).mean() + sp(b).mean()) / 2))
wrong(L, "both signs", loss(lambda a, b: (sp(a).mean() + sp(-b).mean()) / 2))
wrong(L, "negative logarithm", loss(lambda a, b: (sp(-a).mean() - sp(b).mean()) / 2))
wrong(L, "half forgotten", loss(lambda a, b: sp(-a).mean() + sp(b).mean()))
wrong(L, "minus", loss(lambda a, b: (F.logsigmoid(a).mean() + F.logsigmoid(-b).mean()) / 2))
wrong(L, "threshold forgotten", lambda p, n, t, T: (sp(-p / T).mean() + sp(n / T).mean()) / 2)
wrong(L, "temperature forgotten", lambda p, n, t, T: (sp(t - p).mean() + sp(n - t).mean()) / 2)
wrong(
    L,
    "temperature multiplied",
    lambda p, n, t, T: (sp(T * (t - p)).mean() + sp(T * (n - t)).mean()) / 2,
)
wrong(L, "sum", loss(lambda a, b: sp(-a).sum() + sp(b).sum()))
wrong(L, "each sample the same weight", _bce_all)
wrong(L, "hinge", loss(lambda a, b: (F.relu(-a).mean() + F.relu(b).mean()) / 2))
wrong(L, "only the positives", loss(lambda a, b: sp(-a).mean()))
wrong(L, "only the negatives", loss(lambda a, b: sp(b).mean() / 2))
wrong(L, "no logarithm", loss(lambda a, b: (a.neg().sigmoid().mean() + b.sigmoid().mean()) / 2))
wrong(L, "pairwise", lambda p, n, t, T: sp(-(p - n) / T).mean())
wrong(L, "pairwise", lambda p, n, t, T: sp(-(p[:, None] - n) / T).mean())
wrong(L, "no mean", loss(lambda a, b: torch.cat([sp(-a), sp(b)]) / 2))
wrong(L, "graph cut", loss(lambda a, b: ((sp(-a).mean() + sp(b).mean()) / 2).detach()))
wrong(L, "python number", loss(lambda a, b: ((sp(-a).mean() + sp(b).mean()) / 2).item()))
wrong(
    L,
    "overflow",
    loss(
        lambda a, b: (torch.log(1 + torch.exp(-a)).mean() + torch.log(1 + torch.exp(b)).mean()) / 2
    ),
)
wrong(
    L,
    "overflow",
    loss(lambda a, b: -(torch.sigmoid(a).log().mean() + (1 - torch.sigmoid(b)).log().mean()) / 2),
)
wrong(
    L,
    "clamped",
    loss(
        lambda a, b: (
            (
                torch.log1p(torch.exp((-a).clamp(max=80))).mean()
                + torch.log1p(torch.exp(b.clamp(max=80))).mean()
            )
            / 2
        )
    ),
)
wrong(
    L, "base of the logarithm", loss(lambda a, b: (sp(-a).mean() + sp(b).mean()) / 2 / math.log(2))
)


wrong(L, "constant", lambda p, n, t, T: torch.tensor(0.5435))
wrong(
    L, "threshold fixed", lambda p, n, t, T: (sp((2 - p) / T).mean() + sp((n - 2) / T).mean()) / 2
)
wrong(L, "threshold fixed", lambda p, n, t, T: (sp(2 - p).mean() + sp(n - 2).mean()) / 2)
wrong(L, "brackets", lambda p, n, t, T: (sp(-p - t / T).mean() + sp(n - t / T).mean()) / 2)
wrong(L, "brackets", lambda p, n, t, T: (sp(-(p - t / T)).mean() + sp(n - t / T).mean()) / 2)
wrong(L, "brackets", lambda p, n, t, T: (sp((-p - t) / T).mean() + sp((n - t) / T).mean()) / 2)
wrong(L, "squared again", lambda p, n, t, T: loss(_both)(p**2, n**2, t, T))
wrong(L, "no logarithm", loss(lambda a, b: -(a.sigmoid().mean() + (-b).sigmoid().mean()) / 2))
wrong(
    L,
    "logarithm of the mean",
    loss(lambda a, b: -(a.sigmoid().mean().log() + (-b).sigmoid().mean().log()) / 2),
)
wrong(L, "graph cut", loss(lambda a, b: (sp(-a.detach()).mean() + sp(b).mean()) / 2))
wrong(L, "shape", loss(lambda a, b: (sp(-a).mean() + sp(b).mean())[None] / 2))
wrong(L, "not a tensor", loss(lambda a, b: (sp(-a).mean(), sp(b).mean())))
wrong(L, "clamped", loss(lambda a, b: _bce(a.sigmoid(), 1) + _bce(b.sigmoid(), 0)))
wrong(L, "unknown", loss(lambda a, b: (sp(-a).median() + sp(b).median()) / 2))


def _loss_loop(g_pos, g_neg, theta, T):
    total = 0
    for g in g_pos:
        total = total + F.softplus((theta - g) / T) / (2 * len(g_pos))
    for g in g_neg:
        total = total + F.softplus((g - theta) / T) / (2 * len(g_neg))
    return total


def _weighted_bce(g_pos, g_neg, theta, T):
    s = torch.cat([g_pos, g_neg]).sub(theta).div(T)
    y = torch.cat([torch.ones(len(g_pos)), torch.zeros(len(g_neg))])
    w = torch.cat(
        [torch.full((len(g_pos),), 0.5 / len(g_pos)), torch.full((len(g_neg),), 0.5 / len(g_neg))]
    )
    return F.binary_cross_entropy_with_logits(s, y, weight=w, reduction="sum")


def _stable(x):
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


zero = torch.zeros(())
right(L, "softplus", loss(lambda a, b: (sp(-a).mean() + sp(b).mean()) / 2))
right(L, "logsigmoid", loss(lambda a, b: -0.5 * (F.logsigmoid(a).mean() + F.logsigmoid(-b).mean())))
right(L, "logaddexp", loss(lambda a, b: (torch.logaddexp(-a, zero).mean() + sp(b).mean()) / 2))
right(L, "a loop", _loss_loop)
right(L, "weighted bce", _weighted_bce)
right(L, "max + log1p", loss(lambda a, b: (_stable(-a).mean() + _stable(b).mean()) / 2))
right(L, "float64", loss(lambda a, b: (sp(-a.double()).mean() + sp(b.double()).mean()) / 2))

# ---- 1.3 the gradient

W = "lesson01.layer_gradient"


def gradient(dz):
    """Return an answer from its own dz."""

    def answer(x, h, slope):
        reach = dz(h, slope[:, None])
        return reach.T @ x, reach.sum(0)

    return answer


wrong(W, "factor 2 missing", gradient(lambda h, s: s * h / h.shape[1]))
wrong(W, "width missing", gradient(lambda h, s: s * 2 * h))
wrong(W, "1/N twice", gradient(lambda h, s: s * 2 * h / h.shape[1] / len(h)))
wrong(W, "gate instead of activity", gradient(lambda h, s: s * 2 / h.shape[1] * (h > 0)))
wrong(W, "sign", gradient(lambda h, s: -s * 2 * h / h.shape[1]))
wrong(W, "slope forgotten", gradient(lambda h, s: 2 * h / h.shape[1]))
wrong(W, "activity twice", gradient(lambda h, s: s * 2 / h.shape[1] * h * h))


def _dz(h, slope):
    return slope[:, None] * (2 / h.shape[1]) * h


wrong(W, "bias forgotten", lambda x, h, s: _dz(h, s).T @ x)
wrong(W, "bias forgotten", lambda x, h, s: (_dz(h, s).T @ x, torch.zeros(h.shape[1])))
wrong(W, "mean for the bias", lambda x, h, s: (_dz(h, s).T @ x, _dz(h, s).mean(0)))
wrong(W, "shape of the bias", lambda x, h, s: (_dz(h, s).T @ x, _dz(h, s).sum(1)))
wrong(W, "wrong order", lambda x, h, s: (_dz(h, s).sum(0), _dz(h, s).T @ x))
wrong(W, "transposed", lambda x, h, s: (x.T @ _dz(h, s), _dz(h, s).sum(0)))
wrong(W, "wrong shapes", lambda x, h, s: (_dz(h, s) @ x, _dz(h, s).sum(0)))
wrong(W, "wrong shapes", lambda x, h, s: ((s * 2 * h / h.shape[1]).T @ x, h.sum(0)))


wrong(W, "factor", gradient(lambda h, s: s * 2 / h.shape[1] * h * 3))
wrong(W, "factor", lambda x, h, s: (_dz(h, s).T @ x * 2 / x.shape[1], _dz(h, s).sum(0)))
wrong(W, "width missing", lambda x, h, s: (_dz(h, s).T @ x, (s[:, None] * h).sum(0)))
wrong(W, "gate instead of activity", lambda x, h, s: (_dz(h, s).T @ x, s @ (h > 0).to(h)))
wrong(W, "sign", lambda x, h, s: (_dz(h, s).T @ x, -_dz(h, s).sum(0)))
wrong(W, "bias forgotten", lambda x, h, s: (_dz(h, s).T @ x, None))
wrong(W, "shape of the bias", lambda x, h, s: (_dz(h, s).T @ x, _dz(h, s).sum()))
wrong(W, "tuple", lambda x, h, s: (_dz(h, s).T @ x, _dz(h, s).sum(0), s))
wrong(W, "requires grad", lambda x, h, s: ((_dz(h, s).T @ x).requires_grad_(), _dz(h, s).sum(0)))
wrong(W, "factor", lambda x, h, s: ((7 * _dz(h, s).T @ x).requires_grad_(), _dz(h, s).sum(0)))
wrong(W, "unknown", lambda x, h, s: (_dz(h, s)[:1].T @ x[:1], _dz(h, s).sum(0)))


def _in_place(x, h, slope):
    h *= 2 / h.shape[1]
    h *= slope[:, None]
    return h.T @ x, h.sum(0)


def _autograd(x, h, slope):
    z = torch.where(h > 0, h, -1.0).requires_grad_()
    (dz,) = torch.autograd.grad((z.relu().square().mean(1) * slope).sum(), z)
    return dz.T @ x, dz.sum(0)


def _outer_loop(x, h, slope):
    weight, bias = torch.zeros(h.shape[1], x.shape[1]).to(x), torch.zeros(h.shape[1]).to(x)
    for n in range(len(x)):
        weight += slope[n] * 2 / h.shape[1] * torch.outer(h[n], x[n])
        bias += slope[n] * 2 / h.shape[1] * h[n]
    return weight, bias


wrong(W, "changes its input", _in_place)
right(W, "closed form", lambda x, h, s: (_dz(h, s).T @ x, _dz(h, s).sum(0)))
right(W, "autograd", _autograd)
right(W, "a loop of outer products", _outer_loop)
right(
    W,
    "einsum",
    lambda x, h, s: (
        torch.einsum("n,nh,nd->hd", s, h, x) * 2 / h.shape[1],
        torch.einsum("n,nh->h", s, h) * 2 / h.shape[1],
    ),
)
right(
    W,
    "as a list, float64",
    lambda x, h, s: [_dz(h, s).double().T @ x.double(), s @ h * 2 / h.size(1)],
)
right(W, "with the gate", lambda x, h, s: (((h > 0) * _dz(h, s)).T @ x, _dz(h, s).sum(dim=0)))

# ---- 1.4 the prior

P = "lesson01.loss_with_prior"


def prior(constant, weight=lambda pi: pi, inside=False):
    """Return an answer with this constant in the logit."""

    def answer(g_pos, g_neg, theta, T, pi):
        extra = constant(pi)
        a, b = (g_pos - theta) / T, (g_neg - theta) / T
        a, b = (a + extra / T, b + extra / T) if inside else (a + extra, b + extra)
        w = weight(pi)
        return w * sp(-a).mean() + (1 - w) * sp(b).mean()

    return answer


def odds(pi):
    """Log odds."""
    return math.log(pi / (1 - pi))


wrong(P, "constant forgotten", prior(lambda pi: 0))
wrong(P, "weights forgotten", prior(odds, lambda pi: 0.5))
wrong(P, "prior unused", prior(lambda pi: 0, lambda pi: 0.5))
wrong(P, "sign of the constant", prior(lambda pi: -odds(pi)))
wrong(P, "constant divided by T", prior(odds, inside=True))
wrong(P, "weights exchanged", prior(odds, lambda pi: 1 - pi))
wrong(P, "log of pi only", prior(math.log))
wrong(P, "no logarithm", prior(lambda pi: pi / (1 - pi)))
wrong(
    P,
    "weights by count",
    lambda p, n, t, T, pi: torch.cat(
        [sp(-((p - t) / T + odds(pi))), sp((n - t) / T + odds(pi))]
    ).mean(),
)
wrong(
    P,
    "one sign for both",
    lambda p, n, t, T, pi: (
        pi * sp(-((p - t) / T + odds(pi))).mean() + (1 - pi) * sp((n - t) / T - odds(pi)).mean()
    ),
)
wrong(P, "no mean", lambda p, n, t, T, pi: sp(-((p - t) / T + odds(pi))))


def _terms(pos, neg):
    """Return an answer from the two arguments of softplus."""

    def answer(p, n, t, T, pi):
        a, b = pos((p - t) / T, odds(pi)), neg((n - t) / T, odds(pi))
        return pi * sp(a).mean() + (1 - pi) * sp(b).mean()

    return answer


wrong(P, "constant", lambda *a: torch.tensor(0.4059))
wrong(P, "prior unused", prior(lambda pi: odds(0.2), lambda pi: 0.2))
wrong(P, "weights exchanged", prior(lambda pi: -odds(pi), lambda pi: 1 - pi))
wrong(P, "constant in one term", _terms(lambda a, c: -a - c, lambda b, c: b))
wrong(P, "constant in one term", _terms(lambda a, c: -a, lambda b, c: b + c))
wrong(P, "one sign for both", _terms(lambda a, c: -a + c, lambda b, c: b + c))
wrong(P, "constant divided by T", prior(lambda pi: -odds(pi), inside=True))
wrong(P, "graph cut", lambda *a: prior(odds)(*a).detach())
wrong(P, "factor", lambda *a: prior(odds)(*a) / 2)
wrong(P, "python number", lambda *a: prior(odds)(*a).item())
wrong(P, "unknown", prior(lambda pi: math.log10(pi / (1 - pi))))


def _prior_bce(g_pos, g_neg, theta, T, pi):
    z = torch.zeros_like
    pos = F.binary_cross_entropy_with_logits((g_pos - theta) / T + odds(pi), z(g_pos) + 1)
    neg = F.binary_cross_entropy_with_logits((g_neg - theta) / T + odds(pi), z(g_neg))
    return pos * pi + neg * (1 - pi)


def _prior_bayes(g_pos, g_neg, theta, T, pi):
    def p(g):
        e = torch.exp((g - theta).double() / T) * pi
        return e / (e + 1 - pi)

    return -(pi * p(g_pos).log().mean() + (1 - pi) * (1 - p(g_neg)).log().mean())


right(P, "softplus", prior(odds))
right(P, "bce", _prior_bce)
right(P, "Bayes' rule in float64", _prior_bayes)
right(P, "logit()", prior(lambda pi: torch.logit(torch.tensor(pi))))
right(P, "difference of logs", prior(lambda pi: math.log(pi) - math.log1p(-pi)))

# ---- 1.5 claims

C = "lesson01.claims"
truth = {"a": False, "b": True, "c": True, "d": True}
wrong(C, "no gradient", truth | {"a": True})
wrong(C, "layer 1 first", truth | {"b": False})
wrong(C, "rescaling is cosmetic", truth | {"c": False})
wrong(C, "sum and mean", truth | {"d": False})
wrong(C, "form", [False, True, True, True])
wrong(C, "form", truth | {"e": True})
wrong(C, "form", truth | {"a": 0})
wrong(C, "form", truth | {"a": "false!"})
wrong(C, "unfinished", {"a": False})
wrong(C, "unfinished", truth | {"c": None, "d": None})
wrong(C, "layer 1 first", {"a": False, "b": False, "c": None, "d": ...})
right(C, "the dict", truth)
right(C, "NumPy, torch and text", {"a": np.False_, "b": torch.tensor(True), "c": "True", "d": True})
right(C, "another order", dict(reversed(truth.items())))

# ---- 1.6 swap

S = "lesson01.swap_lengths"


def length(h):
    """The rows' lengths, (N, 1)."""
    return h.norm(dim=1, keepdim=True) + 1e-12


def _square(h):
    return (h**2).mean(dim=1, keepdim=True) + 1e-12


wrong(S, "unchanged", lambda p, n: (p, n))
wrong(S, "rows exchanged", lambda p, n: (n, p))
wrong(S, "wrong order", lambda p, n: (n * length(p) / length(n), p * length(n) / length(p)))
wrong(S, "only one changed", lambda p, n: (p * length(n) / length(p), n))
wrong(S, "lengths lost", lambda p, n: (p / length(p), n / length(n)))
wrong(S, "ratio upside down", lambda p, n: (p * length(p) / length(n), n * length(n) / length(p)))
wrong(
    S,
    "goodness instead of length",
    lambda p, n: (p * _square(n) / _square(p), n * _square(p) / _square(n)),
)
wrong(
    S, "one length for the batch", lambda p, n: (p * n.norm() / p.norm(), n * p.norm() / n.norm())
)
wrong(S, "multiplied, not exchanged", lambda p, n: (p * length(n), n * length(p)))
wrong(
    S,
    "length of the columns",
    lambda p, n: (p * n.norm(dim=0) / p.norm(dim=0), n * p.norm(dim=0) / n.norm(dim=0)),
)
wrong(
    S,
    "sum instead of length",
    lambda p, n: (p * n.sum(1, True) / p.sum(1, True), n * p.sum(1, True) / n.sum(1, True)),
)
wrong(
    S,
    "zero row",
    lambda p, n: (
        p * n.norm(dim=1, keepdim=True) / p.norm(dim=1, keepdim=True),
        n * p.norm(dim=1, keepdim=True) / n.norm(dim=1, keepdim=True),
    ),
)
wrong(S, "tuple", lambda p, n: p * length(n) / length(p))


def _with(p, n, eps_p, eps_n):
    p_length, n_length = p.norm(dim=1, keepdim=True), n.norm(dim=1, keepdim=True)
    return p * n_length / (p_length + eps_p), n * p_length / (n_length + eps_n)


wrong(S, "too much added", lambda p, n: _with(p, n, 1e-2, 1e-2))
wrong(S, "too much added", lambda p, n: _with(p, n, 1e-3, 1e-3))
wrong(S, "zero row", lambda p, n: _with(p, n, 1e-9, 0))
wrong(S, "zero row", lambda p, n: _with(p, n, 0, 1e-9))
wrong(S, "keepdim missing", lambda p, n: (p * n.norm(dim=1) / p.norm(dim=1), n))
wrong(
    S,
    "one length for the batch",
    lambda p, n: (p / length(p) * length(n).mean(), n / length(n) * length(p).mean()),
)
wrong(S, "changes its input", lambda p, n: (p.mul_(length(n) / length(p)), n))
wrong(S, "unknown", lambda p, n: (p / 5, n * 5))
wrong(S, "not callable", (1.0, 5.0))


def _after_change(p, n):
    p = p * length(n) / length(p)
    n = n * length(p) / length(n)  # p has its new length already
    return p, n


def _swap_loop(h_pos, h_neg):
    a, b = torch.zeros_like(h_pos), torch.zeros_like(h_neg)
    for i in range(len(h_pos)):
        p, n = h_pos[i].norm(), h_neg[i].norm()
        a[i], b[i] = h_pos[i] * n / (p + 1e-9), h_neg[i] * p / (n + 1e-9)
    return a, b


wrong(S, "only one changed", _after_change)
right(S, "ratio", lambda p, n: (p * length(n) / length(p), n * length(p) / length(n)))
right(S, "normalize", lambda p, n: (F.normalize(p) * length(n), F.normalize(n) * length(p)))
right(S, "a loop", _swap_loop)
right(S, "nan_to_num", lambda p, n: tuple(map(torch.nan_to_num, _with(p, n, 0, 0))))
right(
    S,
    "root of the goodness",
    lambda p, n: [p * (_square(n) / _square(p)).sqrt(), n * (_square(p) / _square(n)).sqrt()],
)
right(
    S,
    "float64",
    lambda p, n: (p.double() / length(p) * length(n), n.double() / length(n) * length(p)),
)
