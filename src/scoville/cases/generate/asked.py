"""How people ask for a cell of a table.

Enters: a cell. Leaves: a question that names its row and what its column says, or none where nobody would ask so: few
good questions are worth more than many odd ones. Rules for English. Knows no kinds of cases.
"""

import re

from scoville.cases.generate.english import ENGLISH
from scoville.cases.generate.tables import Cell
from scoville.sentences import content_words

PEOPLE = re.compile(r"role|position|job(?: title)?|person|employee|member of staff|title|officer", re.IGNORECASE)
TEAMS = re.compile(r"team|department|desk|unit|office|division|branch", re.IGNORECASE)
GOODS = re.compile(
    r"policy|plan|package|tariff|ticket|product|subscription|licence|membership|ferry|model", re.IGNORECASE
)
TYPE_OF = re.compile(r"(?:kind|type|sort)s? of (?P<what>[a-z]+)", re.IGNORECASE)
CONDITION = re.compile(r"(?P<word>if|when|where|before|after)\b(?P<rest> .+)", re.IGNORECASE)
TIME = re.compile(r"(?:in|from|after|within|before|during|until|under|over|by|at|on|since|between)\b", re.IGNORECASE)
ASKS = re.compile(r"(?:who|what|where|how|which)\b.* .+", re.IGNORECASE)
NEEDED = re.compile(r"(?P<what>[A-Z][a-z]+s) (?P<who>we|you) (?P<verb>need|require|accept|offer|want)")
UP_TO = re.compile(r"(?P<what>.+) (?:up to|at most|max\.?)", re.IGNORECASE)
DEED = re.compile(r"[A-Z][a-z]+ (?:an?|the) [a-z ]+")
EACH = re.compile(r"(?:any|each|every|per)\b", re.IGNORECASE)
WITHIN = re.compile(r"(?P<verb>[A-Z][a-z]+) within")
REFERS = re.compile(r"(?P<verb>Reports?|Escalates?|Answers?) (?P<to>to)")
STATISTIC = re.compile(
    r"[()%#±†]|\b(?:total|number|n|estimate|difference|mean|average|value|amount|count|sum|rank|unit|id|index)\b|\d",
    re.IGNORECASE,
)
NO_NOUN = re.compile(
    r".*\b(?:to|by|of|in|at|on|for|from|with|than|until|within|up)|available|valid|included|required|active|optional"
    r"|allowed|covered|changes?|notes?|remarks?|comments?|description|what .*|.*[^\w\s'’-].*",
    re.IGNORECASE,
)
"""Names of columns that cannot stand behind `the`."""
UNCLEAN = re.compile(
    r"\.{3}|[†±|•\"“”/:;]|^[^\w£$€]|\(\)|^.$|\b(?:that|this|these|those|it|others?|all|total|rest|above|below|none)\b",
    re.IGNORECASE,
)
SAYS_NOTHING = re.compile(
    r"(?:n/?a|none|nil|no|yes|x|tbd|tbc|unknown|see|within \d|[a-z]$|as for|same|ditto|idem)\b.*|\W*", re.IGNORECASE
)
BROKEN = re.compile(r"00:00:00|[\d.,] \d{1,2}(?!\d|:)(?![-/.]\d)(?! [a-z])|\d \.$")
"""Two numbers in a cell that are none together."""
LEAST_WORDS = 2
"""Content words of a question."""
IDIOMS = [(re.compile(name, re.IGNORECASE), question) for name, question in ENGLISH["idioms"].items()]


def cell_question(cell: Cell) -> str:
    """Ask for a cell; nothing where its names or its value say too little."""
    row = row_phrase(cell)
    if not row or SAYS_NOTHING.fullmatch(cell.value) or BROKEN.search(cell.value):
        return ""
    if UNCLEAN.search(cell.column) or UNCLEAN.search(cell.row) or not cell.column[:1].isupper():
        return ""
    question = _asked(cell, row)
    return question if len(content_words(question)) >= LEAST_WORDS else ""


def _asked(cell: Cell, row: str) -> str:
    column = cell.column.rstrip("? ")
    if idiom := next((frame for pattern, frame in IDIOMS if pattern.fullmatch(column)), ""):
        return idiom.format(row=row)
    if ASKS.fullmatch(column):
        return f"{column} with {row}?"
    if match := NEEDED.fullmatch(column):
        who = "you" if match["who"] == "we" else "I"
        return f"Which {match['what'].lower()} do {who} {match['verb']} for {row}?"
    if EACH.match(column):
        heading = re.sub(r"^\d[\d.]* ", "", (cell.place.passage.headings or ("",))[-1])
        plural = re.fullmatch(r"[A-Z][a-z]+[^s\W]s", heading)
        return f"What is the {heading[:-1].lower()} on {row} for {_small(column)}?" if plural else ""
    if match := UP_TO.fullmatch(column):
        what = _lowered(match["what"])
        if DEED.fullmatch(match["what"]):
            return f"Up to what amount can {row} {what}?" if is_somebody(cell) else ""
        return f"What is the limit on {_one(what)} for {row}?"
    if match := WITHIN.fullmatch(column):
        return f"Within what time do I have to {match['verb'].lower()} {row}?" if TYPE_OF.match(cell.label) else ""
    if match := REFERS.fullmatch(column):
        asks = f"Who does {row} {match['verb'].lower().removesuffix('s')} {match['to']}?"
        return asks if is_somebody(cell) and not re.search(r"\d", cell.value) else ""
    if NO_NOUN.fullmatch(column) and not column.endswith(" customer") or STATISTIC.search(column):
        return ""
    if condition := CONDITION.fullmatch(cell.label):
        return f"What {_is(column)} the {_lowered(column)} {condition['word'].lower()}{condition['rest']} {row}?"
    return f"What {_is(column)} the {_lowered(column)} for {row}?"


def row_phrase(cell: Cell) -> str:
    """Name the row inside a sentence; nothing where it cannot be."""
    row, label = cell.row, _lowered(cell.label)
    if CONDITION.fullmatch(cell.label):
        return _small(row) if TIME.match(row) and "after that" not in row.casefold() else ""
    if match := TYPE_OF.fullmatch(cell.label):
        return f'{_one(match["what"].lower())} of the kind "{_small(row)}"'
    if is_somebody(cell):
        return f"the {row}" if re.match(r"(?:Head|Chief|Director|Lead)\b", row) else _one(_small(row))
    if not re.fullmatch(r"[A-Za-z]+(?: [a-z]+)?", cell.label) or cell.label.isupper():
        return ""
    if re.fullmatch(r"names?|items?|country|countries|city|cities|benefits?|services?", label):
        is_name = label.startswith(("name", "countr", "cit")) or row[1:] != row[1:].lower()
        return row if is_name else _small(row)
    if GOODS.fullmatch(label) or TEAMS.fullmatch(label):
        return f"the {row} {label}" if re.fullmatch(r"[\w'’-]+(?: [\w'’-]+){0,2}", row) else f'the {label} "{row}"'
    return f'the {label} "{row}"'


def is_somebody(cell: Cell) -> bool:
    """Say whether the rows are people's roles."""
    return bool(PEOPLE.fullmatch(cell.label))


def _is(column: str) -> str:
    head = re.split(r" (?:of|for|in|to|per|by|with|on|from)\b", column)[0]
    return "are" if re.search(r"[^sui]s$", head) or head.casefold().endswith(("services", "series")) else "is"


def _one(text: str) -> str:
    return f"{'an' if text[:1].lower() in 'aeiou' else 'a'} {text}"


def _lowered(text: str) -> str:
    return " ".join(word.lower() if word[1:].islower() or len(word) == 1 else word for word in text.split())


def _small(text: str) -> str:
    first = text.split(" ")[0]
    return text if first[1:] != first[1:].lower() else f"{text[:1].lower()}{text[1:]}"
