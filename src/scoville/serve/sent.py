"""What clients send as JSON. Enters: JSON. Leaves: values whose texts can be written down."""

import json
from typing import Any

from pydantic import BaseModel, model_validator


class Sent(BaseModel):
    """The body of a request. Every one is of this kind.

    JSON can name half a character, as clients do that cut an emoji in two. Nothing that is UTF-8 can hold one: no
    reply, no trace, and no entry of the audit log, with which others that wait to be written would be lost.
    """

    @model_validator(mode="before")
    @classmethod
    def _mark_halves(cls, given: Any) -> Any:
        """Put the replacement character in place of each half."""
        if not isinstance(given, dict):
            return given
        written = json.dumps(given, ensure_ascii=False)
        try:
            written.encode()
        except UnicodeEncodeError:
            return json.loads(written.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        return given
