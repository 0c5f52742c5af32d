"""The closed-form update and its shared overlay against autograd on overlays that are written out
in full."""

import pytest
import reference
import torch

from ffteach import ff_loss, goodness, overlay, pairwise_loss, wrong_labels
from ffteach.layers import LOSSES, Rows
from ffteach.overlay import SharedOverlay, split_overlay

STRENGTH = 3.0


@pytest.fixture
def batch(few):
    """60 images with their true and with wrong labels."""
    part = few.take(slice(0, 60))
    return (
        part.images,
        part.labels,
        wrong_labels(part.labels, generator=torch.Generator().manual_seed(1)),
    )


def closed_form(net, images, labels, negatives, name, threshold, temperature):
    """Each layer's gradient by the closed form; the first layer's input shared, the others' as
    rows."""
    inputs = SharedOverlay(
        net.layers[0], *split_overlay(net.layers[0], images, STRENGTH)
    ).with_labels(labels, negatives)
    gradients = []
    for layer in net.layers:
        if gradients:
            inputs = Rows(layer.rescale(h))  # noqa: F821
        h = layer.activities(inputs)
        _, slopes = LOSSES[name].and_slopes(goodness(h), threshold, temperature)
        layer.local_gradient(inputs, h, slopes)
        gradients.append((layer.weight.grad, layer.bias.grad))
    return gradients


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-4)])
@pytest.mark.parametrize("threshold, temperature", [(2.0, 1.0), (0.5, 0.1)])
@pytest.mark.parametrize("name", ["threshold", "pairwise"])
@pytest.mark.parametrize("init", ["fan-in", "torch", "normal"])
@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
def test_closed_form_equals_autograd(
    make_net, batch, row_scale, init, name, threshold, temperature, dtype, tolerance
):
    images, labels, negatives = batch
    net = make_net(30, 20, row_scale=row_scale, init=init).to(dtype).requires_grad_(False)
    settings = name, threshold, temperature
    expected = reference.Reference(net, row_scale, STRENGTH, double=True).gradients(
        images, labels, negatives, *settings
    )
    for mine, theirs in zip(
        closed_form(net, images.to(dtype), labels, negatives, *settings), expected
    ):
        for gradient, wanted in zip(mine, theirs):
            assert wanted.abs().max() > 0
            assert (gradient - wanted).abs().max() <= tolerance * wanted.abs().max()


@pytest.mark.parametrize("shared", [True, False], ids=["shared overlay", "rows"])
def test_gradients_of_two_halves_add_up(make_net, batch, shared):
    images, labels, negatives = (
        tensor.double() if tensor.is_floating_point() else tensor for tensor in batch
    )
    layer = make_net(30).double().requires_grad_(False).layers[0]
    both = [layer.rescale(reference.overlay(images, y, STRENGTH)) for y in (labels, negatives)]

    def gradient(parts):
        layer.weight.grad = torch.full_like(
            layer.weight, torch.nan
        )  # of an earlier batch: must be forgotten
        layer.bias.grad = torch.full_like(layer.bias, torch.nan)
        for number, rows in enumerate(parts):
            if shared:
                inputs = SharedOverlay(
                    layer, *split_overlay(layer, images[rows], STRENGTH)
                ).with_labels(labels[rows], negatives[rows])
            else:
                inputs = Rows(torch.cat([side[rows] for side in both]))
            h = layer.activities(inputs)
            slope = torch.cat(
                [torch.linspace(-1, 0, 60)[rows], torch.linspace(0, 2, 60)[rows]]
            ).double()
            layer.local_gradient(inputs, h, slope, beta=int(number > 0))
        return layer.weight.grad.clone(), layer.bias.grad.clone()

    for whole, halves in zip(gradient([slice(0, 60)]), gradient([slice(0, 25), slice(25, 60)])):
        torch.testing.assert_close(halves, whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("temperature", [1.0, 0.05])
@pytest.mark.parametrize("name", ["threshold", "pairwise"])
def test_slopes_are_the_derivatives_of_the_losses(name, temperature):
    g_pos, g_neg = (torch.rand(50, dtype=torch.float64, requires_grad=True) for _ in range(2))
    losses = {
        "threshold": ff_loss(g_pos, g_neg, 0.4, temperature),
        "pairwise": pairwise_loss(g_pos, g_neg, temperature),
    }
    losses[name].backward()
    loss, slopes = LOSSES[name].and_slopes(torch.cat([g_pos, g_neg]).detach(), 0.4, temperature)
    torch.testing.assert_close(loss, losses[name].detach(), rtol=1e-12, atol=0)
    torch.testing.assert_close(slopes, torch.cat([g_pos.grad, g_neg.grad]), rtol=1e-12, atol=1e-15)


def test_slopes_push_positives_up_and_negatives_down_and_end_where_the_sample_is_right():
    g = torch.tensor([0.0, 2.0, 4.0, 1e4])
    for name in ("threshold", "pairwise"):
        pos, neg = LOSSES[name].and_slopes(torch.cat([g, g.flip(0)]), 2.0, 0.5)[1].chunk(2)
        assert (pos <= 0).all() and (neg >= 0).all() and (pos < 0).any() and (neg > 0).any()
    pos, neg = LOSSES["threshold"].and_slopes(torch.cat([g, g]), 2.0, 0.5)[1].chunk(2)
    assert pos[3] == 0 and neg[0] < 0.1 * neg[3] and pos[0] == pytest.approx(-neg[2])


def test_loss_and_slopes_stay_finite_at_extreme_goodness():
    extreme = torch.tensor([0.0, 1e4, 1e30])
    for name in ("threshold", "pairwise"):
        loss, slopes = LOSSES[name].and_slopes(torch.cat([extreme, extreme.flip(0)]), 2.0, 0.01)
        assert loss.isfinite() and slopes.isfinite().all()


# ---- the shared overlay


@pytest.mark.parametrize("strength", [1.0, 4.0, -0.5, 0])
@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
def test_shared_and_label_part_together_are_the_normalised_overlay(
    make_net, batch, row_scale, strength
):
    images, labels, _ = batch
    layer = make_net(30, row_scale=row_scale).layers[0]
    kept = images.clone()
    shared, ink = split_overlay(layer, images, strength)
    together = shared.clone()
    together[torch.arange(60), labels] = ink.squeeze(1)
    torch.testing.assert_close(together, layer.rescale(reference.overlay(images, labels, strength)))
    assert torch.equal(images, kept) and (shared[:, :10] == 0).all()


def test_shared_overlay_gives_the_layers_activities_for_any_label(make_net, batch, monkeypatch):
    monkeypatch.setattr(overlay, "IMAGES_AT_ONCE", 25)  # three parts of the 60 images
    images, labels, negatives = batch
    layer = make_net(30, init="torch").requires_grad_(False).layers[0]
    shared = SharedOverlay(layer, *split_overlay(layer, images, STRENGTH))
    expected = {
        y: layer(reference.overlay(images, torch.full_like(labels, y), STRENGTH)) for y in range(10)
    }
    for h, expected_h in zip(shared.activities_per_label(), expected.values(), strict=True):
        torch.testing.assert_close(h, expected_h, rtol=1e-4, atol=1e-5)
    table = torch.stack([reference.goodness(h) for h in expected.values()], dim=1)
    torch.testing.assert_close(shared.goodness_per_label(), table, rtol=1e-4, atol=1e-5)
    pos, neg = layer.activities(shared.with_labels(labels, negatives)).chunk(2)
    for h, chosen in ((pos, labels), (neg, negatives)):
        wanted = torch.stack([expected[label][i] for i, label in enumerate(chosen.tolist())])
        torch.testing.assert_close(h, wanted, rtol=1e-4, atol=1e-5)
