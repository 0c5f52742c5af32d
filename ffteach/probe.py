"""The linear probe: what can be read off a network's activities.

A probe's error means nothing alone: `baselines` fits the same probe to raw pixels and to the same
network untrained.
"""

import math

import torch
import torch.nn.functional as F

from .checks import (
    CLASSES,
    check_counts,
    check_every_digit,
    check_features,
    check_labels,
    check_layer_numbers,
    check_network_takes,
    check_positive,
    check_same_device,
    check_seed,
    finite,
    found,
    trouble_in,
    warn_of,
)
from .data import Digits, Split, hold_out

ROWS_AT_ONCE = 1000  # bounds the memory; what is read twice stays in a CPU's cache
# weight decays to try: 0.032, 0.01, 0.0032 ... 1e-5, and with few images or noise 0.1, 0.32 ... 10
WEAKER = tuple(10 ** (-step / 2) for step in range(3, 11))
STRONGER = tuple(10 ** (step / 2) for step in range(-2, 3))
HELD_OUT_SHARE = 0.2  # of the training data: on these the weight decay is chosen
STEPS = 500  # of L-BFGS, at most
# it stops when no entry of the gradient is larger: for the result, and while a decay is chosen
TOLERANCE, ROUGH_TOLERANCE = 5e-5, 3e-4


@torch.no_grad()
def features(net, images, *, layers=None, normalised=True):
    """Return the activities of some layers side by side: float `(N, D)` -> `(N, their widths)`.

    layers: which, from 0, in the order wanted; default all but the first (paper section 3.2), or
    the only one. normalised: each layer's rows rescaled as the next layer would see them, so that
    their length, which is the layer's goodness, is gone (paper section 3.2); False: as they are
    (system C). Warns of a network that diverged or is dead. Raises as `FFNet.check_images` does,
    and ValueError for a layer that is not there.

    >>> features(FFNet([784, 30, 20]), torch.rand(3, 784)).shape
    torch.Size([3, 20])
    """
    check_network_takes(net, images, labelled=False)
    count = len(net.layers)
    layers = check_layer_numbers(net, layers, range(min(1, count - 1), count))
    widths = [net.layers[index].out_features for index in layers]
    result = images.new_empty(len(images), sum(widths))
    for x, out in zip(images.split(ROWS_AT_ONCE), result.split(ROWS_AT_ONCE)):
        activities = []
        for layer in net.layers[: max(layers) + 1]:
            x = layer(x)
            activities.append(x)
        for index, columns in zip(layers, out.split(widths, dim=1)):
            h = activities[index]
            columns.copy_(net.layers[index].rescale(h) if normalised else h)
    warn_of(trouble_in(result.sum(dim=1).double().sum().item()))
    return result


class LinearProbe:
    """Softmax regression on fixed features, to convergence: one optimum, whatever the optimiser.

    `fit` minimises mean cross-entropy + weight_decay / 2 x the sum of squared weights (biases are
    free), for features centred and divided by their root mean square. weight_decay: above 0, or
    None = chosen on a fifth of the TRAINING data, held out; then all are fitted again. After `fit`:
    `weight` `(10, D)` and `bias` `(10,)`, for features as they are given; `chosen_decay`;
    `validation_losses`, from each decay tried to its held-out cross-entropy; `training_loss`.

    >>> x, y = torch.eye(10).repeat(5, 1), torch.arange(10).repeat(5)
    >>> LinearProbe(weight_decay=0.01).fit(x, y).error(x, y)
    0.0
    """

    def __init__(self, weight_decay=None):
        if weight_decay is not None and not (finite(weight_decay) and weight_decay > 0):
            raise ValueError(
                f"weight_decay={weight_decay!r}: expected a finite number above 0, "
                "or None to choose it on held-out data"
            )
        self.weight_decay = weight_decay
        self.weight = self.bias = None

    @torch.no_grad()
    def fit(self, features, labels):
        """Train on float features `(N, D)` and int64 labels `(N,)`; return the probe itself.

        Raises TypeError or ValueError for a wrong dtype, shape or device, NaN, a digit without any
        row, or too few rows to hold some out.
        """
        data = _training_data(features, labels)
        regression = Regression(data.images)
        start, self.validation_losses = regression.start(), {}
        self.chosen_decay = self.weight_decay
        if self.weight_decay is None:
            self.chosen_decay, start = self._choose(regression, data, start)
        solution, self.training_loss = regression.minimise(
            data, self.chosen_decay, start, TOLERANCE
        )
        self.weight, self.bias = regression.unscale(*solution)
        return self

    def _choose(self, regression, data, solution):
        """Return the decay that is best on held-out data, and its solution: on until it gets
        worse."""
        rest, held_out = hold_out(data, _held_out_count(data.labels))
        best = math.inf
        for decays in (WEAKER, STRONGER):
            for decay in decays:
                solution, _ = regression.minimise(rest, decay, solution, ROUGH_TOLERANCE)
                loss = cross_entropy(*held_out, *regression.unscale(*solution))[0]
                self.validation_losses[decay] = loss
                if loss > best:
                    break
                best, chosen = loss, (decay, solution)
            if chosen[0] < WEAKER[0]:
                break
        return chosen

    @torch.no_grad()
    def scores(self, features):
        """Return the logits, whose softmax are the probabilities: float `(N, D)` -> `(N, 10)`.

        Raises as `fit` does, and ValueError before it.
        """
        if self.weight is None:
            raise ValueError(
                "this probe has not learnt anything yet: call probe.fit(features, labels) first"
            )
        check_features(features)
        given = features.shape[1], features.device
        fitted = self.weight.shape[1], self.weight.device
        if given != fitted:
            raise ValueError(
                "features have {} columns on {}, but the probe was fitted to {} on {}".format(
                    *given, *fitted
                )
            )
        return F.linear(features.to(self.weight.dtype), self.weight, self.bias)

    def predict(self, features):
        """Return the most probable label of each row: float `(N, D)` -> int64 `(N,)`."""
        return self.scores(features).argmax(dim=1)

    def error(self, features, labels):
        """Return the share of wrong answers, 0..1, on float features `(N, D)` and labels `(N,)`."""
        answers = self.predict(features)
        check_labels(labels, len(answers))
        check_same_device(("features", answers), ("labels", labels))
        return (answers != labels).double().mean().item()


class PublishedProbe(LinearProbe):
    """The probe as system C trains it: 2000 full-batch steps of Adam at 0.03, no weight decay.

    It starts as `nn.Linear` does. Kept to reproduce system C, and to show what too few `steps` do:
    nothing tells whether they are enough.

    >>> x, y = torch.eye(10), torch.arange(10)
    >>> PublishedProbe(steps=300).fit(x, y).error(x, y)
    0.0
    """

    def __init__(self, steps=2000, learning_rate=0.03, *, seed=0):
        check_counts(steps=(steps, 1))
        check_positive(learning_rate=learning_rate)
        super().__init__()
        self.steps, self.learning_rate, self.seed = steps, learning_rate, check_seed(seed)

    @torch.no_grad()
    def fit(self, features, labels):
        """Train on float features `(N, D)` and labels `(N,)`; return the probe itself.

        Raises as `LinearProbe.fit` does.
        """
        data = _training_data(features, labels)
        width, generator = data.images.shape[1], torch.Generator().manual_seed(self.seed)
        uniform = torch.rand(CLASSES, width + 1, generator=generator, device="cpu") * 2 - 1
        start = (uniform / math.sqrt(width)).to(data.images)
        weight, bias = (part.contiguous().requires_grad_() for part in (start[:, 1:], start[:, 0]))
        optimiser = torch.optim.Adam([weight, bias], lr=self.learning_rate)
        for _ in range(self.steps):
            self.training_loss, weight.grad, bias.grad = cross_entropy(*data, weight, bias)
            optimiser.step()
        self.weight, self.bias = weight.detach(), bias.detach()
        return self


def cross_entropy(x, labels, weight, bias):
    """Return softmax regression's mean cross-entropy, a number, and its two gradients.

    x: `(N, D)`; labels: `(N,)`; weight: `(10, D)`; bias: `(10,)`. The gradient in the logits is
    (probabilities - one-hot label) / N.
    """
    # in float32 a line search would stop too early
    loss = torch.zeros((), dtype=torch.float64, device=x.device)
    gradients = torch.zeros_like(weight), torch.zeros_like(bias)
    for part, label in zip(x.split(ROWS_AT_ONCE), labels.unsqueeze(0).split(ROWS_AT_ONCE, dim=1)):
        z = torch.addmm(bias.unsqueeze(1), weight, part.t())  # (10, n): twice as fast as (n, 10)
        p = z.log_softmax(dim=0)
        loss -= p.gather(0, label).sum(dtype=torch.float64)
        p = p.exp_().scatter_add_(0, label, p.new_full(label.shape, -1)).div_(len(x))
        gradients[0].addmm_(p, part)
        gradients[1].add_(p.sum(dim=1))
    return loss.item() / len(x), *gradients


class Regression:
    """Softmax regression on one kind of features, in coordinates that suit the optimiser.

    Its solutions are `(weight, bias)` for features centred and of mean square 1: L-BFGS then needs
    few steps, and a weight decay means the same for pixels and activities.
    """

    def __init__(self, x):
        self.mean = x.mean(dim=0)
        parts = ((part - self.mean).double().square().sum() for part in x.split(ROWS_AT_ONCE))
        self.scale = (sum(parts) / x.numel()).sqrt().to(x.dtype)  # float32 could overflow
        if self.scale == 0:  # constant features, as a dead network's
            self.scale = torch.ones_like(self.scale)

    def start(self):
        """Return the all-zero solution."""
        return self.mean.new_zeros(CLASSES, len(self.mean)), self.mean.new_zeros(CLASSES)

    def unscale(self, weight, bias):
        """Return a solution for features as they are given."""
        weight = weight / self.scale
        return weight, bias - weight @ self.mean

    def minimise(self, data, decay, start, tolerance):
        """Return the solution for one weight decay, found from the solution `start`, and its
        loss."""
        weight, bias = (part.clone() for part in start)

        def loss_and_gradients():
            loss, gradient, bias.grad = cross_entropy(*data, *self.unscale(weight, bias))
            weight.grad = (gradient - bias.grad.outer(self.mean)) / self.scale + decay * weight
            return loss + decay / 2 * weight.square().sum(dtype=torch.float64).item()

        optimiser = torch.optim.LBFGS(
            [weight, bias],
            max_iter=STEPS,
            max_eval=2 * STEPS,
            tolerance_grad=tolerance,
            tolerance_change=0,
            history_size=100,
            line_search_fn="strong_wolfe",
        )
        optimiser.step(loss_and_gradients)
        return (weight, bias), loss_and_gradients()


def baselines(untrained, data, make_probe=LinearProbe, layers=None, normalised=True):
    """Return the test errors without which a probe's error says nothing, 0..1.

    `{"raw_pixels": ..., "untrained": ...}`: of the same probe on pixels and on the network before
    its training, so with the same start and row scale: `recipe.network(seed=...)`, or a deep copy
    made in time. data: the same `Digits`. make_probe: called for a new probe, as used for the
    trained network. layers, normalised: as in `features`, for the untrained network.

    >>> few = load_mnist(validation=9000)
    >>> sorted(baselines(FFNet([784, 20]), few, lambda: LinearProbe(weight_decay=1.0)))
    ['raw_pixels', 'untrained']
    """

    if not isinstance(data, Digits):
        raise TypeError(f"data is {found(data)}, expected the Digits of load_mnist()")
    if not callable(make_probe) or isinstance(make_probe, torch.nn.Module):
        raise TypeError(f"make_probe is {make_probe!r}, expected LinearProbe or the like")

    def test_error(see):
        probe = make_probe()
        if not hasattr(probe, "fit"):
            raise TypeError(f"make_probe() is {found(probe)}, expected a LinearProbe or the like")
        probe.fit(see(data.train.images), data.train.labels)
        return probe.error(see(data.test.images), data.test.labels)

    def see_untrained(images):
        return features(untrained, images, layers=layers, normalised=normalised)

    return {"raw_pixels": test_error(lambda images: images), "untrained": test_error(see_untrained)}


# ---- checks


def _training_data(features, labels):
    """Check what a probe is to learn from and return it as a `Split` in float32 (float64 stays)."""
    check_features(features)
    check_labels(labels, len(features))
    check_same_device(("features", features), ("labels", labels))
    check_every_digit(labels)
    return Split(features if features.dtype == torch.float64 else features.float(), labels)


def _held_out_count(labels):
    """How many rows to hold out: equally many of each digit, at most half of the rarest."""
    wanted = max(1, round(HELD_OUT_SHARE * len(labels) / CLASSES))
    each = min(wanted, int(torch.bincount(labels).min()) // 2)
    if each == 0:
        raise ValueError(
            "choosing the weight decay takes at least two rows of each digit, "
            "and five would be better: give weight_decay=..."
        )
    return each * CLASSES
