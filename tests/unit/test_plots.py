"""Figures look the same whatever matplotlib's settings are, and never touch these."""

import threading

import matplotlib
import matplotlib.style
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ffteach import plots

RNG = np.random.default_rng(0)
IMAGES, VALUES = RNG.random((5, 784)), RNG.random((2, 90))
STYLES = ["dark_background", "ggplot", "fivethirtyeight", "seaborn-v0_8-darkgrid", "grayscale"]


def lines(ax, **options):
    series = {"a": [1, 2, 3], "b": [[3, 2, 1], [3, 1, 0]]}
    measured = {"a": [1, 2, 3]}
    plots.draw_lines(ax, [1, 2, 3], series, xlabel="x", ylabel="y", title="t", measured=measured)


DRAWN = {
    "lines": lines,
    "bars": lambda ax: plots.draw_bars(
        ax, "abc", [[1, 2, 3], [2, 3, 4]], ylabel="y", chance=2, reference=("others", [1, 2, 3])
    ),
    "dots": lambda ax: plots.draw_dots(ax, "abc", [[1, 2, 3], [2, 3, 4]], [0.1] * 3, xlabel="x"),
    "matrix": lambda ax: plots.draw_matrix(ax, [[1, 2], [3, 0]], xlabel="x", ylabel="y"),
    "goodness": lambda ax: plots.draw_goodness(ax, *VALUES, 0.5, title="t"),
    "image": lambda ax: plots.draw_image(ax, IMAGES[0], "an image"),
    "own": lambda ax: (ax.plot([1, 2], lw=3, label="p"), ax.legend(fontsize=8), ax.text(0, 1, "t")),
}


def drawn(names=DRAWN):
    """The pictures of these, as PNG bytes by name."""
    pictures = {}
    for name in names:
        fig, ax = plots.new_figure(size=(4, 2))
        DRAWN[name](ax)
        pictures[name] = plots.png(fig)
    return pictures


@pytest.fixture(scope="module")
def by_default():
    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        return drawn()


@pytest.mark.parametrize("style", STYLES)
def test_a_style_of_the_students_changes_nothing(style, by_default):
    with matplotlib.style.context(style):
        before = dict(matplotlib.rcParams)
        pictures = drawn()
        assert dict(matplotlib.rcParams) == before
    assert [name for name in DRAWN if pictures[name] != by_default[name]] == []


def students_own():
    """A figure of the student's, drawn without us, as bytes."""
    fig = Figure(figsize=(2, 1))
    canvas = FigureCanvasAgg(fig)
    ax = fig.subplots()
    ax.plot([1, 2], label="mine")
    ax.legend()
    canvas.draw()
    return bytes(canvas.buffer_rgba())


def test_a_panel_that_draws_in_another_thread_leaves_the_students_figures_alone():
    settings, wanted = dict(matplotlib.rcParams), students_own()
    over = threading.Event()

    def draw_on():
        while not over.is_set():
            drawn(["lines", "goodness"])

    thread = threading.Thread(target=draw_on)
    thread.start()
    try:
        own = [students_own() == wanted for _ in range(20)]
    finally:
        over.set()
        thread.join()
    assert all(own) and dict(matplotlib.rcParams) == settings


def test_what_cannot_be_told_apart_or_drawn_is_refused_in_words():
    _, ax = plots.new_figure()
    axis = {"xlabel": "x", "ylabel": "y"}
    for call, message in (
        (lambda: plots.draw_lines(ax, [1], dict.fromkeys("abcdefgh", [1]), **axis), "8 series"),
        (lambda: plots.draw_histograms(ax, dict.fromkeys("abcde", [1]), xlabel="x"), "5 series"),
        (lambda: plots.draw_histograms(ax, {}, xlabel="x"), "0 series"),
        (lambda: plots.draw_histograms(ax, {"a": [1, np.nan]}, xlabel="x"), "'a' hold NaN"),
        (lambda: plots.draw_goodness(ax, torch.tensor([torch.nan]), [1.0]), "hold NaN"),
        (lambda: plots.draw_goodness(ax, [], [1.0]), "goodness values are empty"),
        (lambda: plots.draw_goodness(ax, [1.0], [1.0], np.inf), "threshold=inf: expected a finite"),
        (lambda: plots.draw_points(ax, np.ones((1, 3)), [0]), "shape .1, 3., expected .N, 2."),
        (lambda: plots.draw_bars(ax, [], [], ylabel="y"), "values are empty"),
        (lambda: plots.draw_bars(ax, torch.tensor(1.0), [1, 2], ylabel="y"), "have None and 2"),
        (lambda: plots.draw_dots(ax, "ab", [1, 2], np.array(1.0), xlabel="x"), "have None and 2"),
        (lambda: plots.draw_dots(ax, "ab", [1, 2], [0, -1], xlabel="x"), "errors hold -1"),
        (lambda: plots.draw_image(ax, np.zeros(785)), "785 pixels, which is no square"),
        (lambda: plots.draw_mosaic(ax, np.zeros((3, 785))), "785 pixels, which is no square"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call()


def test_images_of_any_square_are_drawn():
    _, ax = plots.new_figure()
    assert plots.draw_image(ax, np.eye(14).ravel()).get_array().shape == (14, 14)
    assert plots.mosaic(np.ones((3, 196)), columns=2).shape == (30, 30)
    tile = plots.mosaic(np.arange(8.0).reshape(2, 4), columns=2)
    assert np.allclose(tile[:2, 3:5], np.array([[4, 5], [6, 7]]) / 7) and not tile[2].any()
