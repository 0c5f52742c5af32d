"""What a person, or the browser, does with a panel and reads off it; and what a panel may leave."""

import threading

import numpy as np
from ipywidgets.widgets import widget

from ffteach.live.shared.css import CLASSES


def alt(panel):
    """The words that stand for the picture."""
    return panel.picture.value["alt"]


def figures(panel):
    """The line of HTML under the buttons."""
    return panel.picture.value["figures"]


def picture(panel):
    """The picture as the browser has it, without the count of the clock and times left."""
    beside = "answers", "figures"
    return {name: value for name, value in panel.picture.value.items() if name not in beside}


def part(panel, title):
    """The axes of the picture whose title begins so."""
    return next(axes for axes in picture(panel)["axes"] if axes["title"].startswith(title))


def series(axes, kind):
    """The series of this kind in axes, in order, their bytes as numbers."""
    return [
        {name: numbers(value) if isinstance(value, bytes) else value for name, value in one.items()}
        for one in axes["series"]
        if one["kind"] == kind
    ]


def numbers(content):
    """What the browser reads from bytes: float32."""
    return np.frombuffer(content, "<f4")


def pixels(axes):
    """The picture that axes hold, from 0 to 255."""
    (image,) = [one for one in axes["series"] if one["kind"] == "image"]
    return np.frombuffer(image["pixels"], np.uint8).reshape(image["rows"], image["columns"])


def histograms(panel):
    """The axes of the layers' goodness."""
    return [axes for axes in picture(panel)["axes"] if series(axes, "histogram")]


def play(panel, ticks):
    """What the browser does while Train is on."""
    for _ in range(ticks):
        asked = panel.picture.value["answers"] + 1
        panel.picture._handle_custom_msg({"ask": asked}, [])


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
    """How many widgets, listeners of a control and threads there are, and how large a picture."""
    listeners = sum(map(len, control._trait_notifiers["value"].values()))
    size = len(repr(picture(panel)))
    return np.array([len(widget._instances), listeners, threading.active_count(), size])


def widgets_left(make, **options):
    """Make a panel and close it; return the panel, and the widgets that it has left open."""
    before = set(widget._instances)
    panel = make(**options)
    panel.close()
    return panel, [widget._instances[key] for key in set(widget._instances) - before]
