"""`python -m ffteach`, called in this process, and the report it gives."""

import dataclasses
import json
import re
import runpy
import sys

import pytest
import torch
from reference import Reference

import ffteach.__main__ as command_line
from ffteach import RECIPES, Recipe
from ffteach.runs import report

FAST = [
    "--set",
    "widths=784,20",
    "--set",
    "train_images=60",
    "--set",
    "epochs=2",
    "--set",
    "batch_size=30",
]


@pytest.fixture
def run(monkeypatch, capsys, digits, tmp_path):
    """Call the command line on a few digits.

    `run("run", "quick", ...)` -> (exit code, standard output, standard error).
    """
    monkeypatch.setattr(Recipe, "load_data", few_digits(digits))
    monkeypatch.setenv("FFTEACH_DATA", str(tmp_path / "cache"))

    def call(*arguments):
        code = command_line.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


def few_digits(digits):
    """A stand-in for `Recipe.load_data`."""

    def load_data(recipe, which="sample", *, root=None, seed=0, device=None):
        train = digits.train.take(slice(0, recipe.train_images))
        return digits._replace(
            train=train,
            validation=digits.validation
            if recipe.validation_share
            else digits.validation.take(slice(0)),
        )

    return load_data


@pytest.fixture
def no_training(monkeypatch):
    """Fail if anything is trained."""
    monkeypatch.setattr(report, "train", lambda *args, **options: pytest.fail("training began"))


def test_list_names_every_recipe_with_a_line_about_it(run):
    code, out, _ = run("list")
    assert code == 0 and len(out.splitlines()) == len(RECIPES)
    for recipe, line in zip(RECIPES.values(), out.splitlines()):
        assert line.startswith(recipe.name + " ") and line.endswith(recipe.about)


def test_run_reports_what_a_reader_needs(run, tmp_path):
    code, out, _ = run(
        "run", "quick", *FAST, "--seed", 3, "--device", "cpu", "--json", tmp_path / "report.json"
    )
    assert code == 0
    found = json.loads((tmp_path / "report.json").read_text())
    wanted = {
        "recipe",
        "data",
        "device",
        "seed",
        "epochs",
        "widths",
        "train_error",
        "test_error",
        "layer_test_errors",
        "seconds",
        "peak_memory_mb",
        "settings",
        "threads",
        "train_images",
        "test_images",
        "validation_error",
        "growth",
        "finished",
        "baselines",
        "precision",
        "softmax_test_error",
        "trouble",
    }
    assert set(found) == wanted
    assert (found["recipe"], found["data"], found["device"], found["seed"], found["epochs"]) == (
        "quick",
        "sample",
        "cpu",
        3,
        2,
    )
    assert (found["widths"], found["train_images"], found["test_images"]) == ([784, 20], 60, 100)
    assert (
        found["threads"] == torch.get_num_threads()
        and found["finished"]
        and found["growth"] == []
        and found["validation_error"] is None
    )
    assert found["precision"] == "float32" and found["softmax_test_error"] is None
    assert 0 <= found["train_error"] <= 1 and len(found["layer_test_errors"]) == 1
    assert 0 < found["seconds"] < 60 and 50 < found["peak_memory_mb"] < 100_000
    settings = dataclasses.asdict(
        RECIPES["quick"].but(widths=(784, 20), train_images=60, epochs=2, batch_size=30)
    )
    assert found["settings"] == json.loads(json.dumps(settings))
    for text in (
        "quick",
        "60 training and 100 test images",
        "seed 3",
        "2 epochs",
        f"test error {found['test_error']:.2%}",
        "on cpu",
    ):
        assert text in out


def test_the_settings_of_a_report_make_the_same_recipe_again(run, tmp_path):
    run("run", "tapering", *FAST, "--json", tmp_path / "report.json")
    settings = json.loads((tmp_path / "report.json").read_text())["settings"]
    assert Recipe(**settings) == RECIPES["tapering"].but(
        widths=(784, 20), train_images=60, epochs=2, batch_size=30
    )


def test_the_reported_errors_are_those_of_the_trained_network(monkeypatch, digits):
    monkeypatch.setattr(Recipe, "load_data", few_digits(digits))
    recipe = Recipe(
        widths=(784, 20, 15),
        epochs=5,
        loss="pairwise",
        batch_size=20,
        label_strength=3.0,
        validation_share=0.1,
    )
    done, net, data = report.run_recipe(recipe, device="cpu", seed=1)
    slow = Reference(net, "mean-square-1", 3.0)

    def error(split, table):
        return (table.argmax(dim=1) != split.labels).double().mean().item()

    tables = slow.goodness_per_label(data.test.images)
    assert done.layer_test_errors == pytest.approx([error(data.test, table) for table in tables])
    shown = {
        "train": done.train_error,
        "validation": done.validation_error,
        "test": done.test_error,
    }
    for name, value in shown.items():
        split = getattr(data, name)
        assert value == pytest.approx(
            error(split, slow.goodness_per_label(split.images).sum(dim=0))
        ), name
    assert len(set(shown.values())) == 3 and f"validation error {done.validation_error:.2%}" in str(
        done
    )


def test_run_really_loads_the_sample(capsys):
    assert command_line.main(["run", "quick", *FAST, "--set", "epochs=1"]) == 0
    assert "60 training and 2,000 test images" in capsys.readouterr().out


def test_run_passes_seed_root_data_and_device_on(run, monkeypatch):
    seen = []

    def stop(recipe, which, **options):
        del options["watch"], options["keep"]
        seen.append((recipe.name, which, options))
        raise RuntimeError("enough")

    monkeypatch.setattr(command_line, "run_recipe", stop)
    code, _, error = run(
        "run",
        "growing",
        "--data",
        "full",
        "--root",
        "somewhere",
        "--device",
        "cuda:1",
        "--seed",
        "7",
    )
    assert seen == [("growing", "full", {"root": "somewhere", "device": "cuda:1", "seed": 7})]
    assert (code, error) == (2, "ffteach: enough\n")


@pytest.mark.parametrize(
    "override, value",
    [
        ("threshold=0.5", 0.5),
        ("epochs=3", 3),
        ("batch_size=None", None),
        ("widths=784,30,20", (784, 30, 20)),
        ("widths=[784, 30]", (784, 30)),
        ("widths=(784,30)", (784, 30)),
        ("negatives=hard", "hard"),
        ("negatives=other images", "other images"),
        ("row_scale=unit-length", "unit-length"),
        ("label_strength=maximum", "maximum"),
        ("fresh_negatives=True", True),
        ("learning_rate=1e-3", 0.001),
        ("about=a=b", "a=b"),
    ],
)
def test_set_reads_a_value_of_any_kind(override, value):
    name = override.partition("=")[0]
    assert getattr(command_line._recipe("quick", [override]), name) == value


def test_set_may_be_repeated_and_the_last_one_counts(run, tmp_path):
    run(
        "run",
        "quick",
        *FAST,
        "--set",
        "epochs=1",
        "--set",
        "threshold=0.5",
        "--json",
        tmp_path / "report.json",
    )
    settings = json.loads((tmp_path / "report.json").read_text())["settings"]
    assert (settings["epochs"], settings["threshold"], settings["widths"]) == (1, 0.5, [784, 20])


@pytest.mark.parametrize(
    "override, message",
    [
        ("epochs", "--set epochs: expected name=value"),
        ("epoch=3", "--set epoch=3: expected name=value with one of .*epochs"),
        ("=3", "--set =3"),
        ("epochs=ten", "epochs='ten': expected a whole number"),
        ("epochs=", "epochs='': expected"),
        ("negatives=harder", "negatives='harder': choose one of 'uniform', 'hard'"),
        ("widths=50", "widths=50"),
        ("widths=784,0", "widths=.784, 0."),
        ("fresh_negatives=false", "fresh_negatives='false'"),
        ("label_strength=max", "label strength is 'max'"),
    ],
)
def test_a_bad_override_is_refused_in_one_line_before_any_training(
    run, no_training, override, message
):
    code, out, error = run("run", "quick", "--set", override)
    assert code == 2 and out == ""
    assert len(error.splitlines()) == 1 and re.search(f"^ffteach: .*{message}", error)


def test_an_unknown_recipe_is_refused_with_the_known_ones(run, no_training):
    code, out, error = run("run", "quickly")
    assert (
        code == 2
        and out == ""
        and error
        == f"ffteach: there is no recipe 'quickly'; there are {', '.join(RECIPES)}"
        + "; did you mean 'quick'?\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [[], ["run"], ["run", "quick", "--data", "half"], ["run", "quick", "--seed", "x"], ["walk"]],
)
def test_a_call_that_cannot_be_read_shows_the_usage(run, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2 and "usage: python -m ffteach" in capsys.readouterr().err


@pytest.mark.parametrize(
    "place", ["no folder/report.json", "."], ids=["missing folder", "a folder"]
)
def test_a_json_that_cannot_be_written_is_refused_before_the_training(
    run, no_training, tmp_path, place
):
    code, _, error = run("run", "quick", "--json", tmp_path / place)
    assert code == 2 and error.startswith(f"ffteach: --json {tmp_path / place}: cannot write there")


def test_a_refused_run_leaves_no_empty_json_and_spoils_no_earlier_one(run, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "earlier.json").write_text("earlier")
    for name in ("new.json", "earlier.json"):
        assert run("run", "quick", "--device", "cuda", "--json", tmp_path / name)[0] == 2
    assert (tmp_path / "earlier.json").read_text() == "earlier"
    assert not (tmp_path / "new.json").exists()


def test_cuda_that_is_not_there_is_refused_in_one_line(run, no_training, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, out, error = run("run", "quick", "--device", "cuda")
    assert (
        code == 2
        and out == ""
        and len(error.splitlines()) == 1
        and "sees no CUDA GPU here" in error
    )


def test_a_long_training_prints_few_lines(run, capsys):
    code, out, error = run(
        "run",
        "quick",
        *FAST,
        "--set",
        "epochs=90",
        "--set",
        "train_images=10",
        "--set",
        "batch_size=None",
    )
    lines = [line for line in (out + error).splitlines() if line.startswith("epoch ")]
    assert code == 0 and 10 <= len(lines) <= 2 * command_line.LINES
    assert error.endswith("trained: now counting errors\n")  # what may take as long again


def test_the_bar_knows_the_steps_of_grown_layers_too(run, tmp_path):
    settings = (
        "growth_epochs=2",
        "growth_width=15",
        "growth_gain=0",
        "max_layers=2",
        "growth=training",
    )
    code, out, error = run(
        "run",
        "growing",
        *FAST,
        *(f"--set={setting}" for setting in settings),
        "--json",
        tmp_path / "report.json",
    )
    found = json.loads((tmp_path / "report.json").read_text())
    assert code == 0 and found["widths"] == [784, 20, 15] and found["epochs"] == 4
    assert found["growth"][0][0] == 1 and "accuracy as it grew: 1 layers" in out
    assert "8/8" in error  # two epochs and two of the new layer, two steps each


def test_ctrl_c_still_reports_what_was_reached(run, monkeypatch, tmp_path):
    def interrupt(training):
        for record in training:
            yield record
            if record.step == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_with_progress", interrupt)
    code, out, _ = run("run", "quick", *FAST, "--json", tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text())
    assert code == 130 and "INTERRUPTED" in out
    assert (found["finished"], found["epochs"]) == (False, 1) and 0 <= found["test_error"] <= 1


def test_a_gpu_is_reported_by_its_model_and_its_own_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Model 5000")
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**20)
    gpu = torch.device("cuda:1")
    assert report.device_name(gpu) == "cuda:1 (Model 5000)" and report.peak_memory_mb(gpu) == 3.0


def test_memory_is_zero_where_the_system_does_not_tell(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert report.peak_memory_mb(torch.device("cpu")) == 0.0


def test_it_can_be_run_as_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ffteach", "list"])
    monkeypatch.delitem(sys.modules, "ffteach.__main__")
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("ffteach", run_name="__main__")
    assert caught.value.code == 0 and "quick" in capsys.readouterr().out
