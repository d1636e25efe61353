"""Which files of a folder are nobody's documents: what programs install and build, and what ignore files name.

Enters: a path and the folder that was asked for. Leaves: whether it is left out. ``.gitignore`` and ``.scovilleignore``
are read in each folder from the root of the Git repository, where there is one, down to the path, with Git's rules: the
last line that matches decides, ``!`` takes back in, a line that ends with a slash is of folders, one with a slash
elsewhere starts at the folder of its file. The folder that was asked for is itself never left out.
"""

import os
from pathlib import Path
from typing import NamedTuple

from scoville.sources.pattern import matches

INSTALLED = {"node_modules", "__pycache__", "__MACOSX"}
IGNORE_FILES = (".gitignore", ".scovilleignore")
ENVIRONMENT = "pyvenv.cfg"
"""Stands in each virtual environment of Python."""


def repository_of(folder: Path) -> Path | None:
    """Give the nearest Git repository that a folder lies in, or is."""
    return next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), None)


class _Line(NamedTuple):
    pattern: str
    takes_back: bool
    folders_only: bool


class Ignored:
    """Decides for the files below one folder, whose ignore files are read once."""

    def __init__(self, below: Path) -> None:
        self._below = below
        self._real = Path(os.path.realpath(below))
        repository = repository_of(self._real) or self._real
        self._above = [folder for folder in reversed(self._real.parents) if folder.is_relative_to(repository)]
        """The folders of the repository that the one that was asked for lies in, outermost first."""
        self._lines: dict[Path, list[_Line]] = {}

    def leaves_out(self, path: Path, *, is_folder: bool) -> bool:
        """Say whether a file or folder is left out by itself; those above it are asked for themselves."""
        if is_folder and (path.name in INSTALLED or os.path.exists(path / ENVIRONMENT)):
            return True
        left_out = False
        real = self._real / path.relative_to(self._below)
        for folder, place in (
            *((folder, real) for folder in self._above),
            *((folder, path) for folder in reversed([*self._between(path), self._below])),
        ):
            lines = self._lines_of(folder)
            relative = place.relative_to(folder).as_posix() if lines else ""
            for line in lines:
                if (is_folder or not line.folders_only) and matches(line.pattern, relative):
                    left_out = not line.takes_back
        return left_out

    def leaves_out_any(self, file: Path) -> bool:
        """Say whether a file, or a folder between it and the one that was asked for, is left out."""
        folders = self._between(file)
        return any(self.leaves_out(folder, is_folder=True) for folder in folders) or self.leaves_out(
            file, is_folder=False
        )

    def _between(self, path: Path) -> list[Path]:
        """Give the folders that a path below the one that was asked for lies in, nearest first."""
        folders: list[Path] = []
        folder = path.parent
        while folder not in (self._below, folder.parent):
            folders.append(folder)
            folder = folder.parent
        return folders

    def _lines_of(self, folder: Path) -> list[_Line]:
        if folder not in self._lines:
            self._lines[folder] = [line for name in IGNORE_FILES for line in _read(folder / name)]
        return self._lines[folder]


def _read(file: Path) -> list[_Line]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [_line(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def _line(line: str) -> _Line:
    takes_back, line = line.startswith("!"), line.removeprefix("!").removeprefix("\\")
    folders_only, line = line.endswith("/"), line.rstrip("/")
    return _Line(f"./{line.lstrip('/')}" if "/" in line else line, takes_back, folders_only)
