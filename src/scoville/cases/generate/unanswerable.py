"""Questions that people could ask of what the documents speak of, and that the documents do not answer.

Enters: facts, cells, a source of chance. Leaves: drafts. Whether no passage answers one is checked later. Asks no
model.
"""

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from scoville.answer.evidence import LONGEST_QUOTE_SENTENCES, Evidence
from scoville.cases.generate.cell_questions import cell_question
from scoville.cases.generate.draft import DraftCase
from scoville.cases.generate.facts import CLAUSE_END, MEASURE, Fact
from scoville.cases.generate.pairs import MEASURED, bare, small_first
from scoville.cases.generate.tables import Cell
from scoville.sentences import content_words
from scoville.types import Passage

SWAPPED_WORDS = 3
"""A question that says more of a thing is about nothing else."""
MOST_WORDS = 14
TRIES = 4
"""How many wrong subjects are tried for one question."""
OF_RULES = (
    "When were the rules on {} last changed?",
    "Who approved the rules on {}?",
    "Since when have the rules on {} applied?",
)
OF_THINGS = ("Who first described {}?", "In which year was {} first described?")
"""What people could ask of anything, and few documents say."""
OF_CELLS = (
    "When {was} the {what} last changed?",
    "Who decided on the {what}?",
    "What {was} the {what} five years ago?",
)
OF_NUMBERS = (*OF_CELLS, "Why {be} the {what} {value}?")
LIMIT = re.compile(r"(?:time )?limit under ")
NUMBER_WORDS = 4
WHY = re.compile(r"\b[Ww]hy\b")
SIGNALS = (
    (WHY, re.compile(
        r"\b(?:because|since|so that|in order|due|reasons?|therefore|result|thus|why|purpose|helps?|ensur\w+|means"
        r"|allows?|to (?:ensure|help|avoid|allow|protect|make|keep|reflect|encourage|prevent|provide|support))\b",
        re.IGNORECASE)),
    (re.compile(r"\blast changed\b|\bfive years ago\b|\b[Ii]n which year\b|\b[Ss]ince when\b"), re.compile(
        r"\b(?:chang|updat|revis|amend|effective|introduc|raised|lowered|previous|former|used to be|(?:19|20)\d\d)",
        re.IGNORECASE)),
    (re.compile(r"\b[Ww]ho\b"), re.compile(
        r"\b(?:approv|decid|set by|agreed|sign|responsible|describ|discover|introduced by|coined|propos)",
        re.IGNORECASE)),
)  # fmt: skip
"""How a question asks, and what a sentence that answers it says."""


def unanswerables(
    facts: Sequence[Fact], cells: Sequence[Cell], rules: Collection[str], source: random.Random
) -> Iterator[DraftCase]:
    """Ask of one thing what is said of another, why something is so, and what is seldom written down.

    ``rules`` are the documents that say what people must do, and not how things are.
    """
    yield from _swapped(facts, source)
    for fact in facts:
        if fact.form in MEASURED and fact.clause.auxiliary in ("is", "are", "does", "do"):
            said = CLAUSE_END.split(fact.clause.predicate, maxsplit=1)[0]
            lead = f" {small_first(fact.clause.lead)}" if fact.clause.lead else ""
            if MEASURE.search(said) and len(said.split()) <= MOST_WORDS:
                yield _of(fact, f"Why {fact.clause.asked(said)}{lead}?")
        elif is_term(fact):
            frame = source.choice(OF_RULES if fact.place.passage.source in rules else OF_THINGS)
            if fact.clause.is_plural:
                frame = frame.replace("year was", "year were")
            yield _of(fact, frame.format(fact.subject))
    for cell in cells:
        match = re.fullmatch(r"(?:.+: )?[Ww]hat (?P<be>is|are) the (?P<what>.+)\?", cell_question(cell))
        if match and not LIMIT.match(match["what"]):
            short = len(cell.value.split()) <= NUMBER_WORDS and len(match["what"].split()) <= MOST_WORDS - NUMBER_WORDS
            is_number = short and any(map(str.isdigit, cell.value))
            was = "was" if match["be"] == "is" else "were"
            frame = source.choice(OF_NUMBERS if is_number else OF_CELLS)
            question = frame.format(be=match["be"], was=was, what=match["what"], value=cell.value)
            yield DraftCase(
                kind="unanswerable", question=question, places=(cell.place,), missing=cell.row, original=cell.value
            )


def is_term(fact: Fact) -> bool:
    """Say whether a fact says what a word means, and not which thing it is."""
    words = fact.subject.split(" ")
    is_somebody = re.match(r"(?:an?|the) (?:individual|person|employee|member)\b", fact.answer)
    return (
        fact.form == "definition"
        and not is_somebody
        and words[0] not in ("the", "your")
        and "'s" not in fact.subject
        and len(words) < 4
    )


def may_be_answered(question: str, about: str, passage: Passage) -> bool:
    """Say whether a passage may answer one of these questions: who and when in one sentence, why in three."""
    signals = [signal for asks, signal in SIGNALS if asks.search(question)]
    wanted, most = content_words(about), LONGEST_QUOTE_SENTENCES if WHY.search(question) else 1
    for span in Evidence(passage).spans():
        text = passage.text[span[0].sentence.start : span[-1].sentence.end]
        if len(span) <= most and any(signal.search(text) for signal in signals):
            held = frozenset[str]().union(*(part.words for part in span))
            if len(wanted & held) * 2 >= len(wanted):
                return True
    return False


def _swapped(facts: Sequence[Fact], source: random.Random) -> Iterator[DraftCase]:
    subjects: dict[tuple[str, str, str, bool], set[str]] = defaultdict(set)
    swappable = [fact for fact in facts if _is_swappable(fact)]
    for fact in swappable:
        subjects[_class(fact)].add(fact.subject)
    for fact in swappable:
        own = content_words(fact.place.quote)
        others = sorted(name for name in subjects[_class(fact)] if not content_words(name) & own)
        for other in source.sample(others, min(TRIES, len(others))):
            question = fact.question.replace(fact.subject, other, 1)
            yield DraftCase(kind="unanswerable", question=question, places=(fact.place,), missing=other)


def _of(fact: Fact, question: str) -> DraftCase:
    return DraftCase(
        kind="unanswerable", question=question, places=(fact.place,), missing=fact.subject, original=fact.place.quote
    )


def _is_swappable(fact: Fact) -> bool:
    plain = fact.form in MEASURED | {"agent"} and fact.subject != "you" and not fact.clause.lead
    told = content_words(fact.question.replace(fact.subject, ""))
    return plain and fact.subject in fact.question and len(fact.subject.split()) <= 5 and len(told) <= SWAPPED_WORDS


def _class(fact: Fact) -> tuple[str, str, str, bool]:
    """Name what may take the place of what: the same is said of it, and both are names or neither."""
    verb = fact.clause.predicate.split(" ")[0] if fact.form in MEASURED else ""
    return fact.form if not verb else "", fact.clause.auxiliary, verb, bare(fact.subject)[:1].isupper()
