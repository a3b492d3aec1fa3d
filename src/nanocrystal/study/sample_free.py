"""Data sets that need no sample, such as the lines of a spectrum, and the named parts that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.techniques import TECHNIQUES, DiffusionComponent, Line, RelaxationPart, TitrationStep

PARTS: Mapping[str, Any] = {
    "lines": Line,
    "parts": RelaxationPart,
    "steps": TitrationStep,
    "components": DiffusionComponent,
}
"""key of a data set -> what each of its tables becomes"""


def with_empty_sample(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a study's content with empty populations where it has none and no data set needs any."""
    datasets = content.get("datasets")
    if "populations" in content or not isinstance(datasets, dict) or not datasets:
        return content
    names = [d.get("technique") if isinstance(d, dict) else None for d in datasets.values()]
    free = all(isinstance(n, str) and n in TECHNIQUES and not TECHNIQUES[n].needs_sample for n in names)
    return {**content, "populations": {}} if free else content


def checked_technique(name: str, technique: Any, given: Mapping[str, Any]) -> Any:
    """Return the data set with its named parts as objects; raises InputError for parameters that cannot be declared."""
    made = {
        key: {part: make(**{k: getattr(t, k) for k in type(t).model_fields}) for part, t in given[key].items()}
        for key, make in PARTS.items()
        if key in given
    }
    dataset = technique(**{**given, **made})
    if made:
        try:
            dataset.declared()
        except InputError as error:
            raise InputError(f"datasets.{name}.{error.where}", error.problem) from None
    return dataset
