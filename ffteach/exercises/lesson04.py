"""Unit 4: features, the probe, few labels and the baselines of a published result."""

import contextlib
import math

import torch
import torch.nn.functional as F

from .engine import Exercise, NotAttempted, close, numbers, plain
from .lesson02 import _Tower

UNIT = "Unit 4: the unsupervised probe"


# ---- 4.1


def _judge_features(trial, features):
    for n, widths, layers in ((5, (7, 4, 6), [1, 2]), (1, (3, 5, 4), [2, 0]), (6, (6, 6, 6), [1])):
        net, images = _Tower(trial, 13, widths, 1.0), trial.rand(n, 13)
        with torch.no_grad():
            for layer in net.layers:
                layer.bias.add_(0.5)
        result = trial.call(features, net, images, layers)
        graphs, net.graphs = net.graphs, 0
        if type(result) in (list, tuple):
            trial.no("not side by side")
        with torch.no_grad():
            seen = net(images)
        chosen = [seen[k] for k in layers]
        length = sum(widths[k] for k in layers)
        joined = torch.cat(chosen, dim=1)
        unit = [h / (h.norm(dim=1, keepdim=True) + 1e-6) for h in chosen]
        scaled = [u * u.shape[1] ** 0.5 for u in unit]

        def rescaled(rows):
            return rows * rows.shape[1] ** 0.5 / (rows.norm(dim=1, keepdim=True) + 1e-6)

        result = trial.tensor(result, kind="float")
        every, rest = torch.cat(seen, 1), torch.cat(seen[1:], 1)
        if tuple(result.shape) != (n, length):
            for name, rows in (("all layers", every), ("first layer left out", rest)):
                trial.require(tuple(result.shape) != tuple(rows.shape), name)
        one_less = [seen[k - 1] for k in layers]
        if tuple(result.shape) == (n, sum(h.shape[1] for h in one_less)):
            other = torch.cat([rescaled(h) for h in one_less], 1)
            trial.require(not close(result, other), "counted from 1")
        trial.tensor(result, (n, length))
        right = torch.cat(scaled, dim=1)
        wrong = {
            "rescaled together": [rescaled(joined), F.normalize(joined)],
            "not rescaled": joined,
            "length 1": torch.cat(unit, dim=1),
            "columns rescaled": torch.cat([h / (h.norm(dim=0) + 1e-6) for h in chosen], 1),
            "goodness 1 missed": torch.cat(
                [h / (h.square().mean(1, True) + 1e-6) for h in chosen], 1
            ),
            "mean 1": torch.cat([h / (h.mean(1, True) + 1e-6) for h in chosen], 1),
            "one length for the batch": torch.cat(
                [h / h.square().mean().sqrt() for h in chosen], 1
            ),
            "standardised": [
                torch.cat(
                    [(h - m * h.mean(1, True)) / (h.std(1, keepdim=True) + 1e-6) for h in chosen], 1
                )
                for m in (0, 1)
            ],
            "largest 1": torch.cat([h / (h.amax(1, keepdim=True) + 1e-6) for h in chosen], 1),
            "wrong order": [
                torch.cat([rescaled(seen[k]) for k in other], dim=1)
                for other in (sorted(layers), layers[::-1])
            ],
        }
        if close(result, right, 0.1) and not close(result, right, 2e-3):
            trial.no("too much added", 0.5)
        trial.same(result, right, wrong, tolerance=1e-3)
        trial.require(not result.requires_grad and not graphs, "keeps the graphs", 0.75)
    silent = _Tower(trial, 13, (4, 4), 1.0)
    with torch.no_grad():
        for layer in silent.layers:
            layer.weight.zero_(), layer.bias.fill_(-1.0)
    result = trial.call(features, silent, trial.rand(3, 13), [0, 1], inputs="a silent network")
    trial.require(all(abs(x) < 1e6 for x in numbers(result)), "silent rows", 0.75)


features = Exercise(
    "features",
    "4.1 features",
    points=3,
    minutes=15,
    judge=_judge_features,
    errors={
        "not side by side": ("Sizes of tensors must match", "must match the size"),
        "counted from 1": ("index out of range",),
        "uses the package": ("'_Tower' object has no attribute", "is not an FFNet"),
    },
    says={
        "not side by side": "The features of an image stand side by side in ONE row, whatever the "
        "widths: return one tensor, torch.cat(..., dim=1).",
        "uses the package": "The check's network is no FFNet of the package: all that it has is "
        "net(x). Write the loop over the layers yourself.",
        "all layers": "These are the activities of all layers: take only those in `layers`.",
        "first layer left out": "The first layer is always left out here: let `layers` decide.",
        "counted from 1": "You take another layer than `layers` says, or one that is not there: "
        "the first layer is number 0.",
        "rescaled together": "You rescaled the concatenation. Then a layer of high goodness still "
        "drowns out the others: rescale each layer's rows by themselves, then join them.",
        "not rescaled": "The activities are as they are. The length of each layer's row is its "
        "goodness, and says `this is a digit` louder than which digit: rescale the rows.",
        "length 1": "Every row has length 1, so a wide layer's features are smaller than a narrow "
        "one's. Mean square 1 means length sqrt(width).",
        "columns rescaled": "You rescale each unit over the images (dim=0). The features of an "
        "image would depend on the other images: rescale each row (dim=1).",
        "goodness 1 missed": "You divide by the goodness; its ROOT makes the mean square 1.",
        "mean 1": "You divide by the mean activity. The mean SQUARE should be 1.",
        "one length for the batch": "One number rescales the whole batch. Then the length of the "
        "rows, which is the goodness, is still there: every row has its own.",
        "standardised": "You subtract the mean of the row, or divide by its standard deviation. "
        "Only the length is taken away here: the mean SQUARE becomes 1.",
        "largest 1": "You divide by the largest activity. The mean SQUARE should be 1.",
        "too much added": "Nearly: what you add to the length that you divide by is too large. "
        "1e-6 avoids 0 / 0 and changes nothing else.",
        "wrong order": "The layers stand in another order than `layers` says.",
        "keeps the graphs": "Right, but a graph is built for nothing: the network stands still, so "
        "use torch.no_grad().",
        "silent rows": "A silent layer gives NaN or huge numbers: 0 / 0. Add a small number such "
        "as 1e-6 to the length.",
    },
    hints=(
        "net(images) gives the activities of all layers. Which do you keep?",
        "For each: divide its rows by their length, multiply by the root of the width.",
        "Join them with torch.cat(rows, dim=1), under torch.no_grad(), with 1e-6 at the length.",
    ),
    solution="""
@torch.no_grad()
def features(net, images, layers):
    activities = net(images)
    rows = []
    for layer in layers:
        h = activities[layer]
        rows.append(h * h.shape[1] ** 0.5 / (h.norm(dim=1, keepdim=True) + 1e-6))
    return torch.cat(rows, dim=1)
""",
)


# ---- 4.2


def _gradient(x, labels, decay, weight, bias, **how):
    w, b = weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_()
    scores = x @ w.T + b
    if how.get("softmax"):
        scores = scores.softmax(dim=1)
    loss = F.cross_entropy(scores, labels, reduction=how.get("reduction", "mean"))
    loss = loss + how.get("factor", 0.5) * how.get("fixed", decay) * w.square().sum()
    if how.get("free") is False:
        loss = loss + 0.5 * decay * b.square().sum()
    if how.get("mean"):
        loss = F.cross_entropy(scores, labels) + 0.5 * decay * w.square().mean()
    if how.get("squared"):
        loss = F.mse_loss(scores, F.one_hot(labels, 10).to(x)) + decay / 2 * w.square().sum()
    if how.get("plain"):
        loss = F.cross_entropy(scores, labels) + decay * w.norm()
    slopes = torch.autograd.grad(loss, (w, b))
    size = max(s.abs().max().item() for s in slopes)
    return size / len(x) if "reduction" in how else size


def _judge_softmax_regression(trial, softmax_regression):
    for n, d, decay in ((50, 3, 0.1), (41, 4, 0.3)):
        x = trial.randn(n, d) + 0.5
        labels = torch.cat([torch.arange(10), trial.randint(0, 10, n - 10)])
        x = x + F.one_hot(labels, 10)[:, :d]
        words = f"{n} rows of {d} features"
        weight, bias = trial.pair(trial.call(softmax_regression, x, labels, decay, inputs=words))
        weight, bias = trial.tensor(weight, grad=False), trial.tensor(bias, grad=False)
        trial.require(tuple(weight.shape) != (d, 10), "transposed")
        trial.tensor(weight, (10, d)), trial.tensor(bias, (10,))
        weight, bias, x = weight.double(), bias.double(), x.double()
        size = _gradient(x, labels, decay, weight, bias)
        if size < 1e-3:
            continue
        others = {
            "decay unused": {"factor": 0.0},
            "factor of the decay": {"factor": 1.0},
            "half the decay": {"factor": 0.25},
            "decay fixed": {"fixed": 0.1},
            "squared error": {"squared": True},
            "decay on the bias": {"free": False},
            "sum of the losses": {"reduction": "sum"},
            "softmax twice": {"softmax": True},
            "mean of the weights": {"mean": True},
            "norm, not its square": {"plain": True},
        }
        trial.require(max(map(abs, numbers(weight))) > 0, "not trained")
        sizes = {
            name: _gradient(x, labels, decay, weight, bias, **how) for name, how in others.items()
        }
        nearest = min(sizes, key=sizes.get)
        if sizes[nearest] < max(1e-3, 0.02 * size):
            trial.no(nearest, 0.5)
        centred = x - x.mean(dim=0)
        if _gradient(centred, labels, decay, weight, bias) < 1e-3:
            trial.no("centred", 0.5)
        scaled = centred / centred.square().mean().sqrt()
        if _gradient(scaled, labels, decay, weight, bias) < 1e-3:
            trial.no("centred", 0.5)
        if not any(map(abs, numbers(bias))):
            trial.no("bias forgotten", 0.25)
        trial.no("not converged", 0.5 if size < 0.02 else 0.25, size=size)


softmax_regression = Exercise(
    "softmax_regression",
    "4.2 a probe that has converged",
    points=4,
    minutes=25,
    judge=_judge_softmax_regression,
    says={
        "transposed": "The weights are (D, 10): the task asks for (10, D), classes first.",
        "requires grad": "The weights still require a gradient: return them detached.",
        "decay unused": "The weight decay is not used. Without it the weights of a probe that "
        "separates the training data grow for ever.",
        "factor of the decay": "Your decay is twice as strong: the task says weight_decay / 2 "
        "times the sum of the squared weights.",
        "half the decay": "Your decay is half as strong: the task says weight_decay / 2 times the "
        "SUM of the squared weights.",
        "decay fixed": "The decay is 0.1 in your function, as in the example: use `weight_decay`.",
        "squared error": "You minimise a squared error of the scores. The task asks for the "
        "cross-entropy.",
        "decay on the bias": "The decay pulls at the bias too. The bias is free: it only says how "
        "frequent a digit is.",
        "sum of the losses": "You add the losses of the rows up; the task takes their mean. "
        "Compared with the sum the decay is nearly nothing.",
        "softmax twice": "cross_entropy contains the softmax. Give it the scores as they are: "
        "after a second softmax it can never be near 0.",
        "mean of the weights": "You take the mean of the squared weights: then the decay gets "
        "weaker the more features there are. Take the sum.",
        "norm, not its square": "You penalise the length of the weights, not its square.",
        "centred": "You centred or scaled the features inside, and return weights for THOSE. "
        "Convert them back, so that x @ weight.T + bias works with x as it was given.",
        "bias forgotten": "The bias is all 0: it is never trained.",
        "not trained": "All weights are 0.",
        "not converged": "Not converged: at the minimum the gradient is 0, and its largest entry "
        "is {size:.4f} here (at most 0.001 wanted). A probe that is stopped early favours the "
        "features that train fast, so the comparison would be about the optimiser.",
    },
    hints=(
        "The problem has one minimum. How do you notice that you are there?",
        "torch.optim.LBFGS with line_search_fn='strong_wolfe' gets there in one call of step() "
        "with enough max_iter; plain gradient descent needs very many steps.",
        "LBFGS wants a closure: zero_grad(), the loss, backward(), return the loss. Set "
        "tolerance_grad=1e-6 and tolerance_change=0.",
    ),
    solution="""
def softmax_regression(x, labels, weight_decay):
    weight = torch.zeros(10, x.shape[1], dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(10, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias],
        max_iter=500,
        tolerance_grad=1e-6,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimiser.zero_grad()
        loss = F.cross_entropy(x @ weight.T + bias, labels)
        loss = loss + weight_decay / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return weight.detach(), bias.detach()
""",
)


# ---- 4.3

KINDS = ("raw pixels", "untrained", "Forward-Forward")
CURVE = {  # validation error in %, lowest and highest of several seeds and draws, with room
    "raw pixels": {100: (22, 38), 300: (16, 28), 1000: (10, 18)},
    "untrained": {100: (24, 40), 300: (16, 28), 1000: (10, 18)},
    "Forward-Forward": {100: (12, 25), 300: (9, 19), 1000: (5, 12.5)},
}


def _judge_label_curve(trial, errors):
    trial.attempted(errors)
    _judge_errors_form(trial, errors, KINDS)
    found = {}
    for name in KINDS:
        row = {} if errors[name] is None else errors[name]
        trial.require(type(row) is dict and all(type(n) is int for n in row), "form")
        found |= {(name, count): _plain(trial, row.get(count)) for count in CURVE[name]}
    values = {key: value for key, value in found.items() if value is not None}
    if not values:
        raise NotAttempted
    _judge_errors(trial, values)
    for name in KINDS:
        few, many = found[name, 100], found[name, 1000]
        trial.require(None in (few, many) or few > many, "no fall", which=name)
    raw, untrained, trained = ([found[name, n] for n in CURVE[name]] for name in KINDS)
    if None not in untrained:
        trial.require(untrained != trained, "untrained is trained")
        trial.require(untrained != raw, "same twice")
        if raw[0] is not None and untrained[0] + 5 < raw[0] < CURVE["raw pixels"][100][1]:
            trial.no("untrained is trained")
    within = [CURVE[name][n][0] <= v <= CURVE[name][n][1] for (name, n), v in values.items()]
    points = 0.9 * sum(within) / len(found)
    for ((name, count), value), fine in zip(values.items(), within):
        trial.require(fine, "range", points, which=name, count=count, got=value)
    missing = [f"{name} with {n} labels" for (name, n), v in found.items() if v is None]
    if missing:
        trial.no("unfinished", points, done=f"Right so far. Still open: {', '.join(missing)}.")


def _judge_errors(trial, values):
    """The mistakes that show in the size of errors in percent; values: {(name, ...): error}."""
    trial.require(max(values.values()) > 1, "shares")
    trial.require(max(values.values()) < 60, "accuracy")
    trial.require(min(values.values()) > 1, "training data")


def _judge_errors_form(trial, errors, names):
    trial.require(type(errors) is dict, "form")
    missing = [name for name in names if name not in errors]
    trial.require(not missing, "baseline missing", which=" and ".join(missing))


def _plain(trial, value):
    """Return a number, or None where the stub's None still stands."""
    value = plain(value)
    if value is None or value is Ellipsis:
        return None
    with contextlib.suppress(ValueError):
        value = float(value) if type(value) is str else value
    trial.require(type(value) in (int, float) and math.isfinite(value), "form")
    return float(value)


_ERRORS_SAY = {
    "form": "Keep the form of the dict in the stub, keys and all, and put one finite number in the "
    "place of each None.",
    "baseline missing": "{which} is missing. An error of trained features means nothing alone: "
    "the same probe on the raw pixels and on the untrained network must stand beside it.",
    "shares": "These are shares between 0 and 1: give errors in percent.",
    "accuracy": "These look like accuracies: give errors, 100 minus them.",
    "training data": "An error of about 0: this is the error on the digits that the probe learnt "
    "from. Ask it about the validation digits.",
}
label_curve = Exercise(
    "label_curve",
    "4.3 few labels",
    points=5,
    minutes=30,
    judge=_judge_label_curve,
    says={
        **_ERRORS_SAY,
        "no fall": "The error of {which} does not fall with more labels. Is the probe fitted to "
        "the first n digits only, a new one for each n?",
        "untrained is trained": "The untrained network is as good as the trained one. Training "
        "works in place: make the untrained one by recipe.network(seed=0) once more.",
        "same twice": "Raw pixels and untrained network have the same errors: look at what each "
        "of the three functions returns.",
        "range": "{which} with {count} labels: {got:.1f} % is not what several runs gave. "
        "Same split, same probe, `features` as it is (layers 1 and 2)?",
    },
    hints=(
        "Three functions that turn images into features, three sizes: nine probes.",
        "LinearProbe().fit(see(images[:n]), labels[:n]), then .error(see(validation images), ...).",
        "Errors are shares: multiply by 100. Expect about 26, 30 and 20 % with 100 labels.",
    ),
    solution="""
see = {
    "raw pixels": lambda images: images,
    "untrained": lambda images: ffteach.features(untrained, images),
    "Forward-Forward": lambda images: ffteach.features(net, images),
}
label_curve = {}
for name, features_of in see.items():
    label_curve[name] = {}
    for n in (100, 300, 1000):
        images, labels = data.train.images[:n], data.train.labels[:n]
        probe = ffteach.LinearProbe().fit(features_of(images), labels)
        error = probe.error(features_of(data.validation.images), data.validation.labels)
        label_curve[name][n] = 100 * error
""",
    seconds=5,
)


# ---- 4.4

SMALL = {"raw pixels": (9, 16), "untrained": (11, 19), "Forward-Forward": (11, 22)}


def _judge_small_system_c(trial, errors, verdict=None):
    trial.attempted(errors)
    _judge_errors_form(trial, errors, KINDS)
    found = {name: _plain(trial, errors[name]) for name in KINDS}
    values = {name: value for name, value in found.items() if value is not None}
    if not values:
        raise NotAttempted
    _judge_errors(trial, values)
    if None not in found.values():
        trial.require(found["untrained"] != found["Forward-Forward"], "untrained is trained")
    within = [SMALL[name][0] <= value <= SMALL[name][1] for name, value in values.items()]
    points = 0.5 * sum(within) / len(KINDS)
    for (name, value), fine in zip(values.items(), within):
        trial.require(fine, "range", points, which=name, got=value)
    missing = [name for name in KINDS if name not in values]
    missing += ["the verdict"] * (verdict is None or verdict is Ellipsis)
    if missing:
        trial.no("unfinished", points, done=f"Right so far. Still open: {', '.join(missing)}.")
    trial.require(type(verdict) is str, "verdict form", 0.5)
    verdict = " ".join(verdict.lower().split())
    trial.require(verdict in ("better", "no better"), "verdict form", 0.5)
    trial.require(verdict == "no better", "verdict", 0.5)


small_system_c = Exercise(
    "small_system_c",
    "4.4 system C and its baselines",
    points=4,
    minutes=25,
    judge=_judge_small_system_c,
    says={
        **_ERRORS_SAY,
        "untrained is trained": "The untrained network has exactly the error of the trained one: "
        "training works in place, so make the untrained one once more, with the same seed.",
        "range": "{which}: {got:.1f} % is not what several runs gave. Are all three "
        "layers read, as they are (normalised=False), by a probe that has converged?",
        "verdict form": "The verdict should be 'better' or 'no better'.",
        "verdict": "Compare the trained features with the UNTRAINED ones of the same network, not "
        "with guessing, and remember that half a point is noise here.",
    },
    hints=(
        "Train a copy of the small recipe; keep an untrained network of the same seed beside it.",
        "features(net, images, layers=[0, 1, 2], normalised=False) for both networks.",
        "Three errors in percent. Is the trained one clearly below the untrained one?",
    ),
    solution="""
def read(network):
    return lambda images: ffteach.features(network, images, layers=[0, 1, 2], normalised=False)


small_errors = {}
see = {"raw pixels": lambda images: images, "untrained": read(start), "Forward-Forward": read(net)}
for name, features_of in see.items():
    probe = ffteach.LinearProbe().fit(features_of(digits.images), digits.labels)
    error = probe.error(features_of(data.validation.images), data.validation.labels)
    small_errors[name] = 100 * error
system_c = "no better"
""",
    seconds=5,
)

EXERCISES = (features, softmax_regression, label_curve, small_system_c)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
