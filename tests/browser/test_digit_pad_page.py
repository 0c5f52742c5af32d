"""The digit pad in a real JupyterLab: mouse, finger, keys, the overlay, and training meanwhile."""

import re
import time

import pytest
from jupyterlab_driver import NotebookPage, wait_for
from panel_page import PanelPage, write_notebook

CELLS = (
    "from ffteach.live import DigitPad\npads = []",
    "pads.append(DigitPad())\npads[-1].run(80)\npads[-1]",
    "pads.append(DigitPad(seed=1))\npads[-1]",
)
FIRST, SECOND = 1, 2  # the cells that show a panel
ONE = [[(0.5, 0.15), (0.5, 0.85)]]
ZERO = [
    [
        (0.5, 0.15),
        (0.36, 0.25),
        (0.3, 0.5),
        (0.36, 0.75),
        (0.5, 0.85),
        (0.64, 0.75),
        (0.7, 0.5),
        (0.64, 0.25),
        (0.5, 0.15),
    ]
]
SEVEN = [[(0.25, 0.2), (0.72, 0.2), (0.45, 0.85)]]
DRAWN_PIXELS = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, index) => index % 4 === 0 && value > 127).length; }"""
TOP = "canvas => canvas.getBoundingClientRect().top"


class PadPage(PanelPage):
    """A digit pad in the page."""

    @property
    def canvas(self):
        return self.part("ff-canvas")

    @property
    def answer(self):
        found = re.search(r"The network says (\d)\.", self.alt)
        return found and int(found[1])

    @property
    def overlay_goodness(self):
        """Goodness of the overlay set by hand, one number for each layer."""
        return [float(value) for value in re.findall(r"(\d+\.\d\d) in layer", self.alt)]

    @property
    def drawn_pixels(self):
        """How many pixels of the canvas are bright."""
        return self.canvas.evaluate(DRAWN_PIXELS)

    def stays(self):
        """Does the picture stay as it is, since all of the drawing has arrived?"""
        before = self.alt
        self.page.wait_for_timeout(500)
        return self.alt == before

    def draw(self, strokes):
        """Draw with the mouse; places are shares of the pad."""
        self.canvas.scroll_into_view_if_needed()
        frame = self.canvas.bounding_box()
        for stroke in strokes:
            places = [
                (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
                for x, y in stroke
            ]
            self.page.mouse.move(*places[0])
            self.page.mouse.down()
            for place in places[1:]:
                self.page.mouse.move(*place, steps=8)
            self.page.mouse.up()

    def clear(self):
        self.part("ff-clear").click()
        wait_for(lambda: self.alt, lambda alt: "The pad is empty" in alt, what="an empty pad")


@pytest.fixture(scope="module")
def notebook(browser, server):
    write_notebook(server.root / "pads.ipynb", CELLS)
    with NotebookPage(browser, server, "pads.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def pad(notebook):
    """The first panel, a little trained, empty and paused; afterwards nothing has gone wrong."""
    pad = PadPage(notebook, FIRST)
    pad.clear()
    yield pad
    if pad.part("ff-train").inner_text() == "Pause":
        pad.pause()
    assert notebook.problems() == []


def test_everything_has_a_name_and_an_empty_pad_says_so(pad):
    assert pad.drawn_pixels == 0 and pad.step == 80
    for name in ("Train", "One step", "Reset", "Load a test digit", "Print the line", "Clear"):
        assert pad.root.get_by_role("button", name=name, exact=True).count() == 1
    for name in ("Label overlay", "Strength"):
        assert pad.root.get_by_role("slider", name=name, exact=True).count() == 1
    assert pad.root.get_by_role("application", name="Drawing pad").count() == 1


def test_a_mouse_draws_digits_that_the_network_reads(pad, screenshot):
    for digit, strokes in ((0, ZERO), (1, ONE), (7, SEVEN)):
        pad.clear()
        pad.draw(strokes)
        assert pad.drawn_pixels > 3000
        wait_for(lambda: pad.answer == digit, what=f"the answer {digit}")
        screenshot(pad.root, f"digit-pad-{digit}")


def test_a_wrong_label_dragged_onto_the_digit_lowers_the_goodness(pad):
    pad.draw(ZERO)
    wait_for(lambda: pad.answer == 0, what="the answer 0")
    wait_for(pad.stays, what="a picture that stays")
    pad.drag("ff-overlay", 0.0)
    wait_for(lambda: "label 0 at strength" in pad.alt, what="the right label")
    right = wait_for(lambda: pad.overlay_goodness, len, what="the overlay's goodness")
    pad.drag("ff-overlay", 1 / 9)
    wait_for(lambda: "label 1 at strength" in pad.alt, what="the other label")
    assert sum(pad.overlay_goodness) < sum(right)
    pad.handle("ff-overlay").press("ArrowLeft")
    wait_for(lambda: pad.overlay_goodness, right.__eq__, what="the right label again")
    pad.drag("ff-strength", 1.0)
    wait_for(lambda: "at strength 8.0" in pad.alt, what="the full strength")
    pad.drag("ff-strength", 0.5)
    wait_for(lambda: "at strength 4.0" in pad.alt, what="the first strength")


def test_the_picture_follows_a_stroke_that_is_not_finished(pad):
    frame = pad.canvas.bounding_box()
    pad.page.mouse.move(frame["x"] + 100, frame["y"] + 40)
    pad.page.mouse.down()
    pad.page.mouse.move(frame["x"] + 100, frame["y"] + 150, steps=5)
    wait_for(lambda: pad.answer is not None, what="an answer during the stroke")
    half = pad.alt
    pad.page.mouse.move(frame["x"] + 190, frame["y"] + 150, steps=5)
    pad.page.mouse.up()
    wait_for(lambda: pad.alt != half, what="a new picture")
    pad.page.mouse.move(frame["x"] + 40, frame["y"] + 40, steps=5)  # the button is up
    before = pad.drawn_pixels
    pad.page.mouse.move(frame["x"] + 40, frame["y"] + 150, steps=5)
    assert pad.drawn_pixels == before


def test_a_finger_draws_and_does_not_scroll_the_page(pad):
    assert pad.canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    pad.canvas.scroll_into_view_if_needed()
    frame, scrolled = pad.canvas.bounding_box(), pad.canvas.evaluate(TOP)
    finger = pad.page.context.new_cdp_session(pad.page)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for kind, share in (
        ("touchStart", 0.15),
        *(("touchMove", 0.15 + 0.1 * step) for step in range(1, 8)),
        ("touchEnd", None),
    ):
        points = (
            []
            if share is None
            else [{"x": frame["x"] + frame["width"] / 2, "y": frame["y"] + share * frame["height"]}]
        )
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert pad.canvas.evaluate(TOP) == scrolled
    wait_for(lambda: pad.answer == 1, what="the answer 1")


def test_the_keyboard_alone_draws_loads_and_clears(pad):
    cells = len(pad.notebook.cells())
    pad.canvas.focus()
    for _ in range(10):
        pad.page.keyboard.press("ArrowUp")
    assert pad.drawn_pixels == 0
    pad.page.keyboard.press("Space")
    for _ in range(20):
        pad.page.keyboard.press("ArrowDown")
    pad.page.keyboard.press("Space")
    pad.page.keyboard.press("ArrowRight")
    wait_for(lambda: pad.answer == 1, what="the answer 1")
    pad.page.keyboard.press("Delete")
    wait_for(lambda: pad.alt, lambda alt: "The pad is empty" in alt, what="an empty pad")
    assert pad.drawn_pixels == 0 and len(pad.notebook.cells()) == cells
    pad.part("ff-load").press("Enter")
    label = int(wait_for(lambda: re.search(r"labelled (\d)", pad.status), what="a test digit")[1])
    wait_for(
        lambda: pad.drawn_pixels > 1000 and pad.answer is not None, what=f"the {label} on the pad"
    )


def test_strokes_stay_on_the_pad_while_it_trains(pad, screenshot):
    pad.train()
    step = pad.step
    pad.draw(ZERO)
    drawn = pad.drawn_pixels
    pad.wait_step(step + 30)
    wait_for(lambda: pad.answer == 0, what="the answer 0")
    seen = pad.alt
    pad.wait_step(pad.step + 20)
    # the goodness moves, in words once a second, and the drawing stays
    wait_for(lambda: pad.alt != seen, seconds=5, what="other goodness")
    assert pad.drawn_pixels == drawn
    screenshot(pad.root, "digit-pad")
    started = time.monotonic()
    pad.pause()
    assert time.monotonic() - started < 1.0  # 0.3 s on a quiet machine
    step = pad.step
    pad.page.wait_for_timeout(500)
    assert pad.step == step
    pad.part("ff-reset").click()
    wait_for(lambda: pad.step, (0).__eq__, what="the network as it was")
    assert pad.drawn_pixels == drawn


def test_two_pads_do_not_disturb_each_other(pad, notebook):
    other = PadPage(notebook, SECOND)
    other.draw(ONE)
    wait_for(lambda: other.answer is not None, what="an answer of the other pad")
    assert "The pad is empty" in pad.alt and pad.drawn_pixels == 0
    other.clear()


@pytest.mark.parametrize(
    "name, theme, options",
    [("dark", "JupyterLab Dark", ""), ("presenter", "JupyterLab Light", "presenter=True")],
    ids=["dark", "presenter"],
)
def test_it_is_readable_in_the_dark_and_on_a_projector(
    browser, server, screenshot, name, theme, options
):
    path = f"pad-{name}.ipynb"
    write_notebook(
        server.root / path,
        [f"from ffteach.live import DigitPad\npad = DigitPad({options})\npad.run(60)\npad"],
    )
    with NotebookPage(browser, server, path, theme=theme, width=1500) as notebook:
        notebook.run_all()
        pad = PadPage(notebook, 0)
        pad.draw(SEVEN)
        wait_for(lambda: pad.answer is not None, what="an answer")
        hint = pad.part("ff-hint").evaluate("hint => getComputedStyle(hint).color")
        assert (sum(map(int, re.findall(r"\d+", hint)[:3])) > 380) == (
            name == "dark"
        )  # bright on dark, dark on bright
        pad.page.wait_for_timeout(300)
        screenshot(pad.root, f"digit-pad-{name}")
        assert notebook.problems() == []
