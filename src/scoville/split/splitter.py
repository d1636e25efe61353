"""Documents become passages.

Enters: a Document and the tokens of the embedder that will read its passages. Leaves: passages in reading order, each
a slice of the document's text. Page headers and footers, which stand behind the body in that text, are left out. Knows
no index.
"""

from bisect import bisect_left
from collections.abc import Sequence

from scoville.embed import Embedder
from scoville.language import detect_language
from scoville.recipe import Split
from scoville.split.draft import Draft, Prefixes
from scoville.split.join import passage_id
from scoville.split.sections import Packer, group_sections
from scoville.split.summary import Summarise, write_summaries
from scoville.split.tokens import TokenMap
from scoville.split.windows import fixed_windows, semantic_windows, sentence_windows
from scoville.types import Document, Passage

SPLITTER_VERSION = "4"
LANGUAGE_CHARACTERS = 1000
"""The language is told for stretches as long as this; where it cannot be, it is that of the document."""


def split_document(
    document: Document, settings: Split, embedder: Embedder, *, summarise: Summarise | None = None
) -> list[Passage]:
    """Split a document; a document without text gives no passages.

    ``section``, ``parent`` and ``summary`` keep the path of headings as the prefix of each passage, cut no paragraph
    that fits, and repeat the header of a table that does not; ``summarise`` is the model that writes the summaries of
    ``summary``. ``sentence``, ``semantic`` and ``fixed`` cut the text whatever its elements are.
    """
    size = min(settings.size, embedder.max_tokens)
    tokens = TokenMap(document.text, embedder)
    prefixes = Prefixes(document, embedder, size, settings.tags)
    match settings.by:
        case "section":
            drafts = Packer(document, tokens, prefixes, size).pack()
        case "parent":
            drafts = Packer(document, tokens, prefixes, size).pack()
            for section in group_sections(drafts, tokens, prefixes, settings.parent_size):
                _name_section(document, section)
        case "summary":
            drafts = Packer(document, tokens, prefixes, settings.parent_size).pack()
            write_summaries(drafts, tokens, prefixes, embedder, size, summarise)
        case "sentence" | "semantic" | "fixed":
            drafts = _cut_text(document, tokens, prefixes, embedder, settings, size)
    return _passages(document, drafts)


def _cut_text(
    document: Document, tokens: TokenMap, prefixes: Prefixes, embedder: Embedder, settings: Split, size: int
) -> list[Draft]:
    """Cut the text whatever its elements are; the tags alone are the prefix."""
    prefix = prefixes.tags
    room = size - prefixes.cost(prefix)
    match settings.by:
        case "sentence":
            drafts = sentence_windows(document, tokens, room, settings.overlap_sentences)
        case "semantic":
            drafts = semantic_windows(document, tokens, embedder, room, settings.buffer, settings.percentile)
        case _:
            drafts = fixed_windows(document, tokens, room, settings.overlap * room // settings.size)
    for draft in drafts:
        draft.prefix = prefix
        draft.tokens += prefixes.cost(prefix)
    return drafts


def _name_section(document: Document, drafts: Sequence[Draft]) -> None:
    first, last = drafts[0], drafts[-1]
    name = passage_id(document.source, document.id, first.span.start, last.span.end, first.prefix)
    for draft in drafts:
        draft.section = name


def _passages(document: Document, drafts: Sequence[Draft]) -> list[Passage]:
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
                anchors=tuple((one.start, one.anchor) for one in later if one.anchor),
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
