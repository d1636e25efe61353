"""A calculator and a calendar: the tools of a plan that are no search.

Enters: texts. Leaves: numbers, dates and amounts with their units. Nothing is evaluated that is not arithmetic.
"""

import ast
import operator
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from scoville.errors import UsageError
from scoville.quantities import TABLE, Quantity

LONGEST = 200
"""Characters of an expression."""
OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
MONTHS = "january february march april may june july august september october november december".split()
_MONTH = rf"(?:{'|'.join(name[:3] for name in MONTHS)})[a-z]{{0,6}}"
DATE = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})\.?,? (?P<year>\d{{4}})\b"
    rf"|\b(?P<month2>{_MONTH})\.? (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year2>\d{{4}})\b"
    r"|\b(?P<year3>\d{4})-(?P<month3>\d\d)-(?P<day3>\d\d)\b",
    re.IGNORECASE,
)
CLOCK = re.compile(r"\b(\d{1,2})(?:[.:](\d\d))? ?([ap])\.?m\b", re.IGNORECASE)
NAMES = {(base, size): spellings.split(",")[0] for base, size, spellings in reversed(TABLE)}
MONEY = {"usd": "$", "gbp": "£", "eur": "€", "jpy": "¥", "inr": "₹"}


class Amount(NamedTuple):
    """A number with its unit."""

    value: Fraction
    """Of base units."""
    base: str
    """Empty for a bare number; ``clock`` for a time of day, in minutes."""
    size: Fraction = Fraction(1)
    """Of the unit that it is written in, in base units."""


def calculate(expression: str) -> Fraction:
    """Work out numbers, ``+ - * /`` and brackets, exactly; UsageError for anything else, and for a division by zero."""
    try:
        if len(expression) > LONGEST:
            raise ValueError("too long")
        return _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError) as error:
        raise UsageError(
            f"cannot calculate {expression[:LONGEST]!r} ({error}): expected numbers, + - * / and brackets"
        ) from None


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        return OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError(f"{type(node).__name__} is no arithmetic")


def amount_of(quantity: Quantity) -> Amount:
    """Give a quantity as an amount; of a range its upper end."""
    size = Fraction(str(quantity.unit.size))
    return Amount(Fraction(str(quantity.high)) * size, quantity.unit.base, size)


def write_amount(amount: Amount) -> str:
    """Write an amount as people do: ``£1,050``, ``6 days``, ``20%``."""
    number = amount.value / amount.size
    whole = number.denominator == 1
    digits = f"{int(number):,}" if whole else f"{float(number):,.2f}"
    if amount.base in MONEY:
        amount = amount._replace(size=Fraction(1))
        digits = f"{int(amount.value):,}" if amount.value.denominator == 1 else f"{float(amount.value):,.2f}"
        return f"{MONEY[amount.base]}{digits}"
    if amount.base in ("", "clock"):
        return digits
    if amount.base == "percent":
        return f"{digits}%"
    name = NAMES.get((amount.base, float(amount.size)), amount.base)
    return f"{digits} {name}{'s' * (number != 1)}"


def find_date(text: str) -> date | None:
    """Give the first date of a text with day, month and year; None where there is none."""
    for match in DATE.finditer(text):
        parts = {name.rstrip("23"): part for name, part in match.groupdict().items() if part}
        month = parts["month"]
        number = int(month) if month.isdigit() else [name[:3] for name in MONTHS].index(month[:3].lower()) + 1
        try:
            return date(int(parts["year"]), number, int(parts["day"]))
        except ValueError:
            continue
    return None


def find_clock(text: str) -> Amount | None:
    """Give the first time of day of a text, in minutes after midnight."""
    match = CLOCK.search(text)
    if not match or int(match[1]) > 12:
        return None
    return Amount(Fraction((int(match[1]) % 12 + 12 * (match[3].lower() == "p")) * 60 + int(match[2] or 0)), "clock")


def shift(start: date, amount: Amount, sign: int) -> date | None:
    """Go so many days, working days (Monday to Friday), months or years on, or with ``sign`` -1 back.

    None where the unit is no time, or where that leads out of the calendar.
    """
    try:
        match amount.base:
            case "second" if (days := amount.value / 86_400).denominator == 1:
                return start + timedelta(days=sign * int(days))
            case "working day":
                for _ in range(min(int(amount.value), 10_000)):
                    start += timedelta(days=sign)
                    while start.weekday() > 4:
                        start += timedelta(days=sign)
                return start
            case "month":
                months = start.year * 12 + start.month - 1 + sign * int(amount.value)
                year, month = divmod(months, 12)
                return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
            case _:
                return None
    except (OverflowError, ValueError):
        return None


def years_between(start: date, end: date) -> int:
    """Give the whole years from a date to another: an age."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def write_date(day: date) -> str:
    """Write a date: ``3 July 2026``."""
    return f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"
