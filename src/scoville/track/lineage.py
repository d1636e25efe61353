"""What was built from what: documents, recipes, models, indexes, cases, runs, and what training adds.

Enters: artifacts and what they were built from. Leaves: for one of them, all that it was built from and all that was
built from it. An artifact is named by its content: the same content is the same artifact, however often it is made,
and an index that changed is another one. Knows not how anything is built.
"""

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scoville.errors import UsageError
from scoville.track.store import Store

Kind = Literal["document", "documents", "recipe", "model", "index", "cases", "run", "sweep", "rows", "adapter"]
FEW = 256
"""An index of more documents is built from sets of them, by the hash of their names: one that changes gives a new set
of a 256th of all, not of all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """Something that was built, or that something was built from."""

    kind: Kind
    name: str
    digest: str
    """Names its content."""
    bytes: int | None = None

    @property
    def id(self) -> str:
        """Kind, name and content in 16 hex digits: two files with the same content are two artifacts."""
        return hashlib.sha256("\0".join((self.kind, self.name, self.digest)).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """Where an artifact comes from, and what came of it; nearest first."""

    artifact: Artifact
    built_from: tuple[Artifact, ...]
    built_into: tuple[Artifact, ...]
    versions: tuple[Artifact, ...]
    """Others of its kind and name, with other content; the newest first."""


def record(
    store: Store, artifact: Artifact, built_from: Iterable[Artifact] = (), *, is_newest: bool = False
) -> Artifact:  # fmt: skip
    """Write an artifact and what it was built from; doing so twice changes nothing, unless they are the newest now."""
    parents = list(built_from)
    now = time.time()
    with store.writing():
        store.write(
            "INSERT INTO artifacts (id, kind, name, digest, bytes, created) VALUES (?, ?, ?, ?, ?, ?) "
            f"ON CONFLICT (id) DO {'UPDATE SET created = excluded.created' if is_newest else 'NOTHING'}",
            [
                (parent.id, parent.kind, parent.name, parent.digest, parent.bytes, now)
                for parent in (*parents, artifact)
            ],
        )
        store.write(
            "INSERT OR IGNORE INTO edges (child, parent) VALUES (?, ?)",
            [(artifact.id, parent.id) for parent in parents],
        )
    return artifact


def index_of(
    store: Store, documents: Mapping[str, str], *, recipe_hash: str, embedder: str, name: str = "index"
) -> Artifact:
    """Write the present state of an index: source → id of its document, the recipe's build, the embedder.

    A document whose former content is back has that as its newest again.
    """
    index = Artifact(kind="index", name=name, digest=index_digest(documents, recipe_hash, embedder))
    with store.writing():
        last = next(iter(versions(store, "index", name=name, limit=1)), index)
        before = {row[0] for row in store.query("SELECT parent FROM edges WHERE child = ?", (last.id,))}
        if last == index and before:
            return index
        files = [Artifact(kind="document", name=source, digest=digest) for source, digest in sorted(documents.items())]
        parents = files if len(files) <= FEW else [_record_set(store, some, before) for some in _sets(files)]
        return record(store, index, [*parents, recipe(recipe_hash), model(embedder)], is_newest=True)


def index_digest(documents: Mapping[str, str], recipe_hash: str, embedder: str) -> str:
    """Name an index by what it is made of."""
    content = hashlib.sha256("\0".join((recipe_hash, embedder)).encode())
    for source, digest in sorted(documents.items()):
        content.update(f"\0{source}\0{digest}".encode())
    return content.hexdigest()


def run_of(
    store: Store, run_id: str, *, recipe_hash: str = "", index: Artifact | None = None, cases: Artifact | None = None,
    models: Iterable[str] = (), also: Iterable[Artifact] = (),
) -> Artifact:  # fmt: skip
    """Write a run and what it was made from; ``also`` are e.g. the run that it is compared with, and an adapter."""
    parents = [*also, *(artifact for artifact in (index, cases) if artifact), *map(model, models)]
    return record(store, run_artifact(run_id), [*parents, *([recipe(recipe_hash)] if recipe_hash else [])])


def sweep_of(store: Store, name: str, runs: Iterable[str]) -> Artifact:
    """Write a sweep and the runs of its trials, by their ids; those that were written before stay."""
    return record(store, Artifact(kind="sweep", name=name, digest=name), map(run_artifact, runs))


def cases_of(store: Store, digest: str, name: str = "") -> Artifact:
    """Name cases by their file; without its name, as the same cases were named before."""
    known = store.query(
        "SELECT name FROM artifacts WHERE kind = 'cases' AND digest = ? ORDER BY created DESC, rowid DESC LIMIT 1",
        (digest,),
    )
    return Artifact(kind="cases", name=name or (known[0][0] if known else "cases"), digest=digest)


def run_artifact(run_id: str) -> Artifact:
    """Name a run; its id is made once, so it stands for its content."""
    return Artifact(kind="run", name=run_id, digest=run_id)


def recipe(recipe_hash: str) -> Artifact:
    """Name a recipe by the hash of its values."""
    return Artifact(kind="recipe", name=recipe_hash, digest=recipe_hash)


def model(name: str, digest: str = "") -> Artifact:
    """Name a model; without the digest of its weights its name stands for them."""
    return Artifact(kind="model", name=name, digest=digest or name)


def find_artifact(store: Store, name: str) -> Artifact:
    """Find an artifact by its id, name or digest, the beginning of one, the end of its name, or ``latest``, a run.

    Of contents of one name the newest is taken; of several ids that begin so, none. UsageError when there is none, or
    several.
    """
    like = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    ways = (
        ("id = ? OR name = ? OR digest = ?", (name, name, name)),
        ("name LIKE ? ESCAPE '\\'", (f"%/{like}",)),
        ("id LIKE ? ESCAPE '\\' OR digest LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\'",
         (f"{like}%", f"{like}%", f"%{like}")),
    )  # fmt: skip
    found = versions(store, "run", limit=1) if name == "latest" else []
    for condition, values in ways:
        found = found or [_artifact(row) for row in store.query(
            "SELECT kind, name, digest, bytes FROM artifacts "  # noqa: S608
            f"WHERE ({condition}) AND kind <> 'documents' ORDER BY created DESC, rowid DESC", values,
        )]  # fmt: skip
    by_name = name.casefold()
    meant: dict[object, Artifact] = {}
    for one in found:
        meant.setdefault((one.kind, one.name) if one.name.casefold().endswith(by_name) else one.id, one)
    if len(meant) == 1:
        return found[0]
    if not meant:
        raise UsageError(f"nothing named {name!r} was recorded; `scoville lineage` lists what was")
    listed = ", ".join(f"{artifact.kind} {artifact.name} ({artifact.id[:8]})" for artifact in list(meant.values())[:5])
    raise UsageError(f"{name!r} may be {listed}{', ...' if len(meant) > 5 else ''}: name one of them, or its id")


def lineage(store: Store, artifact: Artifact) -> Lineage:
    """Give all that an artifact was built from, and all that was built from it."""
    return Lineage(
        artifact=artifact,
        built_from=_reached(store, artifact, "parent", "child"),
        built_into=_reached(store, artifact, "child", "parent"),
        versions=tuple(
            version for version in versions(store, artifact.kind, name=artifact.name) if version != artifact
        ),
    )


def versions(store: Store, kind: str | None = None, *, name: str | None = None, limit: int = 50) -> list[Artifact]:
    """List artifacts, newest first, of a kind and a name; without a kind all but documents. ``limit`` -1: all."""
    rows = store.query(
        "SELECT kind, name, digest, bytes FROM artifacts WHERE kind <> 'documents' AND "
        "CASE WHEN ? IS NULL THEN kind <> 'document' ELSE kind = ? END AND (? IS NULL OR name = ?) "
        "ORDER BY created DESC, rowid DESC LIMIT ?",
        (kind, kind, name, name, limit),
    )
    return [_artifact(row) for row in rows]


def _reached(store: Store, artifact: Artifact, to: str, by: str) -> tuple[Artifact, ...]:
    rows = store.query(
        f"WITH RECURSIVE reached (id, depth) AS (SELECT ?, 0 UNION "  # noqa: S608
        f"SELECT edges.{to}, reached.depth + 1 FROM edges JOIN reached ON edges.{by} = reached.id "
        "WHERE reached.depth < 100) "
        "SELECT kind, name, digest, bytes FROM artifacts JOIN "
        "(SELECT id, min(depth) AS depth FROM reached WHERE depth > 0 GROUP BY id) USING (id) "
        "WHERE kind <> 'documents' ORDER BY depth, kind, created DESC, name",
        (artifact.id,),
    )
    return tuple(map(_artifact, rows))


def _sets(files: Sequence[Artifact]) -> list[list[Artifact]]:
    sets: dict[str, list[Artifact]] = {}
    for file in files:
        sets.setdefault(hashlib.sha256(file.name.encode()).hexdigest()[:2], []).append(file)
    return [some for _, some in sorted(sets.items())]


def _record_set(store: Store, files: Sequence[Artifact], before: Collection[str]) -> Artifact:
    """Write a set of documents, unless it is among those of the last index."""
    digest = hashlib.sha256("".join(file.id for file in files).encode()).hexdigest()
    found = Artifact(kind="documents", name="documents", digest=digest)
    return found if found.id in before else record(store, found, files, is_newest=True)


def _artifact(row: tuple[object, ...]) -> Artifact:
    kind, name, digest, size = row
    return Artifact(kind=kind, name=name, digest=digest, bytes=size)  # pyright: ignore[reportArgumentType]
