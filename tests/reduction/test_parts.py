"""Absorption, incoherent scattering, blanks, D(r), and how noise spreads, each against something of its own."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import xraydb
from scipy.integrate import quad

from nanocrystal.errors import InputError
from nanocrystal.reduction import (
    AtomicComposition,
    Intensity,
    Reduction,
    ReductionBlank,
    differential_functions,
    reduced_pattern,
)
from nanocrystal.reduction.absorption import absorption_coefficient, cylinder_absorption, plate_absorption
from nanocrystal.reduction.angles import BEAM_LIMITS, polarization_factor, recoil_factor
from nanocrystal.reduction.blanks import without_blanks
from nanocrystal.reduction.polynomial import polynomial_basis
from nanocrystal.reduction.spread import Spread
from nanocrystal.reduction.transform import d_over_g, sine_matrix
from nanocrystal.tables.beam import beam_wavelength
from nanocrystal.tables.elements import atomic_number
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.tables.incoherent import incoherent_function
from support.reduction_samples import atomic, capillary, cylinder, hard_spheres

# ---- absorption -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mu_radius", [0.1, 0.5, 1.0, 2.0, 5.0])
def test_cylinder_forward_and_back_are_single_integrals(mu_radius: float) -> None:
    """Forward, every ray through a chord 2R cos φ is damped alike; back, it returns the way it came."""
    z = 2.0 * mu_radius
    forward = 4.0 / np.pi * quad(lambda t: np.cos(t) ** 2 * np.exp(-z * np.cos(t)), 0.0, np.pi / 2.0)[0]
    back = 2.0 / np.pi / z * quad(lambda t: np.cos(t) * (1.0 - np.exp(-2.0 * z * np.cos(t))), 0.0, np.pi / 2.0)[0]
    np.testing.assert_allclose(cylinder_absorption(mu_radius, np.array([0.0, np.pi])), [forward, back], rtol=1e-5)


def test_cylinder_is_that_of_a_sum_over_squares() -> None:
    """Midpoints of 600 × 600 squares; the surface is stepped, so it agrees to 1e-3 only."""
    angles = np.radians([30.0, 75.0, 120.0])
    for mu_radius in (0.3, 1.5):
        expected = [cylinder(mu_radius, a) for a in angles]
        np.testing.assert_allclose(cylinder_absorption(mu_radius, angles), expected, rtol=1e-3)
        many = cylinder_absorption(mu_radius, np.linspace(0.1, 2.5, 500))
        np.testing.assert_allclose(np.interp(angles, np.linspace(0.1, 2.5, 500), many), expected, rtol=1e-3)


def test_cylinder_of_little_absorption_is_one_minus_the_mean_path() -> None:
    """The mean path to the surface of a circle from inside is 8R/3π, twice that in and out, at every angle."""
    angles = np.array([0.2, 1.0, 2.0])
    np.testing.assert_allclose(cylinder_absorption(1e-4, angles), 1.0 - 1e-4 * 16.0 / (3.0 * np.pi), atol=1e-7)


@pytest.mark.parametrize("mu_thickness", [0.0, 0.3, 2.0])
def test_plates_are_integrals_over_their_depth(mu_thickness: float) -> None:
    for angle in (0.2, 0.9):
        theta = angle / 2.0

        def path(z: float, way: str, angle: float = angle, theta: float = theta) -> float:
            if way == "plate-normal":
                return z + (1.0 - z) / np.cos(angle)
            return 1.0 / np.cos(theta) if way == "plate-transmission" else 2.0 * z / np.sin(theta)

        stretch = {"plate-normal": 1.0, "plate-transmission": np.cos(theta), "plate-reflection": np.sin(theta)}
        for way, cosine in stretch.items():
            mean = quad(lambda z, way=way: np.exp(-mu_thickness * path(z, way)), 0.0, 1.0)[0] / cosine
            assert plate_absorption(way, mu_thickness, np.array([angle]))[0] == pytest.approx(mean, rel=1e-9)


def test_absorption_coefficient_of_water_and_lead() -> None:
    """NIST (Hubbell & Seltzer) at 20 keV: water 0.8096, lead 86.36 cm²/g."""
    for formula, density, per_gram, off in (("H2O", 1.0, 0.8096, 0.02), ("Pb", 11.35, 86.36, 0.03)):
        found = absorption_coefficient(AtomicComposition.from_formula(formula), density, 20000.0, "x")
        assert found == pytest.approx(density * per_gram / 10.0, rel=off), formula


def test_missing_xraydb_is_said_with_the_line_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xraydb", None)
    with pytest.raises(InputError, match=r'pip install "nanocrystal\[anomalous\]".*mu_radius'):
        absorption_coefficient(AtomicComposition.from_formula("Ni"), 8.9, 60000.0, "reduction.x.absorption")


# ---- what an atom scatters --------------------------------------------------------------------------


def test_incoherent_scattering_begins_at_0_and_ends_at_all_electrons() -> None:
    ends = np.array([0.0, 4.0 * np.pi * 8.0])
    for element in ("H", "C", "O", "Si", "Ni", "Br", "Cs", "Pb"):
        first, last = incoherent_function(element, ends)
        z = atomic_number(element)
        assert abs(first) < 0.003 * z, element
        assert last > 0.85 * z, element


@pytest.mark.parametrize(
    ("element", "values"),
    [("Ar", [1.467, 7.426, 11.246, 13.309, 14.656]), ("Kr", [2.427, 12.013, 18.244, 22.584, 25.683])],
)
def test_incoherent_scattering_of_closed_shells(element: str, values: list[float]) -> None:
    """Against another calculation: Compton profiles of Biggs, integrated as Ribberfors & Berggren, Phys. Rev. A 26,
    3325 (1982); file isf_xop_biggs_full.dat of DABAX at sin θ/λ = 0.09, 0.3, 0.6, 0.9, 1.2 Å⁻¹.
    Both are models of the atom: they agree to 6 % of Z.
    """
    q = 4.0 * np.pi * np.array([0.09, 0.3, 0.6, 0.9, 1.2])
    np.testing.assert_allclose(incoherent_function(element, q), values, atol=0.06 * atomic_number(element))


def test_incoherent_scattering_varies_smoothly_with_the_element() -> None:
    """No misprint is left: per electron the curves of neighbours with filled d and p shells follow each other."""
    q = 4.0 * np.pi * np.array([0.2, 0.5, 1.0, 1.5])
    for row in ("Pd Ag Cd In", "Sb Te I Xe", "Pt Au Hg", "Gd Tb Dy Ho Er"):
        elements = row.split()
        parts = np.array([incoherent_function(e, q) / atomic_number(e) for e in elements])
        assert (np.abs(np.diff(parts, n=2, axis=0)) < 0.03).all(), row


def test_formulas() -> None:
    assert AtomicComposition.from_formula("CsPbBr3").parts == pytest.approx({"Cs": 0.2, "Pb": 0.2, "Br": 0.6})
    assert AtomicComposition.from_formula("Pb 1 Ti 0.5 Zr0.5 O 3").parts["Ti"] == pytest.approx(0.1)
    assert AtomicComposition.from_formula("CH3 CH3").parts == pytest.approx({"C": 0.25, "H": 0.75})
    q = np.array([1.0, 5.0])
    mixed = AtomicComposition.from_formula("PbO")
    pb, o = form_factor("Pb", q), form_factor("O", q)
    np.testing.assert_allclose(mixed.squared_mean(q), ((pb + o) / 2.0) ** 2)
    np.testing.assert_allclose(mixed.mean_square(q), (pb**2 + o**2) / 2.0)
    # nickel: four atoms in 3.5238 Å cubed, 8.908 g/cm³
    assert AtomicComposition.from_formula("Ni").number_density(8.908) == pytest.approx(4.0 / 3.5238**3, rel=2e-3)


def test_anomalous_terms_are_those_of_xraydb() -> None:
    """PbS just below the L3 edge of lead (13.035 keV), f = f0 + f′ + i f″ of each atom."""
    q, energy = np.array([2.0, 9.0]), 13000.0
    f = [
        np.asarray(xraydb.f0(e, q / (4.0 * np.pi))) + xraydb.f1_chantler(e, energy) + 1j * xraydb.f2_chantler(e, energy)
        for e in ("Pb", "S")
    ]
    found = AtomicComposition.from_formula("PbS")
    np.testing.assert_allclose(found.squared_mean(q, energy), np.abs((f[0] + f[1]) / 2.0) ** 2, rtol=1e-6)
    np.testing.assert_allclose(found.mean_square(q, energy), (np.abs(f[0]) ** 2 + np.abs(f[1]) ** 2) / 2.0, rtol=1e-6)
    plain = found.squared_mean(q)
    assert np.abs(found.squared_mean(q, energy) / plain - 1.0).min() > 0.1


def test_angles() -> None:
    assert beam_wavelength(None, 12398.4198, "x", BEAM_LIMITS) == pytest.approx(1.0)
    np.testing.assert_allclose(polarization_factor(np.array([0.0, np.pi / 2.0]), 0.5), [1.0, 0.5], atol=1e-12)
    # back scattering of 511 keV photons leaves a third of their energy
    assert recoil_factor(np.array([np.pi]), 12398.41984 / 510998.95, 1.0)[0] == pytest.approx(1.0 / 3.0, rel=1e-6)


# ---- blanks -----------------------------------------------------------------------------------------


def counted(q: np.ndarray, counts: np.ndarray, name: str = "x") -> Intensity:
    return Intensity(q=q, value=counts, spread=Spread.of_counts(np.sqrt(np.maximum(counts, 1.0))), name=name)


def test_two_blanks_are_fitted_and_given_together() -> None:
    q = np.arange(0.2, 12.0, 0.02)
    solvent = 400.0 * np.exp(-0.5 * ((q - 1.4) / 0.3) ** 2) + 50.0
    air = 300.0 / (1.0 + q)
    sample = 2000.0 * np.exp(-0.5 * ((q - 7.0) / 0.5) ** 2)
    total = sample + 0.8 * capillary(q) + 1.3 * solvent + 0.5 * air
    blanks = [
        ReductionBlank("capillary", counted(q, capillary(q)), None, (0.3, 4.0)),
        ReductionBlank("air", counted(q, air), 0.5),
        ReductionBlank("solvent", counted(q, solvent), None, (0.3, 4.0)),
    ]
    left, scales = without_blanks(counted(q, total), blanks)
    np.testing.assert_allclose(left.value, sample, atol=1e-4)
    assert [s.name for s in scales] == ["capillary", "air", "solvent"]
    np.testing.assert_allclose([s.value for s in scales], [0.8, 0.5, 1.3], rtol=1e-6)
    assert [s.fitted for s in scales] == [True, False, True]


def test_interpolated_blank_has_less_noise_between_its_points() -> None:
    """Half-way between two counts of variance v the mean has v/2; counted at points of their own, v."""
    q = np.arange(1.0, 5.0, 0.1)
    flat = Intensity(q=q, value=np.full(len(q), 100.0), spread=Spread.of_counts(np.full(len(q), 10.0)), name="x")
    between = flat.at(q[:-1] + 0.05, "x", "y")
    assert between.sigma is not None
    np.testing.assert_allclose(between.sigma, 10.0 / np.sqrt(2.0))
    kept = flat.at(q, "x", "y")
    assert kept.sigma is not None
    np.testing.assert_allclose(kept.sigma, 10.0)


# ---- transforms -------------------------------------------------------------------------------------


def test_sine_transform_of_one_distance_is_its_peak() -> None:
    """F = Q exp(−s²Q²/2) sin(Q r0)/(Q r0): G is a Gaussian about r0 over r0 (less that about −r0)."""
    q, r = np.arange(0.02, 40.0, 0.02), np.arange(0.0, 8.0, 0.02)
    r0, s = 3.0, 0.12
    g = sine_matrix(q, r, 0.0, q[-1], "none") @ (np.exp(-0.5 * (s * q) ** 2) * np.sin(q * r0) / r0)

    def gauss(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(-0.5 * (x / s) ** 2) / (s * np.sqrt(2.0 * np.pi)))

    np.testing.assert_allclose(g, (gauss(r - r0) - gauss(r + r0)) / r0, atol=2e-4)


def test_qmax_and_qmin_may_lie_between_points() -> None:
    q, r = np.arange(0.3, 20.0, 0.05), np.array([1.0, 3.0, 10.0])
    f = np.sin(2.3 * q) * np.exp(-0.01 * q**2)
    for qmin, qmax in ((0.0, 17.3123), (1.234, 9.876)):
        fine = np.linspace(max(qmin, 1e-9), qmax, 200001)
        # below the first point F is a straight line from 0; between points the sum knows straight lines only
        exact = np.interp(fine, np.r_[0.0, q], np.r_[0.0, f])
        expected = 2.0 / np.pi * np.trapezoid(exact * np.sin(np.outer(r, fine)), fine)
        np.testing.assert_allclose(sine_matrix(q, r, qmin, qmax, "none") @ f, expected, atol=0.006)


def test_lorch_window_smooths_by_the_step() -> None:
    """Times sin(Q Δ)/(Q Δ), Δ = π/qmax: G is its mean over r ± Δ."""
    q, r = np.arange(0.01, 20.0, 0.01), np.arange(0.0, 12.0, 0.01)
    f = np.exp(-0.5 * (0.1 * q) ** 2) * np.sin(4.0 * q)
    plain, smoothed = (sine_matrix(q, r, 0.0, q[-1], w) @ f for w in ("none", "lorch"))
    half = np.pi / q[-1]
    mean = [plain[np.abs(r - x) <= half].mean() for x in r[400:800:40]]
    np.testing.assert_allclose(smoothed[400:800:40], mean, atol=0.03)


def test_d_of_r_is_g_of_r_in_other_units() -> None:
    lead_oxide = AtomicComposition.from_formula("PbO")
    assert d_over_g(lead_oxide, "squared-mean") == 1.0
    assert d_over_g(lead_oxide, "electrons") == pytest.approx(45.0**2)
    assert d_over_g(lead_oxide, "mean-square") == pytest.approx(45.0**2 / ((82.0**2 + 8.0**2) / 2.0))


def test_polynomial_takes_out_polynomials_and_leaves_what_is_beyond_rpoly() -> None:
    q = np.arange(0.1, 25.0, 0.02)
    basis, weights = polynomial_basis(q, 7.0 * np.pi / q[-1])
    assert len(weights) == 7
    smooth = q * np.polynomial.Polynomial([3.0, -1.0, 0.2, 0.0, 1e-3, 0.0, 1e-7])(q)
    np.testing.assert_allclose((basis * weights) @ (basis.T @ smooth), smooth, rtol=1e-9)
    half, parts = polynomial_basis(q, 7.25 * np.pi / q[-1])
    assert parts[-1] == pytest.approx(0.25)
    assert half.shape[1] == 8
    wave = np.sin(5.0 * q)
    left = wave - (basis * weights) @ (basis.T @ wave)
    assert np.linalg.norm(left - wave) < 0.12 * np.linalg.norm(wave)  # rpoly is 0.88 Å


# ---- the spread of noise ------------------------------------------------------------------------------


def test_spread_is_the_covariance_written_out() -> None:
    """Every operation against dense matrices."""
    rng = np.random.default_rng(3)
    a, b = Spread.of_counts(rng.uniform(1, 2, 6)), Spread.of_counts(rng.uniform(1, 2, 6))
    factor, columns, weights, matrix = (rng.normal(size=s) for s in (6, (6, 2), (2, 6), (4, 6)))
    spread = a.scaled(factor).with_shared(columns, weights).plus(b, -0.7)
    one = np.diag(factor) @ a.sparse.toarray()
    dense = np.hstack([one + columns @ weights @ one, -0.7 * b.sparse.toarray()])
    np.testing.assert_allclose(spread.variance(), (dense**2).sum(axis=1))
    np.testing.assert_allclose(spread.variance_through(matrix), ((matrix @ dense) ** 2).sum(axis=1))
    np.testing.assert_allclose(spread.taken(np.array([1, 3])).variance(), (dense[[1, 3]] ** 2).sum(axis=1))
    np.testing.assert_allclose(spread.through(matrix).variance(), ((matrix @ dense) ** 2).sum(axis=1))


# ---- differential -------------------------------------------------------------------------------------


def test_differential_finds_how_much_glass_there_is() -> None:
    """A composite of 0.6 liquid and 0.4 of another one; the other is seen alone at low Q."""
    q = np.arange(0.3, 22.0, 0.02)
    squared_mean, _ = atomic(q, {"Ni": 1.0})
    glass = 1.0 + (hard_spheres(1.35 * q) - 1.0)
    other = np.where(q > 2.0, np.exp(-0.01 * q**2) * np.sin(5.0 * q) / q, 0.0)
    settings = Reduction(composition="Ni", method="physical", compton=False, r=(0.5, 12.0, 0.05))

    def counts(s: np.ndarray) -> Intensity:
        return counted(q, 1e5 * squared_mean * s)

    alone = reduced_pattern(counts(glass), settings, name="glass")
    both = reduced_pattern(counts(1.0 + 0.4 * (glass - 1.0) + other), settings, name="both")
    found = differential_functions(both, alone, fit_range=(0.5, 1.9))
    assert found.scale == pytest.approx(0.4, abs=0.01)
    assert found.scale_stderr is not None
    np.testing.assert_allclose(found.structure.f, q * other, atol=0.02)
    exact = 2.0 / np.pi * np.trapezoid(q * other * np.sin(np.outer(found.pdf.r, q)), q)
    np.testing.assert_allclose(found.pdf.g, exact, atol=0.1)
    same = differential_functions(both, alone, scale=0.4)
    assert same.scale_stderr is None
    np.testing.assert_allclose(same.pdf.g, both.pdf.g - 0.4 * alone.pdf.g, atol=1e-9)
    with pytest.raises(InputError, match="needs a scale, or a fit_range"):
        differential_functions(both, alone)
    short = replace(alone, structure=replace(alone.structure, q=alone.structure.q[:500], f=alone.structure.f[:500]))
    with pytest.raises(InputError, match="does not cover both"):
        differential_functions(both, short, scale=1.0)
