"""API keys: made, listed, revoked, and found again. Enters: a name and what it may. Leaves: a key, shown once.

The database of the workspace holds only the SHA-256 of a key: it is 256 random bits, which no dictionary has, so a slow
hash would only slow each request.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoville.errors import UsageError
from scoville.serve.callers import LOCAL, SCOPES, Caller
from scoville.track.store import Store

PREFIX = "sk-scoville-"
NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)
COLUMNS = "id, name, digest, scopes, groups, per_minute, created, revoked"
PER_MINUTE = 120


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key; not the key itself."""

    id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    groups: tuple[str, ...] | None
    """Whose documents it reads besides everyone's; None: all."""
    per_minute: int
    created: float
    revoked: float | None

    @property
    def caller(self) -> Caller:
        """Who uses it."""
        return Caller(
            name=self.name, scopes=frozenset(self.scopes), groups=self.groups, key_id=self.id, secret=self.digest,
            per_minute=self.per_minute,
        )  # fmt: skip


class Keys:
    """The keys of one workspace."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        name: str,
        *,
        scopes: Sequence[str] = ("ask",),
        groups: Sequence[str] | None = (),
        per_minute: int = PER_MINUTE,
    ) -> str:
        """Make a key and give it: it cannot be shown again. ``groups`` None reads every document."""
        if not NAME.fullmatch(name) or name == LOCAL:
            raise UsageError(f"key {name!r:.80}: expected letters, digits and . _ - @, and not {LOCAL!r}")
        if unknown := set(scopes) - set(SCOPES):
            raise UsageError(f"scope {sorted(unknown)[0]!r}: expected {', '.join(SCOPES)}")
        if self._find("name = ?", name):
            raise UsageError(f"there is, or was, a key {name!r}: names are never used again, so that records stay true")
        key = PREFIX + secrets.token_urlsafe(32)
        row = (secrets.token_hex(4), name, digest_of(key), json.dumps(list(scopes)),
               None if groups is None else json.dumps(list(groups)), per_minute, time.time(), None)  # fmt: skip
        self._store.write(f"INSERT INTO keys ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row])
        return key

    def all(self) -> list[Key]:
        """List the keys, the oldest first; those that were revoked, too."""
        return self._find("1")

    def revoke(self, name: str) -> None:
        """End a key, at once and for ever; UsageError where there is none of that name."""
        if not any(key.revoked is None for key in self._find("name = ?", name)):
            names = ", ".join(key.name for key in self.all() if key.revoked is None) or "none"
            raise UsageError(f"no key {name!r} is valid; there are {names}")
        self._store.write("UPDATE keys SET revoked = ? WHERE name = ?", [(time.time(), name)])

    def any(self) -> bool:
        """Say whether a key was ever made: from then on every request needs one."""
        return bool(self._store.query("SELECT 1 FROM keys LIMIT 1"))

    def caller(self, key: str) -> Caller | None:
        """Find who has a key; None for one that is unknown or was revoked."""
        return self._valid("digest = ? AND revoked IS NULL", digest_of(key))

    def caller_of_id(self, id: str) -> Caller | None:
        """Find who has the key of an id, as links to pages name it."""
        return self._valid("id = ? AND revoked IS NULL", id)

    def _valid(self, which: str, value: str) -> Caller | None:
        found = self._find(which, value)
        return found[0].caller if found else None

    def _find(self, which: str, *values: str) -> list[Key]:
        rows = self._store.query(f"SELECT {COLUMNS} FROM keys WHERE {which} ORDER BY created", values)  # noqa: S608
        return [_key(*row) for row in rows]


def digest_of(key: str) -> str:
    """Give what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _key(id: str, name: str, digest: str, scopes: str, groups: str | None, *rest: Any) -> Key:
    per_minute, created, revoked = rest
    read = None if groups is None else tuple(json.loads(groups))
    return Key(id=id, name=name, digest=digest, scopes=tuple(json.loads(scopes)), groups=read, per_minute=per_minute,
               created=created, revoked=revoked)  # fmt: skip
