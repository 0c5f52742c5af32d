"""The one rule for devices, and how many threads a process may use.

The rule: everything that ffteach makes is on torch's default device, which is the CPU unless
`torch.set_default_device` says otherwise. Every function that makes something takes `device=` to
override it, and what is made from tensors stays with them. Random numbers are drawn where their
generator is (the CPU by default) and then moved: the same on every device.
"""

import math
import os
import warnings
from pathlib import Path

import torch

from .checks import check_generator, check_seed


def choose_device(device=None):
    """Return the `torch.device` to compute on, after trying whether it can.

    device: None = torch's default device; "auto" = CUDA where it can compute, else the CPU, with a
    warning if there is a GPU that cannot; or a name such as "cpu", "cuda", "cuda:1", or a
    `torch.device`. Raises ValueError for a name torch does not know, RuntimeError for a device that
    cannot compute here.

    >>> choose_device()
    device(type='cpu')
    """
    respect_usable_cores()
    if isinstance(device, str) and device == "auto":
        return _cuda_or_cpu()
    try:
        chosen = torch.get_default_device() if device is None else torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is not a device torch knows; "
            "use 'cpu', 'cuda', 'auto' or None (torch's default device)"
        ) from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            f"device={str(chosen)!r} was asked for, but torch sees no CUDA GPU here. "
            "Use device='cpu', or install a CUDA build of PyTorch and its driver."
        )
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise RuntimeError(
            f"device={str(chosen)!r} was asked for, "
            f"but torch sees only {torch.cuda.device_count()} CUDA device(s)."
        )
    trouble = trouble_with(chosen)
    if trouble:
        raise RuntimeError(
            f"device={str(chosen)!r} cannot be used here: {trouble}. "
            "Use device='cpu'; besides the CPU, ffteach runs on CUDA."
        )
    return chosen


def trouble_with(device):
    """Return why `device` cannot do what ffteach asks of it, in words, or None.

    One small product in float64, read back, is tried.
    """
    if torch.device(device).type == "cpu":
        return None
    try:
        ones = torch.ones(2, 2, dtype=torch.float64, device=device)
        right = (ones @ ones).sum().item() == 8
    except Exception as error:  # torch raises half a dozen kinds here
        reason = f"{type(error).__name__} ({str(error).splitlines()[0]:.120})"
        return f"a product of two small float64 matrices failed with {reason}"
    return None if right else "a product of two small float64 matrices came out wrong"


def _cuda_or_cpu():
    if not torch.cuda.is_available():
        return torch.device("cpu")
    trouble = trouble_with("cuda")
    if trouble:
        warnings.warn(
            f"there is a CUDA GPU, but it cannot be used: {trouble}. Computing on the CPU instead.",
            stacklevel=3,
        )
    return torch.device("cpu" if trouble else "cuda")


def generator_device(generator, default="cpu"):
    """Return where this `torch.Generator` draws its numbers; None is torch's own on `default`.

    Raises TypeError for anything else.
    """
    check_generator(generator)
    return torch.device(default) if generator is None else generator.device


def sent(numbers, device):
    """Return `numbers` on `device`; from the CPU to CUDA without waiting for work under way there.

    >>> sent(torch.ones(2), "cpu").tolist()
    [1.0, 1.0]
    """
    device = torch.device(device)
    if numbers.device.type != "cpu" or device.type == "cpu":
        return numbers.to(device)
    if device.type == "cuda":
        numbers = numbers.pin_memory()  # only from there a copy goes beside other work
    return numbers.to(device, non_blocking=True)


def seeded(seed):
    """Return a new `torch.Generator` on torch's default device with this seed, a whole number.

    >>> torch.randint(1, 10, (3,), generator=seeded(0)).tolist()
    [9, 1, 3]
    """
    return torch.Generator(torch.get_default_device()).manual_seed(check_seed(seed))


def usable_cores():
    """Return how many CPU cores this process may really use: affinity mask and container quota
    counted, at least 1."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    quota = _container_quota()
    return max(1, min(cores, math.ceil(quota)) if quota else cores)


def respect_usable_cores():
    """Lower torch's thread count to the usable cores; more threads than cores can be ten times
    slower."""
    if torch.get_num_threads() > usable_cores():
        torch.set_num_threads(usable_cores())


def matrix_dtype(precision, device):
    """Return the dtype of a training's large matrix products: bfloat16 if `precision` says so and
    `device` has instructions for it.

    Elsewhere bfloat16 is emulated and slower, so the answer is float32. On a CPU with AVX-512 BF16
    the products run twice as fast.
    """
    if precision != "bfloat16":
        return torch.float32
    if torch.device(device).type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = (
            torch.device(device).type == "cpu"
            and getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        )
    return torch.bfloat16 if able else torch.float32


def _container_quota(root=Path("/sys/fs/cgroup")):
    """CPU quota of a Linux container in cores (cgroup v2, then v1), or None where there is no
    limit."""
    try:
        quota, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota in ("max", "-1"):
        return None
    return int(quota) / int(period)
