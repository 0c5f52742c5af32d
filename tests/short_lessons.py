"""Lessons in a fraction of their time, for tests that ask whether they run, not what they find."""

import torch
from few_digits import balanced

from ffteach import Training, data, probe, runs
from ffteach.beyond import sequences
from ffteach.beyond.sequences import SequenceTraining

EACH = 230  # training images of every digit: 300 in all where a lesson holds out 2 000
PAGE = 1500  # characters of a text
FILM = "02_supervised_overlay"  # it shows 500 batches, and needs as many digits
WHOLE = {kind: kind.__next__ for kind in (Training, SequenceTraining)}
fit, sweep, load_fables = torch.optim.LBFGS.step, runs.sweep, sequences.load_fables


def jump(run):
    """Take a step; after two steps an epoch has one batch, and epochs of the full batch end."""
    schedule = run.schedule
    if run.step >= 2 and run.epoch < run.phase_epochs:
        if schedule.steps_per_epoch == 1:
            schedule.epoch = run.phase_epochs - 1
        elif not schedule.position:
            schedule.order = schedule.next_order(run.generator).to(run.net.device)
        schedule.position = max(schedule.position, schedule.images - schedule.batch_size)
    return WHOLE[Training](run)


def jump_in_text(run):
    """The same; at a rate that does not fall, ten steps count as many more."""
    schedule = run.schedule
    if run.recipe.rate_decay == "none":  # it is looked at after hundreds of steps
        schedule.step += 7 * (schedule.step % 10 == 2)
    elif run.step >= 2:
        schedule.order = schedule.next_order(run.generator)
        schedule.position = max(schedule.position, schedule.images - schedule.batch_size)
    return WHOLE[SequenceTraining](run)


JUMPS = {Training: jump, SequenceTraining: jump_in_text}


def fit_a_little(optimiser, closure):
    """Three steps of a fit."""
    optimiser.param_groups[0]["max_iter"] = 3
    return fit(optimiser, closure)


def sweep_a_little(recipes, *details, **options):
    """Every seventh of the recipes."""
    return sweep(recipes[::7], *details, **options)


def shorten(setattr, lesson):
    """Put less data, and work that is cut short, in place of what a lesson has."""
    for kind, jumping in JUMPS.items():
        setattr(kind, "__next__", jumping)
    setattr(torch.optim.LBFGS, "step", fit_a_little)
    setattr(probe, "STEPS", 3)
    setattr(runs, "sweep", sweep_a_little)
    if lesson != FILM:
        train, test = data._load_sample()
        setattr(data, "_load_sample", lambda: (balanced(train, EACH), test))
        page = lambda: sequences.Text(*(part[:PAGE] for part in load_fables()))
        setattr(sequences, "load_fables", page)
