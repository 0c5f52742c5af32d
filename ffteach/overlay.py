"""Ten labels for one product: the trick that makes the first layer fast.

An overlay only touches ten pixels, and all ten labelled copies of an image have the same length. So
the first layer's z for label y is (W x_shared + ink w_y) + b with one product W x_shared for the
positive image, the negative image and all ten candidate labels, w_y being a column of W.
"""

import torch

from .checks import CLASSES
from .layers import Rows, goodness

IMAGES_AT_ONCE = 128  # under ten labels each: bounds the memory, and what the cache must hold


def split_overlay(layer, images, strength):
    """Return `(shared, ink)` of images `(N, D)` for `SharedOverlay`.

    shared: the rescaled images without their label pixels, `(N, D)`; ink: the value that a label
    pixel of `strength` has once the row is rescaled, `(N, 1)`.
    """
    shared = images.clone()
    shared[:, :CLASSES] = 0
    factor = layer.row_factor(goodness(shared) + strength**2 / shared.shape[1])
    return shared.mul_(factor), factor * strength


class SharedOverlay:
    """The first layer's view of images whose label pixels are still open.

    layer: the first `FFLayer`; shared `(N, D)` and ink `(N, 1)`: of `split_overlay`; shared may be
    bfloat16 (see `Rows`). The product of the shared part is done once, when the object is made.
    """

    def __init__(self, layer, shared, ink):
        self.layer, self.shared, self.ink = layer, Rows(shared), ink
        self.z_shared = self.shared.product(layer)  # (N, H)
        self.label_weights = layer.weight[:, :CLASSES].t().contiguous()  # (10, H), rows that stream

    @classmethod
    def of(cls, layer, images, strength):
        """Return the overlay of images `(N, D)` as they are."""
        return cls(layer, *split_overlay(layer, images, strength))

    def activities_per_label(self, images=slice(None)):
        """Return the layer's activities under each label, for all or some `images`: `(10, n,
        H)`."""
        z = self.z_shared[images]
        return torch.addcmul(z, self.ink[images], self.label_weights.unsqueeze(1)).relu_()

    def goodness_per_label(self):
        """Return the layer's goodness for each of the ten labels: `(N, 10)`."""
        starts = range(0, len(self.z_shared), IMAGES_AT_ONCE)
        parts = [slice(start, start + IMAGES_AT_ONCE) for start in starts]
        # goodness of activities that nobody else needs: squared in place, it is twice as fast
        tables = [self.activities_per_label(part).square_().mean(dim=-1) for part in parts]
        return torch.cat(tables, dim=1).t()  # (10, n) each

    def neutral_activities(self):
        """Return the layer's activities `(N, H)` with the neutral label: ten pixels at a tenth.

        The row is then shorter: its label part has 10 (ink / 10)^2 instead of ink^2.
        """
        layer, width = self.layer, self.layer.in_features
        full = 1 / width if layer.row_scale == "unit-length" else 1.0  # a row's mean square
        factor = layer.row_factor((full - 0.9 * self.ink.square() / width).squeeze(1))
        z = torch.addcmul(self.z_shared - layer.bias, self.ink, self.label_weights.mean(dim=0))
        return z.mul_(factor).add_(layer.bias).relu_()

    def with_labels(self, positive, negative):
        """Return the inputs for true and wrong labels, int64 `(N,)` each, as `LabelledPairs`."""
        return LabelledPairs(self, positive, negative)


class LabelledPairs:
    """Positives, then negatives, as inputs of the first layer: what `Rows` are of the others."""

    def __init__(self, overlay, positive, negative):
        self.overlay, ink = overlay, overlay.ink
        self.codes = torch.zeros(2, len(positive), CLASSES, dtype=ink.dtype, device=ink.device)
        labels = torch.stack([positive, negative]).unsqueeze(2)
        self.codes.scatter_(2, labels, ink.expand(2, -1, -1))

    def product(self, layer):
        """Return z for the positives, then the negatives: `(2N, H)`. layer: the overlay's."""
        label_weights = self.overlay.label_weights.expand(2, -1, -1)
        return torch.baddbmm(self.overlay.z_shared, self.codes, label_weights).flatten(0, 1)

    def add_weight_gradient(self, dz, gradient, beta):
        """Put dz' x on top of `beta` (0 or 1) times `gradient` `(H, D)`, in place; dz: `(2N,
        H)`."""
        dz_pos, dz_neg = dz.chunk(2)
        self.overlay.shared.add_weight_gradient(dz_pos + dz_neg, gradient, beta)  # labels are 0
        # dz' codes, three times as fast this way round:
        gradient[:, :CLASSES] += (self.codes.flatten(0, 1).t() @ dz).t()
