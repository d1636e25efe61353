"""A fictional company's documents, questions about them, and how well a bot answers.

Enters: nothing of the user's. Leaves: a folder with documents, cases, and scores of answers against them.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from scoville.evaluate.metrics.words import contains
from scoville.types import Answer


@dataclass(frozen=True, kw_only=True)
class DemoCase:
    """A question with what a right answer contains, or none where the documents do not say."""

    id: str
    question: str
    answers: tuple[str, ...]
    """Any one of them makes an answer right."""
    document: str | None
    page: int | None
    answerable: bool


def demo_cases() -> list[DemoCase]:
    """Give the dozen questions."""
    lines = files("scoville.demo").joinpath("cases.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    for row in rows:
        row["answers"] = tuple(row["answers"])
    return [DemoCase(**row) for row in rows]


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


def is_right(case: DemoCase, answer: Answer) -> bool:
    """Say whether an answer holds an expected text, or refuses a question that has no answer."""
    if not case.answerable:
        return answer.refused
    return not answer.refused and any(contains(answer.text, expected) for expected in case.answers)


def cites_right(case: DemoCase, answer: Answer) -> bool:
    """Say whether a verified citation names the expected document, and its page where it has pages."""
    return any(
        citation.verified
        and citation.document is not None
        and Path(citation.document).name == case.document
        and case.page in (None, citation.page)
        for citation in answer.citations
    )
