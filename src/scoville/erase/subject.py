"""What is to be forgotten, in a form in which it can be found again everywhere without being written down once more.

Enters: the passages of documents, or the name of a person. Leaves: a :class:`Subject` that tells whether a text is of
it, and gives the text without it. Of a document it holds names and hashes of runs of words, no text. Knows no files.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from scoville.errors import UsageError
from scoville.sentences import sentences

MARK = "[forgotten]"
RUN = 6
"""So many words in a row that stand in no other document are text of this one."""
SHORTEST = 3
"""A whole sentence of so many words counts, too."""
CODE = 5
"""A word of so many characters with a digit in it, such as a number or a key, counts alone."""
WORD = re.compile(r"\w+")
ID = re.compile(r"[0-9a-f]{32,64}")
HITS = frozenset({"passages", "ranking", "hits"})
"""Lists of what was found: one entry less leaves the rest true. Whatever else loses a part is gone as a whole."""

Kind = Literal["document", "person"]


class _Gone:
    """Stands for a value of which nothing is left."""


GONE = _Gone()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Documents, or a person."""

    kind: Kind
    names: tuple[str, ...] = ()
    """Of documents: as the index names them."""
    tails: frozenset[str] = frozenset()
    """Ends of their names that no other document has: cases may call them so."""
    ids: frozenset[str] = frozenset()
    """Of documents and of their passages."""
    runs: frozenset[str] = frozenset()
    """Hashes of runs of words that no other document has."""
    starts: frozenset[str] = frozenset()
    """Hashes of the words that they begin with: few texts need a second look."""
    pattern: str = ""
    """A regular expression that a person's name is found by."""

    def touches(self, text: str) -> bool:
        """Say whether a text is of it, or names it."""
        if (inner := _inner(text)) is not None:
            return any(map(self.touches, _strings(inner)))
        if self.kind == "person":
            return bool(self._person.search(text))
        if text in self.tails or (self._named and self._named.search(text)):
            return True
        return any(found[0] in self.ids for found in ID.finditer(text)) or self.quotes(text)

    def quotes(self, text: str) -> bool:
        """Say whether a text holds words of it: a name alone does not count."""
        if self.kind == "person":
            return bool(self._person.search(text))
        words = WORD.findall(text.casefold())
        hashed = self._hashes
        for start, word in enumerate(words):
            known = hashed.get(word)
            if known is None:
                known = hashed[word] = _hash([word]) in self.starts
            if known and any(
                _hash(words[start : start + size]) in self.runs for size in (1, *range(SHORTEST, RUN + 1))
            ):
                return True
        return False

    def without(self, text: str) -> str:
        """Give a text without it: a person is blotted out, a text of a document is a mark."""
        if (inner := _inner(text)) is not None:
            return json.dumps(self.blotted(inner), ensure_ascii=False) if self.touches(text) else text
        if self.kind == "person":
            return self._person.sub(MARK, text)
        return MARK if self.touches(text) else text

    def around(self, text: str, characters: int) -> str:
        """Give the part of a text around its first mention of a person."""
        found = self._person.search(text)
        middle = found.start() if found else 0
        start = max(0, middle - characters // 2)
        return " ".join(text[start : start + characters].split())

    def blotted(self, value: Any) -> Any:
        """Give JSON with marks in the place of texts."""
        return _mapped(value, self.without)

    def pruned(self, value: Any) -> Any:
        """Give JSON without what is of it; ``GONE`` where that is all of it."""
        if self.kind == "person":
            return self.blotted(value)
        if isinstance(value, str):
            return GONE if self.touches(value) else value
        if isinstance(value, Mapping):
            kept = {key: self._within(key, one) for key, one in value.items()}
            return GONE if GONE in kept.values() else kept
        if isinstance(value, list):
            kept = [self.pruned(one) for one in value]
            return GONE if GONE in kept else kept
        return value

    def _within(self, key: str, value: Any) -> Any:
        if key in HITS and isinstance(value, list):
            return [kept for one in value if (kept := self.pruned(one)) is not GONE]
        return self.pruned(value)

    def as_json(self) -> dict[str, Any]:
        """Give it for the journal of a forgetting under way."""
        return {name: sorted(one) if isinstance(one, frozenset) else one for name, one in asdict(self).items()}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> "Subject":
        """Give what a journal holds."""
        sets = {name: frozenset(value[name]) for name in ("tails", "ids", "runs", "starts")}
        return cls(kind=value["kind"], names=tuple(value["names"]), pattern=value["pattern"], **sets)

    @cached_property
    def _person(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    @cached_property
    def _named(self) -> re.Pattern[str] | None:
        names = "|".join(re.escape(name) for name in self.names if _tells(name))
        return re.compile(rf"(?<![\w./-])(?:{names})(?![\w-]|[./]\w)") if names else None

    @cached_property
    def _hashes(self) -> dict[str, bool]:
        """Whether a word is among the starts: most words are asked about often."""
        return {}


def documents_subject(
    *, names: Iterable[str], ids: Iterable[str], texts: Iterable[str], others: Iterable[str], other_names: Iterable[str]
) -> Subject:
    """Make a subject of documents. ``texts`` are theirs, ``others`` those of all other documents."""
    runs: dict[str, str] = {}
    for text in texts:
        for words in _telling(text):
            runs[_hash(words)] = words[0]
    starts = set(runs.values())
    for text in others:
        words = WORD.findall(text.casefold())
        for start, word in enumerate(words):
            if word in starts:
                for size in (1, *range(SHORTEST, RUN + 1)):
                    runs.pop(_hash(words[start : start + size]), None)
    own = tuple(sorted(set(names)))
    taken = {tail for name in other_names for tail in _tails(name)}
    return Subject(
        kind="document", names=own, ids=frozenset(ids), runs=frozenset(runs),
        tails=frozenset(tail for name in own for tail in _tails(name) if _tells(tail)) - taken,
        starts=frozenset(_hash([word]) for word in runs.values()),
    )  # fmt: skip


def person_subject(name: str) -> Subject:
    """Make a subject of a name, an address or a number, in any spelling of blanks and signs between its words and with
    the last word first; or of ``/a regular expression/``. UsageError for one that any text would match.
    """
    pattern = name[1:-1] if len(name) > 2 and name[0] == name[-1] == "/" else _spellings(name)
    try:
        matches_anything = re.compile(pattern).search("") is not None
    except re.error as error:
        raise UsageError(f"{name!r} is no regular expression: {error}") from None
    if matches_anything:
        raise UsageError(f"{name!r}: expected a name, an address or a number; this is in every text")
    return Subject(kind="person", pattern=pattern)


def _spellings(name: str) -> str:
    words = [re.escape(word) for word in WORD.findall(name)]
    orders = {tuple(words), (*words[-1:], *words[:-1])}
    between = r"(?:[\W_]|<\/?\w[^<>]{0,200}>)+"  # also tags of a page
    spelled = "|".join(between.join(order) for order in sorted(orders))
    return rf"(?<![^\W_])(?:{spelled})(?![^\W_])"


def _telling(text: str) -> Iterator[Sequence[str]]:
    """Give the runs of words by which a text is told from others."""
    words = WORD.findall(text.casefold())
    yield from (words[start : start + RUN] for start in range(len(words) - RUN + 1))
    yield from ([word] for word in words if _is_code(word))
    for sentence in sentences(text):
        short = WORD.findall(sentence.text.casefold())
        if SHORTEST <= len(short) < RUN:
            yield short


def _is_code(word: str) -> bool:
    if any(letter >= "\u2e80" for letter in word):  # Chinese and Japanese have no blanks: a run is a clause
        return len(word) >= RUN
    return len(word) >= CODE and any(map(str.isdigit, word))


def _tails(name: str) -> Collection[str]:
    parts = name.split("/")
    return {"/".join(parts[start:]) for start in range(len(parts))}


def _tells(name: str) -> bool:
    """Say whether a name is more than a word that any text may have."""
    return "." in name or "/" in name


def _hash(words: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(words).encode(errors="replace"), digest_size=8).hexdigest()


def _inner(text: str) -> Any:
    """Give the JSON that a text is, as a column or an attribute holds it; None where it is none."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from (key, *_strings(one))
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(key): _mapped(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_mapped(one, change) for one in value]
    return value
