"""Importers of questions about documents: SQuAD, BEIR, answers that cite ``[file#page=n]``, Ragas, MTRAG.

Enters: local files as their makers publish them. Leaves: cases with their evidence. Fetches nothing.
"""

import ast
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from scoville.cases.importers.shape import (
    Importer,
    Loaded,
    Sample,
    first_of,
    is_list,
    make_case,
    objects,
    text,
    texts,
)
from scoville.cases.parts import SECTION
from scoville.cases.rows import csv_rows, parse_json, text_of
from scoville.errors import UsageError
from scoville.sentences import sentences
from scoville.types import Evidence, Message

CITATION = re.compile(r"\[([^\[\]]*)\]")
REFERENCE = re.compile(r"([^\[\],;#]+\.\w+)(?:\s*#\s*(?:page\s*=\s*)?(\d+))?", re.IGNORECASE)
MARKER = re.compile(r"\d+(?:\s*[,;-]\s*\d+)*")
_SPLIT_NAMES = {"train": "train", "dev": "dev", "val": "dev", "validation": "dev", "test": "test"}
_TURN_ROLES = {"human": "user", "user": "user", "ai": "assistant", "assistant": "assistant", "agent": "assistant"}


class Truth(NamedTuple):
    """An answer, and the places that it cites."""

    answer: str
    places: tuple[Evidence, ...]


def parse_truth(truth: str) -> Truth:
    """Read an answer that cites: ``[a.pdf#page=7]``, ``[a.pdf#7, b.pdf]`` and markers ``[1, 2]``.

    Each place is given once, in order; other brackets belong to the answer.
    """
    places = [
        Evidence(document=name.strip(), page=int(page) if page and int(page) else None)
        for bracket in CITATION.findall(truth)
        for name, page in REFERENCE.findall(bracket)
    ]

    def cites(inside: str) -> bool:
        return bool(MARKER.fullmatch(inside.strip()) or REFERENCE.search(inside))

    answer = re.sub(r"\s*" + CITATION.pattern, lambda found: "" if cites(found[1]) else found[0], truth)
    return Truth(answer.strip(), tuple(dict.fromkeys(places)))


def _squad(path: Path) -> Loaded:
    """SQuAD 1 and 2: the document is the article, the quote the sentence with the answer."""
    for article in _list(path, parse_json(path, text_of(path)), "data"):
        title = text(article.get("title")) or "untitled"
        for paragraph in _list(path, article, "paragraphs"):
            context = str(paragraph.get("context") or "")
            for asked in _list(path, paragraph, "qas"):
                answers = [] if asked.get("is_impossible") else list(asked.get("answers") or ())
                quote = next((_sentence(context, answer) for answer in answers), "")
                yield make_case(
                    asked.get("question"),
                    id=asked.get("id"),
                    expected=[answer.get("text") for answer in answers],
                    evidence=[Evidence(document=title, quote=quote)] if answers else (),
                    answerable=bool(answers),
                    tags=[f"{SECTION}{title}"],
                )


def _sentence(context: str, answer: Mapping[str, Any]) -> str:
    start, written = answer.get("answer_start"), text(answer.get("text"))
    if not isinstance(start, int) or context[start : start + len(written)] != written:
        return written
    return next((sentence.text for sentence in sentences(context) if sentence.start <= start < sentence.end), written)


def _beir(path: Path) -> Loaded:
    """BEIR: queries and their relevant documents, by corpus id; the split is that of the file of judgments."""
    folder = path if path.is_dir() else path.parent
    judged: dict[str, list[str]] = defaultdict(list)
    split: dict[str, str] = {}
    for file in sorted((folder / "qrels").glob("*.tsv")):
        for query, document in _judgments(file):
            judged[query].append(document)
            split[query] = _SPLIT_NAMES.get(file.stem, "")
    if not judged:
        raise UsageError(f"{folder}: qrels/*.tsv judge nothing as relevant; expected query-id, corpus-id, score")
    for _, row in objects(folder / "queries.jsonl"):
        name = text(row.get("_id"))
        if name not in judged:
            yield "no document is judged relevant"
            continue
        evidence = [Evidence(document=document) for document in judged[name]]
        yield make_case(row.get("text"), id=name, evidence=evidence, split=split[name])


def _judgments(path: Path) -> Iterator[tuple[str, str]]:
    """Give the relevant pairs of BEIR's three columns or TREC's four."""
    for line, cells in csv_rows(path):
        if line == 1 and not cells[-1].strip().lstrip("-").isdigit():
            continue
        try:
            query, document, score = cells[0], cells[-2], float(cells[-1])
        except (IndexError, ValueError):
            raise UsageError(f"{path}: line {line}: expected query-id, corpus-id, score; given {cells}") from None
        if score > 0:
            yield query.strip(), document.strip()


def _truth(path: Path) -> Loaded:
    for _, row in objects(path):
        truth = parse_truth(text(row.get("truth")))
        yield make_case(row.get("question"), id=row.get("id"), expected=[truth.answer], evidence=truth.places)


def _ragas(path: Path) -> Loaded:
    """Ragas, old and new names.

    ``contexts`` is evidence where the row has no answer of a system: beside one it is what the system found. A context
    names no document, so it gets a name of its own, by its content.
    """
    for _, row in objects(path):
        history, question = _asked(first_of(row, "user_input", "question"))
        answered = first_of(row, "answer", "response") is not None
        contexts = first_of(row, "reference_contexts", *(() if answered else ("contexts",)))
        tags = [first_of(row, "synthesizer_name", "evolution_type")]
        yield make_case(
            question,
            id=row.get("id"),
            history=history,
            expected=_written_list(first_of(row, "reference", "ground_truth", "ground_truths")),
            evidence=[_context(context) for context in _written_list(contexts) if context],
            tags=tags,
        )


def _asked(value: Any) -> tuple[list[Message], str]:
    """Read a question, or a conversation up to its last question: the turns before it, and the question."""
    rows = value if is_list(value) else [{"type": "human", "content": value}]
    said: list[Message] = []
    for row in rows:
        role, content = _TURN_ROLES.get(str(row.get("type") or row.get("role"))), row.get("content")
        if role and isinstance(content, str) and content.strip():
            said.append(Message(role="user" if role == "user" else "assistant", content=text(content)))
    while said and said[-1].role != "user":
        said.pop()
    return said[:-1], said[-1].content if said else ""


def _written_list(value: Any) -> list[str]:
    """Read a list of texts, also as a cell of CSV has it: as JSON, or as Python writes one."""
    if isinstance(value, str) and value.startswith("["):
        for read in (json.loads, ast.literal_eval):
            try:
                found = read(value)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            if is_list(found):
                return texts(found)
    return texts(value)


def _context(written: str) -> Evidence:
    name = hashlib.sha256(written.encode()).hexdigest()[:12]
    return Evidence(document=f"context-{name}", quote=written)


def _mtrag(path: Path) -> Loaded:
    """MTRAG: the last turn is asked after those before it; a section is a conversation.

    What is partly answerable or needs to be asked back counts as answerable, with the reply as written, and is tagged.
    """
    for _, row in objects(path):
        kinds = [text(kind).lower() for kind in row.get("answerability") or ()]
        answerable = "unanswerable" not in kinds
        turns = [{"type": turn.get("speaker"), "content": turn.get("text")} for turn in row.get("input") or ()]
        history, question = _asked(turns)
        contexts = row.get("contexts") or ()
        yield make_case(
            question,
            id=row.get("task_id"),
            history=history,
            expected=[target.get("text") for target in row.get("targets") or ()] if answerable else (),
            evidence=[
                Evidence(document=text(context.get("document_id")), quote=text(context.get("text")))
                for context in (contexts if answerable else ())
            ],
            answerable=answerable,
            tags=[f"{SECTION}{text(row.get('conversation_id'))}", *kinds, *(row.get("Collection") or ())],
        )


def _list(path: Path, value: Any, key: str) -> list[Mapping[str, Any]]:
    found = value.get(key) if isinstance(value, Mapping) else None
    if not is_list(found) or not all(isinstance(row, Mapping) for row in found):
        raise UsageError(f"{path}: expected a list of objects as {key!r}, as SQuAD has it")
    return list(found)


def _is_squad(sample: Sample) -> bool:
    data = sample.value.get("data") if sample.has("data") else None
    return is_list(data) and any(isinstance(article, Mapping) and "paragraphs" in article for article in data[:1])


def _is_beir(sample: Sample) -> bool:
    folder = sample.path if sample.path.is_dir() else sample.path.parent
    named = sample.path.is_dir() or sample.has("_id", "text")
    return named and (folder / "queries.jsonl").is_file() and (folder / "qrels").is_dir()


def _is_ragas(sample: Sample) -> bool:
    asked = sample.has("user_input") or sample.has("question")
    names = ("ground_truth", "ground_truths", "contexts", "reference", "reference_contexts", "retrieved_contexts")
    return asked and any(sample.has(name) for name in names)


DOCUMENT_IMPORTERS: Mapping[str, Importer] = {
    "squad": Importer("SQuAD 1 or 2: JSON", _is_squad, _squad),
    "beir": Importer("BEIR: a folder with queries.jsonl and qrels/*.tsv", _is_beir, _beir),
    "truth": Importer("JSON lines with question and truth, which cites [file#page=n]",
                      lambda sample: sample.has("question", "truth"), _truth),
    "mtrag": Importer("MTRAG: tasks.jsonl", lambda sample: sample.has("task_id", "input", "targets"), _mtrag),
    "ragas": Importer("Ragas: JSON lines, JSON or CSV", _is_ragas, _ragas),
}  # fmt: skip
