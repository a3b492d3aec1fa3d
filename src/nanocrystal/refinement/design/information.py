"""What data that are not measured yet would say of each parameter: the information matrix and its inverse.

With Gaussian noise of the standard deviations σ_i and the derivatives J of the calculated curves by all parameters,
linear ones included, the information is F = Jᵀ diag(1/σ²) J. It adds up over data sets, and its inverse is the
covariance that a refinement will find (R. A. Fisher, Phil. Trans. R. Soc. A 222, 309 (1922); Rao, Bull. Calcutta
Math. Soc. 37, 81 (1945)). That is the quadratic approximation: it holds where a parameter is determined much better
than the curves need to bend, and away from bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nanocrystal.report.plan.result import DEGENERATE, UndeterminedCombination

FloatArray = NDArray[np.float64]
INVOLVED = 0.1
"""part in an undetermined combination from which on a parameter counts as one of it"""
FARTHEST = 1e9
"""times the counts, beyond which no counting is thought of"""


@dataclass(frozen=True)
class ExpectedNoise:
    """The noise of a curve: `counts` at the highest point, or `sigma` of every point; fixed: no counting changes it."""

    counts: float | None = None
    sigma: FloatArray | float | None = None
    fixed: bool = False

    def sigmas(self, curve: FloatArray, factor: float) -> FloatArray:
        """Return σ of each point (n_points,) with `factor` times the counts; σ of less than one count is that of 1."""
        if self.counts is not None:
            unit = float(curve.max()) / (self.counts * factor)
            return np.asarray(unit * np.sqrt(np.maximum(curve / unit, 1.0)))
        assert self.sigma is not None
        sigma = np.broadcast_to(np.asarray(self.sigma, dtype=np.float64), curve.shape)
        return np.asarray(sigma if self.fixed else sigma / np.sqrt(factor))


@dataclass(frozen=True)
class Slopes:
    """A data set to come: curve (n_points,), its derivatives (n_points, n_parameters), and its noise."""

    x: FloatArray
    curve: FloatArray
    jacobian: FloatArray
    noise: ExpectedNoise

    def information(self, factor: float = 1.0, kept: NDArray[np.bool_] | None = None) -> FloatArray:
        """Return F (n_parameters, n_parameters) with `factor` times the counts, of the points `kept` (n_points,)."""
        weighted = self.jacobian / self.noise.sigmas(self.curve, factor)[:, None]
        if kept is not None:
            weighted = weighted[kept]
        return np.asarray(weighted.T @ weighted)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A data set of a plan; ranges: key ("qmax", "qmin", …) -> its steps, each a value and the data set up to there.

    A step is a choice of points of the data set itself, or another data set altogether (another qmax of a PDF).
    stated: key -> its value in the study.
    """

    name: str
    technique: str
    slopes: Slopes
    x_name: str
    x_unit: str
    range_unit: str
    noise_words: str
    ranges: Mapping[str, Sequence[tuple[float, Slopes, NDArray[np.bool_] | None]]]
    stated: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A parameter of a plan: its value, unit, bounds and what change of it matters."""

    address: str
    value: float
    unit: str
    description: str
    scale: float
    low: float
    high: float
    linear: bool
    quantity: str = ""
    definition: str = ""

    @property
    def size(self) -> float:
        """The value, or what change matters where it is 0: what relative changes are relative to."""
        return abs(self.value) or self.scale


@dataclass(frozen=True)
class Forecast:
    """What an information matrix says; F: (n, n).

    stderr: (n,), not a number where nothing is determined; correlations: (n, n).
    """

    parameters: Sequence[Named]
    information: FloatArray

    @cached_property
    def _solved(self) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Return the covariance, the open directions (n_open, n) as changes of parameters, and which are open (n,)."""
        diagonal = np.sqrt(np.diag(self.information))
        norms = np.where(diagonal > 0.0, diagonal, 1.0)
        values, vectors = np.linalg.eigh(self.information / np.outer(norms, norms))
        good = values > DEGENERATE**2 * max(float(values[-1]), 1e-300)
        inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T
        covariance = inverse / np.outer(norms, norms)
        blind = diagonal == 0.0
        unseen = (np.abs(vectors[:, ~good]) > INVOLVED).any(axis=1) | blind
        directions = (vectors[:, ~good] / norms[:, None]).T
        return covariance, directions[[not blind[np.argmax(np.abs(v))] for v in vectors[:, ~good].T]], unseen

    @property
    def covariance(self) -> FloatArray:
        """(n, n); of undetermined ones it means nothing."""
        return self._solved[0]

    @cached_property
    def stderr(self) -> FloatArray:
        """Standard errors (n,), not a number where a parameter is not determined."""
        covariance, _, unseen = self._solved
        return np.asarray(np.where(unseen, np.nan, np.sqrt(np.maximum(np.diag(covariance), 0.0))))

    @property
    def unseen(self) -> list[str]:
        """Addresses that nothing of the data depends on."""
        return [p.address for p, f in zip(self.parameters, np.diag(self.information), strict=True) if f == 0.0]

    @property
    def undetermined(self) -> list[str]:
        """Addresses without a standard error."""
        return [p.address for p, e in zip(self.parameters, self.stderr, strict=True) if not np.isfinite(e)]

    @property
    def alone(self) -> FloatArray:
        """Standard errors (n,) if all other parameters were known; infinite for those that no data set depends on."""
        diagonal = np.diag(self.information)
        return np.asarray(np.where(diagonal > 0.0, 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0)), np.inf))

    @cached_property
    def correlations(self) -> FloatArray:
        """(n, n), not a number for undetermined parameters."""
        spread = self.stderr
        return np.asarray(np.clip(self.covariance / np.outer(spread, spread), -1.0, 1.0))

    @property
    def combinations(self) -> list[UndeterminedCombination]:
        """What can change together unseen; changes relative to the values, the largest is 1."""
        unseen = []
        sizes = np.array([p.size for p in self.parameters])
        for direction in _sparse(self._solved[1]):
            weight = np.abs(direction) * np.sqrt(np.diag(self.information))
            involved = np.flatnonzero(weight > INVOLVED * weight.max())
            relative = direction / sizes
            relative = relative / relative[involved][np.argmax(np.abs(relative[involved]))]
            order = involved[np.argsort(-np.abs(relative[involved]))]
            unseen.append(UndeterminedCombination({self.parameters[k].address: float(relative[k]) for k in order}))
        return unseen

    def of(self, address: str) -> float:
        """Return the standard error of one parameter."""
        return float(self.stderr[[p.address for p in self.parameters].index(address)])


def _sparse(directions: FloatArray) -> FloatArray:
    """Return the same space spanned by directions that involve few parameters: reduced by elimination, (n_open, n)."""
    rows = directions.copy()
    size = np.linalg.norm(rows, axis=0)
    rows = rows / np.where(size > 0.0, size, 1.0)
    for k in range(len(rows)):
        pivot = int(np.argmax(np.abs(rows[k])))
        rows[k] /= rows[k, pivot]
        for other in range(len(rows)):
            if other != k:
                rows[other] -= rows[other, pivot] * rows[k]
    rows[np.abs(rows) < 1e-6] = 0.0
    return np.asarray(rows * size)


def joint(
    parameters: Sequence[Named], planned: Sequence[Planned], factors: Mapping[str, float] | float = 1.0
) -> Forecast:
    """Return what all data sets say together; factors: by what the counts of each are multiplied."""
    by = {p.name: factors if isinstance(factors, float | int) else factors.get(p.name, 1.0) for p in planned}
    total = sum((p.slopes.information(by[p.name]) for p in planned), np.zeros((len(parameters), len(parameters))))
    return Forecast(parameters, total)


def counts_needed(
    parameters: Sequence[Named], planned: Sequence[Planned], address: str, target: float, counted: Sequence[str]
) -> float | None:
    """Return by what the counts of the data sets `counted` must be multiplied for a standard error of `target`.

    None where no counting gets there: the others, or what is not determined, leave more.
    """

    def error(log_factor: float) -> float:
        stderr = joint(parameters, planned, {name: float(np.exp(log_factor)) for name in counted}).of(address)
        return stderr if np.isfinite(stderr) else np.inf

    low, high = -np.log(FARTHEST), np.log(FARTHEST)
    if error(high) > target:
        return None
    if error(low) <= target:
        return 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if error(middle) > target else (low, middle)
        if high - low < 1e-4:
            break
    return float(np.exp(high))
