"""The kinds of values that stand in a study file: numbers with their freedom, and distributions."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.parameters import Limits, Parameter, parse_expression
from nanocrystal.parameters.number import LARGEST
from nanocrystal.sample import Distribution, Histogram
from nanocrystal.study.messages import nearest_keys, quotes_hint, shown

NUMBER_KEYS = ("value", "vary", "min", "max", "tie")
DISTRIBUTION_KEYS = ("distribution", "mean", "std")
TABULATED_KEYS = ("distribution", "lengths", "counts", "file", "factor")
DISTRIBUTIONS = ("lognormal", "normal", "tabulated")
_NUMBER_TABLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "value": {"type": "number", "description": "the value, or where the refinement starts"},
        "vary": {"type": "boolean", "description": "whether the refinement may change it"},
        "min": {"type": "number"},
        "max": {"type": "number"},
        "tie": {"type": "string", "description": "arithmetic on addresses, e.g. 1 - populations.a.mass_fraction"},
    },
    "additionalProperties": False,
}
NUMBER_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, _NUMBER_TABLE]}
_DISTRIBUTION_TABLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "distribution": {"enum": ["lognormal", "normal"]},
        "mean": NUMBER_SCHEMA,
        "std": NUMBER_SCHEMA,
    },
    "required": ["distribution", "mean", "std"],
    "additionalProperties": False,
}
_TABULATED_TABLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "distribution": {"const": "tabulated"},
        "lengths": {"type": "array", "items": {"type": "number", "exclusiveMinimum": 0}, "minItems": 2},
        "counts": {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2},
        "file": {"type": "string", "description": "two columns, length in Å and count; instead of lengths and counts"},
        "factor": NUMBER_SCHEMA,
    },
    "required": ["distribution"],
    "oneOf": [{"required": ["lengths", "counts"]}, {"required": ["file"]}],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class CountedFile:
    """A histogram of lengths that is in a file, not yet read."""

    file: str
    factor: Parameter


def wrong(message: str) -> PydanticCustomError:
    """Return an error with a sentence for the user; pydantic adds the place."""
    return PydanticCustomError("study", "{message}", {"message": message})


NAME = re.compile(r"[A-Za-z_]\w*")


def _identifier(name: str) -> str:
    if not NAME.fullmatch(name):
        raise wrong(f"the name {name!r} must be made of letters, digits and _, and not begin with a digit.")
    return name


Name = Annotated[str, AfterValidator(_identifier)]
"""what a user calls a crystal, a population, a data set, …"""


def _plain(value: Any, name: str = "") -> float:
    name = f"{name} " if name else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"{name}must be a number, got {shown(value)}{quotes_hint(value)}.")
    if not -LARGEST <= value <= LARGEST:
        needed = (
            "a finite number" if value in (math.inf, -math.inf) or value != value else f"at most {LARGEST:g} in size"
        )
        raise wrong(f"{name}must be {needed}, got {shown(value)}.")
    return float(value)


def parse_number(value: Any, name: str = "") -> Parameter:
    """Return the parameter for a bare number or a table with value or tie; `name` begins a message."""
    if isinstance(value, Parameter):
        return value
    if not isinstance(value, dict):
        return Parameter(_plain(value, name))
    for key in value:
        if key not in NUMBER_KEYS:
            raise wrong(f"{key!r} is no key of a number; {nearest_keys(key, NUMBER_KEYS)}")
    if "tie" in value:
        others = [k for k in value if k != "tie"]
        if others:
            raise wrong(f"a tied number has no {others[0]} of its own; leave out {', '.join(others)} or the tie.")
        if not isinstance(value["tie"], str):
            raise wrong(f'tie must be text such as "2 * crystals.pt.a", got {shown(value["tie"])}.')
        try:
            return Parameter(None, tie=parse_expression(value["tie"], ""))
        except InputError as error:
            raise wrong(error.problem) from None
    if "value" not in value:
        raise wrong("needs a value (where the refinement starts), for instance { value = 1.0, vary = true }, or a tie.")
    free = value.get("vary", False)
    if not isinstance(free, bool):
        raise wrong(f"vary must be true or false, without quotation marks, got {shown(free)}.")
    bounds = {k: _plain(value[k], k) if k in value else None for k in ("min", "max")}
    if not free and any(b is not None for b in bounds.values()):
        raise wrong("min and max bound a number that varies; add vary = true, or leave them out.")
    return Parameter(_plain(value["value"], "value"), vary=free, **bounds)  # type: ignore[arg-type]


def parse_length(value: Any) -> Parameter | Distribution | Histogram | CountedFile:
    """Return a parameter, or a distribution for a table with `distribution`."""
    if not isinstance(value, dict) or "distribution" not in value:
        return parse_number(value)
    kind = value["distribution"]
    if kind == "tabulated":
        return _parse_tabulated(value)
    for key in value:
        if key not in DISTRIBUTION_KEYS:
            if key in TABULATED_KEYS:
                raise wrong(f'{key} belongs to distribution = "tabulated", not to {shown(kind)}.')
            raise wrong(f"{key!r} is no key of a distribution; {nearest_keys(key, DISTRIBUTION_KEYS)}")
    if kind not in DISTRIBUTIONS:
        raise wrong(f"there is no distribution {kind!r}; {nearest_names(str(kind), DISTRIBUTIONS)}")
    for key in ("mean", "std"):
        if key not in value:
            raise wrong(f"a distribution needs {key}.")
    return Distribution(kind, parse_number(value["mean"], "mean"), parse_number(value["std"], "std"))


def _parse_tabulated(value: dict[str, Any]) -> Histogram | CountedFile:
    for key in value:
        if key in DISTRIBUTION_KEYS[1:]:
            raise wrong(f"{key} follows from a table; refine factor, which stretches all its lengths.")
        if key not in TABULATED_KEYS:
            raise wrong(f"{key!r} is no key of a tabulated distribution; {nearest_keys(key, TABULATED_KEYS)}")
    factor = parse_number(value.get("factor", 1.0), "factor")
    if "file" in value:
        if "lengths" in value or "counts" in value:
            raise wrong("file stands beside lengths or counts; a table comes from exactly one of the two.")
        if not isinstance(value["file"], str):
            raise wrong(f"file must be text in quotation marks, got {shown(value['file'])}.")
        return CountedFile(value["file"], factor)
    for key in ("lengths", "counts"):
        if key not in value:
            raise wrong(f"a tabulated distribution needs lengths and counts, or a file; {key} is missing.")
        if not isinstance(value[key], list):
            raise wrong(f"{key} must be a list in square brackets, got {shown(value[key])}.")
    lengths, counts = ([_plain(x, f"each of {key}") for x in value[key]] for key in ("lengths", "counts"))
    try:
        return Histogram(lengths, counts, factor)
    except InputError as error:
        raise wrong(f"{error.where} {error.problem}") from None


def _pair(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(_plain(v, "each end") for v in value)
    raise wrong(f"must be two numbers [low, high], got {shown(value)}.")


def _value_and_sigma(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2:
        return _plain(value[0], "the value"), _plain(value[1], "the standard deviation")
    raise wrong(f"must be two numbers, [value, standard deviation], got {shown(value)}.")


def _grid(value: Any) -> tuple[float, float, float]:
    try:
        start, stop, step = (float(part) for part in str(value).split(":"))
    except ValueError:
        raise wrong(f'must be text such as "0:60:0.01", START:STOP:STEP in Å; got {shown(value)}.') from None
    return start, stop, step


def number_or_word(word: str, limits: Limits) -> Any:
    """Return the kind of a plain number from the least of `limits` on, or a word in its place."""

    def parsed(value: Any) -> float | str:
        if value == word:
            return word
        least = -math.inf if limits.least is None else limits.least
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
            raise wrong(f'must be a number of at least {least:g} ({limits.unit}), or "{word}"; got {shown(value)}.')
        return float(value)

    return Annotated[Any, PlainValidator(parsed), WithJsonSchema({"anyOf": [{"type": "number"}, {"const": word}]})]


def _number(value: Any) -> Parameter:
    return parse_number(value)


def _by_element(value: Any) -> Any:
    """Refuse one number where there must be one for each element or site."""
    if isinstance(value, dict) and set(value) & set(NUMBER_KEYS):
        inner = ", ".join(f"{k} = {value_of(value[k])}" for k in NUMBER_KEYS if k in value)
        raise wrong(f"is a table by element or site label; write u_iso = {{ Pt = {{ {inner} }} }}, for each element.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise wrong(f"is a table by element or site label; write u_iso = {{ Pt = {value} }}, got {value}.")
    return value


def value_of(value: Any) -> str:
    """Return a plain value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


NumberField = Annotated[Any, PlainValidator(_number), WithJsonSchema(NUMBER_SCHEMA)]
ByElement = Annotated[dict[str, NumberField], BeforeValidator(_by_element)]
LengthField = Annotated[
    Any,
    PlainValidator(parse_length),
    WithJsonSchema({"anyOf": [{"type": "number"}, _NUMBER_TABLE, _DISTRIBUTION_TABLE, _TABULATED_TABLE]}),
]
MeasuredField = Annotated[tuple[float, float], BeforeValidator(_value_and_sigma)]
RangeField = Annotated[tuple[float, float], BeforeValidator(_pair)]
GridField = Annotated[tuple[float, float, float], BeforeValidator(_grid), WithJsonSchema({"type": "string"})]


class Table(BaseModel):
    """A table of the study; an unknown key is an error that names the nearest valid one.

    made_from: the dataclass whose fields are its keys; made_of: all of them and its name, as `tables.table_of` took
    them.
    """

    made_from: ClassVar[type | None] = None
    made_of: ClassVar[tuple[Any, ...] | None] = None

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise wrong(f"must be a table, got {shown(value)}.")
        for key in value:
            if key not in cls.model_fields:
                raise PydanticCustomError(
                    "unknown_key",
                    "{message}",
                    {"message": f"unknown key; {nearest_keys(key, cls.model_fields)}", "key": key},
                )
        return value

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return how another process makes it again: the class of a table has no place in a module."""
        if self.made_of is None:
            return super().__reduce_ex__(protocol)
        from nanocrystal.study.tables import table_again

        return table_again, (*self.made_of, self.__getstate__())
