"""The functions written out in lesson 07 give the same numbers as the package's."""

import lesson_functions
import pytest
import torch

from ffteach.beyond import recurrent
from ffteach.beyond.recurrent import RECIPE, RecurrentNet, RecurrentTraining

LESSON = "07_looking_back"


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load(LESSON, ["unit", "begin", "step", "train_step"])


@pytest.fixture
def net():
    made = RecurrentNet([784, 30, 20], generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        for layer in made.layers:
            layer.bias.uniform_(0, 0.5)
    return made


def weights(net):
    parts = [(layer.up, layer.down, layer.bias) for layer in net.layers]
    return [[part.detach().clone().requires_grad_() for part in layer] for layer in parts]


@torch.no_grad()
def test_the_plain_video_is_the_packages(lesson, few, net):
    h, table = lesson.begin(weights(net), few.images), []
    for _ in range(8):
        h = lesson.step(weights(net), few.images, h, 10**0.5 * torch.eye(10)[few.labels])
        table.append(torch.stack([layer.square().mean(dim=1) for layer in h]))
    torch.testing.assert_close(torch.stack(table), recurrent.settle(net, *few))


def test_the_plain_step_is_the_packages(lesson, few, net):
    """One step on the same digits and wrong labels: the same weights."""
    wrong = (few.labels + 4) % 10
    plain = weights(net)
    flat = [part for layer in plain for part in layer]
    optimiser = torch.optim.Adam(flat, lr=RECIPE.learning_rate)
    lesson.train_step(plain, optimiser, *few, wrong)
    recipe = RECIPE.but(widths=(784, 30, 20), batch_size=None, epochs=2)
    run = RecurrentTraining(net, few, recipe)
    run._wrong = lambda labels, h: wrong
    next(run)
    for mine, theirs in zip(flat, net.parameters()):
        assert (mine - theirs).abs().quantile(0.99) < 3e-5  # of steps of 3e-3
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-6, rtol=1e-3)
