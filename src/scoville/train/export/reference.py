"""The trained model itself, asked with torch, before anything was done to its weights.

Enters: a folder that training left. Leaves: its replies, and how likely it holds them. The same network then takes the
weights of the files made from it, so that what a file holds and what a runtime makes of it are seen apart.
"""

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from scoville.errors import ScovilleError
from scoville.llm.gguf_write import Content
from scoville.llm.template import ChatTemplate
from scoville.llm.trained.adapter import is_adapter
from scoville.llm.trained.forms import RECORD
from scoville.llm.trained.names import name_map, row_order
from scoville.llm.trained.safetensors import read_json
from scoville.train.base import be_quiet, open_base, template_of
from scoville.train.export.parity import Reference, Tried
from scoville.types import Message

NEAR = 8
"""How many of the likeliest tokens are kept at each place."""


class TrainedModel:
    """A network with its tokenizer."""

    def __init__(self, network: Any, tokenizer: Any, ends: frozenset[int], base: Any = None) -> None:
        self.network = network.eval()
        self.tokenizer = tokenizer
        self._template: ChatTemplate = template_of(tokenizer)
        self._ends = ends
        self._base = base
        """The network before training, where that is another one."""

    def references(self, prompts: Sequence[Sequence[Message]], max_tokens: int) -> list[Reference]:
        """Reply to each prompt, and say how likely the base without training holds that."""
        found = [self._reply(self.prompt_ids(messages), max_tokens) for messages in prompts]
        with self._untrained() as base:
            if base is None:
                return found
            return [replace(one, untrained=_likelihoods(base, one.prompt, one.ids)) for one in found]

    def tried(self, trained: Sequence[Reference], max_tokens: int) -> list[Tried]:
        """Do with the weights that the network has now what it did before."""
        found: list[Tried] = []
        for one in trained:
            reply = self._reply(one.prompt, max_tokens)
            logs = _likelihoods(self.network, one.prompt, one.ids)
            found.append(Tried(prompt_tokens=len(one.prompt), ids=reply.ids, text=reply.text, logs=logs))
        return found

    def prompt_ids(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Write a prompt as tokens, as training does."""
        return self.ids_of(self._template.render(messages))

    def ids_of(self, text: str) -> tuple[int, ...]:
        """Write a text as tokens."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def take_weights(self, content: Content) -> None:
        """Put the weights of a GGUF file into the network, without an adapter."""
        import numpy as np

        if hasattr(self.network, "unload"):
            self.network = self.network.unload()
        find = name_map(content.architecture, content.number("block_count"))
        heads = content.number("attention.head_count")
        key_heads = content.number("attention.head_count_kv") or heads
        tensors = {one.name: one for one in content.tensors}
        untied = self.network.get_output_embeddings().weight is not self.network.get_input_embeddings().weight
        if "output.weight" in tensors and not untied:
            output = self.network.get_output_embeddings()
            output.weight = torch.nn.Parameter(output.weight.detach().clone())
        with torch.no_grad():
            for own, parameter in self.network.named_parameters():
                tensor = tensors.get(find(own) or "", tensors["token_embd.weight"])
                values = tensor.rows(slice(None))
                order = row_order(content.architecture, tensor.name, values.shape[0], heads, key_heads)
                values = values if order is None else values[np.argsort(order)]
                parameter.copy_(torch.from_numpy(np.array(values)))

    @contextmanager
    def _untrained(self) -> Generator[Any]:
        if hasattr(self.network, "disable_adapter"):
            with self.network.disable_adapter():
                yield self.network
        else:
            yield self._base
            self._base = None

    @torch.inference_mode()
    def _reply(self, prompt: Sequence[int], max_tokens: int) -> Reference:
        """Write the likeliest token, again and again, whatever the model's own settings say of drawing."""
        from transformers import GenerationConfig

        given = torch.tensor([list(prompt)])
        settings = GenerationConfig(
            max_new_tokens=max_tokens, do_sample=False, eos_token_id=sorted(self._ends) or None,
            pad_token_id=min(self._ends, default=0), output_logits=True, return_dict_in_generate=True, use_cache=True,
        )  # fmt: skip
        written = self.network.generate(
            input_ids=given, attention_mask=torch.ones_like(given), generation_config=settings
        )
        ids: list[int] = []
        logs: list[float] = []
        near: list[dict[int, float]] = []
        for token, logits in zip(written.sequences[0, len(prompt) :].tolist(), written.logits, strict=True):
            likely = torch.log_softmax(logits[0].double(), -1)
            best = torch.topk(likely, min(NEAR, likely.shape[0]))
            near.append(dict(zip(best.indices.tolist(), best.values.tolist(), strict=True)))
            if token not in self._ends:
                ids.append(token)
                logs.append(float(likely[token]))
        return Reference(
            prompt=tuple(prompt), ids=tuple(ids), text=self.tokenizer.decode(ids), logs=tuple(logs), near=tuple(near),
            ends=self._ends,
        )  # fmt: skip


@torch.inference_mode()
def _likelihoods(network: Any, prompt: Sequence[int], ids: Sequence[int]) -> tuple[float, ...]:
    """Give the log-probability of each token of a reply."""
    if not ids:
        return ()
    logits = network(input_ids=torch.tensor([[*prompt, *ids]]), use_cache=False).logits[0, len(prompt) - 1 : -1]
    chosen = torch.log_softmax(logits.double(), -1)[torch.arange(len(ids)), torch.tensor(list(ids))]
    return tuple(chosen.tolist())


def open_trained(folder: Path, ends: frozenset[int]) -> TrainedModel:
    """Load what training left, an adapter not merged; of a whole model its base too, where that is known."""
    be_quiet()
    record = read_json(folder / RECORD) if (folder / RECORD).is_file() else {}
    own = folder.parent
    if is_adapter(folder):
        from peft import PeftModel

        named = record.get("base") or read_json(folder / "adapter_config.json").get("base_model_name_or_path")
        base = open_base(_reference(str(named)), own)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT asks transformers by a name that is going
            network = PeftModel.from_pretrained(base.network(torch.float32), str(folder))
        return TrainedModel(network, base.tokenizer(), ends)
    model = open_base(f"path:{folder}", own)
    before = None
    with suppress(ScovilleError):  # it is gone, or there was none
        before = open_base(_reference(str(record.get("base"))), own).network(torch.float32)
    return TrainedModel(model.network(torch.float32), model.tokenizer(), ends, before)


def _reference(named: str) -> str:
    return f"path:{named}" if Path(named).is_dir() else named
