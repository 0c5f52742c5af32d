"""The training lab's controls: what acts at once, what waits for Reset, and what moves in time."""

import math

import ipywidgets as widgets

from ..shared.controls import ROW, LearningControls, small
from ..shared.panel import SLIDER
from ..shared.recipes import LOSS_NAMES, MOST_LAYERS
from .picture import SHOWN
from .presets import PRESETS

NEGATIVES = {  # the choice, and the two settings of a recipe that it stands for
    "uniform": ("uniform", True),
    "hard": ("hard", True),
    "fixed": ("uniform", False),
    "other images": ("other images", True),
    "other images, fixed": ("other images", False),
}
SPEEDS = {"as fast as it goes": math.inf, "1": 1, "2": 2, "5": 5}  # steps for each picture


class TrainingControls(LearningControls):
    """All controls as widgets, set to what a recipe and the other arguments say.

    preset: its name, or None. frozen: layers, from 1. digits: how many test images there are. Those
    in `waiting` act at Reset, the others at once. Raises ValueError if a frozen layer is not there.
    """

    def __init__(self, recipe, *, preset, seed, frozen, digit, digits, show):
        super().__init__(recipe, seed=seed)
        self._make_choices(recipe)
        layers = range(1, len(recipe.widths))
        if not set(frozen) <= set(layers):
            raise ValueError(
                f"frozen={frozen!r}: there are the layers {', '.join(map(str, layers))}"
            )
        look = {"indent": False, "layout": {"width": "auto", "flex": "1 1 0"}}
        self.boxes = [
            widgets.Checkbox(
                description=f"Freeze layer {layer}", tooltip="Keep its weights as they are", **look
            )
            for layer in range(1, MOST_LAYERS + 1)
        ]
        # each box above its layer's histogram
        self.freeze = widgets.HBox(layout={"width": "67%", "margin": "0 0 0 28px"})
        self.freeze_only({layer - 1 for layer in frozen})
        self.digit = widgets.IntSlider(
            digit,
            min=0,
            max=digits - 1,
            description="Test image",
            tooltip="Which digit to follow",
            **SLIDER,
        )
        self.rewind = widgets.IntSlider(
            0,
            min=0,
            max=1,
            description="Rewind to step",
            tooltip="In a pause: back to a moment of this training, to go on from there",
            **SLIDER,
        )
        self.show = widgets.Dropdown(
            options=SHOWN,
            value=show,
            description="Show",
            tooltip="What the row below the histograms shows",
            **small("auto"),
        )
        self.speed = widgets.Dropdown(
            options=SPEEDS,
            value=math.inf,
            description="Steps a picture",
            tooltip="Slow motion: so many steps from one picture to the next",
            **small(250),
        )
        self.preset = widgets.Dropdown(
            options=[("", None), *((name, name) for name in PRESETS)],
            value=preset,
            description="Preset",
            tooltip="Settings that show one thing within ten seconds; with a new network",
            **small(230),
        )
        self.name("negatives", "loss", "schedule", "rewind", "preset")
        first, second = self.lay_out()
        self.essential = [first, self.why]
        third = widgets.HBox([self.freeze, self.speed], layout={"width": "100%"})
        self.above = [*self.essential, second, third]
        self.below = widgets.HBox([self.show, self.digit, self.rewind], layout=ROW)

    def _make_choices(self, recipe):
        negatives = _negatives(recipe)
        self.negatives = widgets.Dropdown(
            options=list(NEGATIVES), value=negatives, description="Negatives", **small(164)
        )
        self.loss = widgets.Dropdown(
            options=LOSS_NAMES, value=recipe.loss, description="Loss", **small(130)
        )
        self.schedule = widgets.Dropdown(
            options=["simultaneous", "greedy"],
            value=recipe.schedule,
            description="Schedule",
            **small(184),
        )
        self.waiting = [self.negatives, self.loss, self.widths, self.schedule, self.seed]

    def set(self, recipe):
        super().set(recipe)
        for name in ("loss", "schedule"):
            getattr(self, name).value = getattr(recipe, name)
        self.negatives.value = _negatives(recipe)

    def set_now(self, training):
        super().set_now(training)
        self.freeze_only(set(training.frozen))

    def chosen(self, recipe):
        """Return the recipe with what the controls say. Raises ValueError in words."""
        negatives, fresh = NEGATIVES[self.negatives.value]
        choices = {
            "negatives": negatives,
            "fresh_negatives": fresh,
            "loss": self.loss.value,
            "schedule": self.schedule.value,
        }
        return super().chosen(recipe).but(**choices)

    def fit(self, recipe):
        """After a Reset: offer what this recipe's network has."""
        super().fit(recipe)
        self.freeze.children = self.boxes[: len(recipe.widths) - 1]

    def follow_steps(self, step, last):
        """Let the slider of time stand at `step` of `last`."""
        with self.rewind.hold_trait_notifications():
            self.rewind.max, self.rewind.value = max(1, last), step

    @property
    def frozen(self):
        """The layers, from 0, that are to stay as they are."""
        return {layer for layer, box in enumerate(self.freeze.children) if box.value}

    def freeze_only(self, frozen):
        """Tick the boxes of these layers, from 0, and no others."""
        for layer, box in enumerate(self.boxes):
            box.value = layer in frozen


def _negatives(recipe):
    """The choice of negatives that stands for a recipe's."""
    settings = recipe.negatives, recipe.fresh_negatives
    return next(name for name, stands_for in NEGATIVES.items() if stands_for == settings)
