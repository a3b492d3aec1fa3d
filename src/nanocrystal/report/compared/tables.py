"""The tables of a comparison as plain data: which rows they have, and numbers in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from nanocrystal.report.compared.result import CandidateStanding, Comparison
from nanocrystal.report.page.numbers import MINUS, number
from nanocrystal.report.page.tables import NO_UNCERTAINTY
from nanocrystal.report.refined.result import REFINED, DerivedValue, Estimate, Result
from nanocrystal.text import csv_of_rows

Value = TypeVar("Value", Estimate, DerivedValue)


def residuals(result: Result, datasets: Sequence[str]) -> list[str]:
    """Return R_wp of each data set; of a single one with and without background."""
    names = datasets or list(result.datasets)
    if len(names) > 1:
        return [percent(result.datasets[name].rwp) for name in names]
    curve = result.datasets[names[0]]
    net = curve.rwp_without_background
    return [percent(curve.rwp), "—" if net is None else percent(net)]


def against_best(comparison: Comparison, standing: CandidateStanding) -> str:
    """Return the chance that a candidate describes the data better than the best one."""
    best = comparison.best[0]
    pair = next((p for p in comparison.pairs if (p.better, p.worse) == (best, standing.name)), None)
    return "—" if pair is None else chance(pair.probability)


def parameter_rows(comparison: Comparison) -> dict[str, dict[str, Estimate]]:
    """Return address -> candidate -> parameter, of those that any candidate refines or that differ."""
    rows = _by_address({name: r.parameters for name, r in comparison.results.items()})
    return {a: by_candidate for a, by_candidate in rows.items() if _worth_showing(list(by_candidate.values()))}


def derived_rows(comparison: Comparison) -> dict[str, dict[str, DerivedValue]]:
    """Return address -> candidate -> derived quantity, of those that two candidates or more have."""
    rows = _by_address({name: r.derived for name, r in comparison.results.items()})
    return {a: by_candidate for a, by_candidate in rows.items() if len(by_candidate) > 1}


def unlike_meanings(rows: Mapping[str, Mapping[str, Estimate | DerivedValue]]) -> dict[str, str]:
    """Return address -> in a sentence what its values mean, of the rows whose values do not all mean the same.

    rows: address -> candidate -> value. A value of which nothing is said, as in results of version 0.1, is as any.
    """
    return {address: sentence for address, row in rows.items() if (sentence := _unlike(address, row))}


def common(row: Mapping[str, Estimate | DerivedValue], word: Literal["description", "definition", "unit"]) -> str:
    """Return the description, definition or unit of the values of a row, nothing where it is not that of all."""
    words = {getattr(value, word) for value in row.values()}
    return words.pop() if len(words) == 1 else ""


def parameters_csv(comparison: Comparison) -> str:
    """Return all parameters of all candidates, unrounded, as comma-separated values."""
    heads = ("candidate", "parameter", "value", "stderr", "stderr_scaled", "unit", "status", "quantity", "definition")
    rows = []
    for name, result in comparison.results.items():
        for address, p in result.parameters.items():
            errors = (None, None) if p.status in NO_UNCERTAINTY else (p.stderr, p.stderr_scaled)
            rows.append((name, address, p.value, *errors, p.unit, p.status, p.quantity, p.definition))
    return csv_of_rows(heads, rows, digits=None)


def chance(probability: float) -> str:
    """Return a probability of the bootstrap, which knows nothing below one in a thousand."""
    return "< 0.1 %" if probability < 1e-3 else f"{100.0 * probability:.2g} %"


def percent(value: float) -> str:
    """Return a ratio in percent."""
    return f"{100.0 * value:.2f} %"


def change(value: float) -> str:
    """Return a difference of χ² or BIC to one decimal, large ones to a whole number."""
    if abs(value) >= 1e5:
        return number(value, 3)
    return (f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}").replace("-", MINUS)


def _by_address(values: Mapping[str, Mapping[str, Value]]) -> dict[str, dict[str, Value]]:
    """Return candidate -> address -> value as address -> candidate -> value."""
    rows: dict[str, dict[str, Value]] = {}
    for name, by_address in values.items():
        for address, value in by_address.items():
            rows.setdefault(address, {})[name] = value
    return rows


def _unlike(address: str, row: Mapping[str, Estimate | DerivedValue]) -> str:
    """Return in a sentence what the values of a row mean, nothing where they mean the same."""
    candidates: dict[str, list[str]] = {}
    for name, value in row.items():
        if value.quantity:
            meaning = f"{value.quantity}, {value.definition}" if value.definition else value.quantity
            candidates.setdefault(f"{meaning} ({value.unit})" if value.unit else meaning, []).append(name)
    if len(candidates) < 2:
        return ""
    each = "; ".join(f"in {', '.join(names)}: {meaning}" for meaning, names in candidates.items())
    return f"{address} is not the same in all candidates, so its values must not be compared: {each}."


def _worth_showing(known: Sequence[Estimate]) -> bool:
    if any(p.status in REFINED or p.status == "tied" for p in known):
        return True
    return len(known) > 1 and any(p.value != known[0].value for p in known)
