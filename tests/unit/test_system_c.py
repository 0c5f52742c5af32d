"""System C, published without labels, written out as its authors did, beside the recipe
`mask-probe`: torch.nn.Linear, autograd, full batch, one layer after the other. Its probe is
compared in test_probe.py.

In float64, because at its rate of 0.03 the first steps jump, and roundings grow.
"""

import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.functional import gaussian_blur

from ffteach import RECIPES, Digits, Split, features, train

IMAGES, EPOCHS = 2000, 4


class PublishedLayer(torch.nn.Linear):
    """A layer of the published class."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=0.03)
        self.losses = []

    def forward(self, x):
        direction = x / (x.norm(2, 1, keepdim=True) + 1e-6)
        return torch.relu(F.linear(direction, self.weight, self.bias))

    def fit(self, x_pos, x_neg):
        for _ in range(EPOCHS):
            g_pos, g_neg = (self(x).pow(2).mean(1) for x in (x_pos, x_neg))
            loss = torch.log(1 + torch.exp(torch.cat([-g_pos + 2.0, g_neg - 2.0]))).mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.losses.append(loss.item())
        return self(x_pos).detach(), self(x_neg).detach()


def published_hybrids(images, others):
    """Uniform noise blurred three times, cut at a half."""
    noise = torch.rand(len(images), 1, 28, 28, generator=torch.Generator().manual_seed(1))
    for sigma in (7, 7), (7, 14), (5, 7):
        noise = gaussian_blur(noise, [5, 5], [float(side) for side in sigma])
    mask = (noise > 0.5).to(images).flatten(1)
    return mask * images + (1 - mask) * images[others]


def test_mask_probe_takes_the_steps_of_the_published_class(sample):
    images, labels = sample.train.take(slice(0, IMAGES))
    images = images.double()
    negatives = published_hybrids(images, torch.arange(IMAGES).roll(1))
    recipe = RECIPES["mask-probe"].but(epochs=EPOCHS, train_images=IMAGES)
    ours = recipe.network(seed=3).double()
    published = [PublishedLayer(*size).double() for size in zip(ours.widths, ours.widths[1:])]
    for theirs, layer in zip(published, ours.layers):
        theirs.load_state_dict(layer.state_dict())

    split = Split(images, labels)
    data = Digits(split, split.take(slice(0)), split)
    done = list(train(ours, data, recipe, draw=lambda images, *, generator: negatives))
    x_pos, x_neg, activities = images, negatives, []
    for theirs in published:
        x_pos, x_neg = theirs.fit(x_pos, x_neg)
        activities.append(x_pos)

    assert [record.loss[0] for record in done] == pytest.approx(
        [loss for theirs in published for loss in theirs.losses], rel=1e-6
    )
    seen = features(ours, images, normalised=False)
    torch.testing.assert_close(seen, torch.cat(activities[1:], 1), rtol=1e-6, atol=1e-8)
