"""What a simulation returns: calculated curves as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from nanocrystal.arrays import FloatArray
from nanocrystal.measurement import Look
from nanocrystal.report.beside import beside
from nanocrystal.report.outcome import Outcome
from nanocrystal.report.refined.result import Estimate
from nanocrystal.text import csv_text

SIMULATION = "simulation.json"


@dataclass(frozen=True, kw_only=True)
class SimulatedCurve:
    """What one data set would look like.

    Parameters
    ----------
    technique : str
        Its name in a study
    x : array (n_points,)
        Abscissa, in x_unit
    y : array (n_points,)
        In y_unit, with the noise that the data set describes
    sigma : array (n_points,) or None
        Standard deviation of the noise; None without noise
    x_name : str
        What the abscissa is
    x_unit : str
        Its unit
    y_name : str
        What the ordinate is
    y_unit : str
        Its unit
    labels : sequence of str, (n_points,)
        Names of the points where they are no curve but measurements each; x then only counts them
    wavelength : float or None
        Of the beam, Å; None where the technique needs none
    look : Look
        How figures show it
    """

    technique: str
    x: FloatArray
    y: FloatArray
    sigma: FloatArray | None
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    labels: Sequence[str] = ()
    wavelength: float | None = None
    look: Look = field(default_factory=Look)

    @property
    def columns(self) -> dict[str, Any]:
        """The curve as its CSV has it: heading -> abscissa (or names of points), ordinate and, with noise, sigma."""
        columns: dict[str, Any] = {self.x_name: self.labels or self.x, self.y_name.lower(): self.y}
        return columns if self.sigma is None else {**columns, "sigma": self.sigma}


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Simulation(Outcome):
    """What the data sets of a sample would look like.

    Parameters
    ----------
    title : str
        What stands above the report
    version : str
        Of nanocrystal, that made it
    curves : mapping of str to SimulatedCurve
        Data set -> what it would look like
    parameters : mapping of str to Estimate
        Address -> the value at which the curves were calculated
    inputs : mapping of str to str
        File -> SHA-256 of what was read
    notes : sequence of str
        What to know, one sentence each
    methods : sequence of str
        One paragraph each: what was computed and how, with the reference
    provenance : mapping
        Versions of what was used
    """

    kind: ClassVar[str] = "simulation"
    record: ClassVar[str] = SIMULATION

    title: str
    version: str
    curves: Mapping[str, SimulatedCurve]
    parameters: Mapping[str, Estimate] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    methods: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> str:
        """Return how many points each data set has and over what, and what to know, in lines."""
        lines = [f"{self.title}: simulated"]
        for name, curve in self.curves.items():
            noise = "" if curve.sigma is None else ", with noise"
            lines.append(f"  {name}: {curve.technique}, {_span(curve)}{noise}")
        return "\n".join([*lines, *(f"  ! {note}" for note in self.notes)])

    def page(self, script: str | None = None) -> str:
        """Return the curves as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.simulated.page import simulation_page

        return simulation_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return a CSV of each data set."""
        return {f"{name}.csv": csv_text(curve.columns) for name, curve in self.curves.items()}

    def announced(self, target: Path) -> list[Path]:
        """Return the CSVs."""
        return [target / f"{name}.csv" for name in self.curves]

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the simulation that version 0.1 wrote: the curves of its CSVs, without what it did not write."""
        from nanocrystal.report.refined.version_0_1 import columns_of, numbers, points_of

        curves = {}
        for file in document["files"]:
            if file.endswith(".csv"):
                (x_name, x), (y_name, y), *sigma = columns_of(beside(folder, file)).items()
                labels, at = points_of(x)
                curves[file.removesuffix(".csv")] = SimulatedCurve(
                    technique="",
                    x=at,
                    y=numbers(y),
                    sigma=numbers(sigma[0][1]) if sigma else None,
                    x_name=x_name,
                    x_unit="",
                    y_name=y_name,
                    y_unit="",
                    labels=labels,
                )
        return cls(title=document["title"], version=document["version"], curves=curves)

    def __repr__(self) -> str:
        """Return the curves in a few lines: what a notebook shows."""
        lines = [f"Simulation({self.title!r})"]
        return "\n".join([*lines, *(f"  {name}: {_span(curve)}" for name, curve in self.curves.items())])


def _span(curve: SimulatedCurve) -> str:
    """Return in words over what a curve goes."""
    n = len(curve.x)
    if curve.labels or not n:
        return f"{n} point{'' if n == 1 else 's'}"
    return f"{n} points, {curve.x_name} from {curve.x.min():.4g} to {curve.x.max():.4g} {curve.x_unit}".rstrip()
