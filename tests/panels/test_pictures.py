"""The pictures of all panels can be read: no text upon another, and contrast enough."""

import numpy as np
import pytest
from by_hand import text_on_text
from matplotlib.colors import to_rgb

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


def contrast(colour, page=(1.0, 1.0, 1.0)):
    """The contrast of two colours as WCAG 2 defines it, 1 to 21."""
    linear = lambda c: c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
    light = lambda rgb: sum(w * linear(c) for w, c in zip((0.2126, 0.7152, 0.0722), rgb))
    dark, bright = sorted((light(to_rgb(colour)), light(to_rgb(page))))
    return (bright + 0.05) / (dark + 0.05)


def test_bars_and_curves_stand_out_from_the_page(digits, closing):
    assert contrast("#777777") == pytest.approx(4.48, abs=0.01)
    lab = closing(TrainingLab(data=digits, widths=widths(2)))
    recipe = RECIPES["quick"].but(widths=widths(2))
    pad = closing(DigitPad(train(recipe.network(seed=0), digits, recipe)))
    pad.draw_digit(digits.test.images[0])
    goodness = closing(GoodnessLab(data=digits))
    outlined = [lab._figure.histograms[0].pos, lab._figure.histograms[0].neg]
    outlined += [*pad._figure.charts[0].bars, goodness._figure.histogram.neg]
    for artist in outlined:
        assert contrast(artist.get_edgecolor()[:3]) >= 3 and artist.get_edgecolor()[3] == 1
        assert artist.get_linewidth() >= 1 and artist.get_alpha() is None
    for artist in (lab._figure.digit.bars, goodness._figure.curves[1], goodness._figure.curves[4]):
        stroke = artist.get_path_effects()[0]._gc
        assert contrast(stroke["foreground"]) >= 3
        assert stroke["linewidth"] >= np.min(artist.get_linewidth()) + 2
