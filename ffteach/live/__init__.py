"""Live panels: networks that train while you turn their knobs, in JupyterLab. The only part that needs ipywidgets."""

import torch._dynamo  # noqa: F401  torch.optim imports it at its first use: one to two seconds that no click should wait for

from .digit_pad import DigitPad
from .goodness_lab import GoodnessLab
from .mask_lab import MaskLab
from .presets import PRESETS, SLOW_MOTION
from .probe_lab import ProbeLab
from .training_lab import TrainingLab
