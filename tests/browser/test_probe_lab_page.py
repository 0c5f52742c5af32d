"""The probe lab in a real JupyterLab: a small network, so that a busy machine keeps up."""

import re

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

CELLS = (
    "from ffteach.live import ProbeLab",
    "lab = ProbeLab(widths=(784, 100, 100), labels=500, epochs=50)\nlab",
)
PANEL = 1  # the cell that shows it


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(server.root / "probe.ipynb", CELLS)
    with NotebookPage(browser, server, "probe.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def lab(notebook):
    """The panel, untrained and paused; afterwards nothing must have gone wrong anywhere."""
    lab = PanelPage(notebook, PANEL)
    lab.reset()
    yield lab
    if lab.part("ff-train").inner_text() == "Pause":
        lab.pause()
    assert notebook.problems() == []


def measured(lab):
    """The accuracies in the picture's text: the probe, raw pixels, the untrained network."""
    return re.search(
        r"linear probe (\d+\.\d)% .* raw pixels (\d+\.\d)%, untrained network (\d+\.\d)%", lab.alt
    )


def test_nothing_runs_before_a_click_and_everything_has_a_name(lab):
    before = lab.alt
    lab.page.wait_for_timeout(500)
    assert (lab.alt, lab.step) == (before, 0) and "not measured yet" in before
    for name in ("Train", "One step", "Reset", "Reveal test error", "Print the line"):
        assert lab.root.get_by_role("button", name=name, exact=True).count() == 1
    for name in ("Threshold", "Learning rate", "Epochs"):
        assert lab.root.get_by_role("slider", name=name, exact=True).count() == 1
        assert lab.root.get_by_role("textbox", name=f"{name} as a number").count() == 1
    for role, names in {
        "textbox": ("Widths",),
        "spinbutton": ("Blurs", "Labels for the probe", "Seed"),
    }.items():
        for name in names:
            assert lab.root.get_by_role(role, name=name, exact=True).count() == 1


def test_train_measures_the_baselines_and_a_dragged_threshold_acts_on_the_way(lab, screenshot):
    before = lab.seen
    lab.train()
    assert "Training." in lab.changed(before)[2]
    wait_for(lambda: measured(lab), seconds=120, what="the probe and both baselines")
    lab.drag("ff-threshold", 0.5)
    wait_for(
        lambda: lab.threshold,
        lambda threshold: 2.5 <= threshold <= 3.5,
        what="the new threshold in the picture",
    )
    digits = lambda: float(re.search(r"layer 1: digits (\d+\.\d+)", lab.alt)[1])
    wait_for(
        digits, lambda value: value > 2.2, seconds=120, what="digits that follow the threshold"
    )
    lab.pause()
    wait_for(
        lambda: lab.status,
        lambda said: "points to the better baseline" in said,
        what="the comparison in words",
    )
    step = lab.step
    wait_for(
        lambda: int(re.search(r"at step (\d+)", lab.alt)[1]),
        step.__eq__,
        what="a probe of the network as it stands",
    )
    screenshot(lab.root, "probe-lab")
    lab.page.wait_for_timeout(500)
    assert lab.step == step
    lab.part("ff-reveal").click()
    wait_for(
        lambda: lab.status,
        lambda said: re.search(r"Test error \d+\.\d%, raw pixels \d+\.\d%", said),
        what="the three test errors",
    )


def test_what_needs_a_new_network_waits_for_reset(lab):
    lab.part("ff-step").click()
    wait_for(lambda: lab.step, (1).__eq__, seconds=60, what="one step")
    blurs = lab.root.get_by_role("spinbutton", name="Blurs", exact=True)
    blurs.fill("2")
    blurs.press("Enter")
    wait_for(lambda: lab.status, lambda said: "waits for Reset" in said, what="the hint")
    lab.reset()
    lab.part("ff-line").click()
    wait_for(
        lambda: lab.status, lambda said: "blurs=2" in said, what="the line with the new setting"
    )
