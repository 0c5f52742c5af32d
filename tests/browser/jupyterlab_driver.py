"""Drive a real JupyterLab in a real Chromium: a server on loopback, and notebooks in the browser.

Nothing outside 127.0.0.1 is reached: the browser blocks every other address, and `problems()` names
the attempts.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {
        "windowingMode": "none"
    },  # every cell stays in the page
    "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
}
# The toolbar says "idle" before there is a kernel, and a Run All at that moment is lost: so ask the
# application itself.
KERNEL_READY = """async () => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
    const kernel = session?.session?.kernel;
    if (!kernel) return false;
    const late = new Promise(done => setTimeout(done, 1000, 'late'));
    const ready = Promise.all([session.ready, kernel.info]);
    if (await Promise.race([late, ready]) === 'late') return false;
    const connected = kernel.connectionStatus === 'connected' && kernel.status === 'idle';
    return connected && !session.pendingInput; }"""
NOTEBOOK = "window.jupyterapp.shell.currentWidget.content.model.toJSON()"


def find_chromium():
    """Return the path of Chromium or None: FFTEACH_CHROMIUM says it, else what is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("FFTEACH_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def wait_for(read, wanted=bool, *, seconds=90, what="what was waited for", pause=0.05):
    """Return the first `read()` for which `wanted` holds. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if wanted(value):
            return value
        assert time.monotonic() < end, (
            f"{what} did not come within {seconds} s; the last value was {value!r}"
        )
        time.sleep(pause)


def free_port():
    """Return a port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nothing_from_outside(home):
    """Return an environment in which Jupyter reads and writes its own files in `home` alone."""
    return os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


class JupyterServer:
    """A JupyterLab on 127.0.0.1 with a token, passing settings in `home`, and files in `root`."""

    def __init__(self, root, home):
        self.root, self.token, self.log = root, secrets.token_hex(16), home / "server.log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        for name, content in SETTINGS.items():
            path = home / "settings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        env = nothing_from_outside(home) | {
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        }
        command = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={root}",
            "--ServerApp.terminals_enabled=False",
            "--LanguageServerManager.autodetect=False",
            "--ServerApp.contents_manager_class=scripts.lab_files.LessonFiles",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--expose-app-in-browser",
        ]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=Path(__file__).parents[2],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for(self._is_up, seconds=120, what="JupyterLab", pause=0.25)
        except AssertionError:
            self.stop()
            raise

    def _is_up(self):
        assert self.process.poll() is None, "JupyterLab ended:\n" + self.log.read_text()[-3000:]
        try:
            return self.call("api/status") is not None
        except OSError:
            return False

    def call(self, path, method="GET"):
        """Return the JSON answer of the server's REST interface, None if it is empty."""
        request = urllib.request.Request(
            f"{self.url}/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=20
        ) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def end_kernels(self):
        for session in self.call("api/sessions"):
            self.call(f"api/sessions/{session['id']}", "DELETE")

    def stop(self):
        """End the server and its kernels."""
        with contextlib.suppress(OSError):
            self.call("api/shutdown", "POST")
        for stop_signal in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
                return
            os.killpg(self.process.pid, stop_signal)


@contextlib.contextmanager
def demo_page(home):
    """Serve the page of `make demo` with the Makefile's command; yield its address."""
    root = Path(__file__).parents[2]
    makefile = (root / "Makefile").read_text().replace("\\\n", " ")  # a command may be two lines
    command = re.search(r"\$\(PY\) (-m voila .*) \$\(ARGS\)", makefile)[1].split()
    port = free_port()
    env = nothing_from_outside(home) | {"JUPYTER_PATH": str(root / "demo")}
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, *command, "--no-browser", f"--port={port}"],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_up():
        assert server.poll() is None, "voila ended:\n" + (home / "log").read_text()[-3000:]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with (
            contextlib.suppress(OSError),
            opener.open(f"http://127.0.0.1:{port}/voila/static/voila.js"),
        ):
            return True

    try:
        wait_for(is_up, seconds=120, what="voila", pause=0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # it then ends its kernels
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


class LoopbackPage:
    """A browser page that reaches nothing but 127.0.0.1. `page` is Playwright's."""

    def __init__(self, browser, *, width=1280, height=1000):
        self._problems = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        self.context.set_default_timeout(90_000)
        self.context.route("**/*", self._gate)
        self.page = self.context.new_page()
        self.page.on(
            "pageerror", lambda error: self._problems.append(f"error in the page: {error}")
        )
        self.page.on(
            "console",
            lambda said: (
                self._problems.append(f"console: {said.text}") if said.type == "error" else None
            ),
        )

    def _gate(self, route):
        address = urlsplit(route.request.url)
        if address.scheme in ("http", "https") and address.hostname != "127.0.0.1":
            self._problems.append(f"outside request: {route.request.url}")
            route.abort()
        else:
            route.continue_()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()

    def problems(self):
        """What must not happen: errors in the browser, and outside requests."""
        return list(self._problems)


class NotebookPage(LoopbackPage):
    """One notebook in one browser page, closed together with its kernel at the end of `with`."""

    def __init__(self, browser, server, path, *, width=1280, height=1000, theme=None):
        super().__init__(browser, width=width, height=height)
        self.server, page = server, self.page
        self.widget_messages = 0  # sent to the kernel so far
        page.on("websocket", lambda socket: socket.on("framesent", self._count))
        workspace = secrets.token_hex(4)  # with ?reset: nothing remembered from an earlier test
        place = f"{server.url}/lab/workspaces/{workspace}/tree/{quote(path)}"
        page.goto(f"{place}?token={server.token}&reset", wait_until="domcontentloaded")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        if theme:
            page.evaluate(
                "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
                theme,
            )
        self.wait_idle()

    def _count(self, frame):
        content = frame if isinstance(frame, bytes) else frame.encode()
        self.widget_messages += b"comm_msg" in content

    def __exit__(self, *error):
        super().__exit__(*error)
        self.server.end_kernels()

    # ---- running cells

    def wait_idle(self, seconds=90):
        """Wait until the kernel is connected and idle, three times in a row."""
        for _ in range(3):
            wait_for(
                lambda: self.page.evaluate(KERNEL_READY),
                seconds=seconds,
                what="an idle kernel",
                pause=0.1,
            )

    def run_all(self, seconds=180):
        """Run all cells from the menu and wait for the end. AssertionError if a cell fails."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
        wait_for(self._all_ran, seconds=seconds, what="the end of all cells", pause=0.2)
        self.wait_idle()

    def _all_ran(self):
        errors = self.cell_errors()
        assert not errors, "a cell failed: " + "; ".join(errors)
        cells = [
            cell
            for cell in self.cells()
            if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
        ]
        return (
            all(cell["execution_count"] for cell in cells)
            and not self.page.locator(".jp-InputPrompt", has_text="[*]").count()
        )

    def run_cell(self, index):
        """Run the cell at `index` (from 0, all kinds counted) and wait until it is done."""
        before = self.cells()[index]["execution_count"]
        self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(
            ".jp-InputArea-editor"
        ).click()
        self.page.keyboard.press("Control+Enter")
        wait_for(
            lambda: self.cells()[index]["execution_count"],
            lambda count: count not in (None, before),
            what=f"cell {index}",
        )
        self.page.keyboard.press("Escape")
        self.wait_idle()

    def cells(self):
        """The cells as the browser holds them, in the notebook format."""
        return self.page.evaluate(f"() => {NOTEBOOK}.cells")

    def cell_errors(self):
        """The error outputs, one text each."""
        return [
            f"cell {index}: {output['ename']}: {output['evalue']}"
            for index, cell in enumerate(self.cells())
            for output in cell.get("outputs", [])
            if output["output_type"] == "error"
        ]

    def problems(self):
        """What must not happen: errors in cells or browser, outside requests, entries in the log.

        An exception or a print in a widget's callback appears in the log console only.
        """
        title = self.page.locator("[title*='log entries']")
        entries = (
            re.search(r"(\d+) log entries", title.first.get_attribute("title"))
            if title.count()
            else None
        )
        logged = (
            [f"{entries[1]} entries in the log console"] if entries and entries[1] != "0" else []
        )
        return self.cell_errors() + super().problems() + logged
