"""Lesson 05's own functions give the package's numbers, and measure what they say."""

import lesson_functions
import pytest
import torch

import ffteach
from ffteach.adversarial import gap_slope
from ffteach.inference import predict_one_pass
from ffteach.overlay import SharedOverlay
from ffteach.peer import peer_push

NAMES = [
    "standard_error",
    "hard_labels",
    "compare",
    "one_pass",
    "peer_push",
    "backprop",
    "kept",
    "backprop_loss",
    "layer_loss",
    "slope_of_gap",
    "moved",
    "misread",
]


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load("05_closing_the_gap", NAMES)


def test_standard_error_is_that_of_a_mean(lesson):
    wrong = torch.tensor([1.0] * 80 + [0.0] * 1920, dtype=torch.double)
    assert lesson.standard_error(0.04) == pytest.approx(wrong.std(correction=0).item() / 2000**0.5)


@pytest.mark.parametrize("hardness", [0.0, 20.0])
def test_hard_labels_are_drawn_like_the_packages(lesson, hardness):
    """Each label as often as the exact softmax says, to five standard errors, from both."""
    count, row = 40_000, torch.tensor([0.1, 0.32, 0.3, 0.2, 0.0, 0.1, 0.25, 0.0, 0.05, 0.15])
    table, labels = row.repeat(count, 1), torch.full((count,), 1)
    weight = (hardness * row).exp().index_fill(0, torch.tensor([1]), 0.0)
    expected = weight / weight.sum()
    for draw in (lesson.hard_labels, ffteach.hard_labels):
        drawn = draw(table, labels, hardness, generator=torch.Generator().manual_seed(0))
        shares = drawn.bincount(minlength=10) / count
        assert shares[1] == 0
        assert ((shares - expected).abs() <= 5 * (expected * (1 - expected) / count).sqrt()).all()


def test_hard_labels_belong_to_their_own_image(lesson):
    table = torch.eye(10).roll(1, dims=1)  # image k likes label k + 1 far more than any other
    for draw in (lesson.hard_labels, ffteach.hard_labels):
        assert torch.equal(draw(table, torch.arange(10), 1e3), torch.arange(1, 11) % 10)


def test_compare_is_the_difference_of_the_errors_and_its_scatter(lesson):
    generator = torch.Generator().manual_seed(0)
    shared = torch.rand(2000, generator=generator) < 0.05  # digits hard for both
    miss, other = (
        shared | (torch.rand(2000, generator=generator) < share) for share in (0.03, 0.01)
    )
    difference, error = lesson.compare(miss, other)
    assert difference == pytest.approx((miss.double().mean() - other.double().mean()).item())
    paired = miss.double() - other.double()
    assert error == pytest.approx(paired.std().item() / 2000**0.5, rel=0.02)
    assert lesson.compare(miss, miss) == (0, 0)


@pytest.mark.parametrize("strength", [1.0, 4.0])
def test_one_pass(lesson, few, make_net, strength):
    net = make_net(40, 30, 20, head=True, label_strength=strength)
    torch.nn.init.normal_(net.head.weight, generator=torch.Generator().manual_seed(1))
    assert torch.equal(lesson.one_pass(net, few.images), predict_one_pass(net, few.images))


def test_peer_push(lesson):
    running, wanted = torch.full((6,), 0.5), None
    for h in torch.rand(3, 20, 6, generator=torch.Generator().manual_seed(0)):
        push, running = lesson.peer_push(h, running, 0.03)
        wanted_push, wanted = peer_push(h, wanted, 0.03, 20)
        torch.testing.assert_close((push, running), (wanted_push, wanted))


def test_memory_of_backpropagation_grows_with_depth_and_forward_forwards_does_not(lesson):
    """Against the arithmetic: float32 activities of all layers, or one layer's rows, twice."""
    for depth in (1, 3):
        layers = [torch.nn.Linear(784 if index == 0 else 500, 500) for index in range(depth)]
        exact = 4 * 100 * (784 + depth * 500) / 1024
        assert lesson.kept(
            lambda: lesson.backprop_loss(torch.rand(100, 784), layers), layers
        ) == pytest.approx(exact, abs=12)
    layer = torch.nn.Linear(784, 500)
    exact = 4 * 200 * (784 + 500) / 1024
    assert lesson.kept(
        lambda: lesson.layer_loss(torch.rand(200, 784), layer), [layer]
    ) == pytest.approx(exact, abs=12)


def test_the_slope_of_the_gap_is_the_packages_towards_the_label_liked_best(lesson, few, make_net):
    net = make_net(40, label_strength=3.0)
    lesson.slope_of_gap.__globals__.update(images=few.images, labels=few.labels)
    slope = lesson.slope_of_gap(net)
    table = ffteach.goodness_per_label(net, few.images)
    liked = table.scatter(1, few.labels.unsqueeze(1), -torch.inf).argmax(dim=1)
    overlay = SharedOverlay.of(net.layers[0], few.images, 3.0)
    mine = gap_slope(overlay.with_labels(few.labels, liked)) * overlay.ink / 3.0 * 2 / 40
    torch.testing.assert_close(slope, mine.detach(), rtol=1e-3, atol=1e-6)


def test_misread_is_the_error_on_images_moved_so_far_and_cut_back(lesson, few, make_net):
    net = make_net(40)
    lesson.misread.__globals__.update(images=few.images, labels=few.labels)
    way = torch.randn(few.images.shape, generator=torch.Generator().manual_seed(0))
    far = few.images + 7 * way / way.norm(dim=1, keepdim=True)
    far = ffteach.Split(
        torch.minimum(torch.maximum(far, torch.tensor(0)), torch.tensor(1)), few.labels
    )
    assert far.images.min() == 0 and far.images.max() == 1
    for length, split in ((0.0, few), (7.0, far)):
        expected = 100 * ffteach.error_rate(net, split)
        assert lesson.misread(net, way, length) == pytest.approx(expected)
