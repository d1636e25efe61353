"""How values show themselves in a notebook: small pieces of HTML.

Enters: the plain parts of values. Leaves: HTML. Questions, answers and documents are not to be trusted: all of
their text is escaped, and nothing is loaded.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

UNSURE_BELOW = 0.6
"""An answer that is less likely right is said to be unsure; ask.js has the same number."""
UNSURE = "not sure of this: look at the page before you rely on it"
REASONS: Mapping[str, str] = {
    "nothing_found": "nothing was found",
    "out_of_scope": "nothing in the documents is close enough to the question",
    "not_permitted": "nothing that you may read is close enough to the question; there may be more that you may not",
    "not_answered": "the documents come close, and do not answer it",
    "conflict": "documents say different things",
    "false_premise": "the documents say other than the question supposes",
    "underspecified": "the answer depends on what the question leaves open",
    "no_documents": "nothing was found",
    "weak_evidence": "nothing in the documents is close enough to the question",
    "low_support": "it is too unlikely that the passages answer",
    "model_declined": "the model found no answer in the passages",
    "ungrounded": "found no support in the passages for what the model wrote",
    "blocked": "a guard of the recipe forbids it",
    "cut_off": "the model's reply was cut off before an answer stood in it: raise llm.max_tokens, or for a model that "
    "thinks llm.thinking_tokens",
}
"""Why a question was not answered, in words: what it means, and which part of the system refused."""
STATES: Mapping[str, str] = {
    "supported": "supported",
    "unchecked": "quote found, not checked",
    "unsupported": "unsupported",
}
"""How far a citation holds, in words."""
DOUBTS: Mapping[str, str] = {
    "number": "the passage has another number",
    "row": "the number is said of something else",
    "bound": "the most is taken for the least, or the least for the most",
    "period": "another period",
    "name": "another name",
    "order": "before is taken for after, or after for before",
    "negation": "the passage says the opposite",
    "contradiction": "the passage says otherwise",
    "mixed": "it is said of what the passage sets against this",
    "reader": "read again, the passage gives another answer",
    "quotation": "the words in quotation marks are not in the passage",
    "passage": "there is no such passage",
    "words": "the passage does not say it",
}
"""What speaks against a citation, in words."""
QUOTE_CHARACTERS = 400
CELL = "text-align:left;vertical-align:top;white-space:normal"


class Quoted(NamedTuple):
    """A citation as it is shown."""

    marker: int
    document: str | None
    place: str
    """In the document: its page, or what stands for it."""
    quote: str
    state: str
    """Of :data:`STATES`."""
    reason: str = ""
    """Of :data:`DOUBTS`."""

    @property
    def standing(self) -> str:
        """How far it holds, and why no further."""
        return standing(self.state, self.reason)


def standing(state: str, reason: str) -> str:
    """Say in words how far a citation holds, and why no further."""
    doubt = DOUBTS.get(reason, reason)
    return f"{STATES.get(state, state)}{f': {doubt}' if doubt else ''}"


BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
"""What answers put in bold: the words that were asked for."""


def not_bold(text: str) -> str:
    """Write an answer without the signs of bold."""
    return BOLD.sub(r"\1", text)


def answer_html(text: str, reason: str | None, citations: Iterable[Quoted]) -> str:
    """Show an answer with its citations; with a ``reason`` of :data:`REASONS` a refusal, with what comes closest."""
    lines = (BOLD.sub(r"<strong>\1</strong>", _safe(part)) for part in text.split("\n") if part.strip())
    paragraphs = "".join(f"<p>{line}</p>" for line in lines)
    if reason:
        paragraphs += f"<p><i>{_safe(REASONS.get(reason, reason))}</i></p>"
    rows = [
        (
            f"[{one.marker}]", one.document or "no such passage", one.place, one.standing, shorten(one.quote),
        )
        for one in citations
    ]  # fmt: skip
    shown = table(("", "document", "page", "state", "quote"), rows) if rows or not reason else ""
    return f"<div>{paragraphs}{shown}</div>"


def citation_html(citation: Quoted) -> str:
    """Show a citation: where it stands, and the words."""
    found = "" if citation.state == "supported" else f" <i>({_safe(citation.standing)})</i>"
    where = ", ".join(
        filter(None, (citation.document or "no such passage", f"page {at}" if (at := citation.place).isdigit() else at))
    )
    return f"<div><b>{_safe(where)}</b>{found}<blockquote>{_safe(shorten(citation.quote))}</blockquote></div>"


def facts_html(title: str, facts: Mapping[str, Any]) -> str:
    """Show a title and what is known, a row for each that is not empty."""
    rows = [(name, _written(value)) for name, value in facts.items() if value not in (None, "", 0)]
    return f"<div><b>{_safe(title)}</b>{table(('', ''), rows)}</div>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; every cell is text."""
    names = "".join(f'<th style="{CELL}">{_safe(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(f'<td style="{CELL}">{_safe(cell)}</td>' for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def fold(title: str, body: str) -> str:
    """Hide HTML behind a title that opens it."""
    return f"<details><summary>{_safe(title)}</summary>{body}</details>"


def pre(text: str) -> str:
    """Write text as it is, line by line."""
    return f"<pre>{escape(text)}</pre>"


def progress_html(what: str, done: int, total: int | None, unit: str) -> str:
    """Draw a bar."""
    of, bar = (f" of {total:,}", f'value="{done}" max="{total}"') if total else ("", "")
    return f"<div><progress {bar}></progress> {done:,}{of} {_safe(unit)}: {_safe(what[:80])}</div>"


def place(page: int | None, anchor: str | None) -> str:
    """Name a place in a document: its page, or what stands for it in a format without pages."""
    return f"{page}" if page else anchor or ""


def shorten(text: str) -> str:
    """Give the beginning of a text on one line, a row of a table as its cells."""
    line = " ".join(" ".join(map(_cells, text.splitlines())).split()).removesuffix(";")
    return line if len(line) <= QUOTE_CHARACTERS else f"{line[:QUOTE_CHARACTERS]}…"


def _cells(line: str) -> str:
    """Write a row of a Markdown table without its bars."""
    row = line.strip()
    if not (row.startswith("|") and row.endswith("|")):
        return line
    cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", row[1:-1]))
    filled = [cell for cell in cells if cell.strip("-:")]
    return f"{' · '.join(filled)};" if filled else ""


def _written(value: Any) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _safe(text: str) -> str:
    """Escape a text; signs that are not printed, such as those that turn the direction of writing, become spaces."""
    return escape("".join(sign if sign.isprintable() else " " for sign in text))
