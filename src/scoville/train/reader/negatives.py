"""Questions that a text does not answer, made of questions that it does.

Enters: rows. Leaves: rows without an answer. Three ways, each sure enough to learn from: the sentence with the answer
is taken out; a name or number in the question is one that the text does not know; a word is turned into its opposite.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from scoville.train.reader.rows import Row

NAMED = re.compile(r"(?<=[a-z,] )[A-Z][\w'’-]+(?: (?:of |the )?[A-Z][\w'’-]+)*|(?<= )\d[\d,.]*\b")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“(])|\n+")
OPPOSITES = dict(
    pair
    for a, b in (
        ("largest", "smallest"), ("biggest", "smallest"), ("highest", "lowest"), ("most", "least"), ("first", "last"),
        ("before", "after"), ("more", "less"), ("best", "worst"), ("increase", "decrease"), ("increased", "decreased"),
        ("oldest", "youngest"), ("north", "south"), ("east", "west"), ("northern", "southern"), ("eastern", "western"),
        ("began", "ended"), ("start", "end"), ("started", "ended"), ("won", "lost"), ("win", "lose"), ("early", "late"),
        ("minimum", "maximum"), ("allowed", "forbidden"), ("included", "excluded"), ("higher", "lower"),
        ("support", "oppose"), ("supported", "opposed"), ("public", "private"), ("positive", "negative"),
        ("accept", "reject"), ("above", "below"),
    )
    for pair in ((a, b), (b, a))
)  # fmt: skip


def without_answer(row: Row, others: Sequence[Row], rng: random.Random) -> Row | None:
    """Make an unanswerable row of an answerable one, or None where no way is safe."""
    ways = [_sentence_taken_out, lambda r, g: _stranger(r, others, g), lambda r, g: _stranger(r, others, g), _opposite]
    rng.shuffle(ways)
    return next((made for way in ways if (made := way(row, rng))), None)


def _sentence_taken_out(row: Row, rng: random.Random) -> Row | None:
    bounds = [0, *(found.end() for found in SENTENCE_END.finditer(row.context)), len(row.context)]
    held = [
        (a, b) for a, b in zip(bounds, bounds[1:], strict=False) if not any(s < b and e > a for s, e in row.answers)
    ]
    text = "".join(row.context[a:b] for a, b in held)
    if len(text) < 80 or any(answer.lower() in text.lower() for answer in row.texts):
        return None
    return replace(row, context=text, answers=())


def _stranger(row: Row, others: Sequence[Row], rng: random.Random) -> Row | None:
    """Ask about a name or number of another text."""
    found = list(NAMED.finditer(row.question))
    if not found:
        return None
    part = rng.choice(found)
    for _ in range(8):
        strange = NAMED.findall(rng.choice(others).context[:1500])
        same_kind = [
            name
            for name in strange
            if name[0].isdigit() == part[0][0].isdigit() and name.rstrip(".,") not in row.context
        ]
        if same_kind:
            new = rng.choice(same_kind).rstrip(".,")
            return replace(row, question=row.question[: part.start()] + new + row.question[part.end() :], answers=())
    return None


def _opposite(row: Row, rng: random.Random) -> Row | None:
    words = [
        (m.start(), m.end(), OPPOSITES[m[0]]) for m in re.finditer(r"\b[a-z]+\b", row.question) if m[0] in OPPOSITES
    ]
    words = [word for word in words if not re.search(rf"\b{word[2]}\b", row.context, re.I)]
    if not words:
        return None
    start, end, new = rng.choice(words)
    return replace(row, question=row.question[:start] + new + row.question[end:], answers=())
