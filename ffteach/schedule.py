"""Where a training run stands: which layers learn, which images come next, and at what rate."""

import math

import torch


class Schedule:
    """The counting of a run, without the work: epochs, batches, the layers' turns and the fall of the learning rate.

    net: its layers may grow during the run. recipe: `schedule`, `epochs`, `batch_size`, `decay`. count: training images.
    generator: for shuffling. Everything counted is a plain attribute: `step`, `epoch`, `position`, `phase`, and `epochs` may be changed.
    """

    def __init__(self, net, recipe, count, generator):
        self.net, self.recipe, self.count, self.generator = net, recipe, count, generator
        self.epochs = recipe.epochs
        self.planned_layers = len(net.layers)
        self.step = self.epoch = self.position = (
            0  # steps in all; epochs finished, and images seen of the next, in this phase
        )
        self.phase = 0  # with the greedy schedule the layer that is being trained
        self.order = None

    @property
    def active_layers(self):
        """The layers that this phase trains: all of them, or with the greedy schedule one."""
        return (
            tuple(range(len(self.net.layers)))
            if self.recipe.schedule == "simultaneous"
            else (self.phase,)
        )

    @property
    def phase_epochs(self):
        """Epochs of this phase: of the run, or with the greedy schedule of the layer."""
        return self.epochs if self.phase < self.planned_layers else self.recipe.growth_epochs

    @property
    def steps_per_epoch(self):
        """Batches in an epoch; the last may be smaller."""
        return math.ceil(self.count / (self.recipe.batch_size or self.count))

    @property
    def total_steps(self):
        """Steps of the whole run as far as it is known: growth may add more."""
        if self.recipe.schedule == "simultaneous":
            return self.epochs * self.steps_per_epoch
        grown = len(self.net.layers) - self.planned_layers
        return (
            self.planned_layers * self.epochs + grown * self.recipe.growth_epochs
        ) * self.steps_per_epoch

    def next_batch(self):
        """Return the positions of the next batch's images; a new epoch shuffles them."""
        if self.position == 0:
            shuffled = self.recipe.batch_size is not None
            order = (
                torch.randperm(self.count, generator=self.generator, device="cpu")
                if shuffled
                else torch.arange(self.count)
            )
            self.order = order.to(self.net.device)
        batch = self.order[self.position : self.position + (self.recipe.batch_size or self.count)]
        self.position += len(batch)
        return batch

    def end_step(self):
        """Count the step; return whether it was its epoch's last."""
        self.step += 1
        epoch_done = self.position >= self.count
        if epoch_done:
            self.epoch, self.position = self.epoch + 1, 0
        return epoch_done

    def decay_factor(self):
        """What the learning rate is multiplied by: 1 up to `decay` of the phase, then falling linearly to 0."""
        if self.recipe.decay == "none":
            return 1.0
        done = (self.epoch + self.position / self.count) / self.phase_epochs
        return min(1.0, 2 * (1 - done)) if self.recipe.decay == "second half" else 1 - done
