"""Named recipes, what a run reports, the stored results, and sweeps over settings and seeds."""

from .recipes import RECIPES
from .report import Report, run_recipe
from .results import load_results
from .sweep import grid, sweep

__all__ = ["RECIPES", "Report", "grid", "load_results", "run_recipe", "sweep"]
