"""The picture of the race: validation error against steps, and against seconds of training."""

from ..shared.scene import axes, axis_end, entry, legend, line, marks, ticks
from .race import NAMES

SIZE = 840, 330  # pixels
LOOKS = ("series0", {}, "circle"), ("series1", {"dash": [6, 4]}, "diamond")  # role, line, mark
ENDS = 1, 100  # of the axis of errors, in percent
ERRORS = [(value, str(value)) for value in (1, 2, 5, 10, 20, 50, 100)]


def race_scene(looks, total, seconds_end):
    """Both curves twice. looks: a `Race`'s; total: steps in all; seconds_end: of the right axis."""
    errors = [[min(max(100 * look[1][who], ENDS[0]), 100) for look in looks] for who in (0, 1)]
    steps = [[look[0] for look in looks]] * 2
    seconds = [[look[2][who] for look in looks] for who in (0, 1)]
    log = {"y": ENDS, "log": True, "yticks": ERRORS}
    parts = [
        axes(
            (left, 62, 350, 216),
            [part for who in (0, 1) for part in _curve(x[who], errors[who], *LOOKS[who])],
            x=(0, end),
            title=title,
            xlabel=label,
            ylabel=side,
            xticks=ticks(0, end),
            **log,
        )
        for left, x, end, title, label, side in (
            (52, steps, total, "The same batches", "steps", "validation error (%)"),
            (462, seconds, seconds_end, "The same time", "seconds of training, each", ""),
        )
    ]
    entries = [entry(name, "line", role, **look) for name, (role, look, _) in zip(NAMES, LOOKS)]
    return {"axes": parts, "legends": [legend((52, 18), entries)]}


def end_of_seconds(looks, total, former):
    """Where the axis of seconds should end, so that it rarely changes."""
    step, _, seconds = looks[-1]
    whole = max(seconds) * total / step if step else 0
    return axis_end(whole, former or 1.0)


def _curve(x, y, role, look, shape):
    return line(x, y, role, **look), marks(x, y, role, shape, size=6)
