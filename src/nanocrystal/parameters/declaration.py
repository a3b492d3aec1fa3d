"""What the fields of a dataclass say of themselves, declared once, where they are used.

A field is annotated with what it is: a refinable number with its `Quantity`, a plain value with a sentence.

    qdamp: Annotated[Number | None, Quantity("qdamp", "Å⁻¹", "width of the resolution", 0.0, 0.0, 1.0)] = None
    qmax: Annotated[float | None, "Å⁻¹; up to where the data were transformed [from the header of the file]"] = None

The tables of study files, their JSON Schema, messages and the manual are made of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from nanocrystal.parameters.parameter import Quantity


@dataclass(frozen=True)
class DeclaredField:
    """One field: its kind without annotations, its quantity or its sentence, and its default.

    default: `dataclasses.MISSING` where the field must be given; factory: whether the default is made anew each time,
    as that of an empty mapping; metadata: all that the field is annotated with.
    """

    name: str
    kind: Any
    quantity: Quantity | None
    sentence: str
    default: Any
    factory: bool
    metadata: tuple[Any, ...]

    @property
    def required(self) -> bool:
        return self.default is MISSING and not self.factory


@lru_cache(maxsize=256)
def declared_fields(owner: type) -> Mapping[str, DeclaredField]:
    """Return the fields of a dataclass by name, in their order."""
    hints = get_type_hints(owner, include_extras=True)
    found = {}
    for field in fields(owner):
        kind = hints[field.name]
        metadata: tuple[Any, ...] = ()
        if get_origin(kind) is Annotated:
            kind, *rest = get_args(kind)
            metadata = tuple(rest)
        quantity = next((m for m in metadata if isinstance(m, Quantity)), None)
        sentence = next((m for m in metadata if isinstance(m, str)), "")
        factory = field.default_factory is not MISSING
        found[field.name] = DeclaredField(field.name, kind, quantity, sentence, field.default, factory, metadata)
    return found


@lru_cache(maxsize=256)
def declared_quantities(owner: type) -> Mapping[str, Quantity]:
    """Return the quantities that the fields of a dataclass carry, by the name of the field."""
    return {n: f.quantity for n, f in declared_fields(owner).items() if f.quantity is not None}
