"""Secrets: read from the environment where they are used, and taken out of whatever is said.

Enters: a text of the recipe with ``${NAME}`` in it. Leaves: the text with the values, and texts without them.
"""

import os
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from scoville.errors import SourceError
from scoville.recipe.sources import VARIABLE

USER = re.compile(r"(?<=://)[^/?#@]*@")
CONTAINER = re.compile(r"(?:abfss?|wasbs?|az|adl)://[^/?#@:]*@")
"""Of Azure: what stands where others have a user is part of the place, and no secret."""
HIDDEN = "***"


def expand(text: str) -> str:
    """Put the values of the environment's variables in; SourceError names one that is not set."""

    def value(found: re.Match[str]) -> str:
        try:
            return os.environ[found[1]]
        except KeyError:
            raise SourceError(f"the environment variable {found[1]} is not set, and the recipe reads it") from None

    return VARIABLE.sub(value, text)


def expand_url(url: str) -> str:
    """Put the values of the environment's variables into a URL, escaped where they are its user, password or query."""
    user = USER.search(url)
    begin, end = user.end() if user else 0, url.find("?")
    end = len(url) if end < begin else end

    def escaped(part: str) -> str:
        return VARIABLE.sub(lambda found: quote(expand(found[0]), safe=""), part)

    return escaped(url[:begin]) + expand(url[begin:end]) + escaped(url[end:])


def without_user(url: str) -> str:
    """Give a URL without user, password and what follows ``?`` or ``#``: the form that is stored and said."""
    place = url if CONTAINER.match(url) else USER.sub("", url)
    return re.split(r"[?#]", place, maxsplit=1)[0]


def scrub(message: object, texts: Iterable[str]) -> str:
    """Take the secrets that ``texts`` of the recipe name, and those of URLs, out of a message; one line."""
    said = " ".join(str(message).split())
    names = {found for text in texts for found in VARIABLE.findall(text)}
    for name in names:
        secret = os.environ.get(name, "")
        for form in {secret, unquote(secret), quote(secret, safe="")} - {""}:
            said = said.replace(form, HIDDEN)
    return re.sub(r"(?<=://)[^/?#@\s]*@", f"{HIDDEN}@", said)[:300]
