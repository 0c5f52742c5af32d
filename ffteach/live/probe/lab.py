"""The probe lab: a network learns without labels, and a linear probe reads it ever better."""

from ...runs.recipes import RECIPES
from ..shared.learning_panel import LearningPanel
from ..shared.panel import without_defaults
from ..shared.recipes import for_panel, within_pairs
from ..shared.words import conclusion
from .controls import ProbeControls
from .picture import SIZE, ProbePicture
from .watch import ProbeWatch
from .words import figures, in_a_sentence

LABELS = 3000  # for the probe: few enough to keep pace, enough to part the three curves
SLICE = 0.03  # seconds of a tick for the probe: less, and the curve gets too few points


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

    DEFAULT = for_panel(RECIPES["quick-unsupervised"], hybrids=True)

    def __init__(
        self, recipe=None, *, data=None, seed=0, labels=LABELS, presenter=False, **settings
    ):
        self.recipe = for_panel((recipe or self.DEFAULT).but(**settings), hybrids=True)
        if isinstance(labels, bool) or not isinstance(labels, int) or not 10 <= labels <= 60_000:
            raise ValueError(f"labels={labels!r}: give a whole number from 10 to 60000")
        self.labels, self._given_data = labels, data
        self.load(seed)
        self.controls = controls = ProbeControls(self.recipe, seed=seed, labels=labels)
        super().__init__(
            controls.above,
            name="ff-probe-lab",
            size=SIZE,
            presenter=presenter,
            essential=controls.essential,
            buttons=[controls.reveal],
        )
        self.watch = None
        self.connect()
        self.restart()
        self.draw()

    @property
    def settings(self):
        """The arguments that make this panel again, as its controls stand."""
        others = {
            "labels": (self.controls.labels.value, LABELS),
            "seed": (self.controls.seed.value, 0),
            "presenter": (self.presenter, False),
        }
        chosen = self.controls.chosen(self.recipe)
        return chosen.differences(self.DEFAULT) | without_defaults(others)

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

    def restart(self):
        """Begin again with the untrained network and the present settings."""
        former, seed = self.watch, self.seed
        now = self.controls.labels.value, self.controls.seed.value
        known = former and (self.labels, seed) == now
        net = self.begin()
        self.labels = self.controls.labels.value
        raw = former.probes["raw_pixels"] if known else None
        self.watch = ProbeWatch(
            self.training, self.data, seed=self.seed, labels=self.labels, raw=raw
        )
        self._figure = ProbePicture(
            len(net.layers),
            tiles=len(self.watch.units),
            difference=within_pairs(self.recipe),
            scale=self.scale,
        )
        self.watch.look(everything=True)
        self.say(
            "Nothing trained yet: press Train. The baselines are measured in its first seconds."
        )

    def look(self, everything):
        self.watch.look(everything=everything)

    def advance(self, seconds=float("inf"), steps=float("inf")):
        """As every `LearningPanel`, and a slice of the probe's work; without a limit all of it."""
        taken = super().advance(seconds - SLICE, steps)
        if taken and self.watch.finite:
            self.watch.work(*self._now, seconds=SLICE if seconds < float("inf") else seconds)
        return taken

    def settle(self):
        """In a pause: look at all validation images, and measure what is missing."""
        super().settle()
        if self.watch.finite and self.training.step:
            self.watch.finish(*self._now)

    def waits(self):
        return super().waits() or self.controls.labels.value != self.labels

    def conclude(self):
        return conclusion(self.training.epochs, None, None)

    def reveal(self):
        """Show the error on the test images, of the last probe and of both baselines."""
        if not self.watch.finite:
            return self.say("The numbers are no longer finite: there is nothing to test.")
        super().reveal()

    def test(self):
        self.watch.finish(*self._now)
        return self.watch.test_errors()

    def frame(self):
        """The picture, its alternative text, and the line of figures."""
        state, (where, target) = self.state, self.where
        self._figure.update(self.watch, threshold=self.training.threshold, target=target)
        alt = in_a_sentence(state, within_pairs(self.recipe))
        return self._figure.png(), alt, figures(state, where, state["epochs_done"] / target)

    @property
    def _now(self):
        return self.training.step, self.training.step / self.training.steps_per_epoch
