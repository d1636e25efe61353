"""Every choice from reader to answer, in one strict YAML file.

recipe     the choices with their defaults        sources    the places that documents come from
observers  the sections that only watch           file       values from the file, the environment and flags
"""

from scoville.recipe.recipe import (
    FILE_NAME,
    READ_LIMITS,
    SPLIT_OPTIONS,
    Answering,
    Embed,
    Index,
    Llm,
    Metadata,
    MetadataRule,
    Prompt,
    Read,
    Recipe,
    Rewrite,
    Search,
    Split,
)

__all__ = [
    "FILE_NAME", "READ_LIMITS", "SPLIT_OPTIONS", "Answering", "Embed", "Index", "Llm", "Metadata", "MetadataRule",
    "Prompt", "Read", "Recipe", "Rewrite", "Search", "Split",
]  # fmt: skip
