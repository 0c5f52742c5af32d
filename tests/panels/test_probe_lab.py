"""The probe lab without a browser: its widgets' values are set and its clock is ticked here."""

import functools
import itertools
import re

import numpy as np
import pytest
import torch
from by_hand import (
    alt,
    burn,
    check_classes,
    figures,
    histograms,
    part,
    picture,
    pixels,
    plain,
    play,
    series,
    traces,
    widgets_left,
)

from ffteach import RECIPES, Digits, LinearProbe, baselines, features, goodness, hybrids, train
from ffteach.live import ProbeLab
from ffteach.live.probe import watch as probe_watch
from ffteach.live.probe.lab import PROBE
from ffteach.live.probe.slices import DECAY, fit_in_slices
from ffteach.live.shared import looking, panel
from ffteach.masks import blur_masks, other_positions
from ffteach.plots import mosaic, numbers

SMALL = ProbeLab.DEFAULT.but(
    widths=(784, 24, 16), epochs=2, batch_size=20
)  # 10 steps per epoch on the 200 digits
CONTROLS = {
    "ff-train": "train_button",
    "ff-step": "step_button",
    "ff-reset": "reset_button",
    "ff-threshold": "threshold",
    "ff-lr": "learning_rate",
    "ff-epochs": "epochs",
    "ff-picture": "picture",
    "ff-status": "status",
    "ff-message": "message",
    "ff-panel": "widget",
    "ff-probe-lab": "widget",
    "ff-line": "line_button",
    "ff-reveal": "controls.reveal",
    "ff-files": "files.toggle",
    "ff-file": "files.name",
    "ff-save": "files.save_button",
    "ff-load-file": "files.load_button",
    "ff-widths": "controls.widths",
    "ff-mask": "controls.mask",
    "ff-blurs": "controls.blurs",
    "ff-labels": "controls.labels",
    "ff-seed": "controls.seed",
}


@pytest.fixture
def make_lab(digits, closing):
    """Make a small panel; all are closed in the end."""
    return lambda recipe=SMALL, **options: closing(ProbeLab(recipe, **{"data": digits} | options))


def probe_accuracy(see, train_split, validation):
    """The same probe computed plainly: softmax regression, autograd, float64, to convergence."""
    x, new = see(train_split.images).double(), see(validation.images).double()
    mean, scale = x.mean(dim=0), (x - x.mean(dim=0)).square().mean().sqrt()
    layer = torch.nn.Linear(x.shape[1], 10, dtype=torch.float64)
    optimiser = torch.optim.LBFGS(
        layer.parameters(), max_iter=1000, tolerance_grad=1e-7, line_search_fn="strong_wolfe"
    )

    def loss():
        optimiser.zero_grad()
        value = (
            torch.nn.functional.cross_entropy(layer((x - mean) / scale), train_split.labels)
            + 0.005 * layer.weight.square().sum()
        )
        value.backward()
        return value

    optimiser.step(loss)
    return (layer((new - mean) / scale).argmax(dim=1) == validation.labels).double().mean().item()


def test_nothing_runs_until_a_click_and_the_picture_says_what_it_shows(lab):
    play(lab, 3)
    assert (
        lab.state["step"] == 0
        and not lab.state["running"]
        and lab.state["baselines"] == {"raw_pixels": None, "untrained": None}
    )
    assert re.fullmatch(
        r"Mean goodness, layer 1: digits 0\.\d\d, hybrids 0\.\d\d, \d+% of the digits above "
        r"their hybrid; layer 2: .* threshold 1\.0\. Validation accuracy of the linear probe "
        r"not measured yet at step 0; without training, raw pixels not measured yet, "
        r"untrained network not measured yet\. Below, what training has changed in the weights "
        r"of 24 units of the first layer: nothing yet\.",
        alt(lab),
    )
    assert picture(lab)["size"] == (840, 392) and "press Train" in lab.said


def test_the_default_is_the_classrooms_unsupervised_recipe_on_the_sample():
    lab = ProbeLab()
    assert (
        lab.line == "ProbeLab()"
        and lab.training.net.widths == [784, 500, 500, 500]
        and lab.training.schedule.images == 9000
    )
    assert lab.state["images"] == 1000 and lab.state["labels"] == 3000 and lab.state["units"] == 72
    assert lab.recipe == RECIPES["quick-unsupervised"].but(rate_decay="none")
    lab.close()


def test_every_control_has_its_class_and_the_table_lists_it(lab):
    check_classes(lab, CONTROLS)


def test_run_is_reproducible_and_training_in_the_panel_is_training(make_lab, digits):
    one, two = make_lab(), make_lab()
    assert plain(one.run(13)) == plain(two.run(13)) == plain(two.state)
    assert one.state["step"] == 13 and alt(one) == alt(two)
    assert plain(make_lab(seed=1).run(13)) != plain(one.state)
    one.run(7)
    net = one.recipe.network(seed=0)
    for _ in train(net, digits, one.recipe, seed=0):
        pass
    assert all(map(torch.equal, net.parameters(), one.training.net.parameters()))


def test_settings_act_on_the_next_step_without_a_restart(lab):
    lab.run(5)
    weights, before = lab.training.net.layers[0].weight.clone(), picture(lab)
    lab.threshold.value, lab.learning_rate.value = 3.0, 1e-2
    assert (lab.training.threshold, lab.training.learning_rate, lab.state["step"]) == (3.0, 1e-2, 5)
    assert torch.equal(weights, lab.training.net.layers[0].weight)
    assert (
        "threshold 3.0" in alt(lab)
        and picture(lab) != before
        and series(part(lab, "Layer 1"), "level")[0]["at"] == 3.0
    )
    lab.run(5)
    assert (lab.training.net.layers[0].weight - weights).abs().max() > 20 * 1e-3  # only 5 steps


def test_raised_epochs_go_on(lab):
    assert lab.run(1000)["step"] == 20 and "All 2 epochs are done" in lab.said
    lab.epochs.value = 3
    assert lab.running
    play(lab, 40)
    assert lab.state["step"] == 30 and not lab.running and "All 3 epochs are done" in lab.said


# ---- the probe and its baselines


def test_the_baselines_are_the_same_probe_on_pixels_and_on_the_untrained_network(lab, digits):
    found = lab.run(10)["baselines"]
    untrained, watch = lab.recipe.network(seed=0), lab.watch
    assert len(watch.train.labels) == 200 and sorted(watch.validation.labels.tolist()) == sorted(
        digits.validation.labels.tolist()
    )
    assert found["raw_pixels"] == pytest.approx(
        probe_accuracy(lambda x: x, watch.train, watch.validation), abs=0.011
    )  # one image
    assert found["untrained"] == pytest.approx(
        probe_accuracy(lambda x: features(untrained, x), watch.train, watch.validation), abs=0.011
    )
    by_module = baselines(
        untrained,
        Digits(watch.train, watch.validation, watch.validation),
        lambda: LinearProbe(DECAY),
    )
    assert {name: 1 - error for name, error in by_module.items()} == pytest.approx(found, abs=0.011)
    assert lab.state["curve"][0] == (
        0,
        0.0,
        found["untrained"],
    )  # the untrained network is where the curve begins
    assert f"raw pixels {found['raw_pixels']:.1%}" in alt(lab)
    lines = [line["at"] for line in series(part(lab, "Validation accuracy"), "level")]
    assert lines == pytest.approx([100 * found["raw_pixels"], 100 * found["untrained"]])
    (curve,) = series(part(lab, "Validation accuracy"), "line")
    assert curve["y"] == pytest.approx([100 * point[2] for point in lab.state["curve"]])


@pytest.mark.parametrize("layers", [None, (0,), (0, 1)])
def test_the_curves_last_point_is_the_networks_own_and_the_first_layer_is_left_out(
    make_lab, layers
):
    lab = make_lab(SMALL.but(probe_layers=layers, epochs=10))
    for steps in (30, 7):  # the second from a warm start
        state = lab.run(steps)
        seen = (1,) if layers is None else layers
        independent = probe_accuracy(
            lambda x: features(lab.training.net, x, layers=seen),
            lab.watch.train,
            lab.watch.validation,
        )
        assert state["curve"][-1] == (state["step"], state["epochs_done"], state["accuracy"])
        assert state["accuracy"] == pytest.approx(independent, abs=0.011)
    assert lab.watch.probe.weight.shape == (10, sum((24, 16)[layer] for layer in seen))
    assert [point[0] for point in state["curve"]] == [0, 30, 37]


def test_where_the_descent_starts_and_how_it_is_cut_leaves_no_trace(digits, make_net):
    net, trained = make_net(30, 20), make_net(30, 20, seed=1)
    see = lambda images: features(net, images)
    *_, first = fit_in_slices(see, digits.train, digits.validation)
    *_, warm = fit_in_slices(
        lambda x: features(trained, x), digits.train, digits.validation, first.solution
    )
    *_, cold = fit_in_slices(lambda x: features(trained, x), digits.train, digits.validation)
    exact = LinearProbe(DECAY).fit(features(trained, digits.train.images), digits.train.labels)
    x = features(trained, digits.validation.images)
    for probe in (warm, cold):
        scores = (x @ probe.weight.T + probe.bias).softmax(dim=1)
        torch.testing.assert_close(scores, exact.scores(x).softmax(dim=1), atol=0.02, rtol=0)
    assert warm.error(lambda x: features(trained, x), digits.test) == pytest.approx(
        exact.error(features(trained, digits.test.images), digits.test.labels), abs=0.021
    )


@pytest.fixture
def slowly(monkeypatch):
    """One step and one slice of a probe in each tick, however long they take."""
    tick = 1e-6
    monkeypatch.setattr(panel, "LONGEST", tick)
    times = itertools.cycle([0.0, tick * PROBE])  # before and after a slice
    monkeypatch.setattr(probe_watch.time, "thread_time", times.__next__)


def test_the_probe_of_a_running_clock_belongs_to_a_moment_of_the_training(lab, slowly):
    lab.epochs.value = 50
    lab.train_button.value = True
    nets = {}
    while len(lab.watch.curve) < 3:
        play(lab, 1)
        nets[lab.state["step"]] = [
            parameter.detach().clone() for parameter in lab.training.net.parameters()
        ]
        assert lab.error is None and lab.state["step"] < 490
    lab.train_button.value = False
    while lab.picture.value["unfinished"]:
        play(lab, 1)
    step, _, accuracy = lab.watch.curve[-2]  # the last point came in the pause
    assert 0 < step < lab.state["step"]
    net = lab.recipe.network(seed=0)
    for parameter, then in zip(net.parameters(), nets[step]):
        parameter.data = then
    assert accuracy == pytest.approx(
        probe_accuracy(lambda x: features(net, x), lab.watch.train, lab.watch.validation), abs=0.011
    )
    assert lab.watch.curve[-1][0] == lab.state["step"]


def test_the_goodness_is_that_of_held_out_digits_and_their_hybrids(make_lab, digits):
    lab = make_lab()
    lab.run(10)
    watch = lab.watch
    with torch.no_grad():
        expected = torch.stack(
            [
                torch.stack([goodness(h) for h in lab.training.net(x)])
                for x in (watch.validation.images, watch.pairs[1])
            ]
        )
    torch.testing.assert_close(watch.goodness, expected)
    assert lab.state["in_order"] == pytest.approx(
        (expected[0] > expected[1]).double().mean(dim=1).tolist()
    )
    generator = torch.Generator().manual_seed(3)
    drawn = lab.training.pairs.draw(digits.train.images, generator=generator)
    generator.manual_seed(3)
    assert torch.equal(
        drawn,
        hybrids(
            digits.train.images, blur_masks(200, blurs=8, generator=generator), generator=generator
        ),
    )


def test_the_mosaic_shows_what_has_changed_most(make_lab, monkeypatch):
    monkeypatch.setattr(probe_watch, "TILES", 5)
    lab = make_lab()
    lab.run(15)
    change = (
        lab.training.net.layers[0].weight - lab.recipe.network(seed=0).layers[0].weight
    ).detach()
    assert sorted(lab.watch.units) == sorted(change.norm(dim=1).topk(5).indices.tolist())
    shown = pixels(part(lab, "Change of layer 1's weights")) / 255 * 2 - 1
    assert np.allclose(shown, mosaic(change[lab.watch.units], 18), atol=0.005)
    start = lab.recipe.network(seed=0).layers[0].weight[lab.watch.units]
    assert lab.state["change"] == pytest.approx(
        (change[lab.watch.units].norm() / start.norm()).item()
    )


def test_the_test_error_stays_hidden_until_revealed_and_stands_next_to_the_baselines(lab, digits):
    lab.run(12)
    assert lab.state["test_errors"] is None and "Test error" not in figures(lab)
    lab.controls.reveal.click()
    errors = lab.state["test_errors"]
    tested = Digits(lab.watch.train, digits.validation, digits.test)
    expected = baselines(lab.recipe.network(seed=0), tested, lambda: LinearProbe(DECAY))
    own = 1 - probe_accuracy(lambda x: features(lab.training.net, x), lab.watch.train, digits.test)
    assert (
        errors == pytest.approx(expected | {"forward_forward": own}, abs=0.011)
        and lab.state["test_error_step"] == 12
    )
    assert f"Test error <b>{errors['forward_forward']:.1%}</b>" in figures(lab)
    lab.reset_button.click()
    assert lab.state["test_errors"] is None


# ---- Reset, the line, what goes wrong


def test_what_needs_a_new_network_waits_for_reset(lab):
    untrained = plain(lab.state)
    first = lab.run(5)
    controls, watch = lab.controls, lab.watch
    controls.widths.value = "8, 7, 6"
    assert "Widths needs a new network: it waits for Reset" in lab.said and lab.state["waiting"]
    controls.blurs.value, controls.labels.value, controls.seed.value = 2, 100, 4
    assert lab.run(1)["step"] == 6 and lab.watch is watch
    lab.reset_button.click()
    assert (
        lab.training.net.widths == [784, 8, 7, 6]
        and lab.recipe.blurs == 2
        and lab.state["labels"] == 100
        and lab.seed == 4
    )
    assert lab.state["step"] == 0 and not lab.state["waiting"] and len(histograms(lab)) == 3
    lab.run(3)
    assert lab.error is None
    controls.widths.value, controls.blurs.value, controls.labels.value, controls.seed.value = (
        "24, 16",
        8,
        3000,
        0,
    )
    lab.reset_button.click()
    assert plain(lab.state) == untrained and plain(lab.run(5)) == plain(first)


def test_settings_that_cannot_be_are_refused_in_words(make_lab):
    lab = make_lab(SMALL.but(probe_layers=(1,)))
    for text in ("0", "many", "5"):  # the last has no second layer for the probe
        lab.controls.widths.value = text
        assert (
            'role="alert"' in lab.message.value
            and lab.controls.widths.value == "24, 16"
            and not lab.state["waiting"]
        )
    for name in ("quick", "growing"):
        with pytest.raises(ValueError, match="hybrids as negatives"):
            ProbeLab(RECIPES[name])
    for labels in (9, 3000.0, True):
        with pytest.raises(ValueError, match="labels=.* expected labelled images from 10 to 60000"):
            ProbeLab(labels=labels)


def test_reset_keeps_the_raw_pixels_baseline_of_the_same_images(lab):
    lab.run(3)
    known = lab.state["baselines"]
    lab.reset_button.click()
    assert lab.state["baselines"] == {"raw_pixels": known["raw_pixels"], "untrained": None}
    lab.controls.seed.value = 1
    lab.reset_button.click()
    assert lab.state["baselines"]["raw_pixels"] is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"threshold": 0.5, "blurs": 3, "labels": 150, "seed": 2, "presenter": True},
        {"loss": "pairwise", "probe_layers": (0, 1), "schedule": "greedy"},
    ],
)
def test_the_line_says_what_was_given_and_makes_the_same_panel(digits, options):
    lab = ProbeLab(data=digits, widths=(784, 12, 8), **options)
    assert lab.settings == {"widths": (784, 12, 8)} | options
    other = eval(lab.line, {"ProbeLab": functools.partial(ProbeLab, data=digits)})
    assert plain(other.run(6)) == plain(lab.run(6))
    for one in (lab, other):
        one.close()


def test_the_published_recipe_runs_too(make_lab):
    lab = make_lab(RECIPES["mask-probe"].but(widths=(784, 12, 12), train_images=None))
    assert lab.controls.blurs.disabled and lab.run(3)["step"] == 3


def test_image_pairs_wait_for_reset_and_then_teach(lab):
    controls = lab.controls
    controls.mask.value = "blend"
    assert controls.blurs.disabled and lab.training.recipe.mask == "blur"
    lab.reset_button.click()
    assert lab.training.recipe.mask == "blend" and "mask='blend'" in lab.line
    images = lab.training.pairs.images[:20]
    half = lab.training.pairs.draw(images, generator=torch.Generator().manual_seed(1))
    others = images[other_positions(20, generator=torch.Generator().manual_seed(1))]
    torch.testing.assert_close(half, (images + others) / 2)


def test_divergence_and_death_are_named(lab):
    lab.run(3)
    net = lab.training.net
    with torch.no_grad():
        net.layers[1].bias.fill_(-1e3)
    lab.train_button.value = True
    play(lab, 1)
    assert (
        lab.state["trouble"] == "dead"
        and "Layer 2 is dead" in lab.said
        and "rewind" not in lab.said
        and lab.running
    )
    with torch.no_grad():
        net.layers[0].bias.fill_(-1e3)
    play(lab, 1)
    assert "Layers 1 and 2 are dead" in lab.said and not lab.running and lab.error is None
    lab.reset_button.click()
    with torch.no_grad():
        lab.training.net.layers[1].weight[0, 0] = torch.inf
    lab.train_button.value = True
    play(lab, 1)
    assert (
        lab.state["trouble"] == "diverged"
        and "Diverged" in lab.said
        and not lab.running
        and lab.error is None
    )
    lab.reset_button.click()
    assert lab.state["trouble"] is None and lab.run(5)["trouble"] is None


@pytest.mark.parametrize("threshold", [0.0, 6.0])
@pytest.mark.parametrize("widths", [(784, 24, 16), (784, 1, 1), (784, 1), (784, 5, 5, 5, 5)])
def test_extreme_settings_neither_fail_nor_freeze(make_lab, widths, threshold):
    lab = make_lab(SMALL.but(widths=widths))
    lab.threshold.value, lab.learning_rate.value = threshold, 0.1
    lab.train_button.value = True
    play(lab, 3)
    assert lab.error is None
    assert lab.run(20)["accuracy"] <= 1


def test_two_panels_share_nothing_and_a_presenter_sees_less(make_lab):
    one, two = make_lab(), make_lab(presenter=True)
    before = picture(two), plain(two.state)
    one.threshold.value = 0.4
    one.run(5)
    assert (picture(two), plain(two.state)) == before
    assert before[0]["size"] == (840, 392) and two.picture.fills
    assert two.controls.above[-1] not in two.control_box.children
    assert one.controls.above[-1] in one.control_box.children


def test_hundreds_of_ticks_leave_no_traces(make_lab, digits, slowly, monkeypatch):
    few = Digits(digits.train.take(slice(20)), digits.validation.take(slice(10)), digits.test)
    lab = make_lab(SMALL.but(widths=(784, 4)), data=few)
    monkeypatch.setattr(looking, "MOST_POINTS", 8)
    monkeypatch.setattr(probe_watch, "EVERY", 5)
    lab.epochs.max = lab.epochs.value = 2000
    lab.train_button.value = True

    play(lab, 60)
    before = traces(lab, lab.threshold)
    for tick in range(300):
        play(lab, 1)
        if tick % 10 == 0:
            lab.threshold.value = 0.5 + tick % 30 / 10
        assert len(lab.watch.curve) <= 8
    # the picture grows with its mosaic, most of whose bytes are one character in the beginning
    assert (traces(lab, lab.threshold) <= before + [0, 0, 0, 16_000]).all()
    assert lab.error is None and len(lab.watch.curve) >= 4 and lab.watch.curve[0][0] == 0


@pytest.mark.parametrize("at", [1, 2, 5])
def test_ctrl_c_while_a_baseline_is_fitted_ends_nothing(make_lab, monkeypatch, at):
    """In the first or second slice of the untrained network's probe, and in one of raw pixels'."""
    lab, fit, slices = make_lab(), torch.optim.LBFGS.step, []

    def interrupted(optimiser, closure):
        slices.append(optimiser)
        if len(slices) == at:
            raise KeyboardInterrupt
        return fit(optimiser, closure)

    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.LBFGS, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lab.run(10)
    baselines = lab.run(10)["baselines"]
    assert lab.error is None and all(0 < accuracy <= 1 for accuracy in baselines.values())
    lab.reset_button.click()
    assert lab.error is None and lab.run(10)["baselines"] == baselines


def test_numbers_in_the_histograms_are_the_watchs(lab):
    lab.run(10)
    for layer, axes in enumerate(histograms(lab)):
        negative = series(axes, "histogram")[1]
        counts = np.histogram(numbers(lab.watch.goodness[1][layer]), 75, negative["edges"])[0]
        heights = negative["heights"]
        assert heights == pytest.approx(counts * heights.max() / counts.max())


def test_closing_closes_every_widget(digits):
    for options in ({}, {"presenter": True}):
        lab, left = widgets_left(ProbeLab, data=digits, widths=(784, 8, 8), **options)
        assert not left
        assert lab.training is None


def test_slow_slices_of_the_probe_take_their_share_of_the_time_and_no_more(lab, monkeypatch):
    began, spent = [], lambda: 0.010 * len(began)  # each slice takes 10 ms
    monkeypatch.setattr(probe_watch.time, "thread_time", spent)
    monkeypatch.setattr(lab.watch, "_slice", lambda: began.append(1))
    for _ in range(100):
        lab.watch.work(1, 0.1, seconds=0.004)
    assert 38 <= len(began) <= 42


def test_a_pause_ends_a_probe_little_by_little_and_clicks_come_between(lab, slowly):
    lab.train_button.value = True
    play(lab, 2)
    lab.train_button.value = False
    assert lab.picture.value["unfinished"]  # the browser asks on
    counts = []
    for _ in range(500):
        play(lab, 1)
        counts.append(len(lab.watch.curve))
        if not lab.picture.value["unfinished"]:
            break
    assert lab.watch.curve[-1][0] == lab.training.step and len(counts) > 1
    assert lab.training.step == lab.state["probe_step"] and not lab.running
    untouched = picture(lab)
    play(lab, 3)
    assert picture(lab) == untouched


def test_an_error_in_a_pause_is_named_once(lab, slowly, monkeypatch):
    failed = []
    monkeypatch.setattr(lab.watch, "finish", lambda *at: failed.append(at) or burn())
    lab.train_button.value = True
    play(lab, 1)
    lab.train_button.value = False
    play(lab, 3)
    assert len(failed) == 1 and "on fire" in lab.said
    lab.close()
    play(lab, 1)  # a page that has not heard of it
