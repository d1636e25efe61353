"""Documents that are damaged or malicious, made from good ones by a fixed seed; and what reading them does.

Enters: files. Leaves: mutants of them, and for each what was wrong when it was read. Nothing is wrong when it becomes
documents or a failure of one clear line, within its time and memory, and when `add` of all of them keeps their good
neighbours.
"""

import io
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fault_trials import FAKES, in_process, state_of

from scoville.errors import ReadFailure
from scoville.read.reader import read_file
from scoville.read.sandbox.children import CHILDREN, MEMORY_BYTES
from scoville.recipe import Read

SECONDS = 20
"""What a recipe of the campaign gives each file."""
GRACE_SECONDS = 8.0
"""To end a reader and start another, on a machine that has other work."""
LONGEST_REASON = 300
BOMB_BYTES = 100 << 20
EXCEPTION = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b|Traceback|panicked")
NEIGHBOURS = {f"good-{number}.txt": f"Good neighbour number {number} keeps bees." for number in range(3)}


class Mutant(NamedTuple):
    """A damaged file."""

    name: str
    data: bytes
    kind: str
    origin: str
    """The name of the good file."""


class Read_(NamedTuple):
    """What came of reading a mutant."""

    mutant: Mutant
    outcome: str
    """The reason of its failure; empty where it was read."""
    seconds: float
    megabytes: float
    """The most that the readers used meanwhile."""
    wrong: tuple[str, ...]


Way = Callable[[bytes, random.Random], bytes | None]


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice([1, 4, 16, max(len(data) // 200, 1)])):
        changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data))]


def _blanked(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    end = min(start + chance.randrange(1, 4096), len(data))
    return data[:start] + bytes(end - start) + data[end:]


def _repeated(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start : start + 2000] * chance.choice([2, 50]) + data[start:]


def _same(data: bytes, chance: random.Random) -> bytes:
    return data


def _in_package(data: bytes, chance: random.Random) -> bytes | None:
    """Damage a part of a ZIP, where damage of the ZIP itself would hide it."""
    parts = _parts(data)
    texts = [name for name, part in parts.items() if part and name.endswith((".xml", ".rels", ".xhtml", ".opf"))]
    if not texts:
        return None
    name = chance.choice(texts)
    part = bytearray(parts[name])
    for _ in range(chance.choice([1, 3])):
        at = chance.randrange(len(part))
        part[at : at + chance.randrange(9)] = chance.choice(
            [b"", b"<", b"99999999999", b"\0", b"-1", b'"', b"&x;", b"]]>"]
        )
    return _zipped({**parts, name: bytes(part)})


def _bomb(data: bytes, chance: random.Random) -> bytes | None:
    parts = _parts(data)
    return _zipped({**parts, f"media/bomb{chance.randrange(99)}.xml": bytes(BOMB_BYTES)}) if parts else None


def _escaping(data: bytes, chance: random.Random) -> bytes | None:
    parts = _parts(data)
    name = chance.choice(["../../evil.xml", "/tmp/evil.xml", "..\\..\\evil.xml", "word/../../../evil.xml"])
    return _zipped({**parts, name: b"<evil/>"}) if parts else None


WAYS: Mapping[str, Way] = {
    "bytes changed": _flipped, "cut off": _cut, "part of a package changed": _in_package, "blanked": _blanked,
    "other suffix": _same, "repeated": _repeated, "ZIP bomb": _bomb, "path out of a package": _escaping,
}  # fmt: skip
SHARES = (5, 4, 4, 2, 2, 1, 1, 1)


def _parts(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, RuntimeError, OSError, NotImplementedError):
        return {}


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def good_files(folders: Sequence[Path], most_bytes: int = 1 << 20) -> list[Path]:
    """List the files to damage."""
    found = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix)
    return [path for path in found if path.suffix != ".py" and 0 < path.stat().st_size <= most_bytes]


def mutants(files: Sequence[Path], count: int, seed: int = 7) -> Iterator[Mutant]:
    """Make mutants: the same for the same files, count and seed."""
    chance = random.Random(seed)
    suffixes = sorted({path.suffix for path in files})
    made = 0
    while made < count:
        [kind] = chance.choices(list(WAYS), SHARES)
        path = chance.choice(files)
        data = WAYS[kind](path.read_bytes(), chance)
        if data is None:
            continue
        suffix = chance.choice(suffixes) if kind == "other suffix" else path.suffix
        yield Mutant(f"m{made:03}-{path.stem[:30]}{suffix}", data, kind, path.name)
        made += 1


def read_mutants(folder: Path, made: Sequence[Mutant], settings: Read) -> Iterator[Read_]:
    """Write each mutant into a folder, and read it."""
    folder.mkdir(parents=True, exist_ok=True)
    for mutant in made:
        path = folder / mutant.name
        path.write_bytes(mutant.data)
        wrong: list[str] = []
        outcome = ""
        started = time.monotonic()
        with _watched() as most:
            try:
                read_file(path, source=mutant.name, settings=settings)
            except ReadFailure as failure:
                outcome = str(failure)
            except Exception as error:
                wrong.append(f"raises {type(error).__name__}: {error}")
        seconds = time.monotonic() - started
        wrong += [f"reason {outcome!r} is no clear line"] if outcome and not is_clear(outcome) else []
        wrong += [f"takes {seconds:.1f} s"] if seconds > SECONDS + GRACE_SECONDS else []
        wrong += [f"takes {most[0] >> 20} MB"] if most[0] > MEMORY_BYTES * 1.1 else []
        yield Read_(mutant, outcome, seconds, most[0] / 2**20, tuple(wrong))


def is_clear(reason: str) -> bool:
    """Say whether a reason is one short line in plain words."""
    return "\n" not in reason and len(reason) <= LONGEST_REASON and not EXCEPTION.search(reason)


@contextmanager
def _watched() -> Iterator[list[int]]:
    """Look at the memory of the readers meanwhile; gives a list whose first item is the most."""
    most, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            for process in CHILDREN.processes():
                most[0] = max(most[0], _resident(process.pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def add_mutants(root: Path, made: Sequence[Mutant]) -> list[str]:
    """Add mutants between good neighbours with the command; say what is wrong."""
    docs = root / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    (root / "recipe.yaml").write_text(f"read: {{timeout_seconds: {SECONDS}, ocr: never}}\n")
    for name, text in NEIGHBOURS.items():
        (docs / name).write_text(text)
    in_process(root, ("add", "docs"))
    for mutant in made:
        (docs / mutant.name).write_bytes(mutant.data)
    environment = {**os.environ, **FAKES, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "scoville", "add", "docs", "--json"], cwd=root, env=environment, capture_output=True,
        text=True, errors="replace", timeout=SECONDS * len(made) + 60, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1) or "Traceback" in done.stderr or not done.stdout:
        return [f"add ends with {done.returncode}: {done.stderr[-300:]}"]
    failed = {one["path"]: one["reason"] for one in json.loads(done.stdout)["failed"]}
    documents = state_of(root).documents
    places = [*documents, *failed]
    wrong = [f"{name} is neither read nor failed" for name in (f"docs/{mutant.name}" for mutant in made)
             if not any(place == name or place.startswith(f"{name}/") for place in places)]  # fmt: skip
    wrong += [f"{path}: reason {reason!r} is no clear line" for path, reason in failed.items() if not is_clear(reason)]
    wrong += [f"lost {name}" for name in NEIGHBOURS if f"docs/{name}" not in documents]
    code, out, err = in_process(root, ("search", "Who keeps bees as a good neighbour?", "--json", "-n", "3"))
    found = {hit["document"] for hit in json.loads(out)} if not code else set()
    wrong += [] if found & {f"docs/{name}" for name in NEIGHBOURS} else [f"the neighbours are not found: {err.strip()}"]
    return wrong
