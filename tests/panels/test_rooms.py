"""The house of the panels: who may import whom, what `ffteach.live` offers, and the examples."""

import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from ffteach import live
from ffteach.live.shared.css import CLASSES

HOUSE = Path(live.__file__).parent
ROOMS = sorted(path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists())
FILES = sorted(path.relative_to(HOUSE) for path in HOUSE.glob("*/*.py"))


def imported_rooms(path):
    """The rooms of `ffteach.live` that a file of one imports from."""
    found = set()
    for node in ast.walk(ast.parse((HOUSE / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = ["ffteach", "live", path.parts[0]][: 4 - node.level]
            names = [".".join([*package, *filter(None, [node.module])])]
            names += [f"{names[0]}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in names]
        found |= {part[2] for part in parts if part[:2] == ["ffteach", "live"] and len(part) > 2}
    return found & set(ROOMS)


def test_the_rooms_are_those_of_the_panels():
    assert ROOMS == ["goodness", "masks", "pad", "probe", "race", "shared", "training"]
    assert "shared" in imported_rooms(Path("training", "lab.py"))  # the reader of imports reads


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_panel_depends_on_shared_and_the_core_alone(path):
    assert imported_rooms(path) <= {path.parts[0], "shared"}


def test_a_star_import_binds_the_panels_and_their_presets_only():
    names = {}
    exec("from ffteach.live import *", names)
    del names["__builtins__"]
    assert set(names) == {*CLASSES, "PRESETS", "SLOW_MOTION"} == set(live.__all__)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_examples_in_the_docstrings_run(path):
    module = importlib.import_module(".".join(["ffteach.live", *path.with_suffix("").parts]))
    assert doctest.testmod(module).failed == 0


def test_a_panel_that_trains_loads_neither_matplotlib_nor_torchs_compiler():
    """A class has as many kernels as students: each should take little memory."""
    code = """
import sys
from ffteach.live import *
TrainingLab().run(1)
print([name for name in ("matplotlib", "torch._dynamo", "sympy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
