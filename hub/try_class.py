"""A class for trying: students log in at once, open a lesson, train in the panel, run all cells.

    python hub/try_class.py --students 8 --browsers 2 --minutes 8

The hub is that of jupyterhub_config.py, on 127.0.0.1, with one Linux user and a password made at
the start. Prints a table: memory of each student, times, and what one sees whose memory is full.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
import websocket

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "browser"))
from jupyterlab_driver import (  # noqa: E402
    CHROMIUM_OPTIONS,
    KERNEL_READY,
    NOTEBOOK,
    SETTINGS,
    LoopbackPage,
    find_chromium,
    free_port,
    wait_for,
)

LESSON = "notebooks/02_supervised_overlay.ipynb"
TRIAL = """
import os
load_subconfig({config!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = os.environ["CLASS_PASSWORD"]
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = c.Spawner.args + [
    "--allow-root",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.user_settings_dir={settings}",
]
"""


class Hub:
    """A hub for trying in `folder`, with the lessons on a Git server; both only on 127.0.0.1."""

    def __init__(self, folder):
        self.password, self.log = secrets.token_urlsafe(16), folder / "hub.log"
        self.names = []  # of its students
        port, hub_port, api_port, git_port = (free_port() for _ in range(4))
        self.url, self.lessons = f"http://127.0.0.1:{port}", f"git://127.0.0.1:{git_port}/lessons"
        copy = ["git", "clone", "-q", "--bare", str(ROOT), str(folder / "git" / "lessons")]
        subprocess.run(copy, check=True)
        for name, content in SETTINGS.items():  # every cell stays in the page
            path = folder / "settings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        config = folder / "trial_config.py"
        config.write_text(
            TRIAL.format(
                config=str(ROOT / "hub" / "jupyterhub_config.py"),
                homes=str(folder / "homes"),
                settings=folder / "settings",
                port=port,
                hub_port=hub_port,
                api_port=api_port,
            )
        )
        git = ["git", "daemon", "--listen=127.0.0.1", f"--port={git_port}", "--export-all"]
        git += [f"--base-path={folder / 'git'}"]
        hub = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
        with open(self.log, "wb") as log:
            start = {"cwd": folder, "stdout": log, "stderr": log, "start_new_session": True}
            start["env"] = os.environ | {"CLASS_PASSWORD": self.password}
            self.processes = [subprocess.Popen(command, **start) for command in (git, hub)]

    def is_up(self):
        assert self.processes[1].poll() is None, "the hub ended:\n" + self.log.read_text()[-3000:]
        try:
            return requests.get(f"{self.url}/hub/api/", timeout=5).ok
        except requests.RequestException:
            return False

    def __enter__(self):
        try:
            wait_for(self.is_up, seconds=120, what="the hub", pause=0.2)
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for process in self.processes[::-1]:
            process.send_signal(signal.SIGTERM)  # the hub ends its proxy and all servers
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
                continue
            os.killpg(process.pid, signal.SIGKILL)
        left = lambda: [process for name in self.names for process in processes_of(name)]
        # a kernel that was not told looks once a second whether its server is still there
        wait_for(left, [].__eq__, seconds=10, what="the end of the last kernel")

    def link(self, lesson):
        """The link of nbgitpuller that a teacher hands out."""
        target = {"repo": self.lessons, "urlpath": f"lab/tree/lessons/{lesson}"}
        query = requests.models.RequestEncodingMixin._encode_params(target)
        return f"{self.url}/hub/user-redirect/git-pull?{query}"


class Student:
    """A student who works through the interfaces of the hub and of Jupyter, without a browser."""

    def __init__(self, hub, name):
        self.hub, self.name, self.place = hub, name, f"{hub.url}/user/{name}"
        hub.names.append(name)
        self.web = requests.Session()

    def log_in(self):
        """Give name and password, start the server, wait until it is there."""
        api = f"{self.hub.url}/hub/api/users/{self.name}"
        words, page = {"username": self.name, "password": self.hub.password}, "/hub/login"
        self.web.get(self.hub.url + page, timeout=180)
        form = words | {"_xsrf": self.web.cookies["_xsrf"]}
        self.web.post(self.hub.url + page, form, timeout=180, allow_redirects=False)
        self.web.cookies.clear()  # from now on a token says who it is
        self._ask("POST", f"{api}/tokens", json={"auth": words}, into="token")
        self.web.headers["Authorization"] = f"token {self.token}"
        self._ask("POST", f"{api}/server")
        ready = lambda: self._ask("GET", api)["servers"].get("", {}).get("ready")
        wait_for(ready, seconds=180, what=f"the server of {self.name}", pause=0.5)

    def _ask(self, method, url, into=None, **content):
        answer = self.web.request(method, url, timeout=180, **content)
        answer.raise_for_status()
        value = answer.json() if answer.text else None
        if into:
            setattr(self, into, value[into])
        return value

    def pull(self):
        """What the page of nbgitpuller does: get the lessons, or what is new in them."""
        where = {"repo": self.hub.lessons}
        said = self.web.get(f"{self.place}/git-pull/api", params=where, timeout=180).text
        assert '"phase": "finished"' in said, said

    def open(self, lesson=LESSON):
        """Open the notebook with a kernel. Returns the sources of its code cells."""
        path = f"lessons/{lesson}"
        kernel = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = self._ask("POST", f"{self.place}/api/sessions", json=kernel)
        channels = f"{self.place}/api/kernels/{session['kernel']['id']}/channels"
        self.socket = websocket.create_connection(
            channels.replace("http", "ws", 1), header=[f"Authorization: token {self.token}"]
        )
        cells = self._ask("GET", f"{self.place}/api/contents/{path}")["content"]["cells"]
        return [cell["source"] for cell in cells if cell["cell_type"] == "code"]

    def run(self, source, seconds=180):
        """Run a cell. Returns its outputs, each the content of a Jupyter message."""
        wanted, outputs = uuid.uuid4().hex, []
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        header = {"msg_id": wanted, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": self.name, "session": wanted, "date": "2000-01-01T00:00:00Z"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.send(json.dumps(message | {"channel": "shell"}))
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(end - time.monotonic(), 0.01))
            text = self.socket.recv()
            if isinstance(text, bytes):  # pictures on their way to a panel
                continue
            message = json.loads(text)
            if message["parent_header"].get("msg_id") != wanted:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append(content)
            if kind == "status" and content["execution_state"] == "idle":
                return outputs


def processes_of(name):
    """The processes of a student's server and kernels: process id, command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"\0JUPYTERHUB_USER={name}\0".encode() in b"\0" + (folder / "environ").read_bytes():
                yield int(folder.name), (folder / "cmdline").read_bytes().decode()


def memory_of(name):
    """MiB of a student's server and kernels: each shared page counts by its share (PSS)."""
    sizes = {"server": 0.0, "kernel": 0.0}
    for process, command in processes_of(name):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            kind = "kernel" if "ipykernel" in command else "server"
            sizes[kind] += int(re.search(r"^Pss: +(\d+)", text, re.M)[1]) / 1024
    return sizes


def has_picture(outputs):
    return any("<img" in output.get("data", {}).get("text/html", "") for output in outputs)


def by_interface(hub, name, row, end):
    """One student's hour: log in, pull, run cell by cell, and train 200 steps in the panel."""
    student, start = Student(hub, name), time.monotonic()
    student.log_in()
    row["server"] = time.monotonic() - start
    student.pull()
    sources = student.open()
    row["cells"] = f"0/{len(sources)}"
    for number, source in enumerate(sources, 1):
        outputs = student.run(source, 300)
        errors = [output["evalue"] for output in outputs if "evalue" in output]
        assert not errors, f"{name}, cell {number}: {errors}"
        if "picture" not in row and has_picture(outputs):
            row["picture"] = time.monotonic() - start
        if source.endswith("TrainingLab()"):
            row["steps"] = int(student.run("_.run(200)['step']", 300)[-1]["data"]["text/plain"])
            row["panel"] = time.monotonic() - start
        row["cells"] = f"{number}/{len(sources)}"
        if time.monotonic() > end:
            break
    return student


def by_browser(hub, name, row, end, shots):
    """The same with mouse and keyboard in Chromium. The kernel is killed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=CHROMIUM_OPTIONS
        )
        with LoopbackPage(chromium) as visit:
            page = visit.page
            page.set_default_timeout(200_000)
            page.goto(hub.link(LESSON))
            page.locator("#username_input").fill(name)
            page.locator("#password_input").fill(hub.password)
            start = time.monotonic()
            page.locator("#login_submit").click()
            page.wait_for_url(re.compile(f"/user/{name}/lab"), wait_until="commit")
            row["server"] = time.monotonic() - start
            page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").first.wait_for()
            wait_for(lambda: page.evaluate(KERNEL_READY), seconds=180, what="an idle kernel")
            page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
            page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
            page.locator(".jp-OutputArea-output img").first.wait_for(state="attached")
            row["picture"] = time.monotonic() - start
            panel = page.locator(".ff-panel").first
            panel.locator(".ff-train").click()
            step = lambda: int(re.search(r"step (\d+)", panel.inner_text())[1])
            wait_for(step, lambda number: number >= 200, seconds=240, what="step 200", pause=0.5)
            row["steps"], row["panel"] = step(), time.monotonic() - start
            panel.screenshot(path=shots / f"{name}_panel.png")
            while time.monotonic() < end:
                cells = page.evaluate(f"() => {NOTEBOOK}.cells")
                code = [cell for cell in cells if cell["cell_type"] == "code"]
                done = sum(bool(cell["execution_count"]) for cell in code)
                row["cells"] = f"{done}/{len(code)}"
                if done == len(code):
                    break
                page.wait_for_timeout(1000)
            for process, command in list(processes_of(name)):
                if "ipykernel" in command:
                    os.kill(process, signal.SIGKILL)  # what a system does that has no memory left
            dialog = page.locator(".jp-Dialog-content").first
            dialog.wait_for()
            row["killed"] = " ".join(dialog.inner_text().split())
            page.screenshot(path=shots / f"{name}_killed.png")
        chromium.close()


def fill_memory(student, neighbour):
    """One student's cell asks for more and more. Returns the error, and how the others fare."""
    student.run("import torch\nhoard = []")
    ask = "while True:\n    hoard.append(torch.ones(2**24))"  # 64 MiB each
    with ThreadPoolExecutor() as pool:
        full = pool.submit(student.run, ask)
        beside = pool.submit(neighbour.run, "sum(range(10**7))").result()
        said = full.result()[-1]
    after = student.run("del hoard\nprint('the kernel lives')")
    unhurt = "evalue" not in beside[-1]
    return {"error": f"{said['ename']}: {said['evalue']}", "after": after, "others unhurt": unhurt}


def table(rows):
    columns = ["server", "picture", "panel", "steps", "cells", "server MiB", "kernel MiB"]
    lines = [f"{'student':11}" + "".join(f"{column:>12}" for column in columns)]
    for name, row in rows.items():
        cells = [row.get(column, "-") for column in columns]
        cells = [f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in cells]
        lines.append(f"{name:11}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, default=8)
    parser.add_argument("--browsers", type=int, default=2, help="of them in Chromium")
    parser.add_argument("--minutes", type=float, default=8, help="no new cell after that")
    parser.add_argument("--shots", type=Path, help="folder for pictures of the browsers")
    args = parser.parse_args()
    names = [f"student{number}" for number in range(1, args.students + 1)]
    rows, over = {name: {} for name in names}, threading.Event()

    def watch():
        while not over.wait(2):
            for name, row in rows.items():
                for kind, size in memory_of(name).items():
                    row[f"{kind} MiB"] = max(row.get(f"{kind} MiB", 0.0), size)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        shots = args.shots or folder
        shots.mkdir(parents=True, exist_ok=True)
        with Hub(folder) as hub, ThreadPoolExecutor(args.students + 1) as pool:
            watching = pool.submit(watch)
            before, end = os.getloadavg()[0], time.monotonic() + 60 * args.minutes
            work = [
                pool.submit(by_browser, hub, name, rows[name], end, shots)
                if number < args.browsers
                else pool.submit(by_interface, hub, name, rows[name], end)
                for number, name in enumerate(names)
            ]
            for name, task in zip(names, work):
                if task.exception():
                    print(f"{name}: {task.exception()}")
            over.set()
            watching.result()
            print(f"load before {before:.1f}, in the end {os.getloadavg()[0]:.1f}; seconds from")
            print("the log-in; memory: the most that was seen, shared pages by their share\n")
            print(table(rows))
            print("\nkilled kernel:", *{row["killed"] for row in rows.values() if "killed" in row})
            students = [task.result() for task in work[args.browsers :] if not task.exception()]
            if len(students) > 1:
                print("full memory:", fill_memory(*students[:2]))


if __name__ == "__main__":
    main()
