"""Rows as token ids: a conversation with the tokens of its reply to be learned, a text cut into windows.

Enters: examples, texts, a tokenizer and its chat template. Leaves: ``Tokens``. Prompts are written by the very template
that asks, up to where the reply begins, so that a model sees in use what it saw in training; the reply ends with the
token that ends turns.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scoville.errors import TrainingError
from scoville.llm.template import ChatTemplate
from scoville.train.examples import Example, Text

logger = logging.getLogger("scoville")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """One row."""

    ids: list[int]
    learned: int
    """Place of the first token that is learned; all after it are, too. At least 1."""


def encode_examples(examples: Sequence[Example], tokenizer: Any, template: ChatTemplate, longest: int) -> list[Tokens]:
    """Encode conversations; one of more than ``longest`` tokens is left out, and said so.

    Raises TrainingError where none is left, a reply is empty, or the tokenizer ends no turns.
    """
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingError("the base's tokenizer names no token that ends a reply (eos_token); choose another base")
    if template.source is None and examples:
        logger.warning("The base has no chat template: turns are written one below the other, in use as in training.")
    rows: list[Tokens] = []
    for example in examples:
        *asked, reply = example.messages
        if reply.role != "assistant" or not reply.content.strip() or not asked:
            raise TrainingError(
                f"row {example.id}: expected turns that end with an assistant's reply that is not empty"
            )
        prompt = tokenizer.encode(template.render(asked), add_special_tokens=False)
        said = tokenizer.encode(template.defuse(reply.content.strip()), add_special_tokens=False)
        rows.append(Tokens(ids=[*prompt, *said, end], learned=len(prompt)))
    fitting = [row for row in rows if len(row.ids) <= longest]
    if len(fitting) < len(rows):
        most = max(len(row.ids) for row in rows)
        logger.warning("%d of %d rows are longer than %d tokens (up to %d) and are left out",
                       len(rows) - len(fitting), len(rows), longest, most)  # fmt: skip
    if rows and not fitting:
        raise TrainingError(f"all {len(rows)} rows are longer than {longest} tokens; allow more, or shorten passages")
    return fitting


def encode_texts(texts: Iterable[Text], tokenizer: Any, window: int) -> list[Tokens]:
    """Write texts one behind the other, each after the token that ends, and cut them into windows.

    A window begins with the last token of the one before, so that each token of the texts is learned once.
    """
    end = tokenizer.eos_token_id
    if end is None:
        raise TrainingError("the base's tokenizer names no token that ends a text (eos_token); choose another base")
    stream: list[int] = [end]
    for text in texts:
        stream += [*tokenizer.encode(text.text, add_special_tokens=False), end]
    cuts = range(0, len(stream) - 1, window)
    return [Tokens(ids=stream[start : start + window + 1], learned=1) for start in cuts]
