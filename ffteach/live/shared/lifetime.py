"""Which panels there are, what a closed one leaves, nothing, and a saved one: its last picture."""

import html

from IPython import get_ipython
from IPython.display import HTML, display, update_display

from ...at_once import everything

_panels = {}  # cell id -> (execution, the panels that it made)


def replace_former(panel):
    """Note a new panel, and close those that have lost their place.

    They are the panels of an earlier run of its cell, and those that no page shows any more and no
    variable of the user's holds, such as a deleted cell's.
    """
    shell = get_ipython()
    parent = getattr(shell, "get_parent", dict)()
    cell = parent.get("metadata", {}).get("cellId")
    execution = parent.get("header", {}).get("msg_id")
    if cell is None:
        return
    for place, (time, panels) in list(_panels.items()):
        lost = lambda one: one.seen and not one.picture._view_count and not _is_held(one, shell)
        for one in panels:
            if (place == cell and time != execution) or lost(one):
                one.close()
        panels[:] = [one for one in panels if not one.closed]
        if not panels:
            del _panels[place]
    _panels.setdefault(cell, (execution, []))[1].append(panel)


def _is_held(panel, shell):
    """Is the panel in a variable of the user's, or in a list, tuple or dict in one?"""
    for name, value in list(getattr(shell, "user_ns", {}).items()):
        if not name.startswith("_") and name != "Out":
            inside = value.values() if isinstance(value, dict) else value
            inside = inside if isinstance(value, (dict, list, tuple, set)) else ()
            if value is panel or any(one is panel for one in inside):
                return True
    return False


def close_all(*widgets):
    """Close widgets and all that they hold."""
    for widget in list(everything(*widgets)):
        widget.close()


# A second output, shown where the panel is missing: in a notebook that is opened again. There
# JupyterLab has but "model not found" for it.
STILL = """<div class="ff-still"><style>
.jp-OutputArea:has(.ff-still) > * > .jupyter-widgets:not(:has(*)) {{ display: none; }}
</style><img src="{image}" alt="{alt}" width="{width}">
<p>The last picture of a panel: run this cell, and it is alive again.</p></div>"""


def show(panel):
    """Show a panel, and make room for its last picture."""
    display(panel.widget)
    panel.still = ""
    display(HTML(panel.still), display_id=panel.widget.model_id)


def keep(panel, image):
    """Leave a picture, the address of its data, in the notebook, if there is room for it."""
    alt = html.escape(panel.picture.value["alt"])
    still = STILL.format(image=image, alt=alt, width=panel.SIZE[0])
    if panel.still not in (None, still):
        panel.still = still
        update_display(HTML(still), display_id=panel.widget.model_id)
