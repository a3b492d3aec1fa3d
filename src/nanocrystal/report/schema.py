"""The JSON Schema of the documents that results are saved as."""

from __future__ import annotations

import json
from typing import Any

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.reading import outcomes

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def result_schema(kind: str = "", where: str = "kind") -> dict[str, Any]:
    """Return the schema of the documents of one kind of result, or of all, told apart by their key "kind".

    Raises InputError, at the place that names it, for an unknown kind.
    """
    kinds = {one.kind: one for one in outcomes()}
    if not kind:
        return _of_all(kinds)
    if kind not in kinds:
        raise InputError(where, f"there is no kind of result {kind!r}; {nearest_names(kind, kinds)}")
    return {"$schema": DIALECT, **kinds[kind].schema()}


def _of_all(kinds: dict[str, type[Outcome]]) -> dict[str, Any]:
    places = {kind: f"#/$defs/{kind}" for kind in kinds}
    return {
        "$schema": DIALECT,
        "title": "Results of nanocrystal",
        "oneOf": [{"$ref": place} for place in places.values()],
        "discriminator": {"propertyName": "kind", "mapping": places},
        "$defs": {kind: _below(one.schema(), places[kind]) for kind, one in kinds.items()},
    }


def _below(schema: dict[str, Any], place: str) -> Any:
    """Return a schema as it stands at a place in another, where its references find their definitions."""
    return json.loads(json.dumps(schema).replace('"#/$defs/', f'"{place}/$defs/'))
