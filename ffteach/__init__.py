"""ffteach: learn Hinton's Forward-Forward algorithm by running it. Start with `notebooks/00_start_here.ipynb`."""

import os

# Torch's threads else spin long while they wait, and on cores that others use too training takes ten times as long.
# Too late where torch was imported first: make lab sets both for all kernels, and the Makefile says why these values.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from .data import Digits, Split, load_mnist
from .device import choose_device, seeded
from .inference import error_rates, goodness_per_label, predict
from .layers import FFLayer, FFNet, ff_loss, goodness, pairwise_loss
from .masks import blur_masks, gaussian_masks, hybrids
from .negatives import hard_labels, overlay_label, wrong_labels
from .probe import LinearProbe, PublishedProbe, baselines, features
from .recipe import Recipe
from .recipes import RECIPES
from .record import Record
from .selfcheck import self_check
from .training import Training, train

__version__ = "0.1.0"
