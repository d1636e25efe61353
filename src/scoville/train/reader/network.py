"""The reader's network for training: an encoder, where an answer starts and ends, and whether there is one.

Enters: token ids. Leaves: three heads' logits, a loss, or what :class:`Reader` reads. The start and end of "no answer"
are the first token's (Devlin et al. 2019); a second head says whether the text answers the question at all.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from scoville.embed.network import LENGTH_STEP, batches
from scoville.errors import ModelError
from scoville.extract.reader import read_settings
from scoville.extract.windows import Window
from scoville.models import locate_model
from scoville.train.loop import Batch
from scoville.train.threads import bf16_pays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


WORDS = "bert.embeddings.word_embeddings.weight"
"""Not trained: a model of 22 million parameters has half of them here, and seldom words would be forgotten."""
HEADS = ("qa_outputs.", "answerable.")


class ReaderNetwork(nn.Module):
    """A BERT with two heads, named as in ``BertForQuestionAnswering``; its losses in float32."""

    def __init__(self, folder: Path) -> None:
        from transformers import BertModel
        from transformers.utils import logging

        super().__init__()
        logging.set_verbosity_error()  # it lists what an encoder has and a reader needs not
        logging.disable_progress_bar()
        loaded: Any = BertModel.from_pretrained(
            folder,
            add_pooling_layer=False,
            attn_implementation="eager",
            dtype=torch.float32,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.bert = loaded
        self.bert.embeddings.word_embeddings.requires_grad_(False)
        self.qa_outputs = nn.Linear(loaded.config.hidden_size, 2)
        self.answerable = nn.Linear(loaded.config.hidden_size, 1)

    def forward(self, ids: Tensor, segments: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Ids, segments, mask [batch, length] → logits of start and end [batch, length] and of "answerable" [batch]."""
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=bf16_pays(ids.device.type)):
            states = self.bert(ids, attention_mask=mask, token_type_ids=segments).last_hidden_state
        states = states.float()
        span = self.qa_outputs(states)
        away = (segments * mask).eq(0)
        away[:, 0] = False
        span = span.masked_fill(away.unsqueeze(2), -1e4)
        return span[..., 0], span[..., 1], self.answerable(states[:, 0]).squeeze(1)


class ReaderLoss(nn.Module):
    """A reader's network as the training loop takes it: windows in, the sum of their losses out."""

    def __init__(self, network: ReaderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, segments: Tensor, mask: Tensor, start: Tensor, end: Tensor) -> Tensor:
        """Add up the losses of a batch."""
        with torch.autocast(ids.device.type, enabled=False):
            return reading_loss(self.network(ids, segments, mask), start, end) * len(ids)


def reading_loss(output: tuple[Tensor, Tensor, Tensor], start: Tensor, end: Tensor) -> Tensor:
    """Mean cross-entropy of start and end, and half that of "answerable"."""
    begin, finish, answerable = output
    cross = nn.functional.cross_entropy
    told = nn.functional.binary_cross_entropy_with_logits(answerable, start.gt(0).float())
    return (cross(begin, start) + cross(finish, end)) / 2 + 0.5 * told


def as_batch(windows: Sequence[Window], longest: int) -> Batch:
    """Put windows into tensors, padded to the longest of them, rounded up: with few shapes memory does not grow."""
    length = max(len(window.ids) for window in windows)
    length = min(-(-length // LENGTH_STEP) * LENGTH_STEP, longest)
    tensors = {
        **_padded([window.ids for window in windows], [window.segments for window in windows], length),
        "start": torch.tensor([window.start for window in windows]),
        "end": torch.tensor([window.end for window in windows]),
    }
    return Batch(tensors=tensors, targets=len(windows), tokens=sum(len(window.ids) for window in windows))


class TorchRuns:
    """Runs a network that is being trained, for :class:`scoville.extract.Reader`."""

    def __init__(self, network: ReaderNetwork, longest: int) -> None:
        self._network, self._longest = network, longest

    def run(
        self, inputs: Sequence[Sequence[list[int]]], take: "Callable[[list[int], NDArray[np.float32]], None]"
    ) -> None:
        """Give ``take`` the logits of each batch."""
        device = self._network.answerable.weight.device
        with torch.inference_mode():
            for batch in batches([len(ids) for ids in inputs[0]], self._longest):
                ids, segments = ([numbers[row] for row in batch.rows] for numbers in inputs)
                given = {name: value.to(device) for name, value in _padded(ids, segments, batch.length).items()}
                start, end, answerable = self._network(**given)
                logits = torch.stack([start, end, answerable.unsqueeze(1).expand_as(start)], dim=2)
                take(batch.rows, logits.float().cpu().numpy())


def open_network(folder: Path) -> ReaderNetwork:
    """Open an encoder to make a reader of, or a trained reader to train on; ModelError where it is neither."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
        if kind != "bert":
            raise ModelError(f"{folder}: model_type {kind!r}; expected bert, of which readers are made")
        saved = load_file(folder / "model.safetensors")
        network = ReaderNetwork(folder)
    except (OSError, ValueError, AttributeError, SafetensorError, RuntimeError) as error:
        said = " ".join(str(error).split())[:160]
        raise ModelError(f"{folder} cannot be used to train a reader ({said}); expected a BERT encoder") from None
    heads = {name: value.float() for name, value in saved.items() if name.startswith(HEADS)}
    missing = network.load_state_dict(heads, strict=False).missing_keys
    if heads and any(name.startswith(HEADS) for name in missing):
        raise ModelError(f"{folder} has one head of a reader and lacks the other; expected both or none")
    if heads and (words := read_settings(folder).words):
        held = load_file(locate_model(words, kind="embedder").weights)
        network.bert.embeddings.word_embeddings.weight.data.copy_(held[WORDS.removeprefix("bert.")])
    return network


def _padded(ids: Sequence[list[int]], segments: Sequence[list[int]], length: int) -> dict[str, Tensor]:
    found = {name: torch.zeros(len(ids), length, dtype=torch.long) for name in ("ids", "segments", "mask")}
    for line, (tokens, kinds) in enumerate(zip(ids, segments, strict=True)):
        found["ids"][line, : len(tokens)] = torch.tensor(tokens)
        found["segments"][line, : len(kinds)] = torch.tensor(kinds)
        found["mask"][line, : len(tokens)] = 1
    return found
