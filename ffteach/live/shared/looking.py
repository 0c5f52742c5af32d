"""How much a panel looks at while a network learns, and how much of it is kept."""

import torch

from ...layers import goodness

LIVE = 200  # pairs of held-out images shown while it trains; all of them in a pause
MOST_POINTS = 400  # of a curve; beyond that every other one is dropped


class Looks:
    """The goodness of pairs, (positive, negative), of held-out images: a few at each tick.

    net: the network; pairs: `(2, N, pixels)`, at least the `live` ones; images: how many in all.
    Shown are the first `live` ones, or all after a look at everything: `shown` of them.
    """

    def __init__(self, net, pairs, images):
        self.net, self.pairs, self.images_in_all = net, pairs, images
        self.live, self.looks, self.shown = min(LIVE, images), 0, images
        self.dead = []  # layers, from 1, in which every goodness was 0
        self._goodness = torch.zeros(2, len(net.layers), images, device=pairs.device)

    def turn(self, count):
        """The slice of `count` live images, or a few less, whose turn it is at this look."""
        start = self.looks * count % self.live
        return slice(start, min(start + count, self.live))

    def note(self, seen, values):
        """Keep the goodness `(2, layers, n)` of the pairs in a slice."""
        self._goodness[:, :, seen] = values
        self.dead = [layer + 1 for layer in range(values.shape[1]) if not values[:, layer].any()]

    @torch.no_grad()
    def goodness_of(self, pairs):
        """Of images `(2, n, pixels)` in every layer: `(2, layers, n)`."""
        layers = [goodness(h).view(2, -1) for h in self.net(pairs.flatten(0, 1))]
        return torch.stack(layers, dim=1)

    @property
    def goodness(self):
        """Of positives and negatives as they are shown: `(2, layers, images)`."""
        return self._goodness[:, :, : self.shown]

    @property
    def finite(self):
        return bool(self.goodness.isfinite().all())


def thin(points):
    """Drop every other point of a list that has become too long; the first one stays.

    >>> points = list(range(MOST_POINTS + 1))
    >>> thin(points)
    >>> len(points), points[:3]
    (201, [0, 2, 4])
    """
    if len(points) > MOST_POINTS:
        del points[1::2]
