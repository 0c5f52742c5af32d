"""The functions written out in lesson 01 give the same numbers as the module's."""

import lesson_functions
import pytest
import torch

from ffteach import FFLayer, ff_loss, goodness
from ffteach.layers import LOSSES, Rows

NAMES = [
    "goodness",
    "probability",
    "ff_loss",
    "loss_slopes",
    "layer_gradient",
    "normalise",
]
SETTINGS = pytest.mark.parametrize("threshold, temperature", [(2.0, 1.0), (0.5, 0.05), (0.0, 0.2)])
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load("01_goodness_and_loss", NAMES)


@pytest.fixture
def activities():
    """Activities `(60, 30)` of positives and negatives, some of them far from the threshold."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 60, 30, generator=generator).relu()
        * torch.rand(2, 60, 1, generator=generator)
        * 4
    )


def test_goodness(lesson, activities):
    torch.testing.assert_close(lesson.goodness(activities), goodness(activities), rtol=0, atol=0)


def test_the_defaults_are_the_modules(lesson, activities):
    g_pos, g_neg = goodness(activities)
    torch.testing.assert_close(lesson.ff_loss(g_pos, g_neg), ff_loss(g_pos, g_neg))


@SETTINGS
def test_losses(lesson, activities, threshold, temperature):
    g_pos, g_neg = goodness(activities)
    torch.testing.assert_close(
        lesson.ff_loss(g_pos, g_neg, threshold, temperature),
        ff_loss(g_pos, g_neg, threshold, temperature),
    )


@SETTINGS
def test_probability_is_the_one_of_the_loss(lesson, activities, threshold, temperature):
    """The module has no such function; its loss is the cross-entropy of this probability."""
    g_pos, g_neg = goodness(activities.double())
    p_pos, p_neg = (lesson.probability(g, threshold, temperature) for g in (g_pos, g_neg))
    finite = (p_pos > 1e-10) & (1 - p_neg > 1e-10)  # log(1 - P) itself loses digits beyond
    assert finite.sum() > 20
    loss = -(p_pos[finite].log().mean() + (1 - p_neg[finite]).log().mean()) / 2
    torch.testing.assert_close(
        loss, ff_loss(g_pos[finite], g_neg[finite], threshold, temperature), rtol=1e-5, atol=0
    )


@SETTINGS
@DTYPES
def test_slopes(lesson, activities, threshold, temperature, dtype):
    g_pos, g_neg = goodness(activities.to(dtype))
    mine = lesson.loss_slopes(g_pos, g_neg, threshold, temperature)
    tolerance = 1000 * torch.finfo(dtype).eps  # 1 - P and sigmoid(-s) round differently
    largest = 1 / (2 * temperature * len(g_pos))
    _, wanted = LOSSES["threshold"].and_slopes(torch.cat([g_pos, g_neg]), threshold, temperature)
    torch.testing.assert_close(torch.cat(mine), wanted, rtol=tolerance, atol=tolerance * largest)


@DTYPES
def test_layer_gradient(lesson, dtype):
    generator = torch.Generator().manual_seed(0)
    layer = FFLayer(40, 30, generator=generator).to(dtype).requires_grad_(False)
    inputs = Rows(layer.rescale(torch.rand(50, 40, generator=generator).to(dtype)))
    h, slope = layer.activities(inputs), torch.randn(50, generator=generator).to(dtype)
    layer.local_gradient(inputs, h, slope)
    tolerance = 100 * torch.finfo(dtype).eps
    for mine, wanted in zip(
        lesson.layer_gradient(inputs.x, h, slope), (layer.weight.grad, layer.bias.grad)
    ):
        torch.testing.assert_close(
            mine, wanted, rtol=tolerance, atol=tolerance * wanted.abs().max().item()
        )


@DTYPES
def test_normalise(lesson, dtype):
    x = torch.rand(50, 40, generator=torch.Generator().manual_seed(0)).to(dtype)
    x[0] = 0  # an empty image stays empty
    torch.testing.assert_close(lesson.normalise(x), FFLayer(40, 30).rescale(x))


def test_the_loader_takes_only_what_was_asked_for(lesson):
    assert sorted(vars(lesson)) == sorted(NAMES)
    with pytest.raises(KeyError, match="no function such_a_thing"):
        lesson_functions.load("01_goodness_and_loss", ["goodness", "such_a_thing"])
