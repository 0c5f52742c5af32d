"""The probe lab's controls."""

import ipywidgets as widgets

from ..shared.controls import LearningControls, small

MASKS = {"blurred bits": "blur", "system C's": "gaussian", "image pairs": "blend"}


class ProbeControls(LearningControls):
    """All controls as widgets, set to what a recipe and the other arguments say."""

    def __init__(self, recipe, *, seed, labels):
        super().__init__(recipe, seed=seed)
        self.mask = widgets.Dropdown(
            options=MASKS, value=recipe.mask, description="Masks", **small(160)
        )
        self.blurs = widgets.BoundedIntText(
            recipe.blurs,
            min=0,
            max=max(50, recipe.blurs),
            description="Blurs",
            **small(95),
        )
        self.mask.observe(self._only_blurred_masks_have_blurs, "value")
        self._only_blurred_masks_have_blurs()
        self.labels = widgets.BoundedIntText(
            labels, min=10, max=60_000, step=100, description="Labels for the probe", **small(210)
        )
        self.waiting = [self.widths, self.mask, self.blurs, self.labels, self.seed]
        self.name("mask", "blurs", "labels")
        first, second = self.lay_out()
        self.essential = [first, self.why]
        self.above = [*self.essential, second]

    def set(self, recipe):
        super().set(recipe)
        self.blurs.max = max(self.blurs.max, recipe.blurs)
        self.mask.value, self.blurs.value = recipe.mask, recipe.blurs

    def chosen(self, recipe):
        return super().chosen(recipe).but(mask=self.mask.value, blurs=self.blurs.value)

    def _only_blurred_masks_have_blurs(self, change=None):
        self.blurs.disabled = self.mask.value != "blur"
