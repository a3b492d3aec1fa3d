"""Smooth ends of sums over distances, far beyond 1/q.

What varies slowly with the logarithm of the distance has no part at q from distances r ≫ 1/q: only its beginning at
r = 0 is left, which is Porod's law. A sum may then end at a distance R, if it ends as smoothly as it varies:
w = erfc(ln(r/R)/τ)/2 leaves 1e-9 at q R = `PHASE` (the integral of r sin(q r) over w, turned into the complex plane).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
SHARPNESS = 0.15
"""τ, of ln r"""
PHASE = 79.0
"""q R"""
WIDTH = float(np.exp(4.2 * SHARPNESS))
"""from R / WIDTH to R WIDTH it falls from 1 to 0, both to 1e-9"""


@dataclass(frozen=True)
class Taper:
    """w of a middle R, Å; of an infinite one it is 1 everywhere."""

    middle: float = np.inf

    @property
    def start(self) -> float:
        return self.middle / WIDTH

    @property
    def end(self) -> float:
        return self.middle * WIDTH

    @property
    def last(self) -> float:
        """Beyond which hardly anything of w is left: nodes that go further go to the end."""
        return 0.97 * self.end

    def __call__(self, r: FloatArray) -> FloatArray:
        """Return w at r (n,) ≥ 0, Å."""
        from scipy.special import erfc

        if not np.isfinite(self.middle):
            return np.ones_like(r)
        return np.asarray(0.5 * erfc(self._place(r)))

    def of_moments(self, moments: FloatArray, h: float) -> FloatArray:
        """Return the moments (n_bins, 4) of a histogram of distances with bins of h Å, times w."""
        if not np.isfinite(self.middle):
            return moments
        r = h * np.maximum(np.arange(float(len(moments))), 0.5)
        place = self._place(r)
        slope = -np.exp(-(place**2)) / (np.sqrt(np.pi) * SHARPNESS * r)
        bend = 2.0 * place / SHARPNESS + 1.0
        curve, twist = -slope * bend / r, slope * (bend**2 + bend - 2.0 / SHARPNESS**2) / r**2
        of_power = (self(r), slope * h, curve * h**2 / 2.0, twist * h**3 / 6.0)
        rows = [sum(of_power[k - j] * moments[:, k] for k in range(j, 4)) for j in range(4)]
        return np.stack(rows, axis=1)

    def _place(self, r: FloatArray) -> FloatArray:
        return np.asarray(np.log(np.maximum(r, 1e-300) / self.middle) / SHARPNESS)


ENDLESS = Taper()
"""of sums that end by themselves"""
