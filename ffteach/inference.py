"""Prediction by goodness: try every label, keep the one the network likes best."""

import torch

from .data import check_labels
from .head import head_inputs
from .local_update import AT_ONCE, SharedOverlay, split_overlay
from .negatives import check_strength
from .shifts import all_moves, check_square


@torch.no_grad()
def goodness_per_label(net, images, *, layers=None, per_layer=False, shift=0):
    """Return the goodness of every image under each of the ten labels, summed over layers: float `(N, D)` -> `(N, 10)`.

    layers: which layers to sum, e.g. `[1, 2]` to leave the first out; default all. per_layer=True: one table for each of
    these layers, `(L, N, 10)`. Exactly the ten-pass result (overlay each label, run the network), but the first layer's
    matrix product is shared by the ten labels. shift: above 0, the mean over the image (square) and its copies moved by up to so many
    pixels in both directions, (2 shift + 1)^2 in all. Raises as `FFNet.check_images` does, and ValueError for a layer that is not there
    or a shift that is impossible.
    """
    layers = _check(net, images, layers, shift)
    parts = []
    for part in images.split(AT_ONCE):
        parts.append(
            torch.stack([_tables(net, copies, layers) for copies in all_moves(part, shift)]).mean(
                dim=0
            )
        )
    tables = torch.cat(parts, dim=1)
    return tables if per_layer else tables.sum(dim=0)


def _tables(net, images, layers):
    """One table of goodness per label for each of `layers`: `(n, D)` -> `(L, n, 10)`."""
    first = SharedOverlay(net.layers[0], *split_overlay(net.layers[0], images, net.label_strength))
    h = first.activities_per_label().flatten(0, 1)  # the ten labels one after the other
    tables = {}
    for index, layer in enumerate(net.layers[: max(layers) + 1]):
        if index:
            h = torch.addmm(
                layer.bias, h.mul_(layer.row_factor(square_sum)), layer.weight.t()
            ).relu_()
        square_sum = torch.linalg.vector_norm(
            h, dim=1
        ).square_()  # goodness here, and the next layer's row length
        tables[index] = (square_sum / h.shape[1]).unflatten(0, (10, -1)).t()
    return torch.stack([tables[index] for index in layers])


def predict(net, images, *, layers=None, shift=0):
    """Return the label with the highest goodness for each image: float `(N, D)` -> int64 `(N,)`. Options: `goodness_per_label`."""
    return goodness_per_label(net, images, layers=layers, shift=shift).argmax(dim=1)


@torch.no_grad()
def predict_one_pass(net, images):
    """Return the digit that the softmax head reads off ONE pass with the neutral label: float `(N, D)` -> int64 `(N,)`.

    Raises as `FFNet.check_images` does, and ValueError if the network has no head.
    """
    _check(net, images)
    if net.head is None:
        raise ValueError("this network has no softmax head: make it with head=True and train it")
    parts = [
        SharedOverlay(net.layers[0], *split_overlay(net.layers[0], part, net.label_strength))
        for part in images.split(AT_ONCE)
    ]
    return torch.cat([net.head(head_inputs(net, part)).argmax(dim=1) for part in parts])


def error_rates(net, split, *, layers=None, shift=0):
    """Return `(error, per_layer)`: the share of wrong answers by summed goodness, and a list of each layer's alone.

    split: `Split` of images `(N, D)` and labels `(N,)`. layers, shift: as in `goodness_per_label`.
    """
    check_labels(split.labels, len(split.images))
    if split.labels.device != split.images.device:
        raise ValueError(
            f"labels are on {split.labels.device}, images on {split.images.device}: move both to one device with .to(device)"
        )
    tables = goodness_per_label(net, split.images, layers=layers, per_layer=True, shift=shift)
    wrong = [
        (table.argmax(dim=1) != split.labels).double().mean().item()
        for table in (tables.sum(dim=0), *tables)
    ]
    return wrong[0], wrong[1:]


def _check(net, images, layers=None, shift=0):
    net.check_images(images)
    if type(shift) is not int or shift < 0:
        raise ValueError(
            f"shift={shift!r}: expected a whole number of at least 0, such as 1 for the image and its eight neighbours"
        )
    if shift:
        check_square(images)
    check_strength(net.label_strength)
    every = range(len(net.layers))
    chosen = (
        list(every)
        if layers is None
        else list(layers)
        if isinstance(layers, (list, tuple, range))
        else []
    )
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(every):
        raise ValueError(
            f"layers={layers!r}: give a list of different numbers from 0 to {len(every) - 1}, at least one"
        )
    return chosen
