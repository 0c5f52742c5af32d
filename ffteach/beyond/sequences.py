"""Characters from the ten before, and negatives that the network makes itself (Hinton, sleep).

The text is 44 fables retold, in 30 symbols. Hidden layers learn from windows of ten characters:
real ones are positive. A negative ends in a character of the network's own choice, or is dreamt
altogether. A softmax reads all layers and predicts the next character; no gradient leaves it.
"""

import math
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from ..checks import (
    check_counts,
    check_generator,
    check_same_device,
    check_threshold,
    found,
)
from ..device import generator_device, sent
from ..layers import FFLayer, Rows, goodness
from ..optimisers import LayerOptimiser
from ..recipe import Recipe
from .stepping import LayerTraining, check_recipe

SYMBOLS = " abcdefghijklmnopqrstuvwxyz.,'"  # 30, as in the paper's first draft
WINDOW = 10  # characters that the network sees (the draft, as others quote it)
NEGATIVES = (None, "teacher", "dream")  # None: the hidden layers stay as they were drawn
HELD_OUT = 4  # of the fables: the last ones are the validation text
READ_RATE = 0.1  # Adam's learning rate for the read-out
DREAMS = 40  # texts dreamt at once, or more; their windows serve until as many were drawn

RECIPE = Recipe(
    name="sequences",
    about="characters from the ten before",
    widths=(WINDOW * len(SYMBOLS), 100, 100),
    threshold=0.5,
    temperature=0.2,
    learning_rate=3e-3,
    epochs=3,
)
# what of a recipe acts here; anything else that differs from `Recipe()` is refused
SETTINGS = {"widths", "threshold", "temperature", "learning_rate", "rate_decay", "epochs"}
SETTINGS |= {"batch_size", "optimiser", "momentum", "weight_decay"}


class Text(NamedTuple):
    """A text to learn from and one held out: each int64 `(n,)`, places in SYMBOLS."""

    train: torch.Tensor
    validation: torch.Tensor


def encode(text):
    """Return the places of a text's characters in SYMBOLS: int64 `(n,)`.

    Raises ValueError for a character that is none of them.

    >>> encode("a fox").tolist()
    [1, 0, 6, 15, 24]
    """
    if strange := sorted(set(text) - set(SYMBOLS)):
        raise ValueError(f"the text has {strange}: its characters must be of {SYMBOLS!r}")
    return torch.tensor([SYMBOLS.index(character) for character in text], dtype=torch.int64)


def decode(codes):
    """Return the text that these places in SYMBOLS stand for: int64 `(n,)`.

    >>> decode(encode("the end."))
    'the end.'
    """
    return "".join(SYMBOLS[code] for code in codes.tolist())


def load_fables():
    """Return the fables as a `Text`, a space after each; the last HELD_OUT are the validation text.

    >>> decode(load_fables().train[:20])
    'one day a crow found'
    """
    fables = Path(__file__).with_name("fables.txt").read_text(encoding="utf-8").split("\n")
    fables = [fable + " " for fable in fables if fable]
    return Text(encode("".join(fables[:-HELD_OUT])), encode("".join(fables[-HELD_OUT:])))


def windows(codes):
    """Return all pieces of ten characters with the next one: int64 `(n,)` -> `(n - 10, 11)`.

    >>> windows(load_fables().train).shape[1]
    11
    """
    check_codes(codes, 1, WINDOW + 1)
    return codes.unfold(0, WINDOW + 1, 1)


class SequenceNet(nn.Module):
    """Hidden layers over ten characters, one-hot, and a softmax that reads all of them.

    widths: 300 = 10 x 30, then the layers'. The read-out's `weight` `(30, units of all layers)`
    and `bias` begin at 0. Raises ValueError for widths that cannot be.

    >>> SequenceNet([300, 20, 20])(windows(load_fables().train)[:5, :10]).shape
    torch.Size([5, 30])
    """

    def __init__(self, widths, *, generator=None):
        check_generator(generator)
        first = WINDOW * len(SYMBOLS)
        if not isinstance(widths, (list, tuple)) or len(widths) < 2 or widths[0] != first:
            raise ValueError(f"widths={widths!r}: give {first}, then those of the layers")
        check_counts(**{f"widths[{i}]": (width, 1) for i, width in enumerate(widths)})
        super().__init__()
        self.widths = list(widths)
        self.layers = nn.ModuleList(
            FFLayer(*pair, generator=generator) for pair in zip(widths, widths[1:])
        )
        self.weight = nn.Parameter(torch.zeros(len(SYMBOLS), sum(widths[1:])))
        self.bias = nn.Parameter(torch.zeros(len(SYMBOLS)))

    def hidden(self, codes):
        """Return of each layer what it sees and what it does: `(N, 10)` -> pairs (Rows, h)."""
        x, seen = F.one_hot(codes, len(SYMBOLS)).flatten(1).to(self.weight.dtype), []
        for layer in self.layers:
            rows = Rows(layer.rescale(x))
            x = layer.activities(rows)
            seen.append((rows, x))
        return seen

    def features(self, seen):
        """Return what the read-out reads: all layers' activities, rescaled: `(N, units)`."""
        scale = math.sqrt(self.weight.shape[1])
        return torch.cat([layer.rescale(h) for layer, (_, h) in zip(self.layers, seen)], 1) / scale

    def forward(self, codes):
        """Return the logits of the next character: `(N, 10)` -> `(N, 30)`."""
        return F.linear(self.features(self.hidden(codes)), self.weight, self.bias)


def draw(logits, *, generator=None):
    """Draw a symbol for each row from its softmax: `(N, 30)` -> int64 `(N,)`.

    The numbers are drawn where the generator is, by default on the CPU.
    """
    where = generator_device(generator)
    chance = sent(torch.rand(len(logits), 1, generator=generator, device=where), logits.device)
    below = logits.softmax(dim=1).cumsum(dim=1) < chance.to(logits.dtype)
    return below.sum(dim=1).clamp(max=len(SYMBOLS) - 1)


@torch.no_grad()
def dream(net, start, length, *, generator=None):
    """Return texts that begin with `start` and go on by the network's own draws.

    start: int64 `(N, n)`, n at least 10 -> `(N, n + length)`. Raises TypeError or ValueError.

    >>> start = encode("once upon a time")[None]
    >>> dream(SequenceNet([300, 20]), start, 4).shape
    torch.Size([1, 20])
    """
    check_codes(start, 2, WINDOW)
    check_counts(length=(length, 1))
    check_generator(generator)
    check_net(net, start)
    text = torch.cat([start, start.new_zeros(len(start), length)], dim=1)
    for end in range(start.shape[1], text.shape[1]):
        text[:, end] = draw(net(text[:, end - WINDOW : end]), generator=generator)
    return text


@torch.no_grad()
def share_right(net, codes):
    """Return the share of next characters, 0..1, that get the highest logit in a text `(n,)`.

    >>> round(share_right(SequenceNet([300, 20]), encode("a fox saw a lion")), 2)
    0.17
    """
    check_net(net, codes)
    every = windows(codes)
    parts = [net(part[:, :-1]).argmax(dim=1) for part in every.split(2000)]
    return (torch.cat(parts) == every[:, -1]).double().mean().item()


def one_side(g, sign, threshold, temperature):
    """Return half of `ff_loss` that positives (sign 1) or negatives (-1) bring, and its slopes."""
    wrong = -sign * (g - threshold) / temperature
    return F.softplus(wrong).mean() / 2, -sign * wrong.sigmoid() / (2 * temperature * len(g))


class SequenceTraining(LayerTraining):
    """A training of a `SequenceNet`: iterate it, and each `next()` takes a step on one batch.

    text: a `Text` or int64 `(n,)`. negatives: "teacher" (real but for the last character, a draw of
    the network), "dream" (windows of texts that it goes on with for `length` characters), or None:
    only the read-out learns. phase: 1, or n: n steps on positives, then n on negatives. recipe: a
    `Recipe` with SETTINGS only. seed: the same on every device. `negatives`, `phase`, `length`,
    `learning_rate`, `threshold`, `temperature` may change meanwhile. Raises TypeError, ValueError.

    >>> net = SequenceNet(RECIPE.widths)
    >>> next(SequenceTraining(net, load_fables(), negatives="dream", phase=10)).step
    1
    """

    def __init__(
        self, net, text, recipe=RECIPE, *, negatives="teacher", phase=1, length=50, seed=0
    ):
        check_recipe(recipe, SETTINGS)
        self.windows = windows(text.train if isinstance(text, Text) else text)
        check_net(net, self.windows)
        super().__init__(net, recipe, len(self.windows), seed=seed)
        self.negatives, self.phase, self.length = negatives, phase, length
        self._reader = LayerOptimiser("adam", [net.weight, net.bias])
        self._stats = torch.zeros(3, len(net.layers), device=net.weight.device)
        self._dreams = 0, None  # how many windows were drawn of these
        self._check()

    @property
    def awake(self):
        """Is the next step one on positives, or on both?"""
        return self.negatives is None or self.step // self.phase % 2 == 0 or self.phase == 1

    def __next__(self):
        """Take one step and return its `Record`; goodness is that of the last step that saw it."""
        step, dreams = self.step, self._dreams
        try:
            record = super().__next__()
        except BaseException:
            if self.step == step:
                self._dreams = dreams
            raise
        self._stats = record.stats
        return record

    def _check(self):
        """Raise ValueError unless what may change between two steps is possible."""
        super()._check()
        check_threshold(self.threshold)
        check_counts(phase=(self.phase, 1), length=(self.length, 1))
        if self.negatives not in NEGATIVES:
            raise ValueError(f"negatives={self.negatives!r}: choose one of {NEGATIVES}")

    @torch.no_grad()
    def _gradients(self, batch):
        """Write the gradients of the windows at these positions; those of one side while apart."""
        net, stats, moving, sides = self.net, self._stats.clone(), [], []
        batch = self.windows[sent(batch, self.windows.device)]
        asleep = self.negatives is not None and (self.phase == 1 or not self.awake)
        logits = None
        if self.awake or self.negatives == "teacher":
            seen = net.hidden(batch[:, :-1])
            features = net.features(seen)
            logits = F.linear(features, net.weight, net.bias)
        if self.awake:
            slope = logits.softmax(dim=1) - F.one_hot(batch[:, -1], len(SYMBOLS))
            net.weight.grad = slope.t() @ features / len(batch)
            net.bias.grad = slope.mean(dim=0)
            moving.append((self._reader, READ_RATE))
            sides.append((1, seen))
        if asleep:
            sides.append((-1, net.hidden(self._made_up(batch, logits))))
        if self.negatives is not None:
            moving += self._layers_move()
            stats[0] = 0
        for number, (sign, seen) in enumerate(sides):
            for i, (layer, (rows, h)) in enumerate(zip(net.layers, seen)):
                g = goodness(h)
                loss, slopes = one_side(g, sign, self.threshold, self.temperature)
                stats[1 if sign > 0 else 2, i] = g.mean()
                if self.negatives is not None:
                    stats[0, i] += loss
                    layer.local_gradient(rows, h, slopes, beta=number)
        return stats, moving

    def _made_up(self, batch, logits):
        """Return windows `(n, 10)` that the network made: their ends, or all of them."""
        if self.negatives == "teacher":
            own = draw(logits, generator=self.generator)
            return torch.cat([batch[:, 1:-1], own[:, None]], dim=1)
        drawn, dreams = self._dreams
        if dreams is None or drawn >= len(dreams):
            count = max(DREAMS, math.ceil(len(batch) / self.length))
            starts = torch.randint(
                len(self.windows), (count,), generator=self.generator, device="cpu"
            )
            starts = self.windows[sent(starts, batch.device), :-1]
            texts = dream(self.net, starts, self.length, generator=self.generator)
            drawn, dreams = 0, texts[:, 1:].unfold(1, WINDOW, 1).flatten(0, 1)
        self._dreams = drawn + len(batch), dreams
        order = torch.randperm(len(dreams), generator=self.generator, device="cpu")
        chosen = order[: len(batch)]
        return dreams[sent(chosen, batch.device)]


def check_codes(codes, dimensions, least):
    """Raise TypeError or ValueError unless these are places in SYMBOLS, in so many dimensions."""
    if not isinstance(codes, torch.Tensor) or codes.dtype != torch.int64:
        raise TypeError(f"the text is {found(codes)}, expected int64: use encode(text)")
    shape = tuple(codes.shape)
    if len(shape) != dimensions or shape[-1] < least or 0 in shape:
        wanted = f"({'N, ' * (dimensions - 1)}n) with n at least {least}"
        raise ValueError(f"the text has shape {shape}, expected {wanted}")
    if codes.min() < 0 or codes.max() >= len(SYMBOLS):
        raise ValueError(f"the text has places outside 0..{len(SYMBOLS) - 1}: use encode(text)")


def check_net(net, codes):
    """Raise TypeError or ValueError unless this is a `SequenceNet` where the text is."""
    if not isinstance(net, SequenceNet):
        raise TypeError(f"net is {found(net)}, expected a SequenceNet")
    if not isinstance(codes, torch.Tensor):
        raise TypeError(f"the text is {found(codes)}, expected int64: use encode(text)")
    check_same_device(("the text", codes), ("the network", net.weight))
