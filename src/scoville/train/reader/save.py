"""A trained reader as a folder: what :func:`scoville.extract.open_reader` opens, and how it came about.

Enters: a network, settings, a report. Leaves: ``config.json``, ``model.safetensors``, ``tokenizer.json``,
``training.json``. Weights are float16, which changes no more than computing in bfloat16 does: of 155 questions of
SQuAD the same span in .98, where int8 gives .90. The word embeddings are not trained: where they are those of a model
of the catalogue they are not written, which makes 22 MB of all-MiniLM-L6-v2's 91.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from scoville.extract.reader import Settings
from scoville.storage import storage_errors, write_whole
from scoville.train.reader.network import WORDS, ReaderNetwork

WEIGHTS = "model.safetensors"


def save_reader(
    folder: Path, network: ReaderNetwork, settings: Settings, tokenizer: Path, report: Mapping[str, Any]
) -> None:
    """Write the folder; a kill or a full disk leaves each of its files as it was or as it is to be."""
    from safetensors.torch import save

    config: dict[str, Any] = network.bert.config.to_dict()
    config.pop("_name_or_path", None)  # where the base lay on this machine
    config |= {"architectures": ["BertForQuestionAnswering"], "reader": asdict(settings)}
    weights = {
        name: value.detach().to("cpu", torch.float16).contiguous()
        for name, value in network.state_dict().items()
        if not (settings.words and name == WORDS) and value.is_floating_point()
    }
    write_whole(folder / "tokenizer.json", tokenizer.read_text(encoding="utf-8"))
    _write(folder / WEIGHTS, save(weights, metadata={"format": "pt"}))
    write_whole(folder / "config.json", json.dumps(config, indent=1))
    write_whole(folder / "training.json", json.dumps(report, indent=1, ensure_ascii=False))


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with storage_errors(path.parent):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
