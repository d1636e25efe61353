"""A trained model and what was made of it -> what each replied, hop by hop.

Enters: the folder of a trained model, a file made of it, prompts. Leaves: a :class:`Parity`. The hops: the weights of
the file in the network that was trained (merged, then quantised), then the runtime that serves the file.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoville.llm.gguf_write import Content
from scoville.llm.protocol import Generation, LikelihoodLlm
from scoville.train.export.parity import Hop, Parity, Reference, Tried, compare
from scoville.types import Message

if TYPE_CHECKING:
    from scoville.train.export.reference import TrainedModel

PROMPTS = (
    "What is the capital of France?",
    "Write one sentence about the sea.",
    "List three kinds of fruit.",
    "Translate into plain English: the aforementioned premises.",
    "What is seven times eight?",
    "Explain in one sentence what an invoice is.",
    "Who is a landlord?",
    "Give a polite reply to a late delivery.",
    "Name a month with thirty days.",
    "Answer with one word: is ice cold?",
    "How long is a year?",
    "Write a headline about rain.",
    "What does a librarian do?",
    "Say when to stop at a crossing.",
    "Complete the sentence: The meeting starts",
    "Give a rule for a safe password.",
    "Why do people keep receipts?",
    "Describe a bicycle to a child.",
    "What should a contract name first?",
    "Summarise: The train was late because a tree had fallen on the line.",
)
"""Asked where nobody says what else to ask."""
OnHop = Callable[[str, int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One form between training and serving."""

    name: str
    precision: str
    content: Content | None = None
    """Weights for the network that was trained."""
    serve: Callable[[], LikelihoodLlm] | None = None
    """Opens what serves it."""


def check(
    model: "TrainedModel", steps: Sequence[Step], prompts: Sequence[Sequence[Message]], max_tokens: int, on_hop: OnHop
) -> Parity:
    """Let the trained model and each form reply to the same prompts, and compare them; ``on_hop`` is told of each."""
    on_hop("trained model", 0, len(steps) + 1)
    trained = model.references(prompts, max_tokens)
    hops: list[Hop] = []
    for number, step in enumerate(steps, start=1):
        on_hop(step.name, number, len(steps) + 1)
        hops.append(try_step(model, step, prompts, trained, max_tokens))
    return Parity(hops=tuple(hops))


def try_step(
    model: "TrainedModel", step: Step, prompts: Sequence[Sequence[Message]], trained: Sequence[Reference],
    max_tokens: int,
) -> Hop:  # fmt: skip
    """Let one form reply to the prompts, and compare it with what the trained model replied."""
    started = time.perf_counter()
    if step.content is not None:
        model.take_weights(step.content)
        tried = model.tried(trained, max_tokens)
    else:
        assert step.serve
        with closing(step.serve()) as llm:
            tried = [_served(model, llm, *asked, max_tokens) for asked in zip(prompts, trained, strict=True)]
    return compare(step.name, step.precision, trained, tried, time.perf_counter() - started)


def _served(
    model: "TrainedModel", llm: LikelihoodLlm, messages: Sequence[Message], trained: Reference, max_tokens: int
) -> Tried:
    text = llm.generate(messages, Generation(max_tokens=max_tokens)).text
    # What was sampled is not always what a tokenizer makes of its text; then no form can find these tokens again.
    canonical = trained.text and model.ids_of(trained.text) == trained.ids
    logs = tuple(llm.log_probabilities(messages, trained.text)) if canonical else ()
    return Tried(prompt_tokens=llm.count_tokens(messages), ids=model.ids_of(text), text=text, logs=logs)
