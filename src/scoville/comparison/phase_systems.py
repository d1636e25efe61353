"""The phases that search nothing: a model with the documents' text in its prompt, and one that knows it by heart.

Enters: a model, a recipe, for the first an index. Leaves: systems that can be asked cases.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scoville.answer import Answerer
from scoville.answer.declines import declines
from scoville.embed import Embedder
from scoville.evaluate.system import RecipeSystem
from scoville.index import Index
from scoville.llm import Generation, Llm
from scoville.prompt import render_closed_book
from scoville.recipe import Recipe
from scoville.recipe.file import with_values
from scoville.search import Found, Searcher
from scoville.search.legs import Scope
from scoville.types import Answer, Case, Hit, Message

SPARE = 1.2
"""So much more text than the model has room for is looked at, since models count tokens in their own ways."""


class WholeText(Searcher):
    """Finds the same passages for every question: the text of the documents from its beginning, as far as it fits."""

    def __init__(self, index: Index, embedder: Embedder, recipe: Recipe, room: int) -> None:
        super().__init__(index, embedder, recipe.search)
        self._hits = tuple(_first(index, room))

    def search(self, question: str, **options: Any) -> Found:
        """Give all of it."""
        scope = Scope(count=len(self._hits))
        return Found(hits=self._hits, similarity=None, seconds=0.0, scope=scope, question=question, pool=self._hits)


def _first(index: Index, room: int) -> Iterator[Hit]:
    tokens = 0
    for source, state in sorted(index.documents().items()):
        for passage in index.neighbours(source, 0, state.passages):
            tokens += passage.tokens
            if tokens > SPARE * room:
                return
            yield Hit(passage=passage, score=0.0, legs={})


def prompt_system(name: str, index: Index, embedder: Embedder, llm: Llm, recipe: Recipe, content: str) -> RecipeSystem:
    """Open the phase `prompt`: the text stands in the prompt, and nothing is searched. ``content`` names the text."""
    room = llm.context_tokens - recipe.llm.max_tokens
    values: dict[str, Any] = {"prompt.style": "passages", "prompt.context_tokens": room}
    told = with_values(recipe, values)
    return _Prompted(Answerer(WholeText(index, embedder, told, room), llm, told), name, content)


class _Prompted(RecipeSystem):
    """A recipe's system that searches nothing: no run of the recipe is taken for it, nor a stage blamed."""

    def __init__(self, answerer: Answerer, name: str, content: str) -> None:
        super().__init__(answerer, name)
        self._content = content

    def describe(self) -> Mapping[str, Any]:
        """Give what it is made of."""
        known = super().describe()
        return {**known, "kind": "phase", "recipe_hash": f"prompt {known['recipe_hash']}", "index": self._content}


class ClosedBook:
    """A model that is asked without any passage: it answers by heart, and cites nothing."""

    def __init__(self, name: str, llm: Llm, recipe: Recipe, content: str) -> None:
        """``content`` names what the model was made of."""
        self.name = name
        self.llm = llm
        self.recipe = recipe
        self._content = content

    @property
    def concurrency(self) -> int:
        """As many as the recipe allows."""
        return self.recipe.llm.at_once

    def describe(self) -> Mapping[str, Any]:
        """Give the recipe and the model."""
        models = {"llm": self.llm.name, "runtime": self.llm.runtime}
        known = {"recipe_hash": f"closed-book {self.recipe.hash}", "index": self._content}
        return {"kind": "phase", "models": models, **known}

    def ask(self, case: Case) -> Answer:
        """Answer a case."""
        started = time.perf_counter()
        reply = self.llm.generate(self._messages(case.question, case.history), self._generation)
        refused = not reply.text.strip() or declines(reply.text)
        total = time.perf_counter() - started
        return Answer(
            question=case.question, text=self.recipe.answer.refusal if refused else reply.text.strip(), refused=refused,
            reason="model_declined" if refused else None, citations=(), hits=(), reply=reply, search_seconds=0.0,
            first_token_seconds=total - reply.total_seconds + reply.first_token_seconds, total_seconds=total,
            started_at=time.time() - total,
        )  # fmt: skip

    def _messages(self, question: str, history: Sequence[Message]) -> tuple[Message, ...]:
        return render_closed_book(question, self.recipe.prompt, history)

    @property
    def _generation(self) -> Generation:
        settings = self.recipe.llm
        stop = settings.stop if settings.stop is not None else ("\n\n",)
        return Generation(
            max_tokens=settings.max_tokens, temperature=settings.temperature, top_p=settings.top_p, seed=settings.seed,
            stop=stop,
        )  # fmt: skip
