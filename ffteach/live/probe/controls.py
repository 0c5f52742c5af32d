"""The probe lab's controls."""

import ipywidgets as widgets

from ..shared.controls import LearningControls, small


class ProbeControls(LearningControls):
    """All controls as widgets, set to what a recipe and the other arguments say."""

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
        first, second = self.lay_out()
        self.essential = [first, self.why]
        self.above = [*self.essential, second]

    def set(self, recipe):
        super().set(recipe)
        self.blurs.value = recipe.blurs

    def chosen(self, recipe):
        return super().chosen(recipe).but(blurs=self.blurs.value)
