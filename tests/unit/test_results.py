"""The stored results: one file, shown by README, docs and lesson, of recipes as they are now."""

import importlib.util
import json
import shlex
from dataclasses import asdict
from pathlib import Path

import pytest

from ffteach.__main__ import _parser, _recipe
from ffteach.recipe import Recipe
from ffteach.runs.recipes import RECIPES
from ffteach.runs.results import NOT_RUN, Result, Results, load_results, settings_of

ROOT = Path(__file__).parents[2]
RESULTS = load_results()
each = pytest.mark.parametrize("row", RESULTS, ids=lambda row: f"{row.recipe} {row.about}")


@each
def test_the_command_makes_the_rows_recipe(row):
    words = shlex.split(row.command)
    assert words[:3] == ["python", "-m", "ffteach"]
    options = _parser().parse_args(words[3:])
    assert options.data == row.data
    assert _recipe(options.name, options.set) == RECIPES[row.recipe].but(**row.changes or {})


@each
def test_a_measured_row_is_of_the_recipe_as_it_is_now(row):
    """A changed recipe is measured again: `scripts/add_result.py` then replaces the runs."""
    assert bool(row.runs) == bool(row.settings)
    if row.runs:
        recipe = RECIPES[row.recipe].but(**row.changes or {})
        assert row.settings == settings_of(recipe)
        assert Recipe(**row.settings, name=recipe.name, about=recipe.about) == recipe


@each
def test_every_run_says_seed_machine_and_sizes(row):
    assert len({run["seed"] for run in row.runs}) == len(row.runs)
    for run in row.runs:
        assert (
            run["machine"] and run["epochs"] >= 1 and run["seconds"] > 0 and run["train_images"] > 0
        )
        for name in ("train_error", "validation_error", "test_error", "softmax_test_error"):
            assert run.get(name) is None or 0 <= run[name] < 1
        assert (
            ("test_error" not in run)
            if row.compared
            else (run["test_error"] is not None and run["test_images"] > 0)
        )


def test_what_was_not_run_says_so():
    row = Result("quick", "sample")
    assert row.training == row.test == NOT_RUN and row.validation == ""
    row = Result("quick", "sample", changes={"validation_share": 0.1})
    assert row.validation == NOT_RUN and row.test == ""


def test_one_seed_has_a_standard_error_and_several_have_a_range():
    run = {
        "seed": 0,
        "epochs": 3,
        "seconds": 150.0,
        "machine": "A",
        "test_error": 0.1,
        "test_images": 900,
    }
    assert Result("quick", "sample", runs=[run]).test == "10.00 ± 1.00 % (one seed)"
    three = [
        {**run, "seed": seed, "test_error": error} for seed, error in enumerate((0.1, 0.2, 0.12))
    ]
    assert Result("quick", "sample", runs=three).test == "14.00 % (10.00 to 20.00, 3 seeds)"
    assert Result("quick", "sample", runs=three).training == "3 epochs: 2 min on A"


def test_times_stand_by_machine_and_two_threads_come_first_in_the_readme():
    run = {"seed": 0, "epochs": 3, "seconds": 150.0, "machine": "A", "threads": 1}
    runs = [run] + [{**run, "seed": n, "seconds": n * 60, "machine": "B"} for n in (1, 2, 3)]
    row = Result("quick", "sample", runs=runs)
    assert row.training == "3 epochs: 2 min on A, 2 min on B (3 seeds)"
    assert row.time == "2 min, one core"
    faster = {**run, "seed": 9, "seconds": 40.0, "threads": 2, "prototype": True}
    row = Result("quick", "sample", runs=[*runs, faster])
    assert row.time == "40 s" and row.training.endswith(", by a prototype")


def test_every_machine_is_explained_once_and_only_those_shown_are_listed():
    codes = {run["machine"] for row in RESULTS for run in row.runs}
    assert codes == set(RESULTS.machines)
    assert len(set(RESULTS.machines.values())) == len(RESULTS.machines)
    assert set(RESULTS.only("quick", compared=False).used) == {"A"}
    shown = RESULTS.only("quick", compared=False)._repr_html_()
    assert f"A: {RESULTS.machines['A']}</p>" in shown and "B: " not in shown
    assert "17&nbsp;s on A" in shown and "2.35&nbsp;%" in shown


def test_baselines_stand_next_to_the_error():
    run = {
        "seed": 0,
        "test_error": 0.05,
        "test_images": 900,
        "baselines": {"raw_pixels": 0.09, "untrained": 0.07},
    }
    assert Result("quick-unsupervised", "sample", runs=[run]).test.endswith(
        "raw pixels 9.00 %, untrained 7.00 %"
    )


def test_readme_and_docs_show_the_stored_results(script):
    for path, text in script.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run scripts/add_result.py"


def test_the_tables_fit_into_a_window(script):
    pages = script.pages()
    assert sorted(path.name for path in pages) == ["README.md", "results.md"]
    for path, text in pages.items():
        lines = text.splitlines()
        assert max(len(line) for line in lines if line.startswith("|")) <= 200, path
        assert max(len(line) for line in lines if not line.startswith("|")) <= 100, path


def test_a_long_command_is_broken_between_its_options_only(script):
    row = Result("quick", "sample", "it", {"negatives": "other images", "widths": [784] * 15})
    *comments, first, second = script._commented(row).splitlines()
    assert comments == ["# quick: it", "# not run yet"]
    assert first.endswith("--set 'negatives=other images' \\") and second.startswith("    --set")
    assert shlex.split(first[:-1] + second) == shlex.split(row.command)


def test_the_readme_has_five_rows(script):
    assert len(script.readme_table(RESULTS).splitlines()) == 2 + 5


def test_the_lesson_stores_the_figures_of_today():
    cells = json.loads((ROOT / "notebooks/05_closing_the_gap.ipynb").read_text())["cells"]
    stored = "".join(
        "".join(output.get("data", {}).get("text/html", []))
        for cell in cells
        for output in cell.get("outputs", [])
    )
    names = ("paper-supervised", "paper-jitter", "paper-unsupervised", "official")
    rows = [RESULTS.only(name, compared=False)[0] for name in names]
    means = [100 * sum(run["test_error"] for run in row.runs) / len(row.runs) for row in rows]
    figures = ", ".join(f"{name} {mean:.2f}" for name, mean in zip(names, means))
    assert f"Test errors in %: {figures}." in stored
    text = " ".join("".join("".join(cell["source"]) for cell in cells).split())
    for name, words in {
        "paper-supervised": "`{}` came from {:.2f} to {:.2f} % of the test digits",
        "paper-jitter": "`{}`, which it let be half as wide, from {:.2f} to {:.2f} %",
    }.items():
        now, before = RESULTS.only(name, compared=False)[:2]
        assert not now.changes and before.changes["adversarial"] == 0
        errors = [
            100 * sum(run["test_error"] for run in row.runs) / len(row.runs)
            for row in (before, now)
        ]
        assert words.format(name, *errors) in text


def test_the_table_in_a_notebook_escapes_and_has_headers():
    table = Results([Result("quick", "sample", about="fast & <small>")])._repr_html_()
    assert "fast &amp; &lt;small&gt;" in table and 'scope="col"' in table and 'scope="row"' in table
    assert "<code>python -m ffteach run quick --data sample --seed 0</code>" in table


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("add_result", ROOT / "scripts/add_result.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(recipe, seed, **numbers):
    """What `--json` writes of a run, as far as the script reads it."""
    sizes = {
        "data": "full",
        "epochs": 3,
        "seconds": 9.0,
        "finished": True,
        "test_images": 10_000,
        "train_images": 50_000,
        "validation_error": None,
    }
    return json.loads(
        json.dumps(
            {"recipe": recipe.name, "settings": asdict(recipe), "seed": seed, **sizes, **numbers}
        )
    )


def test_reports_become_rows(script):
    recipe, content = RECIPES["mask-probe"], {"machines": {"A": "a server"}, "rows": []}
    for seed, error in ((1, 0.08), (0, 0.06), (1, 0.07)):  # seed 1 is replaced
        script.add(report(recipe, seed, test_error=error), "a laptop", content)
    changed = recipe.but(validation_share=0.1, widths=(784, 30))
    held_out = report(changed, 0, test_error=0.5, validation_error=0.4)
    script.add(held_out, "a telephone", content)
    plain, different = (Result(**row) for row in json.loads(json.dumps(content["rows"])))
    assert plain.test == "6.50 % (6.00 to 7.00, 2 seeds)"
    assert [run["seed"] for run in plain.runs] == [0, 1]
    assert different.changes == {"validation_share": 0.1, "widths": [784, 30]}
    assert different.compared and "test_error" not in different.runs[0]
    assert different.validation == "40.00 ± 0.63 % (one seed)"
    assert content["machines"] == {"A": "a server", "B": "a laptop", "C": "a telephone"}
    assert [run["machine"] for run in plain.runs + different.runs] == ["B", "B", "C"]


def test_a_row_of_a_recipe_that_has_changed_loses_its_runs(script, monkeypatch):
    content = {"machines": {}, "rows": []}
    script.add(report(RECIPES["quick"], 0, test_error=0.5), "a laptop", content)
    newer = RECIPES["quick"].but(epochs=11)
    monkeypatch.setitem(script.RECIPES, "quick", newer)
    row = script.add(report(newer, 1, test_error=0.3), "a laptop", content)
    assert len(content["rows"]) == 1 and [run["seed"] for run in row["runs"]] == [1]


def test_an_interrupted_run_is_no_result(script):
    stopped = report(RECIPES["quick"], 0, test_error=0.5, finished=False)
    with pytest.raises(SystemExit, match="interrupted"):
        script.add(stopped, "a laptop", {"machines": {}, "rows": []})
