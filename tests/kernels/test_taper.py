"""Sums over distances that end smoothly: what is left of a function that never ends."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.kernels.bodies import DisplacementSum
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
