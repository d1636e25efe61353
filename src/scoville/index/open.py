"""The index that a recipe names.

Enters: a workspace and the ``index`` section of a recipe. Leaves: an :class:`Index`. Knows no backend.
"""

from scoville.index.protocol import Index
from scoville.index.workspace import Built, Workspace
from scoville.recipe import Index as Settings
from scoville.registry import find

DEFAULT = "lance"


def open_index(workspace: Workspace, settings: Settings, built: Built, *, create: bool = False) -> Index:
    """Open the index of a workspace; DamagedIndex where it is missing or cannot be read.

    ``create`` makes it then: an empty one in its place.
    """
    scheme = DEFAULT if settings.url is None else settings.url.partition("://")[0]
    return find("index", scheme)(workspace, settings, built, create=create)
