"""Ellipsoids: shared volumes, total scattering, PDF, small angles, coating and pictures by other roads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from nanocrystal.errors import InputError
from nanocrystal.report.written import write_result
from nanocrystal.sample import Coating, Distribution, Ellipsoid, Population, Sample, Sphere
from nanocrystal.sample.shapes.distributions import Lognormal, Normal, OneLength
from nanocrystal.sample.shapes.ellipsoid import EllipsoidalBody
from nanocrystal.sample.shapes.overlaps import sizes
from nanocrystal.simulation import simulated_curves
from nanocrystal.study import read_study
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf, Saxs, TotalScattering
from support.modelling import calculated, crystal, now, sample_of
from support.structures import CUBIC, CUBIC_CSPBBR3, WURTZITE_CDSE
from support.whole_cells import BASIS, ELEMENTS, HEXAGONAL, U_ISO, explicit_wurtzite, in_ellipsoid

A = CUBIC_CSPBBR3
UPRIGHT = A * np.eye(3)


def shared_circles(r1: float, r2: float, apart: float) -> float:
    """Return the area that two circles share."""
    if apart >= r1 + r2 or min(r1, r2) <= 0.0:
        return 0.0
    if apart <= abs(r1 - r2):
        return float(np.pi * min(r1, r2) ** 2)
    a1 = np.arccos((apart**2 + r1**2 - r2**2) / (2.0 * apart * r1))
    a2 = np.arccos((apart**2 + r2**2 - r1**2) / (2.0 * apart * r2))
    kite = 0.5 * np.sqrt((r1 + r2 - apart) * (apart + r1 - r2) * (apart - r1 + r2) * (apart + r1 + r2))
    return float(r1**2 * a1 + r2**2 * a2 - kite)


def shared(diameter: float, length: float, across: float, along: float) -> float:
    """Return the volume that an ellipsoid shares with itself displaced, slice by slice across the axis."""

    def radius(z: float) -> float:
        return 0.5 * diameter * float(np.sqrt(max(1.0 - (2.0 * z / length) ** 2, 0.0)))

    low, high = along - 0.5 * length, 0.5 * length
    if low >= high:
        return 0.0
    return float(quad(lambda z: shared_circles(radius(z), radius(z - along), across), low, high, epsrel=1e-10)[0])


@pytest.mark.parametrize("vectors", [UPRIGHT, HEXAGONAL])
@pytest.mark.parametrize(("diameter", "length"), [(22.0, 31.0), (40.0, 18.0)])
def test_multiplicities_are_the_volumes_shared(diameter: float, length: float, vectors: np.ndarray) -> None:
    offsets = np.array([[0, 0, 0], [1, 0, 0], [1, -1, 0], [0, 2, 0], [0, 0, 1], [1, 1, 2], [3, 1, 1], [9, 0, 0]])
    t = offsets @ vectors
    expected = [shared(diameter, length, float(np.hypot(x, y)), abs(float(z))) for x, y, z in t]
    volume = np.pi / 6.0 * diameter**2 * length
    assert expected[0] == pytest.approx(volume, rel=1e-9)
    found = now(Ellipsoid(diameter, length)).overlap(offsets.astype(float), vectors) * np.linalg.det(vectors)
    np.testing.assert_allclose(found, expected, atol=1e-7 * volume)


def test_as_long_as_wide_it_is_a_sphere() -> None:
    """In the multiplicities exactly; in G(r) but for a sphere keeping single atoms, an ellipsoid whole cells."""
    u = np.random.default_rng(0).uniform(-6.0, 6.0, (40, 3))
    found = now(Ellipsoid(30.0, 30.0)).overlap(u, UPRIGHT) / now(Ellipsoid(30.0, 30.0)).mean_blocks(UPRIGHT)
    np.testing.assert_allclose(found, now(Sphere(30.0)).envelope(A * np.linalg.norm(u, axis=1)), atol=1e-12)
    pdf = Pdf(r="1:20:0.05", qmax=25.0)
    round_one = calculated(sample_of(CUBIC, Sphere(300.0), U_ISO), pdf)
    other = calculated(sample_of(CUBIC, Ellipsoid(300.0, 300.0), U_ISO), pdf)
    np.testing.assert_allclose(other, round_one, atol=1e-2 * np.abs(round_one).max())


GIVEN = [Distribution("lognormal", 30.0, 7.0), Distribution("normal", 30.0, 4.0)]


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("offset", [(0, 0, 0), (1, 0, 1), (3, 2, 0), (0, 0, 4)])
def test_mean_over_distributions_is_their_integral(given: Distribution, offset: tuple[int, int, int]) -> None:
    u, d = (
        np.array([offset], dtype=float),
        {"lognormal": Lognormal, "normal": Normal}[given.distribution](30.0, given.std),
    )
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = 80.0 + 79.9 * nodes
    density = 79.9 * weights * d.density(x)
    at = np.array([now(Ellipsoid(a, 24.0)).overlap(u, UPRIGHT)[0] for a in x])
    total = now(Ellipsoid(given, 24.0)).mean_blocks(UPRIGHT)
    assert abs(now(Ellipsoid(given, 24.0)).overlap(u, UPRIGHT)[0] - at @ density) < 2e-6 * total
    at = np.array([now(Ellipsoid(24.0, a)).overlap(u, UPRIGHT)[0] for a in x])
    assert abs(now(Ellipsoid(24.0, given)).overlap(u, UPRIGHT)[0] - at @ density) < 2e-6 * total
    both = np.array([now(Ellipsoid(given, float(a))).overlap(u, UPRIGHT)[0] for a in x])
    assert abs(now(Ellipsoid(given, given)).overlap(u, UPRIGHT)[0] - both @ density) < 2e-6 * total


def direct_intensity(q: np.ndarray, diameter: float, length: float, exponent: float = 0.0) -> np.ndarray:
    """Return I(Q) of the mean crystal, electron units: all offsets of cells times all pairs of atoms in two cells."""
    reach = int(max(diameter, length) / A) + 1
    offsets = np.array(np.meshgrid(*[range(-reach, reach + 1)] * 3)).reshape(3, -1).T
    w = np.array([shared(diameter, length, A * np.hypot(x, y), A * abs(z)) for x, y, z in offsets]) / A**3
    atoms = ["Pb", "Cs", "Br", "Br", "Br"]
    f = {e: form_factor(e, q) for e in ELEMENTS}
    total = np.zeros_like(q)
    for u, weight in zip(offsets[w > 0.0], w[w > 0.0], strict=True):
        for i, first in enumerate(BASIS):
            for j, second in enumerate(BASIS):
                r = A * float(np.linalg.norm(u + second - first))
                e1, e2 = atoms[i], atoms[j]
                damping = 1.0 if r < 1e-9 else np.exp(-0.5 * q**2 * (U_ISO[e1] + U_ISO[e2]))
                total += weight * f[e1] * f[e2] * damping * np.sinc(q * r / np.pi)
    return total


def test_total_scattering_is_the_direct_sum() -> None:
    found = calculated(
        sample_of(CUBIC, Ellipsoid(18.0, 26.0), U_ISO), TotalScattering(q="0.5:12:0.5", background_terms=0), "iq"
    )
    expected = direct_intensity(0.5 + 0.5 * np.arange(24), 18.0, 26.0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_wurtzite_is_the_mean_over_explicit_ellipsoids() -> None:
    """Unions of whole cells of CdSe, cut at random places."""
    mean, error = explicit_wurtzite(in_ellipsoid(18.0, 24.0), np.arange(0.5, 12.0, 0.25))
    settings = TotalScattering(q="0.5:11.75:0.25", background_terms=0)
    found = calculated(sample_of(WURTZITE_CDSE, Ellipsoid(18.0, 24.0), 0.01), settings, "iq")
    assert (np.abs(found - mean) < 4.5 * error).all()
    assert (error < 0.1 * mean).all()


def test_gamma_of_pdfs_is_the_mean_of_shared_volumes_over_directions() -> None:
    """γ₀(r), which G(r) subtracts: against slices, and for a sphere the closed form."""
    r = np.array([0.0, 4.0, 11.0, 17.0, 21.0, 29.0])
    nodes, weights = np.polynomial.legendre.leggauss(60)
    cosine, w = 0.5 * (nodes + 1.0), 0.5 * weights
    expected = [
        sum(v * shared(22.0, 31.0, x * np.sqrt(1.0 - c * c), x * c) for c, v in zip(cosine, w, strict=True)) for x in r
    ]
    found = now(Ellipsoid(22.0, 31.0)).envelope_along(r, UPRIGHT)
    np.testing.assert_allclose(found, np.array(expected) / expected[0], atol=2e-5)
    x = np.linspace(0.0, 32.0, 200)
    of_sphere = now(Ellipsoid(30.0, 30.0)).envelope_along(x, UPRIGHT)
    np.testing.assert_allclose(of_sphere, now(Sphere(30.0)).envelope(x), atol=2e-6)


# ---- small angles ---------------------------------------------------------------------------------

SMALL = np.array([0.002, 0.02, 0.07, 0.15, 0.3, 0.6])


def slices(diameter: float, length: float, q: float, cosine: np.ndarray) -> np.ndarray:
    """Return the amplitude, disc by disc along the axis."""
    from scipy.special import j1

    nodes, weights = np.polynomial.chebyshev.chebgauss(400)
    z, w = 0.5 * length * nodes, 0.5 * length * weights * np.sqrt(1.0 - nodes**2)
    radius = 0.5 * diameter * np.sqrt(1.0 - nodes**2)
    across = np.maximum(q * np.sqrt(1.0 - cosine[:, None] ** 2) * radius, 1e-12)
    discs = np.pi * radius**2 * 2.0 * j1(across) / across
    return np.asarray((discs * np.cos(q * cosine[:, None] * z)) @ w)


@pytest.mark.parametrize(("inner", "outer"), [(0.0, 0.0), (0.0, -12.0), (5.0, -12.0)])
def test_mean_amplitudes_are_those_of_slices(inner: float, outer: float) -> None:
    body = EllipsoidalBody(OneLength(60.0), OneLength(150.0))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    cosine, w = 0.5 * (nodes + 1.0), 0.5 * weights
    pairs = [[slices(60.0 - 2.0 * s, 150.0 - 2.0 * s, q, cosine) for s in (inner, outer)] for q in SMALL]
    expected = np.array([(a * b) @ w for a, b in pairs])
    scale = np.array([np.sqrt(((a * a) @ w) * ((b * b) @ w)) for a, b in pairs])
    assert np.abs((body.products(SMALL, (inner, outer)) - expected) / scale).max() < 1e-6


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_mean_over_sizes_is_that_of_many_more(spread: float) -> None:
    """Against nodes as dense as those of other bodies."""
    diameters, lengths = Lognormal(38.0, 38.0 * spread), Lognormal(60.0, 60.0 * spread)
    found = EllipsoidalBody(diameters, lengths).products(SMALL, (0.0, -12.0))
    expected = np.zeros(len(SMALL))
    across, part = sizes(diameters, 6, 0.3)
    for d, p in zip(across, part, strict=True):
        expected += p * EllipsoidalBody(OneLength(float(d)), lengths).products(SMALL, (0.0, -12.0))
    scale = EllipsoidalBody(diameters, lengths).products(SMALL, (-12.0, -12.0))  # of the sum that may cancel
    assert np.abs((found - expected) / scale).max() < 3e-6


def test_products_are_the_transform_of_the_volumes_shared() -> None:
    """P(q) = ∫ V γ₀(u) sin(qu)/(qu) d³u, over displacements across and along."""
    shape, body = now(Ellipsoid(40.0, 70.0)), EllipsoidalBody(OneLength(40.0), OneLength(70.0))
    nodes, weights = np.polynomial.legendre.leggauss(120)
    across, along = 20.0 * (nodes + 1.0), 35.0 * (nodes + 1.0)
    u = np.stack(np.meshgrid(across, along, indexing="ij"), axis=-1).reshape(-1, 2)
    w = np.outer(20.0 * weights * across, 35.0 * weights).ravel()
    volume = shape.overlap(np.stack([u[:, 0], 0.0 * u[:, 0], u[:, 1]], axis=-1), np.eye(3))
    r = np.linalg.norm(u, axis=1)
    for q in SMALL[:5]:
        expected = 4.0 * np.pi * (w * volume * np.sinc(q * r / np.pi)).sum()
        assert body.products(np.array([q]), (0.0, 0.0))[0] == pytest.approx(expected, rel=1e-4)


def test_small_angles_of_a_sphere_are_those_of_spheres() -> None:
    """With coating, of a distribution: the sample in absolute units."""
    spread = Distribution("lognormal", 50.0, 3.0)
    settings = Saxs(q="0.005:0.3:0.005", solvent="toluene", background=0.0)
    coating = Coating(12.0, electron_density=0.3)

    def curve(shape: object) -> np.ndarray:
        sample = Sample({"p": Population("x", shape, coating=coating)}, {"x": crystal(CUBIC)})  # type: ignore[arg-type]
        return calculated(sample, settings, "saxs")

    found, expected = curve(Ellipsoid(50.0, 50.0)), curve(Sphere(50.0))
    np.testing.assert_allclose(found, expected, rtol=3e-6)
    narrow, wide = curve(Ellipsoid(spread, 50.0)), curve(Ellipsoid(50.0, 50.0))
    assert not np.allclose(narrow, wide, rtol=1e-2)


# ---- all else that shapes have ---------------------------------------------------------------------


@pytest.mark.parametrize("vectors", [UPRIGHT, HEXAGONAL])
def test_blocks_of_the_mean_are_its_volume(vectors: np.ndarray) -> None:
    """Also where the box around it is oblique."""
    shape, blocks = now(Ellipsoid(30.0, 50.0)), np.pi / 6.0 * 30.0**2 * 50.0 / np.linalg.det(vectors)
    assert shape.about_blocks(vectors) == pytest.approx(blocks, rel=1e-12)
    assert shape.shape.filling(vectors) * shape.blocks_of_mean(vectors).prod() == pytest.approx(blocks, rel=1e-12)


def test_volume_surface_and_coating_by_hand() -> None:
    shape = now(Ellipsoid(30.0, 50.0))
    e = np.sqrt(1.0 - (30.0 / 50.0) ** 2)
    surface = 0.5 * np.pi * 30.0**2 * (1.0 + 50.0 / 30.0 / e * np.arcsin(e))  # of a prolate spheroid
    assert shape.mean_volume == pytest.approx(np.pi / 6.0 * 30.0**2 * 50.0, rel=1e-12)
    assert shape.surface(UPRIGHT) == pytest.approx(surface, rel=2e-3)
    assert shape.grown(12.0, lambda: UPRIGHT) == pytest.approx(np.pi / 6.0 * (54.0**2 * 74.0 - 30.0**2 * 50.0))
    assert shape.length_statistics()["d_eq"].number_mean == pytest.approx((30.0**2 * 50.0) ** (1.0 / 3.0))
    reach = shape.reach_in_blocks(UPRIGHT)
    assert (np.abs(shape.overlap(np.diag(1.02 * reach), UPRIGHT)) < 1e-6 * shape.mean_blocks(UPRIGHT)).all()


STUDY = """[crystals.cspbbr3]
library = "CsPbBr3-alpha"
u_iso = { Cs = 0.03, Pb = 0.01, Br = 0.02 }

[populations.dots]
crystal = "cspbbr3"
shape = "ellipsoid"
diameter = { distribution = "lognormal", mean = { value = 40.0, vary = true }, std = 4.0 }
length = { value = 60.0, vary = true }

[datasets.iq]
technique = "total-scattering"
file = "iq.txt"
columns = ["q", "intensity", "sigma"]
background_terms = 0
"""


def test_study_finds_both_lengths(tmp_path: Path) -> None:
    """Of a simulated curve; the exact derivatives lead there."""
    path = tmp_path / "study.toml"
    simulated = STUDY.replace('file = "iq.txt"\ncolumns = ["q", "intensity", "sigma"]', 'q = "0.3:8:0.02"')
    path.write_text(simulated.replace("40.0", "44.0").replace("60.0", "55.0"), encoding="utf-8")
    study = read_study(path)
    columns = simulated_curves(study.sample, study.datasets, tmp_path)["iq"]
    q, y = columns["Q"], columns["intensity"]
    np.savetxt(tmp_path / "iq.txt", np.column_stack([q, y, 0.01 * np.sqrt(np.maximum(y, 1.0))]))
    path.write_text(STUDY, encoding="utf-8")
    result = read_study(path).refine()
    assert result.converged
    assert result.parameters["populations.dots.diameter.mean"].value == pytest.approx(44.0, rel=1e-4)
    assert result.parameters["populations.dots.length"].value == pytest.approx(55.0, rel=1e-4)
    write_result(result, tmp_path / "out")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "populations.dots.length" in html
    assert list((tmp_path / "out").glob("*.cif"))


def test_what_ellipsoids_have_not_is_said(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    shell = "[populations.dots.shell]\nthickness = 5.0\noccupancy = { Cs = 0.5 }\n"
    text = STUDY.replace('file = "iq.txt"\ncolumns = ["q", "intensity", "sigma"]', 'q = "0.3:8:0.02"')
    path.write_text(text.replace("[datasets.iq]", f"{shell}\n[datasets.iq]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"shell.*not there for the shape 'ellipsoid'"):
        read_study(path).refine()
    path.write_text(text.replace("length = { value = 60.0", "length = { value = -60.0"), encoding="utf-8")
    with pytest.raises(InputError, match=r"populations\.dots\.length.*above 0"):
        read_study(path)
