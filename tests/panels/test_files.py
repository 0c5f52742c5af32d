"""Save and Load of the learning panels: to the bit, in words, and never half."""

import numpy as np
import pytest
import torch
from by_hand import plain, play

import ffteach
from ffteach.live import SLOW_MOTION, ProbeLab, TrainingLab

LABS = {
    "training": lambda **options: TrainingLab(
        **{"widths": (784, 24, 16), "batch_size": 20, "epochs": 3} | options
    ),
    "probe": lambda **options: ProbeLab(
        **{"widths": (784, 12, 8), "batch_size": 20, "epochs": 3, "labels": 100} | options
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=LABS)
def make_lab(request, digits, closing):
    """Make a small panel of either kind: 10 steps an epoch."""
    return lambda **options: closing(LABS[request.param](**{"data": digits} | options))


def weights(lab):
    return [parameter.detach().clone() for parameter in lab.training.net.parameters()]


def same(some, others):
    return len(some) == len(others) and all(map(torch.equal, some, others))


def press(button, times=1):
    for _ in range(times):
        button.click()


def test_what_was_saved_goes_on_to_the_bit_in_another_panel(make_lab):
    lab = make_lab()
    lab.run(4)
    lab.threshold.value, lab.learning_rate.value = 1.3, 2e-3
    lab.training.threshold = 1.23456  # finer than its slider
    lab.run(3)
    lab.files.name.value = "mine"
    press(lab.files.save_button)
    assert lab.said == "Saved step 7 as mine.npz, in the folder of this notebook."
    other = make_lab(widths=(784, 6), epochs=1, threshold=5.0)
    other.files.name.value = "mine.npz"
    other.run(2)
    press(other.files.load_button)
    assert other.error is None and other.said.startswith("Loaded mine.npz: step 7.")
    assert other.state["step"] == 7 and not other.state["waiting"]
    assert other.training.threshold == 1.23456 and other.threshold.value == pytest.approx(1.23456)
    assert other.state["learning_rate"] == 2e-3 and other.state["epochs"] == 3
    assert same(weights(lab), weights(other))
    assert other.controls.widths.value == lab.controls.widths.value
    one, two = lab.run(30), other.run(30)
    assert one["step"] == two["step"] == 30 and same(weights(lab), weights(other))
    assert one["goodness_pos"] == two["goodness_pos"] and one["loss"] == two["loss"]
    press(other.reset_button)
    assert other.state["step"] == 0 and other.error is None


def test_all_that_a_panel_may_be_told_comes_back_exactly(make_lab):
    """Also what a slider rounds, and what the other panel has otherwise."""
    probe = isinstance(make_lab(), ProbeLab)
    only = {"mask": "blend", "blurs": 77} if probe else {"negatives": "hard", "loss": "pairwise"}
    settings = {"threshold": 0.98765, "learning_rate": 0.0012345, "schedule": "greedy", **only}
    lab = make_lab(seed=5)
    recipe = lab.recipe.but(**settings)
    run = ffteach.train(recipe.network(seed=5), lab.data, recipe, seed=5)
    start = run.net.layers[0].weight.detach().clone()
    for _ in range(4):
        next(run)
    ffteach.save("my_network.npz", run)
    other = make_lab()
    other.run(2)
    press(other.files.load_button)
    assert other.said.startswith("Loaded my_network.npz: step 4.") and other.error is None
    assert other.training.recipe == recipe and other.seed == 5 == other.controls.seed.value
    for _ in range(3):
        next(run)
    other.run(3)
    assert same(weights(other), [parameter.detach() for parameter in run.net.parameters()])
    if probe:
        assert torch.equal(other.watch.untrained.layers[0].weight, start)


def test_saving_and_loading_while_it_trains_take_whole_steps(make_lab):
    lab = make_lab(epochs=50)
    lab.train_button.value = True
    play(lab, 2)
    press(lab.files.save_button)
    step, kept = lab.state["step"], weights(lab)
    assert lab.running and step > 0
    play(lab, 2)
    assert lab.state["step"] > step
    press(lab.files.load_button)
    assert not lab.running and lab.state["step"] == step and same(weights(lab), kept)
    assert lab.train_button.description == "Train" and lab.error is None


def test_a_file_is_overwritten_at_the_second_press_only(make_lab, folder):
    lab = make_lab()
    press(lab.files.save_button)
    before = (folder / "my_network.npz").read_bytes()
    lab.run(2)
    press(lab.files.save_button)
    assert lab.said.startswith("my_network.npz exists: press Save again to overwrite it")
    assert (folder / "my_network.npz").read_bytes() == before
    press(lab.files.save_button)
    assert lab.said.startswith("Saved step 2 as my_network.npz")
    assert (folder / "my_network.npz").read_bytes() != before
    press(lab.files.save_button)
    press(lab.files.load_button)  # something else in between: the next press asks again
    press(lab.files.save_button)
    assert "press Save again" in lab.said


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "There is no my_network.npz in the folder of this notebook."),
        ("text", "no file that ffteach.save wrote"),
        ("cut", "is damaged or was cut short"),
        ("network", "a network without a training"),
        ("other data", "this state is of images of shape"),
        ("falling rate", "a learning rate that falls by itself"),
        ("other negatives", "choose another recipe"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_words_and_changes_nothing(
    make_lab, digits, folder, content, sentence
):
    lab, file = make_lab(), folder / "my_network.npz"
    lab.run(3)
    if content == "text":
        file.write_text("something else")
    elif content == "cut":
        ffteach.save(file, lab.training)
        file.write_bytes(file.read_bytes()[:-2000])
    elif content == "network":
        ffteach.save(file, lab.training.net)
    elif content == "other data":
        less = digits.train.take(slice(100))
        ffteach.save(file, ffteach.train(lab.training.net, less, lab.recipe))
    elif content:
        changes = {
            "falling rate": {"rate_decay": "second half"},
            "other negatives": {
                "negatives": "uniform" if lab.recipe.negatives == "hybrids" else "hybrids"
            },
        }[content]
        recipe = lab.recipe.but(**changes)
        ffteach.save(file, ffteach.train(recipe.network(seed=1), digits, recipe))
    before = plain(lab.state), weights(lab), lab.line
    press(lab.files.load_button)
    assert sentence in lab.said and 'role="alert"' in lab.message.value
    state = plain(lab.state)
    assert {**state, "message": ""} == {**before[0], "message": ""}
    assert same(weights(lab), before[1]) and lab.line == before[2] and lab.error is None


@pytest.mark.parametrize("name", ["", "  ", "../mine", "/mine", "a/b", ".hidden"])
def test_a_name_is_one_in_this_folder(make_lab, folder, name):
    lab = make_lab()
    lab.files.name.value = name
    press(lab.files.save_button)
    press(lab.files.load_button)
    assert "give a name without folders" in lab.said and lab.error is None
    assert not any(folder.parent.glob("*.npz")) and not any(folder.iterdir())


def test_numbers_that_are_not_finite_are_not_saved(make_lab, folder):
    lab = make_lab()
    with torch.no_grad():
        lab.training.net.layers[0].weight[0] = torch.nan
    lab.run(1)
    press(lab.files.save_button)
    assert "nothing to save" in lab.said and not any(folder.iterdir())


def test_a_button_opens_the_row(make_lab):
    lab = make_lab()
    assert lab.files.row.layout.display == "none"
    lab.files.toggle.value = True
    assert lab.files.row.layout.display is None
    lab.files.toggle.value = False
    assert lab.files.row.layout.display == "none"


def test_a_loaded_run_can_be_rewound_to_its_beginning_and_keeps_what_is_frozen(digits, closing):
    make = lambda: closing(TrainingLab(SLOW_MOTION.but(widths=(784, 8, 6)), data=digits))
    lab, other = make(), make()
    lab.controls.boxes[0].value = True
    lab.run(3)
    lab.files.save()
    other.files.load()
    assert other.state["frozen"] == [1] and other.state["moments"] == [3]
    assert np.array(other.watch.history)[:, 0].tolist() == [3 / other.training.steps_per_epoch]
    kept = weights(other)
    other.run(20)
    other.rewind(3)
    assert other.state["step"] == 3 and same(weights(other), kept)
