"""Positive and negative data: what the network should like and what it should not.

`wrong_labels`, `labels_of_other_images` and `hard_labels` check what they are given and then draw;
a training, whose data were checked when it began, calls the `draw_...` functions below them.
"""

import torch

from .checks import (
    CLASSES,
    check_images,
    check_labels,
    check_same_device,
    check_strength,
    check_table,
    finite,
)
from .device import generator_device, sent


def overlay_label(images, labels, strength=1.0):
    """Return `images` with the label in the first ten pixels: 0, but `strength` at pixel `label`.

    images: float `(N, D)` with D > 10; labels: int64 `(N,)` in 0..9; -> a new `(N, D)`. strength:
    brightness of the lit pixel, a finite number (paper section 3.3 and system A: 1.0; system B: the
    brightest pixel of its data, 9.0). Raises TypeError or ValueError for a wrong dtype, shape,
    range or device, NaN, infinities or an empty batch.

    >>> overlay_label(torch.ones(1, 12), torch.tensor([3]), 4.0).tolist()
    [[0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]
    """
    check_images(images, labelled=True)
    check_labels(labels, len(images))
    check_strength(strength)
    check_same_device(("images", images), ("labels", labels))
    labelled = images.clone()
    labelled[:, :CLASSES] = 0
    labelled[torch.arange(len(images), device=images.device), labels] = strength
    return labelled


def wrong_labels(labels, *, generator=None):
    """Return for each label one of the nine others, all equally often: int64 `(N,)` -> `(N,)`.

    The offset runs over 1..9; from 1..8, as in system A's source, it would never give label - 1.
    generator: a `torch.Generator` for reproducible draws. Raises as `check_labels` does.

    >>> bool((wrong_labels(torch.arange(10)) == torch.arange(10)).any())
    False
    """
    check_labels(labels)
    return draw_wrong_labels(labels, generator=generator)


def draw_wrong_labels(labels, *, generator):
    """Draw as `wrong_labels` does, without looking at the labels."""
    offsets = _whole_numbers(1, CLASSES, labels, generator)
    return (labels + offsets) % CLASSES


def labels_of_other_images(labels, *, generator=None):
    """Return labels of random images, with replacement: int64 `(N,)` -> `(N,)`; 10 % are true.

    System B's negatives, kept to reproduce it; `wrong_labels` is the right choice. Raises as
    `check_labels` does.

    >>> labels_of_other_images(torch.tensor([7, 7])).tolist()
    [7, 7]
    """
    check_labels(labels)
    return draw_labels_of_other_images(labels, generator=generator)


def draw_labels_of_other_images(labels, *, generator):
    """Draw as `labels_of_other_images` does, without looking at the labels."""
    return labels[_whole_numbers(0, len(labels), labels, generator)]


def hard_labels(goodness_per_label, labels, hardness=20.0, *, generator=None):
    """Return wrong labels from softmax(hardness x goodness): the likelier, the more they are liked.

    goodness_per_label: `(N, 10)`; labels: the true ones, int64 `(N,)`; -> int64 `(N,)`, never the
    true label. hardness: 0 is uniform over the nine wrong ones; 20 is this project's choice. After
    the official MATLAB code, which samples from its softmax head instead. Raises as `check_labels`
    does, and ValueError for a hardness that is negative or not finite.

    >>> hard_labels(torch.eye(10)[[5]], torch.tensor([0]), 1e3).tolist()
    [5]
    """
    check_labels(labels)
    check_table(goodness_per_label, labels)
    if not finite(hardness) or hardness < 0:
        raise ValueError(f"hardness={hardness!r}: expected a finite number of at least 0")
    return draw_hard_labels(goodness_per_label, labels, hardness, generator=generator)


def draw_hard_labels(goodness_per_label, labels, hardness, *, generator):
    """Draw as `hard_labels` does, without looking at the labels.

    Where goodness is NaN, as in a diverged network, the label means nothing, but is a wrong one.
    """
    scores = (goodness_per_label * hardness).nan_to_num()
    scores = scores.scatter(1, labels.unsqueeze(1), -torch.inf)
    device = generator_device(generator, labels.device)
    uniform = torch.rand(scores.shape, generator=generator, device=device)
    uniform = sent(uniform, scores.device)
    gumbel = -torch.log(-torch.log(uniform.clamp(1e-20, 1 - 1e-7)))
    return (scores + gumbel).argmax(dim=1)  # scores + Gumbel noise: a sample of their softmax


def _whole_numbers(low, high, labels, generator):
    """Random whole numbers from low to high - 1, one for each label."""
    device = generator_device(generator, labels.device)
    numbers = torch.randint(low, high, labels.shape, generator=generator, device=device)
    return sent(numbers, labels.device)
