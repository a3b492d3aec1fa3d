"""What the fields of a dataclass are given, checked when it is made by what they are annotated with.

A dataclass that declares numbers derives from `Declares`. A number is then one: text, truth values, complex numbers and
NaN are refused with the name of the argument, numbers of numpy become those of Python. What a number may be (its
limits) is said by its quantity, and checked where its address is known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache, wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters.declaration import DeclaredField, declared_fields
from nanocrystal.parameters.number import came, real_number, whole_number
from nanocrystal.parameters.parameter import Parameter

SHOWN = 4
"""fields of a dataclass that a message names"""
Check = Callable[[Any, str], Any]
"""from a value and the name of its argument to the checked value; raises InputError"""


class Declares:
    """Base of dataclasses that declare numbers: the value of each field is checked before anything is made of it."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        rest = cls.__dict__.get("__post_init__")
        if rest is None:
            return

        @wraps(rest)
        def checked(self: Declares, *more: Any) -> None:
            check_numbers(self)
            rest(self, *more)

        cls.__post_init__ = checked  # type: ignore[method-assign]

    def __post_init__(self, *_: Any) -> None:
        check_numbers(self)


def check_numbers(made: Any) -> None:
    """Have numbers in the numeric fields of a dataclass; raises InputError that names class and argument."""
    owner: Any = type(made)
    for name, check in _checks(owner).items():
        value = getattr(made, name)
        plain = check(value, f"{owner.__name__}.{name}")
        if plain is not value:
            object.__setattr__(made, name, plain)


@lru_cache(maxsize=256)
def _checks(owner: type) -> Mapping[str, Check]:
    """Return the fields that hold numbers, and how each is checked."""
    checks = {name: _check_of_field(field) for name, field in declared_fields(owner).items()}
    return {name: check for name, check in checks.items() if check is not None}


def _check_of_field(field: DeclaredField) -> Check | None:
    """Return how a field is checked; numbers of a mapping that stand beside the other fields are called as these."""
    check = check_of(field.kind)
    if check is None or field.beside is None or get_origin(field.kind) is not Mapping:
        return check
    return _of_mapping(get_args(field.kind)[1], "{0}.{2}".format)


def check_of(kind: Any) -> Check | None:
    """Return how a value of a kind is checked, None where it holds no number."""
    options = tuple(_options(kind))
    if str in options:  # whatever it says, it may be text
        return None
    words = tuple(w for o in options if get_origin(o) is Literal for w in get_args(o))
    others = tuple(o for o in options if isinstance(o, type) and o not in (int, float))
    number = _number_check(options)
    container = next((c for o in options if (c := _container_check(o)) is not None), None)
    check = number or container
    if check is None:
        plain = [o for o in others if o is not NoneType]
        known = len(others) + sum(get_origin(o) is Literal for o in options) == len(options)
        if plain and known and all(map(_is_described, plain)):
            return _of_kinds(plain, words, NoneType in others)
        return _of_words(words) if words and not plain else None

    def checked(value: Any, where: str) -> Any:
        if isinstance(value, others) or (isinstance(value, str) and value in words):
            return value
        return check(value, where)

    return checked


def _is_described(kind: type) -> bool:
    """Say whether a kind is a dataclass, of which a message can name the fields."""
    return is_dataclass(kind)


def _of_kinds(kinds: Sequence[type], words: Sequence[Any], may_lack: bool) -> Check:
    """Return how an object of some kinds is checked, or one of several words: a dict in its place is none."""
    names = " or ".join([k.__name__ for k in kinds] + [f'"{w}"' for w in words])
    first = kinds[0]
    keys = [f.name for f in fields(first) if f.init] if is_dataclass(first) else []
    example = f", {first.__name__}({', '.join(f'{k}=…' for k in keys[:SHOWN])}{', …' * (len(keys) > SHOWN)})"

    def checked(value: Any, where: str) -> Any:
        if isinstance(value, tuple(kinds)) or (value is None and may_lack):
            return value
        if isinstance(value, str) and value in words:
            return value
        raise InputError(where, f"must be a {names}{example if keys else ''}, got {came(value)}.")

    return checked


def _of_words(words: Sequence[Any]) -> Check:
    """Return how one of several words is checked; None is what is not said."""
    known = [str(word) for word in words]

    def checked(value: Any, where: str) -> Any:
        if value is None or (isinstance(value, Hashable) and value in words):
            return value
        *first, last = map(repr, words)
        listed = f"{', '.join(first)} or {last}" if first else last
        raise InputError(where, f"must be {listed}, got {value!r}; {nearest_names(str(value), known)}")

    return checked


def _options(kind: Any) -> Sequence[Any]:
    """Return the alternatives of a kind, without annotations."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [o for k in get_args(kind) for o in _options(k)]
    return [kind]


def _number_check(options: Sequence[Any]) -> Check | None:
    if float not in options and int not in options:
        return None
    if float not in options:
        return whole_number
    expected = "a number"
    if Parameter in options:
        expected += " or a parameter such as vary(1.0)"
    words = [w for o in options if get_origin(o) is Literal for w in get_args(o)]
    expected += "".join(f' or "{w}"' for w in words)
    return lambda value, where: real_number(value, where, expected)


def _container_check(kind: Any) -> Check | None:
    """Return how a mapping, a sequence or a tuple of numbers is checked."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Mapping:
        return _of_mapping(arguments[1])
    if origin is tuple and Ellipsis not in arguments:
        return _of_tuple([check_of(a) for a in arguments])
    if origin in (Sequence, tuple, list):
        return _of_sequence(check_of(arguments[0]), _held(arguments[0]))
    return None


def _of_mapping(kind: Any, item: Callable[[str, str, str], str] = "{0}.{1}[{2!r}]".format) -> Check | None:
    """kind: of each value; item: from class, field and key to what messages call a number."""
    check, may_vary = check_of(kind), Parameter in _options(kind)
    if check is None:
        return None
    held = _held(kind)

    def checked(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise InputError(where, f"must be a mapping{held} by name, got {came(value)}.")
        owner, _, name = where.partition(".")
        plain = {k: v if _is_nan(v) and not may_vary else check(v, item(owner, name, k)) for k, v in value.items()}
        return value if all(plain[k] is v for k, v in value.items()) else plain

    return checked


def _of_tuple(checks: Sequence[Check | None]) -> Check | None:
    known = [c for c in checks if c is not None]
    if len(known) < len(checks) or not checks:
        return None

    def checked(value: Any, where: str) -> Any:
        listed = _listed(value, where)
        if len(listed) != len(known):
            raise InputError(where, f"must be {len(known)} numbers, got {len(listed)}.")
        items = enumerate(zip(known, listed, strict=True))
        return tuple(v if _is_nan(v) else c(v, f"{where}[{n}]") for n, (c, v) in items)

    return checked


def _is_nan(value: Any) -> bool:
    """Say whether it is NaN: in a range or a plain mapping it is refused where the address of that is known."""
    return isinstance(value, float) and value != value


def _held(kind: Any) -> str:
    """Return of what a mapping or sequence is, in words."""
    return " of numbers" if any(o in (int, float) or get_origin(o) is tuple for o in _options(kind)) else ""


def _of_sequence(check: Check | None, held: str) -> Check | None:
    if check is None:
        return None

    def checked(value: Any, where: str) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and not np.isnan(value).any():
            return value
        listed = _listed(value, where, held)
        plain = [check(v, f"{where}[{n}]") for n, v in enumerate(listed)]
        return value if all(a is b for a, b in zip(plain, listed, strict=True)) else tuple(plain)

    return checked


def _listed(value: Any, where: str, held: str = " of numbers") -> Sequence[Any]:
    """Return the values of a sequence; raises InputError for what is none."""
    if isinstance(value, np.ndarray) and value.ndim:
        return list(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    raise InputError(where, f"must be a sequence{held}, got {came(value)}.")
