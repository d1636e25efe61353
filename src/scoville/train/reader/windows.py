"""Rows as token ids: a question and a stretch of its text, with where the answer begins and ends.

Enters: a row and a tokenizer. Leaves: ``Window``. While training a stretch is drawn around the answer, so that the
reader sees passages of all lengths; while reading, overlapping stretches cover the text.
"""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

from scoville.train.reader.rows import Row

QUESTION_TOKENS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """One row as the network sees it: ``[CLS] question [SEP] text [SEP]``."""

    ids: list[int]
    question: int
    """How many tokens come before the text: ``[CLS]``, the question's and ``[SEP]``."""
    start: int
    """Place of the answer's first token in ``ids``; 0 (``[CLS]``) when there is none."""
    end: int
    """Place of its last token."""
    offsets: list[tuple[int, int]]
    """Of the text's tokens, in the row's context."""


def draw_window(row: Row, tokenizer: Tokenizer, longest: int, rng: random.Random) -> Window | None:
    """Draw a stretch of the row's text that holds one of its answers whole; None when the answer is too long."""
    question, text = (
        encode(row.question, tokenizer)[:QUESTION_TOKENS],
        tokenizer.encode(row.context, add_special_tokens=False),
    )
    room = min(longest, rng.choice((64, 96, 128, 160, 224, longest))) - len(question) - 3
    span = _tokens_of(rng.choice(row.answers), text) if row.answers else None
    if row.answers and (span is None or span[1] - span[0] >= longest - len(question) - 3):
        return None
    room = max(room, span[1] - span[0] + 1 if span else 1)
    head = _table_head(row, text) if "\n" in row.context else 0
    first, last = 0, len(text.ids)
    if last > room:
        low, high = (max(0, span[1] + 1 - room), min(span[0], last - room)) if span else (0, last - room)
        first = rng.randint(low, max(low, high))
        last = first + room
    keep = list(range(first, last))
    if 0 < head < first:  # the stretch of a table keeps the names of its columns
        keep = [*range(head), *keep]
    place = {token: at for at, token in enumerate(keep)}
    return assemble(question, text, keep, (place[span[0]], place[span[1]]) if span else None, tokenizer)


def encode(text: str, tokenizer: Tokenizer) -> list[int]:
    """Token ids without the special ones."""
    return tokenizer.encode(text, add_special_tokens=False).ids


def cover(question: str, context: str, tokenizer: Tokenizer, *, longest: int, stride: int) -> list[Window]:
    """Cover a text by windows of at most ``longest`` tokens that overlap by ``stride``."""
    asked, text = encode(question, tokenizer)[:QUESTION_TOKENS], tokenizer.encode(context, add_special_tokens=False)
    room = longest - len(asked) - 3
    starts = range(0, max(1, len(text.ids) - stride), max(1, room - stride))
    return [assemble(asked, text, list(range(a, min(a + room, len(text.ids)))), None, tokenizer) for a in starts]


def assemble(
    question: list[int], text: Encoding, keep: list[int], span: tuple[int, int] | None, tokenizer: Tokenizer
) -> Window:
    """Put the tokens together; ``span`` counts tokens of ``keep``."""
    cls, sep = (tokenizer.token_to_id(name) or 0 for name in ("[CLS]", "[SEP]"))
    before = len(question) + 2
    return Window(
        ids=[cls, *question, sep, *(text.ids[token] for token in keep), sep],
        question=before,
        start=before + span[0] if span else 0,
        end=before + span[1] if span else 0,
        offsets=[text.offsets[token] for token in keep],
    )


def _tokens_of(span: tuple[int, int], text: Encoding) -> tuple[int, int] | None:
    inside = [at for at, (start, end) in enumerate(text.offsets) if start < span[1] and end > span[0]]
    return (inside[0], inside[-1]) if inside else None


def _table_head(row: Row, text: Encoding) -> int:
    """Tokens of the title and the header of a table that is written in lines with `` | `` between its cells."""
    lines = row.context.split("\n", 3)
    if len(lines) < 3 or not ("|" in lines[1] and "|" in lines[2]):
        return 0
    chars = len(lines[0]) + len(lines[1]) + 2
    return min(48, sum(1 for start, _ in text.offsets if start < chars))
