"""A panel in which a network learns: what the labs share, from the data to the end of the last epoch."""

import math
import time

import torch

from ..training import train
from .knobs import rounded
from .pace import Pace
from .panel import close_all
from .training_panel import TrainingPanel
from .training_words import conclusion, diagnose

HELD_OUT = 0.1  # share of the training images that become validation images where the recipe holds out none


class LearningPanel(TrainingPanel):
    """A `TrainingPanel` around a `Training`: three sliders act on its next step, other controls wait for Reset.

    A subclass sets `recipe`, `_given_data` (or None) and `knobs`, a `LearningKnobs`, and defines
    - `restart()`: call `begin()`, make `watch` and show it
    - `look(everything)`: have `watch` look at the network, at all validation images or at as many as a tick can bear
    - `set_off()`, `arrive()`: what is to be done before some steps, and after them if nothing went wrong
    `watch` has `accuracy` (0..1 or None), `finite` and `dead`, see `Watch`. CURE: what helps after a failed training, in words.
    """

    CURE = "press Reset"

    def connect(self):
        """Say what each control does."""
        knobs = self.knobs
        self.threshold, self.learning_rate, self.epochs = (
            knobs.threshold,
            knobs.learning_rate,
            knobs.epochs,
        )
        self.follow(
            knobs.threshold,
            "ff-threshold",
            lambda value: setattr(self.training, "threshold", rounded(value)),
        )
        self.follow(
            knobs.learning_rate,
            "ff-lr",
            lambda value: setattr(self.training, "learning_rate", rounded(value)),
        )
        self.follow(knobs.epochs, "ff-epochs", self.aim)
        for control in knobs.waiting:
            control.observe(self._wait_for_reset, "value")
        knobs.reveal.on_click(lambda button: self.do(self.reveal))

    def load(self, seed):
        """Have the data that go with this seed."""
        self.seed, recipe = seed, self.recipe
        if self._given_data is not None:
            self.data = self._given_data
        elif not hasattr(self, "data") or recipe.train_images is not None:
            self.data = recipe.but(validation_share=recipe.validation_share or HELD_OUT).load_data(
                seed=seed
            )
        if not len(self.data.validation.images):
            raise ValueError(
                "this panel shows accuracy on held-out images: load_mnist(..., validation=1000)"
            )

    def begin(self):
        """Make the network and the `Training` anew as the controls say; return the untrained network."""
        knobs = self.knobs
        self.recipe = knobs.chosen(self.recipe)
        if knobs.seed.value != self.seed:
            self.load(knobs.seed.value)
        net = self.recipe.network(seed=self.seed, device=self.data.train.images.device)
        self.training = train(net, self.data, self.recipe, seed=self.seed)
        knobs.fit(self.recipe)
        self.pace, self.trouble, self.loss = Pace(), None, None
        self.revealed, self.finished = (None, None), False  # at which step, and what
        self.reset_button.button_style = ""
        return net

    def advance(self, seconds=math.inf, steps=math.inf):
        """Train for so long, up to the end of an epoch, and look at the result; return the number of steps taken, 0 at the end."""
        end, stats = time.perf_counter() + seconds, []
        self.set_off()
        for record in self.training:
            stats.append(record.stats)
            if record.epoch_done or len(stats) >= steps or time.perf_counter() >= end:
                break
        if not stats:
            self.finished = True
            self.stop(self.conclude())
            return 0
        stats = torch.stack(stats)
        self.loss = stats.mean(dim=0)[0].tolist()
        self.look(everything=record.epoch_done)
        self.pace.tick(len(stats))
        trouble = diagnose(stats, self.watch, cure=self.CURE)
        if trouble:
            self.trouble, message, hopeless = trouble
            if hopeless:
                self.stop()
            self.say(message)
            return 0 if hopeless else len(stats)
        self.arrive()
        return len(stats)

    def set_off(self):
        """Nothing is to be done before a step."""

    def arrive(self):
        """Nor after it."""

    def conclude(self):
        """What to say when all epochs are done."""
        return conclusion(self.training.epochs, self.watch.accuracy, None)

    def settle(self):
        """In a pause: look at all validation images."""
        self.pace.pause()
        self.look(everything=True)

    def aim(self, epochs):
        """Train up to `epochs`; if the former target was reached, go on at once."""
        self.training.epochs = epochs
        if self.finished and epochs > self.training.epoch:
            self.finished, self.train_button.value = False, True

    def waits(self):
        """Does a control wait for Reset? Raises ValueError, in words, if what it says cannot be."""
        return self.knobs.differ(self.recipe, self.seed)

    @property
    def progress(self):
        """Where the training stands, the part of `state` that all labs have; goodness and loss are means, one number for each layer."""
        training, (g_pos, g_neg) = self.training, self.watch.goodness.mean(dim=2).tolist()
        return {
            "running": self.running,
            "message": self.said,
            "trouble": self.trouble,  # None, "diverged" or "dead"
            "waiting": self.reset_button.button_style != "",  # do some settings wait for Reset?
            "step": training.step,
            "epochs_done": training.step / training.steps_per_epoch,
            "epochs": training.epochs,
            "seconds": training.seconds,
            "seconds_left": self.pace.seconds_for(training.total_steps - training.step),
            "threshold": training.threshold,
            "learning_rate": training.learning_rate,
            "goodness_pos": g_pos,
            "goodness_neg": g_neg,
            "loss": self.loss,  # over the batches since the last look; None before the first step
            "accuracy": self.watch.accuracy,  # on validation images, 0..1
        }

    @property
    def where(self):
        """The layer, if one learns after the other, and the epoch, in words; and how many epochs the time axis is to show."""
        training = self.training
        layer = (
            f"Layer {training.phase + 1}, epoch" if self.recipe.schedule == "greedy" else "Epoch"
        )
        where = f"{layer} {min(training.epoch + 1, training.epochs)} of {training.epochs}"
        return where, max(training.total_steps, training.step) / training.steps_per_epoch

    def close(self):
        """Take the panel off its page, stop its clock, and let go of network and data. Running its cell again does this by itself."""
        super().close()
        for row in (*self.knobs.rows, *self.knobs.waiting, self.line_button):
            close_all(row)
        with self._lock:
            self.training = self.data = self.watch = self._given_data = None

    def _wait_for_reset(self, change):
        """A setting that needs a restart was changed: say so, or what is wrong with it."""
        try:
            waits = self.waits()
        except ValueError as error:
            change["owner"].value = change["old"]
            return self.say(f"{error} It stays {change['old']}.", role="alert")
        self.reset_button.button_style = "warning" if waits else ""
        what = change["owner"].description
        self.say(
            f"{what} needs a new network: it waits for Reset."
            if waits
            else "Nothing waits for Reset any more."
        )
