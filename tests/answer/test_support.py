"""One probability tells whether the passages answer, whatever model writes."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_answer import PASSAGES, QUESTION, SETTINGS, ListeningLlm, PointsAtDays, built

from scoville.answer import Answerer
from scoville.answer.support import SHIPPED, SHIPPED_WITHOUT_COSINE, Calibration, Signals, Weights
from scoville.embed.fake import FakeEmbedder
from scoville.search import Searcher


class LikeTheDefault(FakeEmbedder):
    """The fake under the name of the default embedder."""

    name = "all-minilm-l6-v2@fake"


class Local(ListeningLlm):
    """A model that writes on this machine."""

    runtime = "llamacpp"


class Hosted(ListeningLlm):
    """A model that writes elsewhere."""

    runtime = "openai"


def answerer(
    folder: Path, llm: ListeningLlm, *, sure: float, patch: pytest.MonkeyPatch, language: str = "en"
) -> Answerer:
    patch.setattr("scoville.answer.answerer.shipped_reader", lambda threads: PointsAtDays(sure))
    index = built(folder, [replace(passage, language=language) for passage in PASSAGES])
    return Answerer(Searcher(index, LikeTheDefault(), SETTINGS.search), llm, SETTINGS)


def test_the_probability_rises_with_both_signals():
    low, middle, high = (SHIPPED.probability(Signals(*pair)) for pair in ((-2, 0.3), (0, 0.5), (2, 0.8)))
    assert 0 < low < 0.4 < middle < high < 1
    assert Weights(1, 2, 3).probability(Signals(-1.5, -0.75)) == 0.5
    assert SHIPPED_WITHOUT_COSINE.probability(Signals(1, 0.1)) == SHIPPED_WITHOUT_COSINE.probability(Signals(1, 0.9))
    assert 0 < SHIPPED.probability(Signals(-1e9, 0)) < SHIPPED.probability(Signals(1e9, 0)) <= 1


def test_the_cosine_counts_only_of_the_embedder_whose_scale_is_known():
    assert Calibration.shipped("all-minilm-l6-v2@1", 0.4).weights == SHIPPED
    assert Calibration.shipped("all-minilm-l6-v2-tuned@1", 0.4).weights == SHIPPED_WITHOUT_COSINE


def test_a_local_model_is_not_asked_what_passages_hardly_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    llm = Local("You may cancel within 14 days [1].")
    answer = answerer(tmp_path / "a", llm, sure=0.01, patch=monkeypatch).ask(QUESTION)
    assert (answer.refused, answer.reason, llm.asked) == (True, "low_support", [])
    assert answer.refusal and answer.refusal.citations
    sure = answerer(tmp_path / "b", llm, sure=0.9, patch=monkeypatch).ask(QUESTION)
    assert not sure.refused and sure.probability and sure.probability > 0.5 and len(llm.asked) == 1


def test_a_hosted_model_decides_for_itself_and_the_probability_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    llm = Hosted("You may cancel within 14 days [1].")
    answer = answerer(tmp_path / "a", llm, sure=0.01, patch=monkeypatch).ask(QUESTION)
    assert not answer.refused and answer.probability is not None and answer.probability < 0.4


def test_passages_that_the_reader_cannot_read_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    llm = Local("You may cancel within 14 days [1].")
    answer = answerer(tmp_path / "a", llm, sure=0.01, patch=monkeypatch, language="de").ask(QUESTION)
    assert not answer.refused and answer.probability is None and not answer.signals


def test_what_says_yes_or_no_in_so_many_words_answers_whatever_the_reader_holds(tmp_path: Path):
    index = built(tmp_path, PASSAGES)
    asks = Answerer(Searcher(index, LikeTheDefault(), SETTINGS.search), PointsAtDays(0.01), SETTINGS)
    answer = asks.ask("May I cancel the policy?")
    assert (answer.text.partition(" ")[0], answer.probability) == ("**Yes.**", 0.9)
    assert asks.ask("May I cancel the policy abroad?").refused
