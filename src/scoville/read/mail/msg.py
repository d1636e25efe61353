"""An Outlook MSG file's bytes in, a mail with its attachments out, read as any mail is.

An MSG file is a small file system (OLE2) of numbered properties; numbers and types are those of [MS-OXMSG] and
[MS-OXPROPS].
"""

import struct
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile
from scoville.read.clean import clean_line
from scoville.read.legacy.ole2 import open_ole2
from scoville.read.legacy.rtf import html_in_rtf, unpacked_rtf
from scoville.read.mail.message import read_message

MEDIA_TYPE = "application/vnd.ms-outlook"
_PROPERTIES = "__properties_version1.0"
_UNICODE, _BYTES, _BINARY = "001F", "001E", "0102"
_SUBJECT, _SENDER, _SENDER_MAIL, _SENDER_SMTP = "0037", "0C1A", "0C1F", "5D01"
_BODY, _HTML, _RTF, _HEADERS = "1000", "1013", "1009", "007D"
_NAME, _MAIL, _SMTP, _KIND = "3001", "3003", "39FE", 0x0C15
_LONG_NAME, _SHORT_NAME, _DATA, _MIME, _CONTENT_ID = "3707", "3704", "3701", "370E", "3712"
_SENT, _RECEIVED = 0x0039, 0x0E06
_RECIPIENTS = {1: "To", 2: "Cc", 3: "Bcc"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MOST_NESTED = 10


def read_msg(data: bytes) -> ParsedFile:
    """Read an Outlook mail. Raises ReadFailure for a damaged file."""
    try:
        with open_ole2(data) as file:
            return read_message(_message(_Storage(file, ()), 0), MEDIA_TYPE)
    except (OSError, struct.error, IndexError) as error:
        raise ReadFailure(f"is a damaged MSG file: {error}") from None


class _Storage:
    """One folder of the file: a mail, a recipient or an attachment."""

    def __init__(self, file: Any, path: tuple[str, ...]) -> None:
        self._file = file
        self._path = path
        self._names = {entry[-1] for entry in file.listdir(storages=True) if tuple(entry[:-1]) == path}

    def below(self, prefix: str) -> "list[_Storage]":
        names = sorted(name for name in self._names if name.startswith(prefix))
        return [_Storage(self._file, (*self._path, name)) for name in names]

    def inner(self, property: str) -> "_Storage | None":
        """Give the mail that an attachment holds."""
        name = f"__substg1.0_{property}000D"
        return _Storage(self._file, (*self._path, name)) if name in self._names else None

    def data(self, property: str, type: str = _BINARY) -> bytes | None:
        name = f"__substg1.0_{property}{type}"
        if name not in self._names:
            return None
        return self._file.openstream([*self._path, name]).read()

    def text(self, property: str) -> str:
        if (wide := self.data(property, _UNICODE)) is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.data(property, _BYTES)
        return narrow.decode("cp1252", "replace").rstrip("\0") if narrow else ""

    def number(self, property: int) -> int | None:
        """Give a property of fixed size."""
        if _PROPERTIES not in self._names:
            return None
        stream = self._file.openstream([*self._path, _PROPERTIES]).read()
        head = 8 if self._path and not self._path[-1].startswith("__substg") else 24 if self._path else 32
        for place in range(head, len(stream) - 15, 16):
            _, number, _, value = struct.unpack_from("<HHIQ", stream, place)
            if number == property:
                return value
        return None


def _message(storage: _Storage, depth: int) -> EmailMessage:
    message = EmailMessage(policy=policy.default)
    _set(message, "Subject", storage.text(_SUBJECT))
    sender = storage.text(_SENDER_SMTP) or storage.text(_SENDER_MAIL)
    _set(message, "From", _address(storage.text(_SENDER), sender))
    for kind, name in _RECIPIENTS.items():
        found = [
            recipient
            for recipient in storage.below("__recip_version1.0_")
            if (recipient.number(_KIND) or 0) & 0xF == kind
        ]
        people = (
            _address(recipient.text(_NAME), recipient.text(_SMTP) or recipient.text(_MAIL)) for recipient in found
        )
        _set(message, name, ", ".join(filter(None, people)))
    sent = storage.number(_SENT) or storage.number(_RECEIVED)
    if sent:
        _set(message, "Date", format_datetime(_EPOCH + timedelta(microseconds=min(sent // 10, 10**17))))
    _add_text(message, storage)
    for attachment in storage.below("__attach_version1.0_"):
        _attach(message, attachment, depth)
    return message


def _add_text(message: EmailMessage, storage: _Storage) -> None:
    plain = storage.text(_BODY)
    if plain.strip():
        message.set_content(_lines(plain))
        return
    html: Any = storage.data(_HTML) or storage.text(_HTML)
    rtf = storage.data(_RTF)
    if not html and rtf:
        html = html_in_rtf(unpacked_rtf(rtf))
    if isinstance(html, bytes):
        from scoville.read.decode import decode

        html = decode(html)
    message.set_content(_lines(html or ""), subtype="html" if html else "plain")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()


def _attach(message: EmailMessage, storage: _Storage, depth: int) -> None:
    name = clean_line(storage.text(_LONG_NAME) or storage.text(_SHORT_NAME) or storage.text(_NAME))
    inner = storage.inner(_DATA)
    if inner is not None and depth < _MOST_NESTED:
        message.add_attachment(_message(inner, depth + 1), filename=f"{name or 'mail'}.eml".replace(".msg.", "."))
        return
    data = storage.data(_DATA)
    if data:
        major, _, minor = (storage.text(_MIME) or "application/octet-stream").partition("/")
        if major in {"message", "multipart"} or not minor:
            major, minor = "application", "octet-stream"
        content_id = storage.text(_CONTENT_ID)
        message.add_attachment(data, maintype=major, subtype=minor, filename=name or None)
        if content_id and major == "image":
            list(message.iter_attachments())[-1]["Content-ID"] = f"<{clean_line(content_id)}>"


def _set(message: EmailMessage, name: str, text: str) -> None:
    if line := clean_line(text):
        message[name] = line


def _address(name: str, mail: str) -> str:
    name, mail = clean_line(name), clean_line(mail)
    if "@" not in mail:
        return name.replace(",", " ")
    return formataddr((name if name != mail else "", mail), "utf-8") if mail.isascii() else mail
