"""What used to be silently wrong, clamped, or an error from deep inside is refused in words."""

import numpy as np
import pytest
import torch
from torch import nn

from ffteach import (
    RECIPES,
    FFLayer,
    FFNet,
    LinearProbe,
    PublishedProbe,
    Recipe,
    Split,
    baselines,
    blur_masks,
    error_rate,
    features,
    ff_loss,
    gaussian_masks,
    goodness_per_label,
    hard_labels,
    hybrids,
    overlay_label,
    pairwise_loss,
    predict,
    seeded,
    train,
    wrong_labels,
)

NET, IMAGES, LABELS = FFNet([784, 5]), torch.rand(20, 784), torch.arange(20) % 10
ONE, TABLE = torch.ones(1), torch.rand(20, 10)


def masks(**options):
    return lambda: blur_masks(2, **options)


def recipe(**changes):
    return lambda: Recipe(**changes)


REFUSED = {
    "float16 net": (lambda: predict(FFNet([784, 5]).half(), IMAGES.half()), "weights are .*16"),
    "bfloat16 net": (lambda: features(FFNet([784, 5]).bfloat16(), IMAGES), "weights are .*16"),
    "another net": (lambda: predict(nn.Linear(784, 10), IMAGES), "net is Linear, expected an"),
    "Digits": (lambda: error_rate(NET, (Split(IMAGES, LABELS),) * 3), "split is tuple, expected a"),
    "a Split": (lambda: baselines(NET, Split(IMAGES, LABELS)), "data is Split, expected the"),
    "no probe": (lambda: LinearProbe().fit(IMAGES, None), "labels are NoneType"),
    "labels in words": (lambda: LinearProbe().fit(IMAGES, list("0123")), "labels are list"),
    "huge features": (lambda: LinearProbe().fit(IMAGES * 3e30, LABELS), "bring them nearer to 1"),
    "tiny features": (lambda: LinearProbe().fit(IMAGES * 1e-31, LABELS), "bring them nearer to 1"),
    "infinite features": (lambda: LinearProbe().fit(IMAGES / 0, LABELS), "NaN or infinite"),
    "rate 0": (lambda: PublishedProbe(learning_rate=0), "learning_rate=0: expected"),
    "generator": (lambda: wrong_labels(LABELS, generator=0), "generator is 0, expected"),
    "generator of a net": (lambda: FFNet([784, 5], generator=0), "generator is 0"),
    "generator of masks": (masks(generator=0), "generator is 0"),
    "generator of hybrids": (lambda: hybrids(IMAGES, generator=0), "generator is 0"),
    "NumPy masks": (lambda: hybrids(IMAGES, np.zeros((20, 784))), "masks are ndarray.*as_tensor"),
    "seed below 0": (lambda: seeded(-1), "seed=-1: expected a whole number"),
    "seed 1.0": (lambda: train(NET, Split(IMAGES, LABELS), Recipe(), seed=1.0), "seed=1.0"),
    "huge seed": (lambda: Recipe().network(seed=2**64), "seed=18446744073709551616: expected"),
    "many blurs": (masks(blurs=10**6), "blurs=1000000: expected .* at most 1000"),
    "large masks": (masks(size=10**6), "size=1000000: expected .* at most 1000"),
    "large noise": (lambda: gaussian_masks(1, size=10**6), "size=1000000: expected"),
    "many blurs, recipe": (recipe(blurs=10**6), "blurs=1000000: .* at most 1000"),
    "many moves": (lambda: predict(NET, IMAGES, shift=40), "shift=40: expected .* at most 5"),
    "many moves, recipe": (recipe(predict_shift=40), "predict_shift=40: .* at most 5"),
    "one against many": (lambda: pairwise_loss(torch.rand(3), torch.rand(3, 1)), "g_neg has shape"),
    "pairs": (lambda: pairwise_loss(torch.rand(3), torch.rand(2)), "3 values and g_neg 2"),
    "no goodness": (lambda: ff_loss(torch.rand(0), ONE), "g_pos has shape .0,."),
    "list of goodness": (lambda: ff_loss([1.0], ONE), "g_pos is list"),
    "temperature 0": (lambda: ff_loss(ONE, ONE, temperature=0), "temperature=0: expected"),
    "temperature -1": (lambda: pairwise_loss(ONE, ONE, -1), "temperature=-1: expected"),
    "bright label": (lambda: overlay_label(IMAGES, LABELS, 1e20), "strength is 1e.20"),
    "bright net": (lambda: FFNet([784, 5], label_strength=1e20), "strength is 1e.20"),
    "bright recipe": (recipe(label_strength=1e20), "strength is 1e.20"),
    "epsilon 0": (lambda: FFLayer(784, 5, epsilon=0), "epsilon=0: expected a number in 1e-30"),
    "tiny epsilon": (recipe(row_epsilon=1e-50), "row_epsilon=1e-50: expected"),
    "11 columns": (lambda: hard_labels(torch.rand(20, 11), LABELS), "expected .20, 10."),
    "a list": (lambda: hard_labels([[0.0] * 10] * 20, LABELS), "goodness_per_label is list"),
    "no hardness": (lambda: hard_labels(TABLE, LABELS, "20"), "hardness='20': expected"),
    "10 pixels": (lambda: overlay_label(IMAGES[:, :10], LABELS), "the label takes the first 10"),
    "one layer": (lambda: goodness_per_label(NET, IMAGES, layers=0), "layers=0: give a list"),
    "layer 0.0": (lambda: goodness_per_label(NET, IMAGES, layers=[0.0]), "layers=.0.0.: give a"),
    "nested layers": (lambda: goodness_per_label(NET, IMAGES, layers=[[0]]), "layers=..0..: give"),
    "no setting": (lambda: Recipe().but(treshold=1), "did you mean 'threshold'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(name):
    call, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_a_misspelt_recipe_is_answered_by_the_nearest():
    with pytest.raises(KeyError, match="no recipe 'quik'; there are quick.*did you mean 'quick'"):
        RECIPES["quik"]
    assert RECIPES.get("quik") is None and "quik" not in RECIPES


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("frozen", {7}, "frozen=.7.: expected a set of layer numbers from 0 to 1"),
        ("frozen", {"layer 1"}, "frozen="),
        ("frozen", 0, "frozen=0"),
        ("epochs", 0, "epochs=0: expected a whole number of at least 1"),
        ("epochs", 2.5, "epochs=2.5: expected"),
    ],
)
def test_a_running_training_refuses_what_makes_no_sense(name, value, message, few):
    small = Recipe(widths=(784, 5, 5))
    run = train(small.network(), few, small)
    with pytest.raises(ValueError, match=message):
        setattr(run, name, value)
        next(run)
    assert run.epochs == small.epochs


def test_numbers_of_numpy_are_numbers(few):
    numbers = Recipe(
        widths=(784, 5), epochs=np.int64(2), threshold=np.float32(0.5), batch_size=np.int32(50)
    )
    assert (numbers.epochs, numbers.threshold, numbers.batch_size) == (2, 0.5, 50)
    assert type(numbers.epochs) is int and type(numbers.threshold) is float
    runs = [train(numbers.network(seed=s), few, numbers, seed=s) for s in (3, np.int64(3))]
    weights = [run.finish().layers[0].weight for run in runs]
    assert torch.equal(*weights)
    assert seeded(np.int64(5)).initial_seed() == 5


# ---- advice is followed, and works


def test_the_advice_in_a_message_works(few):
    net, pixels = FFNet([784, 5]), (few.images * 255).to(torch.uint8)
    followed = {
        "images.reshape(len(images), -1)": few.images.reshape(-1, 28, 28),
        "images.reshape(1, -1)": few.images[0],
        "images.float() / 255": pixels,
        "torch.as_tensor(images).float()": few.images.numpy(),
    }
    for advice, images in followed.items():
        with pytest.raises((TypeError, ValueError)) as caught:
            predict(net, images)
        assert f"use {advice}" in str(caught.value)
        better = eval(advice, {"torch": torch, "images": images})
        wanted = predict(net, few.images)[: len(better)]
        assert torch.equal(predict(net, better), wanted)
    for labels in (list("0123456789"), few.labels.numpy(), few.labels.int(), [0, 1]):
        with pytest.raises(TypeError) as caught:
            wrong_labels(labels)
        advice = str(caught.value).partition(": use ")[2]
        assert len(wrong_labels(eval(advice, {"torch": torch, "labels": labels}))) == len(labels)


def test_own_arrays_become_a_split(few):
    pixels = (few.images * 255).round().to(torch.uint8)
    for images in (pixels.numpy(), pixels.reshape(-1, 28, 28).tolist(), few.images.numpy(), pixels):
        for labels in (
            few.labels.numpy(),
            few.labels.tolist(),
            [str(y) for y in few.labels.tolist()],
        ):
            split = Split.of(images, labels)
            torch.testing.assert_close(split.images, few.images)
            assert torch.equal(split.labels, few.labels) and split.images.dtype == torch.float32
    for images, labels, message in (
        (pixels, few.labels[:3].tolist(), "one label for each image"),
        (pixels, few.labels + 10, "labels range from 10 to 19, expected 0..9"),
        (pixels, ["a cat"] * 200, "no table of numbers"),
        ([[1, 2], [3]], [1, 2], "no table of numbers"),
        (pixels.float(), few.labels, "pixels range from 0 to 255"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            Split.of(images, labels)


def test_three_classes_are_trained_and_held_back_where_that_cannot_be(few):
    three = few.take(few.labels < 3)
    small = Recipe(widths=(784, 5), epochs=1)
    train(small.network(), three, small).finish()
    with pytest.raises(ValueError, match="no row has the label 3, 4"):
        LinearProbe().fit(three.images, three.labels)


# ---- precision


def test_autocast_is_refused_and_switched_off_as_the_message_says(few):
    small = Recipe(widths=(784, 5), epochs=1)
    run = train(small.network(), few, small)
    wanted = predict(run.net, few.images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for call in (lambda: next(run), lambda: predict(run.net, few.images)):
            with pytest.raises(TypeError, match="torch.autocast is on"):
                call()
        with torch.autocast("cpu", enabled=False):
            assert torch.equal(predict(run.net, few.images), wanted)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "name", ["quick", "growing-published", "mask-probe", "tapering", "official"]
)
def test_all_follows_a_default_dtype_of_float64(name, double, digits):
    recipe = RECIPES[name].but(widths=(784, 6, 5), batch_size=20, growth="none", probe_layers=None)
    digits = digits._replace(
        train=Split(digits.train.images.double(), digits.train.labels).take(slice(0, 40))
    )
    net = recipe.network()
    record = next(train(net, digits, recipe))
    assert net.layers[0].weight.dtype == torch.float64 and torch.isfinite(record.stats).all()
    assert (predict(net, digits.train.images) < 10).all()


def test_data_follow_the_default_dtype(double):
    from ffteach import load_mnist

    assert load_mnist().test.images.dtype == torch.float64
    assert predict(FFNet([784, 5]), torch.rand(2, 784)).shape == (2,)


# ---- one step asks the device for nothing


class Asked(torch.utils._python_dispatch.TorchDispatchMode):
    """Notes what makes the host wait for a device: a number or a size that is read off a tensor."""

    WAITS = ("_local_scalar_dense", "nonzero", "equal", "masked_select", "unique", "is_nonzero")

    def __init__(self):
        super().__init__()
        self.waits = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().removeprefix("aten::").partition(".")[0]
        if name.strip("_") in [wait.strip("_") for wait in self.WAITS]:
            self.waits.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("negatives", ["uniform", "hard", "other images", "hybrids"])
def test_a_step_in_the_middle_of_an_epoch_reads_nothing_off_the_device(negatives, few):
    small = Recipe(
        widths=(784, 6, 5), negatives=negatives, uniform_epochs=0, shift=0, batch_size=20
    )
    run = train(small.network(), few, small)
    next(run)
    with Asked() as asked:
        for _ in range(3):
            assert not next(run).epoch_done
    assert asked.waits == []


def test_a_broken_network_is_warned_of_where_the_package_was_called(few):
    net = FFNet([784, 6])
    with torch.no_grad():
        net.layers[0].weight.zero_()
    calls = (
        lambda: goodness_per_label(net, few.images),
        lambda: predict(net, few.images),
        lambda: error_rate(net, few),
        lambda: features(net, few.images),
    )
    for call in calls:
        with pytest.warns(RuntimeWarning, match="dead") as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__]


def test_labels_that_are_no_whole_numbers_are_no_labels(few):
    for labels in ([3.7, 1.0], [True, False], torch.tensor([0.5, 1.0])):
        with pytest.raises(TypeError, match="not whole numbers"):
            Split.of(few.images[:2], labels)
    with_graph = few.images[:2].clone().requires_grad_()
    bits = few.images[:2] > 0.5
    assert torch.equal(Split.of(with_graph, [3.0, 8.0]).images, few.images[:2])
    assert torch.equal(Split.of(bits, ["3", "8"]).images, bits.float())


class Patches(FFLayer):
    """A layer whose units see a part of the image each, such as lesson 06's."""

    def __init__(self):
        super().__init__(784, 5)
        self.weight = nn.Parameter(torch.zeros(5, 1, 49))


def test_a_network_whose_units_do_not_see_the_label_is_refused_in_words(few):
    for first in (Patches(), nn.Linear(784, 5)):
        net = FFNet([784, 5])
        net.layers[0] = first
        for ask in (
            lambda: predict(net, few.images),
            lambda: error_rate(net, few),
            lambda: train(net, few, Recipe(widths=(784, 5))),
        ):
            with pytest.raises(ValueError, match="do not all see the label's pixels.*LinearProbe"):
                ask()
