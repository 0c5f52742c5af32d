"""The choice of a device, how many cores a process may really use, and the whole algorithm on a
device that is not the CPU."""

import importlib
import os
import re
from pathlib import Path

import fakegpu
import pytest
import torch

import ffteach
from ffteach import (
    Recipe,
    Split,
    blur_masks,
    choose_device,
    device,
    error_rate,
    goodness_per_label,
    hybrids,
    overlay_label,
    predict,
    train,
)
from ffteach.shifts import randomly_shifted


@pytest.fixture
def cuda(monkeypatch):
    """A machine with one CUDA GPU that can compute."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(device, "trouble_with", lambda device: None)


A_GPU_IS_HERE, ones = torch.cuda.is_available(), torch.ones


def no_ones_on_a_gpu(*size, device="cpu", **options):
    if torch.device(device).type == "cuda":
        raise RuntimeError("CUDA error: no kernel image is available")
    return ones(*size, device=device, **options)


@pytest.fixture
def broken_cuda(monkeypatch):
    """A machine whose GPU torch sees, but cannot use: torch here is a CPU build, or its driver is
    missing. Where there is a GPU that works, nothing can be made on it."""
    if A_GPU_IS_HERE:
        monkeypatch.setattr(torch, "ones", no_ones_on_a_gpu)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)


def test_the_default_is_torchs_default_device_even_beside_a_gpu(cuda):
    assert (
        choose_device()
        == choose_device("cpu")
        == choose_device(torch.device("cpu"))
        == torch.device("cpu")
    )


def test_the_default_follows_torch_set_default_device(gpu):
    with fakegpu.default(gpu) as there:
        assert choose_device() == there


def test_auto_is_cuda_where_it_can_compute(cuda):
    assert choose_device("auto") == torch.device("cuda")


def test_auto_is_the_cpu_without_cuda(monkeypatch, recwarn):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu") and not recwarn


def test_auto_is_the_cpu_with_a_sentence_where_cuda_cannot_compute(broken_cuda):
    with pytest.warns(UserWarning, match="a CUDA GPU, but it cannot be used.*on the CPU instead"):
        assert choose_device("auto") == torch.device("cpu")


def test_cuda_that_cannot_compute_is_refused_and_the_self_check_says_so(broken_cuda):
    with pytest.raises(RuntimeError, match="'cuda' cannot be used here.*Use device='cpu'"):
        choose_device("cuda")
    check = ffteach.self_check()
    assert not check.fine and any("cannot be used" in finding.found for finding in check)


def test_a_broken_gpu_stops_nothing_that_does_not_ask_for_it(broken_cuda):
    recipe = RECIPE.but(epochs=1)
    data = recipe.load_data()
    next(train(recipe.network(), data, recipe))
    assert data.train.images.device == torch.device("cpu")


@pytest.mark.parametrize("asked", ["mps", "xpu", "hip", "meta"])
def test_a_device_that_cannot_do_what_is_needed_is_refused_in_words(asked):
    """MPS has no float64; none of them is here."""
    with pytest.raises(
        RuntimeError, match=f"device='{asked}' cannot be used here.*Use device='cpu'"
    ):
        choose_device(asked)


@pytest.mark.parametrize("asked", ["cuda", "cuda:1", torch.device("cuda")])
def test_cuda_that_is_not_there_is_refused_with_a_way_out(monkeypatch, asked):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match="sees no CUDA GPU here.*device='cpu'") as caught:
        choose_device(asked)
    assert f"device={str(asked)!r}" in str(caught.value)


def test_a_gpu_number_beyond_the_last_is_refused(cuda, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(RuntimeError, match="'cuda:2'.*only 2 CUDA"):
        choose_device("cuda:2")


@pytest.mark.parametrize("asked", ["gpu", "", "cuda:x", 3.5, ["cpu"]])
def test_a_name_that_torch_does_not_know_is_refused(asked):
    with pytest.raises(ValueError, match="use 'cpu', 'cuda', 'auto' or None") as caught:
        choose_device(asked)
    assert f"device={asked!r}" in str(caught.value)


@pytest.mark.parametrize(
    "files, cores",
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n"}, None),
        (
            {"cpu.max": "", "cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            0.5,
        ),
        ({}, None),
    ],
    ids=[
        "v2",
        "v2 unlimited",
        "v1",
        "v1 unlimited",
        "v1 without a period",
        "empty v2, then v1",
        "no cgroup",
    ],
)
def test_container_quota_is_read_from_cgroup_files(tmp_path, files, cores):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert device._container_quota(tmp_path) == cores


@pytest.mark.parametrize("quota, cores", [(None, 8), (2.5, 3), (2.0, 2), (0.1, 1), (64.0, 8)])
def test_usable_cores_are_the_fewer_of_affinity_and_quota(monkeypatch, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(device, "_container_quota", lambda: quota)
    assert device.usable_cores() == cores


@pytest.mark.parametrize("counted, cores", [(6, 6), (None, 1)])
def test_usable_cores_without_affinity_masks_are_those_of_the_machine(monkeypatch, counted, cores):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)  # macOS and Windows have none
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    monkeypatch.setattr(device, "_container_quota", lambda: None)
    assert device.usable_cores() == cores


@pytest.mark.parametrize("threads, lowered_to", [(64, [2]), (3, [2]), (2, []), (1, [])])
def test_choosing_a_device_lowers_the_threads_to_the_usable_cores_and_never_raises_them(
    monkeypatch, threads, lowered_to
):
    calls = []
    monkeypatch.setattr(device, "usable_cores", lambda: 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    choose_device("cpu")
    assert calls == lowered_to


# ---- on a device that is not the CPU


def test_the_fake_gpu_refuses_to_mix_devices(gpu):
    mixing = fakegpu.DeviceMismatch if gpu.type == fakegpu.NAME else RuntimeError
    here, there = torch.ones(3, 3), torch.ones(3, 3).to(gpu)
    assert (there @ there).device.type == gpu.type and (there * torch.tensor(2.0)).tolist() == [
        [2.0] * 3
    ] * 3
    for mix in (
        lambda: here @ there,
        lambda: there + here,
        lambda: here.add_(there),
        lambda: here[there.long()],
        lambda: there.numpy(),
    ):
        with pytest.raises((mixing, TypeError)):
            mix()


RECIPE = Recipe(
    widths=(784, 30, 20), label_strength=3.0, batch_size=80, epochs=2, learning_rate=0.01
)
RECIPES = {
    "hard": RECIPE.but(negatives="hard", loss="pairwise"),
    "adversarial": RECIPE.but(loss="pairwise", adversarial=1.0),
    "sgd": RECIPE.but(optimiser="sgd", label_strength="maximum", negatives="other images"),
    "hybrids": RECIPE.but(negatives="hybrids"),
    "greedy and growing": RECIPE.but(
        schedule="greedy",
        fresh_negatives=False,
        growth="training",
        growth_gain=0.0,
        growth_width=15,
        growth_epochs=1,
        max_layers=3,
    ),
}


@pytest.fixture(params=RECIPES)
def recipe(request):
    return RECIPES[request.param]


def on(place, split):
    return Split(split.images.to(place), split.labels.to(place))


def test_training_and_prediction_give_the_same_numbers_on_another_device(gpu, few, recipe):
    """Halfway through, the run is also rewound to where it was."""
    results = []
    for place in ("cpu", gpu):
        net, split = recipe.network(device=place), on(place, few)
        run = train(net, split, recipe)
        losses = [next(run).loss for _ in range(4)]
        run.load_state_dict(run.state_dict())
        losses += [record.loss for record in run]
        table = goodness_per_label(net, split.images)
        everything = (*net.parameters(), table, predict(net, split.images))
        assert {tensor.device.type for tensor in everything} == {torch.device(place).type}
        results.append((losses, table.cpu(), error_rate(net, split), net.widths))
    (losses, table, error, widths), (losses2, table2, error2, widths2) = results
    torch.testing.assert_close(table2, table, rtol=1e-3, atol=1e-3)
    assert widths == widths2 and abs(error - error2) < 0.03
    assert [loss for step in losses2 for loss in step] == pytest.approx(
        [loss for step in losses for loss in step], rel=1e-3, abs=1e-5
    )


WITHIN_AN_EPOCH = {
    "hidden pixels": RECIPE.but(negatives="hard", uniform_epochs=0, pixel_dropout=0.2),
    "shifted": RECIPE.but(negatives="hard", uniform_epochs=0, shift=2, shift_each=True),
    "adversarial": RECIPE.but(negatives="hard", uniform_epochs=0, adversarial=1.0),
    "any label": RECIPE.but(shift=1),
    "head": RECIPE.but(negatives="hard", uniform_epochs=0, hard_by="head", head=True),
    "hybrids": RECIPE.but(negatives="hybrids", peer_normalisation=0.03),
    "blends": RECIPE.but(negatives="hybrids", mask="blend", shift=2, shift_each=True),
}


@pytest.mark.parametrize("recipe", WITHIN_AN_EPOCH.values(), ids=WITHIN_AN_EPOCH)
def test_no_step_waits_for_the_gpu(gpu, few, recipe):
    """Only the end of an epoch reads something back, to see whether the network diverged."""
    run = train(recipe.network(device=gpu), on(gpu, few), recipe.but(batch_size=20))
    next(run)
    with fakegpu.no_waiting(gpu):
        for _ in range(3):
            record = next(run)
        with pytest.raises(RuntimeError, match="wait|synchroniz"):
            print(record)


FULL_BATCH = RECIPE.but(batch_size=None, fresh_negatives=False)


@pytest.mark.parametrize(
    "recipe, parts",
    [
        (FULL_BATCH, 4),
        (FULL_BATCH.but(shift=1), 10),
        (FULL_BATCH.but(peer_normalisation=0.03), 10),
        (FULL_BATCH.but(fresh_negatives=True), 10),
    ],
)
def test_a_gpu_takes_large_parts_of_a_batch_where_they_do_not_show(
    gpu, few, recipe, parts, monkeypatch
):
    monkeypatch.setattr("ffteach.training.IMAGES_A_CHUNK", 20)
    monkeypatch.setattr("ffteach.training.GPU_CHUNK", 50)
    counts, weights = [], []
    for place in ("cpu", gpu):
        run = train(recipe.network(device=place), on(place, few), recipe)
        taken, own = [], run._first_inputs
        run._first_inputs = lambda part: (taken.append(len(part)), own(part))[1]
        next(run)
        counts.append(len(taken))
        weights.append(run.net.layers[0].weight.detach().cpu())
    assert counts == [10, parts]
    torch.testing.assert_close(*weights, rtol=1e-3, atol=1e-4)


def test_a_generator_on_the_gpu_serves_digits_on_the_cpu(gpu, few):
    with fakegpu.default(gpu):
        generator = ffteach.seeded(0)
    assert generator.device.type == gpu.type
    images, labels = few
    for _ in range(20):
        wrong = ffteach.wrong_labels(labels, generator=generator)
        assert ((wrong - labels) % 10).min() > 0 and 0 <= wrong.min() <= wrong.max() <= 9
        ink = hybrids(images, torch.zeros_like(images), generator=generator).sum(dim=1)
        torch.testing.assert_close(ink.sort().values, images.sum(dim=1).sort().values)
        moved = randomly_shifted(images, 2, each=True, generator=generator)
        torch.testing.assert_close(moved.sum(dim=1), images.sum(dim=1))
        assert blur_masks(3, generator=generator, device="cpu").unique().tolist() == [0, 1]


def test_a_state_from_one_device_resumes_on_another(gpu, few, recipe):
    run = train(recipe.network(device=gpu), on(gpu, few), recipe)
    next(run)
    resumed = train(recipe.network(), few, recipe)
    resumed.load_state_dict(run.state_dict())
    for record, again in zip(run, resumed, strict=True):
        assert again.loss == pytest.approx(record.loss, rel=1e-3, abs=1e-5)


def test_mixed_devices_are_refused_by_name(gpu, few):
    net, there = RECIPE.network(device=gpu), on(gpu, few)
    for call in (
        lambda: train(net, few, RECIPE),
        lambda: train(RECIPE.network(), there, RECIPE),
        lambda: train(net, Split(there.images, few.labels), RECIPE),
        lambda: predict(net, few.images),
        lambda: predict(RECIPE.network(), there.images),
        lambda: overlay_label(there.images, few.labels),
        lambda: error_rate(net, Split(there.images, few.labels)),
    ):
        with pytest.raises(
            ValueError, match=rf"(on cpu.*on {gpu.type}:0|on {gpu.type}:0.*on cpu).*\.to\(device\)"
        ):
            call()


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def waiting_after_import(monkeypatch, **given):
    """What the package leaves in the environment for OpenMP when it is imported."""
    for name in WAITING:
        monkeypatch.setenv(name, "")  # so that monkeypatch takes away what the import sets
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    importlib.reload(ffteach)
    return [os.environ[name] for name in WAITING]


def test_threads_wait_as_the_makefile_says(monkeypatch):
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    assert waiting_after_import(monkeypatch) == [
        re.search(rf"^{name} \?= (\w+)$", makefile, re.MULTILINE)[1] for name in WAITING
    ]


def test_a_waiting_policy_of_ones_own_is_kept(monkeypatch):
    assert waiting_after_import(monkeypatch, OMP_WAIT_POLICY="ACTIVE", GOMP_SPINCOUNT="5") == [
        "ACTIVE",
        "5",
    ]


def test_each_seed_has_draws_of_its_own():
    draws = {tuple(torch.rand(3, generator=ffteach.seeded(seed)).tolist()) for seed in (0, 1, 2, 0)}
    assert len(draws) == 3
