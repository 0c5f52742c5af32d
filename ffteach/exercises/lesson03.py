"""Unit 3: masks, hybrids and the law that says what is wrong with a hybrid."""

import math

import torch
import torch.nn.functional as F

from .engine import Exercise, close, finite, numbers, plain

UNIT = "Unit 3: mask negatives"


# ---- 3.1


def _blur(x, kernel=(0.25, 0.5, 0.25), padding="reflect", sides=(1, 2)):
    for side in sides:
        x = x.movedim(side, 2)
        n, a, b = x.shape
        mode = "constant" if padding == "zeros" else padding
        padded = F.pad(x.reshape(1, n * a, b), (1, 1), mode=mode).reshape(n, a, b + 2)
        x = (
            kernel[0] * padded[..., :-2]
            + kernel[1] * padded[..., 1:-1]
            + kernel[2] * padded[..., 2:]
        )
        x = x.movedim(2, side)
    return x


def _masks(trial, n, size, blurs, **how):
    x = trial.randint(0, 2, n, size, size).float()
    for _ in range(blurs):
        x = _blur(x, **how)
    return (x > 0.5).float()


def _agreement(masks, distance=1, side=2):
    a, b = masks.movedim(side, 2)[..., distance:], masks.movedim(side, 2)[..., :-distance]
    return (a == b).float().mean(dim=(0, 1, 2)).item()


def _judge_blur_masks(trial, blur_masks):
    n, size = 400, 20
    flat = trial.call(blur_masks, n, size, 8, inputs="400 masks of 20 x 20 pixels, 8 blurs")
    flat = trial.tensor(flat, kind=None, grad=False)
    trial.require(tuple(flat.shape) != (n, size, size), "not flat")
    trial.tensor(flat, (n, size * size), kind=None)
    values = set(numbers(flat))
    trial.require(values <= {0.0, 1.0}, "not 0 or 1", found=len(values))
    masks = flat.float().reshape(n, size, size)
    share = masks.mean().item()
    trial.require(0.02 < share < 0.98, "all the same", share=share)
    trial.require(len(flat.unique(dim=0)) > 0.9 * n, "one mask for all")
    middle = masks[:, 7:13, 7:13].mean().item()
    edge = torch.ones(size, size, dtype=torch.bool)
    edge[1:-1, 1:-1] = False
    rim = masks[:, edge].mean().item()
    trial.require(rim > middle - 0.1, "zero padding", rim=rim)
    across, down = _agreement(masks), _agreement(masks, side=1)
    if abs(share - 0.5) > 0.03:
        name = "ties" if 0.4 < share < 0.46 and across < 0.75 else "not balanced"
        trial.no(name, share=share)
    trial.require(abs(across - down) < 0.03, "one direction")
    right = {b: _agreement(_masks(trial, n, size, b)) for b in (2, 3, 4, 8)}
    far = [(masks[:, :, 0] == masks[:, :, -1]).float().mean().item()]
    far.append((masks[:, 0] == masks[:, -1]).float().mean().item())
    trial.require(max(far) < 0.65, "circular")
    trial.require(across > 0.55, "no blur")
    three = trial.call(blur_masks, n, size, 3, inputs="400 masks of 20 x 20 pixels, 3 blurs")
    three = trial.tensor(three, (n, size * size), kind=None).float().reshape(n, size, size)
    found = _agreement(three)
    trial.require(abs(found - across) > 0.02, "blurs unused")
    nearest = min((2, 3, 4), key=lambda b: abs(found - right[b]))
    if nearest != 3 and abs(found - right[nearest]) < 0.01 and abs(across - right[8]) < 0.01:
        trial.no("one blur too many or few", 0.5, which=nearest)
    if abs(across - right[8]) > 0.015 or abs(found - right[3]) > 0.015:
        trial.no("another blur", got=across, want=right[8])
    again = trial.call(blur_masks, n, size, 8)
    trial.require(not close(again, flat), "the same every time", 0.5)
    trial.tensor(trial.call(blur_masks, 3, 9, 2), (3, 81), kind=None)
    if not flat.is_floating_point():
        trial.no("kind of numbers", 0.75, got=flat.dtype, want="floating point")


blur_masks = Exercise(
    "blur_masks",
    "3.1 masks",
    points=4,
    minutes=25,
    judge=_judge_blur_masks,
    errors={"no square": ("invalid for input of size",)},
    says={
        "not flat": "The masks are squares (n, size, size). An image is a row of pixels here: "
        "flatten the two last dimensions.",
        "no square": "A reshape does not fit. The check asks for 20 x 20 pixels: use `size`, not 28"
        " or 784.",
        "not 0 or 1": "The mask has {found} different values. A mask is 0 or 1: cut the blurred "
        "noise at 1/2.",
        "all the same": "{share:.0%} of the pixels are 1. If the noise is not around 1/2, or the "
        "kernel's entries do not add up to 1, the cut at 1/2 sends all pixels to one side.",
        "one mask for all": "Many masks are the same one. Draw noise for each: (n, size, size).",
        "zero padding": "Only {rim:.0%} of the pixels at the rim are 1: zero padding. A zero from "
        "outside counts as `the other image` and pulls the rim down with each blur: reflect.",
        "ties": "{share:.0%} of the pixels are 1, as after ONE blur: many pixels are exactly 1/2 "
        "then, and `> 1/2` sends them all to 0. Is the blur repeated?",
        "not balanced": "{share:.0%} of the pixels are 1, where half of them should be: one of the "
        "two images would dominate. Look at the cut and at the mean of the noise.",
        "one direction": "The patches are longer in one direction: blur up and down AND left and "
        "right.",
        "circular": "Opposite rims agree: your padding is circular, so that the left rim's "
        "neighbour is the right rim. Use reflection.",
        "no blur": "Neighbouring pixels agree like coins: nothing is blurred.",
        "blurs unused": "One blur gives the same masks as eight: use `blurs` as the number of "
        "repetitions.",
        "one blur too many or few": "Where three blurs are asked for you make {which}: look at the "
        "ends of your loop.",
        "another blur": "Neighbours agree in {got:.1%} of the masks, but eight blurs with "
        "[1/4, 1/2, 1/4] give {want:.1%}: another kernel, or another number of blurs.",
        "the same every time": "Two calls give the same masks: there is a seed inside.",
    },
    hints=(
        "Three stages: bits, blurred bits, mask. Look at each as a picture (plt.imshow).",
        "One blur: F.pad(x, (1, 1, 1, 1), mode='reflect'), then (left + 2 * middle + right) / 4, "
        "and the same up and down.",
        "Start from torch.randint(0, 2, (n, size, size)).float(), repeat the blur `blurs` times, "
        "then (x > 0.5).float().flatten(1).",
    ),
    solution="""
def blur_masks(n, size, blurs):
    x = torch.randint(0, 2, (n, size, size)).float()
    for _ in range(blurs):
        x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        x = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
        x = (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4
    return (x > 0.5).float().flatten(1)
""",
)


# ---- 3.2


def _judge_hybrids(trial, hybrids):
    unchanged = []
    for n in (2, 3, 3, 5, 2, 3, 4, 7, 3, 2, 3, 3):
        d = 9
        images = (torch.arange(n).float()[:, None] + trial.rand(n, d, low=0.1, high=0.9)) / n
        masks = trial.randint(0, 2, n, d).float()
        masks[:, 0], masks[:, 1] = 1, 0
        result = trial.call(hybrids, images, masks, inputs=f"{n} images")
        result = trial.tensor(result, (n, d))
        if result.dtype not in (images.dtype, torch.float64):
            trial.no("another type")
        unchanged.append(close(result, images))
        if unchanged[-1]:
            continue
        _judge_mixture(trial, images, masks, result)
        trial.require(result.dtype == images.dtype, "another type", 0.5)
        others = [int(x * n) for x in numbers(result[:, 1])]
        if any(other == row for row, other in enumerate(others)):
            trial.no("mixed with itself", 0.25)
    trial.require(not all(unchanged), "nothing mixed")
    trial.require(not any(unchanged), "mixed with itself", 0.25)


def _judge_mixture(trial, images, masks, result):
    n = len(images)
    sources = [(images - pixel).abs().amin(0) < 1e-6 for pixel in result]
    if all(bool(found.all()) for found in sources):
        own = (result - images).abs() < 1e-6
        inside, outside = own[masks == 1], own[masks == 0]
        if bool(inside.all()):
            partner = [(images - row).abs() < 1e-6 for row in result]
            one = [(p | (m == 1)).all(dim=1).any() for p, m in zip(partner, masks)]
            trial.require(all(bool(x) for x in one), "many partners")
            return
        if bool(outside.all()):
            trial.no("inside and outside exchanged", 0.5)
        trial.no("own image missing")
    moved = [images.roll(step, 1) for step in (1, -1)]
    moved += [images.flatten().roll(step).reshape(images.shape) for step in (1, -1)]
    if any(close(result, masks * images + (1 - masks) * other) for other in moved):
        trial.no("pixels moved")
    high = result.max().item() > images.max().item() + 1e-6
    means = [(images[i] + images[j]) / 2 for i in range(n) for j in range(n)]
    if all(any(close(row, mean) for mean in means) for row in result):
        trial.no("average")
    zeros = (result == 0).any().item()
    trial.require(not high, "range")
    trial.require(not zeros, "black holes")
    trial.require(result.min().item() >= images.min().item() - 1e-6, "range")
    trial.no("unknown")


hybrids = Exercise(
    "hybrids",
    "3.2 hybrids",
    points=3,
    minutes=15,
    judge=_judge_hybrids,
    says={
        "mixed with itself": "An image is mixed with itself. Then the same picture is called "
        "positive and negative. A random permutation leaves one image in its place on average, "
        "and a reversed batch keeps its middle: use a ring, in which everyone meets the next.",
        "nothing mixed": "The images come back unchanged.",
        "many partners": "One hybrid holds pixels of more than two images: choose ONE partner for "
        "each image, not one for each pixel.",
        "inside and outside exchanged": "The own image stands where the mask is 0. It should be "
        "where the mask is 1 (the hybrids are as good, but the masks' meaning is turned round).",
        "own image missing": "Where the mask is 1, hybrid i should show image i.",
        "pixels moved": "You shift the pixels of the images, not the images: the first dimension "
        "counts the images, dims=0.",
        "average": "You average two images. Every pixel then mixes both: the strokes are pale, "
        "and that gives the negative away at once. Each pixel comes from ONE of the two.",
        "range": "The hybrids have brighter or darker pixels than any image: negatives could be "
        "told apart by their range alone. The two parts must not overlap: mask and 1 - mask.",
        "black holes": "Outside the mask the hybrid is black: the second image is missing.",
        "another type": "The hybrids have another number type than the images.",
    },
    hints=(
        "Each pixel comes from one of two images; the mask says from which.",
        "masks * images + (1 - masks) * others. Which `others` is never the image itself?",
        "images.roll(1, dims=0) is the simplest ring: everyone meets the one before.",
    ),
    solution="""
def hybrids(images, masks):
    others = images.roll(1, dims=0)
    return masks * images + (1 - masks) * others
""",
)


# ---- 3.3


def _judge_predicted_ratio(trial, predicted_ratio):
    for size, distance in ((12, 4), (12, 1), (9, 2)):
        blurred = _blur(trial.randint(0, 2, 80, size, size).float(), sides=(1,))
        masks = ((blurred + 0.35 * _blur(trial.rand(80, size, size), sides=(2,))) > 0.55).float()
        value = trial.call(predicted_ratio, masks.flatten(1), distance)
        if type(value) is torch.Tensor and value.numel() > 1:
            trial.no("one number")
        value = plain(value)
        number = type(value) in (int, float)
        value = torch.tensor(float(value)) if number else trial.tensor(value, kind=None)
        trial.require(finite(value), "not a number")
        a, b = masks[:, :, distance:], masks[:, :, :-distance]
        flat = masks.flatten(1)
        right = (a == b).float().mean().item()
        p = masks.mean().item()
        ends = a.mean().item(), b.mean().item()
        both = (a * b).mean().item()
        down = masks[:, distance:], masks[:, :-distance]
        wrapped = (flat[:, distance:] == flat[:, :-distance]).float().mean().item()
        rolled = (masks == masks.roll(distance, 2)).float().mean().item()
        product = ends[0] * ends[1] + (1 - ends[0]) * (1 - ends[1])
        count = (a == b).sum().item()
        across = [(masks[:, :, d:] == masks[:, :, :-d]).float().mean().item() for d in (1, 2)]
        near = [
            (masks[:, :, d:] == masks[:, :, :-d]).float().mean().item()
            for d in (distance - 1, distance + 1)
            if d
        ]
        column = (down[0] == down[1]).float().mean().item()
        ones = math.sqrt(ends[0] * (1 - ends[0]) * ends[1] * (1 - ends[1]))
        wrong = {
            "product of shares": [p * p + (1 - p) ** 2, product, p * p, p * (1 - p)],
            "only the ones": [both, both / p, both / ends[0], both / ends[1]],
            "disagreement": 1 - right,
            "correlation": [
                *(2 * right - 1, (both - ends[0] * ends[1]) / ones, both - ends[0] * ends[1]),
                both - p * p,
            ],
            "counts": [count, count / len(masks)],
            "across the end of the row": [wrapped, (flat == flat.roll(distance, 1)).float().mean()],
            "ring": rolled,
            "columns": [column, (column + right) / 2],
            "distance unused": across,
            "distance off by one": near,
            "percent": 100 * right,
        }
        value = value.reshape(())
        candidates = {
            name: [torch.as_tensor(float(v)) for v in (o if isinstance(o, list) else [o])]
            for name, o in wrong.items()
        }
        trial.same(value, torch.as_tensor(right), candidates, tolerance=2e-5)


predicted_ratio = Exercise(
    "predicted_ratio",
    "3.3 the law",
    points=5,
    minutes=40,
    judge=_judge_predicted_ratio,
    errors={"one number": ("only one element",), "no square": ("invalid for input of size",)},
    says={
        "one number": "The result should be one number: the mean over masks and pixel pairs.",
        "no square": "A reshape does not fit: the masks of the check are not 28 x 28. Their side "
        "is the root of their number of pixels.",
        "product of shares": "This is what the shares of ones alone would give, for pixels that "
        "have nothing to do with each other. Smooth masks treat neighbours alike more often: "
        "count how often the two pixels really AGREE.",
        "only the ones": "You count the pairs in which both pixels are 1. If both are 0, they come "
        "from one image too: the other one.",
        "disagreement": "This is how often the two pixels come from DIFFERENT images. There the "
        "covariance is 0; what is left is the share of masks that agree.",
        "correlation": "This is the correlation or covariance of the mask's pixels. The law asks "
        "in which share of the masks both pixels come from the same image: that is agreement.",
        "across the end of the row": "Some of your pairs go from the end of one row to the start "
        "of the next. Bring the masks to (n, side, side) first.",
        "ring": "roll() makes the last pixels of a row neighbours of the first. Leave these pairs "
        "out: compare m[:, :, d:] with m[:, :, :-d].",
        "columns": "Your pairs, or half of them, stand in a column. The task asks for pairs in a "
        "row.",
        "distance unused": "You compare pixels of one fixed distance whatever `distance` says.",
        "distance off by one": "Your pairs are one pixel nearer or farther than `distance`.",
        "counts": "This is a number of pairs; the ratio is their share of all pairs.",
        "percent": "A ratio lies between 0 and 1, not in percent.",
    },
    hints=(
        "Two pixels of a hybrid: in which masks do they come from the same image, and what is "
        "their covariance in the others?",
        "Different images have nothing to do with each other: covariance 0. So the ratio is the "
        "probability that the mask treats the two pixels alike.",
        "m = masks.reshape(n, side, side); mean of m[:, :, d:] == m[:, :, :-d].",
    ),
    solution="""
def predicted_ratio(masks, distance):
    side = round(masks.shape[1] ** 0.5)
    m = masks.reshape(-1, side, side)
    return (m[:, :, distance:] == m[:, :, :-distance]).float().mean().item()
""",
)


# ---- 3.4

_RHO = math.sin(math.pi / (2 * math.e))
CORRELATION_LENGTH = math.sqrt(-2 * math.log(_RHO))  # 1.0997


def _judge_correlation_length(trial, value):
    trial.attempted(value)
    value = plain(value)
    trial.require(type(value) in (int, float) and math.isfinite(value), "one number")
    wrong = {
        "no cut": math.sqrt(2),
        "one pixel blurred": math.sqrt(-math.log(_RHO)),
        "both": 1.0,
        "variance of one": math.sqrt(-4 * math.log(_RHO)),
        "no root": CORRELATION_LENGTH**2,
        "factor 2 of the exponent": math.sqrt(-math.log(_RHO) * 2) / 2,
        "with the number of blurs": CORRELATION_LENGTH * math.sqrt(8),
        "arcsine without 2/pi": math.sqrt(-2 * math.log(math.sin(1 / math.e))),
    }
    for name, other in wrong.items():
        if abs(value - other) < 0.004:
            trial.no(name)
    if abs(value - CORRELATION_LENGTH) > 0.0001:
        trial.require(abs(value - CORRELATION_LENGTH) > 0.03, "rounded", 0.25)
        trial.no("unknown")


correlation_length = Exercise(
    "correlation_length",
    "3.4 where 1.1 comes from",
    points=3,
    minutes=20,
    judge=_judge_correlation_length,
    says={
        "one number": "The answer is one number, without quotation marks: the factor before the "
        "root of the blurs.",
        "rounded": "Close, but give four decimals: they tell the 1.1 that one measures from the "
        "value that the derivation gives. A formula need not be rounded at all.",
        "no cut": "This is the length of the BLURRED NOISE. The cut at 1/2 makes it 0 or 1 and "
        "lowers the correlation: for two normal numbers it becomes (2 / pi) arcsin(rho).",
        "one pixel blurred": "You count the blur of one pixel only. Both pixels are blurred: the "
        "variances of the two kernels add up.",
        "both": "Two steps are missing: the cut (arcsin) and the blur of the second pixel.",
        "variance of one": "The variance is twice too large: [1/4, 1/2, 1/4] has the variance 1/2, "
        "and two of them (one for each pixel) have 1.",
        "no root": "This is the square of it: a length is the root of a variance.",
        "factor 2 of the exponent": "You are half way: look at the factor in the exponent of the "
        "normal distribution, exp(-d^2 / (2 variance)).",
        "with the number of blurs": "The number of blurs is still in it: the task asks for the "
        "factor before its root.",
        "arcsine without 2/pi": "The factor 2 / pi before the arcsine is missing: equal pixels "
        "must have the correlation 1, and arcsin(1) is pi / 2.",
    },
    hints=(
        "After B blurs of both pixels the correlation of the noise is exp(-d^2 / (2 B)): why B?",
        "After the cut at 1/2 the correlation is (2 / pi) arcsin(rho). Set it to 1 / e.",
        "So rho = sin(pi / (2 e)), and d = sqrt(-2 ln(rho)) times the root of B.",
    ),
    solution="""
correlation_length = math.sqrt(-2 * math.log(math.sin(math.pi / (2 * math.e))))
""",
)

EXERCISES = (blur_masks, hybrids, predicted_ratio, correlation_length)
__all__ = [exercise.key for exercise in EXERCISES] + ["EXERCISES", "UNIT"]
