"""What a document's text says of the document: its date, its author, and whom and what it names.

Enters: a document. Leaves: values found by patterns, capitals and frequency. No model; what is not clear is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from scoville.sentences import STOP_WORDS
from scoville.types import Document, Scalar

HEAD_CHARACTERS = 2000
"""Where a document says its own date and author."""
CUE_CHARACTERS = 40
"""How far before a date the word may stand that makes it the document's own."""
ENTITY_TEXT_CHARACTERS = 500_000
PROSE = {"paragraph", "list_item", "callout", "footnote"}
"""Headings and tables are full of capitals that name nothing."""
MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    )
    for number, name in enumerate(names.split(), start=1)
}
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
DATE = re.compile(
    r"(?<![\d.])(?:"
    r"(?P<y1>\d{4})-(?P<m1>\d{2})-(?P<d1>\d{2})"
    r"|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4})"
    r"|(?P<a3>\d{1,2})/(?P<b3>\d{1,2})/(?P<y3>\d{4})"
    rf"|(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s(?:of\s|de\s)?(?P<m4>{MONTH})\.?,?\s(?:de\s)?(?P<y4>\d{{4}})"
    rf"|\b(?P<m5>{MONTH})\.?\s(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y5>\d{{4}})"
    rf"|\b(?P<m6>{MONTH})\.?,?\s(?:de\s)?(?P<y6>\d{{4}})"
    r")(?!\d)",
    re.IGNORECASE,
)
DATE_CUE = re.compile(
    r"\b(?:date|dated|effective|updated?|revis(?:ed|ion)|version|issued?|published|as (?:of|at)|valid from|in force|"
    r"stand|datum|gültig|fecha|publié|mise? à jour|data|aggiornat[oa])\b",
    re.IGNORECASE,
)
AUTHOR = re.compile(
    r"^\s*(?:author|authors|prepared by|written by|verfasser|autor|auteur|autore)\s*:\s*(?P<name>[^\n|;]{2,80})",
    re.IGNORECASE | re.MULTILINE,
)
WORD = re.compile(r"[^\W\d_][\w'’&-]*|[.,;:!?()]|\S")
COMPANY = {"Inc", "Ltd", "LLC", "PLC", "Corp", "GmbH", "AG", "SA", "SE", "BV", "NV", "KG", "AB", "Oy", "SpA", "Group"}
JOINING = {"of", "&", "for", "de", "la", "du", "von", "van", "der"}
CURRENCY = "[$€£¥₹]|USD|EUR|GBP|CHF|JPY|INR"
AMOUNT = re.compile(
    rf"(?:{CURRENCY})\s?\d{{1,12}}(?:[.,]\d{{1,3}}){{0,5}}(?:\s(?:thousand|million|billion))?"
    rf"|\b\d{{1,12}}(?:[.,]\d{{1,3}}){{0,5}}\s(?:{CURRENCY})(?!\w)"
)
IDENTIFIER = re.compile(r"\b[A-Z]{2,8}[-/ ]?\d{2,12}(?:[-/]\d{1,8}){0,3}\b")


def text_metadata(document: Document, entities: int) -> dict[str, Scalar]:
    """Give ``date``, ``author`` and the most frequent ``entities``, ``amounts`` and ``identifiers``, joined by ``;``.

    ``entities`` are people, organisations and products. What is not found has no key.
    """
    head = document.text[:HEAD_CHARACTERS]
    author = AUTHOR.search(head)
    prose = list(_prose(document))
    found = {
        "date": own_date(head),
        "author": author["name"].strip() if author else "",
        "entities": _most(_names(prose), entities, least=2),
        "amounts": _most(_all(AMOUNT, prose), entities),
        "identifiers": _most(_all(IDENTIFIER, prose), entities),
    }
    return {key: value for key, value in found.items() if value}


def own_date(text: str) -> str:
    """Give the first date that a word such as ``effective`` makes the document's own: ISO 8601, a day or a month."""
    for match in DATE.finditer(text):
        before = text[max(match.start() - CUE_CHARACTERS, 0) : match.start()]
        if DATE_CUE.search(before):
            written = _iso({key: value for key, value in match.groupdict().items() if value})
            if written:
                return written
    return ""


def dates(text: str) -> Iterator[tuple[str, int, int]]:
    """Give the dates in a text that can be only one, in ISO 8601, and the characters ``[start, end)`` of each."""
    for match in DATE.finditer(text):
        if written := _iso({key: value for key, value in match.groupdict().items() if value}):
            yield written, match.start(), match.end()


def _iso(parts: dict[str, str]) -> str:
    """Write a date; nothing for what is none, or could be two: 03/04/2024."""
    by_kind = {key[0]: value for key, value in parts.items()}
    if "a" in by_kind:
        one, other = int(by_kind["a"]), int(by_kind["b"])
        if one != other and max(one, other) <= 12:
            return ""
        day, month = (one, other) if one > 12 else (other, one)
    else:
        name = by_kind["m"].lower()
        month = MONTHS.get(name) or int(name)
        day = int(by_kind.get("d", 1))
    try:
        written = date(int(by_kind["y"]), month, day).isoformat()
    except ValueError:
        return ""
    return written if "d" in by_kind or "a" in by_kind else written[: len("2024-03")]


def _prose(document: Document) -> Iterator[str]:
    left = ENTITY_TEXT_CHARACTERS
    for element in document.elements:
        if element.kind in PROSE and left > 0:
            left -= element.end - element.start
            yield document.text[element.start : element.end]


def _all(pattern: re.Pattern[str], texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (" ".join(match.group().split()) for match in pattern.finditer(text))


def _names(texts: Iterable[str]) -> Iterator[str]:
    """Give runs of two and more capitalised words, and single words with a capital inside."""
    for text in texts:
        run: list[str] = []
        for word in [*WORD.findall(text), "."]:
            if word[0].isupper() or (run and word in JOINING):
                run.append(word)
            elif run:
                yield from _name(run)
                run = []


def _name(run: list[str]) -> Iterator[str]:
    while run and run[-1] in JOINING:
        run = run[:-1]
    while run and (run[0].casefold() in STOP_WORDS or run[0] in JOINING):
        run = run[1:]
    inner_capital = len(run) == 1 and any(letter.isupper() for letter in run[0][1:]) and len(run[0]) > 2
    if len(run) > 1 or inner_capital:
        yield " ".join(word.removesuffix("'s").removesuffix("’s") for word in run)


def _most(found: Iterable[str], limit: int, *, least: int = 1) -> str:
    """Join the most frequent; a company's name counts from its first time."""
    counts = Counter(found)
    kept = [name for name, times in counts.most_common() if times >= least or name.split()[-1] in COMPANY]
    return "; ".join(kept[:limit])
