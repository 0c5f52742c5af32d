"""Every lesson runs from top to bottom in a real JupyterLab, and then its panels are used."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
PANELS = {  # in reading order
    "00_start_here": ["ff-training-lab"],
    "01_goodness_and_loss": ["ff-goodness-lab"],
    "02_supervised_overlay": ["ff-training-lab", "ff-digit-pad"],
    "03_mask_negatives": ["ff-mask-lab"],
    "04_unsupervised_probe": ["ff-probe-lab"],
    "05_closing_the_gap": ["ff-race-lab"],
    "06_local_eyes": ["ff-field-lab"],
    "07_looking_back": ["ff-settling-lab"],
    "08_sequences_and_sleep": ["ff-dream-lab"],
}
UNNAMED_PICTURES = """() => {
    const pictures = [...document.querySelectorAll('.jp-OutputArea img')];
    return pictures.filter(img => !img.alt.trim()).length; }"""


@pytest.fixture(scope="module")
def lessons(server):
    """The lessons without stored outputs, and all that lies beside them; the folder's name."""
    folder = shutil.copytree(NOTEBOOKS, server.root / "lessons")
    for name in LESSONS:
        notebook = nbformat.read(folder / name, 4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / name)
    return folder.name


def use(panel):
    """Do what the panel is there for: its picture's sentence must tell of it."""
    classes = panel.root.get_attribute("class").split()
    training = "training", "probe", "race", "field", "dream"
    trains = not {f"ff-{name}-lab" for name in training}.isdisjoint(classes)
    if trains:
        step = panel.step
        panel.train()
        panel.wait_step(step + 20)
    before = panel.alt
    if "ff-settling-lab" in classes:
        panel.part("ff-next").click()
    elif "ff-dream-lab" in classes:
        panel.part("ff-negatives").locator("select").select_option("dreams")
    elif "ff-digit-pad" in classes:
        panel.part("ff-load").click()
    elif not {"ff-mask-lab", "ff-field-lab"}.isdisjoint(classes):
        panel.drag("ff-blurs", 0.8)
    elif "ff-race-lab" in classes:
        panel.drag("ff-forward-rate", 0.5)
    else:
        panel.drag("ff-threshold", 0.65)
        wait_for(lambda: panel.threshold, lambda threshold: threshold > 3, what="the new threshold")
    wait_for(lambda: panel.alt, lambda alt: alt != before, what="another picture")
    if trains:
        panel.wait_step(panel.step + 5)
        panel.pause()


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_in_the_browser(browser, server, lessons, name):
    with NotebookPage(browser, server, f"{lessons}/{name}") as lesson:
        lesson.run_all(seconds=600)
        assert lesson.page.evaluate(UNNAMED_PICTURES) == 0, "a picture without alternative text"
        cells = lesson.page.locator(".jp-Notebook .jp-Cell")
        panels = [
            PanelPage(lesson, index)
            for index in range(cells.count())
            if cells.nth(index).locator(".ff-panel").count()
        ]
        wanted = PANELS.get(name.removesuffix(".ipynb"), [])
        assert len(panels) == len(wanted) and all(
            css in panel.root.get_attribute("class") for panel, css in zip(panels, wanted)
        )
        for panel in panels:
            use(panel)
        assert lesson.problems() == []


def test_from_the_opened_lesson_to_a_trained_network_by_keyboard_alone(browser, server, lessons):
    name = "00_start_here.ipynb"
    sources = [cell.source for cell in nbformat.read(NOTEBOOKS / name, 4).cells]
    cell = next(number for number, source in enumerate(sources) if "TrainingLab(" in source)
    with NotebookPage(browser, server, f"{lessons}/{name}") as lesson:
        keyboard, lab = lesson.page.keyboard, PanelPage(lesson, cell)
        for _ in range(cell + 1):
            keyboard.press("Shift+Enter")
        wait_for(lambda: lab.shown, what="the panel")
        lesson.wait_idle()
        keyboard.press("ArrowUp")  # the cell with the panel
        on_train = "() => document.activeElement.classList.contains('ff-train')"
        for _ in range(5):
            keyboard.press("Tab")
            if lesson.page.evaluate(on_train):
                break
        else:
            pytest.fail("Tab never reached Train")
        keyboard.press("Enter")
        wait_for(lambda: lab.part("ff-train").inner_text(), "Pause".__eq__, what="a training")
        wait_for(lambda: lab.part("ff-train").inner_text(), "Train".__eq__, what="its end")
        assert "Epoch 10 of 10" in lab.status, lab.status
        assert int(re.search(r"accuracy (\d+)", lab.status)[1]) > 80, lab.status
        assert lesson.problems() == []


@pytest.mark.parametrize("name", ["00_start_here.ipynb", "exercises/lesson01.ipynb"])
def test_a_lesson_that_was_opened_and_saved_is_as_it_was_handed_out(browser, server, name):
    folder = server.root / "handed out"
    shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True)
    stored = nbformat.read(folder / name, 4)
    with NotebookPage(browser, server, f"handed out/{name}") as lesson:
        model = "window.jupyterapp.shell.currentWidget.context.model"
        lesson.page.wait_for_timeout(500)
        assert not lesson.page.evaluate(f"() => {model}.dirty"), "the tab has a dot"
        lesson.page.evaluate(f"() => {{ {model}.dirty = true; }}")
        lesson.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        wait_for(lambda: lesson.page.evaluate(f"() => !{model}.dirty"), what="a saved lesson")
    saved = nbformat.read(folder / name, 4)
    assert saved.metadata == stored.metadata
    assert [cell.source for cell in saved.cells] == [cell.source for cell in stored.cells]
