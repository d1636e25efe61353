"""Whether a passage holds what a sentence claims, and which part of it does.

Enters: a sentence of an answer, and a passage. Leaves: the neighbouring sentences, or the row of a table, that hold the
sentence best. Evidence must have all numbers, names and codes of the claim, enough of its words, and say no where the
claim says no. Words are compared, not meanings: a paraphrase that shares no words with its source is not found.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from scoville.sentences import STOP_WORDS, WORD, Sentence, content_words, in_digits, numbers, sentences, stem, word_list
from scoville.types import Passage

SHORT_CLAIM_WORDS = 4  # fewer content words, a denial counted, say too little to be matched alone
LONGEST_QUOTE_SENTENCES = 3
LONGER_QUOTE_GAIN = 0.15  # another sentence joins the quote when it adds more than this

WITHIN = set(",;'’)&/-")  # a word behind these does not begin a sentence
RULE = re.compile(r"\|[\s|:-]*")  # below the header of a table
LIST_SIGN = re.compile(r"\s*(?:[-*•]\s+)?(?:\d{1,2}[.)]\s+)*")
# "no more than 5", "No. 5", "No, ...", "not only", "at no charge": none of these denies what the sentence says.
HARMLESS = re.compile(
    r"\b(?:no|not|never) (?:more|less|fewer|later|earlier|longer|sooner|greater|higher|lower) than\b"
    r"|\bnot (?:only|just|limited to)\b|\bor not\b|\bno\.? (?=\d)|\b(?:at|with) no\b|^\W*no[,.]"
)
DENIAL = re.compile(
    r"(?:\b(?:no longer|not|never|no|cannot|none|neither|nor|nobody|nothing|nowhere|non)\b|n't\b)"
    r"(?:\s+(?:\w+[aelnt]ly|always|yet|ever|even)\b)*"
)
EXCLUSION = re.compile(
    r"\b(?:exclu\w+|except\w*|without|unable|ineligible|unavailable|prohibit\w*|forbid\w*|refus\w+|den(?:y|ies|ied|ying)"
    r"|declin\w+|lack\w*|fail\w*|exempt\w*)\b"
)
NO = re.compile(f"{DENIAL.pattern}|{EXCLUSION.pattern}")
CLAUSE_END = re.compile(
    r"[.;:!?|()\n]+(?=\s|$)|\b(?:but|however|if|when|because|although|though|while|whereas|unless|so)\b"
    r"|(?:,|\band\b|\bor\b)\s+(?=(?:you|we|it|they|he|she|the|this|that|these|there|your|our|an?|its|their)\b)"
)


class Support(NamedTuple):
    """The part of a passage that best holds a sentence."""

    start: int
    end: int
    share: float
    """Share of the sentence's content words that this part holds, 0 when it is no evidence for it."""
    worth: float = 0.0
    """What the part was chosen by."""


class Polarity(NamedTuple):
    """What a text says no to."""

    denies: bool
    """Whether it says no, not or never."""
    excludes: bool
    """Whether it denies, or says the like: except, without."""
    denied: frozenset[str]
    """The word behind each denial."""
    doubtful: frozenset[str]
    """The words of clauses that deny or exclude."""
    affirmed: frozenset[str]
    """The words of the other clauses."""


class Part(NamedTuple):
    """A sentence of a passage, or a row of a table."""

    sentence: Sentence
    words: frozenset[str]
    """Those of a row and of the header above it."""
    polarity: Polarity
    label: frozenset[str]
    """The words of a row's first cell; empty for a sentence."""
    is_row: bool


class Evidence:
    """A passage, read for comparing."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.prefix = frozenset(content_words(passage.prefix))
        self.prefix_polarity = polarity(passage.prefix, self.prefix)
        self.names = self.prefix | content_words(f"{passage.title} {passage.source}")
        self.parts = list(_parts(passage))
        self.words = self.prefix.union(*(part.words for part in self.parts))
        self.labels = frozenset[str]().union(*(part.label for part in self.parts))

    def spans(self) -> Iterator[Sequence[Part]]:
        """Give what may be a quote: up to three neighbouring sentences, or one row."""
        for first, part in enumerate(self.parts):
            for last in range(first, min(first + LONGEST_QUOTE_SENTENCES, len(self.parts))):
                if last > first and (part.is_row or self.parts[last].is_row):
                    break
                yield self.parts[first : last + 1]


class Claim:
    """A sentence of an answer, read for comparing.

    ``given`` is all that the model was given to read. A short claim is an answer to ``question``: its words count too.
    """

    def __init__(self, sentence: str, question: str, given: str) -> None:
        text = LIST_SIGN.sub("", re.sub(r"\s*\[\d+\]", "", sentence), count=1)
        self.said = frozenset(content_words(text))
        self.polarity = polarity(text, self.said)
        self.short = len(self.said) + self.polarity.denies < SHORT_CLAIM_WORDS
        self.words = self.said | content_words(question) if self.short else self.said
        self.numbers = numbers(text)
        self.names = names(in_digits(text), given)
        self.answers_no = self.short and polarity(question, frozenset()).denies


def support(claim: Claim, evidence: Evidence, least: float = 0.0) -> Support:
    """Find the part of a passage that holds most of a claim's content words, if any holds the ``least`` share of them.

    The headings of a passage count for each of its parts, its other parts do not: a number from one row of a table and
    a name from another are no evidence.
    """
    best = Support(0, len(evidence.passage.text), 0.0)
    if not claim.said or len(claim.words & evidence.words) < least * len(claim.words):
        return best
    for span in evidence.spans():
        held = evidence.prefix.union(*(part.words for part in span))
        if not _holds(claim, evidence, span, held):
            continue
        share = len(claim.words & held) / len(claim.words)
        # What was said weighs more than what was asked, and a longer quote must be worth its length.
        worth = share + len(claim.said & held) / len(claim.said) - LONGER_QUOTE_GAIN * (len(span) - 1)
        if worth > best.worth:
            best = Support(span[0].sentence.start, span[-1].sentence.end, share, worth)
    return best


def names(text: str, given: str) -> frozenset[str]:
    """Give the names and codes of a text: capitalised words that ``given`` does not write small, words with digits.

    The first word of a sentence is capitalised anyway: it is a name if ``given`` has it so or another follows.
    """
    found = list(WORD.finditer(text))
    kept: set[str] = set()
    for match, following in zip_longest(found, found[1:]):
        word = match.group().replace("’", "'").removesuffix("'s")
        if not word[0].isalpha() or word.endswith("n't"):
            continue
        before = text[: match.start()].rstrip()[-1:]
        first = not (before.isalnum() or before in WITHIN)
        if any(sign.isdigit() for sign in word) or (
            word[0].isupper() and word.casefold() not in STOP_WORDS and _is_name(word, first, following, given)
        ):
            kept.add(stem(word.casefold()))
    return frozenset(kept | ({"a"} & content_words(text)))


def _is_name(word: str, first: bool, following: re.Match[str] | None, given: str) -> bool:
    capitalised = re.search(rf"\b{re.escape(word)}\b", given)
    small = re.search(rf"\b{re.escape(stem(word.casefold()))}", given)
    if not first:
        return bool(capitalised) or not small
    return not small and bool(capitalised or (following and following.group()[0].isupper()))


def polarity(text: str, words: frozenset[str]) -> Polarity:
    """Find what a text of these words denies, clause by clause."""
    plain = text.casefold().replace("’", "'")
    if not NO.search(plain):
        return Polarity(False, False, frozenset(), frozenset(), words)
    denied: set[str] = set()
    doubtful: set[str] = set()
    affirmed: set[str] = set()
    denies = False
    for clause in CLAUSE_END.split(HARMLESS.sub(" ", plain)):
        denials = list(DENIAL.finditer(clause))
        denies = denies or bool(denials)
        (doubtful if denials or EXCLUSION.search(clause) else affirmed).update(word_list(clause))
        denied.update(word for denial in denials for word in word_list(clause[denial.end() : denial.end() + 80])[:1])
    return Polarity(denies, bool(denies or doubtful), frozenset(denied), frozenset(doubtful), frozenset(affirmed))


def _holds(claim: Claim, evidence: Evidence, span: Sequence[Part], held: frozenset[str]) -> bool:
    """Say whether a part of a passage may be evidence at all, whatever its share of the words."""
    if claim.short and not claim.said <= held:
        return False
    missing = claim.numbers - held
    if missing - ({"1"} if "one" in held else set()) or not claim.names <= held | evidence.names:
        return False
    if span[0].is_row and (claim.said & evidence.labels) - held:
        return False  # it names another row
    return claim.answers_no or _agrees(
        claim.said, claim.polarity, [evidence.prefix_polarity, *(part.polarity for part in span)]
    )


def _agrees(said: frozenset[str], claim: Polarity, parts: Sequence[Polarity]) -> bool:
    """Say whether claim and evidence deny the same. What is denied in one clause may be affirmed in the next."""
    if claim.denies:
        affirmed = frozenset[str]().union(*(part.affirmed for part in parts))
        doubtful = frozenset[str]().union(*(part.doubtful for part in parts))
        return any(part.excludes for part in parts) and not (claim.denied & affirmed) - doubtful
    return claim.excludes or not any(said & (part.denied - part.affirmed) for part in parts)


def _parts(passage: Passage) -> Iterator[Part]:
    found = list(sentences(passage.text))
    header = ""
    for sentence, following in zip_longest(found, found[1:]):
        is_row = sentence.text.startswith("|")
        is_header = is_row and bool(following and RULE.fullmatch(following.text))
        if not is_row or is_header:
            header = ""
        if not RULE.fullmatch(sentence.text):
            said = LIST_SIGN.sub("", sentence.text, count=1)  # the number of an item is no number that it states
            words = frozenset(content_words(f"{header}\n{said}" if header else said))
            yield Part(
                sentence=sentence,
                words=words,
                polarity=polarity(sentence.text, words),
                label=frozenset(content_words(sentence.text.split("|")[1]) if is_row and not is_header else ()),
                is_row=is_row,
            )
        if is_header:
            header = sentence.text
