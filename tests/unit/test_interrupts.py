"""Ctrl-C at any point: a step is taken whole or not at all, and the run goes on from there."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ffteach import Recipe, Split, train
from ffteach.optimisers import OPTIMISERS, LayerOptimiser

SMALL = Recipe(widths=(784, 6, 5), epochs=2, batch_size=10, learning_rate=0.01)
GREEDY = {"schedule": "greedy", "epochs": 1}
RECIPES = {
    "simultaneous": SMALL,
    "full batch": SMALL.but(batch_size=None),
    "hard": SMALL.but(negatives="hard", loss="pairwise", shift=1, uniform_epochs=0, epochs=1),
    "sgd": SMALL.but(optimiser="sgd", weight_decay=1e-3, peer_normalisation=0.03, epochs=1),
    "adamw": SMALL.but(optimiser="adamw", weight_decay=0.1, pixel_dropout=0.2, epochs=1),
    "adversarial": SMALL.but(adversarial=1.0, loss="pairwise", epochs=1),
    "head": SMALL.but(head=True, negatives="hard", hard_by="head", uniform_epochs=0, epochs=1),
    "hybrids": SMALL.but(negatives="hybrids", epochs=1),
    "greedy, fixed": SMALL.but(**GREEDY, fresh_negatives=False),
    "growing": SMALL.but(
        **GREEDY, growth="training", growth_gain=0.0, growth_width=4, growth_epochs=1, max_layers=3
    ),
}


class Bomb(TorchDispatchMode):
    """Raises KeyboardInterrupt instead of the call number `at` to torch, from 0; counts all."""

    def __init__(self, at=None):
        super().__init__()
        self.at, self.calls = at, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.calls += 1
        if self.calls - 1 == self.at:
            raise KeyboardInterrupt
        return func(*args, **(kwargs or {}))


@pytest.fixture
def twenty(few):
    return few.take(slice(0, 20))


def ended(run):
    """Weights, growth and counts when the run is over."""
    run.finish()
    counts = run.step, run.epoch, run.phase, run.net.widths, run.growth
    return counts, {
        name: value for name, value in run.net.state_dict().items() if "extra" not in name
    }


def same(one, other):
    return one[0] == other[0] and all(
        torch.equal(one[1][name], other[1][name]) for name in one[1].keys() | other[1].keys()
    )


@pytest.mark.parametrize("name", RECIPES)
def test_an_exception_at_any_call_to_torch_leaves_a_run_that_goes_on_to_the_bit(name, twenty):
    recipe = RECIPES[name]
    wanted = ended(train(recipe.network(), twenty, recipe))
    steps = wanted[0][0]
    tried = 0
    for step in sorted({0, steps // 2, steps - 1}):
        at, went_off = 0, True
        while went_off:
            run = train(recipe.network(), twenty, recipe)
            for _ in range(step):
                next(run)
            bomb, went_off = Bomb(at), False
            try:
                with bomb:
                    next(run)
            except KeyboardInterrupt:
                went_off = True
            assert all(layer.weight.isfinite().all() for layer in run.net.layers)
            assert same(ended(run), wanted), f"step {step}, call {at}"
            tried, at = tried + 1, at + 3  # every third call, another third for each step
        at = step % 3
    assert tried > 20


PROGRAM = """
import signal
import torch
from ffteach import RECIPES, load_mnist, train
recipe = RECIPES["tapering"].but(widths=(784, 30, 20), epochs=100)
data = load_mnist().train
def whole():
    return train(recipe.network(), data.take(slice(0, 1500)), recipe)
run, interrupts = whole(), 0
print("begun", flush=True)
while True:
    try:
        run.finish()
        break
    except KeyboardInterrupt:
        interrupts += 1
signal.signal(signal.SIGINT, signal.SIG_IGN)  # a fast machine may be here before the last of them
again = whole().finish()
same = all(torch.equal(a, b) for a, b in zip(run.net.parameters(), again.parameters()))
print(f"interrupted: {interrupts > 0}, steps {run.step}, the same to the bit: {same}")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_real_ctrl_c_in_a_full_batch_recipe_is_no_end(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "begun"
    for pause in (0.05, 0.03, 0.07, 0.02, 0.05):
        time.sleep(pause)
        child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=120)
    assert out.strip() == "interrupted: True, steps 200, the same to the bit: True", error


def test_a_state_of_another_recipe_or_other_data_is_refused_and_changes_nothing(twenty, few):
    run = train(SMALL.network(), twenty, SMALL)
    other = SMALL.but(negatives="hard", learning_rate=0.02)
    for state, message in (
        (train(other.network(), twenty, other).state_dict(), "differs in learning_rate, negatives"),
        (train(SMALL.network(), few, SMALL).state_dict(), "images of shape"),
        (
            train(
                SMALL.network(), twenty._replace(labels=twenty.labels.roll(1)), SMALL
            ).state_dict(),
            "other images or labels",
        ),
        ({"net": {}}, "no state of a training"),
        (None, "no state of a training"),
    ):
        before = ended(train(SMALL.network(), twenty, SMALL))
        with pytest.raises(ValueError, match=message):
            run.load_state_dict(state)
    assert same(ended(run), before)


def test_layers_that_were_replaced_added_or_converted_are_refused_in_words(twenty):
    for spoil, message in (
        (lambda net: net.layers.__setitem__(0, type(net.layers[0])(784, 6)), "replaced or added"),
        (lambda net: net.add_layer(3), "replaced or added"),
        (lambda net: net.double(), "float64 since train"),
    ):
        net = SMALL.network()
        run = train(net, twenty, SMALL)
        next(run)
        spoil(net)
        with pytest.raises(ValueError, match=message):
            next(run)


def test_a_layer_without_gradient_stays_as_it_is(twenty):
    net = SMALL.network()
    before = net.layers[0].weight.clone()
    run = train(net, twenty, SMALL)
    net.layers[0].requires_grad_(False)
    run.finish()
    assert torch.equal(net.layers[0].weight, before)
    assert not torch.equal(net.layers[1].weight, SMALL.network().layers[1].weight)


def test_ones_own_negatives_are_looked_at(twenty):
    for draw, message in (
        (lambda labels, generator: labels.float(), "labels are torch.float32"),
        (lambda labels, generator: labels[:3], "one label for each image"),
        (lambda labels, generator: labels + 10, "labels range from"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            next(train(SMALL.network(), twenty, SMALL, draw=draw))
    hybrids = SMALL.but(negatives="hybrids")
    with pytest.raises(ValueError, match="expected negative images of shape"):
        next(train(hybrids.network(), twenty, hybrids, draw=lambda images, generator: images[:1]))
    with pytest.raises(TypeError, match="expected a function draw"):
        train(SMALL.network(), twenty, SMALL, draw="hard")
    assert Split(*twenty)


def test_finish_and_bar_train_to_the_end(twenty, capsys):
    by_hand = train(SMALL.network(), twenty, SMALL)
    for _ in by_hand:
        pass
    net = train(SMALL.network(), twenty, SMALL).finish(bar=True)
    records = list(train(SMALL.network(), twenty, SMALL).bar())
    assert [record.step for record in records] == [1, 2, 3, 4]
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), by_hand.net.parameters()))
    assert "4/4" in capsys.readouterr().err


# ---- one layer's optimiser


def optimiser(kind):
    parameter = torch.nn.Parameter(torch.ones(3))
    parameter.grad = torch.tensor([1.0, -2.0, 3.0])
    return LayerOptimiser(kind, [parameter])


def test_a_step_after_loading_is_whole_too(monkeypatch):
    whole, first, second = optimiser("adam"), optimiser("adam"), optimiser("adam")
    for number in range(4):
        whole.step(0.1)
        if number < 3:
            first.step(0.1)
    second.load_state_dict(first.state_dict())
    second.parameters[0].data.copy_(first.parameters[0])

    def torn(*lists, **options):
        monkeypatch.undo()
        lists[-1][0].add_(1)  # the step is counted, and no more
        raise KeyboardInterrupt

    monkeypatch.setitem(OPTIMISERS, "adam", torn)
    with pytest.raises(KeyboardInterrupt):
        second.step(0.1)
    assert torch.equal(second.parameters[0], whole.parameters[0])


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_where_torch_has_no_fused_kernel_the_steps_are_the_same(kind):
    one, other = optimiser(kind), optimiser(kind)
    other.fused = False  # as on a device that is neither a CPU nor CUDA
    for _ in range(3):
        one.step(0.1), other.step(0.1)
    torch.testing.assert_close(one.parameters[0], other.parameters[0])


SLOW = torch.finfo(torch.float32).tiny  # numbers below it, but 0, are denormal


@pytest.mark.parametrize("kind, of_torch", [("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_moments_of_weights_without_a_gradient_vanish_and_the_weights_are_torchs(kind, of_torch):
    start = torch.tensor([0.5, -0.01, 0.0, 2.0])
    ours = LayerOptimiser(kind, [torch.nn.Parameter(start.clone())])
    theirs = torch.nn.Parameter(start.clone())
    options = {"momentum": 0.9} if kind == "sgd" else {}
    reference = of_torch([theirs], lr=0.01, fused=True, **options)
    for number in range(1500):
        lit = [1.0, 1.0, 0.0, 1.0] if number < 3 else [0.0, 0.0, 0.0, 1.0]
        ours.parameters[0].grad = theirs.grad = torch.tensor(lit) * (1 + number % 7)
        ours.step(0.01), reference.step()
        assert torch.equal(ours.parameters[0], theirs), number
    moment = {"adam": "exp_avg", "sgd": "momentum_buffer"}[kind]
    kept, plain = ours.state[0][moment], reference.state[theirs][moment]
    assert (kept[:3] == 0).all() and kept[3] == plain[3] != 0
    assert (plain[:2] != 0).all() and (plain[:2] < SLOW).all()  # what would be slow
