"""Which form a file of training data has, by its content.

Enters: a path. Leaves: the name of its form.
"""

from pathlib import Path
from typing import Literal

from scoville.cases.importers.formats import detect
from scoville.cases.importers.shape import Sample, sample_of
from scoville.errors import UsageError

Form = Literal["cases", "reading", "messages", "sharegpt", "alpaca", "text"]
EXPECTED = (
    "expected cases, SQuAD or JSON lines with question, context and answers, OpenAI messages, ShareGPT conversations, "
    "Alpaca or Dolly instructions, or a text (.txt, .md, JSON lines with text)"
)


def form_of(path: Path) -> Form:
    """Name the form of a file; UsageError where it has none that can be trained on."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; {EXPECTED}")
    if path.suffix.lower() in {".txt", ".md"}:
        return "text"
    if path.suffix.lower() == ".gz":
        return "reading"
    sample = sample_of(path)
    for form, keys in _KEYS.items():
        if any(sample.has(*some) for some in keys):
            return form
    if _is_squad(sample):
        return "reading"
    kind = detect(path)
    if kind != "cases":
        raise UsageError(
            f"{path}: has the form of {kind}; make cases of it first: scoville cases import {path}, then give these"
        )
    return "cases"


_KEYS: dict[Form, tuple[tuple[str, ...], ...]] = {
    "messages": (("messages",),),
    "sharegpt": (("conversations",),),
    "alpaca": (("instruction", "output"), ("instruction", "response")),
    "reading": (("question", "context", "answers"),),
    "text": (("text",),),
}


def _is_squad(sample: Sample) -> bool:
    data = sample.value.get("data") if sample.has("data") else None
    return isinstance(data, list) and any(isinstance(one, dict) and "paragraphs" in one for one in data[:1])
