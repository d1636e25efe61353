"""An Office or OpenDocument file that a password protects in, its plain bytes out; every other file passes as it is.

Decrypts in a child with a time-out and a memory limit: how often a key is hashed, the file says. PDFs are unlocked by
what reads them.
"""

import io
import os
from typing import TYPE_CHECKING, Any

from scoville.errors import ReadFailure
from scoville.read.legacy.ole2 import OLE2, is_encrypted, open_ole2
from scoville.read.locked.odf import is_locked

if TYPE_CHECKING:
    from scoville.recipe import Read

PASSWORD_VARIABLE = "SCOVILLE_PASSWORD"
_NOBODYS = "VelvetSweatshop"
"""The password of workbooks whose author gave none, only protected them from changes ([MS-OFFCRYPTO] 2.1.1); Excel
opens them without asking."""


def given_password(password: str | None, *variables: str) -> str | None:
    """Give the password that was passed, else that of the first variable which holds one, else of the general one."""
    return password or next(filter(None, map(os.environ.get, (*variables, PASSWORD_VARIABLE))), None)


def unlocked(data: bytes, password: str | None, settings: "Read") -> bytes:
    """Decrypt an encrypted file; the password is, by default, ``SCOVILLE_PASSWORD`` of the environment.

    Raises ReadFailure where the password is missing or wrong, or the way of encryption is not known.
    """
    password = given_password(password)
    given = [password] if password else []
    if _is_locked_office(data):
        plain = _decrypted("locked.unlock", data, [*given, _NOBODYS], settings)
        if plain is not None and len(plain) > len(data):  # encryption does not compress; so read.max_megabytes holds
            raise ReadFailure("is encrypted and unpacks to more than it holds: not opened, it may be malicious")
    elif is_locked(data):
        plain = _decrypted("locked.odf", data, given, settings) if given else None
    else:
        return data
    if plain is None and password:
        raise ReadFailure("is encrypted; the password is wrong")
    if plain is None:
        raise ReadFailure(f"is encrypted; set {PASSWORD_VARIABLE} to its password to read it")
    return plain


def _is_locked_office(data: bytes) -> bool:
    if not data.startswith(OLE2):
        return False
    with open_ole2(data) as file:
        return is_encrypted(file)


def _decrypted(module: str, data: bytes, passwords: list[str], settings: "Read") -> bytes | None:
    """Call a module's ``decrypt`` in a child."""
    from scoville.read.sandbox.child import Task
    from scoville.read.sandbox.children import CHILDREN, TimedOut, process_count

    task = Task(module, "decrypt", (data, passwords), {}, settings.timeout_seconds)
    try:
        return CHILDREN.do(task, most=process_count(settings))
    except TimedOut:
        raise ReadFailure(f"is encrypted; unlocking it took longer than {settings.timeout_seconds} s") from None


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
