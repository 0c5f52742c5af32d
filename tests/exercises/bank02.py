"""Answers to unit 2."""

import torch
import torch.nn.functional as F
from bank import Layer, ff_loss, goodness, normalise, overlay, right, wrong
from torch import nn

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


wrong(O, "old pixels kept", _paint(torch.clone, _lit))
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
wrong(Y, "one fixed offset", lambda y: (y + torch.randint(1, 10, (1,))) % 10)
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


class NoAdd(nn.Module):
    """add_layer is missing."""

    def __init__(self, widths):
        super().__init__()
        self.layers = nn.ModuleList([Layer(a, b) for a, b in zip(widths, widths[1:])])


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


wrong(N, "layer 1 follows layer 2", Net, _no_detach)
wrong(N, "freed graph", Net, _no_detach_steps)
wrong(N, "layer 1 follows layer 2", Net, _no_detach_retained)
wrong(N, "graph cut", Net, _graph_cut)
wrong(N, "nothing is learnt", Net, _silenced)
wrong(N, "nothing is learnt", Net, _no_backward)
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


def audit(draw, offsets=True, ink=True, rest=True, fresh=True, dark=True, exact=False):
    """An audit that looks at some of the things."""
    images, labels = torch.rand(4000, 25), torch.randint(0, 10, (4000,))
    x_pos, x_neg = draw(images, labels)
    found = (x_neg[:, :10].argmax(1) - x_pos[:, :10].argmax(1)) % 10
    checks = [
        not offsets or sorted(found.unique().tolist()) == list(range(1, 10)),
        not ink or torch.allclose(x_pos[:, :10].sum(1), x_neg[:, :10].sum(1)),
        not rest or torch.allclose(x_pos[:, 10:], x_neg[:, 10:]),
        not fresh or not torch.equal(x_neg, draw(images, labels)[1]),
        not dark or torch.isclose(x_pos.max(), x_neg.max()).item(),
        not exact or found.float().mean().item() == 5.0,
    ]
    return all(checks)


wrong(A, "passes everything", lambda draw: True)
wrong(A, "refuses sound pairs", lambda draw: False)
wrong(A, "refuses sound pairs", lambda draw: audit(draw, exact=True))
wrong(A, "passes", lambda draw: audit(draw, offsets=False))
wrong(A, "passes", lambda draw: audit(draw, fresh=False))
wrong(A, "passes", lambda draw: audit(draw, rest=False, dark=False))
wrong(A, "passes", lambda draw: audit(draw, rest=False))
wrong(A, "passes", lambda draw: audit(draw, ink=False, offsets=False))
wrong(A, "not a bool", lambda draw: "sound")
wrong(A, "no return", lambda draw: None)
wrong(A, "error", lambda draw: audit(draw()))


def _loop_audit(draw):
    labels = torch.arange(10).repeat(60)
    images = torch.rand(600, 40)
    pairs, seen = set(), []
    for _ in range(2):
        x_pos, x_neg = draw(images, labels)
        for p, n in zip(x_pos, x_neg):
            if (p[:10] > 0).sum() != 1 or (n[:10] > 0).sum() != 1 or (p[10:] != n[10:]).any():
                return False
            pairs.add((int(p[:10].argmax()), int(n[:10].argmax())))
        seen.append(x_neg)
    return len(pairs) == 90 and all(a != b for a, b in pairs) and not torch.equal(*seen)


right(A, "with all tests", audit)
right(A, "a loop over pairs", _loop_audit)
right(A, "without the range", lambda draw: audit(draw, dark=False))
right(A, "as a tensor", lambda draw: torch.tensor(audit(draw)))
right(A, "offsets and rest are enough for ink", lambda draw: audit(draw) and audit(draw))

# ---- 2.6 bug hunt

B = "lesson02.bug_hunt"
found = {"A": 3, "B": 6, "C": 3, "D": 5}
wrong(B, "silencer", found | {"A": 6})
wrong(B, "program A", found | {"A": 8})
wrong(B, "program B", found | {"B": 7})
wrong(B, "program C", found | {"C": 6})
wrong(B, "program D", found | {"D": 4})
wrong(B, "form", {"A": 3})
wrong(B, "form", [3, 6, 3, 5])
right(B, "the lines", found)

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
    return accuracies


def _recursive(tower, most, best=None):
    best = tower.accuracy("validation") if best is None else best
    if len(tower) == most:
        return tower
    tower.add_layer()
    new = tower.accuracy("validation")
    if new > best:
        return _recursive(tower, most, new)
    return tower.drop_layer()


def _error_rates(tower, most):
    error = 1 - tower.accuracy("validation")
    while len(tower) < most:
        tower.add_layer()
        now = 1 - tower.accuracy("validation")
        if now >= error:
            tower.drop_layer()
            return len(tower)
        error = now


right(W, "while", growing())
right(W, "for", _for_loop)
right(W, "recursive", _recursive)
right(W, "errors instead of accuracies", _error_rates)
right(W, "asks twice", lambda tower, most: [tower.accuracy("validation"), growing()(tower, most)])
