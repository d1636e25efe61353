"""Questions that want a yes or a no: the sentence or the item of a list that decides, and which of the two it says.

Enters: a question and the hits. Leaves: the words that decide, and "Yes" or "No"; nothing where words alone do not
tell, which is most of the time. Only sentences decide that hold what the question is about and little else, that
answer the very question in the document itself ("Are electric cars covered? Yes, and …"), or that stand in a list of
what is covered or allowed, or of what is not.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from scoville.answer.contradiction import is_name
from scoville.answer.parts import LIST_SIGN
from scoville.answer.polarity import NO, clauses
from scoville.sentences import Sentence, numbers, sentences, stem
from scoville.types import Hit
from scoville.words import stems

VERB = r"(?:is|are|was|were|am|can|could|do|does|did|may|might|must|shall|should|will|would|has|have|had)(?:n't|n’t)?\b"
YES_NO = re.compile(rf"{VERB}\s+(?:(?!\bor\b)[^?])*\??\s*$", re.IGNORECASE)
"""Alternatives ("is it 39 or 29?") want one of them instead."""
SAYS = re.compile(r"(yes|no)[.,:;!]\s*", re.IGNORECASE)
LIMITS = re.compile(
    r"\b(?:only(?! (?:offer|cover|provide|include)s?\b)|unless|certain|some|zero"
    r"|(?:more|less|fewer|later|earlier|longer) than|over(?!-the)|above|below|under(?! (?:the|this|your|our|[A-Z])))\b",
    re.IGNORECASE,
)
"""Between question and sentence these turn a yes into a no, and back, in ways that words do not show."""
RESTRICTED = re.compile(
    r"\b(?:that|which|who) (?:is|are|was|were|do|does|has|have)\b|\bprovided (?:in|by|at)\b", re.IGNORECASE
)
"""What is denied of some things only."""
CONDITION = re.compile(r"\b(?:as long as|provided|in case)\b", re.IGNORECASE)
NON = re.compile(r"\bnon-", re.IGNORECASE)
COVERS = frozenset(map(stem, "cover coverage pay reimburse expense offer provide include eligible exclude".split()))
"""Where a question has one of these words, so must what decides it."""
PERMITS = frozenset(map(stem, "allow able permit get go use buy".split()))
NAMES = "company employee plan program policy benefit service care visit room need require count receive want"
LIGHT = COVERS | PERMITS | frozenset(map(stem, NAMES.split()))
"""Words by which people ask whether they may, and the names of kinds of things: none is what a question is about."""
HEAD = re.compile(r"\b([^\W\d_]+)[ -](?=(?:services?|care|rooms?|visits?|treatments?|coverage)\b)", re.IGNORECASE)
"""A word that says which care, service or room is meant."""
WITHOUT = re.compile(r"\bwithout (?:(?:any|an?|the|prior|further|additional) )*[\w-]+", re.IGNORECASE)
REFERS = re.compile(
    r"\b(?:this|the|our) (?:plan|policy|program(?:me)?|benefit|coverage|cover|insurance)\b", re.IGNORECASE
)
"""What a sentence says so of stands in the headings above it."""
UNNAMED = re.compile(r"^\W*(?:this means|(?:these|this|they|those|it|such|examples?)\b[^.]*?\binclud)", re.IGNORECASE)
"""What begins so says of something else what follows from it, or lists things without saying of what."""
LITTLE_ELSE = 0.4
"""What share of a sentence's content words must be the question's: a long sentence says yes or no to something else.
All of what the question is about must be there: the one that is missing may be the thing asked about, "emergency" of
"urgent care"."""
SAME_QUESTION = 0.6
THE_VERY_QUESTION = 2.0
GRANTS = re.compile(r"\b(?:cover|eligib|allow|permit|reimburs|exclu|prohibit|forbid|forbidden)", re.IGNORECASE)
"""What leads in a list of things that are granted, or are not."""
GLUED = re.compile(r"(?<=[a-z)]) (?=(?:These|This|The|They|With|For|Please|It|You)\b)")
"""Between an item and the paragraph that follows it in print."""
WORD = re.compile(r"[^\W\d_]{2,}")
NAME = re.compile(r"\b[A-Z][\w-]*(?: [A-Z][\w-]*)*")
EXAMPLES = re.compile(r"[(),;]|\b(?:and|or|such as|including|like)\b")


class Decided(NamedTuple):
    """The words that decide."""

    hit: int
    start: int
    """Its characters are ``[start, end)`` of the passage."""
    end: int
    text: str
    """It, behind a yes or no in bold."""

    @property
    def says(self) -> str:
        """The first letter of the verdict."""
        return self.text[2]


def decide(question: str, hits: Sequence[Hit]) -> Decided | None:
    """Find the words that decide; None where the question wants something else or none are close enough."""
    found = sorted(_found(question, hits), key=lambda one: -one[0])  # of equals the one that was found first
    disagree = len({decided.says for _, decided in found}) > 1 and found[0][0] < THE_VERY_QUESTION
    return found[0][1] if found and not disagree else None


def opposed(question: str, hits: Sequence[Hit]) -> tuple[Decided, Decided] | None:
    """Give what grants the thing asked about and what denies it, where there is both; None else."""
    asked = stems(question)
    if not asked & (COVERS | PERMITS):
        return None
    found = [
        one for _, one in sorted(_found(question, hits), key=lambda one: -one[0]) if _says_of_what(one, asked, hits)
    ]
    yes, no = ([one for one in found if one.says == says] for says in "YN")
    pairs = [(one, other) for one in yes for other in no]
    return next((pair for pair in pairs if not apart(pair, hits)), pairs[0]) if pairs else None


def apart(said: tuple[Decided, Decided], hits: Sequence[Hit]) -> tuple[str, str] | None:
    """Give the names of what two sentences speak of, where they are two of a kind: "Rowan Basic" and "Rowan Gold"."""
    given = " ".join(hits[one.hit].passage.text for one in said)
    names, others = (
        {
            name: frozenset(word.casefold() for word in WORD.findall(name) if is_name(word, given))
            for name in _names(one.text)
        }
        for one in said
    )
    return next(
        (
            (name, other)
            for name, words in names.items()
            for other, more in others.items()
            if words & more and words - more and more - words and not {name, other} & names.keys() & others.keys()
        ),
        None,
    )


def _names(said: str) -> list[str]:
    """Give the capitalised words behind a verdict, those in a row as one; what only begins the sentence is none."""
    text = said.partition("** ")[2]
    return [name[0] for name in NAME.finditer(text) if name.start() or " " in name[0]]


def _says_of_what(one: Decided, asked: frozenset[str], hits: Sequence[Hit]) -> bool:
    """Say whether words grant or deny, and name all that is asked about, with the heading above them."""
    above = " ".join(hits[one.hit].passage.headings[-1:])
    return bool(GRANTS.search(one.text)) and asked - LIGHT <= stems(f"{above} {one.text}")


def _found(question: str, hits: Sequence[Hit]) -> Iterator[tuple[float, Decided]]:
    if YES_NO.match(question.strip()) and stems(question):
        for number, hit in enumerate(hits):
            passage = hit.passage
            for one in _verdicts(question, passage.text, passage.prefix, "".join(passage.headings[-1:])):
                yield one.alike, Decided(number, one.start, one.end, one.text)


@lru_cache(maxsize=64)  # the passages of a question are asked several times
def _verdicts(question: str, text: str, prefix: str, heading: str) -> "tuple[_Verdict, ...]":
    asked = stems(question)
    found = list(_answers(asked, text))
    if not NO.search(question.casefold()):  # "Is there a plan without it?"
        found += [*_sentences(question, asked, text, prefix), *_items(asked, text, prefix, heading)]
    return tuple(found)


class _Verdict(NamedTuple):
    """What may decide."""

    alike: float
    """To the question."""
    start: int
    end: int
    text: str


def _answers(asked: frozenset[str], text: str) -> Iterator[_Verdict]:
    """Find the question itself in a passage, with its answer behind it."""
    every = list(sentences(text))
    for before, one, after in zip(every, every[1:], [*every[2:], None], strict=False):
        own, said = stems(before.text), SAYS.match(one.text)
        if said and before.text.endswith("?") and own and len(asked & own) >= SAME_QUESTION * len(asked | own):
            end = after.end if after and said.end() == len(one.text) else one.end  # a bare "Yes." goes on
            yield _Verdict(THE_VERY_QUESTION, one.start, end, f"**{said[1]}**{text[one.start + len(said[1]) : end]}")


def _sentences(question: str, asked: frozenset[str], text: str, prefix: str) -> Iterator[_Verdict]:
    names, above = stems(prefix.partition(" > ")[0]), stems(prefix)
    heads = stems(" ".join(HEAD.findall(question))) - LIGHT
    for one in sentences(text):
        if one.text[-1] not in ".!;" or one.text.startswith("|") or UNNAMED.match(one.text):  # a heading says nothing
            continue
        sign = SAYS.match(one.text) or LIST_SIGN.match(one.text)
        start = one.start + (sign.end() if sign else 0)
        said = text[start : one.end]
        named = above if REFERS.search(said) else names
        alike = _likeness(said, asked, named) if heads <= stems(" ".join(HEAD.findall(said))) else 0.0
        enough = alike >= LITTLE_ELSE and numbers(question) <= stems(said)
        if enough and (says := _said(question, asked - LIGHT or asked, said)):
            yield _Verdict(alike, start, one.end, f"**{says}.** {said}")


def _likeness(sentence: str, asked: frozenset[str], named: frozenset[str]) -> float:
    """Give the share of a sentence's words that are what is asked about; 0 where it does not hold all of that.

    Of a sentence that lists several things the part counts that is most alike.
    """
    topic, words = asked - LIGHT or asked, stems(sentence)
    if not topic <= words | named or not topic - named & words or (asked & COVERS and not words & COVERS):
        return 0.0
    parts = [words, *map(stems, EXAMPLES.split(sentence) if sentence.count(",") > 1 else ())]
    held = ((asked & part, part) for part in parts if topic & words <= part)
    return max(len(own) / len(own | part - LIGHT - named) for own, part in held)


def _said(question: str, asked: frozenset[str], sentence: str) -> str:
    """Say yes where the clauses with the words asked about affirm them, no where they deny them."""
    plain = CONDITION.sub("if", NON.sub("", sentence))  # "if" ends a clause
    plain = WITHOUT.sub(lambda found: found[0] if asked & stems(found[0]) else "", plain)
    if LIMITS.search(f"{question} {sentence}"):
        return ""
    found = clauses(plain)
    doubtful = frozenset[str]().union(*(clause.words for clause in found if clause.excludes))
    if not any(clause.excludes for clause in found):
        return "Yes"
    words = asked & frozenset[str]().union(*(clause.words for clause in found))
    if words and words <= doubtful:
        return "" if RESTRICTED.search(sentence) else "No"
    return "Yes" if words and not words & doubtful else ""


def _items(asked: frozenset[str], text: str, prefix: str, heading: str) -> Iterator[_Verdict]:
    """Find what the question is about in lists of what is granted, and of what is not."""
    topic = (asked - LIGHT or asked) - stems(prefix)
    above, goes_on = heading, False
    for line in re.finditer(r"[^\n]+", text):
        sign = LIST_SIGN.match(line[0])
        if not sign or not sign[0].strip():
            above, goes_on = f"{above} {line[0]}" if goes_on else line[0], True
            continue
        item, *more = [*sentences(line[0][sign.end() :])] or [Sentence(0, 0, "")]
        said = GLUED.split(item.text)[0]
        own = topic - stems(above)
        parts = [stems(part) - LIGHT for part in (said, *EXAMPLES.split(said))]
        alike = max(len(own & words) / len(words) if words and own <= words else 0.0 for words in parts)
        if own and alike >= LITTLE_ELSE and GRANTS.search(above) and above.rstrip()[-1] not in ".!;":
            says = "No" if any(clause.excludes for clause in clauses(above)) else "Yes"
            start, lead = line.start() + sign.end() + item.start, list(sentences(above))[-1].text
            yield _Verdict(1 + alike, start, start + len(said), f"**{says}.** {lead} {said}")
        above, goes_on = (" ".join(one.text for one in more), False) if more else (above, False)
