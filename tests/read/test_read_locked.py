"""Files that a password protects: which passwords open them, and what is said when none does.

LibreOffice wrote the files ``data/locked_*`` with the password below: 7.4.7 all but ``argon2``, which 25.2.3 wrote;
``blowfish`` as OpenDocument 1.1, ``standard`` as Word 2007 encrypts.
"""

import base64
import hashlib
import io
import random
import struct
import zipfile
import zlib
from hashlib import md5
from pathlib import Path

import docx
import olefile
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msoffcrypto.method.ecma376_agile import ECMA376Agile
from test_read_legacy import LOCKED, doc, ppt
from test_read_mail import mail
from test_read_sheets import biff, xls

from scoville.errors import ReadFailure
from scoville.read.reader import Reading, read_bytes
from scoville.recipe import Read
from scoville.types import Document
from tiny_office import ole2, rows_of, workbook, zipped

MISSING = "is encrypted; set SCOVILLE_PASSWORD to its password to read it"
WRONG = "is encrypted; the password is wrong"
SALT = bytes(range(16))
DATA = Path(__file__).parents[1] / "data"
PASSWORD = "Grün 7"


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCOVILLE_PASSWORD", raising=False)


def reading(data: bytes, name: str, password: str | None = None) -> Reading:
    return read_bytes(data, name=name, source=name, settings=Read(), password=password)


def read(data: bytes, name: str, password: str | None = None) -> Document:
    return reading(data, name, password).documents[0]


def locked(package: bytes, password: str, *, spins: int = 1000) -> bytes:
    """Encrypt a package as Office 2010 and later do."""
    return ECMA376Agile.encrypt(password, io.BytesIO(package), spin_count=spins)


def word() -> bytes:
    stream = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("The safe is behind the clock.")
    document.save(stream)
    return stream.getvalue()


def sheet() -> bytes:
    pad = {"pad.bin": random.Random(1).randbytes(9000)}  # the library writes no small streams
    return workbook(("Plan", rows_of(("Plan", "Cost"), ("Basic", 5))), more=pad)


# -- Office 2007 and later ---------------------------------------------------------------------------------------------


def test_a_password_of_the_environment_opens_a_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOVILLE_PASSWORD", "öpen sesame")
    document = read(locked(word(), "öpen sesame"), "a.docx")
    assert document.text == "The safe is behind the clock."
    assert document.media_type.endswith("wordprocessingml.document")


def test_a_given_password_beats_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOVILLE_PASSWORD", "wrong")
    data = locked(sheet(), "right")
    assert "Basic" in read(data, "a.xlsx", "right").text
    with pytest.raises(ReadFailure, match=WRONG):
        read(data, "a.xlsx")


def test_a_missing_or_wrong_password_is_a_failure_that_does_not_tell_it(capfd: pytest.CaptureFixture[str]) -> None:
    data = locked(word(), "right")
    with pytest.raises(ReadFailure, match=MISSING):
        read(data, "a.docx")
    with pytest.raises(ReadFailure, match=WRONG) as failure:
        read(data, "a.docx", "swordfish")
    captured = capfd.readouterr()
    assert "swordfish" not in f"{failure.value}{captured.out}{captured.err}"
    assert read(word(), "a.docx", "swordfish").text  # a password that is not needed does no harm


def test_a_workbook_that_is_only_protected_from_changes_needs_no_password() -> None:
    data = locked(sheet(), "VelvetSweatshop")
    assert "Basic" in read(data, "a.xlsx").text
    assert "Basic" in read(data, "a.xlsx", "that of another file").text


def test_an_attachment_is_unlocked_too() -> None:
    message = mail("See the attachment.")
    message.add_attachment(locked(word(), "right"), maintype="application", subtype="x", filename="a.docx")
    documents, failures = reading(message.as_bytes(), "a.eml", "right")
    assert [document.text for document in documents][1] == "The safe is behind the clock."
    assert not failures
    assert reading(message.as_bytes(), "a.eml").failures == (("a.eml/a.docx", MISSING),)


def test_what_was_encrypted_obeys_the_limits_of_archives() -> None:
    bomb = zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": bytes(20_000_000)})
    with pytest.raises(ReadFailure, match="it may be a ZIP bomb"):
        read(locked(bomb, "right"), "a.docx", "right")


def test_a_key_that_takes_for_ever_to_make_is_given_up() -> None:
    endless = locked(word(), "right", spins=100_000).replace(b'spinCount="100000"', b'spinCount="999999"')
    with pytest.raises(ReadFailure, match="took longer than read.timeout_seconds 1"):
        read_bytes(endless, name="a.docx", source="s", settings=Read(timeout_seconds=1), password="right")


def test_what_does_not_decrypt_to_a_package_is_a_failure() -> None:
    with pytest.raises(ReadFailure, match=WRONG):
        read(locked(b"no package " * 1000, "right"), "a.docx", "right")


# -- Office 97-2003: RC4 ([MS-OFFCRYPTO] 2.3.6) ------------------------------------------------------------------------


def rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def key_of(password: str, block: int) -> bytes:
    first = md5(password.encode("utf-16-le")).digest()[:5]
    return md5(md5((first + SALT) * 16).digest()[:5] + struct.pack("<I", block)).digest()


def header_of(password: str) -> bytes:
    """What says how a file is encrypted: version, salt and a check of the password."""
    check = b"sixteen bytes ok"
    return struct.pack("<HH", 1, 1) + SALT + rc4(key_of(password, 0), check + md5(check).digest())


def in_blocks(data: bytes, password: str, size: int) -> bytes:
    starts = range(0, len(data), size)
    return b"".join(rc4(key_of(password, at // size), data[at : at + size]) for at in starts)


def stream_of(data: bytes, name: str) -> bytes:
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        return file.openstream(name).read()


def locked_doc(text: str, password: str) -> bytes:
    header = header_of(password)
    plain = doc(text, flags=0x300, lead=header)
    stream = bytearray(stream_of(plain, "WordDocument"))
    struct.pack_into("<I", stream, 0x0E, len(header))
    table = header + in_blocks(stream_of(plain, "1Table"), password, 512)[len(header) :]
    return ole2({"WordDocument": stream[:0x44] + in_blocks(bytes(stream), password, 512)[0x44:], "1Table": table})


def locked_xls(password: str) -> bytes:
    """Encrypt the records of a workbook but for their heads, its begin and the places of its sheets."""
    records: list[tuple[int, bytes]] = []
    plain = stream_of(xls(), "Workbook")
    at, added = 0, 4 + 2 + len(header_of(password))
    while at + 4 <= len(plain) and (kind := struct.unpack_from("<H", plain, at)[0]):
        size = struct.unpack_from("<H", plain, at + 2)[0]
        data = plain[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == 0x85:  # the sheets stand further behind
            data = struct.pack("<I", struct.unpack_from("<I", data)[0] + added) + data[4:]
        records.append((kind, data))
        if len(records) == 1:
            records.append((0x2F, struct.pack("<H", 1) + header_of(password)))
    coded = in_blocks(biff(*records), password, 1024)
    out, at = b"", 0
    for kind, data in records:
        at += 4
        clear = {0x85: 4, 0x809: len(data), 0x2F: len(data)}.get(kind, 0)
        out += biff((kind, data[:clear] + coded[at + clear : at + len(data)]))
        at += len(data)
    return ole2({"Workbook": out + biff((0, bytes(4092 - len(out))))})  # nothing but whole records


def test_an_encrypted_doc_opens_with_its_password() -> None:
    data = locked_doc("The safe is behind the clock.\r", "right")
    assert read(data, "a.doc", "right").text == "The safe is behind the clock."
    with pytest.raises(ReadFailure, match=WRONG):
        read(data, "a.doc", "other")
    with pytest.raises(ReadFailure, match=MISSING):
        read(data, "a.doc")


def test_an_encrypted_xls_opens_with_its_password_or_with_nobodys() -> None:
    assert read(locked_xls("right"), "a.xls", "right").elements[-1].rows == (("Plan", "Cost"), ("Basic", "1.5"))
    assert "Basic" in read(locked_xls("VelvetSweatshop"), "a.xls").text
    with pytest.raises(ReadFailure, match=MISSING):
        read(locked_xls("right"), "a.xls")


@pytest.mark.parametrize(
    ("name", "data"), [("a.ppt", ppt(LOCKED)), ("a.doc", doc("x\r", flags=0x300)), ("a.doc", doc("x\r", flags=0x8300))]
)
def test_an_encryption_without_its_header_is_named(name: str, data: bytes) -> None:
    with pytest.raises(ReadFailure, match="is encrypted in a way that is not known"):
        read(data, name, "right")


# -- what LibreOffice writes -------------------------------------------------------------------------------------------

LOCKED_FILES = (
    "locked_aes.ods", "locked_argon2.odt", "locked_blowfish.odt", "locked_rc4.doc", "locked_rc4.xls",
    "locked_standard.docx",
)  # fmt: skip


@pytest.mark.parametrize("name", LOCKED_FILES)
def test_a_file_of_libreoffice_opens_with_its_password_alone(name: str) -> None:
    data = (DATA / name).read_bytes()
    document = read(data, name, PASSWORD)
    if name.endswith("s"):
        assert document.elements[-1].rows == (("Plan", "Cost"), ("Basic", "5"))
    else:
        assert document.text == "The safe is behind the clock."
    with pytest.raises(ReadFailure, match=WRONG):
        read(data, name, "Gruen 7")
    with pytest.raises(ReadFailure, match=MISSING):
        read(data, name)


# -- OpenDocument ------------------------------------------------------------------------------------------------------

TEXT = (
    b'<office:document-content xmlns:office="o" xmlns:text="t"><office:body><office:text>'
    b"<text:p>The safe is behind the clock.</text:p></office:text></office:body></office:document-content>"
)


def changed(name: str, *changes: tuple[str, str]) -> bytes:
    """A file of LibreOffice with other words in its manifest."""
    with zipfile.ZipFile(DATA / name) as archive:
        parts: dict[str, bytes | str] = {member: archive.read(member) for member in archive.namelist()}
        manifest = archive.read("META-INF/manifest.xml").decode()
    for old, new in changes:
        assert old in manifest
        manifest = manifest.replace(old, new)
    return zipped({**parts, "META-INF/manifest.xml": manifest})


def locked_odt(content: bytes = TEXT, *, checksum: bool = True, clear: bool = False) -> bytes:
    """An OpenDocument text of one member, encrypted as OpenDocument 1.2 says; its styles may stay clear."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = squeeze.compress(content) + squeeze.flush()
    key = hashlib.pbkdf2_hmac("sha1", hashlib.sha256(PASSWORD.encode()).digest(), SALT, 1000, 32)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(SALT)).encryptor()
    added = 16 - len(packed) % 16
    coded = encryptor.update(packed + bytes([added] * added)) + encryptor.finalize()
    salt, check = (base64.b64encode(one).decode() for one in (SALT, hashlib.sha256(packed[:1024]).digest()))
    checked = f'm:checksum-type="urn:oasis#sha256-1k" m:checksum="{check}"' if checksum else ""
    manifest = (
        f'<m:manifest xmlns:m="m"><m:file-entry m:full-path="content.xml"><m:encryption-data {checked}>'
        '<m:algorithm m:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc"'
        f' m:initialisation-vector="{salt}"/>'
        '<m:start-key-generation m:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256"/>'
        f'<m:key-derivation m:key-derivation-name="PBKDF2" m:iteration-count="1000" m:salt="{salt}"/>'
        "</m:encryption-data></m:file-entry></m:manifest>"
    )
    parts = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": coded}
    return zipped({**parts, **({"styles.xml": b"<s/>"} if clear else {}), "META-INF/manifest.xml": manifest})


@pytest.mark.parametrize("checksum", [False, True])
def test_a_key_is_told_to_be_wrong_with_and_without_a_checksum(checksum: bool) -> None:
    data = locked_odt(checksum=checksum, clear=True)
    assert read(data, "a.odt", PASSWORD).text == "The safe is behind the clock."
    for wrong in ("", "a", "b", "c"):
        with pytest.raises(ReadFailure, match=WRONG if wrong else MISSING):
            read(data, "a.odt", wrong)


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        (
            "locked_aes.ods",
            'iteration-count="100000"',
            'iteration-count="2147483647"',
            "2,147,483,647 times, over 5,000,000",
        ),
        ("locked_argon2.odt", 'memory="65536"', 'memory="1073741824"', "3 times in 1,048,576 MiB"),
        ("locked_argon2.odt", 'iterations="3"', 'iterations="2147483647"', "2,147,483,647 times in 64 MiB"),
    ],
)
def test_a_key_that_would_exhaust_the_machine_is_refused(name: str, old: str, new: str, reason: str) -> None:
    with pytest.raises(ReadFailure, match=f"asks for a key hashed .*{reason}: not opened, it may be malicious"):
        read(changed(name, (old, new)), name, PASSWORD)


def test_many_slow_keys_are_given_up() -> None:
    slow = changed("locked_aes.ods", ('iteration-count="100000"', 'iteration-count="4999999"'))
    with pytest.raises(ReadFailure, match="took longer than read.timeout_seconds 1"):
        read_bytes(slow, name="a.ods", source="s", settings=Read(timeout_seconds=1), password=PASSWORD)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("xmlenc#aes256-cbc", "xmlenc#rot13", "rot13"),
        ("PBKDF2", "PGP", "pgp"),
        ("xmldsig#sha256", "xmldsig#md5", "md5"),
        ('iteration-count="100000"', 'iteration-count="many"', "many"),
        ("manifest:key-derivation ", "manifest:nothing ", "it is not said how"),
    ],
)
def test_an_unknown_encryption_of_opendocument_is_named(old: str, new: str, reason: str) -> None:
    with pytest.raises(ReadFailure, match=f"is encrypted in a way that is not known .*{reason}"):
        read(changed("locked_aes.ods", (old, new)), "a.ods", PASSWORD)


def test_an_encrypted_member_obeys_the_limits_of_archives() -> None:
    with pytest.raises(ReadFailure, match="unpacks to over 10 MB: not opened, it may be a ZIP bomb"):
        read(locked_odt(bytes(20_000_000)), "a.odt", PASSWORD)


def test_a_damaged_or_unlocked_package_is_left_to_its_reader() -> None:
    with pytest.raises(ReadFailure, match="damaged ZIP file"):
        read((DATA / "locked_aes.ods").read_bytes()[:9000], "a.ods", PASSWORD)
    clear = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": TEXT}
    assert read(zipped({**clear, "META-INF/manifest.xml": "<m/>"}), "a.odt", "unneeded").text
