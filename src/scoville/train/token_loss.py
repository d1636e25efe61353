"""The loss of a causal language model on the tokens that are learned, with logits computed only there.

A vocabulary of 49,152 makes the logits of all tokens of SmolLM2-135M a fifth of the work and most of the memory; of a
prompt with a short answer nearly all of them are needless.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from scoville.train.batches import NOT_LEARNED
from scoville.train.loop import Batch


class TokenLoss(nn.Module):
    """A model, and the summed cross-entropy of what it is to learn."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self._kept: Tensor | None = None
        # Whatever a model does to its logits (scaling, soft caps) comes after its head, so the head itself is told.
        model.get_output_embeddings().register_forward_pre_hook(self._keep)

    def forward(self, ids: Tensor, kept: Tensor, labels: Tensor) -> Tensor:
        """Token ids [rows, width], places and labels [n] as `batch_of` gives them → the loss, summed over labels."""
        self._kept = kept
        try:
            logits = self.model(input_ids=ids, use_cache=False).logits
        finally:
            self._kept = None
        return functional.cross_entropy(logits[0].float(), labels, ignore_index=NOT_LEARNED, reduction="sum")

    def _keep(self, _head: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if self._kept is None:
            return None
        return (given[0].flatten(0, 1)[self._kept].unsqueeze(0), *given[1:])


def mean_loss(loss: nn.Module, batches: Iterable[Batch], device: torch.device) -> float:
    """Give the mean loss of the learned tokens, in nats."""
    lost = targets = 0.0
    for batch in batches:
        lost += float(loss(**{name: value.to(device) for name, value in batch.tensors.items()}))
        targets += batch.targets
    return lost / max(1, targets)


def bits_per_byte(nats_per_token: float, tokens: int, size: int) -> float:
    """Turn the mean loss of a text into bits for each byte of its UTF-8, which no tokenizer makes look better."""
    return nats_per_token * tokens / size / math.log(2)
