"""The stored results: what the recipes reached, measured once, kept in results.json, shown by the README and by lesson 05.

`scripts/add_result.py` puts reports of `python -m ffteach run ... --json FILE` into that file. Nothing else writes numbers into it.
"""

import html
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ..recipe import Recipe

FILE = Path(__file__).parent / "results.json"
NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Result:
    """One row: a recipe, perhaps with some settings changed, and its runs.

    recipe: a name in `RECIPES`. data: "sample" or "full". changes: settings that differ from the recipe's. about: what it is, in a few
    words. settings: what differed from `Recipe()` when it was measured, so that a recipe that has changed since can be noticed.
    runs: one dict per seed, numbers of the run's `Report` and the `machine`; empty = not run yet. `prototype`: made with a forerunner of the
    package, whose random numbers were others. reference: what others report,
    `{"who": ..., "test_error": ...}`, or None. All errors are shares, 0..1.
    """

    recipe: str
    data: str
    about: str = ""
    changes: dict = None
    settings: dict = None
    runs: tuple = ()
    reference: dict | None = None

    @property
    def compared(self):
        """Was it run with training images held out, to be compared on these? Such a row has no test error."""
        return "validation_share" in (self.changes or {})

    @property
    def command(self):
        """What reproduces the row's first run; other seeds by `--seed`."""
        words = ["python -m ffteach run", self.recipe, "--data", self.data]
        for name, value in (self.changes or {}).items():
            text = (
                f"{name}={value}" if isinstance(value, str) else f"{name}={value}".replace(" ", "")
            )
            words.append(f"--set {shlex.quote(text)}")
        return " ".join([*words, "--seed", str(self.runs[0]["seed"] if self.runs else 0)])

    def error(self, which="test_error"):
        """The error in words: mean and range over the seeds, or of one seed with its binomial standard error; "not run yet" or "-" without it."""
        errors = [run[which] for run in self.runs if run.get(which) is not None]
        if not errors:
            return "-" if self.runs else NOT_RUN
        mean = sum(errors) / len(errors)
        if len(errors) > 1:
            return f"{100 * mean:.2f} % ({100 * min(errors):.2f} to {100 * max(errors):.2f}, {len(errors)} seeds)"
        images = self.runs[0][which.removesuffix("_error").removeprefix("softmax_") + "_images"]
        return f"{100 * mean:.2f} ± {100 * (mean * (1 - mean) / images) ** 0.5:.2f} % (one seed)"

    @property
    def test(self):
        """The test error in words, with the softmax head's and the baselines' where the recipe has them; none of a row that is compared."""
        if self.compared:
            return ""
        parts = [self.error()]
        if self.runs and self.runs[0].get("softmax_test_error") is not None:
            parts.append(f"softmax head {self.error('softmax_test_error')}")
        if self.runs and self.runs[0].get("baselines"):
            parts.append(
                "raw pixels {:.2f} %, untrained {:.2f} %".format(
                    *(100 * self.runs[0]["baselines"][name] for name in ("raw_pixels", "untrained"))
                )
            )
        return "; ".join(parts)

    @property
    def validation(self):
        """The validation error in words, where there is one or is to be one."""
        return self.error("validation_error") if self.runs or self.compared else ""

    @property
    def training(self):
        """Epochs, and for each machine, the first run's first, the median time of its runs, in words."""
        if not self.runs:
            return NOT_RUN
        times = []
        for machine in dict.fromkeys(run["machine"] for run in self.runs):
            there = [run["seconds"] for run in self.runs if run["machine"] == machine]
            seconds = median(there)
            time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
            seeds = (
                f" ({len(there)} of {len(self.runs)} seeds)" if len(there) < len(self.runs) else ""
            )
            times.append(f"{time}, {machine}{seeds}")
        prototype = ", by a prototype" if any(run.get("prototype") for run in self.runs) else ""
        return f"{self.runs[0]['epochs']} epochs, {'; '.join(times)}{prototype}"

    @property
    def change(self):
        """The changed settings in words, for a row that does not say what it is."""
        return (
            ""
            if self.about
            else ", ".join(f"{name} = {value}" for name, value in (self.changes or {}).items())
        )

    @property
    def others(self):
        """What others report, in words."""
        return (
            f"{100 * self.reference['test_error']:.2f} % ({self.reference['who']})"
            if self.reference
            else ""
        )


COLUMNS = {
    "recipe": lambda row: row.recipe,
    "what it is": lambda row: row.about,
    "change": lambda row: row.change,
    "data": lambda row: row.data,
    "training": lambda row: row.training,
    "validation error": lambda row: row.validation,
    "test error": lambda row: row.test,
    "reported by others": lambda row: row.others,
    "reproduce with": lambda row: f"`{row.command}`",
}


class Results(tuple):
    """Rows of stored results. Displays itself as a table; `markdown()` is the same table for the README."""

    def only(self, *names, compared):
        """Return the rows that are compared on held-out images, or those that are not; names: of these recipes only."""
        return Results(
            row for row in self if row.compared == compared and (not names or row.recipe in names)
        )

    def _table(self):
        """The names of the columns that have something to say, and the texts of each row."""
        names = [
            name
            for name, text in COLUMNS.items()
            if any(text(row) not in ("", "-") for row in self)
        ]
        return names, [[COLUMNS[name](row) for name in names] for row in self]

    def markdown(self):
        """Return the table in Markdown."""
        names, rows = self._table()
        recipes = [[f"`{first}`", *rest] for first, *rest in rows]
        return "\n".join(
            "| " + " | ".join(row) + " |" for row in (names, ["---"] * len(names), *recipes)
        )

    def __repr__(self):
        return (
            f"<Results: {len(self)} rows, {sum(bool(row.runs) for row in self)} of them measured>"
        )

    def _repr_html_(self):
        names, rows = self._table()
        left = 'style="text-align:left; vertical-align:top"'
        head = "".join(f'<th scope="col" {left}>{name}</th>' for name in names)
        lines = (
            f'<th scope="row" {left}>{first}</th>'
            + "".join(f"<td {left}>{_cell(text)}</td>" for text in rest)
            for first, *rest in rows
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>"
            + "".join(f"<tr>{line}</tr>" for line in lines)
            + "</tbody></table>"
        )


def _cell(text):
    """A text as HTML; a command, in backticks, breaks between its words only."""
    if not text.startswith("`"):
        return html.escape(text)
    words = (
        f'<span style="white-space:nowrap">{html.escape(word)}</span>'
        for word in text.strip("`").split(" ")
    )
    return f"<code>{' '.join(words)}</code>"


def load_results():
    """Return the stored `Results`, in the order of the file."""
    return Results(Result(**row) for row in json.loads(FILE.read_text())["rows"])


def differences(recipe, other):
    """Return the settings of `recipe` that are not those of `other`, as JSON would give them back; names and descriptions apart."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(recipe).items()
        if name not in ("name", "about") and value != getattr(other, name)
    }


def settings_of(recipe):
    """Return what `Result.settings` holds for `recipe`: its differences from `Recipe()`."""
    return differences(recipe, Recipe())
