"""The pairs of a population that is cut into slices of size, put together as those of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.sample.pairs.pair_structure import PairStructure, enveloped

FloatArray = NDArray[np.float64]


def merged(parts: list[PairStructure], of_atoms: bool, depends_on: tuple[str, ...]) -> PairStructure:
    """Return the slices of a population as one; of_atoms: whether their atoms differ, not only their cells."""
    units = np.array([p.n_units for p in parts], dtype=np.float64)
    share = units / units.sum()
    rows = [
        p.moments
        if p.envelope is None
        else enveloped(p.moments, p.envelope(p.h * np.arange(float(p.moments.shape[1]))))
        for p in parts
    ]
    n_bins = max(m.shape[1] for m in rows)
    padded = [s * np.pad(m, ((0, 0), (0, n_bins - m.shape[1]), (0, 0))) for s, m in zip(share, rows, strict=True)]
    volume = sum(float(n) * p.n_atoms / (p.number_density or np.inf) for n, p in zip(units, parts, strict=True))
    atoms = sum(float(n) * p.n_atoms for n, p in zip(units, parts, strict=True))

    # partners are denser in slices of smaller cells
    denser = [volume / units.sum() * (p.number_density or np.inf) / p.n_atoms for p in parts]

    def gamma(r: FloatArray) -> FloatArray:
        parts_of_pairs = zip(share, denser, parts, strict=True)
        terms = [s * x * p.shape_function(r) for s, x, p in parts_of_pairs if p.shape_function is not None]
        return np.asarray(sum(terms))

    common = replace(
        parts[0],
        envelope=None,
        shape_function=gamma,
        number_density=atoms / volume,
        n_units=float(units.sum()),
        depends_on=depends_on,
        levels=None,
        shape_functions=(),
    )
    if not of_atoms:
        return replace(common, moments=np.sum(padded, axis=0))
    return _side_by_side(common, parts, share, padded)


def _side_by_side(
    common: PairStructure, parts: list[PairStructure], share: FloatArray, moments: list[FloatArray]
) -> PairStructure:
    """Return slices with kinds of atoms of their own; atoms of two slices are never in one crystal."""
    n = len(parts[0].kinds)
    n_rows, last = len(moments[0]), len(moments) * len(moments[0])
    kinds = tuple(replace(k, count=s * k.count) for s, p in zip(share, parts, strict=True) for k in p.kinds)
    rows_of_one = parts[0].rows if parts[0].rows is not None else np.arange(n * (n + 1) // 2)
    factors_of_one = parts[0].factors if parts[0].factors is not None else np.ones(n * (n + 1) // 2)
    pair_row = {pair: k for k, pair in enumerate((a, b) for a in range(n) for b in range(a, n))}
    densities_of_slices = [s * p.densities for s, p in zip(share, parts, strict=True)]
    rows, factors, levels, densities = [], [], [], []
    for a in range(len(kinds)):
        for b in range(a, len(kinds)):
            one, k = a // n == b // n, pair_row.get((a % n, b % n), 0)
            rows.append(n_rows * (a // n) + int(rows_of_one[k]) if one else last)
            factors.append(float(factors_of_one[k]) if one else 0.0)
            levels.append(a // n)
            densities.append(float(densities_of_slices[a // n][k]) if one else 0.0)
    stacked = np.concatenate([*moments, np.zeros((1, *moments[0].shape[1:]))])
    functions = tuple(p.shape_function for p in parts if p.shape_function is not None)
    return replace(
        common,
        kinds=kinds,
        moments=stacked,
        rows=np.array(rows),
        factors=np.array(factors),
        levels=np.array(levels),
        shape_functions=functions,
        pair_densities=np.array(densities),
    )
