"""Draw the bundled sample from the full MNIST: `python scripts/draw_sample.py MNIST_ROOT`.

10 000 training and 2 000 test digits, 1 000 and 200 of each class, training from training and test
from test, in the order of the full set. The seed is fixed, so the same full set gives the same
file. The checksum printed at the end is the one that `ffteach/data.py` verifies.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import torch
from torchvision.datasets import MNIST

SEED = 2212_13345  # the paper's arXiv number
TARGET = Path(__file__).parents[1] / "ffteach" / "sample" / "mnist_sample.npz"


def draw(dataset, per_class, generator):
    """Return uint8 images (10 * per_class, 28, 28) and labels, `per_class` of each digit."""
    chosen = []
    for digit in range(10):
        members = (dataset.targets == digit).nonzero().flatten()
        chosen.append(members[torch.randperm(len(members), generator=generator)[:per_class]])
    chosen = torch.cat(chosen).sort().values
    return dataset.data[chosen].numpy(), dataset.targets[chosen].numpy().astype(np.uint8)


def main(root):
    generator = torch.Generator().manual_seed(SEED)
    train_images, train_labels = draw(MNIST(root, train=True), 1000, generator)
    test_images, test_labels = draw(MNIST(root, train=False), 200, generator)
    np.savez_compressed(
        TARGET,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )
    packed = TARGET.read_bytes()
    print(f"{TARGET.name}: {len(packed):,} bytes, SHA-256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main(sys.argv[1])
