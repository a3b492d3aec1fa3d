"""What a misfit says when it is held against what noise alone gives, in both directions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.measurement import Model
from nanocrystal.refinement.comparison import scaled_residual_of
from nanocrystal.refinement.probability import chi2_below, normal_below
from nanocrystal.report.refined.result import POOR, FittedCurve

IMPROBABLE = 1e-4
"""chance below which a χ²_red is remarked on as too low for noise of these σ"""
ABOVE_EXPECTED = 2.0
"""times what R_w would be of noise alone"""
NOTEWORTHY_R = 0.25
"""R_w above which data without σ are remarked on"""
USUAL = {"pdf": "of PDFs of nanocrystals 10 to 35 % is usual"}
"""what is known of R_w, by technique"""
PARTS = 10
"""into which a curve is divided to say where its misfit is"""
FEWEST = 20
"""points from which on a straight line is a model to compare with"""


def scaled(curve: FittedCurve) -> FloatArray:
    """Return residuals over σ, point by point, or as they are without any, (n_points,).

    Of points that are worth less than they are many it is what is compared of them.
    """
    if curve.information is not None and curve.residual is not None:
        return curve.residual
    difference = curve.observed - curve.calculated
    return difference if curve.sigma is None else difference / curve.sigma


def doubts(datasets: Mapping[str, FittedCurve], models: Mapping[str, Model]) -> list[str]:
    """Return why a result is doubtful, whatever the optimiser says; empty where it is not."""
    found = []
    for name, curve in datasets.items():
        if curve.scale is not None and curve.scale <= 0.0:
            problem = "negative" if curve.scale < 0.0 else "zero"
            upside = "the model is upside down" if curve.scale < 0.0 else "nothing of the sample is seen"
            found.append(f"{models[name].scale} is {problem} ({curve.scale:.3g}): {upside}.")
        elif curve.rw >= POOR and not curve.is_noise:
            found.append(
                f"datasets.{name}: R_w is {100.0 * curve.rw:.0f} %, the model does not describe these data; "
                "look at the figure, the starting values and the units."
            )
        elif not curve.labels and curve.look.stack is None and _line_does_as_well(curve):
            found.append(
                f"datasets.{name}: a straight line describes these data as well as the model does, so they say nothing "
                "of it; look at the figure and the range."
            )
    return found


def _line_does_as_well(curve: FittedCurve) -> bool:
    n = curve.n_points
    if n < FEWEST or np.ptp(curve.x) == 0.0 or curve.information is not None:
        return False
    weights = np.ones(n) if curve.sigma is None else 1.0 / curve.sigma
    x = (curve.x - curve.x.mean()) / np.ptp(curve.x)
    columns = np.stack([np.ones(n), x], axis=1) * weights[:, None]
    target = curve.observed * weights
    rest = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    of_model = scaled(curve)
    return bool(rest @ rest <= of_model @ of_model)


def misfit_notes(datasets: Mapping[str, FittedCurve]) -> list[str]:
    """Return sentences on misfits that noise does not explain, and on those that are too small for it."""
    found = []
    for name, curve in datasets.items():
        if curve.labels or (curve.rw >= POOR and not curve.is_noise):
            continue  # what is no curve has remarks of its own; the other is said among the doubts
        if curve.gof is not None and curve.gof > ABOVE_EXPECTED:
            found.append(
                f"datasets.{name}: R_w {100.0 * curve.rw:.2g} % is {curve.gof:.2g} times what noise of these σ gives "
                f"({100.0 * curve.rw / curve.gof:.2g} %){_where(curve)}: the model or the σ are incomplete, and the "
                "unscaled uncertainties are too small."
            )
        elif curve.sigma is None and curve.rw > NOTEWORTHY_R:
            usual = USUAL.get(curve.technique, "")
            found.append(
                f"datasets.{name}: R_w is {100.0 * curve.rw:.0f} %{f' ({usual})' if usual else ''}{_where(curve)}; "
                "look at the difference curve."
            )
        elif curve.chi2_red is not None and _too_low(curve):
            by = f"about {1.0 / curve.gof:.2g} times " if curve.gof else ""
            found.append(
                f"datasets.{name}: χ²_red is {curve.chi2_red:.2g}, less than noise of these σ leaves by chance: the σ "
                f"are {by}too large, or the points are not independent, and uncertainties from them are too large."
            )
    return found


def _too_low(curve: FittedCurve) -> bool:
    assert curve.chi2_red is not None
    squares = scaled_residual_of(curve) ** 2
    freedom = float(squares.sum() / curve.chi2_red) if curve.chi2_red > 0.0 else float(curve.n_independent)
    if curve.is_counted:  # Pearson's χ² of few counts scatters more: by 2 + 1/m a point
        assert curve.sigma is not None
        of_points = 2.0 + 1.0 / np.maximum(curve.sigma**2, 1e-12)
        spread = np.sqrt(float(np.mean(np.minimum(of_points, 1e6))) / freedom)
        return normal_below((curve.chi2_red - 1.0) / spread) < IMPROBABLE
    return chi2_below(curve.chi2_red * freedom, freedom) < IMPROBABLE


def _where(curve: FittedCurve) -> str:
    """Return where most of a misfit is, in words; empty where it is spread over the whole curve."""
    n = curve.n_points
    if curve.labels or curve.look.stack is not None or n < 2 * PARTS:
        return ""
    squares = scaled(curve) ** 2
    starts = np.linspace(0, n, PARTS + 1).astype(int)
    sums = np.add.reduceat(squares, starts[:-1])
    order = np.argsort(sums)[::-1]
    share = np.cumsum(sums[order]) / max(float(squares.sum()), np.finfo(float).tiny)
    count = int(np.searchsorted(share, 0.5)) + 1
    if count > PARTS // 3:
        return ""
    chosen = sorted(int(k) for k in order[:count])
    begins = [k for k in chosen if k - 1 not in chosen]
    ends = [k for k in chosen if k + 1 not in chosen]
    pairs = zip(begins, ends, strict=True)
    places = [f"{curve.x[starts[k]]:.3g} to {curve.x[starts[m + 1] - 1]:.3g}" for k, m in pairs]
    unit = f" {curve.x_unit}" if curve.x_unit else ""
    return f", half of it at {curve.x_name} = {' and '.join(places)}{unit}"
