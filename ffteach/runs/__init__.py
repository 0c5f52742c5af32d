"""Named recipes, what a run reports, and the stored results."""

from .recipes import RECIPES
from .report import Report, run_recipe
from .results import load_results

__all__ = ["RECIPES", "Report", "load_results", "run_recipe"]
