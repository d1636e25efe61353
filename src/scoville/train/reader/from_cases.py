"""Questions with passages become rows: where the answer stands in its evidence, and passages that do not answer.

Enters: questions as rows of training are made of, what the answer may be. Leaves: rows. An answer is found as it is
written, else the words that the case quotes, else a sentence or a line of the passage that says it.
"""

import re
from collections.abc import Iterator, Sequence

from scoville.sentences import sentences
from scoville.train.reader.rows import Row
from scoville.train.rows.grounded import Question, may_hold
from scoville.types import Case, Passage

DISTRACTORS = 1
"""Passages beside the evidence, for each question: so that what has an answer and what has none keep a balance."""
DECLINED = 2
"""Passages for a question that nothing answers."""


def rows_of(case: Case, asked: Question) -> Iterator[Row]:
    """Give the rows of one case, all of one title, so that they are held out together."""
    question, title = asked.searched or asked.question, asked.group
    quotes = [evidence.quote for evidence in case.evidence if evidence.quote]
    for number, passage in enumerate(asked.evidence):
        spans = spans_of(passage, case.question, case.expected, quotes)
        if spans:
            yield Row(id=f"{case.id}:{number}", question=question, context=passage.content, answers=spans, title=title)
    beside = asked.distractors[: DISTRACTORS if asked.answer else DECLINED]
    for number, passage in enumerate(beside):
        yield Row(id=f"{case.id}:beside-{number}", question=question, context=passage.content, answers=(), title=title)


def spans_of(
    passage: Passage, question: str, expected: Sequence[str], quotes: Sequence[str]
) -> tuple[tuple[int, int], ...]:
    """Find where a passage's ``content`` answers a question; empty where it cannot be told."""
    text = passage.content
    quoted = [span for quote in quotes if (span := find(text, quote))]
    for answer in expected:
        for start, end in quoted or [(0, len(text))]:
            if found := find(text[start:end], answer):
                return ((start + found[0], start + found[1]),)
    if quoted:
        return (quoted[0],)
    said = [one for one in sentences(text) for answer in expected if may_hold(one.text, answer, question)]
    shortest = min(said, key=lambda one: one.end - one.start, default=None)
    return ((shortest.start, shortest.end),) if shortest else ()


def find(text: str, wanted: str) -> tuple[int, int] | None:
    """Find words in a text, whatever the case and the spaces between them, and not as part of a longer word."""
    words = wanted.strip().strip(".").split()
    if not words:
        return None
    pattern = r"\s+".join(map(re.escape, words))
    found = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return found.span() if found else None
