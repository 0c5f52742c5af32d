"""Put finished runs into the stored results, and the table of these into the README.

    python -m ffteach run paper-supervised --data full --seed 0 --json report.json
    python scripts/add_result.py report.json ... --machine "2 cores of an AMD EPYC"
    python scripts/add_result.py                  (only writes the README's table anew)

The row is found by recipe, data and changed settings, or is made. A seed that is there already is replaced. A row whose recipe has
other settings now loses its old runs: they belong to another recipe. Settings are compared on held-out images, with
`--set validation_share=0.16666666666666666` (10 000 of 60 000), and such a row keeps no test error.
"""

import argparse
import json
from pathlib import Path

from ffteach.recipe import Recipe
from ffteach.runs.recipes import RECIPES
from ffteach.runs.results import FILE, differences, load_results, settings_of

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- results: written by scripts/add_result.py -->", "<!-- end of results -->"
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


def add(report, machine, rows):
    """Put one report (a dict) into `rows` (a list of dicts) and return its row."""
    if not report["finished"]:
        raise SystemExit(
            f"the run of {report['recipe']} with seed {report['seed']} was interrupted: it is no result"
        )
    measured = Recipe(**report["settings"])
    changes = differences(measured, RECIPES[report["recipe"]])
    run = {name: report[name] for name in KEPT if report.get(name) is not None} | {
        "machine": machine
    }
    if report["validation_error"] is not None:
        run["validation_images"] = (
            round(measured.validation_share * (60_000 if report["data"] == "full" else 10_000) / 10)
            * 10
        )
    if "validation_share" in changes:
        for name in ("test_error", "softmax_test_error", "test_images", "baselines"):
            run.pop(name, None)
    mine = [
        row
        for row in rows
        if (row["recipe"], row["data"], row.get("changes") or {})
        == (report["recipe"], report["data"], changes)
    ]
    row = (
        mine[0]
        if mine
        else {"recipe": report["recipe"], "data": report["data"], "about": "", "changes": changes}
    )
    if not mine:
        rows.append(row)
    old = row.get("runs", []) if row.get("settings") == settings_of(measured) else []
    row["settings"] = settings_of(measured)
    row["runs"] = sorted(
        [other for other in old if other["seed"] != run["seed"]] + [run],
        key=lambda other: other["seed"],
    )
    return row


def write_readme():
    """Write the table of the recipes as they are into the README, between its two marks."""
    before, rest = README.read_text().split(BEGIN)
    _, after = rest.split(END)
    README.write_text(
        f"{before}{BEGIN}\n{load_results().only(compared=False).markdown()}\n{END}{after}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="*", type=Path)
    parser.add_argument("--machine", help='in a few words, such as "2 cores of an AMD EPYC"')
    options = parser.parse_args()
    if options.reports and not options.machine:
        parser.error("say on which --machine the reports were measured")
    content = json.loads(FILE.read_text())
    for path in options.reports:
        row = add(json.loads(path.read_text()), options.machine, content["rows"])
        print(
            f"{path}: {row['recipe']} {row.get('changes') or ''}, seeds {[run['seed'] for run in row['runs']]}"
        )
    FILE.write_text(json.dumps(content, indent=1) + "\n")
    write_readme()
