"""The script that tries three later claims: its measures, and which layer learns from what."""

from itertools import pairwise

import fakegpu
import pytest
import torch
from later_claims import (
    LEARNERS,
    START,
    ForwardForward,
    judged,
    selectivity,
    separation,
    sparseness,
    top_k,
    train,
)

from ffteach import Split
from ffteach.plain import Layer, goodness, overlay, wrong_labels


def gradients(net, images, labels, which=-1):
    """Return each layer's gradient of one of the losses, None where it has none."""
    torch.manual_seed(1)  # of the wrong labels
    weights = [layer.weight for layer in net.layers]
    return torch.autograd.grad(net.losses(images, labels)[which], weights, allow_unused=True)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(20, 784, generator=generator), torch.arange(20) % 10


def made(learner, widths=(784, 30, 20, 10)):
    """Return a small network of that kind, always the same weights."""
    torch.manual_seed(0)
    net = LEARNERS[learner]()
    net.layers = [Layer(*pair) for pair in pairwise(widths)]
    return net


def test_plain_layers_learn_as_the_plain_code_does(batch):
    images, labels = batch
    net = made("Forward-Forward")
    torch.manual_seed(1)
    x_pos, x_neg = overlay(images, labels), overlay(images, wrong_labels(labels))
    expected = []
    for layer in net.layers:
        h_pos, h_neg = layer(x_pos), layer(x_neg)
        expected.append(torch.autograd.grad(layer.loss(h_pos, h_neg), layer.weight)[0])
        x_pos, x_neg = h_pos.detach(), h_neg.detach()
    for i, wanted in enumerate(expected):
        found = gradients(net, images, labels, i)
        torch.testing.assert_close(found[i], wanted)
        assert all(other is None for j, other in enumerate(found) if j != i)


def test_only_backpropagation_reaches_the_layers_below(batch):
    for learner in LEARNERS:
        found = gradients(made(learner), *batch)
        reached = [gradient is not None and gradient.abs().sum() > 0 for gradient in found]
        assert reached[-1], learner
        assert all(reached[:-1]) == learner.startswith("backpropagation"), learner
        assert any(reached[:-1]) == learner.startswith("backpropagation"), learner


def test_goodness_below_takes_the_slope_from_a_layer(batch):
    """With all goodness so far, a layer whose task is done by those below has nothing to learn."""
    net = made("... on all goodness so far")
    below = net.layers[0]
    with torch.no_grad():  # the right label's pixel, and no other, makes the first layer active
        below.weight.zero_()
        below.bias.fill_(-1.0)
    images, labels = batch[0] * 0, batch[1] * 0
    with torch.no_grad():
        below.weight[:, 0] = 100.0
    alone = made("Forward-Forward")
    alone.layers = net.layers
    assert gradients(alone, images, labels)[-1].abs().max() > 0.01
    assert gradients(net, images, labels)[-1].abs().max() < 1e-6


def test_threshold_and_temperature_follow_the_scale_of_goodness(batch):
    """Five times the goodness with five times the scale is the same loss."""
    torch.manual_seed(0)
    plain = ForwardForward()
    scaled = ForwardForward(goodness=lambda h: 5 * goodness(h), scale=5.0)
    scaled.layers = plain.layers
    losses = []
    for net in (plain, scaled):
        torch.manual_seed(1)
        losses.append(torch.stack(net.losses(*batch)))
    torch.testing.assert_close(*losses)


@torch.no_grad()
def test_the_largest_squares_begin_as_many_times_as_large(batch):
    torch.manual_seed(0)
    for h in ForwardForward().activities(*batch):
        assert (top_k(h) / goodness(h)).mean() == pytest.approx(START, rel=0.1)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_gpu_that_is_the_default_gives_the_same(gpu, learner, batch):
    images, labels = batch
    here = made(learner)
    with fakegpu.default(gpu) as device:
        there, few = made(learner), Split(images.to(device), labels.to(device))
        for layer, other in zip(there.layers, here.layers, strict=True):
            layer.load_state_dict(other.state_dict())
        with torch.no_grad():
            scores = there.scores(few.images)
        torch.testing.assert_close(scores.cpu(), here.scores(images).detach())
        error, layers = judged(there, Split(few.images, scores.argmax(dim=1)))
        assert error == 0 and len(layers) >= 2
        train(there, few, epochs=1)
        moved = [
            (layer.weight.detach().cpu() - other.weight.detach()).abs().max()
            for layer, other in zip(there.layers, here.layers, strict=True)
        ]
        assert min(moved) > 1e-4


def test_measures_at_both_ends():
    one, same = torch.eye(10), torch.ones(10, 8)
    assert sparseness(one) == pytest.approx(1.0)
    assert sparseness(same) == pytest.approx(0.0, abs=1e-6)
    assert sparseness(torch.cat([same, torch.zeros(5, 8)])) == pytest.approx(0.0, abs=1e-6)
    digits = torch.arange(10)
    assert selectivity(one, digits) == pytest.approx(1.0)
    assert selectivity(same, digits) == pytest.approx(0.1)
    half = torch.zeros(10, 1)
    half[3:5] = 1.0  # a unit for threes and fours
    assert selectivity(torch.cat([half, torch.zeros(10, 1)], 1), digits) == pytest.approx(0.5)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(2, 100_000, generator=generator)
    assert separation(noise[0] + 3.0, noise[1]) == pytest.approx(3.0, abs=0.02)
    assert separation(noise[0] - 3.0, noise[1]) == pytest.approx(-3.0, abs=0.02)
