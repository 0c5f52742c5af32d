"""What one step of a training did."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Record:
    """What one step did. `loss`, `goodness_pos`, `goodness_neg`: one number for each layer in `layers`, means over the batch."""

    step: int  # steps taken so far, 1 after the first
    epoch: int  # the epoch it belongs to, from 1; with the greedy schedule each layer counts anew
    epoch_done: bool  # was it the epoch's last step?
    layers: tuple[int, ...]  # the layers looked at, from 0
    seconds: float  # time spent training so far
    stats: torch.Tensor  # (3, layers), on the network's device until someone asks

    @property
    def loss(self):
        return self.stats[0].tolist()

    @property
    def goodness_pos(self):
        return self.stats[1].tolist()

    @property
    def goodness_neg(self):
        return self.stats[2].tolist()

    def __str__(self):
        parts = [
            f"layer {layer}: loss {loss:.4f}, goodness + {pos:.3f} - {neg:.3f}"
            for layer, loss, pos, neg in zip(
                self.layers, self.loss, self.goodness_pos, self.goodness_neg
            )
        ]
        return f"epoch {self.epoch}, step {self.step} | " + " | ".join(parts)
