"""Every lesson runs from top to bottom in a real JupyterLab, as a student runs it."""

import shutil
from pathlib import Path

import nbformat
import pytest
from jupyterlab_driver import NotebookPage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
UNNAMED_PICTURES = "() => [...document.querySelectorAll('.jp-OutputArea img')].filter(img => !img.alt.trim()).length"


@pytest.fixture(scope="module")
def lessons(server):
    """The lessons without their stored outputs, with all that lies beside them; returns the folder's name."""
    folder = shutil.copytree(NOTEBOOKS, server.root / "lessons")
    for name in LESSONS:
        notebook = nbformat.read(folder / name, 4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / name)
    return folder.name


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_in_the_browser(browser, server, lessons, name):
    with NotebookPage(browser, server, f"{lessons}/{name}") as lesson:
        lesson.run_all(seconds=240)
        assert lesson.page.evaluate(UNNAMED_PICTURES) == 0, "a picture without alternative text"
        assert lesson.problems() == []
