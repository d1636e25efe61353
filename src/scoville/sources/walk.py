"""Which files stand at or below a path.

Enters: a path. Leaves: files, sorted by name within each folder, and the real folders they were found in. Knows neither
formats nor the index.
"""

import logging
import os
from pathlib import Path
from typing import NamedTuple

from scoville.faults import machine_fault
from scoville.recipe import FILE_NAME
from scoville.sources.ignore import Ignored

logger = logging.getLogger("scoville")


class Walked(NamedTuple):
    """What stands at or below one path."""

    files: list[Path]
    roots: list[Path]
    """The real folders that were entered from outside: the path itself, and what links to folders lead to."""


def walk(path: Path, *, follows_links: bool = False) -> Walked:
    """Find the files at or below a path; nothing when there is nothing.

    Hidden files and folders, recipes, and what ``ignore`` leaves out are left out, unless named themselves. Links that
    lead out of the folder are followed if that is asked; no folder is entered twice. Sockets, pipes, devices and
    folders that cannot be listed are left to the reader, which refuses them.
    """
    if not os.path.lexists(path):
        return Walked([], [])
    files: list[Path] = []
    roots: list[Path] = []
    seen: set[tuple[int, int]] = set()
    ignored, real = Ignored(path), os.path.realpath(path)
    left_out = 0
    waiting = [path]  # a list instead of recursion: folders nest deeper than Python's stack
    while waiting:
        here = waiting.pop()
        if here != path:
            if os.path.islink(here) and not follows_links and not Path(os.path.realpath(here)).is_relative_to(real):
                continue
            if ignored.leaves_out(here, is_folder=os.path.isdir(here)):
                left_out += 1
                continue
        try:
            status = here.stat() if os.path.isdir(here) else None
            names = sorted(os.listdir(here), reverse=True) if status else []
        except OSError as error:
            if fault := machine_fault(error):
                raise fault from error
            status, names = None, []
        if status is None:
            files.append(here)
        elif (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            if here == path or here.is_symlink():
                roots.append(Path(os.path.realpath(here)))
            waiting += [here / name for name in names if not name.startswith(".") and name != FILE_NAME]
    if left_out:
        logger.info(
            "%s: %d files and folders are left out, which .gitignore or .scovilleignore name or programs installed",
            path, left_out,
        )  # fmt: skip
    return Walked(files, roots)
