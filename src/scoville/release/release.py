"""A release on disk: a system as it was at one moment, which nothing changes any more.

Enters: the folder of a workspace. Leaves: its releases, each checked against what was written. Knows not how one is
made.

    .scoville/releases/<name>/
      release.json      what it is: number, recipe, index, models, scorecard; the SHA-256 of every other file
      recipe.json       every value of the recipe
      workspace.json    the table of its index and the embedder that built it
      index/            the table as it was; its files are shared with the workspace until that moves on
      documents.json    source → id of each document in it
      models/           what was trained here and answers or searches
      calibration.json  how signals become a probability, where the workspace was calibrated
      cases/            the train part of the cases, of which a prompt may show some
      run/              the run that is its scorecard, if there was one
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scoville.errors import DamagedRelease, UsageError
from scoville.evaluate.runs import Run
from scoville.index import Workspace
from scoville.recipe import Recipe

FOLDER = "releases"
MANIFEST = "release.json"
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
FORMAT = 1
ADVICE = "serve another one (`scoville rollback`), and make this one anew under another name"


@dataclass(frozen=True)
class Release:
    """One release."""

    folder: Path

    @property
    def name(self) -> str:
        """What it is called; no other release ever has this name."""
        return self.folder.name

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What it is; DamagedRelease where that is not as it was written."""
        try:
            saved = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            written = saved.pop("digest")
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise DamagedRelease(f"release {self.name}: {MANIFEST} cannot be read ({error!r:.200}); {ADVICE}") from None
        if saved.get("format", 0) > FORMAT:
            raise UsageError(f"release {self.name} was made by a newer version of Scoville: install that")
        if digest_of(saved) != written:
            raise DamagedRelease(f"release {self.name}: {MANIFEST} is not as it was written; {ADVICE}")
        return {**saved, "digest": written}

    @property
    def number(self) -> int:
        """Its place in the order of releases, which no clock decides."""
        return self.manifest["number"]

    @property
    def recipe(self) -> Recipe:
        """Every choice of the system."""
        return Recipe.model_validate_json((self.folder / "recipe.json").read_bytes())

    @property
    def run(self) -> Run | None:
        """The run that is its scorecard; None where it was not measured before it was made."""
        return Run(self.folder / "run") if self.manifest["run"] else None

    def documents(self) -> dict[str, str]:
        """Give the documents that it holds: source → id, which stands for the content."""
        return json.loads((self.folder / "documents.json").read_bytes())

    def workspace(self, root: Path) -> Workspace:
        """Give the place of its index, over the documents of a workspace."""
        return Workspace(root, folder=self.folder, fixed=True)

    def check(self, *, whole: bool = True) -> None:
        """Compare every file with what was written; DamagedRelease names the first that is another, or gone.

        Not ``whole``: large files only by their size, which takes no time.
        """
        for name, known in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file():
                raise DamagedRelease(f"release {self.name}: {name} is gone; {ADVICE}")
            if path.stat().st_size != known["bytes"] or (
                (whole or known["bytes"] < SMALL_BYTES) and sha256_of(path) != known["sha256"]
            ):
                raise DamagedRelease(f"release {self.name}: {name} is not as it was written; {ADVICE}")


SMALL_BYTES = 1 << 20


def releases_of(workspace: Workspace) -> list[Release]:
    """List the releases of a workspace, the oldest first; one that cannot be read any more stands before all others."""
    return sorted(
        (Release(path.parent) for path in (workspace.folder / FOLDER).glob(f"[!.]*/{MANIFEST}")),
        key=lambda one: (number_of(one), one.name),
    )


def facts_of(release: Release, *, whole: bool = False) -> dict[str, Any]:
    """Give what a list of releases says of one; of a damaged one its name and what is wrong, as ``damaged``."""
    try:
        release.check(whole=whole)
        known = release.manifest
    except (DamagedRelease, UsageError) as error:
        return {"name": release.name, "damaged": str(error)}
    return {
        "name": release.name, "number": known["number"], "time": known["time"], "by": known["by"],
        "model": known["models"]["llm.model"], "documents": known["index"]["documents"],
        "passages": known["index"]["passages"], "run": known["run"],
        "quality": known["scorecard"].get("quality", {}).get("mean"),
    }  # fmt: skip


def number_of(release: Release) -> int:
    """Give the number of a release; 0 for one that cannot be read."""
    try:
        return release.number
    except (DamagedRelease, UsageError):
        return 0


def is_release(workspace: Workspace, name: str) -> bool:
    """Say whether a release has a name, which may be anything that a caller wrote."""
    return bool(NAME.fullmatch(name)) and (workspace.folder / FOLDER / name / MANIFEST).is_file()


def find_release(workspace: Workspace, name: str) -> Release:
    """Find a release by its name; UsageError, with the names, where there is none."""
    if not is_release(workspace, name):
        listed = ", ".join(one.name for one in releases_of(workspace)[-5:]) or "none yet: `scoville release` makes one"
        raise UsageError(f"there is no release {name!r:.80}; there are {listed}")
    return Release(workspace.folder / FOLDER / name)


def digest_of(manifest: Mapping[str, Any]) -> str:
    """Hash what a release is, its own digest left out."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
