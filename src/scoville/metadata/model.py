"""What a model is asked about a document, and what of its reply is kept.

Enters: a document and a model. Leaves: author, date, subject and entities, as far as they stand in the text. Knows no
recipe and no model's name.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from scoville.sentences import content_words
from scoville.types import Document, Scalar

SHOWN_CHARACTERS = 4000
VALUE_CHARACTERS = 300
PROMPT = """Read the beginning of a document and describe it as one JSON object with these keys:
"author": who wrote it, "date": its own date as YYYY-MM-DD, "subject": what it is about in at most eight words,
"entities": a list of the people and organisations it names. Leave out what the document does not say. Write only JSON.

Title: {title}

{text}"""
LONGEST_PROMPT = len(PROMPT) + SHOWN_CHARACTERS + VALUE_CHARACTERS
"""Characters, of which most models make at most as many tokens; of English a quarter."""
ISO_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")


def ask_model(document: Document, ask: Callable[[str], str]) -> tuple[dict[str, Scalar], str]:
    """Give what the model says and the text holds, and a warning when the reply is no JSON object."""
    shown = document.text[:SHOWN_CHARACTERS]
    told = _first_object(ask(PROMPT.format(title=document.title[:VALUE_CHARACTERS], text=shown)))
    if told is None:
        return {}, "the metadata model's reply is no JSON object; its values are left out"
    known = content_words(f"{document.title}\n{shown}")
    listed = told.get("entities")
    names = [_text(name) for name in listed] if isinstance(listed, list) else []
    found = {
        "author": _if_known(_text(told.get("author")), known),
        "date": _text(told.get("date")) if ISO_DATE.fullmatch(_text(told.get("date"))) else "",
        "subject": _text(told.get("subject")),
        "entities": "; ".join(dict.fromkeys(name for name in names if _if_known(name, known)))[:VALUE_CHARACTERS],
    }
    return {key: value for key, value in found.items() if value}, ""


def _first_object(reply: str) -> Mapping[str, Any] | None:
    """Find the JSON object in a reply, whatever the model wrote around it."""
    decoder = json.JSONDecoder()
    for place in [match.start() for match in re.finditer(r"\{", reply)][:5]:
        try:
            value, _ = decoder.raw_decode(reply, place)
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _text(value: object) -> str:
    return " ".join(value.split())[:VALUE_CHARACTERS] if isinstance(value, str) else ""


def _if_known(value: str, known: set[str]) -> str:
    """Keep a value whose words all stand in the document."""
    return value if content_words(value) and content_words(value) <= known else ""
