"""Guesses: what is asked is kept, compared with what came out, and invented for nobody."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib.figure
import pytest
import torch

from ffteach import guesses
from ffteach.at_once import answer_at_once
from ffteach.guesses import guess as module
from ffteach.guesses.field import Field
from ffteach.guesses.outcomes import Note

CURVES = "What will they do?", ["rise", "part"]
PERCENT = {"between": (0, 100), "unit": "%"}


@pytest.fixture(autouse=True)
def a_new_kernel(monkeypatch):
    monkeypatch.setattr(module, "_asked", {})


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would display."""
    things = []
    monkeypatch.setattr(module, "_show", things.append)
    return things


def test_right_and_not_so(shown):
    curves = guesses.ask(*CURVES)
    curves.answer = "rise"
    assert curves.sentence == "Your guess: rise."
    curves.compare("part")
    assert (
        repr(shown[-1]) == "What will they do? Your guess: rise. Outcome: part."
        and curves.verdict == "not so"
    )
    right = guesses.ask("And now?", ["rise", "part"], guess="part")
    right.compare("part")
    assert repr(shown[-1]) == "And now? Your guess: part. Outcome: part. Right."


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "guess, outcome, close, verdict",
    [
        (20, 12.345, None, "close"),
        (22.5, 12.345, None, "10.2 % too high"),
        (1, torch.tensor(12.3, requires_grad=True), None, "11.3 % too low"),
        (20, 12.25, 5, "7.75 % too high"),
    ],
)
def test_a_number_is_close_or_too_high_or_too_low(guess, outcome, close, verdict):
    share = guesses.ask("How many?", **PERCENT, guess=guess)
    share.compare(outcome, close=close)
    assert share.verdict == verdict


def test_a_few_words_are_shown_beside_the_outcome(shown):
    why = guesses.ask("Why?", guess="  no idea ")
    why.compare("the threshold")
    assert (
        repr(shown[-1]) == "Why? Your guess: no idea. Outcome: the threshold." and not why.verdict
    )


@pytest.mark.parametrize(
    "question, impossible",
    [(CURVES, "fall"), (("How many?", None), 101), (("How many?", None), float("nan"))],
)
def test_an_impossible_guess_or_outcome_is_refused(question, impossible):
    asked = guesses.ask(*question, **PERCENT if question[1] is None else {})
    with pytest.raises(ValueError, match="no answer to"):
        asked.answer = impossible
    assert asked.answer is None
    with pytest.raises(ValueError, match="no answer to"):
        asked.compare("what" if question[1] else float("inf"))


def test_nothing_is_asked_twice():
    first = guesses.ask(*CURVES, guess="rise")
    assert guesses.ask(*CURVES) is first and first.answer == "rise"
    changed = guesses.ask(CURVES[0], ["rise", "part", "fall"])
    assert changed is not first and changed.answer is None


def test_once_compared_a_guess_stays():
    curves = guesses.ask(*CURVES, guess="rise")
    curves.answer = "part"
    curves.compare("part")
    curves.answer = "rise"
    assert curves.answer == "part"


def test_nobody_guessed_and_nothing_is_shown(shown):
    curves = guesses.ask(*CURVES)
    del shown[:]
    curves.compare("part")
    fig = matplotlib.figure.Figure()
    share = guesses.ask("How many?", **PERCENT)
    share.mark(fig.subplots())
    assert shown == [share] and not fig.axes[0].lines and curves.sentence == ""
    assert guesses.page()._repr_html_() == "<p>2 questions, and no guess yet.</p>"
    curves.answer = "part"  # after Run All: the cell that compares has to run again
    assert curves.sentence == "Your guess: part." and not curves.settled


def test_the_page_has_a_row_for_each_question_and_a_heading_for_each_cell():
    guesses.ask("Is 1 < 2?", ["yes", "no"], guess="no").compare("yes")
    guesses.ask("How many?", **PERCENT, guess=40).compare(41)
    guesses.ask("Why?")
    page = guesses.page()
    assert page.summary == "3 questions, 2 guesses, 1 of them right or close"
    assert list(page.rows()) == [
        ("Is 1 < 2?", "no", "yes", "not so"),
        ("How many?", "40 %", "41 %", "close"),
        ("Why?", "no guess", "", ""),
    ]
    html = page._repr_html_()
    assert html.count('<th scope="col"') == 4 and html.count('<th scope="row"') == 3
    assert "Is 1 &lt; 2?" in html and "<caption" in html


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_mark_stands_at_the_guess(axis):
    ax = matplotlib.figure.Figure().subplots()
    guesses.ask("How many?", **PERCENT, guess=40).mark(ax, axis)
    (line,) = ax.lines
    assert set({"x": line.get_xdata(), "y": line.get_ydata()}[axis]) == {40}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["your guess"]


def test_without_a_notebook_the_question_says_how_to_answer(capsys):
    guesses.ask(*CURVES)
    printed = capsys.readouterr().out
    assert printed.startswith("What will they do? (rise / part)\n") and "guess=" in printed
    guesses.ask(*CURVES, guess="part")
    assert not capsys.readouterr().out


def test_the_field_and_the_guess_tell_each_other():
    share = module.Number("How many?", (0, 100), "%")
    field = share._field = Field(share)
    field.value = "20"  # as the browser sends it
    assert share.answer == 20 and field.said == "Your guess: 20 %."
    field.value = "200"
    assert share.answer == 20 and "no answer" in field.said
    share.answer = 30
    assert field.value == "30" and not field.settled
    share.compare(31)
    assert field.settled and field.said == "Your guess: 30 %. Outcome: 31 %. Close."
    field.close()


def test_widgets_are_imported_only_when_a_field_is_shown():
    code = """
import sys
from ffteach import guesses
guesses.ask("Why?", guess="no idea").compare("a reason")
assert not {"ipywidgets", "anywidget"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_only_a_number_loses_its_point_and_zero():
    text, choice = guesses.ask("Which text?"), guesses.ask("Which choice?", ["1.0", "2"])
    for guess, answer in ((text, "version 2.0"), (choice, "1.0")):
        field = Field(guess)
        guess._field = field
        guess.answer = answer
        assert (field.value, guess.answer) == (answer, answer)


def test_the_ends_of_the_range_can_be_guessed_and_the_edge_of_close_is_close():
    for number in (0, 10):
        asked = guesses.ask(f"A number such as {number}?", between=(0, 10), guess=number)
        asked.compare(5.0, close=5)
        assert asked.answer == number and asked.verdict == "close"


def test_what_a_student_writes_is_shown_as_written():
    shown = Note("Is 1 < 2?", "<b>yes</b>")._repr_html_()
    assert "1 &lt; 2" in shown and "&lt;b&gt;yes" in shown and "<b>yes" not in shown


def test_a_click_goes_to_the_thread_that_the_browser_asked_for():
    """ipykernel 7.4 asks a comm's `_reply_subshell_for(data, asked)`; 7.3 and before do not."""
    comms = [SimpleNamespace(_reply_subshell_for=lambda data, asked: "the cells'") for _ in "ab"]
    former = SimpleNamespace()
    style, button = (SimpleNamespace(comm=comm) for comm in comms)
    button.style = style
    row = SimpleNamespace(comm=former, children=[button])
    answer_at_once(SimpleNamespace(comm=former, children=[row]))
    assert [comm._reply_subshell_for({}, "its own") for comm in comms] == ["its own"] * 2
    assert not vars(former)
