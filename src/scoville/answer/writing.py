"""What a model writes for a question and its passages: the steps of the prompt, then the answer.

Enters: a question, what was found, the form of the answer. Leaves: the reply, cut to the answer, with the prompt it was
given and what was written before. Grounds nothing.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from scoville.answer.chain import answer_part, run_steps
from scoville.answer.grounding import Grounded, ground
from scoville.answer.second import Read
from scoville.answer.structured import Shape, ground_data, read_reply
from scoville.answer.write_prompt import SMALL_RUNTIMES, PromptWriter
from scoville.llm import Generation, Llm
from scoville.prompt import Rendered
from scoville.recipe import Anatomy, Recipe
from scoville.search import Found
from scoville.types import Message, Reply

BLANK_LINE = "\n\n"
JSON_TOKENS = 400
"""That JSON may have at least: what is cut off is none."""
InStage = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a model wrote."""

    rendered: Rendered
    reply: Reply
    """Its text is the answer alone."""
    before: tuple[Reply, ...]
    """Those of steps, and JSON that did not fit."""
    found: Found
    """With the time that the nearest sentences were looked for, which counts as searching."""
    shape: Shape | None = None
    json: Any = None
    """Of an answer of that form: what it says,"""
    data: Any = None
    """and what the caller gets of it."""

    def ground(self, question: str, min_support: float, read: Read | None = None) -> Grounded:
        """Cite what the answer rests on."""
        if self.shape is None:
            return ground(self.reply.text, self.rendered.hits, min_support, question, read)
        return ground_data(self.json, self.rendered.hits, min_support, question)


def noted(
    llm: Llm, messages: Sequence[Message], generation: Generation, on_text: Callable[[str], None] | None = None
) -> Reply:
    """Have a model write, and note with its reply what it was given."""
    return replace(llm.generate(messages, generation, on_text), messages=tuple(messages))


class Writing:
    """Asks one model as a recipe says."""

    def __init__(self, llm: Llm, prompts: PromptWriter, recipe: Recipe) -> None:
        self.llm = llm
        self.prompts = prompts
        self._settings = recipe.llm
        self._stop = recipe.llm.stop if recipe.llm.stop is not None else (BLANK_LINE,) * (llm.runtime in SMALL_RUNTIMES)

    def write(
        self,
        question: str,
        found: Found,
        history: Sequence[Message],
        shape: Shape | None,
        stage: InStage,
        on_text: Callable[[str], None] | None = None,
    ) -> Written:
        """Write the steps of the prompt, then the answer; raises InvalidReply where it does not get its form."""
        shape = shape and shape.among(len(found.hits))
        anatomy, values = self.told(shape)
        before: list[Reply] = []

        def prompt(parts: Anatomy, known: Mapping[str, str]) -> Rendered:
            return self.prompts(question, found.hits, history, found.question, anatomy=parts, values=known)

        def ask(name: str, rendered: Rendered, generation: Generation) -> Reply:
            with stage(f"{name}/generate" if name else "generate"):
                return noted(self.llm, rendered.messages, generation, None if name else on_text)

        def run(rendered: Rendered, name: str, longest: int | None) -> str:
            generation = self._generation(max_tokens=longest or self._settings.max_tokens)
            before.append(ask(f"step{name}", rendered, generation))
            return before[-1].text

        values = run_steps(anatomy, values, prompt, run)
        started = time.perf_counter()
        with stage("prompt"):
            rendered = prompt(anatomy, values)
        if self.prompts.shows_sentences:
            found = replace(found, seconds=found.seconds + time.perf_counter() - started)
        generation = self._generation(shape=shape)
        reply, said = ask("", rendered, generation), None
        if shape:
            said, reply, failed = read_reply(
                shape, rendered.messages, reply, lambda messages: self._again(messages, generation, stage)
            )
            before += failed
        elif anatomy.answer_after:
            reply = replace(reply, text=answer_part(reply.text, anatomy.answer_after))
        return Written(
            rendered=rendered, reply=reply, before=tuple(before), found=found, shape=shape, json=said,
            data=shape.build(said) if shape else None,
        )  # fmt: skip

    def told(self, shape: Shape | None) -> tuple[Anatomy, dict[str, str]]:
        """Give the parts of the prompt, and what their placeholders stand for before any step."""
        if shape is None:
            return self.prompts.anatomy, {}
        return self.prompts.shaped(shape.name), {"schema": json.dumps(shape.schema, ensure_ascii=False)}

    def _again(self, messages: Sequence[Message], generation: Generation, stage: InStage) -> Reply:
        with stage("again/generate"):
            return noted(self.llm, messages, generation)

    def _generation(self, *, shape: Shape | None = None, max_tokens: int = 0) -> Generation:
        settings = self._settings
        longest = max(settings.max_tokens, JSON_TOKENS) if shape else max_tokens or settings.max_tokens
        return Generation(
            max_tokens=longest, temperature=settings.temperature, top_p=settings.top_p,
            seed=settings.seed, stop=() if shape else self._stop, json_schema=shape.schema if shape else None,
        )  # fmt: skip
