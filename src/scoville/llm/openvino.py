"""Local models on OpenVINO GenAI.

Enters: a GGUF file, or a folder in OpenVINO's form. Leaves: replies. Does not know where models come from.

A GGUF file is first brought into its F16 form, once, in the model cache. Reading prompts is what costs here, and on 2
cores 1,323 tokens take 0.9 s (llama.cpp: 4.4 s with both cores, 8.4 s with one); OpenVINO's own reading of quantised
files gives other, worse answers. Prompts that begin alike share what was computed for the beginning: the same prompt
again takes .03 s, with the same reply.
"""

import json
import logging
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoville import recipe
from scoville.errors import ModelError, ProviderError, StorageError
from scoville.llm.batching import Batching
from scoville.llm.context import check_room, open_stream, reply_room, thinking_room, usable_context
from scoville.llm.gguf import END_OF_TURN, GgufMetadata
from scoville.llm.gguf_write import dequantise
from scoville.llm.grammar import json_grammar
from scoville.llm.protocol import Generation, OnText
from scoville.llm.template import ChatTemplate
from scoville.quiet import silence_openvino
from scoville.types import Message, Reply

if TYPE_CHECKING:
    from scoville.llm.likelihood import TokenLikelihood
    from scoville.models import ModelFiles

DEVICE = "CPU"
BATCH_PRECISION = "f32"
"""Of replies that are written side by side. Where a CPU has bfloat16, OpenVINO takes that by itself, in .7 of the time
or less; but what is written then depends on what else is in the batch (5 of 16 greedy replies of 48 tokens were others,
and none with float32)."""
MOST_BATCHED_TOKENS = 2**31 - 1
"""A prompt is read in one step, as OpenVINO's pipeline for single requests does."""
MARKER = "complete.json"
DEFAULT_CONTEXT_TOKENS = 2048

logger = logging.getLogger("scoville")


class OpenVINOLlm:
    """A local model; the first count prepares it and reads its tokenizer, the first reply loads it."""

    runtime = "openvino"

    def __init__(self, settings: recipe.Llm, files: "ModelFiles", metadata: GgufMetadata | None = None) -> None:
        self.name = settings.model
        self._settings = settings
        self._files = files
        self._metadata = metadata
        self._template = replace(metadata.template, thinking=settings.thinking) if metadata else None
        self._end_token_ids = metadata.end_token_ids if metadata else None
        trained = metadata.context_tokens if metadata else _context_of_folder(files.folder)
        self.context_tokens = usable_context(settings, trained)
        self._runtime = _import_runtime()
        self._lock = threading.RLock()
        self._tokenizer: Any = None
        self._batching: Batching | None = None
        self._likelihood: TokenLikelihood | None = None

    def generate(self, messages: Sequence[Message], generation: Generation, on_text: OnText | None = None) -> Reply:
        """Write the next turn, beside those that other threads ask for."""
        started = time.perf_counter()
        input_ids = self._encode(messages).input_ids
        prompt_tokens = int(input_ids.shape[1])
        thinking = thinking_room(self._template, self._settings, generation)
        room = reply_room(self.name, prompt_tokens, self.context_tokens, generation, thinking)
        batching = self._open_batching()
        stream = open_stream(on_text, generation, thinking)
        streamer = self._runtime.TextStreamer(self._tokenizer, lambda piece: not stream.push(piece))
        tokens, first_seconds, full = 0, 0.0, False
        try:
            with closing(batching.write(input_ids, self._configuration(generation, room))) as written:
                for ids, reason in written:
                    first_seconds = first_seconds or time.perf_counter() - started
                    tokens += len(ids)
                    full = reason == self._runtime.GenerationFinishReason.LENGTH
                    streamer.write(ids)
                    if stream.finished:
                        break
        except RuntimeError as error:
            raise ProviderError(f"{self.name}: openvino failed to reply: {_first_line(error)}") from error
        streamer.end()
        stream.end()
        return Reply(
            text=stream.text,
            model=self.name,
            runtime=self.runtime,
            prompt_tokens=prompt_tokens,
            completion_tokens=tokens,
            first_token_seconds=first_seconds,
            total_seconds=time.perf_counter() - started,
            finish_reason="length" if stream.is_cut or (full and not stream.finished) else "stop",
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the tokens of the prompt, exactly."""
        return int(self._encode(messages).input_ids.shape[1])

    def log_probabilities(self, messages: Sequence[Message], text: str) -> list[float]:
        """Say how likely each token of a text is as the next turn."""
        from scoville.llm.likelihood import TokenLikelihood

        with self._lock:
            given = self._encode(messages).input_ids.data[0].tolist()
            tokens = self._open_tokenizer().encode(text, add_special_tokens=False).input_ids.data[0].tolist()
            check_room(self.name, len(given) + len(tokens), self.context_tokens)
            if self._likelihood is None:
                self._likelihood = TokenLikelihood(self._folder(), DEVICE, self._options())
            return self._likelihood.log_probabilities(given, tokens)

    def load(self) -> None:
        """Load the weights."""
        self._open_batching()

    def close(self) -> None:
        """Free the weights."""
        with self._lock:
            self._batching = self._tokenizer = self._likelihood = None

    def _encode(self, messages: Sequence[Message]) -> Any:
        tokenizer = self._open_tokenizer()
        template = self._template or replace(_template_of(tokenizer), thinking=self._settings.thinking)
        self._template = template
        return tokenizer.encode(template.render(messages), add_special_tokens=False)

    def _configuration(self, generation: Generation, room: int) -> Any:
        ends = self._end_token_ids or _ends_of(self._tokenizer)
        configuration = self._runtime.GenerationConfig()
        configuration.apply_chat_template = False
        configuration.max_new_tokens = room
        configuration.stop_token_ids = set(ends)
        configuration.eos_token_id = min(ends, default=-1)
        if generation.temperature > 0:
            configuration.do_sample = True
            configuration.temperature = generation.temperature
            configuration.top_p = generation.top_p
            configuration.rng_seed = generation.seed
        if generation.json_schema is not None:
            structure = self._runtime.StructuredOutputConfig()
            if grammar := json_grammar(generation.json_schema):
                structure.grammar = grammar
            else:
                structure.json_schema = json.dumps(generation.json_schema)
            configuration.structured_output_config = structure
        return configuration

    def _open_tokenizer(self) -> Any:
        with self._lock:
            if self._tokenizer is None:
                folder = self._folder()
                try:
                    self._tokenizer = self._runtime.Tokenizer(folder)
                except RuntimeError as error:
                    raise ModelError(f"{folder} has no usable tokenizer: {_first_line(error)}") from error
            return self._tokenizer

    def _open_batching(self) -> Batching:
        with self._lock:
            if self._batching is None or self._batching.is_broken:
                folder, tokenizer = self._folder(), self._open_tokenizer()
                scheduling = self._runtime.SchedulerConfig()
                scheduling.max_num_batched_tokens = MOST_BATCHED_TOKENS
                scheduling.enable_prefix_caching = True
                # No CACHE_DIR: with it a load takes 1.8 s instead of 1.3 s, and 600 MB more on the disk.
                try:
                    pipeline = self._runtime.ContinuousBatchingPipeline(
                        folder, tokenizer, scheduling, DEVICE, **self._options()
                    )
                except RuntimeError as error:
                    raise ModelError(
                        f"openvino cannot load {self.name} from {folder}: {_first_line(error)}; "
                        "delete that folder, or set llm.runtime to llamacpp"
                    ) from error
                self._batching = Batching(pipeline, self._settings.at_once)
            return self._batching

    def _options(self) -> dict[str, Any]:
        threads = {"INFERENCE_NUM_THREADS": self._settings.threads} if self._settings.threads else {}
        precision = {"INFERENCE_PRECISION_HINT": BATCH_PRECISION} if self._settings.at_once > 1 else {}
        return {**precision, **threads}

    def _folder(self) -> Path:
        return self._files.folder if self._metadata is None else prepare(self._files)


def prepare(files: "ModelFiles") -> Path:
    """Give the folder with the F16 form of a GGUF file for OpenVINO, building it if it is not there.

    A build that was killed starts again; of several processes one builds and the others wait.
    """
    from filelock import FileLock

    folder = files.build_folder(f"openvino-f16-{version('openvino-genai')}")
    if (folder / MARKER).is_file():
        return folder
    try:
        with FileLock(folder / ".lock"):
            if not (folder / MARKER).is_file():
                _build(files, folder)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot take the prepared form of {files.name}: {error.strerror or error}; make room there, or "
            "set SCOVILLE_MODELS to another folder"
        ) from error
    return folder


def _build(files: "ModelFiles", folder: Path) -> None:
    openvino_genai = _import_runtime()
    logger.info("Preparing %s for this machine; this happens once and takes about 10 s per 100 MB", files.name)
    started = time.perf_counter()
    for leftover in folder.iterdir():
        if leftover.is_dir():
            shutil.rmtree(leftover)
        elif leftover.name != ".lock":
            leftover.unlink()
    intermediate = folder / "f16.gguf"
    dequantise(files.weights, intermediate)
    try:
        openvino_genai.LLMPipeline(intermediate, DEVICE, enable_save_ov_model=True)
    except RuntimeError as error:
        raise ModelError(
            f"openvino cannot build {files.name}: {_first_line(error)}; set llm.runtime to llamacpp"
        ) from error
    finally:
        intermediate.unlink(missing_ok=True)
    unfinished = folder / f"{MARKER}.part"
    unfinished.write_text(json.dumps({"weights": files.weights.name, "sha256": files.sha256}), encoding="utf-8")
    unfinished.replace(folder / MARKER)
    logger.info("Prepared %s in %.0f s", files.name, time.perf_counter() - started)


def _import_runtime() -> Any:
    silence_openvino()
    import openvino_genai

    return openvino_genai


def _context_of_folder(folder: Path) -> int:
    try:
        value = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("max_position_embeddings")
    except (OSError, ValueError, AttributeError):
        return DEFAULT_CONTEXT_TOKENS
    return value if isinstance(value, int) and value > 0 else DEFAULT_CONTEXT_TOKENS


def _template_of(tokenizer: Any) -> ChatTemplate:
    """Take the template that a folder's tokenizer carries; what looks like a special token counts as one."""
    bos, eos = str(tokenizer.get_bos_token()), str(tokenizer.get_eos_token())
    special = {token for token in tokenizer.get_vocab() if _looks_special(str(token))}
    return ChatTemplate(
        source=tokenizer.get_original_chat_template() or None,
        bos_token=bos,
        eos_token=eos,
        special_tokens=tuple(sorted({*special, bos, eos} - {""})),
    )


def _ends_of(tokenizer: Any) -> frozenset[int]:
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    return frozenset(
        {int(tokenizer.get_eos_token_id()), *(vocabulary[token] for token in END_OF_TURN & set(vocabulary))}
    )


def _looks_special(token: str) -> bool:
    return token in END_OF_TURN or (token.startswith(("<|", "<｜")) and token.endswith(("|>", "｜>")))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
