"""The parts of a plain English sentence: what it speaks of, its verb, what it says.

Enters: a passage. Leaves: clauses whose verb is certain, as far as word lists can tell; every other sentence is left
out, since a question made of a sentence that was misread is worse than none. Knows no questions.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scoville.answer.parts import LIST_SIGN
from scoville.cases.generate.draft import Place
from scoville.cases.generate.english import words
from scoville.sentences import content_words, sentences
from scoville.types import Passage

MOST_SUBJECT_WORDS = 8
SENTENCE_WORDS = (4, 40)
AUXILIARIES = frozenset("is are was were can may must should will would could cannot".split())
# Third person or plural → base; "do" words are chosen by the form.
_BASES = words("verbs")
_AMBIGUOUS = words("verbs_or_nouns")  # nouns too in the plural's form
_PAST = dict(pair.split("/") for pair in words("past"))
NEEDS_CONTEXT, IMPERATIVE, JOINS = words("needs_context"), words("imperative"), words("joins")
OPENING = re.compile(
    r"(?:However|Additionally|In addition|Moreover|Furthermore|Finally|Therefore|Thus|Also|As a result|Generally|"
    r"Typically|Lastly|First|Second|For this reason|In general|In most cases),? (?=\w)"
)
CONDITION = re.compile(r"(?P<lead>(?:If|When|Once|Before|After|In order to|To) [^,]{8,90}), (?P<main>.+)")
ADJUNCT = re.compile(r"(?P<lead>(?:Under|In|At|On|During|For|By|Since|As of|With) [^,]{3,60}), (?P<main>.+)")
LOOSE = re.compile(r"[;:|±\"“”•()\[\]]|\b(?:e\.g|i\.e|etc)\b|\s-\s|\?|, (?:however|therefore|though|respectively)\b")
SECTION_NUMBER = re.compile(r"^\d+(?:\.\d+)+\.? ")
LABEL = re.compile(r"^(?:[A-Z][A-Za-z]+ ){0,2}[A-Za-z]+: (?=[A-Z])")
ABBREVIATION = re.compile(r" \([A-Z][A-Za-z]{1,6}\)")
ALSO = re.compile(r" (?:also|generally|typically|usually|always|therefore|thus|then|now) ")
SMALL_WORD = re.compile(r"(?<![\w-])[a-z][a-z-]+(?!\w)")
PEOPLE = frozenset("employees members customers drivers managers passengers tenants visitors guests staff".split())
ARTICLE = re.compile(r"(?:the|a|an|your|my|each|every|all|any|no|most|some|this)\b", re.IGNORECASE)
SPOKEN = re.compile(r"(?![a-z]+ly$|never$|also$|then$|all$|each$)[a-z]{2,}(?<!ed)")
"""What stands behind "we" and "you" and is a verb of now."""
LEANING_LEAD = re.compile(
    r"(?:for example|for instance|in fact|at the same|in this|in contrast|by contrast|on the other hand|in addition"
    r"|on average|in particular|in conclusion|in summary|in both|in all|at present|in turn|in other words|under these"
    r"|with this|in some cases|in certain cases|at that|by this)\b",
    re.IGNORECASE,
)
UNFIT = re.compile(
    r"^the (?:main|other|same|rest)\b|^(?i:(?:[a-z]+ )?examples?)\b|\bthere\b"
    r"| (?:you|we|they|it|I|he|she)$"  # a clause within the subject
)
REMARK = re.compile(r"[a-z]+(?:antly|ingly|ably|ately|ically|ersely|ilarly|ently|tionally) ", re.IGNORECASE)


class Clause(NamedTuple):
    """A sentence: ``subject auxiliary verb rest``, with what led it in."""

    place: Place
    subject: str
    """As it stands inside a sentence: its first word small unless it is a name."""
    auxiliary: str
    """``is``, ``must``, or ``does``, ``do``, ``did`` for the other verbs."""
    verb: str
    """The base form where the auxiliary is a form of do; else empty."""
    rest: str
    """What follows, without the full stop."""
    lead: str
    """``If you are ill``, ``In 1066``; empty where the subject comes first."""

    @property
    def passage(self) -> Passage:
        """The passage that it stands in."""
        return self.place.passage

    @property
    def predicate(self) -> str:
        """What the clause says behind subject and auxiliary."""
        return f"{self.verb} {self.rest}".strip()

    @property
    def denies(self) -> bool:
        """Whether it says not."""
        return bool(re.match(r"(?:not|never)\b", self.rest)) or self.auxiliary == "cannot"

    def asked(self, predicate: str | None = None) -> str:
        """Write it in the order of a question: auxiliary, subject, predicate."""
        said = self.predicate if predicate is None else predicate
        return " ".join(f"{self.auxiliary} {self.subject} {said}".split())


def small_words(passages: Iterable[Passage]) -> frozenset[str]:
    """Give the words that stand in small letters anywhere: a sentence that begins with one of them names nothing."""
    return frozenset(word for passage in passages for word in SMALL_WORD.findall(passage.text))


def clauses(passage: Passage, small: frozenset[str]) -> Iterator[Clause]:
    """Give the sentences of a passage that can be read with certainty; ``small`` is what ``small_words`` gives."""
    for sentence in sentences(passage.text):
        text = LIST_SIGN.sub("", " ".join(sentence.text.split()), count=1)
        text = ABBREVIATION.sub("", LABEL.sub("", SECTION_NUMBER.sub("", text)))
        found = OPENING.match(text)
        if found:
            text = text[found.end()].upper() + text[found.end() + 1 :]
        text = ALSO.sub(" ", text)
        least, most = SENTENCE_WORDS
        if not text.endswith(".") or LOOSE.search(text) or not least <= len(text.split()) <= most:
            continue
        place = Place(passage, sentence.start, sentence.end)
        if clause := _read(place, text[:-1], small):
            yield clause


def inside(subject: str, small: frozenset[str]) -> str:
    """Write the beginning of a sentence as it stands inside one: small, unless it is a name."""
    first, _, others = subject.partition(" ")
    capitals = [word[:1].isupper() for word in others.split(" ") if content_words(word)]
    is_name = first.casefold() not in small | PEOPLE or others[:1].isupper() or (bool(capitals) and all(capitals))
    is_plain = ARTICLE.fullmatch(first) or first.casefold() in ("you", "we") or (first[1:].islower() and not is_name)
    return f"{first.casefold() if is_plain else first} {others}".strip()


def _read(place: Place, text: str, small: frozenset[str]) -> Clause | None:
    lead, main = "", text
    if found := CONDITION.fullmatch(text) or ADJUNCT.fullmatch(text):
        lead, main = found["lead"], found["main"]
        if {"it", "this", "these", "they", "their", "its", "he", "his", "she", "her"} & set(lead.casefold().split()):
            return None
    words = main.split(" ")
    if words[0].casefold() in NEEDS_CONTEXT | IMPERATIVE or "," in " ".join(words[:2]):
        return None
    for number in range(1, min(len(words) - 2, MOST_SUBJECT_WORDS + 1)):
        if words[number - 1].endswith(",") or words[number - 1].casefold() in JOINS:
            return None
        if verb := _verb(*words[number - 1 : number + 2]):
            subject, rest = " ".join(words[:number]), " ".join(words[number + 1 :])
            return _checked(Clause(place, inside(subject, small), *verb, rest, lead))
    return None


def _verb(before: str, word: str, following: str) -> tuple[str, str] | None:
    """Say which auxiliary asks for a verb, and its base form."""
    if word in AUXILIARIES or (word in ("does", "do", "did") and following == "not"):
        return word, ""
    if before in ("have", "has", "had", "be", "been", "being", "was", "were"):
        return None
    if word in ("have", "has") and following in ("the", "a", "an", "up", "until"):
        return "do" if word == "have" else "does", "have"
    plural = before.endswith("s") and not before.endswith(("ss", "us", "'s", "is"))
    base = word.removesuffix("s")
    if word.endswith("s") and base in _BASES and not (plural or ARTICLE.fullmatch(before)):
        return "does", base
    if word in _BASES and (plural or before.casefold() == "you") and word not in _AMBIGUOUS:
        return "do", word
    if before.casefold() in ("we", "you") and SPOKEN.fullmatch(word):
        return "do", word
    if word in _PAST and following not in ("by", "in") and not ARTICLE.fullmatch(before):
        return "did", _PAST[word]
    return None


def _checked(clause: Clause) -> Clause | None:
    words = clause.subject.split(" ")
    content = [word.casefold() for word in words if content_words(word)]
    doubled = len(set(content)) < len(content)  # a heading that runs into its sentence
    second_verb = clause.auxiliary == "did" and any(word in AUXILIARIES for word in clause.rest.split(" "))
    headed = bool(re.search(r"\b[A-Z]{4,} |[a-z] (?:The|A|An|At|In|If|You|Your|This)\b", clause.subject))
    if doubled or second_verb or headed or not (content or clause.subject in ("you", "we")):
        return None
    if LEANING_LEAD.match(clause.lead) or UNFIT.search(clause.subject) or REMARK.match(clause.subject):
        return None
    return clause
