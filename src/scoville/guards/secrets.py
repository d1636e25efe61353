"""Keys, tokens and passwords in a text, known by the forms that their issuers give them.

What only looks random is not enough: a lone word of digits and letters is a part number as often as a password. So a
value without a form of its own counts only behind a name such as `api_key =`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from scoville.embed import Embedder
from scoville.guards.guard import Span, apart

_KEY = r"[A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
_NAME = (
    r"(?:api[_ -]?key|access[_ -]?key|secret(?:[_ -]?(?:access[_ -]?)?key)?|client[_ -]?secret|auth[_ -]?token|bearer|"
    r"pass(?:word|wd|phrase)|pwd)s?"
)
_VALUE = r"(?P<value>(?=[^\s\"'`]*\d)(?=[^\s\"'`]*[A-Za-z])[^\s\"'`,;<>{}]{8,})"
_FORMS: Mapping[str, str] = {
    "a private key": rf"-----BEGIN (?:[A-Z ]*\Z|{_KEY}[\s\S]*?(?:-----END {_KEY}|\Z))",  # one that is begun, too
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})",
    "a GitLab token": r"\bglpat-[\w-]{20,}",
    "an API key": r"\bsk-(?:proj-|ant-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,}|\b(?:hf|r8|gsk)_[A-Za-z0-9]{30,}"
    r"|\bAIza[\w-]{35}|\bSG\.[\w-]{22}\.[\w-]{43}|\b(?:npm_|dop_v1_|pypi-)[A-Za-z0-9_-]{36,}",
    "a payment key": r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "a chat token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|https://hooks\.slack\.com/services/T\w+/B\w+/\w+",
    "a signed token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a password in an address": r"(?<=://)[^\s/:@]{1,64}:[^\s/:@]{1,128}(?=@)",
    "a password": rf"(?i:(?<![A-Za-z]){_NAME}[\"']?\s*(?:(?:is|was)\s*)?[:=]{{1,2}}>?\s*"
    rf"|\bauthorization: (?:bearer|basic) )[\"'`]?{_VALUE}",
}
_COMPILED = {what: re.compile(form) for what, form in _FORMS.items()}


def secrets(text: str) -> Iterator[Span]:
    """Give the spans of a text that let somebody in."""
    for what, form in _COMPILED.items():
        for match in form.finditer(text):
            yield Span(*match.span("value" if "value" in match.groupdict() else 0), what)


class Secrets:
    """Finds keys and passwords."""

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give the keys themselves, not their names."""
        return [apart(list(secrets(text))) for text in texts]


def open_secrets(name: str, embedder: Embedder) -> Secrets:
    """Open ``guards.answer: [secrets]``."""
    return Secrets()
