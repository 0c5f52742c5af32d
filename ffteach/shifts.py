"""Square images moved by whole pixels. What leaves on one side, nearly always blank border, enters on the other."""

import math

import torch

from .device import generator_device


def check_square(images):
    """Raise ValueError unless the images `(n, D)` are square."""
    pixels = images.shape[1]
    if math.isqrt(pixels) ** 2 != pixels:
        raise ValueError(
            f"images have {pixels} pixels, which is no square: hybrids and shifts need square images, such as 28 x 28 = 784"
        )


def moved(images, down, right):
    """Return the images `(n, D)`, moved by so many pixels down and right; negative numbers move them up and left."""
    size = math.isqrt(images.shape[1])
    return images.unflatten(1, (size, size)).roll((down, right), dims=(1, 2)).flatten(1)


def all_moves(images, reach):
    """Return a list of the images `(n, D)` moved by each of the (2 reach + 1)^2 shifts of up to `reach` pixels; reach 0: only as they are."""
    steps = range(-reach, reach + 1)
    return [moved(images, down, right) for down in steps for right in steps] if reach else [images]


def randomly_shifted(images, reach, *, each=False, generator=None):
    """Return the images `(n, D)`, moved by up to `reach` pixels down and right at random: all alike, or each by its own."""
    size, where = math.isqrt(images.shape[1]), generator_device(generator)
    if each:
        down, right = torch.randint(
            -reach, reach + 1, (2, len(images), 1), generator=generator, device=where
        )
        place = torch.arange(size, device=where)
        source = ((place - down) % size * size).unsqueeze(2) + ((place - right) % size).unsqueeze(
            1
        )  # (n, size, size)
        return images.gather(1, source.flatten(1).to(images.device))
    return moved(
        images, *torch.randint(-reach, reach + 1, (2,), generator=generator, device=where).tolist()
    )
