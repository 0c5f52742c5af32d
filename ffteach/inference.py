"""Prediction by goodness: try every label, keep the one the network likes best."""

import torch

from .data import check_images
from .local_update import SharedOverlay, split_overlay
from .negatives import check_strength

BATCH = 256  # images at a time: bounds the memory, and ten labels of them still fit a CPU's cache


@torch.no_grad()
def goodness_per_label(net, images, *, layers=None, per_layer=False):
    """Return the goodness of every image under each of the ten labels, summed over layers: float `(N, D)` -> `(N, 10)`.

    layers: which layers to sum, e.g. `[1, 2]` to leave the first out; default all. per_layer=True: one table for each of
    these layers, `(L, N, 10)`. Exactly the ten-pass result (overlay each label, run the network), but the first layer's
    matrix product is shared by the ten labels. Raises as `check_images` does, and ValueError for a wrong width, device or layer.
    """
    layers = _check(net, images, layers)
    top = max(layers)
    tables = images.new_empty(len(layers), len(images), 10)
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        first = SharedOverlay(net.layers[0], *split_overlay(net.layers[0], images[part], net.label_strength))
        for label in range(10):
            h = first.activities_for(label)
            for index, layer in enumerate(net.layers[: top + 1]):
                if index:
                    h = torch.addmm(layer.bias, h.mul_(layer.row_factor(square_sum)), layer.weight.t()).relu_()
                square_sum = torch.linalg.vector_norm(h, dim=1).square_()  # goodness here, and the next layer's row length
                if index in layers:
                    tables[layers.index(index), part, label] = square_sum / h.shape[1]
    return tables if per_layer else tables.sum(dim=0)


def predict(net, images, *, layers=None):
    """Return the label with the highest goodness for each image: float `(N, D)` -> int64 `(N,)`. Options: `goodness_per_label`."""
    return goodness_per_label(net, images, layers=layers).argmax(dim=1)


def error_rates(net, split, *, layers=None):
    """Return `(error, per_layer)`: the share of wrong answers by summed goodness, and a list of each layer's alone.

    split: `Split` of images `(N, D)` and labels `(N,)`. layers: as in `goodness_per_label`.
    """
    tables = goodness_per_label(net, split.images, layers=layers, per_layer=True)
    wrong = [(table.argmax(dim=1) != split.labels).double().mean().item() for table in (tables.sum(dim=0), *tables)]
    return wrong[0], wrong[1:]


def _check(net, images, layers):
    check_images(images, labelled=True)
    check_strength(net.label_strength)
    if images.shape[1] != net.widths[0]:
        raise ValueError(f"images have {images.shape[1]} pixels, but the network's first layer takes {net.widths[0]}")
    if images.device != net.device:
        raise ValueError(f"images are on {images.device}, the network on {net.device}: move both to one device with .to(device)")
    layers = list(range(len(net.layers)) if layers is None else layers)
    if not layers or len(set(layers)) < len(layers) or not all(0 <= index < len(net.layers) for index in layers):
        raise ValueError(f"layers={layers}: give different numbers from 0 to {len(net.layers) - 1}, at least one")
    return layers
