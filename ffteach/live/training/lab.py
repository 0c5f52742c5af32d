"""The training lab: turn the controls while a Forward-Forward network learns."""

from ...inference import error_rate
from ..shared.files import Files
from ..shared.learning_panel import LearningPanel
from ..shared.recipes import check_whole, for_panel, recipe_of, within_pairs
from ..shared.words import conclusion
from .controls import TrainingControls
from .guess_gate import ASK, GuessGate
from .picture import SHOWN, SIZE, SMALL, TrainingPicture
from .presets import PRESETS, SLOW_MOTION, find_preset
from .time_travel import TimeTravel
from .watch import Watch
from .words import figures, in_a_sentence, run_in_words


class TrainingLab(LearningPanel):
    """Train a network live, and turn its controls while it learns.

    recipe: a `Recipe` or its name; or preset: a name in `PRESETS`. settings: of the recipe; its
    learning rate stays constant, and batches hold at most 500 images. data: `Digits` with
    validation images. seed: of the network and all draws. frozen: layers, from 1, that do not
    learn. digit: the test image to follow. show: the row below, one of "one digit", "receptive
    fields", "worst digits", "a pair". presenter: for a projector. guess: Train waits for a guess of
    the final accuracy. small: two sliders and no row below. `run(steps)` trains from code; `state`,
    `training` and `line` tell the rest. Raises ValueError for what cannot be shown.

    >>> TrainingLab(threshold=1.0, widths=(784, 20)).run(5)["step"]
    5
    """

    CURE = "rewind or press Reset"
    SIZE = SIZE

    def __init__(
        self,
        recipe=None,
        *,
        preset=None,
        data=None,
        seed=0,
        frozen=(),
        digit=0,
        show=SHOWN[0],
        presenter=False,
        guess=False,
        small=False,
        **settings,
    ):
        if recipe is not None and preset is not None:
            raise ValueError("give a recipe or a preset, not both")
        if show not in SHOWN:
            raise ValueError(f"show={show!r}: choose one of {', '.join(map(repr, SHOWN))}")
        self.preset = None if preset == SLOW_MOTION.name else preset
        given = recipe is not None
        if not given:
            recipe = find_preset(preset or SLOW_MOTION.name)
        self.recipe = for_panel(recipe_of(recipe, PRESETS).but(**settings))
        self._given_data, self._guesses, self.small = data, guess, small
        self.SIZE = SMALL if small else SIZE
        self.load(seed)
        check_whole("digit", digit, 0, len(self.data.test.images) - 1, "a test image")
        self.controls = controls = TrainingControls(
            self.recipe,
            preset=None if given else preset or SLOW_MOTION.name,
            seed=seed,
            frozen=frozen,
            digit=digit,
            digits=len(self.data.test.images),
            show=show,
        )
        self.files = files = Files(self)
        super().__init__(
            []
            if small
            else [controls.reveal, *([] if presenter else [controls.preset, files.toggle])],
            [controls.threshold, controls.learning_rate] if small else [files.row, *controls.above],
            name="ff-training-lab",
            trains=True,
            presenter=presenter,
            essential=[controls.threshold, controls.learning_rate, *controls.essential],
            below=[] if small else [controls.below],
            follows={"threshold": controls.threshold, "digit": controls.digit},
        )
        self.gate = GuessGate(
            [self.train_button, self.step_button],
            needed=guess,
            say=self.say,
            taken=lambda: self.do(lambda: None),
        )
        self.control_box.children = (self.gate.widget, *self.control_box.children)
        self._widgets += [controls.preset, *controls.boxes]  # and those that `small` leaves out
        self._widgets += [controls.reveal, *controls.above, controls.below]
        self._widgets += [files.toggle, files.row]
        self.training = self.ghost = self.unit = None
        self.connect()
        self.restart()
        self.draw()

    def connect(self):
        """Say what each control does."""
        super().connect()
        controls = self.controls
        self.follow(controls.digit, "ff-digit", lambda digit: self.watch.choose(digit))
        self.follow(controls.show, "ff-show")
        self.follow(
            controls.speed, "ff-speed", lambda steps: setattr(self, "steps_per_picture", steps)
        )
        controls.preset.observe(lambda change: self._take_preset(change["new"]), "value")
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
    def arguments(self):
        return {
            "preset": self.preset,
            **self.controls.chosen(self.recipe).differences(for_panel(find_preset(self._base))),
            "seed": self.controls.seed.value,
            "frozen": tuple(layer + 1 for layer in sorted(self.controls.frozen)),
            "digit": self.controls.digit.value,
            "show": self.controls.show.value,
            "guess": self._guesses,
            "small": self.small,
        }

    @property
    def _base(self):
        """The preset from which the settings are told."""
        return self.preset or SLOW_MOTION.name

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
            # the run before the last Reset: its history, and what it was, or None
            "ghost": self.ghost,
            "show": None if self.small else self.controls.show.value,
        }

    def forget(self):
        super().forget()
        self.past = self.ghost = None

    # ---- what a panel does

    def restart(self, recipe=None):
        """Begin again with the untrained network and the present settings, or a recipe's."""
        controls, former = self.controls, self.training
        if former and former.step:
            self.ghost = list(self.watch.history), run_in_words(former)
        net = self.begin(recipe)
        self.training.frozen = controls.frozen
        self.watch = Watch(
            net,
            self.data,
            seed=self.seed,
            digit=controls.digit.value,
            counted=self.recipe.counted_layers(net),
        )
        self._picture = TrainingPicture(difference=within_pairs(self.recipe))
        self.past = TimeTravel(self)
        self.look(everything=True)
        self.past.keep()
        self.gate.reset()
        self.say(ASK if self.gate.needed else "Nothing trained yet: press Train.")

    def open_run(self, training):
        super().open_run(training)
        self.watch.go_back(([], []))  # its curves begin here
        self.look(everything=True)
        self.past = TimeTravel(self)
        self.past.keep(always=True)

    def _take_preset(self, name):
        """Begin again with the settings of a preset."""
        if name is None:
            return

        def take():
            self.stop()
            self.preset = None if name == SLOW_MOTION.name else name
            self.recipe = for_panel(PRESETS[name].but(widths=self.recipe.widths))
            self.controls.set(self.recipe)
            self.restart()
            if not self.gate.needed:
                self.say(f"{PRESETS[name].about.capitalize()}. Press Train.")

        self.do(take)

    def before_steps(self):
        self.past.moments.drop_after(self.training.step)

    def after_steps(self):
        self.past.keep()

    def look(self, everything):
        self.watch.look(
            self.training.step / self.training.steps_per_epoch, self.loss, everything=everything
        )

    def on_pause(self):
        super().on_pause()
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
            self.loss = self.trouble = self.seen_all = None
            self.finished = False
            self.stop()
            self.on_pause()
            self.say(f"At step {there} again. Train goes on from here.")

    def test(self):
        return error_rate(
            self.training.net,
            self.data.test,
            layers=self.watch.counted,
            shift=self.recipe.predict_shift,
        )

    def scene(self, state):
        return self._picture.scene(
            self.watch,
            threshold=self.training.threshold,
            target=self.where[1],
            guess=self.gate.guess,
            ghost=self.ghost and self.ghost[0],
            shown=state["show"],
            unit=self.unit,
        )

    def words(self, state):
        where, target = self.where
        alt = in_a_sentence(state, within_pairs(self.recipe))
        return alt, figures(state, where, state["epochs_done"] / target)

    def pointed(self, name):
        if name and self.watch.units:
            self.unit = self.watch.units[int(name.split()[1])]
