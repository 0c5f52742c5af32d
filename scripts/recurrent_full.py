"""Train the recurrent network of lesson 07 on all of MNIST and print its error, epoch by epoch.

    python scripts/recurrent_full.py --held-out 10000   # choose settings: never by the test digits
    python scripts/recurrent_full.py --seed 0           # then all 60 000, and the test error

The digits come from a folder, `FFTEACH_DATA`, or are downloaded. `--sample` takes the bundled ones.
"""

import argparse

import torch

import ffteach
from ffteach.beyond.recurrent import RECIPE, RecurrentNet, RecurrentTraining, error_rate

SETTINGS = RECIPE.but(name="recurrent full", widths=(784, 500, 500), epochs=20)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="the bundled 10 000 digits")
    parser.add_argument("--held-out", type=int, default=0, help="so many, instead of the test set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--widths", type=int, nargs="+", default=list(SETTINGS.widths[1:]))
    for name in ("epochs", "batch_size", "learning_rate", "temperature", "weight_decay"):
        default = getattr(SETTINGS, name)
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=type(default), default=default)
    parser.add_argument("--optimiser", default=SETTINGS.optimiser)
    parser.add_argument("--device", default="auto")
    return vars(parser.parse_args())


def main(sample, held_out, seed, widths, device, **settings):
    which = "sample" if sample else "full"
    data = ffteach.load_mnist(which, validation=held_out, device=device)
    recipe = SETTINGS.but(widths=(784, *widths), **settings)
    net = RecurrentNet(recipe.widths, generator=torch.Generator().manual_seed(seed))
    net.to(data.train.images.device)
    judge, name = (data.validation, "held-out") if held_out else (data.test, "test")
    run = RecurrentTraining(net, data, recipe, seed=seed)
    print(f"{recipe.differences(ffteach.Recipe())}, {data.train}, seed {seed}")
    for record in run:
        if record.epoch_done and (held_out or record.epoch == recipe.epochs):
            error = 100 * error_rate(net, judge)
            print(f"{record} | {record.seconds:.0f} s | {name} error {error:.2f} %", flush=True)


if __name__ == "__main__":
    main(**parsed())
