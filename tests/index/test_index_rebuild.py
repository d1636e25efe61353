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
