"""The picture of the goodness lab: loss, probability and slopes above real goodness, one axis."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.patches import Rectangle

from ...plots import CHANCE, NEGATIVE, POSITIVE, SERIES, THRESHOLD, numbers, styled
from ..shared.figure import LiveFigure, figure_of, place
from ..shared.histogram import LiveHistogram, axis_end

SIZE = 840, 500  # pixels
PLACES = {  # top and height of each, in pixels
    "loss": (36, 112),
    "probability": (160, 78),
    "slope": (250, 78),
    "data": (340, 114),
}
LOSS_SHOWN = 6.0
POINTS = 801  # of a curve, about one for each pixel
IDLE = 0.01  # an image whose slope is below this share of 1/T, the largest, hardly learns any more


def curves(g, threshold, temperature):
    """Return the loss of a positive and of a negative, P(positive), and both slopes dL/dg.

    g: goodness `(N,)` -> five tensors `(N,)`, all finite for finite g; slopes are in units of 1/T.
    The loss is that of ONE image: softplus(-/+ (g - threshold) / temperature).

    >>> [round(curve.item(), 3) for curve in curves([2.0], threshold=2.0, temperature=0.5)]
    [0.693, 0.693, 0.5, -0.5, 0.5]
    """
    s = (torch.as_tensor(g, dtype=torch.float64) - threshold) / temperature
    return F.softplus(-s), F.softplus(s), torch.sigmoid(s), -torch.sigmoid(-s), torch.sigmoid(s)


class GoodnessPicture(LiveFigure):
    """Over one goodness axis: both loss curves, P(positive), both slopes, and two histograms.

    A line stands at the threshold, and a grey band where positives and negatives both still learn.
    scale: how many times larger than `SIZE`.
    """

    def __init__(self, *, scale=1):
        fig, axes = figure_of(SIZE, list(PLACES), scale=scale, sharex=True)
        for name, (top, height) in PLACES.items():
            place(axes[name], SIZE, left=72, top=top, width=742, height=height)
        self._build(fig, *axes.values())
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
        below = {"transform": data.transAxes, "ha": "center", "va": "top"}
        self.name = data.text(0.5, -0.23, "", **below)  # instead of a fixed label
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
        """Show goodness `(N,)` of positives and negatives, the curves, and whose goodness it is."""
        g_pos, g_neg = numbers(g_pos), numbers(g_neg)
        self._fit(np.concatenate([g_pos, g_neg]), threshold)
        g = np.linspace(0, self.upper, POINTS)
        for curve, values in zip(self.curves, curves(g, threshold, temperature)):
            drawn = np.minimum(numbers(values), 2 * LOSS_SHOWN)  # far outside is nothing to draw
            curve.set_data(g, drawn)
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
        most = np.quantile(shown, 0.999) if len(shown) else 0
        upper = axis_end(max(1.1 * most, 1.4 * threshold), self.upper)
        if upper == self.upper:
            return
        self.upper = upper
        self.histogram.reach(upper)
        self.redraw()
