"""Who asks, and what they may. Enters: a request. Leaves: a Caller, or ``Refused``.

Without any key the one caller is whoever can reach this machine's loopback address, and may do everything. With keys,
each request needs one, in ``Authorization: Bearer``. A browser that opens the link of a citation sends no such header,
so links carry a signature: by the hash of the key, for one path, until a day; what they show is decided when they are
opened, by what the key may read then.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

LOCAL = "local"
SCOPES = ("ask", "write", "admin")
"""ask: search, ask, pages, own traces, feedback. write: documents and cases come and go. admin: runs, traces of all,
metrics, the audit log."""
LINK_SECONDS = 30 * 86_400
SESSION_PATH = "/"
"""What a browser that was given a key signs: its cookie, as the link of a citation does for one path."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks."""

    name: str
    scopes: frozenset[str]
    groups: tuple[str, ...] | None
    """Whose documents they read besides everyone's; None: all."""
    key_id: str = ""
    secret: str = ""
    """What links are signed with; empty without a key, when they need no signature."""
    per_minute: int = 0
    """How many requests a minute; 0: any number."""
    link_seconds: int = LINK_SECONDS
    """How long a link is good."""

    @property
    def sees_all(self) -> bool:
        """Whether they may see what was asked and measured by others, who may read other documents."""
        return self.groups is None and "admin" in self.scopes

    def reads(self, groups: Sequence[str]) -> bool:
        """Say whether they may read what is for these groups; none: everyone."""
        return self.groups is None or not groups or not set(groups).isdisjoint(self.groups)

    def sign(self, path: str) -> str:
        """Give the query that lets a browser open a path for a while; empty without a key."""
        if not self.secret:
            return ""
        until = int(time.time()) + self.link_seconds
        return f"key={quote(self.key_id, safe='')}&until={until}&signature={self._signature(path, until)}"

    def signed(self, path: str, until: str, signature: str) -> bool:
        """Say whether a link was made for this caller, and is still good."""
        if not until.isascii() or not until.isdigit() or int(until) < time.time():
            return False
        return hmac.compare_digest(self._signature(path, int(until)).encode(), signature.encode("utf-8", "replace"))

    def _signature(self, path: str, until: int) -> str:
        return hmac.new(self.secret.encode(), f"{until} {path}".encode(), hashlib.sha256).hexdigest()[:32]


EVERYTHING = Caller(name=LOCAL, scopes=frozenset(SCOPES), groups=None)
"""Who can reach the loopback address of a machine without keys."""


class Rates:
    """How often each key may ask: a bucket of a minute's requests, which fills evenly."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def wait_seconds(self, caller: Caller) -> float:
        """Count a request, and say how long the caller must wait first: 0 where they need not."""
        if not caller.per_minute:
            return 0.0
        now, rate = time.monotonic(), caller.per_minute / 60
        left, then = self._left.get(caller.name, (float(caller.per_minute), now))
        left = min(left + (now - then) * rate, caller.per_minute)
        self._left[caller.name] = (left - 1 if left >= 1 else left, now)
        return 0.0 if left >= 1 else (1 - left) / rate
