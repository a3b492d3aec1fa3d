"""A population: crystals of one structure and shape with a size distribution, or one cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import cluster_moments, lattice_moments, offsets_within, pair_kinds
from nanocrystal.parameters import Evaluation, Number, Parameter, Quantity, as_parameter
from nanocrystal.sample.clusters import Atoms
from nanocrystal.sample.crystal import EXCLUSIVE_DISTANCE, Crystal
from nanocrystal.sample.pair_structure import Kind, PairGrid, PairStructure
from nanocrystal.sample.shapes import Bulk, Shape
from nanocrystal.tables.elements import atomic_mass

FloatArray = NDArray[np.float64]
FractionBasis = Literal["number_fraction", "mass_fraction", "volume_fraction"]
FRACTIONS: dict[FractionBasis, Quantity] = {
    name: Quantity(
        name, "", f"part of the sample by {name.partition('_')[0]}, relative to the other populations", 1.0, 0.0,
        scale=0.1,
    )
    for name in ("number_fraction", "mass_fraction", "volume_fraction")
}  # fmt: skip
MOST_PAIRS = 3e9
"""pairs of a crystal that are enumerated; about five seconds"""


@dataclass(frozen=True)
class Population:
    """Crystals alike in structure and shape, or an explicit cluster.

    crystal: the name of a crystal of the sample; shape: its shape (bulk by default); or atoms.
    fraction: how much of the sample it is, on the stated basis, relative to the others.
    """

    crystal: str | None = None
    shape: Shape = field(default_factory=Bulk)
    atoms: Atoms | None = None
    fraction_basis: FractionBasis = "mass_fraction"
    fraction: Number = 1.0

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        own = self.atoms.declared() if self.atoms is not None else self.shape.declared()
        return {**own, self.fraction_basis: (FRACTIONS[self.fraction_basis], as_parameter(self.fraction))}

    def pairs(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal | None, crystal_prefix: str
    ) -> PairStructure:
        """Return the population as pair distances on the grid the evaluation requires."""
        grid: PairGrid = evaluation.requirement
        values = evaluation.values
        if self.atoms is not None:
            return self._cluster_pairs(evaluation, name, prefix, grid)
        assert crystal is not None
        moments = evaluation.once(
            f"pairs of {name}",
            crystal.geometry_addresses(crystal_prefix),
            lambda: crystal_moments(crystal, evaluation, crystal_prefix, grid),
        )
        occupancies = crystal.occupancies(values, crystal_prefix)
        kinds = tuple(
            Kind(s.label, s.element, s.multiplicity, float(o), float(u))
            for s, o, u in zip(
                crystal.sites, occupancies, crystal.u_iso_values(values, crystal_prefix), strict=True
            )
        )
        cell_volume = abs(float(np.linalg.det(crystal.vectors(values, crystal_prefix))))
        volume = self.shape.mean_volume(values, prefix)
        shape = self.shape
        return PairStructure(
            kinds=kinds,
            moments=without_exclusive(moments, kinds, grid.h),
            h=grid.h,
            envelope=lambda r: shape.envelope(r, values, prefix),
            number_density=sum(k.count * k.occupancy for k in kinds) / cell_volume,
            n_units=None if volume is None else volume / cell_volume,
            delta1=values[f"{crystal_prefix}.delta1"],
            delta2=values[f"{crystal_prefix}.delta2"],
        )

    def _cluster_pairs(self, evaluation: Evaluation, name: str, prefix: str, grid: PairGrid) -> PairStructure:
        assert self.atoms is not None
        atoms, cluster = self.atoms, self.atoms.cluster
        species = cluster.species
        stretch = evaluation.values[f"{prefix}.stretch"]

        def moments() -> FloatArray:
            n_bins = int(np.ceil(stretch * cluster.extent / grid.h)) + 2
            return cluster_moments(stretch * cluster.positions, cluster.kinds, len(species), grid.h, n_bins)

        counts = np.bincount(cluster.kinds, minlength=len(species))
        kinds = tuple(
            Kind(e, e, float(n), 1.0, float(u))
            for e, n, u in zip(species, counts, atoms.u_iso_values(evaluation.values, prefix), strict=True)
        )
        found = evaluation.once(f"pairs of {name}", [f"{prefix}.stretch"], moments)
        delta1, delta2 = (evaluation.values[f"{prefix}.{k}"] for k in ("delta1", "delta2"))
        return PairStructure(kinds, found, grid.h, None, None, 1.0, delta1, delta2)

    def mean_atomic_mass(self, structure: PairStructure) -> float:
        """Return the mean mass of an atom of the population, Da."""
        mass = sum(k.count * k.occupancy * atomic_mass(k.element) for k in structure.kinds)
        return float(mass / structure.n_atoms)


def crystal_moments(crystal: Crystal, evaluation: Evaluation, prefix: str, grid: PairGrid) -> FloatArray:
    """Return the pair moments of an infinite crystal per cell, (n_pair_kinds, n_bins, 4).

    One atom stands for each site, weighted by the multiplicity of the site: the others see the same
    distances by symmetry.
    """
    vectors = crystal.vectors(evaluation.values, prefix)
    places = [fract @ vectors for fract in crystal.positions(evaluation.values, prefix)]
    kinds = pair_kinds(len(places))
    points, weights, rows = [], [], []
    for row, (a, b) in enumerate(kinds):
        separations = places[a][0] - places[b]
        points.append(separations)
        weights.append(np.full(len(separations), len(places[a]) * (0.5 if a == b else 1.0)))
        rows.append(np.full(len(separations), row))
    all_points = np.concatenate(points)
    radius = grid.r_max + float(np.linalg.norm(all_points, axis=1).max())
    n_pairs = 4.19 * radius**3 / abs(np.linalg.det(vectors)) * len(all_points)
    if n_pairs > MOST_PAIRS:
        raise InputError(
            crystal.where, f"has about {n_pairs:.1g} pairs up to {grid.r_max:.0f} Å, too many; use a shorter range."
        )
    offsets = offsets_within(vectors, radius)
    return lattice_moments(
        vectors, offsets, np.ones(len(offsets)), all_points, np.concatenate(weights), np.concatenate(rows),
        len(kinds), grid.h, grid.n_bins,
    )  # fmt: skip


def without_exclusive(moments: FloatArray, kinds: tuple[Kind, ...], h: float) -> FloatArray:
    """Return the moments without pairs of partly filled places that exclude each other."""
    last = int(EXCLUSIVE_DISTANCE / h) + 1
    rows = [
        row
        for row, (a, b) in enumerate(pair_kinds(len(kinds)))
        if kinds[a].occupancy < 1.0 and kinds[b].occupancy < 1.0 and moments[row, :last].any()
    ]
    if not rows:
        return moments
    kept = moments.copy()
    kept[rows, :last] = 0.0
    return kept
