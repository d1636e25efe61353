"""Questions that need two passages: one names a thing, the other says what is asked of it.

Enters: facts and cells. Leaves: drafts. What both places of a draft are needed for is checked later. Asks no model.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from scoville.cases.generate.cell_questions import cell_question, for_column, for_row
from scoville.cases.generate.context import VAGUE
from scoville.cases.generate.draft import DraftCase, Place
from scoville.cases.generate.facts import Fact
from scoville.cases.generate.pairs import alike, bare, key, small_first
from scoville.cases.generate.scopes import are_twins
from scoville.cases.generate.tables import Cell
from scoville.sentences import content_words

DESCRIPTION_WORDS = (5, 16)
NEW_WORDS = 3
"""A description says so much that the question does not."""
ABSTRACT = re.compile(
    r"the (?:[\w-]+ )*?(?:amount|percentage|process|system|state|condition|ability|period|practice|feature|form|type"
    r"|kind|number|portion|part|concept|method|therapy|treatment|approach)"
    r" (?:of|that|which|in|by|to|used|where|for|you)\b"
)
"""Descriptions that nobody uses instead of the name."""
PER_THING = 2
"""So many questions are asked together with what a thing is."""
BRIDGES = 12
"""So many questions are asked of one thing by its definition."""
VERB_NEXT = re.compile(
    r" (?:cover|include|provide|offer|require|contain|allow|pay|limit|need|give|last|exclude|reimburse|begin|end|start"
    r"|do|be|responsible|based|subject|for|of|in|to|on|at|by|with|when|if|per|after|before|from|under|during|within"
    r"|used|set|paid|covered|is|are|must|can|should|approves?|located|founded|established)\b"
)
"""What may stand behind a name without being a part of it: "season ticket holders" are no season tickets."""
BEHIND = re.compile(r"\b(?:of|for|about|under|by|with|to|need|require|obtain|receive|request|get|file|submit) $")
AHEAD = re.compile(r" (?:if|when|before|after|in|within|per)\b")
PLURAL = {"does": "do", "is": "are", "was": "were"}


def multi_hops(facts: Sequence[Fact], definitions: Sequence[Fact], cells: Sequence[Cell]) -> Iterator[DraftCase]:
    """Ask by a definition, over two tables, of two things, or two things of one."""
    yield from _bridges(facts, definitions)
    yield from _joined(cells)
    yield from _of_both(facts)
    yield from _two_of_one(facts, definitions)


def _bridges(facts: Sequence[Fact], definitions: Sequence[Fact]) -> Iterator[DraftCase]:
    """Name a thing only by its definition, which stands in another passage."""
    by_name: dict[str, list[Fact]] = defaultdict(list)
    for defined in definitions:
        by_name[bare(defined.subject)].append(defined)
    for name, found in by_name.items():
        described = [(defined, text) for defined in found if (text := _description(defined, definitions))]
        named = _named(found[0])
        asked = [fact for fact in facts if fact.form != "definition" and name.casefold() in fact.question.casefold()]
        for fact in asked[: BRIDGES if described else 0]:
            draft = next((one for each in described if (one := _bridge(fact, *each, named))), None)
            if draft:
                yield draft


def _description(defined: Fact, others: Sequence[Fact]) -> str:
    """Say which one is meant, when the definition fits nothing else that is defined."""
    text = re.sub(r"^an? ", "the ", re.split(r", (?:including|such as|which|where|who|like) ", defined.answer)[0])
    least, most = DESCRIPTION_WORDS
    words, name = content_words(text), content_words(defined.subject)
    fits = any(words <= content_words(other.answer) for other in others if key(other.subject) != key(defined.subject))
    if fits or name <= words or VAGUE.search(text) or defined.clause.is_plural or ABSTRACT.match(text):
        return ""
    return text if text.startswith("the ") and least <= len(text.split()) <= most else ""


def _bridge(fact: Fact, defined: Fact, described: str, named: re.Pattern[str]) -> DraftCase | None:
    match = named.search(fact.question)
    if not match or _unfit(fact.place, defined.place):
        return None
    noun = described.split(" that ")[0].split(" ")[-1]
    before, after = fact.question[: match.start()], fact.question[match.end() :].removeprefix(f" {noun}")
    rest = f"{before} {after}"
    is_part = after.startswith(" ") and not VERB_NEXT.match(after)
    if is_part or named.search(rest) or len(content_words(described) - content_words(rest)) < NEW_WORDS:
        return None
    return DraftCase(
        kind="multi_hop", question=f"{before}{described}{after}", expected=fact.expected,
        places=(defined.place, fact.place), original=fact.question, held=(described, fact.answer),
    )  # fmt: skip


def _joined(cells: Sequence[Cell]) -> Iterator[DraftCase]:
    """Ask for a cell of the row that another table's cell names."""
    rows: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        rows[cell.row.casefold()].append(cell)
    for first in cells:
        for second in rows.get(first.value.casefold(), ()):
            column = for_column(first)
            if column and not _unfit(first.place, second.place) and cell_question(second):
                question = cell_question(second).replace(for_row(second), f" for {column}{for_row(first)}")
                if content_words(second.row) <= content_words(question):
                    continue
                yield DraftCase(
                    kind="multi_hop", question=question, expected=(second.value,), places=(first.place, second.place),
                    original=cell_question(second), held=(f"{first.row} {first.value}", second.value),
                )  # fmt: skip


def _of_both(facts: Sequence[Fact]) -> Iterator[DraftCase]:
    """Ask the same of two things at once."""
    for one, other in alike(facts):
        verb = one.clause.auxiliary
        both = f"{PLURAL.get(verb, verb)} {one.subject} and {other.subject} each"
        question = one.question.replace(f"{verb} {one.subject}", both, 1)
        if question != one.question:
            yield DraftCase(
                kind="multi_hop", question=question, places=(one.place, other.place), held=(one.answer, other.answer),
                expected=(f"{one.subject}: {one.answer}; {other.subject}: {other.answer}",),
            )  # fmt: skip


def _two_of_one(facts: Sequence[Fact], definitions: Sequence[Fact]) -> Iterator[DraftCase]:
    """Ask what something is and what is said of it elsewhere in the same document."""
    said: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for defined in definitions:
        said[defined.place.passage.source, key(defined.subject)].append(defined)
    by_source: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.form != "definition":
            by_source[fact.place.passage.source].append(fact)
    for (source, _), found in said.items():
        first = found[0]
        if len({key(fact.answer) for fact in found}) == 1:
            named = _named(first)
            others = (fact for fact in by_source[source] if named.search(fact.question))
            asked = [other for other in others if not _unfit(first.place, other.place)]
            yield from (_both_asked(first, second, named) for second in asked[:PER_THING])


def _named(defined: Fact) -> re.Pattern[str]:
    return re.compile(
        rf"(?:\b(?:the|an?|your) )?(?<![\w-]){re.escape(bare(defined.subject))}(?![\w'’-])", re.IGNORECASE
    )


def _both_asked(first: Fact, second: Fact, named: re.Pattern[str]) -> DraftCase:
    pronoun = "them" if first.clause.is_plural else "it"
    question = named.sub(lambda match: pronoun if _is_alone(match) else match[0], second.question, count=1)
    return DraftCase(
        kind="multi_hop", question=f"{first.question[:-1]}, and {small_first(question)}",
        expected=(f"{first.answer}; {second.answer}",), held=(first.answer, second.answer),
        places=(first.place, second.place),
    )  # fmt: skip


def _is_alone(match: re.Match[str]) -> bool:
    """Say whether a name stands for itself: behind a verb or a preposition, and not before a noun."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    return bool(BEHIND.search(before)) and (after == "?" or bool(AHEAD.match(after)))


def _unfit(one: Place, other: Place) -> bool:
    """Say whether two places are too near to need a hop, or in documents of two different things."""
    here, there = one.passage.source, other.passage.source
    same_page = here == there and one.page is not None and one.page == other.page
    return one.passage.id == other.passage.id or same_page or (here != there and are_twins(here, there))
