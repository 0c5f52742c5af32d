"""The form of the lessons, before they are run (nbval and the browser tests run them)."""

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
def test_code_cells_are_short(path):
    lengths = [len(lines(cell)) for cell in cells(path, "code")]
    assert lengths[0] <= 5 and max(lengths) <= 20 and median(lengths) <= 16, lengths


@each(NOTEBOOKS)
def test_lines_of_code_fit_the_page(path):
    for cell in cells(path, "code"):
        assert all(len(line) <= 100 for line in cell.source.splitlines()), cell.source


@each(LESSONS)
def test_a_lesson_has_its_shape(path):
    markdown, code = len(cells(path, "markdown")), len(cells(path, "code"))
    assert 25 <= markdown + code <= 45
    assert 1.0 <= markdown / code <= 2.0
    assert texts(path).count("**Predict") >= 4
    assert texts(path).count("**What you should see") >= 4
    assert "## Exercises" in texts(path)


@each(LESSONS)
def test_nbval_really_checks_something(path):
    checked = [cell for cell in cells(path, "code") if "NBVAL_CHECK_OUTPUT" in cell.source]
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
