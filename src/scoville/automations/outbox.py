"""Messages to a webhook, signed by the convention of Standard Webhooks (https://www.standardwebhooks.com).

Enters: messages that wait. Leaves: those that still wait. A message is tried with growing pauses until it is taken or
given up; nothing waits for it. Only addresses that were checked are connected to, and redirects are not followed: the
signature is for this host alone.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from scoville.automations.state import Kept
from scoville.errors import ReadFailure, SourceError, UsageError
from scoville.recipe.automations import Webhook
from scoville.recipe.sources import Sources
from scoville.sources.fetch import Fetcher

logger = logging.getLogger("scoville")
MOST_TRIES = 12
"""With pauses of 5 s, doubled each time up to six hours: about a day."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 6 * 3600.0
TIMEOUT_SECONDS = 10
MOST_AT_ONCE = 20
"""Messages that are tried in one go, so that a webhook that hangs delays nothing else for long."""


def secret_of(webhook: Webhook) -> bytes:
    """Give the secret that the environment holds; UsageError where it does not. `whsec_…` is Base64."""
    given = os.environ.get(webhook.secret_env, "")
    if not given:
        raise UsageError(
            f"on.webhook.secret_env names {webhook.secret_env}, which is not set: give it the secret that the receiver "
            f"checks signatures with, as in `export {webhook.secret_env}=…`"
        )
    if not given.startswith("whsec_"):
        return given.encode()
    try:
        secret = base64.b64decode(given.removeprefix("whsec_"), validate=True)
    except ValueError:
        secret = b""
    if not secret:  # anybody could sign with an empty one
        raise UsageError(f"{webhook.secret_env}: after whsec_ the secret must stand, in Base64")
    return secret


def sign(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    """Give the signature of a message: HMAC-SHA256 of `id.timestamp.body`, in Base64, behind its version."""
    signed = b".".join((id.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


def send_due(kept: Kept, webhook: Webhook, sources: Sources, clock: Callable[[], float]) -> None:
    """Try the messages whose time has come, and remember which still wait; each is signed with the time of its try."""
    secret = secret_of(webhook)
    quick = sources.model_copy(update={"timeout_seconds": TIMEOUT_SECONDS, "delay_seconds": 0.0})
    fetcher = Fetcher(quick, max_megabytes=1)
    now = clock()
    # A clock that was set back leaves times far ahead: no pause is longer than the longest.
    due = [one for one in kept.waiting if not now < one["next"] < now + LONGEST_PAUSE * 2][:MOST_AT_ONCE]
    for message in due:
        now = clock()
        trouble = _send(fetcher, webhook, secret, message, now)
        message["tries"] += 1
        pause = min(FIRST_PAUSE * 2 ** (message["tries"] - 1), LONGEST_PAUSE)
        message["next"] = now + pause * random.uniform(1, 1.5)  # noqa: S311
        if not trouble or message["tries"] >= MOST_TRIES:
            kept.waiting.remove(message)
        if trouble and message["tries"] >= MOST_TRIES:
            why = f"{message['tries']} tries to tell of {message['row']['event']}"
            kept.note({"time": now, "event": "webhook", "why": why, "outcome": trouble}, tell=False)
        kept.save()
        if trouble:
            logger.warning("The webhook was not told of %s: %s", message["row"]["event"], trouble)
            break  # the others would meet the same


def _send(fetcher: Fetcher, webhook: Webhook, secret: bytes, message: Mapping[str, Any], now: float) -> str:
    """Send a message; say what went wrong, or nothing."""
    row = message["row"]
    told = datetime.fromtimestamp(row["time"], UTC).isoformat()
    body = json.dumps({"type": f"scoville.{row['event']}", "timestamp": told, "data": row}).encode()
    headers = {
        "Content-Type": "application/json", "webhook-id": message["id"], "webhook-timestamp": str(int(now)),
        "webhook-signature": sign(secret, message["id"], int(now), body),
    }  # fmt: skip
    try:
        answer = fetcher.fetch(webhook.url, headers, method="POST", body=body, follow=False)
    except (SourceError, ReadFailure) as error:
        return str(error)
    return "" if 200 <= answer.status < 300 else f"{webhook.url} answered {answer.status}"
