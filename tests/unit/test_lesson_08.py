"""The functions written out in lesson 08 give the same numbers as the package's."""

import lesson_functions
import pytest
import torch

from ffteach.beyond.sequences import RECIPE, SequenceNet, SequenceTraining, encode, windows

TEXT = encode("the wind and the sun had a quarrel. who of us is the stronger, they asked. " * 3)


@pytest.fixture(scope="module")
def lesson():
    return lesson_functions.load(
        "08_sequences_and_sleep", ["unit", "hidden", "predict", "train_step"]
    )


def parts(net):
    layers = [[layer.weight, layer.bias] for layer in net.layers]
    copies = [[w.detach().clone().requires_grad_() for w in layer] for layer in layers]
    return copies, [w.detach().clone().requires_grad_() for w in (net.weight, net.bias)]


def test_the_plain_step_is_the_packages(lesson):
    """One step on the same windows and draws: the same weights."""
    net = SequenceNet([300, 20, 15], generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        net.weight.normal_(generator=torch.Generator().manual_seed(3))
    layers, read = parts(net)
    codes = windows(TEXT)
    own = (codes[:, 10] + 3) % 30
    flat = [w for layer in layers for w in layer]
    optimisers = torch.optim.Adam(flat, lr=RECIPE.learning_rate), torch.optim.Adam(read, lr=0.1)
    torch.testing.assert_close(
        lesson.predict(lesson.hidden(layers, codes[:, :10]), read), net(codes[:, :10])
    )
    lesson.train_step(layers, read, optimisers, codes, lambda logits: own)
    run = SequenceTraining(
        net, TEXT, RECIPE.but(widths=(300, 20, 15), batch_size=None, rate_decay="none")
    )
    run._made_up = lambda *given: torch.cat([codes[:, 1:10], own[:, None]], dim=1)
    next(run)
    theirs = [w for layer in net.layers for w in (layer.weight, layer.bias)]
    for mine, other in zip([*flat, *read], [*theirs, net.weight, net.bias]):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-6, rtol=1e-3)
        assert (mine - other).abs().quantile(0.99) < 3e-4  # of steps of 3e-3 and 0.1
