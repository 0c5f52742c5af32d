"""Train local fields (lesson 06) on all of MNIST without labels and print the probe's error.

    python scripts/local_full.py --held-out 10000   # choose settings: never by the test digits
    python scripts/local_full.py --seed 0           # then all 60 000, and the test error

Fields are given as field, stride, units, one group for each layer: `--fields 10 6 128 2 1 220`. The
digits come from a folder, `FFTEACH_DATA`, or are downloaded. `--sample` takes the bundled ones.
"""

import argparse

import ffteach
from ffteach import RECIPES, LinearProbe, features, train
from ffteach.beyond.local import local_network

# Hinton's MATLAB rule with peer normalisation; no shifts in the paper. The fields are the paper's,
# second hand: grids of 4 x 4, 3 x 3 and 2 x 2 places with about 2 000 units each.
BASE = RECIPES["paper-unsupervised"].but(shift=0, shift_each=False, epochs=60)
FIELDS = (10, 6, 128, 2, 1, 220, 2, 1, 512)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="the bundled 10 000 digits")
    parser.add_argument("--held-out", type=int, default=0, help="so many, instead of the test set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fields", type=int, nargs="+", default=FIELDS)
    for name in ("epochs", "batch_size", "shift", "blurs", "learning_rate", "temperature"):
        default = getattr(BASE, name)
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=type(default), default=default)
    parser.add_argument("--peers", type=float, default=BASE.peer_normalisation)
    parser.add_argument("--probe-decay", type=float, default=2e-3)
    parser.add_argument("--device", default="auto")
    return vars(parser.parse_args())


def main(sample, held_out, seed, fields, peers, probe_decay, device, **settings):
    which = "sample" if sample else "full"
    data = ffteach.load_mnist(which, validation=held_out, device=device)
    judge, name = (data.validation, "held-out") if held_out else (data.test, "test")
    groups = [tuple(fields[i : i + 3]) for i in range(0, len(fields), 3)]
    net = local_network(groups, generator=ffteach.seeded(seed)).to(data.train.images.device)
    settings |= {"peer_normalisation": peers, "shift_each": settings["shift"] > 0}
    recipe = BASE.but(widths=tuple(net.widths), **settings)
    print(f"{net}\n{recipe.differences(ffteach.Recipe())}, {data.train}, seed {seed}")

    def judged(when):
        layers = list(range(len(net.layers)))[1:] or [0]  # all but the first, as in the paper
        seen, unseen = (features(net, part.images, layers=layers) for part in (data.train, judge))
        probe = LinearProbe(probe_decay).fit(seen, data.train.labels)
        error = 100 * probe.error(unseen, judge.labels)
        print(f"{when}: {name} error of the probe {error:.2f} %", flush=True)

    judged("untrained")
    run = train(net, data, recipe, seed=seed)
    for record in run:
        if record.epoch_done:
            print(f"{record} | {record.seconds:.0f} s", flush=True)
    judged(f"after {recipe.epochs} epochs")


if __name__ == "__main__":
    main(**parsed())
