"""The probe lab: watch a network learn without labels, and a linear probe read its features ever better."""

import ipywidgets as widgets

from ..recipes import RECIPES
from .knobs import LearningKnobs, small
from .learning_panel import LearningPanel
from .presets import differences, for_panel
from .probe_picture import SIZE, ProbePicture
from .probe_watch import ProbeWatch
from .probe_words import figures, in_a_sentence
from .training_words import conclusion

LABELS = (
    3000  # labelled images for the probe: few enough to keep pace, enough to part the three curves
)
SLICE = 0.03  # seconds of a tick for the probe: less, and the curve gets too few points


class ProbeControls(LearningKnobs):
    """All controls as widgets, set to what a recipe and the other arguments say."""

    WAITING = "widths", "blurs"

    def __init__(self, recipe, *, seed, labels):
        super().__init__(recipe, seed=seed)
        self.blurs = widgets.BoundedIntText(
            recipe.blurs,
            min=0,
            max=max(50, recipe.blurs),
            description="Blurs of the masks",
            disabled=recipe.mask != "blur",
            **small(180),
        )
        self.labels = widgets.BoundedIntText(
            labels, min=10, max=60_000, step=100, description="Labels for the probe", **small(210)
        )
        self.waiting = [self.widths, self.blurs, self.labels, self.seed]
        self.name(
            threshold="threshold",
            learning_rate="lr",
            epochs="epochs",
            widths="widths",
            blurs="blurs",
            labels="labels",
            seed="seed",
            reveal="reveal",
        )
        self.rows = first, _ = list(self.lay_out())
        self.essential = [first, self.why]
        self.rows.insert(1, self.why)

    def chosen(self, recipe):
        return super().chosen(recipe).but(blurs=self.blurs.value)


class ProbeLab(LearningPanel):
    """Train a network without labels, live, and see what a linear probe can read off it. `ProbeLab()` in a cell shows it.

    recipe: a `Recipe` with hybrids as negatives, default "quick-unsupervised". settings: of the recipe, such as `threshold=2.0`
        or `probe_layers=(0, 1, 2)`. The learning rate stays constant, so that the slider tells the truth, and batches hold at
        most 500 images, so that the panel answers at once.
    data: `Digits` with validation images; default the recipe's own on the bundled sample, a tenth of it held out.
    labels: how many labelled training images the probe gets, chosen at random. seed: of the network, the batches, the hybrids and
        that choice. presenter: for a projector.
    Raises ValueError for data without validation images, for recipes that grow, learn from labels or have more than four layers.

    The curve is the probe's accuracy on all validation images; the two lines are those of the same probe, fitted to the same images
    of raw pixels and of the network before its training. The probe is softmax regression to convergence with one weight decay for
    all (see `probe_slices`), on normalised activities of all layers but the first, fitted in slices to a copy of the network.
    Threshold, learning rate and epochs act on the next step; widths, blurs, labels and seed wait for Reset.
    Without a mouse: `run(steps)` trains; `state` is a dict with all that is shown; `line` makes the panel anew (but for data of
    your own); `training` is the `Training`, with its `net`.
    CSS classes: ff-panel and ff-probe-lab (the whole), ff-train, ff-step, ff-reset, ff-reveal, ff-line, ff-threshold, ff-lr,
    ff-epochs, ff-widths, ff-blurs, ff-labels, ff-seed, ff-picture, ff-status.
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
        self.knobs = knobs = ProbeControls(self.recipe, seed=seed, labels=labels)
        super().__init__(
            knobs.rows,
            name="ff-probe-lab",
            size=SIZE,
            presenter=presenter,
            essential=knobs.essential,
            buttons=[knobs.reveal],
        )
        self.watch = None
        self.connect()
        self.restart()
        self.draw()

    @property
    def settings(self):
        """The arguments that make the panel anew as its controls stand, without those at their default."""
        knobs = self.knobs
        others = {
            "labels": (knobs.labels.value, LABELS),
            "seed": (knobs.seed.value, 0),
            "presenter": (self.presenter, False),
        }
        return {
            **differences(knobs.chosen(self.recipe), self.DEFAULT),
            **{name: value for name, (value, default) in others.items() if value != default},
        }

    @property
    def state(self):
        """All that is shown, as plain numbers, texts, lists and dicts; accuracies and errors are shares, 0..1."""
        watch = self.watch
        start = watch.untrained.layers[0].weight[watch.units]
        return {
            **self.progress,
            "in_order": watch.in_order,  # for each layer: share of the images whose goodness is above their hybrid's
            "probe_step": watch.curve[-1][0]
            if watch.curve
            else 0,  # the step that `accuracy`, the last probe's, stands for
            "curve": list(watch.curve),  # (step, epochs, accuracy)
            "baselines": watch.baselines,  # {"raw_pixels": ..., "untrained": ...}, accuracies of the same probe; None = not yet measured
            "labels": len(watch.train.labels),
            "images": len(watch.validation.labels),
            "units": len(watch.units),
            "change": (watch.change.norm() / start.norm()).item(),  # of those weights
            "test_errors": self.revealed[
                1
            ],  # of all three, and the step at which they were revealed; None before
            "test_error_step": self.revealed[0],
        }

    # ---- what a panel does

    def restart(self):
        """Begin again with the untrained network and the present settings."""
        former, seed = self.watch, self.seed
        known = former and (self.labels, seed) == (self.knobs.labels.value, self.knobs.seed.value)
        net = self.begin()
        self.labels = self.knobs.labels.value
        raw = former.probes["raw_pixels"] if known else None
        self.watch = ProbeWatch(
            self.training, self.data, seed=self.seed, labels=self.labels, raw=raw
        )
        self._figure = ProbePicture(
            len(net.layers),
            tiles=len(self.watch.units),
            difference=self.recipe.loss == "pairwise",
            scale=self.scale,
        )
        self.watch.look(everything=True)
        self.say(
            "Nothing trained yet: press Train. The baselines are measured in its first seconds."
        )

    def look(self, everything):
        self.watch.look(everything=everything)

    def advance(self, seconds=float("inf"), steps=float("inf")):
        """As every `LearningPanel`, and a slice of the probe's work; without a limit in seconds all that is due of it."""
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
        return super().waits() or self.knobs.labels.value != self.labels

    def conclude(self):
        return conclusion(self.training.epochs, None, None)

    def reveal(self):
        """Show the error on the test images, of the last probe and of both baselines."""
        if not self.watch.finite:
            return self.say("The numbers are no longer finite: there is nothing to test.")
        self.watch.finish(*self._now)
        self.revealed = self.training.step, self.watch.test_errors()
        self.say(
            "Whoever chooses settings by the test error has no test left: choose by the validation accuracy."
        )

    def frame(self):
        """The picture, its alternative text, and the line of figures below it."""
        state, (where, target) = self.state, self.where
        self._figure.update(self.watch, threshold=self.training.threshold, target=target)
        alt = in_a_sentence(state, pairwise=self.recipe.loss == "pairwise")
        return self._figure.png(), alt, figures(state, where, state["epochs_done"] / target)

    @property
    def _now(self):
        return self.training.step, self.training.step / self.training.steps_per_epoch
