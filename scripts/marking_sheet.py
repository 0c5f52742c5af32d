"""Write the lists of docs/teaching.md: marking sheet, presets, sentences of the checks.

`python scripts/marking_sheet.py` or `make marks`. Each list stands between two comments.
"""

import importlib
import re
import textwrap
from pathlib import Path

import nbformat
from make_student_notebooks import sources

from ffteach.live import PRESETS

PAGE = Path(__file__).parents[1] / "docs" / "teaching.md"
LISTEN = {  # what to listen for in class: exercise and the name its check gives the mistake
    "lesson01": [
        ("goodness", "threshold subtracted"),
        ("goodness", "sum"),
        ("ff_loss", "negative logarithm"),
        ("ff_loss", "sign of the negative term"),
        ("ff_loss", "squared error"),
        ("claims", "no gradient"),
    ],
    "lesson02": [
        ("overlay_label", "brightest pixel"),
        ("wrong_labels", "an offset is missing"),
        ("wrong_labels", "labels of other images"),
        ("network", "plain list"),
        ("network", "layer 1 follows layer 2"),
        ("predict", "keeps the graphs"),
        ("grow", "training accuracy"),
    ],
    "lesson03": [
        ("blur_masks", "zero padding"),
        ("blur_masks", "ties"),
        ("hybrids", "mixed with itself"),
        ("predicted_ratio", "product of shares"),
    ],
    "lesson04": [
        ("features", "rescaled together"),
        ("softmax_regression", "not converged"),
        ("label_curve", "baseline missing"),
        ("small_system_c", "verdict"),
    ],
    "lesson05": [
        ("standard_error", "sqrt(p/n)"),
        ("compare", "not paired"),
        ("hard_labels", "true label drawn"),
        ("peer_push", "written as a loss"),
        ("black_box", "second layer's loss"),
    ],
    "lesson06": [
        ("patches", "turned inside"),
        ("equal_cost", "shared weights"),
        ("moved", "the way back"),
    ],
    "lesson07": [
        ("later", "the wrong way round"),
        ("news", "always the top"),
        ("answers", "each layer for itself"),
    ],
    "lesson08": [
        ("pieces", "the answer inside"),
        ("made_up", "a gap in time"),
        ("half_loss", "always the day's"),
    ],
    "lesson09": [
        ("idle_share", "busy share"),
        ("starts", "in step with the slowest"),
        ("stale", "from the end again"),
        ("kept", "all layers"),
    ],
}


def sheet():
    """Return the marking sheet: every graded cell with its points, from the notebooks' metadata."""
    lines = ["| exercise | cell | points | marked by |", "| --- | --- | --- | --- |"]
    total = 0
    for path in sources():
        cells = nbformat.read(path, as_version=4).cells
        title, points_here = "", 0
        for cell in cells:
            if found := re.match(r"## (.*)", cell.source):
                title = found[1]
            marks = cell.metadata.get("nbgrader", {})
            if marks.get("grade") or marks.get("task"):
                by = "hand, with the rubric in the cell" if marks["task"] else "check"
                name = f"{path.stem}/{marks['grade_id']}"
                lines.append(f"| {title} | `{name}` | {marks['points']} | {by} |")
                points_here += marks["points"]
        lines.append(f"| **{path.stem}** | | **{points_here}** | |")
        total += points_here
    return "\n".join([*lines, f"| **all** | | **{total}** | |"])


def wrapped(row):
    """Return an entry of a list in lines of at most 100 columns."""
    return textwrap.fill(row, 100, subsequent_indent="  ", break_on_hyphens=False)


def presets():
    """Return a list of the training lab's presets, with what each shows."""
    rows = (f'- `TrainingLab(preset="{name}")`: {p.about}' for name, p in PRESETS.items())
    return "\n".join(map(wrapped, rows))


def sentences(unit):
    """Return the misconceptions of a unit, with the sentence that the check says."""
    module = importlib.import_module(f"ffteach.exercises.{unit}")
    rows = []
    for key, name in LISTEN[unit]:
        task = getattr(module, key)
        text = re.sub(r"\{share[^}]*\}", "10%", task.says[name])
        text = re.sub(r"\{rim[^}]*\}", "10%", text).replace("{missing}", "9")
        text = text.replace("{which}", "The untrained network").replace("{size:.4f}", "0.0312")
        rows.append(wrapped(f"- *{task.title}, {name}.* “{text}”"))
    return "\n".join(rows)


def filled(page):
    """Return the page with every list made again."""
    lists = {"sheet": sheet(), "presets": presets()}
    lists |= {f"sentences {unit}": sentences(unit) for unit in LISTEN}
    for name, text in lists.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        page, count = re.subn(pattern, lambda m: m[1] + text + "\n" + m[2], page, flags=re.S)
        assert count == 1, f"{PAGE.name} has no place for {name!r}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
