"""The picture of the mask lab: from noise to a hybrid, and what many such masks have in common."""

import math

import numpy as np
from matplotlib.patches import Rectangle

from ...plots import CHANCE, SERIES, THRESHOLD, draw_image, numbers, styled
from ..shared.figure import LiveFigure, figure_of, place

SIZE = 840, 420  # pixels
STAGES = ("noise", "blurred", "mask", "A", "B", "hybrid")
TILE, GAP, LEFT = 116, 24, 12  # size of the six pictures and what is between them, in pixels


class MaskPicture(LiveFigure):
    """The six stages; below, the share of ones at every pixel, and agreement against distance.

    masks: over how many masks is measured. scale: how many times larger than `SIZE`.
    """

    def __init__(self, *, masks, scale=1):
        fig, axes = figure_of(SIZE, [*STAGES, "share", "bar", "agreement"], scale=scale)
        self._build(fig, axes, masks)
        texts = [text for pair in self.words.values() for text in pair]
        super().__init__(
            fig,
            [
                *self.images.values(),
                *texts,
                self.share,
                self.frame,
                self.chance,
                self.curve,
                self.length,
            ],
        )

    @styled
    def _build(self, fig, axes, masks):
        self.images, self.words = {}, {}
        for column, name in enumerate(STAGES):
            place(
                axes[name], SIZE, left=LEFT + column * (TILE + GAP), top=32, width=TILE, height=TILE
            )
            self.images[name] = draw_image(axes[name], np.zeros((28, 28)))
            axes[name].title.set_fontsize(11)
            below = axes[name].text(
                0.5, -0.05, "", transform=axes[name].transAxes, ha="center", va="top", fontsize=9
            )
            self.words[name] = axes[name].title, below
        axes["mask"].spines[:].set(visible=True, color=CHANCE)  # a white mask on a white page
        for column in (1, 2, 5):  # what follows from what
            fig.text(
                (LEFT + column * (TILE + GAP) - GAP / 2) / SIZE[0],
                1 - (32 + TILE / 2) / SIZE[1],
                "→",
                ha="center",
                va="center",
                fontsize=15,
            )
        place(axes["share"], SIZE, left=60, top=232, width=144, height=144)
        place(axes["bar"], SIZE, left=212, top=232, width=10, height=144)
        self.share = draw_image(axes["share"], np.zeros((28, 28)), f"Ones among {masks} masks")
        self.frame = axes["share"].add_patch(
            Rectangle((11.5, 11.5), 4, 4, fill=False, edgecolor=SERIES[1], linewidth=1.5)
        )
        axes["share"].set_xlabel("framed: the centre", fontsize=9)
        fig.colorbar(self.share, cax=axes["bar"]).set_ticks(
            [0, 0.5, 1], labels=["0 %", "50 %", "100 %"]
        )
        axes["bar"].tick_params(labelsize=9)
        self._build_agreement(axes["agreement"])

    def _build_agreement(self, ax):
        place(ax, SIZE, left=352, top=232, width=470, height=144)
        (self.curve,) = ax.plot([], [], "o-", color=SERIES[0], markersize=4, label="measured")
        (self.chance,) = ax.plot([], [], color=CHANCE, linestyle=":", label="by chance")
        self.length = ax.axvline(
            0, color=THRESHOLD, linestyle="--", linewidth=1.5, label="correlation length"
        )
        ax.set(xlim=(0, 27), ylim=(0.4, 1.03), ylabel="share of masks")
        ax.set_xlabel("distance in pixels (1 = neighbours)", fontsize=10)
        ax.set_yticks([0.4, 0.6, 0.8, 1.0], ["40 %", "60 %", "80 %", "100 %"])
        ax.tick_params(labelsize=9)
        ax.set_title("Two pixels agree", loc="left")
        ax.legend(
            loc="lower right", bbox_to_anchor=(1.01, 1.1), ncols=3, fontsize=9, columnspacing=1.2
        )

    def update(self, stages, digits, hybrid, *, words, share, agreement, chance, length):
        """Show noise, blurred noise, mask, two digits, their hybrid, and what was measured.

        stages: `(28, 28)` each; digits, hybrid, share (of ones): `(784,)` each. words: by stage,
        the title above it and the line below. agreement, chance: `(28,)`. length: the correlation
        length, not shown if it is not finite.
        """
        for artist, content in zip(self.images.values(), (*stages, *digits, hybrid)):
            artist.set_data(numbers(content).reshape(28, 28))
        reach = max((stages[1] - 0.5).abs().max().item(), 0.01)
        # more contrast, and grey stays 1/2
        self.images["blurred"].set_clim(0.5 - reach, 0.5 + reach)
        for name, pair in words.items():
            for text, said in zip(self.words[name], pair):
                text.set_text(said)
        self.share.set_data(numbers(share).reshape(28, 28))
        for line, values in ((self.curve, agreement), (self.chance, chance)):
            line.set_data(np.arange(len(values)), numbers(values))
        self.length.set(
            visible=math.isfinite(length), xdata=[length if math.isfinite(length) else 0] * 2
        )
