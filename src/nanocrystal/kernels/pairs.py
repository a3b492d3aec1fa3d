"""Histograms of pair distances with four moments per bin.

A bin b of width h is centred at r_b = b h; a pair at distance r falls into the nearest one with
t = (r − r_b)/h in [−½, ½) and adds w (1, t, t², t³). From these moments any smooth function of the
distance is summed over all pairs to fourth order in h (see `debye`), so a histogram 100 times
coarser than the usual one is 1000 times more accurate.

Kinds are numbered 0…n_kinds−1; pair kinds (a ≤ b) are ordered as `pair_kinds` lists them. Each
unordered pair of atoms is counted once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nanocrystal.kernels.compiled import load
from nanocrystal.processes import thread_count

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")
N_MOMENTS = 4
FEW_PAIRS = 5e5
"""pairs of a lattice sum that are counted before threads have started"""
BLOCK = 2048
"""atoms a block: three coordinates and two buffers of this length stay in the first-level cache"""
ROWS_BLOCK = 256
"""the same where many rows of single precision are buffered, too"""
HELD_IN_SINGLE = 100
"""pairs for each bin that are summed in single precision before double takes over: so each sum keeps five digits"""
OFFSETS_AT_ONCE = 4_000_000
"""lattice offsets that are held in memory: about 400 MB"""
PARTS = 16
"""histograms that the pairs of a cluster are counted in, whatever the number of threads: sums have one order"""


def pair_kinds(n_kinds: int) -> list[tuple[int, int]]:
    """Return the unordered pairs of kinds (a ≤ b) in the order of every pair histogram."""
    return [(a, b) for a in range(n_kinds) for b in range(a, n_kinds)]


def cluster_moments(
    positions: FloatArray, kinds: IntArray, n_kinds: int, h: float, n_bins: int, n_threads: int | None = None
) -> FloatArray:
    """Return the pair moments of explicit atoms, the same to the last bit for any number of threads.

    positions: (n_atoms, 3) Å; kinds: (n_atoms,) int; h: bin width, Å.
    Returns (n_pair_kinds, n_bins, 4). Pairs beyond the last bin are left out.
    """
    fast = load("_pairs_numba")
    order, starts = _spatial_order(positions, kinds, n_kinds)
    x, y, z = (np.ascontiguousarray(positions[order, axis]) for axis in range(3))
    moments = np.zeros((len(pair_kinds(n_kinds)), n_bins, N_MOMENTS))

    def worker(first: int, tasks: IntArray) -> FloatArray:
        histogram = np.zeros((n_bins + 1) * N_MOMENTS)
        index, t = np.empty(BLOCK, np.int32), np.empty(BLOCK)
        fast.block_pairs(x, y, z, tasks, first, PARTS, 1.0 / h, float(n_bins), histogram, index, t)
        return histogram[: n_bins * N_MOMENTS].reshape(n_bins, N_MOMENTS)

    with ThreadPoolExecutor(n_threads or thread_count()) as pool:
        for place, (a, b) in enumerate(pair_kinds(n_kinds)):
            tasks = _block_tasks(starts[a], starts[a + 1], starts[b], starts[b + 1])
            used = min(PARTS, len(tasks))
            for part in pool.map(lambda first, todo=tasks: worker(first, todo), range(used)):
                moments[place] += part
    return moments


def _spatial_order(positions: FloatArray, kinds: IntArray, n_kinds: int) -> tuple[IntArray, list[int]]:
    """Order atoms by kind, then by box, so that a block of atoms is compact; and where kinds start."""
    extent = np.ptp(positions, axis=0) if len(positions) else np.ones(3)
    per_axis = max(1, round((len(positions) / (BLOCK * max(1, n_kinds))) ** (1 / 3)))
    box = np.floor((positions - positions.min(axis=0)) / np.maximum(extent, 1e-9) * per_axis * 0.999999)
    order = np.lexsort((box[:, 2], box[:, 1], box[:, 0], kinds))
    starts = np.searchsorted(kinds[order], np.arange(n_kinds + 1))
    return order, [int(s) for s in starts]


def _block_tasks(a0: int, a1: int, b0: int, b1: int) -> IntArray:
    """Return the pairs of blocks (i0, i1, j0, j1) that cover the ranges [a0, a1) × [b0, b1), j > i."""
    tasks = [
        (i, min(i + BLOCK, a1), j, min(j + BLOCK, b1))
        for i in range(a0, a1, BLOCK)
        for j in range(i if a0 == b0 else b0, b1, BLOCK)
    ]
    if len(tasks) < 2 * PARTS:  # a small cluster: halve the rows so that every thread has work
        tasks = [(i, min(i + BLOCK // 8, i1), j0, j1) for i0, i1, j0, j1 in tasks for i in range(i0, i1, BLOCK // 8)]
    return np.array(tasks, dtype=np.int64).reshape(-1, 4)


@dataclass(frozen=True, kw_only=True)
class LatticePairs:
    """Pairs of basis atoms over lattice offsets.

    offsets: (n_offsets, 3), in lattice vectors; weights: (n_weights, n_offsets), multiplicities, each row
    summed by itself; points: (n_points, 3) Å, the separations d_i − d_j of basis atoms; factors:
    (n_points,), what each counts; kinds: (n_points,) int, rows of the histogram.
    """

    offsets: FloatArray
    weights: FloatArray
    points: FloatArray
    factors: FloatArray
    kinds: IntArray

    def of_kind(self, kind: int) -> tuple[FloatArray, FloatArray]:
        """Return points and factors of one pair kind."""
        chosen = self.kinds == kind
        return np.ascontiguousarray(self.points[chosen]), np.ascontiguousarray(self.factors[chosen])


def _no_strains() -> FloatArray:
    return np.zeros((0, 3, 3))


@dataclass(frozen=True)
class Rows:
    """What is summed of a lattice: the rows of the weights, or of derivatives those after the first, then the strains.

    strains: (n_strains, 3, 3), of derivatives; for each the first weight times the relative change of the distance is
    summed.
    """

    strains: FloatArray = field(default_factory=_no_strains)
    derived: bool = False


def lattice_moments(
    vectors: FloatArray, jobs: Sequence[LatticePairs], n_pair_kinds: int, h: float, n_bins: int
) -> FloatArray:
    """Return the pair moments of a lattice with a basis, the sum over jobs of one row of weights each.

    vectors: (3, 3) Å, rows are the lattice vectors. A separation of nothing (an atom and itself) is left
    out with everything closer than half an ångström, and so is the last bin, in which everything beyond
    is collected.
    Returns (n_pair_kinds, n_bins, 4).
    """
    moments = np.zeros((n_pair_kinds, n_bins, N_MOMENTS))

    def keep(kind: int, rows: FloatArray) -> None:
        moments[kind] = rows[0]

    reduced_lattice_moments(vectors, jobs, n_pair_kinds, h, n_bins, Rows(), keep)
    return moments


def reduced_lattice_moments(
    vectors: FloatArray,
    jobs: Sequence[LatticePairs],
    n_pair_kinds: int,
    h: float,
    n_bins: int,
    rows: Rows,
    reduce: Callable[[int, FloatArray], T],
) -> dict[int, T]:
    """Return what `reduce` makes of the moments of each pair kind, as `lattice_moments` counts them.

    reduce(kind, moments): moments is (n_weights + n_strains, n_bins, 4) and may be used again after the call; its rows
    belong to the rows of the weights, then to the strains. So the moments of one pair kind at a time are in memory,
    whatever the number of rows. Those of derivatives are summed in single precision, good to 1e-5 of their maximum.
    """
    places = [np.ascontiguousarray((job.offsets @ vectors).T) for job in jobs]
    counted = _slopes(jobs, places, h, n_bins, rows) if rows.derived else _counts(jobs, places, h, n_bins)
    sizes = np.zeros(n_pair_kinds)
    for job in jobs:
        sizes += len(job.offsets) * np.bincount(job.kinds, minlength=n_pair_kinds)

    def of_kind(kind: int) -> T:
        moments = counted(kind)
        moments[:, : int(0.5 / h)] = 0.0
        moments[:, -1] = 0.0
        return reduce(kind, moments)

    kinds = [int(k) for k in np.argsort(-sizes) if sizes[k] > 0]  # the longest first
    if float(sizes.sum()) < FEW_PAIRS:
        return {kind: of_kind(kind) for kind in kinds}
    with ThreadPoolExecutor(thread_count()) as pool:
        return dict(zip(kinds, pool.map(of_kind, kinds), strict=True))


def _counts(
    jobs: Sequence[LatticePairs], places: list[FloatArray], h: float, n_bins: int
) -> Callable[[int], FloatArray]:
    """Return the function from a pair kind to the moments of the rows of the weights, (n_weights, n_bins, 4)."""
    fast, scratch, n_rows = load("_pairs_numba"), threading.local(), len(jobs[0].weights)
    by_offset = [np.ascontiguousarray(job.weights.T) for job in jobs]

    def counted(kind: int) -> FloatArray:
        if not hasattr(scratch, "histogram"):
            scratch.histogram = np.zeros(n_bins * n_rows * N_MOMENTS)
            scratch.index, scratch.t = np.empty(BLOCK, np.int32), np.empty(BLOCK)
        else:
            scratch.histogram[:] = 0.0
        how = (1.0 / h, n_bins - 1.0, scratch.histogram, scratch.index, scratch.t)
        for job, (x, y, z), weights in zip(jobs, places, by_offset, strict=True):
            points, factors = job.of_kind(kind)
            if n_rows == 1:
                fast.point_pairs(x, y, z, weights[:, 0], points, factors, *how)
            else:
                fast.point_pairs_rows(x, y, z, weights, points, factors, *how)
        return np.swapaxes(scratch.histogram.reshape(n_bins, n_rows, N_MOMENTS), 0, 1)

    return counted


def _slopes(
    jobs: Sequence[LatticePairs], places: list[FloatArray], h: float, n_bins: int, rows: Rows
) -> Callable[[int], FloatArray]:
    """Return the function from a pair kind to the moments of its derivatives, (n_weights − 1 + n_strains, n_bins, 4).

    Summed in single precision, and from time to time added up in double.
    """
    fast, scratch, most = load("_pairs_numba"), threading.local(), int(HELD_IN_SINGLE * n_bins)
    first = len(jobs[0].weights) - 1
    n_rows = first + len(rows.strains)
    n_held = -(-n_rows // 4) * 4
    elements = np.array(
        [[e[0, 0], e[1, 1], e[2, 2], e[0, 1] + e[1, 0], e[0, 2] + e[2, 0], e[1, 2] + e[2, 1]] for e in rows.strains],
        dtype=np.float32,
    ).reshape(-1, 6)
    by_offset = []
    for job in jobs:
        weights = np.zeros((len(job.offsets), n_held), np.float32)
        weights[:, :first], weights[:, first:n_rows] = job.weights[1:].T, job.weights[0][:, None]
        by_offset.append(weights)

    def counted(kind: int) -> FloatArray:
        if not hasattr(scratch, "histogram"):
            scratch.histogram = np.zeros(n_bins * n_held * N_MOMENTS, np.float32)
            scratch.index, scratch.t = np.empty(ROWS_BLOCK, np.int32), np.empty(ROWS_BLOCK)
            scratch.rows = np.empty(ROWS_BLOCK * n_held, np.float32)
        buffers = (scratch.histogram, scratch.index, scratch.t, scratch.rows)
        summed = np.swapaxes(scratch.histogram.reshape(n_bins, n_held, N_MOMENTS), 0, 1)[:n_rows]
        moments, held = np.zeros((n_rows, n_bins, N_MOMENTS)), 0
        for job, (x, y, z), weights in zip(jobs, places, by_offset, strict=True):
            points, factors = job.of_kind(kind)
            per_part = max(1, most // len(x))
            for begun in range(0, len(points), per_part):
                part = slice(begun, begun + per_part)
                n_pairs = len(points[part]) * len(x)
                if held and held + n_pairs > most:
                    moments += summed
                    scratch.histogram[:] = 0.0
                    held = 0
                held += n_pairs
                of_part = (x, y, z, weights, points[part], factors[part], elements, first)
                fast.point_pairs_slopes(*of_part, 1.0 / h, n_bins - 1.0, *buffers)
        moments += summed
        scratch.histogram[:] = 0.0
        return moments

    return counted


def offsets_within(vectors: FloatArray, radius: float) -> FloatArray:
    """Return the lattice offsets (n, 3), in cells, whose length is at most `radius` (Å).

    vectors: (3, 3) Å, rows are the cell vectors.
    """
    return np.concatenate(list(slabs_within(vectors, radius)))


def slabs_within(vectors: FloatArray, radius: float) -> Iterator[FloatArray]:
    """Yield the offsets of `offsets_within` some at a time, of planes across the first cell vector."""
    spacings = 1.0 / np.linalg.norm(np.linalg.inv(vectors), axis=0)
    reach = np.floor(radius / spacings).astype(int)
    first, *others = (np.arange(-n, n + 1) for n in reach)
    in_plane = np.stack([axis.ravel() for axis in np.meshgrid(*others, indexing="ij")], axis=1)
    across = in_plane @ vectors[1:]
    along, squares = 2.0 * across @ vectors[0], np.einsum("ij,ij->i", across, across)
    for planes in np.array_split(first, 1 + len(first) * len(in_plane) // OFFSETS_AT_ONCE):
        square_lengths = planes[:, None] ** 2 * (vectors[0] @ vectors[0]) + planes[:, None] * along + squares
        plane, place = np.nonzero(square_lengths <= radius**2)
        yield np.column_stack([planes[plane], in_plane[place]]).astype(np.float64)


def peak_list(moments: FloatArray, h: float) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Return (count, mean distance, variance, bin) of the occupied bins of one pair kind.

    moments: (n_bins, 4). The first two moments are kept exactly, the third is dropped: a
    relative error below (Q h)³/100 in any Fourier component.
    """
    occupied = np.flatnonzero(moments[:, 0])
    count = moments[occupied, 0]
    mean_t = moments[occupied, 1] / count
    variance_t = np.maximum(moments[occupied, 2] / count - mean_t**2, 0.0)
    return count, (occupied + mean_t) * h, variance_t * h * h, occupied
