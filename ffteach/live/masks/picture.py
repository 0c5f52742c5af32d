"""The picture of the mask lab: from noise to a hybrid, and what many such masks have in common."""

import math

import numpy as np

from ...drawable import numbers
from ..shared.scene import (
    DASHED,
    DOTTED,
    axes,
    entry,
    image_axes,
    legend,
    level,
    line,
    marks,
)

SIZE = 840, 368  # pixels
STAGES = ("noise", "blurred", "mask", "A", "B", "hybrid")
TILE, GAP, LEFT = 112, 28, 14  # size of the six pictures and what is between them, in pixels
LOWER, HIGH = 208, 122  # the lower row: its upper edge, and its height


def mask_scene(stages, digits, hybrid, *, words, share, agreement, chance, length, masks, game):
    """Noise, blurred noise, mask, two digits, their hybrid; below, what was measured, and a game.

    stages: `(28, 28)` each; digits, hybrid, share (of ones): `(784,)` each. words: by stage, the
    title above it and the line below. agreement, chance: `(28,)`. length: the correlation length,
    not shown if it is not finite. masks: over how many masks is measured. game: a `PatchGame`.
    """
    reach = max((stages[1] - 0.5).abs().max().item(), 0.01)
    limits = {"blurred": (0.5 - reach, 0.5 + reach)}  # more contrast, and grey stays 1/2
    drawn, texts = [], []
    for column, (name, content) in enumerate(zip(STAGES, (*stages, *digits, hybrid))):
        box = (LEFT + column * (TILE + GAP), 32, TILE, TILE)
        above, below = words[name]
        tile = image_axes(box, content, above, limits=limits.get(name, (0, 1)))
        drawn.append(tile | {"spines": ("all",)})
        texts.append({"at": (box[0] + TILE / 2, 32 + TILE + 14), "text": below})
        if name in ("blurred", "mask", "hybrid"):  # what follows from what
            texts.append({"at": (box[0] - GAP / 2, 32 + TILE / 2), "text": "→", "size": 20})
    centre = {"kind": "frame", "at": [12, 12, 16, 16], "role": "series1", "width": 1.5}
    drawn.append(
        image_axes(
            (LEFT, LOWER, HIGH, HIGH),
            share,
            f"Ones in {masks} masks",
            over=[centre],
            xlabel="framed: the centre",
        )
    )
    scale = np.linspace(1, 0, 64)[:, None]
    drawn.append(image_axes((LEFT + HIGH + 8, LOWER, 10, HIGH), scale))
    texts += [
        {"at": (LEFT + HIGH + 22, LOWER + HIGH * (1 - value)), "text": f"{value:.0%}"}
        | {"align": "left"}
        for value in (0, 0.5, 1)
    ]
    drawn.append(_agreement(agreement, chance, length))
    entries = [
        entry("measured", "line", "series0"),
        entry("by chance", "line", "chance", dash=DOTTED),
        entry("correlation length", "upright", "ink", dash=DASHED),
    ]
    legends = [legend((388, LOWER + 8), entries, down=16)]
    return {"axes": [*drawn, *_game(game)], "texts": texts, "legends": legends}


def _agreement(agreement, chance, length):
    distance = np.arange(len(agreement))
    series = [
        line(distance, numbers(chance), "chance", dash=DOTTED),
        line(distance, numbers(agreement), "series0"),
        marks(distance, numbers(agreement), "series0"),
    ]
    if math.isfinite(length):
        series.append(level(length, "ink", "x", dash=DASHED, width=1.5))
    return axes(
        (262, LOWER, 270, HIGH),
        series,
        x=(0, 27),
        y=(0.4, 1.03),
        title="Two pixels agree",
        ylabel="share of masks",
        xlabel="distance in pixels (1 = neighbours)",
        xticks=[(place, str(place)) for place in range(0, 28, 5)],
        yticks=[(value, f"{value:.0%}") for value in (0.4, 0.6, 0.8, 1.0)],
    )


def _game(game):
    """The patch that is asked about, and the image from which the last one was cut."""
    asks = "digit or hybrid?"
    box = (562, LOWER, HIGH, HIGH)
    yield image_axes(box, game.patch, "Patch game", xlabel=asks) | {"spines": ("all",)}
    if game.last:
        _, kind, image, _, (top, left) = game.last
        place = [left, top, left + game.size, top + game.size]
        over = [{"kind": "frame", "at": place, "role": "series1", "width": 2}]
        title = f"The last: a {kind}"
        yield image_axes(
            (704, LOWER, HIGH, HIGH), image, title, over=over, xlabel="framed: the patch"
        )
