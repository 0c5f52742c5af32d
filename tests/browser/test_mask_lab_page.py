"""The mask lab in a real JupyterLab: mouse and keyboard, other kinds and paddings, fresh draws."""

import re

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

CELLS = ("from ffteach.live import MaskLab", "MaskLab()")
NAMES = {
    "button": ("Fresh draw", "A digit", "A hybrid", "Print the line"),
    "slider": ("Blurs", "Cut", "Patch"),
    "combobox": ("Kind of mask", "Padding"),
    "spinbutton": ("Seed",),
}


class MaskPage(PanelPage):
    """A mask lab in the page."""

    @property
    def blurs(self):
        return int(re.search(r"random bits, (\d+) blur", self.alt)[1])

    @property
    def agree(self):
        """The figure below the picture, in percent."""
        return float(re.search(r"Neighbours agree (\d+\.\d)%", self.status)[1])

    @property
    def seed(self):
        return int(re.search(r"seed (\d+)", self.alt)[1])

    def choose(self, css, label):
        self.part(css).locator("select").select_option(label=label)


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(server.root / "masks.ipynb", CELLS)
    with NotebookPage(browser, server, "masks.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def lab(notebook):
    """A new panel; afterwards nothing must have gone wrong anywhere."""
    notebook.run_cell(1)
    lab = MaskPage(notebook, 1)
    wait_for(lambda: lab.root.count() and lab.seed == 0 and lab.blurs == 8, what="the new panel")
    wait_for(
        lambda: lab.handle("ff-blurs").get_attribute("aria-label"),
        "Blurs".__eq__,
        what="names of the sliders",
    )
    yield lab
    assert notebook.problems() == []


def test_every_control_has_a_name(lab, screenshot):
    for role, names in NAMES.items():
        for name in names:
            assert lab.root.get_by_role(role, name=name, exact=True).count() == 1, name
    assert not lab.part("ff-kernel").is_visible() and not lab.part("ff-sigma").is_visible()
    lab.choose("ff-kind", "System C: three Gaussians")
    wait_for(
        lambda: "kernels of 5, 7, 5" in lab.alt and lab.part("ff-kernel").is_visible(),
        what="the kernel's slider",
    )
    for name in ("Kernel", "Sigma", "Cut"):
        wait_for(
            lambda: lab.root.get_by_role("slider", name=name, exact=True).count(),
            (1).__eq__,
            what=name,
        )
        assert lab.root.get_by_role("textbox", name=f"{name} as a number").count() == 1
    assert not lab.part("ff-blurs").is_visible()
    screenshot(lab.root, "mask-lab-gaussian")


def test_more_blurs_by_mouse_and_by_keyboard(lab, screenshot):
    before, agree = lab.seen, lab.agree
    screenshot(lab.root, "mask-lab")
    lab.drag("ff-blurs", 0.6)
    dragged = int(float(lab.handle("ff-blurs").get_attribute("aria-valuenow")))
    wait_for(lambda: lab.blurs, dragged.__eq__, what="the picture of where it was dragged to")
    lab.changed(before)
    assert 24 <= dragged <= 34 and lab.agree > agree
    lab.handle("ff-blurs").press("ArrowRight")
    wait_for(lambda: lab.blurs, (dragged + 1).__eq__, what="one blur more")
    lab.handle("ff-blurs").press("Home")
    wait_for(lambda: lab.blurs, (0).__eq__, what="no blur")
    wait_for(lambda: lab.agree, lambda agree: 49 < agree < 51, what="neighbours that are strangers")
    number = lab.root.get_by_role("textbox", name="Blurs as a number")
    number.fill("8")
    number.press("Enter")
    wait_for(lambda: lab.seen, before.__eq__, what="the first picture again")


def test_the_other_kind_and_its_kernel(lab):
    before = lab.seen
    lab.choose("ff-kind", "System C: three Gaussians")
    lab.changed(before, words="kernels of 5, 7, 5 pixels")
    before = lab.seen
    lab.handle("ff-kernel").press("ArrowRight")
    lab.changed(before, words="kernels of 7, 9, 7 pixels")
    before = lab.seen
    lab.drag("ff-sigma", 0.0)
    lab.changed(before)


def test_zeros_as_padding_and_another_cut_spoil_the_balance(lab, screenshot):
    assert "Balanced" in lab.status
    before = lab.seen
    lab.choose("ff-padding", "zeros")
    lab.changed(before, words="padding zeros")
    wait_for(
        lambda: lab.status,
        lambda said: "Not balanced: the rim shows digit B" in said,
        what="the verdict",
    )
    screenshot(lab.root, "mask-lab-zeros")
    before = lab.seen
    lab.choose("ff-padding", "circular")
    lab.changed(before, words="padding circular")
    lab.drag("ff-cut", 0.0)
    wait_for(
        lambda: lab.status, lambda said: "digit A itself" in said, what="masks that are all alike"
    )
    wait_for(lambda: "cut at 0.00" in lab.alt, what="the end of the slider")  # it acts on the way
    assert "none, nothing varies" in lab.status


def test_a_fresh_draw_and_the_line_that_repeats_it(lab):
    before = lab.seen
    lab.part("ff-draw").click()
    lab.changed(before, words="seed 1")
    before = lab.seen
    lab.part("ff-draw").press("Enter")
    lab.changed(before, words="seed 2")
    lab.part("ff-line").click()
    wait_for(lambda: lab.status, lambda said: "MaskLab(seed=2)" in said, what="the line")


def test_the_patch_game_by_mouse_and_by_keyboard(lab):
    score = lambda: lab.part("ff-score").inner_text()
    said = lambda: lab.part("ff-message").inner_text()
    lab.part("ff-say-hybrid").click()
    wait_for(score, lambda text: "of 1 right; guessing: 0.5" in text, what="the score")
    assert said().startswith(("Right: that patch was cut from a", "No: that patch was cut from a"))
    before = lab.pixels
    lab.part("ff-say-hybrid").press("Shift+Tab")
    assert lab.part("ff-say-digit").evaluate("button => button === document.activeElement")
    lab.page.keyboard.press("Enter")
    wait_for(score, lambda text: "of 2 right; guessing: 1 ± 0.7" in text, what="the score")
    wait_for(lambda: re.search(r"[012] of 2 right so far", lab.alt), what="the score in words")
    assert lab.pixels != before
    lab.handle("ff-patch").press("Home")
    wait_for(score, "Digit or hybrid?".__eq__, what="another game")
    wait_for(lambda: "3 by 3 pixels" in lab.alt, what="the smallest patch")


@pytest.mark.parametrize(
    "name, theme, options",
    [("dark", "JupyterLab Dark", ""), ("presenter", "JupyterLab Light", "presenter=True")],
)
def test_it_is_readable_in_the_dark_and_on_a_projector(
    browser, server, screenshot, name, theme, options
):
    path = f"masks-{name}.ipynb"
    write_notebook(server.root / path, [f"from ffteach.live import MaskLab\nMaskLab({options})"])
    with NotebookPage(browser, server, path, theme=theme, width=1500) as notebook:
        notebook.run_all()
        lab = MaskPage(notebook, 0)
        wait_for(lambda: lab.alt, what="the picture")
        notebook.page.wait_for_timeout(300)
        screenshot(lab.root, f"mask-lab-{name}")
        before = lab.seen
        lab.part("ff-draw").click()
        lab.changed(before, words="seed 1")
        assert notebook.problems() == []
