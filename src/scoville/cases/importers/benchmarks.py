"""Importers of the standard benchmarks, from local files: MMLU, TriviaQA, Natural Questions (open), GSM8K.

Enters: files as their makers publish them, or as they are passed on (JSON lines). Leaves: cases. Fetches nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scoville.cases.importers.shape import (
    Importer,
    Loaded,
    Sample,
    first_value,
    is_list,
    make_case,
    objects,
    text,
    texts,
)
from scoville.cases.rows import csv_rows, is_table
from scoville.errors import UsageError
from scoville.types import Case

LETTERS = "ABCD"
_MMLU_SPLITS = {"test": "test", "val": "dev", "dev": "train", "train": "train"}
"""By the end of a file's name; the few examples of `dev` are shown to a model, so they are for training."""
_FINAL = re.compile(r"####\s*(.+?)\s*$")


def _mmlu(path: Path) -> Loaded:
    """MMLU: the subject is the file's name without its split, as in ``abstract_algebra_test.csv``."""
    files = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
    for file in files:
        yield from _mmlu_table(file) if is_table(file) else _mmlu_objects(file)


def _mmlu_table(path: Path) -> Iterator[Case | str]:
    subject, _, end = path.stem.rpartition("_")
    split = _MMLU_SPLITS.get(end, "")
    subject = subject if split else path.stem
    for line, cells in csv_rows(path):
        if len(cells) != 6 or cells[5].strip() not in LETTERS:
            raise UsageError(
                f"{path}: line {line}: expected a question, four choices and the letter of the right one; "
                f"given {len(cells)} cells, the last {cells[-1][:20]!r}"
            )
        yield _choice(cells[0], cells[1:5], cells[5].strip(), subject, split)


def _mmlu_objects(path: Path) -> Iterator[Case | str]:
    for line, row in objects(path):
        choices, answer = row.get("choices"), row.get("answer")
        letter = LETTERS[answer] if isinstance(answer, int) and 0 <= answer < len(LETTERS) else text(answer)
        if not is_list(choices) or letter not in LETTERS[: len(choices)]:
            raise UsageError(f"{path}: line {line}: the answer {answer!r} is none of the choices")
        yield _choice(text(row.get("question")), texts(choices), letter, text(row.get("subject")), "")


def _choice(question: str, choices: Sequence[str], letter: str, subject: str, split: str) -> Case | str:
    if not all(choice.strip() for choice in choices):
        return "a choice that is empty"
    return make_case(question, expected=[letter], choices=choices, tags=[subject], split=split)


def _trivia(path: Path) -> Loaded:
    """TriviaQA: the answer and its aliases; its pages and search results need not hold it, so they are no evidence."""
    whole = first_value(path)
    rows = whole["Data"] if "Data" in whole else (row for _, row in objects(path))
    for row in rows:
        answer = row.get("Answer") or row.get("answer") or {}
        names = [answer.get("Value") or answer.get("value"), *(answer.get("Aliases") or answer.get("aliases") or ())]
        question, name = row.get("Question") or row.get("question"), row.get("QuestionId") or row.get("question_id")
        if not any(map(text, names)):
            yield "no answer is given"
        else:
            yield make_case(question, id=name, expected=names)


def _natural(path: Path) -> Loaded:
    for _, row in objects(path):
        answers = texts(row.get("answer"))
        yield make_case(row.get("question"), expected=answers) if any(answers) else "no answer is given"


def _gsm8k(path: Path) -> Loaded:
    """GSM8K: the number after ``####``, without thousands separators; the way to it is left out."""
    for _, row in objects(path):
        found = _FINAL.search(text(row.get("answer")))
        if found:
            yield make_case(row.get("question"), expected=[found[1].replace(",", "")], tags=["gsm8k"])
        else:
            yield "no number after ####"


def _is_mmlu(sample: Sample) -> bool:
    if sample.path.is_dir():
        first: Any = next(iter(sorted(sample.path.rglob("*.csv"))), None)
        return first is not None and _is_mmlu_row(next(iter(csv_rows(first)), (0, ()))[1])
    return _is_mmlu_row(sample.cells) or sample.has("question", "subject", "choices", "answer")


def _is_mmlu_row(cells: Sequence[str]) -> bool:
    return len(cells) == 6 and cells[5].strip() in tuple(LETTERS)


def _is_trivia(sample: Sample) -> bool:
    return sample.has("Data") or (sample.has("question", "answer") and isinstance(sample.value["answer"], Mapping))


def _is_gsm8k(sample: Sample) -> bool:
    return sample.has("question", "answer") and "####" in str(sample.value["answer"])


BENCHMARK_IMPORTERS: Mapping[str, Importer] = {
    "mmlu": Importer("MMLU: a CSV without a header, or a folder of them", _is_mmlu, _mmlu),
    "triviaqa": Importer("TriviaQA: JSON, or JSON lines with question and answer.aliases", _is_trivia, _trivia),
    "gsm8k": Importer("GSM8K: JSON lines", _is_gsm8k, _gsm8k),
    "nq_open": Importer("Natural Questions (open): JSON lines with a list as answer",
                        lambda sample: sample.has("question", "answer") and is_list(sample.value["answer"]), _natural),
}  # fmt: skip
