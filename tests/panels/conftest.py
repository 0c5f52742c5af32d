"""Fixtures of the panels' tests."""

import pytest
from few_digits import _few, digits, few, gpu, make_net, no_gpu_unasked, sample  # noqa: F401


@pytest.fixture
def closing():
    """Give a new panel to it to have it back; all are closed in the end."""
    panels = []

    def closing(panel):
        panels.append(panel)
        return panel

    yield closing
    for panel in panels:
        panel.close()


@pytest.fixture
def lab(make_lab):
    """The panel of the file's `make_lab` as it is by default."""
    return make_lab()
