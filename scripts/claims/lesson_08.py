"""What lesson 08 claims of a measurement. Run by `scripts/check_claims.py`."""

from functools import cache

import torch
import torch.nn.functional as F

from ffteach import seeded
from ffteach.beyond import sequences
from ffteach.beyond.sequences import RECIPE, SequenceNet, SequenceTraining

from . import Claim


@cache
def text():
    return sequences.load_fables()


def right(net):
    return 100 * sequences.share_right(net, text().validation)


@cache
def fitted(seed, negatives="teacher", width=100, epochs=3, phase=1, length=50, **changes):
    recipe = RECIPE.but(widths=(300, width, width), epochs=epochs, **changes)
    net = SequenceNet(recipe.widths, generator=seeded(seed))
    how = {"negatives": negatives, "phase": phase, "length": length}
    return SequenceTraining(net, text(), recipe, seed=seed, **how).finish()


def error(seed, *given, **named):
    return right(fitted(seed, *given, **named))


@cache
def backprop(seed):
    net, every = SequenceNet(RECIPE.widths, generator=seeded(seed)), sequences.windows(text()[0])
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(3):
        for batch in every[torch.randperm(len(every), generator=seeded(seed))].split(100):
            optimiser.zero_grad()
            F.cross_entropy(net(batch[:, :10]), batch[:, 10]).backward()
            optimiser.step()
    return net


def words_known(seed, net):
    """Share of dreamt words that occur in the training text."""
    start = sequences.encode("the fox and the ").repeat(50, 1)
    texts = sequences.dream(net, start, 100, generator=torch.Generator().manual_seed(seed))
    known = set(sequences.decode(text().train).translate(str.maketrans(".,'", "   ")).split())
    dreamt = [
        word
        for row in texts[:, 16:]
        for word in sequences.decode(row).translate(str.maketrans(".,'", "   ")).split()[1:-1]
    ]
    return sum(word in known for word in dreamt) / len(dreamt)


def untrained(seed):
    return SequenceNet(RECIPE.widths, generator=seeded(seed))


def momentum(seed, momentum, phase=30):
    changes = {"optimiser": "sgd", "momentum": momentum, "learning_rate": 1 - momentum}
    return error(seed, phase=phase, epochs=6, **changes) - error(seed, None)


def switched(seed):
    """Teacher for 300 steps, then dreams for as many: by how many points the share changes."""
    run = SequenceTraining(
        untrained(seed), text(), RECIPE.but(rate_decay="none"), seed=seed, negatives="teacher"
    )
    reached = []
    for record in run:
        if record.step == 300:
            run.negatives = "dream"
        if record.step in (300, 600):
            reached.append(right(run.net))
    return reached[1] - reached[0]


SLOW = {"epochs": 6, "learning_rate": 3e-4}
MEASURED = [
    ("3", "random layers, % right", lambda s: error(s, None), 0, 100),
    ("3", "teacher minus random, points", lambda s: error(s) - error(s, None), 0, 100),
    ("3", "dreams minus random, points", lambda s: error(s, "dream") - error(s, None), -50, 100),
    ("3", "backpropagation, % right", lambda s: right(backprop(s)), 0, 100),
    (
        "3",
        "random layers of 400 minus teacher of 100",
        lambda s: error(s, None, 400) - error(s),
        -99,
        99,
    ),
    (
        "4",
        "dreams of 3 minus random",
        lambda s: error(s, "dream", length=3) - error(s, None),
        -99,
        99,
    ),
    (
        "4",
        "dreams of 10 minus random",
        lambda s: error(s, "dream", length=10) - error(s, None),
        -99,
        99,
    ),
    ("5", "untrained, words known", lambda s: words_known(s, untrained(s)), 0, 1),
    ("5", "random, words known", lambda s: words_known(s, fitted(s, None)), 0, 1),
    ("5", "teacher, words known", lambda s: words_known(s, fitted(s)), 0, 1),
    ("5", "backprop, words known", lambda s: words_known(s, backprop(s)), 0, 1),
    ("5", "dreams after 300 steps bring, points", switched, -99, 99),
    ("6", "phase 3 minus random", lambda s: error(s, phase=3, epochs=6) - error(s, None), -99, 99),
    (
        "6",
        "phase 10 minus random",
        lambda s: error(s, phase=10, epochs=6) - error(s, None),
        -99,
        99,
    ),
    (
        "6",
        "phase 100 minus random",
        lambda s: error(s, phase=100, epochs=6) - error(s, None),
        -99,
        99,
    ),
    (
        "6",
        "phase 300 minus random",
        lambda s: error(s, phase=300, epochs=6) - error(s, None),
        -99,
        99,
    ),
    (
        "6",
        "phase 1 slow minus random",
        lambda s: error(s, learning_rate=3e-4) - error(s, None),
        -99,
        99,
    ),
    (
        "6",
        "phase 10 slow minus random",
        lambda s: error(s, phase=10, **SLOW) - error(s, None),
        -99,
        99,
    ),
    (
        "6",
        "phase 100 slow minus random",
        lambda s: error(s, phase=100, **SLOW) - error(s, None),
        -99,
        99,
    ),
    (
        "6",
        "dreams of 3, phase 10 minus random",
        lambda s: error(s, "dream", length=3, phase=10, epochs=6) - error(s, None),
        -99,
        99,
    ),
    ("6", "momentum 0.9 minus random", lambda s: momentum(s, 0.9), -99, 99),
    ("6", "momentum 0.99 minus random", lambda s: momentum(s, 0.99), -99, 99),
    ("6", "momentum 0.999 minus random", lambda s: momentum(s, 0.999), -99, 99),
    ("6", "momentum 0.999, phase 1 minus random", lambda s: momentum(s, 0.999, 1), -99, 99),
    ("6", "momentum 0.999, phase 300 minus random", lambda s: momentum(s, 0.999, 300), -99, 99),
    ("6", "momentum 0.9999, phase 30 minus random", lambda s: momentum(s, 0.9999), -99, 99),
]
CLAIMS = [Claim(f"08, section {where}", *rest) for where, *rest in MEASURED]
