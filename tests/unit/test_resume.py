"""What ends a run from outside costs at most a minute; and a network that is no result says so."""

import json
import os
import signal
import subprocess
import sys
import warnings
from types import SimpleNamespace

import pytest
import torch

import ffteach.__main__ as command_line
from ffteach import (
    RECIPES,
    FFNet,
    Recipe,
    Split,
    error_rate,
    features,
    layer_error_rates,
    predict,
    probe,
    train,
)
from ffteach.runs import checkpoint, report

TINY = ["--set=widths=784,8", "--set=train_images=60", "--set=epochs=4", "--set=batch_size=30"]
SUPERVISED = ["run", "quick", *TINY]
HYBRIDS = ["run", "quick-unsupervised", *TINY, "--set=probe_layers=(0,)"]


@pytest.fixture
def signals():
    """Signals act as in a terminal's foreground: a background job ignores Ctrl-C, nohup SIGHUP."""
    names = [name for name in ("SIGHUP", "SIGTERM", "SIGINT") if hasattr(signal, name)]
    former = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    for end in former:
        signal.signal(end, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for end, handler in former.items():
        signal.signal(end, handler)


@pytest.fixture
def call(monkeypatch, capsys, digits, tmp_path, signals):
    """Call the command line on a few digits: `call(*arguments)` -> (exit code, report, error)."""

    def load_data(recipe, which="sample", *, root=None, seed=0, device=None):
        return digits._replace(train=digits.train.take(slice(0, recipe.train_images)))

    monkeypatch.setattr(Recipe, "load_data", load_data)
    monkeypatch.setenv("FFTEACH_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(probe, "STEPS", 3)  # a rough probe does here
    place = tmp_path / "report.json"

    def calling(*arguments):
        code = command_line.main([*arguments, "--json", str(place)])
        found = json.loads(place.read_text()) if place.exists() and place.stat().st_size else None
        return code, found, "".join(capsys.readouterr())

    return calling


def kept(tmp_path):
    return list((tmp_path / "cache" / "runs").glob("*.npz"))


def what_counts(found):
    changing = ("seconds", "peak_memory_mb")
    return {name: value for name, value in found.items() if name not in changing}


def stop_at(step, how):
    """A stand-in for the progress bar: at this step of the run, `how()` happens."""

    def watch(run):
        for record in run:
            yield record
            if record.step == step:
                how()

    return watch


def by_hand():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "arguments, how",
    [(SUPERVISED, "Ctrl-C"), (HYBRIDS, "Ctrl-C"), (SUPERVISED, "SIGTERM"), (SUPERVISED, "SIGHUP")],
    ids=["supervised", "hybrids", "SIGTERM", "SIGHUP"],
)
def test_what_was_interrupted_goes_on_to_the_same_report(
    call, arguments, how, monkeypatch, tmp_path
):
    whole = call(*arguments)
    assert whole[0] == 0 and whole[1]["finished"] and not kept(tmp_path)
    ends = by_hand if how == "Ctrl-C" else lambda: os.kill(os.getpid(), getattr(signal, how))
    with monkeypatch.context() as patched:
        patched.setattr(command_line, "_with_progress", stop_at(3, ends))
        code, part, said = call(*arguments)
    assert code == 130 and not part["finished"] and part["epochs"] == 1 and "INTERRUPTED" in said
    assert "--resume goes on" in said and len(kept(tmp_path)) == 1
    code, found, said = call(*arguments, "--resume")
    assert code == 0 and what_counts(found) == what_counts(whole[1]) and not kept(tmp_path)


def test_a_run_that_begins_again_says_that_another_was_kept(call, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(command_line, "_with_progress", stop_at(3, by_hand))
        call(*SUPERVISED)
    code, found, said = call(*SUPERVISED)
    assert code == 0 and found["epochs"] == 4 and "was interrupted: --resume goes on" in said
    code, _, said = call(*SUPERVISED, "--resume")
    assert code == 2 and "nothing to resume" in said


@pytest.mark.parametrize("where", ["baselines", "LinearProbe.fit"])
def test_ctrl_c_in_the_probe_or_its_baselines_still_reports(call, where, monkeypatch, tmp_path):
    with monkeypatch.context() as patched:
        if where == "baselines":
            patched.setattr(report, "baselines", lambda *arguments: by_hand())
        else:
            patched.setattr(probe.LinearProbe, "fit", lambda *arguments: by_hand())
        code, found, said = call(*HYBRIDS)
    assert code == 130 and not found["finished"] and "INTERRUPTED" in said
    assert found["baselines"] is None and found["epochs"] == 4
    assert (found["test_error"] is None) == (where != "baselines")
    code, found, _ = call(*HYBRIDS, "--resume")  # trains nothing more
    assert (
        code == 0 and found["finished"] and set(found["baselines"]) == {"raw_pixels", "untrained"}
    )


def test_a_full_disk_costs_the_safety_but_not_the_run(call, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    monkeypatch.setattr(
        checkpoint, "save", lambda *arguments: (_ for _ in ()).throw(OSError("full"))
    )
    with pytest.warns(UserWarning, match="this run is not kept: full") as caught:
        code, found, _ = call(*SUPERVISED)
    assert code == 0 and found["finished"]
    assert sum("not kept" in str(one.message) for one in caught) == 1


def test_a_run_is_kept_once_a_minute(monkeypatch, tmp_path):
    monkeypatch.setenv("FFTEACH_DATA", str(tmp_path / "cache"))
    clock = iter((100.0, 159.0, 161.0, 161.5, 200.0, 222.0, 222.5)).__next__
    monkeypatch.setattr(checkpoint, "time", SimpleNamespace(monotonic=clock))
    saved = []
    monkeypatch.setattr(checkpoint, "save", lambda path, run: saved.append(run))
    keep = checkpoint.Checkpoint(RECIPES["quick"], "sample", 0)
    for moment in ("59 s", "61 s", "38.5 s later", "60.5 s later"):
        keep.keep(moment)
    assert saved == ["61 s", "60.5 s later"]


PROGRAM = """
import sys
from ffteach import __main__ as command_line
from ffteach.runs import checkpoint
checkpoint.SECONDS = 0
def watch(run):
    for record in run:
        yield record
        if record.step > 5:
            print("begun", flush=True)
command_line._with_progress = watch
command_line.main(sys.argv[1:])
"""


def test_a_killed_process_is_resumed(tmp_path, monkeypatch, capsys):
    arguments = ["run", "quick", "--set=widths=784,8", "--set=train_images=600", "--set=epochs="]
    monkeypatch.setenv("FFTEACH_DATA", str(tmp_path / "cache"))
    arguments[-1] += "8"
    assert command_line.main([*arguments, "--json", str(tmp_path / "whole.json")]) == 0
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline().strip() == b"begun"
    child.kill()
    child.communicate()
    assert len(kept(tmp_path)) == 1
    assert command_line.main([*arguments, "--resume", "--json", str(tmp_path / "on.json")]) == 0
    whole, on = (json.loads((tmp_path / name).read_text()) for name in ("whole.json", "on.json"))
    assert what_counts(whole) == what_counts(on)


# ---- a network that is no result


def diverged():
    net = FFNet([784, 5, 4])
    torch.nn.init.constant_(net.layers[0].weight, torch.nan)
    return net


def dead():
    net = FFNet([784, 5, 4])
    for layer in net.layers:
        torch.nn.init.constant_(layer.bias, -1e6)
    return net


@pytest.mark.parametrize("make, words", [(diverged, "diverged"), (dead, "is dead")])
def test_what_answers_says_so(make, words, few):
    for ask in (
        lambda net: predict(net, few.images),
        lambda net: error_rate(net, few),
        lambda net: layer_error_rates(net, few),
        lambda net: features(net, few.images),
    ):
        with pytest.warns(RuntimeWarning, match=words):
            ask(make())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error_rate(FFNet([784, 5]), few)


@pytest.mark.parametrize(
    "recipe, words",
    [("quick", "diverged"), ("quick", "is dead"), ("quick-unsupervised", "diverged")],
)
def test_the_command_line_calls_it_no_result(call, recipe, words, monkeypatch):
    arguments = [] if recipe == "quick" else ["--set=probe_layers=(0,)"]
    if words == "is dead":
        monkeypatch.setattr(Recipe, "network", lambda *_, **options: dead())
    else:
        arguments.append("--set=learning_rate=1e30")
    with pytest.warns(RuntimeWarning, match=f"epoch 1: .*{words}"):
        code, found, said = call("run", recipe, *TINY, *arguments)
    assert code == 1 and "NO RESULT" in said and words in said
    assert words in found["trouble"] and found["test_error"] is None and found["finished"]


def test_a_training_says_it_once_and_forgets_it_when_it_goes_back(few):
    recipe = RECIPES["quick"].but(widths=(784, 8), epochs=3, batch_size=20, learning_rate=1e30)
    run = train(recipe.network(), Split(*few), recipe)
    before = run.state_dict()
    with pytest.warns(RuntimeWarning) as caught:
        run.finish()
    assert len(caught) == 1 and run.trouble and run.trouble in str(caught[0].message)
    run.load_state_dict(before)
    assert run.trouble is None


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
@pytest.mark.parametrize("ignored", ["SIGHUP", "SIGINT"])
def test_a_signal_that_is_ignored_on_purpose_stays_so(ignored, signals):
    signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    with command_line._signals_as_ctrl_c():
        hup, term = signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGTERM)
    assert (hup == signal.SIG_DFL) == (ignored == "SIGINT")
    assert (hup == signal.SIG_IGN) == (ignored == "SIGHUP")
    assert (term == signal.SIG_DFL) == (ignored == "SIGINT")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # as it was before
    assert signal.getsignal(signal.SIGHUP) == (hup if ignored == "SIGHUP" else signal.SIG_DFL)
