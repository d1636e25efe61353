"""The notebook of the examples runs, and what it shows on GitHub is what its code gives now."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples" / "tour.ipynb"
AGAIN = "run it again: python scripts/run_notebook.py"


def shapes(notebook: dict[str, Any]) -> list[list[list[str]]]:
    """Give of each cell's outputs their kinds and the heads of their tables, without numbers: those vary."""
    return [
        [
            [output["output_type"], *output.get("data", {}), *re.findall(r"<th[^>]*>([^<\d]*)", str(output))]
            for output in cell.get("outputs", ())
        ]
        for cell in notebook["cells"]
    ]


@pytest.mark.model
def test_the_notebook_runs_and_its_saved_outputs_are_of_its_code(tmp_path: Path):
    folders = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "TMPDIR")
    environment = {**os.environ, **dict.fromkeys(folders, str(tmp_path))}
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "run_notebook.py", tmp_path / "fresh.ipynb"],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    saved, fresh = (json.loads(file.read_text(encoding="utf-8")) for file in (NOTEBOOK, tmp_path / "fresh.ipynb"))
    assert saved["metadata"]["outputs_of"] == fresh["metadata"]["outputs_of"], f"its code changed; {AGAIN}"
    assert shapes(saved) == shapes(fresh), f"it shows something else now; {AGAIN}"
    kinds = {kind for cell in fresh["cells"] for output in cell.get("outputs", ()) for kind in output.get("data", {})}
    assert kinds == {"text/plain", "text/html", "image/png"}
    assert "£750" in str(fresh) and "stderr" not in str(fresh)
