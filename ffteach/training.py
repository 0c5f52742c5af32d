"""Training as an iterator: `for record in train(net, data, recipe): ...`."""

import copy
import hashlib
import math
import time
from dataclasses import asdict, dataclass

import torch
from tqdm.auto import tqdm

from .checks import (
    check_counts,
    check_positive,
    check_precision,
    check_seed,
    check_threshold,
    check_training_data,
    trouble_in,
    warn_of,
    whole,
)
from .data import Digits, Split
from .device import matrix_dtype, sent
from .head import LEARNING_RATE as HEAD_RATE
from .head import head_gradient, head_optimiser
from .inference import error_rate
from .layers import LOSSES, FFNet, Rows, goodness
from .optimisers import LayerOptimiser, held_back
from .pairs import Batch, make_pairs
from .peer import peer_push
from .recipe import Recipe
from .schedule import Schedule

# Within one step so many images at a time: their activities stay in the cache. On a GPU, where each
# operation costs its launch, more, unless parts show in the result: numbers drawn, peers' means.
IMAGES_A_CHUNK, GPU_CHUNK = 1000, 10_000


@dataclass(frozen=True)
class Record:
    """What one step did; `loss`, `goodness_pos`, `goodness_neg` hold a mean for each of `layers`.

    >>> print(Record(9, 1, False, (0,), 0.1, torch.tensor([[0.5], [3.0], [1.0]])))
    epoch 1, step 9 | layer 1: loss 0.5000, goodness + 3.000 - 1.000
    """

    step: int  # steps taken so far, 1 after the first
    epoch: int  # the epoch it belongs to, from 1; with the greedy schedule of the layer
    epoch_done: bool  # was it the epoch's last step?
    layers: tuple[int, ...]  # the layers that learnt, from 0
    seconds: float  # time spent training so far
    stats: torch.Tensor  # (3, layers), on the network's device until someone asks

    @property
    def loss(self):
        return self.stats[0].tolist()

    @property
    def goodness_pos(self):
        return self.stats[1].tolist()

    @property
    def goodness_neg(self):
        return self.stats[2].tolist()

    def __str__(self):
        parts = [
            f"layer {layer + 1}: loss {loss:.4f}, goodness + {pos:.3f} - {neg:.3f}"
            for layer, loss, pos, neg in zip(
                self.layers, self.loss, self.goodness_pos, self.goodness_neg
            )
        ]
        return f"epoch {self.epoch}, step {self.step} | " + " | ".join(parts)


def train(net, data, recipe, *, seed=0, draw=None):
    """Check everything, then return a `Training` that does the work as it is iterated.

    net: an `FFNet`, e.g. `recipe.network(seed=0)`, trained in place. data: `Digits` of
    `load_mnist`, or one `Split`. recipe: a `Recipe`; its network settings only serve
    `recipe.network()`. seed: for shuffling, negatives and grown layers. draw: your own negatives,
    `draw(labels, generator=...)` -> wrong labels `(n,)`, or with hybrids `draw(images,
    generator=...)` -> negative images `(n, D)`. Raises TypeError or ValueError for data that do not
    fit the network.

    >>> data, recipe = load_mnist(), Recipe(widths=(784, 20), epochs=1)
    >>> train(recipe.network(), data, recipe).finish().widths
    [784, 20]
    """
    return Training(net, data, recipe, seed=seed, draw=draw)


def training_dtype(net, recipe):
    """The dtype of the large products: the network's own, or bfloat16 if recipe and machine
    agree."""
    own = net.layers[0].weight.dtype
    return own if own != torch.float32 else matrix_dtype(recipe.precision, net.device)


def _counted(name, doc):
    return property(lambda run: getattr(run.schedule, name), doc=doc)


class Training:
    """One training run: iterate it, and each `next()` takes one step on one batch, as a `Record`.

    Between two records you may change `learning_rate`, `threshold`, `temperature` and `epochs` (not
    of grown layers), put layer numbers into `frozen` (those stay as they are), or stop: a step that
    Ctrl-C interrupts is taken whole or not at all. In Python layers count from 0, in what a person
    reads from 1. `state_dict()` and `load_state_dict()` rewind and resume to the bit. `growth`
    lists (number of layers, accuracy); `trouble` says whether the network diverged or is dead.

    >>> data, recipe = load_mnist(), Recipe(widths=(784, 20), batch_size=5000, epochs=1)
    >>> [record.step for record in Training(recipe.network(), data, recipe)]
    [1, 2]
    """

    def __init__(self, net, data, recipe, *, seed=0, draw=None):
        _check_kinds(net, data, recipe, draw)
        self.net, self.recipe, self.draw = net, recipe, draw
        self.train_split, self.validation_split = data, None
        if isinstance(data, Digits):
            self.train_split, self.validation_split = data.train, data.validation
        check_training_data(net, recipe, self.train_split, self.validation_split)
        if net.label_strength == "maximum":
            net.label_strength = self.train_split.images.max().item()
        self.learning_rate, self.threshold = recipe.learning_rate, recipe.threshold
        self.temperature = recipe.temperature
        self.frozen, self.growth, self.seconds = set(), [], 0.0
        self.trouble = None  # in words, once a layer diverged or died; looked for at epoch ends
        self.seed = check_seed(seed)  # the run began with it
        self.generator = torch.Generator().manual_seed(self.seed)
        self.schedule = Schedule(recipe, len(self.train_split.images), len(net.layers))
        self.dtype, self._weight_dtype = training_dtype(net, recipe), net.layers[0].weight.dtype
        self.pairs = make_pairs(net, self.train_split, recipe, self.generator, self.dtype, draw)
        self._peer_means = {}  # the running means `(H,)` of each layer by its number
        # greedy with fixed negatives: what the layers below, which stand still, send up, (2, N, D)
        self._standing = None
        self._layers = list(net.layers)
        self._optimisers = [self._new_optimiser(layer) for layer in net.layers]
        self._head_optimiser = net.head and head_optimiser(net.head)

    @property
    def epochs(self):
        """Epochs in all, or with the greedy schedule for each layer; at least 1."""
        return self.schedule.epochs

    @epochs.setter
    def epochs(self, epochs):
        check_counts(epochs=(epochs, 1))
        self.schedule.epochs = int(epochs)

    step = _counted("step", "Steps taken so far.")
    epoch = _counted("epoch", "Epochs finished, with the greedy schedule of this layer.")
    phase = _counted("phase", "With the greedy schedule the layer that is being trained, from 0.")
    phase_epochs = _counted("phase_epochs", "Epochs of this layer's turn, or of the run.")
    active_layers = _counted("active_layers", "The layers that learn now, from 0.")
    steps_per_epoch = _counted("steps_per_epoch", "Batches in an epoch.")
    total_steps = _counted("total_steps", "Steps of the whole run as far as it is known.")

    # ---- the iterator

    def __iter__(self):
        return self

    def __next__(self):
        """Take one step and return its `Record`."""
        started, schedule = time.perf_counter(), self.schedule
        while schedule.epoch >= schedule.phase_epochs:
            self._next_phase()
        self._check_before_a_step()
        step, former, layers = schedule.step, self.generator.get_state(), schedule.active_layers
        try:
            order = sent(schedule.next_order(self.generator), self.net.device)
            batch = schedule.next_batch(order)
            stats, peer_means = self._gradients(batch, layers)
            rate = self.learning_rate * schedule.rate_factor()
            with held_back():
                epoch_done = self._take_step(order, batch, layers, rate, peer_means)
        except BaseException:
            if schedule.step == step:  # nothing but the generator has moved
                self.generator.set_state(former)
            raise
        if epoch_done and self.trouble is None:
            self._look_for_trouble(layers, stats)
        self.seconds += time.perf_counter() - started
        epoch = schedule.epoch + (not epoch_done)
        return Record(schedule.step, epoch, epoch_done, layers, self.seconds, stats)

    def finish(self, *, bar=False):
        """Train to the end and return the network. bar: show a progress bar meanwhile."""
        for _ in self.bar() if bar else self:
            pass
        return self.net

    def bar(self):
        """Iterate under a progress bar: yields the same records."""
        with tqdm(
            total=self.total_steps, initial=self.step, unit="step", dynamic_ncols=True
        ) as bar:
            for record in self:
                bar.total = self.total_steps  # growth, or more epochs, may have changed it
                bar.update()
                yield record

    def epoch_records(self):
        """Iterate to the end, yielding one `Record` per epoch with the means over its steps.

        An epoch that lowering `epochs` cuts short, so that the next layer's turn comes, is left
        out.
        """
        stats, layers = [], None
        for record in self:
            if record.layers != layers:
                layers = record.layers
                stats.clear()
            stats.append(record.stats)
            if record.epoch_done:
                mean = torch.stack(stats).mean(dim=0)
                yield Record(record.step, record.epoch, True, layers, record.seconds, mean)
                stats.clear()

    def __repr__(self):
        where = "nothing trained yet: loop over me, or call next()"
        if self.step:
            where = (
                f"{self.step} steps taken, {self.epoch} of {self.phase_epochs} epochs done, "
                f"{self.seconds:.1f} s of training"
            )
        layers = ", ".join(str(layer + 1) for layer in self.active_layers)
        recipe = f"recipe {self.recipe.name!r}, layer {layers}"
        return f"<Training of {self.net.widths} by {recipe}: {where}>"

    # ---- one step: first all gradients, which changes nothing, then all layers move at once

    @torch.no_grad()
    def _gradients(self, batch, active):
        """Write the gradients of the `active` layers on the images at `batch`.

        Returns the means of loss and goodness, `(3, active layers)`, and the new peer means.
        """
        loss_and_slopes = LOSSES[self.recipe.loss].and_slopes
        stats = torch.zeros(3, len(active), device=self.net.device)
        peer_means, strength = dict(self._peer_means), self.recipe.peer_normalisation
        parts = batch.chunk(math.ceil(len(batch) / self._chunk))
        for number, part in enumerate(parts):
            beta = int(number > 0)  # add to the gradient of the parts before
            share = len(part) / len(batch)  # the loss is a mean over images, so parts simply add up
            first = self._first_inputs(part)
            for index, inputs, h, g in self._activities(first.inputs, upto=active[-1]):
                if index not in active:
                    continue
                loss, slopes = loss_and_slopes(g, self.threshold, self.temperature)
                means = torch.cat([loss.view(1), g.view(2, -1).mean(dim=1)])
                stats[:, active.index(index)].add_(means, alpha=share)
                if self._is_frozen(index):
                    continue
                push = None
                if strength:
                    h_pos, former = h.chunk(2)[0], peer_means.get(index)
                    push, peer_means[index] = peer_push(h_pos, former, strength, len(batch))
                self.net.layers[index].local_gradient(
                    inputs, h, slopes.mul_(share), peer_push=push, beta=beta
                )
            if self.net.head is not None:
                labels = self.train_split.labels[part]
                head_gradient(self.net.head, first.seen, labels, share=share, beta=beta)
        return stats, peer_means

    @property
    def _chunk(self):
        """Images in each part of a batch."""
        recipe = self.recipe
        drawn = recipe.fresh_negatives or recipe.disturbed
        shows = drawn or recipe.peer_normalisation
        return IMAGES_A_CHUNK if shows or self.net.device.type == "cpu" else GPU_CHUNK

    def _first_inputs(self, part):
        """The `Batch` of the images at `part` as the lowest layer that is looked at takes it."""
        if self._standing is None:
            return self.pairs(part, self.epoch)
        return Batch(Rows(self._standing[:, part].flatten(0, 1)))

    def _activities(self, inputs, upto):
        """Yield (layer number, its inputs, its activities `(2n, H)`, their goodness) up to
        `upto`."""
        first = 0 if self._standing is None else self.phase
        for index in range(first, upto + 1):
            layer = self.net.layers[index]
            if index > first:
                inputs = Rows((h * layer.row_factor(g)).to(self.dtype))  # noqa: F821
            h = layer.activities(inputs)
            g = goodness(h)  # also what the layer above takes away by rescaling
            yield index, inputs, h, g

    def _take_step(self, order, batch, active, rate, peer_means):
        """Let all layers move and count the step, whatever happens; return whether its epoch
        ends."""
        moving = [(self._optimisers[index], rate) for index in active if not self._is_frozen(index)]
        if self._head_optimiser is not None:
            moving.append((self._head_optimiser, HEAD_RATE * rate / self.learning_rate))
        interruption = None
        for optimiser, its_rate in moving:
            try:
                optimiser.step(its_rate)
            except BaseException as error:
                interruption = error
        self._peer_means = peer_means
        epoch_done = self.schedule.count_step(order, batch)
        if interruption is not None:
            raise interruption
        return epoch_done

    def _look_for_trouble(self, layers, stats):
        """Warn of the first layer that diverged or died, and put it into `trouble`: in words."""
        for index, total in zip(layers, (stats[1] + stats[2]).tolist()):
            trouble = trouble_in(total, f"layer {index + 1}")
            if trouble:
                self.trouble = trouble
                warn_of(f"epoch {self.epoch}: {trouble}")
                return

    def _is_frozen(self, index):
        return index in self.frozen or not self.net.layers[index].weight.requires_grad

    def _new_optimiser(self, layer):
        recipe = self.recipe
        return LayerOptimiser(
            recipe.optimiser,
            layer.parameters(),
            weight_decay=recipe.weight_decay,
            momentum=recipe.momentum,
        )

    # ---- from layer to layer

    def _next_phase(self):
        """Go on to the next layer of the greedy schedule, growing one if need be; else stop."""
        schedule, former = self.schedule, self.generator.get_state()
        if not schedule.greedy:
            raise StopIteration
        phase = schedule.phase
        try:
            new = None
            if phase + 1 == len(self.net.layers):
                new = self._grown()
            standing = self._input_above()
            optimiser = new and self._new_optimiser(new)
            with held_back():
                if new is not None:
                    self.net.layers.append(new)
                    self._layers.append(new)
                    self._optimisers.append(optimiser)
                    schedule.layers += 1
                self._standing = standing
                schedule.climb()
        except BaseException:
            if schedule.phase == phase:
                self.generator.set_state(former)
            raise

    @torch.no_grad()
    def _input_above(self):
        """What the layer above will see: once for all, if negatives are fixed and images as
        given."""
        if self.pairs.fixed is None or self.recipe.disturbed:
            return None
        positions, parts = torch.arange(self.schedule.images, device=self.net.device), []
        for part in positions.split(self._chunk):
            inputs = self._first_inputs(part).inputs
            *_, (index, _, h, g) = self._activities(inputs, upto=self.phase)
            factor = self.net.layers[index].row_factor(g, h.shape[1])  # all layers have one scale
            parts.append((h * factor).to(self.dtype).unflatten(0, (2, -1)))
        return torch.cat(parts, dim=1)  # (2, N, D): positives, negatives

    def _grown(self):
        """Return a new layer if the last raised accuracy by more than `growth_gain`; else stop."""
        recipe, layers = self.recipe, len(self.net.layers)
        asked = bool(self.growth) and self.growth[-1][0] == layers
        if recipe.growth == "none":
            raise StopIteration
        if not asked:
            by_training = recipe.growth == "training"
            split = self.train_split if by_training else self.validation_split
            self.growth.append((layers, 1 - error_rate(self.net, split)))
        (_, before), (_, accuracy) = ([(0, 0.0)] + self.growth)[-2:]
        if layers >= recipe.max_layers or accuracy - before <= recipe.growth_gain:
            raise StopIteration
        return self.net.make_layer(recipe.growth_width, generator=self.generator)

    # ---- rewind and resume

    CONTROLS = ("learning_rate", "threshold", "temperature", "seconds")

    def state_dict(self):
        """Return a copy of all that the run needs to go on from here, to the bit."""
        optimisers = [optimiser.state_dict() for optimiser in self._optimisers]
        return copy.deepcopy(
            {
                "made_for": self._fingerprint(),
                **{name: getattr(self, name) for name in self.CONTROLS},
                **{name: getattr(self.schedule, name) for name in Schedule.COUNTED},
                "frozen": sorted(self.frozen),
                "growth": self.growth,
                "seed": self.seed,
                "net": self.net.state_dict(),
                "optimisers": optimisers,
                "head_optimiser": self._head_optimiser and self._head_optimiser.state_dict(),
                "peer_means": self._peer_means,
                "generator": self.generator.get_state(),
                "order": self.schedule.order,
                "fixed_negatives": self.pairs.fixed,
            }
        )

    def load_state_dict(self, state):
        """Go back (or on) to a state of `state_dict()`, of this run or of one like it.

        Raises ValueError, before anything changes, for a state of another recipe, other data or
        another network.
        """
        self.check_state(state)
        state = copy.deepcopy(state)
        count, layers = len(state["optimisers"]), list(self.net.layers)
        while len(layers) < count:
            width, inputs = self.recipe.growth_width, layers[-1].out_features
            new = self.net.make_layer(width, inputs=inputs, generator=torch.Generator())
            layers.append(new)
        del layers[count:]
        device = self.net.device

        def here(value):
            return None if value is None else value.to(device)

        with held_back():
            self.net.layers = torch.nn.ModuleList(layers)
            self.net.load_state_dict(state["net"])
            self._layers = list(self.net.layers)
            self._optimisers = [self._new_optimiser(layer) for layer in self.net.layers]
            for optimiser, saved in zip(self._optimisers, state["optimisers"]):
                optimiser.load_state_dict(saved)
            if self._head_optimiser is not None:
                self._head_optimiser = head_optimiser(self.net.head)
                self._head_optimiser.load_state_dict(state["head_optimiser"])
            self._peer_means = {index: here(mean) for index, mean in state["peer_means"].items()}
            self.generator.set_state(state["generator"])
            self.pairs.fixed = here(state["fixed_negatives"])
            self.frozen, self.growth = set(state["frozen"]), state["growth"]
            self.seed = state.get("seed", self.seed)  # older files have none
            self.trouble = None
            for name in self.CONTROLS:
                setattr(self, name, state[name])
            self.schedule.order, self.schedule.layers = here(state["order"]), count
            self.schedule.phase, self._standing = 0, None
            while self.schedule.phase < state["phase"]:
                self._standing = self._input_above()
                self.schedule.climb()
            for name in Schedule.COUNTED:
                setattr(self.schedule, name, state[name])

    def _fingerprint(self):
        """What a state must belong to: the recipe, the network's start and the data."""
        if not hasattr(self, "_made_for"):
            split = self.train_split
            few = torch.linspace(0, len(split.images) - 1, 16, device=split.images.device).long()
            seen = split.images[few], split.labels
            content = b"".join(part.cpu().contiguous().numpy().tobytes() for part in seen)
            self._made_for = {
                "recipe": {k: v for k, v in asdict(self.recipe).items() if k not in Recipe.WORDS},
                "widths": self.net.widths[: self.schedule.planned_layers + 1],
                "images": tuple(split.images.shape),
                "digest": hashlib.sha256(content).hexdigest(),
            }
        return self._made_for

    def check_state(self, state):
        """Raise ValueError unless `state` is one of this recipe, network and data."""
        mine = self._fingerprint()
        theirs = state.get("made_for") if isinstance(state, dict) else None
        if theirs is None:
            raise ValueError("this is no state of a training: give what run.state_dict() returned")
        # settings that came after the state was saved had their defaults
        recipe = {name: getattr(Recipe(), name) for name in mine["recipe"]} | theirs["recipe"]
        changed = [name for name, value in recipe.items() if mine["recipe"].get(name) != value]
        if changed:
            raise ValueError(
                f"this state is of another recipe, which differs in {', '.join(changed)}: "
                "load it into train(net, data, recipe) with the recipe it was made with"
            )
        for name, what in (
            ("widths", "a network that began with widths"),
            ("images", "images of shape"),
        ):
            if list(theirs[name]) != list(mine[name]):
                raise ValueError(
                    f"this state is of {what} {list(theirs[name])}, this run has {list(mine[name])}"
                )
        if theirs["digest"] != mine["digest"]:
            raise ValueError(
                "this state is of other images or labels than this run's: load the same data"
            )

    # ---- what may be changed while it trains

    def _check_before_a_step(self):
        """Raise ValueError unless what may be changed while it trains is usable."""
        check_precision(self.net)
        check_positive(learning_rate=self.learning_rate, temperature=self.temperature)
        check_threshold(self.threshold)
        layers = self.net.layers
        if not isinstance(self.frozen, (set, frozenset, list, tuple)) or not all(
            whole(layer) and 0 <= layer < len(layers) for layer in self.frozen
        ):
            raise ValueError(
                f"frozen={self.frozen!r}: expected a set of layer numbers from 0 to "
                f"{len(layers) - 1}, such as {{0}} for the first layer"
            )
        if len(layers) != len(self._layers) or any(
            a is not b for a, b in zip(layers, self._layers)
        ):
            raise ValueError(
                "the network's layers were replaced or added since train(net, ...): begin a new "
                "training of it; a recipe with growth adds layers by itself"
            )
        if layers[0].weight.dtype != self._weight_dtype:
            raise ValueError(
                f"the network's weights became {layers[0].weight.dtype} since train(net, ...): "
                "convert them before, and the images too"
            )


def _check_kinds(net, data, recipe, draw):
    """Raise TypeError unless the arguments of `train` are what they should be."""
    if not isinstance(net, FFNet):
        raise TypeError(f"net is {type(net).__name__}, expected an FFNet, such as recipe.network()")
    if not isinstance(recipe, Recipe):
        raise TypeError(
            f"recipe is {recipe!r}, expected a Recipe, such as RECIPES['quick'] or Recipe(epochs=3)"
        )
    if not isinstance(data, (Digits, Split)):
        raise TypeError(
            f"data is {type(data).__name__}, "
            "expected the Digits of load_mnist() or Split(images, labels)"
        )
    if draw is not None and not callable(draw):
        raise TypeError(f"draw is {draw!r}, expected a function draw(labels, generator=...)")
