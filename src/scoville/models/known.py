"""Models that people may take besides those that come with Scoville: what is known of each.

Enters: nothing. Leaves: :class:`Known`. Facts are those of the model cards in November 2026. A model of the hub is
pinned by the SHA-256 of what was fetched first, since nobody here has seen it before. What was measured here says so.
"""

from dataclasses import dataclass
from typing import Literal

from scoville.models.catalogue import CatalogueEntry, Flavour, catalogue

Use = Literal["answers", "embeddings", "rerank", "speech", "code", "vision"]
F16_PARAMETERS = 2_000_000_000
"""Up to these a model that writes is kept in two bytes a weight, which this machine's fastest runtime wants."""
WORKING_BYTES = 500_000_000
"""What a model takes besides its weights: a context of 8,192 tokens, the runtime."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A model, and for what it is good."""

    name: str
    """As a recipe names it."""
    uses: tuple[Use, ...] = ()
    licence: str
    size_bytes: int
    """Of the file, or of what a server fetches."""
    parameters: int = 0
    context_tokens: int = 0
    flavour: Flavour | None = None
    quantisation: str = ""
    note: str = ""
    """What is to be known, measured figures first."""
    server: str = ""
    """What runs it, where Scoville does not: ``ollama``."""

    @property
    def weights_bytes(self) -> int:
        """Give what its weights take while it works."""
        two_bytes = bool(self.flavour) and not self.server and self.parameters <= F16_PARAMETERS
        return max(self.size_bytes, 2 * self.parameters) if two_bytes else self.size_bytes

    @property
    def memory_bytes(self) -> int:
        """Give what it takes while it works."""
        return self.weights_bytes + WORKING_BYTES


QWEN3 = "many languages; can think first (llm.thinking); not measured here"
HUB = (
    Known(
        name="hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", uses=("answers",), licence="Apache-2.0",
        size_bytes=5_027_783_488, parameters=8_190_000_000, context_tokens=32768, flavour="chat",
        quantisation="Q4_K_M", note=QWEN3,
    ),
    Known(
        name="hf:Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf", uses=("answers",), licence="Apache-2.0",
        size_bytes=2_497_280_256, parameters=4_020_000_000, context_tokens=32768, flavour="chat",
        quantisation="Q4_K_M", note=QWEN3,
    ),
    Known(
        name="hf:Qwen/Qwen3-1.7B-GGUF/Qwen3-1.7B-Q8_0.gguf", uses=("answers",), licence="Apache-2.0",
        size_bytes=1_834_426_016, parameters=1_720_000_000, context_tokens=32768, flavour="chat",
        quantisation="Q8_0", note=QWEN3,
    ),
    Known(
        name="hf:HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF/smollm2-1.7b-instruct-q4_k_m.gguf", uses=("answers",),
        licence="Apache-2.0", size_bytes=1_060_000_000, parameters=1_710_000_000, context_tokens=8192,
        flavour="instruct", quantisation="Q4_K_M", note="English; not measured here",
    ),
    Known(
        name="hf:Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf", uses=("answers",), licence="Apache-2.0",
        size_bytes=639_446_688, parameters=600_000_000, context_tokens=32768, flavour="chat", quantisation="Q8_0",
        note=QWEN3,
    ),
    Known(
        name="hf:HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/smollm2-360m-instruct-q8_0.gguf", uses=("answers",),
        licence="Apache-2.0", size_bytes=386_000_000, parameters=362_000_000, context_tokens=8192,
        flavour="instruct", quantisation="Q8_0", note="English; not measured here",
    ),
    Known(
        name="hf:HuggingFaceTB/SmolLM2-135M", licence="Apache-2.0", size_bytes=269_000_000, parameters=135_000_000,
        context_tokens=8192, flavour="base", quantisation="BF16", note="to train from, not to ask; English",
    ),
    Known(
        name="hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf", uses=("code",),
        licence="Apache-2.0", size_bytes=4_683_073_536, parameters=7_610_000_000, context_tokens=32768,
        flavour="instruct", quantisation="Q4_K_M", note="code and many languages; not measured here",
    ),
    Known(
        name="hf:BAAI/bge-small-en-v1.5", uses=("embeddings",), licence="MIT", size_bytes=133_000_000,
        parameters=33_400_000, context_tokens=512, quantisation="F32", note="English; not measured here",
    ),
    Known(
        name="hf:cross-encoder/ms-marco-MiniLM-L6-v2", uses=("rerank",), licence="Apache-2.0", size_bytes=90_900_000,
        parameters=22_700_000, context_tokens=512, quantisation="F32", note="English; trained on MS MARCO",
    ),
    Known(
        name="hf:BAAI/bge-reranker-base", uses=("rerank",), licence="MIT", size_bytes=1_112_000_000,
        parameters=278_000_000, context_tokens=512, quantisation="F32", note="English and Chinese; not measured here",
    ),
)  # fmt: skip
SERVED = (
    Known(
        name="ollama:qwen3:8b", uses=("answers",), licence="Apache-2.0", size_bytes=5_200_000_000,
        parameters=8_190_000_000, context_tokens=40960, flavour="chat", quantisation="Q4_K_M", server="ollama",
        note=QWEN3,
    ),
    Known(
        name="ollama:qwen2.5-coder:7b", uses=("code",), licence="Apache-2.0", size_bytes=4_700_000_000,
        parameters=7_610_000_000, context_tokens=32768, flavour="instruct", quantisation="Q4_K_M", server="ollama",
        note="code and many languages; not measured here",
    ),
    Known(
        name="ollama:qwen2.5vl:7b", uses=("vision",), licence="Apache-2.0", size_bytes=6_000_000_000,
        parameters=8_290_000_000, context_tokens=128000, flavour="instruct", quantisation="Q4_K_M", server="ollama",
        note="reads pages as read.pdf.model; not measured here",
    ),
)  # fmt: skip
OWN = (
    Known(
        name="reader", uses=("answers",), licence="CC-BY-SA-4.0", size_bytes=23_000_000, parameters=22_700_000,
        context_tokens=512, quantisation="int8",
        note="the default: points at words of the documents; on contoso_hr .63 answered rightly, "
        "smollm2-135m-instruct .28 (benchmarks/results/reader.md)",
    ),
    Known(
        name="docling", uses=("vision",), licence="MIT", size_bytes=0,
        note="layout and tables of PDFs as read.pdf.model: pip install docling",
    ),
)  # fmt: skip
NOTES = {
    "qwen2.5-coder-1.5b-instruct": "code and many languages; not measured here",
    "smollm2-135m-instruct": "English; the smallest that writes",
    "qwen2.5-coder-0.5b-instruct": "token F1 .47 on 60 SQuAD prompts, smollm2-135m-instruct .21",
    "scan-tables": "rows and columns of scanned tables, used by itself",
    "scan-regions": "regions of scanned pages, used by itself",
    "whisper-tiny-en": "English, as read.audio; larger ones in faster-whisper's form: path:FOLDER",
    "all-minilm-l6-v2": "the default; English",
    "multilingual-e5-small": "a hundred languages; as Q4_0 on SciFact nDCG@10 .778, all-minilm-l6-v2 .755: "
    "difference +.023 [-.020, .068]",
}
USES: dict[str, tuple[Use, ...]] = {
    "embedder": ("embeddings",), "llm": ("answers",), "reranker": ("rerank",), "layout": ("vision",),
    "table": ("vision",), "speech": ("speech",),
}  # fmt: skip


def known_models() -> tuple[Known, ...]:
    """List all models; of those that do not write, the one to take first comes first."""
    return (*OWN, *(_of(entry) for entry in catalogue()), *HUB, *SERVED)


def _of(entry: CatalogueEntry) -> Known:
    code: tuple[Use, ...] = ("code",) if "coder" in entry.name else ()
    uses = (*USES[entry.kind], *code)
    return Known(
        name=entry.name, uses=uses, licence=entry.licence, size_bytes=entry.size_bytes, parameters=entry.parameters,
        context_tokens=entry.context_tokens, flavour=entry.flavour, quantisation=entry.quantisation,
        note=NOTES.get(entry.name, entry.description),
    )  # fmt: skip
