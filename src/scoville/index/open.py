"""The index that a recipe names.

Enters: a workspace and the ``index`` section of a recipe. Leaves: an :class:`Index`. Knows no backend but by name.
"""

import hashlib
import os

from scoville.index.protocol import Index
from scoville.index.workspace import Built, Workspace
from scoville.recipe import Index as Settings

URL_VARIABLE = "SCOVILLE_POSTGRES_URL"


def open_index(workspace: Workspace, settings: Settings, built: Built, *, create: bool = False) -> Index:
    """Open the index of a workspace; ``create`` makes it where it is missing, and brings an old one up to date.

    Raises StaleIndex when an older version built it.
    """
    if settings.url is None:
        from scoville.index.lance import LanceIndex

        return LanceIndex(workspace.index_folder, built.table, built.dimension, settings, create=create)
    from scoville.index.postgres import PostgresIndex

    url = os.environ.get(URL_VARIABLE) or settings.url
    name = settings.name or f"scoville_{hashlib.sha256(str(workspace.root).encode()).hexdigest()[:12]}"
    return PostgresIndex(url, name, built.table, built.dimension, settings, create=create)
