"""The functions written out in lesson 04 give the same numbers as the module's."""

import lesson_functions
import nbformat
import pytest
import torch
import torch.nn.functional as F

import ffteach
from ffteach import RECIPES
from ffteach.runs import load_results

LESSON = "04_unsupervised_probe"


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load(LESSON, ["features", "softmax_regression", "train_step"])


@pytest.mark.parametrize("layers", [(1, 2), (0,), (2, 0)])
def test_features(lesson, few, make_net, layers):
    net = make_net(30, 20, 10)
    torch.testing.assert_close(
        lesson.features(net, few.images, layers), ffteach.features(net, few.images, layers=layers)
    )


def test_the_layers_left_out_by_default_are_the_same(lesson, few, make_net):
    net = make_net(30, 20, 10)
    torch.testing.assert_close(lesson.features(net, few.images), ffteach.features(net, few.images))


@pytest.mark.parametrize("weight_decay", [0.3, 0.01])
def test_softmax_regression_finds_the_probes_solution(lesson, digits, make_net, weight_decay):
    net = make_net(30, 20, 10)
    x, new = (
        ffteach.features(net, split.images).double() for split in (digits.train, digits.validation)
    )
    scores = lesson.softmax_regression(x, digits.train.labels, weight_decay, steps=200)(new)
    reader = ffteach.LinearProbe(weight_decay=weight_decay).fit(x, digits.train.labels)
    torch.testing.assert_close(
        F.softmax(scores, dim=1), F.softmax(reader.scores(new), dim=1), atol=2e-3, rtol=0
    )
    assert (scores.argmax(dim=1) == reader.predict(new)).float().mean() > 0.98


def test_the_plain_step_is_the_packages(lesson, few, monkeypatch):
    """One step on the same digits and the same negatives: the same losses and the same weights."""
    recipe = RECIPES["quick-unsupervised"].but(widths=(784, 30, 20), batch_size=None, epochs=2)
    negatives = ffteach.hybrids(few.images, generator=torch.Generator().manual_seed(3))
    packaged, plain = recipe.network(seed=1), recipe.network(seed=1)
    run = ffteach.train(packaged, few, recipe, draw=lambda images, generator: negatives)
    record = next(run)
    monkeypatch.setattr(ffteach, "hybrids", lambda images, generator: negatives)
    optimisers = [torch.optim.Adam(layer.parameters(), lr=1e-3) for layer in plain.layers]
    losses = lesson.train_step(plain.layers, optimisers, few.images, None)
    assert losses == pytest.approx(list(record.loss), rel=1e-4)
    for mine, theirs in zip(plain.parameters(), packaged.parameters()):
        assert (mine - theirs).abs().max() < 1e-4  # of steps of 1e-3


def test_no_gradient_leaves_a_layer(lesson, few):
    net = RECIPES["quick-unsupervised"].but(widths=(784, 30, 20)).network(seed=1)
    before = [layer.weight.detach().clone() for layer in net.layers]
    still = torch.optim.SGD(net.layers[0].parameters(), lr=0.0)
    moving = torch.optim.SGD(net.layers[1].parameters(), lr=0.1)
    seeded = torch.Generator().manual_seed(0)
    lesson.train_step(net.layers, [still, moving], few.images, seeded)
    first = net.layers[0].weight.grad.clone()
    lesson.train_step(net.layers[:1], [still], few.images, torch.Generator().manual_seed(0))
    torch.testing.assert_close(net.layers[0].weight.grad, first)  # the second added nothing
    assert torch.equal(net.layers[0].weight, before[0])
    assert not torch.equal(net.layers[1].weight, before[1])


def test_system_cs_full_run_in_the_text_is_the_stored_one():
    """The bars are drawn from the results; the sentence under them states the same figures."""
    run = load_results().only("mask-probe", compared=False)[0].runs[0]
    cells = nbformat.read(lesson_functions.NOTEBOOKS / f"{LESSON}.ipynb", as_version=4).cells
    (text,) = (cell.source for cell in cells if "ffteach run mask-probe" in cell.source)
    for share in (run["test_error"], *run["baselines"].values()):
        assert f"{100 * share:.2f} %" in " ".join(text.split())
