"""Answers of a JSON schema: by a model that writes, and by the reader, which fills forms."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import scoville as sc
from scoville.answer.structured import locate, open_shape, read_json
from scoville.demo import write_demo_documents
from scoville.errors import InvalidReply, RecipeError, UsageError
from scoville.llm.fake import FakeLlm
from scoville.types import Message

LIMIT = "The limit for any one misfuelling claim is £750. The policy was issued on 16 February 2026."
VALUES = {"embed": "fake", "prompt": {"style": "passages"}, "answer": {"min_similarity": -1}}


class Claim(BaseModel):
    limit: float
    issued: str | None


class Scripted(FakeLlm):
    """Gives its replies one by one, and remembers what it was asked."""

    def __init__(self, *replies: str) -> None:
        super().__init__(self._next)
        self.replies = [*replies]
        self.asked: list[list[Message]] = []
        self.schemas: list[Any] = []

    def _next(self, messages: Sequence[Message]) -> str:
        self.asked.append([*messages])
        return self.replies.pop(0)

    def generate(self, messages: Any, generation: Any, on_text: Any = None) -> Any:
        self.schemas.append(generation.json_schema)
        return super().generate(messages, generation, on_text)


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a bot over one document whose model replies as scripted: `bot, llm = scripted("{}", "{}")`."""
    (tmp_path / "policy.txt").write_text(LIMIT)
    bots: list[sc.Bot] = []

    def opened(*replies: str, **values: Any) -> tuple[sc.Bot, Scripted]:
        llm = Scripted(*replies)
        monkeypatch.setattr("scoville.answer.answerer.open_llm", lambda _: llm)
        given: Any = {**VALUES, "llm": "fake", **values}
        bot = sc.open(tmp_path / "bot", **given)
        bot.add(tmp_path / "policy.txt")
        bots.append(bot)
        return bot, llm

    yield opened
    for bot in bots:
        bot.close()


# A model that writes


def test_a_schema_gives_data_with_a_citation_for_each_value(scripted: Any):
    bot, llm = scripted('{"limit": 750, "issued": "2026-02-16"}')
    answer = bot.ask("What is the limit?", schema=Claim)
    assert answer.data == Claim(limit=750, issued="2026-02-16")
    assert json.loads(answer.text) == {"limit": 750, "issued": "2026-02-16"}
    assert {one.pointer: one.quote for one in answer.citations} == {"/limit": "750", "/issued": "16 February 2026"}
    assert {one.pointer: one.state for one in answer.citations} == {"/limit": "supported", "/issued": "supported"}
    assert llm.schemas[0]["properties"]["limit"]["type"] == "number"
    assert "JSON schema: {" in llm.asked[0][0].content


@pytest.mark.parametrize(
    "garbage",
    [
        "I am a pirate.",
        "",
        "{",
        '{"limit": "much"}',
        '{"limit": NaN, "issued": null}',
        "[" * 5000,
        "{}",
        ("no " * 90).strip(),
    ],
)
def test_what_is_no_json_of_the_schema_is_asked_for_once_more(scripted: Any, garbage: str):
    bot, llm = scripted(garbage, '```json\n{"limit": 750, "issued": null}\n``` I hope this helps.')
    answer = bot.ask("What is the limit?", schema=Claim)
    assert answer.data == Claim(limit=750, issued=None)
    assert len(llm.asked) == 2 and "That is not what was asked for" in llm.asked[1][-1].content
    assert [one.text for one in answer.step_replies] == [garbage]


def test_a_model_that_cannot_is_an_error_that_says_what_it_wrote(scripted: Any):
    bot, llm = scripted("Arr.", '{"limit": "much"}', "never asked")
    with pytest.raises(InvalidReply, match="asked twice.*much.*name a larger model"):
        bot.ask("What is the limit?", schema=Claim)
    assert llm.replies == ["never asked"]


def test_a_batch_is_answered_in_the_form_too_and_what_fails_is_its_error(scripted: Any):
    bot, _ = scripted('{"limit": 750, "issued": null}', "Arr.", "Arr.")
    first, second = bot.batch(["Limit?", "Limit again?"], schema=Claim, return_exceptions=True)
    assert first.data == Claim(limit=750, issued=None) and isinstance(second, InvalidReply)


def test_a_value_that_stands_in_a_passage_and_is_called_otherwise_there_is_unchecked(scripted: Any):
    bot, _ = scripted('{"limit": 16, "issued": null}')
    assert [(one.quote, one.state) for one in bot.ask("Limit?", schema=Claim).citations] == [("16", "unchecked")]


def test_json_that_no_passage_supports_is_a_refusal(scripted: Any):
    bot, _ = scripted('{"limit": 999, "issued": "2001-01-01"}')
    answer = bot.ask("What is the limit?", schema=Claim)
    assert (answer.refused, answer.reason, answer.data) == (True, "ungrounded", None)


def test_the_number_of_a_passage_must_be_one_that_was_given(scripted: Any):
    def cited(passage: int, quote: str) -> str:
        source = {"passage": passage, "source": "Larkspur", "quote": quote}
        return json.dumps({"answer": "The limit for any one misfuelling claim is £750.", "sources": [source]})

    bot, llm = scripted(cited(7, "x"), cited(1, "misfuelling claim is £750"))
    answer = bot.ask("What is the limit?", schema="citations")
    assert "7 is greater than the maximum of 1" in llm.asked[1][-1].content
    assert [(one.pointer, one.state) for one in answer.citations] == [
        ("/answer", "supported"), ("/sources/0/quote", "supported"),
    ]  # fmt: skip
    assert "Tamsin Okonjo" in llm.asked[0][1].content  # its examples
    bot, _ = scripted(cited(1, "towing is free"))
    made_up = next(one for one in bot.ask("Limit?", schema="citations").citations if "quote" in one.pointer)
    assert (made_up.state, made_up.quote) == ("unsupported", "towing is free")


def test_the_template_json_alone_asks_for_an_answer_with_its_sources(scripted: Any):
    source = {"passage": 1, "source": "Larkspur", "quote": "misfuelling claim is £750"}
    reply = {"answer": "The limit for any one misfuelling claim is £750.", "sources": [source]}
    bot, llm = scripted(json.dumps(reply), prompt={"style": "passages", "template": "json"})
    assert bot.ask("What is the limit?").data == reply
    assert "JSON schema: {" in llm.asked[0][0].content


def test_the_recipe_may_hold_the_schema_and_a_file_too(scripted: Any, tmp_path: Path):
    schema = {"type": "object", "properties": {"a.b": {"type": "number"}}, "required": ["a.b"]}
    (tmp_path / "limit.json").write_text(json.dumps(schema))
    for given in (schema, str(tmp_path / "limit.json")):
        bot, _ = scripted('{"a.b": 750}', answer={"min_similarity": -1, "json_schema": given})
        assert bot.recipe.answer.json_schema == schema
        assert bot.ask("What is the limit?").data == {"a.b": 750}


@pytest.mark.parametrize(
    "schema", ["nope", "./nope.json", {}, {"type": "objekt"}, int, [], ["a", "A"], {"$ref": "http://127.0.0.1:9/x"}]
)
def test_what_is_no_schema_is_refused_before_anything_is_asked(scripted: Any, schema: Any):
    bot, _ = scripted('{"a": 750}')
    with pytest.raises(UsageError, match="schema"):
        bot.ask("What is the limit?", schema=schema)
    if isinstance(schema, str):
        with pytest.raises(RecipeError, match="answer.json_schema"):
            sc.open(bot.workspace.root, answer={"json_schema": schema})


def test_pydantic_classes_within_classes_are_written_out():
    class Person(BaseModel):
        name: str

    class Policy(BaseModel):
        holder: Person
        drivers: list[Person]

    schema = open_shape(Policy).schema
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["drivers"]["items"]["properties"]["name"]["type"] == "string"


def test_json_is_taken_out_of_what_stands_around_it():
    assert read_json('Here: {"a": [1]} and {"b": 2}') == {"a": [1]}
    for text in ("", "none", "{'a': 1}", '{"a": 1'):
        with pytest.raises(ValueError, match="JSON|empty"):
            read_json(text)


def test_values_are_found_as_words_numbers_and_dates():
    assert locate("any  ONE misfuelling", LIMIT) == (14, 33)
    assert locate("misfuel", LIMIT) is None  # a part of a word
    assert locate(1750.0, "It is $1,750.00 a year.") == (7, 15)
    assert locate(75, LIMIT) is None
    assert [locate(value, "Es kostet 1.234,56 €.") for value in (1.234, 234, 1234.56, 56)] == [None] * 4
    assert locate(12, "In all 12, of 1,200 and 1200.5.") == (7, 9) and locate(1200.5, "In all 1200.5.") == (7, 13)
    assert locate("2026-02-16", LIMIT) == (74, 90)


# The reader


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("demo")
    write_demo_documents(folder / "documents")
    with sc.open(folder) as bot:
        bot.add(folder / "documents")
        yield bot


@pytest.mark.model
def test_the_reader_fills_a_form_and_boxes_each_value(demo: sc.Bot):
    answer = demo.ask("", schema="fields")
    assert answer.data == {
        "policy_number": "LEC-2048-7731", "policyholder": "Juniper Ashgrove", "issued": "2026-02-16",
        "starts": "2026-03-01", "ends": "2027-02-28", "price": 52,
    }  # fmt: skip
    assert {one.pointer for one in answer.citations} == {f"/{name}" for name in answer.data}
    for one in answer.citations:
        assert one.document == "documents/policy-schedule.pdf" and one.page == 1 and one.verified
        assert one.boxes and one.quote in answer.hits[one.marker - 1].passage.text


@pytest.mark.model
def test_the_labels_of_a_form_are_fields_too_and_what_it_lacks_is_null(demo: sc.Bot):
    answer = demo.ask("", schema=["Excess, any one claim", "Automatic renewal", "Shoe size", "Date of birth"])
    assert answer.data == {
        "excess_any_one_claim": "£6,500", "automatic_renewal": "No", "shoe_size": None, "date_of_birth": "9 April 1987",
    }  # fmt: skip


@pytest.mark.model
def test_fields_that_the_reader_cannot_fill_say_so(demo: sc.Bot):
    with pytest.raises(UsageError, match="sources is of type array.*name a model that writes"):
        demo.ask("Who?", schema="citations")

    class Shoes(BaseModel):
        shoe_size: int
        policy_number: str

    with pytest.raises(InvalidReply, match="shoe_size.*allow null"):
        demo.ask("", schema=Shoes)
    answer = demo.ask("", schema=["Shoe size"])
    assert answer.refused and answer.data is None
