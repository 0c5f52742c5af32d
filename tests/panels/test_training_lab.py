"""The training lab without a browser: its widgets' values are set and its clock is ticked here."""

import functools
import re
import threading

import numpy as np
import pytest
import torch
from by_hand import (
    BURNT,
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
from ipywidgets import Widget

from ffteach import RECIPES, Digits, error_rate, goodness_per_label, predict, train
from ffteach.live import PRESETS, SLOW_MOTION, TrainingLab
from ffteach.live.shared import lifetime, looking, panel
from ffteach.live.training import moments, watch
from ffteach.plots import numbers

SMALL = SLOW_MOTION.but(
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
    "ff-panel": "widget",
    "ff-training-lab": "widget",
    "ff-line": "line_button",
    "ff-reveal": "controls.reveal",
    "ff-files": "files.toggle",
    "ff-file": "files.name",
    "ff-save": "files.save_button",
    "ff-load-file": "files.load_button",
    "ff-freeze": "controls.boxes.0",
    "ff-negatives": "controls.negatives",
    "ff-loss": "controls.loss",
    "ff-widths": "controls.widths",
    "ff-schedule": "controls.schedule",
    "ff-seed": "controls.seed",
    "ff-digit": "controls.digit",
    "ff-rewind": "controls.rewind",
    "ff-guess": "gate.field",
    "ff-message": "message",
    "ff-show": "controls.show",
    "ff-speed": "controls.speed",
    "ff-preset": "controls.preset",
}


@pytest.fixture
def make_lab(digits, closing):
    """Make a small panel; all are closed in the end."""
    return lambda recipe=SMALL, **options: closing(
        TrainingLab(recipe, **{"data": digits} | options)
    )


def test_nothing_runs_until_a_click_and_the_picture_says_what_it_shows(lab):
    play(lab, 3)
    assert lab.state["step"] == 0 and not lab.state["running"]
    assert re.fullmatch(
        r"Mean goodness, layer 1: positives 0\.\d\d, negatives 0\.\d\d; "
        r"layer 2: positives 0\.\d\d, negatives 0\.\d\d; "
        r"threshold 2\.0\. Validation accuracy \d+\.\d% after 0\.0 epochs\. "
        r"Test image 0, a 2: the highest goodness is under label \d, \d\.\d\d; "
        r"under its own it is \d\.\d\d\.",
        alt(lab),
    )
    assert picture(lab)["size"] == (840, 350) and not lab.picture.fills
    assert "press Train" in lab.message.value


def test_the_default_trains_the_sample_in_slow_motion():
    lab = TrainingLab()
    assert lab.training.net.widths == [784, 500, 500] and lab.training.schedule.images == 9000
    assert lab.state["images"] == len(lab.data.validation.images) == 1000
    assert lab.state | {"threshold": 2.0, "learning_rate": 3e-4, "epochs": 10} == lab.state
    assert all(
        0.4 < goodness < 0.6 for goodness in lab.state["goodness_pos"] + lab.state["goodness_neg"]
    )
    climbed = lab.run(100)  # together up to the threshold
    assert all(
        1.8 < goodness < 2.2 for goodness in climbed["goodness_pos"] + climbed["goodness_neg"]
    )
    lab.close()


def test_every_control_has_its_class_and_the_table_lists_it(lab):
    check_classes(lab, CONTROLS)


def test_run_is_reproducible_and_returns_what_is_shown(make_lab):
    one, two = make_lab(), make_lab()
    assert plain(one.run(13)) == plain(two.run(13)) == plain(two.state)
    assert one.state["step"] == 13 and alt(one) == alt(two)
    assert plain(make_lab(seed=1).run(13)) != plain(one.state)


def test_training_in_the_panel_is_training(make_lab, digits):
    lab = make_lab()
    lab.run(20)
    net = lab.recipe.network(seed=0)
    for _ in train(net, digits, lab.recipe, seed=0):
        pass
    assert all(map(torch.equal, net.parameters(), lab.training.net.parameters()))


def test_ticks_train_and_pause_stops(lab):
    before = alt(lab)
    lab.train_button.value = True
    assert lab.train_button.description == "Pause"
    play(lab, 1)
    assert 0 < lab.state["step"] <= 10 and alt(lab) != before and lab.state["running"]
    lab.train_button.value = False
    step = lab.state["step"]
    play(lab, 3)  # late ticks
    assert (
        lab.state["step"] == step
        and "Paused." in lab.message.value
        and lab.train_button.description == "Train"
    )


def test_settings_act_on_the_next_step_without_a_restart(lab):
    lab.run(5)
    weights = lab.training.net.layers[0].weight.clone()
    before = picture(lab)
    lab.threshold.value, lab.learning_rate.value = 4.0, 1e-2
    assert (lab.training.threshold, lab.training.learning_rate, lab.state["step"]) == (4.0, 1e-2, 5)
    assert torch.equal(weights, lab.training.net.layers[0].weight)
    assert "threshold 4.0" in alt(lab) and picture(lab) != before
    (line,) = series(part(lab, "Layer 1"), "level")
    assert line["at"] == 4.0 and line["axis"] == "x" and line["follows"] == "threshold"
    assert lab.picture.partners["threshold"] == lab.threshold.model_id
    lab.run(5)
    assert (lab.training.net.layers[0].weight - weights).abs().max() > 20 * 3e-4  # only 5 steps


def test_raised_epochs_go_on_and_lowered_ones_end_it(lab):
    assert lab.run(1000)["step"] == 20
    assert "All 2 epochs are done" in lab.message.value
    lab.epochs.value = 3
    assert lab.running
    play(lab, 40)
    assert (
        lab.state["step"] == 30 and not lab.running and "All 3 epochs are done" in lab.message.value
    )
    lab.epochs.value = 1
    assert lab.run(1)["step"] == 30


def test_one_step_pauses_and_takes_one_and_says_so(lab):
    lab.train_button.value = True
    lab.step_button.click()
    assert lab.state["step"] == 1 and not lab.running and lab.said.startswith("One step")
    assert lab.run(3)["message"] == "Trained for 3 steps."
    kill(lab, 0)
    for _ in range(2):  # what is wrong is said each time
        lab.step_button.click()
        assert "Layer 1 is dead" in lab.said


def test_reset_starts_again_from_the_same_network_with_the_new_settings(lab):
    untrained, first = alt(lab), lab.run(4)
    lab.threshold.value = 3.0
    lab.run(3)
    lab.reset_button.click()
    now, before = alt(lab).split(" The run before, ")
    assert lab.state["step"] == 0 and now == untrained.replace("threshold 2.0", "threshold 3.0")
    assert before == "in grey: threshold loss, threshold 3, learning rate 0.0003, 7 steps."
    lab.threshold.value = 2.0
    assert plain(lab.run(4))["goodness_pos"] == first["goodness_pos"]


def test_ticks_are_dropped_while_the_panel_is_busy_but_settings_are_not(lab):
    lab.train_button.value = True
    with lab._lock:
        other = threading.Thread(
            target=lambda: (play(lab, 5), setattr(lab.threshold, "value", 1.0))
        )
        other.start()
        other.join(20)
        assert not other.is_alive() and lab.state["step"] == 0
    assert lab.training.threshold == 1.0


def test_ticks_work_on_another_thread(lab):
    lab.train_button.value = True
    other = threading.Thread(target=play, args=(lab, 2))
    other.start()
    other.join()
    assert lab.state["step"] > 0 and lab.error is None


def test_an_exception_stops_the_clock_and_is_shown_in_words(lab, monkeypatch):
    lab.train_button.value = True
    monkeypatch.setattr(watch, "goodness_per_label", burn)
    play(lab, 1)
    assert not lab.running and isinstance(lab.error, RuntimeError)
    assert 'role="alert"' in lab.message.value and BURNT in lab.message.value
    with pytest.raises(RuntimeError):
        lab.run(1)


def test_divergence_is_named(lab):
    with torch.no_grad():
        lab.training.net.layers[1].weight[0, 0] = torch.inf
    lab.train_button.value = True
    play(lab, 1)
    assert (
        lab.state["trouble"] == "diverged" and not lab.running and "Diverged" in lab.message.value
    )
    lab.controls.reveal.click()
    assert lab.state["test_error"] is None and "nothing to test" in lab.said
    lab.reset_button.click()
    assert lab.state["trouble"] is None and lab.run(5)["trouble"] is None


def kill(lab, layer):
    with torch.no_grad():
        lab.training.net.layers[layer].bias.fill_(-1e3)


def test_death_is_named(lab):
    kill(lab, 1)
    lab.train_button.value = True
    play(lab, 1)
    assert lab.state["trouble"] == "dead" and "Layer 2 is dead" in lab.message.value
    assert lab.running  # the first layer still learns
    kill(lab, 0)
    play(lab, 1)
    assert "Layers 1 and 2 are dead" in lab.message.value and not lab.running


def test_the_pairwise_loss_has_no_threshold_and_shows_differences(make_lab):
    lab = make_lab(SMALL.but(loss="pairwise"))
    lab.run(10)
    assert lab.threshold.disabled
    assert (
        lab.controls.why in lab.control_box.children
        and lab.controls.why.layout.display is None
        and "no threshold" in lab.controls.why.value
    )
    assert "positives minus negatives" in alt(lab) and "threshold" not in alt(lab)
    (shown,) = series(part(lab, "Layer 1"), "histogram")
    (line,) = series(part(lab, "Layer 1"), "level")
    heights, edges = shown["heights"], np.linspace(*shown["edges"], len(shown["heights"]) + 1)
    difference = numbers(lab.watch.goodness[0][0] - lab.watch.goodness[1][0])
    assert edges[0] == -edges[-1] and line["at"] == 0 and "follows" not in line
    centre = (heights * (edges[1:] + edges[:-1]) / 2).sum() / heights.sum()
    assert centre == pytest.approx(difference.mean(), abs=edges[1] - edges[0])


def test_histograms_show_the_held_out_goodness(lab):
    lab.run(10)
    for layer, axes in enumerate(histograms(lab)):
        both = series(axes, "histogram")
        assert [one["role"] for one in both] == ["positive", "negative"]
        for one, goodness in zip(both, lab.watch.goodness):
            heights = one["heights"]
            counts = np.histogram(numbers(goodness[layer]), 75, one["edges"])[0]
            assert heights == pytest.approx(counts * heights.max() / counts.max())
        assert max(one["heights"].max() for one in both) == 1


@pytest.mark.parametrize("threshold", [0.0, 6.0])
@pytest.mark.parametrize("widths", [(784, 24, 16), (784, 1, 1), (784, 1), (784, 5, 5, 5, 5)])
def test_extreme_settings_neither_fail_nor_freeze(make_lab, widths, threshold):
    lab = make_lab(SMALL.but(widths=widths))
    lab.threshold.value, lab.learning_rate.value = threshold, 0.1
    lab.train_button.value = True
    play(lab, 3)
    assert lab.error is None and "not finite" not in lab.message.value
    assert lab.run(20)["accuracy"] <= 1


def test_every_recipe_that_fits_runs(make_lab):
    for recipe in RECIPES.values():
        if recipe.growth == "none" and recipe.negatives != "hybrids":
            lab = make_lab(recipe.but(widths=(784, 16, 16), train_images=None))
            assert lab.recipe.batch_size <= 500 and lab.recipe.rate_decay == "none"
            settings = lab.training.threshold, lab.training.learning_rate, lab.training.epochs
            assert settings == (recipe.threshold, recipe.learning_rate, recipe.epochs)
            assert lab.run(3)["step"] == 3


def test_unsuitable_recipes_and_data_are_refused(make_lab, digits):
    with pytest.raises(ValueError, match="fixed number of layers"):
        make_lab(RECIPES["growing"])
    with pytest.raises(ValueError, match="held-out"):
        make_lab(data=Digits(digits.train, digits.train.take(slice(0)), digits.test))


def test_two_panels_share_nothing(make_lab):
    one, two = make_lab(), make_lab()
    before = picture(two), plain(two.state)
    one.threshold.value = 1.0
    one.run(5)
    assert (picture(two), plain(two.state)) == before


def test_a_thousand_ticks_leave_no_traces(make_lab, digits, monkeypatch):
    few = Digits(digits.train.take(slice(20)), digits.validation.take(slice(10)), digits.test)
    lab = make_lab(SMALL.but(widths=(784, 4)), data=few)
    monkeypatch.setattr(panel, "LONGEST", 0)  # a step for each tick
    lab.epochs.max = lab.epochs.value = 2000
    lab.train_button.value = True
    most = 0

    play(lab, 10)
    before = traces(lab, lab.threshold)
    for tick in range(1000):
        play(lab, 1)
        if tick % 10 == 0:
            lab.threshold.value = 1 + tick % 30 / 10
            lab.controls.digit.value = tick % 7
        if tick % 100 == 99:
            lab.controls.rewind.value -= 5  # to the moment before
            lab.train_button.value = True
        most = max(most, len(lab.state["moments"]))
    # the picture grows with its curves, at most 400 points of 8 bytes each, 4 characters a byte
    assert (traces(lab, lab.threshold) <= before + [0, 0, 0, 3 * 8 * 4 * 400]).all()
    assert 500 < lab.state["step"] < 1010
    assert 20 <= most <= moments.MOST
    assert (
        len(lab.watch.history) <= looking.MOST_POINTS
        and len(lab.watch.epoch_ends) <= looking.MOST_POINTS
    )
    assert (
        lab.watch.history[0][0] == 0 and lab.state["step"] - lab.watch.history[-1][0] < 9
    )  # thinned, not cut off


def test_leaving_the_page_stops_the_clock_and_another_view_does_not(lab):
    lab.picture._view_count = 1
    lab.train_button.value = True
    play(lab, 1)
    lab.picture._view_count = 2
    assert lab.running
    lab.picture._view_count = 1
    assert lab.running
    lab.picture._view_count = 0
    assert not lab.running


def test_running_the_cell_again_closes_its_former_panel_only(make_lab, monkeypatch):
    class Shell:
        cell, execution = "a", "1"

        def get_parent(self):
            return {"metadata": {"cellId": self.cell}, "header": {"msg_id": self.execution}}

    shell = Shell()
    monkeypatch.setattr(lifetime, "get_ipython", lambda: shell)
    monkeypatch.setattr(lifetime, "_panels", {})
    first, beside = make_lab(), make_lab()
    shell.cell = "b"
    elsewhere = make_lab()
    first.train_button.value = True
    shell.cell, shell.execution = "a", "2"
    make_lab()
    assert not first.running and first.training is None and beside.training is None
    assert elsewhere.training is not None


def test_a_panel_that_no_page_shows_and_no_variable_holds_is_closed(make_lab, monkeypatch):
    class Shell:
        user_ns, cell = {}, "a"

        def get_parent(self):
            return {"metadata": {"cellId": self.cell}, "header": {"msg_id": self.cell}}

    shell = Shell()
    monkeypatch.setattr(lifetime, "get_ipython", lambda: shell)
    monkeypatch.setattr(lifetime, "_panels", {})
    labs = {}
    for name in ("gone", "shown", "held", "in a list", "not yet shown"):
        shell.cell = name
        labs[name] = make_lab()
        if name != "not yet shown":
            labs[name].picture._view_count = 1
    shell.user_ns = {"lab": labs["held"], "labs": [labs["in a list"]], "_": labs["gone"]}
    for name in ("gone", "held", "in a list"):
        labs[name].picture._view_count = 0
    shell.cell = "another"
    make_lab()
    assert [name for name, lab in labs.items() if lab.closed] == ["gone"]


def test_closing_closes_every_widget(digits):
    others = {"presenter": True}, {"small": True}, {"widths": (784, 5, 5, 5), "guess": True}
    for options in ({}, *others):
        lab, left = widgets_left(TrainingLab, data=digits, **{"widths": (784, 8)} | options)
        assert not left
        assert lab.training is None


def test_only_a_persons_pause_looks_at_everything_and_no_look_is_made_twice(lab, monkeypatch):
    looks, look = [], lab.watch.look
    monkeypatch.setattr(lab.watch, "look", lambda *at, **how: (looks.append(how), look(*at, **how)))
    whole = lambda: sum(how["everything"] for how in looks)
    lab.train_button.value = True
    lab.stop()
    lab.reset_button.click()
    monkeypatch.setattr(lab.watch, "look", lambda *at, **how: looks.append(how))
    assert whole() == 0
    lab.train_button.value = True
    lab.train_button.value = False  # nothing was trained since the last look
    assert whole() == 0
    lab.train_button.value = True
    play(lab, 1)
    lab.train_button.value = False
    assert whole() == 1 and "Paused." in lab.said
    lab.run(100)  # to the end, and no further
    assert whole() == 2
    lab.run(1)
    assert whole() == 2


def test_what_was_asked_for_twice_is_done_once(lab):
    """A browser asks once more when an answer is late."""
    lab.controls.speed.value = 1
    lab.train_button.value = True
    for ask in (1, 2, 1, 2, 2):
        lab.picture._handle_custom_msg({"ask": ask}, [])
    assert lab.state["step"] == 2


def test_a_panel_is_closed_when_its_work_is_done_and_then_does_none(make_lab, monkeypatch):
    lab = make_lab()
    lab.train_button.value = True
    closing = threading.Thread(target=lab.close)
    with lab._lock:
        closing.start()
        closing.join(0.2)
        assert lab.picture.comm is not None and not lab.closed  # it waits
    closing.join()
    monkeypatch.setattr(lab, "advance", burn)
    lab.do(burn)
    lab.tick(1)
    assert lab.closed and lab.error is None


def test_a_moment_on_the_receptive_fields_takes_one_pass(lab, monkeypatch):
    lab.run(3)
    passes, forward = [], type(lab.training.net.layers[0]).forward
    counted = lambda layer, x: (passes.append(len(x)), forward(layer, x))[1]
    monkeypatch.setattr(type(lab.training.net.layers[0]), "forward", counted)
    lab.controls.show.value = "receptive fields"
    assert passes == [lab.watch.live]


def test_on_another_thread_tensors_are_made_where_the_panel_was(lab):
    """Each thread has a default device of its own, and JupyterLab's clicks come on another."""
    assert lab._device == torch.get_default_device()
    lab._device, made = torch.device("meta"), []
    lab.draw = lambda: None
    other = threading.Thread(target=lambda: lab.do(lambda: made.append(torch.zeros(1).device)))
    other.start()
    other.join()
    assert made == [torch.device("meta")]


# ---- settings that wait for Reset


def test_settings_that_need_a_new_network_wait_for_reset(lab):
    lab.run(3)
    training = lab.training
    controls = lab.controls
    controls.loss.value = "pairwise"
    assert (
        "waits for Reset" in lab.said
        and "Loss" in lab.said
        and lab.reset_button.button_style == "warning"
        and lab.state["waiting"]
    )
    (
        controls.negatives.value,
        controls.schedule.value,
        controls.widths.value,
        controls.seed.value,
    ) = (
        "fixed",
        "greedy",
        "8, 7,6",
        4,
    )
    assert (
        lab.said
        == "Negatives, Loss, Widths, Schedule and Seed need a new network: they wait for Reset."
    )
    lab.run(1)
    assert (
        lab.training is training and lab.state["step"] == 4 and training.recipe.loss == "threshold"
    )
    lab.reset_button.click()
    recipe = lab.training.recipe
    assert (recipe.loss, recipe.negatives, recipe.fresh_negatives, recipe.schedule) == (
        "pairwise",
        "uniform",
        False,
        "greedy",
    )
    assert (
        lab.training.net.widths == [784, 8, 7, 6]
        and lab.training.pairs.fixed is not None
        and lab.seed == 4
    )
    assert (
        lab.threshold.disabled
        and lab.controls.why.layout.display is None
        and len(histograms(lab)) == len(lab.controls.freeze.children) == 3
    )
    assert (
        lab.state["step"] == 0 and not lab.state["waiting"] and lab.reset_button.button_style == ""
    )
    lab.run(25)
    assert lab.error is None and lab.training.phase == 1
    controls.loss.value = "threshold"
    lab.reset_button.click()
    assert not lab.threshold.disabled and lab.controls.why.layout.display == "none"


def test_taking_a_choice_back_leaves_nothing_waiting(lab):
    lab.controls.seed.value = 3
    lab.controls.seed.value = 0
    assert not lab.state["waiting"] and "Nothing waits" in lab.said


@pytest.mark.parametrize("text", ["", "0", "500,", "5; 5", "2001", "-3", "1, 1, 1, 1, 1", "many"])
def test_widths_that_cannot_be_are_refused_in_words_and_the_former_stay(lab, text):
    lab.controls.widths.value = text
    assert "give 1 to 4 whole numbers" in lab.said and 'role="alert"' in lab.message.value
    assert lab.controls.widths.value == "24, 16" and not lab.state["waiting"]


def test_a_new_seed_draws_other_data_where_the_recipe_takes_only_some():
    lab = TrainingLab(SMALL.but(train_images=300))
    before = lab.training.train_split.images
    lab.controls.seed.value = 1
    lab.reset_button.click()
    assert not torch.equal(lab.training.train_split.images, before)
    other = TrainingLab(SMALL.but(train_images=300), seed=1)
    assert plain(other.run(5)) == plain(lab.run(5))
    for one in (lab, other):
        one.close()


# ---- freezing, and going back


@pytest.mark.parametrize("frozen", [0, 1])
def test_a_frozen_layer_keeps_its_weights(lab, frozen):
    lab.run(3)
    before = [layer.weight.clone() for layer in lab.training.net.layers]
    lab.controls.boxes[frozen].value = True
    lab.run(5)
    assert [
        torch.equal(layer.weight, old) for layer, old in zip(lab.training.net.layers, before)
    ] == [frozen == 0, frozen == 1]
    assert lab.state["frozen"] == [frozen + 1]
    lab.reset_button.click()
    assert lab.training.frozen == {frozen}  # the box is still ticked
    lab.controls.boxes[frozen].value = False
    assert lab.run(3)["frozen"] == []
    assert not torch.equal(
        lab.training.net.layers[frozen].weight, lab.recipe.network(seed=0).layers[frozen].weight
    )


def weights(lab):
    return torch.cat([parameter.detach().flatten() for parameter in lab.training.net.parameters()])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": "greedy", "epochs": 1, "fresh_negatives": False},
        {"negatives": "hard", "uniform_epochs": 0},
    ],
)
def test_going_back_and_on_again_is_the_same_to_the_bit(make_lab, changes):
    lab = make_lab(SMALL.but(**{"epochs": 4} | changes))
    lab.run(10)
    then, seen, shown = weights(lab), list(lab.watch.history), lab.watch.goodness.clone()
    lab.run(7)
    later = weights(lab)
    lab.threshold.value, lab.learning_rate.value, lab.controls.boxes[0].value = 3.0, 1e-2, True
    lab.run(3)
    lab.controls.rewind.value = 9  # 10 is the nearest moment
    assert lab.state["step"] == lab.controls.rewind.value == 10 and "At step 10 again" in lab.said
    assert torch.equal(weights(lab), then) and lab.watch.history == seen
    assert torch.equal(lab.watch.goodness, shown[:, :, : lab.watch.shown])
    assert (lab.threshold.value, lab.learning_rate.value, lab.state["frozen"]) == (2.0, 3e-4, [])
    assert not lab.controls.boxes[0].value
    assert lab.run(7)["step"] == 17 and torch.equal(weights(lab), later)


def test_later_moments_stay_until_training_goes_on(lab):
    lab.epochs.value = 10
    lab.run(45)
    last = weights(lab)
    lab.rewind(18)
    assert lab.state["step"] == 20 and lab.state["moments"] == [0, 10, 20, 30, 40, 45]
    lab.rewind(100)
    assert lab.state["step"] == 45 and torch.equal(weights(lab), last)
    lab.rewind(20)
    lab.run(1)
    assert lab.state["moments"] == [0, 10, 20] and lab.watch.history[-1][0] == 21 / 10


def test_the_arrow_keys_go_from_moment_to_moment(lab):
    lab.run(20)
    seen = []
    for key in (-1, -1, -1, 1, 1, 1):
        if lab.controls.rewind.value + key >= 0:
            lab.controls.rewind.value += key
        seen.append(lab.state["step"])
    assert seen == [10, 0, 0, 10, 20, 20] and lab.controls.rewind.value == 20


def test_going_back_pauses_and_leads_out_of_death(lab):
    lab.run(10)
    lab.train_button.value = True
    kill(lab, 0)
    play(lab, 1)
    assert lab.state["trouble"] == "dead"
    lab.train_button.value = True
    lab.rewind(0)
    assert (
        not lab.running
        and lab.state["trouble"] is None
        and lab.state["step"] in (0, 10)
        and lab.run(3)["trouble"] is None
    )


def test_raised_epochs_stay_raised_when_going_back(lab):
    lab.run(15)
    lab.epochs.value = 7
    lab.rewind(10)
    assert lab.training.epochs == 7


def test_moments_are_bounded_evenly_spread_and_fewer_for_a_large_network():
    for size, most in ((1, moments.MOST), (moments.MEMORY // 7, 7), (2 * moments.MEMORY, 2)):
        kept = moments.Moments()
        for step in range(0, 5000, 7):
            if kept.due(step):
                kept.keep(step, f"moment {step}", size)
            assert len(kept.steps) <= most
        gaps = np.diff(kept.steps)
        assert (
            kept.steps[0] == 0
            and len(kept.steps) >= max(2, most // 2)
            and (most == 2 or gaps.max() <= 2 * gaps.min())
        )
        assert kept[0] == "moment 0"


def test_the_nearest_moment_is_on_the_side_that_is_asked_for():
    kept = moments.Moments()
    for step in (0, 10, 20):
        kept.keep(step, None, 1)
    assert [kept.nearest(wanted, 17) for wanted in (3, 9, 16, 18, 99)] == [0, 10, 10, 20, 20]
    assert kept.nearest(24, 22) == 22  # nothing is ahead


# ---- what else is seen


def test_the_accuracy_is_that_of_the_images_shown(make_net, digits, monkeypatch):
    for module in (watch, looking):
        monkeypatch.setattr(module, "LIVE", 30)
    net = make_net(20)
    watched = watch.Watch(net, digits, seed=0, digit=0, counted=[0])
    right = (predict(net, watched.images) == watched.labels).float()
    watched.look(0, None, everything=True)
    assert watched.accuracy == pytest.approx(right.mean().item())
    watched.look(1, [0.5], everything=False)
    assert watched.accuracy == pytest.approx(right[:30].mean().item())
    assert right[:30].mean() != right.mean()


def test_the_ten_goodness_values_are_those_of_the_chosen_image(lab, digits):
    lab.run(5)
    for digit in (0, 57):
        lab.controls.digit.value = digit
        values = goodness_per_label(lab.training.net, digits.test.images[[digit]])[0]
        assert lab.state["digit_goodness"] == pytest.approx(values.tolist())
        assert lab.state["digit_label"] == digits.test.labels[digit]
        chart = part(lab, f"Test image {digit}, a ")
        (bars,), (winner,) = series(chart, "bars"), series(chart, "marks")
        assert bars["y"] == pytest.approx(numbers(values - values.mean()), abs=1e-6)
        assert winner["x"] == values.argmax() and winner["y"] > bars["y"].max()
        own = [label for label, role in enumerate(bars["roles"]) if role == "positive"]
        assert own == [digits.test.labels[digit]]
        axes = picture(lab)["axes"]
        shown = pixels(axes[axes.index(chart) - 1]).ravel()
        image = numbers(digits.test.images[digit])
        assert shown / 255 == pytest.approx(image / image.max(), abs=0.003)
        assert f"highest goodness is under label {values.argmax()}" in alt(lab)
    before = lab.state["digit_goodness"]
    assert lab.run(5)["digit_goodness"] != before  # it lives


def test_the_test_error_stays_hidden_until_revealed(lab, digits):
    lab.run(12)
    assert lab.state["test_error"] is None and "Test error" not in figures(lab)
    lab.controls.reveal.click()
    error = error_rate(lab.training.net, digits.test)
    assert (lab.state["test_error"], lab.state["test_error_step"]) == (error, 12)
    assert f"Test error <b>{error:.1%}</b> at step 12" in figures(lab)
    lab.reset_button.click()
    assert lab.state["test_error"] is None


def test_a_recipe_predicts_in_the_panel_as_it_does_outside(make_lab, digits):
    lab = make_lab(SMALL.but(first_layer_counts=False, predict_shift=1))
    lab.run(20)
    net = lab.training.net
    validation_error, digit = (
        error_rate(net, digits.validation, layers=[1]),
        goodness_per_label(net, digits.test.images[:1], layers=[1]),
    )
    assert validation_error != error_rate(net, digits.validation)
    assert lab.state["accuracy"] == pytest.approx(1 - validation_error)
    assert lab.state["digit_goodness"] == pytest.approx(digit[0].tolist())
    lab.controls.reveal.click()
    assert lab.state["test_error"] == error_rate(net, digits.test, layers=[1], shift=1)


def test_the_gate_keeps_train_disabled_until_someone_has_guessed(make_lab):
    lab = make_lab(guess=True)
    assert lab.train_button.disabled and lab.step_button.disabled and "Guess first" in lab.said
    for wrong in ("much", "101", "-1", "nan"):
        lab.gate.field.value = wrong
        assert (
            lab.train_button.disabled
            and "number from 0 to 100" in lab.said
            and lab.state["guess"] is None
        )
    lab.gate.field.value = " 85 %"
    assert (
        not lab.train_button.disabled and not lab.step_button.disabled and lab.gate.field.disabled
    )
    assert lab.state["guess"] == 0.85 and "your guess was 85%" in alt(lab)
    (line,) = series(part(lab, "Validation accuracy"), "level")
    assert line["at"] == 85 and line["text"] == "your guess"
    assert "you guessed 85%" in lab.run(100)["message"]
    lab.reset_button.click()
    assert (
        lab.train_button.disabled
        and lab.state["guess"] is None
        and not series(part(lab, "Validation accuracy"), "level")
    )
    assert lab.gate.field.value == "" and not lab.gate.field.disabled


def test_without_a_gate_nothing_is_asked(lab):
    assert not lab.train_button.disabled and lab.gate.widget.layout.display == "none"


def test_a_presenter_has_larger_type_and_fewer_controls(make_lab):
    lab, plain_lab = make_lab(presenter=True), make_lab()
    assert picture(lab)["size"] == (840, 350) and lab.picture.fills
    assert "ff-presenter" in lab.widget._dom_classes

    def on_page(box):
        return {one for child in getattr(box, "children", ()) for one in on_page(child)} | {id(box)}

    controls = lab.controls
    assert {
        id(control)
        for control in (lab.threshold, lab.learning_rate, lab.train_button, controls.rewind)
    } <= on_page(lab.widget)
    assert not {
        id(control) for control in (*controls.waiting, *controls.boxes, lab.line_button)
    } & on_page(lab.widget)
    assert len(on_page(lab.widget)) < len(on_page(plain_lab.widget))
    assert plain(lab.run(5)) == plain(plain_lab.run(5))


def test_the_run_before_the_last_reset_stays_in_grey(lab):
    lab.run(20)
    before = list(lab.watch.history)
    lab.threshold.value = 1.0
    lab.reset_button.click()
    ghost, line = series(part(lab, "Validation accuracy"), "line")
    assert ghost["role"] == "chance" and ghost["y"] == pytest.approx(
        [100 * accuracy for _, accuracy, _ in before]
    )
    assert len(line["y"]) == 1 and "The run before, in grey" in alt(lab)
    lab.reset_button.click()  # nothing was trained: the same run stays
    assert lab.state["ghost"][0] == before


def test_receptive_fields_are_the_most_active_units_weights(lab):
    lab.run(10)
    lab.controls.show.value = "receptive fields"
    watch, weights = lab.watch, numbers(lab.training.net.layers[0].weight)
    activity = numbers(lab.training.net(watch.pairs[0])[0].detach().square().mean(dim=0))
    assert set(watch.units) <= set(activity.argsort()[::-1][:24]) and len(watch.units) == 12
    tiles = [axes for axes in picture(lab)["axes"] if "live" in axes]
    far = lab._picture.reach["field"]
    for unit, tile in zip(watch.units, tiles):
        shown = (pixels(tile) / 255 * 2 - 1) * far
        assert np.allclose(shown.ravel(), weights[unit].clip(-far, far), atol=0.01 * far)
    lab.picture._handle_custom_msg({"pointed": "unit 5"}, [])
    unit = watch.units[5]
    assert any(f"excite unit {unit} most" in text["text"] for text in picture(lab)["texts"])
    excited = numbers(lab.training.net(watch.pairs[0])[0].detach())[:, unit]
    image = numbers(watch.images[excited.argmax()])
    first = [axes for axes in picture(lab)["axes"] if axes["box"][1] > 300][0]
    assert pixels(first).ravel() / 255 == pytest.approx(image / image.max(), abs=0.003)


def test_the_worst_digits_lie_on_the_wrong_side_of_the_threshold(lab):
    lab.run(15)
    lab.threshold.value = round(float(lab.watch.goodness[:, 0].median()), 1)
    lab.controls.show.value = "worst digits"
    positives, negatives = lab.watch.worst(lab.training.threshold)
    values = numbers(lab.watch.goodness[:, 0, : lab.watch.live])
    below = np.sort(values[0][values[0] < lab.training.threshold])[:6]
    above = np.sort(values[1][values[1] > lab.training.threshold])[::-1][:6]
    assert [one[3] for one in positives] == pytest.approx(below.tolist())
    assert [one[3] for one in negatives] == pytest.approx(above.tolist())
    assert all(label == written for _, label, written, _ in positives)
    assert all(label != written for _, label, written, _ in negatives)


def test_a_speed_is_so_many_steps_from_picture_to_picture(lab):
    lab.controls.speed.value = 2
    lab.train_button.value = True
    for tick in (1, 2, 3):
        play(lab, 1)
        assert lab.state["step"] == 2 * tick


# ---- presets, and the line that makes a panel again


def test_a_preset_from_the_menu_is_that_preset_on_a_new_network(make_lab):
    lab = make_lab(None, widths=(784, 12, 8))
    lab.run(3)
    lab.controls.preset.value = "pairwise loss"
    same = make_lab(None, preset="pairwise loss", widths=(784, 12, 8))
    assert lab.state["step"] == 0 and lab.recipe == same.recipe
    assert PRESETS["pairwise loss"].about.capitalize() in lab.said and lab.line == same.line
    one, other = plain(lab.run(5)), plain(same.run(5))
    assert one["goodness_pos"] == other["goodness_pos"]
    lab.controls.preset.value = "threshold too high"
    assert lab.threshold.value == lab.training.threshold == 20.0


def test_presets_are_chosen_by_name_and_unknown_ones_name_the_choices(make_lab):
    assert make_lab(None, preset="slow motion").recipe == make_lab(None).recipe
    assert {"slow motion", "as fast as it goes", "threshold too high", "pairwise loss"} <= set(
        PRESETS
    )
    with pytest.raises(ValueError, match="'as fast as it goes'"):
        TrainingLab(preset="as slow as it goes")
    with pytest.raises(ValueError, match="not both"):
        TrainingLab(SMALL, preset="slow motion")
    with pytest.raises(ValueError, match="frozen"):
        TrainingLab(frozen=(3,))
    with pytest.raises(ValueError, match="no setting 'treshold'"):
        TrainingLab(treshold=1.0)


def test_a_recipe_may_be_given_by_its_name(make_lab):
    lab = make_lab("quick", widths=(784, 12, 8))
    assert lab.recipe.threshold == RECIPES["quick"].threshold and lab.run(2)["step"] == 2
    assert make_lab("pairwise loss", widths=(784, 8)).recipe.loss == "pairwise"  # so may a preset
    again = eval(lab.line, {"TrainingLab": functools.partial(make_lab, None)})
    assert again.settings == lab.settings


@pytest.mark.parametrize(
    "options, error, sentence",
    [
        ({"recipe": "quik"}, ValueError, "recipe='quik': choose one of .*'quick'"),
        ({"recipe": 3}, TypeError, "recipe is int, expected a Recipe or the name of one"),
        ({"digit": 5000}, ValueError, "digit=5000: expected a test image from 0 to 99"),
        ({"digit": -1}, ValueError, "digit=-1: expected a test image from 0"),
        ({"digit": 1.5}, ValueError, "digit=1.5: .* a whole number"),
        ({"seed": -1}, ValueError, "seed=-1: expected a seed from 0"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_are_refused_in_a_sentence(make_lab, options, error, sentence):
    with pytest.raises(error, match=sentence):
        make_lab(**options)


def test_data_that_are_no_digits_are_refused_with_a_way_out(digits):
    with pytest.raises(TypeError, match=r"data is Split, expected Digits.* load_mnist\("):
        TrainingLab(SMALL, data=digits.train)


def test_presets_show_what_they_say():
    """Within 300 steps, which take about four seconds of panel time."""
    seen = {}
    for name in (
        "as fast as it goes",
        "threshold too high",
        "threshold too low",
        "learning rate too high",
        "pairwise loss",
    ):
        lab = TrainingLab(preset=name)
        seen[name] = lab.run(130), lab.run(170)
        lab.close()
    middle, late = seen["as fast as it goes"]
    assert middle["accuracy"] > 0.87 and late["accuracy"] > 0.9
    middle, _ = seen["threshold too high"]
    assert min(middle["goodness_neg"]) > 15 and middle["accuracy"] < 0.6
    middle, late = seen["threshold too low"]
    assert max(middle["goodness_pos"]) < 0.25 and late["accuracy"] < 0.85
    assert seen["learning rate too high"][0]["trouble"] == "dead"
    assert (
        seen["pairwise loss"][1]["accuracy"] > 0.87
        and min(seen["pairwise loss"][1]["goodness_neg"]) > 0.5
    )


def remake(lab, digits):
    return eval(lab.line, {"TrainingLab": functools.partial(TrainingLab, data=digits)})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preset": "as fast as it goes", "threshold": 1.2, "seed": 3},
        {"preset": "pairwise loss", "widths": (784, 9), "frozen": (1,), "digit": 4},
        {
            "negatives": "other images",
            "fresh_negatives": False,
            "schedule": "greedy",
            "guess": True,
            "presenter": True,
        },
    ],
)
def test_the_line_says_what_was_given_and_makes_the_same_panel(digits, options):
    small = {} if "widths" in options else {"widths": (784, 12, 8)}
    lab = TrainingLab(data=digits, **small, **options)
    assert lab.settings == small | options
    other = remake(lab, digits)
    assert plain(other.run(6)) == plain(lab.run(6))
    for one in (lab, other):
        one.close()


def test_the_line_follows_the_controls_and_a_button_prints_it(make_lab, digits):
    assert TrainingLab(data=digits).line == "TrainingLab()"
    lab = make_lab()
    lab.threshold.value, lab.learning_rate.value, lab.epochs.value = 1.3, 10**-3.2, 3
    (
        lab.controls.loss.value,
        lab.controls.widths.value,
        lab.controls.seed.value,
        lab.controls.boxes[0].value,
    ) = (
        "pairwise",
        "5, 6",
        9,
        True,
    )
    lab.line_button.click()
    assert lab.said == lab.line and "<code>TrainingLab(" in lab.message.value
    assert (
        "learning_rate=0.000631" in lab.line
        and "threshold=1.3" in lab.line
        and "frozen=(1,)" in lab.line
    )
    other = remake(lab, digits)
    lab.reset_button.click()
    assert plain(other.run(6)) == plain(lab.run(6))
    other.close()


def test_a_panel_inside_another_widget_has_no_room_for_its_last_picture(lab, capsys):
    lab.picture._handle_custom_msg({"still": "data:image/webp;base64,"}, [])
    assert lab.error is None and lab.still is None and capsys.readouterr().out == ""


def test_a_picture_its_sentence_and_its_figures_are_one_message(lab, monkeypatch):
    sent, send = [], Widget.send_state
    monkeypatch.setattr(
        Widget, "send_state", lambda self, key=None: (sent.append((self, key)), send(self, key))
    )
    lab.train_button.value = True
    sent.clear()
    play(lab, 1)
    assert [name for widget, name in sent if widget is not lab.controls.rewind] == ["value"]
    assert "step" in figures(lab) and "accuracy" in alt(lab)


def test_a_small_panel_has_two_sliders_and_learns_as_a_large_one_does(make_lab):
    large, lab = make_lab(), make_lab(small=True)
    assert len(lab.control_box.children) == 3  # with the guess, which is hidden
    assert lab.control_box.children[1:] == (lab.threshold, lab.learning_rate)
    shown = [button.description for button in lab.buttons.children]
    assert shown == ["Train", "One step", "Reset", "Print the line"]
    titles = ["Layer 1", "Layer 2", "Validation accuracy (%)"]
    assert [axes["title"] for axes in picture(lab)["axes"]] == titles
    lowest = max(axes["box"][1] + axes["box"][3] for axes in picture(lab)["axes"])
    assert lowest < picture(lab)["size"][1] == 226
    one, other = large.run(7), lab.run(7)
    assert plain(one) | {"show": None} == plain(other)
    assert alt(lab) == alt(large).split(" Test image ")[0]
    lab.threshold.value = 1.5
    lab.reset_button.click()
    assert lab.state["step"] == 0 and lab.training.threshold == 1.5 and lab.error is None
    assert "small=True" in lab.line
