"""A population: crystals of one structure and shape with a size distribution, or one cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.pairs import cluster_moments, pair_kinds
from nanocrystal.parameters import (
    NO_KEY,
    REQUIRED,
    Evaluation,
    Name,
    Number,
    Parameter,
    Quantity,
    Values,
    as_parameter,
)
from nanocrystal.sample.assembly import assembled, pair_addresses
from nanocrystal.sample.blocks import block_lattice, with_slips
from nanocrystal.sample.clusters import Atoms
from nanocrystal.sample.coating import COATING, Coating
from nanocrystal.sample.crystal import EXCLUSIVE_DISTANCE, Crystal
from nanocrystal.sample.lattice_pairs import LatticeSum, Reduction, ShapedDerivatives, crystal_moments
from nanocrystal.sample.order import Coherent
from nanocrystal.sample.pair_structure import Kind, PairGrid, PairStructure, enveloped
from nanocrystal.sample.prisms import Box
from nanocrystal.sample.shapes import Bulk, Shape, Sphere
from nanocrystal.sample.shell import SHELL, Shell
from nanocrystal.sample.size_law import SIZE_LAW, BoxSlice, SizeLaw, merged, slices
from nanocrystal.sample.stacking import STACKING, LayerOrder, Stacking, layers_of
from nanocrystal.sample.termination import TERMINATION, outer_layers
from nanocrystal.sample.twins import TWINS, TwinFamily
from nanocrystal.tables.elements import atomic_mass

FloatArray = NDArray[np.float64]
RadialFunction = Callable[[FloatArray], FloatArray]
FractionBasis = Literal["number_fraction", "mass_fraction", "volume_fraction"]
FRACTIONS: dict[FractionBasis, Quantity] = {
    name: Quantity(
        name, "", f"part of the sample by {name.partition('_')[0]}, relative to the other populations", 1.0, 0.0,
        scale=0.1,
    )
    for name in ("number_fraction", "mass_fraction", "volume_fraction")
}  # fmt: skip


@dataclass(frozen=True)
class Fractions:
    """How much of a sample a population is; on one basis."""

    number_fraction: Annotated[Number | None, FRACTIONS["number_fraction"]] = None
    mass_fraction: Annotated[Number | None, FRACTIONS["mass_fraction"]] = None
    volume_fraction: Annotated[Number | None, FRACTIONS["volume_fraction"]] = None


@dataclass(frozen=True)
class Population:
    """Crystals alike in structure and shape, or an explicit cluster.

    shape: bulk by default; or atoms. fraction: how much of the sample it is, on the stated basis, relative to the
    others.
    """

    crystal: Annotated[str | None, REQUIRED, "the name of one of [crystals]"] = None
    shape: Annotated[Shape | Box, NO_KEY] = field(default_factory=Bulk)
    atoms: Annotated[Atoms | None, NO_KEY] = None
    fraction_basis: Annotated[FractionBasis, NO_KEY] = "mass_fraction"
    fraction: Annotated[Number, NO_KEY] = 1.0
    twins: Annotated[Mapping[Name, TwinFamily], "families of boundaries: [populations.NAME.twins.FAMILY]"] = field(
        default_factory=dict
    )
    stacking: Annotated[Stacking | None, "a random sequence of close-packed layers"] = None
    shell: Annotated[Shell | None, "what differs towards the surface"] = None
    size_law: Annotated[SizeLaw | None, "what depends on the size of the crystals"] = None
    coating: Annotated[Coating | None, "what covers the crystals; for saxs only"] = None
    termination: Annotated[
        str | None, 'layer that all faces end with, "CsBr" or "PbBr2"; for prisms of perovskites'
    ] = None

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        own = self.atoms.declared() if self.atoms is not None else self.shape.declared()
        twins = {f"{TWINS}.{n}.{k}": v for n, family in self.twins.items() for k, v in family.declared().items()}
        if self.size_law is not None:
            twins |= {f"{SIZE_LAW}.{k}": v for k, v in self.size_law.declared().items()}
        if self.coating is not None:
            twins |= {f"{COATING}.{k}": v for k, v in self.coating.declared().items()}
        if self.shell is not None:
            twins |= {f"{SHELL}.{k}": v for k, v in self.shell.declared().items()}
        if self.stacking is not None:
            twins |= {f"{STACKING}.{k}": v for k, v in self.stacking.declared().items()}
        return {**own, **twins, self.fraction_basis: (FRACTIONS[self.fraction_basis], as_parameter(self.fraction))}

    def pairs(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal | None, crystal_prefix: str
    ) -> PairStructure:
        """Return the population as pair distances on the grid the evaluation requires."""
        grid: PairGrid = evaluation.requirement
        if self.atoms is not None:
            return self._cluster_pairs(evaluation, name, prefix, grid)
        assert crystal is not None
        if self.size_law is not None:
            return self._sliced_pairs(evaluation, name, prefix, crystal, crystal_prefix)
        if isinstance(self.shape, Box):
            return self._shaped_pairs(evaluation, name, prefix, crystal, crystal_prefix, grid)
        return self._round_pairs(evaluation, name, prefix, crystal, crystal_prefix, grid)

    def _sliced_pairs(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str
    ) -> PairStructure:
        """Return the pairs of crystals that depend on their size: slices of size, each as a population of its own."""
        assert self.size_law is not None
        assert isinstance(self.shape, Sphere | Box)
        law, values = self.size_law, evaluation.values
        vectors = self._lattice_sum(evaluation, name, prefix, crystal, crystal_prefix).block_vectors(values)
        parts = []
        for k, (shape, d) in enumerate(slices(self.shape, law.argument, vectors, values, prefix)):
            own = evaluation.at(law.at_size(d, crystal, values, prefix, crystal_prefix))
            part = replace(self, shape=shape, size_law=None)
            parts.append(part.pairs(own, f"{name}, slice {k}", prefix, crystal, crystal_prefix))
        laws = tuple(f"{prefix}.{SIZE_LAW}.{k}" for k in law.declared())
        lengths = tuple(f"{prefix}.{k}" for k in self.shape.declared())
        addresses = (*dict.fromkeys(a for p in parts for a in p.depends_on), *lengths, *laws)
        return merged(parts, law.of_atoms, addresses)

    def _round_pairs(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str, grid: PairGrid
    ) -> PairStructure:
        """Return the pairs of an infinite crystal, and what part of them a sphere has."""
        assert not isinstance(self.shape, Box)
        shape, values = self.shape, evaluation.values
        reached = grid.reaching(shape.reach(values, prefix))
        geometry = list(crystal.geometry_addresses(crystal_prefix))
        if self.disordered:
            lattice_sum = self._lattice_sum(evaluation, name, prefix, crystal, crystal_prefix)
            geometry += lattice_sum.order.addresses(prefix)
        moments, cells = self._endless_pairs(evaluation, name, prefix, crystal, crystal_prefix, reached)
        own = tuple(f"{prefix}.{k}" for k in shape.declared())
        volume = shape.mean_volume(values, prefix)
        n_units = None if volume is None else volume / crystal.cell_volume(values, crystal_prefix) / cells
        envelope: RadialFunction | None = partial(_envelope, shape, values, prefix)
        if self.shell is None:
            return self._structure(
                evaluation, name, prefix, crystal, crystal_prefix, moments[None], grid.h, cells, n_units,
                (envelope,), 1.0, (*geometry, *own), envelope,
            )  # fmt: skip
        levels = self._levels_of_sphere(values, prefix)
        addresses = (*geometry, *own, f"{prefix}.{SHELL}.thickness")

        def cut() -> FloatArray:
            r = grid.h * np.arange(float(moments.shape[1]))
            return np.array([enveloped(moments, level(r)) for level in levels])

        found = evaluation.once(f"shells of {name} to {reached.r_max:g}", addresses, cut)
        inside = float(levels[1](np.zeros(1))[0])
        return self._structure(
            evaluation, name, prefix, crystal, crystal_prefix, found, grid.h, cells, n_units,
            levels, inside, addresses, None,
        )  # fmt: skip

    def _levels_of_sphere(self, values: Values, prefix: str) -> tuple[RadialFunction, ...]:
        """Return what part of the pairs at r a sphere has, counted with 1, with g of one and of both places."""
        assert self.shell is not None
        assert isinstance(self.shape, Sphere)
        shape = self.shape
        once, twice = self.shell.pairs_inside(values, prefix)

        def level(terms: Sequence[tuple[tuple[float, float], float]]) -> RadialFunction:
            return lambda r: np.asarray(sum(p * shape.shared(r, depths, values, prefix) for depths, p in terms))

        return (partial(_envelope, shape, values, prefix), level(once), level(twice))

    def _endless_pairs(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str, grid: PairGrid
    ) -> tuple[FloatArray, float]:
        """Return the pairs of an infinite crystal per unit, and the cells in the volume of a unit."""
        values, key = evaluation.values, f"pairs of {name} to {grid.r_max:g}"
        addresses = crystal.geometry_addresses(crystal_prefix)
        if not self.disordered:
            return evaluation.once(key, addresses, lambda: crystal_moments(crystal, values, crystal_prefix, grid)), 1.0
        lattice_sum = self._lattice_sum(evaluation, name, prefix, crystal, crystal_prefix)
        ordering = lattice_sum.order.addresses(prefix)
        found = evaluation.once(key, (*addresses, *ordering), lambda: lattice_sum.within(values, grid))
        return found, 1.0 / lattice_sum.blocks.blocks_per_cell

    def _shaped_pairs(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str, grid: PairGrid
    ) -> PairStructure:
        """Return the pairs of a shape along the blocks of the crystal, counted per block."""
        assert isinstance(self.shape, Box)
        shape, values = self.shape, evaluation.values
        lattice_sum = self._lattice_sum(evaluation, name, prefix, crystal, crystal_prefix)
        addresses = [*crystal.geometry_addresses(crystal_prefix), *shape.addresses(prefix)]
        addresses += lattice_sum.order.addresses(prefix)
        if self.shell is not None:
            addresses.append(f"{prefix}.{SHELL}.thickness")
        found = evaluation.once(f"pairs of {name}", addresses, lambda: lattice_sum(values, grid))
        blocks = lattice_sum.blocks
        vectors = lattice_sum.block_vectors(values)
        levels = self._levels_of_box(evaluation, name, prefix, vectors, addresses)
        structure = self._structure(
            evaluation, name, prefix, crystal, crystal_prefix, found.moments, grid.h, 1.0 / blocks.blocks_per_cell,
            found.mean_blocks, levels, found.mean_inside, tuple(addresses), None,
            lattice_sum.places_per_block(values),
        )  # fmt: skip
        if lattice_sum.surface is None:
            return structure
        return replace(structure, shape_functions=lattice_sum.shape_functions(values))

    def _levels_of_box(
        self, evaluation: Evaluation, name: str, prefix: str, vectors: FloatArray, known_by: Sequence[str]
    ) -> tuple[RadialFunction, ...]:
        """Return γ₀(r), and with a shell the same counted with g of one and of both places, each over γ₀(0).

        Their tables are made where they are asked for, once for each range of r. known_by: the addresses that they
        depend on.
        """
        assert isinstance(self.shape, Box)
        shape, values = self.shape, evaluation.values

        def level(key: str, terms: Sequence[tuple[tuple[float, float], float]]) -> RadialFunction:
            def function(r: FloatArray) -> FloatArray:
                longest = float(r.max()) if len(r) else 0.0
                tables = evaluation.once(
                    f"γ₀ of {name}, {key}, to {longest:g}", known_by,
                    lambda: [(p, shape.envelope_to(longest, vectors, values, prefix, depths)) for depths, p in terms],
                )  # fmt: skip
                return np.asarray(sum(p * table(r) for p, table in tables))

            return function

        whole = level("whole", [((0.0, 0.0), 1.0)])
        if self.shell is None:
            return (whole,)
        once, twice = self.shell.pairs_inside(values, prefix)
        return (whole, level("one inside", once), level("both inside", twice))

    def _lattice_sum(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str
    ) -> LatticeSum:
        if isinstance(self.shape, BoxSlice):  # its bounds follow the sizes
            return self.lattice_sum(crystal, prefix, crystal_prefix)
        return evaluation.once(f"lattice of {name}", (), lambda: self.lattice_sum(crystal, prefix, crystal_prefix))

    def lattice_sum(self, crystal: Crystal, prefix: str, crystal_prefix: str) -> LatticeSum:
        """Return the sum over its pairs of blocks; raises InputError for boundaries that its crystal cannot have."""
        shape = self.shape if isinstance(self.shape, Box) else None
        if self.stacking is not None:
            layers = layers_of(crystal, f"{prefix}.{STACKING}")
            return LatticeSum(
                crystal, layers.blocks, LayerOrder(layers, shape is not None), shape, prefix, crystal_prefix, self.shell
            )
        blocks = block_lattice(crystal, shape.facets if shape is not None else None, prefix)
        places = {n: f"{prefix}.{TWINS}.{n}" for n in self.twins}
        if self.twins:
            slips = [family.slips(crystal, places[n]) for n, family in self.twins.items()]
            blocks = with_slips(crystal, blocks, np.concatenate(slips), f"{prefix}.{TWINS}")
        boundaries = {n: family.boundaries(crystal, blocks, places[n]) for n, family in self.twins.items()}
        surface = None
        if self.termination is not None:
            surface = outer_layers(crystal, blocks, self.termination, f"{prefix}.{TERMINATION}")
        return LatticeSum(
            crystal, blocks, Coherent(blocks, boundaries), shape, prefix, crystal_prefix, self.shell, surface
        )

    @property
    def disordered(self) -> bool:
        """Whether its crystals have boundaries or faults."""
        return bool(self.twins) or self.stacking is not None

    def shaped_derivatives(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str,
        addresses: Sequence[str], reduction: Reduction, coarser: int,
    ) -> ShapedDerivatives | None:  # fmt: skip
        """Return sums over pairs differentiated by those of `addresses` that are lengths, cell parameters or of twins.

        In bins `coarser` times as wide as those of the pairs. None for shapes that have no lattice sum, and where
        the pairs of atoms are not simply those of the places.
        """
        if not isinstance(self.shape, Box):
            return None
        if self.shell is not None or self.size_law is not None or self.termination is not None:
            return None
        changing = [f"{crystal_prefix}.substitution.{k}.{n}" for k in crystal.substitutions
                    for n in ("correlation_length", "bond_difference")]  # fmt: skip
        if any(evaluation.values[a] != 0.0 for a in changing):
            return None
        lengths = [a for a in self.shape.addresses(prefix) if a in addresses and not a.endswith("size_correlation")]
        cell = [a for a in crystal.cell_addresses(crystal_prefix) if a in addresses]
        lattice_sum = self._lattice_sum(evaluation, name, prefix, crystal, crystal_prefix)
        ordering = [a for a in lattice_sum.order.addresses(prefix) if a in addresses]
        if lattice_sum.order.depends_on_cell:
            cell = []
        if lattice_sum.order.depends_on_sizes:
            lengths = []
        if not lengths and not cell and not ordering:
            return ShapedDerivatives({}, {}, {})
        grid: PairGrid = evaluation.requirement
        wider = replace(grid, h=coarser * grid.h)
        return lattice_sum.derivatives(evaluation.values, wider, lengths, ordering, cell, reduction)

    def _structure(
        self, evaluation: Evaluation, name: str, prefix: str, crystal: Crystal, crystal_prefix: str,
        moments: FloatArray, h: float, cells_per_unit: float, n_units: float | None,
        levels: tuple[RadialFunction | None, ...], mean_inside: float, known_by: tuple[str, ...],
        envelope: RadialFunction | None, places: FloatArray | None = None,
    ) -> PairStructure:  # fmt: skip
        """Return the pair structure of a crystal from the pairs of its places, (n_levels, n_site_pairs, n_bins, 4).

        places: (n_sites,), how many each site has in the unit; those of the crystal by default.
        """
        values = evaluation.values
        outer = None
        if self.shell is not None:
            outer = self.shell.changed(crystal, values, prefix, crystal_prefix)
        if places is None:
            places = np.array([s.multiplicity for s in crystal.sites]) * cells_per_unit
        found = assembled(evaluation, name, crystal, crystal_prefix, moments, h, places, outer, mean_inside, known_by)
        volume = crystal.cell_volume(values, crystal_prefix) * cells_per_unit
        functions = tuple(f for f in levels if f is not None)
        return PairStructure(
            kinds=found.kinds,
            moments=found.moments,
            h=h,
            envelope=envelope,
            shape_function=functions[0],
            number_density=sum(k.count * k.occupancy for k in found.kinds) / volume,
            n_units=n_units,
            delta1=values.get(f"{crystal_prefix}.delta1", 0.0),
            delta2=values.get(f"{crystal_prefix}.delta2", 0.0),
            depends_on=(*known_by, *pair_addresses(crystal, values, crystal_prefix)),
            rows=found.rows,
            factors=found.factors,
            levels=found.levels if self.termination is None else found.site_pairs,
            shape_functions=normalised(functions, mean_inside),
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
        delta1, delta2 = (evaluation.values.get(f"{prefix}.{k}", 0.0) for k in ("delta1", "delta2"))
        return PairStructure(kinds, found, grid.h, None, None, None, 1.0, delta1, delta2, (f"{prefix}.stretch",))

    def mean_atomic_mass(self, structure: PairStructure) -> float:
        """Return the mean mass of an atom of the population, Da."""
        mass = sum(k.count * k.occupancy * atomic_mass(k.element) for k in structure.kinds)
        return float(mass / structure.n_atoms)


def _envelope(shape: Shape, values: Values, prefix: str, r: FloatArray) -> FloatArray:
    return shape.envelope(r, values, prefix)


def normalised(levels: tuple[RadialFunction, ...], mean_inside: float) -> tuple[RadialFunction, ...]:
    """Return the functions of r divided by the mean of g, once for each place that counts with it."""

    def over(function: RadialFunction, divisor: float) -> RadialFunction:
        return lambda r: function(r) / divisor

    return tuple(over(f, max(mean_inside, 1e-12) ** k) if k else f for k, f in enumerate(levels))


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
