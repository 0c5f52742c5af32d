"""Answers to unit 4."""

import numpy as np
import torch
import torch.nn.functional as F
from bank import normalise, right, wrong

import ffteach

# ---- 4.1 features

E = "lesson04.features"


def features(change=normalise, join=lambda rows: torch.cat(rows, dim=1), choose=None):
    """Return an answer with one step changed."""

    @torch.no_grad()
    def answer(net, images, layers):
        seen = net(images)
        return join([change(seen[k]) for k in (choose(layers) if choose else layers)])

    return answer


def _graph(net, images, layers):
    seen = net(images)
    return torch.cat([normalise(seen[k]) for k in layers], dim=1)


def _graph_detached(net, images, layers):
    return _graph(net, images, layers).detach()


def _bare(h):
    return h / h.norm(dim=1, keepdim=True) * h.shape[1] ** 0.5


def _all(layers):
    return [0, 1, 2] if len(layers) < 3 else layers


def _standardised(h):
    return (h - h.mean(1, True)) / (h.std(1, keepdim=True) + 1e-6)


def _together(rows):
    return normalise(torch.cat(rows, dim=1))


wrong(E, "rescaled together", features(lambda h: h, _together))
wrong(E, "not rescaled", features(lambda h: h))
wrong(E, "length 1", features(F.normalize))
wrong(E, "columns rescaled", features(lambda h: h / (h.norm(dim=0) + 1e-6)))
wrong(E, "goodness 1 missed", features(lambda h: h / (h.square().mean(1, keepdim=True) + 1e-6)))
wrong(E, "mean 1", features(lambda h: h / (h.mean(1, keepdim=True) + 1e-6)))
wrong(E, "one length for the batch", features(lambda h: h / h.square().mean().sqrt()))
wrong(E, "standardised", features(_standardised))
wrong(E, "all layers", features(choose=lambda layers: [0, 1, 2]))
wrong(E, "first layer left out", features(choose=lambda layers: [1, 2]))
wrong(E, "counted from 1", features(choose=lambda layers: [k - 1 for k in layers]))
wrong(E, "wrong order", features(choose=sorted))
wrong(E, "not side by side", features(join=list))
wrong(E, "not side by side", features(join=lambda rows: torch.cat(rows, dim=0)))
wrong(E, "not side by side", features(join=sum))
wrong(E, "wrong order", features(choose=lambda layers: layers[::-1]))
wrong(E, "counted from 1", features(choose=lambda layers: [k + 1 for k in layers]))
wrong(E, "counted from 1", features(choose=lambda layers: range(len(layers))))
wrong(E, "counted from 1", features(choose=lambda layers: [k - 3 for k in layers]))
wrong(E, "all layers", features(choose=lambda layers: range(min(layers), max(layers) + 1)))
wrong(E, "shape", features(choose=lambda layers: layers[-1:]))
wrong(E, "shape", features(lambda h: h.square().mean(1, keepdim=True)))
wrong(E, "standardised", features(lambda h: h / (h.std(1, keepdim=True) + 1e-6)))
wrong(E, "largest 1", features(lambda h: h / (h.amax(1, keepdim=True) + 1e-6)))
wrong(
    E, "too much added", features(lambda h: h * h.shape[1] ** 0.5 / (h.norm(dim=1) + 0.03)[:, None])
)
wrong(E, "uses the package", lambda net, x, layers: ffteach.features(net, x, layers=layers))
wrong(E, "unknown", features(lambda h: F.normalize(h) * 30**0.5))
wrong(E, "numpy", lambda net, x, layers: features()(net, x, layers).numpy())
wrong(E, "keeps the graphs", _graph)
wrong(E, "keeps the graphs", _graph_detached)
wrong(E, "silent rows", features(_bare))


@torch.inference_mode()
def _inference(net, images, layers):
    return torch.hstack([normalise(net(images)[k]) for k in layers]).clone()


@torch.no_grad()
def _empty(net, images, layers):
    seen = net(images)
    result = torch.empty(len(images), sum(seen[k].shape[1] for k in layers))
    start = 0
    for k in layers:
        width = seen[k].shape[1]
        result[:, start : start + width] = normalise(seen[k])
        start += width
    return result


right(E, "cat", features())
right(E, "F.normalize", features(lambda h: F.normalize(h) * h.shape[1] ** 0.5))
right(E, "by goodness", features(lambda h: h / (h.square().mean(1, keepdim=True) + 1e-12).sqrt()))
right(E, "filled piece by piece", _empty)
right(E, "hstack", _inference)
right(E, "nan_to_num", features(lambda h: torch.nan_to_num(_bare(h))))
right(E, "float64", features(lambda h: normalise(h.double())))

# ---- 4.2 softmax regression

S = "lesson04.softmax_regression"


def regression(loss=None, steps=500, finish=lambda w, b: (w.detach(), b.detach()), see=lambda x: x):
    """Return an answer with L-BFGS and its own loss."""

    def answer(x, labels, decay):
        x = see(x)
        w = torch.zeros(10, x.shape[1], dtype=x.dtype, requires_grad=True)
        b = torch.zeros(10, dtype=x.dtype, requires_grad=True)
        options = dict(max_iter=steps, tolerance_grad=1e-6, tolerance_change=0)
        optimiser = torch.optim.LBFGS([w, b], line_search_fn="strong_wolfe", **options)

        def closure():
            optimiser.zero_grad()
            value = (loss or right_loss)(x, labels, decay, w, b)
            value.backward()
            return value

        optimiser.step(closure)
        return finish(w, b)

    return answer


def right_loss(x, y, decay, w, b):
    """What the task says."""
    return F.cross_entropy(x @ w.T + b, y) + decay / 2 * w.square().sum()


def _adam(steps, rate):
    def answer(x, labels, decay):
        w = torch.zeros(10, x.shape[1], dtype=x.dtype, requires_grad=True)
        b = torch.zeros(10, dtype=x.dtype, requires_grad=True)
        optimiser = torch.optim.Adam([w, b], lr=rate)
        for _ in range(steps):
            optimiser.zero_grad()
            right_loss(x, labels, decay, w, b).backward()
            optimiser.step()
        return w.detach(), b.detach()

    return answer


def _module(x, labels, groups):
    """nn.Linear and SGD, whose weight decay is that of the task."""
    linear = torch.nn.Linear(x.shape[1], 10)
    optimiser = torch.optim.SGD(groups([linear.weight, linear.bias]), lr=0.5)
    for _ in range(1500):
        optimiser.zero_grad()
        F.cross_entropy(linear(x), labels).backward()
        optimiser.step()
    return linear.weight.detach(), linear.bias.detach()


def _decay_of_the_weight(x, labels, decay):
    return _module(
        x, labels, lambda m: [dict(params=m[:1], weight_decay=decay), dict(params=m[1:])]
    )


def _centred(x):
    return x - x.mean(dim=0)


ce = F.cross_entropy
wrong(S, "not converged", _adam(10, 0.01))
wrong(S, "not converged", _adam(100, 0.01))
wrong(S, "not converged", regression(steps=5))
wrong(S, "decay unused", regression(lambda x, y, d, w, b: ce(x @ w.T + b, y) + 0 * w.sum(), 3000))
wrong(
    S,
    "factor of the decay",
    regression(lambda x, y, d, w, b: ce(x @ w.T + b, y) + d * w.square().sum()),
)
wrong(
    S,
    "decay on the bias",
    regression(lambda x, y, d, w, b: right_loss(x, y, d, w, b) + d / 2 * b.square().sum()),
)
wrong(
    S,
    "sum of the losses",
    regression(
        lambda x, y, d, w, b: ce(x @ w.T + b, y, reduction="sum") + d / 2 * w.square().sum(), 3000
    ),
)
wrong(
    S,
    "softmax twice",
    regression(
        lambda x, y, d, w, b: ce((x @ w.T + b).softmax(1), y) + d / 2 * w.square().sum(), 3000
    ),
)
wrong(
    S,
    "mean of the weights",
    regression(lambda x, y, d, w, b: ce(x @ w.T + b, y) + d / 2 * w.square().mean(), 3000),
)
wrong(
    S,
    "norm, not its square",
    regression(lambda x, y, d, w, b: ce(x @ w.T + b, y) + d * (w.square().sum() + 1e-12).sqrt()),
)
wrong(S, "half the decay", regression(lambda x, y, d, w, b: right_loss(x, y, d / 2, w, b)))
wrong(S, "decay fixed", regression(lambda x, y, d, w, b: right_loss(x, y, 0.1, w, b)))
wrong(
    S,
    "squared error",
    regression(
        lambda x, y, d, w, b: (
            F.mse_loss(x @ w.T + b, F.one_hot(y, 10).to(x)) + d / 2 * w.square().sum()
        )
    ),
)
wrong(
    S,
    "decay on the bias",
    lambda x, y, d: _module(x, y, lambda m: [dict(params=m, weight_decay=d)]),
)
wrong(S, "tuple", lambda x, y, d: torch.nn.Linear(x.shape[1], 10)(x))
wrong(S, "not trained", regression(lambda x, y, d, w, b: right_loss(x, y, d, 0 * w, b)))
wrong(S, "transposed", regression(finish=lambda w, b: (w.detach().T, b.detach())))
wrong(S, "requires grad", regression(finish=lambda w, b: (w, b)))
wrong(S, "bias forgotten", regression(lambda x, y, d, w, b: right_loss(x, y, d, w, 0 * b)))
wrong(S, "not trained", lambda x, y, d: (torch.zeros(10, x.shape[1]), torch.zeros(10)))
wrong(S, "centred", regression(see=_centred))
wrong(S, "tuple", regression(finish=lambda w, b: w.detach()))
wrong(S, "numpy", regression(finish=lambda w, b: (w.detach().numpy(), b.detach().numpy())))


def _newton(x, labels, decay):
    x = x.double()
    n, d = x.shape
    rows = torch.cat([x, torch.ones(n, 1, dtype=x.dtype)], dim=1)
    keep = torch.ones(10, d + 1, dtype=x.dtype)
    keep[:, -1] = 0

    def loss(theta):
        w = theta.reshape(10, d + 1)
        return F.cross_entropy(rows @ w.T, labels) + decay / 2 * (keep * w * w).sum()

    theta = torch.zeros(10 * (d + 1), dtype=x.dtype)
    for _ in range(12):
        slope = torch.autograd.functional.jacobian(loss, theta)
        bend = torch.autograd.functional.hessian(loss, theta)
        theta = theta - torch.linalg.pinv(bend, rtol=1e-9) @ slope
    w = theta.reshape(10, d + 1)
    return w[:, :-1], w[:, -1]


def _centred_back(x, labels, decay):
    w, b = regression(see=_centred)(x, labels, decay)
    return w, b - w @ x.mean(dim=0)


def _descent(x, labels, decay):
    w, b = torch.zeros(10, x.shape[1], dtype=x.dtype), torch.zeros(10, dtype=x.dtype)
    one_hot = F.one_hot(labels, 10).to(x)
    for _ in range(6000):
        p = (x @ w.T + b).softmax(1) - one_hot
        w -= 0.5 * (p.T @ x / len(x) + decay * w)
        b -= 0.5 * p.mean(0)
    return w, b


right(S, "L-BFGS", regression())
right(S, "Newton", _newton)
right(S, "nn.Linear and SGD", _decay_of_the_weight)
right(S, "centred inside, converted back", _centred_back)
right(S, "gradient descent, long", _descent)
right(
    S, "a list, float32", regression(finish=lambda w, b: [w.detach().float(), b.detach().float()])
)

# ---- 4.3 few labels

C = "lesson04.label_curve"
curve = {
    "raw pixels": {100: 27.8, 300: 21.9, 1000: 13.2},
    "untrained": {100: 31.2, 300: 21.6, 1000: 13.8},
    "Forward-Forward": {100: 16.0, 300: 13.0, 1000: 8.6},
}


def each(change):
    """Return the curve with every number changed."""
    return {name: {n: change(e) for n, e in row.items()} for name, row in curve.items()}


wrong(C, "baseline missing", {"Forward-Forward": curve["Forward-Forward"]})
wrong(C, "baseline missing", {name: curve[name] for name in ("raw pixels", "Forward-Forward")})
wrong(C, "shares", each(lambda e: e / 100))
wrong(C, "accuracy", each(lambda e: 100 - e))
wrong(C, "training data", each(lambda e: 0.0) | {"raw pixels": curve["raw pixels"]})
wrong(C, "untrained is trained", curve | {"untrained": curve["Forward-Forward"]})
wrong(C, "untrained is trained", curve | {"untrained": {100: 16.4, 300: 12.8, 1000: 8.5}})
wrong(C, "same twice", curve | {"untrained": curve["raw pixels"]})
wrong(C, "no fall", curve | {"raw pixels": {100: 11.0, 300: 11.0, 1000: 11.0}})
wrong(C, "range", curve | {"Forward-Forward": {100: 26.0, 300: 21.0, 1000: 12.0}})
wrong(C, "form", curve | {"raw pixels": 13.2})
nothing = {100: None, 300: None, 1000: None}
wrong(C, "unfinished", curve | {"untrained": nothing, "Forward-Forward": nothing})
wrong(C, "unfinished", curve | {"untrained": {100: 31.2}})
wrong(C, "shares", {"raw pixels": {100: 0.27}, "untrained": None, "Forward-Forward": None})
wrong(C, "range", curve | {"raw pixels": {100: 60.0 - 1, 300: 21, 1000: None}})
wrong(C, "form", curve | {"raw pixels": {"100": 27.8, "300": 21.9, "1000": 13.2}})
wrong(C, "form", each(lambda e: float("nan")))
wrong(C, "form", each(lambda e: "few"))
wrong(C, "form", each(lambda e: torch.ones(2)))
wrong(C, "no fall", {name: dict.fromkeys(row, row[100]) for name, row in curve.items()})
wrong(C, "form", [27.8, 31.2, 16.0])
right(C, "measured", curve)
right(C, "a little off", each(lambda e: 1.05 * e))
right(C, "as tensors", each(lambda e: torch.tensor(e)))
right(C, "rounded", each(round))
right(
    C, "NumPy and text", each(np.float32) | {"untrained": {100: "31.2", 300: "21.6", 1000: "13.8"}}
)
right(C, "ten labels too", curve | {"raw pixels": curve["raw pixels"] | {10: 60.0}})
right(C, "with another row", curve | {"two layers": curve["untrained"]})

# ---- 4.4 system C

B = "lesson04.small_system_c"
small = {"Forward-Forward": 15.0, "untrained": 14.3, "raw pixels": 12.0}
wrong(B, "baseline missing", {"Forward-Forward": 30.0}, "no better")
wrong(B, "shares", {name: e / 100 for name, e in small.items()}, "no better")
wrong(B, "accuracy", {name: 100 - e for name, e in small.items()}, "no better")
wrong(B, "training data", small | {"untrained": 0.0}, "no better")
wrong(B, "untrained is trained", small | {"untrained": 15.0}, "no better")
wrong(B, "range", small | {"Forward-Forward": 7.8}, "better")
wrong(B, "verdict", small, "better")
wrong(B, "verdict", small | {"Forward-Forward": 14.0}, "better")
wrong(B, "verdict form", small, "worse")
wrong(B, "form", [15, 14, 12], "no better")
wrong(B, "form", small | {"untrained": float("nan")}, "no better")
wrong(B, "verdict form", small, False)
wrong(B, "unfinished", small, None)
wrong(B, "unfinished", small | {"untrained": None}, "no better")
wrong(B, "unfinished", small | {"untrained": None, "Forward-Forward": None}, None)
wrong(B, "shares", {"raw pixels": 0.12, "untrained": None, "Forward-Forward": None}, None)
right(B, "measured", small, "no better")
right(
    B,
    "another seed",
    {"Forward-Forward": 14.65, "untrained": 14.1, "raw pixels": 12.0},
    "no better",
)
right(B, "as tensors", {name: torch.tensor(e) for name, e in small.items()}, "no better")
right(B, "rounded", {name: round(e) for name, e in small.items()}, "no better")
right(B, "NumPy, with a capital", {k: np.float64(e) for k, e in small.items()}, "No better ")
right(B, "with a head", small | {"published": 7.8}, "no better")
