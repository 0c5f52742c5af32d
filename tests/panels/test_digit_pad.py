"""The digit pad without a browser: the drawing's bytes and the widgets' values are set here."""

import re
import threading
from pathlib import Path

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
    play,
    series,
    traces,
    widgets_left,
)

import ffteach
from ffteach import (
    RECIPES,
    Digits,
    FFNet,
    Split,
    goodness,
    goodness_per_label,
    overlay_label,
    train,
)
from ffteach.live import DigitPad, TrainingLab
from ffteach.live.pad import lab as digit_pad
from ffteach.live.pad.drawing_pad import PAPER
from ffteach.live.shared import panel
from ffteach.live.shared.css import CLASSES

SMALL = RECIPES["quick"].but(
    widths=(784, 24, 16), epochs=2, batch_size=20, rate_decay="none"
)  # 10 steps per epoch on the 200 digits
CONTROLS = {
    "ff-train": "train_button",
    "ff-step": "step_button",
    "ff-reset": "reset_button",
    "ff-load": "load_button",
    "ff-line": "line_button",
    "ff-pad": "pad",
    "ff-overlay": "overlay",
    "ff-strength": "strength",
    "ff-picture": "picture",
    "ff-status": "status",
    "ff-message": "message",
    "ff-panel": "widget",
    "ff-digit-pad": "widget",
}


@pytest.fixture
def make_training(digits):
    return lambda recipe=SMALL, data=None: train(
        recipe.network(seed=0), data or digits, recipe, seed=0
    )


@pytest.fixture
def make_pad(make_training, closing):
    """Make a small panel; all are closed in the end."""
    return lambda training=None, **options: closing(
        DigitPad(training or make_training(), **options)
    )


@pytest.fixture
def pad(make_pad):
    return make_pad()


@pytest.fixture
def drawn(pad, digits):
    """A pad with a digit on it and a network that has learnt something."""
    pad.draw_digit(digits.test.images[7])
    pad.run(15)
    return pad


def test_an_empty_pad_shows_no_goodness_and_nothing_runs_until_a_click(pad):
    play(pad, 3)
    state = pad.state
    assert state["step"] == 0 and not state["running"] and state["empty"]
    assert state["goodness"] is state["answer"] is state["overlay_goodness"] is None
    assert (
        alt(pad) == "The pad is empty: no goodness to show. The overlay is label 0 at strength 4.0."
    )
    assert "Nothing drawn yet" in figures(pad) and "press Train" in pad.message.value


def test_the_default_learns_the_sample():
    pad = DigitPad()
    assert (
        pad.training.net.widths == [784, 500, 500]
        and pad.training.schedule.images == 10_000
        and pad.training.recipe.rate_decay == "none"
    )
    answers = []
    pad.run(100)
    for _ in range(20):
        pad.load_button.click()
        answers.append(pad.state["answer"] == int(re.search(r"labelled (\d)", pad.said)[1]))
    assert sum(answers) >= 14
    pad.close()


def test_every_control_has_its_class_and_the_table_lists_it(pad):
    check_classes(pad, CONTROLS)
    for css in {"ff-canvas", "ff-clear"} & set(CLASSES["DigitPad"]):
        assert css in pad.pad._esm


def test_the_browser_s_part_needs_no_network_and_agrees_on_the_size(pad):
    assert f"const PAPER = {PAPER};" in pad.pad._esm
    for code in (pad.pad._esm, pad.pad._css):
        assert not re.search(r"https?:|\bimport\b|url\(|fetch\(", code)
    folder = Path(ffteach.__file__).parents[1]
    if (folder / "pyproject.toml").is_file():
        assert '"live/*/*.js", "live/*/*.css"' in (folder / "pyproject.toml").read_text()


def test_all_that_is_shown_is_what_the_network_says(drawn, digits):
    image, net = digits.test.images[7:8], drawn.training.net
    state = drawn.state
    assert torch.equal(drawn.image, image[0])  # a test digit comes back as it was
    assert np.allclose(state["goodness"], goodness_per_label(net, image, per_layer=True)[:, 0])
    assert state["answer"] == int(np.sum(state["goodness"], axis=0).argmax())
    for label in (3, 8):
        for strength in (0.0, 2.5, 4.0):
            drawn.overlay.value, drawn.strength.value = label, strength
            by_hand = [
                goodness(h).item()
                for h in net(overlay_label(image, torch.tensor([label]), strength))
            ]
            assert drawn.state["overlay_goodness"] == pytest.approx(by_hand)
            assert (
                f"label {label} at strength {strength}: {by_hand[0]:.2f} in layer 1, "
                f"{by_hand[1]:.2f} in layer 2" in alt(drawn)
            )
            chart = part(drawn, "Layer 2")
            (bars,), (_, hand) = series(chart, "bars"), series(chart, "marks")
            assert (hand["shape"], hand["x"]) == ("diamond", label)
            assert hand["y"] == pytest.approx(by_hand[1])
            assert bars["y"] == pytest.approx(state["goodness"][1])
    assert f"The network says {state['answer']}." in alt(
        drawn
    ) and f"says <b>{state['answer']}</b>" in figures(drawn)
    (bars,), (star, _) = (series(part(drawn, "Sum"), kind) for kind in ("bars", "marks"))
    winners = [label for label, role in enumerate(bars["roles"]) if role == "positive"]
    assert winners == [state["answer"]] == star["x"].tolist() and star["shape"] == "star"
    digit = pixels(part(drawn, "As MNIST has it")).ravel()
    assert np.allclose(digit / 255, drawn.image, atol=0.002)


def test_the_overlay_of_the_network_s_own_strength_stands_on_its_bar_and_a_wrong_one_below(
    make_pad, digits
):
    pad = make_pad()
    pad.run(1000)
    fell = 0
    for image, label in zip(digits.train.images[:20], digits.train.labels[:20]):
        pad.draw_digit(image)
        pad.overlay.value = int(label)
        state = pad.state
        assert state["overlay_goodness"] == pytest.approx(
            [row[int(label)] for row in state["goodness"]], rel=1e-4
        )
        pad.overlay.value = (int(label) + 1) % 10
        fell += sum(pad.state["overlay_goodness"]) < sum(state["overlay_goodness"])
    assert fell >= 15


def test_the_browser_s_bytes_of_any_kind_arrive_and_a_wrong_length_is_named(pad, digits):
    pad.draw_digit(digits.test.images[3])
    content, image = pad.pad.value, pad.image
    pad.clear()
    assert pad.state["empty"]
    pad.pad.set_state({"value": memoryview(content)})  # as it comes from the browser
    assert (
        torch.equal(pad.image, image)
        and isinstance(pad.pad.value, bytes)
        and not pad.state["empty"]
    )
    pad.pad.value = bytes(PAPER**2)  # what the browser's Clear sends
    assert pad.state["empty"]
    pad.pad.value = b"12345"
    assert 'role="alert"' in pad.message.value
    with pytest.raises(ValueError, match="expected uint8"):
        pad.draw_digit(np.zeros((3, 3), np.uint8))


def test_strokes_are_seen_while_it_trains_and_a_tick_shows_the_new_goodness(drawn, digits):
    drawn.training.epochs = 10_000
    drawn.train_button.value = True
    before = picture(drawn)
    play(drawn, 1)
    assert picture(drawn) != before and drawn.state["step"] > 15
    answer = drawn.state["goodness"]
    drawn.draw_digit(digits.test.images[11])
    play(drawn, 1)
    assert drawn.state["goodness"] != answer and drawn.running
    drawn.train_button.value = False
    step = drawn.state["step"]
    play(drawn, 3)  # late ticks
    assert drawn.state["step"] == step


def test_run_is_training_and_reproducible(make_pad, make_training, digits):
    one, two = make_pad(), make_pad()
    for pad in (one, two):
        pad.draw_digit(digits.test.images[0])
    assert one.run(13) == two.run(13) == two.state and "Nothing trained" not in one.message.value
    reference = make_training()
    for _ in range(13):
        next(reference)
    assert all(map(torch.equal, reference.net.parameters(), one.training.net.parameters()))
    assert one.run(1000)["step"] == 20 and "All 2 epochs are done" in one.message.value


def test_one_step_and_reset_keep_the_drawing(drawn):
    drawn.reset_button.click()
    assert "Nothing trained yet" in drawn.message.value
    assert drawn.state["step"] == 0 and not drawn.state["empty"]
    untrained = drawn.state["goodness"]
    drawn.step_button.click()
    assert drawn.state["step"] == 1 and drawn.state["goodness"] != untrained
    drawn.reset_button.click()
    assert drawn.state["goodness"] == untrained


def test_reset_goes_back_to_where_a_given_training_stood(make_pad, make_training, digits):
    training = make_training()
    for _ in range(5):
        next(training)
    pad = make_pad(training)
    pad.draw_digit(digits.test.images[0])
    assert "Nothing trained" not in pad.message.value
    there = pad.state["goodness"]
    pad.run(5)
    pad.reset_button.click()
    assert pad.state["step"] == 5 and pad.state["goodness"] == there


def test_it_watches_a_training_lab_and_trains_alone_when_that_pauses(make_pad, digits):
    lab = TrainingLab(SMALL.but(loss="threshold"), data=digits)
    pad = make_pad(lab.training)
    pad.draw_digit(digits.test.images[0])
    before = alt(pad)
    pad.train_button.value = True
    lab.run(3)
    play(pad, 1)
    assert pad.state["step"] == 3 and alt(pad) != before  # only looked
    play(pad, 1)
    assert pad.state["step"] > 3
    lab.close()


def test_load_puts_another_test_digit_on_the_pad_each_time(make_pad, sample):
    pad, same = make_pad(), make_pad()
    seen, before = [], None
    for _ in range(5):
        pad.load_button.click()
        same.load_button.click()
        label = int(re.search(r"labelled (\d)", pad.said)[1])
        assert torch.equal(pad.image, same.image)
        same_label = sample.test.images[sample.test.labels == label]
        seen.append((same_label - pad.image).abs().amax(dim=1).min() < 1e-6)
        assert not seen[1:] or not torch.equal(pad.image, before)
        before = pad.image
    assert sum(seen) >= 4  # a centre of mass between two pixels may be rounded either way


def test_words_about_a_test_digit_end_with_the_next_stroke(pad):
    for next_words in ("Nothing trained yet", "Draw a digit."):
        pad.load_button.click()
        assert "A test digit, labelled" in pad.said
        pad.pad.value = pad.pad.value[:-1] + b"\xff"  # as a stroke does it in the browser
        assert next_words in pad.said
        pad.run(1)
    pad.load_button.click()
    pad.clear()
    assert pad.said == "Draw a digit."


def test_the_line_makes_the_panel_again(make_pad, make_training):
    pad = make_pad(label=3, strength=2.0, presenter=True)
    assert pad.line == "DigitPad(training=training, label=3, strength=2.0, presenter=True)"
    pad.overlay.value, pad.strength.value = 5, 4.0
    pad.line_button.click()
    assert pad.said == "DigitPad(training=training, label=5, presenter=True)"
    again = eval(pad.line, {"DigitPad": DigitPad, "training": make_training()})
    assert again.settings == pad.settings
    again.close()


def test_a_presenter_sees_large_type_and_the_overlay(make_pad):
    small, large = make_pad(), make_pad(presenter=True)
    assert large.pad.size == 1.5 * small.pad.size and large.picture.fills
    assert (
        large.control_box.children == (large.overlay, large.strength)
        and "ff-presenter" in large.widget._dom_classes
    )


def test_the_threshold_is_shown_where_the_loss_has_one(make_pad, make_training, digits):
    pad = make_pad(make_training(SMALL.but(loss="threshold", threshold=1.5)))
    pad.draw_digit(digits.test.images[0])
    lines = lambda pad: [
        [one["at"] for one in series(chart, "level")] for chart in picture(pad)["axes"][1:]
    ]
    assert lines(pad) == [[1.5], [1.5], []]
    assert alt(pad).endswith("Threshold 1.5.") and pad.state["threshold"] == 1.5
    pairwise = make_pad()
    assert pairwise.state["threshold"] is None and lines(pairwise) == [[], [], []]


def test_other_scales_and_depths_work(make_pad, make_training, digits):
    rescaled = SMALL.but(
        widths=(784, 12), pixel_mean=0.1, pixel_deviation=0.1, label_strength="maximum"
    )
    data = Digits(*(Split((split.images - 0.1) / 0.1, split.labels) for split in digits))
    pad = make_pad(make_training(rescaled, data))
    pad.draw_digit(digits.test.images[0])
    reference = goodness_per_label(pad.training.net, data.test.images[:1], per_layer=True)[:, 0]
    assert (
        np.allclose(pad.state["goodness"], reference, rtol=1e-4) and len(picture(pad)["axes"]) == 2
    )
    assert pad.strength.value == pytest.approx(9.0) and pad.strength.max == pytest.approx(18.0)
    deep = make_pad(make_training(SMALL.but(widths=(784, 5, 5, 5, 5))))
    deep.load_button.click()
    assert len(deep.state["goodness"]) == 4 and deep.run(3)["step"] == 3


def test_what_cannot_work_is_refused(make_training, digits):
    with pytest.raises(TypeError, match="lab.training"):
        DigitPad(FFNet([784, 5]))
    with pytest.raises(ValueError, match="hybrids"):
        DigitPad(make_training(RECIPES["quick-unsupervised"].but(widths=(784, 8, 8))))
    with pytest.raises(ValueError, match="fixed number of layers"):
        DigitPad(make_training(RECIPES["growing"].but(widths=(784, 8))))
    narrow = Split(digits.train.images[:, :100], digits.train.labels)
    with pytest.raises(ValueError, match="100 pixels"):
        DigitPad(make_training(SMALL.but(widths=(100, 8)), narrow))
    for wrong in ({"label": 10}, {"label": -1}, {"strength": -1.0}, {"strength": float("inf")}):
        with pytest.raises(ValueError, match="expected a label from 0 to 9"):
            DigitPad(make_training(), **wrong)


def test_an_exception_stops_the_clock_and_is_shown_in_words(drawn, monkeypatch):
    drawn.train_button.value = True
    monkeypatch.setattr(digit_pad, "goodness_per_label", burn)
    play(drawn, 1)
    assert not drawn.running and isinstance(drawn.error, RuntimeError)
    assert BURNT in drawn.message.value


def test_a_drawing_from_another_thread_during_a_cell_is_not_lost(drawn, digits):
    with drawn._lock:  # a cell's run
        other = threading.Thread(target=lambda: drawn.draw_digit(digits.test.images[20]))
        other.start()
        other.join(0.2)
    other.join(20)
    assert torch.equal(drawn.image, digits.test.images[20]) and drawn.error is None


def test_two_panels_share_nothing(make_pad, digits):
    one, two = make_pad(), make_pad()
    before = picture(two), two.state
    one.draw_digit(digits.test.images[0])
    one.run(5)
    assert (picture(two), two.state) == before


def test_many_drawings_and_ticks_leave_no_traces(make_pad, digits, monkeypatch):
    pad = make_pad()
    monkeypatch.setattr(panel, "LONGEST", 0.0001)
    pad.training.epochs = 10_000
    pad.train_button.value = True

    def use(times):
        for number in range(times):
            pad.draw_digit(digits.test.images[number % 100])
            pad.strength.value = number % 80 / 10
            play(pad, 1)

    use(5)
    before = traces(pad, pad.strength)
    use(20)
    after = traces(pad, pad.strength)
    assert (after <= before + [0, 0, 10, 3000]).all()


def test_closing_closes_every_widget(make_training):
    pad, left = widgets_left(DigitPad, training=make_training())
    assert not left
    assert pad.training is None
