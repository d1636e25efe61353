import gc
import http.client
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from scoville import recipe
from scoville.errors import ContextTooLong, ModelError, ProviderError, StorageError, UsageError
from scoville.llm import Generation, Llm, open_llm
from scoville.llm.gguf import read_metadata
from scoville.llm.openvino import MARKER, OpenVINOLlm, prepare
from scoville.models import ModelFiles, locate_model
from scoville.types import Message
from tiny_gguf import CONTEXT, write_tiny_gguf

HELLO = [Message(role="system", content="Be brief."), Message(role="user", content="the hen")]
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string", "maxLength": 3}, "n": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["a", "n"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A reference to the tiny model, with a cache of its own."""
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOVILLE_MODELS", str(folder / "cache"))
        yield f"path:{write_tiny_gguf(folder / 'tiny.gguf')}"


@pytest.fixture(scope="module", params=["openvino", "llamacpp"])
def llm(request: pytest.FixtureRequest, tiny: str) -> Iterator[Llm]:
    opened = open_llm(recipe.Llm(model=tiny, runtime=request.param))
    yield opened
    opened.close()


class TestBothRuntimes:
    def test_a_reply_carries_its_numbers(self, llm: Llm, tiny: str):
        reply = llm.generate(HELLO, Generation(max_tokens=8))
        assert reply.text
        assert (reply.model, reply.cost_usd) == (tiny, 0.0)
        assert reply.completion_tokens <= 8
        assert 0 < reply.first_token_seconds <= reply.total_seconds
        assert reply.runtime == llm.runtime

    def test_tokens_are_counted_exactly(self, llm: Llm):
        # 2 turns of <|im_start|>, role, \n, text, <|im_end|>, \n and the opening of the reply; the vocabulary has all
        # bytes and `he`, and the pre-tokenizer of smollm cuts before spaces.
        expected = (1 + 6 + 1 + 9 + 1 + 1) + (1 + 4 + 1 + 5 + 1 + 1) + (1 + 9 + 1)
        assert llm.count_tokens(HELLO) == expected
        assert llm.generate(HELLO, Generation(max_tokens=1)).prompt_tokens == expected

    def test_special_tokens_of_a_document_are_read_as_text(self, llm: Llm):
        def count(text: str) -> int:
            return llm.count_tokens([Message(role="user", content=text)])

        assert count("x<|im_end|>") == count("x") + len("< |im_end|>")

    def test_a_greedy_reply_is_the_same_again(self, llm: Llm):
        first, second = (llm.generate(HELLO, Generation(max_tokens=12)).text for _ in range(2))
        assert first == second

    def test_the_seed_decides_what_is_drawn(self, llm: Llm):
        def draw(seed: int) -> str:
            return llm.generate(HELLO, Generation(max_tokens=12, temperature=1.0, seed=seed)).text

        assert draw(1) == draw(1)
        assert len({draw(seed) for seed in range(4)}) > 1

    def test_the_pieces_make_up_the_text(self, llm: Llm):
        pieces: list[str] = []
        reply = llm.generate(HELLO, Generation(max_tokens=12), pieces.append)
        assert "".join(pieces) == reply.text
        assert len(pieces) > 1

    def test_max_tokens_end_a_reply(self, llm: Llm):
        reply = llm.generate(HELLO, Generation(max_tokens=3))
        assert (reply.completion_tokens, reply.finish_reason) == (3, "length")

    def test_a_reply_ends_before_a_stop_string(self, llm: Llm):
        whole = llm.generate(HELLO, Generation(max_tokens=12)).text
        for stop in (whole[0], whole[5], whole[5:8]):
            reply = llm.generate(HELLO, Generation(max_tokens=12, stop=("not there", stop)))
            assert reply.text == whole.partition(stop)[0]
            assert reply.finish_reason == "stop"

    def test_a_schema_is_kept_even_by_random_weights(self, llm: Llm):
        reply = llm.generate(HELLO, Generation(max_tokens=60, json_schema=SCHEMA))
        value = json.loads(reply.text)
        assert set(value) == {"a", "n"}
        assert len(value["a"]) <= 3
        assert 1 <= value["n"] <= 5

    def test_a_prompt_that_does_not_fit_is_refused_before_it_is_read(self, llm: Llm):
        with pytest.raises(ContextTooLong, match=str(CONTEXT)):
            llm.generate([Message(role="user", content="word " * 200)], Generation(max_tokens=5))

    def test_a_reply_takes_no_more_than_the_context_leaves(self, llm: Llm):
        filler = [Message(role="user", content="x" * (CONTEXT - 25))]
        room = CONTEXT - llm.count_tokens(filler)
        assert 0 < room < 10
        assert llm.generate(filler, Generation(max_tokens=100)).completion_tokens <= room

    def test_an_exception_of_the_listener_is_passed_on(self, llm: Llm):
        def refuse(_: str) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            llm.generate(HELLO, Generation(max_tokens=50), refuse)
        assert llm.generate(HELLO, Generation(max_tokens=3)).text

    def test_what_is_asked_at_once_is_written_as_alone(self, llm: Llm):
        whole = llm.generate(HELLO, Generation(max_tokens=12)).text
        asked = [
            Generation(max_tokens=12), Generation(max_tokens=60, json_schema=SCHEMA), Generation(max_tokens=3),
            Generation(max_tokens=12, stop=(whole[5],)), Generation(max_tokens=12, temperature=1.0, seed=3),
        ]  # fmt: skip
        prompts = [[Message(role="user", content=f"the hen {number}")] for number in range(3)]
        jobs = [(prompt, generation) for prompt in [HELLO, *prompts] for generation in asked]

        def write(job: tuple[list[Message], Generation]) -> tuple[str, int, str]:
            pieces: list[str] = []
            reply = llm.generate(*job, pieces.append)
            assert "".join(pieces) == reply.text
            return reply.text, reply.completion_tokens, reply.finish_reason

        alone = [write(job) for job in jobs]
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(write, jobs)) == alone

    def test_a_schema_that_is_none_costs_no_later_reply(self, llm: Llm):
        before = llm.generate(HELLO, Generation(max_tokens=5)).text
        with suppress(ProviderError):  # of openvino, whose pipeline then takes nothing more
            llm.generate(HELLO, Generation(max_tokens=5, json_schema={"type": "string", "pattern": "(("}))
        assert llm.generate(HELLO, Generation(max_tokens=5)).text == before

    def test_a_listener_that_is_slow_holds_up_nobody_and_one_that_raises_ends_its_own(self, llm: Llm):
        begun, go_on = threading.Event(), threading.Event()

        def wait(_: str) -> None:
            begun.set()
            assert go_on.wait(20)

        def refuse(_: str) -> None:
            raise KeyError("no more")

        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(llm.generate, HELLO, Generation(max_tokens=12), wait)
            assert begun.wait(20)
            with pytest.raises(KeyError, match="no more"):
                llm.generate(HELLO, Generation(max_tokens=12), refuse)
            text = llm.generate(HELLO, Generation(max_tokens=12)).text
            assert not slow.done()
            go_on.set()
            assert slow.result().text == text

    def test_a_closed_model_opens_again(self, llm: Llm):
        before = llm.generate(HELLO, Generation(max_tokens=5)).text
        llm.close()
        llm.close()
        assert llm.generate(HELLO, Generation(max_tokens=5)).text == before


def test_a_reply_that_is_ended_early_leaves_no_memory_behind(tiny: str, capfd: pytest.CaptureFixture[str]):
    opened = open_llm(recipe.Llm(model=tiny, runtime="openvino"))
    whole = opened.generate(HELLO, Generation(max_tokens=8)).text
    assert opened.generate(HELLO, Generation(max_tokens=8, stop=(whole[2:4],))).text == whole[:2]
    opened.close()
    del opened
    gc.collect()
    assert "leaked" not in "".join(capfd.readouterr())


def test_both_runtimes_read_the_same_prompt_and_write_the_same_reply(tiny: str):
    # After other words the second token is as likely as the first: llama.cpp rounds to 8 bits what it multiplies.
    prompt = [Message(role="user", content="hello there")]
    replies: list[tuple[int, str]] = []
    for runtime in ("openvino", "llamacpp"):
        opened = open_llm(recipe.Llm(model=tiny, runtime=runtime))  # pyright: ignore[reportArgumentType]
        reply = opened.generate(prompt, Generation(max_tokens=10))
        replies.append((reply.prompt_tokens, reply.text))
        opened.close()
    assert replies[0] == replies[1]


class TestPreparing:
    def test_the_f16_form_is_built_once(self, tiny: str, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.INFO, "scoville")
        files = locate_model(tiny, kind="llm")
        folder = prepare(files)
        built = (folder / MARKER).stat().st_mtime_ns
        assert not list(folder.glob("*.gguf*"))
        caplog.clear()
        assert prepare(files) == folder
        assert (folder / MARKER).stat().st_mtime_ns == built
        assert not caplog.records

    def test_a_killed_build_starts_again(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ):
        caplog.set_level(logging.INFO, "scoville")
        files = copy_of_tiny(tmp_path, monkeypatch)
        folder = prepare(files)
        (folder / MARKER).unlink()
        (folder / "openvino_model.bin").write_bytes(b"half")
        (folder / "f16.gguf.123.part").write_bytes(b"half")
        caplog.clear()
        prepare(files)
        assert "once" in caplog.text
        assert not list(folder.glob("*.part"))
        reply = OpenVINOLlm(recipe.Llm(), files, read_metadata(files.weights)).generate(HELLO, Generation(max_tokens=3))
        assert reply.completion_tokens == 3

    def test_a_failed_build_leaves_no_marker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        files = copy_of_tiny(tmp_path, monkeypatch)

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("scoville.llm.openvino.dequantise", fail)
            with pytest.raises(StorageError, match="No space left"):
                prepare(files)
        assert not list(files.build_folder("").parent.rglob(MARKER))
        assert (prepare(files) / MARKER).is_file()

    def test_two_processes_build_one_form(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        files = copy_of_tiny(tmp_path, monkeypatch)
        code = (
            "import sys, logging; from scoville.models import locate_model; from scoville.llm.openvino import prepare\n"
            "logging.basicConfig(level=logging.INFO, stream=sys.stdout)\n"
            f"prepare(locate_model('path:{files.weights}', kind='llm'))"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0] for process in running]
        assert [process.returncode for process in running] == [0, 0], said
        assert "".join(said).count("Preparing") == 1

    def test_a_folder_in_the_form_of_openvino_is_loaded_as_it_is(self, tiny: str):
        built = prepare(locate_model(tiny, kind="llm"))
        from_gguf = open_llm(recipe.Llm(model=tiny, runtime="openvino")).generate(HELLO, Generation(max_tokens=6))
        opened = open_llm(recipe.Llm(model=f"path:{built}"))
        reply = opened.generate(HELLO, Generation(max_tokens=6))
        assert reply.text == from_gguf.text
        assert reply.prompt_tokens == from_gguf.prompt_tokens
        attack = opened.count_tokens([Message(role="user", content="<|im_end|>")])
        assert attack == opened.count_tokens([Message(role="user", content="")]) + len("< |im_end|>")


class TestChoice:
    @pytest.fixture
    def on(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        return lambda machine: monkeypatch.setattr("platform.machine", lambda: machine)

    def test_auto_takes_openvino_on_x86_and_llamacpp_elsewhere(
        self, tiny: str, on: Any, caplog: pytest.LogCaptureFixture
    ):
        caplog.set_level(logging.INFO, "scoville")
        on("x86_64")
        assert open_llm(recipe.Llm(model=tiny)).runtime == "openvino"
        assert not caplog.records
        on("aarch64")
        assert open_llm(recipe.Llm(model=tiny)).runtime == "llamacpp"
        assert "aarch64" in caplog.text

    def test_auto_takes_llamacpp_for_large_models(self, tiny: str, on: Any, monkeypatch: pytest.MonkeyPatch):
        on("x86_64")
        monkeypatch.setattr("scoville.llm.local.MAX_F16_PARAMETERS", 10)
        assert open_llm(recipe.Llm(model=tiny)).runtime == "llamacpp"
        assert open_llm(recipe.Llm(model=tiny, runtime="openvino")).runtime == "openvino"

    def test_an_architecture_that_openvino_does_not_build_runs_with_llamacpp(self, tmp_path: Path, on: Any):
        on("x86_64")
        model = f"path:{write_tiny_gguf(tmp_path / 'other.gguf', architecture='gemma')}"
        assert open_llm(recipe.Llm(model=model)).runtime == "llamacpp"
        with pytest.raises(ModelError, match="gemma"):
            open_llm(recipe.Llm(model=model, runtime="openvino"))

    def test_more_context_than_the_model_has_is_a_usage_error(self, tiny: str):
        with pytest.raises(UsageError, match=rf"1000.*{CONTEXT}"):
            open_llm(recipe.Llm(model=tiny, context_tokens=1000))

    def test_llamacpp_does_not_read_the_form_of_openvino(self, tiny: str):
        built = prepare(locate_model(tiny, kind="llm"))
        with pytest.raises(UsageError, match="GGUF"):
            open_llm(recipe.Llm(model=f"path:{built}", runtime="llamacpp"))

    @pytest.mark.parametrize("runtime", ["openvino", "llamacpp"])
    def test_a_file_without_weights_is_a_model_error(
        self, tmp_path: Path, runtime: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "cache"))
        whole = write_tiny_gguf(tmp_path / "tiny.gguf").read_bytes()
        broken = tmp_path / "broken.gguf"
        broken.write_bytes(whole[:-20_000])
        with pytest.raises(ModelError, match="broken"):
            open_llm(recipe.Llm(model=f"path:{broken}", runtime=runtime)).generate(HELLO, Generation(max_tokens=1))


class TestListener:
    def test_llamacpp_listens_where_only_this_user_can_ask(self, tiny: str, capfd: pytest.CaptureFixture[str]):
        llm: Any = open_llm(recipe.Llm(model=tiny, runtime="llamacpp"))
        llm.count_tokens(HELLO)
        address = llm._server._server.listening_address
        folder = Path(address.removeprefix("unix://")).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert capfd.readouterr().err == ""
        llm.close()
        assert not folder.exists()

    def test_where_the_path_is_too_long_a_port_of_this_machine_asks_for_the_key(
        self, tiny: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("scoville.llm.llamacpp.LONGEST_SOCKET_PATH", 1)
        llm: Any = open_llm(recipe.Llm(model=tiny, runtime="llamacpp"))
        assert llm.count_tokens(HELLO) > 0
        host, _, port = llm._server._server.listening_address.removeprefix("http://").partition(":")
        assert host == "127.0.0.1"
        for path in ("/tokenize", "/completion", "/v1/chat/completions"):
            connection = http.client.HTTPConnection(host, int(port), timeout=5)
            connection.request(
                "POST", path, '{"content": "x", "prompt": "x", "messages": []}', {"Origin": "https://site.example"}
            )
            response = connection.getresponse()
            response.read()
            assert response.status == 401
            assert response.headers.get("Access-Control-Allow-Origin") != "*"
            connection.close()
        llm.close()

    def test_a_core_stays_free(self, monkeypatch: pytest.MonkeyPatch):
        from scoville.llm.llamacpp import _cores  # pyright: ignore[reportPrivateUsage]

        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)))
        assert _cores() == 3


def copy_of_tiny(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFiles:
    monkeypatch.setenv("SCOVILLE_MODELS", str(folder / "cache"))
    return locate_model(f"path:{write_tiny_gguf(folder / 'tiny.gguf')}", kind="llm")
