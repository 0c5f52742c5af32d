"""The closed-form local update: one layer's gradient without autograd (derived in lesson 01, equal to autograd).

With h = relu(z), z = x W' + b and goodness g = mean(h^2), the chain rule inside ONE layer has three factors:

    dL/dW  =  sum over samples of   dL/dg     x   (2/H) h          x   x
                                    slope of      post-synaptic        pre-synaptic
                                    the loss      activity             activity

What the closed form permits is the gain: `SharedOverlay` computes the part that the positive image, the negative image and
all ten candidate labels have in common only once, because they differ in ten pixels and have the same length.
"""

import torch
import torch.nn.functional as F

from .data import CLASSES

AT_ONCE = 256  # images under ten labels at a time: bounds the memory


def loss_and_slopes(name, g, threshold, temperature):
    """Return the loss called `name`, "threshold" (`ff_loss`) or "pairwise" (`pairwise_loss`), and its slopes dL/dg.

    g: goodness `(2N,)`, positives first -> scalar, `(2N,)`: at most 0 for positives, at least 0 for negatives. Both losses are
    means of softplus, whose derivative is the sigmoid.
    """
    if name == "pairwise":
        g_pos, g_neg = g.chunk(2)
        logits = (g_neg - g_pos).div_(temperature)
        pull = torch.sigmoid(logits).div_(temperature * len(logits))
        slopes = torch.cat([-pull, pull])
    else:
        logits = (g - threshold).div_(temperature)
        logits.chunk(2)[0].neg_()
        slopes = torch.sigmoid(logits).div_(temperature * len(logits))
        slopes.chunk(2)[0].neg_()
    return F.softplus(logits).mean(), slopes


def affine(x, layer):
    """Return x W' + b `(M, H)`. Rows x in bfloat16 make the matrix product one of bfloat16; sum and result keep the layer's precision."""
    if x.dtype == layer.weight.dtype:
        return torch.addmm(layer.bias, x, layer.weight.t())
    return torch.mm(x, layer.weight.to(x.dtype).t()).to(layer.weight.dtype).add_(layer.bias)


def add_product(gradient, dz, x, beta):
    """Put dz' x on top of `beta` (0 or 1) times `gradient` `(H, D)`, in place; the product in the precision of the rows x."""
    if x.dtype == gradient.dtype:
        gradient.addmm_(dz.t(), x, beta=beta)
    elif beta:
        gradient.add_(dz.to(x.dtype).t() @ x)
    else:
        gradient.copy_(dz.to(x.dtype).t() @ x)


class Rows:
    """A layer's normalised input as plain rows `(M, D)`: positives first, then as many negatives."""

    def __init__(self, x):
        self.x = x

    def activities(self, layer):
        """Return relu(x W' + b): `(M, H)`."""
        return affine(self.x, layer).relu_()

    def add_weight_gradient(self, dz, gradient, beta):
        """Put dz' x on top of `beta` times `gradient` `(H, D)`, in place; dz: `(M, H)`."""
        add_product(gradient, dz, self.x, beta)


class SharedOverlay:
    """The first layer's input for images whose first ten pixels carry a label, as a shared part and a label part.

    layer: the first `FFLayer`; shared: `(N, D)`, normalised, label pixels 0; ink: `(N, 1)`, the normalised value of the lit
    label pixel (see `split_overlay`); shared in bfloat16: see `affine`. The matrix product with the shared part is done once, when the object is made.
    """

    def __init__(self, layer, shared, ink):
        self.shared, self.ink = shared, ink
        self.z_shared = affine(shared, layer)  # (N, H)
        self.label_weights = layer.weight[:, :CLASSES].t().contiguous()  # (10, H), rows that stream

    def activities_per_label(self, rows=slice(None)):
        """Return the layer's activities with each of the ten labels on every image of `rows`: `(10, n, H)`."""
        return torch.addcmul(
            self.z_shared[rows], self.ink[rows], self.label_weights.unsqueeze(1)
        ).relu_()

    def goodness_per_label(self):
        """Return the layer's goodness for each of the ten labels: `(N, 10)`."""
        count, width = self.z_shared.shape
        parts = (slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE))
        lengths = [
            torch.linalg.vector_norm(self.activities_per_label(rows), dim=2) for rows in parts
        ]
        return torch.cat(lengths, dim=1).t().square().div_(width)

    def neutral_activities(self, layer):
        """Return the layer's activities `(N, H)` with the neutral label: all ten pixels at a tenth of the label's brightness.

        The row is then shorter: its label part has 10 (ink / 10)^2 instead of ink^2.
        """
        full = 1.0 if layer.row_scale == "unit-length" else layer.in_features
        factor = layer.row_factor((full - 0.9 * self.ink.square()).squeeze(1))
        z = torch.addcmul(self.z_shared - layer.bias, self.ink, self.label_weights.mean(dim=0))
        return z.mul_(factor).add_(layer.bias).relu_()

    def set_labels(self, positive, negative):
        """Choose the true and the wrong label of each image, int64 `(N,)` each."""
        self.codes = torch.zeros(
            2, len(positive), CLASSES, dtype=self.ink.dtype, device=self.ink.device
        )
        self.codes.scatter_(
            2, torch.stack([positive, negative]).unsqueeze(2), self.ink.expand(2, -1, -1)
        )
        return self

    def activities(self, layer):
        """Return relu(z) for the positives, then the negatives: `(2N, H)`."""
        h = torch.baddbmm(self.z_shared, self.codes, self.label_weights.expand(2, -1, -1)).relu_()
        return h.flatten(0, 1)

    def add_weight_gradient(self, dz, gradient, beta):
        """Put the weights' gradient on top of `beta` times `gradient` `(H, D)`, in place; dz: `(2N, H)`, positives first."""
        dz_pos, dz_neg = dz.chunk(2)
        add_product(gradient, dz_pos + dz_neg, self.shared, beta)  # its label pixels are 0
        gradient[:, :CLASSES] += (
            self.codes.flatten(0, 1).t() @ dz
        ).t()  # dz' codes, three times as fast this way round


def split_overlay(layer, images, strength):
    """Return `(shared, ink)` of images `(N, D)` for `SharedOverlay`: the normalised image without its label pixels `(N, D)`,
    and the value `(N, 1)` that a label pixel of `strength` has once the row is normalised."""
    shared = images.clone()
    shared[:, :CLASSES] = 0
    factor = layer.row_factor(shared.square().sum(dim=1) + strength**2)
    return shared.mul_(factor), factor * strength


def local_gradient(layer, inputs, h, slope, *, peer_push=None, beta=0):
    """Write the layer's gradient into `.grad`: slope x (2/H) h x input, summed over samples, plus `beta` times what is there.

    inputs: `Rows` or `SharedOverlay`; h: the layer's activities `(M, H)`; slope: dL/dg `(M,)`.
    peer_push: what is added to dL/dz of every positive, `(H,)` (see `peer.py`). Call it without autograd: in `torch.no_grad()`.
    """
    dz = h * slope.mul(2 / h.shape[1]).unsqueeze(
        1
    )  # relu's derivative is already in h: where it is 0, h is 0
    if peer_push is not None:
        dz.chunk(2)[0].add_(peer_push)
    for parameter in (layer.weight, layer.bias):
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    inputs.add_weight_gradient(dz, layer.weight.grad, beta)
    if beta:
        layer.bias.grad += dz.sum(dim=0)
    else:
        torch.sum(dz, dim=0, out=layer.bias.grad)
