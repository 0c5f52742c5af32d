"""A drawing becomes a digit as MNIST has them: of one size, and centred by its mass."""

import numpy as np
import torch
from PIL import Image

SIDE = 28
BOX = 20  # MNIST's own page: the digits were "size normalized to fit in a 20x20 pixel box while preserving their aspect ratio"
CENTRE = 14  # the pixel (from 0) that gets the centre of mass, to half a pixel, in all of MNIST


def centre_digit(drawing):
    """Return a drawing as MNIST would show it: its ink fills 20 x 20 pixels, shape kept, and has its centre of mass in the middle of 28 x 28.

    drawing: uint8 array `(H, W)`, 0 = paper to 255 = ink -> float32 tensor `(784,)` in [0, 1]. Without ink all zeros.
    Raises TypeError or ValueError for another type or shape.
    """
    drawing = np.asarray(drawing)
    if drawing.dtype != np.uint8 or drawing.ndim != 2:
        raise TypeError(
            f"the drawing is {drawing.dtype} of shape {drawing.shape}, expected uint8 (height, width) with 0 = paper, 255 = ink"
        )
    page = np.zeros((SIDE, SIDE), np.float32)
    if drawing.any():
        digit = _fill_box(drawing)
        top, left = (
            np.clip(CENTRE - _mean_position(digit.sum(axis=1 - axis)), 0, SIDE - length).astype(int)
            for axis, length in enumerate(digit.shape)
        )
        page[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return torch.from_numpy(page.ravel())


def _fill_box(drawing):
    """Return what is drawn, cut out and scaled so that its longer side is `BOX`: float32 in [0, 1]. Grey edges come from averaging."""
    rows, columns = (np.flatnonzero(drawing.any(axis=1 - axis)) for axis in (0, 1))
    cut = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(length * BOX / max(cut.shape))) for length in cut.shape)
    return (
        np.asarray(Image.fromarray(cut).resize((width, height), Image.Resampling.BOX), np.float32)
        / 255
    )


def _mean_position(mass):
    """Return the whole pixel (from 0) nearest to the centre of a row of masses."""
    return np.rint((np.arange(len(mass)) * mass).sum() / mass.sum())
