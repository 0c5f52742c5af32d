"""The picture of the digit pad: the centred digit, and all ten labels' goodness in each layer."""

from dataclasses import dataclass, field

import numpy as np

from ...data import CLASSES
from ...drawable import numbers
from ..shared.scene import (
    DASHED,
    axes,
    axis_end,
    bars,
    entry,
    image_axes,
    legend,
    level,
    marks,
    ticks,
)

SIZE = 608, 290  # pixels
CHOSEN = "series1"  # the overlay set by hand


@dataclass
class PadPicture:
    """The digit at the left, then bars for each layer and, with more than one, for their sum.

    A star marks the winner, a diamond the overlay set by hand. The ends of the axes are kept from
    picture to picture, so that they rarely change.
    """

    ends: dict = field(default_factory=dict)  # by number of the chart

    def scene(self, image, tables, *, label, strength, goodness, threshold):
        """Show image `(784,)`, tables of goodness `(layers, 10)`, and the overlay set by hand.

        That has a label, a strength of 0..1 and goodness `(layers,)`. threshold: or None.
        """
        tables, goodness = numbers(tables), numbers(goodness)
        names = [f"Layer {layer + 1}" for layer in range(len(tables))]
        if len(tables) > 1:
            names.append("Sum")
            tables = np.vstack([tables, tables.sum(axis=0)])
            goodness = np.append(goodness, goodness.sum())
        charts = [
            self._chart(number, names, tables[number], label, goodness[number], threshold)
            for number in range(len(names))
        ]
        overlay = [
            {
                "kind": "frame",
                "at": [label, 0, label + 1, 1],
                "role": CHOSEN,
                "alpha": strength and 0.3 + 0.7 * strength,
            },
            {"kind": "frame", "at": [0, 0, CLASSES, 1], "role": CHOSEN, "width": 1.5},
        ]
        digit = image_axes((4, 62, 144, 144), image, "As MNIST has it", over=overlay)
        entries = [
            entry("the network's answer", "mark", "positive", shape="star", size=13),
            entry("your overlay", "mark", CHOSEN, shape="diamond"),
        ]
        if threshold is not None:
            entries.append(entry("threshold", "line", "ink", dash=DASHED))
        texts = [
            {"at": (76, 222 + 15 * number), "text": text}
            for number, text in enumerate(("framed: label pixels", "with your overlay"))
        ]
        return {
            "axes": [digit, *charts],
            "legends": [legend((SIZE[0] - 8, 14), entries, align="right")],
            "texts": texts,
        }

    def _chart(self, number, names, table, chosen, goodness, threshold):
        """Ten bars, one for each label."""
        width = (SIZE[0] - 170) / len(names)  # of a column
        winner = int(np.argmax(np.nan_to_num(table)))
        roles = ["positive" if label == winner else "negative" for label in range(CLASSES)]
        series = [bars(table, roles)]
        shown = [np.nan_to_num(table, posinf=0).max(), np.nan_to_num(goodness, posinf=0)]
        if threshold is not None and names[number] != "Sum":
            shown.append(threshold)
            series.append(level(threshold, "ink", dash=DASHED, width=1.5))
        end = self.ends[number] = axis_end(1.1 * max(shown), self.ends.get(number, 0))
        if table.any():
            series.append(marks([winner], [table[winner]], "positive", "star", 13))
        series.append(marks([chosen], [goodness], CHOSEN, "diamond", 11))
        every = 3 if len(names) > 3 else 1
        return axes(
            (210 + number * width, 62, width - 44, 178),
            series,
            x=(-0.7, CLASSES - 0.3),
            y=(0, end),
            title=names[number],
            xlabel="label",
            ylabel="" if number else "goodness",
            xticks=[(label, str(label)) for label in range(0, CLASSES, every)],
            yticks=ticks(0, end, 5),
            tickSize=12 if len(names) < 3 else 10,
            grid="y",
        )
