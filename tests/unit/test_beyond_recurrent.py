"""The recurrent network: against plain loops and autograd; its answers, its training, refusals."""

import signal

import fakegpu
import pytest
import torch
from few_digits import rounding

import ffteach
from ffteach.beyond import recurrent
from ffteach.beyond.recurrent import (
    RECIPE,
    RecurrentNet,
    RecurrentTraining,
    error_rate,
    goodness_of_labels,
    predict,
    settle,
)
from ffteach.layers import ff_loss, pairwise_loss

SMALL = RECIPE.but(widths=(784, 22, 21, 20), batch_size=50, epochs=1)


def made(*, feedback=True, seed=0):
    return RecurrentNet(
        SMALL.widths, feedback=feedback, generator=torch.Generator().manual_seed(seed)
    )


@pytest.fixture
def net():
    """In float64, with biases that are not 0."""
    generator = torch.Generator().manual_seed(1)
    net = made().double()
    for layer in net.layers:
        torch.nn.init.uniform_(layer.bias, 0.1, 0.5, generator=generator)
    return net


def unit(x):
    return x * x.shape[1] ** 0.5 / (x.norm(dim=1, keepdim=True) + 1e-6)


def plain_video(net, images, labels, steps):
    """Yield the activities of each step: every layer from what the two beside it did before."""
    hot = 10**0.5 * torch.eye(10, dtype=images.dtype)[labels]  # its mean square is 1
    h, below = [], images
    for layer in net.layers:
        h.append(torch.relu(unit(below) @ layer.up.T + layer.bias))
        below = h[-1]
    for _ in range(steps):
        rows = [unit(row).detach() for row in (images, *h)] + [hot]
        later = []
        for i, layer in enumerate(net.layers):
            z = rows[i] @ layer.up.T + layer.bias
            if net.feedback or i == 2:
                z = z + rows[i + 2] @ layer.down.T
            later.append(0.3 * h[i].detach() + 0.7 * torch.relu(z))
        h = later
        yield h


@pytest.mark.parametrize("feedback", [True, False])
def test_the_video_is_the_plain_one(net, few, feedback):
    net.feedback = feedback
    images = few.images[:12].double()
    labels = few.labels[:12]
    wanted = [
        torch.stack([layer.square().mean(dim=1) for layer in h])
        for h in plain_video(net, images, labels, 8)
    ]
    torch.testing.assert_close(settle(net, images, labels), torch.stack(wanted).detach())


@pytest.mark.parametrize("loss", ["pairwise", "threshold"])
@pytest.mark.parametrize("feedback", [True, False])
def test_the_gradient_is_that_of_autograd_within_each_layer_and_step(net, few, loss, feedback):
    net.feedback = feedback
    recipe = SMALL.but(loss=loss, threshold=0.7, temperature=0.1)
    few = ffteach.Split(few.images.double(), few.labels)
    run = RecurrentTraining(net, few, recipe)
    wrong = (few.labels + 3) % 10
    run._wrong = lambda labels, h: wrong[:12]
    stats, _ = run._gradients(torch.arange(12))
    got = [parameter.grad.clone() for parameter in net.parameters()]
    net.zero_grad()
    images, labels = few.images[:12], torch.cat([few.labels[:12], wrong[:12]])
    total = torch.zeros(3, dtype=torch.float64)
    for h in plain_video(net, torch.cat([images, images]), labels, 8):
        for i, layer in enumerate(h):
            g_pos, g_neg = layer.square().mean(dim=1).chunk(2)
            if loss == "pairwise":
                total[i] += pairwise_loss(g_pos, g_neg, 0.1) / 8
            else:
                total[i] += ff_loss(g_pos, g_neg, 0.7, 0.1) / 8
    total.sum().backward()
    torch.testing.assert_close(stats[0], total.detach().float())
    for parameter, gradient in zip(net.parameters(), got):
        wanted = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(gradient, wanted)


def test_ten_labels_are_ten_videos(net, few):
    images = few.images[:230].double()  # more than are looked at at once
    table = goodness_of_labels(net, images, steps=5)
    assert table.shape == (5, 3, 200, 10)
    for label in (0, 7):
        labels = torch.full((200,), label)
        torch.testing.assert_close(table[..., label], settle(net, images, labels, steps=5))
    answers = table[2:5].sum(dim=(0, 1)).argmax(dim=1)
    assert torch.equal(predict(net, images), answers)
    share = (answers != few.labels).double().mean().item()
    assert error_rate(net, ffteach.Split(images, few.labels)) == pytest.approx(share)


def test_the_quick_answer_is_one_look_of_the_top(net, few):
    h = net.begin(net.look(few.images[:6].double()))
    quick = net.quick(h)
    for label in range(10):
        top = net.labels(torch.full((6,), label))
        _, new, _ = net.step(net.look(few.images[:6].double()), h, top)
        torch.testing.assert_close(quick[:, label], new[-1].square().mean(dim=1))


def test_negatives_are_wrong_and_those_that_the_top_likes(net, few):
    few = ffteach.Split(few.images.double(), few.labels)
    h = net.begin(net.look(few.images))
    picked = {}
    for kind in ("uniform", "hard"):
        run = RecurrentTraining(net, few, SMALL.but(negatives=kind, hardness=100.0))
        draws = torch.stack([run._wrong(few.labels, h) for _ in range(20)])
        assert not (draws == few.labels).any()
        liked = net.quick(h).scatter(1, few.labels[:, None], -1.0).argmax(dim=1)
        picked[kind] = (draws == liked).double().mean().item()
    assert picked["uniform"] == pytest.approx(1 / 9, abs=0.03)
    assert picked["hard"] > 0.6


def test_training_moves_everything_and_the_loss_falls(few):
    net = made()
    before = [parameter.detach().clone() for parameter in net.parameters()]
    first, *_, last = RecurrentTraining(net, few, SMALL.but(epochs=30, learning_rate=3e-3))
    assert all((new != old).any() for new, old in zip(net.parameters(), before))
    assert all(end < start for start, end in zip(first.loss, last.loss))
    assert last.step == 120 and last.epoch == 30 and last.epoch_done and last.layers == (0, 1, 2)
    assert error_rate(net, few) < 0.6  # of 0.9 by chance


def test_without_feedback_only_the_top_learns_from_the_label(few):
    net = made(feedback=False)
    down = [layer.down.detach().clone() for layer in net.layers]
    RecurrentTraining(net, few, SMALL).finish()
    assert torch.equal(net.layers[0].down, down[0]) and torch.equal(net.layers[1].down, down[1])
    assert not torch.equal(net.layers[2].down, down[2])
    table = goodness_of_labels(net, few.images[:5], steps=2)
    torch.testing.assert_close(table[:, :2, :, :1].expand(-1, -1, -1, 10), table[:, :2])


def test_a_seed_says_it_all(few):
    runs = [RecurrentTraining(made(), few, SMALL, seed=seed).finish(bar=True) for seed in (3, 3, 4)]
    weights = [net.layers[0].up for net in runs]
    assert torch.equal(*weights[:2]) and not torch.equal(*weights[1:])


def test_what_may_change_while_it_trains_acts(few):
    run = RecurrentTraining(made(), few, SMALL)
    moved = []
    for rate in (1e-9, 1e-3):
        before = run.net.layers[0].up.detach().clone()
        run.learning_rate = rate
        next(run)
        moved.append((run.net.layers[0].up - before).abs().max().item())
    assert moved[0] < 1e-7 and moved[1] > 1e-4
    run.temperature = 0
    with pytest.raises(ValueError, match="temperature=0: expected a finite number above 0"):
        next(run)
    assert run.step == 2


def test_it_says_when_it_diverged(few):
    run = RecurrentTraining(made(), few, SMALL)
    with torch.no_grad():
        run.net.layers[1].bias.fill_(torch.nan)
    with pytest.warns(RuntimeWarning, match="diverged: layer 1's goodness is not finite"):
        run.finish()


def test_ctrl_c_leaves_a_step_taken_whole(few):
    """It comes while the second layer moves: all three have moved, and the step is counted."""
    whole, run = (RecurrentTraining(made(), few, SMALL) for _ in range(2))
    own = run._optimisers[1].step
    run._optimisers[1].step = lambda rate: (signal.raise_signal(signal.SIGINT), own(rate))
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.step == 1
    del run._optimisers[1].step
    for left in (run, whole):
        left.finish()
    for mine, theirs in zip(run.net.parameters(), whole.net.parameters()):
        assert torch.equal(mine, theirs)


def test_ctrl_c_before_a_step_leaves_it_untaken(few, monkeypatch):
    whole, run = (RecurrentTraining(made(), few, SMALL) for _ in range(2))
    own = run._wrong
    monkeypatch.setattr(run, "_wrong", lambda *given: (own(*given), signal.raise_signal(2)))
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.step == 0
    monkeypatch.undo()
    torch.testing.assert_close(next(run).stats, next(whole).stats, rtol=0, atol=0)


def test_the_same_on_a_gpu(few, gpu):
    numbers = []
    for device in ("cpu", gpu):
        net, split = made().to(device), few.to(device)
        run = RecurrentTraining(net, split, SMALL)
        next(run)
        numbers.append((next(run).stats.cpu(), goodness_of_labels(net, split.images).cpu()))
    for mine, theirs in zip(*numbers):
        torch.testing.assert_close(mine, theirs, **rounding(gpu))


def test_no_step_waits_for_the_gpu(few, gpu):
    run = RecurrentTraining(made().to(gpu), few.to(gpu), SMALL.but(batch_size=20))
    next(run)
    with fakegpu.no_waiting(gpu):
        next(run)


REFUSED = {
    "one layer": (lambda few: RecurrentNet([784, 20]), "give the image's and at least two layers'"),
    "no units": (lambda few: RecurrentNet([784, 20, 0]), r"widths\[2\]=0"),
    "a generator": (lambda few: RecurrentNet([784, 20, 20], generator=0), "generator is 0"),
    "another net": (
        lambda few: RecurrentTraining(ffteach.FFNet([784, 20]), few),
        "net is FFNet, expected a RecurrentNet",
    ),
    "no recipe": (lambda few: RecurrentTraining(made(), few, {}), "recipe is dict"),
    "no data": (lambda few: RecurrentTraining(made(), 3, SMALL), "data is int, expected Digits"),
    "other widths": (lambda few: RecurrentTraining(made(), few), "widths .784, 22, 21, 20., the"),
    "hybrids": (
        lambda few: RecurrentTraining(made(), few, SMALL.but(negatives="hybrids")),
        "does not know these negatives",
    ),
    "an unknown setting": (
        lambda few: RecurrentTraining(made(), few, SMALL.but(peer_normalisation=0.03)),
        "does not know peer_normalisation: it takes batch_size",
    ),
    "small images": (lambda few: predict(made(), torch.rand(3, 100)), "images have 100 pixels"),
    "doubles": (lambda few: predict(made(), torch.rand(3, 784).double()), "float64, the network"),
    "no steps": (lambda few: settle(made(), *few, steps=0), "steps=0"),
    "labels": (lambda few: settle(made(), few.images, few.labels[:3]), "labels have shape"),
    "a seed": (lambda few: RecurrentTraining(made(), few, SMALL, seed=-1), "seed=-1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(name, few):
    call, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call(few)


def test_its_constants_are_the_papers():
    assert (recurrent.STEPS, recurrent.KEPT) == (8, 0.3)
    assert list(range(1, 9))[recurrent.COUNTED] == [3, 4, 5]
