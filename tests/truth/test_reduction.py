"""From counts of samples whose S(Q) and G(r) are known back to these, on the absolute scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nanocrystal as nc
from nanocrystal.reduction import Intensity, ReducedPattern, Reduction, ReductionBlank, reduced_pattern
from nanocrystal.reduction.reduction import Absorption
from nanocrystal.reduction.spread import Spread
from support.reduction_samples import (
    DENSITY,
    LIQUID,
    POLARIZED,
    SMEARING,
    SPHERE,
    WAVELENGTH,
    FloatArray,
    atomic,
    capillary,
    compton,
    cylinder,
    hard_spheres,
    two_theta,
)

K, FLUORESCENCE, MU_RADIUS, BLANK_SCALE = 50.0, 30.0, 0.8, 0.9
Q = np.arange(0.4, 26.001, 0.02)
BLANK_Q = np.arange(0.39, 26.05, 0.031)


def mean_counts(mu_radius: float = MU_RADIUS) -> FloatArray:
    """Return the counts of the liquid in a capillary: absorbed, polarised, with Compton scattering and fluorescence."""
    squared_mean, mean_square = atomic(Q, LIQUID)
    coherent = mean_square - squared_mean + squared_mean * hard_spheres(Q)
    angle = two_theta(Q, WAVELENGTH)
    polarised = 1.0 - POLARIZED + POLARIZED * np.cos(angle) ** 2
    nodes = np.linspace(angle[0], angle[-1], 9)
    absorbed = np.interp(angle, nodes, [cylinder(mu_radius, a) for a in nodes])
    scattered = polarised * (coherent + compton(Q, LIQUID, WAVELENGTH)) + FLUORESCENCE
    return np.asarray(K * absorbed * scattered + BLANK_SCALE * capillary(Q))


SETTINGS = Reduction(
    composition="Cu3Au", method="physical", wavelength=WAVELENGTH, polarization=POLARIZED, fluorescence=FLUORESCENCE,
    absorption=Absorption(geometry="cylinder", mu_radius=MU_RADIUS), number_density=DENSITY, r=(0.0, 15.0, 0.02),
)  # fmt: skip


def counted(q: FloatArray, counts: FloatArray) -> Intensity:
    return Intensity(q=q, value=counts, spread=Spread.of_counts(np.sqrt(np.maximum(counts, 1.0))), name="x")


def reduce_liquid(sample: FloatArray, blank: FloatArray, **changed: object) -> ReducedPattern:
    settings = Reduction(**(vars(SETTINGS) | changed))  # type: ignore[arg-type]
    return reduced_pattern(
        counted(Q, sample), settings, [ReductionBlank("capillary", counted(BLANK_Q, blank), BLANK_SCALE)]
    )


@pytest.mark.parametrize("normalization", ["high-q", "krogh-moe-norman"])
@pytest.mark.parametrize("fluorescence", [FLUORESCENCE, "fit"])
def test_liquid_comes_back_on_the_absolute_scale(normalization: str, fluorescence: float | str) -> None:
    """The blank is measured on another grid; without noise only its interpolation is left as an error."""
    found = reduce_liquid(mean_counts(), capillary(BLANK_Q), normalization=normalization, fluorescence=fluorescence)
    np.testing.assert_allclose(found.structure.s, hard_spheres(Q), atol=0.002)
    assert 1.0 / found.structure.constants["scale"].value == pytest.approx(K, rel=4e-4)
    assert found.structure.constants["fluorescence"].value == pytest.approx(FLUORESCENCE, abs=0.1)
    # G(r) is −4π ρ0 r where no two spheres can be, and its first peak is at contact
    r, g = found.pdf.r, found.pdf.g
    inner = r < SPHERE - 5.0 * SMEARING
    np.testing.assert_allclose(g[inner], -4.0 * np.pi * DENSITY * r[inner], atol=0.05)
    fine = np.linspace(1.0, 25.0, 40001)  # the integral of the exact S(Q) by itself
    exact = 2.0 / np.pi * np.trapezoid(fine * (hard_spheres(fine) - 1.0) * np.sin(np.outer(r[::25], fine)), fine)
    from_one = reduce_liquid(mean_counts(), capillary(BLANK_Q), qmin=1.0, qmax=25.0, fluorescence=fluorescence)
    np.testing.assert_allclose(from_one.pdf.g[::25], exact, atol=0.02)


def test_sum_rules_hold_for_the_liquid() -> None:
    found = {c.name: c for c in reduce_liquid(mean_counts(), capillary(BLANK_Q)).checks}
    assert found["integral"].expected == pytest.approx(-2.0 * np.pi**2 * DENSITY)
    assert found["integral"].found == pytest.approx(found["integral"].expected, rel=0.05)
    assert found["slope"].found == pytest.approx(-4.0 * np.pi * DENSITY, rel=0.02)
    assert found["high_q"].found == pytest.approx(1.0, abs=1e-3)


def test_every_correction_is_needed() -> None:
    """With one left out, S(Q) is wrong by much more than with all."""
    counts, blank = mean_counts(), capillary(BLANK_Q)
    for changed in (
        {"absorption": None}, {"polarization": None}, {"compton": False}, {"fluorescence": 0.0}, {"recoil_power": 0.0},
    ):  # fmt: skip
        s = reduce_liquid(counts, blank, **changed).structure.s
        assert np.abs(s - hard_spheres(Q)).max() > 0.02, changed


@pytest.mark.campaign
def test_sigma_is_the_scatter_over_many_counts() -> None:
    """σ of F(Q), G(r), scale and sum rules against the standard deviation over 300 repeated measurements.

    Scale and constant are fitted, the blank is interpolated and counted too: everything that correlates points.
    """
    rng = np.random.default_rng(5)
    mean, blank = mean_counts(mu_radius=0.0), capillary(BLANK_Q)
    how: dict[str, object] = {
        "absorption": None,
        "normalization": "krogh-moe-norman",
        "fluorescence": "fit",
        "r": (0.5, 12.0, 0.25),
    }
    whole = reduce_liquid(mean, blank, **how)
    f, g, numbers = [], [], []
    for _ in range(300):
        one = reduce_liquid(rng.poisson(mean).astype(float), rng.poisson(blank).astype(float), **how)
        f.append(one.structure.f[::40])
        g.append(one.pdf.g)
        numbers.append([one.structure.constants["scale"].value, one.structure.constants["fluorescence"].value])
    assert whole.structure.f_sigma is not None
    assert whole.pdf.sigma is not None
    for values, sigma in ((f, whole.structure.f_sigma[::40]), (g, whole.pdf.sigma)):
        ratio = np.std(values, axis=0, ddof=1) / sigma
        # one standard deviation from 300 values is known to 4 %
        assert np.abs(ratio - 1.0).max() < 0.18
        assert ratio.mean() == pytest.approx(1.0, abs=0.03)
        assert (
            np.abs((np.mean(values, axis=0) - (whole.structure.f[::40] if values is f else whole.pdf.g)) / sigma).max()
            < 0.5
        )
    stderrs = [whole.structure.constants[name].stderr for name in ("scale", "fluorescence")]
    np.testing.assert_allclose(np.std(numbers, axis=0, ddof=1), stderrs, rtol=0.15)


def test_sigma_of_the_polynomial_is_the_scatter() -> None:
    """The same for the ad-hoc way, with a fitted blank: no step forgets what it shares among the points."""
    rng = np.random.default_rng(6)
    q = np.arange(0.3, 20.0, 0.05)
    squared_mean, _ = atomic(q, {"Ni": 1.0})
    mean = 40.0 * squared_mean * hard_spheres(q) + 0.9 * capillary(q) + 200.0
    settings = Reduction(composition="Ni", rpoly=1.1, r=(0.5, 8.0, 0.25))

    def reduce(sample: FloatArray, blank: FloatArray) -> ReducedPattern:
        return reduced_pattern(counted(q, sample), settings, [ReductionBlank("b", counted(q, blank), None, (0.3, 1.4))])

    whole, g, scales = reduce(mean, capillary(q)), [], []
    for _ in range(300):
        one = reduce(rng.poisson(mean).astype(float), rng.poisson(capillary(q)).astype(float))
        g.append(one.pdf.g)
        scales.append(one.scales[0].value)
    assert whole.pdf.sigma is not None
    ratio = np.std(g, axis=0, ddof=1) / whole.pdf.sigma
    assert np.abs(ratio - 1.0).max() < 0.18
    assert whole.scales[0].stderr is not None
    widened = np.sqrt(max(whole.scales[0].chi2_red or 0.0, 1.0))
    assert np.std(scales, ddof=1) == pytest.approx(whole.scales[0].stderr / widened, rel=0.15)


def test_nanocrystals_of_the_engine_come_back() -> None:
    """I(Q) of 3 nm CsPbBr3 by the Debye sum, made to counts; G(r) against the technique pdf, which works in real space.

    Both transforms begin at the same qmin, so that the small angles are in neither.
    """
    crystal = nc.Crystal.from_library("CsPbBr3-alpha", u_iso={"Cs": 0.03, "Pb": 0.015, "Br": 0.03})
    sample = nc.Sample({"dots": nc.Population("x", nc.Sphere(30.0))}, {"x": crystal})
    simulated = nc.simulated_curves(
        sample,
        {
            "iq": nc.TotalScattering(q="0.8:24:0.02", background_terms=0),
            "gr": nc.Pdf(r="1.5:25:0.05", qmin=1.0, qmax=23.0),
        },
        Path(),
    )
    q, intensity = simulated["iq"]["Q"], simulated["iq"]["intensity"]
    parts = {"Cs": 0.2, "Pb": 0.2, "Br": 0.6}
    squared_mean, mean_square = atomic(q, parts)
    atoms = 30.0**3 * np.pi / 6.0 * 5.0 / 5.874**3
    counts = 0.8 * (intensity / atoms + compton(q, parts, 0.2)) + 0.0 * squared_mean
    settings = Reduction(
        composition="CsPbBr3",
        method="physical",
        wavelength=0.2,
        qmin=1.0,
        qmax=23.0,
        r=(1.5, 25.0, 0.05),
        normalization_range=(14.0, 24.0),
    )
    found = reduced_pattern(Intensity(q=q, value=counts, spread=None, name="x"), settings)
    g, theirs = found.pdf.g, simulated["gr"][[*simulated["gr"]][1]]
    assert np.linalg.norm(g - theirs) / np.linalg.norm(theirs) < 0.01
    assert g @ theirs / (theirs @ theirs) == pytest.approx(1.0, abs=0.005)
    laue = mean_square - squared_mean
    s = (intensity / atoms - laue) / squared_mean
    np.testing.assert_allclose(found.structure.s[q > 3.0], s[q > 3.0], atol=0.02)
