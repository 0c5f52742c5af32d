"""Every panel under the axe accessibility checker, in JupyterLab's light and dark themes."""

import re

import pytest
from jupyterlab_driver import NotebookPage
from panel_page import PanelPage, write_notebook

from ffteach.live.shared.css import CLASSES

PANELS = sorted(CLASSES)
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module", params=["Light", "Dark"])
def notebook(request, browser, server):
    pytest.importorskip(
        "axe_playwright_python",
        reason="axe-playwright-python is not installed: pip install axe-playwright-python",
    )
    path = f"accessible-{request.param}.ipynb"
    write_notebook(
        server.root / path, [f"from ffteach import live\n\nlive.{name}()" for name in PANELS]
    )
    with NotebookPage(
        browser, server, path, theme=f"JupyterLab {request.param}", height=1400
    ) as notebook:
        notebook.theme = request.param.lower()
        notebook.run_all()
        yield notebook


@pytest.mark.parametrize("name", PANELS)
def test_axe_finds_nothing_serious(notebook, screenshot, name):
    from axe_playwright_python.sync_playwright import Axe

    panel = PanelPage(notebook, PANELS.index(name))
    panel.canvas_of_picture.wait_for()
    panel.root.scroll_into_view_if_needed()
    panel.root.evaluate(f"panel => panel.setAttribute('data-checked', '{name}')")
    screenshot(panel.root, f"{name}-{notebook.theme}")
    found = Axe().run(notebook.page, {"include": [[f"[data-checked={name}]"]]}).response
    assert found["passes"], "axe has checked nothing"
    serious = [violation for violation in found["violations"] if violation["impact"] in SERIOUS]
    assert not serious, "\n".join(
        f"{violation['id']}: {violation['help']}\n  "
        + "\n  ".join(node["html"][:300] for node in violation["nodes"])
        for violation in serious
    )


def brightness(colour):
    """The relative luminance of a colour as the browser writes it, such as rgb(25, 118, 210)."""
    linear = lambda c: c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
    rgb = [linear(int(part) / 255) for part in re.findall(r"\d+", colour)[:3]]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), rgb))


@pytest.mark.parametrize(
    "control",
    [".ff-train", ".ff-line", ".ff-threshold .noUi-handle", ".ff-negatives select"],
)
def test_the_keyboard_s_place_is_seen(notebook, control):
    panel = PanelPage(notebook, PANELS.index("TrainingLab"))
    panel.root.locator(control).scroll_into_view_if_needed()
    panel.root.locator(control).focus()
    notebook.page.keyboard.press("Shift")  # the keyboard is in use
    ring = panel.root.locator(control).evaluate(
        """control => { const style = getComputedStyle(control); return [style.outlineStyle,
        parseFloat(style.outlineWidth), style.outlineColor,
        getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor]; }"""
    )
    style, width, *colours = ring
    dark, bright = sorted(map(brightness, colours))
    assert style == "solid" and width >= 2 and (bright + 0.05) / (dark + 0.05) >= 3


def test_forced_colours_leave_buttons_and_tracks(notebook, screenshot):
    panel = PanelPage(notebook, PANELS.index("TrainingLab"))
    notebook.page.emulate_media(forced_colors="active")
    panel.root.scroll_into_view_if_needed()
    screenshot(panel.root, f"forced-{notebook.theme}")
    lines = """(found, kind) => { const style = getComputedStyle(found);
        return [style[kind + 'Style'], parseFloat(style[kind + 'Width'])]; }"""
    shown = {
        (".ff-train", "borderTop"),
        (".ff-negatives select", "borderTop"),
        (".ff-threshold .noUi-handle", "borderTop"),
        (".ff-threshold .noUi-target", "outline"),
    }
    found = {
        css: panel.root.locator(css).evaluate(f"found => ({lines})(found, '{kind}')")
        for css, kind in shown
    }
    notebook.page.emulate_media(forced_colors="none")
    assert all(style == "solid" and width >= 1 for style, width in found.values()), found
