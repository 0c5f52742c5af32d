"""`make demo`: the training lab as a web page of Voila, with every outside address blocked."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from jupyterlab_driver import LoopbackPage, free_port, wait_for
from panel_page import PanelPage

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """The page's address, served with the Makefile's command; its kernels end with the tests."""
    pytest.importorskip("voila", reason="voila is not installed: pip install 'ffteach[demo]'")
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")  # a command may be two lines
    command = re.search(r"\$\(PY\) (-m voila .*) \$\(ARGS\)", makefile)[1].split()
    home, port = tmp_path_factory.mktemp("voila"), free_port()
    env = os.environ | {
        "JUPYTER_PATH": str(ROOT / "demo"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, *command, "--no-browser", f"--port={port}"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_up():
        assert server.poll() is None, "voila ended:\n" + (home / "log").read_text()[-3000:]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with (
            contextlib.suppress(OSError),
            opener.open(f"http://127.0.0.1:{port}/voila/static/voila.js"),
        ):
            return True

    try:
        wait_for(is_up, seconds=120, what="voila", pause=0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # it then ends its kernels
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def test_the_training_lab_trains_in_a_web_page_and_asks_for_nothing_outside(
    browser, address, screenshot
):
    with LoopbackPage(browser, width=1280, height=800) as shown:
        shown.page.goto(address, wait_until="domcontentloaded", timeout=120_000)
        lab = PanelPage(shown, 0)
        lab.root.wait_for(timeout=90_000)
        assert shown.page.title() == "Training lab"
        assert "ff-presenter" in lab.root.get_attribute("class")
        wait_for(lambda: lab.shown, what="the picture")
        untrained = lab.alt
        lab.train()
        lab.wait_step(60)
        wait_for(lambda: lab.alt != untrained, what="other goodness in words")  # told calmly
        lab.drag("ff-threshold", 0.5)
        wait_for(
            lambda: lab.threshold,
            lambda threshold: 2.4 <= threshold <= 3.6,
            what="the new threshold in the picture",
        )
        lab.wait_step(lab.step + 20)
        screenshot(shown.page.locator("body"), "demo")
        sizes = {}
        for width, height in ((1280, 800), (1024, 768), (1366, 768), (1920, 1080)):
            shown.page.set_viewport_size({"width": width, "height": height})
            shown.page.wait_for_timeout(500)
            screenshot(shown.page.locator("body"), f"demo-{width}")
            frame = lab.root.bounding_box()
            assert frame["x"] >= 0 and frame["x"] + frame["width"] <= width
            assert frame["y"] + frame["height"] <= height  # all of it is seen without scrolling
            picture = lab.canvas_of_picture.bounding_box()
            assert picture["width"] > 0.85 * width  # and it fills the page
            bases = lab.root.locator(".noUi-base")
            assert min(base.bounding_box()["width"] for base in bases.all()) > 80
            words = lab.part("ff-figures").evaluate("said => getComputedStyle(said).fontSize")
            sizes[width] = float(words.removesuffix("px"))
        assert sizes[1024] >= 20 and sizes[1920] >= 1.2 * sizes[1024]  # so does the type
        assert not shown.page.locator(".jp-InputArea-editor:visible").count()  # no code to be seen
        lab.pause()
        step = lab.step
        shown.page.wait_for_timeout(500)
        assert lab.step == step
        assert shown.problems() == []
