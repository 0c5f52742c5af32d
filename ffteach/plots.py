"""One figure style for lessons and live panels.

Every `draw_...` function draws on the Axes it is given and returns its artists or a small object
with `update`, so that a static figure and a live panel share it. Figures are plain
`matplotlib.figure.Figure` objects: pyplot is not safe in a widget's callback. `show(fig, alt=...)`
displays a picture that a screen reader can read.
"""

import base64
import html
import io

import numpy as np
from IPython.display import HTML
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from PIL import Image

from .checks import check_threshold
from .drawable import (
    CHANCE,
    GOODNESS,  # noqa: F401  for lessons, beside the functions that take it
    NEGATIVE,
    POSITIVE,
    SERIES,
    THRESHOLD,
    mosaic,
    numbers,
    some,
    squares,
)
from .styled import StyledFigure

DIGITS = (*SERIES, "#882255", "#8C6D1F", "#6A6A6A")  # one for each, and their shapes tell, too


def new_figure(rows=1, columns=1, *, size=(7.0, 3.2), dpi=100, mosaic=None, **options):
    """Return `(fig, axes)` in the project's style: one Axes, or an array of them.

    size: inches. mosaic: instead of rows and columns, rows of names as `Figure.subplot_mosaic`
    takes them; axes is then a dict by name. options: as `Figure.subplots`.
    """
    fig = StyledFigure(size, dpi)
    FigureCanvasAgg(fig)
    return fig, fig.subplots(rows, columns, **options) if mosaic is None else fig.subplot_mosaic(
        mosaic, **options
    )


def show(fig, alt):
    """Return the figure as a displayable picture; `alt` says in one sentence what it shows."""
    if not alt:
        raise ValueError("alt is empty: say in one sentence what the picture shows")
    return HTML(picture(png(fig, colours=128), alt, *fig.canvas.get_width_height()))


def in_words(values, form="{:.2f}"):
    """Return a dict of numbers, or of series (their first and last), as words for `alt`.

    >>> in_words({"error": 0.125, "loss": [1, 0.4]})
    'error 0.12, loss 1.00 to 0.40'
    """
    words = []
    for name, value in values.items():
        ends = numbers(value).reshape(-1)
        words.append(
            f"{name} " + " to ".join(form.format(end) for end in ends[:: len(ends) - 1 or 1])
        )
    return ", ".join(words)


def picture(content, alt, width, height, *, attributes=""):
    """Return `<img>` HTML for PNG bytes, at most width x height CSS pixels. attributes: more."""
    data = base64.b64encode(content).decode()
    return (
        f'<img alt="{html.escape(alt, quote=True)}" width="{width}" height="{height}" '
        f'style="max-width:100%; height:auto" {attributes} src="data:image/png;base64,{data}">'
    )


def png(fig, *, colours=None):
    """Return the figure as PNG bytes: fast, or small with a palette of so many colours."""
    fig.canvas.draw()
    return encode(np.asarray(fig.canvas.buffer_rgba())[..., :3], colours=colours)


def encode(pixels, *, colours=None):
    """Return uint8 RGB pixels `(H, W, 3)` as PNG bytes; see `png`."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    content = io.BytesIO()
    if colours:
        image.quantize(colours, dither=Image.Dither.NONE).save(content, "png", optimize=True)
    else:
        image.save(content, "png", compress_level=1)
    return content.getvalue()


def draw_image(ax, image, title="", *, limits=(0, 1), cmap="gray"):
    """Draw one square image `(D,)`, or any `(H, W)`, without ticks and return the artist.

    limits: the values shown black and white.
    """
    image = some("pixels", image, dims=(1, 2))
    image = squares("pixels", image) if image.ndim == 1 else image
    artist = ax.imshow(image, vmin=limits[0], vmax=limits[1], cmap=cmap, interpolation="nearest")
    ax.set_title(title)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return artist


class GoodnessHistogram:
    """Histograms of the goodness of positives and negatives; `update` moves them.

    ax: the Axes; upper: the right end of the goodness axis (fixed, so that a live picture does not
    jump); what is above it is counted in the last bin. The threshold is a line.
    """

    def __init__(
        self, ax, *, upper, bins=40, title="", xlabel="goodness (mean square activity)", lower=0.0
    ):
        self.edges = np.linspace(lower, upper, bins + 1)
        empty = np.zeros(bins)
        bars = {"fill": True, "edgecolor": "black", "linewidth": 0}  # black: of the hatching
        self.pos = ax.stairs(empty, self.edges, facecolor=(POSITIVE, 0.6), label="positive", **bars)
        bars["hatch"] = "//"
        self.neg = ax.stairs(empty, self.edges, facecolor=(NEGATIVE, 0.6), label="negative", **bars)
        self.line = ax.axvline(lower, color=THRESHOLD, linestyle="--", label="threshold")
        self.title = ax.set_title(title)
        ax.set(xlim=(lower, upper), ylim=(0, 0.5), xlabel=xlabel, ylabel="share of the images")
        self.ax = ax

    def update(self, g_pos, g_neg, threshold=None):
        """Show goodness values `(N,)`, `(M,)`, and the threshold (None = no line)."""
        for stairs, values in ((self.pos, g_pos), (self.neg, g_neg)):
            values = np.nan_to_num(numbers(values), nan=self.edges[0], posinf=self.edges[-1])
            counts = np.histogram(np.clip(values, self.edges[0], self.edges[-1]), self.edges)[0]
            stairs.set_data(counts / max(1, len(values)))
        self.line.set_visible(threshold is not None)
        if threshold is not None:
            self.line.set_xdata([threshold, threshold])


def draw_goodness(ax, g_pos, g_neg, threshold=None, *, title="", upper=None, legend=True):
    """Draw the goodness of positives `(N,)` and negatives `(M,)` as a `GoodnessHistogram`."""
    options = {"finite": True, "dims": (1,)}
    both = np.concatenate([some("goodness values", g, **options) for g in (g_pos, g_neg)])
    if threshold is not None:
        check_threshold(threshold)
    upper = upper or max(1.1 * np.quantile(both, 0.999), 1.2 * (threshold or 0), 1e-3)
    histogram = GoodnessHistogram(ax, upper=upper, title=title)
    histogram.update(g_pos, g_neg, threshold)
    ax.set_ylim(
        0,
        1.1
        * max(0.05, *(stairs.get_data().values.max() for stairs in (histogram.pos, histogram.neg))),
    )
    if legend:
        ax.legend()
    return histogram


def draw_lines(
    ax,
    x,
    series,
    *,
    xlabel,
    ylabel,
    title="",
    logx=False,
    logy=False,
    legend=True,
    measured=None,
    colours=SERIES,
):
    """Draw a line for each entry of `series`, a dict from name to y values, and return the lines.

    y values: `(n,)` or, over K seeds, `(K, n)` (mean and range). measured: a dict from some of
    these names to measured y values `(n,)`, drawn as open circles; the lines then have no markers.
    colours: one for each line, such as `GOODNESS` for positives, negatives and threshold.
    """
    lines, x = [], numbers(x)
    styles = ("-o", "--s", "-.^", ":D", "-v", "--P", "-.X")
    _check_told_apart(series, min(len(styles), len(colours)))
    for style, colour, (name, y) in zip(styles, colours, series.items()):
        y = np.atleast_2d(numbers(y))
        _check_as_many("x", x, f"y of {name!r}", y.T)
        options = {"color": colour, "markersize": 4 if len(x) <= 40 else 0}
        lines += ax.plot(x, y.mean(axis=0), style, label=name, **options)
        if len(y) > 1:
            ax.fill_between(
                x, y.min(axis=0), y.max(axis=0), color=lines[-1].get_color(), alpha=0.2, linewidth=0
            )
    for name, line in zip(series, lines) if measured else ():
        line.set_marker("")
        if name in measured:
            options = {
                "color": line.get_color(),
                "markersize": 7,
                "markerfacecolor": "white",
                "markeredgewidth": 2,
            }
            ax.plot(x, numbers(measured[name]), "o", **options)
    if measured:  # black, so that the legend's circle belongs to no line
        ax.plot([], [], "o", **options | {"color": THRESHOLD}, label="measured")
    ax.set(
        xlabel=xlabel,
        ylabel=ylabel,
        title=title,
        xscale="log" if logx else "linear",
        yscale="log" if logy else "linear",
    )
    if legend and (measured or len(series) > 1):
        ax.legend()
    return lines


def _check_as_many(name, values, other_name, others):
    """Raise ValueError unless both have a length, and the same."""
    counts = [_count(part) for part in (values, others)]
    if None in counts or counts[0] != counts[1]:
        raise ValueError(
            f"{name} and {other_name} have {counts[0]} and {counts[1]} values: as many are needed"
        )


def _count(values):
    """Return how many values there are, or None for what has no length, such as a 0-d tensor."""
    try:
        return len(values)
    except TypeError:
        return None


def _check_told_apart(series, most):
    """Raise ValueError unless there are series to draw, and no more than styles to tell apart."""
    if not 0 < len(series) <= most:
        raise ValueError(f"there are {len(series)} series: from 1 to {most} can be told apart")


def draw_bars(
    ax,
    names,
    values,
    *,
    ylabel,
    title="",
    chance=None,
    colours=None,
    show_values="{:.1f}",
    reference=None,
):
    """Draw a bar for each name and return the bars.

    values: `(n,)` or, over K seeds, `(K, n)` (mean, with the range as a whisker). chance: height of
    a dotted line for guessing. colours: one for each bar. show_values: format of the number on each
    bar, or None. reference: `(name, values)` to compare with, drawn as a black mark at each bar.
    """
    values = np.atleast_2d(some("values", values, dims=(1, 2)))
    mean = values.mean(axis=0)
    _check_as_many("names", names, "values", mean)
    whisker = (
        np.stack([mean - values.min(axis=0), values.max(axis=0) - mean])
        if len(values) > 1
        else None
    )
    bars = ax.bar(
        range(len(mean)), mean, color=colours or SERIES[0], yerr=whisker, capsize=4, width=0.7
    )
    ax.set_xticks(range(len(mean)), names)
    ax.set(ylabel=ylabel, title=title)
    ax.grid(False, axis="x")
    if show_values:
        frame = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # above lines and marks
        texts = [show_values.format(value) for value in mean]
        place = "edge" if reference is None else "center"  # a mark may stand at the bar's end
        ax.bar_label(bars, texts, padding=3, fontsize=10, zorder=4, bbox=frame, label_type=place)
        ax.margins(y=0.15)
    if chance is not None:
        ax.axhline(chance, color=CHANCE, linestyle=":", label="guessing")
    if reference is not None:
        name, heights = reference
        ax.plot(
            range(len(mean)),
            numbers(heights),
            "_",
            color=THRESHOLD,
            markersize=16,
            markeredgewidth=3,
            label=name,
        )
        ax.margins(y=0.3)  # room for the legend
    if chance is not None or reference is not None:
        ax.legend()
    return bars


def draw_dots(
    ax, names, values, errors=None, *, xlabel, title="", logx=False, show_values="{:.1f}"
):
    """Draw a dot for each name, the first one on top.

    values: `(n,)` or, over K seeds, `(K, n)` (mean, and each seed as an open circle). errors: half
    the length of the bar through each dot, `(n,)`, such as standard errors. show_values: format of
    the number beside each dot, or None.
    """
    values = np.atleast_2d(some("values", values, dims=(1, 2)))
    mean, places = values.mean(axis=0), np.arange(values.shape[1])
    _check_as_many("names", names, "values", mean)
    errors = None if errors is None else numbers(errors)
    if errors is not None:
        _check_as_many("errors", errors, "values", mean)
        if (errors < 0).any():
            raise ValueError(f"errors hold {errors.min():g}, expected lengths of at least 0")
    ax.errorbar(
        mean,
        places,
        xerr=errors,
        fmt="o",
        color=SERIES[0],
        markersize=6,
        capsize=4,
    )
    for seed in values if len(values) > 1 else ():
        ax.plot(
            seed,
            places,
            "o",
            color=SERIES[1],
            markersize=9,
            markerfacecolor="none",
            markeredgewidth=1.2,
        )
    for value, place in zip(mean, places) if show_values else ():
        ax.annotate(
            show_values.format(value),
            (value, place),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=10,
        )
    ax.set(
        xlabel=xlabel,
        title=title,
        ylim=(places[-1] + 0.5, -0.8),
        xscale="log" if logx else "linear",
    )
    ax.set_yticks(places, names)
    if logx:
        ticks = [
            tick
            for tick in (1, 2, 3, 5, 10, 20, 30, 50, 90)
            if 0.9 * values.min() <= tick <= 1.1 * values.max()
        ]
        ax.set_xticks(ticks, ticks)
        ax.set_xticks([], minor=True)


def draw_matrix(ax, matrix, *, xlabel, ylabel, title="", numbers_in_cells=True, names=None):
    """Draw a matrix as shaded cells with their numbers, darker = larger; return the artist."""
    matrix = some("cells", matrix, dims=(2,))
    artist = ax.imshow(matrix, cmap="Blues", vmin=0)
    ax.grid(False)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.set_xticks(range(matrix.shape[1]), names if names is not None else range(matrix.shape[1]))
    ax.set_yticks(range(matrix.shape[0]), names if names is not None else range(matrix.shape[0]))
    if numbers_in_cells:
        for (row, column), value in np.ndenumerate(matrix):
            dark = value > matrix.max() / 2
            ax.text(
                column,
                row,
                f"{value:g}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "black",
            )
    return artist


def draw_histograms(
    ax, series, *, xlabel, ylabel="share of the images", title="", bins=40, limits=None
):
    """Draw `series`, a dict from name to values `(n,)`, as outlined histograms over shared bins."""
    _check_told_apart(series, 4)
    options = {"finite": True, "dims": (1,)}
    series = {name: some(f"values of {name!r}", v, **options) for name, v in series.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(series.values())), bins, limits)
    artists = []
    for style, (name, values) in zip(("-", "--", "-.", ":"), series.items()):
        shares = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
        artists.append(
            ax.stairs(
                shares, edges, linestyle=style, color=SERIES[len(artists)], linewidth=2, label=name
            )
        )
    tallest = max(artist.get_data().values.max() for artist in artists)
    ax.set(
        xlabel=xlabel, ylabel=ylabel, title=title, ylim=(0, 1.35 * tallest)
    )  # room for the legend
    ax.legend(loc="upper left")
    return artists


def draw_graph(ax, boxes, arrows, *, title="", limits=(-0.5, 3.5, -0.4, 1.4), images=None):
    """Draw boxes and arrows.

    boxes: a dict from text to place (x, y). arrows: a list of (from, to, kind), with kind "forward"
    (solid, straight) or "gradient" (dashed, bent). limits: left, right, bottom and top of the
    picture. images: a dict from some of the texts to images `(784,)`, drawn instead of the text.
    """
    frame = {
        "boxstyle": "round,pad=0.4",
        "facecolor": "white",
        "edgecolor": "black",
        "linewidth": 1,
    }
    frame_of_image = {"edgecolor": "black", "linewidth": 1}
    patches = {}
    for name, place in boxes.items():
        if name in (images or {}):
            pixels = squares("pixels", images[name]).clip(0, 1)
            zoom = 2.3 * 28 / len(pixels)
            picture = OffsetImage(pixels, zoom=zoom, cmap="gray", interpolation="nearest")
            patches[name] = ax.add_artist(
                AnnotationBbox(picture, place, pad=0, bboxprops=frame_of_image)
            ).patch
        else:
            text = ax.text(*place, name, ha="center", va="center", bbox=dict(frame))
            patches[name] = text.get_bbox_patch()
    styles = {
        "forward": {"color": THRESHOLD, "linestyle": "-", "connectionstyle": "arc3,rad=0"},
        "gradient": {"color": SERIES[1], "linestyle": "--", "connectionstyle": "arc3,rad=0.35"},
    }
    for start, end, kind in arrows:
        ends = {"patchA": patches[start], "patchB": patches[end], "shrinkA": 1, "shrinkB": 1}
        style = {"arrowstyle": "-|>", "linewidth": 2, **styles[kind], **ends}
        ax.annotate("", boxes[end], boxes[start], arrowprops=style)
    ax.set(xlim=limits[:2], ylim=limits[2:], title=title)
    ax.axis("off")


def draw_two_passes(axes, positive, negative):
    """Draw Forward-Forward as a graph: on the two Axes the pass of a positive and of a negative.

    positive, negative: images `(784,)` with their label, pixels above 1 shown white.
    """
    for ax, image, kind, words, wish in (
        (axes[0], positive, "positive", "the true label", "raise"),
        (axes[1], negative, "negative", "a wrong label", "lower"),
    ):
        goodness = {f"{wish}\ngoodness {layer}": (1.15 * layer, 1) for layer in (1, 2)}
        layers = {f"layer {layer}": (1.15 * layer, 0) for layer in (1, 2)}
        arrows = [(kind, "layer 1", "forward"), ("layer 1", "layer 2", "forward")]
        for layer, its_goodness in zip(layers, goodness):
            arrows += [(layer, its_goodness, "forward"), (its_goodness, layer, "gradient")]
        draw_graph(
            ax,
            {kind: (0.05, 0), **layers, **goodness},
            arrows,
            title=f"{kind} pass: {words}",
            limits=(-0.3, 2.8, -0.5, 1.5),
            images={kind: image},
        )
        ax.text(1.725, -0.3, "rescaled", ha="center", fontsize=10)


def draw_points(ax, points, labels, *, title="", size=6, alpha=0.8):
    """Draw points `(N, 2)` as the digits `(N,)` that they stand for, in colours of their own."""
    points, labels = some("points", points, dims=(2,)), some("labels", labels, dims=(1,))
    _check_as_many("points", points, "labels", labels)
    if points.shape[1] != 2:
        raise ValueError(f"points have shape {points.shape}, expected (N, 2)")
    lines = []
    for digit in range(10):
        options = {
            "marker": f"${digit}$",
            "color": DIGITS[digit],
            "markersize": size,
            "alpha": alpha,
            "markeredgewidth": 0.2,
        }
        lines += ax.plot(*points[labels == digit].T, linestyle="", **options)
    ax.set(title=title, xticks=[], yticks=[])
    return lines


def draw_mosaic(ax, rows_of_weights, *, columns=16, title="", cmap="RdBu_r", limits=(-1, 1)):
    """Draw weight vectors `(U, D)` as ONE picture of square tiles, each with its own scale.

    Red is above 0, blue below. For digits instead of weights: `cmap="gray", limits=(0, 1)`.
    """
    return draw_image(ax, mosaic(rows_of_weights, columns), title, limits=limits, cmap=cmap)
