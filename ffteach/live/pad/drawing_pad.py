"""The drawing pad alone: a sheet of paper in the browser."""

from pathlib import Path

import anywidget
import numpy as np
import torch
import traitlets

from .handwriting import IMAGE_SIDE

PAPER = 112  # pixels of a drawing in each direction, four for each of MNIST's; as in the .js


class DrawingPad(anywidget.AnyWidget):
    """A sheet to draw on with mouse, finger or keys, smooth also while the kernel works.

    value: the drawing, PAPER x PAPER bytes, 0 = paper to 255 = ink; b"" = empty. size: on the page,
    in CSS pixels.
    """

    _esm = Path(__file__).with_name("drawing_pad.js").read_text()  # files would be watched
    _css = Path(__file__).with_name("drawing_pad.css").read_text()
    value = traitlets.CBytes(b"").tag(sync=True, echo_update=False)
    size = traitlets.Int(2 * PAPER).tag(sync=True)

    @property
    def pixels(self):
        """The drawing as uint8 `(PAPER, PAPER)`. Raises ValueError for another length."""
        return np.frombuffer(self.value or bytes(PAPER**2), np.uint8).reshape(PAPER, PAPER)

    def put(self, pixels):
        """Put a drawing on the pad. Raises ValueError for another type or shape.

        pixels: uint8 `(PAPER, PAPER)`, or a digit of 784 numbers in [0, 1], which is enlarged.
        """
        tensor = isinstance(pixels, torch.Tensor)
        pixels = pixels.numpy(force=True) if tensor else np.asarray(pixels)
        if pixels.size == IMAGE_SIDE**2:
            digit = np.rint(255 * pixels.reshape(IMAGE_SIDE, IMAGE_SIDE)).astype(np.uint8)
            pixels = digit.repeat(PAPER // IMAGE_SIDE, axis=0).repeat(PAPER // IMAGE_SIDE, axis=1)
        if pixels.dtype != np.uint8 or pixels.shape != (PAPER, PAPER):
            raise ValueError(
                f"the drawing is {pixels.dtype} {pixels.shape}, expected uint8 ({PAPER}, {PAPER}) "
                "or 784 numbers in [0, 1]"
            )
        self.value = pixels.tobytes()
