"""Small angles of sizes however broad: brute force over all of them, moments in closed form, laws at both ends of q."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from nanocrystal.errors import InputError
from nanocrystal.kernels import bodies
from nanocrystal.sample.shapes import ellipsoid
from nanocrystal.sample.shapes.bands import Band, Extent, over_bands
from nanocrystal.sample.shapes.distributions import LengthDistribution, Lognormal, Normal, OneLength
from nanocrystal.sample.shapes.ellipsoid import EllipsoidalBody
from nanocrystal.sample.shapes.overlaps import Disc, Rectangle, Segment, TwoEdges
from nanocrystal.sample.shapes.scattering_bodies import (
    CUBE,
    OCTAHEDRON,
    Ball,
    OctahedralBody,
    RightBody,
    Similar,
    correlated_body,
    cube_body,
    cube_table,
    prism_body,
)
from support.broad_sizes import all_sizes, cylinders, ellipsoids, followed, log_parameters, moment, spheres

SPREADS = [0.1, 0.3, 0.72, 1.0, 1.5, 2.0]
"""standard deviation over mean"""
EVERY = pytest.mark.parametrize("spread", SPREADS)
Q = np.array([0.001, 0.01, 0.05, 0.12, 0.3])
ALONE = (0.0, 0.0)


def lognormal(mean: float, spread: float) -> LengthDistribution:
    return Lognormal(mean, spread * mean) if spread else OneLength(mean)


def inverse_size(mean: float, spread: float) -> float:
    """Return 1 over the length at which ⟨D⁶⟩ is largest, Å⁻¹."""
    mu, s = log_parameters(mean, spread * mean)
    return float(np.exp(-mu - 6.0 * s * s))


# ---- spheres ----------------------------------------------------------------------------------------


@EVERY
def test_spheres_against_the_sum_over_all_sizes(spread: float) -> None:
    """From q → 0 through Guinier's region of the largest to large q; 50 ± 36 Å once had 0.38 of its I(0)."""
    scale = inverse_size(50.0, spread)
    q = np.concatenate([scale * np.array([1e-3, 0.3, 1.0, 3.0, 10.0]), Q])
    found = Ball(lognormal(50.0, spread)).products(q, ALONE)
    np.testing.assert_allclose(found, spheres(q, 50.0, 50.0 * spread), rtol=2e-5)
    assert found[0] == pytest.approx((np.pi / 6.0) ** 2 * moment(50.0, 50.0 * spread, 6.0), rel=1e-5)


@pytest.mark.parametrize("spread", SPREADS[:-1])
def test_guinier_radius_of_spheres(spread: float) -> None:
    """R_g² = (3/5) ⟨R⁸⟩/⟨R⁶⟩, once the next term of the series, 3 q⁴ ⟨R¹⁰⟩/(175 ⟨R⁶⟩), is taken off."""
    sixth, eighth, tenth = (moment(25.0, 25.0 * spread, k) for k in (6.0, 8.0, 10.0))
    square = 0.6 * eighth / sixth
    q = np.array([1e-6, 0.01, 5.0]) / np.sqrt(square)
    at_zero, further, _ = Ball(lognormal(50.0, spread)).products(q, ALONE)
    bend = 3.0 * q[1] ** 4 * tenth / (175.0 * sixth)
    assert 3.0 * (1.0 + bend - further / at_zero) / q[1] ** 2 == pytest.approx(square, rel=1e-3)


@EVERY
def test_porods_law_of_spheres(spread: float) -> None:
    """q⁴ P → 2π ⟨S⟩ and, of spheres, 8π² more over q²: the two terms that are left of their amplitude."""
    d = lognormal(4000.0, spread)
    q = np.array([0.8, 1.5])
    expected = 2.0 * np.pi**2 * d.moment(2.0) / q**4 + 8.0 * np.pi**2 / q**6
    np.testing.assert_allclose(Ball(d).products(q, ALONE), expected, rtol=1e-4)


@EVERY
def test_nested_spheres_against_the_sum_over_all_sizes(spread: float) -> None:
    """A core and the coating of 8 Å around it: what the two amplitudes have in common."""
    length, weight = all_sizes(50.0, 50.0 * spread, 6)

    def amplitude(x: np.ndarray, diameter: np.ndarray) -> np.ndarray:
        far = np.maximum(x, 1e-2)
        closed = 3.0 * (np.sin(far) - far * np.cos(far)) / far**3
        return np.pi / 6.0 * diameter**3 * np.where(x < 1e-2, 1.0 - x * x / 10.0, closed)

    for q in (0.001, 0.03):
        followed = length < 2000.0 / q  # what is longer adds less than 1e-5 here
        core, whole = (amplitude(0.5 * q * d, d)[followed] for d in (length, length + 16.0))
        expected = weight[followed] @ (core * whole)
        found = Ball(lognormal(50.0, spread)).products(np.array([q]), (0.0, -8.0))[0]
        assert found == pytest.approx(expected, rel=1e-3 if spread > 1.0 else 2e-5)
    at_zero = Ball(lognormal(50.0, spread)).products(np.array([1e-3 * inverse_size(50.0, spread)]), (0.0, -8.0))[0]
    products = [1.0, 48.0, 768.0, 4096.0]  # of D³ (D + 16)³
    expected = sum(c * moment(50.0, 50.0 * spread, 6.0 - k) for k, c in enumerate(products))
    assert at_zero == pytest.approx((np.pi / 6.0) ** 2 * expected, rel=1e-5)


# ---- other shapes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("across", "along"), [(0.3, 0.3), (1.0, 0.0), (0.0, 1.0), (2.0, 0.3), (0.3, 2.0), (1.0, 1.0)])
def test_cylinders_against_the_sum_over_all_sizes(across: float, along: float) -> None:
    q = np.array([1e-9, 0.02, 0.2])
    found = RightBody(Disc(lognormal(50.0, across)), Segment(lognormal(80.0, along))).products(q, ALONE)
    np.testing.assert_allclose(found, cylinders(q, (50.0, 50.0 * across), (80.0, 80.0 * along)), rtol=5e-5)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_cubes_and_octahedra_against_the_sum_over_all_sizes(spread: float) -> None:
    """⟨a⁶ P₁(q a)⟩ of what one crystal of every size has; the table of P₁ of cubes is tested beside."""
    length, weight = all_sizes(50.0, 50.0 * spread, 6, 40_000)
    for body, similar, volume in (
        (cube_body(lognormal(50.0, spread), (1.0, 1.0, 1.0)), CUBE, 1.0),
        (OctahedralBody(lognormal(50.0, spread)), OCTAHEDRON, np.sqrt(2.0) / 3.0),
    ):
        q = np.array([1e-3 * inverse_size(50.0, spread), 0.003, 0.05, 0.3])
        x, logs = similar.of_one(300)
        found = body.products(q, ALONE)
        for one, intensity in zip(q, found, strict=True):
            at = np.maximum(one * length, 10.0)
            far = similar.porod[0] / at**4 + similar.porod[1] / at**6
            p1 = far + followed(at, 140.0) * (np.exp(CubicSpline(x, logs)(np.minimum(one * length, 300.0))) - far)
            assert intensity == pytest.approx(weight @ (length**6 * p1), rel=2e-6)
        assert found[0] == pytest.approx(volume**2 * moment(50.0, 50.0 * spread, 6.0), rel=1e-5)


@pytest.mark.parametrize("similar", [CUBE, OCTAHEDRON])
def test_what_is_left_of_an_oscillating_form_factor(similar: Similar) -> None:
    """c₄/x⁴ + c₆/x⁶ is its mean over many periods."""
    x, logs = similar.of_one(300)
    far = x > 100.0
    ratio = np.exp(logs[far]) / (similar.porod[0] / x[far] ** 4 + similar.porod[1] / x[far] ** 6)
    window = np.hanning(int(far.sum()))
    assert window @ ratio / window.sum() == pytest.approx(1.0, abs=2e-5)


@pytest.mark.parametrize("spread", [0.72, 2.0])
def test_cubes_summed_size_by_size(spread: float) -> None:
    """What coated cubes take, against the table; and ⟨a³ (a + 20)³⟩ of a core within its coating."""
    cubes = cube_body(lognormal(50.0, spread), (1.0, 1.0, 1.0))
    q = np.array([1e-3 * inverse_size(50.0, spread), 0.003, 0.2])
    np.testing.assert_allclose(cubes.tied.products(q, ALONE), cubes.products(q, ALONE), rtol=2e-5)
    products = [1.0, 60.0, 1200.0, 8000.0]
    expected = sum(c * moment(50.0, 50.0 * spread, 6.0 - k) for k, c in enumerate(products))
    assert cubes.products(q[:1], (0.0, -10.0))[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("base", "height", "correlation"), [(0.2, 0.2, 0.5), (0.3, 2.0, -0.9), (1.0, 1.0, 0.5)])
def test_correlated_prisms_as_a_mixture_of_independent_ones(base: float, height: float, correlation: float) -> None:
    """ln D = μ + s (√|c| z ± √(1 − |c|) e): one z for both lengths, an e for each."""
    first, second = Lognormal(50.0, 50.0 * base), Lognormal(80.0, 80.0 * height)
    (m1, s1), (m2, s2) = first.log_parameters, second.log_parameters
    q = np.array([1e-9, 1e-4, 0.03, 0.3])
    found = correlated_body(first, (1.0, 1.0), second, 1.0, correlation).products(q, ALONE)
    common, own, sign = np.sqrt(abs(correlation)), np.sqrt(1.0 - abs(correlation)), np.sign(correlation)
    seen = common * (4.0 * s1 + 2.0 * sign * s2)
    step = 0.9 * own
    expected = np.zeros(4)
    for z in np.arange(min(seen, 0.0) - 5.0, max(seen, 0.0) + 5.0, step):
        one = Lognormal.of_logarithm(m1 + common * s1 * z, own * s1)
        other = Lognormal.of_logarithm(m2 + sign * common * s2 * z, own * s2)
        part = step * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        expected += part * prism_body(one, (1.0, 1.0), other, 1.0).products(q, ALONE)
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    whole = 4.0 * m1 + 2.0 * m2 + 8.0 * s1**2 + 2.0 * s2**2 + 8.0 * correlation * s1 * s2
    assert found[0] == pytest.approx(np.exp(whole), rel=2e-5)


@pytest.mark.parametrize("spread", [0.72, 2.0])
def test_boxes_of_broad_edges_begin_and_end_by_their_laws(spread: float) -> None:
    """Of bricks and of rectangles in proportion: Π ⟨L²⟩, or ⟨L⁴⟩⟨H²⟩, and Porod's 2π ⟨S⟩ with 24/q² of the corners."""
    a, b, c = (lognormal(x, spread) for x in (4000.0, 5000.0, 6000.0))
    q = np.array([1e-10, 1.0])
    one, two, three = (x.moment(1.0) for x in (a, b, c))
    brick = RightBody(TwoEdges(Segment(a), Segment(b)), Segment(c)).products(q, ALONE)
    assert brick[0] == pytest.approx(a.moment(2.0) * b.moment(2.0) * c.moment(2.0), rel=1e-5)
    surface = 2.0 * (one * two + two * three + three * one)
    assert brick[1] == pytest.approx(2.0 * np.pi * surface - 24.0, rel=1e-4)
    plate = RightBody(Rectangle(a, (1.0, 1.3)), Segment(c)).products(q, ALONE)
    assert plate[0] == pytest.approx(1.69 * a.moment(4.0) * c.moment(2.0), rel=1e-5)
    assert plate[1] == pytest.approx(2.0 * np.pi * (2.6 * a.moment(2.0) + 4.6 * one * three) - 24.0, rel=1e-4)


# ---- ellipsoids ---------------------------------------------------------------------------------------


@pytest.mark.campaign
def test_ellipsoids_against_the_sum_over_sizes_and_directions() -> None:
    """All sizes of both lengths and all directions one by one, as for coated ones."""
    body = EllipsoidalBody(Lognormal(14.0, 10.0), Lognormal(20.0, 11.0))
    q = np.array([0.002, 0.1, 0.3])
    np.testing.assert_allclose(body.products(q, ALONE), body._nested(q, ALONE), rtol=1e-5)
    expected = [body._nested(q, (0.0, 3.0)), body._nested(q, (3.0, 3.0))]
    np.testing.assert_allclose([body.products(q, d) for d in ((0.0, 3.0), (3.0, 3.0))], expected, rtol=1e-5)


def test_bands_of_ellipsoids_are_what_no_bands_are(monkeypatch: pytest.MonkeyPatch) -> None:
    body = EllipsoidalBody(Lognormal(40.0, 16.0), Lognormal(60.0, 20.0))
    q = np.array([0.01, 0.15, 0.3])
    monkeypatch.setattr(ellipsoid, "RESOLVED", 1e9)
    whole = body.products(q, ALONE), body.mean_amplitude(q, 0.0)
    monkeypatch.setattr(ellipsoid, "RESOLVED", 10.0)
    np.testing.assert_allclose(body.products(q, ALONE), whole[0], rtol=1e-5)
    np.testing.assert_allclose(body.mean_amplitude(q, 0.0), whole[1], atol=1e-6 * whole[1][0])


@pytest.mark.parametrize(("across", "along"), [(0.0, 1.0), (1.0, 0.0), (0.0, 2.0), (2.0, 0.0)])
@pytest.mark.parametrize("q", [0.02, 0.1])
def test_ellipsoids_of_one_spread_length_against_the_sum_over_sizes_and_directions(
    across: float, along: float, q: float
) -> None:
    """Of one diameter or one length, whose oscillations no spread takes away."""
    body = EllipsoidalBody(lognormal(200.0, across), lognormal(300.0, along))
    expected = ellipsoids(q, (200.0, 200.0 * across), (300.0, 300.0 * along))
    assert body.products(np.array([q]), ALONE)[0] == pytest.approx(expected, rel=5e-6)


@pytest.mark.parametrize(("across", "along"), [(2.0, 0.3), (0.3, 2.0), (1.0, 1.0)])
def test_broad_ellipsoids_begin_and_end_by_their_laws(across: float, along: float) -> None:
    """⟨D⁴⟩⟨L²⟩, and Porod's law with the surface of each proportion by quadrature."""
    d, length = lognormal(200.0, across), lognormal(300.0, along)
    q = np.array([1e-10, 1.0])
    found = EllipsoidalBody(d, length).products(q, ALONE)
    assert found[0] == pytest.approx((np.pi / 6.0) ** 2 * d.moment(4.0) * length.moment(2.0), rel=1e-5)
    (a, w), (c, v) = (all_sizes(m, s * m, 2, 150) for m, s in ((200.0, across), (300.0, along)))
    nodes, weights = np.polynomial.legendre.leggauss(100)
    cosine = 0.5 * (nodes + 1.0)
    ratio = a[:, None, None] / c[None, :, None]
    around = np.sqrt(1.0 - (1.0 - ratio**2) * cosine**2)  # ∮ of the meridian: S = π D L ∫ √(1 − (1 − D²/L²) u²) du
    surface = np.pi * np.outer(a, c) * (around @ (0.5 * weights))
    assert found[1] == pytest.approx(2.0 * np.pi * float(w @ surface @ v), rel=2e-3)


def test_coated_ellipsoids_too_broad_to_be_summed_are_refused() -> None:
    body = EllipsoidalBody(Lognormal(50.0, 60.0), Lognormal(80.0, 90.0), "populations.p")
    with pytest.raises(InputError, match=r"populations\.p\.shape.*coated ellipsoids .* make std or q_range smaller"):
        body.products(Q, (0.0, -10.0))


# ---- what it costs ------------------------------------------------------------------------------------


@pytest.fixture
def summed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the displacements of each sum."""
    counted: list[int] = []
    add = bodies.DisplacementSum.add

    def counting(self: bodies.DisplacementSum, moments: np.ndarray, *arrays: np.ndarray) -> None:
        counted.append(len(arrays[0]) * len(arrays[2]))
        add(self, moments, *arrays)

    monkeypatch.setattr(bodies.DisplacementSum, "add", counting)
    return counted


@pytest.mark.parametrize(
    ("body", "depths", "most"),
    [
        (lambda d, e: Ball(d), ALONE, 135),
        (lambda d, e: Ball(d), (0.0, -10.0), 147),
        (lambda d, e: RightBody(Rectangle(d), Segment(e)), ALONE, 35_015),
        (lambda d, e: RightBody(Disc(d), Segment(e)), ALONE, 19_519),
        (lambda d, e: RightBody(TwoEdges(Segment(d), Segment(e)), Segment(d)), ALONE, 130_429),
        (lambda d, e: cube_body(d, (1.0, 1.0, 1.0)), (0.0, -10.0), 870_552),
        (lambda d, e: correlated_body(d, (1.0, 1.0), e, 1.0, 0.6), ALONE, 1_246_720),
    ],
)
def test_usual_widths_cost_what_they_did(
    body: Callable[[Lognormal, Lognormal], Ball], depths: tuple[float, float], most: int, summed: list[int]
) -> None:
    """Displacements that are summed for std/mean 0.2 and q up to 0.3 Å⁻¹, as counted before sizes could be broad."""
    body(Lognormal(60.0, 12.0), Lognormal(90.0, 18.0)).products(np.linspace(0.01, 0.3, 60), depths)
    assert sum(summed) <= most


def test_broad_sizes_cost_bands_and_not_lengths(summed: list[int]) -> None:
    """Spheres of std/mean 2 reach 0.1 mm: 2,500 nodes for a decade of q, where q D is 10⁸."""
    Ball(Lognormal(50.0, 100.0)).products(np.geomspace(0.03, 0.3, 20), ALONE)
    assert sum(summed) < 3000


# ---- the bands themselves -----------------------------------------------------------------------------


def test_lengths_that_are_alike_are_followed_as_far_as_they_go() -> None:
    """Bands end beyond the longest of them; each q is in one band."""
    seen: list[Band] = []

    def of(band: Band) -> np.ndarray:
        seen.append(band)
        return band.q

    q = np.geomspace(1e-4, 0.3, 40)
    np.testing.assert_array_equal(over_bands(q, Extent(1e6, 900.0), of), q)
    assert sum(len(band.q) for band in seen) == 40
    assert min(band.taper.start for band in seen) > 899.0
    assert [np.isinf(band.end) for band in seen].count(True) == 1


@pytest.mark.parametrize("d", [Normal(50.0, 8.0), Lognormal(50.0, 4.0)])
def test_narrow_sizes_are_one_band(d: LengthDistribution) -> None:
    """However large q D: nothing of their oscillations is left out."""
    q = np.array([0.3, 0.5])
    length = np.linspace(0.1, 120.0, 40_001)
    density = d.density(length)
    x = 0.5 * np.outer(q, length)
    square = (np.pi / 6.0 * length**3 * 3.0 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2
    np.testing.assert_allclose(Ball(d).products(q, ALONE), square @ (density / density.sum()), rtol=1e-5)


def test_the_table_of_cubes_is_that_of_directions() -> None:
    x, logs = cube_table(100)
    nodes, weights = np.polynomial.legendre.leggauss(160)
    cosine, azimuth = 0.5 * (nodes + 1)[:, None], 0.25 * np.pi * (nodes + 1)[None, :]
    sine = np.sqrt(1 - cosine**2)
    for at in (0.3, 7.0, 60.0, 99.0):
        k = 0.5 * at * np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine + 0 * azimuth]) / np.pi
        expected = 0.25 * weights @ np.prod(np.sinc(k), axis=0) ** 2 @ weights
        assert np.exp(CubicSpline(x, logs)(at)) == pytest.approx(expected, rel=1e-5)
