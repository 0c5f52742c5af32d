"""Where a training stands: which layers learn, which images come next, and at what rate."""

import math

import torch


class Schedule:
    """The counting of a run without the work: epochs, batches, the layers' turns, the rate's fall.

    recipe: `schedule`, `epochs`, `batch_size`, `rate_decay`. images: how many there are. layers:
    how many there are now. All that is counted is a plain attribute; `epochs` may be changed.
    """

    COUNTED = ("epochs", "step", "epoch", "position", "phase")  # plain numbers, for a saved state

    def __init__(self, recipe, images, layers):
        self.recipe, self.images, self.layers = recipe, images, layers
        self.epochs = recipe.epochs
        self.planned_layers = layers  # those the run began with, before any growth
        self.step = 0  # steps taken in all
        self.epoch = self.position = 0  # in this phase: epochs finished, images seen of the next
        self.phase = 0  # with the greedy schedule the layer that is being trained
        self.order = None  # the images' positions, as this epoch goes through them

    @property
    def greedy(self):
        """Does one layer learn after the other?"""
        return self.recipe.schedule == "greedy"

    @property
    def active_layers(self):
        """The layers that this phase trains: all of them, or with the greedy schedule one."""
        return (self.phase,) if self.greedy else tuple(range(self.layers))

    @property
    def batch_size(self):
        return self.recipe.batch_size or self.images

    @property
    def phase_epochs(self):
        """Epochs of this phase: of the run, or with the greedy schedule of the layer."""
        grown = self.phase >= self.planned_layers
        return self.recipe.growth_epochs if grown else self.epochs

    @property
    def steps_per_epoch(self):
        """Batches in an epoch; the last may be smaller."""
        return math.ceil(self.images / self.batch_size)

    @property
    def total_steps(self):
        """Steps of the whole run as far as it is known: growth may add more."""
        epochs = self.epochs
        if self.greedy:
            grown = self.layers - self.planned_layers
            epochs = self.planned_layers * self.epochs + grown * self.recipe.growth_epochs
        return epochs * self.steps_per_epoch

    def next_order(self, generator):
        """Return this epoch's order of the images; a new epoch shuffles them. Nothing is
        counted."""
        if self.position:
            return self.order
        if self.recipe.batch_size is None:
            return torch.arange(self.images, device="cpu")
        return torch.randperm(self.images, generator=generator, device="cpu")

    def next_batch(self, order):
        """Return the positions of the next batch's images. Nothing is counted."""
        return order[self.position : self.position + self.batch_size]

    def rate_factor(self):
        """What the learning rate is multiplied by now: 1, or less while `rate_decay` lowers it."""
        if self.recipe.rate_decay == "none":
            return 1.0
        left = 1 - (self.epoch + self.position / self.images) / self.phase_epochs
        return min(1.0, 2 * left) if self.recipe.rate_decay == "second half" else left

    def count_step(self, order, batch):
        """Count the step on `batch`; return whether it was its epoch's last."""
        position = self.position + len(batch)
        epoch_done = position >= self.images
        self.order, self.step = order, self.step + 1
        self.epoch, self.position = (self.epoch + 1, 0) if epoch_done else (self.epoch, position)
        return epoch_done

    def climb(self):
        """The greedy schedule goes on to the layer above."""
        self.phase, self.epoch, self.position = self.phase + 1, 0, 0
