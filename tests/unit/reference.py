"""`ffteach.plain` with the settings that a recipe may change: the oracle of the unit tests.

Autograd, every overlay written out, ten passes to predict.
"""

import torch
from torch.nn.functional import logsigmoid

from ffteach import plain
from ffteach.plain import goodness, overlay


def loss(name, g_pos, g_neg, threshold, temperature):
    """Minus the log-probability of being right, exact also where softplus is cut short."""
    if name == "pairwise":  # P(the positive one of the pair is the positive)
        return -logsigmoid((g_pos - g_neg) / temperature).mean()
    right = torch.cat([(g_pos - threshold) / temperature, (threshold - g_neg) / temperature])
    return -logsigmoid(right).mean()


class Layer(plain.Layer):
    """A plain layer with the weights of another and its row scale."""

    def __init__(self, layer, row_scale, epsilon, dtype):
        super().__init__(layer.in_features, layer.out_features)
        for name in ("weight", "bias"):
            given = getattr(layer, name).detach().to(dtype, copy=True)
            setattr(self, name, torch.nn.Parameter(given))
        self.length = 1 if row_scale == "unit-length" else layer.in_features**0.5
        self.epsilon = epsilon

    def rescale(self, x):
        return x * self.length / (x.norm(dim=1, keepdim=True) + self.epsilon)


class Reference:
    """A copy of a network's weights, trained and asked the plain way. With `double`, in float64."""

    def __init__(self, net, row_scale, strength, epsilon=1e-6, double=False):
        self.dtype, self.strength = torch.float64 if double else torch.float32, strength
        self.row_scale, self.epsilon = row_scale, epsilon
        self.layers = [Layer(layer, row_scale, epsilon, self.dtype) for layer in net.layers]

    @property
    def weights(self):
        return [layer.weight for layer in self.layers]

    @property
    def biases(self):
        return [layer.bias for layer in self.layers]

    def rescale(self, x):
        """As a layer does whose inputs are as wide as x."""
        length = 1 if self.row_scale == "unit-length" else x.shape[1] ** 0.5
        return x * length / (x.norm(dim=1, keepdim=True) + self.epsilon)

    def activities(self, images, labels):
        """Each layer's activities; nothing flows back from one layer to the one below."""
        x, result = overlay(images.to(self.dtype), labels, self.strength), []
        for layer in self.layers:
            x = layer(x)
            result.append(x)
            x = x.detach()
        return result

    def losses(self, images, labels, negatives, name, threshold, temperature):
        """Each layer's own loss."""
        pairs = zip(self.activities(images, labels), self.activities(images, negatives))
        settings = threshold, temperature
        return [loss(name, goodness(pos), goodness(neg), *settings) for pos, neg in pairs]

    def gradients(self, *arguments):
        """Each layer's gradient of its own loss as (weight, bias); arguments of `losses`."""
        losses = self.losses(*arguments)
        return [
            torch.autograd.grad(one, [layer.weight, layer.bias])
            for one, layer in zip(losses, self.layers)
        ]

    def optimisers(self, make):
        """One optimiser for each layer."""
        return [make([layer.weight, layer.bias]) for layer in self.layers]

    def step(self, optimisers, active, *arguments):
        """Train the `active` layers on one batch; arguments of `losses`."""
        losses = self.losses(*arguments)
        for index in active:
            optimisers[index].zero_grad()
            losses[index].backward()
            optimisers[index].step()

    def goodness_per_label(self, images):
        """Ten passes, one for each label on every image: (layers, N, 10)."""
        with torch.no_grad():
            passes = [
                self.activities(images, torch.full((len(images),), label)) for label in range(10)
            ]
            return torch.stack([torch.stack([goodness(h) for h in hs]) for hs in passes], dim=2)

    def difference(self, net):
        """The largest difference of any weight or bias from those of `net`."""
        pairs = [(w, layer.weight) for w, layer in zip(self.weights, net.layers)]
        pairs += [(b, layer.bias) for b, layer in zip(self.biases, net.layers)]
        return max((mine - theirs).abs().max().item() for mine, theirs in pairs)
