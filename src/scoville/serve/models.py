"""/v1/models and /v1/embeddings. Enters: names, texts. Leaves: what can be asked, and vectors."""

import base64
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from scoville.recipe.model import name_of, shown_name
from scoville.serve.refused import Refused
from scoville.serve.sent import Sent
from scoville.serve.service import Asker, service_of
from scoville.serve.work import Stop

router = APIRouter(tags=["OpenAI"])
MOST_TEXTS = 2048


class EmbeddingsRequest(Sent):
    """Texts to embed."""

    model: str = Field(description="A bot, whose embedder embeds, or that embedder.")
    input: str | list[str] = Field(examples=["How long is parental leave?"])
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None


@router.get("/v1/models")
async def models(request: Request, _: Asker) -> dict[str, Any]:
    """List the bots, the models that were trained in their workspaces, which answer from the same documents, and the
    releases with the aliases that stand for them.
    """
    service = service_of(request)
    names = dict.fromkeys((*service.bots, *service.trained(), *service.released.names()))
    return {"object": "list", "data": [_model(name) for name in names]}


@router.get("/v1/models/{name:path}")
async def model(name: str, request: Request, _: Asker) -> dict[str, Any]:
    """Say whether there is a model of that name."""
    return _model(service_of(request).bot(name)[0])


@router.post("/v1/embeddings")
async def embeddings(body: EmbeddingsRequest, request: Request, _: Asker) -> dict[str, Any]:
    """Embed texts as passages are embedded: unit vectors, in the order given."""
    service = service_of(request)
    by_embedder = {shown_name(bot.recipe.embed.model): bot for bot in service.bots.values()}
    asked = next(
        (one for one, bot in service.bots.items() if bot is by_embedder.get(shown_name(body.model))), body.model
    )
    bot = service.bot(asked)[1]
    texts = [body.input] if isinstance(body.input, str) else body.input
    if not 0 < len(texts) <= MOST_TEXTS or "" in texts:
        raise Refused(400, f"input: expected 1 to {MOST_TEXTS:,} texts, none of them empty", code="invalid_value")

    def embed(_: Stop) -> tuple[Any, int, int]:
        with service.answers_as(asked, "") as routed:
            embedder = routed.bot.searcher().embedder
            vectors = embedder.embed(texts)
            return vectors, embedder.dimension, sum(map(len, embedder.token_spans(texts)))

    vectors, dimension, tokens = await service.work.do(request, embed)
    if body.dimensions not in (None, dimension):
        raise Refused(400, f"dimensions: this model has {dimension}", code="unsupported_value")
    data = [
        {"object": "embedding", "index": number, "embedding": _encoded(vector, body.encoding_format)}
        for number, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": shown_name(name_of(bot.recipe.embed.model)), "usage": usage}


def _encoded(vector: Any, form: str) -> list[float] | str:
    return vector.tolist() if form == "float" else base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "scoville"}
