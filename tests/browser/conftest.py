"""One JupyterLab and one Chromium for all browser tests. Without Chromium they are skipped.

Screenshots go to the folder that the environment variable FFTEACH_SCREENSHOTS names, else to a
temporary one. `python tests/browser/record_panels.py` makes those of docs/panels.
"""

import os
from pathlib import Path

import pytest
from jupyterlab_driver import CHROMIUM_OPTIONS, JupyterServer, find_chromium


@pytest.fixture(scope="package")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install playwright"
    )
    chromium = find_chromium()
    if chromium is None:
        pytest.skip(
            "no Chromium found: install one (Debian: apt install chromium) or set "
            "FFTEACH_CHROMIUM to its path"
        )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(browser, tmp_path_factory):
    server = JupyterServer(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def screenshot(tmp_path_factory):
    """Save a picture of a part of a page as NAME.png."""
    folder = Path(os.environ.get("FFTEACH_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))

    def screenshot(locator, name):
        folder.mkdir(parents=True, exist_ok=True)
        locator.screenshot(path=folder / f"{name}.png")

    return screenshot
