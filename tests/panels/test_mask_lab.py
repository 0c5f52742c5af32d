"""The mask lab without a browser: every stage, figure and word against plain code."""

import math

import lesson_functions
import numpy as np
import pytest
import torch
from by_hand import (
    BURNT,
    alt,
    burn,
    check_classes,
    figures,
    part,
    picture,
    pixels,
    series,
    traces,
    widgets_left,
)
from torchvision.transforms.functional import gaussian_blur

from ffteach import blur_masks, gaussian_masks
from ffteach.live import MaskLab
from ffteach.live.masks import lab as mask_lab
from ffteach.live.masks.measures import (
    agreement,
    agreement_by_chance,
    correlation_length,
    shares_of_ones,
)
from ffteach.masks import GAUSSIAN_BLURS, blur_stages, gaussian_stages

CONTROLS = {
    "ff-kind": "kind",
    "ff-blurs": "blurs",
    "ff-kernel": "kernel",
    "ff-sigma": "sigma",
    "ff-cut": "cut",
    "ff-padding": "padding",
    "ff-seed": "seed",
    "ff-patch": "patch",
    "ff-say-digit": "digit_button",
    "ff-say-hybrid": "hybrid_button",
    "ff-score": "score",
    "ff-draw": "draw_button",
    "ff-line": "line_button",
    "ff-picture": "picture",
    "ff-status": "status",
    "ff-message": "message",
    "ff-panel": "widget",
    "ff-mask-lab": "widget",
}
MODES = {"reflect": "reflect", "zeros": "constant", "circular": "wrap"}  # as np.pad calls them


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def plain_blur(picture, padding):
    """One [1/4, 1/2, 1/4] in both directions, pixel by pixel: `(28, 28)` -> `(28, 28)` float64."""
    padded, weights = np.pad(picture, 1, mode=MODES[padding]), (0.25, 0.5, 0.25)
    result = np.zeros((28, 28))
    for row in range(28):
        for column in range(28):
            result[row, column] = sum(
                weights[i] * weights[j] * padded[row + i, column + j]
                for i in range(3)
                for j in range(3)
            )
    return result


def plain_agreement(masks, distance):
    """Counted pair by pair, in rows and in columns."""
    alike = pairs = 0
    for mask in masks.reshape(-1, 28, 28).int().tolist():
        for line in [*mask, *zip(*mask)]:
            for place in range(28 - distance):
                alike += line[place] == line[place + distance]
                pairs += 1
    return alike / pairs


@pytest.fixture
def make_lab(sample, monkeypatch, closing):
    """Make a panel; all are closed in the end."""
    monkeypatch.setattr(mask_lab, "load_mnist", lambda: sample)
    return lambda *args, **options: closing(MaskLab(*args, **options))


# ---- what is measured


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
def test_agreement_and_shares_are_counted(padding):
    masks = blur_masks(6, blurs=3, padding=padding, generator=seeded())
    measured = agreement(masks)
    assert measured.shape == (28,) and measured[0] == 1
    for distance in (1, 2, 9, 27):
        assert measured[distance].item() == pytest.approx(
            plain_agreement(masks, distance), abs=1e-5
        )
    rim, centre = [], []
    for mask in masks.reshape(-1, 28, 28).tolist():
        for row in range(28):
            for column in range(28):
                if row in (0, 27) or column in (0, 27):
                    rim.append(mask[row][column])
                if 12 <= row < 16 and 12 <= column < 16:
                    centre.append(mask[row][column])
    assert shares_of_ones(masks) == pytest.approx(
        (masks.mean().item(), np.mean(centre), np.mean(rim)), abs=1e-6
    )


def test_agreement_by_chance_is_that_of_independent_pixels_with_the_same_shares():
    share = torch.rand(784, generator=seeded())
    masks = (torch.rand(20_000, 784, generator=seeded(1)) < share).float()
    assert (agreement_by_chance(masks) - agreement(masks))[1:].abs().max() < 0.002


def test_the_correlation_length_is_the_lessons_for_balanced_masks():
    lesson = lesson_functions.load("03_mask_negatives", ["agreement", "correlation_length"])
    for blurs in (2, 8, 24):
        masks = blur_masks(1000, blurs=blurs, generator=seeded())
        assert correlation_length(masks) == pytest.approx(
            lesson.correlation_length(masks), rel=0.05
        )
        assert agreement(masks)[1].item() == pytest.approx(
            lesson.agreement(masks).mean().item(), abs=0.005
        )


def test_the_correlation_length_by_hand():
    flat, stripes = torch.ones(4, 16), torch.tensor([[0.0, 0, 0, 0] * 4, [1.0, 1, 1, 1] * 4])
    assert math.isnan(correlation_length(flat)) and math.isinf(correlation_length(stripes))
    noise = torch.randint(0, 2, (4000, 784), generator=seeded()).float()
    assert correlation_length(noise) == pytest.approx(
        1 - 1 / math.e, abs=0.01
    )  # a straight line from 1 to 0
    noise[:1800] = noise[:1800, :1]  # 45 % are of one value: it never falls below 0.45
    assert math.isinf(correlation_length(noise))


# ---- the stages


@pytest.mark.parametrize("padding", list(MODES))
def test_the_stages_of_bits_are_plain_blurs(make_lab, padding):
    lab = make_lab(blurs=4, padding=padding, seed=3)
    noise, blurred, masks = lab.stages
    assert torch.equal(noise, torch.randint(0, 2, (1000, 28, 28), generator=seeded(3)).float())
    expected = noise[0].double().numpy()
    for _ in range(4):
        expected = plain_blur(expected, padding)
    assert np.abs(blurred[0].numpy() - expected).max() < 1e-6
    assert torch.equal(masks.reshape(-1, 28, 28), (blurred > 0.5).float())


def test_the_stages_of_system_C_are_torchvisions_blurs(make_lab):
    for options, blurs in (
        ({}, ((5, 7.0), (7, 14.0), (5, 7.0))),
        ({"kernel": 11, "sigma": 3.0}, ((9, 1.5), (11, 3.0), (9, 1.5))),
    ):
        lab = make_lab("gaussian", seed=1, **options)
        expected = noise = torch.rand(1000, 28, 28, generator=seeded(1))
        for size, sigma in blurs:
            expected = gaussian_blur(expected, size, sigma)
        assert torch.equal(lab.stages.noise, noise)
        torch.testing.assert_close(lab.stages.blurred, expected, rtol=0, atol=1e-5)
    assert mask_lab.gaussians(7, 14.0) == GAUSSIAN_BLURS


def test_the_panel_shows_the_module_s_masks(make_lab):
    assert torch.equal(make_lab(seed=2).stages.masks, blur_masks(1000, generator=seeded(2)))
    assert torch.equal(
        make_lab("gaussian", seed=2).stages.masks, gaussian_masks(1000, generator=seeded(2))
    )
    for stages in (blur_stages, gaussian_stages):
        low, high = (stages(50, cut=cut, generator=seeded()) for cut in (0.45, 0.55))
        assert torch.equal(low.blurred, high.blurred) and torch.equal(
            high.masks.bool(), (high.blurred > 0.55).flatten(1)
        )
        assert (low.masks >= high.masks).all() and low.masks.sum() > high.masks.sum()


def test_the_hybrid_is_A_inside_the_mask_and_B_outside(lab, sample):
    for _ in range(30):
        lab.draw_button.click()
        (a, b), mask = lab.digits, lab.stages.masks[0]
        assert torch.equal(lab.hybrid, mask * a + (1 - mask) * b) and not torch.equal(a, b)
        for image, label in zip((a, b), lab.state["digits"]):
            assert label in sample.train.labels[(sample.train.images == image).all(dim=1)]
    for title, expected in (
        ("Digit A", a),
        ("Digit B", b),
        ("Mask", mask),
        ("Hybrid", lab.hybrid),
        ("Random bits", lab.stages.noise[0]),
    ):
        shown = pixels(part(lab, title)) / 255
        assert np.allclose(shown, expected.reshape(28, 28), atol=0.002)


def test_the_state_is_what_is_measured_and_drawn(make_lab):
    lab = make_lab(blurs=6, padding="zeros")
    state, masks = lab.state, lab.stages.masks
    assert (state["ones"], state["ones_centre"], state["ones_rim"]) == shares_of_ones(masks)
    assert (
        state["neighbours_agree"] == agreement(masks)[1].item()
        and state["ones_shown"] == masks[0].mean().item()
    )
    chance, curve = series(part(lab, "Two pixels agree"), "line")
    assert np.allclose(curve["y"], state["agreement"])
    assert np.allclose(chance["y"], agreement_by_chance(masks))
    share = masks.mean(dim=0).reshape(28, 28)
    assert np.allclose(pixels(part(lab, "Ones in 1000 masks")) / 255, share, atol=0.002)
    assert (
        series(part(lab, "Two pixels agree"), "level")[0]["at"]
        == state["correlation_length"]
        == correlation_length(masks)
    )


# ---- controls and words


def test_every_control_has_its_class_and_the_table_lists_it(lab):
    check_classes(lab, CONTROLS)


@pytest.mark.parametrize(
    "control, value",
    [
        ("blurs", 20),
        ("cut", 0.45),
        ("padding", "zeros"),
        ("seed", 7),
        ("kind", list(mask_lab.KINDS)[1]),
    ],
    ids=lambda value: str(value),
)
def test_each_control_changes_picture_words_and_figures(lab, control, value):
    before = alt(lab), picture(lab), figures(lab), lab.state
    getattr(lab, control).value = value
    assert all(
        now != former
        for now, former in zip((alt(lab), picture(lab), figures(lab), lab.state), before)
    )
    assert lab.error is None


def test_kernel_and_sigma_matter_for_gaussians_only_and_only_what_matters_is_shown(make_lab):
    lab = make_lab()
    shown = lambda: [slider.layout.display for slider in (lab.blurs, lab.kernel, lab.sigma)]
    assert shown() == [None, "none", "none"]
    lab.kind.index = 1
    assert shown() == ["none", None, None]
    small = lab.state["correlation_length"]
    lab.kernel.value = 13
    wide = lab.state["correlation_length"]
    lab.sigma.value = 1.0
    assert small < wide > lab.state["correlation_length"]
    lab.kernel.value = 6  # typed in: it has no middle
    assert lab.kernel.value == 7 and lab.error is None
    lab.kind.index = 0
    assert shown() == [None, "none", "none"]


def test_the_alternative_text_follows_the_state(lab):
    for change in (
        lambda: None,
        lambda: setattr(lab.padding, "value", "zeros"),
        lambda: setattr(lab.cut, "value", 0.44),
        lambda: lab.run(2),
    ):
        change()
        state, said = lab.state, alt(lab)
        assert (
            f"seed {state['seed']}: random bits, {state['blurs']} blurs, "
            f"padding {state['padding']}, cut at {state['cut']:.2f}" in said
        )
        assert (
            f"{state['neighbours_agree']:.1%} treat two neighbours alike; "
            f"correlation length {state['correlation_length']:.1f} pixels" in said
        )
        assert (
            f"{state['ones_centre']:.0%} in the centre, {state['ones_rim']:.0%} at the rim" in said
        )
        for letter, digit in zip("AB", state["digits"]):
            assert f"digit {letter}, {'an' if digit == 8 else 'a'} {digit}, where" in said
        assert (
            f"centre <b>{state['ones_centre']:.1%}</b>, rim <b>{state['ones_rim']:.1%}</b>"
            in figures(lab)
        )


@pytest.mark.parametrize(
    "options, verdict",
    [
        ({}, "Balanced"),
        ({"blurs": 30}, "Balanced"),
        ({"padding": "circular"}, "Balanced"),
        ({"mask": "gaussian"}, "Balanced"),
        ({"padding": "zeros"}, "the rim shows digit B more often"),
        ({"blurs": 1}, "digit B has the larger share"),
        ({"cut": 0.44}, "digit A has the larger share"),
        ({"cut": 0}, "digit A itself"),
        ({"cut": 1}, "digit B itself"),
    ],
)
def test_the_masks_are_judged(make_lab, options, verdict):
    assert verdict in make_lab(**options).said


@pytest.mark.parametrize("padding", list(MODES))
@pytest.mark.parametrize(
    "extreme",
    [{"blurs": 0}, {"blurs": 48}, {"kernel": 1, "sigma": 0.5}, {"kernel": 15, "sigma": 28.0}],
    ids=str,
)
@pytest.mark.parametrize("cut", [0, 0.5, 1])
def test_extremes_neither_fail_nor_leave_the_panel_without_words(
    make_lab, monkeypatch, padding, extreme, cut
):
    monkeypatch.setattr(mask_lab, "MASKS", 200)
    lab = make_lab()
    lab.kind.index = "kernel" in extreme
    lab.padding.value, lab.cut.value = padding, cut
    for name, value in extreme.items():
        getattr(lab, name).value = value
    assert lab.error is None and lab.said and "nan" not in figures(lab) + alt(lab)
    ones = lab.state["ones"]
    if cut == 1:
        assert (
            ones == 0
            and torch.equal(lab.hybrid, lab.digits[1])
            and not series(part(lab, "Two pixels agree"), "level")
        )
    elif cut == 0 and extreme != {"blurs": 0}:
        assert ones > 0.7
        assert (
            extreme == {"kernel": 1, "sigma": 0.5}
            or lab.mask == "blur"
            or torch.equal(lab.hybrid, lab.digits[0])
        )
    elif extreme == {"blurs": 0}:
        assert ones == pytest.approx(0.5, abs=0.02) and torch.equal(
            lab.stages.noise, lab.stages.blurred
        )


# ---- the patch game


def cut(image, corner, size):
    """A patch of an image `(28, 28)`, as a list of rows."""
    top, left = corner
    return [row[left : left + size] for row in image.tolist()[top : top + size]]


@pytest.mark.parametrize("size", [3, 9, 20])
def test_patches_are_cut_from_digits_and_from_hybrids_of_two(make_lab, sample, size):
    lab = make_lab(patch=size, blurs=1)
    images, masks = sample.train.images.reshape(-1, 28, 28), lab.stages.masks
    asked = set()
    while len(asked) < 2 or lab.state["asked"] < 12:
        before = lab.state
        lab.answer("digit")
        kind, image, labels, corner = lab.game.last[1:]
        asked.add(kind)
        assert before["patch"] == cut(image, corner, size)
        assert all(4 <= place <= 24 - size for place in corner)
        assert np.mean(before["patch"]) >= 0.1
        if kind == "digit":
            found = (images == image).all(dim=(1, 2))
            assert labels == (sample.train.labels[found].item(),)
        else:  # one digit where some mask of the panel is 1, another one where it is 0
            one, other = (
                (images[sample.train.labels == label] == image).flatten(1) for label in labels
            )
            inside, outside = masks @ (~one).float().T == 0, (1 - masks) @ (~other).float().T == 0
            assert (inside.any(dim=1) & outside.any(dim=1)).any()


def test_answers_are_counted_and_guessing_gets_half(make_lab):
    lab = make_lab(patch=5)
    truths = []
    for number in range(400):
        said = "digit" if number % 3 else "hybrid"
        lab.game.answer(said)
        truths.append((said, lab.game.last[1]))
    state = lab.state
    assert state["asked"] == 400 and state["right"] == sum(said == truth for said, truth in truths)
    hybrids = sum(truth == "hybrid" for _, truth in truths)
    assert abs(hybrids - 200) < 3 * 10 and abs(state["right"] - 200) < 3 * 10  # 10 = root(400) / 2
    lab.draw()
    assert lab.score.value == f"<b>{state['right']} of 400</b> right; guessing: 200 ± 10.0"


def test_a_click_answers_says_what_it_was_and_shows_where_it_was_cut(lab):
    lab.run(0)
    assert "Digit or hybrid?" in lab.score.value and lab.state["last"] is None
    for button, said in ((lab.hybrid_button, "hybrid"), (lab.digit_button, "digit")) * 3:
        patch, truth = lab.state["patch"], lab.game.kind
        assert np.allclose(pixels(part(lab, "Patch game")) / 255, patch, atol=0.002)
        button.click()
        assert lab.state["last"] == (said, truth)
        assert lab.said.startswith("Right: " if said == truth else "No: ")
        shown = part(lab, f"The last: a {truth}")
        (frame,) = series(shown, "frame")
        left, top, right, bottom = frame["at"]
        cut_out = pixels(shown)[top:bottom, left:right] / 255
        assert np.allclose(cut_out, patch, atol=0.002) and lab.state["patch"] != patch
    assert lab.error is None


def test_nothing_tells_the_answer_before_it_was_given(lab):
    """With another answer to the same patch, words, picture and state are the same."""
    for _ in range(4):
        shown = alt(lab), picture(lab), lab.said, lab.score.value, lab.state
        truth = lab.game.kind
        lab.game.kind = {"digit": "hybrid", "hybrid": "digit"}[truth]
        lab.draw()
        assert (alt(lab), picture(lab), lab.said, lab.score.value, lab.state) == shown
        lab.game.kind = truth
        lab.answer("digit")
    assert f"{lab.state['right']} of 4 right so far" in alt(lab)


@pytest.mark.parametrize("control, value", [("patch", 5), ("blurs", 2), ("seed", 1)])
def test_other_patches_begin_another_game(lab, control, value):
    lab.answer("hybrid")
    getattr(lab, control).value = value
    state = lab.state
    assert state["asked"] == 0 and state["last"] is None and "Balanced" in lab.said
    assert len(state["patch"]) == lab.patch.value


def test_a_game_is_repeated_by_its_line_and_refuses_other_answers(make_lab):
    lab = make_lab(patch=6, seed=2)
    again = eval(lab.line, {"MaskLab": make_lab})
    for _ in range(5):
        assert lab.answer("digit") == again.answer("digit")
    with pytest.raises(ValueError, match="'digit' or 'hybrid'"):
        lab.answer("a digit")
    assert lab.state["asked"] == 5


# ---- fresh draws, and the line


def test_a_fresh_draw_takes_other_noise_and_other_digits(lab):
    seen = []
    for presses in range(5):
        assert lab.seed.value == presses
        seen.append((lab.stages.noise[0], lab.digits))
        lab.draw_button.click()
    for index, (noise, digits) in enumerate(seen):
        for other_noise, other_digits in seen[:index]:
            assert not torch.equal(noise, other_noise) and not torch.equal(digits, other_digits)


def test_run_presses_the_button_and_a_seed_repeats_everything(make_lab):
    lab, later = make_lab(), make_lab(seed=3)
    assert lab.run(0) == lab.state and lab.run(3) == later.state and picture(lab) == picture(later)
    last = make_lab(seed=2**31 - 1)
    assert last.run(1) == make_lab().state and last.error is None


def test_another_kind_keeps_the_digits_and_more_blurs_keep_the_noise(lab):
    digits, noise = lab.digits, lab.stages.noise
    lab.blurs.value = 3
    assert torch.equal(lab.stages.noise, noise)
    lab.kind.index = 1
    assert torch.equal(lab.digits, digits)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"blurs": 0, "cut": 0.3, "seed": 11},
        {"mask": "gaussian", "kernel": 3, "sigma": 0.5, "padding": "circular"},
        {"padding": "zeros", "presenter": True},
        {"blurs": 5, "kernel": 9, "sigma": 7.5, "patch": 20},
    ],
)
def test_the_line_makes_the_panel_again(make_lab, options):
    lab = make_lab(**options)
    assert (
        lab.settings == options
        and lab.line
        == f"MaskLab({', '.join(f'{name}={value!r}' for name, value in options.items())})"
    )
    again = eval(lab.line, {"MaskLab": make_lab})
    assert again.state == lab.state and picture(again) == picture(lab)


def test_the_line_follows_the_controls_and_a_button_prints_it(lab):
    lab.kind.index, lab.kernel.value, lab.padding.value, lab.cut.value = 1, 9, "zeros", 0.1 + 0.2
    lab.draw_button.click()
    lab.line_button.click()
    assert (
        lab.said == "MaskLab(mask='gaussian', kernel=9, cut=0.3, padding='zeros', seed=1)"
        and "<code>" in lab.message.value
    )


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"mask": "bits"}, "mask='bits'.*'blur', 'gaussian'"),
        ({"padding": "zero"}, "padding='zero'.*'circular'"),
        ({"blurs": 49}, "blurs=49.*whole number from 0 to 48"),
        ({"blurs": 2.0}, "blurs=2.0"),
        ({"blurs": True}, "blurs=True"),
        ({"kernel": 6}, "kernel=6.*odd"),
        ({"kernel": 17}, "kernel=17"),
        ({"sigma": 0}, "sigma=0"),
        ({"cut": math.nan}, "cut=nan"),
        ({"cut": 1.1}, "cut=1.1.*from 0 to 1"),
        ({"patch": 2}, "patch=2.*from 3 to 20"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**31}, "seed="),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        MaskLab(**wrong)


# ---- as a panel


def test_a_presenter_has_a_larger_picture_and_fewer_controls():
    lab, large = MaskLab(), MaskLab(presenter=True)
    assert picture(lab) == picture(large) and picture(lab)["size"] == (840, 368)
    assert large.picture.fills
    assert (
        large.padding not in large.control_box.children
        and large.blurs in large.control_box.children
    )
    lab.close()
    large.close()


def test_an_exception_is_shown_in_words(lab, monkeypatch):
    monkeypatch.setattr(mask_lab, "blur_stages", burn)
    lab.blurs.value = 3
    assert isinstance(lab.error, RuntimeError) and BURNT in lab.message.value


def test_two_panels_share_nothing(make_lab):
    one, two = make_lab(), make_lab()
    before = picture(two), two.state
    one.run(3)
    one.padding.value = "zeros"
    assert (picture(two), two.state) == before


def test_three_hundred_changes_leave_no_traces(make_lab, monkeypatch):
    monkeypatch.setattr(mask_lab, "MASKS", 20)
    lab = make_lab()

    def use(times):
        for change in range(times):
            lab.blurs.value = change % 49
            if change % 10 == 0:
                lab.kind.index = change // 10 % 2
                lab.padding.value = list(MODES)[change // 10 % 3]
                lab.draw_button.click()

    use(20)
    before = traces(lab, lab.blurs)
    use(300)
    # bytes of masks and digits are one to four characters each
    assert (traces(lab, lab.blurs) <= before + [0, 0, 0, 3000]).all() and lab.error is None


def test_closing_closes_every_widget():
    for options in ({}, {"presenter": True}):
        lab, left = widgets_left(MaskLab, **options)
        assert not left
        assert lab.stages is None
