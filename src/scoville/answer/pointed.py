"""The words that a reader points at become an answer with citations.

Enters: a question, the hits and a reader's spans in them. Leaves: the sentence that holds the span, with the span in
bold; for questions that want a yes or a no the sentence that decides, behind its verdict; for questions that ask for
several things the whole list; a row of a table as a record; for others that want more than a value up to four
sentences. Every word but that verdict stands in a passage, so each citation's quote is exact. Knows no network.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from scoville.answer.grounding import cite
from scoville.answer.kinds import address_told, is_of_kind, label_told, names_somebody
from scoville.answer.lists import ITEM, ends_in_item, first_items, whole_list
from scoville.answer.parts import LIST_SIGN
from scoville.answer.polarity import clauses
from scoville.answer.yes_no import GRANTS, YES_NO, decide
from scoville.extract.reader import Span
from scoville.search.focus import Readable, is_heading, readable_lines
from scoville.sentences import content_words, in_digits, sentences
from scoville.types import Citation, Hit, Passage

SEVERAL = re.compile(
    r"\b(?:what|which|who)\b(?! \w*[^s\W] (?:does|do|can|must|should)\b)[^?]*?\b(?:are|were|does|do|can|must|should)\b"
    r"|\bwhat is(?:n['’]t| not)? (?:allowed|covered|excluded|included|needed|required)\b"
    r"|\b(?:list|name all|(?:example|type|kind)s? of)\b",
    re.IGNORECASE,
)
"""Questions that a list may answer."""
HOW = re.compile(r"\bhow (?:do|can|could|should|would|must|to)\b", re.IGNORECASE)
"""Questions that a list may answer if a line leads it in."""
VALUE = re.compile(
    r"\b(?:who|whom|whose|when|where|what (?:time|date|year|day|percentage|amount|number|price)"
    r"|what (?:does|do|did) [^?]*\bcost"
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
LEAST_ASKED = 1 / 2
"""Of the question's words, in a line that takes the place of one that is of another kind than what is asked for."""
EXAMPLE = re.compile(r"\b(?:an|any|another|some) examples? (?:of|for|how|where|when)\b", re.IGNORECASE)
SHOWS = re.compile(r"\b(?:for (?:example|instance)|suppose)\b", re.IGNORECASE)
OPPOSITE = 8.0
"""What a span costs (logits) in a list of what is not covered where one asks for what is, or the other way round."""
NEARBY = 300  # characters
NAMED = 5.0
"""What a span gains (logits) that is an example where one is asked for, or in the row and column that are named."""
DUTIES = re.compile(
    r"\bwhat (?:do|does|will|would|must|should) (?:an? |the |I )(?!company|firm|business|organi[sz]ation)[^?]*?\bdo"
    r"(?: as [^?]*)?\W*$"
    r"|\b(?:duties|responsibilit(?:y|ies)|tasks)\b|\bresponsible for\b",
    re.IGNORECASE,
)
"""Questions about what somebody in a role does."""
IS_DUTY = re.compile(r"\b(?:responsib\w+|duties|duty|tasks)\b", re.IGNORECASE)
QUESTION_WORD = re.compile(r"\b(?:who|whom|whose|what|when|where|which|why|how(?: (?:much|many|long|often|soon))?)\b")
ANNOUNCES = re.compile(r"\bthere (?:are|is) (?:a few|some|several|many|certain|a number of|two|three)\b", re.IGNORECASE)
SAYS_LITTLE = 3
"""A sentence of that form with no more content words than these beside the question's says what follows in the next."""
LONGEST_JOINT = 4  # characters between a passage and the next one
VALUE_WORDS = 6
MOST_SENTENCES = 4
ANSWERED_WITHIN = 2
"""Sentences behind a question in a document that may answer it."""
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
    if told := address_told(question, hits) or label_told(question, hits):
        number, line = told
        citation = cite(number + 1, hits[number].passage, line.start, line.end)
        return Pointed(text=f"{LIST_SIGN.sub('', line.text, count=1)} [{number + 1}]", citations=(citation,))
    parts = _parts(question, hits, best_first(question, hits, spans))
    if not parts:
        return None
    joint = "\n\n" if any("\n" in part.text or ITEM.match(part.text) for part in parts) else " "
    return Pointed(
        text=joint.join(f"{part.text} [{part.hit + 1}]" for part in parts),
        citations=tuple(cite(part.hit + 1, hits[part.hit].passage, part.start, part.end) for part in parts),
    )


def _parts(question: str, hits: Sequence[Hit], spans: Sequence[Span]) -> list[_Part]:
    parts: list[_Part] = []
    value = bool(spans) and is_value(question, hits[spans[0].text].passage.text[spans[0].start : spans[0].end])
    asked = content_words(question)
    several, how = (not value and asks.search(question) is not None for asks in (SEVERAL, HOW))
    other = False  # what the reader would rather point at is of another kind
    for span in spans:
        if parts and (value or len(parts) == MOST_SENTENCES or span.score < parts[0].span.score - NEAR):
            break
        passage = hits[span.text].passage
        if VALUE.search(question):
            span = _first_sentence(question, passage, span)
        listed = _list(passage, span) if several or how else None
        led = listed and listed.text.partition("\n")[0].endswith(":")
        part = (listed if several or led else None) or _sentence(passage, span, asked, value=value)
        if part and part.text.endswith(":"):
            part = _list(passage, span)  # it leads in a list, and says nothing without it
        if part and not parts and not (
            is_of_kind(question, part.text) and names_somebody(question, part.text, passage)
        ):  # fmt: skip
            other = True
            continue
        if part and other and len(asked & content_words(part.text)) < LEAST_ASKED * len(asked):
            continue
        if part and "\n" not in part.text and not value:
            part = _with_what_follows(question, passage, part)
        if part and not any(_same(one, part) for one in parts):
            parts.append(part)
        if part and "\n" in part.text:
            break  # a whole list says enough
    shown = sorted(parts, key=lambda part: (part.hit != parts[0].hit, part.hit, part.start))
    return [*shown, *(more for part in parts if several or how for more in _goes_on(hits, part, parts))]


def best_first(question: str, hits: Sequence[Hit], spans: Sequence[Span]) -> list[Span]:
    """Sort spans by the reader's score and by what it does not see: the kind of thing asked for, and what is named."""
    kinds = [kind for asks, kind in KINDS if asks.search(question)]
    example = EXAMPLE.search(question) is not None
    asked = content_words(question)
    spans = [_in_cell_asked_for(question, asked, hits[span.text].passage, span) for span in spans]
    grants = GRANTS.search(question) is not None and not (YES_NO.match(question) or VALUE.search(question))
    several = SEVERAL.search(question) is not None
    if DUTIES.search(question):
        duties = [one for one in spans if IS_DUTY.search(_with_what_is_above(hits[one.text].passage, one))]
        spans = duties or spans
    missing = [len(asked - content_words(hit.passage.content)) / max(1, len(asked)) for hit in hits]

    def rank(span: Span) -> float:
        passage = hits[span.text].passage
        words = passage.text[span.start : span.end]
        other = any(not kind.search(words) for kind in kinds)
        shows = example and SHOWS.search(passage.text, max(0, span.start - NEARBY), span.end)
        cell = _is_cell_asked_for(asked, passage, span)
        above = _with_what_is_above(passage, span)
        opposite = grants and _excludes(above) != _excludes(question)
        led = (several and _is_led_in(asked, above)) or _is_asked_in(question, passage, span)
        return (
            span.score
            - OTHER_KIND * other
            - MISSING * missing[span.text]
            + NAMED * bool(shows or cell or (led and not opposite))
            - OPPOSITE * opposite
        )

    return sorted(spans, key=rank, reverse=True)


def _excludes(text: str) -> bool:
    return any(clause.excludes for clause in clauses(text))


def _with_what_is_above(passage: Passage, span: Span) -> str:
    """Give the line of a span, behind the heading and the line that lead it in."""
    *before, line = re.findall(r"[^\n]+", passage.text[: span.end])
    is_item = ITEM.match(line) is not None
    while is_item and before and ITEM.match(before[-1]):
        before.pop()
    return "\n".join([*(before or passage.headings)[-1 - is_item :], line])


def _is_led_in(asked: set[str], above: str) -> bool:
    """Say whether the last of these lines is an item, led in by a line of all that is asked about."""
    lead, _, item = above.rpartition("\n")
    return len(asked) > 1 and ITEM.match(item) is not None and asked <= content_words(lead)


def _is_asked_in(question: str, passage: Passage, span: Span) -> bool:
    """Say whether the document asks the same just before the span."""
    kind, asked = QUESTION_WORD.findall(question.casefold())[:1], content_words(question)
    if not kind or not asked:
        return False
    every = list(sentences(passage.text[: span.end]))
    before = [one.text for one in every[-1 - ANSWERED_WITHIN :] if one.end <= span.start]
    return any(
        QUESTION_WORD.findall(one.casefold())[:1] == kind
        and asked <= (own := content_words(one))
        and len(own - asked) < 2
        for one in (*before, *passage.headings[-1:])
        if one.endswith("?")
    )


def _first_sentence(question: str, passage: Passage, span: Span) -> Span:
    """Cut a span at the end of its first sentence, where that has the kind of thing asked for."""
    ends = [one.end for one in sentences(passage.text) if span.start < one.end < span.end]
    kinds = [kind for asks, kind in KINDS if asks.search(question)]
    first = passage.text[span.start : ends[0]] if ends else ""
    return replace(span, end=ends[0]) if first and kinds and all(kind.search(first) for kind in kinds) else span


def names_row(question: str, row: Readable) -> bool:
    """Say whether a question has all words of a row's first cell: "only" tells "Employee only" from "Employee +1"."""
    words = re.findall(r"\w+", in_digits(_value(row.cells[0])).casefold())
    return bool(words) and set(words) <= set(re.findall(r"\w+", in_digits(question).casefold()))


def _in_cell_asked_for(question: str, asked: set[str], passage: Passage, span: Span) -> Span:
    """Move a figure of a table to the one column and the one row that the question names better than those it is in."""
    lines = list(readable_lines(passage))
    line = next(iter(_under(span, lines)), None)
    words = passage.text[span.start : span.end]
    figures = [cell for cell in line.cells[1:] if any(map(str.isdigit, _value(cell)))] if line else []
    found = next((cell for cell in figures if words in cell), "")
    if line is None or not found:
        return span
    columns = {cell: content_words(cell.partition(": ")[0]) for cell in figures}
    shared = set[str].intersection(*columns.values()) if len(columns) > 1 else set[str]()
    named = [cell for cell in figures if (names := columns[cell] - shared) and names <= asked]
    column = (named[0] if len(named) == 1 else found).partition(": ")[0]
    rows = {one: cell for one in lines for cell in one.cells[1:] if cell.startswith(f"{column}: ")}
    counts = {
        one: (len(asked & content_words(" ".join(map(_value, one.cells)))), names_row(question, one)) for one in rows
    }
    best = [one for one in counts if counts[one] == max(counts.values())]
    row = line if line in best or len(best) != 1 else best[0]
    value = _value(rows[row]) if row in rows else ""
    start = passage.text.find(f"| {value} |", row.start, row.end)
    if words in value or start < 0:
        return span
    return replace(span, start=start + 2, end=start + 2 + len(value))


def _is_cell_asked_for(asked: set[str], passage: Passage, span: Span) -> bool:
    """Say whether the question names the column and the row of the cell that holds the span."""
    line = next(iter(_under(span, readable_lines(passage))), None)
    if line is None or len(line.cells) < 2:
        return False
    words = passage.text[span.start : span.end]
    found = next((cell for cell in line.cells if words in cell), "")
    column = content_words(found.partition(": ")[0]) if ": " in found else set[str]()
    row = content_words(" ".join(_value(cell) for cell in line.cells if cell != found))
    return bool(column) and column <= asked and bool(row & asked - column)


def _value(cell: str) -> str:
    """Give a cell without the name of its column, if it has one."""
    return cell.partition(": ")[2] or cell


def is_value(question: str, words: str) -> bool:
    """Say whether a value is asked for: the question says so, or the best span is one."""
    return VALUE.search(question) is not None or (any(map(str.isdigit, words)) and len(words.split()) <= VALUE_WORDS)


def _sentence(passage: Passage, span: Span, asked: set[str], *, value: bool) -> _Part | None:
    """The sentence or the row that holds the span; sentences, where it reaches over several."""
    written = list(sentences(passage.text))
    short = (
        Readable(one.start, one.end, (one.text,))
        for one, after in zip(written, [*written[1:], None], strict=True)
        # A heading names an answer and holds none; with nothing below but its like it is a note, as on a slide.
        if value or after is None or is_heading(after, passage.text) or not is_heading(one, passage.text)
    )  # short items of lists, too
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
        return LIST_SIGN.sub("", "; ".join(cells), count=1).lstrip("# ")
    label = max(cells, key=lambda cell: len(asked & content_words(_value(cell) if named else cell)))
    tells = found == label or (not named and found != words)  # it has its own label
    return found if tells else f"{label}; {found}"


def _marked(text: str, words: str) -> str:
    """Put the words in bold, where they are a part of the text."""
    words = words if "(" in words else words.rpartition(")")[2].strip() or words  # not from within brackets
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text)
    if not found or "*" in text or len(words) > 0.8 * len(text):
        return text
    return f"{text[: found.start()]}**{words}**{text[found.end() :]}"


def _list(passage: Passage, span: Span) -> _Part | None:
    """The whole list that the span is an item of, or leads in."""
    found = whole_list(passage, span.start, span.end)
    return _Part(hit=span.text, start=found.start, end=found.end, text=found.text, span=span) if found else None


def _goes_on(hits: Sequence[Hit], part: _Part, parts: Sequence[_Part]) -> Iterator[_Part]:
    """Give the items that follow in the next passage, where a list was cut at the end of this one."""
    passage = hits[part.hit].passage
    if not ends_in_item(passage, part.end):
        return
    for number, hit in enumerate(hits):
        after = hit.passage
        follows = after.document_id == passage.document_id and 0 <= after.start - passage.end <= LONGEST_JOINT
        items = first_items(after) if follows else None
        if items and not any(one.hit == number and one.start <= items.end for one in parts):
            yield _Part(hit=number, start=items.start, end=items.end, text=items.text, span=part.span)
