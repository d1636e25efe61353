"""The words that a reader points at become an answer with citations.

Enters: a question, the hits and a reader's spans in them. Leaves: the sentence that holds the span, with the span in
bold; for questions that want a yes or a no the sentence that decides, behind its verdict; for questions that ask for
several things the whole list; a row of a table as a record; for others that want more than a value up to four
sentences. Every word but that verdict stands in a passage, so each citation's quote is exact. Knows no network.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scoville.answer.grounding import cite
from scoville.answer.parts import LIST_SIGN
from scoville.answer.yes_no import decide
from scoville.extract.reader import Span
from scoville.search.focus import Readable, readable_lines
from scoville.sentences import Sentence, content_words, sentences
from scoville.types import Citation, Hit, Passage

SEVERAL = re.compile(
    r"\b(?:what|which|who)\b(?! \w*[^s\W] (?:does|do|can|must|should)\b)[^?]*?\b(?:are|were|does|do|can|must|should)\b"
    r"|\bwhat is (?:not )?(?:allowed|covered|excluded|included|needed|required)\b"
    r"|\b(?:list|name all|(?:example|type|kind)s? of)\b",
    re.IGNORECASE,
)
"""Questions that a list may answer."""
VALUE = re.compile(
    r"\b(?:who|whom|whose|when|where|what (?:time|date|year|day|percentage|amount|number|price)"
    r"|how (?:much|many|long|often|soon|old|far|big|large|high))\b|^which\b(?! \w+[^s]s\b)",
    re.IGNORECASE,
)
"""Questions that ask for a name, a time, a place or an amount."""
KINDS = (
    (
        re.compile(r"\bhow much\b|\b(?:cost|price|fee)s?\b", re.I),
        re.compile(r"[£$€¥]|\b(?:pounds|dollars|euros|free)\b", re.I),
    ),
    (
        re.compile(r"\bhow (?:long|soon|often)\b|\bwhen\b", re.I),
        re.compile(r"^[^£$€¥]*(?:\d|day|week|month|year|hour|minute|once|twice|[A-Z][a-z]{2,8}\b)"),
    ),
)
"""What asks for which kind of words."""
OTHER_KIND = 2.0  # logits
MISSING = 4.0
"""What a passage costs (logits) that holds none of the question's content words, with its headings; a part of them, a
part of it."""
EXAMPLE = re.compile(r"\b(?:an|any|another|some) examples? (?:of|for|how|where|when)\b", re.IGNORECASE)
SHOWS = re.compile(r"\b(?:for (?:example|instance)|suppose)\b", re.IGNORECASE)
NEARBY = 300  # characters
NAMED = 5.0
"""What a span gains (logits) that is an example where one is asked for, or in the row and column that are named."""
ANNOUNCES = re.compile(r"\bthere (?:are|is) (?:a few|some|several|many|certain|a number of|two|three)\b", re.IGNORECASE)
SAYS_LITTLE = 3
"""A sentence of that form with no more content words than these beside the question's says what follows in the next."""
ITEM = re.compile(r"(?:[-*•–▪◦]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s")
VALUE_WORDS = 6
MOST_SENTENCES = 4
MOST_FOLLOWING = 2
NEAR = 4.0
"""How much less a further span may score (in logits) for its sentence to be a part of an answer that is no value."""


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """An answer in words of the passages."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A stretch of a passage that is shown: a sentence, a row, or the lines of a list."""

    hit: int
    start: int
    end: int
    text: str
    span: Span


def point(question: str, hits: Sequence[Hit], spans: Sequence[Span]) -> Pointed | None:
    """Answer in the words of the passages; None where no words are pointed at."""
    if decided := decide(question, hits):
        citation = cite(decided.hit + 1, hits[decided.hit].passage, decided.start, decided.end)
        return Pointed(text=f"{decided.text} [{decided.hit + 1}]", citations=(citation,))
    parts = _parts(question, hits, best_first(question, hits, spans))
    if not parts:
        return None
    joint = "\n\n" if any("\n" in part.text for part in parts) else " "
    return Pointed(
        text=joint.join(f"{part.text} [{part.hit + 1}]" for part in parts),
        citations=tuple(cite(part.hit + 1, hits[part.hit].passage, part.start, part.end) for part in parts),
    )


def _parts(question: str, hits: Sequence[Hit], spans: Sequence[Span]) -> list[_Part]:
    parts: list[_Part] = []
    value = bool(spans) and _is_value(question, hits[spans[0].text].passage.text[spans[0].start : spans[0].end])
    asked = content_words(question)
    several = not value and SEVERAL.search(question) is not None
    for span in spans:
        if parts and (value or len(parts) == MOST_SENTENCES or span.score < parts[0].span.score - NEAR):
            break
        passage = hits[span.text].passage
        part = (_list(passage, span) if several else None) or _sentence(passage, span, asked, value=value)
        if part and part.text.endswith(":"):
            part = _list(passage, span)  # it leads in a list, and says nothing without it
        if part and "\n" not in part.text and not value:
            part = _with_what_follows(question, passage, part)
        if part and not any(_same(one, part) for one in parts):
            parts.append(part)
        if part and "\n" in part.text:
            break  # a whole list says enough
    return sorted(parts, key=lambda part: (part.hit != parts[0].hit, part.hit, part.start))


def best_first(question: str, hits: Sequence[Hit], spans: Sequence[Span]) -> list[Span]:
    """Sort spans by the reader's score and by what it does not see: the kind of thing asked for, and what is named."""
    kinds = [kind for asks, kind in KINDS if asks.search(question)]
    example = EXAMPLE.search(question) is not None
    asked = content_words(question)
    missing = [len(asked - content_words(hit.passage.content)) / max(1, len(asked)) for hit in hits]

    def rank(span: Span) -> float:
        passage = hits[span.text].passage
        words = passage.text[span.start : span.end]
        other = any(not kind.search(words) for kind in kinds)
        shows = example and SHOWS.search(passage.text, max(0, span.start - NEARBY), span.end)
        cell = _is_cell_asked_for(asked, passage, span)
        return span.score - OTHER_KIND * other - MISSING * missing[span.text] + NAMED * bool(shows or cell)

    return sorted(spans, key=rank, reverse=True)


def _is_cell_asked_for(asked: set[str], passage: Passage, span: Span) -> bool:
    """Say whether the question names the column and the row of the cell that holds the span."""
    line = next(iter(_under(span, readable_lines(passage))), None)
    if line is None or len(line.cells) < 2:
        return False
    words = passage.text[span.start : span.end]
    found = next((cell for cell in line.cells if words in cell), "")
    column = content_words(found.partition(": ")[0]) if ": " in found else set[str]()
    row = content_words(" ".join(cell.partition(": ")[2] for cell in line.cells if cell != found))
    return bool(column) and column <= asked and bool(row & asked - column)


def _is_value(question: str, words: str) -> bool:
    """Say whether a value is asked for: the question says so, or the best span is one."""
    return VALUE.search(question) is not None or (any(map(str.isdigit, words)) and len(words.split()) <= VALUE_WORDS)


def _sentence(passage: Passage, span: Span, asked: set[str], *, value: bool) -> _Part | None:
    """The sentence or the row that holds the span; sentences, where it reaches over several."""
    short = (Readable(one.start, one.end, (one.text,)) for one in sentences(passage.text))  # short items of lists, too
    lines = next(filter(None, (_under(span, every) for every in (readable_lines(passage), short))), None)
    if lines is None:
        return None
    words = passage.text[span.start : span.end]
    text = " ".join(_marked(_shown(line, words, asked if value else None), words) for line in lines)
    return _Part(hit=span.text, start=lines[0].start, end=lines[-1].end, text=text, span=span)


def _same(one: _Part, other: _Part) -> bool:
    """Say whether two parts overlap, or say the same in two documents."""
    return one.text == other.text or (one.hit == other.hit and one.start < other.end and other.start < one.end)


def _with_what_follows(question: str, passage: Passage, part: _Part) -> _Part:
    """Add the next sentences to one that only announces them ("There are a few exceptions to the rule.")."""
    said = part.text.replace("**", "")
    if not ANNOUNCES.search(said) or len(content_words(said) - content_words(question)) > SAYS_LITTLE:
        return part
    following = [one for one in readable_lines(passage) if one.start >= part.end][:MOST_FOLLOWING]
    if not following:
        return part
    text = " ".join([part.text, *(one.text for one in following)])
    return replace(part, end=following[-1].end, text=text)


def _under(span: Span, lines: Iterable[Readable]) -> list[Readable]:
    return [line for line in lines if line.start < span.end and span.start < line.end]


def _shown(line: Readable, words: str, asked: set[str] | None) -> str:
    """Write a line; of a row, where a value is ``asked`` for, the value and the cell that the question names."""
    named = len(line.cells) > 1
    cells = list(line.cells) if named else line.text.strip("| ").split(" | ")
    found = next((cell for cell in cells if words in cell), "") if asked is not None and len(cells) > 1 else ""
    if asked is None or not found:
        return LIST_SIGN.sub("", "; ".join(cells), count=1)
    label = max(cells, key=lambda cell: len(asked & content_words(cell.partition(": ")[2] if named else cell)))
    tells = found == label or (not named and found != words)  # it has its own label
    return found if tells else f"{label}; {found}"


def _marked(text: str, words: str) -> str:
    """Put the words in bold, where they are a part of the text."""
    words = words if "(" in words else words.rpartition(")")[2].strip() or words  # not from within brackets
    at = text.find(words)
    if at < 0 or "*" in text or len(words) > 0.8 * len(text):
        return text
    return f"{text[:at]}**{words}**{text[at + len(words) :]}"


def _list(passage: Passage, span: Span) -> _Part | None:
    """The whole list that the span is an item of, or leads in."""
    lines = [Sentence(m.start(), m.end(), m[0]) for m in re.finditer(r"[^\n]+", passage.text)]
    at = next((n for n, line in enumerate(lines) if line.start < span.end and span.start < line.end), None)
    if at is None:
        return None
    if not ITEM.match(lines[at].text):
        if not lines[at].text.rstrip().endswith(":"):
            return None
        at += 1
    first = last = at
    while first > 0 and ITEM.match(lines[first - 1].text):
        first -= 1
    while last < len(lines) and ITEM.match(lines[last].text):
        last += 1
    if last - first < 2:
        return None
    items = [_cut(line, 0) for line in lines[first:last]]
    lead = lines[first - 1] if first and lines[first - 1].text.rstrip().endswith(":") else None
    shown = [_cut(lead, -1), *items] if lead else items
    text = "\n".join(line.text for line in shown)
    return _Part(hit=span.text, start=shown[0].start, end=shown[-1].end, text=text, span=span)


def _cut(line: Sentence, which: int) -> Sentence:
    """Take the first or the last sentence of a line: what follows an item was often the next paragraph in print."""
    kept = list(sentences(line.text))[which]
    return Sentence(line.start + kept.start, line.start + kept.end, kept.text)
