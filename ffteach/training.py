"""Training as an iterator: `for record in train(net, data, recipe): ...`."""

import copy
import math
import time

import torch

from .data import Digits, Split
from .fit_check import check_training_data
from .head import LEARNING_RATE as HEAD_RATE
from .head import head_gradient, head_optimiser
from .inference import error_rates
from .layers import FFNet
from .local_update import Rows, local_gradient, loss_and_slopes
from .pairs import make_pairs
from .peer import PeerNormalisation
from .recipe import Recipe
from .record import Record
from .schedule import Schedule

PART = 1000  # images at a time within one step: a full batch's activities then stay in the cache; the sum is the same


def train(net, data, recipe, *, seed=0):
    """Check everything, then return a `Training` that does the work as it is iterated.

    net: an `FFNet`, e.g. `recipe.network(seed=0)`, trained in place. data: `Digits` from `load_mnist`, or one `Split`.
    recipe: a `Recipe`; its network settings only serve `recipe.network()`, training takes the network as it is.
    seed: for shuffling, negatives and grown layers. Raises TypeError or ValueError for data that do not fit the network.
    """
    return Training(net, data, recipe, seed=seed)


class Training(Schedule):
    """One training run: iterate it, and each `next()` takes one step on one batch and yields a `Record`.

    Between two records you may change `learning_rate`, `threshold` and `temperature` (they act on the next step), raise or
    lower `epochs` (grown layers have the recipe's `growth_epochs`, whatever it says), put layer numbers into `frozen` (those stay
    as they are), or stop: the network is usable at any time.
    `pairs.draw` draws the fresh negatives; try your own function in its place (see `pairs.py`).
    `state_dict()` / `load_state_dict()` rewind and resume to the bit. `growth` lists (number of layers, accuracy).
    """

    def __init__(self, net, data, recipe, *, seed=0):
        self.net, self.recipe = net, recipe
        if not isinstance(net, FFNet):
            raise TypeError(
                f"net is {type(net).__name__}, expected an FFNet, such as recipe.network()"
            )
        if not isinstance(recipe, Recipe):
            raise TypeError(
                f"recipe is {recipe!r}, expected a Recipe, such as RECIPES['quick'] or Recipe(epochs=3)"
            )
        if not isinstance(data, (Digits, Split)):
            raise TypeError(
                f"data is {type(data).__name__}, expected the Digits of load_mnist() or Split(images, labels)"
            )
        self.train_split, self.validation_split = (
            (data.train, data.validation) if isinstance(data, Digits) else (data, None)
        )
        self.count = len(self.train_split.images)
        check_training_data(net, recipe, self.train_split, self.validation_split)
        super().__init__(net, recipe, self.count, torch.Generator().manual_seed(seed))
        if net.label_strength == "maximum":
            net.label_strength = self.train_split.images.max().item()
        self.learning_rate, self.threshold, self.temperature = (
            recipe.learning_rate,
            recipe.threshold,
            recipe.temperature,
        )
        self.frozen = set()
        self.growth = []
        self.seconds = 0.0
        self.pairs = make_pairs(net, self.train_split, recipe, self.generator)
        self.peers = PeerNormalisation(recipe.peer_normalisation)
        self._standing = None  # greedy with fixed negatives: what the layers below, which stand still, send up (2, N, D)
        self._optimisers = [self._new_optimiser(layer) for layer in net.layers]
        self._head_optimiser = net.head and head_optimiser(net.head)

    # ---- the iterator

    def __iter__(self):
        return self

    def __next__(self):
        """Take one step and return its `Record`."""
        started = time.perf_counter()
        while self.epoch >= self.phase_epochs:
            self._next_phase()
        self._check_knobs()
        rate = self.learning_rate * self.decay_factor()
        stats = self._step(self.next_batch(), rate)
        epoch_done = self.end_step()
        self.seconds += time.perf_counter() - started
        return Record(
            self.step,
            self.epoch + (not epoch_done),
            epoch_done,
            self.active_layers,
            self.seconds,
            stats,
        )

    def epoch_records(self):
        """Iterate to the end, yielding one `Record` per epoch with the means over its steps.

        An epoch that lowering `epochs` cuts short, so that the next layer's turn comes, is left out.
        """
        stats, layers = [], None
        for record in self:
            if record.layers != layers:
                layers = record.layers
                stats.clear()
            stats.append(record.stats)
            if record.epoch_done:
                yield Record(
                    record.step,
                    record.epoch,
                    True,
                    record.layers,
                    record.seconds,
                    torch.stack(stats).mean(dim=0),
                )
                stats.clear()

    def __repr__(self):
        where = (
            "nothing trained yet: loop over me, or call next()"
            if not self.step
            else (
                f"{self.step} steps taken, {self.epoch} of {self.phase_epochs} epochs done, {self.seconds:.1f} s of training"
            )
        )
        layers = ", ".join(map(str, self.active_layers))
        return f"<Training of {self.net.widths} by recipe {self.recipe.name!r}, layer {layers}: {where}>"

    # ---- one step

    @torch.no_grad()
    def _step(self, batch, rate):
        """Train the active layers on the images at `batch` with learning rate `rate` and return the means of loss and goodness, `(3, active layers)`."""
        active = self.active_layers
        stats = torch.zeros(3, len(active), device=self.net.device)
        parts = batch.chunk(math.ceil(len(batch) / PART))
        for part, rows in enumerate(parts, start=1):
            share = len(rows) / len(
                batch
            )  # the batch's loss is a mean over samples, so its parts simply add up
            for index, inputs, h, square_sum in self._activities(rows, upto=active[-1]):
                if index in active:
                    g = square_sum / h.shape[1]  # positives first
                    loss, slopes = loss_and_slopes(
                        self.recipe.loss, g, self.threshold, self.temperature
                    )
                    stats[:, active.index(index)].add_(
                        torch.cat([loss.view(1), g.view(2, -1).mean(dim=1)]), alpha=share
                    )
                    if index not in self.frozen:
                        push = self.peers.push(index, h, len(batch))
                        local_gradient(
                            self.net.layers[index],
                            inputs,
                            h,
                            slopes.mul_(share),
                            peer_push=push,
                            beta=int(part > 1),
                        )
                        if part == len(
                            parts
                        ):  # at once: what the layers above need of this one is in h
                            self._optimisers[index].param_groups[0]["lr"] = rate
                            self._optimisers[index].step()
            if self.net.head is not None:
                head_gradient(
                    self.net.head,
                    self.pairs.seen,
                    self.train_split.labels[rows],
                    share=share,
                    beta=int(part > 1),
                )
        if self.net.head is not None:
            self._head_optimiser.param_groups[0]["lr"] = HEAD_RATE * rate / self.learning_rate
            self._head_optimiser.step()
        return stats

    def _activities(self, rows, upto):
        """Yield (layer number, its input, its activities `(2n, H)` with positives first, their sums of squares) up to layer `upto`."""
        first = 0 if self._standing is None else self.phase
        inputs = (
            self.pairs(rows, self.epoch)
            if self._standing is None
            else Rows(self._standing[:, rows].flatten(0, 1))
        )
        for index in range(first, upto + 1):
            layer = self.net.layers[index]
            if index > first:
                inputs = Rows((h * layer.row_factor(square_sum)).to(self.pairs.dtype))
            h = inputs.activities(layer)
            square_sum = torch.linalg.vector_norm(h, dim=1).square_()
            yield index, inputs, h, square_sum

    def _new_optimiser(self, layer):
        options = {"lr": self.learning_rate, "weight_decay": self.recipe.weight_decay}
        if self.net.device.type in ("cpu", "cuda"):
            options["fused"] = True  # one kernel for the whole update
        if self.recipe.optimiser in ("adam", "adamw"):
            return (torch.optim.Adam if self.recipe.optimiser == "adam" else torch.optim.AdamW)(
                layer.parameters(), **options
            )
        return torch.optim.SGD(layer.parameters(), momentum=self.recipe.momentum, **options)

    # ---- from layer to layer

    def _next_phase(self):
        """Go on to the next layer of the greedy schedule, growing one if the recipe says so; else the run is over."""
        if self.recipe.schedule == "simultaneous" or (
            self.phase + 1 == len(self.net.layers) and not self._grow()
        ):
            raise StopIteration
        self._climb()
        self.epoch = self.position = 0

    @torch.no_grad()
    def _climb(self):
        """Move on to the layer above. With fixed negatives and undisturbed images its input never changes again: it is computed once for all."""
        if self.pairs.fixed is not None and not self.recipe.disturbed:
            above, parts = self.net.layers[self.phase + 1], []
            for rows in torch.arange(self.count, device=self.net.device).split(PART):
                *_, (_, _, h, square_sum) = self._activities(rows, upto=self.phase)
                parts.append((h * above.row_factor(square_sum)).unflatten(0, (2, -1)))
            self._standing = torch.cat(parts, dim=1)  # (2, N, D): positives, negatives
        self.phase += 1

    def _grow(self):
        """Add a layer if the last one raised accuracy by more than `growth_gain`; say whether it did."""
        recipe, layers = self.recipe, len(self.net.layers)
        asked = bool(self.growth) and self.growth[-1][0] == layers
        if recipe.growth == "none" or asked:
            return False
        before = self.growth[-1][1] if self.growth else 0.0
        accuracy = (
            1
            - error_rates(
                self.net, self.train_split if recipe.growth == "training" else self.validation_split
            )[0]
        )
        self.growth.append((layers, accuracy))
        if layers >= recipe.max_layers or accuracy - before <= recipe.growth_gain:
            return False
        self._optimisers.append(
            self._new_optimiser(self.net.add_layer(recipe.growth_width, generator=self.generator))
        )
        return True

    # ---- rewind and resume

    STATE = (
        "learning_rate",
        "threshold",
        "temperature",
        "epochs",
        "step",
        "epoch",
        "position",
        "phase",
        "seconds",
    )

    def state_dict(self):
        """Return a copy of everything the run needs to go on from here to the bit: network, optimisers, position, generator."""
        return copy.deepcopy(
            {
                **{name: getattr(self, name) for name in self.STATE},
                "frozen": sorted(self.frozen),
                "growth": self.growth,
                "net": self.net.state_dict(),
                "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
                "head_optimiser": self._head_optimiser and self._head_optimiser.state_dict(),
                "peers": self.peers.means,
                "generator": self.generator.get_state(),
                "order": self.order,
                "fixed_negatives": self.pairs.fixed,
            }
        )

    def load_state_dict(self, state):
        """Go back (or on) to a state of `state_dict()`, of this run or of one made from the same data and recipe.

        Raises ValueError if the state has fewer layers than the network began with.
        """
        state = copy.deepcopy(state)
        layers = len(state["optimisers"])
        if layers < self.planned_layers:
            raise ValueError(
                f"this state has {layers} layers, but the network began with {self.planned_layers}"
            )
        while len(self.net.layers) < layers:
            self.net.add_layer(self.recipe.growth_width)
        del self.net.layers[layers:]
        self.net.load_state_dict(state["net"])
        self._optimisers = [self._new_optimiser(layer) for layer in self.net.layers]
        for optimiser, saved in zip(self._optimisers, state["optimisers"]):
            optimiser.load_state_dict(saved)
        if self._head_optimiser is not None:
            self._head_optimiser = head_optimiser(self.net.head)
            self._head_optimiser.load_state_dict(state["head_optimiser"])
        self.peers.means = {
            index: mean.to(self.net.device) for index, mean in state["peers"].items()
        }
        self.generator.set_state(state["generator"])
        self.order, self.pairs.fixed = (
            None if state[name] is None else state[name].to(self.net.device)
            for name in ("order", "fixed_negatives")
        )
        self.frozen, self.growth = set(state["frozen"]), state["growth"]
        self.phase, self._standing = 0, None
        while self.phase < state["phase"]:
            self._climb()
        for name in self.STATE:
            setattr(self, name, state[name])

    # ---- what may be changed while it trains

    def _check_knobs(self):
        """Raise ValueError unless what may be changed while it trains is usable."""
        for name, least in (
            ("learning_rate", "above 0"),
            ("temperature", "above 0"),
            ("threshold", ""),
        ):
            value = getattr(self, name)
            if (
                not isinstance(value, (int, float))
                or not math.isfinite(value)
                or (least and value <= 0)
            ):
                raise ValueError(f"{name}={value!r}: expected a finite number {least}".rstrip())
