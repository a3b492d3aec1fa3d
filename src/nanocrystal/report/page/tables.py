"""The tables of parameters as plain data: their rows, and values and bounds in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nanocrystal.report.page.numbers import concise, number
from nanocrystal.report.refined.result import Estimate
from nanocrystal.text import csv_of_rows

REFINED = ("free", "linear", "at_bound", "undetermined")
STATUS = {"at_bound": "at bound"}
NO_UNCERTAINTY = {"undetermined": "not determined", "at_bound": "at its bound"}
_ORDER = {"free": 0, "linear": 1, "undetermined": 2, "at_bound": 2}


def refined_rows(parameters: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return the refined parameters in the order of their table: free, then linear, then those without uncertainty."""
    rows = {k: p for k, p in parameters.items() if p.status in REFINED}
    return {k: rows[k] for k in sorted(rows, key=lambda k: _ORDER[rows[k].status])}


def parameters_csv(parameters: Mapping[str, Estimate]) -> str:
    """Return all parameters, unrounded, as comma-separated values with a header line."""
    names = (
        "value",
        "stderr",
        "stderr_scaled",
        "unit",
        "status",
        "min",
        "max",
        "description",
        "quantity",
        "definition",
    )
    rows = []
    for key, p in parameters.items():
        cells = {n: getattr(p, n) for n in names}
        if p.status in NO_UNCERTAINTY:
            cells |= {"stderr": None, "stderr_scaled": None}
        rows.append((key, *cells.values()))
    return csv_of_rows(("parameter", *names), rows, digits=None)


def value_text(p: Estimate) -> str:
    """Return a value with its standard error in brackets, where it has one that means something."""
    if p.status in NO_UNCERTAINTY:
        return concise(p.value, None)
    return concise(p.value, p.stderr if p.stderr_scaled is None else p.stderr_scaled)


def bounds(p: Estimate) -> str:
    """Return the bounds of a parameter in words."""
    low = p.min is not None and math.isfinite(p.min) and number(p.min)
    high = p.max is not None and math.isfinite(p.max) and number(p.max)
    if low and high:
        return f"{low} to {high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else "none"
