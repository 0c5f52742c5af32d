"""The race without a browser: both learn what they would alone, and all figures by plain code."""

import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from by_hand import (
    BURNT,
    alt,
    burn,
    check_classes,
    part,
    picture,
    plain,
    play,
    series,
    widgets_left,
)

from ffteach import Recipe, load_mnist, predict, train
from ffteach.live import RaceLab
from ffteach.live.race.race import Race

CONTROLS = {
    "ff-train": "train_button",
    "ff-step": "step_button",
    "ff-reset": "reset_button",
    "ff-line": "line_button",
    "ff-lr": "forward_rate",
    "ff-forward-rate": "forward_rate",
    "ff-backward-rate": "backward_rate",
    "ff-epochs": "epochs",
    "ff-widths": "widths",
    "ff-seed": "seed",
    "ff-picture": "picture",
    "ff-status": "status",
    "ff-message": "message",
    "ff-panel": "widget",
    "ff-race-lab": "widget",
}
SMALL = (784, 16, 12)


@pytest.fixture
def make_lab(digits, closing):
    """Make a small panel, on 200 digits: two steps an epoch."""
    options = {"widths": SMALL, "data": digits, "epochs": 30}
    return lambda **more: closing(RaceLab(**options | more))


def play_to_the_end(lab):
    """What the browser does until the panel stops its clock."""
    for _ in range(20):
        if lab.running:
            play(lab, 1)
    assert not lab.running


# ---- both learn what they would alone, and from the same batches


def test_forward_forward_learns_as_the_package_trains_it(make_lab, digits):
    lab = make_lab(seed=3, forward_rate=2e-3, epochs=5)
    lab.run(7)
    recipe = Recipe(
        widths=SMALL,
        loss="pairwise",
        negatives="hard",
        learning_rate=2e-3,
        epochs=5,
        rate_decay="none",
    )
    net = recipe.network(seed=3)
    run = train(net, digits, recipe, seed=3)
    for _ in range(7):
        next(run)
    for ours, theirs in zip(lab.race.forward.net.parameters(), net.parameters()):
        assert torch.equal(ours, theirs)


def test_backpropagation_learns_the_same_batches_as_autograd_and_plain_adam_do(make_lab, digits):
    lab = make_lab(backward_rate=3e-3)
    forward, backward = lab.race.forward, lab.race.backward
    seen, pairs, learn = [], forward.pairs, backward.learn
    forward.pairs = lambda batch, epoch: (seen.append(batch), pairs(batch, epoch))[1]
    given = []
    backward.learn = lambda *batch: (given.append(batch), learn(*batch))
    weights = [p.detach().double().requires_grad_() for p in backward.net.parameters()]
    sizes = [tuple(weight.shape) for weight in weights]
    assert sizes == [(16, 784), (16,), (12, 16), (12,), (10, 12), (10,)]
    for first, second in zip(weights[::2], weights[1::2]):  # PyTorch's own start
        reach = first.shape[1] ** -0.5
        assert 0.8 * reach < first.abs().max() <= reach and second.abs().max() <= reach
    adam = torch.optim.Adam(weights, lr=3e-3, foreach=False)
    lab.run(6)
    assert len(seen) == len(given) == 6
    for batch, (images, labels) in zip(seen, given):
        assert torch.equal(images, digits.train.images[batch])
        assert torch.equal(labels, digits.train.labels[batch])
        h = images.double()
        for first, second in zip(weights[:-2:2], weights[1:-2:2]):
            h = F.relu(h @ first.T + second)
        adam.zero_grad()
        F.cross_entropy(h @ weights[-2].T + weights[-1], labels).backward()
        adam.step()
    for ours, theirs in zip(backward.net.parameters(), weights):
        assert torch.allclose(ours.double(), theirs, atol=2e-5)
    assert len(torch.cat(seen[:2]).unique()) == 200  # an epoch sees every digit once


def test_nobody_else_s_random_numbers_are_drawn(make_lab):
    before = torch.get_rng_state()
    make_lab().run(5)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_errors_and_the_lead_are_counted(make_lab, digits):
    lab = make_lab(forward_rate=3e-3, backward_rate=3e-3)
    state = lab.run(60)
    images, labels = digits.validation
    with torch.no_grad():
        misses = (
            (predict(lab.race.forward.net, images) != labels).tolist(),
            (lab.race.backward.net(images).argmax(dim=1) != labels).tolist(),
        )
    assert state["errors"] == tuple(sum(miss) / 100 for miss in misses)
    only = [sum(a and not b for a, b in zip(*order)) for order in (misses, misses[::-1])]
    lead, error = state["lead"]
    assert lead == pytest.approx((only[1] - only[0]) / 100)
    assert error == pytest.approx(sum(only) ** 0.5 / 100)
    assert all(error < 0.6 for error in state["errors"])  # both have learnt: guessing is 0.9


# ---- picture and words


def test_the_picture_shows_every_look_twice(make_lab):
    lab = make_lab()
    lab.run(43)
    looks = lab.state["looks"]
    assert [step for step, _, _ in looks] == [0, 20, 40, 43]
    for title, x in (
        ("The same batches", lambda look, who: look[0]),
        ("The same time", lambda look, who: look[2][who]),
    ):
        for who, curve in enumerate(series(part(lab, title), "line")):
            assert np.allclose(curve["x"], [x(look, who) for look in looks])
            assert np.allclose(curve["y"], [100 * look[1][who] for look in looks])
    assert part(lab, "The same batches")["x"] == (0, 60)


def test_the_words_say_what_the_picture_shows(make_lab):
    lab = make_lab()
    assert "Nothing trained yet" in lab.said
    state = lab.run(20)
    for name, error, seconds in zip(
        ("Forward-Forward", "backpropagation"), state["errors"], state["seconds_each"]
    ):
        assert f"{name} {error:.1%} after {seconds:.1f} seconds of training" in alt(lab)
        assert f"{name} <b>{error:.1%}</b>, {seconds:.1f} s" in lab.words(state)[1]
    assert "on 100 digits" in alt(lab) and "At step 20:" in alt(lab)


# ---- controls


def test_every_control_has_its_class_and_the_table_lists_it(make_lab):
    check_classes(make_lab(), CONTROLS)


def test_rates_act_on_the_next_step(make_lab):
    lab = make_lab()
    lab.run(2)
    kept = [
        [p.detach().clone() for p in net.parameters()]
        for net in (lab.race.forward.net, lab.race.backward.net)
    ]
    lab.forward_rate.value = 1e-5
    lab.backward_rate.value = 1e-1
    lab.run(1)
    forward, backward = (
        max((p - before).abs().max().item() for p, before in zip(net.parameters(), former))
        for net, former in zip((lab.race.forward.net, lab.race.backward.net), kept)
    )
    assert forward < 1e-4 < 1e-2 < backward


def test_widths_and_seed_wait_for_reset(make_lab):
    lab = make_lab()
    lab.run(2)
    lab.widths.value, lab.seed.value = "8", 1
    assert lab.state["waiting"] and "Widths and Seed need a new network" in lab.said
    assert lab.state["step"] == 2
    lab.reset_button.click()
    assert lab.state["step"] == 0 and not lab.state["waiting"]
    assert lab.race.forward.net.widths == [784, 8]
    assert [p.shape[0] for p in lab.race.backward.net.parameters()] == [8, 8, 10, 10]
    lab.widths.value = "eight"
    assert lab.widths.value == "8" and "It stays 8" in lab.said


def test_it_trains_while_the_clock_runs_to_the_last_epoch_and_on(make_lab):
    lab = make_lab(epochs=2)
    lab.train_button.value = True
    play_to_the_end(lab)
    assert lab.state["step"] == 4
    assert lab.said.startswith("All 2 epochs are done. ") and "give or take" in lab.said
    lab.epochs.value = 3
    assert lab.state["running"]
    play_to_the_end(lab)
    assert lab.state["step"] == 6 and lab.state["looks"][-1][0] == 6 and lab.error is None


@pytest.mark.parametrize(
    "lead, error, says",
    [
        (0.021, 0.01, "Forward-Forward is ahead by 2.1 points, give or take 1.0."),
        (-0.03, 0.01, "Backpropagation is ahead by 3.0 points"),
        (0.019, 0.01, "Too close to call: 1.9 points"),
        (-0.019, 0.01, "Too close to call"),
        (0.0, 0.0, "Too close to call"),
    ],
)
def test_the_outcome_is_called_by_two_standard_errors(make_lab, monkeypatch, lead, error, says):
    lab = make_lab(epochs=1)
    lab.run(2)
    monkeypatch.setattr(Race, "look", lambda race: None)
    lab.race.lead = lead, error
    lab.run(1)
    assert lab.said.startswith("Epoch 1 is done. ") and says in lab.said


@pytest.mark.parametrize("net, name", [("forward", "Forward-Forward"), ("backward", "backprop")])
def test_numbers_that_are_no_longer_finite_are_named(make_lab, net, name):
    lab = make_lab()
    with torch.no_grad():
        next(getattr(lab.race, net).net.parameters())[0, 0] = torch.nan
    lab.run(20)
    assert lab.said.startswith(f"Diverged: {name}") and "press Reset" in lab.said
    lab.reset_button.click()
    lab.run(20)
    assert "Diverged" not in lab.said


# ---- as a panel


@pytest.mark.parametrize(
    "options",
    [{}, {"forward_rate": 2e-3, "backward_rate": 5e-4, "seed": 2}, {"presenter": True}],
)
def test_the_line_makes_the_same_race(digits, closing, options):
    lab = closing(RaceLab(SMALL, data=digits, **options))
    assert lab.settings == {"widths": SMALL} | options
    again = closing(eval(lab.line, {"RaceLab": functools.partial(RaceLab, data=digits)}))
    first, second = lab.run(6), again.run(6)
    for state in (first, second):
        state["looks"] = [look[:2] for look in state["looks"]]
    assert plain(first) == plain(second)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"epochs": 0}, "epochs=0.*from 1 to 30"),
        ({"seed": -1}, "seed=-1"),
        ({"forward_rate": 0.2}, "forward_rate=0.2.*from 1e-05 to 0.1"),
        ({"backward_rate": "fast"}, "backward_rate='fast'"),
        ({"widths": (784, 0)}, "Layer widths '0'"),
        ({"widths": (784,)}, "Layer widths ''"),
        ({"data": load_mnist}, "Digits with validation images"),
    ],
)
def test_what_cannot_be_is_refused(digits, wrong, message):
    with pytest.raises(ValueError, match=message):
        RaceLab(**{"data": digits} | wrong)


def test_data_without_validation_images_are_refused(sample):
    with pytest.raises(ValueError, match="validation"):
        RaceLab(data=sample)


def test_an_exception_is_shown_in_words(make_lab, monkeypatch):
    lab = make_lab()
    monkeypatch.setattr(lab.race, "take_step", burn)
    lab.step_button.click()
    assert isinstance(lab.error, RuntimeError) and BURNT in lab.message.value


def test_two_panels_share_nothing(make_lab):
    one, two = make_lab(), make_lab()
    before = picture(two), plain(two.state)
    one.forward_rate.value = 1e-2
    one.run(5)
    assert (picture(two), plain(two.state)) == before


def test_a_presenter_has_the_two_rates(make_lab):
    lab, large = make_lab(), make_lab(presenter=True)
    assert picture(lab) == picture(large) and large.picture.fills
    assert [len(one.control_box.children) for one in (lab, large)] == [2, 1]
    assert large.control_box.children[0].children == (large.forward_rate, large.backward_rate)


def test_closing_closes_every_widget(digits):
    for options in ({}, {"presenter": True}):
        lab, left = widgets_left(RaceLab, data=digits, widths=SMALL, **options)
        assert not left
        assert lab.training is None
