"""Which stage to blame for a wrong answer, and the cheapest thing to try.

Enters: a case, what the system said, whether that is right, and the index. Leaves: the first stage on the way from the
file to the answer at which the evidence was lost. Needs cases with evidence: without, only the model can be blamed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from scoville.evaluate.result import Result
from scoville.index import Index
from scoville.sentences import content_words
from scoville.types import Case, Evidence, Passage

HELD = 0.8
"""A text holds a quote when it has this share of the quote's content words."""
SHORT_ANSWER = 12
"""An expected answer of at most so many content words stands in for a missing quote."""
DEEP = 50
"""Places of the ranking in which evidence that was not given is looked for."""

STAGES: Mapping[str, str] = {
    "failed": "the system gave no answer: read the error; raise the time-out",
    "not_read": "look at the file with `scoville inspect`; try read.ocr: always, read.scan_layout, or another reader",
    "cut_badly": "try split.by: parent, a larger split.size, or search.neighbours: 1",
    "not_found": "try another embed.model, split.tags, rewrite.phrasings: 2, or search.candidates: 200",
    "ranked_too_low": "raise search.passages; or try search.rerank",
    "misread": "try prompt.style, fewer search.passages, or a stronger llm.model",
    "invented": "raise answer.min_support; or a stronger llm.model",
    "refused_wrongly": "lower answer.min_similarity or answer.min_support; or a stronger llm.model",
    "judge_wrong": "two measures disagree: correct the case, or check the judge with `scoville judge check`",
    "unknown": "give the case its evidence (document, page, quote): then the stage can be told",
}
"""Every stage, in the order of the way, with the cheapest thing to try."""


class Blame(NamedTuple):
    """The stage at which one answer went wrong."""

    case_id: str
    stage: str
    """A key of :data:`STAGES`."""
    detail: str = ""


class Library:
    """What blaming asks of an index; the passages of a document are read once."""

    def __init__(self, index: Index, search: Callable[[str, int], Sequence[Passage]]) -> None:
        self._index = index
        self._search = search
        self._sources = sorted(index.documents())
        self._passages: dict[str, list[Passage]] = {}

    def passages(self, evidence: Evidence) -> list[Passage]:
        """Give the passages of the documents that evidence may mean."""
        found: list[Passage] = []
        for source in self._sources:
            if evidence.is_in(source):
                if source not in self._passages:
                    self._passages[source] = self._index.neighbours(source, 0, 1_000_000)
                found += self._passages[source]
        return found

    def rank(self, question: str, ids: set[str]) -> int | None:
        """Give the best rank, from 1, that one of these passages has in a deep search."""
        found = self._search(question, DEEP)
        return next((rank for rank, passage in enumerate(found, start=1) if passage.id in ids), None)


def blame(case: Case, result: Result, library: Library, *, overruled: bool = False) -> Blame:
    """Find the stage to blame for a wrong answer.

    ``overruled``: a judge calls wrong what a plain comparison calls right.
    """
    if result.error:
        return Blame(case.id, "failed", result.error)
    if overruled:
        return Blame(case.id, "judge_wrong")
    if not case.answerable:
        return Blame(case.id, "misread" if _supported(result) else "invented", "the right answer was a refusal")
    if not case.evidence:
        return Blame(case.id, "refused_wrongly" if result.refused else "unknown")
    lost = [found for evidence in case.evidence if (found := _lost(case, evidence, result, library))]
    if len(lost) == len(case.evidence):  # one piece of evidence that was given is enough to blame the model
        return min(lost, key=lambda one: list(STAGES).index(one.stage))
    if result.refused:
        return Blame(case.id, "refused_wrongly", result.reason)
    return Blame(case.id, "misread" if _supported(result) else "invented")


def count_stages(blamed: Iterable[Blame]) -> list[tuple[str, int, str]]:
    """Count the stages, the most frequent first, each with the cheapest thing to try."""
    counts = Counter(wrong.stage for wrong in blamed)
    return [(stage, count, STAGES[stage]) for stage, count in counts.most_common()]


def _lost(case: Case, evidence: Evidence, result: Result, library: Library) -> Blame | None:
    """Say where one piece of evidence was lost before the model; None when it was given."""
    passages = library.passages(evidence)
    if not passages:
        return Blame(case.id, "not_read", f"{evidence.document} is not in the index")
    quote = content_words(evidence.quote) or _short_answer(case)
    near = [passage for passage in passages if _is_near(passage, evidence)]
    if not near:
        return Blame(case.id, "not_read", f"nothing was read on page {evidence.page} of {evidence.document}")
    holding = near
    if quote:
        holding = [passage for passage in near if _holds(passage.content, quote)]
        whole = " ".join(passage.content for passage in near)
        if not holding and _holds(whole, quote):
            return Blame(case.id, "cut_badly", "the quote stands in several passages, whole in none")
        if not holding and evidence.quote:
            return Blame(case.id, "not_read", "the quote stands nowhere in what was read")
        holding = holding or near
    ids = {passage.id for passage in holding}
    if any(given.id in ids or (quote and _holds(given.text, quote)) for given in result.passages):
        return None
    rank = library.rank(case.question, ids)
    if rank is None:
        return Blame(case.id, "not_found", f"not among the first {DEEP}")
    return Blame(case.id, "ranked_too_low", f"at rank {rank}, and {len(result.passages)} were given")


def _is_near(passage: Passage, evidence: Evidence) -> bool:
    """Say whether a passage touches the page of the evidence; pages of cases are often one off."""
    if evidence.page is None:
        return True
    pages = {region.box.page for region in passage.regions} | ({passage.page} if passage.page else set[int]())
    return not pages or any(abs(page - evidence.page) <= 1 for page in pages)


def _holds(text: str, words: set[str]) -> bool:
    return len(words & content_words(text)) >= HELD * len(words)


def _short_answer(case: Case) -> set[str]:
    answers = [words for text in case.expected if 0 < len(words := content_words(text)) <= SHORT_ANSWER]
    return min(answers, key=len, default=set[str]())


def _supported(result: Result) -> bool:
    return any(cited.verified for cited in result.citations)
