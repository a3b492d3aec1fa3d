"""From an FID to a spectrum: apodisation, zeros, Fourier transform, phase, baseline, ppm, noise.

    from nanocrystal.data.nmr import read_nmr
    from nanocrystal.spectra.processing import NmrProcessing, nmr_spectrum

    spectrum = nmr_spectrum(read_nmr(Path("cs133/12")), NmrProcessing(exponential_hz=10.0))
    spectrum.shift, spectrum.real, spectrum.sigma

S(f) = 2 Σ_n w(t_n) s(t_n) exp(−2πi f t_n) Δt, with t_n of the data: the delay of a digital filter is in t and needs no
phase. The sum over n ≥ 0 counts the point at t = 0 as a whole interval; it is halved (Otting, Widmer, Wagner &
Wüthrich, J. Magn. Reson. 66, 187 (1986)) unless a filter spread it over the points around t = 0. A line
A exp(2πi f0 t − π Γ t) then has the area A over Hz (the 2 stands for the times before 0, where an FID has nothing):
areas of spectra are amplitudes of FIDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nanocrystal.arrays import ComplexArray, FloatArray
from nanocrystal.cost import ask_memory
from nanocrystal.data.nmr_data import IndirectAxis, NmrData
from nanocrystal.errors import InputError
from nanocrystal.parameters import Declares
from nanocrystal.spectra.processing.automatic_phase import FoundPhase, automatic_phase
from nanocrystal.spectra.processing.baseline import polynomial_baseline, smooth_baseline
from nanocrystal.spectra.processing.missing_points import floor_curve, lies_below, missing_points
from nanocrystal.spectra.processing.noise import PARTS, noise_of
from nanocrystal.spectra.processing.phase import NmrPhase, phased, place_from_pivot
from nanocrystal.spectra.processing.signs import negative_share
from nanocrystal.spectra.processing.window import NmrWindow

CORRELATIONS, FEWEST_PARTS = 20.0, 8
"""lengths of correlation that a part holds that tells noise, and how few parts there may be"""
BYTES_OF_POINT = 80.0
"""of a spectrum, complex, while it is made"""
MOST_NEGATIVE = 0.02
"""of the signal, above which a spectrum is not taken to be phased"""


@dataclass(frozen=True, kw_only=True)
class NmrProcessing(Declares):
    """What is done to an FID.

    A spectrum that was processed already is phased and its baseline taken, no more.

    Parameters
    ----------
    exponential_hz, gaussian_hz : float
        Widths that the window adds to lines, Hz, see `NmrWindow`.
    sine : float or None
        Phase in which the sine of the window begins, °, see `NmrWindow`.
    sine_power : int
        Its power.
    zero_fill : int
        The length is multiplied by this, and filled up to a power of two; 1: left as it is.
    first_point : float or None
        What the point at t = 0 is multiplied by; None: ½, or 1 behind a digital filter.
    phase : "auto", "auto0", NmrPhase or None
        "auto0": zeroth order alone; None: as it is.
    both_signs : bool
        Whether the automatic phase may leave lines upside down, as in DEPT and APT.
    baseline : "auto", int, "arpls" or None
        "auto": what points that are missing at the beginning of the FID leave, once a phase is taken out; an order of a
        polynomial, 0 to 8; None: as it is.
    magnitude : bool
        Whether |S| is taken instead of the real part; then there is no phase.
    reference_mhz : float or None
        Frequency of 0 ppm, MHz; None: as the file says.

    References
    ----------
    First point: G. Otting, H. Widmer, G. Wagner & K. Wüthrich, J. Magn. Reson. 66, 187 (1986); arPLS: S.-J. Baek, A.
    Park, Y.-J. Ahn & J. Choo, Analyst 140, 250 (2015).
    """

    exponential_hz: float = 0.0
    gaussian_hz: float = 0.0
    sine: float | None = None
    sine_power: int = 1
    zero_fill: int = 2
    first_point: float | None = None
    phase: NmrPhase | Literal["auto", "auto0"] | None = "auto"
    both_signs: bool = False
    baseline: int | Literal["auto", "arpls"] | None = "auto"
    magnitude: bool = False
    reference_mhz: float | None = None

    @property
    def window(self) -> NmrWindow:
        """The apodisation."""
        return NmrWindow(self.exponential_hz, self.gaussian_hz, self.sine, self.sine_power)


@dataclass(frozen=True, kw_only=True, eq=False)
class NmrSpectrum:
    """A spectrum, or a series of them on one axis.

    Parameters
    ----------
    values : complex array (n_points,) or (n_traces, n_points)
        Per Hz, where it was made of an FID: areas over Hz are amplitudes of the FID.
    frequency : array (n_points,) or None
        From the carrier, Hz, ascending.
    shift : array (n_points,) or None
        ppm, ascending; None where 0 ppm is not known.
    noise : array () or (n_traces,)
        Standard deviation of a point of the real part.
    nucleus : str or None
        Such as "133Cs".
    carrier_mhz : float or None
        Frequency of the carrier, MHz.
    reference_mhz : float or None
        Frequency of 0 ppm, MHz.
    indirect : IndirectAxis or None
        What was changed from trace to trace.
    phase : NmrPhase or None
        The phase that was taken out.
    phase_covariance : array (2, 2) or None
        Of ph0 and ph1 where they were found, square degrees.
    magnitude : bool
        Whether values are |S|.
    fid_weights : array (2, n) or None
        Of the FID: t in points, and the square of what each was multiplied by; it says how points of the spectrum are
        correlated. None where another program processed the data.
    source : str
        The file or folder.
    title : str
        Of the experiment.
    parameters : mapping of str to object
        Of the acquisition.
    notes : tuple of str
        What was done, one sentence each.
    """

    values: ComplexArray
    frequency: FloatArray | None
    shift: FloatArray | None
    noise: FloatArray
    nucleus: str | None
    carrier_mhz: float | None
    reference_mhz: float | None
    indirect: IndirectAxis | None
    phase: NmrPhase | None
    phase_covariance: FloatArray | None = None
    magnitude: bool
    fid_weights: FloatArray | None
    source: str
    title: str
    parameters: Mapping[str, object]
    notes: tuple[str, ...]

    @property
    def real(self) -> FloatArray:
        """What is shown and fitted: the real part, or the magnitude."""
        return np.asarray(np.abs(self.values) if self.magnitude else self.values.real)

    @property
    def x(self) -> FloatArray:
        """The axis: ppm where 0 ppm is known, else Hz."""
        axis = self.shift if self.shift is not None else self.frequency
        assert axis is not None
        return axis

    @property
    def unit(self) -> str:
        """ppm or Hz."""
        return "Hz" if self.shift is None else "ppm"

    @property
    def sigma(self) -> FloatArray:
        """The standard deviation of each point of `real`, of its shape."""
        return np.broadcast_to(np.asarray(self.noise)[..., None], self.values.shape).copy()

    @property
    def signal_to_noise(self) -> FloatArray:
        """Height of the highest line over the standard deviation of the noise, () or (n_traces,).

        Spectrometer programs often divide by peak-to-peak noise instead, or by twice this noise.
        """
        return np.asarray(np.abs(self.real).max(axis=-1) / self.noise)

    @property
    def hz_per_ppm(self) -> float:
        """What one ppm is in Hz; raises InputError where it is not known."""
        if self.reference_mhz is None:
            raise InputError(self.source, "does not say the spectrometer frequency; give it in MHz.")
        return self.reference_mhz

    def integral(self, low: float, high: float) -> FloatArray:
        """Return the area of the real part between low and high in the unit of x, over Hz (of ppm without MHz)."""
        inside, step = self._region(low, high)
        return np.asarray(self.real[..., inside].sum(axis=-1) * step)

    @property
    def negative_share(self) -> float:
        """The part of the signal that is negative; of a series, that of the fewer sign in its strongest trace."""
        rows = np.atleast_2d(self.real)
        share = negative_share(rows[_strongest(rows)])
        return share if self.values.ndim == 1 else min(share, 1.0 - share)

    def integral_sigma(self, low: float, high: float) -> FloatArray:
        """Return the standard deviation of `integral` from noise and phase, () or (n_traces,).

        Window and zeros correlate neighbouring points: the variance of a sum over m of N points is that of one point
        times Σ w²D²/Σ w², D = sin(πmt/N)/sin(πt/N), t in points. Where nothing is known of them: m. What the phase may
        be off turns part of ∫Im S into the integral; of a series only what is not proportional to the integrals, for
        the rest is a factor common to all.
        """
        inside, step = self._region(low, high)
        factor = float(inside.sum())
        if self.fid_weights is not None:
            m, angle = inside.sum(), np.pi * self.fid_weights[0] / len(inside)
            at_zero = np.abs(np.sin(angle)) < 1e-9
            kernel = np.where(at_zero, m, np.sin(m * angle) / np.where(at_zero, 1.0, np.sin(angle)))
            factor = float((self.fid_weights[1] * kernel**2).sum() / self.fid_weights[1].sum())
        of_noise = np.asarray(self.noise) * step * np.sqrt(factor)
        return np.asarray(np.hypot(of_noise, self._of_phase(inside) * step))

    def _of_phase(self, inside: NDArray[np.bool_]) -> FloatArray:
        """Return the standard deviation of the sum over points by the phase, () or (n_traces,)."""
        if self.phase_covariance is None or self.phase is None or self.magnitude:
            return np.zeros(self.values.shape[:-1])
        places = place_from_pivot(self.x, self.phase.pivot)[inside]
        imaginary = np.radians(self.values[..., inside].imag)
        slopes = np.stack([imaginary.sum(axis=-1), imaginary @ places], axis=-1)
        if slopes.ndim == 2:
            sums = self.real[..., inside].sum(axis=-1)
            slopes = slopes - np.outer(sums, sums @ slopes / max(float(sums @ sums), 1e-300))
        return np.asarray(np.sqrt(np.einsum("...i,ij,...j->...", slopes, self.phase_covariance, slopes)))

    def _region(self, low: float, high: float) -> tuple[NDArray[np.bool_], float]:
        """Return which points lie between two places, and their distance in Hz (ppm without MHz)."""
        x = self.x
        inside = (x >= low) & (x <= high)
        if inside.sum() < 2:
            raise InputError(
                self.source,
                f"has no points between {low:g} and {high:g} {self.unit}; it runs from {x[0]:.4g} to {x[-1]:.4g}.",
            )
        factor = self.hz_per_ppm if self.unit == "ppm" and self.reference_mhz is not None else 1.0
        return inside, float(x[1] - x[0]) * factor

    def referenced(self, reference_mhz: float, how: str = "given") -> NmrSpectrum:
        """Return the same spectrum with another frequency of 0 ppm (MHz)."""
        if self.carrier_mhz is None or self.frequency is None:
            raise InputError(self.source, "has no absolute frequencies; shift its ppm axis with `shifted` instead.")
        note = f"0 ppm is at {reference_mhz:.7f} MHz, {how}"
        shift = shift_axis(self.frequency, self.carrier_mhz, reference_mhz)
        return replace(
            self,
            shift=shift,
            reference_mhz=reference_mhz,
            phase=self._phase_over(shift),
            notes=(*self.notes, note),
        )

    def _phase_over(self, x: FloatArray) -> NmrPhase | None:
        """Return the same phase with its pivot on another axis of the same points."""
        if self.phase is None or self.phase.pivot is None:
            return self.phase
        ends = (self.x[0], self.x[-1])
        return replace(
            self.phase, pivot=float(x[0] + (self.phase.pivot - ends[0]) * (x[-1] - x[0]) / (ends[1] - ends[0]))
        )

    def shifted(self, ppm: float, how: str = "given") -> NmrSpectrum:
        """Return the same spectrum with ppm added to its axis."""
        if self.shift is None:
            raise InputError(self.source, "has no ppm axis; give the spectrometer frequency first.")
        moved = None if self.reference_mhz is None else self.reference_mhz / (1.0 + 1e-6 * ppm)
        return replace(
            self,
            shift=self.shift + ppm,
            reference_mhz=moved,
            phase=self._phase_over(self.shift + ppm),
            notes=(*self.notes, f"shifted by {ppm:+.5g} ppm, {how}"),
        )

    def trace(self, number: int) -> NmrSpectrum:
        """Return one spectrum of a series by itself, counted from 0."""
        if self.values.ndim == 1:
            return self
        if not -len(self.values) <= number < len(self.values):
            raise InputError(self.source, f"has {len(self.values)} traces, counted from 0; there is no {number}.")
        return replace(self, values=self.values[number], noise=np.asarray(self.noise[number]), indirect=None)


def shift_axis(frequency: FloatArray, carrier_mhz: float, reference_mhz: float) -> FloatArray:
    """Return ppm of frequencies (Hz from the carrier): 10⁶ (ν − ν0)/ν0, ν0 the frequency of 0 ppm."""
    return np.asarray((frequency + 1e6 * (carrier_mhz - reference_mhz)) / reference_mhz)


def nmr_spectrum(data: NmrData, processing: NmrProcessing | None = None) -> NmrSpectrum:
    """Return the spectrum, or spectra, of an FID or of processed data.

    The phase of a series is that of its trace with the most signal, the same for all: lines of an inversion recovery
    keep their signs.

    Parameters
    ----------
    data : NmrData
        As `read_nmr` returns it.
    processing : NmrProcessing, optional
        Window, zeros, phase, baseline [phase "auto", zeros to at least twice the length].

    Returns
    -------
    NmrSpectrum
        With the standard deviation of its noise.

    Raises
    ------
    InputError
        For settings that cannot be used, and for a phase of data without an imaginary part.

    References
    ----------
    Phase: L. Chen, Z. Weng, L. Y. Goh & M. Garland, J. Magn. Reson. 158, 164 (2002), where no line stands out of the
    noise.
    """
    settings = processing or NmrProcessing()
    notes = list(data.notes)
    frequency: FloatArray | None
    fid_weights: FloatArray | None
    if data.domain == "time":
        frequency, values, fid_weights = transformed(data, settings, notes)
    else:
        values, fid_weights = data.values, None
        frequency = data.x if data.domain == "frequency" else None
    reference = settings.reference_mhz or data.reference_mhz
    shift = data.x if data.domain == "shift" else None
    if frequency is not None and reference is not None and data.carrier_mhz is not None:
        shift = shift_axis(frequency, data.carrier_mhz, reference)
    elif data.domain == "shift" and reference is not None and data.carrier_mhz is not None:
        frequency = data.x * reference - 1e6 * (data.carrier_mhz - reference)
    axis = shift if shift is not None else frequency
    assert axis is not None
    values, found = _phased(values, axis, data, settings, notes)
    if settings.magnitude:
        values = np.abs(values).astype(np.complex128)
    values = _without_baseline(values, settings, None if found is None else found.phase, notes)
    parts = independent_parts(values.shape[-1], fid_weights)
    noise = np.array([noise_of(row.real, parts) for row in np.atleast_2d(values)])
    spectrum = NmrSpectrum(
        values=values,
        frequency=frequency,
        shift=shift,
        noise=noise if values.ndim == 2 else noise[0],
        nucleus=data.nucleus,
        carrier_mhz=data.carrier_mhz,
        reference_mhz=reference,
        indirect=data.indirect,
        phase=None if found is None else found.phase,
        phase_covariance=None if found is None or not found.covariance.any() else found.covariance,
        magnitude=settings.magnitude,
        fid_weights=fid_weights,
        source=data.source,
        title=data.title,
        parameters=dict(data.parameters),
        notes=tuple(notes),
    )
    return replace(spectrum, notes=(*notes, *_of_signs(spectrum, settings)))


def independent_parts(n_points: int, fid_weights: FloatArray | None) -> int:
    """Return of how many parts the noise of a spectrum is told: each longer than points are correlated."""
    if fid_weights is None:
        return PARTS
    correlated = n_points * float(fid_weights[1].max() / fid_weights[1].sum())
    return int(np.clip(n_points / (CORRELATIONS * correlated), FEWEST_PARTS, PARTS))


def _of_signs(spectrum: NmrSpectrum, settings: NmrProcessing) -> list[str]:
    """Return how much of the signal is negative, and what that may mean where it is much."""
    if spectrum.magnitude or (settings.phase is None and spectrum.fid_weights is not None):
        return []
    share = spectrum.negative_share
    said = f"negative signal: {100.0 * share:.2g} % of the signal"
    if share <= MOST_NEGATIVE or settings.both_signs:
        return [said]
    return [
        said,
        f"more than {100.0 * MOST_NEGATIVE:g} % of the signal is negative: phase or baseline are not right, and "
        "integrals and lines are wrong by as much; give the phase or a baseline by hand, or ask for both signs where "
        "lines are upside down",
    ]


def transformed(
    data: NmrData, settings: NmrProcessing, notes: list[str]
) -> tuple[FloatArray, ComplexArray, FloatArray]:
    """Return frequencies (Hz, ascending), the Fourier transform of FIDs, per Hz, and `NmrSpectrum.fid_weights`."""
    t = data.x
    dwell = float(t[-1] - t[0]) / (len(t) - 1)
    first = int(np.argmin(np.abs(t)))
    on_grid = abs(t[first]) < 1e-6 * dwell
    weights = settings.window.values(t)
    factor = settings.first_point if settings.first_point is not None else (0.5 if t[0] > -0.5 * dwell else 1.0)
    if on_grid:
        weights[first] *= factor
    notes.append(settings.window.described())
    if settings.zero_fill < 1:
        raise InputError("zero_fill", f"must be at least 1, got {settings.zero_fill}.")
    n = len(t) if settings.zero_fill == 1 else 1 << int(np.ceil(np.log2(len(t) * settings.zero_fill)))
    n_traces = data.values.size // len(t)
    what = f"{n_traces} {'spectrum' if n_traces == 1 else 'spectra'} of {n} points"
    ask_memory("zero_fill", BYTES_OF_POINT * n * n_traces, what, "make zero_fill smaller")
    if n > len(t):
        more = ": neighbouring points are correlated" if n > 2 * len(t) else ""
        notes.append(f"{len(t)} points were filled up with zeros to {n}{more}")
    frequency = np.fft.fftshift(np.fft.fftfreq(n, dwell))
    values = np.fft.fftshift(np.fft.fft(data.values * weights, n, axis=-1), axes=-1) * 2.0 * dwell
    return frequency, np.asarray(values * np.exp(-2j * np.pi * frequency * t[0])), np.stack([t / dwell, weights**2])


def _phased(
    values: ComplexArray, axis: FloatArray, data: NmrData, settings: NmrProcessing, notes: list[str]
) -> tuple[ComplexArray, FoundPhase | None]:
    setting = settings.phase
    if settings.magnitude or setting is None:
        return values, None
    if not data.complete:
        if isinstance(setting, NmrPhase) and (setting.ph0 or setting.ph1):
            raise InputError(data.source, "has no imaginary part and cannot be phased; read the FID instead.")
        return values, None
    if not isinstance(setting, NmrPhase) and data.domain != "time":
        return values, None
    if isinstance(setting, NmrPhase):
        return phased(values, axis, setting), FoundPhase(setting, np.zeros((2, 2)))
    rows = np.atleast_2d(values)
    found = automatic_phase(rows[_strongest(rows)], axis, first_order=setting == "auto", both_signs=settings.both_signs)
    if data.indirect is not None and data.indirect.name == "delay":
        found = replace(found, phase=_upright(rows, axis, found.phase, data.indirect.values))
    notes.append(_phase_words(found, settings.both_signs))
    return phased(values, axis, found.phase), found


def _strongest(rows: ComplexArray | FloatArray) -> int:
    """Return which trace of (n_traces, n_points) has the most signal."""
    return int(np.argmax((np.abs(rows) ** 2).sum(axis=1)))


def _phase_words(found: FoundPhase, both_signs: bool) -> str:
    phase, sigmas = found.phase, np.sqrt(np.diag(found.covariance))
    how = "lines of both signs allowed" if both_signs else "all lines upright"
    slope = f"{phase.ph1:.1f} ± {sigmas[1]:.1f}°" if sigmas[1] else "0, for there is one group of lines"
    return f"phase found, {how}: ph0 = {phase.ph0:.1f} ± {sigmas[0]:.1f}°, ph1 = {slope}, pivot {phase.pivot:.5g}"


def _upright(rows: ComplexArray, axis: FloatArray, phase: NmrPhase, delays: FloatArray) -> NmrPhase:
    """Return the phase with which the trace of the longest delay is positive: it is nearest to equilibrium."""
    longest = phased(rows[int(np.argmax(delays))], axis, phase).real
    negative = -longest.min() > longest.max()
    return replace(phase, ph0=(phase.ph0 + 360.0) % 360.0 - 180.0) if negative else phase


def _without_baseline(
    values: ComplexArray, settings: NmrProcessing, phase: NmrPhase | None, notes: list[str]
) -> ComplexArray:
    order = settings.baseline
    rows = np.atleast_2d(values)
    if order is None:
        return values
    if order == "auto":
        curves = _restored(rows, settings, phase, notes)
        if curves is None:
            return values
    elif order == "arpls":
        curves = [smooth_baseline(row.real) for row in rows]
        notes.append("baseline: arPLS")
    else:
        curves = [polynomial_baseline(row.real, order) for row in rows]
        notes.append(f"baseline: polynomial of order {order}")
    return np.asarray((rows - np.array(curves)).reshape(values.shape))


def _restored(
    rows: ComplexArray, settings: NmrProcessing, phase: NmrPhase | None, notes: list[str]
) -> list[FloatArray] | None:
    """Return what missing points left under each trace, None where nothing is seen of it."""
    if phase is None or settings.both_signs:
        return None
    strongest = rows[_strongest(rows)].real
    n_missing = missing_points(phase.ph1)
    upright = strongest if abs(strongest.max()) >= abs(strongest.min()) else -strongest
    if not n_missing and not lies_below(upright):
        return None
    share = float(np.median(floor_curve(upright, n_missing)) / upright.max())
    waves = f" and waves of {n_missing} missing point{'s' * (n_missing > 1)}" if n_missing else ""
    notes.append(
        f"baseline: level{waves} through the floor of the spectrum, {100.0 * share:.2g} % of the highest line, as an "
        "FID without its beginning has it"
    )
    return [floor_curve(row.real, n_missing) for row in rows]
