"""The self-check of lesson 00, and in full what `python -m ffteach doctor` prints."""

import getpass
import json
import os
from importlib import metadata
from pathlib import Path

import pytest
import torch

import ffteach
import ffteach.__main__ as command_line
from ffteach import self_check, selfcheck

ROWS = ("Python", "PyTorch", "device", "digits", "widgets")
FULL = ("ffteach", *ROWS, "packages", "threads", "all of MNIST", "kernel", "front end")


@pytest.fixture
def doctor(capsys):
    """Call `python -m ffteach doctor`: -> exit code, what it printed."""
    return lambda: (command_line.main(["doctor"]), capsys.readouterr().out)


def test_the_lessons_check_has_five_rows_and_all_are_fine():
    check = self_check()
    assert tuple(row.what for row in check) == ROWS and check.fine
    assert "fine" in repr(check) and "<td" in check._repr_html_()


def test_doctor_says_versions_device_threads_data_kernel_and_front_end(doctor):
    code, printed = doctor()
    assert code == 0 and "NOT FINE" not in printed
    assert [line.partition("  ")[0] for line in printed.splitlines()] == list(FULL)
    for text in (ffteach.__version__, torch.__version__, "usable core", "torch uses"):
        assert text in printed
    for name in ("numpy", "ipykernel", "jupyterlab", "ipywidgets", "anywidget"):
        assert f"{name} {metadata.version(name)}" in printed
    assert "python3 runs this Python" in printed


def test_doctor_prints_nothing_personal(doctor, monkeypatch, tmp_path):
    (home := tmp_path / "home of Ada").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FFTEACH_DATA", str(home / "secret"))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")

    def broken(**options):
        raise ValueError(f"{home}/.venv/mnist_sample.npz is damaged")

    monkeypatch.setattr(selfcheck, "load_mnist", broken)
    code, printed = doctor()
    assert code == 1 and "NOT FINE" in printed and "~/.venv/mnist_sample.npz is damaged" in printed
    assert "Ada" not in printed and "secret" not in printed and "OMP_NUM_THREADS=2" in printed
    assert str(Path.cwd()) not in printed
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in printed


def test_another_kernel_under_the_lessons_name_is_noticed(doctor, monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = ["/usr/bin/another-python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    code, printed = doctor()
    assert code == 1 and "python3 runs another Python" in printed and "Change Kernel" in printed


def test_a_missing_package_comes_with_its_remedy(doctor, monkeypatch):
    version = metadata.version

    def without_widgets(name):
        if name == "ipywidgets":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_widgets)
    code, printed = doctor()
    assert code == 1 and "python -m pip install ipywidgets" in printed


def test_the_home_folder_is_not_named_in_what_was_found(monkeypatch):
    place = os.path.expanduser("~/torch")
    monkeypatch.setattr(selfcheck, "_torch", lambda: selfcheck.Finding("PyTorch", place))
    (row,) = [row for row in selfcheck.self_check() if row.what == "PyTorch"]
    assert row.found == place.replace(os.path.expanduser("~"), "~")
