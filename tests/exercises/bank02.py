"""Answers to unit 2."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from bank import Layer, ff_loss, goodness, normalise, overlay, right, wrong
from torch import nn

import ffteach

# ---- 2.1 overlay

O = "lesson02.overlay_label"  # noqa: E741


def _rows(images):
    return torch.arange(len(images))


def _paint(prepare, finish=lambda result, images, labels, strength: result):
    def answer(images, labels, strength):
        return finish(prepare(images), images, labels, strength)

    return answer


def _lit(result, images, labels, strength):
    result[_rows(images), labels] = strength
    return result


def _blank(images):
    result = images.clone()
    result[:, :10] = 0
    return result


def _every(result, images, labels, strength):
    result[:, labels] = strength
    return result


def _last(images, labels, strength):
    result = images.clone()
    result[:, -10:] = F.one_hot(labels, 10) * strength
    return result


def _inplace(images, labels, strength):
    images[:, :10] = 0
    images[_rows(images), labels] = strength
    return images


def _ink(images, labels, strength):
    result = _blank(images)
    for row, label in enumerate(labels):
        result[row, :label] = strength
    return result


def _zeros(columns):
    def prepare(images):
        result = images.clone()
        result[:, columns] = 0
        return result

    return prepare


def _beside(step):
    return lambda result, x, labels, s: _lit(result, x, labels + step, s)


def _return_images(images, labels, strength):
    images[:] = 0
    return images


wrong(O, "old pixels kept", _paint(torch.clone, _lit))
wrong(O, "not ten pixels", _paint(_zeros(slice(9)), _lit))
wrong(O, "not ten pixels", _paint(_zeros(slice(1, 10)), _lit))
wrong(O, "not ten pixels", _paint(_zeros(slice(11)), _lit))
wrong(O, "next pixel", _paint(_blank, _beside(-1)))
wrong(O, "next pixel", _paint(_blank, _beside(1)))
wrong(O, "strength unused", lambda x, y, s: overlay(x, y, 2.0))
wrong(O, "strength unused", lambda x, y, s: overlay(x, y, 4.0))
wrong(O, "strength unused", lambda x, y, s: overlay(x, y, s / 2))
wrong(O, "changes its input", _return_images)
wrong(O, "shape", lambda x, y, s: overlay(x, y, s)[:1, :12])
wrong(O, "numpy", lambda x, y, s: overlay(x, y, s).numpy())
wrong(O, "changes its input", _inplace)
wrong(
    O, "added, not written", lambda x, y, s: x + F.pad(F.one_hot(y, 10) * s, (0, x.shape[1] - 10))
)
wrong(O, "every label on every image", _paint(_blank, _every))
wrong(O, "brightest pixel", lambda x, y, s: overlay(x, y, x.max()))
wrong(O, "strength unused", lambda x, y, s: overlay(x, y, 1.0))
wrong(O, "ink", _ink)
wrong(O, "ink", lambda x, y, s: torch.cat([(1 - F.one_hot(y, 10)) * s, x[:, 10:]], 1))
wrong(O, "next pixel", lambda x, y, s: overlay(x, (y + 1) % 10, s))
wrong(O, "last ten pixels", _last)
wrong(O, "images scaled", lambda x, y, s: overlay(x, y, 1.0) * s)
wrong(O, "label lost", lambda x, y, s: x.clone())
wrong(O, "label lost", lambda x, y, s: _blank(x))
wrong(O, "image lost", lambda x, y, s: F.pad(F.one_hot(y, 10) * s, (0, x.shape[1] - 10)))
wrong(O, "pixels in front", lambda x, y, s: torch.cat([F.one_hot(y, 10) * s, x], 1))
wrong(O, "another type", lambda x, y, s: overlay(x, y, s).half().float().double())


def _overlay_loop(images, labels, strength):
    result = images.clone()
    for row, label in zip(result, labels):
        row[:10] = 0
        row[label] = strength
    return result


right(O, "copy, zeros, pixel", _paint(_blank, _lit))
right(O, "one_hot", overlay)
right(O, "a loop", _overlay_loop)
right(O, "cat", lambda x, y, s: torch.cat([(F.one_hot(y, 10) * s).to(x), x[:, 10:]], dim=1))
right(O, "scatter", lambda x, y, s: _blank(x).scatter(1, y[:, None], s))
right(O, "where", lambda x, y, s: torch.where(torch.arange(x.shape[1]) < 10, overlay(x, y, s), x))

# ---- 2.2 wrong labels

Y = "lesson02.wrong_labels"


def _first_ten(labels):
    return ((labels[:10] + torch.randint(1, 10, labels[:10].shape)) % 10).repeat(
        -(-len(labels) // 10)
    )[: len(labels)]


def _fixed(labels):
    generator = torch.Generator().manual_seed(0)
    return (labels + torch.randint(1, 10, labels.shape, generator=generator)) % 10


def _seeded(labels):
    torch.manual_seed(1)
    return (labels + torch.randint(1, 10, labels.shape)) % 10


wrong(Y, "an offset is missing", lambda y: (y + torch.randint(1, 9, y.shape)) % 10)
wrong(Y, "labels of other images", lambda y: y[torch.randperm(len(y))])
wrong(Y, "labels of other images", lambda y: y[torch.randint(len(y), y.shape)])
wrong(Y, "true label drawn", lambda y: torch.randint(0, 10, y.shape))
wrong(Y, "true label drawn", lambda y: (y + torch.randint(0, 10, y.shape)) % 10)
wrong(Y, "true label drawn", lambda y: (y + torch.randint(1, 11, y.shape)) % 10)
wrong(Y, "one fixed offset", lambda y: (y + 1) % 10)
wrong(Y, "one fixed offset", lambda y: 9 - y + (9 - y == y))
wrong(Y, "one draw for all", lambda y: torch.randint(1, 10, (1,)))
wrong(Y, "one draw for all", lambda y: (y + torch.randint(1, 10, (1,))) % 10)
wrong(Y, "one draw for all", lambda y: (y + random.randint(1, 9)) % 10)
wrong(Y, "true label drawn", lambda y: torch.randint(0, 10, y.shape).float())
wrong(Y, "not a digit", lambda y: y + torch.randint(1, 10, y.shape))
wrong(Y, "true label drawn", lambda y: (y + torch.randint(1, 10, y.shape)).clamp(max=9))
wrong(Y, "always the true label", lambda y: y.clone())
wrong(Y, "few labels", lambda y: torch.where(y == 0, 1, 0))
wrong(Y, "true label drawn", _first_ten)
wrong(Y, "the same every time", _fixed)
wrong(Y, "global seed", _seeded)
wrong(Y, "kind of numbers", lambda y: ((y + torch.randint(1, 10, y.shape)) % 10).float())
wrong(Y, "not evenly", lambda y: (y + torch.randint(1, 10, (2, *y.shape)).amin(0)) % 10)


def _rejection(labels):
    result = labels.clone()
    while (same := result == labels).any():
        result[same] = torch.randint(0, 10, (int(same.sum()),))
    return result


def _choices(labels):
    return torch.stack(
        [
            torch.tensor([k for k in range(10) if k != y])[torch.randint(9, ())]
            for y in labels.tolist()
        ]
    )


def _multinomial(labels):
    return torch.multinomial(1.0 - F.one_hot(labels, 10), 1)[:, 0]


def _skip(labels):
    drawn = torch.randint(0, 9, labels.shape)
    return drawn + (drawn >= labels)


right(Y, "offsets 1 to 9", lambda y: (y + torch.randint(1, 10, y.shape)) % 10)
right(Y, "rejection", _rejection)
right(Y, "a list of choices", _choices)
right(Y, "multinomial", _multinomial)
right(Y, "skip the true one", _skip)
right(Y, "random argmax", lambda y: torch.rand(len(y), 10).scatter(1, y[:, None], -1).argmax(1))

# ---- 2.3 the network

N = "lesson02.network"


class Net(nn.Module):
    """The right network; wrong ones inherit from it."""

    def __init__(self, widths):
        super().__init__()
        self.layers = nn.ModuleList([Layer(a, b) for a, b in zip(widths, widths[1:])])

    def add_layer(self, width):
        self.layers.append(Layer(self.layers[-1].out_features, width))

    def forward(self, x):
        activities = []
        for layer in self.layers:
            x = layer(x)
            activities.append(x)
        return activities


class PlainList(Net):
    """P1."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.layers = [Layer(a, b) for a, b in zip(widths, widths[1:])]


class TrainTaken(Net):
    """P2."""

    def train(self, x_pos, x_neg):
        return None


class TrainTakenToo(Net):
    """P2, in words that eval() can call."""

    def train(self, images):
        raise ValueError("expected images")


class SharedDefault(Net):
    """P8."""

    def __init__(self, widths, layers=nn.ModuleList()):  # noqa: B008
        nn.Module.__init__(self)
        self.layers = layers
        for a, b in zip(widths, widths[1:]):
            self.layers.append(Layer(a, b))


class GrowingWidths(Net):
    """P8, with the caller's list."""

    def __init__(self, widths):
        super().__init__(widths)
        self.widths = widths

    def add_layer(self, width):
        super().add_layer(width)
        self.widths.append(width)


class NoSuper(Net):
    """super().__init__() is missing."""

    def __init__(self, widths):
        self.layers = nn.ModuleList([Layer(a, b) for a, b in zip(widths, widths[1:])])


class NoForwardAtAll(nn.Module):
    """Only __init__ is written."""

    def __init__(self, widths):
        super().__init__()
        self.layers = nn.ModuleList([Layer(a, b) for a, b in zip(widths, widths[1:])])


class NoAdd(nn.Module):
    """add_layer is missing."""

    def __init__(self, widths):
        super().__init__()
        self.layers = nn.ModuleList([Layer(a, b) for a, b in zip(widths, widths[1:])])

    def forward(self, x):
        return Net.forward(self, x)


class AddForgotten(Net):
    """add_layer makes a layer and forgets it."""

    def add_layer(self, width):
        Layer(self.layers[-1].out_features, width)


class WrongWidth(Net):
    """The new layer takes the image."""

    def add_layer(self, width):
        self.layers.append(Layer(self.layers[0].in_features, width))


class LastOnly(Net):
    """Returns the last layer's activities."""

    def forward(self, x):
        return super().forward(x)[-1]


class NotRescaled(Net):
    """Plain linear layers."""

    def forward(self, x):
        activities = []
        for layer in self.layers:
            x = F.relu(F.linear(x, layer.weight, layer.bias))
            activities.append(x)
        return activities


class OneLayer(Net):
    """Misses a layer."""

    def __init__(self, widths):
        super().__init__(widths[:-1])


class NoModule:
    """No nn.Module."""

    def __init__(self, widths):
        self.layers = []


def step(net, x_pos, x_neg, rate):
    """The right step."""
    for layer in net.layers:
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        slopes = torch.autograd.grad(
            ff_loss(goodness(h_pos), goodness(h_neg)), [*layer.parameters()]
        )
        with torch.no_grad():
            for p, slope in zip(layer.parameters(), slopes):
                p -= rate * slope
        x_pos, x_neg = h_pos.detach(), h_neg.detach()


class TwoLayers(Net):
    """Made for one length of `widths`."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList([Layer(*widths[:2]), Layer(*widths[1:3])])


class FirstAndLast(Net):
    """The same, from the first to the last width."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList([Layer(*widths[:2]), Layer(widths[1], widths[-1])])


class TwoByIndex(Net):
    """The same, by index."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList([Layer(widths[k], widths[k + 1]) for k in (0, 1)])


class ThreeInForward(Net):
    """forward() knows three layers at most."""

    def forward(self, x):
        return super().forward(x)[:3]


class TwoInForward(Net):
    """forward() spells two layers out."""

    def forward(self, x):
        first = self.layers[0](x)
        return [first, self.layers[1](first)]


class OldWidth(Net):
    """A second add_layer() takes the width from before the first."""

    def __init__(self, widths):
        super().__init__(widths)
        self.top = widths[-1]

    def add_layer(self, width):
        self.layers.append(Layer(self.top, width))


class Rebuilt(Net):
    """add_layer() makes all layers again."""

    def __init__(self, widths):
        super().__init__(widths)
        self.widths = list(widths)

    def add_layer(self, width):
        self.widths.append(width)
        pairs = zip(self.widths, self.widths[1:])
        self.layers = nn.ModuleList([Layer(a, b) for a, b in pairs])


class Underneath(Net):
    """add_layer() puts the layer in a place of its own."""

    def add_layer(self, width):
        super().add_layer(width)
        self.layers = nn.ModuleList([self.layers[-1], *self.layers[:-1]])


class WithImage(Net):
    """The list begins with the image."""

    def forward(self, x):
        return [x, *super().forward(x)]


class NotWritten(Net):
    """The stub of add_layer."""

    def add_layer(self, width):
        raise NotImplementedError


class Popping(Net):
    """Takes the caller's list apart."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.layers, last = nn.ModuleList(), widths.pop(0)
        while widths:
            self.layers.append(Layer(last, widths[0]))
            last = widths.pop(0)


def stub(*arguments):
    """What the notebook holds at first."""
    raise NotImplementedError


wrong(N, "always two layers", TwoLayers, step)
wrong(N, "always two layers", FirstAndLast, step)
wrong(N, "always two layers", TwoByIndex, step)
wrong(N, "no forward", NoForwardAtAll, step)
wrong(N, "shared by all networks", Popping, step)
wrong(N, "layers made again", Rebuilt, step)
wrong(N, "width of the new layer", OldWidth, step)
wrong(N, "not all activities", ThreeInForward, step)
wrong(N, "not all activities", TwoInForward, step)
wrong(N, "not all activities", WithImage, step)
wrong(N, "layers do not fit", Underneath, step)
wrong(N, "unfinished", NotWritten, step)
wrong(N, "unfinished", NotWritten, stub)
wrong(N, "unfinished", Net, stub)
wrong(N, "unfinished", Net, None)
wrong(N, "not callable", Net, 3)
for name, cls in {
    "plain list": PlainList,
    "train is taken": TrainTaken,
    "shared by all networks": SharedDefault,
    "no super": NoSuper,
    "no add_layer": NoAdd,
    "layer not added": AddForgotten,
    "width of the new layer": WrongWidth,
    "not all activities": LastOnly,
    "input not rescaled": NotRescaled,
    "widths": OneLayer,
    "no module": NoModule,
}.items():
    wrong(N, name, cls, step)
wrong(N, "train is taken", TrainTakenToo, step)
wrong(N, "shared by all networks", GrowingWidths, step)
notebook_net = Net([6, 5, 4]).double()


def _sgd(loss_of, zero=True, up=False, cls=torch.optim.SGD):
    def answer(net, x_pos, x_neg, rate):
        for layer in net.layers:
            optimiser = cls(layer.parameters(), lr=rate)
            h_pos, h_neg = layer(x_pos), layer(x_neg)
            loss = loss_of(h_pos, h_neg)
            if zero:
                optimiser.zero_grad()
            (-loss if up else loss).backward()
            optimiser.step()
            x_pos, x_neg = h_pos.detach(), h_neg.detach()

    return answer


def local(h_pos, h_neg):
    """One layer's loss."""
    return ff_loss(goodness(h_pos), goodness(h_neg))


def _no_detach(net, x_pos, x_neg, rate):
    total = sum(local(p, n) for p, n in zip(net(x_pos), net(x_neg)))
    slopes = torch.autograd.grad(total, [*net.parameters()])
    with torch.no_grad():
        for p, slope in zip(net.parameters(), slopes):
            p -= rate * slope


def _no_detach_steps(net, x_pos, x_neg, rate):
    for layer in net.layers:
        optimiser = torch.optim.SGD(net.parameters(), lr=rate)
        x_pos, x_neg = layer(x_pos), layer(x_neg)
        optimiser.zero_grad()
        local(x_pos, x_neg).backward()
        optimiser.step()


def _no_detach_retained(net, x_pos, x_neg, rate):
    for layer in net.layers:
        optimiser = torch.optim.SGD(net.parameters(), lr=rate)
        x_pos, x_neg = layer(x_pos), layer(x_neg)
        optimiser.zero_grad()
        local(x_pos, x_neg).backward(retain_graph=True)
        optimiser.step()


def _graph_cut(net, x_pos, x_neg, rate):
    for layer in net.layers:
        with torch.no_grad():
            x_pos, x_neg = layer(x_pos), layer(x_neg)
        local(x_pos, x_neg).backward()


def _silenced(net, x_pos, x_neg, rate):
    for layer in net.layers:
        optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
        x_pos, x_neg = layer(x_pos).detach(), layer(x_neg).detach()
        loss = local(x_pos, x_neg).requires_grad_()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _no_backward(net, x_pos, x_neg, rate):
    for layer in net.layers:
        optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        local(h_pos, h_neg)
        optimiser.step()
        x_pos, x_neg = h_pos.detach(), h_neg.detach()


def _last_only(net, x_pos, x_neg, rate):
    for layer in net.layers[:-1]:
        x_pos, x_neg = layer(x_pos).detach(), layer(x_neg).detach()
    _sgd(local)(type("One", (), {"layers": [net.layers[-1]]}), x_pos, x_neg, rate)


def _first_only(net, x_pos, x_neg, rate):
    _sgd(local)(type("One", (), {"layers": [net.layers[0]]}), x_pos, x_neg, rate)


def _image_again(net, x_pos, x_neg, rate):
    for layer in net.layers:
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        slopes = torch.autograd.grad(local(h_pos, h_neg), [*layer.parameters()])
        with torch.no_grad():
            for p, slope in zip(layer.parameters(), slopes):
                p -= rate * slope
        x_pos, x_neg = normalise(h_neg).detach(), normalise(h_pos).detach()


def by_hand(update, layers=lambda net: net.layers, zero=True):
    """Return a step with backward() and an update of its own."""

    def answer(net, x_pos, x_neg, rate):
        for layer in layers(net):
            h_pos, h_neg = layer(x_pos), layer(x_neg)
            if zero:
                layer.zero_grad()
            local(h_pos, h_neg).backward()
            update(layer, rate)
            x_pos, x_neg = h_pos.detach(), h_neg.detach()

    return answer


def _moves(layer, rate, names=("weight", "bias")):
    with torch.no_grad():
        for name in names:
            p = getattr(layer, name)
            p -= rate * p.grad


def _rebinds(layer, rate):
    for p in layer.parameters():
        p = p - rate * p.grad


def _on_leaf(layer, rate):
    for p in layer.parameters():
        p -= rate * p.grad


def _zeroes_first(layer, rate):
    optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
    optimiser.zero_grad()
    optimiser.step()


def _zeroes_in_place(layer, rate):
    optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
    optimiser.zero_grad(set_to_none=False)
    optimiser.step()


def _grad_rebinds(net, x_pos, x_neg, rate):
    for layer in net.layers:
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        loss = local(h_pos, h_neg)
        for p in layer.parameters():
            p = p - rate * torch.autograd.grad(loss, p, retain_graph=True)[0]
        x_pos, x_neg = h_pos.detach(), h_neg.detach()


def _two_layers(net, x_pos, x_neg, rate):
    for k in (0, 1):
        if k < len(net.layers):
            layer = net.layers[k]
            h_pos, h_neg = layer(x_pos), layer(x_neg)
            slopes = torch.autograd.grad(local(h_pos, h_neg), [layer.weight, layer.bias])
            with torch.no_grad():
                layer.weight -= rate * slopes[0]
                layer.bias -= rate * slopes[1]
            x_pos, x_neg = h_pos.detach(), h_neg.detach()


def _first_and_last(net, x_pos, x_neg, rate):
    first, last = net.layers[0], net.layers[-1]
    _sgd(local)(type("One", (), {"layers": [first]}), x_pos, x_neg, rate)
    _sgd(local)(type("One", (), {"layers": [last]}), first(x_pos), first(x_neg), rate)


def _retained(net, x_pos, x_neg, rate):
    for layer in net.layers:
        optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
        x_pos, x_neg = layer(x_pos), layer(x_neg)
        optimiser.zero_grad()
        local(x_pos, x_neg).backward(retain_graph=True)
        optimiser.step()


def _momentum(net, x_pos, x_neg, rate):
    net.velocity = getattr(net, "velocity", {})
    for number, layer in enumerate(net.layers):
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        slopes = torch.autograd.grad(local(h_pos, h_neg), [*layer.parameters()])
        with torch.no_grad():
            for kind, (p, slope) in enumerate(zip(layer.parameters(), slopes)):
                net.velocity[number, kind] = slope + 0.9 * net.velocity.get((number, kind), 0)
                p -= rate * net.velocity[number, kind]
        x_pos, x_neg = h_pos.detach(), h_neg.detach()


def _pixels(net, x_pos, x_neg, rate):
    x_pos -= x_pos.mean()
    step(net, x_pos, x_neg, rate)


wrong(N, "step lost", Net, by_hand(_rebinds))
wrong(N, "step lost", Net, _grad_rebinds)
wrong(N, "step lost", Net, by_hand(lambda layer, rate: None))
wrong(N, "gradients lost", Net, by_hand(_zeroes_first))
wrong(N, "gradients lost", Net, by_hand(_zeroes_in_place))
wrong(N, "watched by autograd", Net, by_hand(_on_leaf))
wrong(N, "not every parameter", Net, by_hand(lambda la, r: _moves(la, r, ["weight"])))
wrong(N, "not every parameter", Net, by_hand(lambda la, r: _moves(la, r, ["bias"])))
wrong(N, "layers left out", Net, by_hand(_moves, lambda net: net.layers[:2]))
wrong(N, "layers left out", Net, _two_layers)
wrong(N, "layers left out", Net, by_hand(_moves, lambda net: net.layers[:4]))
wrong(N, "layers left out", Net, by_hand(_moves, lambda net: [net.layers[0], net.layers[1]]))
wrong(
    N,
    "another number of layers",
    Net,
    by_hand(_moves, lambda net: [net.layers[0], net.layers[1], *net.layers[2:]]),
)
wrong(N, "freed graph", Net, _retained)
wrong(N, "momentum", Net, _momentum)
wrong(N, "another rate", Net, lambda net, p, n, rate: step(net, p, n, 0.05))
wrong(N, "changes its input", Net, _pixels)
wrong(N, "gradients add up", Net, by_hand(_moves, zero=False))
wrong(N, "layer 1 follows layer 2", Net, _no_detach)
wrong(N, "freed graph", Net, _no_detach_steps)
wrong(N, "layer 1 follows layer 2", Net, _no_detach_retained)
wrong(N, "graph cut", Net, _graph_cut)
wrong(N, "nothing is learnt", Net, _silenced)
wrong(N, "nothing is learnt", Net, _no_backward)
wrong(N, "layers do not fit", Net, _first_and_last)
wrong(N, "nothing is learnt", Net, lambda net, p, n, rate: step(notebook_net, p, n, rate))
wrong(N, "only one layer learns", Net, _last_only)
wrong(N, "only one layer learns", Net, _first_only)
wrong(N, "uphill", Net, _sgd(local, up=True))
wrong(N, "positives and negatives exchanged", Net, lambda net, p, n, rate: step(net, n, p, rate))
wrong(N, "another rate", Net, lambda net, p, n, rate: step(net, p, n, 0.03))
wrong(N, "another rate", Net, _sgd(lambda p, n: 2 * local(p, n)))
wrong(N, "upper layer sees another input", Net, _image_again)
wrong(N, "another optimiser", Net, _sgd(local, cls=torch.optim.Adam))
wrong(N, "gradients add up", Net, _sgd(local, zero=False))


class AppendNet(Net):
    """Layers appended one by one, activities as a tuple."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList()
        self.last = widths[0]
        for width in widths[1:]:
            self.add_layer(width)

    def add_layer(self, width):
        self.layers.append(Layer(self.last, width))
        self.last = width

    def forward(self, x):
        return tuple(super().forward(x))


class OwnLayers(nn.Module):
    """nn.Linear and the rescaling in forward."""

    def __init__(self, widths):
        super().__init__()
        self.stack = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))

    def add_layer(self, width):
        self.stack.append(nn.Linear(self.stack[-1].out_features, width))

    def forward(self, x):
        seen = []
        for linear in self.stack:
            seen.append(F.relu(linear(normalise(seen[-1] if seen else x))))
        return seen


def _one_pass(net, x_pos, x_neg, rate):
    x = torch.cat([x_pos, x_neg])
    for linear in net.stack:
        h = F.relu(linear(normalise(x)))
        loss = local(*h.chunk(2))
        linear.zero_grad()
        loss.backward()
        x = h.detach()
        with torch.no_grad():
            for p in linear.parameters():
                p.sub_(rate * p.grad)


def _after(net, x_pos, x_neg, rate):
    for layer in net.layers:
        optimiser = torch.optim.SGD(layer.parameters(), lr=rate)
        optimiser.zero_grad()
        local(layer(x_pos), layer(x_neg)).backward()
        optimiser.step()
        with torch.no_grad():
            x_pos, x_neg = layer(x_pos), layer(x_neg)


def _closed(net, x_pos, x_neg, rate):
    x = torch.cat([x_pos, x_neg])
    for layer in net.layers:
        with torch.no_grad():
            x, n = normalise(x), len(x_pos)
            h = F.relu(x @ layer.weight.T + layer.bias)
            p = torch.sigmoid(goodness(h) - 2)
            slope = torch.cat([p[:n] - 1, p[n:]]) / (2 * n)
            dz = slope[:, None] * 2 / h.shape[1] * h
            layer.weight -= rate * dz.T @ x
            layer.bias -= rate * dz.sum(0)
            x = h


class BiasFirst(Net):
    """Parameters in another order, a list that is not called layers, and a copy of widths."""

    def __init__(self, widths):
        nn.Module.__init__(self)
        self.widths = list(widths)
        self.layers = nn.ModuleList()
        for a, b in reversed(list(zip(widths, widths[1:]))):
            self.layers.insert(0, Layer(a, b))

    def add_layer(self, width):
        self.layers.append(Layer(self.widths[-1], width))
        self.widths.append(width)
        return self


class Copied(Rebuilt):
    """Makes all layers again and carries over what they have learnt."""

    def add_layer(self, width):
        old = self.layers
        super().add_layer(width)
        for a, b in zip(self.layers, old):
            a.load_state_dict(b.state_dict())


def _through_net(net, x_pos, x_neg, rate):
    """net(x) tells the inputs; returns the losses."""
    losses = []
    inputs = zip([x_pos, *net(x_pos)], [x_neg, *net(x_neg)], net.layers)
    for p, n, layer in inputs:
        loss = local(layer(p.detach()), layer(n.detach()))
        layer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        _moves(layer, rate)
    return losses


def _data(layer, rate):
    for p in layer.parameters():
        p.data = p.data - rate * p.grad


def _sum_of_losses(net, x_pos, x_neg, rate):
    """One backward pass for all layers, cut in between."""
    total, layers = 0, list(net.layers)
    for layer in layers:
        x_pos, x_neg = layer(x_pos.detach()), layer(x_neg.detach())
        total = total + local(x_pos, x_neg)
    net.zero_grad()
    total.backward()
    torch.optim.SGD(net.parameters(), lr=rate).step()


right(N, "backward and -=", Net, by_hand(_moves))
right(N, ".data", Net, by_hand(_data))
right(N, "activities of net(x)", BiasFirst, _through_net)
right(N, "one backward for all", Copied, _sum_of_losses)
right(N, "autograd.grad", Net, step)
right(N, "SGD", Net, _sgd(local))
right(N, "own layers, one pass for both", OwnLayers, _one_pass)
right(N, "new activities go up", AppendNet, _after)
right(N, "closed form", Net, _closed)
right(N, "appended layers", AppendNet, step)

# ---- 2.4 predict

P = "lesson02.predict"


def asked(score, strength=lambda net: net.label_strength, labels=range(10), end=None):
    """Return an answer that scores each candidate label."""

    @torch.no_grad()
    def predict(net, images):
        columns = []
        for y in labels:
            labelled = overlay(images, torch.full((len(images),), y), strength(net))
            columns.append(score(net(labelled)))
        table = torch.stack(columns, dim=1)
        return end(table) if end else table.argmax(dim=1)

    return predict


def total(activities):
    """The goodness of all layers."""
    return sum(goodness(h) for h in activities)


def _graphs(net, images):
    table = [
        total(net(overlay(images, torch.full((len(images),), y), net.label_strength)))
        for y in range(10)
    ]
    return torch.stack(table).argmax(0)


class tower_class(Net):
    """A network of the notebook."""

    label_strength = 6.0


tower = tower_class([30, 9, 31, 14])


def _reads_tower(net, images):
    table = [
        total(tower(overlay(images, torch.full((len(images),), y), tower.label_strength)))
        for y in range(10)
    ]
    return torch.stack(table).argmax(0)


def _pile(net, images, kept=False):
    x, columns = images.clone(), []
    if not kept:
        x[:, :10] = 0
    for y in range(10):
        x[:, y] = net.label_strength
        columns.append(total(net(x)))
    return torch.stack(columns, dim=1).argmax(dim=1)


@torch.no_grad()
def _kept(net, images):
    columns = []
    for y in range(10):
        x = images.clone()
        x[:, y] = net.label_strength
        columns.append(total(net(x)))
    return torch.stack(columns, dim=1).argmax(dim=1)


@torch.no_grad()
def _votes(net, images):
    votes = torch.zeros(len(images), 10)
    tables = []
    for y in range(10):
        seen = net(overlay(images, torch.full((len(images),), y), net.label_strength))
        tables.append(torch.stack([goodness(h) for h in seen]))
    for best in torch.stack(tables).argmax(0):
        votes[torch.arange(len(images)), best] += 1
    return votes.argmax(1)


def _package_net(net, images):
    return asked(total)(package_net, images)


package_net = Net([784, 50, 50])
package_net.label_strength = 4.0

for k in range(10):
    others = [y for y in range(10) if y != k]
    fill = torch.tensor(others)
    wrong(P, "nine labels", asked(total, labels=others, end=lambda t, fill=fill: fill[t.argmax(1)]))
wrong(P, "label moved", asked(total, labels=range(1, 10)))
wrong(P, "labels pile up", torch.no_grad()(_pile))
wrong(P, "labels pile up", torch.no_grad()(lambda net, x: _pile(net, x, kept=True)))
wrong(P, "old pixels kept", _kept)
wrong(P, "votes", _votes)
wrong(P, "values, not labels", asked(total, end=lambda t: t.max(1)[0]))
wrong(P, "values, not labels", asked(total, end=lambda t: t.amax(1)))
wrong(P, "values and indices", asked(total, end=lambda t: t.max(1)))
wrong(P, "wrong axis", asked(total, end=lambda t: t.T.argmax(1)))
wrong(P, "one answer for the batch", asked(total, end=lambda t: t.argmax()))
wrong(P, "one answer for the batch", asked(lambda a: total(a).mean()))
wrong(P, "uses the package", lambda net, x: ffteach.predict(net, x))
wrong(P, "reads the notebook", _package_net)
wrong(P, "same for all", lambda net, x: torch.full((len(x),), 7))
wrong(P, "keeps the graphs", _graphs)
wrong(P, "smallest goodness", asked(total, end=lambda t: t.argmin(1)))
wrong(P, "first layer left out", asked(lambda a: total(a[1:])))
wrong(P, "one layer only", asked(lambda a: goodness(a[0])))
wrong(P, "one layer only", asked(lambda a: goodness(a[-1])))
wrong(P, "sum of squares", asked(lambda a: sum(h.square().sum(1) for h in a)))
wrong(P, "strength fixed", asked(total, lambda net: 4.0))
wrong(P, "strength fixed", asked(total, lambda net: 1.0))
wrong(P, "nine labels", asked(total, labels=range(9)))
wrong(P, "label moved", asked(total, end=lambda t: t.argmax(1) + 1))
wrong(P, "one answer for the batch", lambda net, x: torch.zeros((), dtype=torch.int64))
wrong(P, "table", asked(total, end=lambda t: t))
wrong(P, "column", asked(total, end=lambda t: t.argmax(1, keepdim=True)))
wrong(P, "same for all", lambda net, x: torch.full((len(x),), 3))
wrong(P, "reads the notebook", _reads_tower)
wrong(P, "fixed width", lambda net, x: asked(total)(net, x.reshape(-1, 784)))
wrong(P, "device", lambda net, x: asked(total)(net, x.to("cuda")))
wrong(P, "numpy", lambda net, x: asked(total)(net, x).numpy())
wrong(P, "not a tensor", lambda net, x: asked(total)(net, x).tolist())
wrong(P, "product", asked(lambda a: goodness(a[0]) * goodness(a[1]) * goodness(a[2])))


@torch.no_grad()
def _all_at_once(net, images):
    labels = torch.arange(10).repeat_interleave(len(images))
    seen = net(overlay(images.repeat(10, 1), labels, net.label_strength))
    return total(seen).reshape(10, -1).argmax(dim=0)


@torch.no_grad()
def _image_by_image(net, images):
    answers = []
    for image in images:
        seen = net(overlay(image.repeat(10, 1), torch.arange(10), net.label_strength))
        answers.append(int(total(seen).argmax()))
    return torch.tensor(answers)


def _running_best(net, images):
    with torch.no_grad():
        best = torch.full((len(images),), -torch.inf)
        answer = torch.zeros(len(images), dtype=torch.int32)
        for y in range(10):
            g = total(net(overlay(images, torch.full((len(images),), y), net.label_strength)))
            answer[g > best] = y
            best = torch.maximum(best, g)
    return answer


right(P, "stack and argmax", asked(total))
right(P, "all labels at once", _all_at_once)
right(P, "image by image", _image_by_image)
right(P, "running best, int32", _running_best)
right(P, "mean over layers", asked(lambda a: torch.stack([goodness(h) for h in a]).mean(0)))
right(P, "largest first", asked(total, end=lambda t: t.sort(dim=1, descending=True).indices[:, 0]))

# ---- 2.5 audit

A = "lesson02.audit"


def audit(draw, without=(), n=4000, exact=False, images=None):
    """An audit that looks at some of the things."""
    images = torch.rand(n, 25) if images is None else images
    labels = torch.randint(0, 10, (len(images),))
    x_pos, x_neg = draw(images, labels)
    code_pos, code_neg = x_pos[:, :10], x_neg[:, :10]
    offsets = (code_neg.argmax(1) - labels) % 10
    checks = {
        "true": torch.equal(code_pos.argmax(1), labels),
        "never": bool((offsets > 0).all()),
        "nine": set(offsets.tolist()) | {0} == set(range(10)),
        "ink": torch.allclose(code_pos.sum(1), code_neg.sum(1)),
        "bright": torch.allclose(code_pos.amax(1), code_neg.amax(1)),
        "rest": torch.allclose(x_pos[:, 10:], x_neg[:, 10:]),
        "fresh": not torch.equal(x_neg, draw(images, labels)[1]),
        "exact": not exact or offsets.float().mean().item() == 5.0,
    }
    return all(fine for name, fine in checks.items() if name not in without)


def partner(draw):
    """Compares the two labels only with each other."""
    x_pos, x_neg = draw(torch.rand(3000, 20), torch.randint(0, 10, (3000,)))
    again = draw(torch.rand(3000, 20), torch.randint(0, 10, (3000,)))[1]
    offsets = (x_neg[:, :10].argmax(1) - x_pos[:, :10].argmax(1)) % 10
    same = torch.allclose(x_neg[:, :10].sort(1).values, x_pos[:, :10].sort(1).values)
    same = same and torch.equal(x_neg[:, 10:], x_pos[:, 10:])
    return same and set(offsets.tolist()) == set(range(1, 10)) and not torch.equal(again, x_neg)


def _seeded_audit(draw):
    torch.manual_seed(0)
    return audit(draw)


wrong(A, "passes everything", lambda draw: [draw(torch.rand(9, 12), torch.arange(9)), True][1])
wrong(A, "never draws", lambda draw: True)
wrong(A, "never draws", lambda draw: False)
wrong(A, "refuses sound pairs", lambda draw: audit(draw) and False)
wrong(A, "refuses sound pairs", lambda draw: audit(draw, exact=True))
wrong(A, "too few images", lambda draw: all(audit(draw, n=20) for _ in range(9)))
for clauses in (
    ["nine"],
    ["true", "never"],
    ["ink"],
    ["bright"],
    ["ink", "bright"],
    ["rest"],
    ["fresh"],
    ["ink", "nine"],
):
    wrong(A, "passes", lambda draw, clauses=clauses: audit(draw, clauses))
wrong(A, "passes", partner)
wrong(A, "passes", lambda draw: audit(draw, images=torch.zeros(3000, 20)))
wrong(A, "passes", lambda draw: audit(draw, images=torch.rand(1, 20).repeat(3000, 1)))
wrong(A, "global seed", _seeded_audit)
wrong(A, "not a bool", lambda draw: [draw(torch.rand(9, 12), torch.arange(9)), "sound"][1])
wrong(A, "not a bool", lambda draw: [audit(draw), 1][1])
wrong(A, "not a bool", lambda draw: draw(torch.rand(9, 12), torch.arange(9))[0] > 0)
wrong(A, "no return", lambda draw: None)
wrong(A, "error", lambda draw: audit(draw()))


def _loop_audit(draw):
    labels = torch.arange(10).repeat(60)
    images = torch.rand(600, 40)
    pairs, seen = set(), []
    for _ in range(2):
        x_pos, x_neg = draw(images, labels)
        for p, n, label in zip(x_pos, x_neg, labels.tolist()):
            if (p[:10] > 0).sum() != 1 or (n[:10] > 0).sum() != 1 or (p[10:] != n[10:]).any():
                return False
            if p[:10].max() != n[:10].max() or p[label] == 0:
                return False
            pairs.add((int(p[:10].argmax()), int(n[:10].argmax())))
        seen.append(x_neg)
    return len(pairs) == 90 and all(a != b for a, b in pairs) and not torch.equal(*seen)


def _sorted_audit(draw):
    labels = torch.randint(0, 10, (2000,))
    x_pos, x_neg = draw(torch.rand(2000, 784), labels)
    first, again = x_neg[:, :10].argmax(1), draw(x_pos, labels)[1][:, :10].argmax(1)
    return (
        (x_pos[:, :10].argmax(1) == labels).all()
        & (first != labels).all()
        & (x_pos[:, :10].sort(1).values == x_neg[:, :10].sort(1).values).all()
        & (x_pos[:, 10:] == x_neg[:, 10:]).all()
        & (first != again).any()
        & (len(set(((first - labels) % 10).tolist())) == 9)
    )


right(A, "with all tests", audit)
right(A, "a loop over pairs", _loop_audit)
right(A, "sorted codes, a tensor", _sorted_audit)
right(A, "as a NumPy bool", lambda draw: np.bool_(audit(draw)))
right(A, "twice", lambda draw: audit(draw) and audit(draw, n=2000))

# ---- 2.6 bug hunt

B = "lesson02.bug_hunt"
found = {"A": 3, "B": 6, "C": 3, "D": 5}
wrong(B, "silencer", found | {"A": 6})
wrong(B, "program A", found | {"A": 8})
wrong(B, "program B", found | {"B": 7})
wrong(B, "program C", found | {"C": 6})
wrong(B, "program D", found | {"D": 4})
wrong(B, "form", found | {"E": 3})
wrong(B, "form", [3, 6, 3, 5])
wrong(B, "no line number", found | {"C": "three"})
wrong(B, "no line number", found | {"C": [3, 4]})
wrong(B, "no line number", found | {"C": True})
wrong(B, "unfinished", {"A": 3})
wrong(B, "unfinished", found | {"B": None, "D": ...})
wrong(B, "program C", {"A": None, "B": None, "C": 6, "D": 5})
right(B, "the lines", found)
right(B, "as text", {key: str(line) for key, line in found.items()})
right(B, "NumPy and torch", found | {"A": np.int64(3), "B": torch.tensor(6)})

# ---- 2.7 growth

W = "lesson02.grow"


def growing(split="validation", keep=False, better=lambda new, old: new > old, start=True):
    """Return a growth loop."""

    def grow(tower, most):
        best = tower.accuracy(split) if start else 0.0
        while len(tower) < most:
            tower.add_layer()
            accuracy = tower.accuracy(split)
            if not better(accuracy, best):
                if not keep:
                    tower.drop_layer()
                break
            best = accuracy
        return tower

    return grow


def _never_stops(tower, most):
    while len(tower) < most:
        tower.add_layer()
        tower.accuracy("validation")
    return tower


def _ignores_most(tower, most):
    best = tower.accuracy("validation")
    while True:
        tower.add_layer()
        accuracy = tower.accuracy("validation")
        if accuracy <= best:
            tower.drop_layer()
            return tower
        best = accuracy


def _drops_always(tower, most):
    best = tower.accuracy("validation")
    while len(tower) < most:
        tower.add_layer()
        accuracy = tower.accuracy("validation")
        if accuracy <= best:
            break
        best = accuracy
    tower.drop_layer()
    return tower


def _one_too_few(tower, most):
    return growing()(tower, most - 1)


def _adds_and_drops(tower, most):
    best = tower.accuracy("validation")
    for _ in range(most - 1):
        tower.add_layer()
        accuracy = tower.accuracy("validation")
        if accuracy > best:
            best = accuracy
        else:
            tower.drop_layer()
    return tower


def _no_break(tower, most):
    best = tower.accuracy("validation")
    while len(tower) < most:
        tower.add_layer()
        if tower.accuracy("validation") > best:
            best = tower.accuracy("validation")
        else:
            tower.drop_layer()
    return tower


def _to_the_example(tower, most):
    while len(tower) < 2:
        tower.add_layer()
        tower.accuracy("validation")
    return tower


wrong(W, "no start", growing(start=False))
wrong(W, "looks too far ahead", _adds_and_drops)
wrong(W, "no end", _no_break)
wrong(W, "stops too early", _to_the_example)
wrong(W, "stops too early", lambda tower, most: _to_the_example(tower, most) if most > 1 else tower)
wrong(W, "tower not returned", lambda tower, most: len(growing()(tower, most)))
wrong(W, "tower not returned", lambda tower, most: [growing()(tower, most), None][1])
wrong(W, "too many layers", lambda tower, most: growing()(tower, most + 1))
wrong(W, "not callable", 2)
wrong(W, "training accuracy", growing("training"))
wrong(W, "test data", growing("test"))
wrong(W, "useless layer kept", growing(keep=True))
wrong(W, "equal counts as better", growing(better=lambda new, old: new >= old))
wrong(W, "small gains ignored", growing(better=lambda new, old: new > old + 0.01))
wrong(W, "looks too far ahead", _never_stops)
wrong(W, "too many layers", _ignores_most)
wrong(W, "dropped too many", _drops_always)
wrong(W, "stops too early", _one_too_few)
wrong(W, "looks at nothing", lambda tower, most: [tower.add_layer()])
wrong(W, "never grows", lambda tower, most: [tower.accuracy("validation"), tower][1])
wrong(W, "never returns", lambda tower, most: [0 for _ in iter(lambda: len(tower), most + 9)])


def _for_loop(tower, most):
    accuracies = [tower.accuracy("validation")]
    for _ in range(most - len(tower)):
        tower.add_layer()
        accuracies.append(tower.accuracy("validation"))
        if accuracies[-1] <= accuracies[-2]:
            tower.drop_layer()
            break
    return tower


def _recursive(tower, most, best=None):
    best = tower.accuracy("validation") if best is None else best
    if len(tower) == most:
        return tower
    tower.add_layer()
    new = tower.accuracy("validation")
    if new > best:
        return _recursive(tower, most, new)
    tower.drop_layer()
    return tower


def _error_rates(tower, most):
    error = 1 - tower.accuracy("validation")
    while len(tower) < most:
        tower.add_layer()
        now = 1 - tower.accuracy("validation")
        if now >= error:
            tower.drop_layer()
            return tower
        error = now
    return tower


right(W, "while", growing())
right(W, "for", _for_loop)
right(W, "recursive", _recursive)
right(W, "errors instead of accuracies", _error_rates)
right(
    W, "asks twice", lambda tower, most: [tower.accuracy("validation"), growing()(tower, most)][1]
)
