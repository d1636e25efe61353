import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Bench
from scoville.embed import Embedder
from scoville.embed.fake import FakeEmbedder
from scoville.errors import EmptyIndex, ModelError, ScovilleError, StaleIndex, UsageError
from scoville.index import Built, LanceIndex, Ranked, Workspace, build_hash
from scoville.recipe import Embed, Recipe, Search, Split
from scoville.search import Searcher, check_question, fuse, nearest_sentences, open_searcher
from scoville.search.named import named_documents
from scoville.types import Hit, Leg, Message, Passage

LAW = settings(max_examples=150, deadline=None, derandomize=True, database=None)


# Fusing


def ranking(*ids: str) -> list[Ranked]:
    return [Ranked(name, 1 - rank / 10) for rank, name in enumerate(ids)]


def test_scores_are_sums_of_reciprocal_ranks():
    """By hand: a is 1st and 2nd, b is 2nd and 1st, c is 3rd once; with k = 60."""
    fused = fuse({"dense": ranking("a", "b", "c"), "bm25": ranking("b", "a")}, {}, 60)
    scores = {one.id: one.score for one in fused}
    assert scores == pytest.approx({"a": 1 / 61 + 1 / 62, "b": 1 / 62 + 1 / 61, "c": 1 / 63})
    assert [one.id for one in fused] == ["a", "b", "c"]  # a and b tie in all but their names
    assert fused[0].legs == {"dense": Leg(1, 1.0), "bm25": Leg(2, 0.9)}
    assert fused[2].legs == {"dense": Leg(3, 0.8)}


def test_the_constant_decides_how_much_the_first_ranks_count():
    rankings = {"dense": ranking("a", "x", "b"), "bm25": ranking("y", "z", "w", "b")}
    assert fuse(rankings, {}, 60)[0].id == "b"  # 1/63 + 1/64 > 1/61
    assert fuse(rankings, {}, 1)[0].id == "a"  # 1/2 > 1/4 + 1/5
    assert fuse(rankings, {}, 1)[2].score == pytest.approx(1 / 4 + 1 / 5)


def test_weights_multiply_the_part_of_a_leg():
    rankings = {"dense": ranking("a", "b"), "bm25": ranking("b", "a")}
    fused = fuse(rankings, {"dense": 2.0, "bm25": 0.5}, 60)
    assert [one.id for one in fused] == ["a", "b"]
    assert fused[0].score == pytest.approx(2 / 61 + 0.5 / 62)
    assert fuse(rankings, {"bm25": 3.0}, 60)[0].score == pytest.approx(3 / 61 + 1 / 62)


def test_a_leg_of_weight_nothing_decides_nothing():
    fused = fuse({"dense": ranking("a", "b"), "bm25": ranking("b", "a", "c")}, {"bm25": 0.0}, 60)
    assert [one.id for one in fused] == ["a", "b", "c"]
    assert fused[2].score == 0


def test_a_tie_goes_to_the_better_best_rank_then_to_the_smaller_id():
    half = {"dense": 0.5, "bm25": 0.5, "third": 0.0}
    assert [one.id for one in fuse({"dense": ranking("b"), "bm25": ranking("a")}, half)] == ["a", "b"]
    rankings = {"dense": ranking("b"), "bm25": ranking("a"), "third": ranking("x", "b")}
    assert [one.id for one in fuse(rankings, half)][:2] == ["a", "b"]


def test_nothing_fused_is_nothing():
    assert fuse({}, {}) == []
    assert fuse({"dense": [], "bm25": []}, {}) == []


RANKINGS = st.dictionaries(
    st.sampled_from(["dense", "bm25", "third", "fourth"]),
    st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8).map(lambda ids: ranking(*ids)),
)
WEIGHTS = st.dictionaries(st.sampled_from(["dense", "bm25", "third"]), st.floats(0, 10))


@given(rankings=RANKINGS, weights=WEIGHTS, rrf_k=st.integers(1, 1000))
@LAW
def test_the_order_of_the_legs_does_not_matter(
    rankings: Mapping[str, Sequence[Ranked]], weights: Mapping[str, float], rrf_k: int
):
    expected = fuse(rankings, weights, rrf_k)
    for order in itertools.permutations(rankings):
        assert fuse({name: rankings[name] for name in order}, weights, rrf_k) == expected


@given(rankings=RANKINGS, weights=WEIGHTS, rrf_k=st.integers(1, 1000))
@LAW
def test_fusing_keeps_every_id_once_best_first(
    rankings: Mapping[str, Sequence[Ranked]], weights: Mapping[str, float], rrf_k: int
):
    fused = fuse(rankings, weights, rrf_k)
    assert sorted(one.id for one in fused) == sorted({ranked.id for leg in rankings.values() for ranked in leg})
    assert [one.score for one in fused] == sorted((one.score for one in fused), reverse=True)
    for one in fused:
        assert 0 <= one.score <= 41 / (rrf_k + 1)
        for name, leg in one.legs.items():
            assert rankings[name][leg.rank - 1] == (one.id, leg.score)


@given(ids=st.lists(st.sampled_from("abcdefghij"), unique=True), rrf_k=st.integers(1, 100))
@LAW
def test_one_leg_alone_keeps_its_order(ids: list[str], rrf_k: int):
    assert [one.id for one in fuse({"dense": ranking(*ids)}, {}, rrf_k)] == ids


# A small index


def passage(number: int, source: str, text: str, **more: Any) -> Passage:
    plain = Passage(
        id=f"{number:032x}", source=source, document_id="d" * 64, title="", media_type="text/plain", start=0,
        end=len(text), text=text,
    )  # fmt: skip
    return replace(plain, **more)


PASSAGES = [
    passage(1, "handbook/Leave.pdf", "Annual leave is twenty five days.", page=1, title="Leave",
            media_type="application/pdf", metadata={"author": "Ash", "year": 2024, "draft": True}),
    passage(2, "handbook/Leave.pdf", "Unpaid leave needs the consent of a manager.", page=3, title="Leave",
            media_type="application/pdf", metadata={"author": "Ash", "year": 2024, "draft": True}),
    passage(3, "handbook/pay_100%.md", "Wages are paid on the last day of the month.", title="Pay",
            metadata={"author": "O'Brien; x", "note": "a|b (c)"}),
    passage(4, "back\\slash.txt", "Leave the keys at the desk.", title='It\'s "so"', metadata={"author": "Ashley"}),
    passage(5, "Straße/Ä Ö.txt", "Parking permits are yellow.", page=12, metadata={"place": "Ash", "co-author": "Bo"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LanceIndex:
    return built(tmp_path_factory.mktemp("index"), PASSAGES)


def built(folder: Path, passages: Sequence[Passage], build: str = "b", name: str = "passages") -> LanceIndex:
    embedder = FakeEmbedder()
    made = LanceIndex(folder, name, embedder.dimension, create=True)
    if passages:
        vectors = embedder.embed([passage.content for passage in passages])
        made.replace(sorted({passage.source for passage in passages}), passages, vectors, build)
    made.finish()
    return made


# Questions


def test_a_question_is_stripped_of_what_cannot_be_seen():
    assert check_question("  How\nmuch\tleave?\x00\x1b ") == "How much leave?"
    assert check_question("a\ud800b") == "a b"


def test_joiners_are_part_of_words_and_emoji():
    persian, family = "می\u200cخواهم", "👩\u200d👩\u200d👧"
    assert check_question(f"{persian} {family}?") == f"{persian} {family}?"


@pytest.mark.parametrize("question", ["", "  ", "\n\t", "\x00\x07", "\u2003", "\ud800"])
def test_an_empty_question_is_refused(question: str):
    with pytest.raises(UsageError, match="empty"):
        check_question(question)


def test_a_huge_question_is_refused_with_its_length():
    assert check_question("a" * 20_000)
    with pytest.raises(UsageError, match="20,001"):
        check_question("a" * 20_001)


# Searching


def searcher(index: LanceIndex, embedder: Embedder | None = None, **keys: Any) -> Searcher:
    return Searcher(index, embedder or FakeEmbedder(), Search(**keys))


def test_both_legs_find_and_say_how(index: LanceIndex):
    found = searcher(index).search("How many days of annual leave?")
    first = found.hits[0]
    assert first.passage == PASSAGES[0]
    assert {name: leg.rank for name, leg in first.legs.items()} == {"dense": 1, "bm25": 1}
    assert first.score == pytest.approx(first.legs["dense"].score + 0.5)
    assert found.similarity == pytest.approx(first.legs["dense"].score)
    assert 0 < first.legs["dense"].score < 1
    assert first.legs["bm25"].score > 0
    assert found.seconds > 0


def test_hits_are_best_first_and_dense_ranks_them_all(index: LanceIndex):
    hits = searcher(index).search("leave").hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert sorted(hit.legs["dense"].rank for hit in hits) == [1, 2, 3, 4, 5]
    assert [hit.passage.id for hit in hits if "bm25" in hit.legs] == [hit.passage.id for hit in hits[:3]]


def test_the_similarity_is_that_of_the_best_passage_even_where_words_decide(index: LanceIndex):
    found = searcher(index, dense_weight=0.001).search("parking permits yellow are are are are day")
    assert found.similarity == pytest.approx(max(hit.legs["dense"].score for hit in found.hits))


def test_the_same_text_has_similarity_1(index: LanceIndex):
    assert searcher(index).search(PASSAGES[4].text).similarity == pytest.approx(1, abs=1e-5)


class CountingEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str]] = []

    def embed(self, texts: Sequence[str], kind: Any = "passage", on_done: Any = None) -> Any:
        self.asked.append((list(texts), kind))
        return super().embed(texts, kind, on_done)


def test_a_leg_without_weight_is_not_asked(index: LanceIndex):
    embedder = CountingEmbedder()
    found = searcher(index, embedder, dense_weight=0).search("annual leave")
    assert not embedder.asked
    assert found.similarity is None
    assert all(set(hit.legs) == {"bm25"} for hit in found.hits)
    found = searcher(index, embedder, bm25_weight=0).search("annual leave")
    assert embedder.asked == [(["annual leave"], "query")]
    assert all(set(hit.legs) == {"dense"} for hit in found.hits)


MANY = [passage(100 + at, f"{at // 12}.md", f"Leave of kind {at} lasts {at} days.") for at in range(48)]


@pytest.mark.parametrize("keys", [{}, {"mmr": 0.6}, {"neighbours": 1}, {"max_overlap": 0.5}, {"min_score": 0.001}])
def test_a_deeper_look_begins_with_what_was_given_and_finds_more_documents(tmp_path: Path, keys: dict[str, Any]):
    looking = searcher(built(tmp_path, MANY), passages=3, **keys)
    found = looking.search("How long does leave of kind 7 last?")
    deeper = looking.deepen(found, 4)
    assert deeper[:3] == list(found.hits)
    assert len({hit.passage.source for hit in deeper}) == 4
    assert len(deeper) >= 4
    assert len({hit.passage.id for hit in deeper}) == len(deeper)


def test_a_deeper_look_keeps_to_what_the_reader_may_see(tmp_path: Path):
    hidden = [replace(one, groups=("board",)) if one.source == "3.md" else one for one in MANY]
    looking = searcher(built(tmp_path, hidden), passages=3)
    found = looking.search("How long does leave of kind 40 last?", groups=["staff"])
    assert "3.md" not in {hit.passage.source for hit in looking.deepen(found, 10)}


def test_the_limit_is_the_recipes_unless_another_is_asked(index: LanceIndex):
    assert len(searcher(index, passages=2).search("leave").hits) == 2
    assert len(searcher(index, passages=2).search("leave", limit=4).hits) == 4
    assert len(searcher(index, passages=2, candidates=2).search("leave", limit=5).hits) == 5
    assert len(searcher(index, passages=2).search("leave", limit=1).hits) == 1


def test_candidates_bound_each_leg(index: LanceIndex):
    hits = searcher(index, passages=2, candidates=2).search("leave").hits
    assert max(leg.rank for hit in hits for leg in hit.legs.values()) <= 2


def test_filters_hold_before_ranking(index: LanceIndex):
    """With one candidate, a filter that came after the ranking would leave nothing."""
    found = searcher(index, passages=1, candidates=1).search("annual leave days", where=["document = *.md"])
    assert [hit.passage.source for hit in found.hits] == ["handbook/pay_100%.md"]
    assert {leg.rank for leg in found.hits[0].legs.values()} == {1}


def test_the_similarity_is_that_of_what_the_filters_leave(index: LanceIndex):
    everything = searcher(index).search(PASSAGES[0].text).similarity
    left = searcher(index).search(PASSAGES[0].text, where=["page = 12"]).similarity
    assert everything is not None and left is not None and left < everything


def test_filters_that_leave_nothing_find_nothing(index: LanceIndex):
    found = searcher(index).search("leave", where=["page = 77"])
    assert found.hits == ()
    assert found.similarity is None


@pytest.mark.parametrize(
    "question",
    [
        "???",
        "*",
        '"',
        "leave AND OR NOT",
        "(leave",
        "leave:",
        "😀",
        "שלום",
        "保险",
        "a" * 20_000,
        "leave\n\nleave",
        "-leave",
    ],
)
def test_any_question_is_searched(index: LanceIndex, question: str):
    assert len(searcher(index).search(question).hits) == 5


def test_a_question_that_is_none_is_refused_before_it_is_embedded(index: LanceIndex):
    embedder = CountingEmbedder()
    for question, filters in (("", []), ("leave", ["page = x"])):
        with pytest.raises(UsageError):
            searcher(index, embedder).search(question, where=filters)
    assert not embedder.asked


def test_searching_twice_gives_the_same(index: LanceIndex):
    first, second = (searcher(index).search("annual leave days").hits for _ in range(2))
    assert first == second


# Opening

FAKE = Recipe(embed=Embed(model="fake"))


def workspace(folder: Path, passages: Sequence[Passage] = PASSAGES, embedder: str = "fake") -> Workspace:
    made = Workspace(folder)
    with made.writing():
        built(made.index_folder, passages, build_hash(FAKE))
        made.set_built(Built(table="passages", embedder=embedder, dimension=FakeEmbedder.dimension))
    return made


def test_a_workspace_opens_and_finds(tmp_path: Path):
    found = open_searcher(workspace(tmp_path), FAKE).search("annual leave")
    assert found.hits[0].passage == PASSAGES[0]


def test_what_search_and_llm_say_does_not_make_an_index_stale(tmp_path: Path):
    recipe = FAKE.model_copy(update={"search": Search(passages=1)})
    assert len(open_searcher(workspace(tmp_path), recipe).search("leave").hits) == 1


def test_a_folder_without_index_is_empty(tmp_path: Path):
    with pytest.raises(EmptyIndex, match="scoville add"):
        open_searcher(Workspace(tmp_path), FAKE)


def test_an_index_without_passages_is_empty(tmp_path: Path):
    with pytest.raises(EmptyIndex, match="scoville add"):
        open_searcher(workspace(tmp_path, []), FAKE)


def test_an_index_of_another_embedder_is_stale(tmp_path: Path):
    with pytest.raises(StaleIndex, match="'other@1234'.*'fake'.*--rebuild"):
        open_searcher(workspace(tmp_path, embedder="other@1234"), FAKE)


def test_an_index_split_otherwise_is_stale(tmp_path: Path):
    made = workspace(tmp_path)
    with pytest.raises(StaleIndex, match="--rebuild"):
        open_searcher(made, FAKE.model_copy(update={"split": Split(size=100)}))
    assert open_searcher(made, FAKE)


def test_an_index_with_some_old_passages_is_stale(tmp_path: Path):
    made = workspace(tmp_path)
    index = LanceIndex(made.index_folder, "passages", FakeEmbedder.dimension)
    old = passage(9, "old.txt", "Old.")
    index.replace(["old.txt"], [old], FakeEmbedder().embed(["Old."]), "0" * 16)
    with pytest.raises(StaleIndex):
        open_searcher(made, FAKE)


class BrokenEmbedder(FakeEmbedder):
    """An embedder whose weights turn out damaged when they are used."""

    def embed(self, texts: Sequence[str], kind: Any = "passage", on_done: Any = None) -> Any:
        raise ModelError("the weights are damaged")


def test_a_model_that_fails_is_reported_once_and_where_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An exception in the thread that warms the model up would be a warning, and so an error here."""
    monkeypatch.setattr("scoville.search.hybrid.open_embedder", lambda settings: BrokenEmbedder())
    opened = open_searcher(workspace(tmp_path), FAKE)
    with pytest.raises(ScovilleError, match="damaged"):
        opened.search("leave")


def test_opening_asks_no_hosted_embedder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    embedder = CountingEmbedder()
    embedder.name = "openai:tester"
    monkeypatch.setattr("scoville.search.hybrid.open_embedder", lambda settings: embedder)
    open_searcher(workspace(tmp_path, embedder="openai:tester"), FAKE)
    assert not embedder.asked


# The nearest sentences


def hit(text: str, **more: Any) -> Hit:
    return Hit(passage=passage(1, "handbook.md", text, title="Handbook", **more), score=1.0, legs={})


def nearest(question: str, *hits: Hit, limit: int = 3) -> list[tuple[int, str]]:
    return [(one.hit, one.text) for one in nearest_sentences(question, hits, FakeEmbedder(), limit)]


def test_the_nearest_sentence_comes_first_whichever_passage_holds_it():
    first = hit("The desk opens at nine. Annual leave is twenty five days.")
    second = hit("Wages are paid monthly. Leave is agreed with a manager.")
    found = nearest("How many days of annual leave?", first, second, limit=2)
    assert found[0] == (0, "Annual leave is twenty five days.")
    assert found[1] == (1, "Leave is agreed with a manager.")


def test_at_most_the_limit_is_given_and_all_of_little():
    text = " ".join(f"Sentence {number} is about leave." for number in range(9))
    assert len(nearest("leave", hit(text), limit=4)) == 4
    assert len(nearest("leave", hit("Leave is long. Pay is low."), limit=4)) == 2
    assert nearest("leave") == []


CUT_HEADER = "Handbook > Leave\n| Grade | Leave |\n| --- | --- |"


def test_a_row_of_a_table_is_a_sentence_and_a_rule_or_heading_is_none():
    text = "Leave of staff\n\n| Grade | Leave |\n| --- | --- |\n| Clerk | 25 days |\n\nSee above."
    found = {text for _, text in nearest("leave of a clerk", hit(text), limit=9)}
    assert found == {"Grade: Clerk; Leave: 25 days", "See above."}


def test_a_row_below_the_header_of_its_prefix_names_its_columns():
    cut = replace(hit("| Clerk | 25 days |"), passage=replace(hit("| Clerk | 25 days |").passage, prefix=CUT_HEADER))
    assert {text for _, text in nearest("leave of a clerk", cut)} == {"Grade: Clerk; Leave: 25 days"}


def test_a_row_of_another_width_and_a_table_without_a_header_stay_as_they_are():
    text = "| Grade | Leave |\n| --- | --- |\n| Clerk | 25 | days |\n\n| a | b |\n| c | d |"
    found = {text for _, text in nearest("leave of a clerk", hit(text), limit=9)}
    assert found == {"| Clerk | 25 | days |", "| a | b |", "| c | d |"}


def test_a_passage_of_headings_alone_has_no_sentence():
    assert nearest("leave", hit("Leave"), hit("--- | ---")) == []


def test_a_sentence_stands_below_its_last_heading_or_title():
    (one,) = nearest_sentences("leave", [hit("Five days.", headings=("Leave", "Unpaid"))], FakeEmbedder(), 1)
    assert (one.hit, one.heading, one.text) == (0, "Unpaid", "Five days.")
    (one,) = nearest_sentences("leave", [hit("Five days.")], FakeEmbedder(), 1)
    assert one.heading == "Handbook"


@given(texts=st.lists(st.text(max_size=120), max_size=4), question=st.text(min_size=1, max_size=30))
@LAW
def test_every_nearest_sentence_stands_in_its_passage(texts: list[str], question: str):
    hits = [hit(text) for text in texts]
    for number, text in nearest(question, *hits, limit=50):
        assert text in hits[number].passage.text
        assert text == text.strip() != ""


# Documents that a question names


REPORTS = [f"docs/HALDEN_{year}_{period}.pdf" for year in (2022, 2023) for period in ("Q1", "Q2", "10K")]
REPORTS += ["docs/ORLA_2022_Q1.pdf", "docs/handbook.pdf"]


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What was the revenue of Halden in Q2 2023?", "HALDEN_2023_Q2"),
        ("What was the revenue of Halden in the second quarter of 2023?", "HALDEN_2023_Q2"),
        ("What cash did Orla hold as of March 31, 2022?", "ORLA_2022_Q1"),
        ("What does the handbook say on leave?", "handbook"),
        ("How often was something sold in 2022?", ""),
        ("How do I ask for leave?", ""),
    ],
)
def test_a_question_names_a_document_by_most_of_its_name(question: str, named: str):
    shares = named_documents(question, REPORTS).documents
    best = max(shares, key=shares.__getitem__, default="")
    assert Path(best).stem == named


PLANS = ["Northwind_Standard_Benefits_Details.pdf", "Northwind_Health_Plus_Benefits_Details.pdf"]


@pytest.mark.parametrize("others", [(), ("Benefit_Options.pdf", "role_library.pdf", "employee_handbook.pdf")])
@pytest.mark.parametrize(("plan", "place"), [("Northwind Standard", 0), ("Northwind Health Plus", 1)])
def test_what_look_alikes_share_need_not_be_said_to_name_one(plan: str, place: int, others: tuple[str, ...]):
    named = named_documents(f"Does {plan} pay for glasses?", [*PLANS, *others])
    assert (list(named.documents), named.look_alikes) == ([PLANS[place]], {PLANS[1 - place]})


def test_a_name_that_fits_two_look_alikes_names_none():
    assert not named_documents("Does Northwind pay for glasses?", [*PLANS, "role_library.pdf"]).documents


def test_what_all_names_have_names_none():
    assert named_documents("the HR handbook", ["hr_handbook.pdf"]) == ({}, frozenset())


def test_what_resembles_no_named_document_keeps_its_place():
    named = named_documents("What was the revenue of Halden in Q2 2023?", REPORTS)
    assert named.look_alikes == {*REPORTS} - {"docs/HALDEN_2023_Q2.pdf", "docs/handbook.pdf"}


def test_of_documents_that_look_alike_the_one_that_is_named_stands_first(bench: Bench):
    text = "Revenue was 12 million, gross profit 4 million, and the company had many employees when it ended."
    for year in range(2015, 2024):
        for quarter in ("Q1", "Q2", "Q3"):
            bench.write(f"HALDEN_{year}_{quarter}.md", f"# Quarterly report\n\n{text}\n")
    bench.add()
    found = open_searcher(bench.workspace, bench.recipe).search(
        "What was the gross profit of Halden in the third quarter of 2019?"
    )
    assert Path(found.hits[0].passage.source).stem == "HALDEN_2019_Q3"
    assert found.hits[0].passage.prefix == "HALDEN 2019 Q3"


def test_after_a_follow_up_the_look_alikes_of_what_was_named_before_stand_back_a_little(bench: Bench):
    bench.write("Northwind_Standard_Benefits.md", "# Benefits\n\nMassage is paid for twelve times a year.\n")
    bench.write("Northwind_Plus_Benefits.md", "# Benefits\n\nThe plan pays whenever a doctor asks for massage.\n")
    bench.add()
    asked = [Message(role="user", content="Does Northwind Standard pay for massage?")]
    found = open_searcher(bench.workspace, bench.recipe).search("How often does it?", history=asked)
    other = next(hit.passage for hit in found.hits if "Plus" in hit.passage.source)
    before, after = (next(step for step in found.steps if step.name == name) for name in ("fuse", "names"))
    assert Path(after.note).stem == "Northwind_Standard_Benefits"
    assert 0.9 < after.ranking[other.id].score / before.ranking[other.id].score < 1
