"""Powder patterns of solids: against averages over orientations, exact energy levels, moments and limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import voigt_profile

pytest.importorskip(
    "mrsimulator", reason='the extra nanocrystal[solids] is not installed: pip install "mrsimulator>=1.0"'
)

from nanocrystal.analysis.nmr_solids import SolidObservation, SolidSite, centre_of_gravity_ppm, solid_spectrum
from nanocrystal.errors import InputError
from nanocrystal.spectra.lines import widths_of_voigt
from nanocrystal.spectra.solids import Nucleus, solid_line
from nanocrystal.study import read_study

SIGMAS = 2.0 * np.sqrt(2.0 * np.log(2.0))


def broadened(x: np.ndarray, places: np.ndarray, weights: np.ndarray, fwhm: float) -> np.ndarray:
    """Return Gaussian lines of this full width at these places, by a fine histogram; weights are scaled to sum 1."""
    edges = np.arange(places.min() - 1e-9, places.max() + fwhm / 300.0, fwhm / 300.0)
    counts, _ = np.histogram(places, edges, weights=weights / weights.sum())
    middles, sigma = 0.5 * (edges[1:] + edges[:-1]), fwhm / SIGMAS
    total = np.zeros_like(x)
    for place, count in zip(middles[counts > 0.0], counts[counts > 0.0], strict=True):
        total += count * np.exp(-0.5 * ((x - place) / sigma) ** 2)
    return total / (sigma * np.sqrt(2.0 * np.pi))


def orientations(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cos θ and φ of directions that are evenly spread over an octant, each (n²,)."""
    cos_theta, phi = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n * 0.5 * np.pi)
    return cos_theta.ravel(), phi.ravel()


def shift_frequencies(csa: float, eta: float, n: int = 1500) -> np.ndarray:
    """Return shifts (ppm, from the isotropic one) of crystals in all orientations: n·δ·n, n the field's direction."""
    cos_theta, phi = orientations(n)
    sin2 = 1.0 - cos_theta**2
    yy, xx = 0.5 * csa * (eta - 1.0), -0.5 * csa * (eta + 1.0)
    return csa * cos_theta**2 + yy * sin2 * np.sin(phi) ** 2 + xx * sin2 * np.cos(phi) ** 2


def exact_transitions(spin: float, mhz: float, cq: float, eta: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies (ppm from mhz) and weights of neighbouring levels, (n², 2I), by diagonalising.

    H = −ν₀ n·I + cq/(4I(2I − 1)) (3 I_z² − I(I + 1) + η (I_x² − I_y²)) in the axes of the field gradient.
    """
    m = np.arange(spin, -spin - 1.0, -1.0)
    up = np.diag(np.sqrt(spin * (spin + 1.0) - m[1:] * (m[1:] + 1.0)), 1)
    ix, iy, iz = 0.5 * (up + up.T), -0.5j * (up - up.T), np.diag(m)
    cos_theta, phi = orientations(n)
    sin_theta = np.sqrt(1.0 - cos_theta**2)
    field = np.stack([sin_theta * np.cos(phi), sin_theta * np.sin(phi), cos_theta])
    zeeman = -mhz * 1e6 * np.einsum("kn,kij->nij", field, np.stack([ix, iy, iz]))
    gradient = 3.0 * iz @ iz - spin * (spin + 1.0) * np.eye(len(m)) + eta * (ix @ ix - iy @ iy)
    levels = np.linalg.eigvalsh(zeeman + cq / (4.0 * spin * (2.0 * spin - 1.0)) * gradient)
    weights = spin * (spin + 1.0) - m[:-1] * m[1:]
    found = np.diff(levels, axis=1) / mhz - 1e6
    return found, np.broadcast_to(weights, found.shape)


# ---- anisotropic shift --------------------------------------------------------------------------


@pytest.mark.parametrize(("csa", "eta"), [(60.0, 0.0), (60.0, 0.4), (-60.0, 0.4), (60.0, 1.0)])
def test_static_shift_patterns_are_averages_over_orientations(csa: float, eta: float) -> None:
    x = np.linspace(-130.0, 50.0, 721)
    _, found = solid_spectrum(
        SolidSite(position=-40.0, csa=csa, csa_asymmetry=eta), "29Si", 79.5, 3.0 * 79.5, lorentzian_part=0.0, ppm=x
    )
    places = shift_frequencies(csa, eta) - 40.0
    expected = broadened(x, places, np.ones_like(places), 3.0)
    assert np.abs(found - expected).max() < 1.5e-3 * expected.max()


def test_an_axial_static_pattern_has_its_closed_form() -> None:
    """The part of crystals below δ is √((2δ/csa + 1)/3), from −csa/2 to csa."""
    x = np.linspace(-60.0, 90.0, 601)
    _, found = solid_spectrum(SolidSite(position=0.0, csa=60.0), "29Si", 79.5, 3.0 * 79.5, lorentzian_part=0.0, ppm=x)
    edges = np.linspace(-30.0, 60.0, 30001)
    parts = np.diff(np.sqrt((2.0 * edges / 60.0 + 1.0) / 3.0))
    expected = broadened(x, 0.5 * (edges[1:] + edges[:-1]), parts, 3.0)
    assert np.abs(found - expected).max() < 1.5e-3 * expected.max()


@pytest.mark.parametrize("how", [{"spinning_rate_hz": 1e12}, {"csa": 0.0}])
def test_infinitely_fast_spinning_leaves_a_voigt_line(how: dict[str, float]) -> None:
    x = np.linspace(-60.0, 10.0, 701)
    site = SolidSite(position=-40.0, csa=how.get("csa", 60.0), csa_asymmetry=0.4)
    _, found = solid_spectrum(
        site,
        "29Si",
        80.0,
        160.0,
        lorentzian_part=0.3,
        observed=SolidObservation(spinning_rate_hz=how.get("spinning_rate_hz", 0.0)),
        ppm=x,
    )
    gauss, lorentz = widths_of_voigt(2.0, 0.3)
    expected = voigt_profile(x + 40.0, gauss / SIGMAS, 0.5 * lorentz)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_spinning_sidebands_stand_at_the_rate_and_keep_the_second_moment() -> None:
    """Σ I_n (n ν_r)² = csa² (1 + η²/3)/5, M. M. Maricq & J. S. Waugh, J. Chem. Phys. 70, 3300 (1979)."""
    mhz, rate, csa, eta = 80.0, 1600.0, 60.0, 0.4
    orders = np.arange(-8, 9)
    x = orders[:, None] * rate / mhz + np.linspace(-4.0, 4.0, 161)[None, :]
    _, y = solid_spectrum(
        SolidSite(position=0.0, csa=csa, csa_asymmetry=eta),
        "29Si",
        mhz,
        80.0,
        lorentzian_part=0.0,
        observed=SolidObservation(spinning_rate_hz=rate),
        ppm=x.ravel(),
    )
    areas = np.trapezoid(y.reshape(x.shape), x, axis=1)
    centres = np.trapezoid(y.reshape(x.shape) * x, x, axis=1)[4:-4] / areas[4:-4]
    np.testing.assert_allclose(centres, orders[4:-4] * rate / mhz, atol=1e-3)
    assert areas.sum() == pytest.approx(1.0, abs=1e-4)
    moment = float(areas @ (orders * rate / mhz) ** 2)
    assert moment == pytest.approx(csa**2 * (1.0 + eta**2 / 3.0) / 5.0, rel=2e-3)


# ---- quadrupole coupling ------------------------------------------------------------------------


@pytest.mark.parametrize(("nucleus", "spin", "mhz", "cq", "eta"), [
    ("27Al", 2.5, 104.0, 2e6, 0.0), ("27Al", 2.5, 104.0, 2e6, 0.6), ("133Cs", 3.5, 52.5, 2e6, 1.0),
    ("17O", 2.5, 54.0, 1e6, 0.3),
])  # fmt: skip
def test_static_central_transitions_are_those_of_the_exact_levels(
    nucleus: str, spin: float, mhz: float, cq: float, eta: float
) -> None:
    places, _ = exact_transitions(spin, mhz, cq, eta, 150)
    central = places[:, int(spin - 0.5)]
    fwhm = 0.1 * float(np.ptp(central))
    x = np.linspace(central.min() - 2.0 * fwhm, central.max() + 2.0 * fwhm, 400)
    _, found = solid_spectrum(
        SolidSite(position=0.0, cq=cq, cq_asymmetry=eta), nucleus, mhz, fwhm * mhz, lorentzian_part=0.0, ppm=x
    )
    expected = broadened(x, central, np.ones_like(central), fwhm)
    assert np.abs(found - expected).max() < 3e-3 * expected.max()


def test_all_transitions_are_those_of_the_exact_levels() -> None:
    places, weights = exact_transitions(3.5, 52.5, 1e5, 0.3, 200)
    x = np.linspace(-600.0, 600.0, 601)
    _, found = solid_spectrum(
        SolidSite(position=0.0, cq=1e5, cq_asymmetry=0.3),
        "133Cs",
        52.5,
        40.0 * 52.5,
        lorentzian_part=0.0,
        observed=SolidObservation(transitions="all"),
        ppm=x,
    )
    expected = broadened(x, places.ravel(), weights.ravel(), 40.0)
    assert np.abs(found - expected).max() < 3e-3 * expected.max()


def test_sidebands_of_all_transitions_keep_the_second_moment_of_the_exact_levels() -> None:
    """Spinning moves intensity into sidebands, but not the second moment (Maricq & Waugh, as above)."""
    places, weights = exact_transitions(3.5, 52.5, 1e5, 0.3, 200)
    x = np.linspace(-1200.0, 1200.0, 24001)
    spinning = SolidObservation(transitions="all", spinning_rate_hz=5000.0)
    _, y = solid_spectrum(
        SolidSite(position=0.0, cq=1e5, cq_asymmetry=0.3),
        "133Cs",
        52.5,
        105.0,
        lorentzian_part=0.0,
        ppm=x,
        observed=spinning,
    )
    found = np.trapezoid(y * x**2, x) - (2.0 / SIGMAS) ** 2
    assert found == pytest.approx(np.average(places**2, weights=weights), rel=2e-3)
    centre = np.abs(x) < 20.0
    assert np.trapezoid(y[centre], x[centre]) > 16.0 / 84.0


@pytest.mark.parametrize("rate", [0.0, 1e12])
@pytest.mark.parametrize("eta", [0.0, 0.6])
def test_the_centre_of_gravity_of_a_central_transition(rate: float, eta: float) -> None:
    """27Al, I = 5/2: (I(I + 1) − 3/4)/(I²(2I − 1)²) = 8/100, so that the shift is −0.006 (cq/ν₀)² (1 + η²/3)."""
    mhz, site = 104.0, SolidSite(position=10.0, cq=2e6, cq_asymmetry=eta)
    x, y = solid_spectrum(
        site, "27Al", mhz, 100.0, lorentzian_part=0.0, observed=SolidObservation(spinning_rate_hz=rate)
    )
    expected = 10.0 - 0.006 * (2.0 / mhz) ** 2 * 1e6 * (1.0 + eta**2 / 3.0)
    assert np.trapezoid(x * y, x) / np.trapezoid(y, x) == pytest.approx(expected, abs=2e-3)
    assert centre_of_gravity_ppm(site, "27Al", mhz) == pytest.approx(expected, abs=1e-12)


# ---- as a form and in a study -------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "values"), [
    (0.0, (100.0, 40.0, 0.4, 1.5e6, 0.3, 0.0, 4.0, 0.3)), (10000.0, (100.0, 40.0, 0.4, 3e6, 0.3, 10000.0, 4.0, 0.3)),
])  # fmt: skip
def test_derivatives_of_a_form(rate: float, values: tuple[float, ...]) -> None:
    form = solid_line(Nucleus("133Cs", 3.5, 52.5), 52.5)
    x = np.linspace(-200.0, 400.0, 1201)
    rows = form.stacked(x, *values)
    steps = {"position": 0.2, "csa": 1.0, "csa_asymmetry": 0.02, "cq": 5e4, "cq_asymmetry": 0.05, "fwhm": 0.1}
    for k, name in enumerate(form.parameters):
        if name not in steps:
            continue
        central = []
        for size in (steps[name], 0.5 * steps[name]):
            high, low = list(values), list(values)
            high[k] += size
            low[k] -= size
            central.append((form.curve(x, *high) - form.curve(x, *low)) / (2.0 * size))
        expected = (4.0 * central[1] - central[0]) / 3.0
        tolerance = 1e-4 if name in ("position", "fwhm") else 0.03
        assert np.linalg.norm(rows[k + 1] - expected) < tolerance * np.linalg.norm(expected), name


STUDY = """
[datasets.spectrum]
technique = "nmr-lines"
file = "spectrum.csv"
columns = ["ppm", "y", "sigma"]
spectrometer_frequency = 80.0
nucleus = "29Si"
[datasets.spectrum.lines.a]
shape = "solid"
position = { value = -38, vary = true }
csa = { value = 50, vary = true }
csa_asymmetry = { value = 0.2, vary = true }
fwhm = { value = 150, vary = true }
lorentzian_part = 0
"""


def test_a_study_finds_the_tensor_of_a_powder(tmp_path: Path) -> None:
    """The spectrum is made from an average over orientations, not by mrsimulator."""
    x = np.linspace(-130.0, 60.0, 381)
    places = shift_frequencies(60.0, 0.5) - 40.0
    y = 20.0 * broadened(x, places, np.ones_like(places), 3.0) + 0.1
    y = y + np.random.default_rng(3).normal(0.0, 0.003, len(x))
    np.savetxt(tmp_path / "spectrum.csv", np.column_stack([x, y, np.full_like(x, 0.003)]), delimiter=",")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    result = read_study(tmp_path / "study.toml").refine()
    truth = {"position": -40.0, "csa": 60.0, "csa_asymmetry": 0.5, "fwhm": 240.0, "area": 20.0}
    for name, value in truth.items():
        found = result.parameters[f"datasets.spectrum.lines.a.{name}"]
        assert abs(found.value - value) < 4.0 * found.stderr, name
    assert 0.7 < result.datasets["spectrum"].chi2_red < 1.3


@pytest.mark.parametrize("axis", ["ppm", "hz"])
def test_a_study_finds_the_coupling_of_a_central_transition(tmp_path: Path, axis: str) -> None:
    """The spectrum is made from exact energy levels; over Hz it is the same one."""
    unit = 1.0 if axis == "ppm" else 104.0
    x = np.linspace(-60.0, 40.0, 401)
    places, _ = exact_transitions(2.5, 104.0, 2e6, 0.6, 250)
    central = places[:, 2] + 3.0
    y = 500.0 * broadened(x, central, np.ones_like(central), 3.0) / unit + 0.2
    y = y + np.random.default_rng(4).normal(0.0, 0.1 / unit, len(x))
    np.savetxt(tmp_path / "spectrum.csv", np.column_stack([x * unit, y, np.full_like(x, 0.1 / unit)]), delimiter=",")
    text = STUDY.replace("80.0", f'104.0\naxis = "{axis}"').replace("29Si", "27Al").replace("-38", str(5.0 * unit))
    lines = [line for line in text.splitlines() if not line.startswith("csa")]
    lines += ["cq = { value = 1.8e6, vary = true }", "cq_asymmetry = { value = 0.4, vary = true }"]
    (tmp_path / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    result = read_study(tmp_path / "study.toml").refine()
    truth = {"position": 3.0 * unit, "cq": 2e6, "cq_asymmetry": 0.6, "fwhm": 312.0, "area": 500.0}
    for name, value in truth.items():
        found = result.parameters[f"datasets.spectrum.lines.a.{name}"]
        assert abs(found.value - value) < 4.0 * found.stderr, name
    assert 0.7 < result.datasets["spectrum"].chi2_red < 1.3


def test_the_second_order_shift_is_derived(tmp_path: Path) -> None:
    """As above for 27Al: −0.006 (2/104)² 10⁶ = −2.219 ppm."""
    x = np.linspace(-60.0, 60.0, 241)
    np.savetxt(tmp_path / "spectrum.csv", np.column_stack([x, np.exp(-(x**2) / 50.0), np.ones_like(x)]), delimiter=",")
    text = STUDY.replace("80.0", "104.0").replace("29Si", "27Al")
    lines = [line for line in text.splitlines() if not line.startswith("csa")]
    (tmp_path / "study.toml").write_text("\n".join([*lines, "cq = 2e6"]), encoding="utf-8")
    result = read_study(tmp_path / "study.toml").refine()
    assert result.derived["datasets.spectrum.lines.a.second_order_shift"].value == pytest.approx(-2.219, abs=1e-3)


# ---- wrong input --------------------------------------------------------------------------------


def test_what_cannot_be_simulated_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="spin ½"):
        solid_spectrum(SolidSite(cq=1e6), "29Si", 80.0, 100.0)
    with pytest.raises(InputError, match="0 to 1"):
        solid_spectrum(SolidSite(csa=10.0, csa_asymmetry=1.5), "29Si", 80.0, 100.0)
    with pytest.raises(InputError, match="sidebands"):
        solid_spectrum(SolidSite(csa=1000.0), "29Si", 80.0, 100.0, observed=SolidObservation(spinning_rate_hz=5.0))
    (tmp_path / "study.toml").write_text(STUDY + "cq = 1e6\n", encoding="utf-8")
    with pytest.raises(InputError, match="no parameter of a solid"):
        read_study(tmp_path / "study.toml")
