"""The workspace's own cases as questions for a reader. Enters: a bot. Leaves: parts of a mixture, and what is tested.

Of a divided file the parts ``train`` and ``dev`` are taken, of any other every case but those that are kept for testing
elsewhere. Passages come from the index: the evidence, and what the search finds beside it.
"""

from collections.abc import Sequence

from scoville.bot.opened import Opened
from scoville.cases.files import cases_of
from scoville.cases.parts import check_leakage, divide, groups
from scoville.errors import UsageError
from scoville.train.reader.from_cases import rows_of
from scoville.train.reader.mixture import Part
from scoville.train.reader.rows import Row
from scoville.train.rows.asked import CaseQuestions
from scoville.train.rows.places import Places
from scoville.types import Case

TEST, DEV = "test", "dev"
SHARES = {"train": 0.9, "dev": 0.1}


def tests_of(bot: Opened) -> list[Case]:
    """Read the cases of the workspace that are kept for testing."""
    return [case for case in own_cases(bot) if case.split == TEST]


def part_of_cases(bot: Opened, times: float) -> Part:
    """Make rows of the workspace's cases; UsageError where there are none, LeakageError where they share with tests."""
    own, tests = own_cases(bot), tests_of(bot)
    kept = [case for case in own if case.split != TEST]
    if not kept:
        raise UsageError(
            f"{bot.workspace.root / 'cases'} holds no case to learn from; make some with `scoville cases generate` or "
            "`scoville cases import`"
        )
    check_leakage(kept, tests)
    if not any(case.split == DEV for case in kept):
        kept = divide(kept, SHARES)
    places = Places(bot.open_index())
    asked = CaseQuestions(bot.searcher(), places, places.near(tests))
    group = {kept[one].id: kept[min(found)].id for found in groups(kept) for one in found}
    rows: dict[bool, list[Row]] = {True: [], False: []}
    with bot.bars("cases") as progress:
        for number, case in enumerate(kept, start=1):
            progress(case.question, number, len(kept))
            question = asked.of(case, group[case.id])
            if not isinstance(question, str):
                rows[case.split == DEV] += rows_of(case, question)
    return Part(name="cases", rows=rows[False], times=times, held_out=rows[True])


def own_cases(bot: Opened) -> Sequence[Case]:
    """Read the files in ``cases/``, each case once."""
    files = sorted((bot.workspace.root / "cases").glob("*.jsonl"))
    return list({case.id: case for file in files for case in cases_of(file)}.values())
