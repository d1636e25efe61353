"""A release is made: what answers now is put into a folder of its own, whole or not at all.

Enters: a workspace, its recipe, what is known of its index and its runs. Leaves: a release. All of it is written beside
its place and moved there by one rename, so that a kill or a full disk leaves no half release.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scoville.answer.calibration import FILE as CALIBRATION
from scoville.answer.calibration import read_fitted, system_hash
from scoville.cases.files import train_cases, write_cases
from scoville.errors import EmptyIndex, StaleIndex, UsageError
from scoville.evaluate.publish import FILES as RUN_FILES
from scoville.evaluate.runs import Run
from scoville.index import Workspace, build_hash, open_index
from scoville.prompt import template_hash
from scoville.recipe import Recipe
from scoville.release.models import FOLDER as MODELS
from scoville.release.models import PARITY, keep_models, named_models
from scoville.release.release import FOLDER, FORMAT, MANIFEST, NAME, Release, digest_of, releases_of, sha256_of
from scoville.release.standing import newest_run
from scoville.release.state import reserve_number, taken_names
from scoville.storage import copy_tree, storage_errors, write_whole
from scoville.track.lineage import index_digest

STAGING = ".making"
REMOVED = ".removed-"


def make_release(
    workspace: Workspace, recipe: Recipe, name: str, *, by: str, about: Mapping[str, Any],
    on_wait: Callable[[], None] | None = None,
) -> Release:  # fmt: skip
    """Make a release of what a workspace holds now; waits where documents are being added.

    ``about`` is what else is known of it, such as the commit. UsageError for a name that there was already, StaleIndex
    where other settings built the index.
    """
    _check_name(workspace, name)
    with workspace.writing(on_wait):
        _check_name(workspace, name)  # another one may have made it meanwhile
        number = reserve_number(workspace)
        staging = workspace.folder / FOLDER / STAGING
        shutil.rmtree(staging, ignore_errors=True)  # of a process that was killed
        try:
            parts = _fill(workspace, recipe, staging)
            manifest = {
                "format": FORMAT, "name": name, "number": number, "time": time.time(), "by": by,
                "scoville": version("scoville"), **parts, **about, "files": _files(staging),
            }  # fmt: skip
            _appear(staging, manifest)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Release(workspace.folder / FOLDER / name)


def remove_unfinished(workspace: Workspace) -> None:
    """Remove what killed processes left of releases that they made or removed; the caller holds the workspace."""
    folder = workspace.folder / FOLDER
    for leftover in (folder / STAGING, *folder.glob(f"{REMOVED}*")):
        shutil.rmtree(leftover, ignore_errors=True)


def remake_release(
    workspace: Workspace, release: Release, change: Callable[[Path], dict[str, str]], *, by: str
) -> Release:  # fmt: skip
    """Make another release of one, whose files ``change`` has changed; give it under a name of its own.

    ``change`` is given a copy of its folder, and gives the documents that are left: source → id. What was measured of
    it was measured of another index: before it can be promoted elsewhere, it is measured anew. The caller holds the
    workspace.
    """
    taken = taken_names(workspace) | {one.name for one in releases_of(workspace)}
    name = next(name for place in range(2, 10_000) if (name := f"{release.name[:58]}.{place}") not in taken)
    staging = workspace.folder / FOLDER / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    try:
        copy_tree(release.folder, staging)
        (staging / MANIFEST).unlink()
        documents = change(staging)
        _write(staging / "documents.json", documents)
        before = {key: value for key, value in release.manifest.items() if key != "digest"}
        index = before["index"]
        digest = index_digest(documents, before["build_hash"], index["embedder"])
        manifest = before | {
            "name": name, "number": reserve_number(workspace), "time": time.time(), "by": by, "made_of": release.name,
            "index": {**index, "documents": len(documents), "digest": digest}, "files": _files(staging),
        }  # fmt: skip
        _appear(staging, manifest)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Release(workspace.folder / FOLDER / name)


def _appear(staging: Path, manifest: dict[str, Any]) -> None:
    """Let a release appear, whole, by one rename."""
    _write(staging / MANIFEST, {**manifest, "digest": digest_of(manifest)})
    with storage_errors(staging.parent):
        staging.rename(staging.with_name(manifest["name"]))


def _check_name(workspace: Workspace, name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"release {name!r:.80}: expected up to 64 letters, digits, dots and dashes")
    if name in taken_names(workspace) | {one.name for one in releases_of(workspace)}:
        raise UsageError(f"{name!r} is the name of a release or of an alias, or was: give another one")


def _fill(workspace: Workspace, recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Write all parts but the manifest, and give what it says of them."""
    index = _copy_index(workspace, recipe, folder)
    kept = keep_models(recipe, folder)
    own = recipe.model_copy(update={"index": recipe.index.model_copy(update={"url": None, "name": None})})
    _write(folder / "recipe.json", own.model_dump(mode="json"))
    if cases := train_cases(workspace.root):
        write_cases(folder / "cases" / "train.jsonl", cases)
    fitted = read_fitted(workspace)
    if is_fitted := bool(fitted and fitted.about.get("system") == system_hash(recipe)):
        copy_tree(workspace.root / ".scoville" / CALIBRATION, folder / CALIBRATION)
    run = newest_run(workspace, own.hash, index["digest"])
    if run:
        _copy_run(run, folder / "run")
    parity = [json.loads(file.read_bytes()) for file in sorted((folder / MODELS).rglob(PARITY))]
    return {
        "recipe_hash": own.hash, "build_hash": own.build_hash, "prompt": template_hash(own.prompt), "index": index,
        "models": named_models(recipe), "kept": kept, "drift": [fault for one in parity for fault in one["faults"]],
        "calibrated": is_fitted, "run": run.id if run else "",
        "scorecard": run.summary().get("metrics", {}) if run else {},
    }  # fmt: skip


def _copy_index(workspace: Workspace, recipe: Recipe, folder: Path) -> dict[str, Any]:
    built = workspace.require_built()
    number = open_index(workspace, recipe.index, built).copy_to(folder / "index")
    place = Workspace(workspace.root, folder=folder)
    place.set_built(built)
    index = open_index(place, recipe.index, built)
    documents = {source: state.document_id for source, state in index.documents().items()}
    if not documents:
        raise EmptyIndex(f"the index of {workspace.root} is empty: add documents with `scoville add PATH`")
    if not index.is_current(build_hash(recipe)):
        raise StaleIndex("the index was built with other settings than the recipe's: run `scoville add --rebuild`")
    _write(folder / "documents.json", documents)
    return {
        "digest": index_digest(documents, recipe.build_hash, built.embedder), "version": number, "table": built.table,
        "embedder": built.embedder, "dimension": built.dimension, "documents": len(documents),
        "passages": index.count(),
    }  # fmt: skip


def _copy_run(run: Run, folder: Path) -> None:
    for name in RUN_FILES:
        if (run.folder / name).is_file():
            copy_tree(run.folder / name, folder / name)


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files
    }


def _write(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1))
