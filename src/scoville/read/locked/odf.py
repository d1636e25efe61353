"""An encrypted OpenDocument package and passwords in, the same package without encryption out.

Opens what OpenDocument 1.0 to 1.4 (part 2, chapter 4) writes, member by member, and LibreOffice 24.8 and later, the
package as a whole. How often a key is hashed, and in how much memory, the file says: both have limits, and the caller
sets a time-out. Members without text, such as settings, are left out.
"""

import base64
import hashlib
import hmac
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from scoville.errors import ReadFailure
from scoville.read.archive import MAX_BYTES, MAX_RATIO, RATIO_FROM_BYTES, check_archive
from scoville.read.text.xml_tree import attribute, child, descendants, name_of, parse_xml

MANIFEST = "META-INF/manifest.xml"
WHOLE = "encrypted-package"
"""The member that holds the whole package, if one does."""
_FIRST = ("content.xml", WHOLE)
_LEFT_OUT = re.compile(
    r"(?:Configurations2|Thumbnails|ObjectReplacements|Basic|Dialogs|Scripts)/|"
    r"(?:.*/)?(?:settings\.xml|manifest\.rdf|layout-cache)$"
)
_MOST_MANIFEST = 10_000_000
_MOST_ITERATIONS = 5_000_000
"""LibreOffice asks for 100,000; a million take 0.6 s, and each member has a key of its own."""
_MOST_MEMORY = 1 << 20
"""KiB; LibreOffice asks for 64 MiB, three times over: 0.7 s."""
_MOST_WORK = 64 << 20
"""KiB times iterations: some minutes."""
_TOO_MUCH = "not opened, it may be malicious"
_CHECKED = 1024
_GCM_START, _GCM_END = 12, 16
_KEY_SIZES = {"aes128-cbc": 16, "aes192-cbc": 24, "aes256-cbc": 32, "aes256-gcm": 32}


class WrongPassword(Exception):
    """The key does not fit; never leaves this module."""


class _Lock(NamedTuple):
    """How one member of the package is encrypted: elements of the manifest."""

    data: Any
    algorithm: Any
    derivation: Any
    start: Any
    """None where the first version's way holds."""


def is_locked(data: bytes) -> bool:
    """Tell whether a file is an encrypted OpenDocument package; no for what is damaged."""
    if not data.startswith(b"PK\x03\x04") or MANIFEST.encode() not in data:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(MANIFEST) as manifest:
            return b"encryption-data" in manifest.read(_MOST_MANIFEST)
    except Exception:  # the library raises anything for what is damaged: the reader will say so
        return False


def decrypt(data: bytes, passwords: Sequence[str]) -> bytes | None:
    """Decrypt with the first password that fits; None where none does. Raises ReadFailure for unknown encryption."""
    check_archive(data)
    for password in passwords:
        try:
            return _unlocked(data, password.encode())
        except WrongPassword:
            continue
        except ReadFailure:
            raise
        except (
            Exception
        ) as error:  # what is missing or no number: ValueError, TypeError, KeyError, UnsupportedAlgorithm
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise _unknown(reason) from None
    return None


def _unlocked(data: bytes, password: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = parse_xml(archive.read(MANIFEST))
        locks = {attribute(entry, "full-path"): lock for entry in manifest if (lock := _lock_of(entry))}
        names = [name for name in dict.fromkeys(archive.namelist()) if name not in locks or not _LEFT_OUT.match(name)]
        budget, opened = MAX_BYTES, dict[str, bytes]()
        for name in sorted(locks.keys() & names, key=lambda name: (name not in _FIRST, name)):  # soon wrong, if so
            opened[name] = _open_member(archive.read(name), locks[name], password, budget)
            budget -= len(opened[name])
        if WHOLE in opened:
            return opened[WHOLE]
        opened[MANIFEST] = _without_locks(manifest)
        return _packed(names, lambda name: opened[name] if name in opened else archive.read(name))


def _lock_of(entry: Any) -> _Lock | None:
    if not isinstance(entry.tag, str) or name_of(entry) != "file-entry":
        return None
    data = child(entry, "encryption-data")
    if data is None:
        return None
    parts = (child(data, name) for name in ("algorithm", "key-derivation", "start-key-generation"))
    algorithm, derivation, start = parts
    if algorithm is None or derivation is None:
        raise _unknown("it is not said how")
    return _Lock(data, algorithm, derivation, start)


def _without_locks(manifest: Any) -> bytes:
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    for node in list(descendants(manifest, "encryption-data")):
        node.getparent().remove(node)
    return etree.tostring(manifest)


def _packed(names: Sequence[str], read: Callable[[str], bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, read(name), zipfile.ZIP_STORED if name == "mimetype" else None)
    return stream.getvalue()


# -- one member --------------------------------------------------------------------------------------------------------


def _open_member(coded: bytes, lock: _Lock, password: bytes, budget: int) -> bytes:
    algorithm = _name(lock.algorithm, "algorithm-name").removesuffix(" cfb")
    iv = _bytes(lock.algorithm, "initialisation-vector")
    key = _key(lock, password, _KEY_SIZES.get(algorithm, 16))
    packed = _decipher(algorithm, key, iv, coded)
    expected = _bytes(lock.data, "checksum")
    if expected:
        kind = _name(lock.data, "checksum-type").removesuffix("1k").rstrip("-/")
        if not hmac.compare_digest(hashlib.new(_hash(kind), packed[:_CHECKED]).digest(), expected):
            raise WrongPassword
    plain = _inflated(packed, budget)
    if plain is None and not expected:
        raise WrongPassword
    if plain is None:
        raise ReadFailure("is damaged: what it holds encrypted does not unpack")
    return plain


def _decipher(algorithm: str, key: bytes, iv: bytes, coded: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    match algorithm:
        case "aes256-gcm":
            try:
                return AESGCM(key).decrypt(coded[:_GCM_START], coded[_GCM_START:], None)
            except InvalidTag:
                raise WrongPassword from None
        case "aes128-cbc" | "aes192-cbc" | "aes256-cbc":
            decryptor = Cipher(AES(key), CBC(iv)).decryptor()
            padded = decryptor.update(coded[: len(coded) // 16 * 16]) + decryptor.finalize()
            return padded[: len(padded) - padded[-1]] if padded else b""  # the last byte counts those added
        case "blowfish":
            decryptor = Cipher(Blowfish(key), CFB(iv)).decryptor()
            return decryptor.update(coded) + decryptor.finalize()
        case _:
            raise _unknown(algorithm)


def _key(lock: _Lock, password: bytes, size: int) -> bytes:
    started = hashlib.new(_hash(_name(lock.start, "start-key-generation-name") or "sha1"), password).digest()
    kind = _name(lock.derivation, "key-derivation-name")
    salt = _bytes(lock.derivation, "salt")
    if kind == "pbkdf2":
        iterations = int(attribute(lock.derivation, "iteration-count"))
        if not 0 < iterations <= _MOST_ITERATIONS:
            raise ReadFailure(f"asks for a key hashed {iterations:,} times, over {_MOST_ITERATIONS:,}: {_TOO_MUCH}")
        return hashlib.pbkdf2_hmac("sha1", started, salt, iterations, size)
    if kind == "argon2id":
        iterations, memory, lanes = (
            int(attribute(lock.derivation, f"argon2-{name}")) for name in ("iterations", "memory", "lanes")
        )
        if not 0 < memory <= _MOST_MEMORY or not 0 < iterations * memory <= _MOST_WORK:
            raise ReadFailure(f"asks for a key hashed {iterations:,} times in {memory // 1024:,} MiB: {_TOO_MUCH}")
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        return Argon2id(salt=salt, length=size, iterations=iterations, lanes=lanes, memory_cost=memory).derive(started)
    raise _unknown(kind)


def _inflated(packed: bytes, budget: int) -> bytes | None:
    """Decompress within the limits of an archive's member; None for what is not wholly compressed data."""
    limit = min(max(RATIO_FROM_BYTES, MAX_RATIO * len(packed)), budget)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflate.decompress(packed, limit + 1)
    except zlib.error:
        return None
    if len(plain) > limit:
        raise ReadFailure(f"unpacks to over {limit // 1_000_000} MB: not opened, it may be a ZIP bomb")
    return plain if inflate.eof and not inflate.unused_data else None


def _name(element: Any, key: str) -> str:
    """Give the end of an identifier: versions name the same thing in different ways."""
    return re.split("[#:]", attribute(element, key))[-1].lower() if element is not None else ""


def _hash(name: str) -> str:
    if name not in {"sha1", "sha256"}:
        raise _unknown(name)
    return name


def _bytes(element: Any, key: str) -> bytes:
    return base64.b64decode(attribute(element, key))


def _unknown(reason: str) -> ReadFailure:
    return ReadFailure(f"is encrypted in a way that is not known ({reason}); save it without a password")
