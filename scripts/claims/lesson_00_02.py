"""What lessons 00, 01, 02 and 02b claim of a measurement. Run by `scripts/check_claims.py`."""

from functools import cache

import torch

import ffteach
from ffteach import RECIPES, Digits, Recipe, goodness, overlay_label, train, wrong_labels
from ffteach.live import TrainingLab

from . import Claim

# ---- shared


@cache
def digits():
    return ffteach.load_mnist(validation=2000, device="cpu")


def generator(seed):
    return torch.Generator().manual_seed(seed)


def percent(truth):
    return 100 * truth.double().mean().item()


@cache
def pair_of(name="validation", strength=4.0):
    """The digits of one split with their true labels, and with wrong ones."""
    images, labels = getattr(digits(), name)
    wrong = wrong_labels(labels, generator=generator(0))
    return overlay_label(images, labels, strength), overlay_label(images, wrong, strength)


@cache
def fitted(recipe, seed, draw=None):
    return train(recipe.network(seed=seed), digits(), recipe, seed=seed, draw=draw).finish()


@torch.no_grad()
def activities(net, layer=0):
    return [net(x)[layer] for x in pair_of()]


def error(net, **options):
    return 100 * ffteach.error_rate(net, digits().validation, **options)


def layer_errors(net):
    return [100 * share for share in ffteach.layer_error_rates(net, digits().validation)]


# ---- lesson 00

START = Recipe(widths=(784, 300, 300), threshold=0.5, epochs=2)


@cache
def start_here(seed):
    """Goodness of positives and of negatives in the last epoch, and the test error."""
    data = ffteach.load_mnist(device="cpu")
    run = train(START.network(seed=seed), data, START, seed=seed)
    *_, last = run.epoch_records()
    return last.goodness_pos, last.goodness_neg, 100 * ffteach.error_rate(run.net, data.test)


@cache
def live(threshold, steps, seed):
    """Goodness of positives and of negatives in layer 1 of the small panel after these steps."""
    lab = TrainingLab(START.but(threshold=threshold), small=True, seed=seed)
    state = lab.run(steps)
    lab.close()
    return state["goodness_pos"][0], state["goodness_neg"][0]


LESSON_00 = [
    Claim("00, step 3", "positives rise above 0.5", lambda s: min(start_here(s)[0]), 0.6, 0.8),
    Claim("00, step 3", "negatives fall below 0.5", lambda s: max(start_here(s)[1]), 0.2, 0.4),
    Claim("00, panel", "step 40: positives right of 0.5", lambda s: live(0.5, 40, s)[0], 0.55, 0.7),
    Claim("00, panel", "step 40: negatives left of it", lambda s: live(0.5, 40, s)[1], 0.35, 0.45),
    Claim("00, panel", "step 20: positives at 2", lambda s: live(2.0, 20, s)[0], 1.9, 2.2),
    Claim("00, panel", "step 20: negatives at 2, too", lambda s: live(2.0, 20, s)[1], 1.8, 2.2),
    Claim("00, step 4", "fewer than one in ten wrong", lambda s: start_here(s)[2], 0, 9.9),
]

# ---- lesson 01


def in_order_by_hand(seed):
    """One layer trained by the two lines of section 4: pairs of new digits in order, in %."""
    draws, data = generator(seed), digits()
    layer = ffteach.FFLayer(784, 200, generator=draws).requires_grad_(False)
    for batch in torch.cat([torch.randperm(8000, generator=draws) for _ in range(2)]).split(100):
        images, labels = data.train.take(batch)
        wrong = wrong_labels(labels, generator=draws)
        x = torch.cat([overlay_label(images, y, 4.0) for y in (labels, wrong)])
        x, h = x / x.square().mean(dim=1, keepdim=True).sqrt(), layer(x)
        p_pos, p_neg = torch.sigmoid((goodness(h) - 0.5) / 0.05).chunk(2)
        slope = torch.cat([p_pos - 1, p_neg]) / (2 * len(batch) * 0.05)
        dz = slope[:, None] * (2 / h.shape[1]) * h
        layer.weight -= 0.02 * dz.T @ x
        layer.bias -= 0.02 * dz.sum(dim=0)
    g_pos, g_neg = (goodness(layer(x)) for x in pair_of())
    return percent(g_pos > g_neg)


def right_at(threshold, seed, trained=True):
    """Answers of layer 1 in the goodness lab that are right at this threshold, in %."""
    recipe = Recipe(widths=(784, 200, 200), epochs=2)
    net = fitted(recipe, seed) if trained else recipe.network(seed=seed)
    g_pos, g_neg = (goodness(h) for h in activities(net))
    return percent(torch.cat([g_pos > threshold, g_neg < threshold]))


LESSON_01 = [
    Claim("01, section 4", "some 96 of 100 pairs in order", in_order_by_hand, 94.5, 97.5),
    Claim(
        "01, the panel",
        "untrained: half right at any threshold",
        lambda s: max(right_at(0.1 * t, s, trained=False) for t in range(1, 20)),
        49,
        54,
    ),
    Claim(
        "01, the panel", "trained: more than eight in ten right", lambda s: right_at(2, s), 80, 92
    ),
    Claim(
        "01, the panel",
        "half a unit to either side: next to nothing",
        lambda s: max(right_at(1.5, s), right_at(2.5, s)),
        49,
        56,
    ),
]

# ---- lesson 02

ONE = Recipe(widths=(784, 300), epochs=7, rate_decay="none")
TWO = Recipe(widths=(784, 300, 300), epochs=4, rate_decay="none")
DEEP = Recipe(widths=(784, 200, 200, 200, 200), epochs=3)
PAIRS = Recipe(widths=(784, 200), loss="pairwise", epochs=4)


@cache
def film(seed):
    """Goodness of positives and negatives at four steps, and the error at the end."""
    frames, net = {}, ONE.network(seed=seed)
    frames[0] = [goodness(h) for h in activities(net)]
    for record in train(net, digits(), ONE, seed=seed):
        if record.step in (50, 150, 500):
            frames[record.step] = [goodness(h) for h in activities(net)]
        if record.step == 500:
            return frames, error(net)


def means(step, seed):
    return [g.mean().item() for g in film(seed)[0][step]]


@cache
def overtaking(seed):
    """Errors of layers 1 and 2 after each epoch, layer 1 frozen after the first."""
    run, errors = train(TWO.network(seed=seed), digits(), TWO, seed=seed), []
    for record in run:
        if record.epoch_done:
            errors.append(layer_errors(run.net))
            run.frozen.add(0)
    return errors


@cache
def greedy(seed):
    """System A's loop by lesson 02's settings: error of one layer, and of two."""
    recipe = TWO.but(schedule="greedy", epochs=8)
    few = Digits(digits().train.take(slice(2000)), digits().validation, digits().test)
    net = train(recipe.network(seed=seed), few, recipe, seed=seed).finish()
    return error(net, layers=[0]), error(net)


def offsets(largest):
    def draw(labels, *, generator):
        drawn = torch.randint(largest, labels.shape, generator=generator)
        return (labels + 1 + drawn) % 10

    return draw


def shuffled(labels, *, generator):
    return labels[torch.randperm(len(labels), generator=generator)]


@cache
def skyline(largest, seed):
    net = fitted(Recipe(widths=(784, 300), epochs=3), seed, offsets(largest))
    shift = (ffteach.predict(net, digits().validation.images) - digits().validation.labels) % 10
    return shift.bincount(minlength=10)


@cache
def fooled_by_ink(seed):
    """Error in % and loss of a layer whose negatives have nine lit label pixels."""
    layer, draws, (images, labels) = ONE.network(seed=seed), generator(seed), digits().train
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
    for batch in torch.cat([torch.randperm(8000, generator=draws) for _ in range(2)]).split(100):
        positive = overlay_label(images[batch], labels[batch], 4.0)
        negative = positive.clone()
        negative[:, :10] = 4.0 - negative[:, :10]
        g_pos, g_neg = (goodness(layer(x)[0]) for x in (positive, negative))
        loss = ffteach.ff_loss(g_pos, g_neg, 2.0, 0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    layer.label_strength = 4.0
    return error(layer), loss.item()


@cache
def quick(seed):
    """The gap between positives and negatives in each epoch, and the test error in %."""
    recipe = RECIPES["quick"]
    run = train(recipe.network(seed=seed), digits(), recipe, seed=seed)
    gaps = [r.goodness_pos[0] - r.goodness_neg[0] for r in run.epoch_records()]
    return gaps, 100 * ffteach.error_rate(run.net, digits().test)


LESSON_02 = [
    Claim("02, section 2", "both start near 0.5", lambda s: max(means(0, s)), 0.45, 0.55),
    Claim("02, section 2", "both reach 2 by step 50", lambda s: min(means(50, s)), 1.75, 2.1),
    Claim(
        "02, section 2",
        "at step 500 they have parted: right answers in %",
        lambda s: percent(torch.cat([film(s)[0][500][0] > 2, film(s)[0][500][1] < 2])),
        91,
        97,
    ),
    Claim("02, section 3", "about one in ten wrong", lambda s: film(s)[1], 8, 12),
    Claim(
        "02, section 5",
        "layer 2 starts far behind",
        lambda s: overtaking(s)[0][1] - overtaking(s)[0][0],
        30,
        70,
    ),
    Claim(
        "02, section 5",
        "and ends two to six points below the frozen layer 1",
        lambda s: overtaking(s)[-1][0] - overtaking(s)[-1][1],
        2,
        6.5,
    ),
    *(
        Claim(
            "02, section 5",
            f"temperature {T:g}: no layer is better than the one below, by points",
            lambda s, T=T: min(
                b - a
                for a, b in zip(
                    layer_errors(fitted(DEEP.but(temperature=T), s)),
                    layer_errors(fitted(DEEP.but(temperature=T), s))[1:],
                )
            ),
            -0.5,
            20,
        )
        for T in (1.0, 0.05)
    ),
    Claim(
        "02, section 5",
        "temperature 1: the fourth layer reads one to three digits in ten",
        lambda s: layer_errors(fitted(DEEP.but(temperature=1.0), s))[3],
        65,
        90,
    ),
    Claim(
        "02, section 5",
        "temperature 1/20: the fourth layer reads three to five",
        lambda s: layer_errors(fitted(DEEP, s))[3],
        45,
        76,
    ),
    Claim(
        "02, section 6",
        "a second layer moves the error by about a point either way",
        lambda s: greedy(s)[1] - greedy(s)[0],
        -1.8,
        1.5,
    ),
    Claim(
        "02, section 7",
        "offset 9 never shown: 1.3 to 2.4 times the wrong answers there",
        lambda s: (skyline(8, s)[9] / skyline(9, s)[9]).item(),
        1.2,
        2.6,
    ),
    Claim(
        "02, section 7",
        "only offset 1: hardly any wrong answers there, in % of all",
        lambda s: 100 * (skyline(1, s)[1] / skyline(1, s)[1:].sum()).item(),
        0,
        2,
    ),
    Claim(
        "02, section 7",
        "fresh negatives are better by half a point to three",
        lambda s: error(fitted(PAIRS.but(fresh_negatives=False), s)) - error(fitted(PAIRS, s)),
        0.5,
        3.1,
    ),
    Claim(
        "02, section 7",
        "shuffled negatives cost about a point at most",
        lambda s: error(fitted(PAIRS, s, shuffled)) - error(fitted(PAIRS, s)),
        -0.6,
        1.3,
    ),
    Claim("02, section 7", "ink: loss of nearly zero", lambda s: fooled_by_ink(s)[1], 0, 0.02),
    Claim("02, section 7", "ink: reads two or three in ten", lambda s: fooled_by_ink(s)[0], 65, 87),
    Claim(
        "02, section 9",
        "the gap falls when the hard negatives begin",
        lambda s: quick(s)[0][0] - quick(s)[0][1],
        0.05,
        0.2,
    ),
    Claim(
        "02, section 9",
        "and then grows beyond where it was",
        lambda s: quick(s)[0][-1] - quick(s)[0][0],
        0.03,
        0.2,
    ),
    Claim("02, section 9", "test error below 5 %", lambda s: quick(s)[1], 2, 4.9),
]

# ---- lesson 02b

SMALL = Recipe(widths=(784, 200), epochs=2)
LEAK = Recipe(widths=(784, 500), epochs=3, threshold=0.5, temperature=1.0)


def small_error(seed, **settings):
    return error(fitted(SMALL.but(**settings), seed))


def idle(theta, temperature, seed):
    """Positives with P above 99 %, in %."""
    net = fitted(SMALL.but(threshold=theta, temperature=temperature), seed)
    return percent((goodness(activities(net)[0]) - theta) / temperature > 4.595)


def never_fire(seed, **settings):
    both = torch.cat(activities(fitted(SMALL.but(**settings), seed)))
    return percent(both.amax(dim=0) == 0)


def pairs_in_order(seed, **settings):
    g_pos, g_neg = (goodness(h) for h in activities(fitted(SMALL.but(**settings), seed)))
    return percent(g_pos > g_neg)


def one_line(seed, **settings):
    """Images on the right side of the best line for all of them, in %."""
    g_pos, g_neg = (goodness(h) for h in activities(fitted(SMALL.but(**settings), seed)))
    lines = torch.cat([g_pos, g_neg]).quantile(torch.linspace(0, 1, 101))
    return max(percent(torch.cat([g_pos > line, g_neg < line])) for line in lines)


@cache
def random_second_layer(seed, rescaled):
    """Its error in %, and its pairs in order with own and with swapped lengths."""
    net, (images, labels) = fitted(LEAK, seed), digits().validation
    second = ffteach.FFLayer(500, 500, generator=generator(seed)).requires_grad_(False)

    def see(h):
        h = second.rescale(h) if rescaled else h
        return goodness(torch.relu(h @ second.weight.T))

    h_pos, h_neg = activities(net)
    longer = h_neg.norm(dim=1, keepdim=True) / h_pos.norm(dim=1, keepdim=True)
    with torch.no_grad():
        rows = [net(overlay_label(images, torch.full_like(labels, y), 4.0))[0] for y in range(10)]
        wrong = percent(torch.stack([see(h) for h in rows], dim=1).argmax(dim=1) != labels)
    own, swapped = (
        percent(see(p) > see(n)) for p, n in ((h_pos, h_neg), (h_pos * longer, h_neg / longer))
    )
    return wrong, own, swapped


def circle(angles):
    return 2**0.5 * torch.stack([angles.cos(), angles.sin()], dim=1)


def on_ring(n, draws):
    centres = 2.2 * torch.randint(0, 2, (n,), generator=draws) - 1.1
    return circle(centres + 0.5 * torch.randn(n, generator=draws))


def around(n, draws):
    return circle(2 * torch.pi * torch.rand(n, generator=draws))


def cloud(width):
    return lambda n, draws: width * torch.randn(n, 2, generator=draws)


def on_sphere(x):
    x = torch.cat([x, torch.ones(len(x), 1)], dim=1)
    return x / x.square().mean(dim=1, keepdim=True).sqrt()


@cache
def learnt(game, seed):
    """The logit that a layer learns in one of section 5's games, and its loss on new points."""
    positives, negatives, prepare, sign = {
        "ring": (on_ring, around, lambda x: x, 1),
        "plane": (cloud(0.7), cloud(1.5), lambda x: x, 1),
        "rescaled": (cloud(0.7), cloud(1.5), on_sphere, 1),
        "minus": (cloud(0.7), cloud(1.5), lambda x: x, -1),
    }[game]
    draws = generator(seed)
    layer = torch.nn.Linear(prepare(positives(2, draws)).shape[1], 100)
    torch.nn.init.normal_(layer.weight, std=layer.in_features**-0.5, generator=draws)
    torch.nn.init.zeros_(layer.bias)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.03)

    def logit(x):
        return sign * (goodness(torch.relu(layer(prepare(x)))) - 2.0)

    def loss(n):
        return ffteach.ff_loss(logit(positives(n, draws)), logit(negatives(n, draws)), 0.0)

    for _ in range(400):
        optimiser.zero_grad()
        loss(500).backward()
        optimiser.step()
    with torch.no_grad():
        return logit, loss(20_000).item()


def follows_the_ratio(seed):
    angles = torch.linspace(-3.14, 3.14, 158)
    bumps = sum((-((angles - centre) ** 2) / 0.5).exp() for centre in (-1.1, 1.1)) / 2
    ratio = (bumps * (2 * torch.pi) ** 0.5 / 0.5).log()
    logit = learnt("ring", seed)[0](circle(angles)).detach()
    both = torch.stack([ratio, logit])[:, ratio > -2]
    return torch.corrcoef(both)[0, 1].item()


KINDS = {
    "squares": lambda h: h.square().mean(dim=1),
    "unsquared": lambda h: h.mean(dim=1),
    "minus squares": lambda h: -h.square().mean(dim=1),
    "top 15": lambda h: h.topk(15, dim=1).values.square().mean(dim=1),
}


@cache
def with_kind(name, seed):
    """Error in % and active units in % of one layer of 200 units with another goodness."""
    kind, draws, data = KINDS[name], generator(seed), digits()
    layer = Recipe(widths=(784, 200)).network(seed=seed).layers[0]
    x_pos, _ = pair_of()
    theta = kind(layer(x_pos)).mean().item()
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
    for batch in torch.cat([torch.randperm(8000, generator=draws) for _ in range(2)]).split(100):
        x, y = data.train.take(batch)
        wrong = wrong_labels(y, generator=draws)
        g_pos, g_neg = (kind(layer(overlay_label(x, label, 4.0))) for label in (y, wrong))
        optimiser.zero_grad()
        ffteach.ff_loss(g_pos, g_neg, theta, abs(theta) / 10).backward()
        optimiser.step()
    images, labels = data.validation
    with torch.no_grad():
        tried = [overlay_label(images, torch.full_like(labels, y), 4.0) for y in range(10)]
        table = torch.stack([kind(layer(x)) for x in tried], dim=1)
        return percent(table.argmax(dim=1) != labels), percent(layer(x_pos) > 0)


def spread_of_errors(seed):
    errors = [with_kind(name, seed)[0] for name in KINDS]
    return max(errors) - min(errors)


@cache
def system(name, seed):
    """A published system in small: goodness at the start, units of layer 1 that never fire in %,
    the growth, and the error of each layer alone."""
    small = {"widths": (784, 200), "growth_width": 200, "epochs": 20, "growth_epochs": 20}
    data = Digits(digits().train.take(slice(2000)), digits().validation, digits().test)
    if name == "growing":
        recipe, strength = RECIPES["growing"].but(batch_size=100, **small), 1.0
    else:
        recipe, strength = RECIPES["tapering"].but(batch_size=200, epochs=15), 9.0
        data = ffteach.data.rescale_pixels(data, mean=0.1, deviation=0.1)
    net = recipe.network(seed=seed)
    positives = overlay_label(*data.validation, strength)
    start = goodness(net(positives)[0]).mean().item()
    run = train(net, data, recipe, seed=seed)
    run.finish()
    never = percent(net(positives)[0].amax(dim=0) == 0)
    alone = [100 * share for share in ffteach.layer_error_rates(net, data.validation)]
    return start, never, run.growth, alone


LESSON_02B = [
    Claim(
        "02b, section 1",
        "the first three rows differ little, in points",
        lambda s: (
            max(small_error(s, temperature=t) for t in (1, 1 / 20, 1 / 200))
            - min(small_error(s, temperature=t) for t in (1, 1 / 20, 1 / 200))
        ),
        0,
        3,
    ),
    Claim("02b, section 1", "T = 1: no positive idle", lambda s: idle(2.0, 1.0, s), 0, 1),
    Claim("02b, section 1", "T = 1/200: most are", lambda s: idle(2.0, 1 / 200, s), 60, 95),
    Claim(
        "02b, section 1",
        "theta 0.01, T 1/200: most answers are wrong",
        lambda s: small_error(s, threshold=0.01, temperature=1 / 200),
        50,
        90,
    ),
    Claim(
        "02b, section 2",
        "theta 2 lies two and a half to five points above 0.5 at T = 1/20",
        lambda s: small_error(s) - small_error(s, threshold=0.5),
        2,
        5.5,
    ),
    Claim(
        "02b, section 2",
        "theta 0.01 fails at T = 1/20",
        lambda s: small_error(s, threshold=0.01),
        20,
        90,
    ),
    Claim(
        "02b, section 2",
        "theta 0.01 does not fail at T = 1",
        lambda s: small_error(s, threshold=0.01, temperature=1.0),
        10,
        20,
    ),
    Claim(
        "02b, section 2",
        "theta 16: above 40 %",
        lambda s: small_error(s, threshold=16.0),
        40.1,
        90,
    ),
    Claim(
        "02b, section 2",
        "theta 16 at ten times the rate: below 30 %",
        lambda s: small_error(s, threshold=16.0, learning_rate=1e-2),
        8,
        29.9,
    ),
    Claim(
        "02b, section 2",
        "theta 0.01, T = 1/20: a part of the units never fires, in %",
        lambda s: never_fire(s, threshold=0.01),
        15,
        70,
    ),
    Claim(
        "02b, section 3",
        "pairwise or threshold 0.5: less than two points apart",
        lambda s: small_error(s, threshold=0.5) - small_error(s, loss="pairwise"),
        -2,
        2,
    ),
    Claim(
        "02b, section 3",
        "both put nearly all pairs in order",
        lambda s: min(pairs_in_order(s, threshold=0.5), pairs_in_order(s, loss="pairwise")),
        96,
        100,
    ),
    Claim(
        "02b, section 3",
        "pairwise: one line puts fewer images on their right side, by points",
        lambda s: one_line(s, threshold=0.5) - one_line(s, loss="pairwise"),
        3,
        40,
    ),
    Claim(
        "02b, section 4",
        "random second layer, input as it is: nearly as good as layer 1, by points",
        lambda s: random_second_layer(s, False)[0] - error(fitted(LEAK, s)),
        -1,
        3.5,
    ),
    Claim(
        "02b, section 4",
        "rescaled: no better than guessing",
        lambda s: random_second_layer(s, True)[0],
        85,
        100,
    ),
    Claim(
        "02b, section 4",
        "lengths swapped: the answer flips",
        lambda s: random_second_layer(s, False)[2],
        0,
        10,
    ),
    Claim(
        "02b, section 4",
        "rescaled: a coin",
        lambda s: random_second_layer(s, True)[1],
        42,
        58,
    ),
    Claim("02b, section 5", "ring: correlation with log p/q", follows_the_ratio, 0.9, 1),
    Claim(
        "02b, section 5", "plane as it is: loss ln 2", lambda s: learnt("plane", s)[1], 0.69, 0.7
    ),
    Claim(
        "02b, section 5",
        "plane, rescaled: loss 0.54",
        lambda s: learnt("rescaled", s)[1],
        0.52,
        0.56,
    ),
    Claim("02b, section 5", "minus squares can", lambda s: learnt("minus", s)[1], 0.48, 0.53),
    Claim(
        "02b, section 6", "no two errors differ by more than four points", spread_of_errors, 0, 4
    ),
    Claim(
        "02b, section 6",
        "top 15: two thirds as many units active as with squares",
        lambda s: with_kind("top 15", s)[1] / with_kind("squares", s)[1],
        0.58,
        0.74,
    ),
    Claim(
        "02b, section 6",
        "minus squares: some 1.4 times as many",
        lambda s: with_kind("minus squares", s)[1] / with_kind("squares", s)[1],
        1.3,
        1.7,
    ),
    Claim("02b, section 7", "A starts at 0.0004", lambda s: system("growing", s)[0], 3e-4, 5e-4),
    Claim("02b, section 7", "B starts at 1", lambda s: system("tapering", s)[0], 0.5, 1.5),
    Claim("02b, section 7", "B: never firing, in %", lambda s: system("tapering", s)[1], 20, 80),
    Claim("02b, section 7", "A: never firing, in %", lambda s: system("growing", s)[1], 0, 20),
    Claim("02b, section 7", "A's growth: layers", lambda s: len(system("growing", s)[2]), 2, 3),
    Claim(
        "02b, section 7",
        "A's last layer did not help: its gain in points",
        lambda s: 100 * (system("growing", s)[2][-1][1] - system("growing", s)[2][-2][1]),
        -10,
        1,
    ),
]

CLAIMS = LESSON_00 + LESSON_01 + LESSON_02 + LESSON_02B
