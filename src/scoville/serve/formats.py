"""The form of a reply, as OpenAI's clients ask for it. Enters: their JSON. Leaves: a Shape, or ``Refused``."""

import json
from typing import Any

from pydantic import BaseModel, Field

from scoville.answer.structured import Shape, open_shape
from scoville.serve.refused import Refused

MOST_FIELDS = 100
"""Each is a question of its own where no model writes."""
MOST_CHARACTERS = 50_000


class Format(BaseModel):
    """The form of a reply: ``text``, or JSON of a schema."""

    type: str = "text"
    json_schema: dict[str, Any] | None = Field(default=None, description="Of chat completions: name and schema.")
    given: dict[str, Any] | None = Field(default=None, alias="schema", description="Of responses: the schema.")

    def shape(self, place: str) -> Shape | None:
        """Give the form; None for words."""
        if self.type == "text":
            return None
        schema = (self.json_schema or {}).get("schema") or self.given
        if self.type != "json_schema" or not isinstance(schema, dict):
            raise Refused(400, f"{place}: expected type text, or json_schema with a schema", code="unsupported_value")
        fields = schema.get("properties", {})
        if not isinstance(fields, dict) or not all(isinstance(one, dict) for one in fields.values()):
            raise Refused(400, f"{place}: expected properties that are schemas themselves", code="invalid_value")
        if len(fields) > MOST_FIELDS or len(json.dumps(schema)) > MOST_CHARACTERS:
            raise Refused(400, f"{place}: expected at most {MOST_FIELDS} fields and {MOST_CHARACTERS:,} characters",
                          code="invalid_value")  # fmt: skip
        return open_shape(schema)
