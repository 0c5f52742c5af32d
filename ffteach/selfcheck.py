"""Is everything in place? One table in plain words, with what to do where the answer is no."""

import html
import importlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import torch

from .data import load_mnist
from .device import choose_device, trouble_with, usable_cores
from .runs.report import device_name

OTHER_PACKAGES = ("torchvision", "numpy", "matplotlib", "pillow", "tqdm", "anywidget")
FRONT_END = ("jupyterlab", "jupyter_server", "notebook", "voila")


class Finding(NamedTuple):
    """One row: what was looked at, what was found, whether it is fine, what to do if not."""

    what: str
    found: str
    fine: bool = True
    advice: str = ""


class SelfCheck(tuple):
    """The findings as a tuple; `fine` says whether all are. Displays itself as a table."""

    @property
    def fine(self):
        return all(finding.fine for finding in self)

    def _rows(self):
        return [(row.what, row.found, "fine" if row.fine else row.advice) for row in self]

    def __repr__(self):
        width = max((len(row.what) for row in self), default=0)
        return "\n".join(
            f"{row.what:{width}}  fine  {row.found}"
            if row.fine
            else f"{row.what:{width}}  NOT FINE  {row.found}: {row.advice}"
            for row in self
        )

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


def self_check(*, full=False):
    """Return a `SelfCheck` of Python, PyTorch, the device, the digits and the widgets.

    full: also what a bug report needs: system, other packages, threads, all of MNIST, kernel and
    front end. Nothing in it is personal: the home folder is written as ~.

    >>> [row.what for row in self_check()]
    ['Python', 'PyTorch', 'device', 'digits', 'widgets']
    """
    rows = [_python(), _torch(), _device(), _digits(), _widgets()]
    if full:
        rows = [_ffteach(), *rows, _packages(), _threads(), _full_mnist(), _kernel(), _front_end()]
    home = os.path.expanduser("~")
    return SelfCheck(
        row._replace(found=_tidy(row.found, home), advice=_tidy(row.advice, home)) for row in rows
    )


def _tidy(text, home):
    return text.replace(home, "~") if len(home) > 1 else text


def _ffteach():
    version = importlib.import_module("ffteach").__version__
    return Finding("ffteach", f"{version} on {platform.platform()}")


def _python():
    old = "too old: install Python 3.11 or newer"
    return Finding("Python", platform.python_version(), sys.version_info >= (3, 11), old)


def _torch():
    return Finding("PyTorch", torch.__version__)


def _device():
    trouble = trouble_with("cuda") if torch.cuda.is_available() else None
    if trouble:
        found = f"a CUDA GPU that cannot be used: {trouble}"
        advice = "the lessons run on the CPU; for the GPU install a PyTorch that suits its driver"
        return Finding("device", found, False, advice)
    device = choose_device("auto")
    if device.type == "cpu":
        found = f"CPU, {usable_cores()} usable core(s); every lesson is sized for two"
    else:
        found = f"{device_name(device)}; the lessons run on the CPU, and on it if you say so"
    return Finding("device", found)


def _digits():
    try:
        data = load_mnist(device="cpu")
    except (RuntimeError, ValueError) as error:
        return Finding("digits", "the bundled sample cannot be used", False, str(error))
    train, test = len(data.train.images), len(data.test.images)
    return Finding(
        "digits", f"{train:,} training and {test:,} test digits, bundled: no network needed"
    )


def _widgets():
    found, missing = _versions("jupyterlab", "ipywidgets", "jupyterlab_widgets")
    if not missing:
        return Finding("widgets", found)
    advice = f"install it: python -m pip install {missing[0]}, then restart JupyterLab"
    return Finding("widgets", f"{missing[0]} is missing", False, advice)


def _packages():
    return Finding("packages", _versions(*OTHER_PACKAGES)[0])


def _threads():
    settings = (f"{name}={os.environ[name]}" for name in sorted(os.environ) if _of_threads(name))
    counts = f"torch uses {torch.get_num_threads()} of {os.cpu_count()} cores"
    return Finding("threads", ", ".join([counts, *settings]))


def _of_threads(name):
    return name.startswith(("OMP_", "MKL_", "GOMP_", "KMP_"))


def _full_mnist():
    chosen = os.environ.get("FFTEACH_DATA")
    root = Path(chosen or os.path.expanduser("~/.cache/ffteach"))
    there = (root / "MNIST" / "raw").is_dir()
    place = "where FFTEACH_DATA points" if chosen else "in ~/.cache/ffteach"
    return Finding("all of MNIST", f"{'found' if there else 'not'} {place}; no lesson needs it")


def _kernel():
    """Does the kernel called python3, which the lessons name, run this Python?"""
    versions = _versions("ipykernel", "jupyter_client")[0]
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return Finding("kernel", "jupyter_client is missing", False, "run make lab once")
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("kernel", "there is no kernel called python3", False, "run make lab once")
    same = os.path.basename(program) == program or os.path.abspath(program) == sys.executable
    running = "in a notebook" if "ipykernel.kernelapp" in sys.modules else "from a terminal"
    runs = "this Python" if same else "another Python"
    advice = (
        "the lessons' kernel python3 is not this installation: choose Kernel > Change Kernel, or "
        "remove the other one with jupyter kernelspec remove python3"
    )
    return Finding("kernel", f"python3 runs {runs}; {versions}; checked {running}", same, advice)


def _front_end():
    found = [_versions(name)[0] for name in FRONT_END]
    editor = "VS Code, " if "VSCODE_PID" in os.environ else ""
    editor = "JupyterHub, " if "JUPYTERHUB_API_URL" in os.environ else editor
    editor = "Colab, " if "google.colab" in sys.modules else editor
    return Finding("front end", editor + ", ".join(found))


def _versions(*names):
    """Return "name version, ..." and the list of those that are missing."""
    texts, missing = [], []
    for name in names:
        try:
            texts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            texts.append(f"no {name}")
            missing.append(name)
    return ", ".join(texts), missing
