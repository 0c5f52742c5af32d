"""What a panel says in the browser where Python does not answer, and the line that is copied."""

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
    with threads:
        pass
    answer(content)


lab._heard = slowly
lab"""
CELLS = (DEAF, "threads.acquire()", "threads.release()", "lab.state['step']")
LAB, DEAFEN, HEAR, STEP = range(4)


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


def test_where_python_does_not_answer_a_click_it_says_so_and_drops_others(lab, notebook):
    told = lab.part("ff-told")
    lab.part("ff-step").click()
    wait_for(lambda: lab.step, (1).__eq__, what="one step")
    assert told.inner_text() == ""
    notebook.run_cell(DEAFEN)
    lab.part("ff-step").click()
    wait_for(told.inner_text, lambda text: "Python is busy" in text, seconds=5, what="words")
    for _ in range(3):
        lab.part("ff-step").click()
    assert lab.step == 1
    notebook.run_cell(HEAR)
    wait_for(told.inner_text, "".__eq__, what="silence")
    wait_for(lambda: lab.step, (2).__eq__, what="the first of these clicks")
    lab.page.wait_for_timeout(500)
    assert lab.step == 2
    lab.part("ff-step").click()
    wait_for(lambda: lab.step, (3).__eq__, what="another step")


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
