"""Goodness as a histogram that lives, and where the axis of goodness ends."""

import numpy as np

from ...plots import GoodnessHistogram

AXIS_ENDS = [base * 2.0**power for power in range(-3, 100) for base in (1, 1.5)]


def axis_end(needed, former):
    """Return where an axis from 0 should end that must reach `needed`; rarely not at `former`.

    >>> axis_end(1.7, 0), axis_end(1.7, 6.0), axis_end(1.4, 6.0)
    (2.0, 6.0, 1.5)
    """
    end = next((end for end in AXIS_ENDS if end >= needed), AXIS_ENDS[-1])
    return former if former / 4 < end <= former else end


class LiveHistogram(GoodnessHistogram):
    """Goodness of positives and negatives, as high as the picture whatever its spread.

    With `difference=True` one histogram of g_pos - g_neg around 0: what a loss within pairs parts.
    """

    def __init__(self, ax, *, title, difference):
        self.difference = difference
        super().__init__(ax, upper=1.0, lower=-1.0 if difference else 0.0, bins=75, title=title)
        self.neg.set(visible=not difference, edgecolor="#7A5000", linewidth=0)
        self.pos.set_label("positive minus its own negative" if difference else "positive")
        self.line.set_label("equal" if difference else "threshold")
        name = "difference" if difference else "goodness"
        ax.set(ylim=(0, 1.05), yticks=[], ylabel="", xlabel=name)
        self.moving = [self.pos, self.neg, self.line]

    def reach(self, upper):
        """Let the axis end at `upper`."""
        self.edges = np.linspace(-upper if self.difference else 0.0, upper, len(self.edges))
        self.ax.set_xlim(self.edges[0], self.edges[-1])

    def update(self, g_pos, g_neg, threshold):
        """Show goodness values `(N,)` each, in the same order, and the threshold."""
        shown = (g_pos - g_neg, [], 0.0) if self.difference else (g_pos, g_neg, threshold)
        super().update(*shown)
        shares = [stairs.get_data().values for stairs in (self.pos, self.neg)]
        for stairs, share in zip((self.pos, self.neg), shares):
            stairs.set_data(share / max(values.max() for values in shares), self.edges)


def fit_goodness_axes(histograms, g_pos, g_neg, threshold, former):
    """Let the axes of `LiveHistogram`s reach far enough for goodness `(layers, N)`.

    Returns where they end, or None if that is still at `former`.
    """
    difference = histograms[0].difference
    shown = np.abs(g_pos - g_neg) if difference else np.concatenate([g_pos, g_neg], axis=1)
    shown = shown[np.isfinite(shown)]
    most = np.quantile(shown, 0.99) if len(shown) else 0
    upper = axis_end(max(1.2 * most, 0 if difference else 1.6 * threshold), former or 0)
    if upper == former:
        return None
    for histogram in histograms:
        histogram.reach(upper)
    return upper
