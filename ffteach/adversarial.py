"""Adversarial images: each moved a little to where its label is harder to tell from a wrong one.

The move is against the slope of the first layer's gap, goodness(true) - goodness(wrong). That layer
finds the slope by its own weights: nothing comes back from the layers above, but one signal goes
back through this layer, to the image. To learn from such images is Goodfellow, Shlens & Szegedy's
(2015); that moves have a bounded length, Miyato et al.'s (2016). Pixels may leave 0..1.
"""

import torch

from .checks import CLASSES
from .device import sent

TINY = 1e-12  # where the gap is flat there is no direction, and the image stays


def moved_towards_wrong(images, pairs, reach, *, generator):
    """Return images `(N, D)`, each moved towards its wrong label by a random length up to `reach`.

    pairs: the `LabelledPairs` of these images. reach: in the images' own units; lengths are drawn
    evenly from 0 to `reach`, so that digits nearly as they are stay among those that are seen.
    """
    lengths = torch.rand(len(images), 1, generator=generator, device=generator.device)
    lengths = sent(lengths, images.device).to(images.dtype) * reach
    slope = gap_slope(pairs)
    return images - slope * (lengths / (slope.norm(dim=1, keepdim=True) + TINY))


def gap_slope(pairs):
    """Return the slope of (goodness(true) - goodness(wrong)) x H / 2 by each pixel: `(N, D)`.

    Pixels are measured as rescaled; the slope is 0 in those of the label. pairs: `LabelledPairs`,
    seen by a layer of H units.
    """
    layer, (shared, ink) = pairs.overlay.layer, (pairs.overlay.shared.x, pairs.overlay.ink)
    h = layer.activities(pairs)
    h_pos, h_neg = h.chunk(2)
    slope = ((h_pos - h_neg).to(shared.dtype) @ layer.weight.to(shared.dtype)).to(h.dtype)
    # Rescaling takes a row's length away, and with it what the slope has along the row.
    along_pos, along_neg = (h * (h - layer.bias)).sum(dim=1, keepdim=True).chunk(2)
    square_length = shared.square().sum(dim=1, keepdim=True) + ink.square()
    slope -= shared * ((along_pos - along_neg) / (square_length + TINY))
    slope[:, :CLASSES] = 0
    return slope
