"""The page in a real browser: it filters, opens a question, moves on and closes, with no word on the console."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scoville.comparison.report import report_html
from scoville.comparison.shown import shown_run
from scoville.evaluate.run_cases import run_cases
from scoville.evaluate.runs import create_run
from scoville.evaluate.score_run import score_run
from scoville.evaluate.system import FunctionSystem
from scoville.types import Case

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not BROWSER, reason="no Chromium here")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom",
)  # fmt: skip
HARNESS = Path(__file__).parent / "page_harness.html"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    cases = [
        Case(id=name, question=f"How many {name}?", expected=("Thirty days.",)) for name in ("pears", "plums", "apples")
    ]
    systems = {
        "all": lambda question: "Thirty days.",
        "few": lambda question: "Thirty days." if "plums" in question else "Nine.",
    }
    runs = []
    for name, answer in systems.items():
        run = create_run(folder / "runs", cases, {"system": name})
        run_cases(FunctionSystem(answer), cases, run)
        score_run(run)
        runs.append(shown_run(run, []))
    (folder / "page.html").write_text(report_html(runs, metric="quality"), encoding="utf-8")
    return folder


def opened(folder: Path, width: int) -> tuple[dict[str, Any], list[str]]:
    """Let the browser work with the page; give what it found, and what stood on its console."""
    harness = folder / f"harness{width}.html"
    harness.write_text(HARNESS.read_text(encoding="utf-8").replace("WIDTH", str(width)), encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder / f'profile{width}'}", harness.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    text = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert text and text[1], done.stderr[-2000:]
    return json.loads(text[1]), [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.parametrize("width", [390, 1300])
def test_the_page_filters_opens_a_question_and_closes_it(page: Path, width: int):
    found, console = opened(page, width)
    assert (found["width"], found["overflow"]) == (width, 0)
    assert found["all"] == ["How many pears?", "How many apples?", "How many plums?"]
    assert found["worse"] == ["How many pears?", "How many apples?"]
    assert found["found"] == ["How many apples?"]
    assert (found["nothing"], found["said"]) == ([], "No question is like that.")
    assert (found["opened"], found["hash"]) == (["How many pears?"], "#q1")
    assert (found["next"], found["before"]) == (["How many apples?"], ["How many pears?"])
    assert (found["closed"], found["clicked"], found["focus"]) == ([], [], "How many pears?")
    assert (found["tools"], found["still"]) == (True, "How many pears?")  # without scripts
    console = [line for line in console if "frame is sandboxed" not in line]
    assert not found["ran"]
    refused = [line for line in console if "Content Security Policy" in line]
    assert len(refused) == 1  # of the script that the test put there
    assert console == refused
