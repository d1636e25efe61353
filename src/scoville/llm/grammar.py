"""From a JSON schema to a grammar without superfluous white space.

Enters: a JSON schema. Leaves: a grammar in EBNF, or None for a schema with parts that this does not know. Does not know
who reads the grammar. OpenVINO's own grammar for a schema allows any white space between the parts, and a small model
fills its whole reply with newlines there. Properties come in the schema's order, all of them.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

BASICS = r"""
string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1f] | "\\" ["\\/bfnrt]
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,15})?
boolean ::= "true" | "false"
null ::= "null"
date ::= "\"" [0-9]{4} "-" [0-9]{2} "-" [0-9]{2} "\""
"""
LONGEST_COUNT = 1000
"""Integers between two bounds are listed one by one up to this many."""
_ANNOTATIONS = {"title", "description", "default", "examples", "$schema", "type"}
_KNOWN = {
    "string": {"maxLength", "minLength", "format"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "boolean": set[str](),
    "null": set[str](),
    "array": {"items", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties"},
}


_KEYWORDS = _ANNOTATIONS.union(*_KNOWN.values())


class _UnknownPartError(Exception):
    pass


def json_grammar(schema: Mapping[str, Any]) -> str | None:
    """Write the grammar of a JSON schema; None when it has parts that this does not know, e.g. ``$ref``."""
    try:
        return f"root ::= {_rule(schema)}\n{BASICS}"
    except _UnknownPartError:
        return None


def _rule(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return _either(
            _literal(json.dumps(value, ensure_ascii=False)) for value in schema.get("enum", [schema.get("const")])
        )
    if isinstance(choices := schema.get("anyOf"), list):
        return _either(_rule(choice) for choice in choices)
    kind = schema.get("type")
    if isinstance(kind, list):
        return _either(_rule({**schema, "type": name}) for name in kind)
    if kind not in _KNOWN or set(schema) - _KEYWORDS:
        raise _UnknownPartError
    own = _KNOWN[kind] & set(schema)  # what is said of other types says nothing of this one
    match kind:
        case "object":
            return _object(schema)
        case "array":
            items = _rule(schema.get("items", {}))
            low, high = schema.get("minItems", 0), schema.get("maxItems")
            return _array(items, low, high)
        case "string" if schema.get("format") == "date":
            return "date"
        case "string" if own - {"format"}:
            return rf'("\"" char{{{schema.get("minLength", 0)},{schema.get("maxLength", "")}}} "\"")'
        case "integer" if own:
            return _count(schema)
        case "number" if own:
            raise _UnknownPartError
        case _:
            return kind


def _object(schema: Mapping[str, Any]) -> str:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    if not properties or set(schema.get("required", ())) - properties.keys():
        raise _UnknownPartError
    parts = [
        f"{_literal(json.dumps(name, ensure_ascii=False) + ': ')} {_rule(inner)}" for name, inner in properties.items()
    ]
    separator = f" {_literal(', ')} "
    return f'("{{" {separator.join(parts)} "}}")'


def _array(items: str, low: int, high: int | None) -> str:
    if high == 0:
        return '"[]"'
    more = f"({_literal(', ')} {items}){{{max(low - 1, 0)},{'' if high is None else high - 1}}}"
    filled = f'("[" {items} {more} "]")'
    return filled if low else f'("[]" | {filled})'


def _count(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if not isinstance(low, int) or not isinstance(high, int) or not 0 <= high - low < LONGEST_COUNT:
        raise _UnknownPartError
    return _either(_literal(str(number)) for number in range(low, high + 1))


def _either(choices: Iterable[str]) -> str:
    return f"({' | '.join(choices)})"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
