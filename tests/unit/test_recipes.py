"""Recipes: the named ones, their data and networks, and what is refused by name."""

import dataclasses
import math

import pytest
import torch

from ffteach import RECIPES, Digits, Recipe, load_mnist, train


@pytest.fixture
def small_sample(monkeypatch, digits):
    """Let recipes believe that a set has 200 training and 100 test images; returns how it was asked
    for."""
    asked = []

    def load(which, *, root, device):
        asked.append((which, root, device))
        return Digits(digits.train, digits.train.take(slice(0)), digits.test)

    monkeypatch.setattr("ffteach.recipe.load_mnist", load)
    return asked


@pytest.mark.parametrize("name", RECIPES)
def test_every_named_recipe_makes_data_and_a_network_that_train(name, small_sample):
    recipe = RECIPES[name]
    assert recipe.name == name and recipe.about
    data, net = recipe.load_data(), recipe.network()
    assert (
        net.widths == list(recipe.widths)
        and len(data.train.labels)
        and len(data.test.labels) == 100
    )
    assert all(math.isfinite(loss) for loss in next(train(net, data, recipe)).loss)


SYSTEM_A = dict(
    widths=(784, 500),
    row_scale="unit-length",
    row_epsilon=1e-6,
    init="torch",
    label_strength=1.0,
    negatives="uniform",
    fresh_negatives=False,
    loss="threshold",
    threshold=2.0,
    temperature=1.0,
    schedule="greedy",
    epochs=1300,
    batch_size=None,
    optimiser="adam",
    learning_rate=0.03,
    weight_decay=0.0,
    rate_decay="none",
    growth="training",
    growth_gain=0.01,
    growth_width=500,
    growth_epochs=1200,
    train_images=50_000,
    pixel_mean=0.0,
    pixel_deviation=1.0,
)
SYSTEM_B = dict(
    widths=(784, 1000, 500, 200),
    row_scale="unit-length",
    row_epsilon=1e-4,
    init="normal",
    label_strength="maximum",
    negatives="other images",
    fresh_negatives=False,
    loss="threshold",
    threshold=2.0,
    temperature=1.0,
    schedule="greedy",
    epochs=350,
    batch_size=None,
    optimiser="adam",
    learning_rate=0.15,
    weight_decay=0.0,
    rate_decay="none",
    growth="none",
    train_images=10_000,
    pixel_mean=0.1,
    pixel_deviation=0.1,
)
SYSTEM_C = SYSTEM_A | dict(
    widths=(784, 500, 500, 500),
    negatives="hybrids",
    mask="gaussian",
    epochs=1100,
    growth="none",
    probe="published",
    probe_layers=None,
)
for setting in ("label_strength", "growth_gain", "growth_width", "growth_epochs"):
    del SYSTEM_C[setting]  # without labels there is neither a label pixel nor growth


@pytest.mark.parametrize(
    "name, published",
    [("growing-published", SYSTEM_A), ("tapering", SYSTEM_B), ("mask-probe", SYSTEM_C)],
)
def test_published_systems_have_their_published_settings(name, published):
    settings = dataclasses.asdict(RECIPES[name])
    assert {setting: settings[setting] for setting in published} == published


def test_growing_differs_from_the_published_system_only_in_asking_held_out_images():
    flawed, mended = (
        dataclasses.asdict(RECIPES[name]) for name in ("growing-published", "growing")
    )
    changed = {setting for setting in flawed if flawed[setting] != mended[setting]}
    assert (
        changed == {"name", "about", "growth", "validation_share", "train_images"}
        and mended["growth"] == "validation"
    )
    assert round(60_000 * (1 - mended["validation_share"])) == 50_000


def test_system_Bs_label_pixel_is_9_as_published(small_sample):
    recipe = RECIPES["tapering"]
    data, net = recipe.load_data(), recipe.network()
    train(net, data, recipe)
    assert net.label_strength == pytest.approx(9.0) and data.train.images.min() == -1


# ---- data and network


def test_data_are_held_out_chosen_and_rescaled_as_the_recipe_says(small_sample, digits):
    recipe = Recipe(validation_share=0.25, train_images=70, pixel_mean=0.5, pixel_deviation=2.0)
    data = recipe.load_data("full", root="somewhere", device="cpu")
    assert small_sample == [("full", "somewhere", "cpu")]
    assert [len(split.labels) for split in data] == [70, 50, 100]
    assert data.validation.labels.bincount().tolist() == [5] * 10
    torch.testing.assert_close(data.test.images, (digits.test.images - 0.5) / 2)
    assert data.train.images.min() == -0.25 and data.validation.images.min() == -0.25


def test_chosen_training_images_follow_the_seed_and_never_the_validation_images(small_sample):
    recipe = Recipe(validation_share=0.25, train_images=70)
    first, again, other = (recipe.load_data(seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.train.images, again.train.images) and not torch.equal(
        first.train.images, other.train.images
    )
    assert torch.equal(first.validation.images, other.validation.images)
    held = {row.tobytes() for row in first.validation.images.numpy()}
    chosen = {row.tobytes() for row in first.train.images.numpy()}
    assert len(chosen) == 70 and not held & chosen


@pytest.mark.parametrize("count", [None, 200, 50_000])
def test_more_training_images_than_there_are_means_all(small_sample, digits, count):
    assert torch.equal(Recipe(train_images=count).load_data().train.images, digits.train.images)


def test_a_recipe_loads_the_sample_like_load_mnist(sample):
    data = Recipe(validation_share=0.05).load_data()
    direct = load_mnist(validation=500)
    for mine, theirs in zip(data, direct):
        assert torch.equal(mine.images, theirs.images) and torch.equal(mine.labels, theirs.labels)


def test_networks_are_the_same_for_the_same_seed_and_leave_the_global_generator_alone(gpu):
    recipe = Recipe(
        widths=(784, 30, 20),
        row_scale="unit-length",
        row_epsilon=0.25,
        init="torch",
        label_strength=7.0,
    )
    before = torch.get_rng_state()
    first, again, other = (recipe.network(seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters()))
    assert not any(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters()))
    assert first.label_strength == 7.0
    assert all(
        (layer.row_scale, layer.init, layer.epsilon) == ("unit-length", "torch", 0.25)
        for layer in first.layers
    )
    assert recipe.network(device=gpu).device.type == gpu.type
    with pytest.raises(ValueError, match="not a device torch knows"):
        recipe.network(device="gpu")


# ---- the settings


def test_but_changes_a_copy():
    recipe = Recipe()
    changed = recipe.but(threshold=1.5, widths=[784, 10])
    assert (changed.threshold, changed.widths) == (1.5, (784, 10)) and recipe == Recipe()
    before, after = dataclasses.asdict(recipe), dataclasses.asdict(changed)
    assert {name for name in before if before[name] != after[name]} == {"threshold", "widths"}


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().threshold = 1.0
    assert hash(Recipe()) == hash(Recipe())


def test_but_refuses_a_setting_that_does_not_exist_and_lists_those_that_do():
    with pytest.raises(
        ValueError, match="no setting 'treshold'; there are .*threshold.*temperature"
    ):
        Recipe().but(treshold=1.0)


NOT_A_NUMBER = [math.nan, math.inf, "1", None, True]
WRONG = {
    **{
        name: ["l2", "", None, 1]
        for name in (
            *("row_scale", "init", "negatives", "hard_by", "mask", "loss", "schedule"),
            *("optimiser", "rate_decay", "precision", "growth", "probe"),
        )
    },
    **{
        name: [0, -1.0, *NOT_A_NUMBER]
        for name in ("temperature", "learning_rate", "pixel_deviation", "row_epsilon")
    },
    **{
        name: [-0.1, *NOT_A_NUMBER]
        for name in (
            *("threshold", "hardness", "weight_decay", "growth_gain", "peer_normalisation"),
            "adversarial",
        )
    },
    **{
        name: [-0.1, 1, 1.0, *NOT_A_NUMBER]
        for name in ("momentum", "validation_share", "pixel_dropout")
    },
    **{
        name: [0, -1, 2.0, *NOT_A_NUMBER]
        for name in ("epochs", "growth_epochs", "growth_width", "max_layers")
    },
    **{name: [0, -1, 2.0, "1", True] for name in ("batch_size", "train_images")},
    **{
        name: [-1, 2.0, *NOT_A_NUMBER]
        for name in ("uniform_epochs", "blurs", "shift", "predict_shift")
    },
    "pixel_mean": NOT_A_NUMBER,
    "probe_layers": [0, (), (2,), (-1,), (0, 0), (0.5,), "all"],
    "fresh_negatives": ["false", "no", 0, None],
    "head": ["false", 1, None],
    "shift_each": ["false", 1, None],
    "first_layer_counts": [0, "no", None],
    "widths": [784, (784,), (), (784, 0), (784, 2.5), (784, "30"), (784, True), "784"],
}


@pytest.mark.parametrize(
    "setting, value", [(setting, value) for setting, values in WRONG.items() for value in values]
)
def test_a_wrong_setting_is_refused_by_name_with_what_is_allowed(setting, value):
    with pytest.raises(
        ValueError, match=rf"{setting}=.*(choose one of|expected|give|True or False)"
    ) as caught:
        Recipe(**{setting: value})
    assert setting == "widths" or repr(value) in str(caught.value)


@pytest.mark.parametrize("value", ["max", math.nan, None, True])
def test_a_wrong_label_strength_is_refused(value):
    with pytest.raises(ValueError, match="label strength is .*'maximum'"):
        Recipe(label_strength=value)


def test_every_setting_that_can_be_wrong_is_tried_above():
    assert {field.name for field in dataclasses.fields(Recipe)} - set(WRONG) == {
        "name",
        "about",
        "label_strength",
    }


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(negatives="hard", fresh_negatives=False), "negatives='hard'.*fresh_negatives=True"),
        (dict(growth="training"), "growth needs schedule='greedy'"),
        (dict(growth="training", schedule="greedy", negatives="hybrids"), "growth.*hybrids"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        dict(label_strength="maximum"),
        dict(label_strength=0),
        dict(batch_size=None),
        dict(threshold=0),
        dict(epochs=1),
        dict(momentum=0),
        dict(growth="validation", schedule="greedy"),
        dict(uniform_epochs=0, negatives="hard"),
        dict(pixel_mean=-1),
        dict(fresh_negatives=False),
    ],
)
def test_settings_at_the_edge_are_admitted(settings):
    recipe = Recipe(**settings)
    assert {name: getattr(recipe, name) for name in settings} == settings
