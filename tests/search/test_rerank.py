"""What happens to hits after they are fused: reranked, without copies, diverse, widened."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoville.embed.fake import FakeEmbedder
from scoville.errors import ScovilleError, UnknownModel, UsageError
from scoville.index import LanceIndex
from scoville.recipe import Search
from scoville.search import Searcher
from scoville.search.distinct import diversify, leave_out_copies, scaled
from scoville.search.rerank import ModelOrder, mix, open_reranker, order_messages, read_order
from scoville.types import Hit, Message, Passage

LAW = settings(max_examples=100, deadline=None, derandomize=True, database=None)
Vectors = NDArray[np.float32]


def passage(name: int, text: str, source: str = "a.md", **keys: Any) -> Passage:
    made = Passage(id=f"{name:032x}", source=source, document_id="d" * 64, title="", media_type="text/plain",
                   start=0, end=len(text), text=text)  # fmt: skip
    return replace(made, **keys)


def hit(number: int, text: str, score: float = 1.0, **keys: Any) -> Hit:
    return Hit(passage=passage(number, text, **keys), score=score, legs={})


# A model


def test_a_model_puts_passages_in_order():
    asked: list[Sequence[Message]] = []

    def ask(messages: Sequence[Message]) -> str:
        asked.append(messages)
        return "[3] > [1]"

    scores = ModelOrder(ask).score("leave?", ["a", "b", "c"])
    assert np.argsort(-scores).tolist() == [2, 0, 1]
    assert "[2] b" in asked[0][1].content


def test_a_model_that_names_nothing_leaves_the_order():
    scores = ModelOrder(lambda _: "I cannot say.").score("leave?", ["a", "b", "c"])
    assert np.argsort(-scores).tolist() == [0, 1, 2]


def test_orders_are_read_with_brackets_or_without():
    assert read_order("[2] > [1] > [2] > [9]", 3) == [1, 0]
    assert read_order("3, 1, 0, 2", 3) == [2, 0, 1]
    assert read_order("The 2023 passage [1] is best", 3) == [0]


@given(reply=st.text(max_size=200), count=st.integers(0, 20))
@LAW
def test_any_reply_gives_places_of_passages_each_once(reply: str, count: int):
    places = read_order(reply, count)
    assert len(set(places)) == len(places)
    assert all(0 <= place < count for place in places)


def test_long_passages_are_cut_in_the_list():
    assert len(order_messages("why?", ["word " * 5000] * 3)[1].content) < 2500


def test_a_model_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="llm needs a model"):
        open_reranker(Search(rerank="llm"), None)


# Choosing


def test_no_reranker_is_none():
    assert open_reranker(Search(), None) is None


def test_a_folder_that_is_no_reranker_is_refused(tmp_path: Path):
    with pytest.raises(UnknownModel, match="is no reranker"):
        open_reranker(Search(rerank=f"path:{tmp_path}"), None)


def test_a_rerank_that_is_none_is_refused_by_the_recipe():
    with pytest.raises(ValueError, match="expected none, llm, path:FOLDER or hf:ORG/NAME"):
        Search(rerank="colbert")


def test_scores_are_mixed_on_one_scale():
    scores = np.array([0.0, 10.0], np.float32)
    assert mix(scores, [1.0, 0.5], 1).tolist() == [0, 10]
    assert mix(scores, [1.0, 0.5], 0.25).tolist() == pytest.approx([0.75, 0.25])


@given(scores=st.lists(st.floats(-1e6, 1e6), max_size=10))
@LAW
def test_scaled_scores_keep_their_order_within_0_and_1(scores: list[float]):
    values = scaled(scores)
    assert all(0 <= value <= 1 for value in values)
    order = sorted(range(len(scores)), key=lambda place: scores[place])
    assert all(values[low] <= values[high] for low, high in zip(order, order[1:], strict=False))


# Copies

TEXT = "Staff may take leave of up to ten days when a close relative is ill, with the consent of a manager."


def kept(question: str, *hits: Hit, overlap: float = 0.9) -> list[str]:
    return [one.passage.source for one in leave_out_copies(hits, question, overlap)]


def test_the_same_text_of_two_documents_is_given_once_the_better_one():
    assert kept("leave?", hit(1, TEXT, source="new.md"), hit(2, TEXT.upper(), source="old.md")) == ["new.md"]


def test_nearly_the_same_text_is_a_copy_too():
    near = TEXT * 3 + " See also section four."
    assert kept("leave?", hit(1, near, source="a"), hit(2, TEXT * 3, source="b")) == ["a"]


def test_another_amount_is_no_copy():
    short = "The deductible is {} dollars."
    assert kept("deductible?", hit(1, short.format(500), source="a"), hit(2, short.format(900), source="b")) == [
        "a",
        "b",
    ]


def test_a_copy_that_the_question_asks_for_by_name_stays():
    plus, standard = (
        hit(1, TEXT, source="plus", prefix="Plan Plus"),
        hit(2, TEXT, source="standard", prefix="Plan Standard"),
    )
    assert kept("Does Standard cover leave?", plus, standard) == ["plus", "standard"]
    assert kept("Is leave covered?", plus, standard) == ["plus"]


def test_an_overlap_of_1_keeps_all():
    assert kept("leave?", hit(1, TEXT, source="a"), hit(2, TEXT, source="b"), overlap=1.0) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "保险", "--", "a"])
def test_short_texts_are_compared_whole(text: str):
    assert kept("?", hit(1, text, source="a"), hit(2, text, source="b")) == ["a"]
    assert kept("?", hit(1, text, source="a"), hit(2, "other words here", source="b")) == ["a", "b"]


# Diversity


def test_the_unlike_goes_before_the_alike():
    """By hand: b is like a; with half of the weight on novelty, c (score 0) comes second: 0 > .5·.9 - .5·1."""
    hits = [hit(1, "a", 1.0), hit(2, "b", 0.9), hit(3, "c", 0.0)]
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    order = [one.passage.text for one in diversify(hits, vectors, 0.5, 3)]
    assert order == ["a", "c", "b"]
    assert [one.passage.text for one in diversify(hits, vectors, 1.0, 2)] == ["a", "b"]
    assert diversify([], np.zeros((0, 2), np.float32), 0.5, 3) == []


# In a search

NUMBERED = [
    passage(n, text, number=n, start=n * 100, end=n * 100 + len(text), joint="\n\n" if n else "", section=section)
    for n, (text, section) in enumerate([
        ("Annual leave is long.", "s1"), ("It is thirty days.", "s1"), ("Wages come monthly.", "s2"),
        ("They are paid by bank.", "s2"), ("Parking is free.", "s3"),
    ])
]  # fmt: skip


@pytest.fixture
def sections(tmp_path: Path) -> LanceIndex:
    return built(tmp_path, NUMBERED)


def built(folder: Path, passages: Sequence[Passage]) -> LanceIndex:
    embedder = FakeEmbedder()
    index = LanceIndex(folder, "passages", embedder.dimension, create=True)
    index.replace(
        sorted({one.source for one in passages}), passages, embedder.embed([p.content for p in passages]), "b"
    )
    index.finish()
    return index


def search(index: LanceIndex, question: str, reranker: Any = None, **keys: Any) -> Any:
    return Searcher(index, FakeEmbedder(), Search(**keys), reranker=reranker).search(question)


def test_a_section_is_given_for_what_was_found_in_it_and_once(sections: LanceIndex):
    found = search(sections, "annual leave thirty days", passages=2)
    first = found.hits[0].passage
    assert first.text == "Annual leave is long.\n\nIt is thirty days."
    assert len({one.passage.section for one in found.hits}) == len(found.hits) == 2
    assert found.origins[first.id] in {p.id for p in NUMBERED[:2]}


def test_neighbours_join_to_one_slice_and_stand_in_one_hit(tmp_path: Path):
    index = built(tmp_path, [replace(one, section="") for one in NUMBERED])
    (first, *others) = search(index, "wages monthly", passages=3, neighbours=1).hits
    assert first.passage.text == "It is thirty days.\n\nWages come monthly.\n\nThey are paid by bank."
    assert all("Wages" not in one.passage.text and "thirty" not in one.passage.text for one in others)


def test_what_the_reader_may_not_read_ends_the_slice(tmp_path: Path):
    secret = replace(NUMBERED[1], section="", groups=("board",))
    index = built(tmp_path, [replace(NUMBERED[0], section=""), secret, *(replace(p, section="") for p in NUMBERED[2:])])
    searcher = Searcher(index, FakeEmbedder(), Search(neighbours=2, passages=1))
    (open_hit,) = searcher.search("wages monthly", groups=["staff"]).hits
    (board_hit,) = searcher.search("wages monthly", groups=["board"]).hits
    assert "thirty" not in open_hit.passage.text and "Parking" in open_hit.passage.text
    assert board_hit.passage.text.startswith("Annual leave")


@pytest.mark.parametrize("section", ["", "one"])
def test_what_a_filter_keeps_out_ends_the_slice_and_is_not_looked_at_for_measuring(tmp_path: Path, section: str):
    paged = [replace(one, section=section, page=1 + one.number // 2) for one in NUMBERED]
    looking = Searcher(built(tmp_path, paged), FakeEmbedder(), Search(neighbours=2, passages=1))
    found = looking.search("wages monthly", where=["page != 1"])
    assert found.hits[0].passage.text.startswith("Wages come monthly.")
    assert all("leave" not in hit.passage.text and "thirty" not in hit.passage.text for hit in looking.deepen(found, 9))


class Longest:
    def score(self, question: str, texts: Sequence[str]) -> Vectors:
        return np.array([len(text) for text in texts], np.float32)


def test_a_reranker_decides_and_the_legs_say_so(sections: LanceIndex):
    index = built(sections.folder / "flat", [replace(one, section="") for one in NUMBERED])
    found = search(index, "parking", Longest(), passages=2)
    assert [one.passage.text for one in found.hits] == ["They are paid by bank.", "Annual leave is long."]
    assert found.hits[0].legs["rerank"].rank == 1
    assert found.hits[0].score == found.hits[0].legs["rerank"].score == 22
    assert search(index, "parking", Longest(), passages=2, rerank_weight=0.0).hits[0].passage.text == "Parking is free."


def test_hits_below_the_least_score_are_left_out(sections: LanceIndex):
    index = built(sections.folder / "flat", [replace(one, section="") for one in NUMBERED])
    found = search(index, "parking", Longest(), min_score=20)
    assert [one.passage.text for one in found.hits] == ["They are paid by bank.", "Annual leave is long."]
    assert search(index, "parking", min_score=9.9).hits == ()


def test_a_failing_reranker_is_not_hidden(sections: LanceIndex):
    class Broken:
        def score(self, question: str, texts: Sequence[str]) -> Vectors:
            raise ScovilleError("the model is gone")

    with pytest.raises(ScovilleError, match="gone"):
        search(sections, "parking", Broken())
