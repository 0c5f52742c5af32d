"""The picture of the goodness lab: loss, probability and slopes above the goodness of real images, over one axis."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.patches import Rectangle

from ..plots import CHANCE, NEGATIVE, POSITIVE, SERIES, THRESHOLD, new_figure, numbers, styled
from .live_figure import LiveFigure, place
from .training_picture import GOODNESS_ENDS, LiveHistogram

SIZE = 840, 500  # pixels
ROWS = (36, 112), (160, 78), (250, 78), (340, 114)  # top and height of each, in pixels
LOSS_SHOWN = 6.0
POINTS = 801  # of a curve, about one for each pixel
IDLE = 0.01  # an image whose slope is below this share of the largest, 1/T, hardly learns any more


def curves(g, threshold, temperature):
    """Return the loss of a positive and of a negative, P(positive), and the slopes dL/dg of both losses in units of 1/T.

    g: goodness `(N,)` -> five tensors `(N,)`, all finite for finite g. The loss is that of ONE image: softplus(-/+ (g - threshold) / temperature).
    """
    s = (torch.as_tensor(g, dtype=torch.float64) - threshold) / temperature
    return F.softplus(-s), F.softplus(s), torch.sigmoid(s), -torch.sigmoid(-s), torch.sigmoid(s)


class GoodnessPicture(LiveFigure):
    """Four rows over one goodness axis: both loss curves, P(positive), both slopes, and two histograms; a line at the threshold.

    A grey band marks the goodness at which positives and negatives both still learn. scale: how many times larger than `SIZE`.
    """

    def __init__(self, *, scale=1):
        fig, axes = new_figure(
            4, 1, size=(SIZE[0] / 100, SIZE[1] / 100), dpi=100 * scale, sharex=True
        )
        fig.set_layout_engine("none")  # the places are known
        for ax, (top, height) in zip(axes, ROWS):
            place(ax, SIZE, left=72, top=top, width=742, height=height)
        self._build(fig, *axes)
        self.upper = 0
        moving = [
            *self.bands,
            *self.lines,
            self.chance,
            *self.curves,
            *self.histogram.moving,
            self.name,
        ]
        super().__init__(fig, moving)

    @styled
    def _build(self, fig, loss, probability, slope, data):
        self.histogram = LiveHistogram(data, title="", difference=False)
        self.bands = [
            ax.add_patch(
                Rectangle(
                    (0, 0),
                    0,
                    1,
                    transform=ax.get_xaxis_transform(),
                    color=CHANCE,
                    alpha=0.2,
                    linewidth=0,
                )
            )
            for ax in (slope, data)
        ]
        self.lines = [
            ax.axvline(0, color=THRESHOLD, linestyle="--") for ax in (loss, probability, slope)
        ]
        self.chance = probability.axhline(0.5, color=CHANCE, linestyle=":", linewidth=1.5)
        looks = (
            (loss, POSITIVE, "-"),
            (loss, NEGATIVE, "-."),
            (probability, SERIES[2], "-"),
            (slope, POSITIVE, "-"),
            (slope, NEGATIVE, "-."),
        )
        self.curves = [ax.plot([], [], style, color=colour)[0] for ax, colour, style in looks]
        self.name = data.text(
            0.5, -0.23, "", transform=data.transAxes, ha="center", va="top"
        )  # instead of a fixed label
        loss.set(ylim=(0, LOSS_SHOWN), yticks=(0, 2, 4, 6), ylabel="loss L")
        probability.set(ylim=(-0.04, 1.04), yticks=(0, 0.5, 1), ylabel="P(positive)")
        slope.set(ylim=(-1.1, 1.1), ylabel="dL/dg")
        slope.set_yticks((-1, 0, 1), ("-1/T", "0", "+1/T"))
        data.set(xlabel="", ylabel="images")
        for ax in (loss, probability, slope, data):
            ax.yaxis.set_label_coords(-0.055, 0.5)
            ax.tick_params(axis="x", labelbottom=ax is data)
        self.bands[0].set_label(f"both still learn (slope above {IDLE:.0%} of 1/T)")
        fig.legend(
            handles=[self.histogram.pos, self.histogram.neg, self.histogram.line, self.bands[0]],
            loc="upper left",
            bbox_to_anchor=(0.075, 1.005),
            ncols=4,
        )

    def update(self, g_pos, g_neg, *, threshold, temperature, name):
        """Show goodness `(N,)` each of positives and negatives, the curves of this threshold and temperature, and whose goodness it is."""
        g_pos, g_neg = numbers(g_pos), numbers(g_neg)
        self._fit(np.concatenate([g_pos, g_neg]), threshold)
        g = np.linspace(0, self.upper, POINTS)
        for curve, values in zip(self.curves, curves(g, threshold, temperature)):
            curve.set_data(
                g, np.minimum(numbers(values), 2 * LOSS_SHOWN)
            )  # far outside there is nothing to draw
        for line in self.lines:
            line.set_xdata([threshold, threshold])
        reach = temperature * math.log(1 / IDLE - 1)  # sigmoid(reach / T) = 1 - IDLE
        for band in self.bands:
            band.set(x=threshold - reach, width=2 * reach)
        self.histogram.update(g_pos, g_neg, threshold)
        self.name.set_text(f"goodness g (mean square activity): {name}")

    def _fit(self, shown, threshold):
        """Let the goodness axis reach beyond the data and the threshold, and change it rarely."""
        shown = shown[np.isfinite(shown)]
        needed = max(1.1 * np.quantile(shown, 0.999) if len(shown) else 0, 1.4 * threshold)
        upper = next(end for end in GOODNESS_ENDS if end >= needed or end == GOODNESS_ENDS[-1])
        if self.upper / 4 < upper <= self.upper:
            return
        self.upper = upper
        self.histogram.reach(upper)
        self.redraw()
