"""Documents become passages.

Enters: a Document and the tokens of the embedder that will read its passages. Leaves: passages in reading order, each
a slice of the document's text. Page headers and footers, which stand behind the body in that text, are left out. Knows
no index.
"""

from bisect import bisect_left
from collections.abc import Sequence

from scoville.embed import Embedder
from scoville.errors import UsageError
from scoville.language import detect_language
from scoville.recipe import Split
from scoville.registry import find
from scoville.split.draft import DraftPassage, Prefixes
from scoville.split.join import passage_id
from scoville.split.summary import Summarise
from scoville.split.tokens import Span, TokenMap
from scoville.split.ways import Material, Splitter
from scoville.types import Document, Passage

SPLITTER_VERSION = "6"
LANGUAGE_CHARACTERS = 1000
"""The language is told for stretches as long as this; where it cannot be, it is that of the document."""


def split_document(
    document: Document, settings: Split, embedder: Embedder, *, summarise: Summarise | None = None
) -> list[Passage]:
    """Split a document by the way that the recipe names; a document without text gives no passages.

    ``summarise`` is the model that writes the summaries of ``summary``.
    """
    size = min(settings.size, embedder.max_tokens)
    tokens = TokenMap(document.text, embedder)
    prefixes = Prefixes(document, embedder, size, settings.tags)
    material = Material(document, settings, embedder, size, tokens, prefixes, summarise)
    cut: Splitter = find("splitter", settings.by)
    return _passages(
        document, [made if isinstance(made, DraftPassage) else _draft(made, material) for made in cut(material)]
    )


def _draft(given: tuple[int, int], material: Material) -> DraftPassage:
    """Make a draft of the characters that a plugin gave, behind the tags of the recipe."""
    span, length, prefix = Span(*given), len(material.document.text), material.prefixes.tags
    if not 0 <= span.start < span.end <= length:
        raise UsageError(
            f"split.by: {material.settings.by} gave characters {span.start} to {span.end}, and the text has {length}"
        )
    tokens = material.tokens.count(span) + material.prefixes.cost(prefix)
    return DraftPassage(span=span, tokens=tokens, prefix=prefix)


def _passages(document: Document, drafts: Sequence[DraftPassage]) -> list[Passage]:
    starts = [element.start for element in document.elements]
    regions = [region for element in document.elements for region in element.regions]
    ends = [region.end for region in regions]
    languages = _languages(document.text)
    passages: list[Passage] = []
    for number, draft in enumerate(drafts):
        start, end = draft.span
        first = bisect_left(ends, start + 1)
        last = first
        while last < len(regions) and regions[last].start < end:
            last += 1
        at = max(bisect_left(starts, start + 1) - 1, 0)
        element = document.elements[at]
        later = document.elements[at + 1 : bisect_left(starts, end)]
        text = document.text[start:end]
        passages.append(
            Passage(
                id=passage_id(document.source, document.id, start, end, draft.prefix),
                source=document.source,
                document_id=document.id,
                title=document.title,
                media_type=document.media_type,
                start=start,
                end=end,
                text=text,
                prefix=draft.prefix,
                headings=draft.headings,
                page=regions[first].box.page if first < last else element.page,
                anchor=element.anchor,
                anchors=tuple((element.start, element.anchor) for element in later if element.anchor),
                regions=tuple(regions[first:last]),
                tokens=draft.tokens,
                metadata=document.metadata,
                number=number,
                joint=document.text[drafts[number - 1].span.end : start] if number else "",
                section=draft.section,
                summary=draft.summary,
                language=languages[start // LANGUAGE_CHARACTERS],
            )
        )
    return passages


def _languages(text: str) -> list[str]:
    """Tell the language of each stretch of a text, together with the half stretches around it.

    A passage alone is too short to tell by: of 811 English ones, one with four words was held to be Romanian, and its
    oddly stemmed words, rare as they were, led every ranking (page hit@1 of BM25 .51 against .75).
    """
    whole = detect_language(text)
    around = LANGUAGE_CHARACTERS // 2
    return [
        detect_language(text[max(start - around, 0) : start + LANGUAGE_CHARACTERS + around]) or whole
        for start in range(0, max(len(text), 1), LANGUAGE_CHARACTERS)
    ]
