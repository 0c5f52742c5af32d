"""Label overlays, wrong labels and hard labels."""

import pytest
import reference
import torch

from ffteach import hard_labels, overlay_label, wrong_labels
from ffteach.checks import check_strength
from ffteach.negatives import labels_of_other_images


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def is_uniform(counts, expected):
    """Chi-square statistic below its mean plus five standard deviations: a fair draw passes all but
    once in a million."""
    counts = counts.double()
    freedom = counts.numel() - 1
    return ((counts - expected) ** 2 / expected).sum() < freedom + 5 * (2 * freedom) ** 0.5


# ---- the overlay


def test_overlay_writes_the_label_as_one_lit_pixel(few):
    labelled = overlay_label(few.images, few.labels, 0.75)
    assert torch.equal(labelled[:, :10], 0.75 * torch.eye(10)[few.labels])
    assert torch.equal(labelled, reference.overlay(few.images, few.labels, 0.75))


def test_overlay_changes_only_the_first_ten_pixels_and_not_the_original(few):
    images = few.images + 0.5
    kept = images.clone()
    labelled = overlay_label(images, few.labels)
    assert torch.equal(labelled[:, 10:], images[:, 10:])
    assert torch.equal(images, kept)


@pytest.mark.parametrize("strength", [0, 1, 4.0, -1.0, 9.0])
def test_overlay_has_the_strength_asked_for(few, strength):
    assert (
        overlay_label(few.images, few.labels, strength)[torch.arange(200), few.labels] == strength
    ).all()


def test_overlay_does_not_depend_on_the_other_images_of_the_batch(few):
    brighter = few.images.clone()
    brighter[1:] *= 5
    alone = overlay_label(few.images[:1], few.labels[:1])
    assert torch.equal(overlay_label(brighter, few.labels)[:1], alone)


def test_all_ten_label_codes_hold_the_same_ink(few):
    image = few.images[:1].expand(10, -1)
    labelled = overlay_label(image, torch.arange(10), 4.0)
    assert labelled.sum(dim=1).unique().numel() == 1 and labelled.norm(dim=1).unique().numel() == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_positives_and_negatives_keep_the_images_type_and_range(few, dtype):
    images = few.images.to(dtype)
    positive, negative = (
        overlay_label(images, labels) for labels in (few.labels, wrong_labels(few.labels))
    )
    assert positive.dtype == negative.dtype == dtype
    assert positive.aminmax() == negative.aminmax() == (0, 1)


def test_overlay_admits_system_Bs_range_but_not_255(few):
    assert overlay_label(few.images * 10 - 1, few.labels, 9.0).aminmax() == (-1, 9)
    with pytest.raises(ValueError, match="0 to 255"):
        overlay_label(few.images * 255, few.labels)


@pytest.mark.parametrize(
    "spoil, error, message",
    [
        (lambda x, y: (x.byte(), y), TypeError, "uint8"),
        (lambda x, y: (x.long(), y), TypeError, "int64"),
        (lambda x, y: (x.numpy(), y), TypeError, "ndarray"),
        (lambda x, y: (x * torch.nan, y), ValueError, "NaN"),
        (lambda x, y: (x + torch.inf, y), ValueError, "infinite"),
        (lambda x, y: (x[:, :10], y), ValueError, "shape"),
        (lambda x, y: (x.reshape(-1, 28, 28), y), ValueError, "reshape"),
        (lambda x, y: (x[:0], y[:0]), ValueError, "empty"),
        (lambda x, y: (x, y + 1), ValueError, "1 to 10"),
        (lambda x, y: (x, y - 1), ValueError, "-1 to 8"),
        (lambda x, y: (x, y.float()), TypeError, "float32"),
        (lambda x, y: (x, y[:-1]), ValueError, r"\(199,\).*one label for each image"),
        (lambda x, y: (x, y.unsqueeze(1)), ValueError, r"\(200, 1\)"),
        (lambda x, y: (x[:1], y), ValueError, r"\(200,\)"),
    ],
)
def test_overlay_refuses_what_does_not_fit(few, spoil, error, message):
    with pytest.raises(error, match=message):
        overlay_label(*spoil(few.images, few.labels))


@pytest.mark.parametrize(
    "strength",
    ["maximum", None, True, float("nan"), float("inf"), -float("inf"), torch.tensor(1.0)],
)
def test_a_label_strength_must_be_a_finite_number(few, strength):
    for check in (check_strength, lambda value: overlay_label(few.images, few.labels, value)):
        with pytest.raises(ValueError, match="label strength is .*finite number"):
            check(strength)


# ---- wrong labels


def test_all_nine_wrong_labels_equally_often():
    labels = torch.arange(10).repeat(2_000)
    offsets = (wrong_labels(labels, generator=seeded()) - labels) % 10
    counts = torch.stack([offsets[labels == digit].bincount(minlength=10) for digit in range(10)])
    assert (counts[:, 0] == 0).all()
    assert is_uniform(counts[:, 1:], 2_000 / 9)


def test_a_wrong_label_is_never_the_true_one(few):
    for seed in range(50):
        assert (wrong_labels(few.labels, generator=seeded(seed)) != few.labels).all()


@pytest.mark.parametrize("draw", [wrong_labels, labels_of_other_images])
def test_drawn_labels_are_labels_and_follow_the_generator(few, draw):
    first = draw(few.labels, generator=seeded(3))
    assert (
        first.dtype == torch.int64
        and first.shape == few.labels.shape
        and first.min() >= 0
        and first.max() <= 9
    )
    torch.manual_seed(8)  # the global generator has no say
    assert torch.equal(draw(few.labels, generator=seeded(3)), first)
    assert not torch.equal(draw(few.labels, generator=seeded(4)), first)
    generator = seeded(3)
    assert not torch.equal(
        draw(few.labels, generator=generator), draw(few.labels, generator=generator)
    )


def test_system_Bs_negatives_come_from_anywhere_and_are_right_one_time_in_ten():
    labels = torch.arange(10).repeat(1_000)
    drawn = labels_of_other_images(labels, generator=seeded())
    assert is_uniform(drawn.bincount(minlength=10), 1_000)
    assert 0.09 < (drawn == labels).float().mean() < 0.11
    ordered = torch.arange(10).repeat_interleave(
        1_000
    )  # ... from all images, not from the first of the list
    assert is_uniform(
        labels_of_other_images(ordered, generator=seeded()).bincount(minlength=10), 1_000
    )


@pytest.mark.parametrize("draw", [wrong_labels, labels_of_other_images])
def test_wrong_labels_need_labels(draw):
    with pytest.raises(TypeError, match="float32"):
        draw(torch.tensor([1.0]))
    with pytest.raises(ValueError, match="0 to 10"):
        draw(torch.tensor([0, 10]))


# ---- hard labels


def test_hard_labels_are_never_the_true_label_however_much_the_network_likes_it():
    labels = torch.arange(10).repeat(300)
    liked = 1e4 * torch.eye(10)[labels]
    assert (hard_labels(liked, labels, generator=seeded()) != labels).all()
    assert (hard_labels(torch.zeros(3_000, 10), labels, 0.0, generator=seeded()) != labels).all()


def test_hardness_0_is_uniform_over_the_nine_wrong_labels():
    labels = torch.full((18_000,), 3)
    counts = hard_labels(torch.rand(18_000, 10), labels, 0.0, generator=seeded()).bincount(
        minlength=10
    )
    assert counts[3] == 0 and is_uniform(
        counts[labels.new_tensor([0, 1, 2, 4, 5, 6, 7, 8, 9])], 2_000
    )


def test_hard_labels_of_a_diverged_network_are_still_wrong_and_not_all_the_same():
    labels = torch.arange(10).repeat(20)
    drawn = hard_labels(torch.full((200, 10), torch.nan), labels, generator=seeded())
    assert (drawn != labels).all() and len(drawn.unique()) == 10


@pytest.mark.parametrize("hardness", [0.5, 2.0, 20.0])
def test_hard_labels_follow_the_softmax_of_hardness_times_goodness(hardness):
    goodness = torch.linspace(0, 2, 10) / hardness * torch.tensor([1.0, -1] * 5)
    probabilities = (goodness * hardness).exp()
    probabilities[7] = 0  # the true label
    labels = torch.full((20_000,), 7)
    drawn = hard_labels(goodness.expand(20_000, -1), labels, hardness, generator=seeded()).bincount(
        minlength=10
    )
    others = probabilities > 0
    assert drawn[7] == 0 and is_uniform(
        drawn[others], 20_000 * (probabilities / probabilities.sum())[others]
    )


def test_great_hardness_takes_the_wrong_label_with_the_highest_goodness():
    goodness = torch.tensor([[0.1, 0.9, 0.5, *[0.0] * 7], [0.1, 0.2, 0.9, *[0.0] * 7]])
    assert hard_labels(goodness, torch.tensor([1, 0]), 1e4).tolist() == [2, 2]


def test_hard_labels_follow_the_generator(few):
    goodness = torch.zeros(200, 10)
    first = hard_labels(goodness, few.labels, generator=seeded(3))
    assert first.dtype == torch.int64 and first.shape == (200,)
    assert torch.equal(hard_labels(goodness, few.labels, generator=seeded(3)), first)
    assert not torch.equal(hard_labels(goodness, few.labels, generator=seeded(4)), first)


@pytest.mark.parametrize(
    "labels",
    [torch.tensor([1, 2]), torch.tensor([1, 2, 12]), torch.tensor([1.0, 2.0, 3.0])],
    ids=["too few", "not a digit", "float"],
)
def test_hard_labels_refuse_labels_that_do_not_fit(labels):
    with pytest.raises((TypeError, ValueError), match="labels"):
        hard_labels(torch.rand(3, 10), labels)


@pytest.mark.parametrize("hardness", [float("nan"), float("inf"), -1.0])
def test_hard_labels_refuse_a_hardness_that_cannot_work(hardness):
    with pytest.raises(ValueError, match="hardness"):
        hard_labels(torch.rand(3, 10), torch.tensor([1, 2, 3]), hardness)
