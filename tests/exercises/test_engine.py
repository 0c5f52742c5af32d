"""The engine: verdicts and how they look, time limits, hints, what stays as it was."""

import threading
import time

import pytest
import score
import torch

from ffteach.exercises import engine, lesson01

goodness = lesson01.goodness


def right(h):
    return h.square().mean(dim=1)


def every():
    return [task for unit in score.units() for task in unit.EXERCISES]


def test_a_verdict_says_its_state_in_words_in_both_forms():
    for answer, state in ((right, "right"), (lambda h: h, "not yet"), (None, "not attempted")):
        verdict = goodness.check(answer)
        assert verdict.state == state and f"1.1 goodness: {state}" in repr(verdict)
        assert f"1.1 goodness: {state}" in verdict._repr_html_()
        assert bool(verdict) == (state == "right")


def test_html_is_escaped_and_the_sign_is_hidden_from_screen_readers():
    def answer(h):
        raise ValueError("<script>alert(1)</script>")

    html = goodness.check(answer)._repr_html_()
    assert "<script>" not in html and 'aria-hidden="true"' in html and 'role="note"' in html


def test_a_print_is_noted_and_costs_nothing(capsys):
    def answer(h):
        print("noise")
        return right(h)

    verdict = goodness.check(answer)
    assert verdict.points == 1 and "prints" in verdict.notes[0]
    assert capsys.readouterr().out == ""


def test_an_endless_answer_is_stopped_in_the_main_thread_and_in_another(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.2)
    stopped = []

    def endless(h):
        try:
            while True:
                pass
        finally:
            stopped.append(True)

    assert goodness.check(endless).name == "never returns"
    other = threading.Thread(target=lambda: stopped.append(goodness.check(endless).name))
    other.start()
    other.join(20)
    assert stopped == [True, True, "never returns"]


def test_a_long_sleep_cannot_be_stopped_but_the_verdict_comes(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.1)
    start = time.monotonic()
    assert goodness.check(lambda h: time.sleep(4)).name == "never returns"
    assert time.monotonic() - start < 4


def test_the_random_state_is_the_students():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    goodness.check(right)
    assert torch.equal(torch.rand(3), expected)


def test_gradients_are_on_inside_a_check_whatever_the_caller_says():
    with torch.no_grad():
        assert goodness.check(right)


def test_the_same_seed_gives_the_same_inputs():
    seen = []

    def answer(h):
        seen.append(h.clone())
        return right(h)

    goodness.check(answer, seed=3), goodness.check(answer, seed=3), goodness.check(answer)
    n = len(seen) // 3
    assert all(torch.equal(a, b) for a, b in zip(seen[:n], seen[n:]))
    assert not torch.equal(seen[0], seen[2 * n])


@pytest.mark.parametrize("task", every(), ids=lambda task: task.key)
def test_hints_solutions_and_sentences(task):
    assert len(task.hints) == 3
    for number in (1, 2, 3, 1):
        assert f"Hint {number} of 3" in repr(task.hint())
    assert task.code in task.solution().text and "<pre" in task.solution()._repr_html_()
    for sentence in (*task.says.values(), *task.hints):
        assert sentence.strip() == sentence and "  " not in sentence
    assert task.points > 0 and task.minutes > 0 and repr(task).startswith(task.title)


def test_no_sentence_holds_the_solution():
    for task in every():
        lines = [line.strip() for line in task.code.splitlines() if len(line.strip()) > 25]
        for sentence in task.says.values():
            assert not any(line in sentence for line in lines), task.key
