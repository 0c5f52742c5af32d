"""Each layer's own optimiser: torch's, ready before its first step, and with steps that are
whole."""

import torch

OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def new_optimiser(kind, parameters, *, momentum=0.9, **options):
    """Return the optimiser called `kind` of these parameters; options: `lr`, `weight_decay`.

    momentum: of "sgd" only. All that torch would set up in the first step is set up now.
    """
    parameters = list(parameters)
    if parameters[0].device.type in ("cpu", "cuda"):
        options["fused"] = True  # one kernel for the whole update
    if kind == "sgd":
        options["momentum"] = momentum
    optimiser = OPTIMISERS[kind](parameters, **options)
    for parameter in parameters:
        if kind == "sgd":
            optimiser.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        else:
            fused = options.get("fused", False)
            device = parameter.device if fused else "cpu"
            optimiser.state[parameter].update(
                step=torch.zeros((), dtype=torch.float32, device=device),
                exp_avg=torch.zeros_like(parameter),
                exp_avg_sq=torch.zeros_like(parameter),
            )
    return optimiser


def step_whole(optimiser):
    """Take one step of a fused optimiser; if an exception comes in between, finish it first.

    The update itself is one kernel, before which Adam only counts: torch's version counters tell
    how far it came.
    """
    parameters = optimiser.param_groups[0]["params"]
    counters = [optimiser.state[parameter].get("step") for parameter in parameters]
    moved = parameters[0]._version
    counted = [None if counter is None else counter._version for counter in counters]
    try:
        optimiser.step()
    except BaseException:
        if parameters[0]._version == moved:
            for counter, version in zip(counters, counted):
                if counter is not None and counter._version != version:
                    counter.sub_(1)
            optimiser.step()
        raise
