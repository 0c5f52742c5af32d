"""A panel while other things happen in JupyterLab: cells that still run after Run All, and keys
that are also commands."""

import time

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

LONG = 12  # seconds that the last cell takes
CELLS = (
    "import time\nfrom ffteach.live import TrainingLab",
    "lab = TrainingLab()\nlab",
    f"lab.run(3)\ntime.sleep({LONG})",
    "print('the end')",
)
PANEL = 1  # the cell that shows it


def test_a_panel_trains_while_the_last_cells_of_run_all_still_run(browser, server):
    write_notebook(server.root / "busy.ipynb", CELLS)
    with NotebookPage(browser, server, "busy.ipynb") as notebook:
        notebook.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        notebook.page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
        lab = PanelPage(notebook, PANEL)
        wait_for(
            lambda: lab.shown and lab.step,
            (3).__eq__,
            seconds=60,
            what="three steps",
        )
        began, pixels = time.monotonic(), lab.pixels
        lab.part("ff-train").click()
        wait_for(
            lambda: lab.pixels,
            lambda now: now != pixels,
            seconds=LONG,
            what="another picture",
            pause=0.01,
        )
        waited = time.monotonic() - began
        assert not notebook.cells()[-1]["outputs"], (
            "the cells had ended: this test has shown nothing"
        )
        lab.part("ff-train").click()
        assert waited < 1.0, f"the picture moved {waited:.1f} s after the click"
        wait_for(lambda: notebook.cells()[-1]["outputs"], seconds=60, what="the last cell's output")
        notebook.wait_idle()
        assert notebook.problems() == []


@pytest.fixture(scope="module")
def page(browser, server):
    write_notebook(
        server.root / "keys.ipynb",
        ("from ffteach.live import TrainingLab", "TrainingLab()", "1 + 1"),
    )
    with NotebookPage(browser, server, "keys.ipynb") as notebook:
        notebook.run_all()
        yield notebook


CONTROLS = (
    ".ff-train",
    ".ff-step",
    ".ff-reset",
    ".ff-line",
    ".ff-threshold .noUi-handle",
    ".ff-epochs .noUi-handle",
    ".ff-freeze input",
    ".ff-negatives select",
    ".ff-seed input",
    ".ff-widths input",
)


@pytest.mark.parametrize("control", CONTROLS)
def test_keys_on_a_control_are_no_commands_of_jupyterlab(page, control):
    """Such as d d, which deletes the cell, x, which cuts it, and 0 0, which asks to restart the
    kernel."""
    before = [(cell["cell_type"], cell["source"]) for cell in page.cells()]
    for keys in ("d d", "x", "a", "b", "m", "r", "y", "1", "0 0", "i i", "c v", "Shift+M"):
        PanelPage(page, PANEL).root.locator(control).first.focus()
        for key in keys.split():
            page.page.keyboard.press(key)
        page.page.wait_for_timeout(50)
        assert [(cell["cell_type"], cell["source"]) for cell in page.cells()] == before, (
            f"{keys} has changed the notebook"
        )
        dialogs = page.page.locator(".jp-Dialog").all_inner_texts()
        assert not dialogs, f"{keys} has opened a dialog: {dialogs}"
