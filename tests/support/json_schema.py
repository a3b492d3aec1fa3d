"""A validator of JSON Schema, as far as the schemas of results use it; a keyword that it does not know is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
SAYINGS = {"$schema", "$defs", "title", "description", "default", "contentEncoding", "discriminator"}
"""keywords that ask for nothing"""


def faults(value: Any, schema: Any, whole: dict[str, Any] | None = None, place: str = "") -> list[str]:
    """Return where a value is not what a schema says."""
    whole = schema if whole is None else whole
    if schema is True:
        return []
    found = []
    for word, asked in schema.items():
        if word not in SAYINGS:
            found += CHECKS[word](value, asked, schema, whole, place)
    return found


def _ref(value: Any, asked: str, schema: Any, whole: dict[str, Any], place: str) -> list[str]:
    target: Any = whole
    for key in asked.removeprefix("#/").split("/"):
        target = target[key]
    return faults(value, target, whole, place)


def _type(value: Any, asked: Any, schema: Any, whole: dict[str, Any], place: str) -> list[str]:
    allowed = asked if isinstance(asked, list) else [asked]
    return [] if any(TYPES[name](value) for name in allowed) else [f"{place}: {value!r} is no {asked}"]


def _properties(value: Any, asked: Any, schema: Any, whole: dict[str, Any], place: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [f for k, part in asked.items() if k in value for f in faults(value[k], part, whole, f"{place}/{k}")]


def _more(value: Any, asked: Any, schema: Any, whole: dict[str, Any], place: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    others = {k: v for k, v in value.items() if k not in schema.get("properties", {})}
    if asked is False:
        return [f"{place}/{k}: unknown" for k in others]
    return [fault for k, v in others.items() for fault in faults(v, asked, whole, f"{place}/{k}")]


def _items(value: Any, asked: Any, schema: Any, whole: dict[str, Any], place: str) -> list[str]:
    if not isinstance(value, list):
        return []
    first = len(schema.get("prefixItems", []))
    return [f for k, v in enumerate(value[first:], first) for f in faults(v, asked, whole, f"{place}/{k}")]


def _prefix(value: Any, asked: Any, schema: Any, whole: dict[str, Any], place: str) -> list[str]:
    pairs = zip(value, asked, strict=False) if isinstance(value, list) else ()
    return [f for k, (v, part) in enumerate(pairs) for f in faults(v, part, whole, f"{place}/{k}")]


def _fitting(value: Any, asked: Any, whole: dict[str, Any], place: str) -> Iterator[bool]:
    return (not faults(value, part, whole, place) for part in asked)


CHECKS: dict[str, Callable[[Any, Any, Any, dict[str, Any], str], list[str]]] = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _more,
    "required": lambda v, asked, s, w, p: [f"{p}: {k} is missing" for k in asked if isinstance(v, dict) and k not in v],
    "items": _items,
    "prefixItems": _prefix,
    "minItems": lambda v, asked, s, w, p: (
        [] if not isinstance(v, list) or len(v) >= asked else [f"{p}: fewer than {asked}"]
    ),
    "maxItems": lambda v, asked, s, w, p: (
        [] if not isinstance(v, list) or len(v) <= asked else [f"{p}: more than {asked}"]
    ),
    "const": lambda v, asked, s, w, p: [] if v == asked else [f"{p}: {v!r} is not {asked!r}"],
    "enum": lambda v, asked, s, w, p: [] if v in asked else [f"{p}: {v!r} is none of {asked}"],
    "anyOf": lambda v, asked, s, w, p: [] if any(_fitting(v, asked, w, p)) else [f"{p}: {v!r} fits none of {asked}"],
    "oneOf": lambda v, asked, s, w, p: [] if sum(_fitting(v, asked, w, p)) == 1 else [f"{p}: fits not exactly one"],
}
