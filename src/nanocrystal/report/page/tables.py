"""The tables of parameters as plain data: their rows, and values and bounds in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nanocrystal.report.page.numbers import between, concise, number
from nanocrystal.report.refined.result import REFINED, Estimate
from nanocrystal.text import csv_of_rows

STATUS = {"at_bound": "at bound"}
NO_UNCERTAINTY = {"undetermined": "not determined", "at_bound": "at its bound"}
TOLD = 0.1
"""standard errors by which an interval differs from value ± standard error where it is told"""
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
        "low",
        "high",
        "limit",
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


def is_told(p: Estimate) -> bool:
    """Say whether the interval of a parameter is another than value ± standard error, by a tenth of that or more."""
    if p.stderr_scaled is None or (p.low is None and p.high is None):
        return False
    ends = (p.value - p.stderr_scaled, p.value + p.stderr_scaled)
    pairs = zip(ends, (p.low, p.high), strict=True)
    return any(end is None or abs(end - plain) > TOLD * p.stderr_scaled for plain, end in pairs)


def interval_text(p: Estimate) -> str:
    """Return the interval of 68 % where it is another than value ± standard error, else nothing."""
    return between(p.low, p.high, p.stderr_scaled) if is_told(p) and p.stderr_scaled is not None else ""


def limit_text(p: Estimate) -> str:
    """Return the limit of 95 % of a parameter at or near a bound, else nothing."""
    if p.limit is None:
        return ""
    return f"{'≤' if p.limit > p.value else '≥'} {number(p.limit, 2)} (95 %)"


def without_error(p: Estimate) -> str:
    """Return what stands in the place of a standard error; empty where there is one."""
    if p.status == "at_bound" and p.limit is not None:
        return f"{NO_UNCERTAINTY[p.status]}, {limit_text(p)}"
    return NO_UNCERTAINTY.get(p.status, "")


def bounds(p: Estimate) -> str:
    """Return the bounds of a parameter in words."""
    low = p.min is not None and math.isfinite(p.min) and number(p.min)
    high = p.max is not None and math.isfinite(p.max) and number(p.max)
    if low and high:
        return f"{low} to {high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else "none"
