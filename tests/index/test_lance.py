"""The index on disk: what only LanceDB promises. What every index promises is tested in test_index_backends.py."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoville.index import LanceIndex
from scoville.index.lance_vectors import near
from scoville.index.lance_version import NAMED_AFTER
from scoville.index.protocol import Ranked
from scoville.index.rows import schema, tags
from scoville.recipe import Index as Settings
from scoville.search.where import parse_where
from scoville.types import Passage

DIMENSION = 4


def passage(name: str, source: str = "a.txt", **values: Any) -> Passage:
    given: dict[str, Any] = {
        "id": name, "source": source, "document_id": "d", "title": "T", "media_type": "text/plain", "start": 0,
        "end": 6, "text": "Leave.",
    }  # fmt: skip
    return Passage(**given | values)


@pytest.fixture
def index(tmp_path: Path) -> LanceIndex:
    return LanceIndex(tmp_path / "index", "passages", DIMENSION, create=True)


def unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def put(index: LanceIndex, *passages: Passage) -> None:
    items = tuple(dict.fromkeys(passage.source for passage in passages))
    index.replace(items, passages, np.ones((len(passages), DIMENSION), np.float32), "b")


def test_opening_an_index_does_not_load_the_rest_client():
    check = (
        "import sys; from scoville.index.lance_import import REST_CLIENT, import_lancedb; import_lancedb();"
        "assert f'{REST_CLIENT}.api' not in sys.modules;"
        "import lance_namespace_urllib3_client as client; assert client.TableApi.__name__ == 'TableApi';"
        "assert not hasattr(client, 'Nothing')"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


class TestCommits:
    def test_one_commit_replaces_many_sources(self, index: LanceIndex):
        put(index, passage("1"), passage("2", "b.txt"))
        version = index._table.version
        put(index, passage("3"), passage("4", "b.txt"), passage("5", "c.txt"))
        assert index._table.version == version + 1

    @pytest.mark.parametrize("exact_below", [1000, 50_000])
    def test_finishing_again_writes_nothing(self, tmp_path: Path, exact_below: int):
        index = LanceIndex(tmp_path, "passages", DIMENSION, Settings(exact_below=exact_below), create=True)
        vectors = np.random.default_rng(0).normal(size=(1100, DIMENSION)).astype(np.float32)
        index.replace(["a.txt"], [passage(str(number)) for number in range(1100)], vectors, "b")
        index.finish()
        index.finish()
        version = index._table.version
        index.finish()
        assert index._table.version == version

    def test_another_process_sees_what_was_committed(self, index: LanceIndex, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.lance.FRESH_SECONDS", 0)
        other = LanceIndex(index.folder, "passages", DIMENSION)
        put(index, passage("1", metadata={"author": "Ash"}))
        assert other.count() == 1

    def test_other_tables_leave_nothing_on_disk(self, index: LanceIndex):
        for name in ("one", "two"):
            LanceIndex(index.folder, name, DIMENSION, create=True)
        index.drop_others({"one"})
        assert sorted(path.name for path in index.folder.iterdir()) == ["one.lance", "passages.lance"]


class TestPlaces:
    """What was ranked is fetched from its place in the table."""

    def test_a_ranked_passage_is_fetched_without_looking_for_its_id(
        self, index: LanceIndex, monkeypatch: pytest.MonkeyPatch
    ):
        put(index, *(passage(name, text=f"Leave {name}.", end=8) for name in "abc"))
        ranked = [one.id for one in index.dense(np.ones(DIMENSION, np.float32), 3)]
        monkeypatch.setattr(index, "_passages", lambda *_: pytest.fail("it was looked for"))
        assert [one.id for one in index.passages(ranked)] == ranked
        assert [one.text for one in index.passages(["c", "a"])] == ["Leave c.", "Leave a."]

    def test_readers_see_only_their_own(self, index: LanceIndex):
        put(index, passage("1", groups=("hr",)), passage("2"))
        index.dense(np.ones(DIMENSION, np.float32), 2)
        assert [one.id for one in index.passages(["1", "2"], ["legal"])] == ["2"]
        assert [one.id for one in index.passages(["1", "2"], ["hr"])] == ["1", "2"]

    def test_a_passage_that_was_written_again_is_the_new_one(self, index: LanceIndex, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("scoville.index.lance.FRESH_SECONDS", 0)
        reader = LanceIndex(index.folder, "passages", DIMENSION, create=True)
        put(index, passage("1"), passage("2", "b.txt"))
        reader.dense(np.ones(DIMENSION, np.float32), 2)
        put(index, passage("1", groups=("hr",)))
        assert [one.id for one in reader.passages(["1", "2"], [])] == ["2"]

    @pytest.mark.parametrize("most_held", [0, 20_000])
    def test_an_index_that_is_asked_often_ranks_as_before(
        self, index: LanceIndex, monkeypatch: pytest.MonkeyPatch, most_held: int
    ):
        monkeypatch.setattr("scoville.index.lance_version.MOST_HELD", most_held)
        random = np.random.default_rng(0)
        words = ["Leave", "pay", "notice", "travel", "desk"]
        for source in "ab":  # two fragments
            passages = [
                passage(f"{source}{number}", f"{source}.txt", groups=("hr",) * (number % 2), page=number % 3 + 1,
                        text=" ".join(random.choice(words, number % 7 + 1)))
                for number in range(50)
            ]  # fmt: skip
            index.replace([f"{source}.txt"], passages, unit(random.normal(size=(50, DIMENSION))), "b")
        index.finish()
        vectors, where = random.normal(size=(5, DIMENSION)).astype(np.float32), parse_where(["page = 2"])

        def ranked() -> list[Any]:
            found = [index.dense(one, 9) for one in vectors]
            found += [index.dense(vectors[0], 30, where, []), index.dense(vectors[0] * 7, 3, None, ["hr"])]
            found += [[Ranked("b3", value) for value in index.vectors(["a7", "b3"])[1].tolist()]]
            found += [sorted(index.bm25("leave and notice", 100, *given)) for given in ((), (where,), (where, []))]
            return [[(one.id, pytest.approx(one.score, abs=1e-5)) for one in ranking] for ranking in found]

        first = ranked()
        monkeypatch.setattr("scoville.index.lance_version.NAMED_AFTER", 0)
        assert ranked() == first and all(first)
        version = index._version()
        assert (version.held is None, version._names is None) == (not most_held, bool(most_held))
        assert index.bm25("zzz", 5) == [] and len(index.bm25("leave", 4)) == 4
        put(index, passage("c", "c.txt"))
        assert len(index.dense(vectors[0], 200)) == 101

    def test_what_another_process_writes_is_found_by_an_index_in_memory(
        self, index: LanceIndex, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("scoville.index.lance.FRESH_SECONDS", 0)
        reader = LanceIndex(index.folder, "passages", DIMENSION, create=True)
        put(index, passage("1"), passage("2", "b.txt"))
        for _ in range(NAMED_AFTER + 2):
            reader.dense(np.ones(DIMENSION, np.float32), 5)
        assert reader._version().held
        index.remove(["a.txt"])
        assert [one.id for one in reader.dense(np.ones(DIMENSION, np.float32), 5)] == ["2"]
        assert [one.id for one in reader.passages(["1", "2"])] == ["2"]

    def test_passages_that_change_during_a_question_are_ranked_as_they_are(self, index: LanceIndex, tmp_path: Path):
        vector, other = np.ones(DIMENSION, np.float32), LanceIndex(tmp_path / "index", "passages", DIMENSION)
        put(index, passage("1"), passage("2"))
        for _ in range(NAMED_AFTER + 2):
            index.dense(vector, 5)
        version = index._version()
        other.refresh()
        put(other, passage("3"), passage("4"), passage("5"))
        index.refresh()  # as another thread does between a look at the version and the search
        found = version.rank(near(index._table, vector, 5, None), "_distance", None)
        assert {name for name, _ in found} == {"3", "4", "5"}

    def test_a_place_that_holds_another_passage_is_not_taken(self, index: LanceIndex):
        put(index, passage("1"), passage("2"))
        index.dense(np.ones(DIMENSION, np.float32), 2)
        places = index._version().places
        places["1"], places["2"] = places["2"], places["1"]
        assert [one.id for one in index.passages(["1"])] == ["1"]


class TestOlderVersions:
    @pytest.fixture
    def older(self, tmp_path: Path) -> Path:
        import lancedb

        fields = [field for field in schema(DIMENSION) if field.name not in ("terms", "passage", "readers", "facets")]
        left = fields[0].with_name("content").with_nullable(True)
        lancedb.connect(tmp_path).create_table("passages", schema=_of([*fields, left]))
        return tmp_path

    def test_it_is_not_current_and_its_documents_are_known(self, older: Path):
        index = LanceIndex(older, "passages", DIMENSION)
        assert not index.is_current("b")
        assert index.documents() == {}

    def test_one_that_is_written_to_is_made_anew(self, older: Path):
        index = LanceIndex(older, "passages", DIMENSION, create=True)
        put(index, passage("1", groups=("hr",)))
        assert LanceIndex(older, "passages", DIMENSION).passages(["1"])[0].groups == ("hr",)
        assert "content" not in index._table.schema.names


def _of(fields: list[Any]) -> Any:
    import pyarrow as pa

    return pa.schema(fields)


def test_metadata_is_filtered_as_it_is_written():
    assert tags({"B": 2, "a": "x y", "c=d": True}) == ["b=2", "a=x y", "c d=True"]
