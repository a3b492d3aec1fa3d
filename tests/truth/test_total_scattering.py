"""I(Q) of populations against direct sums over explicit atoms, on absolute scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.special import ndtr

from nanocrystal.kernels import debye, plain
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.parameters import vary
from nanocrystal.refinement.fit import bound_problem
from nanocrystal.sample import Brick, Cube, Distribution, Platelet, Population, Prism, Sample, SiteOverride, Sphere
from nanocrystal.sample.shapes.boxes import Box
from nanocrystal.tables.form_factors import anomalous_factor, form_factor
from nanocrystal.techniques import TotalScattering
from support.gamma_blocks import orthorhombic_prism
from support.modelling import calculated, cluster_sample, crystal, now, sample_of
from support.richardson import errors_of_derivatives, exact_addresses_of
from support.structures import CUBIC, GAMMA_CSPBBR3, NICKEL, cif, cubic_cluster

ELEMENTS = ("Pb", "Cs", "Br")
U_ISO = {"Pb": 0.0127, "Cs": 0.03, "Br": 0.025}
PLAIN = TotalScattering(q="0.5:25:0.05", background_terms=0)
Q = 0.5 + 0.05 * np.arange(491)


def intensity_of_atoms(
    positions: np.ndarray, kinds: np.ndarray, q: np.ndarray = Q, anomalous: dict[str, complex] | None = None
) -> np.ndarray:
    """Return I(Q) of Pb, Cs, Br atoms (kinds 0, 1, 2) by the plain sums over pairs."""
    f = np.array([form_factor(e, q) + (anomalous or {}).get(e, 0.0) for e in ELEMENTS])
    u_iso = np.array([U_ISO[e] for e in ELEMENTS])
    counts = np.bincount(kinds, minlength=3).astype(float)
    return debye.debye_intensity(q, plain.pair_sums(q, positions, kinds, 3), f, u_iso, np.ones(3), counts)


@pytest.mark.parametrize("shape", [Cube(8 * 5.87), Brick(8 * 5.87, 8 * 5.87, 8 * 5.87)])
def test_cube_of_whole_cells_is_its_atoms(shape: Box) -> None:
    """8 × 8 × 8 cells as a population, as a list of atoms through the engine, and by the direct sum."""
    positions, kinds = cubic_cluster(8)
    direct = intensity_of_atoms(positions, kinds, Q[::14])
    population = calculated(sample_of(CUBIC, shape, U_ISO), PLAIN, "iq")
    listed = calculated(cluster_sample([ELEMENTS[k] for k in kinds], positions, U_ISO), PLAIN, "iq")
    for found in (population, listed):
        assert np.abs(found[::14] - direct).max() <= 1e-6 * direct.max()
        assert np.abs(found[::14] / direct - 1.0).max() <= 1e-5


def test_blocks_put_back_together_are_the_crystal() -> None:
    """An infinite crystal and a prism cut from it have the same near distances around an inner atom."""
    positions, kinds = orthorhombic_prism(6, 6, 0)
    middle = int(np.argmin(np.linalg.norm(positions - positions.mean(axis=0), axis=1) + 100.0 * (kinds != 0)))
    around = np.sort(np.linalg.norm(positions - positions[middle], axis=1))[1:7]
    assert kinds[middle] == 0
    # Pb–Br bonds of γ-CsPbBr3 by hand from the coordinates: two each of Br1 and twice two of Br2
    cell = np.array([8.207, 8.255, 11.759])
    bonds = [
        np.linalg.norm((np.array(b) - np.array(p)) * cell)
        for b, p in (
            ([0.046, 0.505, 0.25], [0.0, 0.5, 0.0]),
            ([0.793, 0.205, 0.025], [0.5, 0.0, 0.0]),
            ([0.793, 0.205, 0.025], [1.0, 0.5, 0.0]),
        )
    ]
    np.testing.assert_allclose(around, np.sort(np.repeat(bonds, 2)), atol=1e-9)


@pytest.mark.parametrize(("n_base", "n_length"), [(4, 4), (3, 5)])
def test_orthorhombic_prism_is_the_mean_over_its_four_starts(n_base: int, n_length: int) -> None:
    means = np.mean([intensity_of_atoms(*orthorhombic_prism(n_base, n_length, s)) for s in range(4)], axis=0)
    a1 = 0.5 * np.hypot(8.207, 8.255)
    base = 0.5 * 8.207 * 8.255  # |A1 × A2|
    d_ab = n_base * np.sqrt(4.0 / np.pi * base)
    assert d_ab == pytest.approx(n_base * a1 * 2.0 / np.sqrt(np.pi), rel=1e-4)
    found = calculated(sample_of(GAMMA_CSPBBR3, Prism(d_ab, n_length * 5.8795), U_ISO), PLAIN, "iq")
    assert np.abs(found - means).max() <= 1e-6 * means.max()
    assert np.abs(found / means - 1.0).max() <= 1e-5


def test_facets_of_the_cell_cut_whole_cells() -> None:
    x = crystal(GAMMA_CSPBBR3, U_ISO)
    vectors, places = now(x).vectors, now(x).positions
    kinds = np.repeat([ELEMENTS.index(s.element) for s in x.sites], [len(p) for p in places])
    fract = np.concatenate(places)
    fract = fract - np.floor(fract + 1e-9)
    cells = np.array(np.meshgrid(range(3), range(3), range(2), indexing="ij")).reshape(3, -1).T
    positions = (cells[:, None, :] + fract[None]).reshape(-1, 3) @ vectors
    direct = intensity_of_atoms(positions, np.tile(kinds, len(cells)))
    shape = Brick(3 * 8.207, 3 * 8.255, 2 * 11.759, facets="cell")
    found = calculated(sample_of(GAMMA_CSPBBR3, shape, U_ISO), PLAIN, "iq")
    assert np.abs(found / direct - 1.0).max() <= 1e-5


@pytest.mark.parametrize("correlation", [None, 0.6])
def test_multiplicities_of_a_bivariate_population_are_means_over_sizes(correlation: float | None) -> None:
    """The closed form against a mean over 4 million drawn crystals (1/√n) for some offsets."""
    mean_d, std_d, mean_l, std_l = 40.0, 12.0, 50.0, 10.0
    shape = Prism(Distribution("lognormal", mean_d, std_d), Distribution("lognormal", mean_l, std_l), correlation)
    vectors = 5.87 * np.eye(3)
    offsets = np.array([[0, 0, 0], [1, 0, 0], [2, -3, 1], [0, 0, 6], [5, 5, 5], [7, 2, -9]], dtype=float)
    rng = np.random.default_rng(0)
    s_d, s_l = (np.sqrt(np.log1p((s / m) ** 2)) for m, s in ((mean_d, std_d), (mean_l, std_l)))
    z = rng.normal(size=(2, 4_000_000))
    z[1] = (correlation or 0.0) * z[0] + np.sqrt(1.0 - (correlation or 0.0) ** 2) * z[1]
    d = mean_d * np.exp(s_d * z[0] - s_d**2 / 2.0)
    n_base, n_length = d * np.sqrt(np.pi / 4.0) / 5.87, mean_l * np.exp(s_l * z[1] - s_l**2 / 2.0) / 5.87
    found = now(shape).overlap(offsets, vectors)
    for weight, (u, v, w) in zip(found, np.abs(offsets), strict=True):
        drawn = np.maximum(n_base - u, 0) * np.maximum(n_base - v, 0) * np.maximum(n_length - w, 0)
        assert weight == pytest.approx(drawn.mean(), abs=5.0 * drawn.std() / np.sqrt(len(d)))
    statistics = now(shape).length_statistics()["d_eq"]
    equivalent = (1.5 * d**2 * n_length * 5.87) ** (1.0 / 3.0)
    assert statistics.number_mean == pytest.approx(equivalent.mean(), rel=1e-3)
    assert statistics.number_std == pytest.approx(equivalent.std(), rel=3e-3)
    weighted = np.average(equivalent, weights=equivalent**3)
    assert statistics.volume_weighted_mean == pytest.approx(weighted, rel=2e-3)


def test_sizes_of_table_2() -> None:
    """Published ⟨D_ab⟩, σ, ⟨L_c⟩, σ of CsPbCl3, CsPbBr3, CsPbI3 and the D_eq printed with them (nm).

    F. Bertolotti et al., ACS Nano 11, 3819 (2017), Table 2.
    """
    table = [
        (5.34, 0.60, 7.62, 0.45, 6.516, 0.413, 1.43),
        (8.19, 0.24, 9.79, 0.20, 9.845, 0.172, 1.20),
        (9.86, 0.21, 8.01, 0.21, 10.431, 0.156, 0.81),
    ]
    for d, s_d, length, s_l, equivalent, relative, aspect in table:
        shape = Prism(
            Distribution("lognormal", 10 * d, 10 * d * s_d), Distribution("lognormal", 10 * length, 10 * length * s_l)
        )
        found = now(shape).length_statistics()["d_eq"]
        assert found.number_mean / 10.0 == pytest.approx(equivalent, abs=0.02)
        assert found.number_std / found.number_mean == pytest.approx(relative, abs=0.01)
        assert length / d == pytest.approx(aspect, abs=0.005)


def test_population_is_the_mean_of_its_members() -> None:
    """Cubes of a normal distribution of edges: one lattice sum against the mean over many single ones."""
    mean, std = 30.0, 6.0
    settings = TotalScattering(q="0.3:12:0.05", background_terms=0)
    found = calculated(sample_of(CUBIC, Cube(Distribution("normal", mean, std)), U_ISO), settings, "iq")
    edges = 5.87 / 14.0 * np.arange(14, 14 * 13 + 1)  # Simpson's rule with a node at each whole number of cells
    density = np.exp(-0.5 * ((edges - mean) / std) ** 2) / (std * np.sqrt(2.0 * np.pi)) / ndtr(mean / std)
    single = np.array([calculated(sample_of(CUBIC, Cube(e), U_ISO), settings, "iq") for e in edges])
    expected = simpson(density[:, None] * single, x=edges, axis=0)
    assert np.abs(found / expected - 1.0).max() < 1e-4


@pytest.mark.campaign
def test_sphere_is_the_mean_over_its_centres() -> None:
    """Continuous diameters: the mean over 300 random places of the centre, converging as 1/√n."""
    q = np.arange(0.5, 10.0, 0.2)
    n = np.arange(-6, 7)
    cells = np.array(np.meshgrid(n, n, n)).reshape(3, -1).T
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    atoms = (cells[:, None] + basis[None]).reshape(-1, 3) * 3.52
    rng = np.random.default_rng(0)
    f, total, pairs = form_factor("Ni", q), 0.0, np.zeros(len(q))
    for _ in range(300):
        inside = atoms[np.linalg.norm(atoms - rng.uniform(0, 3.52, 3), axis=1) < 8.6]
        total += len(inside) / 300
        pairs += plain.pair_sums(q, inside, np.zeros(len(inside), dtype=int), 1)[0] / 300
    expected = f**2 * (total + 2.0 * np.exp(-0.01 * q**2) * pairs)
    settings = TotalScattering(q="0.5:9.91:0.2", background_terms=0)
    found = calculated(sample_of(NICKEL, Sphere(17.2), 0.01), settings, "iq")
    assert np.abs(found - expected).max() < 0.01 * expected.max()
    assert np.sqrt(np.mean((found / expected - 1.0) ** 2)) < 0.03


def test_two_populations_are_the_number_weighted_mean() -> None:
    x = {"x": crystal(CUBIC, U_ISO)}
    settings = TotalScattering(q="0.5:12:0.05", background_terms=0)

    def of(*parts: tuple[float, float]) -> np.ndarray:
        populations = {
            f"p{k}": Population("x", Cube(edge), fraction_basis="number_fraction", fraction=fraction)
            for k, (edge, fraction) in enumerate(parts)
        }
        return calculated(Sample(populations, x), settings, "iq")

    np.testing.assert_allclose(
        of((20.0, 3.0), (35.0, 1.0)), 0.75 * of((20.0, 1.0)) + 0.25 * of((35.0, 1.0)), rtol=1e-10
    )
    by_mass = {
        "p0": Population("x", Cube(20.0), fraction=1.0),
        "p1": Population("x", Cube(40.0), fraction=2.0),  # eight times the volume: numbers 1 : 1/4
    }
    expected = 0.8 * of((20.0, 1.0)) + 0.2 * of((40.0, 1.0))
    np.testing.assert_allclose(calculated(Sample(by_mass, x), settings, "iq"), expected, rtol=1e-10)


@pytest.mark.campaign
def test_occupancy_on_a_lattice_is_the_mean_over_vacancies() -> None:
    """Half of the Br places filled at random in a 3 × 3 × 3 cube, 600 draws."""
    q = np.arange(0.5, 10.0, 0.1)
    positions, kinds = cubic_cluster(3)
    rng = np.random.default_rng(1)
    drawn = np.zeros((600, len(q)))
    for row in drawn:
        there = (kinds != 2) | (rng.uniform(size=len(kinds)) < 0.5)
        row[:] = intensity_of_atoms(positions[there], kinds[there], q)
    sample = sample_of(CUBIC, Cube(3 * 5.87), U_ISO, sites={"Br": SiteOverride(occupancy=0.5)})
    found = calculated(sample, TotalScattering(q="0.5:9.91:0.1", background_terms=0), "iq")
    spread = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert np.abs((found - drawn.mean(axis=0)) / spread).max() < 5.0


def test_anomalous_terms_and_two_theta() -> None:
    pytest.importorskip("xraydb", reason="f′ and f″ need xraydb")
    positions, kinds = cubic_cluster(4)
    wavelength = 0.565468
    energy = 12398.419843320026 / wavelength
    settings = TotalScattering(two_theta="3:100:0.5", wavelength=wavelength, background_terms=0)
    found = calculated(sample_of(CUBIC, Cube(4 * 5.87), U_ISO), settings, "iq")
    q = 4.0 * np.pi * np.sin(np.radians(np.arange(3.0, 100.01, 0.5) / 2.0)) / wavelength
    terms = {e: anomalous_factor(e, energy) for e in ELEMENTS}
    np.testing.assert_allclose(found, intensity_of_atoms(positions, kinds, q, terms), rtol=1e-6)
    without = TotalScattering(two_theta="3:100:0.5", energy=energy, anomalous=False, background_terms=0)
    np.testing.assert_allclose(
        calculated(sample_of(CUBIC, Cube(4 * 5.87), U_ISO), without, "iq"),
        intensity_of_atoms(positions, kinds, q), rtol=1e-6,
    )  # fmt: skip


def test_resolution_is_a_gaussian_in_q() -> None:
    sample = sample_of(CUBIC, Cube(60.0), U_ISO)
    settings = TotalScattering(q="1:8:0.01", background_terms=0, q_resolution=0.01, q_resolution_slope=0.002)
    found = calculated(sample, settings, "iq")
    fine = calculated(sample, TotalScattering(q="0.8:8.2:0.0005", background_terms=0), "iq")
    fine_q = 0.8 + 0.0005 * np.arange(len(fine))
    for k in (0, 100, 222, 450, 700):
        q = 1.0 + 0.01 * k
        weight = np.exp(-0.5 * ((fine_q - q) / (0.01 + 0.002 * q)) ** 2)
        assert found[k] == pytest.approx(weight @ fine / weight.sum(), rel=1e-4)


def test_polarisation_background_and_scale_by_hand() -> None:
    sample = sample_of(CUBIC, Cube(30.0), U_ISO)
    settings = TotalScattering(
        q="1:6:0.01", wavelength=1.0, anomalous=False, polarization=0.5, scale=2.0, background_terms=3,
        background={"c0": 5.0, "c1": -3.0, "c2": 1.0},
    )  # fmt: skip
    model = settings.bind("iq", sample)
    from nanocrystal.parameters import Evaluation
    from nanocrystal.refinement import declared_parameters

    values = declared_parameters(sample, {"iq": settings}).initial_values()
    curves = model.curves(Evaluation(values, model.requirement))
    found = np.array([values[a] for a in model.linear]) @ curves
    bare = calculated(sample, TotalScattering(q="1:6:0.01", background_terms=0), "iq")
    q = 1.0 + 0.01 * np.arange(501)
    two_theta = 2.0 * np.arcsin(q / (4.0 * np.pi))
    t = 2.0 * (q - 1.0) / 5.0 - 1.0
    expected = 2.0 * bare * (0.5 + 0.5 * np.cos(two_theta) ** 2) + 5.0 - 3.0 * t + (2.0 * t**2 - 1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_correlated_motion_of_near_pairs() -> None:
    positions, kinds = cubic_cluster(3)
    q = np.arange(0.5, 15.0, 0.1)
    f = np.array([form_factor(e, q) for e in ELEMENTS])
    expected = intensity_of_atoms(positions, kinds, q)
    for i in range(len(positions)):
        for j in range(i):
            r = np.linalg.norm(positions[i] - positions[j])
            if r < 12.0:
                u = U_ISO[ELEMENTS[kinds[i]]] + U_ISO[ELEMENTS[kinds[j]]]
                motion = min(1.0, 2.0 / r**2)
                change = np.exp(-0.5 * u * (1.0 - motion) * q**2) - np.exp(-0.5 * u * q**2)
                expected += 2.0 * f[kinds[i]] * f[kinds[j]] * change * np.sinc(q * r / np.pi)
    sample = sample_of(CUBIC, Cube(3 * 5.87), U_ISO, motion={"delta2": 2.0})
    found = calculated(sample, TotalScattering(q="0.5:14.91:0.1", background_terms=0), "iq")
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_sine_transform_at_any_abscissa() -> None:
    rng = np.random.default_rng(2)
    positions, kinds = cubic_cluster(4, 0.05)
    q = np.concatenate([[0.0], rng.uniform(0.01, 25.0, 200)])
    from nanocrystal.kernels import pairs

    h = 0.005
    n_bins = int(np.linalg.norm(np.ptp(positions, axis=0)) / h) + 2
    moments = pairs.cluster_moments(positions, kinds, 3, h, n_bins)
    transform = SineTransform(h, n_bins, q)
    reference = plain.pair_sums(q, positions, kinds, 3)
    np.testing.assert_allclose(transform(moments), reference, atol=1e-9 * reference.max())
    r = np.linalg.norm(positions[kinds == 0][:, None] - positions[kinds == 0][None], axis=2)
    r = r[np.triu_indices(len(r), 1)]
    np.testing.assert_allclose(transform(moments, "cos")[0], np.cos(np.outer(q, r)).sum(axis=1), atol=1e-7 * len(r))


@pytest.mark.parametrize(
    ("shape", "volume"),
    [(Platelet(50.0, 20.0), 50.0 * 50.0 * 20.0), (Brick(20.0, 30.0, 40.0), 24000.0), (Cube(30.0), 27000.0)],
)
def test_volumes_of_boxes(shape: Box, volume: float) -> None:
    assert now(shape).mean_volume == pytest.approx(volume)
    assert now(shape).mean_blocks(5.0 * np.eye(3)) == pytest.approx(volume / 125.0)


def test_shape_function_of_a_cube_is_known_at_small_r(tmp_path: Path) -> None:
    """γ₀ = 1 − S r/4V + …: for a cube 1 − 3r/2a + 2r²/(πa²) − r³/(4πa³) up to r = a."""
    shape = Cube(30.0)
    r = np.linspace(0.0, 30.0, 31)
    found = now(shape).envelope_along(r, 5.0 * np.eye(3))
    x = r / 30.0
    np.testing.assert_allclose(found, 1.0 - 1.5 * x + 2.0 * x**2 / np.pi - x**3 / (4.0 * np.pi), atol=2e-4)


def test_parts_of_two_populations_add_up_behind_the_instrument_too() -> None:
    from nanocrystal.parameters import Evaluation
    from nanocrystal.refinement import declared_parameters

    x = {"x": crystal(CUBIC, U_ISO)}
    sample = Sample({"p": Population("x", Cube(20.0)), "q": Population("x", Cube(45.0), fraction=2.0)}, x)
    settings = TotalScattering(q="1:6:0.02", background_terms=0, q_resolution=0.02, scale=0.7)
    model = settings.bind("iq", sample)
    values = declared_parameters(sample, {"iq": settings}).initial_values()
    evaluation = Evaluation(values, model.requirement)
    parts = model.components(evaluation)
    assert set(parts) == {"p", "q"}
    np.testing.assert_allclose(sum(parts.values()), 0.7 * model.curves(evaluation)[0], rtol=1e-12)


# ---- exact derivatives ------------------------------------------------------------------------------


def errors_and_exact(sample: Sample, folder: Path, **settings: Any) -> tuple[dict[str, float], set[str]]:
    """Return the relative errors of the derivatives and which of them are exact, against some curve."""
    q = np.arange(1.0, 14.0, 0.02)
    np.savetxt(folder / "some.iq", np.column_stack([q, 1000.0 + np.sin(q)]))
    data = TotalScattering(folder / "some.iq", background_terms=0, scale=1.0, **settings)
    problem = bound_problem(sample, {"iq": data}, Path())
    return errors_of_derivatives(problem, "iq"), exact_addresses_of(problem, "iq")


@pytest.mark.parametrize("basis", ["number_fraction", "volume_fraction", "mass_fraction"])
def test_derivatives_of_a_mixture(basis: Any, tmp_path: Path) -> None:
    """By mass or volume, crystals that grow are fewer; a sphere of another crystal may stand beside them."""
    populations = {
        "p": Population("x", Cube(vary(25.0)), fraction_basis=basis, fraction=vary(0.6)),
        "q": Population("x", Prism(vary(30.0), vary(22.0)), fraction_basis=basis, fraction=0.4),
        "s": Population("n", Sphere(vary(20.0)), fraction_basis=basis, fraction=0.3),
    }
    crystals = {
        "x": crystal(GAMMA_CSPBBR3, 0.02, a=vary(8.207), c=vary(11.759)),
        "n": crystal(NICKEL, 0.006, a=vary(3.52)),
    }
    errors, exact = errors_and_exact(Sample(populations, crystals), tmp_path)
    lengths = {"populations.p.edge_length", "populations.q.d_ab", "populations.q.l_c"}
    assert exact == {"crystals.x.a", "crystals.x.c"} | lengths
    assert max(errors.values()) < 1e-4, errors


def test_derivatives_leave_out_pairs_of_places_that_exclude_each_other(tmp_path: Path) -> None:
    split = cif("5.87 5.87 5.87 90 90 90", "P m -3 m", "Pb Pb 0 0 0 1\nCs Cs 0.5 0.5 0.5 1\nBr Br 0.5 0.06 0.06 0.25")
    cubes = Cube(Distribution("lognormal", vary(25.0), vary(5.0)))
    sample = Sample({"p": Population("x", cubes)}, {"x": crystal(split, U_ISO, a=vary(5.87))})
    errors, exact = errors_and_exact(sample, tmp_path, q_resolution=0.02)
    assert exact == {"crystals.x.a", "populations.p.edge_length.mean", "populations.p.edge_length.std"}
    assert max(errors.values()) < 1e-4, errors


@pytest.mark.parametrize("cell", [True, False])
def test_derivatives_with_correlated_motion(cell: bool, tmp_path: Path) -> None:
    free = {"a": vary(8.207), "c": vary(11.759)} if cell else {}
    u_iso = {"Cs": 0.03, "Pb": vary(0.02), "Br": 0.03}
    x = crystal(GAMMA_CSPBBR3, u_iso, motion={"delta1": 0.3, "delta2": vary(2.0)}, **free)
    prism = Prism(Distribution("lognormal", vary(25.0), 5.0), vary(28.0))
    errors, exact = errors_and_exact(Sample({"p": Population("x", prism)}, {"x": x}), tmp_path)
    assert exact == {f"crystals.x.{k}" for k in free} | {"populations.p.d_ab.mean", "populations.p.l_c"}
    assert max(errors.values()) < 1e-4, errors
