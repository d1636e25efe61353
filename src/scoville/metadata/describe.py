"""What is known of a document, from four places.

Enters: a document as its reader gave it, and the ``metadata`` section of a recipe. Leaves: the document with more
metadata. Knows no index and no model's name.
"""

from collections.abc import Callable
from dataclasses import replace

from scoville.language import detect_language
from scoville.metadata.model import ask_model
from scoville.metadata.rules import apply_rules
from scoville.metadata.text import text_metadata
from scoville.recipe import Metadata as Settings
from scoville.types import Document, Scalar

Ask = Callable[[str], str]
"""A model: prompt in, reply out."""
LANGUAGE_CODE = 2


def describe_document(
    document: Document, settings: Settings, *, ask: Ask | None = None, shown: Document | None = None
) -> Document:  # fmt: skip
    """Add to a document's metadata; rules beat the model, which beats the file, which beats the text.

    ``ask`` is the model of ``settings.model``, where there is one, and ``shown`` what it may read of the document. A
    rule that takes too long and a reply that cannot be read become warnings of the document.
    """
    found: dict[str, Scalar] = {}
    warnings: list[str] = []
    if settings.text:
        found |= text_metadata(document, settings.entities)
    found |= document.metadata
    language = str(found.get("language", ""))[:LANGUAGE_CODE].lower()
    if not language and settings.text:
        language = detect_language(document.text)
    found |= {"language": language} if language else {}
    found |= {"pages": document.pages} if document.pages else {}
    if ask:
        told, warning = ask_model(shown or document, ask)
        found |= told
        warnings += [warning] if warning else []
    ruled, late = apply_rules(document, settings.rules)
    return replace(document, metadata=found | ruled, warnings=(*document.warnings, *warnings, *late))
