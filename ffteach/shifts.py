"""Square images moved by whole pixels; what leaves on one side, nearly always blank, enters
opposite."""

import math

import torch

from .device import sent

LARGEST_REACH = 5  # of predictions: (2 x 5 + 1)^2 = 121 copies of each image


def moved(images, down, right):
    """Return the images `(n, D)` moved down and right by whole pixels, negative: up and left.

    >>> moved(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), 1, 0).tolist()
    [[3.0, 4.0, 1.0, 2.0]]
    """
    size = math.isqrt(images.shape[1])
    return images.unflatten(1, (size, size)).roll((down, right), dims=(1, 2)).flatten(1)


def all_moves(images, reach):
    """Return a list of the images `(n, D)` under each of the (2 reach + 1)^2 moves.

    >>> len(all_moves(torch.rand(1, 784), 1))
    9
    """
    steps = range(-reach, reach + 1)
    return [moved(images, down, right) for down in steps for right in steps] if reach else [images]


def randomly_shifted(images, reach, *, each=False, generator=None):
    """Return the images `(n, D)` moved at random by up to `reach` pixels down and right.

    each: every image by a move of its own, instead of all by the same.

    >>> randomly_shifted(torch.rand(3, 784), 2, each=True).shape
    torch.Size([3, 784])
    """
    device = "cpu" if generator is None else generator.device
    options = {"generator": generator, "device": device}
    if not each:
        return moved(images, *torch.randint(-reach, reach + 1, (2,), **options).tolist())
    size = math.isqrt(images.shape[1])
    moves = torch.randint(-reach, reach + 1, (2, len(images), 1), **options)
    down, right = sent(moves, images.device)
    place = torch.arange(size, device=down.device)
    top, left = (place - down) % size, (place - right) % size  # (n, size): where a pixel comes from
    source = (top * size).unsqueeze(2) + left.unsqueeze(1)  # (n, size, size)
    return images.gather(1, source.flatten(1))
