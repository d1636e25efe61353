"""Filters as people write them: ``year >= 2023 and department in ("HR", "Legal")`` → a condition.

Enters: text from a person. Leaves: a condition; anything else is refused with the place where it stops to be one.
Knows no index.

    filter     = either ("or" either)*
    either     = part ("and" part)*
    part       = "not" part | "(" filter ")" | comparison
    comparison = field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "like") value
               | field ["not"] "in" "(" value ("," value)* ")"
               | field "is" ["not"] "missing"
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from scoville.errors import UsageError
from scoville.index.condition import (
    And,
    Compare,
    Condition,
    Missing,
    Not,
    Operator,
    Or,
    fields_of,
    is_date,
    is_number,
    key_of,
)

MAX_CHARACTERS = 10_000
MAX_DEPTH = 20
SPACE = re.compile(r"\s*")
FIELD = re.compile(r"[^\W\d][\w.-]*|`[^`]+`")
OPERATOR = re.compile(r"!=|>=|<=|=|>|<|(?:like|in|is|not)\b", re.IGNORECASE)
QUOTED = r""""(?:[^"]|"")*"|'(?:[^']|'')*'"""
BARE = r"""[^\s"'()]+(?:\([^\s"'()]*\)[^\s"'()]*)*"""
VALUE = re.compile(f"{QUOTED}|{BARE}")
LISTED = re.compile(f"{QUOTED}|{BARE.replace('()]', '(),]')}")
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
HELP = (
    'expected conditions like `document = "handbook/*"`, `type = application/pdf`, `page >= 3`, `year < 2024` or '
    '`department in ("HR", "Legal")` (any metadata key), `author is missing`, joined by `and`, `or`, `not` and '
    "parentheses"
)


def parse_where(filters: Sequence[str]) -> Condition | None:
    """Read filters, which must all hold; None when there are none. Raises UsageError with the place and what is valid.

    What a condition means is said in ``scoville.index.condition``.
    """
    conditions = tuple(_Parser(text).read() for text in filters)
    return conditions[0] if len(conditions) == 1 else And(parts=conditions) if conditions else None


def check_fields(condition: Condition, known: Collection[str]) -> None:
    """Raise UsageError for a field that no passage has; ``known`` are the keys of metadata that they have."""
    own = ("document", "title", "type", "language", "page")
    unknown = sorted(name for name in fields_of(condition) if key_of(name) not in {*own, *known})
    if unknown:
        fields = ", ".join(dict.fromkeys([*own, *sorted(known)]))
        raise UsageError(f"--where: no document has the field {unknown[0]!r}; fields: {fields}")


class _Parser:
    """Reads one filter from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def read(self) -> Condition:
        if len(self.text) > MAX_CHARACTERS:
            raise UsageError(f"--where: {len(self.text):,} characters, over {MAX_CHARACTERS:,}: {self.text[:40]!r}…")
        condition = self._or()
        if self.position < len(self.text):
            self._refuse("`and`, `or` or the end")
        return condition

    def _or(self) -> Condition:
        return self._joined("or", self._and, lambda parts: Or(parts=parts))

    def _and(self) -> Condition:
        return self._joined("and", self._part, lambda parts: And(parts=parts))

    def _joined(
        self, word: str, read: Callable[[], Condition], join: Callable[[tuple[Condition, ...]], Condition]
    ) -> Condition:
        parts = [read()]
        while self._word(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _part(self) -> Condition:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._refuse(f"at most {MAX_DEPTH} parentheses and `not` inside each other")
        if self._word("not"):
            part: Condition = Not(part=self._part())
        elif self._sign("("):
            part = self._or()
            if not self._sign(")"):
                self._refuse("`and`, `or` or `)`")
        else:
            part = self._comparison()
        self.depth -= 1
        return part

    def _comparison(self) -> Condition:
        field = self._match(FIELD, "a field").strip("`")
        operator = self._match(OPERATOR, "=, !=, <, <=, >, >=, like, in or is").lower()
        match operator:
            case "is":
                negated = self._word("not")
                if not self._word("missing"):
                    self._refuse("`missing`")
                missing = Missing(field=field)
                return Not(part=missing) if negated else missing
            case "in":
                return self._in(field)
            case "not":
                if not self._word("in"):
                    self._refuse("`in`")
                return Not(part=self._in(field))
            case "!=":
                return Not(part=self._compare(field, "=", VALUE))
            case "like":
                return self._compare(field, "=", VALUE)
            case "=" | "<" | "<=" | ">" | ">=":
                return self._compare(field, operator, VALUE)
            case _:
                raise AssertionError(operator)

    def _in(self, field: str) -> Condition:
        if not self._sign("("):
            self._refuse("`(`")
        parts = [self._compare(field, "=", LISTED)]
        while self._sign(","):
            parts.append(self._compare(field, "=", LISTED))
        if not self._sign(")"):
            self._refuse("`,` or `)`")
        return Or(parts=tuple(parts))

    def _compare(self, field: str, operator: Operator, pattern: re.Pattern[str]) -> Condition:
        start = self._skip()
        written = self._match(pattern, "a value")
        quote = written[0] if written[0] in "\"'" else ""
        value = written[1:-1].replace(quote * 2, quote) if quote else written
        name = field.casefold()
        if name == "page" and not WHOLE_NUMBER.fullmatch(value):
            self._refuse("a whole number", start)
        if operator != "=" and name in ("document", "title", "type", "language"):
            self._refuse(f"=, !=, like or in: {name} is text", start)
        if operator != "=" and not (is_number(value) or is_date(value)):
            self._refuse("a number or a date like 2024-01-31: only these compare by size", start)
        return Compare(field=field, operator=operator, value=value, exact=bool(quote))

    def _match(self, pattern: re.Pattern[str], expected: str) -> str:
        match = pattern.match(self.text, self._skip())
        if not match:
            self._refuse(expected)
        self.position = match.end()
        self._skip()
        return match[0]

    def _word(self, word: str) -> bool:
        match = re.compile(rf"{word}\b(?![.-])", re.IGNORECASE).match(self.text, self._skip())
        return self._accept(match)

    def _sign(self, sign: str) -> bool:
        return self._accept(re.compile(re.escape(sign)).match(self.text, self._skip()))

    def _accept(self, match: re.Match[str] | None) -> bool:
        if match:
            self.position = match.end()
            self._skip()
        return match is not None

    def _skip(self) -> int:
        """Go over white space; gives the position."""
        match = SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return self.position

    def _refuse(self, expected: str, position: int | None = None) -> NoReturn:
        place = self.position if position is None else position
        got = repr(self.text[place : place + 40]) if place < len(self.text) else "the end"
        raise UsageError(f"--where {self.text!r}: at character {place + 1}: expected {expected}, got {got}; {HELP}")
