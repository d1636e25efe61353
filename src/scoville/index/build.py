"""What decides the passages of a file, as one hash."""

import hashlib

from scoville.index.analyse import ANALYSER_VERSION
from scoville.index.rows import ROWS_VERSION
from scoville.read import READER_VERSION
from scoville.recipe import Recipe
from scoville.split import SPLITTER_VERSION


def build_hash(recipe: Recipe) -> str:
    """Name everything that decides what the passages of a file are."""
    named = f"{recipe.build_hash}/{READER_VERSION}/{SPLITTER_VERSION}/{ANALYSER_VERSION}/{ROWS_VERSION}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]
