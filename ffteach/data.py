"""Digits: the bundled MNIST sample or the full set, with a validation split. The sample needs no network."""

import hashlib
import math
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from .device import choose_device

SAMPLE = Path(__file__).parent / "sample" / "mnist_sample.npz"
SAMPLE_SHA256 = "d5442699fa9b83493684d54860fe81d36006f538e2e5f6c481fcfb5eb5201f19"  # printed by scripts/draw_sample.py
VALIDATION_SEED = 60_000  # fixed, so that every run and every student holds out the same images
CLASSES = 10  # the label is written into the first ten pixels
LARGEST_PIXEL = 100.0  # beyond any sensible normalisation: the mark of pixels left in 0..255
RAW_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class Split(NamedTuple):
    """Images `(N, 784)` float32 and their labels `(N,)` int64."""

    images: torch.Tensor
    labels: torch.Tensor

    def take(self, indices):
        """Return the split at `indices` (a slice or a tensor of positions)."""
        return Split(self.images[indices], self.labels[indices])

    def __repr__(self):
        return f"Split({len(self.images):,} images)"


class Digits(NamedTuple):
    """MNIST as three splits; `validation` is empty unless it was asked for."""

    train: Split
    validation: Split
    test: Split


def check_images(images, *, labelled=False):
    """Raise TypeError or ValueError unless `images` is a non-empty finite float tensor `(N, D)`, with D > 10 if `labelled`.

    The range is free enough for normalised data such as system B's -1..9, but 0..255 is refused.
    """
    if not isinstance(images, torch.Tensor) or not images.is_floating_point():
        found = images.dtype if isinstance(images, torch.Tensor) else type(images).__name__
        raise TypeError(
            f"images are {found}, expected a float tensor in [0, 1]: for uint8 pixels use images.float() / 255"
        )
    if images.dim() != 2 or (labelled and images.shape[1] <= CLASSES):
        raise ValueError(
            f"images have shape {tuple(images.shape)}, expected (N, 784): flatten them with images.reshape(len(images), -1)"
        )
    if len(images) == 0:
        raise ValueError(
            f"images are empty, shape {tuple(images.shape)}: at least one image is needed"
        )
    low, high = (float(bound) for bound in images.aminmax())  # NaN anywhere makes both NaN
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(
            f"images hold NaN or infinite pixels (smallest {low}, largest {high}): clean them first"
        )
    if max(-low, high) > LARGEST_PIXEL:
        raise ValueError(
            f"pixels range from {low:g} to {high:g}: expected [0, 1] or normalised data; divide 0..255 by 255"
        )


def check_labels(labels, count=None):
    """Raise TypeError or ValueError unless `labels` is an int64 tensor `(N,)` of 0..9, with N = `count` if given."""
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64:
        found = labels.dtype if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise TypeError(
            f"labels are {found}, expected an int64 tensor: use torch.as_tensor(labels).long()"
        )
    if labels.dim() != 1 or len(labels) == 0 or (count is not None and len(labels) != count):
        wanted = "(N,) with N > 0" if count is None else f"({count},), one label for each image"
        raise ValueError(f"labels have shape {tuple(labels.shape)}, expected {wanted}")
    low, high = (int(bound) for bound in labels.aminmax())
    if low < 0 or high >= CLASSES:
        raise ValueError(f"labels range from {low} to {high}, expected 0..{CLASSES - 1}")


def load_mnist(which="sample", *, root=None, validation=0, device=None):
    """Return `Digits(train, validation, test)`: each a `Split` of images `(N, 784)` in [0, 1] and labels `(N,)` in 0..9.

    which: "sample" = 10 000 training and 2 000 test digits, class-balanced, shipped with the package;
        "full" = all 60 000 and 10 000, from an existing folder, else downloaded through torchvision.
    root: folder for "full" that holds (or will hold) `MNIST/raw`; default the environment variable FFTEACH_DATA,
        else `~/.cache/ffteach`.
    validation: number of training images to hold out, a multiple of 10, equally many of each digit, always the same ones.
    Raises ValueError for a wrong argument or a damaged file, RuntimeError if the full set cannot be had.
    """
    device = choose_device(device)
    if which == "sample":
        train, test = _load_sample()
    elif which == "full":
        train, test = _load_full(root)
    else:
        raise ValueError(
            f"which={which!r}: choose 'sample' (10 000 digits, no network) or 'full' (all 60 000)"
        )
    train, held_out = hold_out(train, validation)
    return Digits(
        *(
            Split(split.images.to(device), split.labels.to(device))
            for split in (train, held_out, test)
        )
    )


def hold_out(split, count):
    """Return `(rest, held_out)`: `count` images set aside, equally many of each digit, with a fixed seed.

    Raises ValueError if `count` is no multiple of 10 or would use up all images of a digit.
    """
    if count == 0 and not isinstance(count, bool):
        return split, split.take(slice(0))
    smallest = int(torch.bincount(split.labels, minlength=CLASSES).min())
    if (
        isinstance(count, bool)
        or not isinstance(count, int)
        or count < 0
        or count % 10
        or count // 10 >= smallest
    ):
        raise ValueError(
            f"validation={count!r}: give a multiple of 10 from 0 to {10 * (smallest - 1)} (equally many of each digit)"
        )
    generator = torch.Generator().manual_seed(VALIDATION_SEED)
    labels = split.labels.cpu()
    held = torch.zeros(len(labels), dtype=torch.bool, device="cpu")
    for digit in range(CLASSES):
        members = (labels == digit).nonzero().flatten()
        held[
            members[torch.randperm(len(members), generator=generator, device="cpu")[: count // 10]]
        ] = True
    held = held.to(split.labels.device)
    return split.take(~held), split.take(held)


def rescale_pixels(data, mean, deviation):
    """Return the `Digits` with every pixel as `(pixel - mean) / deviation`, as system B does with 0.1 and 0.1."""
    if (mean, deviation) == (0, 1):
        return data
    return Digits(*(Split((split.images - mean) / deviation, split.labels) for split in data))


def _as_split(images, labels):
    """uint8 images `(N, 28, 28)` in 0..255 -> `Split` in [0, 1]."""
    images = torch.as_tensor(images, device="cpu").reshape(len(images), 784).to(torch.float32) / 255
    return Split(images, torch.as_tensor(labels, device="cpu").long())


def _load_sample():
    try:
        content = SAMPLE.read_bytes()
    except OSError as error:
        raise RuntimeError(
            f"the bundled sample {SAMPLE} cannot be read ({error}); install the package again"
        ) from error
    if hashlib.sha256(content).hexdigest() != SAMPLE_SHA256:
        raise ValueError(
            f"the bundled sample {SAMPLE} is damaged (checksum differs); get it again with `git checkout` or reinstall"
        )
    with np.load(SAMPLE) as arrays:
        return (
            _as_split(arrays["train_images"], arrays["train_labels"]),
            _as_split(arrays["test_images"], arrays["test_labels"]),
        )


def _load_full(root):
    from torchvision.datasets import (
        MNIST,
    )  # imported here: it takes a second, and the sample does not need it

    root = Path(
        root or os.environ.get("FFTEACH_DATA") or Path.home() / ".cache" / "ffteach"
    ).expanduser()
    raw = root / "MNIST" / "raw"
    by_hand = (
        f"To place the files by hand, put {', '.join(RAW_FILES)} (unpacked) into {raw}. "
        "Or work without a network: load_mnist('sample') holds 10 000 training digits."
    )
    missing = [name for name in RAW_FILES if not (raw / name).is_file()]
    if missing:
        print(f"MNIST is not in {root} yet: downloading about 12 MB through torchvision.")
    try:
        train, test = (
            MNIST(root, train=is_train, download=bool(missing)) for is_train in (True, False)
        )
    except PermissionError as error:
        raise RuntimeError(
            f"cannot write to {root} ({error}). Choose another folder with root=... . {by_hand}"
        ) from error
    except Exception as error:  # a damaged file surfaces as a RuntimeError, IndexError, AssertionError ... of the reader
        if missing:
            raise RuntimeError(
                f"no MNIST in {root}, and the download failed:\n{error}\n{by_hand}"
            ) from error
        raise ValueError(
            f"a file in {raw} is damaged ({error}). Delete that folder and load again. {by_hand}"
        ) from error
    counts = [(len(split.data), len(split.targets)) for split in (train, test)]
    if counts != [(60_000, 60_000), (10_000, 10_000)]:
        raise ValueError(
            f"{raw} holds {counts[0][0]} training images with {counts[0][1]} labels and {counts[1][0]} test images with {counts[1][1]}, "
            "not 60 000 and 10 000: delete that folder and load again."
        )
    return _as_split(train.data, train.targets), _as_split(test.data, test.targets)
