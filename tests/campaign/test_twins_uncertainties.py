"""Are densities of coherent boundaries found where they are, with honest standard errors, and not where they are not?

γ-CsPbBr3, prisms of D_ab 8.0 ± 1.5 nm and L_c 10.0 ± 1.5 nm (lognormal), 100,000 counts at the strongest peak on a
flat background of 2 % of it, Q 0.8–20 Å⁻¹, 5,000 points, Poisson noise. Cell, displacements of the four sites, sizes,
probabilities, scale and two terms of background are refined.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nanocrystal.parameters import vary
from nanocrystal.refinement import refine
from nanocrystal.report.refined.result import Result
from nanocrystal.sample import Crystal, Distribution, Population, Prism, Sample, TwinFamily
from nanocrystal.techniques import TotalScattering
from support.modelling import calculated

COUNTS, BACKGROUND = 1e5, 0.02
"""at the strongest peak, and which part of it the background is"""
FEW = 1e3
"""counts at which 0.02 is no more than five standard errors"""
SEEDS = range(12)
Q = 0.8 + 19.2 / 4999 * np.arange(5000)
CELL = {"a": 8.207, "b": 8.255, "c": 11.759}
U_ISO = {"Cs1": 0.035, "Pb1": 0.015, "Br1": 0.03, "Br2": 0.028}
SIZES = {"d_ab.mean": 80.0, "d_ab.std": 15.0, "l_c.mean": 100.0, "l_c.std": 15.0}
SLIPS = {"ab": "1/2<110>{110}", "c": "1/2[001]{110}"}
BOTH = {"ab": 0.05, "c": 0.02}
START = {"ab": 0.02, "c": 0.02}
"""where probabilities start"""
REFINED = ("free", "linear", "at_bound", "undetermined")


@dataclass(frozen=True)
class Fitted:
    """A refinement: pulls (value − truth)/stderr by parameter, without those at a bound; BIC = χ² + P ln n."""

    result: Result
    pulls: dict[str, float]
    chi2: float
    bic: float

    def probability(self, family: str) -> tuple[float, float | None]:
        """Return the probability of a family and its standard error, None at a bound."""
        found = self.result.parameters[f"populations.p.twins.{family}.probability"]
        return found.value, found.stderr


def truth(probabilities: dict[str, float]) -> dict[str, float]:
    """Return the true value of each parameter by address."""
    return {
        **{f"crystals.x.{k}": v for k, v in CELL.items()},
        **{f"crystals.x.u_iso.{k}": v for k, v in U_ISO.items()},
        **{f"populations.p.{k}": v for k, v in SIZES.items()},
        **{f"populations.p.twins.{k}.probability": v for k, v in probabilities.items()},
    }


def sample(probabilities: dict[str, float], free: bool) -> Sample:
    def n(value: float, off: float) -> Any:
        return vary(value * off) if free else value

    crystal = Crystal.from_library(
        "CsPbBr3-gamma", u_iso={k: n(v, 1.05) for k, v in U_ISO.items()}, **{k: n(v, 1.0005) for k, v in CELL.items()}
    )
    d, d_std, length, l_std = (n(v, 1.01) for v in SIZES.values())
    shape = Prism(Distribution("lognormal", d, d_std), Distribution("lognormal", length, l_std))
    twins = {k: TwinFamily(SLIPS[k], vary(p) if free else p) for k, p in probabilities.items()}
    return Sample({"p": Population("x", shape, twins=twins)}, {"x": crystal})


@cache
def ideal(*probabilities: tuple[str, float]) -> np.ndarray:
    settings = TotalScattering(q=f"{Q[0]}:{Q[-1] + 1e-6}:{19.2 / 4999:.12f}", background_terms=0)
    return calculated(sample(dict(probabilities), free=False), settings, "iq")


def measured(true: dict[str, float], seed: int, folder: Path, strongest: float = COUNTS) -> Path:
    """Return a file of counts of a sample with these probabilities."""
    intensity = ideal(*true.items())
    counts = np.random.default_rng(seed).poisson((intensity / intensity.max() + BACKGROUND) * strongest)
    path = folder / f"{seed} {true}.xye"
    np.savetxt(path, np.column_stack([Q, counts, np.sqrt(np.maximum(counts, 1.0))]))
    return path


def fitted(path: Path, start: dict[str, float], true: dict[str, float]) -> Fitted:
    """Return the refinement of a model with the families in `start`; `true`: the probabilities behind the data."""
    data = TotalScattering(path, columns=["q", "intensity", "sigma"], background_terms=2)
    result = refine(sample(start, free=True), {"iq": data})
    assert result.converged
    known = truth({k: true.get(k, 0.0) for k in start})
    pulls = {}
    for address, value in known.items():
        found = result.parameters[address]
        if found.stderr is not None:
            pulls[address] = (found.value - value) / found.stderr
    curve = result.datasets["iq"]
    chi2 = float((((curve.observed - curve.calculated) / curve.sigma) ** 2).sum())
    n_parameters = sum(p.status in REFINED for p in result.parameters.values())
    return Fitted(result, pulls, chi2, chi2 + n_parameters * np.log(len(Q)))


def fewest(n: int, probability: float) -> int:
    """Return of how many successes among n fewer are found once in a thousand campaigns."""
    return int(stats.binom.ppf(1e-3, n, probability))


def check_honest(pulls: np.ndarray) -> None:
    """Check pulls (n_seeds, n_parameters): pooled, and the spread of each parameter, once in a thousand campaigns."""
    n, each = len(pulls), 1e-3 / pulls.shape[1]
    # parameters of one fit are correlated, so their pulls count as about half as many
    spread = np.sqrt(0.68 * 0.32 / (0.5 * pulls.size))
    assert abs((np.abs(pulls) < 1.0).mean() - 0.683) < 3.3 * spread
    squares = (pulls**2).sum(axis=0)
    assert (squares > stats.chi2.ppf(each, n)).all()
    assert (squares < stats.chi2.ppf(1.0 - each, n)).all()


@pytest.mark.campaign
def test_densities_come_back(tmp_path: Path) -> None:
    """One seed: all thirteen parameters within four standard errors."""
    found = fitted(measured(BOTH, 100, tmp_path), START, BOTH)
    assert len(found.pulls) == 13
    assert max(abs(pull) for pull in found.pulls.values()) < 4.0


@pytest.mark.campaign
def test_standard_errors_cover_the_truth(tmp_path: Path) -> None:
    found = [fitted(measured(BOTH, seed, tmp_path), START, BOTH) for seed in SEEDS]
    pulls = np.array([list(f.pulls.values()) for f in found])
    print(f"\nwithin one stderr {(np.abs(pulls) < 1.0).mean():.3f}; pull std {pulls.std(axis=0).round(2)}")
    check_honest(pulls)


@pytest.mark.campaign
def test_the_true_model_is_preferred(tmp_path: Path) -> None:
    """Over the crystal without boundaries and over each family alone, by a BIC beyond doubt, for every seed."""
    for seed in SEEDS[:4]:
        path = measured(BOTH, seed, tmp_path)
        true, *others = (fitted(path, start, BOTH) for start in (START, {}, {"ab": 0.02}, {"c": 0.02}))
        print(f"\nBIC above the true model: {[round(other.bic - true.bic) for other in others]}")
        assert all(other.bic > true.bic + 10.0 for other in others)


@pytest.mark.parametrize("strongest", [COUNTS, FEW])
@pytest.mark.parametrize(
    "seeds", [pytest.param(SEEDS[:6], marks=pytest.mark.campaign), pytest.param(SEEDS, marks=pytest.mark.long)]
)
def test_no_boundaries_are_found_where_there_are_none(seeds: range, strongest: float, tmp_path: Path) -> None:
    """About half of the estimates stand at 0; those above it are half of a Gaussian as wide as their stderr."""
    found = [fitted(measured({}, seed, tmp_path, strongest), START, {}) for seed in seeds]
    estimates = [f.probability(family) for f in found for family in START]
    above = np.array([p / stderr for p, stderr in estimates if stderr is not None])
    print(
        f"\nat 0: {len(estimates) - len(above)} of {len(estimates)}; rms of the others {np.sqrt((above**2).mean()):.2f}"
    )
    assert len(estimates) - (above > 2.0).sum() >= fewest(len(estimates), stats.norm.cdf(2.0))
    assert fewest(len(estimates), 0.5) <= len(above) <= len(estimates) - fewest(len(estimates), 0.5)
    assert stats.chi2.ppf(1e-3, len(above)) < (above**2).sum() < stats.chi2.ppf(1.0 - 1e-3, len(above))
    # what else is refined stays honest beside a parameter at its bound
    others = [[pull for address, pull in f.pulls.items() if "twins" not in address] for f in found]
    check_honest(np.array(others))


@pytest.mark.campaign
@pytest.mark.parametrize("strongest", [COUNTS, FEW])
def test_few_boundaries_are_found(strongest: float, tmp_path: Path) -> None:
    """p = 0.02, a boundary every 29 nm, is told from 0; at 1,000 counts its stderr is 0.004."""
    true = {"ab": 0.02}
    found = [fitted(measured(true, seed, tmp_path, strongest), {"ab": 0.01}, true) for seed in SEEDS]
    p, stderr = np.array([f.probability("ab") for f in found], dtype=float).T
    print(
        f"\n{p.mean():.4f} ± {stderr.mean():.4f}, scatter {p.std(ddof=1):.4f}, least p/stderr {(p / stderr).min():.1f}"
    )
    assert (p > 3.0 * stderr).sum() >= fewest(len(p), stats.norm.cdf(0.02 / stderr.mean() - 3.0))
    check_honest(np.array([list(f.pulls.values()) for f in found]))
