"""Three later claims, tried by the plain code: who learns sparse groups of units, who rides for
free, and whether the mean of squares is a poor goodness.

    python scripts/later_claims.py             # the bundled digits, five seeds
    python scripts/later_claims.py --full      # all of MNIST

Three layers of 500 (`ffteach/plain.py`), wrong labels as negatives, Adam at 0.001, batches of 250;
nothing was chosen. Each line: the error by the goodness of all layers, then for each layer, on test
digits that are read right, with their right labels:

sparseness   0 when all units are equally active, 1 when one unit is (Hoyer's, as in the authors'
             code for arXiv 2305.18353)
selectivity  how much of a unit's activity goes to its favourite digit: from 0.1 to 1
separation   of its goodness for right and wrong labels, in standard deviations

The right label is painted in, so a unit may have chosen its pixel; the softmax network sees no
label, which leaves no separation to measure. `--epochs 0` shows the untrained networks.

With `--full` the digits come from a folder, `FFTEACH_DATA`, or are downloaded.
"""

import argparse
from itertools import pairwise

import torch
from torch import nn

import ffteach
from ffteach.plain import Layer, goodness, loss, overlay, wrong_labels

WIDTHS = (784, 500, 500, 500)
BATCH = 250
TOP = 0.1  # the share of a layer's units whose squares count with "top-k"
START = 6.6  # untrained, the mean of these squares is about so many times the mean of all


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all of MNIST, not the bundled digits")
    parser.add_argument("--held-out", type=int, default=0, help="so many, instead of the test set")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=LEARNERS, default=list(LEARNERS))
    return parser.parse_args()


def top_k(h):
    """The mean of the largest squares: (N, H) -> (N,)."""
    return h.square().topk(int(TOP * h.shape[1]), dim=1).values.mean(dim=1)


def on_all_below(goodnesses):
    """Add to each layer's goodness that of the layers below, of which it learns nothing."""
    return [g + sum(goodnesses[:i]).detach() if i else g for i, g in enumerate(goodnesses)]


class ForwardForward:
    """Each layer's goodness for right and for wrong labels, and what is learnt from them."""

    painted = True

    def __init__(self, through=False, added=False, goodness=goodness, scale=1.0):
        self.through, self.added, self.goodness = through, added, goodness
        self.threshold, self.temperature = 2.0 * scale, 0.05 * scale
        self.layers = [Layer(*pair) for pair in pairwise(WIDTHS)]

    def activities(self, images, labels):
        """Return each layer's: (N, 784) -> [(N, 500), ...]."""
        x, found = overlay(images, labels), []
        for layer in self.layers:
            found.append(layer(x))
            x = found[-1] if self.through else found[-1].detach()
        return found

    def losses(self, images, labels):
        right = [self.goodness(h) for h in self.activities(images, labels)]
        wrong = [self.goodness(h) for h in self.activities(images, wrong_labels(labels))]
        thresholds = [self.threshold] * len(right)
        if self.through:  # one loss, of all layers' goodness
            right, wrong, thresholds = [sum(right)], [sum(wrong)], [sum(thresholds)]
        if self.added:  # each layer's goodness stands on that of the layers below
            right, wrong = on_all_below(right), on_all_below(wrong)
            thresholds = [self.threshold * (i + 1) for i in range(len(right))]
        each = zip(right, wrong, thresholds, strict=True)
        return [loss(*these, temperature=self.temperature) for these in each]

    def scores(self, images):
        """Return the goodness of each label over all layers: (N, 784) -> (N, 10)."""
        every = torch.arange(10, device=images.device).unsqueeze(1).expand(-1, len(images))
        tables = [[self.goodness(h) for h in self.activities(images, label)] for label in every]
        return torch.stack([sum(table) for table in tables], dim=1)


class CrossEntropy:
    """The usual network: a softmax over ten outputs, backpropagation, no painted labels."""

    painted = False

    def __init__(self):
        self.layers = [Layer(*pair) for pair in pairwise((*WIDTHS, 10))]

    def activities(self, images, labels):
        x, found = images, []
        for layer in self.layers[:-1]:
            x = torch.relu(x @ layer.weight.T + layer.bias)
            found.append(x)
        return found

    def scores(self, images):
        last = self.layers[-1]
        return self.activities(images, None)[-1] @ last.weight.T + last.bias

    def losses(self, images, labels):
        return [nn.functional.cross_entropy(self.scores(images), labels)]


LEARNERS = {
    "Forward-Forward": ForwardForward,
    "... on all goodness so far": lambda: ForwardForward(added=True),
    "... top-k goodness": lambda: ForwardForward(goodness=top_k),
    "... top-k, threshold as far away": lambda: ForwardForward(goodness=top_k, scale=START),
    "... all squares, threshold as near": lambda: ForwardForward(scale=1 / START),
    "backpropagation of goodness": lambda: ForwardForward(through=True),
    "backpropagation of goodness, as near": lambda: ForwardForward(through=True, scale=1 / START),
    "backpropagation, softmax": CrossEntropy,
}


def train(net, split, epochs):
    """Train all layers, one batch after the other."""
    for _ in range(epochs):
        for batch in torch.randperm(len(split.images)).split(BATCH):
            for layer in net.layers:
                layer.optimiser.zero_grad()
            sum(net.losses(split.images[batch], split.labels[batch])).backward()
            for layer in net.layers:
                layer.optimiser.step()


def sparseness(h):
    """Return Hoyer's, of each row that is not all zero, on average: (N, H) -> ()."""
    root = h.shape[1] ** 0.5
    share = h.sum(dim=1) / h.norm(dim=1)  # from 1, one unit, to the root, all alike
    return ((root - share) / (root - 1)).nanmean()


def selectivity(h, labels):
    """Return the share of the favourite digit in a unit's mean activities, on average over the
    units that are active at all: (N, H) -> ()."""
    by_digit = torch.stack([h[labels == digit].mean(dim=0) for digit in labels.unique()])
    return (by_digit.amax(dim=0) / by_digit.sum(dim=0)).nanmean()


def separation(right, wrong):
    """Return the distance of two goodnesses' means in standard deviations: (N,) -> ()."""
    return (right.mean() - wrong.mean()) / ((right.var() + wrong.var()) / 2).sqrt()


@torch.no_grad()
def judged(net, split):
    """Return the error in % and a list of the measures for each layer."""
    right = net.scores(split.images).argmax(dim=1) == split.labels
    images, labels = split.images[right], split.labels[right]
    seen = net.activities(images, labels)
    against = net.activities(images, wrong_labels(labels))
    layers = [
        [sparseness(h), selectivity(h, labels)]
        + ([separation(net.goodness(h), net.goodness(other))] if net.painted else [])
        for h, other in zip(seen, against, strict=True)
    ]
    return 100 * (1 - right.double().mean().item()), layers


def main(choice):
    which = "full" if choice.full else "sample"
    data = ffteach.load_mnist(which, validation=choice.held_out)
    judge, name = (data.validation, "held-out") if choice.held_out else (data.test, "test")
    for learner in choice.only:
        for seed in range(choice.seeds):
            torch.manual_seed(seed)
            net = LEARNERS[learner]()
            train(net, data.train, choice.epochs)
            error, layers = judged(net, judge)
            line = [f"{learner}, seed {seed}: {name} error {error:.2f} %"]
            for i, measures in enumerate(layers, start=1):
                line += [f"layer {i}: " + " ".join(f"{value:.2f}" for value in measures)]
            print(" | ".join(line), flush=True)


if __name__ == "__main__":
    main(parsed())
