"""What a refinement returns: plain data that the report and the files are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np

from nanocrystal.arrays import FloatArray, Table
from nanocrystal.measurement import Look as Look
from nanocrystal.measurement import Stack as Stack
from nanocrystal.parameters.address import full_address
from nanocrystal.report.outcome import Ending, Outcome

RESULTS = "results.json"
POOR = 0.5
"""R_w above which a model does not describe the data"""
DISAGREE = 0.01
"""probability below which data sets are said to contradict each other"""
Status = Literal["free", "linear", "fixed", "tied", "at_bound", "undetermined"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One parameter after the refinement.

    stderr comes from the covariance at the minimum with the sigmas as given; stderr_scaled is
    multiplied by √χ²_red where that exceeds 1. Without sigmas both are the scaled one.
    Both are None where the data do not determine the parameter or it was not refined.
    quantity, definition: what it is and in words exactly which; empty where nothing is said, as in results of 0.1.
    """

    value: float
    stderr: float | None
    stderr_scaled: float | None
    unit: str
    status: Status
    min: float | None = None
    max: float | None = None
    description: str = ""
    quantity: str = ""
    definition: str = ""


@dataclass(frozen=True)
class DerivedValue:
    """A quantity that follows from the parameters, with its propagated uncertainty; see `Estimate`."""

    value: float
    stderr: float | None
    unit: str
    description: str = ""
    quantity: str = ""
    definition: str = ""


@dataclass(frozen=True)
class FineCurve:
    """A data set on a finer grid than the compared points, for figures; arrays of shape (n,).

    observed is None where only the calculated curve is known between the points. components are
    those of `FittedCurve`, where they are known there, too.
    """

    x: FloatArray
    observed: FloatArray | None
    calculated: FloatArray
    components: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrendCurve:
    """Quantities of the curves of a stack against what was changed, x (n,), by the names of the curves (n,).

    series: name -> values and standard errors, (n,) each, NaN where there is none.
    """

    caption: str
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    names: tuple[str, ...]
    x: FloatArray
    series: Mapping[str, tuple[FloatArray, FloatArray]]
    y_log: bool = False
    x_reversed: bool = False


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """One data set and what was calculated for it; arrays of shape (n_points,).

    background is None where the technique has none. components are contributions that add up
    to calculated, by name (for instance the pairs Cd–Se of a PDF).
    rwp_without_background is None where there is no background to leave out.
    chi2_red and gof are None where the data carry no sigma. wavelength (Å) is that of the beam,
    None where the technique needs none or it was not given. labels: names of the points, (n_points,), where they
    are no curve but measurements of their own, such as ratios; x then only counts them. ticks: places on the
    abscissa that are marked in figures, by name: the reflections of each phase. look: how figures show it. scale: what
    the whole curve was multiplied by, None where there is no such number.
    """

    technique: str
    x: FloatArray
    observed: FloatArray
    sigma: FloatArray | None
    calculated: FloatArray
    background: FloatArray | None
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    n_points: int
    rw: float
    rwp: float
    rwp_without_background: float | None
    chi2_red: float | None
    gof: float | None
    weights: str
    source: str
    components: Mapping[str, FloatArray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fine: FineCurve | None = None
    wavelength: float | None = None
    labels: Sequence[str] = ()
    ticks: Mapping[str, FloatArray] = field(default_factory=dict)
    look: Look = field(default_factory=Look)
    scale: float | None = None
    trends: Sequence[TrendCurve] = ()


@dataclass(frozen=True, kw_only=True)
class SizeCurve:
    """A size distribution as curves: density per unit length over a length; shape (n,)."""

    length_name: str
    unit: str
    length: FloatArray
    number_density: FloatArray
    volume_density: FloatArray


@dataclass(frozen=True, kw_only=True)
class SizeMap:
    """The number density of crystals over two of their lengths.

    first: (n_first,), second: (n_second,); number_density: (n_second, n_first), per unit squared.
    """

    first_name: str
    second_name: str
    unit: str
    first: FloatArray
    second: FloatArray
    number_density: FloatArray


@dataclass(frozen=True)
class AtomPicture:
    """The atoms of a typical nanocrystal: symbols (n_atoms,) and positions (n_atoms, 3), Å.

    note: what is shown of it; domains: which of `domain_names` each atom belongs to, (n_atoms,), empty for a crystal
    of one domain; outlines: the rims of boundaries, closed polygons (n, 3), Å.
    """

    elements: tuple[str, ...]
    positions: FloatArray
    note: str = ""
    domains: tuple[int, ...] = ()
    domain_names: tuple[str, ...] = ()
    outlines: tuple[FloatArray, ...] = ()


@dataclass(frozen=True)
class OwnValue:
    """What one data set alone says of a shared parameter; stderr with its σ scaled.

    pull: how many standard deviations that is from what all say; None where the others add nothing.
    """

    value: float
    stderr: float | None
    pull: float | None


@dataclass(frozen=True)
class Agreement:
    """By how much χ² rises where data sets have to agree, and how probable at least that much is if they do."""

    chi2: float
    freedom: int
    probability: float


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Several data sets together.

    error_scales: what the σ of each were multiplied by; estimated: those where that follows from its own misfit;
    alone: R_w of each refined by itself; shared: parameter -> data set -> what it says alone.
    """

    error_scales: Mapping[str, float]
    estimated: Sequence[str]
    alone: Mapping[str, float]
    shared: Mapping[str, Mapping[str, OwnValue]]
    agreement: Agreement | None


@dataclass(frozen=True)
class Correlations:
    """Correlation coefficients between refined parameters: their addresses (n,), and the matrix (n, n)."""

    names: Sequence[str] = ()
    matrix: Table = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Result(Outcome):
    """The outcome of a refinement. Linear parameters are listed like all others."""

    kind: ClassVar[str] = "refinement"
    record: ClassVar[str] = RESULTS

    title: str
    version: str
    converged: bool
    message: str
    """why it stopped"""
    elapsed_s: float
    n_evaluations: int
    """how often the model was calculated"""
    parameters: Mapping[str, Estimate]
    """address -> value and uncertainty of every number of the study"""
    derived: Mapping[str, DerivedValue]
    """address -> what follows from them"""
    datasets: Mapping[str, FittedCurve]
    """data set -> what was measured and calculated"""
    correlations: Correlations
    inputs: Mapping[str, str]
    """file -> SHA-256 of what was read"""
    notes: Sequence[str]
    """what to know, one sentence each"""
    sizes: Mapping[str, SizeCurve]
    """population and length -> its distribution"""
    structures: Mapping[str, str]
    """file name (name.cif or name.xyz) -> text of the refined model"""
    provenance: Mapping[str, Any]
    """versions of what was used (python, numpy, scipy, numba, gemmi), options of the optimiser"""
    interrupted: bool = False
    """whether the user stopped the refinement; the best point so far is reported"""
    methods: Sequence[str] = ()
    """one paragraph each: what was computed and how, with the reference"""
    size_maps: Mapping[str, SizeMap] = field(default_factory=dict)
    atoms: Mapping[str, AtomPicture] = field(default_factory=dict)
    """population -> atoms of one of its crystals, for a picture"""
    joint: Joint | None = None
    """what each data set says alone, where there are several"""

    def __getitem__(self, address: str) -> Estimate | DerivedValue:
        """Return a parameter or derived value by its address, or by an end of it that no other has: "dots.diameter".

        Raises InputError that names the nearest addresses, or those that end so.
        """
        values: dict[str, Estimate | DerivedValue] = {**self.derived, **self.parameters}
        return values[full_address(address, values)]

    @property
    def correlation_names(self) -> Sequence[str]:
        """The addresses of the refined parameters, in the order of the correlations."""
        return self.correlations.names

    @property
    def correlation_matrix(self) -> FloatArray:
        """The correlation coefficients, (n_refined, n_refined)."""
        return self.correlations.matrix

    def summary(self) -> str:
        """Return the refined parameters with their uncertainties, and what to know, in lines."""
        from nanocrystal.report.refined.words import summary

        return summary(self)

    def page(self, script: str | None = None) -> str:
        """Return the report of the refinement as an HTML page; see `Outcome.page`."""
        from nanocrystal.report.refined.page import refinement_page

        return refinement_page(self, script)

    def tables(self) -> Mapping[str, str]:
        """Return a CSV of each data set (and of its finer grid and its trends), and the refined models."""
        from nanocrystal.report.refined.files import result_tables

        return result_tables(self)

    def ending(self) -> tuple[Ending, str]:
        """Return whether it converged, and why not."""
        if self.interrupted:
            return "interrupted", ""
        return ("whole", "") if self.converged else ("incomplete", f"Not converged: {self.message}.")

    def recorded(self) -> dict[str, Any]:
        """Return the document; of models only the names of their files."""
        return self.document() | {"structures": list(self.structures)}

    @classmethod
    def restored(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result of a record; models are read from the files beside it."""
        texts = {name: (folder / name).read_text(encoding="utf-8") for name in document["structures"]}
        return super().restored(document | {"structures": texts}, folder)

    @classmethod
    def of_version_0_1(cls, document: dict[str, Any], folder: Path) -> Self:
        """Return the result that version 0.1 wrote: without what only its report held."""
        from nanocrystal.report.refined.version_0_1 import restored

        return restored(cls, document, folder)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        """Return the outcome in a few lines: what a notebook shows."""
        state = "converged" if self.converged else "not converged"
        lines = [f"Result({self.title!r}: {state}, {self.message})"]
        lines += [f"  {name}: R_w {100.0 * d.rw:.2f} % on {d.n_points} points" for name, d in self.datasets.items()]
        for address, p in self.parameters.items():
            if p.status != "fixed":
                error = p.status if p.stderr_scaled is None else f"± {p.stderr_scaled:.2g}"
                lines.append(f"  {address} = {p.value:.6g} {error} {p.unit}".rstrip())
        return "\n".join(lines)
