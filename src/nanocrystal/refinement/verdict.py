"""A comparison in words: which candidates the data cannot tell apart, which are worse and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nanocrystal.refinement.independence import FEWEST_BLOCKS
from nanocrystal.report.refined.result import REFINED

if TYPE_CHECKING:
    from nanocrystal.report.compared.result import CandidateStanding, Comparison

DESCRIBED = 1.2
"""GoF up to which a candidate counts as describing the data"""
SUFFICES = 6.0
"""ΔBIC up to which a candidate with fewer parameters is said to suffice"""
POORER = 1.0
"""rise of χ²_eff above which a candidate that contains another has missed its minimum"""


def verdict(comparison: Comparison) -> list[str]:
    """Return what the data say of the candidates, in sentences."""
    judged = [s for s in comparison.standings if s.judged]
    left = [s for s in comparison.standings if not s.judged]
    sentences = []
    if not judged:
        sentences.append("No candidate was refined to its end, so nothing can be said.")
    elif len(judged) == 1:
        sentences.append(f"Only {judged[0].name} was refined to its end, so nothing can be compared.")
    else:
        sentences += _ranking_words(comparison, judged)
        sentences += _misfit_words(judged)
    sentences += [f"{s.name} is not judged ({s.problem})." for s in left]
    return sentences


def _ranking_words(comparison: Comparison, judged: Sequence[CandidateStanding]) -> list[str]:
    best = [comparison[name] for name in comparison.best]
    rest = [s for s in judged if s.name not in comparison.best]
    names = _listed([s.name for s in best])
    sentences = []
    if len(best) == 1:
        sentences.append(f"{names} describes the data best.")
    else:
        figures = _listed([_merit(s) for s in best])
        sentences.append(f"The data cannot tell {names} apart ({_merit_name(best[0])} {figures}).")
        fewest = min(best, key=lambda s: s.n_parameters)
        most = max(s.n_parameters for s in best)
        if fewest.n_parameters < most:
            alone = sum(s.n_parameters == fewest.n_parameters for s in best) == 1
            if alone and (fewest.delta_bic or 0.0) < SUFFICES:
                sentences.append(
                    f"Of these {fewest.name} needs the fewest parameters, {fewest.n_parameters} against up to {most}, "
                    "and suffices."
                )
    against = {p.worse: p for p in comparison.pairs if p.better == best[0].name}
    for s in rest:
        pair = against[s.name]
        sentences.append(
            f"{s.name} is worse than {best[0].name}: {_merit_name(s)} {_merit(s)} against {_merit(best[0])}, "
            f"ΔBIC {_whole(pair.delta_bic)}, chance of the other sign {_chance(pair.probability)}."
        )
    return sentences


def _misfit_words(judged: Sequence[CandidateStanding]) -> list[str]:
    lowest = min((s.gof for s in judged if s.gof is not None), default=0.0)
    if lowest <= DESCRIBED:
        return []
    return [
        f"No candidate describes the data to within their σ (best GoF {lowest:.2f}); a misfit that all share does not "
        "count for any of them, and something that none of them has may be missing."
    ]


def _merit_name(standing: CandidateStanding) -> str:
    return "R_wp" if standing.gof is None else "GoF"


def _merit(standing: CandidateStanding) -> str:
    if standing.gof is not None:
        return f"{standing.gof:.2f}"
    return " + ".join(f"{100.0 * d.rwp:.2f} %" for d in (standing.result.datasets if standing.result else {}).values())


def _whole(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 100.0 else f"{value:.0f}"


def _chance(probability: float) -> str:
    return "below 0.1 %" if probability < 1e-3 else f"{100.0 * probability:.2g} %"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def limits(comparison: Comparison) -> list[str]:
    """Return what limits the comparison."""
    notes = []
    for name, basis in comparison.bases.items():
        if basis.block * FEWEST_BLOCKS > 0.95 * basis.n_points and basis.correlation > 2.0:
            notes.append(
                f"datasets.{name}: the residuals are correlated over {basis.block} of {basis.n_points} points and "
                "more; so few independent stretches are left that a verdict is uncertain."
            )
        if not basis.has_sigmas:
            notes.append(
                f"datasets.{name}: without σ the noise is not known; its size is that of the scatter of {basis.best}."
            )
    independent = sum(b.n_independent for b in comparison.bases.values())
    for s in comparison.standings:
        if s.judged and s.n_parameters > independent / 3.0:
            notes.append(
                f"{s.name} has {s.n_parameters} parameters for about {independent:.0f} independent points; AIC and BIC "
                "are meant for many points a parameter."
            )
        if s.result is not None and s.result.provenance.get("options", {}).get("loss", "linear") != "linear":
            notes.append(f"{s.name} was refined with a robust loss, but is judged by least squares.")
    return [*notes, *_missed(comparison)]


def _missed(comparison: Comparison) -> list[str]:
    """Return which candidates fit worse than one that they contain, which no best minimum can."""
    judged = [(s, s.chi2_effective) for s in comparison.standings if s.judged and s.chi2_effective is not None]
    notes = []
    for whole, chi2 in judged:
        parts = [(part, chi2_of_part) for part, chi2_of_part in judged if _contains(whole, part)]
        part, least = min(parts, key=lambda pair: pair[1], default=(whole, chi2))
        rise = chi2 - least
        if rise > POORER:
            notes.append(
                f"{whole.name} has every parameter of {part.name} and more, but χ²_eff is {_whole(rise)} higher: it is "
                f"not at its best minimum. Begin it at the values of {part.name}, or with more starts."
            )
    return notes


def _contains(whole: CandidateStanding, part: CandidateStanding) -> bool:
    """Say whether a candidate has all numbers of another, refines all that the other refines, and more."""
    if whole.result is None or part.result is None:
        return False
    mine, others = whole.result.parameters, part.result.parameters
    refined, of_part = ({a for a, p in n.items() if p.status in REFINED} for n in (mine, others))
    return set(others) <= set(mine) and of_part < refined
