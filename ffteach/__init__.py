"""ffteach: learn Hinton's Forward-Forward algorithm by running it.

Students start with `notebooks/00_start_here.ipynb`. To read the code, go in this order:

plain       Forward-Forward on one page: all of the algorithm, slower
data        the digits, and what is held out
negatives   labels painted into images, right and wrong ones
masks       negatives without labels: hybrids of two digits
layers      goodness, each loss beside its slope, a layer beside its gradient
overlay     ten labels for one product: what makes the first layer fast
pairs       where a batch's positives and negatives come from
training    the loop (with schedule: which layers and images are next, and optimisers)
inference   which digit is it: the label with the most goodness
probe       what a linear classifier reads off the features
recipe      every setting of a training
saving      a network or a training in a file, to go on with
head, peer, shifts          the paper's extras: softmax head, peer normalisation, moved images
checks, device              every refusal in words; where it computes
runs        named recipes, reports, stored results
drawable, plots, styled     figures in one style
guesses, selfcheck, at_once other support for the lessons
exercises   checks that name the mistake, hints, solutions
live        the panels: the only part with widgets
beyond      the rest of the paper: a short file for each later lesson, and its panel
"""

import os

# Torch's threads else spin long while they wait, and on cores that others use too training takes
# ten times as long. Too late where torch was imported first: make lab sets both for all kernels,
# and the Makefile says why these values.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from .data import Digits, Split, load_mnist
from .device import choose_device, seeded
from .inference import error_rate, goodness_per_label, layer_error_rates, predict
from .layers import FFLayer, FFNet, ff_loss, goodness, pairwise_loss
from .masks import blur_masks, gaussian_masks, hybrids
from .negatives import hard_labels, overlay_label, wrong_labels
from .probe import LinearProbe, PublishedProbe, baselines, features
from .recipe import Recipe
from .runs import RECIPES
from .saving import load, save
from .selfcheck import self_check
from .training import Record, Training, train

__version__ = "0.1.0"

__all__ = [
    "RECIPES",
    "Digits",
    "FFLayer",
    "FFNet",
    "LinearProbe",
    "PublishedProbe",
    "Recipe",
    "Record",
    "Split",
    "Training",
    "baselines",
    "blur_masks",
    "choose_device",
    "error_rate",
    "features",
    "ff_loss",
    "gaussian_masks",
    "goodness",
    "goodness_per_label",
    "hard_labels",
    "hybrids",
    "layer_error_rates",
    "load",
    "load_mnist",
    "overlay_label",
    "pairwise_loss",
    "predict",
    "save",
    "seeded",
    "self_check",
    "train",
    "wrong_labels",
]
