"""How likely a model holds a text: two runtimes, written apart, say the same."""

from collections.abc import Iterator
from math import exp, log

import pytest

from scoville import recipe
from scoville.errors import ContextTooLong
from scoville.llm import FakeLlm, Generation, LikelihoodLlm, open_llm
from scoville.types import Message
from tiny_gguf import write_tiny_gguf

PROMPT = (Message(role="system", content="Be brief."), Message(role="user", content="Where do the herons sleep? " * 4))
TEXT = "They sleep in the old alders (by the river)."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LikelihoodLlm]]:
    """Open a model of random weights in both runtimes."""
    folder = tmp_path_factory.mktemp("likelihood")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOVILLE_MODELS", str(folder / "models"))
        model = f"path:{write_tiny_gguf(folder / 'tiny.gguf')}"
        opened: dict[str, LikelihoodLlm] = {}
        for runtime in ("openvino", "llamacpp"):
            llm = open_llm(recipe.Llm.model_validate({"model": model, "runtime": runtime}))
            assert isinstance(llm, LikelihoodLlm)
            opened[runtime] = llm
        yield opened
        for llm in opened.values():
            llm.close()


def test_both_runtimes_hold_a_text_for_as_likely(models: dict[str, LikelihoodLlm]):
    ours, theirs = (models[name].log_probabilities(PROMPT, TEXT) for name in ("openvino", "llamacpp"))
    assert len(ours) == len(theirs) == len(TEXT) - TEXT.count("he")  # which is one token; else a character is one
    assert ours == pytest.approx(theirs, abs=0.2)  # of -2 to -10; they multiply with different precision
    assert sum(ours) == pytest.approx(sum(theirs), rel=0.01)


@pytest.mark.parametrize("runtime", ["openvino", "llamacpp"])
class TestEach:
    def test_what_it_would_write_is_the_likeliest(self, models: dict[str, LikelihoodLlm], runtime: str):
        llm = models[runtime]
        written = llm.generate(PROMPT, Generation(max_tokens=1)).text
        found = {chr(code): llm.log_probabilities(PROMPT, chr(code))[0] for code in range(33, 127)}
        assert max(found, key=lambda one: found[one]) == written
        assert 0.5 < sum(map(exp, found.values())) < 1  # of all tokens it would be 1

    def test_a_text_is_as_likely_as_its_parts(self, models: dict[str, LikelihoodLlm], runtime: str):
        llm = models[runtime]
        whole = llm.log_probabilities(PROMPT, "abc")
        assert whole[:1] == pytest.approx(llm.log_probabilities(PROMPT, "a"), abs=0.02)
        assert whole[:2] == pytest.approx(llm.log_probabilities(PROMPT, "ab"), abs=0.02)
        assert llm.log_probabilities(PROMPT, "") == []

    def test_a_character_of_several_tokens_has_a_likelihood_for_each(
        self, models: dict[str, LikelihoodLlm], runtime: str
    ):
        found = models[runtime].log_probabilities(PROMPT, "a\u5143")
        assert len(found) == 1 + len("\u5143".encode())
        assert all(-20 < one < 0 for one in found)

    def test_what_does_not_fit_is_refused(self, models: dict[str, LikelihoodLlm], runtime: str):
        with pytest.raises(ContextTooLong, match="prompt and reply have"):
            models[runtime].log_probabilities(PROMPT, "a" * 300)


def test_parts_of_a_long_prompt_are_read_as_one(models: dict[str, LikelihoodLlm], monkeypatch: pytest.MonkeyPatch):
    whole = models["openvino"].log_probabilities(PROMPT, TEXT)
    for size in (7, 64):
        monkeypatch.setattr("scoville.llm.likelihood.AT_ONCE", size)
        assert models["openvino"].log_probabilities(PROMPT, TEXT) == pytest.approx(whole, abs=0.2)


def test_the_fake_knows_the_words_of_its_prompt():
    assert FakeLlm().log_probabilities(PROMPT, "herons fly") == [log(1 / 2), log(1 / 4)]
