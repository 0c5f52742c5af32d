"""How much a panel looks at while a network learns, and how much of it is kept."""

IMAGES_PER_LOOK = 200  # validation images shown while it trains; all of them in a pause
MOST_POINTS = 400  # of a curve; beyond that every other one is dropped


def thin(points):
    """Drop every other point of a list that has become too long; the first one stays.

    >>> points = list(range(MOST_POINTS + 1))
    >>> thin(points)
    >>> len(points), points[:3]
    (201, [0, 2, 4])
    """
    if len(points) > MOST_POINTS:
        del points[1::2]
