"""Positive and negative data: what the network should like and what it should not."""

import torch

from .data import CLASSES, check_images, check_labels


def overlay_label(images, labels, strength=1.0):
    """Return a copy of `images` with the label written into the first ten pixels: 0 everywhere, `strength` at pixel `label`.

    images: float `(N, D)` with D > 10; labels: int64 `(N,)` in 0..9; -> `(N, D)`. strength: the brightness of the lit
    pixel, a finite number (paper section 3.3 and system A: 1.0; system B: the brightest pixel of its data, 9.0).
    Raises TypeError or ValueError for a wrong dtype, shape, range or device, NaN, infinities or an empty batch.
    """
    check_images(images, labelled=True)
    check_labels(labels, len(images))
    check_strength(strength)
    if images.device != labels.device:
        raise ValueError(
            f"images are on {images.device}, labels on {labels.device}: move both to one device with .to(device)"
        )
    labelled = images.clone()
    labelled[:, :CLASSES] = 0
    labelled[torch.arange(len(images), device=images.device), labels] = strength
    return labelled


def check_strength(strength):
    """Raise ValueError unless `strength` is a finite number."""
    if (
        isinstance(strength, bool)
        or not isinstance(strength, (int, float))
        or abs(strength) == float("inf")
        or strength != strength
    ):
        raise ValueError(
            f"label strength is {strength!r}, expected a finite number such as 1.0 "
            "(the strength 'maximum' becomes a number when training begins)"
        )


def wrong_labels(labels, *, generator=None):
    """Return for each label one of the nine others, each equally often, never the true one: `(N,)` int64 -> `(N,)` int64.

    The offset runs over 1..9; drawn from 1..8, as system A's source does, it would never yield label - 1.
    generator: a `torch.Generator` for reproducible draws. Raises as `check_labels` does.
    """
    check_labels(labels)
    device = generator.device if generator is not None else labels.device
    offsets = torch.randint(1, CLASSES, labels.shape, generator=generator, device=device)
    return (labels + offsets.to(labels.device)) % CLASSES


def labels_of_other_images(labels, *, generator=None):
    """Return labels of randomly chosen images, with replacement: `(N,)` int64 -> `(N,)` int64. About 10 % are the true label.

    System B's negatives, kept to reproduce it; `wrong_labels` is the right choice. Raises as `check_labels` does.
    """
    check_labels(labels)
    device = generator.device if generator is not None else labels.device
    others = torch.randint(len(labels), labels.shape, generator=generator, device=device)
    return labels[others.to(labels.device)]


def hard_labels(goodness_per_label, labels, hardness=20.0, *, generator=None):
    """Return for each image a wrong label drawn from softmax(hardness x goodness): the likelier, the more the network likes it.

    goodness_per_label: `(N, 10)`; labels: the true ones, int64 `(N,)`; -> int64 `(N,)`, never the true label. hardness 0 is
    uniform over the nine wrong labels. After the official MATLAB code (ffnew.m), which samples from its softmax head
    instead; 20 is this project's choice. Raises as `check_labels` does, and ValueError for a hardness that is negative or not
    finite. Where goodness is NaN, as in a diverged network, the label means nothing, but is still a wrong one.
    """
    check_labels(labels, len(goodness_per_label))
    if not 0 <= hardness < torch.inf:
        raise ValueError(f"hardness={hardness!r}: expected a finite number of at least 0")
    scores = (
        (goodness_per_label * hardness).nan_to_num().scatter(1, labels.unsqueeze(1), -torch.inf)
    )
    device = generator.device if generator is not None else labels.device
    uniform = torch.rand(scores.shape, generator=generator, device=device).to(scores.device)
    gumbel = -torch.log(
        -torch.log(uniform.clamp(1e-20, 1 - 1e-7))
    )  # argmax(scores + Gumbel noise) samples the softmax
    return (scores + gumbel).argmax(dim=1)
