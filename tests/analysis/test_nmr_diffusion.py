"""Distributions and maps of diffusion coefficients: known answers, optimality conditions, scipy, wrong input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import curve_fit, lsq_linear

from nanocrystal.analysis.nmr_inversion import DiffusionDistribution, DiffusionOptions, diffusion_distribution
from nanocrystal.analysis.nmr_map import diffusion_map
from nanocrystal.errors import InputError
from nanocrystal.report.nmr.figures import diffusion_figure, diffusion_map_figure

B = np.linspace(0.0, 0.17, 24) ** 2 / 1.5
"""s/µm²"""
SIGMA = 0.003
LIMITS = (5.0, 1e4)


def decay(coefficients: tuple[float, ...], amplitudes: tuple[float, ...], seed: int = 1) -> np.ndarray:
    y = np.array(amplitudes) @ np.exp(-np.outer(coefficients, B))
    return np.asarray(y + np.random.default_rng(seed).normal(0.0, SIGMA, len(B)))


@pytest.mark.parametrize("method", ["tikhonov", "entropy"])
def test_two_far_coefficients_are_two_peaks(method: str) -> None:
    y = decay((60.0, 900.0), (0.6, 0.4))
    options = DiffusionOptions(limits_um2_per_s=LIMITS, resamples=20)
    found = diffusion_distribution(B, y, SIGMA, method=method, options=options)  # type: ignore[arg-type]
    assert len(found.peaks) == 2
    slow, fast = found.peaks
    assert slow.diffusion_um2_per_s == pytest.approx(60.0, rel=0.1)
    assert fast.diffusion_um2_per_s == pytest.approx(900.0, rel=0.15)
    assert slow.fraction == pytest.approx(0.6, abs=0.04)
    assert slow.low <= slow.diffusion_um2_per_s <= slow.high
    step = np.log(found.diffusion[1] / found.diffusion[0])
    assert found.density.sum() * step == pytest.approx(1.0, abs=0.02)
    assert (found.density >= 0.0).all()
    assert (found.low <= found.high).all()
    assert found.chi2_red < 3.0
    assert "µm²/s" in str(found)
    assert len(found.to_csv().splitlines()) == 81


def test_near_coefficients_come_out_as_one_peak_between_them() -> None:
    """What the page warns of: a factor of 2 is beyond this noise; the logarithmic mean is kept."""
    found = diffusion_distribution(
        B, decay((85.0, 170.0), (0.5, 0.5)), SIGMA, options=DiffusionOptions(limits_um2_per_s=LIMITS, resamples=0)
    )
    assert found.peaks[0].fraction > 0.95
    assert found.peaks[0].diffusion_um2_per_s == pytest.approx(np.sqrt(85.0 * 170.0), rel=0.1)


def test_tikhonov_is_the_least_squares_of_scipy() -> None:
    """The same problem for scipy.optimize.lsq_linear, written out anew, at a given α."""
    y, strength = decay((60.0, 900.0), (0.6, 0.4)), 0.3
    found = diffusion_distribution(
        B, y, SIGMA, options=DiffusionOptions(limits_um2_per_s=LIMITS, n_grid=40, strength=strength, resamples=0)
    )
    grid = np.geomspace(*LIMITS, 40)
    kernel = np.exp(-B[:, None] * grid) * np.log(grid[1] / grid[0]) / SIGMA
    rough = np.zeros((40, 40))
    for k in range(40):
        rough[k, k] = 2.0
        if k:
            rough[k, k - 1] = rough[k - 1, k] = -1.0
    alpha = strength * np.sum(kernel**2) / np.sum(rough**2)
    best = lsq_linear(np.vstack([kernel, np.sqrt(alpha) * rough]), np.r_[y / SIGMA, np.zeros(40)], (0.0, np.inf),
                      tol=1e-14, max_iter=2000)  # fmt: skip
    assert found.density == pytest.approx(best.x, abs=1e-4 * best.x.max())


def test_bands_hold_repeated_measurements() -> None:
    """What 20 further measurements give at the same α scatters as the band of the first says, within a factor 2."""
    first = diffusion_distribution(
        B, decay((85.0,), (1.0,)), SIGMA, options=DiffusionOptions(limits_um2_per_s=LIMITS, strength=0.1, resamples=60)
    )
    again = [
        diffusion_distribution(
            B,
            decay((85.0,), (1.0,), s),
            SIGMA,
            options=DiffusionOptions(limits_um2_per_s=LIMITS, strength=0.1, resamples=0),
        )
        for s in range(20, 40)
    ]
    spread = np.std([a.peaks[0].diffusion_um2_per_s for a in again])
    said = 0.5 * (first.peaks[0].high - first.peaks[0].low)
    assert 0.5 * spread < said < 2.0 * spread


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"b_s_per_um2": -B}, "b_s_per_um2"), ({"sigma": 0.0}, "sigma"), ({"method": "laplace"}, "method"),
        ({"limits_um2_per_s": (10.0, 1.0)}, "limits"), ({"n_grid": 3}, "n_grid"), ({"integrals": B[:3]}, "integrals"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(given: dict, where: str) -> None:
    usual = {"b_s_per_um2": B, "integrals": decay((85.0,), (1.0,)), "sigma": SIGMA}
    settings = {k: given.pop(k) for k in ("limits_um2_per_s", "n_grid") if k in given}
    with pytest.raises(InputError, match=where):
        diffusion_distribution(**{**usual, **given}, options=DiffusionOptions(resamples=0, **settings))


# ---- maps ---------------------------------------------------------------------------------------

SHIFT = np.linspace(0.0, 7.0, 701)


def spectra() -> np.ndarray:
    """Return (24, 701): lines of 85 µm²/s at 5.7 and 1.3 ppm, one of 2300 µm²/s at 2.1 ppm, noise 0.01."""
    slow = 1.0 / (1.0 + ((SHIFT - 5.7) / 0.06) ** 2) + 2.0 / (1.0 + ((SHIFT - 1.3) / 0.08) ** 2)
    fast = 3.0 / (1.0 + ((SHIFT - 2.1) / 0.02) ** 2)
    y = np.exp(-85.0 * B)[:, None] * slow + np.exp(-2300.0 * B)[:, None] * fast
    return np.asarray(y + np.random.default_rng(3).normal(0.0, 0.01, y.shape))


def test_columns_of_a_map_against_curve_fit() -> None:
    y = spectra()
    found = diffusion_map(SHIFT, B, y, 0.01, threshold=20.0)
    for place in (5.7, 1.3, 2.1):
        k, column = int(np.argmin(np.abs(found.shift - place))), int(np.argmin(np.abs(SHIFT - place)))
        p, c = curve_fit(
            lambda b, a, d: a * np.exp(-b * d), B, y[:, column], (1.0, 300.0), sigma=np.full(24, 0.01),
            absolute_sigma=True,
        )  # fmt: skip
        assert found.diffusion[k] == pytest.approx(p[1], rel=1e-4)
        assert found.stderr[k] == pytest.approx(np.sqrt(c[1, 1]), rel=1e-2)
    assert found.diffusion[np.abs(found.shift - 5.7) < 0.02] == pytest.approx(85.0, rel=0.1)
    assert not ((found.shift > 3.5) & (found.shift < 4.5)).any()


def test_map_is_highest_where_the_line_is() -> None:
    found = diffusion_map(SHIFT, B, spectra(), 0.01, threshold=20.0)
    grid = np.geomspace(20.0, 1e4, 200)
    heights = found.on_grid(SHIFT, grid)
    row, column = np.unravel_index(heights.argmax(), heights.shape)
    assert grid[row] == pytest.approx(2300.0, rel=0.05)
    assert SHIFT[column] == pytest.approx(2.1, abs=0.02)
    assert found.to_csv().startswith("shift_ppm,diffusion_um2_per_s")


def test_figures_can_be_written() -> None:
    found: DiffusionDistribution = diffusion_distribution(
        B, decay((85.0,), (1.0,)), SIGMA, options=DiffusionOptions(resamples=3)
    )
    for figure in (diffusion_figure(found), diffusion_map_figure(diffusion_map(SHIFT, B, spectra(), 0.01))):
        json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize(
    ("b", "sigma", "threshold", "problem"),
    [(B[:5], 0.01, 10.0, "must have the shape"), (B, -1.0, 10.0, "above 0"), (B, 0.01, 1e6, "leaves no column"),
     (B, np.ones(5), 10.0, "one number or as many as b")],
)  # fmt: skip
def test_wrong_maps_are_named(b: np.ndarray, sigma: object, threshold: float, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        diffusion_map(SHIFT, b, spectra(), sigma, threshold=threshold)  # type: ignore[arg-type]
