"""What a plan says, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nanocrystal.report.page.numbers import MINUS, concise, number
from nanocrystal.report.plan.result import TOGETHER, Plan, PlannedParameter, PlanTarget

MOST_NAMED = 6


def summary(plan: Plan) -> str:
    """Return what each parameter would be known to, what stays open, and what the targets need, in lines."""
    lines = [f"{plan.title}: {', '.join(f'{d.name} ({d.noise})' for d in plan.datasets)}"]
    width = max((len(a) for a in plan.addresses), default=0)
    for p in plan.parameters:
        value = concise(p.value, p.stderr) if p.determined else f"{p.value:.5g}"
        lines.append(f"  {p.address:{width}s}  {value} {p.unit}{'' if p.determined else '  (not determined)'}")
    sentences = [
        *(combination_words(changes, plan) for changes in plan.undetermined[TOGETHER].combinations),
        *(target_words(target, plan) for target in plan.needed),
        *plan.notes,
    ]
    return "\n".join([*lines, *(f"  ! {sentence}" for sentence in sentences)])


def combination_words(changes: Mapping[str, float], plan: Plan) -> str:
    """Return in a sentence what can change together unseen, scaled so that the largest relative change is 1 %."""
    parts = [_change(plan.parameter(address), relative) for address, relative in list(changes.items())[:MOST_NAMED]]
    more = len(changes) - MOST_NAMED
    listed = ", ".join(parts[:-1]) + (f" and {parts[-1]}" if len(parts) > 1 else parts[-1])
    others = f", and {more} more," if more > 0 else ""
    return f"not determined: {listed}{others} together change nothing that is measured; fix one, tie them, or add data."


def _change(p: PlannedParameter, relative: float) -> str:
    """Return a change of a parameter, in percent of its value, or in its unit where the value is 0."""
    sign = "+" if relative > 0.0 else MINUS
    if p.value:
        return f"{p.address} {sign}{number(abs(relative), 2)} %"
    if p.scale is None:
        return f"{p.address} {'up' if relative > 0.0 else 'down'}"
    unit = f" {p.unit}" if p.unit else ""
    return f"{p.address} {sign}{number(0.01 * abs(relative) * p.scale, 2)}{unit}"


def factor_words(factor: float | None) -> str:
    """Return a factor on counts in words."""
    if factor is None:
        return "no counting suffices"
    if factor == 0.0:
        return "any"
    return f"×{number(factor, 2)}"


def target_words(target: PlanTarget, plan: Plan) -> str:
    """Return in a sentence what a target needs."""
    unit = plan.parameter(target.address).unit
    target_stderr = f"{target.address} to ±{number(target.stderr, 3)}{f' {unit}' if unit else ''}"
    if not np.isfinite(target.planned):
        return f"{target_stderr}: it is not determined, whatever is counted."
    now, factor = f"planned: ±{number(target.planned, 2)}", target.counts_factor
    if factor is None:
        return f"{target_stderr} ({now}): no counting suffices; add other data, or know other parameters."
    if factor <= 1.0:
        return f"{target_stderr} ({now}) is reached, with {factor_words(factor)} of the counts already."
    by_one = target.counts_factor_alone
    several = len(by_one) > 1
    alone = "".join(f"; in {name} alone {_times(f)}" for name, f in by_one.items()) if several else ""
    in_all = " in all data sets" if several else ""
    return f"{target_stderr} ({now}) needs {number(factor, 2)} times the counts{in_all}{alone}."


def _times(factor: float | None) -> str:
    return factor_words(factor) if not factor else f"{number(factor, 2)} times"
