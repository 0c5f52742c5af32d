"""The picture of the training lab: goodness by layer, two curves, and what is chosen to be seen."""

from dataclasses import dataclass, field

import numpy as np

from ...drawable import numbers
from ..shared.scene import (
    DOTTED,
    axes,
    axis_end,
    bars,
    entry,
    goodness_legend,
    goodness_row,
    image_axes,
    legend,
    level,
    line,
    marks,
    ticks,
)

SIZE = 840, 350  # pixels
SMALL = 840, 226  # without the row below the histograms, and without the loss
LOSS_SHOWN = 0.03, 30.0
SHOWN = "one digit", "receptive fields", "worst digits", "a pair"  # in the row below
ROW = 256  # where it begins


@dataclass
class TrainingPicture:
    """Histograms of the layers with a row below them; at the right accuracy and loss.

    difference: show g_pos - g_neg, for a loss within pairs. The ends of axes are kept from picture
    to picture, so that they rarely change.
    """

    difference: bool
    end: float = 0  # of the goodness axis
    reach: dict = field(default_factory=dict)  # of other axes, by name

    def scene(self, watch, *, threshold, target, guess=None, ghost=None, shown=SHOWN[0], unit=None):
        """Show what a `Watch` has seen, the threshold, and time up to `target` epochs.

        guess: the guessed accuracy, 0..1, or None. ghost: the history of the run before, or None.
        shown: one of `SHOWN`, or None for the small picture. unit: of the receptive fields the one
        that is pointed at.
        """
        histograms, self.end = goodness_row(
            watch.goodness, threshold, self.end, 134, difference=self.difference
        )
        row = {
            "one digit": lambda: self._digit(watch),
            "receptive fields": lambda: self._fields(watch, unit),
            "worst digits": lambda: _worst(watch, 0.0 if self.difference else threshold),
            "a pair": lambda: _pair(watch),
            None: lambda: {"axes": []},
        }[shown]()
        over_time = _curves(watch, target, guess, ghost)
        curves = [
            *([entry("the run before", "line", "chance", dash=DOTTED)] if ghost else []),
            entry(f"{watch.live} images", "line", "series2"),
            entry(f"all {len(watch.labels)}", "mark", "series2", shape="circle"),
        ]
        more = [entry("answer", "mark", "ink", shape="down")] if shown == SHOWN[0] else []
        return {
            "axes": [*histograms, *(over_time if shown else over_time[:1]), *row["axes"]],
            "legends": [
                goodness_legend((30, 14), difference=self.difference, more=more),
                legend((690, 188 - 18 * len(curves)), curves, down=18),
            ],
            "texts": row.get("texts", []),
        }

    def _digit(self, watch):
        """The followed digit, and its goodness under each label as differences from their mean."""
        values = np.nan_to_num(numbers(watch.digit_goodness), nan=0, posinf=0)
        values = values - values.mean()
        best, label = int(values.argmax()), watch.digit_label
        far = self.reach["digit"] = axis_end(np.abs(values).max(), self.reach.get("digit", 0))
        digits = [(digit, str(digit), digit == label) for digit in range(10)]
        name = f"Test image {watch.digit}, a {label}: goodness under each label, minus their mean"
        chart = axes(
            (150, ROW + 10, 410, 58),
            [
                bars(values, ["positive" if n == label else "negative" for n in range(10)], 0.6),
                level(0, "ink", width=1),
                marks([best], [values[best] + 0.3 * far], "ink", "down", 9),
            ],
            x=(-0.6, 9.6),
            y=(-far, 1.5 * far),
            title=name,
            align="start",
            xticks=digits,
            yticks=ticks(-far, far, 3),
            grid="",
            spines=("left",),
        )
        return {"axes": [_digit_axes((30, ROW, 72, 72), watch.digit_image), chart]}

    def _fields(self, watch, unit):
        """What the most active units weigh, and the digits that excite one of them most."""
        units, weights, unit, exciting = watch.fields(unit)
        weights = numbers(weights)
        needed = np.quantile(np.abs(weights), 0.998) if np.isfinite(weights).all() else 1.0
        far = self.reach["field"] = axis_end(max(needed, 1e-3), self.reach.get("field", 0))
        tiles = []
        for place, (one, pixels) in enumerate(zip(units, weights)):
            box = (30 + 44 * place, ROW, 42, 42)
            tile = image_axes(box, pixels, limits=(-far, far), map="change", live=f"unit {place}")
            tiles.append(tile | {"spines": ("all",) if one == unit else ()})
        digits = [
            _digit_axes((30 + 32 * place, ROW + 58, 30, 30), pixels)
            for place, pixels in enumerate(exciting)
        ]
        title = "Weights of the most active units of layer 1 (red: positive, blue: negative)"
        below = f"The digits that excite unit {unit} most (point at a unit to choose it)"
        texts = [_heading(30, title), _text(30, 50, below)]
        return {"axes": tiles + digits, "texts": texts}


def _worst(watch, threshold):
    """The digits furthest on the wrong side of the threshold."""
    drawn, texts = [], []
    sides = ("Positives below", "Negatives above")
    for side, (name, found) in enumerate(zip(sides, watch.worst(threshold))):
        left = 30 + 276 * side
        texts.append(_heading(left, f"{name} the threshold in layer 1"))
        if not found:
            texts.append(_text(left, 12, "none"))
        for place, (pixels, label, written, goodness) in enumerate(found):
            box = (left + 44 * place, ROW, 42, 42)
            drawn.append(_digit_axes(box, pixels))
            words = f"a {label}" if written == label else f"{label} as {written}"
            for line_, text in enumerate((words, f"{goodness:.2g}")):
                texts.append(_text(box[0] + 21, 52 + 15 * line_, text, align="center"))
    return {"axes": drawn, "texts": texts}


def _pair(watch):
    """A digit with its own label and with a wrong one, and the goodness of both in each layer."""
    images, written, values = watch.pair()
    drawn, texts = [], []
    for side, role in enumerate(("positive", "negative")):
        left = 30 + 276 * side
        drawn.append(_digit_axes((left, ROW, 72, 72), images[side]))
        lines = [f"{role}: a {written[0]}, label {written[side]}"]
        lines += [f"goodness {g:.2f} in layer {n}" for n, g in enumerate(values[side].tolist(), 1)]
        for number, text in enumerate(lines):
            texts.append(_text(left + 84, 8 + 16 * number, text))
    title = "A validation digit at each look: the label is written into the first ten pixels"
    return {"axes": drawn, "texts": [*texts, _heading(30, title)]}


def _curves(watch, target, guess, ghost):
    """Accuracy and loss over time; the run before in grey behind them."""
    accuracy, loss = [], []
    if ghost:
        epochs, right, before = np.array(ghost, dtype=float).T
        accuracy.append(line(epochs, 100 * right, "chance", dash=DOTTED))
        loss.append(line(epochs, np.clip(before, *LOSS_SHOWN), "chance", dash=DOTTED))
    epochs, right, losses = np.array(watch.history, dtype=float).reshape(-1, 3).T
    ends = np.array(watch.epoch_ends, dtype=float).reshape(-1, 2)
    accuracy += [
        line(epochs, 100 * right, "series2"),
        marks(ends[:, 0], 100 * ends[:, 1], "series2"),
    ]
    loss.append(line(epochs, np.clip(losses, *LOSS_SHOWN), "series3"))
    if guess is not None:
        accuracy.append(level(100 * guess, "series1", dash=DOTTED, text="your guess"))
    time = {"x": (0, target), "xticks": [tick for tick in ticks(0, target) if tick[0] % 1 == 0]}
    return [
        axes(
            (606, 52, 215, 134),
            accuracy,
            y=(0, 100),
            title="Validation accuracy (%)",
            yticks=ticks(0, 100, 6),
            **time,
        ),
        axes(
            (606, 246, 215, 58),
            loss,
            y=LOSS_SHOWN,
            log=True,
            title="Training loss",
            xlabel="epochs",
            yticks=[(0.1, "0.1"), (1, "1"), (10, "10")],
            **time,
        ),
    ]


def _text(left, down, text, **look):
    """A text so far below the row's beginning."""
    return {"at": (left, ROW + down), "text": text, "align": "left", **look}


def _heading(left, text):
    return _text(left, -15, text, size=13)


def _digit_axes(box, pixels):
    """A digit in grey, from its darkest to its brightest pixel."""
    pixels = numbers(pixels)
    return image_axes(box, pixels, limits=(pixels.min(), pixels.max()))
