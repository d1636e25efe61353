"""Messages of a mail server, over IMAP: one message an item.

Enters: an entry of the recipe; user and password come from the environment. Leaves: messages, named by folder,
UIDVALIDITY and UID, which never stand for another message, so that none is fetched twice. Reads only: folders are
opened with EXAMINE, and messages stay unread.
"""

import imaplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from scoville.entries import ImapEntry
from scoville.errors import ReadFailure, SourceError, SourceUnavailable
from scoville.sources.fetch import MEGABYTE
from scoville.sources.item import Content, Gone, Item, Listing
from scoville.sources.pattern import chooser
from scoville.sources.secret import expand, scrub

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ImapSource(Listing):
    """The messages of folders of a mail server."""

    def __init__(self, entry: ImapEntry, *, max_megabytes: int, timeout_seconds: int, key: str = "") -> None:
        self.imap = entry.imap
        super().__init__(key=key, prefix=f"{entry.name or entry.imap.host}/")
        self._max_bytes = max_megabytes * MEGABYTE
        self._timeout = timeout_seconds
        self._takes = chooser(entry)
        self._connection: imaplib.IMAP4 | None = None
        self._folder = ""
        self._lock = threading.RLock()

    def items(self) -> Iterator[Item]:
        """List the messages of each folder."""
        for folder in self.imap.folders:
            with self._lock:
                names = list(self._of_folder(folder))
            for name, uid in names:
                if self._takes(name):
                    yield Item(self.prefix + name, partial(self._open, folder, uid))

    def close(self) -> None:
        """Take leave of the server."""
        connection, self._connection, self._folder = self._connection, None, ""
        if connection:
            with suppress(imaplib.IMAP4.error, OSError):
                connection.logout()

    def _of_folder(self, folder: str) -> Iterator[tuple[str, str]]:
        """Give name and UID of each message."""
        try:
            connection = self._select(folder)
            validity = _text(connection.response("UIDVALIDITY")[1]) or "0"
            _, found = connection.uid("SEARCH", "ALL")
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._lost(error) from None
        for uid in _text(found).split():
            yield f"{folder}/{validity}.{uid}", uid

    def _open(self, folder: str, uid: str, validator: str) -> Content | None:
        if validator == uid:  # a message never changes
            return None
        with self._lock:
            try:
                data = self._fetch(self._select(folder), uid)
            except (imaplib.IMAP4.error, OSError) as error:
                raise self._lost(error) from None
        return Content(data=data, file_name="message.eml", validator=uid)

    def _fetch(self, connection: imaplib.IMAP4, uid: str) -> bytes:
        _, sizes = connection.uid("FETCH", uid, "(RFC822.SIZE)")
        size = "".join(sign for sign in _text(sizes).rpartition("RFC822.SIZE")[2] if sign.isdigit())
        if int(size or 0) > self._max_bytes:
            raise ReadFailure(f"is {int(size) // MEGABYTE} MB, over read.max_megabytes; raise it in the recipe")
        _, answer = connection.uid("FETCH", uid, "(BODY.PEEK[])")
        data = next((part[1] for part in answer or [] if isinstance(part, tuple)), None)
        if data is None:
            raise Gone(uid)
        return data

    def _select(self, folder: str) -> imaplib.IMAP4:
        """Open a folder, for reading only, over the connection that there is or a new one."""
        connection = self._connection = self._connection or self._connect()
        if self._folder != folder:
            quoted = '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
            status, _ = connection.select(quoted, readonly=True)
            if status != "OK":
                raise SourceError(f"{self.imap.host} has no folder {folder!r}")
            self._folder = folder
        return connection

    def _connect(self) -> imaplib.IMAP4:
        settings = self.imap
        user, password = expand(settings.user), expand(settings.password)
        if not settings.tls and settings.host not in LOCAL:
            raise SourceError(f"{settings.host}: tls: false sends the password in clear, and is for this machine only")
        try:
            if settings.tls:
                tls = ssl.create_default_context()
                connection = imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=tls, timeout=self._timeout)
            else:
                connection = imaplib.IMAP4(settings.host, settings.port, timeout=self._timeout)
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._lost(error) from None
        try:
            connection.login(user, password)
        except imaplib.IMAP4.abort as error:
            raise self._lost(error) from None
        except imaplib.IMAP4.error as error:
            connection.shutdown()
            raise SourceError(f"{settings.host} refuses the user or password: {self._said(error)}") from None
        return connection

    def _lost(self, error: Exception) -> SourceUnavailable:
        """Forget a connection that failed, so that the next try makes a new one."""
        if self._connection:
            with suppress(OSError):
                self._connection.shutdown()
        self._connection, self._folder = None, ""
        return SourceUnavailable(f"{self.imap.host} failed: {self._said(error)}")

    def _said(self, error: Exception) -> str:
        return scrub(error, [self.imap.user, self.imap.password])


def _text(answer: object) -> str:
    """Give what a server answered, as one text."""
    parts = answer if isinstance(answer, list) else [answer]
    return " ".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes))
