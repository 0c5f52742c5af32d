"""The dream lab without a browser: what it shows is what the network does."""

import pytest
import torch

from ffteach.beyond.dream_lab import DreamLab
from ffteach.beyond.sequences import (
    RECIPE,
    SequenceNet,
    SequenceTraining,
    decode,
    dream,
    encode,
    load_fables,
    share_right,
)


@pytest.fixture
def lab():
    made = DreamLab("dream", length=5, phase=3)
    yield made
    made.close()


def test_it_shows_what_its_network_does(lab):
    state = lab.run(25)
    text = load_fables()
    net = SequenceNet(RECIPE.widths, generator=torch.Generator().manual_seed(0))
    recipe = RECIPE.but(epochs=20, rate_decay="none")
    run = SequenceTraining(net, text, recipe, negatives="dream", length=5, phase=3)
    for _ in range(25):
        next(run)
    assert state["step"] == 25 and state["right"] == pytest.approx(share_right(net, text[1]))
    start, seed = encode("the fox and the ")[None], torch.Generator().manual_seed(7)
    assert state["dream"] == decode(dream(net, start, 62, generator=seed)[0])
    texts = [text["text"] for text in lab.picture.value["texts"]]
    assert state["dream"] in texts and "step 0" in texts and "step 25" in texts
    assert f"{state['right']:.1%} of the next" in lab.picture.value["alt"]


def test_controls_act_on_the_next_step(lab):
    lab.run(4)
    assert not lab.state["awake"] and "asleep" in lab.picture.value["figures"]
    lab.negatives.value, lab.phase.value, lab.learning_rate.value = None, 1, 1e-4
    assert (lab.training.negatives, lab.training.phase) == (None, 1)
    assert lab.training.learning_rate == 1e-4
    before = lab.net.layers[0].weight.detach().clone()
    lab.run(2)
    assert torch.equal(lab.net.layers[0].weight, before)
    lab.reset_button.click()
    assert lab.state["step"] == 0 and lab.training.negatives is None
    assert lab.line == "DreamLab(negatives=None, length=5, learning_rate=0.0001)"


def test_few_dreams_are_shown_the_first_and_the_last_among_them(lab):
    lab.dreams = [(step, f"dream {step}") for step in range(0, 2000, 20)]
    steps = [step for step, _ in lab._told()]
    assert steps[0] == 0 and steps[-1] == 1980 and len(steps) == 6 and steps == sorted(steps)


def test_dreams_between_are_kept_however_often_it_looks(lab):
    for _ in range(6):
        lab.run(10)
    assert [step for step, _ in lab.dreams] == [0, 20, 40, 60]


def test_it_ends_with_the_last_epoch_and_tells_of_a_dead_network(lab):
    lab.training.schedule.epochs = 1
    lab.training.recipe = lab.training.recipe.but(batch_size=12_000)
    lab.training.schedule.recipe = lab.training.recipe
    lab.run(3)
    assert lab.said == "All epochs are done."
    lab.reset_button.click()
    with torch.no_grad():
        for layer in lab.net.layers:
            layer.weight.zero_()
            layer.bias.fill_(-1)
    lab.run(1)
    assert "dead" in lab.said


@pytest.mark.parametrize(
    "options, message",
    [
        ({"negatives": "hard"}, "negatives='hard': choose one of"),
        ({"phase": 2}, "phase=2: choose one of"),
        ({"phase": True}, "phase=True: choose one of"),
        ({"length": 51}, "length=51: expected a whole number of at least 1 and at most 50"),
        ({"learning_rate": 1.0}, "learning_rate=1.0: expected a number in 1e-5..0.1"),
        ({"seed": 0.5}, "seed=0.5"),
    ],
)
def test_it_is_refused_in_words(options, message):
    with pytest.raises(ValueError, match=message):
        DreamLab(**options)
