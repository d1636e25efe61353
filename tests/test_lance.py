"""The index on disk: what is put in comes out, replacing is exact, and filters cannot break out."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Bench
from scoville.errors import UsageError, WorkspaceError
from scoville.index import LanceIndex
from scoville.index.lance import tags
from scoville.search import parse_where
from scoville.types import Box, Passage, Region

DIMENSION = 4
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
EDGE = st.integers(0, 9999).map(lambda tenths: tenths / 10)  # boxes are kept to a tenth of a point
PASSAGES = st.builds(
    Passage,
    id=st.uuids().map(str),
    source=TEXT,
    document_id=TEXT,
    title=TEXT,
    media_type=TEXT,
    start=st.integers(0, 2**40),
    end=st.integers(0, 2**40),
    text=TEXT,
    prefix=TEXT,
    headings=st.lists(TEXT, max_size=3).map(tuple),
    page=st.none() | st.integers(1, 9999),
    regions=st.lists(
        st.builds(Region, st.integers(0, 2**40), st.integers(0, 2**40), st.builds(Box, st.integers(1, 9), *[EDGE] * 4)),
        max_size=2,
    ).map(tuple),
    tokens=st.integers(0, 9999),
    metadata=st.dictionaries(TEXT, st.booleans() | st.integers(-(2**50), 2**50) | TEXT, max_size=3),
)


def passage(name: str, source: str = "a.txt", text: str = "Leave is thirty days.", **values: object) -> Passage:
    return Passage(
        **{"id": name, "source": source, "document_id": "d", "title": "T", "media_type": "text/plain", "start": 0,
        "end": len(text), "text": text, **values}  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def vectors(count: int) -> np.ndarray:
    return np.eye(max(count, DIMENSION), DIMENSION, dtype=np.float32)[:count]


@pytest.fixture
def index(tmp_path: Path) -> LanceIndex:
    return LanceIndex(tmp_path / "index", "passages", DIMENSION, create=True)


def put(index: LanceIndex, *passages: Passage, sources: tuple[str, ...] = (), build: str = "b") -> None:
    named = sources or tuple(dict.fromkeys(passage.source for passage in passages))
    index.replace(named, passages, vectors(len(passages)), build)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> LanceIndex:
    return LanceIndex(tmp_path_factory.mktemp("index"), "passages", DIMENSION, create=True)


class TestWriting:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
    @given(found=st.lists(PASSAGES, min_size=1, max_size=5, unique_by=lambda passage: passage.id))
    def test_what_is_saved_is_what_is_read(self, shared: LanceIndex, found: list[Passage]):
        put(shared, *found)
        again = LanceIndex(shared.folder, "passages", DIMENSION)
        assert again.passages([passage.id for passage in found]) == found
        shared.remove([passage.source for passage in found])
        assert shared.count() == 0

    def test_passages_come_in_the_order_asked_and_lost_ids_are_left_out(self, index: LanceIndex):
        put(index, passage("1"), passage("2"), passage("3"))
        assert [one.id for one in index.passages(["3", "gone", "1"])] == ["3", "1"]
        assert index.passages([]) == []

    def test_replacing_leaves_other_sources_alone(self, index: LanceIndex):
        put(index, passage("1"), passage("2"), passage("3", "b.txt"))
        put(index, passage("2", text="New."), passage("4"))
        assert {name: state.passages for name, state in index.documents().items()} == {"a.txt": 2, "b.txt": 1}
        assert index.passages(["1", "2"])[0].text == "New."

    def test_replacing_by_nothing_removes(self, index: LanceIndex):
        put(index, passage("1"), passage("2", "b.txt"))
        put(index, sources=("a.txt",))
        assert list(index.documents()) == ["b.txt"]

    @pytest.mark.parametrize("name", ["it's.txt", "a' OR '1'='1.txt", '"; DROP TABLE passages; --', "a\\'.txt", "%"])
    def test_a_name_is_never_sql(self, index: LanceIndex, name: str):
        put(index, passage("1", name), passage("2", "other.txt"))
        put(index, passage("3", name))
        assert set(index.documents()) == {name, "other.txt"}
        index.remove([name])
        assert set(index.documents()) == {"other.txt"}

    def test_one_commit_replaces_many_sources(self, index: LanceIndex):
        put(index, passage("1"), passage("2", "b.txt"))
        version = index._table.version
        put(index, passage("3"), passage("4", "b.txt"), passage("5", "c.txt"))
        assert index._table.version == version + 1

    def test_one_passage_of_another_build_makes_it_not_current(self, index: LanceIndex):
        assert index.is_current("b")
        put(index, passage("1"))
        put(index, passage("2", "b.txt"), build="c'")
        assert not index.is_current("b")
        index.remove(["a.txt"])
        assert index.is_current("c'")

    def test_finishing_twice_changes_nothing(self, index: LanceIndex):
        put(index, passage("1"))
        put(index, passage("2", "b.txt"))
        index.finish()
        index.finish()
        version = index._table.version
        index.finish()
        assert index._table.version == version

    def test_other_tables_are_dropped_but_the_kept(self, index: LanceIndex):
        for name in ("one", "two"):
            LanceIndex(index.folder, name, DIMENSION, create=True)
        index.drop_others({"one"})
        assert sorted(path.name for path in index.folder.iterdir()) == ["one.lance", "passages.lance"]


class TestSearching:
    def test_dense_ranks_by_cosine(self, index: LanceIndex):
        put(index, passage("1"), passage("2"), passage("3"))
        query = np.array([0.1, 3.0, 0.2, 0.0], np.float32)
        ranked = index.dense(query, 2)
        assert [one.id for one in ranked] == ["2", "3"]
        assert ranked[0].score == pytest.approx(3.0 / np.linalg.norm(query), abs=1e-5)

    def test_words_rank_by_rareness_and_match_by_stem(self, index: LanceIndex):
        put(
            index,
            passage("1", text="Leave is granted."),
            passage("2", text="Leave, leaves: granting cafés."),
            passage("3", text="Parking."),
        )
        assert index.bm25("leave", 5) == []  # no text index yet
        index.finish()
        assert {one.id for one in index.bm25("Leaving?", 5)} == {"1", "2"}
        assert [one.id for one in index.bm25("the cafe", 5)] == ["2"]
        put(index, passage("4", "b.txt", text="Parking is free."))
        assert {one.id for one in index.bm25("parking", 5)} == {"3", "4"}  # what came since is found too

    @pytest.mark.parametrize("question", ["", "?!.", "🙂", '"', "AND OR NOT", "leave AND (", '"leave', "a:b^2~", "'"])
    def test_no_question_breaks_the_word_search(self, index: LanceIndex, question: str):
        put(index, passage("1"))
        index.finish()
        assert len(index.bm25(question, 5)) <= 1

    def test_an_empty_index_finds_nothing(self, index: LanceIndex):
        index.finish()
        assert index.dense(vectors(1)[0], 5) == index.bm25("leave", 5) == []


class TestFilters:
    @pytest.fixture
    def filled(self, index: LanceIndex) -> LanceIndex:
        put(
            index,
            passage("hr", "hr/Leave.pdf", page=3, title="The Handbook", metadata={"author": "Ash", "draft": True}),
            passage("it", "it/100%_safe.txt", page=None, title="It's on", metadata={"author": "O'Rowan"}),
            passage("law", "law/leave.md", page=12, media_type="text/markdown", metadata={}),
        )
        index.finish()
        return index

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("document = hr/*", "hr"),
            ("document = */leave.*", "hr law"),
            ('document = "HR/leave.PDF"', "hr"),
            ("document != hr/*", "it law"),
            ("document = *100%_safe*", "it"),
            ("document = *100x_safe*", ""),
            ("document = *100%xsafe*", ""),
            ('title = "the handbook"', "hr"),
            ('title = "It\'s on"', "it"),
            ("type = text/markdown", "law"),
            ("page >= 3", "hr law"),
            ("page = 3 and document = hr/*", "hr"),
            ("page > 3 AND page < 12", ""),
            ("page <= 3", "hr"),
            ("page != 3", "law"),
            ("author = Ash", "hr"),
            ('author = "O\'Rowan"', "it"),
            ("author != Ash", "it law"),
            ("draft = True", "hr"),
            ("nobody = Ash", ""),
            ("document = *", "hr it law"),
            ("document = 'a' and title = b", ""),
        ],
    )
    def test_a_filter_finds(self, filled: LanceIndex, text: str, expected: str):
        condition = parse_where([text])
        assert {one.id for one in filled.dense(vectors(1)[0], 9, condition)} == set(expected.split())
        assert {one.id for one in filled.bm25("leave", 9, condition)} == set(expected.split())

    def test_filters_must_all_hold(self, filled: LanceIndex):
        condition = parse_where(["document = */leave.*", "page > 3"])
        assert [one.id for one in filled.dense(vectors(1)[0], 9, condition)] == ["law"]

    @pytest.mark.parametrize(
        "text",
        [
            "document = \"x' OR '1'='1\"",
            'document = "x\') OR 1=1 --"',
            "author = \"x' OR true OR '\"",
            'title = "\\\' OR 1=1 --"',
            'document = "\\\\\' OR 1=1 --"',
            "type = \"%' OR lower(source) LIKE '%\"",
        ],
    )
    def test_an_injection_finds_nothing(self, filled: LanceIndex, text: str):
        assert filled.dense(vectors(1)[0], 9, parse_where([text])) == []
        assert filled.count() == 3

    @pytest.mark.parametrize(
        "text",
        [
            "", " ", "document", "document =", "= x", "document == x y", "page >= three", "page = 1.5", "page = -1",
            "page = 99999999999", "page = *", "title > a", "document = a or document = b", "document = a; DROP TABLE x",
            "1=1) OR (1=1", "document = 'a' OR 1=1", "document = a and", "and document = a", "lower(source) = a",
            'document = "a', "page = 1 --",
        ],
    )  # fmt: skip
    def test_what_is_no_filter_is_refused_with_what_is_valid(self, text: str):
        with pytest.raises(UsageError, match="--where"):
            parse_where([text])

    def test_metadata_is_filtered_as_it_is_written(self):
        assert tags({"b": 2, "a": "x y", "c": True}) == ["a=x y", "b=2", "c=True"]


class TestDamaged:
    def test_a_table_that_is_gone_says_what_to_do(self, tmp_path: Path):
        with pytest.raises(WorkspaceError, match="delete .* and add the documents again"):
            LanceIndex(tmp_path / "index", "passages", DIMENSION)

    @pytest.mark.parametrize("part", ["data", "_versions", "_indices"])
    def test_a_damaged_table_says_what_to_do_and_that_helps(self, bench: Bench, part: str):
        bench.write("a.txt", "Leave is thirty days.")
        bench.add()
        for path in (bench.workspace.index_folder).rglob(f"{part}/**/*"):
            if path.is_file():
                path.write_bytes(b"damaged")
        with pytest.raises(WorkspaceError, match="delete .*index and add the documents again"):
            bench.found("leave")
        for path in sorted(bench.workspace.index_folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        bench.workspace.index_folder.rmdir()
        assert bench.add().added == 1
        assert bench.found("leave") == ["docs/a.txt"]
