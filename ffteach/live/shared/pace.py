"""How long is left, from how long the last ticks took."""

import time

TICKS = 5  # the pace is an average over about this many ticks
PAUSE = 1.0  # seconds: between two ticks of a running clock less time passes


class Pace:
    """Follows how long a step takes with all that goes with it, from one tick to the next."""

    def __init__(self):
        self._seconds = self._last = None  # for one step; when the last tick was

    def pause(self):
        """The clock stands still."""
        self._seconds = self._last = None

    def tick(self, steps):
        """A tick with this many steps has just ended."""
        now, last = time.perf_counter(), self._last
        self._last = now
        if last is not None and now - last < PAUSE:
            seconds = (now - last) / steps
            former = seconds if self._seconds is None else self._seconds
            self._seconds = former + (seconds - former) / TICKS

    def seconds_for(self, steps):
        """Return how long this many steps will take, or None if nobody can know yet."""
        return None if self._seconds is None else self._seconds * max(0, steps)
