"""What every live panel shares: a picture, a status, and one lock around all work.

JupyterLab may run a widget's callback on another thread than the cells, even during a cell.
Hence the lock, no pyplot, and no thread of our own.
"""

import html
import threading
from contextlib import contextmanager

import ipywidgets as widgets
from IPython import get_ipython

from ...plots import picture

PATIENCE = 2.0  # seconds that a click waits for a panel that is busy in a cell's `run`
SLIDER = {
    "continuous_update": False,
    "style": {"description_width": "initial"},
    "layout": {"flex": "1 1 240px"},
}
PROJECTOR = 1.5  # how many times larger a presenter's type and picture are
LARGE_TYPE = """<style>.ff-presenter {
    --jp-widgets-font-size: 20px; --jp-ui-font-size1: 20px; --jp-widgets-inline-height: 42px;
    --jp-widgets-inline-width: 480px; --jp-widgets-inline-width-short: 220px;
    --jp-widgets-inline-width-tiny: 110px;
}</style>"""

# Run in the browser with every picture. JupyterLab's one-letter commands, such as d d (delete the
# cell), must not hear keys that are meant for a control; it asks the element that has the focus.
# The handles and number fields of ipywidgets' sliders have no name that a screen reader could
# tell: they get their label's.
ON_PICTURE = """
    const panel = this.closest('.ff-panel'), all = css => panel?.querySelectorAll(css) ?? [];
    for (const e of all('button, input, select, [tabindex], [contenteditable]'))
        e.setAttribute('data-lm-suppress-shortcuts', 'true');
    for (const slider of all('.widget-slider')) {
        const name = slider.querySelector('label').textContent;
        slider.querySelector('.noUi-handle').setAttribute('aria-label', name);
        const field = slider.querySelector('.widget-readout');
        field.setAttribute('role', 'textbox');
        field.setAttribute('aria-label', name + ' as a number');
    }"""
_panels = {}  # cell id -> (execution, the panels that it made)


class Panel:
    """Buttons, the subclass's controls, a picture, a status, and "Print the line".

    A subclass calls `super().__init__(...)` and then `draw()`, and defines
    - `frame()`: return (PNG bytes, alternative text, HTML of the figures below the picture)
    - `settings`: the arguments that make this panel again, without those at their default
    - `state`: all there is to know, as a dict
    - `run(steps)`: do from code what the button does, that many times; return `state`

    buttons, controls: widgets above the picture; below: widgets under it. name: a CSS class.
    size: of the picture, in pixels. presenter: everything `PROJECTOR` times larger, and of the
    controls only those in `essential`.
    """

    def __init__(self, buttons, controls, *, name, size, presenter=False, essential=(), below=()):
        self.presenter = presenter
        self.scale = PROJECTOR if presenter else 1
        self.size = tuple(round(self.scale * length) for length in size)
        self.error = None  # the exception that stopped the panel, if one did
        self._lock = threading.RLock()
        self.line_button = widgets.Button(
            description="Print the line",
            tooltip="The line of Python that makes this panel again, as it is set now",
            layout={"width": "auto"},
        )
        self.picture = widgets.HTML(layout={"margin": "0"})
        self.figures = widgets.HTML(layout={"margin": "0 2px"})
        self.message = widgets.HTML(layout={"margin": "0 2px"})
        self.buttons = widgets.HBox(
            [*buttons, *([] if presenter else [self.line_button])], layout={"flex_flow": "row wrap"}
        )
        self.control_box = widgets.HBox(
            [control for control in controls if not presenter or control in essential],
            layout={"flex_flow": "row wrap", "align_items": "center"},
        )
        self.status = widgets.VBox([self.figures, self.message])
        self.widget = widgets.VBox(
            [self.buttons, self.control_box, self.picture, *below, self.status],
            layout={"max_width": f"{self.size[0]}px"},
        )
        if presenter:
            self.widget.add_class("ff-presenter")
            self.status.children += (widgets.HTML(LARGE_TYPE, layout={"display": "none"}),)
        for widget, css in (
            (self.widget, "ff-panel"),
            (self.widget, name),
            (self.picture, "ff-picture"),
            (self.status, "ff-status"),
            (self.line_button, "ff-line"),
        ):
            widget.add_class(css)
        self.line_button.on_click(lambda button: self.say(self.line, code=True))
        self._replace_former()

    def _repr_mimebundle_(self, **options):
        return self.widget._repr_mimebundle_(**options)

    @property
    def line(self):
        """The line of Python that makes this panel again, as it is set now."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{type(self).__name__}({arguments})"

    def close(self):
        """Take the panel off its page. Running the panel's cell again does this by itself."""
        close_all(self.widget)

    # ---- for the subclass

    def follow(self, control, css, act):
        """Give a control its CSS class; call `act(value)` and draw whenever its value changes."""
        control.add_class(css)
        control.observe(lambda change: self._changed(act, change["new"]), "value")

    def say(self, message, *, role="status", code=False):
        """Show one sentence. role: "status", or "alert" for what went wrong. code: it is Python."""
        self.said = message
        text = html.escape(message)
        self.message.value = f'<div role="{role}">{f"<code>{text}</code>" if code else text}</div>'

    def draw(self):
        """Show how things stand."""
        content, alt, figures = self.frame()
        answer_at_once(self.widget)
        attributes = f'decoding="sync" onload="{ON_PICTURE}"'
        self.picture.value = picture(content, alt, *self.size, attributes=attributes)
        self.figures.value = figures

    def do(self, act):
        """Do what a click asks for, when it may, and show the result, or an exception in words."""
        with self.in_words(), self.alone() as free:
            if free:
                act()
                self.draw()

    def _changed(self, act, value):
        with self.in_words():
            act(value)  # does not wait: a setting acts on the next step, even one of a cell's `run`
            with self.alone() as free:
                if free:
                    self.draw()

    @contextmanager
    def alone(self, patience=PATIENCE):
        """Take the lock and yield True; or False after `patience` seconds of waiting for it."""
        free = self._lock.acquire(timeout=patience)
        try:
            if not free and patience:
                self.say("Busy with a cell: try again when it has finished.")
            yield free
        finally:
            if free:
                self._lock.release()

    @contextmanager
    def in_words(self):
        """Show an exception in the panel; nobody would look for it in JupyterLab's log."""
        try:
            yield
        except Exception as error:
            self.error = error
            self.fail(f"Stopped by an error. {type(error).__name__}: {error}")

    def fail(self, message):
        """Show what went wrong."""
        self.say(message, role="alert")

    def _replace_former(self):
        """Close the panels of an earlier run of this cell: they have lost their place."""
        parent = getattr(get_ipython(), "get_parent", dict)()
        cell = parent.get("metadata", {}).get("cellId")
        execution = parent.get("header", {}).get("msg_id")
        if cell is None:
            return
        former, panels = _panels.get(cell, (None, []))
        if former != execution:
            for panel in panels:
                panel.close()
            panels = []
        _panels[cell] = execution, [*panels, self]


def without_defaults(values):
    """Return those of the settings that are not at their default.

    >>> without_defaults({"seed": (3, 0), "layer": (1, 1)})
    {'seed': 3}
    """
    return {name: value for name, (value, default) in values.items() if value != default}


def answer_at_once(widget):
    """Let clicks on a widget, and on all that it holds, reach Python while a cell still runs.

    JupyterLab sends them to a thread of their own, but ipykernel 7.4.0 hands them to the thread
    that last sent something the other way, which for a panel that a cell has made is the cells'
    own: there they wait for all cells of a Run All. What that ipykernel looks up is replaced;
    where there is nothing to replace, as in 7.3 and before, nothing is done.
    """
    for child in getattr(widget, "children", ()):
        answer_at_once(child)
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = _asked_for


def _asked_for(data, default):
    """The thread that the browser asked for."""
    return default


def close_all(widget):
    """Close a widget and all that it holds."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    widget.close()
