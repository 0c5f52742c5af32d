"""Every lesson and every panel with a device that is not the CPU as torch's default one, as on a
machine with a GPU."""

import sys

import fakegpu
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from lesson_functions import NOTEBOOKS
from short_lessons import shorten

from ffteach import RECIPES, live, load_mnist
from ffteach.live.shared.css import CLASSES

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture
def gpu(gpu):
    """It is torch's default device."""
    with fakegpu.default(gpu) as device:
        yield device


def test_everything_made_is_on_the_default_device(gpu):
    recipe = RECIPES["quick"]
    data, net = load_mnist(validation=100), recipe.network()
    made = [*net.parameters(), *(tensor for split in data for tensor in split)]
    assert {tensor.device for tensor in made} == {gpu}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_on_a_gpu(gpu, lesson, monkeypatch):
    shorten(monkeypatch.setattr, lesson)
    if gpu.type == fakegpu.NAME and lesson[:2] in (
        "05",
        "09",
    ):  # they count storages; the stand-in's are those of the CPU
        storage = lambda tensor: tensor._cpu.untyped_storage()
        monkeypatch.setattr(fakegpu.GPUTensor, "untyped_storage", storage, raising=False)
        pointer = lambda tensor: tensor._cpu.data_ptr()
        monkeypatch.setattr(fakegpu.GPUTensor, "data_ptr", pointer, raising=False)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell's is another
    shell = InteractiveShell.instance()
    shell.reset()
    shell.user_module.__spec__ = None  # as in a kernel: processes can be started
    for number, cell in enumerate(nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4).cells):
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            assert result.success, (
                f"cell {number}: {result.error_in_exec or result.error_before_exec!r}"
            )
    InteractiveShell.clear_instance()


@pytest.mark.parametrize("panel", sorted(CLASSES))
def test_a_panel_runs_on_a_gpu(gpu, closing, panel):
    lab = closing(getattr(live, panel)())
    if panel == "DigitPad":
        lab.draw_digit(load_mnist(device="cpu").test.images[0])
    assert lab.run(2)["message"]
    if panel in ("TrainingLab", "ProbeLab"):
        lab.reveal()
    assert lab.error is None
