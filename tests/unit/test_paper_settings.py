"""The settings of the paper's recipes, each against plain autograd or plain code: softmax head,
peer normalisation, pixel dropout, bfloat16."""

import math

import pytest
import reference
import torch
import torch.nn.functional as F

from ffteach import Recipe, error_rate, layer_error_rates, pairs, train, wrong_labels
from ffteach.device import matrix_dtype
from ffteach.head import WEIGHT_COST, head_gradient, head_inputs
from ffteach.inference import predict_one_pass
from ffteach.layers import LOSSES, Rows
from ffteach.overlay import SharedOverlay, split_overlay
from ffteach.runs.recipes import RECIPES
from ffteach.runs.report import run_recipe

STRENGTH = 3.0
SMALL = Recipe(
    widths=(784, 30, 20, 25),
    label_strength=STRENGTH,
    batch_size=50,
    epochs=2,
    optimiser="sgd",
    momentum=0.0,
    temperature=0.5,
)
WITH_HEAD = SMALL.but(head=True, negatives="hard", hard_by="head", uniform_epochs=0)


def overlay_of(net, images):
    return SharedOverlay(net.layers[0], *split_overlay(net.layers[0], images, net.label_strength))


def plain_neutral(images):
    """All ten label pixels at a tenth of the label's brightness."""
    return torch.cat(
        [torch.full((len(images), 10), STRENGTH / 10).to(images), images[:, 10:]], dim=1
    )


def plain_head_inputs(net, images):
    """The activities above the first layer, each row divided by its root mean square."""
    activities = reference.Reference(net, "mean-square-1", STRENGTH, double=True)
    x, seen = plain_neutral(images).double(), []
    for weight, bias in zip(activities.weights, activities.biases):
        x = torch.relu(activities.rescale(x) @ weight.T + bias)
        seen.append(activities.rescale(x))
    return torch.cat(seen[1:] or seen, dim=1).detach()


# ---- the softmax head


@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
@pytest.mark.parametrize("init", ["fan-in", "torch", "normal"])
def test_the_neutral_label_is_ten_dim_pixels_and_costs_no_product_of_its_own(
    few, make_net, row_scale, init
):
    net = make_net(30, row_scale=row_scale, init=init, label_strength=STRENGTH).requires_grad_(
        False
    )
    torch.testing.assert_close(
        overlay_of(net, few.images).neutral_activities(),
        net.layers[0](plain_neutral(few.images)),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize("widths", [(30,), (30, 20), (30, 20, 25)])
def test_the_head_reads_the_normalised_activities_of_all_layers_but_the_first(
    few, make_net, widths
):
    net = make_net(*widths, label_strength=STRENGTH, head=True).requires_grad_(False)
    seen = head_inputs(net, overlay_of(net, few.images))
    assert net.head.weight.shape == (10, seen.shape[1]) and net.head.bias is None
    torch.testing.assert_close(
        seen.double(), plain_head_inputs(net, few.images), rtol=1e-3, atol=1e-4
    )


def test_the_heads_gradient_is_that_of_softmax_regression(few, make_net):
    net = make_net(30, 20, head=True).double()
    torch.nn.init.normal_(net.head.weight, generator=torch.Generator().manual_seed(0))
    seen = torch.randn(200, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (wanted,) = torch.autograd.grad(
        F.cross_entropy(seen @ net.head.weight.T, few.labels), net.head.weight
    )
    net.requires_grad_(False)
    for part, rows in enumerate((slice(0, 150), slice(150, 200))):
        head_gradient(
            net.head, seen[rows], few.labels[rows], share=(0.75, 0.25)[part], beta=int(part > 0)
        )
    torch.testing.assert_close(net.head.weight.grad, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("part", [1000, 30])
def test_training_moves_the_head_as_torch_would_and_draws_its_negatives_from_it(
    few, monkeypatch, part
):
    monkeypatch.setattr("ffteach.training.IMAGES_A_CHUNK", part)
    asked, original = [], pairs.draw_hard_labels

    def watched(scores, labels, hardness, *, generator):
        asked.append((scores, labels, hardness))
        return original(scores, labels, hardness, generator=generator)

    monkeypatch.setattr(pairs, "draw_hard_labels", watched)
    recipe = WITH_HEAD.but(rate_decay="none")
    net = recipe.network()
    head = torch.zeros(10, 45, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([head], lr=0.01, momentum=0.9, weight_decay=WEIGHT_COST)
    run = train(net, few, recipe)
    for _ in range(6):
        before = {
            name: value.clone()
            for name, value in net.state_dict().items()
            if name != "_extra_state"
        }
        plain = recipe.network()
        plain.load_state_dict(before | {"_extra_state": net.get_extra_state()})
        asked.clear()
        record = next(run)
        end = run.schedule.position or run.schedule.images
        rows = run.schedule.order[end - 50 : end]
        logits = plain_head_inputs(plain, few.images[rows]) @ head.T
        torch.testing.assert_close(
            torch.cat([scores for scores, _, _ in asked]).double(),
            logits.detach(),
            rtol=1e-3,
            atol=1e-4,
        )
        assert torch.equal(torch.cat([labels for _, labels, _ in asked]), few.labels[rows]) and {
            hardness for *_, hardness in asked
        } == {1.0}
        optimiser.zero_grad()
        F.cross_entropy(logits, few.labels[rows]).backward()
        optimiser.step()
        torch.testing.assert_close(net.head.weight.double(), head.detach(), rtol=1e-3, atol=1e-5)
    assert record.step == 6 and head.abs().max() > 0


def test_the_layers_never_feel_the_head(few):
    recipe = SMALL.but(negatives="uniform")
    with_head, without = recipe.but(head=True).network(), recipe.network()
    list(train(with_head, few, recipe.but(head=True))), list(train(without, few, recipe))
    assert all(torch.equal(a.weight, b.weight) for a, b in zip(with_head.layers, without.layers))


def test_one_pass_prediction_equals_the_plain_one_and_beats_chance(few):
    recipe = WITH_HEAD.but(optimiser="adam", epochs=15, temperature=0.05)
    net = recipe.network()
    list(train(net, few, recipe))
    plain = plain_head_inputs(net, few.images) @ net.head.weight.double().T
    predicted = predict_one_pass(net, few.images)
    assert (predicted == plain.argmax(dim=1)).double().mean() > 0.99
    assert (predicted == few.labels).double().mean() > 0.5


def test_a_network_without_a_head_cannot_predict_in_one_pass(few, make_net):
    with pytest.raises(ValueError, match="no softmax head.*head=True"):
        predict_one_pass(make_net(30, label_strength=STRENGTH), few.images)


def test_a_network_with_a_head_refuses_to_grow(make_net):
    with pytest.raises(ValueError, match="head=False"):
        make_net(30, head=True).add_layer(20)


@pytest.mark.parametrize(
    "settings",
    [
        dict(hard_by="head"),
        dict(head=True, schedule="greedy"),
        dict(head=True, negatives="hybrids"),
    ],
)
def test_a_head_that_cannot_work_is_refused(settings):
    with pytest.raises(ValueError, match="head=True"):
        Recipe(**settings)


# ---- peer normalisation


def plain_step_with_peers(net, images, labels, wrong, strength, means, rate):
    """One SGD step by autograd: the running mean minus the layer's mean is added to the gradient at
    z of every positive."""
    slow = reference.Reference(net, "mean-square-1", STRENGTH, double=True)
    x_pos, x_neg = (reference.overlay(images.double(), y, STRENGTH) for y in (labels, wrong))
    for index, (weight, bias) in enumerate(zip(slow.weights, slow.biases)):
        z_pos, z_neg = (slow.rescale(x) @ weight.T + bias for x in (x_pos, x_neg))
        x_pos, x_neg = torch.relu(z_pos), torch.relu(z_neg)
        loss = reference.loss(
            "threshold", reference.goodness(x_pos), reference.goodness(x_neg), 2.0, 0.5
        )
        means[index] = 0.9 * means.get(index, 0.5) + 0.1 * x_pos.detach().mean(dim=0)
        push = strength * (means[index] - means[index].mean())
        (loss + (z_pos * push).sum(dim=1).mean()).backward()
        x_pos, x_neg = x_pos.detach(), x_neg.detach()
        for parameter in (weight, bias):
            parameter.data -= rate * parameter.grad
    return slow


def test_peer_normalisation_adds_its_push_to_every_positive(few):
    recipe = SMALL.but(
        peer_normalisation=0.3, fresh_negatives=False, learning_rate=0.1, rate_decay="none"
    )
    net, means = recipe.network().double(), {}
    data = type(few)(few.images.double(), few.labels)
    run = train(net, data, recipe)
    for _ in range(5):
        before = recipe.network().double()
        before.load_state_dict(net.state_dict())
        next(run)
        end = run.schedule.position or run.schedule.images
        rows = run.schedule.order[end - 50 : end]
        slow = plain_step_with_peers(
            before, data.images[rows], data.labels[rows], run.pairs.fixed[rows], 0.3, means, 0.1
        )
        assert slow.difference(net) < 1e-10


def test_peer_normalisation_wakes_a_dead_unit_and_a_loss_on_the_mean_would_not(few):
    recipe = SMALL.but(widths=(784, 30), peer_normalisation=0.03, learning_rate=0.1)
    net = recipe.network()
    net.layers[0].bias.data[0] = -50.0  # silent whatever it sees
    next(train(net, few, recipe))
    risen = net.layers[0].bias[0].item() + 50
    assert risen > 1e-6  # as a loss its gradient would be gated by the ReLU: exactly 0
    without = recipe.but(peer_normalisation=0.0).network()
    without.layers[0].bias.data[0] = -50.0
    next(train(without, few, recipe.but(peer_normalisation=0.0)))
    assert without.layers[0].bias[0].item() == -50.0


# ---- pixel dropout


def test_pixel_dropout_hides_the_same_pixels_of_a_pair_and_other_ones_each_time(few):
    images = torch.ones_like(few.images)
    recipe = SMALL.but(pixel_dropout=0.3)
    run = train(recipe.network(), type(few)(images, few.labels), recipe)
    rows = torch.arange(200)
    first, second = (run.pairs(rows, epoch=0).inputs for _ in range(2))
    hidden = first.overlay.shared.x[:, 10:] == 0
    assert hidden.double().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (hidden != (second.overlay.shared.x[:, 10:] == 0)).double().mean() > 0.3
    for inputs in (
        first,
        second,
    ):  # the pair shares one row but for its label; that row has mean square 1
        shared, ink = inputs.overlay.shared.x, inputs.overlay.ink
        square_sum = shared.square().sum(dim=1) + ink.squeeze(1).square()
        torch.testing.assert_close(square_sum, torch.full((200,), 784.0), rtol=1e-4, atol=0)
        assert (inputs.codes[0].argmax(dim=1) == few.labels).all()
    assert (images == 1).all()


# ---- bfloat16


def test_bfloat16_products_give_the_gradient_to_bfloat16s_precision(few, make_net):
    net = make_net(60, 40).requires_grad_(False)
    labels, wrong = few.labels, wrong_labels(few.labels, generator=torch.Generator().manual_seed(1))
    expected = reference.Reference(net, "mean-square-1", STRENGTH, double=True).gradients(
        few.images, labels, wrong, "pairwise", 2.0, 0.5
    )
    shared, ink = split_overlay(net.layers[0], few.images, STRENGTH)
    overlay, g = SharedOverlay(net.layers[0], shared.bfloat16(), ink), None
    inputs = overlay.with_labels(labels, wrong)
    for layer, wanted in zip(net.layers, expected):
        if g is not None:
            inputs = Rows((h * layer.row_factor(g)).bfloat16())  # noqa: F821
        h = layer.activities(inputs)
        assert h.dtype == torch.float32
        g = h.square().mean(dim=1)
        _, slopes = LOSSES["pairwise"].and_slopes(g, 2.0, 0.5)
        for part in range(2):  # a second time on top of the first: twice the gradient
            layer.local_gradient(inputs, h, slopes, beta=part)
        for gradient, exact in zip((layer.weight.grad, layer.bias.grad), wanted):
            assert gradient.dtype == torch.float32
            error = (gradient.double() / 2 - exact).norm() / exact.norm()
            assert 0 < error < 0.02  # bfloat16 keeps 8 bits: one part in 256


@pytest.mark.parametrize("negatives", ["hard", "hybrids"])
def test_bfloat16_is_used_where_the_machine_has_it_and_learns_the_same(few, monkeypatch, negatives):
    recipe = SMALL.but(negatives=negatives, optimiser="adam", epochs=10, precision="bfloat16")
    ends = []
    for able in (False, True):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able, raising=False)
        net = recipe.network()
        run = train(net, few, recipe)
        assert run.pairs.dtype == (torch.bfloat16 if able else torch.float32)
        *_, last = run.epoch_records()
        assert next(net.parameters()).dtype == torch.float32
        ends.append(last.loss)
    assert ends[0] != ends[1] and ends[1] == pytest.approx(ends[0], rel=0.15)


@pytest.mark.parametrize("fresh", [True, False])
def test_with_the_greedy_schedule_the_products_of_all_layers_are_in_bfloat16(
    few, monkeypatch, fresh
):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    seen, product = set(), Rows.product

    def watched(rows, layer):
        seen.add((layer, rows.x.dtype))
        return product(rows, layer)

    monkeypatch.setattr(Rows, "product", watched)
    recipe = SMALL.but(schedule="greedy", epochs=1, fresh_negatives=fresh, precision="bfloat16")
    net = train(recipe.network(), few, recipe).finish()
    assert seen == {(layer, torch.bfloat16) for layer in net.layers} and len(net.layers) > 1


@pytest.mark.parametrize("has", [True, False])
def test_matrix_products_are_float32_unless_asked_and_able(monkeypatch, has):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has, raising=False)
    assert matrix_dtype("float32", "cpu") == torch.float32
    assert matrix_dtype("bfloat16", "cpu") == (torch.bfloat16 if has else torch.float32)
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")  # an older torch
    assert matrix_dtype("bfloat16", "cpu") == torch.float32


def test_a_network_of_float64_keeps_its_precision(few):
    recipe = SMALL.but(precision="bfloat16")
    assert (
        train(
            recipe.network().double(), type(few)(few.images.double(), few.labels), recipe
        ).pairs.dtype
        == torch.float64
    )


# ---- schedule, prediction, resumption


def test_linear_decay_falls_from_the_first_step_to_the_last(few):
    run = train(SMALL.network(), few, SMALL.but(rate_decay="linear"))
    factors = []
    for _ in range(8):
        factors.append(run.schedule.rate_factor())
        next(run)
    assert factors == pytest.approx([1 - step / 8 for step in range(8)])


def test_the_report_leaves_the_first_layer_out_where_the_recipe_says_so(monkeypatch, digits):
    recipe = SMALL.but(first_layer_counts=False, head=True)
    monkeypatch.setattr(Recipe, "load_data", lambda self, *arguments, **options: digits)
    report, net, _ = run_recipe(recipe)
    assert (
        report.test_error == error_rate(net, digits.test, layers=[1, 2])
        and len(report.layer_test_errors) == 3
    )
    wrong = predict_one_pass(net, digits.test.images) != digits.test.labels
    assert report.softmax_test_error == pytest.approx(wrong.double().mean().item())
    assert f"softmax head {report.softmax_test_error:.2%}" in str(report)


@pytest.mark.parametrize("first_layer_counts", [True, False])
def test_the_errors_of_a_recipe_with_predict_shift_are_those_of_moved_images(first_layer_counts):
    recipe = SMALL.but(
        predict_shift=1,
        validation_share=0.1,
        train_images=500,
        first_layer_counts=first_layer_counts,
    )
    report, net, data = run_recipe(recipe)
    layers = [0, 1, 2] if first_layer_counts else [1, 2]
    for split, error in zip(data, (report.train_error, report.validation_error, report.test_error)):
        assert error == error_rate(net, split, layers=layers, shift=1)
    assert report.layer_test_errors == layer_error_rates(net, data.test, shift=1)
    assert report.test_error != error_rate(
        net, data.test, layers=layers
    ) and report.layer_test_errors != layer_error_rates(net, data.test)


def test_a_probe_reads_no_moved_images():
    with pytest.raises(ValueError, match="predict_shift averages goodness"):
        SMALL.but(negatives="hybrids", predict_shift=1)


def test_the_first_layer_counts_where_it_is_the_only_one(make_net):
    recipe = SMALL.but(first_layer_counts=False)
    assert [
        recipe.counted_layers(make_net(*widths)) for widths in ((30,), (30, 20), (30, 20, 25))
    ] == [[0], [1], [1, 2]]
    assert SMALL.counted_layers(make_net(30, 20)) == [0, 1]


def test_a_run_with_every_setting_is_rewound_to_the_bit(few):
    recipe = WITH_HEAD.but(
        peer_normalisation=0.03, pixel_dropout=0.2, momentum=0.9, precision="bfloat16", shift=1
    )
    net = recipe.network()
    run = train(net, few, recipe)
    for _ in range(3):
        next(run)
    state = run.state_dict()
    ends = []
    for rewound in (False, True):  # first as if there had been no rewinding
        if rewound:
            run.load_state_dict(state)
        list(run)
        ends.append([parameter.detach().clone() for parameter in net.parameters()])
    assert len(ends[0]) == 7 and all(torch.equal(a, b) for a, b in zip(*ends))


def test_the_official_recipe_is_the_matlab_code():
    recipe = RECIPES["official"]
    assert (
        recipe.widths == (784, 1000, 1000, 1000)
        and not recipe.first_layer_counts
        and recipe.batch_size == 100
        and recipe.epochs == 100
    )
    assert (
        recipe.temperature == pytest.approx(1 / 1000)
        and recipe.threshold == 1
        and recipe.loss == "threshold"
    )
    assert (recipe.optimiser, recipe.momentum, recipe.learning_rate, recipe.weight_decay) == (
        "sgd",
        0.9,
        1e-3,
        1e-3,
    )
    assert (recipe.peer_normalisation, recipe.hard_by, recipe.head, recipe.label_strength) == (
        0.03,
        "head",
        True,
        1.0,
    )
    assert (recipe.uniform_epochs, recipe.rate_decay, recipe.row_scale, recipe.init) == (
        0,
        "second half",
        "mean-square-1",
        "fan-in",
    )
    assert math.isclose(recipe.learning_rate, 0.01 * (1 - recipe.momentum))
