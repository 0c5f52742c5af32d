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


def test_a_factor_is_named_unless_it_reads_as_one():
    double, nearly = (
        goodness.check(lambda h, times=times: times * right(h)) for times in (3, 1.0005)
    )
    assert "3 times the right" in repr(double)
    assert nearly.state == "not yet" and "1 times" not in repr(nearly)


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


def test_what_counts_is_processor_time(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.2)
    monkeypatch.setattr(engine, "PATIENCE", 150)  # 30 s: the machine may be busy

    def endless(h):
        while True:
            pass

    start = time.monotonic()
    assert goodness.check(endless).name == "never returns"
    assert time.monotonic() - start < 20


def exercise_of(judge):
    task = {"points": 1, "minutes": 1, "says": {"less": "less"}, "hints": "123", "solution": ""}
    return engine.Exercise("own", "0.1 own", judge=judge, **task)


def add_twice(a, b):
    return a + 2 * b


def judge(trial, answer):
    a, b = trial.rand(4), trial.rand(4)
    result = trial.tensor(trial.call(answer, a, b), (4,), grad=False)
    trial.same(result, a + 2 * b, {"less": a - 2 * b})


@pytest.mark.parametrize(
    "answer, name",
    [
        (lambda a, b: add_twice(a, b).numpy(), "numpy"),
        (lambda a, b: None, "no return"),
        (lambda a, b: torch.tensor([0.0, 3.0, 1.0, 7.0]), "constant"),
        (lambda a, b: a * b, "unknown"),
        (lambda a, b: a - 2 * b, "less"),
    ],
)
def test_any_check_names_the_mistake(answer, name):
    verdict = exercise_of(judge).check(answer)
    assert (verdict.state, verdict.name, verdict.points) == ("not yet", name, 0)


@pytest.mark.parametrize(
    "besides, name",
    [
        (lambda result, b: b.zero_(), "changes its input"),
        (lambda result, b: torch.manual_seed(0), "global seed"),
        (lambda result, b: result.requires_grad_(), "requires grad"),
    ],
)
def test_what_a_right_answer_does_besides_costs_half(besides, name):
    def answer(a, b):
        result = add_twice(a, b)
        besides(result, b)
        return result

    assert exercise_of(judge).check(add_twice)
    verdict = exercise_of(judge).check(answer)
    assert (verdict.state, verdict.name, verdict.points) == ("not yet", name, 0.5)


def test_points_that_were_earned_are_kept():
    def judge(trial, answer):
        trial.earn(0.4, "the first half")
        trial.no("numpy")

    assert exercise_of(judge).check(1).points == 0.4


def test_a_mistake_that_shows_too_little_here_is_not_named():
    """Within the tolerance it is the right result; what is just outside may be anything."""
    trial, right = engine.Trial(goodness, seed=0), torch.tensor([1.0, 2.0, 4.0])
    off = torch.tensor([1e-4, -1e-4, 0.0])  # 4e-4 are allowed
    assert trial.mistake(right + 5 * off, right, {"sum": right + 3 * off}) == "unknown"
    assert trial.mistake(right + 8 * off, right, {"sum": right + 6 * off}) == "sum"


def test_torch_has_its_threads_again_after_a_check():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert exercise_of(judge).check(add_twice) and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


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
