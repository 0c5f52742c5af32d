"""The examples in the docstrings run and print what they say; every public name has one."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import ffteach
from ffteach import live

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(ffteach.__path__, "ffteach.")
    if not module.name.endswith("__main__")
)
PUBLIC = {name: getattr(package, name) for package in (ffteach, live) for name in package.__all__}
NAMES = {"torch": torch, **PUBLIC}


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # some of them write a file
    module = importlib.import_module(name)
    torch.manual_seed(0)
    names = NAMES | vars(module)  # beyond/ has some of the same names
    done = doctest.testmod(module, globs=names, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.failed == 0


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_has_an_example(name):
    thing = PUBLIC[name]
    if callable(thing):
        assert ">>>" in (thing.__doc__ or ""), f"{name} has no example in its docstring"
