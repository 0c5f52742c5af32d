"""What the lessons claim of measurements: `scripts/check_claims.py` measures each file's `CLAIMS`."""

from collections.abc import Callable
from typing import NamedTuple


class Claim(NamedTuple):
    """A sentence of a lesson: `measure(seed)` must lie between `low` and `high`, both included."""

    where: str
    claim: str
    measure: Callable[[int], float]
    low: float
    high: float
