"""Are the standard errors of sizes, cell and displacements from total scattering honest?

CsPbBr3 prisms (mean and spread of the sizes as published for 298 K, F. Bertolotti et al., ACS Nano 11,
3819 (2017), Table 2), 20,000 counts at the strongest peak on a background of 2 % of it, Q 0.8–20 Å⁻¹,
5,000 points, Poisson noise.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelling import calculated, crystal
from nanocrystal.parameters import vary
from nanocrystal.refinement import refine
from nanocrystal.sample import Distribution, Population, Prism, Sample
from nanocrystal.techniques import TotalScattering
from structures import GAMMA_CSPBBR3

TRUTH = {
    "crystals.x.a": 8.207, "crystals.x.b": 8.255, "crystals.x.c": 11.759, "crystals.x.u_iso.Cs1": 0.035,
    "crystals.x.u_iso.Pb1": 0.015, "crystals.x.u_iso.Br1": 0.03, "crystals.x.u_iso.Br2": 0.028,
    "populations.p.d_ab.mean": 81.9, "populations.p.d_ab.std": 19.7, "populations.p.l_c.mean": 97.9,
    "populations.p.l_c.std": 19.6,
}  # fmt: skip
COUNTS, BACKGROUND = 2e4, 400.0


def prisms(free: bool) -> Sample:
    def n(address: str, off: float = 1.01) -> Any:
        return vary(TRUTH[address] * off) if free else TRUTH[address]

    x = crystal(
        GAMMA_CSPBBR3, {k: n(f"crystals.x.u_iso.{k}", 1.05) for k in ("Cs1", "Pb1", "Br1", "Br2")},
        **{k: n(f"crystals.x.{k}", 1.0005) for k in "abc"},
    )  # fmt: skip
    lengths = [
        Distribution("lognormal", *(n(f"populations.p.{k}.{m}") for m in ("mean", "std"))) for k in ("d_ab", "l_c")
    ]
    return Sample({"p": Population("x", Prism(*lengths))}, {"x": x})


@cache
def ideal() -> tuple[np.ndarray, np.ndarray]:
    q = 0.8 + 19.2 / 4999 * np.arange(5000)
    grid = f"{q[0]}:{q[-1] + 1e-6}:{19.2 / 4999:.12f}"
    return q, calculated(prisms(free=False), TotalScattering(q=grid, background_terms=0), "iq")


def pulls(seeds: range, folder: Path) -> np.ndarray:
    """Return (value − truth)/stderr, (n_seeds, n_parameters)."""
    q, intensity = ideal()
    found = []
    for seed in seeds:
        counts = np.random.default_rng(seed).poisson(intensity * COUNTS / intensity.max() + BACKGROUND)
        path = folder / f"{seed}.xye"
        np.savetxt(path, np.column_stack([q, counts, np.sqrt(np.maximum(counts, 1.0))]))
        data = TotalScattering(path, columns=["q", "intensity", "sigma"], background_terms=2)
        result = refine(prisms(free=True), {"iq": data})
        assert result.converged
        assert result.datasets["iq"].gof == pytest.approx(1.0, abs=0.05)
        errors = [result.parameters[a].stderr for a in TRUTH]
        assert None not in errors
        found.append([(result.parameters[a].value - t) / e for (a, t), e in zip(TRUTH.items(), errors, strict=True)])
    return np.array(found)


def test_sizes_cell_and_displacements_come_back(tmp_path: Path) -> None:
    """Three seeds: every parameter within four standard errors, pooled scatter of the size of one."""
    found = pulls(range(3), tmp_path)
    assert np.abs(found).max() < 4.0
    assert 0.6 < found.std() < 1.5


@pytest.mark.campaign
def test_standard_errors_cover_the_truth(tmp_path: Path) -> None:
    """Pooled 68 % ± 8 % within one standard error; each parameter's pull has a spread of 0.7–1.35."""
    found = pulls(range(30), tmp_path)
    within, spread = (np.abs(found) < 1.0).mean(), found.std(axis=0)
    print(f"\nwithin one stderr {within:.3f}; pull std {dict(zip(TRUTH, spread.round(2), strict=True))}")
    assert abs(within - 0.68) <= 0.08
    assert np.all((spread >= 0.7) & (spread <= 1.35)), dict(zip(TRUTH, spread, strict=True))
