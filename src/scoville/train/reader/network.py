"""The reader's network for training: an encoder, where an answer starts and ends, and whether there is one.

Enters: token ids. Leaves: three heads' logits. The start and end of "no answer" are the first token's (Devlin et al.
2019); a second head says whether the text answers the question at all.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class ReaderNetwork(nn.Module):
    """A BERT with two heads, named as in ``BertForQuestionAnswering``; products in bf16, losses in float32."""

    def __init__(self, folder: Path) -> None:
        from transformers import BertModel

        super().__init__()
        loaded: Any = BertModel.from_pretrained(
            folder,
            add_pooling_layer=False,
            attn_implementation="eager",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.bert = loaded
        self.bert.embeddings.word_embeddings.requires_grad_(False)
        self.qa_outputs = nn.Linear(loaded.config.hidden_size, 2)
        self.answerable = nn.Linear(loaded.config.hidden_size, 1)

    def forward(self, ids: Tensor, segments: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Ids, segments, mask [batch, length] → logits of start and end [batch, length] and of "answerable" [batch]."""
        with torch.autocast("cpu", torch.bfloat16):
            states = self.bert(ids, attention_mask=mask, token_type_ids=segments).last_hidden_state
        states = states.float()
        span = self.qa_outputs(states)
        away = (segments * mask).eq(0)
        away[:, 0] = False
        span = span.masked_fill(away.unsqueeze(2), -1e4)
        return span[..., 0], span[..., 1], self.answerable(states[:, 0]).squeeze(1)


def reading_loss(output: tuple[Tensor, Tensor, Tensor], start: Tensor, end: Tensor) -> Tensor:
    """Mean cross-entropy of start and end, and half that of "answerable"."""
    begin, finish, answerable = output
    cross = nn.functional.cross_entropy
    told = nn.functional.binary_cross_entropy_with_logits(answerable, start.gt(0).float())
    return (cross(begin, start) + cross(finish, end)) / 2 + 0.5 * told
