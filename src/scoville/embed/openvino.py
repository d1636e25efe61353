"""Embedding on a CPU with OpenVINO.

Enters: a model folder and texts. Leaves: unit vectors. Texts are sorted by length and batched by tokens, so that
padding stays small; each CPU thread runs its own stream (measured: 2 streams of 1 thread embed 240-token texts at
15,400 tokens/s where 1 stream of 2 threads reaches 7,600). bfloat16 is used where the CPU computes in it.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from scoville.embed.bert import build_encoder, read_config
from scoville.embed.protocol import TextKind, TokenSpan
from scoville.errors import ModelError
from scoville.models import ModelFiles
from scoville.quiet import silence_openvino

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_TOKENS = 4096
LENGTH_STEP = 16  # lengths are rounded up to it: each new shape costs a compilation of the kernels


class OpenVINOEmbedder:
    """A BERT-family sentence encoder."""

    def __init__(self, files: ModelFiles, *, threads: int = 0) -> None:
        silence_openvino()
        self.name = f"{files.name}@{_weights_sha256(files)[:8]}"
        self._config = read_config(files.folder)
        self._tokenizer = _tokenizer(files.folder / "tokenizer.json")
        self._special = self._tokenizer.num_special_tokens_to_add(False)
        self._files = files
        self._threads = threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads
        self._compiled: Any = None

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._config.hidden

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are embedded, special tokens not counted."""
        return self._config.max_tokens - self._special

    def embed(
        self, texts: Sequence[str], kind: TextKind = "passage", on_done: Callable[[int], None] | None = None
    ) -> "NDArray[np.float32]":
        """Embed texts, float32 [n, d], in the order given."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), np.float32)
        if not texts:
            return vectors
        prompt = self._config.prompts.get(kind, "")
        encodings = self._tokenizer.encode_batch_fast([prompt + text for text in texts])
        ids = [self._cut(encoding.ids) for encoding in encodings]
        groups = list(batches([len(text) for text in ids], self._config.max_tokens))
        model = self._model()
        # A thread and a request for each stream. OpenVINO's own AsyncInferQueue hung once its callbacks ran in Python
        # while the next request was being started.
        requests: SimpleQueue[Any] = SimpleQueue()
        streams = max(1, min(self._threads, len(groups)))
        for _ in range(streams):
            requests.put(model.create_infer_request())

        def run(batch: Batch) -> None:
            request = requests.get()
            try:
                request.infer(_pad(ids, batch), share_inputs=True)
                vectors[batch.rows] = request.get_output_tensor(0).data
            finally:
                requests.put(request)
            if on_done:
                on_done(len(batch.rows))

        with ThreadPoolExecutor(streams) as pool:
            for _ in pool.map(run, groups):
                pass
        return vectors

    def token_spans(self, texts: Sequence[str]) -> list[list[TokenSpan]]:
        """Give the spans of the model's own tokens."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[TokenSpan(*span) for span in encoding.offsets] for encoding in encodings]

    def _cut(self, ids: list[int]) -> list[int]:
        # Keeps the closing special token, as the reference implementation does.
        limit = self._config.max_tokens
        return ids if len(ids) <= limit else ids[: limit - 1] + ids[-1:]

    def _model(self) -> Any:
        if self._compiled is None:
            import openvino

            core = openvino.Core()
            precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
            options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision}
            if self._threads:
                options |= {"INFERENCE_NUM_THREADS": self._threads, "NUM_STREAMS": self._threads}
            self._compiled = core.compile_model(build_encoder(self._files.folder, self._config), "CPU", options)
        return self._compiled


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(f"{path} cannot be read ({error}); fetch the model again") from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _weights_sha256(files: ModelFiles) -> str:
    if files.sha256:
        return files.sha256
    try:
        with files.weights.open("rb") as weights:
            return hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{files.weights} cannot be read ({error.strerror}); fetch the model again") from None


class Batch(NamedTuple):
    """Texts that are embedded together."""

    rows: list[int]
    length: int
    """Tokens that each is padded to."""


def batches(lengths: Sequence[int], longest: int) -> Iterator[Batch]:
    """Group texts of similar length, longest first, into batches of about BATCH_TOKENS padded tokens.

    None is padded to more than ``longest`` tokens: the model may have no positions for them.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        length = min(max(1, -(-lengths[order[start]] // LENGTH_STEP)) * LENGTH_STEP, longest)
        size = max(1, BATCH_TOKENS // length)
        yield Batch(order[start : start + size], length)
        start += size


def _pad(ids: Sequence[list[int]], batch: Batch) -> "list[NDArray[np.int32]]":
    import numpy as np

    padded = np.zeros((len(batch.rows), batch.length), np.int32)
    mask = np.zeros_like(padded)
    for line, row in enumerate(batch.rows):
        padded[line, : len(ids[row])] = ids[row]
        mask[line, : len(ids[row])] = 1
    return [padded, mask]
