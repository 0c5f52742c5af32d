"""A panel in which a network learns: from the data to the end of the last epoch."""

import time

import torch

from ...data import Digits
from ...training import train
from .controls import LAST_SEED, rounded
from .pace import Pace
from .panel import Panel
from .recipes import LARGEST_BATCH, check_whole, for_panel
from .words import TESTED, conclusion, diagnose

WHOLE = 15  # an epoch ends with a look at all, once so many times their number were trained on
VALIDATION_SHARE = 0.1  # of the training images, where the recipe itself holds out none


class LearningPanel(Panel):
    """A `Panel` around a `Training`: three sliders act at once, the rest waits for Reset.

    A subclass sets `recipe`, `_given_data` (or None) and `controls`, calls `connect()`, and further
    defines
    - `restart(recipe=None)`: call `begin(recipe)`, make `watch` and show it
    - `look(everything)`: have `watch` look at all validation images, or at a tick's share
    - `test()`: return the error on the test images, or several
    `watch` has `accuracy`, `finite` and `dead`. CURE: what helps after a failed training.
    """

    CURE = "press Reset"

    def connect(self):
        """Say what each control does."""
        controls = self.controls
        self.threshold = controls.threshold
        self.learning_rate = controls.learning_rate
        self.epochs = controls.epochs
        set_now = lambda name: lambda value: setattr(self.training, name, rounded(value))
        self.follow(controls.threshold, "ff-threshold", set_now("threshold"))
        self.follow(controls.learning_rate, "ff-lr", set_now("learning_rate"))
        self.follow(controls.epochs, "ff-epochs", self.aim)
        self.leave_for_reset(*controls.waiting)
        controls.reveal.on_click(lambda button: self.do(self.reveal))

    def load(self, seed):
        """Have the data that go with this seed."""
        check_whole("seed", seed, 0, LAST_SEED, "a seed")
        self.seed, recipe, given = seed, self.recipe, self._given_data
        if given is not None:
            if not isinstance(given, Digits):
                raise TypeError(
                    f"data is {type(given).__name__}, expected Digits with held-out images, such "
                    "as load_mnist(validation=1000)"
                )
            self.data = given
        elif not hasattr(self, "data") or recipe.train_images is not None:
            share = recipe.validation_share or VALIDATION_SHARE
            self.data = recipe.but(validation_share=share).load_data(seed=seed)
        if not len(self.data.validation.images):
            raise ValueError(
                "this panel shows accuracy on held-out images: load_mnist(..., validation=1000)"
            )

    def begin(self, recipe=None):
        """Make network and `Training` as the controls, or a recipe, say; return the network."""
        self.recipe = recipe or self.controls.chosen(self.recipe)
        if self.controls.seed.value != self.seed:
            self.load(self.controls.seed.value)
        net = self.recipe.network(seed=self.seed, device=self.data.train.images.device)
        self.training = train(net, self.data, self.recipe, seed=self.seed)
        self.controls.fit(self.recipe)
        self._begun_with = self.controls.what_waits()
        self.pace, self.trouble, self.loss = Pace(), None, None
        self.seen_all = 0  # the step after which all validation images were looked at
        self.revealed, self.finished = (None, None), False  # at which step, and what
        self.reset_button.button_style = ""
        return net

    def open_run(self, training):
        """Go on with a training that was saved. Raises ValueError if the panel cannot show it."""
        recipe = training.recipe
        if for_panel(recipe, hybrids=self.recipe.negatives == "hybrids") != recipe:
            raise ValueError(
                "This run has a learning rate that falls by itself, or batches of more than "
                f"{LARGEST_BATCH}: a panel cannot go on with it."
            )
        self.stop()
        self.finished = False
        self.controls.set(recipe)
        self.controls.seed.value = training.seed  # of the untrained network, too
        self.restart(recipe)  # as exact as it was: sliders round
        self.training.load_state_dict(training.state_dict())
        self.controls.set_now(training)
        for name in ("threshold", "learning_rate", "epochs", "frozen"):  # as exact as they were
            setattr(self.training, name, getattr(training, name))
        self._see(everything=True)

    def advance(self, seconds, steps):
        """Train so long, or to an epoch's end; look; return the steps taken, 0 at the end."""
        end, stats = time.perf_counter() + seconds, []
        self.before_steps()
        for record in self.training:
            stats.append(record.stats)
            if record.epoch_done or len(stats) >= steps or time.perf_counter() >= end:
                break
        if not stats:
            self.finished = True
            self.on_pause()
            self.stop(self.conclude())
            return 0
        stats = torch.stack(stats)
        self.loss = stats.mean(dim=0)[0].tolist()
        trained = (record.step - (self.seen_all or 0)) * self.recipe.batch_size
        enough = trained >= WHOLE * len(self.data.validation.images)
        self._see(everything=record.epoch_done and enough)
        self.pace.tick(len(stats))
        trouble = diagnose(stats, self.watch, cure=self.CURE)
        if trouble:
            self.trouble, message, hopeless = trouble
            if hopeless:
                self.stop()
            self.say(message)
            return 0 if hopeless else len(stats)
        self.after_steps()
        return len(stats)

    def conclude(self):
        """What to say when all epochs are done."""
        return conclusion(self.training.epochs, self.watch.accuracy, None)

    def on_pause(self):
        """In a pause: look at all validation images, unless that has just been done."""
        self.pace.pause()
        if self.seen_all != self.training.step:
            self._see(everything=True)

    def _see(self, everything):
        if everything:
            self.seen_all = self.training.step
        self.look(everything=everything)

    def aim(self, epochs):
        """Train up to `epochs`; if the former target was reached, go on at once."""
        self.training.epochs = epochs
        if self.finished and epochs > self.training.epoch:
            self.finished, self.train_button.value = False, True

    def reveal(self):
        """Show the error on the test images."""
        if not self.watch.finite:
            return self.say("The numbers are no longer finite: there is nothing to test.")
        self.revealed = self.training.step, self.test()
        self.say(TESTED)

    def waits(self):
        self.controls.chosen(self.recipe)
        values = self.controls.what_waits()
        return [name for name, value in values.items() if value != self._begun_with[name]]

    @property
    def progress(self):
        """The part of `state` that all labs have; goodness and loss: means, one for each layer."""
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
        """Where the training stands, in words, and how many epochs the time axis is to show."""
        training, greedy = self.training, self.recipe.schedule == "greedy"
        layer = f"Layer {training.phase + 1}, epoch" if greedy else "Epoch"
        where = f"{layer} {min(training.epoch + 1, training.epochs)} of {training.epochs}"
        return where, max(training.total_steps, training.step) / training.steps_per_epoch

    def forget(self):
        self.training = self.data = self.watch = self._given_data = None
