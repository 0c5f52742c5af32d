"""The stored results: what the recipes reached, measured once and kept in results.json.

README, docs/results.md and lesson 05 show them. `scripts/add_result.py` puts the reports of
`python -m ffteach run ... --json FILE` into the file; nothing else writes numbers there.
"""

import html
import json
import re
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

    recipe: a name in `RECIPES`. data: "sample" or "full". about: what it is, in a few words.
    changes: settings that differ from the recipe's. settings: what differed from `Recipe()` when
    it was measured, so that a later change of the recipe is noticed. runs: a dict for each seed
    with numbers of its `Report`, a `machine` (a code), and `prototype` if a forerunner of the
    package made it, with other random numbers. reference: what others report, as
    `{"who": ..., "test_error": ...}`, or None. All errors are shares, 0..1.
    """

    recipe: str
    data: str
    about: str = ""
    changes: dict | None = None
    settings: dict | None = None
    runs: tuple = ()
    reference: dict | None = None

    @property
    def compared(self):
        """Were training images held out, to compare on them? Such a row has no test error."""
        return "validation_share" in (self.changes or {})

    @property
    def command(self):
        """What repeats the row's first run; `--seed` gives the others."""
        words = ["python -m ffteach run", self.recipe, "--data", self.data]
        for name, value in (self.changes or {}).items():
            text = value if isinstance(value, str) else str(value).replace(" ", "")
            words.append(f"--set {shlex.quote(f'{name}={text}')}")
        return " ".join([*words, "--seed", str(self.runs[0]["seed"] if self.runs else 0)])

    def error(self, which="test_error"):
        """The error in words: mean and range over the seeds, or one seed's binomial error."""
        errors = [run[which] for run in self.runs if run.get(which) is not None]
        if not errors:
            return "-" if self.runs else NOT_RUN
        mean = sum(errors) / len(errors)
        if len(errors) > 1:
            low, high = 100 * min(errors), 100 * max(errors)
            return f"{100 * mean:.2f} % ({low:.2f} to {high:.2f}, {len(errors)} seeds)"
        images = self.runs[0][which.removesuffix("_error").removeprefix("softmax_") + "_images"]
        spread = (mean * (1 - mean) / images) ** 0.5
        return f"{100 * mean:.2f} ± {100 * spread:.2f} % (one seed)"

    @property
    def test(self):
        """The test error in words, with the softmax head's and the baselines', where there are."""
        if self.compared:
            return ""
        parts = [self.error()]
        first = self.runs[0] if self.runs else {}
        if first.get("softmax_test_error") is not None:
            parts.append("softmax head " + self.error("softmax_test_error").partition(" (")[0])
        if first.get("baselines"):
            raw, untrained = (
                100 * first["baselines"][name] for name in ("raw_pixels", "untrained")
            )
            parts.append(f"raw pixels {raw:.2f} %, untrained {untrained:.2f} %")
        return "; ".join(parts)

    @property
    def validation(self):
        """The validation error in words, where there is one or is to be one."""
        return self.error("validation_error") if self.runs or self.compared else ""

    @property
    def training(self):
        """Epochs, and the median time of the runs on each machine, in words."""
        if not self.runs:
            return NOT_RUN
        times = []
        for machine in dict.fromkeys(run["machine"] for run in self.runs):
            there = [run["seconds"] for run in self.runs if run["machine"] == machine]
            seeds = f" ({len(there)} seeds)" if 1 < len(there) < len(self.runs) else ""
            times.append(f"{minutes(median(there))} on {machine}{seeds}")
        prototype = ", by a prototype" if any(run.get("prototype") for run in self.runs) else ""
        return f"{self.runs[0]['epochs']} epochs: {', '.join(times)}{prototype}"

    @property
    def time(self):
        """The median time on two cores, in words; of one core where that is all there is."""
        both = [run["seconds"] for run in self.runs if run.get("threads") == 2]
        if both or not self.runs:
            return minutes(median(both)) if both else NOT_RUN
        return f"{minutes(median(run['seconds'] for run in self.runs))}, one core"

    @property
    def change(self):
        """The changed settings in words."""
        return ", ".join(f"{name} = {value}" for name, value in (self.changes or {}).items())

    @property
    def others(self):
        """What others report, in words."""
        if not self.reference:
            return ""
        return f"{100 * self.reference['test_error']:.2f} % ({self.reference['who']})"


def minutes(seconds):
    """Return a time in words: "17 s" below 100 seconds, else "2 min"."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


COLUMNS = {
    "recipe": lambda row: row.recipe,
    "what it is": lambda row: row.about or row.change,
    "data": lambda row: row.data,
    "training": lambda row: row.training,
    "validation error": lambda row: row.validation,
    "test error": lambda row: row.test,
    "others report": lambda row: row.others,
}


class Results(tuple):
    """Rows of stored results; `machines` says what each machine's code means.

    Displays itself as a table; `markdown()` is the same table in Markdown.
    """

    def __new__(cls, rows, machines=()):
        self = super().__new__(cls, rows)
        self.machines = dict(machines)
        return self

    def only(self, *names, compared):
        """Return the rows that were compared on held-out images, or those that were tested.

        names: of these recipes only; none = of all.

        >>> load_results().only("quick", compared=False)
        <Results: 1 row, 1 measured>
        """
        rows = (row for row in self if row.compared == compared)
        return Results((row for row in rows if not names or row.recipe in names), self.machines)

    @property
    def used(self):
        """The machines of these rows: code -> what it is."""
        codes = {run["machine"] for row in self for run in row.runs}
        return {code: text for code, text in self.machines.items() if code in codes}

    def _table(self, columns):
        """The names of the columns that have something to say, and the texts of each row."""
        names = [
            n for n, text in columns.items() if any(text(row) not in ("", "-") for row in self)
        ]
        return names, [[columns[name](row) for name in names] for row in self]

    def markdown(self, columns=COLUMNS):
        """Return the table in Markdown; columns: title -> function of a row, the first its name."""
        names, rows = self._table(columns)
        recipes = [[f"`{first}`", *rest] for first, *rest in rows]
        lines = (names, ["---"] * len(names), *recipes)
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def __repr__(self):
        measured = sum(bool(row.runs) for row in self)
        return f"<Results: {len(self)} row{'s' * (len(self) != 1)}, {measured} measured>"

    def _repr_html_(self):
        names, rows = self._table(COLUMNS)
        left = 'style="text-align:left; vertical-align:top"'
        head = "".join(f'<th scope="col" {left}>{name}</th>' for name in names)
        body = "".join(
            f'<tr><th scope="row" {left}>{html.escape(first)}</th>'
            + "".join(f"<td {left}>{_with_units(text)}</td>" for text in rest)
            + "</tr>"
            for first, *rest in rows
        )
        used = "<br>".join(f"{code}: {html.escape(text)}" for code, text in self.used.items())
        commands = "<br>".join(f"<code>{html.escape(row.command)}</code>" for row in self)
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            + (f"<p>{used}</p>" if used else "")
            + f"<details><summary>Commands that repeat these rows</summary>{commands}</details>"
        )


def _with_units(text):
    """A text as HTML, with no line break between a number and its unit."""
    return re.sub(r"(?<=[0-9]) (?=%|s|min)", "&nbsp;", html.escape(text))


def load_results():
    """Return the stored `Results`, in the order of the file."""
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return Results((Result(**row) for row in content["rows"]), content["machines"])


def as_stored(settings):
    """Return a dict of settings as JSON gives it back: with lists for tuples."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}


def settings_of(recipe):
    """Return what `Result.settings` holds for `recipe`: its differences from `Recipe()`."""
    return as_stored(recipe.differences(Recipe()))
