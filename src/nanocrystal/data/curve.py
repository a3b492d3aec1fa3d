"""What was measured: one ordinate over one abscissa, with where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nanocrystal.data.checks import Fault
from nanocrystal.data.stated import Stated
from nanocrystal.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A measured curve as the file gives it.

    Parameters
    ----------
    x : array (n,)
        Ascending, with equal values where the file has them: "r" in Å, "q" in Å⁻¹, "two_theta" in °, "energy" in eV,
        or "x" where the user gave no more meaning than that.
    y : array (n,)
        "g" in Å⁻², "f" in Å⁻¹, "s" without unit, "intensity" in the unit of the file, or "y".
    sigma : array (n,) or None
        Standard deviation of y, positive, in the unit of y; None where the file has none.
    x_name, y_name : str
        Which of these they are.
    source : str
        The path as it was given.
    sha256 : str
        Of the bytes of the file.
    metadata : mapping of str to str
        The "key = value" pairs of the header, keys in lower case; where a key comes twice the last one stands.
    notes : tuple of str
        Sentences on what the reader left out or decided.
    resolution : array (n,) or None
        Standard deviation of x, at least 0; None where the file has none.
    stated : Stated
        What the file says of its measurement: radiation, wavelength, composition, …
    faults : tuple of Fault
        Points of the file that cannot be used and are not in the curve; `sound` refuses them.
    """

    x: FloatArray
    y: FloatArray
    sigma: FloatArray | None
    x_name: str
    y_name: str
    source: str
    sha256: str
    metadata: Mapping[str, str]
    notes: tuple[str, ...]
    resolution: FloatArray | None = None
    stated: Stated = field(default_factory=Stated)
    faults: tuple[Fault, ...] = ()

    def sound(self) -> Curve:
        """Return the curve; raises InputError where points in its range cannot be used."""
        if self.faults:
            raise self.faults[0].error
        return self

    def faults_within(self, low: float, high: float) -> tuple[Fault, ...]:
        """Return those of the faults that lie between two abscissae."""
        return tuple(f for fault in self.faults if (f := fault.within(low, high)) is not None)

    def scaled(self, scale: Callable[[FloatArray], FloatArray]) -> Curve:
        """Return the curve over an abscissa in another unit; scale: of an array in that of now."""
        width = None if self.resolution is None else scale(self.resolution)
        return replace(self, x=scale(self.x), resolution=width, faults=tuple(f.scaled(scale) for f in self.faults))

    def single_valued(self) -> Curve:
        """Return the curve with one point at each abscissa: the mean of those that share it, by 1/σ² where σ is known.

        For what is interpolated; a resolution is that of the first.
        """
        if not (np.diff(self.x) == 0.0).any():
            return self
        starts = np.flatnonzero(np.concatenate([[True], np.diff(self.x) > 0.0]))
        weight = np.ones_like(self.y) if self.sigma is None else 1.0 / self.sigma**2
        total = np.add.reduceat(weight, starts)
        return replace(
            self,
            x=self.x[starts],
            y=np.add.reduceat(weight * self.y, starts) / total,
            sigma=None if self.sigma is None else 1.0 / np.sqrt(total),
            resolution=None if self.resolution is None else self.resolution[starts],
        )

    def kept(self, which: NDArray[np.bool_]) -> Curve:
        """Return the points that are marked, which: (n,)."""
        sigma = None if self.sigma is None else self.sigma[which]
        resolution = None if self.resolution is None else self.resolution[which]
        return replace(self, x=self.x[which], y=self.y[which], sigma=sigma, resolution=resolution)

    def between(self, low: float, high: float, where: str) -> Curve:
        """Return the points with low <= x <= high, limits in the unit of x.

        Raises InputError where low is not below high, where a limit lies outside the data by more
        than one step, or where no point lies between the limits.
        """
        limits = f"the range of {self.x_name} from {low:g} to {high:g}"
        data = f"{self.source} has {self.x_name} from {self.x[0]:g} to {self.x[-1]:g}"
        if not low < high:
            raise InputError(where, f"{limits} is empty: the lower limit must be below the upper; {data}")
        steps = np.diff(self.x) if len(self.x) > 1 else np.zeros(1)
        steps = steps[steps > 0.0] if (steps > 0.0).any() else steps
        # A grid that was stored in single precision ends a little before its nominal end.
        first_step, last_step = 1.000001 * steps[0], 1.000001 * steps[-1]
        ends = [self.x, *(f.x for f in self.faults)]
        first, last = min(float(x.min()) for x in ends), max(float(x.max()) for x in ends)
        if low < first - first_step or high > last + last_step:
            raise InputError(where, f"{limits} reaches outside the data; {data}")
        inside = (self.x >= low) & (self.x <= high)
        if not inside.any():
            raise InputError(where, f"{limits} holds no point; {data} in {len(self.x)} points")
        return replace(self.kept(inside), faults=self.faults_within(low, high))
