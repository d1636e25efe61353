"""Cases from what others publish: the format is known by the content, or named.

Enters: a local file or folder. Leaves: cases, and how many rows made none and why. Each format's importer stands with
its like in ``cases_documents``, ``cases_chats`` and ``cases_benchmarks``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from scoville.cases.files import EVIDENCE_KEYS, KEYS, cases_of, column_key
from scoville.cases.importers.benchmarks import BENCHMARK_IMPORTERS
from scoville.cases.importers.chats import CHAT_IMPORTERS
from scoville.cases.importers.documents import DOCUMENT_IMPORTERS
from scoville.cases.importers.shape import Importer, Loaded, Sample, sample_of
from scoville.cases.importers.unanswerable import in_doubt, marked
from scoville.errors import UsageError
from scoville.types import Case


class Imported(NamedTuple):
    """What an import gave."""

    kind: str
    cases: list[Case]
    skipped: Mapping[str, int]
    """How many rows made no case, by reason."""
    said_unanswerable: int = 0
    """Cases that are unanswerable because the answer in the file says so."""

    @property
    def without_answer(self) -> int:
        """How many cases count as answerable without an expected answer, where others have one."""
        silent = sum(case.answerable and not case.expected for case in self.cases)
        return silent if any(case.expected for case in self.cases) else 0


def _is_cases(sample: Sample, *, meant: bool = False) -> bool:
    """Say whether something has the keys of a case; with ``meant`` also under other names, as columns always may."""
    if not isinstance(sample.value, Mapping):
        return False
    keys = [column_key(str(name)) if meant or sample.cells else name for name in sample.cells or sample.value]
    return "question" in keys and set(keys) <= {*KEYS, *EVIDENCE_KEYS} and len(keys) == len(set(keys))


IMPORTERS: Mapping[str, Importer] = {
    "cases": Importer("cases, as JSON lines or CSV", _is_cases, lambda path: iter(cases_of(path))),
    **DOCUMENT_IMPORTERS,
    **CHAT_IMPORTERS,
    **BENCHMARK_IMPORTERS,
}
"""By name, in the order in which they are tried."""
UNTOLD = ("truth", "ragas")
"""Formats that have no field for a question without an answer."""


def detect(path: Path) -> str:
    """Name the format of a file or folder by its content; UsageError when it has none that is known."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such file; give the path of a local file or folder")
    sample = sample_of(path)
    found = next((name for name, importer in IMPORTERS.items() if importer.detect(sample)), "")
    if found or _is_cases(sample, meant=True):
        return found or "cases"
    keys = f" has {', '.join(map(str, sample.value))[:200]!r}" if isinstance(sample.value, Mapping) else ""
    known = "; ".join(f"{name}: {importer.what}" for name, importer in IMPORTERS.items())
    raise UsageError(
        f"{path}{keys or ' is in no form'} that no importer knows; expected question, and of answer, document, page "
        f"and quote what is known; or name a format with --as: {known}"
    )


def import_cases(path: Path, kind: str = "", *, tags: Iterable[str] = (), unanswerable: bool | None = None) -> Imported:
    """Read cases from a local file or folder, by default in the format that its content shows.

    The same case twice is kept once; two answers to the same question make one case that expects either.
    ``unanswerable``: the right answer to all of them is a refusal, whatever the file says; False: to none of those that
    have an answer. By default an answer that says that there is none is taken at its word. Raises UsageError for what
    is not of the format, for an id that two questions have, where no row makes a case, and where it is not told but
    likely that the questions have no answer.
    """
    kind = kind or detect(path)
    if kind not in IMPORTERS:
        raise UsageError(f"{kind!r} is no importer; there are {', '.join(IMPORTERS)}")
    skipped: Counter[str] = Counter()
    cases: dict[str, Case] = {}
    said_so = 0
    for loaded in _load(kind, path):
        if isinstance(loaded, str):
            skipped[loaded] += 1
            continue
        told = loaded if unanswerable is not None or kind not in UNTOLD else marked(loaded)
        said_so += told is not loaded
        case = replace(told, tags=tuple(dict.fromkeys((*told.tags, *tags))))
        if unanswerable:
            case = replace(case, answerable=False, expected=(), evidence=())
        skipped["a question that was there already"] += case.id in cases
        cases[case.id] = _joined(cases[case.id], case, path) if case.id in cases else case
    if not cases:
        reasons = "; ".join(f"{count} × {reason}" for reason, count in skipped.items() if count) or "it has no rows"
        raise UsageError(f"{path}: no row makes a case as {kind}: {reasons}")
    doubt = in_doubt(path, list(cases.values())) if unanswerable is None and kind in UNTOLD else ""
    if doubt:
        raise UsageError(
            f"{path}: {doubt}: say with --unanswerable that a refusal is the right answer to all of them, or with "
            "--answerable that what stands there is"
        )
    return Imported(kind, list(cases.values()), +skipped, said_so)


def _load(kind: str, path: Path) -> Loaded:
    try:
        yield from IMPORTERS[kind].load(path)
    except (AttributeError, TypeError, KeyError, IndexError) as error:  # a value of another shape, at any depth
        raise UsageError(
            f"{path}: is not in the form of {kind} ({type(error).__name__}: {error}); expected {IMPORTERS[kind].what}"
        ) from None


def _joined(first: Case, second: Case, path: Path) -> Case:
    """Make one case of two that ask the same."""
    asked = (second.question, second.history, second.choices, second.answerable)
    if (first.question, first.history, first.choices, first.answerable) != asked:
        raise UsageError(
            f"{path}: the id {first.id!r} is given to {first.question[:60]!r} and to {second.question[:60]!r}; "
            "give each its own"
        )
    return replace(
        first,
        expected=tuple(dict.fromkeys((*first.expected, *second.expected))),
        evidence=tuple(dict.fromkeys((*first.evidence, *second.evidence))),
        tags=tuple(dict.fromkeys((*first.tags, *second.tags))),
    )
