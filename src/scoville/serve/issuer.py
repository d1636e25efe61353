"""An issuer of OpenID Connect: what it says of itself, its keys, and what its tokens say. Enters: tokens, codes.

Leaves: claims that were checked. Of a token the signature, issuer, audience and time are checked, by algorithms with a
public key alone, with the keys that the issuer publishes. Who signs in with a browser brings a code, which is good once
and only with a secret of this process (PKCE).
"""

import base64
import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

import jwt

from scoville import recipe

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
LEEWAY_SECONDS = 30
FETCH_SECONDS = 5
PAUSE_SECONDS = 10
"""After an issuer could not be reached, so that requests do not wait for it one after another."""
MOST_BYTES = 1 << 20


class Issuer:
    """One issuer; what it says of itself is asked once. OSError where it cannot be reached."""

    def __init__(self, settings: "recipe.Users") -> None:
        self._settings = settings
        self._keys: jwt.PyJWKClient | None = None
        self._about: Mapping[str, Any] = {}
        self.down_until = 0.0

    @property
    def host(self) -> str:
        """Its name, for people."""
        return urlsplit(self._settings.issuer).hostname or ""

    def claims(self, token: str, audience: str, nonce: str = "") -> dict[str, Any]:
        """Check a token, and give what it says; PyJWTError or ValueError for one that is not good.

        An ID token must have the ``nonce`` that was sent, and be for this client alone.
        """
        settings, about = self._settings, self.about()
        if self._keys is None:
            self._keys = jwt.PyJWKClient(about["jwks_uri"], timeout=FETCH_SECONDS)
        if str(jwt.get_unverified_header(token).get("typ") or "jwt").lower() not in TYPES:
            raise jwt.InvalidTokenError("it is of another type")
        told = jwt.decode(
            token, self._keys.get_signing_key_from_jwt(token), ALGORITHMS, audience=audience, issuer=settings.issuer,
            leeway=LEEWAY_SECONDS, options={"require": ["exp", "iss", "aud", settings.user_claim]},
        )  # fmt: skip
        if nonce and (told.get("nonce") != nonce or told.get("azp", audience) != audience):
            raise jwt.InvalidTokenError("it belongs to another sign-in")
        return told

    def sign_in_address(self, **values: str) -> str:
        """Give the address at which people sign in."""
        place = self._endpoint("authorization_endpoint")
        asked = {"response_type": "code", "client_id": self._settings.client, "scope": self._settings.scopes} | values
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def id_token(self, code: str, back: str, verifier: str) -> str:
        """Give the ID token that the issuer gives for a code; ValueError where it gives none."""
        client, headers = self._settings.client, dict[str, str]()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        if name := self._settings.client_secret_env:
            pair = f"{quote(client, safe='')}:{quote(os.environ.get(name, ''), safe='')}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = client
        try:
            told = _fetch(Request(self._endpoint("token_endpoint"), urlencode(form).encode(), headers))
        except HTTPError as error:
            if error.code >= 500:
                raise
            raise ValueError(f"the issuer takes no such code ({error.code})") from None
        if not isinstance(token := told.get("id_token"), str):
            raise ValueError("the issuer gave no ID token: `openid` must be among serve.users.scopes")
        return token

    def about(self) -> Mapping[str, Any]:
        """Give what OpenID Connect Discovery says of it."""
        if time.monotonic() < self.down_until:
            raise OSError("it could not be reached a moment ago")
        if not self._about:
            issuer = self._settings.issuer
            place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            told = _fetch(Request(place))  # noqa: S310  (the recipe names it, and has it begin with https)
            if told.get("issuer") != issuer or not self._is_safe(told.get("jwks_uri")):
                raise OSError(f"{place} does not say where the keys of {issuer} are")
            self._about = told
        return self._about

    def pause(self) -> None:
        """Ask it nothing for a while, since it cannot be reached."""
        self.down_until = time.monotonic() + PAUSE_SECONDS

    def _endpoint(self, name: str) -> str:
        place = str(self.about().get(name) or "")
        if not self._is_safe(place):
            raise OSError(f"{self._settings.issuer} names no {name}")
        return place

    def _is_safe(self, place: Any) -> bool:
        return isinstance(place, str) and place.startswith(f"{self._settings.issuer.split(':')[0]}://")


def _fetch(request: Request) -> dict[str, Any]:
    with urlopen(request, timeout=FETCH_SECONDS) as reply:  # noqa: S310
        told = reply.read(MOST_BYTES)
    found = json.loads(told) if told.startswith(b"{") else None
    if not isinstance(found, dict):
        raise OSError(f"{request.full_url} does not reply with JSON")
    return found  # pyright: ignore[reportUnknownVariableType]
