"""A live panel in a browser page, as someone sees and uses it; for the tests of all panels."""

import re

import nbformat.v4 as v4
from jupyterlab_driver import wait_for

KERNEL = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}  # or JupyterLab would ask for one


def write_notebook(path, sources):
    """Write a notebook of code cells."""
    cells = [v4.new_code_cell(source) for source in sources]
    path.write_text(v4.writes(v4.new_notebook(cells=cells, metadata=KERNEL)))


SEEN = """panel => {
    const canvas = panel.querySelector('.ff-picture canvas');
    const said = panel.querySelector('.ff-status').innerText;
    return [canvas.getAttribute('aria-label'), canvas.toDataURL(), said]; }"""
FRAMES = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"""


def _of_this_run(alt):
    return alt and alt.split(" The run before, ")[0]


class PanelPage:
    """One of the panels in the page, as someone sees and uses it."""

    def __init__(self, notebook, cell):
        self.notebook, self.page = notebook, notebook.page
        self.root = self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".ff-panel")

    def part(self, css):
        return self.root.locator(f".{css}")

    @property
    def canvas_of_picture(self):
        return self.part("ff-picture").locator("canvas")

    @property
    def shown(self):
        """Is there a picture?"""
        return self.canvas_of_picture.count() and self.alt is not None

    @property
    def alt(self):
        """What the picture says of the present run."""
        return _of_this_run(self.canvas_of_picture.get_attribute("aria-label"))

    @property
    def pixels(self):
        return self.canvas_of_picture.evaluate("canvas => canvas.toDataURL()")

    @property
    def status(self):
        return self.part("ff-status").inner_text()

    @property
    def seen(self):
        """The picture's text, its pixels and the status at one moment: they belong together."""
        alt, pixels, status = self.root.evaluate(SEEN)
        return _of_this_run(alt), pixels, status

    @property
    def step(self):
        return int(self._number(r"step (\d+)", lambda: self.status))

    @property
    def threshold(self):
        return float(self._number(r"threshold (\d+\.\d)", lambda: self.alt))

    def _number(self, pattern, read):
        """What the pattern finds in a text that the panel may be replacing at this moment."""
        return wait_for(lambda: re.search(pattern, read()), seconds=5, what=pattern)[1]

    def train(self):
        self.part("ff-train").click()
        wait_for(
            lambda: self.part("ff-train").inner_text(), "Pause".__eq__, what="the button's Pause"
        )

    def pause(self):
        self.part("ff-train").click()
        wait_for(
            lambda: self.part("ff-train").inner_text(), "Train".__eq__, what="the button's Train"
        )
        self.page.evaluate(FRAMES)  # what came before it is drawn

    def reset(self):
        self.part("ff-reset").click()
        wait_for(
            lambda: self.status,
            lambda said: "Nothing trained yet" in said and "step 0" in said,
            what="the untrained network",
        )

    def changed(self, before, *, words=""):
        """Wait for another picture than `seen` before, whose text says so, with other figures."""
        return wait_for(
            lambda: self.seen,
            lambda now: words in now[0] and all(one != other for one, other in zip(now, before)),
            what=f"another picture with {words!r}, other pixels and figures",
        )

    def wait_step(self, at_least, seconds=60):
        return wait_for(
            lambda: self.step,
            lambda step: step >= at_least,
            seconds=seconds,
            what=f"step {at_least}",
        )

    def handle(self, css):
        return self.part(css).locator(".noUi-handle")

    def drag(self, css, share):
        """Drag a slider's handle with the mouse to `share` (0..1) of its way."""
        self.handle(css).scroll_into_view_if_needed()
        track, handle = (
            self.part(css).locator(".noUi-base").bounding_box(),
            self.handle(css).bounding_box(),
        )
        y = handle["y"] + handle["height"] / 2
        self.page.mouse.move(handle["x"] + handle["width"] / 2, y)
        self.page.mouse.down()
        self.page.mouse.move(track["x"] + share * track["width"], y, steps=8)
        self.page.mouse.up()
