"""The model that training begins with, as a folder that transformers reads.

Enters: a name of the catalogue, a GGUF file, ``hf:ORG/NAME``, ``path:FOLDER``, or a model trained in this workspace.
Leaves: its folder, network, tokenizer and chat template. A GGUF file is unpacked into such a folder once, in the model
cache, in float16: the numbers that the OpenVINO form of it has, too.
"""

import json
import logging
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

import torch

from scoville.errors import StorageError, TrainingError, UnknownModel
from scoville.llm.template import ChatTemplate
from scoville.models.hub import PREFIX as HUB_PREFIX
from scoville.models.hub import locate_hub_model
from scoville.models.locate import PATH_PREFIX, ModelFiles, locate_model

CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"
MARKER = "complete.json"
logger = logging.getLogger("scoville")


@dataclass(frozen=True, kw_only=True)
class Base:
    """A model as it was before training."""

    name: str
    """As it is named in recipes."""
    folder: Path
    licence: str | None = None
    identity: str = ""
    """Stands for the weights where the name does not: those of a folder may change."""

    def tokenizer(self) -> Any:
        """Load the tokenizer; TrainingError where there is none."""
        from transformers import AutoTokenizer

        return _loaded(lambda: AutoTokenizer.from_pretrained(self.folder, local_files_only=True), self)

    def network(self, dtype: torch.dtype, **options: Any) -> Any:
        """Load the causal language model, with weights of one type."""
        from transformers import AutoModelForCausalLM

        network = _loaded(
            lambda: AutoModelForCausalLM.from_pretrained(self.folder, dtype=dtype, local_files_only=True, **options),
            self,
        )
        network.config.use_cache = False
        return network


def open_base(reference: str, own: Path) -> Base:
    """Find a base by its name; ``own`` is the folder of the workspace's models.

    Raises UnknownModel, ModelUnavailable or TrainingError.
    """
    if (own / reference / CONFIG).is_file():
        return _of_folder(reference, own / reference)
    if (own / reference / ADAPTER_CONFIG).is_file():
        raise TrainingError(f"{reference!r} is an adapter; train on its base, or merge it with `scoville export` first")
    path = Path(reference.removeprefix(PATH_PREFIX)).expanduser()
    if reference.startswith(PATH_PREFIX) and path.is_dir():
        if not (path / CONFIG).is_file():
            raise UnknownModel(
                f"{reference!r} cannot be trained: {path} has no {CONFIG}; expected a folder of transformers"
            )
        return _of_folder(f"{PATH_PREFIX}{path.absolute()}", path)
    if reference.startswith(HUB_PREFIX) and not reference.endswith(".gguf"):
        weights, _ = locate_hub_model(reference, "embedder", None, download=True)
        return Base(name=reference, folder=weights.parent)
    if ":" in reference and not reference.startswith((HUB_PREFIX, PATH_PREFIX)):
        raise UnknownModel(f"{reference!r} is hosted elsewhere and cannot be trained here; expected a local model")
    files = locate_model(reference, kind="llm")
    return Base(name=reference, folder=unpacked(files), licence=files.licence)


def template_of(tokenizer: Any) -> ChatTemplate:
    """Give the chat template that prompts are written with, as the runtimes do."""
    special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    template = tokenizer.chat_template
    return ChatTemplate(
        source=template if isinstance(template, str) else None,
        bos_token=tokenizer.bos_token or "",
        eos_token=tokenizer.eos_token or "",
        special_tokens=tuple(sorted(special)),
    )


def unpacked(files: ModelFiles) -> Path:
    """Give the folder with the unpacked form of a GGUF file, making it if it is not there."""
    from filelock import FileLock

    folder = files.build_folder(f"transformers-f16-{version('transformers')}")
    try:
        with FileLock(folder / ".lock"):
            if not (folder / MARKER).is_file():
                _unpack(files, folder)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot take the unpacked form of {files.name}: {error.strerror or error}"
        ) from error
    return folder


def _unpack(files: ModelFiles, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    logger.info("Unpacking %s for training; this happens once", files.name)
    place: dict[str, Any] = {"pretrained_model_name_or_path": files.folder, "gguf_file": files.weights.name}
    base = Base(name=files.name, folder=files.weights)
    with redirect_stderr(StringIO()):  # a bar that cannot be turned off
        packed = _loaded(lambda: AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32), base)
    tokenizer = _loaded(lambda: AutoTokenizer.from_pretrained(**place), base)
    config = packed.config
    del config.quantization_config  # else it would be taken for quantised still
    network = type(packed)(config).half()
    network.load_state_dict({name: value.half() for name, value in packed.state_dict().items()})
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / MARKER).write_text(json.dumps({"weights": files.weights.name, "sha256": files.sha256}), encoding="utf-8")


def _loaded(load: Callable[[], Any], base: Base) -> Any:
    from safetensors import SafetensorError

    known = (OSError, ValueError, RuntimeError, LookupError, NotImplementedError, ImportError, SafetensorError)
    try:
        return load()
    except known as error:
        if isinstance(error, OSError) and error.errno:
            raise
        said = " ".join(str(error).split())[:200]
        raise TrainingError(f"transformers cannot load {base.name} from {base.folder}: {said}") from error
    except Exception as error:  # what tokenizers raises for a damaged file has no type of its own
        if type(error) is not Exception:
            raise
        raise TrainingError(f"{base.folder} is damaged ({error}); fetch it again") from error


def _of_folder(name: str, folder: Path) -> Base:
    looks = [f"{path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(folder.glob("*.safetensors"))]
    return Base(name=name, folder=folder, licence=_licence(folder), identity=", ".join(looks))


def _licence(folder: Path) -> str | None:
    try:
        return json.loads((folder / "training.json").read_text(encoding="utf-8")).get("licence")
    except (OSError, ValueError):
        return None


def be_quiet() -> None:
    """Keep transformers from drawing bars and from advice, and bitsandbytes from offering code of a hub."""
    from transformers.utils import logging as talk

    talk.set_verbosity_error()
    talk.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
