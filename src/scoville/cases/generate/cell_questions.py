"""How a cell of a table is asked for.

Enters: a cell. Leaves: a question that names its row and column as people would, or none where the table cannot be
understood without what stands around it. Rules for English. Knows no kinds of cases.
"""

import re

from scoville.cases.generate.tables import Cell
from scoville.sentences import content_words

ASKS = re.compile(r"(?:who|what|when|where|how|which|why)\b", re.IGNORECASE)
NO_NOUN = re.compile(
    r".* (?:to|by|of|in|at|on|for|from|with|than|until|within|up to)|open|closed|available|valid|included|required"
    r"|active|optional|allowed|covered|.*[^\w\s'’&-].*",
    re.IGNORECASE,
)
"""Names of columns that cannot stand behind `the`."""
LIMIT = re.compile(r"(?P<what>.+) (?:up to|at most|max\.?|(?P<time>within|by|until|before))", re.IGNORECASE)
CONDITION = re.compile(r"(?:if|when|where|before|after)\b", re.IGNORECASE)
TIME = re.compile(r"(?:in|from|after|within|before|during|until|under|over|by|at|on|since|between)\b", re.IGNORECASE)
VAGUE = re.compile(r"\b(?:that|this|these|those|it|other|others|all|total|rest|above|below|none)\b", re.IGNORECASE)
STATISTIC = re.compile(
    r"[()%#±†]|\b(?:total|number|n|estimate|difference|mean|average|value|amount|count|sum|rank)\b|\d", re.IGNORECASE
)
UNCLEAN = re.compile(r"\.{3}|[†±|•]|^[^\w\"'£$€]|\(\)|^.$|:$|\b[B-HJ-Zb-hj-z] [A-Za-z]\b")
SAYS_NOTHING = re.compile(
    r"(?:n/?a|none|nil|no|yes|x|tbd|tbc|unknown|see|[a-z]$|as for|same|ditto|idem)\b.*|\W*", re.IGNORECASE
)
BROKEN = re.compile(r"[\d.,] \d{1,2}(?!\d|:)(?![-/.]\d)(?! [a-z])|\d \.$")
"""Two numbers in a cell that are none together."""
SHORTENED = re.compile(r"/|\.$|\. ")
NUMBER = re.compile(r"[-+]?[\d.,]+")
HEADING_WORDS = 9
LABEL_WORDS = 3
PLAIN_WORDS = 3
"""A row and a column that say so much together are understood without a heading."""


def cell_question(cell: Cell) -> str:
    """Ask for a cell by its row and column; nothing where that says too little."""
    named = (cell.row, cell.column)
    if (
        any(UNCLEAN.search(text) for text in named)
        or SHORTENED.search(cell.column)
        or VAGUE.search(cell.row)
        or not cell.column[:1].isupper()
    ):
        return ""
    if SAYS_NOTHING.fullmatch(cell.value) or BROKEN.search(cell.value):
        return ""
    asked = f"{_of_column(cell.column)}{for_row(cell)}?"
    passage = cell.place.passage
    heading = passage.headings[-1] if passage.headings else passage.title
    is_figure = bool(STATISTIC.search(cell.column) or NUMBER.fullmatch(cell.value))
    told = content_words(f"{cell.row} {cell.column}") | (content_words(cell.label) if _is_label(cell) else set[str]())
    if len(told) >= PLAIN_WORDS and not is_figure:
        return asked
    unfit = UNCLEAN.search(heading) or len(heading.split()) > HEADING_WORDS
    if not heading or unfit or content_words(heading) <= content_words(asked):
        return "" if is_figure or len(told) < 2 else asked
    return f"{heading.rstrip(':.')}: {asked[0].lower()}{asked[1:]}"


def for_row(cell: Cell) -> str:
    """Name the row, as it stands behind a question or behind "And"."""
    if CONDITION.match(cell.label):
        row = f" {_small(cell.row)}" if TIME.match(cell.row) else f" for {_quoted(cell.row)}"
        return f"{row} {_small(cell.label)}"
    if TIME.match(cell.row):
        return f" {_small(cell.row)}"
    return f" for the {_lowered(cell.label)} {_quoted(cell.row)}" if _is_label(cell) else f" for {_quoted(cell.row)}"


def _of_column(name: str) -> str:
    column = name.rstrip(":? ")
    if ASKS.match(column):
        return f"{column[0].upper()}{column[1:]},"
    if limit := LIMIT.fullmatch(column):
        return f'What is the {"time " if limit["time"] else ""}limit under "{limit["what"]}"'
    if NO_NOUN.fullmatch(column) or not column[0].isupper():
        return f'What is given under "{column}"'
    return f"What {'are' if _is_plural(column) else 'is'} the {_lowered(column)}"


def _is_plural(column: str) -> bool:
    head = re.split(r" (?:we|you|that|which|who|of|for|in|to|per|by|with|on|from|needed|required) ?", column)[0]
    return bool(re.search(r"[^sui]s$", head)) or head.casefold().endswith(("services", "series"))


def _is_label(cell: Cell) -> bool:
    words = cell.label.split()
    plain = 0 < len(words) <= LABEL_WORDS and all(word.isalpha() and not word.isupper() for word in words)
    return (
        plain
        and not UNCLEAN.search(cell.label)
        and not NO_NOUN.fullmatch(cell.label)
        and not re.search(r"s$|^(?:name|item|no)$", cell.label, re.IGNORECASE)
    )


def _quoted(row: str) -> str:
    return f'"{row}"' if re.search(r" [a-z]", row) else row


def _lowered(text: str) -> str:
    return " ".join(word.lower() if word[1:].islower() or len(word) == 1 else word for word in text.split())


def _small(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def for_column(cell: Cell) -> str:
    """Name what a cell holds, where its column is a noun."""
    is_noun = not (ASKS.match(cell.column) or NO_NOUN.fullmatch(cell.column) or LIMIT.fullmatch(cell.column))
    return f"the {_lowered(cell.column)}" if is_noun else ""
