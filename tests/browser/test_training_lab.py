"""The training lab in a real JupyterLab: buttons, sliders, the clock, and two panels side by side."""

import re
import time

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

CELLS = (
    "from ffteach.live import TrainingLab\nlabs = []",
    "labs.append(TrainingLab())\nlabs[-1]",
    "labs.append(TrainingLab(seed=1))\nlabs[-1]",
)
FIRST, SECOND = 1, 2  # the cells that show a panel


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
    for name in ("Train", "One step", "Reset"):
        assert lab.root.get_by_role("button", name=name, exact=True).count() == 1
    for name in ("Threshold", "Learning rate", "Epochs"):
        assert lab.root.get_by_role("slider", name=name, exact=True).count() == 1
        assert lab.root.get_by_role("textbox", name=f"{name} as a number").count() == 1


def test_train_moves_everything_and_pause_stops_at_once(lab, screenshot):
    alt, pixels, status = lab.alt, lab.pixels, lab.status
    lab.train()
    lab.wait_step(100)
    assert lab.alt != alt and lab.pixels != pixels and lab.status != status
    assert "Training." in lab.status and "s left" in lab.status
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
    moved = wait_for(lambda: lab.threshold, lambda threshold: 3.5 <= threshold <= 4.5, what="the new threshold in the picture")
    goodness = lambda: float(re.search(r"layer 1: positives (\d+\.\d+)", lab.alt)[1])
    wait_for(goodness, lambda value: value > 2.8, what="positives that follow the threshold")
    lab.handle("ff-threshold").press("ArrowRight")
    wait_for(lambda: lab.threshold, lambda threshold: threshold == pytest.approx(moved + 0.1), what="one notch more")
    assert "Training." in lab.status
    lab.handle("ff-threshold").press("Home")
    wait_for(lambda: lab.threshold, 0.0.__eq__, what="a threshold of 0")
    number = lab.root.get_by_role("textbox", name="Threshold as a number")
    number.fill("2")
    number.press("Enter")
    wait_for(lambda: lab.threshold, 2.0.__eq__, what="the first threshold again")


def test_one_step_and_reset(lab):
    untrained = lab.alt
    for steps in (1, 2, 3):
        lab.part("ff-step").press("Enter")
        wait_for(lambda: lab.step, steps.__eq__, what=f"step {steps}")
    assert lab.alt != untrained
    lab.reset()
    assert lab.alt == untrained and lab.step == 0


def test_raised_epochs_go_on(lab):
    lab.handle("ff-epochs").press("Home")
    lab.train()
    wait_for(lambda: lab.status, lambda said: "Epoch 1 is done" in said, seconds=60, what="the end of the epoch")
    done = lab.step
    assert lab.part("ff-train").inner_text() == "Train"
    lab.handle("ff-epochs").press("PageUp")
    lab.wait_step(done + 20)
    lab.pause()


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
    notebook.page.wait_for_timeout(500)
    before = notebook.widget_messages
    notebook.page.wait_for_timeout(1500)
    assert lab.step == 0
    assert notebook.widget_messages == before  # no clock goes on, neither seen nor unseen
