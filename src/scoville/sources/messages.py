"""Messages of a mailbox on this machine: an mbox file or a Maildir in, one message an item out.

A message is called after its place: in a Maildir its file without the flags, in an mbox file its Message-ID, or the
hash of its content where that is missing or stands twice. The reader finds the attachments.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scoville.errors import ReadFailure, SourceUnavailable
from scoville.recipe import Recipe
from scoville.recipe.sources import MailboxEntry
from scoville.sources.fetch import MEGABYTE
from scoville.sources.files import open_file
from scoville.sources.item import Content, Item, Listing, Place
from scoville.sources.pattern import chooser

SEPARATOR = re.compile(rb"^From .*\d{4}.*\r?\n", re.MULTILINE)
MESSAGE_ID = re.compile(rb"^message-id:\s*<?([^>\s]{1,200})", re.IGNORECASE | re.MULTILINE)
HEADERS_END = re.compile(rb"\r?\n\r?\n")


class MailboxSource(Listing):
    """The messages of one mailbox."""

    def __init__(self, entry: MailboxEntry, recipe: Recipe, place: Place, key: str) -> None:
        self._path = place.root / Path(entry.mailbox).expanduser()
        super().__init__(key=key, prefix=f"{entry.name or place.name_of(self._path)}/")
        self._max_bytes = recipe.read.max_megabytes * MEGABYTE
        self._takes = chooser(entry)

    def items(self) -> Iterator[Item]:
        """List the messages; SourceUnavailable when there is no mailbox."""
        if os.path.isdir(self._path):
            return self._of_maildir()
        if os.path.isfile(self._path):
            return self._of_mbox()
        raise SourceUnavailable(f"{self._path} is not there: expected an mbox file or a Maildir")

    def _of_maildir(self) -> Iterator[Item]:
        """List the messages of a Maildir and of its folders, which begin with a dot."""
        if not os.path.isdir(self._path / "cur"):
            raise SourceUnavailable(f"{self._path} is no Maildir: it has no folder `cur`")
        for folder, folders, names in os.walk(self._path):
            folders.sort()
            place = Path(folder)
            if place.name not in ("cur", "new"):
                continue
            parent = place.parent.relative_to(self._path).as_posix().removeprefix(".")
            for name in sorted(names):
                called = f"{parent}/{name.partition(':')[0]}".lstrip("/")
                if not name.startswith(".") and self._takes(called):
                    yield Item(self.prefix + called, partial(_message_file, place / name), place / name)

    def _of_mbox(self) -> Iterator[Item]:
        seen: set[str] = set()
        for message in self._split():
            head = HEADERS_END.split(message, 1)[0]
            found = MESSAGE_ID.search(head)
            name = found[1].decode("utf-8", "replace").replace("/", "_") if found else ""
            if not name or name in seen:
                name = hashlib.sha256(message).hexdigest()[:24]
            if name not in seen and self._takes(name):
                seen.add(name)
                yield Item(self.prefix + name, partial(self._content, message), self._path)

    def _split(self) -> Iterator[bytes]:
        """Read an mbox file message by message; ``From `` begins one after a blank line only."""
        lines: list[bytes] = []
        after_blank = True
        try:
            with self._path.open("rb") as file:
                for line in file:
                    if after_blank and SEPARATOR.match(line):
                        if lines:
                            yield b"".join(lines)
                        lines = []
                    else:
                        lines.append(line[1:] if re.match(rb">+From ", line) else line)
                    after_blank = line in (b"\n", b"\r\n")
        except OSError as error:
            raise SourceUnavailable(f"{self._path} cannot be read: {error.strerror or error}") from None
        if b"".join(lines).strip():
            yield b"".join(lines)

    def _content(self, message: bytes, _validator: str) -> Content:
        if len(message) > self._max_bytes:
            raise ReadFailure(f"is over {self._max_bytes // MEGABYTE} MB, over read.max_megabytes")
        return Content(data=message, file_name="message.eml")


def _message_file(path: Path, validator: str) -> Content | None:
    content = open_file(path, validator)
    if content is None:
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadFailure(f"cannot be opened: {error.strerror or error}") from None
    return Content(data=data, file_name="message.eml", validator=content.validator)
