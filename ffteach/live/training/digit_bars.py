"""One image and the goodness that a network gives it under each of the ten labels."""

import numpy as np

from ...plots import CHANCE, NEGATIVE, POSITIVE, THRESHOLD, draw_image, numbers


class DigitBars:
    """A digit on one Axes, and ten bars on another, the true label's in the positives' colour.

    A mark stands above the highest bar, the network's answer. `moving` lists the artists that
    `update` changes.
    """

    def __init__(self, image_ax, ax, *, width):
        """width: of a bar, in points."""
        self.ax, self.upper = ax, 0.0
        self.image = draw_image(image_ax, np.zeros(784))
        self.bars = ax.vlines(
            range(10), 0, np.zeros(10), colors=NEGATIVE, linewidth=width, alpha=0.7
        )
        (self.winner,) = ax.plot([], [], "v", color=THRESHOLD, markersize=8, label="answer")
        self.title = ax.set_title("")
        ax.set(xlim=(-0.6, 9.6), yticks=[], ylabel="goodness")
        ax.set_xticks(range(10), range(10))
        ax.tick_params(axis="x", length=0)
        ax.grid(False)
        ax.spines["left"].set_color(CHANCE)
        self.moving = [self.bars, self.winner]

    def choose(self, image, label, name):
        """Show the image `(784,)`, whose label is `label`, under this `name`."""
        image = numbers(image)
        self.image.set_data(image.reshape(28, 28))
        self.image.set_clim(image.min(), image.max())
        self.bars.set_color([POSITIVE if digit == label else NEGATIVE for digit in range(10)])
        self.title.set_text(f"{name}: goodness under each label")
        for digit, tick in enumerate(self.ax.get_xticklabels()):
            tick.set_fontweight("bold" if digit == label else "normal")

    def update(self, goodness):
        """Show the goodness `(10,)` under each label; return True if the axis had to change."""
        goodness = np.nan_to_num(numbers(goodness), nan=0, posinf=0)
        tallest, best = goodness.max(), int(goodness.argmax())
        changed = not self.upper / 2 < tallest <= self.upper
        if changed:
            self.upper = 1.2 * tallest or 1.0
            self.ax.set_ylim(0, 1.2 * self.upper)  # room for the mark
        self.bars.set_segments(
            [[(digit, 0), (digit, value)] for digit, value in enumerate(goodness)]
        )
        self.winner.set_data([best], [goodness[best] + 0.12 * self.upper])
        return changed
