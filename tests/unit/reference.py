"""Forward-Forward at its plainest, to compare with: autograd, every overlay written out, ten passes to predict.

Written from the paper and from the published systems; imports nothing of ffteach.
"""

import torch
from torch.nn.functional import logsigmoid


def overlay(images, labels, strength):
    """Zero the first ten pixels of each image and light the one that is its label."""
    one_hot = (labels.unsqueeze(1) == torch.arange(10)).to(images)
    return torch.cat([strength * one_hot, images[:, 10:]], dim=1)


def goodness(h):
    """The mean over units of the squared activity."""
    return (h * h).sum(dim=1) / h.shape[1]


def loss(name, g_pos, g_neg, threshold, temperature):
    """Minus the log-probability of being right."""
    if (
        name == "pairwise"
    ):  # P(the positive one of the pair is the positive) = sigmoid of the difference
        return -logsigmoid((g_pos - g_neg) / temperature).mean()
    right = torch.cat(
        [
            logsigmoid((g_pos - threshold) / temperature),
            logsigmoid(-(g_neg - threshold) / temperature),
        ]
    )
    return -right.mean()


class Reference:
    """A copy of a network's weights, trained and asked the plain way. With `double`, in float64."""

    def __init__(self, net, row_scale, strength, epsilon=1e-6, double=False):
        dtype = torch.float64 if double else torch.float32
        self.weights = [
            layer.weight.detach().to(dtype, copy=True).requires_grad_() for layer in net.layers
        ]
        self.biases = [
            layer.bias.detach().to(dtype, copy=True).requires_grad_() for layer in net.layers
        ]
        self.row_scale, self.strength, self.epsilon, self.dtype = (
            row_scale,
            strength,
            epsilon,
            dtype,
        )

    def rescale(self, x):
        length = (x * x).sum(dim=1, keepdim=True).sqrt() + self.epsilon
        return x / length if self.row_scale == "unit-length" else x / length * x.shape[1] ** 0.5

    def activities(self, images, labels):
        """Each layer's activities; nothing flows back from one layer to the one below."""
        x, result = overlay(images.to(self.dtype), labels, self.strength), []
        for weight, bias in zip(self.weights, self.biases):
            x = torch.relu(self.rescale(x) @ weight.T + bias)
            result.append(x)
            x = x.detach()
        return result

    def losses(self, images, labels, negatives, name, threshold, temperature):
        """Each layer's own loss."""
        pairs = zip(self.activities(images, labels), self.activities(images, negatives))
        return [
            loss(name, goodness(pos), goodness(neg), threshold, temperature) for pos, neg in pairs
        ]

    def gradients(self, *arguments):
        """Each layer's gradient of its own loss as (weight, bias); arguments of `losses`."""
        losses = self.losses(*arguments)
        return [
            torch.autograd.grad(one, [w, b]) for one, w, b in zip(losses, self.weights, self.biases)
        ]

    def optimisers(self, make):
        """One optimiser for each layer."""
        return [make([weight, bias]) for weight, bias in zip(self.weights, self.biases)]

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
