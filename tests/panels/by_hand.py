"""What a person, or the browser, does with a panel and reads off it."""

import re


def alt(panel):
    """The words that stand for the picture."""
    return re.search(r'<img alt="([^"]*)"', panel.picture.value)[1]


def play(panel, ticks):
    """What the browser does while Train is on."""
    for _ in range(ticks):
        panel.clock.value += 1


def plain(state):
    """The state without the times, which differ from run to run."""
    return {name: value for name, value in state.items() if not name.startswith("seconds")}
