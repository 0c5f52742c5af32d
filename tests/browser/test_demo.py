"""`make demo`: the training lab as a web page of Voila, with every outside address blocked."""

import pytest
from jupyterlab_driver import LoopbackPage, demo_page, wait_for
from panel_page import PanelPage


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """The page's address; its kernels end with the tests."""
    pytest.importorskip("voila", reason="voila is not installed: pip install 'ffteach[demo]'")
    with demo_page(tmp_path_factory.mktemp("voila")) as address:
        yield address


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
