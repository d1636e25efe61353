"""What is wrong with files of cases, before a run is spent on them. Enters: files and a bot. Leaves: problems.

Evidence is looked for in what was read of the documents, where the workspace has an index.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoville.bot.opened import Opened
from scoville.cases.check import Pages, Problem, check
from scoville.cases.files import cases_of
from scoville.cases.parts import Leak, overlap
from scoville.index import Index, open_index
from scoville.types import Case

logger = logging.getLogger("scoville")


@dataclass(frozen=True, kw_only=True)
class CheckedCases:
    """A file of cases and what is wrong with it."""

    file: Path
    cases: Sequence[Case]
    problems: Sequence[Problem]
    overlaps: Sequence[Leak]
    """Cases that an earlier one of the files has, too."""
    evidence_checked: bool

    @property
    def blocks(self) -> bool:
        """Whether anything must be mended; other problems may be meant so."""
        return bool(self.overlaps) or any(problem.blocks for problem in self.problems)


def check_cases(bot: Opened, files: Sequence[Path | str]) -> list[CheckedCases]:
    """Look for duplicates, evidence that is not in the index, leaks between the parts of a file and between files."""
    sets = {Path(file): cases_of(Path(file)) for file in files}
    documents = _documents(bot) if any(case.evidence for cases in sets.values() for case in cases) else None
    checked: list[CheckedCases] = []
    seen: list[Case] = []
    for file, cases in sets.items():
        checked.append(
            CheckedCases(
                file=file, cases=cases, problems=check(cases, documents), overlaps=overlap(cases, seen),
                evidence_checked=documents is not None,
            )
        )  # fmt: skip
        seen += cases
    return checked


def say_not_indexed(bot: Opened, cases: Sequence[Case]) -> list[str]:
    """Name the documents with the evidence of answerable cases that the index does not hold, and say so."""
    place, recipe = bot.place()
    built = place.built()
    named = {one.document: one for case in cases if case.answerable for one in case.evidence}
    if built is None or not named:
        return []
    sources = open_index(place, recipe.index, built).documents()
    missing = sorted(name for name, one in named.items() if not any(map(one.is_in, sources)))
    if missing:
        lost = sum(case.answerable and any(one.document in missing for one in case.evidence) for case in cases)
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        logger.warning(
            f"{lost} of {len(cases)} cases have evidence in documents that are not in the index ({shown}), and can "
            "hardly be answered: add the documents, or correct the names; scoville cases check tells more"
        )
    return missing


def say_unscorable(cases: Sequence[Case]) -> None:
    """Say how many cases nothing is known of that an answer could be compared with."""
    silent = sum(case.answerable and not any(map(str.isalnum, "".join(case.expected))) for case in cases)
    if silent:
        logger.warning(
            f"{silent} of {len(cases)} cases have no expected answer, and whether they are answered rightly is not "
            "scored: give them `expected`, or answerable: false where the documents hold no answer, or use --judge"
        )


def _documents(bot: Opened) -> "_Documents | None":
    """Open what was read; None, and a word about it, where nothing was."""
    built = bot.workspace.built()
    if built is None:
        logger.info(f"{bot.workspace.root} has no index: whether the evidence exists was not checked.")
        return None
    return _Documents(open_index(bot.workspace, bot.recipe.index, built))


class _Documents(Mapping[str, Pages]):
    """The pages of the documents of an index, each document read when it is asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._sources = index.documents()
        self._read: dict[str, Pages] = {}

    def __getitem__(self, source: str) -> Pages:
        if source not in self._read:
            self._read[source] = self._pages(self._sources[source].passages, source)
        return self._read[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def _pages(self, passages: int, source: str) -> Pages:
        """Join the passages that touch a page; a passage over two stands on both."""
        texts: dict[int | None, str] = {}
        prefixes: dict[int | None, dict[str, None]] = {}
        for passage in self._index.neighbours(source, 0, passages):
            pages = {region.box.page for region in passage.regions} | {passage.page}
            for page in (pages - {None}) or {None}:
                texts[page] = texts.get(page, "") + (passage.joint or "\n") + passage.text
                prefixes.setdefault(page, {})[passage.prefix] = None
        return {page: "\n".join([text, *prefixes[page]]) for page, text in texts.items()}
