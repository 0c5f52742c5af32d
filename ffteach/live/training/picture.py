"""The picture of the training lab: goodness by layer, one digit's ten bars, and two curves."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from ...plots import SERIES, numbers, styled
from ..shared.figure import LiveFigure, figure_of, place
from ..shared.histogram import LiveHistogram, fit_goodness_axes
from .digit_bars import DigitBars

SIZE = 840, 400  # pixels
LOSS_SHOWN = 0.03, 30.0


class TrainingPicture(LiveFigure):
    """Histograms of the layers, a digit with its ten bars below; at the right accuracy and loss.

    layers: how many. difference: show g_pos - g_neg, for a loss within pairs. images: how many the
    curve looks at, and how many its dots. scale: how many times larger than `SIZE`.
    """

    def __init__(self, layers, *, difference, images, scale=1):
        names = [f"Layer {layer + 1}" for layer in range(layers)]
        everything = [*names, "accuracy", "loss", "image", "bars"]
        fig, axes = figure_of(SIZE, everything, scale=scale)
        wide = (546 - 16 * layers) / layers
        for layer, name in enumerate(names):
            place(axes[name], SIZE, left=30 + layer * (wide + 16), top=56, width=wide, height=160)
        place(axes["image"], SIZE, left=30, top=290, width=84, height=84)
        place(axes["bars"], SIZE, left=150, top=290, width=410, height=84)
        place(axes["accuracy"], SIZE, left=606, top=56, width=215, height=160)
        place(axes["loss"], SIZE, left=606, top=290, width=215, height=60)
        self._build(fig, axes, names, difference, images)
        self.upper, self.target = None, 0
        self.shown_digit = self.guessed = None
        moving = [artist for histogram in self.histograms for artist in histogram.moving]
        super().__init__(fig, moving + self.curves + self.digit.moving)

    @styled
    def _build(self, fig, axes, names, difference, images):
        self.histograms = [
            LiveHistogram(axes[name], title=name, difference=difference) for name in names
        ]
        first = self.histograms[0]
        self.digit = DigitBars(axes["image"], axes["bars"], width=20)
        self.accuracy, self.loss = axes["accuracy"], axes["loss"]
        (line,) = self.accuracy.plot([], [], color=SERIES[2], label=f"{images[0]} images")
        (dots,) = self.accuracy.plot(
            [], [], "o", color=SERIES[2], markersize=5, label=f"all {images[1]}"
        )
        (loss,) = self.loss.plot([], [], color=SERIES[3])
        self.curves = [line, dots, loss]
        self.guess = self.accuracy.axhline(0, color=SERIES[1], linestyle=":", visible=False)
        self.guess_text = self.accuracy.text(
            0.02,
            0,
            "",
            transform=self.accuracy.get_yaxis_transform(),
            color=SERIES[1],
            va="bottom",
            fontsize=9,
        )
        self.accuracy.set(ylim=(0, 100), yticks=range(0, 101, 20), title="Validation accuracy (%)")
        self.accuracy.legend(handles=[line, dots], loc="lower right", fontsize=9)
        axes[names[0]].set_ylabel("validation images")
        fig.legend(
            handles=[
                first.pos,
                *([] if difference else [first.neg]),
                first.line,
                self.digit.winner,
            ],
            loc="upper left",
            bbox_to_anchor=(0.02, 1),
            ncols=4,
        )
        self.loss.set(yscale="log", ylim=LOSS_SHOWN, title="Training loss", xlabel="epochs")
        self.loss.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
        self.loss.minorticks_off()
        for ax in (self.accuracy, self.loss):
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))

    def update(self, watch, *, threshold, target, guess=None):
        """Show what a `Watch` has seen, the threshold, and time up to `target` epochs.

        guess: the guessed accuracy, 0..1, if there is one.
        """
        g_pos, g_neg = numbers(watch.goodness)
        if upper := fit_goodness_axes(self.histograms, g_pos, g_neg, threshold, self.upper):
            self.upper = upper
            self.redraw()
        for histogram, *values in zip(self.histograms, g_pos, g_neg):
            histogram.update(*values, threshold)
        self._update_digit(watch)
        self._update_ground(target, guess)
        epochs, accuracy, loss = np.array(watch.history, dtype=float).reshape(-1, 3).T
        self.curves[0].set_data(epochs, 100 * accuracy)
        self.curves[1].set_data(
            *(np.array(watch.epoch_ends, dtype=float).reshape(-1, 2) * (1, 100)).T
        )
        self.curves[2].set_data(epochs, np.clip(loss, *LOSS_SHOWN))

    def _update_digit(self, watch):
        if watch.digit != self.shown_digit:
            self.shown_digit = watch.digit
            self.digit.choose(
                watch.digit_image,
                watch.digit_label,
                f"Test image {watch.digit}, a {watch.digit_label}",
            )
            self.redraw()
        if self.digit.update(watch.digit_goodness):
            self.redraw()

    def _update_ground(self, target, guess):
        """Time axis and guess change rarely."""
        if (target, guess) == (self.target, self.guessed):
            return
        self.target, self.guessed = target, guess
        for ax in (self.accuracy, self.loss):
            ax.set_xlim(0, target)
        height = 100 * (guess or 0)
        self.guess.set(visible=guess is not None, ydata=[height, height])
        self.guess_text.set(
            text="" if guess is None else "your guess",
            y=height,
            va="top" if height > 85 else "bottom",
        )
        self.redraw()
