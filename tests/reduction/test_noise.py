"""The covariance of G(r): of white noise in closed form, and against ten thousand reductions written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import support.counted_spheres as by_hand
from nanocrystal.data import Curve
from nanocrystal.measurement.correlated import Complement
from nanocrystal.reduction import Intensity, Reduction, ReductionBlank, reduced_pattern
from nanocrystal.reduction.noise import TransformNoise, sines_below
from nanocrystal.reduction.spread import Spread

FloatArray = np.ndarray


def of_white(step: float, qmax: float, sigma: float, **more: object) -> TransformNoise:
    """Return the noise of G(r) from F(Q) with the same σ at each point."""
    q = np.arange(step, qmax + 1e-9, step)
    spread = Spread.of_counts(np.full(len(q), sigma))
    return TransformNoise(**{"q": q, "spread": spread, "qmin": 0.0, "qmax": qmax} | more)  # type: ignore[arg-type]


def test_white_noise_of_f_makes_g_of_one_sigma_correlated_as_a_sinc() -> None:
    """Var G → (2/π²) ΔQ qmax σ², correlation sin(qmax Δr)/(qmax Δr), far from r = 0."""
    step, qmax, sigma = 0.01, 20.0, 0.03
    r = 60.0 + np.arange(0.0, 4.0, 0.02)
    covariance = of_white(step, qmax, sigma).covariance(r)
    variance = np.diag(covariance)
    np.testing.assert_allclose(variance, 2.0 / np.pi**2 * step * qmax * sigma**2, rtol=0.01)
    correlation = covariance / np.sqrt(np.outer(variance, variance))
    apart = qmax * np.subtract.outer(r, r)
    np.testing.assert_allclose(correlation, np.sinc(apart / np.pi), atol=0.01)


def test_points_of_the_nyquist_grid_are_independent_where_noise_is_white() -> None:
    qmax = 20.0
    covariance = of_white(0.01, qmax, 1.0).covariance(np.pi / qmax * np.arange(20, 200))
    off = covariance / covariance.diagonal().mean() - np.eye(len(covariance))
    assert np.abs(off).max() < 0.005


@pytest.mark.parametrize("window", ["none", "lorch"])
def test_any_noise_is_the_double_sum_over_q(window: str) -> None:
    """(2/π)² ΔQ² Σ σ_k² w_k² sin(Q_k r) sin(Q_k r′), a loop over points; w ½ at both ends of the sum."""
    q = np.arange(1.0, 12.001, 0.05)
    sigma = 0.01 + 0.002 * q**2
    noise = TransformNoise(q=q, spread=Spread.of_counts(sigma), qmin=1.0, qmax=12.0, window=window)
    r = np.array([1.7, 2.5, 2.6, 11.3])
    covariance = noise.covariance(r)
    for i, first in enumerate(r):
        for j, second in enumerate(r):
            total = 0.0
            for k, (at, s) in enumerate(zip(q, sigma, strict=True)):
                weight = 0.05 * (0.5 if k in (0, len(q) - 1) else 1.0)
                if window == "lorch":
                    weight *= np.sin(np.pi * at / 12.0) / (np.pi * at / 12.0)
                total += (2.0 / np.pi * weight * s) ** 2 * np.sin(at * first) * np.sin(at * second)
            assert covariance[i, j] == pytest.approx(total, rel=1e-9, abs=1e-15)


def curve(q: FloatArray, counts: FloatArray) -> Intensity:
    content = {"x_name": "q", "y_name": "intensity", "source": "x", "sha256": "", "metadata": {}, "notes": ()}
    return Intensity.from_curve(Curve(x=q, y=counts, sigma=np.sqrt(counts), **content))  # type: ignore[arg-type]


def test_ten_thousand_noisy_reductions_scatter_as_it_says() -> None:
    """Each a reduction of Poisson counts, of the sample and of a blank on another grid, by numpy alone.

    Element by element: (sample covariance − covariance)/√((C_ij² + C_ii C_jj)/N) is a normal deviate. Slow changes of
    F(Q), whose polynomial has been taken out, are part of it: the covariance has next to nothing there.
    """
    n, rng, rpoly = 10_000, np.random.default_rng(0), 1.3
    q, blank_q = by_hand.Q, np.arange(1.15, 15.1, 0.075)
    mean = by_hand.PER_UNIT * (by_hand.scattered(q) + by_hand.BACKGROUND)
    blank_mean = 300.0 + 500.0 * np.exp(-((blank_q - 2.0) ** 2))
    at_sample = np.array([np.interp(q, blank_q, row) for row in np.eye(len(blank_q))])
    r = np.arange(1.0, 16.0, 0.37)
    settings = Reduction(composition="Ni", qmin=q[0], qmax=q[-1], rpoly=rpoly, r=(0.0, 20.0, 0.1))
    mean = mean + 0.8 * blank_mean @ at_sample
    whole = reduced_pattern(curve(q, mean), settings, [ReductionBlank("cell", curve(blank_q, blank_mean), 0.8)])
    noise = TransformNoise.of(whole)
    assert noise is not None
    expected = noise.covariance(r)
    drawn = rng.poisson(mean, (n, len(q))) - 0.8 * rng.poisson(blank_mean, (n, len(blank_q))) @ at_sample
    g = by_hand.transformed(by_hand.ad_hoc(drawn, rpoly), r)
    found = np.cov(g.T)
    size = np.sqrt((expected**2 + np.outer(expected.diagonal(), expected.diagonal())) / n)
    pulls = ((found - expected) / size)[np.triu_indices(len(r))]
    assert np.abs(pulls).max() < 5.0
    assert np.sqrt(np.mean(pulls**2)) == pytest.approx(1.0, abs=0.15)
    # not what each point would have by itself
    diagonal = np.diag(expected.diagonal())
    assert np.sqrt(np.mean(((found - diagonal) / size)[np.triu_indices(len(r), 1)] ** 2)) > 3.0


def test_what_is_open_holds_what_the_polynomial_and_the_first_q_take() -> None:
    """Q, Q², Q³ of F up to qmax, transformed by a fine sum, and a wave below the first Q lie in the open curves."""
    q = np.arange(1.2, 15.001, 0.01)
    noise = TransformNoise(q=q, spread=Spread.none(len(q)), qmin=1.2, qmax=15.0, rpoly=0.9)
    r = np.pi / 15.0 * np.arange(8, 100)
    left = Complement.of(noise.open_curves(r))
    assert 5 + int(1.2 * r[-1] / np.pi) <= len(left.factors) <= 18
    for power in (1, 2, 3, 4):
        taken = np.trapezoid(q**power * np.sin(np.outer(r, q)), q, axis=1)
        assert np.linalg.norm(left.rows(taken)) < 1e-3 * np.linalg.norm(taken), power
    below = np.trapezoid(np.linspace(0, 1.2, 500) * np.sin(np.outer(r, np.linspace(0, 1.2, 500))), axis=1)
    assert np.linalg.norm(left.rows(below)) < 1e-3 * np.linalg.norm(below)
    above = np.sin(7.0 * r)
    assert np.linalg.norm(left.rows(above)) > 0.98 * np.linalg.norm(above)
    assert sines_below(0.0, r).shape == (len(r), 0)


def test_without_sigma_there_is_no_noise() -> None:
    counts = by_hand.PER_UNIT * by_hand.scattered(by_hand.Q)
    content = {"x_name": "q", "y_name": "intensity", "source": "x", "sha256": "", "metadata": {}, "notes": ()}
    plain = Intensity.from_curve(Curve(x=by_hand.Q, y=counts, sigma=None, **content))  # type: ignore[arg-type]
    assert TransformNoise.of(reduced_pattern(plain, Reduction(composition="Ni", r=(0.0, 20.0, 0.1)))) is None
