"""Mask negatives: hybrids of two digits, stitched together along smooth random masks (paper section 3.2)."""

import functools
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .data import check_images
from .device import generator_device

HINTON_KERNEL = (
    0.25,
    0.5,
    0.25,
)  # paper section 3.2: repeated blurring with a filter of this form in both directions
GAUSSIAN_BLURS = (
    (5, 7.0),
    (7, 14.0),
    (5, 7.0),
)  # system C: (kernel size, sigma in pixels), one after the other
PADDINGS = ("reflect", "zeros", "circular")


class MaskStages(NamedTuple):
    """How masks come about: noise `(n, size, size)` in 0..1, the same blurred, and the masks `(n, size * size)` of 0 and 1."""

    noise: torch.Tensor
    blurred: torch.Tensor
    masks: torch.Tensor


def blur_masks(n, *, size=28, blurs=8, padding="reflect", generator=None):
    """Return `n` random masks of 0 and 1 with smooth borders, `(n, size * size)` float: Hinton's random bits, blurred, above 1/2.

    blurs: how often [1/4, 1/2, 1/4] is applied in both directions (0 = one-pixel noise; the correlation length grows as its
    square root; the paper gives no number, 8 is this project's choice). padding: "reflect" keeps half of the pixels at 1
    everywhere; "circular" too, but opposite rims are neighbours; "zeros" pulls the rim to 0, a mistake kept as an exhibit.
    Raises ValueError for n or size below 1 or blurs below 0.
    """
    return blur_stages(n, size=size, blurs=blurs, padding=padding, generator=generator).masks


def gaussian_masks(n, *, size=28, padding="reflect", generator=None):
    """Return `n` masks of 0 and 1 as system C draws them, `(n, size * size)` float: uniform noise, three Gaussian blurs, above 1/2."""
    return gaussian_stages(n, size=size, padding=padding, generator=generator).masks


def blur_stages(n, *, size=28, blurs=8, padding="reflect", cut=0.5, generator=None):
    """Return the `MaskStages` of `blur_masks`, the masks being 1 where the blurred bits are above `cut` (0..1)."""
    _check_counts(n=(n, 1), size=(size, 1), blurs=(blurs, 0))
    bits = torch.randint(
        0, 2, (n, size, size), generator=generator, device=generator_device(generator)
    ).float()
    return _stages(bits, [HINTON_KERNEL] * blurs, padding, cut)


def gaussian_stages(
    n, *, size=28, gaussians=GAUSSIAN_BLURS, padding="reflect", cut=0.5, generator=None
):
    """Return the `MaskStages` of `gaussian_masks`, with any `gaussians` (kernel size, sigma) and any `cut` (0..1)."""
    _check_counts(n=(n, 1), size=(size, 4))
    noise = torch.rand((n, size, size), generator=generator, device=generator_device(generator))
    return _stages(noise, [gaussian_kernel(*settings) for settings in gaussians], padding, cut)


def _stages(noise, kernels, padding, cut):
    noise = noise.to(torch.get_default_device())
    blurred = blur(noise, kernels, padding)
    return MaskStages(noise, blurred, (blurred > cut).float().flatten(1))


def blur(noise, kernels, padding="reflect"):
    """Return noise `(n, size, size)` blurred in both directions with each of the 1-D `kernels` in turn.

    A blur along one side is a matrix `(size, size)`, so any number of them is ONE matrix B, and the result is B noise B'.
    Raises ValueError for an unknown padding, an even kernel or one too wide to reflect or to wrap around.
    """
    matrix = _blurs_in_one(noise.shape[-1], tuple(map(tuple, kernels)), padding).to(noise)
    return matrix @ noise @ matrix.T


@functools.cache  # a training asks for the same blurs with every batch
def _blurs_in_one(size, kernels, padding):
    """The product of the blurs' matrices, the first one rightmost: `(size, size)` float64."""
    matrix = torch.eye(size, dtype=torch.float64, device="cpu")
    for kernel in kernels:
        matrix = blur_matrix(size, kernel, padding) @ matrix
    return matrix


def blur_matrix(size, kernel, padding="reflect"):
    """Return the `(size, size)` float64 matrix that blurs a column of `size` pixels with a 1-D `kernel` of odd length."""
    if padding not in PADDINGS:
        raise ValueError(f"padding={padding!r}: choose one of {PADDINGS}")
    if len(kernel) % 2 == 0:
        raise ValueError(
            f"a kernel of {len(kernel)} pixels has no middle: give it an odd number of them"
        )
    half = len(kernel) // 2
    if padding == "reflect" and half >= size or padding == "circular" and half > size:
        does = "reflect" if padding == "reflect" else "wrap around"
        raise ValueError(
            f"a kernel of {len(kernel)} pixels is too wide to {does} at the border of {size} pixels"
        )
    columns = torch.eye(size, dtype=torch.float64, device="cpu").unsqueeze(1)
    padded = F.pad(columns, (half, half), mode="constant" if padding == "zeros" else padding)
    return (
        F.conv1d(padded, torch.tensor(kernel, dtype=torch.float64, device="cpu").reshape(1, 1, -1))
        .squeeze(1)
        .T
    )


def gaussian_kernel(size, sigma):
    """Return a 1-D Gaussian of `size` pixels and standard deviation `sigma` pixels, summing to 1, as torchvision's GaussianBlur."""
    x = torch.arange(size, dtype=torch.float64, device="cpu") - (size - 1) / 2
    return torch.softmax(-0.5 * (x / sigma) ** 2, dim=0).tolist()


def hybrids(images, masks=None, *, generator=None):
    """Return `mask x image + (1 - mask) x another image` for every image, never an image with itself: `(N, D)` -> `(N, D)`.

    masks: `(N, D)` of 0 and 1; default fresh `blur_masks` (D must be a square number). Raises ValueError for one image alone or
    masks of another shape, otherwise as `check_images`.
    """
    check_images(images)
    if len(images) < 2:
        raise ValueError("one image alone has no other to be mixed with: give at least two")
    if masks is None:
        size = round(images.shape[1] ** 0.5)
        if size * size != images.shape[1]:
            raise ValueError(
                f"images have {images.shape[1]} pixels, which is no square: give masks of shape {tuple(images.shape)}"
            )
        masks = blur_masks(len(images), size=size, generator=generator)
    if masks.shape != images.shape:
        raise ValueError(
            f"masks have shape {tuple(masks.shape)}, images {tuple(images.shape)}: one mask pixel for each image pixel"
        )
    others = images[other_positions(len(images), generator=generator).to(images.device)]
    return torch.lerp(others, images, masks.to(images))


def other_positions(n, *, generator=None):
    """Return for each of `n` positions a different one, `(n,)` int64: a random ring in which everyone is mixed with the next."""
    ring = torch.randperm(n, generator=generator, device=generator_device(generator))
    others = torch.empty_like(ring)
    others[ring] = ring.roll(1)
    return others


def _check_counts(**counts):
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name}={value!r}: expected a whole number of at least {least}")
