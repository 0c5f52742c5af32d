"""Lessons in a fraction of their time, for tests that ask whether they run, not what they find."""

import torch
from few_digits import balanced

from ffteach import Training, data, probe, runs

go_on, fit, sweep = Training.__next__, torch.optim.LBFGS.step, runs.sweep
EACH = 230  # training images of every digit: 300 in all where a lesson holds out 2 000
FILM = "02_supervised_overlay"  # it shows 500 batches, and needs as many digits
RACE = "05_closing_the_gap"  # its panel goes on with the digits that the lesson has


def jump(run):
    """Take a step; after two steps an epoch has one batch, and epochs of the full batch end."""
    schedule = run.schedule
    if run.step >= 2 and run.epoch < run.phase_epochs:
        if schedule.steps_per_epoch == 1:
            schedule.epoch = run.phase_epochs - 1
        elif not schedule.position:
            schedule.order = schedule.next_order(run.generator).to(run.net.device)
        schedule.position = max(schedule.position, schedule.images - schedule.batch_size)
    return go_on(run)


def fit_a_little(optimiser, closure):
    """Three steps of a fit."""
    optimiser.param_groups[0]["max_iter"] = 3
    return fit(optimiser, closure)


def sweep_a_little(recipes, *details, **options):
    """Every seventh of the recipes."""
    return sweep(recipes[::7], *details, **options)


def shorten(setattr, lesson, whole=(FILM,)):
    """Put fewer digits, and work that is cut short, in place of the real ones."""
    setattr(runs, "sweep", sweep_a_little)
    setattr(Training, "__next__", jump)
    setattr(torch.optim.LBFGS, "step", fit_a_little)
    setattr(probe, "STEPS", 3)
    if lesson not in whole:
        train, test = data._load_sample()
        setattr(data, "_load_sample", lambda: (balanced(train, EACH), test))


def shorten_cells(lesson):
    """In a kernel: shorten this lesson, but what a panel does once its cell has run is whole."""
    from IPython import get_ipython

    shorten(setattr, lesson, whole=(FILM, RACE))
    events = get_ipython().events
    events.register("pre_run_cell", lambda info: setattr(Training, "__next__", jump))
    events.register("post_run_cell", lambda result: setattr(Training, "__next__", go_on))
