"""The algorithm itself: goodness, the two losses, a Forward-Forward layer and a network of them."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .data import CLASSES, check_images
from .device import generator_device
from .negatives import check_strength

ROW_SCALES = ("mean-square-1", "unit-length")
INITS = ("fan-in", "torch", "normal")


def goodness(h):
    """Return the mean of the squared activities of each sample: `(N, H)` -> `(N,)`, never negative (paper section 2)."""
    return h.square().mean(dim=-1)


def ff_loss(g_pos, g_neg, threshold=2.0, temperature=1.0):
    """Return the binary cross-entropy of "is it positive?" with P(positive) = sigmoid((goodness - threshold) / temperature).

    g_pos, g_neg: goodness of positives and negatives, `(N,)` each -> scalar, the mean over all 2N of
    softplus(-/+ (g - threshold) / temperature) (paper section 2, equation 1). softplus stays finite where log(1 + exp(x)) overflows.
    temperature: above 0; threshold 2.0 is that of the published systems A and B.
    """
    return (
        F.softplus((threshold - g_pos) / temperature).mean()
        + F.softplus((g_neg - threshold) / temperature).mean()
    ) / 2


def pairwise_loss(g_pos, g_neg, temperature=1.0):
    """Return the mean of softplus(-(g_pos - g_neg) / temperature): each positive against its own negative, no threshold.

    g_pos, g_neg: `(N,)` each, in the same order -> scalar. temperature: above 0. The loss of SymBa (Lee & Song 2023).
    """
    return F.softplus((g_neg - g_pos) / temperature).mean()


class FFLayer(nn.Linear):
    """A layer that rescales its input rows, applies a linear map and ReLU, and can learn from its own goodness alone.

    in_features, out_features: widths. row_scale: "mean-square-1" (length sqrt(n), official MATLAB code) or "unit-length"
    (systems A and B). init: "fan-in" = weights N(0, 1/in_features), biases 0 (official code); "torch" = `nn.Linear`'s own
    (system A); "normal" = N(0, 1) for weights and biases (system B). epsilon: added to the row length, so that an all-zero
    row stays zero (system A: 1e-6, system B: 1e-4), a finite number of at least 0. generator: for a reproducible start.
    Raises ValueError for settings that cannot work.
    """

    def __init__(
        self,
        in_features,
        out_features,
        *,
        row_scale="mean-square-1",
        init="fan-in",
        epsilon=1e-6,
        generator=None,
    ):
        for name, width in (("in_features", in_features), ("out_features", out_features)):
            if isinstance(width, bool) or not isinstance(width, int) or width < 1:
                raise ValueError(
                    f"{name}={width!r}: a layer's width is a whole number of at least 1"
                )
        if row_scale not in ROW_SCALES:
            raise ValueError(f"row_scale={row_scale!r}: choose one of {ROW_SCALES}")
        if init not in INITS:
            raise ValueError(f"init={init!r}: choose one of {INITS}")
        if not 0 <= epsilon < math.inf:
            raise ValueError(
                f"epsilon={epsilon!r}: expected a finite number of at least 0, such as 1e-6"
            )
        self.row_scale, self.init, self.epsilon, self.generator = (
            row_scale,
            init,
            epsilon,
            generator,
        )
        super().__init__(in_features, out_features)
        del self.generator

    @torch.no_grad()
    def reset_parameters(self):
        """Draw the start that `init` names."""
        generator = getattr(self, "generator", None)
        weight, bias = (
            torch.empty_like(p, device=generator_device(generator))
            for p in (self.weight, self.bias)
        )
        if self.init == "torch":  # what nn.Linear does, but with our generator
            bound = 1 / math.sqrt(self.in_features)
            weight.uniform_(-bound, bound, generator=generator)
            bias.uniform_(-bound, bound, generator=generator)
        elif self.init == "normal":
            weight.normal_(generator=generator)
            bias.normal_(generator=generator)
        else:
            weight.normal_(std=1 / math.sqrt(self.in_features), generator=generator)
            bias.zero_()
        self.weight.copy_(weight)
        self.bias.copy_(bias)

    def row_factor(self, square_sum):
        """Return what each input row is multiplied by, from its sum of squares: `(N,)` -> `(N, 1)`."""
        length = 1.0 if self.row_scale == "unit-length" else math.sqrt(self.in_features)
        return (length / (square_sum.sqrt() + self.epsilon)).unsqueeze(-1)

    def normalise(self, x):
        """Return the rows of x at this layer's row scale, so that their length (the goodness below) is gone: `(N, in)` -> `(N, in)`."""
        return x * self.row_factor(x.square().sum(dim=-1))

    def rescale_output(self, h):
        """Return the rows of this layer's activities h as a layer on top would see them, whether there is one or not: `(N, out)` -> `(N, out)`."""
        length = 1.0 if self.row_scale == "unit-length" else math.sqrt(self.out_features)
        return h * (length / (h.norm(dim=1, keepdim=True) + self.epsilon))

    def forward(self, x):
        """Return the hidden activities: `(N, in)` -> `(N, out)`, never negative."""
        return F.relu(F.linear(self.normalise(x), self.weight, self.bias))

    def extra_repr(self):
        return f"{self.in_features} -> {self.out_features}, rows {self.row_scale}, init {self.init}, trained by its own goodness"


class FFNet(nn.Module):
    """A stack of Forward-Forward layers; no gradient ever passes from one to another.

    widths: e.g. `[784, 500, 500]` = two layers. row_scale, init, epsilon: see `FFLayer`. label_strength: brightness of the
    label pixel, a number, or "maximum" = the brightest pixel of the training data, resolved once when training begins.
    head: add the one-pass softmax head, `(10, all widths but the first layer's)`, see `head.py`.
    generator: for a reproducible start. Raises ValueError for widths that are not at least two whole numbers above 0.
    """

    def __init__(
        self,
        widths,
        *,
        row_scale="mean-square-1",
        init="fan-in",
        epsilon=1e-6,
        label_strength=1.0,
        head=False,
        generator=None,
    ):
        super().__init__()
        if not isinstance(widths, (list, tuple)) or len(widths) < 2:
            raise ValueError(
                f"widths={widths!r}: give the input's width and at least one layer's, such as [784, 500]"
            )
        if label_strength != "maximum":
            check_strength(label_strength)
        self.label_strength = label_strength
        self._layer_options = {"row_scale": row_scale, "init": init, "epsilon": epsilon}
        self.layers = nn.ModuleList()
        for fan_in, width in zip(widths, widths[1:]):
            self.layers.append(FFLayer(fan_in, width, generator=generator, **self._layer_options))
        self.head = nn.Linear(sum(widths[2:] or widths[1:]), CLASSES, bias=False) if head else None
        if head:
            nn.init.zeros_(self.head.weight)

    @property
    def widths(self):
        """The input's width and each layer's: `[784, 500, 500]`."""
        return [self.layers[0].in_features, *(layer.out_features for layer in self.layers)]

    @property
    def device(self):
        """The device that holds the weights."""
        return self.layers[0].weight.device

    def check_images(self, images):
        """Raise TypeError or ValueError unless this network can take `images`: float `(N, D)` of its width, device and dtype, finite."""
        check_images(images, labelled=True)
        weight = self.layers[0].weight
        if images.shape[1] != self.widths[0]:
            raise ValueError(
                f"images have {images.shape[1]} pixels, but the network's first layer takes {self.widths[0]}"
            )
        if images.device != weight.device:
            raise ValueError(
                f"images are on {images.device}, the network on {weight.device}: move both to one device with .to(device)"
            )
        if images.dtype != weight.dtype:
            raise TypeError(
                f"images are {images.dtype}, the network's weights {weight.dtype}: use images.to(net.layers[0].weight.dtype)"
            )

    def add_layer(self, width, *, generator=None):
        """Put a new, untrained layer of `width` units on top, on the network's device, and return it. Raises ValueError if a softmax head would not fit any more."""
        if self.head is not None:
            raise ValueError(
                "this network's softmax head reads the layers there are: make it with head=False to let it grow"
            )
        layer = FFLayer(self.widths[-1], width, generator=generator, **self._layer_options).to(
            self.device, self.layers[0].weight.dtype
        )
        self.layers.append(layer)
        return layer

    def forward(self, x):
        """Return the activities of every layer, first to last: `(N, D)` -> a list of `(N, H)`. Inputs carry their label already."""
        activities = []
        for layer in self.layers:
            x = layer(x)
            activities.append(x)
        return activities

    def get_extra_state(self):
        """What `state_dict` keeps besides the weights: the settings without which they mean something else."""
        return {"label_strength": self.label_strength, **self._layer_options}

    def set_extra_state(self, state):
        """Take the label strength over; raise ValueError if the weights belong to a network with other row lengths."""
        for name in ("row_scale", "epsilon"):
            if state[name] != self._layer_options[name]:
                raise ValueError(
                    f"these weights belong to a network with {name}={state[name]!r}, this one has {self._layer_options[name]!r}"
                )
        self.label_strength = state["label_strength"]

    def extra_repr(self):
        return (
            f"widths {self.widths}: the image with its label in pixels 0..{CLASSES - 1} (strength {self.label_strength}) goes in at the left;"
            "\neach layer learns alone to make goodness (mean square activity) high for positive, low for negative data"
        )
