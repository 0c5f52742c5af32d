"""Forward-Forward on one page against the package, and against what lesson 02 writes out."""

from pathlib import Path

import fakegpu
import lesson_functions
import pytest
import torch

from ffteach import Recipe, error_rate, goodness_per_label, plain, predict, train

RECIPE = Recipe(epochs=2, rate_decay="none")  # the settings of the page


def copied(net):
    """Plain layers with the weights of a network."""
    layers = [plain.Layer(layer.in_features, layer.out_features) for layer in net.layers]
    for mine, theirs in zip(layers, net.layers):
        mine.load_state_dict(theirs.state_dict())
    return layers


def test_it_is_one_page_that_needs_torch_alone():
    lines = Path(plain.__file__).read_text().splitlines()
    imports = [line for line in lines if line.startswith(("import", "from"))]
    assert len(lines) <= 100 and all("torch" in line for line in imports)


def test_equal_weights_give_equal_answers(few, make_net):
    net = make_net(30, 20, label_strength=4.0)
    layers = copied(net)
    table = goodness_per_label(net, few.images)
    two_best = table.topk(2, dim=1).values
    clear = two_best[:, 0] - two_best[:, 1] > 1e-4
    assert torch.equal(plain.predict(layers, few.images)[clear], predict(net, few.images)[clear])
    assert clear.double().mean() > 0.9


def test_a_step_moves_the_weights_as_the_package_does(few, monkeypatch):
    recipe = RECIPE.but(widths=(784, 30, 20), batch_size=200, fresh_negatives=False)
    net = recipe.network()
    layers = copied(net)
    run = train(net, few, recipe)
    next(run)
    order, wrong = run.schedule.order, run.pairs.fixed
    monkeypatch.setattr(plain, "wrong_labels", lambda labels: wrong[order])
    plain.step(layers, few.images[order], few.labels[order])
    for mine, theirs in zip(layers, net.layers):
        torch.testing.assert_close(mine.weight, theirs.weight, rtol=1e-3, atol=2e-5)
        torch.testing.assert_close(mine.bias, theirs.bias, rtol=1e-3, atol=2e-5)


def test_two_epochs_on_the_sample_reach_the_packages_accuracy(sample):
    images, labels = sample.train
    torch.manual_seed(0)
    layers = [plain.Layer(784, 500), plain.Layer(500, 500)]
    for _ in range(2):
        for batch in torch.randperm(len(images)).split(100):
            plain.step(layers, images[batch], labels[batch])
    wrong = plain.predict(layers, sample.test.images) != sample.test.labels
    net = train(RECIPE.network(), sample, RECIPE).finish()
    assert wrong.double().mean().item() == pytest.approx(error_rate(net, sample.test), abs=0.025)


def test_it_runs_on_a_gpu(gpu, few):
    with fakegpu.default(gpu) as device:
        layers = [plain.Layer(784, 20), plain.Layer(20, 10)]
        plain.step(layers, few.images.to(device), few.labels.to(device))
        answers = plain.predict(layers, few.images.to(device))
    assert answers.device == layers[0].weight.device == device


def test_lesson_02_defines_the_same_functions(few):
    names = ["overlay_label", "wrong_labels", "goodness", "ff_loss", "Layer"]
    lesson = lesson_functions.load("02_supervised_overlay", names)
    images, labels = few
    assert torch.equal(lesson.overlay_label(images, labels, 4.0), plain.overlay(images, labels))
    h_pos, h_neg = torch.rand(2, 50, 7)
    assert torch.equal(lesson.goodness(h_pos), plain.goodness(h_pos))
    g = plain.goodness(h_pos), plain.goodness(h_neg)
    torch.testing.assert_close(lesson.ff_loss(*g, 2.0, 0.05), plain.loss(*g))
    torch.manual_seed(0)
    mine = lesson.wrong_labels(labels)
    torch.manual_seed(0)
    assert torch.equal(mine, plain.wrong_labels(labels))
    layer, theirs = lesson.Layer(784, 20), plain.Layer(784, 20)
    theirs.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(images), theirs(images), rtol=1e-4, atol=1e-5)
