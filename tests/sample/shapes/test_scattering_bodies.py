"""Mean square amplitudes of bodies against closed amplitudes averaged over directions and sizes by other code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import j1

from nanocrystal.sample.shapes.distributions import Lognormal, Normal, OneLength, Tabulated
from nanocrystal.sample.shapes.overlaps import Disc, Rectangle, Segment, TwoEdges
from nanocrystal.sample.shapes.scattering_bodies import Ball, OctahedralBody, RightBody, correlated_body, cube_body

Q = np.array([0.002, 0.02, 0.07, 0.15, 0.3, 0.6])
Amplitude = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def sinc(x: np.ndarray) -> np.ndarray:
    return np.sinc(x / np.pi)


def box(a: float, b: float, c: float) -> Amplitude:
    return lambda x, y, z: a * b * c * sinc(x * a / 2) * sinc(y * b / 2) * sinc(z * c / 2)


def cylinder(diameter: float, length: float) -> Amplitude:
    def amplitude(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        across = np.maximum(np.hypot(x, y) * diameter / 2, 1e-9)
        return np.pi / 4 * diameter**2 * length * 2 * j1(across) / across * sinc(z * length / 2)

    return amplitude


def octahedron(edge: float) -> Amplitude:
    """Slices at height z are squares with their corners along x and y."""
    s = edge / np.sqrt(2.0)
    nodes, weights = np.polynomial.legendre.leggauss(80)
    heights, weights = 0.5 * s * (nodes + 1), 0.5 * s * weights

    def amplitude(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        total = np.zeros(np.broadcast(x, y, z).shape)
        for height, weight in zip(heights, weights, strict=True):
            h = s - height
            square = 2 * h * h * sinc((x + y) * h / 2) * sinc((x - y) * h / 2)
            total += 2 * weight * square * np.cos(z * height)
        return total

    return amplitude


def over_directions(first: Amplitude, second: Amplitude, q: float, n: int) -> float:
    """Return the mean of the product over one octant of directions, by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    cosine, azimuth = 0.5 * (nodes + 1)[:, None], 0.25 * np.pi * (nodes + 1)[None, :]
    sine = np.sqrt(1 - cosine**2)
    x, y, z = q * sine * np.cos(azimuth), q * sine * np.sin(azimuth), q * cosine + 0 * azimuth
    return float(0.25 * weights @ (first(x, y, z) * second(x, y, z)) @ weights)


def direct(first: Amplitude, second: Amplitude | None = None, n: int = 100) -> np.ndarray:
    return np.array([over_directions(first, second or first, q, n) for q in Q])


@pytest.mark.parametrize("lengths", [(80.0, 80.0, 120.0), (200.0, 200.0, 12.0), (50.0, 90.0, 130.0)])
def test_boxes(lengths: tuple[float, float, float]) -> None:
    a, b, c = (OneLength(x) for x in lengths)
    base = Rectangle(a) if lengths[0] == lengths[1] else TwoEdges(Segment(a), Segment(b))
    found = RightBody(base, Segment(c)).products(Q, (0.0, 0.0))
    np.testing.assert_allclose(found, direct(box(*lengths)), rtol=1e-6)


@pytest.mark.parametrize(("inner", "outer"), [(0.0, -15.0), (6.0, -15.0), (-15.0, -15.0), (6.0, 6.0), (0.0, 30.0)])
def test_nested_boxes(inner: float, outer: float) -> None:
    """Coatings (negative depths) and cores, of a prism, a brick and a cube."""
    for lengths in ((80.0, 80.0, 120.0), (70.0, 90.0, 130.0), (100.0, 100.0, 100.0)):
        a, b, c = (OneLength(x) for x in lengths)
        if lengths[0] == lengths[2]:
            body = cube_body(a, (1.0, 1.0, 1.0))
        else:
            base = Rectangle(a) if lengths[0] == lengths[1] else TwoEdges(Segment(a), Segment(b))
            body = RightBody(base, Segment(c))
        first, second = (box(*(x - 2 * depth for x in lengths)) for depth in (inner, outer))
        expected = direct(first, second)
        scale = np.sqrt(direct(first) * direct(second))  # the product itself has zeros
        assert np.abs((body.products(Q, (inner, outer)) - expected) / scale).max() < 1e-6


def test_rectangles_in_one_proportion() -> None:
    """A base whose edges are 1 and 1.3 times one length, as in cells with a and b that differ."""
    body = RightBody(Rectangle(OneLength(60.0), (1.0, 1.3)), Segment(OneLength(90.0)))
    np.testing.assert_allclose(body.products(Q, (0.0, 0.0)), direct(box(60.0, 78.0, 90.0)), rtol=1e-6)
    coated = direct(box(60.0, 78.0, 90.0), box(80.0, 98.0, 110.0))
    scale = direct(box(80.0, 98.0, 110.0))
    assert np.abs((body.products(Q, (0.0, -10.0)) - coated) / scale).max() < 1e-6


@pytest.mark.parametrize(("inner", "outer"), [(0.0, 0.0), (0.0, -12.0), (5.0, -12.0)])
def test_cylinders(inner: float, outer: float) -> None:
    body = RightBody(Disc(OneLength(60.0)), Segment(OneLength(150.0)))
    first, second = (cylinder(60.0 - 2 * s, 150.0 - 2 * s) for s in (inner, outer))
    scale = np.sqrt(direct(first) * direct(second))
    assert np.abs((body.products(Q, (inner, outer)) - direct(first, second)) / scale).max() < 1e-6


def test_octahedra() -> None:
    found = OctahedralBody(OneLength(90.0)).products(Q, (0.0, 0.0))
    np.testing.assert_allclose(found, direct(octahedron(90.0), n=120), rtol=1e-5)


def sphere(diameter: np.ndarray, q: np.ndarray) -> np.ndarray:
    x = np.outer(q, 0.5 * diameter)
    return np.pi / 6 * diameter**3 * 3 * (np.sin(x) - x * np.cos(x)) / x**3


def fine_sizes(density: Callable[[np.ndarray], np.ndarray], low: float, high: float, n: int) -> tuple:
    """Return many lengths and weights, by the trapezoidal rule in the logarithm."""
    length = np.geomspace(low, high, n)
    weight = density(length) * length * np.log(high / low) / (n - 1)
    return length, weight / weight.sum()


@pytest.mark.parametrize("d", [Lognormal(80.0, 16.0), Lognormal(60.0, 36.0), Normal(80.0, 12.0)])
def test_spheres_with_a_distribution(d: Lognormal | Normal) -> None:
    length, weight = fine_sizes(d.density, 4.0, 8000.0, 12000)
    expected = sphere(length, Q) ** 2 @ weight
    np.testing.assert_allclose(Ball(d).products(Q, (0.0, 0.0)), expected, rtol=5e-6)
    nested = (sphere(length, Q) * sphere(length + 30.0, Q)) @ weight
    scale = sphere(length + 30.0, Q) ** 2 @ weight
    assert np.abs((Ball(d).products(Q, (0.0, -15.0)) - nested) / scale).max() < 5e-6
    mean = np.abs(Ball(d).mean_amplitude(Q, 0.0) - sphere(length, Q) @ weight)
    assert mean.max() < 3e-6 * (length**3 @ weight)


def over_boxes(lengths: np.ndarray, weights: np.ndarray, n: int = 96) -> np.ndarray:
    """Return the mean over boxes (m, 3) with these weights; each averaged over directions."""
    nodes, w = np.polynomial.legendre.leggauss(n)
    cosine, azimuth = 0.5 * (nodes + 1)[:, None], 0.25 * np.pi * (nodes + 1)[None, :]
    sine = np.sqrt(1 - cosine**2)
    found = []
    for q in Q:
        x, y, z = q * sine * np.cos(azimuth), q * sine * np.sin(azimuth), q * cosine + 0 * azimuth
        total = 0.0
        for (a, b, c), part in zip(lengths, weights, strict=True):
            f = a * b * c * sinc(x * a / 2) * sinc(y * b / 2) * sinc(z * c / 2)
            total += part * 0.25 * w @ f**2 @ w
        found.append(total)
    return np.array(found)


def test_prisms_with_a_bivariate_distribution() -> None:
    """Independent and correlated lognormals against a grid of explicit prisms."""
    first, second = Lognormal(50.0, 9.0), Lognormal(70.0, 10.0)
    (m1, s1), (m2, s2) = first.log_parameters, second.log_parameters
    z = np.linspace(-5.5, 5.5, 31) + 0.6  # towards the large, which count most
    for correlation in (0.0, 0.6):
        u, v = np.meshgrid(z, z, indexing="ij")
        rest = 1.0 - correlation**2
        weight = np.exp(-0.5 * (u**2 + v**2 - 2 * correlation * u * v) / rest).ravel()
        kept = weight > 1e-6 * weight.max()
        a, c = np.exp(m1 + s1 * u).ravel()[kept], np.exp(m2 + s2 * v).ravel()[kept]
        boxes = np.stack([a, a, c], axis=1)
        expected = over_boxes(boxes, weight[kept] / weight.sum(), 48)
        if correlation:
            body = correlated_body(first, (1.0, 1.0), second, 1.0, correlation)
        else:
            body = RightBody(Rectangle(first), Segment(second))
        np.testing.assert_allclose(body.products(Q, (0.0, 0.0)), expected, rtol=1e-4)


def test_cubes_with_a_distribution() -> None:
    d = Lognormal(80.0, 12.0)
    length, weight = fine_sizes(d.density, 30.0, 200.0, 161)
    expected = over_boxes(np.stack([length] * 3, axis=1), weight)
    body = cube_body(d, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(body.products(Q, (0.0, 0.0)), expected, rtol=1e-5)
    np.testing.assert_allclose(body.tied.products(Q, (0.0, 0.0)), expected, rtol=1e-5)


def test_lengths_counted_in_images() -> None:
    """A histogram is the sum over its lengths; kinks at each of them."""
    d = Tabulated((40.0, 55.0, 60.0, 90.0), (1.0, 3.0, 2.0, 1.0))
    for base, one in ((Rectangle, lambda x: box(x, x, 70.0)), (Disc, lambda x: cylinder(x, 70.0))):
        found = RightBody(base(d), Segment(OneLength(70.0))).products(Q, (0.0, 0.0))
        expected = sum(n / 7.0 * direct(one(x)) for x, n in zip(d.lengths, d.counts, strict=True))
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def mean_over_directions(amplitude: Amplitude) -> np.ndarray:
    return direct(amplitude, lambda x, y, z: np.ones(np.broadcast(x, y, z).shape))


def test_mean_amplitudes() -> None:
    """What the structure factors need, of all shapes that have it."""
    bodies = [
        (RightBody(Rectangle(OneLength(80.0)), Segment(OneLength(120.0))), lambda t: box(80 + t, 80 + t, 120 + t)),
        (RightBody(Rectangle(OneLength(60.0), (1.0, 1.3)), Segment(OneLength(90.0))),
         lambda t: box(60 + t, 78 + t, 90 + t)),
        (RightBody(TwoEdges(*(Segment(OneLength(x)) for x in (50.0, 90.0))), Segment(OneLength(70.0))),
         lambda t: box(50 + t, 90 + t, 70 + t)),
        (RightBody(Disc(OneLength(60.0)), Segment(OneLength(150.0))), lambda t: cylinder(60 + t, 150 + t)),
        (cube_body(OneLength(100.0), (1.0, 1.0, 1.0)), lambda t: box(100 + t, 100 + t, 100 + t)),
    ]  # fmt: skip
    for body, amplitude in bodies:
        for depth in (0.0, -10.0):
            expected = mean_over_directions(amplitude(-2 * depth))
            assert np.abs(body.mean_amplitude(Q, depth) / expected[0] - expected / expected[0]).max() < 1e-7


def test_porod_law_of_a_broad_population() -> None:
    """I → 2π ⟨S⟩/q⁴ where no oscillation is left; by hand from the moments of a lognormal."""
    d = Lognormal(80.0, 20.0)
    q = np.array([0.6, 1.2])
    surface = 6.0 * d.moment(2.0)
    found = cube_body(d, (1.0, 1.0, 1.0)).products(q, (0.0, 0.0)) * q**4 / (2.0 * np.pi * surface)
    edges = 1.0 - found  # edges and corners add terms of order 1/(q a)
    assert np.all(np.abs(edges) < 2.0 / (q * 80.0))
    assert abs(edges[1]) < abs(edges[0])
