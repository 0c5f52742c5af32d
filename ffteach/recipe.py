"""A recipe: every setting of a training as one frozen dataclass. The named ones are in recipes.py."""

import math
from dataclasses import dataclass, fields, replace

import torch

from .data import Digits, hold_out, load_mnist, rescale_pixels
from .device import choose_device
from .layers import INITS, ROW_SCALES, FFNet
from .negatives import check_strength

CHOICES = {
    "row_scale": ROW_SCALES,
    "init": INITS,
    "negatives": ("uniform", "hard", "other images", "hybrids"),
    "hard_by": ("goodness", "head"),
    "mask": ("blur", "gaussian"),
    "loss": ("threshold", "pairwise"),
    "schedule": ("simultaneous", "greedy"),
    "optimiser": ("adam", "adamw", "sgd"),
    "decay": ("none", "second half", "linear"),
    "precision": ("float32", "bfloat16"),
    "growth": ("none", "training", "validation"),
    "probe": ("converged", "published"),
}


@dataclass(frozen=True)
class Recipe:
    """All settings of one training. Change one with `dataclasses.replace(recipe, threshold=1.0)` or `recipe.but(threshold=1.0)`.

    Raises ValueError, naming the setting and what is allowed, for a value that cannot work.
    """

    name: str = "custom"
    about: str = ""
    # the network
    widths: tuple[int, ...] = (784, 500, 500)
    row_scale: str = "mean-square-1"  # or "unit-length"
    row_epsilon: float = 1e-6
    init: str = "fan-in"  # or "torch", "normal"
    head: bool = False  # train the one-pass softmax head along, see head.py
    label_strength: float | str = 4.0  # brightness of the label pixel, or "maximum" of the data
    # the negatives
    negatives: str = "uniform"  # over the nine wrong labels; "hard" = those the network likes; "other images" = system B;
    # "hybrids" of two images, without any label, is unsupervised
    fresh_negatives: bool = True  # drawn anew for every batch, or once for the whole run
    hard_by: str = "goodness"  # "hard": by the first layer's goodness, or by what the softmax "head" takes for the digit
    hardness: float = 20.0  # by goodness: wrong label ~ softmax(hardness x first-layer goodness)
    uniform_epochs: int = 1  # "hard": epochs of uniform negatives before the hard ones; with "greedy" each layer counts anew
    mask: str = "blur"  # "hybrids": Hinton's blurred bits, or "gaussian" = system C's
    blurs: int = 8  # "hybrids" with mask "blur": how often [1/4, 1/2, 1/4] is applied
    shift: int = 0  # move each batch by up to so many pixels in both directions, anew every time (paper section 3.3: 2)
    shift_each: bool = False  # every image by a shift of its own, instead of the batch as a whole
    pixel_dropout: float = 0.0  # share of each image's pixels that are hidden, other ones each time
    # the loss
    loss: str = "threshold"  # or "pairwise"
    threshold: float = 2.0
    temperature: float = 0.05
    # the schedule
    schedule: str = (
        "simultaneous"  # all layers on every batch; "greedy" = one layer after the other
    )
    epochs: int = 5  # in all; with "greedy", for each layer
    batch_size: int | None = 100  # None = full batch
    # the optimiser, one per layer
    optimiser: str = "adam"  # or "sgd" with momentum, or "adamw" = Adam whose weight decay is apart from the gradient (Loshchilov & Hutter 2019)
    learning_rate: float = 1e-3
    momentum: float = 0.9  # "sgd" only
    weight_decay: float = 0.0
    decay: str = "second half"  # learning rate constant for half the epochs, then linearly to 0; "linear" from the start; or "none"
    peer_normalisation: float = 0.0  # strength, see peer.py (official code: 0.03)
    precision: str = "float32"  # of the large matrix products; "bfloat16" where the machine has instructions for it, see device.py
    # growth: after the last layer, add another while accuracy on these data rises by more than growth_gain
    growth: str = "none"  # or "validation"; "training" as system A published it (a flaw)
    growth_gain: float = 0.01
    growth_width: int = 500
    growth_epochs: int = 1200
    max_layers: int = 6
    # "hybrids" are trained without labels: what reads the digit off the network afterwards, see probe.py
    probe: str = "converged"  # `LinearProbe` on normalised activities, or "published" = system C's, on activities as they are
    probe_layers: tuple[int, ...] | None = None  # which layers it reads; None = all but the first
    # prediction
    first_layer_counts: bool = (
        True  # is its goodness summed too, or left out where there are others (official code)?
    )
    predict_shift: int = 0  # above 0, goodness is the mean over the image and its copies moved by up to so many pixels. Only reports do so: training, softmax head and panels ask the image alone
    # the data
    train_images: int | None = None  # at most so many, chosen at random; None = all
    validation_share: float = 0.0  # share of the training images held out
    pixel_mean: float = 0.0  # pixels become (pixel - pixel_mean) / pixel_deviation
    pixel_deviation: float = 1.0

    def __post_init__(self):
        widths = tuple(self.widths) if isinstance(self.widths, (tuple, list)) else ()
        if len(widths) < 2 or not all(type(width) is int and width >= 1 for width in widths):
            raise ValueError(
                f"widths={self.widths!r}: expected the input's width and at least one layer's, whole numbers above 0, such as (784, 500)"
            )
        object.__setattr__(self, "widths", widths)
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name}={getattr(self, name)!r}: choose one of {', '.join(map(repr, allowed))}"
                )
        for name in ("temperature", "learning_rate", "pixel_deviation", "row_epsilon"):
            self._require(name, lambda x: x > 0, "a finite number above 0")
        for name in ("threshold", "hardness", "weight_decay", "growth_gain", "peer_normalisation"):
            self._require(name, lambda x: x >= 0, "a finite number of at least 0")
        for name in ("momentum", "validation_share", "pixel_dropout"):
            self._require(name, lambda x: 0 <= x < 1, "a number from 0 up to, not including, 1")
        for name in ("epochs", "growth_epochs", "growth_width", "max_layers"):
            self._require(
                name, lambda x: isinstance(x, int) and x >= 1, "a whole number of at least 1"
            )
        for name in ("batch_size", "train_images"):
            if getattr(self, name) is not None:
                self._require(
                    name,
                    lambda x: isinstance(x, int) and x >= 1,
                    "a whole number of at least 1, or None for all",
                )
        for name in ("uniform_epochs", "blurs", "shift", "predict_shift"):
            self._require(
                name, lambda x: isinstance(x, int) and x >= 0, "a whole number of at least 0"
            )
        self._require("pixel_mean", lambda x: True, "a finite number")
        for name in ("fresh_negatives", "head", "shift_each", "first_layer_counts"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r}: expected True or False")
        if self.label_strength != "maximum":
            check_strength(self.label_strength)
        if self.negatives == "hard" and not self.fresh_negatives:
            raise ValueError(
                "negatives='hard' follow the network as it learns, so they need fresh_negatives=True"
            )
        if self.hard_by == "head" and not self.head:
            raise ValueError("hard_by='head' asks the softmax head, so it needs head=True")
        if self.head and (self.schedule == "greedy" or self.negatives == "hybrids"):
            raise ValueError(
                "head=True reads all layers as they learn, and labels: it needs schedule='simultaneous', and other negatives than 'hybrids'"
            )
        if self.disturbed and self.negatives == "hybrids" and not self.fresh_negatives:
            raise ValueError(
                "shift and pixel_dropout change the images of every batch, so hybrids of them need fresh_negatives=True"
            )
        if self.predict_shift and self.negatives == "hybrids":
            raise ValueError(
                "predict_shift averages goodness, but a network trained with hybrids is read by a probe: use predict_shift=0"
            )
        self._check_probe_layers()
        if self.growth != "none" and self.negatives == "hybrids":
            raise ValueError(
                "growth is decided by accuracy, which unsupervised training with hybrids does not have"
            )
        if self.growth != "none" and self.schedule != "greedy":
            raise ValueError(
                "growth needs schedule='greedy': a grown layer is trained while those below stand still"
            )

    def _check_probe_layers(self):
        if self.probe_layers is not None:
            layers = (
                tuple(self.probe_layers) if isinstance(self.probe_layers, (tuple, list)) else ()
            )
            allowed = range(len(self.widths) - 1)
            if (
                not layers
                or len(set(layers)) < len(layers)
                or not all(type(layer) is int and layer in allowed for layer in layers)
            ):
                raise ValueError(
                    f"probe_layers={self.probe_layers!r}: give different layers from 0 to {len(allowed) - 1}, such as (0,), or None for all but the first"
                )
            object.__setattr__(self, "probe_layers", layers)

    def _require(self, name, test, wanted):
        value = getattr(self, name)
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not math.isfinite(value)
            or not test(value)
        ):
            raise ValueError(f"{name}={value!r}: expected {wanted}")

    def but(self, **changes):
        """Return the same recipe with some settings changed. Raises ValueError for a setting that does not exist."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise ValueError(f"a recipe has no setting {name!r}; there are {', '.join(known)}")
        return replace(self, **changes)

    def differences(self, other):
        """Return the settings that differ from those of `other`; `name` and `about` apart.

        >>> Recipe(threshold=1.0).differences(Recipe())
        {'threshold': 1.0}
        """
        return {
            name: value
            for name, value in vars(self).items()
            if name not in ("name", "about") and value != getattr(other, name)
        }

    @property
    def disturbed(self):
        """Are the images of each batch shifted, or some of their pixels hidden?"""
        return bool(self.shift or self.pixel_dropout)

    def counted_layers(self, net):
        """The layers of `net` whose goodness this recipe sums to predict, from 0."""
        return list(range(len(net.layers)))[
            0 if self.first_layer_counts or len(net.layers) == 1 else 1 :
        ]

    def load_data(self, which="sample", *, root=None, seed=0, device=None):
        """Return the `Digits` of this recipe: `load_mnist` with its validation share, number of images and pixel scale.

        seed: which training images, where the recipe takes only some. Raises as `load_mnist` does.
        """
        everything = load_mnist(which, root=root, device=device)
        train, validation = hold_out(
            everything.train, round(self.validation_share * len(everything.train.images) / 10) * 10
        )
        if self.train_images is not None and self.train_images < len(train.images):
            order = torch.randperm(
                len(train.images), generator=torch.Generator().manual_seed(seed), device="cpu"
            )
            chosen = order[: self.train_images]
            train = train.take(chosen.to(train.images.device))
        return rescale_pixels(
            Digits(train, validation, everything.test), self.pixel_mean, self.pixel_deviation
        )

    def network(self, *, seed=0, device=None):
        """Return the untrained `FFNet` of this recipe, the same for the same seed on every device. device: see `choose_device`."""
        net = FFNet(
            self.widths,
            row_scale=self.row_scale,
            init=self.init,
            epsilon=self.row_epsilon,
            label_strength=self.label_strength,
            head=self.head,
            generator=torch.Generator().manual_seed(seed),
        )
        return net.to(choose_device(device))
