"""Rows are brought together: without what is tested, divided by source into train and dev, counted.

Enters: examples and texts, the cases that are kept for testing. Leaves: ``TrainingRows``. Knows no prompt.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from scoville.cases.alike import Finder
from scoville.errors import LeakageError, UsageError
from scoville.storage import write_whole
from scoville.train.examples import Example, Text, digest, read_rows, said, write_rows
from scoville.types import Case

Row = TypeVar("Row", Example, Text)
Drawn = TypeVar("Drawn")


class Grouped(Protocol):
    """What is divided."""

    @property
    def id(self) -> str:
        """Name it."""
        ...

    @property
    def group(self) -> str:
        """What it stays together with; empty for itself alone."""
        ...


Part = TypeVar("Part", bound=Grouped)
SHOWN = 3
LARGEST = 1.5
"""Dev is at most so many times what was asked for, where groups allow."""


@dataclass(frozen=True, kw_only=True)
class TrainingRows:
    """What a model is trained on, and measured with while it is trained."""

    train: tuple[Example, ...] = ()
    dev: tuple[Example, ...] = ()
    texts: tuple[Text, ...] = ()
    """For continued pretraining."""
    dev_texts: tuple[Text, ...] = ()
    template: str
    """Hash of how the prompts are written."""
    model: str = ""
    """Whose prompts they are."""
    seed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many rows were left out, by reason."""

    @property
    def digest(self) -> str:
        """Hash of all that they say."""
        return digest([*self.train, *self.dev, *self.texts, *self.dev_texts])

    def describe(self) -> dict[str, Any]:
        """Say how many there are of what."""
        return {
            "train": len(self.train), "dev": len(self.dev), "texts": len(self.texts), "dev_texts": len(self.dev_texts),
            "kinds": dict(Counter(row.kind for row in (*self.train, *self.dev))),
            "sources": len({row.source for row in (*self.train, *self.dev, *self.texts, *self.dev_texts)}),
            "skipped": dict(self.skipped), "template": self.template, "model": self.model, "seed": self.seed,
            "digest": self.digest,
        }  # fmt: skip

    def save(self, folder: Path) -> dict[str, Path]:
        """Write a file for each part that has rows, and ``rows.json`` on what they are; give the files."""
        import json

        parts: dict[str, Sequence[Example | Text]] = {
            "train": self.train, "dev": self.dev, "texts": self.texts, "dev_texts": self.dev_texts,
        }  # fmt: skip
        files = {name: folder / f"{name}.jsonl" for name in parts}
        for name, rows in parts.items():
            if rows:
                write_rows(files[name], rows)
            else:
                files.pop(name).unlink(missing_ok=True)
        write_whole(folder / "rows.json", json.dumps(self.describe(), indent=2) + "\n")
        return files


def read_training_rows(folder: Path) -> TrainingRows:
    """Read what `TrainingRows.save` wrote; UsageError where it did not."""
    import json

    try:
        known = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
        kept = {key: known[key] for key in ("template", "model", "seed", "skipped")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} holds no rows ({error}): make them with `scoville train rows`") from None
    files = {name: folder / f"{name}.jsonl" for name in ("train", "dev", "texts", "dev_texts")}
    parts: dict[str, Any] = {name: tuple(read_rows(file)) for name, file in files.items() if file.is_file()}
    return TrainingRows(**parts, **kept)


def divide_rows(rows: Sequence[Part], dev: float, seed: int) -> tuple[list[Part], list[Part]]:
    """Divide rows into train and dev so that a group stays together: about a share ``dev``, never over half.

    Where every group is larger than that, the smallest is taken if it is at most a quarter of all; else there is no
    dev, as of one group alone.
    """
    groups: dict[str, list[Part]] = defaultdict(list)
    for row in rows:
        groups[row.group or row.id].append(row)
    thrown = sorted(groups, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    wanted, chosen, count = dev * len(rows), set[str](), 0
    for name in thrown:
        if count < wanted and count + len(groups[name]) <= LARGEST * wanted:
            chosen.add(name)
            count += len(groups[name])
    others = [name for name in thrown if name not in chosen]
    smallest = min(others, key=lambda name: len(groups[name]), default="")
    if others[1:] and count < wanted / 2 and len(groups[smallest]) <= len(rows) / 4:
        chosen.add(smallest)
    parts: tuple[list[Part], list[Part]] = ([], [])
    for row in rows:
        parts[(row.group or row.id) in chosen].append(row)
    return parts


def divide_texts(texts: Sequence[Text], dev: float, seed: int) -> tuple[list[Text], list[Text]]:
    """Divide texts by source into train and dev; of one source alone the end is dev."""
    train, held = divide_rows(texts, dev, seed)
    if held or len({one.group for one in texts}) > 1:
        return train, held
    last = len(train) - int(dev * len(train))
    return train[:last], train[last:]


def untested(rows: Iterable[Row], tests: Sequence[Case]) -> tuple[list[Row], dict[str, str]]:
    """Part rows from those that hold a question or evidence of tests; these by their ids, with what they hold."""
    finder, known = Finder(tests), dict[str, str]()
    kept: list[Row] = []
    leaks: dict[str, str] = {}
    for row in rows:
        for text in said(row):
            if text not in known:
                place = next(finder.find(text), None)
                known[text] = f"the {place[1]} of {tests[place[0]].id}" if place else ""
        found = next((known[text] for text in said(row) if known[text]), "")
        if found:
            leaks[row.id] = found
        else:
            kept.append(row)
    return kept, leaks


def refuse_tested(name: str, rows: Sequence[Row], tests: Sequence[Case]) -> None:
    """Raise LeakageError where rows that somebody brings hold what is tested."""
    _, leaks = untested(rows, tests)
    if leaks:
        shown = "; ".join(f"row {row} holds {what}" for row, what in [*leaks.items()][:SHOWN])
        more = f"; and {len(leaks) - SHOWN} more" if len(leaks) > SHOWN else ""
        raise LeakageError(
            f"{name}: {len(leaks)} of {len(rows)} rows hold what is kept for testing: {shown}{more}. A score on these "
            "cases would mislead: leave the rows out of the file"
        )


def sample(rows: Sequence[Drawn], count: int, seed: int) -> list[Drawn]:
    """Draw ``count`` rows, in their order."""
    if count >= len(rows):
        return list(rows)
    return [rows[at] for at in sorted(random.Random(seed).sample(range(len(rows)), count))]


def refuse_none(rows: TrainingRows) -> None:
    """Raise UsageError where there is nothing to train on."""
    if not (rows.train or rows.texts):
        reasons = "; ".join(f"{count} × {reason}" for reason, count in rows.skipped.items()) or "there are none"
        raise UsageError(f"no rows to train on: {reasons}")
