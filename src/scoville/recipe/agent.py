"""The section of a recipe that says when a question is taken apart into several searches, and how far that may go."""

from typing import Annotated

from pydantic import Field

from scoville.recipe.section import ANSWERS, Section


class Agent(Section):
    """Comparisons, differences, sums, dates and chains of questions: planned by rules, each step searched and cited."""

    decides = ANSWERS
    use: bool = True
    """Whether questions of such a form are taken apart where the single-shot answer has little support; with
    `answer.max_error` never, since that rate was measured on single-shot answers."""
    below: Annotated[float, Field(ge=0, le=1)] = 0.95
    """What is little: a refusal, or a lower probability than this by the reader. It is rather sure of answers that are
    only a part of what was asked for."""
    max_steps: Annotated[int, Field(ge=1, le=10)] = 4
    """The most searches of one question, besides the first."""
    max_tokens: Annotated[int, Field(ge=1)] = 20_000
    """No further search begins when the question has taken so many tokens."""
