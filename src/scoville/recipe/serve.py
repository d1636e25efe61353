"""The section of a recipe that says who uses the service besides those who have a key, and what is kept of them."""

import re
from ipaddress import ip_network
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from scoville.recipe.section import OPERATIONAL, PositiveInt, Section

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _is_network(given: str) -> str:
    ip_network(given, strict=False)
    return given


class Users(Section):
    """People whom somebody else knows: the issuer of their tokens, or a proxy in front of the service."""

    issuer: str = ""
    """Of OpenID Connect, e.g. `https://login.example.com/realms/acme`: its tokens are taken as
    `Authorization: Bearer`. Empty: none are."""
    audience: str = ""
    """Whom a token must be for: this service, as the issuer knows it."""
    client: str = ""
    """The id of this service at the issuer: people then sign in there with a browser. Empty: they do not."""
    client_secret_env: str | None = None
    """The variable with its secret, e.g. `OIDC_SECRET`, where it was given one; it uses PKCE in any case."""
    scopes: str = "openid"
    """What is asked for when people sign in; some issuers say groups only with `openid groups`."""
    user_claim: str = "sub"
    """What of a token names a person, and never two."""
    groups_claim: str = "groups"
    """What of a token says whose documents they read, besides those for everyone."""
    proxies: tuple[Annotated[str, AfterValidator(_is_network)], ...] = ()
    """Addresses, or networks such as `10.0.3.0/24`, whose headers below are believed; those of others are not read."""
    user_header: str = "X-Forwarded-User"
    """What a proxy names a person in."""
    groups_header: str = "X-Forwarded-Groups"
    """And their groups, with commas between them. A proxy must set both itself, and pass on none that it was sent."""
    writers: tuple[str, ...] = ()
    """Groups whose members also add documents and cases."""
    admins: tuple[str, ...] = ()
    """Groups whose members may everything, and read every document."""
    per_minute: PositiveInt = 120
    """How often each may ask."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        address = urlsplit(self.issuer)
        if (
            self.issuer
            and address.scheme != "https"
            and not (address.scheme == "http" and address.hostname in LOOPBACK)
        ):
            raise ValueError(f"issuer {self.issuer!r}: expected an address that begins with https://")
        if bool(self.issuer) != bool(self.audience):
            raise ValueError("issuer and audience: expected both, else tokens for any other service would do")
        if self.client and not self.issuer:
            raise ValueError("client: expected the issuer that knows it, too")
        if self.client_secret_env and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.client_secret_env):
            raise ValueError("client_secret_env: expected the name of a variable, and never the secret itself")
        return self


class Serve(Section):
    """Of `scoville serve`."""

    decides = OPERATIONAL
    retention_days: Annotated[float, Field(gt=0)] | None = 90.0
    """How long entries of the audit log, and feedback, are kept; null keeps them for ever."""
    users: Users = Users()
