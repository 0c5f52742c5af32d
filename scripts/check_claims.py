"""Measure what the lessons claim with other seeds: `python scripts/check_claims.py [02 ...]`.

Prints one line for each claim, with its lowest and highest value over seeds 0 to 4, and says where
a value is outside the bounds that the lesson's sentence allows. Names such as 02 or 02b choose
lessons. Exits with 1 if a claim failed. All of them take about half an hour on one core.
"""

import os
import sys

import torch
from claims import lesson_00_02

try:
    from claims import lesson_03_05
except ImportError:
    lesson_03_05 = None

SEEDS = range(5)


def check(claim):
    """Measure one claim with every seed, print the result, and return whether it holds."""
    values = [float(claim.measure(seed)) for seed in SEEDS]
    holds = all(claim.low <= value <= claim.high for value in values)
    bounds = f"{min(values):.4g} to {max(values):.4g}, allowed {claim.low:g} to {claim.high:g}"
    print(f"{'  ' if holds else '! '}{claim.where}: {claim.claim}: {bounds}", flush=True)
    if not holds:
        print("    by seed:", ", ".join(f"{value:.4g}" for value in values), flush=True)
    return holds


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    lessons = [lesson_00_02, lesson_03_05] if lesson_03_05 else [lesson_00_02]
    claims = [claim for lesson in lessons for claim in lesson.CLAIMS]
    if sys.argv[1:]:
        claims = [claim for claim in claims if claim.where.split(",")[0] in sys.argv[1:]]
    failed = [claim for claim in claims if not check(claim)]
    print(f"{len(claims) - len(failed)} of {len(claims)} claims hold for seeds 0 to 4")
    sys.exit(bool(failed))
