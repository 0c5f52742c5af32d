"""What a person, or the browser, does with a panel and reads off it; and what a panel may leave."""

import itertools
import re
import threading

import numpy as np
from ipywidgets.widgets import widget
from matplotlib.text import Text

from ffteach.live.shared.css import CLASSES


def alt(panel):
    """The words that stand for the picture."""
    return re.search(r'<img alt="([^"]*)"', panel.picture.value)[1]


def play(panel, ticks):
    """What the browser does while Train is on."""
    for _ in range(ticks):
        panel.clock.value += 1


def plain(state):
    """The state without the times, which differ from run to run."""
    return {name: value for name, value in state.items() if not name.startswith("seconds")}


def burn(*args, **options):
    """Stands for any function that fails."""
    raise RuntimeError("the <disk> is on fire")


BURNT = "RuntimeError: the &lt;disk&gt; is on fire"


def check_classes(panel, controls):
    """Each of the controls, `{class: path}`, has its CSS class, and the table lists these alone."""
    for css, path in controls.items():
        control = panel
        for name in path.split("."):
            control = control[int(name)] if name.isdecimal() else getattr(control, name)
        assert css in control._dom_classes
    in_the_browser = {"ff-canvas", "ff-clear"}
    assert set(CLASSES[type(panel).__name__]) - in_the_browser == set(controls)


def traces(panel, control):
    """How many widgets, artists of the figure, listeners of a control and threads there are."""
    listeners = sum(map(len, control._trait_notifiers["value"].values()))
    artists = len(panel._figure.fig.findobj(include_self=False))
    return np.array([len(widget._instances), artists, listeners, threading.active_count()])


def text_on_text(fig, gap=2):
    """The pairs of texts in a figure that lie upon each other, or nearer than `gap` pixels."""
    fig.canvas.draw()
    ticks = {True: set(), False: set()}  # labels of ticks, by whether they are drawn
    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        drawn = axis._update_ticks()
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            ticks[tick in drawn] |= {tick.label1, tick.label2}
    texts = [
        (text.get_text(), text.get_window_extent(fig.canvas.get_renderer()))
        for text in fig.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in ticks[False]
    ]
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(texts, 2)
        if max(a.x0, b.x0) < min(a.x1, b.x1) + gap and max(a.y0, b.y0) < min(a.y1, b.y1) - 1
    ]


def widgets_left(make, **options):
    """Make a panel and close it; return the panel, and the widgets that it has left open."""
    before = set(widget._instances)
    panel = make(**options)
    panel.close()
    left = [widget._instances[key] for key in set(widget._instances) - before]
    return panel, [one for one in left if not type(one).__name__.endswith(("Layout", "Style"))]
