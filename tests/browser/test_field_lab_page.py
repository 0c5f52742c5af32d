"""The field lab in a real JupyterLab: it trains, the sliders act, and axe finds nothing."""

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook


@pytest.fixture(scope="module")
def lab(browser, server):
    cells = ("from ffteach.beyond.field_lab import FieldLab", "FieldLab()")
    write_notebook(server.root / "fields.ipynb", cells)
    with NotebookPage(browser, server, "fields.ipynb") as notebook:
        notebook.run_all()
        lab = PanelPage(notebook, 1)
        wait_for(lambda: lab.shown, bool, what="the picture")
        yield lab


def test_it_trains_and_peers_act(lab):
    lab.part("ff-train").click()
    wait_for(lambda: lab.step, lambda step: step > 20, what="twenty steps")
    lab.part("ff-peer").locator(".noUi-handle").press("End")
    lab.part("ff-train").click()
    wait_for(lambda: lab.status, lambda said: "Paused." in said, what="the pause")
    lab.part("ff-line").click()
    wait_for(lambda: lab.status, lambda said: "FieldLab(peer=0.3)" in said, what="the line")
    assert "Local fields, 7 x 7" in lab.alt


def test_axe_finds_nothing(lab):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    found = axe.Axe().run(lab.page, {"include": [[".ff-field-lab"]]}).response
    assert found["passes"], "axe has checked nothing"
    assert found["violations"] == [], [violation["id"] for violation in found["violations"]]
