"""What was made with a document or a person and cannot be cleaned, and what holds them still.

Enters: a workspace and a subject. Leaves: runs and models that are to be made again, each marked as such, and the
places that a workspace cannot reach into, each with the reason.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scoville.backup import MADE
from scoville.erase.files import BESIDE, erase_file, own_files, text_files
from scoville.erase.receipt import Holder
from scoville.erase.subject import MARK, Subject
from scoville.index import Workspace
from scoville.models.trained import FOLDER as MODELS
from scoville.recipe import Recipe
from scoville.recipe.model import is_hosted
from scoville.storage import write_whole
from scoville.track.store import FILE_NAME, Store

MADE_AGAIN = "make_again"
"""The key of the header of a run, and of what a model was made of, that says why it is to be made again."""
HEADERS = {"runs": "run.json", MODELS: "training.json"}
MOST_BYTES = 20_000_000
TEXTS = frozenset({".html", ".md", ".json", ".jsonl", ".csv", ".txt"})


def made_with(workspace: Workspace, subject: Subject) -> tuple[Holder, ...]:
    """List the runs and models that were made with a subject, or may have been."""
    runs = {
        path.relative_to(workspace.folder).parts[1]
        for path in text_files(workspace)
        if path.is_relative_to(workspace.folder / "runs") and erase_file(path, subject, apply=False)
    }
    found = [Holder(what=f"run {name}", why="its answers or its cases hold it: what goes is missing in its scores")
             for name in sorted(runs)]  # fmt: skip
    since = _since(workspace, subject)
    for path in sorted((workspace.folder / MODELS).glob("*/training.json")):
        if path.stat().st_mtime >= since:
            found.append(Holder(
                what=f"model {path.parent.name}",
                why="trained while it was here; weights cannot be cleaned of it: train it again, then delete this one",
            ))  # fmt: skip
    return tuple(found)


def mark(workspace: Workspace, saw: tuple[Holder, ...]) -> None:
    """Write into the headers of runs and models that they are to be made again."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for one in saw:
        kind, _, name = one.what.partition(" ")
        folder = {"run": "runs", "model": MODELS}[kind]
        path = workspace.folder / folder / name / HEADERS[folder]
        if path.is_file():
            value = json.loads(path.read_text(encoding="utf-8"))
            value.setdefault(MADE_AGAIN, f"something it was made with was forgotten on {now}")
            write_whole(path, json.dumps(value, ensure_ascii=False, indent=1))


def holders_of(workspace: Workspace, recipe: Recipe, subject: Subject) -> tuple[Holder, ...]:
    """List what holds a subject still and is not the workspace's to change."""
    return tuple(_holders(workspace, recipe, subject))


def _holders(workspace: Workspace, recipe: Recipe, subject: Subject) -> Iterator[Holder]:
    for name in subject.names:
        if "://" in name:
            yield Holder(what=name, why="the page itself, which is not here; add and sync leave it out")
        elif workspace.path_of(name).is_file():
            yield Holder(what=name, why="the file itself is yours: delete it; add and sync leave it out")
    for path in _yours(workspace):
        is_told = workspace.source_of(path) in subject.names
        if path.suffix in TEXTS and not is_told and path.is_file() and path.stat().st_size < MOST_BYTES:
            if subject.quotes(path.read_text(encoding="utf-8", errors="ignore")):
                yield Holder(
                    what=path.relative_to(workspace.root).as_posix(), why="a file of yours: delete it or make it again"
                )
    yield from _elsewhere(workspace, recipe)


def _yours(workspace: Workspace) -> list[Path]:
    """List the files beside the recipe that Scoville does not change."""
    own = {path for path, _ in own_files(workspace)}
    return sorted(
        {*workspace.root.glob("*"), *(path for name in BESIDE for path in workspace.root.glob(f"{name}/*"))} - own
    )


def _elsewhere(workspace: Workspace, recipe: Recipe) -> Iterator[Holder]:
    backups = workspace.folder / MADE
    for line in backups.read_text(encoding="utf-8").splitlines() if backups.is_file() else ():
        made: dict[str, Any] = json.loads(line)
        yield Holder(what=made["file"], why=f"a backup of {made['time']}: delete it, or forget again after a restore")
    models = {recipe.llm.model, recipe.embed.model, recipe.judge.model or ""}
    for model in sorted(name for name in models if name and is_hosted(name)):
        yield Holder(what=model, why="a hosted model was sent texts: its provider says how long they are kept")
    for mirror in recipe.track.to:
        yield Holder(what=mirror, why="runs were copied there: delete them there")
    if workspace.shared:
        why = "versions and copies that the bucket keeps of its own; what a writer that was killed left, for a week"
        yield Holder(what=workspace.shared.url, why=why)
    elif recipe.index.url:
        yield Holder(what="PostgreSQL", why="its log, replicas and backups, until they are vacuumed and expire")
    yield Holder(
        what="the disk", why="blocks of deleted files, until they are written over; an encrypted disk hides them"
    )


def documents_on_record(workspace: Workspace) -> set[str]:
    """Name the documents that lineage knows, also those that are gone."""
    if not (workspace.folder / FILE_NAME).is_file():
        return set()
    with Store(workspace.folder / FILE_NAME) as store:
        return {name for (name,) in store.query("SELECT DISTINCT name FROM artifacts WHERE kind = 'document'")} - {MARK}


def _since(workspace: Workspace, subject: Subject) -> float:
    """Say since when a document was known here, in Unix time; of a person, always."""
    if subject.kind == "person" or not (workspace.folder / FILE_NAME).is_file():
        return 0.0
    marks = ", ".join("?" * len(subject.names))
    with Store(workspace.folder / FILE_NAME) as store:
        rows = store.query(
            f"SELECT min(created) FROM artifacts WHERE kind = 'document' AND name IN ({marks})",  # noqa: S608
            subject.names,
        )
    return rows[0][0] or 0.0
