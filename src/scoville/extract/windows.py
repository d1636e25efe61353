"""A question and a text as token ids, in stretches that a reader sees whole.

Enters: texts and a tokenizer. Leaves: ``Window``. A long text is covered by stretches that overlap, so that an answer
cut by the end of one stands whole in the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

QUESTION_TOKENS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """``[CLS] question [SEP] text [SEP]``."""

    ids: list[int]
    before: int
    """How many tokens come before the text."""
    offsets: list[tuple[int, int]]
    """Characters of each of the text's tokens, in the whole text."""
    start: int = 0
    """While training: the place of the answer's first token in ``ids``; 0 (``[CLS]``) when there is none."""
    end: int = 0
    """And of its last."""

    @property
    def segments(self) -> list[int]:
        """1 for the tokens of the text, 0 for all others."""
        return [0] * self.before + [1] * len(self.offsets) + [0]


def cover(question: str, text: str, tokenizer: "Tokenizer", *, longest: int, overlap: int) -> list[Window]:
    """Cover a text by windows of at most ``longest`` tokens in all, of which neighbours share ``overlap``."""
    asked, read = encode_question(question, tokenizer), tokenizer.encode(text, add_special_tokens=False)
    room = longest - len(asked) - 3
    starts = range(0, max(1, len(read.ids) - overlap), max(1, room - overlap))
    return [assemble(asked, read, range(start, min(start + room, len(read.ids))), tokenizer) for start in starts]


def encode_question(question: str, tokenizer: "Tokenizer") -> list[int]:
    """Token ids of a question, cut where it is very long."""
    return tokenizer.encode(question, add_special_tokens=False).ids[:QUESTION_TOKENS]


def assemble(
    question: list[int],
    text: "Encoding",
    keep: Sequence[int],
    tokenizer: "Tokenizer",
    answer: tuple[int, int] | None = None,
) -> Window:
    """Put a window together from those tokens of a text that it keeps; ``answer`` counts the tokens kept."""
    cls, sep = (tokenizer.token_to_id(name) or 0 for name in ("[CLS]", "[SEP]"))
    before = len(question) + 2
    start, end = answer or (-before, -before)
    ids, offsets = text.ids, text.offsets  # each look at them makes a whole list
    return Window(
        ids=[cls, *question, sep, *(ids[token] for token in keep), sep],
        before=before,
        offsets=[offsets[token] for token in keep],
        start=before + start,
        end=before + end,
    )
