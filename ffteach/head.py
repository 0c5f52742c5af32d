"""The one-pass softmax head: it reads the digit off the activities that an image with the NEUTRAL label causes.

Ten candidate labels cost ten passes; the neutral label, all ten label pixels equally dim, costs one (official MATLAB code). The
head's gradient ends at the head: the layers below never feel it.
"""

import torch

from .local_update import Rows

LEARNING_RATE, MOMENTUM, WEIGHT_COST = (
    0.01,
    0.9,
    0.003,
)  # of its SGD. Official code: 0.1 with averaged gradients (0.9 old + 0.1 new), 0.003


def head_inputs(net, overlay):
    """Return what the head of `net` reads: the normalised activities of all layers but the first (or of the only one), side by side.

    overlay: the images as a `SharedOverlay` of the first layer, `(N, D)` -> `(N, D of the head)`.
    """
    h = overlay.neutral_activities(net.layers[0])
    seen = [net.layers[0].rescale_output(h)]
    for layer in net.layers[1:]:
        h = Rows(seen[-1].to(overlay.shared.dtype)).activities(layer)
        seen.append(layer.rescale_output(h))
    return torch.cat(seen[1:] or seen, dim=1)


def head_gradient(head, seen, labels, *, share=1.0, beta=0):
    """Write softmax regression's gradient into the head's `.grad`: `share` x mean of (probabilities - one-hot label) x input, plus `beta` times what is there.

    seen: `(N, D)` of `head_inputs`; labels: int64 `(N,)`.
    """
    slope = torch.mm(head.weight, seen.t()).softmax(
        dim=0
    )  # (10, N): on a CPU twice as fast as (N, 10)
    slope.scatter_add_(0, labels.unsqueeze(0), slope.new_full((1, len(labels)), -1)).mul_(
        share / len(labels)
    )
    if head.weight.grad is None:
        head.weight.grad = torch.zeros_like(head.weight)
    head.weight.grad.addmm_(slope, seen, beta=beta)


def head_optimiser(head):
    """Return the head's own optimiser, stochastic gradient descent with the settings above."""
    return torch.optim.SGD(
        head.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_COST
    )
