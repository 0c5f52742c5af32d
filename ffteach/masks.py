"""Mask negatives: hybrids of two digits, stitched along smooth random masks (paper section 3.2)."""

import functools
import math
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .checks import check_counts, check_images, check_positive, finite, found
from .device import choose_device, generator_device, sent

HINTON_KERNEL = (0.25, 0.5, 0.25)  # paper section 3.2: a filter of this form, in both directions
GAUSSIAN_BLURS = ((5, 7.0), (7, 14.0), (5, 7.0))  # system C: (kernel size, sigma in pixels) in turn
PADDINGS = ("reflect", "zeros", "circular")
LARGEST_SIDE, MOST_BLURS = 1000, 1000  # of masks: beyond these one waits for nothing new


class MaskStages(NamedTuple):
    """How masks come about."""

    noise: torch.Tensor  # (n, size, size) in 0..1
    blurred: torch.Tensor  # (n, size, size) in 0..1
    masks: torch.Tensor  # (n, size * size) of 0 and 1


def blur_masks(n, *, size=28, blurs=8, padding="reflect", generator=None, device=None):
    """Return `n` masks of 0 and 1, `(n, size * size)`: Hinton's random bits, blurred, above 1/2.

    blurs: how often [1/4, 1/2, 1/4] is applied in both directions; 0 = one-pixel noise. The
    correlation length grows as its square root; the paper gives no number, 8 is this project's
    choice. padding: "reflect" keeps half of the pixels at 1 everywhere; "circular" too, but
    opposite rims are neighbours; "zeros" pulls the rim to 0, a mistake kept as an exhibit.
    device: see `choose_device`. Raises ValueError for n or size below 1 or blurs below 0.

    >>> blur_masks(3).shape
    torch.Size([3, 784])
    """
    options = {"padding": padding, "generator": generator, "device": device}
    return blur_stages(n, size=size, blurs=blurs, **options).masks


def gaussian_masks(n, *, size=28, padding="reflect", generator=None, device=None):
    """Return `n` masks of 0 and 1 as system C draws them, `(n, size * size)`.

    Uniform noise, three Gaussian blurs, above 1/2. device: see `choose_device`.

    >>> sorted(gaussian_masks(3).unique().tolist())
    [0.0, 1.0]
    """
    options = {"padding": padding, "generator": generator, "device": device}
    return gaussian_stages(n, size=size, **options).masks


def blur_stages(n, *, size=28, blurs=8, padding="reflect", cut=0.5, generator=None, device=None):
    """Return the `MaskStages` of `blur_masks`, 1 where the blurred bits are above `cut` (0..1).

    device: see `choose_device`.

    >>> [tuple(stage.shape) for stage in blur_stages(2, size=8)]
    [(2, 8, 8), (2, 8, 8), (2, 64)]
    """
    check_counts(n=(n, 1), size=(size, 1, LARGEST_SIDE), blurs=(blurs, 0, MOST_BLURS))
    _check_cut(cut)
    where = generator_device(generator)
    bits = torch.randint(0, 2, (n, size, size), generator=generator, device=where)
    noise = sent(bits.to(torch.get_default_dtype()), _place(device))
    return _stages(noise, [HINTON_KERNEL] * blurs, padding, cut)


def gaussian_stages(
    n,
    *,
    size=28,
    gaussians=GAUSSIAN_BLURS,
    padding="reflect",
    cut=0.5,
    generator=None,
    device=None,
):
    """Return the `MaskStages` of `gaussian_masks` for any `gaussians` and any `cut` (0..1).

    gaussians: pairs (kernel size in pixels, sigma in pixels), applied one after the other. device:
    see `choose_device`.

    >>> gaussian_stages(1, gaussians=((3, 1.0),)).noise.shape
    torch.Size([1, 28, 28])
    """
    check_counts(n=(n, 1), size=(size, 4, LARGEST_SIDE))
    _check_gaussians(gaussians)
    _check_cut(cut)
    where = generator_device(generator)
    noise = torch.rand((n, size, size), generator=generator, device=where)
    kernels = [gaussian_kernel(*settings) for settings in gaussians]
    return _stages(sent(noise, _place(device)), kernels, padding, cut)


def _place(device):
    if device is None:
        return torch.get_default_device()
    return _usable(device) if isinstance(device, torch.device) else choose_device(device)


@functools.cache  # a training asks with every batch, and to try a GPU takes time
def _usable(device):
    return choose_device(device)


def _stages(noise, kernels, padding, cut):
    blurred = blur(noise, kernels, padding)
    return MaskStages(noise, blurred, (blurred > cut).to(noise).flatten(1))


def _check_gaussians(gaussians):
    is_list = lambda value: isinstance(value, (tuple, list))
    if not is_list(gaussians) or not all(is_list(pair) and len(pair) == 2 for pair in gaussians):
        raise TypeError(
            f"gaussians are {found(gaussians)}, expected pairs (kernel size, sigma), such as "
            "((5, 7.0),)"
        )


def _check_cut(cut):
    if not finite(cut):
        raise ValueError(f"cut={cut!r}: expected a number in 0..1, such as 0.5")


def blur(noise, kernels, padding="reflect"):
    """Return noise `(n, size, size)` blurred in both directions with each 1-D kernel in turn.

    A blur along one side is a matrix `(size, size)`, so any number of them is ONE matrix B, and the
    result is B noise B'. Raises ValueError for an unknown padding, an even kernel, or one that is
    too wide to reflect or to wrap around.

    >>> blur(torch.ones(1, 5, 5), [HINTON_KERNEL]).mean().item()
    1.0
    """
    kernels = tuple(map(tuple, kernels))
    matrix = _blurs_in_one(noise.shape[-1], kernels, padding, noise.dtype, noise.device)
    return matrix @ noise @ matrix.T


@functools.cache  # a training asks for the same blurs with every batch
def _blurs_in_one(size, kernels, padding, dtype, device):
    """The product of the blurs' matrices, the first one rightmost: `(size, size)`."""
    matrix = torch.eye(size, dtype=torch.float64, device="cpu")
    for kernel in kernels:
        matrix = blur_matrix(size, kernel, padding) @ matrix
    return matrix.to(device, dtype)


def blur_matrix(size, kernel, padding="reflect"):
    """Return the `(size, size)` float64 matrix that blurs a column of pixels with a 1-D kernel.

    >>> blur_matrix(3, HINTON_KERNEL, "zeros").tolist()
    [[0.5, 0.25, 0.0], [0.25, 0.5, 0.25], [0.0, 0.25, 0.5]]
    """
    if padding not in PADDINGS:
        raise ValueError(f"padding={padding!r}: choose one of {PADDINGS}")
    if len(kernel) % 2 == 0:
        raise ValueError(
            f"a kernel of {len(kernel)} pixels has no middle: give it an odd number of them"
        )
    half = len(kernel) // 2
    if (padding == "reflect" and half >= size) or (padding == "circular" and half > size):
        does = "reflect" if padding == "reflect" else "wrap around"
        raise ValueError(
            f"a kernel of {len(kernel)} pixels is too wide to {does} at the border of {size} pixels"
        )
    columns = torch.eye(size, dtype=torch.float64, device="cpu").unsqueeze(1)
    mode = "constant" if padding == "zeros" else padding
    padded = F.pad(columns, (half, half), mode=mode)
    weights = torch.tensor(kernel, dtype=torch.float64, device="cpu").reshape(1, 1, -1)
    return F.conv1d(padded, weights).squeeze(1).T


def gaussian_kernel(size, sigma):
    """Return a 1-D Gaussian of `size` pixels with standard deviation `sigma` pixels, sum 1.

    As torchvision's GaussianBlur. Raises ValueError for what is no size or not above 0.

    >>> [round(weight, 2) for weight in gaussian_kernel(3, 1.0)]
    [0.27, 0.45, 0.27]
    """
    check_counts(size=(size, 1, LARGEST_SIDE))
    check_positive(sigma=sigma)
    x = torch.arange(size, dtype=torch.float64, device="cpu") - (size - 1) / 2
    return torch.softmax(-0.5 * (x / sigma) ** 2, dim=0).tolist()


def hybrids(images, masks=None, *, generator=None):
    """Return `mask x image + (1 - mask) x another image` for every image: `(N, D)` -> `(N, D)`.

    Never an image with itself. masks: `(N, D)` of 0 and 1; default fresh `blur_masks`, for square
    images. Raises ValueError for one image alone or masks of another shape, else as `check_images`.

    >>> hybrids(torch.eye(2, 4), torch.ones(2, 4)).tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    """
    check_images(images)
    if len(images) < 2:
        raise ValueError("one image alone has no other to be mixed with: give at least two")
    if masks is None:
        size = math.isqrt(images.shape[1])
        if size**2 != images.shape[1]:
            raise ValueError(
                f"images have {images.shape[1]} pixels, which is no square: "
                f"give masks of shape {tuple(images.shape)}"
            )
        masks = blur_masks(len(images), size=size, generator=generator, device=images.device)
    if not isinstance(masks, torch.Tensor):
        raise TypeError(f"masks are {found(masks)}, expected a tensor: use torch.as_tensor(masks)")
    if masks.shape != images.shape:
        raise ValueError(
            f"masks have shape {tuple(masks.shape)}, images {tuple(images.shape)}: "
            "one mask pixel for each image pixel"
        )
    return mix(images, masks, generator=generator)


def blends(images, *, generator=None):
    """Return half of every image on half of another one: `(N, D)` -> `(N, D)`.

    As negatives these are the image pairs of self-contrastive Forward-Forward (Nature
    Communications 2025), whose positives are an image beside itself: the same weights see both
    halves of a pair, and W x + W y = W (x + y). Raises ValueError for one image alone, else as
    `check_images`.

    >>> blends(torch.eye(2)).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    check_images(images)
    return hybrids(images, torch.full_like(images, 0.5), generator=generator)


def mix(images, masks, *, generator):
    """Mix as `hybrids` does, without looking at the images."""
    others = images[sent(other_positions(len(images), generator=generator), images.device)]
    return torch.lerp(others, images, masks.to(images))


def other_positions(n, *, generator=None):
    """Return for each of `n` positions a different one, int64 `(n,)`.

    A random ring in which each is mixed with the next: unlike a permutation it has no fixed point.

    >>> bool((other_positions(5) == torch.arange(5)).any())
    False
    """
    ring = torch.randperm(n, generator=generator, device=generator_device(generator))
    others = torch.empty_like(ring)
    others[ring] = ring.roll(1)
    return others
