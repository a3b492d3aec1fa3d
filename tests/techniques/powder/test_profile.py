"""Peaks of a powder pattern: places, areas, widths and shapes, by quadrature and by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import voigt_profile

from nanocrystal.kernels.profile import Peaks, peak_slopes, peak_sum, pseudo_voigt
from nanocrystal.sample import Crystal, Population, Sample
from nanocrystal.sample.crystal.cif import parse_cif
from nanocrystal.simulation import simulated_curves
from nanocrystal.tables.xray_tubes import K_ALPHA
from nanocrystal.techniques import Powder, Profile
from nanocrystal.techniques.powder.instrument import Angles, axial_divergence, joined_widths, march_dollase
from support.structures import cif

CUBIC_METAL = cif("4.0 4.0 4.0 90 90 90", "P m -3 m", "Pt Pt 0 0 0 1")
ROCK_SALT = cif("5.64 5.64 5.64 90 90 90", "F m -3 m", "Na Na 0 0 0 1\nCl Cl 0.5 0.5 0.5 1")
U = 0.01


def metal(**cell: float) -> Crystal:
    return Crystal(parse_cif(CUBIC_METAL, "Pt.cif"), cell, {"Pt": U}, where="crystals.x")


def pattern(grid: str, sample: Sample | None = None, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return 2θ and the calculated intensity with scale 1; one phase of a simple cubic metal by default."""
    sample = sample or Sample({"x": Population("x")}, {"x": metal()})
    given = {"wavelength": 1.54, "anomalous": False, "polarization": 0.0, "caglioti_w": 1e-4} | settings
    columns = simulated_curves(sample, {"xrd": Powder(two_theta=grid, **given)}, Path())["xrd"]
    return columns["two_theta"], columns["intensity"]


def place(indices: tuple[int, int, int], wavelength: float = 1.54, a: float = 4.0) -> float:
    """Return 2θ by Bragg's law, degrees."""
    return float(2.0 * np.degrees(np.arcsin(wavelength * np.linalg.norm(indices) / (2.0 * a))))


def top_and_width(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the place of the highest point and the full width at half maximum of a single peak."""
    k, half = int(np.argmax(y)), y.max() / 2.0
    left = np.interp(half, y[: k + 1], x[: k + 1])
    right = np.interp(-half, -y[k:], x[k:])
    return float(x[k]), float(right - left)


# ---- the profile function -------------------------------------------------------------------------


@pytest.mark.parametrize("mixing", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("skew", [0.0, 0.5])
def test_area_of_a_profile_is_1_by_quadrature(mixing: float, skew: float) -> None:
    x = np.linspace(-4000.0, 4000.0, 4_000_001)
    area = np.trapezoid(pseudo_voigt(x, 0.3, 1.3, mixing, skew), x)
    assert area == pytest.approx(1.0, abs=mixing * 2e-4 + 1e-8)  # 2/π · 1.3/(2 · 4000) of a Lorentzian are outside


@pytest.mark.parametrize("mixing", [0.0, 0.4, 1.0])
def test_width_of_a_profile(mixing: float) -> None:
    half = 0.5 * float(pseudo_voigt(np.zeros(1), 0.0, 0.2, mixing)[0])
    edge = brentq(lambda x: float(pseudo_voigt(np.array([x]), 0.0, 0.2, mixing)[0]) - half, 0.0, 1.0)
    assert 2.0 * edge == pytest.approx(0.2, rel=1e-9)


@pytest.mark.parametrize("gauss", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("lorentz", [0.01, 0.1, 0.4])
def test_joined_widths_are_those_of_a_voigt_profile(gauss: float, lorentz: float) -> None:
    """The true convolution: its width to 0.5 %, its height to 2 %; the formula is an approximation."""
    width, mixing = (float(v[0]) for v in joined_widths(np.array([gauss]), np.array([lorentz])))
    sigma, gamma = gauss / np.sqrt(8.0 * np.log(2.0)), lorentz / 2.0
    top = voigt_profile(0.0, sigma, gamma)
    edge = brentq(lambda x: voigt_profile(x, sigma, gamma) - top / 2.0, 0.0, 2.0)
    assert width == pytest.approx(2.0 * edge, rel=5e-3)
    assert float(pseudo_voigt(np.zeros(1), 0.0, width, mixing)[0]) == pytest.approx(top, rel=2e-2)


def some_peaks() -> Peaks:
    rng = np.random.default_rng(3)
    n = 30
    return Peaks(
        rng.uniform(1.0, 50.0, n), rng.uniform(12.0, 58.0, n), rng.uniform(0.05, 0.4, n), rng.uniform(0.1, 0.9, n),
        rng.uniform(-0.4, 0.4, n),
    )  # fmt: skip


def plain_sum(x: np.ndarray, p: Peaks) -> np.ndarray:
    rows = zip(p.area, p.centre, p.width, p.mixing, p.skew, strict=True)
    return np.asarray(sum(a * pseudo_voigt(x, c, w, m, s) for a, c, w, m, s in rows))


def test_compiled_sum_is_the_plain_one() -> None:
    x, peaks = np.arange(10.0, 60.0, 0.01), some_peaks()
    expected = plain_sum(x, peaks)
    np.testing.assert_allclose(peak_sum(x, peaks, 1e-12), expected, rtol=1e-9, atol=1e-12 * expected.max())
    np.testing.assert_allclose(peak_sum(x, peaks, 1e-6), expected, atol=1e-5 * expected.max())  # as it is used


def test_compiled_slopes_are_those_of_the_plain_sum() -> None:
    x, peaks = np.arange(10.0, 60.0, 0.02), some_peaks()
    n = len(peaks.area)
    changes = np.random.default_rng(4).normal(size=(3, n, 5)) * [1.0, 0.1, 0.05, 0.1, 0.1]
    slopes = peak_slopes(x, peaks, changes, 1e-12)
    base = peaks.stacked()
    for change, slope in zip(changes, slopes, strict=True):
        step = 1e-5
        sides = [plain_sum(x, Peaks(*(base + sign * step * change).T)) for sign in (1.0, -1.0)]
        expected = (sides[0] - sides[1]) / (2.0 * step)
        np.testing.assert_allclose(slope, expected, atol=1e-7 * np.abs(expected).max())


# ---- places ---------------------------------------------------------------------------------------


def test_peaks_stand_where_bragg_says() -> None:
    x, y = pattern("20:60:0.001")
    tops = [x[np.argmax(np.where(np.abs(x - place(h)) < 0.5, y, 0.0))] for h in ((1, 0, 0), (1, 1, 0), (2, 1, 0))]
    np.testing.assert_allclose(tops, [place((1, 0, 0)), place((1, 1, 0)), place((2, 1, 0))], atol=6e-4)


def test_zero_and_displacement_move_peaks() -> None:
    """A surface 0.1 mm low at 145 mm: −2 s cos θ/R."""
    x, y = pattern("21:24:0.0005", zero=0.05, displacement=0.1, radius=145.0)
    theta = np.radians(place((1, 0, 0)) / 2.0)
    expected = place((1, 0, 0)) + 0.05 - np.degrees(2.0 * 0.1 * np.cos(theta) / 145.0)
    assert x[np.argmax(y)] == pytest.approx(expected, abs=4e-4)


def test_doublet_of_a_tube() -> None:
    """Both lines stand at their own angle; areas as the ratio, apart from the Lorentz factor (0.3 % here)."""
    first, second = K_ALPHA["Cu"]
    x, y = pattern("73:77:0.0005", tube="Cu", wavelength=None, kalpha2_ratio=0.4, caglioti_w=4e-4)
    places = [place((3, 1, 0), w) for w in (first, second)]
    near = [np.abs(x - p) < 0.1 for p in places]
    assert [x[np.argmax(np.where(n, y, 0.0))] for n in near] == pytest.approx(places, abs=4e-4)
    assert y[near[1]].sum() / y[near[0]].sum() == pytest.approx(0.4, rel=5e-3)
    _, both = pattern("73:77:0.0005", tube="Cu", wavelength=None, caglioti_w=4e-4)
    _, alone = pattern("73:77:0.0005", wavelength=first, caglioti_w=4e-4)
    assert both.sum() == pytest.approx(alone.sum(), rel=5e-3)  # the two share one scale


# ---- widths ---------------------------------------------------------------------------------------


def test_scherrer_width() -> None:
    """K λ/(size cos θ) in radians, K = 0.9, where the instrument does not broaden."""
    x, y = pattern("15:30:0.002", profiles={"x": Profile(size=100.0)}, caglioti_w=0.0)
    theta = np.radians(place((1, 0, 0)) / 2.0)
    expected = np.degrees(0.9 * 1.54 / (100.0 * np.cos(theta)))
    assert top_and_width(x, y)[1] == pytest.approx(expected, rel=4e-3)  # on the tail of its neighbour


def test_scherrer_constant_is_a_choice() -> None:
    widths = [
        top_and_width(
            *pattern("15:30:0.002", profiles={"x": Profile(size=100.0)}, caglioti_w=0.0, scherrer_constant=k)
        )[1]
        for k in (0.9, 1.08)
    ]
    assert widths[1] / widths[0] == pytest.approx(1.2, rel=1e-3)


def test_strain_width() -> None:
    """4 ε tan θ in radians: lattices that differ by Δd/d = ±ε at half maximum have ±2 ε tan θ."""
    x, y = pattern("60:80:0.002", profiles={"x": Profile(strain=0.004)}, caglioti_w=0.0)
    centre = place((3, 0, 0))
    near = np.abs(x - centre) < 4.0
    theta = np.radians(centre / 2.0)
    assert top_and_width(x[near], y[near])[1] == pytest.approx(np.degrees(4.0 * 0.004 * np.tan(theta)), rel=1e-2)


def voigt_width(gauss: float, lorentz: float) -> float:
    """Return the full width of a Voigt function from those of its parts, by root finding."""
    sigma, gamma = gauss / np.sqrt(8.0 * np.log(2.0)), lorentz / 2.0
    half = 0.5 * voigt_profile(0.0, sigma, gamma)
    return 2.0 * float(brentq(lambda x: voigt_profile(x, sigma, gamma) - half, 0.0, 10.0 * (gauss + lorentz)))


@pytest.mark.parametrize("part", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("kind", ["size", "strain"])
def test_lorentzian_parts_of_size_and_strain(kind: str, part: float) -> None:
    """Both parts by their widths, part Γ and (1 − part) Γ; the shape by the area over height and width."""
    centre = place((3, 0, 0))
    theta = np.radians(centre / 2.0)
    if kind == "size":
        width, given = np.degrees(0.9 * 1.54 / (300.0 * np.cos(theta))), {"size": 300.0, "size_lorentzian": part}
    else:
        width, given = np.degrees(4.0 * 0.002 * np.tan(theta)), {"strain": 0.002, "strain_lorentzian": part}
    x, y = pattern("64:76:0.002", profiles={"x": Profile(**given)}, caglioti_w=0.0)  # type: ignore[arg-type]
    near = np.abs(x - centre) < 2.0
    expected = voigt_width((1.0 - part) * width, part * width) if part < 1.0 else width
    assert top_and_width(x[near], y[near])[1] == pytest.approx(expected, rel=1.5e-2)
    tenth = np.interp(centre + 1.5 * expected, x, y) / y[near].max()  # far out only what is Lorentzian is left
    sigma, gamma = (1.0 - part) * width / np.sqrt(8.0 * np.log(2.0)), part * width / 2.0
    there = voigt_profile(1.5 * expected, sigma, gamma) / voigt_profile(0.0, sigma, gamma)
    assert tenth == pytest.approx(there, abs=0.012)


def test_caglioti_width() -> None:
    x, y = pattern("60:80:0.002", caglioti_u=0.02, caglioti_v=-0.01, caglioti_w=0.03)
    near = np.abs(x - place((3, 0, 0))) < 3.0
    tangent = np.tan(np.radians(place((3, 0, 0)) / 2.0))
    expected = np.sqrt(0.02 * tangent**2 - 0.01 * tangent + 0.03)
    assert top_and_width(x[near], y[near])[1] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("two_theta", "ratio"), [(8.0, 0.02), (25.0, 0.04), (60.0, 0.04), (140.0, 0.04)])
def test_axial_divergence_is_the_published_integral(two_theta: float, ratio: float) -> None:
    """Finger, Cox & Jephcoat's D(2φ, 2θ) with S = H, W = 2H − h, summed over 2φ and convolved with a profile."""
    turn = np.radians(two_theta)
    lowest = np.arccos(np.cos(turn) * np.sqrt(4.0 * ratio**2 + 1.0))
    # midpoints, dense at 2θ where D diverges like an inverse root
    u = (np.arange(4000) + 0.5) / 4000
    phi = turn + (lowest - turn) * u**2
    h = np.sqrt(np.cos(phi) ** 2 / np.cos(turn) ** 2 - 1.0)
    weight = (2.0 * ratio - h) / (h * np.abs(np.cos(phi))) * 2.0 * u
    weight /= weight.sum()
    width, mixing = 0.08, 0.4
    x = np.arange(two_theta - 2.5, two_theta + 2.5, 0.005)
    expected = np.array([weight @ pseudo_voigt(xi - np.degrees(phi), 0.0, width, mixing) for xi in x])
    q = 4.0 * np.pi * np.sin(turn / 2.0) / 1.54
    shifts, parts = axial_divergence(Angles.of(np.array([q]), 1.54), ratio)
    rows = zip(shifts[:, 0], parts[:, 0], strict=True)
    found = sum(part * pseudo_voigt(x, two_theta + shift, width, mixing) for shift, part in rows)
    np.testing.assert_allclose(found, expected, atol=2e-3 * expected.max())
    assert abs(shifts).max() > 0.3 * width or two_theta == 60.0  # or little was tested


def test_axial_divergence_keeps_areas() -> None:
    centre = place((1, 0, 0))
    grid = f"{centre - 3.0:.3f}:{centre + 3.0:.3f}:0.001"
    plain, tailed = (np.trapezoid(*reversed(pattern(grid, axial_divergence=s, caglioti_w=0.01))) for s in (None, 0.04))
    assert tailed == pytest.approx(plain, rel=1e-4)


# ---- areas ----------------------------------------------------------------------------------------


def area_by_hand(
    hkl: tuple[int, int, int], multiplicity: int, squared: float, cell: float, mass: float, wavelength: float,
    polarization: float = 1.0,
) -> float:  # fmt: skip
    """Return m |F|² λ³ L P/(V M), V and M of the cell, over degrees, for a cubic cell."""
    sine = wavelength * np.linalg.norm(hkl) / (2.0 * cell)
    lorentz = np.degrees(1.0) / (16.0 * np.pi * sine**2 * np.sqrt(1.0 - sine**2))
    return float(multiplicity * squared * wavelength**3 * lorentz * polarization / (cell**3 * mass))


def platinum_squared(q: float) -> float:
    """f² exp(−u Q²), f of Waasmaier and Kirfel."""
    from nanocrystal.tables.form_factors import form_factor

    return float(form_factor("Pt", np.array([q]))[0] ** 2 * np.exp(-U * q**2))


@pytest.mark.parametrize(("hkl", "multiplicity"), [((1, 0, 0), 6), ((1, 1, 0), 12), ((2, 1, 0), 24)])
@pytest.mark.parametrize("asymmetry", [0.0, 0.1])
def test_area_of_a_peak_by_hand(hkl: tuple[int, int, int], multiplicity: int, asymmetry: float) -> None:
    centre = place(hkl)
    x, y = pattern(f"{centre - 3.0:.3f}:{centre + 3.0:.3f}:0.0005", caglioti_w=0.01, asymmetry=asymmetry)
    squared = platinum_squared(2.0 * np.pi / 4.0 * float(np.linalg.norm(hkl)))
    assert np.trapezoid(y, x) == pytest.approx(area_by_hand(hkl, multiplicity, squared, 4.0, 195.08, 1.54), rel=1e-4)


def test_area_is_kept_whatever_broadens() -> None:
    """Peaks far from the ends of the range; a Lorentzian of 0.5° leaves 0.5 % outside ±30°."""
    sharp, broad, skew = (
        np.trapezoid(*reversed(pattern("5:130:0.002", **given)))
        for given in (
            {"caglioti_w": 0.01},
            {"caglioti_w": 0.04, "profiles": {"x": Profile(size=400.0)}},
            {"caglioti_w": 0.01, "asymmetry": 0.1},
        )
    )
    assert skew == pytest.approx(sharp, rel=1e-5)
    assert broad == pytest.approx(sharp, rel=5e-3)


@pytest.mark.parametrize(
    ("given", "factor"),
    [
        ({"polarization": 0.5}, lambda c: 0.5 * (1.0 + c**2)),
        ({"polarization": 0.05}, lambda c: 0.95 + 0.05 * c**2),
        ({"polarization": None, "monochromator_angle": 26.6}, lambda c: (1.0 + 0.79951 * c**2) / 1.79951),
    ],
)
def test_polarization(given: dict[str, Any], factor: Any) -> None:
    """cos² 26.6° = 0.79951, graphite and Cu."""
    centre = place((2, 1, 0))
    grid = f"{centre - 1.0:.3f}:{centre + 1.0:.3f}:0.001"
    ratio = np.trapezoid(pattern(grid, **given)[1]) / np.trapezoid(pattern(grid)[1])
    assert ratio == pytest.approx(factor(np.cos(np.radians(centre))), rel=1e-4)


def test_beam_longer_than_the_sample() -> None:
    """Below 30° a part sin θ/sin 15° hits; above all of it."""
    x, all_of_it = pattern("20:60:0.001")
    _, cut = pattern("20:60:0.001", overflow_angle=30.0)
    low, high = np.abs(x - place((1, 0, 0))) < 0.2, np.abs(x - place((1, 1, 0))) < 0.2
    part = np.sin(np.radians(place((1, 0, 0)) / 2.0)) / np.sin(np.radians(15.0))
    assert cut[low].sum() / all_of_it[low].sum() == pytest.approx(part, rel=1e-6)
    assert cut[high].sum() / all_of_it[high].sum() == pytest.approx(1.0, rel=1e-6)


def test_capillary_absorbs_more_at_small_angles() -> None:
    """μR = 0.5: transmission 0.4347 at θ = 0 (exact for a cylinder: 0.4355); the formula by hand at the peak."""
    centre = place((2, 1, 0))
    grid = f"{centre - 1.0:.3f}:{centre + 1.0:.3f}:0.001"
    capillary = {"geometry": "debye-scherrer"}
    ratio = np.trapezoid(pattern(grid, mu_r=0.5, **capillary)[1]) / np.trapezoid(pattern(grid, **capillary)[1])
    sine2 = np.sin(np.radians(centre / 2.0)) ** 2
    assert ratio == pytest.approx(np.exp(-(1.7133 - 0.0368 * sine2) * 0.5 + (0.0927 + 0.375 * sine2) * 0.25), rel=1e-4)


def test_mass_fractions_decide_areas() -> None:
    """3 : 1 by mass of platinum and rock salt; areas by hand from cells and masses of both."""
    crystals = {
        "pt": Crystal(parse_cif(CUBIC_METAL, "Pt.cif"), {"a": 3.7}, {"Pt": U}, where="crystals.pt"),
        "salt": Crystal(parse_cif(ROCK_SALT, "NaCl.cif"), {}, {"Na": U, "Cl": U}, where="crystals.salt"),
    }
    sample = Sample({"pt": Population("pt", fraction=3.0), "salt": Population("salt", fraction=1.0)}, crystals)
    x, y = pattern("20:48:0.0005", sample, caglioti_w=4e-4)
    from nanocrystal.tables.form_factors import form_factor

    q = 4.0 * np.pi / 5.64
    f = [float(form_factor(e, np.array([q]))[0]) for e in ("Na", "Cl")]
    squared = (4.0 * sum(f)) ** 2 * np.exp(-U * q**2)
    salt = area_by_hand((2, 0, 0), 6, squared, 5.64, 4 * (22.98977 + 35.45), 1.54)
    platinum = area_by_hand((1, 0, 0), 6, platinum_squared(2.0 * np.pi / 3.7), 3.7, 195.08, 1.54)
    areas = []
    for centre in (place((2, 0, 0), a=5.64), place((1, 0, 0), a=3.7)):
        near = np.abs(x - centre) < 0.5
        areas.append(np.trapezoid(y[near], x[near]))
    assert areas[0] == pytest.approx(0.25 * salt, rel=1e-3)
    assert areas[1] == pytest.approx(0.75 * platinum, rel=1e-3)


# ---- texture --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.4, 1.0, 2.5])
def test_march_dollase_is_a_density_over_all_directions(ratio: float) -> None:
    """Its mean over the sphere is 1: integrated over cos α."""
    cosines, weights = np.polynomial.legendre.leggauss(200)
    assert weights @ march_dollase(cosines, ratio) / 2.0 == pytest.approx(1.0, rel=1e-6)


def test_texture_of_a_cube_by_hand() -> None:
    """(100) planes lie flat: of six equivalents two at 0° and four at 90°, r = 0.5: (2 · 8 + 4 · 0.3536)/6."""
    x, plain = pattern("20:24:0.001")
    _, flat = pattern("20:24:0.001", profiles={"x": Profile(texture=0.5, texture_axis=(1, 0, 0))})
    expected = (2.0 * 0.5**-3.0 + 4.0 * (1.0 / 0.5) ** -1.5) / 6.0
    assert flat.sum() / plain.sum() == pytest.approx(expected, rel=1e-4)
    assert len(x) == len(flat)


def test_reflections_out_of_reach_have_no_area() -> None:
    angles = Angles.of(np.array([1.0, 20.0]), 1.54)
    assert angles.reached.tolist() == [True, False]
