"""Live panels for notebooks: networks that train while you turn their controls.

They need ipywidgets. Each panel has a folder of its own (`training`, `goodness`, `masks`, `probe`,
`race`, `pad`) that imports from `shared` and from the package below, never from another panel's
folder. Read `shared` first; then in a panel's folder `lab.py`, the panel itself. `shared/css.py`
lists the CSS classes.
"""

import warnings

from .goodness.lab import GoodnessLab
from .masks.lab import MaskLab
from .pad.lab import DigitPad
from .probe.lab import ProbeLab
from .race.lab import RaceLab
from .training.lab import TrainingLab
from .training.presets import PRESETS, SLOW_MOTION

# the panels say so in their own words
warnings.filterwarnings("ignore", r".*(is dead:|diverged:)", RuntimeWarning, r"ffteach\.live\.")

__all__ = [
    "PRESETS",
    "SLOW_MOTION",
    "DigitPad",
    "GoodnessLab",
    "MaskLab",
    "ProbeLab",
    "RaceLab",
    "TrainingLab",
]
