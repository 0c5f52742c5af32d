"""The training lab's controls: what acts on the next step, what waits for Reset, and what moves in time or to another digit."""

import math

import ipywidgets as widgets

from .panel import SLIDER
from .presets import MOST_LAYERS

NEGATIVES = {  # the choice, and the two settings of a recipe that it stands for
    "uniform": ("uniform", True),
    "hard": ("hard", True),
    "fixed": ("uniform", False),
    "other images": ("other images", True),
    "other images, fixed": ("other images", False),
}
WIDEST = 2000  # units in a layer: what a tick can bear
ROW = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


def _small(width):
    """Options of a small control that is `width` pixels wide, its label included."""
    return {"layout": {"width": f"{width}px"}, "style": {"description_width": "initial"}}


def parse_widths(text):
    """Return the layer widths that a text such as "500, 500" names. Raises ValueError in words."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= WIDEST for part in parts) or len(parts) > MOST_LAYERS:
        raise ValueError(f"Layer widths {text!r}: give 1 to {MOST_LAYERS} whole numbers from 1 to {WIDEST}, such as 500, 500.")
    return tuple(map(int, parts))


def rounded(value):
    """What a slider stands for: three digits, without the noise of its arithmetic."""
    return float(f"{value:.3g}")


class TrainingControls:
    """All controls as widgets, set to what a recipe and the other arguments say. frozen: layers, from 1. digits: how many there are.

    Those in `waiting` act at Reset, when `chosen` reads them, the others at once. Raises ValueError if a frozen layer is not there.
    """

    def __init__(self, recipe, *, seed, frozen, digit, digits):
        self._make_those_that_act_now(recipe)
        self._make_those_that_wait(recipe, seed)
        layers = range(1, len(recipe.widths))
        if not set(frozen) <= set(layers):
            raise ValueError(f"frozen={frozen!r}: there are the layers {', '.join(map(str, layers))}")
        look = {"indent": False, "layout": {"width": "auto", "flex": "1 1 0"}}
        self.boxes = [
            widgets.Checkbox(description=f"Freeze layer {layer}", tooltip="Keep its weights as they are", **look)
            for layer in range(1, MOST_LAYERS + 1)
        ]
        self.freeze = widgets.HBox(layout={"width": "67%", "margin": "0 0 0 28px"})  # each box above its layer's histogram
        self.freeze_only({layer - 1 for layer in frozen})
        self.digit = widgets.IntSlider(digit, min=0, max=digits - 1, description="Test image", tooltip="Which digit to follow", **SLIDER)
        self.rewind = widgets.IntSlider(
            0, min=0, max=1, description="Rewind to step", tooltip="In a pause: back to a moment of this training, to go on from there", **SLIDER
        )
        self.reveal = widgets.Button(description="Reveal test error", tooltip="Look at the test images: once, at the end", layout={"width": "auto"})
        names = {
            "threshold": "threshold", "learning_rate": "lr", "epochs": "epochs", "negatives": "negatives", "loss": "loss", "widths": "widths",
            "schedule": "schedule", "seed": "seed", "digit": "digit", "rewind": "rewind", "reveal": "reveal",
        }  # fmt: skip
        for name, css in names.items():
            getattr(self, name).add_class(f"ff-{css}")
        first = widgets.HBox([self.threshold, self.learning_rate, self.epochs], layout=ROW)
        second = widgets.HBox([widgets.HTML("<b>With Reset:</b>", layout={"margin": "2px 4px 2px 2px"}), *self.waiting], layout=ROW)
        self.essential = [first, self.why]
        self.rows = [*self.essential, second, self.freeze]
        self.below = widgets.HBox([self.digit, self.rewind], layout=ROW)

    def _make_those_that_act_now(self, recipe):
        tens = math.log10(recipe.learning_rate)
        self.threshold = widgets.FloatSlider(
            recipe.threshold, min=0, max=max(6, 2 * recipe.threshold), step=0.1, readout_format=".1f",
            description="Threshold", tooltip="Goodness above it counts as positive", **SLIDER,
        )  # fmt: skip
        self.learning_rate = widgets.FloatLogSlider(
            recipe.learning_rate, min=min(-5, math.floor(tens)), max=max(-1, math.ceil(tens)), step=0.1, readout_format=".2g",
            description="Learning rate", tooltip="How far each step goes; each notch is 26 % more", **SLIDER,
        )  # fmt: skip
        self.epochs = widgets.IntSlider(
            recipe.epochs, min=1, max=max(50, 2 * recipe.epochs),
            description="Epochs", tooltip="How often to go through the training images; raise it at any time to go on", **SLIDER,
        )  # fmt: skip
        self.why = widgets.HTML("The pairwise loss has no threshold: it compares each positive with its own negative.")

    def _make_those_that_wait(self, recipe, seed):
        negatives = next(name for name, stands_for in NEGATIVES.items() if stands_for == (recipe.negatives, recipe.fresh_negatives))
        self.negatives = widgets.Dropdown(options=list(NEGATIVES), value=negatives, description="Negatives", **_small(164))
        self.loss = widgets.Dropdown(options=["threshold", "pairwise"], value=recipe.loss, description="Loss", **_small(130))
        self.widths = widgets.Text(", ".join(map(str, recipe.widths[1:])), description="Widths", continuous_update=False, **_small(162))
        self.schedule = widgets.Dropdown(options=["simultaneous", "greedy"], value=recipe.schedule, description="Schedule", **_small(184))
        self.seed = widgets.BoundedIntText(seed, min=0, max=2**31 - 1, description="Seed", **_small(80))
        self.waiting = [self.negatives, self.loss, self.widths, self.schedule, self.seed]

    def chosen(self, recipe):
        """Return the recipe with what the controls say."""
        negatives, fresh = NEGATIVES[self.negatives.value]
        return recipe.but(
            negatives=negatives, fresh_negatives=fresh, loss=self.loss.value, schedule=self.schedule.value,
            widths=(recipe.widths[0], *parse_widths(self.widths.value)), threshold=rounded(self.threshold.value),
            learning_rate=rounded(self.learning_rate.value), epochs=self.epochs.value,
        )  # fmt: skip

    def differ(self, recipe, seed):
        """Do the controls that wait say something else than this? Raises ValueError, in words, for widths that cannot be."""
        chosen, names = self.chosen(recipe), ("negatives", "fresh_negatives", "loss", "widths", "schedule")
        return self.seed.value != seed or any(getattr(chosen, name) != getattr(recipe, name) for name in names)

    def fit(self, recipe):
        """After a Reset: offer what this recipe's network has."""
        pairwise = recipe.loss == "pairwise"
        self.threshold.disabled = pairwise
        self.why.layout.display = None if pairwise else "none"
        self.freeze.children = self.boxes[: len(recipe.widths) - 1]

    def follow_steps(self, step, last):
        """Let the scrubber stand at `step` of `last`."""
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
