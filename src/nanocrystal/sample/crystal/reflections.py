"""The reflections of a crystal: families of equivalent lattice planes, and what the atoms add to each.

A plain intermediate for diffraction from crystals that are perfect and large. It depends on no beam:
it answers with a geometric factor for each element, G_e(h) = Σ o exp(−u Q²/2) exp(2πi h·x) over the atoms of the cell,
so that F(h) = Σ_e f_e(Q) G_e(h) whatever the form factors f_e are. Two elements on one site count with their
fractions (mean field).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import ask_memory
from nanocrystal.sample.crystal.crystal import Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]


BYTES_OF_INDEX, BYTES_OF_IMAGE = 100.0, 26.0
"""of a triple of indices in the box around the sphere of Q, and of each of its images by symmetry"""


@dataclass(frozen=True)
class Families:
    """Families of reflections that the Laue symmetry makes equivalent, without those that are absent.

    hkl: (n, 3), one of each family; multiplicity: (n,); equivalents: (n_all, 3) all members; family: (n_all,), the
    family that each belongs to.
    """

    hkl: IntArray
    multiplicity: IntArray
    equivalents: IntArray
    family: IntArray

    def __len__(self) -> int:
        return len(self.hkl)


@dataclass(frozen=True)
class Reflections:
    """Families with their place and geometric factors; q: (n,) Å⁻¹; factors: (n_elements, n)."""

    families: Families
    q: FloatArray
    elements: tuple[str, ...]
    factors: ComplexArray


def families_within(rotations: FloatArray, translations: FloatArray, vectors: FloatArray, q_max: float) -> Families:
    """Return the families with 0 < Q <= q_max; rotations (n_ops, 3, 3), translations (n_ops, 3), vectors rows, Å.

    Equivalent are h and ±h R for every rotation R. h is absent where an operation (R, t) with h R = h
    has h·t not whole. The families stand in ascending order of Q.
    """
    hkl = _indices_within(vectors, q_max)
    turns = np.rint(rotations).astype(np.int64)
    hkl = hkl[~_absent(hkl, turns, translations)]
    reach = int(np.abs(hkl).max(initial=0)) * int(np.abs(turns).sum(axis=1).max()) + 1
    images = np.einsum("nj,ojk->onk", hkl, turns)
    leader = np.maximum(_rank(images, reach), _rank(-images, reach)).max(axis=0)
    rank = _rank(hkl, reach)
    first = np.flatnonzero(rank == leader)
    first = first[np.lexsort((-rank[first], np.round(_q_of(hkl[first], vectors), 9)))]
    place = {int(leader[k]): n for n, k in enumerate(first)}
    family = np.array([place[int(number)] for number in leader], dtype=np.int64)
    return Families(hkl[first], np.bincount(family, minlength=len(first)).astype(np.int64), hkl, family)


def _rank(hkl: IntArray, reach: int) -> IntArray:
    """Return one number for each h: the higher, the more indices are not negative, then the larger h, k, l are."""
    base = 2 * reach + 1
    place = (hkl[..., 0] * base + hkl[..., 1]) * base + hkl[..., 2]
    return np.asarray((hkl >= 0).sum(axis=-1) * base**3 + place)


def _indices_within(vectors: FloatArray, q_max: float) -> IntArray:
    """Return all h ≠ 0 with Q <= q_max, (n, 3)."""
    # |h_i| = |g · a_i| / 2π <= q_max |a_i| / 2π
    most = np.floor(q_max * np.linalg.norm(vectors, axis=1) / (2.0 * np.pi) + 1e-9).astype(int)
    ranges = [np.arange(-n, n + 1) for n in most]
    hkl = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
    q = _q_of(hkl, vectors)
    return np.asarray(hkl[(q > 0.0) & (q <= q_max * (1.0 + 1e-12))])


def _q_of(hkl: IntArray, vectors: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(reciprocal_places(hkl, vectors), axis=1))


def reciprocal_places(hkl: IntArray, vectors: FloatArray) -> FloatArray:
    """Return the reciprocal lattice vectors of hkl, 2π included, (n, 3) Å⁻¹; vectors: rows of the cell, Å."""
    return np.asarray(2.0 * np.pi * hkl @ np.linalg.inv(vectors).T)


def _absent(hkl: IntArray, turns: IntArray, translations: FloatArray) -> NDArray[np.bool_]:
    """Say which reflections screw axes, glide planes and centring extinguish, (n,)."""
    absent = np.zeros(len(hkl), dtype=bool)
    for turn, shift in zip(turns, translations, strict=True):
        phase = hkl @ shift
        kept = (hkl @ turn == hkl).all(axis=1)
        absent |= kept & (np.abs(phase - np.rint(phase)) > 1e-4)
    return absent


def crystal_families(crystal: Crystal, vectors: FloatArray, q_max: float) -> Families:
    """Return the families of a crystal with cell vectors (rows, Å) up to q_max (Å⁻¹)."""
    structure = crystal.structure
    n = float(np.prod(2.0 * np.floor(q_max * np.linalg.norm(vectors, axis=1) / (2.0 * np.pi)) + 1.0))
    needed = n * (BYTES_OF_INDEX + BYTES_OF_IMAGE * len(structure.rotations))
    ask_memory(crystal.where, needed, f"{n:.1e} reflections up to Q = {q_max:.3g} Å⁻¹", "use a shorter range")
    return families_within(structure.rotations, structure.translations, vectors, q_max)


def crystal_reflections(crystal: CrystalNow, families: Families) -> Reflections:
    """Return what the atoms of a crystal add to each family, by element."""
    q = _q_of(families.hkl, crystal.vectors)
    elements = crystal.crystal.elements
    factors = np.zeros((len(elements), len(families)), dtype=np.complex128)
    on_sites = zip(crystal.positions, crystal.occupants, strict=True)
    for places, occupants in on_sites:
        phases = np.exp(2j * np.pi * (families.hkl @ places.T)).sum(axis=1)
        for occupant in occupants:
            damped = occupant.occupancy * np.exp(-0.5 * occupant.u_iso * q**2)
            factors[elements.index(occupant.element)] += damped * phases
    return Reflections(families, q, elements, factors)


def squared_factors(reflections: Reflections, form_factors: ComplexArray) -> FloatArray:
    """Return the mean |F|² of h and −h, (n,) electrons²; form_factors: (n_elements, n), f0 + f′ + i f″.

    The two differ where f″ is not zero and the crystal has no centre; a powder shows their mean, which is
    |Σ Re(f) G|² + |Σ Im(f) G|².
    """
    real = (form_factors.real * reflections.factors).sum(axis=0)
    imaginary = (form_factors.imag * reflections.factors).sum(axis=0)
    return np.asarray(np.abs(real) ** 2 + np.abs(imaginary) ** 2)


def cosines_to(hkl: IntArray, axis: tuple[int, int, int], vectors: FloatArray) -> FloatArray:
    """Return the cosines between the normals of the planes hkl and those of the plane `axis`, (n,)."""
    normals = reciprocal_places(hkl, vectors)
    [normal] = reciprocal_places(np.array([axis], dtype=np.int64), vectors)
    return np.asarray(normals @ normal / (np.linalg.norm(normals, axis=1) * np.linalg.norm(normal)))
