"""What S(Q) and G(r) must obey, whatever the structure: checks of a reduction.

    ∫ Q² (S − 1) dQ = −2π² ρ0,   G(r) = −4π ρ0 r below the nearest neighbours,   S → 1 at high Q.

Of data that end at qmax the integral does not converge; multiplied by W = exp(−s² Q²/2) it is that of G(r) smoothed by
a Gaussian of standard deviation s, whose slope at r = 0 is the same where s is small against the nearest distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nanocrystal.reduction.structure import StructureFactor

FloatArray = NDArray[np.float64]
LEFT = 1e-3
"""of W at the end of the data"""
EXACT = 1e-9
"""relative: a σ below it is that of what the normalisation has fixed"""
LOW_R = 1.5
"""Å: shorter than all bonds but those of hydrogen"""


@dataclass(frozen=True, kw_only=True)
class SumRuleCheck:
    """One sum rule of a reduction: its value, and what it should be.

    Parameters
    ----------
    name : str
        Integral, slope or high_q
    found : float
        In `unit`
    sigma : float or None
        Standard deviation; None where no σ is known, or where the normalisation fixes the value
    expected : float or None
        None where the number density is not known
    unit : str
        Empty for a plain number
    meaning : str
        The sum rule in words
    """

    name: str
    found: float
    sigma: float | None
    expected: float | None
    unit: str
    meaning: str


def quadrature(q: FloatArray) -> FloatArray:
    """Return the weights of the trapezoidal rule over q, (n,)."""
    steps = np.diff(q)
    weights = np.zeros(len(q))
    weights[:-1] += 0.5 * steps
    weights[1:] += 0.5 * steps
    return weights


def density_weights(q: FloatArray) -> FloatArray:
    """Return Q² W(Q) dQ, (n,); their sum with S − 1, and `below_data`, is −2π² ρ0."""
    width2 = 2.0 * np.log(1.0 / LEFT) / q[-1] ** 2
    return np.asarray(q**2 * np.exp(-0.5 * width2 * q**2) * quadrature(q))


def below_data(q: FloatArray) -> float:
    """Return ∫ Q² (S − 1) dQ from 0 to the first point, with S = 0 there."""
    return -(float(q[0]) ** 3) / 3.0


def checks(
    structure: StructureFactor, g: FloatArray, r: FloatArray, to_g: FloatArray, density: float | None
) -> list[SumRuleCheck]:
    """Return the sum rules of a reduction; g (n_r,) over r (Å); to_g: G = to_g F for the first r, (n_low, n_q).

    density: atoms/Å³, None where it is not known.
    """
    q, spread = structure.q, structure.spread
    rows = [density_weights(q) / np.maximum(q, 1e-12)]
    low = (r > 0.0) & (r <= LOW_R)
    values = [float(rows[0] @ structure.f) + below_data(q)]
    if low.sum() > 5:
        slope = r[low] / float(r[low] @ r[low])
        rows.append(slope @ to_g[low[: len(to_g)]])
        values.append(float(slope @ g[low]))
    high = q >= 0.75 * q[-1]
    rows.append(np.where(high, 1.0 / np.maximum(q, 1e-12), 0.0) / high.sum())
    values.append(1.0 + float(rows[-1] @ structure.f))
    sigmas = (
        [None] * len(rows) if spread is None else np.linalg.norm(spread.of_functional(np.stack(rows)), axis=1).tolist()
    )
    expected = [None if density is None else -2.0 * np.pi**2 * density]
    names = [("integral", "Å⁻³", "∫ Q² (S − 1) dQ, to be −2π² ρ0")]
    if low.sum() > 5:
        expected.append(None if density is None else -4.0 * np.pi * density)
        names.append(("slope", "Å⁻³", f"slope of G(r) up to {LOW_R:g} Å, to be −4π ρ0"))
    expected.append(1.0)
    names.append(("high_q", "", "mean S(Q) over the last quarter of Q, to be 1"))
    sigmas = [None if v is None or v < EXACT * abs(y) else v for v, y in zip(sigmas, values, strict=True)]
    return [
        SumRuleCheck(name=name, found=value, sigma=sigma, expected=should_be, unit=unit, meaning=meaning)
        for (name, unit, meaning), value, sigma, should_be in zip(names, values, sigmas, expected, strict=True)
    ]
