"""How far texts hold what an answer claims, claim by claim.

Enters: an answer, and the texts that it was given or cites. Leaves: its claims, each with how far it is supported, and
why it is not. Words are compared, not meanings: a paraphrase that shares no words with its source is not found.

A claim is checked against single sentences, or rows of a table: words from all over a passage support nothing. On the
sentences of QAGS (news), AUROC against people is .51 by three neighbouring sentences, .77 by single ones
(benchmarks/results/ruler.md).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from scoville.answer import checks
from scoville.answer.checks import Span, disagreement
from scoville.answer.contradiction import contradiction
from scoville.answer.declines import declines
from scoville.answer.names import names
from scoville.answer.parts import LIST_SIGN, Evidence, Part
from scoville.sentences import in_digits, sentences
from scoville.types import Passage
from scoville.words import held, stems, strip_citations, without_accents

ELSEWHERE = 0.5
"""What a word counts that the best sentence lacks and another sentence of the texts has."""
UNHELD = 0.2
"""What is left of the support of a claim that has a number or a name which no text has."""
SUPPORTED = 0.5
"""A claim with less support is not supported: so are 9 of 10 corrupted sentences of benchmarks/results/ruler.md."""
NEAR = 0.1
"""Sentences that hold nearly as much as the best one are evidence too: one that agrees is enough."""
MOST_SENTENCES = 6
LEAST_COMPARED = 0.5
"""Share of a claim's words that a sentence must hold to contradict it."""
OTHERWISE = ("bound", "period", "order", "mixed")
"""The checks of grounding that count beside a contradiction of the whole sentence; a number or a name that is missing
lowers the support by degrees."""
MARKUP = re.compile(r"[*_`#]+")
OPENER = re.compile(
    r"^(?:however|additionally|overall|therefore|moreover|furthermore|finally|unfortunately|generally|typically|usually"
    r"|in addition|in general|in summary|in short|for example|for instance|yes|no|sure|thus|hence|also|so),\s+",
    re.IGNORECASE,
)
"""What leads to a claim and is no part of it."""
CLAIM_END = re.compile(r";\s+")
_SMALL = r"(?:of|and|the|for|in|to|or|a|an|at|by|on|with|your|&)"
LABEL = re.compile(rf"(?:[A-Z][^\s:]*)(?:\s(?:[A-Z\d(][^\s:]*|{_SMALL})){{0,9}}:\s+(?=\S+\s+\S+)")
"""A heading before what is claimed, all words capitalised: ``Summary of Benefits: The coinsurance is 20 %.``"""


class Claim(NamedTuple):
    """What an answer claims in one sentence."""

    text: str
    support: float
    """From 0 to 1: how far the texts hold it."""
    reason: str
    """Why it is not held: ``number``, ``name``, ``negation``, ``comparison`` or ``direction`` where a sentence of the
    texts says otherwise, ``not found`` where none says it; empty where it is held."""
    words: int

    @property
    def supported(self) -> bool:
        """Say whether the texts hold it."""
        return self.support >= SUPPORTED


def faithfulness(answer: str, texts: Sequence[str], question: str = "") -> float | None:
    """Give the mean support of an answer's claims, weighted by their words; None when it claims nothing."""
    found = claims(answer, texts, question)
    total = sum(one.words for one in found)
    return sum(one.support * one.words for one in found) / total if total else None


def claims(answer: str, texts: Sequence[str], question: str = "") -> list[Claim]:
    """Split an answer into claims and check each against the texts.

    The support of a claim is the share of its words that the best sentence of the texts holds, words of other sentences
    counting half. It falls to a fifth when a number or a name stands in no text, and to 0 when the sentences that hold
    the claim best all say another number or name in its place, deny what it affirms, or compare the other way round.
    Questions, lines that lead in others and refusals claim nothing.
    """
    given = "\n".join((question, *texts))
    known = stems(given)
    evidence = [(read, part) for read in map(_read, texts) for part in read.parts if part.words]
    return [_check(text, question, evidence, known, given) for text in claimed(answer)]


def claimed(answer: str) -> Iterable[str]:
    """Give the sentences of an answer that claim something, without citations and marks of lists."""
    for sentence in sentences(MARKUP.sub("", strip_citations(answer))):
        for part in CLAIM_END.split(sentence.text):
            text = OPENER.sub("", LIST_SIGN.sub("", part, count=1).strip(), count=1)
            if stems(text) and not text.endswith(("?", ":")) and not declines(text):
                yield text


def _check(
    text: str, question: str, evidence: Sequence[tuple[Evidence, Part]], known: frozenset[str], given: str
) -> Claim:  # fmt: skip
    words, said = stems(text), checks.Claim(text, question, given)
    shares = sorted(((len(words & part.words) / len(words), at) for at, (_, part) in enumerate(evidence)), reverse=True)
    anywhere = held(words, known)
    best = Claim(text, ELSEWHERE * len(anywhere) / len(words), "not found", len(words))
    if not shares or not shares[0][0]:
        return best._replace(support=0.0)
    missing = words - anywhere
    invented = {word for word in missing if word[0].isdecimal()} or _named(text, given) & missing
    checked: list[Claim] = []
    for share, at in shares[:MOST_SENTENCES]:
        if share < shares[0][0] - NEAR:
            break
        read, part = evidence[at]
        span = Span(said, read, [part], part.words, read.prefix | part.above)
        compared = share >= LEAST_COMPARED
        reason = (contradiction(text, part.sentence.text, given) or disagreement(span, OTHERWISE)) if compared else ""
        inside = held(words, part.words)
        support = (len(inside) + ELSEWHERE * len(anywhere - inside)) / len(words) * (UNHELD if invented else 1.0)
        checked.append(best._replace(support=0.0 if reason else support, reason=reason))
    best = max(checked, key=lambda one: one.support)
    return best if best.supported or best.reason else best._replace(reason="not found")


def _named(text: str, given: str) -> frozenset[str]:
    return frozenset(map(without_accents, names(in_digits(LABEL.sub("", text, count=1)), given)))


@lru_cache(maxsize=512)
def _read(text: str) -> Evidence:
    return Evidence(
        Passage(id="", source="", document_id="", title="", media_type="", start=0, end=len(text), text=text)
    )
