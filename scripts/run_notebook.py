"""Run the notebook of the examples and keep what its cells give, so that GitHub shows it.

Enters: ``examples/tour.ipynb``. Leaves: the same with fresh outputs, in place or in another file:
``python scripts/run_notebook.py [OUT]``. The hash of the code that gave the outputs is kept with them, so that a
test sees cells that were changed and not run again. Needs the extra ``dev``.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "examples" / "tour.ipynb"
CELL_SECONDS = 300
"""The longest that a cell may take, on a busy machine."""


def run(out: Path) -> None:
    """Run every cell in a new kernel; one that raises ends it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", record_timing=False).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs = [_lean(output) for output in cell.outputs if output.get("data", {}).get("text/html") != ""]
    code = "\n".join(cell.source for cell in cells)
    notebook.metadata["outputs_of"] = hashlib.sha256(code.encode()).hexdigest()
    notebook.metadata["language_info"] = {"name": "python"}  # the kernel's own names the version of Python
    nbformat.write(notebook, out)


def _lean(output: dict[str, Any]) -> dict[str, Any]:
    """Give an output in one form only: a table without its text, a picture once."""
    data = output.get("data", {})
    best = next((kind for kind in ("text/html", "image/png") if kind in data), None)
    if best:
        output["data"] = {best: data[best]}
    return output


if __name__ == "__main__":
    run(Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK)
