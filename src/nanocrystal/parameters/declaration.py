"""What the fields of a dataclass say of themselves, declared once, where they are used.

A field is annotated with what it is: a refinable number with its `Quantity`, a plain value with a sentence.

    qdamp: Annotated[Number | None, Quantity("qdamp", "Å⁻¹", "width of the resolution", 0.0, 0.0, 1.0)] = None
    qmax: Annotated[float | None, "Å⁻¹; up to where the data were transformed [from the header of the file]"] = None

The tables of study files, their JSON Schema, messages and the manual are made of that. Where it is not enough, a field
is also annotated with what a study says otherwise: `Limits`, `Key`, `Beside`, `REQUIRED`, `ONE_OR_MORE`, `NO_KEY`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from nanocrystal.parameters.parameter import Quantity

# ---- what a field is annotated with ---------------------------------------------------------------


@dataclass(frozen=True)
class UserName:
    """What the keys of a mapping are: names that the user gives, or labels of sites and elements."""

    kind: Literal["name", "label"]


Name = Annotated[str, UserName("name")]
"""what a user calls a crystal, a population, a data set, …"""
Label = Annotated[str, UserName("label")]
"""a site or an element of a crystal"""


class OfQuantity:
    """What a field may be annotated with in the place of its quantity, since it holds it."""

    quantity: Quantity


@dataclass(frozen=True)
class Limits:
    """What a plain number lies within; above and below are excluded themselves. unit: for messages."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Key:
    """What a study calls the field."""

    name: str


@dataclass(frozen=True)
class Beside:
    """The fields of another dataclass stand in the study, beside the other fields and in the place of this one.

    A mapping holds those of them that are given; anything else is made from them by the reader, and `named` tells what
    they were, by name, of the object that has the field.
    """

    owner: type
    named: Callable[[Any], Mapping[str, str]] | None = None


@dataclass(frozen=True)
class Mark:
    """What is said of a field in one word."""

    word: str


REQUIRED = Mark("required")
"""a study must say it, though the class has a default"""
ONE_OR_MORE = Mark("one or more")
"""one text may stand for a sequence of one"""
NO_KEY = Mark("no key")
"""no study says it: the reader fills it in"""


class ExactlyOne:
    """The fields of which a study gives exactly one: a ClassVar of the dataclass."""

    def __init__(self, *names: str) -> None:
        self.names = names


# ---- what a dataclass declares --------------------------------------------------------------------


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

    @property
    def key(self) -> str:
        """What a study calls it."""
        return next((m.name for m in self.metadata if isinstance(m, Key)), self.name)

    @property
    def limits(self) -> Limits:
        return next((m for m in self.metadata if isinstance(m, Limits)), Limits())

    @property
    def beside(self) -> type | None:
        """The dataclass whose fields stand in its place."""
        return next((m.owner for m in self.metadata if isinstance(m, Beside)), None)

    def named(self, holder: Any) -> Mapping[str, str]:
        """Return what the fields in its place were, by name, where the reader made it from them."""
        names_of = next((m.named for m in self.metadata if isinstance(m, Beside)), None)
        return {} if names_of is None else names_of(holder)


@lru_cache(maxsize=256)
def declared_fields(owner: type) -> Mapping[str, DeclaredField]:
    """Return the fields of a dataclass by name, in their order."""
    hints = get_type_hints(owner, include_extras=True)
    declared = {}
    for field in fields(owner):
        kind = hints[field.name]
        metadata: tuple[Any, ...] = ()
        if get_origin(kind) is Annotated:
            kind, *rest = get_args(kind)
            metadata = tuple(rest)
        held = (m.quantity if isinstance(m, OfQuantity) else m for m in metadata)
        quantity = next((m for m in held if isinstance(m, Quantity)), None)
        sentence = next((m for m in metadata if isinstance(m, str)), "")
        factory = field.default_factory is not MISSING
        declared[field.name] = DeclaredField(field.name, kind, quantity, sentence, field.default, factory, metadata)
    return declared


@lru_cache(maxsize=256)
def declared_quantities(owner: type) -> Mapping[str, Quantity]:
    """Return the quantities that the fields of a dataclass carry, by the name of the field."""
    return {n: f.quantity for n, f in declared_fields(owner).items() if f.quantity is not None}


def declared_choice(owner: type) -> tuple[str, ...]:
    """Return the fields of a dataclass of which exactly one is given; empty where it declares none."""
    choices = (v.names for base in owner.__mro__ for v in vars(base).values() if isinstance(v, ExactlyOne))
    return next(choices, ())
