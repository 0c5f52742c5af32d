"""How live the panels are, without a browser and in pages of Chromium: `make bench-panels`.

Prints Markdown tables and asserts nothing. Run it on a quiet machine: on a busy one the figures are
worse.
"""

import itertools
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from jupyterlab_driver import (
    CHROMIUM_OPTIONS,
    JupyterServer,
    LoopbackPage,
    NotebookPage,
    demo_page,
    find_chromium,
    wait_for,
)
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


def slide(panel, name):
    """Move a panel's slider and return the seconds until each new picture."""
    panel.root.evaluate(LISTEN)
    seen = lambda what: panel.root.evaluate(f"panel => panel.seen.{what}")
    handle, times = panel.handle(SLIDERS[name]), []
    for move in range(MOVES):
        panel.root.evaluate("panel => { panel.seen.frames = []; }")
        handle.press("ArrowRight" if move % 2 else "ArrowLeft")
        wait_for(lambda: seen("frames.length"), what="a new picture", pause=0.02)
        times.append((seen("frames[0]") - seen("acted")) / 1000)
        panel.page.wait_for_timeout(100)
    return times


def run(panel):
    """Let a panel train; return its pictures a second, and the milliseconds that it ran."""
    acted = lambda: panel.root.evaluate("panel => panel.seen.acted")
    panel.train()
    started = acted()
    panel.root.evaluate("panel => { panel.seen.frames = []; }")
    panel.page.wait_for_timeout(1000 * SECONDS)
    frames = panel.root.evaluate("panel => panel.seen.frames")
    panel.pause()
    return (len(frames) - 1) / (frames[-1] - frames[0]) * 1000, acted() - started


def pauses(panel):
    """Return the median time from a click on Pause to its picture, as text."""
    times = []
    for _ in range(PAUSES):
        panel.train()
        panel.page.wait_for_timeout(700)
        panel.pause()
        panel.page.wait_for_timeout(700)
        first = "panel.seen.frames.find(time => time > panel.seen.paused)"
        times.append(panel.root.evaluate(f"panel => {first} - panel.seen.acted") / 1000)
    median = statistics.median(times)
    return milliseconds(median) if median > 0 else "no new picture"


def in_jupyterlab(name, browser, server):
    """One row of figures of a panel in JupyterLab."""
    path = f"{name}.ipynb"
    write_notebook(server.root / path, sources(name))
    with NotebookPage(browser, server, path, height=1400) as notebook:
        notebook.run_cell(0)
        notebook.page.evaluate(FIRST_PICTURE)
        notebook.run_cell(1)
        first = wait_for(
            lambda: notebook.page.evaluate("() => window.firstPicture"), what="the first picture"
        )
        panel = PanelPage(notebook, 1)
        if name == "DigitPad":
            panel.part("ff-load").click()
            notebook.page.wait_for_timeout(1000)
        row = [name, milliseconds(first / 1000), *spread(slide(panel, name))]
        if not panel.part("ff-train").count():
            return [*row, "", "", ""]
        rate, passed = run(panel)
        notebook.page.wait_for_timeout(1000)
        notebook.run_cell(2)
        trained = float("".join(notebook.cells()[2]["outputs"][0]["data"]["text/plain"]))
        return [*row, f"{rate:.1f}", f"{1000 * trained / passed:.0%}", pauses(panel)]


def sources(name):
    """The cells of a notebook with one panel."""
    return [
        "from ffteach import live",
        f"panel = live.{name}({OPTIONS.get(name, '')})\n{MORE.get(name, '')}\npanel",
        "getattr(panel, 'training', None) and panel.training.seconds",
    ]


def elsewhere(where, panel):
    """One row of figures of the training lab in another page than JupyterLab."""
    panel.root.wait_for()
    panel.handle("ff-epochs").press("End")  # not done too soon
    row = [where, *spread(slide(panel, "TrainingLab"))]
    return [*row, f"{run(panel)[0]:.1f}", pauses(panel)]


def in_notebook_7(browser, server):
    write_notebook(server.root / "seven.ipynb", sources("TrainingLab"))
    with LoopbackPage(browser, height=1400) as shown:
        shown.page.goto(f"{server.url}/notebooks/seven.ipynb?token={server.token}")
        shown.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")
        shown.page.wait_for_timeout(2000)  # before that a Run All can be lost
        shown.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        shown.page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
        return elsewhere("Notebook 7", PanelPage(shown, 1))


def in_the_demo(browser, home):
    with demo_page(home) as address, LoopbackPage(browser, height=800) as shown:
        shown.page.goto(address, wait_until="domcontentloaded")
        return elsewhere("the page of `make demo`", PanelPage(shown, 0))


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
                (in_jupyterlab(name, browser, server) for name in SLIDERS),
            )
            home = Path(folder) / "demo"
            home.mkdir()
            elsewhere_pages = (
                partial(in_notebook_7, browser, server),
                partial(in_the_demo, browser, home),
            )
            table(
                "The training lab elsewhere",
                ["page", *live_figures[1:4], "click on Pause to its picture, median"],
                (page() for page in elsewhere_pages),
            )
        finally:
            server.stop()
            browser.close()


if __name__ == "__main__":
    main()
