"""The command line: `python -m ffteach list`, `run NAME`, `sweep NAME` and `doctor`."""

import argparse
import ast
import contextlib
import json
import signal
import sys
from dataclasses import fields
from pathlib import Path

from tqdm.auto import tqdm

from .checks import did_you_mean
from .recipe import Recipe
from .runs import RECIPES, grid, run_recipe, sweep
from .runs.checkpoint import Checkpoint
from .runs.recipes import no_recipe
from .selfcheck import self_check

DASK_SECONDS = 10  # a scheduler has to answer
LINES = 20  # printed at most while training, whatever the number of steps


def main(arguments=None):
    """Do what the command line says and return the exit code.

    0; 1 if the doctor finds something missing, a run's network diverged or is dead, or a run of a
    sweep failed; 2 for a mistake in the call; 130 after Ctrl-C, and after SIGTERM or SIGHUP, which
    are treated alike.
    """
    options = _parser().parse_args(arguments)
    if options.command == "list":
        for recipe in RECIPES.values():
            print(f"{recipe.name:18} {recipe.about}")
        return 0
    if options.command == "doctor":
        check = self_check(full=True)
        print(check)
        return 0 if check.fine else 1
    try:
        return _sweep(options) if options.command == "sweep" else _run(options)
    except (ValueError, TypeError, RuntimeError) as error:
        print(f"ffteach: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ffteach: interrupted before the training began", file=sys.stderr)
        return 130


def _run(options):
    """Train, print the report and return the exit code."""
    recipe = _recipe(options.name, options.set)
    _check_writable(options.json)
    keep = Checkpoint(recipe, options.data, options.seed, resume=options.resume)
    if keep.path.exists() and not options.resume:
        print(
            "ffteach: a run with these settings was interrupted: --resume goes on from there; "
            "this one begins again",
            file=sys.stderr,
        )
    with _signals_as_ctrl_c():
        report, _, _ = run_recipe(
            recipe,
            options.data,
            root=options.root,
            device=options.device,
            seed=options.seed,
            watch=_with_progress,
            keep=keep,
        )
    print(report)
    if not report.finished and keep.path.exists():
        print("ffteach: the same command with --resume goes on from here", file=sys.stderr)
    if options.json:
        try:
            Path(options.json).write_text(json.dumps(report.as_dict(), indent=2) + "\n")
        except OSError as error:
            raise RuntimeError(f"--json {options.json}: cannot write there ({error})") from error
    return (1 if report.trouble else 0) if report.finished else 130


def _sweep(options):
    """Do all runs of a grid, print a line for each of its points and return the exit code."""
    varied = dict(_values(text) for text in options.grid)
    recipes = grid(_recipe(options.name, options.set), **varied)
    results = options.results or f"{options.name}-sweep.csv"
    with _executor(options.dask) as executor:
        runs = sweep(
            recipes,
            range(options.seeds),
            results=results,
            executor=executor,
            workers=options.workers,
            which=options.data,
            root=options.root,
            device=options.device,
        )
        try:
            with _signals_as_ctrl_c():
                runs.finish(bar=True)
        except KeyboardInterrupt:
            print(f"ffteach: interrupted: the same command goes on ({runs})", file=sys.stderr)
            return 130
    for index in range(0, len(runs), options.seeds):
        print(_point(runs.rows[index : index + options.seeds], runs.settings))
    print(f"the table is in {results}")
    return 1 if any(row["error"] or row["trouble"] for row in runs.rows) else 0


def _point(rows, settings):
    """A line about one point of the grid: its errors over the seeds, and what went wrong."""
    where = " ".join(f"{name}={rows[0][name]}" for name in settings) or rows[0]["recipe"]
    bad = [row["error"] or row["trouble"] for row in rows if row["error"] or row["trouble"]]
    parts = []
    for name in ("validation_error", "test_error"):
        errors = [row[name] for row in rows if row[name] is not None]
        if errors:
            mean = sum(errors) / len(errors)
            spread = f" ({min(errors):.2%} to {max(errors):.2%})" if len(errors) > 1 else ""
            parts.append(f"{name.replace('_', ' ')} {mean:.2%}{spread}")
    if bad:
        parts.append(f"{len(bad)} of {len(rows)} runs are no result: {bad[0]}")
    return f"{where}: {', '.join(parts)}"


@contextlib.contextmanager
def _executor(dask):
    """The executor of the dask scheduler at this address; None, for processes here, without."""
    if dask is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError("--dask needs dask: pip install 'ffteach[cluster]'") from error
    try:
        client = Client(dask, timeout=DASK_SECONDS)
    except (OSError, ValueError) as error:
        raise ValueError(f"--dask {dask}: no scheduler answers there ({error})") from error
    with client:
        yield client.get_executor()


@contextlib.contextmanager
def _signals_as_ctrl_c():
    """Let what ends a process, SIGTERM or a closed terminal, end the training as Ctrl-C does."""
    deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # nobody would hear Ctrl-C
    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    former = {end: signal.getsignal(end) for end in ends}
    for end, handler in former.items():
        if not deaf and handler != signal.SIG_IGN:  # nohup ignores SIGHUP on purpose
            signal.signal(end, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for end, handler in former.items():
            signal.signal(end, handler)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m ffteach", description="Train Forward-Forward networks by named recipes."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the recipes")
    commands.add_parser("doctor", help="say whether everything is in place, for a bug report")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("name", help="a recipe of `list`")
    common.add_argument(
        "--data",
        choices=("sample", "full"),
        default="sample",
        help="the bundled sample, or all of MNIST",
    )
    common.add_argument("--root", help="folder with (or for) the full MNIST")
    common.add_argument(
        "--device",
        default="auto",
        help="cpu, cuda, cuda:1; default auto: CUDA where it can compute, else the CPU",
    )
    common.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="name=value",
        help="override one setting; may be repeated",
    )
    run = commands.add_parser(
        "run", parents=[common], help="train one recipe and report its errors"
    )
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--json", metavar="FILE", help="also write the report as JSON")
    run.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run of the same settings and seed that was interrupted",
    )
    several = commands.add_parser(
        "sweep", parents=[common], help="train a recipe over settings and seeds, into one table"
    )
    several.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="name=a,b,c",
        help="a setting and its values; repeated, all combinations",
    )
    several.add_argument("--seeds", type=int, default=1, help="how many seeds, from 0")
    several.add_argument(
        "--results",
        metavar="FILE",
        help="the table, as CSV; default NAME-sweep.csv. Finished runs in it are not done again",
    )
    where = several.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, metavar="N", help="processes; default one for each core"
    )
    where.add_argument(
        "--dask", metavar="ADDRESS", help="a dask scheduler, such as tcp://127.0.0.1:8786"
    )
    return parser


def _recipe(name, overrides):
    """The recipe called `name` with "setting=value" texts applied."""
    if name not in RECIPES:
        raise ValueError(no_recipe(name))
    settings = (_setting("--set", text) for text in overrides)
    return RECIPES[name].but(**{setting: _value(value) for setting, value in settings})


def _setting(option, text):
    """Return what stands before and after the "=" of a setting; raise ValueError for no setting."""
    setting, equals, value = text.partition("=")
    names = [field.name for field in fields(Recipe)]
    if not equals or setting not in names:
        raise ValueError(
            f"{option} {text}: expected name=value with one of {', '.join(names)}"
            + did_you_mean(setting, names) * (setting not in names)
        )
    return setting, value


def _value(text):
    """What a text stands for: 0.5, 10, None, (784, 100) ..., or a plain word such as greedy."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _values(text):
    """Return a setting and the values of "name=a,b,c"; tuples stand in brackets."""
    setting, values = _setting("--grid", text)
    try:
        return setting, ast.literal_eval(f"[{values}]")
    except (ValueError, SyntaxError):
        return setting, [_value(part) for part in values.split(",")]


def _check_writable(path):
    """Find out before the training, not after it, that the JSON cannot be written."""
    if path:
        existed = Path(path).exists()
        try:
            with open(path, "a"):
                pass
        except OSError as error:
            raise ValueError(f"--json {path}: cannot write there ({error})") from error
        if not existed:
            Path(path).unlink()


def _with_progress(run):
    """Yield a training's records under a progress bar, and print at most about `LINES` of them."""
    for record in run.bar():
        every = max(1, run.total_steps // LINES // run.steps_per_epoch * run.steps_per_epoch)
        if record.epoch_done and record.step % every == 0:
            tqdm.write(str(record))
        yield record
    print("trained: now counting errors", file=sys.stderr)  # for minutes, with copies or a probe


if __name__ == "__main__":
    sys.exit(main())
