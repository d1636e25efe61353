"""A llama of two layers in transformers' form, saved to a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from scoville.train.examples import Example, Text, digest
from scoville.train.scratch import Scratch
from scoville.types import Message

FACTS = {
    "Which pier does the Heron leave from?": "The Heron leaves from pier 2.",
    "When is the lamp room open?": "It opens at ten.",
    "How many steps lead up?": "A stair of 112 steps.",
    "Who keeps the light?": "Mara Quill keeps it.",
}


@dataclass(frozen=True, kw_only=True)
class FewRows:
    """Rows as `scoville train rows` gives them."""

    train: tuple[Example, ...] = ()
    dev: tuple[Example, ...] = ()
    texts: tuple[Text, ...] = ()
    dev_texts: tuple[Text, ...] = ()
    template: str = "t"

    @property
    def digest(self) -> str:
        return digest([*self.train, *self.dev, *self.texts, *self.dev_texts])

    def describe(self) -> dict[str, Any]:
        return {"train": len(self.train), "digest": self.digest}


def write_tiny_base(folder: Path, *, template: bool = True) -> Path:
    text = " ".join([*FACTS, *FACTS.values(), "system user assistant"])
    texts = [Text(id="t", text=text, source="t")]
    made = Scratch(texts=texts, depth=1, vocabulary=400, context_tokens=256, seed=0)
    tokenizer = made.tokenizer()
    if not template:
        tokenizer.chat_template = None
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2,
        pad_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def example(question: str, answer: str, group: str = "") -> Example:
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    return Example(id=question[:12], messages=turns, source="facts", group=group)


def fact_rows(*, dev: bool = True, texts: bool = False) -> FewRows:
    rows = tuple(example(*fact) for fact in FACTS.items())
    words = tuple(Text(id=str(n), text=f"{q} {a} " * 4, source="t") for n, (q, a) in enumerate(FACTS.items()))
    return FewRows(
        train=rows, dev=rows[:1] if dev else (),
        texts=words if texts else (), dev_texts=words[:1] if texts and dev else (),
    )  # fmt: skip
