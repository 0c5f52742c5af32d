"""The picture of the probe lab: goodness by layer, changed weights, and the probe over time."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from ...plots import CHANCE, SERIES, draw_image, mosaic, numbers, styled
from ..shared.figure import LiveFigure, figure_of, place
from ..shared.histogram import LiveHistogram, fit_goodness_axes

SIZE = 840, 410  # pixels
COLUMNS = 18  # receptive fields beside each other, 29 pixels each: theirs are the picture's own
LOWEST = 80, 60, 0  # where the accuracy axis may begin, in percent
NAMES = {"raw_pixels": "on raw pixels", "untrained": "on the untrained net"}


class ProbePicture(LiveFigure):
    """Histograms of the layers, receptive fields below; at the right the probe's accuracy.

    layers, tiles: how many of them. difference: show g_pos - g_neg, for a loss within pairs. scale:
    how many times larger than `SIZE`.
    """

    def __init__(self, layers, *, tiles, difference, scale=1):
        names = [f"Layer {layer + 1}" for layer in range(layers)]
        fig, axes = figure_of(SIZE, [*names, "fields", "accuracy"], scale=scale)
        wide = (546 - 16 * layers) / layers
        lines = -(-tiles // COLUMNS)
        for layer, name in enumerate(names):
            place(axes[name], SIZE, left=30 + layer * (wide + 16), top=56, width=wide, height=150)
        place(axes["fields"], SIZE, left=30, top=282, width=29 * COLUMNS, height=29 * lines)
        place(axes["accuracy"], SIZE, left=606, top=56, width=215, height=206)
        self.tiles = tiles
        self._build(fig, axes, names, difference)
        self.ground = self.upper = None
        moving = [artist for histogram in self.histograms for artist in histogram.moving]
        super().__init__(fig, [*moving, *self.shares, self.fields, self.curve])

    @styled
    def _build(self, fig, axes, names, difference):
        self.histograms = [
            LiveHistogram(axes[name], title=name, difference=difference) for name in names
        ]
        for name in names:
            axes[name].set_title("")
            axes[name].set_title(name, loc="left")
        self.shares = [
            axes[name].text(
                1, 1.04, "", transform=axes[name].transAxes, ha="right", va="bottom", fontsize=9
            )
            for name in names
        ]
        axes[names[0]].set_ylabel("validation images")
        first = self.histograms[0]
        first.pos.set_label("digits" if not difference else "digit minus its hybrid")
        first.neg.set_label("hybrids")
        handles = [first.pos, *([] if difference else [first.neg]), first.line]
        fig.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.02, 1), ncols=3)
        fig.text(
            560 / SIZE[0],
            1 - 18 / SIZE[1],
            "in order: above its own hybrid",
            ha="right",
            va="center",
            fontsize=9,
        )
        self.fields = draw_image(
            axes["fields"],
            mosaic(np.zeros((self.tiles, 784)), COLUMNS),
            "Change of layer 1's weights (red: more, blue: less)",
            limits=(-1, 1),
            cmap="RdBu_r",
        )
        ax = self.accuracy = axes["accuracy"]
        (self.curve,) = ax.plot(
            [], [], "-o", color=SERIES[2], markersize=4, label="probe on Forward-Forward"
        )
        styles = {"raw_pixels": (SERIES[1], ":"), "untrained": (CHANCE, "--")}
        self.lines = {
            name: ax.axhline(0, color=colour, linestyle=style, visible=False)
            for name, (colour, style) in styles.items()
        }
        ax.set(title="Validation accuracy (%)", xlabel="epochs")
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        self._update_legend({})

    def update(self, watch, *, threshold, target):
        """Show what a `ProbeWatch` has seen, the threshold, and time up to `target` epochs."""
        g_pos, g_neg = numbers(watch.goodness)
        if upper := fit_goodness_axes(self.histograms, g_pos, g_neg, threshold, self.upper):
            self.upper = upper
            self.redraw()
        for histogram, share, text, *values in zip(
            self.histograms, watch.in_order, self.shares, g_pos, g_neg
        ):
            histogram.update(*values, threshold)
            text.set_text(f"{share:.0%} in order")
        self.fields.set_data(mosaic(watch.change, COLUMNS))
        _, epochs, accuracy = np.array(watch.curve, dtype=float).reshape(-1, 3).T
        self.curve.set_data(epochs, 100 * accuracy)
        seen = [
            100 * value
            for value in (*accuracy, *watch.baselines.values())
            if value is not None and np.isfinite(value)
        ]
        lowest = next(
            low for low in LOWEST if low == LOWEST[-1] or min(seen, default=100) >= low + 1
        )
        self._update_ground(target, lowest, watch.baselines)

    def _update_ground(self, target, lowest, baselines):
        """Axes and baselines change rarely."""
        if (target, lowest, baselines) == self.ground:
            return
        self.ground = target, lowest, baselines
        self.accuracy.set(xlim=(-0.02 * target, target), ylim=(lowest, 100))
        for name, line in self.lines.items():
            known = baselines[name] is not None
            line.set(visible=known, ydata=[100 * (baselines[name] or 0)] * 2)
        self._update_legend(baselines)
        self.redraw()

    @styled
    def _update_legend(self, baselines):
        for name, line in self.lines.items():
            value = baselines.get(name)
            line.set_label(NAMES[name] + (": to come" if value is None else f" {value:.1%}"))
        self.accuracy.legend(
            handles=[self.curve, *self.lines.values()],
            loc="upper left",
            bbox_to_anchor=(-0.14, -0.24),
            fontsize=10,
            borderaxespad=0,
        )
