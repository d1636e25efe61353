"""Filters over documents: ``document = "handbook/*.pdf" and page >= 3`` → a SQL condition.

Enters: text from a person. Leaves: a condition built only from known columns and escaped literals; anything else is
refused. Knows no index.
"""

import re
from collections.abc import Sequence

from scoville.errors import UsageError

TEXT_COLUMNS = {"document": "source", "title": "title", "type": "media_type"}
NUMBER_COLUMNS = {"page": "page"}
CONDITION = re.compile(
    r"""\s*(?P<field>[\w.-]+)\s*(?P<operator>!=|>=|<=|=|>|<)\s*(?P<value>"[^"]*"|'[^']*'|[^\s"']+)\s*"""
)
SEPARATOR = "\x1f"
JOINT = re.compile(r"and\b", re.IGNORECASE)
HELP = (
    'expected conditions like `document = "handbook/*"`, `title = Handbook`, `type = application/pdf`, `page >= 3` or '
    "`author = Ash` (any metadata key), joined by `and`"
)


def parse_where(filters: Sequence[str]) -> str | None:
    """Turn filters, which must all hold, into one SQL condition; None when there are none.

    Text compares without regard to case, and ``*`` stands for any characters. Raises UsageError with what is valid.
    """
    conditions = [condition for text in filters for condition in _conditions(text)]
    return " AND ".join(conditions) or None


def _conditions(text: str) -> list[str]:
    conditions: list[str] = []
    position = 0
    while True:
        match = CONDITION.match(text, position)
        if not match:
            raise UsageError(f"--where {text!r}: cannot read {text[position:]!r}; {HELP}")
        conditions.append(_condition(match["field"], match["operator"], _unquote(match["value"])))
        position = match.end()
        if position == len(text):
            return conditions
        joint = JOINT.match(text, position)
        if not joint:
            raise UsageError(f"--where {text!r}: cannot read {text[position:]!r}; {HELP}")
        position = joint.end()


def _condition(field: str, operator: str, value: str) -> str:
    column = field.lower()
    if column in NUMBER_COLUMNS:
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise UsageError(f"--where {field}: {value!r} is not a whole number")
        return f"{NUMBER_COLUMNS[column]} {operator} {value}"
    if operator not in ("=", "!="):
        raise UsageError(f"--where {field} {operator}: only = and != compare text, and only `page` is a number")
    negation = "NOT " if operator == "!=" else ""
    if column in TEXT_COLUMNS:
        return f"{negation}lower({TEXT_COLUMNS[column]}) LIKE {_like(value.lower())}"
    # Tags are `key=value`. Any character but the separator stands for any of one value, and of no other.
    pattern = f"(^|{SEPARATOR}){_regular(f'{field}={value}'.lower())}($|{SEPARATOR})"
    return f"{negation}regexp_like(lower(array_to_string(tags, {_literal(SEPARATOR)})), {_literal(pattern)})"


def _like(value: str) -> str:
    escaped = re.sub(r"[%_\\]", r"\\\g<0>", value).replace("*", "%")
    return f"{_literal(escaped)} ESCAPE '\\'"


def _regular(value: str) -> str:
    return re.sub(r"[\\.+?()|\[\]{}^$]", r"\\\g<0>", value).replace("*", f"[^{SEPARATOR}]*")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _unquote(value: str) -> str:
    return value[1:-1] if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1 else value
