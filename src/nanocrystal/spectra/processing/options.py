"""What a user asks of a spectrum in words, as the options of a command: what they mean, and the spectrum as asked.

    done = processed("cs133/12", SpectrumOptions(lb=10.0, phase="auto0", window="0:150"))
    done.spectrum, done.window, done.integrals

Messages name the option.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from nanocrystal.arrays import FloatArray
from nanocrystal.data.nmr import read_nmr
from nanocrystal.data.nmr_data import check_mhz
from nanocrystal.errors import InputError
from nanocrystal.spectra.processing.baseline import HIGHEST_ORDER
from nanocrystal.spectra.processing.phase import NmrPhase
from nanocrystal.spectra.processing.reference import referenced_by_peak, referenced_by_ratio
from nanocrystal.spectra.processing.spectrum import NmrProcessing, NmrSpectrum, nmr_spectrum
from nanocrystal.tables.isotopes import isotope

OPTION_OF = {"exponential_hz": "--lb", "gaussian_hz": "--gb", "zero_fill": "--zero-fill", "baseline": "--baseline"}
"""settings of `NmrProcessing` by the options that make them"""
MOST_ZEROS = 64
"""times the length of an FID that zeros may make it; more only costs memory"""
FARTHEST_PPM, FARTHEST_CARRIER_PPM = 1000.0, 20000.0
"""from the 0 ppm of the file to the one by --tms, or from its carrier where it has no 0 ppm: heavy nuclei reach far"""
LEAST_SHOWN = 4
"""points that a window must hold"""
EXCHANGE = (
    "integrals of protons that exchange with water (OH, NH, COOH) may be too small or too large, and are no count"
)
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SpectrumOptions:
    """What is asked for, in the words of the options --lb, --gb, --zero-fill, --phase, ….

    phase: "auto", "auto0", "none", or "PH0[,PH1[,PIVOT]]"; baseline: "auto", "none", an order, or "arpls";
    peak: "NEAR=PPM"; window: "LOW:HIGH"; regions: "LOW:HIGH,…"; trace: of a series, from 1; indirect: the list
    of a series.
    """

    lb: float = 0.0
    gb: float = 0.0
    zero_fill: int = 2
    phase: str = "auto"
    both_signs: bool = False
    baseline: str = "auto"
    magnitude: bool = False
    nucleus: str = ""
    frequency: float | None = None
    tms: float | None = None
    peak: str = ""
    window: str = ""
    trace: int | None = None
    regions: str = ""
    indirect: str = ""

    def processing(self) -> NmrProcessing:
        """Return the settings; raises InputError for a number or word that no processing can use."""
        for option, value in (("--lb", self.lb), ("--gb", self.gb)):
            if not (math.isfinite(value) and value >= 0.0):
                raise InputError(option, f"must be 0 Hz or above, got {value:g}.")
        for option, frequency in (("--frequency", self.frequency), ("--tms", self.tms)):
            check_mhz(frequency, option)
        if not 1 <= self.zero_fill <= MOST_ZEROS:
            raise InputError("--zero-fill", f"must be from 1 to {MOST_ZEROS}, got {self.zero_fill}.")
        if self.nucleus:
            isotope(self.nucleus, "--nucleus")
        return NmrProcessing(
            exponential_hz=self.lb,
            gaussian_hz=self.gb,
            zero_fill=self.zero_fill,
            phase=phase_of(self.phase),
            both_signs=self.both_signs,
            baseline=baseline_of(self.baseline),
            magnitude=self.magnitude,
        )


@dataclass(frozen=True)
class Processed:
    """A spectrum as it was asked for: with what settings, which part is shown, and integrals as columns."""

    spectrum: NmrSpectrum
    processing: NmrProcessing | None = None
    window: Range | None = None
    integrals: Mapping[str, FloatArray] = field(default_factory=dict)
    regions: Sequence[Range] = ()


def processed(path: str | Path, options: SpectrumOptions) -> Processed:
    """Return the spectrum of a folder or file as it is asked for; raises InputError that names the option."""
    settings = options.processing()
    windows = ranges_of(options.window, "--window")
    regions = ranges_of(options.regions, "--integrate")
    data = read_nmr(
        path, nucleus=options.nucleus or None, indirect=options.indirect or None, carrier_mhz=options.frequency
    )
    try:
        spectrum = nmr_spectrum(data, settings)
    except InputError as error:
        raise InputError(OPTION_OF.get(error.where, error.where), error.problem) from None
    if options.tms is not None:
        spectrum = _by_tms(spectrum, options.tms)
    if options.peak:
        spectrum = referenced_by_peak(spectrum, *pair_of(options.peak, "=", "--peak"))
    integrals = integral_columns(spectrum, regions) if regions else {}
    if regions and spectrum.nucleus == "1H":
        spectrum = replace(spectrum, notes=(*spectrum.notes, EXCHANGE))
    if options.trace is not None:
        spectrum = _one(spectrum, options.trace)
    window = windows[0] if windows else None
    _check_window(spectrum, window)
    return Processed(spectrum, settings, window, integrals, tuple(regions))


def integral_columns(spectrum: NmrSpectrum, regions: Sequence[Range]) -> dict[str, FloatArray]:
    """Return what was changed from trace to trace, and integral and sigma of each region, ascending."""
    indirect = spectrum.indirect
    n = len(np.atleast_2d(spectrum.values))
    values = np.arange(n, dtype=np.float64) if indirect is None else indirect.values
    order = np.argsort(values, kind="stable")
    columns: dict[str, FloatArray] = {"trace" if indirect is None else indirect.name: values[order]}
    for k, (low, high) in enumerate(regions, start=1):
        suffix = "" if len(regions) == 1 else f"_{k}"
        columns[f"integral{suffix}"] = np.atleast_1d(spectrum.integral(low, high))[order]
        columns[f"sigma{suffix}"] = np.atleast_1d(spectrum.integral_sigma(low, high))[order]
    return columns


# ---- words ----------------------------------------------------------------------------------------


def phase_of(text: str) -> NmrPhase | Literal["auto", "auto0"] | None:
    """Return the phase that --phase means; raises InputError."""
    words: dict[str, Literal["auto", "auto0"] | None] = {"auto": "auto", "auto0": "auto0", "none": None}
    if text in words:
        return words[text]
    try:
        numbers = [float(part) for part in text.split(",")]
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(text)
        return NmrPhase(*numbers)
    except (ValueError, TypeError):
        raise InputError("--phase", f"must be auto, auto0, none or PH0,PH1,PIVOT, got {text!r}.") from None


def baseline_of(text: str) -> int | Literal["auto", "arpls"] | None:
    """Return the baseline that --baseline means; raises InputError."""
    words: dict[str, Literal["auto", "arpls"] | None] = {"auto": "auto", "arpls": "arpls", "none": None}
    if text in words:
        return words[text]
    try:
        order = int(text)
        if not 0 <= order <= HIGHEST_ORDER:
            raise ValueError(text)
        return order
    except ValueError:
        expected = f"must be auto, none, arpls or an order from 0 to {HIGHEST_ORDER}"
        raise InputError("--baseline", f"{expected}, got {text!r}.") from None


def ranges_of(text: str, option: str) -> list[Range]:
    """Return the ranges of "LOW:HIGH,…", each from its low end on; raises InputError."""
    pairs = [pair_of(part, ":", option) for part in text.split(",") if part.strip()]
    return [(min(pair), max(pair)) for pair in pairs]


def pair_of(text: str, separator: str, option: str) -> Range:
    """Return two numbers; raises InputError."""
    try:
        first, second = (float(part) for part in text.split(separator))
    except ValueError:
        raise InputError(option, f"must be two numbers such as 1{separator}2, got {text!r}.") from None
    return first, second


# ---- the spectrum ---------------------------------------------------------------------------------


def _by_tms(spectrum: NmrSpectrum, tms: float) -> NmrSpectrum:
    """Return the spectrum with 0 ppm by Ξ; raises InputError where --tms is not of this spectrometer."""
    moved = referenced_by_ratio(spectrum, tms)
    before = spectrum.reference_mhz or spectrum.carrier_mhz
    assert before is not None
    assert moved.reference_mhz is not None
    farther = 1e6 * (before / moved.reference_mhz - 1.0)
    if abs(farther) > (FARTHEST_CARRIER_PPM if spectrum.reference_mhz is None else FARTHEST_PPM):
        raise InputError(
            "--tms",
            "must be the ¹H frequency of TMS in MHz near the spectrometer's, here about "
            f"{tms * before / moved.reference_mhz:.5g}; {tms:g} would move the axis by {farther:.3g} ppm.",
        )
    return moved


def _one(spectrum: NmrSpectrum, trace: int) -> NmrSpectrum:
    """Return one trace, counted from 1 as the CSV counts them."""
    n_traces = 1 if spectrum.values.ndim == 1 else len(spectrum.values)
    if not 1 <= trace <= n_traces:
        raise InputError("--trace", f"must be from 1 to {n_traces}, got {trace}.")
    return spectrum.trace(trace - 1)


def _check_window(spectrum: NmrSpectrum, window: Range | None) -> None:
    if window is None:
        return
    x = spectrum.x
    if int(((x >= window[0]) & (x <= window[1])).sum()) < LEAST_SHOWN:
        raise InputError("--window", f"holds no points; the spectrum runs from {x[0]:.4g} to {x[-1]:.4g}.")
