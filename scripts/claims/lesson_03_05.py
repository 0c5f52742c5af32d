"""What lessons 03 to 05 claim of measurements, for any seed (run by `scripts/check_claims.py`)."""

from functools import cache
from unittest.mock import patch

import torch
import torch.nn.functional as F

import ffteach
from ffteach import RECIPES, LinearProbe, PublishedProbe, Recipe, Split, features, train
from ffteach.live.race.race import Race
from ffteach.masks import blends

from . import Claim

# ---- shared


@cache
def digits():
    return ffteach.load_mnist(validation=2000, device="cpu")


def generator(seed):
    return torch.Generator().manual_seed(seed)


def points(share):
    """A share 0..1, or a mean of truth values, in percent."""
    return 100 * torch.as_tensor(share).double().mean().item()


def fitted(recipe, seed, draw=None):
    return train(recipe.network(seed=seed), digits(), recipe, seed=seed, draw=draw).finish()


def probed(see, decay=1e-2, labels=None):
    """The validation error in % of a probe on see(images), fitted to `labels` digits, or to all.

    They are equally many of each digit, as in lesson 04.
    """
    data = digits()
    rows = slice(None)
    if labels:
        rows = torch.argsort(data.train.labels, stable=True).reshape(10, -1).T.flatten()[:labels]
    probe = LinearProbe(decay).fit(see(data.train.images[rows]), data.train.labels[rows])
    return 100 * probe.error(see(data.validation.images), data.validation.labels)


def paired(miss, other):
    return points(miss) - points(other)


# ---- lesson 03


def pixel_masks(n, *, generator=None):
    return ffteach.blur_masks(n, blurs=0, generator=generator)


def half_masks(n, *, generator=None):
    halves = torch.zeros(4, 28, 28)
    halves[0, :14] = halves[1, 14:] = halves[2, :, :14] = halves[3, :, 14:] = 1
    return halves[torch.randint(0, 4, (n,), generator=generator)].flatten(1)


MASKS = {"8 blurs": ffteach.blur_masks, "one pixel": pixel_masks, "half image": half_masks}
ONE_LAYER = Recipe(widths=(784, 300), negatives="hybrids", threshold=1.0, epochs=2)


def negatives_of(kind):
    if kind == "noise":
        return lambda images, generator: torch.rand(images.shape, generator=generator)
    if kind == "pairs":
        return blends
    draw = MASKS[kind]
    return lambda images, generator: ffteach.hybrids(
        images, draw(len(images), generator=generator), generator=generator
    )


@cache
def taught_by(kind, seed):
    return fitted(ONE_LAYER, seed, negatives_of(kind))


@torch.no_grad()
def misses(kind, against, seed):
    """How many unseen pairs the layer that learnt from `kind` puts in the wrong order, in %."""
    images, net = digits().validation.images, taught_by(kind, seed)
    g_pos, g_neg = (
        ffteach.goodness(net(x)[0])
        for x in (images, negatives_of(against)(images, generator=generator(5)))
    )
    return points(g_pos <= g_neg)


@cache
def layer_error(kind, seed):
    net = ONE_LAYER.network(seed=seed) if kind == "untrained" else taught_by(kind, seed)
    return probed(lambda images: features(net, images))


def change_in_cross(kind, seed):
    """How much more a layer's weights changed than an 8-blur one's: along the seams, by around."""
    start = ONE_LAYER.network(seed=seed).layers[0].weight
    changed, blur = (
        (taught_by(kind, seed).layers[0].weight - start).detach().square().mean(dim=0).sqrt()
        for kind in (kind, "8 blurs")
    )
    ratio, cross = (changed / blur).reshape(28, 28), torch.zeros(28, 28, dtype=torch.bool)
    cross[13:15, 4:24] = cross[4:24, 13:15] = True
    box = torch.zeros(28, 28, dtype=torch.bool)
    box[4:24, 4:24] = True
    return (ratio[cross].mean() / ratio[box & ~cross].mean()).item()


def patches(images, size, generator):
    windows = images.reshape(-1, 28, 28).unfold(1, size, 1).unfold(2, size, 1)
    tops, lefts = torch.randint(4, 25 - size, (2, len(images)), generator=generator)
    return windows[torch.arange(len(images)), tops, lefts].flatten(1)


def real_or_hybrid(images, draw_masks, size, generator):
    mixed = ffteach.hybrids(
        images, draw_masks(len(images), generator=generator), generator=generator
    )
    real = torch.rand(len(images), generator=generator) < 0.5
    return patches(torch.where(real[:, None], images, mixed), size, generator), real


class Square(torch.nn.Module):
    def forward(self, x):
        return x.square()


@cache
def game(kind, size, squares, seed, epochs=5):
    """Right answers in % of a player of the patch game, linear or with 64 squares."""
    torch.manual_seed(seed)
    draws, data = generator(seed), digits()
    (x, real), (x_val, real_val) = (
        real_or_hybrid(split.images, MASKS[kind], size, draws) for split in data[:2]
    )
    mean, spread = x.mean(dim=0), x.std()
    units = [torch.nn.Linear(size**2, 64), Square(), torch.nn.Linear(64, 1)]
    player = torch.nn.Sequential(*units) if squares else torch.nn.Linear(size**2, 1)
    optimiser = torch.optim.Adam(player.parameters(), lr=3e-3)
    for batch in torch.cat([torch.randperm(len(x)) for _ in range(epochs)]).split(200):
        optimiser.zero_grad()
        scores = player((x[batch] - mean) / spread)[:, 0]
        F.binary_cross_entropy_with_logits(scores, real[batch].float()).backward()
        optimiser.step()
    with torch.no_grad():
        return points((player((x_val - mean) / spread)[:, 0] > 0) == real_val)


def in_order_unsquared(seed):
    """One layer, goodness the mean activity, not squared: pairs of 8 blurs in order, in %."""
    net, draws, data = ONE_LAYER.network(seed=seed), generator(seed), digits()
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    for batch in torch.cat([torch.randperm(8000, generator=draws) for _ in range(2)]).split(100):
        x = data.train.images[batch]
        g_pos, g_neg = (net(v)[0].mean(dim=1) for v in (x, ffteach.hybrids(x, generator=draws)))
        optimiser.zero_grad()
        ffteach.ff_loss(g_pos, g_neg, threshold=0.5, temperature=0.05).backward()
        optimiser.step()
    x = data.validation.images
    with torch.no_grad():
        g_pos, g_neg = (
            net(v)[0].mean(dim=1) for v in (x, ffteach.hybrids(x, generator=generator(5)))
        )
    return points(g_pos > g_neg)


def patch_width(seed):
    """How wide a patch of 8 blurs is on average, in pixels."""
    masks = ffteach.blur_masks(200, generator=generator(seed)).reshape(-1, 28, 28)
    return 28 / (1 + (masks[:, :, 1:] != masks[:, :, :-1]).sum(dim=2).double().mean().item())


def correlation_length(masks):
    """The distance at which two pixels' correlation has fallen to 1/e, in pixels."""
    m = masks.reshape(-1, 28, 28)
    previous = 1.0
    for d in range(1, 20):
        correlation = 2 * points(m[:, :, d:] == m[:, :, :-d]) / 100 - 1
        if correlation < 1 / torch.e:
            return d - (1 / torch.e - correlation) / (previous - correlation)
        previous = correlation


def doubled_sigma(seed):
    """By how many pixels system C's correlation length changes when every sigma doubles."""
    wide = tuple((size, 2 * sigma) for size, sigma in ffteach.masks.GAUSSIAN_BLURS)
    once, twice = (
        ffteach.masks.gaussian_stages(2000, generator=generator(seed), **settings).masks
        for settings in ({}, {"gaussians": wide})
    )
    return correlation_length(twice) - correlation_length(once)


def length_by_blurs(blurs, seed):
    masks = ffteach.blur_masks(2000, blurs=blurs, generator=generator(seed))
    return correlation_length(masks) / blurs**0.5


LESSON_03 = [
    Claim("03, section 1", "patches of 8 blurs: pixels wide", patch_width, 7, 9),
    *(
        Claim(
            "03, section 2",
            f"{blurs} blurs: correlation length 1.1 x root of the blurs",
            lambda seed, blurs=blurs: length_by_blurs(blurs, seed),
            1.05,
            1.22,
        )
        for blurs in (2, 8, 32)
    ),
    Claim("03, the panel", "sigma doubled: hardly any change, pixels", doubled_sigma, -0.2, 0.2),
    Claim(
        "03, section 6",
        "a linear player stays within 6 points of guessing",
        lambda seed: max(abs(game("8 blurs", size, False, seed) - 50) for size in (3, 9, 20)),
        0,
        6,
    ),
    Claim(
        "03, section 6",
        "one-pixel hybrids are caught in 3 x 3 pixels",
        lambda seed: game("one pixel", 3, True, seed),
        65,
        90,
    ),
    Claim(
        "03, section 6",
        "half-image hybrids look real in 9 x 9 pixels",
        lambda seed: game("half image", 9, True, seed),
        48,
        60,
    ),
    Claim(
        "03, section 6",
        "squares win on 20 x 20, whatever the mask",
        lambda seed: min(game(kind, 20, True, seed) for kind in MASKS),
        70,
        100,
    ),
    Claim(
        "03, section 6",
        "unsquared goodness tells hybrids too: pairs in order",
        in_order_unsquared,
        85,
        97,
    ),
    Claim(
        "03, section 7",
        "each kind is best at its own: least lead over the others, in points",
        lambda seed: min(
            misses(other, kind, seed) - misses(kind, kind, seed)
            for kind in MASKS
            for other in MASKS
            if other != kind
        ),
        0,
        20,
    ),
    Claim(
        "03, section 7",
        "the one-pixel layer misses half-image hybrids 1.5 times as often",
        lambda seed: (
            misses("one pixel", "half image", seed) / misses("8 blurs", "half image", seed)
        ),
        1.3,
        1.7,
    ),
    Claim(
        "03, section 7",
        "noise teaches nothing about hybrids: 8 blurs in wrong order, %",
        lambda seed: misses("noise", "8 blurs", seed),
        40,
        60,
    ),
    Claim(
        "03, section 7",
        "after noise the probe is no better than untrained: worse by points",
        lambda seed: layer_error("noise", seed) - layer_error("untrained", seed),
        0,
        1,
    ),
    *(
        Claim(
            "03, section 7",
            f"after {kind} the probe is better than untrained, by points",
            lambda seed, kind=kind: layer_error("untrained", seed) - layer_error(kind, seed),
            0.3,
            4,
        )
        for kind in MASKS
    ),
    Claim(
        "03, section 7",
        "one pixel and 8 blurs differ by less than a point",
        lambda seed: layer_error("one pixel", seed) - layer_error("8 blurs", seed),
        -1,
        1,
    ),
    Claim(
        "03, section 7",
        "half images change the seams more than 8 blurs do, against around",
        lambda seed: change_in_cross("half image", seed),
        1.15,
        1.4,
    ),
    Claim(
        "03, section 7",
        "one-pixel masks do not",
        lambda seed: change_in_cross("one pixel", seed),
        0.9,
        1.1,
    ),
    Claim(
        "03, section 8",
        "pairs in the wrong order: 8 blurs taught by 8 blurs instead of by pairs, points",
        lambda seed: misses("pairs", "8 blurs", seed) - misses("8 blurs", "8 blurs", seed),
        2,
        8,
    ),
    Claim(
        "03, section 8",
        "the same for pairs",
        lambda seed: misses("8 blurs", "pairs", seed) - misses("pairs", "pairs", seed),
        8,
        16,
    ),
    Claim(
        "03, section 8",
        "taught by pairs, one in seven 8-blur hybrids is not told, %",
        lambda seed: misses("pairs", "8 blurs", seed),
        12,
        16,
    ),
    Claim(
        "03, section 8",
        "the probe after pairs and after 8 blurs differ by less than a point",
        lambda seed: layer_error("pairs", seed) - layer_error("8 blurs", seed),
        -1,
        1,
    ),
]

# ---- lesson 04

QUICK = RECIPES["quick-unsupervised"].but(epochs=4)


@cache
def unsupervised(kind, seed):
    if kind == "untrained":
        return QUICK.network(seed=seed)
    if kind == "noise":
        return fitted(QUICK.but(epochs=2), seed, negatives_of("noise"))
    return fitted(QUICK, seed)


@cache
def read(kind, seed, layers=(1, 2), labels=None, decay=1e-2):
    """The validation error in % of a probe on raw pixels, or on a network trained or not."""
    if kind == "raw":
        return probed(lambda images: images, decay, labels)
    net = unsupervised(kind, seed)
    return probed(lambda images: features(net, images, layers=layers), decay, labels)


@cache
def read_early(kind, seed, centred=False):
    """The same after ten steps of Adam; centred: with the mean of the training rows subtracted."""
    data = digits()
    see = (
        (lambda images: images)
        if kind == "raw"
        else (lambda images: features(unsupervised(kind, seed), images))
    )
    mean = see(data.train.images).mean(dim=0) if centred else 0
    probe = PublishedProbe(steps=10, learning_rate=0.01, seed=seed)
    probe.fit(see(data.train.images) - mean, data.train.labels)
    return 100 * probe.error(see(data.validation.images) - mean, data.validation.labels)


@torch.no_grad()
def in_order(seed):
    images, net = digits().validation.images, unsupervised("hybrids", seed)
    mixed = ffteach.hybrids(images, generator=generator(5))
    return min(
        points(ffteach.goodness(p) > ffteach.goodness(n)) for p, n in zip(net(images), net(mixed))
    )


@cache
def one_wide_layer(seed):
    net = fitted(QUICK.but(widths=(784, 1500)), seed)
    return probed(lambda images: features(net, images))


@cache
def trained_system_c(seed):
    """System C in small: 2 000 digits, 200 units, 200 full-batch steps a layer."""
    recipe = RECIPES["mask-probe"].but(widths=(784, 200, 200, 200), epochs=200)
    few = Split(*digits().train.take(slice(2000)))
    return train(recipe.network(seed=seed), few, recipe, seed=seed).finish(), recipe


def system_c(kind, seed, layers=(1, 2)):
    """The validation error in % of a probe that chooses its decay, on system C's activities."""
    data, (net, recipe) = digits(), trained_system_c(seed)
    net = {"FF": net, "untrained": recipe.network(seed=seed), "raw": None}[kind]

    def see(images):
        return images if net is None else features(net, images, layers=layers, normalised=False)

    few = data.train.take(slice(2000))
    probe = LinearProbe().fit(see(few.images), few.labels)
    return 100 * probe.error(see(data.validation.images), data.validation.labels)


LESSON_04 = [
    Claim(
        "04, section 1",
        "an untrained network is better than raw pixels, by points",
        lambda seed: read("raw", seed) - read("untrained", seed),
        0.3,
        4,
    ),
    Claim(
        "04, section 1",
        "after 10 steps the untrained network looks worse, by points",
        lambda seed: read_early("untrained", seed) - read_early("raw", seed),
        3,
        50,
    ),
    Claim(
        "04, section 1",
        "with the mean subtracted it does not: error after 10 steps",
        lambda seed: read_early("untrained", seed, centred=True),
        9,
        17,
    ),
    Claim(
        "04, section 1",
        "nor do pixels: error after 10 steps with the mean subtracted",
        lambda seed: read_early("raw", seed, centred=True),
        9,
        25,
    ),
    Claim("04, section 2", "digits above their hybrids in the worst layer, %", in_order, 89, 99),
    Claim(
        "04, section 3",
        "better than raw pixels, by points",
        lambda seed: read("raw", seed) - read("hybrids", seed),
        2.5,
        6,
    ),
    Claim(
        "04, section 3",
        "better than untrained, by points",
        lambda seed: read("untrained", seed) - read("hybrids", seed),
        1.5,
        4,
    ),
    Claim(
        "04, section 4",
        "100 labels: error on features",
        lambda seed: read("hybrids", seed, labels=100),
        17,
        21,
    ),
    Claim(
        "04, section 4",
        "100 labels: error on pixels",
        lambda seed: read("raw", seed, labels=100),
        24,
        32,
    ),
    Claim(
        "04, section 4",
        "100 labels: error untrained",
        lambda seed: read("untrained", seed, labels=100),
        24,
        36,
    ),
    Claim(
        "04, section 4",
        "300 labels: error on features",
        lambda seed: read("hybrids", seed, labels=300),
        13,
        17,
    ),
    Claim(
        "04, section 5",
        "worst single layer minus the best, in points",
        lambda seed: (
            max(alone := [read("hybrids", seed, (k,), 2000) for k in range(3)]) - min(alone)
        ),
        0,
        1.5,
    ),
    Claim(
        "04, section 5",
        "all three instead of the last two: points gained",
        lambda seed: read("hybrids", seed, (1, 2), 2000) - read("hybrids", seed, (0, 1, 2), 2000),
        -0.3,
        1.2,
    ),
    Claim(
        "04, section 5",
        "one layer of 1 500 minus all three of 500, in points",
        lambda seed: one_wide_layer(seed) - read("hybrids", seed, (0, 1, 2)),
        -0.8,
        0.8,
    ),
    Claim(
        "04, section 5",
        "untrained: the third layer alone is worse than the first, by points",
        lambda seed: read("untrained", seed, (2,), 2000) - read("untrained", seed, (0,), 2000),
        0.3,
        6,
    ),
    Claim(
        "04, section 7",
        "after noise within about a point of untrained",
        lambda seed: read("noise", seed) - read("untrained", seed),
        -1.3,
        1.3,
    ),
    Claim(
        "04, section 8",
        "system C in small: FF worse than untrained, by points",
        lambda seed: system_c("FF", seed) - system_c("untrained", seed),
        2,
        10,
    ),
    Claim(
        "04, section 8",
        "the same with all three layers: worse by points",
        lambda seed: system_c("FF", seed, (0, 1, 2)) - system_c("untrained", seed, (0, 1, 2)),
        0.5,
        2.5,
    ),
    Claim(
        "04, section 8",
        "system C in small: untrained minus raw pixels, points",
        lambda seed: system_c("untrained", seed) - system_c("raw", seed),
        2,
        9,
    ),
]

# ---- lesson 05

ROWS = Recipe(widths=(784, 200, 200), epochs=3, temperature=1.0, label_strength=1.0)
START = ROWS.but(batch_size=None, row_scale="unit-length", init="torch", learning_rate=0.03)
SHARP = ROWS.but(temperature=1 / 20, label_strength=4.0)
LOW, PAIR = SHARP.but(threshold=0.5), SHARP.but(loss="pairwise")
STEPS = {
    "start": START,
    "batches": START.but(batch_size=100),
    "rows": ROWS,
    "sharp": SHARP,
    "threshold": LOW,
    "pairwise": PAIR,
    "threshold, hard": LOW.but(negatives="hard"),
    "hard": PAIR.but(negatives="hard"),
    "head": PAIR.but(negatives="hard", widths=(784, 200, 200, 200), head=True),
    "fight": PAIR.but(negatives="hard", widths=(784, 300, 300), epochs=4),
    "longer fight": PAIR.but(negatives="hard", widths=(784, 500, 500), epochs=6),
    "single": PAIR.but(negatives="hard", widths=(784, 200), epochs=6),
    "single, moved": PAIR.but(negatives="hard", widths=(784, 200), epochs=6, adversarial=0.5),
}


@cache
def stepped(name, seed):
    return fitted(STEPS[name], seed)


@cache
def missed(name, seed, layers=None):
    images, labels = digits().validation
    return ffteach.predict(stepped(name, seed), images, layers=layers) != labels


def test_error(name, seed):
    return 100 * ffteach.error_rate(stepped(name, seed), digits().test)


def better(first, second, seed):
    """By how many points the second setting is better than the first."""
    return points(missed(first, seed)) - points(missed(second, seed))


def away(net, images, labels):
    """The way against the slope of layer 1's gap, by autograd, for each image: `(N, 784)`."""
    table = ffteach.goodness_per_label(net, images, layers=[0])
    liked = table.scatter(1, labels[:, None], -torch.inf).argmax(dim=1)
    x = images.clone().requires_grad_()
    pair = (ffteach.overlay_label(x, y, net.label_strength) for y in (labels, liked))
    g_true, g_wrong = (ffteach.goodness(net.layers[0](labelled)) for labelled in pair)
    return -torch.autograd.grad((g_true - g_wrong).sum(), x)[0]


@cache
def fooled(name, seed, length=1.0, steps=1, at_random=False):
    """The error in % once digits are moved against layer 1's slope, or at random."""
    net, (images, labels) = stepped(name, seed), digits().validation
    moved, draws = images, generator(seed)
    for _ in range(steps):
        way = torch.randn(images.shape, generator=draws) if at_random else away(net, moved, labels)
        moved = (moved + length / steps * F.normalize(way)).clamp(0, 1)
    return points(ffteach.predict(net, moved) != labels)


def moves_at_random_gain(reach, seed):
    """By how many points learning from digits that are moved anywhere reads others better."""
    draws = generator(seed)
    anywhere = lambda pairs: torch.randn(pairs.overlay.shared.x.shape, generator=draws)
    with patch("ffteach.adversarial.gap_slope", anywhere):
        net = fitted(STEPS["single, moved"].but(adversarial=reach), seed)
    images, labels = digits().validation
    return points(missed("single", seed)) - points(ffteach.predict(net, images) != labels)


def first_layer_costs(seed):
    """By how many points leaving the first layer out is worse."""
    return points(missed("head", seed, (1, 2))) - points(missed("head", seed))


def one_pass(seed):
    """By how many points the softmax head is better than ten labels."""
    images, labels = digits().validation
    answers = ffteach.inference.predict_one_pass(stepped("head", seed), images)
    return points(missed("head", seed)) - points(answers != labels)


@cache
def one_layer_with_push(threshold, strength, seed):
    """`(error in %, units silent on all unseen digits)` of one layer, trained by autograd."""
    data, net = digits(), Recipe(widths=(784, 200)).network(seed=seed)
    layer, draws, running = net.layers[0], generator(seed), torch.full((200,), 0.5)
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
    for batch in torch.cat([torch.randperm(8000, generator=draws) for _ in range(2)]).split(100):
        x, y = data.train.images[batch], data.train.labels[batch]
        wrong = ffteach.wrong_labels(y, generator=draws)
        z_pos, z_neg = (
            F.linear(layer.rescale(ffteach.overlay_label(x, v, 4.0)), layer.weight, layer.bias)
            for v in (y, wrong)
        )
        h_pos, h_neg = z_pos.relu(), z_neg.relu()
        running = 0.9 * running + 0.1 * h_pos.detach().mean(dim=0)
        push = strength * (running - running.mean()) / len(x)
        g_pos, g_neg = ffteach.goodness(h_pos), ffteach.goodness(h_neg)
        loss = ffteach.ff_loss(g_pos, g_neg, threshold, 0.05) + (push * z_pos).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    images, labels = data.validation
    with torch.no_grad():
        h = torch.stack(
            [
                net(ffteach.overlay_label(images, torch.full_like(labels, v), 4.0))[0]
                for v in range(10)
            ]
        )
    error = points(h.square().mean(dim=2).argmax(dim=0) != labels)
    return error, (h == 0).all(dim=1).all(dim=0).sum().item()


def backprop(seed, width=300, epochs=4, split="validation"):
    """The error in % of backpropagation with the lesson's settings."""
    images, labels = getattr(digits(), split)
    return points(backpropagated(seed, width, epochs)(images).argmax(dim=1) != labels)


@cache
def backpropagated(seed, width, epochs):
    torch.manual_seed(seed)
    sizes = ((784, width), (width, width), (width, 10))
    first, second, last = (torch.nn.Linear(*size) for size in sizes)
    net = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    data, total = digits(), epochs * 80
    order = torch.cat([torch.randperm(8000) for _ in range(epochs)])
    for step, batch in enumerate(order.split(100)):
        optimiser.param_groups[0]["lr"] = 1e-3 * min(1, 2 * (1 - step / total))
        optimiser.zero_grad()
        F.cross_entropy(net(data.train.images[batch]), data.train.labels[batch]).backward()
        optimiser.step()
    return net


@cache
def raced(rate, seed, epochs=1, then=None):
    """By how many points backpropagation is ahead in the live race, at constant rates.

    then: the rate of one more epoch.
    """
    race = Race((784, 300, 300), digits(), rates=(rate, rate), epochs=epochs + 1, seed=seed)
    for _ in range(80 * epochs):
        race.take_step()
    if then:
        race.set_rates(then, then)
        for _ in range(80):
            race.take_step()
    race.look()
    return -100 * race.lead[0]


def boxed(box, learn, seed):
    """`(error in %, how far layer 1 moved)` of two layers with `box` between them."""
    data, draws = digits(), generator(seed)
    layers = Recipe(widths=(784, 200, 200)).network(seed=seed).layers
    start = layers[0].weight.detach().clone()
    answer = learn(layers, box, data.train, draws)
    with torch.no_grad():
        error = points(answer(data.validation.images) != data.validation.labels)
    return error, (layers[0].weight - start).norm().item() / start.norm().item()


def batches(count, draws, epochs=2):
    return torch.cat([torch.randperm(count, generator=draws) for _ in range(epochs)]).split(100)


def learn_forward(layers, box, split, draws):
    optimisers = [torch.optim.Adam(layer.parameters(), lr=1e-3) for layer in layers]
    for batch in batches(len(split.images), draws):
        x, y = split.images[batch], split.labels[batch]
        wrong = ffteach.wrong_labels(y, generator=draws)
        x = torch.cat([ffteach.overlay_label(x, v, 4.0) for v in (y, wrong)])
        for layer, optimiser in zip(layers, optimisers):
            h = layer(x)
            loss = ffteach.ff_loss(*ffteach.goodness(h).chunk(2), threshold=0.5, temperature=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            x = box(h.detach())

    def answer(images):
        total = []
        for label in range(10):
            x = ffteach.overlay_label(images, torch.full((len(images),), label), 4.0)
            h = layers[0](x)
            total.append(ffteach.goodness(h) + ffteach.goodness(layers[1](box(h))))
        return torch.stack(total).argmax(dim=0)

    return answer


def learn_backward(layers, box, split, draws):
    torch.manual_seed(draws.initial_seed())
    last = torch.nn.Linear(200, 10)
    optimiser = torch.optim.Adam([*layers.parameters(), *last.parameters()], lr=1e-3)
    scores = lambda x: last(layers[1](box(layers[0](x))))
    for batch in batches(len(split.images), draws):
        optimiser.zero_grad()
        F.cross_entropy(scores(split.images[batch]), split.labels[batch]).backward()
        optimiser.step()
    return lambda images: scores(images).argmax(dim=1)


WIRES = torch.randperm(200, generator=generator(7))


@cache
def black_box(method, closed, seed):
    box = (lambda h: h.sign()[:, WIRES]) if closed else (lambda h: h)
    return boxed(box, {"FF": learn_forward, "BP": learn_backward}[method], seed)


LESSON_05 = [
    Claim(
        "05, section 2",
        "three full-batch steps teach nothing: error",
        lambda seed: points(missed("start", seed)),
        80,
        95,
    ),
    Claim("05, section 2", "batches: error", lambda seed: points(missed("batches", seed)), 30, 90),
    Claim(
        "05, section 2",
        "row scale is the largest change from there on, by points over the next",
        lambda seed: better("batches", "rows", seed) - better("sharp", "threshold", seed),
        5,
        80,
    ),
    Claim(
        "05, section 2",
        "temperature and label pixel: points",
        lambda seed: better("rows", "sharp", seed),
        1.7,
        4.5,
    ),
    Claim(
        "05, section 2",
        "a better threshold: points",
        lambda seed: better("sharp", "threshold", seed),
        2,
        5,
    ),
    Claim(
        "05, section 2",
        "pairwise instead of threshold, uniform negatives: points",
        lambda seed: better("threshold", "pairwise", seed),
        -1.2,
        1.2,
    ),
    Claim(
        "05, section 2",
        "pairwise instead of threshold, hard negatives: points",
        lambda seed: better("threshold, hard", "hard", seed),
        0.5,
        2.2,
    ),
    Claim(
        "05, section 2",
        "hard negatives with the pairwise loss: points",
        lambda seed: better("pairwise", "hard", seed),
        1.5,
        3.5,
    ),
    Claim(
        "05, section 2",
        "hard negatives with the threshold: points",
        lambda seed: better("threshold", "threshold, hard", seed),
        0,
        2.5,
    ),
    Claim("05, section 3", "one pass better than ten labels, points", one_pass, -1, 1),
    Claim("05, section 4", "leaving the first layer out costs, points", first_layer_costs, 0, 0.7),
    Claim(
        "05, section 4",
        "layer 1 alone is better than all three, points",
        lambda seed: points(missed("head", seed)) - points(missed("head", seed, (0,))),
        -0.2,
        1,
    ),
    *(
        Claim(
            "05, section 5",
            f"threshold {t}, strength {k}: error",
            lambda seed, t=t, k=k: one_layer_with_push(t, k, seed)[0],
            *span,
        )
        for t, k, span in (
            (0.03, 0.0, (15, 50)),
            (0.03, 0.003, (10, 18)),
            (0.03, 0.03, (13, 22)),
            (0.5, 0.0, (9, 12)),
            (0.5, 0.003, (9, 13)),
            (0.5, 0.03, (12, 18)),
        )
    ),
    Claim(
        "05, section 5",
        "silent units at threshold 0.03 without the push",
        lambda seed: one_layer_with_push(0.03, 0.0, seed)[1],
        5,
        60,
    ),
    Claim(
        "05, section 5",
        "silent units at threshold 0.03 with 0.003",
        lambda seed: one_layer_with_push(0.03, 0.003, seed)[1],
        0,
        3,
    ),
    Claim(
        "05, section 6",
        "Forward-Forward better than backpropagation, points",
        lambda seed: backprop(seed) - points(missed("fight", seed)),
        -0.2,
        1.3,
    ),
    Claim(
        "05, section 6",
        "the same on the test digits",
        lambda seed: backprop(seed, split="test") - test_error("fight", seed),
        0.5,
        2,
    ),
    Claim(
        "05, section 6",
        "the same with 500 units and six epochs",
        lambda seed: backprop(seed, 500, 6) - points(missed("longer fight", seed)),
        -1,
        1,
    ),
    Claim(
        "05, section 6",
        "race, one epoch at 0.01: backpropagation ahead, points",
        lambda seed: raced(0.01, seed),
        6.5,
        9.5,
    ),
    Claim(
        "05, section 6",
        "race, one epoch later at 0.001: still ahead, points",
        lambda seed: raced(0.01, seed, then=0.001),
        2.5,
        3.5,
    ),
    Claim(
        "05, section 6",
        "race, four epochs at 0.001: apart, points",
        lambda seed: raced(0.001, seed, epochs=4),
        -1.5,
        1.5,
    ),
    Claim(
        "05, section 6",
        "black box: Forward-Forward loses, points",
        lambda seed: black_box("FF", True, seed)[0] - black_box("FF", False, seed)[0],
        -1,
        2,
    ),
    Claim(
        "05, section 6",
        "black box: backpropagation loses, points",
        lambda seed: black_box("BP", True, seed)[0] - black_box("BP", False, seed)[0],
        9.5,
        12.5,
    ),
    Claim(
        "05, section 6",
        "black box: backpropagation's layer 1 moves",
        lambda seed: black_box("BP", True, seed)[1],
        0,
        0,
    ),
    Claim(
        "05, section 6",
        "black box: Forward-Forward's layer 1 moves",
        lambda seed: black_box("FF", True, seed)[1],
        0.05,
        3,
    ),
    Claim(
        "05, section 6", "black box: FF error", lambda seed: black_box("FF", True, seed)[0], 5, 20
    ),
    Claim(
        "05, section 6", "black box: BP error", lambda seed: black_box("BP", True, seed)[0], 5, 20
    ),
    Claim(
        "05, section 8", "one layer's error", lambda seed: points(missed("single", seed)), 4.5, 6
    ),
    Claim(
        "05, section 8",
        "a move of 2 at random changes the error by points",
        lambda seed: fooled("single", seed, 2.0, at_random=True) - points(missed("single", seed)),
        -1,
        1,
    ),
    Claim("05, section 8", "moved by 1: misread %", lambda seed: fooled("single", seed), 45, 55),
    Claim(
        "05, section 8",
        "after learning from moved digits: the share of that which is left",
        lambda seed: fooled("single, moved", seed) / fooled("single", seed),
        0.35,
        0.5,
    ),
    Claim(
        "05, section 8",
        "... and moved by 2: misread %",
        lambda seed: fooled("single, moved", seed, 2.0),
        55,
        70,
    ),
    *(
        Claim(
            "05, section 8",
            f"{name}: five small steps fool more than one of the same length, points",
            lambda seed, name=name: fooled(name, seed, steps=5) - fooled(name, seed),
            0.2,
            1.5,
        )
        for name in ("single", "single, moved")
    ),
    *(
        Claim(
            "05, section 8",
            f"learning from digits moved at random by up to {reach:g} gains points",
            lambda seed, reach=reach: moves_at_random_gain(reach, seed),
            -0.5,
            0.3,
        )
        for reach in (0.5, 3.0)
    ),
    Claim(
        "05, section 8",
        "... and better on digits as they are, points",
        lambda seed: better("single", "single, moved", seed),
        0.6,
        1.2,
    ),
]

CLAIMS = LESSON_03 + LESSON_04 + LESSON_05
