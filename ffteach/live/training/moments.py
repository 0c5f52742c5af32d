"""Moments of a training that are kept, so that one can go back to them."""

MOST = 40  # moments at most
MEMORY = 128 * 2**20  # bytes at most; one of the default network with Adam takes 7.7 MB
SPACING = 10  # steps between two moments in the beginning


class Moments:
    """Evenly spread moments of one training: at most `MOST` and `MEMORY` bytes, but always two.

    When there is no room left, every other one is dropped and the spacing doubled. `steps` lists
    the steps they stand for.
    """

    def __init__(self):
        self._kept, self.spacing = {}, SPACING  # step -> what was kept

    @property
    def steps(self):
        return sorted(self._kept)

    def due(self, step):
        """Is it time to keep the moment after `step` steps?"""
        return (
            step not in self._kept and step >= max(self._kept, default=-self.spacing) + self.spacing
        )

    def keep(self, step, moment, size):
        """Keep `moment`, of `size` bytes, as that of `step`, which is later than all others."""
        self._kept[step] = moment
        most = max(2, min(MOST, MEMORY // size))
        if len(self._kept) > most:
            self.spacing *= 2
            for step in self.steps[1::2]:
                del self._kept[step]

    def drop_after(self, step):
        """Forget the moments later than `step`."""
        for late in [kept for kept in self._kept if kept > step]:
            del self._kept[late]

    def nearest(self, wanted, now):
        """Return the kept step nearest to `wanted` on its side of `now`, or `now` itself."""
        there = [step for step in self._kept if (step < now) == (wanted < now) and step != now]
        return min(there, key=lambda step: abs(step - wanted), default=now)

    def __getitem__(self, step):
        return self._kept[step]
