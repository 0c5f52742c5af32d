"""Each layer's own optimiser, with steps that Ctrl-C cannot tear apart."""

import contextlib
import signal
import threading

import torch
import torch.nn.functional as F
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

# The functions behind torch's optimisers. Their classes would load torch's compiler, which takes
# seconds and 150 MB of memory in each kernel, to do the same.
OPTIMISERS = {"adam": adam, "adamw": adamw, "sgd": sgd}

# The moments of weights that get no gradient any more, of a pixel that few images light, shrink at
# every step, until a CPU computes with them many times as slowly (below 1e-38, denormal numbers).
# Long before they move no weight: from time to time those below NOTHING become 0.
NOTHING, STEPS_BETWEEN = 1e-30, 100


class LayerOptimiser:
    """One of torch's optimisers whose steps are taken whole or not at all.

    kind: a name in `OPTIMISERS`. parameters: of one layer. weight_decay; momentum: of "sgd". All
    that a step needs is set up now; `state` holds it for each parameter, by torch's names.
    """

    def __init__(self, kind, parameters, *, weight_decay=0.0, momentum=0.9):
        self.kind, self.parameters = kind, list(parameters)
        self.weight_decay, self.momentum = weight_decay, momentum
        self.fused = self.parameters[0].device.type in ("cpu", "cuda")  # one kernel for an update
        self.state = [self._start(parameter) for parameter in self.parameters]
        self.steps, self.rate = 0, None  # how many were taken, the last at which learning rate

    def _start(self, parameter):
        if self.kind == "sgd":
            return {"momentum_buffer": torch.zeros_like(parameter)}
        where = parameter.device if self.fused else "cpu"
        return {
            "step": torch.zeros((), dtype=torch.float32, device=where),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }

    def step(self, rate):
        """Take one step at the learning rate `rate`; if an exception interrupts it, finish first.

        The update is one kernel, before which Adam counts the step: if the kernel did not run, that
        is undone and the step taken again.
        """
        self.rate, taken = rate, self.steps
        try:
            self._update()
        except BaseException:
            if self.steps == taken:
                for state in self.state:
                    if "step" in state:
                        state["step"].fill_(taken)
                self._update()
            raise

    @torch.no_grad()
    def _update(self):
        if self.steps % STEPS_BETWEEN == 0:
            self._drop_what_is_nothing()
        gradients = [parameter.grad for parameter in self.parameters]
        options = {
            "fused": self.fused or None,
            "lr": self.rate,
            "weight_decay": self.weight_decay,
            "maximize": False,
        }
        if self.kind == "sgd":
            options |= {"momentum": self.momentum, "dampening": 0, "nesterov": False}
            sgd(self.parameters, gradients, self._all("momentum_buffer"), **options)
        else:
            options |= {"amsgrad": False, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
            means = self._all("exp_avg"), self._all("exp_avg_sq"), []
            update = OPTIMISERS[self.kind]
            update(self.parameters, gradients, *means, self._all("step"), **options)
        self.steps += 1

    def _drop_what_is_nothing(self):
        for state in self.state:
            for name in state.keys() - {"step"}:
                state[name].copy_(F.hardshrink(state[name], NOTHING))

    def _all(self, name):
        return [state[name] for state in self.state]

    def state_dict(self):
        """Return the state, laid out as torch's optimisers do, and how many steps were taken."""
        return {"steps": self.steps, "torch": {"state": dict(enumerate(self.state))}}

    def load_state_dict(self, state):
        """Take over a state of `state_dict()`."""
        for mine, saved in zip(self.state, state["torch"]["state"].values()):
            mine.update({name: saved[name].to(value) for name, value in mine.items()})
        self.steps = state["steps"]


@contextlib.contextmanager
def held_back():
    """Hold Ctrl-C back until the end of the block: for a few milliseconds of changes.

    Only the main thread gets Ctrl-C; in other threads nothing is to be done.
    """
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(former):
        yield
        return
    caught = []
    signal.signal(signal.SIGINT, lambda *details: caught.append(details))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if caught:
            former(*caught[0])
