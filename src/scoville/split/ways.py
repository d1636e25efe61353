"""The ways of splitting that a recipe can name, each a function of one document's material.

Enters: a document, its tokens, the recipe's settings. Leaves: drafts in reading order. ``section``, ``parent`` and
``summary`` keep the path of headings as the prefix of each passage, cut no paragraph that fits, and repeat the header
of a table that does not. ``sentence``, ``semantic`` and ``fixed`` cut the text whatever its elements are.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from scoville.embed import Embedder
from scoville.recipe import Split
from scoville.split.draft import DraftPassage, Prefixes
from scoville.split.join import passage_id
from scoville.split.sections import Packer, group_sections
from scoville.split.summary import Summarise, write_summaries
from scoville.split.tokens import TokenMap
from scoville.split.windows import fixed_windows, semantic_windows, sentence_windows
from scoville.types import Document


class Material(NamedTuple):
    """What a way of splitting is given."""

    document: Document
    settings: Split
    embedder: Embedder
    size: int
    """The most tokens of a passage: what the recipe says, or less where the embedder reads less."""
    tokens: TokenMap
    """Counts the tokens of any span of the document's text."""
    prefixes: Prefixes
    summarise: Summarise | None = None
    """The model that writes summaries, if the recipe names one."""


Splitter = Callable[[Material], Iterable[DraftPassage | tuple[int, int]]]
"""Gives the passages of a document in reading order, each as a draft or as the characters ``(start, end)`` of the
text."""


def by_section(material: Material) -> list[DraftPassage]:
    """Pack whole elements below their headings."""
    return _packed(material, material.size)


def by_parent(material: Material) -> list[DraftPassage]:
    """Pack as by section, and name for each passage the section that the model is given in its place."""
    document, drafts = material.document, _packed(material, material.size)
    for section in group_sections(drafts, material.tokens, material.prefixes, material.settings.parent_size):
        first, last = section[0], section[-1]
        name = passage_id(document.source, document.id, first.span.start, last.span.end, first.prefix)
        for draft in section:
            draft.section = name
    return drafts


def by_summary(material: Material) -> list[DraftPassage]:
    """Pack sections, and write summaries of the long ones."""
    drafts = _packed(material, material.settings.parent_size)
    write_summaries(drafts, material.tokens, material.prefixes, material.embedder, material.size, material.summarise)
    return drafts


def by_sentence(material: Material) -> list[DraftPassage]:
    """Fill passages with whole sentences."""
    overlap = material.settings.overlap_sentences
    return _tagged(material, sentence_windows(material.document, material.tokens, _room(material), overlap))


def by_meaning(material: Material) -> list[DraftPassage]:
    """Cut where neighbouring sentences are least alike."""
    settings = material.settings
    drafts = semantic_windows(
        material.document, material.tokens, material.embedder, _room(material), settings.buffer, settings.percentile
    )
    return _tagged(material, drafts)


def by_windows(material: Material) -> list[DraftPassage]:
    """Cut windows of one size."""
    room, settings = _room(material), material.settings
    overlap = settings.overlap * room // settings.size
    return _tagged(material, fixed_windows(material.document, material.tokens, room, overlap))


def _packed(material: Material, size: int) -> list[DraftPassage]:
    return Packer(material.document, material.tokens, material.prefixes, size).pack()


def _room(material: Material) -> int:
    """Say how many tokens the tags leave for the text; they alone are the prefix."""
    return material.size - material.prefixes.cost(material.prefixes.tags)


def _tagged(material: Material, drafts: list[DraftPassage]) -> list[DraftPassage]:
    prefix = material.prefixes.tags
    for draft in drafts:
        draft.prefix = prefix
        draft.tokens += material.prefixes.cost(prefix)
    return drafts
