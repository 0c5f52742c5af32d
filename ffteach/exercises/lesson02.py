"""Unit 2: labels painted into images, a network, its answers, an audit, a bug hunt and growth."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .engine import Exercise, NotAttempted, NotYet, close, describe, numbers, plain

UNIT = "Unit 2: the supervised overlay"
CLASSES = 10


def _overlay(images, labels, strength):
    result = images.clone()
    result[:, :CLASSES] = F.one_hot(labels, CLASSES).to(images) * strength
    return result


# ---- 2.1


def _judge_overlay_label(trial, overlay_label):
    for n, d, strength, dtype in (
        (13, 14, 2.5, torch.float32),
        (1, 30, 4.0, torch.float64),
        (20, 11, 1.5, torch.float32),
    ):
        images = trial.rand(n, d, low=0.1).to(dtype)
        labels = (7 * torch.arange(n) + trial.randint(0, CLASSES, 1)) % CLASSES  # n > 9: all ten
        result = trial.tensor(trial.call(overlay_label, images, labels, strength))
        trial.require(tuple(result.shape) != (n, d + CLASSES), "pixels in front")
        trial.tensor(result, (n, d))
        right, one_hot = _overlay(images, labels, strength), F.one_hot(labels, CLASSES)
        body, code = images[:, CLASSES:], one_hot.to(images)
        rows = torch.arange(n)

        def lit(zeros, columns=labels, rows=rows, images=images, strength=strength):
            picture = images.clone()
            picture[:, zeros] = 0
            picture[rows, columns] = strength
            return picture

        every, every_kept = lit(slice(CLASSES)), lit(slice(0))
        every[:, labels] = every_kept[:, labels] = strength
        last = images.clone()
        last[:, -CLASSES:] = code * strength

        def with_code(pixels, body=body):
            return torch.cat([pixels, body], dim=1)

        many = (torch.arange(CLASSES) < labels[:, None]).to(images)
        wrong = {
            "old pixels kept": lit(slice(0)),
            "not ten pixels": [lit(slice(9)), lit(slice(1, 10)), lit(slice(11))],
            "added, not written": images + with_code(code * strength, torch.zeros_like(body)),
            "every label on every image": [every, every_kept],
            "brightest pixel": with_code(code * images.max()),
            "strength unused": with_code(code * result[0, labels[0]].item()),
            "ink": [with_code((1 - code) * strength), with_code(many * strength)],
            "next pixel": [
                with_code(code.roll(1, 1) * strength),
                lit(slice(CLASSES), (labels + 1).clamp(max=d - 1)),
                lit(slice(CLASSES), labels - 1),
            ],
            "last ten pixels": last,
            "images scaled": with_code(code) * strength,
            "label lost": [images, with_code(torch.zeros_like(code))],
            "image lost": torch.cat([code * strength, torch.zeros_like(body)], dim=1),
        }
        if not result[0, labels[0]]:
            del wrong["strength unused"]
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
        "not ten pixels": "Nine or eleven pixels are set to 0. Labels 0 to 9 take the first ten: "
        "[:, :10], whose end is not included.",
        "added, not written": "You add the label to what the pixel had. The brightness must not "
        "depend on the image: overwrite the ten pixels.",
        "every label on every image": "images[:, labels] lights the pixels of ALL labels on EVERY "
        "image. Pair row and column: images[torch.arange(len(images)), labels].",
        "brightest pixel": "The strength comes from the brightest pixel of the batch. The same "
        "digit would look different in another batch: use `strength`.",
        "strength unused": "The label's pixel is not as bright as `strength` says.",
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
    if max(share) > 0.99:
        drawn = [trial.call(wrong_labels, labels[:1])[0] - labels[0] for _ in range(12)]
        trial.no(
            "one draw for all" if len({int(x) % 10 for x in drawn}) > 1 else "one fixed offset"
        )
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
    if drawn.is_floating_point():
        trial.no("kind of numbers", 0.5, got=drawn.dtype, want="whole numbers")


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
        "be learnt by heart: make new draws in every call, without a seed inside.",
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


NETWORKS = ([6, 5, 4], [7, 3, 5, 4], [6, 5])  # widths of the networks that are asked for
GROWTH = ((3, 2), (9, 2), (8, 3))  # and what each gets on top: no two layers of equal shape


def _shapes(widths):
    return [shape for a, b in zip(widths, widths[1:]) for shape in ((b, a), (b,))]


def _in_order(net, widths):
    """Return weight, bias, weight, bias ... from the first layer up."""
    found = {tuple(p.shape): p for p in net.parameters()}
    return [found[shape] for shape in _shapes(widths)]


def _fill(trial, net):
    net.double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(trial.randn(*p.shape).abs() if p.dim() == 1 else trial.randn(*p.shape))


def _judge_network(trial, Net, train_step=None):
    trial.attempted(Net)
    small = [(_judge_net(trial, Net, widths), widths) for widths in NETWORKS]
    trial.earn(
        0.125,
        "Net(widths) and net(x) are right. Still to be written: add_layer and train_step.",
    )
    try:
        grown = [_judge_growth(trial, Net, *sizes) for sizes in zip(NETWORKS, GROWTH)]
    except NotAttempted:
        grown = []
    if grown:
        trial.earn(0.25, "Net is right. Still to be written: train_step.")
    trial.attempted(train_step)
    if not callable(train_step):
        trial.call(train_step)
    _judge_step(trial, train_step, *small[0])
    for number, (net, widths) in enumerate([*small[1:], *grown]):
        _judge_other_network(trial, train_step, net, widths, rate=0.01 * (number + 1))
    if not grown:
        trial.no("unfinished", 0.75, done="All the rest is right. Still to be written: add_layer.")


def _judge_net(trial, Net, widths):
    words, given = f"Net({widths})", list(widths)
    net = trial.call(Net, given, inputs=words)
    trial.require(isinstance(net, nn.Module), "no module")
    shapes = [tuple(p.shape) for p in net.parameters()]
    trial.require(shapes, "plain list")
    second = trial.call(Net, list(widths), inputs=words)
    trial.require(len(shapes) == len(list(second.parameters())), "shared by all networks")
    if sorted(shapes) != sorted(_shapes(widths)):
        name = "widths" if widths == NETWORKS[0] else "always two layers"
        trial.no(name, got=shapes, want=_shapes(widths))
    try:
        net.eval(), net.train()
    except BaseException:
        trial.no("train is taken")
    _fill(trial, net)
    _judge_forward(trial, net, widths)
    return net


def _judge_growth(trial, Net, widths, growth):
    """Return a network that has grown twice, and its widths."""
    given, start = list(widths), widths
    net = trial.call(Net, given, inputs=f"Net({widths})")
    for width in growth:
        _fill(trial, net)
        before = [p.detach().clone() for p in _in_order(net, widths)]
        words = f"add_layer({width}) on a network of widths {widths}"
        trial.call(lambda net=net, width=width: [net.add_layer(width)], inputs=words)
        shapes = [tuple(p.shape) for p in net.parameters()]
        trial.require(len(shapes) == len(before) + 2, "layer not added")
        new, widths = (width, widths[-1]), [*widths, width]
        trial.require(new in shapes, "width of the new layer", got=shapes[-2], want=new)
        after = _in_order(net, widths)
        trial.require(all(close(a, b, 1e-9) for a, b in zip(after, before)), "layers made again")
        _fill(trial, net)
        _judge_forward(trial, net, widths)
    trial.require(given == start, "shared by all networks")
    other = trial.call(Net, widths[:2], inputs=f"Net({widths[:2]})")
    trial.require(len(list(other.parameters())) == 2, "shared by all networks")
    return net, widths


def _judge_forward(trial, net, widths):
    x = trial.randn(7, widths[0]).double()
    activities = trial.call(net, x, inputs=f"net(x) for a network of widths {widths}")
    if type(activities) not in (list, tuple) or len(activities) != len(widths) - 1:
        trial.no("not all activities")
    parameters = _in_order(net, widths)
    for h, weight, bias in zip(activities, parameters[::2], parameters[1::2]):
        x = F.relu(_normalise(x) @ weight.T + bias)
        trial.require(close(trial.tensor(h, x.shape), x, 1e-3), "input not rescaled")


def _step(trial, train_step, net, widths, x_pos, x_neg, rate, times=1):
    """Return how the parameters change, and what was seen of the gradients."""
    net, seen = copy.deepcopy(net), set()
    for p in net.parameters():
        p.register_hook(lambda slope: seen.add("gradient"))
        p.register_post_accumulate_grad_hook(lambda p: seen.add("backward"))
    before = [p.detach().clone() for p in _in_order(net, widths)]
    for _ in range(times):
        words = f"a network of widths {widths}"
        trial.call(lambda *args: [train_step(*args)], net, x_pos, x_neg, rate, inputs=words)
    if any(p.grad is not None and any(numbers(p.grad)) for p in net.parameters()):
        seen.add("kept")
    return [(p - b).detach() for p, b in zip(_in_order(net, widths), before)], seen


def _references(net, widths, x_pos, x_neg, rate, times=1):
    """Return the right changes: the layer above may see this layer's old or new activities."""
    both = []
    for late in (False, True):
        now = before = _in_order(net, widths)
        for _ in range(times):
            now = _reference_step(now, x_pos, x_neg, rate, late)
        both.append([(a - b).detach() for a, b in zip(now, before)])
    return both


def _judge_step(trial, train_step, net, widths):
    rate, rows = 0.05, [trial.randn(7, widths[0]).double() for _ in range(2)]
    done, seen = _step(trial, train_step, net, widths, *rows, rate)
    trial.require(all(_finite(d) for d in done), "not a number")
    moved = [any(numbers(d)) for d in done]
    if not any(moved):
        early = "backward" in seen and "kept" not in seen
        lost = "gradients lost" if early else "step lost"
        trial.no(lost if seen else "nothing is learnt", 0.35 if seen else 0.25)
    for k, which in ((0, "first"), (2, "last")):
        if not moved[k] and not moved[k + 1]:
            trial.no("only one layer learns", 0.5, which="last" if which == "first" else "first")
    if not all(moved):
        trial.no("not every parameter", 0.5, which="weights" if moved[0] else "biases")
    other = copy.deepcopy(net)
    with torch.no_grad():
        _in_order(other, widths)[2].mul_(-1.5)
    changed, _ = _step(trial, train_step, other, widths, *rows, rate)
    if not all(close(a, b, 1e-6) for a, b in zip(done[:2], changed[:2])):
        trial.no("layer 1 follows layer 2", 0.5)
    rights = _references(net, widths, *rows, rate)
    if not any(_alike(done, right) for right in rights):
        trial.no(*_wrong_step(done, rights, _references(net, widths, *rows[::-1], rate), rate))
    twice = _references(net, widths, *rows, rate, times=2)
    done_twice, _ = _step(trial, train_step, net, widths, *rows, rate, times=2)
    if not any(_alike(done_twice, right) for right in twice):
        rest = [[a - b for a, b in zip(done_twice, right)] for right in twice]
        added = any(_alike(done, r) for r in rest)
        momentum = not added and any(_parallel(done, r) for r in rest)
        trial.no("momentum" if momentum else "gradients add up", 0.75)


def _wrong_step(done, rights, exchanged, rate):
    """Return the name of the mistake in a first step, and its points."""
    if any(_alike([-d for d in done], right) for right in rights):
        return "uphill", 0.5
    if any(_alike(done, right) for right in exchanged):
        return "positives and negatives exchanged", 0.5
    if any(_parallel(done, right) for right in rights):
        return "another rate", 0.75
    if any(_parallel(done[:2], right[:2]) for right in rights):
        return "upper layer sees another input", 0.5
    if close(done[0].abs(), torch.full_like(done[0], rate), 0.02):
        return "another optimiser", 0.75
    if any(_alike([d.sign() for d in done], [r.sign() for r in right]) for right in rights):
        return "another optimiser", 0.75
    return "unknown", 0.5


def _judge_other_network(trial, train_step, net, widths, rate):
    """A step that is right in a network of two layers, in one of another depth."""
    rows = [trial.randn(7, widths[0]).double() for _ in range(2)]
    done, _ = _step(trial, train_step, net, widths, *rows, rate)
    rights = _references(net, widths, *rows, rate)
    if any(_alike(done, right) for right in rights):
        return
    if any(_parallel(done, right) for right in rights):
        trial.no("another rate", 0.75)
    count = len(widths) - 1
    still = [str(k + 1) for k in range(count) if not any(map(any, map(numbers, done[2 * k :][:2])))]
    trial.require(not still, "layers left out", 0.5, which=", ".join(still), count=count)
    trial.no("another number of layers", 0.5, count=count)


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
        "freed graph": ("backward through the graph a second time", "modified by an inplace"),
        "watched by autograd": ("a leaf Variable that requires grad",),
        "another number of layers": ("is out of range", "index out of range"),
        "layers do not fit": ("mat1 and mat2", "cannot be multiplied"),
        "no forward": ('required "forward" function',),
        "no super": ("before Module.__init__()", "super().__init__() call"),
        "no add_layer": ("no attribute 'add_layer'",),
        "train is taken": ("train() takes", "train() missing"),
        "plain list": ("optimizer got an empty parameter list",),
    },
    says={
        "no module": "Your class is no nn.Module: write class Net(nn.Module).",
        "no super": "super().__init__() is missing at the start of __init__, or comes too late.",
        "no add_layer": "Your class has no method add_layer.",
        "no forward": "Your class has no method forward: net(x) calls it.",
        "layers do not fit": "A product of matrices does not fit ({inputs}). The input of each "
        "layer is the output of the one just below it.",
        "plain list": "net.parameters() is empty: the layers are in a plain list. PyTorch does not "
        "look into lists, so an optimiser, .to(device) and state_dict() find nothing. Use "
        "nn.ModuleList.",
        "shared by all networks": "A second network has the layers of the first one too, or your "
        "list of widths grows. A default argument such as layers=[] or layers=nn.ModuleList() is "
        "made once, for all calls: make the list inside __init__.",
        "widths": "{inputs} should have one Layer for each pair of neighbouring widths, with "
        "parameters of the shapes {want}. Yours have {got}.",
        "always two layers": "The number of layers is written into your class: {inputs} should "
        "have parameters of the shapes {want}, and yours have {got}. Loop over the widths.",
        "train is taken": "net.eval() fails: you named a method `train`, and eval() calls "
        "nn.Module's own train(False). Choose another name.",
        "layer not added": "After add_layer the network should have one layer more ({inputs}).",
        "width of the new layer": "The new layer has weights of shape {got}, not {want}: {inputs}. "
        "Its input is as wide as the output of the layer that is on top NOW.",
        "layers made again": "add_layer changes the layers that were there before: what they had "
        "learnt is gone. Only put one on top.",
        "not all activities": "net(x) should return a list with one entry for each layer, first to "
        "last: its activities. Each layer has a goodness of its own ({inputs}).",
        "input not rescaled": "The activities are not what `Layer` gives: every layer, the first "
        "too, rescales its input rows to mean square 1, then comes the linear map, then ReLU.",
        "graph cut": "backward() finds nothing to differentiate: the graph is cut before the "
        "weights (no_grad, detach or .data around the layer's own step). Cut it BETWEEN layers "
        "only: the input of each layer is detached.",
        "freed graph": "backward() needs a graph that is used up, or weights that a step has "
        "changed meanwhile: an upper layer's graph still contains the layers below. Detach the "
        "input of each layer.",
        "watched by autograd": "PyTorch refuses `p -= ...` while autograd watches: the update is "
        "no part of the computation. Put it under `with torch.no_grad():`.",
        "nothing is learnt": "No weight has changed, and no gradient has reached one. Is there a "
        "backward()? Is the graph whole from the loss down to the weights (no detach() or no_grad "
        "before the goodness, no requires_grad_() on the loss)? Are they those of the `net` that "
        "is passed in, not of a variable of the notebook?",
        "step lost": "The gradients are there, but no weight has changed. Is the step missing? "
        "`p = p - ...` makes a NEW tensor called p and leaves the network's own as it was: write "
        "`p -= ...`, under torch.no_grad().",
        "gradients lost": "backward() computes gradients, but they are gone before the step: "
        "zero_grad() stands between the two. It belongs before backward().",
        "not every parameter": "Only the {which} have moved. A layer has a weight and a bias: "
        "move each p in layer.parameters().",
        "layers left out": "In a network of {count} layers these never learn: {which}. Loop over "
        "ALL layers that `net` has now, those that add_layer has put on top too.",
        "another number of layers": "Your code is made for one number of layers and fails for "
        "another ({inputs}). Loop over the layers that there are.",
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
        "The task asks for p -= rate * gradient, so that it can be compared.",
        "momentum": "The first step is right, the second still carries a part of the first: "
        "momentum. The task asks for plain gradient descent, which remembers nothing.",
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
def _goodness_table(net, images, strength, paint=None):
    """Mean squares of each layer: (layers, N, labels)."""
    tables = []
    for label in range(CLASSES):
        labels = torch.full((len(images),), label)
        seen = net((paint or _overlay)(images, labels, strength))
        tables.append(torch.stack([h.square().mean(1) for h in seen]))
    return torch.stack(tables, dim=2)


def _kept(images, labels, strength):
    result = images.clone()
    result[torch.arange(len(images)), labels] = strength
    return result


def _piled_up(images, labels, strength):
    lit = torch.arange(CLASSES) <= labels[:, None]
    return torch.cat([lit * strength, images[:, CLASSES:]], dim=1)


def _piled_up_kept(images, labels, strength):
    lit = torch.arange(CLASSES) <= labels[:, None]
    return torch.cat([torch.where(lit, strength, images[:, :CLASSES]), images[:, CLASSES:]], dim=1)


def _asked(trial, d, widths, strength):
    """Return a network and images of which each label is the answer, each to at least two."""
    while True:
        net, pool = _Tower(trial, d, widths, strength), 4 * trial.randn(300, d)
        answers = _goodness_table(net, pool, strength).sum(0).argmax(1)
        rows = [torch.nonzero(answers == label)[:6, 0] for label in range(CLASSES)]
        if min(map(len, rows)) > 1:
            rows = torch.cat(rows)
            return net, pool[rows[torch.randperm(len(rows), generator=trial.rng)]]


def _judge_predict(trial, predict):
    for d, widths, strength in ((30, (9, 31, 14), 2.5), (23, (12, 5, 8), 5.5)):
        _judge_answers(trial, predict, widths, *_asked(trial, d, widths, strength))
    net, image = _Tower(trial, 12, (5, 8), 3.0), trial.randn(1, 12)
    answer = trial.tensor(_answers(trial, predict, net, image), (1,), kind=None)
    trial.same(answer, _goodness_table(net, image, 3.0).sum(0).argmax(1))


def _answers(trial, predict, net, images):
    try:
        return trial.call(predict, net, images)
    except NotYet as end:
        if end.name in ("fixed width", "error") and (names := _reads_globals(predict)):
            trial.no("reads the notebook", names=", ".join(names))
        raise


def _judge_answers(trial, predict, widths, net, images):
    answer, n = _answers(trial, predict, net, images), len(images)
    graphs, net.graphs, strength = net.graphs, 0, net.label_strength
    if type(answer) is torch.Tensor:
        trial.require(tuple(answer.shape) != (n, CLASSES), "table")
        trial.require(tuple(answer.shape) != (n, 1), "column")
        trial.require(tuple(answer.shape) not in ((), (1,)), "one answer for the batch")
        trial.require(tuple(answer.shape) != (CLASSES,), "wrong axis")
    answer = trial.tensor(answer, (n,), kind=None, grad=False)
    table = _goodness_table(net, images, strength)
    total = table.sum(0)
    right = total.argmax(1)

    def with_labels(strength, paint=_overlay):
        return _goodness_table(net, images, strength, paint).sum(0).argmax(1)

    trial.require(not close(answer, total.amax(1), 1e-3), "values, not labels")
    for label in range(CLASSES):
        others = torch.cat([total[:, :label], total[:, label + 1 :]], 1).argmax(1)
        if close(answer, others + (others >= label)):
            trial.no("nine labels", which=label)
    wrong = {
        "same for all": [torch.full_like(right, k) for k in range(10)],
        "smallest goodness": total.argmin(1),
        "first layer left out": table[1:].sum(0).argmax(1),
        "one layer only": [table[0].argmax(1), table[-1].argmax(1)],
        "sum of squares": (table * torch.tensor(widths)[:, None, None]).sum(0).argmax(1),
        "strength fixed": [with_labels(1.0), with_labels(4.0)],
        "old pixels kept": with_labels(strength, _kept),
        "labels pile up": [with_labels(strength, p) for p in (_piled_up, _piled_up_kept)],
        "label moved": [total[:, 1:].argmax(1), right + 1, (right + 1) % 10],
        "product": table.prod(0).argmax(1),
        "votes": table.argmax(2).mode(0).values,
    }
    name = trial.mistake(answer, right, wrong)
    if name == "unknown" and (names := _reads_globals(predict)):
        trial.no("reads the notebook", names=", ".join(names))
    trial.require(not name, name)
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
        "one answer for the batch": ("Dimension out of range",),
        "uses the package": ("'_Tower' object has no attribute", "is not an FFNet"),
    },
    says={
        "device": "Your code moves data to a GPU, and here is none, or the network is elsewhere. "
        "Use the device of what you are given: new tensors with device=images.device.",
        "fixed width": "A product of matrices does not fit: the check's images have another width "
        "than MNIST's 784, and its network other layers. Use only the shapes of what you get.",
        "table": "You return the goodness table (N, 10). The answer is the label with the largest "
        "entry in each row.",
        "column": "The shape is (N, 1): leave out keepdim.",
        "uses the package": "The check's network is no FFNet of the package: all that it has is "
        "net(x) and net.label_strength. Write the loop over the ten labels yourself.",
        "one answer for the batch": "You return one answer for the whole batch. Every image gets "
        "its own: the goodness of a layer is a mean over its UNITS, dim=1.",
        "wrong axis": "You return ten numbers: the largest of each label over the images. Take the "
        "largest over the LABELS, one answer for each image.",
        "values, not labels": "You return the largest goodness of each image. The answer is its "
        "PLACE, which is the label: argmax.",
        "smallest goodness": "You take the label with the SMALLEST goodness. The true label is the "
        "one that the layers like.",
        "first layer left out": "The first layer's goodness is missing in your sum. Some programs "
        "leave it out (lesson 05 measures both); this task asks for all layers.",
        "one layer only": "You ask one layer only. Every layer has an opinion: add them up.",
        "sum of squares": "You add sums of squares, so a wide layer has more votes than a narrow "
        "one. Goodness is the MEAN of the squares.",
        "strength fixed": "The label's brightness is written into your function. A network "
        "that was trained with another one sees labels it does not know: use net.label_strength.",
        "nine labels": "Label {which} is never tried. range(10) goes from 0 to 9.",
        "old pixels kept": "The ten pixels keep what the image had there, beside the label's "
        "pixel. Set all ten to 0 first: overlay_label of 2.1 does it.",
        "labels pile up": "The label before is still lit: you paint one label over the other in "
        "the same copy. Take a fresh copy of the images for each label.",
        "votes": "Each layer has one vote here. The layers' goodness is ADDED, so that a layer "
        "that is sure counts more.",
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
        draw.images = len(images)
        generator = torch.Generator()
        generator.manual_seed(5) if fixed else generator.seed()
        offset = torch.randint(*offsets, labels.shape, generator=generator)
        drop = torch.rand(labels.shape, generator=generator) < true_share
        wrong = (labels + offset * ~drop) % CLASSES
        x_pos, x_neg = _overlay(images, labels, strength), _overlay(images, wrong, strength)
        if code == "nine":
            x_neg[:, :CLASSES] = strength - x_neg[:, :CLASSES]
        if code == "several":
            more = torch.rand(len(images), CLASSES, generator=generator) < 0.5
            lit = (more | (x_neg[:, :CLASSES] > 0)) & (x_pos[:, :CLASSES] == 0)
            x_neg[:, :CLASSES] = strength * lit
        if code == "two":
            x_neg[:, :CLASSES] /= 2
            third = (wrong + 1 + (wrong + 1 == labels)) % CLASSES
            third = torch.where(third == labels, (third + 1) % CLASSES, third)
            x_neg[torch.arange(len(images)), third] = strength / 2
        x_neg[:, :CLASSES] *= other.get("label", 1.0)
        x_neg *= other.get("scale", 1.0)
        rows = torch.arange(len(images)) < len(images) * other.get("exchanged", 0.0)
        x_neg[rows, CLASSES:] = x_neg.roll(1, 0)[rows, CLASSES:]
        return (x_neg, x_pos) if other.get("swap") else (x_pos, x_neg)

    return draw


SOUND = {
    "strength 1": _pairs(),
    "strength 4": _pairs(4.0),
    "strength 0.5": _pairs(0.5),
}
UNSOUND = {
    "offsets 1 to 8": _pairs(offsets=(1, 9)),
    "the true label in one of ten": _pairs(true_share=0.1),
    "positives and negatives exchanged": _pairs(swap=True),
    "nine lit pixels for one": _pairs(4.0, code="nine"),
    "several lit pixels for one, the true label's never": _pairs(code="several"),
    "two pixels of half the brightness": _pairs(code="two"),
    "labels of half the brightness": _pairs(label=0.5),
    "negatives 255 times darker": _pairs(4.0, scale=1 / 255),
    "the same draw every time": _pairs(fixed=True),
    "another image's pixels": _pairs(exchanged=1.0),
    "another image's pixels in one of ten": _pairs(exchanged=0.1),
}
FEW = 100  # images with which one of nine labels may well be missing by chance


def _judge_audit(trial, audit):
    def passes(draw, name):
        draw.images = 0
        answer = plain(trial.call(audit, draw, inputs=f"draws with {name}"))
        trial.require(draw.images, "never draws")
        trial.require(type(answer) is bool, "not a bool", found=describe(answer))
        return answer

    for name, draw in SOUND.items():
        if not passes(draw, name):
            few = draw.images < FEW
            trial.no("too few images" if few else "refuses sound pairs", which=name, n=draw.images)
    passed = [name for name, draw in UNSOUND.items() if passes(draw, name)]
    trial.require(len(passed) < len(UNSOUND), "passes everything")
    if passed:
        trial.no("passes", 1 - len(passed) / len(UNSOUND), which=" / ".join(passed[:3]))


audit = Exercise(
    "audit",
    "2.5 the audit",
    points=5,
    minutes=30,
    judge=_judge_audit,
    says={
        "not a bool": "Return True (sound) or False (not sound); yours returns {found}.",
        "never draws": "Your audit never calls draw(images, labels) on images of its own: then it "
        "cannot know anything about the pairs.",
        "too few images": "Your audit refuses sound pairs ({which}). It draws only {n} images, so "
        "one of the nine wrong labels is missing by chance: take some thousands.",
        "refuses sound pairs": "Your audit refuses pairs that are sound ({which}). A test that "
        "cries wolf is soon switched off: look at what you compare, and how exactly.",
        "passes everything": "Your audit lets everything pass. Compare each negative with its "
        "positive.",
        "passes": "Your audit passes: {which}. What would you have to count or compare to see it?",
    },
    hints=(
        "Make images with random pixels and a few thousand labels yourself, and draw twice.",
        "Read both labels off the first ten pixels with argmax. Is the positive's the true one? "
        "Which offsets, wrong minus true modulo 10, occur?",
        "Compare as well: the sum of the ten pixels, the largest of them, the other pixels, and "
        "the negatives of two draws.",
    ),
    solution="""
def audit(draw):
    images, labels = torch.rand(4000, 30), torch.randint(0, 10, (4000,))
    x_pos, x_neg = draw(images, labels)
    again = draw(images, labels)[1]
    code_pos, code_neg = x_pos[:, :10], x_neg[:, :10]
    true = torch.equal(code_pos.argmax(dim=1), labels)
    offsets = (code_neg.argmax(dim=1) - labels) % 10
    nine = set(offsets.tolist()) == set(range(1, 10))
    same_ink = torch.allclose(code_pos.sum(dim=1), code_neg.sum(dim=1))
    as_bright = torch.allclose(code_pos.amax(dim=1), code_neg.amax(dim=1))
    same_image = torch.equal(x_pos[:, 10:], x_neg[:, 10:])
    fresh = not torch.equal(x_neg, again)
    return true and nine and same_ink and as_bright and same_image and fresh
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
    def read(key, value):
        value = int(value) if type(value) is str and value.strip().isdigit() else value
        trial.require(type(value) is int, "no line number", key=key, found=value)
        return value

    lines = trial.entries(answers, PROGRAMS, read)
    missing = [key for key, line in lines.items() if line is None]
    wrong = [k for k, line in lines.items() if line is not None and line != PROGRAMS[k][1]]
    points = 1 - len(wrong + missing) / len(PROGRAMS)
    if wrong:
        silencer = wrong[0] == "A" and lines["A"] == 6
        trial.no("silencer" if silencer else f"program {wrong[0]}", points, line=lines[wrong[0]])
    if missing:
        done = f"Right so far. Still to be found: {', '.join(missing)}."
        trial.no("unfinished", points, done=done)


bug_hunt = Exercise(
    "bug_hunt",
    "2.6 the bug hunt",
    points=4,
    minutes=20,
    judge=_judge_bug_hunt,
    says={
        "form": "Answer with a dict whose keys are 'A', 'B', 'C' and 'D'.",
        "no line number": "Program {key}: {found!r} is no line number. Write one whole number, "
        "as it stands at the left of the program.",
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

    It starts with one layer. `add_layer()` trains a new last layer, `drop_layer()` takes it away
    again, `len(tower)` counts the layers, `accuracy(split)` is that on "training", "validation" or
    "test" data.

    >>> tower = Tower([0.8, 0.9])
    >>> tower.add_layer()
    >>> len(tower), tower.accuracy("validation")
    (2, 0.9)
    """

    def __init__(self, validation, training=None, test=None):
        count = len(validation)
        rising = [0.8 + 0.2 * (k + 1) / count for k in range(count)]
        self._accuracies = {
            "validation": validation,
            "training": training or rising,
            "test": test or list(reversed(rising)),
        }
        self._layers, self.peak, self.log = 1, 1, []  # log: what was called, in order

    def __len__(self):
        return self._layers

    def add_layer(self):
        """Train one more layer on top."""
        if self._layers == len(self._accuracies["validation"]):
            raise ValueError(f"this tower cannot have more than {self._layers} layers")
        if self.log.count("add") == 50:
            raise RuntimeError("50 layers were added and dropped: does your loop ever end?")
        self._layers += 1
        self.peak = max(self.peak, self._layers)
        self.log.append("add")

    def drop_layer(self):
        """Take the last layer away."""
        if self._layers == 1:
            raise ValueError("a network needs at least one layer")
        self._layers -= 1
        self.log.append("drop")

    def accuracy(self, split):
        """Return the accuracy 0..1 with the layers there are."""
        if split not in self._accuracies:
            raise ValueError(f"split={split!r}: choose one of {list(self._accuracies)}")
        self.log.append(split)
        return self._accuracies[split][self._layers - 1]


GROWTHS = (  # validation accuracies, the most layers that are allowed, layers in the end
    ([0.70, 0.80, 0.79, 0.90, 0.95, 0.96], 6, 2),
    ([0.70, 0.80, 0.85, 0.90, 0.92, 0.95, 0.96, 0.97], 5, 5),
    ([0.70, 0.65, 0.90, 0.91, 0.92], 4, 1),
    ([0.70, 0.75, 0.75, 0.70, 0.90], 5, 2),
    ([0.70, 0.78, 0.785, 0.60, 0.90], 5, 3),
    ([0.70, 0.80, 0.90], 1, 1),
)


def _judge_grow(trial, grow):
    trial.attempted(grow)
    if not callable(grow):
        trial.call(grow)
    returned, dropped = True, False
    for accuracies, most, right in GROWTHS:
        tower = Tower(accuracies)
        words = f"most = {most}"
        (result,) = trial.call(lambda *args: [grow(*args)], tower, most, inputs=words)
        returned &= result is tower
        _judge_growth_of(trial, tower, accuracies, most, right, dropped)
        dropped |= "drop" in tower.log
    trial.require(returned, "tower not returned", 0.75)


def _judge_growth_of(trial, tower, accuracies, most, right, dropped):
    found, added = len(tower), tower.log.count("add")
    trial.require("test" not in tower.log, "test data")
    trial.require("training" not in tower.log, "training accuracy")
    trial.require(added or most == 1, "never grows")
    trial.require(not added or "validation" in tower.log, "looks at nothing")
    trial.require(tower.peak <= most, "too many layers")
    needed = right if right < most else right - 1
    if found == right and added == needed:
        return
    if tower.log[0] == "add" and dropped:
        trial.no("no start", 0.25)
    trial.require(found != right or added > needed, "stops too early", 0.25)
    if found == right + 1 and right < most:
        equal = accuracies[found - 1] == accuracies[right - 1]
        trial.no("equal counts as better" if equal else "useless layer kept", 0.25)
    if found == right - 1:
        rising = accuracies[right - 1] - accuracies[right - 2] < 0.03
        name = "dropped too many" if added >= min(right, most - 1) else "stops too early"
        trial.no("small gains ignored" if rising and right == 3 else name, 0.25)
    trial.require(added <= needed, "looks too far ahead", 0.25)
    trial.no("unknown", 0.25)


grow = Exercise(
    "grow",
    "2.7 growth",
    points=4,
    minutes=25,
    judge=_judge_grow,
    errors={
        "too many layers": ("cannot have more than",),
        "dropped too many": ("at least one",),
        "no end": ("added and dropped",),
    },
    says={
        "test data": "You looked at the test data to choose the depth. Then they no longer tell "
        "how the network does on digits that nobody has seen.",
        "training accuracy": "You looked at TRAINING accuracy. It rises with nearly every layer "
        "(system A's mistake): choose the depth on validation data.",
        "looks at nothing": "The tower grows, but you never ask for its validation accuracy.",
        "never grows": "The tower never grows: call tower.add_layer().",
        "no start": "You never ask how good the tower is BEFORE the first new layer. It starts "
        "with one layer, and the second must be better than that, not better than 0.",
        "no end": "Your loop adds and drops the same layer for ever: leave it with `break` or "
        "`return` after drop_layer().",
        "tower not returned": "The tower is grown as it should be, but you do not return it: the "
        "last line should be `return tower`.",
        "too many layers": "The tower gets more layers than `most` allows ({inputs}). Compare "
        "len(tower) with `most` before you add one.",
        "useless layer kept": "You kept the useless layer: the last one lowered the validation "
        "accuracy, and still stands there. Take it away with tower.drop_layer().",
        "equal counts as better": "A layer that changes nothing is kept. It costs time at every "
        "prediction: keep a layer only if it RAISES the accuracy.",
        "stops too early": "You stop although the layer that came last had raised the accuracy.",
        "dropped too many": "You drop a layer that had raised the accuracy. Drop only the one that "
        "did not, and do not forget the case that the limit ends the loop.",
        "small gains ignored": "A small gain is a gain here: the rule of the task is `raises`.",
        "looks too far ahead": "You went on after a layer that did not help. The rule of the task "
        "is to stop at the first one: is there a `break`? (Trying all depths is a rule too, but a "
        "longer one.)",
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
