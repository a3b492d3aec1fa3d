"""What data sets are called where nobody says so: as their technique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nanocrystal.errors import InputError
from nanocrystal.measurement.contract import Technique
from nanocrystal.parameters.number import came

Datasets = Technique | Sequence[Technique] | Mapping[str, Technique]
"""one, several of different techniques, or by name"""


def named_datasets(given: Datasets) -> dict[str, Technique]:
    """Return data sets by name, that of their technique by default, such as pdf and total_scattering.

    Raises InputError for two of one technique without names, and for what is no data set.
    """
    if isinstance(given, Mapping):
        return {str(name): _dataset(d, f"datasets.{name}") for name, d in given.items()}
    listed = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    found: dict[str, Technique] = {}
    for n, one in enumerate(listed):
        dataset = _dataset(one, f"datasets[{n}]" if len(listed) > 1 else "datasets")
        name = dataset.name.replace("-", "_")
        if name in found:
            problem = f"there are two of the technique {dataset.name}; give them names, {{'first': …, 'second': …}}."
            raise InputError(f"datasets.{name}", problem)
        found[name] = dataset
    return found


def _dataset(given: Any, where: str) -> Technique:
    if isinstance(given, Technique):
        return given
    raise InputError(where, f"must be a data set, such as Pdf(…) or Saxs(…), got {came(given)}.")
