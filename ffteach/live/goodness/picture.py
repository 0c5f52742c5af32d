"""The picture of the goodness lab: loss, probability and slopes above real goodness, one axis."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from ...drawable import numbers
from ..shared.scene import (
    DASHED,
    DOTTED,
    axes,
    entry,
    goodness_axes,
    goodness_end,
    goodness_legend,
    level,
    line,
    ticks,
)

SIZE = 840, 382  # pixels
PLACES = {  # top and height of each, in pixels
    "loss": (30, 72),
    "probability": (116, 56),
    "slope": (186, 56),
    "data": (256, 78),
}
LOSS_SHOWN = 6.0
POINTS = 401  # of a curve, one for every other pixel
IDLE = 0.01  # an image whose slope is below this share of 1/T, the largest, hardly learns any more
DASHDOTTED = [8, 3, 2, 3]


def curves(g, threshold, temperature):
    """Return the loss of a positive and of a negative, P(positive), and both slopes dL/dg.

    g: goodness `(N,)` -> five tensors `(N,)`, all finite for finite g; slopes are in units of 1/T.
    The loss is that of ONE image: softplus(-/+ (g - threshold) / temperature).

    >>> [round(curve.item(), 3) for curve in curves([2.0], threshold=2.0, temperature=0.5)]
    [0.693, 0.693, 0.5, -0.5, 0.5]
    """
    s = (torch.as_tensor(g, dtype=torch.float64) - threshold) / temperature
    return F.softplus(-s), F.softplus(s), torch.sigmoid(s), -torch.sigmoid(-s), torch.sigmoid(s)


def goodness_scene(g_pos, g_neg, *, threshold, temperature, name, end):
    """Over one goodness axis: both loss curves, P(positive), both slopes, and two histograms.

    Goodness `(N,)` of positives and negatives. A line stands at the threshold, and a grey band
    where positives and negatives both still learn. name: whose goodness it is; end: where the axis
    ended before. Returns the scene and the axis' end.
    """
    g_pos, g_neg = numbers(g_pos), numbers(g_neg)
    end = goodness_end(g_pos, g_neg, threshold, end)
    g = np.linspace(0, end, POINTS)
    loss_pos, loss_neg, probability, slope_pos, slope_neg = (
        line(g, np.minimum(numbers(curve), 2 * LOSS_SHOWN), role, dash=dash)
        for curve, (role, dash) in zip(
            curves(g, threshold, temperature),
            (
                ("positive", []),
                ("negative", DASHDOTTED),
                ("series2", []),
                ("positive", []),
                ("negative", DASHDOTTED),
            ),
        )
    )
    reach = temperature * math.log(1 / IDLE - 1)  # sigmoid(reach / T) = 1 - IDLE
    band = {"kind": "band", "from": threshold - reach, "to": threshold + reach, "role": "chance"}
    line_at = level(threshold, "ink", "x", dash=DASHED, follows="threshold")
    box = lambda name: (84, PLACES[name][0], 734, PLACES[name][1])
    above = {"x": (0, end), "grid": "y"}
    drawn = [
        axes(
            box("loss"),
            [loss_pos, loss_neg, line_at],
            y=(0, LOSS_SHOWN),
            ylabel="loss L",
            yticks=[(0, "0"), (3, "3"), (6, "6")],
            **above,
        ),
        axes(
            box("probability"),
            [level(0.5, "chance", dash=DOTTED), probability, line_at],
            y=(-0.04, 1.04),
            ylabel="P(pos.)",
            yticks=[(0, "0"), (0.5, "0.5"), (1, "1")],
            **above,
        ),
        axes(
            box("slope"),
            [band, slope_pos, slope_neg, line_at],
            y=(-1.1, 1.1),
            ylabel="dL/dg",
            yticks=[(-1, "-1/T"), (0, "0"), (1, "+1/T")],
            **above,
        ),
        goodness_axes(
            box("data"),
            g_pos,
            g_neg,
            threshold,
            end,
            under=[band],
            xlabel=f"goodness g (mean square activity): {name}",
            ylabel="images",
            xticks=ticks(0, end, 8),
        ),
    ]
    both = entry(f"both still learn (slope above {IDLE:.0%} of 1/T)", "band", "chance")
    return {"axes": drawn, "legends": [goodness_legend((84, 12), more=[both])]}, end
