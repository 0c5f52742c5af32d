"""Do the tests notice? Plant one fault after another into a copy of the package and see.

    python scripts/plant_faults.py                 (all of them: half an hour and more)
    python scripts/plant_faults.py overlay peer    (those whose file or text has one of these words)

The faults are in faults.py. Each is tried on a temporary copy, with the tests that are about its
file, in a process that has loaded torch already (not on Windows). One that these tests do not
notice is a survivor, and the exit code is then 1. Tests that fail without a fault end it all.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path

from faults import FAULTS

ROOT = Path(__file__).resolve().parent.parent
LOADED = ["pytest", "hypothesis.strategies", "torch._dynamo", "torchvision.datasets", "anywidget"]
LOADED += ["matplotlib.figure", "torch.testing"]
PATIENCE = 300  # seconds for the tests of one fault: to hang is to be noticed


def noticed(file, old, new, tests):
    """Return whether the tests notice `new` in the place of `old`."""
    names = [name if "/" in name else f"unit/test_{name}" for name in tests.split()]
    files = [str(ROOT / "tests" / f"{name}.py") for name in names]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(shutil.copytree(ROOT / "ffteach", Path(folder, "ffteach")), file)
        text = place.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise SystemExit(f"{file} holds {old!r} {text.count(old)} times: mend faults.py")
        compile(text.replace(old, new), file, "exec")  # what is no Python, every test notices
        place.write_text(text.replace(old, new), encoding="utf-8")
        process = multiprocessing.Process(target=_test, args=(folder, files))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            process.join()
        return process.exitcode != 0


def _test(folder, files):
    """In a process of its own: run tests on the package in `folder`; the exit code is pytest's."""
    import pytest

    os.chdir(ROOT)
    sys.path.insert(0, folder)
    os.environ |= {"PYTHONPATH": folder, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files]))


def main(words):
    """Try the faults that these words choose and return the exit code."""
    multiprocessing.set_start_method("forkserver")
    multiprocessing.set_forkserver_preload(LOADED)
    chosen = [
        (file, old, new, tests)
        for file, (tests, *faults) in FAULTS.items()
        for old, new in faults
        if not words or any(word in f"{file} {old} {new}" for word in words)
    ]
    survivors, pass_as_is = 0, set()
    for file, old, new, tests in chosen:
        if tests not in pass_as_is and noticed(file, old, old, tests):
            raise SystemExit(f"{tests}: these fail without a fault")
        pass_as_is.add(tests)
        found = noticed(file, old, new, tests)
        print(f"{'noticed' if found else 'SURVIVES':9} {file}: {old!r} -> {new!r}", flush=True)
        survivors += not found
    print(f"{len(chosen)} faults, {survivors} survivors")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
