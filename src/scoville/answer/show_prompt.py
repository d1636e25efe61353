"""What a model sees of a question, part by part, with its tokens.

Enters: what was found for a question, and what writes prompts. Leaves: parts. Asks no model: where a prompt has steps,
``{NAME}`` stands for what a step would write.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scoville.answer.structured import Shape
from scoville.answer.writing import Writing
from scoville.llm.reader import ReaderLlm
from scoville.prompt import Rendered
from scoville.recipe import Anatomy
from scoville.recipe.prompt import step_anatomy
from scoville.search import Found
from scoville.types import Message, Role


class ShownPart(NamedTuple):
    """A part of a prompt."""

    step: str
    """The step of the prompt that it belongs to; empty for the last, whose output is the answer."""
    role: Role
    name: str
    """As in ``scoville.prompt.Part``; of the reader ``question``, and ``passage 1`` for each window of it."""
    text: str
    tokens: int


def shown_parts(
    writing: Writing, question: str, found: Found, history: Sequence[Message] = (), shape: Shape | None = None
) -> list[ShownPart]:
    """Give the parts in the order in which the model is given them.

    What a chat template adds counts in no part; the reader counts the pieces of words that its windows hold.
    """
    if isinstance(writing.llm, ReaderLlm):
        windows = writing.llm.windows(found.question or question, [hit.passage.content for hit in found.hits])
        return [ShownPart("", "user", name, text, tokens) for name, text, tokens in windows]
    anatomy, values = writing.told(shape)
    count = writing.llm.count_tokens
    empty = {role: count([Message(role=role, content="")]) for role in ("system", "user", "assistant")}
    return [
        ShownPart(step, part.role, part.name, part.text,
                  count([Message(role=part.role, content=part.text)]) - empty[part.role])
        for step, rendered in _prompts(lambda one: writing.prompts(
            question, found.hits, history, found.question, anatomy=one, values=values), anatomy)
        for part in rendered.parts
    ]  # fmt: skip


def _prompts(write: Callable[[Anatomy], Rendered], anatomy: Anatomy, name: str = "") -> Iterator[tuple[str, Rendered]]:
    for step in anatomy.steps:
        yield from _prompts(write, step_anatomy(step, anatomy), f"{name}/{step.name}".strip("/"))
    yield name, write(anatomy)
