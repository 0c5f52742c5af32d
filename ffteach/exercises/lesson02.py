"""Unit 2: labels painted into images, a network, its answers, an audit, a bug hunt and growth."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .engine import Exercise, close, numbers

UNIT = "Unit 2: the supervised overlay"
CLASSES = 10


def _overlay(images, labels, strength):
    result = images.clone()
    result[:, :CLASSES] = F.one_hot(labels, CLASSES).to(images) * strength
    return result


# ---- 2.1


def _judge_overlay_label(trial, overlay_label):
    for n, d, strength, dtype in (
        (6, 13, 2.5, None),
        (1, 30, 4.0, torch.float64),
        (10, 11, 1.5, 0),
    ):
        images = trial.rand(n, d, low=0.1).to(dtype or torch.float32)
        labels = trial.randint(0, CLASSES, n)
        if n > 1:
            labels[:2] = torch.tensor([7, 2])
        result = trial.tensor(trial.call(overlay_label, images, labels, strength))
        trial.require(tuple(result.shape) != (n, d + CLASSES), "pixels in front")
        trial.tensor(result, (n, d))
        right, one_hot = _overlay(images, labels, strength), F.one_hot(labels, CLASSES)
        body, code = images[:, CLASSES:], one_hot.to(images)
        kept = images.clone()
        kept[torch.arange(n), labels] = strength
        every = images.clone()
        every[:, :CLASSES] = 0
        every[:, labels] = strength
        every_kept = images.clone()
        every_kept[:, labels] = strength
        last = images.clone()
        last[:, -CLASSES:] = code * strength

        def with_code(pixels, body=body):
            return torch.cat([pixels, body], dim=1)

        many = (torch.arange(CLASSES) < labels[:, None]).to(images)
        wrong = {
            "old pixels kept": kept,
            "added, not written": images + with_code(code * strength, torch.zeros_like(body)),
            "every label on every image": [every, every_kept],
            "brightest pixel": with_code(code * images.max()),
            "strength unused": with_code(code),
            "ink": [with_code((1 - code) * strength), with_code(many * strength)],
            "next pixel": [with_code(code.roll(1, 1) * strength), with_code(code.roll(-1, 1))],
            "last ten pixels": last,
            "images scaled": with_code(code) * strength,
            "label lost": [images, with_code(torch.zeros_like(code))],
            "image lost": torch.cat([code * strength, torch.zeros_like(body)], dim=1),
        }
        trial.same(result, right, wrong)
        trial.require(result.dtype == images.dtype, "another type", 0.5)


overlay_label = Exercise(
    "overlay_label",
    "2.1 paint the label",
    points=2,
    minutes=10,
    judge=_judge_overlay_label,
    says={
        "old pixels kept": "The lit pixel is right, but the other nine keep what the image had "
        "there. Then the label is not the only thing in the ten pixels: set them to 0 first.",
        "added, not written": "You add the label to what the pixel had. The brightness must not "
        "depend on the image: overwrite the ten pixels.",
        "every label on every image": "images[:, labels] lights the pixels of ALL labels on EVERY "
        "image. Pair row and column: images[torch.arange(len(images)), labels].",
        "brightest pixel": "The strength comes from the brightest pixel of the batch. The same "
        "digit would look different in another batch: use `strength`.",
        "strength unused": "The label has brightness 1 whatever `strength` says.",
        "ink": "The number of lit pixels is wrong: exactly ONE is lit. Codes with more ink have "
        "more to do with the length of the row than with the label.",
        "next pixel": "The label is one pixel beside its place, or has the wrong strength there: "
        "label 0 is pixel 0.",
        "last ten pixels": "The label stands in the last ten pixels; it belongs in the first ten.",
        "images scaled": "You multiply the whole image by the strength, not only the label.",
        "label lost": "No label is to be seen in the result.",
        "image lost": "The image is gone: only the label is left.",
        "pixels in front": "You put ten new pixels in front. The label REPLACES the first ten, so "
        "that the width stays.",
        "another type": "The result has another number type than the images. Positives and "
        "negatives of different types can be told apart by that alone.",
    },
    hints=(
        "Three steps: a copy, ten zeros, one lit pixel for each image.",
        "result = images.clone(); then result[:, :10] = 0.",
        "Row i wants column labels[i]: result[torch.arange(len(images)), labels] = strength.",
    ),
    solution="""
def overlay_label(images, labels, strength):
    result = images.clone()
    result[:, :10] = 0
    result[torch.arange(len(images)), labels] = strength
    return result
""",
)


def _judge_wrong_labels(trial, wrong_labels):
    labels = trial.randint(0, CLASSES, 6000)
    drawn = trial.call(wrong_labels, labels)
    if type(drawn) is torch.Tensor and tuple(drawn.shape) in ((), (1,)):
        trial.no("one draw for all")
    drawn = trial.tensor(drawn, labels.shape, kind=None)
    trial.require(
        not drawn.is_floating_point(), "kind of numbers", 0.5, got=drawn.dtype, want="int"
    )
    values = [int(x) for x in numbers(drawn)]
    trial.require(min(values) >= 0 and max(values) <= 9, "not a digit")
    offsets = [(a - int(b)) % 10 for a, b in zip(values, numbers(labels))]
    share = [offsets.count(k) / len(offsets) for k in range(10)]
    trial.require(share[0] < 0.99, "always the true label")
    if share[0]:
        threes = trial.call(wrong_labels, torch.full((50,), 3))
        if threes.shape == (50,) and set(numbers(threes)) == {3.0} and share[0] < 0.5:
            trial.no("labels of other images")
        trial.no("true label drawn", share=share[0])
    trial.require(max(share) < 0.99, "one fixed offset")
    trial.require(len(set(values)) == 10 and set(values[:10]) != set(values), "few labels")
    by_label = [{v for v, t in zip(values, numbers(labels)) if t == k} for k in range(10)]
    trial.require(max(map(len, by_label)) > 1, "one fixed offset")
    missing = [k for k in range(1, 10) if not share[k]]
    digits = [values.count(k) / len(values) for k in range(10)]
    if missing and min(digits) > 0.06:
        trial.no("an offset is missing", missing=", ".join(map(str, missing)))
    trial.require(min(map(len, by_label)) >= 8, "few labels")
    uneven = max(abs(s - 1 / 9) for s in share[1:]) > 0.03 or max(digits) > 0.125
    trial.require(not uneven and min(map(len, by_label)) == 9, "not evenly", 0.5)
    again = trial.call(wrong_labels, labels)
    trial.require(not close(again, drawn), "the same every time", 0.5)
    for n in (1, 3):
        few = trial.randint(0, CLASSES, n)
        for _ in range(20):
            result = trial.tensor(trial.call(wrong_labels, few), (n,), kind=None)
            if any(a == b for a, b in zip(numbers(result), numbers(few))):
                trial.no("true label drawn", share=0.1)


wrong_labels = Exercise(
    "wrong_labels",
    "2.2 wrong labels",
    points=2,
    minutes=10,
    judge=_judge_wrong_labels,
    says={
        "always the true label": "You return the true labels: then there are no negatives.",
        "labels of other images": "You shuffle the labels of the batch. About one in ten is the "
        "true label again, and then the same picture is called positive and negative.",
        "true label drawn": "{share:.0%} of your labels are the TRUE label. There the same "
        "picture is called positive and negative, and the layer is pulled both ways.",
        "one fixed offset": "Every label gets the same wrong partner. Then only one of the nine "
        "wrong answers is ever unlearnt: draw at random.",
        "an offset is missing": "label + k never occurs for k = {missing} (modulo 10). That wrong "
        "answer is never unlearnt, and the network will give it too often. The end of randint "
        "is not included.",
        "few labels": "Some wrong labels never occur, or only a handful of draws is used for the "
        "whole batch. Every image needs a draw of its own, over all nine wrong labels.",
        "not evenly": "All labels are wrong, as they should be, but the nine do not come equally "
        "often. (A label that would be 10 must wrap around to 0, not be cut to 9.)",
        "one draw for all": "One random number serves the whole batch: draw one for each label, "
        "of shape labels.shape.",
        "not a digit": "Some of the labels lie outside 0..9: take the remainder modulo 10.",
        "the same every time": "Two calls give the same labels. Negatives that are drawn once can "
        "be learnt by heart: draw anew for every call, without a seed inside.",
    },
    hints=(
        "Which offsets added to a label (modulo 10) give a wrong one?",
        "The offset is 1, 2, ... or 9, one for each label, each equally likely.",
        "torch.randint(1, 10, labels.shape): the end, 10, is not included. Then modulo 10.",
    ),
    solution="""
def wrong_labels(labels):
    return (labels + torch.randint(1, 10, labels.shape)) % 10
""",
)


# ---- 2.3


def _normalise(x):
    return x * x.shape[1] ** 0.5 / (x.norm(dim=1, keepdim=True) + 1e-6)


def _local_loss(h_pos, h_neg):
    g_pos, g_neg = h_pos.square().mean(1), h_neg.square().mean(1)
    return (F.softplus(2 - g_pos).mean() + F.softplus(g_neg - 2).mean()) / 2


def _reference_step(parameters, x_pos, x_neg, rate, late):
    """Return the weights after one step; late: the layer above sees this layer's NEW activities."""
    result = []
    for weight, bias in zip(parameters[::2], parameters[1::2]):
        w, b = weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_()
        x_pos, x_neg = _normalise(x_pos), _normalise(x_neg)
        h = [F.relu(x @ w.T + b) for x in (x_pos, x_neg)]
        slopes = torch.autograd.grad(_local_loss(*h), (w, b))
        new = [p.detach() - rate * slope for p, slope in zip((w, b), slopes)]
        result += new
        if late:
            h = [F.relu(x @ new[0].T + new[1]) for x in (x_pos, x_neg)]
        x_pos, x_neg = (value.detach() for value in h)
    return result


def _judge_network(trial, Net, train_step=None):
    trial.attempted(Net, train_step)
    widths = [6, 5, 4]
    net = trial.call(Net, widths, inputs="Net([6, 5, 4])")
    trial.require(isinstance(net, nn.Module), "no module")
    parameters = list(net.parameters())
    trial.require(parameters, "plain list")
    second = trial.call(Net, widths, inputs="Net([6, 5, 4])")
    shapes = [tuple(p.shape) for p in second.parameters()]
    one = [tuple(p.shape) for p in parameters]
    trial.require(len(shapes) == len(one), "shared by all networks")
    wanted = [(5, 6), (5,), (4, 5), (4,)]
    trial.require(sorted(one) == sorted(wanted), "widths", got=len(one), want=len(wanted))
    try:
        net.eval(), net.train()
    except BaseException:
        trial.no("train is taken", 0.25)
    added = trial.call(lambda: [second.add_layer(3)], inputs="net.add_layer(3)")
    del added
    shapes = [tuple(p.shape) for p in second.parameters()]
    trial.require(len(shapes) == 6, "layer not added", 0.25)
    trial.require((3, 4) in shapes, "width of the new layer", 0.25, got=shapes[-2])
    third = trial.call(Net, [6, 5, 4], inputs="Net([6, 5, 4])")
    trial.require(len(list(third.parameters())) == 4, "shared by all networks", 0.25)
    trial.require(widths == [6, 5, 4], "shared by all networks", 0.25)

    net.double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(trial.randn(*p.shape).abs() if p.dim() == 1 else trial.randn(*p.shape))
    x_pos, x_neg = trial.randn(7, 6).double(), trial.randn(7, 6).double()
    _judge_forward(trial, net, x_pos)
    _judge_step(trial, net, train_step, x_pos, x_neg)


def _judge_forward(trial, net, x):
    activities = trial.call(net, x)
    if type(activities) not in (list, tuple) or len(activities) != 2:
        trial.no("not all activities", 0.25)
    p = list(net.parameters())
    first = F.relu(_normalise(x) @ p[0].T + p[1])
    right = first, F.relu(_normalise(first) @ p[2].T + p[3])
    if not close(trial.tensor(activities[0], (7, 5)), right[0], 1e-3):
        trial.no("input not rescaled", 0.25)
    if not close(trial.tensor(activities[1], (7, 4)), right[1], 1e-3):
        trial.no("input not rescaled", 0.25)


def _judge_step(trial, net, train_step, x_pos, x_neg):
    rate = 0.05

    def changes(net, times=1, pos=x_pos, neg=x_neg, rate=rate):
        net = copy.deepcopy(net)
        before = [p.detach().clone() for p in net.parameters()]
        for _ in range(times):
            trial.call(lambda: [train_step(net, pos, neg, rate)], inputs="a network of two layers")
        return [p.detach() - b for p, b in zip(net.parameters(), before)]

    def reference(late, times=1, pos=x_pos, neg=x_neg, rate=rate):
        now = before = list(net.parameters())
        for _ in range(times):
            now = _reference_step(now, pos, neg, rate, late)
        return [(a - b).detach() for a, b in zip(now, before)]

    done = changes(net)
    trial.require(all(_finite(d) for d in done), "not a number", 0.25)
    moved = [max(map(abs, numbers(d))) > 0 for d in done]
    trial.require(any(moved), "nothing is learnt", 0.25)
    if not moved[2] or not moved[0]:
        trial.no("only one layer learns", 0.5, which="first" if moved[0] else "last")
    other = copy.deepcopy(net)
    with torch.no_grad():
        list(other.parameters())[2].mul_(-1.5)
    if not all(close(a, b, 1e-6) for a, b in zip(done[:2], changes(other)[:2])):
        trial.no("layer 1 follows layer 2", 0.5)
    rights = [reference(False), reference(True)]
    if not any(_alike(done, right) for right in rights):
        if _alike([-d for d in done], rights[0]) or _alike([-d for d in done], rights[1]):
            trial.no("uphill", 0.5)
        exchanged = [reference(late, pos=x_neg, neg=x_pos) for late in (False, True)]
        if any(_alike(done, right) for right in exchanged):
            trial.no("positives and negatives exchanged", 0.5)
        if any(_parallel(done, right) for right in rights):
            trial.no("another rate", 0.75)
        if any(_parallel(done[:2], right[:2]) for right in rights):
            trial.no("upper layer sees another input", 0.5)
        if all(close(d.abs(), torch.full_like(d, rate), 0.02) or not moved[0] for d in done[:1]):
            trial.no("another optimiser", 0.75)
        if any(_alike([d.sign() for d in done], [r.sign() for r in right]) for right in rights):
            trial.no("another optimiser", 0.75)
        trial.no("unknown", 0.5)
    twice = [reference(late, times=2) for late in (False, True)]
    if not any(_alike(changes(net, times=2), right) for right in twice):
        trial.no("gradients add up", 0.75)


def _finite(tensor):
    return all(abs(x) < 1e30 for x in numbers(tensor))


def _alike(values, others):
    return all(close(a, b, 1e-4) for a, b in zip(values, others))


def _parallel(values, others):
    a = torch.tensor([x for value in values for x in numbers(value)])
    b = torch.tensor([x for value in others for x in numbers(value)])
    return float(a @ b) > 0.9999 * float(a.norm() * b.norm()) > 0


network = Exercise(
    "network",
    "2.3 a network and its step",
    points=8,
    minutes=60,
    judge=_judge_network,
    errors={
        "graph cut": ("does not require grad",),
        "freed graph": ("backward through the graph a second time",),
        "no super": ("before Module.__init__()", "super().__init__() call"),
        "no add_layer": ("no attribute 'add_layer'",),
        "train is taken": ("train() takes", "train() missing"),
        "plain list": ("optimizer got an empty parameter list",),
    },
    says={
        "no module": "Your class is no nn.Module: write class Net(nn.Module).",
        "no super": "super().__init__() is missing at the start of __init__, or comes too late.",
        "no add_layer": "Your class has no method add_layer.",
        "plain list": "net.parameters() is empty: the layers are in a plain list. PyTorch does not "
        "look into lists, so an optimiser, .to(device) and state_dict() find nothing. Use "
        "nn.ModuleList.",
        "shared by all networks": "A second network has the layers of the first one too, or your "
        "list of widths grows. A default argument such as layers=[] or layers=nn.ModuleList() is "
        "made once, for all calls: make the list inside __init__.",
        "widths": "Net([6, 5, 4]) should have two layers, 6 -> 5 and 5 -> 4: {want} tensors of "
        "parameters. Yours has {got}.",
        "train is taken": "net.eval() fails: you named a method `train`, and eval() calls "
        "nn.Module's own train(False). Choose another name.",
        "layer not added": "After net.add_layer(3) the network should have one layer more.",
        "width of the new layer": "The new layer has weights of shape {got}. It must take what the "
        "last layer gives: its input is as wide as that layer's output.",
        "not all activities": "net(x) should return the activities of ALL layers, first to last, "
        "as a list: each layer has a goodness of its own.",
        "input not rescaled": "The activities are not what `Layer` gives: every layer, the first "
        "too, rescales its input rows to mean square 1, then comes the linear map, then ReLU.",
        "graph cut": "backward() finds nothing to differentiate: the graph is cut before the "
        "weights (no_grad, detach or .data around the layer's own step). Cut it BETWEEN layers "
        "only: the input of each layer is detached.",
        "freed graph": "backward() runs through one graph twice: the second layer's graph still "
        "contains the first layer. Detach the input of each layer.",
        "nothing is learnt": "No weight has changed. Either backward() or step() is missing, or "
        "the weights of another network are trained, such as a variable of the notebook: use the "
        "`net` that is passed in.",
        "only one layer learns": "Only the {which} layer has changed. Every layer has its own loss "
        "and learns on every batch; none has to wait for another.",
        "layer 1 follows layer 2": "Layer 1 moved while layer 2 was trained: its step depends on "
        "the weights of layer 2. A gradient runs down from layer to layer, and this is backprop. "
        "Detach what you hand up.",
        "uphill": "Every weight moves the wrong way: uphill. Subtract the gradient.",
        "positives and negatives exchanged": "Positives and negatives are exchanged in the loss.",
        "another rate": "Direction right, size wrong: the step should be `rate` times the gradient "
        "of the loss of each layer (check factors of 2 or N, and that `rate` is used).",
        "upper layer sees another input": "Layer 1 is right, layer 2 is not: its input should be "
        "layer 1's activities, detached.",
        "another optimiser": "The step has the right signs but is no plain gradient descent. "
        "The task asks for W -= rate * gradient, so that it can be compared.",
        "gradients add up": "The first step is right, the second is not: the old gradients are "
        "still there. Set them to zero before each backward().",
    },
    hints=(
        "Start with Net: nn.ModuleList, one Layer for each pair of neighbouring widths. Check it "
        "with len(list(net.parameters())).",
        "In train_step: for each layer compute h_pos and h_neg, its loss, the gradient, the step.",
        "Before you go up a layer: x_pos, x_neg = h_pos.detach(), h_neg.detach().",
    ),
    solution="""
class Net(nn.Module):
    def __init__(self, widths):
        super().__init__()
        pairs = zip(widths, widths[1:])
        self.layers = nn.ModuleList([Layer(fan_in, width) for fan_in, width in pairs])

    def add_layer(self, width):
        self.layers.append(Layer(self.layers[-1].out_features, width))

    def forward(self, x):
        activities = []
        for layer in self.layers:
            x = layer(x)
            activities.append(x)
        return activities


def train_step(net, x_pos, x_neg, rate):
    for layer in net.layers:
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        loss = ff_loss(goodness(h_pos), goodness(h_neg))
        slopes = torch.autograd.grad(loss, list(layer.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(layer.parameters(), slopes):
                parameter -= rate * slope
        x_pos, x_neg = h_pos.detach(), h_neg.detach()
""",
)


# ---- 2.4


class _Tower(nn.Module):
    """A small network that notices whether it is asked with or without a graph."""

    def __init__(self, trial, d, widths, label_strength):
        super().__init__()
        self.layers = nn.ModuleList()
        for fan_in, width in zip([d, *widths], widths):
            layer = nn.Linear(fan_in, width)
            with torch.no_grad():
                layer.weight.copy_(trial.randn(width, fan_in))
                layer.bias.copy_(trial.randn(width) * 0.3)
            self.layers.append(layer)
        self.label_strength, self.graphs, self.width = label_strength, 0, d

    def forward(self, x):
        self.graphs += torch.is_grad_enabled()
        activities = []
        for layer in self.layers:
            x = F.relu(layer(_normalise(x)))
            activities.append(x)
        return activities


@torch.no_grad()
def _goodness_table(net, images, strength):
    """Mean squares of each layer: (layers, N, labels)."""
    tables = []
    for label in range(CLASSES):
        labels = torch.full((len(images),), label)
        seen = net(_overlay(images, labels, strength))
        tables.append(torch.stack([h.square().mean(1) for h in seen]))
    return torch.stack(tables, dim=2)


def _judge_predict(trial, predict):
    cases = ((60, 30, (9, 31, 14), 2.5), (50, 23, (12, 5, 8), 5.5), (1, 12, (5, 8), 3.0))
    for n, d, widths, strength in cases:
        net, images = _Tower(trial, d, widths, strength), trial.randn(n, d)
        answer = trial.call(predict, net, images)
        graphs, net.graphs = net.graphs, 0
        if type(answer) is torch.Tensor:
            trial.require(tuple(answer.shape) != (n, CLASSES), "table")
            trial.require(tuple(answer.shape) != (n, 1), "column")
            if n > 1 and tuple(answer.shape) in ((), (1,), (CLASSES,)):
                trial.no("one answer for the batch")
        answer = trial.tensor(answer, (n,), kind=None, grad=False)
        table, weights = _goodness_table(net, images, strength), torch.tensor(widths)
        sums, total = table * weights[:, None, None], table.sum(0)
        right = total.argmax(1)
        if n == 1:
            trial.same(answer, right)
            continue
        squares = {s: _goodness_table(net, images, s).sum(0).argmax(1) for s in (1.0, 4.0)}
        wrong = {
            "same for all": [torch.full_like(right, k) for k in range(10)],
            "smallest goodness": total.argmin(1),
            "first layer left out": table[1:].sum(0).argmax(1),
            "one layer only": [table[0].argmax(1), table[-1].argmax(1)],
            "sum of squares": sums.sum(0).argmax(1),
            "strength fixed": list(squares.values()),
            "nine labels": [total[:, :9].argmax(1), total[:, 1:].argmax(1) + 1],
            "label moved": [total[:, 1:].argmax(1), right + 1, (right + 1) % 10],
            "product": table.prod(0).argmax(1),
        }
        if not close(answer, right) and _reads_globals(predict):
            trial.no("reads the notebook", names=", ".join(_reads_globals(predict)))
        trial.same(answer, right, wrong)
        trial.require(not graphs, "keeps the graphs", 0.75)


def _reads_globals(function):
    """Return the names of the notebook's tensors and networks that a function reads."""
    codes = [code] if (code := getattr(function, "__code__", None)) else []
    for code in codes:  # grows: the comprehensions inside have code of their own
        codes.extend(part for part in code.co_consts if hasattr(part, "co_names"))
    names = sorted({name for code in codes for name in code.co_names})
    space = getattr(function, "__globals__", {})
    return [n for n in names if isinstance(space.get(n), (torch.Tensor, nn.Module))]


predict = Exercise(
    "predict",
    "2.4 predict",
    points=4,
    minutes=20,
    judge=_judge_predict,
    errors={
        "device": ("CUDA", "NVIDIA", "same device"),
        "fixed width": ("mat1 and mat2", "cannot be multiplied", "invalid for input of size"),
    },
    says={
        "device": "Your code moves data to a GPU, and here is none, or the network is elsewhere. "
        "Use the device of what you are given: new tensors with device=images.device.",
        "fixed width": "A product of matrices does not fit: the check's images have another width "
        "than MNIST's 784, and its network other layers. Use only the shapes of what you get.",
        "table": "You return the goodness table (N, 10). The answer is the label with the largest "
        "entry in each row.",
        "column": "The shape is (N, 1): leave out keepdim.",
        "one answer for the batch": "You return one answer for the whole batch: you sum over the "
        "images. Every image gets its own.",
        "smallest goodness": "You take the label with the SMALLEST goodness. The true label is the "
        "one that the layers like.",
        "first layer left out": "The first layer's goodness is missing in your sum. Some programs "
        "leave it out (lesson 05 measures both); this task asks for all layers.",
        "one layer only": "You ask one layer only. Every layer has an opinion: add them up.",
        "sum of squares": "You add sums of squares, so a wide layer has more votes than a narrow "
        "one. Goodness is the MEAN of the squares.",
        "strength fixed": "The label's brightness is written into your function. A network "
        "that was trained with another one sees labels it does not know: use net.label_strength.",
        "nine labels": "One of the ten labels is never tried. range(10) ends at 9.",
        "label moved": "Your answers are beside the right ones by one label: index 0 is label 0.",
        "same for all": "Every image gets the same answer. Is the label really written into a new "
        "copy for each candidate?",
        "product": "You multiply the layers' goodness; it is added.",
        "reads the notebook": "Your function reads {names} of the notebook instead of what it is "
        "given. It would fail, or worse, answer for another network.",
        "keeps the graphs": "The answers are right, but ten graphs are built and kept for nothing:"
        " time and memory. Put torch.no_grad() around the prediction.",
    },
    hints=(
        "Ask ten questions for every image: how do you like it as a 0, as a 1, ...?",
        "Paint label y into all images at once, run the network, and add up the goodness of its "
        "layers: (N,) for each y.",
        "Stack the ten columns to (N, 10) and take argmax(dim=1), all under torch.no_grad().",
    ),
    solution="""
@torch.no_grad()
def predict(net, images):
    columns = []
    for label in range(10):
        labels = torch.full((len(images),), label, device=images.device)
        activities = net(overlay_label(images, labels, net.label_strength))
        columns.append(sum(goodness(h) for h in activities))
    return torch.stack(columns, dim=1).argmax(dim=1)
""",
)


# ---- 2.5


def _pairs(strength=1.0, offsets=(1, 10), true_share=0.0, code="one", fixed=False, **other):
    """Return a function that draws positives and negatives, sound by default."""

    def draw(images, labels):
        generator = torch.Generator()
        generator.manual_seed(5) if fixed else generator.seed()
        offset = torch.randint(*offsets, labels.shape, generator=generator)
        drop = torch.rand(labels.shape, generator=generator) < true_share
        wrong = (labels + offset * ~drop) % CLASSES
        x_pos, x_neg = _overlay(images, labels, strength), _overlay(images, wrong, strength)
        if code == "ink":
            x_neg[:, :CLASSES] = strength - x_neg[:, :CLASSES]
        if other.get("dim"):
            x_neg = x_neg / 255
        if other.get("exchange"):
            x_neg[:, CLASSES:] = x_neg[:, CLASSES:].roll(1, 0)
        return x_pos, x_neg

    return draw


SOUND = {
    "strength 1": _pairs(),
    "strength 4": _pairs(4.0),
    "strength 0.5": _pairs(0.5),
}
UNSOUND = {
    "offsets 1 to 8": _pairs(offsets=(1, 9)),
    "the true label in one of ten": _pairs(true_share=0.1),
    "nine lit pixels for one": _pairs(4.0, code="ink"),
    "negatives 255 times darker": _pairs(4.0, dim=True),
    "the same draw every time": _pairs(fixed=True),
    "another image's pixels": _pairs(exchange=True),
}


def _judge_audit(trial, audit):
    def passes(draw, name):
        answer = trial.call(audit, draw, inputs=f"draws with {name}")
        trial.require(isinstance(answer, (bool, torch.Tensor)), "not a bool", found=type(answer))
        return bool(answer)

    for name, draw in SOUND.items():
        trial.require(passes(draw, name), "refuses sound pairs", which=name)
    passed = [name for name, draw in UNSOUND.items() if passes(draw, name)]
    trial.require(len(passed) < len(UNSOUND), "passes everything")
    if passed:
        trial.no("passes", 1 - len(passed) / len(UNSOUND), which=" / ".join(passed))


audit = Exercise(
    "audit",
    "2.5 the audit",
    points=5,
    minutes=30,
    judge=_judge_audit,
    says={
        "not a bool": "Return True (sound) or False (not sound); yours returns {found}.",
        "refuses sound pairs": "Your audit refuses pairs that are sound ({which}). A test that "
        "cries wolf is soon switched off: look at what you compare, and how exactly.",
        "passes everything": "Your audit lets everything pass. Draw pairs, and look at them.",
        "passes": "Your audit passes: {which}. What would you have to count or compare to see it?",
    },
    hints=(
        "Make images with random pixels and a few thousand labels yourself, and draw twice.",
        "Read the label off the first ten pixels with argmax. Which pairs (true, wrong) occur?",
        "Compare as well: the sum of the ten pixels, the largest value, the other pixels, and the "
        "negatives of two draws.",
    ),
    solution="""
def audit(draw):
    images, labels = torch.rand(4000, 30), torch.randint(0, 10, (4000,))
    x_pos, x_neg = draw(images, labels)
    again = draw(images, labels)[1]
    code_pos, code_neg = x_pos[:, :10], x_neg[:, :10]
    offsets = (code_neg.argmax(dim=1) - code_pos.argmax(dim=1)) % 10
    nine = set(offsets.tolist()) == set(range(1, 10))
    same_ink = torch.allclose(code_pos.sum(dim=1), code_neg.sum(dim=1))
    same_image = torch.equal(x_pos[:, 10:], x_neg[:, 10:])
    fresh = not torch.equal(x_neg, again)
    return nine and same_ink and same_image and fresh and x_pos.dtype == x_neg.dtype
""",
    seconds=25,
)


# ---- 2.6

PROGRAMS = {
    "A": (
        """
optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
for x_pos, x_neg in batches:
    with torch.no_grad():
        h_pos, h_neg = layer(x_pos), layer(x_neg)
    loss = ff_loss(goodness(h_pos), goodness(h_neg))
    loss.requires_grad_()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
""",
        3,
    ),
    "B": (
        """
optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
for x_pos, x_neg in batches:
    loss = ff_loss(goodness(layer(x_pos)), goodness(layer(x_neg)))
    losses.append(loss.item())
    optimiser.zero_grad()
    # loss.backward()
    optimiser.step()
""",
        6,
    ),
    "C": (
        """
images, labels = data.train
x_pos = overlay_label(images, labels, 4.0)
wrong = wrong_labels(labels[:10]).repeat(len(labels) // 10)
x_neg = overlay_label(images, wrong, 4.0)
for epoch in range(20):
    for rows in torch.randperm(len(images)).split(100):
        train_step(net, x_pos[rows], x_neg[rows], rate=0.05)
""",
        3,
    ),
    "D": (
        """
optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
for x_pos, x_neg in batches:
    loss = ff_loss(goodness(layer(x_pos)), goodness(layer(x_neg)))
    loss.backward()
    optimiser.zero_grad()
    optimiser.step()
""",
        5,
    ),
}


def show_programs():
    """Print the programs of the bug hunt, with line numbers."""
    for key, (code, _) in PROGRAMS.items():
        print(f"Program {key}")
        for number, line in enumerate(code.strip("\n").split("\n"), start=1):
            print(f"{number:4}  {line}")


def _judge_bug_hunt(trial, answers):
    trial.attempted(answers)
    trial.require(type(answers) is dict and set(answers) == set(PROGRAMS), "form")
    trial.attempted(*answers.values())
    trial.require(all(type(v) is int for v in answers.values()), "form")
    wrong = [key for key in PROGRAMS if answers[key] != PROGRAMS[key][1]]
    if wrong:
        points = 1 - len(wrong) / len(PROGRAMS)
        silencer = wrong[0] == "A" and answers["A"] == 6
        trial.no("silencer" if silencer else f"program {wrong[0]}", points, line=answers[wrong[0]])


bug_hunt = Exercise(
    "bug_hunt",
    "2.6 the bug hunt",
    points=4,
    minutes=20,
    judge=_judge_bug_hunt,
    says={
        "form": "Answer with a dict of line numbers for 'A', 'B', 'C' and 'D'.",
        "silencer": "Program A, line 6: this line only silences the error message that would have "
        "told you. Which line made it necessary?",
        "program A": "Program A: line {line} is not the cause. After backward(), which tensors "
        "would have a gradient? Follow the graph from the loss down to the weights.",
        "program B": "Program B: line {line} is not the cause. Who computes the gradients?",
        "program C": "Program C: line {line} is not the cause. Compare, image by image, the label "
        "of the negative with the true one: is it always a wrong one?",
        "program D": "Program D: line {line} is not the cause. What do the gradients hold at the "
        "moment of step()?",
    },
    hints=(
        "For each program ask: which weights change in one step, and because of which numbers?",
        "Print layer.weight.grad just before step(). In C print the share of negatives that carry "
        "the true label.",
        "A: the graph is cut. B: there is no gradient. C: ten draws for all. D: mind the order.",
    ),
    solution="""
bug_hunt = {"A": 3, "B": 6, "C": 3, "D": 5}
""",
)


# ---- 2.7


class Tower:
    """A network that grows, played by a list: accuracies with 1, 2, 3 ... layers are known.

    `add_layer()` trains a new last layer, `drop_layer()` takes it away again, `len(tower)` counts
    the layers, `accuracy(split)` is that on "training", "validation" or "test" data.
    """

    def __init__(self, validation, training=None, test=None):
        count = len(validation)
        rising = [0.8 + 0.2 * (k + 1) / count for k in range(count)]
        self._accuracies = {
            "validation": validation,
            "training": training or rising,
            "test": test or list(reversed(rising)),
        }
        self._layers, self.asked, self.added = 1, [], 0

    def __len__(self):
        return self._layers

    def add_layer(self):
        """Train one more layer on top."""
        if self._layers == len(self._accuracies["validation"]):
            raise ValueError(f"this tower cannot have more than {self._layers} layers")
        self._layers += 1
        self.added += 1

    def drop_layer(self):
        """Take the last layer away."""
        if self._layers == 1:
            raise ValueError("a network needs at least one layer")
        self._layers -= 1

    def accuracy(self, split):
        """Return the accuracy 0..1 with the layers there are."""
        if split not in self._accuracies:
            raise ValueError(f"split={split!r}: choose one of {list(self._accuracies)}")
        self.asked.append(split)
        return self._accuracies[split][self._layers - 1]


def _judge_grow(trial, grow):
    trial.attempted(grow)
    cases = (
        ([0.70, 0.80, 0.79, 0.90, 0.95, 0.96], 6, 2),
        ([0.70, 0.80, 0.85, 0.90, 0.92, 0.95, 0.96, 0.97], 5, 5),
        ([0.70, 0.65, 0.90, 0.91, 0.92], 4, 1),
        ([0.70, 0.75, 0.75, 0.70, 0.90], 5, 2),
        ([0.70, 0.78, 0.785, 0.60, 0.90], 5, 3),
    )
    for accuracies, most, right in cases:
        tower = Tower(accuracies)
        trial.call(lambda: [grow(tower, most)], inputs=f"at most {most} layers")
        found, count = len(tower), len(accuracies)
        trial.require("test" not in tower.asked, "test data")
        asked = set(tower.asked)
        trial.require("training" not in asked, "training accuracy")
        trial.require(tower.added, "never grows")
        trial.require("validation" in asked, "looks at nothing")
        trial.require(found <= most, "too many layers", most=most)
        if found == right + 1 and right < most:
            equal = accuracies[found - 1] == accuracies[right - 1]
            trial.no("equal counts as better" if equal else "useless layer kept", 0.25)
        if found == right - 1:
            rising = accuracies[right - 1] - accuracies[right - 2] < 0.03
            name = "dropped too many" if tower.added >= min(right, most - 1) else "stops too early"
            trial.no("small gains ignored" if rising and right == 3 else name, 0.25)
        looked = tower.added > min(right + 1, most) - 1 and found != right
        trial.require(not looked, "looks too far ahead", 0.25, count=count)
        trial.require(found == right, "unknown", 0.25)


grow = Exercise(
    "grow",
    "2.7 growth",
    points=4,
    minutes=25,
    judge=_judge_grow,
    errors={"too many layers": ("cannot have more than",), "dropped too many": ("at least one",)},
    says={
        "test data": "You looked at the test data to choose the depth. Then they no longer tell "
        "how the network does on digits that nobody has seen.",
        "training accuracy": "You looked at TRAINING accuracy. It rises with nearly every layer "
        "(system A's mistake): choose the depth on validation data.",
        "looks at nothing": "The tower grows, but you never ask for its validation accuracy.",
        "never grows": "The tower never grows: call tower.add_layer().",
        "too many layers": "The tower has more layers than {inputs} allows. Count with len(tower) "
        "before you add one.",
        "useless layer kept": "You kept the useless layer: the last one lowered the validation "
        "accuracy, and still stands there. Take it away with tower.drop_layer().",
        "equal counts as better": "A layer that changes nothing is kept. It costs time at every "
        "prediction: keep a layer only if it RAISES the accuracy.",
        "stops too early": "You stop although the layer that came last had raised the accuracy.",
        "dropped too many": "You drop a layer that had raised the accuracy. Drop only the one that "
        "did not, and do not forget the case that the limit ends the loop.",
        "small gains ignored": "A small gain is a gain here: the rule of the task is `raises`.",
        "looks too far ahead": "You went on after a layer that did not help. The rule of the task "
        "is to stop at the first one (looking at all depths is a rule too, but a longer one).",
    },
    hints=(
        "Keep in a variable how good the tower was before the new layer.",
        "Loop while len(tower) < most: add a layer, ask for the validation accuracy, compare.",
        "If it is not higher: drop the layer and leave the loop. Else remember it and go on.",
    ),
    solution="""
def grow(tower, most):
    best = tower.accuracy("validation")
    while len(tower) < most:
        tower.add_layer()
        accuracy = tower.accuracy("validation")
        if accuracy <= best:
            tower.drop_layer()
            break
        best = accuracy
    return tower
""",
)

EXERCISES = (overlay_label, wrong_labels, network, predict, audit, bug_hunt, grow)
__all__ = [e.key for e in EXERCISES] + ["EXERCISES", "PROGRAMS", "UNIT", "Tower", "show_programs"]
