"""Panels fit the screens that people have: all that a click changes is seen with the button."""

import re

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

from ffteach.live.shared.css import CLASSES

PANELS = sorted(CLASSES)
HIGHEST = 560  # CSS pixels of a panel, what a laptop of 1366 x 768 shows of a notebook
SMALL = 400  # of the small one in lesson 00
TRACK = 80  # CSS pixels of a slider's track that one can aim at


@pytest.fixture(scope="module")
def laptop(browser, server):
    calls = [f"{name}()" for name in PANELS] + ["TrainingLab(small=True)"]
    cells = [f"from ffteach import live\nlive.{call}" for call in calls]
    write_notebook(server.root / "laptop.ipynb", cells)
    with NotebookPage(browser, server, "laptop.ipynb", width=1366, height=768) as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture(scope="module")
def projector(browser, server):
    cells = [f"from ffteach import live\nlive.{name}(presenter=True)" for name in PANELS]
    write_notebook(server.root / "projector.ipynb", cells)
    with NotebookPage(browser, server, "projector.ipynb", width=1024, height=768) as notebook:
        notebook.run_all()
        yield notebook


def panel_of(notebook, name):
    panel = PanelPage(notebook, PANELS.index(name))
    wait_for(lambda: panel.shown, what="the picture")
    panel.root.evaluate("panel => panel.scrollIntoView({block: 'start'})")
    return panel


def seen(locator, page):
    """The frame of an element; asserts that all of it is on the screen."""
    frame = locator.bounding_box()
    assert frame["y"] >= 0 and frame["y"] + frame["height"] <= page.viewport_size["height"]
    return frame


def tracks(panel):
    """The lengths of the sliders' tracks that are shown."""
    bases = panel.root.locator(".noUi-base")
    frames = [bases.nth(index).bounding_box() for index in range(bases.count())]
    return [frame["width"] for frame in frames if frame]


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_fits_a_laptop_and_its_status_stands_under_the_buttons(laptop, screenshot, name):
    panel = panel_of(laptop, name)
    laptop.page.wait_for_timeout(300)
    screenshot(laptop.page.locator("#main"), f"laptop-{name}")
    assert panel.root.bounding_box()["height"] <= HIGHEST
    buttons = seen(panel.part("ff-line"), laptop.page)
    status = seen(panel.part("ff-status"), laptop.page)
    assert 0 <= status["y"] - (buttons["y"] + buttons["height"]) < 20
    assert status["y"] < panel.part("ff-picture").bounding_box()["y"]
    seen(panel.canvas_of_picture, laptop.page)
    assert min(tracks(panel)) >= TRACK


@pytest.mark.parametrize("kind", ["laptop", "projector"])
def test_pictures_follow_a_window_that_becomes_narrow_and_wide_again(request, kind):
    notebook = request.getfixturevalue(kind)
    first = notebook.page.viewport_size
    panels = [panel_of(notebook, name) for name in PANELS]
    ends = lambda locator: (frame := locator.bounding_box())["x"] + frame["width"]
    heights = lambda: [panel.root.bounding_box()["height"] for panel in panels]
    before = heights()
    for width in (first["width"] + 300, first["width"] - 200):
        notebook.page.set_viewport_size({"width": width, "height": first["height"]})
        for panel in panels:
            room = ends(panel.root.locator("xpath=.."))
            wait_for(lambda: ends(panel.canvas_of_picture) <= room + 1, seconds=5, what="all of it")
    notebook.page.set_viewport_size(first)
    wait_for(heights, before.__eq__, seconds=5, what="the panels as they were")


def test_the_first_panel_is_small(laptop):
    panel = PanelPage(laptop, len(PANELS))
    wait_for(lambda: panel.shown, what="the picture")
    assert panel.root.bounding_box()["height"] <= SMALL and min(tracks(panel)) >= TRACK


@pytest.mark.parametrize("name", ["TrainingLab", "ProbeLab"])
def test_the_revealed_test_error_is_seen_where_the_button_is_pressed(laptop, name):
    panel = panel_of(laptop, name)
    panel.part("ff-step").click()
    wait_for(lambda: panel.step, (1).__eq__, seconds=60, what="one step")
    panel.part("ff-reveal").click()
    said = panel.part("ff-status").get_by_text(re.compile("^Test error"))
    said.wait_for()
    top = seen(panel.part("ff-reveal"), laptop.page)
    assert seen(said, laptop.page)["y"] - top["y"] < 100
    panel.part("ff-line").click()
    line = panel.part("ff-status").locator("code")
    line.wait_for()
    assert seen(line, laptop.page)["y"] - top["y"] < 130


@pytest.mark.parametrize("name", PANELS)
def test_a_projector_has_sliders_to_aim_at_and_a_status_in_sight(projector, screenshot, name):
    panel = panel_of(projector, name)
    projector.page.wait_for_timeout(300)
    screenshot(projector.page.locator("#main"), f"projector-{name}")
    assert min(tracks(panel)) >= TRACK
    seen(panel.part("ff-status"), projector.page)
    page = panel.root.evaluate("panel => panel.closest('.jp-OutputArea-output').clientWidth")
    assert panel.root.bounding_box()["width"] <= page + 1
