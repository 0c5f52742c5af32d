"""Details that a planted fault once got past: each against a formula or a count of its own."""

import pytest
import torch
from torch.nn.functional import linear

from ffteach import (
    FFLayer,
    FFNet,
    LinearProbe,
    Recipe,
    Split,
    blur_masks,
    features,
    hybrids,
    overlay_label,
    plain,
    predict,
    train,
)
from ffteach.head import LEARNING_RATE, MOMENTUM, WEIGHT_COST, head_optimiser
from ffteach.layers import Rows
from ffteach.negatives import labels_of_other_images
from ffteach.overlay import SharedOverlay, split_overlay
from ffteach.pairs import disturb, make_pairs
from ffteach.peer import peer_push
from ffteach.schedule import Schedule
from ffteach.shifts import all_moves, moved, randomly_shifted


def seeded():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def inky():
    """Images with ink where the label goes, which digits hardly ever have."""
    return torch.rand(12, 784, generator=seeded()) + 0.5


def test_the_ten_label_pixels_are_cleared_everywhere(inky):
    net, labels = FFNet([784, 9], label_strength=3.0, generator=seeded()), torch.arange(12) % 10
    torch.nn.init.normal_(net.layers[0].bias, generator=seeded())
    labelled = plain.overlay(inky, labels, 3.0)
    assert torch.equal(overlay_label(inky, labels, 3.0), labelled)
    shared, ink = split_overlay(net.layers[0], inky, 3.0)
    rescaled = net.layers[0].rescale(labelled)
    torch.testing.assert_close(shared[:, 10:], rescaled[:, 10:])
    assert not shared[:, :10].any() and torch.allclose(ink[:, 0], rescaled.max(dim=1).values)
    copies = [plain.overlay(inky, torch.full((12,), y), 3.0) for y in range(10)]
    tables = [plain.goodness(net(copy)[0]) for copy in copies]
    assert torch.equal(predict(net, inky), torch.stack(tables, dim=1).argmax(dim=1))
    neutral = inky.clone()
    neutral[:, :10] = 0.3
    found = SharedOverlay.of(net.layers[0], inky, 3.0).neutral_activities()
    torch.testing.assert_close(found, net.layers[0](neutral), rtol=1e-4, atol=1e-4)


def test_coarse_products_keep_the_bias():
    layer = FFLayer(20, 5)
    torch.nn.init.constant_(layer.bias, 7.0)
    x = torch.rand(3, 20)
    coarse = Rows(x.bfloat16()).product(layer)
    torch.testing.assert_close(coarse, linear(x, layer.weight, layer.bias), rtol=0.02, atol=0.05)


def test_coarse_gradients_come_in_place_of_what_was_there_or_on_top():
    dz, x = torch.rand(6, 3, generator=seeded()), torch.rand(6, 4, generator=seeded())
    gradient = torch.full((3, 4), 9.0)
    for beta, wanted in ((0, dz.t() @ x), (1, 2 * dz.t() @ x)):
        Rows(x.bfloat16()).add_weight_gradient(dz, gradient, beta)
        torch.testing.assert_close(gradient, wanted, rtol=0.02, atol=0.02)


def test_hidden_pixels_leave_the_others_as_they_are(inky):
    seen = disturb(inky, Recipe(pixel_dropout=0.4), generator=seeded())
    kept = seen != 0
    assert torch.equal(seen[kept], inky[kept]) and 0.57 < kept.float().mean() < 0.63


def test_pixels_are_hidden_independently_of_each_other_and_of_those_of_the_next_image():
    generator, ones = seeded(), torch.ones(250, 784)
    seen = [disturb(ones, Recipe(pixel_dropout=0.2), generator=generator) for _ in range(60)]
    seen = torch.stack(seen).double()
    for share in (seen.mean(dim=(0, 1)), seen.mean(dim=(0, 2))):  # of each pixel, of each row
        deviation = (0.2 * 0.8 * len(share) / seen.numel()) ** 0.5
        assert (share - 0.8).abs().max() < 5 * deviation
    rest = seen.flatten() - 0.8
    for lag in (1, 2, 3, 4, 5, 8, 783, 784, 785, 4 * 784):
        together = (rest[:-lag] * rest[lag:]).mean() / (0.2 * 0.8)
        assert abs(together) < 5 / len(rest) ** 0.5, lag


@pytest.mark.parametrize(
    "hidden, share", [(1e-9, 0.0), (0.5, 0.5), (0.999, 0.999), (1 - 1e-9, 1.0)]
)
def test_hardly_any_and_nearly_all_pixels_can_be_hidden(hidden, share):
    images = torch.ones(300, 784)
    seen = disturb(images, Recipe(pixel_dropout=hidden), generator=seeded())
    assert 1 - seen.mean().item() == pytest.approx(share, abs=3e-3)
    assert set(seen.unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("pixels", [25, 26, 27, 28])
def test_pixels_are_hidden_whatever_their_number(pixels):
    seen = disturb(torch.ones(1, pixels), Recipe(pixel_dropout=0.5), generator=seeded())
    assert seen.shape == (1, pixels) and 0 < seen.mean() < 1


def test_a_batch_moves_as_a_whole_or_each_image_by_itself(inky):
    same = inky[:1].expand(12, -1)
    together = disturb(same, Recipe(shift=2), generator=seeded())
    apart = disturb(same, Recipe(shift=2, shift_each=True), generator=seeded())
    assert len(together.unique(dim=0)) == 1 and len(apart.unique(dim=0)) > 5


@pytest.mark.parametrize("blurs", [0, 3])
def test_hybrids_are_of_masks_that_are_blurred_as_often_as_the_recipe_says(inky, blurs):
    recipe = Recipe(widths=(784, 5), negatives="hybrids", blurs=blurs)
    layer = recipe.network().layers[0]
    split = Split(inky, torch.arange(12) % 10)
    pairs = make_pairs(recipe.network(), split, recipe, seeded(), torch.float32)
    negatives = pairs(torch.arange(12), 0).inputs.x.chunk(2)[1]
    generator = seeded()
    masks = blur_masks(12, blurs=blurs, generator=generator)
    wanted = hybrids(inky, masks, generator=generator)
    torch.testing.assert_close(negatives, layer.rescale(wanted))


def test_the_heads_optimiser_is_gradient_descent_with_momentum_and_weight_cost():
    head = torch.nn.Linear(3, 10, bias=False)
    weight, velocity = head.weight.detach().clone(), 0
    optimiser = head_optimiser(head)
    for rate in (LEARNING_RATE, LEARNING_RATE / 2):  # it falls with that of the layers
        head.weight.grad = torch.ones_like(weight)
        optimiser.step(rate)
        velocity = MOMENTUM * velocity + 1 + WEIGHT_COST * weight
        weight = weight - rate * velocity
    torch.testing.assert_close(head.weight.detach(), weight)
    assert (LEARNING_RATE, MOMENTUM, WEIGHT_COST) == (0.01, 0.9, 0.003)  # official code, README


def test_the_heads_rate_falls_with_the_layers(few):
    recipe = Recipe(widths=(784, 5), head=True, epochs=4, batch_size=None, learning_rate=0.02)
    run = train(recipe.network(), few, recipe)
    rates = []
    for _ in run:
        rates.append(run._head_optimiser.rate)
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.005])


def test_the_running_means_of_peer_normalisation_begin_at_one_half():
    h = torch.tensor([[0.0, 4.0], [0.0, 0.0]])
    push, running = peer_push(h, None, 0.03, 2)
    torch.testing.assert_close(running, torch.tensor([0.45, 0.65]))  # 0.9 x 0.5 + 0.1 x mean
    torch.testing.assert_close(push, torch.tensor([-0.1, 0.1]) * 0.03 / 2)
    again = peer_push(h, running, 0.03, 2)[1]
    torch.testing.assert_close(again, 0.9 * running + 0.1 * torch.tensor([0.0, 2.0]))


def test_the_rate_falls_over_the_epochs_of_a_grown_layer():
    settings = {"schedule": "greedy", "growth": "training", "epochs": 3, "growth_epochs": 10}
    schedule = Schedule(Recipe(widths=(784, 5), rate_decay="linear", **settings), 20, 1)
    schedule.layers, schedule.phase, schedule.epoch = 2, 1, 5
    assert schedule.phase_epochs == 10 and schedule.rate_factor() == 0.5
    assert schedule.total_steps == 3 + 10


def test_images_move_down_and_right_not_the_other_way_round():
    image = torch.zeros(1, 25)
    image[0, 5 * 2 + 2] = 1  # row 2, column 2
    place = lambda picture: divmod(int(picture.argmax()), 5)
    assert place(moved(image, 1, 0)) == (3, 2) and place(moved(image, 0, 1)) == (2, 3)
    assert place(moved(image, -2, 1)) == (0, 3)
    places = [place(copy) for copy in all_moves(image, 1)]
    assert sorted(places) == [(row, column) for row in (1, 2, 3) for column in (1, 2, 3)]
    generator, again = seeded(), seeded()
    down, right = torch.randint(-2, 3, (2, 50, 1), generator=again)
    shifted = randomly_shifted(image.repeat(50, 1), 2, each=True, generator=generator)
    wanted = [(2 + int(d), 2 + int(r)) for d, r in zip(down, right)]
    assert [place(one) for one in shifted] == wanted


def test_the_strength_maximum_is_that_of_the_brightest_not_of_the_largest(few):
    dark = Split(few.images - 3, few.labels)  # -3 .. -2
    recipe = Recipe(widths=(784, 5), label_strength="maximum")
    assert train(recipe.network(), dark, recipe).net.label_strength == pytest.approx(-2)


def test_growth_ends_where_the_gain_is_just_reached(few, monkeypatch):
    settings = {"schedule": "greedy", "growth": "training", "growth_width": 4, "growth_epochs": 1}
    for gain, layers in ((0.5, 1), (0.49, 2)):
        recipe = Recipe(widths=(784, 5), epochs=1, growth_gain=gain, max_layers=2, **settings)
        monkeypatch.setattr("ffteach.training.error_rate", lambda net, split: 0.5)
        assert len(train(recipe.network(), few, recipe).finish().layers) == layers


def test_labels_of_other_images_come_from_the_first_to_the_last():
    labels = torch.arange(10)
    generator = seeded()
    drawn = torch.cat([labels_of_other_images(labels, generator=generator) for _ in range(40)])
    assert set(drawn.tolist()) == set(range(10))


@pytest.mark.parametrize("scale, length", [("unit-length", 1.0), ("mean-square-1", 30**0.5)])
def test_rescaled_activities_use_the_layers_own_epsilon(scale, length):
    net = FFNet([784, 30, 20], row_scale=scale, epsilon=0.5, generator=seeded())
    x = torch.rand(6, 784, generator=seeded()) * 0.01
    h = net.layers[0](x)
    wanted = h * length / (h.norm(dim=1, keepdim=True) + 0.5)
    torch.testing.assert_close(features(net, x, layers=[0]), wanted)
    torch.testing.assert_close(net.layers[1].rescale(h), wanted)


def test_the_validation_share_is_rounded_to_tens_and_not_cut_off():
    for share, held_out in ((0.0016, 20), (0.1667, 1670)):
        data = Recipe(validation_share=share).load_data()
        assert len(data.validation.labels) == held_out


@pytest.mark.filterwarnings("error")
def test_images_whose_gradient_is_wanted_are_looked_at_without_a_warning(inky):
    inky.requires_grad_()
    labels = torch.arange(12) % 10
    overlay_label(inky, labels).sum().backward()
    assert (inky.grad[:, 10:] == 1).all() and not inky.grad[:, :10].any()
    LinearProbe(0.1).fit(inky, labels)
    train(FFNet([784, 5]), Split(inky, labels), Recipe(widths=(784, 5), epochs=1)).finish()
