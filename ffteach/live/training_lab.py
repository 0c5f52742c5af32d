"""The training lab: turn the knobs while a Forward-Forward network learns."""

from ..inference import error_rates
from .guess_gate import ASK, GuessGate
from .learning_panel import LearningPanel
from .panel import close_all
from .presets import PRESETS, SLOW_MOTION, differences, find_preset, for_panel
from .time_travel import TimeTravel
from .training_controls import TrainingControls
from .training_picture import SIZE, TrainingPicture
from .training_words import conclusion, figures, in_a_sentence
from .watch import Watch


class TrainingLab(LearningPanel):
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
    that time. Accuracy, test error and the ten goodness values come from the layers that the recipe counts; only the test error takes
    the mean over its moved images.
    Without a mouse: `run(steps)` trains; `state` is a dict with all that is shown; `line` makes the panel anew (but for data of
    your own); `training` is the `Training`, with its `net`.
    CSS classes: ff-panel and ff-training-lab (the whole), ff-train, ff-step, ff-reset, ff-reveal, ff-line, ff-threshold, ff-lr,
    ff-epochs, ff-freeze, ff-negatives, ff-loss, ff-widths, ff-schedule, ff-seed, ff-guess, ff-digit, ff-rewind, ff-picture, ff-status.
    """

    CURE = "rewind or press Reset"

    def __init__(
        self,
        recipe=None,
        *,
        preset=None,
        data=None,
        seed=0,
        frozen=(),
        digit=0,
        presenter=False,
        guess=False,
        **settings,
    ):
        if recipe is not None and preset is not None:
            raise ValueError("give a recipe or a preset, not both")
        self.preset = None if preset == SLOW_MOTION.name else preset
        self.recipe = for_panel((recipe or find_preset(preset or SLOW_MOTION.name)).but(**settings))
        self._given_data = data
        self.load(seed)
        self.knobs = knobs = TrainingControls(
            self.recipe, seed=seed, frozen=frozen, digit=digit, digits=len(self.data.test.images)
        )
        super().__init__(
            knobs.rows,
            name="ff-training-lab",
            size=SIZE,
            presenter=presenter,
            essential=knobs.essential,
            below=[knobs.below],
            buttons=[knobs.reveal],
        )
        self.gate = GuessGate(
            [self.train_button, self.step_button],
            needed=guess,
            say=self.say,
            taken=lambda: self.do(lambda: None),
        )
        self.controls.children = (self.gate.row, *self.controls.children)
        self._figure = None
        self.connect()
        self.restart()
        self.draw()

    def connect(self):
        """Say what each control does."""
        super().connect()
        knobs = self.knobs
        self.follow(knobs.digit, "ff-digit", lambda digit: self.watch.choose(digit))
        for box in knobs.boxes:
            self.follow(
                box, "ff-freeze", lambda value: setattr(self.training, "frozen", knobs.frozen)
            )
        by_hand = lambda step: step != self.training.step  # the training moves the scrubber too
        knobs.rewind.observe(
            lambda change: by_hand(change["new"]) and self.do(lambda: self.rewind(change["new"])),
            "value",
        )
        self.train_button.observe(
            lambda change: setattr(knobs.rewind, "disabled", change["new"]), "value"
        )  # it then moves by itself

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
            **differences(
                self.knobs.chosen(self.recipe), for_panel(PRESETS[self.preset or SLOW_MOTION.name])
            ),
            **{name: value for name, (value, default) in others.items() if value != default},
        }

    @property
    def state(self):
        """All that is shown, as plain numbers, texts and lists."""
        watch = self.watch
        return {
            **self.progress,
            "frozen": [layer + 1 for layer in sorted(self.training.frozen)],
            "images": watch.shown,  # so many validation images have this accuracy
            "guess": self.gate.guess,  # of the accuracy in the end, 0..1, or None
            "digit": watch.digit,
            "digit_label": watch.digit_label,
            "digit_goodness": watch.digit_goodness.tolist(),  # under each of the ten labels, summed over the layers that predict
            "test_error": self.revealed[
                1
            ],  # 0..1, and the step at which it was revealed; None before
            "test_error_step": self.revealed[0],
            "moments": self.past.moments.steps,  # those one can rewind to
        }

    def close(self):
        super().close()
        for box in self.knobs.boxes:
            close_all(box)
        with self._lock:
            self.past = None

    # ---- what a panel does

    def restart(self):
        """Begin again with the untrained network and the present settings."""
        knobs, former, net = self.knobs, self.recipe, self.begin()
        self.training.frozen = knobs.frozen
        self.watch = Watch(
            net,
            self.data,
            seed=self.seed,
            digit=knobs.digit.value,
            counted=self.recipe.counted_layers(net),
        )
        if self._figure is None or (former.loss, len(former.widths)) != (
            self.recipe.loss,
            len(self.recipe.widths),
        ):
            images = self.watch.live, len(self.watch.labels)
            self._figure = TrainingPicture(
                len(net.layers),
                difference=self.recipe.loss == "pairwise",
                images=images,
                scale=self.scale,
            )
        self.past = TimeTravel(self)
        self.look(everything=True)
        self.past.keep()
        self.gate.reset()
        self.say(ASK if self.gate.needed else "Nothing trained yet: press Train.")

    def set_off(self):
        self.past.moments.drop_after(self.training.step)

    def arrive(self):
        self.past.keep()

    def look(self, everything):
        self.watch.look(
            self.training.step / self.training.steps_per_epoch, self.loss, everything=everything
        )

    def settle(self):
        super().settle()
        self.past.show()

    def aim(self, epochs):
        super().aim(epochs)
        self.past.show()

    def conclude(self):
        return conclusion(self.training.epochs, self.watch.accuracy, self.gate.guess)

    def rewind(self, step):
        """Pause, and go to the kept moment nearest to `step`, before or after the present one as `step` is."""
        with self._lock:
            there = self.past.go(step)
            self.loss = self.trouble = None
            self.finished = False
            self.stop()
            self.pace.pause()
            self.say(f"At step {there} again. Train goes on from here.")

    def reveal(self):
        """Show the error on the test images."""
        error, _ = error_rates(
            self.training.net,
            self.data.test,
            layers=self.watch.counted,
            shift=self.recipe.predict_shift,
        )
        self.revealed = self.training.step, error
        self.say(
            "Whoever chooses settings by the test error has no test left: choose by the validation accuracy."
        )

    def frame(self):
        """The picture, its alternative text, and the line of figures below it."""
        state, (where, target) = self.state, self.where
        self._figure.update(
            self.watch, threshold=self.training.threshold, target=target, guess=self.gate.guess
        )
        alt = in_a_sentence(state, pairwise=self.recipe.loss == "pairwise")
        return self._figure.png(), alt, figures(state, where, state["epochs_done"] / target)
