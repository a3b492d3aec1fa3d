"""Atoms that are too close, against a search over all pairs and images."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.sample.crystal import contacts
from nanocrystal.sample.crystal.contacts import OVERLAP, closest_contact, first_clash, near, periodic_images
from nanocrystal.sample.crystal.symmetry import cell_vectors

OBLIQUE = cell_vectors(np.array([5.0, 6.0, 7.0, 75.0, 95.0, 110.0]))


def all_distances(fract: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the shortest distance of each two atoms over images, (n, n), of an atom to its own images beside it."""
    shifts = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = (fract[:, None, None] - fract[None, :, None] + shifts) @ vectors
    distances = np.linalg.norm(apart, axis=-1)
    distances[np.arange(len(fract)), np.arange(len(fract)), len(shifts) // 2] = np.inf
    return np.asarray(distances.min(axis=2))


@pytest.mark.parametrize("seed", range(20))
def test_first_clash_is_that_of_a_search_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fract, radii = rng.uniform(-1.0, 2.0, (12, 3)), rng.uniform(0.5, 1.6, 12)
    occupancy = rng.choice([0.3, 0.5, 1.0], 12)
    distances = all_distances(fract, OBLIQUE)
    limits = OVERLAP * (radii[:, None] + radii[None])
    clashes = (distances < limits) & (occupancy[:, None] + occupancy[None] > 1.01)
    found = first_clash(fract, OBLIQUE, radii, occupancy, np.arange(12))
    if not clashes.any():
        assert found is None or found.occupancy > 1.01
        return
    assert found is not None
    first = int(np.flatnonzero(clashes.any(axis=1))[0])
    assert found.first == first
    assert found.distance == pytest.approx(np.where(clashes[first], distances[first], np.inf).min())


@pytest.mark.parametrize("seed", range(5))
def test_closest_contact_is_that_of_a_search_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fract, radii, occupancy = rng.uniform(0.0, 1.0, (8, 3)), rng.uniform(0.5, 1.6, 8), np.ones(8)
    exact = (all_distances(fract, OBLIQUE) / (radii[:, None] + radii[None])).min()
    assert closest_contact(fract, OBLIQUE, radii, occupancy) == pytest.approx(min(exact, 1.2))


def test_a_cell_smaller_than_the_reach() -> None:
    places, atoms = periodic_images(np.zeros((1, 3)), 2.0 * np.eye(3), 5.0)
    inside = np.linalg.norm(places, axis=1) <= 5.0
    assert inside.sum() == sum(
        4 * (i * i + j * j + k * k) <= 25 for i in range(-3, 4) for j in range(-3, 4) for k in range(-3, 4)
    )
    assert (atoms == 0).all()


def test_distances_looked_at_grow_as_the_atoms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight times the atoms at the same density are eight times the pairs, not sixty-four times."""
    looked_at = []

    def counted(places: np.ndarray, others: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = near(places, others, reach)
        looked_at.append(len(found[2]))
        return found

    monkeypatch.setattr(contacts, "near", counted)
    counts = []
    for n in (6, 12, 24):
        grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) / n
        looked_at.clear()
        atoms = len(grid)
        radii, filled = np.full(atoms, 1.2), np.ones(atoms)
        assert first_clash(grid, 2.5 * n * np.eye(3), radii, filled, np.arange(atoms)) is None
        counts.append(sum(looked_at))
    assert counts == [6**3, 12**3, 24**3]  # each atom finds itself only


def test_a_tree_and_all_distances_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    places, others = rng.uniform(0.0, 20.0, (300, 3)), rng.uniform(0.0, 20.0, (700, 3))
    others[:5] = places[:5]
    apart = np.linalg.norm(places[:, None] - others, axis=2)
    expected = {(int(i), int(j)) for i, j in zip(*np.nonzero(apart <= 2.5), strict=True)}
    for few in (0, contacts.FEW_PAIRS):
        monkeypatch.setattr(contacts, "FEW_PAIRS", few)
        row, column, distance = near(places, others, 2.5)
        assert {(int(i), int(j)) for i, j in zip(row, column, strict=True)} == expected
        np.testing.assert_allclose(distance, apart[row, column], atol=1e-12)
