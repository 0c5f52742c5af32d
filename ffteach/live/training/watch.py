"""What the training lab looks at: goodness and accuracy on held-out images, and a few of them."""

import math

import torch

from ...inference import goodness_per_label
from ...negatives import overlay_label, wrong_labels
from ..shared.looking import LIVE, Looks, thin

FIELDS = 12  # receptive fields shown
EXCITING = 12  # digits that excite a unit most
WORST = 6  # positives, and as many negatives, furthest on the wrong side
ANSWERS = 20  # live images that a tick shows to the network under all ten labels, in turn


class Watch(Looks):
    """Looks at `net` on the validation images of `data`, and remembers the curves.

    seed: of the images' order and of their wrong labels. digit: the test image that is followed.
    counted: the layers that predict (`Recipe.counted_layers`); the goodness of all is shown.
    """

    def __init__(self, net, data, *, seed, digit, counted):
        images, labels = data.validation
        order = torch.randperm(
            len(images), generator=torch.Generator().manual_seed(seed), device="cpu"
        ).to(images.device)
        self.test, self.counted = data.test, counted
        self.images, self.labels = images[order], labels[order]
        self.wrong = wrong_labels(self.labels, generator=torch.Generator().manual_seed(seed))
        live = slice(0, LIVE)
        pairs = [  # with the right label, and with a wrong one
            overlay_label(self.images[live], labels[live], net.label_strength)
            for labels in (self.labels, self.wrong)
        ]
        super().__init__(net, torch.stack(pairs), len(images))
        self.history = []  # (epochs, accuracy, loss) at each look
        self.epoch_ends = []  # (epochs, accuracy on all images) at each look at all
        self._right = torch.zeros(len(images), device=images.device)
        self.units = []  # of layer 1, those whose receptive fields are shown
        self.choose(digit)

    @property
    def accuracy(self):
        """On the validation images that are shown, 0..1."""
        return self._right[: self.shown].mean().item()

    def choose(self, digit):
        """Follow the test image at `digit`."""
        self.digit = digit
        self.digit_image, self.digit_label = self.test.images[digit], int(self.test.labels[digit])
        self._answer(slice(0, 0))

    def look(self, done, loss, *, everything):
        """Measure now, after `done` epochs, and note it with the `loss` (None before a step)."""
        self.looks += 1
        self.shown = len(self.labels) if everything else self.live
        seen = slice(None) if everything else self.turn(ANSWERS)
        labels, wrong = self.labels[seen], self.wrong[seen]
        tables = self._answer(seen)
        each = torch.arange(len(labels), device=labels.device)
        self.note(seen, torch.stack([tables[:, each, labels], tables[:, each, wrong]]))
        mean_loss = math.nan if loss is None else sum(loss) / len(loss)
        if self.history and self.history[-1][0] == done:  # seen once more, with more images
            mean_loss = self.history.pop()[2]
        self.history.append((done, self._right[: self.live].mean().item(), mean_loss))
        if everything and done not in (at for at, _ in self.epoch_ends[-1:]):
            self.epoch_ends.append((done, self._right.mean().item()))
        for points in (self.history, self.epoch_ends):
            thin(points)

    def _answer(self, seen):
        """Have the network answer for these images and the followed one: `(layers, n, 10)`."""
        images = torch.cat([self.images[seen], self.digit_image.unsqueeze(0)])
        tables = goodness_per_label(self.net, images, per_layer=True)
        sums = tables[self.counted].sum(dim=0)
        self._right[seen] = (sums[:-1].argmax(dim=1) == self.labels[seen]).float()
        self.digit_goodness = sums[-1]  # (10,), over the layers that predict
        return tables[:, :-1]

    # ---- a few images and units

    @torch.no_grad()
    def fields(self, unit):
        """The units of layer 1 that are most active now, their weights, and what excites one.

        Units that are shown already keep their place while they are among the more active ones.
        Returns (units, weights `(units, pixels)`, `unit` or the first, the live images that excite
        it most).
        """
        activity = self.net.layers[0](self.pairs[0])
        square = activity.square().mean(dim=0)
        count = min(FIELDS, len(square))
        order = square.topk(min(2 * count, len(square))).indices.tolist()
        new = iter([unit for unit in order if unit not in self.units])
        self.units = [unit if unit in order else next(new) for unit in self.units or order[:count]]
        unit = unit if unit in self.units else self.units[0]
        exciting = activity[:, unit].topk(min(EXCITING, self.live)).indices
        return self.units, self.net.layers[0].weight[self.units], unit, self.images[exciting]

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
        n = self.looks % self.live
        written = int(self.labels[n]), int(self.wrong[n])
        return self.pairs[:, n], written, self.goodness_of(self.pairs[:, [n]])[:, :, 0]

    # ---- going back

    def remember(self):
        """Return a copy of the curves."""
        return list(self.history), list(self.epoch_ends)

    def go_back(self, remembered):
        """Have the curves as they were when `remember` was called."""
        self.history, self.epoch_ends = map(list, remembered)
