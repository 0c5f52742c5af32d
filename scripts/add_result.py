"""Put finished runs into the stored results, and the tables of these into README and docs.

    python -m ffteach run paper-supervised --data full --seed 0 --json report.json
    python scripts/add_result.py report.json ... --machine "2 cores of an AMD EPYC"
    python scripts/add_result.py                  (only writes the tables again)

A seed that is there already is replaced. A row whose recipe has other settings now loses its old
runs: they belong to another recipe. To compare settings on held-out images, run with
`--set validation_share=0.16666666666666666` (10 000 of 60 000); such a row keeps no test error.
"""

import argparse
import json
import textwrap
from pathlib import Path

from ffteach.recipe import Recipe
from ffteach.runs import RECIPES
from ffteach.runs.results import COLUMNS, FILE, as_stored, load_results, settings_of

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results: written by scripts/add_result.py -->", "<!-- end of results -->"
IN_README = ("quick", "paper-supervised", "paper-jitter", "paper-unsupervised", "official")
README_COLUMNS = {
    "recipe": COLUMNS["recipe"],
    "test error": COLUMNS["test error"],
    "others report": COLUMNS["others report"],
    "time, two server cores": lambda row: row.time,
    "command": lambda row: f"`{row.command.removesuffix(' --seed 0')}`",
}
DOCS_COLUMNS = {name: text for name, text in COLUMNS.items() if name != "training"}
KEPT = (
    "seed",
    "epochs",
    "seconds",
    "train_images",
    "test_images",
    "train_error",
    "validation_error",
    "test_error",
    "softmax_test_error",
    "baselines",
    "threads",
    "precision",
)


def add(report, machine, content):
    """Put one report (a dict) into `content`, that of the file, and return its row.

    machine: in words; the file lists each machine once and gives it a letter.
    """
    if not report["finished"]:
        name, seed = report["recipe"], report["seed"]
        raise SystemExit(f"the run of {name} with seed {seed} was interrupted: it is no result")
    if report.get("trouble"):
        raise SystemExit(f"this run of {report['recipe']} is no result: {report['trouble']}")
    measured = Recipe(**report["settings"])
    changes = as_stored(measured.differences(RECIPES[report["recipe"]]))
    run = {name: report[name] for name in KEPT if report.get(name) is not None}
    run["machine"] = code_of(machine, content["machines"])
    if report["validation_error"] is not None:
        images = 60_000 if report["data"] == "full" else 10_000
        run["validation_images"] = round(measured.validation_share * images / 10) * 10
    if "validation_share" in changes:
        for name in ("test_error", "softmax_test_error", "test_images", "baselines"):
            run.pop(name, None)
    row = row_of(report["recipe"], report["data"], changes, content["rows"])
    old = row.get("runs", []) if row.get("settings") == settings_of(measured) else []
    row["settings"] = settings_of(measured)
    row["runs"] = [other for other in old if other["seed"] != run["seed"]] + [run]
    row["runs"].sort(key=lambda other: other["seed"])
    return row


def code_of(machine, machines):
    """Return the letter of a machine, a new one if need be."""
    for code, text in machines.items():
        if text == machine:
            return code
    code = chr(ord("A") + len(machines))
    machines[code] = machine
    return code


def row_of(recipe, data, changes, rows):
    """Return the row of `rows` that holds this recipe with these changes, a new one if need be."""
    for row in rows:
        found = row["recipe"], row["data"], row.get("changes") or {}
        if found == (recipe, data, changes):
            return row
    rows.append({"recipe": recipe, "data": data, "about": "", "changes": changes})
    return rows[-1]


def readme_table(results):
    """Return the README's few rows, in Markdown."""
    unchanged = (row for row in results.only(*IN_README, compared=False) if not row.changes)
    return type(results)(unchanged, results.machines).markdown(README_COLUMNS)


def docs_tables(results):
    """Return all rows with the commands that repeat them and the machines, in Markdown."""
    machines = "\n".join(f"| {code} | {text} |" for code, text in results.machines.items())
    return (
        f"## Tested\n\n{_section(results.only(compared=False))}\n\n"
        f"## Compared on held-out training images\n\n{_section(results.only(compared=True))}\n\n"
        f"## Machines\n\n| machine | what it is |\n| --- | --- |\n{machines}"
    )


def _section(results):
    commands = "\n\n".join(_commented(row) for row in results)
    return (
        f"{results.markdown(DOCS_COLUMNS)}\n\nWhat repeats each row, and how long it took "
        f"(the letter is the machine):\n\n```sh\n{commands}\n```"
    )


def _commented(row):
    """A row's command in shell lines of at most 100 columns, under a comment on what it is."""
    about = f"{row.recipe}: {row.about or row.change}"
    comment = textwrap.wrap(about, 100, initial_indent="# ", subsequent_indent="#   ")
    whole = row.command.replace(" ", "\xa0").replace("\xa0--", " --")  # breaks before options only
    lines = textwrap.wrap(whole, 98, subsequent_indent="    ", break_on_hyphens=False)
    command = " \\\n".join(lines).replace("\xa0", " ")
    return "\n".join([*comment, f"# {row.training}", command])


def between_marks(path, text):
    """Return the content of a file with `text` between its two marks."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}"


def pages():
    """Return what README and docs/results.md are to hold, as path -> content."""
    results = load_results()
    readme, docs = ROOT / "README.md", ROOT / "docs/results.md"
    return {
        readme: between_marks(readme, readme_table(results)),
        docs: between_marks(docs, docs_tables(results)),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="*", type=Path)
    parser.add_argument("--machine", help='in a few words, such as "2 cores of an AMD EPYC"')
    options = parser.parse_args()
    if options.reports and not options.machine:
        parser.error("say on which --machine the reports were measured")
    content = json.loads(FILE.read_text(encoding="utf-8"))
    for path in options.reports:
        row = add(json.loads(path.read_text(encoding="utf-8")), options.machine, content)
        seeds = [run["seed"] for run in row["runs"]]
        print(f"{path}: {row['recipe']} {row.get('changes') or ''}, seeds {seeds}")
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
