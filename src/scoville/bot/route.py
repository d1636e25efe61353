"""What people called wrong becomes a case, with the stage that lost it and what would mend it, tried before it is said.

Enters: judgements of answers that are in the workspace's records, with the right answer where somebody gave it.
Leaves: for each a case with its evidence, the first stage at which that is lost now, and the settings under which the
case comes out right, with what else they would change. Nothing is applied: a person does that.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scoville.answer.contract import answer_json
from scoville.answer.golden import FILE as GOLDEN
from scoville.bot.opened import Opened
from scoville.cases.files import case_of, cases_in
from scoville.cases.review import rewrite
from scoville.errors import ScovilleError, UsageError
from scoville.evaluate.blame import STAGES, Library, blame
from scoville.evaluate.metrics import scorers
from scoville.evaluate.result import Result, result_of
from scoville.evaluate.rightness import ANSWERED, REFUSED, rightness
from scoville.evaluate.run_cases import score_cases
from scoville.recipe.file import with_values
from scoville.sentences import content_words, sentences
from scoville.track.store import FILE_NAME, Store
from scoville.track.traces import load_trace
from scoville.types import Case, Evidence, Passage

FILE = "feedback.jsonl"
HELD = 0.8
"""A passage is evidence of an answer when it has this share of its content words."""
LOOKED_AT = 20
OTHERS = 40
"""So many other cases are asked again under settings that mend one."""
TRIED: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "ranked_too_low": [{"search.passages": 8}, {"search.passages": 12}],
    "not_found": [{"search.candidates": 200, "search.passages": 8}],
    "cut_badly": [{"search.neighbours": 1}],
    "refused_wrongly": [{"answer.min_probability": 0.2}, {"answer.min_probability": 0.1, "answer.min_similarity": 0.1}],
    "invented": [{"answer.min_probability": 0.6}],
    "misread": [{"search.passages": 3}],
}
"""What can be tried without building another index, by the stage to blame, the smaller change first."""
OTHERWISE: Mapping[str, str] = {
    "not_read": "a document is missing or was read badly: add it, or look at it with `scoville inspect`",
    "cut_badly": "split otherwise (`split.by: parent`, a larger `split.size`): that needs another index",
    "not_found": "another `embed.model` or `split.tags`: that needs another index",
    "misread": "an example in the prompt (`prompt.shots`), a training row of this case, or a stronger `llm.model`",
}


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of some settings."""

    values: Mapping[str, Any]
    right: bool
    """Whether the case comes out right."""
    better: int = 0
    worse: int = 0
    """Of the other cases, how many change."""
    others: int = 0


@dataclass(frozen=True, kw_only=True)
class Routed:
    """One judgement, and where it leads."""

    trace: str
    question: str
    stage: str
    """A key of `blame.STAGES`; ``right`` where it is answered rightly by now, ``unknown`` without a right answer."""
    detail: str = ""
    case: Case | None = None
    """None where nobody said what is right."""
    is_golden: bool = False
    """Whether its answer is that of a case which people wrote before."""
    tried: tuple[Tried, ...] = ()
    advice: str = ""


def route(bot: Opened, *, trace: str = "", write: bool = False) -> list[Routed]:
    """Say where each answer that was called wrong leads, or that of one trace, by the beginning of its id.

    With ``write`` the cases are added to ``cases/feedback.jsonl``.
    """
    file = bot.workspace.root / "cases" / FILE
    known = cases_in(file.parent)
    router = _Router(bot, known)
    routed = [router.route(*judged) for judged in _judged(bot) if judged[0].startswith(trace)]
    new = {one.case.id: one.case for one in routed if one.case and not one.is_golden}
    new = {id: case for id, case in new.items() if id not in {case.id for case in known}}
    if write and new:
        rewrite(file, lambda cases: [*cases, *new.values()])
    return routed


def collect(bot: Opened, after: int, upto: int) -> tuple[int, int]:
    """Make cases of what was called wrong, of the judgements with these numbers, and say how many of how many.

    They go into ``cases/feedback.jsonl``. No model is asked: many judgements may come at once.
    """
    file = bot.workspace.root / "cases" / FILE
    known = cases_in(file.parent)
    router = _Router(bot, known)
    judged = _judged(bot, after, upto)
    made = [
        router.known_case(question) or router.case(question, answer, answerable)
        for _, question, answer, answerable in judged
    ]
    found = {case.id: case for case in made if case}
    new = [case for id, case in found.items() if id not in {case.id for case in known}]
    if new:
        rewrite(file, lambda cases: [*cases, *new])
    return sum(case is not None for case in made), len(judged)


def accept(bot: Opened, trace: str) -> Case:
    """Have a question that was answered wrongly answered from now on as a person said that it is right.

    The case goes into ``cases/golden.jsonl``. UsageError where nobody said what is right, or no document says it:
    without evidence nothing can be cited, and nobody would notice when the documents change.
    """
    judged = [one for one in _judged(bot) if trace and one[0].startswith(trace)]
    if len(judged) != 1:
        raise UsageError(f"{trace!r}: expected the trace of one answer that was called wrong; found {len(judged)}")
    _, question, answer, answerable = judged[0]
    case = _Router(bot, []).case(question, answer, answerable)
    if case is None or not case.expected:
        raise UsageError(f"nobody said what the right answer to {question!r} is: give it with the feedback")
    if not case.evidence:
        raise UsageError(f"no passage says {answer!r}, so that nothing can be cited: add the document that says it")
    file = bot.workspace.root / "cases" / GOLDEN
    rewrite(file, lambda cases: [*(one for one in cases if one.id != case.id), case])
    return case


def _judged(bot: Opened, after: int = 0, upto: float = math.inf) -> list[tuple[str, str, str, bool]]:
    """Give of each answer that was called wrong its trace, question, what is right if told, and whether anything is.

    Only those of which the last judgement has a number in ``(after, upto]``.
    """
    bot.flush()
    with Store(bot.workspace.folder / FILE_NAME, create=False) as store:
        rows = store.query("SELECT trace_id, id, rating, answer, answerable FROM feedback ORDER BY id")
        last = {trace: (id, rating, answer, bool(answerable)) for trace, id, rating, answer, answerable in rows}
        found: list[tuple[str, str, str, bool]] = []
        for trace, (id, rating, answer, answerable) in last.items():
            spans = load_trace(store, trace) if rating == "down" and trace and after < id <= upto else []
            if spans and spans[0].span.question:
                found.append((trace, spans[0].span.question, answer, answerable))
    return found


def is_disliked(bot: Opened, trace: str) -> bool:
    """Say whether the last word on an answer is that it was wrong."""
    return any(one[0] == trace for one in _judged(bot))


def routed_lines(one: Routed) -> list[str]:
    """Say in lines what loses an answer, and what would mend it."""
    golden = ", by a case that people wrote" if one.is_golden else ""
    if one.stage == "right":
        return [f"is answered rightly by now{golden}"]
    evidence = one.case.evidence[0] if one.case and one.case.evidence else None
    stands = [f"stands in {evidence.document}{f', page {evidence.page}' if evidence.page else ''}: {evidence.quote!r}"
              ] if evidence else []  # fmt: skip
    mended = any(tried.right for tried in one.tried)
    return [
        f"{': '.join(filter(None, (one.stage, one.detail))).replace('_', ' ')}{golden}", *stands,
        *map(_said, one.tried), *([] if mended else [one.advice]),
    ]  # fmt: skip


def _said(tried: Tried) -> str:
    values = ", ".join(f"{key}: {value}" for key, value in tried.values.items())
    if not tried.right:
        return f"with {values} it is still wrong"
    changes = f"{tried.better} more of {tried.others} other cases are right, {tried.worse} fewer"
    nothing = f"nothing else changes ({tried.others} other cases)"
    return f"with {values} it is right, and {changes if tried.better or tried.worse else nothing}"


class _Router:
    def __init__(self, bot: Opened, known: Sequence[Case]) -> None:
        self.bot = bot
        self.known = known
        self.library = Library(bot.searcher().index, self.found)
        self._before: dict[str, bool] = {}
        """Whether each of the other cases is right as the bot is."""

    def found(self, question: str, limit: int) -> list[Passage]:
        return [hit.passage for hit in self.bot.searcher().search(question, limit=limit).hits]

    def route(self, trace: str, question: str, answer: str, answerable: bool) -> Routed:
        """Find the case of a judgement, what loses it, and what mends it."""
        golden = self.known_case(question)
        case = golden or self.case(question, answer, answerable)
        if case is None:
            advice = "say what is right, on the page of cases or as the `answer` of the feedback: then it can be told"
            return Routed(trace=trace, question=question, stage="unknown", advice=advice)
        routed = Routed(trace=trace, question=question, stage="right", case=case, is_golden=golden is not None)
        result = _result(self.bot, case)
        if _is_right(case, result):
            return routed
        blamed = blame(case, result, self.library)
        tried = tuple(self._tried(case, blamed.stage))
        advice = OTHERWISE.get(blamed.stage, STAGES[blamed.stage])
        return replace(routed, stage=blamed.stage, detail=blamed.detail, tried=tried, advice=advice)

    def known_case(self, question: str) -> Case | None:
        """Find the case that asks a question already."""
        return next((case for case in self.known if _same(case.question, question)), None)

    def case(self, question: str, answer: str, answerable: bool) -> Case | None:
        """Make the case of a judgement; None where nobody said what is right."""
        if not answerable:
            return case_of({"question": question, "answerable": False, "tags": ["feedback"]})
        if not answer.strip():
            return None
        case = case_of({"question": question, "expected": [answer], "tags": ["feedback"]})
        evidence = _evidence(self.found(f"{question} {answer}", LOOKED_AT), answer)
        return replace(case, evidence=(evidence,)) if evidence else case

    def _tried(self, case: Case, stage: str) -> list[Tried]:
        """Try what may mend a case, until something does; what that changes elsewhere is counted."""
        found: list[Tried] = []
        for values in TRIED.get(stage, ()):
            other = self.bot.with_recipe(with_values(self.bot.recipe, values))
            if not _is_right(case, _result(other, case)):
                found.append(Tried(values=values, right=False))
                continue
            others = [one for one in self.known if one.id != case.id and (one.expected or not one.answerable)][:OTHERS]
            changes = [_is_right(one, _result(other, one)) - self._was_right(one) for one in others]
            found.append(
                Tried(values=values, right=True, better=changes.count(1), worse=changes.count(-1), others=len(others))
            )
            break
        return found

    def _was_right(self, case: Case) -> bool:
        if case.id not in self._before:
            self._before[case.id] = _is_right(case, _result(self.bot, case))
        return self._before[case.id]


def _result(bot: Opened, case: Case) -> Result:
    try:
        answer = bot.answerer().ask(case.question, history=case.history, where=list(case.where))
    except UsageError:
        raise
    except ScovilleError as error:
        return Result(case_id=case.id, text="", refused=False, error=str(error))
    return result_of(case.id, answer_json(answer))


def _is_right(case: Case, result: Result) -> bool:
    if result.error:
        return False
    scores = score_cases([case], {case.id: result}, scorers())[case.id]
    name = ANSWERED.name if case.answerable else REFUSED.name
    return any(score.metric == name and score.value == 1 for score in rightness(case, result, scores))


def _evidence(passages: Sequence[Passage], answer: str) -> Evidence | None:
    """Give the sentence that holds most of an answer, of the first passage that holds it."""
    wanted = content_words(answer)
    for passage in passages:
        if wanted and len(wanted & content_words(passage.text)) >= HELD * len(wanted):
            quote = max(sentences(passage.text), key=lambda one: len(wanted & content_words(one.text)))
            return Evidence(document=passage.source, page=passage.page, quote=quote.text)
    return None


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()
