"""Guinier, Porod, invariant and size distributions: spheres by hand, noise seeds, two modes put in, measured silica."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pytest

from nanocrystal.analysis import SizesOptions, guinier, porod, scattering_invariant, specific_surface, sphere_sizes
from nanocrystal.errors import InputError
from support.measured import measured
from support.paths import DOCS

Method = Literal["smooth", "entropy"]


def spheres(q: np.ndarray, diameter: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Return Σ number V² Φ²."""
    x = np.outer(q, 0.5 * diameter)
    amplitude = np.pi / 6 * diameter**3 * 3 * (np.sin(x) - x * np.cos(x)) / x**3
    return amplitude**2 @ number


def lognormal(mean: float, std: float) -> tuple[np.ndarray, np.ndarray]:
    """Return diameters and the part of the spheres that each stands for."""
    s = np.sqrt(np.log1p((std / mean) ** 2))
    z = np.linspace(-5.5, 6.5, 400)
    weight = np.exp(-0.5 * z**2)
    return mean * np.exp(-0.5 * s * s + s * z), weight / weight.sum()


def test_guinier_of_one_sphere() -> None:
    """Rg = √(3/5) R; the next term of the series is 1e-3 at q Rg = 0.3."""
    q = np.linspace(0.001, 0.05, 200)
    found = guinier(q, spheres(q, np.array([80.0]), np.ones(1)), limit=0.3)
    assert found.rg.value == pytest.approx(np.sqrt(0.6) * 40.0, rel=2e-3)
    assert found.i0.value == pytest.approx((np.pi / 6 * 80.0**3) ** 2, rel=1e-3)
    assert found.sphere_diameter.value == pytest.approx(80.0, rel=2e-3)
    assert found.q_rg[1] <= 0.3


def test_standard_errors_of_guinier_over_seeds() -> None:
    q = np.linspace(0.004, 0.035, 60)
    law = 500.0 * np.exp(-((q * 30.0) ** 2) / 3.0)
    pulls = []
    for seed in range(100):
        sigma = 0.02 * law
        noisy = law + np.random.default_rng(seed).normal(0.0, sigma)
        found = guinier(q, noisy, sigma, q_range=(0.0, 0.035))
        pulls.append([(found.rg.value - 30.0) / found.rg.stderr, (found.i0.value - 500.0) / found.i0.stderr])
    assert np.abs(np.mean(pulls, axis=0)).max() < 0.3
    assert np.std(pulls, axis=0) == pytest.approx(1.0, abs=0.25)


def test_guinier_says_what_is_left_out_and_where_it_ends() -> None:
    q = np.linspace(0.02, 0.06, 60)
    law = np.exp(-((q * 40.0) ** 2) / 3.0)
    law[50] = -0.1
    found = guinier(q, law, q_range=(0.02, 0.06))
    text = " ".join(found.remarks)
    assert "1 point is not positive" in text
    assert "beyond 1.3" in text
    assert "q Rg begins at 0.80" in text


def test_porod_invariant_and_surface_of_spheres() -> None:
    """K = 2π ⟨S⟩, Q* = 2π² ⟨V⟩, so S/V = π K/Q* = ⟨S⟩/⟨V⟩; a background is found beside.

    Spheres have 1 + 1/(q R)² times Porod's law: 0.6 % over this range.
    """
    diameter, number = lognormal(80.0, 20.0)
    q = np.geomspace(0.002, 0.6, 800)
    curve = spheres(q, diameter, number)
    surface, volume = np.pi * diameter**2 @ number, np.pi / 6 * diameter**3 @ number
    background = 2.0 * curve[-1]
    low = guinier(q, curve, limit=0.4)
    high = porod(q, curve + background, (0.25, 0.6))
    assert high.constant.value == pytest.approx(2 * np.pi * surface, rel=8e-3)
    assert high.background.value == pytest.approx(background, rel=5e-3)
    whole = scattering_invariant(q, curve + background, low, high)
    assert whole.value.value == pytest.approx(2 * np.pi**2 * volume, rel=3e-3)
    assert specific_surface(high, whole).value == pytest.approx(surface / volume, rel=1e-2)
    assert specific_surface(high, whole, 0.1).value == pytest.approx(0.9 * surface / volume, rel=1e-2)


def two_modes(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return q, I and σ of spheres of 50 ± 6 Å (60 % of the volume) and 110 ± 12 Å (40 %), with 1 % noise."""
    q = np.linspace(0.005, 0.4, 300)
    curve = np.zeros_like(q)
    for (mean, std), part in (((50.0, 6.0), 0.6), ((110.0, 12.0), 0.4)):
        diameter, number = lognormal(mean, std)
        curve += part * spheres(q, diameter, number) / (np.pi / 6 * diameter**3 @ number)
    sigma = 0.01 * curve + 1e-5 * curve.max()
    return q, curve + np.random.default_rng(seed).normal(0.0, sigma), sigma


@pytest.mark.parametrize("method", ["smooth", "entropy"])
def test_two_modes_are_found_again(method: Method) -> None:
    q, curve, sigma = two_modes(3)
    found = sphere_sizes(q, curve, sigma, diameter=np.linspace(10.0, 200.0, 96), method=method)
    assert 0.7 < found.chi2_red < 1.2
    for mean, std, low, high, part in ((50.0, 6.0, 0.0, 78.0, 0.6), (110.0, 12.0, 78.0, 200.0, 0.4)):
        diameter, number = lognormal(mean, std)
        weight = number * diameter**3 / (number @ diameter**3)
        expected = weight @ diameter
        assert found.mean(low, high) == pytest.approx(expected, abs=1.0)
        assert found.std(low, high) == pytest.approx(np.sqrt(weight @ (diameter - expected) ** 2), rel=0.15)
        assert found.volume_part(low, high) == pytest.approx(part, abs=0.02)
    valley = found.volume_density[(found.diameter > 74.0) & (found.diameter < 82.0)].min()
    assert valley < 0.05 * found.volume_density.max()
    step = found.diameter[1] - found.diameter[0]
    ends = 0.5 * (found.volume_density[0] + found.volume_density[-1])
    assert (found.volume_density.sum() - ends) * step == pytest.approx(1.0, rel=1e-9)


def test_most_entropy_by_another_way() -> None:
    """The minimum of ½χ² − αS by scipy's L-BFGS-B over ln f, from another start, in the same intensities."""
    from scipy.optimize import minimize

    from nanocrystal.analysis.maximum_entropy import LEVEL

    q, curve, sigma = two_modes(3)
    grid = np.linspace(20.0, 160.0, 36)
    found = sphere_sizes(q, curve, sigma, diameter=grid, method="entropy", options=SizesOptions(background=False))
    width = np.full(36, 4.0)
    width[[0, -1]] = 2.0
    matrix = spheres_of_volume(q, grid) * width / sigma[:, None]
    f0 = found.volume_density * found.forward
    chi2 = np.sum((matrix @ f0 - curve / sigma) ** 2)
    assert chi2 / len(q) == pytest.approx(found.chi2_red, rel=1e-9)
    smooth = sphere_sizes(q, curve, sigma, diameter=grid, options=SizesOptions(background=False))
    level = LEVEL * smooth.forward / 140.0
    # α from the condition at the largest f; then all others must be at the minimum too
    slope = matrix.T @ (matrix @ f0 - curve / sigma)
    k = int(np.argmax(f0))
    alpha = -slope[k] / width[k] / np.log(f0[k] / level)

    def function(logs: np.ndarray) -> tuple[float, np.ndarray]:
        f = np.exp(logs)
        residual = matrix @ f - curve / sigma
        entropy = width @ (f - level - f * np.log(f / level))
        gradient = (matrix.T @ residual + alpha * width * np.log(f / level)) * f
        return float(0.5 * residual @ residual - alpha * entropy), gradient

    start = np.log(np.full(36, level * 10.0))
    other = minimize(function, start, jac=True, method="L-BFGS-B", options={"maxiter": 50000, "maxfun": 100000})
    assert function(np.log(f0))[0] <= other.fun * (1.0 + 1e-7)
    np.testing.assert_allclose(np.exp(other.x), f0, atol=2e-3 * f0.max())


def spheres_of_volume(q: np.ndarray, diameter: np.ndarray) -> np.ndarray:
    """Return V Φ² of spheres, (n_q, n)."""
    x = np.outer(q, 0.5 * diameter)
    return np.asarray(np.pi / 6 * diameter**3 * (3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2)


@pytest.mark.parametrize("method", ["smooth", "entropy"])
def test_the_error_band_holds_the_noise(method: Method) -> None:
    """Over noise seeds the distribution scatters as its band says, where there is volume."""
    grid = np.linspace(10.0, 200.0, 48)
    chosen = sphere_sizes(*two_modes(0), diameter=grid, method=method).smoothing
    draws = [
        sphere_sizes(*two_modes(k), diameter=grid, options=SizesOptions(smoothing=chosen), method=method)
        for k in range(12)
    ]
    scatter = np.std([d.volume_density for d in draws], axis=0, ddof=1)
    band = np.mean([d.volume_density_stderr for d in draws], axis=0)
    full = draws[0].volume_density > 0.2 * draws[0].volume_density.max()
    assert np.median(scatter[full] / band[full]) == pytest.approx(1.0, abs=0.4)


@pytest.mark.parametrize("method", ["smooth", "entropy"])
def test_measured_spheres(method: Method) -> None:
    """Solution SAXS of nanoparticles; polydisperse spheres fitted by other code gave R = 19.9 Å, 9 %."""
    q, intensity = np.loadtxt(measured("saxs/xrsdkit_SLAC_BSD3/spheres_0.dat")).T
    used = q < 0.35  # where the signal still is above the noise
    found = sphere_sizes(q[used], intensity[used], diameter=np.linspace(12.0, 80.0, 69), method=method)
    mode = found.diameter[np.argmax(found.volume_density)]
    assert mode / 2.0 == pytest.approx(19.9, abs=1.5)  # 19.0 and, of most entropy, 18.5: it has a shoulder
    assert found.mean(25.0, 55.0) / 2.0 == pytest.approx(20.3, abs=0.6)  # volume-weighted: 19.9 (1 + 3 · 0.09²)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda q, i: guinier(np.concatenate([[0.0], q[1:]]), i), "must be above 0"),
        (lambda q, i: guinier(q[:3], i[:3]), "at least 4"),
        (lambda q, i: guinier(q, i[::-1]), "does not fall"),
        (lambda q, i: guinier(q, i, -i), "sigma: must be positive"),
        (lambda q, i: porod(q, i, (5.0, 6.0)), "at least 4 are needed"),
        (lambda q, i: sphere_sizes(q, i, diameter=[10.0, 5.0, 20.0, 30.0, 40.0]), "ascending values above 0"),
        (lambda q, i: sphere_sizes(q, -i), "hardly any point above 0"),
        (lambda q, i: sphere_sizes(q, i, method="maxent"), 'must be "smooth" or "entropy"'),
    ],
)
def test_what_is_refused(call, words: str) -> None:  # type: ignore[no-untyped-def]
    q = np.linspace(0.01, 0.1, 30)
    with pytest.raises(InputError, match=words):
        call(q, np.exp(-((q * 30.0) ** 2) / 3.0))


def test_negative_intensities_are_data_for_sizes() -> None:
    q, curve, sigma = two_modes(5)
    curve[-3:] = -sigma[-3:]
    assert sphere_sizes(q, curve, sigma, diameter=np.linspace(10.0, 200.0, 48)).chi2_red < 2.0


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "small_angles.md").read_text(encoding="utf-8")
    code, printed = re.findall(r"```(?:python)?\n(.*?)```", page, flags=re.DOTALL)
    exec(compile(code, "small_angles.md", "exec"), {})
    assert capsys.readouterr().out == printed
