"""The README: its Python prints what it says, and what it names is there."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_of_python_print_what_stands_below_them():
    """The first line's number may differ by a point: other processors round otherwise."""
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1].splitlines()
    assert len([line for line in code.splitlines() if line]) == 6
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    printed = printed.getvalue().splitlines()
    number = re.compile(r"^([0-9.]+)%")
    assert [number.sub("", line) for line in printed] == [number.sub("", line) for line in shown]
    assert float(number.match(printed[0])[1]) == pytest.approx(
        float(number.match(shown[0])[1]), abs=1
    )


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_links_and_pictures_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)[^):]*\)", text)
    assert all((ROOT / page).parent.joinpath(link).exists() for link in links), links


def test_every_file_of_the_reading_order_is_there_and_every_file_is_in_it():
    """What every file uses is left out: devices and refusals."""
    table = README.partition("| file | what it holds |")[2].partition("\n\n")[0]
    named = re.findall(r"`([a-z_]+(?:\.py|/))`", table)
    package = ROOT / "ffteach"
    found = {p.name for p in package.glob("*.py")} | {
        f"{p.parent.name}/" for p in package.glob("*/__init__.py")
    }
    everywhere = {"checks.py", "device.py"}
    assert found - set(named) == {"__init__.py", "__main__.py"} | everywhere
    assert set(named) <= found


def test_every_lesson_and_panel_is_named():
    for lesson in ROOT.glob("notebooks/*.ipynb"):
        assert f"`{lesson.stem}`" in README
    assert len(re.findall(r"^\| `\w+\(\)` \|", README, re.MULTILINE)) == 6


def test_it_is_short():
    assert len(README.split()) <= 1300
