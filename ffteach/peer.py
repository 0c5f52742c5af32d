"""Peer normalisation: no unit is always silent or always loud (paper section 3.2; MATLAB code)."""

import torch

KEPT = 0.9  # of the running mean at each batch; the rest is the new batch's (official code)
START = 0.5  # the running means begin here (official code)


def peer_push(h_pos, running, strength, count):
    """Return what to add to dL/dz of every positive, and the new running means: `(H,)` each.

    It pulls each unit's mean activity towards the mean of its layer, whether or not its ReLU is
    open, so that it wakes dead units too. As a loss on the batch's mean activity it would be
    thousands of times weaker. h_pos: activities of the positives `(n, H)`; running: the means so
    far `(H,)`, None at first; strength: 0.03 in the official code; count: images in the whole
    batch, of which these n may be a part.

    >>> push, running = peer_push(torch.tensor([[0.0, 1.0]]), None, 0.03, 1)
    >>> [round(mean, 2) for mean in running.tolist()]
    [0.45, 0.55]
    """
    mean = h_pos.mean(dim=0)
    running = torch.lerp(mean, torch.full_like(mean, START) if running is None else running, KEPT)
    return (running - running.mean()).mul_(strength / count), running
