"""The race in JupyterLab: trained by mouse, and by keyboard alone."""

import re

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook


@pytest.fixture(scope="module")
def lab(browser, server):
    write_notebook(server.root / "race.ipynb", ["from ffteach.live import RaceLab\nRaceLab()"])
    with NotebookPage(browser, server, "race.ipynb") as notebook:
        notebook.run_all()
        lab = PanelPage(notebook, 0)
        wait_for(lambda: lab.shown, what="the picture")
        yield lab
        assert notebook.problems() == []


def errors(lab):
    """What the status says of both, in percent."""
    said = re.findall(r"(?:Forward-Forward|backpropagation) (\d+\.\d)%", lab.status)
    return [float(percent) for percent in said]


def test_both_learn_while_the_mouse_trains_them(lab, screenshot):
    before = errors(lab), lab.pixels
    assert min(before[0]) > 70
    lab.train()
    wait_for(lambda: errors(lab), lambda both: max(both) < 40, seconds=60, what="both have learnt")
    lab.pause()
    screenshot(lab.root, "race-lab")
    assert lab.pixels != before[1] and "Paused." in lab.status
    assert lab.step >= 20


def test_by_keyboard_alone(lab):
    step = lab.step
    lab.part("ff-step").press("Enter")
    wait_for(lambda: lab.step, (step + 1).__eq__, what="one step")
    for name in ("Rate, Forward-Forward", "Rate, backpropagation"):
        slider = lab.root.get_by_role("slider", name=name, exact=True)
        before = slider.get_attribute("aria-valuetext")
        slider.press("ArrowRight")
        wait_for(lambda: slider.get_attribute("aria-valuetext") != before, what=name)
    lab.part("ff-line").press("Enter")
    line = "RaceLab(forward_rate=0.00126, backward_rate=0.00126)"
    wait_for(lambda: lab.status, lambda said: line in said, what="the line")
    lab.part("ff-reset").press("Enter")
    wait_for(lambda: lab.step, (0).__eq__, what="the untrained networks")
