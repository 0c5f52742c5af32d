"""What the lessons claim of measurements: each file's `CLAIMS` are measured with other seeds by `scripts/check_claims.py`."""

from collections.abc import Callable
from typing import NamedTuple


class Claim(NamedTuple):
    """One sentence of a lesson: `measure(seed)` must lie between `low` and `high`, both included."""

    where: str
    claim: str
    measure: Callable[[int], float]
    low: float
    high: float
