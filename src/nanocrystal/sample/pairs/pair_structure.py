"""The intermediate that scattering techniques share: a population as pair distances by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class PairGrid:
    """What the techniques of a study need of the pair histogram; `|` is what serves both.

    r_max: longest distance, Å; h: bin width, Å; whole: all pairs of a finite crystal, however far; shared: whether it
    serves several data sets.
    """

    r_max: float
    h: float
    whole: bool = False
    shared: bool = False

    def __or__(self, other: PairGrid) -> PairGrid:
        return PairGrid(max(self.r_max, other.r_max), min(self.h, other.h), self.whole or other.whole, shared=True)

    def reaching(self, distance: float) -> PairGrid:
        """Return the grid for crystals of this longest distance, Å, in steps of a quarter so that it seldom changes."""
        if not self.whole or distance <= self.r_max or not np.isfinite(distance):
            return self
        return replace(self, r_max=float(1.25 ** np.ceil(np.log(distance) / np.log(1.25))))

    @property
    def n_bins(self) -> int:
        return int(np.ceil(self.r_max / self.h)) + 2


@dataclass(frozen=True)
class Kind:
    """Atoms that scatter and move alike: a site of a crystal, or a species of a cluster.

    count: places of this kind in the unit that `PairStructure.moments` counts; u_iso in Å².
    """

    label: str
    element: str
    count: float
    occupancy: float
    u_iso: float


@dataclass(frozen=True)
class PairStructure:
    """A population as pair distances.

    The unit that is counted is the cell (or block) of a crystal or the whole of an explicit cluster.
    kinds: (n_kinds); moments: (n_rows, n_bins, 4), each unordered pair of places once; rows, factors:
    (n_pair_kinds,), the pairs of two kinds, ordered as in kernels.pairs, are factor times row of the moments, since
    several kinds may stand at the same places; None where each pair of kinds has its own row; envelope(r): what
    part of the pairs at r a crystal of finite size still has, None where the moments have it already (clusters,
    shapes along the lattice); shape_function(r): γ₀(r) of the shape, None for clusters; number_density: places per
    Å³ weighted by occupancy, None for a cluster; n_units: mean number of units per crystal, None for bulk;
    delta1 (Å), delta2 (Å²): correlated motion of near pairs; depends_on: the addresses that moments and
    envelope depend on; levels: (n_pair_kinds,), which of `shape_functions` belongs to the pairs of two kinds, where
    their number changes with the depth below the surface; None: γ₀ belongs to all; pair_densities:
    (n_pair_kinds,), Å⁻³, the mean density of partners summed over one unit, each pair once, None where it is that
    of the counts.
    """

    kinds: tuple[Kind, ...]
    moments: FloatArray
    h: float
    envelope: Callable[[FloatArray], FloatArray] | None
    shape_function: Callable[[FloatArray], FloatArray] | None
    number_density: float | None
    n_units: float | None
    delta1: float = 0.0
    delta2: float = 0.0
    depends_on: tuple[str, ...] = ()
    rows: IntArray | None = None
    factors: FloatArray | None = None
    levels: IntArray | None = None
    shape_functions: tuple[Callable[[FloatArray], FloatArray], ...] = ()
    pair_densities: FloatArray | None = None

    def of_kinds(self, of_rows: FloatArray) -> FloatArray:
        """Return what belongs to pairs of kinds (n_pair_kinds, …) from what was summed over rows (n_rows, …)."""
        if self.rows is None or self.factors is None:
            return of_rows
        return np.asarray(self.factors.reshape(-1, *[1] * (of_rows.ndim - 1)) * of_rows[self.rows])

    def each_kind(self) -> Iterator[FloatArray]:
        """Yield the moments (n_bins, 4) of each pair of kinds."""
        if self.rows is None or self.factors is None:
            yield from self.moments
        else:
            for row, factor in zip(self.rows, self.factors, strict=True):
                yield self.moments[row] if factor == 1.0 else factor * self.moments[row]

    @property
    def densities(self) -> FloatArray:
        """The mean density of partners of each pair kind, summed over one unit, each pair once, (n_pair_kinds,) Å⁻³."""
        if self.pair_densities is not None:
            return self.pair_densities
        assert self.number_density is not None
        volume = self.n_atoms / self.number_density
        counts = [k.count for k in self.kinds]
        n = len(counts)
        pairs = [counts[a] * counts[b] * (0.5 if a == b else 1.0) for a in range(n) for b in range(a, n)]
        return np.array(pairs) / volume

    def smooth(self, of_function: Callable[[Callable[[FloatArray], FloatArray]], FloatArray]) -> FloatArray:
        """Return densities × what `of_function` (n,) makes of γ₀, for each pair kind, (n_pair_kinds, n)."""
        assert self.shape_function is not None
        if self.levels is None or len(self.shape_functions) < 2:
            return np.outer(self.densities, of_function(self.shape_function))
        of_levels = np.array([of_function(f) for f in self.shape_functions])
        return np.asarray(self.densities[:, None] * of_levels[self.levels])

    @property
    def nearest(self) -> float:
        """The distance of the nearest pairs, Å, to the width of a bin."""
        occupied = self.moments[:, :, 0].max(axis=0) > 1e-9 * self.moments[:, :, 0].max()
        return float(self.h * np.argmax(occupied))

    @property
    def n_atoms(self) -> float:
        """Atoms in the unit that is counted."""
        return float(sum(k.count * k.occupancy for k in self.kinds))


def enveloped(moments: FloatArray, envelope: FloatArray) -> FloatArray:
    """Return moments (…, n_bins, 4) times a function of the distance (n_bins,), to first order within each bin."""
    change = np.gradient(envelope)
    product = envelope[:, None] * moments
    product[..., :3] += change[:, None] * moments[..., 1:]
    return np.asarray(product)
