"""Releases without a document or a person in them.

Enters: a workspace and a subject. Leaves: releases that do not hold it. A release is never changed: one that no alias
stands for is removed, and in the place of one that is served, or that a rollback would lead to, stands another of the
same parts without it, so that what is served goes on.
"""

import json
from pathlib import Path

from scoville.erase.files import Found, erase_file, text_files
from scoville.erase.subject import Subject
from scoville.erase.tables import erase_tables
from scoville.errors import ScovilleError
from scoville.index import Workspace
from scoville.recipe import Index as Settings
from scoville.release import (
    Release,
    read_state,
    releases_of,
    remake_release,
    remove_release,
    remove_unfinished,
    replace_release,
    whoami,
)  # fmt: skip

REASON = "something in it was forgotten"


def erase_releases(workspace: Workspace, subject: Subject, *, apply: bool) -> list[Found]:
    """Remove the releases that hold a subject, or make those that are needed anew; or only list them."""
    needed = {name for stack in read_state(workspace).aliases.values() for target in stack for name in target.names}
    found: list[Found] = []
    if apply:
        remove_unfinished(workspace)
    for release in releases_of(workspace):
        if times := _times(release, subject):
            found.append(Found(place=f"release {release.name}", times=times))
            if apply and release.name in needed:
                other = remake_release(workspace, release, lambda folder: _cleaned(folder, subject), by=whoami())
                replace_release(workspace, release.name, other.name, by=whoami(), reason=REASON)
            elif apply:
                remove_release(workspace, release.name, by=whoami(), reason=REASON)
    return found


def _times(release: Release, subject: Subject) -> int:
    """Count the documents and files of a release that hold a subject; one that cannot be read may hold it."""
    try:
        documents = release.documents()
        place = Workspace(release.folder, folder=release.folder)
        files = sum(bool(erase_file(path, subject, apply=False)) for path in _texts(place))
        return len(documents.keys() & {*subject.names}) + files
    except (OSError, ValueError, ScovilleError):
        return 1


def _cleaned(folder: Path, subject: Subject) -> dict[str, str]:
    """Take a subject out of the copy of a release; give the documents that are left."""
    place = Workspace(folder, folder=folder)
    if subject.kind == "document":
        recipe = json.loads((folder / "recipe.json").read_bytes())
        erase_tables(place, subject, Settings.model_validate(recipe["index"]), apply=True)
    for path in _texts(place):
        erase_file(path, subject, apply=True)
    documents: dict[str, str] = json.loads((folder / "documents.json").read_bytes())
    return {name: id for name, id in documents.items() if name not in subject.names}


def _texts(place: Workspace) -> list[Path]:
    return [path for path in text_files(place) if path.name not in ("documents.json", "recipe.json", "release.json")]
