"""Make notebooks/exercises/ from coursework/source/: the same notebooks without solutions.

`python scripts/make_student_notebooks.py` or `make student`. What only teachers have:
what stands between BEGIN and END of a solution, of hidden tests and of a mark scheme, and outputs.
"""

import copy
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
SOURCE, STUDENT = ROOT / "coursework" / "source", ROOT / "notebooks" / "exercises"
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.M | re.S)
HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?^ *### END HIDDEN TESTS\n", re.M | re.S)
SCHEME = re.compile(r"\n*=== BEGIN MARK SCHEME ===\n.*?\n=== END MARK SCHEME ===", re.S)


def sources():
    """Return the paths of the teachers' notebooks."""
    return sorted(SOURCE.glob("*/*.ipynb"))


def without_solution(text):
    """Return a cell's text without its solutions, hidden tests and mark scheme."""

    def stub(match):
        indent = match[1]
        return f"{indent}{'raise NotImplementedError' if indent else '...'}  # write your code here"

    return SCHEME.sub("", HIDDEN.sub("", SOLUTION.sub(stub, text)))


def student_version(source):
    """Return the student's notebook of a teacher's one; cells keep their number, kind and id."""
    notebook = copy.deepcopy(source)
    for cell in notebook.cells:
        cell.source = without_solution(cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if cell.id.endswith("-try"):  # run all goes on where an answer is still missing
                cell.metadata["tags"] = ["raises-exception"]
        if cell.metadata.get("nbgrader", {}).get("locked"):
            cell.metadata.update(deletable=False, editable=False)
    return notebook


def write(target=STUDENT):
    """Write all students' notebooks into the folder `target` and return their paths."""
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for path in sources():
        notebook = student_version(nbformat.read(path, as_version=4))
        paths.append(target / path.name)
        nbformat.write(notebook, paths[-1])
    return paths


if __name__ == "__main__":
    for path in write():
        print(path.relative_to(ROOT))
