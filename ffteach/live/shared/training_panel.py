"""A panel in which something trains: a clock that works as long as Train is on.

A tick that finds the panel busy is dropped, so ticks never queue up and Pause answers at once.
"""

import ipywidgets as widgets

from .panel import Panel

TICK = 0.08  # seconds of work per tick: mostly training, and a click is still answered at once
INTERVAL = 40  # milliseconds between ticks, at least; during one the browser holds the next back
BUTTON = {"width": "auto", "min_width": "90px"}  # of one width, whatever it says
STEPS_PER_LOOK = 10  # in `run`: about what a tick does


class TrainingPanel(Panel):
    """A `Panel` with Train/Pause, One step and Reset; `run(steps)` trains from code.

    A subclass further defines
    - `advance(seconds=..., steps=...)`: work for so long at most and return the number of steps
      taken; at the end `stop(message)`, return 0
    - `settle()`: what is worth doing once when the work pauses
    - `restart()`: back to the start, with the present settings

    buttons: more of them. controls, name, size, options: as for `Panel`.
    """

    def __init__(self, controls, *, name, size, buttons=(), **options):
        self.clock = widgets.Play(
            min=0, max=10**9, interval=INTERVAL, repeat=True, layout={"display": "none"}
        )
        self.clock._view_count = 0  # have the browser count the pages that show it
        self.train_button = widgets.ToggleButton(
            description="Train", tooltip="Start or pause", button_style="primary", layout=BUTTON
        )
        self.step_button = widgets.Button(
            description="One step", tooltip="Pause, and train on one batch", layout=BUTTON
        )
        self.reset_button = widgets.Button(
            description="Reset",
            tooltip="Back to the untrained network, with these settings",
            layout=BUTTON,
        )
        super().__init__(
            [self.train_button, self.step_button, self.reset_button, *buttons],
            controls,
            name=name,
            size=size,
            **options,
        )
        self.widget.children += (self.clock,)
        for button, css in (
            (self.train_button, "ff-train"),
            (self.step_button, "ff-step"),
            (self.reset_button, "ff-reset"),
        ):
            button.add_class(css)
        self._link = widgets.jslink((self.train_button, "value"), (self.clock, "playing"))
        self.clock.observe(lambda change: self.tick(), "value")
        # put on a page or taken off it: no clock without its picture
        self.clock.observe(lambda change: self.stop(), "_view_count")
        self.train_button.observe(lambda change: self._toggled(), "value")
        self.step_button.on_click(lambda button: self._step())
        self.reset_button.on_click(lambda button: self._reset())

    @property
    def running(self):
        """Is the clock running?"""
        return self.train_button.value

    def run(self, steps):
        """Train for `steps` steps, or up to the end, and return `state`; exceptions are raised."""
        with self._lock:
            while steps > 0 and (taken := self.advance(steps=min(steps, STEPS_PER_LOOK))):
                steps -= taken
            self.settle()
            self.draw()
            return self.state

    def close(self):
        """Stop the clock, and take the panel off its page, as running its cell again does."""
        self.stop()
        self._link.close()
        super().close()

    def stop(self, message=None):
        """Stop the clock, and if given say why."""
        self.train_button.value = False
        if message:
            self.say(message)

    def fail(self, message):
        """Stop the clock and show what went wrong."""
        self.stop()
        super().fail(message)

    def tick(self):
        """Work for one tick and show it; do nothing if paused or busy."""
        if self.running:
            with self.in_words(), self.alone(patience=0) as free:
                if free:
                    self.advance(seconds=TICK)
                    self.draw()

    def _toggled(self):
        self.train_button.description = "Pause" if self.running else "Train"
        if self.running:
            self.error = None
            self.say("Training.")
        else:
            self.say("Paused.")
            self.do(self.settle)

    def _step(self):
        self.stop()
        self.do(lambda: self.run(1))

    def _reset(self):
        self.stop()
        self.do(self.restart)
