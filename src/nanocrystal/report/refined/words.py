"""What a refinement says in words."""

from __future__ import annotations

import re

from nanocrystal.report.page.numbers import concise
from nanocrystal.report.page.tables import interval_text, limit_text
from nanocrystal.report.refined.result import Estimate, Result

FRACTION = re.compile(r"populations\.[^.]+\.(mass|number|volume)_fraction")
WITHOUT_ERROR = {"undetermined": "not determined", "at_bound": "at its bound", "tied": "tied"}


def summary(result: Result) -> str:
    """Return the refined parameters with their uncertainties, and what to know, in lines."""
    lines = [f"{result.title}: {result.state}, {result.message}, in {result.elapsed_s:.1f} s"]
    for name, d in result.datasets.items():
        gof = "" if d.gof is None else f", GoF {d.gof:.2f}"
        lines.append(f"  {name}: R_w {100.0 * d.rw:.2f} % on {d.n_points} points{gof}")
    refined = {a: p for a, p in result.parameters.items() if p.status != "fixed"}
    width = max((len(a) for a in refined), default=0)
    lines += [f"  {address:{width}s}  {_value_words(p)}" for address, p in refined.items()]
    lines += _fractions(result)
    if result.joint is not None and result.joint.agreement is not None:
        agreement = result.joint.agreement
        lines.append(
            f"  what the data sets say alone: χ² {agreement.chi2:.1f} lower, for {agreement.freedom} degrees of "
            f"freedom (p = {agreement.probability:.2g})"
        )
    return "\n".join([*lines, *(f"  ! {note}" for note in result.notes)])


def _fractions(result: Result) -> list[str]:
    """Return the parts of the sample where fractions that were refined are ratios, as they do not add up to 1."""
    stated = {a: p for a, p in result.parameters.items() if FRACTION.fullmatch(a)}
    if abs(sum(p.value for p in stated.values()) - 1.0) < 1e-6 or all(p.status == "fixed" for p in stated.values()):
        return []
    parts = {a: d for a, d in result.derived.items() if a.endswith(".mass_fraction_of_sample")}
    width = max((len(a) for a in parts), default=0)
    return [f"  {a:{width}s}  {concise(d.value, d.stderr)}  (of the mass of the sample)" for a, d in parts.items()]


def _value_words(p: Estimate) -> str:
    value = concise(p.value, p.stderr_scaled) if p.stderr_scaled is not None else f"{p.value:.5g}"
    words = [WITHOUT_ERROR.get(p.status, ""), limit_text(p) if p.status == "at_bound" else ""]
    interval = interval_text(p)
    said = ", ".join(w for w in (*words, f"68 %: {interval}" if interval else "") if w)
    return f"{value} {p.unit}" + (f"  ({said})" if said else "")
