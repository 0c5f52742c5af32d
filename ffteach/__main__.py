"""The command line: `python -m ffteach list` and `python -m ffteach run NAME`."""

import argparse
import ast
import json
import sys
from dataclasses import fields
from pathlib import Path

from tqdm.auto import tqdm

from .recipe import Recipe
from .runs import RECIPES, run_recipe

LINES = 20  # printed at most while training, whatever the number of steps


def main(arguments=None):
    """Parse the command line, do what it says, and return the exit code: 0, or 2 for a mistake in the call."""
    options = _parser().parse_args(arguments)
    if options.command == "list":
        for recipe in RECIPES.values():
            print(f"{recipe.name:18} {recipe.about}")
        return 0
    try:
        recipe = _recipe(options.name, options.set)
        _check_writable(options.json)
        report, _, _ = run_recipe(
            recipe,
            options.data,
            root=options.root,
            device=options.device,
            seed=options.seed,
            watch=_with_progress,
        )
    except (ValueError, TypeError, RuntimeError) as error:
        print(f"ffteach: {error}", file=sys.stderr)
        return 2
    print(report)
    if options.json:
        Path(options.json).write_text(json.dumps(report.as_dict(), indent=2) + "\n")
    return 0 if report.finished else 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m ffteach", description="Train Forward-Forward networks by named recipes."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the recipes")
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
        raise ValueError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    changes = {}
    for override in overrides:
        setting, equals, text = override.partition("=")
        if not equals or setting not in {field.name for field in fields(Recipe)}:
            raise ValueError(
                f"--set {override}: expected name=value with one of {', '.join(field.name for field in fields(Recipe))}"
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
    """Yield a training's records under a progress bar, and print at most about `LINES` lines."""
    with tqdm(total=run.total_steps, unit="step", dynamic_ncols=True) as bar:
        for record in run:
            if bar.total != run.total_steps:  # grown
                bar.total = run.total_steps
            bar.update()
            if (
                record.epoch_done
                and record.step
                % max(1, run.total_steps // LINES // run.steps_per_epoch * run.steps_per_epoch)
                == 0
            ):
                bar.write(str(record))
            yield record


if __name__ == "__main__":
    sys.exit(main())
