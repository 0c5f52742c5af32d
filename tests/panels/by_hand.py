"""What a person, or the browser, does with a panel and reads off it; and what a panel may leave."""

import re
import threading

import numpy as np
from ipywidgets.widgets import widget

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


def widgets_left(make, **options):
    """Make a panel and close it; return the panel, and the widgets that it has left open."""
    before = set(widget._instances)
    panel = make(**options)
    panel.close()
    left = [widget._instances[key] for key in set(widget._instances) - before]
    return panel, [one for one in left if not type(one).__name__.endswith(("Layout", "Style"))]
