"""Where the positives and negatives of each batch come from: the first layer's input for a
training.

Both classes are called with the positions of a batch's images and the number of finished epochs,
and return a `Batch`. `draw` is the plain function that draws negatives; `train(..., draw=...)` puts
your own in its place.
"""

import math
from typing import NamedTuple

import torch

from .adversarial import moved_towards_wrong
from .checks import check_labels
from .device import sent
from .head import head_inputs
from .layers import Rows
from .masks import blur_masks, gaussian_masks, mix
from .negatives import draw_hard_labels, draw_labels_of_other_images, draw_wrong_labels
from .overlay import LabelledPairs, SharedOverlay, split_overlay
from .shifts import randomly_shifted


class Batch(NamedTuple):
    """One batch as the first layer takes it, positives first, then as many negatives."""

    inputs: LabelledPairs | Rows
    seen: torch.Tensor | None = None  # what the network's softmax head reads, if it has one


class LabelPairs:
    """Supervised pairs: each image with its true label, and with one from `draw(labels,
    generator=...)`.

    dtype: of the large matrix products. `fixed` holds the wrong labels `(N,)` of the whole run, or
    None if they are drawn for every batch.
    """

    def __init__(self, net, split, recipe, generator, dtype, draw=None):
        self.net, self.layer, self.recipe, self.generator = net, net.layers[0], recipe, generator
        self.images, self.labels, self.dtype = split.images, split.labels, dtype
        standard = recipe.negatives != "other images"
        self.draw = _checked(draw, "labels") or (
            draw_wrong_labels if standard else draw_labels_of_other_images
        )
        self.hard = draw is None and recipe.negatives == "hard"
        self.fixed = None if recipe.fresh_negatives else self.draw(self.labels, generator=generator)
        self.disturbed = recipe.disturbed
        if not self.disturbed:
            shared, self.ink = split_overlay(self.layer, self.images, net.label_strength)
            self.shared = shared.to(dtype)

    def __call__(self, batch, epoch):
        if self.disturbed:
            images = disturb(of_batch(self.images, batch), self.recipe, generator=self.generator)
            overlay = self._overlay_of(images)
        else:
            shared = of_batch(self.shared, batch)
            overlay = SharedOverlay(self.layer, shared, of_batch(self.ink, batch))
        seen = None if self.net.head is None else head_inputs(self.net, overlay)
        labels = self.labels[batch]
        if self.fixed is not None:
            wrong = self.fixed[batch]
        elif self.hard and epoch >= self.recipe.uniform_epochs:
            by_head = self.recipe.hard_by == "head"
            liked = self.net.head(seen) if by_head else overlay.goodness_per_label()
            hardness = 1.0 if by_head else self.recipe.hardness
            wrong = draw_hard_labels(liked, labels, hardness, generator=self.generator)
        else:
            wrong = self.draw(labels, generator=self.generator)
        pairs = overlay.with_labels(labels, wrong)
        if self.recipe.adversarial:
            reach = self.recipe.adversarial
            images = moved_towards_wrong(images, pairs, reach, generator=self.generator)
            pairs = self._overlay_of(images).with_labels(labels, wrong)
        return Batch(pairs, seen)

    def _overlay_of(self, images):
        shared, ink = split_overlay(self.layer, images, self.net.label_strength)
        return SharedOverlay(self.layer, shared.to(self.dtype), ink)


class HybridPairs:
    """Unsupervised pairs: real images, and negatives from `draw(images, generator=...)`.

    By default these are hybrids of the same batch. dtype: of the large matrix products. `fixed`
    holds the negatives `(N, D)` of the whole run, or None if they are drawn for every batch.
    """

    def __init__(self, net, split, recipe, generator, dtype, draw=None):
        self.layer, self.images, self.recipe = net.layers[0], split.images, recipe
        self.generator, self.dtype = generator, dtype
        self.disturbed = recipe.disturbed
        self.positives = None if self.disturbed else self._rescaled(self.images)
        self.draw = _checked(draw, "images") or self._hybrids
        self.fixed = None if recipe.fresh_negatives else self.draw(self.images, generator=generator)

    def __call__(self, batch, epoch):
        if self.fixed is not None:
            positives, negatives = of_batch(self.positives, batch), of_batch(self.fixed, batch)
        elif self.disturbed:
            images = disturb(of_batch(self.images, batch), self.recipe, generator=self.generator)
            positives = self._rescaled(images)
            negatives = self.draw(images, generator=self.generator)
        else:
            positives = of_batch(self.positives, batch)
            negatives = self.draw(of_batch(self.images, batch), generator=self.generator)
        return Batch(Rows(torch.cat([positives, self._rescaled(negatives)])))

    def _rescaled(self, images):
        return self.layer.rescale(images).to(self.dtype)

    def _hybrids(self, images, *, generator):
        size, device = math.isqrt(images.shape[1]), images.device
        options = {"size": size, "generator": generator, "device": device}
        if self.recipe.mask == "blend":  # as `blends`, which looks at the images
            masks = torch.full_like(images, 0.5)
        elif self.recipe.mask == "gaussian":
            masks = gaussian_masks(len(images), **options)
        else:
            masks = blur_masks(len(images), blurs=self.recipe.blurs, **options)
        return mix(images, masks, generator=generator)


def make_pairs(net, split, recipe, generator, dtype, draw=None):
    """Return the pairs that the recipe's `negatives` call for."""
    kind = HybridPairs if recipe.negatives == "hybrids" else LabelPairs
    return kind(net, split, recipe, generator, dtype, draw)


def of_batch(table, batch):
    """Return `table[batch]`, twice as fast for long rows."""
    return table.index_select(0, batch)


def disturb(images, recipe, *, generator):
    """Return the images `(n, D)` as a batch of `recipe` shows them: shifted, some pixels hidden."""
    if recipe.shift:
        images = randomly_shifted(images, recipe.shift, each=recipe.shift_each, generator=generator)
    if recipe.pixel_dropout:
        seen = _draw_seen(images.shape, recipe.pixel_dropout, generator)
        images = images * sent(seen, images.device).to(images.dtype)
    return images


def _draw_seen(shape, hidden, generator):
    """Draw for each pixel whether it is seen: bool; `hidden` is rounded to 1/65536.

    Each pixel takes 16 random bits, four pixels one number: a third of `bernoulli_`'s time.
    """
    count = math.prod(shape)
    bits = torch.empty(math.ceil(count / 4), dtype=torch.int64, device=generator.device)
    bits.random_(-(2**63), None, generator=generator)
    least = min(round(hidden * 2**16), 2**16 - 1) - 2**15
    return (bits.view(torch.int16)[:count] >= least).view(shape)


def _checked(draw, what):
    """A student's own `draw`, with a look at what it returns; None stays None."""
    if draw is None:
        return None

    def drawn(given, *, generator):
        result = draw(given, generator=generator)
        if what == "labels":
            check_labels(result, len(given))
        elif not isinstance(result, torch.Tensor) or result.shape != given.shape:
            got = getattr(result, "shape", type(result).__name__)
            raise ValueError(
                f"draw returned {got}, expected negative images of shape {tuple(given.shape)}"
            )
        return result.to(given)

    return drawn
