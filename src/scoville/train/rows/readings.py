"""Questions that bring their own text (SQuAD and its like) become questions with passages.

Enters: rows of reading. Leaves: questions. Distractors are the texts of other rows that share the most words with the
question and do not hold its answer; a question that its text does not answer gets them from other articles only, since
its own may answer it elsewhere.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence

from scoville.cases.generate.checks import find_by_words
from scoville.train.reader.rows import Row
from scoville.train.rows.grounded import Question, may_answer
from scoville.types import Passage

POOL = 2000
"""So many texts are searched for distractors."""


def reading_questions(rows: Sequence[Row], passages: int, source: str, seed: int) -> Iterator[Question]:
    """Give the question of each row, with at most so many ``passages``."""
    texts = {row.context: passage_of(row) for row in rows}
    titles = {passage.id: row.title for row in rows if (passage := texts[row.context])}
    pool = list(texts.values())
    random.Random(seed).shuffle(pool)
    find = find_by_words(pool[:POOL])
    for row in rows:
        own = texts[row.context]
        answers = row.texts or list(row.free)
        others = [
            one
            for one in find(row.question)
            if one.id != own.id
            and (not may_answer(one.content, answers, row.question) if answers else
                 bool(row.title) and titles[one.id] != row.title)
        ][: passages - 1]  # fmt: skip
        yield Question(
            id=row.id,
            question=row.question,
            answer=answers[0] if answers else "",
            evidence=[own] if answers else (),
            distractors=others if answers else [own, *others],
            kind="refusal" if not answers else "table" if own.text.startswith("| ") else "grounded",
            source=row.source or source,
            group=row.title or own.id,
        )


def passage_of(row: Row) -> Passage:
    """Write the text of a row as a passage of an index: a table in its form, the article's title above it."""
    title, text = row.title, row.context
    lines = text.strip("\n").split("\n")
    if len(lines) > 2 and all(" | " in line for line in lines[1:]):
        cells = [line.split(" | ") for line in lines[1:]]
        title = row.title or lines[0]
        text = "\n".join(["| " + " | ".join(map(str.strip, cells[0])) + " |", "|" + "---|" * len(cells[0]),
                          *("| " + " | ".join(map(str.strip, line)) + " |" for line in cells[1:])])  # fmt: skip
    name = hashlib.sha256(row.context.encode()).hexdigest()[:16]
    return Passage(
        id=name, source=title or name, document_id=name, title=title, media_type="text/plain", start=0, end=len(text),
        text=text, prefix=title, headings=(title,) if title else (),
    )  # fmt: skip
