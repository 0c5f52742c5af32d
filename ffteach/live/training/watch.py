"""What the training lab looks at: goodness and accuracy on held-out images, and a few of them."""

import copy
import math

import torch

from ...inference import goodness_per_label
from ...layers import goodness
from ...negatives import overlay_label, wrong_labels
from ..shared.looking import LOOKS_PER_ANSWER, Turns, thin

FIELDS = 12  # receptive fields shown
EXCITING = 12  # digits that excite a unit most
WORST = 6  # positives, and as many negatives, furthest on the wrong side


class Watch:
    """Looks at `net` on the validation images of `data`, and remembers the curves.

    seed: of the images' order and of their wrong labels. digit: the test image that is followed.
    counted: the layers that predict (`Recipe.counted_layers`); the goodness of all is shown.
    Shown are the first `live` validation images, or all after a look at everything: `shown` of
    them. A tick looks at half of the `live` ones with two labels, and rarely with all ten.
    """

    def __init__(self, net, data, *, seed, digit, counted):
        images, labels = data.validation
        order = torch.randperm(
            len(images), generator=torch.Generator().manual_seed(seed), device="cpu"
        ).to(images.device)
        self.net, self.test, self.counted = net, data.test, counted
        self.images, self.labels = images[order], labels[order]
        self.wrong = wrong_labels(self.labels, generator=torch.Generator().manual_seed(seed))
        self.turns = Turns(len(images))
        self.live = self.turns.live
        self.pairs = torch.stack(  # (2, live, pixels): with the right label, and with a wrong one
            [
                overlay_label(self.images[: self.live], labels[: self.live], net.label_strength)
                for labels in (self.labels, self.wrong)
            ]
        )
        self.history = []  # (epochs, accuracy, loss) at each look with ten labels
        self.epoch_ends = []  # (epochs, accuracy on all images)
        self._goodness = torch.zeros(2, len(net.layers), len(images), device=images.device)
        self._right = torch.zeros(len(images), device=images.device)
        self.dead = []  # layers, from 1, in which every goodness was 0
        self.units = []  # of layer 1, those whose receptive fields are shown
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
        """Measure now, after `done` epochs, and note it with the `loss` (None before a step)."""
        seen = self.turns.next(everything=everything)
        if everything or self.turns.looks % LOOKS_PER_ANSWER == 0:
            self._answer(seen)
            self._note(done, loss, everything)
        else:
            self._goodness[:, :, seen] = self._goodness_of(self.pairs[:, seen])
        self.shown = len(self.labels) if everything else self.live
        both = self._goodness[:, :, seen]
        self.dead = [layer + 1 for layer in range(both.shape[1]) if not both[:, layer].any()]
        self._look_at_digit()

    @torch.no_grad()
    def _goodness_of(self, pairs):
        """Of images `(2, n, pixels)` in every layer: `(2, layers, n)`."""
        layers = [goodness(h).view(2, -1) for h in self.net(pairs.flatten(0, 1))]
        return torch.stack(layers, dim=1)

    def _answer(self, seen):
        labels, wrong = self.labels[seen], self.wrong[seen]
        tables = goodness_per_label(self.net, self.images[seen], per_layer=True)  # (layers, N, 10)
        each = torch.arange(len(labels), device=labels.device)
        self._goodness[:, :, seen] = torch.stack([tables[:, each, labels], tables[:, each, wrong]])
        self._right[seen] = (tables[self.counted].sum(dim=0).argmax(dim=1) == labels).float()

    def _note(self, done, loss, everything):
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

    # ---- a few images and units

    def fields(self):
        """The units of layer 1 that are most active now, and their weights `(units, pixels)`.

        Those that are shown already keep their place while they are among the more active ones.
        """
        activity = self._first_layer(self.pairs[0]).square().mean(dim=0)
        count = min(FIELDS, len(activity))
        order = activity.topk(min(2 * count, len(activity))).indices.tolist()
        new = iter([unit for unit in order if unit not in self.units])
        self.units = [unit if unit in order else next(new) for unit in self.units or order[:count]]
        return self.units, self.net.layers[0].weight.detach()[self.units]

    def exciting(self, unit):
        """The images among the `live` ones, with their labels, that excite this unit most."""
        activity = self._first_layer(self.pairs[0])[:, unit]
        return self.images[activity.topk(min(EXCITING, self.live)).indices]

    @torch.no_grad()
    def _first_layer(self, images):
        return self.net(images)[0]

    def worst(self, threshold):
        """Images of `live` ones furthest on the wrong side of the threshold, in the first layer.

        Positives with the least goodness below it, then negatives with the most above it: lists of
        (image with its overlay, label, written label, goodness).
        """
        found = []
        for side, written in enumerate((self.labels, self.wrong)):
            values = self._goodness[side, 0, : self.live]
            beyond = (threshold - values) if side == 0 else (values - threshold)
            order = beyond.topk(min(WORST, self.live)).indices.tolist()
            found.append(
                [
                    (self.pairs[side, n], int(self.labels[n]), int(written[n]), float(values[n]))
                    for n in order
                    if beyond[n] > 0
                ]
            )
        return found

    def pair(self):
        """A digit with its own label and with a wrong one, another at each look; and which it is.

        Returns (images `(2, pixels)`, labels written, goodness `(2, layers)`).
        """
        n = self.turns.looks % self.live
        written = int(self.labels[n]), int(self.wrong[n])
        return self.pairs[:, n], written, self._goodness_of(self.pairs[:, [n]])[:, :, 0]

    # ---- going back

    REMEMBERED = ("history", "epoch_ends", "_goodness", "_right", "shown", "dead")

    def remember(self):
        """Return a copy of what was seen so far."""
        return copy.deepcopy({name: getattr(self, name) for name in self.REMEMBERED})

    def go_back(self, remembered):
        """Show what was seen when `remember` was called; the network is as it was then."""
        for name, value in copy.deepcopy(remembered).items():
            setattr(self, name, value)
        self._look_at_digit()
