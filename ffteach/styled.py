"""Figures in one style that neither changes matplotlib's settings nor relies on them.

rcParams belong to the student, and another thread may be drawing: so each default of the style is
given to matplotlib explicitly, by classes of Axes and Figure whose methods have defaults of ours.
"""

from functools import wraps

from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotParams
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text

from .drawable import SERIES

SIZE, SMALL, FONT = 11, 10, "DejaVu Sans"  # matplotlib comes with this font

TEXT = {
    "fontfamily": FONT,
    "math_fontfamily": "dejavusans",
    "fontsize": SIZE,
    "fontweight": "normal",
    "fontstyle": "normal",
    "color": "black",
    "usetex": False,
}
LINE = {
    "linewidth": 2,
    "markeredgewidth": 1,
    "markersize": 6,
    "antialiased": True,
    "dash_capstyle": "butt",
    "solid_capstyle": "projecting",
}
LEGEND = {
    "frameon": False,
    "labelcolor": "black",
    "numpoints": 1,
    "scatterpoints": 1,
    "markerscale": 1,
    "borderpad": 0.4,
    "labelspacing": 0.5,
    "handlelength": 2,
    "handleheight": 0.7,
    "handletextpad": 0.8,
    "borderaxespad": 0.5,
    "columnspacing": 2,
    "facecolor": "white",
    "edgecolor": "0.8",
    "framealpha": 0.8,
    "fancybox": True,
    "shadow": False,
    "title_fontsize": SIZE,
}
DEFAULTS = {
    "text": TEXT,
    "annotate": TEXT,
    "suptitle": TEXT | {"fontsize": 12},
    "set_title": TEXT | {"fontsize": 12, "loc": "center", "pad": 6},
    "set_xlabel": {"loc": "center", "labelpad": 4},
    "set_ylabel": {"loc": "center", "labelpad": 4},
    "plot": LINE,
    "axvline": LINE,
    "axhline": LINE,
    "errorbar": LINE | {"elinewidth": 2, "capthick": 1, "capsize": 4},
    "stairs": {"antialiased": True},
    "fill_between": {"antialiased": True},
    "bar": {
        "antialiased": True,
        "linewidth": 1,
        "edgecolor": "none",
        "ecolor": "black",
        "error_kw": {"elinewidth": 2, "capthick": 1},
    },
    "imshow": {
        "cmap": "gray",
        "interpolation": "antialiased",
        "origin": "upper",
        "aspect": "equal",
        "resample": True,
    },
    "legend": LEGEND,
}


def _with_defaults(kind, name):
    """Matplotlib's method of this name with the style's defaults."""
    method = getattr(kind, name)

    @wraps(method)
    def styled(self, *args, **options):
        for artist in (Text, Line2D):
            options = normalize_kwargs(options, artist)  # "lw" is "linewidth" ...
        options = {**DEFAULTS[name], **options}
        if name == "legend":
            size = options.pop("fontsize", SMALL)
            options.setdefault("prop", {"family": FONT, "size": size})
        return method(self, *args, **options)

    return styled


def _styled(kind):
    """Give a class of matplotlib's the methods with the style's defaults."""
    for name in DEFAULTS:
        if hasattr(kind, name):
            setattr(kind, name, _with_defaults(kind, name))
    return kind


@_styled
class StyledAxes(Axes):
    """Axes in the project's style."""

    def __init__(self, *args, **options):
        super().__init__(*args, facecolor="white", **options)
        self.set_prop_cycle(color=SERIES)
        self.set_axisbelow(True)
        self.margins(0.05)
        for side, spine in self.spines.items():
            spine.set(edgecolor="black", linewidth=0.8, visible=side in ("left", "bottom"))
        black = {"color": "black", "labelcolor": "black", "labelfontfamily": FONT}
        grid = {"grid_color": "#b0b0b0", "grid_linewidth": 0.8, "grid_alpha": 0.25}
        for which, length, width in (("major", 3.5, 0.8), ("minor", 2, 0.6)):
            self.tick_params(
                which=which,
                direction="out",
                length=length,
                width=width,
                pad=3.5,
                labelsize=SIZE,
                grid_linestyle="-",
                grid_solid_capstyle="projecting",
                **black,
                **grid,
                **dict.fromkeys(("left", "bottom", "labelleft", "labelbottom"), True),
                **dict.fromkeys(("right", "top", "labelright", "labeltop"), False),
            )
        self.grid(True, which="major", axis="both")
        self.grid(False, which="minor", axis="both")
        for axis in (self.xaxis, self.yaxis):
            axis.label.set(**TEXT)
            axis.get_offset_text().set(**TEXT)
        self.set_title("")


@_styled
class StyledFigure(Figure):
    """A figure in the project's style, of `StyledAxes`. size: inches; dpi: pixels in an inch."""

    def __init__(self, size, dpi):
        layout = ConstrainedLayoutEngine(h_pad=0.04167, w_pad=0.04167, hspace=0.02, wspace=0.02)
        white = {"facecolor": "white", "edgecolor": "white", "linewidth": 0, "frameon": True}
        places = SubplotParams(left=0.125, right=0.9, bottom=0.11, top=0.88, wspace=0.2, hspace=0.2)
        super().__init__(figsize=size, dpi=dpi, layout=layout, subplotpars=places, **white)

    def add_subplot(self, *args, **options):
        """Add Axes of ours, unless others are asked for."""
        if not {"axes_class", "projection", "polar"} & set(options):
            options["axes_class"] = StyledAxes
        return super().add_subplot(*args, **options)
