"""The command line: `python -m ffteach list`, `run NAME` and `doctor`."""

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
from .runs import RECIPES, run_recipe
from .runs.checkpoint import Checkpoint
from .runs.recipes import no_recipe
from .selfcheck import self_check

LINES = 20  # printed at most while training, whatever the number of steps


def main(arguments=None):
    """Do what the command line says and return the exit code.

    0; 1 if the doctor finds something missing, or a run's network diverged or is dead; 2 for a
    mistake in the call; 130 after Ctrl-C, and after SIGTERM or SIGHUP, which are treated alike.
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
        return _run(options)
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
    run = commands.add_parser("run", help="train one recipe and report its errors")
    run.add_argument("name", help="a recipe of `list`")
    run.add_argument(
        "--data",
        choices=("sample", "full"),
        default="sample",
        help="the bundled sample, or all of MNIST",
    )
    run.add_argument("--root", help="folder with (or for) the full MNIST")
    run.add_argument(
        "--device",
        default="auto",
        help="cpu, cuda, cuda:1; default auto: CUDA where it can compute, else the CPU",
    )
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--json", metavar="FILE", help="also write the report as JSON")
    run.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run of the same settings and seed that was interrupted",
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="name=value",
        help="override one setting; may be repeated",
    )
    return parser


def _recipe(name, overrides):
    """The recipe called `name` with "setting=value" texts applied."""
    if name not in RECIPES:
        raise ValueError(no_recipe(name))
    changes = {}
    for override in overrides:
        setting, equals, text = override.partition("=")
        names = [field.name for field in fields(Recipe)]
        if not equals or setting not in names:
            raise ValueError(
                f"--set {override}: expected name=value with one of {', '.join(names)}"
                + did_you_mean(setting, names) * (setting not in names)
            )
        try:
            changes[setting] = ast.literal_eval(text)  # 0.5, 10, None, (784, 100) ...
        except (ValueError, SyntaxError):
            changes[setting] = text  # ... or a plain word such as greedy
    return RECIPES[name].but(**changes)


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


if __name__ == "__main__":
    sys.exit(main())
