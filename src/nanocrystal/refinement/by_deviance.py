"""A descent on the deviance itself, for counted points whose weights and minimum go to and fro.

Weights 1/m of the minimum before lead to the likeliest values where the model is near the data. Where it is far from
them the minimum with the weights of one point may be the other of two, for ever. The signed roots of the deviance are
residuals whose squares add up to it, so that least squares in all parameters, linear ones included, goes down in any
case; only the derivatives of these roots by m, −|n − m|/(m √D), are new.
"""

from __future__ import annotations

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.errors import InputError, RefinementError
from nanocrystal.measurement import Model
from nanocrystal.refinement.problem import Point, Problem

TOLERANCE = 1e-10
"""relative change of the deviance that ends the descent"""
FEWEST = 1e-9
"""of the largest expected count: what is expected below −FEWEST is refused"""


def least_deviance(problem: Problem, point: Point, max_iterations: int) -> tuple[Problem, Point, bool]:
    """Return the problem weighed at the least deviance near a point, the point there, and whether it was reached."""
    from scipy.optimize import least_squares

    whole = problem.with_linear_varied(point)
    low, high = whole.bounds
    roots = _Roots(whole)
    solution = least_squares(
        roots.residual,
        np.clip(whole.start, low, high),
        jac=roots.jacobian,
        bounds=(low, high),
        x_scale="jac",
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
        max_nfev=max_iterations,
    )
    weighed = problem.expecting(whole.point(solution.x))
    values = dict(zip((d.address for d in whole.free), solution.x, strict=True))
    reached = weighed.point(np.array([values[d.address] for d in problem.free]))
    return weighed, reached, solution.status > 0


class _Roots:
    """Residuals whose squares add up to the deviance of counted points, and to χ² of the others."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def residual(self, x: FloatArray) -> FloatArray:
        """Return (n_independent,); not finite where nothing can be calculated, so that the step is refused."""
        try:
            point = self.problem.point(x)
        except (InputError, RefinementError):
            return np.full(self.problem.n_points, np.nan)
        return np.concatenate([self._of(name, model, point) for name, model in self.problem.models.items()])

    def _of(self, name: str, model: Model, point: Point) -> FloatArray:
        here = point.datasets[name]
        if not model.measured.is_counted:
            return here.residual
        if here.calculated.min() < -FEWEST * here.calculated.max():
            return np.full(len(here.calculated), np.nan)
        signed = model.deviances(here.calculated)
        return np.asarray(np.copysign(np.sqrt(np.abs(signed)), signed)) / self.problem.error_scales[name]

    def jacobian(self, x: FloatArray) -> FloatArray:
        """Return (n_independent, n_parameters)."""
        point = self.problem.point(x)
        slopes = self.problem.derivatives(point)
        blocks = []
        for name, model in self.problem.models.items():
            if model.measured.is_counted:
                by_m = _slope_of_root(model, point.datasets[name].calculated) / self.problem.error_scales[name]
                blocks.append(by_m[:, None] * slopes[name])
            else:
                blocks.append(-self.problem.whitened(name, slopes[name].T).T)
        return np.concatenate(blocks)


def _slope_of_root(model: Model, calculated: FloatArray) -> FloatArray:
    """Return the derivatives of signed roots of the deviance by what is calculated, (n_points,)."""
    per_unit, observed = model.measured.counts_per_unit, model.measured.observed
    assert per_unit is not None
    assert observed is not None
    n = per_unit * (observed + model.measured.noise_of_blanks)
    m = np.maximum(per_unit * calculated, FEWEST * max(float(n.max()), 1.0))
    root = np.sqrt(np.abs(model.deviances(calculated)))
    near = np.abs(n - m) < 1e-4 * m
    return np.asarray(-per_unit * np.where(near, 1.0 / np.sqrt(m), np.abs(n - m) / (m * np.where(near, 1.0, root))))
