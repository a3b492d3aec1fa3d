"""What `nmr` returns: a processed spectrum as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from nanocrystal._version import __version__
from nanocrystal.arrays import FloatArray, Table
from nanocrystal.errors import InputError
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.versions import versions
from nanocrystal.spectra.processing import NmrProcessing, NmrSpectrum
from nanocrystal.spectra.processing.options import Processed
from nanocrystal.text import csv_text

NMR = "nmr.json"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ProcessedSpectrum(Outcome):
    """A processed NMR spectrum, or a series of them, with what is shown of it and its integrals.

    Parameters
    ----------
    title : str
        Of the spectrum
    version : str
        Of nanocrystal, that made it
    spectrum : NmrSpectrum
        The whole, with what the reader says of it
    processing : NmrProcessing or None
        What was done to the FID
    window : (float, float) or None
        What the page shows and the CSV holds, in the unit of the axis; None: all
    integrals : mapping of str to array
        Columns: what was changed from trace to trace, then integral and sigma of each region
    regions : sequence of (float, float)
        From where to where each integral goes, in the unit of the axis
    provenance : mapping
        Versions of what was used
    """

    kind: ClassVar[str] = "nmr"
    record: ClassVar[str] = NMR
    single: ClassVar[str] = "spectrum.csv"
    replaces: ClassVar[tuple[str, ...]] = ("ppm,intensity", "hz,intensity")

    title: str
    version: str
    spectrum: NmrSpectrum
    processing: NmrProcessing | None = None
    window: tuple[float, float] | None = None
    integrals: Mapping[str, Table] = field(default_factory=dict)
    regions: Sequence[tuple[float, float]] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, done: Processed) -> Self:
        """Return a spectrum that was processed as a result."""
        spectrum = done.spectrum
        return cls(
            title=spectrum.title or "/".join(Path(spectrum.source).parts[-3:]),
            version=__version__,
            spectrum=replace(spectrum, parameters={k: _plain(v) for k, v in spectrum.parameters.items()}),
            processing=done.processing,
            window=done.window,
            integrals=done.integrals,
            regions=tuple(done.regions),
            provenance=versions(),
        )

    def summary(self) -> str:
        """Return what a reader wants to know of it, in lines."""
        return "\n".join(f"  {sentence}" for sentence in self.sentences)

    @property
    def sentences(self) -> Sequence[str]:
        """What a reader wants to know of it, one sentence each."""
        spectrum = self.spectrum
        ratio = np.atleast_1d(spectrum.signal_to_noise)
        rows = len(np.atleast_2d(spectrum.values))
        first = f"{spectrum.nucleus or 'nucleus not stated'}, {spectrum.values.shape[-1]} points"
        first += f", {rows} traces" if rows > 1 else ""
        if spectrum.carrier_mhz is not None:
            first += f", {spectrum.carrier_mhz:.4f} MHz"
        highest = f"signal-to-noise ratio of the highest line: {ratio.max():.4g}"
        lines = [first, highest + (f" (of the traces {ratio.min():.4g} to {ratio.max():.4g})" if rows > 1 else "")]
        if (changed := spectrum.indirect) is not None:
            unit = f" {changed.unit}" if changed.unit else ""
            span = f"{changed.values.min():.4g} to {changed.values.max():.4g}{unit}"
            lines.append(f"{changed.name}: {span} ({changed.source})")
        return [*lines, *spectrum.notes]

    def page(self, script: str | None = None) -> str:
        """Return the spectrum as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.nmr.spectrum import processed_page

        return processed_page(self, script)

    @property
    def columns(self) -> dict[str, FloatArray]:
        """The window as its CSV has it: ppm (or hz), intensity, sigma; of a series an intensity for each trace."""
        spectrum = self.spectrum
        columns: dict[str, FloatArray] = {"ppm" if spectrum.unit == "ppm" else "hz": spectrum.x}
        if spectrum.values.ndim == 1:
            columns |= {"intensity": spectrum.real, "sigma": spectrum.sigma}
        else:
            columns |= {f"intensity_{k}": row for k, row in enumerate(spectrum.real, start=1)}
            rms = float(np.sqrt(np.mean(np.asarray(spectrum.noise) ** 2)))
            columns |= {"sigma": np.full_like(spectrum.x, rms)}
        return {name: values[self.inside] for name, values in columns.items()}

    @property
    def inside(self) -> Any:
        """Which points lie in the window, (n_points,)."""
        x = self.spectrum.x
        low, high = (-np.inf, np.inf) if self.window is None else self.window
        return (x >= low) & (x <= high)

    def tables(self) -> Mapping[str, str]:
        """Return the spectrum as CSV, and its integrals."""
        return self._tables(self.single)

    @classmethod
    def check_name(cls, file: Path) -> None:
        """Raise InputError for a file that is no CSV."""
        if file.suffix.lower() != ".csv":
            raise InputError("--out", f"{str(file)!r} must end in .csv; the page is written beside it.")

    def as_file(self, name: str) -> Mapping[str, str]:
        """Return the spectrum as CSV, and beside it the page and the integrals."""
        self.check_name(Path(name))
        spectrum, *integrals = self._tables(name).items()
        return dict([spectrum, (f"{Path(name).stem}.html", self.page()), *integrals])

    def announced(self, target: Path) -> list[Path]:
        """Return the CSV with what stands beside it, or the report of a folder."""
        if not target.is_file():
            return super().announced(target)
        integrals = [f"{target.stem}-integrals.csv"] if self.integrals else []
        return [target, *(target.with_name(name) for name in (f"{target.stem}.html", *integrals))]

    def computed(self) -> Mapping[str, Any]:
        """Return the unit of the axis, and the signal-to-noise ratio of the highest line of each trace."""
        ratios = np.atleast_1d(self.spectrum.signal_to_noise)
        return {"unit": self.spectrum.unit, "signal_to_noise": ratios.tolist()}

    def _tables(self, name: str) -> dict[str, str]:
        texts = {name: csv_text(self.columns)}
        return texts | ({f"{Path(name).stem}-integrals.csv": csv_text(self.integrals)} if self.integrals else {})

    def __repr__(self) -> str:
        """Return what a notebook shows."""
        return "\n".join([f"ProcessedSpectrum({self.title!r})", *(f"  {s}" for s in self.sentences)])


def _plain(value: Any) -> Any:
    """Return what a file says of a parameter as JSON can hold it."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(part) for k, part in value.items()}
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
