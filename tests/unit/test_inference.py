"""Prediction: the shared-overlay predictor against ten plain passes."""

import io

import numpy as np
import pytest
import torch
from reference import Reference

from ffteach import (
    FFNet,
    Split,
    error_rate,
    goodness_per_label,
    inference,
    layer_error_rates,
    predict,
)


@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
@pytest.mark.parametrize("init", ["fan-in", "torch", "normal"])
@pytest.mark.parametrize("widths", [(30,), (30, 20), (20, 30, 25)])
def test_fast_predictor_equals_ten_plain_passes(few, make_net, widths, init, row_scale):
    images = few.images[::4]
    net = make_net(*widths, init=init, row_scale=row_scale, label_strength=3.0)
    slow = Reference(net, row_scale, 3.0, double=True).goodness_per_label(images)
    per_layer = goodness_per_label(net.double(), images.double(), per_layer=True)
    assert per_layer.shape == (len(widths), 50, 10)
    torch.testing.assert_close(per_layer, slow, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(
        goodness_per_label(net, images.double()), slow.sum(dim=0), rtol=1e-10, atol=1e-12
    )
    in_float32 = goodness_per_label(net.float(), images)
    torch.testing.assert_close(in_float32.double(), slow.sum(dim=0), rtol=1e-4, atol=1e-6)
    assert torch.equal(predict(net, images), in_float32.argmax(dim=1))


@pytest.mark.parametrize("layers", [[0], [1], [1, 2], [0, 2], [2, 0], (1,), range(2)])
def test_layers_chooses_whose_goodness_counts(few, make_net, layers):
    net = make_net(30, 20, 25)
    tables = goodness_per_label(net, few.images, per_layer=True)
    chosen = [tables[index] for index in layers]
    assert torch.equal(
        goodness_per_label(net, few.images, layers=layers, per_layer=True), torch.stack(chosen)
    )
    torch.testing.assert_close(goodness_per_label(net, few.images, layers=layers), sum(chosen))
    assert torch.equal(
        predict(net, few.images, layers=layers), torch.stack(chosen).sum(dim=0).argmax(dim=1)
    )


@pytest.mark.parametrize("layers", [[], [3], [-1], [0, 0], [0, 5], 1, ["a"]])
def test_bad_layers_are_refused_with_what_is_allowed(few, make_net, layers):
    with pytest.raises((ValueError, TypeError), match="layers=.*from 0 to 2, at least one"):
        goodness_per_label(make_net(30, 20, 25), few.images, layers=layers)


@pytest.mark.parametrize("shift", [1, 2])
def test_a_shift_takes_the_mean_over_the_image_and_its_moved_copies(few, make_net, shift):
    images, net = few.images[:30], make_net(30, 20)
    moves = [
        (down, right) for down in range(-shift, shift + 1) for right in range(-shift, shift + 1)
    ]
    copies = [
        torch.from_numpy(
            np.roll(images.view(-1, 28, 28).numpy(), move, axis=(1, 2)).copy()
        ).flatten(1)
        for move in moves
    ]
    wanted = torch.stack([goodness_per_label(net, copy, per_layer=True) for copy in copies]).mean(
        dim=0
    )
    torch.testing.assert_close(goodness_per_label(net, images, per_layer=True, shift=shift), wanted)
    assert not torch.allclose(wanted, goodness_per_label(net, images, per_layer=True))
    assert torch.equal(predict(net, images, shift=shift), wanted.sum(dim=0).argmax(dim=1))
    split, options = Split(images, few.labels[:30]), {"layers": [1], "shift": shift}
    wrong = (wanted[1].argmax(dim=1) != split.labels).double().mean().item()
    assert error_rate(net, split, **options) == wrong
    assert layer_error_rates(net, split, **options) == [wrong]


@pytest.mark.parametrize("shift", [-1, 1.0, "1", None, True])
def test_a_bad_shift_is_refused(few, make_net, shift):
    with pytest.raises(ValueError, match="shift=.*whole number of at least 0"):
        goodness_per_label(make_net(30), few.images, shift=shift)


def test_only_square_images_can_be_moved(few):
    with pytest.raises(ValueError, match="780 pixels, which is no square"):
        predict(FFNet([780, 5]), few.images[:, :780], shift=1)


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("batch", [1, 7, 50, 64])
def test_images_are_taken_in_batches_without_changing_the_result(
    few, make_net, monkeypatch, batch, shift
):
    net, images = make_net(30, 20, seed=batch), few.images[:50]
    monkeypatch.setattr(inference, "IMAGES_AT_ONCE", batch)
    in_batches = goodness_per_label(net, images, shift=shift)
    monkeypatch.setattr(inference, "IMAGES_AT_ONCE", 1000)
    torch.testing.assert_close(in_batches, goodness_per_label(net, images, shift=shift))


def test_more_images_than_a_batch(few, make_net):
    net = make_net(30)
    images = torch.cat([few.images, few.images.flip(0)])
    assert len(images) > inference.IMAGES_AT_ONCE
    result = goodness_per_label(net, images)
    torch.testing.assert_close(result[200:].flip(0), result[:200])


def test_prediction_keeps_no_graph(few, make_net):
    net = make_net(30, 20)
    for result in (
        goodness_per_label(net, few.images),
        goodness_per_label(net, few.images, per_layer=True),
    ):
        assert not result.requires_grad and result.grad_fn is None
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())


def test_prediction_leaves_network_and_images_as_they_were(few, make_net):
    net = make_net(30, 20)
    before, images = {k: v.clone() for k, v in net.named_parameters()}, few.images.clone()
    predict(net, few.images)
    assert torch.equal(images, few.images) and all(
        torch.equal(v, before[k]) for k, v in net.named_parameters()
    )


def test_prediction_does_not_see_what_lies_under_the_label(few, make_net):
    net = make_net(30, 20)
    scribbled = few.images.clone()
    scribbled[:, :10] = torch.rand(200, 10)
    assert torch.equal(goodness_per_label(net, scribbled), goodness_per_label(net, few.images))


def test_predict_gives_one_digit_for_each_image(few, make_net):
    net = make_net(30)
    answer = predict(net, few.images)
    assert (
        answer.shape == (200,)
        and answer.dtype == torch.int64
        and answer.min() >= 0
        and answer.max() <= 9
    )
    assert predict(net, few.images[3:4]).tolist() == answer[3:4].tolist()


def test_predict_takes_the_label_with_the_highest_goodness(few, make_net):
    net = make_net(30, label_strength=8.0)
    with torch.no_grad():
        net.layers[0].weight[:, 6] = 3.0  # every unit likes label 6
    assert (predict(net, few.images) == 6).all()


def test_prediction_is_the_same_after_a_reload(few, make_net):
    net, other = make_net(30, 20, label_strength=7.0), make_net(30, 20, seed=9)
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    assert not torch.equal(
        goodness_per_label(other, few.images), goodness_per_label(net, few.images)
    )
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(goodness_per_label(other, few.images), goodness_per_label(net, few.images))


@pytest.mark.parametrize("layers", [None, [1], [2, 0]])
def test_error_rates_count_the_wrong_answers_of_all_and_of_each_layer(few, make_net, layers):
    net = make_net(30, 20, 25)
    tables = Reference(net, "mean-square-1", 1.0).goodness_per_label(few.images)
    tables = tables[[0, 1, 2] if layers is None else layers]
    wrong = [
        sum(int(a) != int(b) for a, b in zip(t.argmax(dim=1), few.labels)) / 200
        for t in (tables.sum(dim=0), *tables)
    ]
    error = error_rate(net, few, layers=layers)
    per_layer = layer_error_rates(net, few, layers=layers)
    assert [error, *per_layer] == pytest.approx(wrong)
    assert isinstance(error, float) and isinstance(per_layer, list)


def test_error_rates_refuse_labels_that_do_not_fit_the_images(few, make_net):
    for labels in (few.labels[:1], few.labels[:50], few.labels.float()):
        with pytest.raises((TypeError, ValueError), match="labels"):
            error_rate(make_net(30), Split(few.images, labels))
        with pytest.raises((TypeError, ValueError), match="labels"):
            layer_error_rates(make_net(30), Split(few.images, labels))


@pytest.mark.parametrize(
    "spoil, error, message",
    [
        (lambda x: x[:, :700], ValueError, "700 pixels.*first layer takes 784"),
        (lambda x: x * torch.nan, ValueError, "NaN"),
        (lambda x: x[:0], ValueError, "empty"),
        (lambda x: x.reshape(-1, 28, 28), ValueError, "reshape"),
        (lambda x: (x * 255).byte(), TypeError, "uint8"),
        (lambda x: x * 255, ValueError, "255"),
        (lambda x: x.double(), TypeError, "float64.*float32"),
    ],
)
def test_images_that_do_not_fit_are_refused(few, make_net, spoil, error, message):
    with pytest.raises(error, match=message):
        predict(make_net(30), spoil(few.images))


def test_images_and_network_must_share_a_device(few, make_net):
    with pytest.raises(ValueError, match="images are on cpu, the network on meta"):
        predict(make_net(30).to("meta"), few.images)


def test_an_unresolved_label_strength_is_refused(few, make_net):
    with pytest.raises(ValueError, match="'maximum'.*when training begins"):
        predict(make_net(30, label_strength="maximum"), few.images)
