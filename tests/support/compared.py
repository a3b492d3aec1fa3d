"""Results made by hand, for the tests of comparisons: straight lines and given residuals instead of refinements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nanocrystal.report.refined.result import Estimate, FittedCurve, ParameterCorrelations, Result

FloatArray = NDArray[np.float64]


def curve(observed: FloatArray, calculated: FloatArray, sigma: FloatArray | None, **more: object) -> FittedCurve:
    """Return a data set over Q from 1 to 3 Å⁻¹."""
    given: dict[str, object] = {
        "technique": "total-scattering", "x": np.linspace(1.0, 3.0, len(observed)), "observed": observed,
        "sigma": sigma, "calculated": calculated, "background": None, "x_name": "Q", "x_unit": "Å⁻¹",
        "y_name": "intensity", "y_unit": "", "n_points": len(observed), "rw": 0.05, "rwp": 0.05,
        "rwp_without_background": None, "chi2_red": None, "gof": None, "weights": "1/σ²", "source": "made.csv",
    }  # fmt: skip
    return FittedCurve(**{**given, **more})  # type: ignore[arg-type]


def result(datasets: dict[str, FittedCurve], n_parameters: int, converged: bool = True, **more: object) -> Result:
    """Return a result with so many refined parameters."""
    parameters = {
        f"crystals.x.p{k}": Estimate(value=1.0, stderr=0.1, stderr_scaled=0.1, unit="Å", status="free")
        for k in range(n_parameters)
    }
    given: dict[str, object] = {
        "title": "made", "version": "0", "converged": converged, "message": "as told", "elapsed_s": 1.0,
        "n_evaluations": 1, "parameters": parameters, "derived": {}, "datasets": datasets,
        "correlations": ParameterCorrelations(), "inputs": {}, "notes": [], "sizes": {}, "structures": {},
        "provenance": {},
    }  # fmt: skip
    return Result(**{**given, **more})  # type: ignore[arg-type]


def of_residuals(residuals: dict[str, FloatArray], n_parameters: int = 10) -> dict[str, Result]:
    """Return a result for each candidate with these residuals (n_points,), σ = 1, the observed values 100."""
    n = len(next(iter(residuals.values())))
    observed, sigma = np.full(n, 100.0), np.ones(n)
    return {c: result({"iq": curve(observed, observed - r, sigma)}, n_parameters) for c, r in residuals.items()}


def smooth(rng: np.random.Generator, n: int, width: float) -> FloatArray:
    """Return (n,) normal deviates of variance 1, correlated over this width (points): white noise, smoothed."""
    reach = int(4 * width) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    return np.convolve(rng.normal(size=n + 2 * reach), kernel, "valid")
