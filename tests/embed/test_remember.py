"""An embedder that embeds no text twice."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from scoville.embed import TextKind, open_embedder
from scoville.embed.remember import RememberingEmbedder
from scoville.recipe import Embed


def test_a_text_is_embedded_once_and_what_was_asked_for_long_ago_is_forgotten():
    plain = open_embedder(Embed(model="fake"))
    remembering = RememberingEmbedder(plain, most=3)
    for texts in (["a", "b", "a"], ["b", "c"], ["a"]):
        assert np.array_equal(remembering.embed(texts), plain.embed(texts))
    assert remembering.embedded == 3
    remembering.embed(["d"])  # "b" was asked for before "c" and "a"
    remembering.embed(["a", "c"])
    assert remembering.embedded == 4
    remembering.embed(["b"])
    assert remembering.embedded == 5
    assert remembering.embed([]).shape == (0, plain.dimension)


def test_a_question_and_a_passage_of_the_same_words_are_two_texts():
    remembering = RememberingEmbedder(open_embedder(Embed(model="fake")))
    remembering.embed(["a"], "query")
    remembering.embed(["a"], "passage")
    assert remembering.embedded == 2


def test_two_threads_embed_at_once(monkeypatch: pytest.MonkeyPatch):
    plain = open_embedder(Embed(model="fake"))
    both = threading.Barrier(2, timeout=10)
    embed = plain.embed

    def together(texts: Sequence[str], kind: TextKind) -> Any:
        both.wait()
        return embed(texts, kind)

    monkeypatch.setattr(plain, "embed", together)
    remembering = RememberingEmbedder(plain)
    threads = [threading.Thread(target=remembering.embed, args=([text],)) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert remembering.embedded == 2
