"""The training lab without a browser: its widgets' values are set and its clock is ticked as the browser would do it."""

import io
import re
import threading

import numpy as np
import pytest
import torch
from ipywidgets.widgets import widget
from PIL import Image

from ffteach import RECIPES, Digits, train
from ffteach.live import SLOW_MOTION, TrainingLab, live_figure, moments, panel, training_panel, watch
from ffteach.plots import numbers

SMALL = SLOW_MOTION.but(widths=(784, 24, 16), epochs=2, batch_size=20)  # 10 steps per epoch on the 200 digits
CONTROLS = {
    "ff-train": "train_button", "ff-step": "step_button", "ff-reset": "reset_button", "ff-threshold": "threshold",
    "ff-lr": "learning_rate", "ff-epochs": "epochs", "ff-picture": "picture", "ff-status": "status", "ff-panel": "widget",
    "ff-training-lab": "widget",
}  # fmt: skip


@pytest.fixture
def make_lab(digits):
    """Make a small panel; all are closed in the end."""
    labs = []

    def make_lab(recipe=SMALL, **options):
        labs.append(TrainingLab(recipe, **{"data": digits} | options))
        return labs[-1]

    yield make_lab
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(make_lab):
    return make_lab()


def alt(lab):
    return re.search(r'<img alt="([^"]*)"', lab.picture.value)[1]


def play(lab, ticks):
    """What the browser does while Train is on."""
    for _ in range(ticks):
        lab.clock.value += 1


def plain(state):
    """The state without the times, which differ from run to run."""
    return {name: value for name, value in state.items() if not name.startswith("seconds")}


def test_nothing_runs_until_a_click_and_the_picture_says_what_it_shows(lab):
    play(lab, 3)
    assert lab.state["step"] == 0 and not lab.state["running"]
    assert re.fullmatch(
        r"Mean goodness, layer 1: positives 0\.\d\d, negatives 0\.\d\d; layer 2: positives 0\.\d\d, negatives 0\.\d\d; "
        r"threshold 2\.0\. Validation accuracy \d+\.\d% after 0\.0 epochs\. "
        r"Test image 0, a 2: the highest goodness is under label \d, \d\.\d\d; under its own it is \d\.\d\d\.",
        alt(lab),
    )
    assert 'width="840" height="400"' in lab.picture.value
    assert "press Train" in lab.message.value


def test_the_default_trains_the_sample_in_slow_motion():
    lab = TrainingLab()
    assert lab.training.net.widths == [784, 500, 500] and lab.training.count == 9000
    assert lab.state["images"] == len(lab.data.validation.images) == 1000
    assert lab.state | {"threshold": 2.0, "learning_rate": 3e-4, "epochs": 10} == lab.state
    assert all(0.4 < goodness < 0.6 for goodness in lab.state["goodness_pos"] + lab.state["goodness_neg"])
    climbed = lab.run(100)  # together up to the threshold
    assert all(1.8 < goodness < 2.2 for goodness in climbed["goodness_pos"] + climbed["goodness_neg"])
    lab.close()


def test_every_control_has_its_class_and_the_docstring_lists_it(lab):
    for css, name in CONTROLS.items():
        assert css in getattr(lab, name)._dom_classes and css in TrainingLab.__doc__


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
    assert lab.state["step"] == step and "Paused." in lab.message.value and lab.train_button.description == "Train"


def test_settings_act_on_the_next_step_without_a_restart(lab):
    lab.run(5)
    weights = lab.training.net.layers[0].weight.clone()
    before = lab.picture.value
    lab.threshold.value, lab.learning_rate.value = 4.0, 1e-2
    assert (lab.training.threshold, lab.training.learning_rate, lab.state["step"]) == (4.0, 1e-2, 5)
    assert torch.equal(weights, lab.training.net.layers[0].weight)
    assert "threshold 4.0" in alt(lab) and lab.picture.value != before
    assert lab._figure.histograms[0].line.get_xdata()[0] == 4.0
    lab.run(5)
    assert (lab.training.net.layers[0].weight - weights).abs().max() > 20 * 3e-4  # only 5 steps


def test_raised_epochs_go_on_and_lowered_ones_end_it(lab):
    assert lab.run(1000)["step"] == 20
    assert "All 2 epochs are done" in lab.message.value
    lab.epochs.value = 3
    assert lab.running
    play(lab, 40)
    assert lab.state["step"] == 30 and not lab.running and "All 3 epochs are done" in lab.message.value
    lab.epochs.value = 1
    assert lab.run(1)["step"] == 30


def test_one_step_pauses_and_takes_one(lab):
    lab.train_button.value = True
    lab.step_button.click()
    assert lab.state["step"] == 1 and not lab.running


def test_reset_starts_again_from_the_same_network_with_the_new_settings(lab):
    untrained, first = alt(lab), lab.run(4)
    lab.threshold.value = 3.0
    lab.run(3)
    lab.reset_button.click()
    assert lab.state["step"] == 0 and alt(lab) == untrained.replace("threshold 2.0", "threshold 3.0")
    lab.threshold.value = 2.0
    assert plain(lab.run(4))["goodness_pos"] == first["goodness_pos"]


def test_ticks_are_dropped_while_the_panel_is_busy_but_settings_are_not(lab):
    lab.train_button.value = True
    with lab._lock:
        other = threading.Thread(target=lambda: (play(lab, 5), setattr(lab.threshold, "value", 1.0)))
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
    def fail(*args, **kwargs):
        raise RuntimeError("the <disk> is on fire")

    lab.train_button.value = True
    monkeypatch.setattr(watch, "goodness_per_label", fail)
    play(lab, 1)
    assert not lab.running and isinstance(lab.error, RuntimeError)
    assert 'role="alert"' in lab.message.value and "RuntimeError: the &lt;disk&gt; is on fire" in lab.message.value
    with pytest.raises(RuntimeError):
        lab.run(1)


def test_divergence_is_named(lab):
    with torch.no_grad():
        lab.training.net.layers[1].weight[0, 0] = torch.inf
    lab.train_button.value = True
    play(lab, 1)
    assert lab.state["trouble"] == "diverged" and not lab.running and "Diverged" in lab.message.value
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
    assert lab.knobs.why in lab.controls.children and lab.knobs.why.layout.display is None and "no threshold" in lab.knobs.why.value
    assert "positives minus negatives" in alt(lab) and "threshold" not in alt(lab)
    histogram = lab._figure.histograms[0]
    heights, edges, _ = histogram.pos.get_data()
    difference = numbers(lab.watch.goodness[0][0] - lab.watch.goodness[1][0])
    assert edges[0] == -edges[-1] and not histogram.neg.get_visible()
    centre = (heights * (edges[1:] + edges[:-1]) / 2).sum() / heights.sum()
    assert centre == pytest.approx(difference.mean(), abs=edges[1] - edges[0])


def test_histograms_show_the_held_out_goodness(lab):
    lab.run(10)
    for layer, histogram in enumerate(lab._figure.histograms):
        for stairs, goodness in zip((histogram.pos, histogram.neg), lab.watch.goodness):
            counts = np.histogram(numbers(goodness[layer]), histogram.edges)[0]
            heights = stairs.get_data().values
            assert heights == pytest.approx(counts * heights.max() / counts.max())
    assert max(histogram.pos.get_data().values.max(), histogram.neg.get_data().values.max()) == 1


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
            assert lab.recipe.batch_size <= 500 and lab.recipe.decay == "none"
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
    before = two.picture.value, plain(two.state)
    one.threshold.value = 1.0
    one.run(5)
    assert (two.picture.value, plain(two.state)) == before


def test_the_fast_png_is_the_same_picture():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    assert np.array_equal(Image.open(io.BytesIO(live_figure.fast_png(pixels))), pixels)


def test_only_few_frames_redraw_everything(lab, monkeypatch):
    drawn = []
    draw_ground = live_figure.LiveFigure._draw_ground
    monkeypatch.setattr(live_figure.LiveFigure, "_draw_ground", lambda self: (drawn.append(1), draw_ground(self)))
    lab.epochs.value = 10
    for _ in range(10):
        lab.run(5)
    assert len(drawn) <= 4  # the longer epoch axis, and a goodness axis that grows


def test_a_thousand_ticks_leave_no_traces(make_lab, digits, monkeypatch):
    few = Digits(digits.train.take(slice(20)), digits.validation.take(slice(10)), digits.test)
    lab = make_lab(SMALL.but(widths=(784, 4)), data=few)
    monkeypatch.setattr(training_panel, "TICK", 0)
    monkeypatch.setattr(live_figure.LiveFigure, "png", lambda self: b"")  # a thousand drawings would take long
    lab.epochs.max = lab.epochs.value = 2000
    lab.train_button.value = True

    def traces():
        listeners = sum(map(len, lab.clock._trait_notifiers["value"].values()))
        return np.array([len(widget._instances), len(lab._figure.fig.findobj()), listeners, threading.active_count()])

    play(lab, 10)
    before = traces()
    for tick in range(1000):
        play(lab, 1)
        if tick % 10 == 0:
            lab.threshold.value = 1 + tick % 30 / 10
    assert (traces() <= before + [0, 30, 0, 0]).all()  # 30: another axis has other ticks
    assert lab.state["step"] == 1010
    assert len(lab.watch.history) <= watch.MOST_POINTS and len(lab.watch.epoch_ends) <= watch.MOST_POINTS
    assert lab.watch.history[0][0] == 0 and lab.watch.history[-1][0] == 1010  # thinned, not cut off


def test_leaving_the_page_stops_the_clock(lab):
    lab.clock._view_count = 1
    lab.train_button.value = True
    play(lab, 1)
    lab.clock._view_count = 0
    assert not lab.running


def test_running_the_cell_again_closes_its_former_panel_only(make_lab, monkeypatch):
    class Shell:
        cell, execution = "a", "1"

        def get_parent(self):
            return {"metadata": {"cellId": self.cell}, "header": {"msg_id": self.execution}}

    shell = Shell()
    monkeypatch.setattr(panel, "get_ipython", lambda: shell)
    monkeypatch.setattr(panel, "_panels", {})
    first, beside = make_lab(), make_lab()
    shell.cell = "b"
    elsewhere = make_lab()
    first.train_button.value = True
    shell.cell, shell.execution = "a", "2"
    make_lab()
    assert not first.running and first.training is None and beside.training is None
    assert elsewhere.training is not None
