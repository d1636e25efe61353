"""What of a base is trained: an adapter of low rank, the same over a base in 4 bits, or everything.

Enters: a base. Leaves: its network, ready for the loop, and the files of what was trained in the forms that PEFT and
transformers read.
"""

import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

import torch

from scoville.errors import MissingExtra, TrainingError
from scoville.models.hub import PREFIX as HUB_PREFIX
from scoville.models.locate import PATH_PREFIX
from scoville.train.threads import bf16_pays
from scoville.train.tuning import Tuning

Method = Literal["lora", "qlora", "full"]
PACKS = "support_avx512bf16_for_cpu"
"""With it bitsandbytes packs weights anew at the first look at the dev part, and no training goes on after that."""


class Origin(Protocol):
    """What training begins with."""

    @property
    def name(self) -> str:
        """As it is named in recipes."""
        ...

    @property
    def licence(self) -> str | None:
        """Of its weights."""
        ...

    @property
    def identity(self) -> str:
        """Stands for its weights where the name does not."""
        ...

    def tokenizer(self) -> Any:
        """Load the tokenizer."""
        ...

    def network(self, dtype: torch.dtype, **options: Any) -> Any:
        """Load the network."""
        ...


def prepare(origin: Origin, tuning: Tuning) -> Any:
    """Load a network with what the method trains in float32, and only that requiring gradients."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    compute = torch.bfloat16 if tuning.bf16 or (tuning.bf16 is None and bf16_pays(device)) else torch.float32
    if tuning.method == "full":
        network = origin.network(torch.float32)
    else:
        quantised = _nf4(compute) if tuning.method == "qlora" else {}
        network = origin.network(compute, **quantised)
        for module in network.modules():
            if hasattr(module, PACKS):
                setattr(module, PACKS, False)
        network = _with_adapter(network, origin.name, tuning)
    if tuning.recompute:
        network.activation_checkpointing_enable()
        network.enable_input_require_grads()
    return network


def save(network: Any, tokenizer: Any, tuning: Tuning, folder: Path) -> None:
    """Save what was trained: an adapter in float32, a whole model in float16, which is what is served."""
    if tuning.method == "full":
        network.half().save_pretrained(folder)
    else:  # the embedding is never trained; to find that out PEFT would ask the hub
        network.save_pretrained(folder, save_embedding_layers=False)
    tokenizer.save_pretrained(folder)


def _with_adapter(network: Any, name: str, tuning: Tuning) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(tuning.seed)
    name = name.removeprefix(PATH_PREFIX).removeprefix(HUB_PREFIX)  # as others than we read it
    targets = tuning.targets if tuning.targets == "all-linear" else [part.strip() for part in tuning.targets.split(",")]
    config = LoraConfig(
        r=tuning.rank, lora_alpha=tuning.alpha, lora_dropout=tuning.dropout, target_modules=targets,
        task_type="CAUSAL_LM", base_model_name_or_path=name,
    )  # fmt: skip
    network.name_or_path = name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT asks transformers by a name that is going
            return get_peft_model(network, config)
    except ValueError as error:
        linear = sorted(
            {path.rpartition(".")[2] for path, one in network.named_modules() if hasattr(one, "in_features")}
        )
        raise TrainingError(
            f"targets {tuning.targets!r} are not in {name}; expected all-linear, or some of {', '.join(linear)}"
        ) from error


def _nf4(compute: torch.dtype) -> dict[str, Any]:
    """Give what loads a base in 4 bits (Dettmers et al. 2023); bitsandbytes has kernels for CPUs, too."""
    from transformers import BitsAndBytesConfig

    if not find_spec("bitsandbytes"):
        raise MissingExtra("qlora needs bitsandbytes: pip install 'scoville[qlora]'; or train with method lora")
    quantised = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute
    )
    place = {"device_map": {"": int(os.environ.get("LOCAL_RANK", "0"))}} if torch.cuda.is_available() else {}
    return {"quantization_config": quantised, **place}
