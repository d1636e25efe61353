"""What was built from what; what the names of trackers mean."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conftest import Bench
from scoville.answer import open_answerer
from scoville.cli.lineage import command as lineage_command
from scoville.errors import UsageError
from scoville.evaluate.publish import note_index
from scoville.evaluate.system import RecipeSystem
from scoville.track import lineage as module
from scoville.track.lineage import (
    Artifact,
    cases_of,
    find_artifact,
    index_of,
    lineage,
    model,
    recipe,
    record,
    run_of,
    sweep_of,
    versions,
)  # fmt: skip
from scoville.track.mirror import flat
from scoville.track.open import open_mirror
from scoville.track.store import Store

DOCUMENTS = {"docs/leave.pdf": "a" * 64, "docs/pay.pdf": "b" * 64}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / ".scoville" / "track.db")
    yield store
    store.close()


def make_index(store: Store, documents: dict[str, str], recipe_hash: str = "r1") -> Artifact:
    return index_of(store, documents, recipe_hash=recipe_hash, embedder="minilm")


def names(artifacts: tuple[Artifact, ...]) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in artifacts]


class TestLineage:
    def test_a_run_leads_back_to_documents_and_a_document_to_runs(self, store: Store):
        cases = Artifact(kind="cases", name="cases.jsonl", digest="c")
        run = run_of(
            store, "run-1", recipe_hash="r2", index=make_index(store, DOCUMENTS), cases=cases, models=["small"]
        )
        assert names(lineage(store, run).built_from) == [
            ("cases", "cases.jsonl"), ("index", "index"), ("model", "small"), ("recipe", "r2"),
            ("document", "docs/leave.pdf"), ("document", "docs/pay.pdf"), ("model", "minilm"), ("recipe", "r1"),
        ]  # fmt: skip
        leave = find_artifact(store, "docs/leave.pdf")
        assert names(lineage(store, leave).built_into) == [("index", "index"), ("run", "run-1")]

    def test_what_training_saw_is_found(self, store: Store):
        index = make_index(store, DOCUMENTS)
        rows = record(store, Artifact(kind="rows", name="rows.jsonl", digest="x"), [index])
        adapter = record(store, Artifact(kind="adapter", name="leave-adapter", digest="y"), [rows, model("small")])
        run_of(store, "run-2", also=[adapter])
        saw = lineage(store, find_artifact(store, "docs/pay.pdf")).built_into
        assert {one.kind for one in saw} == {"index", "rows", "adapter", "run"}

    def test_the_same_content_is_the_same_artifact(self, store: Store):
        assert make_index(store, DOCUMENTS) == make_index(store, dict(reversed(DOCUMENTS.items())))
        assert len(versions(store, "index")) == 1 and len(versions(store, "document")) == 2

    @pytest.mark.parametrize("changed", [
        {"documents": DOCUMENTS | {"docs/pay.pdf": "c" * 64}}, {"documents": DOCUMENTS | {"docs/new.pdf": "d" * 64}},
        {"documents": DOCUMENTS, "recipe_hash": "r9"},
    ])  # fmt: skip
    def test_an_index_that_changed_is_another_one(self, store: Store, changed: dict[str, Any]):
        assert make_index(store, DOCUMENTS).id != make_index(store, **changed).id
        assert len(versions(store, "index")) == 2

    def test_a_run_saw_the_version_of_its_day(self, store: Store):
        run_of(store, "early", index=make_index(store, DOCUMENTS))
        run_of(store, "late", index=make_index(store, DOCUMENTS | {"docs/pay.pdf": "c" * 64}))
        newest = find_artifact(store, "docs/pay.pdf")
        assert newest.digest == "c" * 64
        assert [one.name for one in lineage(store, newest).built_into if one.kind == "run"] == ["late"]
        (before,) = lineage(store, newest).versions
        assert before.digest == "b" * 64 and find_artifact(store, before.id) == before
        assert [one.name for one in lineage(store, before).built_into if one.kind == "run"] == ["early"]
        both = lineage(store, find_artifact(store, "docs/leave.pdf")).built_into
        assert {one.name for one in both if one.kind == "run"} == {"early", "late"}

    @pytest.mark.parametrize("few", [8, 256])
    def test_a_content_that_is_back_is_the_newest(self, store: Store, monkeypatch: pytest.MonkeyPatch, few: int):
        monkeypatch.setattr(module, "FEW", few)
        documents = {f"docs/{number}.txt": f"{number}" for number in range(40)}
        first = make_index(store, documents)
        changed = make_index(store, documents | {"docs/7.txt": "changed"})
        assert find_artifact(store, "docs/7.txt").digest == "changed"
        assert make_index(store, documents) == first
        assert find_artifact(store, "docs/7.txt").digest == "7"
        assert find_artifact(store, "index") == first
        assert lineage(store, first).versions == (changed,)

    def test_of_many_documents_one_that_changes_writes_few_rows(self, store: Store, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(module, "FEW", 8)
        documents = {f"docs/{number}.txt": f"{number}" for number in range(2000)}
        first = make_index(store, documents)
        before = store.query("SELECT count(*) FROM edges")[0][0]
        second = make_index(store, documents | {"docs/7.txt": "changed"})
        assert store.query("SELECT count(*) FROM edges")[0][0] - before < 300
        for index, digest in ((first, "7"), (second, "changed")):
            found = lineage(store, index).built_from
            assert {one.name: one.digest for one in found if one.kind == "document"} == documents | {
                "docs/7.txt": digest
            }
            assert {one.kind for one in found} == {"document", "model", "recipe"}
        assert [one.kind for one in lineage(store, find_artifact(store, "docs/9.txt")).built_into] == ["index", "index"]

    def test_a_circle_ends(self, store: Store):
        one, two = recipe("one"), recipe("two")
        record(store, one, [two])
        record(store, two, [one])
        assert set(names(lineage(store, one).built_from)) == {("recipe", "one"), ("recipe", "two")}

    def test_artifacts_are_found_by_id_name_digest_and_their_ends(self, store: Store):
        index = make_index(store, DOCUMENTS)
        leave = Artifact(kind="document", name="docs/leave.pdf", digest="a" * 64)
        for name in (leave.id, leave.id[:9], "docs/leave.pdf", "leave.pdf", "aaaa"):
            assert find_artifact(store, name) == leave
        assert find_artifact(store, "index") == index
        with pytest.raises(UsageError, match=r"may be document docs/pay.pdf \(dfee3a13\), document docs/leave.pdf \("):
            find_artifact(store, ".pdf")
        for nothing in ("nowhere", "%", "docs_leave.pdf", "' OR 1=1 --"):
            with pytest.raises(UsageError, match="was recorded; `scoville lineage` lists"):
                find_artifact(store, nothing)

    def test_the_beginning_of_several_ids_is_refused_with_the_ids(self, store: Store):
        for number in range(40):
            make_index(store, {"docs/pay.pdf": f"sha-{number}"})
        ids = [one.id for one in versions(store, "document")]
        start = next(one[0] for one in ids if sum(other.startswith(one[0]) for other in ids) > 1)
        with pytest.raises(UsageError, match=rf"may be .*document docs/pay.pdf \({start}") as raised:
            find_artifact(store, start)
        assert "name one of them, or its id" in str(raised.value)

    def test_the_end_of_a_path_is_no_end_of_a_word(self, store: Store):
        make_index(store, DOCUMENTS | {"docs/overpay.pdf": "d" * 64})
        assert find_artifact(store, "pay.pdf").name == "docs/pay.pdf"
        assert find_artifact(store, "erpay.pdf").name == "docs/overpay.pdf"

    def test_latest_is_the_newest_run(self, store: Store):
        with pytest.raises(UsageError, match="nothing named 'latest'"):
            find_artifact(store, "latest")
        for name in ("run-1", "run-2"):
            run_of(store, name)
        make_index(store, DOCUMENTS)
        assert find_artifact(store, "latest").name == "run-2"

    def test_cases_without_a_file_are_those_of_the_same_content(self, store: Store):
        assert cases_of(store, "c").name == "cases"
        run_of(store, "run-1", cases=cases_of(store, "c", "leave.jsonl"))
        assert cases_of(store, "c").name == "leave.jsonl"
        assert cases_of(store, "d").name == "cases"

    def test_a_sweep_is_built_from_its_runs(self, store: Store):
        for name in ("run-1", "run-2"):
            run_of(store, name, index=make_index(store, DOCUMENTS))
            sweep = sweep_of(store, "sweep-1", [name])
        found = lineage(store, sweep).built_from
        assert [one.name for one in found if one.kind == "run"] == ["run-2", "run-1"]
        assert {one.kind for one in found} == {"run", "index", "document", "model", "recipe"}
        saw = lineage(store, find_artifact(store, "pay.pdf")).built_into
        assert [one.kind for one in saw] == ["index", "run", "run", "sweep"]

    def test_a_document_is_found_by_a_path_as_one_types_it(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        make_index(store, DOCUMENTS)
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "pay.pdf").touch()
        monkeypatch.chdir(tmp_path / "docs")
        for name in ("./pay.pdf", str(tmp_path / "docs" / "pay.pdf")):
            found = CliRunner().invoke(lineage_command, ["-w", str(tmp_path), name], catch_exceptions=False)
            assert found.stdout.split("\n")[0].endswith("document  docs/pay.pdf")

    def test_a_long_list_says_what_it_leaves_out(self, store: Store):
        for number in range(60):
            run_of(store, f"run-{number}")
        root = str(store.path.parent.parent)
        shown = CliRunner().invoke(lineage_command, ["-w", root], catch_exceptions=False)
        assert len(shown.stdout.splitlines()) == 50 and "... and 10 more: --all" in shown.stderr
        assert len(CliRunner().invoke(lineage_command, ["-w", root, "--all"]).stdout.splitlines()) == 60

    def test_the_command_shows_both_ways(self, store: Store):
        run_of(store, "run-1", index=make_index(store, DOCUMENTS))
        root = str(store.path.parent.parent)

        def run(*words: str) -> str:
            return CliRunner().invoke(lineage_command, ["-w", root, *words], catch_exceptions=False).stdout

        shown = run("leave.pdf").splitlines()
        assert shown[0].endswith("document  docs/leave.pdf") and shown[1] == "built into:"
        assert [line.split()[1:] for line in shown[2:]] == [["index", "index"], ["run", "run-1"]]
        given = json.loads(run("run-1", "--json"))
        assert given["artifact"]["kind"] == "run" and given["built_into"] == []
        assert len(given["built_from"]) == 5
        assert {line.split()[1] for line in run().splitlines()} == {"run", "index", "recipe", "model"}
        assert len(json.loads(run("--json"))) == 4


def test_the_index_of_a_run_is_that_of_its_own_recipe(bench: Bench):
    bench.write("leave.txt", "Notice must be given in writing one month ahead.")
    bench.add()
    own = bench.recipe
    system = RecipeSystem(open_answerer(bench.workspace, own))
    bench.set(split={"size": 40})  # the session's: of no index that is there
    digest = note_index(bench.workspace, system)
    store = Store(bench.workspace.folder / "track.db")
    made = lineage(store, find_artifact(store, digest)).built_from
    store.close()
    assert {one.name for one in made} == {"docs/leave.txt", "fake", own.build_hash}


class TestMirrorNames:
    @pytest.mark.parametrize("target", ["mlflow", "mlflow:", "wandb:", "wandb:a/b/c", "board:x", "", "wandb:../x"])
    def test_what_means_nothing_lists_what_does(self, tmp_path: Path, target: str):
        with pytest.raises(UsageError, match="expected mlflow:URI, .*wandb:PROJECT"):
            open_mirror(target, tmp_path)

    @pytest.mark.parametrize("target", ["mlflow:mlruns", "mlflow:file:///tmp/mlruns", "mlflow:./runs"])
    def test_folders_of_mlflow_are_refused_before_a_run(self, tmp_path: Path, target: str):
        with pytest.raises(UsageError, match="no runs in folders any more; expected e.g. mlflow:sqlite"):
            open_mirror(target, tmp_path)

    def test_a_password_in_the_recipe_is_refused_and_not_repeated(self, tmp_path: Path):
        with pytest.raises(UsageError, match="set them in the environment") as raised:
            open_mirror("mlflow:https://ada:hunter2@mlflow.example", tmp_path)
        assert "hunter2" not in str(raised.value)

    def test_nested_values_become_paths(self):
        assert flat({"llm": {"model": "x", "stop": {}}, "version": 1}) == {
            "llm.model": "x",
            "llm.stop": {},
            "version": 1,
        }
