"""Mails, mailboxes and Outlook's files, with what is attached to them."""

import struct
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from scoville.errors import ReadFailure
from scoville.read.legacy.rtf import html_in_rtf, unpacked_rtf
from scoville.read.mail.message import read_mail
from scoville.read.mail.msg import read_msg
from scoville.read.reader import MAX_DEPTH, Reading, read_bytes
from scoville.recipe import Read
from tiny_office import ole2


def read(data: bytes, name: str = "mail.eml") -> Reading:
    return read_bytes(data, name=name, source=f"docs/{name}", settings=Read())


def mail(text: str | None = "Hello.", subject: str = "Leave", **more: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada Example <ada@example.com>"
    message["To"] = "Bo <bo@example.com>, cy@example.com"
    message["Date"] = "Mon, 06 May 2024 10:00:00 +0200"
    message["Subject"] = subject
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    if text is not None:
        message.set_content(text)
    return message


def test_the_header_lines_lead_and_become_metadata() -> None:
    (document,) = read(mail("Hello,\n\nthirty days.\n\n> You wrote: how many?").as_bytes()).documents
    assert document.text.split("\n\n") == [
        "From: Ada Example <ada@example.com>\nTo: Bo <bo@example.com>, cy@example.com\n"
        "Date: Mon, 06 May 2024 10:00:00 +0200\nSubject: Leave",
        "Hello,",
        "thirty days.",
        "> You wrote: how many?",
    ]
    assert (document.title, document.media_type) == ("Leave", "message/rfc822")
    assert document.metadata == {
        "from": "Ada Example <ada@example.com>",
        "to": "Bo <bo@example.com>, cy@example.com",
        "subject": "Leave",
        "author": "Ada Example",
        "created": "2024-05-06T10:00:00+02:00",
    }


def test_plain_text_is_preferred_unless_it_is_empty() -> None:
    message = mail("Plain.")
    message.add_alternative("<p>Rich.</p>", subtype="html")
    assert "Plain." in read(message.as_bytes()).documents[0].text
    assert "Rich." not in read(message.as_bytes()).documents[0].text
    message = mail(" \n")
    message.add_alternative("<p>Rich.</p><script>evil()</script>", subtype="html")
    text = read(message.as_bytes()).documents[0].text
    assert "Rich." in text
    assert "evil" not in text


def test_a_plain_text_that_only_points_at_the_html_is_not_read() -> None:
    message = mail("View this mail in your browser: https://news.example/1")
    rows = "".join(f"<tr><td>Plan {n}</td><td>{n}0 euro</td></tr>" for n in range(1, 9))
    message.add_alternative(
        f"<h1>New rates</h1><table><tr><th>Plan</th><th>Rate</th></tr>{rows}</table>", subtype="html"
    )
    text = read(message.as_bytes()).documents[0].text
    assert "| Plan 7 | 70 euro |" in text
    assert "your browser" not in text


def test_attachments_are_documents_with_the_mails_subject() -> None:
    message = mail()
    message.add_attachment(b"# Notes\n\nSome.", maintype="text", subtype="markdown", filename="Übersicht 🧾.md")
    message.add_attachment("first", filename="same.txt")
    message.add_attachment("second", filename="same.txt")
    message.add_attachment(b"\0\1\2" * 99, maintype="application", subtype="octet-stream", filename="../../evil.bin")
    reading = read(message.as_bytes())
    assert [document.source for document in reading.documents] == [
        "docs/mail.eml",
        "docs/mail.eml/Übersicht 🧾.md",
        "docs/mail.eml/same.txt",
        "docs/mail.eml/same (2).txt",
    ]
    assert reading.documents[1].metadata["mail_subject"] == "Leave"
    ((source, reason),) = reading.failures
    assert source == "docs/mail.eml/_.._evil.bin"
    assert "binary data" in reason


def test_small_inline_pictures_and_signatures_are_left_out() -> None:
    message = mail()
    message.add_related(b"\x89PNG" + bytes(100), maintype="image", subtype="png", cid="<logo@example.com>")
    signature = EmailMessage()
    signature.set_content(b"x", maintype="application", subtype="pgp-signature", filename="signature.asc")
    message.make_mixed()
    message.attach(signature)
    assert read_mail(message.as_bytes()).parts == []


def test_a_mail_in_a_mail_in_a_mail_ends_somewhere() -> None:
    message = mail("The innermost.")
    for number in range(MAX_DEPTH + 2):
        outer = mail(f"Around {number}.", subject=f"Outer {number}")
        outer.add_attachment(message)
        message = outer
    reading = read(message.as_bytes())
    assert len(reading.documents) == MAX_DEPTH + 1
    assert reading.failures[0][1] == f"lies more than {MAX_DEPTH} files deep"
    assert reading.documents[1].source == "docs/mail.eml/Outer 5.eml"


def test_a_mail_with_itself_attached_is_read_once_and_ends() -> None:
    message = mail("I hold myself.")
    message.add_attachment(message.as_bytes(), maintype="application", subtype="octet-stream", filename="me.eml")
    assert [document.title for document in read(message.as_bytes()).documents] == ["Leave", "Leave"]


@pytest.mark.parametrize("kind", ["multipart/encrypted", 'application/pkcs7-mime; smime-type="enveloped-data"'])
def test_an_encrypted_mail_is_named(kind: str) -> None:
    data = f"From: a@example.com\nMIME-Version: 1.0\nContent-Type: {kind}\n\nx".encode()
    with pytest.raises(ReadFailure, match="is encrypted"):
        read(data)


def test_a_broken_mail_gives_what_it_has() -> None:
    data = (
        b"From: =?utf-8?q?broken\nTo: <<>>,,;\nDate: never\nSubject: =?x-unknown?b?!!?=\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; charset=nonsense\n\n"
        b"Still caf\xe9 here"
    )
    assert "Still café here" in read(data).documents[0].text


def test_a_mail_cut_off_in_an_attachment_keeps_its_text() -> None:
    message = mail("The text.")
    message.add_attachment(bytes(range(256)) * 100, maintype="application", subtype="pdf", filename="a.pdf")
    reading = read(message.as_bytes()[:2_000])
    assert "The text." in reading.documents[0].text
    assert len(reading.failures) == 1


def test_many_nested_parts_take_no_time() -> None:
    head = "From: a@example.com\nMIME-Version: 1.0\nSubject: Deep\n"
    nest = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(200))
    document = read(f"{head}{nest}Content-Type: text/plain\n\nDeep text".encode()).documents[0]
    assert document.title == "Deep"


# -- mailboxes ---------------------------------------------------------------------------------------------------------


def test_a_mailbox_is_a_list_of_its_mails() -> None:
    first = mail("One.\n\n>From the start.", subject="First").as_bytes()
    box = b"From ada Mon May  6 10:00:00 2024\n" + first + b"\nFrom bo Mon May  6 11:00:00 2024\n"
    box += mail("Two.", subject="First").as_bytes()
    reading = read(box, "box.mbox")
    assert [document.source.rpartition("/")[2] for document in reading.documents] == [
        "box.mbox",
        "0001 First.eml",
        "0002 First.eml",
    ]
    assert "From the start." in reading.documents[1].text
    assert ">From" not in reading.documents[1].text
    assert reading.documents[0].text.split("\n")[0].startswith("1. Mon, 06 May 2024")
    assert reading.documents[0].title == "box"


# -- Outlook -----------------------------------------------------------------------------------------------------------


def msg(texts: Mapping[str, str], more: Mapping[str, bytes] = {}, numbers: Mapping[int, int] = {}) -> bytes:
    fixed = bytes(32) + b"".join(struct.pack("<HHIQ", 0x40, number, 0, value) for number, value in numbers.items())
    streams = {f"__substg1.0_{name}001F": text.encode("utf-16-le") for name, text in texts.items()}
    return ole2({"__properties_version1.0": fixed, **streams, **more})


def test_an_outlook_mail_is_read_as_a_mail() -> None:
    recipient = "__recip_version1.0_#00000000"
    attachment = "__attach_version1.0_#00000000"
    inner = f"{attachment[:-1]}1/__substg1.0_3701000D"
    data = msg(
        {"0037": "Leave", "0C1A": "Ada Müller, HR", "5D01": "ada@example.com", "1000": "Thirty days.\r\n\r\nBest"},
        {
            f"{recipient}/__properties_version1.0": bytes(8) + struct.pack("<HHIQ", 3, 0x0C15, 0, 1),
            f"{recipient}/__substg1.0_3001001F": "Bo".encode("utf-16-le"),
            f"{recipient}/__substg1.0_39FE001F": "bo@example.com".encode("utf-16-le"),
            f"{attachment}/__substg1.0_3707001F": "план.txt".encode("utf-16-le"),
            f"{attachment}/__substg1.0_37010102": b"The plan. " * 500,
            f"{inner}/__substg1.0_0037001F": "Inner".encode("utf-16-le"),
            f"{inner}/__substg1.0_1000001F": "Inside.".encode("utf-16-le"),
        },
        {0x39: 133_595_136_000_000_000},
    )
    reading = read(data, "mail.msg")
    document = reading.documents[0]
    assert document.media_type == "application/vnd.ms-outlook"
    assert document.metadata["from"] == '"Ada Müller, HR" <ada@example.com>'
    assert document.metadata["to"] == "Bo <bo@example.com>"
    assert document.metadata["created"] == "2024-05-07T00:00:00+00:00"
    assert "Thirty days.\n\nBest" in document.text
    assert [one.source for one in reading.documents[1:]] == ["docs/mail.msg/план.txt", "docs/mail.msg/mail.eml"]
    assert "Inside." in reading.documents[2].text
    assert not reading.failures


def test_html_that_outlook_wraps_in_rtf_is_unwrapped() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Gr\'fc\'dfe \u8364?"
        rb"{\*\htmltag <b>}bold{\*\htmltag </b>}\htmlrtf }\htmlrtf0 {\*\htmltag </p>}}"
    )
    assert html_in_rtf(rtf) == "<p>Grüße €<b>bold</b></p>"
    assert html_in_rtf(rb"{\rtf1 just <text>\par}") == "<p>just &lt;text&gt;</p>"


def test_packed_rtf_is_unpacked() -> None:
    """The two examples of [MS-OXRTFCP]."""
    plain = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpacked_rtf(plain) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossed = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpacked_rtf(crossed) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    for damaged in (b"short", plain[:-1], plain[:20] + b"\xff" + plain[21:]):
        with pytest.raises(ReadFailure, match="damaged MSG file"):
            unpacked_rtf(damaged)


@pytest.mark.parametrize("length", [600, 1500, 5000])
def test_an_outlook_mail_cut_off_is_a_failure_or_what_is_left(length: int) -> None:
    data = msg({"0037": "Leave", "1000": "Text"})
    try:
        assert read_msg(data[:length])
    except ReadFailure as failure:
        assert "damaged" in str(failure)


def test_settings_hold_for_parts(tmp_path: Path) -> None:
    message = mail("Small.")
    message.add_attachment("x" * 3_000_000, filename="big.txt")
    message.add_attachment("y" * 3_000_000, filename="more.txt")
    reading = read_bytes(
        message.as_bytes(), name="m.eml", source="m.eml", settings=Read(max_megabytes=2, max_characters=4_000_000)
    )
    assert "is left out" in reading.failures[-1][1]
