"""Where the positives and negatives of each batch come from: the first layer's input for a training run.

Both classes are called with the positions of a batch's images and the epoch, and return `Rows` or a `SharedOverlay`. Their
`draw` is a plain function that draws negatives; put your own in its place to try other ones.
"""

import math

import torch

from .device import generator_device, matrix_dtype
from .head import head_inputs
from .local_update import Rows, SharedOverlay, split_overlay
from .masks import blur_masks, gaussian_masks, hybrids
from .negatives import hard_labels, labels_of_other_images, wrong_labels
from .shifts import randomly_shifted


class LabelPairs:
    """Supervised pairs: each image with its true label, and with a wrong one from `draw(labels, generator=...)`.

    `seen` is what the network's softmax head, if there is one, reads of the last batch. `fixed` holds the wrong labels `(N,)` of the whole run, or None if they are drawn anew for every batch.
    """

    def __init__(self, net, split, recipe, generator):
        self.net, self.layer, self.labels, self.recipe, self.generator = (
            net,
            net.layers[0],
            split.labels,
            recipe,
            generator,
        )
        self.images, self.strength = split.images, net.label_strength
        self.dtype = training_dtype(net, recipe)
        self.draw = labels_of_other_images if recipe.negatives == "other images" else wrong_labels
        self.fixed = (
            None if recipe.fresh_negatives else self.draw(split.labels, generator=generator)
        )
        if not recipe.disturbed:
            shared, self.ink = split_overlay(self.layer, split.images, net.label_strength)
            self.shared = shared.to(self.dtype)

    def __call__(self, rows, epoch):
        if self.recipe.disturbed:
            shared, ink = split_overlay(
                self.layer,
                disturb(self.images[rows], self.recipe, generator=self.generator),
                self.strength,
            )
        else:
            shared, ink = self.shared[rows], self.ink[rows]
        inputs = SharedOverlay(self.layer, shared.to(self.dtype), ink)
        self.seen = None if self.net.head is None else head_inputs(self.net, inputs)
        labels = self.labels[rows]
        if self.fixed is not None:
            wrong = self.fixed[rows]
        elif self.recipe.negatives == "hard" and epoch >= self.recipe.uniform_epochs:
            by_head = self.recipe.hard_by == "head"
            scores, hardness = (
                (self.net.head(self.seen), 1.0)
                if by_head
                else (inputs.goodness_per_label(), self.recipe.hardness)
            )
            wrong = hard_labels(scores, labels, hardness, generator=self.generator)
        else:
            wrong = self.draw(labels, generator=self.generator)
        return inputs.set_labels(labels, wrong)


class HybridPairs:
    """Unsupervised pairs: real images, and negatives from `draw(images, generator=...)`, by default hybrids of the same batch.

    `fixed` holds the negatives `(N, D)` of the whole run, or None if they are drawn anew for every batch.
    """

    def __init__(self, net, split, recipe, generator):
        self.layer, self.images, self.recipe, self.generator = (
            net.layers[0],
            split.images,
            recipe,
            generator,
        )
        self.dtype = training_dtype(net, recipe)
        self.positives = None if recipe.disturbed else self._normalised(split.images)
        self.draw = self._hybrids
        self.fixed = (
            None if recipe.fresh_negatives else self.draw(split.images, generator=generator)
        )

    def __call__(self, rows, epoch):
        if self.fixed is not None:
            positives, negatives = self.positives[rows], self.fixed[rows]
        else:
            images = self.images[rows]
            if self.recipe.disturbed:
                images = disturb(images, self.recipe, generator=self.generator)
            positives = self._normalised(images) if self.recipe.disturbed else self.positives[rows]
            negatives = self.draw(images, generator=self.generator)
        return Rows(torch.cat([positives, self._normalised(negatives)]))

    def _normalised(self, images):
        return self.layer.normalise(images).to(self.dtype)

    def _hybrids(self, images, *, generator):
        count, size = len(images), math.isqrt(images.shape[1])
        if self.recipe.mask == "gaussian":
            masks = gaussian_masks(count, size=size, generator=generator)
        else:
            masks = blur_masks(count, size=size, blurs=self.recipe.blurs, generator=generator)
        return hybrids(images, masks, generator=generator)


def disturb(images, recipe, *, generator):
    """Return the images `(n, D)` as a batch of `recipe` shows them: shifted, and without the pixels that dropout hides."""
    if recipe.shift:
        images = randomly_shifted(images, recipe.shift, each=recipe.shift_each, generator=generator)
    if recipe.pixel_dropout:
        seen = torch.empty(images.shape, device=generator_device(generator)).bernoulli_(
            1 - recipe.pixel_dropout, generator=generator
        )
        images = images * seen.to(images)
    return images


def training_dtype(net, recipe):
    """The dtype of the large matrix products: the network's own, or bfloat16 where the recipe wants it and the machine has it."""
    own = net.layers[0].weight.dtype
    return own if own != torch.float32 else matrix_dtype(recipe.precision, net.device)


def make_pairs(net, split, recipe, generator):
    """Return the pairs that the recipe's `negatives` call for."""
    return (HybridPairs if recipe.negatives == "hybrids" else LabelPairs)(
        net, split, recipe, generator
    )
