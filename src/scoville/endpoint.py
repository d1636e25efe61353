"""Endpoints that speak OpenAI's protocol: where they are, what their refusals mean, when to ask again.

Enters: an address, or an exception of the ``openai`` client. Leaves: a client, or a :class:`Failure` with an error of
Scoville's. Does not know what is asked. The key is ``OPENAI_API_KEY`` in the environment; it stands in no message.
"""

import ipaddress
import os
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, TypeVar
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

if TYPE_CHECKING:
    import openai

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
DEFAULT_URL = "https://api.openai.com/v1"
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
LONGEST_WAIT_SECONDS = 60.0
"""An endpoint that asks for more patience than this is given up."""
LONGEST_QUOTE = 300
_TOO_LONG = re.compile(
    r"context.?length|context.?(size|window)|maximum context|too many (input )?tokens|prompt is too long", re.I
)
_TOO_LONG_ADVICE = {
    "llm": ("prompt", "lower prompt.context_tokens or search.passages"),
    "embed": ("text", "lower split.size"),
    "read": ("page", "take a model with a longer context"),
}

T = TypeVar("T")
Section = Literal["llm", "embed", "read"]
"""The section of the recipe that named the endpoint: the advice is about its keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why no reply came."""

    error: ProviderError
    can_retry: bool
    status: int | None = None
    said: str = ""
    """What the endpoint wrote, without the key."""
    parameter: str | None = None
    """The part of the request that it objects to."""
    retry_after: float | None = None
    """Seconds that it asks to wait."""


def endpoint_url(base_url: str | None) -> str:
    """Give the endpoint of a recipe, of the environment, or OpenAI's."""
    return base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL


def open_client(name: str, base_url: str, timeout_seconds: float, *, section: Section = "llm") -> "openai.OpenAI":
    """Make a client that tries once; ProviderAuth when the key is missing, unless the endpoint is on this machine."""
    import openai

    where = place(base_url, section)
    local = is_loopback(base_url)
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key and not local:
        raise ProviderAuth(f"{KEY_VARIABLE} is not set; {name} at {where} needs a key in it")
    return openai.OpenAI(
        api_key=key or "unused",
        base_url=base_url,
        timeout=timeout_seconds,
        max_retries=0,
        # A proxy of the environment does not reach this machine's own addresses.
        http_client=openai.DefaultHttpxClient(trust_env=not local),
    )


def call_with_retries(
    call: Callable[[], T],
    *,
    model: str,
    base_url: str,
    secret: str,
    max_retries: int,
    section: Section = "llm",
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call until it works, or fails in a way that trying again cannot help, or ``max_retries`` is reached."""
    import openai

    attempt = 0
    while True:
        try:
            return call()
        except openai.APIError as error:
            failure = explain(error, model, base_url, secret=secret, section=section)
            if attempt >= max_retries or not failure.can_retry:
                raise failure.error from None
            sleep(pause_seconds(attempt, failure.retry_after))
            attempt += 1


def explain(error: "openai.APIError", model: str, base_url: str, *, secret: str, section: Section = "llm") -> Failure:
    """Say what an exception of the client means."""
    import openai

    where = place(base_url, section)
    said = " ".join(str(error.message).replace(secret, "***").split())[:LONGEST_QUOTE]
    if isinstance(error, openai.APITimeoutError):
        advice = f"raise {section}.timeout_seconds, or see whether the endpoint is busy"
        return Failure(error=ProviderTimeout(f"{model} at {where} did not answer in time; {advice}"), can_retry=True)
    if isinstance(error, openai.APIConnectionError):
        reason = f": {error.__cause__}" if error.__cause__ else ""
        advice = f"check {section}.base_url and that the endpoint runs"
        return Failure(error=ProviderUnavailable(f"no connection to {where}{reason}; {advice}"), can_retry=True)
    if not isinstance(error, openai.APIStatusError):
        return Failure(error=ProviderError(f"{model} at {where} broke off: {said}"), can_retry=False, said=said)
    retry_after = _retry_after(error.response.headers)
    kind, can_retry, message = _meaning(error, said, model, where, section)
    if can_retry and retry_after is not None and retry_after > LONGEST_WAIT_SECONDS:
        can_retry, message = False, f"{message}; it asks to wait {retry_after:.0f} s"
    return Failure(
        error=kind(message),
        can_retry=can_retry,
        status=error.status_code,
        said=said,
        parameter=error.param,
        retry_after=retry_after,
    )


def pause_seconds(attempt: int, retry_after: float | None) -> float:
    """Give the pause before the next try: what the endpoint asks for, else exponential, with jitter on top."""
    if retry_after is not None:
        return retry_after + random.uniform(0, FIRST_PAUSE_SECONDS)
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt) * random.uniform(0.75, 1.25)


def place(base_url: str, section: Section = "llm") -> str:
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


def _meaning(
    error: "openai.APIStatusError", said: str, model: str, where: str, section: Section
) -> tuple[type[ProviderError], bool, str]:
    """Give the kind of error, whether trying again can help, and the message."""
    status = error.status_code
    if error.code == "context_length_exceeded" or (status in (400, 413, 422) and _TOO_LONG.search(said)):
        what, advice = _TOO_LONG_ADVICE[section]
        return ContextTooLong, False, f"the {what} is too long for {model}: {said}; {advice}"
    match status:
        case 401 | 403:
            return ProviderAuth, False, f"{where} refused the key in OPENAI_API_KEY for {model} ({status}): {said}"
        case 404:
            advice = f"check {section}.model, and that {section}.base_url ends as the endpoint wants it, often in /v1"
            return ProviderNotFound, False, f"{where} knows no {model} (404): {said}; {advice}"
        case 429:
            spent = error.code == "insufficient_quota"
            return ProviderRateLimited, not spent, f"{where} asks {model} to slow down (429): {said}"
        case 408:
            return ProviderTimeout, True, f"{where} timed out (408): {said}"
        case _ if status >= 500 or status == 409:
            return ProviderUnavailable, True, f"{where} failed ({status}): {said}"
        case _:
            return ProviderError, False, f"{where} refused the request to {model} ({status}): {said}"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
