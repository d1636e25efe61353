"""Looks for a subject in every byte of a workspace.

Enters: a workspace and a subject. Leaves: the places where words of it still stand. Files are read as they lie on the
disk, packed ones unpacked, free pages of databases among them; tables are read back in every version, since LanceDB
packs what it stores. Weights of models hold no text that could be searched and are left out.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from scoville.erase.files import ERASURES, FORGETTING, WEIGHTS, own_files
from scoville.erase.subject import Subject
from scoville.erase.tables import texts_of
from scoville.index import Workspace

ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\[nrt]")
"""What JSON and logs write for letters and line ends."""
CHUNK, OVERLAP = 1 << 24, 1 << 12
GZIP = b"\x1f\x8b"


def leftovers(workspace: Workspace, subject: Subject, *, documents_stay: bool = False) -> list[str]:
    """List the places where words of a subject still stand, from the folder of the workspace.

    ``documents_stay``: some that name a person are kept, so tables are not looked into.
    """
    found = {
        path.relative_to(workspace.root).as_posix()
        for path in _files(workspace)
        if not (documents_stay and _is_of_table(path)) and any(map(subject.quotes, _texts(path)))
    }
    for place, texts in () if documents_stay else texts_of(workspace):
        if any(map(subject.quotes, texts)):
            found.add(place)
    return sorted(found)


def _is_of_table(path: Path) -> bool:
    return any(part.endswith(".lance") for part in path.parts)


def _files(workspace: Workspace) -> Iterator[Path]:
    for path, within in own_files(workspace):
        if path.suffix not in WEIGHTS - {".lance"} and within.parts[0] not in (ERASURES, FORGETTING):
            yield path


def _texts(path: Path) -> Iterator[str]:
    """Give what a file holds, piece by piece, as a text."""
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == GZIP
        with gzip.open(path) if is_packed else path.open("rb") as file:
            tail = b""
            while piece := file.read(CHUNK):
                yield ESCAPE.sub(_letter, (tail + piece).decode("utf-8", "ignore"))
                tail = piece[-OVERLAP:]
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error):  # gone meanwhile, or no such file after all
        return


def _letter(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else " "
