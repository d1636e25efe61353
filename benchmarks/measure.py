"""Measures that every benchmarked stack is given alike.

What enters: gold answers with their citations, ranked places, answers, refusals. What leaves: numbers with their
intervals. It knows no stack, reads no file and needs nothing but numpy (``bf16_matmul_gflops`` also OpenVINO), so
that it runs in the project's environment and in the peers' alike.
"""

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

CITATION = re.compile(r"\[([^\[\]]*)\]")
REFERENCE = re.compile(r"([^\[\],;#]+\.\w+)(?:\s*#\s*(?:page\s*=\s*)?(\d+))?", re.IGNORECASE)
MARKER = re.compile(r"\d+(?:\s*[,;-]\s*\d+)*")
CHAIN = 4
"""Products in the graph that is timed, so that the call itself weighs little."""
FUNCTION_WORDS = frozenset(
    "a an the and or but if as at by for from in into of on to with without is are was were be been being am do does "
    "did has have had it its this that these those they them their you your we our us he she his her i my me may can "
    "will would should could must not no so such than then there which who whom what when where how also any "
    "all".split()
)


class Place(NamedTuple):
    """A page of a file."""

    file: str
    """The name without folders."""
    page: int | None
    """From 1; None where a citation names no page."""


class Interval(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


class Refusals(NamedTuple):
    """How well refusals match the questions without an answer; None where nothing can be divided by."""

    precision: float | None
    recall: float | None
    refused: int
    unanswerable: int


def parse_truth(truth: str) -> list[Place]:
    """List the places that a gold answer cites, in their order, each once.

    ``[a.pdf#page=7]``, several brackets, several references in one bracket, and references without a page are read;
    other brackets are not citations.
    """
    found = [
        Place(name.strip(), int(page) if page else None)
        for bracket in CITATION.findall(truth)
        for name, page in REFERENCE.findall(bracket)
    ]
    return list(dict.fromkeys(found))


def strip_citations(text: str) -> str:
    """Remove cited places and markers like ``[2]`` or ``[1, 3]``, and the white space before them."""

    def cites(inside: str) -> bool:
        return bool(MARKER.fullmatch(inside.strip()) or REFERENCE.search(inside))

    return re.sub(r"\s*" + CITATION.pattern, lambda m: "" if cites(m[1]) else m[0], text).strip()


def distinct(ranked: Sequence[Place]) -> list[Place]:
    """Keep the first of each place: a ranking of pages, whatever the number of passages a page was cut into."""
    return list(dict.fromkeys(ranked))


def is_page(found: Place, gold: Sequence[Place], tolerance: int = 1) -> bool:
    """Tell whether a place is a gold page, or at most ``tolerance`` pages away in the same file."""
    return any(
        found.file.casefold() == place.file.casefold()
        and found.page is not None
        and place.page is not None
        and abs(found.page - place.page) <= tolerance
        for place in gold
    )


def is_file(found: Place, gold: Sequence[Place]) -> bool:
    """Tell whether a place is in a gold file."""
    return any(found.file.casefold() == place.file.casefold() for place in gold)


def page_rank(ranked: Sequence[Place], gold: Sequence[Place], tolerance: int = 1) -> int | None:
    """Give the rank, from 1, of the first place that is a gold page; None if there is none."""
    return next((rank for rank, place in enumerate(ranked, 1) if is_page(place, gold, tolerance)), None)


def file_rank(ranked: Sequence[Place], gold: Sequence[Place]) -> int | None:
    """Give the rank, from 1, of the first place in a gold file; None if there is none."""
    return next((rank for rank, place in enumerate(ranked, 1) if is_file(place, gold)), None)


def hit(rank: int | None, k: int) -> float:
    """Give 1 for a rank of at most ``k``, else 0."""
    return float(rank is not None and rank <= k)


def reciprocal_rank(rank: int | None, k: int | None = None) -> float:
    """Give 1/rank, or 0 where nothing was found among the first ``k`` (by default anywhere)."""
    return 1 / rank if rank is not None and (k is None or rank <= k) else 0.0


def score_ranked(
    ranked: Sequence[Sequence[Place]], gold: Sequence[Sequence[Place]], tolerance: int = 1, cutoff: int = 10
) -> dict[str, Interval]:
    """Score rankings by page and by file: hit@1, hit@5, hit@10 and MRR@cutoff.

    Questions whose gold cites nothing are left out. Questions on the same gold place are one cluster of the interval.
    The cut-off keeps rankings of different lengths comparable.
    """
    pairs = [(list(found), list(places)) for found, places in zip(ranked, gold, strict=True) if places]
    ranks = {
        "page": [page_rank(found, places, tolerance) for found, places in pairs],
        "file": [file_rank(found, places) for found, places in pairs],
    }
    clusters = [places[0] for _, places in pairs]
    scores: dict[str, Interval] = {}
    for kind, firsts in ranks.items():
        for k in (1, 5, 10):
            scores[f"{kind}_hit@{k}"] = bootstrap_interval([hit(rank, k) for rank in firsts], clusters)
        scores[f"{kind}_mrr@{cutoff}"] = bootstrap_interval(
            [reciprocal_rank(rank, cutoff) for rank in firsts], clusters
        )
    return scores


def normalise(text: str) -> list[str]:
    """Split into tokens as SQuAD does: lower case, without punctuation and articles (Rajpurkar et al., 2016).

    Typographic punctuation is removed too, so that curly quotes and dashes cost nothing.
    """
    kept = "".join(c for c in text.lower() if unicodedata.category(c)[0] not in "P" and c not in "$+<=>^`|~")
    return [token for token in kept.split() if token not in ("a", "an", "the")]


def gold_token_f1(answer: str, gold: str) -> float:
    """Give the harmonic mean of token precision and recall; 1 if both are empty, 0 if one is (SQuAD 1.1)."""
    said, wanted = normalise(strip_citations(answer)), normalise(strip_citations(gold))
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))


def content_tokens(text: str) -> set[str]:
    """Give the distinct normalised tokens that are no function words; citations do not count."""
    return set(normalise(strip_citations(text))) - FUNCTION_WORDS


def gold_token_recall(answer: str, gold: str) -> float | None:
    """Give the share of the gold answer's distinct content tokens that stand in the answer; None if it has none.

    It suits gold answers of several sentences, which no answer contains word for word. A longer answer is not
    punished: report its length beside it.
    """
    wanted = content_tokens(gold)
    return len(wanted & content_tokens(answer)) / len(wanted) if wanted else None


def refusals(refused: Sequence[bool], unanswerable: Sequence[bool]) -> Refusals:
    """Score refusals as a detector of the questions without an answer."""
    right = sum(1 for said, true in zip(refused, unanswerable, strict=True) if said and true)
    said, true = sum(refused), sum(unanswerable)
    return Refusals(right / said if said else None, right / true if true else None, said, true)


def bootstrap_interval(
    values: Sequence[float], clusters: Sequence[Hashable] | None = None, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Give the mean and its percentile-bootstrap 95 % interval.

    With ``clusters`` (one key for each value: its document, its page) whole clusters are drawn, because values of one
    cluster are not independent. Few clusters give intervals that are too narrow.
    """
    import numpy

    if not values:
        raise ValueError("no values: a mean needs at least one")
    keys = list(range(len(values))) if clusters is None else list(clusters)
    members: dict[Hashable, list[float]] = {}
    for key, value in zip(keys, values, strict=True):
        members.setdefault(key, []).append(value)
    sums = numpy.array([sum(group) for group in members.values()], dtype=float)
    sizes = numpy.array([len(group) for group in members.values()], dtype=float)
    draws = numpy.random.default_rng(seed).integers(len(sums), size=(resamples, len(sums)))
    means = sums[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    low, high = numpy.percentile(means, (2.5, 97.5))
    return Interval(sum(values) / len(values), float(low), float(high), len(values))


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Give the mean of ``first - second`` over the same cases; an interval without 0 is a difference."""
    differences = [one - other for one, other in zip(first, second, strict=True)]
    return bootstrap_interval(differences, clusters, resamples, seed)


def bf16_matmul_gflops(sizes: Sequence[int] = (1024, 2048), runs: int = 6) -> float:
    """Measure the best rate of chained matrix products through OpenVINO under its bf16 hint, in 1e9 flop/s.

    It tells how fast the machine is at the moment, so that rates of different machines and hours can be set side by
    side. Without bf16 units the hint is ignored and the rate is that of f32: see ``matmul_precision``.
    """
    return max(_matmul_gflops(size, runs) for size in sizes)


def matmul_precision() -> str:
    """Name the precision that ``bf16_matmul_gflops`` really gets here: ``bf16``, or ``f32`` without such units."""
    return _compiled_chain(16)[1]


def summary(scores: Mapping[str, Interval]) -> str:
    """Write one line for each score, with its interval."""
    return "\n".join(f"{name:<14}{s.mean:.3f} [{s.low:.3f}, {s.high:.3f}] n={s.n}" for name, s in scores.items())


def _compiled_chain(size: int) -> tuple[Any, str]:
    import numpy
    import openvino
    from openvino import opset15

    draw = numpy.random.default_rng(0)
    start = opset15.parameter([size, size], numpy.float32)
    weights = opset15.constant((draw.standard_normal((size, size)) / size**0.5).astype(numpy.float32))
    end = start
    for _ in range(CHAIN):
        end = opset15.matmul(end, weights, False, True)
    model = openvino.Model([end], [start])  # pyright: ignore[reportGeneralTypeIssues]  (its stub is at odds with itself)
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    given = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())
    return compiled, given


def _matmul_gflops(size: int, runs: int) -> float:
    import numpy

    request = _compiled_chain(size)[0].create_infer_request()
    values = numpy.random.default_rng(1).standard_normal((size, size)).astype(numpy.float32)
    request.infer([values])
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        request.infer([values])
        best = min(best, time.perf_counter() - start)
    return CHAIN * 2 * size**3 / best / 1e9
