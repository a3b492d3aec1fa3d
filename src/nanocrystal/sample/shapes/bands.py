"""Broad sizes at small angles: bands of q, for each of which sums over displacements and sizes end smoothly.

A lognormal of std/mean 1 has half of ⟨V²⟩ in lengths beyond 60 times its median, of 2 beyond 16,000 times: no single
grid follows exp(i q L) over all of them. But at q only lengths up to about 100/q oscillate; what the longer ones add is
smooth in their logarithm (Porod's law), and a sum over displacements may end there (`kernels.taper`). Narrow lognormals
are followed up to where their own spread leaves nothing of an oscillation, exp(−(q L s)²/2), and lengths that are
alike, counted or normal as far as they go. Where q times the longest length is small, which is so for usual widths,
there is one band without an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.taper import ENDLESS, PHASE, WIDTH, Taper
from nanocrystal.sample.shapes.distributions import LengthDistribution, Lognormal

FloatArray = NDArray[np.float64]
RESOLVED = 2000.0
"""q times the longest length up to which all of them are followed"""
STILL = 8.0
"""q L times the standard deviation of ln L from which on nothing oscillates"""


@dataclass(frozen=True)
class Extent:
    """How far displacements go, Å: of the longest that counts, and of those that have kinks however far they are.

    spread: the least standard deviation of the logarithm of the lengths that have none.
    """

    longest: float
    rough: float = 0.0
    spread: float = np.inf

    def across(self, other: Extent) -> Extent:
        """Return that of displacements that have these along two axes at right angles."""
        return Extent(
            float(np.hypot(self.longest, other.longest)),
            float(np.hypot(self.rough, other.rough)),
            min(self.spread, other.spread),
        )


@dataclass(frozen=True)
class Band:
    """Some of the q (n,) Å⁻¹, and how sums over displacements end for them."""

    q: FloatArray
    taper: Taper = ENDLESS

    @property
    def highest(self) -> float:
        return float(self.q.max())

    @property
    def end(self) -> float:
        """Beyond which nothing is summed, Å."""
        return self.taper.end


def extent_of(d: LengthDistribution, last: float, factor: float = 1.0, longer: float = 0.0) -> Extent:
    """Return the extent of displacements up to `factor` times the last length that counts, and `longer` (Å)."""
    longest = max(factor * last + longer, 0.0)
    if not isinstance(d, Lognormal):
        return Extent(longest, longest)
    return Extent(longest, max(longer, 0.0), d.log_parameters[1])


def over_bands(
    q: FloatArray, extent: Extent, summed: Callable[[Band], FloatArray], resolved: float = RESOLVED
) -> FloatArray:
    """Return a function of q (n_q,) that `summed` gives for those of a band.

    resolved: q times the longest length up to which all lengths are followed.
    """
    found, left, top = np.empty(len(q)), np.ones(len(q), dtype=np.bool_), float(q.max())
    while left.any():
        low = 0.5 * top
        middle = max(PHASE / low, STILL / (extent.spread * low), extent.rough * WIDTH)
        whole = top * extent.longest <= resolved or middle * WIDTH >= extent.longest
        chosen = left if whole else left & (q > low)
        found[chosen] = summed(Band(q[chosen], ENDLESS if whole else Taper(middle)))
        left = left & ~chosen
        top = float(q[left].max(initial=0.0))
    return found
