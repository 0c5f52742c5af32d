"""What figures and panels have in common: their colours, and values as they can be drawn.

It needs no matplotlib, so a panel loads none.
"""

import math

import numpy as np
import torch

from .checks import check_counts, found

# Okabe and Ito's colours: told apart with any colour vision, and by brightness on a grey projector
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
POSITIVE, NEGATIVE, THRESHOLD = GOODNESS = "#0072B2", "#E69F00", "#000000"
CHANCE = "#777777"


def numbers(values):
    """Return a tensor, an array, or a list of them as a float NumPy array on the CPU."""
    if isinstance(values, (list, tuple)):
        values = [numbers(value) for value in values]
    tensor = isinstance(values, torch.Tensor)
    try:
        return np.asarray(values.detach().cpu() if tensor else values, dtype=float)
    except (TypeError, ValueError, RuntimeError) as error:  # texts, ragged lists, sparse tensors
        raise TypeError(f"{found(values)} cannot be drawn, expected numbers ({error})") from error


def some(name, values, *, finite=False, dims=None):
    """Return `values` as `numbers`; raise ValueError if there are none, if they must be finite and
    are not, or if they have another number of dimensions than `dims` allows."""
    values = numbers(values)
    if dims and values.ndim not in dims:
        wanted = " or ".join(f"{number}" for number in dims)
        raise ValueError(f"{name} have shape {values.shape}, expected {wanted} dimensions")
    if values.size == 0:
        raise ValueError(f"{name} are empty: there is nothing to draw")
    if finite and not np.isfinite(values).all():
        raise ValueError(f"{name} hold NaN or infinite values, which have no place in a histogram")
    return values


def squares(name, images):
    """Return images `(..., D)` as numbers `(..., side, side)`; raise ValueError unless square."""
    images = some(name, images, dims=(1, 2))
    side = math.isqrt(images.shape[-1])
    if side**2 != images.shape[-1]:
        raise ValueError(f"{name} have {images.shape[-1]} pixels, which is no square: reshape them")
    return images.reshape(*images.shape[:-1], side, side)


def mosaic(rows_of_weights, columns):
    """Return the picture that `draw_mosaic` draws: `(U, 784)` -> `(29 lines, 29 columns)`.

    Values from -1 to 1, and 0 between the tiles; other squares likewise.
    """
    check_counts(columns=(columns, 1))
    tiles = squares("weights", some("weights", rows_of_weights, dims=(2,)))
    tiles = tiles / np.maximum(np.abs(tiles).max(axis=(1, 2), keepdims=True), 1e-12)
    lines, side = -(-len(tiles) // columns), tiles.shape[-1]
    canvas = np.zeros((lines * (side + 1), columns * (side + 1)))
    for unit, tile in enumerate(tiles):
        top, left = unit // columns * (side + 1), unit % columns * (side + 1)
        canvas[top : top + side, left : left + side] = tile
    return canvas
