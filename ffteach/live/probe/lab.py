"""The probe lab: a network learns without labels, and a linear probe reads it ever better."""

from ...runs.recipes import RECIPES
from ..shared.files import Files
from ..shared.learning_panel import LearningPanel
from ..shared.recipes import check_whole, for_panel, recipe_of, within_pairs
from ..shared.words import conclusion
from .controls import ProbeControls
from .picture import SIZE, ProbePicture
from .watch import ProbeWatch
from .words import figures, in_a_sentence

LABELS = 3000  # for the probe: few enough to keep pace, enough to part the three curves
PROBE = 0.2  # of a tick's time is for the probe: less, and the curve gets too few points


class ProbeLab(LearningPanel):
    """Train a network without labels, live, and see what a linear probe can read off it.

    recipe: a `Recipe` with hybrids as negatives. settings: of the recipe. The learning rate stays
    constant and batches hold at most 500 images. data: `Digits` with validation images. labels: how
    many labelled images the probe gets. seed: of all draws. presenter: for a projector. Raises
    ValueError for what cannot be shown.
    The same probe is fitted to raw pixels and to the untrained network: see `slices.py`.
    `run(steps)` trains from code; `state`, `training` and `line` tell the rest.

    >>> ProbeLab(widths=(784, 20, 20), labels=100).run(5)["step"]
    5
    """

    SIZE = SIZE
    DEFAULT = for_panel(RECIPES["quick-unsupervised"], hybrids=True)

    def __init__(
        self, recipe=None, *, data=None, seed=0, labels=LABELS, presenter=False, **settings
    ):
        recipe = self.DEFAULT if recipe is None else recipe_of(recipe)
        self.recipe = for_panel(recipe.but(**settings), hybrids=True)
        check_whole("labels", labels, 10, 60_000, "labelled images")
        self.labels, self._given_data = labels, data
        self.load(seed)
        self.controls = controls = ProbeControls(self.recipe, seed=seed, labels=labels)
        self.files = files = Files(self)
        super().__init__(
            [controls.reveal, *([] if presenter else [files.toggle])],
            [files.row, *controls.above],
            name="ff-probe-lab",
            trains=True,
            presenter=presenter,
            essential=controls.essential,
            follows={"threshold": controls.threshold},
        )
        self._widgets += [files.toggle]  # a presenter does without
        self.watch = None
        self.connect()
        self.restart()
        self.draw()

    @property
    def arguments(self):
        return {
            **self.controls.chosen(self.recipe).differences(self.DEFAULT),
            "labels": self.controls.labels.value,
            "seed": self.controls.seed.value,
        }

    @property
    def state(self):
        """All that is shown, as plain numbers, texts, lists and dicts; shares are 0..1."""
        watch = self.watch
        start = watch.untrained.layers[0].weight[watch.units]
        return {
            **self.progress,
            # for each layer: share of the images whose goodness is above their hybrid's
            "in_order": watch.in_order,
            # the step that `accuracy`, the last probe's, stands for
            "probe_step": watch.curve[-1][0] if watch.curve else 0,
            "curve": list(watch.curve),  # (step, epochs, accuracy)
            # {"raw_pixels": ..., "untrained": ...}, accuracies; None = not yet measured
            "baselines": watch.baselines,
            "labels": len(watch.train.labels),
            "images": len(watch.validation.labels),
            "units": len(watch.units),
            "change": (watch.change.norm() / start.norm()).item(),  # of those weights
            # of all three, and the step at which they were revealed; None before
            "test_errors": self.revealed[1],
            "test_error_step": self.revealed[0],
        }

    # ---- what a panel does

    def restart(self, recipe=None):
        """Begin again with the untrained network and the present settings, or a recipe's."""
        former, seed = self.watch, self.seed
        now = self.controls.labels.value, self.controls.seed.value
        known = former and (self.labels, seed) == now
        self.begin(recipe)
        self.labels = self.controls.labels.value
        raw = former.probes["raw_pixels"] if known else None
        self.watch = ProbeWatch(
            self.training, self.data, seed=self.seed, labels=self.labels, raw=raw
        )
        self._picture = ProbePicture(difference=within_pairs(self.recipe))
        self.watch.look(everything=True)
        self.say(
            "Nothing trained yet: press Train. The baselines are measured in its first seconds."
        )

    def look(self, everything):
        self.watch.look(everything=everything)

    def advance(self, seconds, steps):
        """As every `LearningPanel`, and a share of the probe's work; without a limit all of it."""
        taken = super().advance(seconds * (1 - PROBE), steps)
        if taken and self.watch.finite:
            self.watch.work(*self._now, seconds=seconds * PROBE)
        return taken

    @property
    def unfinished(self):
        step = self.training.step
        return step > 0 and self.watch.finite and not self.watch.is_complete(step)

    def finish(self, seconds):
        """The probe of the network as it stands, after the baselines."""
        self.watch.finish(*self._now, seconds)

    def conclude(self):
        return conclusion(self.training.epochs, None, None)

    def test(self):
        self.watch.finish(*self._now)
        return self.watch.test_errors()

    def scene(self, state):
        threshold, target = self.training.threshold, self.where[1]
        return self._picture.scene(self.watch, threshold=threshold, target=target)

    def words(self, state):
        where, target = self.where
        alt = in_a_sentence(state, within_pairs(self.recipe))
        return alt, figures(state, where, state["epochs_done"] / target)

    @property
    def _now(self):
        return self.training.step, self.training.step / self.training.steps_per_epoch
