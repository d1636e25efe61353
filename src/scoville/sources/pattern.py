"""Which names an entry of the recipe takes, by its ``include`` and ``exclude`` patterns.

``*`` and ``?`` match within a folder, ``**`` across folders, ``[ab]`` one of several characters. A pattern without a
slash is one of file names anywhere; one that ends with a slash takes everything in that folder.
"""

import re
from collections.abc import Callable
from functools import cache

from scoville.recipe.sources import Entry

MAGIC = re.compile(r"[*?\[]")


def chooser(entry: Entry) -> Callable[[str], bool]:
    """Give the function that says whether a path, relative to its source and with ``/``, is taken."""

    def takes(path: str) -> bool:
        if entry.include and not any(matches(pattern, path) for pattern in entry.include):
            return False
        return not any(matches(pattern, path) for pattern in entry.exclude)

    return takes


def matches(pattern: str, path: str) -> bool:
    """Say whether a path, with ``/`` between its parts, is one of a pattern."""
    if "/" not in pattern:
        path = path.rpartition("/")[2]
    return _compiled(pattern).fullmatch(path) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    pattern = pattern.removeprefix("./") + ("**" if pattern.endswith("/") else "")
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part) or _literal_or_class(part) for part in parts), re.DOTALL)


def _literal_or_class(part: str) -> str:
    if not (part.startswith("[") and part.endswith("]") and len(part) > 2):
        return re.escape(part)
    inner = part[1:-1].replace("\\", r"\\").replace("[", r"\[")
    return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
