"""What the training lab looks at: goodness and accuracy on held-out images, and one test image."""

import copy
import math

import torch

from ...inference import goodness_per_label
from ...negatives import wrong_labels
from ..shared.looking import IMAGES_PER_LOOK, thin


class Watch:
    """Looks at `net` on the validation images of `data`, and remembers the curves.

    seed: of the images' order and of their wrong labels. digit: the test image that is followed.
    counted: the layers that predict (`Recipe.counted_layers`); the goodness of all is shown.
    Shown are the first `live` validation images, or all after a look at everything: `shown` of
    them.
    """

    def __init__(self, net, data, *, seed, digit, counted):
        images, labels = data.validation
        order = torch.randperm(
            len(images), generator=torch.Generator().manual_seed(seed), device="cpu"
        ).to(images.device)
        self.net, self.test, self.counted = net, data.test, counted
        self.images, self.labels = images[order], labels[order]
        self.wrong = wrong_labels(self.labels, generator=torch.Generator().manual_seed(seed))
        self.live = min(IMAGES_PER_LOOK, len(images))
        self.history = []  # (epochs, accuracy, loss) at each look
        self.epoch_ends = []  # (epochs, accuracy on all images)
        self._goodness = torch.zeros(2, len(net.layers), len(images), device=images.device)
        self._right = torch.zeros(len(images), device=images.device)
        self.dead = []  # layers, from 1, in which every goodness was 0
        self._turn = 0
        self.choose(digit)

    @property
    def goodness(self):
        """Of positives and negatives as they are shown: `(2, layers, images)`."""
        return self._goodness[:, :, : self.shown]

    @property
    def accuracy(self):
        """On the validation images that are shown, 0..1."""
        return self._right[: self.shown].mean().item()

    @property
    def finite(self):
        return bool(self._goodness.isfinite().all())

    def choose(self, digit):
        """Follow the test image at `digit`."""
        self.digit = digit
        self.digit_image, self.digit_label = self.test.images[digit], int(self.test.labels[digit])
        self._look_at_digit()

    def look(self, done, loss, *, everything):
        """Measure now, after `done` epochs, and note it with the `loss` (None before a step).

        Either on all images, or in turn on one half of the first `live`; the other half is then
        one look old.
        """
        self._turn = 1 - self._turn
        half = (self.live + 1) // 2
        start = self._turn * (self.live - half)
        seen = slice(None) if everything else slice(start, start + half)
        labels, wrong = self.labels[seen], self.wrong[seen]
        tables = goodness_per_label(self.net, self.images[seen], per_layer=True)  # (layers, N, 10)
        each = torch.arange(len(labels), device=labels.device)
        self._goodness[:, :, seen] = torch.stack([tables[:, each, labels], tables[:, each, wrong]])
        self._right[seen] = (tables[self.counted].sum(dim=0).argmax(dim=1) == labels).float()
        self.shown = len(self.labels) if everything else self.live
        self.dead = [layer for layer, table in enumerate(tables, start=1) if not table.any()]
        self._look_at_digit()
        if self.history and self.history[-1][0] == done:
            return
        mean_loss = math.nan if loss is None else sum(loss) / len(loss)
        self.history.append((done, self._right[: self.live].mean().item(), mean_loss))
        if everything:
            self.epoch_ends.append((done, self._right.mean().item()))
        for points in (self.history, self.epoch_ends):
            thin(points)

    def _look_at_digit(self):
        self.digit_goodness = goodness_per_label(
            self.net, self.digit_image.unsqueeze(0), layers=self.counted
        )[0]  # (10,), their sum

    REMEMBERED = ("history", "epoch_ends", "_goodness", "_right", "shown", "dead")

    def remember(self):
        """Return a copy of what was seen so far."""
        return copy.deepcopy({name: getattr(self, name) for name in self.REMEMBERED})

    def go_back(self, remembered):
        """Show what was seen when `remember` was called; the network is as it was then."""
        for name, value in copy.deepcopy(remembered).items():
            setattr(self, name, value)
        self._look_at_digit()
