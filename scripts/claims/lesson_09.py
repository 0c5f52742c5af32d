"""What lesson 09 claims of a measurement that does not depend on the machine's load. Run by
`scripts/check_claims.py`."""

from collections import deque
from functools import cache

import torch

from ffteach import Recipe, load_mnist
from ffteach.plain import Layer, goodness, overlay, wrong_labels
from ffteach.runs import grid, run_recipe

from . import Claim

THETAS = [0.01, 0.05, 0.2, 0.5, 1, 2, 4, 8, 16, 64]
RATES = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
SMALL = Recipe(widths=(784, 100), epochs=2, train_images=2000, validation_share=0.2)
AGES = (0, 1, 10, 100)


@cache
def landscape(seed):
    """Validation error in % by rate and threshold; 100 for a dead network."""
    errors = torch.zeros(len(RATES), len(THETAS))
    for recipe in grid(SMALL, threshold=THETAS, learning_rate=RATES):
        report, _, _ = run_recipe(recipe, seed=seed)
        place = RATES.index(recipe.learning_rate), THETAS.index(recipe.threshold)
        errors[place] = 100 if report.trouble else 100 * report.validation_error
    return errors


def lowest(seed):
    """Rate and threshold of the lowest error."""
    rate, theta = divmod(landscape(seed).argmin().item(), len(THETAS))
    return RATES[rate], THETAS[theta]


def best_rate(theta, seed):
    return RATES[landscape(seed)[:, THETAS.index(theta)].argmin()]


def apart(seed):
    """The median difference of two seeds' errors, of the settings that live with both, and the
    largest."""
    mine, other = landscape(seed), landscape((seed + 1) % 5)
    gaps = (mine - other)[(mine < 100) & (other < 100)].abs()
    return gaps.median().item(), gaps.max().item()


@cache
def digits():
    return load_mnist(validation=2000, device="cpu")


@torch.no_grad()
def error(below, layer):
    """Of the upper layer alone, in %."""
    images, labels = digits().validation.take(slice(1000))
    choices = [overlay(images, torch.full_like(labels, y)) for y in range(10)]
    scores = torch.stack([goodness(layer(below(x))) for x in choices], dim=1)
    return 100 * (scores.argmax(dim=1) != labels).double().mean().item()


@cache
def by_epoch(seed, epochs=4):
    """The error of layer 2 `(epochs, ages)` above a layer 1 of so many batches ago."""
    torch.manual_seed(seed)
    below, above = Layer(784, 100, 3e-3), []
    past = deque(maxlen=max(AGES) + 1)
    for _ in AGES:
        torch.manual_seed(seed + 100)
        above.append(Layer(100, 100, 3e-3))
    found = []
    for _ in range(epochs):
        for batch in torch.randperm(8000).split(100):
            images, labels = digits().train.take(batch)
            pair = overlay(images, labels), overlay(images, wrong_labels(labels))
            past.append([p.detach().clone() for p in below.parameters()])
            for age, layer in zip(AGES, above):
                weight, bias = past[max(len(past) - 1 - age, 0)]
                with torch.no_grad():
                    seen = [torch.relu(below.rescale(x) @ weight.T + bias) for x in pair]
                layer.learn(*seen)
            below.learn(*pair)
        found.append([error(below, layer) for layer in above])
    return torch.tensor(found)


def behind(seed, epoch, age):
    row = by_epoch(seed)[epoch - 1]
    return (row[AGES.index(age)] - row[0]).item()


CLAIMS = [
    Claim("09, section 1", "threshold of the lowest error", lambda s: lowest(s)[1], 0.5, 1),
    Claim("09, section 1", "... and its rate", lambda s: lowest(s)[0], 3e-3, 3e-3),
    Claim("09, section 1", "... and is low, %", lambda s: landscape(s).min(), 20, 32),
    Claim("09, section 1", "dead settings of 50", lambda s: (landscape(s) == 100).sum(), 7, 17),
    Claim("09, section 1", "best rate at 8", lambda s: best_rate(8, s), 1e-2, 1e-2),
    Claim("09, section 1", "two seeds, median difference", lambda s: apart(s)[0], 1, 9),
    Claim("09, section 1", "two seeds, largest difference", lambda s: apart(s)[1], 15, 60),
    Claim("09, section 3", "1 batch old, worse by", lambda s: behind(s, 4, 1), -2, 2),
    Claim("09, section 3", "10 batches old, worse by", lambda s: behind(s, 4, 10), 0.5, 5),
    Claim("09, section 3", "100, after two epochs", lambda s: behind(s, 2, 100), 28, 45),
    Claim("09, section 3", "100, after four epochs", lambda s: behind(s, 4, 100), -2, 13),
]
