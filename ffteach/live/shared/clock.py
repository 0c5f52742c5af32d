"""The clock of a panel: it counts in the browser while it plays."""

from pathlib import Path

import anywidget
import traitlets


class Clock(anywidget.AnyWidget):
    """Counts up while `playing`, once for the whole page, however many views show the panel.

    A browser that finds it playing, such as a page that is loaded again, goes on counting. While
    Python works on one count, the browser holds the next back. interval: in milliseconds.
    """

    _esm = Path(__file__).with_name("clock.js")
    value = traitlets.Int(0).tag(sync=True, echo_update=False)
    playing = traitlets.Bool(False).tag(sync=True)
    interval = traitlets.Int(40).tag(sync=True)
