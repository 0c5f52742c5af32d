"""A training in words: how far it is, what went wrong, and how it ended."""

import math

TESTED = "Choose settings by the validation accuracy: a test error chosen by is no test any more."


def progress(state, where, share):
    """The columns that tell where a training stands.

    where: such as "Epoch 1 of 10"; share: of the work that is done, 0..1.
    """
    bar = (
        f'<progress max="1" value="{share:.3f}" aria-label="Progress" style="width:100%">'
        "</progress>"
    )
    left = time_left(state["seconds_left"])
    return [(90, bar), (90, where), (70, f"step {state['step']}"), (95, left)]


def time_left(seconds):
    """Say how long it will take; nothing if nobody knows.

    >>> time_left(12.3), time_left(200)
    ('about 13 s left', 'about 3 min left')
    """
    if seconds is None:
        return ""
    if seconds < 100:
        return f"about {math.ceil(seconds)} s left"
    return f"about {seconds / 60:.0f} min left"


def in_columns(columns):
    """Return `(width, HTML)` texts as one line of HTML, each at least that many pixels wide."""
    spans = "".join(
        f'<span style="flex:0 0 auto; min-width:{width}px">{text}</span>' for width, text in columns
    )
    style = "display:flex; flex-wrap:wrap; gap:0 12px; font-variant-numeric:tabular-nums"
    return f'<div style="{style}">{spans}</div>'


def diagnose(stats, watch, *, cure):
    """Return what is wrong, or None: ("diverged" or "dead", in words, is going on hopeless?).

    stats: losses and goodness of the last steps; watch: what was seen after them; cure: what helps
    besides a lower learning rate.
    """
    remedy = f"Lower the learning rate, then {cure}."
    if not (stats.isfinite().all() and watch.finite):
        return "diverged", f"Diverged: the numbers are no longer finite. {remedy}", True
    if not watch.dead:
        return None
    which = (
        f"Layer {watch.dead[0]} is"
        if len(watch.dead) == 1
        else f"Layers {' and '.join(map(str, watch.dead))} are"
    )
    why = f"every goodness is exactly 0, with no slope to learn from. {remedy}"
    hopeless = 1 in watch.dead  # the layers above a dead first one see nothing either
    return "dead", f"{which} dead: {why}", hopeless


def conclusion(epochs, accuracy, guess):
    """Say that all is done, and how the guess compares with the accuracy, if there was one.

    >>> conclusion(1, 0.91, 0.85)
    'Epoch 1 is done. 91% are right, you guessed 85%. Raise Epochs to go on.'
    """
    done = "Epoch 1 is" if epochs == 1 else f"All {epochs} epochs are"
    right = "" if guess is None else f" {accuracy:.0%} are right, you guessed {guess:.0%}."
    return f"{done} done.{right} Raise Epochs to go on."
