"""What a training step executes: goodness, each loss beside its slope, a layer beside its gradient.

With h = relu(z), z = x W' + b and goodness g = mean(h^2), the chain rule inside ONE layer has three
factors, and nothing leaves the layer (derived in lesson 01, equal to autograd):

    dL/dW  =  sum over samples of   dL/dg     x   (2/H) h          x   x
                                    slope of      post-synaptic        pre-synaptic
                                    the loss      activity             activity
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from .checks import (
    CLASSES,
    EPSILONS,
    check_activities,
    check_counts,
    check_goodness,
    check_network_takes,
    check_positive,
    check_strength,
    check_threshold,
    finite,
)
from .device import generator_device

ROW_SCALES = ("mean-square-1", "unit-length")
INITS = ("fan-in", "torch", "normal")


def goodness(h):
    """Return the mean of the squared activities: `(N, H)` -> `(N,)`, never negative (paper section
    2).

    >>> goodness(torch.tensor([[0.0, 1.0, 2.0, 3.0]])).item()
    3.5
    """
    check_activities(h)
    return h.square().mean(dim=-1)


# ---- losses: each is a mean of softplus, whose slope is the sigmoid


def ff_loss(g_pos, g_neg, threshold=2.0, temperature=1.0):
    """Return the cross-entropy of "positive?", P(positive) = sigmoid((g - threshold) /
    temperature).

    g_pos, g_neg: goodness of positives and negatives, `(N,)` and `(M,)` -> scalar: the mean over
    both kinds of softplus(-/+ (g - threshold) / temperature) (paper section 2, equation 1), finite
    where log(1 + exp(x)) overflows. temperature: above 0. threshold: 2.0 is systems A's and B's.

    >>> round(ff_loss(torch.tensor([3.0]), torch.tensor([1.0])).item(), 4)
    0.3133
    """
    check_goodness(g_pos, g_neg)
    check_threshold(threshold)
    check_positive(temperature=temperature)
    loss_pos = F.softplus((threshold - g_pos) / temperature).mean()
    loss_neg = F.softplus((g_neg - threshold) / temperature).mean()
    return (loss_pos + loss_neg) / 2


def ff_loss_and_slopes(g, threshold, temperature):
    """Return `ff_loss` and its slopes dL/dg: goodness `(2N,)`, positives first -> scalar,
    `(2N,)`."""
    wrong = (g - threshold).div_(temperature)  # by how much each is on the wrong side
    wrong.chunk(2)[0].neg_()
    slopes = torch.sigmoid(wrong).div_(temperature * len(wrong))
    slopes.chunk(2)[0].neg_()  # at most 0 for positives: more goodness, less loss
    return F.softplus(wrong).mean(), slopes


def pairwise_loss(g_pos, g_neg, temperature=1.0):
    """Return the mean of softplus(-(g_pos - g_neg) / temperature): each positive against its
    negative.

    g_pos, g_neg: `(N,)` each, in the same order -> scalar; no threshold. temperature: above 0.
    The loss of SymBa (Lee & Song 2023).

    >>> round(pairwise_loss(torch.tensor([3.0]), torch.tensor([1.0])).item(), 4)
    0.1269
    """
    check_goodness(g_pos, g_neg, paired=True)
    check_positive(temperature=temperature)
    return F.softplus((g_neg - g_pos) / temperature).mean()


def pairwise_loss_and_slopes(g, threshold, temperature):
    """Return `pairwise_loss` and its slopes dL/dg: goodness `(2N,)`, positives first -> scalar,
    `(2N,)`.

    threshold: not used, there for the sake of the other losses.
    """
    g_pos, g_neg = g.chunk(2)
    wrong = (g_neg - g_pos).div_(temperature)
    pull = torch.sigmoid(wrong).div_(temperature * len(wrong))
    return F.softplus(wrong).mean(), torch.cat([-pull, pull])


class Loss(NamedTuple):
    """What a training needs of a loss, and what a panel says of it."""

    and_slopes: Callable  # (goodness (2N,), threshold, temperature) -> loss, slopes dL/dg (2N,)
    within_pairs: bool  # compares each positive with its own negative, and has no threshold


LOSSES = {
    "threshold": Loss(ff_loss_and_slopes, within_pairs=False),
    "pairwise": Loss(pairwise_loss_and_slopes, within_pairs=True),
}


# ---- a layer


class Rows:
    """A layer's rescaled input `(M, D)`: the product with the weights, and beside it its gradient.

    Rows in bfloat16 make the products ones of bfloat16; all else keeps the layer's precision.
    """

    def __init__(self, x):
        self.x = x

    def product(self, layer):
        """Return x W' + b: `(M, H)`."""
        if self.x.dtype == layer.weight.dtype:
            return F.linear(self.x, layer.weight, layer.bias)
        z = F.linear(self.x, layer.weight.to(self.x.dtype))
        return z.to(layer.weight.dtype).add_(layer.bias)

    def add_weight_gradient(self, dz, gradient, beta):
        """Put dz' x on top of `beta` (0 or 1) times `gradient` `(H, D)`, in place; dz: `(M, H)`."""
        if self.x.dtype == gradient.dtype:
            gradient.addmm_(dz.t(), self.x, beta=beta)
        elif beta:
            gradient.add_(dz.to(self.x.dtype).t() @ self.x)
        else:
            gradient.copy_(dz.to(self.x.dtype).t() @ self.x)


class FFLayer(nn.Module):
    """A layer that rescales its input rows, applies a linear map and ReLU, and learns on its own.

    in_features, out_features: widths. row_scale: "mean-square-1" (length sqrt(n), official MATLAB
    code) or "unit-length" (systems A, B). init: "fan-in" = weights N(0, 1/in_features), biases 0
    (official code); "torch" = `nn.Linear`'s own (system A); "normal" = N(0, 1) for both (system B).
    epsilon: added to a row's length, so that zeros stay zeros (system A: 1e-6, system B: 1e-4).
    generator: for a reproducible start. Raises ValueError for settings that cannot work.

    >>> FFLayer(784, 500)(torch.rand(3, 784)).shape
    torch.Size([3, 500])
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
        check_counts(in_features=(in_features, 1), out_features=(out_features, 1))
        if row_scale not in ROW_SCALES:
            raise ValueError(f"row_scale={row_scale!r}: choose one of {ROW_SCALES}")
        if init not in INITS:
            raise ValueError(f"init={init!r}: choose one of {INITS}")
        if not finite(epsilon) or not EPSILONS[0] <= epsilon <= EPSILONS[1]:
            raise ValueError(f"epsilon={epsilon!r}: expected a number in 1e-30..1, such as 1e-6")
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.row_scale, self.init, self.epsilon = row_scale, init, epsilon
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features))
        self.reset_parameters(generator)

    @torch.no_grad()
    def reset_parameters(self, generator=None):
        """Draw the start that `init` names; the same numbers on every device."""
        where = generator_device(generator)
        weight, bias = (torch.empty_like(p, device=where) for p in (self.weight, self.bias))
        if self.init == "torch":
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

    def row_factor(self, mean_square, width=None):
        """Return what rows are multiplied by, from their mean square: `(N,)` -> `(N, 1)`.

        width: of the rows, by default this layer's input. The mean square of a layer's activities
        is its goodness: rescaling takes it away from the layer above.
        """
        width = width or self.in_features
        length = 1.0 if self.row_scale == "unit-length" else math.sqrt(width)
        return (length / ((mean_square * width).sqrt() + self.epsilon)).unsqueeze(-1)

    def rescale(self, x):
        """Return rows x at this layer's row scale, their length gone: `(N, D)` -> `(N, D)`."""
        return x * self.row_factor(goodness(x), x.shape[-1])

    def forward(self, x):
        """Return the hidden activities: `(N, in)` -> `(N, out)`, never negative."""
        return self.activities(Rows(self.rescale(x)))

    def activities(self, inputs):
        """Return relu(x W' + b) for rescaled inputs, `Rows` or an overlay's pairs: `(M, out)`."""
        return inputs.product(self).relu_()

    def local_gradient(self, inputs, h, slope, *, peer_push=None, beta=0):
        """Write slope x (2/H) h x input into `.grad`, plus `beta` (0 or 1) times what is there.

        inputs: what gave the activities h `(M, H)`; slope: dL/dg `(M,)`. peer_push: what is added
        to dL/dz of every positive, `(H,)` (see `peer.py`). To be called in `torch.no_grad()`.
        """
        dz = h * (slope * (2 / h.shape[1])).unsqueeze(1)  # the ReLU's slope is in h: both are 0
        if peer_push is not None:
            dz.chunk(2)[0].add_(peer_push)
        for parameter in (self.weight, self.bias):
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        inputs.add_weight_gradient(dz, self.weight.grad, beta)
        if beta:
            self.bias.grad += dz.sum(dim=0)
        else:
            torch.sum(dz, dim=0, out=self.bias.grad)

    def extra_repr(self):
        return (
            f"{self.in_features} -> {self.out_features}, rows {self.row_scale}, init {self.init}, "
            "trained by its own goodness"
        )


# ---- a network


class FFNet(nn.Module):
    """A stack of Forward-Forward layers; no gradient ever passes from one to another.

    widths: `[784, 500, 500]` = two layers. row_scale, init, epsilon: see `FFLayer`. label_strength:
    brightness of the label pixel, a number, or "maximum" = the brightest pixel of the training
    data, resolved when training begins. head: add the one-pass softmax head (see `head.py`).
    generator: for a reproducible start. Raises ValueError for widths that are not two or more whole
    numbers.

    >>> [h.shape[1] for h in FFNet([784, 500, 300])(torch.rand(2, 784))]
    [500, 300]
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
                f"widths={widths!r}: give the input's width and at least one layer's, "
                "such as [784, 500]"
            )
        if not isinstance(label_strength, str) or label_strength != "maximum":
            check_strength(label_strength)
        if not isinstance(head, bool):
            raise ValueError(f"head={head!r}: expected True or False")
        self.label_strength = label_strength
        self._layer_options = {"row_scale": row_scale, "init": init, "epsilon": epsilon}
        self.layers = nn.ModuleList()
        for inputs, width in zip(widths, widths[1:]):
            self.layers.append(FFLayer(inputs, width, generator=generator, **self._layer_options))
        self.head = None
        if head:
            self.head = nn.Linear(sum(widths[2:] or widths[1:]), CLASSES, bias=False)
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
        """Raise TypeError or ValueError unless this network can take `images`.

        They must be finite floats `(N, D)` of its width, device and dtype.
        """
        check_network_takes(self, images)

    def make_layer(self, width, *, inputs=None, generator=None):
        """Return a new, untrained layer of `width` units that fits on top of this network.

        inputs: the width of what it sees, by default that of the last layer. Raises ValueError if a
        softmax head would not fit any more.
        """
        if self.head is not None:
            raise ValueError(
                "this network's softmax head reads the layers there are: "
                "make it with head=False to let it grow"
            )
        inputs = inputs or self.widths[-1]
        layer = FFLayer(inputs, width, generator=generator, **self._layer_options)
        return layer.to(self.device, self.layers[0].weight.dtype)

    def add_layer(self, width, *, generator=None):
        """Put a new, untrained layer of `width` units on top and return it; see `make_layer`."""
        self.layers.append(self.make_layer(width, generator=generator))
        return self.layers[-1]

    def forward(self, x):
        """Return every layer's activities, first to last: `(N, D)` -> a list of `(N, H)`.

        The inputs carry their label already.
        """
        activities = []
        for layer in self.layers:
            x = layer(x)
            activities.append(x)
        return activities

    def get_extra_state(self):
        """What `state_dict` keeps besides the weights: the settings that give them their
        meaning."""
        return {"label_strength": self.label_strength, **self._layer_options}

    def set_extra_state(self, state):
        """Take the label strength over; raise ValueError for weights of other row lengths."""
        for name in ("row_scale", "epsilon"):
            if state[name] != self._layer_options[name]:
                raise ValueError(
                    f"these weights belong to a network with {name}={state[name]!r}, "
                    f"this one has {self._layer_options[name]!r}"
                )
        self.label_strength = state["label_strength"]

    def extra_repr(self):
        return (
            f"widths {self.widths}: the image with its label in pixels 0..{CLASSES - 1} "
            f"(strength {self.label_strength}) goes in at the left;\neach layer learns alone to "
            "make goodness (mean square activity) high for positive, low for negative data"
        )
