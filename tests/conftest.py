"""In CI nothing may be skipped silently: with CI=true a skipped test, module or notebook cell fails
the run."""

import contextlib
import os
import signal

import pytest

# torch's autograd counts the devices at its first backward pass: the stand-in must be there by then
with contextlib.suppress(ImportError):  # this file also serves alone, in a test of its own
    import fakegpu
    import torch

    if fakegpu.AVAILABLE and not torch.cuda.is_available():  # with both, autograd would fail
        fakegpu._install()


def pytest_configure():
    """Hear Ctrl-C, which a shell's background job ignores: tests raise it, also in children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be absent
def pytest_xdist_make_scheduler(config, log):
    """Workers take whole files, whose tests share pages, and whole notebooks; a lesson by itself
    where each has a test of its own."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            return nodeid if "lesson_runs" in test else file

    return Files(config, log)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("true", "1")


def skipped(config) -> list[str]:
    """What was skipped so far, with the reason. Read from the terminal reporter, which sees the
    notebooks' cells too (hooks of this file are only called for the tests beside it)."""
    reports = config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped", [])
    return [
        f"{r.nodeid}: {r.longrepr[2] if isinstance(r.longrepr, tuple) else r.longrepr}"
        for r in reports
    ]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if (
        in_ci()
        and skipped(session.config)
        and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if in_ci() and (reasons := skipped(config)):
        terminalreporter.section("skipped, which fails the run in CI", red=True)
        for reason in reasons:
            terminalreporter.line(reason)
