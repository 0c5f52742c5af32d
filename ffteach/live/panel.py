"""What every live panel shares: a clock, a picture, a status, and one lock, so that never two things happen to it at once.

JupyterLab may run a widget's callback on another thread than the cells, even during a cell. Hence: no pyplot, no thread of
our own, a lock around all work; a clock tick that finds the panel busy is dropped, so ticks never queue up.
"""

import html
import threading
from contextlib import contextmanager

import ipywidgets as widgets
from IPython import get_ipython

from ..plots import picture

TICK = 0.08  # seconds of work per tick: most of the time goes into training, and a click is still answered at once
INTERVAL = 40  # milliseconds between two ticks at least; while one is being worked on, the browser holds the next one back
STEPS_AT_ONCE = 10  # in `run`, between two looks at the result: about what a tick does
PATIENCE = 2.0  # seconds that a click waits for a panel that is busy in a cell's `run`

# The handles and number fields of ipywidgets' sliders have no name that a screen reader could tell: give them their label's.
NAME_THE_SLIDERS = (
    "for (const s of this.closest('.ff-panel')?.querySelectorAll('.widget-slider') ?? []) {"
    " const name = s.querySelector('label').textContent, field = s.querySelector('.widget-readout');"
    " s.querySelector('.noUi-handle').setAttribute('aria-label', name);"
    " field.setAttribute('role', 'textbox'); field.setAttribute('aria-label', name + ' as a number'); }"
)
_panels = {}  # cell id -> (execution, the panels that it made)


class Panel:
    """Train/Pause, One step and Reset, the subclass's controls, a picture and a status.

    A subclass calls `super().__init__(...)` and then `draw()`, and defines
    - `advance(seconds=..., steps=...)`: work for so long at most and return the number of steps taken; at the end `stop(message)`, return 0
    - `settle()`: what is worth doing once when the work pauses
    - `restart()`: back to the start, with the present settings
    - `frame()`: return (PNG bytes, alternative text in words, HTML of the figures below the picture)
    - `state`: what there is to know, as a dict

    controls: widgets to stand beside the buttons. name: a CSS class. size: of the picture, in pixels.
    """

    def __init__(self, controls, *, name, size):
        self.size = size
        self.error = None  # the exception that stopped the panel, if one did
        self._lock = threading.RLock()
        self.clock = widgets.Play(min=0, max=10**9, interval=INTERVAL, repeat=True, layout={"display": "none"})
        self.clock._view_count = 0  # have the browser count the pages that show it
        self.train_button = widgets.ToggleButton(description="Train", tooltip="Start or pause", button_style="primary", layout={"width": "90px"})
        self.step_button = widgets.Button(description="One step", tooltip="Pause, and train on one batch", layout={"width": "90px"})
        self.reset_button = widgets.Button(
            description="Reset", tooltip="Back to the untrained network, with these settings", layout={"width": "90px"}
        )
        self.picture = widgets.HTML(layout={"margin": "0"})
        self.figures, self.message = widgets.HTML(layout={"margin": "0 2px"}), widgets.HTML(layout={"margin": "0 2px"})
        self.buttons = widgets.HBox([self.train_button, self.step_button, self.reset_button])
        self.controls = widgets.HBox(controls, layout={"flex_flow": "row wrap", "align_items": "center"})
        self.status = widgets.VBox([self.figures, self.message])
        self.widget = widgets.VBox([self.buttons, self.controls, self.picture, self.status, self.clock], layout={"max_width": f"{size[0]}px"})
        for widget, css in (
            (self.widget, "ff-panel"), (self.widget, name), (self.picture, "ff-picture"), (self.status, "ff-status"),
            (self.train_button, "ff-train"), (self.step_button, "ff-step"), (self.reset_button, "ff-reset"),
        ):  # fmt: skip
            widget.add_class(css)
        self._link = widgets.jslink((self.train_button, "value"), (self.clock, "playing"))
        self.clock.observe(lambda change: self.tick(), "value")
        self.clock.observe(lambda change: self.stop(), "_view_count")  # put on a page or taken off it: no clock without its picture
        self.train_button.observe(self._toggled, "value")
        self.step_button.on_click(lambda button: self._step())
        self.reset_button.on_click(lambda button: self._reset())
        self._replace_former()

    def _repr_mimebundle_(self, **options):
        return self.widget._repr_mimebundle_(**options)

    # ---- without a mouse

    @property
    def running(self):
        """Is the clock running?"""
        return self.train_button.value

    def run(self, steps):
        """Train for `steps` steps, or up to the end, here and now; return `state`. Exceptions are raised, not shown."""
        with self._lock:
            while steps > 0 and (taken := self.advance(steps=min(steps, STEPS_AT_ONCE))):
                steps -= taken
            self.settle()
            self.draw()
            return self.state

    def close(self):
        """Take the panel off its page and stop its clock. Running the panel's cell again does this by itself."""
        self.stop()
        self._link.close()
        for widget in (*self.buttons.children, *self.controls.children, *self.status.children, *self.widget.children, self.widget):
            widget.close()

    # ---- for the subclass

    def follow(self, control, css, act):
        """Give a control its CSS class, and call `act(value)` and draw whenever its value changes."""
        control.add_class(css)
        control.observe(lambda change: self._changed(act, change["new"]), "value")

    def stop(self, message=None):
        """Stop the clock, and if given say why."""
        self.train_button.value = False
        if message:
            self.say(message)

    def say(self, message, *, role="status"):
        """Show one sentence under the picture. role: "status", or "alert" for what went wrong."""
        self.said = message
        self.message.value = f'<div role="{role}">{html.escape(message)}</div>'

    def draw(self):
        """Show how things stand."""
        content, alt, figures = self.frame()
        self.picture.value = picture(content, alt, *self.size, attributes=f'decoding="sync" onload="{NAME_THE_SLIDERS}"')
        self.figures.value = figures

    # ---- what the widgets call

    def tick(self):
        """Work for one tick and show it; do nothing if paused or busy."""
        if self.running:
            with self._in_words(), self._alone(patience=0) as free:
                if free:
                    self.advance(seconds=TICK)
                    self.draw()

    def _toggled(self, change):
        self.train_button.description = "Pause" if self.running else "Train"
        if self.running:
            self.error = None
            self.say("Training.")
            return
        self.say("Paused.")
        with self._in_words(), self._alone() as free:
            if free:
                self.settle()
                self.draw()

    def _step(self):
        self.stop()
        with self._in_words(), self._alone() as free:
            if free:
                self.run(1)

    def _reset(self):
        self.stop()
        with self._in_words(), self._alone() as free:
            if free:
                self.restart()
                self.draw()

    def _changed(self, act, value):
        with self._in_words():
            act(value)  # does not wait: a setting acts on the next step, even one of a cell's `run`
            with self._alone() as free:
                if free:
                    self.draw()

    @contextmanager
    def _alone(self, patience=PATIENCE):
        """Give the one right to work, as True; or False if another thread keeps it for longer than `patience` seconds."""
        free = self._lock.acquire(timeout=patience)
        try:
            if not free and patience:
                self.say("Busy with a cell: try again when it has finished.")
            yield free
        finally:
            if free:
                self._lock.release()

    @contextmanager
    def _in_words(self):
        """Stop the clock at an exception and show it in the panel; nobody would look for it in JupyterLab's log."""
        try:
            yield
        except Exception as error:
            self.error = error
            self.stop()
            self.say(f"Stopped by an error. {type(error).__name__}: {error}", role="alert")

    def _replace_former(self):
        """Close the panels that an earlier run of this notebook cell has made: they have lost their place."""
        parent = getattr(get_ipython(), "get_parent", dict)()
        cell, execution = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id")
        if cell is None:
            return
        former, panels = _panels.get(cell, (None, []))
        if former != execution:
            for panel in panels:
                panel.close()
            panels = []
        _panels[cell] = execution, [*panels, self]
