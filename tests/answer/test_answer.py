import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoville import recipe
from scoville.answer import Answerer, answer_json, history_of, hit_json, open_answerer
from scoville.answer.declines import declines
from scoville.cli.show import answer_text
from scoville.embed.fake import FakeEmbedder
from scoville.errors import EmptyIndex, ProviderAuth, ProviderError, UsageError
from scoville.extract import Span
from scoville.index import Built, LanceIndex, Workspace, build_hash
from scoville.llm import Generation
from scoville.llm.fake import FakeLlm
from scoville.llm.reader import ReaderLlm
from scoville.prompt import DECLINE, render_focus
from scoville.recipe import Recipe
from scoville.search import Focus, Searcher
from scoville.types import Answer, Box, Finding, Message, Passage, Region, Reply

ROOT = Path(__file__).parents[2]
SETTINGS = Recipe(embed=recipe.Embed(model="fake"), llm=recipe.Llm(model="fake"))
CANCEL = "You may cancel the policy within 14 days of buying it."
LIMIT = "The limit for any one misfuelling claim is £750."
OTHERS = (
    "There is no charge for towing. No, you cannot insure a rented bus. I recommend that you keep the receipt for the "
    "keys. The documents that we need are the rental agreement and the receipt for the keys. It does not cover wear "
    "and tear. No passengers of a rented bus are covered. Not more than 20 days a year are covered abroad."
)
QUESTION = "Within how many days may I cancel the policy?"


def passage(number: int, source: str, text: str, **more: Any) -> Passage:
    plain = Passage(
        id=f"{number:032x}", source=source, document_id="d" * 64, title="Policy", media_type="application/pdf", start=0,
        end=len(text), text=text,
    )  # fmt: skip
    return replace(plain, **more)


PASSAGES = [
    passage(1, "policy.pdf", CANCEL, page=2, regions=(Region(0, len(CANCEL), Box(2, 50, 60, 400, 72)),),
            prefix="Policy > Cancelling", headings=("Cancelling",)),
    passage(2, "policy.pdf", f"{LIMIT} {OTHERS}", page=4),
    passage(3, "handbook.md", "Wages are paid on the last day of the month.", media_type="text/markdown"),
]  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LanceIndex:
    return built(tmp_path_factory.mktemp("index"), PASSAGES)


def built(folder: Path, passages: Sequence[Passage]) -> LanceIndex:
    embedder = FakeEmbedder()
    made = LanceIndex(folder, "passages", embedder.dimension, create=True)
    vectors = embedder.embed([passage.content for passage in passages])
    made.replace(sorted({passage.source for passage in passages}), passages, vectors, build_hash(SETTINGS))
    made.finish()
    return made


class ListeningLlm(FakeLlm):
    """Remembers what it was asked."""

    def __init__(self, reply: str | Callable[[Sequence[Message]], str] | None = None) -> None:
        super().__init__(reply)
        self.asked: list[tuple[list[Message], Generation]] = []

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: Any = None) -> Reply:
        self.asked.append((list(messages), generation))
        return super().generate(messages, generation, on_text)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(index: LanceIndex) -> Ask:
    """Ask with a reply: `ask("reply", "question", answer={"min_support": 0.9})`."""

    def run(reply: str, question: str = QUESTION, **sections: dict[str, Any]) -> Answer:
        return answerer(index, ListeningLlm(reply), **sections).ask(question)

    return run


def answerer(index: LanceIndex, model: FakeLlm | ReaderLlm, **sections: dict[str, Any]) -> Answerer:
    values = SETTINGS.model_dump(mode="json")
    for section, keys in sections.items():
        values[section] |= keys
    chosen = Recipe.model_validate_json(json.dumps(values))
    return Answerer(Searcher(index, FakeEmbedder(), chosen.search), model, chosen)


def asked(index: LanceIndex, question: str = QUESTION, **options: Any) -> list[Message]:
    llm = ListeningLlm("no matter")
    answerer(index, llm).ask(question, **options)
    return llm.asked[0][0]


# Answers


def test_an_answer_has_its_text_citation_and_passages(ask: Ask):
    answer = ask("You may cancel within 14 days [1].")
    assert (answer.text, answer.refused, answer.reason) == ("You may cancel within 14 days [1].", False, None)
    (citation,) = answer.citations
    assert (citation.document, citation.page, citation.quote) == ("policy.pdf", 2, CANCEL)
    assert (citation.verified, citation.method) == (True, "model")
    assert citation.boxes == PASSAGES[0].boxes()
    assert answer.hits[0].passage == PASSAGES[0]
    assert answer.question == QUESTION


def test_an_answer_without_markers_is_aligned(ask: Ask):
    answer = ask("You may cancel within 14 days. Pigs fly at noon.")
    assert answer.text == "You may cancel within 14 days. [1]"
    assert [citation.method for citation in answer.citations] == ["aligned"]


def test_the_reply_and_the_times_are_those_of_the_model(ask: Ask):
    answer = ask("You may cancel within 14 days [1].")
    assert answer.reply is not None
    assert (answer.reply.text, answer.reply.runtime) == ("You may cancel within 14 days [1].", "fake")
    assert answer.first_token_seconds is not None
    assert 0 < answer.search_seconds <= answer.first_token_seconds <= answer.total_seconds


def test_the_model_reads_the_passages_in_the_order_of_the_hits(index: LanceIndex):
    llm = ListeningLlm("You may cancel within 14 days [1].")
    answer = answerer(index, llm).ask(QUESTION)
    content = llm.asked[0][0][-1].content
    for number, hit in enumerate(answer.hits, start=1):
        assert f"[{number}] {hit.passage.content}" in content
    assert content.endswith(f"Question: {QUESTION}")


def test_the_model_generates_as_the_recipe_says(index: LanceIndex):
    llm = ListeningLlm("You may cancel within 14 days [1].")
    answerer(index, llm, llm={"max_tokens": 50, "temperature": 0.5, "seed": 7, "stop": ["END"]}).ask(QUESTION)
    expected = Generation(max_tokens=50, temperature=0.5, seed=7, stop=("END",))
    assert llm.asked[0][1] == expected


@pytest.mark.parametrize(("runtime", "stop"), [("openvino", ("\n\n",)), ("openai", ())])
def test_only_local_models_stop_at_a_blank_line_by_themselves(index: LanceIndex, runtime: str, stop: tuple[str, ...]):
    llm = ListeningLlm("You may cancel within 14 days [1].")
    llm.runtime = runtime
    answerer(index, llm).ask(QUESTION)
    assert llm.asked[0][1].stop == stop


def test_the_text_is_heard_as_it_comes(index: LanceIndex):
    pieces: list[str] = []
    reply = "You may cancel within 14 days [1]."
    answerer(index, ListeningLlm(reply)).ask(QUESTION, on_text=pieces.append)
    assert len(pieces) > 3
    assert "".join(pieces) == reply


def test_filters_reach_the_search(index: LanceIndex):
    answer = answerer(index, ListeningLlm("Wages are paid on the last day of the month [1].")).ask(
        "When are wages paid?", where=["document = handbook.md"]
    )
    assert [hit.passage.source for hit in answer.hits] == ["handbook.md"]
    assert answer.citations[0].verified


def test_small_models_read_sentences_and_others_passages(index: LanceIndex):
    class Small(ListeningLlm):
        runtime = "llamacpp"

    small = Small("You may cancel within 14 days.")
    answer = answerer(index, small).ask(QUESTION)
    assert "[1]" not in small.asked[0][0][-1].content
    assert CANCEL in small.asked[0][0][-1].content
    assert answer.citations[0].method == "aligned"
    for style, numbered in (("passages", True), ("sentences", False)):
        llm = Small("no matter")
        answerer(index, llm, prompt={"style": style}).ask(QUESTION)
        assert ("[1]" in llm.asked[0][0][-1].content) is numbered


# Refusals


def test_evidence_too_weak_is_refused_without_asking_the_model(index: LanceIndex):
    llm = ListeningLlm("You may cancel within 14 days [1].")
    answer = answerer(index, llm, answer={"min_similarity": 0.99}).ask(QUESTION)
    assert (answer.refused, answer.reason) == (True, "weak_evidence")
    assert not llm.asked
    assert answer.reply is None
    assert answer.first_token_seconds is None
    assert answer.hits
    assert answer.citations == ()


def test_a_question_about_nothing_in_the_documents_is_refused(index: LanceIndex):
    llm = ListeningLlm("Paris [1].")
    answer = answerer(index, llm, answer={"min_similarity": 0.5}).ask("xylophone quixotic zebra umbrella?")
    assert answer.reason == "weak_evidence"
    assert not llm.asked


def test_what_is_near_to_nothing_is_answered_where_the_reader_is_sure(index: LanceIndex):
    far = {"min_similarity": 0.99}
    sure, doubtful = (answerer(index, PointsAtDays(odds), answer=far).ask(QUESTION) for odds in (0.9, 0.1))
    assert not sure.refused and "14 days" in sure.text
    assert (doubtful.reason, doubtful.refusal and doubtful.refusal.reason) == ("weak_evidence", "out_of_scope")


def test_no_documents_are_a_refusal_without_asking_the_model(index: LanceIndex):
    llm = ListeningLlm("You may cancel within 14 days [1].")
    answer = answerer(index, llm).ask(QUESTION, where=["document = nothing.pdf"])
    assert (answer.refused, answer.reason, answer.hits, answer.reply) == (True, "no_documents", (), None)
    assert not llm.asked


def test_without_vectors_nothing_is_too_weak(index: LanceIndex):
    llm = ListeningLlm("You may cancel within 14 days [1].")
    answer = answerer(index, llm, search={"dense_weight": 0}, answer={"min_similarity": 1}).ask(QUESTION)
    assert not answer.refused


def test_a_refusal_has_the_words_of_the_recipe(ask: Ask):
    answer = ask("I don't know.", answer={"refusal": "Ask Rowan."})
    assert (answer.text, answer.reason) == ("Ask Rowan.", "model_declined")
    assert answer.reply is not None
    assert answer.reply.text == "I don't know."


def test_an_answer_that_no_passage_holds_is_refused_without_citations(ask: Ask):
    for reply in ("Pigs fly at noon over green cheese.", "Pigs fly at noon [1].", "You may cancel within 15 days [1]."):
        answer = ask(reply)
        assert (answer.refused, answer.reason, answer.citations) == (True, "ungrounded", ())
        assert answer.text == SETTINGS.answer.refusal


def test_an_answer_that_cites_only_passages_it_was_not_given_is_refused(ask: Ask):
    assert ask("You may cancel within 14 days [9].").reason == "ungrounded"


@pytest.mark.parametrize("reply", ["", " ", "\n\n"])
def test_an_empty_reply_is_declining(ask: Ask, reply: str):
    assert ask(reply).reason == "model_declined"


@pytest.mark.parametrize("reply", ["<think>Fourteen or fifteen", "Well, let me see what the passages say about"])
def test_a_reply_that_is_cut_off_before_an_answer_says_so(index: LanceIndex, reply: str):
    class CutOff(ListeningLlm):
        def generate(self, *given: Any) -> Reply:
            return replace(super().generate(*given), finish_reason="length")

    answer = answerer(index, CutOff(reply)).ask(QUESTION)
    assert (answer.refused, answer.reason) == (True, "cut_off")


def test_what_a_model_thinks_is_no_part_of_its_answer(ask: Ask):
    answer = ask("<think>Fourteen, says [1].</think>\n\nYou may cancel within 14 days [1].")
    assert (answer.text, answer.refused) == ("You may cancel within 14 days [1].", False)


def test_the_words_that_models_are_told_to_decline_with_are_declining(ask: Ask):
    assert ask(DECLINE).reason == "model_declined"


@pytest.mark.parametrize(
    "reply",
    [
        "I don't know.",
        "I do not know.",
        "**I don't know.**",
        '"I don\'t know."',
        "I'm sorry, but I cannot answer that.",
        "Sorry, the passages do not say.",
        "I am unable to answer this question based on the passages.",
        "I'm not able to find that information.",
        "I couldn't find any information about this.",
        "I could not find this in the documents.",
        "I don't have enough information to answer.",
        "I'm not sure.",
        "Unfortunately, the passages do not mention it.",
        "There is no information about that in the passages.",
        "There is no mention of a child seat.",
        "No information is given about the founding year.",
        "The passages do not contain this information.",
        "The passage doesn't say.",
        "The provided documents do not mention the price.",
        "The given context does not specify the year.",
        "The documents contain no information about this.",
        "The text does not provide an answer.",
        "I don't know. [1]",
        "I don’t know.",
        "Answer: I don't know.",
        "None of the passages answer the question.",
        "Nothing in the passages says so.",
        "There are no passages about this.",
        "It is not mentioned in the passages.",
        "The answer is not in the passages.",
        "The question cannot be answered from the passages.",
        "Not mentioned in the passages.",
        "Based on the passages, I cannot determine the price.",
        "Based on the provided passages, there is no information about this.",
        "Passage [1] does not mention the speed limit.",
        "I was unable to find it.",
        "The information is not available.",
        "We don't know.",
    ],
)
def test_a_model_that_says_that_it_cannot_answer_declines(ask: Ask, reply: str):
    answer = ask(reply)
    assert answer.refused
    assert answer.reason == "model_declined"


@pytest.mark.parametrize(
    "reply",
    [
        "There is no charge for towing [{}].",
        "No, you cannot insure a rented bus [{}].",
        "I recommend that you keep the receipt for the keys [{}].",
        "The documents that we need are the rental agreement and the receipt [{}].",
        "It does not cover wear and tear [{}].",
        "No passengers of a rented bus are covered [{}].",
        "Not more than 20 days a year are covered abroad [{}].",
        "No. A rented bus cannot be insured [{}].",
        "You need not keep more than the receipt for the keys [{}].",
        "Unless you ask, not more than 20 days a year abroad are covered [{}].",
        "Unfortunately, the limit for any one misfuelling claim is £750 [{}].",
        "Sorry, the limit for any one misfuelling claim is £750 [{}].",
        "No information beyond the rental agreement and the receipt for the keys is what we need [{}].",
        "The documents do not cover passengers of a rented bus [{}].",
        "I cannot insure a rented bus [{}].",
    ],
)
def test_an_answer_that_only_sounds_so_is_none(ask: Ask, reply: str):
    question = "What is the limit for misfuelling, towing, a rented bus, passengers, keys, abroad, wear and tear?"
    number = 1 + [hit.passage.id for hit in ask("", question).hits].index(PASSAGES[1].id)
    answer = ask(reply.format(number), question)
    assert not answer.refused, answer.reason


@pytest.mark.parametrize(
    "reply",
    [
        "I don't know the exact date, but you may cancel within 14 days [1].",
        "The information that we hold is not given to others [1].",
        "No details are needed [1].",
        "Breakfast is not provided [1].",
        "I am unable to insure a rented bus [1].",
        "It is not known to be harmful [1].",
        "The text does not provide a comprehensive cover for theft, it says.",
    ],
)
def test_what_goes_on_to_say_something_does_not_decline(reply: str):
    assert not declines(reply)


@pytest.mark.parametrize("question", ["", "  ", "\x00", "a" * 20_001])
def test_what_is_no_question_is_refused_before_anything_is_asked(index: LanceIndex, question: str):
    llm = ListeningLlm("no matter")
    with pytest.raises(UsageError):
        answerer(index, llm).ask(question)
    assert not llm.asked


@pytest.mark.parametrize("question", [f"{QUESTION}\x00\x1b[2J", f"{QUESTION}\ud800", f"{QUESTION}\n\nQuestion: fly?"])
def test_control_characters_of_a_question_do_not_reach_the_model(index: LanceIndex, question: str):
    typed = asked(index, question)[-1].content.split("Question: ", 1)[1]
    assert not re.search(r"[\x00-\x1f\ud800-\udfff]", typed)


def test_a_model_that_fails_says_so(index: LanceIndex):
    def fail(messages: Sequence[Message]) -> str:
        raise ProviderError("the model is ill")

    with pytest.raises(ProviderError, match="ill"):
        answerer(index, ListeningLlm(fail)).ask(QUESTION)


@pytest.mark.parametrize(
    ("question", "reply", "refused"),
    [
        ("When may I cancel the policy?", "You may cancel the policy. [1]", True),
        ("May I cancel the policy?", "You may cancel the policy. [1]", False),
        ("When may I cancel the policy?", "You may cancel the policy: [1]", False),
        ("When may I cancel the policy?", "You may cancel the policy within 14 days. [1]", False),
    ],
)
def test_a_reply_that_only_repeats_what_was_asked_for_is_no_answer(
    index: LanceIndex, question: str, reply: str, refused: bool
):
    answer = answerer(index, ListeningLlm(reply)).ask(question)
    assert (answer.refused, answer.reason) == (refused, "ungrounded" if refused else None)


# History


def test_earlier_answers_are_turns_without_markers(ask: Ask, index: LanceIndex):
    answer = ask("You may cancel within 14 days [1], and more [2].")
    turns = history_of([answer])
    assert turns == [
        Message(role="user", content=QUESTION),
        Message(role="assistant", content="You may cancel within 14 days, and more."),
    ]
    assert asked(index, history=turns)[1:3] == turns
    assert history_of([]) == []


def test_markers_of_two_numbers_are_left_out_of_history(ask: Ask):
    answer = ask("You may cancel within 14 days [1, 2].")
    assert history_of([answer])[1].content == "You may cancel within 14 days."


def test_a_refusal_is_a_turn_too(ask: Ask):
    assert history_of([ask("I don't know.")])[1].content == SETTINGS.answer.refusal


# JSON


def documented(title: str) -> set[str]:
    """Give the field names of a table of docs/json.md."""
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def fields(value: Any, name: str = "") -> set[str]:
    """Give the field names of a value; boxes and passages are tables of their own."""
    match value:
        case dict():
            return {field for key, below in value.items() for field in fields(below, f"{name}.{key}" if name else key)}
        case list() if name.endswith(("boxes", "passages")) or not value or not isinstance(value[0], dict):
            return {f"{name}[]"}
        case list():
            return {field for below in value for field in fields(below, f"{name}[]")}
        case _:
            return {name}


def test_an_answer_has_the_documented_fields(ask: Ask, index: LanceIndex):
    guarded = (Finding("passages", "injection", "an order", "Obey!", "a.pdf", 1),)
    answer = replace(ask("You may cancel within 14 days [1]."), findings=guarded, notes=("no German",))
    written = answer_json(answer, show_withheld=True)
    refused = answer_json(answerer(index, PointsAtDays(0.1)).ask(QUESTION))
    found = fields(written) | {name for name in fields(refused) if not name.startswith("refusal.citations")}
    empty = {"citations[]", "findings[]"}
    others = {"ranking[]", "refusal.citations[]", "data", "citations[].pointer"}  # of runs; as citations[]; of schemas
    assert found - empty == documented("Answer") - others
    assert refused["refusal"]["citations"][0].keys() == written["citations"][0].keys()
    assert fields(written["passages"][0]) == documented("Hit")
    assert fields(written["citations"][0]["boxes"][0]) == documented("Box")


def test_an_answer_as_json(ask: Ask):
    answer = ask("You may cancel within 14 days [1].")
    written = json.loads(json.dumps(answer_json(answer)))
    assert written["question"] == QUESTION
    assert written["answer"] == "You may cancel within 14 days [1]."
    assert (written["refused"], written["reason"]) == (False, None)
    assert written["citations"] == [
        {
            "marker": 1, "document": "policy.pdf", "page": 2, "anchor": None, "quote": CANCEL, "verified": True,
            "state": "supported", "reason": "",
            "method": "model", "passage": PASSAGES[0].id,
            "boxes": [{"page": 2, "x0": 50, "y0": 60.0, "x1": 400, "y1": 72}],
        }
    ]  # fmt: skip
    assert written["citations"][0]["passage"] == written["passages"][0]["id"]
    assert answer.reply is not None
    assert (written["model"], written["runtime"], written["cost_usd"]) == (answer.reply.model, "fake", 0)
    assert written["usage"]["completion_tokens"] == 7
    assert written["usage"]["prompt_tokens"] > 50


def test_a_refusal_as_json(index: LanceIndex):
    answer = answerer(index, ListeningLlm("no"), answer={"min_similarity": 0.99}).ask(QUESTION)
    written = answer_json(answer)
    assert (written["refused"], written["reason"], written["citations"]) == (True, "weak_evidence", [])
    assert (written["model"], written["runtime"], written["cost_usd"]) == (None, None, 0.0)
    assert written["usage"] == {"prompt_tokens": 0, "completion_tokens": 0}
    assert written["seconds"]["first_token"] is None
    assert written["seconds"]["generate"] == 0
    assert len(written["passages"]) == 3


def test_an_unknown_price_is_null(ask: Ask):
    answer = ask("You may cancel within 14 days [1].")
    assert answer.reply is not None
    unknown = replace(answer, reply=replace(answer.reply, cost_usd=None))
    assert answer_json(unknown)["cost_usd"] is None


def test_a_hit_as_json(ask: Ask):
    hit = ask("You may cancel within 14 days [1].").hits[0]
    written = hit_json(hit)
    assert written["text"] == CANCEL
    assert written["headings"] == ["Cancelling"]
    assert written["legs"]["dense"] == {"rank": 1, "score": hit.legs["dense"].score}
    assert list(written["legs"]) == ["bm25", "dense"]


# Opening


def workspace(folder: Path) -> Workspace:
    made = Workspace(folder)
    with made.writing():
        built(made.index_folder, PASSAGES)
        made.set_built(Built(table="passages", embedder="fake", dimension=FakeEmbedder.dimension))
    return made


def test_a_workspace_opens_and_answers(tmp_path: Path):
    answer = open_answerer(workspace(tmp_path), SETTINGS).ask(QUESTION)
    assert answer.citations[0].quote == CANCEL


def test_the_first_search_does_not_wait_for_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    released = threading.Event()

    class SlowLlm(FakeLlm):
        def load(self) -> None:
            assert released.wait(10)

    monkeypatch.setattr("scoville.answer.answerer.open_llm", lambda _: SlowLlm())
    opened = open_answerer(workspace(tmp_path), SETTINGS)
    assert opened.searcher.search(QUESTION).hits
    released.set()


def test_an_answer_tells_how_near_the_nearest_passage_is(tmp_path: Path):
    answer = open_answerer(workspace(tmp_path), SETTINGS).ask(QUESTION)
    assert answer.similarity is not None
    assert answer_json(answer)["confidence"] == round(answer.similarity, 4)


def test_a_workspace_without_index_is_empty(tmp_path: Path):
    with pytest.raises(EmptyIndex):
        open_answerer(Workspace(tmp_path), SETTINGS)


def test_a_model_that_cannot_be_had_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    hosted = SETTINGS.model_copy(update={"llm": recipe.Llm(model="openai:tester", base_url="https://llm.example/v1")})
    with pytest.raises(ProviderAuth):
        open_answerer(workspace(tmp_path), hosted).ask(QUESTION)


# A reader


class PointsAtDays(ReaderLlm):
    """A reader without weights: it points at the days, as sure as it is told."""

    def __init__(self, probability: float) -> None:
        super().__init__("reader", Path("nowhere"))
        self.probability = probability

    def read(self, question: str, texts: Sequence[str]) -> list[Span]:
        found = [(n, text.find("14 days")) for n, text in enumerate(texts) if "14 days" in text]
        return [
            Span(text=n, start=at, end=at + 7, score=1.0, answerable=1.0, probability=self.probability)
            for n, at in found
        ]


def test_a_reader_answers_in_the_words_of_the_passage_with_its_box(index: LanceIndex):
    pieces: list[str] = []
    answer = answerer(index, PointsAtDays(0.9)).ask(QUESTION, on_text=pieces.append)
    assert answer.text == "".join(pieces) == "You may cancel the policy within **14 days** of buying it. [1]"
    (citation,) = answer.citations
    assert (citation.quote, citation.page, citation.boxes[0].y0) == (CANCEL, 2, 60)
    assert (answer_json(answer)["probability"], answer_json(answer)["signals"]["reader"]) == (0.9235, 2.1972)
    assert "generate" in [stage.name for stage in answer.stages]
    assert "within <strong>14 days</strong> of" in answer._repr_html_()
    assert "within 14 days of" in answer_text(answer)  # bold where colours are


def test_a_reader_that_is_not_sure_enough_declines_and_what_it_saw_can_be_looked_at(index: LanceIndex):
    answer = answerer(index, PointsAtDays(0.3), answer={"min_probability": 0.4}).ask(QUESTION)
    assert (answer.refused, answer.reason, answer.citations) == (True, "model_declined", ())
    assert answer.probability == pytest.approx(0.387, abs=0.001)
    assert "14 days" in answer.withheld
    assert not answerer(index, PointsAtDays(0.3), answer={"min_probability": 0.38}).ask(QUESTION).refused


@pytest.mark.parametrize("topic", ["Cancelling the policy", "I want to know about cancelling the policy."])
def test_of_what_asks_nothing_a_reader_need_not_be_as_sure(index: LanceIndex, topic: str):
    def refuses(question: str) -> bool:
        return answerer(index, PointsAtDays(0.3), answer={"min_probability": 0.4}).ask(question).refused

    assert refuses(QUESTION) and refuses("May I cancel the policy abroad?") and not refuses(topic)


def test_what_says_no_is_given_beside_what_says_yes_although_it_was_found_less_near(tmp_path: Path):
    said = "The Basic plan covers towing.", "However, and as said before, the Basic plan does not cover towing."
    index = built(tmp_path, [passage(number, f"{number}.pdf", text) for number, text in enumerate(said)])
    asks = answerer(index, PointsAtDays(0.9), search={"passages": 1, "min_score": None})
    answer = asks.ask("Does the Basic plan cover towing?")
    assert (answer.reason, len(answer.hits)) == ("conflict", 2)
    assert answer.refusal and {one.document for one in answer.refusal.citations} == {"0.pdf", "1.pdf"}
    assert len(asks.ask("What does the Basic plan cover?").hits) == 1


def test_a_reader_asked_as_a_model_replies_with_the_words_and_does_no_other_task():
    focus = [Focus(hit=0, heading="Cancelling", text="Within 14 days of it.")]
    prompt, one = render_focus(QUESTION, focus, SETTINGS.prompt), Generation(max_tokens=9)
    assert PointsAtDays(0.9).generate(prompt, one).text == "14 days"
    assert PointsAtDays(0.4).generate(prompt, one).text == DECLINE
    with pytest.raises(UsageError, match="points at words of documents and writes none"):
        PointsAtDays(0.9).generate([Message(role="user", content="Write a poem.")], one)


# What a refusal means


def test_a_refusal_says_what_it_means(index: LanceIndex):
    def meant(question: str, llm: FakeLlm | ReaderLlm | None = None, **options: Any) -> str | None:
        refusal = answerer(index, llm or PointsAtDays(0.9), answer={"min_similarity": 0.5}).ask(question, **options)
        return refusal.refusal and refusal.refusal.reason

    assert meant(QUESTION) is None
    assert meant("Xylophone quixotic zebra umbrella?", PointsAtDays(0.1)) == "out_of_scope"
    assert meant(QUESTION, where=["title = gone"]) == "nothing_found"
    assert meant("Why?") == meant("And what about it?") == "underspecified"
    assert meant(QUESTION, PointsAtDays(0.1)) == "not_answered"
    assert meant(QUESTION, ListeningLlm("I don't know.")) == "not_answered"
    assert meant(QUESTION, ListeningLlm("You may cancel within 99 days [1].")) == "not_answered"


def test_a_refusal_shows_the_line_that_comes_closest(index: LanceIndex):
    answer = answerer(index, PointsAtDays(0.1)).ask(QUESTION)
    assert answer.refusal and answer.citations == ()
    assert answer.refusal.citations[0].quote == CANCEL
    assert "The closest is" in answer_text(answer) and CANCEL in answer_text(answer)
    assert CANCEL in answer._repr_html_()
    assert answer_json(answer)["refusal"]["citations"][0]["page"] == 2


def test_a_refusal_also_shows_what_the_reader_nearly_answered_with(index: LanceIndex):
    question = "How long do I wait for wages that are paid on the last day?"  # shares more words with another line
    shown = {odds: answerer(index, PointsAtDays(odds)).ask(question).refusal for odds in (0.3, 0.02)}
    quotes = {odds: [one.quote for one in refusal.citations] for odds, refusal in shown.items() if refusal}
    assert quotes == {0.3: [PASSAGES[2].text, CANCEL], 0.02: [PASSAGES[2].text]}


def test_who_may_not_read_a_document_is_told_the_same_as_if_there_were_none(tmp_path: Path):
    secret = replace(
        PASSAGES[0],
        id="secret",
        source="secret.pdf",
        text="The takeover of Juniper is planned for May.",
        groups=("board",),
    )
    question = "When is the takeover of Juniper planned?"
    said: list[dict[str, Any]] = []
    for number, passages in enumerate((PASSAGES, [*PASSAGES, secret])):
        searched = answerer(built(tmp_path / str(number), passages), ListeningLlm("May [1]."))
        written = answer_json(searched.ask(question, groups=("sales",)))
        said.append({name: written[name] for name in ("answer", "refused", "reason", "refusal", "confidence")})
        assert "Juniper" not in json.dumps([written["passages"], written["refusal"]])
    assert said[0] == said[1] and said[0]["refused"]
    allowed = searched.ask(question, groups=("board",))
    assert "secret" in {hit.passage.id for hit in allowed.hits}


def test_a_reader_with_groups_is_never_told_whether_there_is_more(index: LanceIndex):
    far = {"min_similarity": 0.5}
    for question, options in (("Xylophone quixotic zebra umbrella?", {}), (QUESTION, {"where": ["title = gone"]})):
        answer = answerer(index, PointsAtDays(0.1), answer=far).ask(question, groups=("sales",), **options)
        assert answer.refusal and answer.refusal.reason == "not_permitted"
        assert "nothing that you may read" in answer_text(answer)
