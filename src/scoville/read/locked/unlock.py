"""An Office or OpenDocument file that a password protects in, its plain bytes out; every other file passes as it is.

Runs in a child with a time-out and a memory limit: how often a key is hashed, the file says. PDFs are unlocked by what
reads them.
"""

import io
from typing import Any

from scoville.errors import ReadFailure
from scoville.read.legacy.ole2 import OLE2, is_encrypted, open_ole2
from scoville.read.locked.odf import decrypt as decrypt_odf
from scoville.read.locked.odf import is_locked

PASSWORD_VARIABLE = "SCOVILLE_PASSWORD"
_NOBODYS = "VelvetSweatshop"
"""The password of workbooks whose author gave none, only protected them from changes ([MS-OFFCRYPTO] 2.1.1); Excel
opens them without asking."""


def unlocked(data: bytes, password: str | None) -> bytes:
    """Decrypt an encrypted file. Raises ReadFailure where the password is missing or wrong, or the way is not known."""
    given = [password] if password else []
    if _is_locked_office(data):
        plain = decrypt(data, [*given, _NOBODYS])
        if plain is not None and len(plain) > len(data):  # encryption does not compress; so read.max_megabytes holds
            raise ReadFailure("is encrypted and unpacks to more than it holds: not opened, it may be malicious")
    elif is_locked(data):
        plain = decrypt_odf(data, given) if given else None
    else:
        return data
    if plain is None:
        raise ReadFailure(encrypted(password))
    return plain


def encrypted(password: str | None) -> str:
    """Say that a file does not open with a password, or without one."""
    missing = f"set {PASSWORD_VARIABLE} to its password to read it"
    return f"is encrypted; {'the password is wrong' if password else missing}"


def _is_locked_office(data: bytes) -> bool:
    if not data.startswith(OLE2):
        return False
    with open_ole2(data) as file:
        return is_encrypted(file)


def decrypt(data: bytes, passwords: list[str]) -> bytes | None:
    """Decrypt with the first password that fits; None where none does. Raises ReadFailure for unknown encryption."""
    import msoffcrypto
    from msoffcrypto.exceptions import InvalidKeyError

    try:
        file: Any = msoffcrypto.OfficeFile(io.BytesIO(data))
        checked = {"verify_password": True} if file.format == "ooxml" else {}  # the others always check
        for password in passwords:
            plain = io.BytesIO()
            try:
                file.load_key(password=password, **checked)
                file.decrypt(plain)
            except InvalidKeyError:
                continue
            return plain.getvalue()
    except Exception as error:  # the library asserts, and parses without checks: struct.error, KeyError, ExpatError
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ReadFailure(f"is encrypted in a way that is not known ({reason}); save it without a password") from None
    return None
