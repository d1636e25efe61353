"""What all parts of a recipe are, and what each of their values decides.

Enters: values. Leaves: immutable sections, and of a section the values that decide something. A field is marked in its
type, ``Annotated[int, OPERATIONAL]``; without a mark it has that of its section, and a section within another that of
the one around it.
"""

from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

PositiveInt = Annotated[int, Field(gt=0)]


class Mark(Enum):
    """What a value decides."""

    INDEX = "index"
    """What is in the index: another value needs a rebuild."""
    ANSWERS = "answers"
    """What the system says, over an index that stays as it is."""
    OPERATIONAL = "operational"
    """Neither: time-outs, retries, limits, where something is kept, what only watches."""


INDEX, ANSWERS, OPERATIONAL = Mark.INDEX, Mark.ANSWERS, Mark.OPERATIONAL


class Section(BaseModel):
    """Base of all parts of a recipe: immutable, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    decides: ClassVar[Mark | None] = None
    """The mark of its fields that have none."""


def marks(section: Section, inherited: Mark | None = None) -> dict[str, Any]:
    """Give the mark of each field; for a section within, in a dictionary, those of its fields."""
    inherited = section.decides or inherited
    found: dict[str, Any] = {}
    for name, field in type(section).model_fields.items():
        mark = next((item for item in field.metadata if isinstance(item, Mark)), inherited)
        value = getattr(section, name)
        found[name] = marks(value, mark) if isinstance(value, Section) else mark
    return found


def deciding(section: Section, *wanted: Mark) -> dict[str, Any]:
    """Give the values of a section that have one of the marks, as JSON holds them."""
    return section.model_dump(mode="json", include=_chosen(marks(section), wanted))


def _chosen(found: dict[str, Any], wanted: tuple[Mark, ...]) -> dict[str, Any]:
    """Keep the names with a wanted mark, in the form in which pydantic takes them."""
    chosen = {name: _chosen(one, wanted) if isinstance(one, dict) else one in wanted for name, one in found.items()}
    return {name: one for name, one in chosen.items() if one}
