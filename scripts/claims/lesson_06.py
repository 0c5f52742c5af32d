"""What lesson 06 claims of a measurement. Run by `scripts/check_claims.py`."""

from functools import cache

import torch

import ffteach
from ffteach import LinearProbe, Recipe, Split, goodness, seeded, train
from ffteach.beyond.local import local_network

from . import Claim

RECIPE = Recipe(widths=(784, 300), negatives="hybrids", threshold=0.5, epochs=4)
PEERS = RECIPE.but(peer_normalisation=0.03)
ORDER = torch.randperm(784, generator=seeded(9))


@cache
def digits(shuffled=False):
    data = ffteach.load_mnist(validation=2000, device="cpu")
    if not shuffled:
        return data
    parts = {n: Split(p.images[:, ORDER], p.labels) for n, p in data._asdict().items()}
    return data._replace(**parts)


def shuffled_hybrids(images, generator):
    return ffteach.hybrids(images[:, ORDER.argsort()], generator=generator)[:, ORDER]


@cache
def fitted(recipe, seed, field=7, shuffled=False):
    """A trained layer; field None: it sees everything."""
    if field:
        net = local_network([(field, 3, 16)], generator=seeded(seed))
    else:
        net = recipe.network(seed=seed, device="cpu")
    draw = shuffled_hybrids if shuffled else None
    return train(net, digits(shuffled), recipe, seed=seed, draw=draw).finish()


def error(net, shuffled=False):
    seen, unseen = (ffteach.features(net, part.images) for part in digits(shuffled)[:2])
    reader = LinearProbe(1e-2).fit(seen, digits().train.labels)
    return 100 * reader.error(unseen, digits().validation.labels)


def untrained(seed):
    return error(local_network([(7, 3, 16)], generator=seeded(seed)))


def full(units, seed):
    return error(fitted(RECIPE.but(widths=(784, units)), seed, None))


@torch.no_grad()
def above(net, blurs=8):
    images = digits().validation.images
    masks = ffteach.blur_masks(2000, blurs=blurs, generator=seeded(3))
    negatives = ffteach.hybrids(images, masks, generator=seeded(5))
    g_pos, g_neg = (goodness(net(x)[0]) for x in (images, negatives))
    return 100 * (g_pos > g_neg).float().mean().item()


@torch.no_grad()
def who_works(recipe, seed):
    """Silent units, and the share of the loudest tenth in the goodness, in %."""
    h = fitted(recipe, seed)(digits().validation.images)[0]
    parts = h.square().mean(dim=0).sort(descending=True).values
    quiet = ((h > 0).float().mean(dim=0) < 0.01).float().mean()
    return 100 * quiet.item(), 100 * (parts[:102].sum() / parts.sum()).item()


def lost(seed, field):
    """How much fewer pairs are in order with 32 blurs than with 2, in points."""
    recipes = [RECIPE.but(blurs=blurs, epochs=2) for blurs in (2, 32)]
    few, many = (above(fitted(recipe, seed, field), recipe.blurs) for recipe in recipes)
    return few - many


def dense_shuffled(seed):
    whole = error(fitted(RECIPE, seed, None))
    return error(fitted(RECIPE, seed, None, True), True) - whole


def nearer_to_untrained(seed):
    there = error(fitted(PEERS, seed, 7, True), True)
    return abs(there - error(fitted(PEERS, seed))) - abs(there - untrained(seed))


MEASURED = [
    ("1", "shuffled pixels change a full view, points", dense_shuffled, -1, 1),
    (
        "4",
        "64 full views minus local fields",
        lambda s: full(64, s) - error(fitted(RECIPE, s)),
        6.5,
        9.5,
    ),
    ("4", "64 full views minus untrained fields", lambda s: full(64, s) - untrained(s), 6, 9),
    (
        "4",
        "1 024 full views minus local fields",
        lambda s: full(1024, s) - error(fitted(RECIPE, s)),
        -0.8,
        0.8,
    ),
    (
        "4",
        "what learning adds, points",
        lambda s: untrained(s) - error(fitted(RECIPE, s)),
        0.1,
        1.1,
    ),
    ("5", "silent units, %", lambda s: who_works(RECIPE, s)[0], 10, 16),
    ("5", "share of the loudest tenth, %", lambda s: who_works(RECIPE, s)[1], 58, 67),
    ("5", "silent units with peers, %", lambda s: who_works(PEERS, s)[0], 0, 0.2),
    (
        "5",
        "peers cost pairs, points",
        lambda s: above(fitted(RECIPE, s)) - above(fitted(PEERS, s)),
        10,
        16,
    ),
    (
        "5",
        "peers help the probe, points",
        lambda s: error(fitted(RECIPE, s)) - error(fitted(PEERS, s)),
        0.5,
        1.5,
    ),
    ("5", "shuffled: nearer to untrained, by points", nearer_to_untrained, 0, 3),
    ("6", "7 x 7 loses from 2 to 32 blurs, points", lambda s: lost(s, 7), 20, 31),
    ("6", "a full view loses, points", lambda s: lost(s, None), 7, 13),
    (
        "6",
        "from 8 to 40 blurs",
        lambda s: above(fitted(RECIPE, s)) - above(fitted(RECIPE, s), 40),
        9,
        16,
    ),
]
CLAIMS = [Claim(f"06, section {where}", *rest) for where, *rest in MEASURED]
