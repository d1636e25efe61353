"""Overlap of two texts by runs of words and characters: ROUGE, BLEU, chrF.

Enters: an answer and what was expected. Leaves: a share, 0 to 1. ROUGE is computed here: the usual package drops all
letters but a to z and brings 130 MB of libraries. BLEU and chrF are those of sacrebleu, so that they can be compared
with published numbers; they are divided by 100.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scoville.evaluate.statistics import Estimate, jackknife
from scoville.words import space_characters, strip_citations, word_tokens

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF


def f1(shared: float, said: int, wanted: int) -> float:
    """Give the harmonic mean of precision and recall; 1 if both sides are empty, 0 if one is."""
    if not said or not wanted:
        return float(said == wanted)
    return 2 * shared / (said + wanted)


def shared_count(one: Iterable[str], other: Iterable[str]) -> int:
    """Count what two lists share, each as often as both have it."""
    return sum((Counter(one) & Counter(other)).values())


def rouge_n(answer: str, expected: str, n: int) -> float:
    """Give ROUGE-N: the F1 of shared runs of n words (Lin, 2004), without stemming."""
    said, wanted = (runs(word_tokens(text), n) for text in (answer, expected))
    return f1(shared_count(said, wanted), len(said), len(wanted))


def rouge_l(answer: str, expected: str) -> float:
    """Give ROUGE-L: the F1 of the longest common subsequence of words (Lin, 2004), without stemming."""
    said, wanted = word_tokens(answer), word_tokens(expected)
    return f1(common_length(said, wanted), len(said), len(wanted))


def runs(tokens: Sequence[str], n: int) -> list[str]:
    """Give the runs of n tokens."""
    return [" ".join(tokens[at : at + n]) for at in range(len(tokens) - n + 1)]


def common_length(one: Sequence[str], other: Sequence[str]) -> int:
    """Give the length of the longest common subsequence.

    A row of the usual table is kept as the bits of one integer (Hyyrö, 2004): 2,000 tokens against 2,000 take
    milliseconds.
    """
    places: dict[str, int] = {}
    for at, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << at
    everything = (1 << len(one)) - 1
    row = everything
    for token in other:
        matched = row & places.get(token, 0)
        row = ((row + matched) | (row - matched)) & everything
    return len(one) - row.bit_count()


def bleu(answer: str, expected: Sequence[str]) -> float:
    """Give the BLEU of one answer (Papineni et al., 2002): exponential smoothing, effective order, 13a tokens."""
    return _bleu(True).sentence_score(_plain(answer), [_plain(text) for text in expected]).score / 100


def chrf(answer: str, expected: Sequence[str]) -> float:
    """Give chrF2 (Popović, 2015): runs of 1 to 6 characters, recall weighs twice."""
    return _chrf().sentence_score(strip_citations(answer), [strip_citations(text) for text in expected]).score / 100


def corpus_overlap(answers: Sequence[str], expected: Sequence[Sequence[str]]) -> tuple[Estimate, Estimate]:
    """Give BLEU and chrF2 of a whole set, as translation is scored: counts are added up, not averaged."""
    width = max(map(len, expected))
    # sacrebleu wants as many references for each: one that is given twice changes nothing.
    streams = [[texts[at] if at < len(texts) else texts[0] for texts in expected] for at in range(width)]
    plain = [list(map(_plain, stream)) for stream in streams]
    whole = _counted(_bleu(False), list(map(_plain, answers)), plain)
    said, wanted = list(map(strip_citations, answers)), [list(map(strip_citations, stream)) for stream in streams]
    return whole, _counted(_chrf(), said, wanted)


def _counted(metric: Any, said: Sequence[str], wanted: Sequence[Sequence[str]]) -> Estimate:
    """Score the set, and what is left of it without some; sacrebleu's bootstrap fails where a sample scores 0."""
    counts = metric._extract_corpus_statistics(said, wanted)
    return jackknife(lambda some: metric._aggregate_and_compute(some).score / 100, counts, range(len(counts)))


def _plain(text: str) -> str:
    return space_characters(strip_citations(text))


@lru_cache(maxsize=2)
def _bleu(effective_order: bool) -> "BLEU":
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(effective_order=effective_order)


@lru_cache(maxsize=1)
def _chrf() -> "CHRF":
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
