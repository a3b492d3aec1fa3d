"""Points that were counted: how they scatter about what is expected of them, and the same of counted blanks.

Counts n follow Poisson's law about their expectation m, so that their variance is m, not n. Weights 1/m that are held
while the parameters move make the sum of squares have its minimum where the likelihood has its maximum (J. A. Nelder &
R. W. M. Wedderburn, J. R. Stat. Soc. A 135, 370 (1972)); weights 1/n pull a fit below the data by about one count.

A blank is counted, too: b about its own expectation β. β follows at each point from both measurements, in closed form
for given weights, so that a noisy blank neither bends its own scale nor counts as known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.measurement.curve import Measured

FEWEST = 1e-2
"""counts: where fewer are expected, a point has the weight of so many"""
NEIGHBOURS = 2
"""on each side, whose mean is what is expected of a point before there is a model"""
WHOLE = 1e-6
"""of a count: so near to whole numbers are counts"""
LARGEST = 2.0**53 * WHOLE
"""counts: beyond, numbers are so far apart that each is whole"""


@dataclass(frozen=True)
class CountedBlank:
    """A counted blank at the points of the data, as measured, (n_points,).

    counts_per_unit: as of `Measured`.
    """

    observed: FloatArray
    counts_per_unit: float


def are_counts(y: FloatArray) -> bool:
    """Say whether values are whole numbers of at least 0, some above it, not all alike, none so large that all are."""
    if not ((y >= 0.0).all() and 1.0 <= y.max() < LARGEST):
        return False
    return bool((np.abs(y - np.rint(y)) <= WHOLE).all() and np.ptp(y) > 0.0)


def is_root(y: FloatArray, sigma: FloatArray) -> bool:
    """Say whether σ are the roots of the counts: √n, 1 or 0 where nothing was counted, rounded as files round."""
    counted = y > 0.0
    near = np.abs(sigma - np.sqrt(y)) <= np.maximum(5e-3 * sigma, 6e-3)
    return bool(counted.any() and near[counted].all() and (sigma[~counted] <= 1.0).all())


def first_expected(y: FloatArray) -> FloatArray:
    """Return what is expected of points before there is a model: the mean of a few neighbours, (n_points,)."""
    padded = np.pad(y, NEIGHBOURS, mode="edge")
    width = 2 * NEIGHBOURS + 1
    return np.convolve(padded, np.full(width, 1.0 / width), mode="valid")


def counting_sigma(expected: FloatArray, counts_per_unit: float) -> FloatArray:
    """Return the standard deviation of counted points, in their unit, (n_points,)."""
    return np.sqrt(np.maximum(expected, FEWEST / counts_per_unit) / counts_per_unit)


def weighed_by_expected(measured: Measured, calculated: FloatArray) -> Measured:
    """Return counted points with the σ that the expected counts have; calculated: (n_points,)."""
    assert measured.counts_per_unit is not None
    return replace(measured, sigma=counting_sigma(calculated, measured.counts_per_unit))


def signed_deviances(measured: Measured, calculated: FloatArray) -> FloatArray:
    """Return ±2 [n ln(n/m) − (n − m)] at each point, in counts, with the sign of n − m; (n_points,)."""
    assert measured.observed is not None
    assert measured.counts_per_unit is not None
    counts = measured.counts_per_unit * (measured.observed + measured.noise_of_blanks)
    return signed_counts(counts, measured.counts_per_unit * calculated)


def signed_counts(counts: FloatArray, expected: FloatArray) -> FloatArray:
    """Return the parts of the deviance of counts, signed as counts − expected, (n_points,)."""
    m = np.maximum(expected, np.finfo(float).tiny)
    logarithm = np.log(np.where(counts > 0.0, counts, 1.0)) - np.log(m)
    parts = 2.0 * (np.where(counts > 0.0, counts * logarithm, 0.0) - (counts - m))
    return np.copysign(np.maximum(parts, 0.0), counts - m)


def with_counted_blanks(
    measured: Measured, calculated: FloatArray, blanks: Mapping[str, tuple[float, FloatArray, CountedBlank]]
) -> tuple[Measured, dict[str, FloatArray]]:
    """Return points whose σ holds the noise of the blanks, and what is now expected of each blank, (n_points,).

    blanks: name -> its scale, what was expected of it so far, and how it was counted; calculated: with these.
    The observed values keep what they were less the noise that the blanks were found to have (`Measured.shift`).
    """
    assert measured.observed is not None
    assert measured.counts_per_unit is not None
    raw = measured.observed + measured.noise_of_blanks
    signal = calculated - sum(scale * expected for scale, expected, _ in blanks.values())
    difference = raw - signal - sum(scale * blank.observed for scale, _, blank in blanks.values())
    own = {name: counting_sigma(expected, blank.counts_per_unit) ** 2 for name, (_, expected, blank) in blanks.items()}
    variance = counting_sigma(calculated, measured.counts_per_unit) ** 2
    variance = variance + sum(blanks[name][0] ** 2 * v for name, v in own.items())
    now = {
        name: np.maximum(blank.observed + scale * own[name] * difference / variance, 0.0)
        for name, (scale, _, blank) in blanks.items()
    }
    noise = sum((scale * (blank.observed - now[name]) for name, (scale, _, blank) in blanks.items()), np.zeros(1))
    return replace(measured, observed=raw - noise, shift=noise, sigma=np.sqrt(variance)), now
