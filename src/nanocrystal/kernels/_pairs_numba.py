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


@intrinsic  # type: ignore[untyped-decorator,unused-ignore]
def _add16(typing_context: Any, array: Any, offset: Any, weights: Any, first: Any, u: Any) -> Any:
    """array[offset + 4 k + n] += weights[first + k] uⁿ for k, n = 0 … 3, in single precision, by one operation."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        single, lane = ir.FloatType(), ir.IntType(32)
        four, sixteen = ir.VectorType(single, 4), ir.VectorType(single, 16)

        def place_of(which: int, at: Any, kind: Any) -> Any:
            data = context.make_array(signature.args[which])(context, builder, arguments[which]).data
            element = builder.gep(builder.bitcast(data, single.as_pointer()), [at])
            return builder.bitcast(element, kind.as_pointer())

        def spread(vector: Any, lanes: list[int]) -> Any:
            mask = ir.Constant(ir.VectorType(lane, 16), [ir.Constant(lane, n) for n in lanes])
            return builder.shuffle_vector(vector, ir.Constant(four, ir.Undefined), mask)

        power, powers = ir.Constant(single, 1.0), ir.Constant(four, ir.Undefined)
        for n in range(4):
            powers = builder.insert_element(powers, power, ir.Constant(lane, n))
            power = builder.fmul(power, arguments[4])
        chosen = builder.load(place_of(2, arguments[3], four))
        chosen.align = 4
        added = builder.fmul(spread(chosen, [k for k in range(4) for _ in range(4)]), spread(powers, [0, 1, 2, 3] * 4))
        place = place_of(0, arguments[1], sixteen)
        bins = builder.load(place)
        bins.align = 4
        stored = builder.store(builder.fadd(bins, added), place)
        stored.align = 4
        return context.get_dummy_value()

    return types.void(array, offset, weights, first, u), codegen


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
def _add_weighted_moments(index, t, factor, weight, n, histogram):
    for m in range(n):
        u = t[m]
        w = factor * weight[m]
        wu = w * u
        wu2 = wu * u
        _add4(histogram, np.intp(index[m]) * 4, w, wu, wu2, wu2 * u)


@jit
def tile_pairs(x, y, z, tiles, others, alike, share, inverse_h, last, histogram, index, t, counted):
    """Add the pairs of atoms of two kinds to the histogram, and how many to counted (1,).

    tiles, others: where the tiles of both kinds begin, and where the last one ends; alike: 1 where they are the same,
    whose pairs are counted once, else 0; share: (first, step, start, stop), pairs of tiles with number I of the one
    from start to stop and (I + J) modulo step = first.
    """
    first, step, start, stop = share[0], share[1], share[2], share[3]
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
                    counted[0] += n


@jit
def point_pairs(x, y, z, weight, points, factors, inverse_h, last, histogram, index, t):
    """Add the distances of each point to all lattice points, weighted, to the histogram.

    Lattice points in their order, some at a time, each with all points: so those near in length, which fall into near
    bins, find both their places and their bins in the cache.
    """
    n_lattice, block = x.shape[0], index.shape[0]
    for start in range(0, n_lattice, block):
        stop = min(start + block, n_lattice)
        n = stop - start
        xb, yb, zb, wb = x[start:stop], y[start:stop], z[start:stop], weight[start:stop]
        for p in range(points.shape[0]):
            factor = factors[p]
            _distances(xb, yb, zb, points[p, 0], points[p, 1], points[p, 2], inverse_h, last, index, t)
            _add_weighted_moments(index, t, factor, wb, n, histogram)


@jit
def point_pairs_rows(x, y, z, weights, points, factors, inverse_h, last, histogram, index, t):
    """As `point_pairs` for many rows at once, histogram[(bin n_rows + row) 4 …]; weights: (n_lattice, n_rows)."""
    n_lattice, n_rows, block = x.shape[0], weights.shape[1], index.shape[0]
    for p in range(points.shape[0]):
        factor = factors[p]
        for start in range(0, n_lattice, block):
            stop = min(start + block, n_lattice)
            xb, yb, zb = x[start:stop], y[start:stop], z[start:stop]
            _distances(xb, yb, zb, points[p, 0], points[p, 1], points[p, 2], inverse_h, last, index, t)
            for m in range(stop - start):
                u = t[m]
                u2 = u * u
                u3 = u2 * u
                place = np.intp(index[m]) * n_rows * 4
                for row in range(n_rows):
                    w = factor * weights[start + m, row]
                    _add4(histogram, place, w, w * u, w * u2, w * u3)
                    place += 4


@jit
def _weigh(weights, factor, rows):
    """rows[m] = factor weights[m], both flat."""
    for m in range(weights.shape[0]):
        rows[m] = factor * weights[m]


@jit
def _directions(x, y, z, px, py, pz, ux, uy, uz):
    """The directions in which the block lies from a point."""
    for m in range(x.shape[0]):
        dx = np.float32(x[m] - px)
        dy = np.float32(y[m] - py)
        dz = np.float32(z[m] - pz)
        over = np.float32(1.0) / np.sqrt(dx * dx + dy * dy + dz * dz + np.float32(1e-12))
        ux[m] = dx * over
        uy[m] = dy * over
        uz[m] = dz * over


@jit
def _strain(ux, uy, uz, e, n_rows, rows):
    """Multiply rows[m n_rows] with the relative change u·E·u of the distance in direction u under a strain."""
    e0, e1, e2, e3, e4, e5 = e[0], e[1], e[2], e[3], e[4], e[5]
    for m in range(ux.shape[0]):
        a = ux[m]
        b = uy[m]
        c = uz[m]
        rows[m * n_rows] *= a * (e0 * a + e3 * b + e4 * c) + b * (e1 * b + e5 * c) + e2 * c * c


@jit
def _add_rows(index, t, n, rows, n_rows, histogram):
    for m in range(n):
        u = np.float32(t[m])
        place, row = np.intp(index[m]) * n_rows * 4, m * n_rows
        for _ in range(n_rows // 4):
            _add16(histogram, place, rows, row, u)
            place += 16
            row += 4


@jit
def point_pairs_slopes(
    x, y, z, weights, points, factors, strains, first, inverse_h, last, histogram, index, t, rows, ways
):
    """As `point_pairs_rows` in single precision, four rows by one operation, and with rows of strains.

    weights: (n_lattice n_rows), flat, n_rows a multiple of four; from column `first` on, once for each strain, how
    many pairs each offset has; strains: (n_strains, 6), the elements xx, yy, zz, xy + yx, xz + zx, yz + zy of E, for
    which these times d·E·d/d² are summed, the relative change of the distance; rows: (block n_rows), ways: (3, block),
    scratch.
    """
    n_lattice, block = x.shape[0], index.shape[0]
    n_rows = weights.shape[0] // n_lattice
    ux, uy, uz = ways[0], ways[1], ways[2]
    for p in range(points.shape[0]):
        px, py, pz, factor = points[p, 0], points[p, 1], points[p, 2], np.float32(factors[p])
        for start in range(0, n_lattice, block):
            stop = min(start + block, n_lattice)
            n = stop - start
            xb, yb, zb = x[start:stop], y[start:stop], z[start:stop]
            _distances(xb, yb, zb, px, py, pz, inverse_h, last, index, t)
            _weigh(weights[start * n_rows : stop * n_rows], factor, rows)
            if strains.shape[0] > 0:
                _directions(xb, yb, zb, px, py, pz, ux, uy, uz)
                for k in range(strains.shape[0]):
                    _strain(ux[:n], uy[:n], uz[:n], strains[k], n_rows, rows[first + k :])
            _add_rows(index, t, n, rows, n_rows, histogram)


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
