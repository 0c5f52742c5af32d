"""The picture of the digit pad: the centred digit, and all ten labels' goodness in each layer."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ...data import CLASSES
from ...plots import NEGATIVE, POSITIVE, SERIES, THRESHOLD, draw_image, numbers, styled
from ..shared.figure import LiveFigure, figure_of, place
from ..shared.histogram import axis_end

SIZE = 608, 290  # pixels
CHOSEN = SERIES[1]  # the overlay set by hand


class GoodnessBars:
    """Ten bars, one for each label: a star marks the winner, a diamond the overlay set by hand."""

    def __init__(self, ax, title, threshold):
        self.ax, self.upper = ax, 0
        self.bars = ax.bar(range(CLASSES), np.zeros(CLASSES), color=NEGATIVE, width=0.8).patches
        (self.star,) = ax.plot(
            [], [], "*", color=POSITIVE, markersize=11, label="the network's answer"
        )
        (self.hand,) = ax.plot(
            [], [], "D", color=CHOSEN, markersize=8, markeredgecolor="white", label="your overlay"
        )
        self.threshold = ax.axhline(
            0, color=THRESHOLD, linestyle="--", linewidth=1.5, label="threshold", visible=threshold
        )
        ax.set_title(title, fontsize=11)
        ax.set_xticks(range(CLASSES))
        ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        ax.tick_params(labelsize=9)
        ax.grid(False, axis="x")
        ax.set_xlim(-0.7, CLASSES - 0.3)
        self.moving = [*self.bars, self.star, self.hand, self.threshold]

    def update(self, table, chosen, goodness, threshold):
        """Show ten values `(10,)` and the overlay's; return whether the axis had to change."""
        winner = int(np.argmax(table))
        for label, (bar, value) in enumerate(zip(self.bars, table)):
            bar.set(height=value, facecolor=POSITIVE if label == winner else NEGATIVE)
        self.star.set_data([winner], [table[winner]])
        self.star.set_visible(bool(table.any()))
        self.hand.set_data([chosen], [goodness])
        self.threshold.set_ydata([threshold, threshold])
        needed = 1.1 * max(table.max(), goodness, threshold if self.threshold.get_visible() else 0)
        upper = axis_end(needed, self.upper)
        if upper == self.upper:
            return False
        self.upper = upper
        self.ax.set_ylim(0, upper)
        return True


class PadPicture(LiveFigure):
    """The digit at the left, then bars for each layer and, with more than one, for their sum.

    layers: how many. threshold: does the loss have one?
    """

    def __init__(self, layers, *, threshold):
        names = [f"Layer {layer + 1}" for layer in range(layers)] + ["Sum"] * (layers > 1)
        fig, axes = figure_of(SIZE, ["digit", *names])
        self._build(fig, axes, names, threshold)
        super().__init__(
            fig,
            [
                self.digit,
                self.label_pixel,
                self.frame,
                *(artist for chart in self.charts for artist in chart.moving),
            ],
        )

    @styled
    def _build(self, fig, axes, names, threshold):
        place(axes["digit"], SIZE, left=4, top=62, width=144, height=144)
        self.digit = draw_image(axes["digit"], np.zeros((28, 28)))
        axes["digit"].set_title("As MNIST has it", fontsize=11)
        axes["digit"].set_xlabel("framed: label pixels\nwith your overlay", fontsize=9)
        self.label_pixel = axes["digit"].add_patch(Rectangle((-0.5, -0.5), 1, 1, facecolor=CHOSEN))
        self.frame = axes["digit"].add_patch(
            Rectangle(
                (-0.5, -0.5), CLASSES, 1, fill=False, edgecolor=CHOSEN, linewidth=1.5, clip_on=False
            )
        )
        width = (SIZE[0] - 170) / len(names)  # of a column
        self.charts = [
            GoodnessBars(axes[name], name, threshold and name.startswith("Layer")) for name in names
        ]
        for column, chart in enumerate(self.charts):
            place(chart.ax, SIZE, left=210 + column * width, top=62, width=width - 44, height=178)
            chart.ax.set_xlabel("label", fontsize=10)
            if len(names) > 3:
                chart.ax.set_xticks(range(0, CLASSES, 3))
        self.charts[0].ax.set_ylabel("goodness", fontsize=10)
        first = self.charts[0]
        fig.legend(
            handles=[first.star, first.hand, *([first.threshold] if threshold else [])],
            loc="upper right",
            ncols=3,
            fontsize=10,
        )

    def update(self, image, tables, *, label, strength, goodness, threshold):
        """Show image `(784,)`, tables of goodness `(layers, 10)`, and the overlay set by hand.

        That has a label, a strength of 0..1 and goodness `(layers,)`.
        """
        self.digit.set_data(numbers(image).reshape(28, 28))
        self.label_pixel.set(x=label - 0.5, alpha=strength and 0.3 + 0.7 * strength)
        tables, goodness = numbers(tables), numbers(goodness)
        if len(tables) > 1:
            tables = np.vstack([tables, tables.sum(axis=0)])
            goodness = np.append(goodness, goodness.sum())
        changed = [
            chart.update(table, label, value, threshold)
            for chart, table, value in zip(self.charts, tables, goodness)
        ]
        if any(changed):
            self.redraw()
