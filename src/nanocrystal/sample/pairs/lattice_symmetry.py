"""Offsets of a lattice that symmetry makes equal, so that one of them stands for all.

Which operations count is not taken from the space group but determined: those that keep the lattice, the number
of pairs at each offset (shape), the states of blocks at each offset (boundaries) and the places in the blocks.
So a twinned, flattened crystal uses just the symmetry that it has left.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TRIED = 2
"""offsets up to this in each direction are compared under an operation"""
STEPS_OF_LENGTH = 65_534.0
"""into which lengths are sorted"""


@lru_cache(maxsize=1)
def _unimodular() -> IntArray:
    """Return all (3, 3) matrices of −1, 0, 1 with determinant ±1, (n, 3, 3)."""
    every = np.array(list(product((-1, 0, 1), repeat=9)), dtype=np.int64).reshape(-1, 3, 3)
    matrices: IntArray = every[np.abs(np.rint(np.linalg.det(every)).astype(int)) == 1]
    return matrices


def metric_operations(vectors: FloatArray) -> IntArray:
    """Return the operations h (n, 3, 3) on offsets, u → u h, that keep all distances of the lattice."""
    gram = vectors @ vectors.T
    every = _unimodular()
    # the lengths of the first row sift out nearly all
    tolerance = 1e-9 * float(np.trace(gram))
    rows = every @ gram
    kept = np.abs(np.einsum("nij,nij->ni", rows, every) - np.diag(gram)).max(axis=1) < tolerance
    every, rows = every[kept], rows[kept]
    apart = rows @ np.swapaxes(every, 1, 2) - gram
    operations: IntArray = every[np.abs(apart).max(axis=(1, 2)) < tolerance]
    return operations


def trial_offsets() -> IntArray:
    """Return the offsets (n, 3) on which functions of an offset are compared."""
    span = np.arange(-TRIED, TRIED + 1)
    return np.stack(np.meshgrid(span, span, span, indexing="ij"), axis=-1).reshape(-1, 3)


def kept_by(
    operations: IntArray,
    function: Callable[[IntArray], FloatArray],
    rows: IntArray | None = None,
    offsets: IntArray | None = None,
) -> NDArray[np.bool_]:
    """Return which operations keep function(offsets), (n_rows, n), or turn its rows into `rows` of it.

    offsets: on which it is tried; a few where they are not given.
    """
    offsets = trial_offsets() if offsets is None else offsets
    values = function(offsets)
    scale = float(np.abs(values).max()) or 1.0
    moved = function(np.concatenate([offsets @ h for h in operations]))
    moved = moved.reshape(len(values), len(operations), len(offsets))
    if rows is not None:
        moved = moved[rows]
    return np.asarray(np.abs(moved - values[:, None, :]).max(axis=(0, 2)) < 1e-10 * scale)


def representatives(operations: IntArray, reach: IntArray) -> tuple[IntArray, IntArray]:
    """Return one offset (n, 3) of each set that the operations make equal, and how many each stands for.

    operations: (n_operations, 3, 3), a group; reach: (3,), the largest offsets along each axis. Of a set it is the one
    of the highest rank, u · (base², base, 1). One plane of offsets at a time is looked through, so that what is in
    memory is what is returned.
    """
    flips = {tuple(np.diag(h)) for h in operations if np.count_nonzero(h) == 3 and (np.diag(h) != 0).all()}
    mirrored = [tuple(-1 if k == axis else 1 for k in range(3)) in flips for axis in range(3)]
    first, second, third = (np.arange(0 if m else -n, n + 1) for m, n in zip(mirrored, reach, strict=True))
    base = 4 * int(reach.max()) + 5
    ranks = np.array([base * base, base, 1])
    losses = np.array([ranks - h @ ranks for h in operations])  # of rank, under each operation
    found = [_leaders(losses, int(i), second, third) for i in first]
    offsets, stabilised = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return offsets, len(operations) // stabilised


def _leaders(losses: IntArray, i: int, second: IntArray, third: IntArray) -> tuple[IntArray, IntArray]:
    """Return the offsets (n, 3) of plane i that no operation gives a higher rank, and how many leave each as it is."""
    leads = np.ones((len(second), len(third)), dtype=np.bool_)
    stabilised = np.zeros(leads.shape, dtype=np.int64)
    for a, b, c in losses:
        loss = (i * a + second * b)[:, None] + third * c
        leads &= loss >= 0
        stabilised += loss == 0
    j, k = np.nonzero(leads)
    return np.column_stack([np.full(len(j), i), second[j], third[k]]), stabilised[leads]


def by_length(offsets: IntArray, vectors: FloatArray) -> IntArray:
    """Return the order (n,) of offsets (n, 3) by their length, 0 the first; lengths that nearly agree stay as they are.

    In steps of 1/65,534 of the longest, which are sorted in a time that grows as n.
    """
    x, y, z = (offsets.astype(np.float64) @ vectors).T
    lengths = np.sqrt(x * x + y * y + z * z)
    longest = float(lengths.max(initial=0.0)) or 1.0
    return np.argsort(np.ceil(lengths * (STEPS_OF_LENGTH / longest)).astype(np.uint16), kind="stable")
