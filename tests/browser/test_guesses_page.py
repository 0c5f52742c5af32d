"""A guess is made with the keyboard alone, in a real JupyterLab, and compared with the outcome."""

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import write_notebook

CELLS = [
    "from ffteach import guesses",
    'curves = guesses.ask("What will they do?", ["rise", "fall", "part"])\n'
    'share = guesses.ask("How many?", between=(0, 100), unit="%")',
    'curves.compare("part"), share.compare(12.3);',
    "guesses.page()",
]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_answered_by_keyboard(browser, server, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    write_notebook(server.root / "guesses.ipynb", CELLS)
    with NotebookPage(browser, server, "guesses.ipynb", theme=theme) as notebook:
        page, keys = notebook.page, notebook.page.keyboard
        notebook.run_cell(0), notebook.run_cell(1)
        fields = page.locator(".ff-guess-field")
        told = fields.get_by_role("status")
        fields.last.wait_for()
        for _ in range(10):  # past the buttons of the cell
            if not page.locator(".ff-guess-field :focus").count():
                keys.press("Tab")
        for key in ["ArrowDown", "ArrowDown", "d", "d", "x", "b", "0", "0"]:
            keys.press(key)
        wait_for(told.first.inner_text, "Your guess: part.".__eq__)
        keys.press("Tab")
        keys.type("200")
        keys.press("Enter")
        wait_for(told.last.inner_text, "Give a number from 0 to 100.".__eq__)
        keys.press("Control+A")
        keys.type("20")
        keys.press("Enter")
        wait_for(told.last.inner_text, "Your guess: 20 %.".__eq__)
        found = axe.Axe().run(page, {"include": [[".ff-guess-field"]]}).response
        assert found["passes"] and not found["violations"]
        notebook.run_cell(2), notebook.run_cell(3)
        output = page.locator(".jp-OutputArea").last.inner_text()
        assert "2 questions, 2 guesses, 2 of them right or close" in output
        assert fields.locator("input:enabled").count() == 0
        notebook.run_cell(1)  # asked again, it keeps the answer
        assert fields.locator("input:checked").get_attribute("value") == "part"
        assert len(notebook.cells()) == len(CELLS) and notebook.problems() == []
