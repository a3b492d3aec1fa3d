"""A comparison and a series made by hand, with odd names, texts and numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nanocrystal.refinement import Comparison, compare
from nanocrystal.report.refined.result import DerivedValue, Result
from nanocrystal.report.series.result import MemberResult, SeriesResult, SeriesValue
from support.compared import curve, result
from support.report_example import HOSTILE
from support.series_members import fit_of, member_of, series_of


def comparison() -> Comparison:
    """Return two judged candidates, one that did not converge and one without result, with odd names and numbers."""
    observed = np.linspace(1.0, 3.0, 60)
    rng = np.random.default_rng(3)

    def candidate(n: int, **more: Any) -> Result:
        near = observed + 0.01 * n * rng.normal(size=60)
        return result({"iq": curve(observed, near, np.full(60, 0.01), gof=float("nan"))}, n, **more)

    results = {
        "a < b": candidate(2, structures={"model_a.cif": "data_a\n"}),
        "b & c": candidate(3, notes=[HOSTILE], derived={"x": DerivedValue(float("-inf"), None, HOSTILE)}),
        "c": candidate(4, converged=False),
    }
    return compare(results, title=HOSTILE, problems={"d": f"failed: {HOSTILE}"}, descriptions={"a < b": HOSTILE})


def member(t: float) -> MemberResult:
    """Return a member of two candidates, whose names, numbers and notes are odd."""
    cold = t < 115.0
    odd = {"order_parameter": SeriesValue(value=0.1 if cold else float("nan"), stderr=None, description=HOSTILE)}
    fits = {
        name: replace(
            fit_of({f"crystals.x.{name}": (3.0 + 1e-3 * t, 1e-3)}, 10.0, 0.0 if (name == "low") == cold else 20.0),
            derived=odd,
            notes=[HOSTILE],
        )
        for name in ("low", "high < x")
    }
    return replace(member_of(t, fits, "low" if cold else "high < x"), notes=(HOSTILE,))


def series() -> SeriesResult:
    failed = MemberResult(name="T140", value=140.0, branch="", fits={}, best=[], preferred=None, problem=HOSTILE)
    members = [*(member(t) for t in (100.0, 110.0, 120.0, 130.0)), failed]
    return series_of(members, ("low", "high < x"), notes=[HOSTILE], missing=["T150"], order_parameter="a - b")
