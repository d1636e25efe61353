"""Questions with their passages, out of cases and of files that bring texts: what rows and rankers are made of.

Enters: a bot, cases, files. Leaves: questions. Nothing of what is kept for testing is in them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoville.bot.opened import Opened
from scoville.cases.files import cases_of
from scoville.cases.parts import check_leakage, groups, overlap
from scoville.errors import UsageError
from scoville.train.examples import Text
from scoville.train.reader.rows import read_questions
from scoville.train.rows.asked import CaseQuestions
from scoville.train.rows.files import form_of
from scoville.train.rows.gather import refuse_tested, sample
from scoville.train.rows.grounded import Question
from scoville.train.rows.places import Places
from scoville.train.rows.readings import reading_questions
from scoville.types import Case

KINDS = ("grounded", "closed-book", "text")
TEST = "test"
MINED = "what it shows is kept for testing"


@dataclass(frozen=True, kw_only=True)
class RowSettings:
    """Which rows are made."""

    kinds: Sequence[str] = ("grounded",)
    count: int = 1000
    """At most so many questions of each file, or of the documents."""
    refusals: float = 0.25
    """The share of the rows with passages in which the right reply declines."""
    dev: float = 0.1
    """The share that is not trained on."""
    longest: int | None = None
    """Tokens of the longest row; by default what the model takes."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if unknown := [kind for kind in self.kinds if kind not in KINDS]:
            raise UsageError(f"kinds: {unknown[0]!r} is none; the kinds are {', '.join(KINDS)}")
        if not (0 <= self.refusals < 1 and 0 <= self.dev < 1):
            raise UsageError(f"refusals {self.refusals:g}, dev {self.dev:g}: expected shares from 0 and below 1")


class Asked:
    """Makes questions, and counts what makes none."""

    def __init__(
        self, bot: Opened, settings: RowSettings, tests: Sequence[Case], say: Callable[[str, int], None]
    ) -> None:
        self.bot = bot
        self.settings = settings
        self.tests = tests
        self.say = say
        self.skipped: Counter[str] = Counter()

    def kept(self, name: str, cases: Sequence[Case], *, given: bool) -> tuple[list[Case], dict[str, str]]:
        """Give the cases that are not for testing, of a divided file only its parts train and dev, and their groups.

        Where somebody ``given`` them, those that share something with tests are refused, else left out.
        """
        parts = ("train", "dev") if any(case.split for case in cases) else ("",)
        kept = [case for case in cases if case.split in parts]
        if given:
            check_leakage(kept, self.tests)
        else:
            leaks = {leak.case_id for leak in overlap(kept, self.tests)}
            self.skipped[MINED] += len(leaks)
            kept = [case for case in kept if case.id not in leaks]
        kept = sample(kept, self.settings.count, self.settings.seed)
        return kept, {kept[one].id: f"{name}:{kept[min(found)].id}" for found in groups(kept) for one in found}

    def questions(self, cases: Sequence[Case], group: Mapping[str, str]) -> list[Question]:
        """Find the passages of cases."""
        places = Places(self.bot.open_index())
        asked = CaseQuestions(self.bot.searcher(), places, places.near(self.tests))
        found: list[Question] = []
        for number, case in enumerate(cases, start=1):
            self.say(case.question, number)
            one = asked.of(case, group[case.id])
            if isinstance(one, str):
                self.skipped[one] += 1
            else:
                found.append(one)
        return found

    def readings(self, path: Path) -> list[Question]:
        """Give the questions of a file that brings texts."""
        rows = sample(read_questions(path, free=True), self.settings.count, self.settings.seed)
        return list(reading_questions(rows, self.bot.recipe.search.passages, path.name, self.settings.seed))


def tests_of(files: Sequence[Path], against: Sequence[Path]) -> list[Case]:
    """Read what is kept for testing: the test part of some files, all of others."""
    read = {file.resolve(): cases_of(file) for file in (*files, *against)}
    whole = {file.resolve() for file in against}
    return [case for file, cases in read.items() for case in cases if case.split == TEST or file in whole]


def ranking_questions(
    bot: Opened, files: Sequence[Path], against: Sequence[Path], settings: RowSettings, generate: Callable[[], Path]
) -> list[Question]:
    """Give the questions that a ranker can learn from: of cases, of files that bring texts, or of the documents."""
    forms = {file: form_of(file) for file in files}
    if wrong := next((file for file, form in forms.items() if form not in ("cases", "reading")), None):
        raise UsageError(f"{wrong}: has no passages; expected cases, or JSON lines with question, context and answers")
    own = [file for file, form in forms.items() if form == "cases"]
    tests = tests_of([*sorted((bot.workspace.root / "cases").glob("*.jsonl")), *own], against)
    with bot.bars("questions") as progress:
        asked = Asked(bot, settings, tests, lambda what, done: progress(what, done, None))
        found: list[Question] = []
        for file, form in forms.items():
            if form == "cases":
                found += asked.questions(*asked.kept(file.name, cases_of(file), given=True))
                continue
            brought = asked.readings(file)
            texts = [
                Text(id=one.id, text="\n".join([one.question, *(passage.text for passage in one.evidence)]))
                for one in brought
            ]
            refuse_tested(str(file), texts, tests)
            found += brought
        if not files:
            found += asked.questions(*asked.kept("", cases_of(generate()), given=False))
    return found
