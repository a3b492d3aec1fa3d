"""What a reader of the fit alone would miss, in sentences: limits, lopsided laws, noise that the posterior assumes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nanocrystal.refinement.posterior.density import LogPosterior
from nanocrystal.report.posterior.result import Marginal
from nanocrystal.report.refined.result import Result

FloatArray = NDArray[np.float64]
MISFIT = 1.5
"""√χ²_red beyond which σ as they are given are said to be too small"""


def noise_words(target: LogPosterior) -> str:
    """Return a sentence on the noise that the posterior assumes."""
    if not target.noise_known:
        models = target.problem.models.items()
        lawful = [n for n, m in models if m.measured.whitening is not None and m.measured.sigma is None]
        law = f" Points of {', '.join(lawful)} count by the noise law that their residuals follow." if lawful else ""
        return (
            "Not every data set brings standard deviations: the noise is unknown, of one size over the weights, and "
            f"integrated over with the prior 1/s, which gives Student's t.{law}"
        )
    said = "The standard deviations of the data were taken as they are given."
    scales = {n: s for n, s in target.problem.error_scales.items() if s != 1.0}
    if scales:
        listed = ", ".join(f"{name} × {scale:.3g}" for name, scale in scales.items())
        said = f"The standard deviations of the data were multiplied as in the refinement: {listed}."
    if target.factor > 1.0:
        return f"{said} All were multiplied by √χ²_red of the fit, {target.factor:.3g}."
    return said


def errors_scaled(target: LogPosterior) -> bool:
    """Say whether the scaled standard errors of the fit are those of the noise that the posterior assumes."""
    scaled = any(s != 1.0 for s in target.problem.error_scales.values())
    return scaled or target.factor > 1.0 or not target.noise_known


def findings(
    target: LogPosterior, chi2: FloatArray, fit: Result, refined: float, marginals: Mapping[str, Marginal]
) -> list[str]:
    """Return in sentences what a reader of the fit alone would miss; chi2: of all draws, refined: that of the fit."""
    notes = []
    for address, m in marginals.items():
        if m.limit == "none":
            notes.append(f"{address} fills the range between its bounds: the data say next to nothing of it.")
        elif m.limit and m.limit_95 is not None:
            side = "below" if m.limit == "upper" else "above"
            notes.append(f"{address} is {side} {m.limit_95:.3g}{m.unit and ' '}{m.unit} with 95 % probability.")
        elif m.stderr is not None and not m.linear and not 0.8 < _error_as_sampled(target, m) / m.std < 1.25:
            notes.append(
                f"{address}: the standard error of the refinement is {_error_as_sampled(target, m):.2g}, the standard "
                f"deviation of the posterior {m.std:.2g}: the quadratic approximation does not hold."
            )
        elif m.stderr is not None and not m.linear and abs(m.median - m.value) > 0.5 * m.std:
            notes.append(
                f"{address}: the median, {m.median:.5g}, lies {abs(m.median - m.value) / m.std:.1f} standard "
                f"deviations from the least-squares value, {m.value:.5g}: the posterior is lopsided."
            )
    if not fit.converged:
        notes.append(f"the refinement that the sampling began from did not converge: {fit.message}.")
    best = float(np.nanmin(chi2)) if chi2.size else np.inf
    if target.noise_known and best < refined - 4.0 * target.factor**2:
        notes.append(
            f"the sampling found a better fit (χ² {best:.5g}) than the refinement ({refined:.5g}): begin the "
            "refinement there (`best` in posterior.json), or with several starts."
        )
    if target.noise_known and target.factor == 1.0:
        gof = np.sqrt(refined / max(1, target.freedom - len(target.problem.free)))
        if gof > MISFIT:
            notes.append(
                f"the misfit is {gof:.2g} times what the standard deviations of the data allow, so that all intervals "
                "are too narrow; --scaled multiplies them by that."
            )
    return notes


def _error_as_sampled(target: LogPosterior, m: Marginal) -> float:
    """Return the standard error of the refinement with the noise that the posterior assumes."""
    chosen = m.stderr_scaled if errors_scaled(target) else m.stderr
    return float(chosen or 0.0)
