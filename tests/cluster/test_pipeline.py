"""One network in several processes, started for real; gloo on loopback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pipeline
import pytest
import torch

from ffteach import load_mnist
from ffteach.plain import Layer, overlay

SCRIPT = Path(__file__).parents[2] / "scripts" / "pipeline.py"
SMALL = ["--steps", "25", "--batch", "40", "--seed", "3"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[1])}


def by_one_process(widths, steps, size, seed):
    """The layers of one process that learns from the same batches, by the page `plain`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    layers = [Layer(inputs, units) for inputs, units in zip(widths, widths[1:])]
    for images, labels, wrong in pipeline.batches(load_mnist().train, steps, size, seed):
        assert (labels != wrong).all()
        x_pos, x_neg = overlay(images, labels), overlay(images, wrong)
        for layer in layers:
            x_pos, x_neg = layer.learn(x_pos, x_neg)
    torch.set_num_threads(threads)
    return [layer.state_dict() for layer in layers]


def test_a_layer_each_and_a_share_each_give_the_network_of_one_process(tmp_path):
    widths = [784, 60, 50]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(SCRIPT), "pipelined", "data-parallel", "one", *SMALL]
    command += ["--widths", *map(str, widths), "--save", str(tmp_path)]
    command += ["--json", str(tmp_path / "table.json")]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    wanted = by_one_process(widths, 25, 40, 3)
    untrained = by_one_process(widths, 0, 40, 3)
    for how, far in (("one", 0.0), ("pipelined", 0.0), ("data-parallel", 1e-5)):
        for layer, right, start in zip(torch.load(tmp_path / f"{how}.pt"), wanted, untrained):
            for name, weights in layer.items():
                torch.testing.assert_close(weights, right[name], rtol=0, atol=far)
                assert (weights - start[name]).abs().max() > 1e-3
    table = json.loads((tmp_path / "table.json").read_text())
    assert [row["processes"] for row in table] == [2, 2, 1]
    assert all(row["steps_per_second"] > 0 and row["how"] in done.stdout for row in table)


def test_a_killed_process_ends_the_others_with_a_clear_message():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endless = [sys.executable, str(SCRIPT), "pipelined", "--steps", "1000000"]
    endless += ["--widths", "784", "30", "30", "30"]
    world = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "3"}
    workers = []
    try:
        for rank in "012":
            place = {"RANK": rank, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": "3"}
            environment = ENVIRONMENT | world | place
            workers.append(
                subprocess.Popen(endless, env=environment, stderr=subprocess.PIPE, text=True)
            )
        while "training: pipelined" not in workers[0].stderr.readline():
            assert workers[0].poll() is None
        workers[1].kill()
        for rank in (0, 2):
            _, message = workers[rank].communicate(timeout=30)
            assert workers[rank].returncode == 1
            assert f"process {rank}: another process of this training ended" in message
            assert "Traceback" not in message
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["pipelined"], "start several processes: torchrun"),
        (["data-parallel", "--steps", "1"], "start several processes: torchrun"),
        (["pipelnied"], "choose of one, threads, data-parallel, pipelined"),
    ],
)
def test_a_mistake_is_refused_in_words(arguments, message, capsys, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(SystemExit) as refused:
        pipeline.main(arguments)
    assert message in f"{refused.value} {capsys.readouterr().err}"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["pipelined", "--widths", "784", "9"], "1 layers in 3 processes"),
        (["data-parallel"], "--batch 100: 3 processes need equal shares"),
    ],
)
def test_what_does_not_fit_the_processes_is_refused(arguments, message, monkeypatch):
    monkeypatch.setattr(pipeline, "processes", lambda: 3)
    assert message in pipeline.refusal(pipeline.parse(arguments))
