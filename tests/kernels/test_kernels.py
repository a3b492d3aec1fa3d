"""The fast kernels against the plain double sum, on absolute scale, self term included."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from nanocrystal.kernels import debye, pairs, peaks, plain
from nanocrystal.kernels.sine import SineTransform
from nanocrystal.tables.form_factors import form_factor
from support.structures import cubic_cluster

STEP = 0.01
FORM = ("Pb", "Cs", "Br")


SUMS: dict[tuple[bytes, bytes], np.ndarray] = {}
"""plain sums, which do not depend on displacements, and take the time"""


def plain_sums(positions: np.ndarray, kinds: np.ndarray, q: np.ndarray) -> np.ndarray:
    key = positions.tobytes(), q.tobytes()
    if key not in SUMS:
        SUMS[key] = plain.pair_sums(q, positions, kinds, 3)
    return SUMS[key]


def intensities(
    positions: np.ndarray, kinds: np.ndarray, start: float, n_q: int, every: int, u_iso: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return I(Q) by the engine and by the plain sum at every `every`-th Q."""
    h = 0.005
    n_bins = int(np.linalg.norm(np.ptp(positions, axis=0)) / h) + 2
    moments = pairs.cluster_moments(positions, kinds, 3, h, n_bins)
    q = start + STEP * np.arange(n_q)
    sums = SineTransform(h, n_bins, q)(moments)[:, ::every]
    q = q[::every]
    f = np.array([form_factor(e, q) for e in FORM])
    counts = np.bincount(kinds, minlength=3).astype(float)
    fast = debye.debye_intensity(q, sums, f, u_iso, np.ones(3), counts)
    reference = debye.debye_intensity(q, plain_sums(positions, kinds, q), f, u_iso, np.ones(3), counts)
    return fast, reference


@pytest.mark.parametrize("displacement", [0.0, 0.1])
@pytest.mark.parametrize("b_iso", [(0.0, 0.0, 0.0), (1.0, 2.5, 2.0)])
def test_intensity_of_a_cube_meets_its_error_from_small_to_large_q(
    displacement: float, b_iso: tuple[float, ...]
) -> None:
    positions, kinds = cubic_cluster(8, displacement)
    u_iso = np.array(b_iso) / (8.0 * np.pi**2)
    fast, reference = intensities(positions, kinds, 0.5, 2451, 35, u_iso)
    assert np.abs(fast - reference).max() / reference.max() <= 1e-6
    assert np.abs(fast / reference - 1.0).max() <= 1e-5
    low, low_reference = intensities(positions, kinds, 0.02, 49, 6, u_iso)
    assert np.abs(low / low_reference - 1.0).max() <= 1e-4


def test_plain_pair_sums_make_the_double_sum_over_atoms() -> None:
    positions, kinds = cubic_cluster(2, 0.1)
    q = np.array([0.0, 0.3, 1.7, 8.0, 20.0])
    f = np.array([form_factor(e, q) for e in FORM])
    u_iso, occupancy = np.array([0.01, 0.03, 0.02]), np.array([1.0, 0.8, 0.9])
    counts = np.bincount(kinds).astype(float)
    sums = plain.pair_sums(q, positions, kinds, 3)
    by_kind = debye.debye_intensity(q, sums, f, u_iso, occupancy, counts)
    by_atom = plain.debye_intensity(q, positions, f[kinds], u_iso[kinds], occupancy[kinds])
    np.testing.assert_allclose(by_kind, by_atom, rtol=1e-12)


def test_two_atoms_by_hand() -> None:
    q = np.array([2.0])
    positions = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]])  # 5 Å apart
    intensity = plain.debye_intensity(
        q, positions, np.array([[2.0], [3.0]]), np.array([0.1, 0.2]), np.array([1.0, 1.0])
    )
    by_hand = 4.0 + 9.0 + 2.0 * 6.0 * np.exp(-0.3 * 4.0 / 2.0) * np.sin(10.0) / 10.0
    assert intensity[0] == pytest.approx(by_hand, rel=1e-14)


def test_sums_of_scattered_atoms_at_any_q() -> None:
    """Q in no order and on no grid, zero among them."""
    rng = np.random.default_rng(1)
    positions, kinds = rng.uniform(0.0, 60.0, (40, 3)), rng.integers(0, 2, 40)
    q = np.concatenate([[0.0], rng.uniform(0.001, 15.0, 150)])
    h, n_bins = 0.004, 26250
    moments = pairs.cluster_moments(positions, kinds, 2, h, n_bins)
    found = SineTransform(h, n_bins, q)(moments)
    np.testing.assert_allclose(found, plain.pair_sums(q, positions, kinds, 2), atol=1e-6)
    np.testing.assert_allclose(found[:, 0], moments[:, :, 0].sum(axis=1))


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_cluster_moments_equal_the_plain_loop(n_threads: int) -> None:
    positions, kinds = cubic_cluster(3, 0.1)
    fast = pairs.cluster_moments(positions, kinds, 3, 0.0123, 1500, n_threads)
    np.testing.assert_allclose(fast, plain.cluster_moments(positions, kinds, 3, 0.0123, 1500), atol=1e-9)


def test_blocks_cover_every_pair_once() -> None:
    """More atoms than a block holds: the number of pairs of each kind is exact."""
    rng = np.random.default_rng(2)
    positions, kinds = rng.uniform(0.0, 50.0, (9001, 3)), rng.integers(0, 2, 9001)
    a, b = np.bincount(kinds)
    counts = pairs.cluster_moments(positions, kinds, 2, 0.05, 1800)[:, :, 0].sum(axis=1)
    np.testing.assert_array_equal(counts, [a * (a - 1) / 2, a * b, b * (b - 1) / 2])


def test_lattice_moments_equal_the_pairs_of_a_large_cluster() -> None:
    """Pairs of a periodic lattice to 9 Å against the central cell of an explicit block."""
    vectors = np.array([[4.1, 0.0, 0.0], [-0.7, 4.6, 0.0], [0.3, 0.5, 5.2]])
    basis = np.array([[0.0, 0.0, 0.0], [1.1, 2.0, 2.6]])
    h, n_bins = 0.0137, 656
    separations = np.array([[basis[0] - b for b in basis], [basis[1] - b for b in basis]]).reshape(-1, 3)
    kinds = np.array([0, 1, 1, 2])
    offsets = pairs.offsets_within(vectors, 9.0 + 4.0)
    job = pairs.LatticePairs(
        offsets=offsets, weights=np.ones((1, len(offsets))), points=separations, factors=np.full(4, 0.5), kinds=kinds
    )
    found = pairs.lattice_moments(vectors, [job], 3, h, n_bins)
    cells = np.array(np.meshgrid(*[np.arange(-5, 6)] * 3)).reshape(3, -1).T @ vectors
    expected = np.zeros((3, n_bins))
    for i, j, row in ((0, 0, 0), (0, 1, 1), (1, 1, 2)):
        r = np.linalg.norm(cells + basis[j] - basis[i], axis=1)
        r = r[(r > 0.1) & (r < 8.9)]
        expected[row] += np.bincount((r / h + 0.5).astype(int), minlength=n_bins) * (0.5 if i == j else 1.0)
    inside = slice(0, int(8.85 / h))
    np.testing.assert_allclose(found[:, inside, 0], expected[:, inside])


def test_gaussian_sum_equals_the_plain_one_and_keeps_its_area() -> None:
    rng = np.random.default_rng(3)
    area, centre, variance = rng.uniform(0.0, 2.0, 200), rng.uniform(2.0, 18.0, 200), rng.uniform(0.003, 0.05, 200)
    fast = peaks.gaussian_sum(area, centre, variance, 0.02, 1001)
    np.testing.assert_allclose(fast, plain.gaussians(area, centre, variance, 0.02 * np.arange(1001)), atol=2e-8)
    assert fast.sum() * 0.02 == pytest.approx(area.sum(), rel=1e-8)


def test_peak_list_keeps_count_mean_and_variance() -> None:
    positions, kinds = cubic_cluster(3, 0.1)
    h = 0.5  # coarse on purpose: many distances in a bin
    moments = pairs.cluster_moments(positions, np.zeros_like(kinds), 1, h, 80)[0]
    count, mean, variance, bins = pairs.peak_list(moments, h)
    r = np.linalg.norm(positions[:, None] - positions[None], axis=2)[np.triu_indices(len(positions), 1)]
    for n, m, v, b in zip(count, mean, variance, bins, strict=True):
        inside = r[(r / h + 0.5).astype(int) == b]
        assert n == len(inside)
        assert m == pytest.approx(inside.mean(), rel=1e-12)
        assert v == pytest.approx(inside.var(), abs=1e-12)


def test_form_factors_against_an_independent_table() -> None:
    """Waasmaier–Kirfel against the International Tables 1992 (Cromer–Mann form) as gemmi carries them."""
    q = np.array([0.0, 1.0, 3.0, 8.0, 15.0, 24.0])
    for element in ("O", "Si", "S", "Cl", "Ni", "Zn", "Se", "Br", "Cd", "I", "Cs", "Pt", "Au", "Pb"):
        table = gemmi.Element(element).it92
        expected = [table.calculate_sf((v / (4.0 * np.pi)) ** 2) for v in q]
        np.testing.assert_allclose(form_factor(element, q), expected, atol=0.08)


def test_the_package_works_without_a_folder_for_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    from nanocrystal.kernels import compiled

    real = numba.njit
    heard: list[str] = []

    def without_cache(*args: object, **options: object) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return real(*args, **options)

    monkeypatch.setattr(numba, "njit", without_cache)
    compiled.announce_to(heard.append)
    try:
        doubled = compiled.jit(lambda x: 2.0 * x)
        assert doubled(3.0) == 6.0
    finally:
        compiled.announce_to(None)
    assert heard == [compiled.NO_CACHE]
