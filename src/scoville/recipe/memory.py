"""The section of a recipe that says what is remembered of conversations, for how long, and what is left out."""

from typing import Annotated, Literal

from pydantic import Field

from scoville.recipe.section import ANSWERS, OPERATIONAL, Section


class Memory(Section):
    """What the next question of a conversation is given of the ones before, and what is stored."""

    decides = OPERATIONAL
    window: Annotated[Literal["raw", "summary", "none"], ANSWERS] = "raw"
    """`raw`: the last turns. `summary`: before them, the older ones in short: by the model of `llm` where it writes,
    else the first sentence of each answer. `none`: nothing; each question stands alone."""
    tokens: Annotated[int, Field(ge=16), ANSWERS] = 600
    """The most tokens that this may take, by the counting of the model of `llm`; older turns give way."""
    retention_days: Annotated[float, Field(gt=0)] | None = 30.0
    """How long a stored turn is kept, with its trace; null keeps it until `scoville chat --forget ID`. What is older is
    deleted whenever a conversation is opened or listed."""
    redact: bool = True
    """Whether e-mail addresses, telephone, card and account numbers, numbers of persons, and `names` are taken out of
    what is stored of conversations and traces. What is searched and answered is the question as it was asked."""
    names: tuple[Annotated[str, Field(min_length=2)], ...] = ()
    """Names of people to be taken out too."""
