"""Record each panel in a real JupyterLab, for the site and the README.

    python tests/browser/record_panels.py

writes docs/panels/NAME.webp (a loop), NAME.png (a still) and panels.json (what a page needs).
"""

import io
import json
import tempfile
from pathlib import Path

from jupyterlab_driver import CHROMIUM_OPTIONS, JupyterServer, NotebookPage, find_chromium
from panel_page import PanelPage, write_notebook
from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "panels"
FRAMES, PAUSE, SECONDS = 24, 350, 0.25  # frames, ms between two of them, how long each is shown
SLIDER = {"GoodnessLab": "ff-threshold", "MaskLab": "ff-blurs"}  # moved from left to right
TRAINED = ("TrainingLab", "ProbeLab", "RaceLab", "DigitPad", "FieldLab", "DreamLab")
BEYOND = {  # their modules
    "FieldLab": "field_lab",
    "SettlingLab": "settling_lab",
    "DreamLab": "dream_lab",
}
CODE = {
    "TrainingLab": "TrainingLab(preset='slow motion')",
    "GoodnessLab": "GoodnessLab()",
    "MaskLab": "MaskLab()",
    "ProbeLab": "ProbeLab()",
    "RaceLab": "RaceLab()",
    "DigitPad": "DigitPad()",
    "FieldLab": "FieldLab()",
    "SettlingLab": "SettlingLab()",
    "DreamLab": "DreamLab()",
}


def frames(panel, name):
    """Use the panel, and yield its picture again and again."""
    if name == "DigitPad":
        panel.part("ff-load").click()
    if name in TRAINED:
        panel.train()
    for number in range(FRAMES):
        if name in SLIDER:
            panel.drag(SLIDER[name], 0.1 + 0.8 * number / FRAMES)
        if name == "SettlingLab" and number % 2:
            panel.part("ff-next").click()
        panel.page.wait_for_timeout(PAUSE)
        yield Image.open(io.BytesIO(panel.root.screenshot())).convert("RGB")
    if name in TRAINED:
        panel.pause()


def record(notebook, name, cell):
    panel = PanelPage(notebook, cell)
    panel.root.scroll_into_view_if_needed()
    first, *others = frames(panel, name)
    stem = "digit-pad" if name == "DigitPad" else name.removesuffix("Lab").lower() + "-lab"
    others = [frame for frame in others if frame.size == first.size]
    options = {"save_all": True, "append_images": others, "loop": 0, "quality": 55, "method": 5}
    first.save(FOLDER / f"{stem}.webp", duration=int(1000 * SECONDS), **options)
    others[-1].quantize(128).save(FOLDER / f"{stem}.png", optimize=True)
    alt = f"Recorded: {name} in use. At the end: {panel.alt}"
    size = {"width": first.width, "height": first.height}
    return {"loop": f"{stem}.webp", "still": f"{stem}.png", "alt": alt, **size}


def main():
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root, home = Path(folder) / "notebooks", Path(folder) / "home"
        root.mkdir()
        home.mkdir()
        module = {name: f"ffteach.beyond.{file}" for name, file in BEYOND.items()}
        lines = [
            f"from {module.get(name, 'ffteach.live')} import {name}\n\n{code}"
            for name, code in CODE.items()
        ]
        write_notebook(root / "panels.ipynb", lines)
        server = JupyterServer(root, home)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        try:
            with NotebookPage(browser, server, "panels.ipynb", width=1366, height=800) as notebook:
                notebook.run_all()
                found = {name: record(notebook, name, cell) for cell, name in enumerate(CODE)}
        finally:
            server.stop()
    (FOLDER / "panels.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
