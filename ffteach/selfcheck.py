"""Is everything in place? One table in words a student understands, with what to do where the answer is no."""

import html
import platform
import sys
from importlib import metadata
from typing import NamedTuple

import torch

from .data import load_mnist
from .device import choose_device, trouble_with, usable_cores
from .runs.report import device_name


class Finding(NamedTuple):
    """One row of the self-check: what was looked at, what was found, whether it is fine, and what to do if not."""

    what: str
    found: str
    fine: bool
    advice: str


class SelfCheck(tuple):
    """The findings as a tuple; `fine` says whether all are. Displays itself as a table."""

    @property
    def fine(self):
        return all(finding.fine for finding in self)

    def _rows(self):
        return [(row.what, row.found, "fine" if row.fine else row.advice) for row in self]

    def __repr__(self):
        return "\n".join(f"{what:10} {found:60} {verdict}" for what, found, verdict in self._rows())

    def _repr_html_(self):
        cells = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{html.escape(text)}</td>' for text in row)
            + "</tr>"
            for row in self._rows()
        )
        titles = "".join(
            f'<th scope="col" style="text-align:left">{title}</th>'
            for title in ("what", "found here", "verdict")
        )
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{cells}</tbody></table>"


def self_check():
    """Return a `SelfCheck` of Python, PyTorch, the device, the digits and the widgets."""
    return SelfCheck([_python(), _torch(), _device(), _digits(), _widgets()])


def _python():
    return Finding(
        "Python",
        platform.python_version(),
        sys.version_info >= (3, 11),
        "too old: install Python 3.11 or newer",
    )


def _torch():
    return Finding("PyTorch", torch.__version__, True, "")


def _device():
    trouble = trouble_with("cuda") if torch.cuda.is_available() else None
    if trouble:
        found = f"a CUDA GPU that cannot be used: {trouble}"
        return Finding(
            "device",
            found,
            False,
            "the lessons run on the CPU; for the GPU install a PyTorch that suits its driver",
        )
    device = choose_device("auto")
    if device.type == "cpu":
        return Finding(
            "device",
            f"CPU, {usable_cores()} usable core(s); every lesson is sized for two",
            True,
            "",
        )
    return Finding(
        "device",
        f"{device_name(device)}; the lessons run on the CPU, and on it if you say so",
        True,
        "",
    )


def _digits():
    try:
        data = load_mnist(device="cpu")
    except (RuntimeError, ValueError) as error:
        return Finding("digits", "the bundled sample cannot be used", False, str(error))
    found = f"{len(data.train.images):,} training and {len(data.test.images):,} test digits, bundled: no network needed"
    return Finding("digits", found, True, "")


def _widgets():
    try:
        found = ", ".join(
            f"{name} {metadata.version(name)}"
            for name in ("jupyterlab", "ipywidgets", "jupyterlab_widgets")
        )
    except metadata.PackageNotFoundError as error:
        return Finding(
            "widgets",
            f"{error.name} is missing",
            False,
            f"install it: python -m pip install {error.name}, then restart JupyterLab",
        )
    return Finding("widgets", found, True, "")
