"""Sums over distances that end smoothly: what is left of a function that never ends."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.kernels.bodies import DisplacementSum, SphereSum
from nanocrystal.kernels.taper import PHASE, Taper


def radial(q: float, function: np.ndarray, r: np.ndarray, taper: Taper) -> float:
    """Return 4π ∫ f w r² sin(q r)/(q r) dr by the trapezoidal rule."""
    return float(4.0 * np.pi / q * np.sum(function * taper(r) * r * np.sin(q * r)) * (r[1] - r[0]))


@pytest.mark.parametrize("q", [0.01, 0.2])
def test_a_constant_has_no_part_at_q_and_a_wedge_has_porods(q: float) -> None:
    """∫ of 1 is 0, of −r 8π/q⁴, of −r³ −96π/q⁶ (their generalised Fourier transforms); of r² 0."""
    taper = Taper(PHASE / q)
    r = np.linspace(0.0, taper.end * 1.05, 2_000_001)
    assert abs(radial(q, np.ones_like(r), r, taper)) < 1e-6 / q**3
    assert radial(q, -r, r, taper) == pytest.approx(8.0 * np.pi / q**4, rel=3e-6)
    assert radial(q, -(r**3), r, taper) == pytest.approx(-96.0 * np.pi / q**6, rel=2e-2)


def test_it_falls_from_1_to_0_between_its_ends() -> None:
    taper = Taper(100.0)
    assert taper(np.array([0.0, taper.start])) == pytest.approx([1.0, 1.0], abs=3e-9)
    assert taper(np.array([100.0]))[0] == 0.5
    assert taper(np.array([taper.end]))[0] < 3e-9
    assert Taper()(np.array([1e300]))[0] == 1.0
    assert np.isinf(Taper().end)


def test_moments_are_those_of_the_weights_that_it_leaves() -> None:
    rng = np.random.default_rng(0)
    r, w, h = rng.uniform(50.0, 190.0, 400), rng.normal(size=400), 0.1
    taper = Taper(100.0)
    sums = DisplacementSum(np.array([0.1]), 200.0, taper)
    assert sums._h == pytest.approx(h)
    plain, tapered = np.zeros((2002, 4)), np.zeros((2002, 4))
    for distance, weight in zip(r, w, strict=True):
        place = int(distance / h + 0.5)
        powers = (distance / h - place) ** np.arange(4)
        plain[place] += weight * powers
        tapered[place] += weight * float(taper(np.array([distance]))[0]) * powers
    found = taper.of_moments(plain, h)
    for k in range(4):
        np.testing.assert_allclose(found[:, k], tapered[:, k], atol=10.0 ** (2 * k - 8))


def test_sums_over_spheres_are_those_of_each() -> None:
    """Φ and Φ² at d = √(a² + c²) one by one; of diameters beyond the last bin Φ² without its oscillations."""
    rng = np.random.default_rng(1)
    across, along = rng.uniform(0.0, 150.0, 40), rng.uniform(0.0, 150.0, 30)
    first, second, q = rng.uniform(size=40), rng.uniform(size=30), np.array([0.01, 0.1, 0.3])
    x = 0.5 * q[:, None, None] * np.hypot(across[:, None], along)
    phi = 3.0 * (np.sin(x) - x * np.cos(x)) / x**3
    sums = SphereSum(q, 220.0)
    total = sums.empty()
    sums.add(total, (across, first), (along, second), 0.7)
    np.testing.assert_allclose(sums.squares(total), 0.7 * (phi**2 @ second @ first), rtol=1e-9)
    np.testing.assert_allclose(sums.amplitudes(total), 0.7 * (phi @ second @ first), rtol=1e-8)
    short = SphereSum(q, 100.0)
    total = short.empty()
    short.add(total, (across, first), (along, second), 0.7)
    mean = np.where(np.hypot(across[:, None], along) > 100.0 + 0.05, 4.5 * (1.0 + x * x) / x**6, phi**2)
    np.testing.assert_allclose(short.squares(total), 0.7 * (mean @ second @ first), rtol=1e-2)
