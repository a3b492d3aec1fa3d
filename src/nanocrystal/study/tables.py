"""Tables of a study file from the dataclasses that are made of them, and the dataclasses from checked tables.

A field becomes a key by its kind: a refinable number, a length, a plain value, a list, a range; a field that is a
dataclass becomes a table, a mapping of dataclasses a table of tables, by recursion. Its quantity or its sentence is
what the JSON Schema and the manual say of it. See `parameters.declaration` for what else it may be annotated with.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import lru_cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
from pydantic import AfterValidator, Field, create_model

from nanocrystal.errors import InputError
from nanocrystal.parameters import (
    NO_KEY,
    ONE_OR_MORE,
    REQUIRED,
    DeclaredField,
    Label,
    Name,
    Parameter,
    declared_choice,
    declared_fields,
)
from nanocrystal.sample import Distribution
from nanocrystal.study import fields
from nanocrystal.study.fields import (
    ByElement,
    GridField,
    LengthField,
    MeasuredField,
    NumberField,
    RangeField,
    Table,
    number_or_word,
)

Made = TypeVar("Made")


# ---- tables ---------------------------------------------------------------------------------------


def table_of(*owners: type, made: type | None = None, name: str = "") -> type[Table]:
    """Return the checked table that has the fields of these dataclasses as keys.

    made: the one of them that the table is called after and describes, the first where there is no other.
    """
    main = made or owners[0]
    return _table_of(owners, main, name or f"{main.__name__}Table")


@lru_cache(maxsize=256)
def _table_of(owners: tuple[type, ...], main: type, name: str) -> type[Table]:
    keys: dict[str, Any] = {f.key: _field(f) for owner in owners for f in keys_of(owner)}
    one_of = [n for owner in owners for n in _choice_of(owner)]
    extra = {"json_schema_extra": {"oneOf": [{"required": [n]} for n in one_of]}} if one_of else {}
    table = create_model(
        name,
        __base__=Table,
        __doc__=inspect.cleandoc(main.__doc__ or "").partition("\n")[0],
        __module__=main.__module__,
        __cls_kwargs__=extra,
        **keys,
    )
    table.made_from, table.made_of = main, (owners, main, name)
    return table


def table_again(owners: tuple[type, ...], main: type, name: str, state: Any) -> Table:
    """Return a table that another process has had, from its state."""
    table = _table_of(owners, main, name)
    made = table.__new__(table)
    made.__setstate__(state)
    return made


def keys_of(owner: type) -> Iterator[DeclaredField]:
    """Yield the fields that are keys of a study, those that stand beside others in their place."""
    for field in declared_fields(owner).values():
        if field.beside is not None:
            yield from keys_of(field.beside)
        elif NO_KEY not in field.metadata:
            yield field


def _choice_of(owner: type) -> Iterator[str]:
    """Yield the keys of which exactly one is given."""
    yield from declared_choice(owner)
    for field in declared_fields(owner).values():
        if field.beside is not None:
            yield from _choice_of(field.beside)


def _field(field: DeclaredField) -> tuple[Any, Any]:
    """Return the kind of a key and its sentence, default and limits for pydantic."""
    kind = _kind(field)
    return kind, Field(description=sentence(field), **_default(field, kind), **_limits(field))


def sentence(field: DeclaredField) -> str:
    """Return what the schema and the manual say of a field."""
    quantity = field.quantity
    if field.sentence or quantity is None:
        return field.sentence
    text = f"{quantity.description} ({quantity.unit})" if quantity.unit else quantity.description
    return f"{text}; a number or a distribution" if Distribution in get_args(field.kind) else text


def _default(field: DeclaredField, kind: Any) -> dict[str, Any]:
    if field.required or REQUIRED in field.metadata:
        return {}
    if not field.factory:
        return {"default": field.default}
    return {"default_factory": kind if isinstance(kind, type) and issubclass(kind, Table) else dict}


def _limits(field: DeclaredField) -> dict[str, Any]:
    bounds = {"ge": field.limits.least, "le": field.limits.most, "gt": field.limits.above, "lt": field.limits.below}
    return {} if _word_of(field.kind) else {k: v for k, v in bounds.items() if v is not None}


def _kind(field: DeclaredField) -> Any:
    kind = field.kind
    if REQUIRED in field.metadata and NoneType in get_args(kind):
        kind = reduce(or_, (a for a in get_args(kind) if a is not NoneType))
    word = _word_of(kind)
    if word is not None:
        return number_or_word(word, field.limits)
    if ONE_OR_MORE in field.metadata:
        return Annotated[str | list[str], AfterValidator(lambda v: (v,) if isinstance(v, str) else tuple(v))]
    return written(kind)


def _word_of(kind: Any) -> str | None:
    """Return the word that may stand in the place of a plain number."""
    literals = [a for a in get_args(kind) if get_origin(a) is Literal]
    return get_args(literals[0])[0] if float in get_args(kind) and literals else None


def written(kind: Any) -> Any:
    """Return how a kind of value stands in a study, as pydantic checks it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return table_of(kind)
    if origin in (Union, UnionType):
        return _written_union(arguments)
    if origin is tuple:
        return _written_tuple(arguments)
    if origin is Sequence:
        return list[written(arguments[0])]  # type: ignore[misc]
    if origin is Mapping:
        return _written_mapping(*arguments)
    return kind


def _written_union(arguments: tuple[Any, ...]) -> Any:
    if Parameter in arguments:
        kind = LengthField if Distribution in arguments else NumberField
        return kind | None if NoneType in arguments else kind
    plain = (str, int, float, bool, NoneType)
    if str in arguments:  # a path or a curve is written as text
        arguments = tuple(a for a in arguments if a in plain or get_origin(a) not in (None, np.ndarray))
    return reduce(or_, (a if a is NoneType else written(a) for a in arguments))


def _written_tuple(arguments: tuple[Any, ...]) -> Any:
    """Return a range for two plain numbers, START:STOP:STEP for three, a list for anything else."""
    if set(arguments) == {float}:
        return {2: RangeField, 3: GridField}[len(arguments)]
    n = len(arguments)
    return Annotated[list[arguments[0]], Field(min_length=n, max_length=n), AfterValidator(tuple)]  # type: ignore[valid-type]


def _written_mapping(key: Any, value: Any) -> Any:
    if key == Label and Parameter in get_args(value):
        return ByElement
    if value == tuple[float, float]:
        return dict[str, MeasuredField]
    named = key == Name or (key is str and isinstance(value, type) and is_dataclass(value))
    return dict[fields.Name if named else str, written(value)]  # type: ignore[misc]


# ---- objects --------------------------------------------------------------------------------------


def object_of(owner: type[Made], table: Table, where: str, **read: Any) -> Made:
    """Return the dataclass that a checked table describes; read: fields that no table holds.

    Raises InputError with the address in the study for what the dataclass itself refuses.
    """
    return _object(owner, arguments_of(owner, table, where) | read, where)


def _object(owner: type[Made], arguments: Mapping[str, Any], where: str, called: str = "") -> Made:
    try:
        return owner(**arguments)
    except InputError as error:
        raise located(error, where, called) from None


def arguments_of(owner: type, table: Table, where: str) -> dict[str, Any]:
    """Return the fields of a dataclass by name that a checked table holds, nested tables as dataclasses."""
    arguments = {}
    for name, field in declared_fields(owner).items():
        if field.beside is not None:
            if get_origin(field.kind) is Mapping:
                inner = arguments_of(field.beside, table, where)
                arguments[name] = {k: v for k, v in inner.items() if v is not None}
        elif NO_KEY not in field.metadata:
            arguments[name] = _made(getattr(table, field.key), f"{where}.{field.key}", field.key)
    return arguments


def _made(value: Any, where: str, called: str = "") -> Any:
    """Return a value of a table with the dataclasses of the tables in it."""
    if isinstance(value, dict):
        return {k: _made(v, f"{where}.{k}") for k, v in value.items()}
    if isinstance(value, Table) and value.made_from is not None:
        return _object(value.made_from, arguments_of(value.made_from, value, where), where, called)
    return value


def located(error: InputError, where: str, called: str = "") -> InputError:
    """Return an error of the fields of a dataclass with its address in the study.

    called: the name of the dataclass itself, which its errors may begin with.
    """
    if error.where == where or error.where.startswith(f"{where}."):
        return error
    inner = error.where.removeprefix(called).lstrip(".") if called else error.where
    return InputError(f"{where}.{inner}" if inner else where, error.problem)
