"""Results as documents that JSON can hold, and back: one encoder, made from the types of their fields.

Numbers that are not finite become null; `not_finite` says where they were and what, so that nothing is lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Kind = TypeVar("Kind")
NOT_FINITE = "not_finite"
_ADAPTERS: dict[type, Any] = {}


class PlainData:
    """Plain data that hold arrays: two are the same where every field is, numbers that are not finite included."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and encoded(self) == encoded(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class ByName:
    """How JSON holds a sequence of plain data that have a name: as a mapping by that name, in the same order.

    field: which field of theirs that is.
    """

    field: str = "name"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        listed = handler(source)
        by_name = core_schema.wrap_serializer_function_ser_schema(self._by_name, schema=listed)
        return core_schema.no_info_before_validator_function(self._listed, listed, serialization=by_name)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": handler(schema)["items"]}

    def _by_name(self, things: Any, documents: Any) -> dict[str, Any]:
        return {document[self.field]: document for document in documents(things)}

    def _listed(self, things: Any) -> Any:
        return [{self.field: name, **record} for name, record in things.items()] if isinstance(things, dict) else things


def called(**keys: str) -> dict[str, Any]:
    """Return the `__pydantic_config__` of plain data whose documents call these fields by other keys."""
    return {"alias_generator": lambda field: keys.get(field, field)}


def encoded(value: Any) -> dict[str, Any]:
    """Return plain data, a frozen dataclass, as a document."""
    document = _plain(_adapter(type(value)).dump_python(value, by_alias=True, warnings=False))
    places = {json.dumps(path, ensure_ascii=False): repr(number) for path, number in _not_finite(document)}
    return {**finite(document), **({NOT_FINITE: places} if places else {})}


def decoded(kind: type[Kind], document: dict[str, Any]) -> Kind:
    """Return the plain data of a document; raises ValueError where it is none; keys that are unknown are left out."""
    whole: dict[str, Any] = json.loads(json.dumps(document)) if document.get(NOT_FINITE) else document
    for path, number in whole.get(NOT_FINITE, {}).items():
        *way, last = json.loads(path)
        place: Any = whole
        for key in way:
            place = place[key]
        place[last] = float(number)
    return _adapter(kind).validate_python(whole)  # type: ignore[no-any-return]


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of the documents of one kind of plain data."""
    return _adapter(kind).json_schema(mode="serialization")  # type: ignore[no-any-return]


def document_schema(kind: type, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of the documents of one kind of plain data; more: what they say beside their fields.

    Numbers may be null, where they are not finite.
    """
    schema = _or_null(schema_of(kind))
    schema["properties"] = {**more, **schema["properties"], NOT_FINITE: _LOST}
    schema["required"] = [*more, *schema.get("required", [])]
    return schema  # type: ignore[no-any-return]


_LOST = {
    "description": "what is null because it is not finite: its place, as a JSON list of keys -> nan, inf or -inf",
    "type": "object",
    "additionalProperties": {"enum": ["nan", "inf", "-inf"]},
}


def _or_null(schema: Any) -> Any:
    """Return a JSON Schema in which every number may be null."""
    if isinstance(schema, list):
        return [_or_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _or_null(part) for key, part in schema.items()}
    return changed | {"type": ["number", "null"]} if changed.get("type") == "number" else changed


def laid_over(document: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with more said in it, also within the mappings that it holds."""
    both = {k: laid_over(v, more[k]) for k, v in document.items() if isinstance(v, dict) and k in more}
    return {**document, **more, **both}


def finite(value: Any) -> Any:
    """Return the same structure with numbers that are not finite replaced by None."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plain(value: Any) -> Any:
    """Return mappings with keys of text, lists and plain numbers, as JSON knows them."""
    # pydantic has a mode that does this, but in fields that are a Sequence it makes null of what is not finite
    if isinstance(value, Mapping):
        return {k if isinstance(k, str) else str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return float(value) if isinstance(value, float) else value


def _not_finite(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[str | int], float]]:
    """Yield where in a document a number is not finite, and which."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_finite(part, (*path, key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield list(path), value


def _adapter(kind: type) -> Any:
    """Return what pydantic makes of the fields of a kind of plain data; kept, since making it takes longest."""
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
