"""The linear probe: what can be read off a network's activities, and what that must always be compared with.

A probe's error means nothing alone: `baselines` fits the same probe to raw pixels and to the same network untrained.
"""

import math

import torch
import torch.nn.functional as F

from .data import CLASSES, Split, check_images, check_labels, hold_out

BATCH = 1000  # images at a time: bounds the memory of the network, and what the probe reads twice stays in a CPU's cache
WEAKER = tuple(
    10 ** (-step / 2) for step in range(3, 11)
)  # weight decays to try: 0.032, 0.01, 0.0032 ... 1e-5
STRONGER = tuple(
    10 ** (step / 2) for step in range(-2, 3)
)  # 0.1, 0.32 ... 10, if the first of those is the best: few images, or noise
HELD_OUT = 0.2  # share of the training data on which the weight decay is chosen
STEPS = 500  # of L-BFGS, at most
TOLERANCE, ROUGH_TOLERANCE = (
    5e-5,
    3e-4,
)  # it stops when no entry of the gradient is larger: for the result, for the choice of a decay


@torch.no_grad()
def features(net, images, *, layers=None, normalised=True):
    """Return the activities of some layers side by side: float `(N, D)` -> `(N, sum of their widths)`.

    layers: which, from 0, in the order wanted; default all but the first (paper section 3.2), or the only one there is.
    normalised: each layer's rows rescaled as the next layer would see them, so that their length, which is the layer's
    goodness, is gone (paper section 3.2); False = as they are (system C). Computed in batches and without a graph.
    Raises as `check_images` does, and ValueError for a wrong width, device or layer.
    """
    layers = _check_network(net, images, layers)
    widths = [net.layers[index].out_features for index in layers]
    result = torch.empty(
        len(images), sum(widths), dtype=net.layers[0].weight.dtype, device=images.device
    )
    for batch, out in zip(images.split(BATCH), result.split(BATCH)):
        activities = []
        for layer in net.layers[: max(layers) + 1]:
            batch = layer(batch)
            activities.append(batch)
        for index, columns in zip(layers, out.split(widths, dim=1)):
            columns.copy_(
                net.layers[index].rescale_output(activities[index])
                if normalised
                else activities[index]
            )
    return result


class LinearProbe:
    """Softmax regression on fixed features, trained to convergence: there is one optimum, so the optimiser leaves no trace.

    `fit` minimises mean cross-entropy + weight_decay / 2 x the sum of squared weights (biases are free). For the decay, the
    features are centred and divided by one number, their root mean square, so that one decay suits pixels and activities
    alike. weight_decay: above 0, or None = chosen by the cross-entropy on a fifth of the TRAINING data, held out with a fixed
    seed and equally many of each digit; then the probe is fitted again to all of them.

    After `fit`: `weight` `(10, D)` and `bias` `(10,)` act on features as they are given; `chosen_decay`; `validation_losses`
    maps each decay tried to its cross-entropy on the held-out rows; `training_loss` is the minimum found, decay included.
    """

    def __init__(self, weight_decay=None):
        number = isinstance(weight_decay, (int, float)) and not isinstance(weight_decay, bool)
        if weight_decay is not None and not (number and 0 < weight_decay < math.inf):
            raise ValueError(
                f"weight_decay={weight_decay!r}: expected a finite number above 0, or None to choose it on held-out data"
            )
        self.weight_decay = weight_decay
        self.weight = self.bias = None

    @torch.no_grad()
    def fit(self, features, labels):
        """Train on float features `(N, D)` and int64 labels `(N,)`, every digit 0..9 among them; return the probe itself.

        Raises TypeError or ValueError for a wrong dtype, shape or device, NaN, a digit without any row, or too few to hold out.
        """
        data = _training_data(features, labels)
        regression = Regression(data.images)
        self.chosen_decay, self.validation_losses, start = self.weight_decay, {}, regression.start()
        if self.weight_decay is None:
            self.chosen_decay, start = self._choose(regression, data, start)
        solution, self.training_loss = regression.minimise(
            data, self.chosen_decay, start, TOLERANCE
        )
        self.weight, self.bias = regression.unscale(*solution)
        return self

    def _choose(self, regression, data, solution):
        """Return the weight decay that is best on held-out data, and its solution: go on in one direction until it gets worse."""
        rest, held_out = hold_out(data, _held_out_count(data.labels))
        best = math.inf
        for decays in (WEAKER, STRONGER):
            for decay in decays:
                solution, _ = regression.minimise(rest, decay, solution, ROUGH_TOLERANCE)
                loss = self.validation_losses[decay] = cross_entropy(
                    *held_out, *regression.unscale(*solution)
                )[0]
                if loss > best:
                    break
                best, chosen = loss, (decay, solution)
            if chosen[0] < WEAKER[0]:
                break
        return chosen

    @torch.no_grad()
    def scores(self, features):
        """Return the logits, whose softmax are the probabilities: float `(N, D)` -> `(N, 10)`. Raises as `fit` does, and before it."""
        if self.weight is None:
            raise ValueError(
                "this probe has not learnt anything yet: call probe.fit(features, labels) first"
            )
        _check_features(features)
        if features.shape[1] != self.weight.shape[1] or features.device != self.weight.device:
            raise ValueError(
                f"features have {features.shape[1]} columns on {features.device}, "
                f"but the probe was fitted to {self.weight.shape[1]} on {self.weight.device}"
            )
        return F.linear(features.to(self.weight.dtype), self.weight, self.bias)

    def predict(self, features):
        """Return the most probable label of each row: float `(N, D)` -> int64 `(N,)`."""
        return self.scores(features).argmax(dim=1)

    def error(self, features, labels):
        """Return the share of wrong answers, 0..1, on float features `(N, D)` and int64 labels `(N,)`."""
        _check_features(features, labels)
        return (self.predict(features) != labels).double().mean().item()


class PublishedProbe(LinearProbe):
    """The probe as system C trains it: Adam for 2000 full-batch steps at 0.03 from `nn.Linear`'s start, no weight decay.

    Kept to reproduce system C, and to show what too few `steps` do: nothing tells whether they are enough.
    """

    def __init__(self, steps=2000, learning_rate=0.03, *, seed=0):
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise ValueError(f"steps={steps!r}: expected a whole number of at least 1")
        super().__init__()
        self.steps, self.learning_rate, self.seed = steps, learning_rate, seed

    @torch.no_grad()
    def fit(self, features, labels):
        """Train on float features `(N, D)` and int64 labels `(N,)`; return the probe itself. Raises as `LinearProbe.fit` does."""
        data = _training_data(features, labels)
        width, generator = data.images.shape[1], torch.Generator().manual_seed(self.seed)
        start = (
            torch.rand(CLASSES, width + 1, generator=generator, device="cpu") * 2 - 1
        ) / math.sqrt(width)
        weight, bias = (
            part.to(data.images).contiguous().requires_grad_()
            for part in (start[:, 1:], start[:, 0])
        )
        optimiser = torch.optim.Adam([weight, bias], lr=self.learning_rate)
        for _ in range(self.steps):
            self.training_loss, weight.grad, bias.grad = cross_entropy(*data, weight, bias)
            optimiser.step()
        self.weight, self.bias = weight.detach(), bias.detach()
        return self


def cross_entropy(x, labels, weight, bias):
    """Return softmax regression's mean cross-entropy, a number, and its gradients in weight `(10, D)` and bias `(10,)`.

    x: `(N, D)`; labels: `(N,)`. The gradient in the logits is (probabilities - one-hot label) / N.
    """
    loss = torch.zeros(
        (), dtype=torch.float64, device=x.device
    )  # in float32 a line search would stop too early
    gradients = torch.zeros_like(weight), torch.zeros_like(bias)
    for part, label in zip(x.split(BATCH), labels.unsqueeze(0).split(BATCH, dim=1)):
        p = torch.addmm(bias.unsqueeze(1), weight, part.t()).log_softmax(
            dim=0
        )  # (10, n): on a CPU twice as fast as (n, 10)
        loss -= p.gather(0, label).sum(dtype=torch.float64)
        p = p.exp_().scatter_add_(0, label, p.new_full(label.shape, -1)).div_(len(x))
        gradients[0].addmm_(p, part)
        gradients[1].add_(p.sum(dim=1))
    return loss.item() / len(x), *gradients


class Regression:
    """Softmax regression on features of one kind. Its solutions are `(weight, bias)` for features centred and of mean square 1.

    In these coordinates L-BFGS needs few steps, and a weight decay means the same for pixels and activities.
    """

    def __init__(self, x):
        self.mean = x.mean(dim=0)
        square_sum = sum(
            (part - self.mean).double().square().sum() for part in x.split(BATCH)
        )  # float32 could overflow
        self.scale = (square_sum / x.numel()).sqrt().to(x.dtype)
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
        """Return the solution for one weight decay, found from the solution `start`, and the loss there."""
        weight, bias = (part.clone() for part in start)

        def loss_and_gradients():
            loss, gradient, bias.grad = cross_entropy(*data, *self.unscale(weight, bias))
            weight.grad = (gradient - bias.grad.outer(self.mean)) / self.scale + decay * weight
            return loss + decay / 2 * weight.square().sum(dtype=torch.float64).item()

        options = {
            "max_iter": STEPS,
            "max_eval": 2 * STEPS,
            "tolerance_grad": tolerance,
            "tolerance_change": 0,
        }
        optimiser = torch.optim.LBFGS(
            [weight, bias], history_size=100, line_search_fn="strong_wolfe", **options
        )
        optimiser.step(loss_and_gradients)
        return (weight, bias), loss_and_gradients()


def baselines(untrained, data, make_probe=LinearProbe, layers=None, normalised=True):
    """Return the test errors `{"raw_pixels": ..., "untrained": ...}` without which a probe's error says nothing.

    untrained: the network as it was before its training, so with the same start and row scale: `recipe.network(seed=...)`
    anew, or a deep copy made in time. data: the same `Digits`. make_probe: called for a new probe, as used for the trained
    network. layers, normalised: as in `features`, for the untrained network.
    """

    def test_error(see):
        probe = make_probe().fit(see(data.train.images), data.train.labels)
        return probe.error(see(data.test.images), data.test.labels)

    def see_untrained(images):
        return features(untrained, images, layers=layers, normalised=normalised)

    return {"raw_pixels": test_error(lambda images: images), "untrained": test_error(see_untrained)}


# ---- checks


def _check_network(net, images, layers):
    check_images(images)
    if images.shape[1] != net.widths[0]:
        raise ValueError(
            f"images have {images.shape[1]} pixels, but the network's first layer takes {net.widths[0]}"
        )
    if images.device != net.device:
        raise ValueError(
            f"images are on {images.device}, the network on {net.device}: move both to one device with .to(device)"
        )
    count = len(net.layers)
    try:
        chosen = list((range(1, count) if count > 1 else [0]) if layers is None else layers)
    except TypeError:
        chosen = []
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(count)):
        raise ValueError(
            f"layers={layers}: give a list of different numbers from 0 to {count - 1}, at least one"
        )
    return chosen


def _check_features(features, labels=None):
    if not isinstance(features, torch.Tensor) or not features.is_floating_point():
        found = features.dtype if isinstance(features, torch.Tensor) else type(features).__name__
        raise TypeError(f"features are {found}, expected a float tensor (N, D)")
    if features.dim() != 2 or 0 in features.shape:
        raise ValueError(
            f"features have shape {tuple(features.shape)}, expected (N, D) with N and D at least 1"
        )
    if not features.isfinite().all():
        raise ValueError("features hold NaN or infinite values: clean them first")
    if labels is not None:
        check_labels(labels, len(features))
        if features.device != labels.device:
            raise ValueError(
                f"features are on {features.device}, labels on {labels.device}: move both to one device with .to(device)"
            )


def _training_data(features, labels):
    """Check what a probe is to learn from and return it as a `Split` in float32 (float64 stays)."""
    _check_features(features, labels)
    missing = (torch.bincount(labels, minlength=CLASSES) == 0).nonzero().flatten().tolist()
    if missing:
        raise ValueError(
            f"no row has the label {', '.join(map(str, missing))}: a probe cannot learn a digit that it never sees"
        )
    return Split(features if features.dtype == torch.float64 else features.float(), labels)


def _held_out_count(labels):
    """How many rows to hold out: equally many of each digit, at most half of the rarest."""
    each = min(
        max(1, round(HELD_OUT * len(labels) / CLASSES)), int(torch.bincount(labels).min()) // 2
    )
    if each == 0:
        raise ValueError(
            "choosing the weight decay takes at least two rows of each digit, and five would be better: give weight_decay=..."
        )
    return each * CLASSES
