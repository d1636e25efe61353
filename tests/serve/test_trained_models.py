"""Adapters and models that were trained in a workspace are models of the API."""

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from serving import LEAVE, Served, office

from scoville.serve.service import service_in
from tiny_llama import write_adapter, write_tiny_llama

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:peft"),
]
MODELS = ["my-bot", "base+tone", "whole"]


def record(folder: Path, **told: str) -> None:
    """Write what a training that has ended leaves."""
    (folder / "training.json").write_text(json.dumps(told))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("work")
    models = root / ".scoville" / "models"
    base = write_tiny_llama(root / "base", max_position_embeddings=2048)
    record(write_tiny_llama(models / "whole", seed=3, max_position_embeddings=2048), base="hf:acme/small")
    record(write_adapter(models / "tone", base), base=f"path:{base}")
    record(write_tiny_llama(models / "nearer"), base="x", kind="reranker")  # it finds, and answers nothing
    write_tiny_llama(models / "unfinished")
    (models / "torn").mkdir()
    (models / "torn" / "training.json").write_text("{")
    with office(root, more="llm: {model: fake, max_tokens: 8}\n") as one:
        yield one


def test_they_are_listed_without_what_finds_and_what_is_not_finished(served: Served):
    with served.openai() as client:
        assert [one.id for one in client.models.list()] == MODELS
        assert [client.models.retrieve(name).id for name in MODELS] == MODELS
        for unknown in ("nearer", "unfinished", "tone", "base+whole", "acme/none"):
            with pytest.raises(openai.NotFoundError, match="there are 'my-bot', 'base\\+tone', 'whole'"):
                client.models.retrieve(unknown)


@pytest.mark.parametrize("name", MODELS)
def test_each_answers_from_the_same_documents(served: Served, name: str):
    with served.openai() as client:
        reply = client.chat.completions.create(model=name, messages=[{"role": "user", "content": LEAVE}])
        told = client.responses.create(model=name, input=LEAVE)
        vectors = client.embeddings.create(model=name, input=LEAVE)
    assert reply.model == told.model == name and vectors.data
    asked = (reply.model_extra or {})["scoville"]
    assert asked["bot"] == name and any(one["document"] == "docs/handbook.pdf" for one in asked["passages"])
    assert asked["model"] == ("fake" if name == "my-bot" else name)  # without the folder in which its base lies


def test_an_unknown_one_is_said_in_the_form_of_the_api(served: Served):
    with served.openai() as client:
        for ask in (
            lambda: client.chat.completions.create(model="tone", messages=[{"role": "user", "content": LEAVE}]),
            lambda: client.responses.create(model="tone", input=LEAVE),
            lambda: client.embeddings.create(model="tone", input=LEAVE),
        ):
            with pytest.raises(openai.NotFoundError) as refused:
                ask()
            assert (refused.value.code, refused.value.type) == ("model_not_found", "not_found_error")


def test_one_that_is_removed_is_no_model_any_more(served: Served):
    folder = served.bot.workspace.folder / "models" / "whole"
    with served.openai() as client:
        folder.rename(folder.with_name("away"))
        try:
            assert "whole" not in [one.id for one in client.models.list()]
            with pytest.raises(openai.NotFoundError):
                client.responses.create(model="whole", input=LEAVE)
        finally:
            folder.with_name("away").rename(folder)
    assert service_in(served.app).first is served.bot
