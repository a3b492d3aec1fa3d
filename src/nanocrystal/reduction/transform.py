"""From F(Q) to G(r), and between G(r) and D(r).

G(r) = (2/π) ∫_{qmin}^{qmax} F(Q) M(Q) sin(Q r) dQ by a direct sum over the points (trapezoidal rule, which is exact
for a curve without structure beyond r = π/ΔQ), M = 1 or Lorch's sin(π Q/qmax)/(π Q/qmax) (E. Lorch, J. Phys. C 2, 229
(1969)). Below the first point F goes to 0 on a straight line. Points of G(r) closer than π/qmax are correlated.

D(r) = 4π r ρ0 Σ c_i c_j w_ij (g_ij − 1) is the same function times a constant (D. A. Keen, J. Appl. Cryst. 34, 172
(2001)): with ⟨f⟩² as the unit it is G(r); with ⟨f²⟩, another habit for X-rays, G(r) ⟨f⟩²/⟨f²⟩; in electrons²,
G(r) ⟨f⟩². f is taken as Z for the constants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError
from nanocrystal.reduction.composition import AtomicComposition
from nanocrystal.reduction.intensity import interpolation
from nanocrystal.reduction.structure import StructureFactor
from nanocrystal.reduction.sum_rules import quadrature

Window = Literal["none", "lorch"]
DNormalization = Literal["squared-mean", "mean-square", "electrons"]
MOST_TERMS = 20_000_000
"""sines of a transform that are in memory at once"""
AT_ONCE = 1000
"""points of G(r) whose σ is calculated at once: their perturbation by every count needs memory"""


@dataclass(frozen=True, kw_only=True, eq=False)
class PairDistribution:
    """G(r), the reduced pair distribution function.

    Parameters
    ----------
    r : array (n,)
        Å
    g : array (n,)
        Å⁻²
    sigma : array (n,) or None
        Standard deviation of each point by itself; None where no σ is known
    qmin, qmax : float
        Limits of the transform, Å⁻¹
    window : {"none", "lorch"}
        That F(Q) was multiplied with
    """

    r: FloatArray
    g: FloatArray
    sigma: FloatArray | None
    qmin: float
    qmax: float
    window: str = "none"


def sine_matrix(q: FloatArray, r: FloatArray, qmin: float, qmax: float, window: str) -> FloatArray:
    """Return T (n_r, n_q) with G = T F; F is taken between the points where qmin and qmax lie there."""
    step = float(q[1] - q[0])
    below = np.arange(np.ceil(q[0] / step)) * q[0] / max(np.ceil(q[0] / step), 1.0)  # from 0 to the first point
    inner = np.concatenate([below, q])
    nodes = np.concatenate([[qmin], inner[(inner > qmin + 1e-9) & (inner < qmax - 1e-9)], [qmax]])
    lift = interpolation(q, nodes)
    weight = 2.0 / np.pi * quadrature(nodes) * np.minimum(nodes / max(q[0], 1e-12), 1.0)
    if window == "lorch":
        weight = weight * np.sinc(nodes / qmax)
    return np.asarray((np.sin(np.outer(r, nodes)) * weight) @ lift)


def pair_distribution(
    structure: StructureFactor, r: FloatArray, qmin: float, qmax: float, window: Window = "none", where: str = ""
) -> PairDistribution:
    """Return G(r) = (2/π) ∫ F(Q) M(Q) sin(Qr) dQ from qmin to qmax, by a direct sum over the points.

    Parameters
    ----------
    structure : StructureFactor
        F(Q) with its spread
    r : array (n_r,)
        Å
    qmin, qmax : float
        Limits of the transform, Å⁻¹
    window : {"none", "lorch"}, optional
        M = 1, or sin(π Q/qmax)/(π Q/qmax)
    where : str, optional
        The address of the settings, for messages

    Returns
    -------
    PairDistribution
        At r, with σ of each point by itself

    Raises
    ------
    InputError
        For limits beyond the data, and where the points of Q are too far apart for the last r

    References
    ----------
    E. Lorch, J. Phys. C 2, 229 (1969).
    """
    q = structure.q
    if not 0.0 <= qmin < qmax:
        raise InputError(f"{where}.qmax", f"needs 0 ≤ qmin < qmax, got qmin = {qmin:g}, qmax = {qmax:g} Å⁻¹.")
    if qmax > q[-1] + 1e-6:
        raise InputError(f"{where}.qmax", f"is {qmax:g} Å⁻¹, beyond the data, which go to {q[-1]:g}; make it smaller.")
    step = float(np.median(np.diff(q)))
    if r[-1] > np.pi / step:
        problem = f"goes to {r[-1]:g} Å, but points {step:.3g} Å⁻¹ apart say nothing beyond π/ΔQ = {np.pi / step:.3g} Å"
        raise InputError(f"{where}.r", f"{problem}; stop there.")
    parts = (sine_matrix(q, some, qmin, qmax, window) @ structure.f for some in _some_at_once(r, len(q)))
    g = np.concatenate(list(parts))
    return PairDistribution(
        r=r, g=g, sigma=_sigma(structure, r, qmin, qmax, window), qmin=qmin, qmax=qmax, window=window
    )


def _sigma(structure: StructureFactor, r: FloatArray, qmin: float, qmax: float, window: str) -> FloatArray | None:
    if structure.spread is None:
        return None
    parts = [
        structure.spread.variance_through(sine_matrix(structure.q, some, qmin, qmax, window))
        for some in np.array_split(r, len(r) // AT_ONCE + 1)
    ]
    return np.sqrt(np.concatenate(parts))


def _some_at_once(r: FloatArray, n_q: int) -> list[FloatArray]:
    """Return r in parts whose transforms of n_q points fit into memory."""
    return np.array_split(r, len(r) * n_q // MOST_TERMS + 1)


def d_over_g(composition: AtomicComposition, normalization: DNormalization) -> float:
    """Return D(r)/G(r) in a normalisation of D(r).

    Parameters
    ----------
    composition : AtomicComposition
        Of the sample; f is taken as Z
    normalization : {"squared-mean", "mean-square", "electrons"}
        D over ⟨f⟩², where it is G(r), over ⟨f²⟩, or in electrons²

    Returns
    -------
    float
        1, ⟨Z⟩²/⟨Z²⟩, or ⟨Z⟩² in electrons²

    References
    ----------
    D. A. Keen, J. Appl. Cryst. 34, 172 (2001).
    """
    squared_mean = composition.mean_number**2
    return {
        "squared-mean": 1.0,
        "mean-square": squared_mean / composition.mean_square_number,
        "electrons": squared_mean,
    }[normalization]
