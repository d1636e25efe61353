"""Questions that need two places, or the turn before them: hops, comparisons, follow-ups.

Enters: singles. Leaves: drafts. That both places are needed is checked later. Asks no model.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from scoville.cases.generate.draft import DraftCase, Place
from scoville.cases.generate.singles import OFFICE, STAFF, Single, by_frame, key, small_first
from scoville.sentences import content_words
from scoville.types import Message

PER_THING = 2
"""So many questions are asked together with what a thing is."""
SHORT = 14
"""Answers of so many words can be compared."""
SCOPE = re.compile(r"^(?:Under|According to) [^,]+, ")
LOOSE = frozenset({"definition", "purpose", "duty", "list", "reason"})
"""Of these forms of facts two things are seldom compared."""
QUANTITY = re.compile(r"(?P<sign>[$€£]?)\s?(?P<number>\d[\d,]*(?:\.\d+)?)(?P<unit>%?(?: [a-z ]+)?)")
TIME = re.compile(r" (?:working |calendar )?(?:minute|hour|day|week|month|year)s?")
LIST = re.compile(r"\b(?:or|and)\b")
SUPERLATIVE = re.compile(r"(?:longest|largest|highest|most|shortest|lowest|maximum|minimum|least) ")
WHICH = (
    (re.compile(r"What is the (?P<what>.+) (?:for|on|of) \*(?P<rest>.*)\?"), "has the {more} {what}{rest}"),
    (re.compile(r"How much does \* cost\?"), "costs more"),
    (re.compile(r"Up to what amount can \* (?P<what>.+)\?"), "can {what} up to a higher amount"),
    (re.compile(r"Within what time do I have to (?P<what>.+) \*\?"), "do I have more time to {what}"),
)
"""Questions for an amount, and how they ask for the larger one."""
BEHIND = re.compile(r"\b(?P<word>of|for|on|with|under) \*", re.IGNORECASE)
SUBMIT = re.compile(r"\b(?:of|for|about|under|by|with|to|need|require|obtain|receive|request|get|file|submit) $")


def multi_hops(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Ask two things of one thing that stand in two places."""
    by_name: dict[str, list[Single]] = defaultdict(list)
    for single in singles:
        by_name[key(single.name)].append(single)
    for found in by_name.values():
        for one, other in combinations(found, 2):
            if one.source != other.source and one.kind == other.kind == "table" and key(one.topic) != key(other.topic):
                yield _both(one, other, other.question)
    for first in singles:
        if first.topic == "definition":
            name = re.sub(r"^(?:the|an?|my) ", "", first.name)
            named = re.compile(rf"(?:\b(?:the|an?|my) )?(?<![\w-]){re.escape(name)}(?![\w'’-])", re.IGNORECASE)
            others = [one for one in singles if one.source == first.source and one.topic != "definition"]
            others = [one for one in others if named.search(SCOPE.sub("", one.question))]
            apart = [one for one in others if _far(first.place, one.place)]
            yield from (_both(first, one, _with_pronoun(one.question, named, name)) for one in apart[:PER_THING])


def comparisons(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Ask of two things which has more, or what each has."""
    for found in by_frame(one for one in singles if one.topic not in LOOSE):
        for one, other in pairwise(found):
            both, frame = f"{one.thing} {other.thing}", one.frame
            is_long = max(len(x.answer.split()) for x in (one, other)) > SHORT
            if is_long or LIST.search(both) or key(one.answer) == key(other.answer):
                continue
            both = f"{one.name}: {one.answer}; {other.name}: {other.answer}"
            if one.thing in one.question and one.group == "documents":
                both = f"{one.thing}: {one.answer}; {other.thing}: {other.answer}"
            question, more = _which(frame, one, other)
            if more:
                less = other if more is one else one
                both = f"{more.name} ({more.answer}, against {less.answer} for {less.name})"
            elif match := BEHIND.search(frame):
                two = f"{match['word']} {one.thing} and {match['word'].lower()} {other.thing}"
                question = f"{frame[: match.start()]}{two}{frame[match.end() :]}"
            if question:
                yield one.draft(
                    "comparison", question, places=(one.place, other.place), held=(one.answer, other.answer),
                    expected=(both,),
                )  # fmt: skip


def follow_ups(singles: Sequence[Single]) -> Iterator[DraftCase]:
    """Leave what a question is about, or what it asks for, to the one before it."""
    for found in by_frame(singles):
        for one, other in pairwise(found):
            if not (one.group or content_words(one.thing) & content_words(other.thing)):
                continue
            thing = other.thing if re.match(r"(?:in|from|within|before) ", other.thing) else f"what about {other.thing}"
            yield _turn(one, other, f"And {thing}?", one.frame.replace("*", ""))
    by_thing: dict[tuple[str, str], list[Single]] = defaultdict(list)
    for single in singles:
        is_title = single.name.casefold() == single.place.passage.title.casefold()
        is_somebody = single.thing in ("", "you", "we") or single.group == STAFF or OFFICE.search(single.thing)
        if not is_title and not is_somebody:
            by_thing[single.source, single.thing].append(single)
    for found in by_thing.values():
        for one, other in pairwise(sorted(found, key=lambda single: single.topic != "definition")):
            many = re.search(r"[^sui\W]s$", other.thing) and not re.match(r"[A-Z]", other.thing)
            question = small_first(other.of("they" if many else "it"))
            if other.topic != "definition" and other.group != "documents" and key(one.answer) != key(other.answer):
                yield _turn(one, other, f"And {question}", other.thing)


def _both(one: Single, other: Single, question: str) -> DraftCase:
    return one.draft(
        "multi_hop", f"{one.question[:-1]}, and {small_first(question)}", expected=(f"{one.answer}; {other.answer}",),
        held=(one.answer, other.answer), places=(one.place, other.place), topic=f"{one.topic}, {other.topic}",
    )  # fmt: skip


def _with_pronoun(question: str, named: re.Pattern[str], name: str) -> str:
    """Call a thing "it" where it stands alone at the end; leave out the document, which is named already."""
    question = SCOPE.sub("", question)
    match = named.search(question)
    if match and match.end() == len(question) - 1 and SUBMIT.search(question[: match.start()]):
        return f"{question[: match.start()]}{'them' if re.search(r'[^su]s$', name) else 'it'}?"
    return question


def _far(one: Place, other: Place) -> bool:
    """Say whether two places stand so far apart that a hop is needed."""
    same_page = one.page is not None and one.page == other.page
    return one.passage.id != other.passage.id and not same_page


def _which(frame: str, one: Single, other: Single) -> tuple[str, Single | None]:
    """Ask which of two has more, where both have amounts of one unit; and say which."""
    here, there = QUANTITY.fullmatch(one.answer), QUANTITY.fullmatch(other.answer)
    named = next(((match, told) for pattern, told in WHICH if (match := pattern.fullmatch(frame))), None)
    if not here or not there or not named:
        return "", None
    units = {(match["sign"], match["unit"].removesuffix("s")) for match in (here, there)}
    first, second = (float(match["number"].replace(",", "")) for match in (here, there))
    if len(units) > 1 or first == second or not (here["sign"] or here["unit"]):
        return "", None
    match, told = named
    parts = {name: SUPERLATIVE.sub("", text) for name, text in match.groupdict().items()}
    asks = told.format(more="longer" if TIME.fullmatch(here["unit"]) else "higher", **parts)
    who = "Who" if one.group == STAFF else "Which"
    return f"{who} {asks}, {one.thing} or {other.thing}?", one if first > second else other


def _turn(one: Single, other: Single, question: str, subject: str) -> DraftCase:
    answer = f"{one.answer[:1].upper()}{one.answer[1:].rstrip('.')}."
    history = (Message(role="user", content=one.question), Message(role="assistant", content=answer))
    return other.draft(
        "follow_up", question, expected=other.expected, history=history, original=other.question,
        subject=subject,
    )  # fmt: skip
