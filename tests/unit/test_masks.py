"""Masks and hybrids, and the pairs that unsupervised training makes of them."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.functional import gaussian_blur

from ffteach import Recipe, blur_masks, gaussian_masks, hybrids, train
from ffteach.masks import (
    GAUSSIAN_BLURS,
    HINTON_KERNEL,
    blends,
    blur,
    blur_matrix,
    gaussian_kernel,
    gaussian_stages,
    other_positions,
)
from ffteach.pairs import make_pairs

MASKS = pytest.mark.parametrize("draw", [blur_masks, gaussian_masks])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def conv_blur(noise, kernel, padding):
    """One blur in both directions as a 2-D convolution over a padded image: `(n, s, s)` -> `(n, s,
    s)`."""
    kernel = torch.tensor(kernel, dtype=noise.dtype)
    half = len(kernel) // 2
    padded = F.pad(
        noise.unsqueeze(1), (half,) * 4, mode="constant" if padding == "zeros" else padding
    )
    return F.conv2d(padded, kernel.outer(kernel)[None, None]).squeeze(1)


def agreement(masks, distance, size=28):
    """The share of pairs of pixels `distance` apart, in a row or in a column, that a mask treats
    alike."""
    m = masks.reshape(-1, size, size)
    pairs = (m[:, :, distance:], m[:, :, :-distance]), (m[:, distance:], m[:, :-distance])
    return sum((a == b).float().mean().item() for a, b in pairs) / 2


# ---- the blur


@pytest.mark.parametrize("padding", ["reflect", "zeros", "circular"])
@pytest.mark.parametrize("count", [0, 1, 2, 8, 30])
@pytest.mark.parametrize("size", [3, 8, 28])
def test_blurs_are_convolutions_of_padded_images(padding, count, size):
    noise = torch.rand(5, size, size, generator=seeded(), dtype=torch.float64)
    expected = noise
    for _ in range(count):
        expected = conv_blur(expected, HINTON_KERNEL, padding)
    torch.testing.assert_close(
        blur(noise, [HINTON_KERNEL] * count, padding), expected, rtol=0, atol=1e-14
    )


def test_kernels_are_applied_in_turn_and_in_both_directions():
    noise = torch.rand(3, 12, 12, generator=seeded(), dtype=torch.float64)
    kernels = [
        [0.1, 0.2, 0.7],
        [0.0, 0.5, 0.0, 0.3, 0.2],
    ]  # neither symmetric nor alike: order, side and direction show
    expected = noise
    for kernel in kernels:
        expected = conv_blur(expected, kernel, "reflect")
    torch.testing.assert_close(blur(noise, kernels), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kernel_size, sigma", [*GAUSSIAN_BLURS, (3, 0.8), (9, 2.0)])
def test_gaussian_blurs_are_torchvisions(kernel_size, sigma):
    noise = torch.rand(4, 28, 28, generator=seeded())
    torch.testing.assert_close(
        blur(noise, [gaussian_kernel(kernel_size, sigma)]),
        gaussian_blur(noise, kernel_size, sigma),
        rtol=0,
        atol=1e-6,
    )


def test_reflection_keeps_a_constant_and_zeros_darken_only_the_rim():
    constant = torch.ones(1, 28, 28, dtype=torch.float64)
    torch.testing.assert_close(blur(constant, [HINTON_KERNEL] * 8), constant)
    dark = blur(constant, [HINTON_KERNEL] * 8, "zeros")[0]
    assert dark[0, 0] < 0.25 and torch.allclose(dark[8:20, 8:20], constant[0, 8:20, 8:20])


def test_a_blur_leaves_its_input_alone_and_keeps_its_type():
    noise = torch.rand(2, 28, 28, generator=seeded())
    kept = noise.clone()
    assert blur(noise, [HINTON_KERNEL]).dtype == torch.float32 and torch.equal(noise, kept)


@pytest.mark.parametrize("size, width", [(1, 3), (2, 5), (3, 7)])
def test_a_kernel_too_wide_to_reflect_is_refused(size, width):
    with pytest.raises(ValueError, match=f"kernel of {width} pixels is too wide.*{size} pixels"):
        blur_matrix(size, [1 / width] * width)
    assert blur_matrix(size, [1 / width] * width, "zeros").shape == (size, size)


def test_a_kernel_that_wraps_twice_or_has_no_middle_is_refused():
    with pytest.raises(ValueError, match="kernel of 7 pixels is too wide to wrap around.*2 pixels"):
        blur_matrix(2, [1 / 7] * 7, "circular")
    assert torch.allclose(
        blur_matrix(3, [1 / 7] * 7, "circular").sum(dim=1), torch.ones(3, dtype=torch.float64)
    )
    with pytest.raises(ValueError, match="kernel of 4 pixels has no middle"):
        blur_matrix(28, [0.25] * 4)


# ---- masks


@MASKS
@pytest.mark.parametrize("n, size", [(1, 28), (3, 28), (5, 8), (2, 33)])
def test_masks_are_rows_of_0_and_1(draw, n, size):
    masks = draw(n, size=size, generator=seeded())
    assert masks.shape == (n, size * size) and masks.dtype == torch.float32
    assert masks.unique().tolist() == [0, 1]


@MASKS
def test_masks_follow_the_generator(draw):
    first = draw(4, generator=seeded(3))
    torch.manual_seed(8)  # the global generator has no say
    assert torch.equal(draw(4, generator=seeded(3)), first)
    assert not torch.equal(draw(4, generator=seeded(4)), first)
    generator = seeded(3)
    assert not torch.equal(draw(4, generator=generator), draw(4, generator=generator))
    assert first.unique(dim=0).shape[0] == 4  # every image gets its own


def test_blur_masks_are_Hintons_recipe():
    bits = torch.randint(0, 2, (200, 28, 28), generator=seeded(1)).double()
    assert torch.equal(blur_masks(200, blurs=0, generator=seeded(1)), bits.float().flatten(1))
    for blurs in (1, 5, 8):
        blurred = bits
        for _ in range(blurs):
            blurred = conv_blur(blurred, HINTON_KERNEL, "reflect")
        clear = (blurred - 0.5).abs().flatten(1) > 1e-6  # elsewhere rounding may decide
        masks = blur_masks(200, blurs=blurs, generator=seeded(1))
        assert clear.float().mean() > 0.8 and torch.equal(
            masks[clear], (blurred > 0.5).float().flatten(1)[clear]
        )


def test_blur_masks_take_eight_blurs_unless_told_otherwise():
    assert torch.equal(
        blur_masks(20, generator=seeded()), blur_masks(20, blurs=8, generator=seeded())
    )


@pytest.mark.parametrize(
    "gaussians, message",
    [
        (torch.zeros(3), "gaussians are torch.float32, expected pairs"),
        ([(3,)], "expected pairs"),
        ([("a", 1.0)], "size='a': expected a whole number"),
        ([(10**9 + 1, 1.0)], "size=1000000001: expected .* at most 1000"),
        ([(3, 0.0)], "sigma=0.0: expected a finite number above 0"),
        ([(4, 1.0)], "4 pixels has no middle"),
    ],
)
def test_what_is_no_gaussian_is_refused(gaussians, message):
    with pytest.raises((TypeError, ValueError), match=message):
        gaussian_stages(1, gaussians=gaussians)


def test_gaussian_masks_are_system_Cs():
    blurred = torch.rand(200, 28, 28, generator=seeded(1))
    for kernel_size, sigma in ((5, 7.0), (7, 14.0), (5, 7.0)):
        blurred = gaussian_blur(blurred, kernel_size, sigma)
    clear = (blurred - 0.5).abs().flatten(1) > 1e-5
    assert clear.float().mean() > 0.99
    assert torch.equal(
        gaussian_masks(200, generator=seeded(1))[clear], (blurred > 0.5).float().flatten(1)[clear]
    )


@pytest.mark.parametrize(
    "blurs, one, two, far",
    [
        (0, 0.500, 0.500, 0.5),
        (2, 0.802, 0.63, 0.5),
        (8, 0.897, 0.794, 0.5),
        (24, 0.943, 0.882, 0.505),
    ],
)
def test_the_number_of_blurs_sets_how_often_neighbours_agree(blurs, one, two, far):
    masks = blur_masks(2_000, blurs=blurs, generator=seeded())
    assert agreement(masks, 1) == pytest.approx(one, abs=0.006)
    assert agreement(masks, 2) == pytest.approx(two, abs=0.015)
    assert agreement(masks, 14) == pytest.approx(far, abs=0.015)


def test_the_correlation_length_is_1_1_times_the_root_of_the_blurs():
    for blurs in (4, 9, 16):  # at that distance the correlation, 2 x agreement - 1, is 1/e
        length = 1.1 * blurs**0.5
        below, above = int(length), int(length) + 1
        masks = blur_masks(1_000, blurs=blurs, generator=seeded())
        assert 2 * agreement(masks, above) - 1 < 1 / torch.e < 2 * agreement(masks, below) - 1


def test_system_Cs_masks_are_as_smooth_as_sixteen_blurs():
    masks, blurred = (
        gaussian_masks(1_000, generator=seeded()),
        blur_masks(1_000, blurs=16, generator=seeded()),
    )
    for distance in (1, 2, 4, 8, 14):
        assert agreement(masks, distance) == pytest.approx(agreement(blurred, distance), abs=0.02)


@pytest.mark.parametrize(
    "draw",
    [
        lambda **options: blur_masks(4_000, **options),
        lambda **options: gaussian_masks(4_000, **options),
    ],
)
def test_reflection_keeps_half_of_the_pixels_at_1_everywhere(draw):
    share = draw(generator=seeded()).mean(dim=0)
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert share.min() > 0.45 and share.max() < 0.55  # five deviations and more, corners included


def test_circular_padding_keeps_half_too_and_makes_opposite_rims_neighbours():
    masks = blur_masks(4_000, padding="circular", generator=seeded())
    assert masks.mean(dim=0).sub(0.5).abs().max() < 0.05
    grid = masks.reshape(-1, 28, 28)
    across = (grid[:, :, 0] == grid[:, :, -1]).float().mean().item()
    assert across == pytest.approx(agreement(masks, 1), abs=0.01)


def test_zero_padding_pulls_the_rim_to_0():
    for blurs, everywhere in ((6, 0.34), (24, 0.14)):
        share = (
            blur_masks(2_000, blurs=blurs, padding="zeros", generator=seeded())
            .mean(dim=0)
            .reshape(28, 28)
        )
        rim = torch.cat([share[0], share[-1], share[:, 0], share[:, -1]])
        assert share.mean() == pytest.approx(everywhere, abs=0.015)
        assert rim.max() < 0.01
    assert (
        blur_masks(2_000, blurs=6, padding="zeros", generator=seeded())
        .reshape(-1, 28, 28)[:, 12:16, 12:16]
        .mean()
        > 0.45
    )


def test_one_blur_leaves_43_percent_ones_because_of_ties():
    weights = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]).flatten()
    sums = (
        torch.tensor(list(itertools.product([0, 1], repeat=9))) @ weights
    )  # all 512 neighbourhoods, in sixteenths
    exact = (sums > 8).float().mean().item()
    assert exact == pytest.approx(0.44, abs=0.005) and exact + (sums == 8).float().mean() / 2 == 0.5
    masks = blur_masks(2_000, blurs=1, generator=seeded()).reshape(-1, 28, 28)
    assert masks[:, 1:-1, 1:-1].mean().item() == pytest.approx(exact, abs=0.003)
    assert masks.mean().item() == pytest.approx(
        0.43, abs=0.005
    )  # a reflected rim counts some bits twice: more ties
    assert blur_masks(2_000, blurs=3, generator=seeded()).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("draw", [blur_masks, gaussian_masks])
@pytest.mark.parametrize("n", [0, -1, 2.0, "2", None, True])
def test_a_number_of_masks_must_be_a_whole_number_above_0(draw, n):
    with pytest.raises(ValueError, match="n=.*whole number of at least 1"):
        draw(n)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 0}, "size=0.*at least 1"),
        ({"size": 28.0}, "size=28.0.*whole number"),
        ({"blurs": -1}, "blurs=-1.*at least 0"),
        ({"blurs": 2.5}, "blurs=2.5.*whole number"),
        ({"blurs": True}, "blurs=True.*whole number"),
        ({"padding": "zero"}, "padding='zero'.*'reflect', 'zeros'"),
        ({"size": 1}, "too wide to reflect"),
    ],
)
def test_blur_masks_refuse_what_cannot_work(options, message):
    with pytest.raises(ValueError, match=message):
        blur_masks(2, **options)


def test_gaussian_masks_refuse_images_smaller_than_their_kernel():
    with pytest.raises(ValueError, match="size=3.*at least 4"):
        gaussian_masks(2, size=3)
    assert gaussian_masks(2, size=4).shape == (2, 16)


# ---- hybrids


@pytest.mark.parametrize("n", [2, 3, 10, 57])
def test_no_image_is_mixed_with_itself(n):
    for seed in range(100):
        others = other_positions(n, generator=seeded(seed))
        assert (others != torch.arange(n)).all()
        assert others.sort().values.equal(torch.arange(n))  # everyone is the other of exactly one


def test_other_positions_are_equally_likely():
    drawn = torch.stack([other_positions(5, generator=seeded(seed)) for seed in range(2_000)])
    counts = torch.stack([column.bincount(minlength=5) for column in drawn.T])
    assert (counts.diagonal() == 0).all()
    assert counts[~torch.eye(5, dtype=bool)].sub(500).abs().max() < 5 * (500 * 0.75) ** 0.5


def test_a_hybrid_is_the_image_inside_the_mask_and_the_other_outside(few):
    masks = blur_masks(200, generator=seeded(1))
    mixed = hybrids(few.images, masks, generator=seeded(2))
    others = few.images[other_positions(200, generator=seeded(2))]
    assert torch.equal(mixed, torch.where(masks == 1, few.images, others))
    assert torch.equal(hybrids(few.images, torch.ones(200, 784)), few.images)


def test_hybrids_make_their_own_masks_from_the_same_generator(few):
    generator = seeded(4)
    masks = blur_masks(200, generator=generator)
    expected = hybrids(few.images, masks, generator=generator)
    torch.manual_seed(8)
    assert torch.equal(hybrids(few.images, generator=seeded(4)), expected)
    assert not torch.equal(hybrids(few.images, generator=seeded(5)), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("mask_dtype", [torch.float32, torch.bool, torch.int64])
def test_hybrids_keep_type_range_and_the_images(few, dtype, mask_dtype):
    images = few.images.to(dtype)
    kept = images.clone()
    mixed = hybrids(images, blur_masks(200, generator=seeded()).to(mask_dtype), generator=seeded(1))
    assert mixed.dtype == dtype and mixed.shape == images.shape
    assert torch.equal(images, kept)
    assert torch.isin(mixed.unique(), images.unique()).all()


def test_hybrids_hold_as_much_ink_as_digits(sample):
    images = sample.train.images[:2_000]
    assert hybrids(images, generator=seeded()).mean() == pytest.approx(
        images.mean().item(), rel=0.02
    )


@pytest.mark.parametrize("blurs", [0, 2, 8])
def test_the_law_of_hybrids(sample, blurs):
    """Covariance in hybrids = share of masks that agree on the two pixels x covariance in real
    digits."""
    images = sample.train.images
    masks = blur_masks(len(images), blurs=blurs, generator=seeded())
    mixed = hybrids(images, masks, generator=seeded(1))

    def covariance(x, distance):
        x = (x - x.mean(dim=0)).reshape(-1, 28, 28)
        return (x[:, :, distance:] * x[:, :, :-distance]).mean(dim=0)

    for distance in (1, 2, 3, 12):
        real, hybrid = covariance(images, distance), covariance(mixed, distance)
        assert ((real * hybrid).sum() / real.square().sum()).item() == pytest.approx(
            agreement(masks, distance), abs=0.04
        )


def test_images_that_are_not_square_need_their_own_masks():
    images = torch.rand(4, 12)
    with pytest.raises(ValueError, match=r"12 pixels, which is no square.*\(4, 12\)"):
        hybrids(images)
    assert hybrids(images, torch.ones(4, 12)).equal(images)
    assert hybrids(torch.rand(4, 64)).shape == (4, 64)


@pytest.mark.parametrize(
    "spoil, error, message",
    [
        (lambda x, m: (x[:1], m[:1]), ValueError, "one image alone"),
        (lambda x, m: (x[:1], None), ValueError, "one image alone"),
        (lambda x, m: (x, m[:-1]), ValueError, r"\(199, 784\), images \(200, 784\)"),
        (lambda x, m: (x, m[:1]), ValueError, r"\(1, 784\)"),  # would broadcast: one mask for all
        (lambda x, m: (x, m.reshape(-1, 28, 28)), ValueError, r"\(200, 28, 28\)"),
        (lambda x, m: (x.reshape(-1, 28, 28), m), ValueError, "reshape"),
        (lambda x, m: (x[:0], m[:0]), ValueError, "empty"),
        (lambda x, m: (x * torch.nan, m), ValueError, "NaN"),
        (lambda x, m: (x * 255, m), ValueError, "0 to 255"),
        (lambda x, m: (x.byte(), m), TypeError, "uint8"),
    ],
)
def test_hybrids_refuse_what_does_not_fit(few, spoil, error, message):
    with pytest.raises(error, match=message):
        hybrids(*spoil(few.images, blur_masks(200, generator=seeded())))


# ---- pairs of training


HYBRIDS = Recipe(widths=(784, 20), negatives="hybrids", batch_size=50)


def pairs_of(few, **changes):
    recipe = HYBRIDS.but(**changes)
    net = recipe.network(seed=0)
    return net.layers[0], make_pairs(net, few, recipe, seeded(7), torch.float32)


@pytest.mark.parametrize("row_scale", ["mean-square-1", "unit-length"])
def test_positives_are_the_real_images_and_negatives_their_hybrids(few, row_scale):
    layer, pairs = pairs_of(few, row_scale=row_scale)
    rows = torch.tensor([5, 17, 3, 120])
    positives, negatives = pairs(rows, 0).inputs.x.chunk(2)
    torch.testing.assert_close(positives, layer.rescale(few.images[rows]))
    expected = hybrids(
        few.images[rows], generator=seeded(7)
    )  # of the same batch, drawn from the run's generator
    torch.testing.assert_close(negatives, layer.rescale(expected))


@pytest.mark.parametrize(
    "changes, draw",
    [
        ({"blurs": 0}, lambda generator: blur_masks(50, blurs=0, generator=generator)),
        ({"blurs": 3}, lambda generator: blur_masks(50, blurs=3, generator=generator)),
        ({"mask": "gaussian"}, lambda generator: gaussian_masks(50, generator=generator)),
    ],
)
def test_the_recipe_chooses_the_masks(few, changes, draw):
    layer, pairs = pairs_of(few, **changes)
    generator, rows = seeded(7), torch.arange(50)
    expected = hybrids(few.images[rows], draw(generator), generator=generator)
    torch.testing.assert_close(pairs(rows, 0).inputs.x[50:], layer.rescale(expected))


def test_half_of_each_image_is_a_pair_that_the_same_weights_see_twice(few):
    """Self-contrastive pairs, written out: both images side by side, the weights repeated."""
    layer, pairs = pairs_of(few, mask="blend")
    rows = torch.tensor([5, 17, 3, 120])
    x, images = pairs(rows, 0).inputs.x, few.images[rows]
    others = images[other_positions(4, generator=seeded(7))]
    twice = torch.cat([layer.weight, layer.weight], dim=1)
    for half, second in ((x[:4], images), (x[4:], others)):
        seen = torch.cat([images, second], dim=1)
        length = (images + second).square().mean(dim=1, keepdim=True).sqrt()
        torch.testing.assert_close(half @ layer.weight.T, seen @ twice.T / length)
    with pytest.raises(ValueError, match="one image alone"):
        blends(few.images[:1])


def test_fresh_negatives_differ_from_batch_to_batch_and_fixed_ones_do_not(few):
    rows = torch.tensor([9, 2, 44])
    _, pairs = pairs_of(few)
    assert pairs.fixed is None
    assert not torch.equal(pairs(rows, 0).inputs.x[3:], pairs(rows, 0).inputs.x[3:])
    layer, pairs = pairs_of(few, fresh_negatives=False)
    torch.testing.assert_close(pairs.fixed, hybrids(few.images, generator=seeded(7)))
    for _ in range(2):  # each image keeps its own negative
        torch.testing.assert_close(pairs(rows, 0).inputs.x[3:], layer.rescale(pairs.fixed[rows]))


def test_another_function_can_draw_the_negatives(few):
    net = HYBRIDS.network(seed=0)
    run = train(net, few, HYBRIDS)
    seen = []

    def inverted(images, *, generator):
        seen.append((images.shape, generator is run.generator))
        return 1 - images

    run.pairs.draw = inverted
    next(run)
    assert seen == [((50, 784), True)]
    torch.testing.assert_close(
        run.pairs(torch.arange(3), 0).inputs.x[3:], net.layers[0].rescale(1 - few.images[:3])
    )


def test_unsupervised_training_never_looks_at_a_label(few):
    nets = []
    for labels in (few.labels, few.labels.flip(0)):
        net = HYBRIDS.network(seed=0)
        for _ in train(net, few._replace(labels=labels), HYBRIDS.but(epochs=2)):
            pass
        nets.append(net)
    assert torch.equal(nets[0].layers[0].weight, nets[1].layers[0].weight)
    assert not torch.equal(nets[0].layers[0].weight, HYBRIDS.network(seed=0).layers[0].weight)


def test_training_on_hybrids_lifts_digits_above_them(few):
    recipe = HYBRIDS.but(widths=(784, 100), threshold=0.5, epochs=40, learning_rate=3e-3)
    net = recipe.network(seed=0)
    losses = [record.loss[0] for record in train(net, few, recipe).epoch_records()]
    good, bad = (
        net(x)[0].square().mean(dim=1)
        for x in (few.images, hybrids(few.images, generator=seeded(99)))
    )
    assert losses[-1] < losses[0] / 2
    assert (good > bad).float().mean() > 0.9


def test_a_last_batch_of_one_image_is_refused_before_training(few):
    with pytest.raises(ValueError, match="batch_size=50 leaves one of 51 images alone"):
        train(HYBRIDS.network(), few.take(slice(51)), HYBRIDS)
    assert next(train(HYBRIDS.network(), few.take(slice(52)), HYBRIDS.but(batch_size=50))).step == 1


@MASKS
def test_masks_are_the_same_on_a_gpu(gpu, draw):
    here, there = draw(20, generator=seeded(3)), draw(20, generator=seeded(3), device=gpu)
    assert there.device.type == gpu.type
    assert (there.cpu() == here).float().mean() > 0.999  # but for rounding
