"""The race in words: the picture's alternative text, the figures with it, and the outcome."""

from ..shared.words import in_columns, progress
from .race import NAMES


def in_a_sentence(state):
    """The picture in words, for those who cannot see it."""
    told = [
        f"{name} {error:.1%} after {seconds:.1f} seconds of training"
        for name, error, seconds in zip(NAMES, state["errors"], state["seconds_each"])
    ]
    return (
        f"Validation error on {state['images']} digits against steps and against seconds. "
        f"At step {state['look_step']}: {'; '.join(told)}."
    )


def figures(state, where, share):
    """Progress, errors and seconds as one line of HTML.

    where: such as "Epoch 1 of 4"; share: of the work that is done, 0..1.
    """
    each = zip(NAMES, state["errors"], state["seconds_each"])
    errors = [(205, f"{name} <b>{error:.1%}</b>, {time:.1f} s") for name, error, time in each]
    return in_columns(progress(state, where, share) + errors)


def outcome(state):
    """Who is ahead, and whether these digits can tell.

    >>> outcome({"lead": (0.012, 0.005)})
    'Forward-Forward is ahead by 1.2 points, give or take 0.5.'
    """
    lead, error = state["lead"]
    ahead = NAMES[0] if lead > 0 else NAMES[1].capitalize()
    points = f"{100 * abs(lead):.1f} points, give or take {100 * error:.1f}"
    if abs(lead) <= 2 * error:
        return f"Too close to call: {points}."
    return f"{ahead} is ahead by {points}."
