"""Local receptive fields: each unit sees a small patch, with weights of its own (paper 3.2).

They stand in an `FFNet`, which `train`, `features` and the probes take as it is.
"""

import torch
from torch import nn

from ..checks import check_counts, check_generator, found
from ..layers import FFLayer, FFNet


class LocalLayer(FFLayer):
    """A grid of square patches; `units` units see each, and no weight is shared.

    side: of the square input, in pixels. field: side of a patch. stride: from patch to patch.
    units: at each place. channels: inputs at each pixel, on top of a `LocalLayer` its `units`.
    Weights `(places, units, field * field * channels)` begin as N(0, 1/fan-in), biases at 0; the
    activities stand place by place, row by row: `(N, places * units)`.
    Raises ValueError for a patch that does not fit.

    >>> LocalLayer(28, 7, 3, units=16)(torch.rand(2, 784)).shape  # 16 units at 8 x 8 places
    torch.Size([2, 1024])
    """

    def __init__(self, side, field, stride, units, *, channels=1, generator=None):
        check_counts(side=(side, 1), units=(units, 1), channels=(channels, 1))
        check_counts(field=(field, 1, side), stride=(stride, 1))
        check_generator(generator)
        nn.Module.__init__(self)  # an FFLayer's own weights would see everything
        self.side, self.field, self.stride = side, field, stride
        self.units, self.channels = units, channels
        self.grid = (side - field) // stride + 1
        self.in_features = side * side * channels
        self.out_features = self.grid**2 * units
        self.row_scale, self.init, self.epsilon = "mean-square-1", "fan-in", 1e-6
        fan_in = field * field * channels
        self.weight = nn.Parameter(torch.empty(self.grid**2, units, fan_in))
        self.bias = nn.Parameter(torch.empty(self.grid**2, units))
        self.reset_parameters(generator)

    def reset_parameters(self, generator=None):
        """Draw the start; the same numbers on every device."""
        whole = self.in_features  # the start is N(0, 1/in_features); a unit sees less than that
        self.in_features = self.weight.shape[-1]
        super().reset_parameters(generator)
        self.in_features = whole

    def patches(self, x):
        """Return what each place sees of rows x: `(N, D)` -> `(places, N, fan-in)`."""
        grid = x.reshape(len(x), self.side, self.side, self.channels)
        seen = grid.unfold(1, self.field, self.stride).unfold(2, self.field, self.stride)
        return seen.permute(1, 2, 0, 3, 4, 5).reshape(self.grid**2, len(x), -1)

    def activities(self, inputs):
        """Return relu of all places' products for rescaled `Rows`: `(M, places * units)`."""
        inputs.patches = self.patches(inputs.x)  # cut out once, for the gradient too
        z = torch.bmm(inputs.patches, self.weight.to(inputs.x.dtype).mT).to(self.weight.dtype)
        z = z.add_(self.bias[:, None])  # (places, M, units)
        return z.transpose(0, 1).reshape(len(inputs.x), -1).relu_()

    def local_gradient(self, inputs, h, slope, *, peer_push=None, beta=0):
        """Write slope x (2/H) h x patch into `.grad`, as `FFLayer.local_gradient` does."""
        dz = h * (slope * (2 / h.shape[1])).unsqueeze(1)
        if peer_push is not None:
            dz.chunk(2)[0].add_(peer_push)
        dz = dz.reshape(len(h), -1, self.units).permute(1, 2, 0)  # (places, units, M)
        product = torch.bmm(dz.to(inputs.x.dtype), inputs.patches)
        for parameter, new in ((self.weight, product), (self.bias, dz.sum(dim=2))):
            former = parameter.grad if beta else 0
            parameter.grad = new.to(parameter.dtype) + former

    def at(self, values):
        """Return one value for each unit at its place: `(H,)` -> `(grid, grid, units)`."""
        if not isinstance(values, torch.Tensor) or values.shape != (self.out_features,):
            shape = getattr(values, "shape", found(values))
            raise ValueError(f"values are {shape}, expected ({self.out_features},): one for each")
        return values.reshape(self.grid, self.grid, self.units)

    def extra_repr(self):
        return (
            f"{self.side} x {self.side} -> {self.units} units at each of {self.grid} x {self.grid} "
            f"places, each sees {self.field} x {self.field}, trained by its own goodness"
        )


def local_network(fields, *, side=28, generator=None):
    """Return an `FFNet` of local layers. fields: (field, stride, units) for each, from below.

    Each layer looks at the grid of the one below. Train it with hybrids: it has no room for labels.
    Raises ValueError for patches that do not fit.

    >>> local_network([(7, 3, 16), (3, 1, 16)]).widths
    [784, 1024, 576]
    """
    if not isinstance(fields, (list, tuple)) or not fields:
        raise ValueError(f"fields={fields!r}: give (field, stride, units) for at least one layer")
    layers, channels = nn.ModuleList(), 1
    for numbers in fields:
        if not isinstance(numbers, (list, tuple)) or len(numbers) != 3:
            raise ValueError(f"{numbers!r} is no layer: give (field, stride, units), as (7, 3, 16)")
        layers.append(LocalLayer(side, *numbers, channels=channels, generator=generator))
        side, channels = layers[-1].grid, layers[-1].units
    net = FFNet([layers[0].in_features, 1])
    net.layers = layers
    return net
