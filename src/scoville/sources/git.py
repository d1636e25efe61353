"""The files of a Git repository at one of its states, by the ``git`` program.

Enters: an entry of the recipe. Leaves: the files of a branch, a tag or a commit as items, named ``NAME@path``; one
whose blob is the same is not read again. The repository is fetched without its history and without being checked out,
so that nothing in it is run: no hooks, no filters, no submodules.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from scoville.errors import MissingExtra, ReadFailure, SourceError, SourceUnavailable
from scoville.recipe import FILE_NAME, Recipe
from scoville.recipe.sources import GitEntry
from scoville.sources.fetch import MEGABYTE
from scoville.sources.item import Content, Item, Listing, Place
from scoville.sources.pattern import chooser
from scoville.sources.secret import expand_url, scrub
from scoville.storage import TEMPORARY

FETCH_SECONDS = 600
SCHEMES = "https:http:ssh:git:file"
UNSAFE = re.compile(r"^-|^ext::|^fd::|[\x00-\x1f]")
REFUSED = re.compile(r"Authentication failed|could not read (?:Username|Password)|Permission denied|error: 403")
"""What git says where trying again cannot help, and might lock an account."""


class _Blob(NamedTuple):
    path: str
    id: str
    size: int


class GitSource(Listing):
    """The files of one state of a repository."""

    def __init__(self, entry: GitEntry, recipe: Recipe, place: Place, key: str) -> None:
        self.entry = entry
        super().__init__(key=key, prefix=f"{entry.name or repository_name(entry.git)}@")
        self._folder = place.root
        """What a relative path is relative to."""
        self._max_bytes = recipe.read.max_megabytes * MEGABYTE
        self._takes = chooser(entry)
        self._clone = ""

    def items(self) -> Iterator[Item]:
        """Fetch the state and list its files; hidden ones and links are left out."""
        self.close()
        self._clone = tempfile.mkdtemp(dir=TEMPORARY.path())
        self._git("init", "--quiet", "--bare")
        self._fetch()
        listed = self._git("ls-tree", "-r", "-z", "--long", "--full-tree", "FETCH_HEAD")
        for line in filter(None, listed.split(b"\0")):
            about, _, path = line.partition(b"\t")
            mode, kind, blob, size = about.decode().split()
            name = path.decode("utf-8", "backslashreplace")
            if kind == "blob" and mode != "120000" and self._is_document(name):
                yield Item(self.prefix + name, partial(self._open, _Blob(name, blob, int(size))), self._place(name))

    def _fetch(self) -> None:
        """Fetch without the history, where the server can leave that out: one that only gives files cannot."""
        words = ("--quiet", "--no-tags", "source", self.entry.ref or "HEAD")
        try:
            self._git("fetch", "--depth=1", *words)
        except SourceUnavailable as error:
            if "shallow" not in str(error):
                raise
            self._git("fetch", *words)

    def close(self) -> None:
        """Remove the fetched state."""
        if self._clone:
            shutil.rmtree(self._clone, ignore_errors=True)
            self._clone = ""

    def _is_document(self, path: str) -> bool:
        parts = path.split("/")
        return not any(part.startswith(".") for part in parts) and parts[-1] != FILE_NAME and self._takes(path)

    def _open(self, blob: _Blob, validator: str) -> Content | None:
        if blob.id == validator:
            return None
        if blob.size > self._max_bytes:
            raise ReadFailure(f"is {blob.size // MEGABYTE} MB, over read.max_megabytes; raise it in the recipe")
        data = self._git("cat-file", "blob", blob.id)
        return Content(data=data, file_name=PurePosixPath(blob.path).name, validator=blob.id)

    def _place(self, path: str) -> Path | None:
        """Give where a file would lie in the repository, if that is a folder of this machine."""
        folder = local_folder(self.entry.git, self._folder)
        return folder / path if folder else None

    def _address(self) -> str:
        """Give the URL with its secrets, or the absolute path of a folder."""
        given = self.entry.git
        if UNSAFE.search(given) or UNSAFE.search(self.entry.ref or ""):
            raise SourceError(f"{given!r} is no repository: expected a URL or a folder")
        folder = None if "://" in given else local_folder(given, self._folder)
        return str(folder.resolve()) if folder else expand_url(given)

    def _git(self, *words: str) -> bytes:
        """Run git without a shell and without questions; the URL, which may hold a secret, is no argument."""
        command = ["git", "-c", "core.hooksPath=/dev/null", *words]
        environment = {**os.environ, "GIT_DIR": self._clone, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": SCHEMES,
                       "LC_ALL": "C", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "remote.source.url",
                       "GIT_CONFIG_VALUE_0": self._address(),
                       "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")}  # fmt: skip
        try:
            done = subprocess.run(
                command, env=environment, cwd=self._clone, capture_output=True, stdin=subprocess.DEVNULL,
                timeout=FETCH_SECONDS, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise MissingExtra("Git repositories need the program `git`: install it") from None
        except subprocess.TimeoutExpired:
            raise SourceUnavailable(f"{self.prefix} took over {FETCH_SECONDS} s to fetch") from None
        if done.returncode:
            said = scrub(done.stderr.decode("utf-8", "replace"), [self.entry.git])
            kind = SourceError if REFUSED.search(said) else SourceUnavailable
            raise kind(f"{self.entry.ref or 'HEAD'} of {self.prefix} cannot be had: {said}")
        return done.stdout


def local_folder(address: str, root: Path) -> Path | None:
    """Give the folder of a repository on this machine; None for one elsewhere."""
    if address.startswith("file://"):
        return Path(unquote(urlsplit(address).path))
    is_url = "://" in address or re.match(r"[\w.-]+@[\w.-]+:", address)
    return None if is_url else root / Path(address).expanduser()


def repository_name(address: str) -> str:
    """Give what the files of a repository are called after: the last part of its URL or path."""
    return re.split(r"[/:]", address.rstrip("/").removesuffix("/.git"))[-1].removesuffix(".git") or "git"
