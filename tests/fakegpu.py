"""An accelerator that really computes (on the CPU) but keeps the rules of devices, for machines
without a GPU.

    with fakegpu.active() as device:
        net.to(device)(cpu_tensor)  # -> DeviceMismatch, as on CUDA

    with fakegpu.default():
        torch.ones(3)  # -> on the device, as after torch.set_default_device("cuda")

Rules of eager CUDA: tensors of two devices never meet, except that a 0-dimensional CPU tensor may
join a pointwise operation, CPU indices may index a device's tensor, and `copy_` and `to` cross
over; a generator draws on its own device only. Rests on a private, experimental interface that
torch 2.14 has: see `AVAILABLE`. Not covered: sparse tensors, AMP.
"""

import contextlib
import functools
import warnings
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration
from torch.utils._device import _device_constructors
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

NAME = "fakegpu"
AVAILABLE = hasattr(backend_registration, "_setup_privateuseone_for_python_backend")

aten = torch.ops.aten
CROSSING = {
    aten.copy_.default,
    aten._to_copy.default,
    aten._copy_from.default,
    aten.set_.source_Tensor,
}
INDEXING = {
    aten.index.Tensor,
    aten._unsafe_index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}


READING = {  # what has to wait for a GPU
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten.equal.default,
    aten._unique2.default,
    aten.repeat_interleave.Tensor,
}


class DeviceMismatch(RuntimeError):
    """Two devices met in one operation."""


class Waited(RuntimeError):
    """The CPU waited for the device inside `no_waiting`."""


@contextlib.contextmanager
def no_waiting(device):
    """Raise where the CPU would wait for `device`, a real one or the stand-in, inside the block."""
    if torch.device(device).type == NAME:
        with mock.patch.object(_Everywhere, "waiting", False):
            yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@contextlib.contextmanager
def active():
    """Make the device usable inside the block; yields it."""
    _install()
    swap = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(
        True
    )  # .to() keeps a Parameter's identity, as on CUDA
    try:
        with _Everywhere(), _Constructors(default=False):
            yield torch.device(NAME)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swap)


@contextlib.contextmanager
def default(device=NAME):
    """Make the device torch's default one inside the block; yields it. device: a real one, too."""
    if torch.device(device).type != NAME:
        torch.set_default_device(device)
        try:
            yield torch.device(device)
        finally:
            torch.set_default_device(None)
        return
    _install()
    here = torch.device(NAME, 0)
    patches = (
        mock.patch.object(torch, "get_default_device", lambda: here),
        mock.patch.object(torch, "Generator", Generator),
    )
    with active(), patches[0], patches[1], _Constructors(default=True):
        yield here


class Generator(torch.Generator):
    """A `torch.Generator` that says it lives on the device if it was made for it; its numbers are
    the CPU's."""

    def __new__(cls, device="cpu"):
        generator = super().__new__(cls, "cpu")
        generator._device = torch.device(device)
        return generator

    @property
    def device(self):
        return self._device


class _Constructors(TorchFunctionMode):
    """What makes a new tensor for the device makes it on the CPU and moves it. default: is that
    torch's default device?"""

    def __init__(self, default):
        super().__init__()
        self.default = default

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        wanted, generator = kwargs.get("device"), kwargs.get("generator")
        makes = func in _device_constructors()
        here = self.default if wanted is None else torch.device(wanted).type == NAME
        if generator is not None:
            ours = any(isinstance(arg, GPUTensor) for arg in args)
            _check_generator(generator, on_device=here if makes else ours)
        if not (makes and here):
            return func(*args, **kwargs)
        with torch._C.DisableTorchFunction():  # a mode around this one would judge it again
            made = func(*args, **{**kwargs, "device": "cpu"})
        return made.to(torch.device(NAME, 0), non_blocking=True)


def _check_generator(generator, on_device):
    if (generator.device.type == NAME) != on_device:
        raise DeviceMismatch(
            f"expected a generator on {NAME if on_device else 'cpu'}, found {generator.device}"
        )


@functools.cache  # once a process: torch refuses to rename the backend again
def _install():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend_registration._setup_privateuseone_for_python_backend(NAME)


class GPUTensor(torch.Tensor):
    """A tensor that says it lives on the device; its numbers are in `_cpu`."""

    @staticmethod
    def __new__(cls, data, requires_grad=False):
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            data.shape,
            strides=data.stride(),
            storage_offset=data.storage_offset(),
            dtype=data.dtype,
            device=torch.device(NAME, 0),
            requires_grad=requires_grad,
        )
        tensor._cpu = data
        return tensor

    def __repr__(self, **options):
        return f"GPUTensor({self._cpu!r}, device='{NAME}:0')"

    def tolist(self):
        return self.cpu().tolist()  # the C++ one refuses subclasses

    def __getitem__(self, index):  # the C++ one would make a list a tensor on the device by itself
        parts = [
            torch.tensor(part, device="cpu") if isinstance(part, list) else part
            for part in (index if isinstance(index, tuple) else (index,))
        ]
        return super().__getitem__(tuple(parts) if isinstance(index, tuple) else parts[0])

    def __format__(self, spec):
        return format(self.item() if self.dim() == 0 else repr(self), spec)

    def numpy(self, *args, **options):
        raise TypeError(
            f"can't convert {NAME}:0 device type tensor to numpy. Use Tensor.cpu() first."
        )

    __array__ = numpy

    def __tensor_flatten__(self):
        return ["_cpu"], None

    @staticmethod
    def __tensor_unflatten__(inner, context, size, stride):
        return GPUTensor(inner["_cpu"])

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})


class _Everywhere(TorchDispatchMode):
    """Catches what makes a new tensor on the device, where no argument is one yet."""

    waiting = True  # may the CPU wait for the device?

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})


def _run(func, args, kwargs):
    """Check the devices, compute on the CPU, and wrap what belongs on the device."""
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    ours = [tensor for tensor in tensors if isinstance(tensor, GPUTensor)]
    others = [tensor for tensor in tensors if not isinstance(tensor, GPUTensor)]
    if ours and others and func not in CROSSING:
        _check(func, args, others)
    device = kwargs.get("device")
    to_ours = device is not None and torch.device(device).type == NAME
    plain_args, plain_kwargs = tree_map_only(GPUTensor, lambda tensor: tensor._cpu, (args, kwargs))
    if device is not None:
        plain_kwargs["device"] = torch.device("cpu")
    if plain_kwargs.get("pin_memory"):
        plain_kwargs["pin_memory"] = False
    if not _Everywhere.waiting and _waits(func, args, kwargs, to_ours, ours):
        raise Waited(f"{func} waits for {NAME}:0")
    result = func(*plain_args, **plain_kwargs)
    if func is aten._to_copy.default:
        return GPUTensor(result) if to_ours or (device is None and ours) else result
    if func is aten.copy_.default and ours and not isinstance(args[0], GPUTensor):
        return args[0]
    if not (ours or to_ours) or (device is not None and not to_ours):
        return result
    wrappers = {
        id(tensor._cpu): tensor for tensor in ours
    }  # in-place and out= give the same wrapper back
    return tree_map_only(
        torch.Tensor,
        lambda tensor: wrappers[id(tensor)] if id(tensor) in wrappers else GPUTensor(tensor),
        result,
    )


def _waits(func, args, kwargs, to_ours, ours):
    """Would the CPU wait for a GPU in this operation?"""
    if func is aten._to_copy.default:
        crosses = "device" in kwargs and to_ours != bool(ours)
        return crosses and not kwargs.get("non_blocking")
    if func is aten.copy_.default:
        crosses = len({isinstance(tensor, GPUTensor) for tensor in args[:2]}) == 2
        return crosses and not (args[2:] or kwargs.get("non_blocking"))
    if func in INDEXING:
        bits = [part for part in args[1] if part is not None and part.dtype == torch.bool]
        return bool(ours and bits)
    return bool(ours) and func in READING


def _check(func, args, others):
    """Raise DeviceMismatch unless CUDA would let CPU tensors join this operation."""
    if func in INDEXING:
        values = [
            arg
            for arg in args[2:3]
            if isinstance(arg, torch.Tensor) and not isinstance(arg, GPUTensor) and arg.dim()
        ]
        allowed = isinstance(args[0], GPUTensor) and not values
    else:
        pointwise = torch.Tag.pointwise in func.tags or "_foreach_" in func.__name__
        into_cpu = (
            func.__name__.split(".")[0].endswith("_")
            and isinstance(args[0], torch.Tensor)
            and not isinstance(args[0], GPUTensor)
        )
        allowed = pointwise and all(tensor.dim() == 0 for tensor in others) and not into_cpu
    if not allowed:
        raise DeviceMismatch(f"{func}: expected all tensors on one device, found {NAME}:0 and cpu")
