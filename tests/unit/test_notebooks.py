"""The form of the lessons, before they are run (nbval and the browser tests run them)."""

import ast
import re
from pathlib import Path
from statistics import median

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if not path.name.startswith("00")]
ABSOLUTE_PATH = re.compile(
    r"(?<![\w.:/<])/(?:home|root|Users|work|tmp|usr|opt|mnt|content)/\w|[A-Z]:\\\\?\w"
)
IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def texts(path):
    return "\n".join(cell.source for cell in cells(path, "markdown"))


def is_question(cell):
    return cell.cell_type == "code" and "guesses.ask(" in cell.source


def asked(source):
    """The names that a cell gives to its guesses."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and "guesses.ask(" in ast.unparse(node.value):
            names = ast.walk(node.targets[0])
            yield from (name.id for name in names if isinstance(name, ast.Name))


def experiments(path):
    """The code cells that do not only ask for a guess, or show how the guesses fared."""
    code = cells(path, "code")
    return [cell for cell in code if not is_question(cell) and "guesses.page" not in cell.source]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def test_there_are_lessons():
    assert len(NOTEBOOKS) >= 2 and len(LESSONS) >= 1


@each(NOTEBOOKS)
def test_valid_with_our_kernel_and_no_widget_state(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata


@each(NOTEBOOKS)
def test_outputs_are_stored_in_order_without_errors_or_widgets(path):
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), (
        "run scripts/store_outputs.py"
    )
    for output in (output for cell in code for output in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


@each(NOTEBOOKS)
def test_small_and_free_of_absolute_paths(path):
    assert path.stat().st_size < 200_000
    for cell in nbformat.read(path, as_version=4).cells:
        content = cell.source + "".join(
            str(output.get("text", "")) for output in cell.get("outputs", [])
        )
        assert not ABSOLUTE_PATH.search(content), ABSOLUTE_PATH.search(content)


@each(NOTEBOOKS)
def test_every_picture_has_alt_text(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert not {"image/png", "image/svg+xml"} & set(output.get("data", {})), (
                "use plots.show(fig, alt=...)"
            )
            for tag in IMG.findall("".join(output.get("data", {}).get("text/html", ""))):
                assert re.search(r'alt="[^"]{20,}"', tag), tag[:80]
    for tag in IMG.findall(texts(path)):
        assert re.search(r'alt="[^"]{20,}"', tag), tag[:80]
    assert not re.search(r"!\[\s*\]\(", texts(path))


@each(NOTEBOOKS)
def test_jupyterlab_hides_stored_outputs_until_a_cell_is_run(path):
    for cell in cells(path, "code"):
        hidden = cell.metadata.get("jupyter", {}).get("outputs_hidden", False)
        assert hidden == bool(cell.outputs), f"run scripts/store_outputs.py:\n{cell.source}"


@each(NOTEBOOKS)
def test_code_cells_are_short(path):
    lengths = [len(lines(cell)) for cell in experiments(path)]
    assert len(lines(cells(path, "code")[0])) <= 5
    assert max(lengths) <= 20 and median(lengths) <= 10, lengths


@each(NOTEBOOKS)
def test_every_prediction_can_be_answered_and_is_compared(path):
    """After each "Predict" comes a cell that asks, and each guess is compared in a later cell."""
    everything = nbformat.read(path, as_version=4).cells
    for cell, following in zip(everything, everything[1:]):
        if "**Predict" in cell.source:
            assert is_question(following), cell.source
    sources = [cell.source for cell in cells(path, "code")]
    for number, source in enumerate(sources):
        for name in asked(source):
            later = sources[number + 1 :]
            assert any(re.search(rf"\b{name}\b", source) for source in later), name
    assert sum("guesses.page()" in source for source in sources) == 1
    assert "".join(sources).count(".compare(") >= 2


@each(NOTEBOOKS)
def test_lines_of_code_fit_the_page(path):
    for cell in cells(path, "code"):
        assert all(len(line) <= 100 for line in cell.source.splitlines()), cell.source


@each(LESSONS)
def test_a_lesson_has_its_shape(path):
    markdown, code = len(cells(path, "markdown")), len(experiments(path))
    assert 25 <= markdown + code <= 60
    assert 0.7 <= markdown / code <= 2.0
    assert texts(path).count("**Predict") >= 4
    assert texts(path).count("**What you should see") >= 4
    assert "## Exercises" in texts(path)


@each(LESSONS)
def test_nbval_really_checks_something(path):
    code = cells(path, "code")
    assert not any("NBVAL" in cell.source for cell in code), "use the tag nbval-check-output"
    checked = [cell for cell in code if "nbval-check-output" in cell.metadata.get("tags", [])]
    assert 2 <= len(checked) <= 8
    assert not any("plots.show" in cell.source for cell in checked), (
        "nbval would compare the picture's bytes, which depend on the machine"
    )
    assert all(
        "".join(
            output.get("text", "") or str(output.get("data", "")) for output in cell.outputs
        ).strip()
        for cell in checked
    )


@each(NOTEBOOKS)
def test_links_between_lessons_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+\.ipynb)", texts(path)):
        assert (FOLDER / target).exists(), target
