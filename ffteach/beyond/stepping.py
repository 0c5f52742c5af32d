"""What the trainings of this folder share: iterated, a step taken whole or not at all."""

import time

import torch
from tqdm.auto import tqdm

from ..checks import check_positive, check_seed, found, trouble_in, warn_of
from ..optimisers import LayerOptimiser, held_back
from ..recipe import Recipe
from ..schedule import Schedule
from ..training import Record


def check_recipe(recipe, settings):
    """Raise TypeError or ValueError unless it is a `Recipe` that changes only these settings."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe is {found(recipe)}, expected a Recipe, such as RECIPE.but()")
    if unknown := sorted(set(recipe.differences(Recipe())) - settings):
        raise ValueError(
            f"this training does not know {', '.join(unknown)}: "
            f"it takes {', '.join(sorted(settings))}"
        )


class LayerTraining:
    """Iterate it, and each `next()` takes a step on one batch, as a `Record`.

    net: with `widths` and `layers`. recipe: a checked one. count: how many examples there are.
    `learning_rate`, `threshold` and `temperature` may change between two steps. A subclass defines
    `_gradients(batch)`: write those of the examples at these positions `(n,)`, and return loss and
    goodness of each layer `(3, layers)` and who is to move: an optimiser and its rate each.
    Raises ValueError if network and recipe have different widths; warns at an epoch's end of a
    layer that diverged or is dead.
    """

    def __init__(self, net, recipe, count, *, seed):
        if tuple(net.widths) != recipe.widths:
            raise ValueError(f"the network has widths {net.widths}, the recipe {recipe.widths}")
        self.net, self.recipe = net, recipe
        self.learning_rate, self.threshold = recipe.learning_rate, recipe.threshold
        self.temperature, self.seconds = recipe.temperature, 0.0
        self.generator = torch.Generator().manual_seed(check_seed(seed))
        self.schedule = Schedule(recipe, count, len(net.layers))
        how = {"weight_decay": recipe.weight_decay, "momentum": recipe.momentum}
        self._optimisers = [
            LayerOptimiser(recipe.optimiser, layer.parameters(), **how) for layer in net.layers
        ]

    step = property(lambda run: run.schedule.step, doc="Steps taken so far.")
    epoch = property(lambda run: run.schedule.epoch, doc="Epochs finished.")
    total_steps = property(lambda run: run.schedule.total_steps, doc="Steps of the whole run.")

    def __iter__(self):
        return self

    def __next__(self):
        """Take one step and return its `Record`."""
        started, schedule = time.perf_counter(), self.schedule
        if schedule.epoch >= schedule.epochs:
            raise StopIteration
        self._check()
        step, former, epoch_done = schedule.step, self.generator.get_state(), False
        try:
            order = schedule.next_order(self.generator)
            batch = schedule.next_batch(order)
            stats, moving = self._gradients(batch)
            factor = schedule.rate_factor()
            with held_back():  # Ctrl-C comes before all layers move, or after
                for optimiser, rate in moving:
                    optimiser.step(rate * factor)
                epoch_done = schedule.count_step(order, batch)
        except BaseException:
            if schedule.step == step:
                self.generator.set_state(former)
            raise
        if epoch_done:
            totals = enumerate((stats[1] + stats[2]).tolist(), 1)
            troubles = (trouble_in(total, f"layer {number}") for number, total in totals)
            warn_of(next(filter(None, troubles), None))
        self.seconds += time.perf_counter() - started
        epoch, layers = schedule.epoch + (not epoch_done), schedule.active_layers
        return Record(schedule.step, epoch, epoch_done, layers, self.seconds, stats)

    def finish(self, *, bar=False):
        """Train to the end and return the network. bar: show a progress bar meanwhile."""
        how = {"total": self.total_steps, "initial": self.step, "unit": "step"}
        for _ in tqdm(self, **how) if bar else self:
            pass
        return self.net

    def _check(self):
        """Raise ValueError unless what may change between two steps is possible."""
        check_positive(learning_rate=self.learning_rate, temperature=self.temperature)

    def _layers_move(self):
        """All layers and the learning rate, for `_gradients` to return."""
        return [(optimiser, self.learning_rate) for optimiser in self._optimisers]
