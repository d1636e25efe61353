"""A trained model in the forms that runtimes serve.

Enters: the folder of a trained model. Leaves: a GGUF file, a GGUF adapter, or a folder in OpenVINO's form; and for each
the hops from the trained model to what serves it.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from scoville import recipe
from scoville.embed.network import computes_in
from scoville.errors import UsageError
from scoville.llm.gguf import read_metadata, read_values
from scoville.llm.gguf_write import PRECISIONS, Precision, open_gguf
from scoville.llm.protocol import LikelihoodLlm
from scoville.llm.trained.adapter import as_gguf_adapter, is_adapter, open_adapter
from scoville.llm.trained.forms import as_gguf, base_of, content_of, write_form
from scoville.models import ModelFiles, locate_model
from scoville.models.locate import PATH_PREFIX
from scoville.storage import storage_errors
from scoville.train.export.check import Step

Kind = Literal["gguf", "adapter", "openvino"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is made of a trained model."""

    kind: Kind = "gguf"
    precision: Precision = "f16"

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.precision not in PRECISIONS:
            raise UsageError(f"{self.kind} {self.precision}: expected {', '.join(KINDS)}, and {', '.join(PRECISIONS)}")
        if self.kind != "gguf" and self.precision != "f16":
            raise UsageError(f"precision {self.precision}: only a whole GGUF file has another than f16")

    def file_name(self, name: str) -> str:
        """Name the file or folder that it is written to."""
        ends = {"gguf": f"-{self.precision}.gguf", "adapter": "-adapter.gguf", "openvino": "-openvino"}
        return name + ends[self.kind]


def write(files: ModelFiles, form: Form, target: Path) -> None:
    """Write a form; StorageError where the disk does not take it."""
    match form.kind:
        case "gguf":
            write_form(target, content_of(files), form.precision)
        case "adapter":
            base = _base(files)
            write_form(target, as_gguf_adapter(open_gguf(base.weights), open_adapter(files.folder)), "f32")
        case "openvino":
            _write_openvino(as_gguf(files), target)


def steps(files: ModelFiles, form: Form, written: Path, settings: recipe.Llm) -> list[Step]:
    """Give the hops from the trained model to what serves a form of it, as the recipe asks models."""
    merged = as_gguf(files).weights
    found = [Step(name="merged", precision="f16", content=open_gguf(merged))]
    if form.precision != "f16":
        found.append(Step(name=f"written as {form.precision}", precision=form.precision, content=open_gguf(written)))
    runtime = "openvino" if form.kind == "openvino" else "llamacpp"
    asked = settings.model_copy(update={"model": f"{PATH_PREFIX}{written}", "runtime": runtime})
    if form.kind == "adapter":  # beside it the base stays in its own precision, which is often a small one
        return [*found, Step(name=f"served by {runtime}", precision=_precision_of(_base(files).weights),
                             serve=_adapted(files, written, asked))]  # fmt: skip
    rounded = runtime == "openvino" and asked.at_once == 1 and computes_in() == "bf16"
    precision = "bf16" if rounded else form.precision
    return [*found, Step(name=f"served by {runtime}", precision=precision, serve=lambda: _opened(asked))]


def _opened(settings: recipe.Llm) -> Any:
    from scoville.llm.local import open_local_llm

    return open_local_llm(settings, locate_model(settings.model, kind="llm"))


def _adapted(files: ModelFiles, written: Path, settings: recipe.Llm) -> Callable[[], LikelihoodLlm]:
    from scoville.llm.llamacpp import Applied, LlamaCppLlm

    base = _base(files)
    return lambda: LlamaCppLlm(settings, base.weights, read_metadata(base.weights), Applied((written,), 0))


def _precision_of(weights: Path) -> str:
    """Name the precision that a GGUF file says it has."""
    import gguf

    kind = read_values(weights)[0].get("general.file_type", int(gguf.LlamaFileType.MOSTLY_F16))
    return gguf.LlamaFileType(kind).name.removeprefix("MOSTLY_").removeprefix("ALL_").lower()


def _base(files: ModelFiles) -> ModelFiles:
    if not is_adapter(files.folder):
        raise UsageError(f"{files.folder.name} is a whole model and no adapter; export it as gguf or openvino")
    return as_gguf(base_of(files.folder))


def _write_openvino(files: ModelFiles, target: Path) -> None:
    from scoville.llm.openvino import MARKER, prepare

    folder = prepare(files)
    context = {"max_position_embeddings": read_metadata(files.weights).context_tokens}
    with storage_errors(target.parent):
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns(MARKER, ".lock"))
        (target / "config.json").write_text(json.dumps(context), encoding="utf-8")
