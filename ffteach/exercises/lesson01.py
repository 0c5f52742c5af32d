"""Unit 1: goodness, the loss and the gradient of one layer."""

import math

import torch
import torch.nn.functional as F

from .engine import Exercise, close, finite

UNIT = "Unit 1: goodness and loss"


# ---- 1.1


def _judge_goodness(trial, goodness):
    for shape in ((7, 5), (1, 3), (4, 4), (3, 11)):
        h = trial.randn(*shape).relu() + trial.rand(*shape)
        g = trial.tensor(trial.call(goodness, h))
        mean, squares = h.mean(dim=1), h.square()
        if tuple(g.shape) == ():
            trial.no("one number for the batch")
        if shape[0] != shape[1]:
            trial.require(tuple(g.shape) != (shape[1],), "one number per unit")
        trial.require(tuple(g.shape) != shape, "no mean")
        trial.require(tuple(g.shape) != (shape[0], 1), "keepdim")
        trial.tensor(g, (shape[0],))
        right = squares.mean(dim=1)
        wrong = {
            "sum": squares.sum(dim=1),
            "one number per unit": squares.mean(dim=0),
            "one number for the batch": squares.mean().expand(len(h)),
            "not squared": [mean, h.abs().mean(dim=1), h.sum(dim=1)],
            "threshold subtracted": [right - theta for theta in (0.5, 1.0, 2.0)],
            "root": [right.sqrt(), h.norm(dim=1)],
            "variance": [h.var(dim=1), h.var(dim=1, correction=0), h.std(dim=1)],
            "square of the mean": [mean.square(), h.sum(dim=1).square()],
            "minus": -right,
            "maximum": [h.amax(dim=1), squares.amax(dim=1)],
        }
        trial.same(g, right, wrong)
    h = trial.randn(3, 4).requires_grad_()
    trial.require(trial.call(goodness, h).requires_grad, "graph cut", 0.5)


goodness = Exercise(
    "goodness",
    "1.1 goodness",
    points=2,
    minutes=5,
    judge=_judge_goodness,
    says={
        "sum": "You return the SUM of the squares. It grows with the number of units, so a wide "
        "layer needs another threshold than a narrow one; lesson 02b shows that the width is then "
        "a hidden temperature. Divide by the number of units.",
        "one number per unit": "You average over the images: that is one number per UNIT. Each "
        "image has a goodness of its own: average over the last dimension.",
        "one number for the batch": "You return one number for the whole batch. Each image has a "
        "goodness of its own: say over which dimension the mean goes.",
        "no mean": "You return one number for every unit of every image. Goodness is one number "
        "for each image: the mean over its units is missing.",
        "keepdim": "The shape is (N, 1), a column. Against a row (N,) that broadcasts to (N, N) "
        "without an error: leave out keepdim.",
        "not squared": "You average the activities, not their squares. The square is what makes "
        "the gradient proportional to the activity (lesson 01, the gradient of one layer).",
        "threshold subtracted": "You subtracted the threshold. Goodness itself is never negative; "
        "it is COMPARED with the threshold, in the loss.",
        "root": "You took a root. Goodness is the mean square itself: the length of the row is "
        "the root of it (times the root of the number of units).",
        "variance": "This is a variance: you subtract the mean activity first. A layer whose units "
        "are all equally active would then have goodness 0. Square the activities as they are.",
        "square of the mean": "You square the mean; goodness is the mean of the squares. Square "
        "first, then average.",
        "minus": "The sign is wrong: a mean of squares cannot be below 0.",
        "maximum": "You take the largest activity. Goodness lets every unit count: the mean of "
        "the squares.",
        "graph cut": "The numbers are right, but no gradient can flow back from them (detach, "
        ".data or no_grad). A layer could not learn from this goodness.",
    },
    hints=(
        "Write down the squares of (0, 1, 2, 3), and what you do with these four numbers.",
        "h has one row for each image, (N, H). You want one number for each row.",
        "Square every entry, then take the mean over the last dimension.",
    ),
    solution="""
def goodness(h):
    return h.square().mean(dim=-1)
""",
)


# ---- 1.2


def _judge_ff_loss(trial, ff_loss):
    for (n_pos, n_neg), theta, T in (((3, 2), 1.3, 0.7), ((1, 4), 0.4, 2.5), ((5, 5), 2.1, 0.3)):
        g_pos, g_neg = trial.rand(n_pos, high=3.0), trial.rand(n_neg, high=3.0)
        value = trial.call(ff_loss, g_pos, g_neg, theta, T)
        value = trial.tensor(value, kind="float")
        trial.require(value.numel() == 1, "no mean")
        trial.tensor(value, ())
        s_pos, s_neg = (g_pos - theta) / T, (g_neg - theta) / T
        pos, neg = F.softplus(-s_pos).mean(), F.softplus(s_neg).mean()
        n, soft, p = n_pos + n_neg, F.softplus, torch.sigmoid
        mse_pos, mse_neg = (1 - p(s_pos)).square(), p(s_neg).square()
        wrong_neg, wrong_pos = soft(-s_neg).mean(), soft(s_pos).mean()
        pos_1, neg_1 = soft(theta - g_pos).mean(), soft(g_neg - theta).mean()
        up_pos, up_neg = soft(-g_pos / T).mean(), soft(g_neg / T).mean()
        times = soft(-(g_pos - theta) * T).mean(), soft((g_neg - theta) * T).mean()
        wrong = {
            "squared error": _both(mse_pos, mse_neg, n),
            "sign of the negative term": _halves(pos, wrong_neg),
            "sign of the positive term": _halves(wrong_pos, neg),
            "both signs": _halves(wrong_pos, wrong_neg),
            "negative logarithm": [*_halves(pos, -neg), *_halves(pos, -wrong_neg), -(pos + neg)],
            "half forgotten": pos + neg,
            "minus": -(pos + neg) / 2,
            "threshold forgotten": _halves(up_pos, up_neg),
            "temperature forgotten": _halves(pos_1, neg_1),
            "temperature multiplied": _halves(*times),
            "sum": _sums(soft(-s_pos), soft(s_neg)),
            "each sample the same weight": (soft(-s_pos).sum() + soft(s_neg).sum()) / n,
            "hinge": _both(F.relu(-s_pos), F.relu(s_neg), n),
            "only the positives": [pos, pos / 2],
            "only the negatives": [neg, neg / 2],
            "no logarithm": [
                *_both(1 - p(s_pos), p(s_neg), n),
                *_halves(-p(s_pos).mean(), -p(-s_neg).mean()),
            ],
            "pairwise": _pairwise(g_pos, g_neg, T, theta),
            "threshold fixed": [
                *_halves(soft((2 - g_pos) / T).mean(), soft((g_neg - 2) / T).mean()),
                *_halves(soft(2 - g_pos).mean(), soft(g_neg - 2).mean()),
            ],
            "brackets": [
                *_halves(soft(theta / T - g_pos).mean(), soft(g_neg - theta / T).mean()),
                *_halves(soft(theta - g_pos / T).mean(), soft(g_neg / T - theta).mean()),
                *_halves(soft((-g_pos - theta) / T).mean(), neg),
                *_halves(soft(-g_pos - theta / T).mean(), soft(g_neg - theta / T).mean()),
                *_halves(soft(-(g_pos + theta) / T).mean(), soft((g_neg + theta) / T).mean()),
            ],
            "squared again": _halves(
                soft((theta - g_pos.square()) / T).mean(), soft((g_neg.square() - theta) / T).mean()
            ),
            "logarithm of the mean": _halves(-p(s_pos).mean().log(), -p(-s_neg).mean().log()),
            "base of the logarithm": [x / torch.tensor(2.0).log() for x in _halves(pos, neg)[:1]],
        }
        if n_pos == n_neg:
            del wrong["each sample the same weight"]
        trial.same(value, (pos + neg) / 2, wrong)
    g_pos = torch.tensor([0.5, 3.0, 1.0], requires_grad=True)
    g_neg = torch.tensor([1.0, 0.2], requires_grad=True)
    loss = trial.call(ff_loss, g_pos, g_neg, 1.0, 1.0)
    trial.require(loss.requires_grad, "graph cut", 0.5)
    trial.earn(0.5, "The loss is right near the threshold.")
    g_pos, g_neg = torch.tensor([0.5, 30.0]), torch.tensor([12.0, 0.2, 40.0])
    g_pos.requires_grad_(), g_neg.requires_grad_()
    loss = trial.call(ff_loss, g_pos, g_neg, 2.0, 0.05)
    trial.require(finite(loss), "overflow")
    right = (F.softplus((2 - g_pos) / 0.05).mean() + F.softplus((g_neg - 2) / 0.05).mean()) / 2
    trial.require(close(loss, right, 1e-3), "clamped")
    slopes = torch.autograd.grad(loss, (g_pos, g_neg))
    expected = torch.autograd.grad(right, (g_pos, g_neg))
    trial.require(all(finite(s) for s in slopes), "overflow")
    trial.require(all(close(a, b, 1e-3) for a, b in zip(slopes, expected)), "clamped")


def _halves(pos, neg):
    return [(pos + neg) / 2, pos + neg]


def _sums(pos, neg):
    return [pos.sum() + neg.sum(), (pos.sum() + neg.sum()) / 2]


def _both(pos, neg, n):
    """The ways to average two kinds of terms."""
    return [*_halves(pos.mean(), neg.mean()), (pos.sum() + neg.sum()) / n, *_sums(pos, neg)]


def _pairwise(g_pos, g_neg, T, theta):
    table = (g_pos[:, None] - g_neg) / T
    return [F.softplus(-table).mean(), F.softplus(-table + theta / T).mean()]


ff_loss = Exercise(
    "ff_loss",
    "1.2 the loss",
    points=5,
    minutes=20,
    judge=_judge_ff_loss,
    errors={
        "pairwise": ("must match the size", "doesn't match"),
        "graph cut": ("not have been used", "does not require grad"),
    },
    says={
        "squared error": "This is a squared error of the probabilities. The task asks for the "
        "cross-entropy, minus the logarithm of the probability of the right answer: unlike the "
        "squared error it still pulls when the layer is certain and wrong.",
        "sign of the negative term": "The negative term has the positive's sign: the network is "
        "paid for raising the goodness of its negatives. For them the probability of the right "
        "answer is 1 - P, which is the sigmoid of MINUS the logit.",
        "sign of the positive term": "The positive term has the negative's sign: the network is "
        "paid for lowering the goodness of its positives.",
        "both signs": "Both signs are turned round: this network learns to like its negatives. "
        "Check with one positive far above the threshold: it should cost almost nothing.",
        "negative logarithm": "One term of yours is negative. Log(1 + e^x) is above 0 for every x, "
        "and both kinds of data cost something: the two terms are ADDED.",
        "half forgotten": "The two means are added, but each kind has the weight 1/2 (as many "
        "positives as negatives are shown). This doubles every gradient.",
        "minus": "The sign of the whole loss is wrong: minimising it would teach the opposite.",
        "threshold forgotten": "The threshold is not used. Then a goodness of 0 counts as the "
        "border, and goodness is never below 0.",
        "temperature forgotten": "The temperature is not used: the logit is the distance from the "
        "threshold DIVIDED by it.",
        "temperature multiplied": "You multiply by the temperature. A small temperature makes the "
        "answer sharp: divide by it.",
        "sum": "You add the samples up; the loss is a mean for each kind. With a sum the learning "
        "rate would depend on the batch size.",
        "each sample the same weight": "Each sample has the same weight, so three positives weigh "
        "more than two negatives. Each KIND counts one half: take the two means first.",
        "hinge": "This is a hinge, max(0, ...): it is flat as soon as a sample is on the right "
        "side. The cross-entropy is softplus, which is smooth there.",
        "only the positives": "The negatives do not count. Then raising all goodness is the best.",
        "only the negatives": "The positives do not count. Then silence is the best answer.",
        "no logarithm": "The probability of a wrong answer is no cross-entropy: the logarithm is "
        "missing. Its gradient dies where the layer is certain and wrong.",
        "threshold fixed": "The threshold is 2 in your function, as in the example below it: use "
        "`threshold`.",
        "brackets": "Look at the brackets: (g - threshold) / temperature is one thing, and the "
        "minus of the positives stands before all of it.",
        "squared again": "You square the goodness. It is a mean of squares already.",
        "logarithm of the mean": "You take the logarithm of the mean probability. Each sample has "
        "a cross-entropy of its own: first the logarithm, then the mean.",
        "pairwise": "You compare positives with negatives in pairs. Here each sample is compared "
        "with the threshold, and there may be 3 positives and 2 negatives: each kind has its own "
        "mean. (The pairwise loss is another one.)",
        "base of the logarithm": "This is the logarithm to base 2; take the natural one.",
        "no mean": "You return one number for each sample. A loss is one number: take the mean of "
        "each kind.",
        "graph cut": "The number is right, but no gradient flows back to the goodness, or only "
        "to one of the two kinds (item, detach, .data or no_grad). Such a loss teaches nothing, "
        "silently.",
        "overflow": "The loss is right for small numbers, but infinite or NaN far from the "
        "threshold: exp overflows from 88.7 on in float32. Use a function that is safe there "
        "(lesson 01, `Why not write log(1 + exp(x))?`).",
        "clamped": "Far from the threshold the loss or its gradient stays constant: you clamp "
        "something. A sample that is very wrong then no longer learns.",
    },
    hints=(
        "The logit is s = (g - threshold) / temperature. What is the probability of the right "
        "answer for a positive, and for a negative?",
        "-log(sigmoid(s)) = log(1 + exp(-s)) for a positive. For a negative the sign of s turns.",
        "torch.nn.functional.softplus(x) is log(1 + exp(x)) without overflow. Take the mean for "
        "the positives, the mean for the negatives, and the mean of the two.",
    ),
    solution="""
def ff_loss(g_pos, g_neg, threshold, temperature):
    loss_pos = F.softplus(-(g_pos - threshold) / temperature).mean()
    loss_neg = F.softplus(+(g_neg - threshold) / temperature).mean()
    return (loss_pos + loss_neg) / 2
""",
)


# ---- 1.3


def _judge_layer_gradient(trial, layer_gradient):
    for dtype, (m, d, units) in ((torch.float64, (5, 3, 4)), (torch.float32, (1, 7, 2))):
        x, h = trial.randn(m, d).to(dtype), trial.randn(m, units).relu().to(dtype)
        h[0, 0] = 1.5
        slope = trial.randn(m).to(dtype)
        result = trial.call(layer_gradient, x, h, slope)
        if type(result) is torch.Tensor:
            trial.no("bias forgotten")
        weight, bias = trial.pair(result)
        bias = torch.zeros(units) if bias is None else bias
        weight, bias = trial.tensor(weight, grad=False), trial.tensor(bias, grad=False)
        dz = slope[:, None] * (2 / units) * h
        right = dz.T @ x, dz.sum(dim=0)
        if tuple(weight.shape) == (units,) and tuple(bias.shape) == (units, d):
            trial.no("wrong order")
        trial.require(tuple(weight.shape) != (d, units), "transposed")
        trial.tensor(weight, (units, d))
        gate = (h > 0).to(dtype)
        wrong = {
            "factor 2 missing": right[0] / 2,
            "width missing": [right[0] * units, right[0] * units / 2],
            "1/N twice": [right[0] / m, right[0] / (2 * m)],
            "gate instead of activity": [
                (slope[:, None] * scale * gate).T @ x for scale in (2 / units, 1.0, 1 / units)
            ],
            "sign": -right[0],
            "slope forgotten": (h * 2 / units).T @ x,
            "activity twice": (slope[:, None] * (2 / units) * h * h).T @ x,
        }
        trial.same(weight, right[0], wrong, tolerance=1e-5)
        if tuple(bias.shape) in ((m,), (), (1, units), (m, units)):
            trial.require(tuple(bias.shape) == (units,), "shape of the bias", 0.5)
        trial.tensor(bias, (units,))
        wrong = {
            "mean for the bias": [right[1] / m],
            "bias forgotten": torch.zeros_like(bias),
            "sign": -right[1],
            "factor 2 missing": right[1] / 2,
            "width missing": [right[1] * units, right[1] * units / 2],
            "gate instead of activity": [
                (slope[:, None] * scale * gate).sum(0) for scale in (2 / units, 1.0, 1 / units)
            ],
        }
        trial.same(bias, right[1], wrong, points=0.5, tolerance=1e-5)
        if m == 5:
            _compare_with_autograd(trial, right, x, h, slope)


def _compare_with_autograd(trial, by_hand, x, h, slope):
    """The reference itself is proved: autograd of slope x goodness at a layer with these h."""
    z = torch.where(h > 0, h, -torch.ones_like(h)).requires_grad_()
    g = z.relu().square().mean(dim=1)
    (dz,) = torch.autograd.grad((slope * g).sum(), z)
    assert close(dz.T @ x, by_hand[0], 1e-9) and close(dz.sum(dim=0), by_hand[1], 1e-9)


layer_gradient = Exercise(
    "layer_gradient",
    "1.3 the gradient of one layer",
    points=5,
    minutes=25,
    judge=_judge_layer_gradient,
    errors={"wrong shapes": ("mat1 and mat2", "must match the size", "shapes cannot be mult")},
    says={
        "factor 2 missing": "The factor 2 is missing: the derivative of h squared is 2 h. Half "
        "the gradient is half the learning rate.",
        "width missing": "The mean over the units is missing: goodness divides by H, so its "
        "derivative does too.",
        "1/N twice": "You divide by the number of samples, but `slope` has the 1/N of the loss in "
        "it already: the mean is taken twice.",
        "gate instead of activity": "You use the ReLU's slope (0 or 1) where the activity belongs. "
        "The derivative of h squared is 2 h, and where h is 0 that is 0 by itself.",
        "sign": "The sign is turned round. The gradient points uphill: the minus comes in the "
        "update, W -= rate * gradient.",
        "slope forgotten": "The slope of the loss is not used: every sample would pull upwards "
        "with the same strength, negatives too.",
        "activity twice": "You multiply with the activity twice. Go through the chain rule once "
        "more: dg/dh is (2 / H) h, and the ReLU's slope is 1 where h is above 0.",
        "bias forgotten": "The bias is forgotten. Its input is the constant 1, so its gradient is "
        "what reaches each unit, summed over the samples. Return two tensors.",
        "mean for the bias": "For the bias you take a mean over the samples, for the weights a "
        "sum. The mean is in `slope` already.",
        "shape of the bias": "The bias has one entry for each unit, (H,): add the samples up, not "
        "the units.",
        "wrong order": "Return the weights' gradient first, then the bias's.",
        "transposed": "Your gradient is (D, H): transpose it. It must have the shape of the "
        "weights, (H, D), units first.",
        "wrong shapes": "A product of matrices does not fit. x is (M, D), h is (M, H), slope is "
        "(M,): make slope a column, and sum over the samples M in the product.",
    },
    hints=(
        "Write the chain rule for one weight of one sample: dL/dg, dg/dh, dh/dz, dz/dW.",
        "What reaches each unit is dz = slope * (2 / H) * h, of shape (M, H).",
        "dz.T @ x sums over the samples and has the shape (H, D). What is the input of the bias?",
    ),
    solution="""
def layer_gradient(x, h, slope):
    dz = slope[:, None] * (2 / h.shape[1]) * h
    return dz.T @ x, dz.sum(dim=0)
""",
)


# ---- 1.4


def _judge_loss_with_prior(trial, loss_with_prior):
    for (n_pos, n_neg), theta, T, pi in (((3, 2), 1.2, 0.6, 0.2), ((2, 5), 0.7, 1.7, 0.85)):
        g_pos, g_neg = trial.rand(n_pos, high=3.0), trial.rand(n_neg, high=3.0)
        value = trial.tensor(trial.call(loss_with_prior, g_pos, g_neg, theta, T, pi))
        trial.require(value.numel() == 1, "no mean")
        trial.tensor(value, ())
        extra = torch.log(torch.tensor(pi / (1 - pi)))
        n = n_pos + n_neg

        def loss(constant, w, t=T, g_pos=g_pos, g_neg=g_neg, theta=theta):
            pos = F.softplus(-((g_pos - theta) / t + constant)).mean()
            return w * pos + (1 - w) * F.softplus((g_neg - theta) / t + constant).mean()

        pos = F.softplus(-((g_pos - theta) / T + extra))
        neg = F.softplus((g_neg - theta) / T + extra)
        log_pi = torch.log(torch.tensor(pi))
        wrong = {
            "constant forgotten": loss(0, pi),
            "weights forgotten": [loss(extra, 0.5), 2 * loss(extra, 0.5)],
            "prior unused": [loss(0, 0.5), loss(math.log(0.2 / 0.8), 0.2)],
            "sign of the constant": [loss(-extra, pi), loss(-extra, 0.5)],
            "constant divided by T": [
                *(loss(extra / T, pi), loss(extra / T, 0.5), loss(-extra / T, pi)),
            ],
            "weights exchanged": [loss(extra, 1 - pi), loss(0, 1 - pi), loss(-extra, 1 - pi)],
            "log of pi only": [loss(log_pi, pi), loss(log_pi, 0.5)],
            "no logarithm": loss(pi / (1 - pi), pi),
            "weights by count": (pos.sum() + neg.sum()) / n,
            "one sign for both": [
                pi * pos.mean() + (1 - pi) * F.softplus((g_neg - theta) / T - extra).mean(),
                pi * F.softplus((theta - g_pos) / T + extra).mean() + (1 - pi) * neg.mean(),
            ],
            "constant in one term": [
                pi * pos.mean() + (1 - pi) * F.softplus((g_neg - theta) / T).mean(),
                pi * F.softplus((theta - g_pos) / T).mean() + (1 - pi) * neg.mean(),
            ],
        }
        trial.same(value, loss(extra, pi), wrong)
        g_pos.requires_grad_(), g_neg.requires_grad_()
        value = trial.call(loss_with_prior, g_pos, g_neg, theta, T, pi)
        trial.require(value.requires_grad, "graph cut", 0.5)


loss_with_prior = Exercise(
    "loss_with_prior",
    "1.4 a loss with a prior",
    points=3,
    minutes=20,
    judge=_judge_loss_with_prior,
    says={
        "constant forgotten": "The two kinds have the right weights, but log(pi / (1 - pi)) is "
        "missing in the logit: a layer that knows nothing should answer pi, not 1/2.",
        "weights forgotten": "The logit is right, but both kinds have the same weight. A share pi "
        "of the data is positive: the positive mean has the weight pi, the other 1 - pi.",
        "prior unused": "Your loss does not depend on `pi` yet: it enters twice, as the weights of "
        "the two kinds and as a constant in the logit.",
        "sign of the constant": "The constant has the wrong sign: the more positives there are, "
        "the likelier `positive` must be.",
        "constant divided by T": "The constant is divided by the temperature. Only the distance "
        "from the threshold is; the prior's log odds are added afterwards.",
        "weights exchanged": "The weights are exchanged: pi is the share of the POSITIVES.",
        "log of pi only": "You add log(pi). The logit is the logarithm of the ODDS, "
        "pi / (1 - pi): at pi = 1/2 it must add nothing.",
        "no logarithm": "You add the odds themselves: take their logarithm.",
        "weights by count": "You weight by how many samples there happen to be in the batch. The "
        "weights are pi and 1 - pi.",
        "one sign for both": "The constant belongs to the logit, so it turns its sign together "
        "with it: softplus(-(logit + constant)) and softplus(+(logit + constant)).",
        "constant in one term": "The constant is in the logit of one kind only. The layer does "
        "not know which kind it sees: the logit is the same for both.",
        "graph cut": "The number is right, but no gradient flows back from it.",
        "no mean": "A loss is one number: take the mean of each kind.",
    },
    hints=(
        "Which probability should a layer answer that has seen nothing but the prior?",
        "By Bayes' rule the log odds are a sum: evidence + log(pi / (1 - pi)).",
        "Put the constant into the logit of both terms, and weight the means with pi and 1 - pi.",
    ),
    solution="""
def loss_with_prior(g_pos, g_neg, threshold, temperature, pi):
    constant = math.log(pi / (1 - pi))
    loss_pos = F.softplus(-((g_pos - threshold) / temperature + constant)).mean()
    loss_neg = F.softplus(+((g_neg - threshold) / temperature + constant)).mean()
    return pi * loss_pos + (1 - pi) * loss_neg
""",
)


# ---- 1.5

CLAIMS = {
    "a": ("Forward-Forward needs no gradient.", False, "no gradient"),
    "b": ("Layer 2 can learn while layer 1 is still learning.", True, "layer 1 first"),
    "c": (
        "Without rescaling, a second layer can repeat the first layer's answer.",
        True,
        "rescaling is cosmetic",
    ),
    "d": (
        "Goodness as a sum with threshold H theta is goodness as a mean with another temperature.",
        True,
        "sum and mean",
    ),
}


def _judge_claims(trial, answers):
    def read(key, value):
        value = {"True": True, "False": False}.get(value, value) if type(value) is str else value
        trial.require(type(value) is bool, "form")
        return value

    found = trial.entries(answers, CLAIMS, read)
    missing = [key for key, value in found.items() if value is None]
    wrong = [k for k, value in found.items() if value is not None and value is not CLAIMS[k][1]]
    points = 1 - len(wrong + missing) / len(CLAIMS)
    if wrong:
        trial.no(CLAIMS[wrong[0]][2], points)
    if missing:
        trial.no("unfinished", points, done=f"Right so far. Still open: {', '.join(missing)}.")


claims = Exercise(
    "claims",
    "1.5 true or false",
    points=2,
    minutes=10,
    judge=_judge_claims,
    says={
        "form": "Answer with a dict of four entries, 'a' to 'd', each True or False, without "
        "quotation marks.",
        "no gradient": "Look again at a: lesson 01 writes the update of one layer as a product of "
        "three factors. What is that product the derivative of?",
        "layer 1 first": "Look again at b: Hinton's program updates all layers on every batch. "
        "What does the second layer need from the first: an end, or a direction?",
        "rescaling is cosmetic": "Look again at c: the length of a row of activities is the "
        "goodness of the layer below. What does a longer input do to any layer?",
        "sum and mean": "Look again at d: put sum = H g into (sum - H theta) / T, and cancel H.",
    },
    hints=(
        "Each statement is the heading of an experiment in lesson 01, 02 or 02b.",
        "For c, think of the random second layer; for d, of the five curves of P(positive).",
        "One of the four is false.",
    ),
    solution="""
claims = {"a": False, "b": True, "c": True, "d": True}
""",
)


# ---- 1.6


def _judge_swap_lengths(trial, swap_lengths):
    for m, units in ((5, 3), (1, 4), (4, 4)):
        pos, neg = trial.rand(m, units, low=0.1, high=3), trial.rand(m, units, low=0.1)
        a, b = trial.pair(trial.call(swap_lengths, pos, neg))
        a, b = (trial.tensor(value, (m, units), grad=False) for value in (a, b))
        long, short = pos.norm(dim=1, keepdim=True), neg.norm(dim=1, keepdim=True)
        ratio = short / long
        right = pos * ratio, neg / ratio
        unit = pos / long, neg / short
        if close(a, pos) and close(b, neg):
            trial.no("unchanged")
        if close(a, right[1]) and close(b, right[0]):
            trial.no("wrong order")
        if close(a, right[0]) != close(b, right[1]):
            other = b if close(a, right[0]) else a
            if close(other, neg) or close(other, pos):
                trial.no("only one changed", 0.25)
        if not close(a, right[0]) and close(a, right[0], 0.05) and close(b, right[1], 0.05):
            trial.no("too much added", 0.5)
        wrong = {
            "rows exchanged": neg,
            "lengths lost": [unit[0], unit[0] * units**0.5],
            "ratio upside down": pos / ratio,
            "goodness instead of length": pos * ratio.square(),
            "one length for the batch": [pos * (neg.norm() / pos.norm()), unit[0] * short.mean()],
            "multiplied, not exchanged": [pos * short, unit[0] * long * short],
            "length of the columns": pos * neg.norm(dim=0) / pos.norm(dim=0),
            "sum instead of length": pos * neg.sum(1, keepdim=True) / pos.sum(1, keepdim=True),
        }
        trial.same(a, right[0], wrong)
        trial.same(b, right[1], {"only one changed": neg, "ratio upside down": neg * ratio})
    for row in (0, 1):
        pairs = trial.rand(2, 3, 4)
        pairs[row, 1] = 0
        result = trial.call(swap_lengths, *pairs, inputs="a row that is all zero")
        trial.require(all(finite(value) for value in result), "zero row", 0.75)


swap_lengths = Exercise(
    "swap_lengths",
    "1.6 the swap test",
    points=3,
    minutes=25,
    judge=_judge_swap_lengths,
    errors={"keepdim missing": ("must match the size",)},
    says={
        "unchanged": "Both come back as they were.",
        "wrong order": "The lengths are exchanged, but you return the negatives first.",
        "only one changed": "Only one of the two is changed: the positives take the negatives' "
        "length AND the other way round. Keep both lengths before you change anything.",
        "rows exchanged": "You exchange the rows themselves. Then the directions go along, and "
        "the test no longer asks whether a layer reads the length or the direction.",
        "lengths lost": "You rescale every row to the same length. That removes the lengths; the "
        "test wants them exchanged.",
        "ratio upside down": "The ratio is upside down: a positive must get the length of its "
        "negative, so multiply by |h_neg| / |h_pos|.",
        "goodness instead of length": "You scale by the ratio of the goodness. Goodness is the "
        "SQUARE of the length: take the root.",
        "one length for the batch": "You use one length for the whole batch. Every row has its "
        "own: norm(dim=1, keepdim=True).",
        "multiplied, not exchanged": "You multiply by the other length without dividing by the "
        "row's own: make the row's length 1 first.",
        "length of the columns": "This is the length of the columns, one for each unit. Rows are "
        "images: use dim=1.",
        "sum instead of length": "You use the sum of the activities; the length is the root of "
        "the sum of squares.",
        "keepdim missing": "norm(dim=1) has the shape (N,), which does not fit beside (N, H): "
        "keepdim=True makes it a column (N, 1).",
        "too much added": "Nearly: what you add to the length that you divide by is too large. "
        "1e-12 is enough to avoid 0 / 0, and changes nothing else.",
        "zero row": "A row of zeros gives NaN: 0 / 0. A silent image is possible, and one NaN "
        "spoils every mean: add a tiny number to the length you divide by.",
    },
    hints=(
        "A row is a direction times a length. Which of the two should stay?",
        "Take both lengths first: h.norm(dim=1, keepdim=True), of shape (N, 1).",
        "h_pos * length_neg / length_pos, and the other way round; add 1e-12 to what you divide "
        "by.",
    ),
    solution="""
def swap_lengths(h_pos, h_neg):
    length_pos = h_pos.norm(dim=1, keepdim=True)
    length_neg = h_neg.norm(dim=1, keepdim=True)
    return h_pos * length_neg / (length_pos + 1e-12), h_neg * length_pos / (length_neg + 1e-12)
""",
)

EXERCISES = (goodness, ff_loss, layer_gradient, loss_with_prior, claims, swap_lengths)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
