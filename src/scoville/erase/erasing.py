"""Forgetting, from the name of a document or a person to a signed receipt.

Enters: a workspace and a subject. Leaves: an :class:`Erasure`: what would go, or what went. A journal is written before
the first change and goes with the last: a forgetting that was killed is ended by the next one, whatever that is of.
Order matters: what tells whether something is of the subject goes last, and what must not come back is written first.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from scoville.erase.check import leftovers
from scoville.erase.files import ERASURES, FORGETTING, Found, erase_file, is_database, remove_empty_runs, text_files
from scoville.erase.holders import documents_on_record, holders_of, made_with, mark
from scoville.erase.receipt import Erasure, Holder, Mention, write_receipt
from scoville.erase.records import erase_records
from scoville.erase.releases import erase_releases
from scoville.erase.subject import Subject
from scoville.erase.tables import erase_tables, rows_of, tables_of
from scoville.errors import UsageError
from scoville.index import Workspace, is_named, open_index
from scoville.recipe import Recipe
from scoville.storage import write_whole

UPLOADS = "uploads"
"""The folder beside the recipe that the service stores files in."""
EXAMPLE_CHARACTERS = 160
ROUNDS = 2
"""What was written while it ran, such as the trace of a question under way, is taken out by a second look."""


def find_documents(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Find documents by name, folder or pattern: also those that failed, or were removed before, since traces of them
    may be left. UsageError for a name of which nothing is known.
    """
    known = {*workspace.seen(), *workspace.forgotten(), *(one.item or one.path for one in workspace.failures())}
    known |= {row.item for _, table in tables_of(workspace) for row in rows_of(table)}
    known |= documents_on_record(workspace)
    found: set[str] = set()
    for name in names:
        named = {item for item in known if name.strip("/") and is_named(item, name)}
        named = named or {item for item in known if is_named(item, workspace.source_of(Path(name)))}
        if not named:
            near = [item for item in sorted(known) if name.rpartition("/")[2] in item][:3]
            raise UsageError(
                f"nothing is known of a document {name!r}; "
                f"{f'did you mean {chr(44).join(near)}?' if near else 'a person is forgotten with --person'}"
            )
        found |= named
    return sorted(found)


def allow(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Let forgotten documents be added again; give their names. UsageError for one that was not forgotten."""
    with workspace.writing():
        forgotten = workspace.forgotten()
        chosen = {item for item in forgotten for name in names if is_named(item, name)}
        if not chosen:
            raise UsageError(f"{', '.join(names)}: not forgotten; those are {', '.join(forgotten) or 'none'}")
        workspace.set_forgotten({item: digest for item, digest in forgotten.items() if item not in chosen})
    return sorted(chosen)


def look(workspace: Workspace, recipe: Recipe, subject: Subject) -> Erasure:
    """Say what forgetting a subject would take out, and what would hold it still; changes nothing."""
    found = [*_erased_index(workspace, recipe, subject, apply=False), *_sweep(workspace, subject, apply=False)]
    held = holders_of(workspace, recipe, subject)
    if (workspace.folder / FORGETTING).exists():
        held = (*held, Holder(what=FORGETTING, why="a forgetting was interrupted: the next one with --yes ends it"))
    return Erasure(
        kind=subject.kind, names=subject.names, found=tuple(found), saw=made_with(workspace, subject), held=held,
        mentions=tuple(_mentions(workspace, subject)),
    )  # fmt: skip


def forget(workspace: Workspace, recipe: Recipe, subject: Subject) -> Erasure:
    """Take a subject out of everything in a workspace, look for it in every byte afterwards, and sign a receipt."""
    seen = look(workspace, recipe, subject)
    parts = {"found": [asdict(one) for one in seen.found], "saw": [asdict(one) for one in seen.saw]}
    journal = {"subject": subject.as_json(), **parts}
    with workspace.writing():
        write_whole(workspace.folder / FORGETTING, json.dumps(journal, ensure_ascii=False))
        return _finish(workspace, recipe, subject, seen)


def finish_killed(workspace: Workspace, recipe: Recipe) -> Erasure | None:
    """End a forgetting that was killed; None where there is none."""
    path = workspace.folder / FORGETTING
    if not path.exists():
        return None
    journal = json.loads(path.read_text(encoding="utf-8"))
    subject = Subject.of_json(journal["subject"])
    seen = replace(
        look(workspace, recipe, subject), found=tuple(Found(**one) for one in journal["found"]),
        saw=tuple(Holder(**one) for one in journal["saw"]),
    )  # fmt: skip
    with workspace.writing():
        return _finish(workspace, recipe, subject, seen)


def _finish(workspace: Workspace, recipe: Recipe, subject: Subject, seen: Erasure) -> Erasure:
    mark(workspace, seen.saw)
    _keep_out(workspace, subject)
    left: Sequence[str] = ()
    for _ in range(ROUNDS):
        _erased_index(workspace, recipe, subject, apply=True)
        _sweep(workspace, subject, apply=True)
        remove_empty_runs(workspace)
        left = leftovers(workspace, subject, documents_stay=bool(seen.mentions))
        if not left:
            break
    done = replace(seen, left=tuple(left), held=holders_of(workspace, recipe, subject), done=True)
    if subject.kind == "person":  # a receipt that quoted it would keep it
        done = replace(done, mentions=tuple(
            Mention(document=subject.without(one.document), passages=one.passages, example="") for one in done.mentions
        ))  # fmt: skip
    path = write_receipt(workspace.folder / ERASURES, done, {"workspace": workspace.root.name})
    (workspace.folder / FORGETTING).unlink()
    return replace(done, receipt=str(path))


def _keep_out(workspace: Workspace, subject: Subject) -> None:
    """Write down that documents are not to be added again, and that nothing is known of them."""
    if subject.kind == "person":
        return
    seen = workspace.seen()
    workspace.set_forgotten(
        workspace.forgotten() | {name: seen[name].digest if name in seen else "" for name in subject.names}
    )
    uploads = (workspace.root / UPLOADS).resolve()
    for name in subject.names:
        file = workspace.path_of(name)
        if "://" not in name and file.is_file() and file.resolve().is_relative_to(uploads):
            file.unlink()  # it came through the service: there is no other place of it


def _erased_index(workspace: Workspace, recipe: Recipe, subject: Subject, *, apply: bool) -> list[Found]:
    """Take documents out of releases, the index, its old versions and the lists beside it, or count their passages."""
    releases = erase_releases(workspace, subject, apply=apply)
    if subject.kind == "person":
        return releases
    found = releases + erase_tables(workspace, subject, recipe.index, apply=apply)
    built = workspace.built()
    if recipe.index.url and not workspace.shared and built:
        from scoville.index.postgres import PostgresIndex

        index = open_index(workspace, recipe.index, built)
        passages = sum(state.passages for name, state in index.documents().items() if name in subject.names)
        found += [Found(place="the index in PostgreSQL", times=passages)] if passages else []
        if apply:
            index.remove(subject.names)
            index.finish()
            assert isinstance(index, PostgresIndex)
            index.purge()
    if apply:
        seen, failures = workspace.seen(), workspace.failures()
        workspace.set_seen({name: one for name, one in seen.items() if name not in subject.names})
        workspace.set_failures([one for one in failures if not {one.path, one.item} & {*subject.names}])
    return found


def _sweep(workspace: Workspace, subject: Subject, *, apply: bool) -> list[Found]:
    """Take a subject out of files and databases, or count where it is."""
    found: list[Found] = []
    for path in text_files(workspace):
        if count := erase_file(path, subject, apply=apply):
            found.append(Found(place=path.relative_to(workspace.root).as_posix(), times=count))
    for path in sorted(workspace.folder.rglob("*.db")):
        if is_database(path):
            found += erase_records(path, subject, apply=apply)
    return found


def _mentions(workspace: Workspace, subject: Subject) -> Iterator[Mention]:
    """List the documents of the index that name a person."""
    if subject.kind != "person":
        return
    found: dict[str, dict[str, str]] = {}
    for _, table in tables_of(workspace):
        for row in rows_of(table):
            if subject.touches(row.text):
                found.setdefault(row.source, {})[row.id] = row.text
    for document, texts in sorted(found.items()):
        example = subject.around(next(iter(texts.values())), EXAMPLE_CHARACTERS)
        yield Mention(document=document, passages=len(texts), example=example)
