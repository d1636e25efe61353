"""Local models on llama.cpp, anywhere.

Enters: a GGUF file. Leaves: replies. Does not know where models come from. llama.cpp runs as a server inside this
process. It always listens somewhere: here on a Unix socket in a folder that only this user can enter (where there are
no such sockets, on a free port of this machine), and it asks for a key that is made anew each time.
"""

import http.client
import json
import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

from scoville import recipe
from scoville.errors import ContextTooLong, ModelError, ProviderError
from scoville.llm.context import check_room, open_stream, reply_room, thinking_room, usable_context
from scoville.llm.gguf import GgufMetadata
from scoville.llm.protocol import Generation, OnText
from scoville.storage import TEMPORARY
from scoville.types import Message, Reply

LONGEST_SOCKET_PATH = 100
"""Linux takes 107 bytes, macOS 103."""
CACHED_PROMPTS_MEBIBYTES = 256
FORCED = 1e6
"""Added to the logit of a token that must come next."""
ALL_TOKENS = 1_000_000
"""The server lists at most as many as there are."""
ONE_SLOT = 1
"""Requests wait for each other in the server. Eight slots, on 2 cores, wrote 1.0 to 1.3 times as much in the same time,
of 8 greedy replies 4 were others than alone, and what prompts have in common was read again by each slot."""
SILENT = -1
REQUEST_SECONDS = 30
COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""Else a small model fills a JSON reply with newlines."""


class Applied(NamedTuple):
    """LoRA adapters that are loaded beside their base, and which of them is applied."""

    files: tuple[Path, ...]
    chosen: int

    def scales(self) -> list[dict[str, float]]:
        """Say of each what it counts; one that is not named would count in full."""
        return [{"id": number, "scale": float(number == self.chosen)} for number in range(len(self.files))]


class LlamaCppLlm:
    """A local model; the first count or reply loads it."""

    runtime = "llamacpp"

    def __init__(
        self, settings: recipe.Llm, weights: Path, metadata: GgufMetadata, applied: Applied | None = None
    ) -> None:
        self.name = settings.model
        self.context_tokens = usable_context(settings, metadata.context_tokens)
        self._settings = settings
        self._weights = weights
        self._lora = {"lora": applied.scales()} if applied else {}
        self._adapters = applied.files if applied else ()
        self._template = replace(metadata.template, thinking=settings.thinking)
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn; requests of several threads are read and written one after the other."""
        started = time.perf_counter()
        server = self._open()
        tokens = server.tokenize(self._template.render(messages))
        thinking = thinking_room(self._template, self._settings, generation)
        room = reply_room(self.name, len(tokens), self.context_tokens, generation, thinking)
        stream = open_stream(on_text, generation, thinking)
        last: Mapping[str, Any] = {}

        def push(chunk: Mapping[str, Any]) -> bool:
            nonlocal last
            last = chunk
            choices = chunk.get("choices")
            return not stream.push(choices[0]["text"]) if choices else True

        server.complete({**_request(tokens, room, generation), **self._lora}, push)
        stream.end()
        if "choices" not in last:
            self._fail(last.get("error", {}))
        return Reply(
            text=stream.text,
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=len(tokens),
            completion_tokens=last.get("usage", {}).get("completion_tokens", len(stream.pieces)),
            first_token_seconds=stream.first_seconds or 0.0,
            total_seconds=time.perf_counter() - started,
            finish_reason="length" if stream.is_cut or last["choices"][0]["finish_reason"] == "length" else "stop",
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt, exactly."""
        return len(self._open().tokenize(self._template.render(messages)))

    def log_probabilities(self, messages: Sequence[Message], text: str) -> list[float]:
        """Say how likely each token of a text is as the next turn.

        The server tells this only of what it wrote, before any bias: so it is made to write the text, token by token.
        """
        server = self._open()
        given, tokens = server.tokenize(self._template.render(messages)), server.tokenize(text)
        check_room(self.name, len(given) + len(tokens), self.context_tokens - 1)
        return [self._likelihood(server, [*given, *tokens[:place]], token) for place, token in enumerate(tokens)]

    def _likelihood(self, server: "_Server", given: list[int], token: int) -> float:
        found = self._forced(server, given, token, listed=1)
        if found is None:  # it begins a character of several tokens: until that is whole, nothing is told
            found = self._forced(server, given, server.tokenize(".")[-1], listed=ALL_TOKENS) or {}
        known = {one["id"]: one["logprob"] for one in (found, *found.get("top_logprobs", ())) if one}
        if token not in known:
            raise ProviderError(f"{self.name}: llama.cpp did not say how likely token {token} is")
        return float(known[token])

    def _forced(self, server: "_Server", given: list[int], token: int, *, listed: int) -> Mapping[str, Any] | None:
        """Let it write a token; give what it tells of that and of the ``listed`` likeliest, if it does."""
        said: list[Mapping[str, Any]] = []
        request = {**_request(given, 1, Generation(max_tokens=1)), **self._lora}
        server.complete({**request, "stream": False, "logprobs": listed, "logit_bias": [[token, FORCED]]}, said.append)
        if not said or "choices" not in said[-1]:
            self._fail(said[-1].get("error", {}) if said else {})
        logs = said[-1]["choices"][0]["logprobs"]
        return logs["content"][0] if logs else None

    def load(self) -> None:
        """Load the weights."""
        self._open()

    def close(self) -> None:
        """Free the weights."""
        with self._lock:
            self._server = None

    def _open(self) -> "_Server":
        with self._lock:
            if self._server is None:
                threads = self._settings.threads or max(1, _cores() - 1)  # it spins: a core stays free for the rest
                self._server = _open_server(self._weights, self.context_tokens, threads, self._adapters)
            return self._server

    def _fail(self, error: Mapping[str, Any]) -> NoReturn:
        kind = ContextTooLong if error.get("type") == "exceed_context_size_error" else ProviderError
        raise kind(f"{self.name}: llama.cpp failed to reply: {error.get('message', 'it said nothing')}")


def _open_server(weights: Path, context_tokens: int, threads: int, adapters: tuple[Path, ...]) -> "_Server":
    """Give a server; one with adapters is the same for all of them, and ends with the last who uses it."""
    key = (weights, context_tokens, threads, adapters)
    if not adapters:
        return _Server(*key)
    with _opening:
        if (server := _servers.get(key)) is None:
            server = _servers[key] = _Server(*key)
        return server


class _Server:
    """llama.cpp's server in this process."""

    def __init__(self, weights: Path, context_tokens: int, threads: int, adapters: tuple[Path, ...]) -> None:
        import xllamacpp

        runtime: Any = xllamacpp  # built in native code, which pyright cannot see

        self._key = secrets.token_urlsafe(32)
        self._folder = tempfile.mkdtemp(dir=TEMPORARY.path())  # mode 0700
        self._remove_folder = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        parameters = runtime.CommonParams()
        parameters.model.path = str(weights)
        parameters.n_ctx = context_tokens
        parameters.n_parallel = ONE_SLOT
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        # What was read with one adapter is taken from this cache for another (llama.cpp issue 26207): 15 of 80 greedy
        # replies of three adapters were wrong. The cache of the slot itself is emptied when the adapter changes.
        parameters.cache_ram_mib = 0 if adapters else CACHED_PROMPTS_MEBIBYTES
        parameters.lora_adapters = [_adapter(runtime, path) for path in adapters]
        parameters.warmup = parameters.ui = parameters.endpoint_slots = False
        parameters.verbosity = SILENT
        parameters.hostnames = [self._host()]
        parameters.cors_origins = "http://127.0.0.1"
        parameters.n_threads_http = 1
        parameters.api_keys = [self._key]
        try:
            self._server: Any = runtime.Server(parameters)
        except RuntimeError as error:
            self._remove_folder()
            what = f"{weights} with {', '.join(path.name for path in adapters)}" if adapters else str(weights)
            raise ModelError(f"llama.cpp cannot load {what}: {error}; fetch it again or choose another") from error

    def complete(self, request: Mapping[str, Any], push: Any) -> None:
        """Call ``push`` with each piece until it returns True or all is written."""
        self._server.handle_completions(request, push)

    def tokenize(self, prompt: str) -> list[int]:
        """Give the tokens of a rendered prompt; special tokens in it count as such."""
        connection = self._connect()
        try:
            body = json.dumps({"content": prompt, "add_special": False, "parse_special": True})
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
            connection.request("POST", "/tokenize", body, headers)
            response = connection.getresponse()
            content = response.read()
        except OSError as error:
            raise ProviderError(f"llama.cpp does not count tokens: {error}") from error
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise ProviderError(f"llama.cpp does not count tokens: {content[:200].decode(errors='replace')}")
        return json.loads(content)["tokens"]

    def _host(self) -> str:
        path = os.path.join(self._folder, "llama.sock")
        return path if hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= LONGEST_SOCKET_PATH else "127.0.0.1"

    def _connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self._server.listening_address)
        if address.scheme == "unix":
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(REQUEST_SECONDS)
            connection.sock.connect(address.path)
            return connection
        return http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=REQUEST_SECONDS)


_servers: weakref.WeakValueDictionary[tuple[Any, ...], _Server] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def _adapter(runtime: Any, path: Path) -> Any:
    adapter = runtime.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = str(path), 1.0
    return adapter


def _request(tokens: list[int], room: int, generation: Generation) -> dict[str, Any]:
    request: dict[str, Any] = {
        "prompt": tokens,
        "max_tokens": room,
        "temperature": generation.temperature,
        "seed": generation.seed,
        "stream": True,
        "cache_prompt": True,
        # Without these llama.cpp would cut the choices where OpenVINO does not.
        "top_k": 0,
        "top_p": generation.top_p,
        "min_p": 0.0,
    }
    if generation.json_schema is not None:
        request["json_schema"] = {**generation.json_schema, "x-guidance": COMPACT}
    return request


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
