"""A long run is kept in a file while it goes on, so that it can be resumed whatever ends it."""

import hashlib
import json
import tempfile
import time
import warnings
from dataclasses import asdict
from pathlib import Path

from ..data import cache_folder
from ..saving import load, save

SECONDS = 60  # between two savings: what a power cut may cost


class Checkpoint:
    """Where a run is kept: by default a file in the cache folder, named after all its settings.

    `keep(run)` saves it if a minute has passed, `keep(run, now=True)` in any case. A file that
    cannot be written is warned of once, and the run goes on. resume: go on from what was kept?
    """

    def __init__(self, recipe, which, seed, *, resume=False):
        settings = json.dumps([asdict(recipe), which, seed]).encode()
        name = f"{recipe.name}-{which}-seed{seed}-{hashlib.sha256(settings).hexdigest()[:8]}.npz"
        self.path = _folder() / name
        self.resume = resume
        self._last, self._works = time.monotonic(), True

    def keep(self, run, *, now=False):
        """Save the run if it is time to."""
        if not self._works or not (now or time.monotonic() - self._last > SECONDS):
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save(self.path, run)
        except (OSError, RuntimeError) as error:
            self._works = False
            warnings.warn(f"this run is not kept: {error}", stacklevel=2)
        self._last = time.monotonic()

    def resumed(self, data):
        """Return the `Training` that was kept, on the same `Digits`.

        Raises ValueError if there is none.
        """
        if not self.path.exists():
            raise ValueError("nothing to resume: no run with these settings and seed was kept")
        return load(self.path, data)

    def remove(self):
        """The run is done."""
        self.path.unlink(missing_ok=True)


def _folder():
    """The cache folder's, or the system's for temporary files where there is no home folder."""
    try:
        return cache_folder() / "runs"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "ffteach"
