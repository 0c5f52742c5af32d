"""A still image as a video: layers that see the layer above and the one below (paper 3.4).

The image stands at the bottom, the label at the top. In each of eight steps all layers look at once
at what the two beside them did a step ago, and keep 0.3 of what they did themselves. Each layer
learns from its own goodness at each step: no gradient goes to another layer or an earlier step.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from ..checks import (
    CLASSES,
    check_counts,
    check_generator,
    check_images,
    check_labels,
    check_same_device,
    found,
)
from ..data import Digits, Split
from ..device import generator_device, sent
from ..layers import LOSSES, goodness
from ..negatives import draw_hard_labels, draw_wrong_labels
from ..recipe import Recipe
from .stepping import LayerTraining, check_recipe

STEPS, KEPT = 8, 0.3  # of the video; of the old activity from step to step (paper 3.4)
COUNTED = slice(2, 5)  # the steps whose goodness answers: 3 to 5 (paper 3.4)
ROWS_AT_ONCE = 2000  # of images with a label each, when goodness is asked for

RECIPE = Recipe(
    name="recurrent",
    about="layers that see the layer above and the one below",
    widths=(784, 200, 200),
    loss="pairwise",
    negatives="hard",
    uniform_epochs=0,
    temperature=0.1,
    learning_rate=3e-3,
    epochs=3,
)
# what of a recipe acts here; anything else that differs from `Recipe()` is refused
SETTINGS = {"widths", "loss", "threshold", "temperature", "learning_rate", "rate_decay", "epochs"}
SETTINGS |= {"batch_size", "negatives", "hardness", "uniform_epochs"}
SETTINGS |= {"optimiser", "momentum", "weight_decay"}


def rescale(x):
    """Bring rows to mean square 1, so that nobody sees the goodness of a neighbour."""
    return x * (math.sqrt(x.shape[1]) / (x.norm(dim=1, keepdim=True) + 1e-6))


class RecurrentLayer(nn.Module):
    """Weights `up` `(units, below)` and `down` `(units, above)`, and a bias; each N(0, 1/fan-in).

    >>> RecurrentLayer(784, 200, 10).down.shape
    torch.Size([200, 10])
    """

    def __init__(self, below, units, above, *, generator=None):
        super().__init__()
        where = generator_device(generator)
        for name, width in (("up", below), ("down", above)):
            start = torch.randn(units, width, generator=generator, device=where) / math.sqrt(width)
            setattr(self, name, nn.Parameter(start.to(torch.get_default_device())))
        self.bias = nn.Parameter(torch.zeros(units))


class RecurrentNet(nn.Module):
    """Layers with weights up and down; the image stands below them, the label above.

    widths: the image's, then those of at least two layers. `feedback`: False cuts what the layers
    below the top see from above; the top sees the label all the same. Activities are a list,
    `(N, units)` for each layer.
    Raises ValueError for widths that cannot be.

    >>> RecurrentNet([784, 200, 200]).layers[0].down.shape
    torch.Size([200, 200])
    """

    def __init__(self, widths, *, feedback=True, generator=None):
        check_generator(generator)
        if not isinstance(widths, (list, tuple)) or len(widths) < 3:
            raise ValueError(f"widths={widths!r}: give the image's and at least two layers'")
        check_counts(**{f"widths[{i}]": (width, 1) for i, width in enumerate(widths)})
        super().__init__()
        self.widths, self.feedback = list(widths), feedback
        neighbours = zip(widths, widths[1:], [*widths[2:], CLASSES])
        self.layers = nn.ModuleList(
            RecurrentLayer(*three, generator=generator) for three in neighbours
        )

    def look(self, images):
        """Return what a standing image sends into the first layer: `(N, D)` -> `(N, units)`."""
        return F.linear(rescale(images), self.layers[0].up, self.layers[0].bias)

    def begin(self, seen):
        """Return the activities of one pass upwards, without any label, from `look`'s product."""
        h = [seen.relu()]
        for layer in self.layers[1:]:
            h.append(F.linear(rescale(h[-1]), layer.up, layer.bias).relu())
        return h

    def labels(self, labels):
        """Return what stands at the top: one-hot rows of mean square 1, `(N,)` -> `(N, 10)`."""
        return math.sqrt(CLASSES) * F.one_hot(labels, CLASSES).to(self.layers[0].up.dtype)

    def step(self, seen, h, top):
        """Return the activities a step later, what each layer added, and what all saw.

        seen: `look`'s product; h: activities now; top: `(N, 10)`, zeros for no label. All layers
        move at once.
        """
        views = [None, *map(rescale, h), top]  # of layer i, below: views[i], above: views[i + 2]
        later, new = [], []
        for i, layer in enumerate(self.layers):
            z = F.linear(views[i], layer.up, layer.bias) if i else seen
            if self.feedback or i == len(h) - 1:
                z = z + F.linear(views[i + 2], layer.down)
            new.append(z.relu())
            later.append(KEPT * h[i] + (1 - KEPT) * new[i])
        return later, new, views

    def quick(self, h):
        """Return how much the top layer likes each label in one step from h: `(N, 10)`.

        One product serves all ten labels: they only differ in a column of the top's weights.
        """
        layer = self.layers[-1]
        below = F.linear(rescale(h[-2]), layer.up, layer.bias)
        every = below.unsqueeze(1) + math.sqrt(CLASSES) * layer.down.t()  # (N, 10, units)
        return goodness(every.relu())

    def extra_repr(self):
        return " <-> ".join(map(str, [*self.widths, CLASSES])) + f", feedback={self.feedback}"


@torch.no_grad()
def settle(net, images, labels, *, steps=STEPS):
    """Return each layer's goodness in each step under these labels: `(steps, L, N)`.

    images: float `(N, D)`; labels: int64 `(N,)`. Raises TypeError or ValueError for others.

    >>> settle(RecurrentNet([784, 20, 20]), torch.rand(5, 784), torch.arange(5)).shape
    torch.Size([8, 2, 5])
    """
    check_takes(net, images, labels)
    check_counts(steps=(steps, 1))
    seen, top, table = net.look(images), net.labels(labels), []
    h = net.begin(seen)
    for _ in range(steps):
        h, _, _ = net.step(seen, h, top)
        table.append(torch.stack([goodness(layer) for layer in h]))
    return torch.stack(table)


@torch.no_grad()
def goodness_of_labels(net, images, *, steps=STEPS):
    """Return each layer's goodness in each step under each of the ten labels: `(steps, L, N, 10)`.

    >>> goodness_of_labels(RecurrentNet([784, 20, 20]), torch.rand(5, 784), steps=3).shape
    torch.Size([3, 2, 5, 10])
    """
    check_takes(net, images)
    parts = []
    for part in images.split(ROWS_AT_ONCE // CLASSES):
        labels = torch.arange(CLASSES, device=images.device).repeat(len(part))
        table = settle(net, part.repeat_interleave(CLASSES, dim=0), labels, steps=steps)
        parts.append(table.unflatten(2, (-1, CLASSES)))
    return torch.cat(parts, dim=2)


def predict(net, images, *, counted=COUNTED):
    """Return the label with the most goodness, summed over layers and steps: `(N, D)` -> `(N,)`.

    counted: a slice of the steps, from 0; by default the third to the fifth (paper 3.4).

    >>> from ffteach.beyond import recurrent
    >>> recurrent.predict(RecurrentNet([784, 20, 20]), torch.rand(5, 784)).shape
    torch.Size([5])
    """
    table = goodness_of_labels(net, images, steps=counted.stop)
    return table[counted].sum(dim=(0, 1)).argmax(dim=1)


def error_rate(net, split, *, counted=COUNTED):
    """Return the share of wrong answers of `predict`, 0..1, on a `Split`."""
    check_takes(net, split.images, split.labels)
    return (predict(net, split.images, counted=counted) != split.labels).double().mean().item()


class RecurrentTraining(LayerTraining):
    """A training of a `RecurrentNet`: iterate it, and each `next()` takes a step on one batch.

    recipe: a `Recipe` with the SETTINGS that act here. seed: of shuffling and negatives, the same
    on every device. `learning_rate`, `threshold` and `temperature` may change between two steps;
    Ctrl-C leaves a step taken whole or not at all. A record's loss and goodness are means over the
    eight steps of the video. Raises TypeError or ValueError for what cannot be trained; warns at an
    epoch's end of a layer that diverged or is dead.

    >>> net, data = RecurrentNet([784, 20, 20]), load_mnist()
    >>> next(RecurrentTraining(net, data, RECIPE.but(widths=(784, 20, 20)))).step
    1
    """

    def __init__(self, net, data, recipe=RECIPE, *, seed=0):
        check_recipe(recipe, SETTINGS)
        if recipe.negatives not in ("uniform", "hard"):
            raise ValueError(
                "a recurrent network does not know these negatives: it takes 'uniform' or 'hard'"
            )
        split = data.train if isinstance(data, Digits) else data
        if not isinstance(split, Split):
            raise TypeError(f"data is {found(data)}, expected Digits of load_mnist(), or a Split")
        check_takes(net, split.images, split.labels)
        self.split = split
        super().__init__(net, recipe, len(split.images), seed=seed)

    @torch.no_grad()
    def _gradients(self, batch):
        """Write all gradients of one batch: those of the steps of the video, added up."""
        net, loss_and_slopes = self.net, LOSSES[self.recipe.loss].and_slopes
        batch = sent(batch, self.split.images.device)
        images, labels = self.split.images[batch], self.split.labels[batch]
        seen = net.look(images)
        h = net.begin(seen)
        top = net.labels(torch.cat([labels, self._wrong(labels, h)]))
        seen, h = (seen.repeat(2, 1), [layer.repeat(2, 1) for layer in h])  # positives, negatives
        stats = torch.zeros(3, len(h), device=seen.device)
        kept = [([], [], []) for _ in h]  # of each layer: dL/dz, what it saw below and above
        for _ in range(STEPS):
            h, new, views = net.step(seen, h, top)
            for i, (after, added) in enumerate(zip(h, new)):
                g = goodness(after)
                loss, slopes = loss_and_slopes(g, self.threshold, self.temperature)
                stats[:, i] += torch.cat([loss.view(1), g.view(2, -1).mean(dim=1)]) / STEPS
                open_ = (added > 0) * (slopes * (2 * (1 - KEPT) / STEPS / h[i].shape[1]))[:, None]
                for values, value in zip(kept[i], (open_ * after, views[i], views[i + 2])):
                    values.append(value)
        for i, (layer, (dz, below, above)) in enumerate(zip(net.layers, kept)):
            if i == 0:  # it saw the same image in all steps
                layer.up.grad = sum(dz).unflatten(0, (2, -1)).sum(dim=0).t() @ rescale(images)
            dz = torch.cat(dz)
            layer.bias.grad = dz.sum(dim=0)
            if i:
                layer.up.grad = dz.t() @ torch.cat(below)
            looks = net.feedback or i == len(h) - 1
            layer.down.grad = dz.t() @ torch.cat(above) if looks else torch.zeros_like(layer.down)
        return stats, self._layers_move()

    def _wrong(self, labels, h):
        """Draw a wrong label for each image, the likelier the better the top likes it at once."""
        if self.recipe.negatives == "uniform" or self.epoch < self.recipe.uniform_epochs:
            return draw_wrong_labels(labels, generator=self.generator)
        liked = self.net.quick(h)
        return draw_hard_labels(liked, labels, self.recipe.hardness, generator=self.generator)


def check_takes(net, images, labels=None):
    """Raise TypeError or ValueError unless the network can take these images and labels."""
    if not isinstance(net, RecurrentNet):
        raise TypeError(f"net is {found(net)}, expected a RecurrentNet")
    check_images(images)
    if images.shape[1] != net.widths[0]:
        raise ValueError(f"images have {images.shape[1]} pixels, the network takes {net.widths[0]}")
    named = [("images", images), ("the network", net.layers[0].up)]
    if labels is not None:
        check_labels(labels, len(images))
        named.append(("labels", labels))
    check_same_device(*named)
    if images.dtype != net.layers[0].up.dtype:
        raise TypeError(f"images are {images.dtype}, the network {net.layers[0].up.dtype}")
