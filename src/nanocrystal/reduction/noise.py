"""The noise of G(r) as a reduction hands it on, whole: how all its points move together.

    Cov[G(r), G(r′)] = Σ_kl T(r, Q_k) Cov[F(Q_k), F(Q_l)] T(r′, Q_l),   T = (2/π) sin(Q r) M(Q) ΔQ;

with independent counts Cov[F] is σ_F² = (Q σ_I/(N ⟨f⟩²))² on its diagonal, and what fitted scales and constants add.
White noise of F up to qmax makes points that are correlated as sinc(qmax Δr/π), so not at all π/qmax apart.

What is open: F is known up to what varies slowly in it, Q p(Q) with a polynomial p that moves nothing in G(r) beyond
rpoly. The ad-hoc correction took it out, and explicit corrections leave what their constants are wrong by. And nothing
was measured below the first point or qmin. A fit must let both lie beneath the data in any amount.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.supplied import CurveNoise
from nanocrystal.reduction.polynomial import polynomial_basis
from nanocrystal.reduction.reduction import ReducedPattern
from nanocrystal.reduction.spread import Spread
from nanocrystal.reduction.transform import sine_matrix

USUAL_RPOLY = 0.9
"""Å; where a G(r) does not say its own"""
SIGMA_OF_SUMS = "sigma_of_sums"
"""key of a header: σ of sums over neighbouring points of F(Q) over that of independent ones"""
PER_WAVE = 4
"""sines below the data, for each that the range of r tells from the next"""


@dataclass(frozen=True, kw_only=True, eq=False)
class TransformNoise(CurveNoise):
    """The noise of a G(r) that was transformed from F(Q).

    q: (n_q,) Å⁻¹, of the points of F; spread: of F; qmin, qmax, window: of the transform; rpoly: Å.
    """

    q: FloatArray
    spread: Spread
    qmin: float
    qmax: float
    window: str = "none"
    rpoly: float = USUAL_RPOLY

    @classmethod
    def of(cls, reduced: ReducedPattern) -> TransformNoise | None:
        """Return the noise of the G(r) of a reduction, None where no σ is known."""
        structure, pdf = reduced.structure, reduced.pdf
        if structure.spread is None:
            return None
        return cls(
            q=structure.q,
            spread=structure.spread,
            qmin=pdf.qmin,
            qmax=pdf.qmax,
            window=pdf.window,
            rpoly=reduced.settings.rpoly if reduced.settings.method == "polynomial" else USUAL_RPOLY,
        )

    def covariance(self, r: FloatArray) -> FloatArray:
        root = self.spread.of_functional(sine_matrix(self.q, r, self.qmin, self.qmax, self.window))
        return np.asarray(root @ root.T)

    def open_curves(self, r: FloatArray) -> FloatArray:
        basis, _ = polynomial_basis(self.q, self.rpoly)
        slow = sine_matrix(self.q, r, self.qmin, self.qmax, self.window) @ basis
        return np.hstack([sines_below(max(self.qmin, float(self.q[0])), r), slow])


def sines_below(first: float, r: FloatArray) -> FloatArray:
    """Return what F(Q) below a first Q (Å⁻¹) may add to G(r), (n_r, n)."""
    below = np.arange(0.0, first, np.pi / (PER_WAVE * r[-1]))[1:]
    return np.asarray(np.sin(np.outer(r, below)))
