"""What is measured on many masks: how often two pixels agree, how far that reaches, the ones."""

import math

import torch


def line_pairs(masks):
    """Return `(both, ones)` for the pixel pairs of every row and column of masks `(n, D)`.

    both: `(2 s, s, s)`, s = sqrt(D): the share of masks that are 1 on both pixels. ones:
    `(2 s, s)`: the share that is 1 on each.
    """
    grid = masks.unflatten(1, (math.isqrt(masks.shape[1]), -1))
    lines = torch.cat([grid.permute(1, 0, 2), grid.permute(2, 0, 1)])  # (2 s, n, s)
    return lines.mT @ lines / len(masks), lines.mean(dim=1)


def agreement(masks):
    """Return the share of masks `(n, D)` that treat two pixels alike, by distance: `(sqrt(D),)`.

    The distance is along a row or column; item 0 is 1, item 1 the agreement of neighbours. It is
    the factor that hybrids leave of the covariance of digits.

    >>> agreement(torch.tensor([[0.0, 1.0, 1.0, 1.0]])).tolist()  # a mask of 2 x 2 pixels
    [1.0, 0.5]
    """
    both, ones = line_pairs(masks)
    return by_distance(1 - ones[:, :, None] - ones[:, None, :] + 2 * both)


def agreement_by_chance(masks):
    """Return what `agreement` would be if pixels were independent, with the same shares of ones.

    masks: `(n, D)` -> `(sqrt(D),)`; item 0 means nothing.
    """
    ones = line_pairs(masks)[1]
    a, b = ones[:, :, None], ones[:, None, :]
    return by_distance(a * b + (1 - a) * (1 - b))


def correlation_length(masks):
    """Return the distance in pixels at which the correlation of masks `(n, D)` has fallen to 1/e.

    Between two pixels it falls along a straight line. Where half of the pixels are 1, it is
    2 x agreement - 1. Infinity if it never falls so far, NaN if nothing varies: masks all alike.
    """
    both, ones = line_pairs(masks)
    covariance = by_distance(both - ones[:, :, None] * ones[:, None, :])
    if covariance[0] < 1e-12:
        return math.nan
    correlation = (covariance / covariance[0]).tolist()
    for distance, (before, here) in enumerate(zip(correlation, correlation[1:]), start=1):
        if here < 1 / math.e:
            return distance - (1 / math.e - here) / (before - here)
    return math.inf


def by_distance(pairs):
    """Return the mean of what pixel pairs have, `(lines, s, s)`, by their distance: `(s,)`."""
    return torch.stack(
        [pairs.diagonal(distance, 1, 2).mean() for distance in range(pairs.shape[-1])]
    )


def shares_of_ones(masks):
    """Return the shares of ones in masks `(n, D)`: of all pixels, the middle 4 x 4, the rim."""
    share = masks.mean(dim=0).unflatten(0, (math.isqrt(masks.shape[1]), -1))
    middle = slice(len(share) // 2 - 2, len(share) // 2 + 2)
    inner = share[1:-1, 1:-1]
    rim = (share.sum() - inner.sum()) / (share.numel() - inner.numel())
    return share.mean().item(), share[middle, middle].mean().item(), rim.item()
