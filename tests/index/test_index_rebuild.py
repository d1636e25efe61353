"""Embedding again with another model runs beside the index in use, and switches at its end."""

from collections.abc import Sequence
from typing import Any

import pytest

from conftest import Bench
from scoville.embed.fake import FakeEmbedder
from scoville.search import open_searcher


class AskingEmbedder(FakeEmbedder):
    """Another model; while it embeds, somebody asks the index that is in use."""

    def __init__(self, bench: Bench) -> None:
        self.name = "fake:second"
        self.bench = bench
        self.answers: list[list[str]] = []

    def embed(self, texts: Sequence[str], kind: Any = "passage", on_done: Any = None) -> Any:
        if kind == "passage" and texts != ["warm up"]:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("scoville.search.hybrid.open_embedder", lambda settings: FakeEmbedder())
                self.answers.append(self.bench.found("annual leave"))
        return super().embed(texts, kind, on_done)


def test_questions_are_answered_by_the_old_index_until_the_new_one_is_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    bench.write("a.txt", "Annual leave is thirty days.")
    bench.write("b.txt", "Parking is free.")
    bench.add()
    opened = open_searcher(bench.workspace, bench.recipe)
    before = bench.workspace.require_built()
    second = AskingEmbedder(bench)
    monkeypatch.setattr("scoville.index.add.open_embedder", lambda settings: second)
    monkeypatch.setattr("scoville.index.add.COMMIT_TOKENS", 1, raising=False)
    bench.add(rebuild=True)
    assert second.answers
    assert all(found[0] == "docs/a.txt" for found in second.answers)
    after = bench.workspace.require_built()
    assert (after.embedder, after.table) == ("fake:second", after.table)
    assert after.table != before.table
    assert opened.search("annual leave").hits[0].passage.source == "docs/a.txt"  # who had it open still has it


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_rebuild_with_other_settings_leaves_the_old_index_as_it_is_until_it_is_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, interrupted: bool
):
    bench.write("a.txt", "Annual leave is thirty days.")
    bench.write("b.txt", "Parking is free.")
    bench.add()
    old, before = bench.recipe, bench.workspace.require_built()
    monkeypatch.setattr("scoville.index.ingest.COMMIT_SECONDS", 0.0)
    found: list[list[str]] = []

    def ask(progress: Any) -> None:
        new, bench.recipe = bench.recipe, old
        found.append(bench.found("annual leave"))
        bench.recipe = new
        if interrupted and progress.current == "docs/b.txt":
            raise KeyboardInterrupt

    bench.set(split={"size": 64})
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            bench.add(rebuild=True, on_progress=ask)
        assert bench.workspace.require_built() == before
        assert bench.add(rebuild=True).unchanged == 1
    else:
        bench.add(rebuild=True, on_progress=ask)
    assert {one[0] for one in found} == {"docs/a.txt"}
    assert bench.found("annual leave")[0] == "docs/a.txt"
    bench.add()
    assert len(list(bench.workspace.index_folder.iterdir())) == 1
