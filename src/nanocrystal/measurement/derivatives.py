"""What the exact derivatives of scattering techniques share: changes of moments, and of parts of a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Evaluation, Values
from nanocrystal.sample import Box, PairStructure, Sample, ShapedDerivatives
from nanocrystal.sample.blocks import block_lattice

FloatArray = NDArray[np.float64]
RadialFunction = Callable[[FloatArray], FloatArray]
STEP = 1e-4
"""of a value, to either side, in differences of volumes and shape functions, which are smooth"""


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


def exact_addresses(
    structures: Mapping[str, PairStructure], derived: Mapping[str, ShapedDerivatives]
) -> tuple[str, ...]:
    """Return the addresses whose effect on the pairs of every population is in `derived`."""
    named = dict.fromkeys(address for by in derived.values() for address in by.pairs_by)
    return tuple(
        address
        for address in named
        if all(
            address not in structure.depends_on or (name in derived and address in derived[name].pairs_by)
            for name, structure in structures.items()
        )
    )


def units_by(derived: Mapping[str, ShapedDerivatives], name: str, address: str) -> float:
    """Return by how many units (blocks) the mean crystal of a population grows with the parameter."""
    return derived[name].blocks_by.get(address, 0.0) if name in derived else 0.0


def fraction_slopes(
    sample: Sample,
    evaluation: Evaluation,
    structures: Mapping[str, PairStructure],
    derived: Mapping[str, ShapedDerivatives],
    address: str,
) -> dict[str, float]:
    """Return how the part of the atoms of the sample that each population holds changes with the parameter.

    Amounts given by number grow with the crystals; those by volume with the density; those by mass do not.
    """
    fractions = sample.atom_fractions(evaluation, structures)
    growth = {}
    for name, population in sample.populations.items():
        growth[name] = 0.0
        if population.fraction_basis == "number_fraction":
            growth[name] = units_by(derived, name, address) / (structures[name].n_units or 1.0)
        elif population.fraction_basis == "volume_fraction":
            growth[name] = -_log_volume_slope(sample, name, evaluation.values, address)
    mean = sum(fractions[n] * growth[n] for n in fractions)
    return {n: fractions[n] * (growth[n] - mean) for n in fractions}


def _log_volume_slope(sample: Sample, name: str, values: Values, address: str) -> float:
    """Return d ln V/d(address) of the cell of a population's crystal, by differences."""
    crystal, prefix = sample.crystal_of(name), f"crystals.{sample.populations[name].crystal}"
    if crystal is None or address not in crystal.cell_addresses(prefix):
        return 0.0
    (above, below), width = moved(values, address)
    volumes = [crystal.cell_volume(v, prefix) for v in (above, below)]
    return float(np.log(volumes[0] / volumes[1]) / width)


def moved(values: Values, address: str) -> tuple[tuple[Values, Values], float]:
    """Return values with one of them moved up and down a little, and how far apart the two are."""
    step = STEP * abs(values[address])
    above, below = ({**values, address: values[address] + change} for change in (step, -step))
    return (above, below), 2.0 * step


def pair_density_slope(sample: Sample, evaluation: Evaluation, name: str, address: str) -> RadialFunction | None:
    """Return r -> V d(γ₀(r)/V)/d(address), V the volume of the cell and γ₀ of the shape; None: no change.

    The smooth density of pairs at r is γ₀/V times what the cell holds. By differences, for shapes along the
    lattice.
    """
    population, crystal = sample.populations[name], sample.crystal_of(name)
    shape, prefix, crystal_prefix = population.shape, f"populations.{name}", f"crystals.{population.crystal}"
    if crystal is None or not isinstance(shape, Box):
        return None
    if address not in (*shape.addresses(prefix), *crystal.cell_addresses(crystal_prefix)):
        return None
    blocks = evaluation.once(f"blocks of {name}", (), lambda: block_lattice(crystal, shape.facets, prefix))
    volume = crystal.cell_volume(evaluation.values, crystal_prefix)
    (above, below), width = moved(evaluation.values, address)

    def density(r: FloatArray, values: Values) -> FloatArray:
        vectors = blocks.vectors(crystal.vectors(values, crystal_prefix))
        return shape.envelope(r, vectors, values, prefix) / crystal.cell_volume(values, crystal_prefix)

    return lambda r: volume * (density(r, above) - density(r, below)) / width
