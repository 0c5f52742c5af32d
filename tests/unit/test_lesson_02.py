"""The functions written out in lesson 02 give the same numbers as the package's."""

import pytest
import torch
from lesson_functions import load

import ffteach

NAMES = [
    "Layer",
    "overlay_label",
    "wrong_labels",
    "goodness",
    "ff_loss",
    "train_step",
    "goodness_per_label",
    "error_rates",
    "training",
    "offsets",
    "all_other_labels",
    "audit",
]


@pytest.fixture(scope="module")
def lesson():
    return load("02_supervised_overlay", NAMES)


@pytest.fixture(scope="module")
def digits():
    return ffteach.load_mnist().train.take(slice(60))


def pair_of_networks(lesson, *widths):
    """The lesson's plain layers and the package's network, with the same weights."""
    net = ffteach.FFNet(
        [784, *widths], label_strength=4.0, generator=torch.Generator().manual_seed(0)
    )
    layers = []
    for packaged in net.layers:
        layers.append(lesson.Layer(packaged.in_features, packaged.out_features))
        with torch.no_grad():
            layers[-1].weight.copy_(packaged.weight)
            layers[-1].bias.copy_(packaged.bias)
    return layers, net


def test_overlay_and_wrong_labels(lesson, digits):
    assert torch.equal(lesson.overlay_label(*digits, 4.0), ffteach.overlay_label(*digits, 4.0))
    drawn = [
        draw(digits.labels, generator=torch.Generator().manual_seed(1))
        for draw in (lesson.wrong_labels, ffteach.wrong_labels)
    ]
    assert torch.equal(*drawn)


def test_goodness_and_loss(lesson):
    h = torch.randn(30, 20).relu()
    assert torch.allclose(lesson.goodness(h), ffteach.goodness(h))
    g_pos, g_neg = torch.rand(30) * 3, torch.rand(30) * 3
    assert torch.allclose(
        lesson.ff_loss(g_pos, g_neg, 1.5, 0.1), ffteach.ff_loss(g_pos, g_neg, 1.5, 0.1)
    )


def test_the_layers_and_their_prediction(lesson, digits):
    layers, net = pair_of_networks(lesson, 40, 30)
    assert torch.allclose(layers[0](digits.images), net(digits.images)[0], atol=1e-5)
    tables = lesson.goodness_per_label(layers, digits.images)
    wanted = ffteach.goodness_per_label(net, digits.images, per_layer=True)
    assert torch.allclose(tables, wanted, atol=1e-5)
    assert not tables.requires_grad
    errors = [ffteach.error_rate(net, digits), *ffteach.layer_error_rates(net, digits)]
    assert lesson.error_rates(layers, digits) == pytest.approx([100 * error for error in errors])


def test_a_training_step_moves_the_weights_as_the_package_does(lesson, digits):
    (plain,), net = pair_of_networks(lesson, 40)
    recipe = ffteach.Recipe(
        widths=(784, 40), batch_size=None, fresh_negatives=False, rate_decay="none", epochs=3
    )
    run = ffteach.train(net, digits, recipe)
    optimiser = torch.optim.Adam(plain.parameters(), lr=1e-3)
    images = [
        ffteach.overlay_label(digits.images, labels, 4.0)
        for labels in (digits.labels, run.pairs.fixed)
    ]
    for record in run:
        loss, *activities = lesson.train_step(plain, optimiser, *images)
        assert loss == pytest.approx(record.loss[0], rel=1e-4)
        assert [h.shape for h in activities] == [(60, 40), (60, 40)]
    assert torch.allclose(plain.weight, net.layers[0].weight, atol=1e-5)


def three_on(images, labels):
    return ffteach.overlay_label(images, (labels + 3) % 10, 4.0)


def test_layers_that_learn_together_do_so_as_the_packages(lesson, digits):
    layers, net = pair_of_networks(lesson, 40, 30)
    recipe = ffteach.Recipe(widths=(784, 40, 30), batch_size=None, rate_decay="none", epochs=3)
    draw = lambda labels, *, generator: (labels + 3) % 10
    ffteach.train(net, digits, recipe, draw=draw).finish()
    assert list(lesson.training(layers, digits, 3, negatives=three_on)) == [1, 2, 3]
    for plain, packaged in zip(layers, net.layers):
        assert torch.allclose(plain.weight, packaged.weight, atol=1e-4)


def test_a_frozen_layer_stands_still_and_the_one_above_learns(lesson, digits):
    layers, _ = pair_of_networks(lesson, 40, 30)
    before = [layer.weight.clone() for layer in layers]
    list(lesson.training(layers, digits, 1, frozen={0}))
    assert torch.equal(layers[0].weight, before[0])
    assert not torch.equal(layers[1].weight, before[1])


def test_the_audit_finds_each_mistake_and_passes_what_is_right(lesson, digits):
    x, y = ffteach.load_mnist().train.take(slice(1000))
    generator = torch.Generator().manual_seed(0)
    positive = lesson.overlay_label(x, y)
    right = lesson.overlay_label(x, lesson.wrong_labels(y, generator))
    eight = lesson.overlay_label(x, lesson.offsets(8)(y, generator=generator))
    assert lesson.audit(y, positive, right) == "nothing found"
    assert lesson.audit(y, positive, eight) == "offset 9 never occurs"
    assert lesson.audit(y, positive, positive.roll(1, dims=0)).startswith("shows the true label")
    assert "ink" in lesson.audit(y, positive, lesson.all_other_labels(x, y))
    assert "range" in lesson.audit(y, positive, right.double())
    assert "range" in lesson.audit(y, positive, 255 * right)


def test_the_drawn_offsets_are_those_asked_for(lesson):
    labels = torch.arange(10).repeat(100)
    for largest in (1, 5, 9):
        drawn = lesson.offsets(largest)(labels, generator=torch.Generator().manual_seed(0))
        assert sorted(set(((drawn - labels) % 10).tolist())) == list(range(1, largest + 1))
