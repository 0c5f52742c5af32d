"""Every lesson and every panel with a device that is not the CPU as torch's default one, as on a
machine with a GPU."""

import sys

import fakegpu
import nbformat
import pytest
import torch
from few_digits import balanced
from IPython.core.interactiveshell import InteractiveShell
from lesson_functions import NOTEBOOKS

from ffteach import RECIPES, Training, data, live, load_mnist, probe
from ffteach.beyond import sequences
from ffteach.live.shared.css import CLASSES

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture
def gpu(gpu):
    """The stand-in, as torch's default device."""
    with fakegpu.default() as device:
        yield device


@pytest.fixture
def short(monkeypatch, request):
    """3 000 training digits, fits of three steps, and after two steps epochs of one batch."""
    go_on, fit = Training.__next__, torch.optim.LBFGS.step

    def jump(run):
        schedule = run.schedule
        if run.step >= 2 and run.epoch < run.phase_epochs:
            if not schedule.position:
                schedule.order = schedule.next_order(run.generator).to(run.net.device)
            schedule.position = max(schedule.position, schedule.images - schedule.batch_size)
        return go_on(run)

    def fit_a_little(optimiser, closure):
        optimiser.param_groups[0]["max_iter"] = 3
        return fit(optimiser, closure)

    learn = sequences.SequenceTraining.__next__

    def jump_in_text(run):
        schedule = run.schedule
        if run.recipe.rate_decay == "none":  # it is looked at after hundreds of steps
            schedule.step += 7 * (schedule.step % 10 == 2)
        elif run.step >= 2:
            schedule.order = schedule.next_order(run.generator)
            schedule.position = max(schedule.position, schedule.images - schedule.batch_size)
        return learn(run)

    monkeypatch.setattr(sequences.SequenceTraining, "__next__", jump_in_text)
    fables = sequences.load_fables  # a page of them
    page = lambda: sequences.Text(*(part[:1500] for part in fables()))
    monkeypatch.setattr(sequences, "load_fables", page)
    monkeypatch.setattr(Training, "__next__", jump)
    monkeypatch.setattr(torch.optim.LBFGS, "step", fit_a_little)
    monkeypatch.setattr(probe, "STEPS", 3)
    if "02_supervised" in request.node.name:  # its film needs 500 batches
        return
    train, test = data._load_sample()
    monkeypatch.setattr(data, "_load_sample", lambda: (balanced(train, 300), test))


def test_everything_made_is_on_the_default_device(gpu):
    recipe = RECIPES["quick"]
    data, net = load_mnist(validation=100), recipe.network()
    made = [*net.parameters(), *(tensor for split in data for tensor in split)]
    assert {tensor.device for tensor in made} == {gpu}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_on_a_gpu(gpu, short, lesson, monkeypatch):
    if lesson[:2] in ("05", "09"):  # they count storages; the stand-in's are those of the CPU
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
