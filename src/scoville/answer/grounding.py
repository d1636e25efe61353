"""What a model wrote becomes text with citations that were checked.

Enters: a reply and the passages it was given. Leaves: the text with ``[n]`` markers and a citation for each. What is
evidence for a sentence, ``evidence`` says. Knows no model and no index.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from scoville.answer.evidence import Claim, Evidence, Support, best_support
from scoville.answer.evidence import support as find_support
from scoville.answer.parts import LIST_SIGN
from scoville.answer.second import Read, finds_another
from scoville.index.analyse import analyse, word_parts
from scoville.language import detect_language
from scoville.search.focus import readable_lines
from scoville.sentences import content_words, numbers, sentences
from scoville.types import Citation, CitationMethod, Hit, Passage
from scoville.words import space_characters, stems

_NUMBERS = r"(\d{1,3}(?:\s*(?:[,;&–-]|and)\s*\d{1,3})*)"
_LABEL = r"(?:see\s+)?(?:passages?|sources?|documents?)\s*:?\s*"
MARKER = re.compile(
    rf"\s{{0,4}}(?:[\[［]\s*(?:{_LABEL})?{_NUMBERS}\s*[\]］]|\(\s*{_LABEL}{_NUMBERS}\s*\)|【\s*(?:{_LABEL})?{_NUMBERS}(?:[:†][^】]*)?】"
    rf"|\bpassages?\s+{_NUMBERS}\b)",
    re.IGNORECASE,
)
"""What models write to name a passage: ``[1]``, ``[1, 2]``, ``[1-3]``, ``(passage 1)``, ``【1】``, ``［1］``, or
``passage 1``."""
PLAIN_MARKER = re.compile(r"\s{0,4}\[(\d{1,3})\]")
LONGEST_RANGE = 20
QUOTATION = re.compile(r"[\"“]([^\"“”]*)[\"”]")
SHORTEST_QUOTATION = 8  # characters; what is shorter is a word said with reserve
READ = ("", "en")
"""What the checks read; of passages in other languages they say nothing."""
LEAST_ALIKE = 0.3
"""Of the parts of a claim's words, that a line in its language must have."""
LEAST_QUESTION_SHARE = 0.3  # of 98 grounded answers to HR questions, none held less than .31


@dataclass(frozen=True, kw_only=True)
class Grounded:
    """An answer's text, with a citation for each marker in it."""

    text: str
    citations: tuple[Citation, ...]
    left_out: tuple[str, ...] = ()
    """The sentences that no passage supports."""

    @property
    def verified(self) -> bool:
        """Whether any citation holds."""
        return any(citation.verified for citation in self.citations)

    @property
    def found(self) -> bool:
        """Whether any quote was found."""
        return any(citation.state != "unsupported" for citation in self.citations)


def ground(
    reply: str, hits: Sequence[Hit], min_support: float, question: str = "", read: Read | None = None
) -> Grounded:  # fmt: skip
    """Resolve the model's markers to citations; for a sentence without one, find the passage that holds it.

    A marker of a passage that was not given, and a marked sentence that its passage does not hold, stay as unsupported
    citations. A sentence without markers gets that of the passage that holds it, said to be ``aligned``; it is left out
    if none does, whatever the other sentences have. A line that leads in others (``:``) stays with them. A sentence of
    few words, such as a bare number, is read as an answer to ``question``: its evidence must be about the question too.
    Where a reader is given, a number counts as checked only if it does not find another one in its place.
    """
    text = _tidy(reply)
    reading = _Reading(hits, min_support, question, read)
    pieces: list[str] = []
    citations: list[Citation] = []
    left_out: list[str] = []
    seen: dict[str, set[int]] = {}
    lead = ""
    position = 0
    for claim in _claims(text):
        gap, position = text[position : claim.start], claim.end
        written = text[claim.start : claim.end]
        plain = " ".join(LIST_SIGN.sub("", claim.text, count=1).casefold().split())
        if plain in seen and seen[plain].issuperset(claim.markers):
            continue  # small models say a thing again and again
        seen.setdefault(plain, set()).update(claim.markers)
        found = reading.resolve(claim) if claim.markers else reading.align(claim)
        if not found:
            leads = (written.endswith(":") and not any(map(str.isdigit, written))) or not content_words(written)
            lead = f"{gap}{written}" if leads else ""
            left_out += [] if leads else [written]
            continue
        mark = "" if claim.markers else f" [{found[0].marker}]"
        pieces.append(f"{lead}{gap}{written}{mark}")
        citations += found
        lead = ""
    return Grounded(text="".join(pieces).strip(), citations=_merged(citations), left_out=tuple(left_out))


def _merged(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """Leave out citations of a quote that is cited already; the marker that the model wrote is kept."""
    kept: dict[tuple[int, str, str], Citation] = {}
    for one in citations:
        key = one.marker, one.quote, one.state
        kept[key] = one if key not in kept or (one.method == "model" != kept[key].method) else kept[key]
    return tuple(kept.values())


def quote_stands_in(quote: str, passage: str) -> bool:
    """Say whether a quote stands in a passage, up to white space, case, quotation marks and ligatures."""
    wanted = _plain(quote).strip(" .,;:…")
    return bool(wanted) and wanted in _plain(passage)


def support(sentence: str, passage: Passage, question: str = "") -> Support:
    """Find the neighbouring sentences of a passage that hold most of a sentence's content words."""
    return find_support(Claim(sentence, question, f"{passage.content}\n{question}"), Evidence(passage))


class _Claim(NamedTuple):
    """A sentence of the reply, and the markers in and behind it."""

    start: int
    end: int
    text: str
    """Without its markers."""
    markers: tuple[int, ...]


class _Reading:
    """The passages, read as far as the reply needs them."""

    def __init__(self, hits: Sequence[Hit], min_support: float, question: str, read: Read | None) -> None:
        self.read = read
        self.hits = hits
        self.min_support = min_support
        self.question = question

    @cached_property
    def given(self) -> str:
        return "\n".join([self.question, *(hit.passage.content for hit in self.hits)])

    @cached_property
    def asked(self) -> frozenset[str]:
        return stems(self.question)

    @cached_property
    def evidence(self) -> dict[int, Evidence]:
        return {}

    def resolve(self, claim: _Claim) -> list[Citation]:
        """Give a citation for each marker of a sentence."""
        read = self._read(claim)
        return [self._resolve(claim.text, read, marker) for marker in dict.fromkeys(claim.markers)]

    def align(self, claim: _Claim) -> list[Citation]:
        """Give the citation of the passage that holds a sentence best, the earlier of equals; none if none does.

        A question claims nothing, so nothing is evidence for it.
        """
        read = self._read(claim)
        if claim.text.endswith("?"):
            return []
        place, best = best_support(read, [self._evidence(number) for number in range(len(self.hits))], self.min_support)
        if not best.share or not self._is_about(best):
            found = (self._abroad(claim.text, number) for number in range(1, len(self.hits) + 1))
            alike = max(filter(None, found), key=lambda one: one[0], default=(0.0, None))
            return [replace(alike[1], method="aligned")] if alike[1] and alike[0] >= LEAST_ALIKE else []
        return [self._citation(read, place + 1, best, "aligned")]

    def _read(self, claim: _Claim) -> Claim:
        return Claim(claim.text, self.question, self.given)

    def _resolve(self, claim: str, read: Claim, marker: int) -> Citation:
        if not 1 <= marker <= len(self.hits):
            return Citation(
                marker=marker, passage_id=None, document=None, page=None, boxes=(), quote=claim,
                state="unsupported", reason="passage", method="model",
            )  # fmt: skip
        passage = self.hits[marker - 1].passage
        for quotation in QUOTATION.findall(claim):
            if len(quotation) >= SHORTEST_QUOTATION and not quote_stands_in(quotation, passage.content):
                return unsupported(marker, passage, quotation, "quotation")
        found = find_support(read, self._evidence(marker - 1), self.min_support)
        if not found.share and (unjudged := self._abroad(claim, marker)):
            return unjudged[1]
        if not found.share:
            return unsupported(marker, passage, claim, found.reason or "words")
        return self._citation(read, marker, found, "model")

    def _citation(self, claim: Claim, marker: int, found: Support, method: CitationMethod) -> Citation:
        passage = self.hits[marker - 1].passage
        cited = cite(marker, passage, found.start, found.end, method)
        if not found.whole or passage.language not in READ:
            return replace(cited, state="unchecked")
        doubted = self.read is not None and finds_another(claim, passage, self.read)
        return replace(cited, state="unchecked", reason="reader") if doubted else cited

    def _abroad(self, claim: str, marker: int) -> tuple[float, Citation] | None:
        """Give the line that is most like a claim, of a passage whose language the checks do not read, and how much.

        Nothing where the passage does not have the claim's numbers, or shares little in the same language.
        """
        passage = self.hits[marker - 1].passage
        lines = list(readable_lines(passage))
        if passage.language in READ or not lines or _numbers_of(claim) - _numbers_of(passage.content):
            return None
        wanted = word_parts(analyse(claim, passage.language))
        shares = [len(wanted & word_parts(analyse(line.text, passage.language))) for line in lines]
        best = max(range(len(lines)), key=lambda place: shares[place])
        share = shares[best] / max(1, len(wanted))
        if share < LEAST_ALIKE and detect_language(claim) in ("", passage.language):
            return None
        return share, replace(cite(marker, passage, lines[best].start, lines[best].end), state="unchecked")

    def _evidence(self, number: int) -> Evidence:
        if number not in self.evidence:
            self.evidence[number] = Evidence(self.hits[number].passage)
        return self.evidence[number]

    def _is_about(self, found: Support) -> bool:
        """Say whether evidence shares enough words with the question: a true sentence about something else is none."""
        return len(self.asked & found.held) >= LEAST_QUESTION_SHARE * len(self.asked)


def _claims(text: str) -> Iterator[_Claim]:
    """Give the sentences of a reply; one that says nothing but its markers belongs to the sentence before."""
    before: _Claim | None = None
    for sentence in sentences(text):
        markers = tuple(int(match[1]) for match in PLAIN_MARKER.finditer(sentence.text))
        plain = PLAIN_MARKER.sub("", sentence.text).strip()
        if before and not content_words(plain):
            before = before._replace(end=sentence.end, markers=before.markers + markers)
            continue
        if before:
            yield before
        before = _Claim(sentence.start, sentence.end, plain, markers)
    if before:
        yield before


def cite(marker: int, passage: Passage, start: int, end: int, method: CitationMethod = "model") -> Citation:
    """Cite the characters ``[start, end)`` of a passage's text, which say what is claimed."""
    boxes = passage.boxes(passage.start + start, passage.start + end)
    return Citation(
        marker=marker,
        passage_id=passage.id,
        document=passage.source,
        page=boxes[0].page if boxes else passage.page,
        anchor=passage.anchor_at(passage.start + start),
        boxes=boxes,
        quote=passage.text[start:end],
        state="supported",
        method=method,
    )


def unsupported(marker: int, passage: Passage, quote: str, reason: str) -> Citation:
    """Cite a passage that does not say what is claimed."""
    return replace(cite(marker, passage, 0, 0), quote=quote, state="unsupported", reason=reason, boxes=())


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = re.sub(r"[‘’‚‛“”„‟\"'`´]", "'", folded)
    return " ".join(re.sub(r"[‐‑‒–—−]", "-", folded).split())


def _numbers_of(text: str) -> set[str]:
    return numbers(space_characters(text))


def _tidy(reply: str) -> str:
    """Write every marker as ``[n]``, and no more than one blank line."""
    return re.sub(r"\n{3,}", "\n\n", MARKER.sub(_plain_markers, reply.strip()))


def _plain_markers(match: re.Match[str]) -> str:
    space = match.group()[: -len(match.group().lstrip())]
    return space + "".join(f"[{number}]" for number in _numbers(match[match.lastindex or 0]))


def _numbers(text: str) -> Iterator[int]:
    for first, last in re.findall(r"(\d+)(?:\s*[–-]\s*(\d+))?", text):
        ends = int(first), int(last or first)
        yield from range(ends[0], ends[1] + 1) if 0 <= ends[1] - ends[0] <= LONGEST_RANGE else ends
