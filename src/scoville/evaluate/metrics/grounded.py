"""Whether an answer stands on its passages: the measures of Ragas (Es et al., 2024) without a judge.

Enters: a case and a result, and for some an embedder. Leaves: scores. Sentences are compared with passages by their
words, as grounding does (``answer.evidence``): a paraphrase that shares no words with its source counts as
unsupported, and a system that drops what its passages do not hold, as Scoville's grounding does, is faithful by
construction. A judge reads meaning; this reads words, costs nothing and is the same on each day.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import sqrt

from scoville.answer.claims import faithfulness
from scoville.answer.evidence import Claim, Evidence, support
from scoville.evaluate.metrics.metric import Family, Scorer, table
from scoville.evaluate.metrics.places import holds_quote, points_at
from scoville.evaluate.metrics.ranking import average_precision
from scoville.evaluate.metrics.retrieval import unscored
from scoville.evaluate.result import Result, Retrieved
from scoville.sentences import content_words, sentences
from scoville.types import Case, Passage, Score
from scoville.words import strip_citations

RAGAS = "Es et al., 2024"
METRICS = (
    table(
        "grounded",
        ("faithfulness", "how far the passages hold what the answer claims, claim by claim, by words", RAGAS),
        version=3,
    )
    | table(
        "grounded",
        (
            "context_precision",
            "mean precision at the ranks of passages that hold evidence, or the expected answer",
            RAGAS,
        ),
        ("context_recall", "share of the expected answer's sentences that a passage holds, by words", RAGAS),
    )
    | table(
        "grounded",
        ("answer_relevance", "cosine of question and answer", RAGAS),
        ("answer_similarity", "cosine of answer and expected answer", RAGAS),
        low=-1.0,
    )
)
LEAST_SUPPORT = 0.5
"""Share of a sentence's content words that its evidence holds; fixed, so that no recipe moves the measure."""

Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]


def supported(text: str, texts: Sequence[str], question: str = "") -> list[bool]:
    """Say of each sentence of a text whether some passage holds it.

    Questions, and lines that lead in others, are left out. A sentence of few words is read as an answer to
    the question, as grounding does.
    """
    given = "\n".join([question, *texts])
    claims = (Claim(claim, question, given) for claim in _claims(text))
    return [any(support(claim, _read(one), LEAST_SUPPORT).share >= LEAST_SUPPORT for one in texts) for claim in claims]


def score_grounded(case: Case, result: Result) -> Iterable[Score]:
    """Score an answer against its passages, and the passages against what was expected."""
    if result.error or not result.refused:
        yield METRICS["faithfulness"].score(*_faithfulness(case, result))
    if case.answerable and (case.evidence or case.expected):
        reason = unscored(result)
        yield METRICS["context_precision"].score(None if reason else _context_precision(case, result), reason)
        if claimed := _expected(case):
            value = None if reason else _context_recall(claimed, case, result)
            yield METRICS["context_recall"].score(value, reason)


def embedded_scorer(
    embed: Embed, cases: Iterable[Case], results: Mapping[str, Result], embedder: str = ""
) -> Scorer:  # fmt: skip
    """Make a scorer of answer relevance and similarity from what embeds texts; unit length is not needed.

    It scores these results: all their texts are embedded at once. ``embedder`` is named as the judge of the scores, so
    that those of different embedders are not compared.
    """
    known = (_compared(case, results[case.id]) for case in cases if case.id in results)
    texts = list(dict.fromkeys(text for found in known for text in found))
    vectors = dict(zip(texts, embed(texts), strict=True)) if texts else {}

    def score(case: Case, result: Result) -> Iterable[Score]:
        if not case.answerable:
            return
        answer, *others = [vectors[text] for text in _compared(case, result)] or [()]
        for name, compared in (("answer_relevance", others[:1]), ("answer_similarity", others[1:])):
            if name == "answer_relevance" or _wanted(case):
                value = max((cosine(answer, other) for other in compared), default=0.0)
                given = METRICS[name].score(value, "" if compared else "the answer is empty")
                yield replace(METRICS[name].score_silence(result) or given, judge=embedder)

    return score


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the cosine of two vectors; 0 when one of them has no length."""
    lengths = sqrt(sum(float(a) * float(a) for a in one)) * sqrt(sum(float(b) * float(b) for b in other))
    product = sum(float(a) * float(b) for a, b in zip(one, other, strict=True))
    return max(-1.0, min(1.0, product / lengths)) if lengths else 0.0


def _compared(case: Case, result: Result) -> list[str]:
    """Give the texts to embed: answer, question, what was expected; none where there is no answer."""
    answer = strip_citations(result.text)
    silent = result.error or result.refused or not answer or not case.answerable
    return [] if silent else [answer, case.question, *_wanted(case)]


def _wanted(case: Case) -> list[str]:
    """Give the expected answers in words; the letter of a choice is none."""
    return [] if case.choices else [text for text in case.expected if text.strip()]


def _faithfulness(case: Case, result: Result) -> tuple[float | None, str]:
    if reason := unscored(result):
        return None, reason
    value = faithfulness(result.text, [passage.text for passage in result.passages], case.question)
    return value, "" if value is not None else "the answer claims nothing"


def _context_precision(case: Case, result: Result) -> float:
    """Give the mean, over the passages that are of use, of the precision at their ranks; 0 when none is."""
    useful = [float(_is_useful(passage, case)) for passage in result.passages]
    return average_precision(useful, int(sum(useful)), len(useful)) if any(useful) else 0.0


def _is_useful(passage: Retrieved, case: Case) -> bool:
    if case.evidence:
        return any(holds_quote(passage, one) if one.quote.strip() else points_at(passage, one) for one in case.evidence)
    return any(any(supported(text, [passage.text], case.question)) for text in _expected(case))


def _context_recall(expected: Sequence[str], case: Case, result: Result) -> float:
    texts = [passage.text for passage in result.passages]
    shares = (supported(text, texts, case.question) for text in expected)
    return max(sum(held) / len(held) if held else 0.0 for held in shares)


def _expected(case: Case) -> list[str]:
    """Give the expected answers that claim something; the letter of a choice does not."""
    return [text for text in _wanted(case) if any(_claims(text))]


def _claims(text: str) -> Iterable[str]:
    for sentence in sentences(strip_citations(text)):
        if content_words(sentence.text) and not sentence.text.endswith(("?", ":")):
            yield sentence.text


@lru_cache(maxsize=256)
def _read(text: str) -> Evidence:
    """Read a passage for comparing; the answer and what was expected are compared with the same ones."""
    return Evidence(
        Passage(id="", source="", document_id="", title="", media_type="", start=0, end=len(text), text=text)
    )


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_grounded, metrics=METRICS)
