"""Getting what a URL gives, from a web that may mean harm.

Enters: a URL. Leaves: a :class:`Response` of bounded size. Every connection, those after redirects too, goes to an
address that was checked; a request has one deadline, which a server that sends a byte now and then cannot move;
requests to one host keep a distance. Proxies are not asked: they would resolve names themselves. Knows no links and no
robots.
"""

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from scoville.errors import ReadFailure, SourceError, SourceUnavailable
from scoville.recipe.sources import Sources
from scoville.sources.address import resolve

MAX_REDIRECTS = 5
BLOCK_BYTES = 65_536
MEGABYTE = 1_000_000
KEPT_IN_PATH = "/%:@!$&'()*+,;=~-._"
RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})


class Response(NamedTuple):
    """What a server gave."""

    url: str
    """Where it came from, after redirects."""
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    data: bytes


class Fetcher:
    """Fetches URLs, from several threads if need be."""

    def __init__(self, settings: Sources, *, max_megabytes: int) -> None:
        self.settings = settings
        self.max_bytes = max_megabytes * MEGABYTE
        self.delays: dict[str, float] = {}
        """Seconds between requests, for the hosts that ask for more than the recipe does."""
        self._free_at: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def fetch(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        max_bytes: int | None = None,
        body: bytes | None = None,
        follow: bool = True,
    ) -> Response:
        """Ask for a URL and follow its redirects, unless told not to; ``headers`` go to the host of ``url`` only.

        Gives any final status but those that call for another try. Raises SourceUnavailable when it cannot be had now,
        SourceError when it must not be asked, ReadFailure when it is too large.
        """
        given = dict(headers or {})
        first = normal(url)
        for _ in range(MAX_REDIRECTS + 1):
            url = normal(url)
            own = given if urlsplit(url)[:2] == urlsplit(first)[:2] else {}
            self._keep_distance(url)
            response = self._ask(url, own, method, body, max_bytes or self.max_bytes)
            if response.status in RETRYABLE:
                raise SourceUnavailable(f"{url} answered {response.status}")
            target = response.headers.get("location")
            if response.status not in (301, 302, 303, 307, 308) or not target or not follow:
                return response
            url = urljoin(url, target)
        raise SourceError(f"{url} redirects more than {MAX_REDIRECTS} times")

    def _ask(self, url: str, headers: Mapping[str, str], method: str, body: bytes | None, max_bytes: int) -> Response:
        parts = urlsplit(url)
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        sent = {"User-Agent": self.settings.user_agent, "Accept-Encoding": "identity", **headers}
        connection = _Connection(parts.scheme, parts.hostname or "", parts.port, self.settings)
        watch = _Watch(connection, self.settings.timeout_seconds)
        why = ""
        try:
            with closing(connection), watch:
                connection.request(method, path, body=body, headers=sent)
                answer = connection.getresponse()
                named = {name.lower(): value for name, value in answer.getheaders()}
                response = Response(url, answer.status, named, _read(answer, named, max_bytes))
        except (OSError, http.client.HTTPException, ValueError) as error:
            response, why = None, f"failed: {type(error).__name__}: {error}"
            watch.ended = watch.ended or isinstance(error, TimeoutError)
        if response is None or watch.ended:  # what was read until then may look whole
            late = f"took over {self.settings.timeout_seconds} s"
            raise SourceUnavailable(f"{url} {late if watch.ended else why}")
        return response

    def _keep_distance(self, url: str) -> None:
        """Wait until the host may be asked again."""
        host = urlsplit(url).netloc
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._free_at[host])
            self._free_at[host] = begin + max(self.settings.delay_seconds, self.delays.get(host, 0.0))
        time.sleep(max(0.0, begin - now))


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, and to none that the name has later."""

    def __init__(self, scheme: str, host: str, port: int | None, settings: Sources) -> None:
        secure = scheme == "https"
        super().__init__(host, port or (443 if secure else 80), timeout=settings.timeout_seconds)
        self.default_port = 443 if secure else 80
        self._tls = ssl.create_default_context() if secure else None
        self._private_hosts = settings.private_hosts
        self.held: socket.socket | None = None
        """The socket, also when the answer has taken it over."""

    def connect(self) -> None:
        """Connect to the first of the host's addresses that answers."""
        places = resolve(self.host, self.port, self._private_hosts)
        for number, (family, address) in enumerate(places, start=1):
            self.sock = socket.socket(family, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            try:
                self.sock.connect((address, self.port))
                break
            except OSError:
                self.sock.close()
                if number == len(places):
                    raise
        self.held = self.sock
        if self._tls:
            self.held = self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


class _Watch:
    """Ends a connection when its time is up, whatever it waits for."""

    def __init__(self, connection: _Connection, seconds: float) -> None:
        self.ended = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.ended = True
        if held := self._connection.held:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def normal(url: str) -> str:
    """Give the one form of a URL that is fetched and stored: without fragment and user, escaped, with a path.

    SourceError for what is no URL of the web.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # UnicodeError is one
        raise SourceError(f"{url[:200]!r} is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise SourceError(f"{url[:200]!r} is no URL of the web: expected http:// or https://")
    host = f"[{host}]" if ":" in host else host
    usual = port is None or port == (443 if parts.scheme == "https" else 80)
    path = quote(parts.path, safe=KEPT_IN_PATH) or "/"
    return urlunsplit(
        (parts.scheme, host if usual else f"{host}:{port}", path, quote(parts.query, safe="?" + KEPT_IN_PATH), "")
    )


def unzip(data: bytes, max_bytes: int) -> bytes:
    """Unpack gzip or zlib; ReadFailure when it is damaged or unpacks to more than ``max_bytes``."""
    unpacker = zlib.decompressobj(wbits=47)  # either header
    try:
        unpacked = unpacker.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise ReadFailure(f"is damaged gzip data: {error}") from None
    if len(unpacked) > max_bytes:
        raise ReadFailure(f"unpacks to over {max_bytes // MEGABYTE} MB: not opened, it may be a gzip bomb")
    return unpacked


def _read(answer: http.client.HTTPResponse, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """Read an answer's body, and stop where it is too large, whatever length it promised."""
    blocks: list[bytes] = []
    size = 0
    while block := answer.read1(BLOCK_BYTES):
        blocks.append(block)
        size += len(block)
        if size > max_bytes:
            raise ReadFailure(f"is over {max_bytes // MEGABYTE} MB, over read.max_megabytes; raise it in the recipe")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    data = b"".join(blocks)
    packed = headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    return unzip(data, max_bytes) if packed and data else data
