"""What keeps a question with good passages from having one answer: they disagree, it leaves open what it is about, or
it supposes what is not so.

Enters: a question, the hits and a reader's spans. Leaves: what to say instead, cited; or nothing, mostly. Only what can
be told with high precision is: two documents that differ in a number alone, rows of a table of which the question names
none, a number that the question takes for granted. Knows no model.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scoville.answer.grounding import cite
from scoville.answer.pointed import VALUE, best_first, is_value, names_row
from scoville.answer.yes_no import YES_NO, apart, opposed
from scoville.extract import Span
from scoville.search.focus import Readable, readable_lines
from scoville.search.rewrite import ASKS_BACK
from scoville.sentences import content_words, in_digits, numbers
from scoville.types import Citation, Hit, Refusal

SURE = 0.5
LIKELY = 0.33
"""From here on (by the reader alone) the words that a question supposes are sought elsewhere in vain."""
NEAR = 2.0
"""How much less (in logits) another span may score to be an answer as good."""
SAME_WORDS = 0.75
"""The share of the words of two sentences that both have, numbers left out, for them to speak of the same."""
HELD_WORDS = 0.6
"""The share of a question's words that a passage holds which says otherwise."""
ASKS = re.compile(r"\b(?:why|how come|when|where|who|what|how)\b", re.IGNORECASE)
LEAST_WORDS = 2
"""Of a question, besides its amount, for a sentence to be about the same."""
DATES = ("date", "modified", "created")
"""What is known of a document's age, the best first."""
OVER_ALL = re.compile(
    r"\b(?:most|least|highest|lowest|cheapest|largest|smallest|longest|shortest|total|sum|average|maximum|minimum|best"
    r"|worst|first|last|all|each|every|any|which)\b",
    re.IGNORECASE,
)
"""Questions about rows together name none of them."""
AMOUNT = re.compile(
    r"(?P<sign>[£$€¥])\s?(?P<money>\d[\d,]*(?:\.\d+)?)|(?P<number>\d[\d,]*(?:\.\d+)?)[\s-]?(?P<unit>%|[a-z]{3,})(?![\s-]olds?\b)"
)
SUPPOSED = re.compile(r"^(?:why|how come)\b|\b(?:the|our|my|your|this|that|its|their) $", re.IGNORECASE)
"""Before an amount that a question takes for granted: "why is it £300", "the 20 days of leave"."""
OPEN = re.compile(r"\b(?:if|over|under|than|least|most|after|before|within|first|last|next|past)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What is said in the place of an answer."""

    reason: Literal["conflict", "false_premise", "underspecified"]
    text: str
    citations: tuple[Citation, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def refusal(self) -> Refusal:
        """What it means to who asked."""
        return Refusal(reason=self.reason, citations=self.citations, choices=self.choices)


class _Said(NamedTuple):
    """A line of a passage that may answer."""

    hit: int
    line: Readable
    value: str
    """The words pointed at."""

    def citation(self, hits: Sequence[Hit]) -> Citation:
        return cite(self.hit + 1, hits[self.hit].passage, self.line.start, self.line.end)


def find_doubt(
    question: str, hits: Sequence[Hit], spans: Sequence[Span], read: Callable[[str], Sequence[Span]], *, likely: bool
) -> Doubt | None:
    """Say what is to be said instead of an answer; None where nothing is in its way.

    ``read`` gives the spans that answer another question; ``likely``: whether the passages are held to answer: only
    then may there be two answers.
    """
    return (
        _false_premise(question, hits, read)
        or _yes_and_no(question, hits)
        or (_two_answers(question, hits, spans) if likely else None)
    )


def nearest(question: str, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Cite the line that shares most words with a question; nothing where none shares any."""
    asked = content_words(question)
    lines = ((number, line) for number, hit in enumerate(hits) for line in readable_lines(hit.passage))
    shared = ((len(asked & content_words(line.text)), -number, number, line) for number, line in lines)
    count, _, number, line = max(shared, key=lambda one: one[:2], default=(0, 0, 0, None))
    return (cite(number + 1, hits[number].passage, line.start, line.end),) if line and count else ()


def _yes_and_no(question: str, hits: Sequence[Hit]) -> Doubt | None:
    """Find what one sentence grants and another one denies."""
    both = opposed(question, hits)
    if both is None:
        return None
    said = [_Said(one.hit, Readable(one.start, one.end, (one.text,)), "") for one in both]
    names = apart(both, hits)
    if names and not any(content_words(name) <= content_words(question) for name in names):
        return _ask_back(hits, dict(zip(names, said, strict=True)), [one.text for one in both])
    return _disagree(hits, said)


def _two_answers(question: str, hits: Sequence[Hit], spans: Sequence[Span]) -> Doubt | None:
    """Find two answers that cannot both be meant."""
    if not spans or OVER_ALL.search(question):
        return None
    ranked = best_first(question, hits, spans)
    best = hits[ranked[0].text].passage.text[ranked[0].start : ranked[0].end]
    if not VALUE.search(question) and (YES_NO.match(question) or not is_value(question, best)):
        return None
    good = [span for span in ranked if span.probability >= SURE and span.score >= ranked[0].score - NEAR]
    rows = (_of_rows(question, hits, said) for said in _lines_of(hits, ranked[:1]))  # it would be the answer
    said = list(_lines_of(hits, good))
    return next(filter(None, rows), None) or (_of_documents(question, hits, said) if said else None)


def _lines_of(hits: Sequence[Hit], spans: Sequence[Span]) -> Iterator[_Said]:
    for span in spans:
        passage = hits[span.text].passage
        under = (line for line in readable_lines(passage) if line.start < span.end and span.start < line.end)
        if line := next(under, None):
            yield _Said(span.text, line, passage.text[span.start : span.end])


def _of_rows(question: str, hits: Sequence[Hit], said: _Said) -> Doubt | None:
    """Other rows of a table fit the question by the very same words, and say something else."""
    asked = content_words(question)
    if names_row(question, said.line):
        return None
    column = next((cell.partition(": ")[0] for cell in said.line.cells[1:] if said.value in cell), "")
    rows = [
        _Said(said.hit, line, cell.partition(": ")[2])
        for line in readable_lines(hits[said.hit].passage)
        for cell in line.cells[1:]
        if cell.startswith(f"{column}: ")
        and (named := asked & content_words(line.cells[0]))
        and named == asked & content_words(said.line.cells[0])
    ]
    if len({row.value for row in rows}) < 2:
        return None
    return _ask_back(hits, {row.line.cells[0].rpartition(": ")[2]: row for row in rows}, [row.value for row in rows])


def _of_documents(question: str, hits: Sequence[Hit], said: Sequence[_Said]) -> Doubt | None:
    """Two documents say the same with another number."""
    first = said[0]
    document = hits[first.hit].passage
    for other in said[1:]:
        passage = hits[other.hit].passage
        if passage.source == document.source or not _differ_in_numbers(first, other):
            continue
        titles = [_named(passage.title), _named(document.title)]
        apart = titles[0] ^ titles[1]
        if not (titles[0] - titles[1] and titles[1] - titles[0]):
            return _disagree(hits, [first, other])
        if not content_words(question) & apart:
            return _ask_back(hits, {document.title: first, passage.title: other}, [first.line.text, other.line.text])
    return None


def _named(title: str) -> set[str]:
    """Give the words of a title that name what it is about: its year and version do not."""
    return {word for word in content_words(title) if not any(map(str.isdigit, word))}


def _differ_in_numbers(one: _Said, other: _Said) -> bool:
    values = [in_digits(said.value) for said in (one, other)]
    if numbers(values[0]) == numbers(values[1]) or not all(map(numbers, values)):
        return False
    shapes = {re.sub(r"\d[\d.,]*", "#", value).casefold().strip(" .") for value in values}
    words = [{word for word in content_words(said.line.text) if not word[0].isdigit()} for said in (one, other)]
    return len(shapes) == 1 and len(words[0] & words[1]) >= SAME_WORDS * max(1, len(words[0] | words[1]))


def _disagree(hits: Sequence[Hit], said: Sequence[_Said]) -> Doubt:
    """Give both, the newer first, and say so where their dates are known."""
    dated = sorted(((_date(hits[one.hit]), one) for one in said), key=lambda pair: pair[0], reverse=True)
    newer = len({date for date, _ in dated}) > 1 and all(date for date, _ in dated)
    lines = [
        f"{one.line.text} [{one.hit + 1}]"
        + (f" ({date}, {'newer' if one is dated[0][1] else 'older'})" if newer else "")
        for date, one in dated
    ]
    text = _listed("The documents do not agree:", lines)
    return Doubt(reason="conflict", text=text, citations=tuple(one.citation(hits) for _, one in dated))


def _date(hit: Hit) -> str:
    """Give the day of a document as far as it is known, else the year in its name."""
    known = hit.passage.metadata
    named = re.findall(r"(?<!\d)(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?(?!\d)", f"{hit.passage.title} {hit.passage.source}")
    return next((str(known[key])[:10] for key in DATES[:1] if known.get(key)), "") or max(named, default="") or next(
        (str(known[key])[:10] for key in DATES[1:] if known.get(key)), ""
    )  # fmt: skip


def _ask_back(hits: Sequence[Hit], choices: Mapping[str, _Said], answers: Sequence[str]) -> Doubt:
    lines = [
        f"{choice}: {answer} [{said.hit + 1}]" for (choice, said), answer in zip(choices.items(), answers, strict=False)
    ]
    text = _listed(f"{ASKS_BACK} {' or '.join(choices)}?", lines)
    cited = tuple(said.citation(hits) for said in choices.values())
    return Doubt(reason="underspecified", text=text, citations=cited, choices=tuple(choices))


def _listed(lead: str, lines: Sequence[str]) -> str:
    return "\n".join([lead, *(f"- {line}" for line in lines)])


def _false_premise(
    question: str, hits: Sequence[Hit], read: Callable[[str], Sequence[Span]]
) -> Doubt | None:  # fmt: skip
    """The question takes an amount for granted that no passage has, and asked for it, another one is found."""
    question = in_digits(question)
    for found in AMOUNT.finditer(question):
        before, (unit, amount) = question[: found.start()], _amount(found)
        if OPEN.search(before) or not SUPPOSED.search(before):
            continue
        if any(amount in _amounts(hit.passage.content, unit) for hit in hits):
            continue
        rest = f"{before} {question[found.end() :]}"
        wanted = content_words(rest)
        asked = ASKS.sub("How much" if found["sign"] else f"How many {found['unit']}", rest, count=1)
        spans = [span for span in read(asked) if span.probability >= LIKELY]
        said = next(_lines_of(hits, best_first(asked, hits, spans)), None)
        if said and numbers(said.value) & _amounts(said.line.text, unit) and _holds(hits, said, wanted):
            text = f"The documents do not say {found['sign'] or ''}{amount}: {said.line.text} [{said.hit + 1}]"
            return Doubt(reason="false_premise", text=text, citations=(said.citation(hits),))
    return None


def _holds(hits: Sequence[Hit], said: _Said, wanted: set[str]) -> bool:
    held = content_words(hits[said.hit].passage.content)
    return len(wanted) >= LEAST_WORDS and len(held & wanted) >= HELD_WORDS * len(wanted)


def _amounts(text: str, unit: str) -> set[str]:
    return {amount for found in AMOUNT.finditer(in_digits(text)) for of, amount in [_amount(found)] if of == unit}


def _amount(found: re.Match[str]) -> tuple[str, str]:
    unit = found["sign"] or min(content_words(found["unit"]), default=found["unit"])
    return unit, (found["money"] or found["number"]).replace(",", "")
