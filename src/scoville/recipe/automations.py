"""The section of a recipe that says what happens by itself: ``on``, an event and what follows from it."""

import ipaddress
import re
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from scoville.recipe.section import OPERATIONAL, PositiveInt, Section

Share = Annotated[float, Field(ge=0, le=1)]
AtLeastAMinute = Annotated[float, Field(ge=1)]


class RunPassed(Section):
    """The newest release was measured: it is served, if it passes the gate that `scoville promote` has."""

    promote: str = "staging"
    """The alias that it is served as."""
    max_drop: Annotated[float, Field(ge=0)] = 0.0
    """By how much its quality may be below that of what is served now."""


class BadFeedback(Section):
    """People called answers wrong: they become cases, as by `scoville feedback route --write`."""

    at_least: PositiveInt = 5
    """So many since the last time."""


class Drift(Section):
    """People ask what no case is like: the cases are evaluated, so that the answers of today are on record."""

    above: Share = 0.3
    """The share of the questions that no case is like."""
    days: PositiveInt = 7
    """How far to look back, and how long to wait until the next time."""
    evaluate: str
    """The file of cases, in the workspace."""


class Sample(Section):
    """Some of what people asked is asked again and scored in a run, though nobody knows the answers: what is claimed
    and not found, what is refused, what a judge says.
    """

    days: PositiveInt = 7
    """How often, and how far to look back."""
    questions: PositiveInt = 50
    """At most so many, drawn by chance."""
    judge: bool = False
    """Whether the recipe's judge reads the answers; `cost.limit_usd` bounds what that costs."""


class SourceChanged(Section):
    """The sources of the recipe are looked at, and what changed comes into the index."""

    every_minutes: AtLeastAMinute = 60.0
    """How often."""
    evaluate: str = ""
    """The file of cases that is evaluated once something changed; empty: none is."""


class Alerts(Section):
    """Figures of the monitor that are told when they pass a bound, and again when they are well within it."""

    hours: PositiveInt = 24
    """How far to look back."""
    refused: Share | None = None
    """The share of the questions that was refused; each of these is watched only where it is given."""
    failed: Share | None = None
    """The share that ended in an error."""
    disliked: Share | None = None
    """The share that was called wrong."""
    new: Share | None = None
    """The share that no case is like."""
    p95_seconds: Annotated[float, Field(gt=0)] | None = None
    """The time within which 95 of 100 questions were answered."""
    usd: Annotated[float, Field(gt=0)] | None = None
    """What all of them cost."""
    support_below: Share | None = None
    """The mean probability that what was found answers the question; told when it is less than this."""


class Webhook(Section):
    """An address that is told of all that happens. If its host is private, `sources.private_hosts` must name it."""

    url: str
    """Where messages are posted."""
    secret_env: str
    """The variable with the secret that messages are signed with, by the convention of Standard Webhooks."""

    @property
    def host(self) -> str:
        """The host that is told."""
        return urlsplit(self.url).hostname or ""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not _is_address(self.url):
            raise ValueError("url: expected https://HOST/PATH without a name or a password in it")
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.secret_env):
            raise ValueError("secret_env: expected the name of a variable, and never the secret itself")
        return self


def _is_address(url: str) -> bool:
    """Say whether something can be posted to a URL, as far as can be told without asking for its host."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        is_whole = bool(host) and parts.port != 0  # of a port that is none it raises, too
    except ValueError:
        return False
    is_plain = parts.username is None and not re.search(r"[\s\x00-\x1f]", url)
    return is_whole and is_plain and parts.scheme in ("http", "https")


def is_private(host: str) -> bool:
    """Say whether a host is written as an address of no public network; a name may have any."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.casefold() == "localhost"


class On(Section):
    """What happens by itself, in `scoville serve` and by `scoville automate --run`."""

    decides = OPERATIONAL
    run_passed: RunPassed | None = None
    """The newest release is served once it was measured, if it passes."""
    feedback: BadFeedback | None = None
    """Answers that people called wrong become cases."""
    drift: Drift | None = None
    """The cases are evaluated when people ask what none of them is like."""
    sample: Sample | None = None
    """Some questions of people are asked again and scored."""
    source_changed: SourceChanged | None = None
    """The sources are followed; where something changed, cases are evaluated."""
    alerts: Alerts | None = None
    """Figures of the monitor are told when they pass a bound."""
    webhook: Webhook | None = None
    """Who is told of all of it."""

    @property
    def events(self) -> list[str]:
        """The keys of what is watched."""
        return [name for name, value in self if value is not None and name != "webhook"]
