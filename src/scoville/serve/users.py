"""People whom somebody else knows: by a token of an OpenID Connect issuer, or by headers of a proxy in front.

Enters: a token, the code of who signed in with a browser, or headers with the address that they came from. Leaves: a
Caller, or ``Refused``. Links are signed with a secret of this process, and show what their user could read when last
seen.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar
from urllib.parse import quote

import jwt
from starlette.datastructures import Headers

from scoville import recipe
from scoville.serve.callers import SCOPES, Caller
from scoville.serve.issuer import PAUSE_SECONDS, Issuer
from scoville.serve.refused import Refused

T = TypeVar("T")

PREFIX = "user~"
"""Before the names of users: no key has such a name."""
LONGEST_NAME = 100
LINK_SECONDS = 86_400
MOST_SEEN = 10_000


class Users:
    """The users of one service."""

    def __init__(self, settings: "recipe.Users") -> None:
        self._settings = settings
        self._proxies = [ip_network(one, strict=False) for one in settings.proxies]
        self._secret = secrets.token_bytes(32)
        self._seen: dict[str, Caller] = {}
        self.issuer = Issuer(settings)

    def any(self) -> bool:
        """Say whether anybody but who has a key may be known."""
        return bool(self._settings.issuer or self._proxies)

    @property
    def sign_in(self) -> bool:
        """Whether people sign in at the issuer with a browser."""
        return bool(self._settings.client)

    async def sign_in_address(self, **values: str) -> str:
        """Give the address at which people sign in."""
        return await self._asked(lambda: self.issuer.sign_in_address(**values))

    async def of_code(self, code: str, back: str, verifier: str, nonce: str) -> Caller:
        """Find who signed in, by the code that their browser brought."""

        def signed_in() -> dict[str, Any]:
            token = self.issuer.id_token(code, back, verifier)
            return self.issuer.claims(token, self._settings.client, nonce)

        return self._named(await self._asked(signed_in))

    async def of_token(self, token: str) -> Caller | None:
        """Find who has a token; None where there is no issuer. Refused for a token that is not good."""
        if not self._settings.issuer:
            return None
        return self._named(await self._asked(lambda: self.issuer.claims(token, self._settings.audience)))

    async def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(ask)
        except (jwt.PyJWKClientConnectionError, OSError, HTTPException) as error:
            self.issuer.pause()
            raise Refused(503, "the issuer of tokens cannot be reached: try again", code="issuer_unavailable",
                          headers={"Retry-After": str(PAUSE_SECONDS)}) from error  # fmt: skip
        except (jwt.PyJWTError, ValueError) as error:
            raise Refused(401, f"the token is not valid: {error}", code="invalid_token",
                          headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from None  # fmt: skip

    def _named(self, claims: Mapping[str, Any]) -> Caller:
        groups = claims.get(self._settings.groups_claim)
        named = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        return self._caller(str(claims[self._settings.user_claim]), [str(one) for one in named])

    def of_proxy(self, address: str, headers: Headers) -> Caller | None:
        """Find whom a proxy names; None where it names nobody, and for who is no proxy."""
        if not self._is_proxy(address):
            return None
        given = [headers.getlist(name) for name in (self._settings.user_header, self._settings.groups_header)]
        if max(map(len, given)) > 1:
            raise Refused(400, "a header that names the user came twice: the proxy must pass on none that it was sent")
        user, groups = (values[0] if values else "" for values in given)
        return self._caller(user.strip(), [one.strip() for one in groups.split(",")]) if user.strip() else None

    def of_link(self, name: str) -> Caller | None:
        """Find who was seen under a name, for a link that they were given."""
        return self._seen.get(name)

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in self._proxies)
        except ValueError:  # a socket of the system
            return False

    def _caller(self, user: str, groups: Sequence[str]) -> Caller:
        settings, belongs = self._settings, {one for one in groups if one}
        name = PREFIX + quote(user, safe="@")
        if len(name) > LONGEST_NAME:
            name = PREFIX + hashlib.sha256(user.encode()).hexdigest()
        is_admin, writes = not belongs.isdisjoint(settings.admins), not belongs.isdisjoint(settings.writers)
        scopes = SCOPES if is_admin else ("ask", "write") if writes else ("ask",)
        self._seen.pop(name, None)  # the one who was seen last stands last
        self._seen[name] = Caller(
            name=name, scopes=frozenset(scopes), groups=None if is_admin else tuple(sorted(belongs)), key_id=name,
            secret=hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest(),
            per_minute=settings.per_minute, link_seconds=LINK_SECONDS,
        )  # fmt: skip
        if len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return self._seen[name]
