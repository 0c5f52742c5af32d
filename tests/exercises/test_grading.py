"""nbgrader on the exercises: hand out, hand in honestly and otherwise, mark, mark again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is missing: pip install 'ffteach[teach]'")
from nbgrader.api import Gradebook, MissingEntry

ROOT = Path(__file__).parents[2]
UNIT = "lesson01"
CODE_POINTS = {
    "goodness": 2.0,
    "ff_loss": 5.0,
    "layer_gradient": 5.0,
    "loss_with_prior": 3.0,
    "claims": 2.0,
    "swap_lengths": 3.0,
}
NAIVE = """def ff_loss(g_pos, g_neg, threshold, temperature):
    pos = torch.log(1 + torch.exp(-(g_pos - threshold) / temperature)).mean()
    return (pos + torch.log(1 + torch.exp((g_neg - threshold) / temperature)).mean()) / 2
"""
HARD_CODED = """def goodness(h):
    return torch.tensor([3.5, 1.0])
"""
ALWAYS_EQUAL = """class Same(torch.Tensor):
    def __eq__(self, other):
        return True


def loss_with_prior(g_pos, g_neg, threshold, temperature, pi):
    return torch.zeros(()).as_subclass(Same)
"""
OVERWRITTEN = """import ffteach.exercises.marking as theirs
from ffteach.exercises import engine, verdict


def goodness(h):
    return h


full = verdict.Verdict("right", points=1.0)
engine.Exercise.check = lambda *answers, **named: full
engine.close = lambda *values: True
ex.goodness.judge = lambda *answers: None
theirs.marked = lambda *answers: full
"""
EXITS = """import sys


def swap_lengths(h_pos, h_neg):
    sys.exit()
"""
EXITS_AT_ONCE = EXITS + "\n\nsys.exit()\n"
PATCHED = """def goodness(h):
    return h.sum(dim=1)


torch.Tensor.tolist = lambda self: [0.0] * self.numel()
torch.allclose = torch.equal = lambda *values: True
"""
STUDENTS = {  # name -> answers; what is missing is right, and None means an untouched notebook
    "untouched": None,
    "right": {},
    "half": {
        "ff_loss": NAIVE,
        "claims": 'claims = {"a": True, "b": False, "c": True, "d": True}\n',
    },
    "tricks": {
        "goodness": HARD_CODED,
        "loss_with_prior": ALWAYS_EQUAL,
        "swap_lengths": EXITS,
    },
    "overwritten": {"goodness": OVERWRITTEN, "swap_lengths": EXITS_AT_ONCE},
    "patched": {"goodness": PATCHED},
}


def nbgrader(course, *arguments):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def hand_in(course, student, answers):
    book = nbformat.read(course / "release" / UNIT / f"{UNIT}.ipynb", as_version=4)
    source = nbformat.read(ROOT / f"coursework/source/{UNIT}/{UNIT}.ipynb", as_version=4)
    right = {c.metadata.nbgrader.grade_id: c for c in source.cells if "nbgrader" in c.metadata}
    for cell in book.cells:
        marks = cell.metadata.get("nbgrader", {})
        if answers is not None and marks.get("solution"):
            cell.source = answers.get(marks["grade_id"], right[marks["grade_id"]].source)
    folder = course / "submitted" / student / UNIT
    folder.mkdir(parents=True)
    nbformat.write(book, folder / f"{UNIT}.ipynb")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "coursework" / "source" / UNIT, course / "source" / UNIT)
    shutil.copy(ROOT / "coursework" / "nbgrader_config.py", course)
    nbgrader(course, "generate_assignment", UNIT)
    for student, answers in STUDENTS.items():
        hand_in(course, student, answers)
    nbgrader(course, "autograde", UNIT)
    return course


def marks(course, student):
    """Return the points of the cells that are marked by code."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        try:
            grades = book.find_submission_notebook(UNIT, UNIT, student).grades
        except MissingEntry:
            return None
        return {g.name.removesuffix("_check"): g.score for g in grades if g.name[-6:] == "_check"}


def test_the_release_holds_no_answers(course):
    text = (course / "release" / UNIT / f"{UNIT}.ipynb").read_text()
    for secret in ("BEGIN SOLUTION", "HIDDEN", "marking", "MARK SCHEME", "softplus"):
        assert secret not in text
    assert text.count("raise NotImplementedError") == len(CODE_POINTS)


def test_what_students_get_and_the_teachers_notebook_validate(course):
    out = nbgrader(course, "validate", f"source/{UNIT}/{UNIT}.ipynb")
    assert "Success" in out
    out = nbgrader(course, "validate", f"release/{UNIT}/{UNIT}.ipynb")
    assert "Success" not in out and "Traceback" not in out


@pytest.mark.parametrize("student", STUDENTS)
def test_marks(course, student):
    expected = dict(CODE_POINTS)
    if student == "untouched":
        expected = dict.fromkeys(expected, 0.0)
    elif student == "half":
        expected |= {"ff_loss": 2.5, "claims": 1.0}
    elif student == "patched":  # checks mean nothing then: no points at all
        expected = dict.fromkeys(expected, 0.0)
    for cell in () if student == "half" else STUDENTS[student] or ():  # no trick earns a point
        expected[cell] = 0.0
    assert marks(course, student) == expected


def test_a_second_run_gives_the_same(course):
    before = marks(course, "half"), marks(course, "right")
    nbgrader(course, "autograde", UNIT, "--force", "--student=half")
    assert (marks(course, "half"), marks(course, "right")) == before


def test_the_feedback_page_says_the_sentence_and_holds_no_answer(course):
    nbgrader(course, "generate_feedback", UNIT, "--student=half")
    page = (course / "feedback" / "half" / UNIT / f"{UNIT}.html").read_text()
    assert "exp overflows from 88.7 on" in page
    assert "Verdict(" not in page and "_judge" not in page
