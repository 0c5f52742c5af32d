"""How live the panels are, without a browser and in JupyterLab in Chromium: `make bench-panels`.

Prints Markdown tables and asserts nothing. Run it on a quiet machine: on a busy one the figures are
worse.
"""

import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jupyterlab_driver import CHROMIUM_OPTIONS, JupyterServer, NotebookPage, find_chromium, wait_for
from panel_page import PanelPage, write_notebook

from ffteach import live

SLIDERS = {  # of each panel the one that is moved
    "TrainingLab": "ff-threshold",
    "GoodnessLab": "ff-threshold",
    "MaskLab": "ff-blurs",
    "ProbeLab": "ff-threshold",
    "RaceLab": "ff-epochs",  # a rate is not in its picture
    "DigitPad": "ff-strength",
}
OPTIONS = dict.fromkeys(("TrainingLab", "ProbeLab"), "epochs=50") | {
    "RaceLab": "epochs=30"
}  # not done too soon
MORE = {"DigitPad": "panel.training.epochs = 500"}
MOVES, SECONDS, PAUSES = 60, 10, 10  # of a slider; of training; how often it is paused
LISTEN = """panel => {
    const seen = panel.seen = {acted: 0, frames: [], paused: 0};
    const acts = () => { seen.acted = performance.now(); seen.paused = 0; };
    const said = () => panel.querySelector('.ff-status').innerText;
    new MutationObserver(() => {
        if (said().includes('Paused.')) seen.paused ||= performance.now();
    }).observe(panel, {subtree: true, childList: true});
    panel.addEventListener('keydown', acts, true);
    panel.addEventListener('click', acts, true);
    panel.addEventListener('ff-drawn', () => seen.frames.push(performance.now())); }"""
FIRST_PICTURE = """() => {
    let started;
    document.addEventListener('keydown', event => {
        if (event.key === 'Enter') started ??= performance.now(); }, true);
    document.addEventListener('ff-drawn', () => {
        window.firstPicture ??= performance.now() - started; }); }"""


def table(title, head, rows):
    """Print a Markdown table."""
    print(f"\n**{title}**\n")
    for row in itertools.chain([head, ["---"] * len(head)], rows):  # each as it comes
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def milliseconds(seconds):
    return f"{1000 * seconds:.0f} ms"


def spread(times):
    """Median and 95th percentile of seconds, as text."""
    return [
        milliseconds(statistics.median(times)),
        milliseconds(statistics.quantiles(times, n=20)[-1]),
    ]


def part(widget, css):
    """Return the widget with this CSS class, in `widget` or below it."""
    if css in getattr(widget, "_dom_classes", ()):
        return widget
    return next(
        (found for child in getattr(widget, "children", ()) if (found := part(child, css))), None
    )


def headless(name):
    """One row of figures of a panel without a browser."""
    started = time.perf_counter()
    panel = getattr(live, name)()
    first, slider = time.perf_counter() - started, part(panel.widget, SLIDERS[name])
    if name == "DigitPad":
        panel.load_button.click()  # an empty pad would always look the same
    times = []
    for move in range(MOVES):
        started = time.perf_counter()
        slider.value += slider.step if move % 2 else -slider.step
        times.append(time.perf_counter() - started)
    row = [name, milliseconds(first), *spread(times)]
    if not panel.trains:
        return [*row, "", ""]
    trained, ticks, started = panel.training.seconds, 0, time.perf_counter()
    panel.train_button.value = True
    while (passed := time.perf_counter() - started) < SECONDS and panel.running:
        panel.tick(ticks)
        ticks += 1
    return [*row, f"{ticks / passed:.1f}", f"{(panel.training.seconds - trained) / passed:.0%}"]


def in_browser(name, browser, server):
    """One row of figures of a panel in JupyterLab."""
    path = f"{name}.ipynb"
    write_notebook(
        server.root / path,
        [
            "from ffteach import live",
            f"panel = live.{name}({OPTIONS.get(name, '')})\n{MORE.get(name, '')}\npanel",
            "getattr(panel, 'training', None) and panel.training.seconds",
        ],
    )
    with NotebookPage(browser, server, path, height=1400) as notebook:
        notebook.run_cell(0)
        notebook.page.evaluate(FIRST_PICTURE)
        notebook.run_cell(1)
        row = [
            name,
            milliseconds(
                wait_for(
                    lambda: notebook.page.evaluate("() => window.firstPicture"),
                    what="the first picture",
                )
                / 1000
            ),
        ]
        panel = PanelPage(notebook, 1)
        panel.root.evaluate(LISTEN)
        handle, times = panel.handle(SLIDERS[name]), []
        seen = lambda what: panel.root.evaluate(f"panel => panel.seen.{what}")
        if name == "DigitPad":
            panel.part("ff-load").click()
            notebook.page.wait_for_timeout(1000)
        for move in range(MOVES):
            panel.root.evaluate("panel => { panel.seen.frames = []; }")
            handle.press("ArrowRight" if move % 2 else "ArrowLeft")
            wait_for(lambda: seen("frames.length"), what="a new picture", pause=0.02)
            times.append((seen("frames[0]") - seen("acted")) / 1000)
            notebook.page.wait_for_timeout(100)
        row += spread(times)
        if not panel.part("ff-train").count():
            return [*row, "", "", ""]
        panel.train()
        started = seen("acted")
        panel.root.evaluate("panel => { panel.seen.frames = []; }")
        notebook.page.wait_for_timeout(1000 * SECONDS)
        frames = panel.root.evaluate("panel => panel.seen.frames")
        panel.pause()
        stopped = seen("acted")
        notebook.page.wait_for_timeout(1000)
        notebook.run_cell(2)
        trained = float("".join(notebook.cells()[2]["outputs"][0]["data"]["text/plain"]))
        pauses = []
        for _ in range(PAUSES):
            panel.train()
            notebook.page.wait_for_timeout(700)
            panel.pause()
            notebook.page.wait_for_timeout(700)
            drawn = seen("frames.find(time => time > panel.seen.paused)")
            pauses.append((drawn - seen("acted")) / 1000)
        rate = (len(frames) - 1) / (frames[-1] - frames[0]) * 1000
        return [
            *row,
            f"{rate:.1f}",
            f"{1000 * trained / (stopped - started):.0%}",
            milliseconds(statistics.median(pauses)),
        ]


def main():
    live_figures = [
        "first picture",
        "slider to picture, median",
        "95th percentile",
        "frames a second",
        "of the time training",
    ]
    table("Panels without a browser", ["panel", *live_figures], map(headless, SLIDERS))
    chromium = find_chromium()
    if chromium is None:
        sys.exit(
            "No Chromium found: install one or set FFTEACH_CHROMIUM to its path, to measure in the "
            "browser too."
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        (Path(folder) / "root").mkdir(), (Path(folder) / "home").mkdir()
        server = JupyterServer(Path(folder) / "root", Path(folder) / "home")
        try:
            table(
                "Panels in JupyterLab in Chromium",
                ["panel", *live_figures, "click on Pause to its picture, median"],
                (in_browser(name, browser, server) for name in SLIDERS),
            )
        finally:
            server.stop()
            browser.close()


if __name__ == "__main__":
    main()
