"""A recipe: every setting of a training in one frozen dataclass. The named ones are in `runs`."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
import torch

from .checks import EPSILONS, check_seed, check_strength, did_you_mean, finite
from .data import Digits, hold_out, load_mnist, rescale_pixels
from .device import choose_device
from .layers import INITS, LOSSES, ROW_SCALES, FFNet
from .masks import MOST_BLURS
from .optimisers import OPTIMISERS
from .shifts import LARGEST_REACH


class Rule(NamedTuple):
    """What a setting may be: in words, and as a test."""

    wanted: str
    allows: Callable[[Any], bool]


def _number(wanted, allows=lambda value: True):
    rule = Rule(f"expected {wanted}", lambda value: finite(value) and allows(value))
    return Annotated[float, rule]


def _whole(least, most=math.inf, *, or_none=False):
    def allows(value):
        return (value is None and or_none) or (type(value) is int and least <= value <= most)

    words = f"expected a whole number of at least {least}" + ", or None for all" * or_none
    words += f" and at most {most}" * (most < math.inf)
    return Annotated[int, Rule(words, allows)]


def _one_of(*allowed):
    words = f"choose one of {', '.join(map(repr, allowed))}"
    return Annotated[str, Rule(words, lambda value: isinstance(value, str) and value in allowed)]


Finite = _number("a finite number")
Positive = _number("a finite number above 0", lambda value: value > 0)
NotNegative = _number("a finite number of at least 0", lambda value: value >= 0)
Epsilon = _number("a number in 1e-30..1", lambda value: EPSILONS[0] <= value <= EPSILONS[1])
Share = _number("a number from 0 up to, not including, 1", lambda value: 0 <= value < 1)
Flag = Annotated[bool, Rule("expected True or False", lambda value: isinstance(value, bool))]


@dataclass(frozen=True)
class Recipe:
    """All settings of one training; change some with `recipe.but(threshold=1.0)`.

    Each setting stands beside its rule and its default, those that a student changes first come
    first. Raises ValueError, naming the setting and what is allowed, for a value that cannot work.

    >>> Recipe(threshold=0.5).but(epochs=3).differences(Recipe())
    {'threshold': 0.5, 'epochs': 3}
    """

    name: str = "custom"
    about: str = ""

    # what a student changes first
    widths: tuple[int, ...] = (784, 500, 500)  # the input's, then each layer's
    loss: _one_of(*LOSSES) = "threshold"
    threshold: NotNegative = 2.0
    temperature: Positive = 0.05
    learning_rate: Positive = 1e-3
    epochs: _whole(1) = 5  # in all; with "greedy", for each layer
    batch_size: _whole(1, or_none=True) = 100  # None = full batch

    # the negatives. "uniform": over the nine wrong labels; "hard": those the network likes;
    # "other images": system B's; "hybrids" of two images, without any label: unsupervised
    negatives: _one_of("uniform", "hard", "other images", "hybrids") = "uniform"
    fresh_negatives: Flag = True  # drawn for every batch, or once for the whole run
    label_strength: float | str = 4.0  # brightness of the label pixel, or "maximum" of the data
    # "hard": wrong label ~ softmax(hardness x the first layer's goodness), or ~ what the "head"
    # says
    hard_by: _one_of("goodness", "head") = "goodness"
    hardness: NotNegative = 20.0
    uniform_epochs: _whole(0) = 1  # of each layer's turn, before the hard negatives begin
    # "hybrids": Hinton's blurred bits, system C's, or both images everywhere: `blends`
    mask: _one_of("blur", "gaussian", "blend") = "blur"
    blurs: _whole(0, MOST_BLURS) = 8  # of mask "blur": how often [1/4, 1/2, 1/4] is applied

    # changes of the images, other ones in every batch
    shift: _whole(0) = 0  # moved by up to this many pixels (paper section 3.3: 2)
    shift_each: Flag = False  # every image by a move of its own, not the batch as a whole
    pixel_dropout: Share = 0.0  # share of the pixels that are hidden
    # moved towards their wrong labels, each by a length of up to this: adversarial.py
    adversarial: NotNegative = 0.0

    # the schedule, and each layer's optimiser
    schedule: _one_of("simultaneous", "greedy") = "simultaneous"  # all layers on each batch, or one
    optimiser: _one_of(*OPTIMISERS) = "adam"  # "adamw": weight decay apart from the gradient
    momentum: Share = 0.9  # of "sgd"
    weight_decay: NotNegative = 0.0
    # the learning rate falls linearly to 0, from half of the epochs on, or from the start
    rate_decay: _one_of("none", "second half", "linear") = "second half"
    peer_normalisation: NotNegative = 0.0  # strength, see peer.py (official code: 0.03)
    precision: _one_of("float32", "bfloat16") = "float32"  # of the large products, see device.py

    # the network
    row_scale: _one_of(*ROW_SCALES) = "mean-square-1"
    init: _one_of(*INITS) = "fan-in"
    head: Flag = False  # train the one-pass softmax head along, see head.py

    # what answers in the end
    first_layer_counts: Flag = True  # is its goodness summed, or left out (official code)?
    # above 0: reports take the mean goodness of the image and its copies moved by up to this many
    # pixels; training and the softmax head see the image alone
    predict_shift: _whole(0, LARGEST_REACH) = 0
    # after "hybrids": `LinearProbe` on rescaled activities, or system C's on activities as they are
    probe: _one_of("converged", "published") = "converged"
    probe_layers: tuple[int, ...] | None = None  # which it reads, from 0; None = all but the first

    # to reproduce published systems
    # growth: after the last layer another, while accuracy on these data rises by growth_gain;
    # "training" is system A's choice, and a flaw
    growth: _one_of("none", "training", "validation") = "none"
    growth_gain: NotNegative = 0.01
    growth_width: _whole(1) = 500
    growth_epochs: _whole(1) = 1200
    max_layers: _whole(1) = 6
    row_epsilon: Epsilon = 1e-6  # added to a row's length
    train_images: _whole(1, or_none=True) = None  # at most this many, chosen at random
    validation_share: Share = 0.0  # of the training images held out
    pixel_mean: Finite = 0.0  # pixels become (pixel - pixel_mean) / pixel_deviation
    pixel_deviation: Positive = 1.0

    WORDS = ("name", "about")  # what is no setting

    def __post_init__(self):
        for field in fields(self):
            if isinstance(value := getattr(self, field.name), np.generic):
                object.__setattr__(self, field.name, value.item())  # NumPy's numbers as Python's
        self._check_widths()
        for name, rule in _rules(type(self)).items():
            value = getattr(self, name)
            if not rule.allows(value):
                raise ValueError(f"{name}={value!r}: {rule.wanted}")
        if self.label_strength != "maximum":
            check_strength(self.label_strength)
        self._check_probe_layers()
        for broken, why in self._clashes():
            if broken:
                raise ValueError(why)

    def _clashes(self):
        """Yield for each pair of settings that do not go together (do they clash?, in words)."""
        hybrids, hard = self.negatives == "hybrids", self.negatives == "hard"
        greedy, grows = self.schedule == "greedy", self.growth != "none"
        yield (
            hard and not self.fresh_negatives,
            "negatives='hard' follow the network as it learns, so they need fresh_negatives=True",
        )
        yield (
            self.hard_by == "head" and not self.head,
            "hard_by='head' asks the softmax head, so it needs head=True",
        )
        yield (
            self.head and (greedy or hybrids),
            "head=True reads all layers as they learn, and labels: it needs "
            "schedule='simultaneous', and other negatives than 'hybrids'",
        )
        yield (
            self.disturbed and hybrids and not self.fresh_negatives,
            "shift and pixel_dropout change the images of every batch, "
            "so hybrids of them need fresh_negatives=True",
        )
        yield (
            self.adversarial and hybrids,
            "adversarial moves each image towards a wrong label, and hybrids have none: "
            "use adversarial=0",
        )
        yield (
            self.predict_shift and hybrids,
            "predict_shift averages goodness, but a network trained with hybrids "
            "is read by a probe: use predict_shift=0",
        )
        yield (
            grows and hybrids,
            "growth is decided by accuracy, which unsupervised training with hybrids does not have",
        )
        yield (
            grows and not greedy,
            "growth needs schedule='greedy': "
            "a grown layer is trained while those below stand still",
        )

    def _check_widths(self):
        widths = tuple(self.widths) if isinstance(self.widths, (tuple, list)) else ()
        if len(widths) < 2 or not all(type(width) is int and width >= 1 for width in widths):
            raise ValueError(
                f"widths={self.widths!r}: expected the input's width and at least one layer's, "
                "whole numbers above 0, such as (784, 500)"
            )
        object.__setattr__(self, "widths", widths)

    def _check_probe_layers(self):
        if self.probe_layers is None:
            return
        given, every = self.probe_layers, range(len(self.widths) - 1)
        layers = tuple(given) if isinstance(given, (tuple, list)) else ()
        known = all(type(layer) is int and layer in every for layer in layers)
        if not layers or len(set(layers)) < len(layers) or not known:
            raise ValueError(
                f"probe_layers={given!r}: give different layers from 0 to {len(every) - 1}, "
                "such as (0,), or None for all but the first"
            )
        object.__setattr__(self, "probe_layers", layers)

    def but(self, **changes):
        """Return the same recipe with some settings changed. Raises ValueError for unknown ones.

        >>> Recipe().but(widths=(784, 100)).widths
        (784, 100)
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise ValueError(
                    f"a recipe has no setting {name!r}; there are {', '.join(known)}"
                    + did_you_mean(name, known)
                )
        return replace(self, **changes)

    def differences(self, other):
        """Return the settings that are not those of the recipe `other`, as a dict; names apart."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in self.WORDS and value != getattr(other, name)
        }

    @property
    def disturbed(self):
        """Are the images of each batch shifted, hidden in part, or moved towards wrong labels?"""
        return bool(self.shift or self.pixel_dropout or self.adversarial)

    def counted_layers(self, net):
        """The layers of `net` whose goodness this recipe sums to predict, from 0."""
        everyone = list(range(len(net.layers)))
        return everyone if self.first_layer_counts or len(everyone) == 1 else everyone[1:]

    def load_data(self, which="sample", *, root=None, seed=0, device=None):
        """Return this recipe's `Digits`: its validation share, number of images and pixel scale.

        which, root, device: see `load_mnist`, which raises for them. seed: which training images,
        where the recipe takes only some.
        """
        everything = load_mnist(which, root=root, device=device)
        share = self.validation_share * len(everything.train.images)
        train, validation = hold_out(everything.train, round(share / 10) * 10)
        if self.train_images is not None and self.train_images < len(train.images):
            generator = torch.Generator().manual_seed(check_seed(seed))
            order = torch.randperm(len(train.images), generator=generator, device="cpu")
            train = train.take(order[: self.train_images].to(train.images.device))
        digits = Digits(train, validation, everything.test)
        return rescale_pixels(digits, self.pixel_mean, self.pixel_deviation)

    def network(self, *, seed=0, device=None):
        """Return the untrained `FFNet` of this recipe, the same for a seed on every device.

        device: see `choose_device`.

        >>> Recipe(widths=(784, 30)).network(seed=1).widths
        [784, 30]
        """
        net = FFNet(
            self.widths,
            row_scale=self.row_scale,
            init=self.init,
            epsilon=self.row_epsilon,
            label_strength=self.label_strength,
            head=self.head,
            generator=torch.Generator().manual_seed(check_seed(seed)),
        )
        return net.to(choose_device(device))


def _rules(kind, cache={}):  # noqa: B006  the hints are looked up once
    """Each setting's `Rule`, by name, in the order of the fields."""
    if kind not in cache:
        hints = get_type_hints(kind, include_extras=True)
        found = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
        cache[kind] = {name: notes[0] for name, notes in found.items() if notes}
    return cache[kind]
