"""One case after another in the terminal, each decision written to the file at once.

Enters: a file of cases, keys. Leaves: the same file, and how many were accepted, edited and dropped.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoville.cli.common import plain, say, style

if TYPE_CHECKING:
    from scoville.types import Case

KEYS = "a accept, e edit, d drop, s skip, q quit"


def review(file: Path, *, again: bool = False) -> dict[str, int]:
    """Show the cases that nobody has accepted yet, or all, and do as the keys say; ends with the input."""
    from scoville.cases.files import cases_of, write_cases
    from scoville.cases.review import accepted, is_waiting

    cases = {case.id: case for case in cases_of(file)}
    write_cases(file, cases.values())  # a file that cannot be written is told before the first decision
    waiting = [case for case in cases.values() if again or is_waiting(case)]
    done = Counter({"accepted": 0, "edited": 0, "dropped": 0, "left": 0})
    for number, case in enumerate(waiting, start=1):
        say(f"\n{style(f'{number} of {len(waiting)}', dim=True)}\n{_shown(case)}")
        key = ""
        while key not in ("a", "d", "s", "q"):
            key = _key()
            if key == "e":
                changed = _edited(case)
                done["edited"] += changed != case
                case = cases[case.id] = changed
                write_cases(file, cases.values())
                say(_shown(case))
        if key == "q":
            break
        if key == "a":
            cases[case.id] = accepted(case)
            done["accepted"] += 1
        elif key == "d":
            del cases[case.id]
            done["dropped"] += 1
        write_cases(file, cases.values())
    done["left"] = sum(map(is_waiting, cases.values()))
    return dict(done)


def _shown(case: "Case") -> str:
    lines = [style(_plain(f"{turn.role}: {turn.content}"), dim=True) for turn in case.history]
    lines.append(style(_plain(case.question), bold=True))
    lines += [f"  {chr(ord('A') + at)}. {_plain(choice)}" for at, choice in enumerate(case.choices)]
    lines += [f"  expected: {_plain(answer)}" for answer in case.expected]
    lines += [] if case.answerable else ["  expected: a refusal"]
    for evidence in case.evidence:
        page = f", page {evidence.page}" if evidence.page else ""
        quote = f': "{plain(" ".join(evidence.quote.split()))}"' if evidence.quote else ""
        lines.append(f"  evidence: {plain(evidence.document)}{page}{quote}")
    if case.tags or case.split:
        lines.append(style(f"  {plain(', '.join([*case.tags, *([case.split] if case.split else [])]))}", dim=True))
    return "\n".join(lines)


def _plain(text: str) -> str:
    return plain(text, keep="\n\t")


def _key() -> str:
    """Read a key in a terminal, else a line: then its first character; ``q`` where there are no more."""
    click.echo(f"{KEYS}? ", err=True, nl=False)
    if sys.stdin.isatty():
        key = click.getchar().lower()
        say(key if key.isalpha() else "")
        return key
    line = sys.stdin.readline()
    return line.strip()[:1].lower() if line else "q"


def _edited(case: "Case") -> "Case":
    """Let the case be changed, in the editor of the environment or line by line; as it was where that is no case."""
    from scoville.cases.files import case_json, case_of
    from scoville.errors import UsageError

    values = case_json(case)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        if editor:
            text = click.edit(json.dumps(values, ensure_ascii=False, indent=2), editor=editor, extension=".json")
            values = json.loads(text) if text else values
        else:
            values["question"] = _line("question", case.question)
            if case.answerable:
                values["expected"] = _line("expected", case.expected[0] if len(case.expected) == 1 else "") or [
                    *case.expected
                ]
        changed = case_of(values)
        if changed.id != case.id:
            raise UsageError(f"the id {case.id!r} became {changed.id!r}; an id stays, so that old runs can be compared")
        return changed
    except (ValueError, UsageError, click.ClickException) as error:
        say(f"scoville: nothing changed: {error}")
        return case


def _line(name: str, value: str) -> str:
    """Ask for a text on one line; an empty line keeps it."""
    click.echo(f"{name} (empty: as it is): ", err=True, nl=False)
    return sys.stdin.readline().strip() or value
