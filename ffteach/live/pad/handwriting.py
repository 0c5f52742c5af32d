"""A drawing becomes a digit as MNIST has them: of one size, and centred by its mass."""

import numpy as np
import torch
from PIL import Image

IMAGE_SIDE = 28
# MNIST's own page: the digits were "size normalized to fit in a 20x20 pixel box while preserving
# their aspect ratio".
BOX = 20
CENTRE = 14  # the pixel (from 0) that gets the centre of mass, to half a pixel, in all of MNIST


def centre_digit(drawing):
    """Return a drawing as MNIST would show it: in a box of 20 x 20 pixels, centred by its mass.

    drawing: uint8 array `(H, W)`, 0 = paper to 255 = ink -> float32 tensor `(784,)` in [0, 1].
    Without ink all zeros. Raises TypeError for another type or shape.

    >>> page = np.zeros((100, 100), np.uint8)
    >>> page[10:90, 40:60] = 255  # a bar, which becomes 20 x 5 pixels
    >>> centre_digit(page).sum().item()
    100.0
    """
    drawing = np.asarray(drawing)
    if drawing.dtype != np.uint8 or drawing.ndim != 2:
        raise TypeError(
            f"the drawing is {drawing.dtype} of shape {drawing.shape}, expected uint8 "
            "(height, width) with 0 = paper, 255 = ink"
        )
    page = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    if drawing.any():
        digit = _fill_box(drawing)
        shift = lambda axis: CENTRE - _mean_position(digit.sum(axis=1 - axis))
        top, left = (
            np.clip(shift(axis), 0, IMAGE_SIDE - length).astype(int)
            for axis, length in enumerate(digit.shape)
        )
        page[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return torch.from_numpy(page.ravel())


def _fill_box(drawing):
    """Return what is drawn, cut out and scaled so that its longer side is `BOX`, in [0, 1]."""
    rows, columns = (np.flatnonzero(drawing.any(axis=1 - axis)) for axis in (0, 1))
    cut = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(length * BOX / max(cut.shape))) for length in cut.shape)
    scaled = Image.fromarray(cut).resize((width, height), Image.Resampling.BOX)  # averages: grey
    return np.asarray(scaled, np.float32) / 255


def _mean_position(mass):
    """Return the whole pixel (from 0) nearest to the centre of a row of masses."""
    return np.rint((np.arange(len(mass)) * mass).sum() / mass.sum())
