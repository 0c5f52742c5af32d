"""The functions written out in lesson 04 give the same numbers as the module's."""

import lesson_functions
import pytest
import torch
import torch.nn.functional as F

import ffteach


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load("04_unsupervised_probe", ["features", "softmax_regression"])


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
    scores = lesson.softmax_regression(x, digits.train.labels, weight_decay)(new)
    reader = ffteach.LinearProbe(weight_decay=weight_decay).fit(x, digits.train.labels)
    torch.testing.assert_close(
        F.softmax(scores, dim=1), F.softmax(reader.scores(new), dim=1), atol=2e-3, rtol=0
    )
    assert (scores.argmax(dim=1) == reader.predict(new)).float().mean() > 0.98
