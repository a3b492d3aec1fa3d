"""The box around atoms whose faces are theirs: along x, y and z where they fill that one, else turned along them.

Crystals are often written in the axes of their lattice while their faces lie askew to these: of pseudocubic faces of an
orthorhombic perovskite by 45°. The smallest box has a face on the convex hull of a body whose faces are those of a box;
about the normal of such a face it is turned until an edge lies on the hull, too (J. O'Rourke, Int. J. Comput. Inf.
Sci. 14, 183 (1985); in the plane: H. Freeman & R. Shapira, Commun. ACM 18, 409 (1975)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nanocrystal.arrays import FloatArray

FULL = 0.9
"""of the box, by the volume of the convex hull: atoms that fill less do not end at its faces"""
ALIKE = 1e-4
"""of unit vectors that count as one normal"""
MOST_NORMALS = 200
"""of the largest faces of the hull, that are tried"""


@dataclass(frozen=True)
class Box:
    """axes: (3, 3), rows are unit vectors; low, high: (3,), Å along them; part: of it that the hull of the atoms fills,
    1 where they have none."""

    axes: FloatArray
    low: FloatArray
    high: FloatArray
    part: float

    @property
    def is_full(self) -> bool:
        return self.part >= FULL

    @property
    def is_turned(self) -> bool:
        return not np.array_equal(self.axes, np.eye(3))

    def depths(self, positions: FloatArray) -> FloatArray:
        """Return the depth (n,) of positions (n, 3) below the nearest face, Å; negative outside."""
        along = positions @ self.axes.T
        return np.asarray(np.minimum(along - self.low, self.high - along).min(axis=1))


def box_of(points: FloatArray) -> Box:
    """Return the box along x, y and z around points (n, 3), or the smallest one where the points fill only that."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points)
    except QhullError:
        return _box(points, np.eye(3), None)
    corners = points[hull.vertices]
    aligned = _box(corners, np.eye(3), hull.volume)
    if aligned.is_full:
        return aligned
    areas = _areas(points[hull.simplices])
    boxes = [_box(corners, _turned(corners, n), hull.volume) for n in _normals(hull.equations[:, :3], areas)]
    smallest = max(boxes, key=lambda b: b.part)
    return smallest if smallest.is_full else aligned


def _box(corners: FloatArray, axes: FloatArray, volume: float | None) -> Box:
    along = corners @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    return Box(axes, low, high, 1.0 if volume is None else volume / float(np.prod(high - low)))


def _areas(triangles: FloatArray) -> FloatArray:
    """Return the areas (n,) of triangles (n, 3 corners, 3)."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))


def _normals(normals: FloatArray, areas: FloatArray) -> FloatArray:
    """Return the normals (m, 3) of the largest faces, those of parallel ones once."""
    chosen: list[FloatArray] = []
    for k in np.argsort(-areas):
        if all(abs(float(normals[k] @ n)) < 1.0 - ALIKE for n in chosen):
            chosen.append(normals[k])
        if len(chosen) == MOST_NORMALS:
            break
    return np.array(chosen)


def _turned(corners: FloatArray, normal: FloatArray) -> FloatArray:
    """Return axes (3, 3), the last along the normal, with which the box around the corners is smallest."""
    from scipy.spatial import ConvexHull

    first = np.linalg.svd(normal[None])[2][1]
    plane = np.stack([first, np.cross(normal, first)])
    flat = corners @ plane.T
    around = flat[ConvexHull(flat).vertices]
    edges = np.diff(around, axis=0, append=around[:1])
    angles = np.arctan2(edges[:, 1], edges[:, 0])
    cos, sin = np.cos(angles), np.sin(angles)
    turns = np.stack([np.stack([cos, sin], 1), np.stack([-sin, cos], 1)], 1)  # (edge, axis, 2)
    areas = np.ptp(turns @ around.T, axis=2).prod(axis=1)
    return np.vstack([turns[np.argmin(areas)] @ plane, normal])
