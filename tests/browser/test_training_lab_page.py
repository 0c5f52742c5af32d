"""The training lab in a real JupyterLab: buttons, sliders, the clock, two panels side by side."""

import re
import time

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

CELLS = (
    "from ffteach.live import TrainingLab\nlabs = []",
    "labs.append(TrainingLab())\nlabs[-1]",
    "labs.append(TrainingLab(seed=1))\nlabs[-1]",
    "labs.append(TrainingLab(presenter=True, guess=True))\nlabs[-1]",
)
FIRST, SECOND, GATED = 1, 2, 3  # the cells that show a panel


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(server.root / "panels.ipynb", CELLS)
    with NotebookPage(browser, server, "panels.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def lab(notebook):
    """The first panel, untrained and paused; afterwards nothing must have gone wrong anywhere."""
    lab = PanelPage(notebook, FIRST)
    lab.reset()
    yield lab
    if lab.part("ff-train").inner_text() == "Pause":
        lab.pause()
    assert notebook.problems() == []


def test_nothing_runs_before_a_click_and_everything_has_a_name(lab):
    before = lab.alt
    lab.page.wait_for_timeout(1000)
    assert (lab.alt, lab.step) == (before, 0)
    assert "Layer 1".lower() in before and "threshold 2.0" in before
    for name in ("Train", "One step", "Reset", "Reveal test error", "Print the line"):
        assert lab.root.get_by_role("button", name=name, exact=True).count() == 1
    for name in ("Threshold", "Learning rate", "Epochs", "Test image", "Rewind to step"):
        assert lab.root.get_by_role("slider", name=name, exact=True).count() == 1
        assert lab.root.get_by_role("textbox", name=f"{name} as a number").count() == 1
    for role, names in {
        "checkbox": ("Freeze layer 1", "Freeze layer 2"),
        "combobox": ("Negatives", "Loss", "Schedule"),
        "textbox": ("Widths",),
        "spinbutton": ("Seed",),
    }.items():
        for name in names:
            assert lab.root.get_by_role(role, name=name, exact=True).count() == 1


def test_train_moves_everything_and_pause_stops_at_once(lab, screenshot):
    before = lab.seen
    lab.train()
    lab.wait_step(100)
    _, _, status = lab.changed(before)
    assert "Training." in status and re.search(r"about \d+ (s|min) left", status)
    lab.wait_step(300)
    screenshot(lab.root, "training-lab")
    started = time.monotonic()
    lab.pause()
    assert time.monotonic() - started < 1.0  # 0.3 s on a quiet machine
    step = lab.step
    lab.page.wait_for_timeout(1000)
    assert lab.step == step and "Paused." in lab.status
    height = lab.root.bounding_box()["height"]
    lab.train()
    lab.wait_step(step + 20)
    assert lab.root.bounding_box()["height"] == height  # the page does not jump


def test_the_threshold_acts_while_training_by_mouse_and_by_keyboard(lab):
    lab.train()
    lab.wait_step(100)  # both histograms stand at the threshold of 2 by now
    lab.drag("ff-threshold", 0.65)
    moved = float(lab.handle("ff-threshold").get_attribute("aria-valuenow"))
    assert 3.5 <= moved <= 4.5
    wait_for(lambda: lab.threshold, pytest.approx(moved).__eq__, what="it in the picture")
    positives = lambda: float(re.search(r"layer 1: positives (\d+\.\d+)", lab.alt)[1])
    wait_for(positives, lambda value: value > 2.8, what="positives that follow the threshold")
    lab.handle("ff-threshold").press("ArrowRight")
    wait_for(
        lambda: lab.threshold,
        lambda threshold: threshold == pytest.approx(moved + 0.1),
        what="one notch more",
    )
    assert "Training." in lab.status
    lab.handle("ff-threshold").press("Home")
    wait_for(lambda: lab.threshold, (0.0).__eq__, what="a threshold of 0")
    number = lab.root.get_by_role("textbox", name="Threshold as a number")
    number.fill("2")
    number.press("Enter")
    wait_for(lambda: lab.threshold, (2.0).__eq__, what="the first threshold again")


def test_one_step_and_reset(lab):
    untrained = lab.alt
    for steps in (1, 2, 3):
        lab.part("ff-step").press("Enter")
        wait_for(lambda: lab.step, steps.__eq__, what=f"step {steps}")
    wait_for(lambda: lab.alt != untrained, what="other goodness in words")
    lab.reset()
    wait_for(lambda: (lab.alt, lab.step), (untrained, 0).__eq__, what="the untrained network")


def test_raised_epochs_go_on(lab):
    lab.handle("ff-epochs").press("Home")
    lab.train()
    wait_for(
        lambda: lab.status,
        lambda said: "Epoch 1 is done" in said,
        seconds=60,
        what="the end of the epoch",
    )
    done = lab.step
    assert lab.part("ff-train").inner_text() == "Train"
    lab.handle("ff-epochs").press("PageUp")
    lab.wait_step(done + 20)
    lab.pause()


def goodness(lab):
    return re.search(r"Mean goodness, (.*); threshold", lab.alt)[1]


def test_frozen_layers_stay_as_they_are(lab):
    boxes = [lab.root.get_by_role("checkbox", name=f"Freeze layer {layer}") for layer in (1, 2)]
    for box in boxes:
        box.press("Space")
    before = goodness(lab)
    lab.train()
    lab.wait_step(40)
    lab.pause()
    assert goodness(lab) == before
    for box in boxes:
        box.press("Space")
    lab.train()  # one step may change less than the picture's sentence tells
    wait_for(lambda: goodness(lab), lambda now: now != before, what="goodness that changes")


def test_going_back_in_a_pause_by_mouse_and_by_keyboard(lab):
    untrained = lab.alt
    lab.train()
    lab.wait_step(60)
    lab.drag(
        "ff-rewind", 0.02
    )  # while it trains the handle is the training's, so nobody pulls at it
    held = lambda: lab.part("ff-rewind").locator(".noUi-target[disabled]").count()
    assert held() and "Training." in lab.status and lab.step >= 60
    lab.pause()
    wait_for(held, (0).__eq__, what="a handle that can be moved")
    lab.drag("ff-rewind", 0.02)
    there = wait_for(lambda: lab.step, lambda step: step < 50, what="an earlier step")
    assert f"At step {there} again" in lab.status
    lab.handle("ff-rewind").press("Home")
    wait_for(lambda: (lab.step, lab.alt), (0, untrained).__eq__, what="the untrained network")
    lab.handle("ff-rewind").press("ArrowRight")
    first = wait_for(lambda: lab.step, bool, what="the first moment after it")
    wait_for(
        lambda: lab.handle("ff-rewind").get_attribute("aria-valuetext"),
        lambda text: float(text) == first,
        what="the handle at that moment",
    )
    lab.train()
    lab.wait_step(first + 30)


def test_the_test_error_is_revealed_by_a_click(lab):
    lab.part("ff-step").click()
    wait_for(lambda: lab.step, (1).__eq__, what="step 1")
    assert "Test error" not in lab.status
    lab.part("ff-reveal").click()
    wait_for(
        lambda: lab.status,
        lambda said: re.search(r"Test error \d+\.\d% at step 1", said),
        what="the test error",
    )


def test_another_digit_and_a_setting_that_waits_for_reset(lab):
    lab.handle("ff-digit").press("ArrowRight")
    wait_for(lambda: lab.alt, lambda alt: "Test image 1, a " in alt, what="another digit")
    lab.handle("ff-digit").press("Home")
    widths = lab.root.get_by_role("textbox", name="Widths", exact=True)
    widths.fill("1")
    widths.press("Enter")
    wait_for(
        lambda: lab.status, lambda said: "Widths needs a new network" in said, what="what waits"
    )
    lab.reset()
    wait_for(
        lambda: lab.alt,
        lambda alt: "layer 1:" in alt and "layer 2:" not in alt,
        what="the picture of one layer",
    )
    lab.train()  # one unit: as small as can be
    lab.wait_step(30)
    lab.pause()
    widths.fill("500, 500")
    widths.press("Enter")
    wait_for(
        lambda: lab.status, lambda said: "Widths needs a new network" in said, what="what waits"
    )
    lab.reset()
    wait_for(lambda: lab.alt, lambda alt: "layer 2:" in alt, what="the picture of two layers")


def test_a_presenter_with_a_gate_guesses_before_training(lab, notebook):
    gated = PanelPage(notebook, GATED)
    assert gated.part("ff-train").is_disabled() and gated.part("ff-step").is_disabled()
    assert gated.root.get_by_role("checkbox").count() == 0  # fewer controls
    field = gated.root.get_by_role("textbox", name="Your guess")
    field.fill("85")
    field.press("Enter")
    wait_for(
        lambda: gated.alt, lambda alt: "your guess was 85%" in alt, what="the guess in the picture"
    )
    gated.train()
    gated.wait_step(20)
    gated.pause()


def test_two_panels_do_not_disturb_each_other(lab, notebook):
    other = PanelPage(notebook, SECOND)
    other.reset()
    untrained = other.alt
    lab.train()
    lab.wait_step(30)
    assert other.alt == untrained and other.part("ff-train").inner_text() == "Train"
    other.part("ff-step").click()
    wait_for(lambda: other.step, (1).__eq__, what="step 1 of the other panel")
    other.train()
    both = lab.step, other.step
    lab.wait_step(both[0] + 30)
    other.wait_step(both[1] + 30)
    lab.pause()
    stopped = lab.step
    other.wait_step(other.step + 30)
    assert lab.step == stopped
    other.pause()


def test_running_the_cell_again_leaves_no_zombie(lab, notebook):
    lab.train()
    lab.wait_step(20)
    notebook.run_cell(FIRST)
    wait_for(lambda: lab.status, lambda said: "Nothing trained yet" in said, what="the new panel")
    kept = notebook.page.locator(".jp-Notebook .jp-Cell").nth(FIRST).locator(".ff-still img")
    wait_for(kept.count, what="the picture that is kept, the last thing to be sent")
    notebook.page.wait_for_timeout(200)
    before = notebook.widget_messages
    notebook.page.wait_for_timeout(1500)
    assert lab.step == 0
    assert notebook.widget_messages == before  # no clock goes on, neither seen nor unseen
