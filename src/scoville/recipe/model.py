"""A model as a recipe names it, and how it is asked where it is behind an endpoint.

Enters: a name, or a section with one. Leaves: a validated section. Keys are never part of it: it names the variable of
the environment that holds one.
"""

import re
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer, model_validator

from scoville.recipe.section import ANSWERS, OPERATIONAL, PositiveInt, Section

ENDPOINTS = ("openai", "anthropic", "ollama", "vllm")
"""What stands before the name of a model behind an endpoint."""
CONCURRENCY = 8
"""Requests to an endpoint at once, where nobody says otherwise."""
SECRET = re.compile(r"(?<![a-z])(?:api.?)?(?:key|token|secret|password)(?![a-z])", re.IGNORECASE)


def is_hosted(model: str | None) -> bool:
    """Say whether a model is asked through an endpoint."""
    return bool(model) and str(model).removeprefix("auto+").partition(":")[0] in ENDPOINTS


def provider_of(model: str | None) -> str:
    """Give what stands before the name of a model behind an endpoint; empty for all others."""
    return str(model).partition(":")[0] if is_hosted(model) else ""


def protocol_of(model: str) -> str:
    """Name what the endpoint of a model speaks: that is the runtime of its replies."""
    return "anthropic" if model.startswith("anthropic:") else "openai"


def name_of(model: str) -> str:
    """Give the name by which its endpoint knows a model; that of any other stays as it is."""
    return model.removeprefix("auto+").partition(":")[2] if is_hosted(model) else model


def shown_name(model: str) -> str:
    """Name a model for people who are not to learn where files lie: of `path:FOLDER/FILE` the file alone."""
    return model.rpartition("/")[2] if model.startswith("path:") and "/" in model else model


class Model(Section):
    """A model by its name, and for one behind an endpoint how it is asked."""

    model: str
    """As `scoville models` names it, or `openai:NAME`, `ollama:NAME` or `vllm:NAME`, and what else the section takes.
    `ollama:` and `vllm:` are servers on this machine, `openai:` any that speaks OpenAI's protocol. What writes may be
    `anthropic:NAME`, too."""
    base_url: Annotated[str | None, ANSWERS] = None
    """The endpoint. Default: of `openai:` models `OPENAI_BASE_URL`, then OpenAI's; of `anthropic:` models
    `ANTHROPIC_BASE_URL`, then Anthropic's; of `ollama:` `OLLAMA_HOST`, then this machine; of `vllm:` port 8000 of this
    machine."""
    api_key_env: Annotated[str | None, OPERATIONAL] = None
    """The variable of the environment that holds the endpoint's key. Default: for `openai:` models `OPENAI_API_KEY`,
    for `anthropic:` models `ANTHROPIC_API_KEY`."""
    timeout_seconds: Annotated[PositiveInt, OPERATIONAL] = 60
    """The longest that one request to the endpoint may take."""
    max_retries: Annotated[int, Field(ge=0, le=10), OPERATIONAL] = 3
    """How often the endpoint is asked again after 429, 5xx, time-outs and lost connections, with exponential
    backoff."""
    concurrency: Annotated[int, Field(ge=0, le=64), OPERATIONAL] = 0
    """How many requests may be on their way at once; 0: 8 to an endpoint, 1 to a model on this machine. With more than
    1 an `openvino` model computes in float32, so that no reply depends on what is written beside it: where the CPU has
    bfloat16, a reply that is alone then takes up to 1.5 times as long."""

    @property
    def at_once(self) -> int:
        """How many requests may be on their way at once."""
        return self.concurrency or (CONCURRENCY if is_hosted(self.model) else 1)

    @model_validator(mode="after")
    def _asked_where_it_is(self) -> Self:
        if self.api_key_env and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.api_key_env):
            raise ValueError(
                "api_key_env: expected the name of a variable, e.g. GROQ_API_KEY, and never the key itself"
            )
        if not is_hosted(self.model):
            for option in ("base_url", "api_key_env"):
                if getattr(self, option):
                    raise ValueError(f"{option}: only models behind an endpoint have one, and model is {self.model!r}")
        if self.base_url and _holds_secret(self.base_url):
            raise ValueError(
                "base_url: holds credentials; leave them out and name the variable with the key in api_key_env"
            )
        return self


class WritingModel(Model):
    """A model that writes text."""

    runtime: Literal["auto", "openvino", "llamacpp"] = "auto"
    """For local models; `auto` takes openvino on x86-64 CPUs, else llamacpp."""
    thinking: bool | None = None
    """Whether a model that can think before it answers does. Default: as the model does by itself."""
    thinking_tokens: Annotated[int, Field(ge=0, le=65536)] = 2048
    """The most tokens that one that thinks may take for it, besides those of its answer."""
    extra_body: dict[str, Any] = {}
    """Sent along to the endpoint, e.g. `{top_k: 20}`, and beats what Scoville sends."""

    @model_validator(mode="after")
    def _run_here(self) -> Self:
        if self.extra_body and not is_hosted(self.model):
            raise ValueError(f"extra_body: only hosted models take it, and model is {self.model!r}")
        if any(SECRET.search(name) for name in self.extra_body):
            raise ValueError("extra_body: holds a key; leave it out and name the variable with it in api_key_env")
        if is_hosted(self.model) and self.runtime != "auto":
            raise ValueError(f"runtime: {self.runtime!r} runs local models, and model is {self.model!r}")
        return self


class PageModel(Model):
    """What reads the pages of PDFs."""

    model: Annotated[str, Field(pattern=r"^(auto|docling|(auto\+)?(openai|ollama|vllm):.+)$")]


class SpeechModel(Model):
    """What writes down speech."""

    model: Annotated[str, Field(pattern=r"^(whisper-[a-z0-9.-]+|(openai|ollama|vllm|path):.+)$")]
    timeout_seconds: Annotated[PositiveInt, OPERATIONAL] = 300


def _of_name(given: Any) -> Any:
    return {"model": given} if isinstance(given, str) else given


def _as_name(model: Model | None, dump: SerializerFunctionWrapHandler) -> Any:
    """Write a section that says no more than a name as that name."""
    written = dump(model)
    return model.model if model and written == dump(type(model)(model=model.model)) else written


M = TypeVar("M", bound=Model)
Named = Annotated[M, BeforeValidator(_of_name), WrapSerializer(_as_name)]
"""A model that is one value of a section: its name alone is short for it."""


def _holds_secret(url: str) -> bool:
    parts = urlsplit(url)
    return "@" in parts.netloc or any(SECRET.search(name) for name, _ in parse_qsl(parts.query))
