"""What a study file says of objects, as nested tables of plain values: the inverse of `study.tables`.

A dataclass becomes a table by the declarations that its table is made of, by recursion; what stands at its default
is left out. Raises InputError, with the address, for what no study can say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np

from nanocrystal.errors import InputError
from nanocrystal.parameters import NO_KEY, REQUIRED, DeclaredField, Name, Parameter, declared_fields
from nanocrystal.sample import Histogram
from nanocrystal.study.fields import NAME, Table
from nanocrystal.study.tables import keys_of

Content = dict[str, Any]
GRID = tuple[float, float, float]


def content_of(made: Any, where: str, but: tuple[str, ...] = ()) -> Content:
    """Return the table that a dataclass is made of, or that a checked table was made of.

    where: its address in the study; but: keys that are said otherwise.
    """
    return {
        key: plain(value, f"{where}.{key}", kind)
        for key, value, kind, default in _entries(made, where)
        if key not in but and not _alike(value, default)
    }


def _alike(value: Any, default: Any) -> bool:
    """Return whether a value is its default; a number with its freedom is not the bare one."""
    return type(value) is type(default) and bool(value == default)


def _entries(made: Any, where: str) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield key, value, kind and default of what a table may hold; the default is ... where it must be said."""
    if isinstance(made, Table):
        kinds = {} if made.made_from is None else {f.key: f.kind for f in keys_of(made.made_from)}
        for key, info in type(made).model_fields.items():
            default = ... if info.is_required() else info.get_default(call_default_factory=True)
            yield key, getattr(made, key), kinds.get(key), default
        return
    defaults = {f.name: f.default_factory() for f in fields(made) if callable(f.default_factory)}
    owner: type = type(made)
    for name, field in declared_fields(owner).items():
        if field.beside is not None:
            yield from ((key, value, None, ...) for key, value in _beside(made, field, where).items())
        elif NO_KEY not in field.metadata:
            value = getattr(made, name)
            said = field.required or (REQUIRED in field.metadata and value is not None)
            yield field.key, value, field.kind, ... if said else defaults.get(name, field.default)


def _beside(made: Any, field: DeclaredField, where: str) -> Mapping[str, Any]:
    """Return the keys that stand in the place of a field: those of a mapping, or the file that it was read from."""
    if get_origin(field.kind) is Mapping:
        value: Mapping[str, Any] = getattr(made, field.name)
        return value
    named = field.named(made)
    if not any(named.values()):
        problem = "was made in Python, and a study names a file; write it to one and read it from there."
        raise InputError(f"{where}.{field.key}", problem)
    return named


def plain(value: Any, where: str, kind: Any = None) -> Any:
    """Return how a value stands in a study; kind: of the field that holds it, where that decides."""
    if isinstance(value, Parameter):
        return _number(value, where)
    if isinstance(value, Histogram):
        return _histogram(value, where)
    if isinstance(value, Table) or (is_dataclass(value) and not isinstance(value, type)):
        return content_of(value, where)
    if isinstance(value, Mapping):
        return _mapping(value, where, kind)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), where)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(where, f"must be a finite number, got {value}.")
    if GRID in (kind, *get_args(kind)):
        return ":".join(repr(float(v)) for v in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(v, where) for v in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str | bool | int | float):
        return value
    raise InputError(where, f"a study cannot say {type(value).__name__}; give what a study file may hold here.")


def _mapping(value: Mapping[str, Any], where: str, kind: Any) -> Content:
    arguments = next((get_args(k) for k in (kind, *get_args(kind)) if get_origin(k) is Mapping), ())
    if Name in arguments:
        check_names(value, where)
    return {str(k): plain(v, f"{where}.{k}") for k, v in value.items()}


def check_names(names: Mapping[str, Any], where: str) -> None:
    """Raise InputError for what a study cannot call a crystal, a population, a data set, …"""
    for name in names:
        if not NAME.fullmatch(name):
            problem = f"the name {name!r} must be made of letters, digits and _, and not begin with a digit; rename it."
            raise InputError(where, problem)


def _number(parameter: Parameter, where: str) -> Any:
    """Return a bare number, or the table of one that varies or is tied; bounds of a fixed number bound nothing."""
    if parameter.tie is not None:
        return {"tie": parameter.tie.text}
    if parameter.value is None:
        raise InputError(where, "has no value; a study leaves out what is left to the fit, so say None here.")
    value = plain(float(parameter.value), where)
    if not parameter.vary:
        return value
    bounds = {"min": parameter.min, "max": parameter.max}
    finite = {k: float(v) for k, v in bounds.items() if v is not None and math.isfinite(v)}
    return {"value": value, "vary": True, **finite}


def _histogram(histogram: Histogram, where: str) -> Content:
    """Return a table of lengths as it was given: by its file, or in numbers."""
    rows = {"lengths": list(histogram.lengths), "counts": list(histogram.counts)}
    factor = {} if _alike(histogram.factor, 1.0) else {"factor": plain(histogram.factor, f"{where}.factor")}
    return {
        "distribution": histogram.distribution,
        **({"file": histogram.source} if histogram.source else rows),
        **factor,
    }
