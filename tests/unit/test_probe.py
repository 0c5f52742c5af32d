"""Features and probes against plain formulas, autograd and Newton's method; what a probe's error
must be compared with."""

import copy
import dataclasses
import json
import math

import pytest
import torch
import torch.nn.functional as F

import ffteach.__main__ as command_line
from ffteach import (
    RECIPES,
    Digits,
    LinearProbe,
    PublishedProbe,
    Recipe,
    Split,
    baselines,
    features,
    probe,
    train,
)
from ffteach.data import hold_out
from ffteach.runs import report


def clouds(each=30, width=12, spread=2.0, seed=0, dtype=torch.float32):
    """Ten overlapping clouds of points, `each` of every digit, in random order: features `(10 *
    each, width)` and labels."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(10).repeat(each)[torch.randperm(10 * each, generator=generator)]
    centres = torch.randn(10, width, generator=torch.Generator().manual_seed(99))
    return (centres[labels] + spread * torch.randn(10 * each, width, generator=generator)).to(
        dtype
    ), labels


def rescaled(h, row_scale, epsilon=1e-6):
    """The rows of `h` at a row scale, one by one."""
    rows = [row / (sum(value**2 for value in row.tolist()) ** 0.5 + epsilon) for row in h]
    return torch.stack(rows) * (1 if row_scale == "unit-length" else h.shape[1] ** 0.5)


# ---- features


@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
@pytest.mark.parametrize("init", ["fan-in", "torch", "normal"])
def test_features_are_the_networks_activities_at_the_row_scale_of_the_next_layer(
    few, make_net, row_scale, init
):
    net, images = make_net(30, 20, 25, init=init, row_scale=row_scale), few.images[:40]
    activities = net(images)
    seen = features(net, images)
    assert seen.shape == (40, 45)  # all but the first layer
    torch.testing.assert_close(
        seen, torch.cat([rescaled(h, row_scale) for h in activities[1:]], dim=1)
    )
    torch.testing.assert_close(
        seen[:, :20], net.layers[2].rescale(activities[1])
    )  # exactly what the next layer sees
    torch.testing.assert_close(
        features(net, images, normalised=False), torch.cat(activities[1:], dim=1)
    )


@pytest.mark.parametrize("layers", [[0], [1], [2], [0, 1, 2], [2, 0], (1,), range(2)])
def test_layers_chooses_whose_activities_and_in_which_order(few, make_net, layers):
    net = make_net(30, 20, 25)
    activities = net(few.images)
    torch.testing.assert_close(
        features(net, few.images, layers=layers, normalised=False),
        torch.cat([activities[index] for index in layers], dim=1),
    )
    wanted = torch.cat([rescaled(activities[index], "mean-square-1") for index in layers], dim=1)
    torch.testing.assert_close(features(net, few.images, layers=layers), wanted)


def test_a_single_layer_is_not_left_out(few, make_net):
    net = make_net(30)
    torch.testing.assert_close(features(net, few.images, normalised=False), net(few.images)[0])


def test_normalised_features_do_not_carry_the_goodness(few, make_net):
    net = make_net(30, 20)
    goodness = features(net, few.images).square().mean(dim=1)
    torch.testing.assert_close(goodness, torch.ones(200), rtol=1e-4, atol=0)
    assert features(net, few.images, normalised=False).square().mean(dim=1).std() > 0.01


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
def test_images_go_through_in_batches_without_changing_the_result(
    few, make_net, monkeypatch, batch
):
    net, sizes = make_net(30, 20), []
    whole = features(net, few.images)
    net.layers[0].register_forward_hook(lambda layer, inputs, output: sizes.append(len(output)))
    monkeypatch.setattr(probe, "ROWS_AT_ONCE", batch)
    torch.testing.assert_close(features(net, few.images), whole)
    assert max(sizes) <= batch and sum(sizes) == 200


def test_features_keep_no_graph_and_change_nothing(few, make_net):
    net = make_net(30, 20)
    before, images = copy.deepcopy(net.state_dict()), few.images.clone()
    seen = features(net, few.images)
    assert not seen.requires_grad and torch.equal(images, few.images)
    assert all(
        torch.equal(before[name], value)
        for name, value in net.state_dict().items()
        if "extra" not in name
    )


@pytest.mark.parametrize("layers", [[], [3], [-1], [0, 0], [0, 5], 1, ["a"]])
def test_bad_layers_are_refused_with_what_is_allowed(few, make_net, layers):
    with pytest.raises(ValueError, match="layers=.*from 0 to 2, at least one"):
        features(make_net(30, 20, 25), few.images, layers=layers)


def test_bad_images_are_refused(few, make_net):
    net = make_net(30, 20)
    with pytest.raises(
        ValueError, match="images have 100 pixels, but the network's first layer takes 784"
    ):
        features(net, few.images[:, :100])
    with pytest.raises(ValueError, match="NaN"):
        features(net, few.images * math.nan)
    with pytest.raises(TypeError, match="images are torch.uint8"):
        features(net, (few.images * 255).byte())


# ---- the loss


@pytest.mark.parametrize("count", [1, 255, 256, 257, 600])
def test_cross_entropy_and_its_gradients_equal_autograds(count):
    x, labels = (part[:count] for part in clouds(60, dtype=torch.float64))
    weight, bias = (
        torch.randn(10, 12, dtype=torch.float64, requires_grad=True),
        torch.randn(10, dtype=torch.float64, requires_grad=True),
    )
    wanted = F.cross_entropy(x @ weight.T + bias, labels)
    wanted.backward()
    with torch.no_grad():
        loss, *gradients = probe.cross_entropy(x, labels, weight, bias)
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    torch.testing.assert_close(gradients, [weight.grad, bias.grad])


def penalised(fitted, x, labels):
    """The loss that a probe should have minimised, with its parameters as leaves: `(loss, weight,
    bias)`, all in float64."""
    x = x.double()
    scale = (x - x.mean(dim=0)).square().mean().sqrt()
    weight, bias = (part.double().clone().requires_grad_() for part in (fitted.weight, fitted.bias))
    loss = (
        F.cross_entropy(x @ weight.T + bias, labels)
        + fitted.chosen_decay / 2 * (weight * scale).square().sum()
    )
    return loss, weight, bias


@pytest.mark.parametrize(
    "see, decay",
    [
        (lambda x: x, 1e-4),
        (lambda x: x, 1.0),
        (lambda x: 50 * x + 7, 1e-2),
        (lambda x: x / 300, 1e-2),
    ],
    ids=["weak decay", "strong decay", "large and far", "small"],
)
def test_the_probe_is_at_the_optimum_that_newtons_method_finds(decay, see):
    x, labels = clouds()
    fitted = LinearProbe(decay).fit(see(x), labels)
    loss, weight, bias = penalised(fitted, see(x), labels)
    assert fitted.training_loss == pytest.approx(loss.item(), rel=1e-5)
    # Newton from the start, in float64, on the same loss written out; the probabilities do not
    # depend on units
    mean, scale = x.double().mean(dim=0), (x - x.mean(dim=0)).double().square().mean().sqrt()
    z = torch.cat([(x.double() - mean) / scale, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)

    def objective(flat):
        w = flat.reshape(10, 13)
        return F.cross_entropy(z @ w.T, labels) + decay / 2 * w[:, :12].square().sum()

    w = torch.zeros(130, dtype=torch.float64)
    for _ in range(30):
        gradient, hessian = (
            torch.func.grad(objective)(w),
            torch.autograd.functional.hessian(objective, w),
        )
        w = (
            w - torch.linalg.lstsq(hessian + 1e-12 * torch.eye(130), gradient).solution
        )  # adding one number to all biases changes nothing
    assert torch.func.grad(objective)(w).abs().max() < 1e-10
    assert fitted.training_loss == pytest.approx(objective(w).item(), rel=1e-5)
    torch.testing.assert_close(
        fitted.scores(see(x)).softmax(dim=1).double(),
        (z @ w.reshape(10, 13).T).softmax(dim=1),
        rtol=0.05,
        atol=1e-3,
    )


def test_the_gradient_is_small_and_another_optimiser_finds_no_lower_loss(few):
    fitted = LinearProbe(1e-2).fit(few.images, few.labels)
    loss, weight, bias = penalised(fitted, few.images, few.labels)
    loss.backward()
    assert weight.grad.abs().max() < 1e-4 and bias.grad.abs().max() < 1e-4
    scale = (few.images - few.images.mean(dim=0)).square().mean().sqrt()
    w, b = torch.zeros(10, 784, requires_grad=True), torch.zeros(10, requires_grad=True)
    optimiser = torch.optim.Adam([w, b], lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 1500)
    for _ in range(1500):
        optimiser.zero_grad()
        other = (
            F.cross_entropy(few.images @ w.T + b, few.labels) + 5e-3 * (w * scale).square().sum()
        )
        other.backward()
        optimiser.step()
        schedule.step()
    assert fitted.training_loss == pytest.approx(loss.item(), rel=1e-5)
    assert fitted.training_loss <= other.item() * (1 + 1e-4)
    assert other.item() < fitted.training_loss * 1.05  # the other one was no straw man


def test_biases_are_free_so_that_features_without_information_give_the_share_of_each_digit():
    labels = torch.cat([torch.arange(10), torch.full((30,), 7)])
    for dead in (
        torch.zeros(40, 5),
        torch.full((40, 5), 3.0),
    ):  # as the activities of a network all of whose units are dead
        fitted = LinearProbe(1e-3).fit(dead, labels)
        share = fitted.scores(dead[:1]).softmax(dim=1)
        torch.testing.assert_close(share[0], labels.bincount() / 40, rtol=1e-2, atol=1e-3)
        assert fitted.predict(dead).unique().tolist() == [7] and fitted.error(
            dead, labels
        ) == pytest.approx(9 / 40)


@pytest.mark.parametrize("factor", [1e-12, 1e12, 1e25])
def test_units_of_the_features_do_not_matter(factor):
    x, labels = clouds()
    one, other = LinearProbe().fit(x, labels), LinearProbe().fit(x * factor, labels)
    assert one.chosen_decay == other.chosen_decay
    torch.testing.assert_close(one.scores(x), other.scores(x * factor), rtol=1e-2, atol=1e-2)


# ---- the weight decay


def test_the_weight_decay_is_chosen_on_held_out_training_data_and_the_probe_refitted_to_all():
    x, labels = clouds(40)
    fitted = LinearProbe().fit(x, labels)
    losses = fitted.validation_losses
    assert fitted.chosen_decay == min(losses, key=losses.get) and len(losses) >= 3
    rest, held_out = hold_out(Split(x, labels), 80)  # a fifth
    for decay, loss in losses.items():
        scores = LinearProbe(decay).fit(*rest).scores(held_out.images)
        assert F.cross_entropy(scores, held_out.labels).item() == pytest.approx(loss, rel=0.02), (
            decay
        )
    again = LinearProbe(fitted.chosen_decay).fit(x, labels)
    assert again.training_loss == pytest.approx(fitted.training_loss, rel=1e-4)
    torch.testing.assert_close(again.scores(x), fitted.scores(x), rtol=0.02, atol=0.02)


def test_noise_calls_for_strong_and_clear_classes_for_weak_decay():
    noise, labels = torch.randn(300, 40, generator=torch.Generator().manual_seed(1)), clouds()[1]
    assert LinearProbe().fit(noise, labels).chosen_decay >= 1
    x, labels = clouds(200, spread=0.5)
    assert LinearProbe().fit(x, labels).chosen_decay <= 1e-3
    assert LinearProbe(1e-3).fit(x, labels).validation_losses == {}


def test_held_out_images_are_a_fifth_and_leave_at_least_half_of_the_rarest_digit():
    even = torch.arange(10).repeat(50)
    assert probe._held_out_count(even) == 100
    assert probe._held_out_count(torch.cat([even, torch.full((500,), 3)])) == 200
    rare = torch.cat([even[even != 4], torch.tensor([4] * 5)])
    assert probe._held_out_count(rare) == 20  # two of the five


# ---- using it


def test_two_fits_give_the_same_bits_and_leave_the_global_generator_and_the_features_alone():
    x, labels = clouds()
    before, copied = torch.get_rng_state(), x.clone()
    one, other = LinearProbe().fit(x, labels), LinearProbe()
    other.fit(*clouds(seed=5))
    other.fit(x, labels)  # what it learnt before is forgotten
    assert torch.equal(one.weight, other.weight) and torch.equal(one.bias, other.bias)
    assert one.validation_losses == other.validation_losses
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(x, copied)


def test_it_predicts_the_most_probable_label_and_counts_errors():
    x, labels = clouds()
    fitted = LinearProbe(1e-2).fit(x, labels)
    scores = x @ fitted.weight.T + fitted.bias
    torch.testing.assert_close(fitted.scores(x), scores)
    assert fitted.predict(x).dtype == torch.int64 and torch.equal(
        fitted.predict(x), scores.argmax(dim=1)
    )
    wrong = sum(int(row.argmax()) != int(label) for row, label in zip(scores, labels))
    assert fitted.error(x, labels) == wrong / 300 and 0.05 < wrong / 300 < 0.5
    assert not fitted.weight.requires_grad and fitted.weight.grad is None


@pytest.mark.parametrize(
    "dtype, kept",
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_other_float_types_are_taken(dtype, kept):
    x, labels = clouds(dtype=dtype)
    fitted = LinearProbe(1e-2).fit(x, labels)
    assert fitted.weight.dtype == kept
    assert fitted.error(x, labels) == pytest.approx(
        LinearProbe(1e-2).fit(x.float(), labels).error(x.float(), labels), abs=0.01
    )


def test_it_learns_whatever_the_mode_of_autograd():
    x, labels = clouds()
    wanted = LinearProbe(1e-2).fit(x, labels).training_loss
    assert LinearProbe(1e-2).fit(x.clone().requires_grad_(), labels).training_loss == wanted
    with torch.no_grad():
        assert LinearProbe(1e-2).fit(x, labels).training_loss == wanted
    with torch.inference_mode():
        assert LinearProbe(1e-2).fit(x, labels).training_loss == pytest.approx(wanted)


X, LABELS = clouds()


@pytest.mark.parametrize(
    "make", [LinearProbe, lambda: PublishedProbe(steps=2)], ids=["linear", "published"]
)
@pytest.mark.parametrize(
    "x, labels, error, message",
    [
        (X.tolist(), LABELS, TypeError, "features are list"),
        (X.int(), LABELS, TypeError, "features are torch.int32"),
        (X[0], LABELS, ValueError, r"features have shape \(12,\), expected \(N, D\)"),
        (X.reshape(300, 3, 4), LABELS, ValueError, r"features have shape \(300, 3, 4\)"),
        (X[:0], LABELS[:0], ValueError, r"features have shape \(0, 12\)"),
        (X[:, :0], LABELS, ValueError, r"features have shape \(300, 0\)"),
        (X.where(X < 3, math.nan), LABELS, ValueError, "NaN or infinite"),
        (X.where(X < 3, math.inf), LABELS, ValueError, "NaN or infinite"),
        (X, LABELS[:-1], ValueError, r"labels have shape \(299,\), expected \(300,\)"),
        (X, LABELS.float(), TypeError, "labels are torch.float32"),
        (X, LABELS + 1, ValueError, "labels range from 1 to 10"),
        (X, LABELS.clamp(max=7), ValueError, "no row has the label 8, 9"),
    ],
)
def test_bad_training_data_are_refused(make, x, labels, error, message):
    fitted = make()
    with pytest.raises(error, match=message):
        fitted.fit(x, labels)
    with pytest.raises(ValueError, match="not learnt anything yet"):
        fitted.predict(X)


def test_too_few_images_to_hold_some_out_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="at least two rows of each digit.*weight_decay="):
        LinearProbe().fit(X[:10], torch.arange(10))
    LinearProbe(1e-2).fit(X[:10], torch.arange(10))
    LinearProbe().fit(X[:20], torch.arange(20) % 10)


@pytest.mark.parametrize("decay", [0, -1.0, math.nan, math.inf, "1e-3", True])
def test_a_bad_weight_decay_is_refused(decay):
    with pytest.raises(ValueError, match="weight_decay=.*above 0, or None"):
        LinearProbe(decay)


def test_other_features_than_it_was_fitted_to_are_refused():
    fitted = LinearProbe(1e-2).fit(X, LABELS)
    with pytest.raises(
        ValueError, match="features have 11 columns on cpu, but the probe was fitted to 12 on cpu"
    ):
        fitted.predict(X[:, 1:])
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict(X * math.nan)
    with pytest.raises(ValueError, match=r"labels have shape \(5,\)"):
        fitted.error(X, LABELS[:5])


@pytest.mark.parametrize(
    "make",
    [lambda: LinearProbe(1e-2), LinearProbe, lambda: PublishedProbe(steps=20)],
    ids=["fixed", "chosen", "published"],
)
def test_features_and_probes_work_on_another_device(gpu, few, make_net, make):
    net = make_net(30, 20)
    wanted = make().fit(features(net, few.images), few.labels)
    net, images, labels = net.to(gpu), few.images.to(gpu), few.labels.to(gpu)
    seen = features(net, images)
    fitted = make().fit(seen, labels)
    assert {
        part.device.type for part in (seen, fitted.weight, fitted.bias, fitted.predict(seen))
    } == {gpu.type}
    torch.testing.assert_close(fitted.training_loss, wanted.training_loss, rtol=1e-3, atol=0)
    assert abs(fitted.error(seen, labels) - wanted.error(seen.cpu(), few.labels)) < 0.02


def test_mixed_devices_are_refused_by_name(gpu, few, make_net):
    net, images, labels = make_net(30, 20), few.images.to(gpu), few.labels.to(gpu)
    fitted = LinearProbe(1e-2).fit(few.images, few.labels)
    for call in (
        lambda: features(net, images),
        lambda: LinearProbe().fit(images, few.labels),
        lambda: PublishedProbe().fit(few.images, labels),
        lambda: fitted.error(few.images, labels),
        lambda: fitted.predict(images),
    ):
        with pytest.raises(ValueError, match=rf"(on cpu.*on {gpu.type}:0|on {gpu.type}:0.*on cpu)"):
            call()


# ---- the published probe


def test_the_published_probe_is_adam_on_a_linear_layer_as_autograd_trains_it():
    x, labels = clouds(dtype=torch.float64)
    fitted = PublishedProbe(steps=60, seed=3).fit(x, labels)
    start = PublishedProbe(steps=1, learning_rate=1e-12, seed=3).fit(x, labels)
    assert (
        0.9 < start.weight.abs().max() * 12** 0.5 <= 1
        and start.weight.abs().mean() * 12** 0.5 == pytest.approx(0.5, abs=0.1)
    )
    linear = torch.nn.Linear(12, 10, dtype=torch.float64)
    with torch.no_grad():
        linear.weight.copy_(start.weight), linear.bias.copy_(start.bias)
    optimiser = torch.optim.Adam(linear.parameters(), lr=0.03)
    for _ in range(60):
        loss = F.cross_entropy(linear(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.testing.assert_close(fitted.weight, linear.weight.detach(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(fitted.bias, linear.bias.detach(), rtol=1e-6, atol=1e-6)
    assert fitted.training_loss == pytest.approx(loss.item(), rel=1e-6)


def test_the_published_probe_has_the_published_settings_and_a_seed():
    x, labels = clouds()
    assert (PublishedProbe().steps, PublishedProbe().learning_rate) == (2000, 0.03)
    one, again, other = (
        PublishedProbe(steps=5, seed=seed).fit(x, labels).weight for seed in (0, 0, 1)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)
    for steps in (0, -1, 2.0, True, "5"):
        with pytest.raises(ValueError, match="steps="):
            PublishedProbe(steps)


def test_too_few_steps_make_an_untrained_network_look_worse_than_it_is(sample):
    net = RECIPES["quick-unsupervised"].but(widths=(784, 200, 200)).network()
    train_split, test = sample.train.take(slice(0, 3000)), sample.test
    seen, unseen = features(net, train_split.images), features(net, test.images)
    short = PublishedProbe(steps=5).fit(seen, train_split.labels).error(unseen, test.labels)
    assert LinearProbe().fit(seen, train_split.labels).error(unseen, test.labels) < short - 0.02


# ---- baselines and the recipes' report


def test_baselines_are_the_same_probe_on_raw_pixels_and_on_the_untrained_network(digits, make_net):
    net = make_net(30, 20)
    for make, layers, normalised in (
        (LinearProbe, None, True),
        (LinearProbe, [0], True),
        (lambda: PublishedProbe(steps=40), [0, 1], False),
    ):
        found = baselines(net, digits, make, layers=layers, normalised=normalised)
        wanted = {}
        for name, see in {
            "raw_pixels": lambda x: x,
            "untrained": lambda x: features(net, x, layers=layers, normalised=normalised),
        }.items():
            fitted = make().fit(see(digits.train.images), digits.train.labels)
            wanted[name] = fitted.error(see(digits.test.images), digits.test.labels)
        assert found == wanted


SMALL = {"widths": (784, 40, 30, 20), "epochs": 2, "batch_size": 50}


@pytest.fixture
def few_digits(monkeypatch, digits):
    def load_data(recipe, which="sample", *, root=None, seed=0, device=None):
        return (
            digits
            if recipe.validation_share
            else digits._replace(validation=digits.validation.take(slice(0)))
        )

    monkeypatch.setattr(Recipe, "load_data", load_data)
    return digits


class ShortProbe(PublishedProbe):
    """System C's probe with 30 of its 2000 steps, so that a test of the report does not wait for
    it."""

    def __init__(self):
        super().__init__(steps=30)


@pytest.mark.parametrize(
    "name, layers",
    [
        ("quick-unsupervised", None),
        ("quick-unsupervised", (0, 2)),
        ("mask-probe", None),
        ("mask-probe", (1,)),
    ],
)
def test_a_report_compares_the_trained_network_with_its_own_start_on_the_same_split(
    few_digits, monkeypatch, name, layers
):
    monkeypatch.setattr(report, "PublishedProbe", ShortProbe)
    recipe = RECIPES[name].but(**SMALL, probe_layers=layers, validation_share=0.1)
    done, net, data = report.run_recipe(recipe, device="cpu", seed=3)
    published = name == "mask-probe"

    def see(network, images):
        return features(network, images, layers=layers, normalised=not published)

    def errors(see):
        fitted = (ShortProbe if published else LinearProbe)().fit(
            see(data.train.images), data.train.labels
        )
        return [fitted.error(see(split.images), split.labels) for split in data]

    assert [done.train_error, done.validation_error, done.test_error] == errors(
        lambda images: see(net, images)
    )
    start = recipe.network(seed=3)
    assert done.baselines == {
        "raw_pixels": errors(lambda images: images)[2],
        "untrained": errors(lambda images: see(start, images))[2],
    }
    moved = [(a.weight - b.weight).abs().max().item() for a, b in zip(net.layers, start.layers)]
    assert min(moved) > 1e-4 and all(
        a.row_scale == b.row_scale for a, b in zip(net.layers, start.layers)
    )
    assert done.layer_test_errors == [] and done.finished
    raw, untrained = (done.baselines[name] for name in ("raw_pixels", "untrained"))
    line = (
        f"test error {done.test_error:.2%} (probe; without training: {raw:.2%} on raw pixels, "
        f"{untrained:.2%}"
    )
    assert line in str(done)


@pytest.mark.parametrize("name", ["quick-unsupervised", "mask-probe"])
def test_the_command_line_prints_and_stores_the_baselines(
    few_digits, capsys, tmp_path, monkeypatch, name
):
    monkeypatch.setattr(report, "PublishedProbe", ShortProbe)
    arguments = [f"--set={setting}={value}" for setting, value in SMALL.items()]
    assert (
        command_line.main(
            [
                "run",
                name,
                *arguments,
                "--set=probe_layers=[0, 1]",
                "--json",
                str(tmp_path / "report.json"),
            ]
        )
        == 0
    )
    found = json.loads((tmp_path / "report.json").read_text())
    assert set(found["baselines"]) == {"raw_pixels", "untrained"} and all(
        0 < error < 1 for error in found["baselines"].values()
    )
    assert (
        f"{found['baselines']['untrained']:.2%} on the untrained network" in capsys.readouterr().out
    )
    assert Recipe(**found["settings"]) == RECIPES[name].but(**SMALL, probe_layers=(0, 1))


def test_a_supervised_recipe_has_no_baselines(few_digits):
    done, *_ = report.run_recipe(RECIPES["quick"].but(widths=(784, 20), epochs=1), device="cpu")
    assert (
        done.baselines is None
        and len(done.layer_test_errors) == 1
        and "raw pixels" not in str(done)
    )


def test_what_the_probe_cannot_use_is_refused_before_hours_of_training(few_digits):
    few_digits.train.labels[few_digits.train.labels == 3] = 5
    with pytest.raises(ValueError, match="no row has the label 3"):
        report.run_recipe(
            RECIPES["quick-unsupervised"].but(**SMALL),
            device="cpu",
            watch=lambda training: pytest.fail("training began"),
        )


def test_an_interrupted_run_still_stands_beside_the_untrained_network(few_digits):
    def interrupt(training):
        yield next(training)
        raise KeyboardInterrupt

    recipe = RECIPES["quick-unsupervised"].but(**SMALL)
    done, *_ = report.run_recipe(recipe, device="cpu", watch=interrupt)
    assert not done.finished and done.baselines == baselines(recipe.network(), few_digits)


SYSTEM_C = dict(
    widths=(784, 500, 500, 500),
    row_scale="unit-length",
    row_epsilon=1e-6,
    init="torch",
    negatives="hybrids",
    fresh_negatives=False,
    mask="gaussian",
    loss="threshold",
    threshold=2.0,
    temperature=1.0,
    schedule="greedy",
    epochs=1100,
    batch_size=None,
    optimiser="adam",
    learning_rate=0.03,
    weight_decay=0.0,
    rate_decay="none",
    growth="none",
    train_images=50_000,
    probe="published",
    probe_layers=None,
)


def test_mask_probe_has_the_published_settings_of_system_C():
    settings = dataclasses.asdict(RECIPES["mask-probe"])
    assert {setting: settings[setting] for setting in SYSTEM_C} == SYSTEM_C


@pytest.mark.parametrize("layers", [(), (3,), (-1,), (0, 0), 1, "12", (0.0,), (True,)])
def test_wrong_probe_layers_are_refused_by_name(layers):
    with pytest.raises(ValueError, match="probe_layers=.*from 0 to 2"):
        Recipe(widths=(784, 30, 20, 10), probe_layers=layers)


def test_forward_forward_beats_both_baselines_on_a_part_of_the_sample(sample):
    """A tenth of the recipe's training, and already both are beaten; the lesson shows the whole."""
    recipe = RECIPES["quick-unsupervised"].but(widths=(784, 200, 200), epochs=6)
    data = Digits(sample.train.take(slice(0, 4000)), sample.train.take(slice(0)), sample.test)
    net = recipe.network()
    start = baselines(net, data)
    for _ in train(net, data, recipe):
        pass
    fitted = LinearProbe().fit(features(net, data.train.images), data.train.labels)
    assert (
        fitted.error(features(net, data.test.images), data.test.labels)
        < min(start.values()) - 0.005
    )
