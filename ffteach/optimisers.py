"""Each layer's own optimiser, with steps that Ctrl-C cannot tear apart."""

import contextlib
import signal
import threading

import torch

OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


class LayerOptimiser:
    """One of torch's optimisers whose steps are taken whole or not at all.

    kind: a name in `OPTIMISERS`. parameters: of one layer. options: `lr`, `weight_decay`, and for
    "sgd" `momentum`. All that torch would set up in the first step is set up now. `torch` is the
    optimiser itself.
    """

    def __init__(self, kind, parameters, *, momentum=0.9, **options):
        parameters = list(parameters)
        fused = parameters[0].device.type in ("cpu", "cuda")  # one kernel for the whole update
        if kind == "sgd":
            options["momentum"] = momentum
        self.torch = OPTIMISERS[kind](parameters, fused=fused or None, **options)
        for parameter in parameters:
            state = self.torch.state[parameter]
            if kind == "sgd":
                state["momentum_buffer"] = torch.zeros_like(parameter)
                continue
            device = parameter.device if fused else "cpu"
            state["step"] = torch.zeros((), dtype=torch.float32, device=device)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        self.steps = 0  # taken so far, as Adam counts them in its state
        self.torch.register_step_post_hook(self._count)

    def _count(self, *details):
        self.steps += 1

    def step(self, rate):
        """Take one step at the learning rate `rate`; if an exception interrupts it, finish first.

        The update is one kernel, before which Adam counts the step: if the kernel did not run, that
        is undone and the step taken again.
        """
        self.torch.param_groups[0]["lr"] = rate
        taken = self.steps
        try:
            self.torch.step()
        except BaseException:
            if self.steps == taken:
                self._uncount()
                self.torch.step()
            raise

    def _uncount(self):
        for state in self.torch.state.values():
            if "step" in state:
                state["step"].fill_(self.steps)

    def state_dict(self):
        """Return torch's state, and how many steps were taken."""
        return {"steps": self.steps, "torch": self.torch.state_dict()}

    def load_state_dict(self, state):
        """Take over a state of `state_dict()`."""
        self.torch.load_state_dict(state["torch"])
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
