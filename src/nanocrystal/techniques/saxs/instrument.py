"""What an instrument makes of small-angle scattering: a pinhole's resolution, or a slit; see `saxs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.parameters import Claim, Quantity, of_measurement

FloatArray = NDArray[np.float64]
WIDEST = 4.0
"""standard deviations to either side over which a resolution is summed"""
LOWEST = 1e-5
"""Å⁻¹; from where the ideal curve is calculated at the least"""
FURTHER = 8.0
"""times the largest q up to which the ideal curve is calculated for a slit; beyond it falls as q⁻⁴"""

SMEARING: Mapping[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "q_resolution",
            "Å⁻¹",
            "standard deviation of the resolution, constant part",
            0.0,
            0.0,
            0.2,
            scale=5e-4,
            meaning=of_measurement("resolution", "standard deviation in Q, the part that is alike at all Q"),
            claim=Claim("the instrument smears nothing", other=0.002),
        ),
        Quantity(
            "q_resolution_slope",
            "",
            "standard deviation of the resolution over q",
            0.0,
            0.0,
            0.3,
            scale=0.01,
            meaning=of_measurement("relative resolution", "standard deviation in Q over Q, the part that grows with Q"),
        ),
        Quantity(
            "slit_length",
            "Å⁻¹",
            "half the length of the slit",
            0.0,
            0.0,
            100.0,
            scale=0.01,
            meaning=of_measurement("slit length", "half of it"),
        ),
    )
}
"""what resolution and slit are described by, by name"""


@dataclass(frozen=True)
class Smearing:
    """Where the ideal curve is needed, and what becomes of it at the points.

    q: (n_points,) Å⁻¹; width: (n_points,), standard deviations of a Gaussian resolution, or zeros; slit_length: half
    the length of a slit, Å⁻¹, or 0. One of the two is 0.
    """

    q: FloatArray
    width: FloatArray
    slit_length: float

    @cached_property
    def ideal_q(self) -> FloatArray:
        """The q at which the ideal curve is needed, (n,)."""
        if not self.width.any() and self.slit_length == 0.0:
            return self.q
        spread = WIDEST * float(self.width.max())
        low = max(LOWEST, float(self.q.min()) - spread)
        high = float(self.q.max()) + spread
        even = np.linspace(low, high, 2000)
        if self.slit_length == 0.0:
            return even
        top = min(float(np.hypot(self.q.max(), self.slit_length)), FURTHER * float(self.q.max()))
        step = even[1] - even[0]
        if top <= high + step:
            return np.append(even, high + step)
        return np.concatenate([even, np.geomspace(high + step, top, 400)])

    def __call__(self, ideal: FloatArray) -> FloatArray:
        """Return the curve at the points, (n_points,), of the ideal one, (n,), positive."""
        if not self.width.any() and self.slit_length == 0.0:
            return ideal
        q, weight = self._nodes
        from scipy.interpolate import CubicSpline

        top = self.ideal_q[-1]
        logs = CubicSpline(self.ideal_q, np.log(np.maximum(ideal, 1e-300)))(np.clip(q, self.ideal_q[0], top))
        beyond = np.where(q > top, (top / q) ** 4, 1.0)
        return np.asarray((weight * np.exp(logs) * beyond).sum(axis=1))

    @cached_property
    def _nodes(self) -> tuple[FloatArray, FloatArray]:
        """Return q and weights, (n_points, n), of the mean that each point is."""
        x, w = np.polynomial.legendre.leggauss(16)
        if self.slit_length > 0.0:
            # nodes dense at the middle of the slit, where the curve is steepest
            edges = self.slit_length * np.concatenate([[0.0], 4.0 ** np.arange(-5.0, 0.5)])
            half = 0.5 * np.diff(edges)[:, None]
            along, part = ((edges[:-1, None] + half * (x + 1.0)).ravel(), (half * w).ravel() / self.slit_length)
            return np.hypot(self.q[:, None], along), np.broadcast_to(part, (len(self.q), len(part)))
        edges = np.linspace(-WIDEST, WIDEST, 5)
        z = (edges[:-1, None] + (x + 1.0)).ravel()
        weight = np.tile(w, 4) * np.exp(-0.5 * z * z)
        at = self.q[:, None] + self.width[:, None] * z
        kept = weight * (at > 0.0)
        return np.maximum(at, LOWEST), kept / kept.sum(axis=1)[:, None]
