"""The pictures of all panels can be read: no text lies upon another, whatever is shown."""

import pytest
from by_hand import text_on_text

from ffteach import RECIPES, train
from ffteach.live import DigitPad, GoodnessLab, MaskLab, ProbeLab, TrainingLab
from ffteach.plots import new_figure

LAYERS = pytest.mark.parametrize("layers", [1, 2, 3, 4])


def widths(layers):
    return (784, *[8] * layers)


def test_text_on_text_is_seen():
    fig, ax = new_figure()
    ax.text(0.5, 0.5, "one")
    ax.text(0.5, 0.5, "other")
    assert text_on_text(fig) == [("one", "other")]


@LAYERS
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preset": "threshold too high"},
        {"preset": "learning rate too high"},
        {"preset": "pairwise loss"},
        {"threshold": 0.0},
    ],
    ids=str,
)
def test_the_training_labs_can(digits, closing, layers, options):
    lab = closing(TrainingLab(data=digits, widths=widths(layers), **options))
    for steps in (0, 3, 20):
        lab.run(steps)
        assert text_on_text(lab._figure.fig) == []


@LAYERS
@pytest.mark.parametrize("loss", ["threshold", "pairwise"])
def test_the_probe_labs_can(digits, closing, layers, loss):
    probed = {"probe_layers": (0,)} if layers == 1 else {}
    lab = closing(ProbeLab(data=digits, widths=widths(layers), loss=loss, **probed))
    for steps in (0, 5):
        lab.run(steps)
        assert text_on_text(lab._figure.fig) == []


@LAYERS
def test_the_digit_pads_can(digits, closing, layers):
    recipe = RECIPES["quick"].but(widths=widths(layers))
    pad = closing(DigitPad(train(recipe.network(seed=0), digits, recipe)))
    pad.draw_digit(digits.test.images[0])
    assert text_on_text(pad._figure.fig) == []


def test_the_goodness_and_the_mask_labs_can(digits, closing):
    panels = [GoodnessLab(data=digits, threshold=threshold) for threshold in (0.0, 2.0, 40.0)]
    panels += [MaskLab(), MaskLab("gaussian", kernel=15), MaskLab(blurs=0, cut=1)]
    for panel in panels:
        assert text_on_text(closing(panel)._figure.fig) == []
