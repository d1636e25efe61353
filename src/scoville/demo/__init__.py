"""A fictional company's documents, questions about them, and how well a bot answers.

Enters: nothing of the user's. Leaves: a folder with documents, cases, and what is right (:mod:`scoville.demo.grade`).
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from scoville.demo.grade import DemoCase, cites_right, is_right, score_demo


def demo_cases() -> list[DemoCase]:
    """Give the dozen questions, eight with an answer and four without."""
    lines = files("scoville.demo").joinpath("cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines if line.strip()]


def _case(row: dict[str, Any]) -> DemoCase:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return DemoCase(**values)


def write_demo_documents(folder: Path) -> list[Path]:
    """Write the company's documents to a folder, over older copies; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for item in sorted(files("scoville.demo").joinpath("documents").iterdir(), key=lambda item: item.name):
        if not item.name.startswith(("_", ".")):
            path = folder / item.name
            path.write_bytes(item.read_bytes())
            written.append(path)
    return written


__all__ = ["DemoCase", "cites_right", "demo_cases", "is_right", "score_demo", "write_demo_documents"]
