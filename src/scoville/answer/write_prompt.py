"""The prompt that a model is given with some passages, in the style that suits it: for asking it, and for training it.

Enters: a question and hits, however they were come by. Leaves: messages, and the hits that fitted. Searches nothing.
"""

from collections.abc import Sequence

from scoville.embed import Embedder
from scoville.llm import Llm
from scoville.prompt import Rendered, render_focus, render_prompt
from scoville.recipe import Recipe
from scoville.search import nearest_sentences
from scoville.types import Hit, Message

SMALL_RUNTIMES = {"openvino", "llamacpp", "quote", "reader"}
"""`prompt.style: auto` gives these sentences, others passages."""


class PromptWriter:
    """Writes prompts for one model as a recipe says."""

    def __init__(self, llm: Llm, embedder: Embedder, recipe: Recipe) -> None:
        self.llm = llm
        self.embedder = embedder
        self.recipe = recipe
        style = recipe.prompt.style
        self.shows_sentences = style == "sentences" or (style == "auto" and llm.runtime in SMALL_RUNTIMES)
        """Whether the model is given the nearest sentences, and not whole passages."""

    def __call__(
        self, question: str, hits: Sequence[Hit], history: Sequence[Message] = (), searched: str = ""
    ) -> Rendered:
        """Write the prompt; sentences are nearest to what was ``searched``, where that is not the question itself."""
        settings = self.recipe.prompt
        room = self.llm.context_tokens - self.recipe.llm.max_tokens
        if not self.shows_sentences:
            return render_prompt(
                question, hits, settings, count_tokens=self.llm.count_tokens, room=room, history=history
            )
        focus = nearest_sentences(searched or question, hits, self.embedder, settings.sentences)
        messages = render_focus(question, focus, settings, history[-2:])
        if history and self.llm.count_tokens(messages) > room:
            messages = render_focus(question, focus, settings)
        return Rendered(messages=messages, hits=tuple(hits))
