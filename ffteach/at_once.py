"""Clicks that reach Python while a cell still runs: for panels and for guesses."""


def answer_at_once(*widgets):
    """Let clicks on widgets, and on all that they hold, reach Python while a cell still runs.

    JupyterLab sends them to a thread of their own, but ipykernel 7.4.0 hands them to the thread
    that last sent something the other way, which for a panel that a cell has made is the cells'
    own: there they wait for all cells of a Run All. What that ipykernel looks up is replaced;
    where there is nothing to replace, as in 7.3 and before, nothing is done.
    """
    for widget in everything(*widgets):
        if hasattr(widget.comm, "_reply_subshell_for"):
            widget.comm._reply_subshell_for = _asked_for


def _asked_for(data, default):
    """The thread that the browser asked for."""
    return default


def everything(*widgets):
    """Yield these widgets and all that they hold, each with its layout and style, from inside."""
    for widget in widgets:
        yield from everything(*getattr(widget, "children", ()))
        for name in ("layout", "style"):
            if (part := getattr(widget, name, None)) is not None:
                yield part
        yield widget
