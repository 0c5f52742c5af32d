"""The linear probe as an iterator: a few milliseconds at a time, to train and draw in between.

It is the problem of `LinearProbe` with one fixed weight decay. There is one optimum, and the same
stopping rule for pixels, untrained and trained features; so where the descent starts, and how it is
cut into slices, leaves no trace beyond that rule.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ...probe import ROUGH_TOLERANCE, STEPS, Regression, cross_entropy

# For pixels and features alike: within a point of what each likes best, with 300 to 9000 labels.
DECAY = 1e-2
IMAGES_PER_SLICE = 500
STEPS_PER_SLICE = 2  # of L-BFGS
HISTORY = 20  # of its past steps that it remembers


@dataclass(frozen=True)
class FittedProbe:
    """A fitted probe: `weight` `(10, D)` and `bias` `(10,)` for features as they are.

    `solution` is where the next descent may start.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    solution: tuple
    accuracy: float  # on the validation images, 0..1

    def error(self, see, split):
        """Return the share of wrong answers, 0..1, on a `Split`."""
        wrong = [
            F.linear(see(images), self.weight, self.bias).argmax(dim=1) != labels
            for images, labels in slices(split)
        ]
        return torch.cat(wrong).double().mean().item()


def slices(split):
    """Yield (images, labels) of a `Split`, `IMAGES_PER_SLICE` at a time."""
    return zip(split.images.split(IMAGES_PER_SLICE), split.labels.split(IMAGES_PER_SLICE))


def fit_in_slices(see, train, validation, start=None):
    """Fit the probe to `see(images)` of the `Split` train: yield None, and at last a `FittedProbe`.

    see: images `(N, 784)` -> features `(N, D)`, the same for the whole time. start: the solution of
    an earlier, similar probe. Yields nothing more if the features are not finite.
    """
    seen = []
    for images, _ in slices(train):
        seen.append(see(images))
        yield None
    features = torch.cat(seen)
    del seen
    if not features.isfinite().all():
        return
    regression = Regression(features)
    weight, bias = (tensor.clone() for tensor in start or regression.start())

    def loss_and_gradients():
        loss, gradient, bias.grad = cross_entropy(
            features, train.labels, *regression.unscale(weight, bias)
        )
        weight.grad = (
            gradient - bias.grad.outer(regression.mean)
        ) / regression.scale + DECAY * weight
        return loss + DECAY / 2 * weight.square().sum(dtype=torch.float64).item()

    options = {
        "tolerance_grad": ROUGH_TOLERANCE,
        "tolerance_change": 0,
        "history_size": HISTORY,
        "line_search_fn": "strong_wolfe",
    }
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=STEPS_PER_SLICE, max_eval=4 * STEPS_PER_SLICE, **options
    )
    for _ in range(STEPS // STEPS_PER_SLICE):
        with torch.no_grad():
            optimiser.step(loss_and_gradients)
        yield None
        if max(weight.grad.abs().max(), bias.grad.abs().max()) <= ROUGH_TOLERANCE:
            break
    weight.grad = bias.grad = None
    scores = regression.unscale(weight, bias)
    right = []
    for images, labels in slices(validation):
        right.append(F.linear(see(images), *scores).argmax(dim=1) == labels)
        yield None
    yield FittedProbe(*scores, (weight, bias), torch.cat(right).double().mean().item())
