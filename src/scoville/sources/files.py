"""Files of this machine: a folder, a file or a pattern.

Enters: a path. Leaves: its files as items. A file is compared by size, times and inode; where it changed less than two
seconds ago these prove nothing, as a later change could leave them as they are, and the content is compared.
"""

import glob
import os
import stat
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from scoville.errors import SourceUnavailable
from scoville.recipe import FILE_NAME, Recipe
from scoville.recipe.sources import Entry, PathEntry
from scoville.sources.ignore import Ignored
from scoville.sources.item import Content, Item, Place
from scoville.sources.pattern import MAGIC, chooser, matches
from scoville.sources.walk import walk

UNSETTLED_NANOSECONDS = 2_000_000_000


def is_of_files(origin: str) -> bool:
    """Say whether an item was listed by a source like this one, by hand or by an entry `path` of a recipe."""
    return not origin or origin.startswith("path ")


class FileSource:
    """The files at or below paths."""

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        name_of: Callable[[Path], str],
        path_of: Callable[[str], Path],
        entry: Entry | None = None,
        key: str = "",
    ) -> None:
        self.paths = paths
        self.key = key
        """With a key, a path that is missing is out of reach, and not empty."""
        self._name_of = name_of
        self._path_of = path_of
        self._takes = chooser(entry or Entry())
        self._follows_links = isinstance(entry, PathEntry) and entry.follow_symlinks
        self._below: tuple[str, ...] = ()
        """The real folders that were walked, each with a slash."""
        self._named: set[str] = set()
        self._listed: Collection[str] = ()

    def items(self) -> Sequence[Item]:
        """List the files, by name."""
        found: dict[str, Path] = {}
        below: list[Path] = []
        for path in self.paths:
            pattern = is_pattern(path)
            base = folder_of(path) if pattern else path
            if self.key and not os.path.lexists(base):
                raise SourceUnavailable(f"{base} is not there: is it not mounted, or was it renamed?")
            starts = [file for file in _matching(path) if self._is_reached(file, base)] if pattern else [path]
            walks = [walk(start, follows_links=self._follows_links) for start in starts]
            files = [file for walked in walks for file in walked.files]
            roots = [root for walked in walks for root in walked.roots]
            below += [] if pattern else roots or ([] if files else [path])
            found |= {self._name_of(file): file for file in files if self._takes(_relative(file, base))}
        self._below = tuple(f"{os.path.realpath(place).rstrip('/')}/" for place in below)
        self._named = {self._name_of(path) for path in self.paths}
        self._listed = found.keys()
        return [Item(name, partial(open_file, file), file) for name, file in sorted(found.items())]

    def covers(self, name: str) -> bool:
        """Say whether an item of this name lies here."""
        if "://" in name:
            return False
        file = self._real(name)
        patterns = (path for path in self.paths if is_pattern(path))
        return (
            name in self._named
            or str(file).startswith(self._below)
            or any(_is_within(file, path) for path in patterns)
            or self._is_renamed(name)
        )

    def takes(self, file: Path) -> bool:
        """Say whether a file lies here and is none that patterns leave out."""
        return any(
            (file == path or file.is_relative_to(os.path.realpath(folder_of(path))))
            and _is_within(file, path)
            and self._takes(_relative(file, folder_of(path)))
            for path in self.paths
        )

    def gone(self, names: Collection[str]) -> set[str]:
        """Say which of these files are there no more, are listed under another name or left out now.

        What cannot be looked at is not gone.
        """
        return {
            name for name in names if is_gone(self._path_of(name)) or self._is_renamed(name) or not self._is_meant(name)
        }

    def close(self) -> None:
        """Let go of nothing."""

    def _is_reached(self, file: Path, base: Path) -> bool:
        """Say whether a file of a pattern lies where its folder does, or may be anywhere, and is not left out."""
        inside = Path(os.path.realpath(file)).is_relative_to(os.path.realpath(base))
        return (inside or self._follows_links) and not Ignored(base).leaves_out_any(file)

    def _is_renamed(self, name: str) -> bool:
        """Say whether a file is listed under another name: older versions named what lies outside by its whole path."""
        now = self._name_of(self._path_of(name))
        return now != name and now in self._listed

    def _is_meant(self, name: str) -> bool:
        """Say whether the recipe still takes a file; by hand, one that was named stays when its folder is added."""
        if not self.key:
            return True
        file = self._real(name)
        if not self._follows_links and not (self.takes(file) and self.takes(Path(os.path.realpath(file)))):
            return False
        return any(self._is_meant_below(file, path) for path in self.paths)

    def _is_meant_below(self, file: Path, path: Path) -> bool:
        if not _is_within(file, path) or not self._takes(_relative(file, folder_of(path))):
            return False
        real = Path(os.path.realpath(path))
        return is_pattern(path) or not file.is_relative_to(real) or not Ignored(real).leaves_out_any(file)

    def _real(self, name: str) -> Path:
        path = self._path_of(name)
        return Path(os.path.realpath(path.parent), path.name)


def open_path(entry: PathEntry, recipe: Recipe, place: Place, key: str) -> FileSource:
    """Open a `path` of the recipe."""
    path = place.root / Path(entry.path).expanduser()
    return FileSource([path], name_of=place.name_of, path_of=place.path_of, entry=entry, key=key)


def open_file(path: Path, validator: str) -> Content | None:
    """Look at a file; what is no regular file is left to the reader, which refuses it."""
    try:
        status = path.stat()
    except OSError:
        return Content(data=path, file_name=path.name)
    if not stat.S_ISREG(status.st_mode):
        return Content(data=path, file_name=path.name)
    now = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    if validator == now:
        return None
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    return Content(data=path, file_name=path.name, validator=now if age > UNSETTLED_NANOSECONDS else "")


def is_gone(path: Path) -> bool:
    """Say whether a file that was known is no file any more; what cannot be looked at is not gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return os.path.isdir(path)


def is_pattern(path: Path) -> bool:
    """Say whether a path is a pattern; a file of that very name is meant itself."""
    return bool(MAGIC.search(str(path))) and not os.path.lexists(path)


def folder_of(path: Path) -> Path:
    """Give a path itself, or the longest beginning of a pattern that is a plain path."""
    if not is_pattern(path):
        return path
    first = next(place for place, part in enumerate(path.parts) if MAGIC.search(part))
    return Path(*path.parts[:first])


def _matching(pattern: Path) -> list[Path]:
    """Find the files of a pattern; a folder that it names is not entered, and a recipe is no document."""
    found = (Path(name) for name in glob.iglob(str(pattern), recursive=True))
    return [path for path in found if not path.is_dir() and path.name != FILE_NAME]


def _is_within(file: Path, path: Path) -> bool:
    if not is_pattern(path):
        return True
    folder = folder_of(path)
    inside = file.is_relative_to(os.path.realpath(folder))
    return inside and matches(f"./{path.relative_to(folder).as_posix()}", _relative(file, folder))


def _relative(file: Path, base: Path) -> str:
    """Give the path that patterns are about: that below a folder, or the file's name."""
    for folder in (base, Path(os.path.realpath(base))):
        if folder != file and file.is_relative_to(folder):
            return file.relative_to(folder).as_posix()
    return file.name
