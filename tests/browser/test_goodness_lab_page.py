"""The goodness lab in a real JupyterLab: mouse and keyboard, a network trained on demand."""

import re

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook


class GoodnessPage(PanelPage):
    """A goodness lab in the page."""

    @property
    def temperature(self):
        return float(re.search(r"temperature (\S+)\. ", self.alt)[1])

    @property
    def right(self):
        """Share of right answers, as the picture's text and the table say it."""
        alt, _, status = self.seen
        share = re.search(r"right answers (\d+\.\d)%", alt)[1]
        assert f"right answers {share}%" in status
        return float(share)

    def choose(self, css, option):
        self.part(css).locator("select").select_option(option)


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(
        server.root / "goodness.ipynb",
        ["from ffteach.live import GoodnessLab\nGoodnessLab()", "GoodnessLab(threshold=40.0)"],
    )
    with NotebookPage(browser, server, "goodness.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def lab(notebook):
    """The first panel, with its first settings; afterwards nothing has gone wrong."""
    lab = GoodnessPage(notebook, 0)
    lab.choose("ff-network", "untrained")
    for name, value in (("Threshold", 2.0), ("Temperature", 1.0)):
        number = lab.root.get_by_role("textbox", name=f"{name} as a number")
        number.fill(str(value))
        number.press("Enter")
        wait_for(lambda: getattr(lab, name.lower()), value.__eq__, what=f"{name} {value}")
    wait_for(
        lambda: lab.alt,
        lambda alt: alt.startswith("Untrained network, layer 1"),
        what="the untrained network",
    )
    yield lab
    assert notebook.problems() == []


def test_everything_has_a_name(lab):
    for role, names in {
        "button": ("Fresh negatives", "Print the line"),
        "slider": ("Threshold", "Temperature"),
        "combobox": ("Network", "Layer"),
    }.items():
        for name in names:
            assert lab.root.get_by_role(role, name=name, exact=True).count() == 1
    lab.part("ff-line").click()
    wait_for(lambda: lab.status, lambda said: "GoodnessLab()" in said, what="the line")


def test_a_dragged_threshold_moves_picture_text_and_figures(lab):
    before = lab.seen
    assert (
        lab.right == 50.0 and "threshold: 0.0% of the positives, 0.0% of the negatives" in lab.alt
    )  # all that the untrained layer shows lies below 2
    lab.drag("ff-threshold", 0.5 / 6)
    wait_for(
        lambda: lab.threshold,
        lambda threshold: 0.4 <= threshold <= 0.6,
        what="the threshold among the images",
    )
    now = lab.changed(before)
    assert "threshold: 0.0% of the positives" not in now[0]
    lab.handle("ff-threshold").press("Home")
    wait_for(lambda: lab.threshold, (0.0).__eq__, what="a threshold of 0")
    assert "threshold: 100.0% of the positives, 100.0% of the negatives" in lab.alt


def test_the_temperature_by_keyboard_moves_losses_but_no_answer(lab):
    seen, right = lab.seen, lab.right
    handle = lab.handle("ff-temperature")
    for _ in range(3):
        before = lab.temperature
        handle.press("ArrowLeft")
        wait_for(lambda: lab.temperature, lambda now: now < before, what="a lower temperature")
    lab.changed(seen)
    assert lab.temperature == 0.5 and lab.right == right
    handle.press("Home")
    wait_for(lambda: lab.temperature, (0.001).__eq__, what="the lowest temperature")
    assert (
        lab.right == right
        and "learning: 100.0% of the positives, 0.0% of the negatives." in lab.alt
    )  # far below the threshold no negative learns


def test_trained_is_trained_once_and_parts_the_images(lab, screenshot):
    pixels = lab.pixels
    lab.choose("ff-network", "trained")
    wait_for(
        lambda: lab.alt,
        lambda alt: alt.startswith("Trained network"),
        seconds=120,
        what="the trained network",
    )
    wait_for(
        lambda: lab.status, lambda said: "Trained at threshold 2" in said, what="the words about it"
    )
    first = lab.right
    assert first > 75 and lab.pixels != pixels
    screenshot(lab.root, "goodness-lab")
    lab.choose("ff-layer", "2")
    wait_for(
        lambda: lab.alt, lambda alt: alt.startswith("Trained network, layer 2"), what="layer 2"
    )
    assert 60 < lab.right < first
    lab.choose("ff-layer", "1")
    wait_for(lambda: lab.right, first.__eq__, what="layer 1 again")
    negatives = re.search(r"(\d+\.\d)% of the negatives", lab.alt)[1]
    pixels = lab.pixels
    lab.part("ff-draw").press("Enter")
    wait_for(lambda: lab.pixels, lambda now: now != pixels, what="fresh negatives")
    assert abs(float(re.search(r"(\d+\.\d)% of the negatives", lab.alt)[1]) - float(negatives)) < 5


def test_a_threshold_beyond_the_data_is_in_the_picture_and_panels_are_apart(lab, notebook):
    other = GoodnessPage(notebook, 1)
    pixels = lab.pixels
    assert other.threshold == 40.0
    other.handle("ff-threshold").press("ArrowRight")
    wait_for(lambda: "threshold 40.05" in other.alt, what="one notch more")
    assert lab.threshold == 2.0 and lab.pixels == pixels


@pytest.mark.parametrize(
    "name, theme, options",
    [("dark", "JupyterLab Dark", ""), ("presenter", "JupyterLab Light", ", presenter=True")],
    ids=["dark", "presenter"],
)
def test_it_is_readable_in_the_dark_and_on_a_projector(
    browser, server, screenshot, name, theme, options
):
    path = f"goodness-{name}.ipynb"
    call = f"GoodnessLab(temperature=0.05, network='trained'{options})"
    write_notebook(server.root / path, [f"from ffteach.live import GoodnessLab\n{call}"])
    with NotebookPage(browser, server, path, theme=theme, width=1500) as notebook:
        notebook.run_all()
        lab = GoodnessPage(notebook, 0)
        ink = (
            lab.part("ff-status")
            .locator("td")
            .first.evaluate("cell => getComputedStyle(cell).color")
        )
        assert (sum(map(int, re.findall(r"\d+", ink)[:3])) > 380) == (
            name == "dark"
        )  # bright on dark, dark on bright
        lab.page.wait_for_timeout(300)
        screenshot(lab.root, f"goodness-lab-{name}")
        assert notebook.problems() == []
