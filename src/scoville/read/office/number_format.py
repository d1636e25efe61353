"""A spreadsheet's number and its format code in, what people see out.

Dates and times come out in ISO 8601, since the code of a date often only says "as is usual here". Colours, fill
characters and conditions are ignored; fractions come out as decimals.
"""

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "yyyy-mm-dd",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
}  # fmt: skip
"""The format codes that files name by number only."""
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|(\[h+\]|\[m+\]|\[s+\])|\[[^\]]*\]|(.)', re.DOTALL)
_DIGITS = frozenset("0#?.,")
_LONGEST_CODE = 255


class _Section(NamedTuple):
    before: str
    after: str
    digits: str
    """The part of ``0 # ? . ,``; empty when the section shows no number."""
    percents: int
    scientific: bool
    dates: str
    """The letters y m d h s that it has, ``e`` for an elapsed time; empty for numbers."""


def shown(value: float, code: str, *, from_1904: bool = False) -> str:
    """Write a number by its format code; an empty code, ``General`` and codes that make no sense write it plainly."""
    sections = _sections(code[:_LONGEST_CODE])
    section = sections[0]
    if section.dates:
        return _date(value, section.dates, from_1904=from_1904) or plain(value)
    if len(sections) > 1 and value < 0:
        section, value = sections[1], -value
    elif len(sections) > 2 and not value:
        section = sections[2]
    if not section.digits:
        return section.before or plain(value)
    try:
        return _number(Decimal(repr(value)), section)
    except (InvalidOperation, OverflowError):
        return plain(value)


def plain(value: float) -> str:
    """Write a number with at most 15 digits, as spreadsheets keep them."""
    return f"{value:.15g}" if abs(value) < 1e15 or value != value // 1 else f"{value:.0f}"[:30]


@lru_cache(maxsize=1000)
def _sections(code: str) -> tuple[_Section, ...]:
    sections: list[list[tuple[str, str]]] = [[]]
    for quoted, escaped, currency, elapsed, other in _TOKEN.findall(code):
        if other == ";":
            sections.append([])
        elif elapsed:
            sections[-1].append(("elapsed", elapsed))
        elif other:
            sections[-1].append(("code", other))
        elif literal := quoted or escaped or currency:
            sections[-1].append(("literal", literal))
    return tuple(map(_section, sections[:3]))


def _section(tokens: list[tuple[str, str]]) -> _Section:
    codes = "".join(text for kind, text in tokens if kind == "code")
    if not re.search("[0#?]", codes) or re.search("[ydhs]", codes):
        letters = "".join(sorted({letter for letter in codes.lower() if letter in "ymdhs"}))
        if any(kind == "elapsed" for kind, _ in tokens):
            letters += "e"
        if letters and "general" not in codes.lower():
            return _Section("", "", "", 0, False, letters)
    before = after = digits = ""
    scientific = False
    for kind, text in tokens:
        if kind == "code" and text in _DIGITS and not scientific and not after.strip():
            digits += text
        elif kind == "code" and text in "Ee" and digits:
            scientific = True
        elif scientific and kind == "code" and text in "0#?+-":
            continue
        elif kind == "literal" or text not in "#0?@":
            before, after = (before, after + text) if digits else (before + text, after)
    if "/" in codes or "general" in codes.lower():  # a fraction
        return _Section("", "", "", 0, False, "")
    return _Section(before, after, digits, codes.count("%"), scientific, "")


def _number(value: Decimal, section: _Section) -> str:
    value *= 100**section.percents
    whole, _, decimals = section.digits.partition(".")
    scale = len(whole) - len(whole.rstrip(",")) if not decimals else len(decimals) - len(decimals.rstrip(","))
    value /= Decimal(1000) ** scale
    places = len(decimals.rstrip(","))
    if section.scientific:
        text = f"{value:.{places}E}"
    else:
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        text = f"{rounded:{',' if ',' in whole.rstrip(',') else ''}f}"
        optional = len(decimals) - len(decimals.rstrip("#?"))
        while optional and text.endswith("0"):
            text, optional = text[:-1], optional - 1
        text = text.rstrip(".") if "." in text else text
        point = text.find(".") if "." in text else len(text)
        text = text.zfill(whole.count("0") + text.startswith("-") + len(text) - point)
    if text.startswith("-") and section.before:
        return f"-{section.before}{text[1:]}{section.after}".strip()
    return f"{section.before}{text}{section.after}".strip()


def _date(value: float, letters: str, *, from_1904: bool) -> str:
    try:
        if "e" in letters:
            seconds = round(value * 86_400)
            return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        # Excel counts a 29 February 1900 that never was; its day 0 is 30 December 1899 for all days after.
        moment = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
        moment += timedelta(seconds=round(value * 86_400))
    except OverflowError:
        return ""
    time = f"{moment:%H:%M:%S}" if "s" in letters else f"{moment:%H:%M}"
    if not {"y", "d"} & set(letters) and {"h", "s"} & set(letters):
        return time
    if "d" not in letters:
        return f"{moment.year}-{moment.month:02}" if "m" in letters else str(moment.year)
    date = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    return f"{date} {time}" if "h" in letters else date
