"""Unit 5: standard errors, hard labels, the peers' push and a box that nobody can differentiate."""

import math

import torch
import torch.nn.functional as F

from .engine import Exercise, NotYet, close, numbers, plain

UNIT = "Unit 5: closing the gap"


def _number(trial, value):
    value = plain(value)
    trial.require(type(value) in (int, float), "one number")
    trial.require(math.isfinite(value), "not a number")
    return torch.tensor(float(value), dtype=torch.float64)


def _values(wrong):
    return {
        name: [torch.tensor(float(v)) for v in (o if isinstance(o, list) else [o])]
        for name, o in wrong.items()
    }


# ---- 5.1


def _judge_standard_error(trial, standard_error):
    for error, n in ((0.04, 2000), (0.93, 150), (0.5, 37)):
        value = _number(
            trial, trial.call(standard_error, error, n, inputs=f"{error} of {n} digits")
        )
        right, variance = math.sqrt(error * (1 - error) / n), error * (1 - error)
        wrong = {
            "sqrt(p/n)": math.sqrt(error / n),
            "no root": [variance / n, variance, variance / math.sqrt(n)],
            "not divided by n": [math.sqrt(variance), math.sqrt(variance * n)],
            "divided by n outside": math.sqrt(variance) / n,
            "the worst case": [0.5 / math.sqrt(n), 1 / math.sqrt(n)],
            "two standard errors": [2 * right, 1.96 * right],
            "percent": 100 * right,
        }
        if close(value, torch.tensor(math.sqrt(variance / (n - 1))), 1e-6):
            continue  # the estimate without bias
        if 1e-4 < abs(value.item() / right - 1) < 0.02:
            trial.no("rounded", 0.5)
        trial.same(value, torch.tensor(right), _values(wrong), tolerance=1e-4)


standard_error = Exercise(
    "standard_error",
    "5.1 the standard error",
    points=1,
    minutes=5,
    judge=_judge_standard_error,
    says={
        "one number": "Return one number, a share like `error` itself.",
        "sqrt(p/n)": "This is sqrt(p / n), which counts rare events. A digit is right or wrong: "
        "that is binomial, and needs p (1 - p). At p = 0.93 the two are far apart.",
        "no root": "A root is missing: the standard error is the root of the whole variance, "
        "p (1 - p) / n.",
        "not divided by n": "This does not shrink with more digits: divide the variance by n.",
        "divided by n outside": "Divide by n inside the root: with four times the digits half "
        "the error is left.",
        "the worst case": "This is the worst case, p = 1/2, whatever the error is.",
        "two standard errors": "This is two standard errors; one is asked.",
        "percent": "This is in percent, `error` is a share.",
        "rounded": "Nearly: do not round inside the function.",
    },
    hints=(
        "Each digit is wrong with probability p. What is the variance of one such coin?",
        "p (1 - p) for one coin, p (1 - p) / n for the mean of n.",
        "Take the root of that.",
    ),
    solution="""
def standard_error(error, n):
    return (error * (1 - error) / n) ** 0.5
""",
)


def _judge_compare(trial, compare):
    for n, p, q in ((400, 0.5, 0.05), (57, 0.3, 0.6)):
        first, second = trial.rand(n) < p, trial.rand(n) < q
        second = second | (first & (trial.rand(n) < 0.5))
        difference, error = trial.pair(trial.call(compare, first, second))
        difference, error = _number(trial, difference), _number(trial, error)
        a, b = int((first & ~second).sum()), int((second & ~first).sum())
        right, spread = (a - b) / n, math.sqrt(a + b) / n
        if close(error, torch.tensor(right)) and close(difference, torch.tensor(spread)):
            trial.no("wrong order")
        wrong = {
            "no sign": abs(right),
            "sign": -right,
            "counts": a - b,
            "percent": 100 * right,
            "among the different ones": (a - b) / (a + b),
        }
        if not close(difference, torch.tensor(right), 1e-4):
            wrong = {k: v for k, v in wrong.items() if abs(v - right) > 1e-9}
        trial.same(difference, torch.tensor(right), _values(wrong))
        e1, e2 = first.double().mean().item(), second.double().mean().item()
        v1, v2 = e1 * (1 - e1) / n, e2 * (1 - e2) / n
        wrong = {
            "not paired": [math.sqrt(v1 + v2), math.sqrt(v1), math.sqrt(v2), v1**0.5 + v2**0.5],
            "binomial of the difference": math.sqrt(abs(right) * (1 - abs(right)) / n),
            "a - b under the root": math.sqrt(abs(a - b)) / n,
            "no root": (a + b) / n,
            "root of n": [
                *(math.sqrt((a + b) / n), math.sqrt(a + b)),
                math.sqrt(a + b - (a - b) ** 2 / n) / math.sqrt(n),
            ],
            "one kind only": [math.sqrt(a) / n, math.sqrt(b) / n],
            "agreeing digits too": [math.sqrt(int(first.sum() + second.sum())) / n],
            "percent": 100 * math.sqrt(a + b) / n,
        }
        std = (first.double() - second.double()).std().item() / math.sqrt(n)
        wrong["root of n"].append(std * math.sqrt(n))
        exact = math.sqrt(a + b - (a - b) ** 2 / n) / n
        if close(error, torch.tensor(exact), 1e-4) or close(error, torch.tensor(exact), 2 / n):
            continue
        trial.same(error, torch.tensor(spread), _values(wrong), points=0.5)


compare = Exercise(
    "compare",
    "5.2 two networks on the same digits",
    points=2,
    minutes=10,
    judge=_judge_compare,
    errors={"not bool": ("only supported on", "bitwise_not", "subtract", "Subtraction")},
    says={
        "one number": "Both values should be single numbers.",
        "not bool": "PyTorch refuses to subtract or invert these types. The inputs are bool: use "
        "& and ~, or .double() first.",
        "wrong order": "Return the difference first, then its standard error.",
        "one kind only": "You count one kind of digit only. Those that only the first gets wrong "
        "and those that only the second gets wrong both make the difference uncertain.",
        "sign": "The sign is turned round: first minus second, so positive if the first is worse.",
        "counts": "These are counts of digits: divide by their number.",
        "percent": "This is in percent; shares are asked.",
        "no sign": "The sign is lost: which of the two is better?",
        "among the different ones": "You divide by the digits on which the two differ. The error "
        "is a share of ALL digits.",
        "not paired": "You treat the two as if they had been tested on different digits. What is "
        "hard for one is hard for the other: only digits that exactly one gets wrong count.",
        "binomial of the difference": "The difference is no share of wrong answers, so p (1 - p) "
        "does not hold for it. Count the digits on which the two differ.",
        "a - b under the root": "Under the root stands a MINUS b. Both kinds of digit add noise, "
        "whatever their balance: a + b.",
        "no root": "The root is missing: a variance is no standard error.",
        "root of n": "The counts' standard error sqrt(a + b) becomes a share if divided by n, "
        "outside the root.",
        "agreeing digits too": "You count the digits that both get wrong. They change nothing in "
        "the difference.",
    },
    hints=(
        "Which digits can change the difference at all?",
        "a = wrong only by the first, b = wrong only by the second.",
        "Difference (a - b) / n, standard error sqrt(a + b) / n.",
    ),
    solution="""
def compare(first, second):
    a = (first & ~second).sum().item()
    b = (second & ~first).sum().item()
    return (a - b) / len(first), (a + b) ** 0.5 / len(first)
""",
)


# ---- 5.3


ROOM = 0.04  # between a share and its probability; 3 000 draws have a standard error of 0.01


def _apart(trial, k):
    """Return a row of goodness with which no mistake gives nearly the right shares."""

    def expected(scores):
        p = torch.zeros(10, 10)
        for t in (0, 4, 9):
            masked = scores.clone()
            masked[t] = -torch.inf
            p[t] = masked.softmax(0)
        return p

    while True:
        row = trial.rand(10, high=1.4)
        names = {
            "hardness unused": expected(row),
            "uniform": expected(0 * row),
            "sign": expected(-k * row),
            "hardness divided": expected(row / k),
            "hardness squared": expected(k * k * row),
            "proportional to goodness": expected(row.log()),
            "hardness fixed": expected(20 * row),
            "true label moved on": _moved_on(k * row),
        }
        right = expected(k * row)
        if min((p - right).abs().max() for p in names.values()) > 1.5 * ROOM:
            return row, names, right


def _judge_hard_labels(trial, hard_labels):
    n, k = 9000, 2.0
    row, names, right = _apart(trial, k)
    labels = torch.tensor([0, 4, 9])[trial.randint(0, 3, n)]
    table = row.repeat(n, 1)
    drawn = trial.call(hard_labels, table, labels, k, inputs="9 000 images of equal goodness")
    if type(drawn) is torch.Tensor:
        trial.require(tuple(drawn.shape) != (n, 1), "column")
        trial.require(tuple(drawn.shape) != (n, 10), "table")
    drawn = trial.tensor(drawn, (n,), kind="int")
    values, true = numbers(drawn), numbers(labels)
    trial.require(min(values) >= 0 and max(values) <= 9, "not a digit")
    hits = sum(a == b for a, b in zip(values, true)) / n
    if hits > 0:
        trial.no("true label drawn", share=hits)
    label = int(labels[0])
    rest = [x for x, t in zip(values, true) if t == label]
    if len(set(rest)) == 1:
        calls = [trial.call(hard_labels, table[:40], labels[:40], k) for _ in range(6)]
        varied = len({tuple(numbers(values)) for values in calls}) > 1
        trial.no("one draw for all" if varied else "argmax")
    shares = _shares(values, true)

    gaps = {name: (shares - p).abs().max().item() for name, p in names.items()}
    if (shares - right).abs().max() > ROOM:
        closest = min(gaps, key=gaps.get)
        trial.no(closest if gaps[closest] < ROOM else "unknown", 0.5)
    again = trial.call(hard_labels, table, labels, k)
    trial.require(not close(again, drawn), "the same every time", 0.5)
    try:
        flat = trial.call(hard_labels, table, labels, 0.0, inputs="hardness 0")
    except NotYet:
        trial.no("hardness 0", 0.5)
    same = sum(a == b for a, b in zip(numbers(flat), true)) / n
    trial.require(not same, "hardness 0" if same < 0.5 else "true label drawn", 0.5, share=same)
    big = trial.rand(6, 10) * 100
    few = torch.tensor([0, 9, 3, 3, 5, 1])
    big[torch.arange(2), few[:2]] = 120  # the network is sure, and right
    best = big.scatter(1, few[:, None], -1).argmax(1)
    big[torch.arange(6), best] += 2  # e^40 times as likely as any other: no luck can draw that
    result = trial.call(hard_labels, big, few, 20.0, inputs="goodness up to 100")
    result = trial.tensor(result, (6,), kind="int")
    trial.require(close(result, best), "overflow", 0.5)


def _moved_on(scores):
    """The shares if a drawn true label is replaced by the next one."""
    p = scores.softmax(0).repeat(10, 1)
    for label in range(10):
        p[label, (label + 1) % 10] += p[label, label].item()
        p[label, label] = 0
    return p * torch.tensor([label in (0, 4, 9) for label in range(10)])[:, None]


def _shares(values, true):
    pairs = torch.tensor(true).long() * 10 + torch.tensor(values).long()
    shares = torch.bincount(pairs, minlength=100).reshape(10, 10).float()
    return shares / shares.sum(1, keepdim=True).clamp(min=1)


hard_labels = Exercise(
    "hard_labels",
    "5.3 hard labels",
    points=4,
    minutes=20,
    judge=_judge_hard_labels,
    errors={
        "overflow": ("either `inf`, `nan`", "probability tensor contains"),
        "argument": ("scatter", "same number of dimensions"),
    },
    says={
        "column": "The shape is (N, 1): multinomial gives a column, take [:, 0].",
        "table": "You return probabilities (N, 10): draw one label for each row.",
        "not a digit": "Some labels lie outside 0..9.",
        "argument": "scatter needs an index of two dimensions, as the table has: labels[:, None].",
        "true label drawn": "{share:.0%} of the labels are the TRUE label: then the same picture "
        "is called positive and negative. Take it out BEFORE you draw, for instance with -inf.",
        "argmax": "You always take the wrong label of the highest goodness, argmax. Drawn from "
        "the softmax, the second and third get their turn too.",
        "one draw for all": "One draw serves the whole batch: draw one label for each row.",
        "hardness 0": "With hardness 0 all nine wrong labels are equally likely; yours fails, or "
        "draws the true label. -inf times 0 is NaN: take the true label out AFTER multiplying.",
        "hardness fixed": "The hardness is 20 in your function, as in the example: use `hardness`.",
        "true label moved on": "Where the true label is drawn you take the next one instead, which "
        "so gets the share of two. Take the true label out BEFORE you draw.",
        "hardness unused": "`hardness` is not used: it multiplies the goodness.",
        "uniform": "All nine wrong labels come equally often: the goodness is not used.",
        "sign": "You prefer labels of LOW goodness. A hard negative is one that the network likes.",
        "hardness divided": "You divide by the hardness, as by a temperature. It multiplies.",
        "hardness squared": "The hardness counts twice.",
        "proportional to goodness": "The probabilities are proportional to the goodness itself; "
        "they should be proportional to exp(hardness * goodness).",
        "the same every time": "Two calls draw the same labels: there is a seed inside.",
        "overflow": "With large goodness the probabilities overflow or lose the best label: "
        "exp(hardness * goodness) is infinite from 88.7 on. softmax subtracts the largest first.",
    },
    hints=(
        "Scores are hardness * goodness. What must the score of the true label be?",
        "scores.scatter(1, labels[:, None], -torch.inf) makes its probability 0.",
        "torch.multinomial(scores.softmax(dim=1), 1)[:, 0] draws one label for each row.",
    ),
    solution="""
def hard_labels(goodness_per_label, labels, hardness):
    scores = hardness * goodness_per_label
    scores = scores.scatter(1, labels[:, None], -torch.inf)
    return torch.multinomial(scores.softmax(dim=1), 1)[:, 0]
""",
)


# ---- 5.4


def _judge_peer_push(trial, peer_push):
    for n, units, strength in ((6, 5, 0.37), (3, 3, 0.03), (1, 4, 1.9)):
        h, running = (trial.randn(n, units) - 0.3).relu(), trial.rand(units)
        h[:, 0] = 0
        push, new = trial.pair(trial.call(peer_push, h, running, strength))
        if type(push) is torch.Tensor and tuple(push.shape) == (n, units) and n > 1:
            trial.no("one row for each image")
        push, new = trial.tensor(push, grad=False), trial.tensor(new, grad=False)
        mean = h.mean(0)
        right = 0.9 * running + 0.1 * mean
        right_push = strength * (right - right.mean()) / n
        if close(push, right) and close(new, right_push):
            trial.no("wrong order")
        trial.tensor(push, (units,))
        wrong = {
            "running mean turned round": 0.1 * running + 0.9 * mean,
            "batch mean only": mean,
            "running mean unchanged": running,
            "added, not averaged": [running + mean, running + 0.1 * mean, 0.9 * running + mean],
            "sum of the batch": 0.9 * running + 0.1 * h.sum(0),
            "one mean for all units": 0.9 * running + 0.1 * h.mean(),
        }
        away = running - mean
        kept = ((new - mean) @ away / (away @ away)).item() if new.shape == mean.shape else 0.9
        if abs(kept - 0.9) > 1e-3 and 0.3 < kept < 0.9999:
            wrong["other weights"] = kept * running + (1 - kept) * mean
        trial.require(tuple(new.shape) == (units,), "shape", got=tuple(new.shape), want=(units,))
        trial.same(new, right, wrong)

        def of(m, n=n, strength=strength):
            return strength * (m - m.mean()) / n

        away = right - right.mean()
        wrong = {
            "sign": -of(right),
            "not divided by the images": of(right) * n,
            "batch mean only": of(mean),
            "old running mean": of(running),
            "layer mean missing": [strength * right / n, strength * right],
            "strength unused": away / n,
            "written as a loss": [
                strength * 2 * away / (units * n) * 0.1,
                strength * 2 * away / (units * n),
                strength * 2 * away / units,
                strength * away / (units * n),
            ],
            "gated": [of(right) * (mean > 0), of(right) * (h[0] > 0)],
            "divided by the units": [of(right) * n / units],
        }
        trial.same(push, of(right), wrong, points=0.25)


peer_push = Exercise(
    "peer_push",
    "5.4 the peers' push",
    points=4,
    minutes=25,
    judge=_judge_peer_push,
    says={
        "one row for each image": "The push is the same for all images: one number for each unit.",
        "running mean turned round": "The weights of the running mean are exchanged: 0.9 of the "
        "old one is kept, 0.1 comes from the new batch.",
        "batch mean only": "You use this batch's mean alone. The running mean remembers earlier "
        "batches: a unit that is silent once is not yet dead.",
        "running mean unchanged": "The running mean is returned as it was.",
        "added, not averaged": "The weights 0.9 and 0.1 must add up to 1, or the mean drifts.",
        "sum of the batch": "You take the sum over the batch, not the mean.",
        "other weights": "The running mean is an average of the old one and the batch's mean, but "
        "not with the weights 0.9 and 0.1.",
        "one mean for all units": "You use one mean for the whole layer. Every unit has a running "
        "mean of its own: h.mean(dim=0).",
        "wrong order": "Return the push first, then the new running mean.",
        "sign": "The sign is turned round: it is added to dL/dz, and descent subtracts it. A unit "
        "that is too silent needs a NEGATIVE push to grow.",
        "not divided by the images": "The push is meant for the gradient of a mean over the images:"
        " divide by their number.",
        "old running mean": "The push uses the old running mean: update it first.",
        "layer mean missing": "Every unit is pushed down. Compare with the mean of the layer: the "
        "pushes of all units add up to 0.",
        "strength unused": "`strength` is not used.",
        "written as a loss": "This is the gradient of a loss on the mean activity: divided by the "
        "width and the batch it is thousands of times too weak. The push is ADDED to dL/dz.",
        "gated": "Silent units get no push. Waking those is the point: do not multiply with the "
        "ReLU's slope.",
        "divided by the units": "You divide by the number of units; the number of IMAGES is meant.",
    },
    hints=(
        "Two steps: a new running mean (H,), then its distance from the mean of the layer.",
        "running = 0.9 * running + 0.1 * h.mean(dim=0), as a new tensor.",
        "push = strength * (running - running.mean()) / len(h), whether a unit is silent or not.",
    ),
    solution="""
def peer_push(h, running, strength):
    running = 0.9 * running + 0.1 * h.mean(dim=0)
    return strength * (running - running.mean()) / len(h), running
""",
)


# ---- 5.5


def step_box(h):
    """A box without a usable slope: units above their row's mean give 1, the others 0."""
    return torch.sign(h - h.mean(dim=1, keepdim=True)).relu().roll(1, dims=1)


def soft_box(h):
    """A box that autograd can see through."""
    return torch.sin(h).roll(1, dims=1)


def _first_layer_loss(x_pos, x_neg, weight):
    g = [F.relu(x @ weight.T).square().mean(1) for x in (x_pos, x_neg)]
    return (F.softplus(2 - g[0]).mean() + F.softplus(g[1] - 2).mean()) / 2


def _linear_loss(x_pos, x_neg, weight):
    g = [(x @ weight.T).square().mean(1) for x in (x_pos, x_neg)]
    return (F.softplus(2 - g[0]).mean() + F.softplus(g[1] - 2).mean()) / 2


def _through(box, w, *rows):
    return [box(F.relu(x @ w.T)) for x in rows]


def _slope(loss, w):
    return torch.autograd.grad(loss, w)[0]


def _judge_black_box(trial, first_layer_gradients):
    for box in (soft_box, step_box):
        n, d, hidden, last = 5, 6, 7, 4
        x_pos, x_neg = trial.randn(n, d) * 2, trial.randn(n, d) * 2
        w1, w2 = trial.randn(hidden, d), trial.randn(last, hidden)
        words = f"the box {box.__name__}"
        result = trial.call(first_layer_gradients, x_pos, x_neg, w1, w2, box, inputs=words)
        ff, backprop = trial.pair(result)
        trial.require(backprop is not None, "none")
        ff = trial.tensor(ff, (hidden, d), grad=False)
        backprop = trial.tensor(backprop, (hidden, d), grad=False)
        w = w1.clone().requires_grad_()
        right_ff = _slope(_first_layer_loss(x_pos, x_neg, w), w)
        right_bp = _slope(_first_layer_loss(*_through(box, w, x_pos, x_neg), w2), w)
        h = [F.relu(x @ w.T) for x in (x_pos, x_neg)]
        through = _slope(_first_layer_loss(*h, w2), w)
        if close(ff, right_bp) and close(backprop, right_ff):
            trial.no("wrong order")
        both = right_ff + right_bp
        wrong = {
            "second layer's loss": right_bp,
            "both losses": [both, right_ff + through],
            "sign": -right_ff,
            "nothing": torch.zeros_like(right_ff),
            "exchanged": _slope(_first_layer_loss(x_neg, x_pos, w), w),
            "relu missing": _slope(_linear_loss(x_pos, x_neg, w), w),
        }
        if box is step_box:
            del wrong["second layer's loss"]
        trial.same(ff, right_ff, wrong)
        wrong = {
            "first layer's loss": right_ff,
            "both losses": both,
            "box left out": through,
            "detached": torch.zeros_like(right_bp),
            "straight through": [
                _slope(_straight(x_pos, x_neg, w, w2, b), w) for b in (box, step_box)
            ],
            "sign": -right_bp,
            "exchanged": _slope(_first_layer_loss(*_through(box, w, x_neg, x_pos), w2), w),
            "relu missing": [
                _slope(_first_layer_loss(*(box(x @ w.T) for x in (x_pos, x_neg)), w2), w),
                _slope(_linear_loss(*_through(box, w, x_pos, x_neg), w2), w),
            ],
        }
        if box is step_box:
            zero = not any(numbers(right_bp))
            assert zero
            if any(numbers(backprop)) and max(map(abs, numbers(backprop))) < 1e-5:
                trial.no("nearly zero", 0.5)
        trial.same(backprop, right_bp, wrong, points=0.5)


def _straight(x_pos, x_neg, w, w2, box):
    h = [F.relu(x @ w.T) for x in (x_pos, x_neg)]
    h = [(box(a) - a).detach() + a for a in h]
    return _first_layer_loss(*h, w2)


black_box = Exercise(
    "black_box",
    "5.5 a black box between the layers",
    points=4,
    minutes=25,
    judge=_judge_black_box,
    errors={"graph cut": ("does not require grad", "does not have a grad_fn", "not to have been")},
    says={
        "wrong order": "Return Forward-Forward's gradient first, then backprop's.",
        "none": "Backprop's gradient is None: the graph is cut somewhere. Let autograd go through "
        "the box; where its slope is 0 the gradient is a tensor of zeros.",
        "graph cut": "Autograd finds no way to the weights: they must require a gradient (a "
        "detached copy with requires_grad_()), and nothing may be detached for backprop.",
        "second layer's loss": "Your Forward-Forward gradient comes from the SECOND layer's loss. "
        "In Forward-Forward a layer's own goodness is its loss: the box above plays no part.",
        "both losses": "You add the losses of both layers up. Forward-Forward uses the first "
        "layer's own loss, backprop (here) only the last one's.",
        "sign": "The sign is turned round.",
        "exchanged": "Positives and negatives are exchanged in one of the losses.",
        "relu missing": "A ReLU is missing: each layer is F.relu(x @ W.T).",
        "nothing": "Forward-Forward's gradient is 0 here. It needs no way through the box: take "
        "the loss of the first layer itself.",
        "first layer's loss": "Your backprop gradient comes from the first layer's own loss. "
        "Backprop knows only the loss at the top.",
        "box left out": "The box is left out on the way to the second layer.",
        "detached": "With a box that has a slope backprop does reach the first layer; yours is 0 "
        "for every box. Do not detach, and do not return zeros by hand.",
        "straight through": "You pretend that the box had slope 1 (a straight-through estimate). "
        "The task asks for the true gradient.",
        "nearly zero": "Nearly zero is not zero: autograd gives exactly 0 through a step.",
    },
    hints=(
        "Two losses: one of the first layer's activities, one of the second layer's.",
        "w = W1.detach().clone().requires_grad_(); the loss; torch.autograd.grad(loss, w).",
        "For backprop: h = relu(x @ w.T), then box(h), then relu(box(h) @ W2.T), then the loss.",
    ),
    solution="""
def first_layer_gradients(x_pos, x_neg, W1, W2, box):
    w = W1.detach().clone().requires_grad_()
    h_pos, h_neg = F.relu(x_pos @ w.T), F.relu(x_neg @ w.T)
    own_loss = ff_loss(goodness(h_pos), goodness(h_neg))
    top_pos, top_neg = F.relu(box(h_pos) @ W2.T), F.relu(box(h_neg) @ W2.T)
    top_loss = ff_loss(goodness(top_pos), goodness(top_neg))
    (ff,) = torch.autograd.grad(own_loss, w, retain_graph=True)
    (backprop,) = torch.autograd.grad(top_loss, w)
    return ff, backprop
""",
)

EXERCISES = (standard_error, compare, hard_labels, peer_push, black_box)
__all__ = [e.key for e in EXERCISES] + ["EXERCISES", "UNIT", "soft_box", "step_box"]
