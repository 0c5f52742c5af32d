"""What lesson 09 writes out: its time lines, its older layers, and what autograd keeps."""

from collections import deque

import lesson_functions
import pytest
import torch

from ffteach.plain import Layer, overlay, step

LESSON = "09_no_way_back"
TIME = ["time_line", "forward_only", "backprop"]


@pytest.fixture(scope="module")
def lesson():
    names = ["activities", "learn_above_older", "kept", "through_all", "of_one"]
    return lesson_functions.load(LESSON, TIME + names)


def end(bars):
    return max(start + seconds for _, start, seconds, _ in bars)


@pytest.mark.parametrize("parts", [1, 2, 4, 8])
@pytest.mark.parametrize("layers", [2, 4, 5])
def test_the_bubble_of_backprop_is_the_textbooks(lesson, layers, parts):
    bars = lesson.time_line(lesson.backprop(6, parts, layers))
    busy = sum(seconds for _, _, seconds, _ in bars)
    assert busy == pytest.approx(6 * 3 * layers)
    idle = 1 - busy / (layers * end(bars))
    assert idle == pytest.approx((layers - 1) / (parts + layers - 1))


def test_forward_forward_waits_at_the_start_alone(lesson):
    bars = lesson.time_line(lesson.forward_only(7, layers=3))
    assert end(bars) == 4 * (7 + 3 - 1)
    assert all(start == 4 * (task[0] + machine) for machine, start, _, task in bars)


@pytest.mark.parametrize("way", ["forward_only", "backprop"])
def test_no_machine_does_two_things_at_once_and_none_before_it_can(lesson, way):
    tasks = list(getattr(lesson, way)(3))
    bars = lesson.time_line(tasks)
    done = {name: start + seconds for _, start, seconds, name in bars}
    for (_, _, _, needs), (_, start, _, _) in zip(tasks, bars):
        assert start >= done.get(needs, 0)
    for machine in range(4):
        mine = [(start, start + seconds) for its, start, seconds, _ in bars if its == machine]
        assert all(before[1] <= after[0] for before, after in zip(mine, mine[1:]))


def two_layers():
    torch.manual_seed(5)
    return Layer(784, 12), [Layer(12, 9) for _ in range(4)]


def test_a_layer_above_the_newest_learns_as_in_plain(lesson, few):
    below, above = two_layers()
    torch.manual_seed(5)
    other = [Layer(784, 12), Layer(12, 9)]
    for pair in zip((below, above[0]), other):
        for mine, theirs in zip(*(layer.parameters() for layer in pair)):
            assert torch.equal(mine, theirs)
    past = deque(maxlen=101)
    for number in range(4):
        torch.manual_seed(number)
        lesson.learn_above_older(below, above, past, few.images, few.labels)
        torch.manual_seed(number)
        step(other, few.images, few.labels)
    # plain's layer 2 sees layer 1 before its step, too
    for mine, theirs in zip((below, above[0]), other):
        torch.testing.assert_close(list(mine.parameters()), list(theirs.parameters()))


def test_older_layers_below_are_as_old_as_they_say(lesson, few, monkeypatch):
    below, above = two_layers()
    weights, past = [], deque(maxlen=101)
    seen = {layer: [] for layer in above}
    for layer in above:
        monkeypatch.setattr(layer, "learn", lambda pos, neg, its=seen[layer]: its.append(pos))
    for _ in range(12):
        weights.append([p.detach().clone() for p in below.parameters()])
        lesson.learn_above_older(below, above, past, few.images, few.labels)
    x = below.rescale(overlay(few.images, few.labels))
    for age, its in zip((0, 1, 10, 100), seen.values()):
        for number, found in enumerate(its):
            weight, bias = weights[max(number - age, 0)]
            torch.testing.assert_close(found, torch.relu(x @ weight.T + bias))
            assert not found.requires_grad


def test_what_is_kept_grows_with_depth_in_backprop_alone(lesson):
    layers = [Layer(30, 30) for _ in range(6)]
    kept = [
        lesson.kept(lambda: lesson.through_all(layers[:n], torch.rand(8, 30)), layers[:n])
        for n in (2, 4, 6)
    ]
    numbers = 8 * 30 * 4 / 2**20  # MiB of one layer's activities
    assert kept[2] - kept[1] == pytest.approx(kept[1] - kept[0], rel=1e-6)
    assert 2 * numbers <= kept[1] - kept[0] < 10 * numbers
    assert len({lesson.of_one(layer, 8) for layer in layers}) == 1
    assert lesson.of_one(layers[0], 16) == pytest.approx(2 * lesson.of_one(layers[0], 8), rel=0.1)


def test_weights_do_not_count_as_kept(lesson):
    wide = Layer(2000, 10)
    assert lesson.kept(lambda: wide(torch.rand(1, 2000)).sum(), [wide]) < 0.05  # the weights: 0.08
