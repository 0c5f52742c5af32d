"""Local receptive fields: the package's layer against loops and autograd, and its refusals."""

import pytest
import torch

import ffteach
from ffteach import Recipe
from ffteach.beyond.local import LocalLayer, local_network
from ffteach.layers import Rows, ff_loss

SMALL = Recipe(widths=(784, 1), negatives="hybrids", threshold=0.5, batch_size=50, epochs=1)


def by_loops(layer, x):
    """Every unit by itself: its patch, its weights, its bias."""
    x = layer.rescale(x).reshape(len(x), layer.side, layer.side, layer.channels).movedim(3, 1)
    h = torch.empty(len(x), layer.grid, layer.grid, layer.units, dtype=x.dtype)
    for row in range(layer.grid):
        for column in range(layer.grid):
            top, left = layer.stride * row, layer.stride * column
            patch = x[:, :, top : top + layer.field, left : left + layer.field].flatten(1)
            for unit in range(layer.units):
                place = row * layer.grid + column
                z = patch @ layer.weight[place, unit] + layer.bias[place, unit]
                h[:, row, column, unit] = z.relu()
    return h.flatten(1)


@pytest.fixture
def layer():
    made = LocalLayer(9, 4, 2, 3, channels=2, generator=torch.Generator().manual_seed(0)).double()
    torch.nn.init.normal_(made.bias)
    return made


def test_each_unit_sees_its_patch_and_nothing_else(layer):
    x = torch.rand(5, 162, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_loops(layer, x))


@pytest.mark.parametrize("strength", [0, 0.03])
def test_the_gradient_is_that_of_autograd(layer, strength):
    x = torch.rand(12, 162, dtype=torch.float64)
    rows = Rows(layer.rescale(x))
    g = by_loops(layer, x).square().mean(dim=1)
    loss = ff_loss(*g.chunk(2), threshold=0.7, temperature=0.1)
    push = None
    if strength:  # it acts on z itself, of the positives: as a term push * z of the loss
        push = torch.randn(layer.out_features, dtype=torch.float64) * strength
        z = torch.bmm(layer.patches(rows.x), layer.weight.mT) + layer.bias[:, None]
        loss = loss + (z.transpose(0, 1).reshape(12, -1)[:6] * push).sum()
    wanted = torch.autograd.grad(loss, [layer.weight, layer.bias])
    wrong = (g.detach() - 0.7) / 0.1
    wrong[:6] *= -1
    slope = torch.sigmoid(wrong) / (0.1 * 12)
    slope[:6] *= -1
    with torch.no_grad():
        for half, beta in ((slice(None), 0), (slice(None), 1)):  # once written, once on top
            part = Rows(rows.x[half])
            layer.local_gradient(
                part, layer.activities(part), slope[half], peer_push=push, beta=beta
            )
            for parameter, gradient in zip(layer.parameters(), wanted):
                torch.testing.assert_close(parameter.grad, gradient * (1 + beta))


def test_one_field_over_everything_is_a_fully_connected_layer():
    local, dense = LocalLayer(28, 28, 1, 20), ffteach.FFLayer(784, 20)
    with torch.no_grad():
        dense.weight.copy_(local.weight[0])
        dense.bias.copy_(local.bias[0])
    x = torch.rand(7, 784)
    torch.testing.assert_close(local(x), dense(x))


def test_the_start_is_of_the_size_that_a_patch_asks_for():
    layer = LocalLayer(28, 7, 3, 16, generator=torch.Generator().manual_seed(1))
    assert layer.weight.shape == (64, 16, 49) and not layer.bias.any()
    assert layer.weight.std().item() == pytest.approx(1 / 7, rel=0.02)
    assert layer.in_features == 784


def test_training_moves_it_and_the_loss_falls(few):
    net = local_network([(7, 3, 4), (3, 2, 4)], generator=torch.Generator().manual_seed(0))
    before = [layer.weight.detach().clone() for layer in net.layers]
    first, *_, last = ffteach.train(net, few, SMALL.but(epochs=30), seed=0)
    for layer, start in zip(net.layers, before):
        assert (layer.weight != start).any(dim=2).float().mean() > 0.9
    assert all(end < start for start, end in zip(first.loss, last.loss))
    assert ffteach.features(net, few.images).shape == (200, 4 * 3 * 3)


def test_chunks_of_a_batch_add_up(few, monkeypatch):
    nets = []
    for rows in (1000, 7):
        monkeypatch.setattr("ffteach.training.IMAGES_A_CHUNK", rows)
        net = local_network([(7, 3, 4)], generator=torch.Generator().manual_seed(0))
        next(ffteach.train(net, few, SMALL, seed=0, draw=lambda x, generator: x.flip(1)))
        nets.append(net.layers[0].weight.grad.clone())
    torch.testing.assert_close(*nets, atol=1e-6, rtol=1e-4)


def test_it_resumes_to_the_bit(few):
    def run():
        net = local_network([(7, 7, 3)], generator=torch.Generator().manual_seed(0))
        return ffteach.train(net, few, SMALL.but(peer_normalisation=0.03), seed=0)

    whole, half = run(), run()
    whole.finish()
    for _ in range(2):
        next(half)
    resumed = run()
    resumed.load_state_dict(half.state_dict())
    assert torch.equal(resumed.finish().layers[0].weight, whole.net.layers[0].weight)


def test_the_same_on_a_gpu(few, gpu):
    numbers = []
    for device in ("cpu", gpu):
        net = local_network([(7, 3, 4), (3, 1, 4)], generator=torch.Generator().manual_seed(0))
        run = ffteach.train(net.to(device), few.to(device), SMALL, seed=0)
        next(run)
        numbers.append(next(run).stats.cpu())
    torch.testing.assert_close(*numbers)


def test_values_find_their_places():
    layer = LocalLayer(6, 2, 2, 2)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    h = layer(torch.nn.functional.one_hot(torch.tensor([5 + 6 * 2]), 36).float())
    assert layer.at(h[0])[:, :, 1].nonzero().tolist() == [[1, 2]]  # row 2, column 5 of the image


REFUSED = {
    "a field too large": (lambda: LocalLayer(28, 29, 1, 4), "field=29: .* at most 28"),
    "no stride": (lambda: LocalLayer(28, 7, 0, 4), "stride=0: expected a whole number"),
    "no units": (lambda: LocalLayer(28, 7, 3, 0), "units=0"),
    "a generator": (lambda: LocalLayer(28, 7, 3, 4, generator=0), "generator is 0"),
    "no layers": (lambda: local_network([]), "give .field, stride, units. for at least one"),
    "one number": (lambda: local_network([7]), "7 is no layer"),
    "it does not fit": (lambda: local_network([(14, 7, 4), (7, 1, 4)]), "field=7: .* at most 3"),
    "other values": (
        lambda: LocalLayer(28, 7, 3, 4).at(torch.zeros(3)),
        "expected .256,.: one for each",
    ),
    "other images": (
        lambda: ffteach.features(local_network([(7, 3, 4)]), torch.rand(3, 100)),
        "first layer takes 784",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(name):
    call, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()
