"""The functions written out in lesson 02b give the same numbers as the module's."""

import lesson_functions
import pytest
import torch

from ffteach import FFLayer, ff_loss, goodness, pairwise_loss
from ffteach.layers import LOSSES

NAMES = ["probability", "pairwise_loss", "pairwise_slopes", "normalise"]
SETTINGS = pytest.mark.parametrize("threshold, temperature", [(2.0, 1.0), (0.5, 0.05), (0.0, 0.2)])
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load("02b_threshold_and_pairs", NAMES)


@pytest.fixture
def activities():
    """Activities `(60, 30)` of positives and negatives, some of them far from the threshold."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 60, 30, generator=generator).relu()
        * torch.rand(2, 60, 1, generator=generator)
        * 4
    )


@SETTINGS
def test_the_pairwise_loss(lesson, activities, threshold, temperature):
    g_pos, g_neg = goodness(activities)
    torch.testing.assert_close(lesson.pairwise_loss(g_pos, g_neg), pairwise_loss(g_pos, g_neg))
    torch.testing.assert_close(
        lesson.pairwise_loss(g_pos, g_neg, temperature), pairwise_loss(g_pos, g_neg, temperature)
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
def test_pairwise_slopes(lesson, activities, threshold, temperature, dtype):
    g_pos, g_neg = goodness(activities.to(dtype))
    tolerance = 100 * torch.finfo(dtype).eps
    _, wanted = LOSSES["pairwise"].and_slopes(torch.cat([g_pos, g_neg]), threshold, temperature)
    torch.testing.assert_close(
        torch.cat(lesson.pairwise_slopes(g_pos, g_neg, temperature)),
        wanted,
        rtol=tolerance,
        atol=tolerance / (temperature * len(g_pos)),
    )


@DTYPES
def test_normalise(lesson, dtype):
    x = torch.rand(50, 40, generator=torch.Generator().manual_seed(0)).to(dtype)
    x[0] = 0  # an empty image stays empty
    torch.testing.assert_close(lesson.normalise(x), FFLayer(40, 30).rescale(x))
