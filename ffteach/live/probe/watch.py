"""What the probe lab looks at: goodness, receptive fields, and a probe against two baselines."""

import copy
import math
import time

import torch

from ...probe import features
from ..shared.looking import Looks, thin
from .slices import fit_in_slices

PAIRS = 50  # of the live ones a tick looks at, in turn
EVERY = 25  # steps between two points of the curve, at least
TILES = 72  # receptive fields in the picture
BASELINES = "untrained", "raw_pixels"  # in the order in which they are measured


class ProbeWatch(Looks):
    """Looks at the network of a `Training` that has not begun.

    It sees the validation images of `data`, and `labels` of the training images with their labels.
    Each probe is fitted in slices to a copy of the network, while the network itself learns on: a
    point of `curve` stands for the step at which the copy was made. The baselines come first.
    seed: of the choice of images, and of their hybrids. raw: the raw pixels' `FittedProbe`, if it
    is known already for the same data, labels and seed.
    """

    def __init__(self, training, data, *, seed, labels, raw=None):
        generator, net = torch.Generator().manual_seed(seed), training.net
        device = data.train.images.device
        shuffled = lambda split: torch.randperm(
            len(split.images), generator=generator, device="cpu"
        ).to(device)
        chosen, order = shuffled(data.train)[:labels], shuffled(data.validation)
        self.layers = training.recipe.probe_layers
        self.untrained = copy.deepcopy(net)
        self.train, self.test = data.train.take(chosen), data.test
        self.validation = data.validation.take(order)
        digits = self.validation.images
        hybrids = training.pairs.draw(digits, generator=generator)
        super().__init__(net, torch.stack([digits, hybrids]), len(order))
        self.probes = {"untrained": None, "raw_pixels": raw}  # the baselines, None until measured
        self.probe = None  # the last of the network
        self.curve = []  # (step, epochs, accuracy)
        self.units = list(range(min(TILES, net.widths[1])))  # of layer 1, those that are shown
        self._job = None  # (baseline or None, step, epochs, slices) of the probe being fitted
        self._left = 0.0  # seconds for `work`; below 0 after a slice that took longer

    # ---- goodness

    def look(self, *, everything):
        """Measure the goodness of all validation images and their hybrids, or a tick's share."""
        self.looks += 1
        self.shown = self.images_in_all if everything else self.live
        seen = slice(None) if everything else self.turn(PAIRS)
        self.note(seen, self.goodness_of(self.pairs[:, seen]))

    @property
    def in_order(self):
        """For each layer the share of images whose goodness is above their hybrid's, 0..1."""
        return (self.goodness[0] > self.goodness[1]).double().mean(dim=1).tolist()

    # ---- the probe

    @property
    def accuracy(self):
        """The last probe's, on all validation images, 0..1; None before there is one."""
        return self.curve[-1][2] if self.curve else None

    @property
    def baselines(self):
        """Accuracy of the same probe without training, 0..1, by name; None until it is known."""
        return {name: probe and probe.accuracy for name, probe in reversed(self.probes.items())}

    def work(self, step, epochs, seconds, every=EVERY):
        """Go on with the probes, on average for so long, now being at `step`.

        A new one begins if the network has taken `every` steps since the last. Time in which other
        programs had the cores does not count, or the curve would have too few points then.
        """
        self._left = min(self._left, 0) + seconds
        while self._left > 0 and (self._job or self._begin(step, epochs, every)):
            started = time.thread_time()
            self._slice()
            self._left -= time.thread_time() - started

    def finish(self, step, epochs, seconds=math.inf):
        """For so long measure what is missing: the curve's last point is to be of this step."""
        if self._job and self._job[0] is None and self._job[1] < step:
            self._job = None  # a probe of the past is no longer worth its while
        self.work(step, epochs, seconds, every=1)

    def is_complete(self, step):
        """Is nothing missing at this step?"""
        return not self._job and bool(self.curve) and self.curve[-1][0] == step

    def see(self, images):
        """Return what the probe reads off the network."""
        return features(self.net, images, layers=self.layers)

    def test_errors(self):
        """Return the error on the test images, 0..1, of the last probe and of both baselines."""
        untrained = lambda images: features(self.untrained, images, layers=self.layers)
        return {
            "forward_forward": self.probe.error(self.see, self.test),
            "raw_pixels": self.probes["raw_pixels"].error(lambda images: images, self.test),
            "untrained": self.probes["untrained"].error(untrained, self.test),
        }

    def _begin(self, step, epochs, every):
        """Begin the next probe if it is time to; return whether it was."""
        name = next((name for name in BASELINES if self.probes[name] is None), None)
        if name is None and self.curve and step < self.curve[-1][0] + every:
            return False
        net = self.untrained if name else copy.deepcopy(self.net)
        if name == "raw_pixels":
            see = lambda images: images
        else:
            see = lambda images: features(net, images, layers=self.layers)
        start = self.probe.solution if self.probe and not name else None
        at = (0, 0.0) if name else (step, epochs)
        self._job = name, *at, fit_in_slices(see, self.train, self.validation, start)
        return True

    def _slice(self):
        """Do one slice of the probe that is being fitted; if it was the last, note the result."""
        name, step, epochs, slices = self._job
        try:
            probe = next(slices, "not finite")
        except BaseException:  # Ctrl-C, which ends the slices: this probe begins again
            self._job = None
            raise
        if probe is None:
            return
        self._job = None
        if name:
            self.probes[name] = probe
        if name == "raw_pixels":
            return
        finite = probe != "not finite"
        # the untrained network is where the curve begins
        self.curve.append((step, epochs, probe.accuracy if finite else math.nan))
        if finite:
            self.probe = probe
            self._choose_units()
        thin(self.curve)

    # ---- receptive fields

    @property
    def change(self):
        """What training has changed in the weights of layer 1's `units`: `(units, pixels)`."""
        return self._changes(self.units)

    def _changes(self, units):
        now, then = (net.layers[0].weight.detach()[units] for net in (self.net, self.untrained))
        return now - then

    def _choose_units(self):
        """Show the units that have changed most; those that are shown already keep their place."""
        strongest = self._changes(slice(None)).norm(dim=1).topk(len(self.units)).indices.tolist()
        new = [unit for unit in strongest if unit not in self.units]
        self.units = [unit if unit in strongest else new.pop(0) for unit in self.units]
