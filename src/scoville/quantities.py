"""Quantities: numbers with their units, so that ``two weeks`` is ``14 days`` and ``1.2k USD`` is ``$1,200``.

Enters: a text. Leaves: what it counts and measures. Knows English units and scales; numbers may be written in English
words or digits, with decimal points or unmistakable decimal commas (``1.200,50``, and ``1.200`` of money). Months are
known in nine languages, dates and myriads of Chinese and Japanese. A calendar month is no number of
days, and a working day is no day. A date is one quantity, however it is written; of ``3/5/2023``, which is two dates,
only the numbers are read. Exchange rates are not known.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from math import isclose
from typing import NamedTuple

from scoville.sentences import in_digits
from scoville.words import SPACELESS, SPACELESS_CHARACTER, fold, strip_citations

TABLE: tuple[tuple[str, float, str], ...] = (
    ("second", 0.001, "millisecond,ms"), ("second", 1, "second,sec"), ("second", 60, "minute,min"),
    ("second", 3600, "hour,hr,h"), ("second", 86400, "day,calendar day"), ("second", 604800, "week,wk"),
    ("second", 1209600, "fortnight"), ("working day", 1, "working day,business day,workday"),
    ("month", 1, "month,calendar month"), ("month", 3, "quarter"), ("month", 12, "year,yr,calendar year"),
    ("month", 120, "decade"),
    ("usd", 1, "$,usd,us$,dollar,us dollar"), ("usd", 0.01, "cent"), ("gbp", 1, "£,gbp,pound"), ("gbp", 0.01, "pence"),
    ("eur", 1, "€,eur,euro"), ("jpy", 1, "¥,jpy,yen"), ("inr", 1, "₹,inr,rupee"), ("chf", 1, "chf,swiss franc"),
    ("cny", 1, "cny,rmb,yuan"),
    ("percent", 1, "%,percent,per cent,percentage point"), ("percent", 0.01, "bps,basis point"),
    ("gram", 0.001, "mg,milligram"), ("gram", 1, "g,gram"), ("gram", 1000, "kg,kilo,kilogram"),
    ("gram", 1e6, "t,tonne"), ("gram", 28.349523125, "oz,ounce"), ("gram", 453.59237, "lb"),
    ("metre", 0.001, "mm,millimetre,millimeter"), ("metre", 0.01, "cm,centimetre,centimeter"),
    ("metre", 1, "m,metre,meter"), ("metre", 1000, "km,kilometre,kilometer"), ("metre", 0.0254, "inch,inche"),
    ("metre", 0.3048, "ft,foot,feet"), ("metre", 0.9144, "yd,yard"), ("metre", 1609.344, "mi,mile"),
    ("square metre", 1, "m2,square metre,square meter"), ("square metre", 0.09290304, "sq ft,square foot,square feet"),
    ("litre", 0.001, "ml,millilitre,milliliter"), ("litre", 1, "l,litre,liter"),
    ("celsius", 1, "°c,degrees celsius"), ("fahrenheit", 1, "°f,degrees fahrenheit"),
    ("watt hour", 1, "wh"), ("watt hour", 1000, "kwh"),
    ("byte", 1, "byte"), ("byte", 1e3, "kb,kilobyte"), ("byte", 1e6, "mb,megabyte"), ("byte", 1e9, "gb,gigabyte"),
    ("byte", 1e12, "tb,terabyte"),
)  # fmt: skip
"""Base unit, how many of it, spellings."""
SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9,
    "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
OF_MONEY = frozenset({"m", "b"})
"""``$5m`` is five million dollars, ``5 m`` are five metres."""


class Unit(NamedTuple):
    """A unit of measure."""

    base: str
    """What it converts to; empty for a bare number."""
    size: float = 1.0
    """How many of those."""


class Quantity(NamedTuple):
    """A number with its unit, or a range of them."""

    low: float
    high: float
    """The same as ``low`` unless it is a range."""
    unit: Unit


class Placed(NamedTuple):
    """A quantity, and where it stands in the plain text."""

    start: int
    end: int
    quantity: Quantity


BARE = Unit("")
DATE = Unit("date")
UNITS = {
    spelling + ending: Unit(base, size)
    for base, size, spellings in TABLE
    for spelling in spellings.split(",")
    for ending in ("", "s")
}
MONEY = {name: unit for name, unit in UNITS.items() if unit.base in ("usd", "gbp", "eur", "jpy", "inr", "chf", "cny")}


def _any(names: "list[str] | dict[str, Unit] | dict[str, float]") -> str:
    longest_first = sorted(names, key=len, reverse=True)
    return "|".join(re.escape(name).replace(r"\ ", r"\s") for name in longest_first)


_NUMBER = (
    r"\d{1,3}(?:\.\d{3})+,\d{1,2}(?!\d)|\d{1,3}(?:\.\d{3}){2,}(?!\d)"  # 1.200,50 and 1.200.000
    r"|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
)
_DECIMAL_COMMA = r"\d+,\d{1,2}(?![\d,])"
QUANTITY = re.compile(
    rf"(?:(?<![\w)\]%])(?P<minus>-))?(?:(?P<money>(?<![^\W\d_])(?:{_any(MONEY)}))\s?|(?<![\w.]))"
    rf"(?P<number>{_DECIMAL_COMMA}|{_NUMBER})"
    rf"(?:\s?(?P<scale>{_any(SCALES)})(?![^\W\d_]))?"
    rf"(?:[\s-]?(?P<unit>{_any(UNITS)})(?![^\W\d_]))?"
    r"(?:st|nd|rd|th)?(?![^\W_])"
)
BETWEEN = re.compile(r"\s*(?:-|to|until|and)\s*")
"""What stands between the ends of a range; ``and`` only after ``between``."""
FRACTION = re.compile(r"(\d*)\s?([¼-¾⅐-⅞])")
THIN_SPACE = re.compile(r"(?<=\d)[\u00a0\u202f\u2009'’](?=\d{3}(?!\d))")
"""Between thousands, as in French and Swiss print."""
MONTHS = "january february march april may june july august september october november december".split()
MONTHS_ABROAD = (
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
)
MONTH_NUMBERS = {
    name: number
    for names in (MONTHS, [name[:3] for name in MONTHS], *map(str.split, MONTHS_ABROAD))
    for number, name in enumerate(names, start=1)
}
_MONTH = "(?P<month{0}>" + "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True)) + ")\\.?"
WRITTEN_DATE = re.compile(
    rf"\b(?P<day1>\d{{1,2}})(?:st|nd|rd|th|er|º)?\.?(?:\s+(?:of|de))?\s+{_MONTH.format(1)},?\s+(?:del?\s+)?(?P<year1>\d{{4}})\b"
    rf"|\b{_MONTH.format(2)}\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year2>\d{{4}})\b",
    re.IGNORECASE,
)
"""``5 March 2023``, ``March 5th, 2023``, ``5 de marzo de 2023``."""
EASTERN_DATE = re.compile(r"(?<!\d)(\d{4})年\s?(\d{1,2})月\s?(\d{1,2})日")
MYRIADS = re.compile(r"(\d+(?:\.\d+)?)([万萬億亿])")
MYRIAD = {"万": 10_000, "萬": 10_000, "億": 100_000_000, "亿": 100_000_000}
BESIDE_DIGITS = re.compile(rf"(?<=[{SPACELESS}])(?=\d)|(?<=\d)(?=[{SPACELESS}])")
"""Where Chinese and Japanese put no space."""
ISO_DATE = re.compile(r"(?<![\w-])(?!0000)(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])")
ONE = re.compile(rf"\bone(?=[\s-](?:{_any(UNITS)})\b)")


def quantities(text: str) -> list[Quantity]:
    """Give the quantities of a text in their order; numbers within words and codes (``P11D``) are none."""
    return [one.quantity for one in placed(plain(text))]


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Write a text as `placed` reads it: folded, numbers in digits, dates as ``2023-03-05``."""
    bare = THIN_SPACE.sub("", FRACTION.sub(_decimal, strip_citations(text)))
    if SPACELESS_CHARACTER.search(bare):
        bare = MYRIADS.sub(lambda at: f"{float(at[1]) * MYRIAD[at[2]]:.0f}", EASTERN_DATE.sub(_eastern, bare))
        bare = BESIDE_DIGITS.sub(" ", bare)
    return WRITTEN_DATE.sub(_iso, in_digits(ONE.sub("1", fold(bare))))


def without_dates(text: str) -> str:
    """Leave dates out of a text as it was written."""
    return ISO_DATE.sub(" ", WRITTEN_DATE.sub(" ", EASTERN_DATE.sub(" ", text)))


def placed(text: str) -> list[Placed]:
    """Give the quantities of a plain text, and where they stand."""
    found = [Placed(at.start(), at.end(), _date(at)) for at in ISO_DATE.finditer(text)]
    rest = ISO_DATE.sub(lambda at: " " * len(at[0]), text)
    end = 0
    numbers: list[Placed] = []
    for match in QUANTITY.finditer(rest):
        one = _quantity(match)
        gap = BETWEEN.fullmatch(rest, end, match.start())
        if gap and numbers and (gap.group().strip() != "and" or "between" in rest[max(0, end - 30) : end]):
            joined = _range(numbers[-1].quantity, one)
            if joined:
                numbers[-1], end = Placed(numbers[-1].start, match.end(), joined), match.end()
                continue
        numbers.append(Placed(match.start(), match.end(), one))
        end = match.end()
    return sorted([*found, *numbers])


def same_quantity(one: Quantity, other: Quantity) -> bool:
    """Say whether two quantities are the same; one without a unit is compared by its number as written."""
    sizes = (1.0, 1.0) if BARE in (one.unit, other.unit) else (one.unit.size, other.unit.size)
    return (BARE in (one.unit, other.unit) or one.unit.base == other.unit.base) and all(
        isclose(a * sizes[0], b * sizes[1], rel_tol=1e-7) for a, b in ((one.low, other.low), (one.high, other.high))
    )


def numeric_match(answer: str, expected: str) -> float | None:
    """Give 1 when each quantity of the expected text is said, else 0; None when it has none.

    A range is said as such, or by both of its ends.
    """
    wanted, said = quantities(expected), quantities(answer)
    if not wanted:
        return None
    return float(all(_said(one, said) for one in wanted))


def final_number(text: str) -> float | None:
    """Give the number behind ``####``, else the last one, as GSM8K is scored (Cobbe et al., 2021)."""
    found = quantities(text.rpartition("####")[2])
    return found[-1].high if found else None


def _said(wanted: Quantity, said: list[Quantity]) -> bool:
    def is_said(one: Quantity) -> bool:
        return any(same_quantity(one, other) for other in said)

    if is_said(wanted) or wanted.low == wanted.high:
        return is_said(wanted)
    return all(is_said(Quantity(end, end, wanted.unit)) for end in (wanted.low, wanted.high))


def _quantity(match: re.Match[str]) -> Quantity:
    number, scale, name = match["number"], match["scale"] or "", match["unit"]
    unit = UNITS[_spaced(match["money"])] if match["money"] else UNITS[_spaced(name)] if name else BARE
    if scale in OF_MONEY and unit not in MONEY.values():
        unit, scale = (UNITS["m"] if scale == "m" else unit), ""
    if re.fullmatch(rf"{_DECIMAL_COMMA}|\d+(?:\.\d{{3}})+,\d+", number):
        number = number.replace(".", "").replace(",", ".")
    elif number.count(".") > 1 or (unit in MONEY.values() and re.fullmatch(r"\d{1,3}\.\d{3}", number)):
        number = number.replace(".", "")
    value = float(number.replace(",", "")) * SCALES.get(scale, 1.0) * (-1 if match["minus"] else 1)
    return Quantity(value, value, unit)


def _iso(match: re.Match[str]) -> str:
    which = "1" if match["day1"] else "2"
    month = MONTH_NUMBERS[match[f"month{which}"].casefold()]
    return f"{match[f'year{which}']}-{month:02}-{int(match[f'day{which}']):02}"


def _eastern(match: re.Match[str]) -> str:
    year, month, day = map(int, match.groups())
    return f" {year}-{month:02}-{day:02} "


def _date(match: re.Match[str]) -> Quantity:
    year, month, day = map(int, match.groups())
    value = float(date(year, month, 1).toordinal() + day - 1)
    return Quantity(value, value, DATE)


def _spaced(name: str) -> str:
    return re.sub(r"\s", " ", name)


def _range(low: Quantity, high: Quantity) -> Quantity | None:
    """Join two quantities to a range, when they can be one: ``5-10 days``, not ``2023-24``."""
    unit = low.unit if low.unit.base else high.unit
    if low.low != low.high or (high.unit.base and high.unit.base != unit.base):
        return None
    first, last = low.low * unit.size, high.high * (high.unit if high.unit.base else unit).size
    return Quantity(low.low, last / unit.size, unit) if first < last else None


def _decimal(match: re.Match[str]) -> str:
    return f"{int(match[1] or 0) + unicodedata.numeric(match[2]):.6g}"
