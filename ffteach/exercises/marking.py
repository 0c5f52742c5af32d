"""Marks for teachers: the checks once more, from files that the notebook cannot have changed.

A grade cell reloads this module and calls `marked`, which loads the exercises once more: so an
overwritten check, verdict or reference in the student's kernel does not count.
"""

import builtins
import importlib.util
import math
import pathlib
import sys
import types

import torch

from .verdict import Verdict

FOLDER = pathlib.Path(__file__).parent
FRESH = "_ffteach_marking"  # the name under which the exercises are loaded again
USED = ("abs", "all", "any", "isinstance", "len", "max", "min", "round", "sorted", "sum")
CHANGED = (
    "torch or Python itself was changed in this notebook ({names}). Checks mean nothing then: take "
    "the change out and run everything again."
)


def marked(unit, key, *answers):
    """Return the lower `Verdict` of two checks with fresh inputs, by freshly loaded exercises.

    unit: such as "lesson01"; key: the exercise's name. Nothing is given where torch or the built-in
    functions were replaced. Code that shares a process can never be fenced off completely: read the
    notebooks of those who are suspiciously right.
    """
    if names := changed():
        sentence = CHANGED.format(names=", ".join(names[:3]))
        return Verdict("not yet", "changed torch", sentence, 0.0, (), f"{unit}.{key}")
    exercise = getattr(_fresh(unit), key)
    verdicts = [exercise.check(*answers) for _ in range(2)]
    worst = min(verdicts, key=lambda verdict: verdict.points)
    if names := changed():  # the answer may do it when it is called
        sentence = CHANGED.format(names=", ".join(names[:3]))
        return Verdict("not yet", "changed torch", sentence, 0.0, (), exercise.title)
    return worst


def _fresh(unit):
    """Load the package of exercises from its files once more, and return one unit."""
    for name in [name for name in sys.modules if name.split(".")[0] == FRESH]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        FRESH, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules[FRESH] = package
    spec.loader.exec_module(package)
    return importlib.import_module(f"{FRESH}.{unit}")


def changed():
    """Return the names of functions of torch, math and Python that somebody has replaced."""
    places = {
        "torch": torch,
        "torch.Tensor": torch.Tensor,
        "torch.nn.functional": torch.nn.functional,
        "torch.nn.Module": torch.nn.Module,
        "torch.autograd": torch.autograd,
        "torch.linalg": torch.linalg,
        "math": math,
    }
    homes = tuple(str(pathlib.Path(module.__file__).parent) for module in (torch, types))
    names = []
    for place, owner in places.items():
        for name, value in list(vars(owner).items()):
            value = getattr(value, "__func__", value)
            if name.startswith("_") and not name.endswith("__"):
                continue  # private: some are made by other packages
            if isinstance(value, types.FunctionType):
                file = value.__code__.co_filename
                if not file.startswith((*homes, "<string>", "<frozen")):
                    names.append(f"{place}.{name}")
    kind = types.BuiltinFunctionType
    names += [f"builtins.{name}" for name in USED if type(getattr(builtins, name)) is not kind]
    return names
