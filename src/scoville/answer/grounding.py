"""What a model wrote becomes text with verified citations.

Enters: a reply and the passages it was given. Leaves: the text with ``[n]`` markers and a citation for each. A sentence
is supported by a passage when the passage holds enough of its content words and all of its numbers; the quote is the
part of the passage that holds most of them. Knows no model and no index.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from scoville.sentences import Sentence, content_words, numbers, sentences
from scoville.types import Citation, CitationMethod, Hit, Passage

MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
QUOTATION = re.compile(r"[\"“]([^\"“”]{8,})[\"”]")
SHORT_CLAIM_WORDS = 4  # fewer content words than these say too little to be matched alone
LONGEST_QUOTE_SENTENCES = 3
LEAST_QUESTION_SHARE = 0.3  # of 98 grounded answers to HR questions, none held less than .31
LONGER_QUOTE_GAIN = 0.15  # another sentence joins the quote when it adds more than this


@dataclass(frozen=True, kw_only=True)
class Grounded:
    """An answer's text, with a citation for each marker in it."""

    text: str
    citations: tuple[Citation, ...]

    @property
    def verified(self) -> bool:
        """Whether any citation holds."""
        return any(citation.verified for citation in self.citations)


class Support(NamedTuple):
    """The part of a passage that best holds a sentence."""

    start: int
    end: int
    share: float
    """Share of the sentence's content words that this part holds, 0 when it lacks one of its numbers."""
    worth: float = 0.0
    """What the part was chosen by."""


def ground(reply: str, hits: Sequence[Hit], min_support: float, question: str = "") -> Grounded:
    """Resolve the model's markers to citations; where it wrote none, find the passages that hold its sentences.

    A marker of a passage that was not given, and a marked sentence that its passage does not hold, stay as unverified
    citations. With no marker in the reply, each sentence that a passage holds gets one, said to be ``aligned``, and the
    sentences that no passage holds are left out. A sentence of few words, such as a bare number, is read as an answer
    to ``question``: its evidence must be about the question too.
    """
    text = _tidy(reply)
    if MARKER.search(text):
        found = [c for sentence in _marked(text) for c in _resolve(sentence, hits, min_support, question)]
        return Grounded(text=text, citations=tuple(dict.fromkeys(found)))
    return _align(text, hits, min_support, question)


def quote_stands_in(quote: str, passage: str) -> bool:
    """Say whether a quote stands in a passage, up to white space, case, quotation marks and ligatures."""
    wanted = _plain(quote).strip(" .,;:…")
    return bool(wanted) and wanted in _plain(passage)


def support(sentence: str, passage: Passage, question: str = "") -> Support:
    """Find the neighbouring sentences of a passage that hold most of a sentence's content words.

    The headings of a passage count for each of its parts, its other parts do not: a number from one row of a table and
    a name from another are no evidence.
    """
    claim = MARKER.sub("", sentence)
    said = content_words(claim)
    if not said:
        return Support(0, len(passage.text), 0.0)
    short = len(said) < SHORT_CLAIM_WORDS
    words = said | content_words(question) if short else said
    around = content_words(passage.prefix)
    parts = [_Part(part, content_words(part.text)) for part in sentences(passage.text)]
    best: Support | None = None
    for first in range(len(parts)):
        held = set(around)
        for last in range(first, min(first + LONGEST_QUOTE_SENTENCES, len(parts))):
            held |= parts[last].words
            start, end = parts[first].sentence.start, parts[last].sentence.end
            share = 0.0 if short and not said <= held else len(words & held) / len(words)
            if not numbers(claim) <= numbers(f"{passage.prefix} {passage.text[start:end]}"):
                share = 0.0
            # What was said weighs more than what was asked, and a longer quote must be worth its length.
            worth = share + len(said & held) / len(said) - LONGER_QUOTE_GAIN * (last - first)
            if best is None or worth > best.worth:
                best = Support(start, end, share, worth)
    return best or Support(0, len(passage.text), 0.0)


class _Part(NamedTuple):
    sentence: Sentence
    words: set[str]


class _Marked(NamedTuple):
    """A sentence with the markers behind it."""

    text: str
    markers: tuple[int, ...]


def _marked(text: str) -> Iterator[_Marked]:
    """Give each sentence that carries markers; markers on a line of their own belong to the sentence before."""
    before = ""
    for sentence in sentences(text):
        markers = tuple(
            int(number) for match in MARKER.finditer(sentence.text) for number in re.findall(r"\d+", match[1])
        )
        claim = MARKER.sub("", sentence.text).strip() or before
        if markers:
            yield _Marked(claim, markers)
        before = claim


def _resolve(sentence: _Marked, hits: Sequence[Hit], min_support: float, question: str) -> Iterator[Citation]:
    for marker in dict.fromkeys(sentence.markers):
        if not 1 <= marker <= len(hits):
            yield Citation(
                marker=marker, passage_id=None, document=None, page=None, boxes=(), quote=sentence.text,
                verified=False, method="model",
            )  # fmt: skip
            continue
        passage = hits[marker - 1].passage
        quoted = QUOTATION.search(sentence.text)
        found = support(sentence.text, passage, question)
        if quoted and not quote_stands_in(quoted[1], passage.content):
            yield _unverified(marker, passage, quoted[1])
        elif found.share >= min_support:
            yield _citation(marker, passage, found, "model")
        else:
            yield _unverified(marker, passage, sentence.text)


def _align(text: str, hits: Sequence[Hit], min_support: float, question: str) -> Grounded:
    pieces: list[str] = []
    citations: list[Citation] = []
    seen: set[str] = set()
    position = 0
    for sentence in sentences(text):
        gap, position = text[position : sentence.start], sentence.end
        plain = " ".join(sentence.text.casefold().split())
        found = _best(sentence, hits, question)
        if plain in seen or not found or found[1].share < min_support or not _is_about(question, found, hits):
            continue
        seen.add(plain)
        number, evidence = found
        pieces.append(f"{gap if pieces else ''}{sentence.text} [{number}]")
        citations.append(_citation(number, hits[number - 1].passage, evidence, "aligned"))
    return Grounded(text="".join(pieces), citations=tuple(dict.fromkeys(citations)))


def _best(sentence: Sentence, hits: Sequence[Hit], question: str) -> tuple[int, Support] | None:
    """The passage that holds a sentence best; the earlier of equals."""
    found = [(number, support(sentence.text, hit.passage, question)) for number, hit in enumerate(hits, start=1)]
    return max(found, key=lambda one: (one[1].share, -one[0]), default=None)


def _is_about(question: str, found: tuple[int, Support], hits: Sequence[Hit]) -> bool:
    """Say whether the evidence shares enough words with the question: a true sentence about something else is none."""
    number, evidence = found
    passage = hits[number - 1].passage
    wanted = content_words(question)
    held = wanted & content_words(f"{passage.prefix} {passage.text[evidence.start : evidence.end]}")
    return len(held) >= LEAST_QUESTION_SHARE * len(wanted)


def _citation(marker: int, passage: Passage, found: Support, method: CitationMethod) -> Citation:
    quote = passage.text[found.start : found.end]
    boxes = passage.boxes(passage.start + found.start, passage.start + found.end)
    return Citation(
        marker=marker,
        passage_id=passage.id,
        document=passage.source,
        page=boxes[0].page if boxes else passage.page,
        boxes=boxes,
        quote=quote,
        verified=quote_stands_in(quote, passage.text),
        method=method,
    )


def _unverified(marker: int, passage: Passage, quote: str) -> Citation:
    whole = _citation(marker, passage, Support(0, len(passage.text), 0.0), "model")
    return replace(whole, quote=quote, verified=False, boxes=())


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = re.sub(r"[‘’‚‛“”„‟\"'`´]", "'", folded)
    return " ".join(re.sub(r"[‐‑‒–—−]", "-", folded).split())


def _tidy(reply: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", reply.strip())
