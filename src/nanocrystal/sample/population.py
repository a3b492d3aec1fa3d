"""A population: crystals of one structure and shape with a size distribution, or one cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import ask_memory, kept_at_once
from nanocrystal.errors import InputError
from nanocrystal.kernels.pairs import bytes_of_cluster, cluster_moments, pair_kinds
from nanocrystal.parameters import (
    NO_KEY,
    REQUIRED,
    Assumption,
    Claim,
    Declares,
    Evaluation,
    Here,
    Meaning,
    Name,
    Number,
    Parameter,
    Quantity,
    StoreKey,
    as_parameter,
)
from nanocrystal.parameters.number import came
from nanocrystal.sample.crystal.clusters import Cluster
from nanocrystal.sample.crystal.crystal import EXCLUSIVE_DISTANCE, Crystal
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.order.blocks import block_lattice, with_slips
from nanocrystal.sample.order.order import Coherent
from nanocrystal.sample.order.stacking import STACKING, LayerOrder, Stacking, layers_of
from nanocrystal.sample.order.twins import TWINS, TwinFamily
from nanocrystal.sample.pairs.assembly import PlacePairs, assembled, pair_addresses
from nanocrystal.sample.pairs.lattice_pairs import LatticeNow, Reduction, ShapedDerivatives, crystal_moments
from nanocrystal.sample.pairs.lattice_sum import LatticeSum
from nanocrystal.sample.pairs.pair_structure import Kind, PairGrid, PairStructure, enveloped
from nanocrystal.sample.pairs.slices import merged
from nanocrystal.sample.shapes.shape import Shape, ShapeNow, is_shape
from nanocrystal.sample.shapes.sphere import infinite
from nanocrystal.sample.surface.coating import COATING, Coating, CoatingNow
from nanocrystal.sample.surface.shell import SHELL, Shell, ShellNow
from nanocrystal.sample.surface.size_law import SIZE_LAW, SizeLaw, SizeLawNow, slices
from nanocrystal.sample.surface.termination import TERMINATION, outer_layers
from nanocrystal.tables.elements import atomic_mass

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RadialFunction = Callable[[FloatArray], FloatArray]
FractionBasis = Literal["number_fraction", "mass_fraction", "volume_fraction"]
FRACTIONS: dict[FractionBasis, Quantity] = {
    name: Quantity(
        name,
        "",
        f"part of the sample by {name.partition('_')[0]}, relative to the other populations",
        1.0,
        0.0,
        scale=0.1,
        meaning=Meaning(
            name.replace("_", " "), "of a population in the sample, of which only ratios count, without coating"
        ),
        claim=Claim("as much of each population", times=1.25),
    )
    for name in ("number_fraction", "mass_fraction", "volume_fraction")
}


@dataclass(frozen=True)
class Fractions:
    """How much of a sample a population is; on one basis."""

    number_fraction: Annotated[Number | None, FRACTIONS["number_fraction"]] = None
    mass_fraction: Annotated[Number | None, FRACTIONS["mass_fraction"]] = None
    volume_fraction: Annotated[Number | None, FRACTIONS["volume_fraction"]] = None


@dataclass(frozen=True)
class Population(Declares):
    """Crystals alike in structure and shape, or an explicit cluster.

        Population(pt, shape=Sphere(vary(40.0)), name="dots")

    Parameters
    ----------
    crystal : Crystal or str
        What it is made of, or the name that a `Sample` has for that; none for explicit atoms.
    shape : Shape
        With its sizes [Bulk()].
    atoms : Atoms
        Explicit atoms, as `shape`.
    fraction_basis : {"number_fraction", "mass_fraction", "volume_fraction"}
        What `fraction` is a part of.
    fraction : number
        How much of the sample it is, relative to the other populations.
    twins : mapping of str to TwinFamily
        Families of boundaries.
    stacking : Stacking
        A random sequence of close-packed layers.
    shell : Shell
        What differs towards the surface.
    size_law : SizeLaw
        What depends on the size.
    coating : Coating
        What covers the crystals.
    termination : str
        Layer that all faces end with.
    name : str
        What results call it [as its crystal, or its shape where it has none].
    made_of : Crystal
        The crystal itself, where `crystal` is its name.
    """

    crystal: Annotated[str | Crystal | None, REQUIRED, "the name of one of [crystals]"] = None
    shape: Annotated[Shape, NO_KEY] = field(default_factory=infinite)
    atoms: Annotated[Shape | None, NO_KEY] = None
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
    name: Annotated[str, NO_KEY] = ""
    made_of: Annotated[Crystal | None, NO_KEY] = None

    def __post_init__(self) -> None:
        """Explicit atoms are the shape, whichever of the two is given; a crystal is held beside its name."""
        if isinstance(self.crystal, Crystal):
            object.__setattr__(self, "made_of", self.crystal)
            object.__setattr__(self, "crystal", self.crystal.name)
        has_shape = is_shape(self.shape if self.atoms is None else self.atoms)
        if not has_shape or not (self.crystal is None or isinstance(self.crystal, str)):
            wrong = self.crystal if has_shape else self.shape if self.atoms is None else self.atoms
            raise InputError(
                "Population",
                f"needs a crystal or its name and a shape, Population(pt, shape=Sphere(40.0)), got {came(wrong)}.",
            )
        if self.atoms is not None:
            object.__setattr__(self, "shape", self.atoms)
        elif self.shape.explicit is not None:
            object.__setattr__(self, "atoms", self.shape)

    @property
    def crystal_name(self) -> str | None:
        """What the crystal is called, None for explicit atoms."""
        return self.crystal.name if isinstance(self.crystal, Crystal) else self.crystal

    @property
    def usual_name(self) -> str:
        """What results call it: its name, else that of its crystal or shape."""
        return self.name or self.crystal_name or self.shape.name

    def within(self, name: str, crystals: Mapping[str, Crystal]) -> Population:
        """Return the population as a sample has it, under its name there and with the crystal that has its name."""
        made_of = crystals.get(self.crystal_name or "")
        return self if self.name == name and self.made_of is made_of else replace(self, name=name, made_of=made_of)

    def declared(self) -> dict[str, tuple[Quantity, Parameter]]:
        """Return local address -> (declaration, parameter)."""
        of_shape = self.shape.declared()
        twins = {f"{TWINS}.{n}.{k}": v for n, family in self.twins.items() for k, v in family.declared().items()}
        if self.size_law is not None:
            twins |= {f"{SIZE_LAW}.{k}": v for k, v in self.size_law.declared().items()}
        if self.coating is not None:
            twins |= {f"{COATING}.{k}": v for k, v in self.coating.declared().items()}
        if self.shell is not None:
            twins |= {f"{SHELL}.{k}": v for k, v in self.shell.declared().items()}
        if self.stacking is not None:
            twins |= {f"{STACKING}.{k}": v for k, v in self.stacking.declared().items()}
        return {**of_shape, **twins, self.fraction_basis: (FRACTIONS[self.fraction_basis], as_parameter(self.fraction))}

    def assumptions(self, where: str) -> list[Assumption]:
        """Return what was taken as given: that all crystals have one size; where: its address."""
        lengths = [f"{where}.{n}" for n in self.shape.lengths_alike]
        return [
            Assumption(
                keys=lengths,
                taken="one length: all crystals are as large",
                case="with a spread of sizes",
                moves=dict.fromkeys(lengths, "smaller"),
            )
        ] * bool(lengths)

    def at(self, name: str, evaluation: Evaluation, crystal: Crystal | None) -> PopulationNow:
        """Return the population of this name as of now."""
        return PopulationNow(self, name, evaluation, crystal)

    def lattice_sum(self, crystal: Crystal, prefix: str, crystal_prefix: str) -> LatticeSum:
        """Return the sum over its pairs of blocks; raises InputError for boundaries that its crystal cannot have."""
        shape = self.shape if self.shape.along_lattice else None
        if self.stacking is not None:
            layers = layers_of(crystal, f"{prefix}.{STACKING}")
            return LatticeSum(
                crystal=crystal,
                blocks=layers.blocks,
                order=LayerOrder(layers, shape is not None),
                shape=shape,
                prefix=prefix,
                crystal_prefix=crystal_prefix,
                shell=self.shell,
                sites_apart=self.tells_sites_apart,
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
            crystal=crystal,
            blocks=blocks,
            order=Coherent(blocks, boundaries),
            shape=shape,
            prefix=prefix,
            crystal_prefix=crystal_prefix,
            shell=self.shell,
            surface=surface,
            sites_apart=self.tells_sites_apart,
        )

    @property
    def tells_sites_apart(self) -> bool:
        """Whether sites with the same atoms differ: by where they are in a crystal, or by its size."""
        return self.shell is not None or self.size_law is not None or self.termination is not None

    @property
    def disordered(self) -> bool:
        """Whether its crystals have boundaries or faults."""
        return bool(self.twins) or self.stacking is not None


@dataclass(frozen=True, eq=False)
class PopulationNow:
    """A population as of now: its crystal, shape and surface in numbers.

    part: the shapes of part of its crystals, and which part that is, instead of all.
    """

    population: Population
    name: str
    evaluation: Evaluation
    of_crystal: Crystal | None
    part: tuple[int, ShapeNow] | None = None

    @cached_property
    def here(self) -> Here:
        return self.evaluation.values.under(f"populations.{self.name}")

    @cached_property
    def crystal(self) -> CrystalNow:
        assert self.of_crystal is not None
        return self.of_crystal.at(self.evaluation.values.under(f"crystals.{self.population.crystal_name}"))

    @cached_property
    def shape(self) -> ShapeNow:
        return self.population.shape.at(self.here) if self.part is None else self.part[1]

    @cached_property
    def shell(self) -> ShellNow | None:
        return None if self.population.shell is None else self.population.shell.at(self.here.under(SHELL))

    @cached_property
    def coating(self) -> CoatingNow | None:
        return None if self.population.coating is None else self.population.coating.at(self.here.under(COATING))

    @property
    def size_law(self) -> SizeLawNow | None:
        """What depends on the size of the crystals; nothing within one slice of sizes."""
        law = self.population.size_law
        return None if law is None or self.part is not None else law.at(self.here.under(SIZE_LAW))

    @cached_property
    def lattice(self) -> LatticeNow:
        """The blocks of its crystals and how they are ordered."""
        where, crystal = f"populations.{self.name}", f"crystals.{self.population.crystal_name}"

        def made() -> LatticeSum:
            assert self.of_crystal is not None
            return self.population.lattice_sum(self.of_crystal, where, crystal)

        along = self.population.shape.along_lattice
        part = self.shape if along and self.part is not None else None
        return LatticeNow(self.evaluation.once(("lattice", self.name), (), made), self.evaluation, part)

    def block_vectors(self) -> FloatArray:
        """Return the block vectors of its crystals as rows, Å; a call, since few need them."""
        return self.lattice.block_vectors

    @property
    def slices(self) -> list[PopulationNow]:
        """Its crystals by their size, each slice with the crystal that the size law gives it."""
        law, shape = self.size_law, self.shape
        assert law is not None
        populations = []
        for k, (part, d) in enumerate(slices(shape, law.law.argument, self.lattice.block_vectors)):
            values = law.crystal_of_size(d, self.crystal).here.whole
            populations.append(replace(self, evaluation=self.evaluation.at(values), part=(k, part)))
        return populations

    @property
    def _key(self) -> StoreKey:
        return (self.name,) if self.part is None else (self.name, "slice", self.part[0])

    @property
    def _lengths(self) -> tuple[str, ...]:
        """The addresses of the shape."""
        return self.here.addresses(*self.population.shape.declared())

    # ---- pairs ------------------------------------------------------------------------------------

    @cached_property
    def _alike(self) -> IntArray:
        """Which kind of atoms stands on each site, (n_sites,)."""
        n_sites = len(self.crystal.crystal.sites)
        return np.arange(n_sites) if self.population.tells_sites_apart else self.crystal.alike

    @property
    def _alike_addresses(self) -> tuple[str, ...]:
        return () if self.population.tells_sites_apart else self.crystal.alike_addresses

    def _of_kinds(self, places: FloatArray) -> FloatArray:
        """Return how many places each kind has, from those of the sites, (n_sites,)."""
        return np.bincount(self._alike, places).astype(np.float64)

    @property
    def _sites(self) -> tuple[int, ...]:
        """The first site of each kind."""
        return tuple(int(k) for k in np.unique(self._alike, return_index=True)[1])

    def pairs(self) -> PairStructure:
        """Return the population as pair distances on the grid the evaluation requires."""
        cluster = self.population.shape.explicit
        if cluster is not None:
            return self._cluster_pairs(cluster)
        if self.size_law is not None:
            return self._sliced_pairs(self.size_law)
        return self._shaped_pairs() if self.population.shape.along_lattice else self._round_pairs()

    @property
    def _grid(self) -> PairGrid:
        grid: PairGrid = self.evaluation.requirement
        return grid

    def _sliced_pairs(self, law: SizeLawNow) -> PairStructure:
        """Return the pairs of crystals that depend on their size: slices of size, each as a population of its own."""
        parts = [each.pairs() for each in self.slices]
        laws = law.here.addresses(*law.law.declared())
        addresses = (*dict.fromkeys(a for p in parts for a in p.depends_on), *self._lengths, *laws)
        return merged(parts, law.law.of_atoms, addresses)

    def _round_pairs(self) -> PairStructure:
        """Return the pairs of an infinite crystal, and what part of them a sphere has."""
        shape, grid = self.shape, self._grid
        reached = grid.reaching(shape.reach)
        ordering = self.lattice.ordering if self.population.disordered else ()
        moments, cells = self._endless_pairs(reached)
        volume = shape.mean_volume
        n_units = None if volume is None else volume / self.crystal.cell_volume / cells
        addresses = (*self.crystal.geometry_addresses, *self._alike_addresses, *ordering, *self._lengths)
        multiplicities = [float(s.multiplicity) for s in self.crystal.crystal.sites]
        places = self._of_kinds(np.array(multiplicities)) * cells
        if self.shell is None:
            of_places = PlacePairs(
                moments=moments[None],
                h=grid.h,
                places=places,
                mean_inside=1.0,
                known_by=addresses,
                sites=self._sites,
            )
            return self._structure(of_places, cells, n_units, (shape.envelope,), shape.envelope)
        levels = _levels_of_sphere(shape, self.shell)
        addresses = (*addresses, *self.shell.here.addresses("thickness"))

        def cut() -> FloatArray:
            r = grid.h * np.arange(float(moments.shape[1]))
            return np.array([enveloped(moments, level(r)) for level in levels])

        of_places = PlacePairs(
            moments=self.evaluation.once(("shells", *self._key, reached.r_max), addresses, cut),
            h=grid.h,
            places=places,
            mean_inside=float(levels[1](np.zeros(1))[0]),
            known_by=addresses,
            sites=self._sites,
        )
        return self._structure(of_places, cells, n_units, levels)

    def _endless_pairs(self, grid: PairGrid) -> tuple[FloatArray, float]:
        """Return the pairs of an infinite crystal per unit, and the cells in the volume of a unit."""
        key = ("pairs", *self._key, grid.r_max)
        addresses = (*self.crystal.geometry_addresses, *self._alike_addresses)
        if not self.population.disordered:
            return self.evaluation.once(key, addresses, lambda: crystal_moments(self.crystal, grid, self._alike)), 1.0
        lattice = self.lattice
        moments = self.evaluation.once(key, (*addresses, *lattice.ordering), lambda: lattice.within(grid))
        return moments, 1.0 / lattice.lattice.blocks.blocks_per_cell

    def _shaped_pairs(self) -> PairStructure:
        """Return the pairs of a shape along the blocks of the crystal, counted per block."""
        grid, lattice = self._grid, self.lattice
        addresses = (*self.crystal.geometry_addresses, *self._alike_addresses, *self._lengths, *lattice.ordering)
        if self.shell is not None:
            addresses = (*addresses, *self.shell.here.addresses("thickness"))
        pairs = self.evaluation.once(("pairs", *self._key), addresses, lambda: lattice(grid))
        of_places = PlacePairs(
            moments=pairs.moments,
            h=grid.h,
            places=self._of_kinds(lattice.places_per_block),
            mean_inside=pairs.mean_inside,
            known_by=addresses,
            sites=self._sites,
        )
        levels = self._levels_of_box(addresses)
        cells = 1.0 / lattice.lattice.blocks.blocks_per_cell
        structure = self._structure(of_places, cells, pairs.mean_blocks, levels)
        if lattice.lattice.surface is None:
            return structure
        return replace(structure, shape_functions=lattice.shape_functions())

    def _levels_of_box(self, known_by: Sequence[str]) -> tuple[RadialFunction, ...]:
        """Return γ₀(r), and with a shell the same counted with g of one and of both places, each over γ₀(0).

        Their tables are made at first use, once for each range of r. known_by: the addresses that they depend on.
        """
        shape, vectors = self.shape, self.lattice.block_vectors

        def level(key: str, terms: Sequence[tuple[tuple[float, float], float]]) -> RadialFunction:
            def function(r: FloatArray) -> FloatArray:
                longest = float(r.max()) if len(r) else 0.0
                tables = self.evaluation.once(
                    ("γ₀", *self._key, key, longest),
                    known_by,
                    lambda: [(p, shape.envelope_to(longest, vectors, depths)) for depths, p in terms],
                )
                return np.asarray(sum(p * table(r) for p, table in tables))

            return function

        whole = level("whole", [((0.0, 0.0), 1.0)])
        if self.shell is None:
            return (whole,)
        once, twice = self.shell.pairs_inside
        return (whole, level("one inside", once), level("both inside", twice))

    def _structure(
        self,
        pairs: PlacePairs,
        cells_per_unit: float,
        n_units: float | None,
        levels: tuple[RadialFunction, ...],
        envelope: RadialFunction | None = None,
    ) -> PairStructure:
        """Return the pair structure of a crystal from the pairs of its places."""
        outer = None if self.shell is None else self.shell.changed(self.crystal)
        of_kinds = assembled(self.evaluation, self.crystal, pairs, outer, self._key)
        volume = self.crystal.cell_volume * cells_per_unit
        return PairStructure(
            kinds=of_kinds.kinds,
            moments=of_kinds.moments,
            h=pairs.h,
            envelope=envelope,
            shape_function=levels[0],
            number_density=sum(k.count * k.occupancy for k in of_kinds.kinds) / volume,
            n_units=n_units,
            delta1=self.crystal.here.get("delta1", 0.0),
            delta2=self.crystal.here.get("delta2", 0.0),
            depends_on=(*pairs.known_by, *pair_addresses(self.crystal)),
            rows=of_kinds.rows,
            factors=of_kinds.factors,
            levels=of_kinds.levels if self.population.termination is None else of_kinds.site_pairs,
            shape_functions=normalised(levels, pairs.mean_inside),
        )

    def _cluster_pairs(self, cluster: Cluster) -> PairStructure:
        stretch, grid = self.shape.stretch, self._grid
        species = cluster.species

        def moments() -> FloatArray:
            n_bins = int(np.ceil(stretch * cluster.extent / grid.h)) + 2
            needed = bytes_of_cluster(len(cluster.elements), len(species), n_bins, kept_at_once())
            what = f"{len(cluster.elements)} atoms that are {cluster.extent / 10.0:.0f} nm across"
            ask_memory(f"populations.{self.name}.file", needed, what, "use fewer atoms")
            return cluster_moments(stretch * cluster.positions, cluster.kinds, len(species), grid.h, n_bins)

        counts = np.bincount(cluster.kinds, minlength=len(species))
        kinds = tuple(
            Kind(e, e, float(n), 1.0, float(u)) for e, n, u in zip(species, counts, self.shape.u_iso, strict=True)
        )
        stretched = self.here.addresses("stretch")
        return PairStructure(
            kinds=kinds,
            moments=self.evaluation.once(("pairs", *self._key), stretched, moments),
            h=grid.h,
            envelope=None,
            shape_function=None,
            number_density=None,
            n_units=1.0,
            delta1=self.here.get("delta1", 0.0),
            delta2=self.here.get("delta2", 0.0),
            depends_on=stretched,
        )

    def shaped_derivatives(
        self, addresses: Sequence[str], reduction: Reduction, coarser: int
    ) -> ShapedDerivatives | None:
        """Return sums over pairs differentiated by those of `addresses` that are lengths, cell parameters or of twins.

        In bins `coarser` times as wide as those of the pairs. None for shapes that have no lattice sum, and where
        the pairs of atoms are not simply those of the places.
        """
        population = self.population
        if not population.shape.along_lattice or self.of_crystal is None:
            return None
        if self.shell is not None or population.size_law is not None or population.termination is not None:
            return None
        changing = (f"substitution.{k}" for k in self.crystal.crystal.substitutions)
        if any(self.crystal.here[f"{k}.{n}"] for k in changing for n in ("correlation_length", "bond_difference")):
            return None
        lengths = [a for a in self._lengths if a in addresses and not a.endswith("size_correlation")]
        cell = [a for a in self.crystal.cell_addresses if a in addresses]
        ordering = [a for a in self.lattice.ordering if a in addresses]
        if not lengths and not cell and not ordering:
            return ShapedDerivatives({}, {}, {})
        wider = replace(self._grid, h=coarser * self._grid.h)
        return self.lattice.derivatives(wider, lengths, ordering, cell, reduction)


def mean_atomic_mass(structure: PairStructure) -> float:
    """Return the mean mass of an atom of a population, Da."""
    mass = sum(k.count * k.occupancy * atomic_mass(k.element) for k in structure.kinds)
    return float(mass / structure.n_atoms)


def _levels_of_sphere(shape: ShapeNow, shell: ShellNow) -> tuple[RadialFunction, ...]:
    """Return what part of the pairs at r a sphere has, counted with 1, with g of one and of both places."""
    once, twice = shell.pairs_inside

    def level(terms: Sequence[tuple[tuple[float, float], float]]) -> RadialFunction:
        return lambda r: np.asarray(sum(p * shape.shared(r, depths) for depths, p in terms))

    return (shape.envelope, level(once), level(twice))


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
