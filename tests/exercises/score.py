"""Runs every wrong and every right answer through its check, and counts.

`python tests/exercises/score.py` writes docs/exercise_checks.md.
"""

import importlib
import pathlib
import textwrap
from collections import namedtuple

import bank

from ffteach.exercises import UNITS, engine

for unit in UNITS:
    importlib.import_module("bank" + unit[-2:])
PAGE = pathlib.Path(__file__).parents[2] / "docs" / "exercise_checks.md"
SEED = 20
Result = namedtuple("Result", "path wanted verdict")
INTRODUCTION = """# What the exercises' checks recognise

Written by `python tests/exercises/score.py`; a test keeps it current. *Mutants* are wrong answers
as students write them, each with the mistake that the check should name. *Variants* are right
answers in other words: loops, einsum, other number types, equivalent formulas.

"""
BANK = {  # the mistakes seen in published code -> the exercise and the name that its check gives
    "goodness `positive` or `negative` by its sign": "1.1 threshold subtracted, 1.1 minus",
    "log(1 + e^x) taken as negative": "1.2 negative logarithm",
    "a squared error in place of the cross-entropy": "1.2 squared error",
    "sign of the negative term": "1.2 sign of the negative term",
    "sum and mean taken for the same": "1.1 sum, 1.5 sum and mean, 2.4 sum of squares",
    "`Forward-Forward needs no gradient`": "1.5 no gradient, 1.1 graph cut",
    "layer 1 must converge first": "1.5 layer 1 first, 2.3 only one layer learns",
    "rescaling is cosmetic": "1.5 rescaling is cosmetic, 2.3 input not rescaled",
    "first layer in or out": "2.4 first layer left out, 4.1 first layer left out",
    "negatives drawn once": "2.2 the same every time, 2.5 passes",
    "no baselines": "4.3 baseline missing, 4.4 baseline missing, 4.4 verdict",
    "offset from 1 to 8": "2.2 an offset is missing, 2.5 passes",
    "shuffled labels": "2.2 labels of other images, 2.2 true label drawn, 2.5 passes",
    "label codes that differ in ink": "2.1 ink, 2.5 passes",
    "an image mixed with itself": "3.2 mixed with itself",
    "another number type or range": "2.1 another type, 3.2 range, 3.2 another type, 2.5 passes",
    "zero padding": "3.1 zero padding",
    "one blur and its ties": "3.1 ties",
    "overflow from 88.7 on": "1.2 overflow, 5.3 overflow",
    "0 / 0": "1.6 zero row, 4.1 silent rows",
    "label pixel as bright as the batch": "2.1 brightest pixel",
    "layers in a plain list": "2.3 plain list",
    "a method named train": "2.3 train is taken",
    "a variable of the notebook": "2.4 reads the notebook, 2.3 nothing is learnt",
    "graphs kept at prediction": "2.4 keeps the graphs, 4.1 keeps the graphs",
    ".cuda() without a GPU": "2.4 device",
    "peer normalisation as a loss": "5.4 written as a loss",
    "a default argument that grows": "2.3 shared by all networks",
    "depth chosen on training accuracy": "2.7 training accuracy, 2.7 useless layer kept",
    "an error figure taken as exact": "5.1 sqrt(p/n), 5.2 not paired",
    "graph cut before the weights": "2.3 graph cut, 2.3 nothing is learnt, 2.6 program A",
    "backward() forgotten": "2.3 nothing is learnt, 2.6 program B",
    "negatives from ten labels": "2.2 true label drawn, 2.2 few labels, 2.6 program C",
    "a probe that has not converged": "4.2 not converged",
}
HEAD = """| exercise | mutants | named | caught, not named | missed | variants | accepted |
| --- | --- | --- | --- | --- | --- | --- |
"""


def units():
    """Return the modules of the exercises."""
    return [importlib.import_module(f"ffteach.exercises.{unit}") for unit in UNITS]


def exercise(path):
    """Return the exercise called "unit.key"."""
    unit, key = path.split(".")
    return getattr(importlib.import_module(f"ffteach.exercises.{unit}"), key)


def judge(answers, seed=SEED):
    """Return the results of {path: [(wanted, answers)]}; endless ones get 0.2 s."""
    results, kept = [], engine.SECONDS
    for path, rows in answers.items():
        for wanted, answer in rows:
            engine.SECONDS = 0.2 if wanted == "never returns" else kept
            try:
                results.append(Result(path, wanted, exercise(path).check(*answer, seed=seed)))
            finally:
                engine.SECONDS = kept
    return results


def named(result):
    """Say whether the check gave the mistake its name; "unknown" is none."""
    return result.verdict.name == result.wanted != "unknown"


def wrapped(row):
    """Return an entry of a list in lines of at most 100 columns."""
    return textwrap.fill(row, 100, subsequent_indent="  ", break_on_hyphens=False) + "\n"


def page(mutants, variants):
    """Return the text of docs/exercise_checks.md."""
    rows, total = [], [0] * 6
    for unit in units():
        for task in unit.EXERCISES:
            path = f"{unit.__name__.split('.')[-1]}.{task.key}"
            wrong = [r for r in mutants if r.path == path]
            right = [r for r in variants if r.path == path]
            missed = sum(bool(r.verdict) for r in wrong)
            known = sum(map(named, wrong))
            accepted = sum(bool(r.verdict) for r in right)
            row = [len(wrong), known, len(wrong) - known - missed, missed, len(right), accepted]
            total = [a + b for a, b in zip(total, row)]
            rows.append([task.title, *row])
    rows.append(["**all**", *total])
    table = "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)
    known = (
        "\n## Mistakes of published code, and who finds them\n\n| mistake | exercise and name |\n"
    )
    known += "| --- | --- |\n" + "".join(
        f"| {mistake} | {names} |\n" for mistake, names in BANK.items()
    )
    recognised = known + "\n## The mistakes that have a name\n"
    for unit in units():
        recognised += f"\n### {unit.UNIT}\n\n"
        for task in unit.EXERCISES:
            recognised += wrapped(f"- **{task.title}**: {', '.join(task.own)}")
    recognised += "\n" + wrapped(f"- **In every exercise**: {', '.join(engine.SAYS)}")
    return INTRODUCTION + HEAD + table + recognised


if __name__ == "__main__":
    PAGE.write_text(page(judge(bank.MUTANTS), judge(bank.VARIANTS)))
