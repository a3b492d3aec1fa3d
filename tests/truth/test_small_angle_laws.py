"""Laws of small angles that hold for any body, on absolute scale, in a solvent: Guinier, Porod, the invariant.

Volumes, surfaces and radii of gyration are closed forms, the contrast that of the cell by hand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

from nanocrystal.sample import Brick, Cube, Cylinder, Distribution, Ellipsoid, Octahedron, Prism, Sphere
from nanocrystal.techniques import Saxs
from support.modelling import calculated, sample_of
from support.structures import NICKEL

SOLVENT = 0.3
"""e/Å³"""
CONTRAST = 4 * 28 / 3.52**3 - SOLVENT
"""e/Å³, of nickel"""


class Body(NamedTuple):
    """A shape with its volume (Å³), surface (Å²) and squared radius of gyration (Å²)."""

    shape: Any
    volume: float
    surface: float
    gyration: float


def box(shape: Any, a: float, b: float, c: float) -> Body:
    return Body(shape, a * b * c, 2.0 * (a * b + b * c + c * a), (a * a + b * b + c * c) / 12.0)


def prolate(diameter: float, length: float) -> Body:
    e = np.sqrt(1.0 - (diameter / length) ** 2)
    surface = 0.5 * np.pi * diameter**2 * (1.0 + length / diameter / e * np.arcsin(e))
    volume, gyration = np.pi / 6.0 * diameter**2 * length, (2.0 * diameter**2 + length**2) / 20.0
    return Body(Ellipsoid(diameter, length), volume, surface, gyration)


def oblate(diameter: float, length: float) -> Body:
    e = np.sqrt(1.0 - (length / diameter) ** 2)
    surface = 0.5 * np.pi * diameter**2 * (1.0 + (1.0 - e * e) / e * np.arctanh(e))
    volume, gyration = np.pi / 6.0 * diameter**2 * length, (2.0 * diameter**2 + length**2) / 20.0
    return Body(Ellipsoid(diameter, length), volume, surface, gyration)


BASE = 50.0 * np.sqrt(np.pi) / 2.0
"""Å, edge of the square with the area of a circle of 50 Å"""
BODIES = {
    "sphere": Body(Sphere(60.0), np.pi / 6.0 * 60.0**3, np.pi * 60.0**2, 0.15 * 60.0**2),
    "prolate": prolate(45.0, 70.0),
    "oblate": oblate(60.0, 40.0),
    "cube": box(Cube(50.0), 50.0, 50.0, 50.0),
    "brick": box(Brick(40.0, 50.0, 65.0), 40.0, 50.0, 65.0),
    "prism": box(Prism(50.0, 60.0), BASE, BASE, 60.0),
    "cylinder": Body(
        Cylinder(45.0, 60.0),
        np.pi / 4.0 * 45.0**2 * 60.0,
        np.pi * 45.0 * 60.0 + np.pi / 2.0 * 45.0**2,
        45.0**2 / 8.0 + 60.0**2 / 12.0,
    ),
    "octahedron": Body(
        Octahedron(60.0), np.sqrt(2.0) / 3.0 * 60.0**3, 2.0 * np.sqrt(3.0) * 60.0**2, 3.0 / 20.0 * 60.0**2
    ),
}
EACH = pytest.mark.parametrize("name", BODIES)
STEP, LAST = 0.002, 3.0
"""Å⁻¹; some fifty points to an oscillation, up to q D near 200"""


def intensity(shape: Any, first: float, last: float, step: float) -> np.ndarray:
    """Return I of one crystal in the solvent, at q from first to last, in e²."""
    settings = Saxs(q=f"{first:.12g}:{last:.12g}:{step:.12g}", solvent_electron_density=SOLVENT)
    return calculated(sample_of(NICKEL, shape), settings, "saxs")  # type: ignore[arg-type]


def smoothed(values: np.ndarray, q: np.ndarray) -> float:
    """Return the mean over the second half of q with weights that fall to 0 at its ends, so that waves cancel."""
    half = q >= 0.5 * q[-1]
    phase = (q[half] - q[half][0]) / (q[-1] - q[half][0])
    weight = np.sin(np.pi * phase) ** 4
    return float(weight @ values[half] / weight.sum())


@EACH
def test_porod_and_the_invariant(name: str) -> None:
    """I q⁴ → 2π Δρ² S, averaged over oscillations; ∫ q² I dq, with what Porod's law holds beyond, = 2π² Δρ² V."""
    body = BODIES[name]
    curve = intensity(body.shape, STEP, LAST, STEP)
    q = STEP * np.arange(1.0, len(curve) + 1.0)
    porod = 2.0 * np.pi * CONTRAST**2 * body.surface
    assert smoothed(curve * q**4, q) / porod == pytest.approx(1.0, abs=5e-4)
    within = curve[0] * STEP**3 / 3.0 + cumulative_simpson(q**2 * curve, x=q, initial=0.0)
    whole = smoothed(within + porod / q, q)
    assert whole / (2.0 * np.pi**2 * CONTRAST**2 * body.volume) == pytest.approx(1.0, abs=5e-6)


def gyration_found(shape: Any, square: float) -> tuple[float, float]:
    """Return I(0) and R_g² from ln I at q R_g = 1e-4, 0.1 and 0.2, free of the next term of the series."""
    step = 0.1 / np.sqrt(square)
    curve = intensity(shape, 1e-3 * step, 9.01 * step, step)
    near, far = (3.0 * np.log(curve[0] / curve[k]) / (k * (k + 2e-3) * step**2) for k in (1, 2))
    return float(curve[0]), float((4.0 * near - far) / 3.0)


@EACH
def test_guinier(name: str) -> None:
    """I = Δρ² V² exp(−q² R_g²/3) at small q."""
    body = BODIES[name]
    forward, square = gyration_found(body.shape, body.gyration)
    assert forward == pytest.approx((CONTRAST * body.volume) ** 2, rel=1e-6)
    assert square == pytest.approx(body.gyration, rel=2e-6)


def test_guinier_weighs_spheres_with_the_square_of_their_volume() -> None:
    """R_g² = 3/20 ⟨D⁸⟩/⟨D⁶⟩, I(0) = Δρ² (π/6)² ⟨D⁶⟩; lognormal: ⟨Dᵏ⟩ = D^k (1 + s²)^(k(k−1)/2), s = std/mean."""
    mean, relative = 60.0, 0.15
    moment = {k: mean**k * (1.0 + relative**2) ** (k * (k - 1) / 2.0) for k in (6, 8)}
    expected = 0.15 * moment[8] / moment[6]
    forward, square = gyration_found(Sphere(Distribution("lognormal", mean, relative * mean)), expected)
    assert forward == pytest.approx(CONTRAST**2 * (np.pi / 6.0) ** 2 * moment[6], rel=1e-6)
    assert square == pytest.approx(expected, rel=2e-6)
