"""Save and Load: what a panel has trained, in a file of the student's folder."""

from pathlib import Path

import ipywidgets as widgets

from ...saving import load, save
from .controls import ROW, small


def place_of(name):
    """Return the path of a file in the notebook's folder. Raises ValueError in words.

    >>> place_of("my network").name
    'my network.npz'
    """
    name = name.strip()
    if not name or Path(name).name != name or name.startswith("."):
        raise ValueError(f"File {name!r}: give a name without folders, such as my_network.")
    return Path(name if name.endswith(".npz") else f"{name}.npz")


class Files:
    """The button "File", and the row that it opens: a name, Save, and Load.

    panel: a `LearningPanel`; its `open_run(training)` takes what was loaded. A file that exists is
    overwritten at the second press of Save only.
    """

    def __init__(self, panel):
        self.panel, self._warned = panel, None
        self.toggle = widgets.ToggleButton(
            description="File", tooltip="Save or load what was trained", layout={"width": "auto"}
        )
        self.name = widgets.Text("my_network", description="File", **small(260))
        self.save_button = panel.button(
            "Save", "Into the folder of this notebook", lambda: self._try(self.save), "save"
        )
        self.load_button = panel.button(
            "Load", "From the folder of this notebook", lambda: self._try(self.load), "load-file"
        )
        row = [self.name, self.save_button, self.load_button]
        self.row = widgets.HBox(row, layout={**ROW, "display": "none"})
        self.toggle.add_class("ff-files")
        self.name.add_class("ff-file")
        self.toggle.observe(lambda change: self._show(change["new"]), "value")

    def save(self):
        """Write the training into the file, or ask before one is overwritten; say so."""
        path, say = place_of(self.name.value), self.panel.say
        if path.exists() and path != self._warned:
            self._warned = path
            return say(f"{path} exists: press Save again to overwrite it, or choose another name.")
        self._warned = None
        if not self.panel.watch.finite:
            raise ValueError("The numbers are no longer finite: there is nothing to save.")
        save(path, self.panel.training)
        say(f"Saved step {self.panel.training.step} as {path}, in the folder of this notebook.")

    def load(self):
        """Go on with the training in the file."""
        path, self._warned = place_of(self.name.value), None
        if not path.exists():
            raise ValueError(f"There is no {path} in the folder of this notebook.")
        self.panel.open_run(load(path, self.panel.data))
        self.panel.say(f"Loaded {path}: step {self.panel.training.step}. Train goes on from here.")

    def _try(self, act):
        def attempt():
            try:
                act()
            except (RuntimeError, ValueError, TypeError) as error:  # in words; nothing has changed
                self.panel.say(str(error), role="alert")

        self.panel.do(attempt)

    def _show(self, shown):
        self.row.layout.display = None if shown else "none"
