"""What a series keeps of the results of a member: values with their standard errors, and patterns for its figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nanocrystal.report.compared.result import Comparison
from nanocrystal.report.refined.result import REFINED, DerivedValue, Estimate, FittedCurve, Result
from nanocrystal.report.series.result import MemberFit, MemberPattern, SeriesValue

MOST_POINTS = 1600
"""of a pattern that is kept for the figures of the series"""


def member_fit(result: Result, extra: Mapping[str, SeriesValue] | None = None) -> MemberFit:
    """Return what a series keeps of a result; extra: further quantities, such as an order parameter."""
    values = {a: _value(p, p.stderr_scaled, p.status) for a, p in result.parameters.items()}
    derived = {a: _value(d, d.stderr, "derived") for a, d in result.derived.items() if np.isfinite(d.value)}
    n_parameters = sum(p.status in REFINED for p in result.parameters.values())
    patterns = {name: _pattern(curve) for name, curve in result.datasets.items()}
    return MemberFit(
        converged=result.converged,
        message=result.message,
        n_parameters=n_parameters,
        values=values,
        derived={**derived, **(extra or {})},
        patterns=patterns,
        notes=list(result.notes),
    )


def _value(quantity: Estimate | DerivedValue, stderr: float | None, status: str) -> SeriesValue:
    known = stderr if stderr is not None and np.isfinite(stderr) else None
    return SeriesValue(
        value=quantity.value,
        stderr=known,
        unit=quantity.unit,
        status=status,
        description=quantity.description,
        quantity=quantity.quantity,
        definition=quantity.definition,
    )


def _pattern(curve: FittedCurve) -> MemberPattern:
    fine = curve.fine
    if fine is not None and fine.observed is not None:
        columns = (fine.x, fine.observed, fine.calculated)
    else:
        columns = (curve.x, curve.observed, curve.calculated)
    step = max(1, -(-len(columns[0]) // MOST_POINTS))
    x, observed, calculated = (np.array(column[::step]) for column in columns)
    return MemberPattern(
        technique=curve.technique,
        x_name=curve.x_name,
        x_unit=curve.x_unit,
        y_name=curve.y_name,
        y_unit=curve.y_unit,
        x=x,
        observed=observed,
        calculated=calculated,
        rw=curve.rw,
        gof=curve.gof,
        n_points=curve.n_points,
    )


def preferred_of(comparison: Comparison) -> str | None:
    """Return the simplest of the candidates that cannot be told apart from the best, None where none was judged."""
    best = [comparison[name] for name in comparison.best]
    return min(best, key=lambda s: (s.n_parameters, s.bic)).name if best else None
