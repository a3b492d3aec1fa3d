"""What the pairs of crystals need, asked before anything is allocated: memory, and time by the number of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nanocrystal.cost import ask_memory, ask_pairs, kept_at_once
from nanocrystal.kernels.pairs import N_MOMENTS
from nanocrystal.processes import thread_count
from nanocrystal.sample.crystal.crystal_now import CrystalNow
from nanocrystal.sample.shapes.shape import LengthStatistics, Shape, ShapeNow

FloatArray = NDArray[np.float64]
BYTES = 8.0
PER_OFFSET = 140.0
"""bytes of an offset that stands for others: itself, its place, its weights, and copies by what is counted together"""
PER_CLASS = 10.0
"""bytes of an offset for each class of states that its two blocks may be in"""
PER_ENTRY = 3.0 * BYTES
"""bytes of an entry of the table of W, while it is made"""
PER_BIN = 40.0 * BYTES
"""bytes of a bin while its moments are put together and transformed"""
BROAD = 0.3
"""of the mean: larger standard deviations are named as what is responsible"""


def ask_crystals(
    where: str, reach: FloatArray, lengths: FloatArray, atoms: tuple[float, int], shape: ShapeNow, *, part: bool
) -> None:
    """Refuse crystals with too many pairs; raises InputError.

    reach: (3,) blocks; lengths: (3,) Å, of the largest crystals; atoms: of them, and places in a block; shape: of
    whose lengths the broadest is named as responsible; part: whether it is that of part of the crystals.
    """
    n_blocks = float(np.prod(reach + 1.0))
    shown = " × ".join(f"{x / 10.0:.0f}" for x in lengths)
    crystals = f"its largest crystals measure {shown} nm and hold about {atoms[0]:.1e} atoms"

    def remedy() -> str:
        broad = broadest(shape.length_statistics())
        return f"make sizes or std smaller{broad and f', here {broad}'}"

    ask_pairs(where, 4.0 * n_blocks * atoms[1] ** 2, crystals, remedy, part=part)
    ask_memory(where, PER_ENTRY * n_blocks, crystals, remedy)


def broadest(spread: Mapping[str, LengthStatistics]) -> str:
    """Return the words for the length that is spread most, none where all are narrow."""
    widths = {n: s.number_std / s.number_mean for n, s in spread.items() if n != "d_eq" and s.number_mean > 0.0}
    name = max(widths, key=widths.__getitem__, default="")
    if not name or widths[name] < BROAD:
        return ""
    return f"{name} with mean {spread[name].number_mean:.3g} Å and std {spread[name].number_std:.3g} Å"


def ask_offsets(where: str, reach: NDArray[np.int64], n_operations: int, n_classes: int) -> None:
    """Refuse more offsets between blocks than memory holds; raises InputError.

    reach: (3,) blocks; n_operations: that make offsets equal; n_classes: of the states of two blocks.
    """
    n_offsets = float(np.prod(2.0 * reach + 1.0)) / n_operations
    what = f"{n_offsets:.1e} offsets between blocks"
    ask_memory(where, (PER_OFFSET + PER_CLASS * n_classes) * n_offsets, what, "make sizes or std smaller")


class Histograms(NamedTuple):
    """Histograms of pair distances: of so many pairs of kinds of atoms, in bins of a width h, Å.

    n_offsets: that are summed over; levels: histograms of each pair of kinds; rows: that each thread sums at once;
    kept: how many sets of them are in memory together.
    """

    n_pair_kinds: int
    n_bins: int
    h: float
    n_offsets: int = 0
    levels: int = 1
    rows: int = 1
    kept: int = 1

    @property
    def bytes(self) -> float:
        """How many bytes they need about, with what they are summed of."""
        held = self.n_pair_kinds * self.levels * self.kept + min(thread_count(), self.n_pair_kinds) * self.rows
        per_offset = PER_OFFSET + BYTES * (self.rows - 1)
        return (BYTES * N_MOMENTS * held + PER_BIN) * self.n_bins + per_offset * self.n_offsets

    def __str__(self) -> str:
        reach = f"up to {self.n_bins * self.h / 10.0:.0f} nm"
        offsets = f", {self.n_offsets:.0e} offsets between blocks" if self.n_offsets else ""
        return f"histograms of {self.n_pair_kinds} kinds of pairs {reach}{offsets}"


def kept_together(crystal: CrystalNow, shape: Shape | None = None) -> int:
    """Return how many sets of histograms are kept: one, but where what they depend on varies."""
    declared = {crystal.here.addresses(name)[0]: p for name, (_, p) in crystal.crystal.declared().items()}
    parameters = [declared[a] for a in crystal.geometry_addresses if a in declared]
    parameters += [] if shape is None else [p for _, p in shape.declared().values()]
    return kept_at_once() if any(p.vary or p.tie is not None for p in parameters) else 1


def ask_histograms(where: str, histograms: Histograms, remedy: str) -> None:
    """Refuse histograms of pair distances that memory does not hold; raises InputError."""
    ask_memory(where, histograms.bytes, str(histograms), f"{remedy}, or let sites of one element share one u_iso")


def ask_endless(where: str, n_pairs: float, r_max: float) -> None:
    """Refuse too many pairs of an infinite crystal up to a distance (Å); raises InputError."""
    ask_pairs(where, n_pairs, f"up to {r_max:.0f} Å it has many neighbours", "use a shorter range, or smaller crystals")
