"""A class on one machine: a lesson in several kernels at once, each with its time and memory.

python tests/bench/many_kernels.py            (lesson 02 in eight kernels)
python tests/bench/many_kernels.py 4 03       (lesson 03 in four)
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

# as hub/jupyterhub_config.py sets them: threads that wait for each other take ten times as long
SETTINGS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}
LESSONS = Path(__file__).resolve().parents[2] / "notebooks"
PEAK = """
import pathlib
print(next(line.split()[1] for line in pathlib.Path("/proc/self/status").read_text().splitlines()
           if line.startswith("VmHWM")))
"""


async def walk(path):
    """Run a lesson from top to bottom; return the seconds, and the kernel's peak memory in MB."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    client = NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": path.parent}})
    started = time.perf_counter()
    await client.async_execute()
    return time.perf_counter() - started, int(notebook.cells[-1].outputs[0].text) / 1024


async def main(count=8, lesson="02"):
    """Let `count` kernels go through the lesson at once and print what each took."""
    os.environ |= SETTINGS
    (path,) = LESSONS.glob(f"{lesson}_*.ipynb")
    walks = await asyncio.gather(*(walk(path) for _ in range(int(count))))
    for number, (seconds, memory) in enumerate(walks, start=1):
        print(f"kernel {number}: {seconds:4.0f} s, peak {memory:4.0f} MB")
    times, memories = zip(*walks)
    print(f"{path.name} in {count} kernels: {max(times):.0f} s, {sum(memories):,.0f} MB together")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
