"""Compiled loops over pairs of atoms. Called through `pairs` and `peaks`; needs Numba at import.

The pair loop has two stages, because the two halves limit each other when mixed: distances of
one atom to a block are vectorised into a buffer, then each pair adds its four moments
(1, t, t², t³) to its bin with one 256-bit load–add–store.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nanocrystal.kernels.compiled import jit


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def _add4(typing_context: Any, array: Any, offset: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """array[offset:offset+4] += (a, b, c, d) in one vector operation."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        double, vector = ir.DoubleType(), ir.VectorType(ir.DoubleType(), 4)
        element = builder.gep(builder.bitcast(data, double.as_pointer()), [arguments[1]])
        place = builder.bitcast(element, vector.as_pointer())
        addend = ir.Constant(vector, ir.Undefined)
        for lane in range(4):
            addend = builder.insert_element(addend, arguments[2 + lane], ir.Constant(ir.IntType(32), lane))
        bin_ = builder.load(place)
        bin_.align = 8
        stored = builder.store(builder.fadd(bin_, addend), place)
        stored.align = 8
        return context.get_dummy_value()

    return types.void(array, offset, a, b, c, d), codegen


@jit
def _distances(x, y, z, xi, yi, zi, inverse_h, last, index, t):
    """Bin index (at most `last`) and place t in the bin of the distances of (xi, yi, zi) to the block."""
    for m in range(x.shape[0]):
        dx = x[m] - xi
        dy = y[m] - yi
        dz = z[m] - zi
        s = np.sqrt(dx * dx + dy * dy + dz * dz) * inverse_h
        k = np.int32(min(s, last) + 0.5)
        index[m] = k
        t[m] = s - k


@jit
def _add_moments(index, t, n, histogram):
    for m in range(n):
        u = t[m]
        u2 = u * u
        _add4(histogram, np.intp(index[m]) * 4, 1.0, u, u2, u2 * u)


@jit
def _add_weighted_moments(index, t, weight, n, histogram):
    for m in range(n):
        u = t[m]
        w = weight[m]
        wu = w * u
        wu2 = wu * u
        _add4(histogram, np.intp(index[m]) * 4, w, wu, wu2, wu2 * u)


@jit
def tile_pairs(x, y, z, tiles, others, alike, share, inverse_h, last, histogram, index, t):
    """Add the pairs of atoms of two kinds to the histogram, and return how many.

    tiles, others: where the tiles of both kinds begin, and where the last one ends; alike: whether they are the same,
    whose pairs are counted once; share: (first, step, start, stop), pairs of tiles with number I of the one from start
    to stop and (I + J) modulo step = first.
    """
    first, step, start, stop = share
    counted = 0
    for one in range(start, stop):
        offset = (first - one) % step
        begin = one + (offset - one) % step if alike else offset
        for other in range(begin, others.shape[0] - 1, step):
            j0, j1 = others[other], others[other + 1]
            for i in range(tiles[one], tiles[one + 1]):
                low = max(j0, i + 1) if alike else j0
                n = j1 - low
                if n > 0:
                    _distances(x[low:j1], y[low:j1], z[low:j1], x[i], y[i], z[i], inverse_h, last, index, t)
                    _add_moments(index, t, n, histogram)
                    counted += n
    return counted


@jit
def point_pairs(x, y, z, weight, points, factors, inverse_h, last, histogram, index, t):
    """Add the distances of each point to all lattice points, weighted, to the histogram.

    Lattice points in their order, some at a time, each with all points: so those near in length, which fall into near
    bins, find both their places and their bins in the cache.
    """
    n_lattice, block = x.shape[0], index.shape[0]
    scaled = np.empty(block)
    for start in range(0, n_lattice, block):
        stop = min(start + block, n_lattice)
        n = stop - start
        xb, yb, zb, wb = x[start:stop], y[start:stop], z[start:stop], weight[start:stop]
        for p in range(points.shape[0]):
            factor = factors[p]
            _distances(xb, yb, zb, points[p, 0], points[p, 1], points[p, 2], inverse_h, last, index, t)
            for m in range(n):
                scaled[m] = factor * wb[m]
            _add_weighted_moments(index, t, scaled, n, histogram)


@jit
def point_pairs_rows(x, y, z, weights, points, factors, strains, first_row, h, last, histogram, index, t):
    """As `point_pairs` for many rows at once, histogram[(bin n_rows + row) 4 …].

    weights: (n_lattice, n_weights), one row each from first_row on; strains: (n_strains, 6), the elements xx, yy, zz,
    xy + yx, xz + zx, yz + zy of E, one further row each: the first weight times d·E·d/d², the relative change of the
    distance.
    """
    n_lattice, block = x.shape[0], index.shape[0]
    n_weights, n_strains = weights.shape[1], strains.shape[0]
    n_rows = n_weights - first_row + n_strains
    for p in range(points.shape[0]):
        px, py, pz, factor = points[p, 0], points[p, 1], points[p, 2], factors[p]
        for start in range(0, n_lattice, block):
            stop = min(start + block, n_lattice)
            xb, yb, zb = x[start:stop], y[start:stop], z[start:stop]
            _distances(xb, yb, zb, px, py, pz, 1.0 / h, last, index, t)
            for m in range(stop - start):
                u = t[m]
                u2 = u * u
                u3 = u2 * u
                place = np.intp(index[m]) * n_rows * 4
                for row in range(first_row, n_weights):
                    w = factor * weights[start + m, row]
                    _add4(histogram, place, w, w * u, w * u2, w * u3)
                    place += 4
                if n_strains > 0:
                    dx = xb[m] - px
                    dy = yb[m] - py
                    dz = zb[m] - pz
                    w0 = factor * weights[start + m, 0] / (dx * dx + dy * dy + dz * dz + 1e-12)
                    for k in range(n_strains):
                        w = w0 * (
                            strains[k, 0] * dx * dx
                            + strains[k, 1] * dy * dy
                            + strains[k, 2] * dz * dz
                            + strains[k, 3] * dx * dy
                            + strains[k, 4] * dx * dz
                            + strains[k, 5] * dy * dz
                        )
                        _add4(histogram, place, w, w * u, w * u2, w * u3)
                        place += 4


@jit
def add_gaussians(area, centre, variance, step, n_sigma, curve):
    """Add Gaussians of given area, centre and variance to curve[k] at r = k step."""
    n = curve.shape[0]
    for b in range(area.shape[0]):
        if area[b] == 0.0:
            continue
        v = variance[b]
        sigma = np.sqrt(v)
        first = max(0, int(np.ceil((centre[b] - n_sigma * sigma) / step)))
        stop = min(n, int(np.floor((centre[b] + n_sigma * sigma) / step)) + 1)
        if stop <= first:
            continue
        # exp(-(d + k step)²/2v) by two multiplications a point
        d = first * step - centre[b]
        value = area[b] / (sigma * np.sqrt(2.0 * np.pi)) * np.exp(-0.5 * d * d / v)
        ratio = np.exp(-(d * step + 0.5 * step * step) / v)
        change = np.exp(-step * step / v)
        for k in range(first, stop):
            curve[k] += value
            value *= ratio
            ratio *= change
