"""Whatever comes in: the right answer, or TypeError or ValueError in words of our own.

For every public function hypothesis tries sensible arguments with none, one or more replaced by
something else. FFTEACH_TRIES=2000 tries so many for each (minutes); by default it is a few seconds.
"""

import math
import os
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ffteach
from ffteach import Digits, FFLayer, FFNet, LinearProbe, Recipe, Split, data, plain, plots
from ffteach.inference import predict_one_pass
from ffteach.masks import blur_stages, gaussian_stages
from ffteach.negatives import labels_of_other_images

TRIES = int(os.environ.get("FFTEACH_TRIES", 30))
PACKAGE = str(Path(ffteach.__file__).parent)
COUNTS = {}

IMAGES, LABELS = (
    torch.rand(20, 784, generator=torch.Generator().manual_seed(0)),
    torch.arange(20) % 10,
)
SPLIT = Split(IMAGES, LABELS)
DIGITS = Digits(SPLIT, SPLIT.take(slice(0)), SPLIT)
NET = FFNet([784, 6, 5], label_strength=3.0)
SMALL = Recipe(widths=(784, 6, 5), epochs=1, batch_size=10)
FEATURES = torch.rand(30, 4, generator=torch.Generator().manual_seed(1))
STATE = ffteach.train(NET, SPLIT, SMALL).state_dict()
PROBE = LinearProbe(weight_decay=1.0).fit(FEATURES, torch.arange(30) % 10)

ELSE = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            "text",
            b"bytes",
            [],
            {},
            (1, 2),
            [0.0],
            object(),
            print,
            np.zeros(3),
            np.zeros((20, 784)),
            np.int64(3),
            np.float64(0.5),
            1j,
            torch.zeros(0),
            torch.zeros(20, 784),
            torch.zeros(20, 784).half(),
            torch.zeros(20, 784, dtype=torch.uint8),
            torch.zeros(20, 28, 28),
            torch.full((20, 784), math.nan),
            torch.full((20, 784), 1e30),
            torch.zeros(20, 10),
            torch.zeros(20, 11),
            torch.zeros(1, 784),
            torch.zeros(20, 784).double(),
            torch.zeros(20),
            torch.ones(20).long(),
            torch.tensor(1.0),
            torch.tensor(3),
            LABELS.int(),
            LABELS - 1,
            LABELS + 1,
            SPLIT,
            DIGITS,
            NET,
            SMALL,
            torch.nn.Linear(784, 10),
            torch.zeros(20, 784).to_sparse(),
            torch.zeros(20, 784, dtype=torch.complex64),
            torch.zeros(20, 784, device="meta"),
            LABELS.to_sparse(),
            LABELS.to("meta"),
        ]
    ),
    st.integers(-3, 30),
    st.floats(),
    st.lists(st.integers(-1, 3), max_size=3),
    st.text(max_size=3),
)


def one_of(*values):
    return st.sampled_from(values)


generators = st.builds(lambda seed: torch.Generator().manual_seed(seed), st.integers(0, 9))
counts, sides, layers = st.integers(1, 4), st.integers(4, 12), one_of(None, [0], [1], [1, 0])
images = st.builds(lambda n: IMAGES[:n], st.integers(20, 20))
numbers = st.floats(0.01, 10)
goodnesses = st.builds(lambda low, high: torch.linspace(low, high, 7), numbers, numbers)
paddings = one_of("reflect", "zeros", "circular")


def is_overlay(result, images, labels, strength):
    assert torch.equal(result, plain.overlay(images, labels, strength))


def is_wrong(result, *arguments, **options):
    labels = next(value for value in arguments if value is not None and value.dtype == torch.int64)
    assert result.shape == labels.shape and (result != labels).all()
    assert result.min() >= 0 and result.max() <= 9


def is_goodness(result, h):
    torch.testing.assert_close(result, (h * h).mean(-1), equal_nan=True)


def is_loss(result, g_pos, g_neg, threshold, temperature):
    torch.testing.assert_close(result, plain.loss(g_pos, g_neg, threshold, temperature))


def is_pairwise(result, g_pos, g_neg, temperature):
    more = (g_neg - g_pos) / temperature
    torch.testing.assert_close(
        result, torch.logaddexp(torch.zeros(7).double(), more.double()).mean().float()
    )


def is_masks(result, n, size, *others):
    assert result.shape == (n, size**2) and set(result.unique().tolist()) <= {0.0, 1.0}


def is_table(result, net, images, layers, per_layer, shift):
    if shift:
        return
    chosen, tables = range(len(net.layers)) if layers is None else layers, []
    for label in range(10):
        x, sums = plain.overlay(images, torch.full((len(images),), label), net.label_strength), []
        for layer in net.layers:
            x = layer(x)
            sums.append(x.square().mean(dim=1))
        tables.append(torch.stack([sums[index] for index in chosen]))
    wanted = torch.stack(tables, dim=2)
    torch.testing.assert_close(
        result, wanted if per_layer else wanted.sum(dim=0), rtol=1e-3, atol=1e-4
    )


def is_share(result, *arguments):
    assert all(0 <= share <= 1 for share in (result if isinstance(result, list) else [result]))


def anything(result, *arguments):
    """There is no other way to the answer: it is asked that one comes, and is not False."""
    assert result is not False


def ax(figure=plots.new_figure()[0]):  # noqa: B008  one figure for all: to make one takes long
    """Empty axes."""
    figure.clear()
    return figure.subplots()


def in_a_run(learning_rate, threshold, temperature, epochs, frozen):
    """What may be changed while a run goes on."""
    run = ffteach.train(FFNet([784, 6, 5]), SPLIT, SMALL)
    run.learning_rate, run.threshold, run.temperature = learning_rate, threshold, temperature
    run.epochs, run.frozen = epochs, frozen
    next(run)


FUNCTIONS = {
    "overlay_label": (ffteach.overlay_label, [images, one_of(LABELS), numbers], is_overlay),
    "wrong_labels": (
        lambda y, g: ffteach.wrong_labels(y, generator=g),
        [one_of(LABELS), generators],
        is_wrong,
    ),
    "hard_labels": (
        lambda table, y, hardness, g: ffteach.hard_labels(table, y, hardness, generator=g),
        [st.just(torch.rand(20, 10)), one_of(LABELS), numbers, generators],
        lambda result, table, y, *others: is_wrong(result, y),
    ),
    "goodness": (ffteach.goodness, [images], is_goodness),
    "ff_loss": (ffteach.ff_loss, [goodnesses, goodnesses, numbers, numbers], is_loss),
    "pairwise_loss": (ffteach.pairwise_loss, [goodnesses, goodnesses, numbers], is_pairwise),
    "blur_masks": (
        lambda n, size, blurs, padding, g: ffteach.blur_masks(
            n, size=size, blurs=blurs, padding=padding, generator=g
        ),
        [counts, sides, st.integers(0, 5), paddings, generators],
        is_masks,
    ),
    "gaussian_masks": (
        lambda n, size, padding, g: ffteach.gaussian_masks(
            n, size=size, padding=padding, generator=g
        ),
        [counts, sides, paddings, generators],
        is_masks,
    ),
    "hybrids": (
        lambda x, masks, g: ffteach.hybrids(x, masks, generator=g),
        [images, one_of(None, torch.ones(20, 784)), generators],
        lambda result, x, masks, g: (
            torch.equal(result, x) if masks is not None else anything(result)
        ),
    ),
    "predict": (
        lambda net, x, layers, shift: ffteach.predict(net, x, layers=layers, shift=shift),
        [one_of(NET), images, layers, one_of(0, 0, 1)],
        anything,
    ),
    "goodness_per_label": (
        lambda net, x, layers, per, shift: ffteach.goodness_per_label(
            net, x, layers=layers, per_layer=per, shift=shift
        ),
        [one_of(NET), images, layers, st.booleans(), one_of(0, 0, 1)],
        is_table,
    ),
    "error_rate": (
        lambda n, s, chosen: ffteach.error_rate(n, s, layers=chosen),
        [one_of(NET), one_of(SPLIT), layers],
        is_share,
    ),
    "layer_error_rates": (
        lambda n, s, chosen: ffteach.layer_error_rates(n, s, layers=chosen),
        [one_of(NET), one_of(SPLIT), layers],
        is_share,
    ),
    "features": (
        lambda n, x, chosen: ffteach.features(n, x, layers=chosen),
        [one_of(NET), images, layers],
        anything,
    ),
    "LinearProbe": (LinearProbe, [one_of(None, 0.1)], anything),
    "fit": (
        lambda x, y: LinearProbe(1.0).fit(x, y),
        [st.just(FEATURES), st.just(torch.arange(30) % 10)],
        anything,
    ),
    "scores": (PROBE.scores, [st.just(FEATURES)], anything),
    "error": (PROBE.error, [st.just(FEATURES), st.just(torch.arange(30) % 10)], is_share),
    "PublishedProbe": (
        lambda steps, rate, seed: ffteach.PublishedProbe(steps, rate, seed=seed),
        [counts, numbers, counts],
        anything,
    ),
    "baselines": (
        lambda net, data, make, layers: ffteach.baselines(net, data, make, layers),
        [one_of(NET), one_of(DIGITS), one_of(lambda: ffteach.PublishedProbe(2)), layers],
        lambda result, *arguments: is_share(list(result.values())),
    ),
    "FFLayer": (
        lambda i, o, scale, init, epsilon, g: FFLayer(
            i, o, row_scale=scale, init=init, epsilon=epsilon, generator=g
        ),
        [
            counts,
            counts,
            one_of("mean-square-1"),
            one_of("torch", "normal"),
            one_of(1e-6),
            generators,
        ],
        anything,
    ),
    "FFNet": (
        lambda widths, strength, head, g: FFNet(
            widths, label_strength=strength, head=head, generator=g
        ),
        [one_of([784, 5], (784, 5, 4)), one_of(1.0, "maximum"), st.booleans(), generators],
        anything,
    ),
    "train": (
        lambda net, data, recipe, seed, draw: ffteach.train(
            net, data, recipe, seed=seed, draw=draw
        ),
        [
            st.builds(lambda: FFNet([784, 6, 5])),
            one_of(SPLIT, DIGITS),
            one_of(SMALL),
            counts,
            one_of(None),
        ],
        lambda run, *arguments: next(run),
    ),
    "load_mnist": (
        lambda which, validation, device: ffteach.load_mnist(
            which, validation=validation, device=device
        ),
        [one_of("sample"), one_of(0, 10), one_of(None, "cpu")],
        anything,
    ),
    "choose_device": (ffteach.choose_device, [one_of(None, "cpu", "auto")], anything),
    "seeded": (ffteach.seeded, [counts], anything),
    "Split.of": (
        Split.of,
        [one_of(IMAGES, np.zeros((20, 28, 28), np.uint8)), one_of(LABELS)],
        anything,
    ),
    "but": (
        lambda name, value: SMALL.but(**{str(name): value}),
        [one_of(*vars(SMALL)), one_of(1, 0.5)],
        anything,
    ),
    "labels_of_other_images": (
        lambda y, g: labels_of_other_images(y, generator=g),
        [one_of(LABELS), generators],
        lambda result, y, g: anything(set(result.tolist()) <= set(y.tolist())),
    ),
    "predict_one_pass": (
        predict_one_pass,
        [st.just(FFNet([784, 6, 5], head=True)), images],
        lambda result, net, x: anything(result.shape == x.shape[:1]),
    ),
    "hold_out": (data.hold_out, [one_of(SPLIT), one_of(0, 10)], anything),
    "blur_stages": (
        lambda n, size, blurs, padding, cut, g: blur_stages(
            n, size=size, blurs=blurs, padding=padding, cut=cut, generator=g
        ),
        [counts, sides, st.integers(0, 5), paddings, st.floats(0, 1), generators],
        lambda result, n, size, *others: is_masks(result.masks, n, size),
    ),
    "gaussian_stages": (
        lambda n, size, gaussians, cut: gaussian_stages(n, size=size, gaussians=gaussians, cut=cut),
        [counts, sides, one_of(((3, 1.0),), [(5, 2)]), st.floats(0, 1)],
        lambda result, n, size, *others: is_masks(result.masks, n, size),
    ),
    "add_layer": (
        lambda width, g: FFNet([784, 6]).add_layer(width, generator=g),
        [counts, generators],
        lambda layer, width, g: anything(layer.out_features == width),
    ),
    "load_state_dict": (
        lambda state: ffteach.train(FFNet([784, 6, 5]), SPLIT, SMALL).load_state_dict(state),
        [one_of(STATE)],
        anything,
    ),
    "Training's controls": (
        in_a_run,
        [one_of(0.1), one_of(2.0), one_of(0.5), counts, one_of(set(), {0}, [1])],
        anything,
    ),
    "draw_lines": (
        lambda x, y: plots.draw_lines(ax(), x, {"y": y}, xlabel="x", ylabel="y"),
        [st.just([1, 2, 3]), st.just(np.ones((2, 3)))],
        anything,
    ),
    "draw_bars": (
        lambda names, values: plots.draw_bars(ax(), names, values, ylabel="y"),
        [st.just(["a", "b"]), st.just([1.0, 2.0])],
        anything,
    ),
    "draw_dots": (
        lambda names, values, errors: plots.draw_dots(ax(), names, values, errors, xlabel="x"),
        [st.just(["a", "b"]), st.just([1.0, 2.0]), one_of(None)],
        anything,
    ),
    "draw_histograms": (
        lambda values: plots.draw_histograms(ax(), {"a": values}, xlabel="x"),
        [goodnesses],
        anything,
    ),
    "draw_goodness": (
        lambda g_pos, g_neg, threshold: plots.draw_goodness(ax(), g_pos, g_neg, threshold),
        [goodnesses, goodnesses, one_of(None, 2.0)],
        anything,
    ),
    "draw_image": (lambda image: plots.draw_image(ax(), image), [one_of(IMAGES[0])], anything),
    "draw_matrix": (
        lambda matrix: plots.draw_matrix(
            ax(), matrix, xlabel="x", ylabel="y", numbers_in_cells=False
        ),
        [st.just(np.eye(3))],
        anything,
    ),
    "draw_points": (
        lambda points, labels: plots.draw_points(ax(), points, labels),
        [st.just(np.ones((20, 2))), one_of(LABELS)],
        anything,
    ),
    "draw_mosaic": (
        lambda rows, columns: plots.draw_mosaic(ax(), rows, columns=columns),
        [images, counts],
        anything,
    ),
    "save": (lambda net: ffteach.save(os.devnull, net), [one_of(NET)], anything),
    "load": (ffteach.load, [one_of("nothing.npz"), one_of(None, SPLIT)], anything),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_right_answer_or_a_sentence(name):
    function, sensible, check = FUNCTIONS[name]
    spoilt = st.lists(st.booleans(), min_size=len(sensible), max_size=len(sensible))
    COUNTS[name] = 0

    @settings(
        max_examples=max(5, TRIES // 5) if name.startswith("draw") else TRIES,  # figures take long
        deadline=None,
        derandomize="FFTEACH_TRIES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data(), spoilt, st.booleans())
    def one(data, spoilt, all_sensible):
        COUNTS[name] += 1
        arguments = [
            data.draw(good if all_sensible or not spoil else st.one_of(good, ELSE))
            for good, spoil in zip(sensible, spoilt)
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = function(*arguments)
            except (TypeError, ValueError, RuntimeError) as error:
                where = traceback.extract_tb(error.__traceback__)[-1].filename
                assert where.startswith(PACKAGE), f"{arguments!r:.300}: {error!r}"
                assert name in ("load", "save", "choose_device", "load_mnist") or not isinstance(
                    error, RuntimeError
                ), f"{arguments!r:.300}: {error!r}"
                assert len(str(error)) > 20
                return
            check(result, *arguments)

    one()


@pytest.fixture(scope="module", autouse=True)
def report():
    yield
    print(f"{sum(COUNTS.values())} inputs to {len(COUNTS)} functions")
