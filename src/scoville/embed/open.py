"""The embedder that a recipe names.

Enters: the ``embed`` section of a recipe. Leaves: an :class:`Embedder`. Knows no passages and no index.
"""

from scoville.embed.protocol import Embedder
from scoville.models.provider import find_provider
from scoville.recipe import Embed


def open_embedder(settings: Embed) -> Embedder:
    """Open the embedder that ``settings.model`` names.

    Raises UnknownModel for a name that means nothing, ModelUnavailable when it cannot be fetched.
    """
    provider = find_provider("embedder", settings.model, "embed.model")
    return provider.open(provider.name, settings)
