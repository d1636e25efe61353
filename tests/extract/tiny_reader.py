"""A reader of two layers with random weights: its answers are arbitrary, and the same everywhere."""

import json
from pathlib import Path
from typing import Any

from tiny_encoder import write_tiny_encoder

WORDS = "[PAD] [UNK] [CLS] [SEP] the excess is £500 for each claim who pays tenant deposit in may 2024 . ? a".split()


def write_tiny_reader(folder: Path, seed: int = 0) -> Any:
    """Write the folder of a reader and give its network in PyTorch."""
    import torch
    from safetensors.torch import save_file

    write_tiny_encoder(folder, WORDS, seed=seed, spread=0.6)
    from scoville.train.reader.network import ReaderNetwork

    network = ReaderNetwork(folder).eval()
    torch.nn.init.normal_(network.qa_outputs.weight, std=0.6)
    torch.nn.init.normal_(network.answerable.weight, std=0.6)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / "model.safetensors")
    written = json.loads((folder / "config.json").read_text())
    written["reader"] = {"longest": 24, "overlap": 8, "calibration": [1.0, 0.5, -0.25]}
    (folder / "config.json").write_text(json.dumps(written))
    return network
