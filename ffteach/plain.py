"""Forward-Forward on one page, torch only: read this first. The package gives the same numbers,
faster.

images: float (N, 784) in [0, 1], labels: int64 (N,) in 0..9. Two layers, one epoch, then the
answers:

    layers = [Layer(784, 500), Layer(500, 500)]
    for batch in torch.randperm(len(images)).split(100):
        step(layers, images[batch], labels[batch])
    answers = predict(layers, new_images)
"""

import torch
from torch import nn
from torch.nn.functional import softplus


def overlay(images, labels, strength=4.0):
    """Write each label into the first ten pixels of its image: all dark but the one of the
    label."""
    images = images.clone()  # (N, D)
    images[:, :10] = 0
    images[torch.arange(len(images), device=images.device), labels] = strength
    return images


def wrong_labels(labels):
    """Draw for each label one of the nine others, all equally often."""
    offsets = torch.randint(
        1, 10, labels.shape, device=labels.device
    )  # never 0, which is the truth
    return (labels + offsets) % 10


def goodness(h):
    """The mean of the squared activities: (N, H) -> (N,)."""
    return h.square().mean(dim=1)


def loss(g_pos, g_neg, threshold=2.0, temperature=0.05):
    """Cross-entropy of "is it positive?", with P(positive) = sigmoid((g - threshold) /
    temperature)."""
    too_low = softplus((threshold - g_pos) / temperature)  # -log P(positive)
    too_high = softplus((g_neg - threshold) / temperature)  # -log P(negative)
    return (too_low.mean() + too_high.mean()) / 2


class Layer(nn.Module):
    """A layer that learns on its own: goodness high for positive data, low for negative data."""

    def __init__(self, inputs, units, learning_rate=1e-3):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(units, inputs) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(units))
        self.optimiser = torch.optim.Adam(self.parameters(), lr=learning_rate)

    def rescale(self, x):
        """Bring each row to mean square 1: its length was the goodness of the layer below."""
        return x * x.shape[1] ** 0.5 / (x.norm(dim=1, keepdim=True) + 1e-6)

    def forward(self, x):
        return torch.relu(self.rescale(x) @ self.weight.T + self.bias)  # (N, units)

    def loss(self, h_pos, h_neg):
        return loss(goodness(h_pos), goodness(h_neg))

    def learn(self, x_pos, x_neg):
        """Take one step on this layer's own loss; return its activities, cut off from the
        gradient."""
        h_pos, h_neg = self(x_pos), self(x_neg)
        self.optimiser.zero_grad()
        self.loss(h_pos, h_neg).backward()  # ends here: the inputs carry no gradient
        self.optimiser.step()
        return h_pos.detach(), h_neg.detach()


def step(layers, images, labels):
    """Train all layers on one batch: with the true labels as positives, with wrong ones as
    negatives."""
    x_pos, x_neg = overlay(images, labels), overlay(images, wrong_labels(labels))
    for layer in layers:
        x_pos, x_neg = layer.learn(x_pos, x_neg)


@torch.no_grad()
def predict(layers, images):
    """Try all ten labels and keep the one with the most goodness over all layers: (N, D) ->
    (N,)."""
    totals = torch.zeros(len(images), 10, device=images.device)
    for label in range(10):
        x = overlay(images, torch.full((len(images),), label, device=images.device))
        for layer in layers:
            x = layer(x)
            totals[:, label] += goodness(x)
    return totals.argmax(dim=1)
