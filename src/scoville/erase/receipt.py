"""The receipt of an erasure: what was removed, what holds it still and why, signed.

Enters: what was found and done. Leaves: a file of JSON with an Ed25519 signature (RFC 8032), and the same to read. The
key is made with the first receipt and stays in the workspace, so a signature proves that whoever had this workspace
wrote just this; it proves neither that the time is right nor that nothing was kept elsewhere.
"""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from scoville.erase.files import ERASURES, Found
from scoville.errors import UsageError
from scoville.index import Workspace
from scoville.storage import storage_errors, write_whole

FORMAT = 1
KEY = "key"
SIGNATURE = "signature"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Something that saw what was forgotten, or holds it still."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A document that names a person."""

    document: str
    passages: int
    example: str


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What forgetting would do, or did."""

    kind: Literal["document", "person"]
    names: tuple[str, ...]
    """Of the documents; of a person nothing: a receipt that named them would not forget them."""
    found: tuple[Found, ...] = ()
    """Where it was, and is no more once it is done."""
    saw: tuple[Holder, ...] = ()
    """Runs and models that were made with it, which nothing can take it out of: they are marked."""
    held: tuple[Holder, ...] = ()
    """What holds it still, and why."""
    mentions: tuple[Mention, ...] = ()
    """Documents that name the person and stay."""
    left: tuple[str, ...] = ()
    """Places where the search through all bytes still found words of it."""
    done: bool = False
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    receipt: str = ""
    """The file of the signed receipt."""

    @property
    def number(self) -> int:
        """That of its receipt."""
        return int(Path(self.receipt).stem)

    def __str__(self) -> str:
        """Write it to be read."""
        what = ", ".join(self.names) or "The person"
        lines = [f"{what}: {'forgotten' if self.done else 'would be forgotten'}."]
        lines += _block("Taken out" if self.done else "Would be taken out",
                        [f"{one.times:,} in {one.place}" for one in self.found])  # fmt: skip
        lines += _block("Made with it, and to be made again", [f"{one.what}: {one.why}" for one in self.saw])
        lines += _block("Holds it still", [f"{one.what}: {one.why}" for one in self.held])
        lines += _block("Documents that name the person and stay", [
            f"{one.document}: {one.passages} passages, e.g. {one.example!r}" for one in self.mentions
        ])  # fmt: skip
        if self.done:
            lines += _block("STILL FOUND by the search through all bytes", self.left) if self.left else [
                "No word of it was found afterwards in any byte of the workspace."
            ]  # fmt: skip
        if self.receipt:
            lines.append(f"Receipt: {self.receipt}")
        return "\n".join(lines)


def write_receipt(folder: Path, erasure: Erasure, about: Mapping[str, Any]) -> Path:
    """Sign a receipt and write it, beside it the same to read; give its file."""
    key = _key(folder)
    value = {"format": FORMAT, **about, **asdict(erasure), KEY: _public(key)}
    value[SIGNATURE] = base64.b64encode(key.sign(_signed(value))).decode()
    number = 1 + max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()), default=0)
    path = folder / f"{number:04d}.json"  # in their order also where the clock jumps
    write_whole(path.with_suffix(".txt"), f"{erasure}\n")
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=1))
    return path


def verify_receipt(path: Path, workspace: Workspace) -> dict[str, Any]:
    """Give what a receipt says; UsageError where it is none, was changed after it was signed, or is of another key
    than this workspace's.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value[KEY] != _public(_key(workspace.folder / ERASURES)):
            raise UsageError(f"{path} was signed with the key of another workspace, {value[KEY]!r}")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(value[KEY]))
        key.verify(base64.b64decode(value[SIGNATURE]), _signed(value))
    except InvalidSignature:
        raise UsageError(f"{path} was changed after it was signed, or its signature is of another") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no receipt of an erasure: {error}") from None
    return value


def receipts_of(workspace: Workspace) -> dict[int, dict[str, Any]]:
    """Give every receipt by its number; UsageError for one that was changed."""
    files = sorted((workspace.folder / ERASURES).glob("*.json"))
    return {int(path.stem): verify_receipt(path, workspace) for path in files}


def _signed(value: Mapping[str, Any]) -> bytes:
    """Give the bytes that are signed: all but the signature, in one spelling."""
    told = {key: one for key, one in value.items() if key != SIGNATURE}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _public(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _key(folder: Path) -> Any:
    """Give the key of the workspace, made when it is first needed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = folder / KEY
    if path.exists():
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_text()))
    key = Ed25519PrivateKey.generate()
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(base64.b64encode(key.private_bytes_raw()).decode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    return key


def _block(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []
