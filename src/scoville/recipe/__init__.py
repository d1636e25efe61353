"""Every choice from reader to answer, in one strict YAML file.

recipe     the choices with their defaults        sources    the places that documents come from
section    what they have in common, and what each value decides
model      a model, and how it is asked            prompt     what it is told, and the templates
observers  the sections that only watch           file       values from the file, the environment and flags
memory     what is remembered of conversations    serve      who uses the service
starter    the file that a new workspace begins with
"""

from scoville.recipe.guards import Guards
from scoville.recipe.memory import Memory
from scoville.recipe.model import Model, PageModel, SpeechModel, WritingModel
from scoville.recipe.observers import Judge
from scoville.recipe.prompt import Anatomy, Prompt
from scoville.recipe.recipe import (
    FILE_NAME,
    SPLIT_OPTIONS,
    Answering,
    Embed,
    Index,
    Llm,
    Metadata,
    MetadataRule,
    Read,
    Recipe,
    Rewrite,
    Search,
    Split,
)
from scoville.recipe.section import ANSWERS, INDEX, OPERATIONAL, Mark, Section, deciding, marks
from scoville.recipe.serve import Users

__all__ = [
    "ANSWERS", "Anatomy", "FILE_NAME", "INDEX", "OPERATIONAL", "SPLIT_OPTIONS", "Answering", "Embed", "Guards", "Index",
    "Judge", "Llm", "Mark", "Memory", "Metadata", "MetadataRule", "Model", "PageModel", "Prompt", "Read", "Recipe",
    "Rewrite", "Search", "Section", "SpeechModel", "Split", "Users", "WritingModel", "deciding", "marks",
]  # fmt: skip
