"""What is measured on many masks: how often two pixels are treated alike, how far that reaches, and the share of ones."""

import math

import torch


def line_pairs(masks):
    """Return for the pixel pairs of every row and every column of masks `(n, D)`, D a square number, `(both, ones)`.

    both: `(2 s, s, s)`, s = sqrt(D): the share of masks that are 1 on both pixels. ones: `(2 s, s)`: the share that is 1 on each.
    """
    grid = masks.unflatten(1, (math.isqrt(masks.shape[1]), -1))
    lines = torch.cat([grid.permute(1, 0, 2), grid.permute(2, 0, 1)])  # (2 s, n, s)
    return lines.mT @ lines / len(masks), lines.mean(dim=1)


def agreement(masks):
    """Return the share of masks `(n, D)` that treat two pixels alike, against their distance in a row or column: `(sqrt(D),)`.

    Item 0 is 1, item 1 is the agreement of neighbours. It is the factor that hybrids leave of the covariance of digits.
    """
    both, ones = line_pairs(masks)
    return by_distance(1 - ones[:, :, None] - ones[:, None, :] + 2 * both)


def agreement_by_chance(masks):
    """Return what `agreement` would be if all pixels were independent, with the same shares of ones: `(sqrt(D),)`, item 0 meaning nothing."""
    ones = line_pairs(masks)[1]
    a, b = ones[:, :, None], ones[:, None, :]
    return by_distance(a * b + (1 - a) * (1 - b))


def correlation_length(masks):
    """Return the distance in pixels at which the correlation of masks `(n, D)` has fallen to 1/e, between two pixels by a straight line.

    With half of the ones everywhere the correlation is 2 x agreement - 1. It is infinity where it never falls so far, NaN
    where nothing varies: masks that are all alike.
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
    """Return the mean of a quantity of pixel pairs `(lines, s, s)` against the distance of the two: `(s,)`."""
    return torch.stack(
        [pairs.diagonal(distance, 1, 2).mean() for distance in range(pairs.shape[-1])]
    )


def shares_of_ones(masks):
    """Return `(whole, centre, rim)`, the shares of ones in masks `(n, D)`: of all pixels, of the central 4 x 4, of the outermost ones."""
    share = masks.mean(dim=0).unflatten(0, (math.isqrt(masks.shape[1]), -1))
    middle = slice(len(share) // 2 - 2, len(share) // 2 + 2)
    inner = share[1:-1, 1:-1]
    rim = (share.sum() - inner.sum()) / (share.numel() - inner.numel())
    return share.mean().item(), share[middle, middle].mean().item(), rim.item()
