"""How much a panel looks at while a network learns, and how much of it is kept."""

IMAGES_PER_LOOK = 200  # validation images shown while it trains; all of them in a pause
LOOKS_PER_ANSWER = 9  # ten labels cost five times as much as a pair: odd, to see both halves
MOST_POINTS = 400  # of a curve; beyond that every other one is dropped


class Turns:
    """Which of the validation images a look sees: all, or in turn one half of the first `live`."""

    def __init__(self, images):
        self.live, self.looks = min(IMAGES_PER_LOOK, images), 0

    def next(self, *, everything):
        """Return the slice of the next look."""
        if everything:
            return slice(None)
        self.looks += 1
        half = (self.live + 1) // 2
        start = self.looks % 2 * (self.live - half)
        return slice(start, start + half)


def thin(points):
    """Drop every other point of a list that has become too long; the first one stays.

    >>> points = list(range(MOST_POINTS + 1))
    >>> thin(points)
    >>> len(points), points[:3]
    (201, [0, 2, 4])
    """
    if len(points) > MOST_POINTS:
        del points[1::2]
