"""The intermediate that scattering techniques share: a population as pair distances by kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PairGrid:
    """What the techniques of a study need of the pair histogram; `|` is what serves both.

    r_max: longest distance, Å; h: bin width, Å; whole: all pairs of a finite crystal, however far.
    """

    r_max: float
    h: float
    whole: bool = False

    def __or__(self, other: PairGrid) -> PairGrid:
        return PairGrid(max(self.r_max, other.r_max), min(self.h, other.h), self.whole or other.whole)

    def reaching(self, distance: float) -> PairGrid:
        """Return the grid for crystals of this longest distance, Å, in steps of a quarter so that it seldom changes."""
        if not self.whole or distance <= self.r_max or not np.isfinite(distance):
            return self
        return PairGrid(float(1.25 ** np.ceil(np.log(distance) / np.log(1.25))), self.h, True)

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
    kinds: (n_kinds); moments: (n_pair_kinds, n_bins, 4), each unordered pair of places once, pair
    kinds ordered as in kernels.pairs; envelope(r): what part of the pairs at r a crystal of finite
    size still has, None where the moments have it already (clusters, shapes along the lattice);
    shape_function(r): γ₀(r) of the shape, None for clusters; number_density: places per Å³
    weighted by occupancy, None for a cluster; n_units: mean number of units per crystal, None for
    bulk; delta1 (Å), delta2 (Å²): correlated motion of near pairs; depends_on: the addresses that moments
    and envelope depend on.
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

    @property
    def n_atoms(self) -> float:
        """Atoms in the unit that is counted."""
        return float(sum(k.count * k.occupancy for k in self.kinds))
