"""What people read of a reduction in its record, beside the objects themselves with all their arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from nanocrystal.reduction import DifferentialFunctions, IntegratedImage, PatternChange, ReducedPattern, Reduction
from nanocrystal.reduction.xas import ReducedAbsorption

EXACT = "exact"
"""the key under which a document holds an object itself"""
POLYNOMIAL_ONLY = {"rpoly"}
PHYSICAL_ONLY = {"compton", "recoil_power", "fluorescence", "normalization", "normalization_range"}


@dataclass(frozen=True)
class WithDigest:
    """How a document holds an object: its digest, what people read of it, and under "exact" all its fields."""

    digest: Callable[[Any], Mapping[str, Any]]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(
            lambda value: value[EXACT] if isinstance(value, dict) else value,
            handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda value, exact: {**self.digest(value), EXACT: exact(value)}
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        exact = handler(schema["schema"])
        return {
            "description": "what people read; under exact the object itself, from which it is read again",
            "type": "object",
            "properties": {EXACT: exact},
            "required": [EXACT],
        }


@dataclass(frozen=True)
class Joined:
    """How a document holds a pair of names as one key."""

    between: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            self._pair, serialization=core_schema.plain_serializer_function_ser_schema(self.between.join)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "string"}

    def _pair(self, key: Any) -> tuple[str, str]:
        if isinstance(key, str):
            first, _, other = key.partition(self.between)
            return first, other
        return key[0], key[1]


def reduced_digest(one: ReducedPattern) -> dict[str, Any]:
    """Return what people read of a reduction."""
    return {
        "settings": settings_of(one),
        "composition": one.composition.parts,
        "number_density": one.number_density,
        "n_points": len(one.structure.q),
        "blanks": {scale.name: scale for scale in one.scales},
        "constants": one.structure.constants,
        "checks": {check.name: check for check in one.checks},
        "notes": one.notes,
    }


def differential_digest(one: DifferentialFunctions) -> dict[str, Any]:
    """Return what people read of a differential."""
    names = ("scale", "scale_stderr", "fit_range", "intensity_scale", "notes")
    return {name: getattr(one, name) for name in names} | {"qmax": one.pdf.qmax}


def unchanged_digest(one: PatternChange) -> dict[str, Any]:
    """Return what people read of a comparison."""
    names = ("differs", "chi2", "probability", "scale", "scale_stderr", "strain", "said")
    more = {"degrees_of_freedom": one.freedom, "components": {part.name: part for part in one.parts}}
    return {name: getattr(one, name) for name in names} | more


def image_digest(one: IntegratedImage) -> dict[str, Any]:
    """Return what people read of integrated images."""
    return one.facts()


def absorption_digest(one: ReducedAbsorption) -> dict[str, Any]:
    """Return what people read of a reduced scan of an edge."""
    names = ("settings", "step", "scans", "shifts", "notes")
    return {name: getattr(one, name) for name in names} | {"e0": one.e0, "n_points": len(one.k), "noise": one.noise}


def settings_of(one: ReducedPattern) -> dict[str, Any]:
    """Return the settings that mattered, with the values that were used; tables flattened."""
    unused = PHYSICAL_ONLY if one.settings.method == "polynomial" else POLYNOMIAL_ONLY
    shown: dict[str, Any] = {}
    for field in fields(Reduction):
        value = getattr(one.settings, field.name)
        if field.name in unused or field.name in ("absorption", "r"):
            continue
        shown[field.name] = _word(value)
    shown["qmin"], shown["qmax"] = _word(one.pdf.qmin), _word(one.pdf.qmax)
    shown["qmaxinst"] = _word(float(one.structure.q[-1]) if len(one.structure.q) else one.settings.qmaxinst)
    start, stop, step = one.settings.r
    shown |= {"rmin": _word(start), "rmax": _word(stop), "rstep": _word(step)}
    if one.settings.absorption is not None:
        shown |= {f"absorption_{k}": _word(v) for k, v in vars(one.settings.absorption).items() if v is not None}
    return shown


def _word(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, tuple):
        return " ".join(f"{v:.10g}" for v in value)
    return value
