"""Curves as they are measured, calculated and drawn, and what data sets state of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.numbers import finite_number
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares, Limits

MOST_POINTS = 10_000_000
"""of a grid"""


@dataclass(frozen=True)
class Axis:
    """The name and unit of an abscissa or ordinate, as printed and as written to files."""

    name: str
    unit: str


@dataclass(frozen=True)
class Measured:
    """The points that are compared; arrays (n_points,). observed None: nothing was measured, simulate.

    weights: one sentence on where the weights come from; notes: what was done to the file's data; labels: names of
    the points, (n_points,), where they are no curve: x then only counts them, and each is a measurement of its own;
    column: SHA-256 of all ordinates that were read, by which one column of a file is told from another; columns:
    SHA-256 of file and column of each curve, where they are several; whitening:
    (n_independent, n_points), where the noise of the points is correlated: what makes independent residuals of them,
    of unit variance, or of one unknown variance where there is no sigma;
    information: how many independent measurements the residuals of a whitening are worth where they are not as many as
    these, since points overlap; None: as many;
    overlap: (n_independent, n_independent), the covariance of the residuals of a whitening that leaves them dependent;
    counts_per_unit: of counted points, by what a value is multiplied to be a number of counts, which follows Poisson's
    law; None where they are not counted. sigma is then that of the counts that the model expects, once there is one;
    shift: what the noise of counted blanks was found to be, taken from observed and calculated values alike.
    """

    x: FloatArray
    observed: FloatArray | None
    sigma: FloatArray | None
    weights: str
    source: str
    sha256: str | None
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    column: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    whitening: FloatArray | None = None
    counts_per_unit: float | None = None
    shift: FloatArray | None = None
    information: float | None = None
    overlap: FloatArray | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the points follow Poisson's law."""
        return self.counts_per_unit is not None

    @property
    def noise_of_blanks(self) -> FloatArray:
        """What observed values lack of those that were measured, (n_points,)."""
        return np.zeros(len(self.x)) if self.shift is None else self.shift

    @property
    def n_independent(self) -> int:
        """How many independent residuals the points hold."""
        return len(self.x) if self.whitening is None else len(self.whitening)

    @property
    def n_measurements(self) -> float:
        """How many independent measurements the points are worth."""
        return float(self.n_independent) if self.information is None else self.information

    def whitened(self, values: FloatArray, error_scale: float = 1.0) -> FloatArray:
        """Return curves (…, n_points) as residuals count them, (…, n_independent): over σ, or independent.

        error_scale: by what the σ are multiplied.
        """
        if self.whitening is not None:
            return np.asarray(values @ self.whitening.T / error_scale)
        weights = np.ones(len(self.x)) if self.sigma is None else 1.0 / self.sigma
        return np.asarray(values * (weights / error_scale))

    @property
    def alike(self) -> FloatArray:
        """The weights (n_points,) of R_w: 1/σ², or 1 where σ is not known or the points are correlated."""
        plain = self.sigma is None or self.whitening is not None
        return np.ones(len(self.x)) if plain else np.asarray(self.sigma) ** -2

    def weighted_r(self, calculated: FloatArray, background: FloatArray | None = None) -> float:
        """Return R_w of a calculated curve, a fraction, over what is observed, above a background if one is given.

        Of points that are worth less than they are many (`information`) it is that of their residuals.
        """
        assert self.observed is not None
        if self.information is not None:
            net = self.observed if background is None else self.observed - background
            left, whole = self.whitened(self.observed - calculated), self.whitened(net)
            return float(np.sqrt(left @ left / (whole @ whole)))
        above = self.observed + self.noise_of_blanks if background is None else self.observed - background
        misfit = self.alike @ (self.observed - calculated) ** 2
        return float(np.sqrt(misfit / (self.alike @ above**2)))


@dataclass(frozen=True)
class Drawing:
    """A calculated curve on a finer grid than the data, for figures; arrays (n,).

    components: contributions to it, by the names that `Model.components` gives them.
    """

    x: FloatArray
    observed: FloatArray | None
    calculated: FloatArray
    components: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Stretch:
    """One of several curves in a data set: its points are start to stop (not included), of the drawing fine_…

    label: what stands beside it in a figure, the name where it is empty.
    """

    name: str
    start: int
    stop: int
    fine_start: int = 0
    fine_stop: int = 0
    label: str = ""


@dataclass(frozen=True)
class Stack:
    """A data set of several curves that follow each other.

    style: how figures show them, "offset" (one above the other) or "decays" (each over its beginning, logarithmic).
    """

    style: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Trend:
    """Quantities of the members of a stack against what was changed from one to the next, for a figure and a CSV.

    x: (n,) with names (n,); series: name -> addresses of derived quantities (n,); factor: from their unit to that of
    y_axis.
    """

    caption: str
    x_axis: Axis
    y_axis: Axis
    names: tuple[str, ...]
    x: tuple[float, ...]
    series: Mapping[str, tuple[str, ...]]
    factor: float = 1.0
    y_log: bool = False
    x_reversed: bool = False


@dataclass(frozen=True)
class Look:
    """How figures show a data set.

    x_reversed: from large to small x, as spectra over ppm; components_shown: from the start; log_axes: both axes
    logarithmic; stack: where the points are those of several curves, one after the other.
    """

    x_reversed: bool = False
    components_shown: bool = False
    log_axes: bool = False
    stack: Stack | None = None


@dataclass(frozen=True)
class Noise(Declares):
    """Noise of a simulated curve: Poisson noise of `counts` where data are counted, else normal noise of `sigma`."""

    counts: Annotated[float | None, "Poisson noise: counts at the highest point", Limits(above=0.0)] = None
    sigma: Annotated[float | None, "normal noise of this standard deviation", Limits(above=0.0)] = None
    seed: Annotated[int, "the same seed gives the same noise", Limits(least=0)] = 0


def grid_from_text(text: str, where: str) -> FloatArray:
    """Return the points of 'start:stop:step', both ends included; raises InputError."""
    parts = [finite_number(part) for part in text.split(":")]
    if len(parts) != 3 or any(p is None for p in parts):
        raise InputError(where, f"expected START:STOP:STEP, for instance 0.5:20:0.01, got {text!r}.")
    start, stop, step = (p for p in parts if p is not None)
    if not (step > 0.0 and stop > start):
        raise InputError(where, f"needs START < STOP and a positive STEP, got {text!r}.")
    with np.errstate(over="ignore"):
        steps = float(np.float64(stop - start) / step)
    if not 1.0 - 1e-6 <= steps < MOST_POINTS:
        raise InputError(
            where, f"would have {np.floor(steps + 1e-6) + 1.0:.10g} points; between 2 and {MOST_POINTS:,} are possible."
        )
    n_points = int(np.floor(steps + 1e-6)) + 1
    if start + step == start or stop - step == stop:
        raise InputError(where, f"has a step that is too small to tell {stop:g} from the point before, got {text!r}.")
    return np.asarray(start + step * np.arange(n_points), dtype=np.float64)
