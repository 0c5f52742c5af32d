"""Sweeps: one table of many runs, whatever happens to those who do them."""

import csv
import multiprocessing
import os
import pickle
import re
from concurrent.futures import BrokenExecutor, Future

import pytest
import torch

import ffteach.__main__ as command_line
from ffteach import RECIPES, Recipe
from ffteach.runs import grid, run_recipe, sweep
from ffteach.runs.sweep import NUMBERS, Task, run_one

TINY = Recipe(widths=(784, 20), epochs=1, train_images=200)
LONGER = TINY.but(epochs=4, train_images=2000)


class Inline:
    """An executor that does each run at once, in this process, and counts them."""

    def __init__(self, fails=()):
        self.done, self.fails = [], dict(fails)

    def submit(self, function, task):
        future = Future()
        self.done.append((task.recipe.threshold, task.seed))
        if error := self.fails.get(self.done[-1]):
            future.set_exception(error)
        else:
            future.set_result(function(task))
        return future


class Deadly(Recipe):
    """A recipe that ends the process it is trained in, as the system does when memory is out."""

    def load_data(self, *args, **options):
        os._exit(9)


@pytest.fixture
def one_thread():
    """What a run made alone computes on to be compared to the bit."""
    former = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(former)


@pytest.fixture
def table(tmp_path):
    return tmp_path / "table.csv"


def figures(row):
    """What a row says of a run, without its time."""
    return {name: row[name] for name in NUMBERS if name != "seconds"}


def alone(recipe, seed):
    """The same figures of the run made without any sweep."""
    report, _, _ = run_recipe(recipe, seed=seed)
    return figures(vars(report))


# ---- the grid and the table


def test_a_grid_has_all_combinations_and_keeps_the_rest():
    found = grid(RECIPES["quick"], threshold=[1.0, 2.0], widths=[(784, 9), (784, 8)])
    assert [(r.threshold, r.widths[1]) for r in found] == [(1, 9), (1, 8), (2, 9), (2, 8)]
    assert {(r.name, r.negatives) for r in found} == {("quick", "hard")}


def test_rows_equal_the_runs_made_alone_and_come_back_from_the_file(table, one_thread):
    recipes = grid(TINY.but(validation_share=0.2), threshold=[1.0, 2.0])
    rows = sweep(recipes, [0, 3], results=table, executor=Inline()).finish()
    assert [(row["threshold"], row["seed"]) for row in rows] == [(1, 0), (1, 3), (2, 0), (2, 3)]
    wanted = [alone(recipe, seed) for recipe in recipes for seed in (0, 3)]
    assert [figures(row) for row in rows] == wanted
    assert len({row["test_error"] for row in rows}) > 1 and rows[0]["validation_error"] > 0
    again = sweep(recipes, [0, 3], results=table, executor=Inline())
    assert again.finish() == rows  # seconds, too: to the bit
    with open(table, newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["test_error"]) for line in lines] == [row["test_error"] for row in rows]
    assert "learning_rate" not in lines[0] and not any(line["error"] for line in lines)


def test_a_run_is_done_on_one_thread_and_the_callers_threads_are_left(table):
    torch.set_num_threads(2)
    seen = []

    class Watching(Inline):
        def submit(self, function, task):
            future = super().submit(function, task)
            seen.append(torch.get_num_threads())
            return future

    sweep([TINY], [0], results=table, executor=Watching()).finish()
    assert seen == [1] and torch.get_num_threads() == 2


def test_an_interrupted_sweep_goes_on_and_does_no_finished_run_again(table):
    recipes = grid(TINY, threshold=[1.0, 2.0])
    rows = iter(sweep(recipes, [0], results=table, executor=Inline()))
    first = next(rows)
    rows.close()
    then = Inline()
    runs = sweep(recipes, [0, 1], results=table, executor=then)  # more seeds than before
    assert repr(runs) == f"<Sweep: 1 of 4 runs done, {table}: call finish(), or loop over me>"
    assert runs.rows == [first]
    assert len(runs.finish()) == 4 == len(runs) and len(then.done) == 3
    assert (first["threshold"], 0) not in then.done


def test_a_failed_run_is_a_row_and_is_tried_again_by_the_next_sweep(table):
    recipes = grid(TINY, threshold=[1.0, 2.0], widths=[(784, 20), (700, 20)])
    rows = sweep(recipes, [0], results=table, executor=Inline()).finish()
    assert [bool(row["error"]) for row in rows] == [False, True] * 2
    assert "700" in rows[1]["error"] and rows[1]["error"].startswith("ValueError: ")
    assert rows[1]["test_error"] is None and rows[0]["test_error"] is not None
    then = Inline(fails={(2.0, 0): MemoryError("lost twice")})  # such as dask's KilledWorker
    rows = sweep(recipes, [0], results=table, executor=then).finish()
    assert then.done == [(1.0, 0), (2.0, 0)] and rows[3]["error"] == "MemoryError: lost twice"


def test_a_network_that_diverged_is_a_finished_row_with_its_trouble(table):
    wild = TINY.but(learning_rate=1e30, batch_size=20)
    with pytest.warns(RuntimeWarning, match="diverged"):
        (row,) = sweep([wild], [0], results=table, executor=Inline()).finish()
    assert "diverged" in row["trouble"] and not row["error"] and row["test_error"] is None
    assert sweep([wild], [0], results=table, executor=Inline()).finish() == [row]


def test_a_broken_executor_is_said_and_what_came_is_kept(table):
    recipes = grid(TINY, threshold=[1.0, 2.0, 3.0])
    broken = Inline(fails={(2.0, 0): BrokenExecutor("gone"), (3.0, 0): BrokenExecutor("gone")})
    with pytest.raises(RuntimeError, match="gave up .*gone.* goes on from there"):
        sweep(recipes, [0], results=table, executor=broken).finish()
    assert len(sweep(recipes, [0], results=table, executor=Inline()).finish()) == 3


def test_the_task_that_travels_is_small():
    assert len(pickle.dumps((run_one, Task(TINY, 0, "sample", None, None)))) < 3000


# ---- refusals, all before any work


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda t: grid(TINY, treshold=[1.0]), "did you mean 'threshold'"),
        (lambda t: grid(TINY, threshold=1.0), r"threshold=1.0: expected a list .*\[1.0\]"),
        (lambda t: grid(TINY, schedule="greedy"), "expected a list of values"),
        (lambda t: grid("quick"), "hold 'quick', expected Recipes"),
        (lambda t: sweep([], [0], results=t), "no recipe was given"),
        (lambda t: sweep([TINY], [], results=t), "no seed was given"),
        (lambda t: sweep([TINY], 3, results=t), r"seeds=3: expected several, such as range\(3\)"),
        (lambda t: sweep([TINY], [-1], results=t), "seed=-1: expected a whole number"),
        (lambda t: sweep([TINY], [0, 0], results=t), "the same run is there twice"),
        (lambda t: sweep(grid(TINY, threshold=[1, 1.0]), [0], results=t), "there twice"),
        (lambda t: sweep([TINY], [0], results=t, workers=0), "workers=0: expected"),
        (lambda t: sweep([TINY], [0], results=t, executor=4), r"executor is 4, .*submit\(\)"),
        (lambda t: sweep([TINY], [0], results=t / "no" / "folder.csv"), "cannot write there"),
        (lambda t: sweep([TINY], [0], results=t.parent), "cannot be read"),
    ],
)
def test_a_mistake_is_refused_before_any_work(call, message, table):
    with pytest.raises((ValueError, TypeError), match=message):
        call(table)
    assert not table.exists()


@pytest.mark.parametrize("text", ["my notes\n", "", "recipe,seed\nquick,0\n", "a,b\n1,2\n"])
def test_a_file_that_is_no_table_is_refused_and_kept(table, text):
    table.write_text(text)
    with pytest.raises(ValueError, match="is no table of a sweep"):
        sweep([TINY], [0], results=table)
    assert table.read_text() == text


def test_the_table_of_another_sweep_is_refused_and_kept(table):
    sweep([TINY], [0, 1], results=table, executor=Inline()).finish()
    text = table.read_text()
    for recipe, seeds in ((TINY.but(threshold=0.5), [0, 1]), (TINY, [0])):
        with pytest.raises(ValueError, match="holds another sweep.*a file of its own"):
            sweep([recipe], seeds, results=table)
    assert table.read_text() == text


# ---- processes that die


def test_a_run_that_kills_its_process_fails_alone_and_the_others_go_on(table, one_thread):
    deadly = Deadly(**vars(TINY.but(name="deadly")))
    recipes = [deadly, LONGER, TINY]
    runs = sweep(recipes, [0], results=table, workers=2)
    assert len([row["run"] for row in runs]) == 3  # each comes once
    rows = runs.rows
    assert "its process died" in rows[0]["error"] and not any(row["error"] for row in rows[1:])
    assert [figures(row) for row in rows[1:]] == [alone(recipe, 0) for recipe in recipes[1:]]
    assert not multiprocessing.active_children()


def test_dask_with_a_worker_killed_in_the_middle_loses_nothing_and_repeats_nothing(
    table, one_thread
):
    distributed = pytest.importorskip("distributed")
    recipes = grid(LONGER, threshold=[0.5, 1.0, 2.0])
    options = dict(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        rows = iter(sweep(recipes, range(3), results=table, executor=client.get_executor()))
        came = [next(rows)]
        victims = client.run(os.getpid)  # by worker
        busy = next(name for name, tasks in client.processing().items() if tasks)
        os.kill(victims[busy], 9)
        came += rows
        ended = client.run_on_scheduler(
            lambda dask_scheduler: [
                event[0]
                for event in dask_scheduler.transition_log
                if event[1:3] == ("processing", "memory") and str(event[0]).startswith("run_one")
            ]
        )
        assert busy not in client.scheduler_info()["workers"]  # it was the worker, and is gone
    # only a result that the dead worker had not handed over yet is made again
    assert len(set(ended)) == 9 and len(ended) <= 10
    assert len(came) == 9 == len({row["run"] for row in came})
    assert not any(row["error"] for row in came)
    checked = next(row for row in came if row["threshold"] == 2.0 and row["seed"] == 2)
    assert figures(checked) == alone(recipes[2], 2)


# ---- the command line


@pytest.fixture
def call(monkeypatch, capsys, table):
    """`call("quick", ...)` -> (exit code, standard output, standard error, the executor)."""
    real = command_line.sweep

    def run(*arguments, executor=None):
        executor = executor or Inline()
        with_it = lambda *args, **options: real(*args, **options | {"executor": executor})
        monkeypatch.setattr(command_line, "sweep", with_it)
        fast = ["--set", "train_images=100", "--set", "epochs=1", "--results", str(table)]
        code = command_line.main(["sweep", *map(str, arguments), *fast])
        return code, *capsys.readouterr(), executor

    return run


def test_the_command_line_sweeps_a_grid_and_prints_a_line_for_each_point(call, table):
    code, out, err, executor = call(
        *("quick", "--grid", "threshold=0.5,2e0", "--grid", "widths=(784,20),(784,10)"),
        *("--grid", "loss=threshold", "--seeds", 2),
    )
    assert code == 0 and "8/8" in err and len(executor.done) == 8
    points = out.splitlines()[:-1]
    assert [point.split(":")[0] for point in points] == [
        f"widths=(784, {width}) threshold={threshold}"
        for threshold in (0.5, 2.0)
        for width in (20, 10)
    ]
    assert all(re.search(r"test error \S+% \(\S+% to \S+%\)$", point) for point in points)
    assert out.endswith(f"the table is in {table}\n")
    code, again, _, executor = call(
        *("quick", "--grid", "threshold=0.5,2", "--grid", "widths=(784,20),(784,10)"),
        *("--grid", "loss=threshold", "--seeds", 2),
    )
    assert (
        code == 0 and executor.done == [] and again.replace("threshold=2:", "threshold=2.0:") == out
    )


def test_the_command_line_tells_failed_runs_and_interruptions(call, table):
    code, out, _, _ = call("quick", "--grid", "widths=(784,9),(700,9)")
    assert code == 1 and "1 of 1 runs are no result: ValueError" in out.splitlines()[1]
    os.unlink(table)
    stopped = Inline(fails={(2.0, 1): KeyboardInterrupt()})
    code, _, err, _ = call("quick", "--grid", "widths=(784,9)", "--seeds", 2, executor=stopped)
    assert code == 130 and "interrupted: the same command goes on" in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["quikc"], "did you mean 'quick'"),
        (["quick", "--grid", "treshold=1,2"], "did you mean 'threshold'"),
        (["quick", "--grid", "threshold"], "expected name=value"),
        (["quick", "--grid", "widths=784,20"], "widths=784"),
        (["quick", "--grid", "epochs=1,x"], "epochs='x': expected"),
        (["quick", "--seeds", "0"], "no seed was given"),
        (["quick", "--workers", "0"], "workers=0"),
        (["quick", "--dask", "tcp://127.0.0.1:1"], "--dask tcp://127.0.0.1:1: no scheduler"),
    ],
)
def test_the_command_line_refuses_a_mistake_in_one_line(
    arguments, message, call, table, monkeypatch
):
    monkeypatch.setattr(command_line, "DASK_SECONDS", 0.3)
    code, out, err, executor = call(*arguments)
    assert code == 2 and out == "" and not executor.done and not table.exists()
    assert err.startswith("ffteach: ") and message in err and err.count("\n") == 1
