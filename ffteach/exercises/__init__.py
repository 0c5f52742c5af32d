"""Exercises that answer back, as `lesson01.goodness.check(my_goodness)` does."""

from .engine import Exercise, Verdict

UNITS = ("lesson01", "lesson02", "lesson03", "lesson04", "lesson05", "lesson06", "lesson09")

__all__ = ["UNITS", "Exercise", "Verdict"]
