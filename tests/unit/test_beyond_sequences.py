"""Sequences: against plain autograd code; the text, dreams, phases, and what is refused."""

import signal
import tomllib
from pathlib import Path

import fakegpu
import pytest
import torch
import torch.nn.functional as F

import ffteach
from ffteach.beyond import sequences
from ffteach.beyond.sequences import (
    RECIPE,
    SYMBOLS,
    SequenceNet,
    SequenceTraining,
    decode,
    dream,
    encode,
    load_fables,
    share_right,
    windows,
)

SMALL = RECIPE.but(widths=(300, 22, 21), batch_size=40, epochs=2)
TEXT = encode(
    "a fox saw some grapes high on a vine. he jumped and jumped. they are sour, he said. " * 3
)


def made(seed=0):
    return SequenceNet(SMALL.widths, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def net():
    """In float64, with biases and a read-out that are not 0."""
    generator = torch.Generator().manual_seed(1)
    net = made().double()
    for part in (net.layers[0].bias, net.layers[1].bias, net.weight, net.bias):
        torch.nn.init.uniform_(part, -0.5, 0.5, generator=generator)
    return net


def unit(x):
    return x * x.shape[1] ** 0.5 / (x.norm(dim=1, keepdim=True) + 1e-6)


def plain(net, codes):
    """Each layer's activities, every layer cut off from the one below, and the logits."""
    x, shown = torch.eye(30, dtype=net.weight.dtype)[codes].flatten(1), []
    for layer in net.layers:
        x = torch.relu(unit(x.detach()) @ layer.weight.T + layer.bias)
        shown.append(x)
    read = torch.cat([unit(h.detach()) for h in shown], dim=1) / sum(net.widths[1:]) ** 0.5
    return shown, read @ net.weight.T + net.bias


# ---- the text


def test_the_text_has_thirty_symbols_and_comes_back_as_it_was():
    assert len(set(SYMBOLS)) == len(SYMBOLS) == 30
    train, held_out = load_fables()
    whole = decode(torch.cat([train, held_out]))
    path = sequences.Path(sequences.__file__).with_name("fables.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert whole == "".join(f"{fable} " for fable in lines)
    assert set(whole) <= set(SYMBOLS) and len(whole) >= 25_000
    assert decode(held_out) == "".join(f"{fable} " for fable in lines[-4:])


def test_windows_are_ten_characters_and_the_next():
    text = "the lion slept."
    assert [decode(row) for row in windows(encode(text))] == [text[i : i + 11] for i in range(5)]


# ---- the network


@pytest.mark.parametrize("negatives", ["teacher", "dream"])
def test_the_gradient_is_that_of_autograd_within_each_layer(net, negatives):
    run = SequenceTraining(net, TEXT, SMALL.but(threshold=0.7), negatives=negatives)
    batch, fake = windows(TEXT)[:12], windows(TEXT)[50:62, 1:]
    run._made_up = lambda *given: fake
    stats, moving = run._gradients(torch.arange(12))
    got = [parameter.grad.clone() for parameter in net.parameters()]
    net.zero_grad()
    real, logits = plain(net, batch[:, :-1])
    (F.cross_entropy(logits, batch[:, -1])).backward()  # the read-out's own
    losses = []
    for h_pos, h_neg in zip(real, plain(net, fake)[0]):
        pair = h_pos.square().mean(dim=1), h_neg.square().mean(dim=1)
        losses.append(ffteach.ff_loss(*pair, threshold=0.7, temperature=SMALL.temperature))
    sum(losses).backward()
    assert len(moving) == 3
    torch.testing.assert_close(stats[0].double(), torch.stack(losses).detach(), rtol=1e-6, atol=0)
    for parameter, gradient in zip(net.parameters(), got):
        torch.testing.assert_close(gradient, parameter.grad)


def test_the_read_out_leaves_the_hidden_layers_alone():
    net = made()
    before = [layer.weight.detach().clone() for layer in net.layers]
    SequenceTraining(net, TEXT, SMALL, negatives=None).finish()
    assert all(torch.equal(layer.weight, w) for layer, w in zip(net.layers, before))
    assert net.weight.abs().max() > 0.01


def test_answers_are_the_plain_ones(net):
    codes = windows(TEXT)
    answers = plain(net, codes[:, :-1])[1].argmax(dim=1)
    assert share_right(net, TEXT) == pytest.approx((answers == codes[:, -1]).double().mean().item())


# ---- what it makes up


def test_teacher_negatives_differ_in_the_last_character_alone():
    net = made()
    run = SequenceTraining(net, TEXT, SMALL)
    batch = windows(TEXT)[:40]
    logits = torch.full((40, 30), -9.0)
    logits[:, 7] = 9.0  # it is sure of one symbol
    fake = run._made_up(batch, logits)
    assert torch.equal(fake[:, :-1], batch[:, 1:-1]) and set(fake[:, -1].tolist()) == {7}


def test_draws_follow_the_softmax():
    shares = torch.rand(30, generator=torch.Generator().manual_seed(2)).log_softmax(0)
    drawn = sequences.draw(shares.repeat(50_000, 1), generator=torch.Generator().manual_seed(3))
    counts = drawn.bincount(minlength=30) / 50_000
    torch.testing.assert_close(counts, shares.exp(), atol=4e-3, rtol=0)


def test_a_dream_goes_on_from_its_start_and_is_a_function_of_its_seed(net):
    start = TEXT[:14].repeat(3, 1)
    texts = [dream(net, start, 20, generator=torch.Generator().manual_seed(s)) for s in (5, 5, 6)]
    assert torch.equal(texts[0], texts[1]) and not torch.equal(texts[0], texts[2])
    assert torch.equal(texts[0][:, :14], start) and texts[0].shape == (3, 34)
    with torch.no_grad():
        net.weight.zero_()
        net.bias.fill_(-50)[3] = 50
    assert decode(dream(net, start, 4)[0, 14:]) == SYMBOLS[3] * 4


def test_dream_negatives_are_windows_of_its_texts_and_serve_some_steps(monkeypatch):
    texts = []
    own = sequences.dream
    monkeypatch.setattr(
        sequences, "dream", lambda *given, **named: texts.append(own(*given, **named)) or texts[-1]
    )
    run = SequenceTraining(made(), TEXT, SMALL.but(epochs=4), negatives="dream", length=5)
    for _ in range(40 * 5 // 40):
        next(run)
    assert len(texts) == 1
    fake = run._made_up(run.windows[:40], None)
    lines = [decode(text)[1:] for text in texts[-1]]  # no window that is real throughout
    assert all(any(decode(row) in line for line in lines) for row in fake)
    next(run)
    assert len(texts) == 2


# ---- phases


def test_awake_it_never_makes_anything_up_and_asleep_it_never_reads():
    run = SequenceTraining(made(), TEXT, SMALL.but(epochs=3), negatives="dream", phase=3)
    made_up, own = [], run._made_up
    run._made_up = lambda *given: made_up.append(run.step) or own(*given)
    reading = []
    for _ in range(12):
        awake, before = run.awake, run.net.weight.detach().clone()
        next(run)
        reading.append(not torch.equal(before, run.net.weight))
        assert reading[-1] == awake
    assert reading == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3
    assert made_up == [3, 4, 5, 9, 10, 11]


def test_both_sides_are_the_loss_of_pairs():
    g = torch.rand(2, 9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    sides = [sequences.one_side(g[i], sign, 0.4, 0.1) for i, sign in ((0, 1), (1, -1))]
    whole = ffteach.ff_loss(g[0], g[1], 0.4, 0.1)
    whole.backward()
    torch.testing.assert_close(sides[0][0] + sides[1][0], whole)
    torch.testing.assert_close(torch.stack([slopes for _, slopes in sides]).detach(), g.grad)


# ---- the training


def test_it_learns_and_a_seed_says_it_all():
    runs = [SequenceTraining(made(), TEXT, SMALL, seed=seed) for seed in (3, 3, 4)]
    weights = [run.finish(bar=True).layers[0].weight for run in runs]
    assert torch.equal(*weights[:2]) and not torch.equal(*weights[1:])
    assert runs[0].step == runs[0].total_steps == 14 and runs[0].epoch == 2
    last = SequenceTraining(made(), TEXT, SMALL.but(epochs=40)).finish()
    assert share_right(last, TEXT) > 0.4  # the commonest symbol has 0.21


def test_what_may_change_while_it_trains_acts():
    run = SequenceTraining(made(), TEXT, SMALL)
    moved = []
    for rate in (1e-9, 1e-3):
        before = run.net.layers[0].weight.detach().clone()
        run.learning_rate = rate
        next(run)
        moved.append((run.net.layers[0].weight - before).abs().max().item())
    assert moved[0] < 1e-7 and moved[1] > 1e-4
    for name, value in (("temperature", 0), ("negatives", "hard"), ("phase", 0), ("length", 0)):
        former = getattr(run, name)
        setattr(run, name, value)
        with pytest.raises(ValueError, match=f"{name}="):
            next(run)
        setattr(run, name, former)
    assert run.step == 2


def test_it_says_when_it_diverged():
    run = SequenceTraining(made(), TEXT, SMALL)
    with torch.no_grad():
        run.net.layers[1].bias.fill_(torch.nan)
    with pytest.warns(RuntimeWarning, match="diverged: layer 2's goodness is not finite"):
        run.finish()


def test_ctrl_c_leaves_a_step_taken_whole_or_not_at_all(monkeypatch):
    whole, run = (SequenceTraining(made(), TEXT, SMALL, negatives="dream") for _ in range(2))
    own = run._optimisers[1].step
    run._optimisers[1].step = lambda rate: (signal.raise_signal(signal.SIGINT), own(rate))
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.step == 1
    del run._optimisers[1].step
    made_up = run._made_up
    run._made_up = lambda *given: (made_up(*given), signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.step == 1
    del run._made_up
    for left in (run, whole):
        left.finish()
    for mine, theirs in zip(run.net.parameters(), whole.net.parameters()):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("negatives", [None, "teacher", "dream"])
def test_no_step_waits_for_the_gpu(gpu, negatives):
    recipe = SMALL.but(batch_size=10)
    run = SequenceTraining(made().to(gpu), TEXT.to(gpu), recipe, negatives=negatives)
    next(run)
    with fakegpu.no_waiting(gpu):
        next(run)


@pytest.mark.parametrize("negatives", [None, "teacher", "dream"])
def test_the_same_on_a_gpu(gpu, negatives):
    numbers = []
    for device in ("cpu", gpu):
        run = SequenceTraining(made().to(device), TEXT.to(device), SMALL, negatives=negatives)
        next(run)
        start = TEXT[None, :12].to(device)
        text = dream(run.net, start, 9, generator=torch.Generator().manual_seed(0)).cpu()
        numbers.append((next(run).stats.cpu(), text, share_right(run.net, TEXT.to(device))))
    assert numbers[0][2] == pytest.approx(numbers[1][2])
    for mine, theirs in zip(numbers[0][:2], numbers[1][:2]):
        torch.testing.assert_close(mine, theirs)


REFUSED = {
    "a capital": (lambda: encode("A fox"), r"the text has \['A'\]"),
    "no layer": (lambda: SequenceNet([300]), "give 300, then those of the layers"),
    "another input": (lambda: SequenceNet([784, 20]), "give 300, then those of the layers"),
    "no units": (lambda: SequenceNet([300, 0]), r"widths\[1\]=0"),
    "a generator": (lambda: SequenceNet([300, 20], generator=0), "generator is 0"),
    "a string": (lambda: windows("the lion slept."), "the text is str, expected int64"),
    "short": (lambda: windows(TEXT[:10]), "shape .10,., expected .n. with n at least 11"),
    "strange places": (lambda: windows(TEXT + 20), "places outside 0..29"),
    "one start": (lambda: dream(made(), TEXT[:10], 5), "expected .N, n. with n at least 10"),
    "no length": (lambda: dream(made(), TEXT[None], 0), "length=0"),
    "a string to read": (lambda: share_right(made(), "the lion slept."), "the text is str"),
    "another net": (
        lambda: SequenceTraining(ffteach.FFNet([300, 20]), TEXT, SMALL),
        "net is FFNet, expected a SequenceNet",
    ),
    "no recipe": (lambda: SequenceTraining(made(), TEXT, {}), "recipe is dict"),
    "other widths": (lambda: SequenceTraining(made(), TEXT), "widths .300, 22, 21., the"),
    "pairs": (
        lambda: SequenceTraining(made(), TEXT, SMALL.but(loss="pairwise")),
        "does not know loss: it takes batch_size",
    ),
    "negatives": (lambda: SequenceTraining(made(), TEXT, SMALL, negatives="real"), "choose one of"),
    "a phase": (lambda: SequenceTraining(made(), TEXT, SMALL, phase=0), "phase=0"),
    "a seed": (lambda: SequenceTraining(made(), TEXT, SMALL, seed=-1), "seed=-1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(name):
    call, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_the_text_is_shipped_with_the_package():
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    shipped = settings["tool"]["setuptools"]["package-data"]["ffteach"]
    folder = Path(ffteach.__file__).parent
    assert folder / "beyond" / "fables.txt" in {p for name in shipped for p in folder.glob(name)}
