"""The training lab: turn the knobs while a Forward-Forward network learns."""

import math
import time

import torch

from ..inference import error_rates
from ..training import train
from .guess_gate import ASK, GuessGate
from .pace import Pace
from .panel import close_all
from .presets import PRESETS, SLOW_MOTION, differences, find_preset, for_panel
from .time_travel import TimeTravel
from .training_controls import TrainingControls, rounded
from .training_panel import TrainingPanel
from .training_picture import SIZE, TrainingPicture
from .training_words import conclusion, diagnose, figures, in_a_sentence
from .watch import Watch

HELD_OUT = 0.1  # share of the training images that become validation images where the recipe holds out none


class TrainingLab(TrainingPanel):
    """Train a network live, and turn its knobs while it learns. `TrainingLab()` in a cell shows it.

    recipe: a `Recipe`, or preset: the name of one of `PRESETS`; default the preset "slow motion". settings: of the recipe, such as
        `threshold=1.0`. Whatever the recipe says, the learning rate stays constant, so that the slider tells the truth, and
        batches hold at most 500 images, so that the panel answers at once.
    data: `Digits` with validation images; default the recipe's own on the bundled sample, a tenth of it held out.
    seed: of the network, the batches and the negatives. frozen: layers, from 1, that do not learn. digit: which test image to follow.
    presenter: for a projector. guess: Train waits until someone has guessed the accuracy in the end.
    Raises ValueError for data without validation images, for recipes that grow, have hybrids as negatives or more than four layers.

    Threshold, learning rate, epochs and the boxes that freeze a layer act on the next step; negatives, loss, widths, schedule and
    seed wait for Reset. "Rewind" follows the training; in a pause it goes back to one of about 40 kept moments, with the settings of
    that time.
    Without a mouse: `run(steps)` trains; `state` is a dict with all that is shown; `line` makes the panel anew (but for data of
    your own); `training` is the `Training`, with its `net`.
    CSS classes: ff-panel and ff-training-lab (the whole), ff-train, ff-step, ff-reset, ff-reveal, ff-line, ff-threshold, ff-lr,
    ff-epochs, ff-freeze, ff-negatives, ff-loss, ff-widths, ff-schedule, ff-seed, ff-guess, ff-digit, ff-rewind, ff-picture, ff-status.
    """

    def __init__(self, recipe=None, *, preset=None, data=None, seed=0, frozen=(), digit=0, presenter=False, guess=False, **settings):
        if recipe is not None and preset is not None:
            raise ValueError("give a recipe or a preset, not both")
        self.preset = None if preset == SLOW_MOTION.name else preset
        self.recipe = for_panel((recipe or find_preset(preset or SLOW_MOTION.name)).but(**settings))
        self._given_data = data
        self._load(seed)
        self.knobs = knobs = TrainingControls(self.recipe, seed=seed, frozen=frozen, digit=digit, digits=len(self.data.test.images))
        self.threshold, self.learning_rate, self.epochs = knobs.threshold, knobs.learning_rate, knobs.epochs
        super().__init__(
            knobs.rows, name="ff-training-lab", size=SIZE, presenter=presenter, essential=knobs.essential, below=[knobs.below],
            buttons=[knobs.reveal],
        )  # fmt: skip
        self.gate = GuessGate([self.train_button, self.step_button], needed=guess, say=self.say, taken=lambda: self.do(lambda: None))
        self.controls.children = (self.gate.row, *self.controls.children)
        self._figure = None
        self._connect()
        self.restart()
        self.draw()

    def _connect(self):
        """Say what each control does."""
        knobs = self.knobs
        self.follow(knobs.threshold, "ff-threshold", lambda value: setattr(self.training, "threshold", rounded(value)))
        self.follow(knobs.learning_rate, "ff-lr", lambda value: setattr(self.training, "learning_rate", rounded(value)))
        self.follow(knobs.epochs, "ff-epochs", self._aim)
        self.follow(knobs.digit, "ff-digit", lambda digit: self.watch.choose(digit))
        for box in knobs.boxes:
            self.follow(box, "ff-freeze", lambda value: setattr(self.training, "frozen", knobs.frozen))
        for control in knobs.waiting:
            control.observe(self._wait_for_reset, "value")
        by_hand = lambda step: step != self.training.step  # the training moves the scrubber too
        knobs.rewind.observe(lambda change: by_hand(change["new"]) and self.do(lambda: self.rewind(change["new"])), "value")
        self.train_button.observe(lambda change: setattr(knobs.rewind, "disabled", change["new"]), "value")  # it then moves by itself
        knobs.reveal.on_click(lambda button: self.do(self.reveal))

    @property
    def settings(self):
        """The arguments that make the panel anew as its controls stand, without those at their default."""
        others = {
            "seed": (self.knobs.seed.value, 0),
            "frozen": (tuple(layer + 1 for layer in sorted(self.knobs.frozen)), ()),
            "digit": (self.knobs.digit.value, 0),
            "presenter": (self.presenter, False),
            "guess": (self.gate.needed, False),
        }
        return {
            **({"preset": self.preset} if self.preset else {}),
            **differences(self.knobs.chosen(self.recipe), for_panel(PRESETS[self.preset or SLOW_MOTION.name])),
            **{name: value for name, (value, default) in others.items() if value != default},
        }

    @property
    def state(self):
        """All that is shown, as plain numbers, texts and lists; goodness and loss are means, one number for each layer."""
        training, watch, (g_pos, g_neg) = self.training, self.watch, self.watch.goodness.mean(dim=2).tolist()
        return {
            "running": self.running,
            "message": self.said,
            "trouble": self.trouble,  # None, "diverged" or "dead"
            "waiting": self.reset_button.button_style != "",  # do some settings wait for Reset?
            "step": training.step,
            "epochs_done": training.step / training.steps_per_epoch,
            "epochs": training.epochs,
            "seconds": training.seconds,
            "seconds_left": self._pace.seconds_for(training.total_steps - training.step),
            "threshold": training.threshold,
            "learning_rate": training.learning_rate,
            "frozen": [layer + 1 for layer in sorted(training.frozen)],
            "goodness_pos": g_pos,
            "goodness_neg": g_neg,
            "loss": self._loss,  # over the batches since the last look; None before the first step
            "accuracy": watch.accuracy,  # on so many validation images, 0..1:
            "images": watch.shown,
            "guess": self.gate.guess,  # of the accuracy in the end, 0..1, or None
            "digit": watch.digit,
            "digit_label": watch.digit_label,
            "digit_goodness": watch.digit_goodness.tolist(),  # under each of the ten labels, summed over layers
            "test_error": self._revealed[1],  # 0..1, and the step at which it was revealed; None before
            "test_error_step": self._revealed[0],
            "moments": self.past.moments.steps,  # those one can rewind to
        }

    def close(self):
        """Take the panel off its page, stop its clock, and let go of network and data. Running its cell again does this by itself."""
        super().close()
        for row in (*self.knobs.rows, *self.knobs.boxes, self.line_button):
            close_all(row)
        with self._lock:
            self.training = self.data = self.watch = self.past = self._given_data = None

    # ---- what a panel does

    def restart(self):
        """Begin again with the untrained network and the present settings."""
        knobs, former = self.knobs, self.recipe
        self.recipe = knobs.chosen(self.recipe)
        if knobs.seed.value != self.seed:
            self._load(knobs.seed.value)
        net = self.recipe.network(seed=self.seed, device=self.data.train.images.device)
        self.training = train(net, self.data, self.recipe, seed=self.seed)
        knobs.fit(self.recipe)
        self.training.frozen = knobs.frozen
        self.watch = Watch(net, self.data, seed=self.seed, digit=knobs.digit.value)
        if self._figure is None or (former.loss, len(former.widths)) != (self.recipe.loss, len(self.recipe.widths)):
            images = self.watch.live, len(self.watch.labels)
            self._figure = TrainingPicture(len(net.layers), difference=self.recipe.loss == "pairwise", images=images, scale=self.scale)
        self.past, self._pace = TimeTravel(self), Pace()
        self.trouble = self._loss = None
        self._revealed, self._finished = (None, None), False
        self.reset_button.button_style = ""
        self._look(everything=True)
        self.past.keep()
        self.gate.reset()
        self.say(ASK if self.gate.needed else "Nothing trained yet: press Train.")

    def advance(self, seconds=math.inf, steps=math.inf):
        """Train for so long, up to the end of an epoch, and look at the result; return the number of steps taken, 0 at the end."""
        end, stats = time.perf_counter() + seconds, []
        self.past.moments.drop_after(self.training.step)
        for record in self.training:
            stats.append(record.stats)
            if record.epoch_done or len(stats) >= steps or time.perf_counter() >= end:
                break
        if not stats:
            self._finished = True
            self.stop(conclusion(self.training.epochs, self.watch.accuracy, self.gate.guess))
            return 0
        stats = torch.stack(stats)
        self._loss = stats.mean(dim=0)[0].tolist()
        self._look(everything=record.epoch_done)
        self._pace.tick(len(stats))
        trouble = diagnose(stats, self.watch)
        if trouble:
            self.trouble, message, hopeless = trouble
            if hopeless:
                self.stop()
            self.say(message)
            return 0 if hopeless else len(stats)
        self.past.keep()
        return len(stats)

    def settle(self):
        """In a pause: look at all validation images."""
        self._pace.pause()
        self._look(everything=True)
        self.past.show()

    def rewind(self, step):
        """Pause, and go to the kept moment nearest to `step`, before or after the present one as `step` is."""
        with self._lock:
            there = self.past.go(step)
            self._loss = self.trouble = None
            self._finished = False
            self.stop()
            self._pace.pause()
            self.say(f"At step {there} again. Train goes on from here.")

    def reveal(self):
        """Show the error on the test images."""
        error, _ = error_rates(self.training.net, self.data.test)
        self._revealed = self.training.step, error
        self.say("Whoever chooses settings by the test error has no test left: choose by the validation accuracy.")

    def frame(self):
        """The picture, its alternative text, and the line of figures below it."""
        state, training = self.state, self.training
        target = max(training.total_steps / training.steps_per_epoch, state["epochs_done"])
        self._figure.update(self.watch, threshold=training.threshold, target=target, guess=self.gate.guess)
        layer = f"Layer {training.phase + 1}, epoch" if self.recipe.schedule == "greedy" else "Epoch"
        where = f"{layer} {min(training.epoch + 1, training.epochs)} of {training.epochs}"
        alt = in_a_sentence(state, pairwise=self.recipe.loss == "pairwise")
        return self._figure.png(), alt, figures(state, where, state["epochs_done"] / target)

    # ---- the parts of it

    def _load(self, seed):
        """Have the data that go with this seed."""
        self.seed, recipe = seed, self.recipe
        if self._given_data is not None:
            self.data = self._given_data
        elif not hasattr(self, "data") or recipe.train_images is not None:
            self.data = recipe.but(validation_share=recipe.validation_share or HELD_OUT).load_data(seed=seed)
        if not len(self.data.validation.images):
            raise ValueError("the training lab shows accuracy on held-out images: load_mnist(..., validation=1000)")

    def _aim(self, epochs):
        """Train up to `epochs`; if the former target was reached, go on at once."""
        self.training.epochs = epochs
        self.past.show()
        if self._finished and epochs > self.training.epoch:
            self._finished, self.train_button.value = False, True

    def _look(self, everything):
        self.watch.look(self.training.step / self.training.steps_per_epoch, self._loss, everything=everything)

    def _wait_for_reset(self, change):
        """A setting that needs a restart was changed: say so, or what is wrong with it."""
        knobs = self.knobs
        try:
            waits = knobs.differ(self.recipe, self.seed)
        except ValueError as error:
            change["owner"].value = change["old"]
            return self.say(f"{error} It stays {change['old']}.", role="alert")
        self.reset_button.button_style = "warning" if waits else ""
        what = change["owner"].description
        self.say(f"{what} needs a new network: it waits for Reset." if waits else "Nothing waits for Reset any more.")
