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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

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
"""lattice points a block: three coordinates and two buffers of this length stay in the first-level cache"""
ROWS_BLOCK = 256
"""the same where many rows of single precision are buffered, too"""
HELD_IN_SINGLE = 100
"""pairs for each bin that are summed in single precision before double takes over: so each sum keeps five digits"""
OFFSETS_AT_ONCE = 4_000_000
"""lattice offsets that are held in memory: about 400 MB"""
PARTS = 16
"""histograms that the pairs of a cluster are counted in, whatever the number of threads: sums have one order"""
FEWEST_IN_BOX, MOST_IN_BOX = 128.0, 1536.0
"""atoms of a cluster that are counted together, about: fewer cost calls, more leave threads without work"""
TILE = 2048
"""atoms that are counted together at most"""
BOXES = 16.0
"""into which a kind of atoms falls where neither fewer nor more than those would be in each"""
PAIRS_AT_ONCE = 3e7
"""pairs of a cluster that are counted before a thread looks whether it is to stop"""
PAIR_RATE = 4e8
"""pairs of explicit atoms that a processor counts in a second"""
BYTES_OF_ATOM = 100.0
TOLD_EVERY_S = 0.5
Done = Callable[[float], None]
"""told which part of the work is done, from 0 to 1"""


def pair_kinds(n_kinds: int) -> list[tuple[int, int]]:
    """Return the unordered pairs of kinds (a ≤ b) in the order of every pair histogram."""
    return [(a, b) for a in range(n_kinds) for b in range(a, n_kinds)]


def cluster_moments(
    positions: FloatArray,
    kinds: IntArray,
    n_kinds: int,
    h: float,
    n_bins: int,
    n_threads: int | None = None,
    progress: Done | None = None,
) -> FloatArray:
    """Return the pair moments of explicit atoms, the same to the last bit for any number of threads.

    positions: (n_atoms, 3) Å; kinds: (n_atoms,) int; h: bin width, Å; progress: called now and then with the part of
    the pairs that is counted. A KeyboardInterrupt ends it within a fraction of a second.
    Returns (n_pair_kinds, n_bins, 4). Pairs beyond the last bin are left out.
    """
    order, tiles = _tiled(positions, kinds, n_kinds)
    x, y, z = (np.ascontiguousarray(positions[order, axis]) for axis in range(3))
    moments = np.zeros((len(pair_kinds(n_kinds)), n_bins, N_MOMENTS))
    tasks = [
        _Task(place, first, tiles[a], tiles[b], a == b)
        for place, (a, b) in enumerate(pair_kinds(n_kinds))
        for first in range(min(PARTS, _side_by_side(tiles[a], tiles[b])))
    ]
    counting = _Counting((x, y, z), h, n_bins)
    n_pairs = 0.5 * len(positions) * (len(positions) - 1.0)
    n_threads = n_threads or thread_count()
    with ThreadPoolExecutor(n_threads) as pool:
        waiting: deque[tuple[int, Future[FloatArray]]] = deque()
        todo = iter(tasks)
        try:
            while True:
                while len(waiting) < n_threads + 2 and (task := next(todo, None)) is not None:  # few in memory
                    waiting.append((task.place, pool.submit(counting.moments, task)))
                if not waiting:
                    return moments
                place, counted = waiting.popleft()
                while progress is not None and not wait([counted], TOLD_EVERY_S).done:
                    progress(counting.n_counted / max(n_pairs, 1.0))
                moments[place] += counted.result()
        except BaseException:
            counting.stopped = True
            raise


class _Task(NamedTuple):
    """A share of the pairs of two kinds: the row of the histogram, which share, and the tiles of both kinds."""

    place: int
    first: int
    tiles: IntArray
    others: IntArray
    alike: bool


class _Counting:
    """Pairs being counted by several threads; stopped: that they are to end."""

    def __init__(self, places: tuple[FloatArray, FloatArray, FloatArray], h: float, n_bins: int) -> None:
        self.stopped = False
        self.n_counted = 0.0
        self._places, self._h, self._n_bins = places, h, n_bins
        self._fast = load("_pairs_numba")

    def moments(self, task: _Task) -> FloatArray:
        """Return the moments of one share of the pairs, (n_bins, 4)."""
        histogram = np.zeros((self._n_bins + 1) * N_MOMENTS)
        index, t = np.empty(TILE, np.int32), np.empty(TILE)
        what = (*self._places, task.tiles, task.others, int(task.alike))
        where = (1.0 / self._h, float(self._n_bins), histogram, index, t)
        # rows of tiles at a time, so that a request to stop is heard
        rows = len(task.tiles) - 1
        per_row = float(TILE) * max(1.0, float(task.others[-1] - task.others[0])) / PARTS
        step = max(1, int(PAIRS_AT_ONCE / per_row))
        for start in range(0, rows, step):
            if self.stopped:
                break
            share = np.array([task.first, PARTS, start, min(start + step, rows)])
            counted = np.zeros(1, dtype=np.int64)
            self._fast.tile_pairs(*what, share, *where, counted)
            self.n_counted += int(counted[0])
        return histogram[: self._n_bins * N_MOMENTS].reshape(self._n_bins, N_MOMENTS)


def bytes_of_cluster(n_atoms: int, n_kinds: int, n_bins: int, kept: int = 1) -> float:
    """Return about how many bytes `cluster_moments` and a transform of what it gives need; kept: histograms at once."""
    n_histograms = n_kinds * (n_kinds + 1) // 2 * kept + thread_count() + 2
    return BYTES_OF_ATOM * n_atoms + 8.0 * N_MOMENTS * n_bins * (n_histograms + 3)


def _side_by_side(tiles: IntArray, others: IntArray) -> int:
    """Return into how many shares the pairs of tiles fall, (I + J) modulo PARTS."""
    return len(tiles) + len(others) - 3


def _tiled(positions: FloatArray, kinds: IntArray, n_kinds: int) -> tuple[IntArray, list[IntArray]]:
    """Return an order of the atoms, and of each kind where its tiles begin in it, and where the last one ends.

    A tile holds at most TILE atoms of one kind and of one box: distances between two tiles fall into few bins, which
    stay in the cache.
    """
    order, tiles, start = [], [], 0
    for kind in range(n_kinds):
        atoms = np.flatnonzero(kinds == kind)
        box = _boxes(positions[atoms])
        by_box = np.argsort(box, kind="stable")
        firsts = np.flatnonzero(np.diff(box[by_box], prepend=-1))
        counts = np.diff(firsts, append=len(atoms))
        begun = [first + np.arange(0, n, TILE) for first, n in zip(firsts, counts, strict=True)]
        tiles.append(start + np.concatenate([*begun, [len(atoms)]]).astype(np.int64))
        order.append(atoms[by_box])
        start += len(atoms)
    return np.concatenate(order), tiles


def _boxes(positions: FloatArray) -> IntArray:
    """Return the box that each atom (n, 3) is in, (n,), of cubes that hold about as many each."""
    if not len(positions):
        return np.zeros(0, dtype=np.int64)
    low, extent = positions.min(axis=0), np.maximum(np.ptp(positions, axis=0), 1e-3)
    in_box = float(np.clip(len(positions) / BOXES, FEWEST_IN_BOX, MOST_IN_BOX))
    edge = float(np.prod(np.maximum(extent, 1.0)) * in_box / len(positions)) ** (1.0 / 3.0)
    numbers = np.maximum(np.rint(extent / edge), 1.0)
    i, j, k = np.minimum((positions - low) / extent * numbers, numbers - 1.0).astype(np.int64).T
    return np.asarray((i * int(numbers[1]) + j) * int(numbers[2]) + k)


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
        by_offset.append(weights.reshape(-1))

    def counted(kind: int) -> FloatArray:
        if not hasattr(scratch, "histogram"):
            scratch.histogram = np.zeros(n_bins * n_held * N_MOMENTS, np.float32)
            scratch.index, scratch.t = np.empty(ROWS_BLOCK, np.int32), np.empty(ROWS_BLOCK)
            scratch.rows, scratch.ways = (
                np.empty(ROWS_BLOCK * n_held, np.float32),
                np.empty((3, ROWS_BLOCK), np.float32),
            )
        buffers = (scratch.histogram, scratch.index, scratch.t, scratch.rows, scratch.ways)
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
