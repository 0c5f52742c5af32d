"""The controls that several labs have, and what their values stand for."""

import math

import ipywidgets as widgets

from .panel import SLIDER
from .recipes import MOST_LAYERS, within_pairs

LAST_SEED = 2**31 - 1
WIDEST = 2000  # units in a layer: what a tick can bear
ROW = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


def small(width):
    """Options of a small control that is `width` pixels wide, its label included, or "auto"."""
    width = width if width == "auto" else f"{width}px"
    return {"layout": {"width": width}, "style": {"description_width": "initial"}}


def parse_widths(text):
    """Return the layer widths that a text names. Raises ValueError in words.

    >>> parse_widths("500, 300")
    (500, 300)
    """
    parts = [part.strip() for part in text.split(",")]
    usable = all(part.isdecimal() and 1 <= int(part) <= WIDEST for part in parts)
    if not usable or len(parts) > MOST_LAYERS:
        raise ValueError(
            f"Layer widths {text!r}: give 1 to {MOST_LAYERS} whole numbers from 1 to {WIDEST}, "
            "such as 500, 500."
        )
    return tuple(map(int, parts))


def rounded(value):
    """What a slider stands for: three digits, without the noise of its arithmetic.

    >>> rounded(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.3g}")


class LearningControls:
    """The controls of every lab in which a network learns, set to what a recipe says.

    Three act on the next step, two wait for Reset. A subclass lists in `waiting` all that wait, in
    `above` what stands above the picture, and in `essential` what a presenter needs of it.
    """

    def __init__(self, recipe, *, seed):
        tens = math.log10(recipe.learning_rate)
        self.threshold = widgets.FloatSlider(
            recipe.threshold,
            min=0,
            max=max(6, 2 * recipe.threshold),
            step=0.1,
            readout_format=".1f",
            description="Threshold",
            tooltip="Goodness above it counts as positive",
            **SLIDER,
        )
        self.learning_rate = widgets.FloatLogSlider(
            recipe.learning_rate,
            min=min(-5, math.floor(tens)),
            max=max(-1, math.ceil(tens)),
            step=0.1,
            readout_format=".2g",
            description="Learning rate",
            tooltip="How far each step goes; each notch is 26 % more",
            **SLIDER,
        )
        self.epochs = widgets.IntSlider(
            recipe.epochs,
            min=1,
            max=max(50, 2 * recipe.epochs),
            description="Epochs",
            tooltip="How often to go through the training images; raise it at any time to go on",
            **SLIDER,
        )
        self.why = widgets.HTML(
            "This loss has no threshold: it compares each positive with its own negative."
        )
        self.widths = widgets.Text(
            ", ".join(map(str, recipe.widths[1:])),
            description="Widths",
            continuous_update=False,
            **small(162),
        )
        self.seed = widgets.BoundedIntText(
            seed, min=0, max=LAST_SEED, description="Seed", **small(80)
        )
        self.reveal = widgets.Button(
            description="Reveal test error",
            tooltip="Look at the test images: once, at the end",
            layout={"width": "auto"},
        )
        self.name("widths", "seed", "reveal")

    def name(self, *names):
        """Give controls that no one follows their CSS classes: "seed" has ff-seed."""
        for name in names:
            getattr(self, name).add_class(f"ff-{name}")

    def lay_out(self):
        """Return the row of those that act at once, and that of those that wait."""
        now = widgets.HBox([self.threshold, self.learning_rate, self.epochs], layout=ROW)
        return now, widgets.HBox(
            [
                widgets.HTML("<b>With Reset:</b>", layout={"margin": "2px 4px 2px 2px"}),
                *self.waiting,
            ],
            layout=ROW,
        )

    def chosen(self, recipe):
        """Return the recipe with what the controls say. Raises ValueError in words."""
        return recipe.but(
            widths=(recipe.widths[0], *parse_widths(self.widths.value)),
            threshold=rounded(self.threshold.value),
            learning_rate=rounded(self.learning_rate.value),
            epochs=self.epochs.value,
        )

    def set(self, recipe):
        """Show a recipe's settings."""
        self.widths.value = ", ".join(map(str, recipe.widths[1:]))
        LearningControls.set_now(self, recipe)

    def set_now(self, settings):
        """Show the settings that act at once as a recipe, or a training, has them."""
        tens = math.log10(settings.learning_rate)
        self.learning_rate.min = min(self.learning_rate.min, math.floor(tens))
        self.learning_rate.max = max(self.learning_rate.max, math.ceil(tens))
        self.threshold.max = max(self.threshold.max, 2 * settings.threshold)
        self.epochs.max = max(self.epochs.max, settings.epochs)
        for name in ("threshold", "learning_rate", "epochs"):
            getattr(self, name).value = getattr(settings, name)

    def what_waits(self):
        """The values of the controls that wait, by their names. Raises ValueError in words."""
        values = {control.description: control.value for control in self.waiting}
        return values | {self.widths.description: parse_widths(self.widths.value)}

    def fit(self, recipe):
        """After a Reset: offer what this recipe's network has."""
        self.threshold.disabled = within_pairs(recipe)
        self.why.layout.display = None if within_pairs(recipe) else "none"
