"""A mail's bytes in, its header lines and its text out, attachments as parts; a mailbox is a list of mails.

Of a mail that comes as plain text and as HTML, the plain text is read unless it leaves out most. What the mail quotes
stays. Pictures that only decorate are left out.
"""

import binascii
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from itertools import chain
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile, Part, Piece
from scoville.read.clean import clean_line
from scoville.read.text.html import read_html
from scoville.read.text.plain import read_text
from scoville.types import Metadata

MEDIA_TYPE = "message/rfc822"
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_MOST_ADDRESSES = 2_000
"""Characters of a header line: a mail to a thousand people need not name them all."""
_SMALLEST_PICTURE = 20_000
"""Bytes: smaller ones inside a mail's text are logos and counters, mostly."""
_SUFFIXES = {"message/rfc822": ".eml", "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics"}
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_FROM = re.compile(rb"(?:^|(?<=\n\n)|(?<=\r\n\r\n))From [^\r\n]{3,200}\r?\n", re.MULTILINE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_LONGEST_NAME = 120
_STUB = 0.5
"""Of the HTML's text: a plain text that says less than that of it is no alternative to it."""
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")


def read_mail(data: bytes) -> ParsedFile:
    """Read one mail. Raises ReadFailure when it is encrypted."""
    return read_message(message_from_bytes(data, policy=policy.default), MEDIA_TYPE)


def read_message(message: EmailMessage, media_type: str) -> ParsedFile:
    """Read a parsed mail of any origin."""
    if message.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime"}:
        if "signed" not in str(message.get_param("smime-type", "")):
            raise ReadFailure("is encrypted; save it decrypted from your mail program")
    headers = {name: text for name in _SHOWN if (text := _header(message, name))}
    subject = headers.get("Subject", "")
    lines = "\n".join(f"{name}: {text}" for name, text in headers.items())
    warnings: list[str] = []
    body = list(_leaves(message, warnings))
    texts = [part for part in body if _is_text(part)]
    pieces = [Piece(kind="paragraph", text=lines, anchor="header")]
    for text in texts:
        pieces += _text_pieces(text)
    origin: Metadata = {f"mail_{name.lower()}": text for name, text in headers.items() if name in {"Subject", "From"}}
    attached = (part for part in body if not any(part is text for text in texts))
    parts = [part for number, attachment in enumerate(attached, 1) if (part := _part(attachment, number, origin))]
    return ParsedFile(
        media_type=media_type, pieces=pieces, title=subject, metadata=_metadata(message, headers), parts=parts,
        warnings=tuple(warnings),
    )  # fmt: skip


def read_mailbox(data: bytes) -> ParsedFile:
    """Read a mailbox in the MBOX form: what it holds as a list, its mails as parts."""
    starts = list(_FROM.finditer(data))
    pieces: list[Piece] = []
    parts: list[Part] = []
    for number, (start, end) in enumerate(
        zip(starts, [*(start.start() for start in starts[1:]), len(data)], strict=True), 1
    ):
        mail = _QUOTED_FROM.sub(rb"\1", data[start.end() : end])
        message = message_from_bytes(mail[:65_536], policy=policy.default)
        shown = ", ".join(text for name in ("Date", "From", "Subject") if (text := _header(message, name)))
        pieces.append(Piece(kind="list_item", text=f"{number}. {shown}", level=1, anchor=f"mail {number}"))
        parts.append(Part(f"{number:04} {_file_name(_header(message, 'Subject')) or 'mail'}.eml", mail))
    return ParsedFile(media_type="application/mbox", pieces=pieces, title="", parts=parts)


def _header(message: EmailMessage, name: str) -> str:
    """Give a header in one line; what cannot be parsed, as it stands."""
    try:
        value = message.get(name)
    except Exception:  # the parser of addresses raises anything for odd ones
        value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), None)
    line = clean_line(str(value or ""))
    return line if len(line) <= _MOST_ADDRESSES else f"{line[:_MOST_ADDRESSES]} …"


def _metadata(message: EmailMessage, headers: dict[str, str]) -> Metadata:
    found = {name.lower(): headers[name] for name in ("From", "To", "Subject") if name in headers}
    if senders := getaddresses([headers.get("From", "")]):
        found["author"] = senders[0][0] or senders[0][1]
    try:
        found["created"] = parsedate_to_datetime(headers.get("Date", "")).isoformat()
    except (ValueError, TypeError, IndexError):
        pass
    return {key: value for key, value in found.items() if value}


def _leaves(message: EmailMessage, warnings: list[str], depth: int = 0) -> Iterator[EmailMessage]:
    """Give the parts that hold something, of alternatives only the best one and what is attached beside it."""
    if not message.is_multipart() or message.get_content_type().startswith("message/"):
        yield message
        return
    if depth > 50:
        warnings.append("parts nested more than 50 deep are left out")
        return
    inner = [part for part in message.iter_parts() if isinstance(part, EmailMessage)]
    if message.get_content_subtype() != "alternative":
        for part in inner:
            yield from _leaves(part, warnings, depth + 1)
        return
    choices = [list(_leaves(part, warnings, depth + 1)) for part in inner]
    plain = [choice for choice in choices if any(_is_plain(part) and _content(part).strip() for part in choice)]
    rich = [choice for choice in choices if any(_is_text(part) for part in choice)]
    chosen = plain[0] if plain else rich[-1] if rich else []
    if chosen and _length(chosen) < _STUB * _length(rich[-1]):  # "view this mail in your browser"
        chosen = rich[-1]
    yield from chosen
    for choice in choices:
        if choice is not chosen:
            yield from (part for part in choice if not _is_text(part))


def _length(choice: list[EmailMessage]) -> int:
    """Count the characters that are read of an alternative."""
    pieces = [piece for part in choice if _is_text(part) for piece in _text_pieces(part)]
    return sum(len(text) for piece in pieces for text in (piece.text, *chain(*piece.rows)))


def _is_text(part: EmailMessage) -> bool:
    return part.get_content_type() in {"text/plain", "text/html"} and not _is_attached(part)


def _is_plain(part: EmailMessage) -> bool:
    return part.get_content_type() == "text/plain" and not _is_attached(part)


def _is_attached(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_given_name(part))


def _given_name(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except Exception:  # as for headers
        return ""


def _content(part: EmailMessage) -> str:
    from scoville.read.decode import decode

    data: Any = part.get_payload(decode=True)
    charset = str(part.get_content_charset() or "")
    try:
        return (data or b"").decode(charset if charset not in {"", "us-ascii"} else "utf-8")
    except (UnicodeDecodeError, LookupError):
        return decode(data) or ""


def _text_pieces(part: EmailMessage) -> list[Piece]:
    text = _content(part)
    draft = read_html(text) if part.get_content_type() == "text/html" else read_text(text)
    return list(draft.pieces)


def _part(part: EmailMessage, number: int, origin: Metadata) -> Part | None:
    """Make an attachment a file; None for signatures and for pictures too small to say anything."""
    kind = part.get_content_type()
    if kind in _SIGNATURES:
        return None
    inner = next(iter(part.iter_parts()), None) if kind.startswith("message/") and part.is_multipart() else None
    if isinstance(inner, EmailMessage):
        kind = "message/rfc822"
        data, name = inner.as_bytes(), _given_name(part) or _header(inner, "Subject")
    else:
        data, name = _decoded(part), _given_name(part)
    is_inline = part.get_content_disposition() != "attachment" or "Content-ID" in part
    if not data or (kind.startswith("image/") and is_inline and len(data) < _SMALLEST_PICTURE):
        return None
    name = _file_name(name) or f"attachment {number}"
    suffix = _SUFFIXES.get(kind, "")
    return Part(name if "." in name[-6:] or not suffix else name + suffix, data, origin)


def _decoded(part: EmailMessage) -> bytes:
    """Give the bytes of an attachment, as far as they go where it is cut off."""
    payload: Any = part.get_payload(decode=True)
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        coded = _NO_BASE64.sub("", str(part.get_payload()))
        return binascii.a2b_base64(coded[: len(coded) // 4 * 4])
    return payload or b""


def _file_name(name: str) -> str:
    """Make a name fit to stand in a path."""
    name = clean_line(name).replace("/", "_").replace("\\", "_").lstrip(".")
    if len(name) <= _LONGEST_NAME:
        return name
    _, dot, suffix = name[-10:].rpartition(".")
    return name[: _LONGEST_NAME - 10] + (dot + suffix if dot else "")
