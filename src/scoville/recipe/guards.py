"""The section of a recipe that says what guards questions, passages and answers."""

from typing import Annotated

from pydantic import AfterValidator

from scoville.recipe.section import ANSWERS, Section
from scoville.registry import has, unknown


def _known_guards(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not has("guard", name.partition(":")[0]):
            raise ValueError(str(unknown("guard", name.partition(":")[0])))
    return names


GuardNames = Annotated[tuple[str, ...], AfterValidator(_known_guards)]


class Guards(Section):
    """What looks for attacks and for what nobody is to read; `[]` switches a place off. Names: `jailbreak`,
    `injection`, `secrets`, `personal`, `toxicity`, and those of plugins.
    """

    decides = ANSWERS
    question: GuardNames = ("jailbreak",)
    """A question in which one of these finds something is refused."""
    passages: GuardNames = ("injection", "secrets")
    """What these find in a passage is left out before a model reads it, and said when documents are added."""
    answer: GuardNames = ("secrets", "toxicity")
    """What these find in an answer is left out of it."""
