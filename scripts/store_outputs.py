"""Run lessons from top to bottom and store their outputs: `store_outputs.py [FILE ...]`.

Without names, all of notebooks/. What a stored lesson must not carry is left out: widgets and their
state, warnings and progress bars, times, the Python version, and all that a cell tagged
`not-stored` shows. JupyterLab hides stored outputs until a cell is run, so that nobody reads the
answer before the guess; on the web they are seen. Stops at the first error and then leaves the file
as it was.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WIDGET = "application/vnd.jupyter.widget-view+json"


def store(path):
    """Execute one notebook in its own folder and write it back with clean outputs."""
    notebook = nbformat.read(path, as_version=4)
    started = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    seconds = time.perf_counter() - started
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            kept = "not-stored" not in cell.metadata.get("tags", [])
            cell.outputs = [output for output in cell.outputs if kept and _belongs(output)]
            hide_outputs(cell)
    notebook.metadata = {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)
    print(
        f"{path}: {len(notebook.cells)} cells, {seconds:.0f} s, {path.stat().st_size / 1000:.0f} KB"
    )


def hide_outputs(cell):
    """Let JupyterLab show the outputs of a cell, if there are some, only once it has been run.

    In their place it shows the first line of the first output: so that one is empty. It writes both
    names of this setting, so a lesson that is saved stays as it was stored.
    """
    for name in ("jupyter", "collapsed"):
        cell.metadata.pop(name, None)
    if cell.outputs:
        cell.metadata |= {"collapsed": True, "jupyter": {"outputs_hidden": True}}
        cell.outputs.insert(0, nbformat.v4.new_output("display_data", data={}))


def _belongs(output):
    data = output.get("data", {})
    is_widget = WIDGET in data or data.get("text/html") == ""  # with the place for its picture
    return not is_widget and not (output.output_type == "stream" and output.name == "stderr")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(Path(__file__).parents[1].glob("notebooks/*.ipynb")):
        store(Path(name))
