"""The exercises' notebooks: students' ones are the teachers' minus the solutions, and both run."""

import importlib
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import make_student_notebooks as make
import matplotlib
import nbformat
import pytest

import ffteach

ROOT = Path(__file__).parents[2]

PATHS = make.sources()
UNITS = [path.stem for path in PATHS]
TEACHER = re.compile("BEGIN|END SOLUTION|HIDDEN|MARK SCHEME|marking")


def notebook(path):
    return nbformat.read(path, as_version=4)


def graded(cells):
    return {c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata}


def solved(text):
    """Return a cell's text with its solution, without the markers."""
    lines = text.split("\n")
    return "\n".join(line for line in lines if line.strip()[:4] != "### ")


@pytest.mark.parametrize("path", PATHS, ids=UNITS)
def test_the_students_notebook_is_the_teachers_minus_the_solutions(path):
    source, student = notebook(path), notebook(make.STUDENT / path.name)
    assert len(source.cells) == len(student.cells)
    for theirs, ours in zip(student.cells, source.cells):
        assert (theirs.id, theirs.cell_type) == (ours.id, ours.cell_type)
        assert theirs.source == make.without_solution(ours.source), f"cell {ours.id}: make student"
        assert not TEACHER.search(theirs.source)
        assert theirs.metadata.get("nbgrader") == ours.metadata.get("nbgrader")
    text = nbformat.writes(make.student_version(source))
    assert (make.STUDENT / path.name).read_text().strip() == text.strip(), "make student"


@pytest.mark.parametrize("path", PATHS, ids=UNITS)
def test_form(path):
    for version in (path, make.STUDENT / path.name):
        book = notebook(version)
        nbformat.validate(book)
        assert book.metadata.kernelspec.name == "python3" and "widgets" not in book.metadata
        for cell in book.cells:
            if cell.cell_type == "code":
                assert cell.outputs == [] and cell.execution_count is None
                assert max(map(len, cell.source.split("\n"))) <= 100
                compile(cell.source, cell.id, "exec")
    assert json.loads(path.read_text())["nbformat_minor"] >= 5


@pytest.mark.parametrize("path", PATHS, ids=UNITS)
def test_cells_and_exercises_belong_together(path):
    unit = importlib.import_module(f"ffteach.exercises.{path.stem}")
    cells = notebook(path).cells
    marks = graded(cells)
    assert all(cell.metadata.nbgrader.schema_version == 3 for cell in marks.values())
    for task in unit.EXERCISES:
        answer, check = marks[task.key], marks[f"{task.key}_check"]
        assert answer.metadata.nbgrader.solution and not answer.metadata.nbgrader.locked
        assert check.metadata.nbgrader.grade and check.metadata.nbgrader.locked
        assert check.metadata.nbgrader.points == task.points
        assert f"ex.{task.key}.check(" in check.source and '"' + task.key + '"' in check.source
        assert solved(answer.source).endswith(task.code) or solved(answer.source) == task.code
        text = next(c for c in cells if c.id == f"{task.key}_task".replace("_", "-")).source
        assert f"## {task.title.split()[0]} " in text and f"about {task.minutes} minutes" in text
        assert f"{task.points} point" in text and f"ex.{task.key}.hint()" in text
    by_hand = [c for c in marks.values() if c.metadata.nbgrader.task]
    for cell in by_hand:
        points = cell.metadata.nbgrader.points
        assert "=== BEGIN MARK SCHEME ===" in cell.source and f"*{points} points" in cell.source
        rubric = sum(float(p) for p in re.findall(r"\(([\d.]+) points?\)", cell.source))
        assert rubric == points or "a program" in cell.source


def run(book):
    """Run a notebook's code in this process; return the verdicts and what the cells printed."""
    matplotlib.use("Agg", force=True)
    shown, printed, space = [], io.StringIO(), {"__name__": "notebook"}
    space["display"] = shown.append
    with redirect_stdout(printed):
        for cell in book.cells:
            if cell.cell_type == "code":
                try:
                    exec(compile(cell.source, cell.id, "exec"), space)
                except NotImplementedError:
                    assert "raises-exception" in cell.metadata.tags, cell.id
    return shown, printed.getvalue()


@pytest.mark.parametrize("path", PATHS, ids=UNITS)
def test_the_teachers_notebook_runs_and_every_check_is_right(path, monkeypatch):
    whole = ffteach.train

    def shortened(net, data, recipe, **named):
        """A quarter of system C's steps: the errors are within the check's limits by then."""
        return whole(net, data, recipe.but(epochs=min(recipe.epochs, 50)), **named)

    monkeypatch.setattr(ffteach, "train", shortened)
    shown, _ = run(notebook(path))
    checks = [c for c in notebook(path).cells if c.id.endswith("-check")]
    assert [verdict.state for verdict in shown] == ["right"] * len(checks), shown


@pytest.mark.parametrize("path", PATHS, ids=UNITS)
def test_the_students_notebook_runs_and_nothing_is_attempted(path, monkeypatch):
    if path.stem == "lesson04":  # its training is not what is tested here
        monkeypatch.setattr("ffteach.train", lambda *args, **named: [])
    shown, _ = run(notebook(make.STUDENT / path.name))
    assert {verdict.state for verdict in shown} == {"not attempted"}


@pytest.mark.parametrize("path", PATHS, ids=UNITS)
def test_a_check_that_is_run_before_its_answer_says_so(path):
    book = notebook(make.STUDENT / path.name)
    book.cells = [c for c in book.cells if c.id == "setup" or c.id.endswith("-check")]
    shown, _ = run(book)
    assert len(shown) == len(book.cells) - 1
    assert {verdict.state for verdict in shown} == {"not attempted"}


def test_the_teachers_page_is_current():
    """`make marks` writes its lists again."""
    import marking_sheet

    page = marking_sheet.PAGE.read_text()
    assert marking_sheet.filled(page) == page
    assert page.count("{") == page.count("}") and "{share" not in page
