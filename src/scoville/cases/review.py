"""A case of a file is looked at by people, one after the other or several at once, and each decision kept at once.

Enters: a file, the id of a case and the version of it that was looked at. Leaves: the file with the decision. What
somebody else changed meanwhile is never overwritten.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from scoville.cases.files import case_json, cases_of, write_cases
from scoville.errors import UsageError
from scoville.types import Case

REVIEWED = "reviewed"
"""The tag of a case that somebody has accepted."""
_writing = threading.Lock()


class Changed(UsageError):
    """A case is not any more what was looked at."""


def version_of(case: Case) -> str:
    """Name what a case says now, with its tags and its split."""
    return hashlib.sha256(json.dumps(case_json(case), sort_keys=True).encode()).hexdigest()[:16]


def accepted(case: Case) -> Case:
    """Give a case with the tag that says that somebody has accepted it."""
    return replace(case, tags=tuple(dict.fromkeys((*case.tags, REVIEWED))))


def is_waiting(case: Case) -> bool:
    """Say whether nobody has accepted a case yet."""
    return REVIEWED not in case.tags


def rewrite(file: Path, change: Callable[[list[Case]], Sequence[Case]]) -> None:
    """Write a file of cases anew as they are changed, whole or not at all, one change after the other."""
    with _writing:
        write_cases(file, change(cases_of(file) if file.is_file() else []))


def decide(file: Path, id: str, version: str, change: Callable[[Case], Case | None]) -> None:
    """Put a case in the place of what it was, or with None take it out.

    Raises Changed where it is not any more what ``version`` names.
    """

    def changed(cases: list[Case]) -> list[Case]:
        found = next((case for case in cases if case.id == id), None)
        if found is None:
            raise Changed("somebody has dropped this case meanwhile: nothing was changed")
        if version_of(found) != version:
            raise Changed("somebody has changed this case meanwhile: nothing was overwritten")
        new = change(found)
        return [one for case in cases if (one := new if case.id == id else case)]

    rewrite(file, changed)
