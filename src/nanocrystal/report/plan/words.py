"""What a plan says, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nanocrystal.refinement.design.information import Combination, Named
from nanocrystal.refinement.design.plan import Plan, Target
from nanocrystal.report.page.numbers import MINUS, number

MOST_NAMED = 6


def combination_words(found: Combination, parameters: Sequence[Named]) -> str:
    """Return in a sentence what can change together unseen, scaled so that the largest relative change is 1 %."""
    by = {p.address: p for p in parameters}
    parts = [_change(by[address], relative) for address, relative in list(found.changes.items())[:MOST_NAMED]]
    more = len(found.changes) - MOST_NAMED
    listed = ", ".join(parts[:-1]) + (f" and {parts[-1]}" if len(parts) > 1 else parts[-1])
    others = f", and {more} more," if more > 0 else ""
    return f"not determined: {listed}{others} together change nothing that is measured; fix one, tie them, or add data."


def _change(p: Named, relative: float) -> str:
    """Return a change of a parameter, in percent of its value, or in its unit where the value is 0."""
    sign = "+" if relative > 0.0 else MINUS
    if p.value:
        return f"{p.address} {sign}{number(abs(relative), 2)} %"
    unit = f" {p.unit}" if p.unit else ""
    return f"{p.address} {sign}{number(0.01 * abs(relative) * p.scale, 2)}{unit}"


def factor_words(factor: float | None) -> str:
    """Return a factor on counts in words."""
    if factor is None:
        return "no counting suffices"
    if factor == 0.0:
        return "any"
    return f"×{number(factor, 2)}"


def target_words(target: Target, plan: Plan) -> str:
    """Return in a sentence what a target needs."""
    named = next(p for p in plan.parameters if p.address == target.address)
    unit = f" {named.unit}" if named.unit else ""
    wanted = f"{target.address} to ±{number(target.wanted, 3)}{unit}"
    if not np.isfinite(target.now):
        return f"{wanted}: it is not determined, whatever is counted."
    now = f"planned: ±{number(target.now, 2)}"
    if target.together is not None and target.together <= 1.0:
        return f"{wanted} ({now}) is reached, with {factor_words(target.together)} of the counts already."
    if target.together is None:
        return f"{wanted} ({now}): no counting suffices; add other data, or know other parameters."
    several = len(target.each) > 1
    alone = "".join(f"; in {name} alone {_times(f)}" for name, f in target.each.items()) if several else ""
    in_all = " in all data sets" if several else ""
    return f"{wanted} ({now}) needs {number(target.together, 2)} times the counts{in_all}{alone}."


def _times(factor: float | None) -> str:
    return factor_words(factor) if not factor else f"{number(factor, 2)} times"
