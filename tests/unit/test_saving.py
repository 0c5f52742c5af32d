"""Saved and loaded: to the bit, whole or not at all, and no file runs code."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from few_digits import rounding

from ffteach import FFNet, Recipe, Split, load, predict, save, train, wrong_labels

SMALL = Recipe(widths=(784, 6, 5), epochs=10, batch_size=10, learning_rate=0.01)
RECIPES = {
    "simultaneous": SMALL,
    "head, hard": SMALL.but(head=True, negatives="hard", hard_by="head", label_strength="maximum"),
    "sgd, peers": SMALL.but(
        optimiser="sgd", temperature=1.0, peer_normalisation=0.03, shift=1, row_epsilon=1e-4
    ),
    "hybrids, fixed": SMALL.but(negatives="hybrids", fresh_negatives=False, widths=(784, 5)),
    "growing": SMALL.but(
        schedule="greedy",
        epochs=4,
        growth="training",
        growth_gain=0.0,
        growth_width=4,
        growth_epochs=3,
        max_layers=3,
        fresh_negatives=False,
    ),  # fmt: skip
}


@pytest.fixture
def twenty(few):
    return few.take(slice(0, 20))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work.npz"


def same(one, other):
    """Are two trainings the same to the bit, weights and counts?"""
    states = [
        {k: v for k, v in net.state_dict().items() if "extra" not in k}
        for net in (one.net, other.net)
    ]
    counts = [(run.step, run.epoch, run.phase, run.growth, run.net.widths) for run in (one, other)]
    return counts[0] == counts[1] and all(
        torch.equal(states[0][k], states[1][k]) for k in states[0]
    )


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_goes_on_from_a_file_as_if_nothing_had_been(name, twenty, path):
    recipe = RECIPES[name]
    whole = train(recipe.network(seed=3), twenty, recipe, seed=4)
    first = train(recipe.network(seed=3), twenty, recipe, seed=4)
    for _ in range(11):  # in the middle of an epoch, and of the greedy schedule
        next(first)
    first.frozen.add(0)
    first.threshold = 1.5
    save(path, first)
    second = load(path, twenty)
    assert same(first, second) and second.recipe == recipe
    assert (second.frozen, second.threshold) == ({0}, 1.5)
    for run in (first, second):
        run.frozen.clear()
        run.threshold = recipe.threshold
        run.finish()
    assert same(first, second) and second.net.label_strength == first.net.label_strength
    whole.finish()
    assert whole.step == second.step


def test_five_epochs_saved_and_five_more_are_ten(twenty, path):
    ten = train(SMALL.network(), twenty, SMALL)
    ten.finish()
    five = train(SMALL.network(), twenty, SMALL)
    for record in five:
        if record.epoch == 5 and record.epoch_done:
            break
    save(path, five)
    resumed = load(path, twenty)
    resumed.finish()
    assert same(resumed, ten) and resumed.step == 20


def test_a_network_comes_back_with_its_settings_and_dtype(few, path):
    net = FFNet(
        [784, 7, 5],
        row_scale="unit-length",
        init="torch",
        epsilon=1e-4,
        label_strength=3.0,
        head=True,
    ).double()
    torch.nn.init.normal_(net.head.weight)
    net.layers[1].requires_grad_(False)
    save(path, net)
    again = load(path)
    assert str(again) == str(net) and again.layers[0].epsilon == 1e-4
    assert [p.requires_grad for p in again.layers.parameters()] == [True, True, False, False]
    for name, value in net.state_dict().items():
        if "extra" not in name:
            assert torch.equal(again.state_dict()[name], value) and value.dtype == torch.float64
    images = few.images.double()
    assert torch.equal(predict(again, images), predict(net, images))


def test_the_network_of_a_training_can_be_had_alone(twenty, path):
    recipe = RECIPES["growing"]
    run = train(recipe.network(), twenty, recipe)
    run.finish()
    save(path, run)
    assert load(path).widths == run.net.widths == [784, 6, 5, 4]


def test_from_a_device_to_the_cpu_and_back(gpu, twenty, path):
    run = train(SMALL.network(device=gpu), Split(*twenty).to(gpu), SMALL)
    for _ in range(5):
        next(run)
    save(path, run)
    here, there = load(path, twenty), load(path, twenty.to(gpu))
    assert here.net.device.type == "cpu" and there.net.device.type == gpu.type
    for one in (run, here, there):
        one.finish()
    for a, b, c in zip(run.net.parameters(), here.net.parameters(), there.net.parameters()):
        assert torch.equal(a.cpu(), c.cpu())
        kernels = rounding(gpu) or {"rtol": 1e-5, "atol": 1e-7}  # each device has its own
        torch.testing.assert_close(b, a.cpu(), **kernels)
    assert load(path, device=gpu).device.type == gpu.type


def test_own_negatives_are_asked_for_again(twenty, path):
    def draw(labels, *, generator):
        return wrong_labels(labels, generator=generator)

    run = train(SMALL.network(), twenty, SMALL, draw=draw)
    next(run)
    save(path, run)
    with pytest.raises(ValueError, match="give it as draw="):
        load(path, twenty)
    again = load(path, twenty, draw=draw)
    run.finish(), again.finish()
    assert same(run, again)
    save(path, train(SMALL.network(), twenty, SMALL))
    with pytest.raises(ValueError, match="no draw of its own"):
        load(path, twenty, draw=draw)


def test_other_data_and_a_network_alone_are_refused(twenty, few, path):
    save(path, train(SMALL.network(), twenty, SMALL))
    for data, error, message in (
        (few, ValueError, "images of shape"),
        (twenty._replace(labels=twenty.labels.roll(1)), ValueError, "other images or labels"),
        ({}, TypeError, "data is dict"),
    ):
        with pytest.raises(error, match=message) as caught:
            load(path, data)
        assert "damaged" not in str(caught.value)  # nothing is wrong with the file
    save(path, SMALL.network())
    with pytest.raises(ValueError, match="a network without a training"):
        load(path, twenty)


def test_what_cannot_be_saved_is_refused(path):
    for thing in (torch.nn.Linear(3, 3), None, {}):
        with pytest.raises(TypeError, match="expected an FFNet or the Training"):
            save(path, thing)
    with pytest.raises(TypeError, match="weights are torch.float16"):
        save(path, FFNet([784, 5]).half())
    assert not path.exists()


def test_a_file_is_replaced_whole_or_not_at_all(path, tmp_path, monkeypatch):
    save(path, FFNet([784, 5]))
    before = path.read_bytes()

    def full(file, *arrays, **named):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", full)
        with pytest.raises(RuntimeError, match="cannot be written .No space left"):
            save(path, FFNet([784, 6]))
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *names: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            save(path, FFNet([784, 6]))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    for place, message in (
        (tmp_path / "no folder" / "net.npz", "cannot be written"),
        (tmp_path, "no ordinary file"),
        (os.devnull, "no ordinary file"),
    ):
        with pytest.raises(RuntimeError, match=message):
            save(place, FFNet([784, 5]))
    link = tmp_path / "link.npz"
    link.symlink_to(path)
    save(link, FFNet([784, 6]))
    assert link.is_symlink() and load(path).widths == [784, 6]


class Evil:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def zipped(**texts):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return content.getvalue()


def npz(text, *arrays):
    content = io.BytesIO()
    np.savez(content, *arrays, text=np.frombuffer(text.encode(), np.uint8))
    return content.getvalue()


def test_other_files_get_a_sentence_and_none_of_them_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(Evil(), "evil.pt")
    np.savez("evil.npz", text=np.array([Evil()], dtype=object))
    torch.save(FFNet([784, 5]).state_dict(), "weights.pt")
    newer = '{"format": "ffteach", "version": 99, "content": 0}'
    for content, message in (
        (b"", "no file that ffteach.save wrote"),
        (b"<!DOCTYPE html><html>", "no file that ffteach.save wrote"),
        (pickle.dumps(Evil()), "no file that ffteach.save wrote"),
        (Path("evil.pt").read_bytes(), "no file that ffteach.save wrote"),
        (Path("weights.pt").read_bytes(), "no file that ffteach.save wrote"),
        (Path("evil.npz").read_bytes(), "is damaged"),
        (zipped(a="b"), "no file that ffteach.save wrote"),
        (npz("[1, 2]"), "is damaged"),
        (npz("{}"), "no file that ffteach.save wrote"),
        (npz(newer), "written by a newer ffteach .its format is 99"),
        (npz('{"format": "ffteach", "version": 1, "content": {"dict": []}}'), "is damaged"),
        (npz('{"format": "ffteach", "version": 1, "content": {"array": 7}}'), "is damaged"),
        (npz('{"format": "ffteach", "version": 1}'), "is damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message) as caught:
            load(path)
        assert str(path) in str(caught.value)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(RuntimeError, match="cannot be read .No such file"):
        load(tmp_path / "none.npz")


def test_a_file_that_was_cut_or_has_a_flipped_bit_is_never_believed(path, twenty):
    net = FFNet([784, 2])
    save(path, net)
    content = path.read_bytes()
    for end in (1, 3, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match="damaged|no file that"):
            load(path)
    generator, noticed = np.random.default_rng(0), 0
    for place in generator.integers(0, len(content), 60):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(spoilt)
        try:
            again = load(path)  # a bit that says nothing, such as of a file's date in the archive
        except ValueError:
            noticed += 1
        else:
            assert torch.equal(again.layers[0].weight, net.layers[0].weight), place
    assert noticed > 50


def test_numbers_of_numpy_are_saved_as_numbers(twenty, path):
    recipe = Recipe(widths=(784, 6), epochs=1)
    run = train(recipe.network(), twenty, recipe)
    run.learning_rate, run.frozen = np.float32(0.25), {np.int64(0)}
    save(path, run)
    again = load(path, twenty)
    assert again.learning_rate == 0.25 and again.frozen == {0}


def test_a_wrong_device_is_not_a_damaged_file_and_loading_draws_nothing(path):
    save(path, FFNet([784, 6]))
    with pytest.raises(ValueError, match="not a device torch knows"):
        load(path, device="nonsense")
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    load(path)
    assert torch.equal(torch.rand(1), wanted)
