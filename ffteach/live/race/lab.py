"""The race lab: Forward-Forward beside backpropagation, with a slider for each learning rate."""

import math
import time

import ipywidgets as widgets

from ...data import Digits, load_mnist
from ..shared.controls import LAST_SEED, ROW, parse_widths, rounded, small
from ..shared.pace import Pace
from ..shared.panel import SLIDER, Panel
from ..shared.recipes import check_whole
from .picture import SIZE, end_of_seconds, race_scene
from .race import LOOK, NAMES, Race
from .words import figures, in_a_sentence, outcome

RATES = -5, -1  # the ends of the sliders, powers of ten
MOST_EPOCHS = 30
HELD_OUT = 2000  # validation images, as in lesson 05


class RaceLab(Panel):
    """Train a Forward-Forward network and a backpropagation network on the same batches, in turns.

    widths: of both, the input's and each hidden layer's; backpropagation has ten outputs on top.
    forward_rate, backward_rate: the learning rates (1e-5..0.1). epochs: 1..30. data: `Digits` with
    validation images. seed: of the weights and all draws. presenter: for a projector. Raises
    ValueError for what cannot be shown. `race.py` says what makes the race fair.
    `run(steps)` trains from code; `state` and `race` tell the rest.

    >>> RaceLab(widths=(784, 20)).run(5)["step"]
    5
    """

    SIZE = SIZE

    def __init__(
        self,
        widths=(784, 300, 300),
        *,
        forward_rate=1e-3,
        backward_rate=1e-3,
        epochs=4,
        data=None,
        seed=0,
        presenter=False,
    ):
        check_whole("epochs", epochs, 1, MOST_EPOCHS, "epochs")
        check_whole("seed", seed, 0, LAST_SEED, "a seed")
        for name, rate in (("forward_rate", forward_rate), ("backward_rate", backward_rate)):
            if not isinstance(rate, (int, float)) or not 10 ** RATES[0] <= rate <= 10 ** RATES[1]:
                raise ValueError(f"{name}={rate!r}: expected a number from 1e-05 to 0.1")
        self.data = load_mnist(validation=HELD_OUT) if data is None else data
        if not isinstance(self.data, Digits) or not len(self.data.validation.images):
            raise ValueError(
                "data: expected Digits with validation images, such as load_mnist(validation=2000)"
            )
        hidden = ", ".join(map(str, widths[1:]))
        parse_widths(hidden)
        self._inputs = widths[0]
        self._make_controls(hidden, (forward_rate, backward_rate), epochs, seed)
        now = widgets.HBox([self.forward_rate, self.backward_rate], layout=ROW)
        super().__init__(
            [],
            [now, self._second_row()],
            name="ff-race-lab",
            trains=True,
            presenter=presenter,
            essential=[now],
        )
        self._connect()
        self.restart()
        self.draw()

    def _make_controls(self, hidden, rates, epochs, seed):
        self.forward_rate, self.backward_rate = (
            widgets.FloatLogSlider(
                rate,
                min=RATES[0],
                max=RATES[1],
                step=0.1,
                readout_format=".2g",
                description=f"Rate, {name}",
                tooltip="How far each step goes; each notch is 26 % more",
                **SLIDER,
            )
            for rate, name in zip(rates, NAMES)
        )
        self.epochs = widgets.IntSlider(
            epochs,
            min=1,
            max=MOST_EPOCHS,
            description="Epochs",
            tooltip="How often to go through the training images; raise it at any time to go on",
            **SLIDER,
        )
        self.widths = widgets.Text(
            hidden, description="Widths", continuous_update=False, **small(162)
        )
        self.seed = widgets.BoundedIntText(
            seed, min=0, max=LAST_SEED, description="Seed", **small(130)
        )

    def _second_row(self):
        label = widgets.HTML("<b>With Reset:</b>", layout={"margin": "2px 4px 2px 2px"})
        return widgets.HBox([self.epochs, label, self.widths, self.seed], layout=ROW)

    def _connect(self):
        rates = lambda value: self.race.set_rates(*self._rates)
        for control, css in (
            (self.forward_rate, "ff-forward-rate"),
            (self.backward_rate, "ff-backward-rate"),
        ):
            control.add_class("ff-lr")
            self.follow(control, css, rates)
        self.follow(self.epochs, "ff-epochs", self._aim)
        for control, css in ((self.widths, "ff-widths"), (self.seed, "ff-seed")):
            control.add_class(css)
        self.leave_for_reset(self.widths, self.seed)

    @property
    def _rates(self):
        return rounded(self.forward_rate.value), rounded(self.backward_rate.value)

    @property
    def arguments(self):
        forward, backward = self._rates
        return {
            "widths": (self._inputs, *parse_widths(self.widths.value)),
            "forward_rate": forward,
            "backward_rate": backward,
            "epochs": self.epochs.value,
            "seed": self.seed.value,
        }

    @property
    def training(self):
        return self.race

    @property
    def state(self):
        """All that is shown, as plain numbers, texts and lists; pairs are for both networks."""
        step, errors, seconds = self.race.looks[-1]
        forward = self.race.forward
        return {
            "running": self.running,
            "message": self.said,
            "waiting": self.reset_button.button_style != "",
            "step": self.race.step,
            "epochs_done": self.race.step / forward.steps_per_epoch,
            "epochs": forward.epochs,
            "seconds_left": self.pace.seconds_for(forward.total_steps - self.race.step),
            "learning_rates": self._rates,
            "images": len(self.data.validation.images),
            "look_step": step,  # the step that the errors stand for
            "errors": errors,  # on validation images, 0..1
            "seconds_each": seconds,  # of training
            "lead": self.race.lead,  # of Forward-Forward, and its standard error, 0..1
            "looks": list(self.race.looks),
        }

    def forget(self):
        self.race = self.data = None

    # ---- what a panel does

    def restart(self):
        """Begin again with untrained networks and the present settings."""
        settings = self.arguments
        self._begun_with = {name: settings[name] for name in ("widths", "seed")}
        self.race = Race(
            settings["widths"],
            self.data,
            rates=self._rates,
            epochs=settings["epochs"],
            seed=settings["seed"],
        )
        self.pace, self.finished, self._seconds_end = Pace(), False, 0
        self.reset_button.button_style = ""
        self.say("Nothing trained yet: press Train.")

    def advance(self, seconds, steps):
        end, taken = time.perf_counter() + seconds, 0
        while taken < steps:
            if not self.race.take_step():
                break
            taken += 1
            if self.race.step % LOOK == 0:
                self.race.look()
                break
            if time.perf_counter() >= end:
                break
        if not taken:
            self.finished = True
            self.on_pause()
            epochs = self.race.forward.epochs
            done = "Epoch 1 is" if epochs == 1 else f"All {epochs} epochs are"
            self.stop(f"{done} done. {outcome(self.state)} Raise Epochs to go on.")
            return 0
        self.pace.tick(taken)
        if self.race.step % LOOK == 0 and (diverged := self.race.diverged):
            who = " and ".join(diverged)
            self.stop(f"Diverged: {who}. Lower the learning rate, then press Reset.")
            return 0
        return taken

    def waits(self):
        settings, begun = self.arguments, self._begun_with.items()
        return [name.capitalize() for name, value in begun if settings[name] != value]

    def on_pause(self):
        self.pace.pause()
        self.race.look()

    def scene(self, state):
        total = max(self.race.forward.total_steps, self.race.step)
        self._seconds_end = end_of_seconds(self.race.looks, total, self._seconds_end)
        return race_scene(self.race.looks, total, self._seconds_end)

    def words(self, state):
        done = min(math.floor(state["epochs_done"]) + 1, state["epochs"])
        where = f"Epoch {done} of {state['epochs']}"
        share = min(1, state["epochs_done"] / state["epochs"])
        return in_a_sentence(state), figures(state, where, share)

    def _aim(self, epochs):
        """Train up to `epochs`; if the former target was reached, go on at once."""
        self.race.forward.epochs = epochs
        if self.finished and epochs > self.race.forward.epoch:
            self.finished, self.train_button.value = False, True
