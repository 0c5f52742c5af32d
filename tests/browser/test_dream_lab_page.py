"""The dream lab in a real JupyterLab: it trains, negatives change, and axe finds nothing."""

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook


@pytest.fixture(scope="module")
def lab(browser, server):
    cells = ("from ffteach.beyond.dream_lab import DreamLab", "DreamLab()")
    write_notebook(server.root / "dreams.ipynb", cells)
    with NotebookPage(browser, server, "dreams.ipynb") as notebook:
        notebook.run_all()
        lab = PanelPage(notebook, 1)
        wait_for(lambda: lab.shown, bool, what="the picture")
        yield lab


def test_it_trains_and_other_negatives_act(lab):
    lab.part("ff-train").click()
    wait_for(lambda: lab.step, lambda step: step > 60, what="sixty steps")
    lab.part("ff-negatives").locator("select").select_option("dreams")
    lab.part("ff-train").click()
    wait_for(lambda: lab.status, lambda said: "Paused." in said, what="the pause")
    lab.part("ff-line").click()
    line = "DreamLab(negatives='dream')"
    wait_for(lambda: lab.status, lambda said: line in said, what="the line")
    assert "It dreams: the fox and the " in lab.alt


def test_axe_finds_nothing(lab):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    found = axe.Axe().run(lab.page, {"include": [[".ff-dream-lab"]]}).response
    assert found["passes"], "axe has checked nothing"
    assert found["violations"] == [], [violation["id"] for violation in found["violations"]]
