"""A small Llama from nothing: its tokenizer is learned from the text, its size follows from its depth.

Enters: texts, a depth. Leaves: a tokenizer and a network with random weights, under the methods of a base. The
architecture is Llama's, so what serves Llama serves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from scoville.errors import TrainingError
from scoville.train.examples import Text

HEAD = 64
"""Width of an attention head; a network is as many heads wide as it is deep, as in nanochat."""
END_OF_TEXT, START, END = SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LEAST_VOCABULARY = 256 + len(SPECIAL)


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """A model that is yet to be: `tokenizer` and `network` as a `Base` has them."""

    texts: Sequence[Text]
    """What the tokenizer is learned from."""
    depth: int
    """How many layers."""
    vocabulary: int
    context_tokens: int
    seed: int
    name: str = "scratch"
    licence: str | None = None
    identity: str = ""

    def tokenizer(self) -> Any:
        """Learn a byte-level BPE (Sennrich et al. 2016; Radford et al. 2019): it writes every text."""
        from transformers import PreTrainedTokenizerFast

        made: Any = PreTrainedTokenizerFast(
            tokenizer_object=self._pieces, bos_token=START, eos_token=END, unk_token=END_OF_TEXT, pad_token=END,
            additional_special_tokens=list(SPECIAL), model_max_length=self.context_tokens,
        )  # fmt: skip
        made.chat_template = TEMPLATE
        return made

    def network(self, dtype: torch.dtype, **options: Any) -> Any:
        """Make the network; the same seed gives the same weights."""
        from transformers import LlamaConfig, LlamaForCausalLM

        width = self.depth * HEAD
        config = LlamaConfig(
            vocab_size=self._pieces.get_vocab_size(), hidden_size=width, num_hidden_layers=self.depth,
            num_attention_heads=self.depth, num_key_value_heads=self.depth, head_dim=HEAD,
            intermediate_size=-(-width * 8 // 3 // HEAD) * HEAD, max_position_embeddings=self.context_tokens,
            tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=2, use_cache=False,
            **options,
        )  # fmt: skip
        torch.manual_seed(self.seed)
        network: Any = LlamaForCausalLM(config)
        return network.to(dtype)

    @cached_property
    def _pieces(self) -> Any:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        if self.vocabulary < LEAST_VOCABULARY:
            raise TrainingError(
                f"a vocabulary of {self.vocabulary}: expected {LEAST_VOCABULARY} at least, one per byte"
            )
        pieces: Any = Tokenizer(models.BPE())
        # As SmolLM cuts texts, which llama.cpp knows by that name: digits one by one, then GPT-2's words.
        pieces.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ])  # fmt: skip
        pieces.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocabulary, special_tokens=list(SPECIAL), show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        )  # fmt: skip
        pieces.train_from_iterator((text.text for text in self.texts), trainer)
        return pieces
