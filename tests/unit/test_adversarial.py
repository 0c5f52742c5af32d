"""Images moved towards their wrong labels: the way there is autograd's, and what becomes of it."""

import pytest
import reference
import torch

from ffteach import Recipe, Split, error_rate, goodness_per_label, load_mnist, train, wrong_labels
from ffteach.adversarial import gap_slope, moved_towards_wrong
from ffteach.overlay import SharedOverlay

STRENGTH = 3.0
SMALL = Recipe(
    widths=(784, 30, 20), label_strength=STRENGTH, batch_size=50, loss="pairwise", adversarial=0.8
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs_of(net, split):
    overlay = SharedOverlay.of(net.layers[0], split.images, net.label_strength)
    return overlay.with_labels(split.labels, wrong_labels(split.labels, generator=seeded(1)))


def gap(net, images, labels, wrong):
    """The first layer's goodness(true) - goodness(wrong) by plain code in float64."""
    plain = reference.Reference(net, net.layers[0].row_scale, net.label_strength, double=True)
    first = (plain.activities(images, which)[0] for which in (labels, wrong))
    g_pos, g_neg = map(reference.goodness, first)
    return g_pos - g_neg


def images_of(pairs, strength=STRENGTH):
    """The images of `LabelledPairs`, as long as they were before they were rescaled."""
    return pairs.overlay.shared.x / pairs.overlay.ink * strength


@pytest.mark.parametrize("scale", ["mean-square-1", "unit-length"])
def test_the_slope_is_autograds_through_the_rescaling(few, scale):
    net = SMALL.but(row_scale=scale).network()
    net.layers[0].bias.data.normal_(std=0.3, generator=seeded())
    pairs = pairs_of(net, few)
    wrong = pairs.codes[1].argmax(dim=1)
    images = few.images.double().requires_grad_()
    (slope,) = torch.autograd.grad(gap(net, images, few.labels, wrong).sum(), images)
    rescaling = pairs.overlay.ink / STRENGTH  # what the images were multiplied by
    mine = (gap_slope(pairs) * rescaling * 2 / net.widths[1]).double()
    torch.testing.assert_close(mine, slope, rtol=1e-3, atol=1e-4 * slope.abs().max().item())
    assert not mine[:, :10].any()


def test_images_move_against_the_slope_by_lengths_spread_evenly_up_to_the_reach(few):
    net = SMALL.network()
    pairs = pairs_of(net, few)
    ways = moved_towards_wrong(few.images, pairs, 2.0, generator=seeded()) - few.images
    lengths = ways.norm(dim=1)
    assert 0 <= lengths.min() < 0.1 and 1.9 < lengths.max() <= 2.0
    assert lengths.mean().item() == pytest.approx(1.0, abs=0.1)
    back = -ways / lengths.unsqueeze(1)
    expected = torch.nn.functional.normalize(gap_slope(pairs))
    torch.testing.assert_close(back, expected, rtol=0, atol=1e-4)
    again = moved_towards_wrong(few.images, pairs, 2.0, generator=seeded(1)) - few.images
    assert not torch.equal(again.norm(dim=1), lengths)


def test_a_short_move_narrows_every_gap_more_than_any_other_of_its_length(few):
    net = SMALL.network()
    pairs = pairs_of(net, few)
    wrong = pairs.codes[1].argmax(dim=1)
    moved = moved_towards_wrong(few.images, pairs, 0.01, generator=seeded())
    ways = moved - few.images
    before = gap(net, few.images, few.labels, wrong)
    loss = before - gap(net, moved, few.labels, wrong)
    seen = ways.norm(dim=1) > 1e-3
    assert (loss[seen] > 0).all()
    for seed in range(20):
        other = torch.randn(ways.shape, generator=seeded(seed))
        other *= ways.norm(dim=1, keepdim=True) / other.norm(dim=1, keepdim=True)
        their_loss = before - gap(net, few.images + other, few.labels, wrong)
        assert (loss > their_loss)[seen].all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_where_the_gap_is_flat_images_stay(few, dtype):
    net = SMALL.network().to(dtype)
    split = Split(few.images.to(dtype), few.labels)
    overlay = SharedOverlay.of(net.layers[0], split.images, STRENGTH)
    same = overlay.with_labels(split.labels, split.labels)  # as system B's negatives, at times
    assert torch.equal(moved_towards_wrong(split.images, same, 2.0, generator=seeded()), few.images)
    net.layers[0].bias.data.fill_(-1e3)  # every unit is silent
    moved = moved_towards_wrong(split.images, pairs_of(net, split), 2.0, generator=seeded())
    assert moved.dtype == dtype and torch.equal(moved, split.images)


def test_a_black_image_with_a_label_of_no_strength_stays():
    net = SMALL.but(label_strength=0.0).network()
    black = Split(torch.zeros(5, 784), torch.arange(5))
    moved = moved_towards_wrong(black.images, pairs_of(net, black), 2.0, generator=seeded())
    assert torch.equal(moved, black.images)


@pytest.mark.parametrize(
    "settings",
    [{}, dict(negatives="hard", uniform_epochs=0), dict(fresh_negatives=False)],
    ids=["any label", "hard", "fixed"],
)
def test_a_training_sees_the_moved_images_other_ones_each_time(few, settings):
    recipe = SMALL.but(**settings)
    run = train(recipe.network(), few, recipe)
    first, second = (run.pairs(torch.arange(len(few.images)), epoch=0).inputs for _ in range(2))
    for inputs in (first, second):
        ways = (images_of(inputs) - few.images)[:, 10:]
        assert 0.7 < ways.norm(dim=1).max() < 0.801
        assert (inputs.codes[0].argmax(dim=1) == few.labels).all()
        wrong = inputs.codes[1].argmax(dim=1)
        assert (wrong != few.labels).all()
        narrower = gap(run.net, images_of(inputs), few.labels, wrong)
        assert (narrower < gap(run.net, few.images, few.labels, wrong)).double().mean() > 0.95
    assert not torch.equal(first.overlay.shared.x, second.overlay.shared.x)


def test_a_step_is_the_plain_one_on_the_moved_images(few):
    recipe = SMALL.but(batch_size=None, optimiser="sgd", momentum=0.0, learning_rate=1.0)
    net = recipe.network()
    plain = reference.Reference(net, "mean-square-1", STRENGTH, double=True)
    run, seen, before = train(net, few, recipe), [], [w.clone() for w in net.parameters()]
    own = run.pairs
    run.pairs = lambda batch, epoch: seen.append(own(batch, epoch)) or seen[-1]
    run.pairs.fixed = own.fixed
    next(run)
    (batch,) = seen
    wrong = batch.inputs.codes[1].argmax(dim=1)
    settings = "pairwise", recipe.threshold, recipe.temperature
    images = images_of(batch.inputs)
    expected = plain.gradients(images, few.labels, wrong, *settings)
    for was, now, wanted in zip(before, net.parameters(), sum(expected, ())):
        torch.testing.assert_close((was - now).double(), wanted, rtol=1e-3, atol=1e-4)


def test_hidden_and_shifted_images_are_moved_as_they_are_shown(few):
    recipe = SMALL.but(pixel_dropout=0.5, adversarial=1e-6)
    run = train(recipe.network(), few, recipe)
    images = images_of(run.pairs(torch.arange(len(few.images)), epoch=0).inputs)
    inked = few.images[:, 10:] > 0.1
    hidden = images[:, 10:][inked].abs() < 1e-4
    assert hidden.double().mean().item() == pytest.approx(0.5, abs=0.03)


def test_the_softmax_head_reads_the_images_as_they_are(few):
    alike = SMALL.but(head=True)
    net = alike.network()
    rows = torch.arange(len(few.images))
    seen = [train(net, few, r).pairs(rows, 0).seen for r in (alike, alike.but(adversarial=0.0))]
    torch.testing.assert_close(*seen)


def test_hybrids_have_no_wrong_label_to_move_towards():
    with pytest.raises(ValueError, match="adversarial=0"):
        Recipe(negatives="hybrids", adversarial=0.5)


def test_what_learnt_from_moved_images_withstands_moves_better():
    digits = load_mnist(validation=2000)
    errors = {}
    for reach in (0.0, 1.0):
        recipe = Recipe(
            widths=(784, 100), loss="pairwise", negatives="hard", epochs=4, adversarial=reach
        )
        net = train(recipe.network(), digits, recipe).finish().requires_grad_(False)
        split = digits.validation
        table = goodness_per_label(net, split.images)
        others = table.scatter(1, split.labels.unsqueeze(1), -torch.inf).argmax(dim=1)
        overlay = SharedOverlay.of(net.layers[0], split.images, net.label_strength)
        slope = gap_slope(overlay.with_labels(split.labels, others))
        moved = split.images - torch.nn.functional.normalize(slope)
        errors[reach] = error_rate(net, Split(moved, split.labels))
    assert errors[1.0] < 0.7 * errors[0.0]
