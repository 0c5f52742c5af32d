"""Measure what the lessons claim with other seeds: `python scripts/check_claims.py [02 ...]`.

Prints one line for each claim: whether it holds, where it stands, its value with each of the seeds
0 to 4, and between which bounds the lesson's sentence allows them. Names such as 02 or 02b choose
lessons. Exits with 1 if a claim failed. All of them take about half an hour on one core.
"""

import os
import sys

import torch
from claims import lesson_00_02, lesson_03_05, lesson_06, lesson_07, lesson_08, lesson_09

SEEDS = range(5)
LESSONS = lesson_00_02, lesson_03_05, lesson_06, lesson_07, lesson_08, lesson_09
CLAIMS = [claim for lesson in LESSONS for claim in lesson.CLAIMS]


def check(claim):
    """Measure one claim with every seed, print its line, and return whether it holds."""
    values = [float(claim.measure(seed)) for seed in SEEDS]
    holds = all(claim.low <= value <= claim.high for value in values)
    by_seed = " ".join(f"{value:6.4g}" for value in values)
    bounds = f"{claim.low:g} to {claim.high:g}"
    verdict = "holds" if holds else "FAILS"
    print(f"{verdict} | {by_seed} | {bounds:>12} | {claim.where}: {claim.claim}", flush=True)
    return holds


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    chosen = sys.argv[1:] or {claim.where.split(",")[0] for claim in CLAIMS}
    claims = [claim for claim in CLAIMS if claim.where.split(",")[0] in chosen]
    print("      | seed 0      1      2      3      4 |      allowed | claim")
    results = [check(claim) for claim in claims]
    print(f"{sum(results)} of {len(results)} claims hold for seeds 0 to 4")
    sys.exit(not all(results))
