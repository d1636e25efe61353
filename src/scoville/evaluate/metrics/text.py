"""How an answer compares with what was expected, word by word.

Enters: a case and a result. Leaves: scores. Of several expected answers the best counts. A case without an answer, or
without an expected one, gets none; a refusal of an answerable case gets 0; an error is unscored. Knows no passages.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from scoville.evaluate.metrics.metric import Family, Scores, table
from scoville.evaluate.metrics.overlap import bleu, chrf, corpus_overlap, f1, rouge_l, rouge_n, shared_count
from scoville.evaluate.result import Result
from scoville.evaluate.statistics import Estimate
from scoville.quantities import final_number, numeric_match
from scoville.types import Case, Score
from scoville.words import contains, content_tokens, squad_tokens

SQUAD, ROUGE = "Rajpurkar et al., 2016", "Lin, 2004"
BLEU, CHRF = "Papineni et al., 2002; sacrebleu", "Popović, 2015; sacrebleu"
METRICS = table(
    "text",
    ("exact_match", "the answer is an expected one, case, punctuation and articles aside", SQUAD),
    ("token_f1", "harmonic mean of the precision and recall of words", SQUAD),
    ("gold_token_recall", "share of the distinct content words expected that are said"),
    ("contains", "an expected text stands in the answer, as whole words and numbers"),
    ("numeric_match", "every expected quantity is said, in whatever unit"),
    ("rouge_1", "F1 of shared words", ROUGE),
    ("rouge_2", "F1 of shared pairs of words", ROUGE),
    ("rouge_l", "F1 of the longest common subsequence of words", ROUGE),
    ("bleu", "precision of runs of 1 to 4 words, of one answer", BLEU),
    ("chrf", "F2 of runs of 1 to 6 characters", CHRF),
    ("choice_match", "the choice that the answer names is the expected one"),
    ("final_number", "the last number of the answer is the expected one", "Cobbe et al., 2021"),
)
SUMMARIES = table(
    "text",
    ("corpus_bleu", "BLEU of the set: counts are added up, not averaged", BLEU),
    ("corpus_chrf", "chrF2 of the set: counts are added up, not averaged", CHRF),
)

_SAID = r"(?i:answer|choice|option)(?i:\s+is)?\W{0,6}"
LETTER_SAID = re.compile(rf"\b{_SAID}(?P<letter>[A-Z])(?!\w|['’])")
LETTER_FIRST = re.compile(r"\W*(?P<letter>[A-Z])(?!\w|['’])")
WORD_BEHIND = re.compile(r"\s+(?!because\b|since\b|as\b)[a-z]")
"""Behind ``A`` or ``I`` it makes an article or a pronoun of the letter."""


def exact_match(answer: str, expected: str) -> float:
    """Give 1 when both have the same tokens in the same order."""
    return float(squad_tokens(answer) == squad_tokens(expected))


def token_f1(answer: str, expected: str) -> float:
    """Give the harmonic mean of token precision and recall; 1 if both are empty, 0 if one is."""
    said, wanted = squad_tokens(answer), squad_tokens(expected)
    return f1(shared_count(said, wanted), len(said), len(wanted))


def gold_token_recall(answer: str, expected: str) -> float | None:
    """Give the share of the expected answer's distinct content tokens that are said; None if it has none.

    It suits expected answers of several sentences. A longer answer is not punished.
    """
    wanted = content_tokens(expected)
    return len(wanted & content_tokens(answer)) / len(wanted) if wanted else None


def choice_of(answer: str, choices: Sequence[str]) -> str | None:
    """Give the letter of the choice that an answer names, from A: by its letter, else by its text; None if unclear."""
    letters = [chr(ord("A") + at) for at in range(len(choices))]
    for found in ([*LETTER_SAID.finditer(answer)][::-1], [match] if (match := LETTER_FIRST.match(answer)) else []):
        for match in found:
            letter = match["letter"]
            if letter in letters and not (letter in "AI" and WORD_BEHIND.match(answer, match.end())):
                return letter
    held = {letter: text for letter, text in zip(letters, choices, strict=True) if contains(answer, text)}
    longest = [
        letter
        for letter, text in held.items()
        if not any(other != text and contains(other, text) for other in held.values())
    ]
    return longest[0] if len(longest) == 1 else None


COMPARISONS: Mapping[str, Callable[[str, str], float | None]] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "gold_token_recall": gold_token_recall,
    "contains": contains,
    "numeric_match": numeric_match,
    "rouge_1": lambda answer, expected: rouge_n(answer, expected, 1),
    "rouge_2": lambda answer, expected: rouge_n(answer, expected, 2),
    "rouge_l": rouge_l,
}
"""Metrics of an answer and one expected answer; None: it does not apply to this one."""


def score_text(case: Case, result: Result) -> Iterable[Score]:
    """Compare an answer with the expected ones."""
    expected = [text for text in case.expected if text.strip()]
    if not case.answerable or not expected:
        return
    for name in _applying(case, expected):
        metric = METRICS[name]
        yield metric.score_silence(result) or metric.score(*_value(name, case, result.text, expected))


def summarise_text(cases: Sequence[Case], results: Mapping[str, Result], scores: Scores) -> dict[str, Estimate]:
    """Give BLEU and chrF of the set, over the cases to which they apply and that have no error; a refusal is empty."""
    applies = {name for name, found in scores.items() if any(_is_bleu(one) for one in found)}
    scored = [case for case in cases if case.id in applies and case.id in results]
    if not scored:
        return dict.fromkeys(("corpus_bleu", "corpus_chrf"), Estimate(mean=None, low=None, high=None, n=0))
    answers = ["" if results[case.id].refused else results[case.id].text for case in scored]
    values = corpus_overlap(answers, [[text for text in case.expected if text.strip()] for case in scored])
    return dict(zip(("corpus_bleu", "corpus_chrf"), values, strict=True))


def is_choice_or_sum(case: Case) -> bool:
    """Say whether a case is a multiple-choice question or a sum, of which only the letter or the number counts."""
    return bool(case.choices) or "gsm8k" in case.tags or any("####" in text for text in case.expected)


def _applying(case: Case, expected: Sequence[str]) -> Iterable[str]:
    """Name the metrics that apply: of a multiple-choice question and of a sum only whether it is right."""
    if is_choice_or_sum(case):
        return ["choice_match" if case.choices else "final_number"]
    has_numbers = any(numeric_match("", text) is not None for text in expected)
    return [name for name in (*COMPARISONS, "bleu", "chrf") if has_numbers or name != "numeric_match"]


def _value(name: str, case: Case, answer: str, expected: Sequence[str]) -> tuple[float | None, str]:
    if name == "choice_match":
        chosen = choice_of(answer, case.choices)
        wanted = {choice_of(text, case.choices) for text in expected} - {None}
        if not wanted:
            return None, f"{expected[0]!r} names none of the choices"
        return float(chosen in wanted), "" if chosen else "the answer names no choice"
    if name == "final_number":
        wanted = {final_number(text) for text in expected} - {None}
        if not wanted:
            return None, f"{expected[0]!r} holds no number"
        return float(final_number(answer) in wanted), ""
    if name in ("bleu", "chrf"):
        return (bleu if name == "bleu" else chrf)(answer, expected), ""
    values = [value for text in expected if (value := COMPARISONS[name](answer, text)) is not None]
    return (max(values), "") if values else (None, "the expected answer has no content words")


def _is_bleu(score: Score) -> bool:
    return score.metric == "bleu" and score.value is not None


def open_family() -> Family:
    """Give what is scored without a model."""
    return Family(score=score_text, metrics=METRICS, summarise=summarise_text)
