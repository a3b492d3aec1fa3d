"""The verb `nmr`: an FID or spectrum of any program to ppm, intensity and sigma, and a page to look at."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from nanocrystal.cli import common as verbs

OPTIONS = {"exponential_hz": "--lb", "gaussian_hz": "--gb", "zero_fill": "--zero-fill", "baseline": "--baseline"}
"""settings of `NmrProcessing` by the options that make them"""
MOST_ZEROS = 64
"""times the length of an FID that zeros may make it; more only costs memory"""
FARTHEST_PPM, FARTHEST_CARRIER_PPM = 1000.0, 20000.0
"""from the 0 ppm of the file to the one by --tms, or from its carrier where it has no 0 ppm: heavy nuclei reach far"""


@dataclass(frozen=True, kw_only=True)
class NmrOptions:
    """What `nmr` is asked for."""

    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of an experiment, or a file.")]
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="CSV; the page stands beside it.")] = Path(
        "spectrum.csv"
    )
    lb: Annotated[float, typer.Option("--lb", help="Exponential apodisation, Hz.")] = 0.0
    gb: Annotated[float, typer.Option("--gb", help="Gaussian apodisation, Hz of full width.")] = 0.0
    zero_fill: Annotated[int, typer.Option("--zero-fill", help="Length times this, to a power of two.")] = 2
    phase: Annotated[str, typer.Option("--phase", help="auto, auto0, none, or PH0[,PH1[,PIVOT]] (°, °, ppm).")] = "auto"
    baseline: Annotated[str, typer.Option("--baseline", help="none, an order from 0 to 8, or arpls.")] = "none"
    magnitude: Annotated[bool, typer.Option("--magnitude", help="Absolute value instead of the real part.")] = False
    nucleus: Annotated[str, typer.Option("--nucleus", help="Where the file does not say, e.g. 133Cs.")] = ""
    frequency: Annotated[float | None, typer.Option("--frequency", help="MHz, where the file does not say.")] = None
    tms: Annotated[float | None, typer.Option("--tms", help="¹H frequency of TMS in MHz: 0 ppm by Ξ.")] = None
    peak: Annotated[str, typer.Option("--peak", metavar="NEAR=PPM", help="The line near NEAR ppm is at PPM.")] = ""
    window: Annotated[
        str, typer.Option("--window", metavar="LOW:HIGH", help="What the page shows and the CSV holds.")
    ] = ""
    trace: Annotated[int | None, typer.Option("--trace", help="One trace of a series, from 1.")] = None
    regions: Annotated[str, typer.Option("--integrate", metavar="LOW:HIGH,…", help="Integrals of each trace.")] = ""
    indirect: Annotated[str, typer.Option("--list", help="vdlist, vclist, vplist or difflist.")] = ""
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and paths.")] = False


@verbs.app.command()
@verbs.by_options(NmrOptions)
def nmr(asked: NmrOptions) -> None:
    """Process an NMR measurement: FIDs of Bruker, Varian, JEOL, JCAMP-DX, NMRPipe, SIMPSON, or spectra as text."""
    with verbs.errors(asked.quiet):
        from nanocrystal.data.nmr import read_nmr
        from nanocrystal.report.files import write_texts
        from nanocrystal.report.nmr.spectrum import integral_columns, nmr_spectrum_page, spectrum_columns, summary_lines
        from nanocrystal.spectra.processing import NmrProcessing, nmr_spectrum
        from nanocrystal.spectra.processing.reference import referenced_by_peak
        from nanocrystal.text import csv_text

        _check(asked.out)
        _check_numbers(asked)
        _check_nucleus(asked.nucleus)
        shown = _ranges(asked.window, "--window")
        given = {"nucleus": asked.nucleus or None, "indirect": asked.indirect or None}
        data = read_nmr(asked.path, **given, carrier_mhz=asked.frequency)
        chosen = NmrProcessing(
            exponential_hz=asked.lb,
            gaussian_hz=asked.gb,
            zero_fill=asked.zero_fill,
            phase=_phase(asked.phase),
            baseline=_baseline(asked.baseline),
            magnitude=asked.magnitude,
        )
        spectrum = _by_option(lambda: nmr_spectrum(data, chosen))
        if asked.tms is not None:
            spectrum = _by_tms(spectrum, asked.tms)
        if asked.peak:
            spectrum = referenced_by_peak(spectrum, *_pair(asked.peak, "=", "--peak"))
        wanted = _ranges(asked.regions, "--integrate")
        integrals = integral_columns(spectrum, wanted) if wanted else None
        spectrum = spectrum if asked.trace is None else _one(spectrum, asked.trace)
        columns = _windowed(spectrum_columns(spectrum), shown[0] if shown else None, spectrum)
        texts = {
            asked.out.name: csv_text(columns),
            f"{asked.out.stem}.html": nmr_spectrum_page(spectrum, shown[0] if shown else None),
        }
        if integrals is not None:
            texts[f"{asked.out.stem}-integrals.csv"] = csv_text(integrals)
        write_texts(texts, asked.out.absolute().parent)
        if not asked.quiet:
            for sentence in summary_lines(spectrum):
                print(f"  {sentence}", file=sys.stderr)
        for name in texts:
            print(asked.out.with_name(name))


def _check(out: Path) -> None:
    """Raise InputError where the CSV and the page cannot be written without loss."""
    from nanocrystal.errors import InputError

    verbs.check_way_to(out)
    if out.suffix.lower() != ".csv":
        raise InputError("--out", f"{str(out)!r} must end in .csv; the page is written beside it.")
    if out.is_dir():
        raise InputError("--out", f"{str(out)!r} is a folder; name a CSV file.")
    if out.exists() and not out.read_bytes()[:16].startswith((b"ppm,intensity", b"hz,intensity")):
        raise InputError("--out", f"{str(out)!r} exists and is no CSV of this command; name another file.")


def _check_numbers(asked: NmrOptions) -> None:
    """Raise InputError for a number that no processing can use, by its option."""
    from nanocrystal.data.nmr_data import check_mhz
    from nanocrystal.errors import InputError

    for option, value in (("--lb", asked.lb), ("--gb", asked.gb)):
        if not (math.isfinite(value) and value >= 0.0):
            raise InputError(option, f"must be 0 Hz or above, got {value:g}.")
    for option, frequency in (("--frequency", asked.frequency), ("--tms", asked.tms)):
        check_mhz(frequency, option)
    if not 1 <= asked.zero_fill <= MOST_ZEROS:
        raise InputError("--zero-fill", f"must be from 1 to {MOST_ZEROS}, got {asked.zero_fill}.")


def _by_option(process: Callable[[], Any]) -> Any:
    """Return what `process` returns; an InputError about a setting names its option."""
    from nanocrystal.errors import InputError

    try:
        return process()
    except InputError as error:
        raise InputError(OPTIONS.get(error.where, error.where), error.problem) from None


def _check_nucleus(name: str) -> None:
    """Raise InputError for a nucleus that is not in the table of isotopes."""
    from nanocrystal.tables.isotopes import isotope

    if name:
        isotope(name, "--nucleus")


def _by_tms(spectrum: Any, tms: float) -> Any:
    """Return the spectrum with 0 ppm by Ξ; raises InputError where --tms is not of this spectrometer."""
    from nanocrystal.errors import InputError
    from nanocrystal.spectra.processing.reference import referenced_by_ratio

    moved = referenced_by_ratio(spectrum, tms)
    before = spectrum.reference_mhz or spectrum.carrier_mhz
    farther = 1e6 * (before / moved.reference_mhz - 1.0)
    if abs(farther) > (FARTHEST_CARRIER_PPM if spectrum.reference_mhz is None else FARTHEST_PPM):
        raise InputError(
            "--tms",
            "must be the ¹H frequency of TMS in MHz near the spectrometer's, here about "
            f"{tms * before / moved.reference_mhz:.5g}; {tms:g} would move the axis by {farther:.3g} ppm.",
        )
    return moved


def _phase(text: str) -> Any:
    from nanocrystal.errors import InputError
    from nanocrystal.spectra.processing.phase import NmrPhase

    if text in ("auto", "auto0"):
        return text
    if text == "none":
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(text)
        return NmrPhase(*numbers)
    except (ValueError, TypeError):
        raise InputError("--phase", f"must be auto, auto0, none or PH0,PH1,PIVOT, got {text!r}.") from None


def _baseline(text: str) -> Any:
    from nanocrystal.errors import InputError
    from nanocrystal.spectra.processing.baseline import HIGHEST_ORDER

    if text in ("none", "arpls"):
        return None if text == "none" else text
    try:
        order = int(text)
        if not 0 <= order <= HIGHEST_ORDER:
            raise ValueError(text)
        return order
    except ValueError:
        raise InputError("--baseline", f"must be none, arpls or an order from 0 to 8, got {text!r}.") from None


def _ranges(text: str, option: str) -> list[tuple[float, float]]:
    pairs = [_pair(part, ":", option) for part in text.split(",") if part.strip()]
    return [(min(pair), max(pair)) for pair in pairs]


def _pair(text: str, separator: str, option: str) -> tuple[float, float]:
    from nanocrystal.errors import InputError

    try:
        first, second = (float(part) for part in text.split(separator))
    except ValueError:
        raise InputError(option, f"must be two numbers such as 1{separator}2, got {text!r}.") from None
    return first, second


def _one(spectrum: Any, trace: int) -> Any:
    """Return one trace, counted from 1 as the CSV counts them."""
    from nanocrystal.errors import InputError

    n_traces = 1 if spectrum.values.ndim == 1 else len(spectrum.values)
    if not 1 <= trace <= n_traces:
        raise InputError("--trace", f"must be from 1 to {n_traces}, got {trace}.")
    return spectrum.trace(trace - 1)


def _windowed(columns: dict[str, Any], window: tuple[float, float] | None, spectrum: Any) -> dict[str, Any]:
    """Return the rows within the window; raises InputError where there are none."""
    if window is None:
        return columns
    from nanocrystal.errors import InputError

    axis = next(iter(columns.values()))
    inside = (axis >= window[0]) & (axis <= window[1])
    if inside.sum() < 4:
        raise InputError("--window", f"holds no points; the spectrum runs from {axis[0]:.4g} to {axis[-1]:.4g}.")
    return {name: values[inside] for name, values in columns.items()}
