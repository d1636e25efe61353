"""Windows to train on: a stretch of a row's text, drawn around the answer.

Enters: a row and a tokenizer. Leaves: a window with the place of the answer. Stretches of many lengths, so that the
reader knows passages of all of them.
"""

import random
from typing import TYPE_CHECKING

from scoville.extract.windows import Window, assemble, encode_question
from scoville.train.reader.rows import Row

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

LENGTHS = (64, 96, 128, 160, 224)
TABLE_HEAD_TOKENS = 48


def draw_window(row: Row, tokenizer: "Tokenizer", longest: int, rng: random.Random) -> Window | None:
    """Draw a stretch of the row's text that holds one of its answers whole; None when the answer is too long."""
    question, text = encode_question(row.question, tokenizer), tokenizer.encode(row.context, add_special_tokens=False)
    most = longest - len(question) - 3
    room = min(most, rng.choice((*LENGTHS, longest)) - len(question) - 3)
    answer = _tokens_of(rng.choice(row.answers), text) if row.answers else None
    if row.answers and (answer is None or answer[1] - answer[0] >= most):
        return None
    room = max(room, answer[1] - answer[0] + 1 if answer else 1)
    first, last = 0, len(text.ids)
    if last > room:
        low, high = (max(0, answer[1] + 1 - room), min(answer[0], last - room)) if answer else (0, last - room)
        first = rng.randint(low, max(low, high))
        last = first + room
    head = min(_table_head(row, text), most - (last - first))
    keep = [*range(head if head < first else 0), *range(first, last)]  # a table keeps the names of its columns
    place = {token: at for at, token in enumerate(keep)}
    return assemble(question, text, keep, tokenizer, (place[answer[0]], place[answer[1]]) if answer else None)


def _tokens_of(span: tuple[int, int], text: "Encoding") -> tuple[int, int] | None:
    inside = [at for at, (start, end) in enumerate(text.offsets) if start < span[1] and end > span[0]]
    return (inside[0], inside[-1]) if inside else None


def _table_head(row: Row, text: "Encoding") -> int:
    """Count the tokens of title and header of a table that is written in lines with ``|`` between its cells."""
    lines = row.context.split("\n", 3)
    if len(lines) < 3 or not ("|" in lines[1] and "|" in lines[2]):
        return 0
    characters = len(lines[0]) + len(lines[1]) + 2
    return min(TABLE_HEAD_TOKENS, sum(1 for start, _ in text.offsets if start < characters))
