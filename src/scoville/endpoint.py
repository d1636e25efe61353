"""Endpoints of models: where they are, how they are asked, what their refusals mean.

Enters: a model as a recipe names it. Leaves: what the ``openai`` client gives, or an error of Scoville's. Does not know
what is asked; the client asks those that speak another protocol than OpenAI's, too. The client tries again where that
can help; here are the limits that it does not have: how many requests are on their way, how long one may take, how much
may come back. The key comes from the environment and stands in no message, and neither does what looks like one in what
an endpoint says. An endpoint that asks one request to slow down gets none of the others either until its wait is over.
"""

import http.client
import ipaddress
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from scoville.errors import (
    ContextTooLong,
    ProviderAuth,
    ProviderError,
    ProviderNotFound,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    UsageError,
)
from scoville.recipe.model import Model, name_of

if TYPE_CHECKING:
    import openai

KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
URL_VARIABLE = "OPENAI_BASE_URL"
DEFAULT_URL = "https://api.openai.com/v1"
ANTHROPIC_URL_VARIABLE = "ANTHROPIC_BASE_URL"
ANTHROPIC_URL = "https://api.anthropic.com"
ANTHROPIC_VERSION = "2023-06-01"
"""Of the form of its requests and replies; there is no later one."""
OLLAMA_VARIABLE = "OLLAMA_HOST"
OLLAMA_PORT = 11434
VLLM_URL = "http://127.0.0.1:8000/v1"
LONGEST_QUOTE = 300
TOO_MANY_REQUESTS = 429
SHORT_WAIT_SECONDS = 0.5
"""Where the endpoint does not say how long."""
LONGEST_WAIT_SECONDS = 60
PROBE_SECONDS = 5
GLANCE_SECONDS = 0.5
MOST_OFFERED = 12
LARGEST_REPLY_BYTES = 64_000_000
"""128 vectors of 4,096 numbers as text take about a tenth of it."""
_TOO_LONG = re.compile(
    r"context.?length|context.?(size|window)|maximum context|too many (input )?tokens|prompt is too long", re.I
)
_TOO_LONG_ADVICE = {
    "llm": ("prompt", "lower prompt.context_tokens or search.passages"),
    "embed": ("text", "lower split.size"),
    "read.pdf": ("page", "take a model with a longer context"),
    "read.audio": ("recording", "take a model with a longer context"),
}
_CREDENTIAL = re.compile(
    r"""(?P<before>(?i:(?:authorization|api[-_ ]?key|\btoken|secret|password)["']?\s*[:=]\s*["']?"""
    r"""(?:bearer\s+|basic\s+)?))[^\s"',;}]+|\b(?P<scheme>[Bb]earer\s+|Basic\s+)(?=\S*\d)[\w.~+/=-]{8,}|\b(?:sk|gsk|hf|xai)[-_][\w-]{8,}"""
)
"""What stands behind a word that announces a key, or begins as keys do."""

T = TypeVar("T")
Section = Literal["llm", "embed", "read.pdf", "read.audio"]
"""Where in the recipe the model is named: the advice is about its keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why no reply came."""

    error: ProviderError
    status: int | None = None
    said: str = ""
    """What the endpoint wrote, without keys."""
    parameter: str | None = None
    """The part of the request that it objects to."""


class Endpoint:
    """One model behind an endpoint; several threads may ask it at once."""

    def __init__(self, settings: Model, section: Section = "llm") -> None:
        self.model = name_of(settings.model)
        self.url = endpoint_url(settings.model, settings.base_url)
        self.where = place(self.url, section)
        self.provider = settings.model.removeprefix("auto+").partition(":")[0]
        self.key_variable = settings.api_key_env or KEY_VARIABLES.get(self.provider, "")
        self._settings = settings
        self._section = section
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(settings.at_once)
        self._client: openai.OpenAI | None = None
        self._not_before = 0.0
        """Until then the endpoint wants no request, by ``time.monotonic``."""

    def client(self) -> "openai.OpenAI":
        """Give the client; ProviderAuth when the key is missing, unless the endpoint is on this machine."""
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client:
                self._client.close()
            self._client = None

    @contextmanager
    def turn(self) -> Generator["openai.OpenAI"]:
        """Wait until a request may be sent, and give the client."""
        client = self.client()
        with self._free:
            yield client

    def call(self, ask: Callable[["openai.OpenAI"], T]) -> T:
        """Ask, and raise what went wrong as an error of Scoville's."""
        import openai

        with self.turn() as client:
            try:
                return ask(client)
            except openai.APIError as error:
                raise self.explain(error).error from None

    def check(self) -> str:
        """Ask the endpoint whether it has the model. Raises ProviderNotFound with those that it has instead.

        Some endpoints list none: then all that is known is that they answer.
        """
        import openai

        try:
            quick = self.client().with_options(timeout=PROBE_SECONDS, max_retries=0)
            if self.provider == "anthropic":  # a name may be short for that of a list, which comes in pages
                return f"{self.where} has it: {quick.models.retrieve(self.model).id}"
            found = sorted(str(model.id) for model in quick.models.list().data)
        except openai.APIError as error:
            if isinstance(error, openai.NotFoundError) and self.provider != "anthropic":
                return f"{self.where} answers, and lists no models"
            raise self.explain(error).error from None
        except (AttributeError, TypeError, ValueError):
            raise ProviderError(f"{self.where} sent what is no list of models; is it the right address?") from None
        if self.model not in found and f"{self.model}:latest" not in found:
            raise ProviderNotFound(f"{self.where} has no {self.model}; {_offer(found)}")
        return f"{self.where} has it"

    def explain(self, error: "openai.APIError") -> Failure:
        """Say what an exception of the client means."""
        import openai

        model, where, section = self.model, self.where, self._section
        said = self.redacted(str(error.message))
        if isinstance(error, openai.APITimeoutError):
            late = f"{model} at {where} did not finish in {self._settings.timeout_seconds} s"
            advice = f"raise {section}.timeout_seconds, or see whether the endpoint is busy"
            return Failure(error=ProviderTimeout(f"{late}; {advice}"))
        if isinstance(error, openai.APIConnectionError):
            reason = f": {self.redacted(str(error.__cause__))}" if error.__cause__ else ""
            server = {"ollama": "Ollama (`ollama serve`)", "vllm": "vLLM"}.get(self._settings.model.partition(":")[0])
            advice = f"start {server}, or " if server else ""
            advice += f"check {section}.base_url and that the endpoint runs"
            return Failure(error=ProviderUnavailable(f"no connection to {where}{reason}; {advice}"))
        if not isinstance(error, openai.APIStatusError):
            return Failure(error=ProviderError(f"{model} at {where} broke off: {said}"), said=said)
        kind, message = self._meaning(error, said)
        if issubclass(kind, ProviderRateLimited | ProviderUnavailable) and (
            wait := error.response.headers.get("retry-after")
        ):
            message = f"{message}; it asks to wait {wait} s" if wait.isdecimal() else message
        return Failure(error=kind(message), status=error.status_code, said=said, parameter=error.param)

    def redacted(self, text: str) -> str:
        """Quote what an endpoint said on one line, without keys."""
        if key := self._key():
            text = text.replace(key, "***")
        hidden = _CREDENTIAL.sub(lambda found: f"{found['before'] or found['scheme'] or ''}***", " ".join(text.split()))
        return hidden[:LONGEST_QUOTE]

    def _key(self) -> str:
        return os.environ.get(self.key_variable, "").strip() if self.key_variable else ""

    def _open(self) -> "openai.OpenAI":
        import openai

        local, key = is_loopback(self.url), self._key()
        if self.key_variable and not key and not local:
            raise ProviderAuth(
                f"{self.key_variable} is not set; {self._settings.model} at {self.where} needs a key in it"
            )
        return openai.OpenAI(
            api_key=key or "unused",
            base_url=self.url,
            timeout=self._settings.timeout_seconds,
            max_retries=self._settings.max_retries,
            default_headers={"Accept-Encoding": "identity"},
            # A proxy of the environment does not reach this machine's own addresses.
            http_client=openai.DefaultHttpxClient(
                trust_env=not local,
                event_hooks={"request": [self._sign, self._wait, _end_in_time], "response": [self._note_wait, _bound]},
            ),
        )

    def _sign(self, request: Any) -> None:
        """Put the key where the endpoint looks for it."""
        if self.provider == "anthropic":
            request.headers["x-api-key"] = request.headers.pop("authorization").removeprefix("Bearer ")
            request.headers["anthropic-version"] = ANTHROPIC_VERSION

    def _wait(self, _request: Any) -> None:
        """Hold a request back while the endpoint wants none, whichever thread it said so to."""
        time.sleep(max(0.0, self._not_before - time.monotonic()))

    def _note_wait(self, response: Any) -> None:
        if response.status_code == TOO_MANY_REQUESTS:
            asked = response.headers.get("retry-after", "")
            seconds = float(asked) if re.fullmatch(r"\d+(\.\d+)?", asked) else SHORT_WAIT_SECONDS
            if seconds <= LONGEST_WAIT_SECONDS:  # else the client gives it up
                self._not_before = max(self._not_before, time.monotonic() + seconds)

    def _meaning(self, error: "openai.APIStatusError", said: str) -> tuple[type[ProviderError], str]:
        """Give the kind of error and the message."""
        status, model, where, section = error.status_code, self.model, self.where, self._section
        if error.code == "context_length_exceeded" or (status in (400, 413, 422) and _TOO_LONG.search(said)):
            what, advice = _TOO_LONG_ADVICE[section]
            return ContextTooLong, f"the {what} is too long for {model}: {said}; {advice}"
        match status:
            case 401 | 403:
                key = f"the key in {self.key_variable}" if self.key_variable else "to answer without a key"
                advice = "" if self.key_variable else f"; name the variable that holds one in {section}.api_key_env"
                return ProviderAuth, f"{where} refused {key} for {model} ({status}): {said}{advice}"
            case 404 if found := served(self.url):
                return ProviderNotFound, f"{where} has no {model} (404): {said}; {_offer(found)}"
            case 404:
                advice = (
                    f"check {section}.model, and that {section}.base_url ends as the endpoint wants it, often in /v1"
                )
                return ProviderNotFound, f"{where} knows no {model} (404): {said}; {advice}"
            case 429:
                return ProviderRateLimited, f"{where} asks {model} to slow down (429): {said}"
            case 408:
                return ProviderTimeout, f"{where} timed out (408): {said}"
            case _ if status >= 500 or status == 409:
                return ProviderUnavailable, f"{where} failed ({status}): {said}"
            case _:
                return ProviderError, f"{where} refused the request to {model} ({status}): {said}"


def shared_endpoint(settings: Model, section: Section) -> Endpoint:
    """Give the endpoint that all readers of files share, so that its limit of requests holds for them together."""
    url = endpoint_url(settings.model, settings.base_url)
    return _shared(settings, section, url)  # pyright: ignore[reportArgumentType]  (frozen, so it has a hash)


@lru_cache(maxsize=8)
def _shared(settings: Model, section: Section, _url: str) -> Endpoint:
    return Endpoint(settings, section)


def endpoint_url(model: str, base_url: str | None) -> str:
    """Give the endpoint of a model: that of the recipe, of the environment, or the one that its name stands for."""
    if base_url:
        return base_url
    match model.removeprefix("auto+").partition(":")[0]:
        case "ollama":
            return _ollama_url(os.environ.get(OLLAMA_VARIABLE, ""))
        case "vllm":
            return VLLM_URL
        case "anthropic":  # its own libraries add the version, and people set the variable for them
            return (os.environ.get(ANTHROPIC_URL_VARIABLE) or ANTHROPIC_URL).rstrip("/").removesuffix("/v1") + "/v1"
        case _:
            return os.environ.get(URL_VARIABLE) or DEFAULT_URL


def place(base_url: str, section: str = "llm") -> str:
    """Give the endpoint's address without credentials or query."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{section}.base_url: {base_url!r} is no address; expected e.g. http://127.0.0.1:8000/v1")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_loopback(base_url: str) -> bool:
    """Say whether the endpoint runs on this machine."""
    host = urlsplit(place(base_url)).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def served(base_url: str) -> list[str]:
    """List the models of a server on this machine; none where nothing answers at once, and never of another machine."""
    parts = urlsplit(base_url)
    if not is_loopback(base_url):
        return []
    host = "127.0.0.1" if parts.hostname == "localhost" else str(parts.hostname)
    connection = http.client.HTTPConnection(host, parts.port)
    try:
        with closing(connection):
            connection.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)  # asks no name server
            connection.sock.settimeout(GLANCE_SECONDS)
            connection.sock.connect((host, connection.port))
            connection.request("GET", f"{parts.path}/models")
            listed = json.loads(connection.getresponse().read(1_000_000))["data"]
        return sorted(model["id"] for model in listed)
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return []


def local_servers() -> dict[str, list[str]]:
    """List what Ollama and vLLM have that run on this machine."""
    found = {name: served(endpoint_url(f"{name}:", None)) for name in ("ollama", "vllm")}
    return {name: models for name, models in found.items() if models}


def _offer(found: list[str]) -> str:
    shown = ", ".join(found[:MOST_OFFERED])
    more = f" and {len(found) - MOST_OFFERED} more" if len(found) > MOST_OFFERED else ""
    return f"it has {shown}{more}" if found else "it has no models"


def _ollama_url(host: str) -> str:
    """Read ``OLLAMA_HOST`` as Ollama does: host, port and scheme may each be missing.

    A server that listens on all addresses is reached at this machine's own.
    """
    scheme, _, rest = host.strip().rpartition("://")
    name, colon, port = rest.partition("/")[0].rpartition(":")
    if not colon or port.endswith("]"):  # no port: a name, or an address of IPv6 in brackets
        name, port = rest.partition("/")[0], {"http": "80", "https": "443"}.get(scheme, str(OLLAMA_PORT))
    name = "127.0.0.1" if name in ("", "0.0.0.0", "[::]") else name  # noqa: S104
    return f"{scheme or 'http'}://{name}:{port}/v1"


class _TimeLeft:
    """Seconds until a moment, counted anew whenever a socket asks how long it may wait.

    The client's own time-out is for each read, so an endpoint that sends a byte now and then would never be given up.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def __index__(self) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole request is up")
        return int(left) + 1


def _end_in_time(request: Any) -> None:
    """Let a request end in the time that one read may take; a hook of the HTTP client."""
    seconds = request.extensions["timeout"]
    seconds["read"] = _TimeLeft(seconds["read"])


def _bound(response: Any) -> None:
    """Refuse replies that are too large; a hook of the HTTP client. Compressed ones are not asked for."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderError(f"{place(str(response.url))} sent a compressed reply that was not asked for")
    import httpx2

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for piece in self._stream:
                size += len(piece)
                if size > LARGEST_REPLY_BYTES:
                    most = LARGEST_REPLY_BYTES // 1_000_000
                    raise ProviderError(
                        f"{place(str(response.url))} sent more than {most} MB; is it the right address?"
                    )
                yield piece

        def close(self) -> None:
            self._stream.close()

    response.stream = Bounded(response.stream)
