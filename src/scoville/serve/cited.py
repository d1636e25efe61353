"""An answer for clients that show Markdown: its markers become links to the pages that are cited.

Enters: an answer, and who asks. Leaves: its text in pieces, ``[1](http://.../api/pages/...)`` with what an annotation
of OpenAI says of it. Where a format has no pages that can be drawn, the link leads to the passage as text.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fastapi import Request

from scoville.answer.contract import answer_json
from scoville.answer.grounding import MARKER, PLAIN_MARKER
from scoville.html import REASONS
from scoville.read.picture import DRAWN
from scoville.recipe.model import shown_name
from scoville.serve.callers import Caller
from scoville.serve.service import Asked, service_of
from scoville.types import Answer, Citation, Passage

LINK = re.compile(r"\s?\[\d{1,3}\]\(http[^)\s]*\)")
ID_LENGTH = 16
"""How much of a document's id its address has: 64 of 256 bits."""


class Piece(NamedTuple):
    """Some text, or a link with its annotation."""

    text: str
    annotation: dict[str, Any] | None = None


class Linker:
    """Makes links for one caller."""

    def __init__(self, base: str, caller: Caller) -> None:
        self._base = base
        self._caller = caller

    @classmethod
    def of(cls, request: Request, caller: Caller) -> "Linker":
        """Make links that lead to where a request came in."""
        return cls(service_of(request).base(request), caller)

    def link(self, passage: Passage, citations: Sequence[Citation]) -> str:
        """Give the address of what citations of one passage rest on: those of the first one's page are boxed."""
        page = citations[0].page
        if page is None or not passage.media_type.startswith(DRAWN):
            return self._address(f"/api/passages/{passage.id}")
        boxes = dict.fromkeys(box for one in citations for box in one.boxes if box.page == page)
        written = ";".join(",".join(f"{edge:.1f}" for edge in box[1:]) for box in boxes)
        path = f"/api/pages/{passage.document_id[:ID_LENGTH]}/{page}.png"
        return self._address(path, f"boxes={written}" if written else "")

    def _address(self, path: str, query: str = "") -> str:
        queries = "&".join(filter(None, (query, self._caller.sign(path))))
        return f"{self._base}{path}" + (f"?{queries}" if queries else "")


def pieces(answer: Answer, linker: Linker) -> list[Piece]:
    """Cut an answer at its markers, which become links; JSON stays as it is."""
    if answer.data is not None:
        return [Piece(answer.text)]
    passages = {hit.passage.id: hit.passage for hit in answer.hits}
    by_marker: dict[int, list[Citation]] = {}
    for citation in answer.citations:
        if citation.passage_id in passages:
            by_marker.setdefault(citation.marker, []).append(citation)
    return list(_cut(answer.text, by_marker, passages, linker))


def joined(cut: Sequence[Piece]) -> tuple[str, list[dict[str, Any]]]:
    """Give the text of pieces, and their annotations."""
    return "".join(piece.text for piece in cut), [piece.annotation for piece in cut if piece.annotation]


def _cut(
    text: str, by_marker: dict[int, list[Citation]], passages: dict[str, Passage], linker: Linker
) -> Iterator[Piece]:
    done, length = 0, 0  # in the answer; in what was given
    for found in PLAIN_MARKER.finditer(text):
        citations = by_marker.get(int(found[1]))
        if not citations:
            continue
        start = found.end() - len(found[1]) - 2
        before = text[done:start]
        passage = passages[citations[0].passage_id or ""]
        url = linker.link(passage, citations)
        link, begin = f"[{found[1]}]({url})", length + len(before)
        done, length = found.end(), begin + len(link)
        if before:
            yield Piece(before)
        place = f", page {citations[0].page}" if citations[0].page else ""
        yield Piece(link, {
            "type": "url_citation", "start_index": begin, "end_index": length, "url": url,
            "title": f"{passage.title or passage.source}{place}",
        })  # fmt: skip
    if text[done:]:
        yield Piece(text[done:])


def without_markers(text: str) -> str:
    """Take out of a turn of ours, as a client gives it back, what links and markers it has."""
    return MARKER.sub("", LINK.sub("", text))


def asked_json(asked: Asked, linker: Linker) -> dict[str, Any]:
    """Write an answer as `scoville ask --json` does, with its trace, why it is none, and where each citation leads."""
    answer = asked.answer
    written = answer_json(answer)
    passages = {hit.passage.id: hit.passage for hit in answer.hits}
    pairs = list(zip(answer.citations, written["citations"], strict=True))
    if answer.refusal:
        pairs += zip(answer.refusal.citations, written["refusal"]["citations"], strict=True)
        written["because"] = REASONS[answer.refusal.reason]
    for citation, shown in pairs:
        passage = passages.get(citation.passage_id or "")
        shown["url"] = linker.link(passage, [citation]) if passage else None
    model = answer.reply and shown_name(answer.reply.model)
    return written | {"model": model, "bot": asked.model, "trace": asked.trace_id}
