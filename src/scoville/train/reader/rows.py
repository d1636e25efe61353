"""Reading questions in the form of SQuAD: a question, a text, and where in it the answers stand.

Enters: SQuAD v2 JSON (``{"data": [{"title", "paragraphs": [...]}]}``) or JSON lines, plain or gzipped, with
``{"question", "context", "answers": [{"text", "answer_start"}], "answerable"}``. Leaves: ``Row``. Knows no tokens.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoville.errors import ScovilleError

FORM = "expected `question`, `context` and `answers` with `text` and `answer_start`"


class RowError(ScovilleError):
    """A file of reading questions cannot be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One question about one text."""

    id: str
    question: str
    context: str
    answers: tuple[tuple[int, int], ...]
    """Spans of ``context``, without repetition; none when the text does not answer the question."""
    title: str = ""
    source: str = ""
    free: tuple[str, ...] = ()
    """Answers in words that need not stand in the text: counts, sums, whole sentences."""

    @property
    def texts(self) -> list[str]:
        """The answers as words."""
        return [self.context[start:end] for start, end in self.answers]


def read_questions(path: Path, *, free: bool = False) -> list[Row]:
    """Read the rows of a file whose answers stand in their text, with ``free`` also those answered in free words only.

    Raises RowError with the line that is wrong.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise RowError(
            f"{path} cannot be read ({error}); expected SQuAD JSON or JSON lines, plain or gzipped"
        ) from None
    rows = [row for row in _parse(path, text) if row is not None and (free or not row.free)]
    if not rows:
        raise RowError(f"{path} holds no question with a text; {FORM}, in SQuAD JSON or JSON lines")
    return rows


def _parse(path: Path, text: str) -> Iterator[Row | None]:
    if '"paragraphs"' in text[:2000] or text.lstrip()[:8].startswith('{"data"'):
        try:
            asked = [
                {**question, "context": paragraph["context"], "title": article.get("title", "")}
                for article in json.loads(text)["data"]
                for paragraph in article["paragraphs"]
                for question in paragraph["qas"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RowError(f"{path}: no SQuAD JSON ({error!r}); {FORM} in `qas` of `paragraphs` of `data`") from None
        for fields in asked:
            yield _row(fields, f"{path}: {fields.get('id')}")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                fields = json.loads(line)
            except ValueError as error:
                raise RowError(f"{path}, line {number}: no JSON ({error})") from None
            yield _row(fields, f"{path}, line {number}")


def _row(fields: Mapping[str, Any], where: str) -> Row | None:
    try:
        context, question = fields["context"], fields["question"].strip()
        impossible = fields.get("is_impossible", False) or fields.get("answerable") is False
        spans = (
            [] if impossible else [(a["answer_start"], a["answer_start"] + len(a["text"])) for a in fields["answers"]]
        )
        wrong = [
            a["text"]
            for a in fields["answers"]
            if not impossible and context[a["answer_start"] :][: len(a["text"])] != a["text"]
        ]
    except KeyError as error:
        raise RowError(f"{where}: {error} is missing; {FORM}") from None
    except (TypeError, AttributeError):
        raise RowError(f"{where}: a value is of another type; {FORM}") from None
    if wrong:
        raise RowError(f"{where}: the answer {wrong[0][:60]!r} does not stand at its `answer_start`")
    free = [] if impossible or spans else [text.strip() for text in fields.get("free_answers") or () if text.strip()]
    if not spans and not impossible and not free:
        return None
    return Row(
        id=str(fields.get("id", where)),
        question=question,
        context=context,
        answers=tuple(dict.fromkeys(spans)),
        title=str(fields.get("title", "")).replace("_", " "),
        source=str(fields.get("source", "")),
        free=tuple(free),
    )
