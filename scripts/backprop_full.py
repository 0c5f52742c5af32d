"""Backpropagation on all of MNIST, the baseline of the paper's section 3.1: a few seeds in a row.

    python scripts/backprop_full.py --seeds 3

Layers, batches and epochs are those of `paper-supervised`; cross-entropy, Adam with torch's
defaults, a rate that falls linearly; no dropout, no augmentation. Nothing was chosen for it. The
digits come from a folder, `FFTEACH_DATA`, or are downloaded; `--sample` takes the bundled ones.
"""

import argparse
import itertools

import torch
from torch import nn

import ffteach

RECIPE = ffteach.RECIPES["paper-supervised"]


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="the bundled 10 000 digits")
    parser.add_argument("--held-out", type=int, default=0, help="so many, instead of the test set")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("--device", default="auto", help="such as cpu; auto takes a GPU if any")
    return parser.parse_args()


def main(choice):
    which = "sample" if choice.sample else "full"
    data = ffteach.load_mnist(which, validation=choice.held_out, device=choice.device)
    judge, name = (data.validation, "held-out") if choice.held_out else (data.test, "test")
    for seed in range(choice.seeds):
        wrong = trained(data.train, choice.epochs, seed)(judge.images).argmax(dim=1) != judge.labels
        print(f"seed {seed}: {name} error {100 * wrong.double().mean().item():.2f} %", flush=True)


def trained(split, epochs, seed):
    """Return the network after `epochs` on the `Split`."""
    torch.manual_seed(seed)
    pairs = itertools.pairwise((*RECIPE.widths, 10))
    net = nn.Sequential(*(part for pair in pairs for part in (nn.Linear(*pair), nn.ReLU())))[:-1]
    net.to(split.images.device)
    optimiser = torch.optim.Adam(net.parameters(), fused=True)
    steps = epochs * -(-len(split.images) // RECIPE.batch_size)
    falls = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=steps)
    for _ in range(epochs):
        order = torch.randperm(len(split.images)).to(split.images.device)
        for batch in order.split(RECIPE.batch_size):
            loss = nn.functional.cross_entropy(net(split.images[batch]), split.labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            falls.step()
    return net


if __name__ == "__main__":
    main(parsed())
