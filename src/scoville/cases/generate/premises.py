"""A statement turned into its opposite, and questions that wrongly suppose it.

Enters: clauses and singles. Leaves: drafts. Word lists for English; whether a premise holds elsewhere is checked later.
"""

import random
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from scoville.cases.generate.clauses import Clause
from scoville.cases.generate.draft import DraftCase
from scoville.cases.generate.english import ENGLISH
from scoville.cases.generate.facts import NAME as A_NAME
from scoville.cases.generate.facts import first_person, is_placed, stands_alone
from scoville.cases.generate.singles import Single, small_first
from scoville.metadata.text import MONTH

PREMISE_WORDS = 20
NO_PREMISE = frozenset({"can", "may", "could", "would", "might", "should"})
"""What may be, or ought to be, is no premise that a document could rule out."""
OPPOSITES: Mapping[str, str] = ENGLISH["opposites"]
NUMBER = re.compile(
    r"(?<!section )(?<!page )(?<!chapter )(?<!article )(?<!part )(?<!clause )"
    r"(?<!call )(?<!dial )(?<!ring )(?<!type )(?<!grade )(?<!stage )(?<!phase )(?<!class )(?<!step )(?<!level )"
    r"(?<!form )(?<![\w.,/-])(?P<number>\d+(?:,\d{3})*)(?P<share>\s?%| percent)?(?![\w-]|[.,]\d)"
    r"(?! (?:hours|days|months) (?:a|per|each) (?:day|week|year))(?!/)"
)
NAMED = re.compile(rf"\b(?!(?:{MONTH})\b)[A-Z]\w+ $")
"""What stands before the number of a road or a form."""
ANY = re.compile(r"\bany (?P<next>\w+)(?P<after>(?: \w+)?)")
EXCEPTION = re.compile(r"\b(?:unless|except\w*|other than|apart from)\b")
PARTLY = re.compile(
    r"\b(?:certain|some|all|every\w*|always|only|necessarily|both|just|either|yet|until|longer|at all)\b"
)
"""What is not so of all may be so of some."""
NEGATION = re.compile(r"^not (?!only)|^(?:(?:only|just) )", re.IGNORECASE)


def false_premises(
    clauses: Iterable[Clause], singles: Iterable[Single], rules: Collection[str], source: random.Random
) -> Iterator[DraftCase]:
    """Ask why something is so that is not; ``rules`` are the documents that say what people must do."""
    for clause in clauses:
        if clause.auxiliary in NO_PREMISE:
            continue
        if clause.auxiliary in ("is", "are") and re.match(r"(?:an?|the) ", clause.rest):
            continue  # it defines
        if re.search(r"\balso\b", clause.place.quote) and not clause.denies:
            continue  # something else may be so too
        changed = contradict(clause.predicate, source)
        question = f"Why {first_person(clause.asked(changed))}{f' {small_first(clause.lead)}' if clause.lead else ''}?"
        is_clear = stands_alone(question, clause.subject) and is_placed(clause, question)
        is_clear &= clause.passage.source in rules or bool(A_NAME.search(question))
        is_clear &= not re.search(r" and .*\b(?:will|can|is|are|was|were|must|may)\b|, and ", changed)
        is_clear &= not (clause.lead and "," in changed)
        if changed and is_clear and len(question.split()) <= PREMISE_WORDS:
            yield DraftCase(
                kind="false_premise", question=question, places=(clause.place,), original=clause.place.quote,
                subject=clause.subject, topic=question.split(" ")[1],
            )  # fmt: skip
    for one in singles:
        asked = re.fullmatch(r"What is the (?P<what>.+)\?", one.question)
        match = NUMBER.search(one.answer)
        if asked and match and len(one.answer.split()) <= 3 and re.search(r"[$€£%]|[a-z]{3}", one.answer):
            value = f"{one.answer[: match.start()]}{_another(match, source)}{one.answer[match.end('number') :]}"
            yield one.draft("false_premise", f"Why is the {asked['what']} {small_first(value)}?", original=one.answer)


def contradict(predicate: str, source: random.Random) -> str:
    """Say otherwise what a clause says: what it denies, another number, the opposite; nothing where no rule fits."""
    if EXCEPTION.search(predicate):
        return ""
    if denied := NEGATION.match(predicate):
        if PARTLY.search(predicate):
            return ""
        return ANY.sub(_without_any, _first_clause(predicate[denied.end() :], 0))
    if (match := NUMBER.search(predicate)) and not NAMED.search(predicate[: match.start()]):
        other = _another(match, source)
        return _first_clause(f"{predicate[: match.start()]}{other}{predicate[match.end('number') :]}", match.start())
    for one, other in OPPOSITES.items():
        match = re.search(rf"(?<![\w-]){one}(?![\w-])", predicate)
        if match and other not in predicate.replace(one, ""):
            return _first_clause(f"{predicate[: match.start()]}{other}{predicate[match.end() :]}", match.start())
    return ""


def _without_any(match: re.Match[str]) -> str:
    """Write "bicycles" for "any bicycles", and "a bicycle" for "any bicycle"."""
    following = f"{match['next']}{match['after']}"
    if match["next"].endswith("s") or match["after"].endswith("s"):
        return following
    return f"{'an' if following[0] in 'aeiou' else 'a'} {following}"


def _first_clause(predicate: str, start: int) -> str:
    """Leave out the clauses behind the one that goes on at ``start``."""
    behind = re.compile(r", (?!\d)|;| (?:and|but|so|although|though|while) (?:can|is|are|was|were|it|they|the|to)\b")
    end = behind.search(predicate, start)
    return predicate[: end.start()] if end else predicate


def _another(match: re.Match[str], source: random.Random) -> str:
    number = match["number"]
    value = int(number.replace(",", ""))
    if 1000 <= value <= 2100 and "," not in number:  # a year
        return str(value + source.choice((-37, -24, -12, -11, -7)))
    if re.match(rf"\s(?:{MONTH})\b", match.string[match.end() :], re.IGNORECASE):
        return str((value + source.randrange(3, 25)) % 28 + 1)
    changed = int(value * source.choice((0.5, 1.5, 2.0, 3.0)))
    if match["share"] and changed > 100:
        changed = value // 2
    changed = changed if changed not in (0, value) else value + 2
    return f"{changed:,}" if "," in number else str(changed)
