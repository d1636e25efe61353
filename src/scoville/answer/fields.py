"""The fields of a form, filled by the reader: no model writes, so each value stands in a document.

Enters: a schema of plain values, and what answers a question. Leaves: the data with a citation for each value. A value
is what stands beside its label (`Policy number LEC-1`), else the words that the reader points at. No other
document than the one with most of the labels is looked at.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, NamedTuple

from scoville.answer.grounding import MARKER, cite
from scoville.answer.structured import NUMBER, Shape, locate
from scoville.errors import InvalidReply, UsageError
from scoville.html import BOLD
from scoville.metadata.text import dates
from scoville.types import Answer, Citation, Hit

CELL = re.compile(r"[^|\n]+")
BEGINS = re.compile(r"[A-Z0-9£$€¥]|\S+@")
"""How a value begins that no colon parts from its label."""
QUOTE = '"'
LEAST_LABELS = 2
MOST_CHARACTERS = 120
YES_NO = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, kw_only=True)
class Field:
    """A value that is sought."""

    name: str
    label: str
    question: str
    kind: str
    """``string``, ``date``, ``number``, ``integer`` or ``boolean``."""


def fields_of(shape: Shape, question: str = "") -> list[Field]:
    """Give the fields of a schema, asked for beside a question if there is one.

    Raises UsageError for one that the reader cannot fill.
    """
    schema = shape.schema
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, Mapping) or not properties:
        raise UsageError("schema: the reader fills the fields of an object; for another form name a model that writes")
    fields = [_field(name, part) for name, part in properties.items()]
    if not question:
        return fields
    alone = len(fields) == 1
    return [replace(one, question=question if alone else f"{question} {one.question}") for one in fields]


def _field(name: str, part: Mapping[str, Any]) -> Field:
    given = [one for one in part.get("anyOf", [part]) if isinstance(one, Mapping)]
    choices = [one for one in given if one.get("type") != "null"]
    kinds = choices[0].get("type", "string") if choices else "null"
    kind = next((one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"), "null")
    if kind not in ("string", "number", "integer", "boolean"):
        raise UsageError(
            f"schema: {name} is of type {kind}; the reader fills texts, numbers, dates and truth values; for lists and "
            "objects name a model that writes, such as --set llm.model=smollm2-135m-instruct"
        )
    label = str(part.get("title") or name.replace("_", " "))
    said = str(part.get("description", ""))
    question = said if said.endswith("?") else f"What is the {label[:1].lower()}{label[1:]}?"
    return Field(name=name, label=label, question=question, kind="date" if choices[0].get("format") == "date" else kind)


def fill(shape: Shape, question: str, ask: Callable[[str, Sequence[str]], Answer]) -> Answer:
    """Ask for each field, and make one answer of what was found; where that is nothing, it is a refusal.

    ``ask`` takes a question and filters of what may answer it. The document that holds most of
    the labels, and more than one, is the form: no other fills a field, and what is not found in it at first is asked of
    it alone. A field that was not found is null; raises InvalidReply where the schema allows none.
    """
    fields = fields_of(shape, question)
    answers = [ask(field.question, ()) for field in fields]
    beside = [[*_beside(field, answer.hits)] for field, answer in zip(fields, answers, strict=True)]
    holds = Counter(name for found in beside for name in {one.cited.document for one in found})
    form = next((name for name, labels in holds.most_common(1) if name and labels >= LEAST_LABELS), "")
    data: dict[str, Any] = {}
    cited: list[Citation] = []
    for field, answer in zip(fields, [*answers], strict=True):
        found = next((one for one in _beside(field, answer.hits) if form in ("", one.cited.document)), None)
        if form and not found:
            answer = ask(field.question, [f'document = "{form.replace(QUOTE, QUOTE * 2)}"'])
            answers.append(answer)
            found = next(_beside(field, answer.hits), None)
        found = found or _pointed(field, answer)
        data[field.name] = found.value if found else None
        cited += [replace(found.cited, pointer=f"/{field.name}")] if found else []
    hits = tuple({hit.passage.id: hit for answer in answers for hit in answer.hits}.values())
    numbers = {hit.passage.id: number for number, hit in enumerate(hits, start=1)}
    citations = [replace(one, marker=numbers[one.passage_id or ""]) for one in cited]
    whole = _joined(question or shape.title, answers, hits)
    if citations:
        try:
            shape.check(data)
            built = shape.build(data)
        except ValueError as problem:
            raise InvalidReply(
                f"the documents do not give all that the schema wants: {problem}; allow null there, or name the "
                "document, e.g. --where 'document = \"*form.pdf\"'"
            ) from None
        return replace(
            whole, text=json.dumps(data, ensure_ascii=False), refused=False, reason=None, refusal=None,
            citations=tuple(citations), data=built,
        )  # fmt: skip
    return replace(whole, citations=())


def _joined(question: str, answers: Sequence[Answer], hits: tuple[Hit, ...]) -> Answer:
    """Add up what the fields took."""
    first, last = answers[0], answers[-1]
    replies = [answer.reply for answer in answers if answer.reply]
    total = sum(answer.total_seconds for answer in answers)
    stages = [
        stage._replace(started=stage.started + answer.started_at - first.started_at)
        for answer in answers
        for stage in answer.stages
    ]
    return replace(
        last, question=question, hits=hits, reply=replies[-1] if replies else None,
        step_replies=tuple(replies[:-1]), search_seconds=sum(answer.search_seconds for answer in answers),
        findings=tuple(found for answer in answers for found in answer.findings), searched="",
        first_token_seconds=total, total_seconds=total, started_at=first.started_at, stages=tuple(stages),
    )  # fmt: skip


class Found(NamedTuple):
    """A value with its evidence."""

    value: Any
    cited: Citation


def _beside(field: Field, hits: Sequence[Hit]) -> Iterator[Found]:
    """Find what stands behind the field's label: first in the same cell or line, then in the cell after it."""
    behind: list[Found] = []
    for number, hit in enumerate(hits, start=1):
        cells = list(CELL.finditer(hit.passage.text))
        for cell, after in zip_longest(cells, cells[1:]):
            label = re.match(rf"\s*{re.escape(field.label)}(?!\w)\s*(:?)\s*", cell[0], re.IGNORECASE)
            if not label:
                continue
            start, said = cell.start() + label.end(), cell[0][label.end() :].rstrip()
            alone = not said
            if alone and after and "\n" not in hit.passage.text[cell.end() : after.start()]:
                start, said = after.start() + len(after[0]) - len(after[0].lstrip()), after[0].strip()
            elif not label[1] and not BEGINS.match(said):
                continue  # the label goes on: "Excess, any one claim", "cover starts on the following day"
            if 0 < len(said) <= MOST_CHARACTERS and (typed := _typed(field.kind, said)):
                value, begin, end = typed
                found = Found(value, cite(number, hit.passage, start + begin, start + end))
                if alone:
                    behind.append(found)
                else:
                    yield found
    yield from behind


def _pointed(field: Field, answer: Answer) -> Found | None:
    """Take the words that the reader pointed at."""
    if answer.refused or not answer.citations:
        return None
    cited = answer.citations[0]
    hit = next(one for one in answer.hits if one.passage.id == cited.passage_id)
    bold = BOLD.search(answer.text)
    said = bold[1] if bold else MARKER.sub("", answer.text).strip()
    typed = _typed(field.kind, said)
    if typed is None:
        return None
    value, begin, end = typed
    place = locate(said[begin:end], hit.passage.text)
    return Found(value, replace(cite(cited.marker, hit.passage, *place), state=cited.state) if place else cited)


def _typed(kind: str, said: str) -> tuple[Any, int, int] | None:
    """Read a value of a kind, and the characters that say it."""
    match kind:
        case "date":
            return next((found for found in dates(said) if len(found[0]) == len("2026-03-01")), None)
        case "number" | "integer":
            found = NUMBER.search(said)
            if found is None or (kind == "integer" and "." in found[0]):
                return None
            number = float(found[0].replace(",", ""))
            return (int(number) if number % 1 == 0 else number), *found.span()
        case "boolean":
            word = re.match(r"\w+", said)
            return (YES_NO[word[0].casefold()], 0, word.end()) if word and word[0].casefold() in YES_NO else None
        case _:
            return said, 0, len(said)
