"""The prompt that a model is given with some passages, in the style that suits it: for asking it, and for training it.

Enters: a question and hits, however they were come by. Leaves: messages, and the hits that fitted. Searches nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scoville.answer.shots import Shots
from scoville.embed import Embedder
from scoville.llm import Llm
from scoville.llm.reader import shipped_reader
from scoville.prompt import Draft, Rendered, render_passages, render_sentences
from scoville.recipe import Anatomy, Recipe
from scoville.recipe.prompt import JSON_FORMAT, Example, shipped
from scoville.search import nearest_sentences
from scoville.types import Hit, Message

QUOTING = {"quote", "reader"}
"""These take sentences out of a prompt of the template `sentences`, and understand no other."""
SMALL_RUNTIMES = {"openvino", "llamacpp", *QUOTING}
"""`prompt.style: auto` gives these sentences, others passages."""
AS_SHIPPED = {"template": "auto", "context": None, "task": None, "numbered": None, "steps": (), "shots": 0}


class PromptWriter:
    """Writes prompts for one model as a recipe says."""

    def __init__(self, llm: Llm, embedder: Embedder, recipe: Recipe, shots: Shots | None = None) -> None:
        """``shots`` gives the examples that are chosen for a question; without it none are."""
        self.llm = llm
        self.embedder = embedder
        self.recipe = recipe
        settings = recipe.prompt
        style = settings.style
        self.shows_sentences = style == "sentences" or (style == "auto" and llm.runtime in SMALL_RUNTIMES)
        """Whether the model is given the nearest sentences, and not whole passages."""
        if self.shows_sentences and llm.runtime in QUOTING:
            settings = settings.model_copy(update=AS_SHIPPED)
        self.anatomy = settings.anatomy("sentences" if self.shows_sentences else "grounded")
        self._settings = settings
        self._shots = shots

    def shaped(self, schema: str) -> Anatomy:
        """Give the parts of a prompt for an answer of a JSON schema, by its name if it comes with Scoville."""
        anatomy = self._settings.anatomy(schema if schema in shipped() else "json")
        format = anatomy.format if "{schema}" in anatomy.format else f"{anatomy.format}\n{JSON_FORMAT}".strip()
        return replace(anatomy, format=format)

    def __call__(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Message] = (),
        searched: str = "",
        *,
        anatomy: Anatomy | None = None,
        values: Mapping[str, str] | None = None,
    ) -> Rendered:
        """Write the prompt; sentences are nearest to what was ``searched``, where that is not the question itself.

        ``anatomy`` takes the place of the recipe's; ``values`` are what its placeholders stand for.
        """
        turns = history[-2:] if self.shows_sentences else history
        parts = anatomy or self.anatomy
        shots: Sequence[Example] = ()
        if self._shots and parts == self.anatomy:  # steps and JSON have their own
            shots = self._shots.nearest(question, self._settings.shots, numbered=parts.numbered)
        told = {**self._pointed(parts, searched or question, hits), **(values or {})}
        draft = Draft(anatomy=parts, question=question, history=turns, shots=shots, values=told)
        room = self.llm.context_tokens - self.recipe.llm.max_tokens
        count = self.llm.count_tokens
        if not self.shows_sentences:
            return render_passages(draft, hits, self.recipe.prompt.context_tokens, count_tokens=count, room=room)
        focus = nearest_sentences(searched or question, hits, self.embedder, self.recipe.prompt.sentences)
        return render_sentences(draft, focus, hits, count_tokens=count, room=room)

    def _pointed(self, parts: Anatomy, question: str, hits: Sequence[Hit]) -> dict[str, str]:
        """Say what the reader points at and how likely it answers, where the prompt asks for it."""
        if "{pointed}" not in f"{parts.context}{parts.task}":
            return {}
        texts = [hit.passage.content for hit in hits]
        span = next(iter(shipped_reader(self.recipe.llm.threads).read(question, texts)), None)
        if span is None:
            return {"pointed": "nothing"}
        words = " ".join(texts[span.text][span.start : span.end].split())
        return {"pointed": f"{words} [{span.text + 1}], {span.probability:.0%} likely"}
