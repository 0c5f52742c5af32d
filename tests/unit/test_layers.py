"""Goodness and the losses against their formulas; the layer's row scale and start; the network as a
PyTorch module."""

import copy
import io
import math

import pytest
import torch
import torch.nn.functional as F

from ffteach import FFLayer, FFNet, ff_loss, goodness, pairwise_loss

VALUES = torch.linspace(0, 6, 40, dtype=torch.float64)


def losses(g_pos, g_neg, temperature=1.0):
    return {
        "threshold": ff_loss(g_pos, g_neg, 2.0, temperature),
        "pairwise": pairwise_loss(g_pos, g_neg, temperature),
    }


# ---- goodness and losses


def test_goodness_is_the_mean_of_the_squares():
    h = torch.tensor([[1.0, 2.0, 3.0, 0.0], [0.0, 0.0, 0.0, 4.0]])
    assert goodness(h).tolist() == [14 / 4, 16 / 4]


def test_goodness_is_never_negative_not_even_for_negative_data():
    assert (goodness(torch.randn(50, 20)) >= 0).all() and goodness(torch.zeros(3, 20)).tolist() == [
        0,
        0,
        0,
    ]


@pytest.mark.parametrize("threshold, temperature", [(2.0, 1.0), (0.5, 1.0), (2.0, 0.2), (0.0, 3.0)])
def test_losses_follow_their_formulas(threshold, temperature):
    g_pos, g_neg = VALUES, VALUES.flip(0) * 0.7
    plain_pos = torch.log(1 + torch.exp((threshold - g_pos) / temperature)).mean()
    plain_neg = torch.log(1 + torch.exp((g_neg - threshold) / temperature)).mean()
    torch.testing.assert_close(
        ff_loss(g_pos, g_neg, threshold, temperature), (plain_pos + plain_neg) / 2
    )
    plain = torch.log(1 + torch.exp(-(g_pos - g_neg) / temperature)).mean()
    torch.testing.assert_close(pairwise_loss(g_pos, g_neg, temperature), plain)


def test_losses_default_to_threshold_2_and_temperature_1():
    assert ff_loss(VALUES, VALUES / 2) == ff_loss(VALUES, VALUES / 2, 2.0, 1.0)
    assert pairwise_loss(VALUES, VALUES / 2) == pairwise_loss(VALUES, VALUES / 2, 1.0)


def test_the_loss_is_the_binary_cross_entropy_of_the_logit_goodness_minus_threshold():
    logits = torch.cat([VALUES - 2, VALUES * 0.7 - 2])
    targets = torch.cat([torch.ones_like(VALUES), torch.zeros_like(VALUES)])
    torch.testing.assert_close(
        ff_loss(VALUES, VALUES * 0.7, 2.0), F.binary_cross_entropy_with_logits(logits, targets)
    )


def test_losses_are_always_positive():
    for low, high in ((VALUES * 0, VALUES), (VALUES, VALUES * 0)):
        assert all(loss > 0 for loss in losses(low, high).values())


@pytest.mark.parametrize("name", ["threshold", "pairwise"])
def test_losses_fall_with_positive_and_rise_with_negative_goodness(name):
    g_pos, g_neg = VALUES.clone().requires_grad_(), VALUES.flip(0).clone().requires_grad_()
    losses(g_pos, g_neg)[name].backward()
    assert (g_pos.grad < 0).all() and (g_neg.grad > 0).all()


def test_summed_goodness_is_mean_goodness_at_another_temperature_not_at_another_threshold():
    units, theta = 500, 0.3
    g_pos, g_neg = VALUES / 10, VALUES.flip(0) / 20
    summed = ff_loss(units * g_pos, units * g_neg, units * theta)
    torch.testing.assert_close(summed, ff_loss(g_pos, g_neg, theta, 1 / units))
    assert all(
        (summed - ff_loss(g_pos, g_neg, other)).abs() > 0.1 for other in (theta, units * theta)
    )


@pytest.mark.parametrize("name", ["threshold", "pairwise"])
@pytest.mark.parametrize(
    "g_pos, g_neg", [(0.0, 1e4), (1e4, 0.0), (1e4, 1e4), (88.73 + 2, 0.0), (0.0, 88.73 + 2)]
)
@pytest.mark.parametrize("temperature", [1.0, 0.05])
def test_losses_and_gradients_stay_finite_at_extreme_goodness(name, g_pos, g_neg, temperature):
    values = torch.tensor(
        [g_pos, g_neg], requires_grad=True
    )  # float32, where log(1 + exp(x)) overflows from 88.73
    loss = losses(values[:1], values[1:], temperature)[name]
    loss.backward()
    assert loss.isfinite() and values.grad.isfinite().all()
    assert loss < 2e4 / temperature
    if g_neg > g_pos:
        torch.testing.assert_close(
            loss.item(),
            (g_neg - 2 if name == "threshold" else g_neg)
            / temperature
            / (1 + (name == "threshold")),
            rtol=0.02,
            atol=2 / temperature,
        )


# ---- the layer


@pytest.mark.parametrize(
    "row_scale, length", [("mean-square-1", math.sqrt(784)), ("unit-length", 1.0)]
)
def test_rows_get_the_promised_length(few, row_scale, length):
    rows = FFLayer(784, 5, row_scale=row_scale).rescale(few.images)
    torch.testing.assert_close(rows.norm(dim=1), torch.full((200,), length))
    torch.testing.assert_close(F.cosine_similarity(rows, few.images), torch.ones(200))
    if row_scale == "mean-square-1":
        torch.testing.assert_close(goodness(rows), torch.ones(200))


@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
def test_an_all_zero_row_stays_zero(row_scale):
    layer = FFLayer(20, 5, row_scale=row_scale, init="torch")
    zeros = torch.zeros(2, 20)
    assert torch.equal(layer.rescale(zeros), zeros)
    torch.testing.assert_close(layer(zeros), layer.bias.relu().expand(2, -1))


def test_epsilon_is_added_to_the_length_of_the_row():
    x = torch.tensor([[3.0, 4.0]])
    torch.testing.assert_close(
        FFLayer(2, 1, row_scale="unit-length", epsilon=1.0).rescale(x), x / 6
    )


@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
@pytest.mark.parametrize("factor", [0.01, 3.0, 1000.0])
def test_a_layer_cannot_see_the_length_of_its_input_which_is_the_goodness_below(
    few, row_scale, factor
):
    layer = FFLayer(784, 30, row_scale=row_scale)
    torch.testing.assert_close(layer(few.images * factor), layer(few.images), rtol=1e-4, atol=1e-4)


def test_a_layer_is_a_rescaling_a_linear_map_and_a_relu(few):
    layer = FFLayer(784, 30, init="torch", row_scale="unit-length")
    x = few.images.double()
    z = (
        x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-6) @ layer.weight.double().T
        + layer.bias.double()
    )
    torch.testing.assert_close(layer(few.images), z.clamp(min=0).float())
    assert layer(few.images).min() == 0 and (z < 0).any()


def test_init_normal_draws_weights_and_biases_from_the_standard_normal():
    layer = FFLayer(300, 400, init="normal")
    for values, error in ((layer.weight, 0.02), (layer.bias, 0.25)):
        assert abs(values.mean()) < error and abs(values.std() - 1) < error
    assert (
        0.67 < (layer.weight.abs() < 1).float().mean() < 0.70
    )  # normal: 0.683, uniform of that deviation: 0.577


def test_init_fan_in_draws_weights_of_variance_1_over_fan_in_and_no_biases():
    layer = FFLayer(300, 400, init="fan-in")
    assert abs(layer.weight.mean()) < 0.002 and abs(layer.weight.std() * math.sqrt(300) - 1) < 0.02
    assert 0.67 < (layer.weight.abs() < 1 / math.sqrt(300)).float().mean() < 0.70
    assert (layer.bias == 0).all()


def test_init_torch_is_that_of_nn_linear():
    torch.manual_seed(5)
    plain = torch.nn.Linear(300, 40)
    torch.manual_seed(5)
    ours = FFLayer(300, 40, init="torch")
    torch.testing.assert_close(ours.weight, plain.weight)
    torch.testing.assert_close(ours.bias, plain.bias)


@pytest.mark.parametrize(
    "options, start", [({}, 0.5), (dict(init="torch", row_scale="unit-length"), 1 / (3 * 784))]
)
def test_goodness_at_the_start(few, options, start):
    """fan-in: z is N(0, 1), half of it cut by the ReLU. Published: weights and bias each of
    variance 1/(3 x 784), halved."""
    g = (
        goodness(
            FFLayer(784, 2000, generator=torch.Generator().manual_seed(0), **options)(few.images)
        )
        .mean()
        .item()
    )
    assert g == pytest.approx(start, rel=0.15)


@pytest.mark.parametrize("init", ["fan-in", "torch", "normal"])
def test_a_generator_makes_the_start_reproducible_and_leaves_the_global_one_alone(init):
    before = torch.get_rng_state()
    first, again, other = (
        FFLayer(30, 20, init=init, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.weight, again.weight) and torch.equal(first.bias, again.bias)
    assert not torch.equal(first.weight, other.weight)


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        ((0, 5), {}, "in_features=0"),
        ((5, -1), {}, "out_features=-1"),
        ((5, 2.0), {}, "out_features=2.0.*whole number"),
        ((True, 5), {}, "in_features=True"),
        (("784", 5), {}, "in_features='784'"),
        ((5, 5), dict(row_scale="l2"), "row_scale='l2'.*'mean-square-1', 'unit-length'"),
        ((5, 5), dict(init="xavier"), "init='xavier'.*'fan-in', 'torch', 'normal'"),
    ],
)
def test_a_layer_refuses_bad_options_by_name(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        FFLayer(*arguments, **options)


# ---- the network


def test_a_network_gives_the_activities_of_every_layer(few, make_net):
    net = make_net(30, 20, 10)
    activities = net(few.images)
    assert [h.shape for h in activities] == [(200, 30), (200, 20), (200, 10)]
    x = few.images
    for layer, h in zip(net.layers, activities):
        x = layer(x)
        assert torch.equal(h, x)
    assert net.widths == [784, 30, 20, 10]


def test_every_layer_is_registered(make_net):
    net = make_net(30, 20)
    shapes = [tuple(p.shape) for p in net.parameters()]
    assert shapes == [(30, 784), (30,), (20, 30), (20,)]
    assert len([name for name in net.state_dict() if "weight" in name]) == 2
    assert {p.dtype for p in net.to(torch.float64).parameters()} == {torch.float64}
    assert {p.device.type for p in net.to("meta").parameters()} == {
        "meta"
    } and net.device == torch.device("meta")


def test_train_and_eval_are_those_of_every_module(make_net):
    net = make_net(30, 20)
    assert net.training and net.eval() is net and not any(layer.training for layer in net.layers)
    assert net.train() is net and all(layer.training for layer in net.layers)


@pytest.mark.parametrize("strength", [4.0, 0.5, "maximum"])
def test_state_dict_round_trip_through_a_file_keeps_weights_and_label_strength(
    few, make_net, strength
):
    net, other = make_net(30, 20, label_strength=strength), make_net(30, 20, seed=1)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert other.label_strength == strength
    assert torch.equal(other(few.images)[-1], net(few.images)[-1])


@pytest.mark.parametrize("options", [dict(row_scale="unit-length"), dict(epsilon=1e-4)])
def test_weights_of_a_network_with_other_row_lengths_are_refused(make_net, options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name}={value!r}, this one has"):
        make_net(30).load_state_dict(make_net(30, **options).state_dict())


def test_a_new_layer_goes_on_top_with_the_networks_options(few, make_net):
    net = make_net(30, row_scale="unit-length", init="normal", epsilon=0.5).double()
    old = copy.deepcopy(net.state_dict())
    layer = net.add_layer(15, generator=torch.Generator().manual_seed(0))
    assert (
        net.layers[-1] is layer and net.widths == [784, 30, 15] and len(list(net.parameters())) == 4
    )
    assert (layer.row_scale, layer.init, layer.epsilon, layer.weight.dtype) == (
        "unit-length",
        "normal",
        0.5,
        torch.float64,
    )
    assert all(
        torch.equal(net.state_dict()[name], old[name])
        for name in old
        if "weight" in name or "bias" in name
    )
    assert [h.shape[1] for h in net(few.images.double())] == [30, 15]
    again = make_net(30).add_layer(15, generator=torch.Generator().manual_seed(0))
    assert again.init == "fan-in" and again.weight.dtype == torch.float32


def test_a_new_layer_follows_the_networks_device(make_net):
    assert make_net(30).to("meta").add_layer(15).weight.device.type == "meta"


def test_networks_share_nothing_that_a_new_layer_could_change(make_net):
    widths = [784, 30]
    net, twin = FFNet(widths), FFNet(widths)
    net.add_layer(15)
    assert widths == [784, 30] and len(twin.layers) == 1 and FFNet(widths).widths == [784, 30]


def test_layers_start_differently(make_net):
    first, second = make_net(784, 784).layers
    assert not torch.equal(first.weight, second.weight)


def test_repr_teaches(make_net):
    shown = repr(make_net(30, 20, label_strength=4.0))
    for word in (
        "784 -> 30",
        "30 -> 20",
        "mean-square-1",
        "fan-in",
        "goodness",
        "strength 4.0",
        "pixels 0..9",
    ):
        assert word in shown, word


@pytest.mark.parametrize(
    "widths, options, error, message",
    [
        ([784], {}, ValueError, r"widths=\[784\].*such as \[784, 500\]"),
        ([], {}, ValueError, r"widths=\[\]"),
        ([784, 0], {}, ValueError, "out_features=0"),
        ([784, 10.5], {}, ValueError, "10.5"),
        ([784, 10], dict(label_strength="max"), ValueError, "label strength is 'max'.*'maximum'"),
        ([784, 10], dict(row_scale="l2"), ValueError, "row_scale"),
        ([784, 10], dict(epsilon=-1.0), ValueError, r"epsilon=-1.0.*1e-30..1"),
        ([784, 10], dict(epsilon=float("nan")), ValueError, "epsilon=nan"),
        (784, {}, ValueError, r"widths=784.*such as \[784, 500\]"),
    ],
)
def test_a_network_refuses_what_cannot_work(widths, options, error, message):
    with pytest.raises(error, match=message):
        FFNet(widths, **options)
