"""Questions without an answer in files that have no field for it: what the expected answer says, or who must be asked.

Enters: cases as a format gave them. Leaves: the same, those unanswerable whose answer says so. Knows no format.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scoville.answer.declines import declines
from scoville.types import Case

SAYS_SO = re.compile(
    r"\bnot (?:\w+ )?answerable\b|^\W*(?:unanswerable|no answer|cannotanswer)\W*$|^generated from this prompt:",
    re.IGNORECASE,
)
"""Also what Microsoft's ai-rag-chat-evaluator writes in place of an answer: the prompt that made the question."""
NAMED_SO = re.compile(r"do?e?s?[-_ ]?n[o']?t[-_ ]?know|un[-_ ]?answerable|no[-_ ]?answer|impossible", re.IGNORECASE)
SHARED_BY = 3
"""Questions that share one answer, and cite nothing, have hardly been answered by it."""


def marked(case: Case) -> Case:
    """Make a case unanswerable where each of its answers says that there is none, and no evidence is named."""
    says_so = bool(case.expected) and all(SAYS_SO.search(text) or declines(text) for text in case.expected)
    if not case.answerable or case.evidence or case.choices or not says_so:
        return case
    return replace(case, answerable=False, expected=())


def in_doubt(path: Path, cases: Sequence[Case]) -> str:
    """Say why cases may have no answer although their file does not say so; empty where nothing hints at it."""
    open_cases = [case for case in cases if case.answerable and not case.evidence and case.expected]
    shared = Counter(text for case in open_cases for text in case.expected)
    text, count = max(shared.items(), key=lambda one: one[1], default=("", 0))
    if open_cases and NAMED_SO.search(path.stem):
        return f"its name says that its questions have no answer, and {len(open_cases)} have one that cites nothing"
    if count >= SHARED_BY and len(text.split()) > SHARED_BY:
        return f"{count} questions share the answer {text[:80]!r}, which cites nothing"
    return ""
