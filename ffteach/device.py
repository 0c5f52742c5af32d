"""The one place that chooses a device and a number of threads."""

import math
import os
from pathlib import Path

import torch


def choose_device(device=None):
    """Return the `torch.device` to compute on: the one asked for, else CUDA where present, else the CPU.

    `device`: None, a name such as "cpu", "cuda" or "cuda:1", or a `torch.device`.
    Raises ValueError for a name torch does not know, RuntimeError if CUDA is asked for but not present.
    """
    respect_usable_cores()
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device={device!r} is not a device torch knows; use 'cpu', 'cuda' or None (choose for me)") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(
            f"device={str(device)!r} was asked for, but torch sees no CUDA GPU here. "
            "Use device=None or 'cpu', or install a CUDA build of PyTorch and its driver."
        )
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise RuntimeError(f"device={str(device)!r} was asked for, but torch sees only {torch.cuda.device_count()} CUDA device(s).")
    return chosen


def usable_cores():
    """Return how many CPU cores this process may really use: affinity mask and container quota counted, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _container_quota()
    return max(1, min(cores, math.ceil(quota)) if quota else cores)


def respect_usable_cores():
    """Lower torch's thread count to the usable cores; more threads than cores can be ten times slower."""
    if torch.get_num_threads() > usable_cores():
        torch.set_num_threads(usable_cores())


def matrix_dtype(precision, device):
    """Return the dtype of a training's large matrix products: bfloat16 if `precision` says so and `device` has instructions for it.

    Elsewhere bfloat16 is emulated and slower, so the answer is float32. On a CPU with AVX-512 BF16 the products run twice as fast.
    """
    if precision != "bfloat16":
        return torch.float32
    if torch.device(device).type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = torch.device(device).type == "cpu" and getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return torch.bfloat16 if able else torch.float32


def _container_quota(root=Path("/sys/fs/cgroup")):
    """CPU quota of a Linux container in cores (cgroup v2, then v1), or None where there is no limit."""
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
