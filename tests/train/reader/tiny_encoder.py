"""An encoder of two layers with random weights, and questions that it can learn to answer in seconds."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ANIMALS = "cat dog fox hen owl pig".split()
COLOURS = "red blue green grey black white".split()
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "?", *ANIMALS, *COLOURS]


def write_tiny_encoder(folder: Path, words: Sequence[str] = WORDS, *, seed: int = 1, spread: float = 0.3) -> Path:
    """Write the folder of an encoder that knows some words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64, initializer_range=spread,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def colour_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Ask for the one colour among animals; in every third text there is none."""
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        words = rng.choices(ANIMALS, k=rng.randint(6, 14))
        if number % 3:
            words[rng.randrange(len(words))] = rng.choice(COLOURS)
        colour = next((word for word in words if word in COLOURS), "")
        context = " ".join(words)
        answers = [{"text": colour, "answer_start": context.index(colour)}] if colour else []
        rows.append({
            "id": str(number), "question": f"{rng.choice(ANIMALS)} ?", "context": context, "answers": answers,
            "answerable": bool(answers), "title": f"part {number % 10}",
        })  # fmt: skip
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path
