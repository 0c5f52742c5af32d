"""Lesson 03's own functions give the package's numbers, and what it says of them is so."""

import math

import lesson_functions
import pytest
import torch

import ffteach

MASKS = ["blur", "blur_masks", "gaussian_masks", "hybrids"]
MEASURES = ["agreement", "correlation_length", "half_masks", "real_or_hybrid", "cut_patches"]


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load("03_mask_negatives", MASKS + MEASURES)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_blur(lesson):
    noise = torch.rand(20, 28, 28, generator=seeded(), dtype=torch.float64)
    torch.testing.assert_close(
        lesson.blur(noise),
        ffteach.masks.blur(noise, [ffteach.masks.HINTON_KERNEL]),
        rtol=0,
        atol=1e-14,
    )


@pytest.mark.parametrize("blurs", [0, 1, 2, 3, 6])
def test_blur_masks(lesson, blurs):
    """Up to six blurs of bits are exact in float32, so not one pixel may differ."""
    assert torch.equal(
        lesson.blur_masks(300, blurs, seeded())[-1],
        ffteach.blur_masks(300, blurs=blurs, generator=seeded()),
    )


def test_the_stages_are_the_packages(lesson):
    for stage, packaged in zip(
        lesson.blur_masks(20, 8, seeded()), ffteach.masks.blur_stages(20, generator=seeded())
    ):
        torch.testing.assert_close(stage, packaged, rtol=0, atol=1e-6)


def test_more_blurs_differ_by_rounding_only(lesson):
    for blurs in (8, 24):
        mine, packaged = (
            lesson.blur_masks(300, blurs, seeded())[-1],
            ffteach.blur_masks(300, blurs=blurs, generator=seeded()),
        )
        assert (mine != packaged).float().mean() < 1e-4
    assert torch.equal(
        lesson.blur_masks(5, generator=seeded())[-1], lesson.blur_masks(5, 8, seeded())[-1]
    )  # the same default


def test_gaussian_masks(lesson):
    mine, packaged = (
        lesson.gaussian_masks(300, seeded())[-1],
        ffteach.gaussian_masks(300, generator=seeded()),
    )
    assert mine.shape == packaged.shape and (mine != packaged).float().mean() < 1e-4


def test_hybrids(lesson, few):
    masks = ffteach.blur_masks(200, generator=seeded())
    assert torch.equal(
        lesson.hybrids(few.images, masks, seeded(1)),
        ffteach.hybrids(few.images, masks, generator=seeded(1)),
    )


def test_agreement_is_counted_for_each_pair(lesson):
    masks = torch.tensor([[[0.0, 0, 1], [1, 1, 1], [0, 1, 0]]])
    masks = torch.nn.functional.pad(masks, (0, 25, 0, 25)).flatten(1)
    assert lesson.agreement(masks, 1)[:3, :2].tolist() == [[1, 0], [1, 1], [0, 0]]
    assert lesson.agreement(masks, 2)[:3, 0].tolist() == [0, 1, 1]
    assert lesson.agreement(masks, 2).shape == (28, 26)


def test_correlation_length_and_the_1_1_of_the_text(lesson):
    """Correlation exp(-d^2 / 2b), cut: (2/pi) arcsin of that; 1/e is reached at 1.0997 sqrt(b)."""
    factor = math.sqrt(-2 * math.log(math.sin(math.pi / (2 * math.e))))
    assert factor == pytest.approx(1.1, abs=0.001)
    for blurs in (4, 8, 16, 24):
        length = lesson.correlation_length(
            ffteach.blur_masks(2_000, blurs=blurs, generator=seeded())
        )
        assert length == pytest.approx(factor * blurs**0.5, rel=0.08)


def test_half_masks_are_the_four_halves(lesson):
    masks = lesson.half_masks(400, generator=seeded()).reshape(-1, 28, 28)
    kinds = masks.unique(dim=0)
    assert len(kinds) == 4 and (kinds.sum(dim=(1, 2)) == 392).all()
    assert masks.mean(dim=0).sub(0.5).abs().max() < 0.1
    for kind in kinds:
        straight = [
            (kind[:, 1:] != kind[:, :-1]).sum().item(),
            (kind[1:] != kind[:-1]).sum().item(),
        ]
        assert sorted(straight) == [0, 28]  # one cut, right through


def test_patches_come_from_the_middle_and_the_answers_are_right(lesson, few):
    inside = torch.zeros(28, 28)
    inside[4:24, 4:24] = 1
    patches = lesson.cut_patches(inside.flatten().expand(200, -1), 9, seeded())
    assert patches.shape == (200, 81) and patches.all()
    whole, real = lesson.real_or_hybrid(few.images, ffteach.blur_masks, 20)
    middle = few.images.reshape(-1, 28, 28)[:, 4:24, 4:24].flatten(1)
    same = (whole == middle).all(dim=1)
    assert same[real].all() and same[~real].float().mean() < 0.05
    assert 0.3 < real.float().mean() < 0.7
