"""Answers to unit 5."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from bank import ff_loss, goodness, right, wrong

# ---- 5.1 the standard error

E = "lesson05.standard_error"
wrong(E, "sqrt(p/n)", lambda p, n: (p / n) ** 0.5)
wrong(E, "no root", lambda p, n: p * (1 - p) / n)
wrong(E, "not divided by n", lambda p, n: (p * (1 - p)) ** 0.5)
wrong(E, "divided by n outside", lambda p, n: (p * (1 - p)) ** 0.5 / n)
wrong(E, "the worst case", lambda p, n: 0.5 / n**0.5)
wrong(E, "two standard errors", lambda p, n: 1.96 * (p * (1 - p) / n) ** 0.5)
wrong(E, "percent", lambda p, n: 100 * (p * (1 - p) / n) ** 0.5)
wrong(E, "one number", lambda p, n: (0.0, (p * (1 - p) / n) ** 0.5))
wrong(E, "no return", lambda p, n: None)
wrong(E, "rounded", lambda p, n: round((p * (1 - p) / n) ** 0.5, 4))
wrong(E, "no root", lambda p, n: p * (1 - p) / n**0.5)
wrong(E, "constant", lambda p, n: 0.0031)
wrong(E, "not a number", lambda p, n: float("nan"))
wrong(E, "one number", lambda p, n: f"{(p * (1 - p) / n) ** 0.5}")
wrong(E, "unknown", lambda p, n: p / n**0.5)
wrong(E, "unknown", lambda p, n: ((1 - p) / n) ** 0.5)
right(E, "NumPy", lambda p, n: np.sqrt(p * (1 - p) / n))
right(E, "without bias, n - 1", lambda p, n: (p * (1 - p) / (n - 1)) ** 0.5)
right(E, "the formula", lambda p, n: (p * (1 - p) / n) ** 0.5)
right(E, "math.sqrt", lambda p, n: math.sqrt(p - p * p) / math.sqrt(n))
right(E, "a tensor", lambda p, n: torch.tensor(p * (1 - p) / n).sqrt())
right(E, "of a vector of answers", lambda p, n: torch.tensor([p * (1 - p) / n]).double().sqrt()[0])
right(
    E,
    "exponential of logs",
    lambda p, n: math.exp(0.5 * (math.log(p) + math.log1p(-p) - math.log(n))),
)

# ---- 5.2 compare

C = "lesson05.compare"


def counted(difference, error):
    """Return an answer from the two counts."""

    def compare(first, second):
        a, b = (first & ~second).sum().item(), (second & ~first).sum().item()
        return difference(a, b, len(first)), error(a, b, len(first))

    return compare


def gap(a, b, n):
    """The right difference."""
    return (a - b) / n


def spread(a, b, n):
    """The right standard error."""
    return (a + b) ** 0.5 / n


def _gap(first, second):
    return first.float().mean() - second.float().mean()


def _not_paired(first, second):
    p, q = first.float().mean().item(), second.float().mean().item()
    return p - q, ((p * (1 - p) + q * (1 - q)) / len(first)) ** 0.5


def _agreeing(first, second):
    a, b = first.sum().item(), second.sum().item()
    return (a - b) / len(first), (a + b) ** 0.5 / len(first)


wrong(C, "sign", counted(lambda a, b, n: (b - a) / n, spread))
wrong(C, "counts", counted(lambda a, b, n: a - b, spread))
wrong(C, "percent", counted(lambda a, b, n: 100 * (a - b) / n, spread))
wrong(C, "no sign", counted(lambda a, b, n: abs(a - b) / n, spread))
wrong(C, "among the different ones", counted(lambda a, b, n: (a - b) / (a + b), spread))
wrong(C, "not paired", _not_paired)
wrong(C, "a - b under the root", counted(gap, lambda a, b, n: abs(a - b) ** 0.5 / n))
wrong(C, "no root", counted(gap, lambda a, b, n: (a + b) / n))
wrong(C, "root of n", counted(gap, lambda a, b, n: ((a + b) / n) ** 0.5))
wrong(C, "agreeing digits too", _agreeing)
wrong(
    C,
    "binomial of the difference",
    counted(gap, lambda a, b, n: (abs(a - b) / n * (1 - abs(a - b) / n) / n) ** 0.5),
)
wrong(C, "wrong order", counted(spread, gap))
wrong(C, "one kind only", counted(gap, lambda a, b, n: b**0.5 / n))
wrong(C, "one kind only", counted(gap, lambda a, b, n: a**0.5 / n))
wrong(C, "root of n", lambda a, b: (_gap(a, b), (a.float() - b.float()).std()))
wrong(C, "factor", counted(gap, lambda a, b, n: 2 * (a + b) ** 0.5 / n))
wrong(C, "not a number", counted(gap, lambda a, b, n: math.nan))
wrong(
    C, "sign", lambda a, b: (_gap(~a, ~b), spread(int((a & ~b).sum()), int((b & ~a).sum()), len(a)))
)
wrong(C, "unknown", lambda a, b: (0.1, 0.17))
wrong(C, "unknown", counted(lambda a, b, n: a / n, spread))
wrong(C, "not bool", lambda a, b: ((a - b).float().mean(), 0.1))
wrong(C, "one number", lambda a, b: (a.float() - b.float(), 0.1))
wrong(C, "tuple", lambda a, b: (a.float() - b.float()).mean())


def _loop(first, second):
    a = b = 0
    for x, y in zip(first.tolist(), second.tolist()):
        a, b = a + (x and not y), b + (y and not x)
    return (a - b) / len(first), math.sqrt(a + b) / len(first)


def _std(first, second):
    d = first.double() - second.double()
    return d.mean(), d.std(correction=0) / len(d) ** 0.5


def _xor(first, second):
    n = len(first)
    return first.double().mean() - second.double().mean(), (first ^ second).sum().sqrt() / n


right(C, "two counts", counted(gap, spread))
right(C, "a loop", _loop)
right(C, "standard deviation of the differences", _std)
right(C, "xor", _xor)
right(C, "NumPy", counted(lambda *a: np.float64(gap(*a)), lambda a, b, n: np.sqrt(a + b) / n))
right(C, "a list", lambda a, b: list(counted(gap, spread)(a, b)))

# ---- 5.3 hard labels

H = "lesson05.hard_labels"


def drawn(scores, pick=lambda s: torch.multinomial(s.softmax(1), 1)[:, 0], mask=True):
    """Return an answer from its scores."""

    def hard_labels(g, labels, hardness):
        s = scores(g, hardness)
        if mask:
            s = s.scatter(1, labels[:, None], -torch.inf)
        return pick(s)

    return hard_labels


def usual(g, k):
    """The right scores."""
    return k * g


def _in_place(g, labels, hardness):
    g[torch.arange(len(g)), labels] = -torch.inf
    return torch.multinomial((hardness * g).softmax(1), 1)[:, 0]


def _exp(g, labels, hardness):
    p = torch.exp(hardness * g).scatter(1, labels[:, None], 0.0)
    return torch.multinomial(p / p.sum(1, keepdim=True), 1)[:, 0]


def _seeded(g, labels, hardness):
    s = (hardness * g).scatter(1, labels[:, None], -torch.inf)
    generator = torch.Generator().manual_seed(0)
    return torch.multinomial(s.softmax(1), 1, generator=generator)[:, 0]


def _next_one(g, labels, hardness):
    label = drawn(usual, mask=False)(g, labels, hardness)
    return torch.where(label == labels, (label + 1) % 10, label)


def _one_draw(g, labels, hardness):
    weights = (hardness * g[0]).softmax(0) * (torch.bincount(labels, minlength=10) == 0)
    return torch.multinomial(weights, 1).repeat(len(g))


def _before(g, labels, hardness):
    return drawn(usual, mask=False)(g.scatter(1, labels[:, None], -torch.inf), labels, hardness)


def _until_wrong(g, labels, hardness):
    result = drawn(usual, mask=False)(g, labels, hardness)
    while (same := result == labels).any():
        result[same] = drawn(usual, mask=False)(g[same], labels[same], hardness)
    return result


wrong(H, "true label moved on", _next_one)
wrong(H, "hardness 0", _before)
wrong(H, "hardness fixed", drawn(lambda g, k: 20 * g))
wrong(H, "one draw for all", _one_draw)
wrong(H, "overflow", drawn(lambda g, k: (k * g).clamp(max=80)))
wrong(H, "hardness unused", drawn(lambda g, k: k * g / k))
wrong(H, "not a tensor", lambda g, y, k: drawn(usual)(g, y, k).tolist())
wrong(H, "never returns", _until_wrong)
wrong(H, "true label drawn", drawn(usual, mask=False))
wrong(H, "argmax", drawn(usual, lambda s: s.argmax(1)))
wrong(H, "hardness unused", drawn(lambda g, k: g))
wrong(H, "uniform", drawn(lambda g, k: 0 * g))
wrong(H, "sign", drawn(lambda g, k: -k * g))
wrong(H, "hardness divided", drawn(lambda g, k: g / max(k, 1e-3)))
wrong(H, "hardness squared", drawn(lambda g, k: k * k * g))
wrong(H, "proportional to goodness", drawn(lambda g, k: (g + 1e-9).log()))
wrong(H, "overflow", _exp)
wrong(H, "changes its input", _in_place)
wrong(H, "the same every time", _seeded)
wrong(H, "column", drawn(usual, lambda s: torch.multinomial(s.softmax(1), 1)))
wrong(H, "table", drawn(usual, lambda s: s.softmax(1)))
wrong(H, "argument", lambda g, y, k: (k * g).scatter(1, y, -torch.inf).argmax(1))
wrong(
    H, "kind of numbers", drawn(usual, lambda s: torch.multinomial(s.softmax(1), 1)[:, 0].float())
)
wrong(H, "not a digit", drawn(usual, lambda s: torch.multinomial(s.softmax(1), 1)[:, 0] + 1))


def _gumbel(g, labels, hardness):
    s = (hardness * g).masked_fill(F.one_hot(labels, 10).bool(), -torch.inf)
    return (s - torch.log(-torch.log(torch.rand_like(s).clamp(1e-20, 1 - 1e-7)))).argmax(1)


def _categorical(g, labels, hardness):
    s = (hardness * g).clone()
    s[torch.arange(len(s)), labels] = -torch.inf
    return torch.distributions.Categorical(logits=s).sample()


def _zeroed(g, labels, hardness):
    s = hardness * (g - g.scatter(1, labels[:, None], -1e9).amax(1, keepdim=True))
    p = s.clamp(max=0).exp() * (1 - F.one_hot(labels, 10))
    return torch.multinomial(p, 1).squeeze(1)


def _low(scores, labels):
    scores[torch.arange(len(scores)), labels] = scores.min() - 1e4
    return torch.multinomial(scores.softmax(1), 1)[:, 0]


def _nine(g, labels, hardness):
    others = torch.arange(9).repeat(len(g), 1)
    others = others + (others >= labels[:, None])
    s = (hardness * g).gather(1, others)
    return others.gather(1, torch.multinomial(s.softmax(1), 1))[:, 0]


def _cumulative(g, labels, hardness):
    s = (hardness * g.double()).scatter(1, labels[:, None], -torch.inf).softmax(1).cumsum(1)
    return (s < torch.rand(len(g), 1).double()).sum(1).clamp(max=9).to(torch.int32)


right(H, "multinomial", drawn(usual))
right(H, "Gumbel noise", _gumbel)
right(H, "Categorical", _categorical)
right(H, "shifted exponentials", _zeroed)
right(H, "nine of ten", _nine)
right(H, "a very low score", lambda g, y, k: _low(k * g, y))
right(H, "cumulative sums, int32", _cumulative)

# ---- 5.4 peer push

P = "lesson05.peer_push"


def push(make, mean=lambda h, r: 0.9 * r + 0.1 * h.mean(0)):
    """Return an answer from its push and running mean."""

    def peer_push(h, running, strength):
        new = mean(h, running)
        return make(new, h, strength), new

    return peer_push


def usual_push(m, h, s):
    """The right push."""
    return s * (m - m.mean()) / len(h)


def _as_loss(h, running, strength):
    new = 0.9 * running + 0.1 * h.mean(0)
    return strength * 2 * (new - new.mean()) / (h.shape[1] * len(h)), new


def _autograd_loss(h, running, strength):
    h = h.clone().requires_grad_()
    new = 0.9 * running + 0.1 * h.mean(0)
    loss = strength * (new - new.mean().detach()).square().mean()
    return torch.autograd.grad(loss, h)[0][0], new.detach()


def _old(h, running, strength):
    return usual_push(running, h, strength), 0.9 * running + 0.1 * h.mean(0)


def _in_place_mean(h, running, strength):
    running *= 0.9
    running += 0.1 * h.mean(0)
    return usual_push(running, h, strength), running


wrong(P, "sign", push(lambda m, h, s: s * (m.mean() - m) / len(h)))
wrong(P, "not divided by the images", push(lambda m, h, s: s * (m - m.mean())))
wrong(P, "batch mean only", push(usual_push, lambda h, r: h.mean(0)))
wrong(P, "batch mean only", push(lambda m, h, s: usual_push(h.mean(0), h, s)))
wrong(P, "old running mean", _old)
wrong(P, "layer mean missing", push(lambda m, h, s: s * m / len(h)))
wrong(P, "strength unused", push(lambda m, h, s: (m - m.mean()) / len(h)))
wrong(P, "written as a loss", _as_loss)
wrong(P, "written as a loss", _autograd_loss)
wrong(P, "gated", push(lambda m, h, s: usual_push(m, h, s) * (h.mean(0) > 0)))
wrong(P, "divided by the units", push(lambda m, h, s: s * (m - m.mean()) / h.shape[1]))
wrong(P, "running mean turned round", push(usual_push, lambda h, r: 0.1 * r + 0.9 * h.mean(0)))
wrong(P, "running mean unchanged", push(usual_push, lambda h, r: r.clone()))
wrong(P, "added, not averaged", push(usual_push, lambda h, r: r + h.mean(0)))
wrong(P, "sum of the batch", push(usual_push, lambda h, r: 0.9 * r + 0.1 * h.sum(0)))
wrong(P, "one row for each image", push(lambda m, h, s: usual_push(m, h, s).expand(len(h), -1)))
wrong(P, "changes its input", _in_place_mean)
wrong(P, "other weights", push(usual_push, lambda h, r: 0.99 * r + 0.01 * h.mean(0)))
wrong(P, "other weights", push(usual_push, lambda h, r: 0.5 * r + 0.5 * h.mean(0)))
wrong(P, "one mean for all units", push(usual_push, lambda h, r: 0.9 * r + 0.1 * h.mean()))
wrong(P, "wrong order", lambda h, r, s: push(usual_push)(h, r, s)[::-1])
wrong(P, "factor", push(lambda m, h, s: s * usual_push(m, h, s)))
wrong(P, "shape", push(lambda m, h, s: usual_push(m, h, s)[None]))
wrong(P, "shape", lambda h, r, s: (torch.tensor([-0.1, 0.1]), torch.tensor([0.45, 0.65])))
wrong(P, "requires grad", lambda h, r, s: push(usual_push)(h, r.clone().requires_grad_(), s))
wrong(P, "unknown", push(lambda m, h, s: s * (m - m.median()) / len(h)))
wrong(P, "unknown", push(usual_push, lambda h, r: 0.9 * r + 0.1 * h.square().mean(0)))
wrong(P, "tuple", lambda h, running, strength: usual_push(running, h, strength))


def _loop_push(h, running, strength):
    new = torch.stack([0.9 * r + 0.1 * column.mean() for r, column in zip(running, h.T)])
    return torch.stack([strength * (x - new.mean()) / len(h) for x in new]), new


right(P, "formula", push(usual_push))
right(P, "lerp", push(usual_push, lambda h, r: torch.lerp(h.mean(0), r, 0.9)))
right(P, "a loop", _loop_push)
right(P, "float64", push(lambda m, h, s: usual_push(m.double(), h, s)))
right(
    P,
    "einsum mean",
    push(usual_push, lambda h, r: r + 0.1 * (torch.einsum("nh->h", h) / len(h) - r)),
)
right(P, "a list", lambda h, r, s: list(push(usual_push)(h, r, s)))

# ---- 5.5 the black box

B = "lesson05.black_box"


def top(x_pos, x_neg, w1, w2, box):
    """The loss of the second layer."""
    return ff_loss(*(goodness(F.relu(box(F.relu(x @ w1.T)) @ w2.T)) for x in (x_pos, x_neg)))


def own(x_pos, x_neg, w1):
    """The loss of the first layer."""
    return ff_loss(*(goodness(F.relu(x @ w1.T)) for x in (x_pos, x_neg)))


def gradients(ff, backprop):
    """Return an answer from two losses."""

    def answer(x_pos, x_neg, w1, w2, box):
        found = []
        for loss in (ff, backprop):
            w = w1.clone().requires_grad_()
            found += torch.autograd.grad(loss(x_pos, x_neg, w, w2, box), w)
        return tuple(found)

    return answer


def first(p, n, w, w2, box):
    """The first layer's loss, whatever is above."""
    return own(p, n, w)


def _straight(h):
    return (torch.sign(h - h.mean(1, keepdim=True)).relu().roll(1, 1) - h).detach() + h


def _detached(p, n, w, w2, box):
    return top(p, n, w.detach(), w2, box)


def _zeros(x_pos, x_neg, w1, w2, box):
    ff, _ = gradients(first, first)(x_pos, x_neg, w1, w2, box)
    return ff, torch.zeros_like(w1)


def _unused(x_pos, x_neg, w1, w2, box):
    ff, _ = gradients(first, first)(x_pos, x_neg, w1, w2, box)
    return ff, None


def _swapped(x_pos, x_neg, w1, w2, box):
    return gradients(top, first)(x_pos, x_neg, w1, w2, box)


def _tiny(x_pos, x_neg, w1, w2, box):
    ff, backprop = gradients(first, top)(x_pos, x_neg, w1, w2, box)
    return ff, backprop + 1e-8


def _negative(x_pos, x_neg, w1, w2, box):
    ff, backprop = gradients(first, top)(x_pos, x_neg, w1, w2, box)
    return -ff, backprop


wrong(B, "wrong order", _swapped)
wrong(B, "none", _unused)
wrong(B, "graph cut", gradients(first, _detached))
wrong(B, "detached", _zeros)
wrong(B, "second layer's loss", gradients(top, top))
wrong(B, "nothing", lambda *a: (torch.zeros_like(a[2]), gradients(first, top)(*a)[1]))
wrong(B, "both losses", gradients(lambda *a: first(*a) + top(*a), top))
wrong(B, "first layer's loss", gradients(first, first))
wrong(B, "box left out", gradients(first, lambda p, n, w, w2, box: top(p, n, w, w2, lambda h: h)))
wrong(B, "straight through", gradients(first, lambda p, n, w, w2, box: top(p, n, w, w2, _straight)))
wrong(B, "nearly zero", _tiny)
wrong(B, "sign", _negative)


def linear_top(p, n, w, w2, box):
    """The second layer without its ReLU."""
    return ff_loss(*(goodness(box(F.relu(x @ w.T)) @ w2.T) for x in (p, n)))


def linear_bottom(p, n, w, w2, box):
    """The first layer without its ReLU."""
    return ff_loss(*(goodness(F.relu(box(x @ w.T) @ w2.T)) for x in (p, n)))


wrong(B, "sign", lambda *a: (gradients(first, top)(*a)[0], -gradients(first, top)(*a)[1]))
wrong(B, "exchanged", gradients(lambda p, n, *a: first(n, p, *a), top))
wrong(B, "exchanged", gradients(first, lambda p, n, *a: top(n, p, *a)))
wrong(B, "relu missing", gradients(first, linear_top))
wrong(B, "relu missing", gradients(first, linear_bottom))
wrong(
    B,
    "relu missing",
    gradients(lambda p, n, w, *a: ff_loss(*(goodness(x @ w.T) for x in (p, n))), top),
)
wrong(B, "factor", gradients(lambda *a: 2 * first(*a), top))
wrong(B, "shape", lambda p, n, w, w2, box: (w2, w2))
wrong(
    B, "unknown", gradients(first, lambda p, n, w, w2, box: top(p, n, w, w2, lambda h: box(box(h))))
)
wrong(B, "tuple", lambda *a: gradients(first, top)(*a)[0])


def _backward(x_pos, x_neg, w1, w2, box):
    w = w1.detach().clone().requires_grad_()
    own(x_pos, x_neg, w).backward()
    ff = w.grad.clone()
    w.grad = None
    top(x_pos, x_neg, w, w2, box).backward()
    return ff, w.grad


def _closed(x_pos, x_neg, w1, w2, box):
    x = torch.cat([x_pos, x_neg])
    h, n = F.relu(x @ w1.T), len(x_pos)
    p = torch.sigmoid(goodness(h) - 2)
    slope = torch.cat([p[:n] - 1, p[n:]]) / (2 * n)
    ff = (slope[:, None] * 2 / h.shape[1] * h).T @ x
    return ff, gradients(first, top)(x_pos, x_neg, w1, w2, box)[1]


def _jacobian(x_pos, x_neg, w1, w2, box):
    return [
        torch.autograd.functional.jacobian(lambda w: loss(x_pos, x_neg, w, w2, box), w1)
        for loss in (first, top)
    ]


def _parameters(x_pos, x_neg, w1, w2, box):
    layer = torch.nn.Linear(w1.shape[1], w1.shape[0], bias=False)
    with torch.no_grad():
        layer.weight.copy_(w1)
    ff = torch.autograd.grad(own(x_pos, x_neg, layer.weight), layer.weight)[0]
    return ff, torch.autograd.grad(top(x_pos, x_neg, layer.weight, w2, box), layer.weight)[0]


def _func(x_pos, x_neg, w1, w2, box):
    return tuple(
        torch.func.grad(lambda w: loss(x_pos, x_neg, w, w2, box))(w1) for loss in (first, top)
    )


right(B, "autograd.grad", gradients(first, top))
right(B, "backward", _backward)
right(B, "closed form", _closed)
right(B, "jacobian", _jacobian)
right(B, "nn.Linear", _parameters)
right(B, "torch.func", _func)
