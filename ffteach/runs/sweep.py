"""A grid of settings and seeds: every run one task for a process pool or a cluster, one table."""

import csv
import hashlib
import itertools
import json
import multiprocessing
import os
import threading
import uuid
import warnings
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, as_completed, wait
from concurrent.futures import ProcessPoolExecutor as Pool
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm.auto import tqdm

from ..checks import check_counts, check_seed, whole
from ..device import usable_cores
from ..recipe import Recipe
from .report import run_recipe

ERRORS = ("train_error", "validation_error", "test_error", "softmax_test_error")
NUMBERS = ("epochs", *ERRORS, "seconds")
LAST = ("trouble", "error", "run")  # in words: no result, why it failed; which run it is
DIED = "its process died, also when it ran alone: too little memory?"


class Task(NamedTuple):
    """One run, small enough to be sent anywhere: data and network are made where it runs."""

    recipe: Recipe
    seed: int
    which: str
    root: str | None
    device: str | None

    @property
    def key(self):
        """What tells this run from all others, in a few letters: settings, data and seed."""
        settings = {name: _plain(value) for name, value in asdict(self.recipe).items()}
        del settings["about"]
        text = json.dumps([settings, self.which, self.seed])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def grid(recipe, **settings):
    """Return a recipe's copies with all combinations of some settings, the last varying fastest.

    Raises TypeError or ValueError for values that are no list, and what `Recipe.but` raises.

    >>> [r.threshold for r in grid(Recipe(), threshold=[0.5, 1.0], epochs=[1, 2])]
    [0.5, 0.5, 1.0, 1.0]
    """
    _check_recipes([recipe])
    for name, values in settings.items():
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise TypeError(f"{name}={values!r}: expected a list of values, such as [{values!r}]")
    combinations = itertools.product(*settings.values())
    return [recipe.but(**dict(zip(settings, values))) for values in combinations]


def sweep(
    recipes, seeds, *, results, executor=None, workers=None, which="sample", root=None, device=None
):
    """Check everything, then return a `Sweep` that trains each recipe with each seed.

    results: the CSV file of the table; finished runs in it are not done again, wherever they were
    done. It belongs to one sweep at a time. executor: any of
    `concurrent.futures`' kind that computes in processes, here or on other machines; by default
    `workers` processes, one for each core. which, root: see `load_mnist`, called where a run is
    done. device: see `choose_device`. Raises TypeError or ValueError, also for a file that holds
    something else or cannot be written.

    >>> sweep(grid(Recipe(), threshold=[1.0, 2.0]), seeds=range(3), results="table.csv")
    <Sweep: 0 of 6 runs done, table.csv: call finish(), or loop over me>
    """
    recipes, seeds = _check_recipes(recipes), _check_seeds(seeds)
    if workers is not None:
        check_counts(workers=(workers, 1))
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"executor is {executor!r}, expected one with submit(), such as "
            "concurrent.futures.ProcessPoolExecutor(), or distributed.Client(...).get_executor()"
        )
    root = None if root is None else str(root)
    tasks = [Task(r, seed, which, root, device) for r in recipes for seed in seeds]
    return Sweep(tasks, Path(results), executor, workers or usable_cores())


class Sweep:
    """Many runs: iterate it, and each row of the table comes when its run is done.

    Rows of finished runs that the file held come first. A row is a dict: `recipe`, the settings
    that differ, `seed`, what `Report` calls `epochs`, the errors and `seconds`, then `trouble` (it
    diverged, or is dead), `error` (why the run failed; it is tried again by the next sweep with
    this file) and `run`. Whatever ends the sweep, the file holds all rows that came.
    """

    def __init__(self, tasks, path, executor, workers):
        self.tasks = {task.key: task for task in tasks}
        if len(self.tasks) < len(tasks):
            raise ValueError("the same run is there twice: give different recipes and seeds")
        self.path, self._executor, self._workers = path, executor, workers
        self.settings = _differing([task.recipe for task in tasks])
        self.columns = ("recipe", *self.settings, "data", "seed", *NUMBERS, *LAST)
        self._rows = {}
        for found in _read(path):
            task = self.tasks.get(found["run"])
            if task is None:
                raise ValueError(
                    f"{path} holds another sweep: its run {found['run']} (recipe "
                    f"{found['recipe']!r}, seed {found['seed']}) is none of these; "
                    "give this sweep a file of its own, or all settings and seeds of that one too"
                )
            if not found["error"]:
                self._rows[task.key] = self._row(task, found)
        self._write()

    @property
    def rows(self):
        """The rows that there are, in the order of recipes and seeds."""
        return [self._rows[key] for key in self.tasks if key in self._rows]

    def __len__(self):
        return len(self.tasks)

    def __repr__(self):
        done = sum(not row["error"] for row in self.rows)
        how = ": call finish(), or loop over me" * (done < len(self))
        return f"<Sweep: {done} of {len(self)} runs done, {self.path}{how}>"

    def __iter__(self):
        """Yield the rows that there are, then each when its run is done."""
        known = [row for row in self.rows if not row["error"]]
        yield from known
        finished = {row["run"] for row in known}
        left = [task for key, task in self.tasks.items() if key not in finished]
        threads = torch.get_num_threads()  # an executor may compute in this very process
        done = _in_processes(left, self._workers)
        if self._executor is not None:
            done = _on_executor(left, self._executor)
        try:
            for task, found in done:
                self._rows[task.key] = self._row(task, found)
                self._write()
                yield self._rows[task.key]
        finally:
            done.close()
            torch.set_num_threads(threads)

    def bar(self):
        """Iterate under a progress bar: yields the same rows."""
        known, failed = sum(not row["error"] for row in self.rows), 0
        with tqdm(total=len(self), initial=known, unit="run", dynamic_ncols=True) as bar:
            for number, row in enumerate(self):
                if row["error"]:
                    failed += 1
                    bar.set_postfix(failed=failed, refresh=False)
                bar.update(number >= known)
                yield row

    def finish(self, *, bar=False):
        """Do all runs and return the table's rows. bar: show a progress bar meanwhile."""
        for _ in self.bar() if bar else self:
            pass
        return self.rows

    def _row(self, task, found):
        """A row of this table: the task's settings, and what was found."""
        settings = {name: getattr(task.recipe, name) for name in self.settings}
        its = {"recipe": task.recipe.name, **settings, "data": task.which, "seed": task.seed}
        numbers = {name: found.get(name) for name in NUMBERS}
        words = {name: found.get(name) or "" for name in LAST[:2]}
        return its | numbers | words | {"run": task.key}

    def _write(self):
        """Replace the file in one moment: a reader never sees a part of the table.

        csv is enough: numbers come back to the bit, and pandas and spreadsheets read it.
        """
        beside = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}")
        try:
            with open(beside, "x", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, self.columns)
                table.writeheader()
                table.writerows(self.rows)
            os.replace(beside, self.path)
        except OSError as error:
            why = error.strerror or error
            raise ValueError(f"results={str(self.path)!r}: cannot write there ({why})") from error
        finally:
            beside.unlink(missing_ok=True)


# ---- one run, wherever it is done


def run_one(task):
    """Do one run on one thread and return what its row tells of it; a failure is told, too."""
    torch.set_num_threads(1)
    try:
        report, _, _ = run_recipe(
            task.recipe, task.which, root=task.root, device=task.device, seed=task.seed
        )
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    if not report.finished:
        return {"error": "interrupted"}
    return {name: getattr(report, name) for name in (*NUMBERS, "trouble")}


# ---- who does the runs: each yields (task, what its row tells) as they are done


def _in_processes(tasks, workers):
    """By processes of this machine. What was running when one died is done again, one at a time.

    A run whose process dies then as well has failed, and the others go on.
    """
    waiting, suspects = tasks[::-1], []
    while waiting or suspects:
        if suspects:
            for task in (yield from _in_one_pool(suspects, 1)):
                yield task, {"error": DIED}
        else:
            suspects += yield from _in_one_pool(waiting, workers)


def _in_one_pool(queue, workers):
    """Work off a queue, and return the tasks that were running if a process died, else []."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with Pool(min(workers, len(queue)), context, _begin) as pool:
        running = {}
        try:
            while queue or running:
                while queue and len(running) < workers:
                    task = queue.pop()
                    try:
                        running[pool.submit(run_one, task)] = task
                    except BrokenExecutor:
                        return [*running.values(), task]
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    if isinstance(future.exception(), BrokenExecutor):
                        continue
                    yield running.pop(future), future.result()
                if any(future.done() for future in running):
                    return list(running.values())
            return []
        finally:
            if running:  # stopped in the middle: nobody waits for the rest
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()


def _begin():
    """Set up a worker process: it ends with its parent, and what went wrong is in the table."""
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
    warnings.simplefilter("ignore")


def _on_executor(tasks, executor):
    """By an executor from outside, which knows by itself what to do when a worker is lost."""
    running = {executor.submit(run_one, task): task for task in tasks}
    try:
        for future in as_completed(running):
            try:
                found = future.result()
            except (BrokenExecutor, CancelledError) as error:
                raise RuntimeError(
                    f"the executor gave up ({type(error).__name__}: {error}): all rows that came "
                    "are in the file, and the same sweep goes on from there"
                ) from error
            except Exception as error:  # such as dask's KilledWorker
                found = {"error": f"{type(error).__name__}: {error}"}
            yield running[future], found
    finally:
        for future in running:
            future.cancel()


# ---- checks, and the file


def _check_recipes(recipes):
    """Return them as a list; raise TypeError or ValueError unless there are some."""
    recipes = list(recipes) if hasattr(recipes, "__iter__") else [recipes]
    for recipe in recipes:
        if not isinstance(recipe, Recipe):
            raise TypeError(
                f"recipes hold {recipe!r}, expected Recipes, such as "
                "grid(RECIPES['quick'], threshold=[0.5, 1.0])"
            )
    if not recipes:
        raise ValueError("no recipe was given, such as [RECIPES['quick']]")
    return recipes


def _check_seeds(seeds):
    """Return them as a list; raise ValueError unless there are some."""
    if whole(seeds) or not hasattr(seeds, "__iter__"):
        raise TypeError(f"seeds={seeds!r}: expected several, such as range(3)")
    seeds = [check_seed(seed) for seed in seeds]
    if not seeds:
        raise ValueError("no seed was given, such as range(3)")
    return seeds


def _plain(value):
    """A setting as it counts: 1 and 1.0 are the same."""
    number = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if number else value


def _differing(recipes):
    """The names of the settings that are not the same in all recipes."""
    names = [name for name in asdict(recipes[0]) if name not in Recipe.WORDS]
    return [name for name in names if len({getattr(r, name) for r in recipes}) > 1]


def _read(path):
    """Yield the rows of a sweep's file, its numbers as numbers; none if there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"results={str(path)!r} cannot be read ({error})") from error
    table = csv.DictReader(text.splitlines(keepends=True))
    try:
        for column in ("recipe", "seed", *NUMBERS, *LAST):
            if column not in (table.fieldnames or ()):
                raise KeyError(column)
        for row in table:
            numbers = {name: float(row[name]) if row[name] else None for name in NUMBERS}
            numbers["epochs"] = int(row["epochs"]) if row["epochs"] else None
            yield row | numbers
    except (KeyError, ValueError) as error:
        why = f"results={str(path)!r} is no table of a sweep ({error}): give another name"
        raise ValueError(why) from error
