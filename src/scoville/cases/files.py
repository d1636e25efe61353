"""Cases on disk: JSON lines or CSV in, :class:`Case` out, and back.

Enters: a file that someone wrote by hand, by a spreadsheet, or by an importer. Leaves: cases, or one message that names
the line and what is wrong with it. Knows no index, no system and no metric.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from scoville.cases.rows import Row, is_table, rows_of
from scoville.errors import UsageError
from scoville.storage import write_whole
from scoville.types import Case, Evidence, Message, Role

KEYS = ("id", "question", "history", "expected", "facts", "evidence", "answerable", "tags", "choices", "split", "where")
EVIDENCE_KEYS = ("document", "page", "quote")
ALIASES = {
    "questions": "question", "query": "question", "prompt": "question", "answer": "expected", "answers": "expected",
    "expected_answer": "expected", "file": "document", "source": "document",
}  # fmt: skip
"""What the columns of spreadsheets are called besides."""
SPLITS = ("train", "dev", "test")
MOST_CHOICES = 26
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def train_cases(root: Path) -> list[Case]:
    """Give the cases of the ``train`` part in the folder ``cases`` of a workspace."""
    return [case for case in cases_in(root / "cases") if case.split == "train"]


def cases_in(folder: Path) -> list[Case]:
    """Give the cases of all files in a folder; a file from which all were dropped is empty, and holds none."""
    files = [file for file in sorted(folder.glob("*.jsonl")) if file.stat().st_size]
    return [case for file in files for case in cases_of(file)]


def cases_of(path: Path) -> list[Case]:
    """Read a file of cases; UsageError names the line that is wrong and why."""
    lines: dict[str, int] = {}
    cases: list[Case] = []
    for row in rows_of(path):
        try:
            value = _from_cells(row.value) if is_table(path) else row.value
            case = case_of(value)
        except UsageError as error:
            raise UsageError(f"{path}: line {row.line}: {error}") from None
        _refuse_twice(path, case, row, lines)
        cases.append(case)
    if not cases:
        raise UsageError(f"{path}: holds no cases; expected a line of JSON, or a row of CSV, for each")
    return cases


def checked(cases: Sequence[Case]) -> list[Case]:
    """Give cases that were made in Python as a file would give them; UsageError for one that no file may hold."""
    read: list[Case] = []
    seen: dict[str, int] = {}
    for number, case in enumerate(cases, start=1):
        try:
            read.append(case_of(case_json(case)))
        except UsageError as error:
            raise UsageError(f"case {number} ({case.id}): {error}") from None
        if seen.setdefault(case.id, number) != number:
            raise UsageError(f"case {number} has the id {case.id!r} as case {seen[case.id]}: give it one of its own")
    return read


def column_key(name: str) -> str:
    """Give the key that a column, or a key of JSON, is meant as: in any case, also by common other names."""
    key = name.strip().casefold().replace(" ", "_")
    return ALIASES.get(key, key)


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write cases as JSON lines, all or nothing; UsageError for a name that says something else."""
    if path.suffix.lower() not in {".jsonl", ".ndjson"}:
        raise UsageError(f"{path}: cases are written as JSON lines; give a name that ends in .jsonl")
    text = "".join(f"{json.dumps(case_json(case), ensure_ascii=False)}\n" for case in cases)
    write_whole(path, text)


def case_json(case: Case) -> dict[str, Any]:
    """Write a case as JSON; what is empty is left out."""
    values: dict[str, Any] = {
        "id": case.id,
        "question": case.question,
        "history": [{"role": turn.role, "content": turn.content} for turn in case.history],
        "expected": list(case.expected),
        "facts": list(case.facts),
        "evidence": [
            {key: value for key in EVIDENCE_KEYS if (value := getattr(evidence, key)) not in (None, "")}
            for evidence in case.evidence
        ],
        "answerable": case.answerable,
        "tags": list(case.tags),
        "choices": list(case.choices),
        "split": case.split,
        "where": case.where,
    }
    return {
        key: value for key, value in values.items() if value not in ([], "") and (key, value) != ("answerable", True)
    }


def case_of(value: Any) -> Case:
    """Read a case from its JSON; a missing id is made of the question, its history and choices.

    Raises UsageError for an unknown key and for a value that cannot be meant.
    """
    given = _mapping("a case", _by_own_names(value), KEYS)
    history = tuple(_message(turn) for turn in _list("history", given.get("history")))
    question, choices = _text("question", given.get("question")), _texts("choices", given.get("choices"))
    answerable = given.get("answerable", True)
    if not isinstance(answerable, bool):
        raise UsageError(f"answerable: {answerable!r}; expected true or false")
    split = given.get("split") or ""
    if split not in ("", *SPLITS):
        raise UsageError(f"split: {split!r}; expected one of {', '.join(SPLITS)}")
    expected = _expected(given.get("expected"))
    _check_choices(choices, expected)
    return Case(
        id=_id(given.get("id")) or make_id(question, history, choices),
        question=question,
        history=history,
        expected=expected,
        facts=_texts("facts", given.get("facts")),
        evidence=tuple(_evidence(item) for item in _list("evidence", given.get("evidence"))),
        answerable=answerable,
        tags=_texts("tags", given.get("tags")),
        choices=choices,
        split=split,
        where=_where(given.get("where")),
    )


def make_id(question: str, history: Sequence[Message] = (), choices: Sequence[str] = ()) -> str:
    """Make the id of a case that has none: the same question, after the same turns, always has the same."""
    asked: list[Any] = [question, [[turn.role, turn.content] for turn in history], *choices]
    return _hash(asked)[:12]


def digest(cases: Iterable[Case]) -> str:
    """Hash what a set of cases asks and expects, in whatever order.

    Tags and splits are left out: a review or a division changes no answer and no score.
    """
    contents: list[str] = []
    for case in cases:
        values = case_json(case)
        contents.append(_hash({key: value for key, value in values.items() if key not in ("tags", "split")}))
    return _hash(sorted(contents))[:16]


def _refuse_twice(path: Path, case: Case, row: Row, lines: dict[str, int]) -> None:
    first = lines.setdefault(case.id, row.line)
    if first == row.line:
        return
    named = isinstance(row.value, Mapping) and row.value.get("id")
    what = f"has the id {case.id!r}" if named else "has no id and asks the same"
    raise UsageError(f"{path}: line {row.line} {what} as line {first}; remove one, or give it an id of its own")


def _mapping(what: str, value: Any, keys: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{what} is {_brief(value)}; expected an object with {', '.join(keys)}")
    unknown = [str(key) for key in value if key not in keys]
    if unknown:
        raise UsageError(f"{what} has the unknown key {unknown[0]!r}; the keys are {', '.join(keys)}")
    return value


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{what}: {_brief(value)}; expected a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what}: {_brief(value)} holds half a character (a lone surrogate)") from None
    return value


def _list(what: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UsageError(f"{what}: {_brief(value)}; expected a list")
    return value


def _texts(what: str, value: Any) -> tuple[str, ...]:
    """Read a list of texts; one text alone is a list of one."""
    return (_text(what, value),) if isinstance(value, str) else tuple(_text(what, item) for item in _list(what, value))


def _expected(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else _list("expected", value)
    blank = [text for text in given if text is None or (isinstance(text, str) and not text.strip())]
    if blank:
        raise UsageError(
            f"expected: {blank[0]!r} is no answer; leave `expected` out where none is known, and say "
            '"answerable": false where the documents hold none'
        )
    return _texts("expected", value)


def _id(value: Any) -> str:
    if value is None or value == "":
        return ""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text("id", value)


def _where(value: Any) -> str:
    """Read a filter, which must be one."""
    if not value:
        return ""
    from scoville.search.where import parse_where

    parse_where([_text("where", value)])
    return value


def _message(value: Any) -> Message:
    given = _mapping("a turn of the history", value, ("role", "content"))
    role = given.get("role")
    if role not in get_args(Role):
        raise UsageError(f"role: {role!r}; expected one of {', '.join(get_args(Role))}")
    return Message(role=cast(Role, role), content=_text("content", given.get("content")))


def _evidence(value: Any) -> Evidence:
    given = _mapping("evidence", value, EVIDENCE_KEYS)
    page, quote = given.get("page"), given.get("quote") or ""
    if not given.get("document") and (place := {key: given[key] for key in ("page", "quote") if given.get(key)}):
        key, value = next(iter(place.items()))
        raise UsageError(f"{key} {_brief(value)} of no document: give the document, too, by its path or name")
    if page is not None and (not isinstance(page, int) or isinstance(page, bool) or page < 1):
        raise UsageError(f"page: {page!r}; expected a number from 1, or null where there are no pages")
    return Evidence(
        document=_text("document", given.get("document")), page=page, quote=_text("quote", quote) if quote else ""
    )


def _check_choices(choices: Sequence[str], expected: Sequence[str]) -> None:
    letters = [chr(ord("A") + number) for number in range(len(choices))]
    if len(choices) > MOST_CHOICES:
        raise UsageError(f"{len(choices)} choices; expected at most {MOST_CHOICES}, a letter for each")
    wrong = [text for text in expected if text not in letters]
    if choices and wrong:
        raise UsageError(
            f"expected: {_brief(wrong[0])}; with {len(choices)} choices it is a letter, A to {letters[-1]}"
        )


def _by_own_names(value: Any) -> Any:
    """Give an object the keys that a case has; the place of its evidence may be given in keys of its own."""
    if not isinstance(value, Mapping):
        return value
    named: dict[str, Any] = {}
    for name, given in value.items():
        if (key := column_key(str(name))) in named:
            raise UsageError(f"a case has {key} twice, by two names")
        named[key] = given
    if (place := {key: named.pop(key) for key in EVIDENCE_KEYS if key in named}) and "evidence" not in named:
        named["evidence"] = [place]
    return named


def _from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """Bring a row of CSV into the form of a case's JSON.

    History, facts, evidence and choices are JSON; expected is JSON where it is a list, else one answer; tags have
    commas between them. One piece of evidence may instead be given in the columns document, page, quote.
    """
    named = {column_key(name): cell for name, cell in cells.items()}
    if len(named) < len(cells):
        raise UsageError(f"the header {', '.join(cells)}: two columns mean the same; keep one of them")
    cells = named
    _mapping("the header", cells, (*KEYS, *EVIDENCE_KEYS))
    values: dict[str, Any] = {key: text for key, text in cells.items() if key in KEYS}
    for key in ("history", "facts", "evidence", "choices"):
        if key in values:
            values[key] = _json_cell(key, values[key])
    expected = values.get("expected", "")
    if expected.startswith('["') and expected.endswith('"]'):
        values["expected"] = _json_cell("expected", expected)
    if "tags" in values:
        values["tags"] = [tag.strip() for tag in values["tags"].split(",") if tag.strip()]
    if "answerable" in values:
        word = values["answerable"].strip().lower()
        values["answerable"] = _BOOLEANS.get(word, values["answerable"])
    place: dict[str, Any] = {key: cells[key] for key in EVIDENCE_KEYS if key in cells}
    if place and "evidence" in values:
        raise UsageError("evidence is given twice: as JSON, and in the columns document, page, quote")
    if place:
        page = place.get("page", "").strip()
        values["evidence"] = [place | ({"page": int(page)} if page.isdecimal() else {})]
    return values


def _json_cell(key: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{key}: {_brief(text)} is no JSON ({error}); expected a list, as in a JSON line") from None


def _brief(value: Any) -> str:
    text = repr(value)
    return "missing" if value is None else f"{text[:60]}…" if len(text) > 60 else text


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
