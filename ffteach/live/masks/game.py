"""The patch game: is this small patch cut from a real digit, or from a hybrid of two?"""

import torch

BOX = 4, 24  # rows and columns of the image in which digits are, 20 x 20 pixels
INK = 0.1  # the least mean brightness of a patch: nobody could tell two black ones apart
TRIES = 1000  # at most, for a patch with so much ink
KINDS = "digit", "hybrid"


class PatchGame:
    """Deals patches and counts right answers; the same digits, masks and seed give the same game.

    images, labels: `(N, pixels)`, `(N,)`, real digits; masks: `(n, pixels)`, those of the hybrids;
    size: rows and columns of a patch. `patch` (size, size) is asked about and `kind`, "digit" or
    "hybrid", is what it was cut from: each as likely as the other. `last` is what was answered
    last: (answer, kind, image, labels, upper left corner).
    """

    def __init__(self, images, labels, masks, size, seed):
        self._images, self._labels, self._masks, self.size = images, labels, masks, size
        self._generator = torch.Generator().manual_seed(seed)
        self.asked = self.right = 0
        self.last = None
        self._deal()

    def answer(self, kind):
        """Count an answer, "digit" or "hybrid", and deal the next patch; was it right?"""
        if kind not in KINDS:
            raise ValueError(f"kind={kind!r}: answer 'digit' or 'hybrid'")
        right = kind == self.kind
        self.asked, self.right = self.asked + 1, self.right + right
        self.last = kind, self.kind, self._image, self._names, self._corner
        self._deal()
        return right

    def _deal(self):
        self.kind = KINDS[self._draw(2)]  # first: so the choice by ink leaves both as likely
        for _ in range(TRIES):
            self._image, self._names = self._draw_image()
            top, left = self._corner = [self._draw(*BOX, room=self.size) for _ in range(2)]
            self.patch = self._image[top : top + self.size, left : left + self.size]
            if self.patch.mean() >= INK:
                return

    def _draw_image(self):
        """A real digit, or a hybrid along one of the masks: its pixels as a square, its labels."""
        one = self._draw(len(self._images))
        if self.kind == "digit":
            return self._square(self._images[one]), (int(self._labels[one]),)
        other = (one + 1 + self._draw(len(self._images) - 1)) % len(self._images)  # never itself
        mask = self._masks[self._draw(len(self._masks))]
        mixed = mask * self._images[one] + (1 - mask) * self._images[other]
        return self._square(mixed), (int(self._labels[one]), int(self._labels[other]))

    def _square(self, pixels):
        return pixels.cpu().unflatten(0, (28, 28))

    def _draw(self, low, high=None, *, room=1):
        """A whole number from `low`, or 0, up to the end, so that `room` fits in."""
        low, high = (0, low) if high is None else (low, high)
        return int(torch.randint(low, high - room + 1, (), generator=self._generator, device="cpu"))
