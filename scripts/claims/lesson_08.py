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


def always_a_space():
    return 100 * (text().validation[10:] == 0).double().mean().item()


def right(net):
    return 100 * sequences.share_right(net, text().validation)


@cache
def fitted(seed, negatives="teacher", width=100, epochs=3, phase=1, length=50, **changes):
    recipe = RECIPE.but(widths=(300, width, width), epochs=epochs, **changes)
    net = SequenceNet(recipe.widths, generator=seeded(seed))
    how = {"negatives": negatives, "phase": phase, "length": length}
    return SequenceTraining(net, text(), recipe, seed=seed, **how).finish()


def share(seed, *given, **named):
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


@cache
def night(seed):
    """% right after 300 steps, after a night of 100 more, and after the day that follows."""
    run = SequenceTraining(untrained(seed), text(), RECIPE.but(rate_decay="none"), seed=seed)
    reached = []
    for record in run:
        if record.step == 300:
            run.phase = 100
        if record.step in (300, 400, 500):
            reached.append(right(run.net))
    return reached


def read_again(seed):
    """By how many points a read-out trained afterwards is better, with phases of 100."""
    net = SequenceNet(RECIPE.widths, generator=seeded(seed))
    net.load_state_dict(fitted(seed, phase=100, epochs=6).state_dict())
    with torch.no_grad():
        net.weight.zero_()
        net.bias.zero_()
    SequenceTraining(net, text(), negatives=None, seed=seed).finish()
    return right(net) - share(seed, phase=100, epochs=6)


def gain(seed, *given, **named):
    """By how many points these layers are better than random ones."""
    return share(seed, *given, **named) - share(seed, None)


def momentum(seed, momentum, phase=30):
    changes = {"optimiser": "sgd", "momentum": momentum, "learning_rate": 1 - momentum}
    return gain(seed, phase=phase, epochs=6, **changes)


SLOW = {"epochs": 6, "learning_rate": 3e-4}
MEASURED = [
    ("1", "always a space, % right", lambda s: always_a_space(), 20.9, 21.1),
    ("3", "random layers, % right", lambda s: share(s, None), 30, 34),
    ("3", "teacher minus random, points", gain, 4.5, 6.7),
    ("3", "dreams minus random, points", lambda s: gain(s, "dream"), -2.2, -0.4),
    ("3", "backpropagation, % right", lambda s: right(backprop(s)), 45, 47),
    ("3", "400 random units minus 100 trained", lambda s: share(s, None, 400) - share(s), 0.5, 3.5),
    ("4", "dreams of 1 minus random", lambda s: gain(s, "dream", length=1), 4, 6.8),
    ("4", "dreams of 3 minus random", lambda s: gain(s, "dream", length=3), 4.5, 6.5),
    ("4", "dreams of 10 minus random", lambda s: gain(s, "dream", length=10), 0.9, 3.4),
    ("5", "untrained, words known", lambda s: words_known(s, untrained(s)), 0.02, 0.07),
    ("5", "random, words known", lambda s: words_known(s, fitted(s, None)), 0.12, 0.17),
    ("5", "teacher, words known", lambda s: words_known(s, fitted(s)), 0.19, 0.24),
    ("5", "backpropagation, words known", lambda s: words_known(s, backprop(s)), 0.31, 0.36),
    ("5", "a night of 100 steps costs, points", lambda s: night(s)[0] - night(s)[1], 8, 14),
    ("5", "of which a day leaves", lambda s: night(s)[0] - night(s)[2], 0.5, 4),
    ("6", "phase 3 minus random", lambda s: gain(s, phase=3, epochs=6), 3.5, 5),
    ("6", "phase 10 minus random", lambda s: gain(s, phase=10, epochs=6), 1.7, 4.6),
    ("6", "phase 30 minus random", lambda s: gain(s, phase=30, epochs=6), -1.6, 3.1),
    ("6", "phase 100 minus random", lambda s: gain(s, phase=100, epochs=6), -8, -5.5),
    ("6", "phase 100, gained by reading again", read_again, -1, 2),
    ("6", "phase 300, % right", lambda s: share(s, phase=300, epochs=6), 20.5, 22),
    ("6", "slow, at once", lambda s: gain(s, learning_rate=3e-4), -1.9, 1.5),
    ("6", "slow, phase 100", lambda s: gain(s, phase=100, **SLOW), -1.9, 1.5),
    ("6", "dreams of 3, phase 10", lambda s: gain(s, "dream", length=3, phase=10, epochs=6), 1, 6),
    ("6", "momentum 0.9, phase 30", lambda s: momentum(s, 0.9), -12.5, -8),
    ("6", "momentum 0.99, phase 30", lambda s: momentum(s, 0.99), -12.5, -9),
    ("6", "momentum 0.999, phase 30", lambda s: momentum(s, 0.999), 0.7, 2.8),
    ("6", "momentum 0.999, at once", lambda s: momentum(s, 0.999, 1), 3.5, 5.2),
    ("6", "momentum 0.999, phase 300", lambda s: momentum(s, 0.999, 300), -12.5, -9),
]
CLAIMS = [Claim(f"08, section {where}", *rest) for where, *rest in MEASURED]
