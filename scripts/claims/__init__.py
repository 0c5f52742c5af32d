"""What the lessons claim of measurements, for `scripts/check_claims.py` to measure again."""

from collections.abc import Callable
from typing import NamedTuple


class Claim(NamedTuple):
    """One sentence of a lesson: `measure(seed)` must lie between `low` and `high`, inclusive."""

    where: str
    claim: str
    measure: Callable[[int], float]
    low: float
    high: float
