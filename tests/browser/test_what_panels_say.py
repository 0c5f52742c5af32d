"""What panels say in a real JupyterLab is true: of steps, settings, drawings, typed numbers."""

import re

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

CELLS = (
    "from ffteach.live import DigitPad, TrainingLab\nlab = TrainingLab(widths=(784, 50, 50))\nlab",
    "DigitPad()",
    "lab",
)
LAB, PAD, AGAIN = 0, 1, 2  # the cells that show a panel


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(server.root / "words.ipynb", CELLS)
    with NotebookPage(browser, server, "words.ipynb", height=1400) as notebook:
        notebook.run_cell(LAB)
        notebook.run_cell(PAD)
        yield notebook


@pytest.fixture
def lab(notebook):
    lab = PanelPage(notebook, LAB)
    lab.reset()
    yield lab
    assert notebook.problems() == []


def test_after_one_step_it_no_longer_says_that_nothing_is_trained(lab):
    for step in (1, 2):
        lab.part("ff-step").click()
        wait_for(lambda: lab.step, step.__eq__, what=f"step {step}")
        wait_for(lambda: lab.status, lambda said: "One step" in said, what="words about it")
        assert "Nothing trained yet" not in lab.status


def test_all_settings_that_wait_for_reset_are_named(lab):
    widths = lab.root.get_by_role("textbox", name="Widths", exact=True)
    widths.fill("40, 40")
    widths.press("Enter")
    for name, option in (("Negatives", "hard"), ("Schedule", "greedy")):
        lab.root.get_by_role("combobox", name=name, exact=True).select_option(option)
    said = "Negatives, Widths and Schedule need a new network: they wait for Reset."
    wait_for(lambda: lab.status, lambda now: said in now, what=said)
    for name, option in (("Negatives", "uniform"), ("Schedule", "simultaneous")):
        lab.root.get_by_role("combobox", name=name, exact=True).select_option(option)
    wait_for(lambda: lab.status, lambda now: "Widths needs a new" in now, what="one that waits")
    widths.fill("50, 50")
    widths.press("Enter")
    wait_for(lambda: lab.status, lambda now: "Nothing waits" in now, what="nothing that waits")


@pytest.mark.parametrize(
    "name, typed, taken",
    [("Threshold", "99", "6.0"), ("Learning rate", "7", "0.10"), ("Epochs", "-3", "1")],
)
def test_a_number_typed_beyond_the_end_of_a_slider_is_not_taken_without_a_word(
    lab, name, typed, taken
):
    field = lab.root.get_by_role("textbox", name=f"{name} as a number")
    before = field.inner_text()
    field.fill(typed)
    field.press("Enter")
    said = f"{name} {typed} is beyond the slider: it takes "
    wait_for(lambda: lab.status, lambda now: said in now, what="words about it")
    assert float(field.inner_text()) == float(taken)
    field.fill(before)
    field.press("Enter")
    lab.part("ff-step").click()
    wait_for(lambda: lab.status, lambda now: "One step" in now, what="the next words")
    assert "beyond" not in lab.status


def test_a_stroke_on_a_test_digit_makes_it_another_drawing(notebook):
    pad = PanelPage(notebook, PAD)
    pad.part("ff-load").click()
    wait_for(lambda: pad.status, lambda said: "A test digit, labelled" in said, what="a digit")
    canvas = pad.part("ff-canvas")
    canvas.scroll_into_view_if_needed()
    frame = canvas.bounding_box()
    pad.page.mouse.move(frame["x"] + 20, frame["y"] + 20)
    pad.page.mouse.down()
    pad.page.mouse.move(frame["x"] + 150, frame["y"] + 30, steps=5)
    pad.page.mouse.up()
    wait_for(lambda: pad.status, lambda said: "test digit" not in said, what="other words")
    assert notebook.problems() == []


def moves(panel):
    """Wait until the panel has taken 20 steps more."""
    panel.wait_step(panel.step + 20)


def test_a_panel_that_is_shown_twice_trains_in_every_view(lab, notebook):
    notebook.run_cell(AGAIN)
    again = PanelPage(notebook, AGAIN)
    wait_for(lambda: again.shown, what="the second view")
    for pressed, other in ((lab, again), (again, lab)):
        pressed.train()
        moves(other)
        moves(pressed)
        assert "Training." in lab.status and "Training." in again.status
        other.pause()
        step = lab.step
        lab.page.wait_for_timeout(500)
        assert lab.step == again.step == step


def test_a_new_view_of_the_cells_output_trains_too(lab, notebook):
    page = notebook.page
    lab.canvas_of_picture.click(button="right")
    page.get_by_text("Create New View for Cell Output").first.click()
    view = page.locator(".jp-LinkedOutputView .ff-panel")
    view.wait_for()
    lab.train()
    step = lambda: int(re.search(r"step (\d+)", view.locator(".ff-status").inner_text())[1])
    seen = step()
    wait_for(step, lambda now: now >= seen + 20, seconds=60, what="20 steps in the new view")
    moves(lab)
    page.evaluate("() => document.querySelector('.jp-LinkedOutputView').remove()")
    lab.pause()


def test_a_page_that_is_loaded_again_goes_on_or_stands_still_in_words_and_buttons(lab, notebook):
    lab.train()
    moves(lab)
    page = notebook.page
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    page.reload(wait_until="domcontentloaded")
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=90_000)
    lab = PanelPage(notebook, LAB)
    wait_for(lambda: lab.shown, seconds=60, what="the panel")
    if lab.part("ff-train").inner_text() == "Train":
        lab.train()
    moves(lab)
    lab.pause()
