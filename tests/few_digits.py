"""Fixtures for the tests of package and panels: a few hundred digits of the bundled sample, equally
many of each class."""

import fakegpu
import pytest
import torch

from ffteach import Digits, FFNet, Split, load_mnist


def balanced(split, each, skip=0):
    """`each` images of every digit, in the order of the split, after the first `skip`."""
    columns = [
        (split.labels == digit).nonzero().flatten()[skip : skip + each] for digit in range(10)
    ]
    return split.take(torch.cat(columns).sort().values)


@pytest.fixture(scope="session")
def sample():
    """The whole bundled sample; read only."""
    return load_mnist()


@pytest.fixture(scope="session")
def _few(sample):
    return Digits(
        balanced(sample.train, 20), balanced(sample.train, 10, skip=20), balanced(sample.test, 10)
    )


@pytest.fixture
def digits(_few):
    """200 training, 100 validation and 100 test digits."""
    return Digits(*(Split(split.images.clone(), split.labels.clone()) for split in _few))


@pytest.fixture
def few(digits):
    """200 training digits, as a `Split`."""
    return digits.train


@pytest.fixture
def make_net():
    """Make a small network, the same every time."""
    return lambda *widths, seed=0, **options: FFNet(
        [784, *widths], generator=torch.Generator().manual_seed(seed), **options
    )


def rounding(device):
    """What `assert_close` has to forgive a device: CUDA sums in another order than the CPU."""
    return {"rtol": 1e-4, "atol": 1e-4} if device.type == "cuda" else {}


@pytest.fixture(autouse=True)
def no_gpu_unasked(request, monkeypatch):
    """A test that asks for no GPU sees none, also on a machine that has one."""
    if torch.cuda.is_available() and "gpu" not in request.fixturenames:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def gpu():
    """The GPU of this machine, or a stand-in: it computes on the CPU and refuses to mix devices."""
    if torch.cuda.is_available():
        yield torch.device("cuda", 0)
        return
    if not fakegpu.AVAILABLE:
        pytest.skip(
            f"torch {torch.__version__} lacks the private interface "
            "that the fake GPU is built on (2.14 has it)"
        )
    with fakegpu.active() as device:
        yield device
