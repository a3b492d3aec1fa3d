"""G(r) against things that share no code with it: direct sums over atoms, integrated numerically."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanocrystal.kernels import plain
from nanocrystal.sample import Distribution, Population, Sample, SiteOverride, Sphere
from nanocrystal.tables.form_factors import form_factor
from nanocrystal.techniques import Pdf
from support.modelling import calculated, cluster_sample, crystal, now, sample_of
from support.structures import GAMMA_CSPBBR3, NICKEL, WURTZITE_CDSE, cubic_cluster

QMAX = 22.0
FINE_Q = np.linspace(0.0, QMAX, 8001)[1:]


def transformed(f_of_q: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return (2/π) ∫ F sin(Qr) dQ by the trapezoid rule on a grid so fine that it does not matter."""
    return np.array([2.0 / np.pi * np.trapezoid(f_of_q * np.sin(q * x), q) for x in r])


def direct_f(elements: list[str], positions: np.ndarray, u_iso: dict[str, float], q: np.ndarray) -> np.ndarray:
    """Return F(Q) = Q [S(Q) − 1] from the plain double sum over atoms."""
    f = {e: form_factor(e, q) for e in set(elements)}
    factors = np.array([f[e] for e in elements])
    u = np.array([u_iso[e] for e in elements])
    intensity = plain.debye_intensity(q, positions, factors, u, np.ones(len(u)))
    mean, mean_square = factors.mean(axis=0), (factors**2).mean(axis=0)
    s = (intensity / len(u) - (mean_square - mean**2)) / mean**2
    return q * (s - 1.0)


def small_cluster() -> tuple[list[str], np.ndarray, dict[str, float]]:
    positions, kinds = cubic_cluster(2, 0.05)
    return [("Pb", "Cs", "Br")[k] for k in kinds], positions, {"Pb": 0.012, "Cs": 0.03, "Br": 0.02}


def test_cluster_with_qmin_equals_the_direct_sum() -> None:
    elements, positions, u_iso = small_cluster()
    r = np.arange(0.5, 20.0, 0.05)
    q = FINE_Q[FINE_Q >= 0.7]
    expected = transformed(direct_f(elements, positions, u_iso, q), q, r)
    found = calculated(cluster_sample(elements, positions, u_iso), Pdf(r="0.5:19.951:0.05", qmax=QMAX, qmin=0.7))
    assert np.abs(found - expected).max() < 2e-3 * np.abs(expected).max()


def test_cluster_without_qmin_leaves_out_the_smeared_small_angle_part() -> None:
    elements, positions, u_iso = small_cluster()
    r = np.arange(0.5, 20.0, 0.05)
    f = np.array([form_factor(e, FINE_Q) for e in elements])
    smeared = plain.debye_intensity(FINE_Q, positions, f, np.zeros(len(f)), np.ones(len(f)))
    small_angle = FINE_Q * smeared / len(f) / f.mean(axis=0) ** 2 * np.exp(-0.5 * (2.5 * FINE_Q) ** 2)
    expected = transformed(direct_f(elements, positions, u_iso, FINE_Q) - small_angle, FINE_Q, r)
    found = calculated(cluster_sample(elements, positions, u_iso), Pdf(r="0.5:19.951:0.05", qmax=QMAX))
    assert np.abs(found - expected).max() < 2e-3 * np.abs(expected).max()


def sphere_f(text: str, elements_u: dict[str, float], diameter: float, q: np.ndarray, n_draws: int) -> np.ndarray:
    """Return F(Q) of spheres cut from a crystal, the mean over random places of their centre."""
    x = crystal(text, elements_u)
    vectors, places = now(x).vectors, now(x).positions
    labels = np.repeat([s.element for s in x.sites], [len(p) for p in places])
    fract = np.concatenate(places)
    reach = int(np.ceil(diameter / 2.0 / np.diag(vectors).min())) + 2
    cells = np.array(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3)).reshape(3, -1).T
    atoms = (cells[:, None, :] + fract[None]).reshape(-1, 3) @ vectors
    names = np.tile(labels, len(cells))
    rng = np.random.default_rng(0)
    intensity, content = np.zeros(len(q)), dict.fromkeys(elements_u, 0.0)
    f = {e: form_factor(e, q) for e in elements_u}
    for _ in range(n_draws):
        centre = rng.uniform(0.0, 1.0, 3) @ vectors
        inside = np.linalg.norm(atoms - centre, axis=1) < diameter / 2.0
        chosen, kept = names[inside], atoms[inside]
        kinds = np.array([list(elements_u).index(e) for e in chosen])
        sums = plain.pair_sums(q, kept, kinds, len(elements_u))
        row = 0
        for i, first in enumerate(elements_u):
            n = int((chosen == first).sum())
            content[first] += n / n_draws
            intensity += n * f[first] ** 2 / n_draws
            for second in list(elements_u)[i:]:
                damping = np.exp(-0.5 * (elements_u[first] + elements_u[second]) * q**2)
                intensity += 2.0 * f[first] * f[second] * damping * sums[row] / n_draws
                row += 1
    total = sum(content.values())
    mean = sum(content[e] * f[e] for e in f) / total
    mean_square = sum(content[e] * f[e] ** 2 for e in f) / total
    return np.asarray(q * ((intensity / total - (mean_square - mean**2)) / mean**2 - 1.0))


@pytest.mark.campaign
def test_sphere_of_a_crystal_equals_the_mean_over_its_centres() -> None:
    """Continuous sizes: W = n γ₀ is the mean over all places of the centre (converges as 1/√n)."""
    u_iso = {"Cd": 0.015, "Se": 0.02}
    q = np.linspace(0.8, 15.0, 700)
    expected = transformed(sphere_f(WURTZITE_CDSE, u_iso, 17.3, q, 150), q, np.arange(1.0, 16.0, 0.1))
    found = calculated(sample_of(WURTZITE_CDSE, Sphere(17.3), u_iso), Pdf(r="1:15.91:0.1", qmax=15.0, qmin=0.8))
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.012 * np.abs(expected).max()


def bulk_peaks(r: np.ndarray, a: float, u: float, qmax: float | None = None) -> np.ndarray:
    """Return G(r) of fcc by summing Gaussians over the neighbours of one atom, out to 60 Å."""
    n = int(60.0 / a) + 1
    cells = np.array(np.meshgrid(*[np.arange(-n, n + 1)] * 3)).reshape(3, -1).T
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    distance = np.linalg.norm((cells[:, None] + basis[None]).reshape(-1, 3) * a, axis=1)
    distance = distance[(distance > 0.1) & (distance < 60.0)]
    values, counts = np.unique(distance.round(9), return_counts=True)
    peaks = plain.gaussians(counts / values, values, np.full(len(values), 2.0 * u), r)
    return peaks - 4.0 * np.pi * r * 4.0 / a**3


def test_bulk_peaks_and_baseline_before_termination() -> None:
    """With a qmax so high that it cuts nothing: Gaussians over r_ij less 4π r ρ₀."""
    r = np.arange(1.0, 30.0, 0.05)
    found = calculated(sample_of(NICKEL, u_iso=0.01), Pdf(r="1:29.951:0.05", qmax=60.0))
    np.testing.assert_allclose(found, bulk_peaks(r, 3.52, 0.01), atol=2e-4)


def test_bulk_termination_is_the_convolution_with_a_sine() -> None:
    """With the resolution of a real instrument; the ripples of peaks beyond the margin are below 2e-3."""
    r = np.arange(2.0, 20.0, 0.1)
    fine = np.arange(0.001, 59.0, 0.002)
    peaks = bulk_peaks(fine, 3.52, 0.01) * np.exp(-0.5 * (0.06 * fine) ** 2)
    kernel = QMAX / np.pi * (np.sinc(QMAX / np.pi * (r[:, None] - fine)) - np.sinc(QMAX / np.pi * (r[:, None] + fine)))
    found = calculated(sample_of(NICKEL, u_iso=0.01), Pdf(r="2:19.951:0.1", qmax=QMAX, qdamp=0.06))
    np.testing.assert_allclose(found, kernel @ peaks * 0.002, atol=2e-3)


def test_resolution_and_correlated_motion_by_hand() -> None:
    """The first peak of nickel: its width and height from delta1, delta2, qbroad and qdamp."""
    settings = {"delta1": 0.3, "delta2": 1.1, "qbroad": 0.02, "qdamp": 0.05}
    r0 = 3.52 / np.sqrt(2.0)
    variance = 0.02 * (1.0 - 0.3 / r0 - 1.1 / r0**2 + (0.02 * r0) ** 2)
    r = np.linspace(r0 - 0.15, r0 + 0.15, 61)
    peak = 12.0 / r0 * np.exp(-0.5 * (r - r0) ** 2 / variance) / np.sqrt(2.0 * np.pi * variance)
    expected = (peak - 4.0 * np.pi * r * 4.0 / 3.52**3) * np.exp(-0.5 * (r * 0.05) ** 2)
    grid = f"{r[0]}:{r[-1]}:{r[1] - r[0]}"
    found = calculated(sample_of(NICKEL, u_iso=0.01), Pdf(r=grid, qmax=80.0, **settings))
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_motion_may_be_said_of_the_crystal_or_of_the_data_set() -> None:
    r = "1:20:0.1"
    of_crystal = calculated(sample_of(NICKEL, motion={"delta2": 2.0}), Pdf(r=r, qmax=20.0))
    of_dataset = calculated(sample_of(NICKEL), Pdf(r=r, qmax=20.0, delta2=2.0))
    np.testing.assert_allclose(of_crystal, of_dataset)
    assert np.abs(of_crystal - calculated(sample_of(NICKEL), Pdf(r=r, qmax=20.0))).max() > 0.1


def test_two_populations_are_one_bag_of_atoms() -> None:
    """A mixture of two clusters far apart equals one cluster that holds both, at r below their distance."""
    rng = np.random.default_rng(4)
    first, second = rng.uniform(0.0, 12.0, (25, 3)), rng.uniform(0.0, 9.0, (15, 3))
    u_iso = {"Cd": 0.01, "Se": 0.02}
    names = [["Cd"] * 12 + ["Se"] * 13, ["Se"] * 15]
    parts = [
        cluster_sample(n, p, {e: u_iso[e] for e in set(n)}).populations["p"]
        for n, p in zip(names, (first, second), strict=True)
    ]
    together = Sample(
        {
            "one": Population(atoms=parts[0].atoms, fraction_basis="number_fraction", fraction=2.0),
            "two": Population(atoms=parts[1].atoms, fraction_basis="number_fraction", fraction=2.0),
        }
    )
    bag = cluster_sample(names[0] + names[1], np.concatenate([first, second + 500.0]), u_iso)
    settings = Pdf(r="1:14:0.05", qmax=15.0, qmin=0.5)
    np.testing.assert_allclose(calculated(together, settings), calculated(bag, settings), atol=3e-3)


def test_vacancies_follow_the_corrected_form() -> None:
    """Occupancy ½ of one site against the mean over explicit atoms drawn at random."""
    half = sample_of(WURTZITE_CDSE, Sphere(14.0), 0.02, sites={"Se": SiteOverride(occupancy=0.5)})
    found = calculated(half, Pdf(r="1.5:12:0.1", qmax=12.0, qmin=0.9))
    q = np.linspace(0.9, 12.0, 500)
    x = crystal(WURTZITE_CDSE, 0.02)
    vectors, places = now(x).vectors, now(x).positions
    cells = np.array(np.meshgrid(*[np.arange(-4, 5)] * 3)).reshape(3, -1).T
    atoms = (cells[:, None, :] + np.concatenate(places)[None]).reshape(-1, 3) @ vectors
    is_se = np.tile(np.repeat([False, True], 2), len(cells))
    f = {e: form_factor(e, q) for e in ("Cd", "Se")}
    rng = np.random.default_rng(7)
    n_draws, intensity, n = 250, np.zeros(len(q)), np.zeros(2)
    for _ in range(n_draws):
        there = np.linalg.norm(atoms - rng.uniform(0, 1, 3) @ vectors, axis=1) < 7.0
        there &= ~is_se | (rng.uniform(size=len(atoms)) < 0.5)
        kinds = is_se[there].astype(int)
        sums = plain.pair_sums(q, atoms[there], kinds, 2)
        n += np.bincount(kinds, minlength=2) / n_draws
        damping = np.exp(-0.02 * q**2)
        for row, (a, b) in enumerate((("Cd", "Cd"), ("Cd", "Se"), ("Se", "Se"))):
            intensity += 2.0 * f[a] * f[b] * damping * sums[row] / n_draws
    intensity += n[0] * f["Cd"] ** 2 + n[1] * f["Se"] ** 2
    mean = (n[0] * f["Cd"] + n[1] * f["Se"]) / n.sum()
    square = (n[0] * f["Cd"] ** 2 + n[1] * f["Se"] ** 2) / n.sum()
    expected = transformed(
        q * ((intensity / n.sum() - (square - mean**2)) / mean**2 - 1.0), q, np.arange(1.5, 12.01, 0.1)
    )
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.02 * np.abs(expected).max()


def test_partials_add_up_to_the_whole() -> None:
    from nanocrystal.parameters import Evaluation
    from nanocrystal.refinement import declared_parameters

    sample, settings = sample_of(GAMMA_CSPBBR3), Pdf(r="2:20:0.1", qmax=20.0, scale=0.7)
    model = settings.bind("pdf", sample)
    values = declared_parameters(sample, {"pdf": settings}).initial_values()
    evaluation = Evaluation(values, model.requirement)
    parts = model.components(evaluation)
    assert set(parts) == {"Cs–Cs", "Cs–Pb", "Cs–Br", "Pb–Pb", "Pb–Br", "Br–Br"}
    np.testing.assert_allclose(sum(parts.values()), 0.7 * model.curves(evaluation)[0], atol=1e-12)


def test_curves_for_figures_go_through_those_of_the_fit(tmp_path: Path) -> None:
    """On the grid of the file; every second point of it lies on the Nyquist grid. Parts add up to the whole."""
    from nanocrystal.parameters import Evaluation
    from nanocrystal.refinement import declared_parameters

    r = np.pi / 20.0 / 2.0 * np.arange(10, 200)
    np.savetxt(tmp_path / "some.gr", np.column_stack([r, np.sin(r)]))
    sample, settings = sample_of(GAMMA_CSPBBR3), Pdf(tmp_path / "some.gr", qmax=20.0, scale=0.7)
    model = settings.bind("pdf", sample)
    values = declared_parameters(sample, {"pdf": settings}).initial_values()
    evaluation = Evaluation(values, model.requirement)
    drawing = model.drawing(evaluation)
    assert drawing is not None
    assert len(drawing.x) == 2 * len(model.measured.x) - 1
    np.testing.assert_allclose(drawing.calculated[::2], 0.7 * model.curves(evaluation)[0], atol=1e-9)
    np.testing.assert_allclose(sum(drawing.components.values()), drawing.calculated, atol=1e-12)
    for name, curve in model.components(evaluation).items():
        np.testing.assert_allclose(drawing.components[name][::2], curve, atol=1e-9)


@pytest.mark.parametrize("kind", ["lognormal", "normal"])
def test_a_distribution_of_diameters_is_the_weighted_mean_of_spheres(kind: str) -> None:
    mean, std = 24.0, 5.0
    settings = Pdf(r="2:30:0.2", qmax=15.0)
    spread = calculated(sample_of(NICKEL, Sphere(Distribution(kind, mean, std))), settings)
    diameters = np.linspace(1.0, 80.0, 1200)
    if kind == "normal":
        density = np.exp(-0.5 * ((diameters - mean) / std) ** 2)
    else:
        s2 = np.log(1.0 + (std / mean) ** 2)
        density = np.exp(-0.5 * (np.log(diameters) - np.log(mean) + s2 / 2) ** 2 / s2) / diameters
    weight = density * diameters**3
    single = np.array([calculated(sample_of(NICKEL, Sphere(d)), settings) for d in diameters[::8]])
    expected = weight[::8] @ single / weight[::8].sum()
    np.testing.assert_allclose(spread, expected, atol=2e-3 * np.abs(expected).max())


def test_pdfgui_form_divides_by_r_and_weights_with_atomic_numbers() -> None:
    r0 = 3.52 / np.sqrt(2.0)
    r = np.linspace(r0 - 0.1, r0 + 0.1, 41)
    peak = 12.0 / r * np.exp(-0.5 * (r - r0) ** 2 / 0.02) / np.sqrt(2.0 * np.pi * 0.02)
    expected = peak - 4.0 * np.pi * r * 4.0 / 3.52**3
    grid = f"{r[0]}:{r[-1]}:{r[1] - r[0]}"
    found = calculated(sample_of(NICKEL), Pdf(r=grid, qmax=80.0, peak_form="pdfgui"))
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)
