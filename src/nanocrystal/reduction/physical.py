"""Explicit corrections: from counts to S(Q) on the absolute scale.

    counts without blanks = k [A P (I_coh + C) + A c],

A absorption, P polarisation, C = Σ c_i S_i(Q) (E′/E)ⁿ the Compton scattering and c a constant of fluorescence, which
is not polarised, all per atom in electron units. k (and c) are found at high Q, where I_coh → ⟨f²⟩, or k from the sum
rule ∫ Q² (S − 1) dQ = −2π² ρ0 (J. Krogh-Moe, Acta Cryst. 9, 951 (1956); N. Norman, Acta Cryst. 10, 370 (1957)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.errors import InputError
from nanocrystal.reduction.composition import AtomicComposition
from nanocrystal.reduction.intensity import FEWEST, Intensity
from nanocrystal.reduction.structure import NormalizationConstant, StructureFactor
from nanocrystal.reduction.sum_rules import below_data, density_weights

FloatArray = NDArray[np.float64]
Normalization = Literal["high-q", "krogh-moe-norman"]
HIGH_Q = 0.6
"""of the last q: from there on I_coh is ⟨f²⟩ on average, unless a range is given"""


@dataclass(frozen=True)
class Physical:
    """How the constants are found. fluorescence: e.u. per atom, or "fit"; number_density: atoms/Å³."""

    normalization: Normalization = "high-q"
    fit_range: tuple[float, float] | None = None
    fluorescence: float | Literal["fit"] = 0.0
    number_density: float | None = None


def physical_structure_factor(
    corrected: Intensity,
    composition: AtomicComposition,
    incoherent: FloatArray,
    flat: FloatArray,
    how: Physical,
    energy: float | None = None,
    where: str = "",
) -> StructureFactor:
    """Return S(Q) and F(Q) of an intensity that was divided by absorption and polarisation.

    incoherent: C (n,), what is scattered incoherently, e.u. per atom; flat: 1/P (n,), how a constant appears in the
    corrected intensity. Raises InputError where the data do not say the constants.
    """
    q = corrected.q
    squared_mean, mean_square = composition.squared_mean(q, energy), composition.mean_square(q, energy)
    expected = mean_square + incoherent
    of_scale, of_flat = _high_q(corrected, expected, flat, squared_mean, how, where)
    k = float(of_scale @ corrected.value)
    if not k > 0.0:
        raise InputError(where, f"{corrected.name} without blanks is not positive at high Q; check the blanks.")
    beta, slope_beta = 1.0 / k, -of_scale / k**2
    stated = 0.0 if how.fluorescence == "fit" else float(how.fluorescence)
    c = float(of_flat @ corrected.value) / k if how.fluorescence == "fit" else stated
    slope_c = (of_flat - c * of_scale) / k if how.fluorescence == "fit" else np.zeros(len(q))
    if how.normalization == "krogh-moe-norman":
        beta, slope_beta = _krogh_moe_norman(corrected, (expected, flat, squared_mean), c, slope_c, how, where)
    f = q * (beta * corrected.value - c * flat - expected) / squared_mean
    spread = corrected.spread
    stderrs: tuple[float | None, float | None] = (None, None)
    if spread is not None:
        columns = np.stack([corrected.value / beta, -flat / beta], axis=1)
        moved = np.linalg.norm(spread.of_functional(np.stack([slope_beta, slope_c])), axis=1)
        stderrs = (float(moved[0]), float(moved[1]) if how.fluorescence == "fit" else None)
        spread = spread.with_shared(columns, np.stack([slope_beta, slope_c])).scaled(beta * q / squared_mean)
    constants = {
        "scale": NormalizationConstant(
            beta, stderrs[0], "e.u. per count", "factor 1/k from counts to electron units per atom"
        )
    }
    if c or how.fluorescence == "fit":
        constants["fluorescence"] = NormalizationConstant(c, stderrs[1], "e.u.", "constant of fluorescence per atom")
    notes = (
        ()
        if c >= 0.0
        else (f"The fitted constant of fluorescence is negative ({c:.3g} e.u.): something else is wrong.",)
    )
    return StructureFactor(q=q, f=f, spread=spread, constants=constants, notes=notes)


def _high_q(
    corrected: Intensity, expected: FloatArray, flat: FloatArray, squared_mean: FloatArray, how: Physical, where: str
) -> tuple[FloatArray, FloatArray]:
    """Return the weights (n,) by which k and k c follow from the corrected intensity at high Q, by least squares.

    Residuals count as those of S(Q), whose oscillations, not the noise, are the misfit.
    """
    q = corrected.q
    low, high = how.fit_range or (HIGH_Q * q[-1], q[-1])
    inside = (q >= low - 1e-9) & (q <= high + 1e-9)
    if not low < high or high > q[-1] * 1.001 or inside.sum() < FEWEST:
        problem = f"[{low:g}, {high:g}] Å⁻¹ holds {inside.sum()} points of the data, which go to {q[-1]:g}"
        raise InputError(f"{where}.normalization_range", f"{problem}; give a range at high Q inside the data.")
    weight = np.where(inside, 1.0 / squared_mean**2, 0.0)
    curves = np.stack([expected, flat]) if how.fluorescence == "fit" else expected[None]
    normal = (curves * weight) @ curves.T
    size = np.sqrt(np.diag(normal))
    if np.linalg.eigvalsh(normal / np.outer(size, size))[0] < 1e-6:
        raise InputError(f"{where}.fluorescence", "cannot be told from the scattering at high Q; give it as a number.")
    solve = np.linalg.solve(normal, curves * weight)
    if how.fluorescence == "fit":
        return solve[0], solve[1]
    # J = k (expected + c flat): the given c is a part of what is expected
    total = expected + float(how.fluorescence) * flat
    return total * weight / float((total * weight) @ total), np.zeros(len(q))


def _krogh_moe_norman(
    corrected: Intensity,
    curves: tuple[FloatArray, FloatArray, FloatArray],
    c: float,
    slope_c: FloatArray,
    how: Physical,
    where: str,
) -> tuple[float, FloatArray]:
    """Return β from the sum rule and its derivatives (n,) by the corrected intensity."""
    if how.number_density is None:
        raise InputError(
            f"{where}.number_density",
            'is missing: normalization = "krogh-moe-norman" needs the number_density (atoms/Å³) or density (g/cm³).',
        )
    expected, flat, squared_mean = curves
    weights = density_weights(corrected.q) / squared_mean  # ∫ Q² W … dQ /⟨f⟩²
    measured_sum = float(weights @ corrected.value)
    of_density = 2.0 * np.pi**2 * how.number_density
    expected_sum = float(weights @ (expected + c * flat)) - of_density - below_data(corrected.q)
    beta = expected_sum / measured_sum
    if not beta > 0.0:
        raise InputError(where, f"{corrected.name} without blanks contradicts the sum rule; check blanks and density.")
    return beta, -beta / measured_sum * weights + float(weights @ flat) / measured_sum * slope_c
