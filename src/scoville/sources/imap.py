"""Messages of a mail server, over IMAP: one message an item.

Enters: an entry of the recipe; user and password come from the environment. Leaves: messages, named by folder,
UIDVALIDITY and UID, which never stand for another message, so that none is fetched twice. Reads only: folders are
opened with EXAMINE, and messages stay unread.
"""

import base64
import imaplib
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from scoville.errors import ReadFailure, SourceError, SourceUnavailable
from scoville.recipe import Recipe
from scoville.recipe.sources import ImapEntry
from scoville.sources.fetch import MEGABYTE
from scoville.sources.item import Content, Gone, Item, Listing, Place
from scoville.sources.pattern import chooser
from scoville.sources.secret import expand, scrub

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
SIZE = re.compile(r"RFC822\.SIZE (\d+)")
SEARCHED_AT_ONCE = 50_000
"""Messages: imaplib takes no line of over a million bytes, and a UID has up to ten digits."""


class ImapSource(Listing):
    """The messages of folders of a mail server."""

    def __init__(self, entry: ImapEntry, recipe: Recipe, place: Place, key: str) -> None:
        self.imap = entry.imap
        super().__init__(key=key, prefix=f"{entry.name or entry.imap.host}/")
        self._max_bytes = recipe.read.max_megabytes * MEGABYTE
        self._timeout = recipe.sources.timeout_seconds
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
        self._folder = ""  # what a folder holds is said when it is opened
        found: list[str] = []
        try:
            connection = self._select(folder)
            validity = _text(connection.response("UIDVALIDITY")[1]) or "0"
            count = int(_text(connection.response("EXISTS")[1]) or 0)
            for first in range(1, count + 1, SEARCHED_AT_ONCE):
                last = min(first + SEARCHED_AT_ONCE - 1, count)
                found += _text(self._done(connection.uid("SEARCH", f"{first}:{last}"))).split()
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._lost(error) from None
        for uid in found:
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
        sizes = SIZE.search(_text(self._done(connection.uid("FETCH", uid, "(RFC822.SIZE)"))))
        size = int(sizes[1]) if sizes else 0
        if size > self._max_bytes:
            raise ReadFailure(f"is {size // MEGABYTE} MB, over read.max_megabytes; raise it in the recipe")
        answer = self._done(connection.uid("FETCH", uid, "(BODY.PEEK[])"))
        data = next((part[1] for part in answer if isinstance(part, tuple)), None)
        if data is None:
            raise Gone(uid)
        return data

    def _done(self, answer: tuple[str, list[Any]]) -> list[Any]:
        """Give what was answered; an answer of NO is no list of messages, and no message that is gone."""
        status, data = answer
        if status != "OK":
            raise SourceUnavailable(f"{self.imap.host} failed: {status} {_text(data)[:200]}")
        return data

    def _select(self, folder: str) -> imaplib.IMAP4:
        """Open a folder, for reading only, over the connection that there is or a new one."""
        connection = self._connection = self._connection or self._connect()
        if self._folder != folder:
            quoted = '"' + _modified_utf7(folder).replace("\\", "\\\\").replace('"', '\\"') + '"'
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
            connection = self._open_connection()
        except ssl.SSLError as error:
            raise SourceError(self._about_tls(error)) from None
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._lost(error) from None
        try:
            if (user + password).isascii():
                connection.login(user, password)
            else:  # LOGIN knows only ASCII
                connection.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        except (imaplib.IMAP4.abort, OSError) as error:
            raise self._lost(error) from None
        except imaplib.IMAP4.error as error:
            connection.shutdown()
            raise SourceError(f"{settings.host} refuses the user or password: {self._said(error)}") from None
        return connection

    def _open_connection(self) -> imaplib.IMAP4:
        settings = self.imap
        tls = ssl.create_default_context() if settings.tls else None
        if settings.tls is True:
            return imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=tls, timeout=self._timeout)
        connection = imaplib.IMAP4(settings.host, settings.port, timeout=self._timeout)
        if tls:
            try:
                connection.starttls(tls)
            except BaseException:
                with suppress(OSError):  # the socket is TLS's, which failed
                    connection.shutdown()
                raise
        return connection

    def _about_tls(self, error: ssl.SSLError) -> str:
        where = f"{self.imap.host}:{self.imap.port}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {where} is not trusted ({error.verify_message}). If it is yours, put it, or that "
                "of its authority, into a file, and the path of that into the environment variable SSL_CERT_FILE"
            )
        return f"{where} speaks no TLS ({error.reason}): expected port 993, or tls: starttls with port 143"

    def _lost(self, error: Exception) -> SourceUnavailable:
        """Forget a connection that failed, so that the next try makes a new one."""
        if self._connection:
            with suppress(OSError):
                self._connection.shutdown()
        self._connection, self._folder = None, ""
        return SourceUnavailable(f"{self.imap.host} failed: {self._said(error)}")

    def _said(self, error: Exception) -> str:
        first = error.args[0] if error.args else ""
        said = first.decode("utf-8", "replace") if isinstance(first, bytes) else error
        return scrub(said, [self.imap.user, self.imap.password])


def _modified_utf7(name: str) -> str:
    """Give the name of a folder as servers write it (RFC 3501, 5.1.3)."""

    def encoded(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        packed = base64.b64encode(found[0].encode("utf-16-be"), altchars=b"+,").decode()
        return f"&{packed.rstrip('=')}-"

    return re.sub(r"&|[^\x20-\x7e]+", encoded, name)


def _text(answer: object) -> str:
    """Give what a server answered, as one text."""
    parts = answer if isinstance(answer, list) else [answer]
    return " ".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes))
