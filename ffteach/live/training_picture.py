"""The picture of the training lab: each layer's goodness, and accuracy and loss over time."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..plots import SERIES, GoodnessHistogram, new_figure, numbers, styled
from .live_figure import LiveFigure

SIZE = 840, 310  # pixels
LOSS_SHOWN = 0.03, 30.0
GOODNESS_ENDS = [base * 2.0**power for power in range(-3, 100) for base in (1, 1.5)]  # where the goodness axis may end


class LiveHistogram(GoodnessHistogram):
    """Goodness of positives and negatives, as high as the picture whatever its spread: the tallest bar reaches the top.

    With `difference=True` one histogram of g_pos - g_neg around 0, which is what the pairwise loss parts.
    """

    def __init__(self, ax, *, title, difference):
        self.difference = difference
        super().__init__(ax, upper=1.0, lower=-1.0 if difference else 0.0, bins=75, title=title)
        self.neg.set(visible=not difference, edgecolor="#7A5000", linewidth=0)
        self.pos.set_label("positive minus its own negative" if difference else "positive")
        self.line.set_label("equal" if difference else "threshold")
        ax.set(ylim=(0, 1.05), yticks=[], ylabel="", xlabel="difference of goodness" if difference else "goodness")
        self.moving = [self.pos, self.neg, self.line]

    def reach(self, upper):
        """Let the axis end at `upper`."""
        self.edges = np.linspace(-upper if self.difference else 0.0, upper, len(self.edges))
        self.ax.set_xlim(self.edges[0], self.edges[-1])

    def update(self, g_pos, g_neg, threshold):
        """Show goodness values `(N,)` each, in the same order, and the threshold."""
        super().update(*((g_pos - g_neg, [], 0.0) if self.difference else (g_pos, g_neg, threshold)))
        shares = [stairs.get_data().values for stairs in (self.pos, self.neg)]
        for stairs, share in zip((self.pos, self.neg), shares):
            stairs.set_data(share / max(values.max() for values in shares), self.edges)


def _place(ax, left, top, width, height):
    """Put an Axes where these pixels say, counted from the picture's upper left corner."""
    ax.set_position([left / SIZE[0], 1 - (top + height) / SIZE[1], width / SIZE[0], height / SIZE[1]])


class TrainingPicture(LiveFigure):
    """Histograms for `layers` layers side by side, then validation accuracy above training loss.

    difference: show g_pos - g_neg (for the pairwise loss). images: how many the curve looks at, and how many its dots.
    """

    def __init__(self, layers, *, difference, images):
        names = [f"Layer {layer + 1}" for layer in range(layers)]
        fig, axes = new_figure(mosaic=[[*names, "accuracy", "loss"]], size=(SIZE[0] / 100, SIZE[1] / 100))
        fig.set_layout_engine("none")  # the places are known, and finding them takes as long as all the drawing
        wide = (546 - 16 * layers) / layers
        for layer, name in enumerate(names):
            _place(axes[name], left=30 + layer * (wide + 16), top=60, width=wide, height=200)
        _place(axes["accuracy"], left=606, top=60, width=215, height=112)
        _place(axes["loss"], left=606, top=206, width=215, height=54)
        self._build(fig, axes, names, difference, images)
        self.upper = self.target = 0
        super().__init__(fig, [artist for histogram in self.histograms for artist in histogram.moving] + self.curves)

    @styled
    def _build(self, fig, axes, names, difference, images):
        self.histograms = [LiveHistogram(axes[name], title=name, difference=difference) for name in names]
        first = self.histograms[0]
        fig.legend(handles=[first.pos, *([] if difference else [first.neg]), first.line], loc="upper left", bbox_to_anchor=(0.02, 1), ncols=3)
        self.accuracy, self.loss = axes["accuracy"], axes["loss"]
        (line,) = self.accuracy.plot([], [], color=SERIES[2], label=f"{images[0]} images")
        (dots,) = self.accuracy.plot([], [], "o", color=SERIES[2], markersize=5, label=f"all {images[1]}")
        (loss,) = self.loss.plot([], [], color=SERIES[3])
        self.curves = [line, dots, loss]
        self.accuracy.set(ylim=(0, 100), yticks=range(0, 101, 20), title="Validation accuracy (%)")
        self.accuracy.tick_params(labelbottom=False)
        self.accuracy.legend(loc="lower right", fontsize=9)
        axes[names[0]].set_ylabel("validation images")
        self.loss.set(yscale="log", ylim=LOSS_SHOWN, title="Training loss", xlabel="epochs")
        self.loss.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
        self.loss.minorticks_off()
        for ax in (self.accuracy, self.loss):
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))

    def update(self, g_pos, g_neg, *, threshold, history, dots, target):
        """Show goodness `(layers, N)` of positives and negatives, the threshold, and what has been.

        history: (epochs, accuracy, loss) of past frames; dots: (epochs, accuracy) at the ends of epochs; target: in epochs.
        """
        g_pos, g_neg = numbers(g_pos), numbers(g_neg)
        self._fit(g_pos, g_neg, threshold)
        for histogram, *values in zip(self.histograms, g_pos, g_neg):
            histogram.update(*values, threshold)
        if target != self.target:
            self.target = target
            for ax in (self.accuracy, self.loss):
                ax.set_xlim(0, target)
            self.redraw()
        epochs, accuracy, loss = np.array(history, dtype=float).reshape(-1, 3).T
        self.curves[0].set_data(epochs, 100 * accuracy)
        self.curves[1].set_data(*(np.array(dots, dtype=float).reshape(-1, 2) * (1, 100)).T)
        self.curves[2].set_data(epochs, np.clip(loss, *LOSS_SHOWN))

    def _fit(self, g_pos, g_neg, threshold):
        """Let the goodness axes reach far enough, and change them rarely."""
        first = self.histograms[0]
        shown = np.abs(g_pos - g_neg) if first.difference else np.concatenate([g_pos, g_neg], axis=1)
        shown = shown[np.isfinite(shown)]
        needed = max(1.2 * np.quantile(shown, 0.99) if len(shown) else 0, 0 if first.difference else 1.6 * threshold)
        upper = next(end for end in GOODNESS_ENDS if end >= needed or end == GOODNESS_ENDS[-1])
        if self.upper / 4 < upper <= self.upper:
            return
        self.upper = upper
        for histogram in self.histograms:
            histogram.reach(upper)
        self.redraw()
