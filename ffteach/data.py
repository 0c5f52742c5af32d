"""Digits: the bundled MNIST sample, which needs no network, or the full set; with validation
images."""

import gzip
import hashlib
import os
import zlib
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import numpy as np
import torch
from tqdm.auto import tqdm

from .checks import CLASSES, check_images, check_labels, found, whole
from .device import choose_device

SAMPLE = Path(__file__).parent / "sample" / "mnist_sample.npz"
# printed by scripts/draw_sample.py:
SAMPLE_SHA256 = "d5442699fa9b83493684d54860fe81d36006f538e2e5f6c481fcfb5eb5201f19"
VALIDATION_SEED = 60_000  # fixed, so that every run and every student holds out the same images
# SHA-256 of the unpacked files, whose MD5s are the published ones: 6bbc9ace..., a25bea73...,
# 2646ac64..., 27ae3e4e...
RAW_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
IMAGES_BEGIN, LABELS_BEGIN = 16, 8  # bytes of a file's head: kind, number, and an image's sides
STALLED = 30  # seconds without a byte, after which a download is given up


def _as_tensor(values):
    """Return numbers, also written as text, as a tensor; a tensor as it is, without its graph."""
    if isinstance(values, torch.Tensor):
        if values.is_meta:
            raise TypeError("a tensor on the device meta holds no values")
        return values.detach().to_dense()
    table = np.asarray(values)
    return torch.as_tensor(table.astype(np.int64) if table.dtype.kind in "US" else table)


class Split(NamedTuple):
    """Images `(N, 784)` float32 and their labels `(N,)` int64.

    >>> Split(torch.zeros(3, 784), torch.zeros(3).long())
    Split(3 images)
    """

    images: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def of(cls, images, labels):
        """Return your own data as a `Split`: arrays, lists or tables of N images and labels.

        images: `(N, ...)`, whole numbers in 0..255 or floats in [0, 1]; labels: N whole numbers in
        0..9. Raises TypeError or ValueError for anything else.

        >>> Split.of(np.zeros((2, 28, 28), np.uint8), ["3", "8"]).labels
        tensor([3, 8])
        """
        try:
            pixels, given = _as_tensor(images), _as_tensor(labels)
            numbers = given.long()
            if pixels.dtype != torch.bool and not pixels.is_floating_point():
                pixels = pixels / 255
        except (TypeError, ValueError, OverflowError) as error:
            raise TypeError(f"images or labels are no table of numbers: {error}") from error
        if given.dtype == torch.bool or not torch.equal(numbers, given.to(numbers.device)):
            raise TypeError("labels are not whole numbers: expected 0..9 for each image")
        if pixels.dim() == 0 or len(pixels) == 0:
            raise ValueError("images are none, or a single number: expected (N, ...)")
        pixels = pixels.to(torch.get_default_dtype()).reshape(len(pixels), -1)
        split = cls(pixels, numbers).to(torch.get_default_device())
        check_images(split.images)
        check_labels(split.labels, len(pixels))
        return split

    def take(self, indices):
        """Return the split at `indices` (a slice or a tensor of positions)."""
        return Split(self.images[indices], self.labels[indices])

    def to(self, device):
        """Return the split on another device."""
        return Split(self.images.to(device), self.labels.to(device))

    def __repr__(self):
        return f"Split({len(self.images):,} images)"


class Digits(NamedTuple):
    """MNIST as three splits; `validation` is empty unless it was asked for.

    >>> split = Split.of([[0] * 784, [255] * 784], [3, 8])
    >>> Digits(train=split, validation=split.take(slice(0)), test=split)
    Digits(train=Split(2 images), validation=Split(0 images), test=Split(2 images))
    """

    train: Split
    validation: Split
    test: Split

    def to(self, device):
        """Return the digits on another device."""
        return Digits(*(split.to(device) for split in self))


def load_mnist(which="sample", *, root=None, validation=0, device=None):
    """Return `Digits`: three `Split`s of images `(N, 784)` in [0, 1] and labels `(N,)` in 0..9.

    which: "sample" = 10 000 training and 2 000 test digits, class-balanced, in the package; "full"
    = all 60 000 and 10 000, from a folder, else downloaded through torchvision. root: that folder
    (it holds `MNIST/raw`), by default the environment variable FFTEACH_DATA, else ~/.cache/ffteach.
    validation: how many training images to hold out, a multiple of 10, equally many of each digit,
    always the same. device: see `choose_device`. Raises ValueError for a wrong argument or a
    damaged file, RuntimeError if the full set cannot be had.

    >>> load_mnist(validation=2000)
    Digits(train=Split(8,000 images), validation=Split(2,000 images), test=Split(2,000 images))
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
    return Digits(train, held_out, test).to(device)


def load_fashion_mnist(*, root=None, validation=0, device=None):
    """Return `Digits` that are clothes: Fashion-MNIST's 60 000 and 10 000 images, labels 0..9.

    root: its folder (it holds `FashionMNIST/raw`), else as for `load_mnist`; what is missing comes
    by torchvision, which checks it. validation, device: see `load_mnist`. Raises RuntimeError if
    the images cannot be had, ValueError for a wrong argument or a damaged file.

        data = load_fashion_mnist(validation=5000)  # train and predict take it as they take digits
    """
    from torchvision.datasets import FashionMNIST

    device = choose_device(device)
    root = Path(root).expanduser() if root else cache_folder()
    try:
        train, test = (FashionMNIST(root, train=part, download=True) for part in (True, False))
    except (OSError, RuntimeError) as error:
        raise RuntimeError(
            f"no Fashion-MNIST in {root}, and it could not be downloaded or read: {error}"
        ) from error
    except (ValueError, IndexError, AssertionError) as error:  # the reader's
        what = str(error) or type(error).__name__
        raise ValueError(
            f"a file in {root / 'FashionMNIST' / 'raw'} is damaged ({what}): delete that folder "
            "and load again"
        ) from error
    train, test = (_as_split(part.data, part.targets) for part in (train, test))
    train, held_out = hold_out(train, validation)
    return Digits(train, held_out, test).to(device)


def hold_out(split, count):
    """Return `(rest, held_out)`: `count` images set aside, equally many of each digit, fixed seed.

    Raises ValueError if `count` is no multiple of 10 or would use up all images of a digit.

    >>> hold_out(load_mnist().train, 1000)
    (Split(9,000 images), Split(1,000 images))
    """
    if not isinstance(split, Split):
        raise TypeError(f"split is {found(split)}, expected a Split, such as load_mnist().train")
    if whole(count) and count == 0:
        return split, split.take(slice(0))
    smallest = int(torch.bincount(split.labels, minlength=CLASSES).min())
    if not whole(count) or count < 0 or count % 10 or count // 10 >= smallest:
        most = 10 * max(0, smallest - 1)
        raise ValueError(
            f"validation={count!r}: give a multiple of 10 from 0 to {most} "
            "(equally many of each digit, of which one must be left)"
        )
    generator = torch.Generator().manual_seed(VALIDATION_SEED)
    labels = split.labels.cpu()
    held = torch.zeros(len(labels), dtype=torch.bool, device="cpu")
    for digit in range(CLASSES):
        members = (labels == digit).nonzero().flatten()
        order = torch.randperm(len(members), generator=generator, device="cpu")
        held[members[order[: count // 10]]] = True
    held = held.to(split.labels.device)
    return split.take(~held), split.take(held)


def rescale_pixels(data, mean, deviation):
    """Return the `Digits` with each pixel as `(pixel - mean) / deviation`; system B: 0.1 and 0.1.

    >>> rescale_pixels(load_mnist(), 0.1, 0.1).train.images.max().item()
    9.0
    """
    if (mean, deviation) == (0, 1):
        return data
    return Digits(*(Split((split.images - mean) / deviation, split.labels) for split in data))


def _as_split(images, labels):
    """uint8 images `(N, 28, 28)` in 0..255 -> `Split` in [0, 1]."""
    pixels = torch.as_tensor(images, device="cpu").reshape(len(images), 784)
    labels = torch.as_tensor(labels, device="cpu").long()
    return Split(pixels.to(torch.get_default_dtype()) / 255, labels)


def _load_sample():
    try:
        content = SAMPLE.read_bytes()
    except OSError as error:
        raise RuntimeError(
            f"the bundled sample {SAMPLE} cannot be read ({error}); install the package again"
        ) from error
    if hashlib.sha256(content).hexdigest() != SAMPLE_SHA256:
        raise ValueError(
            f"the bundled sample {SAMPLE} is damaged (checksum differs); "
            "get it again with `git checkout` or reinstall"
        )
    with np.load(SAMPLE) as arrays:
        return (
            _as_split(arrays["train_images"], arrays["train_labels"]),
            _as_split(arrays["test_images"], arrays["test_labels"]),
        )


def cache_folder():
    """Return the folder of what is kept between runs: FFTEACH_DATA, else ~/.cache/ffteach.

    Raises RuntimeError where there is neither that variable nor a home folder.
    """
    try:
        chosen = os.environ.get("FFTEACH_DATA")
        return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "ffteach"
    except RuntimeError as error:
        raise RuntimeError(
            "there is no home folder to keep files in: set the environment variable FFTEACH_DATA "
            "to a folder, or give root=..."
        ) from error


def _download(raw, mirrors):
    """Put the unpacked files into the folder `raw`; raise OSError if no mirror gives them."""
    for name, wanted in RAW_FILES.items():
        troubles = []
        for address in (f"{mirror}{name}.gz" for mirror in mirrors):
            try:
                content = gzip.decompress(_fetched(address))
                if hashlib.sha256(content).hexdigest() == wanted:
                    break
                troubles.append(f"{address}: what came is not MNIST's, its checksum differs")
            except (OSError, EOFError, zlib.error, HTTPException) as error:
                troubles.append(f"{address}: {error or type(error).__name__}")
        else:
            raise OSError("\n".join(troubles))
        beside = raw / f"{name}.part"
        beside.write_bytes(content)
        beside.replace(raw / name)


def _fetched(address):
    """Return what is at an address, under a progress bar; raise OSError if nothing comes."""
    content = bytearray()
    with urlopen(address, timeout=STALLED) as answer:
        size = int(answer.headers.get("Content-Length") or 0) or None
        with tqdm(total=size, unit="B", unit_scale=True, desc=address.rpartition("/")[2]) as bar:
            while part := answer.read(2**16):
                content += part
                bar.update(len(part))
    return bytes(content)


def _load_full(root):
    root = Path(root).expanduser() if root else cache_folder()
    raw = root / "MNIST" / "raw"
    by_hand = (
        f"To place the files by hand, put {', '.join(RAW_FILES)} (unpacked) into {raw}. "
        "Or work without a network: load_mnist('sample') holds 10 000 training digits."
    )
    try:
        if not all((raw / name).is_file() for name in RAW_FILES):
            from torchvision.datasets import MNIST  # here: it takes a second, and rarely needed

            print(f"MNIST is not in {root} yet: downloading about 12 MB.")
            raw.mkdir(parents=True, exist_ok=True)
            _download(raw, MNIST.mirrors)
        contents = [bytearray((raw / name).read_bytes()) for name in RAW_FILES]
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise RuntimeError(
            f"cannot write to {root}, or read it ({error}). Choose another folder with root=... . "
            f"{by_hand}"
        ) from error
    except OSError as error:
        raise RuntimeError(
            f"no MNIST in {root}, and the download failed:\n{error}\n{by_hand}"
        ) from error
    for (name, wanted), content in zip(RAW_FILES.items(), contents):
        if hashlib.sha256(content).hexdigest() != wanted:
            raise ValueError(
                f"{raw / name} is damaged, or not MNIST's: its checksum differs. Delete that "
                f"folder and load again. {by_hand}"
            )
    train_images, train_labels, test_images, test_labels = (
        np.frombuffer(content, np.uint8, offset=IMAGES_BEGIN if "images" in name else LABELS_BEGIN)
        for name, content in zip(RAW_FILES, contents)
    )
    return (
        _as_split(train_images.reshape(-1, 784), train_labels),
        _as_split(test_images.reshape(-1, 784), test_labels),
    )
