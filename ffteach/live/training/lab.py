"""The training lab: turn the controls while a Forward-Forward network learns."""

from ...inference import error_rate
from ..shared.learning_panel import LearningPanel
from ..shared.panel import close_all, without_defaults
from ..shared.recipes import for_panel, within_pairs
from ..shared.words import conclusion
from .controls import TrainingControls
from .guess_gate import ASK, GuessGate
from .picture import SIZE, TrainingPicture
from .presets import PRESETS, SLOW_MOTION, find_preset
from .time_travel import TimeTravel
from .watch import Watch
from .words import figures, in_a_sentence


class TrainingLab(LearningPanel):
    """Train a network live, and turn its controls while it learns.

    recipe: a `Recipe`, or preset: a name in `PRESETS`. settings: of the recipe. The learning rate
    stays constant and batches hold at most 500 images. data: `Digits` with validation images. seed:
    of the network and all draws. frozen: layers, from 1, that do not learn. digit: the test image
    to follow. presenter: for a projector. guess: Train waits for a guess of the final accuracy.
    Raises ValueError for what cannot be shown. `run(steps)` trains from code; `state`, `training`
    and `line` tell the rest.

    >>> TrainingLab(threshold=1.0, widths=(784, 20)).run(5)["step"]
    5
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
        self.controls = controls = TrainingControls(
            self.recipe, seed=seed, frozen=frozen, digit=digit, digits=len(self.data.test.images)
        )
        super().__init__(
            controls.above,
            name="ff-training-lab",
            size=SIZE,
            presenter=presenter,
            essential=controls.essential,
            below=[controls.below],
            buttons=[controls.reveal],
        )
        self.gate = GuessGate(
            [self.train_button, self.step_button],
            needed=guess,
            say=self.say,
            taken=lambda: self.do(lambda: None),
        )
        self.control_box.children = (self.gate.widget, *self.control_box.children)
        self._figure = None
        self.connect()
        self.restart()
        self.draw()

    def connect(self):
        """Say what each control does."""
        super().connect()
        controls = self.controls
        self.follow(controls.digit, "ff-digit", lambda digit: self.watch.choose(digit))
        for box in controls.boxes:
            self.follow(
                box, "ff-freeze", lambda value: setattr(self.training, "frozen", controls.frozen)
            )
        by_hand = lambda step: step != self.training.step  # the training moves the slider too
        controls.rewind.observe(
            lambda change: by_hand(change["new"]) and self.do(lambda: self.rewind(change["new"])),
            "value",
        )
        held = lambda change: setattr(controls.rewind, "disabled", change["new"])
        self.train_button.observe(held, "value")  # it then moves by itself

    @property
    def settings(self):
        """The arguments that make this panel again, as its controls stand."""
        preset = for_panel(PRESETS[self.preset or SLOW_MOTION.name])
        others = {
            "seed": (self.controls.seed.value, 0),
            "frozen": (tuple(layer + 1 for layer in sorted(self.controls.frozen)), ()),
            "digit": (self.controls.digit.value, 0),
            "presenter": (self.presenter, False),
            "guess": (self.gate.needed, False),
        }
        return {
            **({"preset": self.preset} if self.preset else {}),
            **self.controls.chosen(self.recipe).differences(preset),
            **without_defaults(others),
        }

    @property
    def state(self):
        """All that is shown, as plain numbers, texts and lists."""
        watch = self.watch
        return {
            **self.progress,
            "frozen": [layer + 1 for layer in sorted(self.training.frozen)],
            "images": watch.shown,  # on how many the accuracy was measured
            "guess": self.gate.guess,  # of the accuracy in the end, 0..1, or None
            "digit": watch.digit,
            "digit_label": watch.digit_label,
            # under each of the ten labels, summed over the layers that predict
            "digit_goodness": watch.digit_goodness.tolist(),
            # 0..1, and the step at which it was revealed; None before
            "test_error": self.revealed[1],
            "test_error_step": self.revealed[0],
            "moments": self.past.moments.steps,  # those one can rewind to
        }

    def close(self):
        super().close()
        for box in self.controls.boxes:
            close_all(box)
        with self._lock:
            self.past = None

    # ---- what a panel does

    def restart(self):
        """Begin again with the untrained network and the present settings."""
        controls, former, net = self.controls, self.recipe, self.begin()
        self.training.frozen = controls.frozen
        self.watch = Watch(
            net,
            self.data,
            seed=self.seed,
            digit=controls.digit.value,
            counted=self.recipe.counted_layers(net),
        )
        looks = lambda recipe: (recipe.loss, len(recipe.widths))
        if self._figure is None or looks(former) != looks(self.recipe):
            self._figure = TrainingPicture(
                len(net.layers),
                difference=within_pairs(self.recipe),
                images=(self.watch.live, len(self.watch.labels)),
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
        """Pause, and go to the kept moment nearest to `step`, on its side of the present one."""
        with self._lock:
            there = self.past.go(step)
            self.loss = self.trouble = None
            self.finished = False
            self.stop()
            self.pace.pause()
            self.say(f"At step {there} again. Train goes on from here.")

    def test(self):
        return error_rate(
            self.training.net,
            self.data.test,
            layers=self.watch.counted,
            shift=self.recipe.predict_shift,
        )

    def frame(self):
        """The picture, its alternative text, and the line of figures."""
        state, (where, target) = self.state, self.where
        self._figure.update(
            self.watch, threshold=self.training.threshold, target=target, guess=self.gate.guess
        )
        alt = in_a_sentence(state, within_pairs(self.recipe))
        return self._figure.png(), alt, figures(state, where, state["epochs_done"] / target)
