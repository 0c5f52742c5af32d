"""The training iterator: the same numbers as a plain loop with autograd and torch.optim, its
schedules, growth, rewind and checks."""

import copy
import functools
import io
import math

import pytest
import torch
from reference import Reference

from ffteach import (
    Digits,
    Recipe,
    Split,
    error_rate,
    goodness_per_label,
    pairs,
    predict,
    train,
    training,
)
from ffteach.optimisers import LayerOptimiser

STRENGTH = 3.0
SMALL = Recipe(
    widths=(784, 30, 20),
    label_strength=STRENGTH,
    temperature=0.5,
    batch_size=60,
    epochs=2,
    rate_decay="none",
    learning_rate=0.01,
)


def double(split):
    return Split(split.images.double(), split.labels)


def weights(net):
    return [parameter.detach().clone() for parameter in net.parameters()]


def same(one, other):
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other))


def moved(net, before):
    """The numbers of the layers whose weights are not those of `before`."""
    pairs = zip(weights(net), before)
    return sorted(
        {index // 2 for index, (new, old) in enumerate(pairs) if not torch.equal(new, old)}
    )


def steps(run):
    """Yield each record with the positions of the images that its batch held."""
    size = run.schedule.batch_size
    for record in run:
        end = (
            run.schedule.position or run.schedule.images
        )  # 0 again after the last batch of an epoch
        yield record, run.schedule.order[(end - 1) // size * size : end]


def watch_draws(run, drawn):
    """Put every list of negative labels that a run draws into `drawn`."""
    draw = run.pairs.draw

    def watched(labels, *, generator):
        drawn.append(draw(labels, generator=generator))
        return drawn[-1]

    run.pairs.draw = watched


# ---- the same as a plain loop


OPTIMISERS = {
    "adam": functools.partial(torch.optim.Adam, lr=0.01, weight_decay=1e-3),
    "adamw": functools.partial(torch.optim.AdamW, lr=0.01, weight_decay=1e-3),
    "sgd": functools.partial(torch.optim.SGD, lr=0.01, weight_decay=1e-3, momentum=0.8),
}


@pytest.mark.parametrize(
    "batch_size, part", [(60, 1000), (None, 70)], ids=["mini-batches", "full batch in parts"]
)
@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize(
    "loss, row_scale", [("threshold", "unit-length"), ("pairwise", "mean-square-1")]
)
@pytest.mark.parametrize("schedule", ["simultaneous", "greedy"])
def test_training_equals_plain_autograd_with_torch_optim(
    few, monkeypatch, schedule, loss, row_scale, optimiser, batch_size, part
):
    monkeypatch.setattr(training, "IMAGES_A_CHUNK", part)
    recipe = SMALL.but(
        widths=(784, 30, 20, 15),
        schedule=schedule,
        loss=loss,
        row_scale=row_scale,
        optimiser=optimiser,
        batch_size=batch_size,
        fresh_negatives=False,
        weight_decay=1e-3,
        momentum=0.8,
        init="torch",
        threshold=0.7,
    )
    net = recipe.network().double()
    slow = Reference(net, row_scale, STRENGTH, double=True)
    optimisers = slow.optimisers(OPTIMISERS[optimiser])
    run = train(net, double(few), recipe)
    for record, rows in steps(run):
        slow.step(
            optimisers,
            record.layers,
            few.images[rows],
            few.labels[rows],
            run.pairs.fixed[rows],
            loss,
            0.7,
            0.5,
        )
        assert slow.difference(net) < 1e-9, record
    assert record.step == (4 if batch_size else 1) * 2 * (3 if schedule == "greedy" else 1)


def test_training_in_float32_stays_close_to_float64(few):
    recipe = SMALL.but(fresh_negatives=False, optimiser="sgd", momentum=0.0)
    net = recipe.network()
    slow = Reference(net, "mean-square-1", STRENGTH, double=True)
    optimisers = slow.optimisers(functools.partial(torch.optim.SGD, lr=0.01))
    run = train(net, few, recipe)
    for record, rows in steps(run):
        slow.step(
            optimisers,
            record.layers,
            few.images[rows],
            few.labels[rows],
            run.pairs.fixed[rows],
            "threshold",
            2.0,
            0.5,
        )
    assert slow.difference(net) < 1e-6


@pytest.mark.parametrize("part", [1000, 25])
@pytest.mark.parametrize("negatives", ["uniform", "other images"])
@pytest.mark.parametrize("schedule", ["simultaneous", "greedy"])
def test_fresh_negatives_are_drawn_for_every_batch_and_trained_on(
    few, monkeypatch, schedule, negatives, part
):
    monkeypatch.setattr(training, "IMAGES_A_CHUNK", part)
    recipe = SMALL.but(schedule=schedule, negatives=negatives)
    net = recipe.network().double()
    slow = Reference(net, "mean-square-1", STRENGTH, double=True)
    optimisers = slow.optimisers(functools.partial(torch.optim.Adam, lr=0.01))
    run = train(net, double(few), recipe)
    watch_draws(run, drawn := [])
    seen = {}
    for record, rows in steps(run):
        wrong = torch.cat(drawn)
        assert len(wrong) == len(rows)
        slow.step(
            optimisers,
            record.layers,
            few.images[rows],
            few.labels[rows],
            wrong,
            "threshold",
            2.0,
            0.5,
        )
        for image, label in zip(rows.tolist(), wrong.tolist()):
            seen.setdefault(image, []).append(label)
        drawn.clear()
    assert slow.difference(net) < 1e-9
    assert (
        len(seen) == 200 and sum(len(set(labels)) > 1 for labels in seen.values()) > 100
    )  # another label in another epoch
    if negatives == "uniform":
        assert all(few.labels[image] not in labels for image, labels in seen.items())


def test_fixed_negatives_are_drawn_once_for_all_images(few):
    run = train(SMALL.network(), few, SMALL.but(fresh_negatives=False))
    fixed = run.pairs.fixed.clone()
    watch_draws(run, drawn := [])
    list(run)
    assert drawn == [] and torch.equal(run.pairs.fixed, fixed)
    assert (fixed != few.labels).all() and ((fixed - few.labels) % 10).unique().tolist() == list(
        range(1, 10)
    )


def test_own_negatives_can_be_put_in_place(few):
    """Negatives with the true labels: positives and negatives are then the same, and so is their
    goodness."""
    run = train(SMALL.network(), few, SMALL)
    run.pairs.draw = lambda labels, *, generator: labels
    record = next(run)
    assert record.goodness_pos == record.goodness_neg


@pytest.mark.parametrize("uniform_epochs", [0, 1, 3])
def test_hard_negatives_come_after_the_uniform_epochs_and_from_the_first_layers_goodness(
    few, monkeypatch, uniform_epochs
):
    recipe = SMALL.but(negatives="hard", uniform_epochs=uniform_epochs, hardness=7.0, epochs=3)
    net = recipe.network()
    run = train(net, few, recipe)
    watch_draws(run, uniform := [])
    calls, original = [], pairs.draw_hard_labels

    def watched(goodness, labels, hardness, *, generator):
        calls.append(
            (Reference(net, "mean-square-1", STRENGTH), goodness, labels, hardness, generator)
        )
        return original(goodness, labels, hardness, generator=generator)

    monkeypatch.setattr(pairs, "draw_hard_labels", watched)
    for record, rows in steps(run):
        if record.epoch <= uniform_epochs:
            assert len(calls) == 0 and len(uniform) == 1
        else:
            assert len(calls) == 1 and len(uniform) == 0
            before, goodness, labels, hardness, generator = calls[0]
            torch.testing.assert_close(
                goodness, before.goodness_per_label(few.images[rows])[0], rtol=1e-4, atol=1e-5
            )
            assert (
                torch.equal(labels, few.labels[rows])
                and hardness == 7.0
                and generator is run.generator
            )
        calls.clear(), uniform.clear()
    assert record.epoch == 3


@pytest.mark.parametrize("fresh", [True, False])
def test_hybrids_are_trained_on_without_any_label(few, fresh):
    recipe = SMALL.but(
        negatives="hybrids",
        fresh_negatives=fresh,
        widths=(784, 30),
        optimiser="sgd",
        momentum=0.0,
        batch_size=None,
    )
    net = recipe.network().double()
    layer = net.layers[0]
    run = train(net, double(few), recipe)
    watch_draws(run, drawn := [])
    before = [parameter.clone().requires_grad_() for parameter in (layer.weight, layer.bias)]
    next(run)

    def goodness(x):
        x = x / (x.norm(dim=1, keepdim=True) + 1e-6) * 28
        return torch.relu(x @ before[0].T + before[1]).square().mean(dim=1)

    negatives = drawn[0] if fresh else run.pairs.fixed
    right = torch.cat([goodness(few.images.double()) - 2, 2 - goodness(negatives)]) / 0.5
    gradients = torch.autograd.grad(-torch.nn.functional.logsigmoid(right).mean(), before)
    for old, new, gradient in zip(before, (layer.weight, layer.bias), gradients):
        torch.testing.assert_close(old - new, 0.01 * gradient, rtol=1e-8, atol=1e-12)


# ---- what a step changes, and what it does not


def test_simultaneous_training_moves_every_layer_on_the_first_batch(few):
    net = SMALL.network()
    before = weights(net)
    next(train(net, few, SMALL))
    assert moved(net, before) == [0, 1]


@pytest.mark.parametrize("fresh", [True, False])
def test_greedy_training_moves_one_layer_at_a_time(few, fresh):
    recipe = SMALL.but(schedule="greedy", fresh_negatives=fresh, widths=(784, 30, 20, 15))
    net = recipe.network()
    run = train(net, few, recipe)
    before = weights(net)
    for number, (record, _) in enumerate(steps(run)):
        assert moved(net, before) == list(record.layers) == [number // 8]
        before = weights(net)
    assert number == 3 * 8 - 1


@pytest.mark.parametrize("frozen", [{0}, {1}, {0, 1}])
def test_frozen_layers_stay_to_the_bit_and_the_others_go_on(few, frozen):
    net = SMALL.network()
    run = train(net, few, SMALL.but(weight_decay=0.1))
    next(run)
    run.frozen |= frozen
    before = weights(net)
    for _ in range(3):
        record = next(run)
    assert moved(net, before) == [index for index in (0, 1) if index not in frozen]
    assert record.layers == (0, 1) and len(record.loss) == 2
    run.frozen.clear()
    next(run)
    assert moved(net, before) == [0, 1]


def test_the_running_means_of_a_frozen_layer_stay_too(few):
    recipe = SMALL.but(peer_normalisation=0.03)
    run = train(recipe.network(), few, recipe)
    next(run)
    run.frozen.add(0)
    before = run.state_dict()["peer_means"]
    next(run)
    after = run.state_dict()["peer_means"]
    assert [torch.equal(before[index], after[index]) for index in (0, 1)] == [True, False]


def test_training_leaves_the_data_and_the_recipe_as_they_were(few):
    recipe = SMALL.but(negatives="hard", growth="none")
    images, labels, settings = few.images.clone(), few.labels.clone(), repr(recipe)
    list(train(recipe.network(), few, recipe))
    assert (
        torch.equal(few.images, images)
        and torch.equal(few.labels, labels)
        and repr(recipe) == settings
    )


@pytest.mark.parametrize("loss", ["threshold", "pairwise"])
@pytest.mark.parametrize(
    "schedule, negatives",
    [("simultaneous", "hard"), ("simultaneous", "uniform"), ("greedy", "uniform")],
)
def test_the_loss_of_every_layer_falls_and_the_digits_are_learnt(few, schedule, negatives, loss):
    recipe = SMALL.but(
        schedule=schedule,
        negatives=negatives,
        loss=loss,
        epochs=8,
        widths=(784, 40, 30),
        label_strength=4.0,
        threshold=1.0,
        temperature=0.1,
        learning_rate=0.003,
    )
    net = recipe.network()
    losses = {0: [], 1: []}
    for record in train(net, few, recipe):
        for layer, value in zip(record.layers, record.loss):
            losses[layer].append(value)
    for layer, values in losses.items():
        assert sum(values[-4:]) < 0.85 * sum(values[:4]), (layer, values)
    assert error_rate(net, few) < 0.5  # guessing: 0.9


def test_the_same_seed_gives_the_same_run_and_another_seed_another(few):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    results = []
    for seed in (5, 5, 6):
        net = SMALL.network()
        list(train(net, few, SMALL, seed=seed))
        results.append(weights(net))
    assert same(results[0], results[1]) and not same(results[0], results[2])
    assert torch.equal(torch.get_rng_state(), before)  # the global generator is left alone


# ---- records and batches


@pytest.mark.parametrize("part", [1000, 25])
def test_a_record_tells_the_means_over_the_batch_before_the_step(few, monkeypatch, part):
    monkeypatch.setattr(training, "IMAGES_A_CHUNK", part)
    recipe = SMALL.but(fresh_negatives=False)
    net = recipe.network()
    run = train(net, few, recipe)
    for _ in range(5):
        slow = Reference(net, "mean-square-1", STRENGTH)
        record, rows = next(steps(run))
        images, labels, negatives = few.images[rows], few.labels[rows], run.pairs.fixed[rows]
        losses = slow.losses(images, labels, negatives, "threshold", 2.0, 0.5)
        assert record.loss == pytest.approx([loss.item() for loss in losses], rel=1e-4)
        for shown, chosen in ((record.goodness_pos, labels), (record.goodness_neg, negatives)):
            assert shown == pytest.approx(
                [(h * h).mean().item() for h in slow.activities(images, chosen)], rel=1e-4
            )
        assert all(isinstance(value, float) for value in record.loss)


def test_every_image_is_seen_once_an_epoch_in_a_new_order_and_the_last_batch_is_smaller(few):
    batches = [rows for _, rows in steps(train(SMALL.network(), few, SMALL))]
    assert [len(rows) for rows in batches] == [60, 60, 60, 20] * 2
    first, second = torch.cat(batches[:4]), torch.cat(batches[4:])
    for order in (first, second):
        assert torch.equal(order.sort().values, torch.arange(200)) and not torch.equal(
            order, torch.arange(200)
        )
    assert not torch.equal(first, second)


@pytest.mark.parametrize("batch_size", [200, 1000, None])
def test_a_batch_that_holds_all_images_gives_one_step_an_epoch(few, batch_size):
    recipe = SMALL.but(batch_size=batch_size, fresh_negatives=False)
    net, full = recipe.network(), recipe.network()
    run = train(net, few, recipe)
    assert run.steps_per_epoch == 1 and [len(rows) for _, rows in steps(run)] == [200, 200]
    list(train(full, few, recipe.but(batch_size=None)))
    torch.testing.assert_close(weights(net), weights(full), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "schedule, layers, epochs",
    [
        ("simultaneous", [(0, 1)] * 8, [1, 1, 1, 1, 2, 2, 2, 2]),
        ("greedy", [(0,)] * 8 + [(1,)] * 8, [1, 1, 1, 1, 2, 2, 2, 2] * 2),
    ],
)
def test_one_record_a_step(few, schedule, layers, epochs):
    run = train(SMALL.network(), few, SMALL.but(schedule=schedule))
    assert iter(run) is run and run.total_steps == len(layers) and run.steps_per_epoch == 4
    records = list(run)
    assert [record.layers for record in records] == layers
    assert [record.epoch for record in records] == epochs
    assert [record.step for record in records] == list(range(1, len(layers) + 1))
    assert [record.epoch_done for record in records] == [False, False, False, True] * (
        len(layers) // 4
    )
    seconds = [record.seconds for record in records]
    assert seconds[0] > 0 and seconds == sorted(seconds) and seconds[-1] == run.seconds
    for _ in range(3):
        with pytest.raises(StopIteration):
            next(run)


def test_epochs_raised_after_the_end_go_on_as_if_they_had_been_asked_for(few):
    net, longer = SMALL.network(), SMALL.network()
    run = train(net, few, SMALL)
    assert len(list(run)) == 8
    run.epochs += 1
    assert [record.step for record in run] == [9, 10, 11, 12]
    list(train(longer, few, SMALL.but(epochs=3)))
    assert same(weights(net), weights(longer))


def test_epochs_lowered_end_the_run(few):
    run = train(SMALL.network(), few, SMALL.but(epochs=100))
    for _ in range(4):
        next(run)
    run.epochs = 2
    assert len(list(run)) == 4


def test_epochs_lowered_in_the_middle_of_an_epoch_start_the_next_layer_with_a_whole_one(few):
    run = train(SMALL.network(), few, SMALL.but(schedule="greedy", epochs=3))
    for _ in range(6):
        next(run)
    run.epochs = 1
    rest = list(steps(run))
    assert [record.layers for record, _ in rest] == [(1,)] * 4
    assert torch.equal(torch.cat([rows for _, rows in rest]).sort().values, torch.arange(200))


def test_epoch_records_are_the_means_over_the_steps(few):
    single = list(train(SMALL.network(), few, SMALL))
    epochs = list(train(SMALL.network(), few, SMALL).epoch_records())
    assert [(record.step, record.epoch, record.epoch_done) for record in epochs] == [
        (4, 1, True),
        (8, 2, True),
    ]
    for record, part in zip(epochs, (single[:4], single[4:])):
        for name in ("loss", "goodness_pos", "goodness_neg"):
            assert getattr(record, name) == pytest.approx(
                [sum(values) / 4 for values in zip(*(getattr(one, name) for one in part))]
            )


def test_epoch_records_never_mix_two_layers(few):
    """Lowered epochs end layer 0 in the middle of an epoch: the next record holds layer 1's four
    steps alone."""
    run = train(SMALL.network(), few, SMALL.but(schedule="greedy", epochs=3))
    draw = run.pairs.draw

    def lower(*args, **kwargs):
        run.epochs = 1 if run.step >= 5 else 3
        return draw(*args, **kwargs)

    run.pairs.draw = lower
    records = list(run.epoch_records())
    plain = train(SMALL.network(), few, SMALL.but(schedule="greedy", epochs=3))
    for _ in range(6):
        next(plain)
    plain.epochs = 1
    last = torch.stack([record.stats for record in plain]).mean(dim=0)
    assert [(record.layers, record.step) for record in records] == [((0,), 4), ((1,), 10)]
    assert torch.equal(records[-1].stats, last)


def test_records_and_runs_say_where_they_stand(few):
    run = train(SMALL.network(), few, SMALL.but(name="mine"))
    assert (
        "nothing trained yet" in repr(run) and "mine" in repr(run) and "[784, 30, 20]" in repr(run)
    )
    text = str(next(run))
    for word in ("epoch 1", "step 1", "layer 1", "layer 2", "loss", "goodness"):
        assert word in text
    list(run)
    assert "8 steps taken, 2 of 2 epochs done" in repr(run)


# ---- settings changed while it trains


@pytest.mark.parametrize(
    "setting, value", [("learning_rate", 0.3), ("threshold", 0.2), ("temperature", 2.5)]
)
def test_a_setting_changed_between_two_records_acts_on_the_very_next_step(few, setting, value):
    recipe = SMALL.but(
        optimiser="sgd", momentum=0.0, fresh_negatives=False, batch_size=None, epochs=4
    )
    net = recipe.network().double()
    run = train(net, double(few), recipe)
    next(run)
    for now in (value, getattr(recipe, setting)):  # there and back
        setattr(run, setting, now)
        expected = Reference(net, "mean-square-1", STRENGTH, double=True)
        settings = {"learning_rate": 0.01, "threshold": 2.0, "temperature": 0.5} | {setting: now}
        step = expected.optimisers(functools.partial(torch.optim.SGD, lr=settings["learning_rate"]))
        expected.step(
            step,
            (0, 1),
            *few,
            run.pairs.fixed,
            "threshold",
            settings["threshold"],
            settings["temperature"],
        )
        next(run)
        assert expected.difference(net) < 1e-12


@pytest.mark.parametrize(
    "setting, value",
    [
        *(("learning_rate", bad) for bad in (0, -0.1, math.nan, math.inf, "0.1", None)),
        *(("temperature", bad) for bad in (0, -1.0, math.nan, math.inf)),
        *(("threshold", bad) for bad in (math.nan, math.inf)),
    ],
)
def test_a_setting_that_cannot_work_raises_and_the_run_goes_on_once_it_is_mended(
    few, setting, value
):
    net, undisturbed = SMALL.network(), SMALL.network()
    run = train(net, few, SMALL)
    next(run)
    good, before = getattr(run, setting), weights(net)
    setattr(run, setting, value)
    with pytest.raises(ValueError, match=f"{setting}={value!r}.*finite number"):
        next(run)
    assert same(weights(net), before)
    setattr(run, setting, good)
    assert len(list(run)) == 7
    list(train(undisturbed, few, SMALL))
    assert same(weights(net), weights(undisturbed))


@pytest.fixture
def rates(monkeypatch):
    """The learning rate of every step that an optimiser takes."""
    taken = []
    monkeypatch.setattr(LayerOptimiser, "step", lambda self, rate: taken.append(rate))
    return taken


@pytest.mark.parametrize("schedule, phases", [("simultaneous", 1), ("greedy", 2)])
def test_decay_keeps_the_learning_rate_for_half_the_epochs_and_then_lowers_it_along_a_line_to_0(
    few, rates, schedule, phases
):
    widths = (784, 30) if phases == 1 else (784, 30, 20)
    recipe = SMALL.but(
        widths=widths,
        schedule=schedule,
        optimiser="sgd",
        epochs=6,
        batch_size=20,
        rate_decay="second half",
    )
    run = train(recipe.network(), few, recipe)
    run.learning_rate = 0.5
    list(run)
    assert len(rates) == 60 * phases
    for phase in range(phases):
        taken = torch.tensor(rates[60 * phase :][:60])
        assert (taken[:30] == 0.5).all()
        torch.testing.assert_close(
            taken[31:].diff(), torch.full((28,), -0.5 / 30)
        )  # a straight line ...
        assert (
            0 < taken[-1] <= 0.5 / 30 * 1.01 and taken[30] >= 0.5 * 29 / 30 * 0.99
        )  # ... from the full rate almost down to 0


def test_decay_leaves_a_single_full_batch_step_its_learning_rate(few, rates):
    recipe = SMALL.but(
        widths=(784, 30), optimiser="sgd", epochs=1, batch_size=None, rate_decay="second half"
    )
    list(train(recipe.network(), few, recipe))
    assert rates == [pytest.approx(recipe.learning_rate)]


def test_without_decay_the_learning_rate_stays(few, rates):
    list(train(SMALL.network(), few, SMALL.but(optimiser="sgd")))
    assert rates == [0.01] * 16


# ---- growth


GROWING = SMALL.but(
    schedule="greedy",
    growth="training",
    growth_gain=0.05,
    growth_width=15,
    growth_epochs=3,
    max_layers=6,
)


@pytest.fixture
def accuracies(monkeypatch):
    """Let a growing run believe these accuracies, and note which images it asked about."""

    def script(*values):
        asked, values = [], iter(values)

        def error_rate(net, split):
            asked.append((len(net.layers), split))
            return 1 - next(values)

        monkeypatch.setattr(training, "error_rate", error_rate)
        return asked

    return script


@pytest.mark.parametrize(
    "believed, max_layers, layers",
    [
        (
            [0.5, 0.6, 0.62],
            6,
            4,
        ),  # two layers, + one because 0.5, + one because of 0.6; 0.62 is not 0.05 more
        ([0.5, 0.54], 6, 3),
        ([0.04], 6, 2),  # even the first accuracy must be above the gain
        ([0.5, 0.4], 6, 3),
        ([0.1, 0.3, 0.5, 0.7], 5, 5),
        ([0.9], 2, 2),
        ([0.9], 1, 2),
    ],
)
def test_layers_are_added_as_long_as_accuracy_rises(few, accuracies, believed, max_layers, layers):
    asked = accuracies(*believed)
    recipe = GROWING.but(max_layers=max_layers)
    net = recipe.network()
    run = train(net, few, recipe)
    records = list(run)
    assert net.widths == [784, 30, 20] + [15] * (layers - 2)
    assert run.growth == [
        (2 + index, pytest.approx(accuracy)) for index, accuracy in enumerate(believed)
    ]
    assert [count for count, _ in asked] == [2 + index for index in range(len(believed))]
    assert [record.layers for record in records] == [(0,)] * 8 + [(1,)] * 8 + [
        (2 + i,) for i in range(layers - 2) for _ in range(12)
    ]
    assert run.total_steps == len(records)
    with pytest.raises(StopIteration):
        next(run)
    assert len(net.layers) == layers and recipe.widths == (784, 30, 20)


@pytest.mark.parametrize("growth", ["training", "validation"])
def test_growth_asks_the_images_that_the_recipe_names(digits, accuracies, growth):
    asked = accuracies(0.5, 0.5)
    recipe = GROWING.but(growth=growth)
    list(train(recipe.network(), digits, recipe))
    wanted = digits.train if growth == "training" else digits.validation
    assert len(asked) == 2 and all(split is wanted for _, split in asked)


def test_growth_lists_the_real_accuracy(digits):
    recipe = GROWING.but(growth="validation", growth_gain=0.0, max_layers=3)
    net = recipe.network()
    run = train(net, digits, recipe)
    for record in run:
        if record.layers == (1,) and record.epoch == 2 and record.epoch_done:
            accuracy = (
                (predict(net, digits.validation.images) == digits.validation.labels)
                .double()
                .mean()
                .item()
            )
    assert run.growth[0] == (2, pytest.approx(accuracy))


@pytest.mark.parametrize("fresh", [True, False])
def test_only_the_new_layer_is_trained(few, accuracies, fresh):
    accuracies(0.5, 0.5)
    recipe = GROWING.but(fresh_negatives=fresh)
    net = recipe.network()
    for record in train(net, few, recipe):
        if record.layers == (1,):
            below = weights(net)
    assert same(weights(net)[:4], below) and len(net.layers) == 3


def test_grown_layers_follow_the_seed(few, accuracies):
    grown = []
    for seed in (5, 5, 6):
        accuracies(0.5, 0.5)
        recipe = GROWING.but(fresh_negatives=False, growth_epochs=1)
        net = recipe.network()
        list(train(net, few, recipe, seed=seed))
        grown.append(weights(net)[4:])
    assert same(grown[0], grown[1]) and not same(grown[0], grown[2])


def test_a_grown_layer_equals_plain_autograd_too(few, accuracies):
    accuracies(0.5, 0.5)
    recipe = GROWING.but(fresh_negatives=False, optimiser="sgd", momentum=0.0)
    net = recipe.network().double()
    run = train(net, double(few), recipe)
    slow = None
    for record, rows in steps(run):
        if slow:
            make = functools.partial(torch.optim.SGD, lr=0.01)
            batch = few.images[rows], few.labels[rows], run.pairs.fixed[rows]
            slow.step(slow.optimisers(make), record.layers, *batch, "threshold", 2.0, 0.5)
            assert slow.difference(net) < 1e-12
        if len(net.layers) == 3:
            slow = Reference(net, "mean-square-1", STRENGTH, double=True)
    assert record.layers == (2,) and record.epoch == 3


# ---- rewind and resume


RUNS = {
    "all layers, hard negatives": (SMALL.but(negatives="hard"), 6),
    "between two epochs": (SMALL, 4),
    "before the first step": (SMALL.but(fresh_negatives=False), 0),
    "sgd with decay": (SMALL.but(optimiser="sgd", rate_decay="second half"), 5),
    "greedy, fixed negatives": (SMALL.but(schedule="greedy", fresh_negatives=False), 11),
    "greedy, fixed negatives, shifted images": (
        SMALL.but(schedule="greedy", fresh_negatives=False, shift=1),
        11,
    ),
    "shifted images": (SMALL.but(shift=2), 3),
    "greedy, fresh negatives": (SMALL.but(schedule="greedy", batch_size=50), 10),
    "greedy, fixed hybrids": (
        SMALL.but(schedule="greedy", fresh_negatives=False, negatives="hybrids", mask="gaussian"),
        10,
    ),
    "fresh hybrids": (SMALL.but(negatives="hybrids"), 3),
    "grown, before the growth": (GROWING.but(growth_gain=0.0, max_layers=3), 5),
    "grown, after the growth": (
        GROWING.but(growth_gain=0.0, max_layers=3, fresh_negatives=False),
        19,
    ),
    "after the end": (SMALL, 8),
}


@pytest.fixture(params=RUNS)
def interrupted(request, few):
    """(run at its end, its state in the middle, the last weights, the records from the middle on,
    recipe)."""
    recipe, count = RUNS[request.param]
    run = train(recipe.network(), few, recipe, seed=3)
    for _ in range(count):
        next(run)
    state = run.state_dict()
    rest = [(str(record), record.layers) for record in run]
    return run, state, weights(run.net), rest, recipe


def test_a_run_can_be_rewound_again_and_again_to_the_bit(interrupted):
    run, state, last, rest, recipe = interrupted
    for _ in range(2):
        run.load_state_dict(state)
        assert [(str(record), record.layers) for record in run] == rest
        assert same(weights(run.net), last)


def test_another_run_resumes_from_a_file_to_the_bit(interrupted, few):
    _, state, last, rest, recipe = interrupted
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    other = train(recipe.network(seed=8), few, recipe, seed=9)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert other.step == state["step"] and other.seconds == state["seconds"]
    assert [(str(record), record.layers) for record in other] == rest
    assert same(weights(other.net), last)


def test_settings_changed_by_hand_come_back_with_the_state(few):
    run = train(SMALL.network(), few, SMALL)
    run.learning_rate, run.threshold, run.temperature, run.epochs, run.frozen = (
        0.3,
        0.7,
        0.9,
        5,
        {1},
    )
    state = run.state_dict()
    other = train(SMALL.network(), few, SMALL)
    other.load_state_dict(state)
    assert (
        other.learning_rate,
        other.threshold,
        other.temperature,
        other.epochs,
        other.frozen,
    ) == (0.3, 0.7, 0.9, 5, {1})
    other.frozen.add(0)
    assert run.frozen == {1} and run.state_dict()["frozen"] == [1]


def test_a_state_is_a_copy(few):
    run = train(SMALL.network(), few, SMALL.but(fresh_negatives=False))
    next(run)
    state = run.state_dict()
    kept = copy.deepcopy(state)
    list(run)

    def equal(a, b):
        if isinstance(a, torch.Tensor):
            return torch.equal(a, b)
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
        return (
            all(map(equal, a, b)) and len(a) == len(b) if isinstance(a, (list, tuple)) else a == b
        )

    assert equal(state, kept)


def test_a_state_from_before_a_setting_was_there_goes_on_with_its_default(few):
    run = train(SMALL.network(), few, SMALL)
    next(run)
    state = run.state_dict()
    del state["made_for"]["recipe"]["adversarial"]
    other = train(SMALL.network(), few, SMALL)
    other.load_state_dict(state)
    assert other.step == 1
    moved = SMALL.but(adversarial=1.0)
    with pytest.raises(ValueError, match="another recipe, which differs in adversarial"):
        train(moved.network(), few, moved).load_state_dict(state)
    state["made_for"]["recipe"]["from the future"] = 1
    with pytest.raises(ValueError, match="another recipe, which differs in from the future"):
        other.load_state_dict(state)


def test_a_state_with_too_few_layers_is_refused_and_changes_nothing(few):
    smaller = SMALL.but(widths=(784, 30))
    state = train(smaller.network(), few, smaller).state_dict()
    net = SMALL.network()
    run = train(net, few, SMALL)
    before = weights(net)
    with pytest.raises(ValueError, match="another recipe, which differs in widths"):
        run.load_state_dict(state)
    assert same(weights(net), before) and len(list(run)) == 8


def test_an_interrupted_training_leaves_a_usable_network(few):
    recipe = SMALL.but(schedule="greedy")
    net = recipe.network()
    for record in train(net, few, recipe):
        if record.step == 3:
            break
    assert predict(net, few.images).shape == (200,)
    assert goodness_per_label(net, few.images).isfinite().all()


def test_an_interrupt_in_the_middle_of_a_step_leaves_a_usable_run(few):
    run = train(SMALL.network(), few, SMALL)
    next(run)
    draw = run.pairs.draw

    def interrupt(labels, *, generator):
        raise KeyboardInterrupt

    run.pairs.draw = interrupt
    before = weights(run.net)
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert same(weights(run.net), before)
    run.pairs.draw = draw
    assert list(run)[-1].epoch == 2 and predict(run.net, few.images).shape == (200,)


# ---- what is refused before any work


@pytest.mark.parametrize(
    "spoil, error, message",
    [
        (lambda x, y: (x * torch.nan, y), ValueError, "NaN"),
        (lambda x, y: (x[:0], y[:0]), ValueError, "empty"),
        (lambda x, y: (x[:, :700], y), ValueError, "700 pixels.*first layer takes 784"),
        (lambda x, y: (x.reshape(-1, 28, 28), y), ValueError, "reshape"),
        (lambda x, y: ((x * 255).byte(), y), TypeError, "uint8"),
        (lambda x, y: (x * 255, y), ValueError, "divide 0..255 by 255"),
        (lambda x, y: (x.double(), y), TypeError, "float64.*float32"),
        (lambda x, y: (x, y[:-1]), ValueError, "one label for each image"),
        (lambda x, y: (x, y + 1), ValueError, "expected 0..9"),
        (lambda x, y: (x, y.float()), TypeError, "int64"),
    ],
)
def test_data_that_do_not_fit_are_refused_by_train_itself(few, make_net, spoil, error, message):
    net = make_net(30, 20, label_strength="maximum")
    before = weights(net)
    with pytest.raises(error, match=message):
        train(net, Split(*spoil(few.images, few.labels)), SMALL)
    assert same(weights(net), before) and net.label_strength == "maximum"


def test_the_training_split_of_digits_is_checked_too(digits, make_net):
    with pytest.raises(ValueError, match="NaN"):
        train(
            make_net(30),
            digits._replace(train=Split(digits.train.images * torch.nan, digits.train.labels)),
            SMALL,
        )


@pytest.mark.parametrize(
    "data",
    [lambda few: few.images, lambda few: tuple(few), lambda few: None],
    ids=["tensor", "tuple", "None"],
)
def test_anything_but_digits_or_a_split_is_refused_with_a_hint(few, make_net, data):
    with pytest.raises(TypeError, match="Split"):
        train(make_net(30), data(few), SMALL)


def test_data_and_network_must_share_a_device(few, make_net):
    with pytest.raises(ValueError, match="images are on cpu, the network on meta.*one device"):
        train(make_net(30).to("meta"), few, SMALL)


@pytest.mark.parametrize(
    "data",
    [lambda d: d._replace(validation=d.validation.take(slice(0))), lambda d: d.train],
    ids=["none", "a Split"],
)
def test_growth_on_validation_needs_validation_images(digits, data):
    recipe = GROWING.but(growth="validation")
    with pytest.raises(
        ValueError, match="growth='validation' needs held-out images.*validation=1000"
    ):
        train(recipe.network(), data(digits), recipe)


def test_growth_checks_the_validation_images_before_any_work(digits):
    recipe = GROWING.but(growth="validation")
    narrow = Split(digits.validation.images[:, :700], digits.validation.labels)
    with pytest.raises(ValueError, match="700 pixels"):
        train(recipe.network(), digits._replace(validation=narrow), recipe)


def test_hybrids_refuse_batches_of_one_image(few):
    for batch_size in (199, 1):
        with pytest.raises(ValueError, match="batch_size"):
            train(SMALL.network(), few, SMALL.but(negatives="hybrids", batch_size=batch_size))


@pytest.mark.parametrize(
    "changes", [dict(negatives="hybrids"), dict(shift=1), dict(predict_shift=1)]
)
def test_shifts_and_hybrids_need_square_images(few, changes):
    recipe = SMALL.but(widths=(780, 30), **changes)
    with pytest.raises(ValueError, match="780 pixels, which is no square"):
        train(recipe.network(), Split(few.images[:, :780].contiguous(), few.labels), recipe)


@pytest.mark.parametrize(
    "net, recipe, message",
    [
        (None, SMALL, "net is NoneType, expected an FFNet"),
        (torch.nn.Linear(784, 10), SMALL, "net is Linear, expected an FFNet"),
        (
            SMALL.network(),
            "quick",
            r"recipe is 'quick', expected a Recipe, such as RECIPES\['quick'\]",
        ),
    ],
)
def test_anything_but_a_network_and_a_recipe_is_refused_with_a_hint(few, net, recipe, message):
    with pytest.raises(TypeError, match=message):
        train(net, few, recipe)


# ---- label strength "maximum"


def test_the_strength_maximum_is_settled_once_by_the_training_images(few, make_net):
    few.images[7, 300] = 2.5
    net, fixed = make_net(30, 20, label_strength="maximum"), make_net(30, 20, label_strength=2.5)
    run = train(net, few, SMALL)
    assert net.label_strength == 2.5
    list(run)
    list(train(fixed, few, SMALL))
    assert same(weights(net), weights(fixed))
    darker = few.images * 0.5
    assert torch.equal(goodness_per_label(net, darker), goodness_per_label(fixed, darker))
    train(net, Split(darker, few.labels), SMALL)
    assert net.label_strength == 2.5  # it is a number now


def test_training_takes_the_network_as_it_is_whatever_the_recipes_network(few, make_net):
    net = make_net(25, row_scale="unit-length", label_strength=1.0)
    list(train(net, few, SMALL))
    assert (
        net.widths == [784, 25]
        and net.label_strength == 1.0
        and net.layers[0].row_scale == "unit-length"
    )


def test_digits_are_trained_on_their_training_split(digits):
    one, other = SMALL.network(), SMALL.network()
    list(train(one, digits, SMALL))
    list(train(other, digits.train, SMALL))
    assert same(weights(one), weights(other)) and isinstance(digits, Digits)
