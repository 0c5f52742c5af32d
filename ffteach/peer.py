"""Peer normalisation: no unit of a layer shall be always silent or always loud (paper section 3.2; official MATLAB code)."""

import torch

KEPT = 0.9  # of the running mean at each batch; the rest is the new batch's (official code)
START = 0.5  # the running means begin here (official code)


class PeerNormalisation:
    """Pulls each unit's mean activity on positive data towards the mean of its layer.

    strength: added to dL/dz of every positive is strength x (unit's running mean - layer's), whether or not its ReLU is open, so that it
    wakes dead units too (official code: 0.03). As a loss on the batch's mean activity it would be thousands of times weaker.
    means: the running mean `(H,)` of each layer by its number.
    """

    def __init__(self, strength):
        self.strength, self.means = strength, {}

    def push(self, index, h, count):
        """Take in layer `index`'s activities `(2n, H)`, positives first, and return what to add to the positives' dL/dz, `(H,)`; None at strength 0.

        count: images in the whole batch, of which these n may be a part.
        """
        if not self.strength:
            return None
        mean = h.chunk(2)[0].mean(dim=0)
        running = torch.lerp(mean, self.means.get(index, torch.full_like(mean, START)), KEPT)
        self.means[index] = running
        return (running - running.mean()).mul_(self.strength / count)
