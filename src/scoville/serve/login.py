"""People sign in with a browser at the issuer of their tokens: authorization code with PKCE, state and nonce.

Enters: a browser that wants in, and the same browser when it comes back. Leaves: where it goes, then who it is. What
was begun is known for some minutes, by a cookie, so that no other browser can end it; and it can be ended once.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import NamedTuple

from scoville.serve.callers import Caller
from scoville.serve.refused import Refused
from scoville.serve.users import Users

COOKIE = "scoville-login"
BACK = "/sign-in/back"
"""Where the issuer sends browsers back to: it must know this address."""
MINUTES = 10
MOST_BEGUN = 10_000


class Begun(NamedTuple):
    """A sign-in that was begun."""

    state: str
    nonce: str
    verifier: str
    place: str
    """Where the browser wants to."""
    until: float


class Logins:
    """The sign-ins of one service."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._begun: dict[str, Begun] = {}

    async def begin(self, place: str, back: str) -> tuple[str, str]:
        """Give the value of the cookie, and where the browser is to go."""
        state, nonce, verifier, cookie = (secrets.token_urlsafe(32) for _ in range(4))
        one = Begun(state, nonce, verifier, place, time.monotonic() + 60 * MINUTES)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(one.verifier.encode()).digest()).decode().rstrip("=")
        address = await self._users.sign_in_address(
            redirect_uri=back, state=one.state, nonce=one.nonce, code_challenge=challenge, code_challenge_method="S256"
        )
        self._begun[cookie] = one
        if len(self._begun) > MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        return cookie, address

    async def end(self, cookie: str, told: Mapping[str, str], back: str) -> tuple[Caller, str]:
        """Say who has signed in, and where they wanted to; Refused where this browser did not begin it, or nobody."""
        one = self._begun.pop(cookie, None)
        if one is None or one.until < time.monotonic() or not _same(one.state, told.get("state", "")):
            raise Refused(400, "this sign-in was not begun here, or too long ago: begin again")
        if "error" in told:
            raise Refused(401, f"the issuer let nobody in: {told.get('error_description') or told['error']:.200}")
        return await self._users.of_code(told.get("code", ""), back, one.verifier, one.nonce), one.place


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "replace"))
