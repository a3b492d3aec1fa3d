"""What a reduction starts from: an intensity over Q with the spread of its counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data import Curve
from nanocrystal.errors import InputError
from nanocrystal.reduction.spread import Spread

LARGEST_Q = 60.0
"""Å⁻¹; a larger abscissa is not a Q in Å⁻¹"""
FEWEST = 20
"""points"""
BEYOND = 1.000001
"""steps that an end of the data may be missed by: grids written with few digits"""

Sigma = Literal["file", "counting", "none"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Intensity:
    """An intensity over Q, what a reduction starts from.

    Parameters
    ----------
    q : array (n,)
        Å⁻¹, ascending
    value : array (n,)
        Counts, or in any other unit
    spread : Spread or None
        How the noise of the counts moves each point; None where no uncertainty is known
    name : str
        Of the file or the set, for messages
    source : str
        The file
    sha256 : str
        Of its bytes
    notes : tuple of str
        What was done to it, one sentence each
    """

    q: FloatArray
    value: FloatArray
    spread: Spread | None
    name: str = "data"
    source: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_curve(
        cls,
        curve: Curve,
        where: str = "",
        *,
        q_unit: Literal["1/angstrom", "1/nm"] = "1/angstrom",
        wavelength: float | None = None,
        sigma: Sigma | None = None,
    ) -> Intensity:
        """Return the intensity of a curve over q, or over two_theta with a wavelength (Å).

        q_unit: where the file states none, which is converted when it is read; sigma: that of the file, √I of raw
        counts ("counting"), or none [of the file where it has one].
        Raises InputError for another kind of curve, and where nothing can be reduced from it.
        """
        if curve.x_name not in ("q", "two_theta") or curve.y_name not in ("intensity", "y"):
            problem = (
                f"a reduction needs intensity over q or two_theta, but this holds {curve.y_name} over {curve.x_name}"
            )
            raise InputError(
                where, f'{curve.source}: {problem}; if it is that all the same, say columns = ["q", "intensity"].'
            )
        curve = curve.sound().single_valued()
        q = _momentum_transfer(curve, where, q_unit, wavelength)
        if len(q) < FEWEST:
            raise InputError(where, f"{curve.source} has {len(q)} points; a reduction needs at least {FEWEST}.")
        if q[0] < 0.0 or q[-1] > LARGEST_Q:
            raise InputError(
                where,
                f"{curve.source} has Q from {q[0]:g} to {q[-1]:g} Å⁻¹, but it must lie within 0 and {LARGEST_Q:g}; "
                'if it is in nm⁻¹ say q_unit = "1/nm", if it is 2θ say columns = ["two_theta", "intensity"].',
            )
        spread, said = _spread(curve, where, sigma)
        return cls(
            q=q,
            value=curve.y,
            spread=spread,
            name=curve.source,
            source=curve.source,
            sha256=curve.sha256,
            notes=(*curve.notes, *said),
        )

    @property
    def sigma(self) -> FloatArray | None:
        """The standard deviation of each point, (n,); None where it is not known."""
        return None if self.spread is None else self.spread.sigma()

    def between(self, low: float, high: float) -> Intensity:
        """Return the points with low <= q <= high, Å⁻¹."""
        kept = (self.q >= low - 1e-9) & (self.q <= high + 1e-9)
        spread = None if self.spread is None else self.spread.taken(kept)
        return replace(self, q=self.q[kept], value=self.value[kept], spread=spread)

    def at(self, q: FloatArray, where: str, of: str) -> Intensity:
        """Return the intensity at other q, interpolated linearly; raises InputError where it does not cover them.

        of: what the other q are those of, for the message.
        """
        if len(q) == len(self.q) and np.allclose(q, self.q, rtol=0.0, atol=1e-9):
            return self
        low, high = BEYOND * (self.q[1] - self.q[0]), BEYOND * (self.q[-1] - self.q[-2])
        if q[0] < self.q[0] - low or q[-1] > self.q[-1] + high:
            raise InputError(
                where,
                f"{self.name} goes from {self.q[0]:g} to {self.q[-1]:g} Å⁻¹ and does not cover {of}, from {q[0]:g} to "
                f"{q[-1]:g}; limit that with q_range = [{max(q[0], self.q[0]):g}, {min(q[-1], self.q[-1]):g}].",
            )
        matrix = interpolation(self.q, q)
        spread = None if self.spread is None else self.spread.through(matrix)
        return replace(self, q=q, value=np.asarray(matrix @ self.value), spread=spread)

    def times(self, factor: FloatArray | float) -> Intensity:
        """Return the intensity times a factor that is known exactly, (n,) or one number."""
        spread = None if self.spread is None else self.spread.scaled(factor)
        return replace(self, value=self.value * factor, spread=spread)


def interpolation(known: FloatArray, new: FloatArray) -> Any:
    """Return the sparse matrix (n_new, n_known) of linear interpolation, constant beyond the ends."""
    from scipy.sparse import csr_array

    at = np.clip(new, known[0], known[-1])
    left = np.clip(np.searchsorted(known, at, side="right") - 1, 0, len(known) - 2)
    part = (at - known[left]) / (known[left + 1] - known[left])
    rows = np.repeat(np.arange(len(new)), 2)
    columns = np.stack([left, left + 1], axis=1).ravel()
    return csr_array((np.stack([1.0 - part, part], axis=1).ravel(), (rows, columns)), shape=(len(new), len(known)))


def _momentum_transfer(curve: Curve, where: str, q_unit: str, wavelength: float | None) -> FloatArray:
    if curve.x_name == "q":
        return curve.x / 10.0 if q_unit == "1/nm" and not curve.stated.x_unit else curve.x
    if wavelength is None:
        raise InputError(where, f"{curve.source} is over 2θ; give the wavelength (Å) or the energy (eV).")
    if curve.x[-1] >= 180.0:
        raise InputError(where, f"{curve.source} goes to 2θ = {curve.x[-1]:g}°; it must stay below 180°.")
    return np.asarray(4.0 * np.pi / wavelength * np.sin(np.radians(curve.x) / 2.0))


def _spread(curve: Curve, where: str, sigma: Sigma | None) -> tuple[Spread | None, tuple[str, ...]]:
    """Return the spread of a curve, from its file, of counting or none, and a note on it."""
    if sigma == "file" and curve.sigma is None:
        raise InputError(where, f'{curve.source} has no σ; say sigma = "counting" for raw counts, or "none".')
    if sigma == "counting":
        if (curve.y < 0.0).any():
            first = int(np.flatnonzero(curve.y < 0.0)[0])
            problem = (
                f"counts must not be negative, but at {curve.x_name} = {curve.x[first]:g} there is {curve.y[first]:g}"
            )
            raise InputError(
                where, f'{curve.source}: {problem}; say sigma = "file" or "none" for data that are no counts.'
            )
        return Spread.of_counts(np.sqrt(np.maximum(curve.y, 1.0))), ("σ = √I, as of raw counts.",)
    if sigma == "none" or curve.sigma is None:
        said = (
            ()
            if sigma == "none"
            else ('the file has no σ: no uncertainty is given (say sigma = "counting" for raw counts).',)
        )
        return None, said
    return Spread.of_counts(curve.sigma), ()
