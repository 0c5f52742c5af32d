"""The one-pass softmax head: it reads the digit off the activities under the NEUTRAL label.

Ten candidate labels cost ten passes; the neutral label, all ten label pixels equally dim, costs one
(official MATLAB code). The head's gradient ends at the head: the layers never feel it.
"""

import torch

from .layers import Rows
from .optimisers import LayerOptimiser

# of its SGD. Official code: 0.1 with averaged gradients (0.9 old + 0.1 new), weight cost 0.003
LEARNING_RATE, MOMENTUM, WEIGHT_COST = 0.01, 0.9, 0.003


def head_inputs(net, overlay):
    """Return what the head of `net` reads: rescaled activities side by side, `(N, D of the head)`.

    Those of all layers but the first, or of the only one. overlay: the images as the first layer's
    `SharedOverlay`.
    """
    first, *others = net.layers
    h = overlay.neutral_activities()
    seen = [first.rescale(h)]
    for layer in others:
        h = layer.activities(Rows(seen[-1].to(overlay.shared.x.dtype)))
        seen.append(layer.rescale(h))
    return torch.cat(seen[1:] or seen, dim=1)


def head_gradient(head, seen, labels, *, share=1.0, beta=0):
    """Write softmax regression's gradient into the head's `.grad`, plus `beta` times what is there.

    It is `share` x the mean of (probabilities - one-hot label) x input. seen: `(N, D)` of
    `head_inputs`; labels: int64 `(N,)`.
    """
    slope = torch.mm(head.weight, seen.t()).softmax(dim=0)  # (10, N): twice as fast as (N, 10)
    minus_one = slope.new_full((1, len(labels)), -1)
    slope.scatter_add_(0, labels.unsqueeze(0), minus_one).mul_(share / len(labels))
    if head.weight.grad is None:
        head.weight.grad = torch.zeros_like(head.weight)
    head.weight.grad.addmm_(slope, seen, beta=beta)


def head_optimiser(head):
    """Return the head's own optimiser, stochastic gradient descent with the settings above."""
    parameters = head.parameters()
    return LayerOptimiser("sgd", parameters, momentum=MOMENTUM, weight_decay=WEIGHT_COST)
