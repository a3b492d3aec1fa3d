"""What an NMR measurement is once it was read, whatever program wrote it.

Signs and zeros are the same for all formats: a line above the carrier (higher ppm) turns as exp(+2πi f t) in the FID,
f in Hz from the carrier; t = 0 is where the signal begins, so the first points of a digitally filtered FID have t < 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nanocrystal.arrays import ComplexArray, FloatArray
from nanocrystal.data.numbers import finite_number, number_of
from nanocrystal.errors import InputError

UNITS = {"time": "s", "frequency": "Hz", "shift": "ppm"}
"""domain -> unit of x"""
Domain = Literal["time", "frequency", "shift"]
MHZ = (1.0, 3000.0)
"""between which the frequencies of nuclei in the fields of spectrometers are"""
WIDEST_PPM = 20000.0
"""ppm beyond which no axis goes: ²⁰⁷Pb and ¹⁹⁵Pt span 15 000"""
WIDTHS = (1e-3, 1e10)
"""Hz, between which spectra are wide"""
LARGEST = 1e100
"""of an intensity: its square must be a number, too"""
APART = 0.05
"""of the frequency, by which the carrier may be from 0 ppm: ²⁰⁷Pb and ¹⁹⁵Pt span 0.015"""


@dataclass(frozen=True, eq=False)
class IndirectAxis:
    """What was changed from one trace of a series to the next.

    Parameters
    ----------
    name : str
        "delay", "gradient", "loops", "pulse" or "trace".
    unit : str
        "s", "T/m" or "".
    values : array (n_traces,)
        In that unit.
    source : str
        The list or parameter that says so.
    """

    name: str
    unit: str
    values: FloatArray
    source: str


@dataclass(frozen=True, kw_only=True, eq=False)
class NmrData:
    """An FID, a spectrum, or a series of either.

    Parameters
    ----------
    domain : {"time", "frequency", "shift"}
        What x is.
    values : array (n_points,) or (n_traces, n_points), complex
        What was measured.
    x : array (n_points,)
        Ascending: t (s), f (Hz from the carrier) or δ (ppm), as `domain` says.
    complete : bool
        Whether the imaginary parts are measured.
    nucleus : str or None
        Such as "133Cs"; None where the file does not say (a table of two columns).
    carrier_mhz, reference_mhz : float or None
        Absolute frequency at f = 0 and at 0 ppm, MHz; None where the file does not say.
    format, source : str
        Whose format it is, and the path as it was given.
    indirect : IndirectAxis or None
        Of a series.
    temperature : float or None
        K.
    solvent, title : str or None
        As the file says.
    parameters : mapping
        All that the file says, by its own names; in Bruker data also delays_s ("d20"), pulses_us ("p30"),
        gradients_percent ("gpz6").
    notes : tuple of str
        Sentences on what the reader decided.
    """

    domain: Domain
    values: ComplexArray
    x: FloatArray
    complete: bool
    nucleus: str | None
    carrier_mhz: float | None
    reference_mhz: float | None
    format: str
    source: str
    indirect: IndirectAxis | None = None
    temperature: float | None = None
    solvent: str | None = None
    title: str = ""
    parameters: Mapping[str, Any] = ()  # type: ignore[assignment]
    notes: tuple[str, ...] = ()

    @property
    def n_traces(self) -> int:
        """How many FIDs or spectra there are."""
        return 1 if self.values.ndim == 1 else len(self.values)

    @property
    def unit(self) -> str:
        """The unit of x."""
        return UNITS[self.domain]

    @property
    def spectral_width_hz(self) -> float:
        """The width of the spectrum, 1/dwell time; raises InputError where ppm cannot be turned into Hz."""
        n, span = len(self.x), float(self.x[-1] - self.x[0])
        if self.domain == "time":
            return (n - 1) / span
        return span * n / (n - 1) * (1.0 if self.domain == "frequency" else self.hz_per_ppm)

    @property
    def hz_per_ppm(self) -> float:
        """What one ppm is in Hz; raises InputError where the file does not say."""
        if self.reference_mhz is None:
            raise InputError(
                self.source, "does not say the spectrometer frequency; give it in MHz (of the observed nucleus)."
            )
        return self.reference_mhz

    def trace(self, number: int) -> NmrData:
        """Return one trace of a series by itself, counted from 0; raises InputError."""
        if not -self.n_traces <= number < self.n_traces:
            raise InputError(self.source, f"has {self.n_traces} traces, counted from 0; there is no trace {number}.")
        return self if self.values.ndim == 1 else replace(self, values=self.values[number], indirect=None)

    def with_indirect(self, name: str, unit: str, values: FloatArray, source: str = "given") -> NmrData:
        """Return the same series with other values of what was changed; raises InputError for a wrong number."""
        axis = np.asarray(values, dtype=np.float64)
        if axis.shape != (self.n_traces,):
            raise InputError(self.source, f"has {self.n_traces} traces, but {axis.size} values of {name} were given.")
        return replace(self, indirect=IndirectAxis(name, unit, axis, source))


def complex_values(real: FloatArray, imaginary: FloatArray | None = None) -> ComplexArray:
    """Return values of two parts, of one shape, as they are: numbers that are not finite stay what they are."""
    values = np.zeros(np.shape(real), dtype=np.complex128)
    values.real = real
    if imaginary is not None:
        values.imag = imaginary
    return values


def time_axis(n_points: int, dwell_s: float, group_delay: float = 0.0) -> FloatArray:
    """Return t (s) of an FID whose signal begins `group_delay` points after its first."""
    return np.asarray((np.arange(n_points) - group_delay) * dwell_s)


def frequency_of(stated: Mapping[str, Any], key: str, path: Path) -> float | None:
    """Return a frequency that a file states (MHz), None where it says nothing or 0; raises InputError for others."""
    if stated.get(key) in (None, "") or finite_number(stated[key]) == 0.0:
        return None
    return number_of(stated, key, path, least=MHZ[0], most=MHZ[1], unit="MHz")


def sweep_of(stated: Mapping[str, Any], key: str, path: Path) -> float:
    """Return the width of the spectrum that a file states, Hz; raises InputError where it is none."""
    return number_of(stated, key, path, least=WIDTHS[0], most=WIDTHS[1], unit="Hz")


def checked(data: NmrData) -> NmrData:
    """Return the data; raises InputError where its numbers or its axis cannot be what was measured.

    That is: numbers that are not finite or beyond what anything counts, too few points, nothing but zeros, an axis that
    does not ascend, a signal that begins behind the last point, 0 ppm far from the carrier.
    """
    bad = int(np.count_nonzero(~np.isfinite(data.values)))
    if bad:
        raise InputError(data.source, f"holds {bad} points that are not numbers (NaN or infinite); export it again.")
    n = data.values.shape[-1]
    if n < 8:
        raise InputError(data.source, f"holds {n} points; an FID or spectrum has at least 8.")
    highest = max(float(np.abs(part).max()) for part in (data.values.real, data.values.imag))
    if highest == 0.0:
        raise InputError(data.source, "holds nothing but zeros; was the measurement stopped before its first scan?")
    if highest > LARGEST:
        raise InputError(data.source, f"holds numbers up to {highest:.3g}, which nothing counts; is it damaged?")
    with np.errstate(over="ignore"):
        ascending = bool(np.isfinite(data.x).all() and (np.diff(data.x) > 0.0).all())
    if len(data.x) != n or not ascending:
        raise InputError(data.source, f"states an axis that does not ascend over its {n} points; is it damaged?")
    if data.domain == "time" and not data.x[-1] > 0.0:
        raise InputError(data.source, f"states a delay of the digital filter that is longer than its {n} points.")
    both = (data.carrier_mhz, data.reference_mhz)
    if both[0] and both[1] and abs(both[0] / both[1] - 1.0) > APART:
        problem = f"states a carrier of {both[0]:g} MHz and 0 ppm at {both[1]:g} MHz: those are not of one nucleus"
        raise InputError(data.source, f"{problem}; is it damaged?")
    return data


def check_mhz(value: float | None, where: str) -> None:
    """Raise InputError for a spectrometer frequency that cannot be in MHz; None is not checked."""
    if value is None or MHZ[0] <= value <= MHZ[1]:
        return
    problem = "must be above 0 MHz" if value <= 0.0 else f"must be from {MHZ[0]:g} to {MHZ[1]:g} MHz (400e6 Hz is 400)"
    raise InputError(where, f"{problem}, got {value:g}.")
