"""Two networks of the same widths on the same batches, in turns: the fair settings are these.

Both have the same hidden layers, batches of 100 in the same order, Adam with a constant learning
rate, no dropout and no weight decay. Forward-Forward has the pairwise loss and hard negatives, the
best of lesson 05, and reads by trying ten labels; backpropagation has PyTorch's usual start and a
softmax output of ten units on top, which makes it 1 % larger.
"""

import time

import torch
import torch.nn.functional as F

from ...data import Digits
from ...inference import predict
from ...recipe import Recipe
from ...training import train

LOOK = 20  # steps between two looks at the validation images
NAMES = "Forward-Forward", "backpropagation"


def fair(widths, epochs, rate):
    """Return Forward-Forward's settings.

    >>> fair((784, 300), 4, 1e-3).negatives
    'hard'
    """
    return Recipe(
        widths=widths,
        loss="pairwise",
        negatives="hard",
        learning_rate=rate,
        epochs=epochs,
        rate_decay="none",
    )


class Backprop:
    """A network with ReLU layers and ten outputs that learns by backpropagation.

    widths: the input's, then each hidden layer's. `net` and `optimiser` are PyTorch's own.
    """

    def __init__(self, widths, rate, *, seed, device):
        draws = torch.Generator().manual_seed(seed)
        parts = []
        for size in zip(widths, (*widths[1:], 10)):
            linear = torch.nn.utils.skip_init(torch.nn.Linear, *size, device="cpu")
            reach = size[0] ** -0.5  # PyTorch's own start, from a generator of our own
            for parameter in linear.parameters():
                torch.nn.init.uniform_(parameter, -reach, reach, generator=draws)
            parts += [linear, torch.nn.ReLU()]
        self.net = torch.nn.Sequential(*parts[:-1]).to(device)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=rate, fused=True)

    def learn(self, images, labels):
        """Take one step on a batch."""
        self.optimiser.zero_grad()
        F.cross_entropy(self.net(images), labels).backward()  # through all layers
        self.optimiser.step()

    @torch.no_grad()
    def predict(self, images):
        """Return the digits `(N,)` that it reads in images `(N, pixels)`."""
        return self.net(images).argmax(dim=1)


class Race:
    """Both networks, their steps, and what they misread of the validation images.

    `looks` holds at each look: the step, the errors (0..1) and the seconds of training of both;
    `lead` by how much Forward-Forward is better, and the standard error of that.
    """

    def __init__(self, widths, data: Digits, *, rates, epochs, seed):
        self.data = data
        device = data.train.images.device
        recipe = fair(widths, epochs, rates[0])
        net = recipe.network(seed=seed, device=device)
        self.forward = train(net, data, recipe, seed=seed)
        self.backward = Backprop(widths, rates[1], seed=seed, device=device)
        self.backward_seconds = 0.0
        self.looks = []
        self.look()

    @property
    def step(self):
        return self.forward.step

    @property
    def seconds(self):
        """Of training, of both."""
        return self.forward.seconds + self.backward_seconds

    def set_rates(self, forward, backward):
        """From the next step on."""
        self.forward.learning_rate = forward
        self.backward.optimiser.param_groups[0]["lr"] = backward

    def take_step(self):
        """Let both learn from the next batch; return whether there was one."""
        schedule = self.forward.schedule
        start = schedule.position
        if next(self.forward, None) is None:
            return False
        batch = schedule.order[start : start + schedule.batch_size]
        batch = batch.to(self.data.train.images.device)
        started = time.perf_counter()
        self.backward.learn(self.data.train.images[batch], self.data.train.labels[batch])
        self.backward_seconds += time.perf_counter() - started
        return True

    def look(self):
        """Have both read the validation images, unless they did so after this step."""
        if self.looks and self.looks[-1][0] == self.step:
            return
        images, labels = self.data.validation
        first, second = (
            read(images) != labels
            for read in (lambda images: predict(self.forward.net, images), self.backward.predict)
        )
        errors = tuple(miss.double().mean().item() for miss in (first, second))
        seconds = self.forward.seconds, self.backward_seconds
        self.looks.append((self.step, errors, seconds))
        only_one = (first != second).sum().item()  # digits that exactly one of them misreads
        self.lead = errors[1] - errors[0], only_one**0.5 / len(labels)

    @property
    def diverged(self):
        """The names of those whose numbers are no longer finite."""
        nets = self.forward.net, self.backward.net
        finite = [all(p.isfinite().all() for p in net.parameters()) for net in nets]
        return [name for name, fine in zip(NAMES, finite) if not fine]
