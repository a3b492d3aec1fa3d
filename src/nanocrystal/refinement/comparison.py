"""Candidates for one sample side by side: which of them the data can tell apart, and how surely.

For each candidate, from its residuals on the same points with the same weights (docs/comparison.md):

    χ²_eff = Σ χ² n_eff / (n s²)     AIC = χ²_eff + 2 P     BIC = χ²_eff + P ln n_eff,

summed over the data sets. s² is the smallest reduced χ² of any candidate (1 at least where the σ are known): a misfit
that all share is no information. n_eff is the number of independent points of the best candidate's residuals
(`independence`), or what the caller knows, such as range × D/π of a pattern. P counts every refined parameter, linear
ones too. (H. Akaike, IEEE Trans. Autom. Control 19, 716 (1974); G. Schwarz, Ann. Stat. 6, 461 (1978).)

Two candidates are told apart only where the one with the lower BIC also fits better, both by more than
`STRONG`, and a block bootstrap gives less than `UNSURE` for the other sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError, nearest_names
from nanocrystal.refinement.independence import (
    Blocks,
    block_length,
    blocks_of,
    correlation_length,
    resampled_differences,
)
from nanocrystal.refinement.verdict import limits, verdict
from nanocrystal.report.compared.result import (
    DRAWS,
    STRONG,
    UNSURE,
    CandidatePair,
    CandidateStanding,
    Comparison,
    ComparisonBasis,
)
from nanocrystal.report.refined.result import REFINED, FittedCurve, Result

FloatArray = NDArray[np.float64]


def compare(
    results: Mapping[str, Result],
    *,
    title: str = "",
    descriptions: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    independent_points: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Comparison:
    """Return refined candidates side by side, judged.

    Parameters
    ----------
    results : mapping of str to Result
        Candidates by name, refined against the same data sets.
    title : str, optional
        Of the report.
    descriptions : mapping of str to str, optional
        What a candidate is, in a sentence.
    problems : mapping of str to str, optional
        Further candidates, and why each has no result.
    independent_points : mapping of str to float, optional
        Data set -> number of its independent points, where that is known better than from the residuals, such as
        range × D/π.
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    Comparison
        The judged candidates by BIC, then the others; who can be told from whom.

    Raises
    ------
    InputError
        Where candidates were not refined against the same points with the same weights.

    References
    ----------
    H. Akaike, IEEE Trans. Autom. Control 19, 716 (1974); G. Schwarz, Ann. Stat. 6, 461 (1978); R. E. Kass & A. E.
    Raftery, J. Am. Stat. Assoc. 90, 773 (1995).
    """
    descriptions = descriptions or {}
    check_same_points({name: r.datasets for name, r in results.items()})
    standings = [_standing(name, descriptions.get(name, ""), r) for name, r in results.items()]
    judged = {s.name: s for s in standings if s.judged}
    bases = _bases(judged, independent_points or {})
    ranked = _ranked([_weighed(s, bases) for s in judged.values()])
    rng = np.random.default_rng(seed)
    pairs = [_pair(a, b, bases, rng) for a, b in combinations(ranked, 2)]
    left = [s for s in standings if not s.judged]
    left += [
        CandidateStanding(name=n, description=descriptions.get(n, ""), result=None, problem=p)
        for n, p in (problems or {}).items()
    ]
    inputs = {k: v for r in results.values() for k, v in r.inputs.items()}
    comparison = Comparison(
        title=title, standings=[*ranked, *left], pairs=pairs, bases=bases, verdict=[], inputs=inputs
    )
    return replace(comparison, verdict=verdict(comparison), notes=limits(comparison))


class Points(Protocol):
    """Measured points: arrays (n_points,); sigma None where nothing is known of it; labels: their names, if any.

    is_counted: whether they follow Poisson's law, so that σ is what each candidate expects; n_independent: how many
    residuals they hold.
    """

    @property
    def x(self) -> FloatArray: ...
    @property
    def observed(self) -> FloatArray | None: ...
    @property
    def sigma(self) -> FloatArray | None: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def is_counted(self) -> bool: ...
    @property
    def n_independent(self) -> int: ...


SAME_POINTS = "a candidate may change what is in the vial and how it is calculated, not what was measured."


def check_same_points(datasets: Mapping[str, Mapping[str, Points]]) -> None:
    """Raise InputError unless all candidates (name -> data sets) have the same points, values and σ."""
    if not datasets:
        return
    first, *others = datasets
    for other in others:
        if datasets[first].keys() != datasets[other].keys():
            theirs, ours = (", ".join(datasets[n]) for n in (other, first))
            raise InputError(other, f"has the data sets {theirs}, but {first} has {ours}; {SAME_POINTS}")
        for name, points in datasets[first].items():
            reason = _otherness(points, datasets[other][name])
            if reason:
                raise InputError(f"{other}.datasets.{name}", f"{reason} than in {first}; {SAME_POINTS}")


def _otherness(one: Points, other: Points) -> str:
    """Return how two sets of points differ, "" where they are the same."""
    if len(one.x) != len(other.x):
        return f"is compared at {len(other.x)} points rather than {len(one.x)}, another choice"
    if not np.array_equal(one.x, other.x) or tuple(one.labels) != tuple(other.labels):
        return "is compared at other points"
    if not np.array_equal(_array(one.observed), _array(other.observed)):
        return "has other measured values"
    if one.is_counted != other.is_counted or one.n_independent != other.n_independent:
        return "has other weights"
    if not one.is_counted and not np.array_equal(_array(one.sigma), _array(other.sigma)):
        return "has other weights"
    return ""


def _array(values: FloatArray | None) -> FloatArray:
    return np.zeros(0) if values is None else values


# ---- figures of merit -----------------------------------------------------------------------------


def scaled_residual_of(curve: FittedCurve) -> FloatArray:
    """Return the residuals (n_independent,) with the weights of the fit: independent, over σ, or as they are."""
    if curve.residual is not None:
        return curve.residual
    difference = curve.observed - curve.calculated
    return difference if curve.sigma is None else difference / curve.sigma


def residual_of(curve: FittedCurve) -> FloatArray:
    """Return residuals (n_points,) whose squares tell likelihoods apart: over σ, of counts the roots of deviances.

    σ of counted data are those that each candidate expects, so that its own χ² cannot be compared with another's.
    """
    if curve.deviances is None:
        return scaled_residual_of(curve)
    return np.asarray(np.copysign(np.sqrt(np.abs(curve.deviances)), curve.deviances))


def _standing(name: str, description: str, result: Result) -> CandidateStanding:
    """Return a candidate with what its own fit says of it."""
    n_parameters = sum(p.status in REFINED for p in result.parameters.values())
    residuals = [residual_of(d) for d in result.datasets.values()]
    n_points = sum(d.n_measurements for d in result.datasets.values())
    chi2 = sum(float(r @ r) for r in residuals)
    known = all(d.sigma is not None for d in result.datasets.values())
    pearson = sum(float(r @ r) for r in map(scaled_residual_of, result.datasets.values()))
    gof = float(np.sqrt(pearson / max(1, n_points - n_parameters))) if known else None
    problem = "" if result.converged else f"not converged: {result.message}"
    return CandidateStanding(
        name=name,
        description=description,
        result=result,
        problem=problem,
        n_parameters=n_parameters,
        chi2=chi2,
        gof=gof,
    )


def _bases(
    judged: Mapping[str, CandidateStanding], independent_points: Mapping[str, float]
) -> dict[str, ComparisonBasis]:
    """Return independent points and scale of σ of each data set, from the residuals of its best candidate."""
    if not judged:
        return {}
    names = [n for s in judged.values() if s.result is not None for n in s.result.datasets]
    for name in independent_points:
        if name not in names:
            raise InputError(f"independent_points[{name!r}]", f"is no data set; {nearest_names(name, names)}")
    return {name: _basis(name, judged, independent_points.get(name)) for name in dict.fromkeys(names)}


def _basis(name: str, judged: Mapping[str, CandidateStanding], stated: float | None) -> ComparisonBasis:
    reduced = {}
    for candidate, standing in judged.items():
        curves = _curves(standing)
        residual = scaled_residual_of(curves[name])
        n_total = sum(c.n_measurements for c in curves.values())
        share = 1.0 - min(standing.n_parameters, n_total - 1) / n_total
        reduced[candidate] = float(residual @ residual) / (curves[name].n_measurements * share)
    best = min(reduced, key=lambda c: reduced[c])
    curve = _curves(judged[best])[name]
    residual, n, worth = residual_of(curve), curve.n_independent, curve.n_measurements
    known = curve.sigma is not None
    if stated is not None and not 1.0 <= stated <= n:
        raise InputError(
            f"independent_points[{name!r}]", f"must be from 1 to {n}, the number of points, got {stated:g}."
        )
    correlation = correlation_length(residual) if stated is None else worth / stated
    source = f"from the autocorrelation of the residuals of {best}" if stated is None else "as given"
    if stated is None and curve.information is not None:
        correlation, source = 1.0, "by the ranges that are compared"
    if stated is None and curve.labels:
        correlation, source = 1.0, "each point is a measurement of its own"
    scale = max(1.0, reduced[best]) if known else max(reduced[best], float(np.finfo(float).tiny))
    return ComparisonBasis(
        n_points=n,
        n_independent=worth / correlation,
        scale=scale,
        correlation=correlation,
        block=block_length(residual),
        best=best,
        source=source,
        has_sigmas=known,
    )


def _curves(standing: CandidateStanding) -> Mapping[str, FittedCurve]:
    assert standing.result is not None
    return standing.result.datasets


def _weighed(standing: CandidateStanding, bases: Mapping[str, ComparisonBasis]) -> CandidateStanding:
    """Return a candidate with χ²_eff, AIC and BIC."""
    residuals = {name: residual_of(curve) for name, curve in _curves(standing).items()}
    chi2 = sum(float(r @ r) * bases[name].weight for name, r in residuals.items())
    bic = chi2 + standing.n_parameters * _penalty(bases)
    return replace(standing, chi2_effective=chi2, aic=chi2 + 2.0 * standing.n_parameters, bic=bic)


def _penalty(bases: Mapping[str, ComparisonBasis]) -> float:
    """Return the penalty of BIC for one parameter, ln n_eff."""
    return float(np.log(max(math.e, sum(b.n_independent for b in bases.values()))))


def _ranked(standings: Sequence[CandidateStanding]) -> list[CandidateStanding]:
    """Return candidates by BIC, with ΔAIC and ΔBIC above the smallest."""
    aic, bic = (min((getattr(s, k) for s in standings), default=0.0) for k in ("aic", "bic"))
    ordered = sorted(standings, key=lambda s: (s.bic, s.n_parameters))
    return [replace(s, delta_aic=(s.aic or 0.0) - aic, delta_bic=(s.bic or 0.0) - bic) for s in ordered]


# ---- pairs ----------------------------------------------------------------------------------------


def _pair(
    better: CandidateStanding, worse: CandidateStanding, bases: Mapping[str, ComparisonBasis], rng: np.random.Generator
) -> CandidatePair:
    """Return how surely the first, whose BIC is the lower, describes the data better than the second.

    Parameters count against the better where it has more of them, never for it: fewer are a reason to prefer a
    candidate, none to say that the data speak against the other.
    """
    parts, lengths = [], {}
    for name, basis in bases.items():
        near, far = (residual_of(_curves(s)[name]) for s in (better, worse))
        lengths[name] = max(basis.block, block_length(near))
        blocks = blocks_of(near, far, lengths[name], basis.has_sigmas)
        parts.append(
            replace(blocks, difference=blocks.difference * basis.weight, variance=blocks.variance * basis.weight**2)
        )
    joined = Blocks(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Blocks)))
    delta_chi2 = float(joined.difference.sum())
    extra = (worse.n_parameters - better.n_parameters) * _penalty(bases)
    charged = min(0.0, extra)
    probability = share_below(resampled_differences(joined, DRAWS, rng) + charged, 0.0)
    told_apart = min(delta_chi2, delta_chi2 + extra) > STRONG and probability < UNSURE
    return CandidatePair(
        better=better.name,
        worse=worse.name,
        delta_chi2=delta_chi2,
        delta_bic=delta_chi2 + extra,
        probability=probability,
        told_apart=told_apart,
        blocks=lengths,
    )


def share_below(draws: FloatArray, limit: float) -> float:
    """Return which part of the draws is below a limit, half of those that are at it; never quite 0 or 1."""
    below = np.count_nonzero(draws < limit) + 0.5 * np.count_nonzero(draws == limit)
    return float((below + 0.5) / (len(draws) + 1.0))
