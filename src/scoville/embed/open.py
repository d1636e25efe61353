"""The embedder that a recipe names.

Enters: the ``embed`` section of a recipe. Leaves: an :class:`Embedder`. Knows no passages and no index.
"""

from scoville.embed.protocol import Embedder
from scoville.recipe import Embed


def open_embedder(settings: Embed) -> Embedder:
    """Open the embedder that ``settings.model`` names.

    Raises UnknownModel for a name that is in no catalogue, ModelUnavailable when it cannot be fetched.
    """
    provider, _, name = settings.model.partition(":")
    match provider:
        case "fake":
            from scoville.embed.fake import FakeEmbedder

            return FakeEmbedder()
        case "openai":
            from scoville.embed.openai import OpenAIEmbedder

            return OpenAIEmbedder(name, settings)
        case _:
            from scoville.embed.openvino import OpenVINOEmbedder
            from scoville.models import locate_model

            return OpenVINOEmbedder(locate_model(settings.model, kind="embedder"), threads=settings.threads)
