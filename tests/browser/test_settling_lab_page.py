"""The settling lab in a real JupyterLab: it steps, a label is swapped, and axe finds nothing."""

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook


@pytest.fixture(scope="module")
def lab(browser, server):
    net = "SettlingLab(RecurrentNet([784, 40, 40], generator=seeded(0)), top=3)"
    cells = (
        "from ffteach import seeded\n"
        "from ffteach.beyond.recurrent import RecurrentNet\n"
        "from ffteach.beyond.settling_lab import SettlingLab",
        net,
    )
    write_notebook(server.root / "settling.ipynb", cells)
    with NotebookPage(browser, server, "settling.ipynb") as notebook:
        notebook.run_all()
        lab = PanelPage(notebook, 1)
        wait_for(lambda: lab.shown, bool, what="the picture")
        yield lab


def test_it_steps_and_a_swapped_label_acts(lab):
    for _ in range(2):
        lab.part("ff-next").click()
    wait_for(lambda: lab.alt, lambda alt: "after 2 steps under label 3" in alt, what="two steps")
    lab.part("ff-top").locator("select").select_option("8")
    lab.part("ff-cover").locator("select").select_option("lower half")
    lab.part("ff-video").click()
    wait_for(lambda: lab.alt, lambda alt: "after 10 steps under label 8" in alt, what="ten steps")
    assert "lower half covered" in lab.alt
    lab.part("ff-reset").click()
    wait_for(lambda: lab.alt, lambda alt: "after 0 steps" in alt, what="the start")


def test_axe_finds_nothing(lab):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    found = axe.Axe().run(lab.page, {"include": [[".ff-settling-lab"]]}).response
    assert found["passes"], "axe has checked nothing"
    assert found["violations"] == [], [violation["id"] for violation in found["violations"]]
