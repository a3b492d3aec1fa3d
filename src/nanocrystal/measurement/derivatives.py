"""What the exact derivatives of scattering techniques share: changes of moments, and of parts of a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Evaluation
from nanocrystal.parameters.difference import difference, step_of
from nanocrystal.sample import PairStructure, Sample, ShapedDerivatives
from nanocrystal.sample.order.blocks import block_lattice
from nanocrystal.sample.population import PopulationNow

FloatArray = NDArray[np.float64]
RadialFunction = Callable[[FloatArray], FloatArray]


# ---- moments ------------------------------------------------------------------------------------


def stretched(moments: FloatArray) -> FloatArray:
    """Return how the moments of pairs change when their distances do, (…, n_bins, 4).

    moments: Σ w ε (1, t, t², t³) over the pairs of each bin, ε being the relative change of the distance
    r = h (b + t) with the parameter. Then d/dp Σ w t^k = k Σ w ε (b + t) t^(k−1), whatever bin the pair
    moves to: in sums over smooth functions of r the moments stand for the pairs about the bin's centre.
    """
    bins = np.arange(float(moments.shape[-2]))[:, None]
    powers = np.arange(1.0, moments.shape[-1])
    change = np.zeros_like(moments)
    change[..., 1:] = powers * (bins * moments[..., :-1] + moments[..., 1:])
    return change


def rows_of_moments(moments: FloatArray) -> FloatArray:
    """Return moments (n_rows, n_bins, 4) as a copy of shape (n_rows, 4 n_bins); there may be no rows."""
    return moments.reshape(len(moments), moments.shape[1] * moments.shape[2]).copy()


def at_bins(moments: FloatArray) -> FloatArray:
    """Return weights at the centres of the bins that have the same four moments, (…, n_bins).

    moments: (…, n_bins, 4), of either sign. Each bin spreads over five: the second moment by the three-point
    stencil, what that leaves of the third by the central third difference. Sums over functions that vary as
    exp(iQr) are kept to (Q h)⁴/100.
    """
    count, first, second, third = np.moveaxis(moments, -1, 0)
    skew = (third - first) / 6.0
    spread = {-2: -0.5 * skew, -1: 0.5 * (second - first) + skew, 0: count - second}
    spread |= {1: 0.5 * (second + first) - skew, 2: 0.5 * skew}
    weights = np.zeros_like(count)
    n = count.shape[-1]
    for shift, part in spread.items():
        weights[..., max(0, shift) : n + min(0, shift)] += part[..., max(0, -shift) : n - max(0, shift)]
    return np.asarray(weights)


# ---- parts of the sample ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PairSlopes:
    """How the pairs of a sample, and the parts that its populations are, change with what is derived exactly.

    structures, derived: of each population, derived of those that have a lattice sum.
    """

    sample: Sample
    evaluation: Evaluation
    structures: Mapping[str, PairStructure]
    derived: Mapping[str, ShapedDerivatives]

    @cached_property
    def fractions(self) -> dict[str, float]:
        """Which part of the atoms of the sample each population holds."""
        return self.sample.atom_fractions(self.evaluation, self.structures)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Which part of the crystals of the sample, by number, each population is."""
        return crystal_numbers(self.fractions, self.structures)

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The addresses whose effect on the pairs of every population is derived."""
        named = dict.fromkeys(address for by in self.derived.values() for address in by.pairs_by)
        return tuple(address for address in named if all(self._derives(n, address) for n in self.structures))

    def _derives(self, name: str, address: str) -> bool:
        slopes = self.derived.get(name)
        return address not in self.structures[name].depends_on or (slopes is not None and address in slopes.pairs_by)

    def relative_growth(self, name: str, address: str) -> float:
        """Return by which part of itself the number of units (blocks) of the mean crystal grows with the parameter."""
        if name not in self.derived:
            return 0.0
        return self.derived[name].blocks_by.get(address, 0.0) / (self.structures[name].n_units or 1.0)

    def of_fractions(self, address: str) -> dict[str, float]:
        """Return how the part of the atoms of the sample that each population holds changes with the parameter.

        Amounts given by number grow with the crystals; those by volume with the density; those by mass do not.
        """
        growth = {}
        for name, population in self.sample.at(self.evaluation).items():
            growth[name] = 0.0
            if population.population.fraction_basis == "number_fraction":
                growth[name] = self.relative_growth(name, address)
            elif population.population.fraction_basis == "volume_fraction":
                growth[name] = -_log_volume_slope(population, address)
        mean = sum(self.fractions[n] * growth[n] for n in self.fractions)
        return {n: self.fractions[n] * (growth[n] - mean) for n in self.fractions}

    def of_numbers(self, address: str) -> dict[str, float]:
        """Return how the part of the crystals that each population is changes with the parameter.

        Crystals that grow are fewer, where the amount is given by mass or volume.
        """
        fractions, atoms = self.fractions, self.of_fractions(address)
        growth = {
            n: (atoms[n] / fractions[n] if fractions[n] else 0.0) - self.relative_growth(n, address)
            for n in self.structures
        }
        mean = sum(self.numbers[n] * growth[n] for n in growth)
        return {n: self.numbers[n] * (growth[n] - mean) for n in growth}


def crystal_numbers(fractions: Mapping[str, float], structures: Mapping[str, PairStructure]) -> dict[str, float]:
    """Return which part of the crystals each population is, from their parts of the atoms; they add up to 1."""
    numbers = {n: fractions[n] / (s.n_atoms * (s.n_units or 1.0)) for n, s in structures.items()}
    total = sum(numbers.values())
    return {n: number / total for n, number in numbers.items()}


def _log_volume_slope(population: PopulationNow, address: str) -> float:
    """Return d ln V/d(address) of the cell of a population's crystal, by differences."""
    if population.of_crystal is None or address not in population.crystal.cell_addresses:
        return 0.0
    value = population.evaluation.values[address]

    def log_volume(at: float) -> float:
        return float(np.log(_moved(population, address, at).crystal.cell_volume))

    return difference(log_volume, value, step_of(value))


def _moved(population: PopulationNow, address: str, value: float) -> PopulationNow:
    """Return the population with another value at an address."""
    evaluation = population.evaluation
    return replace(population, evaluation=evaluation.at(evaluation.values.moved({address: value})))


def pair_density_slope(population: PopulationNow, address: str) -> RadialFunction | None:
    """Return r -> V d(γ₀(r)/V)/d(address), V the volume of the cell and γ₀ of the shape; None: no change.

    The smooth density of pairs at r is γ₀/V times what the cell holds. By differences, for shapes along the
    lattice.
    """
    shape = population.population.shape
    if population.of_crystal is None or not shape.along_lattice:
        return None
    if address not in (*population.here.addresses(*shape.declared()), *population.crystal.cell_addresses):
        return None
    crystal, where = population.of_crystal, population.here.address
    key = ("blocks", population.name)
    blocks = population.evaluation.once(key, (), lambda: block_lattice(crystal, shape.facets, where))
    volume = population.crystal.cell_volume
    value = population.evaluation.values[address]

    def density(r: FloatArray, at: float) -> FloatArray:
        side = _moved(population, address, at)
        return side.shape.envelope_along(r, blocks.vectors(side.crystal.vectors)) / side.crystal.cell_volume

    return lambda r: volume * difference(partial(density, r), value, step_of(value))
