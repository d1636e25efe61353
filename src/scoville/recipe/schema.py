"""JSON schemas of structured answers: shipped ones by name, files, and those that are written out.

Enters: a name, a path or a schema. Leaves: a schema that can be used, or an error that says why not. A schema is data
of strangers: what it refers to elsewhere is never fetched.
"""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

PATH = re.compile(r"[/\\]|\.json$")


def shipped_schemas() -> list[str]:
    """Name the schemas that come with Scoville."""
    return sorted(item.name.removesuffix(".json") for item in files("scoville.recipe").joinpath("schemas").iterdir())


def read_schema(given: str, folder: Path | None = None) -> dict[str, Any]:
    """Read the schema that a name or a path means; ValueError with what is wrong."""
    if not PATH.search(given):
        if given not in shipped_schemas():
            raise ValueError(
                f"{given!r} is no schema; expected {', '.join(shipped_schemas())}, or the path of a JSON file"
            )
        return json.loads(files("scoville.recipe").joinpath("schemas", f"{given}.json").read_text(encoding="utf-8"))
    path = (folder or Path()) / Path(given).expanduser()
    try:
        return check_schema(json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None


def check_schema(schema: Any) -> dict[str, Any]:
    """Refuse what is no JSON schema; ValueError says why."""
    from jsonschema.exceptions import SchemaError

    if not isinstance(schema, dict) or not schema:
        raise ValueError(f"{schema!r:.60} is no JSON schema; expected an object such as {{'type': 'object', ...}}")
    try:
        validator_of(schema).check_schema(schema)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path))
        raise ValueError(f"no JSON schema: {place or 'its root'}: {error.message:.200}") from None
    return schema


def validator_of(schema: Mapping[str, Any]) -> Any:
    """Give what checks values against a schema."""
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    kind = validator_for(schema, Draft202012Validator)
    return kind(schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)


def _taken(given: Any, info: ValidationInfo) -> Any:
    """Put in place of a path what its file says, so that a recipe holds all that decides."""
    from pydantic_core import PydanticCustomError

    try:
        if isinstance(given, str):
            read = read_schema(given, (info.context or {}).get("folder"))
            return read if PATH.search(given) else given
        return given if given is None else check_schema(given)
    except ValueError as error:
        raise PydanticCustomError("json_schema", "{reason}", {"reason": str(error)}) from None


JsonSchema = Annotated[str | dict[str, Any] | None, BeforeValidator(_taken)]
"""The name of a shipped schema, the path of a file with one, or the schema itself."""
