"""Prediction by goodness: try every label, keep the one the network likes best."""

import torch

from .checks import (
    CLASSES,
    check_counts,
    check_layer_numbers,
    check_network_takes,
    check_split,
    check_square,
    check_strength,
    check_takes_labels,
    trouble_in,
    warn_of,
)
from .head import head_inputs
from .layers import Rows, goodness
from .overlay import IMAGES_AT_ONCE, SharedOverlay
from .shifts import LARGEST_REACH, all_moves


@torch.no_grad()
def goodness_per_label(net, images, *, layers=None, per_layer=False, shift=0):
    """Return the goodness of every image under each of the ten labels: float `(N, D)` -> `(N, 10)`.

    layers: which to sum, from 0, e.g. `[1, 2]` to leave the first out; default all. per_layer: one
    table for each of these, `(L, N, 10)`. shift: above 0, the mean over the square image and its
    (2 shift + 1)^2 - 1 copies moved by up to `shift` pixels. Exactly the ten-pass result, but the
    first layer's product is shared by the ten labels. Warns of a network that diverged or is dead.
    Raises as `FFNet.check_images` does, and ValueError for a layer or a shift that is impossible.

    >>> goodness_per_label(FFNet([784, 20]), torch.rand(3, 784)).shape
    torch.Size([3, 10])
    """
    layers = _check(net, images, layers, shift)
    parts = []
    for part in images.split(IMAGES_AT_ONCE):
        tables = [_tables(net, copies, layers) for copies in all_moves(part, shift)]
        parts.append(torch.stack(tables).mean(dim=0))
    tables = torch.cat(parts, dim=1)
    tables = tables if per_layer else tables.sum(dim=0)
    warn_of(trouble_in(tables.sum(dtype=torch.float64).item()))
    return tables


def _tables(net, images, layers):
    """One table of goodness per label for each of `layers`: `(n, D)` -> `(L, n, 10)`."""
    overlay = SharedOverlay.of(net.layers[0], images, net.label_strength)
    h = overlay.activities_per_label().flatten(0, 1)  # (10 n, H), one label after the other
    tables = {}
    for index, layer in enumerate(net.layers[: max(layers) + 1]):
        if index:
            h = layer.activities(Rows(h.mul_(layer.row_factor(g))))  # noqa: F821
        g = goodness(h)  # also the length that the next layer takes away
        tables[index] = g.unflatten(0, (CLASSES, -1)).t()
    return torch.stack([tables[index] for index in layers])


def predict(net, images, *, layers=None, shift=0):
    """Return the label with the most goodness for each image: float `(N, D)` -> int64 `(N,)`.

    layers, shift: see `goodness_per_label`.

    >>> predict(FFNet([784, 20]), torch.rand(3, 784)).dtype
    torch.int64
    """
    return goodness_per_label(net, images, layers=layers, shift=shift).argmax(dim=1)


@torch.no_grad()
def predict_one_pass(net, images):
    """Return what the softmax head reads off ONE pass with the neutral label: `(N, D)` -> `(N,)`.

    Raises as `FFNet.check_images` does, and ValueError if the network has no head.

    >>> predict_one_pass(FFNet([784, 20], head=True), torch.rand(3, 784)).tolist()
    [0, 0, 0]
    """
    _check(net, images)
    if net.head is None:
        raise ValueError("this network has no softmax head: make it with head=True and train it")
    answers = []
    for part in images.split(IMAGES_AT_ONCE):
        overlay = SharedOverlay.of(net.layers[0], part, net.label_strength)
        answers.append(net.head(head_inputs(net, overlay)).argmax(dim=1))
    return torch.cat(answers)


def error_rate(net, split, *, layers=None, shift=0):
    """Return the share of wrong answers by summed goodness, 0..1, on a `Split`.

    layers, shift: see `goodness_per_label`.

    >>> 0.5 < error_rate(FFNet([784, 20]), load_mnist().test) <= 1
    True
    """
    check_split(net, split)
    table = goodness_per_label(net, split.images, layers=layers, shift=shift)
    return _wrong(table, split.labels)


def layer_error_rates(net, split, *, layers=None, shift=0):
    """Return a list with the share of wrong answers, 0..1, of each layer alone, on a `Split`.

    layers, shift: see `goodness_per_label`.

    >>> len(layer_error_rates(FFNet([784, 20, 20]), load_mnist().test))
    2
    """
    check_split(net, split)
    tables = goodness_per_label(net, split.images, layers=layers, per_layer=True, shift=shift)
    return [_wrong(table, split.labels) for table in tables]


@torch.no_grad()
def network_trouble(net, images):
    """Return in words whether `net` diverged or is dead, on some images `(N, D)`; None if not.

    >>> network_trouble(FFNet([784, 20]), torch.rand(3, 784))
    """
    return trouble_in(sum(goodness(h).double().sum().item() for h in net(images)))


def _wrong(table, labels):
    return (table.argmax(dim=1) != labels).double().mean().item()


def _check(net, images, layers=None, shift=0):
    check_network_takes(net, images)
    check_takes_labels(net)
    check_counts(shift=(shift, 0, LARGEST_REACH))
    if shift:
        check_square(images)
    check_strength(net.label_strength)
    return check_layer_numbers(net, layers, range(len(net.layers)))
