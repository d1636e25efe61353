"""Conditions become SQL.

Enters: a condition, and the values that an index holds of each key of metadata. Leaves: SQL of known columns, numbers
and what the dialect makes of values: a literal or a parameter. Comparing metadata is left to ``condition.matches``,
which is asked once for each distinct value; the SQL only looks for the facets that match, which an index can answer.
"""

import re
from collections.abc import Callable, Collection, Sequence
from math import ceil, floor
from typing import Protocol

from scoville.index.condition import And, Compare, Condition, Missing, Not, Or, is_number, key_of, matches, number_of
from scoville.index.rows import LANGUAGE, TYPE

COLUMNS = {"document": "folded_source", "title": "folded_title"}
MOST_PAGES = 2**31 - 2
FACETS = {"type": TYPE, "language": LANGUAGE}


class Dialect(Protocol):
    """How one kind of SQL writes values."""

    def text(self, value: str) -> str:
        """Write a text."""
        ...

    def has_any(self, column: str, values: Sequence[str]) -> str:
        """Say that a list of texts has one of these."""
        ...


def to_sql(condition: Condition, dialect: Dialect, values_of: Callable[[str], Collection[str]]) -> str:
    """Write a condition as SQL that is never NULL; ``values_of`` gives the values of a key of facets."""
    return _Writer(dialect, values_of).write(condition, negated=False)


class _Writer:
    """Writes one condition; a negation is carried down to the comparisons."""

    def __init__(self, dialect: Dialect, values_of: Callable[[str], Collection[str]]) -> None:
        self.dialect = dialect
        self.values_of = values_of

    def write(self, condition: Condition, negated: bool) -> str:
        match condition:
            case Not(part=part):
                return self.write(part, not negated)
            case And(parts=parts) | Or(parts=parts):
                joint = " AND " if isinstance(condition, And) != negated else " OR "
                return f"({joint.join(self.write(part, negated) for part in parts)})"
            case Missing(field=field):
                return self._missing(field, negated)
            case Compare():
                return self._compare(condition, negated)

    def _missing(self, field: str, negated: bool) -> str:
        match field.casefold():
            case "page":
                return f"page IS {'NOT ' if negated else ''}NULL"
            case "document" | "title" as name:
                return f"{COLUMNS[name]} {'!=' if negated else '='} {self.dialect.text('')}"
            case "type" | "language" as name:
                return self._has([f"{FACETS[name]}="], negated)
            case _:
                return self._has([key_of(field)], not negated)

    def _compare(self, compare: Compare, negated: bool) -> str:
        match compare.field.casefold():
            case "page":
                return self._page(compare, negated)
            case "document" | "title" as name:
                return self._text(COLUMNS[name], compare, negated)
            case name:
                key = FACETS.get(name) or key_of(name)
                return self._has([f"{key}={v}" for v in self.values_of(key) if matches(compare, v)], negated)

    def _page(self, compare: Compare, negated: bool) -> str:
        if not is_number(compare.value):
            return _constant(negated)
        value = number_of(compare.value)
        nearest = min(max(value, -1), MOST_PAGES + 1)  # a column of 32 bits takes no larger literal
        if compare.operator == "=" and nearest != int(nearest):
            return _constant(negated)
        whole = ceil(nearest) if compare.operator in ("<", ">=") else floor(nearest)  # pages are whole: > 2.5 is > 2
        condition = f"page {compare.operator} {whole}"
        return f"(page IS NULL OR NOT {condition})" if negated else f"(page IS NOT NULL AND {condition})"

    def _text(self, column: str, compare: Compare, negated: bool) -> str:
        if compare.operator != "=":
            return _constant(negated)
        value = compare.value.casefold()
        if "*" not in value:
            return f"{column} {'!=' if negated else '='} {self.dialect.text(value)}"
        pattern = re.sub(r"[%_\\]", r"\\\g<0>", value).replace("*", "%")
        return f"{column} {'NOT ' if negated else ''}LIKE {self.dialect.text(pattern)} ESCAPE '\\'"

    def _has(self, facets: Sequence[str], negated: bool) -> str:
        if not facets:
            return _constant(negated)
        return f"{'NOT ' if negated else ''}{self.dialect.has_any('facets', facets)}"


def _constant(value: bool) -> str:
    return "(1 = 1)" if value else "(1 = 0)"
