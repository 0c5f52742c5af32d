"""A picture as numbers, which the browser draws (scene.js): axes with series, legends, texts.

Places and sizes are in pixels of the picture, from its upper left corner, as it is at its normal
size; x and y of a series are in the units of its axes. A colour is named by its role, `PALETTE`'s,
so that the browser takes the one that suits the page.
"""

import math
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ...drawable import CHANCE, NEGATIVE, POSITIVE, SERIES, numbers

LIGHT = {
    "positive": POSITIVE,
    "negative": NEGATIVE,
    "negative-outline": "#7A5000",  # around what is as light as negatives are: 7:1 on white
    "series3-outline": "#8F4E74",
    "chance": CHANCE,
    "page": "#FFFFFF",
    **{f"series{number}": colour for number, colour in enumerate(SERIES)},
}
DARK = LIGHT | {  # outlines that are 3:1 and more on a dark page
    "positive-outline": "#7CC6F0",
    "negative-outline": "#FFC95C",
    "series3-outline": "#E6A5C8",
    "chance": "#A8A8A8",
    "page": "#111111",
    "series1": "#F08A3C",
    "series6": "#FFFFFF",
}
PALETTE = {"light": LIGHT, "dark": DARK}  # "ink", the colour of texts, is the page's own
DASHED, DOTTED = [6, 4], [2, 3]
AXIS_ENDS = [base * 2.0**power for power in range(-3, 100) for base in (1, 1.5)]
BINS = 75  # of a histogram


class Scene(anywidget.AnyWidget):
    """The canvas of a panel. `value` is its picture: size, axes, legends, texts, alt and figures.

    partners: by name the ids of the models that it follows in the browser: "train", the button of
    the clock, and the sliders that act while they are dragged. fills: as wide as the panel, for
    a projector?
    """

    _esm = Path(__file__).with_name("scene.js").read_text()  # a text: files would be watched
    value = traitlets.Dict().tag(sync=True)
    partners = traitlets.Dict().tag(sync=True)
    fills = traitlets.Bool(False).tag(sync=True)
    palette = traitlets.Dict(PALETTE).tag(sync=True)


def floats(values):
    """Return values as the bytes that the browser reads: float32, the lowest byte first."""
    return numbers(values).astype("<f4").tobytes()


def axes(
    box,
    series,
    *,
    x=(0, 1),
    y=(0, 1),
    title="",
    align="center",
    xlabel="",
    ylabel="",
    xticks=(),
    yticks=(),
    grid="xy",
    spines=("left", "bottom"),
    **more,
):
    """Return axes. box: left, top, width, height; x, y: the ends; ticks: (place, text) each.

    align: of the title. more: `log=True` for y; `live`, a name: the pointer there is heard.
    """
    return {
        "box": box,
        "series": series,
        "x": x,
        "y": y,
        "title": title,
        "align": align,
        "xlabel": xlabel,
        "ylabel": ylabel,
        "xticks": xticks,
        "yticks": yticks,
        "grid": grid,
        "spines": spines,
        **more,
    }


def ticks(low, high, most=5, form="{:g}", *, inner=False):
    """Return `(place, text)` at 1, 2 or 5 times a power of ten, from low to high, at most so many.

    inner: none at the ends, where other axes may begin.

    >>> ticks(0, 6, 4)
    [(0, '0'), (2, '2'), (4, '4'), (6, '6')]
    """
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for factor in (1, 2, 5, 10) if (step := factor * power) >= 0.999 * rough)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    whole = step == int(step)
    places = [number * (int(step) if whole else step) for number in range(first, last + 1)]
    margin = 0.04 * (high - low) if inner else -1
    return [(place, form.format(place)) for place in places if high - place > margin]


def axis_end(needed, former):
    """Return where an axis from 0 should end that must reach `needed`; rarely not at `former`.

    >>> axis_end(1.7, 0), axis_end(1.7, 6.0), axis_end(1.4, 6.0)
    (2.0, 6.0, 1.5)
    """
    end = next((end for end in AXIS_ENDS if end >= needed), AXIS_ENDS[-1])
    return former if former / 4 < end <= former else end


def goodness_end(g_pos, g_neg, threshold, former, *, difference=False):
    """Return where the axis of goodness should end that shows these values and the threshold."""
    shown = np.abs(g_pos - g_neg) if difference else np.concatenate([g_pos, g_neg])
    shown = shown[np.isfinite(shown)]
    most = np.quantile(shown, 0.999) if len(shown) else 0
    return axis_end(max(1.1 * most, 0 if difference else 1.4 * threshold), former)


def line(x, y, role, **look):
    """A line through points `(n,)`; it has a gap where y is not finite. look: width, dash."""
    return {"kind": "line", "x": floats(x), "y": floats(y), "role": role, **look}


def marks(x, y, role, shape="circle", size=6):
    """Marks at points `(n,)`. shape: circle, down, diamond or star."""
    return {
        "kind": "marks",
        "x": floats(x),
        "y": floats(y),
        "role": role,
        "shape": shape,
        "size": size,
    }


def level(at, role, axis="y", **look):
    """A line across the axes. look: dash, width, text, and `follows`, the slider that moves it."""
    return {"kind": "level", "at": float(at), "axis": axis, "role": role, **look}


def bars(values, roles, width=0.8):
    """Bars at 0, 1, 2 ... of these heights `(n,)`, with a role each."""
    places = np.arange(len(values))
    values = np.nan_to_num(numbers(values), nan=0, posinf=0, neginf=0)
    return {
        "kind": "bars",
        "x": floats(places),
        "y": floats(values),
        "roles": list(roles),
        "width": width,
    }


def square(values):
    """Return pixels `(D,)` as a square `(H, W)` of numbers; what is one already stays."""
    values = numbers(values)
    return values if values.ndim == 2 else values.reshape(math.isqrt(len(values)), -1)


def image(values, limits=(0, 1), map="grey"):
    """A picture `(H, W)`, or square `(D,)`, that fills its axes. limits: the ends of the map."""
    values, (low, high) = square(values), limits
    shares = np.clip((np.nan_to_num(values) - low) / ((high - low) or 1), 0, 1)
    pixels = np.rint(255 * shares).astype(np.uint8).tobytes()
    rows, columns = values.shape
    return {"kind": "image", "rows": rows, "columns": columns, "pixels": pixels, "map": map}


def image_axes(box, values, title="", *, over=(), limits=(0, 1), map="grey", **more):
    """Axes that hold an image, in units of its pixels from its upper left corner."""
    values = square(values)
    rows, columns = values.shape
    options = {"x": (0, columns), "y": (rows, 0), "grid": "", "spines": ()} | more
    return axes(box, [image(values, limits, map), *over], title=title, **options)


def goodness_axes(box, g_pos, g_neg, threshold, end, *, difference=False, under=(), **more):
    """Axes with the goodness `(N,)` of positives and negatives, and the threshold.

    end: of the axis. difference: one histogram of g_pos - g_neg around 0 instead. under: series
    behind them.
    """
    shown = (
        [(g_pos - g_neg, "positive")]
        if difference
        else list(zip((g_pos, g_neg), ("positive", "negative")))
    )
    low = -end if difference else 0.0
    counts = [_counts(values, low, end) for values, _ in shown]
    tallest = max(1, max(count.max() for count in counts))
    series = [
        {
            "kind": "histogram",
            "edges": [low, end],
            "heights": floats(count / tallest),
            "role": role,
        }
        for count, (_, role) in zip(counts, shown)
    ]
    follows = {} if difference else {"follows": "threshold"}
    series.append(level(0 if difference else threshold, "ink", "x", dash=DASHED, **follows))
    options = {
        "xlabel": "difference" if difference else "goodness",
        "xticks": ticks(low, end, 4, inner=True),
        "grid": "x",
    }
    return axes(box, [*under, *series], x=(low, end), y=(0, 1.05), **options | more)


def goodness_row(goodness, threshold, former, height, *, difference):
    """A row of `goodness_axes`, one for each layer, and where their axes end.

    goodness: `(2, layers, N)`. former: where they ended before. height: of each, in pixels.
    """
    g_pos, g_neg = numbers(goodness)
    end = goodness_end(g_pos.ravel(), g_neg.ravel(), threshold, former, difference=difference)
    wide = (546 - 16 * len(g_pos)) / len(g_pos)
    row = [
        goodness_axes(
            (30 + layer * (wide + 16), 52, wide, height),
            *pair,
            threshold,
            end,
            difference=difference,
            title=f"Layer {layer + 1}",
            align="left",
            ylabel="" if layer else "validation images",
        )
        for layer, pair in enumerate(zip(g_pos, g_neg))
    ]
    return row, end


def _counts(values, low, high):
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return np.histogram(np.clip(values, low, high), BINS, (low, high))[0]


def legend(at, entries, **look):
    """A legend that begins at `at`. entries: dicts with text, kind, role, and what kind needs.

    kind: fill, mark, band, upright or line. look: `down`, a number of pixels per line, or
    `align="right"`.
    """
    return {"at": at, "entries": entries, **look}


def entry(text, kind, role, **look):
    """An entry of a legend."""
    return {"text": text, "kind": kind, "role": role, **look}


def goodness_legend(at, *, difference=False, names=("positive", "negative"), more=()):
    """What `goodness_axes` shows, and more entries."""
    if difference:
        shown = [entry(f"{names[0]} minus its own {names[1]}", "fill", "positive")]
    else:
        shown = [entry(names[0], "fill", "positive"), entry(names[1], "fill", "negative")]
    line = entry("equal" if difference else "threshold", "upright", "ink", dash=DASHED)
    return legend(at, [*shown, line, *more])
