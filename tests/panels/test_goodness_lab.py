"""The goodness lab without a browser: its widgets' values are set as the browser would do it."""

import math
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from by_hand import BURNT, alt, burn, check_classes, figures, picture, series, traces, widgets_left

from ffteach import Digits, Split, goodness, overlay_label, train
from ffteach.live import GoodnessLab
from ffteach.live.goodness import lab as goodness_lab
from ffteach.live.goodness.picture import curves, goodness_scene
from ffteach.plots import numbers

SMALL = goodness_lab.RECIPE.but(
    widths=(784, 24, 16), batch_size=20
)  # 20 steps in its two epochs on the 200 digits
CONTROLS = {
    "ff-draw": "draw_button",
    "ff-line": "line_button",
    "ff-threshold": "threshold",
    "ff-temperature": "temperature",
    "ff-network": "network",
    "ff-layer": "layer",
    "ff-picture": "picture",
    "ff-status": "status",
    "ff-message": "message",
    "ff-panel": "widget",
    "ff-goodness-lab": "widget",
}
SETTINGS = pytest.mark.parametrize(
    "threshold, temperature", [(2.0, 1.0), (0.5, 0.05), (0.0, 0.001), (0.0, 10.0), (6.0, 0.2)]
)


@pytest.fixture
def make_lab(digits, monkeypatch, closing):
    """Make a panel with a small network on few digits; all are closed in the end."""
    monkeypatch.setattr(goodness_lab, "RECIPE", SMALL)
    return lambda **options: closing(GoodnessLab(**{"data": digits} | options))


@SETTINGS
def test_the_curves_are_torch_s_loss_and_autograd_s_slopes(threshold, temperature):
    g = torch.linspace(0, 12, 500, dtype=torch.float64, requires_grad=True)
    loss_pos, loss_neg, probability, slope_pos, slope_neg = curves(
        g.detach(), threshold, temperature
    )
    for sign, loss, slope in ((-1, loss_pos, slope_pos), (+1, loss_neg, slope_neg)):
        reference = F.softplus(sign * (g - threshold) / temperature)
        torch.testing.assert_close(loss, reference.detach())
        torch.testing.assert_close(slope / temperature, torch.autograd.grad(reference.sum(), g)[0])
    torch.testing.assert_close(probability, torch.sigmoid((g.detach() - threshold) / temperature))
    answer = torch.tensor(
        [1.0, 0.0], dtype=torch.float64
    )  # and both losses are the cross-entropy of the probability
    logit = torch.tensor([(1.7 - threshold) / temperature] * 2, dtype=torch.float64)
    both = torch.stack([curve[0] for curve in curves([1.7], threshold, temperature)[:2]])
    torch.testing.assert_close(
        both, F.binary_cross_entropy_with_logits(logit, answer, reduction="none")
    )


@SETTINGS
@pytest.mark.parametrize("network, layer", [("untrained", 1), ("trained", 2)])
def test_the_figures_are_counted_by_plain_code(make_lab, threshold, temperature, network, layer):
    lab = make_lab(threshold=threshold, temperature=temperature, network=network, layer=layer)
    state, names = lab.state, {"pos": -1, "neg": +1}
    for (short, sign), values in zip(names.items(), lab.goodness.tolist()):
        exponents = [sign * (g - threshold) / temperature for g in values]
        losses = [
            max(x, 0) + math.log1p(math.exp(-abs(x))) for x in exponents
        ]  # log(1 + exp(x)) without overflow
        assert state[f"goodness_{short}"] == pytest.approx(math.fsum(values) / len(values))
        assert state[f"loss_{short}"] == pytest.approx(math.fsum(losses) / len(values), abs=1e-8)
        assert state[f"above_{short}"] == pytest.approx(
            sum(g > threshold for g in values) / len(values)
        )
        assert state[f"below_{short}"] == pytest.approx(
            sum(g < threshold for g in values) / len(values)
        )
        assert state[f"learning_{short}"] == pytest.approx(
            sum(x > -math.log(99) for x in exponents) / len(values)
        )
    assert state["accuracy"] == pytest.approx((state["above_pos"] + state["below_neg"]) / 2)
    assert state["learning"] == pytest.approx((state["learning_pos"] + state["learning_neg"]) / 2)


def test_the_goodness_is_that_of_the_networks(make_lab, digits):
    lab = make_lab(layer=2, seed=3)
    net, (images, labels) = SMALL.network(seed=3), digits.validation
    with torch.no_grad():
        torch.testing.assert_close(
            lab.goodness[0], goodness(net(overlay_label(images, labels, 4.0))[1])
        )
        lab.network.value = "trained"
        for _ in train(net, digits, SMALL, seed=3):
            pass
        both = [goodness(net(overlay_label(images, y, 4.0))[1]) for y in (labels, lab._wrong)]
    torch.testing.assert_close(lab.goodness, torch.stack(both))
    assert (lab._wrong != labels).all()


def test_the_picture_shows_these_curves_and_this_goodness(make_lab):
    lab = make_lab(network="trained", threshold=1.3, temperature=0.1)
    reach, axes = 0.1 * math.log(99), picture(lab)["axes"]
    assert len({one["x"] for one in axes}) == 1  # one common axis
    drawn = [one for part in axes for one in series(part, "line")]
    assert [one["role"] for one in drawn] == ["positive", "negative", "series2"] + [
        "positive",
        "negative",
    ]
    for one, reference in zip(drawn, curves(drawn[0]["x"], 1.3, 0.1)):
        assert one["x"][0] == 0 and one["x"][-1] == axes[0]["x"][1]
        assert np.allclose(one["y"], numbers(reference).clip(max=12), atol=1e-5)
    lines = [one for part in axes for one in series(part, "level") if one["axis"] == "x"]
    assert [(one["at"], one["follows"]) for one in lines] == [(1.3, "threshold")] * 4
    bands = [one for part in axes for one in series(part, "band")]
    assert len(bands) == 2
    for band in bands:
        assert (band["from"], band["to"]) == pytest.approx((1.3 - reach, 1.3 + reach))
    both = series(axes[3], "histogram")
    counts = [np.histogram(g, 75, one["edges"])[0] for g, one in zip(lab.goodness, both)]
    for one, count in zip(both, counts):
        assert np.allclose(one["heights"], count / np.max(counts), atol=0.02)


def test_the_axis_reaches_data_and_threshold(make_lab):
    lab = make_lab(threshold=40.0)
    end = lambda: picture(lab)["axes"][0]["x"][1]
    assert lab.threshold.value == 40.0 and end() >= 1.2 * 40
    lab.threshold.value = 0.5
    assert max(0.5, lab.goodness.max()) <= end() < 10
    large = {"threshold": 1.0, "temperature": 1.0, "name": "large", "end": 0}
    assert 30 <= goodness_scene([30.0] * 9, [20.0] * 9, **large)[1] < 60


@SETTINGS
def test_extremes_stay_finite_and_in_words(make_lab, threshold, temperature):
    lab = make_lab(threshold=threshold, temperature=temperature)
    for network in ("untrained", "trained"):
        lab.network.value = network
        assert all(math.isfinite(value) for value in lab.state.values() if isinstance(value, float))
        drawn = [one for part in picture(lab)["axes"] for one in series(part, "line")]
        assert len(drawn) == 5 and all(np.isfinite(one["y"]).all() for one in drawn)
    assert (
        lab.error is None
        and "nan" not in alt(lab)
        and "inf" not in alt(lab)
        and 'role="alert"' not in lab.message.value
    )


def test_silent_layers_and_infinite_goodness_are_shown(lab):
    silent = torch.zeros(2, 2, 100)
    lab._seen["untrained"] = silent
    lab.threshold.value = 0.0
    assert lab.state["accuracy"] == 0 and lab.error is None  # neither above nor below
    lab._seen["untrained"] = torch.full_like(silent, torch.inf)
    lab.threshold.value = 1.0
    assert lab.error is None and "infinite" not in lab.said and lab.state["above_neg"] == 1
    lab._seen["untrained"] = torch.full_like(silent, torch.nan)
    lab.threshold.value = 1.5
    assert lab.error is None and "mean goodness nan" in alt(lab)


def test_the_words_follow_the_controls(lab):
    seen = set()
    for control, value in (
        ("threshold", 0.45),
        ("temperature", 0.05),
        ("layer", 2),
        ("network", "trained"),
        ("threshold", 1.0),
    ):
        getattr(lab, control).value = value
        state = lab.state
        seen.add(repr(picture(lab)))
        assert alt(lab).startswith(
            f"{state['network'].capitalize()} network, layer {state['layer']}: "
            f"mean goodness {state['goodness_pos']:.2f} of 100"
        )
        assert (
            f"threshold {state['threshold']:.2f} and temperature {state['temperature']:.2g}."
            in alt(lab)
        )
        for text in (alt(lab), figures(lab)):
            assert (
                f"{state['loss_pos']:.3f}" in text
                and f"{state['accuracy']:.1%}" in text
                and f"{state['learning_neg']:.1%}" in text
            )
    assert len(seen) == 5 and "Trained at threshold 2 and temperature 0.05" in lab.message.value
    lab.network.value = "untrained"
    assert "Random weights" in lab.message.value


def test_nothing_is_trained_before_it_is_asked_for_and_then_once(lab, monkeypatch):
    trained, said = [], []
    monkeypatch.setattr(
        goodness_lab, "train", lambda *args, **options: trained.append(1) or train(*args, **options)
    )
    lab.message.observe(lambda change: said.append(change["new"]), "value")
    lab.layer.value, lab.threshold.value = 2, 1.0
    assert trained == [] and lab.state["network"] == "untrained"
    for network in ("trained", "untrained", "trained"):
        lab.network.value = network
    lab.run(2)
    assert trained == [1] and any("Training it, once: 5% done" in text for text in said)


def test_fresh_negatives_are_other_wrong_labels_and_run_presses_the_button(make_lab, digits):
    one, two = make_lab(), make_lab()
    first, (positives, negatives) = one._wrong, one.goodness
    for _ in range(3):
        one.draw_button.click()
    assert (
        one.state == two.run(3)
        and one.state["draws"] == 4
        and torch.equal(one._wrong, two._wrong)
        and alt(one) == alt(two)
    )
    assert not torch.equal(one._wrong, first) and (one._wrong != digits.validation.labels).all()
    assert torch.equal(one.goodness[0], positives) and not torch.equal(one.goodness[1], negatives)
    assert not torch.equal(make_lab(seed=1)._wrong, first)


def test_the_line_makes_the_panel_again(make_lab, digits):
    lab = make_lab(threshold=7.5, temperature=0.02, seed=2)
    assert lab.line == "GoodnessLab(threshold=7.5, temperature=0.02, seed=2)"
    lab.threshold.value, lab.temperature.value, lab.network.value, lab.layer.value = (
        0.35,
        10**-1.3,
        "trained",
        2,
    )
    lab.line_button.click()
    assert (
        lab.said
        == "GoodnessLab(threshold=0.35, temperature=0.0501, network='trained', layer=2, seed=2)"
    )
    again = eval(lab.said, {"GoodnessLab": lambda **options: make_lab(**options)})
    same = {name: value for name, value in again.state.items() if name != "message"}
    assert (
        again.settings == lab.settings
        and same == {name: lab.state[name] for name in same}
        and alt(again) == alt(lab)
    )
    assert make_lab().line == "GoodnessLab()"


def test_every_control_has_its_class_and_the_table_lists_it(lab):
    check_classes(lab, CONTROLS)
    followed = {"threshold": lab.threshold, "temperature": lab.temperature}
    assert lab.picture.partners == {name: one.model_id for name, one in followed.items()}


def test_a_presenter_sees_large_type_and_fewer_controls(make_lab):
    lab = make_lab(presenter=True)
    assert (
        lab.control_box.children == (lab.threshold, lab.temperature, lab.network)
        and "ff-presenter" in lab.widget._dom_classes
    )
    assert lab.picture.fills and lab.line == "GoodnessLab(presenter=True)"


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": -0.1},
        {"threshold": math.nan},
        {"temperature": 0.0},
        {"temperature": math.inf},
        {"temperature": "warm"},
        {"network": "mine"},
        {"layer": 3},
    ],
    ids=str,
)
def test_what_cannot_work_is_refused(make_lab, wrong):
    with pytest.raises(
        ValueError, match=f"{next(iter(wrong))}=.*(expected a finite number|choose one of)"
    ):
        make_lab(**wrong)


def test_data_without_validation_images_are_refused(make_lab, digits):
    none = Split(digits.train.images[:0], digits.train.labels[:0])
    with pytest.raises(ValueError, match="held-out images"):
        make_lab(data=Digits(digits.train, none, digits.test))


def test_an_exception_is_shown_in_words(lab, monkeypatch):
    monkeypatch.setattr(goodness_lab, "train", burn)
    lab.network.value = "trained"
    assert isinstance(lab.error, RuntimeError) and BURNT in lab.message.value


def test_a_click_from_another_thread_waits_for_a_cell(lab):
    with lab._lock:  # a cell's run
        other = threading.Thread(target=lab.draw_button.click)
        other.start()
        other.join(0.2)
        assert lab.draws == 1
    other.join(20)
    assert lab.draws == 2 and lab.error is None


def test_300_changes_leave_no_traces_in_it_or_in_another_panel(make_lab, monkeypatch):
    lab, other = make_lab(network="trained"), make_lab()
    shown = picture(other), other.state

    def left():
        return [*traces(lab, lab.threshold), len(lab._seen)]

    def use(times):
        for number in range(times):
            lab.threshold.value, lab.temperature.value = (
                number % 50 / 20,
                10 ** (-3 + number % 40 / 10),
            )
            lab.layer.value = 1 + number % 2

    use(4)
    before = left()
    use(100)  # three changes each
    grown = np.subtract(left(), before)
    assert not grown[[0, 1, 2, 4]].any() and grown[3] < 9000  # bytes of 1 to 4 characters
    assert (picture(other), other.state) == shown


def test_closing_closes_every_widget(digits, monkeypatch):
    monkeypatch.setattr(goodness_lab, "RECIPE", SMALL)
    for presenter in (False, True):
        lab, left = widgets_left(GoodnessLab, data=digits, presenter=presenter)
        assert not left
        assert lab.data is None
