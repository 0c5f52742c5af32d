"""The functions written out in lesson 02 give the same numbers as the package's."""

import pytest
import torch
from lesson_functions import load

import ffteach

NAMES = [
    "overlay_label",
    "wrong_labels",
    "goodness",
    "ff_loss",
    "train_step",
    "predict",
    "ten_passes",
]


@pytest.fixture(scope="module")
def lesson():
    return load("02_supervised_overlay", NAMES)


@pytest.fixture(scope="module")
def digits():
    return ffteach.load_mnist().train.take(slice(60))


def layer_pair(lesson, width=40):
    """The lesson's plain layer and the package's, with the same weights."""
    packaged = ffteach.FFLayer(784, width, epsilon=1e-6, generator=torch.Generator().manual_seed(0))
    plain = lesson.train_step.__globals__["Layer"](784, width)
    with torch.no_grad():
        plain.weight.copy_(packaged.weight)
        plain.bias.copy_(packaged.bias)
    return plain, packaged


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


def test_the_layer_and_its_prediction(lesson, digits):
    plain, packaged = layer_pair(lesson)
    assert torch.allclose(plain(digits.images), packaged(digits.images), atol=1e-5)
    net = ffteach.FFNet([784, 40], label_strength=4.0)
    net.layers[0].load_state_dict(packaged.state_dict())
    assert torch.equal(lesson.predict(plain, digits.images), ffteach.predict(net, digits.images))
    assert torch.allclose(
        lesson.ten_passes(net, digits.images),
        ffteach.goodness_per_label(net, digits.images),
        atol=1e-5,
    )


def test_a_training_step_moves_the_weights_as_the_package_does(lesson, digits):
    plain, packaged = layer_pair(lesson)
    net = ffteach.FFNet([784, 40], label_strength=4.0)
    net.layers[0].load_state_dict(packaged.state_dict())
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
        assert lesson.train_step(plain, optimiser, *images) == pytest.approx(
            record.loss[0], rel=1e-4
        )
    assert torch.allclose(plain.weight, net.layers[0].weight, atol=1e-5)
