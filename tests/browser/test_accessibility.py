"""Every panel under the axe accessibility checker, in JupyterLab's light and dark themes."""

import pytest
from jupyterlab_driver import NotebookPage
from panel_page import PanelPage, write_notebook

from ffteach import live

PANELS = sorted(name for name in dir(live) if isinstance(getattr(live, name), type))
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
    panel.part("ff-picture").locator("img").wait_for()
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
