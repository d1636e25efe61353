"""The networks of rankers as the loop takes them: an encoder whose vectors are compared, a cross-encoder that scores.

Enters: token ids. Leaves: vectors or scores, and the losses. An embedder learns that of all texts of a batch its own is
the nearest (InfoNCE, van den Oord et al. 2018, with in-batch and hard negatives as DPR has them, Karpukhin et al.
2020); a reranker that of its few texts the right one scores highest (a softmax over the list). Word embeddings are not
trained: half of a small encoder's weights, and words that the pairs lack would be left behind.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from scoville.embed.encoder_config import EncoderConfig
from scoville.errors import ModelError

TEMPERATURE = 0.05
AWAY = -1e4


class EmbedderNetwork(nn.Module):
    """An encoder with its pooling: unit vectors."""

    def __init__(self, folder: Path, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = _load("AutoModel", folder)
        self.encoder.pooler = None  # of another task
        self.pooling = config.pooling

    def vectors(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask [n, length] → unit vectors, float32 [n, d]."""
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        seen = mask.unsqueeze(2).float()
        if self.pooling == "cls":
            pooled = states[:, 0]
        elif self.pooling == "max":
            pooled = (states + (1 - seen) * AWAY).amax(1)
        else:
            pooled = (states * seen).sum(1) / seen.sum(1).clamp_min(1e-9)
        return nn.functional.normalize(pooled, dim=1)

    def forward(self, asked: Tensor, asked_mask: Tensor, texts: Tensor, texts_mask: Tensor, also: Tensor) -> Tensor:
        """Add up the losses of questions [n]; the first n texts are theirs, ``also`` [n, m] marks others that answer
        too.
        """
        questions, found = self.vectors(asked, asked_mask), self.vectors(texts, texts_mask)
        likeness = (questions @ found.T / TEMPERATURE).masked_fill(also, AWAY)
        right = torch.arange(len(questions), device=likeness.device)
        return nn.functional.cross_entropy(likeness, right, reduction="sum")


class RerankerNetwork(nn.Module):
    """A classifier of one label over a question and a text."""

    def __init__(self, folder: Path, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = _load("AutoModelForSequenceClassification", folder, num_labels=1)
        self._segments = config.family == "bert"

    def scores(self, ids: Tensor, mask: Tensor, kinds: Tensor) -> Tensor:
        """Ids, mask and segments [n, length] → scores, float32 [n]."""
        more = {"token_type_ids": kinds} if self._segments else {}
        return self.encoder(input_ids=ids, attention_mask=mask, **more).logits.float()[:, 0]

    def forward(self, ids: Tensor, mask: Tensor, kinds: Tensor, places: Tensor) -> Tensor:
        """Add up the losses of questions; ``places`` [n, k]: the rows of their texts, the right one first, -1 none."""
        scores = self.scores(ids, mask, kinds)
        lists = scores[places.clamp_min(0)].masked_fill(places < 0, AWAY)
        return nn.functional.cross_entropy(lists, places.new_zeros(len(places)), reduction="sum")


def _load(kind: str, folder: Path, **options: Any) -> Any:
    import transformers
    from transformers.utils import logging

    logging.set_verbosity_error()  # it lists what an encoder has and a ranker needs not
    logging.disable_progress_bar()
    from safetensors import SafetensorError

    opener: Any = getattr(transformers, kind)
    try:
        encoder: Any = opener.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32, local_files_only=True, **options
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        said = " ".join(str(error).split())[:160]
        raise ModelError(f"{folder} cannot be trained on ({said}); expected an encoder of the BERT family") from None
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # it doubles the time of a step
    encoder.get_input_embeddings().requires_grad_(False)
    return encoder


def same_texts(texts: Sequence[Sequence[str]], given: Sequence[str]) -> Tensor:
    """Mark, for each question, which of the given texts answer it besides the one at its own place, bool [n, m]."""
    known = [set(one) for one in texts]
    rows = [[text in known[row] and at != row for at, text in enumerate(given)] for row in range(len(texts))]
    return torch.tensor(rows, dtype=torch.bool)
