"""The picture of the probe lab: goodness by layer, changed weights, and the probe over time."""

from dataclasses import dataclass

import numpy as np

from ...drawable import mosaic
from ..shared.scene import (
    DASHED,
    DOTTED,
    axes,
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

SIZE = 840, 392  # pixels
COLUMNS = 18  # receptive fields beside each other, 29 pixels each: theirs are the picture's own
LOWEST = 80, 60, 0  # where the accuracy axis may begin, in percent
BASELINES = {  # the words for it, its role and dash
    "raw_pixels": ("on raw pixels", "series1", DOTTED),
    "untrained": ("on the untrained net", "chance", DASHED),
}


@dataclass
class ProbePicture:
    """Histograms of the layers, receptive fields below; at the right the probe's accuracy.

    difference: show g_pos - g_neg, for a loss within pairs. The end of the goodness axis is kept
    from picture to picture, so that it rarely changes.
    """

    difference: bool
    end: float = 0

    def scene(self, watch, *, threshold, target):
        """Show what a `ProbeWatch` has seen, the threshold, and time up to `target` epochs."""
        histograms, self.end = goodness_row(
            watch.goodness, threshold, self.end, 140, difference=self.difference
        )
        texts = []
        for part, share in zip(histograms, watch.in_order):
            left, _, wide, _ = part["box"]
            text = f"{share:.0%}" if len(histograms) > 3 else f"{share:.0%} in order"
            texts.append({"at": (left + wide, 38), "text": text, "align": "right"})
        texts.append({"at": (560, 14), "text": "in order: above its own hybrid", "align": "right"})
        fields = mosaic(watch.change, COLUMNS)
        title = "Change of layer 1's weights (red: more, blue: less)"
        height = 29 * -(-len(watch.units) // COLUMNS)
        box = (30, 266, 29 * COLUMNS, height)
        drawn = image_axes(box, fields, title, limits=(-1, 1), map="change")
        accuracy, right = self._accuracy(watch, target)
        names = (
            ("digit" if self.difference else "digits"),
            ("hybrid" if self.difference else "hybrids"),
        )
        left = goodness_legend((30, 14), difference=self.difference, names=names)
        return {"axes": [*histograms, drawn, accuracy], "legends": [left, right], "texts": texts}

    def _accuracy(self, watch, target):
        """The probe's accuracy over time with its baselines, and their legend."""
        _, epochs, accuracy = np.array(watch.curve, dtype=float).reshape(-1, 3).T
        known = {name: value for name, value in watch.baselines.items() if value is not None}
        seen = [100 * value for value in (*accuracy, *known.values()) if np.isfinite(value)]
        lowest = next(low for low in LOWEST if low == 0 or min(seen, default=100) >= low + 1)
        series = [
            level(100 * known[name], role, dash=dash)
            for name, (_, role, dash) in BASELINES.items()
            if name in known
        ]
        series.append(line(epochs, 100 * accuracy, "series2"))
        series.append(marks(epochs, 100 * accuracy, "series2", size=5))
        entries = [entry("probe on Forward-Forward", "line", "series2")]
        for name, (words, role, dash) in BASELINES.items():
            value = f" {known[name]:.1%}" if name in known else ": to come"
            entries.append(entry(words + value, "line", role, dash=dash))
        right = axes(
            (606, 52, 215, 196),
            series,
            x=(-0.02 * target, target),
            y=(lowest, 100),
            title="Validation accuracy (%)",
            xlabel="epochs",
            xticks=[tick for tick in ticks(0, target) if tick[0] % 1 == 0],
            yticks=ticks(lowest, 100),
        )
        return right, legend((580, 310), entries, down=20)
