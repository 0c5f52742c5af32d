"""What a panel says in the browser where Python does not answer, and the line that is copied."""

import ast
import itertools

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

DEAF = """import time
import threading
from ffteach.live import TrainingLab

lab = TrainingLab(widths=(784, 20))
heard = []
answer, threads = lab._heard, threading.Lock()


def slowly(content):  # as where clicks wait for the cell that runs
    heard.append(content)
    with threads:
        pass
    answer(content)


lab._heard = slowly
lab"""
POINTED = "[content['pointed'] for content in heard if 'pointed' in content]"
CELLS = (DEAF, "threads.acquire()", "threads.release()", POINTED)
LAB, DEAFEN, HEAR, POINTED_AT = range(4)


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(server.root / "silent.ipynb", CELLS)
    with NotebookPage(browser, server, "silent.ipynb", height=1200) as notebook:
        notebook.run_cell(LAB)
        yield notebook


@pytest.fixture
def lab(notebook):
    lab = PanelPage(notebook, LAB)
    wait_for(lambda: lab.shown, what="the picture")
    return lab


def test_the_line_is_copied_by_a_click(lab):
    lab.part("ff-line").click()
    button = lab.part("ff-copy")
    button.click()
    wait_for(button.inner_text, "Copied".__eq__, what="a copy")
    field = lab.root.get_by_role("textbox", name="Widths", exact=True)
    field.fill("")
    field.press("Control+V")
    assert field.input_value() == "TrainingLab(widths=(784, 20))"
    field.fill("20")
    field.press("Enter")


def test_the_pointer_is_told_only_where_it_comes_upon_something_else(lab, notebook):
    lab.root.get_by_role("combobox", name="Show", exact=True).select_option("receptive fields")
    lab.part("ff-step").click()
    wait_for(lambda: lab.step, (1).__eq__, what="one step")
    picture = lab.root.locator("canvas")
    picture.scroll_into_view_if_needed()
    frame = picture.bounding_box()
    lab.page.mouse.move(frame["x"] + 2, frame["y"] + 2)
    for share in (0.7, 0.75, 0.8, 0.85):  # one of these lines crosses the receptive fields
        lab.page.mouse.move(frame["x"] + 2, frame["y"] + share * frame["height"])
        lab.page.mouse.move(frame["x"] + 120, frame["y"] + share * frame["height"], steps=60)
    notebook.run_cell(POINTED_AT)
    cell = notebook.cells()[POINTED_AT]
    told = ast.literal_eval("".join(cell["outputs"][0]["data"]["text/plain"]))
    assert {"unit 0", "unit 1", None} <= set(told)
    assert all(one != other for one, other in itertools.pairwise(told))


def test_where_python_does_not_answer_a_click_it_says_so_and_drops_others(lab, notebook):
    told = lab.part("ff-told")
    assert told.inner_text() == ""
    before = lab.step
    notebook.run_cell(DEAFEN)
    lab.part("ff-step").click()
    wait_for(told.inner_text, lambda text: "Python is busy" in text, seconds=5, what="words")
    for _ in range(3):
        lab.part("ff-step").click()
    assert lab.step == before
    notebook.run_cell(HEAR)
    wait_for(told.inner_text, "".__eq__, what="silence")
    wait_for(lambda: lab.step, (before + 1).__eq__, what="the first of these clicks")
    lab.page.wait_for_timeout(500)
    assert lab.step == before + 1
    lab.part("ff-step").click()
    wait_for(lambda: lab.step, (before + 2).__eq__, what="another step")


def test_a_restarted_kernel_leaves_no_panel_that_seems_to_train(lab, notebook):
    lab.train()
    lab.wait_step(lab.step + 5)
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    told = lab.part("ff-told")
    wait_for(told.inner_text, lambda text: "has ended" in text, seconds=60, what="words")
    assert lab.part("ff-train").inner_text() == "Train" and "Training." not in lab.status
    assert all(button.is_disabled() for button in lab.root.get_by_role("button").all())


def test_a_notebook_that_is_opened_again_shows_the_last_picture_of_its_panel(
    browser, server, screenshot
):
    cells = ["from ffteach.live import GoodnessLab", "GoodnessLab()"]
    write_notebook(server.root / "reopened.ipynb", cells)
    still, missing = ".ff-still img", "model not found"
    with NotebookPage(browser, server, "reopened.ipynb") as notebook:
        notebook.run_all()
        lab = PanelPage(notebook, 1)
        wait_for(lambda: lab.shown, what="the picture")
        lab.handle("ff-threshold").press("Home")
        wait_for(lambda: lab.threshold, (0.0).__eq__, what="a threshold of 0")
        kept = notebook.page.locator(still)
        wait_for(kept.count, what="the picture that is kept")
        wait_for(lambda: kept.get_attribute("alt"), lab.alt.__eq__, what="the last picture")
        assert not kept.is_visible()
        notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        notebook.page.wait_for_timeout(500)
    assert (server.root / "reopened.ipynb").stat().st_size < 60_000
    with NotebookPage(browser, server, "reopened.ipynb") as notebook:
        output = notebook.page.locator(".jp-Cell").nth(1).locator(".jp-Cell-outputWrapper")
        output.locator("img").wait_for()
        assert "threshold 0.00" in output.locator("img").get_attribute("alt")
        assert "run this cell, and it is alive again" in output.inner_text()
        wait_for(lambda: output.get_by_text(missing).count(), what="JupyterLab's words")
        assert not output.get_by_text(missing).is_visible()
        screenshot(output, "reopened")
