"""The functions written out in lesson 06 give the same numbers as the package's."""

import lesson_functions
import pytest
import torch

import ffteach
from ffteach import Recipe
from ffteach.beyond.local import local_network

LESSON = "06_local_eyes"


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load(LESSON, ["local_forward", "train_step"])


@pytest.fixture
def net():
    made = local_network([(7, 3, 16)], generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        made.layers[0].bias.normal_()
    return made


@pytest.mark.parametrize("field, stride", [(7, 3), (10, 3), (5, 4)])
def test_the_plain_layer_is_the_packages(lesson, few, field, stride):
    layer = local_network([(field, stride, 6)]).layers[0]
    with torch.no_grad():
        layer.bias.normal_()
        mine = lesson.local_forward(few.images, layer.weight, layer.bias, field, stride)
        torch.testing.assert_close(mine, layer(few.images))


def test_the_plain_step_is_the_packages(lesson, few, net):
    """One step on the same digits and negatives: the same loss and the same weights."""
    recipe = Recipe(
        widths=(784, 300), negatives="hybrids", threshold=0.5, batch_size=None, epochs=2
    )
    negatives = ffteach.hybrids(few.images, generator=torch.Generator().manual_seed(3))
    weight, bias = (p.detach().clone().requires_grad_() for p in net.layers[0].parameters())
    optimiser = torch.optim.Adam([weight, bias], lr=1e-3)
    loss = lesson.train_step(weight, bias, optimiser, few.images, negatives)
    record = next(ffteach.train(net, few, recipe, draw=lambda images, generator: negatives))
    assert [loss] == pytest.approx(record.loss, rel=1e-4)
    for mine, theirs in zip((weight, bias), net.layers[0].parameters()):
        assert (mine - theirs).abs().quantile(0.99) < 1e-4  # of steps of 1e-3
