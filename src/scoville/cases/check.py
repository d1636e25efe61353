"""What is wrong with a set of cases: before a run is spent on it.

Enters: cases, and what was read of each document. Leaves: problems, each with the cases that have it. Knows neither the
index nor how a document was read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from scoville.answer.grounding import quote_stands_in
from scoville.cases.alike import alike, plain
from scoville.cases.parts import leaks
from scoville.sentences import content_words
from scoville.types import Case, Evidence

Pages = Mapping[int | None, str]
"""What was read of a document, page by page; None is the page of formats without pages."""
HELD = 0.8
"""A page holds a quote when it has this share of the quote's content words: tables are read in another order."""
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


class Problem(NamedTuple):
    """Something to mend."""

    kind: Literal["duplicate", "near_duplicate", "evidence", "leak", "encoding", "nothing_to_score"]
    cases: tuple[str, ...]
    """The ids of the cases that have it."""
    detail: str
    blocks: bool = True
    """False where it may be meant so."""


def check(cases: Sequence[Case], documents: Mapping[str, Pages] | None = None) -> list[Problem]:
    """List the problems of a set of cases; without ``documents`` its evidence is not looked up.

    ``documents`` says by source what was read; it is asked only for those that the evidence names.
    """
    found = [*_duplicates(cases), *_leaks(cases), *_garbled(cases), *_unscorable(cases)]
    if documents is None:
        return found
    sources = _Sources(documents)
    return [*found, *(problem for case in cases for problem in _evidence(case, sources))]


def _duplicates(cases: Sequence[Case]) -> Iterator[Problem]:
    for pair in alike(cases):
        one, other = cases[pair.first], cases[pair.second]
        if pair.likeness == 1:
            yield Problem("duplicate", (one.id, other.id), f"both ask {_brief(one.question)}")
        else:
            questions = f"{_brief(one.question)} and {_brief(other.question)}"
            yield Problem(
                "near_duplicate", (one.id, other.id), f"{questions} ({pair.likeness:.2f} alike)", blocks=False
            )


def _leaks(cases: Sequence[Case]) -> Iterator[Problem]:
    split = {case.id: case.split for case in cases}
    for leak in leaks(cases):
        detail = f"of {split[leak.case_id]}, {leak.detail}; divide with `scoville cases split --anew`"
        yield Problem("leak", (leak.case_id, leak.other), detail)


def _garbled(cases: Sequence[Case]) -> Iterator[Problem]:
    for case in cases:
        for text in (case.question, *case.expected, *case.choices):  # a quote says what the document says
            if wrong := next((found for found in _FOREIGN.finditer(text) if _is_garbled(found[0])), None):
                detail = f"{_brief(text[max(wrong.start() - 20, 0) :])} was read in a wrong encoding: import it again"
                yield Problem("encoding", (case.id,), detail)
                break


def _is_garbled(run: str) -> bool:
    """Say whether characters are UTF-8 that was read as Windows-1252, or stand for some that were lost."""
    if "\ufffd" in run:
        return True
    try:
        return bool(run.encode("cp1252").decode())
    except UnicodeError:
        return False


def _unscorable(cases: Sequence[Case]) -> Iterator[Problem]:
    """Name cases of which no metric can say whether they are answered, and sets that measure one side only."""
    empty = tuple(case.id for case in cases if case.answerable and not case.expected and not case.evidence)
    if empty:
        yield Problem(
            "nothing_to_score", empty, "neither an expected answer nor evidence: only a judge can score them", False
        )
    if not any(case.answerable for case in cases):
        ids = tuple(case.id for case in cases)
        yield Problem(
            "nothing_to_score", ids, "no case is answerable: a system that always refuses is perfect here", False
        )


class _Sources:
    """The documents by the ends of their names."""

    def __init__(self, documents: Mapping[str, Pages]) -> None:
        self._documents = documents
        self._by_last: dict[str, list[str]] = {}
        for source in documents:
            self._by_last.setdefault(_last(source), []).append(source)

    def find(self, evidence: Evidence) -> list[Pages]:
        """Give the documents that evidence may mean."""
        named = self._by_last.get(_last(evidence.document), [])
        return [self._documents[source] for source in named if evidence.is_in(source)]

    def nearest(self, name: str) -> str:
        """Give the name of a document that is written nearly so; empty where there is none."""
        from difflib import get_close_matches

        near = get_close_matches(_last(name), self._by_last, 1)
        return self._by_last[near[0]][0].rpartition("/")[2] if near else ""


def _last(document: str) -> str:
    return document.replace("\\", "/").rpartition("/")[2].casefold()


def _evidence(case: Case, sources: _Sources) -> Iterator[Problem]:
    for evidence in case.evidence:
        found = sources.find(evidence)
        wrong = [_wrong(evidence, pages) for pages in found]
        if not found:
            near = sources.nearest(evidence.document)
            hint = f"; did you mean {near}?" if near else "; add it, or correct the name"
            yield Problem("evidence", (case.id,), f"{evidence.document} is not in the index{hint}")
        elif all(wrong):
            yield Problem("evidence", (case.id,), f"{evidence.document}: {wrong[0]}")


def _wrong(evidence: Evidence, pages: Pages) -> str:
    """Say what is wrong with evidence of one document; empty where nothing is."""
    numbers = sorted(number for number in pages if number is not None)
    page = evidence.page
    if page is not None and not numbers:
        return f"it has no pages, so there is no page {page}"
    if page is not None and page > numbers[-1]:
        return f"there is no page {page}; the last with a text is {numbers[-1]}"
    if page is not None and page not in pages:
        return f"nothing was read on page {page}; look at it with `scoville inspect`"
    if not evidence.quote:
        return ""
    near = [text for number, text in pages.items() if page is None or number in (page, page + 1)]  # it may run on
    if _stands("\n".join(near), evidence.quote) or any(_holds(text, evidence.quote) for text in near if numbers):
        return ""
    elsewhere = [number for number in numbers if _holds(pages[number], evidence.quote)]
    if elsewhere:
        return f"the quote {_brief(evidence.quote)} stands on page {elsewhere[0]}, not on page {page}"
    return f"the quote {_brief(evidence.quote)} stands nowhere in what was read"


def _stands(text: str, quote: str) -> bool:
    return quote_stands_in(quote, text) or plain(quote) in plain(text)


def _holds(page: str, quote: str) -> bool:
    """Say whether a page holds a quote, or nearly all of its words and every number."""
    words, held = content_words(quote), content_words(page)
    numbers = {word for word in words if any(map(str.isdigit, word))}
    return _stands(page, quote) or (len(words & held) >= max(HELD * len(words), 1) and numbers <= held)


def _brief(text: str) -> str:
    shown = " ".join(text.split())
    return f'"{shown[:70]}…"' if len(shown) > 70 else f'"{shown}"'
