"""Answers to unit 3."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from bank import right, wrong

# ---- 3.1 masks

M = "lesson03.blur_masks"


def _kernel(middle=0.5, side=0.25):
    one = torch.tensor([side, middle, side])
    return one.outer(one)[None, None]


def masks(
    noise=lambda n, size: torch.randint(0, 2, (n, size, size)).float(),
    blur=lambda x: _conv(x, "reflect"),
    cut=lambda x: (x > 0.5).float(),
    times=lambda blurs: blurs,
    flat=True,
):
    """Return an answer with one stage changed."""

    def answer(n, size, blurs):
        x = noise(n, size)
        for _ in range(times(blurs)):
            x = blur(x)
        x = cut(x)
        return x.flatten(1) if flat else x

    return answer


def _conv(x, mode, kernel=None):
    padded = F.pad(x[:, None], (1, 1, 1, 1), mode=mode)
    return F.conv2d(padded, _kernel() if kernel is None else kernel)[:, 0]


def _slices(x):
    x = F.pad(x, (1, 1, 1, 1), mode="reflect")
    x = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
    return (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4


def _across(x):
    x = F.pad(x, (1, 1, 0, 0), mode="reflect")
    return (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4


def _fixed(n, size):
    return torch.randint(0, 2, (n, size, size), generator=torch.Generator().manual_seed(0)).float()


def _seed(n, size):
    torch.manual_seed(0)
    return torch.randint(0, 2, (n, size, size)).float()


def _double(function):
    return lambda x: function(x.double())


wrong(M, "zero padding", masks(blur=lambda x: _conv(x, "constant")))
wrong(M, "zero padding", masks(blur=lambda x: F.conv2d(x[:, None], _kernel(), padding=1)[:, 0]))
wrong(M, "ties", masks(times=lambda blurs: 1))
wrong(M, "circular", masks(blur=lambda x: _conv(x, "circular")))
wrong(M, "one direction", masks(blur=_across))
wrong(M, "no blur", masks(times=lambda blurs: 0))
wrong(M, "blurs unused", masks(times=lambda blurs: 8))
wrong(M, "another blur", masks(times=lambda blurs: 3 * blurs))
wrong(M, "another blur", masks(blur=lambda x: _conv(x, "reflect", torch.ones(1, 1, 3, 3) / 9)))
wrong(M, "not 0 or 1", masks(cut=lambda x: x))
wrong(M, "not flat", masks(flat=False))
wrong(M, "one mask for all", masks(noise=lambda n, s: _fixed(1, s).repeat(n, 1, 1)))
wrong(M, "all the same", masks(noise=lambda n, size: torch.randn(n, size, size)))
wrong(M, "all the same", masks(blur=lambda x: _conv(x, "reflect", _kernel() / 2)))
wrong(M, "not balanced", masks(cut=lambda x: (x > 0.45).float()))
wrong(M, "no square", lambda n, size, blurs: masks()(n, size, blurs).reshape(n, 784))
wrong(M, "the same every time", masks(noise=_fixed))
wrong(M, "global seed", masks(noise=_seed))
wrong(M, "kind of numbers", masks(cut=lambda x: x > 0.5))


def _few(count):
    return lambda n, s: torch.randint(0, 2, (count, s, s)).float().repeat(n // count + 1, 1, 1)[:n]


wrong(M, "one blur too many or few", masks(times=lambda blurs: blurs + 1))
wrong(M, "one blur too many or few", masks(times=lambda blurs: blurs - 1))
wrong(M, "another blur", masks(times=lambda blurs: 2 * blurs))
wrong(M, "one mask for all", masks(noise=_few(2)))
wrong(M, "one mask for all", masks(noise=_few(40)))
wrong(M, "kind of numbers", masks(cut=lambda x: (x > 0.5).int()))
wrong(M, "all the same", masks(cut=lambda x: x > 0.9))
wrong(M, "not 0 or 1", masks(cut=lambda x: torch.sign(x - 0.5)))
wrong(M, "shape", lambda n, size, blurs: masks()(n, 28, blurs))
wrong(M, "shape", lambda n, size, blurs: masks()(n, size, blurs).reshape(n, 1, size, size))
wrong(M, "shape", lambda n, size, blurs: masks()(400, 20, blurs))
wrong(M, "numpy", lambda n, size, blurs: masks()(n, size, blurs).numpy())
wrong(M, "no return", lambda n, size, blurs: None)


def _matrix(n, size, blurs):
    blur = torch.zeros(size, size)
    for i in range(size):
        for step, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            j = i + step
            j = -j if j < 0 else 2 * (size - 1) - j if j >= size else j
            blur[i, j] += weight
    blur = torch.linalg.matrix_power(blur, blurs)
    x = blur @ torch.randint(0, 2, (n, size, size)).float() @ blur.T
    return (x > 0.5).float().flatten(1)


right(M, "conv2d", masks())
right(M, "slices", masks(blur=_slices))
right(M, "ties to 1", masks(cut=lambda x: (x >= 0.5).float()))
right(
    M,
    "cut at the median",
    masks(cut=lambda x: (x > x.flatten(1).median(1)[0][:, None, None]) * 1.0),
)
right(M, "a matrix power", _matrix)
right(M, "uniform noise", masks(noise=lambda n, size: torch.rand(n, size, size)))
right(M, "replicated rim", masks(blur=lambda x: _conv(x, "replicate")))
right(M, "float64", masks(blur=_double(lambda x: _conv(x, "reflect", _kernel().double()))))
right(M, "bernoulli and round", masks(lambda n, s: torch.bernoulli(torch.full((n, s, s), 0.5))))

# ---- 3.2 hybrids

H = "lesson03.hybrids"


def hybrids(others, mix=lambda m, a, b: m * a + (1 - m) * b):
    """Return an answer with its own partners."""
    return lambda images, masks: mix(masks, images, others(images))


def _columns(x):
    """Another partner for each pixel."""
    steps = torch.randint(1, len(x), (x.shape[1],))
    return torch.stack([column.roll(int(s)) for column, s in zip(x.T, steps)], dim=1)


def _in_place(images, masks):
    images *= masks
    return images + (1 - masks) * images.roll(1, 0)


def roll(x):
    """The simplest ring."""
    return x.roll(1, dims=0)


wrong(H, "mixed with itself", hybrids(lambda x: x[torch.randperm(len(x))]))
wrong(H, "mixed with itself", hybrids(lambda x: x.flip(0)))
wrong(H, "mixed with itself", hybrids(lambda x: x[torch.randint(len(x), (len(x),))]))
wrong(H, "nothing mixed", lambda images, masks: images.clone())
wrong(H, "nothing mixed", hybrids(lambda x: x))
wrong(H, "many partners", hybrids(_columns))
wrong(H, "inside and outside exchanged", hybrids(roll, lambda m, a, b: (1 - m) * a + m * b))
wrong(H, "own image missing", lambda images, masks: images.roll(1, 0))
wrong(H, "average", hybrids(roll, lambda m, a, b: (a + b) / 2))
wrong(H, "range", hybrids(roll, lambda m, a, b: a + b))
wrong(H, "range", hybrids(roll, lambda m, a, b: m * a + b))
wrong(H, "black holes", lambda images, masks: masks * images)
wrong(H, "another type", hybrids(roll, lambda m, a, b: m.double() * a + (1 - m) * b))
wrong(H, "changes its input", _in_place)


def _seeded(images, masks):
    torch.manual_seed(0)
    return masks * images + (1 - masks) * images.roll(1, 0)


def _mask_of_another(images, masks):
    return masks.roll(1, 0) * images + (1 - masks.roll(1, 0)) * images.roll(1, 0)


def _own_bits(images, masks):
    bits = (torch.rand_like(images) > 0.5).float()
    return bits * images + (1 - bits) * images.roll(1, 0)


wrong(H, "pixels moved", hybrids(lambda x: x.roll(1, dims=1)))
wrong(H, "pixels moved", hybrids(lambda x: x.roll(1)))
wrong(H, "mixed with itself", hybrids(lambda x: x[:1].expand_as(x)))
wrong(H, "mixed with itself", hybrids(lambda x: x.roll(3, dims=0)))
wrong(H, "own image missing", _mask_of_another)
wrong(H, "own image missing", _own_bits)
wrong(H, "own image missing", hybrids(roll, lambda m, a, b: torch.maximum(a, b)))
wrong(H, "own image missing", hybrids(roll, lambda m, a, b: m[:1] * a + (1 - m[:1]) * b))
wrong(H, "another type", hybrids(roll, lambda m, a, b: (m * a + (1 - m) * b).half()))
wrong(H, "range", hybrids(roll, lambda m, a, b: (m * a + b).clamp(max=1)))
wrong(H, "global seed", _seeded)
wrong(H, "not a tensor", lambda images, masks: (images, images.roll(1, 0)))


def _ring(x):
    ring, others = torch.randperm(len(x)), torch.empty_like(x)
    others[ring] = x[ring.roll(1)]
    return others


def _loop(images, masks):
    rows = [
        torch.where(masks[i] > 0.5, images[i], images[(i + 1) % len(images)])
        for i in range(len(images))
    ]
    return torch.stack(rows)


right(H, "roll", hybrids(roll))
right(H, "a random ring", hybrids(_ring))
right(H, "where", hybrids(roll, lambda m, a, b: torch.where(m == 1, a, b)))
right(H, "maximum of the parts", hybrids(roll, lambda m, a, b: torch.maximum(m * a, (1 - m) * b)))
right(H, "lerp", hybrids(roll, lambda m, a, b: torch.lerp(b, a, m)))
right(H, "a loop", _loop)
right(H, "index", hybrids(lambda x: x[(torch.arange(len(x)) + 1) % len(x)]))

# ---- 3.3 the law

R = "lesson03.predicted_ratio"


def ratio(function):
    """Return an answer from masks as squares."""

    def answer(masks, distance):
        side = int(masks.shape[1] ** 0.5 + 0.5)
        return function(masks.reshape(-1, side, side), distance)

    return answer


def ends(m, d):
    """Both ends of all pairs in a row."""
    return m[:, :, d:], m[:, :, :-d]


def _same(a, b):
    return (a == b).float().mean()


wrong(R, "product of shares", ratio(lambda m, d: m.mean() ** 2 + (1 - m.mean()) ** 2))
wrong(R, "only the ones", ratio(lambda m, d: (m[:, :, d:] * m[:, :, :-d]).mean()))
wrong(R, "disagreement", ratio(lambda m, d: 1 - _same(*ends(m, d))))
wrong(R, "correlation", ratio(lambda m, d: 2 * _same(*ends(m, d)) - 1))
wrong(R, "across the end of the row", lambda m, d: _same(m[:, d:], m[:, :-d]).item())
wrong(R, "ring", ratio(lambda m, d: _same(m, m.roll(d, dims=2))))
wrong(R, "columns", ratio(lambda m, d: _same(m[:, d:], m[:, :-d])))
wrong(R, "distance unused", ratio(lambda m, d: _same(*ends(m, 1))))
wrong(R, "percent", ratio(lambda m, d: 100 * _same(*ends(m, d))))
wrong(R, "one number", ratio(lambda m, d: (m[:, :, d:] == m[:, :, :-d]).float().mean(0)))
wrong(R, "no square", lambda m, d: _same(*ends(m.reshape(-1, 28, 28), d)))
wrong(R, "constant", lambda m, d: 0.79)
wrong(R, "distance unused", ratio(lambda m, d: _same(*ends(m, 2))))
wrong(R, "distance off by one", ratio(lambda m, d: _same(*ends(m, d + 1))))
wrong(R, "distance off by one", ratio(lambda m, d: _same(*ends(m, d - 1)) if d > 1 else 1.0))
wrong(R, "columns", ratio(lambda m, d: (_same(*ends(m, d)) + _same(m[:, d:], m[:, :-d])) / 2))
wrong(R, "correlation", ratio(lambda m, d: (m[:, :, d:] * m[:, :, :-d]).mean() - m.mean() ** 2))
wrong(R, "counts", ratio(lambda m, d: (m[:, :, d:] == m[:, :, :-d]).sum()))
wrong(R, "factor", ratio(lambda m, d: _same(*ends(m, d)) / 2))
wrong(R, "not a number", ratio(lambda m, d: float("nan")))
wrong(R, "not a tensor", lambda m, d: "0.79")
wrong(R, "numpy", ratio(lambda m, d: (m[:, :, d:] == m[:, :, :-d]).numpy().mean(0)))
wrong(R, "unknown", ratio(lambda m, d: _same(*ends(m[:, :1], d))))
wrong(R, "unknown", ratio(lambda m, d: _same(*ends(m[:1], d))))
right(R, "NumPy", ratio(lambda m, d: np.float64(_same(*ends(m, d)))))
right(R, "agreement", ratio(lambda m, d: _same(*ends(m, d))))
right(R, "a float", ratio(lambda m, d: _same(*ends(m, d)).item()))
right(
    R,
    "both or neither",
    ratio(
        lambda m, d: (m[:, :, d:] * m[:, :, :-d] + (1 - m[:, :, d:]) * (1 - m[:, :, :-d])).mean()
    ),
)
right(R, "1 - |difference|", ratio(lambda m, d: 1 - (m[:, :, d:] - m[:, :, :-d]).abs().mean()))
right(
    R,
    "signs",
    ratio(lambda m, d: (1 + ((2 * m[:, :, d:] - 1) * (2 * m[:, :, :-d] - 1)).mean().double()) / 2),
)
right(
    R,
    "a loop",
    ratio(
        lambda m, d: (
            sum(_same(m[:, :, j], m[:, :, j + d]) for j in range(m.shape[2] - d)) / (m.shape[2] - d)
        )
    ),
)

# ---- 3.4 the number

N = "lesson03.correlation_length"
rho = math.sin(math.pi / (2 * math.e))
exact = math.sqrt(-2 * math.log(rho))
wrong(N, "no cut", math.sqrt(2))
wrong(N, "one pixel blurred", math.sqrt(-math.log(rho)))
wrong(N, "both", 1.0)
wrong(N, "variance of one", math.sqrt(-4 * math.log(rho)))
wrong(N, "no root", -2 * math.log(rho))
wrong(N, "with the number of blurs", exact * 8**0.5)
wrong(N, "arcsine without 2/pi", math.sqrt(-2 * math.log(math.sin(1 / math.e))))
wrong(N, "factor 2 of the exponent", exact / 2)
wrong(N, "rounded", 1.11)
wrong(N, "one number", "1.0997")
right(N, "the formula", exact)
right(N, "four digits", 1.0997)
right(N, "five digits", 1.09970)
right(N, "a tensor", torch.tensor(exact))
right(N, "NumPy", np.float64(exact))
right(N, "half the variance", (2 * -math.log(rho)) ** 0.5)
wrong(N, "rounded", 1.1)
wrong(N, "rounded", 1.09)
wrong(N, "one number", float("nan"))
wrong(N, "one number", True)
wrong(N, "one number", [exact])
wrong(N, "unknown", -exact)
wrong(N, "unknown", 2.2)
