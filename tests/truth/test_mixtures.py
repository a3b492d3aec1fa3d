"""Amounts of phases found by a refinement against linear least squares by hand, values and covariance.

Where only fractions and a scale are refined, each technique sees a linear combination of the curves of pure phases,
y = Σ c_k p_k. The c_k and their covariance are those of linear least squares; parts by mass are w_k = c_k m_k/Σ c m,
with m_k by hand for each technique, and their covariance follows by the derivative of this quotient. They sum to 1, so
each row of their covariance sums to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanocrystal.parameters import vary
from nanocrystal.refinement import refine
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.refinement.uncertainty import covariance, gradient
from nanocrystal.sample import Bulk, Population, Sample, Sphere
from nanocrystal.techniques import Pdf, Powder, TotalScattering
from support.modelling import calculated, crystal
from support.structures import CUBIC, NICKEL, WURTZITE_CDSE

CRYSTALS = {"ni": crystal(NICKEL, 0.006), "pero": crystal(CUBIC, 0.02), "cdse": crystal(WURTZITE_CDSE, 0.015)}
DIAMETERS = {"ni": 22.0, "pero": 30.0, "cdse": 26.0}
"""Å, of the spheres that total scattering sees"""
MASS = {"ni": 58.6934, "pero": (132.90545 + 207.2 + 3 * 79.904) / 5, "cdse": (112.414 + 78.971) / 2}
"""Da, of the mean atom; other tables have Se and Cd up to 1.4e-4 lighter"""
DENSITY = {"ni": 4 / 3.52**3, "pero": 5 / 5.87**3, "cdse": 4 / (4.3**2 * 7.01 * np.sqrt(3) / 2)}
"""atoms per Å³"""
ELECTRONS = {"ni": 28.0, "pero": (55 + 82 + 3 * 35) / 5, "cdse": (48 + 34) / 2}
"""of the mean atom"""
TRUE = {"ni": 0.2, "pero": 0.5, "cdse": 0.3}
"""parts by mass"""
THREE, TWO = ("ni", "pero", "cdse"), ("ni", "cdse")


@dataclass(frozen=True)
class Seen:
    """A technique, how crystals are given to it, and the mass that stands behind its curve of each phase."""

    name: str

    @property
    def finite(self) -> bool:
        return self.name == "total-scattering"

    def mass(self, phase: str) -> float:
        """Return m: of a crystal for I(Q) of the mean crystal, 1 for intensities per dalton.

        G(r) of a phase counts with its part of the atoms times the square of their mean electrons.
        """
        if self.name == "powder":
            return 1.0
        if self.name == "pdf":
            return MASS[phase] / ELECTRONS[phase] ** 2
        return np.pi / 6.0 * DIAMETERS[phase] ** 3 * DENSITY[phase] * MASS[phase]

    def population(self, phase: str, fraction: Any) -> Population:
        return Population(phase, Sphere(DIAMETERS[phase]) if self.finite else Bulk(), fraction=fraction)

    def dataset(self, **measured: Any) -> Any:
        """Return the data set, measured (y, sigma) or to be calculated."""
        y, sigma = measured.get("y"), measured.get("sigma")
        if self.name == "pdf":
            r = np.pi / 22.0 * np.arange(12, 160)
            points = (
                {"r": r, "g": y, "sigma": sigma}
                if measured
                else {"r": f"{r[0]:.15g}:{r[-1] + 0.01:.15g}:{r[1] - r[0]:.15g}"}
            )
            return Pdf(qmax=22.0, qdamp=0.03, peak_form="pdfgui", **points)
        if self.name == "powder":
            two_theta = 15.0 + 0.02 * np.arange(2001)
            points = (
                {"two_theta": two_theta, "intensity": y, "sigma": sigma}
                if measured
                else {"two_theta": "15:55.001:0.02"}
            )
            return Powder(wavelength=1.0, anomalous=False, caglioti_w=0.01, background_terms=0, **points)
        q = 1.0 + 0.02 * np.arange(451)
        points = {"q": q, "intensity": y, "sigma": sigma} if measured else {"q": "1:10.001:0.02"}
        return TotalScattering(background_terms=0, **points)

    def pure(self, phase: str) -> np.ndarray:
        sample = Sample({phase: self.population(phase, 1.0)}, {phase: CRYSTALS[phase]})
        return calculated(sample, self.dataset(), "d")


def by_hand(y: np.ndarray, sigma: float, pure: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return parts by mass (n,) and their covariance (n, n); pure: (n, n_points)."""
    inverse = np.linalg.inv(pure @ pure.T)
    c = inverse @ pure @ y
    total = c @ mass
    parts = c * mass / total
    slope = (np.diag(mass) - np.outer(parts, mass)) / total
    return parts, slope @ (sigma**2 * inverse) @ slope.T


@pytest.mark.parametrize("name", ["powder", "pdf", "total-scattering"])
@pytest.mark.parametrize("phases", [TWO, THREE])
def test_parts_by_mass_and_their_covariance(name: str, phases: tuple[str, ...]) -> None:
    seen = Seen(name)
    pure = np.array([seen.pure(p) for p in phases])
    mass = np.array([seen.mass(p) for p in phases])
    y = np.array([TRUE[p] for p in phases]) / mass @ pure
    sigma = 0.01 * float(np.abs(y).max())
    y = y + np.random.default_rng(4).normal(0.0, sigma, len(y))
    expected, spread_by_hand = by_hand(y, sigma, pure, mass)

    first, *others = phases
    populations = {p: seen.population(p, vary(1.0)) for p in others} | {first: seen.population(first, 1.0)}
    sample = Sample(populations, {p: CRYSTALS[p] for p in phases})
    data = {"d": seen.dataset(y=y, sigma=np.full(len(y), sigma))}
    result = refine(sample, data)
    assert result.converged
    found = [result.derived[f"populations.{p}.mass_fraction_of_sample"] for p in phases]
    errors = np.sqrt(np.diag(spread_by_hand))
    assert sum(d.value for d in found) == pytest.approx(1.0, abs=1e-12)
    assert np.abs(([d.value for d in found] - expected) / errors).max() < 0.015
    scaled = [d.stderr for d in found]
    factor = np.sqrt(max(1.0, result.datasets["d"].chi2_red or 0.0))
    np.testing.assert_allclose(scaled, factor * errors, rtol=1e-3)

    problem = bound_problem(sample, data, Path())
    point = problem.point(np.array([result.parameters[d.address].value for d in problem.free]))
    spread = covariance(problem, point)
    slopes = gradient(problem, point, lambda p: sample.mass_fractions(p.evaluation))
    rows = np.array([[slopes[p].get(a, 0.0) for a in spread.names] for p in phases])
    matrix = rows @ spread.matrix @ rows.T
    np.testing.assert_allclose(matrix, spread_by_hand, rtol=2e-3, atol=2e-3 * errors.min() ** 2)
    assert np.abs(matrix.sum(axis=1)).max() < 1e-9 * np.diag(matrix).max()
