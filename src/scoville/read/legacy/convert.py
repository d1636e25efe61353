"""DOC and PPT as our own readers found them in, what LibreOffice and the newer formats' readers make of them out.

LibreOffice works in a folder that is removed afterwards, without macros and network and with a time limit. Where it is
not installed, our own readers' text, headings, lists, tables and notes stay, and a warning says what is missing.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scoville.errors import ReadFailure
from scoville.read.assemble import ParsedFile
from scoville.read.formats import Found, find_draft
from scoville.storage import TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoville.recipe import Read

_PROGRAMS = (
    "soffice", "libreoffice", "/usr/lib/libreoffice/program/soffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
)  # fmt: skip
_CONVERSION_SECONDS = 120
_FILTERS = {"doc": "MS Word 97", "ppt": "MS PowerPoint 97"}
"""How LibreOffice is to read a file: left alone, it takes what is damaged for text."""
_ADVICE = {
    "doc": "pictures, charts and formulas are read only with LibreOffice installed",
    "ppt": "charts, pictures and the places of texts are read only with LibreOffice installed",
}
_SETTINGS = (
    # Level 3 runs no macro at all.
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    # Else pictures that a document links to are fetched: 7.4.7 does, by HTTP. A proxy where none listens ends the rest.
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    *(("Inet/Settings", f"ooInet{kind}ProxyName", "127.0.0.1") for kind in ("HTTP", "HTTPS", "FTP")),
    *(("Inet/Settings", f"ooInet{kind}ProxyPort", "9") for kind in ("HTTP", "HTTPS", "FTP")),
    ("Inet/Settings", "ooInetNoProxy", ""),
    # Mode 2 never follows links to other documents.
    ("Office.Writer/Content/Update", "Link", "2"),
)
_ITEM = '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>\n'
_PROFILE = f"""<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
{"".join(_ITEM.format(*setting) for setting in _SETTINGS)}</oor:items>
"""


def converted(found: Found, data: bytes, settings: "Read") -> ParsedFile:
    """Read a DOC or PPT by way of LibreOffice, where it is there and can; everything else stays as it was found."""
    format, draft, plain = found
    if format not in _FILTERS:
        return draft
    program = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    reason = _ADVICE[format]
    if program:
        try:
            wanted = f"{format}x"
            new = convert(program, plain or data, format, wanted, settings.timeout_seconds)
            return replace(find_draft(new, f"file.{wanted}", settings).draft, media_type=draft.media_type)
        except ReadFailure as failure:
            reason = f"LibreOffice could not convert it ({failure})"
    return replace(draft, warnings=(*draft.warnings, reason))


def convert(program: str, data: bytes, suffix: str, wanted: str, timeout_seconds: float) -> bytes:
    """Convert a file with LibreOffice. Raises ReadFailure when it fails or takes too long."""
    with tempfile.TemporaryDirectory(dir=TEMPORARY.path()) as folder:
        place = Path(folder)
        source = place / f"file.{suffix}"  # never the file's own name
        source.write_bytes(data)
        profile = place / "profile"
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        command = [
            program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck",
            "--nodefault", "--nofirststartwizard", *([f"--infilter={_FILTERS[suffix]}"] if suffix in _FILTERS else ()),
            "--convert-to", wanted, "--outdir", str(place / "out"), str(source),
        ]  # fmt: skip
        _run(command, place, min(timeout_seconds, _CONVERSION_SECONDS))
        result = place / "out" / f"file.{wanted}"
        if not result.is_file():
            raise ReadFailure("it wrote no file")
        return result.read_bytes()


def _run(command: "Sequence[str]", folder: Path, timeout_seconds: float) -> None:
    """Run a program to its end, or end it and all that it started."""
    environment = {
        "HOME": str(folder), "TMPDIR": str(folder), "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8",
    }  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        code = process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        raise ReadFailure(f"it took longer than {timeout_seconds:g} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        raise ReadFailure(f"it ended with code {code}")
