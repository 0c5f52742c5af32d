"""Every check against wrong answers as students write them, and right ones in other words."""

import bank
import pytest
import score
import torch

CHOICES = ("lesson01.claims", "lesson02.bug_hunt")  # few answers are possible at all


@pytest.fixture(scope="module")
def mutants():
    return score.judge(bank.MUTANTS)


@pytest.fixture(scope="module")
def variants():
    return score.judge(bank.VARIANTS)


PATHS = [
    f"{unit.__name__.split('.')[-1]}.{task.key}"
    for unit in score.units()
    for task in unit.EXERCISES
]


def test_no_wrong_answer_is_accepted(mutants):
    assert [r[:2] for r in mutants if r.verdict] == []


def test_95_percent_of_the_mistakes_get_their_name(mutants):
    others = [(*r[:2], r.verdict.name) for r in mutants if not score.named(r)]
    assert len(others) <= 0.05 * len(mutants), others


def test_honest_answers_are_accepted(variants):
    refused = [(*r[:2], r.verdict.name, r.verdict.sentence) for r in variants if not r.verdict]
    assert refused == []


def test_a_right_answer_is_not_a_matter_of_luck():
    """5.3 takes any other label than the best for an overflow: it must not be drawn by chance."""
    margins = []

    def hard_labels(table, labels, hardness):
        scores = (hardness * table).scatter(1, labels[:, None], -torch.inf)
        if hardness == 20:
            first, second = scores.topk(2).values.T
            margins.append((first - second).min().item())
        return torch.multinomial(scores.softmax(dim=1), 1)[:, 0]

    task = score.exercise("lesson05.hard_labels")
    assert all(task.check(hard_labels, seed=seed) for seed in range(10))
    assert len(margins) == 10 and min(margins) > 30  # e^-30 is 1e-13


@pytest.mark.parametrize("path", PATHS)
def test_there_are_enough_answers(path):
    wrong = {name for name, _ in bank.MUTANTS[path]}
    assert set(score.exercise(path).own) - wrong == set(), "mistakes without a mutant"
    assert len(bank.VARIANTS[path]) >= (1 if path in CHOICES else 5)


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_that_equals_everything_is_accepted(path):
    for answer in (bank.AlwaysEqual(), bank.AlwaysEqual, lambda *a: bank.AlwaysEqual()):
        pair = path in ("lesson02.network", "lesson04.small_system_c")
        verdict = score.exercise(path).check(*[answer] * (1 + pair))
        assert verdict.state == "not yet" and verdict.points < 0.5


@pytest.mark.parametrize("path", PATHS)
def test_a_stub_is_not_attempted(path):
    def stub(*args):
        raise NotImplementedError

    assert score.exercise(path).check(None).state == "not attempted"
    assert score.exercise(path).check(...).state == "not attempted"
    if callable(bank.VARIANTS[path][0][1][0]) and path != "lesson02.network":
        assert score.exercise(path).check(stub).state == "not attempted"


def test_the_page_is_current(mutants, variants):
    """`python tests/exercises/score.py` writes it."""
    page = score.page(mutants, variants)
    print(page[: page.index("## The mistakes")])
    assert score.PAGE.read_text() == page


def test_the_bank_of_mistakes_names_checks_that_exist():
    by_number = {task.title.split()[0]: task for unit in score.units() for task in unit.EXERCISES}
    for names in score.BANK.values():
        for entry in names.split(", "):
            number, name = entry.split(" ", 1)
            assert name in by_number[number].own
