"""Lines one can read: formatted, lint-free, at most 100 columns, and docstrings of 12 lines."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTH, DOCSTRING = 100, 12
ORDER = "ffteach/__init__.py"  # its docstring is the reading order, a line for each file
ADDRESS = re.compile(r"\]\(|https?://")  # a line with a link may be longer


def tracked(*patterns):
    """Names of the tracked files, relative to the project."""
    try:
        command = ["git", "ls-files", "-z", "--cached", "--", *patterns]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this folder is no git clone")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def lines_of(name):
    """(place, line) for each line that has to fit."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".ipynb"):
        for number, cell in enumerate(json.loads(text)["cells"]):
            if cell["cell_type"] == "code":
                for line in "".join(cell["source"]).splitlines():
                    yield f"{name}, cell {number}", line
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not (name.endswith(".md") and (line.startswith("|") or ADDRESS.search(line))):
            yield f"{name}:{number}", line


def docstrings_of(name):
    """(place, docstring) of a Python file, its classes and its functions."""
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            where = getattr(node, "name", "the file")
            yield f"{name}, {where}", ast.get_docstring(node) or ""


def test_no_line_is_wider_than_a_window():
    names = tracked("*.py", "*.md", "*.ipynb", "Makefile")
    assert len(names) > 50
    wide = [
        f"{place}: {len(line)} columns"
        for name in names
        for place, line in lines_of(name)
        if len(line) > WIDTH
    ]
    assert not wide, f"{len(wide)} lines above {WIDTH} columns:\n" + "\n".join(wide)


def test_no_docstring_is_longer_than_twelve_lines():
    long = [
        f"{place}: {len(text.splitlines())} lines"
        for name in tracked("ffteach/*.py")
        if name != ORDER
        for place, text in docstrings_of(name)
        if len(text.splitlines()) > DOCSTRING
    ]
    assert not long, f"{len(long)} long docstrings:\n" + "\n".join(long)


@pytest.mark.parametrize(
    "arguments", [["format", "--check"], ["check", "--output-format=concise"]], ids=" ".join
)
def test_ruff_is_content(arguments):
    """`make format` mends what it can, notebooks included."""
    command = [sys.executable, "-m", "ruff", *arguments, "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"make format\n{done.stdout}{done.stderr}"
