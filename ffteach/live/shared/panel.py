"""What every live panel shares: a picture, a status, a clock, and one lock around all work.

JupyterLab may run a widget's callback on another thread than the cells, even during a cell.
Hence the lock, and no thread of our own.
"""

import html
import inspect
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import ipywidgets as widgets
import torch

from ...at_once import answer_at_once
from .lifetime import close_all, keep, replace_former, show
from .scene import Scene
from .words import waiting_for_reset

PATIENCE = 2.0  # seconds that a click waits for a panel that is busy in a cell's `run`
SHORTEST, LONGEST = 0.04, 0.06  # seconds of work for a picture: a click is still answered at once
SHARE = 0.85  # of a tick's time is for training, as far as these limits allow
IDLE = 0.04  # seconds between two looks at a panel that a cell keeps busy
STEPS_PER_LOOK = 10  # in `run`: about what a tick does
SLIDER = {  # acts when it is let go; those in `follows` also while they are dragged
    "continuous_update": False,
    "style": {"description_width": "initial"},
    "layout": {"flex": "1 1 240px"},
}
BESIDE_PICTURE = "max(260px, 17vw)"  # above and below the picture of a presenter
PROJECTOR = 1.5  # how many times larger a presenter's type and picture are
STYLE = f"<style>{Path(__file__).with_name('panel.css').read_text()}</style>"
COPY = '<button type="button" class="jupyter-button widget-button ff-copy">Copy</button>'
TRAINING = "Training."
STEPPED = "One step: trained on one batch."


class Panel:
    """Buttons with their status, controls, a picture, and "Print the line".

    buttons, controls: widgets above the picture; beside: left of it; below: under it. name: a CSS
    class. trains: with Train/Pause, One step and Reset? presenter: everything `PROJECTOR` times
    larger, and of the controls only those in `essential`. follows: by name the sliders that act
    while they are dragged; a level that `follows` one of them moves at once.

    A subclass calls `super().__init__(...)`, then `draw()`; the hooks are all that it may define.
    """

    SIZE = 840, 400  # pixels of the picture

    # ---- the hooks of all panels

    @property
    def arguments(self):
        """The arguments of the class that make this panel again, by name."""
        return {}

    @property
    def state(self):
        """All there is to know, as a dict of plain numbers, texts and lists."""
        return {}

    def scene(self, state):
        """What the picture shows: axes, legends and texts, as scene.py makes them."""
        return {"axes": []}

    def words(self, state):
        """The picture in a sentence, and the HTML of the figures under the buttons."""
        return "", ""

    def pointed(self, name):
        """The pointer is on the `live` axes of this name, or no more on any: None."""

    def again(self):
        """Do what the button of a panel does that does not train: draw afresh."""

    def forget(self):
        """The panel is closed: let go of what takes memory."""

    # ---- the hooks of those that train; `training` is what they train

    def restart(self):
        """Go back to the start, with the present settings."""

    def advance(self, seconds, steps):
        """Train so long at most; return the steps taken, 0 after the end, with `stop(message)`."""
        return 0

    def before_steps(self):
        """Some steps are about to be taken."""

    def after_steps(self):
        """Some were taken, and nothing went wrong."""

    def on_pause(self):
        """Do what is worth doing once when the work pauses."""

    def waits(self):
        """The names of the settings that wait for Reset. Raises ValueError if they cannot be."""
        return []

    @property
    def unfinished(self):
        """Is there more to do in a pause, a little for each picture?"""
        return False

    def finish(self, seconds):
        """Do so much of it."""

    # ---- how it is made

    def __init__(
        self,
        buttons,
        controls,
        *,
        name,
        trains=False,
        presenter=False,
        essential=(),
        beside=(),
        below=(),
        follows=None,
    ):
        self.presenter, self.trains = presenter, trains
        self.error = None  # the exception that stopped the panel, if one did
        self.said, self.seen, self.closed = "", False, False  # seen: was it ever shown?
        self.still = None  # the HTML of the last picture that was kept
        self._device = torch.get_default_device()  # each thread has one of its own
        self._by_itself = False  # is it the panel that stops the clock, not a person?
        self.steps_per_picture = float("inf")  # at most
        self._lock = threading.RLock()
        self._answered, self._budget = 0, SHORTEST
        self.line_button = self.button(
            "Print the line",
            "The line of Python that makes this panel again, as it is set now",
            lambda: self.say(self.line, code=True),
            "line",
        )
        buttons = [*(self._clock() if trains else ()), *buttons]
        self.message = widgets.HTML(layout={"margin": "0 2px"})
        self.message.add_class("ff-message")
        self.picture = self._scene(follows or {})
        self.buttons = _row(buttons if presenter else [*buttons, self.line_button])
        self.status = widgets.VBox([self.message])
        self.status.add_class("ff-status")
        shown = [control for control in controls if not presenter or control in essential]
        self.control_box = _row(shown)
        desk = _row([*beside, self.picture], align_items="flex-start", grid_gap="0 8px")
        style = widgets.HTML(STYLE, layout={"display": "none"})
        self.widget = widgets.VBox(
            [self.buttons, self.status, self.control_box, desk, *below, style],
            layout=self._width(beside),
        )
        for css in ("ff-panel", name, *(["ff-presenter"] if presenter else [])):
            self.widget.add_class(css)
        self._widgets = [self.widget, *controls, self.line_button]  # and all that they hold
        replace_former(self)

    def button(self, text, tooltip, act, css, **look):
        """Return a button that does something, with the CSS class ff-`css`."""
        button = widgets.Button(
            description=text, tooltip=tooltip, layout={"width": "auto", "min_width": "90px"}, **look
        )
        button.add_class(f"ff-{css}")
        button.on_click(lambda button: act())
        return button

    def _clock(self):
        """The three buttons of a panel that trains."""
        self.train_button = widgets.ToggleButton(
            description="Train",
            tooltip="Start or pause",
            button_style="primary",
            layout={"width": "auto", "min_width": "90px"},  # of one width, whatever it says
        )
        self.train_button.add_class("ff-train")
        self.train_button.observe(lambda change: self._toggled(), "value")
        self.step_button = self.button(
            "One step", "Pause, and train on one batch", self._step, "step"
        )
        self.reset_button = self.button(
            "Reset",
            "Back to the untrained network, with these settings",
            lambda: (self.stop(), self.do(self.restart)),
            "reset",
        )
        return self.train_button, self.step_button, self.reset_button

    def _scene(self, follows):
        partners = {"train": self.train_button, **follows} if self.trains else follows
        picture = Scene(
            fills=self.presenter,
            partners={name: widget.model_id for name, widget in partners.items()},
            layout={"margin": "0", "flex": "1 1 320px"},
        )
        picture.add_class("ff-picture")
        picture._view_count = 0  # have the browser count the views that show it
        picture.observe(lambda change: self._shown(change["new"]), "_view_count")
        picture.on_msg(lambda widget, content, buffers: self._heard(content))
        return picture

    def _width(self, beside):
        """As wide as the picture, and a presenter's so that the rest has room in the window."""
        width, height = self.SIZE
        if beside:
            width += int(beside[0].size / (PROJECTOR if self.presenter else 1)) + 8
        if not self.presenter or beside:
            return {"max_width": f"{width * (PROJECTOR if self.presenter else 1):.0f}px"}
        ratio = width / height
        return {"width": f"min(100%, (100vh - {BESIDE_PICTURE}) * {ratio:.3f})"}

    # ---- how it is used

    def _ipython_display_(self):
        answer_at_once(*self._widgets)
        show(self)

    @property
    def settings(self):
        """The arguments that make this panel again, without those at their default."""
        defaults = inspect.signature(type(self)).parameters
        arguments = {**self.arguments, "presenter": self.presenter}
        return {
            name: value
            for name, value in arguments.items()
            if name not in defaults or value != defaults[name].default
        }

    @property
    def line(self):
        """The line of Python that makes this panel again, as it is set now."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{type(self).__name__}({arguments})"

    @property
    def running(self):
        """Is the clock running?"""
        return self.trains and self.train_button.value

    def run(self, steps):
        """Train for `steps` steps, or press the button that often, and return `state`.

        Training ends with the last epoch at the latest. Exceptions are raised.
        """
        with self._lock:
            if self.trains:
                self._take(steps)
                self.on_pause()
                if self.unfinished:
                    self.finish(float("inf"))
            else:
                for _ in range(steps):
                    self.again()
            self.draw()
            return self.state

    def _take(self, steps):
        self.say(TRAINING)
        left = steps
        while left > 0 and (taken := self.advance(float("inf"), min(left, STEPS_PER_LOOK))):
            left -= taken
        if self.said == TRAINING and not self.running:
            self.say(STEPPED if steps - left == 1 else f"Trained for {steps - left} steps.")

    def stop(self, message=None):
        """Stop the clock, without what a person's pause brings, and if given say why."""
        if self.running:
            self._by_itself = True
            self.train_button.value = False
            self._by_itself = False
        if message:
            self.say(message)

    def close(self):
        """Take the panel off its page, as running its cell again does, and free its memory."""
        with self._lock:
            self.closed = True
            self.stop()
            close_all(*self._widgets)
            self.forget()

    # ---- for the subclass

    def follow(self, control, css, act=lambda value: None):
        """Give a control its CSS class; call `act(value)` and draw whenever its value changes."""
        control.add_class(css)
        control.observe(lambda change: self._changed(act, change["new"]), "value")

    def leave_for_reset(self, *controls):
        """Have these controls change nothing before Reset, and say so, or what is wrong."""
        for control in controls:
            control.observe(self._wait_for_reset, "value")

    def say(self, message, *, role="status", code=False):
        """Show one sentence. role: "status", or "alert" for what went wrong. code: it is Python."""
        self.said = message
        text = html.escape(message)
        text = f"<code>{text}</code> {COPY}" if code else text
        self.message.value = f'<div role="{role}">{text}</div>'

    def draw(self):
        """Show how things stand."""
        state = self.state
        alt, figures = self.words(state)
        self.picture.value = {
            **self.scene(state),
            "size": self.SIZE,
            "alt": alt,
            "figures": figures,
            "answers": self._answered,
            "unfinished": not self.running and self.unfinished,
        }

    def do(self, act):
        """Do what a click asks for, when it may, and show the result, or an exception in words."""
        with self.in_words(), self.alone() as free:
            if free and not self.closed:
                act()
                self.draw()

    def tick(self, ask=0):
        """Work for one tick and show it; do nothing if paused or busy.

        ask: the browser's count; what was answered already, or what another page's view had done,
        is not done again.
        """
        if 0 < ask <= self._answered:
            return self.picture.send({"answers": self._answered})
        self._answered = ask
        with self.in_words(), self.alone(patience=0) as free:
            if free and not (self.running or self.closed or self.error) and self.unfinished:
                self.finish(LONGEST)
                return self.draw()
            if free and self.running and not self.closed:
                started, trained = time.perf_counter(), self.training.seconds
                self.advance(min(self._budget, LONGEST), self.steps_per_picture)
                self.draw()
                trained = self.training.seconds - trained
                beside = time.perf_counter() - started - trained
                wanted = min(LONGEST, max(SHORTEST, beside * SHARE / (1 - SHARE)))
                self._budget += (wanted - self._budget) / 5
                return
        if self.running:
            time.sleep(IDLE)
        self.picture.send({"answers": ask})

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
        """Show an exception in the panel; nobody would look for it in JupyterLab's log.

        Tensors are made where the panel was, whatever thread this is.
        """
        here = torch.get_default_device() == self._device
        try:
            with nullcontext() if here else self._device:
                yield
        except Exception as error:
            self.error = error
            self.stop()
            self.say(f"Stopped by an error. {type(error).__name__}: {error}", role="alert")

    # ---- what the browser says

    def _heard(self, content):
        if "ping" in content:
            self.picture.send({"pong": content["ping"]})
        elif "ask" in content:
            self.tick(content["ask"])
        elif "still" in content:
            keep(self, content["still"])
        else:
            self.do(lambda: self.pointed(content["pointed"]))

    def _shown(self, views):
        """No clock without its picture."""
        self.seen |= bool(views)
        if not views and self.running:
            self.stop("Paused: no page shows this panel any more.")

    def _changed(self, act, value):
        with self.in_words():
            act(value)  # does not wait: a setting acts on the next step, even one of a cell's `run`
            if self.running:
                return  # the next picture shows it
            with self.alone() as free:
                if free and not self.closed:
                    self.draw()

    def _wait_for_reset(self, change):
        try:
            waits = self.waits()
        except ValueError as error:
            change["owner"].value = change["old"]
            return self.say(f"{error} It stays {change['old']}.", role="alert")
        self.reset_button.button_style = "warning" if waits else ""
        self.say(waiting_for_reset(waits))

    def _toggled(self):
        self.train_button.description = "Pause" if self.running else "Train"
        if self.running:
            self.error = None
            self.say(TRAINING)
        elif not self._by_itself:
            self.say("Paused.")
            self.do(self.on_pause)

    def _step(self):
        self.stop()
        self.do(lambda: (self._take(1), self.on_pause()))


def _row(children, **layout):
    return widgets.HBox(
        children, layout={"flex_flow": "row wrap", "align_items": "center", **layout}
    )
